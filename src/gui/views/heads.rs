//! Every head in a row: measures, intervals, labels; and the relations of the selected one.

pub mod export;
mod relations;
pub mod work;

use crate::analysis::heads::Table as Measures;
use crate::analysis::measures::Measure;
use crate::analysis::relations::{Earned, Lift};
use crate::engine::{Run, Slot};
use crate::figure::find::Wanted;
use crate::figure::{head_name, weight};
use crate::gui::action::{Action, Actions};
use crate::gui::paint::Canvas;
use crate::gui::state::State;
use crate::gui::table::{Cell, Column, Table};
use crate::gui::theme::CONTROL;
use crate::gui::widgets::{self, named};
use crate::gui::words::heads::{self as said, HEADS};
use crate::gui::words::{count, fill, number};
use egui::{Button, DragValue, Id, TextEdit, Ui, Vec2};
use export::Saved;
use std::rc::Rc;
use std::sync::Arc;
use work::{Ask, Chosen, Heads, Key, Of, Relation, Source, USUAL, file_name};

/// The measures that have a column here.
const SHOWN: [Measure; 11] = [
    Measure::Entropy,
    Measure::Distance,
    Measure::Confidence,
    Measure::Itself,
    Measure::Previous,
    Measure::Next,
    Measure::SameToken,
    Measure::Induction,
    Measure::First,
    Measure::Delimiter,
    Measure::SinkShare,
];

/// What an order of rows was made of, and the rows.
pub type Order = crate::gui::memo::Memo<(bool, u64, String, (Key, bool), Option<Relation>), Vec<usize>>;

/// The field that finds heads.
pub fn find_id() -> Id {
    Id::unique("find heads")
}

/// Draws the view.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    let Some(run) = state.run() else { return };
    let (heads, chosen) = (&state.views.heads, &state.scene.details.heads);
    source(ui, state, actions);
    let table = heads.table(chosen.source, run).cloned();
    // The field is there before the table, so that its key finds it.
    find(ui, state, actions, table.as_deref());
    let Some(table) = table else {
        missing(ui, state, run, actions);
        return;
    };
    summary(ui, heads, &table);
    if !table.lifts.is_empty() {
        relations::choice(ui, chosen, &table, actions);
    }
    let rows = order(canvas, heads.edition, chosen, &table);
    let lifts = chosen.lifts(&table, state.scene.head);
    let below = if lifts.is_empty() { 0.0 } else { (ui.available_height() * 0.4).min(220.0) };
    let above = (ui.available_height() - below).max(80.0);
    ui.allocate_ui(Vec2::new(ui.available_width(), above - 8.0), |ui| measures(ui, state, &table, &rows, actions));
    if !lifts.is_empty() {
        relations::show(ui, state, &table, &lifts, actions);
    }
}

/// The order of the rows, made anew only where it may be another.
fn order(canvas: &mut Canvas, edition: u64, heads: &Chosen, table: &Arc<Measures>) -> Rc<Vec<usize>> {
    let key = (table.is_corpus, edition, heads.find.clone(), heads.sort, heads.relation.clone());
    canvas.heads.get(key, || heads.rows(table))
}

/// What is measured, and the corpus.
fn source(ui: &mut Ui, state: &State, actions: &Actions) {
    let heads = &state.scene.details.heads;
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        widgets::muted(ui, HEADS.source);
        for (source, label, tip) in
            [(Source::Text, HEADS.this_text, HEADS.this_text_tip), (Source::Corpus, HEADS.corpus, HEADS.corpus_tip)]
        {
            let button = Button::selectable(heads.source == source, label).frame_when_inactive(true);
            if ui.add(button).on_hover_text(tip).clicked() {
                actions.ask(Action::Heads(Ask::Source(source)));
            }
        }
        if heads.source == Source::Text {
            return;
        }
        ui.separator();
        widgets::muted(ui, HEADS.most);
        let mut most = heads.most.unwrap_or(USUAL);
        let drag = ui.add(DragValue::new(&mut most).range(1..=1_000_000).speed(10));
        if named(drag, HEADS.most).on_hover_text(HEADS.most_tip).changed() {
            actions.ask(Action::Heads(Ask::Most(most)));
        }
    });
    if heads.source == Source::Text {
        return;
    }
    ui.horizontal(|ui| {
        let mut path = heads.path.clone();
        let width = (ui.available_width() - 190.0).max(120.0);
        let field = TextEdit::singleline(&mut path)
            .hint_text(HEADS.path_hint)
            .desired_width(width)
            .align(egui::Align2::LEFT_CENTER)
            .min_size(Vec2::new(0.0, CONTROL));
        let field = named(ui.add(field), HEADS.path).on_hover_text(HEADS.path_tip);
        let entered = field.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
        if field.changed() {
            actions.ask(Action::Heads(Ask::Path(path.clone())));
        }
        if ui.button(HEADS.choose).on_hover_text(HEADS.choose_tip).clicked() {
            actions.ask(Action::Heads(Ask::Choose));
        }
        let running = state.latest.contains_key(&Slot::Corpus);
        let (label, tip, ask) = if running {
            (HEADS.stop, HEADS.stop_tip, Ask::Stop)
        } else {
            (HEADS.measure, HEADS.measure_tip, Ask::Measure)
        };
        let button = ui.add_enabled(running || !path.trim().is_empty(), Button::new(label));
        if button.on_hover_text(tip).on_disabled_hover_text(HEADS.no_path).clicked() || (entered && !running) {
            actions.ask(Action::Heads(ask));
        }
    });
    if let Some((_, progress)) = state.progress.as_ref().filter(|(slot, _)| *slot == Slot::Corpus) {
        let bar = egui::ProgressBar::new(progress.share()).desired_height(8.0).desired_width(ui.available_width());
        ui.add(bar);
        widgets::muted(ui, fill(HEADS.progress, &[&count(progress.done), &count(progress.total)]));
    }
}

/// What is there before the table is.
pub(super) fn missing(ui: &mut Ui, state: &State, run: &Run, actions: &Actions) {
    let heads = &state.views.heads;
    if state.scene.details.heads.source == Source::Corpus {
        let text = if heads.measured.is_some() { HEADS.other_model } else { HEADS.none_yet };
        if !state.latest.contains_key(&Slot::Corpus) {
            widgets::muted(ui, text);
        }
        return;
    }
    if !heads.was_asked(run) {
        actions.ask(Action::Heads(Ask::Text));
    }
    if !heads.was_asked(run) || state.latest.contains_key(&Slot::Heads) {
        widgets::muted(ui, HEADS.measuring);
    } else if ui.button(HEADS.again).on_hover_text(HEADS.this_text_tip).clicked() {
        actions.ask(Action::Heads(Ask::Text));
    }
}

/// What is looked for, and how it was read; buttons that write the tables.
fn find(ui: &mut Ui, state: &State, actions: &Actions, table: Option<&Measures>) {
    let heads = &state.scene.details.heads;
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        let mut text = heads.find.clone();
        let field = TextEdit::singleline(&mut text)
            .id(find_id())
            .hint_text(HEADS.find_hint)
            .desired_width(190.0)
            .align(egui::Align2::LEFT_CENTER)
            .min_size(Vec2::new(0.0, CONTROL));
        let field = named(ui.add(field), HEADS.find).on_hover_text(HEADS.find_tip);
        if field.changed() {
            actions.ask(Action::Heads(Ask::Find(text)));
        }
        let wanted = Wanted::read(&heads.find);
        // Enter selects the head that was named.
        if let (true, Wanted::Head(l, h) | Wanted::Paper(l, h)) = (field.lost_focus(), &wanted)
            && ui.input(|i| i.key_pressed(egui::Key::Enter))
            && table.is_some_and(|table| table.row(*l, *h).is_some())
        {
            actions.ask(Action::Select((*l, *h)));
        }
        let read_as = match &wanted {
            Wanted::All => None,
            Wanted::Head(..) => Some(HEADS.read_head),
            Wanted::Paper(..) => Some(HEADS.read_paper),
            Wanted::Layer(_) => Some(HEADS.read_layer),
            Wanted::Label(_) => Some(HEADS.read_label),
            Wanted::Value { .. } => Some(HEADS.read_value),
        };
        if let Some(read_as) = read_as {
            let what = if let Wanted::Layer(l) = wanted { l.to_string() } else { wanted.to_string() };
            widgets::muted(ui, fill(read_as, &[&what]));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let save = ui.add_enabled(table.is_some(), Button::new(HEADS.save));
            if save.on_hover_text(HEADS.save_tip).clicked() {
                actions.ask(Action::Heads(Ask::Save(Saved::Heads)));
            }
        });
    });
}

/// What the numbers are of.
fn summary(ui: &mut Ui, heads: &Heads, table: &Measures) {
    let n = count(table.n as u64);
    let text = match heads.measured.as_ref().filter(|_| table.is_corpus) {
        None => fill(HEADS.of_text, &[&n]),
        Some(measured) => {
            let mut parts = vec![fill(HEADS.of_corpus, &[&n, &file_name(&measured.corpus.path)])];
            let tour = measured.tour;
            if table.lost > 0 {
                parts.push(fill(HEADS.lost, &[&count(table.lost as u64), &count(table.links as u64)]));
            }
            for (number, said) in [(tour.skipped, HEADS.skipped), (tour.shortened, HEADS.shortened)] {
                if number > 0 {
                    parts.push(fill(said, &[&count(number as u64)]));
                }
            }
            parts.join("; ")
        }
    };
    widgets::muted(ui, text);
}

/// The table of heads.
fn measures(ui: &mut Ui, state: &State, table: &Measures, rows: &[usize], actions: &Actions) {
    if rows.is_empty() {
        widgets::muted(ui, HEADS.none_found);
        return;
    }
    let column = |title, tip: &str, width, is_number| Column { title, tip: tip.to_owned(), width, is_number };
    let mut columns = vec![
        column(HEADS.column_head, HEADS.tip_head, 64.0, false),
        column(HEADS.column_label, HEADS.tip_label, 164.0, false),
    ];
    let chosen = state.scene.details.heads.chosen(table);
    let mut keys = vec![Key::Head, Key::Label];
    for (of, width) in relations::CHOSEN.into_iter().filter(|_| chosen.is_some()) {
        columns.push(relations::column(of, width));
        keys.push(Key::Of(of));
    }
    columns.extend(SHOWN.iter().map(|m| column(said::title(*m), said::tip(*m), 70.0, true)));
    keys.extend(SHOWN.map(Key::Measure));
    let key = |i: usize| keys[i];
    let (by, descending) = state.scene.details.heads.sort;
    let at = |row: usize| &table.rows[rows[row]];
    let name = |row: usize| head_name(at(row).layer, at(row).head);
    let shown = Table {
        id: "heads",
        columns: &columns,
        sorted: (0..columns.len()).find(|&i| key(i) == by).map(|i| (i, descending)),
        rows: rows.len(),
        selected: (0..rows.len()).find(|&row| (at(row).layer, at(row).head) == state.scene.head),
        sort_name: &|title| fill(HEADS.sort_by, &[title]),
        row_name: &|row| fill(HEADS.row_name, &[&name(row)]),
    };
    let cell = |row: usize, column: usize| cell(table, chosen, rows[row], key(column));
    let tip = |row: usize, column: usize| {
        let row = at(row);
        let m = match key(column) {
            Key::Head | Key::Of(_) => return None,
            Key::Label => return row.earned.as_ref().map(earned),
            Key::Measure(m) => m,
        };
        let title = format!("{} {}", head_name(row.layer, row.head), said::title(m));
        let Some(value) = row.measures.get(m) else { return Some(format!("{title}: {}", HEADS.no_value)) };
        let (value, n) = (written(m, value), count(row.measures.count(m).into()));
        Some(match row.interval(m) {
            Some(i) => fill(HEADS.cell_interval, &[&title, &value, &written(m, i.low), &written(m, i.high), &n]),
            None => fill(HEADS.cell, &[&title, &value, &n]),
        })
    };
    let done = shown.show(ui, cell, tip);
    if let Some(column) = done.sorted {
        actions.ask(Action::Heads(Ask::Sort(key(column))));
    }
    if let Some((row, _)) = done.hovered {
        actions.over_head((at(row).layer, at(row).head));
    }
    if let Some(row) = done.clicked {
        actions.ask(Action::Select((at(row).layer, at(row).head)));
    }
}

/// What a column says of a head; `chosen` is how every head does at the chosen relation.
fn cell(table: &Measures, chosen: Option<&[Lift]>, row: usize, key: Key) -> Cell {
    let head = &table.rows[row];
    match key {
        Key::Head => Cell::plain(head_name(head.layer, head.head)),
        Key::Label => Cell::plain(head.label.replace("->", "\u{2192}")),
        Key::Of(of) => {
            let text = chosen.map(|lifts| relations::text(of, &lifts[row], table)).unwrap_or_default();
            Cell { muted: of != Of::Lift, ..Cell::plain(text) }
        }
        Key::Measure(m) => {
            let value = head.measures.get(m);
            let text = value.map_or_else(|| "\u{2013}".to_owned(), |v| written(m, v));
            let share = if m.is_share() { value.unwrap_or(0.0) as f32 } else { 0.0 };
            Cell { text, share, muted: value.is_none() }
        }
    }
}

/// What a label is earned by.
fn earned(earned: &Earned) -> String {
    let chance = if earned.chance < 0.001 { "< 0.001".to_owned() } else { weight(earned.chance as f32) };
    fill(HEADS.earned, &[&signed(earned.lift), &chance, &count(earned.n.into())])
}

/// A difference of shares.
fn signed(x: f64) -> String {
    weight(x as f32).replace('-', "\u{2212}")
}

/// A value as it is shown: shares as weights.
fn written(measure: Measure, value: f64) -> String {
    if measure.is_share() { weight(value as f32) } else { number(value as f32) }
}
