//! What the window knows. Drawing code reads it; only [`super::update`] changes it.

use super::action::{Head, Sheet};
use super::command::Command;
use super::examples::{Example, FIRST, Spot};
use super::settings::Settings;
use super::slice::Slice;
use crate::analysis::attention::{Filter, Score};
use crate::array::Array;
use crate::engine::{Ask, Opened, Results, Run, Slot};
use crate::error::Error;
use crate::figure::lines::Focus;
use crate::figure::{Figure, grid};
use crate::trace::{At, Edit, Edits, Place, Progress, Site, Want};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// A run with what is drawn of all its heads, made away from the frame.
#[derive(Debug, Clone)]
pub struct Study {
    /// The run.
    pub run: Arc<Run>,
    /// Heads with plain habits.
    pub worth: Vec<Score>,
    /// The picture of all heads.
    pub grid: Arc<Figure>,
    /// Where its thumbnails are.
    pub layout: grid::Layout,
    /// How it was asked to look.
    pub look: GridLook,
}

impl Study {
    /// Draws all heads of a run.
    pub fn new(run: Arc<Run>, worth: Vec<Score>, look: GridLook) -> Self {
        let layout = look.layout(&run);
        let palette = crate::figure::Palette::of(look.dark);
        let grid = Arc::new(grid::figure(&run, palette, &layout, look.scale, look.stretch));
        Self { run, worth, grid, layout, look }
    }
}

/// How the picture of all heads is to look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridLook {
    /// The width that it may take.
    pub width: f32,
    /// The height that it may take where it has the window for itself.
    pub height: Option<f32>,
    /// Dark or light.
    pub dark: bool,
    /// Pixels per point.
    pub scale: f32,
    /// Whether every head has its own maximum.
    pub stretch: bool,
}

impl GridLook {
    /// Where the thumbnails of a run are to be.
    pub fn layout(&self, run: &Run) -> grid::Layout {
        let (layers, heads) = (run.card.layers, run.card.heads);
        let most = self.height.map_or(grid::USUAL, |h| grid::Layout::most_in(layers, h).clamp(grid::USUAL, 160.0));
        grid::Layout::new(layers, heads, self.width, most)
    }
}

/// Something that went wrong, where it is shown, and what can be done.
#[derive(Debug)]
pub struct Problem {
    /// What went wrong, in a few words.
    pub title: String,
    /// What can be done next.
    pub next: Command,
    /// The error.
    pub error: Error,
}

/// The tensor of a site.
#[derive(Debug, Clone)]
pub struct Look {
    /// The site.
    pub at: At,
    /// Its tensor, without a batch axis.
    pub array: Array,
    /// The slice that is shown of it.
    pub slice: Slice,
}

/// Everything the window knows.
pub struct State {
    /// What is remembered.
    pub settings: Settings,
    /// The sentence.
    pub text: String,
    /// The second sentence.
    pub pair: Option<String>,
    /// The open model.
    pub model: Option<Arc<Opened>>,
    /// The model that is being opened.
    pub opening: Option<String>,
    /// Runs of this session.
    pub results: Results,
    /// What the views show.
    pub study: Option<Study>,
    /// The run of the same text without changes, while `study` has changes.
    pub before: Option<Arc<Run>>,
    /// When the text last changed, until the run for it was asked for.
    pub typed: Option<Instant>,
    /// Whether a run is under way, so that what is shown is old.
    pub running: bool,
    /// How far long work is, and where.
    pub progress: Option<(Slot, Progress)>,
    /// The newest job of each slot: what older ones have to say comes too late.
    pub latest: BTreeMap<Slot, u64>,
    /// The selected head.
    pub head: Head,
    /// The head under the pointer.
    pub preview_head: Option<Head>,
    /// The pinned token.
    pub pinned: Option<Focus>,
    /// The token under the pointer.
    pub preview: Option<Focus>,
    /// Masked positions.
    pub masked: Vec<usize>,
    /// Heads that are turned off.
    pub heads_off: Vec<Head>,
    /// What is to be selected once the next run is there.
    pub next_spot: Option<Spot>,
    /// Whether nothing was selected by the person yet.
    pub untouched: bool,
    /// The examples that the model passes.
    pub examples: Vec<Example>,
    /// The tensor that is looked at.
    pub look: Option<Look>,
    /// The site that was asked for.
    pub looking: Option<At>,
    /// The sheet that lies over the window.
    pub sheet: Option<Sheet>,
    /// What went wrong.
    pub problem: Option<Problem>,
    /// A short message in the status bar.
    pub notice: Option<String>,
    /// Whether type is large and panels are hidden.
    pub projector: bool,
    /// How the grid was last drawn.
    pub grid_look: GridLook,
}

impl State {
    /// The window before anything is open.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            text: FIRST.to_owned(),
            pair: None,
            model: None,
            opening: None,
            results: Results::default(),
            study: None,
            before: None,
            typed: None,
            running: false,
            progress: None,
            latest: BTreeMap::new(),
            head: (0, 0),
            preview_head: None,
            pinned: None,
            preview: None,
            masked: Vec::new(),
            heads_off: Vec::new(),
            next_spot: None,
            untouched: true,
            examples: Vec::new(),
            look: None,
            looking: None,
            sheet: None,
            problem: None,
            notice: None,
            projector: false,
            grid_look: GridLook { width: 376.0, height: None, dark: true, scale: 1.0, stretch: false },
        }
    }

    /// The run that is shown.
    pub fn run(&self) -> Option<&Arc<Run>> {
        self.study.as_ref().map(|s| &s.run)
    }

    /// The head whose attention is shown: the one under the pointer, else the selected one.
    pub fn shown_head(&self) -> Head {
        self.preview_head.unwrap_or(self.head)
    }

    /// The token that the picture is about: the one under the pointer, else the pinned one.
    pub fn focus(&self) -> Option<Focus> {
        let n = self.run().map_or(0, |r| r.tokens.len());
        let inside = |f: &Focus| matches!(*f, Focus::Query(i) | Focus::Key(i) if i < n);
        self.preview.or(self.pinned).filter(inside)
    }

    /// What is left out.
    pub fn filter(&self) -> Filter {
        Filter { hide_special: self.settings.hide_special, top: self.settings.top }
    }

    /// The second text as the model gets it: an empty field is no second text.
    fn second(&self) -> Option<&str> {
        self.pair.as_deref().filter(|p| !p.trim().is_empty())
    }

    /// Whether a run is about the model and the text that stand there now.
    pub fn is_about(&self, run: &Run) -> bool {
        self.model.as_ref().is_some_and(|m| m.id == run.model)
            && run.ask.text == self.text
            && run.ask.pair.as_deref() == self.second()
    }

    /// Whether what is shown is not the answer to what stands there.
    pub fn is_stale(&self) -> bool {
        self.running || self.run().is_some_and(|run| !self.is_about(run))
    }

    /// Whether a head is turned off.
    pub fn is_off(&self, head: Head) -> bool {
        self.heads_off.contains(&head)
    }

    /// Whether token `i` of the shown run can be masked.
    pub fn can_mask(&self, i: usize) -> bool {
        let has_mask = self.model.as_ref().is_some_and(|m| m.tokenizer.mask().is_some());
        let of_text = |run: &Arc<Run>| run.tokens.pieces.get(i).is_some_and(|p| !p.special);
        has_mask && self.run().is_some_and(of_text)
    }

    /// Whether the person changed anything about the model or the tokens.
    pub fn is_changed(&self) -> bool {
        !self.masked.is_empty() || !self.heads_off.is_empty()
    }

    /// What to ask of the model for the text as it stands; `None` for the empty state.
    pub fn ask(&self) -> Option<Ask> {
        let model = self.model.as_ref()?;
        if self.text.trim().is_empty() {
            return None;
        }
        let card = model.card();
        let edits = self.heads_off.iter().fold(Edits::none(), |edits, &(layer, head)| {
            edits.and(Edit::ScaleHead { at: At::new(card.stack, layer, Site::Heads), head, factor: 0.0 })
        });
        let mut want = Want::attention();
        // Logits over a large vocabulary cost more than the layers: long texts do without.
        if card.predicts_words() && (self.text.len() < 2000 || self.is_changed()) {
            want = want.and(Place::site(Site::Logits));
        }
        Some(Ask {
            text: self.text.clone(),
            pair: self.second().map(str::to_owned),
            masked: self.masked.clone(),
            want,
            edits,
            budget: self.settings.budget(),
        })
    }

    /// The special tokens of the text, each once, e.g. `[CLS] [SEP]`.
    pub fn specials(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for piece in self.run().iter().flat_map(|r| &r.tokens.pieces).filter(|p| p.special) {
            if !names.contains(&piece.piece.as_str()) {
                names.push(&piece.piece);
            }
        }
        names.join(" ")
    }
}
