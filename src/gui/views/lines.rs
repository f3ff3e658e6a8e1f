//! Token lines.

use super::token;
use crate::analysis::filter::Shown;
use crate::figure::lines::Focus;
use crate::gui::action::{Action, Actions};
use crate::gui::paint::{self, Canvas};
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::words::{EN, fill};
use egui::{ScrollArea, Sense, Ui, Vec2};

/// Draws the view.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    ScrollArea::vertical().id_salt("lines").auto_shrink(false).show(ui, |ui| {
        if state.is_stale() {
            ui.multiply_opacity(0.6);
        }
        let palette = theme::palette(ui.ctx());
        let width = ui.available_width() - 8.0;
        let (Some(run), Some(shown)) = (state.run(), canvas.shown(state)) else { return };
        let Some(drawn) = canvas.lines(state, palette, width) else { return };
        let (figure, layout) = &*drawn;
        let (rect, _) = ui.allocate_exact_size(Vec2::new(figure.width, figure.height), Sense::hover());
        let painter = ui.painter_at(ui.clip_rect());
        paint::figure(&painter, canvas, figure, rect.min);
        for i in 0..shown.tokens.len() {
            let token = shown.token(i);
            for (focus, template) in [(Focus::Query(i), EN.query_name), (Focus::Key(i), EN.key_name)] {
                let area = paint::rect(layout.area(focus), rect.min);
                if !ui.clip_rect().intersects(area) {
                    continue;
                }
                let focus = focus.at(token);
                let response = ui.interact(area, ui.scope_id().with(("token", focus)), Sense::click());
                let name = fill(template, &[&token.to_string(), &shown.tokens.pieces[i].piece]);
                let pinned = state.scene.pinned.is_some_and(|p| p == p.at(token) && focus == p)
                    || state.focus_in(&shown) == Some(focus.at(i)) && state.scene.pinned == state.focus();
                response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, pinned, &name));
                if pinned {
                    let ink = egui::Stroke::new(1.0, theme::colour(palette.accent));
                    painter.rect_stroke(area, 2.0, ink, egui::StrokeKind::Inside);
                }
                let over_button = token::mask_button(ui, state, actions, focus, area);
                if response.hovered() || over_button {
                    actions.over_token(focus);
                }
                if response.clicked() {
                    actions.ask(Action::Pin(focus));
                }
                response.context_menu(|ui| {
                    if let Some(edge) = edge_from(state, &shown, focus.at(i)) {
                        token::edge_menu(ui, state, &shown, edge, actions);
                    }
                    token::menu(ui, state, token, focus, actions);
                });
                response.on_hover_text(token::tip(run, token));
            }
        }
    });
}

/// The edge between the pinned token and the one that was right-clicked on the other side.
fn edge_from(state: &State, shown: &Shown, clicked: Focus) -> Option<(usize, usize)> {
    match (state.pinned_in(shown)?, clicked) {
        (Focus::Query(q), Focus::Key(k)) | (Focus::Key(k), Focus::Query(q)) => Some((q, k)),
        _ => None,
    }
}
