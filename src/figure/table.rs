//! Rows of words and numbers as a picture, with a bar under each number that is a share.

use super::{Anchor, Area, Figure, Mark, Palette, fit, size};

/// The height of a row in points.
pub const ROW: f32 = 22.0;
const MARGIN: f32 = 8.0;

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its heading.
    pub title: String,
    /// Its width in points.
    pub width: f32,
    /// Whether it holds numbers, which stand at the right.
    pub is_number: bool,
}

impl Column {
    /// A column of words.
    pub fn words(title: impl Into<String>, width: f32) -> Self {
        Self { title: title.into(), width, is_number: false }
    }

    /// A column of numbers.
    pub fn numbers(title: impl Into<String>, width: f32) -> Self {
        Self { title: title.into(), width, is_number: true }
    }
}

/// What one cell shows.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// How long the bar under it is, 0 to 1.
    pub share: f32,
    /// Whether it is of second rank.
    pub muted: bool,
}

impl Cell {
    /// A cell without a bar.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A cell with a bar under it.
    pub fn bar(text: impl Into<String>, share: f32) -> Self {
        Self { text: text.into(), share, ..Self::default() }
    }
}

/// The table: `cells` row by row, one to a column.
pub fn figure(title: &str, columns: &[Column], cells: &[Cell], palette: &Palette) -> Figure {
    let rows = cells.len().div_ceil(columns.len().max(1));
    let width = columns.iter().map(|column| column.width).sum::<f32>() + 2.0 * MARGIN;
    let mut figure = Figure::new(width, ROW * (rows + 1) as f32 + MARGIN, palette, title);
    let mut x = MARGIN;
    for (i, column) in columns.iter().enumerate() {
        let (at, anchor) =
            if column.is_number { (x + column.width - 8.0, Anchor::End) } else { (x + 4.0, Anchor::Start) };
        figure.caption([at, ROW / 2.0], column.title.as_str(), palette.muted, anchor);
        for (row, cell) in cells.iter().skip(i).step_by(columns.len()).enumerate() {
            let top = ROW * (row + 1) as f32;
            if cell.share > 0.0 {
                let w = (column.width - 12.0) * cell.share.min(1.0);
                let area = Area { x: x + 4.0, y: top + ROW - 4.0, w, h: 2.0 };
                figure.marks.push(Mark::Fill { area, colour: palette.accent.faded(0.7) });
            }
            let ink = if cell.muted { palette.muted } else { palette.text };
            let text = fit(&cell.text, size::SMALL, column.width - 8.0);
            figure.token([at, top + ROW / 2.0], text, size::SMALL, ink, anchor);
        }
        x += column.width;
    }
    let rule = Area { x: MARGIN, y: ROW - 1.0, w: width - 2.0 * MARGIN, h: 1.0 };
    figure.marks.push(Mark::Fill { area: rule, colour: palette.line });
    figure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_stands_in_its_row_and_column() {
        let palette = Palette::of(true);
        let columns = [Column::words("word", 60.0), Column::numbers("share", 80.0)];
        let cells = ["door", "0.5", "incomprehensibilities", "0.25"].map(|text| Cell::bar(text, 0.5));
        let figure = figure("x", &columns, &cells, palette);
        let mut texts = Vec::new();
        let mut bars = 0;
        for mark in &figure.marks {
            match mark {
                Mark::Text { at: [x, y], text, .. } => texts.push((text.as_str(), *x, (y / ROW) as usize)),
                Mark::Fill { area, .. } if area.h == 2.0 => {
                    assert!(area.w == 24.0 || area.w == 34.0, "half of a column: {area:?}");
                    bars += 1;
                }
                _ => {}
            }
        }
        assert_eq!(bars, 4);
        let cut = fit("incomprehensibilities", size::SMALL, 52.0);
        let (left, right) = (MARGIN + 4.0, MARGIN + 60.0 + 80.0 - 8.0);
        let wanted = [("word", left, 0), ("door", left, 1), (&cut, left, 2), ("share", right, 0)];
        assert_eq!(texts[..4], wanted);
        assert_eq!(texts[4..], [("0.5", right, 1), ("0.25", right, 2)]);
        assert!(cut.ends_with('\u{2026}') && figure.height >= 3.0 * ROW && figure.width == 156.0);
    }
}
