//! The derivative of one number of a pass by every attention probability.
//!
//! candle's autograd does the work. At each `probs` site the pass goes on with the probabilities plus a variable of
//! zeros, whose gradient is the one wanted; adding zero changes no bit of a probability. Between two layers the graph is
//! cut, and the way back goes layer by layer: so it can be stopped, says how far it is, and frees what it is done with.

use super::at::{At, Site};
use super::stop::Control;
use crate::error::{Error, Result};
use candle_core::{Tensor, Var};

/// The number whose derivative is asked for: what is read from the tensor at one place, of the first text of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// The place.
    pub at: At,
    /// What is read there.
    pub measure: Measure,
}

/// How a tensor becomes one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Of logits `[token, vocabulary]`: the logarithm of the softmax of one row at one entry.
    LogProb {
        /// The row.
        row: usize,
        /// The entry.
        id: u32,
    },
    /// Of `[label]`: one entry.
    Entry(usize),
    /// Of `[token, dim]`: the Euclidean length of the mean over tokens.
    MeanLength,
    /// Of `[token, dim]`: the Euclidean length of one row.
    Length(usize),
}

impl Measure {
    /// The number in a tensor that has a batch axis.
    fn of(self, t: &Tensor) -> Result<Tensor> {
        let t = t.get(0)?;
        let length = |x: Tensor| x.sqr()?.sum_all()?.sqrt();
        Ok(match self {
            Self::LogProb { row, id } => {
                let x = t.get(row)?;
                let max = x.detach().max(0)?;
                let x = x.broadcast_sub(&max)?;
                (x.get(id as usize)? - x.exp()?.sum_all()?.log()?)?
            }
            Self::Entry(k) => t.get(k)?,
            Self::MeanLength => length(t.mean(0)?)?,
            Self::Length(row) => length(t.get(row)?)?,
        })
    }
}

/// The seam between two layers: what the lower one gave, and the leaf that the upper one went on with.
struct Joint {
    layer: usize,
    given: Tensor,
    leaf: Var,
}

/// The graph of a pass under way.
pub(super) struct Slope<'a> {
    goal: &'a Goal,
    probs: Vec<(At, Var)>,
    joints: Vec<Joint>,
    value: Option<Tensor>,
}

impl<'a> Slope<'a> {
    pub(super) fn to(goal: &'a Goal) -> Self {
        Self { goal, probs: Vec::new(), joints: Vec::new(), value: None }
    }

    /// Whether the number is read at `at`.
    pub(super) fn reads(&self, at: At) -> bool {
        self.goal.at == at
    }

    /// What the pass goes on with after `at`.
    pub(super) fn see(&mut self, at: At, t: Tensor) -> Result<Tensor> {
        let t = match at.site {
            Site::Probs => {
                let zeros = Var::zeros(t.shape(), t.dtype(), t.device())?;
                // What comes after the goal has no part in it.
                let t = if self.value.is_some() { t } else { (t + zeros.as_tensor())? };
                self.probs.push((at, zeros));
                t
            }
            Site::Hidden if at.stack.is_layered() && self.value.is_none() => {
                let leaf = Var::from_tensor(&t.detach())?;
                self.joints.push(Joint { layer: at.layer.into(), given: t, leaf: leaf.clone() });
                leaf.as_tensor().clone()
            }
            _ => t,
        };
        if !self.reads(at) {
            return Ok(t);
        }
        self.value = Some(self.goal.measure.of(&t)?);
        Ok(t.detach())
    }

    /// The derivatives of every layer, the last first. `Gradient` takes the place of `Probs` in their names.
    pub(super) fn solve(mut self, control: &Control) -> Result<Vec<(At, Tensor)>> {
        let missing = || Error::input(format!("this pass has no {} to take a gradient of", self.goal.at));
        let mut gradients = self.value.take().ok_or_else(missing)?.backward()?;
        let layers = self.joints.len();
        let mut found = Vec::new();
        while let Some((at, zeros)) = self.probs.pop() {
            control.check()?;
            let named = At { site: Site::Gradient, ..at };
            let joint = self.joints.pop_if(|joint| joint.layer == usize::from(at.layer));
            let Some(Joint { layer, given, leaf }) = joint else {
                found.push((named, zeros.as_detached_tensor()));
                continue;
            };
            control.report("Gradient", (layers - layer) as u64, layers as u64);
            let from_above = gradients.remove(leaf.as_tensor());
            let from_above = from_above.ok_or_else(|| broken(named))?.detach();
            // The derivative of this sum by what is below is that of the goal.
            gradients = (given * from_above)?.sum_all()?.backward()?;
            let gradient = gradients.remove(zeros.as_tensor()).ok_or_else(|| broken(named))?;
            found.push((named, gradient.detach()));
        }
        Ok(found)
    }
}

/// An operation without a derivative stands between the goal and a layer.
fn broken(at: At) -> Error {
    Error::input(format!("{at}: no gradient came back to this layer"))
}
