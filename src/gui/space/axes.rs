//! Axes by meaning: what a person types, what is found out about it, and the map along it.

mod draw;
mod found;
mod leak;
pub mod lines;
mod ruler;
mod table;
mod weat;

pub use draw::{faulty, misspelt, show};

use super::laid::Method;
use super::side::Tab;
use super::{Space, camera::Camera};
use crate::engine::Engine;
use crate::gui::made;
use crate::gui::state::State;
use found::{Along, Found};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// Axes at a time: one for each dimension of a map.
pub const MOST: usize = 3;
/// What the axes of a map are called.
pub const NAMES: [&str; MOST] = ["x", "y", "z"];

/// What of the tab is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Axes, with words along them.
    #[default]
    Axes,
    /// The word-embedding association test.
    Weat,
    /// The space without the axes.
    Reject,
}

/// What a person chose about axes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// What of the tab is shown.
    pub part: Part,
    /// The axes as they are typed, one to three.
    pub typed: Vec<String>,
    /// The axes of the map: none, two or three.
    pub on_map: Vec<String>,
    /// Of the association test: two sets of targets, two of attributes.
    pub sets: [String; 4],
    /// Words at either end of an axis that is taken away.
    pub count: usize,
}

impl Default for Chosen {
    fn default() -> Self {
        Self {
            part: Part::default(),
            typed: vec![String::new()],
            on_map: Vec::new(),
            sets: Default::default(),
            count: 50,
        }
    }
}

impl Chosen {
    /// The same with no more axes than there are dimensions, and every number inside its range.
    pub fn checked(mut self) -> Self {
        self.typed.truncate(MOST);
        if self.typed.is_empty() {
            self.typed.push(String::new());
        }
        self.on_map.truncate(MOST);
        if self.on_map.len() < 2 {
            self.on_map.clear();
        }
        self.count = self.count.clamp(2, 1000);
        self
    }

    /// Every text.
    pub fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        self.typed.iter_mut().chain(&mut self.on_map).chain(&mut self.sets)
    }
}

/// What is known about axes.
#[derive(Debug, Default)]
pub struct Kept {
    found: Option<Arc<Found>>,
    asked: Option<found::Asked>,
    /// Of each field the axis that could be read last.
    good: Vec<Option<Arc<Along>>>,
    weat: Option<Arc<weat::Answer>>,
    asked_weat: Option<weat::Asked>,
    leak: Option<Arc<leak::Answer>>,
    asked_leak: Option<leak::Asked>,
}

/// A request about axes.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Lay the space out on the axes that are typed.
    LayOut,
    /// Ask for the file of the places along the axes in a dialog, then write.
    Export,
    /// Write the places along the axes.
    Save(PathBuf),
}

/// What came of a job about axes.
#[derive(Debug)]
pub enum Made {
    /// Axes were read and measured.
    Found(Arc<Found>),
    /// The association test.
    Weat(Arc<weat::Answer>),
    /// What leaks back without the axes.
    Leak(Arc<leak::Answer>),
}

/// Does what was asked for.
pub fn apply(state: &mut State, engine: &Engine<made::Made>, ask: Ask) {
    match ask {
        Ask::LayOut => {
            let chosen = &mut state.scene.space;
            let axes = chosen.axes.typed.iter().map(|text| text.trim().to_owned());
            let axes: Vec<String> = axes.filter(|text| !text.is_empty()).collect();
            if axes.len() >= 2 {
                chosen.solid = axes.len() == 3;
                chosen.axes.on_map = axes;
                chosen.method = Method::Axes;
                chosen.camera = Camera::default();
            }
        }
        Ask::Export => table::export(state, engine),
        Ask::Save(path) => table::save(state, engine, path),
    }
}

/// Takes in what a job made.
pub fn arrive(state: &mut State, made: Made) {
    let kept = &mut state.space.axes;
    match made {
        Made::Found(found) => {
            kept.good.resize(found.axes.len(), None);
            for (good, read) in kept.good.iter_mut().zip(&found.axes) {
                match &read.axis {
                    None => *good = None,
                    Some(Ok(along)) => *good = Some(along.clone()),
                    Some(Err(_)) => {}
                }
            }
            kept.found = Some(found);
        }
        Made::Weat(answer) => kept.weat = Some(answer),
        Made::Leak(answer) => kept.leak = Some(answer),
    }
}

/// Asks for what the tab shows and nobody knows yet.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    if state.scene.space.tab != Tab::Axes {
        return;
    }
    match state.scene.space.axes.part {
        Part::Axes => found::ask(state, engine, space),
        Part::Weat => weat::ask(state, engine, space),
        Part::Reject => leak::ask(state, engine, space),
    }
}
