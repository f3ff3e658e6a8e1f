//! The space without its axes, and what of them leaks back.

use super::Made;
use super::draw::faulty;
use crate::analysis::space::axes::Typed;
use crate::analysis::space::lexicon::Lexicon;
use crate::analysis::space::reject::{Leak, reject};
use crate::engine::{Engine, Slot};
use crate::error::{Error, Result};
use crate::figure::{fit, percent, size};
use crate::gui::made;
use crate::gui::space::{self, Chosen, Space};
use crate::gui::state::State;
use crate::gui::update::submit;
use crate::gui::widgets;
use crate::gui::words::fill;
use crate::gui::words::space::axes::AXES;
use crate::trace::Control;
use egui::{DragValue, Ui};
use std::sync::Arc;

/// Neighbours among the words of both ends.
const NEAR: usize = 10;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    space: u64,
    typed: Vec<String>,
    first: usize,
    count: usize,
}

/// What is left of each axis.
#[derive(Debug)]
pub struct Answer {
    asked: Asked,
    found: std::result::Result<Vec<(String, Leak)>, String>,
}

/// Asks for what leaks back where the axes are others.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let chosen = &state.scene.space;
    let typed = chosen.axes.typed.iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect();
    let all = space.vectors.rows.len();
    let first = if chosen.first == 0 { all } else { chosen.first.min(all) };
    let asked = Asked { space: space.id, typed, first, count: chosen.axes.count };
    if state.space.axes.asked_leak.as_ref() == Some(&asked) {
        return;
    }
    state.space.axes.asked_leak = Some(asked.clone());
    if asked.typed.is_empty() {
        state.space.axes.leak = None;
        return;
    }
    let (space, budget) = (space.clone(), state.settings.budget());
    submit(state, engine, Slot::Reject, "taking axes away", move |control| {
        let found = match found(&space, &asked, budget, control) {
            Err(error) if error.is_stopped() => return Err(error),
            found => found.map_err(|error| error.to_string()),
        };
        Ok(made::Made::Space(space::Made::Axes(Made::Leak(Arc::new(Answer { asked, found })))))
    });
}

/// Takes all axes away at once, and asks of each what is left.
fn found(space: &Space, asked: &Asked, budget: u64, control: &Control) -> Result<Vec<(String, Leak)>> {
    let vectors = &space.vectors;
    let wanted = vectors.rows.bytes();
    if wanted > budget {
        return Err(Error::Memory { wanted, budget });
    }
    let lexicon = Lexicon { words: &vectors.words, rows: &vectors.rows, make: None, unit: true };
    let axes = asked.typed.iter().map(|text| Typed::read(text, &lexicon)).collect::<Result<Vec<_>>>()?;
    let directions: Vec<&[f64]> = axes.iter().map(|typed| typed.axis.direction.as_slice()).collect();
    let after = reject(&vectors.rows, &directions, control)?;
    let one = |(text, typed): (&String, &Typed)| {
        let mut places = typed.axis.places(&vectors.rows, control)?;
        places[asked.first..].fill(f32::NAN);
        Ok((text.clone(), Leak::of(&vectors.rows, &after, &places, asked.count, NEAR, control)?))
    };
    asked.typed.iter().zip(&axes).map(one).collect()
}

/// Draws what is left.
pub fn show(ui: &mut Ui, state: &State, next: &mut Chosen) {
    ui.label(AXES.reject_text);
    ui.horizontal(|ui| {
        widgets::muted(ui, AXES.count);
        let drag = DragValue::new(&mut next.axes.count).range(2..=1000);
        widgets::named(ui.add(drag), AXES.count).on_hover_text(AXES.count_tip);
    });
    let kept = &state.space.axes;
    let Some(answer) = &kept.leak else {
        let is_asked = kept.asked_leak.as_ref().is_some_and(|asked| !asked.typed.is_empty());
        widgets::muted(ui, if is_asked { AXES.measuring } else { AXES.no_axes });
        return;
    };
    match &answer.found {
        Err(why) => faulty(ui, why),
        Ok(found) => {
            for (i, (text, leak)) in found.iter().enumerate() {
                ui.add_space(4.0);
                widgets::heading(ui, &fit(text, size::HEADING, ui.available_width() - 8.0));
                ui.push_id(i, |ui| one(ui, leak));
            }
            ui.add_space(4.0);
            widgets::muted(ui, AXES.by_chance);
        }
    }
    if kept.asked_leak.as_ref() != Some(&answer.asked) {
        widgets::muted(ui, AXES.measuring);
    }
}

/// What was told apart before, and still is.
fn one(ui: &mut Ui, leak: &Leak) {
    let told = [
        (AXES.accuracy, AXES.accuracy_tip.to_owned(), leak.before.accuracy, leak.after.accuracy),
        (AXES.alike, fill(AXES.alike_tip, &[&leak.k.to_string()]), leak.before.neighbours, leak.after.neighbours),
    ];
    for (what, tip, before, after) in told {
        widgets::muted(ui, what).on_hover_text(tip);
        for (when, share) in [(AXES.before, before), (AXES.after, after)] {
            widgets::bar(ui, when, share as f32, &percent(share as f32), true);
        }
    }
}
