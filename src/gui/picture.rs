//! The pictures that the window shows, as figures: drawn, copied and exported alike.

use super::action::{ExportOf, Head};
use super::scene::{View, Workspace};
use super::state::State;
use crate::analysis::attention::Edge;
use crate::analysis::filter::{Pairs, Shown, Special, kept, sift, strongest};
use crate::analysis::meaning::Weights;
use crate::figure::lines::{Columns, Focus};
use crate::figure::{Figure, Mark, Palette, heatmap, lines};
use rayon::prelude::*;
use std::borrow::Cow;
use std::sync::Arc;

/// The room of exported lines.
const LINES: [f32; 2] = [640.0, 520.0];

/// What the lines show: one set of curves, or one for each head in its colour.
#[derive(Debug, Default)]
pub struct Strands {
    /// The shown heads as one, or each for itself.
    pub shown: Vec<(Vec<Head>, Arc<Shown>)>,
    /// The weights of each that are drawn whichever token is looked at.
    pub drawn: Vec<Vec<Edge>>,
    /// The largest size of a weight.
    most: f32,
    /// The heads of the selected head's layer that are shown.
    pub picks: Vec<usize>,
    /// The selected heads, where each has its colour.
    overlaid: Vec<Head>,
}

/// Every head for itself before the threshold; none where the lines show one set of curves.
pub fn apart(state: &State) -> Vec<(Head, Shown)> {
    let (Some(weights), Some(run)) = (state.weights(), state.run()) else { return Vec::new() };
    let heads = state.shown_heads();
    if heads.len() < 2 || !state.is_overlaid() {
        return Vec::new();
    }
    let filter = &state.scene.look.filter;
    let one =
        |&(layer, head): &Head| ((layer, head), sift(&run.tokens, &weights.head(layer, head), weights.meaning, filter));
    heads.par_iter().map(one).collect()
}

impl Strands {
    /// Reads what the state asks for. `combined` is what is shown of all heads together, and `apart` what [`apart`] says.
    pub fn new(state: &State, combined: &Arc<Shown>, apart: &[(Head, Shown)]) -> Self {
        if state.run().is_none() {
            return Self::default();
        }
        let (heads, threshold) = (state.shown_heads(), state.scene.look.filter.threshold);
        let overlaid = if state.is_overlaid() { state.heads() } else { Vec::new() };
        let shown: Vec<(Vec<Head>, Arc<Shown>)> = if apart.is_empty() {
            vec![(heads.clone(), combined.clone())]
        } else {
            apart.par_iter().map(|(head, kept)| (vec![*head], Arc::new(kept.clone().under(threshold)))).collect()
        };
        let picks = of_layer(&heads, state.scene.head.0);
        let drawn = strongest(&shown.iter().map(|(_, shown)| shown.as_ref()).collect::<Vec<_>>(), lines::MOST);
        let most = shown.iter().fold(0f32, |most, (_, shown)| most.max(shown.most));
        Self { shown, drawn, most, picks, overlaid }
    }

    /// The colour and pattern of a head where each has its own. Heads of one layer keep theirs, whichever others are
    /// shown.
    pub fn category(&self, head: Head) -> Option<usize> {
        let one_layer = self.overlaid.iter().all(|(layer, _)| *layer == self.overlaid[0].0);
        let place = self.overlaid.iter().position(|h| *h == head);
        if one_layer && self.overlaid.first().is_some_and(|h| h.0 == head.0) { Some(head.1) } else { place }
    }

    /// Of several heads that are drawn each for itself: the share of their mass that is drawn, how many weights, and of
    /// how many.
    pub fn counts(&self) -> Option<(f32, usize, usize)> {
        let count = self.shown.len();
        (count > 1).then(|| {
            let mass = self.shown.iter().map(|(_, s)| s.mass).sum::<f32>() / count as f32;
            let (kept, of) = self.shown.iter().fold((0, 0), |(a, b), (_, s)| (a + s.count, b + s.of));
            (mass, kept, of)
        })
    }

    /// The lines of one set of curves: those that are drawn whichever token is looked at, and all of this one.
    pub fn lines(&self, place: usize, focus: Option<Focus>) -> Vec<Edge> {
        let others = self.drawn[place].iter().copied().filter(|edge| focus.is_none_or(|focus| !focus.has(edge)));
        let mut lines: Vec<Edge> = others.chain(about(&self.shown[place].1, focus)).collect();
        lines.sort_unstable_by_key(|edge| (edge.query, edge.key));
        lines
    }

    /// The largest weights between a query and a key, head by head: what a number on hover says.
    pub fn between(&self, query: usize, key: usize) -> impl Iterator<Item = (&[Head], f32)> {
        self.shown.iter().filter_map(move |(heads, shown)| {
            let weight = *shown.weights.get(query * shown.tokens.len() + key)?;
            Some((heads.as_slice(), weight))
        })
    }
}

/// The weights of the token that is looked at.
fn about(shown: &Shown, focus: Option<Focus>) -> Vec<Edge> {
    match focus {
        Some(Focus::Query(q)) => shown.edges_of(q).collect(),
        Some(Focus::Key(k)) => shown.edges_to(k).collect(),
        None => Vec::new(),
    }
}

/// The heads of a layer among others.
fn of_layer(heads: &[Head], layer: usize) -> Vec<usize> {
    heads.iter().filter(|(l, _)| *l == layer).map(|(_, head)| *head).collect()
}

/// All heads of the selected head's layer before the threshold, and what their tokens give and get.
#[derive(Debug, Default)]
pub struct Layer {
    heads: Heads,
    means: Columns,
}

/// The values of a layer's heads, row-major `[query, key]`.
#[derive(Debug)]
enum Heads {
    /// As the run has them; rows and columns of these tokens are left out. Copies of long texts would take longer than all
    /// that is computed from them.
    Kept(Arc<Weights>, usize, Vec<usize>),
    /// Made for what is shown.
    Made(Vec<Vec<f32>>),
}

impl Default for Heads {
    fn default() -> Self {
        Self::Made(Vec::new())
    }
}

impl Heads {
    fn new(state: &State) -> Self {
        let (Some(weights), Some(run)) = (state.weights(), state.run()) else { return Self::default() };
        let (layer, filter, tokens) = (state.scene.head.0, &state.scene.look.filter, &run.tokens);
        let is_kept = matches!(weights.head(layer, 0), Cow::Borrowed(_));
        if is_kept && !filter.words && filter.pairs_of(tokens) == Pairs::All && !filter.rescales(weights.meaning) {
            let is_hidden = |&i: &usize| filter.special != Special::Show && tokens.pieces[i].special;
            return Self::Kept(weights.clone(), layer, (0..tokens.len()).filter(is_hidden).collect());
        }
        let of = |head: usize| kept(tokens, &weights.head(layer, head), weights.meaning, filter);
        Self::Made((0..weights.heads()).into_par_iter().map(of).collect())
    }

    fn values(&self) -> (Vec<Cow<'_, [f32]>>, &[usize]) {
        match self {
            Self::Kept(weights, layer, hidden) => {
                ((0..weights.heads()).map(|head| weights.head(*layer, head)).collect(), hidden)
            }
            Self::Made(heads) => (heads.iter().map(|head| Cow::Borrowed(head.as_slice())).collect(), &[]),
        }
    }
}

impl Layer {
    /// Reads what the state asks for.
    pub fn new(state: &State) -> Self {
        let heads = Heads::new(state);
        let (values, hidden) = heads.values();
        let n = values.first().map_or(0, |head| head.len().isqrt());
        Self { means: Columns::new(&values, hidden, n), heads }
    }

    /// The columns with a token looked at.
    pub fn columns(&self, focus: Option<Focus>) -> Columns {
        let (values, hidden) = self.heads.values();
        self.means.clone().about(&values, hidden, focus)
    }
}

/// The token lines of what is shown.
pub fn lines(
    state: &State,
    strands: &Strands,
    columns: &Columns,
    shown: &Shown,
    focus: Option<Focus>,
    palette: &Palette,
    [width, height]: [f32; 2],
) -> (Figure, lines::Layout) {
    let title = super::caption::heads(state);
    let category = |heads: &[Head]| if let [head] = heads { strands.category(*head) } else { None };
    let name = |heads: &[Head]| heads.first().map_or_else(String::new, |h| state.name(*h));
    let names: Vec<String> = strands.shown.iter().map(|(heads, _)| name(heads)).collect();
    let about: Vec<Vec<Edge>> = strands.shown.iter().map(|(_, shown)| about(shown, focus)).collect();
    let curves: Vec<lines::Strand<'_>> = strands
        .shown
        .iter()
        .zip(strands.drawn.iter().zip(&about))
        .zip(&names)
        .map(|(((heads, _), (edges, about)), name)| lines::Strand { name, edges, about, category: category(heads) })
        .collect();
    // While one of several heads is previewed, the legend keeps its room: nothing jumps.
    let legend: Vec<String> = strands.overlaid.iter().map(|h| name(&[*h])).collect();
    let legend: Vec<&str> = legend.iter().map(String::as_str).collect();
    let layer = state.scene.head.0;
    let heads = state.weights().filter(|w| w.meaning.has_heads()).map_or(0, |w| w.heads());
    let room = lines::Room {
        width,
        height,
        flow: state.scene.look.way.flow(&shown.tokens),
        heads,
        // A head that is only previewed gets no column of its own, so that nothing moves under the pointer.
        picks: &of_layer(&state.heads(), layer),
        legend: lines::legend_rows(&legend, width),
    };
    let layout = lines::Layout::new(&shown.tokens, &room);
    let pick = |&head: &usize| (head, strands.category((layer, head)));
    let picks: Vec<(usize, Option<usize>)> = strands.picks.iter().map(pick).collect();
    let beside = lines::Beside { columns, picks: &picks };
    let picture = lines::Picture {
        tokens: &shown.tokens,
        strands: &curves,
        beside: (!layout.columns.is_empty()).then_some(beside),
        focus,
        unit: unit(state).max(strands.most),
        signed: state.meaning().is_signed(),
        meaning: &state.meaning_label(),
        heads,
        title: &title,
    };
    (lines::figure(&picture, palette, &layout), layout)
}

/// What full strength stands for: the same for all heads, unless what is drawn is larger, as a sum of several heads or
/// of pieces can be.
fn unit(state: &State) -> f32 {
    state.weights().map_or(1.0, |w| w.unit())
}

/// The matrix of the values that pass the threshold.
pub fn matrix(
    state: &State,
    shown: &Shown,
    passed: &[f32],
    palette: &Palette,
    [width, height]: [f32; 2],
) -> (Figure, heatmap::Layout) {
    let layout = heatmap::Layout::new(&shown.tokens, width, height);
    let title = super::caption::heads(state);
    let matrix = heatmap::Matrix {
        meaning: &state.meaning_label(),
        unit: unit(state).max(shown.most),
        signed: state.meaning().is_signed(),
        look: state.scene.look.colours,
        ..heatmap::Matrix::new(&shown.tokens, passed, &title)
    };
    (heatmap::figure(&matrix, palette, &layout), layout)
}

/// The picture of the selected heads as a figure of its own: lines or the matrix, with a ring about what is pinned.
/// `passed` are the values of the matrix that pass the threshold.
pub fn of_head(state: &State, strands: &Strands, shown: &Shown, passed: &[f32], palette: &Palette) -> Figure {
    let pinned = state.pinned_in(shown);
    if state.scene.look.view == View::Lines {
        let columns = Layer::new(state).columns(pinned);
        let (mut figure, layout) = lines(state, strands, &columns, shown, pinned, palette, LINES);
        if let Some(focus) = pinned {
            figure.marks.push(Mark::Ring { area: layout.area(focus), colour: palette.accent, width: 1.0 });
        }
        return figure;
    }
    let (mut figure, layout) = matrix(state, shown, passed, palette, [900.0, 1000.0]);
    if let Some(focus) = pinned {
        let spot = match focus {
            Focus::Query(q) => heatmap::Spot::Row(q),
            Focus::Key(k) => heatmap::Spot::Column(k),
        };
        figure.ring(layout.area(spot), palette.accent, 1.0);
    }
    figure
}

/// What an exported file is called unless the person says otherwise.
pub fn file_name(state: &State, of: ExportOf) -> String {
    let (view, (layer, head)) = (state.scene.look.view, state.scene.head);
    if let ExportOf::Space(what) = of {
        return what.file_name(state);
    }
    if state.scene.workspace == Workspace::Embeddings {
        return format!("{}-map.svg", super::space::space_name(state));
    }
    if let (ExportOf::Head, Workspace::Recurrent, Some(model)) = (of, state.scene.workspace, &state.recurrent.model) {
        return format!("{}-{}.svg", plain(&model.opened.name), state.scene.recurrent.what);
    }
    let what = match (of, view) {
        (ExportOf::Numbers, _) => return format!("{}.npz", model_name(state)),
        (ExportOf::Grid, _) => "all-heads".to_owned(),
        (_, View::Predict | View::Effects | View::Heads | View::Map) => view.label().to_lowercase(),
        _ => format!("{}-L{layer}-H{head}", view.label().to_lowercase()),
    };
    format!("{}-{what}.svg", model_name(state))
}

/// What is open, as a part of a file's name.
pub fn model_name(state: &State) -> String {
    let subject = state.subject();
    let name = subject.as_ref().map_or("lexiscope", |subject| subject.name());
    plain(name)
}

/// A name as a part of a file's name.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}
