//! What is near to what was asked, in three spaces.

use super::camera::Place;
use super::laid::Laid;
use super::{Chosen, Made, NEAR, Space};
use crate::analysis::space::cures::Cure;
use crate::analysis::space::formula::{Fault, Formula, Kind};
use crate::analysis::space::lexicon::Lexicon;
use crate::analysis::space::neighbours::{Index, Metric, Near};
use crate::engine::{Engine, Slot};
use crate::error::Result;
use crate::gui::made;
use crate::gui::state::State;
use crate::gui::update::{halt, submit};
use crate::rows::Rows;
use crate::source::vectors::Shares;
use crate::trace::Control;
use std::sync::{Arc, PoisonError};

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    space: u64,
    map: Option<u64>,
    formula: String,
    row: Option<usize>,
    metric: Metric,
    inputs: bool,
}

/// What is near to it.
#[derive(Debug)]
pub struct Answer {
    /// What was asked.
    pub asked: Asked,
    /// What is wrong with the formula; then there is nothing else.
    pub fault: Option<Fault>,
    /// The row that was asked about, where it is a word and nothing more.
    pub row: Option<usize>,
    /// The rows of the words of the formula.
    pub inputs: Vec<usize>,
    /// The vector.
    pub vector: Vec<f32>,
    /// Neighbours among the vectors as they are.
    pub raw: Vec<Near>,
    /// Neighbours by angle after the mean is taken away; none where that takes too much memory.
    pub centred: Option<Vec<Near>>,
    /// Rows that are near on the map, where the asked one has a point.
    pub map: Vec<usize>,
    /// The parts of a word that are known, with how much of its vector each has.
    pub shares: Option<Shares>,
    /// Where the map has what is no row of it, and whether that is only a mean of what is near.
    pub place: Option<(Place, bool)>,
}

/// A word as a formula has it: in quotes where it would not be read as one word.
pub fn quoted(word: &str) -> String {
    let is_plain = Formula::parse(word).is_ok_and(|f| f.words().iter().map(|(w, _)| *w).eq([word]));
    if is_plain { word.to_owned() } else { format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")) }
}

/// Asks for neighbours where the question is another.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let chosen: &Chosen = &state.scene.space;
    let laid = state.space.laid.clone().filter(|laid| laid.question.space == space.id);
    let asked = Asked {
        space: space.id,
        map: laid.as_ref().map(|laid| laid.id),
        formula: chosen.formula.trim().to_owned(),
        row: chosen.row,
        metric: chosen.metric,
        inputs: chosen.inputs,
    };
    if state.space.asked_near.as_ref() == Some(&asked) {
        return;
    }
    state.space.asked_near = Some(asked.clone());
    if asked.formula.is_empty() {
        halt(state, engine, Slot::Near);
        (state.space.answer, state.space.fault) = (None, None);
        return;
    }
    let (space, budget) = (space.clone(), state.settings.budget());
    submit(state, engine, Slot::Near, "finding neighbours", move |control| {
        Ok(made::Made::Space(Made::Near(Arc::new(Answer::of(&space, laid.as_deref(), asked, budget, control)?))))
    });
}

impl Answer {
    fn of(space: &Space, laid: Option<&Laid>, asked: Asked, budget: u64, control: &Control) -> Result<Self> {
        let vectors = &space.vectors;
        let make = |word: &str| vectors.subwords.as_ref().and_then(|parts| parts.vector(word.as_bytes()));
        let unit = asked.metric == Metric::Cosine;
        let lexicon = Lexicon { words: &vectors.words, rows: &vectors.rows, make: Some(&make), unit };
        let value = match asked.row {
            Some(row) if row < vectors.rows.len() => Ok((vectors.rows.row(row).to_vec(), vec![row])),
            _ => Formula::parse(&asked.formula).and_then(|f| f.value(&lexicon)).map(|v| (v.vector, v.inputs)),
        };
        let (vector, inputs) = match value {
            Ok(value) => value,
            Err(fault) => return Ok(Self::failed(asked, fault)),
        };
        let parsed = Formula::parse(&asked.formula).ok();
        let is_word = parsed.as_ref().is_some_and(|f| matches!(f.root.kind, Kind::Word(_)));
        let row = asked.row.or_else(|| inputs.first().copied().filter(|_| is_word));
        let keep = |i: usize| asked.inputs || !inputs.contains(&i);
        let index = Index::with(&vectors.rows, asked.metric, space.lengths.clone());
        let is_placed = vector.iter().all(|x| x.is_finite()) && (!unit || vector.iter().any(|x| *x != 0.0));
        if !is_placed {
            let what = "it comes to nothing: a vector of zeros has no neighbours".to_owned();
            return Ok(Self::failed(asked.clone(), Fault { at: 0..asked.formula.len(), what, offers: Vec::new() }));
        }
        let raw = index.nearest(&vector, NEAR, Some(&keep), control)?;
        let centred = centred(space, budget, control)?.map(|(rows, mean)| -> Result<Vec<Near>> {
            let query: Vec<f32> = match row {
                Some(row) => rows.row(row).to_vec(),
                None => vector.iter().zip(mean.iter()).map(|(x, m)| x - m).collect(),
            };
            if query.iter().all(|x| *x == 0.0) {
                return Ok(Vec::new());
            }
            Index::new(&rows, Metric::Cosine).nearest(&query, NEAR, Some(&keep), control)
        });
        let point = laid.and_then(|laid| Some((laid, laid.point(row?)?)));
        let map = point.map_or_else(Vec::new, |(laid, point)| {
            let found = laid.tree.nearest_to(point, laid.places[point], NEAR + inputs.len());
            found.into_iter().map(|f| laid.row(f.row)).filter(|&row| keep(row)).take(NEAR).collect()
        });
        let shares = parsed.as_ref().filter(|_| is_word).and_then(|formula| {
            let parts = vectors.subwords.as_ref()?;
            match row {
                Some(row) => parts.shares(vectors.words.bytes_of(row), Some(vectors.rows.row(row))),
                None => parts.shares(formula.words().first()?.0.as_bytes(), None),
            }
        });
        let place = match laid.filter(|_| point.is_none()) {
            Some(laid) => {
                // Whatever near means in the lists, places are weighted by cosines.
                let cosine = Index::with(&vectors.rows, Metric::Cosine, space.lengths.clone());
                let weighted: Vec<(usize, f32)> = raw.iter().map(|n| (n.row, cosine.score(&vector, n.row))).collect();
                // Components are of vectors as they are, not of directions.
                let lexicon = Lexicon { unit: false, ..lexicon };
                let plain = parsed.as_ref().filter(|_| asked.row.is_none()).and_then(|f| f.value(&lexicon).ok());
                laid.place_of(plain.as_ref().map_or(&vector, |value| &value.vector), &weighted, control)?
            }
            None => None,
        };
        Ok(Self { fault: None, row, inputs, vector, raw, centred: centred.transpose()?, map, shares, place, asked })
    }

    /// The same question in another space, whose vectors are not centred for it; `row` is the asked row there, where it
    /// is known.
    pub fn beside(&self, space: &Space, row: Option<usize>, control: &Control) -> Result<Self> {
        Self::of(space, None, Asked { space: space.id, map: None, row, ..self.asked.clone() }, 0, control)
    }

    fn failed(asked: Asked, fault: Fault) -> Self {
        let (inputs, vector, raw, map) = Default::default();
        let (row, centred, shares, place) = (None, None, None, None);
        Self { asked, fault: Some(fault), row, inputs, vector, raw, centred, map, shares, place }
    }

    /// Rows whose points are joined with the asked one.
    pub fn joined(&self) -> impl Iterator<Item = usize> {
        self.raw.iter().map(|near| near.row)
    }
}

/// Vectors without their mean, and the mean.
pub(super) type Centred = (Arc<Rows>, Arc<Vec<f32>>);

/// The vectors less their mean, made once for the space that is open; none where they would not fit the budget.
fn centred(space: &Space, budget: u64, control: &Control) -> Result<Option<Centred>> {
    let mut known = space.centred.lock().unwrap_or_else(PoisonError::into_inner);
    if known.is_some() {
        return Ok(known.clone());
    }
    let rows = &space.vectors.rows;
    if rows.bytes() > budget || rows.is_empty() {
        return Ok(None);
    }
    let made = Cure::Centre.of(rows, control)?;
    // What was taken away is the same everywhere: one row that is finite tells it.
    let whole = (0..rows.len()).find(|&i| rows.row(i).iter().all(|x| x.is_finite()));
    let mean = whole.map_or_else(Vec::new, |i| rows.row(i).iter().zip(made.row(i)).map(|(x, c)| x - c).collect());
    let centred = (Arc::new(made), Arc::new(mean));
    *known = Some(centred);
    Ok(known.clone())
}

/// Asks for the nearest rows of the one under the pointer.
pub fn hover(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let (over, metric) = (state.space.over, state.scene.space.metric);
    if state.space.asked_hover == over {
        return;
    }
    state.space.asked_hover = over;
    let Some(row) = over else { return };
    let space = space.clone();
    submit(state, engine, Slot::Hover, "finding neighbours", move |control| {
        let index = Index::with(&space.vectors.rows, metric, space.lengths.clone());
        let near = if index.is_placed(row) {
            index.nearest(space.vectors.rows.row(row), NEAR, Some(&|i| i != row), control)?
        } else {
            Vec::new()
        };
        Ok(made::Made::Space(Made::Hover(row, near.into_iter().map(|n| n.row).collect())))
    });
}

impl Asked {
    /// What near means.
    pub fn metric(&self) -> Metric {
        self.metric
    }
}
