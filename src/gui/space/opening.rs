//! Opening vectors: what was asked for, and what is open once that failed or was stopped.

use super::colours::By;
use super::context::{self, Context};
use super::laid::Method;
use super::picked::Picked;
use super::{Chosen, Kept, Made, Space, cured, layers, near};
use crate::engine::{Engine, Slot};
use crate::error::{Error, Result};
use crate::gui::made;
use crate::gui::state::State;
use crate::gui::update::{halt, submit};
use crate::gui::words::fill;
use crate::gui::words::space::SPACE;
use crate::gui::words::space::context::CONTEXT;
use crate::source::find;
use crate::source::vectors::{BadRows, Opening, Vectors};
use crate::trace::Control;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the bundled vectors' folder.
const BUNDLED: &str = "words-en";

/// What is opened, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The path; empty for the bundled vectors.
    pub path: String,
    /// What contextual vectors are made from, which have no path.
    pub context: Option<Context>,
    /// What becomes of rows with NaN or infinity.
    pub bad: BadRows,
}

impl Source {
    /// What the choices speak of.
    pub fn of(chosen: &Chosen) -> Self {
        Self { path: chosen.path.clone(), context: chosen.context.clone(), bad: chosen.bad }
    }
}

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
    let model = state.model.clone();
    let Source { path, context, bad } = source.clone();
    let name = match (&context, &model) {
        (Some(context), Some(model)) => context.name(&model.name),
        (None, Some(model)) if !path.is_empty() && model.path == Path::new(&path) => {
            fill(CONTEXT.input_of, &[&model.name])
        }
        _ => name_of(&path),
    };
    (state.space.opening, state.space.asked_open) = (Some(name.clone()), Some(source.clone()));
    // A map that is under way is of no use any more, and it would keep the thread.
    halt(state, engine, Slot::Layout);
    if let Some(live) = state.space.live.take() {
        live.pause(false);
    }
    let budget = state.settings.budget();
    let stage = if context.is_some() { "computing contextual vectors" } else { "opening vectors" };
    submit(state, engine, Slot::Space, stage, move |control| {
        let space = match &context {
            Some(context) => context::make(model.as_deref(), context, budget, control)?,
            None => Space::open(&path, bad, name, budget, control)?,
        };
        Ok(made::Made::Space(Made::Opened(Opened { space: Arc::new(space), source, stays })))
    });
}

/// Opens a file or a folder; the bundled vectors where the path is empty.
pub fn open_path(state: &mut State, engine: &Engine<made::Made>, path: String) {
    let bad = state.scene.space.bad;
    open(state, engine, Source { path, context: None, bad }, false);
}

/// Opens what the choices speak of where that is not what was asked for: at the start, a session, an undone change,
/// another choice about rows that are no numbers.
pub fn follow(state: &mut State, engine: &Engine<made::Made>) {
    if state.space.opening.is_some() {
        if state.latest.contains_key(&Slot::Space) {
            return;
        }
        // It was stopped.
        go_back(state);
    }
    let source = Source::of(&state.scene.space);
    // What a model makes of texts waits for the model.
    let may_come = state.opening.is_some() || state.missing.is_some() || state.problem.is_some();
    let waits = source.context.is_some() && state.model.is_none() && may_come;
    if !waits && state.space.asked_open.as_ref() != Some(&source) {
        open(state, engine, source, true);
    }
}

/// Vectors are open.
pub fn arrive(state: &mut State, opened: Opened) {
    let Opened { space, source, stays } = opened;
    let Source { path, context, bad } = source.clone();
    let is_other = state.space.source.as_ref().is_none_or(|old| (&old.path, &old.context) != (&path, &context));
    let mut chosen = Chosen { path, context, bad, ..state.scene.space.clone() };
    if !stays && is_other {
        // What was picked out of other vectors means nothing here, and words of axes need not be there.
        (chosen.only, chosen.hidden, chosen.bookmarks) = Default::default();
        if chosen.method == Method::Axes {
            chosen.method = Method::default();
        }
    }
    if !stays {
        (chosen.formula, chosen.row, chosen.camera) = Default::default();
        (chosen.cures, chosen.turn) = Default::default();
        // A layer is one of the model that the old vectors were of.
        chosen.twin.other.take_if(|other| matches!(other, super::twin::Other::Layer(_)));
        if let Some(word) = chosen.context.as_ref().and_then(Context::word) {
            // Among all tokens of its sentences the senses of a word are hardly seen.
            chosen.only = space.of.as_ref().and_then(|of| of.rows_of_word(&space)).map(Picked::from);
            chosen.formula = near::quoted(word);
            chosen.by = By::Column("sense".to_owned());
            chosen.layers = layers::Chosen { on: true, at: None };
        }
    }
    let rows = space.vectors.rows.len();
    chosen.only = chosen.only.take().map(|only| only.below(rows)).filter(|only| !only.is_empty());
    chosen.hidden = chosen.hidden.below(rows);
    state.scene.space = chosen;
    let cured = cured::Treatment::of(space.clone());
    let (draft, asked_open) = (state.space.draft.take(), Some(source.clone()));
    state.space = Kept { space: Some(space), cured, draft, asked_open, source: Some(source), ..Kept::default() };
    state.problem.take_if(|problem| problem.title == SPACE.failed_open);
}

/// Nothing was opened: what is open stays, and is what the choices speak of.
pub fn go_back(state: &mut State) {
    state.space.opening = None;
    let chosen = &mut state.scene.space;
    match state.space.source.clone() {
        Some(source) => {
            (chosen.path, chosen.context, chosen.bad) = (source.path.clone(), source.context.clone(), source.bad);
            state.space.asked_open = Some(source);
        }
        None => state.space.asked_open = Some(Source::of(chosen)),
    }
}

/// What a path is called on the screen.
pub fn name_of(path: &str) -> String {
    if path.is_empty() {
        return BUNDLED.to_owned();
    }
    PathBuf::from(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

impl Space {
    /// Opens a file or folder of vectors.
    pub fn open(path: &str, bad: BadRows, name: String, budget: u64, control: &Control) -> Result<Self> {
        let path = find::vectors(Path::new(if path.is_empty() { BUNDLED } else { path }));
        if !path.exists() && path == Path::new(BUNDLED) {
            return Err(Error::input(SPACE.none_bundled));
        }
        Ok(Self::of(name, Vectors::open(&path, &Opening { budget, bad, ..Opening::default() }, control)?))
    }
}
