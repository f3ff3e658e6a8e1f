//! What parts of the model do for a target: heads left out one at a time, and parts of a clean run put into a corrupt one.

pub mod export;
pub mod target;
pub mod work;

use crate::engine::{Ablation, Engine, Part, Patching, Run, Slot, Target, With, read};
use crate::figure::effects::{Layout, Map, figure};
use crate::figure::{Figure, Palette, head_name};
use crate::gui::action::{Action, Actions};
use crate::gui::changes;
use crate::gui::made::Made;
use crate::gui::paint::{self, Canvas};
use crate::gui::state::State;
use crate::gui::theme::{self, CONTROL};
use crate::gui::update::{halt, submit};
use crate::gui::words::changes::CHANGES;
use crate::gui::words::{EN, fill, number};
use crate::gui::{panels, widgets};
use egui::{Button, RichText, ScrollArea, Sense, Stroke, StrokeKind, TextEdit, Ui, Vec2};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use work::{Board, Question, Work, largest};

/// Which question the view asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Mode {
    /// What does each head do?
    #[default]
    LeaveOut,
    /// What brings a corrupt run back?
    Patch,
}

/// What the view knows.
#[derive(Debug, Default)]
pub struct Effects {
    /// Heads left out, as far as they are known.
    pub left_out: Option<Arc<Work>>,
    /// Parts patched, as far as they are known.
    pub patched: Option<Arc<Work>>,
}

/// What the view asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// The other question.
    Mode(Mode),
    /// The corrupt text was typed.
    Corrupt(String),
    /// Compute the map.
    Start,
    /// Stop computing it.
    Stop,
}

/// Does what the view asks for.
pub fn apply(state: &mut State, engine: &Engine<Made>, ask: Ask) {
    match ask {
        Ask::Mode(mode) => state.scene.details.effects = mode,
        Ask::Corrupt(text) => state.scene.corrupt = Some(text),
        Ask::Start => start(state, engine),
        Ask::Stop => {
            halt(state, engine, Slot::Effects);
        }
    }
}

/// What the view asks about what stands there now.
fn question(state: &State) -> Option<Question> {
    let model = state.model.as_ref()?;
    // What the window keeps of a run, and of what it takes gradients, changes no effect.
    let ask = crate::engine::Ask { want: crate::trace::Want::nothing(), target: None, ..state.ask()? };
    let target = state.target()?;
    let corrupt = (state.scene.details.effects == Mode::Patch).then(|| corrupt(state).to_owned());
    Some(Question { model: model.id, ask, corrupt, target, with: state.scene.off_with })
}

fn corrupt(state: &State) -> &str {
    state.scene.corrupt.as_deref().unwrap_or(&state.scene.text)
}

fn start(state: &mut State, engine: &Engine<Made>) {
    let (Some(model), Some(question)) = (state.model.clone(), question(state)) else { return };
    // The target stays what it was computed for, wherever the pin goes.
    state.scene.target = Some(question.target);
    let card = model.card();
    let (layers, heads, target, with) = (card.layers, card.heads, question.target, question.with);
    let clean = question.ask.clone();
    let Some(text) = question.corrupt.clone() else {
        let work = Arc::new(Work::new(question, layers, heads, Vec::new(), Vec::new()));
        state.views.effects.left_out = Some(work.clone());
        submit(state, engine, Slot::Effects, "leaving one head out", move |control| {
            let found = |e: crate::engine::Effect| {
                if let Some(at) = e.broken {
                    work.broken(e.layer, e.head, at);
                }
                work.head(e.layer, e.head, e.effect);
            };
            Ablation::new(&model, &clean, target, with, control, found)?;
            Ok(Made::Effects)
        });
        return;
    };
    let other = crate::engine::Ask { text, continued: None, ..clean.clone() };
    let pieces = |ask| read(&model, ask).map(|t| (0..t.len()).map(|i| t.shown(i)).collect::<Vec<_>>());
    let (tokens, others) = (pieces(&clean).unwrap_or_default(), pieces(&other).unwrap_or_default());
    let differs = (0..tokens.len()).filter(|&i| tokens.get(i) != others.get(i)).collect();
    let work = Arc::new(Work::new(question, layers, heads, tokens, differs));
    state.views.effects.patched = Some(work.clone());
    submit(state, engine, Slot::Effects, "patching", move |control| {
        Patching::new(&model, [&clean, &other], target, control, |part, recovery| match part {
            Part::Token { layer, token } => work.token(layer, token, recovery),
            Part::Head { layer, head } => work.head(layer, head, recovery),
        })?;
        Ok(Made::Effects)
    });
}

/// Draws the view.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    let Some(run) = state.run() else { return };
    let mode = state.scene.details.effects;
    ScrollArea::both().id_salt("effects").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        let mut chosen = mode;
        let modes = [(Mode::LeaveOut, CHANGES.leave_out), (Mode::Patch, CHANGES.patching)];
        widgets::choice(ui, &mut chosen, &modes, CHANGES.effects_mode_tip);
        if chosen != mode {
            actions.ask(Action::Effects(Ask::Mode(chosen)));
        }
        widgets::muted(ui, if mode == Mode::LeaveOut { CHANGES.leave_out_note } else { CHANGES.patching_note });
        if let Some(target) = state.target() {
            target::show(ui, run, target, actions);
        }
        let work = match mode {
            Mode::LeaveOut => &state.views.effects.left_out,
            Mode::Patch => &state.views.effects.patched,
        };
        if mode == Mode::Patch {
            corrupt_field(ui, state, actions);
        }
        ui.horizontal(|ui| {
            ui.set_min_height(CONTROL);
            if mode == Mode::LeaveOut {
                with(ui, state, actions);
                ui.add_space(8.0);
            }
            start_button(ui, state, work.as_deref(), actions);
        });
        if let Some(work) = work.as_deref().filter(|w| w.question.model == run.model) {
            maps(ui, state, run, work, actions, canvas);
        }
    });
}

fn with(ui: &mut Ui, state: &State, actions: &Actions) {
    widgets::muted(ui, CHANGES.off_label);
    let mut chosen = state.scene.off_with;
    for (with, label) in [(With::Mean, CHANGES.off_mean), (With::Zero, CHANGES.off_zero)] {
        let button = Button::selectable(chosen == with, label).frame_when_inactive(true);
        let name = fill(CHANGES.off_choice, &[CHANGES.off_label, label]);
        if widgets::named(ui.add(button), &name).on_hover_text(CHANGES.off_with_tip).clicked() {
            chosen = with;
        }
    }
    if chosen != state.scene.off_with {
        actions.ask(Action::Change(changes::Ask::With(chosen)));
    }
}

fn corrupt_field(ui: &mut Ui, state: &State, actions: &Actions) {
    ui.horizontal(|ui| {
        widgets::muted(ui, CHANGES.corrupt);
        let mut text = corrupt(state).to_owned();
        let width = (ui.available_width() - 16.0).clamp(120.0, 640.0);
        let field = TextEdit::singleline(&mut text)
            .hint_text(CHANGES.corrupt_hint)
            .desired_width(width)
            .align(egui::Align2::LEFT_CENTER)
            .min_size(Vec2::new(0.0, CONTROL));
        let field = widgets::named(ui.add(field), CHANGES.corrupt_name).on_hover_text(CHANGES.corrupt_tip);
        if field.changed() {
            actions.ask(Action::Effects(Ask::Corrupt(text)));
        }
    });
}

/// Compute, or stop; how far it is.
fn start_button(ui: &mut Ui, state: &State, work: Option<&Work>, actions: &Actions) {
    let running = state.latest.contains_key(&Slot::Effects);
    if running {
        let stop = ui.add(Button::new(EN.stop).min_size(Vec2::new(88.0, CONTROL)));
        if widgets::named(stop, CHANGES.effects_stop).on_hover_text(CHANGES.effects_stop_tip).clicked() {
            actions.ask(Action::Effects(Ask::Stop));
        }
    } else {
        let ready = state.scene.details.effects == Mode::LeaveOut || corrupt(state) != state.scene.text;
        let start = ui.add_enabled(ready, Button::new(CHANGES.compute).min_size(Vec2::new(88.0, CONTROL)));
        let start = widgets::named(start, CHANGES.effects_compute).on_hover_text(CHANGES.effects_compute_tip);
        if start.on_disabled_hover_text(CHANGES.corrupt_same).clicked() {
            actions.ask(Action::Effects(Ask::Start));
        }
    }
    let Some(work) = work else { return };
    let (done, total) = (work.done(), work.total());
    if question(state).is_some_and(|now| now != work.question) {
        widgets::muted(ui, CHANGES.effects_old);
    } else if done < total {
        widgets::muted(ui, fill(CHANGES.effects_done, &[&done.to_string(), &total.to_string()]));
    }
}

/// The maps as far as they are known.
fn maps(ui: &mut Ui, state: &State, run: &Run, work: &Work, actions: &Actions, canvas: &mut Canvas) {
    let is_old = question(state).is_some_and(|now| now != work.question);
    if is_old {
        ui.multiply_opacity(0.6);
    }
    let board = work.board();
    let heads: Vec<String> = (0..work.heads).map(|h| format!("H{h}")).collect();
    // Both maps of patching are seen at once.
    let room = [ui.available_width() - 8.0, if work.tokens.is_empty() { 420.0 } else { 240.0 }];
    let target = target::in_words(run, work.question.target);
    if work.tokens.is_empty() {
        let with = panels::changes::with(work.question.with);
        ui.add_space(4.0);
        widgets::heading(ui, &fill(CHANGES.leave_out_title, &[&target]));
        widgets::muted(ui, fill(CHANGES.leave_out_key, &[with]));
        let shown = draw(ui, canvas, work, &Drawn::left_out(work, &heads, &board), room);
        head_map(ui, state, &shown, &board, actions);
        ranked(ui, &board, work.heads, actions);
        return;
    }
    ui.add_space(4.0);
    widgets::heading(ui, &fill(CHANGES.patch_tokens, &[&target]));
    let shown = draw(ui, canvas, work, &Drawn::tokens(work, &board), room);
    if let Some((layer, i)) = shown.over() {
        let value = board.tokens.get(layer * work.tokens.len() + i).copied().unwrap_or(f32::NAN);
        let name = fill(CHANGES.patch_cell, &[&layer.to_string(), &i.to_string(), &work.tokens[i]]);
        shown.tip(ui, &name, &said(value), (layer, i));
    }
    widgets::heading(ui, CHANGES.patch_heads);
    let shown = draw(ui, canvas, work, &Drawn::heads(&heads, &board), room);
    head_map(ui, state, &shown, &board, actions);
}

/// A map on the screen.
struct Placed {
    layout: Layout,
    rect: egui::Rect,
    response: egui::Response,
}

impl Placed {
    /// The cell under the pointer.
    fn over(&self) -> Option<(usize, usize)> {
        self.response.hover_pos().and_then(|p| self.layout.at(p.x - self.rect.min.x, p.y - self.rect.min.y))
    }

    /// A ring about a cell and its number beside the pointer.
    fn tip(&self, ui: &Ui, name: &str, text: &str, (layer, column): (usize, usize)) {
        let ink = theme::colour(theme::palette(ui.ctx()).text);
        self.ring(ui, (layer, column), Stroke::new(1.0, ink));
        self.response.clone().on_hover_ui_at_pointer(|ui| {
            ui.label(RichText::new(name).font(theme::mono()));
            ui.label(RichText::new(text).font(theme::mono()).strong());
        });
    }

    fn ring(&self, ui: &Ui, (layer, column): (usize, usize), stroke: Stroke) {
        let area = paint::rect(self.layout.area(layer, column), self.rect.min);
        ui.painter().rect_stroke(area, 0.0, stroke, StrokeKind::Outside);
    }
}

/// What one map is drawn from.
struct Drawn<'a> {
    title: &'static str,
    columns: &'a [String],
    marked: &'a [usize],
    values: &'a [f32],
    scale: f32,
    unit: &'static str,
    of_tokens: bool,
}

impl<'a> Drawn<'a> {
    /// How many values are known.
    fn known(&self) -> usize {
        self.values.iter().filter(|v| !v.is_nan()).count()
    }

    fn left_out(work: &Work, columns: &'a [String], board: &'a Board) -> Self {
        let unit = match work.question.target {
            Target::LogProb(_) => CHANGES.unit_nats,
            Target::Class(_) => CHANGES.unit_logit,
            Target::Pooled | Target::Hidden(..) => CHANGES.unit_cosine,
        };
        let scale = largest(&board.heads);
        Self { title: CHANGES.leave_out, columns, marked: &[], values: &board.heads, scale, unit, of_tokens: false }
    }

    fn heads(columns: &'a [String], board: &'a Board) -> Self {
        let unit = CHANGES.unit_recovery;
        Self {
            title: CHANGES.patch_heads,
            columns,
            marked: &[],
            values: &board.heads,
            scale: 1.0,
            unit,
            of_tokens: false,
        }
    }

    fn tokens(work: &'a Work, board: &'a Board) -> Self {
        let (columns, marked) = (&work.tokens, &work.differs);
        let (values, unit) = (&board.tokens, CHANGES.unit_recovery);
        Self { title: CHANGES.patching, columns, marked, values, scale: 1.0, unit, of_tokens: true }
    }

    fn figure(&self, layers: usize, palette: &Palette, room: [f32; 2]) -> (Figure, Layout) {
        let layout = Layout::new(layers, self.columns, room);
        let (low, high) = (number(-self.scale), number(self.scale));
        let map = Map {
            title: self.title,
            columns: self.columns,
            marked: self.marked,
            values: self.values,
            scale: self.scale,
            ends: [&low, "0", &high],
            unit: self.unit,
        };
        (figure(&map, palette, &layout), layout)
    }
}

fn draw(ui: &mut Ui, canvas: &mut Canvas, work: &Work, drawn: &Drawn<'_>, room: [f32; 2]) -> Placed {
    let palette = theme::palette(ui.ctx());
    let key = (work.id, drawn.known(), palette.dark, room.map(f32::to_bits));
    let memo = if drawn.of_tokens { &mut canvas.effects_tokens } else { &mut canvas.effects_heads };
    let made = memo.get(key, || drawn.figure(work.layers, palette, room));
    let (figure, layout) = &*made;
    let (rect, response) = ui.allocate_exact_size(Vec2::new(figure.width, figure.height), Sense::click());
    paint::figure(&ui.painter_at(ui.clip_rect()), canvas, figure, rect.min);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, drawn.title));
    Placed { layout: *layout, rect, response }
}

/// A map of heads: hover says the number, a click selects the head.
fn head_map(ui: &mut Ui, state: &State, shown: &Placed, board: &Board, actions: &Actions) {
    let accent = theme::colour(theme::palette(ui.ctx()).accent);
    let (layer, head) = state.scene.head;
    if layer < shown.layout.layers && head < shown.layout.columns {
        shown.ring(ui, (layer, head), Stroke::new(2.0, accent));
    }
    let Some((layer, head)) = shown.over() else { return };
    let value = board.heads.get(layer * shown.layout.columns + head).copied().unwrap_or(f32::NAN);
    let text = match board.broken.get(&(layer, head)) {
        Some(at) => fill(CHANGES.effect_broken, &[&at.to_string()]),
        None => said(value),
    };
    shown.tip(ui, &head_name(layer, head), &text, (layer, head));
    if shown.response.clicked() {
        actions.ask(Action::Select((layer, head)));
    }
}

fn said(value: f32) -> String {
    if value.is_nan() { CHANGES.not_known_yet.to_owned() } else { number(value) }
}

/// The heads that do most, whatever their sign: a click selects one.
fn ranked(ui: &mut Ui, board: &Board, heads: usize, actions: &Actions) {
    const MOST: usize = 5;
    let mut order: Vec<usize> = (0..board.heads.len()).filter(|&i| board.heads[i].is_finite()).collect();
    order.sort_by(|&a, &b| board.heads[b].abs().total_cmp(&board.heads[a].abs()));
    if order.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::new(6.0, 4.0);
        widgets::muted(ui, CHANGES.effects_most);
        for &i in order.iter().take(MOST) {
            let name = head_name(i / heads, i % heads);
            let text = format!("{name}  {}", number(board.heads[i]));
            let button = ui.add(Button::new(RichText::new(text).font(theme::mono())).small());
            if widgets::named(button, &fill(CHANGES.effect_of, &[&name]))
                .on_hover_text(CHANGES.effects_most_tip)
                .clicked()
            {
                actions.ask(Action::Select((i / heads, i % heads)));
            }
        }
    });
}
