//! The matrix.

use super::token;
use crate::analysis::filter::Shown;
use crate::figure::colour::Map;
use crate::figure::heatmap::{Layout, Spot};
use crate::figure::lines::Focus;
use crate::figure::shades::Scale;
use crate::figure::short;
use crate::gui::action::{Action, Actions};
use crate::gui::paint::{self, Canvas};
use crate::gui::state::State;
use crate::gui::words::views::VIEWS;
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
        let (Some(shown), Some(sums)) = (canvas.shown(state), canvas.sums(state)) else { return };
        let (Some(whole), Some(passed)) = (canvas.whole(state), canvas.passed(state)) else { return };
        let Some(drawn) = canvas.matrix(state, palette, room) else { return };
        let (figure, layout) = &*drawn;
        let (rect, response) = ui.allocate_exact_size(Vec2::new(figure.width, figure.height), Sense::click());
        let painter = ui.painter_at(ui.clip_rect());
        paint::figure(&painter, canvas, figure, rect.min);
        let name = format!("{} {}", EN.heatmap, state.title());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        let ring = |spot: Spot, width: f32| {
            let ink = egui::Stroke::new(width, theme::colour(palette.accent));
            painter.rect_stroke(paint::rect(layout.area(spot), rect.min), 0.0, ink, egui::StrokeKind::Outside);
        };
        // The token that any view looks at is marked here too.
        if let Some(focus) = state.focus_in(&shown) {
            ring(if let Focus::Query(q) = focus { Spot::Row(q) } else { Spot::Column(focus.token()) }, 1.0);
        }
        let cells = Cells { layout, shown: &shown, drawn: &passed, whole: &whole };
        let spot = response.hover_pos().and_then(|p| layout.at(p.x - rect.min.x, p.y - rect.min.y));
        if let Some(spot) = spot.filter(|_| !shown.tokens.is_empty()) {
            let focus = match spot {
                Spot::Cell(q, _) | Spot::Row(q) => Focus::Query(shown.token(q)),
                Spot::Column(k) => Focus::Key(shown.token(k)),
            };
            ring(spot, if matches!(spot, Spot::Cell(..)) { 2.0 } else { 1.0 });
            actions.over_token(focus);
            if response.clicked() {
                actions.ask(Action::Pin(focus));
            }
            let lines = match spot {
                Spot::Cell(q, k) => cells.tip(q, k),
                Spot::Row(i) => vec![fill(EN.row_sum, &[&shown.tokens.shown(i)]), short(sums.rows[i])],
                Spot::Column(i) => vec![fill(EN.column_sum, &[&shown.tokens.shown(i)]), short(sums.columns[i])],
            };
            response.clone().on_hover_ui_at_pointer(|ui| tip(ui, &lines));
        }
        menu_of_cell(ui, state, actions, &cells, &response, spot);
    });
}

/// What is said of a spot: the second line is its number.
fn tip(ui: &mut Ui, lines: &[String]) {
    for (i, line) in lines.iter().enumerate() {
        let text = RichText::new(line).font(theme::mono());
        ui.label(if i == 1 { text.strong() } else { text });
    }
}

/// The menu is about the cell that was right-clicked, wherever the pointer goes then.
fn menu_of_cell(
    ui: &mut Ui,
    state: &State,
    actions: &Actions,
    cells: &Cells<'_>,
    response: &egui::Response,
    spot: Option<Spot>,
) {
    let id = ui.scope_id().with("cell");
    if let (true, Some(Spot::Cell(q, k))) = (response.secondary_clicked(), spot) {
        ui.data_mut(|d| d.insert_temp(id, (q, k)));
    }
    let clicked: Option<(usize, usize)> = ui.data(|d| d.get_temp(id));
    let Some((q, k)) = clicked.filter(|&(q, k)| q.max(k) < cells.shown.tokens.len()) else { return };
    response.context_menu(|ui| {
        let (drawn, whole) = (cells.drawn(q, k), cells.whole(q, k));
        let other = (drawn != whole).then(|| (VIEWS.copy_whole, Action::Copy(whole.to_string())));
        let items = std::iter::once((EN.copy_value, Action::Copy(drawn.to_string()))).chain(other);
        widgets::menu(ui, actions, items);
        token::edge_menu(ui, state, cells.shown, (q, k), actions);
        let query = cells.shown.token(q);
        token::menu(ui, state, query, Focus::Query(query), actions);
    });
}

/// The numbers behind the matrix.
struct Cells<'a> {
    layout: &'a Layout,
    shown: &'a Shown,
    /// What is drawn.
    drawn: &'a [f32],
    /// The same heads with nothing left out.
    whole: &'a Shown,
}

impl Cells<'_> {
    fn of(&self, values: &[f32], q: usize, k: usize) -> f32 {
        values.get(q * self.shown.tokens.len() + k).copied().unwrap_or(f32::NAN)
    }

    fn drawn(&self, q: usize, k: usize) -> f32 {
        self.of(self.drawn, q, k)
    }

    fn whole(&self, q: usize, k: usize) -> f32 {
        self.of(&self.whole.weights, q, k)
    }

    /// The edge, the number that is drawn, and the one before anything was left out where that is another.
    fn tip(&self, q: usize, k: usize) -> Vec<String> {
        let (drawn, whole) = (self.drawn(q, k), self.whole(q, k));
        let tokens = &self.shown.tokens;
        let mut lines = vec![fill(EN.cell_tip, &[&tokens.shown(q), &tokens.shown(k)])];
        if whole == f32::NEG_INFINITY {
            lines.push(EN.cannot_be.to_owned());
        } else {
            lines.push(if drawn == 0.0 && whole != 0.0 { VIEWS.left_out.to_owned() } else { short(drawn) });
            if drawn.to_bits() != whole.to_bits() {
                lines.push(fill(VIEWS.before_left_out, &[&short(whole)]));
            }
        }
        if self.layout.is_pooled() {
            let (rows, columns) = (self.layout.beside(q), self.layout.beside(k));
            let under = rows.flat_map(|q| columns.clone().map(move |k| self.drawn(q, k)));
            let most = under.fold(0f32, |most, w| if w.abs() > most.abs() { w } else { most });
            lines.push(fill(VIEWS.largest_under, &[&short(most)]));
        }
        lines
    }
}
