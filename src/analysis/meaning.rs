//! What a number between a query and a key stands for: the attention itself, or something made of it.

use super::rollout::rollout;
use crate::array::Array;
use crate::engine::Run;
use crate::error::{Error, Result};
use crate::trace::Site;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A reading of attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Meaning {
    /// The probabilities that the model computed.
    #[default]
    Raw,
    /// Scores before the softmax: `q.k / sqrt(width)`. What is masked out has none.
    Scores,
    /// Probability times the length of the value behind the output projection, `||a_ij f(x_j)||` with
    /// `f(x) = (x W_V + b_V) W_O`. Kobayashi et al. 2020, <https://arxiv.org/abs/2004.10102>.
    Norm,
    /// Probability times the derivative of the run's target by it: what it adds to the target, to first order. Signed.
    Gradient,
    /// [`rollout`]: of which tokens of the input a token of a layer is made. It has no heads.
    Rollout,
}

impl Meaning {
    /// Every meaning.
    pub const ALL: &[Self] = &[Self::Raw, Self::Scores, Self::Norm, Self::Gradient, Self::Rollout];

    /// The name as it is typed and printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Scores => "scores",
            Self::Norm => "norm",
            Self::Gradient => "gradient",
            Self::Rollout => "rollout",
        }
    }

    /// What the numbers are, as a legend and a caption say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Raw => "attention",
            Self::Scores => "score before softmax",
            Self::Norm => "norm-weighted attention",
            Self::Gradient => "gradient \u{d7} attention",
            Self::Rollout => "rollout",
        }
    }

    /// Whether values may be negative.
    pub fn is_signed(self) -> bool {
        matches!(self, Self::Scores | Self::Gradient)
    }

    /// Whether values are shares of a row, 0 to 1, that sum to 1.
    pub fn is_share(self) -> bool {
        matches!(self, Self::Raw | Self::Rollout)
    }

    /// Whether it has values for each head.
    pub fn has_heads(self) -> bool {
        self != Self::Rollout
    }

    /// The sites of each layer that a run must keep for it.
    pub fn wants(self) -> &'static [Site] {
        match self {
            Self::Raw | Self::Rollout => &[Site::Probs],
            Self::Scores => &[Site::Probs, Site::Scores],
            Self::Norm => &[Site::Probs, Site::ValueNorm],
            Self::Gradient => &[Site::Probs, Site::Gradient],
        }
    }

    /// The name of its array in a file of tensors, beside `attentions`.
    pub fn array_name(self) -> &'static str {
        match self {
            Self::Raw => "attentions",
            Self::Scores => "scores",
            Self::Norm => "norms",
            Self::Gradient => "gradient",
            Self::Rollout => "rollout",
        }
    }
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Meaning {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().copied().find(|m| m.name() == text);
        let known: Vec<_> = Self::ALL.iter().map(|m| m.name()).collect();
        found.ok_or_else(|| Error::input(format!("no meaning `{text}` ({})", known.join(", "))))
    }
}

/// A run under one meaning. Shares the run's arrays; what can be computed head by head is not stored.
#[derive(Debug, Clone)]
pub struct Weights {
    /// The run.
    pub run: Arc<Run>,
    /// The meaning.
    pub meaning: Meaning,
    unit: f32,
    /// `[layer, query, key]` where a meaning has no heads.
    layers: Option<Array>,
}

impl Weights {
    /// Reads a run. Fails where the run did not keep what the meaning needs. Rollout multiplies matrices, and the largest
    /// magnitude is looked for in all heads: nothing for the thread that draws.
    pub fn new(run: &Arc<Run>, meaning: Meaning) -> Result<Self> {
        if meaning == Meaning::Gradient && run.ask.target.is_none() {
            return Err(Error::input(
                "a gradient needs a target: logprob:TOKEN, class:CLASS, pooled or hidden:LAYER,TOKEN",
            ));
        }
        for &site in meaning.wants() {
            for layer in 0..run.card.layers {
                run.array(run.at(layer, site))?;
            }
        }
        let layers = (meaning == Meaning::Rollout).then(|| rollout(run)).transpose()?;
        let mut weights = Self { run: run.clone(), meaning, unit: 1.0, layers };
        if !meaning.is_share() {
            weights.unit = weights.largest();
        }
        Ok(weights)
    }

    /// The largest magnitude of all heads, 1 where all are zero.
    fn largest(&self) -> f32 {
        let of_layer = |layer: usize| {
            let heads = (0..self.heads()).map(|head| largest(&self.head(layer, head)));
            heads.fold(0.0, f32::max)
        };
        let found = (0..self.layers()).into_par_iter().map(of_layer).reduce(|| 0.0, f32::max);
        if found > 0.0 { found } else { 1.0 }
    }

    /// Layers.
    pub fn layers(&self) -> usize {
        self.run.card.layers
    }

    /// Heads of a layer; 1 where the meaning has none.
    pub fn heads(&self) -> usize {
        if self.layers.is_some() { 1 } else { self.run.card.heads }
    }

    /// The value that full colour stands for: 1 for shares, the largest magnitude of all heads for everything else.
    pub fn unit(&self) -> f32 {
        self.unit
    }

    /// What the numbers are and, of a gradient, the target: `gradient x attention of logprob:3`.
    pub fn label(&self) -> String {
        match (self.meaning, self.run.ask.target) {
            (Meaning::Gradient, Some(target)) => format!("{} of {target}", self.meaning.label()),
            _ => self.meaning.label().to_owned(),
        }
    }

    /// One head, row-major `[query, key]`; scores that are masked out (later keys in a causal model) are minus infinity.
    /// Empty where the run has no such head. A meaning without heads gives the layer's values for every head.
    pub fn head(&self, layer: usize, head: usize) -> Cow<'_, [f32]> {
        let probs = self.run.head(layer, head);
        let site = |site| self.run.arrays.get(&self.run.at(layer, site)).filter(|a| head < a.len_of("head"));
        match (self.meaning, &self.layers) {
            (_, Some(layers)) if layer < layers.shape()[0] => Cow::Borrowed(layers.block(&[layer])),
            (_, Some(_)) => Cow::Borrowed(&[]),
            (Meaning::Raw | Meaning::Rollout, None) => Cow::Borrowed(probs),
            (Meaning::Scores, None) => site(Site::Scores).map_or(Cow::Borrowed(&[]), |scores| {
                let shown = |&s: &f32| if s < MASKED { f32::NEG_INFINITY } else { s };
                scores.block(&[head]).iter().map(shown).collect()
            }),
            (Meaning::Norm, None) => site(Site::ValueNorm).map_or(Cow::Borrowed(&[]), |norms| {
                let norms = norms.block(&[head]);
                probs
                    .chunks_exact(norms.len().max(1))
                    .flat_map(|row| row.iter().zip(norms).map(|(p, f)| p * f))
                    .collect()
            }),
            (Meaning::Gradient, None) => site(Site::Gradient).map_or(Cow::Borrowed(&[]), |gradient| {
                probs.iter().zip(gradient.block(&[head])).map(|(p, g)| p * g).collect()
            }),
        }
    }

    /// All values: `[layer, head, query, key]`, or `[layer, query, key]` where the meaning has no heads.
    pub fn array(&self) -> Result<Array> {
        if let Some(layers) = &self.layers {
            return Ok(layers.clone());
        }
        if self.meaning == Meaning::Raw {
            return self.run.attentions();
        }
        let n = self.run.tokens.len();
        let mut values = Vec::with_capacity(self.layers() * self.heads() * n * n);
        for layer in 0..self.layers() {
            (0..self.heads()).for_each(|head| values.extend_from_slice(&self.head(layer, head)));
        }
        Array::new(&["layer", "head", "query", "key"], &[self.layers(), self.heads(), n, n], values)
    }
}

/// Models add the smallest number to the scores that they mask out; no other score is near it.
const MASKED: f32 = f32::MIN / 2.0;

/// The largest finite magnitude.
fn largest(values: &[f32]) -> f32 {
    values.iter().filter(|w| w.is_finite()).fold(0.0, |m, w| m.max(w.abs()))
}
