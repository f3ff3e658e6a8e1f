//! What the model predicts: for every token, from every layer, by a head, and how it goes on with the text.

pub mod generate;
mod work;

use crate::engine::sampler::Sampling;
use crate::engine::{Engine, Run, Slot, lens};
use crate::export::{Table, ViewExport};
use crate::figure::cells::{Cells, Layout, figure};
use crate::figure::lines::Focus;
use crate::figure::table::{Cell, Column};
use crate::figure::{Figure, Palette, head_name, probability};
use crate::gui::action::{Action, Actions, Head};
use crate::gui::export::Recipe;
use crate::gui::memo::Memo;
use crate::gui::paint::{self, Canvas};
use crate::gui::state::State;
use crate::gui::words::predict::PREDICT;
use crate::gui::words::{fill, number};
use crate::gui::{caption, made, theme, update, widgets};
use egui::{Button, DragValue, RichText, ScrollArea, Sense, Ui, Vec2};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use work::Answer;
pub use work::Grid;

/// How many words are shown of each token unless somebody says otherwise, and how many are kept of each cell.
const RANKS: usize = 5;
/// The most words of each token.
const MOST_RANKS: usize = 50;
/// The most bars of one token.
const BARS: usize = 10;

/// What is read out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Mode {
    /// The likeliest words of every token.
    #[default]
    Tokens,
    /// What every layer would predict.
    Layers,
    /// What the selected head adds at every token.
    Head,
    /// What every head adds at one token.
    Heads,
    /// How the model goes on.
    Generate,
}

/// What a table answers: of which run, what, about which head or token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    run: u64,
    mode: Mode,
    head: Option<Head>,
    token: Option<usize>,
    /// Words of each token.
    ranks: usize,
}

/// A request of this view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ask {
    /// Read something else out.
    Mode(Mode),
    /// Compute a table.
    Read(Question),
    /// Show this many words of each token.
    Ranks(usize),
    /// Look at a cell, or let go of it.
    Choose(usize, usize),
    /// Something of generation.
    Generate(generate::Ask),
}

/// What came of a job of this view.
#[derive(Debug)]
pub enum Made {
    /// A table, and the run that it was read from.
    Grid(Arc<Grid>, Arc<Run>),
    /// A text.
    Text(Arc<generate::Text>),
}

/// What was chosen here: a part of the scene.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// What is read out.
    pub mode: Mode,
    /// How tokens are drawn where the model goes on with the text.
    pub sampling: Sampling,
    /// How many of them at most.
    pub count: usize,
    /// How many words of each token are shown.
    pub ranks: usize,
}

impl Default for Chosen {
    fn default() -> Self {
        let sampling = Sampling { temperature: 0.8, top_k: 40, top_p: 0.95, seed: 0 };
        Self { mode: Mode::default(), sampling, count: 20, ranks: RANKS }
    }
}

impl Chosen {
    /// The same with every number inside its range.
    pub fn checked(self) -> Self {
        let sampling = if self.sampling.check().is_ok() { self.sampling } else { Self::default().sampling };
        let (count, ranks) = (self.count.clamp(1, generate::MOST), self.ranks.clamp(1, MOST_RANKS));
        Self { sampling, count, ranks, ..self }
    }
}

/// What the view keeps.
#[derive(Debug, Default)]
pub struct Kept {
    grid: Option<Arc<Grid>>,
    /// The run that heads are read from, and the run on the screen that it belongs to.
    inner: Option<(u64, Arc<Run>)>,
    asked: Option<Question>,
    chosen: Option<(usize, usize)>,
    /// How the model goes on.
    pub text: generate::Kept,
}

/// What is drawn: which table, in which theme, in which room.
type Key = (Question, bool, u32);
/// See [`Canvas::predict`].
pub type Drawn = Memo<Key, (Figure, Layout)>;

/// Does what the view asks for.
pub fn apply(state: &mut State, engine: &Engine<made::Made>, asked: Ask) {
    match asked {
        Ask::Mode(mode) => (state.scene.details.predict.mode, state.views.predict.chosen) = (mode, None),
        Ask::Ranks(ranks) => state.scene.details.predict.ranks = ranks.clamp(1, MOST_RANKS),
        Ask::Choose(row, column) => {
            let chosen = Some((row, column));
            let kept = &mut state.views.predict.chosen;
            *kept = if *kept == chosen { None } else { chosen };
        }
        Ask::Generate(asked) => generate::apply(state, engine, asked),
        Ask::Read(question) => {
            let (Some(model), Some(run)) = (state.model.clone(), state.run().cloned()) else { return };
            if model.id != run.model || run.id != question.run {
                return;
            }
            let kept = &mut state.views.predict;
            kept.asked = Some(question);
            let inner = kept.inner.as_ref().filter(|(of, _)| *of == run.id).map(|(_, run)| run.clone());
            update::submit(state, engine, Slot::Predict, "predicting", move |control| {
                let (grid, inner) = work::read(&model, &run, inner, question, control)?;
                Ok(made::Made::Predict(Made::Grid(Arc::new(grid), inner)))
            });
        }
    }
}

/// Takes in what a job made.
pub fn arrive(state: &mut State, made: Made) {
    let kept = &mut state.views.predict;
    match made {
        Made::Grid(grid, inner) => {
            if kept
                .grid
                .as_ref()
                .is_none_or(|old| (old.question.mode, old.rows.len()) != (grid.question.mode, grid.rows.len()))
            {
                kept.chosen = None;
            }
            kept.inner = Some((grid.question.run, inner));
            kept.grid = Some(grid);
        }
        Made::Text(text) => generate::arrive(&mut kept.text, text),
    }
}

/// What the view asks about what is shown now.
fn question(state: &State, run: &Run) -> Question {
    let mode = state.scene.details.predict.mode;
    let head = (mode == Mode::Head).then_some(state.scene.head);
    let pinned = || state.scene.pinned.map(Focus::token).filter(|&i| i < run.tokens.len());
    let masked = || state.scene.masked.first().copied().filter(|&i| i < run.tokens.len());
    let first = || run.tokens.pieces.iter().position(|p| !p.special).unwrap_or_default();
    let token = (mode == Mode::Heads).then(|| pinned().or_else(masked).unwrap_or_else(first));
    let ranks = if mode == Mode::Tokens { state.scene.details.predict.ranks } else { RANKS };
    Question { run: run.id, mode, head, token, ranks }
}

/// Draws the view.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    let (Some(run), kept) = (state.run(), &state.views.predict) else { return };
    let now = state.scene.details.predict.mode;
    ui.spacing_mut().item_spacing.y = 6.0;
    let Some(model) = state.model.as_ref().filter(|model| model.id == run.model) else {
        widgets::muted(ui, PREDICT.no_model);
        return;
    };
    let card = model.card();
    let causal = card.is_causal();
    ui.horizontal_wrapped(|ui| {
        let modes = [
            (Mode::Tokens, PREDICT.tokens, PREDICT.tokens_tip),
            (Mode::Layers, PREDICT.layers, PREDICT.layers_tip),
            (Mode::Head, PREDICT.head, PREDICT.head_tip),
            (Mode::Heads, PREDICT.heads, PREDICT.heads_tip),
            (Mode::Generate, PREDICT.generate, PREDICT.generate_tip),
        ];
        for (mode, label, tip) in modes {
            let possible = match mode {
                Mode::Tokens => true,
                Mode::Generate => card.predicts_words() && causal,
                _ => card.predicts_words(),
            };
            let button = Button::selectable(now == mode, label).frame_when_inactive(true);
            let why = if mode == Mode::Generate { PREDICT.not_causal } else { PREDICT.no_words };
            let button = ui.add_enabled(possible, button).on_hover_text(tip).on_disabled_hover_text(why);
            if button.clicked() {
                actions.ask(Action::Predict(Ask::Mode(mode)));
            }
        }
    });
    if now == Mode::Generate && causal && card.predicts_words() {
        generate::show(ui, state, actions);
        return;
    }
    if now != Mode::Tokens
        && let Err(error) = lens::check(&model.name, card)
    {
        widgets::muted(ui, error.to_string());
        return;
    }
    if card.outputs.is_empty() {
        widgets::muted(ui, PREDICT.nothing);
        for (site, why) in &card.unavailable {
            widgets::muted(ui, format!("{site}: {why}"));
        }
        return;
    }
    let question = question(state, run);
    let asked = kept.asked == Some(question);
    if !asked && !state.is_stale() {
        actions.ask(Action::Predict(Ask::Read(question)));
    }
    let grid = kept.grid.as_ref().filter(|grid| grid.question.mode == question.mode);
    let is_old = grid.is_none_or(|grid| grid.question != question);
    if is_old && asked && !state.latest.contains_key(&Slot::Predict) {
        // It failed or was stopped; what went wrong stands above.
        if ui.button(PREDICT.again).on_hover_text(PREDICT.again_tip).clicked() {
            actions.ask(Action::Predict(Ask::Read(question)));
        }
    }
    let Some(grid) = grid else {
        widgets::muted(ui, PREDICT.wait);
        return;
    };
    if is_old || state.is_stale() {
        ui.multiply_opacity(0.6);
    }
    table(ui, state, grid, actions, canvas);
}

/// The heading of a table.
fn title(state: &State, grid: &Grid) -> String {
    let token = |i: usize| state.run().filter(|r| i < r.tokens.len()).map(|r| r.tokens.shown(i)).unwrap_or_default();
    match (grid.question.mode, grid.question.head, grid.question.token) {
        (Mode::Layers, ..) => PREDICT.layers_title.to_owned(),
        (Mode::Head, Some((layer, head)), _) => fill(PREDICT.head_title, &[&head_name(layer, head)]),
        (Mode::Heads, _, Some(i)) => fill(PREDICT.heads_title, &[&token(i)]),
        _ => grid.title.to_owned(),
    }
}

fn table(ui: &mut Ui, state: &State, grid: &Grid, actions: &Actions, canvas: &mut Canvas) {
    widgets::heading(ui, &title(state, grid));
    let note = match grid.question.mode {
        Mode::Tokens => "",
        Mode::Layers => PREDICT.layers_note,
        _ => PREDICT.heads_note,
    };
    if !note.is_empty() {
        widgets::muted(ui, note);
    }
    for bars in &grid.bars {
        widgets::muted(ui, bars.title);
        bars.list.iter().for_each(|answer| self::answer(ui, answer));
    }
    if grid.rows.is_empty() {
        return;
    }
    if grid.question.mode == Mode::Tokens && grid.columns.len() > 1 {
        ranks(ui, grid, actions);
    }
    detail(ui, state, grid);
    ScrollArea::both().id_salt("predict").auto_shrink(false).show(ui, |ui| {
        let palette = theme::palette(ui.ctx());
        let width = ui.available_width() - 8.0;
        let drawn = canvas.predict.get((grid.question, palette.dark, width.to_bits()), || draw(grid, palette, width));
        let (figure, layout) = &*drawn;
        let (rect, response) = ui.allocate_exact_size(Vec2::new(figure.width, figure.height), Sense::click());
        paint::figure(&ui.painter_at(ui.clip_rect()), canvas, figure, rect.min);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, PREDICT.table));
        let ring = |(row, column): (usize, usize), width: f32| {
            let area = paint::rect(layout.area(row, column), rect.min);
            let stroke = egui::Stroke::new(width, theme::colour(palette.accent));
            ui.painter().rect_stroke(area, 2.0, stroke, egui::StrokeKind::Outside);
        };
        if let Some(cell) = chosen(state, grid).filter(|_| grid.question.mode != Mode::Tokens) {
            ring(cell, 2.0);
        }
        let Some(cell) = response.hover_pos().and_then(|p| layout.at(p.x - rect.min.x, p.y - rect.min.y)) else {
            return;
        };
        ring(cell, 1.0);
        if let Some(token) = grid.token_of(cell) {
            actions.over_token(Focus::Query(token));
        }
        response.clone().on_hover_ui_at_pointer(|ui| {
            ui.label(RichText::new(grid.name_of(cell)).font(theme::mono()));
            for word in grid.words(cell).iter().take(5) {
                let line = format!("{:<14} {}", word.text, probability(word.probability));
                ui.label(RichText::new(line).font(theme::mono()));
            }
        });
        if response.clicked() {
            match (grid.question.mode, grid.token_of(cell)) {
                (Mode::Tokens, Some(token)) => actions.ask(Action::Pin(Focus::Query(token))),
                (Mode::Heads, _) => {
                    actions.ask(Action::Predict(Ask::Choose(cell.0, cell.1)));
                    actions.ask(Action::Select(cell));
                }
                _ => actions.ask(Action::Predict(Ask::Choose(cell.0, cell.1))),
            }
        }
    });
}

/// What a classifier says of one label: its probability, where it has one, and its logit.
fn said(answer: &Answer) -> String {
    let logit = number(answer.logit);
    match answer.probability {
        Some(share) => fill(PREDICT.answer, &[&probability(share), &logit]),
        None => fill(PREDICT.answer_number, &[&logit]),
    }
}

fn answer(ui: &mut Ui, answer: &Answer) {
    let text = said(answer);
    let share = answer.probability.unwrap_or_default() as f32;
    widgets::bar_in(ui, &answer.label, share, &text, true, theme::palette(ui.ctx()).accent, 144.0);
}

/// How many words of each token are shown.
fn ranks(ui: &mut Ui, grid: &Grid, actions: &Actions) {
    ui.horizontal(|ui| {
        widgets::muted(ui, PREDICT.ranks);
        let mut ranks = grid.question.ranks;
        let field = ui.add(DragValue::new(&mut ranks).range(1..=MOST_RANKS).speed(0.1));
        if widgets::named(field, PREDICT.ranks).on_hover_text(PREDICT.ranks_tip).changed() {
            actions.ask(Action::Predict(Ask::Ranks(ranks)));
        }
    });
}

/// The cell that the bars are about: the chosen one, else the last layer's or the selected head's, at the token that is
/// pinned or masked.
fn chosen(state: &State, grid: &Grid) -> Option<(usize, usize)> {
    let inside = |&(row, column): &(usize, usize)| row < grid.rows.len() && column < grid.columns.len();
    let token = || {
        let pinned = state.scene.pinned.map(Focus::token);
        pinned.or(state.scene.masked.first().copied()).unwrap_or(1).min(grid.columns.len().max(1) - 1)
    };
    let usual = || match grid.question.mode {
        Mode::Heads => state.scene.head,
        _ => (grid.rows.len().max(1) - 1, token()),
    };
    Some(state.views.predict.chosen.filter(inside).unwrap_or_else(usual)).filter(inside)
}

/// The likeliest words of one cell as bars, or of the token that is pinned or masked.
fn detail(ui: &mut Ui, state: &State, grid: &Grid) {
    let token = || state.scene.pinned.map(Focus::token).or(state.scene.masked.first().copied());
    let row = || token().filter(|&row| row < grid.rows.len()).map(|row| (row, 0));
    let is_row = grid.question.mode == Mode::Tokens;
    let Some(cell) = (if is_row { row() } else { chosen(state, grid) }) else { return };
    let columns = if is_row { grid.columns.len() } else { 1 };
    let words = (cell.1..cell.1 + columns).flat_map(|column| grid.words((cell.0, column)));
    ui.label(RichText::new(grid.name_of(cell)).font(theme::mono()));
    ui.scope(|ui| {
        ui.set_max_width(420.0);
        ui.spacing_mut().item_spacing.y = 0.0;
        for word in words.take(BARS) {
            widgets::bar_in(
                ui,
                &word.text,
                word.probability as f32,
                &probability(word.probability),
                true,
                theme::palette(ui.ctx()).accent,
                64.0,
            );
        }
    });
    ui.add_space(2.0);
}

fn draw(grid: &Grid, palette: &Palette, width: f32) -> (Figure, Layout) {
    let layout = Layout::new(&grid.rows, grid.columns.len(), width);
    let first = |i: usize| grid.cells[i].first().map(|w| (w.text.clone(), w.probability as f32)).unwrap_or_default();
    let shown: Vec<(String, f32)> = (0..grid.cells.len()).map(first).collect();
    let cells =
        Cells { title: grid.title, rows: &grid.rows, columns: &grid.columns, cells: &shown, unit: PREDICT.probability };
    (figure(&cells, palette, &layout), layout)
}

/// The table with all its words, for a file or the clipboard.
pub fn export(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let run = state.run()?;
    let card = state.model.as_ref().filter(|model| model.id == run.model)?.card();
    if state.scene.details.predict.mode == Mode::Generate && card.is_causal() && card.predicts_words() {
        return generate::export(state, palette);
    }
    let grid = state.views.predict.grid.clone().filter(|grid| grid.question == question(state, run))?;
    let caption = caption::of_run(state).and(PREDICT.caption, title(state, &grid));
    let chosen = chosen(state, &grid).filter(|_| grid.question.mode != Mode::Tokens);
    Some(Box::new(move || Ok(ViewExport::new(caption, picture(&grid, chosen, palette), words(&grid)))))
}

/// What classifiers say of the text, and under it the table with a ring about the chosen cell.
fn picture(grid: &Grid, chosen: Option<(usize, usize)>, palette: &Palette) -> Figure {
    let columns = [Column::words("", 200.0), Column::numbers(PREDICT.probability, 320.0)];
    let bars = grid.bars.iter().map(|bars| {
        let bar = |answer: &Answer| Cell::bar(said(answer), answer.probability.unwrap_or_default() as f32);
        let cells = bars.list.iter().flat_map(|answer| [Cell::plain(answer.label.as_str()), bar(answer)]);
        (bars.title.to_owned(), crate::figure::table::figure(bars.title, &columns, &cells.collect::<Vec<_>>(), palette))
    });
    let mut parts: Vec<(String, Figure)> = bars.collect();
    if !grid.rows.is_empty() {
        let (mut figure, layout) = draw(grid, palette, 720.0);
        if let Some((row, column)) = chosen {
            figure.ring(layout.area(row, column), palette.accent, 2.0);
        }
        parts.push((String::new(), figure));
    }
    Figure::stacked(grid.title, parts, palette)
}

/// A word to a row: those of the classifiers of the whole text under the name of each, then those of the cells.
fn words(grid: &Grid) -> Table {
    let n = grid.columns.len().max(1);
    let bars = grid.bars.iter().flat_map(|bars| {
        let answers = bars.list.iter().enumerate();
        answers.map(|(i, a)| {
            (bars.title, "", i + 1, a.label.as_str(), a.probability.unwrap_or(f64::NAN), f64::from(a.logit))
        })
    });
    let cells = grid.cells.iter().enumerate().flat_map(|(i, words)| {
        let (row, column) = (grid.rows[i / n].as_str(), grid.columns[i % n].as_str());
        let words = words.iter().enumerate();
        // Of tokens every rank has a cell of its own.
        let before = if grid.question.mode == Mode::Tokens { i % n } else { 0 };
        words.map(move |(rank, word)| (row, column, before + rank + 1, word.text.as_str(), word.probability, f64::NAN))
    });
    let rows: Vec<_> = bars.chain(cells).collect();
    Table::default()
        .text("row", rows.iter().map(|row| row.0))
        .text("column", rows.iter().map(|row| row.1))
        .whole("rank", rows.iter().map(|row| row.2))
        .text("word", rows.iter().map(|row| row.3))
        .number("probability", rows.iter().map(|row| row.4))
        .number("logit", rows.iter().map(|row| row.5))
}
