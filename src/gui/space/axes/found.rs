//! What is found out about axes: where words lie along them, and whether they mean more than chance.

use super::Made;
use crate::analysis::space::axes::{Axis, Chance, Typed, stability};
use crate::analysis::space::lexicon::{Lexicon, Missing};
use crate::analysis::space::pca::{Ends, with_log};
use crate::engine::{Engine, Slot};
use crate::error::Result;
use crate::gui::made;
use crate::gui::space::{self, Space};
use crate::gui::state::State;
use crate::gui::update::submit;
use crate::trace::Control;
use std::sync::Arc;

/// Axes of random words that an axis is held against.
const DRAWS: usize = 1000;
/// Words at either end that are listed.
const ENDS: usize = 8;
/// Bars of the histogram along an axis.
pub const BINS: usize = 64;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    space: u64,
    typed: Vec<String>,
    first: usize,
    seed: u64,
}

/// Axes that were read and measured.
#[derive(Debug)]
pub struct Found {
    /// What was asked.
    pub asked: Asked,
    /// One for each field.
    pub axes: Vec<Read>,
}

/// What came of a field.
#[derive(Debug)]
pub struct Read {
    /// As it was typed.
    pub text: String,
    /// Words that cannot be used.
    pub unknown: Vec<Missing>,
    /// The axis, or why there is none; nothing of an empty field.
    pub axis: Option<std::result::Result<Arc<Along>, String>>,
}

/// Words along an axis.
#[derive(Debug)]
pub struct Along {
    /// As it was typed.
    pub text: String,
    /// What stands at its ends.
    pub names: [String; 2],
    /// The axis with what it was made from.
    pub typed: Typed,
    /// The cosine of every word with it.
    pub places: Vec<f32>,
    /// The words that count, by their place.
    order: Vec<u32>,
    /// The outermost of them.
    pub ends: Ends,
    /// How many of them lie in each part between the outermost two.
    pub bins: Vec<u32>,
    /// Axes of random words; none of a formula.
    pub chance: Option<Chance>,
    /// The cosine with the axis without each of its words or pairs, by their names.
    pub without: Vec<(String, Option<f64>)>,
    /// Spearman's correlation of the places with the logarithm of the rank.
    pub with_rank: Option<f64>,
}

/// Asks for axes where others are typed.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let chosen = &state.scene.space;
    let typed = chosen.axes.typed.iter().map(|text| text.trim().to_owned()).collect();
    let all = space.vectors.rows.len();
    let first = if chosen.first == 0 { all } else { chosen.first.min(all) };
    let asked = Asked { space: space.id, typed, first, seed: chosen.seed };
    if state.space.axes.asked.as_ref() == Some(&asked) {
        return;
    }
    state.space.axes.asked = Some(asked.clone());
    let known: Vec<Arc<Along>> = match &state.space.axes.found {
        Some(found) if found.asked.is_of(&asked) => found.good().cloned().collect(),
        _ => Vec::new(),
    };
    let space = space.clone();
    submit(state, engine, Slot::Axes, "measuring axes", move |control| {
        let found = Found::of(&space, asked, &known, control)?;
        Ok(made::Made::Space(space::Made::Axes(Made::Found(Arc::new(found)))))
    });
}

impl Asked {
    /// Whether an axis of the one is the same in the other.
    fn is_of(&self, other: &Self) -> bool {
        (self.space, self.first, self.seed) == (other.space, other.first, other.seed)
    }
}

impl Found {
    fn of(space: &Space, asked: Asked, known: &[Arc<Along>], control: &Control) -> Result<Self> {
        let vectors = &space.vectors;
        let lexicon = Lexicon { words: &vectors.words, rows: &vectors.rows, make: None, unit: true };
        let read = |text: &String| -> Result<Read> {
            if text.is_empty() {
                return Ok(Read { text: String::new(), unknown: Vec::new(), axis: None });
            }
            if let Some(along) = known.iter().find(|along| along.text == *text) {
                let unknown = along.typed.missing.clone();
                return Ok(Read { text: text.clone(), unknown, axis: Some(Ok(along.clone())) });
            }
            let (unknown, axis) = match Typed::read(text, &lexicon) {
                Ok(typed) => {
                    let along = Along::of(space, text, typed, &asked, control)?;
                    (along.typed.missing.clone(), Ok(Arc::new(along)))
                }
                Err(error) => (Typed::unknown(text, &lexicon), Err(error.to_string())),
            };
            Ok(Read { text: text.clone(), unknown, axis: Some(axis) })
        };
        let axes = asked.typed.iter().map(read).collect::<Result<_>>()?;
        Ok(Self { asked, axes })
    }

    /// The axes that could be read.
    pub fn good(&self) -> impl Iterator<Item = &Arc<Along>> {
        self.axes.iter().filter_map(|read| read.axis.as_ref()?.as_ref().ok())
    }
}

impl Along {
    fn of(space: &Space, text: &str, typed: Typed, asked: &Asked, control: &Control) -> Result<Self> {
        let (words, rows) = (&space.vectors.words, &space.vectors.rows);
        let places = typed.axis.places(rows, control)?;
        let first = &places[..asked.first];
        let mut order: Vec<u32> = (0..first.len() as u32).filter(|&i| first[i as usize].is_finite()).collect();
        order.sort_unstable_by(|&i, &j| first[i as usize].total_cmp(&first[j as usize]).then(i.cmp(&j)));
        let (chance, without) = match &typed.poles {
            None => (None, Vec::new()),
            Some(poles) => {
                let among: Vec<usize> = (0..first.len()).collect();
                // A space of few words has no random axes: then there is nothing to say.
                let chance = match Chance::of(rows, poles, &among, DRAWS, asked.seed, control) {
                    Err(error) if error.is_stopped() => return Err(error),
                    chance => chance.ok(),
                };
                (chance, poles.names(words).into_iter().zip(stability(rows, poles)?).collect())
            }
        };
        let ranks: Vec<f64> = (1..=first.len()).map(|rank| rank as f64).collect();
        let mut along = Self {
            text: text.to_owned(),
            names: Typed::ends(text),
            ends: Ends::of(first, ENDS.min(order.len() / 2).max(1)),
            with_rank: with_log(first, &ranks).map(|both| both.spearman),
            bins: vec![0; BINS],
            typed,
            order,
            chance,
            without,
            places,
        };
        if let Some([low, high]) = along.range() {
            for &row in &along.order {
                let share = (along.places[row as usize] - low) / (high - low).max(f32::MIN_POSITIVE);
                along.bins[((share * BINS as f32) as usize).min(BINS - 1)] += 1;
            }
        }
        Ok(along)
    }

    /// The axis itself.
    pub fn axis(&self) -> &Axis {
        &self.typed.axis
    }

    /// Where the outermost words lie; nothing where no word has a place.
    pub fn range(&self) -> Option<[f32; 2]> {
        let place = |row: &u32| self.places[*row as usize];
        Some([place(self.order.first()?), place(self.order.last()?)])
    }

    /// The most frequent word between two places, or the one that is nearest to their middle.
    pub fn at(&self, low: f32, high: f32) -> Option<usize> {
        let place = |row: &u32| self.places[*row as usize];
        let from = self.order.partition_point(|row| place(row) < low);
        let to = self.order.partition_point(|row| place(row) <= high);
        let middle = f32::midpoint(low, high);
        let beside = || self.order[from.saturating_sub(1)..(from + 1).min(self.order.len())].iter();
        let found = match self.order.get(from..to).filter(|between| !between.is_empty()) {
            Some(between) => between.iter().min(),
            None => beside().min_by(|a, b| (place(a) - middle).abs().total_cmp(&(place(b) - middle).abs())),
        };
        found.map(|&row| row as usize)
    }

    /// Where a vector lies along the axis; nothing of one without a direction.
    pub fn place_of(&self, vector: &[f32]) -> Option<f32> {
        let length = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        let along: f64 = vector.iter().zip(&self.axis().direction).map(|(x, d)| f64::from(*x) * d).sum();
        Some((along / length) as f32).filter(|place| place.is_finite())
    }
}
