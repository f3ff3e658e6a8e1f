//! The top of the workspace: which model, which text, which layer, what of it.

use super::axis::Axis;
use super::read::Read;
use super::{Ask, Model, opening, read, strip};
use crate::figure::{count, short};
use crate::gui::action::{Action, Actions};
use crate::gui::command::Command;
use crate::gui::state::State;
use crate::gui::theme::CONTROL;
use crate::gui::words::fill;
use crate::gui::words::recurrent::{RECURRENT, site_name};
use crate::gui::{panels, widgets};
use egui::{Align, Button, Layout, Popup, TextEdit, Ui, Vec2};

/// The sign of a line break.
const BREAK: &str = "\u{23ce}";

/// Model, workspaces, text.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let kept = &state.recurrent;
        let chip = match (&kept.opening, &kept.model) {
            (Some(name), _) => fill(RECURRENT.opening, &[name]),
            (None, Some(model)) => {
                let first = &model.opened.network.layers[0].forward;
                let layers = model.opened.network.layers.len().to_string();
                fill(RECURRENT.chip, &[&model.opened.name, first.kind.name(), &layers, &first.units.to_string()])
            }
            (None, None) => RECURRENT.no_model.to_owned(),
        };
        let width = ui.available_width().min(if ui.available_width() < 900.0 { 190.0 } else { 260.0 });
        let button = ui.scope(|ui| {
            ui.set_max_width(width);
            ui.add(Button::new(format!("{chip}     ")).min_size(Vec2::new(150.0, CONTROL)).truncate())
        });
        let button = widgets::named(button.inner, RECURRENT.model).on_hover_text(RECURRENT.open_tip);
        panels::top::arrow_down(ui, button.rect);
        Popup::menu(&button).show(|ui| models(ui, actions));
        panels::top::workspaces(ui, state, actions);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            widgets::command_as(ui, actions, Command::Help, crate::gui::words::EN.help);
            let keys = ui.ctx().format_shortcut(&Command::Palette.shortcut());
            widgets::command_as(ui, actions, Command::Palette, &keys);
            widgets::command_as(ui, actions, Command::OpenText, RECURRENT.open_text);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| text(ui, state, actions));
        });
    });
}

/// What can be opened.
pub fn models(ui: &mut Ui, actions: &Actions) {
    ui.set_min_width(200.0);
    let own = [(RECURRENT.open_folder, Command::OpenFolder), (RECURRENT.open_file, Command::OpenRecurrent)];
    widgets::menu(ui, actions, own.map(|(label, command)| (label, Action::Do(command))));
    for name in opening::bundled() {
        if ui.button(name).clicked() {
            actions.ask(Action::Recurrent(Ask::Open(name.to_owned())));
            ui.close();
        }
    }
}

/// The field of the text; where the text is a file's, its name and a way back.
fn text(ui: &mut Ui, state: &State, actions: &Actions) {
    let chosen = &state.scene.recurrent;
    if !chosen.file.is_empty() {
        let name = std::path::Path::new(&chosen.file).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let close = Button::new(format!("{name}  \u{d7}")).truncate();
        if widgets::named(ui.add(close), RECURRENT.close_text).on_hover_text(RECURRENT.close_text_tip).clicked() {
            strip::choose(actions, state, |chosen| {
                chosen.file.clear();
                (chosen.step, chosen.brush) = (None, None);
            });
        }
        return;
    }
    // The field has one line: a line break is drawn as a sign, and the sign is read as a line break.
    let mut text = chosen.text.replace('\n', BREAK);
    let field = TextEdit::singleline(&mut text)
        .id(super::text_id())
        .hint_text(RECURRENT.text_hint)
        .char_limit(crate::gui::scene::LONGEST)
        .desired_width(ui.available_width() - 10.0)
        .align(egui::Align2::LEFT_CENTER)
        .min_size(Vec2::new(0.0, CONTROL));
    if widgets::named(ui.add(field), RECURRENT.text).on_hover_text(RECURRENT.text_tip).changed() {
        strip::choose(actions, state, |chosen| {
            chosen.text = text.replace(BREAK, "\n");
            chosen.brush = None;
        });
    }
}

/// Layer, direction, what is shown and how; at the right the legend and the zoom.
pub fn row(ui: &mut Ui, state: &State, actions: &Actions, model: &Model, read: Option<(&Read, &Axis)>) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let chosen = &state.scene.recurrent;
        let mut next = chosen.clone();
        let layers = &model.opened.network.layers;
        if layers.len() > 1 {
            widgets::muted(ui, RECURRENT.layer);
            for layer in 0..layers.len() {
                let button = Button::selectable(chosen.layer == layer, layer.to_string()).frame_when_inactive(true);
                let button = widgets::named(ui.add(button), &fill(RECURRENT.layer_name, &[&layer.to_string()]));
                if button.on_hover_text(RECURRENT.layer_tip).clicked() {
                    next.layer = layer;
                }
            }
        }
        if layers.get(chosen.layer).is_some_and(|layer| layer.backward.is_some()) {
            for (backward, label) in [(false, RECURRENT.forward), (true, RECURRENT.backward)] {
                let button = Button::selectable(chosen.backward == backward, label).frame_when_inactive(true);
                if ui.add(button).on_hover_text(RECURRENT.direction_tip).clicked() {
                    next.backward = backward;
                }
            }
        }
        ui.add_space(4.0);
        let now = chosen.site();
        let button = Button::new(fill(RECURRENT.shown, &[site_name(now)])).min_size(Vec2::new(0.0, CONTROL));
        let button = widgets::named(ui.add(button), RECURRENT.shown_name).on_hover_text(RECURRENT.shown_tip);
        Popup::menu(&button).show(|ui| {
            for (site, _) in read::sites(model, super::stack(chosen.backward), chosen.layer) {
                if ui.add(Button::selectable(site == now, site_name(site))).clicked() {
                    site.name().clone_into(&mut next.what);
                    ui.close();
                }
            }
        });
        for (lines, label) in [(false, RECURRENT.heatmap), (true, RECURRENT.lines)] {
            let button = Button::selectable(chosen.lines == lines, label).frame_when_inactive(true);
            if ui.add(button).on_hover_text(RECURRENT.lines_tip).clicked() {
                next.lines = lines;
            }
        }
        strip::choose(actions, state, |chosen| *chosen = next);
        let Some((read, axis)) = read else { return };
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let centre = axis.left + axis.width / 2.0;
            let windows = [
                (RECURRENT.whole, RECURRENT.whole, axis.whole()),
                ("+", RECURRENT.zoom_in, axis.zoomed(1.5, centre)),
                ("\u{2212}", RECURRENT.zoom_out, axis.zoomed(1.0 / 1.5, centre)),
            ];
            for (label, name, window) in windows {
                let button = ui.add(Button::new(label).min_size(Vec2::splat(CONTROL)));
                if widgets::named(button, name).on_hover_text(RECURRENT.zoom_tip).clicked() {
                    actions.ask(Action::Recurrent(Ask::Look(window)));
                }
            }
            if let Some(levels) = read.sites.get(&now) {
                legend(ui, levels, now);
            }
            let seen = axis.visible();
            let said = [seen.start, seen.end, read.times()].map(|n| count(n as u64));
            widgets::muted(ui, fill(RECURRENT.seen, &said.each_ref().map(String::as_str)));
        });
    });
}

/// What the colours stand for, with numbers.
fn legend(ui: &mut Ui, levels: &super::levels::Levels, site: crate::trace::Site) {
    let palette = crate::gui::theme::palette(ui.ctx());
    let shades = super::heat::shades(site, levels, palette);
    let top = if read::is_gate(site) { 1.0 } else { levels.most };
    let least = if levels.signed { -top } else { 0.0 };
    widgets::muted(ui, short(top));
    let (rect, response) = ui.allocate_exact_size(Vec2::new(64.0, 10.0), egui::Sense::hover());
    let columns = 32u16;
    for column in 0..columns {
        let share = f32::from(column) / f32::from(columns - 1);
        let left = rect.left() + rect.width() * f32::from(column) / f32::from(columns);
        let part = egui::Rect::from_min_size(
            egui::Pos2::new(left, rect.top()),
            Vec2::new(rect.width() / f32::from(columns) + 0.5, rect.height()),
        );
        let colour = shades.colour(least + share * (top - least));
        ui.painter().rect_filled(part, 0.0, crate::gui::theme::colour(colour));
    }
    response.on_hover_text(RECURRENT.legend_tip);
    widgets::muted(ui, short(least));
}
