//! How the numbers of a run are read before they are written: under which meaning, of which heads, and what is left out.

use crate::analysis::filter::{Combine, Filter, Shown, Threshold, combine, show};
use crate::analysis::meaning::{Meaning, Weights};
use crate::array::Array;
use crate::error::Result;
use crate::figure::head_name;
use serde_json::{Value, json};

/// A meaning, a filter, and heads that are read as one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// What the numbers stand for.
    pub meaning: Meaning,
    /// What is left out; nothing where there is none.
    pub filter: Option<Filter>,
    /// Heads beside the one that a picture shows.
    pub others: Vec<(usize, usize)>,
    /// How they become one.
    pub combine: Combine,
}

/// How much passed a filter, over all heads.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Passed {
    /// Values that passed.
    pub edges: u64,
    /// Values that there were before the threshold.
    pub of: u64,
    /// The share of the mass before the threshold that they carry, mean over heads.
    pub mass: f64,
    /// The share of mass that special tokens took, mean over heads.
    pub removed: f64,
    heads: u64,
}

impl Passed {
    /// A head as well.
    pub fn add(&mut self, shown: &Shown) {
        self.heads += 1;
        let mean = |old: f64, new: f32| old + (f64::from(new) - old) / self.heads as f64;
        (self.mass, self.removed) = (mean(self.mass, shown.mass), mean(self.removed, shown.removed));
        self.edges += shown.count as u64;
        self.of += shown.of as u64;
    }
}

impl Reading {
    /// What a picture of `head` is called: `max of L1·H2, L2·H3`.
    pub fn title(&self, head: (usize, usize)) -> String {
        let heads = std::iter::once(head).chain(self.others.iter().copied());
        let names: Vec<String> = heads.map(|(layer, head)| head_name(layer, head)).collect();
        let how = if self.others.is_empty() { String::new() } else { format!("{} of ", self.combine) };
        how + &names.join(", ")
    }

    /// How many times larger than a head's the values of a picture may be.
    pub(super) fn most(&self) -> f32 {
        if self.combine == Combine::Sum { 1.0 + self.others.len() as f32 } else { 1.0 }
    }

    /// Whether everything is as the model computed it.
    pub fn is_plain(&self) -> bool {
        self.meaning == Meaning::Raw && self.filter.is_none()
    }

    /// The heads that a picture of `head` shows, as one matrix; filtered, what did not pass is `nothing`.
    pub fn picture(&self, weights: &Weights, head: (usize, usize)) -> Shown {
        let heads = std::iter::once(head).chain(self.others.iter().copied());
        let heads: Vec<_> = heads.map(|(layer, head)| weights.head(layer, head)).collect();
        let whole = if let [one] = heads.as_slice() { one.to_vec() } else { combine(&heads, self.combine) };
        let mut shown = show(&weights.run.tokens, &whole, self.meaning, &self.filter.unwrap_or_else(Filter::nothing));
        if self.filter.is_some() {
            shown.weights = shown.passed(0.0).into();
        }
        shown
    }

    /// The values of all heads as far as they pass the filter, `[layer, head, query, key]` or `[layer, query, key]`; rows
    /// and columns are words where pieces are merged. What does not pass is 0, and not a number among scores, where 0 is
    /// a value like any other.
    pub fn filtered(&self, weights: &Weights, filter: &Filter, passed: &mut Passed) -> Result<Array> {
        let nothing = if self.meaning == Meaning::Scores { f32::NAN } else { 0.0 };
        let mut values = Vec::new();
        let mut n = 0;
        for (layer, head) in heads(weights) {
            let shown = show(&weights.run.tokens, &weights.head(layer, head), self.meaning, filter);
            passed.add(&shown);
            n = shown.tokens.len();
            values.extend(shown.passed(nothing));
        }
        let [query, key] = if filter.words { ["query_word", "key_word"] } else { ["query", "key"] };
        if self.meaning.has_heads() {
            Array::new(&["layer", "head", query, key], &[weights.layers(), weights.heads(), n, n], values)
        } else {
            Array::new(&["layer", query, key], &[weights.layers(), n, n], values)
        }
    }

    /// The filter as an object for JSON, with what it left.
    pub fn describe(&self, filter: &Filter, passed: &Passed) -> Value {
        // The decimal that was typed, not what single precision makes of it.
        let typed = |x: f32| x.to_string().parse::<f64>().unwrap_or(x.into());
        let threshold = match filter.threshold {
            Threshold::Mass(share) => json!({ "mass": typed(share) }),
            Threshold::AtLeast(least) => json!({ "min": typed(least) }),
            Threshold::Top(count) => json!({ "top": count }),
        };
        json!({
            "of": self.meaning.array_name(),
            "special": filter.special.name(),
            "pairs": filter.pairs.name(),
            "words": filter.words,
            "threshold": threshold,
            "shown": passed.edges,
            "of_values": passed.of,
            "share_of_mass": passed.mass,
            "share_on_special": passed.removed,
        })
    }
}

/// Every layer and head of a run under its meaning.
pub(super) fn heads(weights: &Weights) -> impl Iterator<Item = (usize, usize)> + use<> {
    let heads = weights.heads();
    (0..weights.layers()).flat_map(move |layer| (0..heads).map(move |head| (layer, head)))
}
