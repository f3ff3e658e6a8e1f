//! A text as a recurrent model reads it: everything about one direction of one layer, and what follows each token.

use super::levels::Levels;
use super::{Forced, Model};
use crate::analysis::recurrent::saturation;
use crate::engine::recurrent::{Ask, Block, Summary, Task};
use crate::engine::sampler::{Candidate, ranked};
use crate::error::Result;
use crate::figure::fresh_key;
use crate::text::{Piece, Tokens};
use crate::trace::{At, Control, Edit, Edits, Place, Site, Stack, Want};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Words that are kept of what may follow each token.
pub const TOP: usize = 5;

/// What is to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The model's [`Model::id`].
    pub model: u64,
    /// The text.
    pub text: Arc<str>,
    /// The direction.
    pub stack: Stack,
    /// The layer.
    pub layer: usize,
    /// The one site that is kept where all of the layer would take too much memory.
    pub only: Option<Site>,
    /// Gates that are forced.
    pub forced: Vec<Forced>,
}

/// A gate over time.
#[derive(Debug)]
pub struct Gate {
    /// The mean over all cells.
    pub mean: Levels,
    /// For each cell the shares of steps at which it is shut, and open.
    pub shares: Vec<[f32; 2]>,
}

/// What forcing gates changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The root mean square of the differences of the outputs: of the logits, or where there are none of the states of
    /// the last layer.
    pub outputs: f64,
    /// The largest of these differences.
    pub largest: f64,
    /// Bits per token before.
    pub bits: Option<f64>,
}

/// What was read.
#[derive(Debug)]
pub struct Read {
    /// Tells this from every other.
    pub id: u64,
    /// What was asked.
    pub asked: Question,
    /// The tokens.
    pub tokens: Tokens,
    /// What was kept of the layer.
    pub sites: BTreeMap<Site, Levels>,
    /// The gates among them.
    pub gates: BTreeMap<Site, Gate>,
    /// How surprised the model was by each token, in bits; none of a model that predicts nothing.
    pub bits: Option<Levels>,
    /// The likeliest tokens after each token, [`TOP`] of each; none of a model that predicts nothing.
    next: Vec<Candidate>,
    each: usize,
    /// What became of the text.
    pub summary: Summary,
    /// What forcing gates changed.
    pub change: Option<Change>,
    /// Bytes of the text that were left out because there was no room.
    pub left_out: usize,
}

/// The sites of one direction of a layer, with their widths.
pub fn sites(model: &Model, stack: Stack, layer: usize) -> Vec<(Site, usize)> {
    let own =
        |(at, width): (At, usize)| (at.stack == stack && usize::from(at.layer) == layer).then_some((at.site, width));
    model.opened.network.sites().into_iter().filter_map(own).collect()
}

/// Bytes that a step of these sites takes, with its coarser levels.
fn bytes(sites: &[(Site, usize)]) -> u64 {
    sites.iter().map(|(_, width)| *width as u64 * 4 * 5 / 3).sum()
}

impl Question {
    /// The site that alone is kept of a text of this length, if all of the layer are too much.
    pub fn only(model: &Model, stack: Stack, layer: usize, site: Site, length: usize, budget: u64) -> Option<Site> {
        let all = sites(model, stack, layer);
        (bytes(&all).saturating_mul(length as u64) > budget / 2).then_some(site)
    }
}

impl Read {
    /// Reads a text, as much of it as there is room for.
    pub fn of(model: &Model, asked: Question, budget: u64, control: &Control) -> Result<Self> {
        let kept: Vec<(Site, usize)> = sites(model, asked.stack, asked.layer);
        let kept: Vec<(Site, usize)> =
            kept.into_iter().filter(|(site, _)| asked.only.is_none_or(|only| only == *site)).collect();
        // A token has at least a byte.
        let room = (budget / 2 / bytes(&kept).max(1)).max(1);
        let mut end = asked.text.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        while !asked.text.is_char_boundary(end) {
            end -= 1;
        }
        let text = &asked.text[..end];
        let place = |site| Place { stack: Some(asked.stack), layer: Some(asked.layer as u16), site: Some(site) };
        let want = kept.iter().fold(Want::nothing(), |want, (site, _)| want.and(place(*site)));
        let goal = output(model);
        let predicts = model.opened.task == Task::Language;
        let want = if predicts || !asked.forced.is_empty() {
            want.and(Place { stack: Some(goal.stack), layer: Some(goal.layer), site: Some(goal.site) })
        } else {
            want
        };
        let edits = asked.forced.iter().fold(Edits::none(), |edits, forced| edits.and(forced.edit()));
        let before = if asked.forced.is_empty() { None } else { Some(plain(model, text, goal, budget / 4, control)?) };
        let mut difference =
            Difference { before: before.as_ref().map(|(values, _)| values.as_slice()), ..Default::default() };
        let mut pieces: Vec<Piece> = Vec::new();
        let mut found: BTreeMap<Site, Vec<f32>> = BTreeMap::new();
        let (mut bits, mut next, mut each) = (Vec::new(), Vec::new(), 0);
        let ask = Ask { want, edits, budget, ..Ask::new(text) };
        let summary = model.opened.trace(&ask, control, &mut |block: Block| {
            if let Some(array) = block.arrays.get(&goal) {
                difference.add(array.data());
                if predicts {
                    for row in array.data().chunks_exact(array.shape().last().copied().unwrap_or(1).max(1)) {
                        let top = ranked(row, 1.0);
                        each = top.len().min(TOP);
                        next.extend_from_slice(&top[..each]);
                    }
                }
            }
            for (at, array) in &block.arrays {
                if at.stack == asked.stack
                    && usize::from(at.layer) == asked.layer
                    && kept.iter().any(|(s, _)| *s == at.site)
                {
                    found.entry(at.site).or_default().extend_from_slice(array.data());
                }
            }
            pieces.extend(block.tokens);
            bits.extend(block.bits);
            Ok(())
        })?;
        control.check()?;
        let mut sites = BTreeMap::new();
        for (site, width) in kept {
            let values = found.remove(&site).unwrap_or_default();
            sites.insert(site, Levels::new(values, width)?);
        }
        let mut gates = BTreeMap::new();
        for (site, levels) in sites.iter().filter(|(site, _)| is_gate(**site)) {
            gates.insert(*site, Gate { mean: levels.mean()?, shares: saturation::shares(&levels.values) });
        }
        let bits = (predicts && !bits.is_empty()).then(|| Levels::new(bits, 1)).transpose()?;
        let change = before.as_ref().map(|(_, summary)| difference.done(summary.bits_per_token()));
        let left_out = asked.text.len() - end;
        let tokens = Tokens { texts: vec![text.into()], pieces, dropped: 0 };
        Ok(Self { id: fresh_key(), asked, tokens, sites, gates, bits, next, each, summary, change, left_out })
    }

    /// Time steps.
    pub fn times(&self) -> usize {
        self.tokens.pieces.len()
    }

    /// Points that a step usually takes: words need more of them than characters.
    pub fn usual(&self) -> f32 {
        let few = self.tokens.pieces.iter().take(1000);
        let letters: usize = few.clone().map(|piece| piece.piece.chars().count()).sum();
        super::axis::USUAL[usize::from(letters > few.len() * 2)]
    }

    /// The likeliest tokens after a token, the likeliest first.
    pub fn next(&self, step: usize) -> &[Candidate] {
        self.next.get(step * self.each..(step + 1) * self.each).unwrap_or_default()
    }

    /// How surprising a token was, in bits.
    pub fn surprise(&self, step: usize) -> Option<f32> {
        self.bits.as_ref()?.value(step, 0).filter(|bits| !bits.is_nan())
    }

    /// A token as it is drawn: white space has signs of its own.
    pub fn shown(&self, step: usize) -> &str {
        self.tokens.pieces.get(step).map_or("", |piece| shown(&piece.piece))
    }
}

/// A symbol as it is drawn.
pub fn shown(symbol: &str) -> &str {
    match symbol {
        " " => "\u{b7}",
        "\n" => "\u{23ce}",
        "\t" => "\u{21e5}",
        "\r" => "\u{240d}",
        other => other,
    }
}

/// Whether a site is a gate: its values are from 0 to 1.
pub fn is_gate(site: Site) -> bool {
    site.name().starts_with("gate.")
}

/// Where the outputs of a model are: its logits, or the states of its last layer.
fn output(model: &Model) -> At {
    let network = &model.opened.network;
    let logits =
        network.sites().into_iter().map(|(at, _)| at).find(|at| at.stack == Stack::Output && at.site != Site::Mixed);
    logits.unwrap_or_else(|| At::new(Stack::Forward, network.layers.len() - 1, Site::State))
}

/// The outputs without changes; as many as there is room for.
fn plain(model: &Model, text: &str, goal: At, room: u64, control: &Control) -> Result<(Vec<f32>, Summary)> {
    let want = Want::nothing().and(Place { stack: Some(goal.stack), layer: Some(goal.layer), site: Some(goal.site) });
    let (mut values, mut is_full): (Vec<f32>, bool) = (Vec::new(), false);
    let summary = model.opened.trace(&Ask { want, ..Ask::new(text) }, control, &mut |block| {
        if let Some(array) = block.arrays.get(&goal) {
            is_full |= (values.len() + array.data().len()) as u64 * 4 > room;
            if !is_full {
                values.extend_from_slice(array.data());
            }
        }
        Ok(())
    })?;
    Ok((values, summary))
}

/// Adds up the differences of outputs.
#[derive(Default)]
struct Difference<'a> {
    before: Option<&'a [f32]>,
    at: usize,
    squares: f64,
    largest: f64,
}

impl Difference<'_> {
    fn add(&mut self, now: &[f32]) {
        let rest = self.before.and_then(|before| before.get(self.at..)).unwrap_or_default();
        for (a, b) in rest.iter().zip(now) {
            let by = f64::from(b - a).abs();
            self.squares += by * by;
            self.largest = self.largest.max(by);
            self.at += 1;
        }
    }

    fn done(&self, bits: Option<f64>) -> Change {
        Change { outputs: (self.squares / self.at.max(1) as f64).sqrt(), largest: self.largest, bits }
    }
}

impl Forced {
    /// What is changed in the pass.
    pub fn edit(&self) -> Edit {
        let at = At::new(super::stack(self.backward), self.layer, super::site(&self.site));
        Edit::SetUnits { at, unit: None, steps: None, value: self.value }
    }
}
