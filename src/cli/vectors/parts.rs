//! `lexiscope vectors FILE parts`: how much of a word's vector each of its n-grams is.

use super::Source;
use crate::cli::{plain, print, print_json};
use crate::error::{Error, Result};
use serde::Serialize;

/// Says how much each part of a word has of its vector, where the file knows parts of words (fastText .bin).
///
/// A line to each: the part, a tab, its share: the product of the part with the vector, over that of the vector with itself
/// and the number of parts. All add up to 1; a part that points away from the vector has less than nothing. Of a word of
/// the vocabulary the first line is what it has to itself, called by the word; n-grams follow in the order of the word,
/// with `<` and `>` at its edges.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The word, taken literally, of the vocabulary or not.
    word: String,
    /// Prints JSON: the shares, and whether the word is in the vocabulary.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Part<'a> {
    part: std::borrow::Cow<'a, str>,
    share: f64,
}

#[derive(Serialize)]
struct Found<'a> {
    word: &'a str,
    known: bool,
    own: Option<f64>,
    grams: Vec<Part<'a>>,
}

impl Args {
    pub(super) fn run(&self, source: &Source) -> Result<()> {
        let vectors = source.open()?;
        let Some(parts) = &vectors.subwords else {
            return Err(Error::input("this file knows no parts of words: a fastText model (.bin) does"));
        };
        let word = self.word.as_bytes();
        let row = vectors.words.find(word);
        let shares = parts.shares(word, row.map(|row| vectors.rows.row(row))).ok_or_else(|| {
            Error::input(format!("`{}` has no parts: it is too short for an n-gram, or its vector is 0", self.word))
        })?;
        let part = |(gram, share): &(crate::source::vectors::Gram, f64)| Part {
            part: String::from_utf8_lossy(&gram.bytes).into_owned().into(),
            share: *share,
        };
        let grams: Vec<Part<'_>> = shares.grams.iter().map(part).collect();
        if self.json {
            return print_json(&Found { word: &self.word, known: row.is_some(), own: shares.own, grams });
        }
        print(|out| {
            let own = shares.own.map(|share| Part { part: self.word.as_str().into(), share });
            for Part { part, share } in own.iter().chain(&grams) {
                writeln!(out, "{}\t{share}", plain(part))?;
            }
            Ok(())
        })
    }
}
