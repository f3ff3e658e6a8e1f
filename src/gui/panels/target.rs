//! What gradients are taken of.

use crate::engine::Target;
use crate::figure::lines::Focus;
use crate::gui::action::{Action, Actions};
use crate::gui::state::State;
use crate::gui::widgets;
use crate::gui::words::{EN, fill};
use egui::{Button, DragValue, Ui};

/// Choices of a target; those that the model or the text does not have are grey and say why.
pub fn picker(ui: &mut Ui, state: &State, actions: &Actions) {
    let (Some(model), Some(run), Some(now)) = (&state.model, state.run(), state.target()) else { return };
    let (card, tokens) = (model.card(), run.tokens.len());
    let token = state.scene.pinned.map_or(1, Focus::token).min(tokens.saturating_sub(1));
    widgets::heading(ui, EN.target);
    let usual = state.usual_target().unwrap_or(Target::Pooled);
    let label = fill(EN.target_usual, &[&state.target_label(usual)]);
    let button = Button::selectable(state.scene.target.is_none(), &label).frame_when_inactive(true);
    if widgets::named(ui.add(button), &label).on_hover_text(EN.target_tip).clicked() {
        actions.ask(Action::Target(None));
    }
    let chosen = state.scene.target;
    let kinds = [
        (EN.target_kind_logprob, Target::LogProb(token)),
        (EN.target_kind_class, Target::Class(0)),
        (EN.target_kind_pooled, Target::Pooled),
        (EN.target_kind_hidden, Target::Hidden(card.layers.saturating_sub(1), token)),
    ];
    ui.horizontal_wrapped(|ui| {
        for (label, start) in kinds {
            let here = chosen.is_some_and(|c| std::mem::discriminant(&c) == std::mem::discriminant(&start));
            let refused = start.check(card, tokens).err();
            // Only the first token cannot be predicted by a model that reads from the left.
            let refused = refused.filter(|_| start != Target::LogProb(0) || !card.predicts_words());
            let button = Button::selectable(here, label).frame_when_inactive(true);
            let button = widgets::named(ui.add_enabled(refused.is_none(), button), label);
            let button = match refused {
                Some(error) => button.on_disabled_hover_text(error.to_string()),
                None => button.on_hover_text(EN.target_tip),
            };
            if button.clicked() && !here {
                let start = if start.check(card, tokens).is_ok() { start } else { Target::LogProb(1) };
                actions.ask(Action::Target(Some(start)));
            }
        }
    });
    let Some(chosen) = chosen else { return };
    let mut next = chosen;
    ui.horizontal(|ui| {
        let last = tokens.saturating_sub(1);
        match &mut next {
            Target::LogProb(i) => place(ui, EN.target_token, i, usize::from(card.is_causal()).min(last)..=last),
            Target::Class(k) => place(ui, EN.target_kind_class, k, 0..=card.labels.len().saturating_sub(1)),
            Target::Pooled => {}
            Target::Hidden(layer, i) => {
                place(ui, EN.target_layer, layer, 0..=card.layers.saturating_sub(1));
                place(ui, EN.target_token, i, 0..=last);
            }
        }
        widgets::muted(ui, state.target_label(now));
    });
    if next != chosen {
        actions.ask(Action::Target(Some(next)));
    }
}

fn place(ui: &mut Ui, name: &str, value: &mut usize, range: std::ops::RangeInclusive<usize>) {
    ui.label(name);
    widgets::named(ui.add(DragValue::new(value).range(range)), name);
}
