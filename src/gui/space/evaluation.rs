//! The space held against what people say: pairs of words with a number, and questions of analogy.

mod scatter;
mod work;

pub use work::{Chosen, Outcome, Tested, ask};

use super::doctor::line;
use super::{Ask as OfSpace, Made as OfJobs, Space, side};
use crate::analysis::space::evaluate::{PairScore, Point, SectionScore, Set};
use crate::engine::{Engine, Slot};
use crate::figure::{fit, size, weight};
use crate::gui::action::{Action, Actions};
use crate::gui::scene::Workspace;
use crate::gui::state::State;
use crate::gui::update::submit;
use crate::gui::words::space::evaluation::EVALUATION;
use crate::gui::words::{count, fill};
use crate::gui::{made, theme, widgets};
use egui::{Align2, DragValue, FontFamily, FontId, Response, RichText, Sense, Ui, Vec2};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use work::Score;

/// Bytes of a file by which it is told what it is.
const BEGINNING: u64 = 4096;

/// A request of the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Choose a file in a dialog.
    Choose,
    /// Hold the space against this file.
    Read(PathBuf),
    /// Do it once more.
    Again,
}

/// What came of a job.
#[derive(Debug)]
pub enum Made {
    /// A file was chosen, or none.
    File(Option<PathBuf>),
    /// An evaluation is complete.
    Outcome(Arc<Outcome>),
}

/// Does what was asked for.
pub fn apply(state: &mut State, engine: &Engine<made::Made>, ask: Ask) {
    match ask {
        Ask::Choose => submit(state, engine, Slot::Dialog, "choosing a file", |_| {
            let dialog = rfd::AsyncFileDialog::new().add_filter(EVALUATION.filter, &["tsv", "txt", "csv"]);
            let picked = pollster::block_on(dialog.pick_file()).map(|file| file.path().to_path_buf());
            Ok(made::Made::Space(OfJobs::Test(Made::File(picked))))
        }),
        Ask::Read(path) => {
            state.scene.space.tab = side::Tab::Test;
            state.scene.space.test.path = path.to_string_lossy().into_owned();
            state.space.test.again();
        }
        Ask::Again => state.space.test.again(),
    }
}

/// Takes in what a job made.
pub fn arrive(state: &mut State, made: Made) {
    match made {
        Made::File(Some(path)) => {
            state.scene.space.test.path = path.to_string_lossy().into_owned();
            state.space.test.again();
        }
        Made::File(None) => {}
        Made::Outcome(outcome) => state.space.test.arrive(outcome),
    }
}

/// Whether a file that is dropped on the window is one of pairs or questions, and the panel for it is open.
pub fn takes(state: &State, path: &Path) -> bool {
    let is_open = state.scene.workspace == Workspace::Embeddings && state.scene.space.tab == side::Tab::Test;
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if !is_open || !matches!(ending.as_str(), "txt" | "tsv" | "csv") || !path.is_file() {
        return false;
    }
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes);
    // The last line may be cut.
    let whole = if bytes.len() as u64 == BEGINNING { text.rsplit_once('\n').map_or("", |(all, _)| all) } else { &text };
    read.is_ok() && Set::is_likely(whole)
}

fn choose(actions: &Actions, state: &State, test: Chosen) {
    if test != state.scene.space.test {
        let chosen = super::Chosen { test, ..state.scene.space.clone() };
        actions.ask(Action::Space(OfSpace::Choose(Box::new(chosen))));
    }
}

/// Draws the panel.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    let (chosen, tested) = (&state.scene.space.test, &state.space.test);
    widgets::title_row(ui, EVALUATION.title, |ui| {
        if ui.button(EVALUATION.open).on_hover_text(EVALUATION.open_tip).clicked() {
            actions.ask(Action::Space(OfSpace::Test(Ask::Choose)));
        }
    });
    if chosen.path.is_empty() {
        ui.label(EVALUATION.what);
        for text in [EVALUATION.what_pairs, EVALUATION.what_questions, EVALUATION.what_drop] {
            ui.add_space(4.0);
            widgets::muted(ui, text);
        }
        return;
    }
    let name = work::name_of(Path::new(&chosen.path));
    ui.add(egui::Label::new(RichText::new(&name).font(theme::heading())).truncate()).on_hover_text(&chosen.path);
    options(ui, state, actions);
    ui.separator();
    let is_busy = state.latest.contains_key(&Slot::Test);
    if let (Some(error), false) = (&tested.failed, is_busy) {
        let ink = theme::colour(theme::palette(ui.ctx()).error);
        ui.label(RichText::new(fill(EVALUATION.failed, &[&name])).color(ink));
        ui.label(error);
        again(ui, actions);
        return;
    }
    if let Some(outcome) = &tested.outcome {
        // What is known of other choices is read, and leads nowhere.
        ui.add_enabled_ui(tested.is_of(space.id) && !is_busy, |ui| shown(ui, actions, outcome));
    }
    if is_busy {
        widgets::muted(ui, EVALUATION.working);
    } else if !tested.is_new() {
        widgets::muted(ui, EVALUATION.stopped);
        again(ui, actions);
    }
}

fn again(ui: &mut Ui, actions: &Actions) {
    if ui.button(EVALUATION.again).clicked() {
        actions.ask(Action::Space(OfSpace::Test(Ask::Again)));
    }
}

fn options(ui: &mut Ui, state: &State, actions: &Actions) {
    let mut test = state.scene.space.test.clone();
    ui.horizontal(|ui| {
        widgets::muted(ui, EVALUATION.known).on_hover_text(EVALUATION.known_tip);
        let drag = DragValue::new(&mut test.known).range(1..=100_000_000).speed(200.0);
        widgets::named(ui.add(drag), EVALUATION.known).on_hover_text(EVALUATION.known_tip);
    });
    ui.horizontal_wrapped(|ui| {
        ui.checkbox(&mut test.fold, EVALUATION.case).on_hover_text(EVALUATION.case_tip);
        ui.checkbox(&mut test.wrong, EVALUATION.wrong).on_hover_text(EVALUATION.wrong_tip);
    });
    let is_of_questions =
        state.space.test.outcome.as_ref().is_some_and(|outcome| matches!(&*outcome.now.score, Score::Questions(_)));
    if is_of_questions {
        let methods = [(false, EVALUATION.add), (true, EVALUATION.mul)];
        widgets::choice(ui, &mut test.product, &methods, EVALUATION.method_tip);
    }
    choose(actions, state, test);
}

fn shown(ui: &mut Ui, actions: &Actions, outcome: &Outcome) {
    match (&*outcome.now.score, outcome.before()) {
        (Score::Pairs(now), before) => {
            let before = before.and_then(|score| if let Score::Pairs(score) = score { Some(score) } else { None });
            pairs(ui, actions, outcome, now, before);
        }
        (Score::Questions(now), before) => {
            let before = before
                .and_then(|score| if let Score::Questions(score) = score { Some(score.as_slice()) } else { None });
            questions(ui, now, before);
        }
    }
    let (skipped, first) = outcome.skipped;
    if skipped > 0 {
        widgets::muted(ui, fill(EVALUATION.skipped, &[&count(skipped as u64), &first.to_string()]));
    }
}

/// The room of a number in a table.
const CELL: f32 = 88.0;

/// A line of a table: a name, and numbers that each end where their column does.
fn row(ui: &mut Ui, name: &str, cells: &[(&str, bool)], is_head: bool) -> Response {
    let palette = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 20.0), Sense::hover());
    let (text, muted) = (theme::colour(palette.text), theme::colour(palette.muted));
    let font = |family| FontId::new(if is_head { size::SMALL } else { size::BODY }, family);
    let room = rect.width() - CELL * cells.len() as f32 - 8.0;
    let painter = ui.painter();
    let ink = if is_head { muted } else { text };
    let fitted = fit(name, size::BODY, room);
    painter.text(rect.left_center(), Align2::LEFT_CENTER, fitted, font(FontFamily::Proportional), ink);
    for (i, (cell, is_quiet)) in cells.iter().enumerate() {
        let at = rect.right_center() - Vec2::new(CELL * (cells.len() - 1 - i) as f32, 0.0);
        let ink = if is_head || *is_quiet { muted } else { text };
        let family = if is_head { FontFamily::Proportional } else { FontFamily::Monospace };
        painter.text(at, Align2::RIGHT_CENTER, *cell, font(family), ink);
    }
    let cells: Vec<&str> = cells.iter().map(|(cell, _)| *cell).collect();
    let spoken = format!("{name} {}", cells.join(" "));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, spoken.trim()));
    response
}

fn pairs(ui: &mut Ui, actions: &Actions, outcome: &Outcome, now: &PairScore, before: Option<&PairScore>) {
    let all = now.points.len() + now.unknown.len() - unknown_points(now);
    let number = |x: f64| if x.is_finite() { weight(x as f32) } else { EVALUATION.none.to_owned() };
    let of = |score: &PairScore| {
        let known = score.points.len() - unknown_points(score);
        [
            number(score.spearman),
            number(score.pearson),
            format!("{:.1} %", score.oov),
            fill(EVALUATION.pairs_of, &[&count(known as u64), &count(all as u64)]),
        ]
    };
    let (now_figures, before_figures) = (of(now), before.map(of));
    let names = [
        (EVALUATION.spearman, EVALUATION.spearman_tip),
        (EVALUATION.pearson, EVALUATION.pearson_tip),
        (EVALUATION.unknown, EVALUATION.unknown_tip),
        (EVALUATION.pairs, EVALUATION.pairs_tip),
    ];
    let is_cured = before.is_some();
    let cells = [(EVALUATION.as_opened, true), (if is_cured { EVALUATION.cured } else { EVALUATION.now }, true)];
    row(ui, EVALUATION.figure, &cells[usize::from(!is_cured)..], true);
    for (i, (name, tip)) in names.into_iter().enumerate() {
        let old = before_figures.as_ref().map(|before| (before[i].as_str(), true));
        let cells: Vec<(&str, bool)> = old.into_iter().chain([(now_figures[i].as_str(), false)]).collect();
        row(ui, name, &cells, false).on_hover_text(tip);
    }
    ui.add_space(8.0);
    widgets::heading(ui, EVALUATION.scatter).on_hover_text(EVALUATION.scatter_tip);
    if let Some(point) = scatter::show(ui, outcome, now) {
        select(actions, &now.points[point]);
    }
    if outcome.outliers.is_empty() {
        return;
    }
    ui.add_space(8.0);
    widgets::heading(ui, EVALUATION.outliers).on_hover_text(EVALUATION.outliers_tip);
    for point in outcome.outliers.iter().filter_map(|&i| now.points.get(i)) {
        let way = if point.gap > 0.0 { EVALUATION.above } else { EVALUATION.below };
        let gap = format!("{:.0} %", point.gap.abs() * 100.0);
        let text = fill(EVALUATION.pair, &[&point.words[0], &point.words[1]]);
        let tip = format!("{way} {gap}. {} {}", said(point), EVALUATION.pair_tip);
        if line(ui, &text, &gap).on_hover_text(tip).clicked() {
            select(actions, point);
        }
    }
}

/// Points of pairs with an unknown word, where these count as unlike.
fn unknown_points(score: &PairScore) -> usize {
    score.points.iter().filter(|point| point.rows.is_none()).count()
}

/// What a point says of itself.
fn said(point: &Point) -> String {
    let pair = fill(EVALUATION.pair, &[&point.words[0], &point.words[1]]);
    fill(EVALUATION.point, &[&pair, &crate::figure::short(point.gold as f32), &weight(point.model as f32)])
}

/// Selects both words of a pair on the map.
fn select(actions: &Actions, point: &Point) {
    if let Some([a, b]) = point.rows {
        let rows = if a == b { vec![a] } else { vec![a.min(b), a.max(b)] };
        actions.ask(Action::Space(OfSpace::Select(Arc::new(rows))));
    }
}

fn questions(ui: &mut Ui, now: &[SectionScore], before: Option<&[SectionScore]>) {
    let share = |score: &SectionScore| match score.total {
        0 => EVALUATION.none.to_owned(),
        total => fill(EVALUATION.share, &[&format!("{:.1}", score.correct as f64 / total as f64 * 100.0)]),
    };
    let first = if before.is_some() { EVALUATION.as_opened } else { EVALUATION.correct };
    let second = if before.is_some() { EVALUATION.cured } else { EVALUATION.now };
    row(ui, EVALUATION.section, &[(first, true), (second, true)], true);
    for (i, score) in now.iter().enumerate() {
        let name = if i + 1 == now.len() { EVALUATION.total } else { score.section.as_str() };
        let [correct, total] = [score.correct, score.total].map(|n| count(n as u64));
        let of = fill(EVALUATION.correct_of, &[&correct, &total]);
        let (old, new) = (before.and_then(|before| before.get(i)).map(share), share(score));
        // Where there is no other number there is room for how many.
        let first = old.as_deref().unwrap_or(&of);
        row(ui, name, &[(first, true), (&new, false)], false)
            .on_hover_text(format!("{}: {of}. {}", name, EVALUATION.section_tip));
    }
    if let Some(sum) = now.last().filter(|sum| sum.unknown > 0) {
        widgets::muted(ui, fill(EVALUATION.total_unknown, &[&count(sum.unknown as u64)]));
    }
}
