//! What the window knows. Drawing code reads it; only [`super::update`] changes it.

use super::action::{Head, Sheet};
use super::changes;
use super::command::Command;
use super::examples::{Example, FIRST, Spot};
use super::files::Missing;
use super::guess::Guess;
use super::keep::Keep;
use super::restore::Waiting;
use super::scene::{Scene, View};
use super::settings::Settings;
use super::slice::Slice;
use super::views::Views;
use super::watch::Stamp;
use super::words::views::VIEWS;
use super::words::{EN, fill};
use super::{recurrent, space};
use crate::analysis::attention::Score;
use crate::analysis::filter::{Combine, Filter, Shown, combine};
use crate::analysis::meaning::{Meaning, Weights};
use crate::analysis::sift::Sifted;
use crate::array::Array;
use crate::engine::{Ask, Imported, Opened, Results, Run, Slot, Subject, Target, lens};
use crate::error::Error;
use crate::figure::grid::{self, Grid, Overview};
use crate::figure::lines::Focus;
use crate::figure::order::{Order, Sorting};
use crate::figure::pyramid::{Pool, Pyramid};
use crate::figure::{Figure, head_name, weight};
use crate::trace::{At, Place, Progress, Site, Want};
use egui::util::undoer::Undoer;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// As many logits as a run keeps without a reason: 32 MB.
const LOGITS: usize = 8_000_000;

/// A run with what is drawn of all its heads, made away from the frame.
#[derive(Debug, Clone)]
pub struct Study {
    /// The run.
    pub run: Arc<Run>,
    /// The run under the meaning that was asked for.
    pub weights: Arc<Weights>,
    /// The same without what is left out: what pictures of all heads show.
    pub sifted: Arc<Sifted>,
    /// Heads with plain habits.
    pub worth: Vec<Score>,
    /// Every head at every coarseness.
    pub pyramid: Arc<Pyramid>,
    /// Which head stands where.
    pub order: Arc<Order>,
    /// The picture of all heads.
    pub grid: Arc<Figure>,
    /// What a view that zooms begins with, level by level; none where no view does.
    pub overviews: Arc<[Overview]>,
    /// Where its thumbnails are.
    pub layout: grid::Layout,
    /// How it was asked to look.
    pub look: GridLook,
}

impl Study {
    /// Draws all heads of a run; what another study of the same numbers has made already is taken from it.
    pub fn new(weights: Arc<Weights>, worth: Vec<Score>, look: GridLook, before: Option<&Self>) -> Self {
        let known = before.filter(|b| b.weights.run.id == weights.run.id && b.weights.meaning == weights.meaning);
        let alike = known.filter(|b| b.look.filter == look.filter);
        let sifted = match alike {
            Some(study) => study.sifted.clone(),
            None => Arc::new(Sifted::new(weights.clone(), look.filter)),
        };
        let pyramid = match alike.filter(|b| b.look.pool == look.pool) {
            Some(study) => study.pyramid.clone(),
            None => Arc::new(Pyramid::of(&sifted, look.pool)),
        };
        let order = match known.filter(|b| b.look.sorting == look.sorting) {
            Some(study) => study.order.clone(),
            None => Arc::new(Order::of(&weights, look.sorting)),
        };
        let layout = look.layout(&weights, &order);
        let palette = crate::figure::Palette::of(look.dark);
        let drawn = Grid { sifted: &sifted, pyramid: &pyramid, order: &order, stretch: look.stretch };
        let grid = Arc::new(grid::figure(&drawn, palette, &layout, look.scale));
        // Only a grid that has the window for itself zooms.
        let overviews = look.height.map_or_else(Vec::new, |_| Overview::levels(&drawn, palette)).into();
        Self { run: weights.run.clone(), weights, sifted, worth, pyramid, order, grid, overviews, layout, look }
    }

    /// What its pictures are drawn from.
    pub fn drawn(&self) -> Grid<'_> {
        Grid { sifted: &self.sifted, pyramid: &self.pyramid, order: &self.order, stretch: self.look.stretch }
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
    /// What stands for several cells under one pixel.
    pub pool: Pool,
    /// In which order layers and heads stand.
    pub sorting: Sorting,
    /// What is left out.
    pub filter: Filter,
}

impl GridLook {
    /// Where the thumbnails of a run are to be.
    pub fn layout(&self, weights: &Weights, order: &Order) -> grid::Layout {
        let (layers, heads) = (weights.layers(), weights.heads());
        let most = self.height.map_or(grid::USUAL, |h| grid::Layout::most_in(layers, h).clamp(grid::USUAL, 160.0));
        let layout = grid::Layout::new(layers, heads, self.width, most);
        if order.has_plain_columns() { layout } else { layout.named() }
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
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct State {
    /// What is remembered.
    pub settings: Settings,
    /// What the person chose; undo brings it back.
    pub scene: Scene,
    /// What it was before.
    pub history: Undoer<Scene>,
    /// The open model.
    pub model: Option<Arc<Opened>>,
    /// The open file of attention; then there is no model.
    pub imported: Option<Arc<Imported>>,
    /// How what is open is found again: a path, a bundled name or a hub id.
    pub reference: Option<String>,
    /// What is put on the next model that opens.
    pub waiting: Option<Waiting>,
    /// The model that a session or a link needs and that is not on this machine.
    pub missing: Option<Missing>,
    /// The file of attention that is followed, as it was when it was last read.
    pub watched: Option<(PathBuf, Stamp)>,
    /// Where the session is kept for the next start.
    pub keep: Keep,
    /// The model that is being opened.
    pub opening: Option<String>,
    /// Runs of this session.
    pub results: Results,
    /// What the views show.
    pub study: Option<Study>,
    /// The last run without changes; see [`State::unchanged`].
    pub before: Option<Arc<Run>>,
    /// What the model predicts at tokens that were asked about.
    pub guesses: Vec<Guess>,
    /// When the text last changed, until the run for it was asked for.
    pub typed: Option<Instant>,
    /// Whether a run is under way, so that what is shown is old.
    pub running: bool,
    /// How far long work is, and where.
    pub progress: Option<(Slot, Progress)>,
    /// The newest job of each slot: what older ones have to say comes too late.
    pub latest: BTreeMap<Slot, u64>,
    /// The head under the pointer.
    pub preview_head: Option<Head>,
    /// The token under the pointer.
    pub preview: Option<Focus>,
    /// What is to be selected once the next run is there.
    pub next_spot: Option<Spot>,
    /// Whether the next run is for a scene that was brought back, so that its pin is right as it is.
    pub restored: bool,
    /// Whether what opened waits for its first run, which chooses a head and a token if the person does not.
    pub untouched: bool,
    /// The examples that the model passes.
    pub examples: Vec<Example>,
    /// The tensor that is looked at.
    pub look: Option<Look>,
    /// The site that was asked for.
    pub looking: Option<At>,
    /// What views keep for themselves.
    pub views: Views,
    /// What the spaces of vectors keep.
    pub space: space::Kept,
    /// What recurrent models keep.
    pub recurrent: recurrent::Kept,
    /// Whether maps are painted for a dark window.
    pub space_dark: bool,
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
    /// The filter that the picture of all heads waits for, and since when.
    pub grid_filter: Option<(Filter, Instant)>,
    /// The room of the grid where it has the window for itself: width and height.
    pub grid_room: Option<[f32; 2]>,
}

impl State {
    /// The window before anything is open.
    pub fn new(settings: Settings) -> Self {
        Self {
            scene: Scene { text: FIRST.to_owned(), look: settings.look, ..Scene::default() },
            history: Undoer::default(),
            settings,
            model: None,
            imported: None,
            reference: None,
            waiting: None,
            missing: None,
            watched: None,
            keep: Keep::default(),
            opening: None,
            results: Results::default(),
            study: None,
            before: None,
            guesses: Vec::new(),
            typed: None,
            running: false,
            progress: None,
            latest: BTreeMap::new(),
            preview_head: None,
            preview: None,
            next_spot: None,
            restored: false,
            untouched: true,
            examples: Vec::new(),
            look: None,
            looking: None,
            views: Views::default(),
            space: space::Kept::default(),
            recurrent: recurrent::Kept::default(),
            space_dark: true,
            sheet: None,
            problem: None,
            notice: None,
            projector: false,
            grid_filter: None,
            grid_look: GridLook {
                width: 376.0,
                height: None,
                dark: true,
                scale: 1.0,
                stretch: false,
                pool: Pool::Max,
                sorting: Sorting::default(),
                filter: Filter::default(),
            },
            grid_room: None,
        }
    }

    /// What is open.
    pub fn subject(&self) -> Option<Subject> {
        let imported = || self.imported.clone().map(Subject::Imported);
        self.model.clone().map(Subject::Model).or_else(imported)
    }

    /// The file that is waited for, and whether something is there by now: it is followed, and was never read.
    pub fn awaited(&self) -> Option<(&Path, bool)> {
        let is_waiting = self.subject().is_none() && self.opening.is_none();
        let (path, stamp) = self.watched.as_ref().filter(|_| is_waiting)?;
        Some((path.as_path(), stamp.is_some()))
    }

    /// The run that is shown.
    pub fn run(&self) -> Option<&Arc<Run>> {
        self.study.as_ref().map(|s| &s.run)
    }

    /// The head whose attention is shown: the one under the pointer, else the selected one.
    pub fn shown_head(&self) -> Head {
        self.preview_head.unwrap_or(self.scene.head)
    }

    /// The token that the picture is about: the one under the pointer, else the pinned one.
    pub fn focus(&self) -> Option<Focus> {
        let n = self.run().map_or(0, |r| r.tokens.len());
        let inside = |f: &Focus| matches!(*f, Focus::Query(i) | Focus::Key(i) if i < n);
        self.preview.or(self.scene.pinned).filter(inside)
    }

    /// [`State::focus`] among the tokens that a picture shows.
    pub fn focus_in(&self, shown: &Shown) -> Option<Focus> {
        self.focus().and_then(|f| Some(f.at(shown.place(f.token())?)))
    }

    /// The pinned token among those that a picture shows.
    pub fn pinned_in(&self, shown: &Shown) -> Option<Focus> {
        self.scene.pinned.and_then(|f| Some(f.at(shown.place(f.token())?)))
    }

    /// The run under the meaning that was asked for.
    pub fn weights(&self) -> Option<&Arc<Weights>> {
        self.study.as_ref().map(|s| &s.weights)
    }

    /// What the numbers on the screen stand for; it changes when they do.
    pub fn meaning(&self) -> Meaning {
        self.weights().map_or(self.scene.look.meaning, |w| w.meaning)
    }

    /// The meaning as it is written over a picture.
    pub fn meaning_label(&self) -> String {
        let name = super::words::meaning(self.meaning());
        match (self.meaning(), self.run().and_then(|run| run.ask.target)) {
            (Meaning::Gradient, Some(target)) => fill(EN.gradient_of, &[name, &self.target_label(target)]),
            _ => name.to_owned(),
        }
    }

    /// A value as it is written on screen: shares with three decimals, everything else with three digits.
    pub fn number(&self, value: f32) -> String {
        if self.meaning().is_share() { weight(value) } else { super::words::number(value) }
    }

    /// A target in words: `log p(door)`.
    pub fn target_label(&self, target: Target) -> String {
        // What is shown names the target of its gradient, also while another text is read.
        let token = |i: usize| token_in(self.unchanged().or(self.run()), i);
        match target {
            Target::LogProb(i) => fill(EN.target_logprob, &[&token(i)]),
            Target::Class(k) => {
                let name = self.model.as_ref().and_then(|m| m.card().labels.get(k).cloned());
                fill(EN.target_class, &[&name.unwrap_or_else(|| k.to_string())])
            }
            Target::Pooled => EN.target_pooled.to_owned(),
            Target::Hidden(layer, i) => fill(EN.target_hidden, &[&layer.to_string(), &token(i)]),
        }
    }

    /// What gradients are taken of: what was chosen, else what suits.
    pub fn target(&self) -> Option<Target> {
        let card = self.model.as_ref()?.card();
        let chosen = self.scene.target.filter(|target| target.check(card, self.count()).is_ok());
        chosen.or_else(|| self.usual_target())
    }

    /// What suits the model and the mask or the pin.
    pub fn usual_target(&self) -> Option<Target> {
        let pinned = self.scene.pinned.map(Focus::token);
        let at = self.scene.masked.iter().copied().chain(pinned);
        Some(Target::usual(self.model.as_ref()?.card(), self.count(), at))
    }

    /// The tokens of the text that stands there; 0 until it was read.
    fn count(&self) -> usize {
        self.run().filter(|run| self.is_about(run)).map_or(0, |run| run.tokens.len())
    }

    /// The target of the run that is asked for; a run without gradients has none.
    pub fn gradient_of(&self) -> Option<Target> {
        if self.scene.look.meaning == Meaning::Gradient { self.target() } else { None }
    }

    /// The selected heads, the first of them first; of a meaning without heads one for each layer.
    pub fn heads(&self) -> Vec<Head> {
        let mut heads: Vec<Head> = Vec::new();
        for head in self.scene.heads() {
            if self.meaning().has_heads() || heads.iter().all(|(layer, _)| *layer != head.0) {
                heads.push(head);
            }
        }
        heads
    }

    /// The head that a picture among those of all heads selects: a meaning without heads has one for each layer, and
    /// the head that was selected stays so.
    pub fn stands_for(&self, (layer, head): Head) -> Head {
        if self.meaning().has_heads() { (layer, head) } else { (layer, self.scene.head.1) }
    }

    /// The name of a head, or of its layer where the meaning has no heads.
    pub fn name(&self, (layer, head): Head) -> String {
        if self.meaning().has_heads() { head_name(layer, head) } else { fill(EN.layer_name, &[&layer.to_string()]) }
    }

    /// The heads that the picture shows: the one under the pointer, else all that are selected.
    pub fn shown_heads(&self) -> Vec<Head> {
        self.preview_head.map_or_else(|| self.heads(), |head| vec![head])
    }

    /// How several heads become one where a view shows one matrix.
    pub fn combine(&self) -> Combine {
        self.scene.look.combine.unwrap_or_default()
    }

    /// What a way to combine heads is called: of numbers with signs the largest is the one farthest from zero.
    pub fn combine_label(&self, how: Combine) -> &'static str {
        let signed = self.meaning().is_signed();
        if signed && how == Combine::Max { VIEWS.farthest } else { super::words::combine(how) }
    }

    /// Whether several heads are selected and the lines show each in its colour.
    pub fn is_overlaid(&self) -> bool {
        self.scene.look.combine.is_none() && self.heads().len() > 1
    }

    /// The values of the shown heads as one matrix, row-major `[query, key]`, before anything is left out.
    pub fn values(&self) -> Vec<f32> {
        let Some(weights) = self.weights() else { return Vec::new() };
        let heads: Vec<_> = self.shown_heads().into_iter().map(|(l, h)| weights.head(l, h)).collect();
        combine(&heads, self.combine())
    }

    /// `L2·H5`, `Mean of 3 heads` or `3 heads`, and whether it is turned off.
    pub fn title(&self) -> String {
        let heads = self.shown_heads();
        let in_colours = self.is_overlaid() && self.scene.look.view == View::Lines;
        let name = match heads.as_slice() {
            [head] => self.name(*head),
            several if in_colours => fill(EN.several_heads, &[&several.len().to_string()]),
            several => fill(EN.of_heads, &[self.combine_label(self.combine()), &several.len().to_string()]),
        };
        if heads.len() == 1 && self.is_off(heads[0]) { fill(EN.head_is_off, &[&name]) } else { name }
    }

    /// The second text as the model gets it: an empty field is no second text.
    pub fn second(&self) -> Option<&str> {
        self.scene.pair.as_deref().filter(|p| !p.trim().is_empty())
    }

    /// Whether a run is about the model and the text that stand there now.
    pub fn is_about(&self, run: &Run) -> bool {
        let id = self.model.as_ref().map(|m| m.id).or(self.imported.as_ref().map(|i| i.id));
        id == Some(run.model)
            && run.ask.text == self.scene.text
            && run.ask.pair.as_deref() == self.second()
            && run.ask.continued == self.scene.continued
    }

    /// The run of what stands there without changes, where it is known.
    pub fn unchanged(&self) -> Option<&Arc<Run>> {
        self.before.as_ref().filter(|before| self.is_about(before))
    }

    /// The token that was typed at a position, or the position where nothing is known about it.
    pub fn word(&self, i: usize) -> String {
        token_in(self.unchanged().or_else(|| self.run().filter(|run| self.is_about(run))), i)
    }

    /// Whether what is shown is not the answer to what stands there.
    pub fn is_stale(&self) -> bool {
        let answers = |run: &Arc<Run>| self.is_about(run) && changes::are_in(&self.scene, &run.ask);
        self.running || self.run().is_some_and(|run| !answers(run))
    }

    /// Whether a head is turned off.
    pub fn is_off(&self, head: Head) -> bool {
        self.scene.heads_off.contains(&head)
    }

    /// Whether token `i` of the shown run can be masked.
    pub fn can_mask(&self, i: usize) -> bool {
        let has_mask = self.model.as_ref().is_some_and(|m| m.tokenizer.mask().is_some());
        let of_text = |run: &Arc<Run>| run.tokens.pieces.get(i).is_some_and(|p| !p.special);
        has_mask && self.run().is_some_and(of_text)
    }

    /// The tokens of the shown run that stand and fall with token `i`: its word's, where pieces are drawn as words.
    pub fn pieces_of(&self, i: usize) -> Vec<usize> {
        let words = self.run().filter(|_| self.scene.look.filter.words).map(|run| run.tokens.words());
        let word = words.and_then(|words| words.into_iter().find(|word| word.contains(&i)));
        word.unwrap_or(i..i + 1).collect()
    }

    /// Whether token `i` of the shown run can be replaced by another.
    pub fn can_replace(&self, i: usize) -> bool {
        self.run().is_some_and(|run| run.tokens.pieces.get(i).is_some_and(|p| !p.special))
    }

    /// Whether the person changed anything about the model or the tokens.
    pub fn is_changed(&self) -> bool {
        self.scene.is_changed()
    }

    /// What to ask of the model for the text as it stands; `None` for the empty state.
    pub fn ask(&self) -> Option<Ask> {
        if let Some(imported) = &self.imported {
            let sites = self.scene.look.meaning.wants();
            let want = sites.iter().fold(Want::attention(), |want, &site| want.and(Place::site(site)));
            return Some(Ask { want, budget: self.settings.budget(), ..imported.run.ask.clone() });
        }
        let model = self.model.as_ref()?;
        if self.scene.text.trim().is_empty() {
            return None;
        }
        let card = model.card();
        let sites = self.scene.look.meaning.wants();
        // Hidden states are shown nowhere; whoever writes them computes them again.
        let attention = Want::nothing().and(Place::site(Site::Probs));
        let mut want = sites.iter().fold(attention, |want, &site| want.and(Place::site(site)));
        // Logits over a large vocabulary cost more than the layers: of long texts they are read out token by token.
        let letters = if self.scene.text.is_ascii() { 4 } else { 1 };
        let tokens = self.scene.text.chars().count() / letters;
        if card.predicts_words() && tokens * card.vocabulary < LOGITS {
            want = want.and(Place::site(Site::Logits));
        } else if card.predicts_words() {
            want = want.union(&lens::want_last(card));
        }
        Some(Ask {
            pair: self.second().map(str::to_owned),
            continued: self.scene.continued.clone(),
            masked: self.scene.masked.clone(),
            replaced: self.scene.replaced.clone(),
            off: changes::off(&self.scene).collect(),
            cuts: self.scene.cuts.clone(),
            want,
            target: self.gradient_of(),
            budget: self.settings.budget(),
            ..Ask::new(self.scene.text.clone())
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

/// A token of a run, or its position where there is no such token.
fn token_in(run: Option<&Arc<Run>>, i: usize) -> String {
    run.filter(|run| i < run.tokens.len()).map_or_else(|| i.to_string(), |run| run.tokens.shown(i))
}
