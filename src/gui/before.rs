//! Back to what was: the run that a change is held against, and the way out of one that cannot be run.

use super::changes;
use super::made::Made;
use super::state::State;
use super::update::submit;
use crate::engine::{Engine, Run, Slot};
use std::sync::Arc;

/// A run is shown: finds what it was without changes, among the runs that are known or by running the model.
pub fn look_back(state: &mut State, engine: &Engine<Made>, run: &Arc<Run>) {
    let plain = run.ask.plain();
    let shown = Some(run).filter(|run| run.ask.is_plain());
    if let Some(known) = shown.or_else(|| state.results.find(run.model, &plain)) {
        state.before = Some(known.clone());
    } else if let Some(subject) = state.subject().filter(|subject| subject.id() == run.model) {
        submit(state, engine, Slot::Before, "the run before changes", move |control| {
            Ok(Made::Before(subject.run(&plain, control)?))
        });
    }
}

/// What was asked for did not come: nothing on the screen may claim what the picture does not show.
pub fn roll_back(state: &mut State) {
    let Some(study) = state.study.as_ref().filter(|study| state.is_about(&study.run)) else { return };
    changes::adopt(&mut state.scene, &study.run.ask);
    state.scene.look.meaning = study.weights.meaning;
    state.restored = false;
}
