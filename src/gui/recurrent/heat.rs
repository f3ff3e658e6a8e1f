//! Cells by time as pixels: no more of them than are seen.

use super::axis::Axis;
use super::levels::Levels;
use crate::figure::shades::{Look, Shades};
use crate::figure::{Palette, Pixels, fresh_key};
use crate::gui::memo::Memo;
use crate::trace::Site;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// What a picture is of: what was read, which cells and steps, in how many pixels, in which theme.
type Key = (u64, Site, Range<usize>, Range<usize>, [usize; 2], bool);

/// What drawing keeps from one frame to the next.
#[derive(Debug, Default)]
pub struct Drawn {
    /// The cells of the shown site.
    pub cells: Memo<Key, Pixels>,
    /// A strip for each gate.
    pub gates: BTreeMap<Site, Memo<Key, Pixels>>,
    /// Where the lines of the text begin, for what was read and how wide they are.
    pub rows: Memo<(u64, u32), Vec<usize>>,
    /// The step at which a brush began.
    pub brushed: Option<usize>,
}

/// The colours of a site: those of gates are from 0 to 1, others have the largest magnitude for full colour, and signs
/// of their own.
pub fn shades(site: Site, levels: &Levels, palette: &Palette) -> Shades {
    let top = if super::read::is_gate(site) { 1.0 } else { levels.most };
    Shades::new(palette, Look::default(), levels.signed, top, &[])
}

/// The visible steps of some cells, a row to each cell, or where there are more than `most` rows the value farthest from
/// zero of those that share one.
pub fn pixels(
    memo: &mut Memo<Key, Pixels>,
    read: u64,
    site: Site,
    levels: &Levels,
    (cells, most): (Range<usize>, usize),
    axis: &Axis,
    palette: &Palette,
) -> Rc<Pixels> {
    let (steps, columns) = axis.columns();
    let rows = cells.len().min(most).max(1);
    let key = (read, site, cells.clone(), steps.clone(), [columns, rows], palette.dark);
    memo.get(key, || {
        let (shades, bucket) = (shades(site, levels, palette), axis.bucket());
        Pixels::new(fresh_key(), columns, rows, |x, y| {
            let from = steps.start + x * bucket;
            let own = cells.start + y * cells.len() / rows..cells.start + (y + 1) * cells.len() / rows;
            let value = levels.farthest(from..from + bucket, own);
            if value.is_finite() { shades.colour(value) } else { palette.error }
        })
    })
}
