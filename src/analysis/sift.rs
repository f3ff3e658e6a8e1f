//! All heads of a run with everything left out that is to be: what a picture of the whole model shows.

use super::filter::{Cut, Filter, Pairs, Passed, Special, kept};
use super::meaning::Weights;
use crate::text::Tokens;
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// A run under one meaning, read through a filter. No value is stored: a head is sifted when it is asked for.
#[derive(Debug, Clone)]
pub struct Sifted {
    /// The run under its meaning.
    pub weights: Arc<Weights>,
    /// The tokens of both axes: words where pieces are merged.
    pub tokens: Tokens,
    /// The tokens of the text that each of these stands for.
    pub spans: Vec<Range<usize>>,
    /// What is left out.
    pub filter: Filter,
    unit: f32,
    /// Where the threshold cuts the rows of each head, layer by layer; none where it lets everything pass.
    cuts: Vec<Vec<Cut>>,
    /// How much passes in all heads together.
    passed: Passed,
}

impl Sifted {
    /// Reads a run through a filter. All heads are looked through for where its threshold cuts their rows, and perhaps for
    /// the largest magnitude: nothing for the thread that draws.
    pub fn new(weights: Arc<Weights>, filter: Filter) -> Self {
        let tokens = &weights.run.tokens;
        let (tokens, spans) = if filter.words {
            (tokens.merged(), tokens.words())
        } else {
            (tokens.clone(), (0..tokens.len()).map(|i| i..i + 1).collect())
        };
        let unit = weights.unit();
        let mut sifted = Self { weights, tokens, spans, filter, unit, cuts: Vec::new(), passed: Passed::default() };
        // Shares stay shares. Other values grow where they are summed or scaled.
        let meaning = sifted.weights.meaning;
        if !meaning.is_share() && (filter.words || filter.rescales(meaning)) {
            sifted.unit = unit.max(sifted.largest());
        }
        if !Cut::is_open(filter.threshold) {
            let all = 0..sifted.layers() * sifted.heads();
            let found: Vec<(Vec<Cut>, Passed)> = all.into_par_iter().map(|i| sifted.cut(i)).collect();
            (sifted.passed, sifted.cuts) =
                found.into_iter().fold((Passed::default(), Vec::new()), |(passed, mut all), (cuts, here)| {
                    all.push(cuts);
                    (passed.and(here), all)
                });
        }
        sifted
    }

    /// Where the threshold cuts the rows of a head, and how much of it passes.
    fn cut(&self, i: usize) -> (Vec<Cut>, Passed) {
        let (values, mut sizes, mut passed) =
            (self.kept(i / self.heads(), i % self.heads()), Vec::new(), Passed::default());
        let of_row = |row: &[f32]| {
            let (cut, here) = Cut::of(self.filter.threshold, row, &mut sizes);
            passed = passed.and(here);
            cut
        };
        (values.chunks_exact(self.len().max(1)).map(of_row).collect(), passed)
    }

    /// How much passes the threshold in all heads together, where it does not let everything pass.
    pub fn passed(&self) -> Option<Passed> {
        (!self.cuts.is_empty()).then_some(self.passed)
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
        let values = self.kept(layer, head);
        let Some(cuts) = self.cuts.get(layer * self.heads() + head) else { return values };
        let mut values = values.into_owned();
        values.chunks_exact_mut(self.len().max(1)).zip(cuts).for_each(|(row, cut)| cut.apply(row));
        Cow::Owned(values)
    }

    /// A head before the threshold.
    fn kept(&self, layer: usize, head: usize) -> Cow<'_, [f32]> {
        let (values, tokens) = (self.weights.head(layer, head), &self.weights.run.tokens);
        if self.filter.changes_nothing(tokens) {
            return values;
        }
        Cow::Owned(kept(tokens, &values, self.weights.meaning, &self.filter))
    }

    /// Whether the head's own values have something between a query and a key: where nothing is shown, it is left out.
    pub fn is_there(&self, (layer, head): (usize, usize), query: usize, key: usize) -> bool {
        let (values, n) = (self.weights.head(layer, head), self.weights.run.tokens.len());
        let (Some(queries), Some(keys)) = (self.spans.get(query), self.spans.get(key)) else { return false };
        let mut rows = queries.clone().filter_map(|q| values.get(q * n..(q + 1) * n));
        rows.any(|row| row[keys.clone()].iter().any(|w| *w != 0.0 && *w != f32::NEG_INFINITY))
    }

    /// What is left out before the threshold, in a few words: `no special tokens, words`; nothing where nothing is.
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
        parts.join(", ")
    }
}
