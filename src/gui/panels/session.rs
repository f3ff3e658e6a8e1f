//! The sheet of the session: notes, and the file it is saved to.

use crate::gui::action::{Action, Actions, Sheet};
use crate::gui::files;
use crate::gui::state::State;
use crate::gui::words::files::FILES;
use crate::gui::words::{EN, fill};
use crate::gui::{theme, widgets};
use egui::{Button, Id, Key, TextEdit, Ui, Vec2};
use std::path::PathBuf;

/// Draws the sheet.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, is_new: bool) {
    let id = Id::unique("session sheet");
    let kept: Option<String> = if is_new { None } else { ui.data(|d| d.get_temp(id)) };
    let mut path = kept.unwrap_or_else(|| {
        let folder = dirs::document_dir().filter(|f| f.is_dir()).or_else(dirs::home_dir).unwrap_or_default();
        folder.join(files::session_name(state)).to_string_lossy().into_owned()
    });
    widgets::sheet_width(ui, 520.0);
    widgets::heading(ui, FILES.session);
    widgets::muted(ui, FILES.session_note);
    waiting(ui, state, actions);
    ui.add_space(4.0);
    widgets::muted(ui, FILES.notes);
    let mut notes = state.scene.notes.clone();
    let field =
        TextEdit::multiline(&mut notes).hint_text(FILES.notes_hint).desired_rows(4).desired_width(f32::INFINITY);
    if widgets::named(ui.add(field), FILES.notes).on_hover_text(FILES.notes_tip).changed() {
        actions.ask(Action::Notes(notes));
    }
    ui.add_space(4.0);
    widgets::muted(ui, FILES.session_path);
    let mut entered = false;
    ui.horizontal(|ui| {
        let field = TextEdit::singleline(&mut path)
            .desired_width(ui.available_width() - 96.0)
            .align(egui::Align2::LEFT_CENTER)
            .min_size(Vec2::new(0.0, theme::CONTROL));
        let field = widgets::named(ui.add(field), FILES.session_path);
        entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        if ui.add(Button::new(EN.choose).min_size(Vec2::new(80.0, theme::CONTROL))).clicked() {
            actions.ask(Action::SaveSessionAs);
        }
    });
    ui.horizontal(|ui| {
        let wide = Vec2::new(80.0, theme::CONTROL);
        let ready = !path.trim().is_empty();
        if (ui.add_enabled(ready, Button::new(EN.save).min_size(wide)).clicked() || entered) && ready {
            actions.ask(Action::SaveSession(PathBuf::from(path.trim())));
        }
        let open = ui.add_enabled(ready, Button::new(FILES.open_session).min_size(wide));
        if widgets::named(open, FILES.open_session).clicked() {
            actions.ask(Action::Open(path.trim().to_owned()));
        }
    });
    ui.data_mut(|d| d.insert_temp(id, path));
}

/// What still waits for a model, and the way back to its question.
fn waiting(ui: &mut Ui, state: &State, actions: &Actions) {
    let Some(missing) = &state.missing else { return };
    ui.horizontal_wrapped(|ui| {
        ui.label(fill(FILES.waits, &[&missing.name]));
        if ui.button(FILES.choose_model).on_hover_text(FILES.choose_model_tip).clicked() {
            actions.ask(Action::Sheet(Some(Sheet::Missing)));
        }
    });
}
