//! The relations of the selected head, and one relation chosen to compare all heads by.

use super::export::Saved;
use super::signed;
use super::work::{Ask, Chosen, Of};
use crate::analysis::heads::Table as Measures;
use crate::analysis::relations::{Direction, Lift};
use crate::figure::{head_name, percent};
use crate::gui::action::{Action, Actions};
use crate::gui::state::State;
use crate::gui::table::{Cell, Column, Table};
use crate::gui::widgets::{self, named};
use crate::gui::words::heads::{self as said, HEADS};
use crate::gui::words::{count, fill};
use egui::{Button, ComboBox, Ui};

/// The columns of a head's relations, with their widths: together no wider than the view in a window of 1280 points.
pub(super) const COLUMNS: [(Of, f32); 7] = [
    (Of::Relation, 80.0),
    (Of::Direction, 116.0),
    (Of::Lift, 52.0),
    (Of::Interval, 118.0),
    (Of::Accuracy, 62.0),
    (Of::Baseline, 92.0),
    (Of::N, 46.0),
];

/// What the table of heads has of a chosen relation, with the widths.
pub(super) const CHOSEN: [(Of, f32); 5] =
    [(Of::Lift, 62.0), (Of::Interval, 122.0), (Of::Accuracy, 72.0), (Of::Baseline, 92.0), (Of::N, 52.0)];

/// A direction as it is shown.
fn arrow(direction: Direction) -> String {
    direction.name().replace("->", " \u{2192} ")
}

/// What a column has of a lift.
pub(super) fn text(of: Of, lift: &Lift, table: &Measures) -> String {
    match of {
        Of::Relation => table.relations[lift.relation].clone(),
        Of::Direction => arrow(lift.direction),
        Of::Lift => signed(lift.lift),
        Of::Interval => lift.interval.map(|i| format!("[{}, {}]", signed(i.low), signed(i.high))).unwrap_or_default(),
        Of::Accuracy => percent(lift.accuracy as f32),
        Of::Baseline => {
            let offset = format!("{:+}", lift.offset).replace('-', "\u{2212}");
            fill(HEADS.at, &[&percent(lift.baseline as f32), &offset])
        }
        Of::N => count(lift.n.into()),
    }
}

/// [`text`] as a cell.
pub(super) fn cell(of: Of, lift: &Lift, table: &Measures) -> Cell {
    Cell { muted: of.is_number() && of != Of::Lift, ..Cell::plain(text(of, lift, table)) }
}

/// The column of a relation.
pub(super) fn column(of: Of, width: f32) -> Column {
    Column { title: said::title_of(of), tip: said::tip_of(of).to_owned(), width, is_number: of.is_number() }
}

/// Which relation the table of heads has columns of.
pub(super) fn choice(ui: &mut Ui, heads: &Chosen, table: &Measures, actions: &Actions) {
    let chosen = heads.relation.as_ref();
    let direction = chosen.map_or(Direction::ToHead, |c| c.1);
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        widgets::muted(ui, HEADS.relation);
        let text = chosen.map_or(HEADS.no_relation, |c| c.0.as_str());
        let combo =
            ComboBox::from_id_salt("relation").selected_text(text).width(120.0).height(420.0).show_ui(ui, |ui| {
                let button = Button::selectable(chosen.is_none(), HEADS.no_relation);
                if ui.add(button).clicked() {
                    actions.ask(Action::Heads(Ask::Relation(None)));
                }
                for relation in &table.relations {
                    if ui.add(Button::selectable(text == relation, relation)).clicked() {
                        actions.ask(Action::Heads(Ask::Relation(Some((relation.clone(), direction)))));
                    }
                }
            });
        named(combo.response, HEADS.relation).on_hover_text(HEADS.relation_tip);
        let Some((relation, _)) = chosen else { return };
        for each in Direction::ALL {
            let button = Button::selectable(direction == each, arrow(each)).frame_when_inactive(true);
            if ui.add(button).on_hover_text(said::tip_of(Of::Direction)).clicked() {
                actions.ask(Action::Heads(Ask::Relation(Some((relation.clone(), each)))));
            }
        }
        if heads.chosen(table).is_none() {
            widgets::muted(ui, HEADS.never_asked);
        }
    });
}

/// The relations of the selected head.
pub(super) fn show(ui: &mut Ui, state: &State, table: &Measures, lifts: &[&Lift], actions: &Actions) {
    let name = head_name(state.scene.head.0, state.scene.head.1);
    ui.horizontal(|ui| {
        widgets::heading(ui, &fill(HEADS.relations_of, &[&name])).on_hover_text(HEADS.relations_tip);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button(HEADS.save_relations).on_hover_text(HEADS.save_relations_tip).clicked() {
                actions.ask(Action::Heads(Ask::Save(Saved::Relations)));
            }
        });
    });
    let columns = COLUMNS.map(|(of, width)| column(of, width));
    let (by, ascending) = state.scene.details.heads.relations_sort;
    let shown = Table {
        id: "relations",
        columns: &columns,
        sorted: COLUMNS.iter().position(|(of, _)| *of == by).map(|i| (i, !ascending)),
        rows: lifts.len(),
        selected: None,
        sort_name: &|title| fill(HEADS.sort_relations_by, &[title]),
        row_name: &|row| format!("{} {}", table.relations[lifts[row].relation], lifts[row].direction.name()),
    };
    let cell = |row: usize, i: usize| cell(COLUMNS[i].0, lifts[row], table);
    let done = shown.show(ui, cell, |_, _| None);
    if let Some(column) = done.sorted {
        actions.ask(Action::Heads(Ask::SortRelations(COLUMNS[column].0)));
    }
    // A click shows how all heads do at it.
    if let Some(lift) = done.clicked.map(|row| lifts[row]) {
        let relation = table.relations[lift.relation].clone();
        actions.ask(Action::Heads(Ask::Relation(Some((relation, lift.direction)))));
    }
}
