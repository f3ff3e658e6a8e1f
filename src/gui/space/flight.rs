//! The way to a word: it is asked about, and the camera goes there, only ever as the answer to somebody.

use super::camera::Camera;
use super::laid::Laid;
use super::near;
use crate::gui::state::State;
use std::time::{Duration, Instant};

/// How long it takes.
const TIME: Duration = Duration::from_millis(300);
/// Neighbours on the map that are in sight at its end: a fiftieth of all points, but at least and at most so many.
const SEEN: [usize; 2] = [8, 40];
/// How far the farthest of them is from the middle, in parts of half the picture.
const FAR: f32 = 0.6;
/// The closest that it goes.
const CLOSEST: f32 = 300.0;

/// A camera under way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flight {
    from: Camera,
    to: Camera,
    begun: Instant,
}

impl Flight {
    /// Where the camera is after so much time, and whether it has arrived.
    fn after(&self, time: Duration) -> (Camera, bool) {
        let t = (time.as_secs_f32() / TIME.as_secs_f32()).min(1.0);
        if t >= 1.0 {
            return (self.to, true);
        }
        // Slow at both ends.
        let t = t * t * (3.0 - 2.0 * t);
        let (from, to) = (self.from, self.to);
        let zoom = from.zoom * (to.zoom / from.zoom).powf(t);
        // What is seen moves evenly only if the middle follows the zoom.
        let part = if (to.zoom - from.zoom).abs() < 1e-3 * from.zoom {
            t
        } else {
            (1.0 / from.zoom - 1.0 / zoom) / (1.0 / from.zoom - 1.0 / to.zoom)
        };
        let between = |a: f32, b: f32, t: f32| a + (b - a) * t;
        let middle = std::array::from_fn(|k| between(from.middle[k], to.middle[k], part));
        let turn = std::array::from_fn(|k| between(from.turn[k], to.turn[k], t));
        (Camera { middle, zoom, turn }, false)
    }
}

/// Where the camera looks to see a point among its neighbours: never farther off than it is.
fn before(laid: &Laid, point: usize, camera: Camera) -> Camera {
    let at = laid.places[point];
    let seen = (laid.places.len() / 50).clamp(SEEN[0], SEEN[1]);
    let far = laid.tree.nearest(at, seen).last().map_or(0.0, |found| found.square.sqrt() as f32);
    let zoom = if far > 0.0 { (FAR / far).clamp(1.0, CLOSEST) } else { CLOSEST };
    Camera { middle: at, zoom: zoom.max(camera.zoom), ..camera }.checked()
}

/// The word of a row is what is asked about.
pub fn ask(state: &mut State, row: usize) {
    if let Some(space) = state.space.space.as_ref().filter(|space| row < space.vectors.rows.len()) {
        let word = space.vectors.words.get(row);
        state.scene.space.formula = near::quoted(&word);
        let named = space.vectors.words.find(space.vectors.words.bytes_of(row));
        state.scene.space.row = Some(row).filter(|row| named != Some(*row));
    }
}

/// Goes to the next of the words that were found, once they are those that are looked for: first to the one that is
/// written so, if there is one.
pub fn next_found(state: &mut State) {
    let kept = &state.space;
    let text = state.scene.space.find.trim();
    let is_there = kept.asked_find.as_ref().is_some_and(|(_, asked)| *asked == state.scene.space.find);
    let (Some(space), Some(found), true) = (&kept.space, &kept.found, kept.awaited && is_there) else { return };
    if found.text != text {
        return;
    }
    let words = &space.vectors.words;
    let asked = state.scene.space.row.or_else(|| kept.answer.as_ref()?.row);
    let last = asked.filter(|row| found.rows.binary_search(row).is_ok());
    let next = match last {
        Some(last) => found.rows.iter().find(|row| **row > last).or(found.rows.first()),
        None => found.rows.iter().find(|row| words.bytes_of(**row) == text.as_bytes()).or(found.rows.first()),
    };
    let next = next.copied();
    state.space.awaited = false;
    if let Some(row) = next {
        ask_and_go(state, row);
    }
}

/// Asks about the word of a row and moves the map to it.
pub fn ask_and_go(state: &mut State, row: usize) {
    ask(state, row);
    begin(state, row);
}

/// Begins the flight to a row; nothing happens where it has no place on the map.
fn begin(state: &mut State, row: usize) {
    let Some(laid) = &state.space.laid else { return };
    let Some(point) = laid.point(row).filter(|&p| laid.places[p].iter().all(|x| x.is_finite())) else { return };
    let to = before(laid, point, state.scene.space.camera);
    start(state, to);
}

/// Begins the flight to another camera.
pub fn start(state: &mut State, to: Camera) {
    let from = state.scene.space.camera;
    state.space.flight = (from != to).then(|| Flight { from, to, begun: Instant::now() });
}

/// Moves the camera on; called once a frame.
pub fn follow(state: &mut State) {
    if let Some(flight) = state.space.flight {
        let (camera, is_there) = flight.after(flight.begun.elapsed());
        state.scene.space.camera = camera.checked();
        if is_there {
            state.space.flight = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flight_goes_from_one_camera_to_the_other_without_leaps() {
        let from = Camera::default();
        let to = Camera { middle: [0.4, -0.3, 0.0], zoom: 40.0, turn: from.turn };
        let flight = Flight { from, to, begun: Instant::now() };
        assert_eq!(flight.after(Duration::ZERO), (from, false));
        assert_eq!(flight.after(TIME), (to, true));
        let mut last = from;
        for ms in (0..300).step_by(5) {
            let (camera, _) = flight.after(Duration::from_millis(ms));
            assert!(camera.zoom >= last.zoom && camera.zoom / last.zoom < 1.2, "{ms}: {}", camera.zoom);
            // In parts of what is seen, the middle moves a little at a time.
            let by = (camera.middle[0] - last.middle[0]) * camera.zoom;
            assert!((0.0..0.25).contains(&by), "{ms}: {by}");
            last = camera;
        }
    }
}
