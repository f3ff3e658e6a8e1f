//! What the colour of a point stands for.

use super::cloud::Points;
use super::laid::Laid;
use super::{Made, Space};
use crate::analysis::space::neighbours::{Index, Metric};
use crate::analysis::space::trust::Trust;
use crate::engine::{Engine, Slot};
use crate::figure::colour::Map;
use crate::figure::{Colour, Palette, short};
use crate::gui::made;
use crate::gui::state::State;
use crate::gui::update::submit;
use crate::gui::words::space::SPACE;
use crate::source::vectors::ColumnValues;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Categories with a colour of their own; the others are muted.
const CATEGORIES: usize = 8;
/// The radius of a point.
const RADIUS: f32 = 2.5;

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
}

/// The legend of the colours.
#[derive(Debug, Clone, PartialEq)]
pub enum Legend {
    /// There is one colour.
    Plain,
    /// From one number to another; and where a map at random would be.
    Range(f32, f32, Option<f32>),
    /// Names with their categories, and how many have no colour of their own.
    Kinds(Vec<(String, usize)>, usize),
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
    /// What they stand for.
    pub legend: Legend,
}

impl Painted {
    /// The map that it shows.
    pub fn map(&self) -> u64 {
        self.key.map
    }
}

/// Paints the map where something about its colours is another.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let Some(laid) = state.space.laid.clone().filter(|laid| laid.question.space == space.id) else { return };
    let by = state.scene.space.by.clone();
    let answer = state.space.answer.clone().filter(|_| by == By::Distance);
    let trust = state.space.trust.as_ref().filter(|(id, _)| *id == laid.id).and_then(|(_, trust)| trust.clone());
    let found = state.space.found.clone();
    let key = Key {
        map: laid.id,
        dark: state.space_dark,
        asked: answer.as_ref().map(|a| a.vector.iter().map(|x| x.to_bits()).collect()),
        found: found.as_ref().map(|found| found.id),
        trust: trust.is_some() && matches!(by, By::Kept | By::False | By::Missing),
        by,
    };
    if state.space.asked_colours.as_ref() == Some(&key) {
        return;
    }
    state.space.asked_colours = Some(key.clone());
    let space = space.clone();
    submit(state, engine, Slot::Colour, "colouring the map", move |control| {
        let palette = Palette::of(key.dark);
        let row = |point: usize| laid.row(point);
        let n = laid.places.len();
        let (values, legend) = match &key.by {
            By::Nothing => (None, Legend::Plain),
            By::Rank => range((0..n).map(|i| ((row(i) + 1) as f32).log10()), |x| 10f32.powf(x)),
            By::Length => range((0..n).map(|i| space.lengths.values()[row(i)]), |x| x),
            By::Distance => match &answer {
                Some(answer) if !answer.vector.is_empty() => {
                    let index = Index::with(&space.vectors.rows, Metric::Cosine, space.lengths.clone());
                    control.check()?;
                    range((0..n).map(|i| index.score(&answer.vector, row(i))), |x| x)
                }
                _ => (None, Legend::Plain),
            },
            By::Kept | By::False | By::Missing => match trust.as_deref().and_then(|t| Some((t, key.by.of_trust(t)?))) {
                Some((trust, values)) => {
                    let mut all = vec![f32::NAN; n];
                    trust.asked.iter().zip(values).for_each(|(&i, &v)| all[i] = v);
                    let chance = (key.by == By::Kept).then(|| trust.random() as f32);
                    (Some((all, [0.0, 1.0])), Legend::Range(0.0, 1.0, chance))
                }
                None => (None, Legend::Plain),
            },
            By::Column(name) => match space.vectors.columns.iter().find(|c| c.name == *name).map(|c| &c.values) {
                Some(ColumnValues::Number(numbers)) => range((0..n).map(|i| numbers[row(i)] as f32), |x| x),
                Some(ColumnValues::Kind { names, of }) => {
                    return Ok(made::Made::Space(Made::Painted(Arc::new(kinds(&laid, key, names, of, palette)))));
                }
                _ => (None, Legend::Plain),
            },
        };
        let colour = |i: usize| match &values {
            None => palette.accent,
            Some((values, [low, high])) => {
                let t = if high > low { (values[i] - low) / (high - low) } else { 0.5 };
                if t.is_nan() { palette.line } else { palette.at(Map::Viridis, t) }
            }
        };
        let colours: Vec<Colour> = (0..n).map(colour).collect();
        Ok(made::Made::Space(Made::Painted(Arc::new(painted(&laid, key, colours, legend, found.as_deref())))))
    });
}

/// Numbers with the ends of their scale.
type Values = Option<(Vec<f32>, [f32; 2])>;

/// From the smallest finite number to the largest; `said` is how the legend says a number.
fn range(values: impl Iterator<Item = f32>, said: impl Fn(f32) -> f32) -> (Values, Legend) {
    let values: Vec<f32> = values.collect();
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
    if low > high {
        return (None, Legend::Plain);
    }
    let legend = Legend::Range(said(low), said(high), None);
    (Some((values, [low, high])), legend)
}

/// The most frequent kinds have a colour each.
fn kinds(laid: &Laid, key: Key, names: &[String], of: &[u32], palette: &Palette) -> Painted {
    let mut counts = vec![0usize; names.len()];
    (0..laid.places.len()).for_each(|i| counts[of[laid.row(i)] as usize] += 1);
    let mut order: Vec<usize> = (0..names.len()).collect();
    // Of what has no kind there is nothing to say.
    order.retain(|&i| !names[i].is_empty());
    let all = order.len();
    order.sort_by_key(|&i| (std::cmp::Reverse(counts[i]), i));
    order.truncate(CATEGORIES);
    let place = |kind: u32| order.iter().position(|&i| i == kind as usize);
    let colour = |i: usize| place(of[laid.row(i)]).map_or(palette.muted, |category| palette.category(category));
    let colours = (0..laid.places.len()).map(colour).collect();
    let listed = order.iter().enumerate().map(|(category, &i)| (names[i].clone(), category)).collect();
    painted(laid, key, colours, Legend::Kinds(listed, all.saturating_sub(CATEGORIES)), None)
}

fn painted(
    laid: &Laid,
    key: Key,
    colours: Vec<Colour>,
    legend: Legend,
    found: Option<&super::tools::Found>,
) -> Painted {
    let faint = |i: usize| found.is_some_and(|found| found.rows.binary_search(&laid.row(i)).is_err());
    let points = Points::new(laid.places.len(), |i| {
        let at = laid.places[i];
        let is_there = at.iter().all(|x| x.is_finite());
        let colour = if faint(i) { colours[i].faded(0.12) } else { colours[i] };
        (if is_there { at } else { [0.0; 3] }, if is_there { RADIUS } else { 0.0 }, colour)
    });
    Painted { key, points, colours: Arc::new(colours), legend }
}

/// A number of a legend.
pub fn number(x: f32) -> String {
    if x.abs() >= 1000.0 && x.fract() == 0.0 { crate::gui::words::count(x as u64) } else { short(x) }
}

/// Points of a moving map, which has one colour.
pub fn plain(places: &[super::camera::Place], colour: Colour) -> Points {
    Points::new(places.len(), |i| {
        let is_there = places[i].iter().all(|x| x.is_finite());
        (if is_there { places[i] } else { [0.0; 3] }, if is_there { RADIUS } else { 0.0 }, colour)
    })
}
