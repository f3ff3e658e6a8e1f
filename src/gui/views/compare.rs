//! What is shown beside something else: another sentence, another model, or the same before it was changed.

use super::rows;
use crate::analysis::compare::Comparison;
use crate::array::Array;
use crate::engine::{Ask as Question, Engine, Run, Slot, Subject};
use crate::error::Result;
use crate::export::{Table, ViewExport};
use crate::figure::heatmap::{self, Matrix, Spot};
use crate::figure::{Figure, Palette, head_name, percent, short, weight};
use crate::gui::action::{Action, Actions, Head};
use crate::gui::export::Recipe;
use crate::gui::memo::Memo;
use crate::gui::paint::{self, Canvas};
use crate::gui::scene::{Beside, Other};
use crate::gui::state::State;
use crate::gui::theme::{self, CONTROL};
use crate::gui::words::compare::COMPARE;
use crate::gui::words::{count, fill, number};
use crate::gui::{caption, made, update, widgets};
use crate::text::Tokens;
use egui::{Button, Key as Pressed, RichText, ScrollArea, Sense, TextEdit, Ui, Vec2};
use std::sync::Arc;

/// The width of the list of heads beside the matrix.
const LIST: f32 = 232.0;

/// A request of this view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Compare with something else.
    With(Beside),
    /// Compute the comparison.
    Start,
    /// Stop computing it.
    Stop,
}

/// Two runs and how they differ.
#[derive(Debug)]
pub struct Made {
    /// The [`Run::id`] of A, and what B was to be.
    of: (u64, Beside),
    a: Arc<Run>,
    b: Arc<Run>,
    /// How B's model is found again, and the model.
    subject: Option<(String, Subject)>,
    found: Comparison,
}

/// What the view keeps.
#[derive(Debug, Default)]
pub struct Kept {
    made: Option<Arc<Made>>,
    /// What was asked for last.
    asked: Option<(u64, Beside)>,
}

/// What is drawn: both runs, head, theme, room.
type Key = ([u64; 2], Head, bool, [u32; 2]);
/// See [`Canvas::compare`].
pub type Drawn = Memo<Key, Option<Matrixed>>;

/// The difference of a head as it is drawn.
pub struct Matrixed {
    tokens: Tokens,
    values: Vec<f32>,
    figure: Figure,
    layout: heatmap::Layout,
}

/// Does what the view asks for.
pub fn apply(state: &mut State, engine: &Engine<made::Made>, asked: Ask) {
    match asked {
        Ask::With(beside) => {
            let begin = beside.other == Other::Before && state.scene.beside.other != Other::Before;
            state.scene.beside = beside;
            if begin && state.before.is_some() {
                start(state, engine);
            }
        }
        Ask::Start => start(state, engine),
        Ask::Stop => {
            engine.stop(Slot::Compare);
            state.latest.remove(&Slot::Compare);
            state.progress.take_if(|(slot, _)| *slot == Slot::Compare);
        }
    }
}

fn start(state: &mut State, engine: &Engine<made::Made>) {
    let (Some(run), Some(subject)) = (state.run().cloned(), state.subject()) else { return };
    let beside = state.scene.beside.clone();
    let of = (run.id, beside.clone());
    state.views.compare.asked = Some(of.clone());
    let before = state.before.clone();
    let known = state.views.compare.made.as_ref().and_then(|made| made.subject.clone());
    let known = known.filter(|(name, _)| *name == beside.model);
    let (choice, budget) = (state.settings.device, state.settings.budget());
    // What was masked, or turned off, belongs to the text and the model that it was done to.
    let plain = Question { pair: run.ask.pair.clone(), budget, ..Question::new(run.ask.text.clone()) };
    update::submit(state, engine, Slot::Compare, "comparing", move |control| {
        let mut other = None;
        let b = match beside.other {
            Other::Before => before.ok_or_else(|| crate::Error::input(COMPARE.nothing_changed))?,
            Other::Sentence => {
                let asked = Question { text: beside.text.clone(), pair: None, ..plain };
                subject.run(&asked, control)?
            }
            Other::Model => {
                let opened = match known {
                    Some((_, opened)) => opened,
                    None => Subject::open(&beside.model, choice, budget, control)?,
                };
                let b = opened.run(&plain, control)?;
                other = Some((beside.model.clone(), opened));
                b
            }
        };
        let found = Comparison::of(&run, &b, false, control)?;
        Ok(made::Made::Compare(Arc::new(Made { of, a: run, b, subject: other, found })))
    });
}

/// Takes in a comparison.
pub fn arrive(state: &mut State, made: Arc<Made>) {
    state.views.compare.made = Some(made);
}

/// Draws the view.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    let Some(run) = state.run() else { return };
    ui.spacing_mut().item_spacing.y = 6.0;
    controls(ui, state, actions);
    let beside = &state.scene.beside;
    // What changed is compared at once: it is there already.
    let due = beside.other == Other::Before && state.is_changed() && state.before.is_some() && !state.is_stale();
    if due && state.views.compare.asked.as_ref() != Some(&(run.id, beside.clone())) {
        actions.ask(Action::Compare(Ask::Start));
    }
    let Some(made) = &state.views.compare.made else {
        widgets::muted(ui, COMPARE.compare_note);
        return;
    };
    let is_old = made.of != (run.id, beside.clone());
    if is_old {
        widgets::muted(ui, COMPARE.compare_old);
        ui.multiply_opacity(0.6);
    }
    let found = &made.found;
    let (layer, head) = state.scene.head;
    let js = found.js(layer, head).map_or_else(|| "\u{2013}".to_owned(), |js| short(js as f32));
    let sides = fill(COMPARE.of_sides, &[&head_name(layer, head), &js]);
    widgets::heading(ui, &sides);
    widgets::muted(ui, notes(made));
    ui.horizontal_top(|ui| {
        let height = ui.available_height();
        let width = (ui.available_width() - LIST - 12.0).max(240.0);
        ui.allocate_ui(Vec2::new(width, height), |ui| {
            ui.set_min_width(width);
            matrix(ui, state, made, canvas);
        });
        ui.vertical(|ui| list(ui, state, found, actions));
    });
}

/// What B is.
fn controls(ui: &mut Ui, state: &State, actions: &Actions) {
    let beside = &state.scene.beside;
    let mut next = beside.clone();
    ui.horizontal_wrapped(|ui| {
        widgets::muted(ui, COMPARE.beside);
        let choices = [
            (Other::Sentence, COMPARE.sentence, COMPARE.sentence_tip),
            (Other::Model, COMPARE.model, COMPARE.model_tip),
            (Other::Before, COMPARE.before, COMPARE.before_tip),
        ];
        for (other, label, tip) in choices {
            let button = Button::selectable(beside.other == other, label).frame_when_inactive(true);
            let possible = match other {
                Other::Before => state.is_changed() && state.before.is_some(),
                Other::Sentence => state.imported.is_none(),
                Other::Model => true,
            };
            let button = ui.add_enabled(possible, button).on_hover_text(tip);
            if button.on_disabled_hover_text(COMPARE.nothing_changed).clicked() {
                next.other = other;
            }
        }
    });
    ui.horizontal(|ui| {
        ui.set_min_height(CONTROL);
        let mut entered = false;
        let width = (ui.available_width() - 112.0).clamp(120.0, 520.0);
        let mut field = |ui: &mut Ui, text: &mut String, hint: &str, name: &str, tip: &str| {
            let field = TextEdit::singleline(text)
                .hint_text(hint)
                .desired_width(width)
                .align(egui::Align2::LEFT_CENTER)
                .min_size(Vec2::new(0.0, CONTROL));
            let field = widgets::named(ui.add(field), name).on_hover_text(tip);
            entered |= field.lost_focus() && ui.input(|i| i.key_pressed(Pressed::Enter));
        };
        let ready = match beside.other {
            Other::Sentence => {
                field(ui, &mut next.text, COMPARE.text_hint, COMPARE.text_name, COMPARE.text_tip);
                !beside.text.trim().is_empty()
            }
            Other::Model => {
                field(ui, &mut next.model, COMPARE.path_hint, COMPARE.path_name, COMPARE.path_tip);
                !beside.model.trim().is_empty()
            }
            Other::Before => state.is_changed(),
        };
        if state.latest.contains_key(&Slot::Compare) {
            let stop = ui.add(Button::new(COMPARE.stop).min_size(Vec2::new(88.0, CONTROL)));
            if stop.on_hover_text(COMPARE.stop_tip).clicked() {
                actions.ask(Action::Compare(Ask::Stop));
            }
            return;
        }
        let start = ui.add_enabled(ready, Button::new(COMPARE.start).min_size(Vec2::new(88.0, CONTROL)));
        let start = widgets::named(start, COMPARE.start_name).on_hover_text(COMPARE.start_tip);
        if ready && (entered || start.clicked()) {
            actions.ask(Action::Compare(Ask::Start));
        }
    });
    if next != *beside {
        actions.ask(Action::Compare(Ask::With(next)));
    }
}

/// What was compared and what was left out.
fn notes(made: &Made) -> String {
    let found = &made.found;
    let what = match made.of.1.other {
        Other::Sentence => fill(COMPARE.b_sentence, &[&made.of.1.text]),
        Other::Model => fill(COMPARE.b_model, &[&made.of.1.model]),
        Other::Before => COMPARE.b_before.to_owned(),
    };
    let mut notes = vec![what];
    if found.shapes[0] != found.shapes[1] {
        let sizes = [found.layers, found.heads].map(|n| count(n as u64));
        notes.push(fill(COMPARE.sizes_differ, &[&sizes[0], &sizes[1]]));
    }
    if !found.alignment.is_identity() {
        let [a, b] = found.alignment.unaligned().map(|n| count(n as u64));
        let [of_a, of_b] = found.left_out.map(|share| percent(share as f32));
        let aligned = count(found.alignment.pairs.len() as u64);
        notes.push(fill(COMPARE.aligned, &[&aligned, &a, &b, &of_a, &of_b]));
    }
    notes.join(" \u{b7} ")
}

/// The signed difference of the selected head.
fn matrix(ui: &mut Ui, state: &State, made: &Made, canvas: &mut Canvas) {
    let head = state.scene.head;
    if made.found.js(head.0, head.1).is_none() {
        widgets::muted(ui, COMPARE.not_compared);
        return;
    }
    ScrollArea::both().id_salt("compare").auto_shrink(false).show(ui, |ui| {
        let palette = theme::palette(ui.ctx());
        let room = [ui.available_width() - 8.0, (ui.clip_rect().height() - 12.0).max(220.0)];
        let key = ([made.a.id, made.b.id], head, palette.dark, room.map(f32::to_bits));
        let drawn = canvas.compare.get(key, || draw(made, head, palette, room).ok());
        let Some(Matrixed { tokens, values, figure, layout }) = drawn.as_ref() else { return };
        let (rect, response) = ui.allocate_exact_size(Vec2::new(figure.width, figure.height), Sense::hover());
        paint::figure(&ui.painter_at(ui.clip_rect()), canvas, figure, rect.min);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, COMPARE.difference));
        let spot = response.hover_pos().and_then(|p| layout.at(p.x - rect.min.x, p.y - rect.min.y));
        let Some(Spot::Cell(q, k)) = spot.filter(|s| matches!(s, Spot::Cell(q, k) if *q.max(k) < tokens.len())) else {
            return;
        };
        let ring = egui::Stroke::new(2.0, theme::colour(palette.accent));
        let area = paint::rect(layout.cell(q, k), rect.min);
        ui.painter().rect_stroke(area, 0.0, ring, egui::StrokeKind::Outside);
        let value = values.get(q * tokens.len() + k).copied().unwrap_or(f32::NAN);
        response.on_hover_ui_at_pointer(|ui| {
            let names = format!("{} \u{2192} {}", tokens.shown(q), tokens.shown(k));
            ui.label(RichText::new(names).font(theme::mono()));
            ui.label(RichText::new(format!("B \u{2212} A = {}", signed(value))).font(theme::mono()).strong());
        });
    });
}

fn signed(value: f32) -> String {
    if value > 0.0 { format!("+{}", weight(value)) } else { weight(value) }
}

/// Draws B less A over the aligned tokens, named as A has them.
fn draw(made: &Made, head: Head, palette: &Palette, [width, height]: [f32; 2]) -> Result<Matrixed> {
    let found = &made.found;
    let values = found.difference(&made.a, &made.b, head.0, head.1)?;
    let mut tokens = made.a.tokens.clone();
    tokens.pieces = found.alignment.pairs.iter().map(|&(a, _)| made.a.tokens.pieces[a].clone()).collect();
    let layout = heatmap::Layout::new(&tokens, width, height);
    let title = format!("{} B \u{2212} A", head_name(head.0, head.1));
    let matrix = Matrix { meaning: COMPARE.legend, signed: true, ..Matrix::new(&tokens, &values, &title) };
    let figure = heatmap::figure(&matrix, palette, &layout);
    Ok(Matrixed { tokens, values, figure, layout })
}

/// Heads by their divergence: a click selects one.
fn list(ui: &mut Ui, state: &State, found: &Comparison, actions: &Actions) {
    widgets::muted(ui, COMPARE.ranked).on_hover_text(COMPARE.js_tip);
    let ranked = found.ranked();
    let most = ranked.first().map_or(1.0, |head| head.2).max(f64::MIN_POSITIVE);
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("ranked").auto_shrink(false).show_rows(ui, 22.0, ranked.len(), |ui, range| {
        for &(layer, head, js) in &ranked[range] {
            let (name, number) = (head_name(layer, head), number(js as f32));
            let spoken = fill(COMPARE.ranked_row, &[&name, &number]);
            let share = (js / most) as f32;
            let row = rows::row(ui, &name, share, &number, state.scene.head == (layer, head), &spoken);
            if row.on_hover_text(COMPARE.js_tip).clicked() {
                actions.ask(Action::Select((layer, head)));
            }
        }
    });
}

/// The difference of the selected head with the divergence of every head, for a file or the clipboard.
pub fn export(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let head = state.scene.head;
    let run = state.run()?;
    let made = state.views.compare.made.clone().filter(|made| made.of.0 == run.id)?;
    let name = head_name(head.0, head.1);
    let model = made.subject.as_ref().map(|(_, subject)| subject.title()).unwrap_or_default();
    let caption = caption::of_attention(state)
        .and(COMPARE.caption_model, model)
        .and(COMPARE.caption_beside, notes(&made))
        .and(COMPARE.caption_shown, fill(COMPARE.caption_difference, &[&name]))
        .and(COMPARE.caption_js, COMPARE.js_tip);
    Some(Box::new(move || {
        let found = &made.found;
        let places = || (0..found.js.len()).map(|i| (i / found.heads, i % found.heads));
        let table = Table::default()
            .whole("layer", places().map(|p| p.0))
            .whole("head", places().map(|p| p.1))
            .number("js", found.js.iter().map(|js| js.unwrap_or(f64::NAN)));
        let list = (COMPARE.ranked.to_owned(), rows::figure(&found.ranked(), number, palette));
        if found.js(head.0, head.1).is_none() {
            return Ok(ViewExport::new(caption, Figure::stacked(COMPARE.compare, vec![list], palette), table));
        }
        let Matrixed { tokens, values, figure, .. } = draw(&made, head, palette, [720.0, 720.0])?;
        let difference = Array::new(&["query", "key"], &[tokens.len(), tokens.len()], values)?;
        let figure = Figure::stacked(figure.title.clone(), vec![(String::new(), figure), list], palette);
        Ok(ViewExport::new(caption, figure, table).with("difference", difference).of(tokens))
    }))
}
