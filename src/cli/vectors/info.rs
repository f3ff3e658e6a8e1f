//! `lexiscope vectors FILE info`: what is in a file of vectors.

use super::Source;
use crate::analysis::space::doctor::{examine, frequency};
use crate::cli::{plain, print, print_json, progress};
use crate::error::Result;
use crate::source::vectors::Vectors;
use crate::trace::Control;
use serde_json::{Value, json};

/// Says what is in the file: format, words, width, memory, what was met on reading, and what ails the vectors.
///
/// `cosine` is the mean cosine of all pairs of words, `length` Spearman's correlation of the length of a vector with how
/// frequent its word is (`against` names the column of counts, or says that it is the rank), `dimensions` how many
/// dimensions the variance would fill if it were even, `skewness` how unevenly words are shared out among the lists of the
/// 10 nearest of all others, `hubs` the words in the most of these lists, `nobodys` how many words are in none (of a
/// sample of 20,000 words where there are more), `equal` words whose vectors are equal.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Leaves out what ails the vectors, which takes longer than reading them.
    #[arg(long)]
    quick: bool,
    /// As one JSON object.
    #[arg(long)]
    json: bool,
}

/// Words that are shown.
const SHOWN: usize = 10;

impl Args {
    pub(super) fn run(&self, source: &Source) -> Result<()> {
        let vectors = source.open()?;
        let mut facts = facts(&vectors);
        if !self.quick {
            let line = progress::Line::start();
            facts.extend(findings(&vectors, &line.control())?);
        }
        if self.json {
            let facts: serde_json::Map<_, _> =
                facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            return print_json(&facts);
        }
        print(|out| {
            for (name, value) in facts {
                let text = match value {
                    Value::String(text) => text,
                    Value::Array(list) => list.iter().map(shown).collect::<Vec<_>>().join(" "),
                    Value::Null => continue,
                    other => other.to_string(),
                };
                writeln!(out, "{:<12}{}", name.replace('_', " "), plain(&text))?;
            }
            Ok(())
        })
    }
}

/// An entry of a list: a word, a word in so many lists, or words with equal vectors.
fn shown(entry: &Value) -> String {
    match entry {
        Value::String(text) => text.clone(),
        Value::Array(words) => words.iter().map(shown).collect::<Vec<_>>().join(" = "),
        other => format!("{} ({})", shown(&other["word"]), other["lists"]),
    }
}

/// What ails the vectors.
fn findings(vectors: &Vectors, control: &Control) -> Result<Vec<(&'static str, Value)>> {
    let (column, measure) = frequency(&vectors.columns, vectors.rows.len());
    let found = examine(&vectors.rows, Some(&measure), 0, control)?;
    let word = |row: usize| vectors.words.get(row);
    let hubs = found.hubs.as_ref();
    let most = hubs.map(|hubs| hubs.most(SHOWN)).unwrap_or_default();
    let most: Vec<Value> = most.iter().map(|(row, lists)| json!({ "word": word(*row), "lists": lists })).collect();
    let equal: Vec<Vec<_>> =
        found.equal.iter().take(SHOWN).map(|group| group.iter().take(SHOWN).map(|row| word(*row)).collect()).collect();
    Ok(vec![
        ("cosine", json!(found.cosine)),
        ("pairs", json!(found.pairs())),
        ("length", json!(found.frequency.map(|f| f.spearman))),
        ("against", json!(column.unwrap_or("rank"))),
        ("dimensions", json!(found.participation)),
        ("skewness", json!(hubs.map(|hubs| hubs.skewness))),
        ("hubs", json!(most)),
        ("nobodys", json!(hubs.map(|hubs| hubs.nobodys().len()))),
        ("looked_at", json!(hubs.map(|hubs| hubs.words.len()))),
        ("equal_rows", json!(found.equal.iter().map(Vec::len).sum::<usize>())),
        ("equal", json!(equal)),
    ])
}

fn facts(vectors: &Vectors) -> Vec<(&'static str, Value)> {
    let report = &vectors.report;
    let first: Vec<_> = vectors.words.iter().take(SHOWN).collect();
    let columns: Vec<_> = vectors.columns.iter().map(|column| &column.name).collect();
    vec![
        ("format", json!(report.format)),
        ("words", json!(vectors.words.len())),
        ("width", json!(vectors.rows.width())),
        ("promised", json!(report.promised)),
        ("duplicates", json!(report.duplicates)),
        ("not_finite", json!(report.not_finite)),
        ("zeros", json!(report.zeros)),
        ("bytes", json!(vectors.bytes())),
        ("columns", json!(columns)),
        ("first", json!(first)),
        ("notices", json!(report.notices)),
    ]
}
