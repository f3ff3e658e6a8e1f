//! The seam inside a recurrent layer: its sites are seen a time step at a time, as slices of numbers. A tensor for
//! every gate of every step would cost more than the step itself.

use super::at::At;
use super::edit::{Edit, Edits, set_units};
use super::stop::Control;
use super::want::Want;
use crate::array::Array;
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::ops::Range;

/// How many steps pass between two looks at the stop flag.
const PATIENCE: usize = 64;

/// Watches one direction of one layer over a stretch of time steps.
pub struct Steps<'a> {
    sites: Vec<Watched<'a>>,
    times: Range<usize>,
    control: &'a Control,
}

/// One site of the layer.
struct Watched<'a> {
    at: At,
    units: usize,
    edits: Vec<&'a Edit>,
    /// `[time, unit]`, where somebody wants it.
    kept: Option<Vec<f32>>,
    /// Whether a number that is not finite was seen.
    broken: bool,
}

impl<'a> Steps<'a> {
    pub(super) fn new(
        sites: impl Iterator<Item = (At, usize)>,
        times: Range<usize>,
        want: &Want,
        edits: &'a Edits,
        control: &'a Control,
    ) -> Self {
        let watched = |(at, units)| Watched {
            at,
            units,
            edits: edits.iter().filter(|edit| edit.at() == at).collect(),
            kept: want.has(at).then(|| vec![0.0; times.len() * units]),
            broken: false,
        };
        Self { sites: sites.map(watched).collect(), times: times.clone(), control }
    }

    /// Whether the stop was asked for; to be called at every step, of which it looks at some.
    pub fn check(&self, step: usize) -> Result<()> {
        if step.is_multiple_of(PATIENCE) { self.control.check() } else { Ok(()) }
    }

    /// Shows the values of a site at a step, counted from the beginning of the stretch; the pass goes on with what they
    /// are then.
    #[inline]
    pub fn see(&mut self, site: usize, step: usize, values: &mut [f32]) -> Result<()> {
        let watched = &mut self.sites[site];
        if watched.edits.is_empty() && watched.kept.is_none() {
            return Ok(());
        }
        watched.see(step, self.times.start + step, values)
    }

    /// Whether anybody keeps or changes a site: what costs extra is computed only then.
    pub fn needs(&self, site: usize) -> bool {
        let watched = &self.sites[site];
        watched.kept.is_some() || !watched.edits.is_empty()
    }

    /// Puts what was kept into `kept`, with a batch axis, and the shapes of all sites into `seen`.
    pub(super) fn finish(
        self,
        kept: &mut BTreeMap<At, Array>,
        seen: &mut Vec<(At, Vec<usize>)>,
        broken: &mut Option<At>,
    ) -> Result<()> {
        for watched in self.sites {
            let shape = vec![1, self.times.len(), watched.units];
            if watched.broken && broken.is_none() {
                *broken = Some(watched.at);
            }
            if let Some(values) = watched.kept {
                kept.insert(watched.at, Array::new(watched.at.site.axes(), &shape, values)?);
            }
            seen.push((watched.at, shape));
        }
        Ok(())
    }
}

impl Watched<'_> {
    fn see(&mut self, row: usize, step: usize, values: &mut [f32]) -> Result<()> {
        let at = self.at;
        for edit in &self.edits {
            match edit {
                Edit::SetUnits { unit, steps, value, .. } => set_units(at, values, step, (*unit, *steps), *value)?,
                Edit::Patch { with, .. } => match *with.shape() {
                    [1, times, units] if units == values.len() && step < times => {
                        values.copy_from_slice(with.block(&[0, step]));
                    }
                    ref shape => {
                        let units = values.len();
                        let what = format!("{at} has {units} units at time step {step}, the patch is {shape:?}");
                        return Err(Error::input(what));
                    }
                },
                _ => return Err(Error::input(format!("{at} has no heads to change: set units, or patch it"))),
            }
        }
        if let Some(kept) = &mut self.kept {
            kept[row * self.units..][..self.units].copy_from_slice(values);
        }
        self.broken |= values.iter().any(|x| !x.is_finite());
        Ok(())
    }
}
