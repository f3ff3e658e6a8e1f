//! The target picker: what heads, layers and tokens are judged by.

use crate::engine::{Run, Target};
use crate::gui::action::{Action, Actions};
use crate::gui::widgets;
use crate::gui::words::changes::CHANGES;
use crate::gui::words::fill;
use crate::model::Card;
use egui::{Button, ComboBox, Ui};

/// Draws the picker.
pub fn show(ui: &mut Ui, run: &Run, now: Target, actions: &Actions) {
    let (card, count) = (&run.card, run.tokens.len());
    let mut next = now;
    let token = match now {
        Target::LogProb(i) | Target::Hidden(_, i) => i,
        _ => (0..count).rev().find(|&i| !run.tokens.pieces[i].special).unwrap_or(0),
    };
    let kinds = [
        (Target::LogProb(token.max(usize::from(card.is_causal()))), CHANGES.target_word),
        (Target::Class(0), CHANGES.target_class),
        (Target::Pooled, CHANGES.target_pooled),
        (Target::Hidden(card.layers.saturating_sub(1), token), CHANGES.target_hidden),
    ];
    ui.horizontal_wrapped(|ui| {
        widgets::muted(ui, CHANGES.target);
        for (kind, label) in kinds {
            let chosen = std::mem::discriminant(&kind) == std::mem::discriminant(&now);
            let refused = kind.check(card, count).err();
            let button = Button::selectable(chosen, label).frame_when_inactive(true);
            let response = ui.add_enabled(refused.is_none(), button).on_hover_text(CHANGES.target_tip);
            let why = refused.map(|e| e.to_string()).unwrap_or_default();
            if response.on_disabled_hover_text(why).clicked() && !chosen {
                next = kind;
            }
        }
        match &mut next {
            Target::LogProb(i) => tokens(ui, run, i, usize::from(card.is_causal())),
            Target::Class(k) => classes(ui, card, k),
            Target::Pooled => {}
            Target::Hidden(layer, i) => {
                let list = (0..card.layers).map(|l| format!("L{l}"));
                choose(ui, CHANGES.target_layer, layer, list, 0);
                tokens(ui, run, i, 0);
            }
        }
    });
    if next != now {
        actions.ask(Action::Target(Some(next)));
    }
}

fn tokens(ui: &mut Ui, run: &Run, i: &mut usize, first: usize) {
    choose(ui, CHANGES.target_token, i, (0..run.tokens.len()).map(|i| named(run, i)), first);
}

fn classes(ui: &mut Ui, card: &Card, k: &mut usize) {
    choose(ui, CHANGES.target_class, k, card.labels.iter().cloned(), 0);
}

/// A token with its position: words repeat.
pub fn named(run: &Run, i: usize) -> String {
    if i < run.tokens.len() { format!("{i} {}", run.tokens.shown(i)) } else { i.to_string() }
}

fn choose(ui: &mut Ui, name: &str, now: &mut usize, list: impl Iterator<Item = String>, first: usize) {
    let list: Vec<String> = list.collect();
    let shown = list.get(*now).cloned().unwrap_or_default();
    let combo = ComboBox::from_id_salt(name)
        .selected_text(shown)
        .width(if list.iter().all(|l| l.len() < 4) { 48.0 } else { 104.0 })
        .height(320.0);
    let response = combo.show_ui(ui, |ui| {
        for (i, label) in list.iter().enumerate().skip(first) {
            ui.selectable_value(now, i, label);
        }
    });
    widgets::named(response.response, name).on_hover_text(fill(CHANGES.target_choose, &[name]));
}

/// The target in words: `log-probability of “door” (token 8)`.
pub fn in_words(run: &Run, target: Target) -> String {
    let word = |i: usize| if i < run.tokens.len() { run.tokens.shown(i) } else { String::new() };
    match target {
        Target::LogProb(i) => fill(CHANGES.target_is_word, &[&word(i), &i.to_string()]),
        Target::Class(k) => fill(CHANGES.target_is_class, &[run.card.labels.get(k).map_or("", String::as_str)]),
        Target::Pooled => CHANGES.target_is_pooled.to_owned(),
        Target::Hidden(layer, i) => fill(CHANGES.target_is_hidden, &[&layer.to_string(), &word(i), &i.to_string()]),
    }
}
