//! What "near" means.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What "near" means, and what the score of a neighbour is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// The cosine of the angle, -1 to 1; more is nearer.
    #[default]
    Cosine,
    /// The distance; less is nearer.
    Euclidean,
    /// The dot product; more is nearer.
    Dot,
}

impl Metric {
    /// Every choice.
    pub const ALL: &[Self] = &[Self::Cosine, Self::Euclidean, Self::Dot];

    /// The name as it is typed and printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Euclidean => "euclidean",
            Self::Dot => "dot",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Metric {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().copied().find(|metric| metric.name() == text);
        found.ok_or_else(|| Error::input(format!("no metric `{text}` (cosine, euclidean, dot)")))
    }
}
