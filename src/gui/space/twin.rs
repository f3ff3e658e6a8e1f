//! Two spaces beside each other: the second one, what it has in common with the first, and what is asked in both.

use super::Space;
use super::camera::Place;
use super::context::{self, Context};
use super::laid::between;
use super::near::Answer;
use super::opening::name_of;
use super::side::Tab;
use crate::analysis::space::comparison::{Comparison, How};
use crate::analysis::space::pca::Pca;
use crate::analysis::space::procrustes::shared;
use crate::analysis::space::tree::Tree;
use crate::analysis::space::trust::Check;
use crate::engine::{Engine, Opened, Slot};
use crate::error::{Error, Result};
use crate::export;
use crate::gui::state::State;
use crate::gui::update::{halt, submit};
use crate::gui::{dialogs, made};
use crate::rows::Rows;
use crate::trace::Control;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// The second space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Other {
    /// A file or folder; the bundled vectors where it is empty.
    File(String),
    /// Another layer of the model that the first is of, or its embeddings.
    Layer(Option<usize>),
}

/// What a person chose about it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// The second space.
    pub other: Option<Other>,
    /// Whether vectors are turned as they are.
    pub plain: bool,
}

impl Chosen {
    /// The path of the file, where there is one.
    pub fn path(&mut self) -> Option<&mut String> {
        match &mut self.other {
            Some(Other::File(path)) => Some(path),
            _ => None,
        }
    }
}

/// What is compared, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    space: u64,
    chosen: Chosen,
}

/// Two spaces, compared.
#[derive(Debug)]
pub struct Pair {
    /// Tells it from every other.
    pub id: u64,
    key: Key,
    /// The second space.
    pub second: Arc<Space>,
    /// What they have in common.
    pub found: Comparison,
    /// Where each shared word is on the map of the first and of the second, both along the first's components.
    pub places: [Vec<Place>; 2],
    /// The same, to find words by.
    pub trees: [Tree; 2],
    /// How little and how far words have moved.
    pub range: [f32; 2],
}

impl Pair {
    /// The pair of a row of the first space.
    pub fn of_first(&self, row: usize) -> Option<usize> {
        self.found.pairs.binary_search_by_key(&row, |pair| pair.0).ok()
    }

    /// The row of the first space that a row of the second goes with.
    pub fn from_second(&self, first: &Space, row: usize) -> Option<usize> {
        match self.key.chosen.other {
            Some(Other::Layer(_)) => Some(row),
            _ => first.vectors.words.find(self.second.vectors.words.bytes_of(row)),
        }
    }

    /// Whether rows of both are the same tokens.
    fn is_by_row(&self) -> bool {
        matches!(self.key.chosen.other, Some(Other::Layer(_)))
    }
}

/// What is kept of two spaces.
#[derive(Debug, Default)]
pub struct Kept {
    pair: Option<Arc<Pair>>,
    asked: Option<Key>,
    /// What is near to what is asked in the second space.
    pub answer: Option<Arc<Answer>>,
    asked_near: Option<(u64, super::near::Asked)>,
}

/// A request about two spaces.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Open a second space, or let go of it.
    Open(Option<Other>),
    /// Choose the file of a second space.
    Dialog,
    /// Turn vectors as they are, or prepare them.
    Plain(bool),
    /// Compare once more.
    Again,
    /// Choose the file that the turned space is written to.
    Export,
    /// Write the turned space.
    Write(PathBuf),
}

/// What came of a job.
#[derive(Debug)]
pub enum Made {
    /// A file of a second space was chosen, or none.
    File(Option<PathBuf>),
    /// A file to write the turned space to was chosen, or none.
    Target(Option<PathBuf>),
    /// Two spaces are compared.
    Pair(Arc<Pair>),
    /// Neighbours were found in the second space.
    Near(u64, Arc<Answer>),
}

/// Does what was asked for.
pub fn apply(state: &mut State, engine: &Engine<made::Made>, ask: Ask) {
    let chosen = &mut state.scene.space;
    match ask {
        Ask::Open(other) => {
            halt(state, engine, Slot::Twin);
            (state.scene.space.twin.other, state.scene.space.tab) = (other, Tab::Two);
            state.space.twin = Kept { pair: state.space.twin.pair.take(), ..Kept::default() };
        }
        Ask::Dialog => dialogs::vectors(state, engine, |path| made::Made::Space(super::Made::Twin(Made::File(path)))),
        Ask::Plain(plain) => chosen.twin.plain = plain,
        Ask::Again => state.space.twin.asked = None,
        Ask::Export => dialogs::turned(state, engine),
        Ask::Write(path) => write(state, engine, path),
    }
}

/// Takes in what a job made.
pub fn arrive(state: &mut State, engine: &Engine<made::Made>, made: Made) {
    match made {
        Made::File(Some(path)) => {
            let other = Other::File(path.to_string_lossy().into_owned());
            apply(state, engine, Ask::Open(Some(other)));
        }
        Made::Target(Some(path)) => write(state, engine, path),
        Made::File(None) | Made::Target(None) => {}
        Made::Pair(pair) => state.space.twin.pair = Some(pair),
        Made::Near(id, answer) => {
            if state.space.twin.pair.as_ref().is_some_and(|pair| pair.id == id) {
                state.space.twin.answer = Some(answer);
            }
        }
    }
}

fn write(state: &mut State, engine: &Engine<made::Made>, path: PathBuf) {
    let Some(pair) = state.space.twin.pair.clone() else { return };
    submit(state, engine, Slot::Save, "writing vectors", move |control| {
        let turned = pair.found.turned(&pair.second.vectors)?;
        export::vectors::write(&turned, &path, control)?;
        Ok(made::Made::Saved(path))
    });
}

/// The spaces that are compared, where the tab is open and both are there; and whether something else is asked by now.
pub fn shown(state: &State) -> Option<(&Arc<Pair>, bool)> {
    let (kept, chosen) = (&state.space.twin, &state.scene.space);
    let space = state.space.space.as_ref()?;
    let pair = kept.pair.as_ref().filter(|pair| pair.key.space == space.id)?;
    let is_here = chosen.tab == Tab::Two && chosen.twin.other.is_some();
    is_here.then_some((pair, pair.key.chosen != chosen.twin))
}

/// Whether a comparison is under way.
pub fn is_busy(state: &State) -> bool {
    state.latest.contains_key(&Slot::Twin)
}

/// What the second space is called.
pub fn name(other: &Other) -> String {
    match other {
        Other::File(path) => name_of(path),
        Other::Layer(layer) => context::layer_name(*layer),
    }
}

/// Compares, and looks for neighbours in the second space, where something else is asked.
pub fn follow(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let chosen = &state.scene.space;
    let Some(other) = chosen.twin.other.clone().filter(|_| chosen.tab == Tab::Two) else { return };
    let key = Key { space: space.id, chosen: chosen.twin.clone() };
    if state.space.twin.asked.as_ref() != Some(&key) {
        state.space.twin.asked = Some(key.clone());
        let pair = state.space.twin.pair.as_ref();
        let is_known = |pair: &&Arc<Pair>| pair.key.space == space.id && pair.key.chosen.other.as_ref() == Some(&other);
        let known = pair.filter(is_known).map(|pair| pair.second.clone());
        let (first, model, budget) = (space.clone(), state.model.clone(), state.settings.budget());
        submit(state, engine, Slot::Twin, "comparing spaces", move |control| {
            let second = match known {
                Some(second) => second,
                None => Arc::new(open(&first, &other, model.as_deref(), budget, control)?),
            };
            let pair = Pair::of(&first, second, key, budget, control)?;
            Ok(made::Made::Space(super::Made::Twin(Made::Pair(Arc::new(pair)))))
        });
    }
    near(state, engine);
}

fn open(first: &Space, other: &Other, model: Option<&Opened>, budget: u64, control: &Control) -> Result<Space> {
    match other {
        Other::File(path) => {
            Space::open(path, crate::source::vectors::BadRows::default(), name_of(path), budget, control)
        }
        Other::Layer(layer) => {
            let of = first.of.as_ref();
            let of = of.ok_or_else(|| Error::input("only vectors of a model in context have other layers"))?;
            context::make(model, &Context { layer: *layer, ..of.context.clone() }, budget, control)
        }
    }
}

/// Asks the second space what the first one was asked.
fn near(state: &mut State, engine: &Engine<made::Made>) {
    let Some((pair, false)) = shown(state) else { return };
    let Some(answer) = state.space.answer.clone().filter(|answer| answer.fault.is_none()) else {
        state.space.twin.answer = None;
        state.space.twin.asked_near = None;
        return;
    };
    let asked = (pair.id, answer.asked.clone());
    if state.space.twin.asked_near.as_ref() == Some(&asked) {
        return;
    }
    let pair = pair.clone();
    state.space.twin.asked_near = Some(asked);
    submit(state, engine, Slot::TwinNear, "finding neighbours", move |control| {
        let row = answer.row.filter(|_| pair.is_by_row());
        let found = answer.beside(&pair.second, row, control)?;
        Ok(made::Made::Space(super::Made::Twin(Made::Near(pair.id, Arc::new(found)))))
    });
}

impl Pair {
    fn of(first: &Space, second: Arc<Space>, key: Key, budget: u64, control: &Control) -> Result<Self> {
        let (a, b) = (&first.vectors, &second.vectors);
        let pairs = match key.chosen.other {
            Some(Other::Layer(_)) if a.rows.len() == b.rows.len() => (0..a.rows.len()).map(|i| (i, i)).collect(),
            Some(Other::Layer(_)) => return Err(Error::input("the other layer is of other texts: open both again")),
            _ => shared(&a.words, &b.words),
        };
        let how = How { plain: key.chosen.plain, check: Check::default(), budget };
        let found = Comparison::of(&a.rows, &b.rows, pairs, how, control)?;
        let pca = Pca::of(&found.aligned.right, control)?;
        let flat = |rows: &Rows| pca.scores(rows, &[0, 1], control);
        let (here, there) = (flat(&found.aligned.right)?, flat(&found.aligned.left)?);
        // Both are scaled alike, so that what moved is seen.
        let together = Rows::new([here.values(), there.values()].concat(), 2)?;
        let mut first = between(&together);
        let second_places = first.split_off(here.len());
        let places = [first, second_places];
        let tree = |places: &[Place]| -> Result<Tree> {
            Tree::of(&Rows::new(places.iter().flat_map(|at| &at[..2]).copied().collect(), 2)?)
        };
        let trees = [tree(&places[0])?, tree(&places[1])?];
        let finite = || found.aligned.residuals.iter().copied().filter(|r| r.is_finite());
        let range = [finite().fold(f32::INFINITY, f32::min), finite().fold(0f32, f32::max)];
        Ok(Self { id: crate::figure::fresh_key(), key, second, found, places, trees, range })
    }
}
