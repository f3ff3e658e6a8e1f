//! Every head in a row: its measures on a text or over a corpus, and a label where it has earned one.
//!
//! Over a corpus a number is the mean over the sentences that have it, and its interval comes from resampling sentences.
//!
//! Labels, the first that applies; "more than half" is the lower end of the interval over a corpus, and on a text the
//! number itself, of at least three rows:
//!
//! * `obj head->dependent`: a dependency relation, as [`Answers::earned`] has it, which is never `punct`;
//! * `sink`: more than nine tenths rest on the sink;
//! * `previous token`, `next token`, `offset +2`: more than half of what the sink leaves lies at one place;
//! * `same token`, `induction`, `self`, `punctuation`: more than half of it follows that;
//! * `broad`: what the sink leaves is spread over nine tenths as evenly as it could be.

use super::bootstrap::{Draws, Interval, UNITS, Work};
use super::evidence::{Edges, Evidence, Field};
use super::measures::{COLUMNS, Measure, Measures, OFFSETS, Setting};
use super::relations::{Answers, Direction, Earned, Lift, Questions};
use crate::engine::Run;
use crate::error::Result;
use crate::source::corpus::Word;
use crate::text::Tokens;
use crate::trace::Control;
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is more than this follows a habit.
const HALF: f64 = 0.5;

/// What is more than this is nearly all.
const NEARLY_ALL: f64 = 0.9;

/// On fewer rows nothing is labelled.
const FEWEST: u32 = 3;

/// One head.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The layer.
    pub layer: usize,
    /// The head.
    pub head: usize,
    /// Its numbers. Counts are of rows of attention on a text, of sentences over a corpus.
    pub measures: Measures,
    /// Where they lie, by column; empty on a text.
    pub intervals: Vec<Option<Interval>>,
    /// What it does, where that is earned; empty otherwise.
    pub label: String,
    /// What the label is earned by, where it is a relation.
    pub earned: Option<Earned>,
}

impl Row {
    /// Where a measure lies; `None` on a text.
    pub fn interval(&self, measure: Measure) -> Option<Interval> {
        self.intervals.get(measure as usize).copied().flatten()
    }

    /// The value that a threshold is compared with.
    fn sure(&self, column: usize) -> Option<f64> {
        let (value, count) = (self.measures.values[column], self.measures.counts[column]);
        let value = match self.intervals.get(column) {
            Some(interval) => interval.map(|i| i.low),
            None => Some(value),
        };
        value.filter(|v| v.is_finite() && count >= FEWEST)
    }

    /// The label of a head that has earned no relation.
    fn habit(&self) -> String {
        let is_above = |measure: Measure, least: f64| self.sure(measure as usize).is_some_and(|v| v > least);
        let habits = [
            (Measure::SinkShare, NEARLY_ALL, "sink"),
            (Measure::Previous, HALF, "previous token"),
            (Measure::Next, HALF, "next token"),
        ];
        let found = |list: &[(Measure, f64, &str)]| {
            list.iter().find(|(measure, least, _)| is_above(*measure, *least)).map(|(.., label)| (*label).to_owned())
        };
        let offset = || {
            let far = OFFSETS.iter().enumerate();
            let mut far = far.filter(|(i, _)| self.sure(Measure::ALL.len() + i).is_some_and(|v| v > HALF));
            far.next().map(|(_, offset)| format!("offset {offset:+}"))
        };
        let others = [
            (Measure::SameToken, HALF, "same token"),
            (Measure::Induction, HALF, "induction"),
            (Measure::Itself, HALF, "self"),
            (Measure::Punctuation, HALF, "punctuation"),
            (Measure::Evenness, NEARLY_ALL, "broad"),
        ];
        found(&habits).or_else(offset).or_else(|| found(&others)).unwrap_or_default()
    }
}

/// Every head of a model.
#[derive(Debug, Clone)]
pub struct Table {
    /// Heads in order, layer by layer.
    pub rows: Vec<Row>,
    /// How many rows of attention the numbers are of on a text, how many sentences over a corpus.
    pub n: usize,
    /// Whether it is of a corpus.
    pub is_corpus: bool,
    /// The names of relations; none without a treebank.
    pub relations: Vec<String>,
    /// Every head with every relation in both directions, heads in order within each; none without a treebank.
    pub lifts: Vec<Lift>,
    /// How many sentences the relations are of.
    pub aligned: usize,
    /// How many words of the treebank depend on another.
    pub links: usize,
    /// Of these links, how many have a word that is not made of whole tokens: they have no part in relations.
    pub lost: usize,
    /// Edges of every head.
    pub evidence: Evidence,
}

impl Table {
    /// The heads on one text: the numbers without intervals.
    pub fn of_run(run: &Run, control: &Control) -> Result<Self> {
        Ok(Self::of_part(Part::of(0, run, &[], control)?, run.card.heads))
    }

    /// The heads of the only text there is, in layers of `heads`.
    pub fn of_part(part: Part, heads: usize) -> Self {
        let rows = part.measures.iter().enumerate().map(|(i, measures)| {
            let (layer, head) = (i / heads.max(1), i % heads.max(1));
            let (label, earned) = Default::default();
            let mut row = Row { layer, head, measures: *measures, intervals: Vec::new(), label, earned };
            row.label = row.habit();
            row
        });
        let rows: Vec<Row> = rows.collect();
        let mut evidence = Evidence::new(rows.len());
        evidence.add(0, &part.tokens, part.weights, part.edges);
        let (relations, lifts) = Default::default();
        Self { rows, n: part.own, is_corpus: false, relations, lifts, aligned: 0, links: 0, lost: 0, evidence }
    }

    /// A head's row.
    pub fn row(&self, layer: usize, head: usize) -> Option<&Row> {
        self.rows.iter().find(|row| (row.layer, row.head) == (layer, head))
    }

    /// What is known of a head's relations.
    pub fn lifts_of(&self, layer: usize, head: usize) -> Vec<&Lift> {
        let number = self.rows.iter().position(|row| (row.layer, row.head) == (layer, head));
        self.lifts.iter().filter(|lift| Some(lift.head) == number).collect()
    }

    /// How every head does at one relation, in the order of the rows; `None` where nothing asks for it.
    pub fn lifts_at(&self, relation: &str, direction: Direction) -> Option<&[Lift]> {
        let mut lists = self.lifts.chunks_exact(self.rows.len().max(1));
        lists.find(|list| (self.relations[list[0].relation].as_str(), list[0].direction) == (relation, direction))
    }
}

/// What is to be known of one sentence.
#[derive(Debug, Clone)]
pub struct Part {
    measures: Vec<Measures>,
    /// Questions and the answers of each head; `None` of a plain text.
    answers: Option<(Questions, Vec<Vec<bool>>)>,
    edges: Vec<Edges>,
    /// How many weights are edges, and how many are none.
    weights: (u64, u64),
    tokens: Arc<Tokens>,
    /// How many tokens are no part of the sink.
    own: usize,
}

impl Part {
    /// Looks at all heads of a run on a sentence, whose words are those of a treebank or none. `sentence` numbers it.
    pub fn of(sentence: usize, run: &Run, words: &[Word], control: &Control) -> Result<Self> {
        let heads = (0..run.card.layers).flat_map(|l| (0..run.card.heads).map(move |h| run.head(l, h)));
        Self::of_heads(sentence, &run.tokens, run.card.is_causal(), words, &heads.collect::<Vec<_>>(), control)
    }

    /// The same of weights wherever they come from: for each head row-major `[query, key]`. In a `causal` model tokens see
    /// earlier ones only.
    pub fn of_heads(
        sentence: usize,
        tokens: &Tokens,
        causal: bool,
        words: &[Word],
        heads: &[&[f32]],
        control: &Control,
    ) -> Result<Self> {
        let setting = Setting::new(tokens, causal);
        let questions = (!words.is_empty()).then(|| Questions::of(tokens, words, causal));
        let field = Field::new(sentence, &setting, tokens.len());
        let done = AtomicU64::new(0);
        let look = |(head, weights): (usize, &&[f32])| {
            control.check()?;
            let answers = questions.as_ref().map(|q| q.answers(weights)).unwrap_or_default();
            let found = (setting.measure(weights), answers, field.look(head, weights));
            control.report("Measuring heads", done.fetch_add(1, Ordering::Relaxed) + 1, heads.len() as u64);
            Ok(found)
        };
        let found: Vec<_> = heads.par_iter().enumerate().map(look).collect::<Result<_>>()?;
        let (mut measures, mut answers, mut edges) = (Vec::new(), Vec::new(), Vec::new());
        for (measured, answered, looked) in found {
            measures.push(measured);
            answers.push(answered);
            edges.push(looked);
        }
        let weights = (field.edges, field.others);
        let own = (0..tokens.len()).filter(|&i| !setting.is_sink(i)).count();
        let answers = questions.map(|questions| (questions, answers));
        Ok(Self { measures, answers, edges, weights, tokens: Arc::new(tokens.clone()), own })
    }
}

/// Gathers the heads' numbers sentence by sentence, in a space that does not grow with the corpus.
#[derive(Debug)]
pub struct Tally {
    /// Layers and heads.
    shape: (usize, usize),
    sentences: usize,
    /// Sums of values and how many there are, by unit of resampling, row-major `[unit, head, column]`.
    tops: Vec<f32>,
    bottoms: Vec<f32>,
    totals: Vec<f64>,
    counts: Vec<u32>,
    relations: Vec<String>,
    answers: Answers,
    links: usize,
    lost: usize,
    evidence: Evidence,
}

impl Tally {
    /// Nothing seen yet of `layers` of `heads`, in a corpus with these dependency relations.
    pub fn new(layers: usize, heads: usize, relations: &[String]) -> Self {
        let cells = layers * heads * COLUMNS;
        Self {
            shape: (layers, heads),
            sentences: 0,
            tops: Vec::new(),
            bottoms: Vec::new(),
            totals: vec![0.0; cells],
            counts: vec![0; cells],
            relations: relations.to_vec(),
            answers: Answers::new(layers * heads, relations),
            links: 0,
            lost: 0,
            evidence: Evidence::new(layers * heads),
        }
    }

    /// Takes in the sentence that `sentence` numbers. Sentences come in order.
    pub fn add(&mut self, sentence: usize, part: Part) {
        let cells = self.totals.len();
        let first = self.sentences % UNITS * cells;
        if first >= self.tops.len() {
            self.tops.resize(first + cells, 0.0);
            self.bottoms.resize(first + cells, 0.0);
        }
        self.sentences += 1;
        for (i, value) in part.measures.iter().flat_map(|m| m.values).enumerate().filter(|(_, v)| v.is_finite()) {
            self.tops[first + i] += value as f32;
            self.bottoms[first + i] += 1.0;
            self.totals[i] += value;
            self.counts[i] += 1;
        }
        if let Some((questions, answers)) = part.answers {
            self.links += questions.links;
            self.lost += questions.lost;
            self.answers.add(&questions, &answers);
        }
        self.evidence.add(sentence, &part.tokens, part.weights, part.edges);
    }

    /// The table.
    pub fn finish(self, control: &Control) -> Result<Table> {
        let work = Work::new(control, 1 + self.answers.calls());
        let units = self.sentences.min(UNITS);
        let rows: Vec<usize> = (0..units).collect();
        let intervals = Draws::new(units).ratios(&rows, self.totals.len(), &self.tops, &self.bottoms, &work)?;
        let lifts = self.answers.lifts(&work)?;
        let earned = self.answers.earned();
        let row = |i: usize| {
            let cells = i * COLUMNS..(i + 1) * COLUMNS;
            let mut measures = Measures { values: [f64::NAN; COLUMNS], counts: [0; COLUMNS] };
            measures.counts.copy_from_slice(&self.counts[cells.clone()]);
            for (value, (total, &count)) in
                measures.values.iter_mut().zip(self.totals[cells.clone()].iter().zip(&measures.counts))
            {
                *value = total / f64::from(count);
            }
            let (layer, head) = (i / self.shape.1, i % self.shape.1);
            let (intervals, earned) = (intervals[cells].to_vec(), earned[i]);
            let mut row = Row { layer, head, measures, intervals, label: String::new(), earned };
            row.label = match earned {
                Some(earned) => format!("{} {}", self.relations[earned.relation], earned.direction.name()),
                None => row.habit(),
            };
            row
        };
        Ok(Table {
            rows: (0..self.shape.0 * self.shape.1).map(row).collect(),
            n: self.sentences,
            is_corpus: true,
            lifts,
            relations: self.relations,
            aligned: self.answers.sentences(),
            links: self.links,
            lost: self.lost,
            evidence: self.evidence,
        })
    }
}
