//! `lexiscope lens`: what every layer, or a head, would predict.

use super::ablate::table_file;
use super::attend::{check_folder, head};
use super::changes::Changes;
use super::{Chosen, about, check_text, progress, say_dropped};
use crate::analysis::predictions::{Prediction, top};
use crate::engine::{Ask, Opened, Run, lens};
use crate::error::{Error, Result};
use crate::export::Table;
use crate::figure::{Caption, head_name};
use std::path::PathBuf;

/// Reads out what the layers of a model would predict if they were its last, or what heads add to the prediction.
///
/// Writes `layer, token, piece, rank, id, word, probability`: the output of every layer through the model's own
/// language-model head (the logit lens); layer -1 is the embeddings, the last layer what the model predicts. With --head
/// or --heads-at there is a column `head` after `layer`, and it is what the head adds, through its slice of the output
/// projection without the bias, that goes the same way. The norms on the way make a small addition as loud as a large
/// one: the words tell the direction of a head, not its strength.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: Chosen,
    /// The text.
    #[arg(long, allow_hyphen_values = true)]
    text: String,
    /// The second text of a pair.
    #[arg(long, allow_hyphen_values = true, value_name = "TEXT")]
    pair: Option<String>,
    #[command(flatten)]
    changes: Changes,
    /// Reads out what this head adds at every token, e.g. 2,5 for L2·H5.
    #[arg(long, value_parser = head, value_name = "LAYER,HEAD", conflicts_with = "heads_at")]
    head: Option<(usize, usize)>,
    /// Reads out what every head adds at this token, counted from 0.
    #[arg(long, value_name = "TOKEN")]
    heads_at: Option<usize>,
    /// How many words for each place.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..), value_name = "K")]
    top: u32,
    /// The file: its extension chooses the format (csv, json, npz).
    #[arg(long, value_parser = table_file)]
    out: PathBuf,
}

/// Words at one place: `(layer, head, token)`.
type Row = (i64, Option<usize>, usize, Vec<Prediction>);

impl Args {
    pub(super) fn run(&self) -> Result<()> {
        check_text("--text", &self.text)?;
        self.pair.as_deref().map_or(Ok(()), |pair| check_text("--pair", pair))?;
        check_folder(&self.out)?;
        let opened = self.model.open()?;
        lens::check(&opened.name, opened.card())?;
        let of_heads = self.head.is_some() || self.heads_at.is_some();
        let want = if of_heads { lens::want_heads() } else { lens::want_layers() };
        let ask = self.changes.of(Ask { pair: self.pair.clone(), want, ..self.model.ask(&self.text) });
        let progress = progress::Line::start();
        let control = progress.control();
        let run = Run::new(&opened, &ask, &control)?;
        say_dropped("", &run.tokens);
        let each = |logits: &[f32]| top(logits, self.top as usize);
        let mut rows: Vec<Row> = Vec::new();
        if let Some((layer, head)) = self.head {
            let (layers, heads) = (run.card.layers, run.card.heads);
            if layer >= layers || head >= heads {
                let name = head_name(layer, head);
                let what = format!("there is no head {name}: the model has {layers} layers of {heads} heads");
                return Err(Error::input(format!("{what}, counted from 0")));
            }
            let found = lens::head(&opened, &run, (layer, head), &control, each)?;
            rows.extend(found.into_iter().enumerate().map(|(t, words)| (layer as i64, Some(head), t, words)));
        } else if let Some(token) = self.heads_at {
            let found = lens::heads(&opened, &run, token, &control, each)?;
            for (layer, heads) in found.into_iter().enumerate() {
                let row = |(head, words)| (layer as i64, Some(head), token, words);
                rows.extend(heads.into_iter().enumerate().map(row));
            }
        } else {
            let found = lens::layers(&opened, &run, &control, each)?;
            for (state, tokens) in found.into_iter().enumerate() {
                rows.extend(tokens.into_iter().enumerate().map(|(t, words)| (state as i64 - 1, None, t, words)));
            }
        }
        drop(progress);
        let caption = Caption::default()
            .and("model", about(&opened))
            .and("text", &self.text)
            .and("second text", self.pair.as_deref().unwrap_or_default())
            .and("changed", ask.changes().join(", "))
            .and("measure", if of_heads { "words of what heads add" } else { "logit lens" });
        table(&opened, &run, &rows, of_heads).write(&caption, &self.out)
    }
}

fn table(opened: &Opened, run: &Run, rows: &[Row], of_heads: bool) -> Table {
    let words = || rows.iter().flat_map(|row| row.3.iter().enumerate().map(move |(i, word)| (row, i + 1, word)));
    let mut table = Table::default().whole("layer", words().map(|(row, ..)| row.0));
    if of_heads {
        table = table.whole("head", words().map(|(row, ..)| row.1.unwrap_or_default()));
    }
    table
        .whole("token", words().map(|(row, ..)| row.2))
        .text("piece", words().map(|(row, ..)| run.tokens.pieces[row.2].piece.as_str()))
        .whole("rank", words().map(|(_, rank, _)| rank))
        .whole("id", words().map(|(.., word)| word.id))
        .text("word", words().map(|(.., word)| opened.tokenizer.token(word.id).unwrap_or_default()))
        .number("probability", words().map(|(.., word)| word.probability))
}
