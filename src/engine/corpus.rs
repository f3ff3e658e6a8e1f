//! A model on one text after another, for numbers that are taken over a whole corpus.

use super::opened::Opened;
use super::run::{Ask, Run, in_pool};
use crate::error::{Error, Result};
use crate::trace::{Control, Place, Site, Want};
use rayon::prelude::*;

/// How many texts are on their way between two looks at the stop flag.
const STRIDE: usize = 32;

/// What became of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tour {
    /// How many the model read.
    pub read: usize,
    /// How many hold nothing that it can read.
    pub skipped: usize,
    /// How many lost their end, because they are longer than what it reads.
    pub shortened: usize,
}

/// Runs the model on every text, keeping attention probabilities: [`each_keeping`] them.
pub fn each<T: Send>(
    opened: &Opened,
    texts: &[&str],
    budget: u64,
    control: &Control,
    map: impl Fn(usize, &Run) -> Result<T> + Sync,
    take: impl FnMut(usize, T),
) -> Result<Tour> {
    each_keeping(opened, texts, &Want::nothing().and(Place::site(Site::Probs)), budget, control, map, take)
}

/// Runs the model on every text, keeping `want`, as many at a time as there are processors. `map` turns a run into what
/// is to be known of it, on any thread; `take` gets that in the order of the texts. No more than a few runs are kept at
/// a time.
pub fn each_keeping<T: Send>(
    opened: &Opened,
    texts: &[&str],
    want: &Want,
    budget: u64,
    control: &Control,
    map: impl Fn(usize, &Run) -> Result<T> + Sync,
    mut take: impl FnMut(usize, T),
) -> Result<Tour> {
    // What a single pass reports says nothing about the whole.
    let quiet = Control::new(control.stop.clone(), |_| {});
    let read = |i: usize| -> Result<Option<(T, bool)>> {
        let ask = Ask { want: want.clone(), budget, ..Ask::new(texts[i]) };
        match Run::new(opened, &ask, &quiet) {
            Ok(run) => Ok(Some((map(i, &run)?, run.tokens.dropped > 0))),
            Err(Error::Input { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    };
    let mut tour = Tour::default();
    for first in (0..texts.len()).step_by(STRIDE) {
        control.check()?;
        control.report("Reading the corpus", first as u64, texts.len() as u64);
        let here = first..(first + STRIDE).min(texts.len());
        // A graphics card takes one pass after the other anyway.
        let found: Vec<_> = if opened.device.is_cpu() {
            in_pool(|| here.clone().into_par_iter().with_max_len(1).map(read).collect())
        } else {
            here.clone().map(read).collect()
        };
        for (i, found) in here.zip(found) {
            let Some((part, is_short)) = found? else {
                tour.skipped += 1;
                continue;
            };
            tour.read += 1;
            tour.shortened += usize::from(is_short);
            take(i, part);
        }
    }
    control.report("Reading the corpus", texts.len() as u64, texts.len() as u64);
    Ok(tour)
}
