//! What the person chose to look at: small, undoable, and all that a session needs to look the same again.

use super::action::Head;
use crate::analysis::filter::{Combine, Filter};
use crate::analysis::meaning::Meaning;
use crate::engine::{Continued, Cut, Target, With};
use crate::figure::lines::{Focus, Way};
use crate::figure::order::Sorting;
use crate::figure::pyramid::Pool;
use crate::figure::shades::Look as Colours;
use serde::{Deserialize, Serialize};

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
    /// How it is shown.
    pub look: Look,
}

impl Scene {
    /// The same with every number inside its range: a file may have been edited by hand.
    pub fn checked(mut self) -> Self {
        self.look.filter.threshold = self.look.filter.threshold.checked();
        self
    }

    /// The selected heads, the first of them first.
    pub fn heads(&self) -> Vec<Head> {
        std::iter::once(self.head).chain(self.others.iter().copied().filter(|h| *h != self.head)).collect()
    }
}
