//! Examining the shown space, away from the frame.

use super::super::{Made, Space};
use crate::analysis::space::doctor::{Findings, Hubs, examine, frequency};
use crate::engine::{Engine, Slot};
use crate::error::{Error, Result};
use crate::gui::made;
use crate::gui::space::side::Tab;
use crate::gui::state::State;
use crate::gui::update::submit;
use crate::trace::Control;
use std::sync::Arc;

/// Words of a list that are shown.
pub const SHOWN: usize = 8;
/// Points of the scatter.
const POINTS: usize = 1500;

/// Rows with what they are called.
pub type Named = Vec<(usize, String)>;

/// What was found about a space, as the panel shows it.
#[derive(Debug)]
pub struct Report {
    /// The [`Space::id`].
    pub space: u64,
    /// What was found.
    pub findings: Findings,
    /// What lengths are held against: the name of a column, or nothing where it is the rank.
    pub against: Option<String>,
    /// Length against frequency or rank, both from 0 to 1, the latter on a logarithmic scale.
    pub points: Vec<[f32; 2]>,
    /// The ends of both scales: of the measure, of the length.
    pub ends: [[f32; 2]; 2],
    /// The words in the most lists, with in how many.
    pub hubs: Vec<(usize, String, u32)>,
    /// How many words are in no list, and the first of them.
    pub nobodys: (usize, Named),
    /// Groups of words with one vector: the first words of the first groups.
    pub equal: Vec<Named>,
    /// The first words with zeros only.
    pub zeros: Named,
    /// The first words with a value that is not finite.
    pub broken: Named,
}

/// What is kept of examinations.
#[derive(Debug, Default)]
pub struct Examined {
    /// What was found last.
    pub now: Option<Arc<Report>>,
    /// What was found about the vectors as they were opened.
    pub before: Option<Arc<Report>>,
    /// The space that was asked about.
    pub asked: Option<u64>,
    /// Why that failed.
    pub failed: Option<String>,
}

impl Examined {
    /// Takes in what was found.
    pub fn arrive(&mut self, report: Arc<Report>, opened: Option<u64>) {
        if opened == Some(report.space) {
            self.before = Some(report.clone());
        }
        (self.now, self.failed) = (Some(report), None);
    }

    /// Something went wrong.
    pub fn failed(&mut self, error: &Error) {
        self.failed = Some(error.to_string());
    }

    /// What is shown again is known already.
    fn recall(&mut self, space: u64) -> bool {
        if self.now.as_ref().is_none_or(|now| now.space != space)
            && let Some(before) = self.before.clone().filter(|before| before.space == space)
        {
            self.now = Some(before);
        }
        self.now.as_ref().is_some_and(|now| now.space == space)
    }
}

/// Examines the shown space where the panel is open and it is another one.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let is_open = state.scene.space.tab == Tab::Doctor;
    let examined = &mut state.space.doctor;
    if !is_open || examined.recall(space.id) || examined.asked == Some(space.id) {
        return;
    }
    (examined.asked, examined.failed) = (Some(space.id), None);
    let space = space.clone();
    submit(state, engine, Slot::Doctor, "examining the space", move |control| {
        Ok(made::Made::Space(Made::Doctor(Arc::new(Report::of(&space, control)?))))
    });
}

impl Report {
    fn of(space: &Space, control: &Control) -> Result<Self> {
        let vectors = &space.vectors;
        let (against, measure) = frequency(&vectors.columns, vectors.rows.len());
        let findings = examine(&vectors.rows, Some(&measure), 0, control)?;
        let name = |row: usize| vectors.words.get(row).into_owned();
        let named = |rows: &[usize]| -> Named { rows.iter().take(SHOWN).map(|&row| (row, name(row))).collect() };
        let (points, ends) = scatter(&measure, &findings.lengths);
        let hubs = findings.hubs.as_ref().map(|hubs| hubs.most(SHOWN)).unwrap_or_default();
        let nobodys = findings.hubs.as_ref().map(Hubs::nobodys).unwrap_or_default();
        Ok(Self {
            space: space.id,
            against: against.map(ToOwned::to_owned),
            points,
            ends,
            hubs: hubs.into_iter().map(|(row, lists)| (row, name(row), lists)).collect(),
            nobodys: (nobodys.len(), named(&nobodys)),
            equal: findings.equal.iter().take(SHOWN).map(|group| named(group)).collect(),
            zeros: named(&findings.zeros),
            broken: named(&findings.not_finite),
            findings,
        })
    }
}

/// Points between 0 and 1, spread evenly over the rows, and the ends of the scales.
fn scatter(measure: &[f64], lengths: &[f32]) -> (Vec<[f32; 2]>, [[f32; 2]; 2]) {
    let both = measure.iter().zip(lengths).map(|(m, l)| [*m as f32, *l]);
    let whole: Vec<[f32; 2]> = both.filter(|[m, l]| *m > 0.0 && m.is_finite() && l.is_finite()).collect();
    let end = |k: usize| {
        let values = || whole.iter().map(|point| point[k]);
        [values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max)]
    };
    if whole.is_empty() {
        return (Vec::new(), [[0.0; 2]; 2]);
    }
    let ends = [end(0), end(1)];
    let share = |x: f32, low: f32, high: f32| if high > low { (x - low) / (high - low) } else { 0.5 };
    let step = whole.len().div_ceil(POINTS);
    let place = |[m, l]: &[f32; 2]| {
        let [[m0, m1], [l0, l1]] = ends;
        [share(m.ln(), m0.ln(), m1.ln()), share(*l, l0, l1)]
    };
    (whole.iter().step_by(step).map(place).collect(), ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_lie_between_the_ends_of_their_scales() {
        let (points, ends) = scatter(&[1.0, 10.0, 100.0, 0.0, 5.0], &[2.0, 4.0, 3.0, 9.0, f32::NAN]);
        assert_eq!(ends, [[1.0, 100.0], [2.0, 4.0]]);
        for (found, wanted) in points.iter().zip([[0.0, 0.0], [0.5, 1.0], [1.0, 0.5]]) {
            assert!(found.iter().zip(wanted).all(|(f, w)| (f - w).abs() < 1e-6), "{points:?}");
        }
        assert_eq!(points.len(), 3);
        assert_eq!(scatter(&[], &[]).0.len(), 0);
        let many = vec![1.0; 10_000];
        assert!(scatter(&many, &vec![1.0; 10_000]).0.iter().all(|p| *p == [0.5, 0.5]));
    }
}
