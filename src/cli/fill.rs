//! `lexiscope fill`: the words that a model would put where the mask token stands, or after the text.

use super::{Chosen, check_text, plain, print, print_json, say_dropped};
use crate::analysis::predictions::top;
use crate::array::Array;
use crate::engine::{Ask, Opened, Run, lens};
use crate::error::{Error, Result};
use crate::trace::{Control, Place, Site, Want};
use serde::Serialize;
use std::io::{self, Write};

/// Predicts the words behind the mask tokens of a text; a causal model predicts the token after the text.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: Chosen,
    /// The text, with the model's mask token ([MASK] or <mask>) where a word is to be guessed.
    #[arg(long, allow_hyphen_values = true)]
    text: String,
    /// How many words for each place.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..), value_name = "K")]
    top: u32,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(&self) -> Result<()> {
        check_text("--text", &self.text)?;
        let opened = self.model.open()?;
        let guessed = guess(&opened, self.model.ask(&self.text), self.top as usize)?;
        if self.json { print_json(&guessed) } else { print(|out| guessed.write(out)) }
    }
}

/// All guesses about a text.
#[derive(Serialize)]
struct Guesses {
    model: String,
    text: String,
    /// `mask` where the words stand in the place of mask tokens, `next` where one follows the text.
    predicts: &'static str,
    places: Vec<Guess>,
}

/// The guesses for one place.
#[derive(Serialize)]
struct Guess {
    /// The token that is guessed, counted from 0.
    token: usize,
    top: Vec<Word>,
}

#[derive(Serialize)]
struct Word {
    rank: usize,
    piece: String,
    id: u32,
    probability: f64,
}

fn guess(opened: &Opened, ask: Ask, k: usize) -> Result<Guesses> {
    let card = opened.card();
    lens::check(&opened.name, card)?;
    let ask = Ask { want: Want::nothing().and(Place::site(Site::Logits)), ..ask };
    let run = Run::new(opened, &ask, &Control::default())?;
    say_dropped("", &run.tokens);
    let logits = run.logits(Site::Logits).ok_or_else(|| Error::input("the run kept no logits"))?;
    // The token that is guessed, and the row of logits that guesses it.
    let places: Vec<(usize, usize)> = if card.is_causal() {
        let n = run.tokens.len();
        vec![(n, n.saturating_sub(1))]
    } else {
        masks(opened, &run)?.into_iter().map(|i| (i, i)).collect()
    };
    let guess = |(token, row)| Ok(Guess { token, top: words(opened, logits, row, k)? });
    Ok(Guesses {
        model: opened.name.clone(),
        text: ask.text,
        predicts: if card.is_causal() { "next" } else { "mask" },
        places: places.into_iter().map(guess).collect::<Result<_>>()?,
    })
}

/// The positions of the mask tokens.
fn masks(opened: &Opened, run: &Run) -> Result<Vec<usize>> {
    let Some((mask, id)) = opened.tokenizer.mask() else {
        return Err(Error::input(format!("{} has no mask token", opened.name)));
    };
    let found: Vec<usize> = (0..run.tokens.len()).filter(|&i| run.tokens.pieces[i].id == id).collect();
    if found.is_empty() {
        let part = if run.tokens.dropped > 0 { "the part of the text that the model reads" } else { "the text" };
        return Err(Error::input(format!("{part} has no mask token: write {mask} where a word is to be guessed")));
    }
    Ok(found)
}

fn words(opened: &Opened, logits: &Array, row: usize, k: usize) -> Result<Vec<Word>> {
    let logits = logits.block(&[row]);
    if logits.iter().any(|x| !x.is_finite()) {
        return Err(Error::input(format!("the logits of token {row} are not all finite numbers")));
    }
    let word = |(i, p): (usize, crate::analysis::predictions::Prediction)| Word {
        rank: i + 1,
        piece: opened.tokenizer.token(p.id).unwrap_or_default(),
        id: p.id,
        probability: p.probability,
    };
    Ok(top(logits, k).into_iter().enumerate().map(word).collect())
}

impl Guesses {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for (i, guess) in self.places.iter().enumerate() {
            if i > 0 {
                writeln!(out)?;
            }
            match self.predicts {
                "next" => writeln!(out, "next token, after the text (token {})", guess.token)?,
                _ => writeln!(out, "mask token at {}", guess.token)?,
            }
            let pieces: Vec<String> = guess.top.iter().map(|w| plain(&w.piece)).collect();
            let width = pieces.iter().map(|p| p.chars().count()).max().unwrap_or(0).max("piece".len());
            writeln!(out, "{:>4}  {:<width$}  {:<22}  id", "rank", "piece", "probability")?;
            for (word, piece) in guess.top.iter().zip(pieces) {
                writeln!(out, "{:>4}  {piece:<width$}  {:<22}  {}", word.rank, word.probability, word.id)?;
            }
        }
        Ok(())
    }
}
