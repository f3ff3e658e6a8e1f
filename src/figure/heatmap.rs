//! One head as a matrix: queries down, keys across.

use super::{Anchor, Area, Figure, Mark, Palette, Pixels, fit, fresh_key, mono_width, size};
use crate::text::Tokens;

/// A matrix to be drawn: weights row-major `[query, key]`.
pub struct Matrix<'a> {
    /// The tokens of both axes.
    pub tokens: &'a Tokens,
    /// The weights.
    pub weights: &'a [f32],
    /// What it shows, in one line.
    pub title: &'a str,
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

impl Layout {
    /// Square cells, at most 32 points, that fit `width` by `height` with their labels.
    pub fn new(tokens: &Tokens, width: f32, height: f32) -> Self {
        let n = tokens.len().max(1);
        let longest = (0..tokens.len()).map(|i| mono_width(&tokens.shown(i), size::SMALL)).fold(16.0, f32::max);
        let label = longest.min(LABEL_MAX) + 10.0;
        let room = (width - label - 8.0).min(height - label - KEY).max(16.0);
        let mut cell = (room / n as f32).min(32.0);
        if cell >= 2.0 {
            cell = cell.floor();
        }
        let side = cell * n as f32;
        let every = (15.0 / cell).ceil().max(1.0) as usize;
        Self { n, cell, plot: Area { x: label, y: label, w: side, h: side }, label, every }
    }

    /// The `(query, key)` under a point.
    pub fn at(&self, x: f32, y: f32) -> Option<(usize, usize)> {
        let index = |v: f32| (v >= 0.0 && v < self.plot.w).then(|| ((v / self.cell) as usize).min(self.n - 1));
        Some((index(y - self.plot.y)?, index(x - self.plot.x)?))
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

    /// The size of the picture.
    pub fn size(&self) -> [f32; 2] {
        [self.plot.x + self.plot.w + 8.0, self.plot.y + self.plot.h + KEY]
    }
}

/// The matrix with labels on both axes and a colour key with numbers.
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
        figure.marks.push(Mark::Text {
            at: [layout.plot.x + middle, layout.plot.y - 6.0],
            text,
            size: size::SMALL,
            colour,
            anchor: Anchor::Start,
            mono: true,
            upright: true,
        });
    }
    let pooled = layout.cell < 1.0;
    if matrix.weights.len() == n * n {
        // More cells than points: each shows the largest weight under it, so that thin stripes survive.
        let side = if pooled { layout.plot.w as usize } else { n };
        let cells = if pooled { &super::grid::shrink(matrix.weights, n, side) } else { matrix.weights };
        let scale = palette.attention_scale();
        let pixels = Pixels::new(fresh_key(), side, side, |k, q| scale(cells[q * side + k]));
        figure.marks.push(Mark::Image { area: layout.plot, pixels });
    }
    figure.marks.push(Mark::Ring { area: layout.plot, colour: palette.line, width: 1.0 });
    figure.caption([6.0, layout.plot.y - 16.0], "query", palette.muted, Anchor::Start);
    figure.caption([layout.plot.x - 8.0, 10.0], "key \u{2192}", palette.muted, Anchor::End);
    super::grid::key(&mut figure, palette, [layout.plot.x, height - 28.0], super::grid::KeyScale::Fixed, pooled);
    figure
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
            assert_eq!(layout.at(x + w / 2.0, y + h / 2.0), Some((q, k)));
        }
        assert_eq!(layout.at(1.0, 1.0), None);
        let [width, height] = layout.size();
        assert!(width <= 500.0 && height <= 600.0, "{width} x {height}");
    }
}
