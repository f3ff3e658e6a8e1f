//! The space that is shown: what was opened, after the cures that were chosen. What was opened stays beside it.

use super::{Ask, Chosen, Kept, Made, Space};
use crate::analysis::space::cured::{check, cured, needed};
use crate::analysis::space::cures::Cure;
use crate::analysis::space::turned::Turned;
use crate::engine::{Engine, Slot};
use crate::error::Result;
use crate::figure::count;
use crate::gui::action::{Action, Actions};
use crate::gui::made;
use crate::gui::state::State;
use crate::gui::update::{halt, submit};
use crate::gui::words::fill;
use crate::gui::words::space::doctor::DOCTOR;
use crate::gui::{theme, widgets};
use crate::trace::Control;
use egui::{Button, Frame, Margin, Ui};
use std::sync::Arc;

/// Neighbours by which a rotation is judged.
const NEAR: usize = 15;
/// Cures of a space at most.
pub const MOST: usize = 12;

/// What is kept of cures.
#[derive(Debug, Default)]
pub struct Treatment {
    /// The vectors as they were opened.
    pub opened: Option<Arc<Space>>,
    /// What was done to the space that is shown.
    pub shown: Vec<Cure>,
    /// What a rotation left and changed, where the last thing that was done is one.
    pub turned: Option<Turned>,
    /// What is being done.
    asked: Option<Vec<Cure>>,
}

/// What a job made of the opened vectors.
#[derive(Debug)]
pub struct Done {
    space: Arc<Space>,
    cures: Vec<Cure>,
    turned: Option<Turned>,
}

impl Treatment {
    /// Nothing was done yet to what was opened.
    pub fn of(opened: Arc<Space>) -> Self {
        Self { opened: Some(opened), ..Self::default() }
    }

    /// Whether what is shown is not what was opened.
    pub fn is_cured(&self) -> bool {
        !self.shown.is_empty()
    }

    /// Whether another space is under way.
    pub fn is_under_way(&self) -> bool {
        self.asked.is_some()
    }
}

impl Chosen {
    /// What is done to what was opened, in order: a rotation comes last.
    pub fn steps(&self) -> Vec<Cure> {
        self.cures.iter().copied().chain(self.turn.map(Cure::Rotate)).collect()
    }

    /// The same after other steps.
    fn with_steps(mut self, mut steps: Vec<Cure>) -> Self {
        self.turn = steps.pop_if(|last| matches!(last, Cure::Rotate(_))).and_then(|last| match last {
            Cure::Rotate(seed) => Some(seed),
            _ => None,
        });
        self.cures = steps;
        self
    }
}

/// Cures as they may be chosen: none that takes nothing off, a rotation only as [`Chosen::turn`].
pub fn checked(mut cures: Vec<Cure>) -> Vec<Cure> {
    cures.retain(|cure| !matches!(cure, Cure::Rotate(_) | Cure::WithoutTop(0) | Cure::First(0)));
    cures.truncate(MOST);
    cures
}

/// Cures what was opened where other cures are chosen. Whether that is under way.
pub fn follow(state: &mut State, engine: &Engine<made::Made>) -> bool {
    let Some(opened) = state.space.cured.opened.clone() else { return false };
    let steps = state.scene.space.steps();
    let kept = &mut state.space.cured;
    if kept.shown == steps {
        if kept.asked.take().is_some() {
            halt(state, engine, Slot::Cure);
        }
        return false;
    }
    if kept.asked.as_ref() == Some(&steps) {
        if state.latest.contains_key(&Slot::Cure) {
            return true;
        }
        // It was stopped.
        go_back(state);
        return false;
    }
    if steps.is_empty() {
        kept.asked = None;
        halt(state, engine, Slot::Cure);
        swap(&mut state.space, opened, steps, None);
        return false;
    }
    kept.asked = Some(steps.clone());
    let budget = state.settings.budget();
    submit(state, engine, Slot::Cure, "curing the vectors", move |control| {
        Ok(made::Made::Space(Made::Cured(done(&opened, steps, budget, control)?)))
    });
    true
}

fn done(opened: &Space, cures: Vec<Cure>, budget: u64, control: &Control) -> Result<Done> {
    check(&opened.vectors, &cures, budget)?;
    let (vectors, turned) = match cures.split_last() {
        Some((turn @ Cure::Rotate(_), rest)) => {
            let before = if rest.is_empty() { None } else { Some(cured(&opened.vectors, rest, u64::MAX, control)?) };
            let before = before.as_ref().unwrap_or(&opened.vectors);
            let after = cured(before, &[*turn], u64::MAX, control)?;
            let turned = Turned::of(&before.rows, &after.rows, NEAR, control)?;
            (after, turned)
        }
        _ => (cured(&opened.vectors, &cures, u64::MAX, control)?, None),
    };
    let space = Space { of: opened.of.clone(), ..Space::of(opened.name.clone(), vectors) };
    Ok(Done { space: Arc::new(space), cures, turned })
}

/// A cured space is there.
pub fn arrive(kept: &mut Kept, done: Done) {
    kept.cured.asked = None;
    swap(kept, done.space, done.cures, done.turned);
}

/// What could not be done, or was stopped, is not chosen any more.
pub fn go_back(state: &mut State) {
    state.space.cured.asked = None;
    let shown = state.space.cured.shown.clone();
    state.scene.space = state.scene.space.clone().with_steps(shown);
}

/// Shows another space: what was known of rows of the old one is asked anew.
fn swap(kept: &mut Kept, space: Arc<Space>, cures: Vec<Cure>, turned: Option<Turned>) {
    let count = space.vectors.rows.len();
    kept.space = Some(space);
    (kept.cured.shown, kept.cured.turned) = (cures, turned);
    (kept.answer, kept.asked_near, kept.found, kept.asked_find) = Default::default();
    (kept.over, kept.hover, kept.asked_hover) = Default::default();
    kept.rows = super::table::Rows::default();
    kept.selection = within(&kept.selection, count);
}

/// Those of the rows that are before `count`.
fn within(rows: &Arc<Vec<usize>>, count: usize) -> Arc<Vec<usize>> {
    if rows.iter().all(|row| *row < count) {
        rows.clone()
    } else {
        Arc::new(rows.iter().copied().filter(|row| *row < count).collect())
    }
}

/// What a cure is called once it is done.
pub fn name(cure: Cure) -> String {
    match cure {
        Cure::Centre => DOCTOR.centred.to_owned(),
        Cure::Unit => DOCTOR.of_unit_length.to_owned(),
        Cure::WithoutTop(top) => fill(DOCTOR.without_top, &[&top.to_string()]),
        Cure::Whiten => DOCTOR.whitened.to_owned(),
        Cure::First(first) => fill(DOCTOR.first_words, &[&count(first as u64)]),
        Cure::Rotate(seed) => fill(DOCTOR.rotated, &[&seed.to_string()]),
    }
}

/// The names of all of these.
pub fn names(cures: &[Cure]) -> String {
    cures.iter().map(|cure| name(*cure)).collect::<Vec<String>>().join(", ")
}

/// Bytes that the cured vectors take while they are made.
pub fn bytes(state: &State) -> u64 {
    let opened = state.space.cured.opened.as_ref();
    opened.map_or(0, |opened| needed(&opened.vectors.rows, &state.scene.space.steps()))
}

/// Over the map: what was done to the space, each with a way to undo it.
pub fn chips(ui: &mut Ui, state: &State, actions: &Actions) {
    let steps = state.scene.space.steps();
    if steps.is_empty() && !state.space.cured.is_cured() {
        return;
    }
    let palette = theme::palette(ui.ctx());
    let back = theme::colour(palette.panel);
    let frame = Frame::new().fill(back).corner_radius(4.0).inner_margin(Margin::symmetric(6, 2));
    frame.show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = egui::Vec2::new(4.0, 4.0);
            let is_old = state.space.cured.is_under_way();
            widgets::muted(ui, if is_old { DOCTOR.curing } else { DOCTOR.cured }).on_hover_text(DOCTOR.cured_tip);
            for (i, cure) in steps.iter().enumerate() {
                let text = name(*cure);
                let chip = ui.add(Button::new(format!("{text}  \u{d7}")).small());
                let chip = widgets::named(chip, &fill(DOCTOR.undo, &[&text])).on_hover_text(DOCTOR.undo_tip);
                if chip.clicked() {
                    let mut steps = steps.clone();
                    steps.remove(i);
                    let chosen = state.scene.space.clone().with_steps(steps);
                    actions.ask(Action::Space(Ask::Choose(Box::new(chosen))));
                }
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_stays_the_last_step() {
        let chosen = Chosen { cures: vec![Cure::Centre], turn: Some(3), ..Chosen::default() };
        assert_eq!(chosen.steps(), [Cure::Centre, Cure::Rotate(3)]);
        assert_eq!(Chosen::default().with_steps(chosen.steps()), chosen);
        assert_eq!(chosen.clone().with_steps(vec![Cure::Unit]).steps(), [Cure::Unit]);
        let wild = vec![Cure::Rotate(1), Cure::First(0), Cure::Unit, Cure::WithoutTop(0)];
        assert_eq!(checked(wild), [Cure::Unit]);
        assert_eq!(checked(vec![Cure::Unit; 99]).len(), MOST);
    }
}
