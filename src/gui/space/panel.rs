//! How the workspace shares the window.

use super::{Ask, Chosen, bookmarks, context, cured, doctor, layers, looks, map, pair, side, table, tools, twin};
use crate::gui::action::{Action, Actions};
use crate::gui::command::Command;
use crate::gui::paint::Canvas;
use crate::gui::panels;
use crate::gui::state::State;
use crate::gui::theme::{self, CONTROL};
use crate::gui::widgets;
use crate::gui::words::space::SPACE;
use crate::gui::words::{count, fill};
use egui::{Align, Button, CentralPanel, Id, Key, Layout, Margin, Panel, Popup, TextEdit, Ui, UiBuilder, Vec2};

/// The field of words and formulas.
pub fn formula_id() -> Id {
    Id::unique("formula")
}

/// The field that finds words.
pub fn find_id() -> Id {
    Id::unique("find words")
}

/// Draws the workspace.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    let palette = theme::palette(ui.ctx());
    let (panel, back) = (theme::colour(palette.panel), theme::colour(palette.background));
    let frame = |fill, margin: Margin| egui::Frame::new().fill(fill).inner_margin(margin);
    let slim = Margin::symmetric(theme::PADDING, 0);
    Panel::top("bar").exact_size(40.0).resizable(false).frame(frame(panel, slim)).show(ui, |ui| {
        bar(ui, state, actions);
    });
    Panel::bottom("status").exact_size(24.0).resizable(false).frame(frame(panel, slim)).show(ui, |ui| {
        panels::status::show(ui, state, actions);
    });
    let padded = Margin::same(theme::PADDING);
    let Some(space) = state.space.space.clone() else {
        CentralPanel::default().frame(frame(back, padded)).show(ui, |ui| {
            panels::head::problem(ui, state, actions);
            ui.centered_and_justified(|ui| match &state.space.opening {
                Some(name) => widgets::muted(ui, fill(SPACE.opening, &[name])),
                None => widgets::muted(ui, SPACE.no_vectors),
            });
        });
        return;
    };
    let width = ui.available_width();
    if !state.projector && width >= 700.0 {
        let right = if width >= 1200.0 { 400.0 } else { width * 0.34 };
        Panel::right("side").exact_size(right).resizable(false).frame(frame(panel, padded)).show(ui, |ui| {
            side::show(ui, state, actions, &space);
        });
    }
    if state.scene.space.table {
        let height = (ui.available_height() * 0.35).clamp(120.0, 320.0);
        let slim = Margin::symmetric(theme::PADDING, 4);
        Panel::bottom("table").exact_size(height).resizable(false).frame(frame(panel, slim)).show(ui, |ui| {
            table::show(ui, state, actions, &space);
        });
    }
    CentralPanel::default().frame(frame(back, Margin::ZERO)).show(ui, |ui| {
        panels::head::problem(ui, state, actions);
        let rect = ui.available_rect_before_wrap();
        let pair = twin::shown(state);
        let is_layers = pair.is_none() && layers::is_shown(state, &space);
        match pair {
            Some((pair, _)) => pair::maps(ui, state, actions, canvas, &space, pair),
            None if is_layers => layers::show(ui, state, actions, canvas, &space),
            None => map::show(ui, state, actions, canvas, &space),
        }
        // What two maps or layers have in common is not chosen over the map.
        let (is_one, is_plain) = (pair.is_none(), pair.is_none() && !is_layers);
        // Over the map: what finds words at the left, what the map is at the right; what was picked under it.
        let strip = |down: f32| {
            let corner = rect.min + Vec2::new(8.0, 8.0 + down);
            UiBuilder::new().max_rect(egui::Rect::from_min_size(corner, Vec2::new(rect.width() - 16.0, CONTROL)))
        };
        ui.scope_builder(strip(0.0), |ui| {
            ui.horizontal(|ui| {
                tools::finder(ui, state, actions);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if is_plain {
                        tools::method(ui, state, actions, &space);
                    }
                    if is_one {
                        looks::show(ui, state, actions, &space);
                        layers::button(ui, state, actions, &space);
                    }
                    bookmarks::show(ui, state, actions);
                });
            });
        });
        ui.scope_builder(strip(CONTROL + 8.0), |ui| {
            ui.horizontal(|ui| {
                tools::picked(ui, state, actions);
                if is_plain {
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| tools::moving(ui, state, actions));
                }
            });
        });
        // Lower where something was picked, which stands there.
        let down = if tools::has_picked(state) { 2.0 } else { 1.0 } * (CONTROL + 8.0);
        let under = egui::Rect::from_min_max(rect.min + Vec2::new(8.0, 8.0 + down), rect.max - Vec2::splat(8.0));
        ui.scope_builder(UiBuilder::new().max_rect(under), |ui| cured::chips(ui, state, actions));
    });
}

/// The vectors, the workspaces, the formula.
fn bar(ui: &mut Ui, state: &State, actions: &Actions) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let chip = match (&state.space.opening, &state.space.space) {
            (Some(name), _) => fill(SPACE.opening, &[name]),
            (None, Some(space)) => {
                let rows = &space.vectors.rows;
                fill(SPACE.chip, &[&space.name, &count(rows.len() as u64), &rows.width().to_string()])
            }
            (None, None) => SPACE.no_vectors.to_owned(),
        };
        let width = ui.available_width().min(260.0);
        let button = ui.scope(|ui| {
            ui.set_max_width(width);
            ui.add(Button::new(format!("{chip}     ")).min_size(Vec2::new(150.0, CONTROL)).truncate())
        });
        let button = widgets::named(button.inner, Command::OpenVectors.label()).on_hover_text(SPACE.open_tip);
        panels::top::arrow_down(ui, button.rect);
        Popup::menu(&button).show(|ui| {
            ui.set_min_width(200.0);
            if ui.button(SPACE.open_file).clicked() {
                actions.ask(Action::Do(Command::OpenVectors));
                ui.close();
            }
            if ui.button(SPACE.open_bundled).clicked() {
                actions.ask(Action::Space(Ask::Open(String::new())));
                ui.close();
            }
            context::menu(ui, state, actions);
            ui.separator();
            doctor::bad_rows(ui, state, actions);
        });
        panels::top::workspaces(ui, state, actions);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            widgets::command_as(ui, actions, Command::Help, crate::gui::words::EN.help);
            let keys = ui.ctx().format_shortcut(&Command::Palette.shortcut());
            widgets::command_as(ui, actions, Command::Palette, &keys);
            let table = Button::selectable(state.scene.space.table, SPACE.table).frame_when_inactive(true);
            if ui.add(table).on_hover_text(Command::Table.tooltip(ui.ctx())).clicked() {
                actions.ask(Action::Do(Command::Table));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let mut formula = state.scene.space.formula.clone();
                let field = TextEdit::singleline(&mut formula)
                    .id(formula_id())
                    .hint_text(SPACE.formula_hint)
                    .desired_width(ui.available_width() - 10.0)
                    .align(egui::Align2::LEFT_CENTER)
                    .min_size(Vec2::new(0.0, CONTROL));
                let field = widgets::named(ui.add(field), SPACE.formula).on_hover_text(SPACE.formula_tip);
                if field.changed() {
                    let chosen = Chosen { formula, row: None, ..state.scene.space.clone() };
                    actions.ask(Action::Space(Ask::Choose(Box::new(chosen))));
                }
                let row = state.space.answer.as_ref().and_then(|answer| answer.row);
                if let (true, Some(row)) = (field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)), row) {
                    actions.ask(Action::Space(Ask::Fly(row)));
                }
            });
        });
    });
}
