//! Signed values of the parts of a model as a matrix: layers down, heads or tokens across, one scale about zero.

use super::{Anchor, Area, Colour, Figure, Mark, Palette, Pixels, fit, fresh_key, mono_width, size};

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Map<'a> {
    /// What it shows, in one line.
    pub title: &'a str,
    /// The names of the columns.
    pub columns: &'a [String],
    /// Columns that are named in the accent colour.
    pub marked: &'a [usize],
    /// Values `[layer, column]`, row-major; what is not known yet is not a number.
    pub values: &'a [f32],
    /// The value that full colour stands for, and minus which the opposite colour.
    pub scale: f32,
    /// The numbers under the ends and the middle of the key.
    pub ends: [&'a str; 3],
    /// What the values are.
    pub unit: &'a str,
}

/// Where the cells are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Rows.
    pub layers: usize,
    /// Columns.
    pub columns: usize,
    /// Width and height of a cell, the gap beside it included.
    pub cell: [f32; 2],
    /// All cells.
    pub plot: Area,
    /// Whether column names read upwards.
    pub upright: bool,
}

const LEFT: f32 = 28.0;
const TOP: f32 = 20.0;
const KEY: f32 = 48.0;
const GAP: f32 = 2.0;
const LABEL_MAX: f32 = 88.0;
/// A matrix of more cells is one picture of pixels without gaps.
const MANY: usize = 2048;

impl Layout {
    /// Cells that fit `width` by `height`, at least 10 points high; square where names are as short as a head's.
    pub fn new(layers: usize, columns: &[String], [width, height]: [f32; 2]) -> Self {
        let count = columns.len().max(1);
        let longest = columns.iter().map(|name| mono_width(name, size::SMALL)).fold(0.0, f32::max);
        let step = ((width - LEFT) / count as f32).clamp(1.0, 48.0);
        let upright = longest > step.max(24.0);
        let top = if upright { longest.min(LABEL_MAX) + 10.0 } else { TOP };
        let room = ((height - top - KEY) / layers.max(1) as f32).max(10.0);
        let w = if upright { step } else { step.min(room.max(20.0)) };
        let h = w.clamp(10.0, room.clamp(10.0, 36.0));
        let (w, h) = (if w > 4.0 { w.floor() } else { w }, h.floor());
        let plot = Area { x: LEFT, y: top, w: w * count as f32, h: h * layers as f32 };
        Self { layers, columns: columns.len(), cell: [w, h], plot, upright }
    }

    /// The `(layer, column)` under a point.
    pub fn at(&self, x: f32, y: f32) -> Option<(usize, usize)> {
        let index = |v: f32, step: f32, count: usize| (v >= 0.0).then_some((v / step) as usize).filter(|&i| i < count);
        let layer = index(y - self.plot.y, self.cell[1], self.layers)?;
        Some((layer, index(x - self.plot.x, self.cell[0], self.columns)?))
    }

    /// The cell of a layer and a column, without the gap.
    pub fn area(&self, layer: usize, column: usize) -> Area {
        let [w, h] = self.cell;
        let gap = self.gap();
        Area { x: self.plot.x + column as f32 * w, y: self.plot.y + layer as f32 * h, w: w - gap, h: h - gap }
    }

    /// The size of the picture.
    pub fn size(&self) -> [f32; 2] {
        [self.plot.x + self.plot.w + 8.0, self.plot.y + self.plot.h + KEY]
    }

    fn gap(&self) -> f32 {
        if self.layers * self.columns <= MANY && self.cell[0] >= 8.0 { GAP } else { 0.0 }
    }
}

/// The matrix with the names of layers and columns and a colour key with numbers.
pub fn figure(map: &Map<'_>, palette: &Palette, layout: &Layout) -> Figure {
    let [width, height] = layout.size();
    let mut figure = Figure::new(width.max(LEFT + 300.0), height, palette, map.title);
    let [w, h] = layout.cell;
    let every = (if layout.upright { 14.0 } else { 22.0 } / w).ceil().max(1.0) as usize;
    for (i, name) in map.columns.iter().enumerate().step_by(every) {
        let colour = if map.marked.contains(&i) { palette.accent } else { palette.muted };
        let x = layout.plot.x + (i as f32 + 0.5) * w - layout.gap() / 2.0;
        let (anchor, y) = if layout.upright { (Anchor::Start, -6.0) } else { (Anchor::Middle, -10.0) };
        figure.marks.push(Mark::Text {
            at: [x, layout.plot.y + y],
            text: fit(name, size::SMALL, LABEL_MAX),
            size: size::SMALL,
            colour,
            anchor,
            mono: true,
            upright: layout.upright,
        });
    }
    for layer in (0..layout.layers).step_by((14.0 / h).ceil().max(1.0) as usize) {
        let at = [layout.plot.x - 6.0, layout.plot.y + (layer as f32 + 0.5) * h - layout.gap() / 2.0];
        figure.token(at, format!("L{layer}"), size::SMALL, palette.muted, Anchor::End);
    }
    let colour = |i: usize| shade(palette, map.values.get(i).copied().unwrap_or(f32::NAN), map.scale);
    if layout.gap() > 0.0 {
        for i in 0..layout.layers * layout.columns {
            let area = layout.area(i / layout.columns, i % layout.columns);
            figure.marks.push(Mark::Fill { area, colour: colour(i) });
        }
    } else if layout.columns > 0 {
        let pixels = Pixels::new(fresh_key(), layout.columns, layout.layers, |x, y| colour(y * layout.columns + x));
        figure.marks.push(Mark::Image { area: layout.plot, pixels });
    }
    let area = Area { w: layout.plot.w - layout.gap(), h: layout.plot.h - layout.gap(), ..layout.plot };
    figure.marks.push(Mark::Ring { area, colour: palette.line, width: 1.0 });
    key(&mut figure, map, palette, [layout.plot.x, layout.plot.y + layout.plot.h + 16.0]);
    figure
}

/// What is not known yet looks like a control, not like zero.
fn shade(palette: &Palette, value: f32, scale: f32) -> Colour {
    if value.is_nan() { palette.raised } else { palette.signed(value / scale.max(f32::MIN_POSITIVE)) }
}

/// The colour key from minus to plus the scale.
fn key(figure: &mut Figure, map: &Map<'_>, palette: &Palette, [x, y]: [f32; 2]) {
    let steps = 161;
    let at = |i: usize| i as f32 / (steps - 1) as f32 * 2.0 - 1.0;
    // The bar is linear in the value's square root, as the colours are.
    let value = |i: usize| at(i).signum() * at(i).powi(2) * map.scale;
    let pixels = Pixels::new(fresh_key(), steps, 1, |i, _| shade(palette, value(i), map.scale));
    let bar = Area { x, y: y - 5.0, w: steps as f32, h: 10.0 };
    figure.marks.push(Mark::Image { area: bar, pixels });
    figure.marks.push(Mark::Ring { area: bar, colour: palette.line, width: 1.0 });
    let anchors = [Anchor::Start, Anchor::Middle, Anchor::End];
    for ((text, anchor), share) in map.ends.iter().zip(anchors).zip([0.0, 0.5, 1.0]) {
        figure.token([x + share * bar.w, y + 15.0], *text, size::SMALL, palette.muted, anchor);
    }
    figure.caption([x + bar.w + 12.0, y], map.unit, palette.muted, Anchor::Start);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_finds_the_cell_drawn_there() {
        let heads: Vec<String> = (0..12).map(|h| format!("H{h}")).collect();
        let words: Vec<String> = (0..40).map(|i| format!("unspeakable{i}")).collect();
        let many: Vec<String> = (0..512).map(|i| i.to_string()).collect();
        for columns in [heads, words, many] {
            let layout = Layout::new(12, &columns, [560.0, 500.0]);
            for (layer, column) in [(0, 0), (11, columns.len() - 1), (5, 3)] {
                let Area { x, y, w, h } = layout.area(layer, column);
                assert_eq!(layout.at(x + w / 2.0, y + h / 2.0), Some((layer, column)));
            }
            assert_eq!(layout.at(1.0, 1.0), None);
            let [width, height] = layout.size();
            assert!(width <= 570.0 && height <= 500.0, "{width} x {height}");
        }
    }

    #[test]
    fn what_is_not_known_does_not_look_like_nothing() {
        let palette = Palette::of(true);
        assert_eq!(shade(palette, 0.0, 1.0), palette.background);
        assert_ne!(shade(palette, f32::NAN, 1.0), palette.background);
        assert_eq!(shade(palette, 0.5, 0.5), palette.signed(1.0));
        assert_ne!(shade(palette, 0.5, 0.5), shade(palette, -0.5, 0.5));
    }
}
