//! Maps under way: a job fills them in, the frame looks at what is there.

use crate::engine::{Ask, Target, With};
use crate::trace::At;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What a map answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The model, by [`Opened::id`](crate::engine::Opened::id).
    pub model: u64,
    /// The text, with everything that is changed about it.
    pub ask: Ask,
    /// The corrupt text, where the clean one is patched into it.
    pub corrupt: Option<String>,
    /// What parts are judged by.
    pub target: Target,
    /// What a head that is off puts out.
    pub with: With,
}

/// One or two matrices that fill in: `[layer, head]`, and of patching also `[layer, token]`.
#[derive(Debug)]
pub struct Work {
    /// What it answers.
    pub question: Question,
    /// Layers.
    pub layers: usize,
    /// Heads per layer.
    pub heads: usize,
    /// The clean text's tokens, where there is a matrix of tokens.
    pub tokens: Vec<String>,
    /// Positions at which the corrupt text has another token.
    pub differs: Vec<usize>,
    /// Distinguishes it from all other work.
    pub id: u64,
    board: Mutex<Board>,
}

/// What is known by now; the rest is not a number.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// `[layer, head]`.
    pub heads: Vec<f32>,
    /// `[layer, token]`.
    pub tokens: Vec<f32>,
    /// Where runs break down that have no value for this, by layer and head.
    pub broken: BTreeMap<(usize, usize), At>,
    /// How many values are known.
    pub done: usize,
}

impl Work {
    /// Nothing is known yet.
    pub fn new(question: Question, layers: usize, heads: usize, tokens: Vec<String>, differs: Vec<usize>) -> Self {
        let unknown = |count: usize| vec![f32::NAN; layers * count];
        let board = Board { heads: unknown(heads), tokens: unknown(tokens.len()), ..Board::default() };
        Self { question, layers, heads, tokens, differs, id: crate::figure::fresh_key(), board: Mutex::new(board) }
    }

    /// A head's value is known.
    pub fn head(&self, layer: usize, head: usize, value: f64) {
        self.set(|board| board.heads.get_mut(layer * self.heads + head), value);
    }

    /// The run without a head breaks down at a place.
    pub fn broken(&self, layer: usize, head: usize, at: At) {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).broken.insert((layer, head), at);
    }

    /// A token's value is known.
    pub fn token(&self, layer: usize, token: usize, value: f64) {
        self.set(|board| board.tokens.get_mut(layer * self.tokens.len() + token), value);
    }

    fn set(&self, place: impl FnOnce(&mut Board) -> Option<&mut f32>, value: f64) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = place(&mut board) {
            *cell = value as f32;
            board.done += 1;
        }
    }

    /// What is known by now.
    pub fn board(&self) -> Board {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many values are known by now.
    pub fn done(&self) -> usize {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).done
    }

    /// How many values there are in all.
    pub fn total(&self) -> usize {
        self.layers * (self.heads + self.tokens.len())
    }
}

/// The largest value whatever its sign, of those that are known; 1 where all are zero.
pub fn largest(values: &[f32]) -> f32 {
    let most = values.iter().filter(|v| v.is_finite()).fold(0f32, |m, v| m.max(v.abs()));
    if most > 0.0 { most } else { 1.0 }
}
