//! Several versions of one run at once. They differ in what stands at one place, so they go on from there as a batch:
//! weights are read once for all of them.

use super::opened::Opened;
use super::run::{Ask, Run, pass};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::model::{Input, Resume};
use crate::trace::{At, Control, Edit, Edits, Site, Want};
use std::collections::BTreeMap;

/// About as many tokens are computed together: more would only take memory.
const TOKENS: usize = 256;

impl Run {
    /// How many versions of this run are computed together.
    pub(super) fn together(&self) -> usize {
        (TOKENS / self.tokens.len().max(1)).max(1)
    }

    /// For each of `versions` the run in which it stands at `at`, a site of a layer, in place of what this run has there.
    /// Each keeps `want`. Numbers equal those of one pass for each version up to rounding.
    pub(super) fn versions(
        &self,
        opened: &Opened,
        at: At,
        versions: &[Array],
        want: &Want,
        control: &Control,
    ) -> Result<Vec<Self>> {
        let layer = usize::from(at.layer);
        // What stands at the end of a layer is all that the next one reads.
        let (first, hidden) = if at.site == Site::Hidden {
            (layer + 1, Some(Array::stack("batch", versions)?))
        } else {
            let known = self.arrays.get(&self.below(layer));
            let known = known.map(|hidden| Array::stack("batch", &vec![hidden.clone(); versions.len()]));
            (layer, known.transpose()?)
        };
        let own = Input::single(&self.tokens);
        let Some(hidden) = hidden.filter(|_| self.ask.edits.is_empty()) else {
            return versions.iter().map(|version| self.version(opened, at, version, want, control)).collect();
        };
        let each = |rows: &[Vec<u32>]| vec![rows.first().cloned().unwrap_or_default(); versions.len()];
        let resume = Some(Resume { layer: first, hidden });
        let input = Input { ids: each(&own.ids), segments: each(&own.segments), mask: each(&own.mask), resume };
        let floor = self.at(first, Site::Words);
        let mut edits =
            self.ask.edits(opened, control)?.iter().filter(|e| e.at() >= floor).cloned().collect::<Vec<_>>();
        if at.site != Site::Hidden {
            edits.push(Edit::Patch { at, with: Array::stack("batch", versions)? });
        }
        let edits = edits.into_iter().fold(Edits::none(), Edits::and);
        let seen = pass(opened, &input, want, &edits, control)?;
        let run = |(i, version): (usize, &Array)| {
            let mut arrays: BTreeMap<At, Array> = self
                .arrays
                .iter()
                .filter(|(a, _)| **a < floor && want.has(**a))
                .map(|(a, x)| (*a, x.clone()))
                .collect();
            if at < floor && want.has(at) {
                arrays.insert(at, version.clone());
            }
            arrays.extend(seen.arrays.iter().map(|(a, x)| (*a, x.select(i))));
            let edit = Edit::Patch { at, with: Array::stack("batch", std::slice::from_ref(version))? };
            let ask = Ask { want: want.clone(), edits: Edits::none().and(edit), ..self.ask.clone() };
            Ok(self.child(ask, arrays, self.broken.filter(|a| *a < floor).or(seen.broken)))
        };
        versions.iter().enumerate().map(run).collect()
    }

    fn version(&self, opened: &Opened, at: At, version: &Array, want: &Want, control: &Control) -> Result<Self> {
        let with = Array::stack("batch", std::slice::from_ref(version))?;
        self.again(opened, &Edits::none().and(Edit::Patch { at, with }), want, control)
    }
}

/// An array with other values under the index `index` of its first axis.
pub(super) fn replaced(array: &Array, index: usize, change: impl FnOnce(&mut [f32])) -> Result<Array> {
    if index >= array.shape().first().copied().unwrap_or(0) {
        return Err(Error::input(format!("there is no {index} on the first axis of {:?}", array.axes())));
    }
    let mut data = array.data().to_vec();
    let size = array.block(&[index]).len();
    change(&mut data[index * size..][..size]);
    Array::new(array.axes(), array.shape(), data)
}
