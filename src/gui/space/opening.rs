//! Opening vectors: what was asked for, and what is open once that failed or was stopped.

use super::laid::Method;
use super::{Chosen, Kept, Made, Space, cured};
use crate::engine::{Engine, Slot};
use crate::error::{Error, Result};
use crate::gui::made;
use crate::gui::state::State;
use crate::gui::update::submit;
use crate::gui::words::space::SPACE;
use crate::source::find;
use crate::source::vectors::{BadRows, Opening, Vectors};
use crate::trace::Control;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the bundled vectors' folder.
const BUNDLED: &str = "words-en";

/// What is opened: the path, empty for the bundled vectors, and what becomes of rows with NaN or infinity.
pub type Source = (String, BadRows);

/// Vectors that a job has opened.
#[derive(Debug)]
pub struct Opened {
    space: Arc<Space>,
    source: Source,
    /// Whether what was chosen of other vectors stays.
    stays: bool,
}

/// Opens vectors; what was chosen of those that are open is let go of once others are, unless it `stays`.
pub fn open(state: &mut State, engine: &Engine<made::Made>, source: Source, stays: bool) {
    let name = name_of(&source.0);
    (state.space.opening, state.space.asked_open) = (Some(name.clone()), Some(source.clone()));
    let budget = state.settings.budget();
    submit(state, engine, Slot::Space, "opening vectors", move |control| {
        let space = Arc::new(Space::open(&source, name, budget, control)?);
        Ok(made::Made::Space(Made::Opened(Opened { space, source, stays })))
    });
}

/// Opens what the choices speak of where that is not what was asked for: a session, an undone change, another choice
/// about rows that are no numbers.
pub fn follow(state: &mut State, engine: &Engine<made::Made>) {
    if state.space.opening.is_some() {
        if state.latest.contains_key(&Slot::Space) {
            return;
        }
        // It was stopped.
        go_back(state);
    }
    let source = (state.scene.space.path.clone(), state.scene.space.bad);
    if state.space.asked_open.as_ref() != Some(&source) {
        open(state, engine, source, true);
    }
}

/// Vectors are open.
pub fn arrive(state: &mut State, opened: Opened) {
    let Opened { space, source, stays } = opened;
    let chosen = state.scene.space.clone();
    let path = source.0.clone();
    let is_other = chosen.path != path;
    let mut chosen = if stays {
        Chosen { path, ..chosen }
    } else {
        let (formula, cures, camera) = Default::default();
        Chosen { path, formula, cures, camera, row: None, turn: None, ..chosen }
    };
    if is_other {
        // What was picked out of other vectors means nothing here.
        (chosen.only, chosen.hidden, chosen.bookmarks) = Default::default();
        // Words of axes need not be there.
        if !stays && chosen.method == Method::Axes {
            chosen.method = Method::default();
        }
    }
    let rows = space.vectors.rows.len();
    chosen.only = chosen.only.take().map(|only| only.below(rows)).filter(|only| !only.is_empty());
    chosen.hidden = chosen.hidden.below(rows);
    state.scene.space = chosen;
    let cured = cured::Treatment::of(space.clone());
    let asked_open = Some(source.clone());
    state.space = Kept { space: Some(space), cured, asked_open, source: Some(source), ..Kept::default() };
    state.problem.take_if(|problem| problem.title == SPACE.failed_open);
}

/// Nothing was opened: what is open stays, and is what the choices speak of.
pub fn go_back(state: &mut State) {
    state.space.opening = None;
    let chosen = &mut state.scene.space;
    match state.space.source.clone() {
        Some(source) => {
            (chosen.path, chosen.bad) = source.clone();
            state.space.asked_open = Some(source);
        }
        None => state.space.asked_open = Some((chosen.path.clone(), chosen.bad)),
    }
}

/// What a path is called on the screen.
fn name_of(path: &str) -> String {
    if path.is_empty() {
        return BUNDLED.to_owned();
    }
    PathBuf::from(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

impl Space {
    fn open((path, bad): &Source, name: String, budget: u64, control: &Control) -> Result<Self> {
        let path = find::vectors(Path::new(if path.is_empty() { BUNDLED } else { path }));
        if !path.exists() && path == Path::new(BUNDLED) {
            return Err(Error::input(SPACE.none_bundled));
        }
        let opening = Opening { budget, bad: *bad, ..Opening::default() };
        Ok(Self::of(name, Vectors::open(&path, &opening, control)?))
    }
}
