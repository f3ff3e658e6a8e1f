//! A part of all heads, as large as a view that zooms shows it: the heads, numbers in their cells, tokens beside them,
//! and which layers and heads they are. The screen and files draw the same marks.

use super::grid::{Grid, KEY, level_rgb};
use super::legend::Note;
use super::lines::Focus;
use super::{Anchor, Area, Figure, Mark, Palette, Pixels, count, fit, fresh_key, legend, mono_width, percent, size};
use std::ops::Range;
use std::rc::Rc;

/// Room for the names of rows at the left and of columns on top.
pub const LEFT: f32 = 34.0;
/// See [`LEFT`].
pub const TOP: f32 = 20.0;
/// From cells of this size on, tokens stand beside them.
pub const LABELLED: f32 = 14.0;
/// From cells of this size on, numbers stand in them.
pub const NUMBERED: f32 = 28.0;
/// The largest cell.
pub const LARGEST: f32 = 96.0;
/// The widest label of a token.
pub const LABEL: f32 = 84.0;

/// A head that is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tile {
    /// Its row.
    pub row: usize,
    /// Its column.
    pub column: usize,
    /// Where it is, whether or not all of it is seen.
    pub area: Area,
}

/// What is drawn.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// All heads.
    pub grid: Grid<'a>,
    /// Colours.
    pub palette: &'a Palette,
    /// What heads are seen through; names stand at its left and on top of it.
    pub view: Area,
    /// The heads that are seen, row by row.
    pub tiles: &'a [Tile],
    /// The level of their pictures.
    pub level: usize,
    /// Whether all heads are seen, so that names stand beside them.
    pub is_whole: bool,
    /// Whether every head has its name over it.
    pub is_named: bool,
    /// The token that the picture is about, among those that are shown.
    pub focus: Option<Focus>,
}

impl Part<'_> {
    /// Rows and columns of a head.
    fn n(&self) -> usize {
        self.grid.pyramid.n.max(1)
    }

    /// The size of a cell.
    pub fn cell(&self) -> f32 {
        self.tiles.first().map_or(0.0, |tile| tile.area.w / self.n() as f32)
    }

    /// The queries and the keys of a head that are seen.
    pub fn cells_of(&self, tile: &Tile) -> [Range<usize>; 2] {
        let (view, cell, n) = (self.view, tile.area.w / self.n() as f32, self.n());
        [seen(tile.area.y, cell, n, view.y, view.bottom()), seen(tile.area.x, cell, n, view.x, view.right())]
    }

    /// `max of 8 × 8`, where one pixel stands for several cells.
    pub fn pooled(&self) -> Option<String> {
        let block = 1usize << self.level;
        (block > 1).then(|| format!("{} of {block} \u{d7} {block}", self.grid.pyramid.pool.name()))
    }

    /// What the colour bar says, and how much passes the threshold.
    pub fn note(&self) -> Note {
        let mut note = self.grid.note(self.pooled().as_deref());
        if let (Some(passed), Some(last)) = (self.grid.sifted.passed(), note.lines.last_mut()) {
            let (kept, of) = (count(passed.kept), count(passed.of));
            *last = format!("{last}: {} of the mass, {kept} of {of} values", percent(passed.share()));
        }
        note
    }

    /// The values of cells that are large enough for them. Zero is nothing, and nothing is written for it.
    pub fn numbers(&self, mut values: impl FnMut((usize, usize)) -> Rc<Vec<f32>>) -> Vec<Mark> {
        let (n, cell, palette) = (self.n(), self.cell(), self.palette);
        if cell < NUMBERED {
            return Vec::new();
        }
        let shades = self.grid.shades(palette);
        let size = if cell >= 40.0 { size::SMALL } else { 11.0 };
        let mut marks = Vec::new();
        for tile in self.tiles {
            let head = self.grid.order.head(tile.row, tile.column);
            let values = values(head);
            if values.len() != n * n {
                continue;
            }
            let share = self.grid.sifted.unit() / self.grid.unit(head);
            let [queries, keys] = self.cells_of(tile);
            for (q, k) in queries.flat_map(|q| keys.clone().map(move |k| (q, k))) {
                let value = values[q * n + k];
                if value == 0.0 || value == f32::NEG_INFINITY {
                    continue;
                }
                let at = [tile.area.x + (k as f32 + 0.5) * cell, tile.area.y + (q as f32 + 0.5) * cell];
                let colour = palette.ink_on(shades.colour(value * share));
                let (text, anchor) = (figures(value, cell), Anchor::Middle);
                marks.push(Mark::Text { at, text, size, colour, anchor, mono: true, upright: false });
            }
        }
        vec![Mark::Clip { area: self.view, marks }]
    }

    /// Tokens at the left edge and along the top, as long as their cells are seen.
    pub fn tokens(&self) -> Vec<Mark> {
        let (tokens, n, cell, view) = (&self.grid.sifted.tokens, self.n(), self.cell(), self.view);
        let Some(first) = self.tiles.first().filter(|_| cell >= LABELLED && tokens.len() == n) else {
            return Vec::new();
        };
        let texts: Vec<String> = (0..n).map(|i| fit(&tokens.shown(i), size::SMALL, LABEL)).collect();
        let wide = texts.iter().map(|t| mono_width(t, size::SMALL)).fold(0.0, f32::max) + 10.0;
        // A band stands at the edge of the view, or beside the picture where that begins further in.
        let least = |edge: fn(&Area) -> f32| self.tiles.iter().map(|tile| edge(&tile.area)).fold(f32::MAX, f32::min);
        let (left, top) = ((least(|a| a.x) - wide).max(view.x), (least(|a| a.y) - wide).max(view.y));
        let text = |at: [f32; 2], i: usize, side: Focus| {
            let colour = if self.focus == Some(side) {
                self.palette.accent
            } else if tokens.pieces[i].special {
                self.palette.muted
            } else {
                self.palette.text
            };
            let (upright, text) = (matches!(side, Focus::Key(_)), texts[i].clone());
            let anchor = if upright { Anchor::Start } else { Anchor::End };
            Mark::Text { at, text, size: size::SMALL, colour, anchor, mono: true, upright }
        };
        let (mut beside, mut above) = (Vec::new(), Vec::new());
        for tile in self.tiles {
            let [queries, keys] = self.cells_of(tile);
            if tile.column == first.column {
                let y = |q: usize| tile.area.y + (q as f32 + 0.5) * cell;
                beside.extend(queries.map(|q| text([left + wide - 6.0, y(q)], q, Focus::Query(q))));
            }
            if tile.row == first.row {
                let x = |k: usize| tile.area.x + (k as f32 + 0.5) * cell;
                above.extend(keys.map(|k| text([x(k), top + wide - 6.0], k, Focus::Key(k))));
            }
        }
        let colour = self.palette.background;
        let bands = [Area { x: left, w: wide, ..view }, Area { y: top, h: wide, ..view }];
        let mut marks = bands.map(|area| Mark::Fill { area, colour }).to_vec();
        let (right, bottom) = (view.right(), view.bottom());
        let below = Area { x: left, y: top + wide, w: right - left, h: bottom - top - wide };
        let after = Area { x: left + wide, y: top, w: right - left - wide, h: bottom - top };
        marks.extend([Mark::Clip { area: below, marks: beside }, Mark::Clip { area: after, marks: above }]);
        marks
    }

    /// `L3` at the left and `H5` on top, or over every head where each layer has its own order.
    pub fn names(&self) -> Vec<Mark> {
        let (view, grid) = (self.view, &self.grid);
        let (mut marks, mut done_row, mut done_column) = (Vec::new(), None, Vec::new());
        let mut name = |at: [f32; 2], text: String, anchor: Anchor| {
            let (size, colour) = (size::SMALL, self.palette.muted);
            marks.push(Mark::Text { at, text, size, colour, anchor, mono: true, upright: false });
        };
        for &Tile { row, column, area } in self.tiles {
            let (layer, head) = grid.order.head(row, column);
            let (left, right) = (area.x.max(view.x), area.right().min(view.right()));
            let (top, bottom) = (area.y.max(view.y), area.bottom().min(view.bottom()));
            if done_row != Some(row) && bottom - top >= 12.0 {
                done_row = Some(row);
                let x = if self.is_whole { area.x } else { view.x };
                name([x - 6.0, f32::midpoint(top, bottom)], format!("L{layer}"), Anchor::End);
            }
            if !grid.sifted.weights.meaning.has_heads() {
                continue;
            }
            let wide = right - left >= 22.0 || (column % 4 == 0 && !self.is_named);
            let (middle, text) = (f32::midpoint(left, right), format!("H{head}"));
            if self.is_named {
                if wide && area.y - 4.0 > view.y {
                    name([middle, area.y - 8.0], text, Anchor::Middle);
                }
            } else if wide && !done_column.contains(&column) {
                done_column.push(column);
                let y = if self.is_whole { area.y } else { view.y };
                name([middle, y - 10.0], text, Anchor::Middle);
            }
        }
        let area = Area { x: view.x - LEFT, y: view.y - TOP, w: view.w + 2.0 * LEFT, h: view.h + 2.0 * TOP };
        vec![Mark::Clip { area, marks }]
    }

    /// The part as a picture of its own with a colour key below, with a ring about the `selected` heads and a stroke
    /// through those that are `off`.
    pub fn figure(&self, title: &str, selected: &[(usize, usize)], off: &[(usize, usize)]) -> Figure {
        let (palette, view) = (self.palette, self.view);
        let (width, height) = (view.right(), view.bottom() + KEY);
        let mut figure = Figure::new(width, height, palette, title);
        let mut marks: Vec<Mark> = self.tiles.iter().filter_map(|tile| self.image(tile)).collect();
        let values = |(layer, head)| Rc::new(self.grid.sifted.head(layer, head).into_owned());
        marks.extend(self.numbers(values));
        let has_heads = self.grid.sifted.weights.meaning.has_heads();
        for tile in self.tiles {
            let head = self.grid.order.head(tile.row, tile.column);
            let is_in = |list: &[(usize, usize)]| list.iter().any(|h| h.0 == head.0 && (h.1 == head.1 || !has_heads));
            let (colour, width) = if is_in(selected) { (palette.accent, 2.0) } else { (palette.line, 1.0) };
            marks.push(Mark::Ring { area: tile.area.grown(width), colour, width });
            if is_in(off) {
                let (from, to) = ([tile.area.x, tile.area.bottom()], [tile.area.right(), tile.area.y]);
                marks.push(Mark::Line { from, to, width: 1.5, colour: palette.error });
            }
        }
        figure.marks.push(Mark::Clip { area: view.grown(2.0), marks });
        figure.marks.extend(self.tokens());
        figure.marks.extend(self.names());
        legend::draw(&mut figure, palette, [view.x, height - KEY + 16.0], &self.grid.shades(palette), &self.note());
        figure
    }

    /// The picture of a head, as much of it as is seen.
    fn image(&self, tile: &Tile) -> Option<Mark> {
        let (grid, view, area) = (&self.grid, self.view, tile.area);
        let side = grid.pyramid.side(self.level);
        let rgb = level_rgb(grid, self.palette, grid.order.head(tile.row, tile.column), self.level);
        if side == 0 || rgb.len() != 3 * side * side {
            return None;
        }
        let step = area.w / side as f32;
        let rows = seen(area.y, step, side, view.y, view.bottom());
        let columns = seen(area.x, step, side, view.x, view.right());
        let row = |y: usize| &rgb[3 * (y * side + columns.start)..3 * (y * side + columns.end)];
        let part: Vec<u8> = rows.clone().flat_map(row).copied().collect();
        let pixels = Pixels { key: fresh_key(), width: columns.len(), height: rows.len(), rgb: part.into() };
        let along = |start: f32, range: &Range<usize>| (start + range.start as f32 * step, range.len() as f32 * step);
        let ((x, w), (y, h)) = (along(area.x, &columns), along(area.y, &rows));
        (!rows.is_empty() && !columns.is_empty()).then_some(Mark::Image { area: Area { x, y, w, h }, pixels })
    }
}

/// Which of `n` cells from `start` on are seen between two edges.
fn seen(start: f32, cell: f32, n: usize, low: f32, high: f32) -> Range<usize> {
    let first = ((low - start) / cell).floor().max(0.0) as usize;
    let last = ((high - start) / cell).ceil().max(0.0) as usize;
    first.min(n)..last.min(n)
}

/// A number in a cell: as many digits as fit.
fn figures(value: f32, cell: f32) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    if value.abs() >= 9.995 {
        return format!("{value:.0}").replace('-', "\u{2212}");
    }
    let digits = if value.abs() >= 0.9995 { 2 } else { 3 };
    let text = format!("{value:.digits$}").replace('-', "\u{2212}");
    if cell >= 40.0 { text } else { text.replacen("0.", ".", 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_their_cells() {
        for value in [0.0, 0.123_45, 0.999_9, 1.0, -0.5, 12.3, -123.0, f32::NAN] {
            for cell in [NUMBERED, 40.0, LARGEST] {
                let text = figures(value, cell);
                let size = if cell >= 40.0 { size::SMALL } else { 11.0 };
                assert!(mono_width(&text, size) <= cell + 6.0, "{text} in {cell}");
            }
        }
        assert_eq!((figures(0.123_45, 28.0).as_str(), figures(0.123_45, 40.0).as_str()), (".123", "0.123"));
    }

    #[test]
    fn only_cells_between_the_edges_are_seen() {
        assert_eq!(seen(0.0, 10.0, 100, 95.0, 131.0), 9..14);
        assert_eq!(seen(50.0, 10.0, 4, 0.0, 500.0), 0..4);
        assert_eq!(seen(50.0, 10.0, 4, 0.0, 20.0), 0..0);
    }
}
