//! Changes made to a forward pass at its sites: turn a head off, scale it, put another run's tensor in.

use super::at::At;
use crate::array::Array;
use crate::error::{Error, Result};
use candle_core::{D, DType, Storage, Tensor};
use std::sync::Arc;

/// One change at one place.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Multiplies one head's slice of a `[batch, head, ...]` site: 0 turns the head off.
    ScaleHead {
        /// The site that is changed.
        at: At,
        /// The head, counted from 0.
        head: usize,
        /// The factor.
        factor: f32,
    },
    /// Puts another tensor of the same shape in.
    Patch {
        /// The site that is changed.
        at: At,
        /// What the pass goes on with, batch axis included.
        with: Array,
    },
}

impl Edit {
    /// Where the pass is changed.
    pub fn at(&self) -> At {
        match self {
            Self::ScaleHead { at, .. } | Self::Patch { at, .. } => *at,
        }
    }

    fn apply(&self, t: &Tensor) -> Result<Tensor> {
        match self {
            &Self::ScaleHead { at, head, factor } => {
                let heads = t.dim(1).unwrap_or(0);
                if at.site.axes().get(1) != Some(&"head") || head >= heads {
                    return Err(Error::input(format!("{at} has no head {head}")));
                }
                let factors: Vec<f32> = (0..heads).map(|h| if h == head { factor } else { 1.0 }).collect();
                let mut shape = vec![1; t.rank()];
                shape[1] = heads;
                Ok(t.broadcast_mul(&Tensor::from_vec(factors, shape, t.device())?.to_dtype(t.dtype())?)?)
            }
            Self::Patch { at, with } => {
                if with.shape() != t.dims() {
                    return Err(Error::input(format!("{at} is {:?} here, the patch is {:?}", t.dims(), with.shape())));
                }
                Ok(Tensor::from_slice(with.data(), t.shape(), t.device())?.to_dtype(t.dtype())?)
            }
        }
    }
}

/// All changes made to one pass, in the order in which they are applied.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edits(Vec<Edit>);

impl Edits {
    /// No changes.
    pub fn none() -> Self {
        Self::default()
    }

    /// This change as well.
    pub fn and(mut self, edit: Edit) -> Self {
        self.0.push(edit);
        self
    }

    /// Whether the pass runs unchanged.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The changes.
    pub fn iter(&self) -> impl Iterator<Item = &Edit> {
        self.0.iter()
    }

    /// `t` with every change that belongs at `at`.
    pub(super) fn apply(&self, at: At, t: Tensor) -> Result<Tensor> {
        self.0.iter().filter(|e| e.at() == at).try_fold(t, |t, e| e.apply(&t))
    }
}

/// Copies a tensor to the host as `f32` in row-major order.
pub(super) fn to_host(t: &Tensor) -> Result<Arc<[f32]>> {
    debug_assert!(t.dim(D::Minus1).is_ok(), "sites are never scalars");
    let t = t.to_dtype(DType::F32)?.contiguous()?;
    if let (Storage::Cpu(numbers), at) = (&*t.storage_and_layout().0, t.layout())
        && let Some((start, end)) = at.contiguous_offsets()
    {
        return Ok(numbers.as_slice()?[start..end].into());
    }
    Ok(t.flatten_all()?.to_vec1()?.into())
}
