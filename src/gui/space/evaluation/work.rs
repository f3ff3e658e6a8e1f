//! Holding spaces against a set of pairs or questions, away from the frame.

use super::super::side::Tab;
use super::super::{Made, Space};
use crate::analysis::space::analogy::Method;
use crate::analysis::space::evaluate::{How, PairScore, SectionScore, Set};
use crate::analysis::space::neighbours::{Index, Metric};
use crate::engine::{Engine, Slot};
use crate::error::{Error, Result};
use crate::gui::made;
use crate::gui::state::State;
use crate::gui::update::submit;
use crate::trace::Control;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Pairs that are listed.
const LISTED: usize = 8;

/// What a person chose about evaluations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// The file of pairs or questions; empty where there is none.
    pub path: String,
    /// Only so many words from the beginning are known.
    pub known: usize,
    /// Whether upper and lower case are the same.
    pub fold: bool,
    /// Whether an unknown word makes a pair unlike and a question wrong.
    pub wrong: bool,
    /// Whether questions are answered by products of cosines.
    pub product: bool,
}

impl Default for Chosen {
    fn default() -> Self {
        let How { limit, fold, unknown_is_wrong } = How::default();
        Self { path: String::new(), known: limit, fold, wrong: unknown_is_wrong, product: false }
    }
}

impl Chosen {
    /// The same with every number inside its range.
    pub fn checked(self) -> Self {
        Self { known: self.known.max(1), ..self }
    }

    fn how(&self) -> How {
        How { limit: self.known, fold: self.fold, unknown_is_wrong: self.wrong }
    }

    fn method(&self) -> Method {
        if self.product { Method::CosMul } else { Method::CosAdd }
    }
}

/// What is asked: of which space, by which choices.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    space: u64,
    chosen: Chosen,
    /// When the file was last written, so that another one of the same name is read again.
    turn: u64,
}

/// How a space did.
#[derive(Debug)]
pub enum Score {
    /// On pairs.
    Pairs(PairScore),
    /// On questions, by section, with the sum at the end.
    Questions(Vec<SectionScore>),
}

/// A score that is known.
#[derive(Debug, Clone)]
pub struct Known {
    key: Key,
    /// How the space did.
    pub score: Arc<Score>,
}

/// What came of an evaluation.
#[derive(Debug)]
pub struct Outcome {
    key: Key,
    /// What the file is called.
    pub name: String,
    /// How many lines were left out, and the first of them.
    pub skipped: (usize, usize),
    /// How the shown space did.
    pub now: Known,
    /// How the vectors did as they were opened, where the shown ones are cured.
    pub before: Option<Known>,
    /// Of pairs the places in the list of those whose ranks differ most, the farthest first.
    pub outliers: Vec<usize>,
    /// Of pairs the line of equal ranks: the numbers of people and of the space, each in order.
    pub line: Vec<[f64; 2]>,
}

/// What is kept of evaluations.
#[derive(Debug, Default)]
pub struct Tested {
    /// What came of the last one.
    pub outcome: Option<Arc<Outcome>>,
    asked: Option<Key>,
    /// Why the last one failed.
    pub failed: Option<String>,
    /// Counts how often a file was opened.
    turn: u64,
}

impl Tested {
    /// Takes in what came of an evaluation.
    pub fn arrive(&mut self, outcome: Arc<Outcome>) {
        (self.outcome, self.failed) = (Some(outcome), None);
    }

    /// Something went wrong.
    pub fn failed(&mut self, error: &Error) {
        let remedy = error.remedy().map(|remedy| format!(" {remedy}"));
        self.failed = Some(format!("{error}{}", remedy.unwrap_or_default()));
    }

    /// Asks again, also where nothing else is asked.
    pub fn again(&mut self) {
        self.turn += 1;
    }

    /// Whether what is shown is of this space.
    pub fn is_of(&self, space: u64) -> bool {
        self.outcome.as_ref().is_some_and(|outcome| outcome.key.space == space)
    }

    /// Whether what is shown answers what was asked last.
    pub fn is_new(&self) -> bool {
        self.outcome.as_ref().is_some_and(|outcome| Some(&outcome.key) == self.asked.as_ref())
    }
}

/// Evaluates the shown space where the panel is open and something about it is another.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let chosen = state.scene.space.test.clone();
    if state.scene.space.tab != Tab::Test || chosen.path.is_empty() {
        return;
    }
    let key = Key { space: space.id, chosen, turn: state.space.test.turn };
    if state.space.test.asked.as_ref() == Some(&key) {
        return;
    }
    (state.space.test.asked, state.space.test.failed) = (Some(key.clone()), None);
    let opened = state.space.cured.opened.clone().filter(|opened| opened.id != space.id);
    let last = state.space.test.outcome.clone();
    let space = space.clone();
    submit(state, engine, Slot::Test, "evaluating the vectors", move |control| {
        let outcome = Outcome::of(&space, opened.as_deref(), key, last.as_deref(), control)?;
        Ok(made::Made::Space(Made::Test(super::Made::Outcome(Arc::new(outcome)))))
    });
}

impl Outcome {
    fn of(space: &Space, opened: Option<&Space>, key: Key, last: Option<&Self>, control: &Control) -> Result<Self> {
        let path = PathBuf::from(&key.chosen.path);
        let set = Set::read(&path)?;
        let known = |space: &Space| -> Result<Known> {
            let key = Key { space: space.id, ..key.clone() };
            let mut all = last.iter().flat_map(|last| [Some(&last.now), last.before.as_ref()]).flatten();
            match all.find(|known| known.key == key) {
                Some(known) => Ok(known.clone()),
                None => Ok(Known { score: Arc::new(Score::of(&set, space, &key.chosen, control)?), key }),
            }
        };
        let before = opened.map(known).transpose()?;
        let now = known(space)?;
        let (outliers, line) = match &*now.score {
            Score::Pairs(score) => (outliers(score), line(score)),
            Score::Questions(_) => Default::default(),
        };
        let skipped = (set.skipped().len(), set.skipped().first().copied().unwrap_or(0));
        Ok(Self { key, name: name_of(&path), skipped, now, before, outliers, line })
    }

    /// Whether the cured vectors are held against the opened ones.
    pub fn before(&self) -> Option<&Score> {
        self.before.as_ref().map(|known| &*known.score)
    }
}

/// What a file is called.
pub fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

impl Score {
    fn of(set: &Set, space: &Space, chosen: &Chosen, control: &Control) -> Result<Self> {
        let vectors = &space.vectors;
        match set {
            Set::Pairs(pairs) => Ok(Self::Pairs(pairs.score(&vectors.words, &vectors.rows, chosen.how())?)),
            Set::Questions(questions) => {
                let index = Index::with(&vectors.rows, Metric::Cosine, space.lengths.clone());
                let (method, how) = (chosen.method(), chosen.how());
                let mut sections = questions.score(&vectors.words, &index, method, how, control)?;
                sections.push(SectionScore::sum(&sections));
                Ok(Self::Questions(sections))
            }
        }
    }
}

/// The places of the pairs whose ranks differ most.
fn outliers(score: &PairScore) -> Vec<usize> {
    let gap = |i: &usize| score.points[*i].gap.abs();
    let mut order: Vec<usize> = (0..score.points.len()).filter(|i| gap(i) > 0.0).collect();
    order.sort_by(|a, b| gap(b).total_cmp(&gap(a)).then(a.cmp(b)));
    order.truncate(LISTED);
    order
}

/// The numbers of people and of the space, each in order: where a pair lies on this line its ranks are equal.
fn line(score: &PairScore) -> Vec<[f64; 2]> {
    let sorted = |of: fn(&crate::analysis::space::evaluate::Point) -> f64| {
        let mut values: Vec<f64> = score.points.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    sorted(|p| p.gold).into_iter().zip(sorted(|p| p.model)).map(|(gold, model)| [gold, model]).collect()
}
