//! A path into a checkpoint: what candle calls a `VarBuilder`, over our own reader of weights.

use crate::error::Result;
use crate::source::weights::Weights;
use candle_core::{Device, Tensor};

/// A prefix of tensor names, and where tensors go.
#[derive(Clone)]
pub struct Params<'a> {
    weights: &'a Weights,
    device: &'a Device,
    prefix: String,
}

impl<'a> Params<'a> {
    /// The root of a checkpoint.
    pub fn new(weights: &'a Weights, device: &'a Device) -> Self {
        Self { weights, device, prefix: String::new() }
    }

    /// The path below this one.
    pub fn pp(&self, name: impl std::fmt::Display) -> Self {
        Self { prefix: self.path(&name.to_string()), ..self.clone() }
    }

    /// The path that the model's own tensors are under: `prefix` if `probe` is found there, else this one.
    /// Checkpoints of a bare encoder and of an encoder with a head differ in it.
    pub fn under(&self, prefix: &str, probe: &str) -> Self {
        let below = self.pp(prefix);
        if below.contains(probe) { below } else { self.clone() }
    }

    /// Whether the file has this tensor.
    pub fn contains(&self, name: &str) -> bool {
        self.weights.contains(&self.path(name))
    }

    /// The shape of a tensor, if the file has it.
    pub fn shape(&self, name: &str) -> Option<&'a [usize]> {
        self.weights.shape(&self.path(name))
    }

    /// Reads a tensor as `f32` onto the device; its shape must be the wanted one.
    pub fn get(&self, shape: &[usize], name: &str) -> Result<Tensor> {
        let values = self.weights.read(&self.path(name), shape)?;
        Ok(Tensor::from_vec(values, shape, self.device)?)
    }

    /// Runs `read`; where it fails, what it has read until then does not count as used.
    pub fn attempt<T>(&self, read: impl FnOnce() -> Result<T>) -> Result<T> {
        let before = self.weights.unused();
        let result = read();
        if result.is_err() {
            for name in &before {
                self.weights.disuse(name);
            }
        }
        result
    }

    /// Says that a tensor is a second copy of another one, which serves in its place.
    pub fn tie(&self, name: &str) {
        self.weights.tie(&self.path(name));
    }

    /// The whole name of a tensor.
    pub fn path(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}.{name}", self.prefix) }
    }
}
