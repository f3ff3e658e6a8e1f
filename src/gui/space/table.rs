//! The words as a table: those that are selected or were found, else all that are laid out.

use super::laid::Laid;
use super::{Ask, Made, Space};
use crate::engine::{Engine, Slot};
use crate::figure::{fit, short, size};
use crate::gui::action::{Action, Actions};
use crate::gui::made;
use crate::gui::state::State;
use crate::gui::update::submit;
use crate::gui::words::space::SPACE;
use crate::gui::words::{count, fill};
use crate::gui::{theme, widgets};
use crate::source::vectors::{Column, ColumnValues};
use egui::{Align2, FontFamily, FontId, Rect, ScrollArea, Sense, Ui, Vec2};
use std::cmp::Ordering;
use std::sync::Arc;

/// The height of a row.
const ROW: f32 = 20.0;
/// Columns of metadata that have room.
const COLUMNS: usize = 5;

/// By what the table is sorted: a column, and whether it rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sorting {
    /// 0 is the word, 1 the rank, 2 the length, then metadata.
    pub column: usize,
    /// Whether the smallest comes first.
    pub rising: bool,
}

impl Default for Sorting {
    fn default() -> Self {
        Self { column: 1, rising: true }
    }
}

/// What the rows are, and in which order.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    space: u64,
    map: Option<u64>,
    found: Option<u64>,
    selection: Arc<Vec<usize>>,
    sorting: Sorting,
}

/// The rows in their order.
#[derive(Debug, Default)]
pub struct Rows {
    asked: Option<Key>,
    order: Arc<Vec<usize>>,
}

/// Rows that a job has sorted.
#[derive(Debug)]
pub struct Sorted(Arc<Vec<usize>>);

impl Rows {
    /// Takes in what was sorted.
    pub fn arrive(&mut self, sorted: Sorted) {
        self.order = sorted.0;
    }
}

/// Sorts the rows where something about them is another and the table is open.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    if !state.scene.space.table {
        return;
    }
    let kept = &state.space;
    let laid: Option<Arc<Laid>> = kept.laid.clone().filter(|laid| laid.question.space == space.id);
    let key = Key {
        space: space.id,
        map: laid.as_ref().map(|laid| laid.id),
        found: kept.found.as_ref().map(|found| found.id),
        selection: kept.selection.clone(),
        sorting: kept.sorting,
    };
    if kept.rows.asked.as_ref() == Some(&key) {
        return;
    }
    let found = kept.found.clone();
    state.space.rows.asked = Some(key.clone());
    let space = space.clone();
    submit(state, engine, Slot::Table, "sorting the table", move |control| {
        let mut rows: Vec<usize> = match (&found, &laid) {
            _ if !key.selection.is_empty() => key.selection.to_vec(),
            (Some(found), _) => found.rows.to_vec(),
            (None, Some(laid)) => (0..laid.places.len()).map(|point| laid.row(point)).collect(),
            (None, None) => (0..space.vectors.rows.len()).collect(),
        };
        control.check()?;
        sort(&space, &mut rows, key.sorting);
        Ok(made::Made::Space(Made::Sorted(Sorted(Arc::new(rows)))))
    });
}

fn sort(space: &Space, rows: &mut [usize], Sorting { column, rising }: Sorting) {
    let words = &space.vectors.words;
    let number = |x: f64, y: f64| x.is_nan().cmp(&y.is_nan()).then(x.total_cmp(&y));
    let compare = |a: &usize, b: &usize| match column {
        0 => words.bytes_of(*a).cmp(words.bytes_of(*b)),
        1 => a.cmp(b),
        2 => space.lengths.values()[*a].total_cmp(&space.lengths.values()[*b]),
        _ => match space.vectors.columns.get(column - 3).map(|c| &c.values) {
            Some(ColumnValues::Number(values)) => number(values[*a], values[*b]),
            Some(ColumnValues::Kind { names, of }) => names[of[*a] as usize].cmp(&names[of[*b] as usize]),
            Some(ColumnValues::Text(values)) => values[*a].cmp(&values[*b]),
            None => Ordering::Equal,
        },
    };
    rows.sort_by(|a, b| if rising { compare(a, b) } else { compare(b, a) });
}

/// What a column says of a row.
pub fn cell(values: &ColumnValues, row: usize) -> Option<String> {
    match values {
        ColumnValues::Number(values) => {
            values.get(row).filter(|v| !v.is_nan()).map(|v| super::colours::number(*v as f32))
        }
        ColumnValues::Kind { names, of } => names.get(*of.get(row)? as usize).cloned(),
        ColumnValues::Text(values) => values.get(row).cloned(),
    }
}

/// Whether a column of the table holds numbers, which stand at its right.
fn is_number(columns: &[Column], i: usize) -> bool {
    match i {
        0 => false,
        1 | 2 => true,
        _ => matches!(columns[i - 3].values, ColumnValues::Number(_)),
    }
}

/// Where the text of a cell stands.
fn side(place: Rect, right: bool) -> (egui::Pos2, Align2) {
    if right { (place.right_center(), Align2::RIGHT_CENTER) } else { (place.left_center(), Align2::LEFT_CENTER) }
}

/// Draws the table.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    let order = &state.space.rows.order;
    let columns = &space.vectors.columns[..space.vectors.columns.len().min(COLUMNS)];
    let names = [SPACE.word, SPACE.rank, SPACE.length].into_iter().chain(columns.iter().map(|c| c.name.as_str()));
    let widths: Vec<f32> = [180.0, 90.0, 80.0].into_iter().chain(columns.iter().map(|_| 140.0)).collect();
    let palette = theme::palette(ui.ctx());
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for (i, name) in names.enumerate() {
            let sorting = state.space.sorting;
            let mark = match (sorting.column == i, sorting.rising) {
                (false, _) => "",
                (true, true) => " \u{25b4}",
                (true, false) => " \u{25be}",
            };
            let (rect, button) = ui.allocate_exact_size(Vec2::new(widths[i], 22.0), Sense::click());
            let place = rect.with_min_x(rect.left() + 4.0).with_max_x(rect.right() - 8.0);
            let (at, align) = side(place, is_number(columns, i));
            let ink = theme::colour(if button.hovered() { palette.text } else { palette.muted });
            let font = FontId::new(size::BODY, FontFamily::Proportional);
            ui.painter().text(at, align, format!("{name}{mark}"), font, ink);
            button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ColumnHeader, true, name));
            if button.clicked() {
                let rising = if sorting.column == i { !sorting.rising } else { true };
                actions.ask(Action::Space(Ask::Sort(Sorting { column: i, rising })));
            }
        }
        widgets::muted(ui, fill(SPACE.table_of, &[&count(order.len() as u64)]));
    });
    let asked = state.space.answer.as_ref().and_then(|answer| answer.row);
    ScrollArea::both().id_salt("table").auto_shrink(false).show_rows(ui, ROW, order.len(), |ui, range| {
        for &row in order.get(range).unwrap_or_default() {
            let (rect, response) =
                ui.allocate_exact_size(Vec2::new(ui.available_width().max(widths.iter().sum()), ROW), Sense::click());
            let word = space.vectors.words.get(row);
            let painter = ui.painter();
            if response.hovered() || asked == Some(row) {
                painter.rect_filled(rect, 2.0, theme::colour(palette.raised));
            }
            let font = FontId::new(size::BODY, FontFamily::Monospace);
            let ink = theme::colour(if asked == Some(row) { palette.accent } else { palette.text });
            let mut x = rect.left() + 4.0;
            let own = [word.to_string(), count(row as u64 + 1), short(space.lengths.values()[row])];
            let more = columns.iter().map(|c| cell(&c.values, row).unwrap_or_default());
            for (i, text) in own.into_iter().chain(more).enumerate() {
                let text = fit(&text, size::BODY, widths[i] - 12.0);
                let place = Rect::from_min_size(egui::Pos2::new(x, rect.top()), Vec2::new(widths[i] - 12.0, ROW));
                let (at, align) = side(place, is_number(columns, i));
                painter.text(at, align, text, font.clone(), ink);
                x += widths[i];
            }
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Row, true, word.as_ref()));
            if response.hovered() {
                actions.over_row(row);
            }
            if response.clicked() {
                actions.ask(Action::Space(Ask::Row(row)));
            }
        }
    });
}
