//! Words in a table whose cells are coloured by probability: what layers, heads or tokens would predict.

use super::colour::Map;
use super::shades::{Look, Shades};
use super::{Anchor, Area, Figure, Mark, Palette, fit, legend, mono_width, percent, size};

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a> {
    /// What it shows, in one line.
    pub title: &'a str,
    /// The names of the rows.
    pub rows: &'a [String],
    /// The names of the columns.
    pub columns: &'a [String],
    /// Words with their probabilities, row-major; a cell without a word is empty.
    pub cells: &'a [(String, f32)],
    /// What the colours are.
    pub unit: &'a str,
}

/// Where the cells are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Width and height of a cell, the gap beside it included.
    pub cell: [f32; 2],
    /// All cells.
    pub plot: Area,
}

const TOP: f32 = 22.0;
const KEY: f32 = 48.0;
const GAP: f32 = 2.0;
const HIGH: f32 = 22.0;
const LABEL_MAX: f32 = 104.0;
/// A cell at least this wide has room for its number.
const ROOMY: f32 = 92.0;

impl Layout {
    /// Columns that share `width`, each from 64 to 128 points; the picture may be wider than that.
    pub fn new(rows: &[String], columns: usize, width: f32) -> Self {
        let longest = rows.iter().map(|name| mono_width(name, size::SMALL)).fold(24.0, f32::max);
        let left = longest.min(LABEL_MAX) + 10.0;
        let w = ((width - left - 8.0) / columns.max(1) as f32).clamp(64.0, 128.0).floor();
        let plot = Area { x: left, y: TOP, w: w * columns as f32, h: HIGH * rows.len() as f32 };
        Self { rows: rows.len(), columns, cell: [w, HIGH], plot }
    }

    /// The `(row, column)` under a point.
    pub fn at(&self, x: f32, y: f32) -> Option<(usize, usize)> {
        let index = |v: f32, step: f32, count: usize| (v >= 0.0).then_some((v / step) as usize).filter(|&i| i < count);
        let row = index(y - self.plot.y, self.cell[1], self.rows)?;
        Some((row, index(x - self.plot.x, self.cell[0], self.columns)?))
    }

    /// A cell without the gap.
    pub fn area(&self, row: usize, column: usize) -> Area {
        let [w, h] = self.cell;
        Area { x: self.plot.x + column as f32 * w, y: self.plot.y + row as f32 * h, w: w - GAP, h: h - GAP }
    }

    /// The size of the picture.
    pub fn size(&self) -> [f32; 2] {
        [(self.plot.x + self.plot.w + 8.0).max(320.0), self.plot.y + self.plot.h + KEY]
    }
}

/// The table with the names of rows and columns and a colour key with numbers.
pub fn figure(cells: &Cells<'_>, palette: &Palette, layout: &Layout) -> Figure {
    let [width, height] = layout.size();
    let mut figure = Figure::new(width, height, palette, cells.title);
    let [w, h] = layout.cell;
    for (i, name) in cells.columns.iter().enumerate() {
        let at = [layout.plot.x + i as f32 * w + 6.0, layout.plot.y - 11.0];
        figure.token(at, fit(name, size::SMALL, w - 10.0), size::SMALL, palette.muted, Anchor::Start);
    }
    for (i, name) in cells.rows.iter().enumerate() {
        let at = [layout.plot.x - 8.0, layout.plot.y + i as f32 * h + (h - GAP) / 2.0];
        figure.token(at, fit(name, size::SMALL, LABEL_MAX), size::SMALL, palette.muted, Anchor::End);
    }
    let look = Look { map: Map::House, ..Look::default() };
    let shades = Shades::new(palette, look, false, 1.0, &[]);
    for (i, (word, share)) in cells.cells.iter().enumerate().filter(|(_, (word, _))| !word.is_empty()) {
        let area = layout.area(i / layout.columns.max(1), i % layout.columns.max(1));
        let ground = shades.colour(*share);
        figure.marks.push(Mark::Fill { area, colour: ground });
        let ink = palette.ink_on(ground);
        let at = [area.x + 6.0, area.y + area.h / 2.0];
        // Where there is room the number stands beside its word, unless it would be 0 %.
        let number = percent(*share);
        let room = if area.w >= ROOMY && *share >= 0.005 { mono_width(&number, size::SMALL) + 6.0 } else { 0.0 };
        figure.token(at, fit(word, size::SMALL, area.w - 10.0 - room), size::SMALL, ink, Anchor::Start);
        if room > 0.0 {
            let at = [area.x + area.w - 4.0, at[1]];
            figure.token(at, number, size::SMALL, ink, Anchor::End);
        }
    }
    let note = legend::Note { most: None, lines: vec![format!("{}, {}", cells.unit, look.scale.name())] };
    legend::draw(&mut figure, palette, [layout.plot.x, height - 28.0], &shades, &note);
    figure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_finds_the_cell_drawn_there() {
        let rows: Vec<String> = (0..13).map(|i| format!("L{i}")).collect();
        for columns in [1, 5, 300] {
            let layout = Layout::new(&rows, columns, 560.0);
            for (row, column) in [(0, 0), (12, columns - 1), (6, columns / 2)] {
                let Area { x, y, w, h } = layout.area(row, column);
                assert_eq!(layout.at(x + w / 2.0, y + h / 2.0), Some((row, column)));
            }
            assert_eq!(layout.at(1.0, 1.0), None);
        }
    }

    #[test]
    fn words_can_be_read_on_every_colour() {
        let (rows, columns) = (vec!["L0".to_owned()], (0..101).map(|i| i.to_string()).collect::<Vec<_>>());
        let cells: Vec<(String, f32)> = (0..101).map(|i| ("word".to_owned(), i as f32 / 100.0)).collect();
        for dark in [true, false] {
            let palette = Palette::of(dark);
            let table = Cells { title: "", rows: &rows, columns: &columns, cells: &cells, unit: "probability" };
            let figure = figure(&table, palette, &Layout::new(&rows, 101, 900.0));
            let mut ground = palette.background;
            for mark in &figure.marks {
                match mark {
                    Mark::Fill { colour, .. } => ground = *colour,
                    Mark::Text { text, colour, .. } if text == "word" => {
                        assert!(colour.contrast(ground) >= 4.5, "{colour:?} on {ground:?}");
                    }
                    _ => {}
                }
            }
        }
    }
}
