//! `lexiscope generate`: a causal model goes on with a text.

use super::attend::check_folder;
use super::changes::Changes;
use super::{Chosen, about, check_text, print, print_json, progress, say};
use crate::engine::Opened;
use crate::engine::generate::{End, Generated, generate};
use crate::engine::sampler::Sampling;
use crate::error::Result;
use crate::export::{self, Format, Reading};
use crate::figure::{Caption, Palette};
use crate::trace::Want;
use clap::builder::{PathBufValueParser, TypedValueParser};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;

/// Goes on with a text, token by token, and prints the whole of it.
///
/// The order is temperature, top-k, top-p. Random numbers come from `SplitMix64`: the same seed gives the same text
/// everywhere. With --out, the attention of the whole text goes to a file as `attend` writes it: a causal model's row does
/// not depend on later tokens, so that every row is as it was when its token was read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: Chosen,
    /// The text to go on with.
    #[arg(long, allow_hyphen_values = true)]
    text: String,
    #[command(flatten)]
    changes: Changes,
    /// How many tokens are added at most.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    tokens: u32,
    /// What logits are divided by; 0 always takes the likeliest token.
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true, value_name = "T")]
    temperature: f64,
    /// How many of the likeliest tokens are left to draw from; 0 leaves all.
    #[arg(long, default_value_t = 0, value_name = "K")]
    top_k: usize,
    /// The share that the likeliest tokens that are left must reach; 1 leaves all.
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true, value_name = "P")]
    top_p: f64,
    /// Where the random numbers begin.
    #[arg(long, default_value_t = 0, value_name = "S")]
    seed: u64,
    /// Prints JSON with every step: token, probability, how likely it was drawn, the likeliest tokens.
    #[arg(long)]
    json: bool,
    /// How many of the likeliest tokens of each step are in the JSON.
    #[arg(long, default_value_t = 5, value_name = "K")]
    top: u32,
    /// Writes the attention of the whole text too: the extension chooses the format (npz, safetensors, json, csv, svg,
    /// png).
    #[arg(long, value_parser = PathBufValueParser::new().try_map(|path| Format::of(&path).map(|_| path)))]
    out: Option<PathBuf>,
}

impl Args {
    /// What contradicts itself in these arguments.
    pub(super) fn misuse(&self) -> Option<String> {
        self.sampling().check().err().map(|e| e.to_string())
    }

    fn sampling(&self) -> Sampling {
        let &Self { temperature, top_k, top_p, seed, .. } = self;
        Sampling { temperature, top_k, top_p, seed }
    }

    pub(super) fn run(&self) -> Result<()> {
        check_text("--text", &self.text)?;
        let sampling = self.sampling();
        self.out.as_deref().map_or(Ok(()), check_folder)?;
        let opened = self.model.open()?;
        let progress = progress::Line::start();
        let control = progress.control();
        let ask = self.changes.of(self.model.ask(&self.text));
        let made = generate(&opened, &ask, self.tokens as usize, self.top as usize, &sampling, &control, |_| {})?;
        let run = self.out.is_some().then(|| made.run(&opened, Want::attention(), &control)).transpose()?;
        drop(progress);
        if made.end == End::Limit {
            say(&format!("note: the model reads at most {} tokens, so it ends there", opened.card().tokens));
        }
        if let (Some(run), Some(out)) = (run, &self.out) {
            let caption = Caption::default().and("model", about(&opened)).and("text", made.text());
            let caption = caption.and("changed", ask.changes().join(", ")).and("generated", {
                let Sampling { temperature, top_k, top_p, seed } = sampling;
                let drawn = format!("temperature {temperature}, top-k {top_k}, top-p {top_p}, seed {seed}");
                format!("{} tokens, {drawn}", made.steps.len())
            });
            let (keep, palette, reading) = (Want::nothing(), Palette::of(false), Reading::default());
            let choice = export::Choice { keep: &keep, head: None, reading, palette, caption, about: false };
            export::write(&Arc::new(run), &choice, out)?;
        }
        if self.json {
            return print_json(&Printed::of(&opened, &self.text, &sampling, &made));
        }
        print(|out| writeln!(out, "{}", made.text()))
    }
}

/// Everything about a generated text, in the order of the JSON.
#[derive(Serialize)]
struct Printed<'a> {
    model: &'a str,
    prompt: &'a str,
    text: &'a str,
    #[serde(flatten)]
    sampling: Sampling,
    /// `asked`: all tokens are there; `text`: the model ended the text; `limit`: it reads no more tokens; `stopped`: somebody
    /// asked for a stop.
    ended: &'static str,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    /// Its position in the whole text, counted from 0.
    token: usize,
    piece: String,
    id: u32,
    /// The model's own probability.
    probability: f64,
    /// The probability with which it was drawn.
    drawn: f64,
    top: Vec<Word>,
}

#[derive(Serialize)]
struct Word {
    piece: String,
    id: u32,
    probability: f64,
}

impl<'a> Printed<'a> {
    fn of(opened: &'a Opened, prompt: &'a str, sampling: &Sampling, made: &'a Generated) -> Self {
        let piece = |id: u32| opened.tokenizer.token(id).unwrap_or_default();
        let step = |(i, step): (usize, &crate::engine::generate::Step)| Step {
            token: made.prompt + i,
            piece: piece(step.id),
            id: step.id,
            probability: step.probability,
            drawn: step.drawn,
            top: step
                .top
                .iter()
                .map(|word| Word { piece: piece(word.id), id: word.id, probability: word.probability })
                .collect(),
        };
        Self {
            model: &opened.name,
            prompt,
            text: made.text(),
            sampling: *sampling,
            ended: match made.end {
                End::Asked => "asked",
                End::Text => "text",
                End::Limit => "limit",
                End::Stopped => "stopped",
            },
            steps: made.steps.iter().enumerate().map(step).collect(),
        }
    }
}
