//! The odd one out of a few words.

use super::Made;
use crate::analysis::space::axes::{list, quoted};
use crate::analysis::space::lexicon::{Lexicon, Missing};
use crate::analysis::space::odd::Odd;
use crate::engine::{Engine, Slot};
use crate::figure::weight;
use crate::gui::action::{Action, Actions};
use crate::gui::space::{self, Space, axes};
use crate::gui::state::State;
use crate::gui::theme::CONTROL;
use crate::gui::update::{halt, submit};
use crate::gui::words::fill;
use crate::gui::words::space::analogy::ANALOGY;
use crate::gui::{made, widgets};
use egui::{TextEdit, Ui, Vec2};
use std::sync::Arc;

/// Words of a selection that are taken.
const MOST: usize = 50;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    space: u64,
    text: String,
}

/// Words by how odd they are.
#[derive(Debug)]
pub struct Answer {
    asked: Asked,
    /// Words with their cosine, the odd one last.
    ranked: Vec<(String, f32)>,
    missing: Vec<Missing>,
    wrong: Option<String>,
}

/// Asks about the words where they are others.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let text = state.scene.space.analogy.odd.trim().to_owned();
    let asked = Some(Asked { space: space.id, text }).filter(|asked| !asked.text.is_empty());
    if state.space.analogy.asked_odd == asked {
        return;
    }
    state.space.analogy.asked_odd.clone_from(&asked);
    let Some(asked) = asked else {
        halt(state, engine, Slot::Odd);
        state.space.analogy.odd = None;
        return;
    };
    let space = space.clone();
    submit(state, engine, Slot::Odd, "finding the odd one out", move |_| {
        let answer = Arc::new(Answer::of(&space, asked));
        Ok(made::Made::Space(space::Made::Analogy(Made::Odd(answer))))
    });
}

impl Answer {
    fn of(space: &Space, asked: Asked) -> Self {
        let vectors = &space.vectors;
        let make = |word: &str| vectors.subwords.as_ref().and_then(|parts| parts.vector(word.as_bytes()));
        let lexicon = Lexicon { words: &vectors.words, rows: &vectors.rows, make: Some(&make), unit: true };
        let words = match list(&asked.text) {
            Ok(words) => words,
            Err(error) => {
                return Self { asked, ranked: Vec::new(), missing: Vec::new(), wrong: Some(error.to_string()) };
            }
        };
        match Odd::of(&words.iter().map(String::as_str).collect::<Vec<_>>(), &lexicon) {
            Ok(odd) => {
                let ranked = odd.ranked.iter().map(|&(i, cosine)| (words[i].clone(), cosine)).collect();
                Self { asked, ranked, missing: odd.missing, wrong: None }
            }
            Err(error) => Self { asked, ranked: Vec::new(), missing: Vec::new(), wrong: Some(error.to_string()) },
        }
    }
}

/// Draws the field and the words by how near they are to the mean of all.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    ui.add_space(8.0);
    let mut next = state.scene.space.clone();
    let selection = &state.space.selection;
    widgets::title_row(ui, ANALOGY.odd, |ui| {
        if selection.len() >= 3 {
            let tip = fill(ANALOGY.odd_selection_tip, &[&MOST.to_string()]);
            if ui.button(ANALOGY.odd_selection).on_hover_text(tip).clicked() {
                let words = selection.iter().take(MOST).map(|&row| quoted(&space.vectors.words.get(row)));
                next.analogy.odd = words.collect::<Vec<_>>().join(", ");
            }
        }
    });
    let field = TextEdit::singleline(&mut next.analogy.odd)
        .hint_text(ANALOGY.odd_hint)
        .desired_width(ui.available_width())
        .align(egui::Align2::LEFT_CENTER)
        .min_size(Vec2::new(0.0, CONTROL));
    widgets::named(ui.add(field), ANALOGY.odd_words).on_hover_text(ANALOGY.odd_tip);
    if let Some(answer) = state.space.analogy.odd.as_ref().filter(|answer| answer.asked.space == space.id) {
        if answer.asked.text == next.analogy.odd.trim() {
            if let Some(wrong) = &answer.wrong {
                axes::faulty(ui, wrong);
            }
            axes::misspelt(ui, &mut next.analogy.odd, &answer.missing.iter().collect::<Vec<_>>(), true);
        }
        if let Some((odd, _)) = answer.ranked.last() {
            ui.label(fill(ANALOGY.odd_found, &[odd]));
            widgets::muted(ui, ANALOGY.odd_scores);
        }
        for (i, (word, cosine)) in answer.ranked.iter().enumerate() {
            let is_odd = i + 1 == answer.ranked.len();
            widgets::bar(ui, word, *cosine, &weight(*cosine), is_odd);
        }
    }
    if next != state.scene.space {
        actions.ask(Action::Space(space::Ask::Choose(Box::new(next))));
    }
}
