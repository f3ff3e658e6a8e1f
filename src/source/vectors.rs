//! Vectors of words: what every file of embeddings becomes.

mod words;

pub use words::Words;

use crate::rows::Rows;
use std::path::PathBuf;

/// A space: words and a vector for each.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    /// Where they come from.
    pub path: PathBuf,
    /// What each row is called.
    pub words: Words,
    /// The vectors, `[word, dimension]`, as the file has them.
    pub rows: Rows,
    /// What else is known of each word.
    pub columns: Vec<Column>,
    /// What was met on reading.
    pub report: Report,
}

/// A column of metadata, one value to a word.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its values in the order of the words.
    pub values: ColumnValues,
}

/// What a column of metadata holds.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValues {
    /// Numbers; NaN where there is none.
    Number(Vec<f64>),
    /// A few kinds of thing: the names of the kinds, and for each word which it is.
    Kind {
        /// The distinct names, in the order in which they were met.
        names: Vec<String>,
        /// For each word an index into `names`.
        of: Vec<u32>,
    },
    /// Text that differs from word to word.
    Text(Vec<String>),
}

/// What was met on reading a file of vectors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The format, as people call it.
    pub format: &'static str,
    /// Rows that the header promises, where there is one.
    pub promised: Option<u64>,
    /// Rows left out because their word was there before; the first one counts.
    pub duplicates: usize,
    /// Rows with NaN or infinity.
    pub not_finite: usize,
    /// Rows of zeros.
    pub zeros: usize,
    /// What the person should know, a sentence each.
    pub notices: Vec<String>,
}
