//! Leave one head out: what each head, turned off alone, does to a target.

use super::intervention::{Off, With};
use super::opened::Opened;
use super::run::{Ask, Run};
use super::target::Target;
use crate::error::{Error, Result};
use crate::trace::{At, Control, Edits, Place, Site, Stack, Want};
use std::sync::Arc;

/// What one head, turned off alone, does to the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Its layer, counted from 0.
    pub layer: usize,
    /// The head, counted from 0.
    pub head: usize,
    /// [`Target::effect`] of the run without it: negative where the head served the target.
    pub effect: f64,
}

/// The effects of all heads of a model on one text.
#[derive(Debug, Clone)]
pub struct Ablation {
    /// The run with every head in place.
    pub before: Arc<Run>,
    /// What the heads are judged by.
    pub target: Target,
    /// What a head that is off puts out.
    pub with: With,
    /// `[layer, head]`, row-major.
    pub effects: Vec<f64>,
}

impl Ablation {
    /// Turns off each head alone, on top of what `ask` changes already. `found` hears of every head as its effect is
    /// known: the last layer comes first, because there is least to compute above it.
    pub fn new(
        opened: &Opened,
        ask: &Ask,
        target: Target,
        with: With,
        control: &Control,
        mut found: impl FnMut(Effect),
    ) -> Result<Self> {
        let card = opened.card();
        let before = Arc::new(base(opened, ask, target, Want::nothing(), control)?);
        if with == With::Mean {
            opened.means(control)?;
        }
        let (total, quiet) = (card.layers * card.heads, control.quiet());
        let want = target.want(card);
        let mut effects = vec![0.0; total];
        let order = (0..card.layers).rev().flat_map(|l| (0..card.heads).map(move |h| (l, h)));
        for (done, (layer, head)) in order.enumerate() {
            control.report("Leaving one head out", done as u64, total as u64);
            let off = Off { layer, head, with };
            let effect = if target.is_below(card, layer) {
                control.check()?;
                0.0
            } else {
                let after = before.again(opened, &Edits::none().and(off.edit(opened, &quiet)?), &want, &quiet)?;
                effect(target, &before, &after)?
            };
            effects[layer * card.heads + head] = effect;
            found(Effect { layer, head, effect });
        }
        control.report("Leaving one head out", total as u64, total as u64);
        Ok(Self { before, target, with, effects })
    }

    /// Every head's effect, layer by layer.
    pub fn iter(&self) -> impl Iterator<Item = Effect> + '_ {
        let heads = self.before.card.heads.max(1);
        self.effects.iter().enumerate().map(move |(i, &effect)| Effect { layer: i / heads, head: i % heads, effect })
    }
}

/// The run that changes start from: it keeps what every layer reads, what the target is made of, and `more`.
pub(super) fn base(opened: &Opened, ask: &Ask, target: Target, more: Want, control: &Control) -> Result<Run> {
    let card = opened.card();
    target.check(card, super::run::read(opened, ask)?.len())?;
    let hidden = |stack| Place { stack: Some(stack), ..Place::site(Site::Hidden) };
    let want = more.and(hidden(Stack::Embeddings)).and(hidden(card.stack)).and(target.place(card));
    let run = Run::new(opened, &Ask { want, ..ask.clone() }, control)?;
    if let Some(at) = run.broken {
        return Err(broken(at));
    }
    Ok(run)
}

/// [`Target::effect`], with the site named at which an edited pass broke down.
pub(super) fn effect(target: Target, before: &Run, after: &Run) -> Result<f64> {
    match after.broken {
        Some(at) => Err(broken(at)),
        None => target.effect(before, after),
    }
}

fn broken(at: At) -> Error {
    Error::input(format!("the change makes numbers that are not finite, first at {at}"))
}
