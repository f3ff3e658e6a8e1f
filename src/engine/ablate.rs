//! Leave one head out: what each head, turned off alone, does to a target.

use super::intervention::With;
use super::opened::Opened;
use super::run::{Ask, Run};
use super::target::Target;
use super::versions::replaced;
use crate::array::Array;
use crate::error::{Error, Result};
use crate::trace::{At, Control, Place, Site, Stack, Want};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one head, turned off alone, does to the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Its layer, counted from 0.
    pub layer: usize,
    /// The head, counted from 0.
    pub head: usize,
    /// [`Target::effect`] of the run without it: negative where the head served the target; not a number where that run
    /// breaks down.
    pub effect: f64,
    /// Where it breaks down.
    pub broken: Option<At>,
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
    /// `[layer, head]`, row-major; not a number where a run breaks down.
    pub effects: Vec<f64>,
    /// Where these runs break down, by layer and head.
    pub broken: BTreeMap<(usize, usize), At>,
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
        let keep = Want::nothing().and(Place { stack: Some(card.stack), ..Place::site(Site::Heads) });
        let before = Arc::new(base(opened, ask, target, keep, control)?);
        let means = match with {
            With::Mean => Some(opened.means(control)?),
            With::Zero => None,
        };
        let (total, quiet, want) = (card.layers * card.heads, control.quiet(), target.want(card));
        let mut made = Self { before, target, with, effects: vec![0.0; total], broken: BTreeMap::new() };
        let mut done = 0;
        for layer in (0..card.layers).rev() {
            let at = made.before.at(layer, Site::Heads);
            let all: Vec<usize> = (0..card.heads).collect();
            for heads in all.chunks(made.before.together()) {
                control.check()?;
                control.report("Leaving one head out", done, total as u64);
                let found_here = if target.is_below(card, layer) {
                    vec![(0.0, None); heads.len()]
                } else {
                    let whole = made.before.array(at)?;
                    let mean = |head: usize| means.as_ref().map(|means| means.heads.block(&[layer, head]));
                    let off = |&head: &usize| replaced(whole, head, |values| silence(values, mean(head)));
                    let versions = heads.iter().map(off).collect::<Result<Vec<_>>>()?;
                    made.measure(opened, at, &versions, &want, &quiet)?
                };
                for (&head, (effect, broken)) in heads.iter().zip(found_here) {
                    made.effects[layer * card.heads + head] = effect;
                    made.broken.extend(broken.map(|at| ((layer, head), at)));
                    found(Effect { layer, head, effect, broken });
                    done += 1;
                }
            }
        }
        control.report("Leaving one head out", total as u64, total as u64);
        Ok(made)
    }

    /// The effects of versions of the run, and where one breaks down.
    fn measure(
        &self,
        opened: &Opened,
        at: At,
        versions: &[Array],
        want: &Want,
        control: &Control,
    ) -> Result<Vec<(f64, Option<At>)>> {
        let runs = self.before.versions(opened, at, versions, want, control)?;
        let is_broken = runs.iter().any(|after| after.broken.is_some());
        if is_broken && versions.len() > 1 {
            // Together they only say that one of them breaks down.
            let alone = |version| self.measure(opened, at, std::slice::from_ref(version), want, control);
            return Ok(versions.iter().map(alone).collect::<Result<Vec<_>>>()?.concat());
        }
        let effect = |after: &Run| match after.broken {
            Some(at) => Ok((f64::NAN, Some(at))),
            None => Ok((self.target.effect(&self.before, after)?, None)),
        };
        runs.iter().map(effect).collect()
    }

    /// Every head's effect, layer by layer.
    pub fn iter(&self) -> impl Iterator<Item = Effect> + '_ {
        let heads = self.before.card.heads.max(1);
        self.effects.iter().enumerate().map(move |(i, &effect)| {
            let (layer, head) = (i / heads, i % heads);
            Effect { layer, head, effect, broken: self.broken.get(&(layer, head)).copied() }
        })
    }
}

/// What a head puts out, `[query, width]`, set to its mean `[width]` or to nothing.
fn silence(values: &mut [f32], mean: Option<&[f32]>) {
    match mean {
        None => values.fill(0.0),
        Some(mean) => values.chunks_exact_mut(mean.len().max(1)).for_each(|row| row.copy_from_slice(mean)),
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
    if let Some((at, _)) = run.arrays.iter().find(|(_, array)| array.not_finite() > 0) {
        return Err(Error::input(format!(
            "the model itself makes numbers of this text that are not finite, first at {at}: nothing can be measured"
        )));
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
