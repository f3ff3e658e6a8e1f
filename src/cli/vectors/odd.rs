//! `lexiscope vectors FILE odd`: the word that does not go with the others.

use super::Source;
use super::ask::{Scored, table};
use crate::analysis::space::lexicon::Lexicon;
use crate::analysis::space::odd::Odd;
use crate::cli::{plain, print, print_json, say};
use crate::error::{Error, Result};
use serde::Serialize;

/// Finds the word that does not go with the others.
///
/// It is the one with the smallest cosine to the mean of all, each vector scaled to length 1 first: gensim's
/// `doesnt_match`. Words that are not in the file are left out, with a note.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Three words or more, taken literally.
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,
    /// Prints all words with their cosine to the mean, the odd one last.
    #[arg(long)]
    all: bool,
    /// Prints JSON: the odd word, and all words with their cosine.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Found<'a> {
    odd: &'a str,
    words: Vec<Scored<'a>>,
}

impl Args {
    pub(super) fn run(&self, source: &Source) -> Result<()> {
        let vectors = source.open()?;
        let make = |word: &str| vectors.subwords.as_ref()?.vector(word.as_bytes());
        let lexicon = Lexicon { words: &vectors.words, rows: &vectors.rows, make: Some(&make), unit: true };
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let found = Odd::of(&words, &lexicon)?;
        for missing in &found.missing {
            say(&format!("note: {missing}"));
        }
        let ranked: Vec<Scored<'_>> =
            found.ranked.iter().map(|&(i, score)| Scored { word: words[i].into(), score }).collect();
        let odd = found.ranked.last().map(|&(i, _)| words[i]).ok_or_else(|| Error::input("there is no word"))?;
        if self.json {
            return print_json(&Found { odd, words: ranked });
        }
        if self.all { table(&ranked) } else { print(|out| writeln!(out, "{}", plain(odd))) }
    }
}
