//! The matrix.

use super::token;
use crate::figure::lines::Focus;
use crate::figure::weight;
use crate::gui::action::{Action, Actions};
use crate::gui::paint::{self, Canvas};
use crate::gui::state::State;
use crate::gui::words::{EN, fill};
use crate::gui::{theme, widgets};
use egui::{RichText, ScrollArea, Sense, Ui, Vec2};

/// Draws the view.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    ScrollArea::both().id_salt("heatmap").auto_shrink(false).show(ui, |ui| {
        if state.is_stale() {
            ui.multiply_opacity(0.6);
        }
        let palette = theme::palette(ui.ctx());
        let room = [ui.available_width() - 8.0, (ui.clip_rect().height() - 16.0).max(200.0)];
        let (Some(shown), Some(whole)) = (canvas.shown(state), canvas.whole(state)) else { return };
        let Some(drawn) = canvas.matrix(state, palette, room) else { return };
        let (figure, layout) = &*drawn;
        let (rect, response) = ui.allocate_exact_size(Vec2::new(figure.width, figure.height), Sense::click());
        let painter = ui.painter_at(ui.clip_rect());
        paint::figure(&painter, canvas, figure, rect.min);
        let name = format!("{} {}", EN.heatmap, state.title());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        let ring = egui::Stroke::new(1.0, theme::colour(palette.accent));
        if let Some(Focus::Query(q)) = state.pinned_in(&shown) {
            let row = paint::rect(layout.cell(q, 0), rect.min).with_max_x(rect.min.x + layout.plot.x + layout.plot.w);
            painter.rect_stroke(row, 0.0, ring, egui::StrokeKind::Outside);
        }
        let cell = response.hover_pos().and_then(|p| layout.at(p.x - rect.min.x, p.y - rect.min.y));
        if let Some((q, k)) = cell.filter(|&(q, k)| q.max(k) < shown.tokens.len()) {
            let area = paint::rect(layout.cell(q, k), rect.min);
            painter.rect_stroke(area, 0.0, egui::Stroke::new(2.0, ring.color), egui::StrokeKind::Outside);
            let focus = Focus::Query(shown.token(q));
            actions.over_token(focus);
            if response.clicked() {
                actions.ask(Action::Pin(focus));
            }
            // The model's own weight, also where special tokens are hidden.
            let value = whole.weights.get(q * whole.tokens.len() + k).copied().unwrap_or(f32::NAN);
            let names = fill(EN.cell_tip, &[&shown.tokens.shown(q), &shown.tokens.shown(k)]);
            let id = ui.scope_id().with("cell");
            // The menu is about the cell that was right-clicked, wherever the pointer goes then.
            if response.secondary_clicked() {
                ui.data_mut(|d| d.insert_temp(id, (q, k, value)));
            }
            response.clone().on_hover_ui_at_pointer(|ui| {
                ui.label(RichText::new(names).font(theme::mono()));
                ui.label(RichText::new(weight(value)).font(theme::mono()).strong());
            });
        }
        let clicked: Option<(usize, usize, f32)> = ui.data(|d| d.get_temp(ui.scope_id().with("cell")));
        if let Some((q, k, value)) = clicked.filter(|&(q, k, _)| q.max(k) < shown.tokens.len()) {
            response.context_menu(|ui| {
                widgets::menu(ui, actions, [(EN.copy_value, Action::Copy(value.to_string()))]);
                token::edge_menu(ui, state, &shown, (q, k), actions);
                token::menu(ui, state, shown.token(q), Focus::Query(shown.token(q)), actions);
            });
        }
    });
}
