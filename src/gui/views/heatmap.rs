//! The matrix.

use super::token;
use crate::figure::colour::Map;
use crate::figure::heatmap::Spot;
use crate::figure::lines::Focus;
use crate::figure::shades::Scale;
use crate::figure::short;
use crate::gui::action::{Action, Actions};
use crate::gui::paint::{self, Canvas};
use crate::gui::state::State;
use crate::gui::words::{EN, fill};
use crate::gui::{theme, widgets};
use egui::{Button, RichText, ScrollArea, Sense, Ui, Vec2};

/// The slim row over the matrix: how numbers become colours.
fn controls(ui: &mut Ui, state: &State, actions: &Actions) {
    let now = state.scene.look.colours;
    let mut next = now;
    ui.horizontal(|ui| {
        ui.set_min_height(theme::CONTROL);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let label = fill(EN.colours, &[colour_map(now.map)]);
            menu(ui, EN.colours_name, &label, EN.colours_tip, |ui| {
                for map in Map::ALL {
                    ui.selectable_value(&mut next.map, map, colour_map(map));
                }
            });
            menu(ui, EN.scale_name, &fill(EN.scale, &[now.scale.name()]), EN.scale_tip, |ui| {
                for scale in Scale::ALL {
                    ui.selectable_value(&mut next.scale, scale, scale.name());
                }
            });
        });
    });
    if next != now {
        actions.ask(Action::Heatmap(next));
    }
}

/// A quiet button with a list under it.
fn menu(ui: &mut Ui, name: &str, label: &str, tip: &str, list: impl FnOnce(&mut Ui)) {
    let button = Button::new(widgets::quiet(ui, label)).frame_when_inactive(false);
    let button = widgets::named(ui.add(button), name).on_hover_text(tip);
    egui::Popup::menu(&button).show(list);
}

fn colour_map(map: Map) -> &'static str {
    match map {
        Map::House => EN.map_house,
        Map::Viridis => "viridis",
        Map::Cividis => "cividis",
    }
}

/// Draws the view.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    controls(ui, state, actions);
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
        let pinned = state.pinned_in(&shown).map(|focus| match focus {
            Focus::Query(q) => Spot::Row(q),
            Focus::Key(k) => Spot::Column(k),
        });
        if let Some(spot) = pinned {
            painter.rect_stroke(paint::rect(layout.area(spot), rect.min), 0.0, ring, egui::StrokeKind::Outside);
        }
        let spot = response.hover_pos().and_then(|p| layout.at(p.x - rect.min.x, p.y - rect.min.y));
        if let Some(spot @ (Spot::Row(i) | Spot::Column(i))) = spot.filter(|_| !shown.tokens.is_empty()) {
            let area = paint::rect(layout.area(spot), rect.min);
            painter.rect_stroke(area, 0.0, ring, egui::StrokeKind::Outside);
            let by_row = matches!(spot, Spot::Row(_));
            let focus = if by_row { Focus::Query(shown.token(i)) } else { Focus::Key(shown.token(i)) };
            actions.over_token(focus);
            if response.clicked() {
                actions.ask(Action::Pin(focus));
            }
            if let Some(sums) = canvas.sums(state) {
                let sum = if by_row { sums.rows[i] } else { sums.columns[i] };
                let what = if by_row { EN.row_sum } else { EN.column_sum };
                response.clone().on_hover_ui_at_pointer(|ui| {
                    ui.label(RichText::new(fill(what, &[&shown.tokens.shown(i)])).font(theme::mono()));
                    ui.label(RichText::new(short(sum)).font(theme::mono()).strong());
                });
            }
        }
        if let Some((q, k)) = match spot {
            Some(Spot::Cell(q, k)) if q.max(k) < shown.tokens.len() => Some((q, k)),
            _ => None,
        } {
            let area = paint::rect(layout.cell(q, k), rect.min);
            painter.rect_stroke(area, 0.0, egui::Stroke::new(2.0, ring.color), egui::StrokeKind::Outside);
            let focus = Focus::Query(shown.token(q));
            actions.over_token(focus);
            if response.clicked() {
                actions.ask(Action::Pin(focus));
            }
            // The model's own weight, also where special tokens are hidden.
            let number = |x: f32| if x == f32::NEG_INFINITY { EN.cannot_be.to_owned() } else { short(x) };
            let value = whole.weights.get(q * whole.tokens.len() + k).copied().unwrap_or(f32::NAN);
            let names = fill(EN.cell_tip, &[&shown.tokens.shown(q), &shown.tokens.shown(k)]);
            let id = ui.scope_id().with("cell");
            // The menu is about the cell that was right-clicked, wherever the pointer goes then.
            if response.secondary_clicked() {
                ui.data_mut(|d| d.insert_temp(id, (q, k, value)));
            }
            response.clone().on_hover_ui_at_pointer(|ui| {
                ui.label(RichText::new(names).font(theme::mono()));
                ui.label(RichText::new(number(value)).font(theme::mono()).strong());
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
