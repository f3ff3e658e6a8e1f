//! Another token in the place of one: a field that says what the model makes of what is typed.

use crate::gui::action::{Action, Actions};
use crate::gui::changes::Ask;
use crate::gui::state::State;
use crate::gui::theme::{self, CONTROL};
use crate::gui::widgets;
use crate::gui::words::changes::CHANGES;
use crate::gui::words::fill;
use egui::{Button, Id, Key, Modifiers, RichText, TextEdit, Ui, Vec2};

/// Draws the sheet for the token at `position`.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, position: usize, is_new: bool) {
    let (Some(model), Some(run)) = (&state.model, state.run()) else { return };
    let run = state.unchanged().unwrap_or(run);
    let Some(piece) = run.tokens.pieces.get(position) else { return };
    let id = Id::unique("replace");
    let mut typed: String = if is_new { String::new() } else { ui.data(|d| d.get_temp(id)).unwrap_or_default() };
    widgets::sheet_width(ui, 360.0);
    widgets::heading(ui, &fill(CHANGES.replace_title, &[&run.tokens.shown(position)]));
    ui.add_space(4.0);
    let entered = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Enter));
    let field = TextEdit::singleline(&mut typed)
        .hint_text(CHANGES.replace_hint)
        .desired_width(f32::INFINITY)
        .align(egui::Align2::LEFT_CENTER)
        .min_size(Vec2::new(0.0, CONTROL));
    let field = widgets::named(ui.add(field), CHANGES.replace_field);
    if is_new {
        field.request_focus();
    }
    let word = typed.trim();
    let found = (!word.is_empty()).then(|| model.tokenizer.one(word, &piece.piece));
    let palette = theme::palette(ui.ctx());
    // One line is kept, so that the button does not move while somebody types.
    match &found {
        None => widgets::muted(ui, CHANGES.replace_note),
        Some(Ok((id, piece))) => {
            let text = fill(CHANGES.replace_found, &[piece, &id.to_string()]);
            ui.label(RichText::new(text).font(theme::mono()))
        }
        Some(Err(error)) => ui.label(RichText::new(error.to_string()).color(theme::colour(palette.error))),
    };
    let piece = found.and_then(Result::ok).map(|(_, piece)| piece);
    let replace = ui.add_enabled(piece.is_some(), Button::new(CHANGES.replace).min_size(Vec2::new(80.0, CONTROL)));
    let done = replace.clicked() || entered;
    ui.data_mut(|d| d.insert_temp(id, typed));
    if let (true, Some(piece)) = (done, piece) {
        actions.ask(Action::Change(Ask::Replace(position, piece)));
        actions.ask(Action::Sheet(None));
    }
}
