//! What the person chose to look at: small, undoable, and all that a session needs to look the same again.

use super::action::Head;
use super::views::camera::Camera;
use super::views::{effects, heads, predict};
use super::words::files::FILES;
use super::words::fill;
use super::{recurrent, space};
use crate::analysis::filter::{Combine, Filter};
use crate::analysis::meaning::Meaning;
use crate::engine::{Continued, Cut, Target, With};
use crate::figure::lines::{Focus, Way};
use crate::figure::order::Sorting;
use crate::figure::pyramid::Pool;
use crate::figure::shades::Look as Colours;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most characters of a text: more than any model reads, and no more than a field lays out without a pause.
pub const LONGEST: usize = 1 << 16;

/// What the centre shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum View {
    /// Lines between tokens.
    #[default]
    Lines,
    /// A matrix.
    Heatmap,
    /// Query and key of one weight, number by number.
    Neuron,
    /// What heads, layers and tokens do for a target.
    Effects,
    /// Every head in a row.
    Heads,
    /// Edges of the selected head over a corpus.
    Evidence,
    /// What the model predicts.
    Predict,
    /// What is shown beside something else.
    Compare,
    /// All heads by their likeness.
    Map,
}

impl View {
    /// Every view, in the order of the tabs.
    pub const ALL: &[Self] = &[
        Self::Lines,
        Self::Heatmap,
        Self::Neuron,
        Self::Predict,
        Self::Effects,
        Self::Compare,
        Self::Heads,
        Self::Evidence,
        Self::Map,
    ];
}

/// Which instrument the window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Workspace {
    /// Attention of transformers.
    #[default]
    Attention,
    /// Recurrent models.
    Recurrent,
    /// Spaces of vectors.
    Embeddings,
}

/// What a run is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Other {
    /// Another sentence in the same model.
    #[default]
    Sentence,
    /// The same sentence in another model.
    Model,
    /// The same before anything was changed.
    Before,
}

/// What is compared with what is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Beside {
    /// What kind of thing.
    pub other: Other,
    /// The other sentence.
    pub text: String,
    /// The other model: a path, a bundled name or a hub id.
    pub model: String,
}

/// Which views share the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Arrangement {
    /// Grid, head and inspector.
    #[default]
    Overview,
    /// The grid alone.
    Grid,
    /// The head alone.
    Head,
    /// Tiles that can be moved.
    Tiles,
}

/// How things are shown: remembered from one start to the next.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    /// What the centre shows.
    pub view: View,
    /// Which views share the window.
    pub arrangement: Arrangement,
    /// What the numbers stand for.
    pub meaning: Meaning,
    /// What is left out.
    pub filter: Filter,
    /// How several heads become one; `None` draws each in its colour where a view can.
    pub combine: Option<Combine>,
    /// Whether every thumbnail has its own maximum.
    pub stretch: bool,
    /// In which order layers and heads stand.
    pub sorting: Sorting,
    /// What stands for several cells under one pixel of all heads.
    pub pool: Pool,
    /// Where the tokens of the lines run.
    pub way: Way,
    /// The colours of the matrix.
    pub colours: Colours,
}

/// What was chosen inside single views.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Which part of all heads is seen where they have the window for themselves.
    pub camera: Camera,
    /// Of the table of heads and of evidence.
    pub heads: heads::work::Chosen,
    /// Of predictions.
    pub predict: predict::Chosen,
    /// Which question effects answer.
    pub effects: effects::Mode,
    /// The query and the key of the neuron view.
    pub neuron: Option<(usize, usize)>,
}

/// Everything that undo brings back.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Scene {
    /// The sentence.
    pub text: String,
    /// The second sentence.
    pub pair: Option<String>,
    /// The tokens of the sentence that the model itself added to it.
    pub continued: Option<Continued>,
    /// Masked positions.
    pub masked: Vec<usize>,
    /// Tokens that are replaced: the position, and what stands there instead.
    pub replaced: Vec<(usize, String)>,
    /// Heads that are turned off.
    pub heads_off: Vec<Head>,
    /// What heads that are off put out.
    pub off_with: With,
    /// Edges that are cut.
    pub cuts: Vec<Cut>,
    /// What changes are judged by; what suits the model where nothing was chosen.
    pub target: Option<Target>,
    /// The corrupt text of patching; the sentence itself until somebody types.
    pub corrupt: Option<String>,
    /// What is compared with what is shown.
    pub beside: Beside,
    /// The selected head.
    pub head: Head,
    /// Heads that are shown together with the selected one.
    pub others: Vec<Head>,
    /// The pinned token.
    pub pinned: Option<Focus>,
    /// What the person noted.
    pub notes: String,
    /// Which instrument the window is.
    pub workspace: Workspace,
    /// What was chosen about spaces of vectors.
    pub space: space::Chosen,
    /// What was chosen about recurrent models.
    pub recurrent: recurrent::Chosen,
    /// How it is shown.
    pub look: Look,
    /// What was chosen inside single views.
    pub details: Details,
}

impl Scene {
    /// The same with every number inside its range, no text longer than [`LONGEST`] and nothing twice; and what had to
    /// be changed for that, in words. A file may have been edited by hand.
    pub fn checked(mut self) -> (Self, Option<String>) {
        let mut strange = Vec::new();
        let threshold = self.look.filter.threshold;
        self.look.filter.threshold = threshold.checked();
        if threshold != self.look.filter.threshold {
            strange.push("look.filter.threshold");
        }
        let predict = self.details.predict;
        self.details.predict = predict.checked();
        if predict != self.details.predict {
            strange.push("details.predict");
        }
        let space = self.space.clone();
        self.space = space.clone().checked();
        if space != self.space {
            strange.push("space");
        }
        let recurrent = self.recurrent.clone();
        self.recurrent = recurrent.clone().checked();
        if recurrent != self.recurrent {
            strange.push("recurrent");
        }
        for (name, text) in self.texts() {
            if shorten(text) {
                strange.push(name);
            }
        }
        unique(&mut self.masked);
        unique(&mut self.heads_off);
        unique(&mut self.others);
        unique(&mut self.cuts);
        strange.dedup();
        let said = (!strange.is_empty()).then(|| fill(FILES.out_of_range, &[&strange.join(", ")]));
        (self, said)
    }

    /// Every text, by its name in a session file.
    fn texts(&mut self) -> impl Iterator<Item = (&'static str, &mut String)> {
        let own = [
            ("text", Some(&mut self.text)),
            ("pair", self.pair.as_mut()),
            ("corrupt", self.corrupt.as_mut()),
            ("beside.text", Some(&mut self.beside.text)),
            ("beside.model", Some(&mut self.beside.model)),
            ("notes", Some(&mut self.notes)),
            ("details.heads.path", Some(&mut self.details.heads.path)),
            ("details.heads.find", Some(&mut self.details.heads.find)),
            ("space.path", Some(&mut self.space.path)),
            ("space.context.text", self.space.context.as_mut().map(|context| &mut context.text)),
            ("space.twin.other", self.space.twin.path()),
            ("space.formula", Some(&mut self.space.formula)),
            ("space.find", Some(&mut self.space.find)),
            ("recurrent.path", Some(&mut self.recurrent.path)),
            ("recurrent.text", Some(&mut self.recurrent.text)),
            ("recurrent.file", Some(&mut self.recurrent.file)),
            ("space.test.path", Some(&mut self.space.test.path)),
        ];
        let own = own.into_iter().filter_map(|(name, text)| Some((name, text?)));
        let axes = self.space.axes.texts().map(|text| ("space.axes", text));
        let analogy = self.space.analogy.texts().map(|text| ("space.analogy", text));
        own.chain(axes).chain(analogy).chain(self.replaced.iter_mut().map(|(_, text)| ("replaced", text)))
    }

    /// Whether anything about the model or the tokens is changed.
    pub fn is_changed(&self) -> bool {
        let Self { masked, replaced, heads_off, cuts, .. } = self;
        !(masked.is_empty() && replaced.is_empty() && heads_off.is_empty() && cuts.is_empty())
    }

    /// The selected heads, the first of them first.
    pub fn heads(&self) -> Vec<Head> {
        std::iter::once(self.head).chain(self.others.iter().copied().filter(|h| *h != self.head)).collect()
    }
}

/// Cuts a text that is too long; whether it was.
fn shorten(text: &mut String) -> bool {
    let end = text.char_indices().nth(LONGEST).map(|(at, _)| at);
    if let Some(end) = end {
        text.truncate(end);
    }
    end.is_some()
}

/// Takes out what stands in a list already.
fn unique<T: Ord + Copy>(list: &mut Vec<T>) {
    let mut seen = BTreeSet::new();
    list.retain(|item| seen.insert(*item));
}
