//! Two runs beside each other: which heads attend differently, and where.

use super::align::Alignment;
use super::divergence::Rows;
use crate::engine::Run;
use crate::error::{Error, Result};
use crate::trace::Control;

/// What two runs have in common, head by head.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Layers that both models have.
    pub layers: usize,
    /// Heads that every layer of both models has.
    pub heads: usize,
    /// Layers and heads of A and of B.
    pub shapes: [(usize, usize); 2],
    /// Which tokens are compared.
    pub alignment: Alignment,
    /// The mean over aligned queries, row-major `[layer, head]`, of the Jensen-Shannon divergence between A's and B's
    /// attention, in nats; `None` where no row can be compared. Rows are those of aligned tokens, over aligned keys
    /// only, scaled to sum to 1.
    pub js: Vec<Option<f64>>,
    /// The share of the attention of aligned tokens, of A and of B, that rests on tokens without a partner and was left
    /// out, 0 to 1: the mean over all compared heads.
    pub left_out: [f64; 2],
    /// Whether the rows were smoothed: see [`Rows::smoothed`].
    pub smoothed: bool,
}

impl Comparison {
    /// Compares layer `l`, head `h` of `a` with layer `l`, head `h` of `b`, for all that both have.
    pub fn of(a: &Run, b: &Run, smooth: bool, control: &Control) -> Result<Self> {
        let alignment = Alignment::of(&a.tokens, &b.tokens);
        if alignment.pairs.is_empty() {
            return Err(Error::input("the texts have no token in common, so that there is nothing to compare"));
        }
        let shapes = [a, b].map(|run| (run.card.layers, run.card.heads));
        let layers = shapes[0].0.min(shapes[1].0);
        let heads = shapes[0].1.min(shapes[1].1);
        let (mut js, mut kept) = (Vec::with_capacity(layers * heads), [0.0; 2]);
        for layer in 0..layers {
            control.check()?;
            control.report("Comparing heads", layer as u64, layers as u64);
            for head in 0..heads {
                let [p, q] = [(a, 0), (b, 1)].map(|(run, side)| -> Result<Rows<'static>> {
                    let (weights, share) = aligned(run, (layer, head), &alignment.side(side))?;
                    kept[side] += share;
                    let rows = Rows::new(weights, alignment.pairs.len())?;
                    Ok(if smooth { rows.smoothed() } else { rows })
                });
                js.push(p?.divergence(&q?));
            }
        }
        let count = (layers * heads).max(1) as f64;
        let left_out = if alignment.is_identity() { [0.0; 2] } else { kept.map(|k| (1.0 - k / count).clamp(0.0, 1.0)) };
        Ok(Self { layers, heads, shapes, alignment, js, left_out, smoothed: smooth })
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

    /// B's attention less A's for one head, row-major `[aligned query, aligned key]`, from the same rows as
    /// [`Comparison::js`], not smoothed.
    pub fn difference(&self, a: &Run, b: &Run, layer: usize, head: usize) -> Result<Vec<f32>> {
        let keys = self.alignment.pairs.len();
        let rows = |run: &Run, side: usize| -> Result<Rows<'static>> {
            Rows::new(aligned(run, (layer, head), &self.alignment.side(side))?.0, keys)
        };
        let (a, b) = (rows(a, 0)?, rows(b, 1)?);
        Ok((0..keys).flat_map(|q| a.row(q).zip(b.row(q))).map(|(a, b)| (b - a) as f32).collect())
    }
}

/// A head's weights between some tokens, row-major `[query, key]`, and the share of these queries' mass that they carry.
fn aligned(run: &Run, (layer, head): (usize, usize), positions: &[usize]) -> Result<(Vec<f32>, f64)> {
    let (n, weights) = (run.tokens.len(), run.head(layer, head));
    if weights.len() != n * n {
        return Err(Error::input(format!("the attention of layer {layer}, head {head} was not kept")));
    }
    let (mut picked, mut kept, mut total) = (Vec::with_capacity(positions.len().pow(2)), 0.0, 0.0);
    for &query in positions {
        let row = &weights[query * n..][..n];
        total += row.iter().copied().map(f64::from).sum::<f64>();
        picked.extend(positions.iter().map(|&key| row[key]));
    }
    kept += picked.iter().copied().map(f64::from).sum::<f64>();
    Ok((picked, if total > 0.0 { kept / total } else { 0.0 }))
}
