//! The time axis that all pictures of the workspace share.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Points of a step unless somebody zooms: of characters, and of words.
pub const USUAL: [f32; 2] = [10.0, 44.0];
/// The widest that a step becomes.
const WIDEST: f32 = 96.0;

/// Which part of the text is seen.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Window {
    /// The first step.
    pub from: f32,
    /// Points of a step; the usual ones where it is 0.
    pub wide: f32,
}

impl Window {
    /// The same with every number inside its range.
    pub fn checked(self) -> Self {
        let fine = |x: f32| if x.is_finite() { x.max(0.0) } else { 0.0 };
        Self { from: fine(self.from), wide: fine(self.wide).min(WIDEST) }
    }
}

/// The axis on the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// Where it begins.
    pub left: f32,
    /// How long it is.
    pub width: f32,
    /// The step at its beginning.
    pub from: f32,
    /// Points of a step.
    pub wide: f32,
    /// Steps of the text.
    pub times: usize,
    /// Points of a step unless somebody zooms.
    usual: f32,
}

impl Axis {
    /// The axis for a window on a text, in which a step takes `usual` points unless somebody zooms; it ends where the
    /// text does.
    pub fn new(window: Window, left: f32, width: f32, times: usize, usual: f32) -> Self {
        let least = (width / times.max(1) as f32).min(usual);
        let wide = if window.wide > 0.0 { window.wide } else { usual }.clamp(least, WIDEST);
        let last = (times as f32 - width / wide).max(0.0);
        Self { left, width, from: window.from.clamp(0.0, last), wide, times, usual }
    }

    /// The left edge of a step.
    pub fn x(&self, step: usize) -> f32 {
        self.left + (step as f32 - self.from) * self.wide
    }

    /// The middle of a step.
    pub fn middle(&self, step: usize) -> f32 {
        self.x(step) + self.wide / 2.0
    }

    /// The step at a place.
    pub fn step(&self, x: f32) -> Option<usize> {
        let step = self.from + (x - self.left) / self.wide;
        (x >= self.left && x < self.left + self.width && step >= 0.0 && step < self.times as f32)
            .then_some(step as usize)
    }

    /// The steps of which something is seen.
    pub fn visible(&self) -> Range<usize> {
        let first = self.from.max(0.0) as usize;
        let last = (self.from + self.width / self.wide).ceil() as usize;
        first.min(self.times)..last.min(self.times)
    }

    /// Steps that share a column of pixels: a power of two, so that each is made of whole entries of some level.
    pub fn bucket(&self) -> usize {
        ((1.0 / self.wide).ceil().max(1.0) as usize).next_power_of_two()
    }

    /// The visible columns, each of [`Axis::bucket`] steps: the steps of all of them, and how many there are. They begin
    /// at multiples of the bucket, so that scrolling does not change them.
    pub fn columns(&self) -> (Range<usize>, usize) {
        let (seen, bucket) = (self.visible(), self.bucket());
        let first = seen.start / bucket * bucket;
        let count = (seen.end - first).div_ceil(bucket);
        (first..first + count * bucket, count)
    }

    /// Moved by this many points.
    pub fn moved(self, points: f32) -> Window {
        Window { from: (self.from - points / self.wide).max(0.0), wide: self.wide }
    }

    /// Zoomed about a place.
    pub fn zoomed(self, factor: f32, about: f32) -> Window {
        let least = (self.width / self.times.max(1) as f32).min(self.usual);
        let wide = (self.wide * factor).clamp(least, WIDEST);
        let step = self.from + (about - self.left) / self.wide;
        Window { from: (step - (about - self.left) / wide).max(0.0), wide }
    }

    /// Everything.
    pub fn whole(self) -> Window {
        Window { from: 0.0, wide: (self.width / self.times.max(1) as f32).min(WIDEST) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_found_where_they_are_drawn() {
        let axis = Axis::new(Window { from: 20.0, wide: 8.0 }, 40.0, 400.0, 1000, 10.0);
        for step in axis.visible() {
            assert_eq!(axis.step(axis.middle(step)), Some(step));
        }
        assert_eq!((axis.step(39.0), axis.step(441.0)), (None, None));
        assert_eq!((axis.visible(), axis.bucket()), (20..70, 1));
    }

    #[test]
    fn it_ends_with_the_text_and_zooms_about_the_pointer() {
        let axis = Axis::new(Window { from: 1e9, wide: 0.0 }, 0.0, 500.0, 100_000, 10.0);
        assert_eq!(axis.visible(), 99_950..100_000);
        let about = axis.middle(99_960);
        let near = Axis::new(axis.zoomed(3.0, about), 0.0, 500.0, 100_000, 10.0);
        assert_eq!(near.step(about), Some(99_960));
        let far = Axis::new(axis.whole(), 0.0, 500.0, 100_000, 10.0);
        assert_eq!((far.visible(), far.bucket(), far.columns().1), (0..100_000, 256, 391));
        let short = Axis::new(Window::default(), 0.0, 500.0, 7, 10.0);
        assert_eq!((short.visible(), short.step(400.0)), (0..7, None));
    }
}
