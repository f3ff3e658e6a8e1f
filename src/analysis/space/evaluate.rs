//! How well a space agrees with people: pairs of words with a number, and questions of analogy. The numbers are those of
//! gensim 4.4's `evaluate_word_pairs` and `evaluate_word_analogies`.

mod pairs;
mod questions;
mod set;

pub use pairs::{PairScore, Pairs, Point};
pub use questions::{Answer, Questions, Section, SectionScore};
pub use set::Set;

use crate::source::vectors::Words;
use std::collections::HashMap;

/// Choices of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct How {
    /// Only so many words from the beginning are known; in files of embeddings these are the most frequent.
    pub limit: usize,
    /// Whether upper and lower case are the same. Of words that differ in nothing else the first one counts.
    pub fold: bool,
    /// Whether a pair with an unknown word counts as unlike (0) and a question as wrong; otherwise they are left out.
    pub unknown_is_wrong: bool,
}

impl Default for How {
    fn default() -> Self {
        Self { limit: 300_000, fold: true, unknown_is_wrong: false }
    }
}

impl How {
    fn folded(self, word: &str) -> String {
        if self.fold { word.to_uppercase() } else { word.to_owned() }
    }

    /// The words that are known, as they are compared.
    fn vocabulary(self, words: &Words) -> HashMap<String, usize> {
        let mut known = HashMap::new();
        for (i, word) in words.iter().take(self.limit).enumerate() {
            known.entry(self.folded(&word)).or_insert(i);
        }
        known
    }
}

/// The lines of a file of words, from 1 on, without what ends them.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).enumerate().map(|(i, line)| (i + 1, line))
}
