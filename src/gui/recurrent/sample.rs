//! How the model goes on with the text.

use super::{Forced, Made, strip};
use crate::engine::recurrent::Said;
use crate::engine::sampler::Sampling;
use crate::engine::{Engine, Slot};
use crate::gui::action::{Action, Actions};
use crate::gui::made;
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::update::submit;
use crate::gui::widgets;
use crate::gui::words::predict::PREDICT;
use crate::gui::words::recurrent::RECURRENT;
use crate::source::symbols::Unit;
use crate::trace::Edits;
use egui::text::LayoutJob;
use egui::{DragValue, TextFormat, Ui};
use std::sync::{Arc, Mutex, PoisonError};

/// The most tokens that are drawn at once.
pub const MOST: usize = 5000;
/// Bytes of the text that are read before the first is drawn.
const PREFIX: usize = 20_000;
/// Characters of the prefix that are shown.
const SHOWN: usize = 80;

/// A text that was drawn.
#[derive(Debug)]
pub struct Sampled {
    /// The model's id.
    model: u64,
    /// The end of what was given.
    prefix: String,
    /// What stands between tokens.
    gap: &'static str,
    /// What was drawn.
    pub said: Vec<Said>,
}

/// Draws a text: up to the pinned token, or after the whole text.
pub fn start(state: &mut State, engine: &Engine<made::Made>) {
    let kept = &state.recurrent;
    let (Some(model), Some(read)) = (kept.model.clone(), kept.current().cloned()) else { return };
    let chosen = &state.scene.recurrent;
    let last = chosen.step.unwrap_or(usize::MAX).min(read.times().saturating_sub(1));
    let text = read.tokens.texts.first().cloned().unwrap_or_default();
    let end = read.tokens.pieces.get(last).map_or(text.len(), |piece| piece.end);
    let mut from = end.saturating_sub(PREFIX);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let prefix = text.get(from..end).unwrap_or_default().to_owned();
    let (sampling, count): (Sampling, usize) = (chosen.sampling, chosen.count);
    let edits = chosen.forced.iter().map(Forced::edit).fold(Edits::none(), Edits::and);
    let skip = prefix.chars().count().saturating_sub(SHOWN);
    let shown: String = prefix.chars().skip(skip).collect();
    let written = Arc::new(Mutex::new(String::new()));
    let is_words = model.opened.symbols.as_ref().is_some_and(|symbols| symbols.unit() == Unit::Word);
    let gap = if is_words { " " } else { "" };
    state.recurrent.writing = Some((shown.clone(), written.clone()));
    submit(state, engine, Slot::Sample, "generating", move |control| {
        let said = model.opened.generate(&prefix, &sampling, count, &edits, control, &mut |said| {
            let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
            written.push_str(gap);
            written.push_str(&said.symbol);
        })?;
        Ok(made::Made::Recurrent(Made::Sampled(Arc::new(Sampled { model: model.id, prefix: shown, gap, said }))))
    });
}

/// Draws controls and text.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions) {
    widgets::heading(ui, RECURRENT.sample_title).on_hover_text(RECURRENT.sample_tip);
    let mut next = state.scene.recurrent.clone();
    let own = &mut next.sampling;
    egui::Grid::new("sampling").num_columns(4).spacing([6.0, 4.0]).show(ui, |ui| {
        let labelled = |ui: &mut Ui, label: &str, tip: &str, value: DragValue<'_>| {
            widgets::muted(ui, label);
            widgets::named(ui.add(value), label).on_hover_text(tip);
        };
        let temperature = DragValue::new(&mut own.temperature).range(0.0..=5.0).speed(0.02).fixed_decimals(2);
        labelled(ui, PREDICT.temperature, PREDICT.temperature_tip, temperature);
        labelled(ui, PREDICT.top_k, PREDICT.top_k_tip, DragValue::new(&mut own.top_k).range(0..=1_000_000).speed(0.2));
        ui.end_row();
        let top_p = DragValue::new(&mut own.top_p).range(0.01..=1.0).speed(0.005).fixed_decimals(2);
        labelled(ui, PREDICT.top_p, PREDICT.top_p_tip, top_p);
        labelled(ui, PREDICT.seed, PREDICT.seed_tip, DragValue::new(&mut own.seed).speed(0.1));
        ui.end_row();
        labelled(ui, PREDICT.count, PREDICT.count_tip, DragValue::new(&mut next.count).range(1..=MOST).speed(1.0));
        ui.end_row();
    });
    strip::choose(actions, state, |chosen| *chosen = next);
    let is_busy = state.latest.contains_key(&Slot::Sample);
    let button = ui.add_enabled(!is_busy, egui::Button::new(RECURRENT.sample));
    if button.on_hover_text(RECURRENT.sample_tip).clicked() {
        actions.ask(Action::Recurrent(super::Ask::Sample));
    }
    let kept = &state.recurrent;
    match (&kept.writing, &kept.sampled) {
        (Some((prefix, written)), _) if is_busy => {
            spell(ui, prefix, &written.lock().unwrap_or_else(PoisonError::into_inner));
        }
        (_, Some(sampled)) if kept.model.as_ref().is_some_and(|model| model.id == sampled.model) => {
            let text: String = sampled.said.iter().flat_map(|said| [sampled.gap, said.symbol.as_str()]).collect();
            spell(ui, &sampled.prefix, &text);
        }
        _ => {}
    }
}

/// What was given, and what was drawn.
fn spell(ui: &mut Ui, prefix: &str, text: &str) {
    let palette = theme::palette(ui.ctx());
    let mut job = LayoutJob::default();
    job.wrap.max_width = ui.available_width();
    job.wrap.break_anywhere = true;
    for (part, ink) in [(prefix, palette.muted), (text, palette.text)] {
        let format = TextFormat { font_id: theme::mono(), color: theme::colour(ink), ..TextFormat::default() };
        job.append(part, 0.0, format);
    }
    ui.label(job);
}
