//! How one weight comes about: query times key, dimension by dimension, the scale, the mask and the softmax of the row.
//! Vaswani et al. 2017, equation 1, with every number kept.

use crate::engine::Run;
use crate::error::{Error, Result};
use crate::text::Tokens;
use crate::trace::Site;

/// What a run must keep of a layer for it.
pub const WANTS: [Site; 4] = [Site::Query, Site::Key, Site::Scores, Site::Probs];

/// One key of the row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The sum of query times key over all dimensions.
    pub dot: f64,
    /// [`Step::dot`] over the square root of the width, as the model computed it; `None` where the mask hides the key.
    pub score: Option<f32>,
    /// The exponential of the score less the largest of the row: what the softmax divides by its sum.
    pub exp: f64,
    /// The attention probability.
    pub probability: f32,
}

/// A query with all its keys, and one of them looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Neuron {
    /// The layer.
    pub layer: usize,
    /// The head.
    pub head: usize,
    /// The position of the token that attends.
    pub query: usize,
    /// The position of the token attended to.
    pub key: usize,
    /// The tokens.
    pub tokens: Tokens,
    /// The query vector `[width]`.
    pub q: Vec<f32>,
    /// The key vectors `[key, width]`.
    pub keys: Vec<f32>,
    /// One for each key.
    pub steps: Vec<Step>,
    /// The largest score of the row.
    pub largest: f32,
    /// The sum of [`Step::exp`] over the row.
    pub sum: f64,
}

impl Neuron {
    /// Reads a run that kept [`WANTS`] of `layer`. Where no `key` is asked for, it is the one with the most weight.
    pub fn of(run: &Run, (layer, head): (usize, usize), query: usize, key: Option<usize>) -> Result<Self> {
        let n = run.tokens.len();
        let found = |site| run.array(run.at(layer, site));
        let [q, k, scores, probs] = [found(WANTS[0])?, found(WANTS[1])?, found(WANTS[2])?, found(WANTS[3])?];
        if head >= q.len_of("head") || query >= n || key.is_some_and(|k| k >= n) {
            return Err(Error::input(format!(
                "there is no query {query} and key {key:?} in head {head} of {n} tokens"
            )));
        }
        let q = q.block(&[head, query]).to_vec();
        let keys = k.block(&[head]).to_vec();
        let (scores, probs) = (scores.block(&[head, query]), probs.block(&[head, query]));
        // What the mask hides has the smallest number there is added to it.
        let score = |j: usize| Some(scores[j]).filter(|s| *s > f32::MIN / 2.0);
        let largest = (0..n).filter_map(score).fold(f32::NEG_INFINITY, f32::max);
        let step = |j: usize| Step {
            dot: products(&q, &keys, j).map(f64::from).sum(),
            score: score(j),
            exp: score(j).map_or(0.0, |s| f64::from(s - largest).exp()),
            probability: probs[j],
        };
        let steps: Vec<Step> = (0..n).map(step).collect();
        let most = (0..n).max_by(|&a, &b| probs[a].total_cmp(&probs[b]).then(b.cmp(&a)));
        let sum = steps.iter().map(|s| s.exp).sum();
        let key = key.or(most).unwrap_or_default();
        Ok(Self { layer, head, query, key, tokens: run.tokens.clone(), q, keys, steps, largest, sum })
    }

    /// Dimensions of a head.
    pub fn width(&self) -> usize {
        self.q.len()
    }

    /// What dot products are divided by.
    pub fn scale(&self) -> f64 {
        (self.width() as f64).sqrt()
    }

    /// The key vector at a position `[width]`.
    pub fn k(&self, key: usize) -> &[f32] {
        &self.keys[key * self.width()..][..self.width()]
    }

    /// Query times key, dimension by dimension `[width]`.
    pub fn products(&self, key: usize) -> Vec<f32> {
        products(&self.q, &self.keys, key).collect()
    }
}

fn products<'a>(q: &'a [f32], keys: &'a [f32], key: usize) -> impl Iterator<Item = f32> + 'a {
    q.iter().zip(&keys[key * q.len()..]).map(|(q, k)| q * k)
}
