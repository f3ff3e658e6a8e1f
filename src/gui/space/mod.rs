//! Spaces of vectors: one map that takes the window, what is near to what, and a table.

pub mod analogy;
pub mod axes;
pub mod bookmarks;
pub mod camera;
mod chips;
mod chosen;
mod cloud;
mod clusters;
mod colours;
pub mod context;
mod contours;
mod cured;
pub mod doctor;
mod ends;
pub mod evaluation;
mod export;
mod figures;
mod flight;
mod labels;
mod laid;
pub mod layers;
mod legend;
pub mod looks;
mod map;
mod near;
mod opening;
mod pair;
mod panel;
pub mod picked;
mod plot;
mod save;
mod seeds;
pub mod side;
mod table;
mod tools;
pub mod twin;
mod word;

pub use chosen::Chosen;
pub use cloud::install;
pub use export::view;
pub use map::Drawn;
pub use pair::Drawn as PairDrawn;
pub use panel::{find_id, formula_id, show};
pub use save::{What, space_name};

use super::made;
use super::state::{Problem, State};
use super::update::{halt, submit};
use super::words::space::SPACE;
use super::words::space::doctor::DOCTOR;
use super::words::space::layers::LAYERS;
use super::words::space::twin::TWIN;
use crate::analysis::space::neighbours::Lengths;
use crate::engine::{Engine, Slot};
use crate::error::Error;
use crate::gui::command::Command;
use crate::source::vectors::Vectors;
use camera::Camera;
use colours::Painted;
use laid::{Laid, Live, Question};
use near::Answer;
use picked::Picked;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Neighbours in each list.
const NEAR: usize = 15;

/// Vectors that are open.
#[derive(Debug)]
pub struct Space {
    /// Tells these from every others of this process.
    pub id: u64,
    /// What they are called.
    pub name: String,
    /// The vectors.
    pub vectors: Vectors,
    /// Their lengths.
    pub lengths: Lengths,
    /// What they are of, where they are those of a model in context.
    pub of: Option<Arc<context::Of>>,
    /// The vectors less their mean, once somebody asked for them.
    centred: Mutex<Option<near::Centred>>,
}

/// What the workspace keeps beside what is chosen.
#[derive(Debug, Default)]
pub struct Kept {
    /// The vectors that are shown: those that are open, or what cures made of them.
    pub space: Option<Arc<Space>>,
    /// What was opened, and what was done to it.
    pub cured: cured::Treatment,
    /// What ails the vectors.
    pub doctor: doctor::Examined,
    /// How well they agree with people.
    pub test: evaluation::Tested,
    /// What was last asked to be opened, and how.
    asked_open: Option<opening::Source>,
    /// What is open, and how it was.
    source: Option<opening::Source>,
    /// What is being opened.
    pub opening: Option<String>,
    /// Contextual vectors that somebody is about to ask for.
    pub draft: Option<context::Context>,
    /// The second space.
    pub twin: twin::Kept,
    /// The layers of the model.
    pub layers: layers::Kept,
    /// The map.
    pub laid: Option<Arc<Laid>>,
    /// The map under way.
    pub live: Option<Arc<Live>>,
    /// The question that was last asked of the threads.
    asked_map: Option<Question>,
    /// The map in its colours.
    painted: Option<Arc<Painted>>,
    asked_colours: Option<colours::Key>,
    /// The clusters of its words.
    clusters: Option<Arc<clusters::Clustered>>,
    asked_clusters: Option<clusters::Asked>,
    /// The lines of its density.
    contours: Option<Arc<contours::Contours>>,
    asked_contours: Option<(u64, Picked)>,
    /// The same map begun several times, while it is looked at.
    pub seeds: Option<Arc<seeds::Seeds>>,
    /// The camera on its way.
    pub flight: Option<flight::Flight>,
    /// Whether the next word is to be gone to once words were found.
    awaited: bool,
    /// What is near to what was asked.
    answer: Option<Arc<Answer>>,
    asked_near: Option<near::Asked>,
    /// What is wrong with the formula.
    pub fault: Option<crate::analysis::space::formula::Fault>,
    /// How far the map is to be believed.
    trust: Option<(u64, Option<Arc<crate::analysis::space::trust::Trust>>)>,
    asked_trust: Option<u64>,
    /// Rows whose words are as was looked for; none where nothing was looked for.
    found: Option<Arc<tools::Found>>,
    asked_find: Option<(u64, String)>,
    /// Rows that were selected on the map.
    pub selection: Arc<Vec<usize>>,
    /// The row under the pointer.
    pub over: Option<usize>,
    /// A row that was under it, with its nearest rows.
    hover: Option<(usize, Vec<usize>)>,
    asked_hover: Option<usize>,
    /// The frame of a moving map that is looked at; the newest where there is none.
    pub frame: Option<usize>,
    /// The order of the table: a column and whether it rises.
    pub sorting: table::Sorting,
    rows: table::Rows,
    /// Axes by meaning.
    axes: axes::Kept,
    /// Analogies, and the odd one out.
    analogy: analogy::Kept,
}

/// A request of the workspace.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Open a file or folder of vectors; the bundled ones where the path is empty.
    Open(String),
    /// Choose otherwise.
    Choose(Box<Chosen>),
    /// Ask about the word of a row.
    Row(usize),
    /// The pointer is on the point of a row, or on none.
    Over(Option<usize>),
    /// Look at the map from here.
    Look(Camera),
    /// Select these rows.
    Select(Arc<Vec<usize>>),
    /// Lay out these rows only, or all again.
    Only(Option<Arc<Vec<usize>>>),
    /// Leave these rows out of the picture.
    Hide(Arc<Vec<usize>>),
    /// Ask about the word of a row and move the map to it.
    Fly(usize),
    /// Go to the next of the words that were found.
    NextFound,
    /// Keep this moment under a name.
    Bookmark(String),
    /// Go back to a bookmark.
    GoTo(usize),
    /// Lay out five times with other seeds, or end looking at that.
    Seeds(bool),
    /// Take the map of this seed.
    Seed(u64),
    /// Hold a moving map, or let it go on.
    Pause(bool),
    /// Push every point of a moving map.
    Perturb,
    /// Look at a frame of a moving map, or at the newest.
    Frame(Option<usize>),
    /// Begin the map anew.
    Again,
    /// Sort the table.
    Sort(table::Sorting),
    /// Something about axes.
    Axes(axes::Ask),
    /// Examine the space once more.
    Examine,
    /// Something of the evaluation.
    Test(evaluation::Ask),
    /// Something of contextual vectors.
    Context(context::Ask),
    /// Something of the second space.
    Twin(twin::Ask),
    /// Something of layers.
    Layers(layers::Ask),
}

/// What came of a job.
#[derive(Debug)]
pub enum Made {
    /// Vectors are open.
    Opened(opening::Opened),
    /// The nearest rows of a row under the pointer.
    Hover(usize, Vec<usize>),
    /// A map is complete.
    Laid(Arc<Laid>),
    /// A map has its colours.
    Painted(Arc<Painted>),
    /// Neighbours were found.
    Near(Arc<Answer>),
    /// The trust of the map with this id.
    Trust(u64, Option<Arc<crate::analysis::space::trust::Trust>>),
    /// Words were found.
    Found(Arc<tools::Found>),
    /// The table is sorted.
    Sorted(table::Sorted),
    /// Something about axes.
    Axes(axes::Made),
    /// Something about analogies.
    Analogy(analogy::Made),
    /// Vectors are cured.
    Cured(cured::Done),
    /// A space was examined.
    Doctor(Arc<doctor::Report>),
    /// Something of the evaluation.
    Test(evaluation::Made),
    /// A file of texts was chosen, or none.
    Texts(Option<PathBuf>),
    /// Something of the second space.
    Twin(twin::Made),
    /// Every layer was computed.
    Layers(Arc<layers::Paths>),
    /// Clusters were found.
    Clustered(Arc<clusters::Clustered>),
    /// The lines of a map's density were found.
    Contours(Arc<contours::Contours>),
    /// All maps of other seeds are there.
    Seeds,
}

/// Does what was asked for.
pub fn apply(state: &mut State, engine: &Engine<made::Made>, ask: Ask) {
    let kept = &mut state.space;
    match ask {
        Ask::Open(path) => opening::open_path(state, engine, path),
        Ask::Context(ask) => context::apply(state, engine, ask),
        Ask::Twin(ask) => twin::apply(state, engine, ask),
        Ask::Layers(ask) => layers::apply(state, ask),
        Ask::Choose(chosen) => {
            let chosen = chosen.checked();
            let old = std::mem::replace(&mut state.scene.space, chosen);
            if state.scene.space.formula != old.formula {
                state.scene.space.row = None;
            }
        }
        Ask::Row(row) => flight::ask(state, row),
        Ask::Over(row) => kept.over = row,
        Ask::Look(camera) => {
            kept.flight = None;
            state.scene.space.camera = camera.checked();
        }
        Ask::Select(rows) => kept.selection = rows,
        Ask::Only(rows) => {
            state.scene.space.only = rows.map(Picked::from);
            state.scene.space.camera = Camera::default();
        }
        Ask::Hide(rows) => {
            state.scene.space.hidden = state.scene.space.hidden.and(&rows);
            kept.selection = Arc::default();
        }
        Ask::Fly(row) => flight::ask_and_go(state, row),
        Ask::NextFound => {
            kept.awaited = true;
            flight::next_found(state);
        }
        Ask::Bookmark(name) => bookmarks::add(state, name),
        Ask::GoTo(place) => bookmarks::go(state, place),
        Ask::Seeds(open) => seeds::apply(state, engine, open),
        Ask::Seed(seed) => {
            halt(state, engine, Slot::Seeds);
            seeds::take(state, seed);
        }
        Ask::Pause(pause) => {
            if let Some(live) = &kept.live {
                live.pause(pause);
            }
        }
        Ask::Perturb => {
            if let Some(live) = &kept.live {
                live.perturb();
            }
        }
        Ask::Frame(frame) => kept.frame = frame,
        Ask::Again => {
            kept.asked_map = None;
            kept.frame = None;
        }
        Ask::Sort(sorting) => kept.sorting = sorting,
        Ask::Axes(ask) => axes::apply(state, engine, ask),
        Ask::Examine => kept.doctor.asked = None,
        Ask::Test(ask) => evaluation::apply(state, engine, ask),
    }
}

/// Takes in what a job made.
pub fn arrive(state: &mut State, engine: &Engine<made::Made>, made: Made) {
    let kept = &mut state.space;
    match made {
        Made::Opened(opened) => opening::arrive(state, opened),
        Made::Laid(laid) => {
            kept.live = None;
            kept.laid = Some(laid);
        }
        Made::Painted(painted) => kept.painted = Some(painted),
        Made::Near(answer) => {
            kept.fault.clone_from(&answer.fault);
            kept.answer = Some(answer);
        }
        Made::Hover(row, near) => kept.hover = Some((row, near)),
        Made::Trust(laid, trust) => kept.trust = Some((laid, trust)),
        Made::Found(found) => {
            kept.found = Some(found);
            flight::next_found(state);
        }
        Made::Sorted(sorted) => kept.rows.arrive(sorted),
        Made::Axes(made) => axes::arrive(state, made),
        Made::Analogy(made) => analogy::arrive(state, made),
        Made::Cured(done) => cured::arrive(kept, done),
        Made::Doctor(report) => {
            let opened = kept.cured.opened.as_ref().map(|opened| opened.id);
            kept.doctor.arrive(report, opened);
        }
        Made::Test(made) => evaluation::arrive(state, made),
        Made::Texts(path) => context::picked(kept, path),
        Made::Twin(made) => twin::arrive(state, engine, made),
        Made::Layers(paths) => kept.layers.paths = Some(paths),
        Made::Clustered(found) => kept.clusters = Some(found),
        Made::Contours(found) => kept.contours = Some(found),
        // The maps are where drawing looks already.
        Made::Seeds => {}
    }
}

/// What went wrong with a job of the workspace.
pub fn failed(state: &mut State, slot: Slot, error: Error) {
    let (title, next) = match slot {
        Slot::Space => {
            opening::go_back(state);
            (SPACE.failed_open, Command::OpenVectors)
        }
        Slot::Cure => {
            cured::go_back(state);
            (DOCTOR.failed_cure, Command::Settings)
        }
        Slot::Twin | Slot::TwinNear => (TWIN.failed, Command::OpenVectors),
        Slot::Layers => (LAYERS.failed, Command::OpenVectors),
        Slot::Doctor => return state.space.doctor.failed(&error),
        Slot::Test => return state.space.test.failed(&error),
        _ => (SPACE.failed_map, Command::OpenVectors),
    };
    state.problem = Some(Problem { title: title.to_owned(), next, error });
}

/// Asks for what is not known yet: called once a frame, it submits a job only where something changed.
pub fn follow(state: &mut State, engine: &Engine<made::Made>) {
    flight::follow(state);
    if state.scene.workspace != super::scene::Workspace::Embeddings {
        return;
    }
    opening::follow(state, engine);
    let is_cured = cured::follow(state, engine);
    let Some(space) = state.space.space.clone() else { return };
    // A map of what is being cured would be thrown away.
    if !is_cured {
        lay_out(state, engine, &space);
    }
    near::ask(state, engine, &space);
    near::hover(state, engine, &space);
    tools::ask(state, engine, &space);
    trust(state, engine, &space);
    clusters::ask(state, engine, &space);
    contours::ask(state, engine, &space);
    colours::ask(state, engine, &space);
    table::ask(state, engine, &space);
    axes::ask(state, engine, &space);
    analogy::ask(state, engine, &space);
    doctor::ask(state, engine, &space);
    evaluation::ask(state, engine, &space);
    twin::follow(state, engine, &space);
    layers::follow(state, engine, &space);
}

/// Lays the space out if the question is another.
fn lay_out(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let question = Question::of(&state.scene.space, space);
    if state.space.asked_map.as_ref() == Some(&question) {
        return;
    }
    // A map that moves takes another pace where it is.
    if let (Some(live), Some(asked)) = (&state.space.live, &state.space.asked_map)
        && let Some(pace) = asked.pace_of(&question)
    {
        live.wish(pace);
        state.space.asked_map = Some(question);
        return;
    }
    if state.space.seeds.take().is_some() {
        halt(state, engine, Slot::Seeds);
    }
    if let Some(live) = state.space.live.take() {
        live.pause(false);
    }
    let live = Arc::new(Live::default());
    let known = state.space.laid.clone();
    state.space.asked_map = Some(question.clone());
    state.space.frame = None;
    if question.method.is_moving() {
        state.space.live = Some(live.clone());
    }
    halt(state, engine, Slot::Layout);
    let (space, budget) = (space.clone(), state.settings.budget());
    submit(state, engine, Slot::Layout, "laying out", move |control| {
        let laid = Laid::of(&space, question, known.as_deref(), &live, budget, control)?;
        Ok(made::Made::Space(Made::Laid(Arc::new(laid))))
    });
}

/// Holds the map against the space once it stands still.
fn trust(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let Some(laid) = state.space.laid.clone().filter(|laid| laid.question.space == space.id) else { return };
    if state.space.live.is_some() || state.space.asked_trust == Some(laid.id) {
        return;
    }
    state.space.asked_trust = Some(laid.id);
    let space = space.clone();
    submit(state, engine, Slot::Trust, "checking the map", move |control| {
        Ok(made::Made::Space(Made::Trust(laid.id, laid.trust(&space, control)?.map(Arc::new))))
    });
}

impl Space {
    /// Vectors under a name.
    fn of(name: String, vectors: Vectors) -> Self {
        let (lengths, centred) = (Lengths::of(&vectors.rows), Mutex::default());
        Self { id: crate::figure::fresh_key(), name, vectors, lengths, of: None, centred }
    }
}

impl Kept {
    /// Whether something on the map moves by itself: a map that finds its places, or the camera.
    pub fn is_moving(&self) -> bool {
        self.flight.is_some() || self.live.as_ref().is_some_and(|live| !live.is_paused())
    }

    /// How far the shown map is to be believed.
    pub fn trust(&self) -> Option<&crate::analysis::space::trust::Trust> {
        let (id, trust) = self.trust.as_ref()?;
        trust.as_deref().filter(|_| self.laid.as_ref().is_some_and(|laid| laid.id == *id))
    }

    /// Bytes that the open and the cured vectors hold.
    pub fn bytes(&self) -> u64 {
        let of = |space: &Option<Arc<Space>>| space.as_ref().map_or(0, |space| space.vectors.bytes());
        of(&self.cured.opened) + if self.cured.is_cured() { of(&self.space) } else { 0 }
    }
}

/// What a stopped job leaves.
pub fn stopped(state: &mut State, slot: Slot) {
    match slot {
        Slot::Space => opening::go_back(state),
        Slot::Cure => cured::go_back(state),
        Slot::Layout => state.space.live = None,
        Slot::Seeds => state.space.seeds = None,
        _ => {}
    }
}

/// Lets go of what was asked, found or selected, one after the other.
pub fn let_go(state: &mut State) {
    let (kept, chosen) = (&mut state.space, &mut state.scene.space);
    if kept.seeds.take().is_some() {
        // The maps of other seeds lie over everything else.
    } else if !kept.selection.is_empty() {
        kept.selection = Arc::default();
    } else if !chosen.find.is_empty() {
        chosen.find.clear();
    } else {
        chosen.formula.clear();
        chosen.row = None;
    }
}
