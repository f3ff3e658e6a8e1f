//! `lexiscope vectors FILE analogy`: questions of analogy, answered by every method and by none.

use super::Source;
use super::ask::Scored;
use crate::analysis::space::analogy::{Analogy, Method};
use crate::analysis::space::lexicon::Lexicon;
use crate::analysis::space::neighbours::{Index, Metric};
use crate::cli::{plain, print, print_json, progress, say};
use crate::error::Result;
use serde::Serialize;

/// Answers "A is to B as C is to what?" by every method, and says what lies near C and near B anyway.
///
/// A line to each answer: the method, the word, and the number that the method gives it, with tabs between them.
/// 3cosadd: the cosine to C + B - A (gensim's `most_similar`). 3cosmul: the product of cosines (gensim's
/// `most_similar_cosmul`). pairdirection: the direction from A to B alone. 3cosavg: the mean direction of several pairs, where
/// some are given. near-c and near-b are the baselines: an analogy that they answer too proves little. The words of the
/// question are left out of all answers.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The three words, taken literally: man king woman.
    #[arg(num_args = 3, required = true, value_names = ["A", "B", "C"])]
    words: Vec<String>,
    /// Another pair of the same kind, for 3cosavg; once for each.
    #[arg(long = "pair", num_args = 2, value_names = ["A", "B"])]
    pairs: Vec<String>,
    /// Only this method: 3cosadd, 3cosmul, pairdirection, 3cosavg, near-c or near-b; once for each.
    #[arg(long = "method", value_name = "METHOD")]
    methods: Vec<Method>,
    /// Lets the words of the question into the answers, where they often are the best ones.
    #[arg(long)]
    inputs: bool,
    /// How many words to each method.
    #[arg(short, long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    number: u32,
    /// Prints JSON: a list of methods, each with its list of words and scores.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answered<'a> {
    method: &'static str,
    answers: Vec<Scored<'a>>,
}

impl Args {
    pub(super) fn run(&self, source: &Source) -> Result<()> {
        let vectors = source.open()?;
        let make = |word: &str| vectors.subwords.as_ref()?.vector(word.as_bytes());
        let lexicon = Lexicon { words: &vectors.words, rows: &vectors.rows, make: Some(&make), unit: true };
        let [a, b, c] = [0, 1, 2].map(|i| self.words[i].as_str());
        let more: Vec<[&str; 2]> =
            self.pairs.chunks_exact(2).map(|pair| [pair[0].as_str(), pair[1].as_str()]).collect();
        let analogy = Analogy::find(a, b, c, &more, &lexicon)?;
        let line = progress::Line::start();
        let index = Index::new(&vectors.rows, Metric::Cosine);
        let mut found = Vec::new();
        for method in self.methods() {
            match analogy.answers(method, &index, self.number as usize, self.inputs, &line.control()) {
                Ok(near) => {
                    let word = |row: usize| vectors.words.get(row);
                    let answers = near.iter().map(|near| Scored { word: word(near.row), score: near.score }).collect();
                    found.push(Answered { method: method.name(), answers });
                }
                // What one method cannot answer, others may.
                Err(error) if self.methods.is_empty() && !error.is_stopped() => {
                    say(&format!("note: no answer by {method}: {error}"));
                }
                Err(error) => return Err(error),
            }
        }
        drop(line);
        if self.json {
            return print_json(&found);
        }
        print(|out| {
            for Answered { method, answers } in &found {
                for Scored { word, score } in answers {
                    writeln!(out, "{method}\t{}\t{score}", plain(word))?;
                }
            }
            Ok(())
        })
    }

    /// Those that were asked for, or all; of one pair 3CosAvg is 3CosAdd.
    fn methods(&self) -> Vec<Method> {
        if !self.methods.is_empty() {
            return self.methods.clone();
        }
        Method::ALL.iter().copied().filter(|&m| m != Method::CosAvg || !self.pairs.is_empty()).collect()
    }
}
