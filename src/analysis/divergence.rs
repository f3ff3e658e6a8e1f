//! How different two attention patterns are: the Jensen-Shannon divergence of their rows.
//!
//! `JS(p, q) = H((p + q) / 2) - (H(p) + H(q)) / 2` in nats (natural logarithm): 0 for equal rows, ln 2 = 0.693 for rows
//! that share no key. Lin 1991, "Divergence measures based on the Shannon entropy". Heads are compared so by Clark et
//! al. 2019, "What Does BERT Look At?", section 6, who smooth the weights before: see [`Rows::smoothed`].

use crate::error::{Error, Result};
use std::borrow::Cow;

/// What Clark et al. mix in of the even distribution.
const SMOOTHING: f64 = 0.001;

/// The rows of one attention pattern as distributions over keys: each scaled to sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows<'a> {
    keys: usize,
    weights: Cow<'a, [f32]>,
    /// What the weights of each row are multiplied by; 0 for a row without mass, which is no distribution.
    scales: Vec<f64>,
    /// What every key gets on top.
    floor: f64,
    /// Entropy of each row in nats.
    entropies: Vec<f64>,
}

impl<'a> Rows<'a> {
    /// From weights, row-major `[query, key]`. Weights must be finite and not negative.
    pub fn new(weights: impl Into<Cow<'a, [f32]>>, keys: usize) -> Result<Self> {
        let weights = weights.into();
        if weights.iter().any(|w| !w.is_finite() || *w < 0.0) {
            return Err(Error::input("only attention weights that are finite and not negative can be compared"));
        }
        if keys == 0 || !weights.len().is_multiple_of(keys) {
            return Err(Error::input(format!("{} weights are no rows of {keys} keys", weights.len())));
        }
        let total = |row: &[f32]| row.iter().copied().map(f64::from).sum::<f64>();
        let scales = weights.chunks_exact(keys).map(total).map(|total| if total > 0.0 { 1.0 / total } else { 0.0 });
        let scales = scales.collect();
        Ok(Self { keys, weights, scales, floor: 0.0, entropies: Vec::new() }.measured())
    }

    /// The rows as Clark et al. 2019 (`head_distances.py`) compare them: `0.999 p + 0.001 / keys`.
    pub fn smoothed(mut self) -> Self {
        self.scales.iter_mut().for_each(|scale| *scale *= 1.0 - SMOOTHING);
        self.floor = SMOOTHING / self.keys as f64;
        self.measured()
    }

    fn measured(mut self) -> Self {
        self.entropies = (0..self.len()).map(|q| self.row(q).map(surprise).sum()).collect();
        self
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// Row `query` as a distribution over keys; means nothing where it has no mass.
    pub fn row(&self, query: usize) -> impl Iterator<Item = f64> + '_ {
        let (scale, floor) = (self.scales[query], self.floor);
        self.weights[query * self.keys..][..self.keys].iter().map(move |w| f64::from(*w) * scale + floor)
    }

    /// The divergence of row `query` from that of another pattern, in nats; `None` where either row has no mass.
    pub fn row_divergence(&self, other: &Rows<'_>, query: usize) -> Option<f64> {
        if self.scales[query] == 0.0 || other.scales[query] == 0.0 {
            return None;
        }
        let middle: f64 = self.row(query).zip(other.row(query)).map(|(p, q)| surprise(f64::midpoint(p, q))).sum();
        // Rounding may leave a little less than nothing.
        Some((middle - f64::midpoint(self.entropies[query], other.entropies[query])).max(0.0))
    }

    /// The mean of [`Rows::row_divergence`] over the rows that can be compared, in nats; `None` where there is none.
    pub fn divergence(&self, other: &Rows<'_>) -> Option<f64> {
        let (mut total, mut count) = (0.0, 0u32);
        for js in (0..self.len().min(other.len())).filter_map(|q| self.row_divergence(other, q)) {
            total += js;
            count += 1;
        }
        (count > 0).then(|| total / f64::from(count))
    }
}

/// `-p ln p`, 0 at 0.
fn surprise(p: f64) -> f64 {
    if p > 0.0 { -p * p.ln() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::LN_2;

    fn rows(weights: &[f32], keys: usize) -> Rows<'_> {
        Rows::new(weights, keys).expect("distributions")
    }

    #[test]
    fn equal_rows_do_not_differ_and_disjoint_ones_by_ln_2() {
        let (p, q) = (rows(&[0.3, 0.7, 0.0, 0.0], 4), rows(&[0.0, 0.0, 0.6, 0.4], 4));
        assert_eq!(p.divergence(&p), Some(0.0));
        assert!((p.divergence(&q).expect("rows") - LN_2).abs() < 1e-15);
        assert_eq!(p.divergence(&q), q.divergence(&p));
    }

    #[test]
    fn a_row_without_mass_is_left_out() {
        let (p, q) = (rows(&[1.0, 0.0, 0.0, 0.0], 2), rows(&[0.0, 1.0, 0.5, 0.5], 2));
        assert_eq!(p.row_divergence(&q, 1), None);
        assert!((p.divergence(&q).expect("row 0") - LN_2).abs() < 1e-15);
        assert_eq!(rows(&[0.0, 0.0], 2).divergence(&rows(&[1.0, 0.0], 2)), None);
    }

    #[test]
    fn what_is_no_weight_is_refused() {
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.1] {
            assert!(Rows::new(vec![0.5, wrong], 2).is_err(), "{wrong}");
        }
        assert!(Rows::new(vec![0.5, 0.2, 0.3], 2).is_err());
        assert!(Rows::new(vec![], 0).is_err());
    }
}
