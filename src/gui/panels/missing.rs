//! What to do where a model is not on this machine.

use crate::gui::action::{Action, Actions};
use crate::gui::files::Instead;
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::widgets;
use crate::gui::words::files::FILES;
use crate::gui::words::{EN, bytes, fill};
use crate::source::find;
use egui::{Button, Ui, Vec2};

/// Draws the sheet.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions) {
    let Some(missing) = &state.missing else { return };
    widgets::sheet_width(ui, 520.0);
    let heading = if missing.failed { FILES.not_opened } else { FILES.not_here };
    widgets::heading(ui, &fill(heading, &[&missing.name]));
    let of_session = missing.waiting.reference.is_some();
    widgets::muted(ui, if of_session { FILES.not_here_session } else { FILES.not_here_note });
    ui.add_space(8.0);
    let button = |ui: &mut Ui, label: &str, tip: &str, instead: Instead| {
        let button = ui.add(Button::new(label).min_size(Vec2::new(0.0, theme::CONTROL)));
        if widgets::named(button, label).on_hover_text(tip).clicked() {
            actions.ask(Action::Instead(instead));
        }
    };
    ui.horizontal_wrapped(|ui| {
        button(ui, EN.open_folder, crate::gui::Command::OpenFolder.tip(), Instead::Folder);
        if missing.is_id {
            let label = missing
                .size
                .map_or_else(|| FILES.download_unknown.to_owned(), |size| fill(FILES.download, &[&bytes(size)]));
            button(ui, &label, FILES.download_tip, Instead::Download);
        }
        button(ui, &fill(FILES.same_on, &[find::DEFAULT]), FILES.same_on_tip, Instead::Bundled);
    });
}
