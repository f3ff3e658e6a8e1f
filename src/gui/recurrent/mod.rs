//! Recurrent models: what their cells do over a text, step by step, along one axis of time.

mod axis;
mod bar;
mod export;
mod gates;
mod heat;
mod hypothesis;
mod inspector;
mod levels;
mod opening;
mod panel;
mod read;
mod sample;
mod strip;
mod text;
mod trace;

pub use axis::Window;
pub use export::view;
pub use heat::Drawn;
pub use opening::{is_one, is_text};
pub use panel::{show, text_id};

use super::made;
use super::state::{Problem, State};
use super::update::{halt, submit};
use super::words::recurrent::RECURRENT;
use crate::engine::recurrent::{Opened, Task};
use crate::engine::sampler::Sampling;
use crate::engine::{Engine, Slot};
use crate::error::Error;
use crate::gui::command::Command;
use crate::trace::{Site, Stack};
use hypothesis::Found;
use read::{Question, Read};
use sample::Sampled;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// The most cells that are selected at once.
const MOST_CELLS: usize = 64;

/// What lies under the strip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Lower {
    /// One cell over the text.
    #[default]
    Text,
    /// Every gate of the layer.
    Gates,
    /// Cells that are on in a stretch of the text, and where else they are.
    Hypothesis,
}

/// A gate whose cells all have one value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forced {
    /// Whether it is of the direction from right to left.
    pub backward: bool,
    /// Its layer.
    pub layer: usize,
    /// The name of its site.
    pub site: String,
    /// 0 or 1.
    pub value: f32,
}

/// What a person chose about recurrent models: undone and kept like everything of the scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Chosen {
    /// The model's file or folder; empty for a bundled one.
    pub path: String,
    /// The text that was typed.
    pub text: String,
    /// The file of the text, where it is one.
    pub file: String,
    /// The layer.
    pub layer: usize,
    /// Whether it is the direction from right to left.
    pub backward: bool,
    /// The name of the site that is shown.
    pub what: String,
    /// Whether cells are lines; else they are a picture of cells by time.
    pub lines: bool,
    /// Selected cells; the last one is the chosen one.
    pub cells: Vec<usize>,
    /// The pinned step.
    pub step: Option<usize>,
    /// The part of the text that is seen.
    pub window: Window,
    /// What lies under the strip.
    pub lower: Lower,
    /// Whether what may follow is written under each token.
    pub next: bool,
    /// Whether the strips of gates are of the chosen cell; else they are means.
    pub own: bool,
    /// Forced gates.
    pub forced: Vec<Forced>,
    /// The steps of the hypothesis: the first and the one after the last.
    pub brush: Option<(usize, usize)>,
    /// Steps before and after it at which cells are off.
    pub margins: [usize; 2],
    /// Whether all cells have one threshold.
    pub absolute: bool,
    /// That threshold.
    pub least: f32,
    /// The share of a cell's own values that lie below its threshold.
    pub share: f32,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// How many of them.
    pub count: usize,
}

impl Default for Chosen {
    fn default() -> Self {
        Self {
            path: String::new(),
            text: RECURRENT.first_text.to_owned(),
            file: String::new(),
            layer: 0,
            backward: false,
            what: Site::State.name().to_owned(),
            lines: false,
            cells: Vec::new(),
            step: None,
            window: Window::default(),
            lower: Lower::default(),
            next: false,
            own: false,
            forced: Vec::new(),
            brush: None,
            margins: [1, 0],
            absolute: false,
            least: 0.3,
            share: 0.9,
            sampling: Sampling { temperature: 0.8, ..Sampling::default() },
            count: 200,
        }
    }
}

impl Chosen {
    /// The same with every number inside its range.
    pub fn checked(mut self) -> Self {
        self.cells.truncate(MOST_CELLS);
        self.forced.truncate(MOST_CELLS);
        self.forced.retain(|forced| forced.value.is_finite() && Site::ALL.iter().any(|s| s.name() == forced.site));
        self.margins = self.margins.map(|steps| steps.min(100));
        self.least = if self.least.is_finite() { self.least } else { 0.3 };
        self.share = if self.share.is_finite() { self.share.clamp(0.0, 1.0) } else { 0.9 };
        self.brush = self.brush.filter(|(from, to)| from < to);
        let sampling = if self.sampling.check().is_ok() { self.sampling } else { Self::default().sampling };
        Self { window: self.window.checked(), sampling, count: self.count.clamp(1, sample::MOST), ..self }
    }

    /// The site that is shown.
    pub fn site(&self) -> Site {
        site(&self.what)
    }

    /// The chosen cell.
    pub fn cell(&self) -> Option<usize> {
        self.cells.last().copied()
    }
}

/// The site of this name; the state where there is none.
fn site(name: &str) -> Site {
    Site::ALL.iter().copied().find(|site| site.name() == name).unwrap_or(Site::State)
}

/// The stack of a direction.
fn stack(backward: bool) -> Stack {
    if backward { Stack::Backward } else { Stack::Forward }
}

/// A model that is open.
#[derive(Debug)]
pub struct Model {
    /// Tells it from every other of this process.
    pub id: u64,
    /// The model.
    pub opened: Opened,
}

impl Model {
    /// Whether it predicts what comes next.
    pub fn predicts(&self) -> bool {
        self.opened.task == Task::Language
    }
}

/// What the workspace keeps beside what is chosen.
#[derive(Debug, Default)]
pub struct Kept {
    /// The open model.
    pub model: Option<Arc<Model>>,
    /// What is being opened.
    pub opening: Option<String>,
    /// The path of what was opened or tried last.
    path: Option<String>,
    /// The text that is read, and the file that it is of.
    text: Arc<str>,
    of: String,
    asked_file: Option<String>,
    /// The text as it was read.
    pub read: Option<Arc<Read>>,
    asked: Option<Question>,
    /// Cells of the hypothesis.
    pub found: Option<Arc<Found>>,
    asked_cells: Option<hypothesis::Asked>,
    /// A text that was drawn.
    pub sampled: Option<Arc<Sampled>>,
    /// One that is being drawn: the prefix, and what came by now.
    writing: Option<(String, Arc<Mutex<String>>)>,
}

/// A request of the workspace.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Open a model; a bundled one where the path is empty.
    Open(String),
    /// Read the text of a file.
    Read(PathBuf),
    /// Choose otherwise.
    Choose(Box<Chosen>),
    /// Look at this part of the text.
    Look(Window),
    /// Draw a text that goes on with what stands there.
    Sample,
}

/// What came of a job.
#[derive(Debug)]
pub enum Made {
    /// A model is open.
    Opened(Arc<Model>),
    /// The text of a file.
    Text(String, Arc<str>),
    /// A text was read.
    Read(Arc<Read>),
    /// Cells were found.
    Found(Arc<Found>),
    /// A text was drawn.
    Sampled(Arc<Sampled>),
}

/// Does what was asked for.
pub fn apply(state: &mut State, engine: &Engine<made::Made>, ask: Ask) {
    match ask {
        Ask::Open(path) => opening::open(state, engine, path),
        Ask::Read(path) => {
            let chosen = &mut state.scene.recurrent;
            chosen.file = path.to_string_lossy().into_owned();
            (chosen.step, chosen.brush, chosen.window) = (None, None, Window::default());
        }
        Ask::Choose(chosen) => {
            let chosen = chosen.checked();
            let old = std::mem::replace(&mut state.scene.recurrent, chosen);
            let new = &mut state.scene.recurrent;
            // Cells of one layer are not those of another.
            if (old.layer, old.backward) != (new.layer, new.backward) {
                new.cells.clear();
            }
        }
        Ask::Look(window) => state.scene.recurrent.window = window.checked(),
        Ask::Sample => sample::start(state, engine),
    }
}

/// Takes in what a job made.
pub fn arrive(state: &mut State, made: Made) {
    let kept = &mut state.recurrent;
    match made {
        Made::Opened(model) => opening::opened(state, &model),
        Made::Text(file, text) => (kept.of, kept.text) = (file, text),
        Made::Read(read) => {
            kept.read = Some(read);
            state.problem.take_if(|p| p.title == RECURRENT.failed_read);
        }
        Made::Found(found) => kept.found = Some(found),
        Made::Sampled(sampled) => (kept.sampled, kept.writing) = (Some(sampled), None),
    }
}

/// What went wrong with a job of the workspace.
pub fn failed(state: &mut State, slot: Slot, error: Error) {
    let (title, next) = match slot {
        Slot::Recurrent => (RECURRENT.failed_open, Command::OpenRecurrent),
        Slot::Sample => (RECURRENT.failed_sample, Command::EditSentence),
        _ => (RECURRENT.failed_read, Command::EditSentence),
    };
    stopped(state, slot);
    state.problem = Some(Problem { title: title.to_owned(), next, error });
}

/// What a stopped job leaves.
pub fn stopped(state: &mut State, slot: Slot) {
    let kept = &mut state.recurrent;
    match slot {
        Slot::Recurrent => kept.opening = None,
        Slot::Sample => kept.writing = None,
        _ => {}
    }
}

/// Asks for what is not known yet: called once a frame, it submits a job only where something changed.
pub fn follow(state: &mut State, engine: &Engine<made::Made>) {
    if state.scene.workspace != super::scene::Workspace::Recurrent {
        return;
    }
    let chosen = &state.scene.recurrent;
    if state.recurrent.path.as_ref() != Some(&chosen.path) {
        let chosen = chosen.clone();
        opening::open(state, engine, chosen.path.clone());
        // What was kept from the last session, or what undo brings back, stays.
        state.scene.recurrent = chosen;
        return;
    }
    let Some(model) = state.recurrent.model.clone() else { return };
    take_text(state, engine);
    ask(state, engine, &model);
    hypothesis::ask(state, engine);
}

/// The text that stands there: what was typed, or that of the file.
fn take_text(state: &mut State, engine: &Engine<made::Made>) {
    let (chosen, kept) = (&state.scene.recurrent, &mut state.recurrent);
    if chosen.file.is_empty() {
        if !kept.of.is_empty() || *kept.text != *chosen.text {
            (kept.of, kept.text) = (String::new(), chosen.text.as_str().into());
        }
        kept.asked_file = None;
    } else if kept.of != chosen.file && kept.asked_file.as_ref() != Some(&chosen.file) {
        let file = chosen.file.clone();
        kept.asked_file = Some(file.clone());
        submit(state, engine, Slot::Reading, "opening a text", move |_| {
            let text = opening::text(&file)?;
            Ok(made::Made::Recurrent(Made::Text(file, text)))
        });
    }
}

/// Reads the text if the question is another.
fn ask(state: &mut State, engine: &Engine<made::Made>, model: &Arc<Model>) {
    let (chosen, kept) = (&state.scene.recurrent, &state.recurrent);
    if !chosen.file.is_empty() && kept.of != chosen.file {
        return;
    }
    let (stack, layer, budget) = (stack(chosen.backward), chosen.layer, state.settings.budget());
    let only = Question::only(model, stack, layer, chosen.site(), kept.text.len(), budget);
    let text = kept.text.clone();
    let asked = Question { model: model.id, text, stack, layer, only, forced: chosen.forced.clone() };
    if kept.asked.as_ref() == Some(&asked) {
        return;
    }
    state.recurrent.asked = Some(asked.clone());
    if asked.text.is_empty() {
        halt(state, engine, Slot::Reading);
        state.recurrent.read = None;
        return;
    }
    let model = model.clone();
    submit(state, engine, Slot::Reading, "reading a text", move |control| {
        let read = Read::of(&model, asked, budget, control)?;
        Ok(made::Made::Recurrent(Made::Read(Arc::new(read))))
    });
}

/// Lets go of what was brushed, pinned or selected, one after the other.
pub fn let_go(state: &mut State) {
    let chosen = &mut state.scene.recurrent;
    if chosen.brush.is_some() {
        chosen.brush = None;
    } else if chosen.step.is_some() {
        chosen.step = None;
    } else {
        chosen.cells.clear();
    }
}

impl Kept {
    /// What was read, where it is of the model that is open.
    pub fn current(&self) -> Option<&Arc<Read>> {
        let model = self.model.as_ref()?;
        self.read.as_ref().filter(|read| read.asked.model == model.id)
    }

    /// Whether what is shown is not the answer to what stands there.
    pub fn is_stale(&self) -> bool {
        self.current().map(|read| &read.asked) != self.asked.as_ref()
    }
}
