//! `lexiscope vectors FILE near`: the words nearest to some words.

use super::Source;
use super::ask::Options;
use crate::analysis::space::lexicon::{Lexicon, Missing};
use crate::error::Result;

/// Finds the words nearest to a word, or to the average of several.
///
/// A line to each: the word, a tab, its score. Every word of the file is looked at. With cosine vectors are averaged after
/// each is scaled to length 1, as gensim's `most_similar` does, with the other metrics as they are. The score is the cosine,
/// the dot product, or the distance, of which less is nearer. The words themselves are left out, and so are words whose
/// vectors have no direction. A word that is not in the file has a vector where the file knows parts of words (fastText .bin).
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The words, taken literally; after `--` also such that begin with a hyphen.
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,
    #[command(flatten)]
    options: Options,
}

impl Args {
    pub(super) fn run(&self, source: &Source) -> Result<()> {
        let vectors = source.open()?;
        let make = |word: &str| vectors.subwords.as_ref()?.vector(word.as_bytes());
        let lexicon =
            Lexicon { words: &vectors.words, rows: &vectors.rows, make: Some(&make), unit: self.options.is_unit() };
        let found = self.words.iter().map(|word| lexicon.find(word)).collect::<Result<Vec<_>, Missing>>()?;
        let mut mean = vec![0f64; vectors.rows.width()];
        for entry in &found {
            mean.iter_mut().zip(&entry.vector).for_each(|(m, x)| *m += x / found.len() as f64);
        }
        let inputs: Vec<usize> = found.iter().filter_map(|entry| entry.row).collect();
        let mean: Vec<f32> = mean.into_iter().map(|x| x as f32).collect();
        self.options.answer(&vectors, &mean, &|row| !inputs.contains(&row))
    }
}
