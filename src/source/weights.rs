//! stub
#![expect(missing_docs, unused_variables, clippy::todo)]
use crate::{Result, trace::Control};
use std::path::{Path, PathBuf};
pub struct Weights {}
pub struct Entry {
    pub dtype: candle_core::DType,
    pub shape: Vec<usize>,
}
impl Weights {
    pub fn open(path: &Path, control: &Control) -> Result<Self> {
        todo!()
    }
    pub fn files(&self) -> &[PathBuf] {
        todo!()
    }
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        std::iter::empty()
    }
    pub fn contains(&self, name: &str) -> bool {
        todo!()
    }
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        todo!()
    }
    pub fn read(&self, name: &str, wanted: &[usize]) -> Result<Vec<f32>> {
        todo!()
    }
    pub fn unused(&self) -> Vec<String> {
        todo!()
    }
    pub fn not_finite(&self) -> Vec<String> {
        todo!()
    }
}
