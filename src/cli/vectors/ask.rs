//! What the questions about neighbours share: their options, and how answers are printed.

use crate::analysis::space::neighbours::{Index, Keep, Metric, Near};
use crate::cli::{plain, print, print_json, progress};
use crate::error::Result;
use crate::source::vectors::{Vectors, Words};
use serde::Serialize;

/// Options of a question.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Options {
    /// What is near: cosine, euclidean or dot.
    #[arg(long, default_value_t = Metric::Cosine, value_name = "METRIC")]
    pub(super) metric: Metric,
    /// How many words.
    #[arg(short, long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    number: u32,
    /// Prints JSON: a list of words with their scores.
    #[arg(long)]
    json: bool,
}

/// A word with a number.
#[derive(Serialize)]
pub(super) struct Scored<'a> {
    pub(super) word: std::borrow::Cow<'a, str>,
    pub(super) score: f32,
}

impl Options {
    /// How many words are asked for.
    pub(super) fn count(&self) -> usize {
        self.number as usize
    }

    /// Whether vectors of words are scaled to length 1 before anything is done with them.
    pub(super) fn is_unit(&self) -> bool {
        self.metric == Metric::Cosine
    }

    /// Prints the rows nearest to a vector, of which those count that `keep` lets through.
    pub(super) fn answer(&self, vectors: &Vectors, query: &[f32], keep: Keep<'_>) -> Result<()> {
        let line = progress::Line::start();
        let index = Index::new(&vectors.rows, self.metric);
        let near = index.nearest(query, self.count(), Some(keep), &line.control())?;
        drop(line);
        self.print(&vectors.words, &near)
    }

    /// Prints rows that were found, as words.
    pub(super) fn print(&self, words: &Words, near: &[Near]) -> Result<()> {
        let found: Vec<Scored<'_>> =
            near.iter().map(|near| Scored { word: words.get(near.row), score: near.score }).collect();
        if self.json { print_json(&found) } else { table(&found) }
    }
}

/// Prints a word and a score to each line, with a tab between them.
pub(super) fn table(found: &[Scored<'_>]) -> Result<()> {
    print(|out| {
        for Scored { word, score } in found {
            writeln!(out, "{}\t{score}", plain(word))?;
        }
        Ok(())
    })
}
