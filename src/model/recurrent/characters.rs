//! How ELMo spells: a token is its bytes, filters of several widths run over them, the largest value of each filter is
//! kept, highway layers mix them, and a projection makes the token's vector (Peters et al. 2018; Kim et al. 2016).

use super::cell::Activation;
use super::vector;
use crate::error::{Error, Result};
use crate::model::kernels::{Matrix, multiply};
use rayon::prelude::*;

/// Bytes are 0 to 255; these stand for the ends of a sentence and of a word, and for what is empty.
const SENTENCE: [u16; 2] = [256, 257];
const WORD: [u16; 2] = [258, 259];
const EMPTY: u16 = 260;
/// Rows of the table of characters.
const ROWS: usize = 261;

/// A token as the network reads it.
pub type Spelled = Vec<u16>;

/// `transform t + (1 - t) x` with `t = s(x C + c)`, `transform = f(x T + b)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Highway {
    /// `[width, width]`, one row to each input.
    pub carry: Vec<f32>,
    /// `[width]`.
    pub carry_bias: Vec<f32>,
    /// `[width, width]`.
    pub transform: Vec<f32>,
    /// `[width]`.
    pub transform_bias: Vec<f32>,
}

/// Filters of one width.
#[derive(Debug, Clone, PartialEq)]
pub struct Filters {
    /// Characters that a filter spans.
    pub span: usize,
    /// `[span * table width, filters]`.
    pub weights: Vec<f32>,
    /// `[filters]`.
    pub bias: Vec<f32>,
}

/// The network that makes vectors of spelled tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Speller {
    /// Characters to a token: longer ones are cut.
    pub length: usize,
    /// `[261, width]`.
    pub table: Vec<f32>,
    /// Filters, the narrowest first.
    pub filters: Vec<Filters>,
    /// What the filters' values go through.
    pub activation: Activation,
    /// Highway layers.
    pub highways: Vec<Highway>,
    /// `[filters, outputs]`.
    pub projection: Vec<f32>,
    /// `[outputs]`.
    pub projection_bias: Vec<f32>,
}

impl Speller {
    /// Filters of all widths.
    pub fn found(&self) -> usize {
        self.filters.iter().map(|f| f.bias.len()).sum()
    }

    /// Numbers in a token's vector.
    pub fn outputs(&self) -> usize {
        self.projection_bias.len()
    }

    /// How many numbers it computes with.
    pub fn parameters(&self) -> usize {
        let filters: usize = self.filters.iter().map(|f| f.weights.len() + f.bias.len()).sum();
        let found = self.found();
        let highways = self.highways.len() * 2 * (found + 1) * found;
        self.table.len() + filters + highways + self.projection.len() + self.projection_bias.len()
    }

    /// Refuses sizes that do not go together.
    pub fn check(&self) -> Result<()> {
        let found = self.found();
        let width = self.width();
        let square = found * found;
        let is_whole = width > 0
            && self.table.len() == ROWS * width
            && self.length >= 2
            && self.filters.iter().all(|f| (1..=self.length).contains(&f.span))
            && self.filters.iter().all(|f| f.weights.len() == f.span * width * f.bias.len())
            && self.highways.iter().all(|h| h.carry.len() == square && h.transform.len() == square)
            && self.highways.iter().all(|h| h.carry_bias.len() == found && h.transform_bias.len() == found)
            && self.projection.len() == found * self.outputs();
        if is_whole { Ok(()) } else { Err(Error::input("the weights of the character network do not go together")) }
    }

    fn width(&self) -> usize {
        self.table.len() / ROWS
    }

    /// How a token is spelled: its bytes between the marks of a word, cut to fit, and empty places after them.
    pub fn spell(&self, token: &str) -> Spelled {
        let bytes = token.bytes().take(self.length.saturating_sub(2)).map(u16::from);
        self.between(bytes)
    }

    /// How the beginning (0) or the end (1) of a sentence is spelled.
    pub fn boundary(&self, end: usize) -> Spelled {
        self.between(std::iter::once(SENTENCE[end.min(1)]))
    }

    fn between(&self, middle: impl Iterator<Item = u16>) -> Spelled {
        let mut spelled: Spelled = std::iter::once(WORD[0]).chain(middle).chain(std::iter::once(WORD[1])).collect();
        spelled.resize(self.length, EMPTY);
        spelled
    }

    /// What the filters found in each token: `[token, filters]`.
    pub fn read(&self, tokens: &[Spelled]) -> Vec<f32> {
        let (width, found) = (self.width(), self.found());
        let mut out = vec![0.0; tokens.len() * found];
        out.par_chunks_mut(found.max(1)).zip(tokens).for_each(|(out, token)| {
            let row = |c: &u16| &self.table[usize::from(*c).min(ROWS - 1) * width..][..width];
            let letters: Vec<f32> = token.iter().flat_map(row).copied().collect();
            let mut at = 0;
            for filters in &self.filters {
                let n = filters.bias.len();
                let places = token.len() + 1 - filters.span;
                // Windows overlap: each begins one letter after the one before it.
                let windows =
                    Matrix { data: &letters, rows: places, cols: filters.span * width, row_step: width, col_step: 1 };
                let mut values = filters.bias.repeat(places);
                multiply(&mut values, windows, Matrix::rows(&filters.weights, n), true, 1.0, false);
                let most = &mut out[at..at + n];
                most.fill(f32::NEG_INFINITY);
                for row in values.chunks_exact(n.max(1)) {
                    most.iter_mut()
                        .zip(row)
                        .for_each(|(most, x)| *most = if *x > *most || x.is_nan() { *x } else { *most });
                }
                at += n;
            }
            vector::activate(self.activation, out);
        });
        out
    }

    /// From what the filters found to vectors `[token, outputs]`.
    pub fn project(&self, found: &[f32]) -> Vec<f32> {
        let width = self.found();
        let mut x = found.to_vec();
        let times = |x: &[f32], weights: &[f32], bias: &[f32]| {
            let mut y = bias.repeat(x.len() / width.max(1));
            multiply(&mut y, Matrix::rows(x, width), Matrix::rows(weights, bias.len()), true, 1.0, true);
            y
        };
        for highway in &self.highways {
            let mut gate = times(&x, &highway.carry, &highway.carry_bias);
            vector::gate(super::Gate::Sigmoid, &mut gate);
            let mut new = times(&x, &highway.transform, &highway.transform_bias);
            vector::activate(Activation::Relu, &mut new);
            for ((x, t), new) in x.iter_mut().zip(gate).zip(new) {
                *x = t * new + (1.0 - t) * *x;
            }
        }
        times(&x, &self.projection, &self.projection_bias)
    }
}
