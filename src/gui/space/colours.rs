//! What the colour of a point stands for.

use super::cloud::Points;
use super::clusters::{self, Clustered, Name};
use super::laid::Laid;
use super::looks::Size;
use super::picked::Picked;
use super::{Made, Space};
use crate::analysis::space::neighbours::{Index, Metric};
use crate::analysis::space::trust::Trust;
use crate::engine::{Engine, Slot};
use crate::error::Result;
use crate::figure::colour::Map;
use crate::figure::{Colour, Palette, short};
use crate::gui::made;
use crate::gui::state::State;
use crate::gui::update::submit;
use crate::gui::words::fill;
use crate::gui::words::space::SPACE;
use crate::gui::words::space::looks::LOOKS;
use crate::source::vectors::ColumnValues;
use crate::trace::Control;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Categories with a colour of their own; the others are muted.
const CATEGORIES: usize = 8;
/// The radius of a point.
const RADIUS: f32 = 2.5;
/// The radii of points whose size stands for something: their areas go evenly from the first to the second.
const RADII: [f32; 2] = [1.2, 5.0];
/// Numbers above 0 that differ by more than this, the largest over the smallest, are shown by their logarithm.
const WIDE: f32 = 1000.0;

/// What colours stand for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Nothing.
    #[default]
    Nothing,
    /// The place in the file, on a logarithmic scale.
    Rank,
    /// The length of the vector.
    Length,
    /// The cosine to what was asked.
    Distance,
    /// The share of true neighbours kept.
    Kept,
    /// How false neighbours on the map are.
    False,
    /// How far true neighbours are on the map.
    Missing,
    /// The cluster.
    Cluster,
    /// A column of metadata, by its name.
    Column(String),
}

impl By {
    /// What it is called.
    pub fn label(&self) -> &str {
        match self {
            Self::Nothing => SPACE.by_nothing,
            Self::Rank => SPACE.by_rank,
            Self::Length => SPACE.by_length,
            Self::Distance => SPACE.by_distance,
            Self::Kept => SPACE.by_kept,
            Self::False => SPACE.by_false,
            Self::Missing => SPACE.by_missing,
            Self::Cluster => LOOKS.by_cluster,
            Self::Column(name) => name,
        }
    }

    /// Whether it says how far the map is to be believed.
    fn of_trust<'a>(&self, trust: &'a Trust) -> Option<&'a [f32]> {
        match self {
            Self::Kept => Some(&trust.kept),
            Self::False => Some(&trust.falseness),
            Self::Missing => Some(&trust.missing),
            _ => None,
        }
    }
}

/// What colours are made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    map: u64,
    by: By,
    dark: bool,
    /// What was asked, where the colour is the distance to it.
    asked: Option<Vec<u32>>,
    /// What was found: the others are faint.
    found: Option<u64>,
    trust: bool,
    clusters: Option<u64>,
    size: Size,
    hidden: Picked,
}

/// The legend of the colours.
#[derive(Debug, Clone, PartialEq)]
pub enum Legend {
    /// There is one colour.
    Plain,
    /// A range of numbers.
    Range(Range),
    /// Names with their categories, and how many have no colour of their own.
    Kinds(Vec<(String, usize)>, usize),
}

/// A range of numbers as a legend has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The smallest.
    pub low: f32,
    /// The largest.
    pub high: f32,
    /// Where a map at random would be.
    pub chance: Option<f32>,
    /// Whether it is the logarithm that goes evenly.
    pub log: bool,
}

/// A map in its colours.
#[derive(Debug)]
pub struct Painted {
    /// What it is made from.
    pub key: Key,
    /// The points.
    pub points: Points,
    /// Of every point.
    pub colours: Arc<Vec<Colour>>,
    /// The radius of every point; none where they are alike.
    pub radii: Option<Vec<f32>>,
    /// Whether a point is hidden; none is where there is nothing.
    pub hidden: Vec<bool>,
    /// What colours stand for.
    pub legend: Legend,
    /// The category of every point, or [`NONE`], where colours stand for kinds.
    pub kinds: Vec<u32>,
    /// What sizes stand for.
    pub sizes: Option<(String, Range)>,
    /// Names of clusters.
    pub names: Vec<Name>,
}

impl Painted {
    /// The map that it shows.
    pub fn map(&self) -> u64 {
        self.key.map
    }

    /// Whether a point is hidden.
    pub fn is_hidden(&self, point: usize) -> bool {
        self.hidden.get(point).is_some_and(|hidden| *hidden)
    }

    /// The drawn points of a category.
    pub fn of_kind(&self, category: usize) -> impl Iterator<Item = usize> {
        let kinds = self.kinds.iter().enumerate();
        kinds
            .filter(move |(point, kind)| **kind as usize == category && !self.is_hidden(*point))
            .map(|(point, _)| point)
    }

    /// The radius of a point before it is scaled.
    pub fn radius(&self, point: usize) -> f32 {
        self.radii.as_ref().map_or(RADIUS, |radii| radii[point])
    }
}

/// Paints the map where something about its looks is another.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let Some(laid) = state.space.laid.clone().filter(|laid| laid.question.space == space.id) else { return };
    let by = state.scene.space.by.clone();
    let answer = state.space.answer.clone().filter(|_| by == By::Distance);
    let trust = state.space.trust.as_ref().filter(|(id, _)| *id == laid.id).and_then(|(_, trust)| trust.clone());
    let found = state.space.found.clone();
    let clusters = clusters::known(state, &laid).filter(|_| by == By::Cluster);
    let key = Key {
        map: laid.id,
        dark: state.space_dark,
        asked: answer.as_ref().map(|a| a.vector.iter().map(|x| x.to_bits()).collect()),
        found: found.as_ref().map(|found| found.id),
        trust: trust.is_some() && matches!(by, By::Kept | By::False | By::Missing),
        clusters: clusters.as_ref().map(|clusters| clusters.id),
        size: state.scene.space.looks.size.clone(),
        hidden: state.scene.space.hidden.clone(),
        by,
    };
    if state.space.asked_colours.as_ref() == Some(&key) {
        return;
    }
    state.space.asked_colours = Some(key.clone());
    let space = space.clone();
    submit(state, engine, Slot::Colour, "colouring the map", move |control| {
        let given = Given {
            asked: answer.as_ref().map_or(&[], |a| a.vector.as_slice()),
            trust: trust.as_deref(),
            clusters: clusters.as_deref(),
            found: found.as_deref(),
        };
        Ok(made::Made::Space(Made::Painted(Arc::new(Painted::of(&space, &laid, key, &given, control)?))))
    });
}

/// What is known of the map beside its places.
struct Given<'a> {
    asked: &'a [f32],
    trust: Option<&'a Trust>,
    clusters: Option<&'a Clustered>,
    found: Option<&'a super::tools::Found>,
}

/// The category of a point that has none.
pub const NONE: u32 = u32::MAX;

/// The colours of points with what they stand for.
type Coloured = (Vec<Colour>, Legend);

impl Painted {
    fn of(space: &Space, laid: &Laid, key: Key, given: &Given<'_>, control: &Control) -> Result<Self> {
        let palette = Palette::of(key.dark);
        let n = laid.places.len();
        let plain = || (vec![palette.accent; n], Legend::Plain);
        let lengths = space.lengths.values();
        let mut categories = Vec::new();
        let (colours, legend) = match &key.by {
            By::Nothing => plain(),
            By::Rank => ramp(&(0..n).map(|i| (laid.row(i) + 1) as f32).collect::<Vec<_>>(), palette),
            By::Length => ramp(&(0..n).map(|i| lengths[laid.row(i)]).collect::<Vec<_>>(), palette),
            By::Distance if given.asked.is_empty() => plain(),
            By::Distance => {
                let index = Index::with(&space.vectors.rows, Metric::Cosine, space.lengths.clone());
                control.check()?;
                let score = |i: usize| index.score(given.asked, laid.row(i));
                ramp(&(0..n).into_par_iter().map(score).collect::<Vec<_>>(), palette)
            }
            By::Kept | By::False | By::Missing => match given.trust.and_then(|t| Some((t, key.by.of_trust(t)?))) {
                Some((trust, values)) => {
                    let mut all = vec![f32::NAN; n];
                    trust.asked.iter().zip(values).for_each(|(&i, &v)| all[i] = v);
                    let chance = (key.by == By::Kept).then(|| trust.random() as f32);
                    let range = Range { low: 0.0, high: 1.0, chance, log: false };
                    (all.iter().map(|v| shade(range.at(*v), palette)).collect(), Legend::Range(range))
                }
                None => plain(),
            },
            By::Cluster => match given.clusters {
                Some(found) => {
                    let of = |i: usize| found.clusters.cluster(i);
                    kinds(n, &found.names, &of, clusters::MOST, palette, &mut categories)
                }
                None => plain(),
            },
            By::Column(name) => match space.vectors.columns.iter().find(|c| c.name == *name).map(|c| &c.values) {
                Some(ColumnValues::Number(numbers)) => {
                    ramp(&(0..n).map(|i| numbers[laid.row(i)] as f32).collect::<Vec<_>>(), palette)
                }
                Some(ColumnValues::Kind { names, of }) => {
                    let of = |i: usize| Some(of[laid.row(i)] as usize);
                    kinds(n, names, &of, CATEGORIES, palette, &mut categories)
                }
                _ => plain(),
            },
        };
        control.check()?;
        let (radii, sizes) = sizes(space, laid, &key.size)
            .map_or((None, None), |(radii, range)| (Some(radii), Some((key.size.label().to_owned(), range))));
        let mut hidden = vec![false; if key.hidden.is_empty() { 0 } else { n }];
        key.hidden.rows().iter().filter_map(|&row| laid.point(row)).for_each(|point| hidden[point] = true);
        let is_hidden = |i: usize| hidden.get(i).is_some_and(|hidden| *hidden);
        let faint = |i: usize| given.found.is_some_and(|found| found.rows.binary_search(&laid.row(i)).is_err());
        let points = Points::new(n, |i| {
            let at = laid.places[i];
            let is_there = at.iter().all(|x| x.is_finite()) && !is_hidden(i);
            let colour = if faint(i) { colours[i].faded(0.12) } else { colours[i] };
            let radius = radii.as_ref().map_or(RADIUS, |radii| radii[i]);
            (if is_there { at } else { [0.0; 3] }, if is_there { radius } else { 0.0 }, colour)
        });
        let names = match (given.clusters, &legend) {
            (Some(found), Legend::Kinds(kinds, _)) => {
                let middles = found.middles(&laid.places);
                let place = |text: &String| middles[found.names.iter().position(|name| name == text)?];
                let named = kinds.iter().filter_map(|(text, category)| {
                    Some(Name { text: text.clone(), at: place(text)?, category: *category })
                });
                named.collect()
            }
            _ => Vec::new(),
        };
        let (colours, kinds) = (Arc::new(colours), categories);
        Ok(Self { key, points, colours, radii, hidden, legend, kinds, sizes, names })
    }
}

impl Range {
    /// From the smallest finite number to the largest; none where there is none.
    fn of(values: &[f32]) -> Option<Self> {
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let (low, high) = (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
        let log = low > 0.0 && high / low >= WIDE;
        (low <= high).then_some(Self { low, high, chance: None, log })
    }

    /// Where a number is, 0 to 1; in the middle where all are equal. NaN stays so.
    pub fn at(&self, x: f32) -> f32 {
        let (x, low, high) = if self.log { (x.ln(), self.low.ln(), self.high.ln()) } else { (x, self.low, self.high) };
        if x.is_nan() {
            f32::NAN
        } else if high > low {
            (x - low) / (high - low)
        } else {
            0.5
        }
    }
}

/// The colour of a number at `t`, 0 to 1, or of none.
fn shade(t: f32, palette: &Palette) -> Colour {
    if t.is_nan() { palette.line } else { palette.at(Map::Viridis, t) }
}

/// Numbers as colours, from the smallest to the largest.
fn ramp(values: &[f32], palette: &Palette) -> Coloured {
    match Range::of(values) {
        None => (vec![palette.accent; values.len()], Legend::Plain),
        Some(range) => {
            let colours = values.par_iter().map(|v| shade(range.at(*v), palette)).collect();
            (colours, Legend::Range(range))
        }
    }
}

/// The kinds with most points have a colour each; `categories` is told those of the points.
fn kinds(
    n: usize,
    names: &[String],
    of: &dyn Fn(usize) -> Option<usize>,
    most: usize,
    palette: &Palette,
    categories: &mut Vec<u32>,
) -> Coloured {
    let mut counts = vec![0usize; names.len()];
    (0..n).filter_map(of).for_each(|kind| counts[kind] += 1);
    let mut order: Vec<usize> = (0..names.len()).collect();
    // Of what has no kind there is nothing to say.
    order.retain(|&i| !names[i].is_empty());
    let all = order.len();
    order.sort_by_key(|&i| (std::cmp::Reverse(counts[i]), i));
    order.truncate(most);
    let mut shades = vec![(palette.muted, NONE); names.len()];
    for (category, &kind) in order.iter().enumerate() {
        shades[kind] = (palette.category(category), category as u32);
    }
    let shaded = (0..n).map(|i| of(i).map_or((palette.line, NONE), |kind| shades[kind]));
    let (colours, found): (Vec<Colour>, Vec<u32>) = shaded.unzip();
    *categories = found;
    let listed = order.iter().enumerate().map(|(category, &i)| (names[i].clone(), category)).collect();
    (colours, Legend::Kinds(listed, all.saturating_sub(most)))
}

/// The radii of points, with the range of what they stand for; none where they are alike.
fn sizes(space: &Space, laid: &Laid, size: &Size) -> Option<(Vec<f32>, Range)> {
    let n = laid.places.len();
    let values: Vec<f32> = match size {
        Size::Alike => return None,
        Size::Rank => (0..n).map(|i| (laid.row(i) + 1) as f32).collect(),
        Size::Length => (0..n).map(|i| space.lengths.values()[laid.row(i)]).collect(),
        Size::Column(name) => match space.vectors.columns.iter().find(|c| c.name == *name).map(|c| &c.values) {
            Some(ColumnValues::Number(numbers)) => (0..n).map(|i| numbers[laid.row(i)] as f32).collect(),
            _ => return None,
        },
    };
    let mut range = Range::of(&values)?;
    // The first in the file are the largest.
    let is_down = *size == Size::Rank;
    let [small, large] = RADII.map(|r| r * r);
    let radius = |x: &f32| {
        let t = range.at(*x);
        let t = if is_down { 1.0 - t } else { t };
        if t.is_nan() { RADII[0] } else { (small + (large - small) * t).sqrt() }
    };
    let radii = values.iter().map(radius).collect();
    if is_down {
        (range.low, range.high) = (range.high, range.low);
    }
    Some((radii, range))
}

/// What a range is called: whether its numbers go by their logarithm is part of it.
pub fn name(label: &str, range: &Range) -> String {
    if range.log { fill(LOOKS.logarithmic, &[label]) } else { label.to_owned() }
}

/// A number of a legend.
pub fn number(x: f32) -> String {
    if x.abs() >= 1000.0 && x.fract() == 0.0 { crate::gui::words::count(x as u64) } else { short(x) }
}

/// Points that are all of one size.
pub fn plain(places: &[super::camera::Place], colour: impl Fn(usize) -> Colour + Sync) -> Points {
    Points::new(places.len(), |i| {
        let is_there = places[i].iter().all(|x| x.is_finite());
        (if is_there { places[i] } else { [0.0; 3] }, if is_there { RADIUS } else { 0.0 }, colour(i))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_differ_widely_go_by_their_logarithm() {
        let range = Range::of(&[1.0, 1e4, f32::NAN, 1e2]).expect("numbers");
        assert!(range.log && (range.at(1e2) - 0.5).abs() < 1e-6 && range.at(f32::NAN).is_nan());
        let range = Range::of(&[0.0, 1e4]).expect("numbers");
        assert!(!range.log && range.at(5e3) == 0.5);
        let same = Range::of(&[3.0, 3.0]).expect("a number");
        assert_eq!(same.at(3.0), 0.5);
        assert_eq!(Range::of(&[f32::NAN]), None);
    }

    #[test]
    fn kinds_with_most_points_have_colours() {
        let palette = Palette::of(true);
        let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let of = |i: usize| [Some(0), Some(2), Some(2), None, Some(1), Some(1), Some(1)][i];
        let mut categories = Vec::new();
        let (colours, legend) = kinds(7, &names, &of, 2, palette, &mut categories);
        assert_eq!(categories[..5], [NONE, 1, 1, NONE, 0]);
        assert_eq!(legend, Legend::Kinds(vec![("b".to_owned(), 0), ("c".to_owned(), 1)], 1));
        let wanted = [palette.muted, palette.category(1), palette.category(1), palette.line, palette.category(0)];
        assert_eq!(colours[..5], wanted);
    }
}
