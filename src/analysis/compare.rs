//! Two runs beside each other: which heads attend differently, and where.

use super::align::Alignment;
use super::divergence::Rows;
use super::filter::{Filter, kept};
use super::meaning::{Meaning, Weights};
use crate::engine::Run;
use crate::error::{Error, Result};
use crate::text::Tokens;
use crate::trace::Control;
use std::borrow::Cow;

/// What two runs have in common, head by head.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Layers that both models have.
    pub layers: usize,
    /// Heads that every layer of both models has.
    pub heads: usize,
    /// Layers and heads of A and of B.
    pub shapes: [(usize, usize); 2],
    /// What was left out of both sides before they were compared; its threshold is not used.
    pub filter: Filter,
    /// What the divergences are of: what the weights stand for, or attention where that has signs. A divergence is between
    /// shares.
    pub of: Meaning,
    /// Which tokens are compared, or words where the filter merges pieces.
    pub alignment: Alignment,
    /// The mean over aligned queries, row-major `[layer, head]`, of the Jensen-Shannon divergence between A's and B's
    /// values, in nats; `None` where no row can be compared. Rows are those of aligned tokens, over aligned keys
    /// only, scaled to sum to 1.
    pub js: Vec<Option<f64>>,
    /// The share of the mass of aligned tokens, of A and of B, that rests on tokens without a partner and was left
    /// out, 0 to 1: the mean over all compared heads.
    pub left_out: [f64; 2],
    /// Whether the rows were smoothed: see [`Rows::smoothed`].
    pub smoothed: bool,
}

impl Comparison {
    /// Compares layer `l`, head `h` of `a` with layer `l`, head `h` of `b`, for all that both have. Both must have one
    /// meaning.
    pub fn of(a: &Weights, b: &Weights, filter: &Filter, smooth: bool, control: &Control) -> Result<Self> {
        let weights = [a, b];
        let [a, b] = weights.map(|weights| &*weights.run);
        let tokens = [a, b].map(|run| shown(&run.tokens, filter));
        // Of one text the tokens stand side by side, whatever was masked or replaced on one of the sides.
        let is_one = a.model == b.model && a.typed == b.typed;
        let alignment =
            if is_one { Alignment::side_by_side(tokens[0].len()) } else { Alignment::of(&tokens[0], &tokens[1]) };
        if alignment.pairs.is_empty() {
            return Err(Error::input("the texts have no token in common, so that there is nothing to compare"));
        }
        let shapes = weights.map(|weights| (weights.layers(), weights.heads()));
        let layers = shapes[0].0.min(shapes[1].0);
        let heads = shapes[0].1.min(shapes[1].1);
        let of = if weights[0].meaning.is_signed() { Meaning::Raw } else { weights[0].meaning };
        let (mut js, mut kept) = (Vec::with_capacity(layers * heads), [0.0; 2]);
        for layer in 0..layers {
            control.check()?;
            control.report("Comparing heads", layer as u64, layers as u64);
            for head in 0..heads {
                let [p, q] = [0, 1].map(|side| -> Result<Rows<'static>> {
                    let (tokens, values) = (&weights[side].run.tokens, values(weights[side], of, layer, head));
                    let picked = Picked::of(tokens, &values, of, filter, &alignment.side(side));
                    let picked = picked.ok_or_else(|| lost(layer, head))?;
                    kept[side] += picked.share();
                    let rows = Rows::new(picked.weights, alignment.pairs.len())?;
                    Ok(if smooth { rows.smoothed() } else { rows })
                });
                js.push(p?.divergence(&q?));
            }
        }
        let count = (layers * heads).max(1) as f64;
        let left_out = if alignment.is_identity() { [0.0; 2] } else { kept.map(|k| (1.0 - k / count).clamp(0.0, 1.0)) };
        Ok(Self { layers, heads, shapes, filter: *filter, of, alignment, js, left_out, smoothed: smooth })
    }

    /// The divergence of one head in nats.
    pub fn js(&self, layer: usize, head: usize) -> Option<f64> {
        if layer < self.layers && head < self.heads { self.js[layer * self.heads + head] } else { None }
    }

    /// All heads that could be compared, most different first, in the order of the model among equals.
    pub fn ranked(&self) -> Vec<(usize, usize, f64)> {
        let places = self.js.iter().enumerate().map(|(i, js)| (i / self.heads, i % self.heads, *js));
        let mut ranked: Vec<(usize, usize, f64)> = places.filter_map(|(l, h, js)| Some((l, h, js?))).collect();
        ranked.sort_by(|a, b| b.2.total_cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1))));
        ranked
    }

    /// The aligned tokens as A has them: the axes of [`Comparison::difference`].
    pub fn tokens(&self, a: &Run) -> Tokens {
        let mut tokens = shown(&a.tokens, &self.filter);
        tokens.pieces = self.alignment.pairs.iter().map(|&(i, _)| tokens.pieces[i].clone()).collect();
        tokens
    }

    /// B's values less A's for one head, row-major `[aligned query, aligned key]`, not smoothed. Where tokens have no
    /// partner, rows of shares are scaled to what they were with them. What the mask took out on either side is minus
    /// infinity.
    pub fn difference(&self, a: &Weights, b: &Weights, layer: usize, head: usize) -> Result<Vec<f32>> {
        let values = |weights: &Weights, side: usize| -> Result<Vec<f32>> {
            let values = weights.head(layer, head);
            let picked =
                Picked::of(&weights.run.tokens, &values, weights.meaning, &self.filter, &self.alignment.side(side));
            let picked = picked.ok_or_else(|| lost(layer, head))?;
            let scales = weights.meaning.is_share() && !self.alignment.is_identity();
            Ok(if scales { picked.scaled() } else { picked.weights })
        };
        let differ = |(a, b): (f32, f32)| if a.min(b) == f32::NEG_INFINITY { f32::NEG_INFINITY } else { b - a };
        Ok(values(a, 0)?.into_iter().zip(values(b, 1)?).map(differ).collect())
    }
}

/// A head's values under the weights' own meaning, or its attention.
fn values(weights: &Weights, of: Meaning, layer: usize, head: usize) -> Cow<'_, [f32]> {
    if of == weights.meaning { weights.head(layer, head) } else { Cow::Borrowed(weights.run.head(layer, head)) }
}

/// The tokens of a run as the filter shows them.
fn shown(tokens: &Tokens, filter: &Filter) -> Tokens {
    if filter.words { tokens.merged() } else { tokens.clone() }
}

fn lost(layer: usize, head: usize) -> Error {
    Error::input(format!("the values of layer {layer}, head {head} were not kept"))
}

/// A head's weights between some tokens.
struct Picked {
    /// Row-major `[query, key]`.
    weights: Vec<f32>,
    /// The mass of each row over all keys.
    totals: Vec<f64>,
}

impl Picked {
    /// After the steps of a filter, at these positions; nothing where the weights are not of these tokens.
    fn of(tokens: &Tokens, weights: &[f32], meaning: Meaning, filter: &Filter, positions: &[usize]) -> Option<Self> {
        let kept = kept(tokens, weights, meaning, filter);
        let n = kept.len().isqrt();
        let rows = || positions.iter().map(|&query| &kept[query * n..][..n]);
        (n > 0).then(|| Self {
            weights: rows().flat_map(|row| positions.iter().map(|&key| row[key])).collect(),
            totals: rows().map(mass).collect(),
        })
    }

    /// The share of the mass of these rows that rests on these tokens, 0 to 1.
    fn share(&self) -> f64 {
        let total: f64 = self.totals.iter().sum();
        if total > 0.0 { mass(&self.weights) / total } else { 0.0 }
    }

    /// Every row with the mass that it has over all keys.
    fn scaled(mut self) -> Vec<f32> {
        for (row, total) in self.weights.chunks_exact_mut(self.totals.len()).zip(&self.totals) {
            let here = mass(row);
            if here > 0.0 {
                for w in row {
                    *w = (f64::from(*w) * total / here) as f32;
                }
            }
        }
        self.weights
    }
}

fn mass(row: &[f32]) -> f64 {
    row.iter().copied().map(f64::from).sum()
}
