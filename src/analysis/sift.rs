//! All heads of a run with everything left out but what a threshold would: what a picture of the whole model shows.

use super::filter::{Filter, Pairs, Special, kept};
use super::meaning::Weights;
use crate::text::Tokens;
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// A run under one meaning, read through a filter. Nothing is stored: a head is sifted when it is asked for.
#[derive(Debug, Clone)]
pub struct Sifted {
    /// The run under its meaning.
    pub weights: Arc<Weights>,
    /// The tokens of both axes: words where pieces are merged.
    pub tokens: Tokens,
    /// The tokens of the text that each of these stands for.
    pub spans: Vec<Range<usize>>,
    filter: Filter,
    unit: f32,
}

impl Sifted {
    /// Reads a run through a filter; its threshold does not matter. The largest magnitude may be looked for in all
    /// heads: nothing for the thread that draws.
    pub fn new(weights: Arc<Weights>, filter: Filter) -> Self {
        let tokens = &weights.run.tokens;
        let (tokens, spans) = if filter.words {
            (tokens.merged(), tokens.words())
        } else {
            (tokens.clone(), (0..tokens.len()).map(|i| i..i + 1).collect())
        };
        let unit = weights.unit();
        let mut sifted = Self { weights, tokens, spans, filter, unit };
        // Shares stay shares. Other values grow where they are summed or scaled.
        let meaning = sifted.weights.meaning;
        if !meaning.is_share() && (filter.words || filter.rescales(meaning)) {
            sifted.unit = unit.max(sifted.largest());
        }
        sifted
    }

    /// Every value of a run as it is.
    pub fn whole(weights: Arc<Weights>) -> Self {
        Self::new(weights, Filter::nothing())
    }

    /// The largest finite magnitude of all heads.
    fn largest(&self) -> f32 {
        let of = |i: usize| {
            let head = self.head(i / self.heads(), i % self.heads());
            head.iter().filter(|w| w.is_finite()).fold(0f32, |most, w| most.max(w.abs()))
        };
        (0..self.layers() * self.heads()).into_par_iter().map(of).reduce(|| 0.0, f32::max)
    }

    /// Rows and columns of a head.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Layers.
    pub fn layers(&self) -> usize {
        self.weights.layers()
    }

    /// Heads of a layer; 1 where the meaning has none.
    pub fn heads(&self) -> usize {
        self.weights.heads()
    }

    /// The value that full colour stands for.
    pub fn unit(&self) -> f32 {
        self.unit
    }

    /// One head, row-major `[query, key]`. Empty where the run has no such head.
    pub fn head(&self, layer: usize, head: usize) -> Cow<'_, [f32]> {
        let (values, tokens) = (self.weights.head(layer, head), &self.weights.run.tokens);
        if self.filter.changes_nothing(tokens) {
            return values;
        }
        Cow::Owned(kept(tokens, &values, self.weights.meaning, &self.filter))
    }

    /// What is left out, in a few words: `no special tokens, words`.
    pub fn left_out(&self) -> String {
        let tokens = &self.weights.run.tokens;
        let mut parts = Vec::new();
        if self.filter.special != Special::Show && tokens.pieces.iter().any(|p| p.special) {
            let rescaled = self.filter.rescales(self.weights.meaning);
            parts.push(if rescaled { "no special tokens (rescaled)" } else { "no special tokens" });
        }
        match self.filter.pairs_of(tokens) {
            Pairs::All => {}
            Pairs::AA => parts.push("A \u{2192} A only"),
            Pairs::AB => parts.push("A \u{2192} B only"),
            Pairs::BA => parts.push("B \u{2192} A only"),
            Pairs::BB => parts.push("B \u{2192} B only"),
        }
        if self.filter.words {
            parts.push("words");
        }
        if parts.is_empty() { "all tokens".to_owned() } else { parts.join(", ") }
    }
}
