//! The sheet of settings.

use crate::engine::device::Choice;
use crate::gui::action::{Action, Actions};
use crate::gui::settings::Theme;
use crate::gui::state::State;
use crate::gui::widgets;
use crate::gui::words::{EN, fill};
use egui::{Button, DragValue, Ui};

/// Draws the sheet.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions) {
    widgets::sheet_width(ui, 380.0);
    widgets::heading(ui, EN.settings);
    ui.add_space(4.0);
    widgets::muted(ui, EN.theme);
    ui.horizontal(|ui| {
        for (theme, label) in [(Theme::Dark, EN.dark), (Theme::Light, EN.light), (Theme::System, EN.system)] {
            let on = state.settings.theme == theme;
            if ui.add(Button::selectable(on, label).frame_when_inactive(true)).clicked() {
                actions.ask(Action::Theme(theme));
            }
        }
    });
    ui.add_space(4.0);
    widgets::muted(ui, EN.device);
    ui.horizontal(|ui| {
        for device in Choice::ALL {
            let on = state.settings.device == device;
            let button = Button::selectable(on, device.name()).frame_when_inactive(true);
            let button = ui.add_enabled(device.is_built(), button);
            if button.on_disabled_hover_text(fill(EN.not_in_this_build, &[device.name()])).clicked() {
                actions.ask(Action::Device(device));
            }
        }
    });
    widgets::muted(ui, EN.device_note);
    ui.add_space(4.0);
    widgets::muted(ui, EN.budget);
    let mut budget = state.settings.budget_mb;
    let drag = DragValue::new(&mut budget).range(100..=1_000_000).speed(10.0);
    if widgets::named(ui.add(drag), EN.budget).changed() {
        actions.ask(Action::Budget(budget));
    }
}
