//! What every view offers for a token: its menu, its tooltip, the button that masks it.

use crate::analysis::filter::Shown;
use crate::engine::{Cut, Run};
use crate::figure::lines::Focus;
use crate::figure::size;
use crate::gui::action::{Action, Actions, Sheet};
use crate::gui::changes::Ask;
use crate::gui::command::Command;
use crate::gui::state::State;
use crate::gui::widgets;
use crate::gui::words::changes::CHANGES;
use crate::gui::words::{EN, fill};
use egui::{Button, RichText, Ui};

/// The width of the button that masks a token.
const MASK: f32 = 52.0;

/// The entries of the menu of token `i`.
pub fn menu(ui: &mut Ui, state: &State, i: usize, focus: Focus, actions: &Actions) {
    let pin = if state.scene.pinned == Some(focus) { EN.unpin } else { EN.pin };
    let mask = if state.scene.masked.contains(&i) { EN.unmask_word } else { EN.mask_word };
    let mask = state.can_mask(i).then_some((mask, Action::Mask(i)));
    let is_replaced = state.scene.replaced.iter().any(|(at, _)| *at == i);
    let restore = is_replaced.then_some((CHANGES.restore_word, Action::Change(Ask::Restore(i))));
    let replace = state.can_replace(i).then_some((CHANGES.replace_word, Action::Sheet(Some(Sheet::Replace(i)))));
    let rest = [
        (Command::CopyPicture.label(), Action::Do(Command::CopyPicture)),
        (Command::CopyValues.label(), Action::Do(Command::CopyValues)),
        (EN.export, Action::Sheet(Some(Sheet::Export))),
    ];
    let changes = mask.into_iter().chain(replace).chain(restore);
    widgets::menu(ui, actions, std::iter::once((pin, Action::Pin(focus))).chain(changes).chain(rest));
}

/// The entries of the menu of an edge between shown tokens: it is cut in the selected heads, piece by piece where a word is
/// drawn as one.
pub fn edge_menu(ui: &mut Ui, state: &State, shown: &Shown, (query, key): (usize, usize), actions: &Actions) {
    let (Some(queries), Some(keys)) = (shown.spans.get(query).cloned(), shown.spans.get(key).cloned()) else { return };
    let pairs = || queries.clone().flat_map(|query| keys.clone().map(move |key| (query, key)));
    let cuts = |layer: usize, head: Option<usize>| pairs().map(move |(query, key)| Cut { layer, head, query, key });
    let here = state.scene.heads().into_iter().flat_map(|(layer, head)| cuts(layer, Some(head)));
    let layer = cuts(state.scene.head.0, None);
    let items = [
        (CHANGES.cut_edge, Action::Change(Ask::Cut(here.collect()))),
        (CHANGES.cut_edge_layer, Action::Change(Ask::Cut(layer.collect()))),
    ];
    widgets::menu(ui, actions, items);
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

/// A button at the left of the query under the pointer, or over it, that masks it; whether the pointer is on the button.
pub fn mask_button(
    ui: &mut Ui,
    state: &State,
    actions: &Actions,
    focus: Focus,
    label: egui::Rect,
    at_left: bool,
) -> bool {
    let i = focus.token();
    let place = if at_left {
        label.with_min_x(label.left() - MASK).with_max_x(label.left() - 4.0)
    } else {
        let middle = label.center_top() - egui::Vec2::new(0.0, label.height() / 2.0);
        egui::Rect::from_center_size(middle, egui::Vec2::new(MASK - 4.0, label.height()))
    };
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
