//! `lexiscope vectors FILE analogy`: an analogy by every method, beside the baselines.

use super::Source;
use super::ask::Scored;
use crate::analysis::space::analogy::{Analogy, Method};
use crate::analysis::space::axes::pairs;
use crate::analysis::space::lexicon::Lexicon;
use crate::analysis::space::neighbours::{Index, Metric};
use crate::cli::{plain, print, print_json, progress};
use crate::error::Result;
use serde::Serialize;

/// Answers an analogy: A is to B as C is to what?
///
/// By 3CosAdd, 3CosMul and `PairDirection`, by 3CosAvg where there are more pairs, and by the baselines that these have to
/// beat: what is near C anyway (near-c), and what is near B (near-b). A line to each answer: the method, a tab, the word, a
/// tab, the number that the method gives it. The words of the question are left out.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The first word.
    a: String,
    /// What it is to.
    b: String,
    /// The word whose counterpart is looked for.
    c: String,
    /// More pairs that differ in the same way, for 3CosAvg: "boy : girl, king : queen".
    #[arg(long, default_value = "", value_name = "PAIRS")]
    pairs: String,
    /// Only this method: 3cosadd, 3cosmul, pairdirection, 3cosavg, near-c or near-b.
    #[arg(long, value_name = "METHOD")]
    method: Option<Method>,
    /// Lets the words of the question into the answers.
    #[arg(long)]
    inputs: bool,
    /// How many answers of each method.
    #[arg(short, long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    number: u32,
    /// Prints JSON: an object with a list of words and scores to each method.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answers<'a> {
    method: &'static str,
    answers: Vec<Scored<'a>>,
}

impl Args {
    pub(super) fn run(&self, source: &Source) -> Result<()> {
        let more = pairs(&self.pairs)?;
        let vectors = source.open()?;
        let make = |word: &str| vectors.subwords.as_ref()?.vector(word.as_bytes());
        let lexicon = Lexicon { words: &vectors.words, rows: &vectors.rows, make: Some(&make), unit: true };
        let pairs: Vec<[&str; 2]> = more.iter().map(|pair| pair.each_ref().map(String::as_str)).collect();
        let analogy = Analogy::find(&self.a, &self.b, &self.c, &pairs, &lexicon)?;
        // Of one pair 3CosAvg is the same as 3CosAdd.
        let is_asked = |method: Method| match self.method {
            Some(only) => only == method,
            None => method != Method::CosAvg || !pairs.is_empty(),
        };
        let line = progress::Line::start();
        let index = Index::new(&vectors.rows, Metric::Cosine);
        let answer = |&method: &Method| -> Result<Answers<'_>> {
            let found = analogy.answers(method, &index, self.number as usize, self.inputs, &line.control())?;
            let scored = |near: &crate::analysis::space::neighbours::Near| Scored {
                word: vectors.words.get(near.row),
                score: near.score,
            };
            Ok(Answers { method: method.name(), answers: found.iter().map(scored).collect() })
        };
        let methods = Method::ALL.iter().filter(|method| is_asked(**method));
        let found = methods.map(answer).collect::<Result<Vec<_>>>()?;
        drop(line);
        if self.json {
            return print_json(&found);
        }
        print(|out| {
            for Answers { method, answers } in &found {
                for Scored { word, score } in answers {
                    writeln!(out, "{method}\t{}\t{score}", plain(word))?;
                }
            }
            Ok(())
        })
    }
}
