//! The sheet of models: on this machine, recent, by path or hub id.

use crate::gui::action::{Action, Actions};
use crate::gui::command::Command;
use crate::gui::state::State;
use crate::gui::words::EN;
use crate::gui::words::files::FILES;
use crate::gui::{theme, widgets};
use crate::source::find;
use egui::{Button, Id, Key, RichText, TextEdit, Ui, Vec2};

/// What the sheet remembers while it is open.
#[derive(Debug, Clone, Default)]
struct Local {
    path: String,
    bundled: Vec<String>,
}

/// Draws the sheet.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, is_new: bool) {
    let id = Id::unique("models sheet");
    let mut local: Local = ui.data(|d| d.get_temp(id)).unwrap_or_default();
    if is_new {
        // A few folders are listed: quick enough for the one frame in which the sheet opens.
        local.bundled = find::bundled().into_iter().map(|(name, _)| name).collect();
    }
    widgets::sheet_width(ui, 420.0);
    widgets::heading(ui, EN.models);
    widgets::muted(ui, EN.bundled);
    for name in &local.bundled {
        choice(ui, name, state, actions);
    }
    if !state.settings.recent.is_empty() {
        ui.add_space(4.0);
        widgets::muted(ui, EN.recent);
        for name in &state.settings.recent {
            choice(ui, name, state, actions);
        }
    }
    ui.add_space(4.0);
    widgets::muted(ui, EN.path);
    ui.horizontal(|ui| {
        let open = ui.spacing().interact_size.x + 40.0;
        let field = TextEdit::singleline(&mut local.path)
            .hint_text(EN.path_hint)
            .desired_width(ui.available_width() - open - 18.0)
            .align(egui::Align2::LEFT_CENTER)
            .min_size(Vec2::new(0.0, theme::CONTROL));
        let field = widgets::named(ui.add(field), EN.path);
        if is_new {
            field.request_focus();
        }
        let entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        let ready = !local.path.trim().is_empty();
        let button = ui.add_enabled(ready, Button::new(EN.open).min_size(Vec2::new(open, theme::CONTROL)));
        if ready && (entered || button.clicked()) {
            actions.ask(Action::Open(local.path.trim().to_owned()));
        }
    });
    ui.horizontal(|ui| {
        if ui.button(FILES.open_file).on_hover_text(Command::OpenFile.tooltip(ui.ctx())).clicked() {
            actions.ask(Action::Do(Command::OpenFile));
        }
        if ui.button(EN.open_folder).on_hover_text(Command::OpenFolder.tooltip(ui.ctx())).clicked() {
            actions.ask(Action::Do(Command::OpenFolder));
        }
        widgets::muted(ui, EN.drop_hint);
    });
    ui.data_mut(|d| d.insert_temp(id, local));
}

fn choice(ui: &mut Ui, name: &str, state: &State, actions: &Actions) {
    let here = state.model.as_ref().is_some_and(|m| m.name == name);
    let text = RichText::new(name).font(theme::mono());
    let button = Button::selectable(here, text).min_size(Vec2::new(ui.available_width(), theme::CONTROL)).truncate();
    if widgets::named(ui.add(button), &format!("{} {name}", EN.open)).clicked() {
        actions.ask(Action::Open(name.to_owned()));
    }
}
