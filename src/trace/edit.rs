//! Changes made to a forward pass at its sites: turn a head off, scale it, cut edges, put another run's tensor in.

use super::at::{At, Site};
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
    /// Puts the same values in place of one head's output at every query: its mean elsewhere turns the head off.
    SetHead {
        /// The site that is changed, `[batch, head, query, width]`.
        at: At,
        /// The head, counted from 0.
        head: usize,
        /// `[width]`.
        with: Array,
    },
    /// Takes an edge from the softmax: the score becomes the smallest number, so that its probability is 0 and those of
    /// the other keys sum to 1 again.
    Cut {
        /// The scores of a layer, `[batch, head, query, key]`.
        at: At,
        /// The head, counted from 0; every head where there is none.
        head: Option<usize>,
        /// The token that attends.
        query: usize,
        /// The token attended to.
        key: usize,
    },
    /// Puts one value in place of those of a unit, or of all units: 0 or 1 forces a gate of a recurrent cell.
    SetUnits {
        /// The site that is changed, `[batch, time, unit]`.
        at: At,
        /// The unit, counted from 0; every unit where there is none.
        unit: Option<usize>,
        /// The first time step and the one after the last; every step where there is none.
        steps: Option<(usize, usize)>,
        /// The value.
        value: f32,
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
            Self::ScaleHead { at, .. }
            | Self::SetHead { at, .. }
            | Self::Cut { at, .. }
            | Self::SetUnits { at, .. }
            | Self::Patch { at, .. } => *at,
        }
    }

    fn apply(&self, t: &Tensor) -> Result<Tensor> {
        match self {
            &Self::ScaleHead { at, head, factor } => {
                let heads = heads(at, t, head)?;
                let factors: Vec<f32> = (0..heads).map(|h| if h == head { factor } else { 1.0 }).collect();
                let mut shape = vec![1; t.rank()];
                shape[1] = heads;
                Ok(t.broadcast_mul(&Tensor::from_vec(factors, shape, t.device())?.to_dtype(t.dtype())?)?)
            }
            Self::SetHead { at, head, with } => {
                heads(*at, t, *head)?;
                let (width, wanted) = (t.dim(D::Minus1)?, with.data().len());
                if at.site != Site::Heads || width != wanted {
                    return Err(Error::input(format!(
                        "{at} is {:?} here, the head is set to {wanted} values",
                        t.dims()
                    )));
                }
                let count = t.dim(1)?;
                let chosen: Vec<u8> = (0..count).map(|h| u8::from(h == *head)).collect();
                let chosen = Tensor::from_vec(chosen, (1, count, 1, 1), t.device())?;
                let with = Tensor::from_slice(with.data(), (1, 1, 1, width), t.device())?.to_dtype(t.dtype())?;
                choose(&chosen, &with, t)
            }
            &Self::Cut { at, head, query, key } => {
                let edge = cut(at, t.dims(), &to_host(t)?, (head, query, key))?;
                let edge = Tensor::from_vec(edge, (1, t.dim(1)?, t.dim(2)?, t.dim(3)?), t.device())?;
                let least = Tensor::new(&[f32::MIN], t.device())?.reshape((1, 1, 1, 1))?.to_dtype(t.dtype())?;
                choose(&edge, &least, t)
            }
            &Self::SetUnits { at, unit, steps, value } => {
                let &[batch, times, units] = t.dims() else {
                    return Err(Error::input(format!("{at} is {:?} here, and has no units over time", t.dims())));
                };
                let mut values = to_host(t)?.to_vec();
                for (i, row) in values.chunks_exact_mut(units.max(1)).enumerate() {
                    set_units(at, row, i % times, (unit, steps), value)?;
                }
                Ok(Tensor::from_vec(values, (batch, times, units), t.device())?.to_dtype(t.dtype())?)
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

/// Sets units of `row`, which is the time step `step`, where both are chosen.
pub(super) fn set_units(
    at: At,
    row: &mut [f32],
    step: usize,
    (unit, steps): (Option<usize>, Option<(usize, usize)>),
    value: f32,
) -> Result<()> {
    if steps.is_some_and(|(from, to)| !(from..to).contains(&step)) {
        return Ok(());
    }
    match unit {
        None => row.fill(value),
        Some(unit) => {
            let units = row.len();
            let missing = || Error::input(format!("{at} has no unit {unit}: it has {units}, counted from 0"));
            *row.get_mut(unit).ok_or_else(missing)? = value;
        }
    }
    Ok(())
}

/// The heads of a site that has the head `head`.
fn heads(at: At, t: &Tensor, head: usize) -> Result<usize> {
    let heads = t.dim(1).unwrap_or(0);
    if at.site.axes().get(1) != Some(&"head") || head >= heads {
        return Err(Error::input(format!("{at} has no head {head}")));
    }
    Ok(heads)
}

/// `with` where `chosen` is not 0, else `t`. Gradients go on to what is left of `t`.
fn choose(chosen: &Tensor, with: &Tensor, t: &Tensor) -> Result<Tensor> {
    let chosen = chosen.broadcast_as(t.shape())?.contiguous()?;
    Ok(chosen.where_cond(&with.broadcast_as(t.shape())?.contiguous()?, &t.contiguous()?)?)
}

/// The edge from `query` to `key`, not 0 in a mask `[1, head, query, key]`, for `scores` of shape
/// `[batch, head, query, key]`. Refuses to take a row's last edge.
fn cut(at: At, shape: &[usize], scores: &[f32], (head, query, key): (Option<usize>, usize, usize)) -> Result<Vec<u8>> {
    let (Site::Scores, &[_, heads, queries, keys]) = (at.site, shape) else {
        return Err(Error::input(format!("edges are cut at the scores, not at {at}")));
    };
    if head.is_some_and(|h| h >= heads) || query >= queries || key >= keys {
        let head = head.map_or(String::new(), |h| format!("head {h}, "));
        return Err(Error::input(format!("{at} has no edge {head}query {query}, key {key} to cut")));
    }
    // A masked score is the smallest number with something added to it.
    let is_open = |score: &f32| *score > f32::MIN / 2.0;
    let mut edge = vec![0; heads * queries * keys];
    for (i, row) in scores.chunks_exact(keys).enumerate() {
        let (of_head, of_query) = (i / queries % heads, i % queries);
        if of_query != query || head.is_some_and(|h| h != of_head) {
            continue;
        }
        if is_open(&row[key]) && row.iter().filter(|score| is_open(score)).count() == 1 {
            return Err(Error::input(format!(
                "token {query} would attend to nothing in head {of_head} of layer {}: leave it at least one edge",
                at.layer
            )));
        }
        edge[(of_head * queries + of_query) * keys + key] = 1;
    }
    Ok(edge)
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

    /// This pass's changes and then the others.
    pub fn with(mut self, others: &Self) -> Self {
        self.0.extend(others.0.iter().cloned());
        self
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

/// Whether every number of a tensor is finite.
pub(super) fn is_finite(t: &Tensor) -> Result<bool> {
    // A sum of numbers times 0 is 0 unless one of them is not finite.
    let total = |numbers: &[f32]| numbers.iter().map(|x| x * 0.0).sum::<f32>();
    if let (Storage::Cpu(numbers), at) = (&*t.storage_and_layout().0, t.layout())
        && t.dtype() == DType::F32
    {
        let (numbers, start) = (numbers.as_slice::<f32>()?, at.start_offset());
        // Steps and shapes that only turn the axes around cover the same numbers.
        let span = at.shape().elem_count();
        let end =
            start + at.dims().iter().zip(at.stride()).map(|(&n, &step)| n.saturating_sub(1) * step).sum::<usize>();
        if span > 0 && end + 1 - start == span {
            return Ok(total(&numbers[start..=end]) == 0.0);
        }
    }
    Ok(total(&to_host(t)?) == 0.0)
}
