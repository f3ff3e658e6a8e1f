//! `lexiscope vectors FILE weat`: the word-embedding association test.

use super::Source;
use super::ask::Scored;
use crate::analysis::space::axes::{list, rows};
use crate::analysis::space::lexicon::Lexicon;
use crate::analysis::space::weat::{Sets, Weat};
use crate::cli::{plain, print, print_json, progress, say};
use crate::error::Result;
use serde::Serialize;

/// Tests whether the first targets lie nearer to the first attributes than the second targets do (WEAT, Caliskan et al.
/// 2017).
///
/// Each set is words with commas between them; words that are not in the file are left out, with a note. Prints the effect
/// size, p by permutation (of all ways to share the targets out up to 200,000, of 100,000 random ones beyond), and each
/// target with its association: its mean cosine with the first attributes less that with the second.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The first targets, such as flowers.
    #[arg(long, short, value_name = "WORDS")]
    x: String,
    /// The second targets, such as insects.
    #[arg(long, short, value_name = "WORDS")]
    y: String,
    /// The first attributes, such as pleasant words.
    #[arg(long, short, value_name = "WORDS")]
    a: String,
    /// The second attributes, such as unpleasant words.
    #[arg(long, short, value_name = "WORDS")]
    b: String,
    /// Where random numbers begin.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Found<'a> {
    effect: f64,
    p: f64,
    partitions: u64,
    exact: bool,
    x: Vec<Scored<'a>>,
    y: Vec<Scored<'a>>,
}

impl Args {
    pub(super) fn run(&self, source: &Source) -> Result<()> {
        let lists = [list(&self.x)?, list(&self.y)?, list(&self.a)?, list(&self.b)?];
        let vectors = source.open()?;
        let lexicon = Lexicon { words: &vectors.words, rows: &vectors.rows, make: None, unit: true };
        let sets = lists.map(|words| {
            let (rows, missing) = rows(&words, &lexicon);
            for missing in missing {
                say(&format!("note: {missing}"));
            }
            rows
        });
        let [x, y, a, b] = &sets;
        let line = progress::Line::start();
        let test = Weat::of(&vectors.rows, Sets { x, y, a, b }, self.seed, &line.control())?;
        drop(line);
        let scored = |rows: &[usize], of: &[f64]| -> Vec<Scored<'_>> {
            let all = rows.iter().zip(of);
            all.map(|(&row, &score)| Scored { word: vectors.words.get(row), score: score as f32 }).collect()
        };
        let (first, second) = test.associations.split_at(x.len());
        let Weat { effect, p, partitions, exact, .. } = test;
        let found = Found { effect, p, partitions, exact, x: scored(x, first), y: scored(y, second) };
        if self.json {
            return print_json(&found);
        }
        print(|out| {
            writeln!(out, "effect\t{effect}")?;
            writeln!(out, "p\t{p}")?;
            writeln!(out, "partitions\t{partitions}{}", if exact { "" } else { " drawn" })?;
            for (set, words) in [("x", &found.x), ("y", &found.y)] {
                for Scored { word, score } in words {
                    writeln!(out, "{set}\t{}\t{score}", plain(word))?;
                }
            }
            Ok(())
        })
    }
}
