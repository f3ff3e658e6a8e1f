//! Where words find their vectors.

use super::spelling;
use super::vector;
use crate::error::Error;
use crate::rows::Rows;
use crate::source::vectors::Words;
use std::fmt;

/// How many spellings are offered for a word that is not there.
const OFFERS: usize = 5;

/// Makes a vector for a word that has none, as fastText does of its parts; `None` where there is nothing to make it of.
pub type Make<'a> = &'a (dyn Fn(&str) -> Option<Vec<f32>> + Sync);

/// Words with their vectors, as formulas and questions see them.
#[derive(Clone, Copy)]
pub struct Lexicon<'a> {
    /// The words.
    pub words: &'a Words,
    /// A vector for each.
    pub rows: &'a Rows,
    /// What makes vectors for other words.
    pub make: Option<Make<'a>>,
    /// Whether each vector is scaled to length 1 before anything else is done to it. gensim's `most_similar` does so, and
    /// for cosine it is what people expect of a sum; where lengths count, vectors enter as they are.
    pub unit: bool,
}

/// A word that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its row, if it is in the vocabulary.
    pub row: Option<usize>,
    /// Its vector.
    pub vector: Vec<f64>,
}

/// A word that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The word.
    pub word: String,
    /// Those of the vocabulary that are spelt almost like it.
    pub near: Vec<String>,
    /// What is wrong with its vector, if it has one.
    fault: Option<&'static str>,
}

impl Missing {
    /// Why, and what could be meant instead.
    pub fn why(&self) -> String {
        match (self.fault, self.near.is_empty()) {
            (Some(fault), _) => fault.to_owned(),
            (None, true) => "is not in the vocabulary".to_owned(),
            (None, false) => format!("is not in the vocabulary; nearest spellings: {}", self.near.join(", ")),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.word, self.why())
    }
}

impl From<Missing> for Error {
    fn from(missing: Missing) -> Self {
        Self::input(missing.to_string())
    }
}

impl Lexicon<'_> {
    /// The row of a word, taken literally. A word that is not UTF-8 is found as it is shown, the first of those that are
    /// shown alike.
    pub fn row(&self, word: &str) -> Option<usize> {
        let is_shown = word.contains(char::REPLACEMENT_CHARACTER);
        self.words.find(word).or_else(|| is_shown.then(|| self.words.iter().position(|other| other == word)).flatten())
    }

    /// The vector of a word.
    pub fn find(&self, word: &str) -> Result<Entry, Missing> {
        let row = self.row(word);
        let made;
        let vector = if let Some(row) = row {
            self.rows.row(row)
        } else {
            made = self.make.and_then(|make| make(word)).ok_or_else(|| {
                let near = spelling::nearest(self.words, word, OFFERS);
                let near = near.into_iter().map(|i| self.words.get(i).into_owned()).collect();
                Missing { word: word.to_owned(), near, fault: None }
            })?;
            &made
        };
        let fault = |fault| Missing { word: word.to_owned(), near: Vec::new(), fault: Some(fault) };
        let length = vector::length(vector);
        if !length.is_finite() {
            return Err(fault("has a vector with NaN or infinity"));
        }
        if self.unit && length == 0.0 {
            return Err(fault("has a vector of zeros, which has no direction"));
        }
        let length = if self.unit { length } else { 1.0 };
        Ok(Entry { row, vector: vector.iter().map(|&x| f64::from(x) / length).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_utf8_is_found_as_it_is_shown() {
        let words: Words = [b"caf\xe9".as_slice(), b"caf\xe8", "th\u{fffd}".as_bytes()].into_iter().collect();
        let rows = Rows::new(vec![1.0, 2.0, 3.0], 1).expect("rows");
        let lexicon = Lexicon { words: &words, rows: &rows, make: None, unit: false };
        assert_eq!(
            (lexicon.row("caf\u{fffd}"), lexicon.row("th\u{fffd}"), lexicon.row("caf")),
            (Some(0), Some(2), None)
        );
        assert_eq!(lexicon.find("caf\u{fffd}").expect("a word").vector, [1.0]);
    }

    #[test]
    fn a_word_that_is_made_has_a_vector_and_no_row() {
        let words: Words = ["a"].into_iter().collect();
        let rows = Rows::new(vec![3.0, 4.0], 2).expect("rows");
        let make = |word: &str| (word != "b").then(|| vec![0.0, 2.0]);
        let lexicon = Lexicon { words: &words, rows: &rows, make: Some(&make), unit: true };
        assert_eq!(lexicon.find("a").expect("a word"), Entry { row: Some(0), vector: vec![0.6, 0.8] });
        assert_eq!(lexicon.find("c").expect("made"), Entry { row: None, vector: vec![0.0, 1.0] });
        assert_eq!(
            lexicon.find("b").expect_err("no part").to_string(),
            "`b` is not in the vocabulary; nearest spellings: a"
        );
    }
}
