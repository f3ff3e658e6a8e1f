//! All layers by heads as thumbnails, on one fixed scale.

use super::legend::{self, Note};
use super::order::Order;
use super::pyramid::{Pool, Pyramid, shrink};
use super::shades::{Look, Shades};
use super::{Anchor, Area, Figure, Mark, Palette, Pixels, fresh_key, percent, short, size};
use crate::analysis::filter::Threshold;
use crate::analysis::sift::Sifted;

/// Where the thumbnails are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Rows.
    pub layers: usize,
    /// Columns.
    pub heads: usize,
    /// Width and height of one thumbnail.
    pub cell: f32,
    /// Between thumbnails, across and down.
    pub gap: [f32; 2],
    /// The first thumbnail's left and top edge.
    pub origin: [f32; 2],
}

/// The usual size of a thumbnail.
pub const USUAL: f32 = 44.0;
const GAP: f32 = 4.0;
/// Between rows where every thumbnail has its own name.
const NAMED: f32 = 16.0;
const LABELS: f32 = 28.0;
const TOP: f32 = 20.0;
/// What the colour bar with its lines takes.
pub const KEY: f32 = 56.0;

impl Layout {
    /// Thumbnails that fill `width`, from 8 to `most` points wide.
    pub fn new(layers: usize, heads: usize, width: f32, most: f32) -> Self {
        let fitting = (width - LABELS) / heads.max(1) as f32 - GAP;
        let cell = fitting.clamp(8.0, most.max(8.0)).floor();
        Self { layers, heads, cell, gap: [GAP, GAP], origin: [LABELS, TOP] }
    }

    /// The same with room for a name over every thumbnail.
    pub fn named(self) -> Self {
        Self { gap: [GAP, NAMED], ..self }
    }

    /// Whether there is room for a name over every thumbnail.
    pub fn is_named(&self) -> bool {
        self.gap[1] >= NAMED
    }

    /// The largest thumbnails of which `layers` rows fit `height`, the key included.
    pub fn most_in(layers: usize, height: f32) -> f32 {
        (height - TOP - KEY) / layers.max(1) as f32 - GAP
    }

    /// The thumbnail in a row and a column.
    pub fn area(&self, row: usize, column: usize) -> Area {
        Area {
            x: self.origin[0] + column as f32 * (self.cell + self.gap[0]),
            y: self.origin[1] + row as f32 * (self.cell + self.gap[1]),
            w: self.cell,
            h: self.cell,
        }
    }

    /// The size of all thumbnails with the gaps after them.
    fn extent(&self) -> [f32; 2] {
        [self.heads as f32 * (self.cell + self.gap[0]), self.layers as f32 * (self.cell + self.gap[1])]
    }

    /// The size of the picture.
    pub fn size(&self) -> [f32; 2] {
        let [width, height] = self.extent();
        [self.origin[0] + width, self.origin[1] + height + KEY]
    }
}

/// What is drawn.
#[derive(Clone, Copy)]
pub struct Grid<'a> {
    /// The numbers.
    pub sifted: &'a Sifted,
    /// Their levels.
    pub pyramid: &'a Pyramid,
    /// Which head is where.
    pub order: &'a Order,
    /// Whether every head has its own maximum.
    pub stretch: bool,
}

impl Grid<'_> {
    /// The place of a head in the pyramid.
    pub fn index(&self, (layer, head): (usize, usize)) -> usize {
        layer * self.sifted.heads().max(1) + head
    }

    /// The number that full colour stands for in a head.
    pub fn unit(&self, head: (usize, usize)) -> f32 {
        let largest = self.pyramid.largest(self.index(head));
        if self.stretch && largest > 0.0 { largest } else { self.sifted.unit() }
    }

    /// The colours of all heads: square root, up to the number that holds for all.
    pub fn shades(&self, palette: &Palette) -> Shades {
        Shades::new(palette, Look::default(), self.sifted.weights.meaning.is_signed(), self.sifted.unit(), &[])
    }

    /// Which values of each row pass, in a few words; nothing where all do.
    fn threshold(&self) -> String {
        match self.sifted.filter.threshold {
            _ if self.sifted.passed().is_none() => String::new(),
            Threshold::Mass(share) => format!("top {}", percent(share)),
            Threshold::AtLeast(least) => format!("at least {}", short(least)),
            Threshold::Top(count) => format!("{count} of a row"),
        }
    }

    /// A head on `side` by `side` pixels; `None` where there is nothing of it.
    fn small(&self, head: (usize, usize), side: usize) -> Option<Vec<f32>> {
        let n = self.sifted.len();
        // The finest level that does not have many more entries than pixels: exact where there are few cells.
        let level = (0..self.pyramid.last()).find(|&level| self.pyramid.side(level) <= 4 * side);
        let (values, across) = match level.unwrap_or(self.pyramid.last()) {
            0 => (self.sifted.head(head.0, head.1), n),
            level => (self.pyramid.values(self.index(head), level).into(), self.pyramid.side(level)),
        };
        (across > 0 && values.len() == across * across).then(|| shrink(&values, across, side, self.pyramid.pool))
    }

    /// What the colour bar says, line by line: what the numbers are, for whom the scale holds, what is left out.
    /// `pooled` says what one pixel stands for, where it stands for several cells.
    pub fn note(&self, pooled: Option<&str>) -> Note {
        let what = if self.stretch { "each head to its own maximum" } else { "same for all heads" };
        let pooled = pooled.map_or_else(String::new, |pooled| format!(", {pooled}"));
        let mut lines = vec![format!("{}, square root", self.sifted.weights.label()), format!("{what}{pooled}")];
        // Where nothing is left out, nothing needs saying.
        let left_out = [self.sifted.left_out(), self.threshold()];
        let left_out: Vec<&str> = left_out.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        if !left_out.is_empty() {
            lines.push(left_out.join(", "));
        }
        Note { most: self.stretch.then(|| "max".to_owned()), lines }
    }
}

/// The grid of a run under a meaning. `scale` is how many pixels a point has. Thumbnails with more cells than pixels
/// show the largest weight under each pixel, so that thin stripes survive, or the mean; the key says so.
pub fn figure(grid: &Grid<'_>, palette: &Palette, layout: &Layout, scale: f32) -> Figure {
    let [width, height] = layout.size();
    let title = format!("{}, {} layers x {} heads", grid.sifted.weights.label(), layout.layers, layout.heads);
    let mut figure = Figure::new(width, height, palette, title);
    names(&mut figure, grid, palette, layout);
    let n = grid.sifted.len();
    let pixels = ((layout.cell * scale).round() as usize).max(1);
    let [w, h] = layout.extent();
    figure.marks.push(Mark::Image {
        area: Area { x: layout.origin[0], y: layout.origin[1], w, h },
        pixels: atlas(grid, palette, layout, pixels, scale),
    });
    for row in 0..layout.layers {
        for column in 0..layout.heads {
            figure.marks.push(Mark::Ring { area: layout.area(row, column), colour: palette.line, width: 1.0 });
        }
    }
    let pooled = match grid.pyramid.pool {
        Pool::Max => "max per pixel",
        Pool::Mean => "mean per pixel",
    };
    let note = grid.note((n > pixels).then_some(pooled));
    let at = [layout.origin[0], height - KEY + 16.0];
    legend::draw(&mut figure, palette, at, &grid.shades(palette), &note);
    figure
}

/// `L0…` at the left and `H0…` along the top, or over every thumbnail where each row has its own order.
fn names(figure: &mut Figure, grid: &Grid<'_>, palette: &Palette, layout: &Layout) {
    // Where thumbnails are narrower than their labels, only every second or fourth is written.
    let every = if layout.cell >= 22.0 {
        1
    } else if layout.cell >= 12.0 {
        2
    } else {
        4
    };
    let plain = grid.order.has_plain_columns();
    for row in 0..if plain { layout.layers.min(1) } else { layout.layers } {
        let named = if grid.sifted.weights.meaning.has_heads() { layout.heads } else { 0 };
        for column in (0..named).filter(|column| column % every == 0) {
            let area = layout.area(row, column);
            let up = if plain { 10.0 } else { 8.0 };
            let text = format!("H{}", grid.order.head(row, column).1);
            figure.token([area.x + area.w / 2.0, area.y - up], text, size::SMALL, palette.muted, Anchor::Middle);
        }
    }
    let every = if layout.cell + layout.gap[1] >= 16.0 { 1 } else { 2 };
    for row in (0..layout.layers).filter(|row| row % every == 0) {
        let area = layout.area(row, 0);
        let text = format!("L{}", grid.order.head(row, 0).0);
        figure.token([area.x - 6.0, area.y + area.h / 2.0], text, size::SMALL, palette.muted, Anchor::End);
    }
}

/// All thumbnails in one picture, gaps included: one texture for the whole model.
fn atlas(grid: &Grid<'_>, palette: &Palette, layout: &Layout, cell: usize, scale: f32) -> Pixels {
    let step = layout.gap.map(|gap| ((layout.cell + gap) * scale).round() as usize);
    let (width, height) = (layout.heads * step[0], layout.layers * step[1]);
    let shades = grid.shades(palette);
    let back = palette.background;
    let mut rgb: Vec<u8> = [back.0, back.1, back.2].repeat(width * height);
    for row in 0..layout.layers {
        for column in 0..layout.heads {
            let head = grid.order.head(row, column);
            let Some(small) = grid.small(head, cell) else { continue };
            let share = grid.sifted.unit() / grid.unit(head);
            for (y, line) in small.chunks_exact(cell).enumerate() {
                let start = ((row * step[1] + y) * width + column * step[0]) * 3;
                for (pixel, &w) in rgb[start..][..cell * 3].chunks_exact_mut(3).zip(line) {
                    let c = shades.colour(w * share);
                    pixel.copy_from_slice(&[c.0, c.1, c.2]);
                }
            }
        }
    }
    Pixels { key: fresh_key(), width, height, rgb: rgb.into() }
}

/// One level of all heads in one picture, entry for entry, in the order of rows and columns: what a view that zooms
/// draws where heads are small.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The level; 0 is every cell.
    pub level: usize,
    /// Rows and columns of each head.
    pub side: usize,
    /// All heads without gaps.
    pub pixels: Pixels,
}

/// The longest side of the finest [`Overview`], in pixels.
const OVERVIEW: usize = 1024;

impl Overview {
    /// Draws every level from the finest that fits on: whatever a view zooms to, it shows whole entries of a level.
    pub fn levels(grid: &Grid<'_>, palette: &Palette) -> Vec<Self> {
        let heads = grid.sifted.layers().max(grid.sifted.heads());
        let fits = |&level: &usize| grid.pyramid.side(level) * heads <= OVERVIEW;
        let last = grid.pyramid.last();
        let finest = (0..last).find(fits).unwrap_or(last);
        (finest..=last).map(|level| Self::new(grid, palette, level)).collect()
    }

    fn new(grid: &Grid<'_>, palette: &Palette, level: usize) -> Self {
        let (rows, columns) = (grid.sifted.layers(), grid.sifted.heads());
        let side = grid.pyramid.side(level);
        let width = columns * side;
        let mut rgb = vec![0; 3 * width * rows * side];
        for row in 0..rows {
            for column in 0..columns {
                let head = level_rgb(grid, palette, grid.order.head(row, column), level);
                for (y, line) in head.chunks_exact(3 * side.max(1)).enumerate() {
                    let start = 3 * ((row * side + y) * width + column * side);
                    rgb[start..][..line.len()].copy_from_slice(line);
                }
            }
        }
        Self { level, side, pixels: Pixels { key: fresh_key(), width, height: rows * side, rgb: rgb.into() } }
    }

    /// Where a head is in the picture: left, top, right and bottom as shares of it.
    pub fn part(&self, row: usize, column: usize) -> [f32; 4] {
        let (w, h) = (self.pixels.width.max(1) as f32, self.pixels.height.max(1) as f32);
        let at = |i: usize, whole: f32| (i * self.side) as f32 / whole;
        [at(column, w), at(row, h), at(column + 1, w), at(row + 1, h)]
    }
}

/// One level of one head as pixels, row-major red, green, blue; empty where there is nothing of it.
pub fn level_rgb(grid: &Grid<'_>, palette: &Palette, head: (usize, usize), level: usize) -> Vec<u8> {
    let shades = grid.shades(palette);
    if level > 0 {
        return grid.pyramid.rgb(grid.index(head), level, &shades, grid.stretch);
    }
    let cells = grid.sifted.head(head.0, head.1);
    if cells.len() != grid.pyramid.n * grid.pyramid.n {
        return Vec::new();
    }
    let share = grid.sifted.unit() / grid.unit(head);
    cells
        .iter()
        .flat_map(|&w| {
            let c = shades.colour(w * share);
            [c.0, c.1, c.2]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbnails_fill_the_width_and_stay_apart() {
        let plain = Layout::new(4, 8, 400.0, USUAL);
        for layout in [plain, plain.named()] {
            let [width, height] = layout.size();
            assert!(width <= 400.0, "{width}");
            let (first, last) = (layout.area(0, 0), layout.area(3, 7));
            assert!(layout.area(0, 1).x >= first.x + first.w + GAP && layout.area(1, 0).y >= first.y + first.h + GAP);
            assert!(last.x + last.w <= width && last.y + last.h <= height - KEY);
        }
    }
}
