//! What is changed, each with a way back: chips under the heading.

use crate::engine::{Cut, With};
use crate::figure::head_name;
use crate::gui::action::{Action, Actions};
use crate::gui::changes::Ask;
use crate::gui::state::State;
use crate::gui::words::changes::CHANGES;
use crate::gui::words::fill;
use crate::gui::{theme, widgets};
use egui::{Button, RichText, Ui};

/// Draws the chips; nothing where nothing is changed.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions) {
    if !state.is_changed() {
        return;
    }
    let (Some(run), scene) = (state.run(), &state.scene) else { return };
    let typed = |i: usize| state.word(i);
    let mut chips: Vec<(String, Ask)> = Vec::new();
    chips.extend(scene.masked.iter().map(|&i| (fill(CHANGES.chip_masked, &[&typed(i)]), Ask::Unmask(i))));
    let replaced = scene.replaced.iter();
    chips.extend(replaced.map(|(i, piece)| (fill(CHANGES.chip_replaced, &[&typed(*i), piece]), Ask::Restore(*i))));
    chips.extend(scene.heads_off.iter().map(|&head| {
        let name = head_name(head.0, head.1);
        (fill(CHANGES.chip_off, &[&name, with(scene.off_with)]), Ask::HeadOn(head))
    }));
    chips.extend(scene.cuts.iter().map(|&cut| (edge(&cut, typed), Ask::Uncut(cut))));

    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(4.0, 4.0);
        for (text, back) in chips {
            let chip = ui.add(Button::new(RichText::new(format!("{text}  \u{d7}"))).small().corner_radius(4.0));
            if widgets::named(chip, &fill(CHANGES.take_back, &[&text])).on_hover_text(CHANGES.take_back_tip).clicked() {
                actions.ask(Action::Change(back));
            }
        }
        if widgets::named(ui.small_button(CHANGES.clear_all), CHANGES.clear_all)
            .on_hover_text(CHANGES.clear_all_tip)
            .clicked()
        {
            actions.ask(Action::Change(Ask::Clear));
        }
    });
    if let Some(at) = run.broken {
        let ink = theme::colour(theme::palette(ui.ctx()).error);
        ui.label(RichText::new(fill(CHANGES.broken_at, &[&at.to_string()])).color(ink));
    }
}

/// What heads that are off put out, in a word.
pub fn with(with: With) -> &'static str {
    match with {
        With::Mean => CHANGES.with_mean,
        With::Zero => CHANGES.with_zero,
    }
}

/// `L2·H5: opened ↛ door`, or `L2: ...` where every head of the layer is meant.
fn edge(cut: &Cut, word: impl Fn(usize) -> String) -> String {
    let at = cut.head.map_or(format!("L{}", cut.layer), |head| head_name(cut.layer, head));
    fill(CHANGES.chip_cut, &[&at, &word(cut.query), &word(cut.key)])
}
