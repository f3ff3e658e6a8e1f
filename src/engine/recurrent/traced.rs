//! What a recurrent model does with a text, step by step. A long text is read in blocks, each given to whoever asked and
//! then forgotten; the state goes on from one to the next.

use super::described::Task;
use super::opened::Opened;
use crate::array::Array;
use crate::engine::run::{BUDGET, in_pool};
use crate::error::{Error, Result};
use crate::model::recurrent::{Embedding, Pooling, Reading, Spelled, Speller, States};
use crate::source::symbols::{Skipped, Symbol};
use crate::text::{Piece, Tokens};
use crate::trace::{At, Control, Edits, Trace, Want};
use std::collections::BTreeMap;

/// Time steps of a block.
const BLOCK: usize = 1024;

/// What is asked of a recurrent model.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// The text, read as it is.
    pub text: &'a str,
    /// What is kept.
    pub want: Want,
    /// What is changed on the way.
    pub edits: Edits,
    /// The most bytes that one block may keep, which is the whole text where a model reads in both directions.
    pub budget: u64,
}

impl<'a> Ask<'a> {
    /// The text, with nothing kept and nothing changed.
    pub fn new(text: &'a str) -> Self {
        Self { text, want: Want::nothing(), edits: Edits::none(), budget: BUDGET }
    }
}

/// What a stretch of the text left.
#[derive(Debug, Clone)]
pub struct Block {
    /// The first time step.
    pub from: usize,
    /// The tokens, with their bytes in the text; `piece` is the symbol.
    pub tokens: Vec<Piece>,
    /// What was kept, `[time, unit]`; the logits of a classifier are of the whole text, `[label]`, and come with the
    /// last block.
    pub arrays: BTreeMap<At, Array>,
    /// Of a language model: how surprised it was by each token, in bits; not a number at the first.
    pub bits: Vec<f32>,
}

/// What became of a whole text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Tokens that were read.
    pub tokens: usize,
    /// What of the text was passed over.
    pub skipped: Skipped,
    /// Tokens that were predicted: all but the first of a language model.
    pub predicted: usize,
    /// The sum of their surprises, in bits.
    pub bits: f64,
    /// The first place where a number that is not finite was seen; only what is kept or changed is looked at.
    pub broken: Option<At>,
}

impl Summary {
    /// Bits per token, if any was predicted.
    pub fn bits_per_token(&self) -> Option<f64> {
        (self.predicted > 0).then(|| self.bits / self.predicted as f64)
    }

    /// Two to the power of that.
    pub fn perplexity(&self) -> Option<f64> {
        self.bits_per_token().map(f64::exp2)
    }
}

/// A text with everything that was kept of it.
#[derive(Debug, Clone)]
pub struct Traced {
    /// The tokens.
    pub tokens: Tokens,
    /// What was kept, `[time, unit]`.
    pub arrays: BTreeMap<At, Array>,
    /// See [`Block::bits`].
    pub bits: Vec<f32>,
    /// What became of the text.
    pub summary: Summary,
}

impl Opened {
    /// Reads a text and gives what was kept to `sink`, a block at a time.
    pub fn trace(
        &self,
        ask: &Ask<'_>,
        control: &Control,
        sink: &mut (dyn FnMut(Block) -> Result<()> + Send),
    ) -> Result<Summary> {
        self.check(ask)?;
        let total = ask.text.len() as u64;
        let mut summary = Summary::default();
        let mut before: Option<Vec<f32>> = None;
        let mut states = self.network.start();
        let mut reader = Reader { opened: self, text: ask.text, at: 0 };
        let mut is_empty = true;
        loop {
            control.report("Reading the text", reader.at as u64, total);
            let stretch = reader.next(&mut summary.skipped);
            if stretch.tokens.is_empty() {
                break;
            }
            is_empty = false;
            let kept = ask.want.bytes(self.sites(stretch.tokens.len()));
            if kept > ask.budget {
                return Err(Error::Memory { wanted: kept, budget: ask.budget });
            }
            let from = summary.tokens;
            let quiet = control.quiet();
            let (block, logits) = in_pool(|| self.block(ask, &quiet, stretch, from, &mut states, &mut summary.broken))?;
            let mut block = block;
            summary.tokens += block.tokens.len();
            if let (Task::Language, Some(logits)) = (self.task, logits) {
                block.bits = surprises(&block.tokens, &logits, &mut before);
                let predicted = block.bits.iter().skip(usize::from(from == 0));
                summary.bits += predicted.map(|bits| f64::from(*bits)).sum::<f64>();
                summary.predicted = summary.tokens - 1;
            }
            sink(block)?;
        }
        if is_empty {
            let why = summary.skipped.describe().map(|why| format!(": {why}")).unwrap_or_default();
            return Err(Error::input(format!("there is nothing in the text that the model can read{why}")));
        }
        Ok(summary)
    }

    /// Reads a text and keeps everything that was asked for.
    pub fn run(&self, ask: &Ask<'_>, control: &Control) -> Result<Traced> {
        let mut kept: BTreeMap<At, (Vec<f32>, Vec<usize>)> = BTreeMap::new();
        let (mut pieces, mut bits, mut held) = (Vec::new(), Vec::new(), 0);
        let summary = self.trace(ask, control, &mut |block| {
            held += block.arrays.values().map(Array::bytes).sum::<u64>();
            if held > ask.budget {
                return Err(Error::Memory { wanted: held, budget: ask.budget });
            }
            pieces.extend(block.tokens);
            bits.extend(block.bits);
            for (at, array) in block.arrays {
                let (values, shape) = kept.entry(at).or_insert_with(|| (Vec::new(), vec![0; array.shape().len()]));
                values.extend_from_slice(array.data());
                shape.clone_from_slice(array.shape());
            }
            Ok(())
        })?;
        let arrays = kept.into_iter().map(|(at, (values, mut shape))| {
            let inner: usize = shape.iter().skip(1).product();
            shape[0] = values.len().checked_div(inner).unwrap_or(0);
            Ok((at, Array::new(&axes(at, shape.len()), &shape, values)?))
        });
        let arrays = arrays.collect::<Result<_>>()?;
        let tokens = Tokens { texts: vec![ask.text.into()], pieces, dropped: 0 };
        Ok(Traced { tokens, arrays, bits, summary })
    }

    /// Every place that a pass over so many steps goes through, with its shape.
    pub fn sites(&self, times: usize) -> Vec<(At, Vec<usize>)> {
        let shape = |(at, width)| (at, vec![times, width]);
        self.network.sites().into_iter().map(shape).collect()
    }

    /// Refuses a question that has no answer.
    fn check(&self, ask: &Ask<'_>) -> Result<()> {
        if ask.text.is_empty() {
            return Err(Error::input("the text is empty"));
        }
        if self.symbols.is_none() && !self.spells() {
            let what = "it has no vocabulary, so that no text can be read: put a vocab.json beside its weights, or name \
                        one in a lexiscope.json";
            return Err(Error::unsupported(&self.path, what));
        }
        let sites = self.network.sites();
        if let Some(edit) = ask.edits.iter().find(|edit| sites.iter().all(|(at, _)| *at != edit.at())) {
            return Err(Error::input(format!("{} has no {} to edit", self.name, edit.at())));
        }
        Ok(())
    }

    fn block(
        &self,
        ask: &Ask<'_>,
        control: &Control,
        stretch: Stretch,
        from: usize,
        states: &mut States,
        broken: &mut Option<At>,
    ) -> Result<(Block, Option<Vec<f32>>)> {
        let mut trace = Trace::new(&ask.want, &ask.edits, control, self.network.layers.len());
        let ids: Vec<u32> = stretch.tokens.iter().map(|piece| piece.id).collect();
        let reading = if self.spells() { Reading::Letters(&stretch.letters) } else { Reading::Ids(&ids) };
        let logits = self.network.forward(reading, from, states, &mut trace)?;
        let seen = trace.finish()?;
        *broken = broken.or(seen.broken);
        let pools = self.network.output.as_ref().is_some_and(|output| output.reads != Pooling::Every);
        let arrays = seen.arrays.iter().map(|(at, array)| {
            let is_whole = pools && at.stack == crate::trace::Stack::Output;
            let array = if is_whole { array.squeeze().squeeze() } else { array.squeeze() };
            Ok((*at, Array::new(&axes(*at, array.shape().len()), array.shape(), array.data())?))
        });
        let arrays = arrays.collect::<Result<_>>()?;
        Ok((Block { from, tokens: stretch.tokens, arrays, bits: Vec::new() }, logits))
    }
}

/// The names of the axes of what was kept: time first, or none where it is of the whole text.
fn axes(at: At, rank: usize) -> Vec<&'static str> {
    let last = at.site.axes().last().copied().unwrap_or("unit");
    if rank == 1 { vec![last] } else { vec!["time", last] }
}

/// Tokens that are read at once.
#[derive(Default)]
struct Stretch {
    tokens: Vec<Piece>,
    letters: Vec<Spelled>,
}

/// Reads the text from its beginning on.
struct Reader<'a> {
    opened: &'a Opened,
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    /// What comes next: a block, a sentence where the model spells, or all where it needs the whole text.
    fn next(&mut self, skipped: &mut Skipped) -> Stretch {
        if let Embedding::Letters(speller) = &self.opened.network.embedding {
            return self.sentence(speller);
        }
        let Some(symbols) = &self.opened.symbols else { return Stretch::default() };
        let pools = self.opened.network.output.as_ref().is_some_and(|o| !matches!(o.reads, Pooling::Every));
        let whole = self.opened.network.is_bidirectional() || pools;
        let most = if whole { usize::MAX } else { BLOCK };
        let (found, at) = symbols.split(self.text, self.at, most, skipped);
        self.at = at;
        let piece = |Symbol { id, start, end }| piece(symbols.item(id).to_owned(), id, start..end, false);
        Stretch { tokens: found.into_iter().map(piece).collect(), letters: Vec::new() }
    }

    /// The next line that has anything in it, between the marks of a sentence.
    fn sentence(&mut self, speller: &Speller) -> Stretch {
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            let line = rest.split('\n').next().unwrap_or_default();
            let start = self.at;
            self.at += line.len() + 1;
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.is_empty() {
                continue;
            }
            let mark = |name: &str| piece(name.to_owned(), 0, 0..0, true);
            let place = |word: &str| start + (word.as_ptr() as usize - line.as_ptr() as usize);
            let token = |word: &&str| piece((*word).to_owned(), 0, place(word)..place(word) + word.len(), false);
            let tokens = std::iter::once(mark("<S>")).chain(words.iter().map(token)).chain([mark("</S>")]).collect();
            let spelled = words.iter().map(|word| speller.spell(word));
            let letters = std::iter::once(speller.boundary(0)).chain(spelled).chain([speller.boundary(1)]).collect();
            return Stretch { tokens, letters };
        }
        Stretch::default()
    }
}

fn piece(piece: String, id: u32, bytes: std::ops::Range<usize>, special: bool) -> Piece {
    Piece { piece, id, start: bytes.start, end: bytes.end, text: 0, segment: 0, special, word: None, unknown: false }
}

/// How surprising each token was, in bits, by the logits after the one before it; those after the last are left for the
/// next block.
fn surprises(tokens: &[Piece], logits: &[f32], before: &mut Option<Vec<f32>>) -> Vec<f32> {
    let width = logits.len().checked_div(tokens.len()).unwrap_or(0).max(1);
    let rows: Vec<&[f32]> = logits.chunks_exact(width).collect();
    let bits = |row: &[f32], id: u32| {
        let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|x| f64::from(x - most).exp()).sum();
        let own = row.get(id as usize).copied().unwrap_or(f32::NAN);
        ((sum.ln() - f64::from(own - most)) * std::f64::consts::LOG2_E) as f32
    };
    let found = tokens.iter().enumerate().map(|(i, token)| match i.checked_sub(1) {
        Some(last) => bits(rows[last], token.id),
        None => before.as_ref().map_or(f32::NAN, |row| bits(row, token.id)),
    });
    let found = found.collect();
    *before = rows.last().map(|row| row.to_vec());
    found
}
