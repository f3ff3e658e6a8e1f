//! One head, or several as one, as a matrix: queries down, keys across, and the sums of both beside it.

use super::legend::{self, Note};
use super::pyramid::{Pool, shrink, span};
use super::shades::{Look, Shades};
use super::{Anchor, Area, Colour, Figure, Mark, Palette, Pixels, fit, fresh_key, mono_width, size};
use crate::text::Tokens;
use std::ops::Range;

/// A matrix to be drawn: weights row-major `[query, key]`.
pub struct Matrix<'a> {
    /// The tokens of both axes.
    pub tokens: &'a Tokens,
    /// The weights. What was masked before the softmax is minus infinity and drawn as nothing.
    pub weights: &'a [f32],
    /// What it shows, in one line.
    pub title: &'a str,
    /// What the numbers stand for, as the legend says it.
    pub meaning: &'a str,
    /// The number that full colour stands for.
    pub unit: f32,
    /// Whether numbers have signs.
    pub signed: bool,
    /// Colours.
    pub look: Look,
}

impl<'a> Matrix<'a> {
    /// Attention probabilities in the house's colours.
    pub fn new(tokens: &'a Tokens, weights: &'a [f32], title: &'a str) -> Self {
        Self { tokens, weights, title, meaning: "attention", unit: 1.0, signed: false, look: Look::default() }
    }
}

/// Sums of what a matrix shows; what is not a finite number is left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sums {
    /// Of each row: what a query gives in all.
    pub rows: Vec<f32>,
    /// Of each column: what a key gets in all.
    pub columns: Vec<f32>,
}

impl Sums {
    /// Of `n` by `n` weights.
    pub fn new(weights: &[f32], n: usize) -> Self {
        let finite = |w: f32| if w.is_finite() { w } else { 0.0 };
        let mut sums = Self { rows: vec![0.0; n], columns: vec![0.0; n] };
        for (row, sum) in weights.chunks_exact(n.max(1)).zip(&mut sums.rows) {
            *sum = row.iter().map(|&w| finite(w)).sum();
            sums.columns.iter_mut().zip(row).for_each(|(column, &w)| *column += finite(w));
        }
        sums
    }
}

/// What is under a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// The cell of a query and a key.
    Cell(usize, usize),
    /// The sum of a query's row.
    Row(usize),
    /// The sum of a key's column.
    Column(usize),
}

/// Where the matrix and its labels are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Rows and columns.
    pub n: usize,
    /// Width and height of one cell.
    pub cell: f32,
    /// The matrix.
    pub plot: Area,
    /// Room for a label.
    pub label: f32,
    /// Only every so many labels are written.
    pub every: usize,
}

const KEY: f32 = 48.0;
const LABEL_MAX: f32 = 96.0;
/// The longest bar of a sum, and the room between the matrix and the bars.
const SUMS: f32 = 36.0;
const BESIDE: f32 = 6.0;
/// How far bars reach beyond the matrix.
const MARGIN: f32 = BESIDE + SUMS;

impl Layout {
    /// Square cells, at most 32 points, that fit `width` by `height` with their labels and sums.
    pub fn new(tokens: &Tokens, width: f32, height: f32) -> Self {
        let n = tokens.len().max(1);
        let longest = (0..tokens.len()).map(|i| mono_width(&tokens.shown(i), size::SMALL)).fold(16.0, f32::max);
        let label = longest.min(LABEL_MAX) + 10.0;
        let room = (width - label - MARGIN - 8.0).min(height - label - MARGIN - KEY).max(16.0);
        let mut cell = (room / n as f32).min(32.0);
        if cell >= 2.0 {
            cell = cell.floor();
        }
        let side = cell * n as f32;
        let every = (15.0 / cell).ceil().max(1.0) as usize;
        Self { n, cell, plot: Area { x: label, y: label, w: side, h: side }, label, every }
    }

    /// What is under a point: labels and sums belong to their row or column.
    pub fn at(&self, x: f32, y: f32) -> Option<Spot> {
        let side = self.plot.w;
        let index = |v: f32| (v >= 0.0 && v < side).then(|| ((v / self.cell) as usize).min(self.n - 1));
        let beside = |v: f32| (v >= -self.label && v < 0.0) || (v >= side && v < side + MARGIN);
        let (x, y) = (x - self.plot.x, y - self.plot.y);
        match (index(y), index(x)) {
            (Some(q), Some(k)) => Some(Spot::Cell(q, k)),
            (Some(q), None) if beside(x) => Some(Spot::Row(q)),
            (None, Some(k)) if beside(y) => Some(Spot::Column(k)),
            _ => None,
        }
    }

    /// Whether there are more cells than points, so that each point shows several.
    pub fn is_pooled(&self) -> bool {
        self.cell < 1.0
    }

    /// Points along one side of a pooled matrix.
    fn points(&self) -> usize {
        (self.plot.w as usize).max(1)
    }

    /// The cells along one side that the point of cell `i` stands for.
    pub fn beside(&self, i: usize) -> Range<usize> {
        let points = self.points();
        let point = ((i as f32 + 0.5) * self.cell) as usize;
        if self.is_pooled() { span(point.min(points - 1), self.n, points) } else { i..i + 1 }
    }

    /// The cell of a query and a key.
    pub fn cell(&self, query: usize, key: usize) -> Area {
        Area {
            x: self.plot.x + key as f32 * self.cell,
            y: self.plot.y + query as f32 * self.cell,
            w: self.cell,
            h: self.cell,
        }
    }

    /// A spot: a cell, or a row or column with its sum.
    pub fn area(&self, spot: Spot) -> Area {
        match spot {
            Spot::Cell(q, k) => self.cell(q, k),
            Spot::Row(q) => Area { w: self.plot.w + MARGIN, ..self.cell(q, 0) },
            Spot::Column(k) => Area { h: self.plot.h + MARGIN, ..self.cell(0, k) },
        }
    }

    /// The size of the picture.
    pub fn size(&self) -> [f32; 2] {
        [self.plot.x + self.plot.w + MARGIN + 8.0, self.plot.y + self.plot.h + MARGIN + KEY]
    }
}

/// The matrix with labels on both axes, the sums of rows and columns, and a colour bar with numbers.
pub fn figure(matrix: &Matrix<'_>, palette: &Palette, layout: &Layout) -> Figure {
    let [width, height] = layout.size();
    let mut figure = Figure::new(width.max(layout.plot.x + 320.0), height, palette, matrix.title);
    let n = layout.n;
    for i in (0..matrix.tokens.len()).step_by(layout.every) {
        let special = matrix.tokens.pieces[i].special;
        let colour = if special { palette.muted } else { palette.text };
        let text = fit(&matrix.tokens.shown(i), size::SMALL, LABEL_MAX);
        let middle = (i as f32 + 0.5) * layout.cell;
        let at = [layout.plot.x - 6.0, layout.plot.y + middle];
        figure.token(at, text.clone(), size::SMALL, colour, Anchor::End);
        let (x, y) = (layout.plot.x + middle, layout.plot.y - 6.0);
        // A single character is as wide as it is high: it is not turned, so that Chinese reads as it should.
        if text.chars().count() == 1 {
            figure.token([x, y - size::SMALL / 2.0], text, size::SMALL, colour, Anchor::Middle);
            continue;
        }
        let (size, anchor) = (size::SMALL, Anchor::Start);
        figure.marks.push(Mark::Text { at: [x, y], text, size, colour, anchor, mono: true, upright: true });
    }
    let pooled = layout.is_pooled();
    let shades = Shades::new(palette, matrix.look, matrix.signed, matrix.unit, matrix.weights);
    if matrix.weights.len() == n * n {
        // More cells than points: each shows the weight farthest from zero under it, so that thin stripes survive.
        let side = if pooled { layout.points() } else { n };
        let cells = if pooled { &shrink(matrix.weights, n, side, Pool::Max) } else { matrix.weights };
        let pixels = Pixels::new(fresh_key(), side, side, |k, q| shades.colour(cells[q * side + k]));
        figure.marks.push(Mark::Image { area: layout.plot, pixels });
        sums(&mut figure, &Sums::new(matrix.weights, n), matrix.signed, palette, layout);
    }
    figure.marks.push(Mark::Ring { area: layout.plot, colour: palette.line, width: 1.0 });
    figure.caption([6.0, layout.plot.y - 16.0], "query", palette.muted, Anchor::Start);
    figure.caption([layout.plot.x - 8.0, 10.0], "key \u{2192}", palette.muted, Anchor::End);
    let scale = matrix.look.scale.name();
    let scale = if pooled { format!("{scale}; max per point") } else { scale.to_owned() };
    let note = Note { most: None, lines: vec![matrix.meaning.to_owned(), scale] };
    legend::draw(&mut figure, palette, [layout.plot.x, height - 28.0], &shades, &note);
    figure
}

/// A bar for each row at the right and for each column below; the longest is the largest sum.
fn sums(figure: &mut Figure, sums: &Sums, signed: bool, palette: &Palette, layout: &Layout) {
    let Area { x, y, w, h } = layout.plot;
    let top = sums.rows.iter().chain(&sums.columns).fold(0f32, |most, s| most.max(s.abs()));
    if top == 0.0 {
        return;
    }
    let colour = |sum: f32| -> Colour {
        if signed { palette.balance(0.8f32.copysign(sum)) } else { palette.background.mix(palette.accent, 0.55) }
    };
    // Bars of neighbours touch where there is no room between them.
    let gap = if layout.cell >= 4.0 { 1.0 } else { 0.0 };
    for (i, (&row, &column)) in sums.rows.iter().zip(&sums.columns).enumerate() {
        let start = i as f32 * layout.cell;
        let thick = (layout.cell - gap).max(0.5);
        let long = |sum: f32| (sum.abs() / top * SUMS).max(0.5);
        let right = Area { x: x + w + BESIDE, y: y + start, w: long(row), h: thick };
        let below = Area { x: x + start, y: y + h + BESIDE, w: thick, h: long(column) };
        for (area, sum) in [(right, row), (below, column)] {
            if sum != 0.0 {
                figure.marks.push(Mark::Fill { area, colour: colour(sum) });
            }
        }
    }
    figure.caption([x + w + BESIDE, y - 10.0], "sum", palette.muted, Anchor::Start);
    figure.caption([x - 8.0, y + h + BESIDE + 8.0], "sum", palette.muted, Anchor::End);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Piece;

    #[test]
    fn a_point_finds_the_cell_drawn_there() {
        let piece = |i| Piece {
            piece: format!("t{i}"),
            id: i,
            start: 0,
            end: 0,
            text: 0,
            segment: 0,
            special: false,
            word: Some(i),
            unknown: false,
        };
        let tokens = Tokens { texts: vec!["".into()], pieces: (0..30).map(piece).collect(), dropped: 0 };
        let layout = Layout::new(&tokens, 500.0, 600.0);
        for (q, k) in [(0, 0), (29, 0), (0, 29), (17, 3)] {
            let Area { x, y, w, h } = layout.cell(q, k);
            assert_eq!(layout.at(x + w / 2.0, y + h / 2.0), Some(Spot::Cell(q, k)));
        }
        assert_eq!(layout.at(1.0, 1.0), None, "the corner");
        assert_eq!(layout.at(1.0, layout.plot.y + 1.0), Some(Spot::Row(0)), "a label");
        assert_eq!(layout.at(layout.plot.x + 1.5 * layout.cell, 1.0), Some(Spot::Column(1)));
        assert_eq!(layout.beside(7), 7..8);
        let pooled = Layout { n: 30, cell: 0.5, plot: Area { w: 15.0, h: 15.0, ..layout.plot }, ..layout };
        assert_eq!((pooled.beside(6), pooled.beside(7)), (6..8, 6..8));
        let [width, height] = layout.size();
        assert!(width <= 500.0 && height <= 600.0, "{width} x {height}");
        let Area { x, y, w, h } = layout.plot;
        assert_eq!(layout.at(x + w + BESIDE + 1.0, y + 0.5 * layout.cell), Some(Spot::Row(0)));
        assert_eq!(layout.at(x + 3.5 * layout.cell, y + h + BESIDE + 1.0), Some(Spot::Column(3)));
        assert_eq!(layout.at(x + w + 1.0, y + h + 1.0), None);
    }

    #[test]
    fn sums_leave_out_what_cannot_be_added() {
        let weights = [0.5, f32::NEG_INFINITY, -0.25, 1.0];
        let Sums { rows, columns } = Sums::new(&weights, 2);
        assert_eq!((rows, columns), (vec![0.5, 0.75], vec![0.25, 1.0]));
    }
}
