//! What is written over and beside the heads: numbers in cells, tokens, layers and heads.

use super::{Drawing, LABEL, LEFT, TOP};
use crate::figure::lines::Focus;
use crate::figure::{Palette, fit, mono_width, size};
use crate::gui::action::Head;
use crate::gui::{paint, theme};
use egui::{Align2, FontFamily, FontId, Painter, Pos2, Rect, Vec2};

impl Drawing<'_, '_> {
    /// The values of cells that are large enough for them.
    pub(super) fn numbers(&mut self, painter: &Painter, palette: &Palette, head: Head, rect: Rect, cell: f32) {
        let weights = self.cells(head);
        let n = self.stage.n;
        if weights.len() != n * n {
            return;
        }
        let grid = self.study.drawn();
        let shades = grid.shades(palette);
        let share = self.study.sifted.unit() / grid.unit(head);
        let font = FontId::new(if cell >= 40.0 { size::SMALL } else { 11.0 }, FontFamily::Monospace);
        let view = self.stage.lens.view;
        for q in seen(rect.top(), cell, n, view.top(), view.bottom()) {
            for k in seen(rect.left(), cell, n, view.left(), view.right()) {
                let value = weights[q * n + k];
                if value == f32::NEG_INFINITY {
                    continue;
                }
                let back = shades.colour(value * share);
                let ink = if palette.text.contrast(back) >= palette.background.contrast(back) {
                    palette.text
                } else {
                    palette.background
                };
                let at = rect.min + Vec2::new(k as f32 + 0.5, q as f32 + 0.5) * cell;
                painter.text(at, Align2::CENTER_CENTER, figures(value, cell), font.clone(), theme::colour(ink));
            }
        }
    }

    /// Tokens at the left edge and along the top, as long as their cells are seen.
    pub(super) fn tokens(&self, painter: &Painter, palette: &Palette, heads: &[(usize, usize, Rect)], cell: f32) {
        let (tokens, spans) = (&self.study.sifted.tokens, &self.study.sifted.spans);
        let (n, view) = (self.stage.n, self.stage.lens.view);
        if tokens.len() != n {
            return;
        }
        let texts: Vec<String> = (0..n).map(|i| fit(&tokens.shown(i), size::SMALL, LABEL)).collect();
        let wide = texts.iter().map(|t| mono_width(t, size::SMALL)).fold(0.0, f32::max) + 10.0;
        let Some(&(first_row, first_column, _)) = heads.first() else { return };
        let back = theme::colour(palette.background);
        // A band stands at the edge of the view, or beside the picture where that begins further in.
        let left = heads.iter().map(|(.., rect)| rect.left()).fold(f32::MAX, f32::min) - wide;
        let top = heads.iter().map(|(.., rect)| rect.top()).fold(f32::MAX, f32::min) - wide;
        let (left, top) = (left.max(view.left()), top.max(view.top()));
        painter.rect_filled(
            Rect::from_min_max(Pos2::new(left, view.top()), Pos2::new(left + wide, view.bottom())),
            0.0,
            back,
        );
        painter.rect_filled(
            Rect::from_min_max(Pos2::new(view.left(), top), Pos2::new(view.right(), top + wide)),
            0.0,
            back,
        );
        let font = FontId::new(size::SMALL, FontFamily::Monospace);
        let focus = self.state.focus().and_then(|f| Some(f.at(spans.iter().position(|s| s.contains(&f.token()))?)));
        let ink = |i: usize, side: Focus| {
            let special = tokens.pieces[i].special;
            theme::colour(if focus == Some(side) {
                palette.accent
            } else if special {
                palette.muted
            } else {
                palette.text
            })
        };
        let beside = painter.with_clip_rect(Rect::from_min_max(Pos2::new(left, top + wide), view.max));
        for &(.., rect) in heads.iter().filter(|(_, column, _)| *column == first_column) {
            for q in seen(rect.top(), cell, n, view.top(), view.bottom()) {
                let at = Pos2::new(left + wide - 6.0, rect.top() + (q as f32 + 0.5) * cell);
                beside.text(at, Align2::RIGHT_CENTER, &texts[q], font.clone(), ink(q, Focus::Query(q)));
            }
        }
        let above = painter.with_clip_rect(Rect::from_min_max(Pos2::new(left + wide, top), view.max));
        for &(.., rect) in heads.iter().filter(|(row, ..)| *row == first_row) {
            for k in seen(rect.left(), cell, n, view.left(), view.right()) {
                let at = Pos2::new(rect.left() + (k as f32 + 0.5) * cell, top + wide - 6.0);
                let colour = ink(k, Focus::Key(k));
                paint::upright(&above, at, &texts[k], font.clone(), colour, Align2::LEFT_CENTER);
            }
        }
    }

    /// `L3` at the left and `H5` on top, or over every head where each layer has its own order.
    pub(super) fn names(&self, palette: &Palette, heads: &[(usize, usize, Rect)]) {
        let view = self.stage.lens.view;
        let painter = self.ui.painter_at(view.expand2(Vec2::new(LEFT, TOP)));
        let (font, ink) = (FontId::new(size::SMALL, FontFamily::Monospace), theme::colour(palette.muted));
        let order = &self.study.order;
        let (mut done_row, mut done_column) = (None, Vec::new());
        for &(row, column, rect) in heads {
            let (layer, head) = order.head(row, column);
            let seen = rect.intersect(view);
            if done_row != Some(row) && seen.height() >= 12.0 {
                done_row = Some(row);
                let x = if self.camera.is_whole() { rect.left() } else { view.left() };
                painter.text(
                    Pos2::new(x - 6.0, seen.center().y),
                    Align2::RIGHT_CENTER,
                    format!("L{layer}"),
                    font.clone(),
                    ink,
                );
            }
            if !self.study.weights.meaning.has_heads() {
                continue;
            }
            let wide = seen.width() >= 22.0 || (column % 4 == 0 && !self.stage.layout.is_named());
            if self.stage.layout.is_named() {
                if wide && rect.top() - 4.0 > view.top() {
                    let at = Pos2::new(seen.center().x, rect.top() - 8.0);
                    painter.text(at, Align2::CENTER_CENTER, format!("H{head}"), font.clone(), ink);
                }
            } else if wide && !done_column.contains(&column) {
                done_column.push(column);
                let y = if self.camera.is_whole() { rect.top() } else { view.top() };
                let at = Pos2::new(seen.center().x, y - 10.0);
                painter.text(at, Align2::CENTER_CENTER, format!("H{head}"), font.clone(), ink);
            }
        }
    }
}

/// Which of `n` cells from `start` on are seen between two edges.
pub(super) fn seen(start: f32, cell: f32, n: usize, low: f32, high: f32) -> std::ops::Range<usize> {
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
    use super::super::{LARGEST, NUMBERED};
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
