//! The panel beside the map: one tab at a time.

use super::{Ask, Space, axes, doctor, evaluation, pair, word};
use crate::gui::action::{Action, Actions};
use crate::gui::state::State;
use crate::gui::widgets;
use crate::gui::words::space::SPACE;
use crate::gui::words::space::axes::AXES;
use crate::gui::words::space::doctor::DOCTOR;
use crate::gui::words::space::evaluation::EVALUATION;
use crate::gui::words::space::twin::TWIN;
use egui::{ScrollArea, Ui};
use serde::{Deserialize, Serialize};

/// What the panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tab {
    /// A word or formula and what is near to it.
    #[default]
    Word,
    /// Axes by meaning.
    Axes,
    /// What ails the space, and what helps.
    Doctor,
    /// The space held against what people say.
    Test,
    /// A second space.
    Two,
}

/// The tabs with their names, from left to right.
fn tabs() -> Vec<(Tab, &'static str)> {
    vec![
        (Tab::Word, SPACE.tab_word),
        (Tab::Axes, AXES.tab),
        (Tab::Doctor, DOCTOR.tab),
        (Tab::Test, EVALUATION.tab),
        (Tab::Two, TWIN.tab),
    ]
}

/// Draws the panel.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    let mut chosen = state.scene.space.clone();
    widgets::choice(ui, &mut chosen.tab, &tabs(), SPACE.tab_tip);
    let tab = chosen.tab;
    if chosen != state.scene.space {
        actions.ask(Action::Space(Ask::Choose(Box::new(chosen))));
    }
    ui.add_space(4.0);
    ScrollArea::vertical().id_salt(tab).auto_shrink(false).show(ui, |ui| match tab {
        Tab::Word => word::show(ui, state, actions, space),
        Tab::Axes => axes::show(ui, state, actions, space),
        Tab::Doctor => doctor::show(ui, state, actions, space),
        Tab::Test => evaluation::show(ui, state, actions, space),
        Tab::Two => pair::show(ui, state, actions, space),
    });
}
