//! What a number between a query and a key stands for: the attention itself, or something made of it.

use crate::array::Array;
use crate::engine::Run;
use crate::error::{Error, Result};
use crate::trace::Site;
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
}

impl Meaning {
    /// Every meaning.
    pub const ALL: &[Self] = &[Self::Raw];

    /// The name as it is typed and printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
        }
    }

    /// Whether values may be negative.
    pub fn is_signed(self) -> bool {
        match self {
            Self::Raw => false,
        }
    }

    /// The sites of each layer that a run must keep for it.
    pub fn wants(self) -> &'static [Site] {
        match self {
            Self::Raw => &[Site::Probs],
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
    /// Reads a run. Fails where the run did not keep what the meaning needs.
    pub fn new(run: &Arc<Run>, meaning: Meaning) -> Result<Self> {
        for &site in meaning.wants() {
            for layer in 0..run.card.layers {
                run.array(run.at(layer, site))?;
            }
        }
        Ok(Self { run: run.clone(), meaning, unit: 1.0, layers: None })
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

    /// One head, row-major `[query, key]`: values that cannot be (a later key in a causal model) are minus infinity
    /// where the meaning is not a share. Empty where the run has no such head. A meaning without heads gives the
    /// layer's values for every head.
    pub fn head(&self, layer: usize, head: usize) -> Cow<'_, [f32]> {
        match &self.layers {
            Some(layers) if layer < layers.shape()[0] => Cow::Borrowed(layers.block(&[layer])),
            Some(_) => Cow::Borrowed(&[]),
            None => Cow::Borrowed(self.run.head(layer, head)),
        }
    }
}
