//! Lines about the places of a map where words lie densest.

use super::camera::{Place, Sight};
use super::laid::Laid;
use super::picked::Picked;
use super::{Made, Space};
use crate::analysis::density::{Density, SIDE};
use crate::engine::{Engine, Slot};
use crate::error::Result;
use crate::figure::{Colour, Palette, contour};
use crate::gui::made;
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::update::submit;
use crate::trace::Control;
use egui::{Painter, Shape, Stroke};
use std::sync::Arc;

/// The shares of the words that lie within the lines, the smallest first.
const SHARES: [f32; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];
/// How much narrower than by Scott's rule the kernel is, which is made for a single heap: maps have many.
const FACTOR: f32 = 0.6;

/// What lines are of: the map, and what is hidden there.
type Key = (u64, Picked);

/// Lines on a map.
#[derive(Debug)]
pub struct Contours {
    key: Key,
    /// The place of each line among the shares, and where it runs.
    pub lines: Vec<(usize, Vec<Place>)>,
}

impl Contours {
    fn of(laid: &Laid, key: Key, control: &Control) -> Result<Self> {
        let mut places = laid.places.to_vec();
        for point in key.1.rows().iter().filter_map(|&row| laid.point(row)) {
            places[point] = [f32::NAN; 3];
        }
        let mut lines = Vec::new();
        if let Some(density) = Density::of(&places, FACTOR, control)? {
            for (i, share) in SHARES.iter().enumerate().rev() {
                control.check()?;
                for line in contour::lines(&density.values, SIDE, density.level(*share)) {
                    let place = |node| {
                        let [x, y] = density.place(node);
                        [x, y, 0.0]
                    };
                    lines.push((i, line.into_iter().map(place).collect()));
                }
            }
        }
        Ok(Self { key, lines })
    }
}

/// Finds the lines where they are wanted and the map is another.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let Some(laid) = state.space.laid.clone().filter(|laid| laid.question.space == space.id) else { return };
    if !state.scene.space.looks.contours || laid.question.dims != 2 {
        return;
    }
    let key = (laid.id, state.scene.space.hidden.clone());
    if state.space.asked_contours.as_ref() == Some(&key) {
        return;
    }
    state.space.asked_contours = Some(key.clone());
    submit(state, engine, Slot::Contour, "finding contours", move |control| {
        Ok(made::Made::Space(Made::Contours(Arc::new(Contours::of(&laid, key, control)?))))
    });
}

/// The lines of a map, where they are wanted and known.
pub fn known<'a>(state: &'a State, laid: &Laid) -> Option<&'a Arc<Contours>> {
    let is_of = |found: &&Arc<Contours>| found.key.0 == laid.id && laid.question.dims == 2;
    state.space.contours.as_ref().filter(is_of).filter(|_| state.scene.space.looks.contours)
}

/// The colour of a line: the less it holds, the stronger.
pub fn ink(share: usize, palette: &Palette) -> Colour {
    palette.muted.faded(0.75 - 0.12 * share as f32)
}

/// Draws the lines.
pub fn draw(painter: &Painter, sight: &Sight, palette: &Palette, contours: &Contours) {
    for (share, line) in &contours.lines {
        let points: Vec<_> = line.iter().filter_map(|at| sight.at(*at)).collect();
        painter.add(Shape::line(points, Stroke::new(1.0, theme::colour(ink(*share, palette)))));
    }
}
