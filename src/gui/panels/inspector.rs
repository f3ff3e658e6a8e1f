//! What is selected, in numbers; what happens when something is changed.

use crate::analysis::filter::Shown;
use crate::analysis::meaning::Meaning;
use crate::analysis::predictions::Prediction;
use crate::engine::{Run, With};
use crate::figure::find::paper_name;
use crate::figure::lines::Focus;
use crate::figure::probability;
use crate::gui::action::{Action, Actions};
use crate::gui::changes::Ask;
use crate::gui::command::Command;
use crate::gui::guess;
use crate::gui::paint::Canvas;
use crate::gui::scene::View;
use crate::gui::state::State;
use crate::gui::views::effects::Mode;
use crate::gui::words::changes::CHANGES;
use crate::gui::words::compare::COMPARE;
use crate::gui::words::files::FILES;
use crate::gui::words::heads::HEADS;
use crate::gui::words::predict::PREDICT;
use crate::gui::words::views::VIEWS;
use crate::gui::words::{self, EN, fill};
use crate::gui::{theme, widgets};
use egui::{ScrollArea, Ui, Vec2};

/// The panel at the right.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    ScrollArea::vertical().id_salt("inspector").auto_shrink(false).show(ui, |ui| {
        widgets::title_row(ui, EN.what_is_this, |_| {});
        let explanation = match state.scene.look.view {
            View::Lines | View::Heatmap if state.meaning() != Meaning::Raw => words::meaning_tip(state.meaning()),
            View::Lines => EN.explanation,
            View::Heatmap => EN.explanation_matrix,
            View::Neuron => EN.explanation_neuron,
            View::Effects if state.scene.details.effects == Mode::Patch => CHANGES.explanation_patching,
            View::Effects => CHANGES.explanation_effects,
            View::Heads => HEADS.explanation_heads,
            View::Evidence => HEADS.explanation_evidence,
            View::Predict => PREDICT.explanation,
            View::Compare => COMPARE.explanation_compare,
            View::Map => COMPARE.explanation_map,
        };
        widgets::muted(ui, explanation);
        let Some(run) = state.run() else { return };
        ui.add_space(4.0);
        ui.separator();
        if state.is_stale() {
            ui.multiply_opacity(0.6);
        }
        if let (Some(whole), Some(shown)) = (canvas.whole(state), canvas.shown(state)) {
            row(ui, state, &whole);
            if shown.rescaled {
                widgets::muted(ui, VIEWS.before_rescaling);
            }
        }
        let (layer, head) = state.shown_head();
        let names = [state.name((layer, head)), fill(HEADS.papers, &[&paper_name(layer, head)])];
        let named = if state.meaning().has_heads() { names.join(" \u{b7} ") } else { names[0].clone() };
        widgets::muted(ui, named).on_hover_text(HEADS.find_tip);
        ui.add_space(4.0);
        buttons(ui, state, actions);
        predictions(ui, state, run);
        ui.separator();
        let link = ui.link(EN.caveat).on_hover_text(EN.caveat_text);
        if link.clicked() {
            actions.ask(Action::Do(Command::Help));
        }
        let export = widgets::wide(ui, true, EN.export);
        if export.on_hover_text(Command::Export.tooltip(ui.ctx())).clicked() {
            actions.ask(Action::Do(Command::Export));
        }
    });
}

/// The five largest weights of the selected row, or column.
fn row(ui: &mut Ui, state: &State, whole: &Shown) {
    let (tokens, weights) = (&whole.tokens, &whole.weights);
    let n = tokens.len();
    let (title, mut bars): (String, Vec<(usize, f32)>) = match state.focus_in(whole) {
        None => {
            widgets::heading(ui, &state.title());
            // Five rows are kept free, so that nothing moves when a token is pinned.
            let (rect, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 5.0 * 28.0), egui::Sense::hover());
            let ink = theme::colour(theme::palette(ui.ctx()).muted);
            let font = egui::TextStyle::Body.resolve(ui.style());
            ui.painter().text(rect.left_top(), egui::Align2::LEFT_TOP, EN.no_row, font, ink);
            return;
        }
        Some(Focus::Query(q)) => {
            let bars = (0..n).map(|k| (k, weights.get(q * n + k).copied().unwrap_or(0.0)));
            (fill(EN.row_of, &[&tokens.shown(q)]), bars.collect())
        }
        Some(Focus::Key(k)) => {
            let bars = (0..n).map(|q| (q, weights.get(q * n + k).copied().unwrap_or(0.0)));
            (fill(EN.column_of, &[&tokens.shown(k)]), bars.collect())
        }
    };
    widgets::heading(ui, &title);
    let unit = state.weights().map_or(1.0, |w| w.unit());
    let palette = theme::palette(ui.ctx());
    let signed = state.meaning().is_signed();
    let ink = |value: f32| if signed { palette.signed(value.signum()) } else { palette.accent };
    let room = if state.meaning().is_share() { widgets::NUMBER } else { 64.0 };
    // A key that is masked out has no score.
    bars.retain(|bar| bar.1 != f32::NEG_INFINITY);
    bars.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    for i in 0..5 {
        match bars.get(i) {
            Some(&(token, share)) => {
                let strong = !tokens.pieces[token].special;
                let length = share.abs() / unit;
                widgets::bar_in(ui, &tokens.shown(token), length, &state.number(share), strong, ink(share), room)
            }
            None => ui.allocate_exact_size(Vec2::new(1.0, 20.0), egui::Sense::hover()).1,
        };
    }
}

fn buttons(ui: &mut Ui, state: &State, actions: &Actions) {
    let mask = state.model.as_ref().and_then(|m| m.tokenizer.mask());
    let token = state.scene.pinned.or(state.preview).map(Focus::token);
    let is_masked =
        token.is_some_and(|i| state.scene.masked.contains(&i)) || (token.is_none() && !state.scene.masked.is_empty());
    let token = token.or(state.scene.masked.first().copied());
    let possible = token.is_some_and(|i| state.can_mask(i));
    let action = if is_masked { EN.unmask_word } else { EN.mask_word };
    let word = token.filter(|_| possible).map(|i| fill(EN.of_word, &[action, &state.word(i)]));
    let button = widgets::wide(ui, possible, word.as_deref().unwrap_or(action));
    let button = widgets::named(button, action);
    let tip = format!("{} {}", EN.mask_tip, Command::Mask.tooltip(ui.ctx()));
    let button = button.on_hover_text(tip).on_disabled_hover_text(match mask {
        _ if state.imported.is_some() => FILES.no_change,
        Some(_) => EN.no_row,
        None => EN.no_mask,
    });
    if let (true, Some(i)) = (button.clicked(), token) {
        actions.ask(Action::Mask(i));
    }
    let with = state.scene.off_with;
    let is_off = state.is_off(state.scene.head);
    let label = if is_off { EN.head_on.to_owned() } else { fill(CHANGES.head_off_with, &[super::changes::with(with)]) };
    let tip = format!("{} {}", EN.head_off_tip, Command::HeadOff.tooltip(ui.ctx()));
    let ready = state.run().is_some() && state.imported.is_none();
    let off = widgets::named(widgets::wide(ui, ready, &label), if is_off { EN.head_on } else { EN.head_off });
    if off.on_hover_text(tip).on_disabled_hover_text(FILES.no_change).clicked() {
        actions.ask(Action::HeadOff(state.scene.head));
    }
    if state.imported.is_some() {
        return;
    }
    let mut chosen = with;
    widgets::choice(
        ui,
        &mut chosen,
        &[(With::Mean, CHANGES.off_mean), (With::Zero, CHANGES.off_zero)],
        CHANGES.off_with_tip,
    );
    if chosen != with {
        actions.ask(Action::Change(Ask::With(chosen)));
    }
}

/// The five likeliest words where the mask or the pin is; before and after, where something was changed.
fn predictions(ui: &mut Ui, state: &State, run: &Run) {
    let Some(model) = &state.model else { return };
    if !run.card.predicts_words() {
        if state.is_changed() {
            widgets::muted(ui, EN.no_predictions);
        }
        return;
    }
    let Some(position) = guess::token(state) else {
        if state.is_changed() {
            widgets::muted(ui, EN.pin_for_prediction);
        }
        return;
    };
    let Some(after) = guess::words(state, run, position) else { return };
    let before = state.unchanged().filter(|b| b.id != run.id).and_then(|b| guess::words(state, b, position));
    ui.add_space(4.0);
    let word = state.word(position);
    let causal = run.card.is_causal();
    let said = |p: &Prediction| shown_word(&model.tokenizer.token(p.id).unwrap_or_default());
    let Some(before) = before else {
        widgets::heading(ui, &fill(if causal { EN.predicted_next } else { EN.predicted }, &[&word]));
        for p in after.iter() {
            widgets::bar(ui, &said(p), p.probability as f32, &probability(p.probability), true);
        }
        return;
    };
    widgets::heading(ui, &fill(if causal { EN.next_before_after } else { EN.before_after }, &[&word]));
    ui.columns(2, |columns| {
        for (ui, (title, list)) in columns.iter_mut().zip([(EN.before, &before), (EN.after, &after)]) {
            widgets::muted(ui, title);
            for p in list.iter() {
                let number = probability(p.probability);
                widgets::short_bar(ui, &said(p), p.probability as f32, &number);
            }
        }
    });
}

/// A vocabulary entry without the marks that say how it joins.
fn shown_word(piece: &str) -> String {
    let word = piece.trim_start_matches(['\u{120}', '\u{2581}']);
    if word.is_empty() { piece.to_owned() } else { word.to_owned() }
}
