//! Vectors of words: what every file of embeddings becomes.

mod binary;
mod builder;
mod columns;
mod fasttext;
mod float;
mod folder;
mod head;
mod matrix;
mod numbers;
mod opening;
mod projector;
mod stream;
mod subwords;
mod text;
mod words;

pub(super) use columns::Texts;
pub use opening::{BadRows, Opening, free_memory};
pub use subwords::{Gram, Shares, Subwords};
pub use words::Words;

use super::stored::Disk;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use builder::State;
use head::Kind;
use std::borrow::Cow;
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
    /// The parts of words, where the file has them (fastText): words outside the vocabulary have vectors too.
    pub subwords: Option<Subwords>,
    /// What was met on reading.
    pub report: Report,
}

impl Vectors {
    /// Reads a file of vectors, or a folder with one, or the input embedding of a model's folder. The first bytes of a
    /// file say what it is; its name is asked only where they leave it open. Memory is predicted and held against the
    /// budget before it is taken.
    ///
    /// Files are read, not mapped: a mapped file that shrinks while it is open ends the program, and what is read in
    /// blocks is as fast.
    pub fn open(path: &Path, opening: &Opening, control: &Control) -> Result<Self> {
        let mut vectors = Self::open_bare(path, opening, control)?;
        if let Some(table) = &opening.metadata {
            let (columns, known) = columns::joined(table, &vectors.words, control)?;
            let (all, table) = (vectors.words.len(), table.display());
            vectors.report.notices.push(format!("{table} speaks of {known} of {all} words"));
            vectors.columns.extend(columns);
        }
        Ok(vectors)
    }

    /// The same without a table of metadata.
    fn open_bare(path: &Path, opening: &Opening, control: &Control) -> Result<Self> {
        let about = std::fs::metadata(path).map_err(|e| Error::io(path, e))?;
        if about.is_dir() {
            return folder::open(path, opening, control);
        }
        // Opening a pipe would wait for somebody to write to it.
        if !about.is_file() {
            return Err(Error::input(format!("{}: it is not a regular file", path.display())));
        }
        let disk = Disk::open(path)?;
        if projector::is_raw(path) {
            return projector::bytes(&disk, opening, control);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        match head::look(&disk)? {
            Kind::Safetensors if folder.join("config.json").is_file() => {
                folder::of_model(path, folder, opening, control)
            }
            Kind::FastText => fasttext::read(&disk, opening, control),
            Kind::Npy => matrix::npy(&disk, opening, control),
            Kind::Npz => matrix::npz(&disk, opening, control),
            Kind::Safetensors => matrix::of_safetensors(&disk, opening, control),
            Kind::Config => projector::configured(path, opening, control),
            Kind::Binary(layout) => binary::read(&disk, &layout, opening, control),
            Kind::Text(layout) => text::read(&disk, &layout, opening, control),
        }
    }

    /// Vectors that were made and not read: what a reader would count is counted. Names may repeat.
    pub fn made(format: &'static str, words: Words, rows: Rows, columns: Vec<Column>) -> Result<Self> {
        let is_even = words.len() == rows.len() && columns.iter().all(|c| c.values.len() == words.len());
        if !is_even {
            return Err(Error::input(format!("{} words do not go with {} rows", words.len(), rows.len())));
        }
        let mut report = Report { format, ..Report::default() };
        rows.iter().for_each(|row| report.count(State::of(row)));
        Self { path: PathBuf::new(), words, rows, columns, subwords: None, report }.checked(BadRows::Keep)
    }

    /// Whether a folder holds vectors and no model.
    pub fn is_folder(path: &Path) -> bool {
        folder::is_one(path)
    }

    /// The vector of a word: its row, or what its n-grams make of it.
    pub fn vector_of(&self, word: &[u8]) -> Option<Cow<'_, [f32]>> {
        match self.words.find(word) {
            Some(i) => Some(Cow::Borrowed(self.rows.row(i))),
            None => self.subwords.as_ref()?.vector(word).map(Cow::Owned),
        }
    }

    /// Bytes held by the vectors, their words and parts of words.
    pub fn bytes(&self) -> u64 {
        self.rows.bytes() + self.words.bytes() + self.subwords.as_ref().map_or(0, |s| s.buckets.bytes())
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
