//! A space laid out on a map: the question, the map under way, and the map.

use super::Space;
use super::axes::NAMES;
use super::camera::Place;
use crate::analysis::moving::layout::{Layout, start};
use crate::analysis::moving::tsne::{self, Tsne};
use crate::analysis::moving::umap;
use crate::analysis::space::axes::{Typed, places};
use crate::analysis::space::lexicon::Lexicon;
use crate::analysis::space::neighbours::{Graph, Index, Metric};
use crate::analysis::space::pca::{Ends, Pca, with_log};
use crate::analysis::space::tree::{Tree, place};
use crate::analysis::space::trust::{Check, Trust};
use crate::error::{Error, Result};
use crate::figure::{short, weight};
use crate::gui::space::Chosen;
use crate::gui::words::fill;
use crate::gui::words::space::axes::AXES;
use crate::gui::words::space::looks::LOOKS;
use crate::rows::Rows;
use crate::trace::Control;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Frames that a moving map remembers.
const FRAMES: usize = 120;
/// Neighbours of a point that moving maps are made from.
const GRAPH: usize = 90;

/// How a space is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Principal components.
    #[default]
    Pca,
    /// t-SNE.
    Tsne,
    /// UMAP.
    Umap,
    /// Axes that words make.
    Axes,
}

impl Method {
    /// Whether points find their places step by step.
    pub fn is_moving(self) -> bool {
        matches!(self, Self::Tsne | Self::Umap)
    }
}

/// What is laid out, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The [`Space::id`].
    pub space: u64,
    /// How.
    pub method: Method,
    /// 2 or 3.
    pub dims: usize,
    /// The components that are drawn, of PCA.
    pub components: [usize; 3],
    perplexity: f32,
    rate: Option<f32>,
    neighbours: usize,
    /// Where what is drawn at random begins.
    pub seed: u64,
    /// How many rows there are from the beginning, where these are laid out.
    pub first: usize,
    /// Of a map along axes these as they are typed: one for each dimension.
    pub axes: Vec<String>,
    /// The rows that are laid out, where these are not the first ones.
    pub only: Option<Arc<Vec<usize>>>,
}

impl Question {
    /// What the choices ask of these vectors. What does not matter for the method is left as it usually is.
    pub fn of(chosen: &Chosen, space: &Space) -> Self {
        let is = |method| chosen.method == method;
        let all = space.vectors.rows.len();
        // What was chosen of other vectors may name rows that are not here.
        let only = chosen.only.as_ref().map(|only| only.below(all)).filter(|only| !only.is_empty());
        Self {
            space: space.id,
            method: chosen.method,
            dims: if is(Method::Axes) { chosen.axes.on_map.len() } else { 2 + usize::from(chosen.solid) },
            components: if is(Method::Pca) { chosen.components } else { [0, 1, 2] },
            perplexity: if is(Method::Tsne) { chosen.perplexity } else { 0.0 },
            rate: chosen.rate.filter(|_| is(Method::Tsne)),
            neighbours: if is(Method::Umap) { chosen.neighbours } else { 0 },
            seed: if chosen.method.is_moving() { chosen.seed } else { 0 },
            first: if chosen.first == 0 { all } else { chosen.first.min(all) },
            axes: if is(Method::Axes) { chosen.axes.on_map.clone() } else { Vec::new() },
            only: only.map(|only| only.rows().clone()),
        }
    }

    /// Whether the same rows are asked about.
    fn is_of(&self, other: &Self) -> bool {
        (self.space, self.first, &self.only) == (other.space, other.first, &other.only)
    }

    /// The same begun by another seed.
    pub fn with_seed(&self, seed: u64) -> Self {
        Self { seed, ..self.clone() }
    }

    /// What of the other's pace is another, where everything else is the same: that can be changed while a map moves.
    pub fn pace_of(&self, other: &Self) -> Option<Pace> {
        let same = Self { perplexity: other.perplexity, rate: other.rate, ..self.clone() };
        (self.method == Method::Tsne && same == *other && self != other)
            .then_some(Pace { perplexity: other.perplexity, rate: other.rate })
    }
}

/// What can be changed while t-SNE moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    perplexity: f32,
    rate: Option<f32>,
}

/// A map.
#[derive(Debug)]
pub struct Laid {
    /// Tells this map from every other.
    pub id: u64,
    /// What it answers.
    pub question: Question,
    /// Coordinates `[point, 2 or 3]` as the method gives them.
    pub coordinates: Rows,
    /// Of PCA the components of the rows.
    pub pca: Option<Arc<Pca>>,
    /// How each drawn component goes with the logarithm of the rank: Spearman's correlation.
    pub with_rank: Vec<Option<f64>>,
    /// The points at both ends of each drawn component.
    pub ends: Vec<Ends>,
    /// What the method had to say.
    pub notices: Vec<String>,
    /// Whether it is what its question makes: nothing was changed while it moved.
    pub is_plain: bool,
    /// From coordinates to places.
    pub frame: Frame,
    /// The coordinates on a map between -1 and 1.
    pub places: Arc<Vec<Place>>,
    /// The same, to find points by.
    pub tree: Tree,
    /// The neighbours that a moving map was made from.
    graph: Option<Arc<Graph>>,
    /// Frames of a moving map, the oldest first; none of one that did not move.
    pub frames: Vec<Arc<Vec<Place>>>,
}

impl Laid {
    /// Lays the space out. What a map of the same rows knows is taken from it; a moving map shows itself in `live`.
    pub fn of(
        space: &Space,
        question: Question,
        known: Option<&Self>,
        live: &Live,
        budget: u64,
        control: &Control,
    ) -> Result<Self> {
        let all = &space.vectors.rows;
        let picked = question.rows(all, budget)?;
        let rows = picked.as_ref().unwrap_or(all);
        let known = known.filter(|known| known.question.is_of(&question));
        let pca = match known.and_then(|known| known.pca.clone()) {
            Some(pca) => pca,
            None => Arc::new(Pca::of(rows, control)?),
        };
        let mut made = Self {
            id: crate::figure::fresh_key(),
            coordinates: Rows::default(),
            pca: Some(pca.clone()),
            with_rank: Vec::new(),
            ends: Vec::new(),
            notices: Vec::new(),
            is_plain: true,
            frame: Frame::default(),
            places: Arc::default(),
            tree: Tree::of(&Rows::default())?,
            graph: known.and_then(|known| known.graph.clone()),
            frames: Vec::new(),
            question,
        };
        if made.question.method == Method::Axes {
            made.along(space, rows, control)?;
        } else if made.question.method == Method::Pca {
            let components = &made.question.components[..made.question.dims];
            made.coordinates = pca.scores(rows, components, control)?;
            let ranks: Vec<f64> = (0..rows.len()).map(|i| (made.row(i) + 1) as f64).collect();
            let column = |k: usize| made.coordinates.iter().map(|row| row[k]).collect::<Vec<f32>>();
            made.with_rank = (0..made.question.dims).map(|k| Some(with_log(&column(k), &ranks)?.spearman)).collect();
            made.ends = super::ends::of(&made);
        } else {
            made.moving(rows, &pca, live, control)?;
        }
        made.frame = Frame::of(&made.coordinates);
        made.places = Arc::new(made.frame.places(&made.coordinates));
        made.tree = Tree::of(&flattened(&made.places, made.question.dims)?)?;
        Ok(made)
    }

    /// Lays rows out by their cosine with each axis.
    fn along(&mut self, space: &Space, rows: &Rows, control: &Control) -> Result<()> {
        let vectors = &space.vectors;
        let lexicon = Lexicon { words: &vectors.words, rows: &vectors.rows, make: None, unit: true };
        let texts = &self.question.axes;
        let axes = texts.iter().map(|text| Typed::read(text, &lexicon)).collect::<Result<Vec<_>>>()?;
        for (i, (typed, text)) in axes.iter().zip(texts).enumerate() {
            let dropped = typed.missing.iter().map(|missing| fill(AXES.dropped, &[&missing.word, text]));
            self.notices.extend(dropped);
            for (first, name) in axes[..i].iter().zip(NAMES) {
                let cosine = weight(first.axis.cosine(&typed.axis) as f32);
                self.notices.push(fill(AXES.cosine, &[name, NAMES[i], &cosine]));
            }
        }
        self.coordinates = places(rows, &axes.iter().map(|typed| &typed.axis).collect::<Vec<_>>(), control)?;
        Ok(())
    }

    /// Lets points find their places.
    fn moving(&mut self, rows: &Rows, pca: &Pca, live: &Live, control: &Control) -> Result<()> {
        // Every point must have neighbours: one without a direction would have none.
        let graph = match self.graph.take() {
            Some(graph) => graph,
            None => Arc::new(Index::new(rows, Metric::Cosine).graph(GRAPH, control)?),
        };
        self.graph = Some(graph.clone());
        let dims = self.question.dims;
        let seed = self.question.seed;
        let mut moved = if self.question.method == Method::Umap {
            let neighbours = self.question.neighbours;
            let options = umap::Options { dims, neighbours, seed, ..umap::Options::default() };
            Layout::umap(&graph, Metric::Cosine, umap::Start::Spectral, options, control)?
        } else {
            let Question { perplexity, rate, .. } = self.question;
            let options = tsne::Options { dims, perplexity, rate, ..tsne::Options::default() };
            let start = start(rows, pca, dims, seed, control)?;
            Layout::tsne(&graph, Metric::Cosine, start, options, control)?
        };
        let mut pace = Pace { perplexity: self.question.perplexity, rate: self.question.rate };
        while !moved.is_done() {
            live.wait(control)?;
            if live.pushed.swap(false, Ordering::Relaxed) {
                moved.perturb(seed.wrapping_add(moved.iteration() as u64), 0.05);
                self.is_plain = false;
            }
            if let (Some(wished), Layout::Tsne(map)) = (live.pace(), &mut moved) {
                self.notices.extend(changed(map, pace, wished, control)?);
                (pace, self.is_plain) = (wished, false);
            }
            moved.step(control)?;
            let coordinates = Rows::new(moved.coordinates().to_vec(), dims)?;
            live.show(Frame::of(&coordinates).places(&coordinates), moved.iteration());
        }
        self.coordinates = Rows::new(moved.coordinates().to_vec(), dims)?;
        self.notices.extend(moved.notices().to_vec());
        self.frames = live.frames();
        Ok(())
    }

    /// The row of the space that a point stands for.
    pub fn row(&self, point: usize) -> usize {
        self.question.only.as_ref().map_or(point, |only| only[point])
    }

    /// The point of a row, if it is on the map.
    pub fn point(&self, row: usize) -> Option<usize> {
        match &self.question.only {
            None => (row < self.places.len()).then_some(row),
            Some(only) => only.binary_search(&row).ok(),
        }
    }

    /// Where a vector without a row would be: where its components put it on a map of these; else the mean of the places of
    /// rows near to it, each with its cosine for a weight. Whether it is such a mean. `None` where there is nothing to go by.
    pub fn place_of(&self, vector: &[f32], near: &[(usize, f32)], control: &Control) -> Result<Option<(Place, bool)>> {
        if let (Method::Pca, Some(pca)) = (self.question.method, &self.pca) {
            let row = Rows::new(vector.to_vec(), vector.len())?;
            let at = pca.scores(&row, &self.question.components[..self.question.dims], control)?;
            let place = self.frame.place(place(at.row(0)));
            return Ok(place.iter().all(|x| x.is_finite()).then_some((place, false)));
        }
        let (mut sum, mut whole) = ([0f32; 3], 0f32);
        for &(row, cosine) in near {
            let Some(at) = self.point(row).map(|point| self.places[point]) else { continue };
            if cosine > 0.0 && at.iter().all(|x| x.is_finite()) {
                sum = std::array::from_fn(|k| sum[k] + cosine * at[k]);
                whole += cosine;
            }
        }
        Ok((whole > 0.0).then(|| (sum.map(|x| x / whole), true)))
    }

    /// How far it is to be believed; `None` where there are too few points to say.
    pub fn trust(&self, space: &Space, control: &Control) -> Result<Option<Trust>> {
        self.trust_by(Check::default(), space, control)
    }

    /// The same, otherwise checked.
    pub fn trust_by(&self, check: Check, space: &Space, control: &Control) -> Result<Option<Trust>> {
        let all = &space.vectors.rows;
        let picked = self.question.rows(all, u64::MAX)?;
        check.of(picked.as_ref().unwrap_or(all), &self.coordinates, self.graph.as_deref(), control)
    }
}

impl Question {
    /// A copy of the rows that are asked about; none where these are all.
    pub(super) fn rows(&self, all: &Rows, budget: u64) -> Result<Option<Rows>> {
        let count = self.only.as_ref().map_or(self.first, |only| only.len());
        if self.only.is_none() && count == all.len() {
            return Ok(None);
        }
        let wanted = (count * all.width() * size_of::<f32>()) as u64;
        if wanted > budget {
            return Err(Error::Memory { wanted, budget });
        }
        Ok(Some(match &self.only {
            Some(only) => all.picked(only),
            None => Rows::new(all.values()[..count * all.width()].to_vec(), all.width())?,
        }))
    }
}

/// Does what was wished while a map moves, and says what is otherwise than `before`.
fn changed(map: &mut Tsne, before: Pace, pace: Pace, control: &Control) -> Result<Vec<String>> {
    let step = map.iteration().to_string();
    let mut said = Vec::new();
    if before.rate != pace.rate {
        map.set_rate(pace.rate)?;
        let rate = pace.rate.map_or_else(|| LOOKS.rate_auto.to_owned(), short);
        said.push(fill(LOOKS.changed_rate, &[&rate, &step]));
    }
    if before.perplexity != pace.perplexity {
        map.set_perplexity(pace.perplexity, control)?;
        said.push(fill(LOOKS.changed_perplexity, &[&short(map.options().perplexity), &step]));
    }
    Ok(said)
}

/// Coordinates moved and scaled into a map between -1 and 1, all axes alike. What has no place stays without one.
pub(super) fn between(coordinates: &Rows) -> Vec<Place> {
    Frame::of(coordinates).places(coordinates)
}

/// Moves and scales coordinates into a map between -1 and 1, all axes alike.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    middle: Place,
    scale: f32,
}

impl Default for Frame {
    fn default() -> Self {
        Self { middle: [0.0; 3], scale: 1.0 }
    }
}

impl Frame {
    /// The one in which all points have room. What has no place counts for nothing.
    fn of(coordinates: &Rows) -> Self {
        let (mut low, mut high) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
        for at in coordinates.iter().map(place).filter(|at| at.iter().all(|x| x.is_finite())) {
            for k in 0..3 {
                (low[k], high[k]) = (low[k].min(at[k]), high[k].max(at[k]));
            }
        }
        let widest = (0..3).map(|k| high[k] - low[k]).fold(0f32, f32::max);
        if !(widest > 0.0 && widest.is_finite()) {
            let middle = if low[0].is_finite() { low } else { [0.0; 3] };
            return Self { middle, scale: 1.0 };
        }
        Self { middle: std::array::from_fn(|k| f32::midpoint(low[k], high[k])), scale: 2.0 / widest }
    }

    /// Where coordinates are on the map.
    pub fn place(&self, at: Place) -> Place {
        std::array::from_fn(|k| (at[k] - self.middle[k]) * self.scale)
    }

    /// What has no place stays without one.
    fn places(&self, coordinates: &Rows) -> Vec<Place> {
        coordinates.iter().map(|row| self.place(place(row))).collect()
    }
}

/// Places as rows of two or three numbers.
fn flattened(places: &[Place], dims: usize) -> Result<Rows> {
    Rows::new(places.iter().flat_map(|at| &at[..dims]).copied().collect(), dims)
}

/// A map under way: a job moves it, the frame looks at it and may hold it.
#[derive(Debug, Default)]
pub struct Live {
    held: Mutex<bool>,
    woken: Condvar,
    pushed: AtomicBool,
    /// What was wished since the last step.
    wished: Mutex<Option<Pace>>,
    /// Counts what was shown.
    pub turn: AtomicU64,
    board: Mutex<Board>,
}

/// What is shown of a map under way.
#[derive(Debug, Default)]
struct Board {
    frames: Vec<Arc<Vec<Place>>>,
    /// Every so many steps a frame is remembered.
    every: usize,
    newest: Option<Arc<Vec<Place>>>,
}

impl Live {
    /// Holds the map, or lets it go on.
    pub fn pause(&self, pause: bool) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = pause;
        self.woken.notify_all();
    }

    /// Whether it is held.
    pub fn is_paused(&self) -> bool {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a push of every point.
    pub fn perturb(&self) {
        self.pushed.store(true, Ordering::Relaxed);
    }

    /// Asks for another pace from the next step on.
    pub fn wish(&self, pace: Pace) {
        *self.wished.lock().unwrap_or_else(PoisonError::into_inner) = Some(pace);
    }

    fn pace(&self) -> Option<Pace> {
        self.wished.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits while the map is held; a stop ends the wait too.
    fn wait(&self, control: &Control) -> Result<()> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        while *held {
            control.check()?;
            let rest = Duration::from_millis(50);
            held = self.woken.wait_timeout(held, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    fn show(&self, places: Vec<Place>, step: usize) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let places = Arc::new(places);
        board.newest = Some(places.clone());
        board.every = board.every.max(1);
        if step.is_multiple_of(board.every) {
            if board.frames.len() == FRAMES {
                // Every second one goes, and the next are remembered half as often.
                let mut odd = false;
                board.frames.retain(|_| {
                    odd = !odd;
                    odd
                });
                board.every *= 2;
            }
            board.frames.push(places);
        }
        self.turn.fetch_add(1, Ordering::Relaxed);
    }

    /// The frame that is newest.
    pub fn newest(&self) -> Option<Arc<Vec<Place>>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).newest.clone()
    }

    fn frames(&self) -> Vec<Arc<Vec<Place>>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).frames.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_fills_its_square_and_keeps_its_shape() {
        let rows = Rows::new(vec![10.0, 1.0, 14.0, 2.0, 12.0, f32::NAN], 2).expect("three points");
        let between = |rows: &Rows| Frame::of(rows).places(rows);
        let places = between(&rows);
        assert_eq!((places[0], places[1]), ([-1.0, -0.25, 0.0], [1.0, 0.25, 0.0]));
        assert!(places[2][1].is_nan());
        let same = between(&Rows::new(vec![3.0; 4], 2).expect("two points"));
        assert_eq!(same, [[0.0; 3]; 2], "all points equal");
    }

    #[test]
    fn frames_thin_out_and_the_newest_is_kept() {
        let live = Live::default();
        for step in 0..1000 {
            live.show(vec![[step as f32; 3]], step);
        }
        let frames = live.frames();
        assert!((FRAMES / 2..=FRAMES).contains(&frames.len()), "{}", frames.len());
        let steps: Vec<f32> = frames.iter().map(|f| f[0][0]).collect();
        assert!(steps.windows(2).all(|w| w[1] - w[0] == steps[1] - steps[0]), "evenly: {steps:?}");
        assert_eq!(live.newest().expect("a frame")[0][0], 999.0);
    }
}
