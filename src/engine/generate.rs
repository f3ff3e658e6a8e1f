//! A causal model goes on with a text, token by token.
//!
//! Every step is a forward pass over all tokens so far, and only the last row is read out. A causal model's row does
//! not depend on later tokens, so one pass over the whole text at the end ([`Generated::run`]) shows the attention
//! of every step as it was.

use super::lens;
use super::opened::Opened;
use super::run::{Ask, Run, on_threads, pass, read};
use super::sampler::{Candidate, Random, Sampling, draw, ranked};
use crate::error::{Error, Result};
use crate::model::Input;
use crate::text::{Piece, Tokens};
use crate::trace::{At, Control, Place, Site, Want};
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
}

/// A text that a model went on with.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// What was asked, with the text that came of it.
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

/// Goes on with the text of `ask` by at most `count` tokens, noting the `top` likeliest of each step.
pub fn generate(
    opened: &Opened,
    ask: &Ask,
    count: usize,
    top: usize,
    sampling: &Sampling,
    control: &Control,
) -> Result<Generated> {
    sampling.check()?;
    let card = opened.card();
    lens::check(&opened.name, card)?;
    if !card.is_causal() {
        let what = "its tokens see the ones after them, so it cannot go on with a text: give a causal model (GPT-2)";
        return Err(Error::input(format!("{}: {what}", opened.name)));
    }
    let prompt = read(opened, ask)?;
    if prompt.dropped > 0 {
        let what = format!("the text is {} tokens longer than the {} the model reads", prompt.dropped, card.tokens);
        return Err(Error::input(format!("{what}: shorten it")));
    }
    let last = At::new(card.stack, card.layers.saturating_sub(1), Site::Hidden);
    let want = Want::nothing().and(Place { stack: Some(last.stack), layer: Some(last.layer), site: Some(last.site) });
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
        let seen = pass(opened, &input, &want, &edits, &quiet)?;
        let hidden = seen.arrays.get(&last).ok_or_else(|| Error::input("the pass kept no hidden state"))?;
        let row = hidden.block(&[0, length - 1]);
        let row = Tensor::from_slice(row, (1, 1, row.len()), &opened.device)?;
        let logits = on_threads(opened, || opened.model().read_out(&row, true))?.flatten_all()?.to_vec1::<f32>()?;
        if logits.iter().any(|x| !x.is_finite()) {
            return Err(Error::input(format!("the logits of token {} are not all finite numbers", length - 1)));
        }
        let step = step(&logits, top, sampling, &mut random)?;
        let id = step.id;
        steps.push(step);
        for (row, value) in [(&mut input.ids, id), (&mut input.segments, 0), (&mut input.mask, 1)] {
            row[0].push(value);
        }
        if opened.tokenizer.end() == Some(id) {
            break End::Text;
        }
    };
    let ids: Vec<u32> = steps.iter().map(|step| step.id).collect();
    let count = prompt.len();
    let tokens = go_on(opened, prompt, &ids)?;
    let ask = Ask { text: tokens.texts[0].to_string(), ..ask.clone() };
    Ok(Generated { ask, tokens, prompt: count, steps, end })
}

impl Generated {
    /// The whole text.
    pub fn text(&self) -> &str {
        &self.ask.text
    }

    /// One pass over all tokens, keeping `want`.
    pub fn run(&self, opened: &Opened, want: Want, control: &Control) -> Result<Run> {
        Run::of(opened, &Ask { want, ..self.ask.clone() }, self.tokens.clone(), self.tokens.ids(), control)
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

/// The tokens of a text and those that follow it, which know their bytes in the longer text.
fn go_on(opened: &Opened, mut tokens: Tokens, ids: &[u32]) -> Result<Tokens> {
    let typed = tokens.texts.first().map(ToString::to_string).unwrap_or_default();
    // What ends a text is no part of it.
    let said = ids.strip_suffix(opened.tokenizer.end().as_slice()).unwrap_or(ids);
    let added = opened.tokenizer.decode(said)?;
    // How many bytes of the addition are spelt by the first tokens of it.
    let mut spelt = Vec::with_capacity(ids.len() + 1);
    for count in 0..=ids.len() {
        spelt.push(in_common(&opened.tokenizer.decode(&ids[..count.min(said.len())])?, &added));
    }
    let text = typed.clone() + &added;
    let mut word = tokens.pieces.iter().filter_map(|p| p.word).max();
    let mut before = typed.chars().next_back();
    for (i, &id) in ids.iter().enumerate() {
        let start = spelt[i];
        // A piece that spells part of a character has the whole of it.
        let end = spelt[i + 1..].iter().copied().find(|&end| end > start).unwrap_or(added.len());
        let part = &added[start..end];
        let special = opened.tokenizer.end() == Some(id);
        let fresh = part.chars().next().is_none_or(|first| word.is_none() || begins_word(before, first));
        if !special && fresh && !(i > 0 && spelt[i] == spelt[i - 1]) {
            word = Some(word.map_or(0, |w| w + 1));
        }
        before = part.chars().next_back().or(before);
        let blank = part.len() - part.trim_start().len();
        let start = if blank == part.len() { start } else { start + blank };
        tokens.pieces.push(Piece {
            piece: opened.tokenizer.token(id).unwrap_or_default(),
            id,
            start: if special { 0 } else { typed.len() + start },
            end: if special { 0 } else { typed.len() + end },
            text: 0,
            segment: 0,
            special,
            word: word.filter(|_| !special),
            unknown: false,
        });
    }
    tokens.texts = vec![text.into()];
    Ok(tokens)
}

/// Bytes that two texts have in common from the start, whole characters only.
fn in_common(part: &str, whole: &str) -> usize {
    part.chars().zip(whole.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}

/// Whether GPT-2 splits words between two characters: at spaces, and where letters, digits and other signs meet.
fn begins_word(before: Option<char>, first: char) -> bool {
    let kind = |c: char| (c.is_alphabetic(), c.is_numeric());
    first.is_whitespace() || before.is_none_or(|before| kind(before) != kind(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_where_gpt2_splits_them() {
        for (before, first) in [('a', ' '), ('a', ','), ('1', 'a'), (' ', 'a'), ('a', '\n')] {
            assert!(begins_word(Some(before), first), "{before:?} {first:?}");
        }
        assert!(!begins_word(Some('a'), 'b') && !begins_word(Some('!'), '?'));
    }

    #[test]
    fn a_character_in_parts_counts_once_it_is_whole() {
        assert_eq!(in_common("a\u{fffd}", "a\u{e9}b"), 1);
        assert_eq!(in_common("a\u{e9}", "a\u{e9}b"), 3);
    }
}
