//! What is shown beside something else: another sentence, another model, or the same before it was changed.

use super::{pairs_label, rows, threshold_label};
use crate::analysis::compare::Comparison;
use crate::analysis::filter::{Filter, Pairs, Passed, Special, Threshold, cut, on_special};
use crate::analysis::meaning::{Meaning, Weights};
use crate::array::Array;
use crate::engine::{Ask as Question, Engine, Run, Slot, Subject};
use crate::error::Result;
use crate::export::ViewExport;
use crate::export::compare::divergences;
use crate::figure::heatmap::{self, Matrix, Spot};
use crate::figure::shades::Look;
use crate::figure::{Figure, Palette, head_name, percent, short, weight};
use crate::gui::action::{Action, Actions, Head};
use crate::gui::export::Recipe;
use crate::gui::memo::Memo;
use crate::gui::paint::{self, Canvas};
use crate::gui::scene::{Beside, Other};
use crate::gui::state::State;
use crate::gui::theme::{self, CONTROL};
use crate::gui::words::compare::COMPARE;
use crate::gui::words::files::FILES;
use crate::gui::words::{self, EN, count, fill, number};
use crate::gui::{caption, made, update, widgets};
use crate::source::find;
use crate::text::Tokens;
use crate::trace::{Place, Want};
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

/// What is asked: the [`Run::id`] of what is shown, what it is compared with, under which meaning, after which steps. A
/// threshold chooses among differences, so that it is none of them.
type Of = (u64, Beside, Meaning, Filter);

/// Two runs and how they differ.
#[derive(Debug)]
pub struct Made {
    of: Of,
    a: Arc<Weights>,
    b: Arc<Weights>,
    /// How B's model is found again, and the model.
    subject: Option<(String, Subject)>,
    found: Comparison,
}

/// What the view keeps.
#[derive(Debug, Default)]
pub struct Kept {
    made: Option<Arc<Made>>,
    /// What was asked for last.
    asked: Option<Of>,
}

/// What is drawn: what of it, head, threshold, colours, theme, room.
type Key = (Of, Head, Threshold, Look, bool, [u32; 2]);
/// See [`Canvas::compare`].
pub type Drawn = Memo<Key, Option<Matrixed>>;

/// The difference of a head as it is drawn.
pub struct Matrixed {
    tokens: Tokens,
    /// Every difference.
    whole: Vec<f32>,
    /// Those that pass the threshold.
    values: Vec<f32>,
    passed: Passed,
    figure: Figure,
    layout: heatmap::Layout,
}

/// Does what the view asks for.
pub fn apply(state: &mut State, engine: &Engine<made::Made>, asked: Ask) {
    match asked {
        Ask::With(beside) => {
            let begin = beside.other == Other::Before && state.scene.beside.other != Other::Before;
            state.scene.beside = beside;
            if begin {
                start(state, engine);
            }
        }
        Ask::Start => start(state, engine),
        Ask::Stop => {
            update::halt(state, engine, Slot::Compare);
        }
    }
}

/// What would be asked now.
fn question(state: &State) -> Option<Of> {
    let weights = state.weights()?;
    let filter = state.scene.look.filter.before_threshold();
    Some((weights.run.id, state.scene.beside.clone(), weights.meaning, filter))
}

/// The run that what is shown was before it was changed, where it is known and kept the same.
fn before(state: &State) -> Option<&Arc<Run>> {
    let ask = &state.run()?.ask;
    let kept = |before: &&Arc<Run>| before.ask.want == ask.want && before.ask.target == ask.target;
    state.unchanged().filter(|_| !ask.is_plain() && !state.is_stale()).filter(kept)
}

fn start(state: &mut State, engine: &Engine<made::Made>) {
    let (Some(weights), Some(subject), Some(of)) = (state.weights().cloned(), state.subject(), question(state)) else {
        return;
    };
    let (run, beside, meaning, filter) = (weights.run.clone(), of.1.clone(), of.2, of.3);
    let before = before(state).cloned();
    if beside.other == Other::Before && before.is_none() {
        return;
    }
    state.views.compare.asked = Some(of.clone());
    let last = state.views.compare.made.clone();
    let opened = last.as_ref().and_then(|made| made.subject.clone()).filter(|(name, _)| *name == beside.model);
    let same = last.filter(|made| (made.of.0, &made.of.1) == (of.0, &of.1)).map(|made| made.b.run.clone());
    let (choice, budget) = (state.settings.device, state.settings.budget());
    // What was masked, or turned off, belongs to the text and the model that it was done to.
    let want = meaning.wants().iter().fold(Want::attention(), |want, &site| want.and(Place::site(site)));
    let (pair, target) = (run.ask.pair.clone(), run.ask.target);
    let plain = Question { pair, want, target, budget, ..Question::new(run.ask.text.clone()) };
    update::submit(state, engine, Slot::Compare, "comparing", move |control| {
        let mut other = None;
        let other_run = match beside.other {
            Other::Before => before.ok_or_else(|| crate::Error::input(COMPARE.nothing_changed))?,
            Other::Sentence => match same {
                Some(run) => run,
                None => subject.run(&Question { text: beside.text.clone(), pair: None, ..plain }, control)?,
            },
            Other::Model => {
                let opened = match opened {
                    Some((_, opened)) => opened,
                    None if find::is_here(&beside.model) => Subject::open(&beside.model, choice, budget, control)?,
                    None => return Err(crate::Error::input(fill(COMPARE.not_here, &[&beside.model]))),
                };
                other = Some((beside.model.clone(), opened.clone()));
                match same {
                    Some(run) => run,
                    None => opened.run(&plain, control)?,
                }
            }
        };
        let other_weights = Arc::new(Weights::new(&other_run, meaning)?);
        // What came of a change is read as after less before.
        let [a, b] = match beside.other {
            Other::Before => [other_weights, weights],
            _ => [weights, other_weights],
        };
        let found = Comparison::of(&a, &b, &filter, false, control)?;
        Ok(made::Made::Compare(Arc::new(Made { of, a, b, subject: other, found })))
    });
}

/// Takes in a comparison.
pub fn arrive(state: &mut State, made: Arc<Made>) {
    state.views.compare.made = Some(made);
}

/// Draws the view.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    ui.spacing_mut().item_spacing.y = 6.0;
    controls(ui, state, actions);
    let Some(now) = question(state) else { return };
    let asked = state.views.compare.asked.as_ref();
    // What changed is compared at once, and so is what was compared already and is only read in another way.
    let is_read_again = asked.is_some_and(|asked| (asked.0, &asked.1) == (now.0, &now.1));
    let due = if now.1.other == Other::Before { before(state).is_some() } else { is_read_again && !state.is_stale() };
    if due && asked != Some(&now) {
        actions.ask(Action::Compare(Ask::Start));
    }
    let Some(made) = &state.views.compare.made else {
        widgets::muted(ui, COMPARE.compare_note);
        return;
    };
    let is_old = made.of != now;
    if is_old {
        widgets::muted(ui, COMPARE.compare_old);
        ui.multiply_opacity(0.6);
    }
    let head = made.head(state.scene.head);
    let js = made.found.js(head.0, head.1).map_or_else(|| "\u{2013}".to_owned(), |js| short(js as f32));
    let sides = if made.is_before() { COMPARE.of_change } else { COMPARE.of_sides };
    widgets::heading(ui, &fill(sides, &[&name(made, head), &js]));
    widgets::muted(ui, notes(made));
    widgets::muted(ui, reading(made, head));
    let palette = theme::palette(ui.ctx());
    let (look, threshold) = (state.scene.look, state.scene.look.filter.threshold);
    // The list beside it takes the rest.
    let room = [(ui.available_width() - LIST - 12.0).max(240.0) - 8.0, (ui.available_height() - 36.0).max(220.0)];
    let key = (made.of.clone(), head, threshold, look.colours, palette.dark, room.map(f32::to_bits));
    let drawn = canvas.compare.get(key, || draw(made, head, threshold, look.colours, palette, room).ok());
    if let Some(drawn) = drawn.as_ref() {
        widgets::muted(ui, shown(threshold, drawn.passed));
    }
    ui.horizontal_top(|ui| {
        let height = ui.available_height();
        let width = (ui.available_width() - LIST - 12.0).max(240.0);
        ui.allocate_ui(Vec2::new(width, height), |ui| {
            ui.set_min_width(width);
            match drawn.as_ref() {
                Some(drawn) if made.found.js(head.0, head.1).is_some() => matrix(ui, made, drawn, canvas),
                _ => {
                    widgets::muted(ui, COMPARE.not_compared);
                }
            }
        });
        ui.vertical(|ui| list(ui, state, made, actions));
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
                Other::Before => before(state).is_some(),
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
            Other::Before => before(state).is_some(),
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

impl Made {
    /// Whether it is the same before and after a change.
    fn is_before(&self) -> bool {
        self.of.1.other == Other::Before
    }

    /// What there is of a head: a meaning without heads has one for each layer.
    fn head(&self, (layer, head): Head) -> Head {
        if self.of.2.has_heads() { (layer, head) } else { (layer, 0) }
    }

    /// What is less what.
    fn order(&self) -> &'static str {
        if self.is_before() { COMPARE.after_less_before } else { COMPARE.legend }
    }
}

/// A head, or its layer where the meaning has no heads.
fn name(made: &Made, (layer, head): Head) -> String {
    if made.of.2.has_heads() { head_name(layer, head) } else { fill(EN.layer_name, &[&layer.to_string()]) }
}

/// What the difference is of: the meaning, and every step with what it took from either side.
fn reading(made: &Made, (layer, head): Head) -> String {
    let (meaning, filter) = (made.of.2, made.of.3);
    let mut steps = vec![fill(COMPARE.of_meaning, &[made.order(), words::meaning(meaning)])];
    if filter.special != Special::Show {
        let taken = |weights: &Weights| percent(on_special(&weights.run.tokens, &weights.head(layer, head)));
        let sides = if made.is_before() { COMPARE.before_and_after } else { COMPARE.a_and_b };
        let rescaled = filter.special == Special::Renormalise;
        let step = if rescaled { EN.step_rescaled } else { EN.step_special };
        steps.push(fill(step, &[&fill(sides, &[&taken(&made.a), &taken(&made.b)])]));
    }
    if filter.pairs != Pairs::All {
        steps.push(fill(COMPARE.pairs_only, &[pairs_label(filter.pairs)]));
    }
    if filter.words {
        steps.push(EN.words.to_owned());
    }
    steps.join(" \u{b7} ")
}

/// How much of a difference passes the threshold.
fn shown(threshold: Threshold, passed: Passed) -> String {
    let (kept, of) = (count(passed.kept), count(passed.of));
    let passed = fill(COMPARE.passed, &[&percent(passed.share()), &kept, &of]);
    format!("{}: {passed}", threshold_label(threshold))
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
fn matrix(ui: &mut Ui, made: &Made, drawn: &Matrixed, canvas: &mut Canvas) {
    ScrollArea::both().id_salt("compare").auto_shrink(false).show(ui, |ui| {
        let Matrixed { tokens, whole, values, figure, layout, .. } = drawn;
        let (rect, response) = ui.allocate_exact_size(Vec2::new(figure.width, figure.height), Sense::hover());
        paint::figure(&ui.painter_at(ui.clip_rect()), canvas, figure, rect.min);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, COMPARE.difference));
        let spot = response.hover_pos().and_then(|p| layout.at(p.x - rect.min.x, p.y - rect.min.y));
        let Some(Spot::Cell(q, k)) = spot.filter(|s| matches!(s, Spot::Cell(q, k) if *q.max(k) < tokens.len())) else {
            return;
        };
        let ring = egui::Stroke::new(2.0, theme::colour(theme::palette(ui.ctx()).accent));
        let area = paint::rect(layout.cell(q, k), rect.min);
        ui.painter().rect_stroke(area, 0.0, ring, egui::StrokeKind::Outside);
        let at = |values: &[f32]| values.get(q * tokens.len() + k).copied().unwrap_or(f32::NAN);
        let (value, is_shown) = (at(whole), at(values) != 0.0);
        response.on_hover_ui_at_pointer(|ui| {
            let names = format!("{} \u{2192} {}", tokens.shown(q), tokens.shown(k));
            ui.label(RichText::new(names).font(theme::mono()));
            let text = match value {
                f32::NEG_INFINITY => EN.cannot_be.to_owned(),
                value => format!("{} = {}", made.order(), signed(value, made.of.2)),
            };
            ui.label(RichText::new(text).font(theme::mono()).strong());
            if value != 0.0 && !is_shown {
                widgets::muted(ui, EN.left_out);
            }
        });
    });
}

fn signed(value: f32, meaning: Meaning) -> String {
    let text = if meaning.is_share() { weight(value) } else { number(value) };
    if value > 0.0 { format!("+{text}") } else { text }
}

/// Draws B less A over the aligned tokens, named as A has them: what passes the threshold by its magnitude.
fn draw(
    made: &Made,
    head: Head,
    threshold: Threshold,
    look: Look,
    palette: &Palette,
    [width, height]: [f32; 2],
) -> Result<Matrixed> {
    let found = &made.found;
    let whole = found.difference(&made.a, &made.b, head.0, head.1)?;
    let tokens = found.tokens(&made.a.run);
    let mut values = whole.clone();
    let passed = cut(&mut values, tokens.len(), threshold);
    let layout = heatmap::Layout::new(&tokens, width, height);
    let title = format!("{} {}", name(made, head), made.order());
    let meaning = fill(COMPARE.of_meaning, &[made.order(), made.of.2.label()]);
    let unit = made.a.unit().max(made.b.unit());
    let matrix = Matrix { meaning: &meaning, unit, signed: true, look, ..Matrix::new(&tokens, &values, &title) };
    let figure = heatmap::figure(&matrix, palette, &layout);
    Ok(Matrixed { tokens, whole, values, passed, figure, layout })
}

/// Heads by their divergence: a click selects one.
fn list(ui: &mut Ui, state: &State, made: &Made, actions: &Actions) {
    // What has signs has no shares: its divergence is that of the attention.
    let of_attention = made.found.of != made.of.2;
    let title = if of_attention { COMPARE.ranked_attention } else { COMPARE.ranked };
    widgets::muted(ui, title).on_hover_text(COMPARE.js_tip);
    let ranked = made.found.ranked();
    let most = ranked.first().map_or(1.0, |head| head.2).max(f64::MIN_POSITIVE);
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("ranked").auto_shrink(false).show_rows(ui, 22.0, ranked.len(), |ui, range| {
        for &(layer, head, js) in &ranked[range] {
            let (name, number) = (name(made, (layer, head)), number(js as f32));
            let spoken = fill(COMPARE.ranked_row, &[&name, &number]);
            let share = (js / most) as f32;
            let is_selected = made.head(state.scene.head) == (layer, head);
            let row = rows::row(ui, &name, share, &number, is_selected, &spoken);
            if row.on_hover_text(COMPARE.js_tip).clicked() {
                actions.ask(Action::Select(state.stands_for((layer, head))));
            }
        }
    });
}

/// The difference of the selected head with the divergence of every head, for a file or the clipboard.
pub fn export(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let (look, run) = (state.scene.look, state.run()?);
    let threshold = look.filter.threshold;
    let made = state.views.compare.made.clone().filter(|made| made.of.0 == run.id)?;
    let head = made.head(state.scene.head);
    let model = made.subject.as_ref().map(|(_, subject)| subject.title()).unwrap_or_default();
    let caption = caption::of_run(state)
        .and(FILES.caption_meaning, words::meaning(made.of.2))
        .and(COMPARE.caption_model, model)
        .and(COMPARE.caption_beside, notes(&made))
        .and(COMPARE.caption_shown, format!("{}: {}", name(&made, head), reading(&made, head)))
        .and(COMPARE.caption_js, format!("{} {}", COMPARE.js_tip, fill(COMPARE.js_of, &[made.found.of.label()])));
    Some(Box::new(move || {
        let found = &made.found;
        let table = divergences(found);
        let list =
            (COMPARE.ranked.to_owned(), rows::figure(&found.ranked(), |head| name(&made, head), number, palette));
        if found.js(head.0, head.1).is_none() {
            return Ok(ViewExport::new(caption, Figure::stacked(COMPARE.compare, vec![list], palette), table));
        }
        let drawn = draw(&made, head, threshold, look.colours, palette, [720.0, 720.0])?;
        let Matrixed { tokens, whole, passed, figure, .. } = drawn;
        let caption = caption.and(FILES.caption_threshold, shown(threshold, passed));
        let difference = Array::new(&["query", "key"], &[tokens.len(), tokens.len()], whole)?;
        let figure = Figure::stacked(figure.title.clone(), vec![(String::new(), figure), list], palette);
        Ok(ViewExport::new(caption, figure, table).with("difference", difference).of(tokens))
    }))
}
