//! Analogies by every method beside the baselines that they have to beat, and the odd one out.

mod figure;
mod odd;

use super::{Made as OfSpace, Space, word};
use crate::analysis::space::analogy::{Analogy, Method};
use crate::analysis::space::axes::pairs;
use crate::analysis::space::formula::Formula;
use crate::analysis::space::lexicon::Lexicon;
use crate::analysis::space::neighbours::{Index, Metric, Near};
use crate::analysis::space::plane::Plane;
use crate::engine::{Engine, Slot};
use crate::error::Result;
use crate::figure::{fit, size, weight};
use crate::gui::action::{Action, Actions};
use crate::gui::state::State;
use crate::gui::theme::CONTROL;
use crate::gui::update::{halt, submit};
use crate::gui::words::fill;
use crate::gui::words::space::analogy::ANALOGY;
use crate::gui::{made, widgets};
use crate::trace::Control;
use egui::{Button, RichText, TextEdit, Ui, Vec2};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

pub use odd::show as odd;

/// Answers of each method.
const ANSWERS: usize = 5;
/// Methods side by side.
const COLUMNS: usize = 3;

/// Analogies that are offered where the vocabulary has their words.
const EXAMPLES: [[&str; 3]; 3] = [["king", "man", "woman"], ["better", "good", "bad"], ["walking", "walk", "swim"]];

/// What a person chose about analogies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// More pairs, as they are typed.
    pub pairs: String,
    /// The method whose first answer is drawn.
    pub drawn: Method,
    /// Words of which one is the odd one, as they are typed.
    pub odd: String,
}

impl Chosen {
    /// Every text.
    pub fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        [&mut self.pairs, &mut self.odd].into_iter()
    }
}

/// What is known about analogies.
#[derive(Debug, Default)]
pub struct Kept {
    answers: Option<Arc<Answers>>,
    asked: Option<Asked>,
    odd: Option<Arc<odd::Answer>>,
    asked_odd: Option<odd::Asked>,
}

/// What came of a job about analogies.
#[derive(Debug)]
pub enum Made {
    /// Answers by every method.
    Answers(Arc<Answers>),
    /// Words by how odd they are.
    Odd(Arc<odd::Answer>),
}

/// What is asked: a is to b as c is to what?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    space: u64,
    words: [String; 3],
    pairs: String,
    inputs: bool,
}

/// Answers by every method.
#[derive(Debug)]
pub struct Answers {
    asked: Asked,
    /// Of each method; none where the question has a word that cannot be used, of which the formula tells.
    lists: Vec<List>,
    /// Pairs that 3CosAvg takes.
    pairs: usize,
    /// What is wrong with the other pairs.
    wrong: Option<String>,
}

/// The answers of a method.
#[derive(Debug)]
struct List {
    method: Method,
    found: std::result::Result<Vec<Near>, String>,
    /// The parallelogram of the first answer.
    plane: Option<Plane>,
}

/// Takes in what a job made.
pub fn arrive(state: &mut State, made: Made) {
    match made {
        Made::Answers(answers) => state.space.analogy.answers = Some(answers),
        Made::Odd(answer) => state.space.analogy.odd = Some(answer),
    }
}

/// The words of a formula that is an analogy, `b - a + c` in any order: a, b, c.
fn words(formula: &str) -> Option<[String; 3]> {
    let formula = Formula::parse(formula).ok()?;
    match formula.terms()? {
        (with, without) if with.len() == 2 && without.len() == 1 => {
            Some([without[0], with[0], with[1]].map(str::to_owned))
        }
        _ => None,
    }
}

/// Asks for answers where the question is another.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    if state.scene.space.tab != super::side::Tab::Word {
        return;
    }
    odd::ask(state, engine, space);
    let chosen = &state.scene.space;
    let asked = words(&chosen.formula).filter(|_| chosen.row.is_none()).map(|words| Asked {
        space: space.id,
        words,
        pairs: chosen.analogy.pairs.trim().to_owned(),
        inputs: chosen.inputs,
    });
    if state.space.analogy.asked == asked {
        return;
    }
    state.space.analogy.asked.clone_from(&asked);
    let Some(asked) = asked else {
        halt(state, engine, Slot::Analogy);
        state.space.analogy.answers = None;
        return;
    };
    let space = space.clone();
    submit(state, engine, Slot::Analogy, "answering an analogy", move |control| {
        let answers = Answers::of(&space, asked, control)?;
        Ok(made::Made::Space(OfSpace::Analogy(Made::Answers(Arc::new(answers)))))
    });
}

impl Answers {
    fn of(space: &Space, asked: Asked, control: &Control) -> Result<Self> {
        let vectors = &space.vectors;
        let make = |word: &str| vectors.subwords.as_ref().and_then(|parts| parts.vector(word.as_bytes()));
        let lexicon = Lexicon { words: &vectors.words, rows: &vectors.rows, make: Some(&make), unit: true };
        let [a, b, c] = &asked.words;
        let (more, mut wrong) = match pairs(&asked.pairs) {
            Ok(more) => (more, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let find = |more: &[[String; 2]]| {
            let more: Vec<[&str; 2]> = more.iter().map(|pair| pair.each_ref().map(String::as_str)).collect();
            Analogy::find(a, b, c, &more, &lexicon)
        };
        let Ok(mut analogy) = find(&[]) else {
            return Ok(Self { asked, lists: Vec::new(), pairs: 0, wrong: None });
        };
        let mut pairs = 1;
        match find(&more) {
            Ok(with_more) => (analogy, pairs) = (with_more, 1 + more.len()),
            Err(missing) => wrong = Some(missing.to_string()),
        }
        let index = Index::with(&vectors.rows, Metric::Cosine, space.lengths.clone());
        let single = |vector: &[f64]| vector.iter().map(|x| *x as f32).collect::<Vec<f32>>();
        let corners = analogy.vectors().map(single);
        let mut lists = Vec::new();
        // Of one pair it is the same as 3CosAdd.
        for &method in Method::ALL.iter().filter(|method| **method != Method::CosAvg || pairs > 1) {
            let found = match analogy.answers(method, &index, ANSWERS, asked.inputs, control) {
                Err(error) if error.is_stopped() => return Err(error),
                found => found.map_err(|error| error.to_string()),
            };
            let first = found.as_ref().ok().and_then(|found| found.first()).map(|near| near.row);
            let plane = first.map(|row| -> Result<Plane> {
                let length = space.lengths.values()[row];
                let answer: Vec<f32> = vectors.rows.row(row).iter().map(|x| x / length).collect();
                Plane::of([&corners[0], &corners[1], &corners[2], &answer], control)
            });
            lists.push(List { method, found, plane: plane.transpose()? });
        }
        Ok(Self { asked, lists, pairs, wrong })
    }

    fn list(&self, method: Method) -> Option<&List> {
        self.lists.iter().find(|list| list.method == method)
    }
}

impl List {
    fn first(&self) -> Option<usize> {
        self.found.as_ref().ok()?.first().map(|near| near.row)
    }
}

/// What a method is called and what it does, of an analogy with these words.
fn said(answers: &Answers, method: Method) -> (String, String) {
    let [_, b, c] = &answers.asked.words;
    let plain = |name: &str, tip: &str| (name.to_owned(), tip.to_owned());
    match method {
        Method::CosAdd => plain(ANALOGY.add, ANALOGY.add_tip),
        Method::CosMul => plain(ANALOGY.mul, ANALOGY.mul_tip),
        Method::PairDirection => plain(ANALOGY.direction, ANALOGY.direction_tip),
        Method::CosAvg => (ANALOGY.avg.to_owned(), fill(ANALOGY.avg_tip, &[&answers.pairs.to_string()])),
        Method::NearC => (fill(ANALOGY.near, &[c]), fill(ANALOGY.near_tip, &[c])),
        Method::NearB => (fill(ANALOGY.near, &[b]), fill(ANALOGY.near_tip, &[b])),
    }
}

/// Analogies that can be asked; a click asks one.
pub fn examples(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    ui.horizontal_wrapped(|ui| {
        for [b, a, c] in EXAMPLES.iter().filter(|words| words.iter().all(|w| space.vectors.words.find(w).is_some())) {
            let formula = format!("{b} - {a} + {c}");
            let label = RichText::new(&formula).size(size::SMALL);
            if ui.add(Button::new(label)).on_hover_text(ANALOGY.example_tip).clicked() {
                let chosen = super::Chosen { formula, row: None, ..state.scene.space.clone() };
                actions.ask(Action::Space(super::Ask::Choose(Box::new(chosen))));
            }
        }
    });
}

/// Draws the answers, where the formula is an analogy.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    let kept = &state.space.analogy;
    let Some(asked) = &kept.asked else { return };
    let answers = kept.answers.as_ref().filter(|answers| answers.asked.space == space.id);
    let shown = answers.map_or(asked, |answers| &answers.asked);
    ui.add_space(8.0);
    widgets::heading(ui, ANALOGY.title);
    let [a, b, c] = &shown.words;
    ui.label(fill(ANALOGY.question, &[a, b, c]));
    let mut next = state.scene.space.clone();
    let field = TextEdit::singleline(&mut next.analogy.pairs)
        .hint_text(ANALOGY.pairs_hint)
        .desired_width(ui.available_width())
        .align(egui::Align2::LEFT_CENTER)
        .min_size(Vec2::new(0.0, CONTROL));
    widgets::named(ui.add(field), ANALOGY.pairs).on_hover_text(ANALOGY.pairs_tip);
    match answers {
        None => drop(widgets::muted(ui, ANALOGY.finding)),
        Some(answers) => {
            if let Some(wrong) = &answers.wrong {
                super::axes::faulty(ui, wrong);
            }
            lists(ui, actions, space, answers);
            plane(ui, space, answers, &mut next.analogy.drawn);
        }
    }
    if next != state.scene.space {
        actions.ask(Action::Space(super::Ask::Choose(Box::new(next))));
    }
}

/// The lists, three beside each other; what is near b or c anyway is marked.
fn lists(ui: &mut Ui, actions: &Actions, space: &Space, answers: &Answers) {
    let is_baseline = |method: Method| matches!(method, Method::NearB | Method::NearC);
    let baselines = answers.lists.iter().filter(|list| is_baseline(list.method));
    let anyway: BTreeSet<usize> = baselines.flat_map(|list| list.found.iter().flatten()).map(|near| near.row).collect();
    let mut is_marked = false;
    for lists in answers.lists.chunks(COLUMNS) {
        ui.columns(COLUMNS, |columns| {
            for (ui, list) in columns.iter_mut().zip(lists) {
                ui.spacing_mut().item_spacing.y = 2.0;
                let (name, tip) = said(answers, list.method);
                widgets::muted(ui, fit(&name, size::BODY, ui.available_width())).on_hover_text(tip);
                let found = match &list.found {
                    Ok(found) => found,
                    Err(why) => {
                        widgets::muted(ui, why.clone());
                        continue;
                    }
                };
                let most = found.first().map_or(1.0, |near| near.score).max(f32::MIN_POSITIVE);
                for near in found {
                    let marked = !is_baseline(list.method) && anyway.contains(&near.row);
                    is_marked |= marked;
                    // Products are no cosines: the first has the whole bar.
                    let share = if list.method == Method::CosMul { near.score / most } else { near.score };
                    word::entry(ui, actions, space, near.row, Some(&(share, weight(near.score))), marked);
                }
            }
        });
    }
    if is_marked {
        widgets::muted(ui, ANALOGY.marks);
    }
}

/// The parallelogram of the first answer of the chosen method, with its measures.
fn plane(ui: &mut Ui, space: &Space, answers: &Answers, drawn: &mut Method) {
    let methods: Vec<(Method, String)> =
        answers.lists.iter().map(|list| (list.method, said(answers, list.method).0)).collect();
    if methods.is_empty() {
        return;
    }
    ui.add_space(4.0);
    widgets::heading(ui, ANALOGY.plane).on_hover_text(ANALOGY.plane_tip);
    let mut shown = if answers.list(*drawn).is_some() { *drawn } else { Method::CosAdd };
    let choices: Vec<(Method, &str)> = methods.iter().map(|(method, name)| (*method, name.as_str())).collect();
    widgets::choice(ui, &mut shown, &choices, ANALOGY.drawn_tip);
    if answers.list(*drawn).is_some() || shown != Method::CosAdd {
        *drawn = shown;
    }
    let Some((list, plane)) = answers.list(shown).and_then(|list| Some((list, list.plane.as_ref()?))) else { return };
    let Some(row) = list.first() else { return };
    let [a, b, c] = &answers.asked.words;
    let d = space.vectors.words.get(row).into_owned();
    let names = [a.as_str(), b, c, &d];
    figure::show(ui, plane, names);
    let [first, second] = plane.sides.map(|side| weight(side as f32));
    ui.label(fill(ANALOGY.sides, &[a, b, &first, c, &d, &second]));
    let angle = plane.angle.map(|angle| fill(ANALOGY.angle, &[&format!("{angle:.1}")]));
    ui.label(angle.unwrap_or_else(|| ANALOGY.no_angle.to_owned()));
    let shown = fill(ANALOGY.shown, &[&crate::figure::percent(plane.shown as f32)]);
    widgets::muted(ui, shown).on_hover_text(ANALOGY.shown_tip);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_with_a_third_word_is_an_analogy() {
        let found = |text| words(text).map(|words| words.join(" "));
        assert_eq!(found("king - man + woman"), Some("man king woman".to_owned()));
        assert_eq!(found("woman + king - man"), Some("man woman king".to_owned()));
        for text in ["king - man", "king + man + woman", "2 king - man + woman", "king - man + woman - x", "king -"] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
