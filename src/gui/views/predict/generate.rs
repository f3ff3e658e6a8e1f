//! A causal model goes on with the text: step by step, with what else it might have said.

use super::work::spelt;
use crate::engine::generate::{End, Generated, Step, generate};
use crate::engine::sampler::Sampling;
use crate::engine::{Ask as Question, Engine, Slot};
use crate::export::{Table, ViewExport};
use crate::figure::lines::Focus;
use crate::figure::table::{Cell, Column, figure};
use crate::figure::{Figure, Palette, probability};
use crate::gui::action::{Action, Actions};
use crate::gui::export::Recipe;
use crate::gui::scene::Scene;
use crate::gui::state::State;
use crate::gui::theme::{self, CONTROL};
use crate::gui::words::files::FILES;
use crate::gui::words::predict::PREDICT;
use crate::gui::words::{count, fill};
use crate::gui::{caption, changes, made, update, widgets};
use egui::text::LayoutJob;
use egui::{Button, DragValue, RichText, ScrollArea, Slider, TextFormat, Ui, Vec2};
use std::sync::{Arc, Mutex, PoisonError};

/// Words that are noted of each step.
const TOP: usize = 8;
/// The most tokens that are added at once.
pub const MOST: usize = 400;

/// A request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ask {
    /// Draw in another way.
    Sampling(Sampling),
    /// Add at most this many tokens.
    Count(usize),
    /// Go on with the text that stands there.
    Start,
    /// Stop.
    Stop,
    /// Look at a step.
    Step(usize),
    /// Show the attention of the whole text in all views.
    Attention,
}

/// A text that the model went on with.
#[derive(Debug)]
pub struct Text {
    made: Generated,
    /// The model that made it.
    model: u64,
    /// How it was drawn.
    sampling: Sampling,
    /// Of each step: the word, and the likeliest words with their probabilities.
    words: Vec<(String, Vec<(String, f64)>)>,
}

/// What is kept of generation.
#[derive(Debug, Default)]
pub struct Kept {
    text: Option<Arc<Text>>,
    step: usize,
    /// The text that is under way: what was given, and what came by now.
    writing: Option<(String, Arc<Mutex<String>>)>,
}

impl Text {
    /// Whether the sentence above is this text, in these tokens.
    fn is_shown(&self, scene: &Scene) -> bool {
        scene.text == self.made.text() && scene.continued == self.made.ask.continued
    }
}

/// Does what is asked for.
pub fn apply(state: &mut State, engine: &Engine<made::Made>, asked: Ask) {
    let kept = &mut state.views.predict.text;
    match asked {
        Ask::Sampling(sampling) => state.scene.details.predict.sampling = sampling,
        Ask::Count(count) => state.scene.details.predict.count = count.clamp(1, MOST),
        Ask::Step(step) => {
            kept.step = step;
            pin(state);
        }
        Ask::Stop => update::halt(state, engine, Slot::Generate),
        Ask::Start => {
            let super::Chosen { sampling, count, .. } = state.scene.details.predict;
            let (Some(model), Some(ask)) = (state.model.clone(), state.ask()) else { return };
            let written = Arc::new(Mutex::new(String::new()));
            state.views.predict.text.writing = Some((ask.text.clone(), written.clone()));
            update::submit(state, engine, Slot::Generate, "generating", move |control| {
                let mut ids = Vec::new();
                let found = |step: &Step| {
                    ids.push(step.id);
                    // What cannot be spelt yet is spelt with the next token.
                    if let Ok(text) = model.tokenizer.decode(&ids) {
                        *written.lock().unwrap_or_else(PoisonError::into_inner) = text;
                    }
                };
                let ask = Question { target: None, ..ask };
                let made = generate(&model, &ask, count, TOP, &sampling, control, found)?;
                let word = |step: &Step| {
                    let top = step.top.iter().map(|c| (spelt(&model, c.id), c.probability)).collect();
                    (spelt(&model, step.id), top)
                };
                let words = made.steps.iter().map(word).collect();
                let text = Text { made, model: model.id, sampling, words };
                Ok(made::Made::Predict(super::Made::Text(Arc::new(text))))
            });
        }
        Ask::Attention => {
            let Some(text) = kept.text.clone() else { return };
            if state.model.as_ref().is_none_or(|m| m.id != text.model) {
                return;
            }
            let ask = &text.made.ask;
            changes::forget(&mut state.scene);
            // What was changed while it was generated is a part of how it came about.
            changes::adopt(&mut state.scene, ask);
            (state.scene.text, state.scene.continued) = (ask.text.clone(), ask.continued.clone());
            (state.scene.pair, state.typed, state.untouched) = (None, None, false);
            pin(state);
            update::ask(state, engine);
        }
    }
}

/// The row that predicted the token of the step.
fn pin(state: &mut State) {
    let kept = &state.views.predict.text;
    let Some(text) = kept.text.as_ref().filter(|text| text.is_shown(&state.scene)) else { return };
    state.scene.pinned = Some(Focus::Query((text.made.prompt + kept.step).saturating_sub(1)));
}

/// Takes in a text.
pub fn arrive(kept: &mut Kept, text: Arc<Text>) {
    (kept.text, kept.step) = (Some(text), 0);
}

/// Draws controls, text and step.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions) {
    let kept = &state.views.predict.text;
    let ask = |asked: Ask| actions.ask(Action::Predict(super::Ask::Generate(asked)));
    controls(ui, state, &ask);
    if let Some((given, written)) = kept.writing.as_ref().filter(|_| state.latest.contains_key(&Slot::Generate)) {
        let written = written.lock().unwrap_or_else(PoisonError::into_inner).clone();
        spell(ui, &[(given, Ink::Given), (&written, Ink::Said)]);
        return;
    }
    let Some(text) = kept.text.as_ref().filter(|text| state.model.as_ref().is_some_and(|m| m.id == text.model)) else {
        widgets::muted(ui, PREDICT.generate_note);
        return;
    };
    let steps = text.made.steps.len();
    if steps == 0 {
        widgets::muted(ui, ended(text));
        return;
    }
    let step = kept.step.min(steps - 1);
    ui.horizontal(|ui| {
        let mut at = step;
        let turn = |ui: &mut Ui, sign: &str, name: &str, to: Option<usize>| {
            let button = ui.add_enabled(to.is_some(), Button::new(sign).min_size(Vec2::splat(CONTROL)));
            if let (true, Some(to)) = (widgets::named(button, name).on_hover_text(PREDICT.step_tip).clicked(), to) {
                ask(Ask::Step(to));
            }
        };
        turn(ui, "\u{2039}", PREDICT.step_back, step.checked_sub(1));
        turn(ui, "\u{203a}", PREDICT.step_on, Some(step + 1).filter(|to| *to < steps));
        ui.spacing_mut().slider_width = (ui.available_width() - 240.0).clamp(120.0, 420.0);
        let slider = Slider::new(&mut at, 0..=steps - 1).show_value(false);
        if widgets::slide(ui, slider, PREDICT.step).on_hover_text(PREDICT.step_tip).changed() {
            ask(Ask::Step(at));
        }
        let now = [step + 1, steps].map(|n| count(n as u64));
        ui.label(RichText::new(fill(PREDICT.step_of, &[&now[0], &now[1]])).font(theme::mono()));
    });
    written(ui, text, step);
    let made = &text.made.steps[step];
    let [own, drawn] = [made.probability, made.drawn].map(probability);
    widgets::heading(ui, &fill(PREDICT.step_word, &[&text.words[step].0, &own, &drawn]));
    ScrollArea::vertical().id_salt("step").auto_shrink(false).show(ui, |ui| {
        ui.set_max_width(460.0);
        ui.spacing_mut().item_spacing.y = 0.0;
        let accent = theme::palette(ui.ctx()).accent;
        for ((word, share), candidate) in text.words[step].1.iter().zip(&made.top) {
            widgets::bar_in(ui, word, *share as f32, &probability(*share), candidate.id == made.id, accent, 64.0);
        }
        ui.add_space(6.0);
        widgets::muted(ui, ended(text));
        if text.is_shown(&state.scene) {
            widgets::muted(ui, PREDICT.attention_shown);
        } else {
            let button = ui.add(Button::new(PREDICT.attention).min_size(Vec2::new(0.0, CONTROL)));
            if button.on_hover_text(PREDICT.attention_tip).clicked() {
                ask(Ask::Attention);
            }
        }
    });
}

fn ended(text: &Text) -> String {
    let added = count(text.made.steps.len() as u64);
    let why = match text.made.end {
        End::Asked => PREDICT.ended_asked,
        End::Text => PREDICT.ended_text,
        End::Limit => PREDICT.ended_limit,
        End::Stopped => PREDICT.ended_stopped,
    };
    fill(why, &[&added])
}

fn controls(ui: &mut Ui, state: &State, ask: &dyn Fn(Ask)) {
    let super::Chosen { sampling, count: most, .. } = state.scene.details.predict;
    let mut next = sampling;
    ui.horizontal_wrapped(|ui| {
        ui.set_min_height(CONTROL);
        let labelled = |ui: &mut Ui, label: &str, tip: &str, value: DragValue<'_>| {
            widgets::muted(ui, label);
            widgets::named(ui.add(value), label).on_hover_text(tip);
        };
        let temperature = DragValue::new(&mut next.temperature).range(0.0..=5.0).speed(0.02).fixed_decimals(2);
        labelled(ui, PREDICT.temperature, PREDICT.temperature_tip, temperature);
        labelled(ui, PREDICT.top_k, PREDICT.top_k_tip, DragValue::new(&mut next.top_k).range(0..=1_000_000).speed(0.2));
        let top_p = DragValue::new(&mut next.top_p).range(0.01..=1.0).speed(0.005).fixed_decimals(2);
        labelled(ui, PREDICT.top_p, PREDICT.top_p_tip, top_p);
        labelled(ui, PREDICT.seed, PREDICT.seed_tip, DragValue::new(&mut next.seed).speed(0.1));
        let mut tokens = most;
        labelled(ui, PREDICT.count, PREDICT.count_tip, DragValue::new(&mut tokens).range(1..=MOST).speed(0.2));
        if tokens != most {
            ask(Ask::Count(tokens));
        }
        if state.latest.contains_key(&Slot::Generate) {
            let stop = ui.add(Button::new(PREDICT.stop).min_size(Vec2::new(88.0, CONTROL)));
            if stop.on_hover_text(PREDICT.stop_tip).clicked() {
                ask(Ask::Stop);
            }
        } else {
            let one = state.second().is_none();
            let start = ui.add_enabled(one, Button::new(PREDICT.start).min_size(Vec2::new(88.0, CONTROL)));
            let start = widgets::named(start, PREDICT.start_name).on_hover_text(PREDICT.start_tip);
            if start.on_disabled_hover_text(PREDICT.one_text).clicked() {
                ask(Ask::Start);
            }
        }
    });
    if next != sampling {
        ask(Ask::Sampling(next));
    }
}

/// The text: what was given, what came up to the step, the token of the step, and what came after it.
fn written(ui: &mut Ui, text: &Text, step: usize) {
    let (whole, pieces) = (text.made.text(), &text.made.tokens.pieces);
    let at = text.made.prompt + step;
    let ends = |i: usize| pieces.get(i).filter(|p| !p.special).map(|p| (p.start, p.end));
    let (start, end) = ends(at).unwrap_or((whole.len(), whole.len()));
    let given = ends(text.made.prompt.saturating_sub(1)).map_or(0, |(_, end)| end).min(start);
    let part = |range: std::ops::Range<usize>| whole.get(range).unwrap_or_default();
    let parts =
        [(0..given, Ink::Given), (given..start, Ink::Said), (start..end, Ink::Lit), (end..whole.len(), Ink::Later)];
    spell(ui, &parts.map(|(range, ink)| (part(range), ink)));
}

/// What a part of a text is.
#[derive(Clone, Copy)]
enum Ink {
    /// It was given.
    Given,
    /// The model said it.
    Said,
    /// The step that is looked at.
    Lit,
    /// What came after it.
    Later,
}

/// A text in parts.
fn spell(ui: &mut Ui, parts: &[(&str, Ink)]) {
    let palette = theme::palette(ui.ctx());
    let mut job = LayoutJob::default();
    job.wrap.max_width = ui.available_width() - 8.0;
    for &(part, ink) in parts {
        let colour = match ink {
            Ink::Given => palette.muted,
            Ink::Said => palette.text,
            Ink::Lit => palette.accent,
            Ink::Later => palette.muted.faded(0.5),
        };
        let plain = TextFormat { font_id: theme::mono(), color: theme::colour(colour), ..TextFormat::default() };
        let lit = matches!(ink, Ink::Lit).then(|| theme::colour(palette.raised));
        job.append(part, 0.0, TextFormat { background: lit.unwrap_or(plain.background), ..plain });
    }
    ui.label(job);
}

/// Every step with its likeliest words, for a file or the clipboard.
pub fn export(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let text = state.views.predict.text.text.clone()?;
    state.model.as_ref().filter(|model| model.id == text.model)?;
    let Sampling { temperature, top_k, top_p, seed } = text.sampling;
    let drawn = format!("temperature {temperature}, top-k {top_k}, top-p {top_p}, seed {seed}");
    let caption =
        caption::of_subject(state).and(FILES.caption_text, text.made.text()).and(PREDICT.caption_drawn, drawn);
    Some(Box::new(move || {
        let steps = || text.made.steps.iter().enumerate();
        let table = Table::default()
            .whole("token", steps().map(|(i, _)| text.made.prompt + i))
            .whole("id", steps().map(|(_, s)| s.id))
            .text("word", steps().map(|(i, _)| text.words[i].0.clone()))
            .number("probability", steps().map(|(_, s)| s.probability))
            .number("drawn", steps().map(|(_, s)| s.drawn));
        Ok(ViewExport::new(caption, picture(&text, palette), table))
    }))
}

/// A step to a row, with the words that it was drawn from.
fn picture(text: &Text, palette: &Palette) -> Figure {
    let columns = [
        Column::numbers(PREDICT.column_token, 56.0),
        Column::words(PREDICT.column_word, 128.0),
        Column::numbers(PREDICT.probability, 96.0),
        Column::numbers(PREDICT.column_drawn, 96.0),
        Column::words(PREDICT.column_likeliest, 480.0),
    ];
    let steps = text.made.steps.iter().zip(&text.words).enumerate();
    let cells = steps.flat_map(|(i, (step, (word, top)))| {
        let likeliest = top.iter().map(|(word, share)| format!("{word} {}", probability(*share)));
        [
            Cell::plain((text.made.prompt + i).to_string()),
            Cell::plain(word.as_str()),
            Cell::bar(probability(step.probability), step.probability as f32),
            Cell::bar(probability(step.drawn), step.drawn as f32),
            Cell::plain(likeliest.collect::<Vec<_>>().join(", ")),
        ]
    });
    figure(PREDICT.generate, &columns, &cells.collect::<Vec<_>>(), palette)
}
