//! `lexiscope vectors FILE info`: what is in a file of vectors.

use super::Source;
use crate::cli::{plain, print, print_json};
use crate::error::Result;
use crate::source::vectors::Vectors;
use serde_json::{Value, json};

/// Says what is in the file: format, words, width, memory, and what was met on reading.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// As one JSON object.
    #[arg(long)]
    json: bool,
}

/// Words that are shown.
const SHOWN: usize = 10;

impl Args {
    pub(super) fn run(&self, source: &Source) -> Result<()> {
        let vectors = source.open()?;
        let facts = facts(&vectors);
        if self.json {
            let facts: serde_json::Map<_, _> =
                facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            return print_json(&facts);
        }
        print(|out| {
            for (name, value) in facts {
                let text = match value {
                    Value::String(text) => text,
                    Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
                    Value::Null => continue,
                    other => other.to_string(),
                };
                writeln!(out, "{:<12}{}", name.replace('_', " "), plain(&text))?;
            }
            Ok(())
        })
    }
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
