//! A causal model goes on with a text, token by token.
//!
//! Every step is a forward pass over all tokens so far, and only the last row is read out. A causal model's row does
//! not depend on later tokens, so one pass over the whole text at the end ([`Generated::run`]) shows the attention
//! of every step as it was.

use super::continued::Continued;
use super::lens;
use super::opened::Opened;
use super::run::{Ask, Run, on_threads, pass, read};
use super::sampler::{Candidate, Random, Sampling, draw, ranked};
use crate::error::{Error, Result};
use crate::model::Input;
use crate::text::Tokens;
use crate::trace::{At, Control, Site, Want};
use candle_core::Tensor;

/// One generated token.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its vocabulary row.
    pub id: u32,
    /// The probability that the model gave it, 0 to 1, before temperature and filters.
    pub probability: f64,
    /// The probability with which it was drawn.
    pub drawn: f64,
    /// What the model found likeliest here, before temperature and filters.
    pub top: Vec<Candidate>,
}

/// Why no further token came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As many as were asked for are there.
    Asked,
    /// The model ended the text; the token that says so is the last one.
    Text,
    /// The model reads no more tokens.
    Limit,
    /// Somebody asked for a stop.
    Stopped,
}

/// A text that a model went on with.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// What was asked, with the text that came of it and the tokens that make it up.
    pub ask: Ask,
    /// All tokens; the first [`Generated::prompt`] are those of the text that was given.
    pub tokens: Tokens,
    /// How many tokens were given.
    pub prompt: usize,
    /// The tokens that were generated, in order.
    pub steps: Vec<Step>,
    /// Why it ended.
    pub end: End,
}

/// Goes on with the text of `ask` by at most `count` tokens, noting the `top` likeliest of each step. `found` hears of
/// every step as it is made; a stop ends the text with the steps that are there.
pub fn generate(
    opened: &Opened,
    ask: &Ask,
    count: usize,
    top: usize,
    sampling: &Sampling,
    control: &Control,
    mut found: impl FnMut(&Step),
) -> Result<Generated> {
    sampling.check()?;
    let card = opened.card();
    lens::check(&opened.name, card)?;
    if !card.is_causal() {
        let what = "its tokens see the ones after them, so it cannot go on with a text: give a causal model (GPT-2)";
        return Err(Error::input(format!("{}: {what}", opened.name)));
    }
    if ask.pair.is_some() {
        return Err(Error::input("a model goes on with one text: take the second sentence away"));
    }
    let prompt = read(opened, ask)?;
    if prompt.dropped > 0 {
        let what = format!("the text is {} tokens longer than the {} the model reads", prompt.dropped, card.tokens);
        return Err(Error::input(format!("{what}: shorten it")));
    }
    let last = At::new(card.stack, card.layers.saturating_sub(1), Site::Hidden);
    let want = lens::want_last(card);
    let edits = ask.edits(opened, control)?;
    let mut random = Random::new(sampling.seed);
    let mut input = Input::single(&prompt);
    let mut steps = Vec::new();
    // The steps are what is reported, not the layers of each pass.
    let quiet = Control::new(control.stop.clone(), |_| {});
    let end = loop {
        if steps.len() == count {
            break End::Asked;
        }
        let length = prompt.len() + steps.len();
        if length == card.tokens {
            break End::Limit;
        }
        control.report("Generating", steps.len() as u64, count as u64);
        let seen = match pass(opened, &input, &want, &edits, &quiet) {
            Err(error) if error.is_stopped() && !steps.is_empty() => break End::Stopped,
            seen => seen?,
        };
        let hidden = seen.arrays.get(&last).ok_or_else(|| Error::input("the pass kept no hidden state"))?;
        let row = hidden.block(&[0, length - 1]);
        let row = Tensor::from_slice(row, (1, 1, row.len()), &opened.device)?;
        let logits = on_threads(opened, || opened.model().read_out(&row, true))?.flatten_all()?.to_vec1::<f32>()?;
        if logits.iter().any(|x| !x.is_finite()) {
            return Err(Error::input(format!("the logits of token {} are not all finite numbers", length - 1)));
        }
        let step = step(&logits, top, sampling, &mut random)?;
        let id = step.id;
        found(&step);
        steps.push(step);
        for (row, value) in [(&mut input.ids, id), (&mut input.segments, 0), (&mut input.mask, 1)] {
            row[0].push(value);
        }
        if opened.tokenizer.end() == Some(id) {
            break End::Text;
        }
    };
    let mut continued = match &ask.continued {
        Some(before) if before.tokens(opened, &ask.text)?.is_some() => before.clone(),
        _ => Continued { from: ask.text.len(), ids: Vec::new() },
    };
    continued.ids.extend(steps.iter().map(|step| step.id));
    let whole = continued.after(opened, &ask.text[..continued.from])?;
    let ask = Ask { text: whole.texts[0].to_string(), continued: Some(continued), ..ask.clone() };
    let tokens = read(opened, &ask)?;
    Ok(Generated { ask, tokens, prompt: prompt.len(), steps, end })
}

impl Generated {
    /// The whole text.
    pub fn text(&self) -> &str {
        &self.ask.text
    }

    /// One pass over all tokens, keeping `want`.
    pub fn run(&self, opened: &Opened, want: Want, control: &Control) -> Result<Run> {
        Run::new(opened, &Ask { want, ..self.ask.clone() }, control)
    }
}

fn step(logits: &[f32], top: usize, sampling: &Sampling, random: &mut Random) -> Result<Step> {
    let drawn = draw(&sampling.keep(logits), random.point());
    let drawn = drawn.ok_or_else(|| Error::input("the model's vocabulary is empty"))?;
    let mut all = ranked(logits, 1.0);
    let own = all.iter().find(|c| c.id == drawn.id).map_or(0.0, |c| c.probability);
    all.truncate(top);
    Ok(Step { id: drawn.id, probability: own, drawn: drawn.probability, top: all })
}
