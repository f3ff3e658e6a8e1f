//! A table of many rows: only those in sight are drawn; a click on a heading sorts.

use super::theme;
use super::widgets::named;
pub use crate::figure::table::Cell;
use crate::figure::table::ROW;
use crate::figure::{Colour, fit, size};
use egui::{Align2, FontFamily, FontId, Id, Rect, Response, ScrollArea, Sense, Stroke, Ui, Vec2};

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// What the heading explains.
    pub tip: String,
    /// Its width in points.
    pub width: f32,
    /// Whether it holds numbers, which stand at the right.
    pub is_number: bool,
}

/// What a person did to a table.
#[derive(Debug, Default)]
pub struct Done {
    /// The column whose heading was clicked.
    pub sorted: Option<usize>,
    /// The row and the column that the pointer is on.
    pub hovered: Option<(usize, usize)>,
    /// The row that was clicked.
    pub clicked: Option<usize>,
}

/// A table that is about to be drawn.
pub struct Table<'a> {
    /// Tells it from other tables.
    pub id: &'static str,
    /// Its columns.
    pub columns: &'a [Column],
    /// The column that it is sorted by, and whether the largest come first.
    pub sorted: Option<(usize, bool)>,
    /// How many rows.
    pub rows: usize,
    /// The row that is selected.
    pub selected: Option<usize>,
    /// How a heading is called by screen readers.
    pub sort_name: &'a dyn Fn(&str) -> String,
    /// How a row is called by screen readers.
    pub row_name: &'a dyn Fn(usize) -> String,
}

impl Table<'_> {
    /// Draws the rows in sight with their cells; `tip` is what a cell says when the pointer rests on it.
    pub fn show(
        &self,
        ui: &mut Ui,
        cell: impl Fn(usize, usize) -> Cell,
        tip: impl Fn(usize, usize) -> Option<String>,
    ) -> Done {
        let mut done = Done::default();
        let width: f32 = self.columns.iter().map(|c| c.width).sum();
        let height = ROW * (self.rows + 1) as f32;
        ScrollArea::both().id_salt(self.id).auto_shrink(false).show_viewport(ui, |ui, viewport| {
            let (rect, _) = ui.allocate_exact_size(Vec2::new(width.max(ui.available_width()), height), Sense::hover());
            let first = (viewport.top() / ROW).floor().max(0.0) as usize;
            let last = ((viewport.bottom() / ROW).ceil().max(0.0) as usize).min(self.rows);
            for row in first..last {
                self.row(ui, rect, row, &cell, &tip, &mut done);
            }
            let top =
                Rect::from_min_size(rect.min + Vec2::new(0.0, viewport.top().max(0.0)), Vec2::new(rect.width(), ROW));
            self.headings(ui, top, &mut done);
        });
        done
    }

    fn row(
        &self,
        ui: &Ui,
        rect: Rect,
        row: usize,
        cell: &impl Fn(usize, usize) -> Cell,
        tip: &impl Fn(usize, usize) -> Option<String>,
        done: &mut Done,
    ) {
        let palette = theme::palette(ui.ctx());
        let at = rect.min + Vec2::new(0.0, ROW * (row + 1) as f32);
        let area = Rect::from_min_size(at, Vec2::new(rect.width(), ROW));
        let response = ui.interact(area, Id::unique((self.id, row)), Sense::click());
        let is_selected = self.selected == Some(row);
        let name = (self.row_name)(row);
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_selected, &name));
        let painter = ui.painter();
        let fill = |colour: Colour| painter.rect_filled(area, 0.0, theme::colour(colour));
        if is_selected {
            fill(palette.accent.faded(0.22));
        } else if response.hovered() || response.has_focus() {
            fill(palette.raised);
        }
        let pointer = response.hover_pos();
        let mut x = at.x;
        for (i, column) in self.columns.iter().enumerate() {
            let place = Rect::from_min_size(egui::pos2(x, at.y), Vec2::new(column.width, ROW));
            x += column.width;
            let Cell { text, share, muted } = cell(row, i);
            if share > 0.0 {
                let bar = Rect::from_min_size(
                    place.left_bottom() + Vec2::new(4.0, -4.0),
                    Vec2::new((column.width - 12.0) * share.min(1.0), 2.0),
                );
                painter.rect_filled(bar, 1.0, theme::colour(palette.accent.faded(0.7)));
            }
            let ink = theme::colour(if muted { palette.muted } else { palette.text });
            draw_text(ui, place, column.is_number, &text, true, ink);
            if pointer.is_some_and(|p| place.contains(p)) {
                done.hovered = Some((row, i));
            }
        }
        if response.clicked() {
            done.clicked = Some(row);
        }
        if let Some((hovered, column)) = done.hovered
            && hovered == row
            && let Some(tip) = tip(row, column)
        {
            response.on_hover_text_at_pointer(tip);
        }
    }

    fn headings(&self, ui: &Ui, area: Rect, done: &mut Done) {
        let palette = theme::palette(ui.ctx());
        let painter = ui.painter();
        painter.rect_filled(area, 0.0, theme::colour(palette.background));
        let line = Stroke::new(1.0, theme::colour(palette.line));
        painter.line_segment([area.left_bottom(), area.right_bottom()], line);
        let mut x = area.left();
        for (i, column) in self.columns.iter().enumerate() {
            let place = Rect::from_min_size(egui::pos2(x, area.top()), Vec2::new(column.width, ROW));
            x += column.width;
            let response = ui.interact(place, Id::unique((self.id, "heading", i)), Sense::click());
            let response = named(response, &(self.sort_name)(column.title));
            let sorted = self.sorted.filter(|(by, _)| *by == i);
            let arrow = sorted.map_or("", |(_, descending)| if descending { " \u{2193}" } else { " \u{2191}" });
            let lit = sorted.is_some() || response.hovered() || response.has_focus();
            let ink = theme::colour(if lit { palette.text } else { palette.muted });
            draw_text(ui, place, column.is_number, &format!("{}{arrow}", column.title), false, ink);
            if response.clicked() {
                done.sorted = Some(i);
            }
            response.on_hover_text(column.tip.as_str());
        }
    }
}

fn draw_text(ui: &Ui, place: Rect, right: bool, text: &str, mono: bool, ink: egui::Color32) {
    let family = if mono { FontFamily::Monospace } else { FontFamily::Proportional };
    let font = FontId::new(size::SMALL, family);
    let text = if mono { fit(text, size::SMALL, place.width() - 8.0) } else { text.to_owned() };
    let (at, anchor) = if right {
        (place.right_center() - Vec2::new(8.0, 0.0), Align2::RIGHT_CENTER)
    } else {
        (place.left_center() + Vec2::new(4.0, 0.0), Align2::LEFT_CENTER)
    };
    ui.painter().text(at, anchor, text, font, ink);
}

/// What a response is called, where it is drawn by hand.
pub fn call(response: &Response, name: &str) {
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
}
