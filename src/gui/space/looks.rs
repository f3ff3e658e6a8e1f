//! How points look: what their colour, their size and their label stand for, and the lines of density under them.

use super::clusters::MOST;
use super::colours::By;
use super::{Ask, Space};
use crate::figure::{fit, size};
use crate::gui::action::{Action, Actions};
use crate::gui::state::State;
use crate::gui::theme::CONTROL;
use crate::gui::widgets;
use crate::gui::words::fill;
use crate::gui::words::space::SPACE;
use crate::gui::words::space::looks::LOOKS;
use crate::source::vectors::ColumnValues;
use egui::{Button, Popup, PopupCloseBehavior, ScrollArea, Slider, Ui, Vec2};
use serde::{Deserialize, Serialize};

/// What the size of a point stands for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// Nothing.
    #[default]
    Alike,
    /// The place in the file: the first words are the largest.
    Rank,
    /// The length of the vector.
    Length,
    /// A column of numbers, by its name.
    Column(String),
}

impl Size {
    /// What it is called.
    pub fn label(&self) -> &str {
        match self {
            Self::Alike => LOOKS.size_alike,
            Self::Rank => SPACE.by_rank,
            Self::Length => SPACE.by_length,
            Self::Column(name) => name,
        }
    }
}

/// What is chosen about how points look, beside their colour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Looks {
    /// Into how many clusters the words are parted.
    pub clusters: usize,
    /// What the size of a point stands for.
    pub size: Size,
    /// The column that is written beside points; their words where there is none.
    pub label: Option<String>,
    /// Whether lines of density are drawn.
    pub contours: bool,
}

impl Default for Looks {
    fn default() -> Self {
        Self { clusters: 12, size: Size::default(), label: None, contours: false }
    }
}

impl Looks {
    /// The same with every number inside its range.
    pub fn checked(self) -> Self {
        Self { clusters: self.clusters.clamp(2, MOST), ..self }
    }
}

/// What is written beside the point of a row.
pub fn label(state: &State, space: &Space, row: usize) -> String {
    label_by(state.scene.space.looks.label.as_deref(), space, row)
}

/// The same by a column, or by the word where there is none.
pub fn label_by(column: Option<&str>, space: &Space, row: usize) -> String {
    let column = column.and_then(|name| space.vectors.columns.iter().find(|c| c.name == name));
    let text = column.and_then(|c| super::table::cell(&c.values, row));
    text.unwrap_or_else(|| space.vectors.words.get(row).into_owned())
}

/// The button of the colours with all that concerns looks under it.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    let label = fill(SPACE.colour, &[state.scene.space.by.label()]);
    let wide = ui.ctx().content_rect().width() >= 1000.0;
    let label = fit(&label, size::BODY, if wide { 260.0 } else { 130.0 });
    let button = ui.add(Button::new(label).min_size(Vec2::new(0.0, CONTROL))).on_hover_text(SPACE.colour_tip);
    Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        egui::Frame::new().inner_margin(8.0).show(ui, |ui| {
            ui.set_width(296.0);
            let height = (ui.ctx().content_rect().height() - 140.0).max(120.0);
            ScrollArea::vertical().max_height(height).show(ui, |ui| {
                ui.vertical(|ui| options(ui, state, actions, space));
            });
        });
    });
}

fn options(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    let mut next = state.scene.space.clone();
    let columns = &space.vectors.columns;
    let named =
        columns.iter().filter(|c| !matches!(c.values, ColumnValues::Text(_))).map(|c| By::Column(c.name.clone()));
    let own = [By::Nothing, By::Cluster, By::Rank, By::Length, By::Distance, By::Kept, By::False, By::Missing];
    let all: Vec<By> = own.into_iter().chain(named).collect();
    widgets::muted(ui, LOOKS.colour).on_hover_text(SPACE.colour_tip);
    pick(ui, &mut next.by, &all, |by| by.label().to_owned(), SPACE.colour_tip);
    if next.by == By::Cluster {
        ui.spacing_mut().slider_width = 160.0;
        let slider = Slider::new(&mut next.looks.clusters, 2..=MOST).logarithmic(true).text(LOOKS.clusters);
        widgets::slide(ui, slider, LOOKS.clusters).on_hover_text(LOOKS.clusters_tip);
    }
    ui.separator();
    widgets::muted(ui, LOOKS.size).on_hover_text(LOOKS.size_tip);
    let numbers = columns.iter().filter(|c| matches!(c.values, ColumnValues::Number(_)));
    let sizes = [Size::Alike, Size::Rank, Size::Length].into_iter();
    let sizes: Vec<Size> = sizes.chain(numbers.map(|c| Size::Column(c.name.clone()))).collect();
    // Names of columns are told apart from those of colours by what they are about.
    ui.push_id("size", |ui| pick(ui, &mut next.looks.size, &sizes, |size| size.label().to_owned(), LOOKS.size_tip));
    if !columns.is_empty() {
        ui.separator();
        widgets::muted(ui, LOOKS.label).on_hover_text(LOOKS.label_tip);
        let labels: Vec<Option<String>> =
            std::iter::once(None).chain(columns.iter().map(|c| Some(c.name.clone()))).collect();
        let name = |label: &Option<String>| label.as_deref().unwrap_or(LOOKS.label_word).to_owned();
        ui.push_id("label", |ui| pick(ui, &mut next.looks.label, &labels, name, LOOKS.label_tip));
    }
    ui.separator();
    ui.add_enabled_ui(!next.solid, |ui| {
        ui.checkbox(&mut next.looks.contours, LOOKS.contours).on_hover_text(LOOKS.contours_tip);
    });
    if next != state.scene.space {
        actions.ask(Action::Space(Ask::Choose(Box::new(next))));
    }
}

/// Buttons of which one is chosen.
fn pick<T: PartialEq + Clone>(ui: &mut Ui, value: &mut T, all: &[T], name: impl Fn(&T) -> String, tip: &str) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::splat(4.0);
        for choice in all {
            let label = fit(&name(choice), size::BODY, 240.0);
            let button = Button::selectable(*value == *choice, label).frame_when_inactive(true);
            if ui.add(button).on_hover_text(tip).clicked() {
                value.clone_from(choice);
            }
        }
    });
}
