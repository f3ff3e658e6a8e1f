//! `lexiscope patch`: what of a clean run, put into a corrupt one, brings a target back.

use super::ablate::table_file;
use super::changes::Changes;
use super::{Chosen, check_text, progress, say_dropped};
use crate::engine::{Ask, Patching, Target};
use crate::error::Result;
use crate::export::Table;
use crate::figure::Caption;
use std::path::PathBuf;

/// Puts parts of a clean run into a corrupt one, one at a time, and writes how much of a target that recovers.
///
/// The two texts must have the same number of tokens. csv has one part to a row:
/// `kind,layer,index,clean_piece,corrupt_piece,recovery`. Of kind `token` it is the output of a layer at token `index`; of
/// kind `head` what head `index` puts out at all tokens, and the pieces are empty. The recovery is
/// (patched - corrupt) / (clean - corrupt) of the target: 0 = as corrupt, 1 = as clean. A log-probability is that of the
/// clean text's token; a vector is measured by its cosine with the clean one. json has the same rows under `rows`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: Chosen,
    /// The clean text, which parts are taken from.
    #[arg(long, allow_hyphen_values = true, value_name = "TEXT")]
    clean: String,
    /// The corrupt text, which parts are put into.
    #[arg(long, allow_hyphen_values = true, value_name = "TEXT")]
    corrupt: String,
    /// The second text of both pairs.
    #[arg(long, allow_hyphen_values = true, value_name = "TEXT")]
    pair: Option<String>,
    /// What is to be recovered: logprob:TOKEN, class:CLASS, pooled or hidden:LAYER,TOKEN, all counted from 0.
    #[arg(long)]
    target: Target,
    #[command(flatten)]
    changes: Changes,
    /// The file: its extension chooses the format (csv, json, npz).
    #[arg(long, value_parser = table_file)]
    out: PathBuf,
}

impl Args {
    pub(super) fn run(&self) -> Result<()> {
        let texts =
            [("--clean", Some(&self.clean)), ("--corrupt", Some(&self.corrupt)), ("--pair", self.pair.as_ref())];
        for (what, text) in texts {
            text.map_or(Ok(()), |text| check_text(what, text))?;
        }
        super::attend::check_folder(&self.out)?;
        let opened = self.model.open()?;
        let ask = |text: &str| self.changes.of(Ask { pair: self.pair.clone(), ..self.model.ask(text) });
        let line = progress::Line::start();
        let asks = [&ask(&self.clean), &ask(&self.corrupt)];
        let made = Patching::new(&opened, asks, self.target, &line.control(), |_, _| {});
        drop(line);
        let made = made?;
        say_dropped("clean: ", &made.clean.tokens);
        say_dropped("corrupt: ", &made.corrupt.tokens);
        let about = Caption::default()
            .and("model", format!("{} {}", opened.name, opened.short_fingerprint()))
            .and("clean", &self.clean)
            .and("corrupt", &self.corrupt)
            .and("pair", self.pair.as_deref().unwrap_or_default())
            .and("changed", asks[0].changes().join(", "))
            .and("target", self.target.to_string())
            .and("gap", format!("{} ({})", made.gap, self.target.unit()));
        table(&made).write(&about, &self.out)
    }
}

/// Every part and its recovery, tokens first.
fn table(made: &Patching) -> Table {
    let (tokens, heads) = (made.clean.tokens.len(), made.clean.card.heads);
    let count = |values: &[f64], width: usize| (0..values.len()).map(move |i| (i / width, i % width));
    let of_tokens = || count(&made.tokens, tokens);
    let places = || of_tokens().chain(count(&made.heads, heads));
    let kinds = made.tokens.iter().map(|_| "token").chain(made.heads.iter().map(|_| "head"));
    let pieces = |tokens: &crate::text::Tokens| -> Vec<String> {
        let piece = |(_, i): (usize, usize)| tokens.pieces[i].piece.clone();
        of_tokens().map(piece).chain(made.heads.iter().map(|_| String::new())).collect()
    };
    Table::default()
        .text("kind", kinds)
        .whole("layer", places().map(|p| p.0))
        .whole("index", places().map(|p| p.1))
        .text("clean_piece", pieces(&made.clean.tokens))
        .text("corrupt_piece", pieces(&made.corrupt.tokens))
        .number("recovery", made.tokens.iter().chain(&made.heads).copied())
}
