//! What every view offers for a token: its menu, its tooltip, the button that masks it.

use crate::engine::Run;
use crate::figure::lines::Focus;
use crate::figure::size;
use crate::gui::action::{Action, Actions, Sheet};
use crate::gui::command::Command;
use crate::gui::state::State;
use crate::gui::widgets;
use crate::gui::words::{EN, fill};
use egui::{Button, RichText, Ui};

/// The width of the button that masks a token.
const MASK: f32 = 52.0;

/// The entries of the menu of token `i`.
pub fn menu(ui: &mut Ui, state: &State, i: usize, focus: Focus, actions: &Actions) {
    let pin = if state.scene.pinned == Some(focus) { EN.unpin } else { EN.pin };
    let mask = if state.scene.masked.contains(&i) { EN.unmask_word } else { EN.mask_word };
    let mask = state.can_mask(i).then_some((mask, Action::Mask(i)));
    let rest = [
        (Command::CopyPicture.label(), Action::Do(Command::CopyPicture)),
        (Command::CopyValues.label(), Action::Do(Command::CopyValues)),
        (EN.export, Action::Sheet(Some(Sheet::Export))),
    ];
    widgets::menu(ui, actions, std::iter::once((pin, Action::Pin(focus))).chain(mask).chain(rest));
}

/// What is known of token `i`.
pub fn tip(run: &Run, i: usize) -> String {
    let p = &run.tokens.pieces[i];
    let id = p.id.to_string();
    if p.special {
        return fill(EN.special_tip, &[&p.piece, &id]);
    }
    fill(EN.token_tip, &[&p.piece, &id, &p.start.to_string(), &p.end.to_string()])
}

/// A button beside the query under the pointer that masks it; whether the pointer is on the button.
pub fn mask_button(ui: &mut Ui, state: &State, actions: &Actions, focus: Focus, label: egui::Rect) -> bool {
    let i = focus.token();
    let place = label.with_min_x(label.left() - MASK).with_max_x(label.left() - 4.0);
    let around = place.union(label);
    if matches!(focus, Focus::Key(_)) || !state.can_mask(i) || !ui.rect_contains_pointer(around) {
        return false;
    }
    let masked = state.scene.masked.contains(&i);
    let (text, tip) = if masked { (EN.show, EN.unmask_word) } else { (EN.mask, EN.mask_word) };
    let font = egui::FontId::new(size::SMALL, egui::FontFamily::Proportional);
    let button =
        ui.put(place, Button::new(RichText::new(text).font(font)).wrap_mode(egui::TextWrapMode::Extend).small());
    if widgets::named(button, tip).on_hover_text(Command::Mask.tooltip(ui.ctx())).clicked() {
        actions.ask(Action::Mask(i));
    }
    ui.rect_contains_pointer(place)
}
