//! Vectors of words: what every file of embeddings becomes.

mod binary;
mod builder;
mod float;
mod head;
mod opening;
mod text;
mod words;

pub use opening::{BadRows, Opening, free_memory};
pub use words::Words;

use super::stored::Disk;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use head::Kind;
use std::path::{Path, PathBuf};

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

impl Vectors {
    /// Reads a file of vectors. Its first bytes say what it is; its name is asked only where they leave it open. Memory
    /// is predicted and held against the budget before it is taken.
    ///
    /// Files are read, not mapped: a mapped file that shrinks while it is open ends the program, and what is read in
    /// blocks is as fast.
    pub fn open(path: &Path, opening: &Opening, control: &Control) -> Result<Self> {
        // Opening a pipe would wait for somebody to write to it.
        if !std::fs::metadata(path).map_err(|e| Error::io(path, e))?.is_file() {
            return Err(Error::input(format!("{}: it is not a regular file", path.display())));
        }
        let disk = Disk::open(path)?;
        match head::look(&disk)? {
            Kind::Binary(layout) => binary::read(&disk, &layout, opening, control),
            Kind::Text(layout) => text::read(&disk, &layout, opening, control),
        }
    }

    /// Bytes held by the vectors and their words.
    pub fn bytes(&self) -> u64 {
        self.rows.bytes() + self.words.bytes()
    }
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
