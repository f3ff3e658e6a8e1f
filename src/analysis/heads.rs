//! Every head in a row: its measures on a text or over a corpus, and a label where it has earned one.
//!
//! Over a corpus a number is the mean over the sentences that have it, and its interval comes from resampling sentences.
//!
//! Labels, the first that applies; "more than half" is the lower end of the interval over a corpus, and of at least three
//! rows or sentences:
//!
//! * `obj head->dependent`: a dependency relation, as [`Answers::earned`] has it, which is never `punct`;
//! * `sink`: more than nine tenths rest on the sink;
//! * `previous token`, `next token`, `offset +2`: more than half of what the sink leaves lies at one place;
//! * `same token`, `induction`, `self`, `punctuation`: more than half of it follows that;
//! * `broad`: what the sink leaves is spread over nine tenths as evenly as it could be.

use super::bootstrap::{Draws, Interval, UNITS};
use super::evidence::{self, Evidence};
use super::measures::{COLUMNS, Measure, Measures, OFFSETS, Setting};
use super::relations::{Answers, Lift, Questions};
use crate::engine::Run;
use crate::source::corpus::Word;
use crate::text::Tokens;
use std::sync::Arc;

/// What is more than this follows a habit.
const HALF: f64 = 0.5;

/// What is more than this is nearly all.
const NEARLY_ALL: f64 = 0.9;

/// On fewer rows, or sentences, nothing is labelled.
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
    /// Every head with every relation in both directions; none without a treebank.
    pub lifts: Vec<Lift>,
    /// How many sentences the relations are of.
    pub aligned: usize,
    /// How many sentences of a treebank have words that are not made of whole tokens: they have no part in relations.
    pub unaligned: usize,
    /// Edges of every head.
    pub evidence: Evidence,
}

impl Table {
    /// The heads on one text: the numbers without intervals.
    pub fn of_run(run: &Run) -> Self {
        let part = Part::of(0, run, &[]);
        let setting = Setting::of(run);
        let rows = part.measures.iter().enumerate().map(|(i, measures)| {
            let (layer, head) = (i / run.card.heads.max(1), i % run.card.heads.max(1));
            let mut row = Row { layer, head, measures: *measures, intervals: Vec::new(), label: String::new() };
            row.label = row.habit();
            row
        });
        let rows: Vec<Row> = rows.collect();
        let mut evidence = Evidence::new(rows.len());
        evidence.add(0, &part.tokens, part.edges);
        let n = (0..run.tokens.len()).filter(|&i| !setting.is_sink(i)).count();
        let (relations, lifts) = Default::default();
        Self { rows, n, is_corpus: false, relations, lifts, aligned: 0, unaligned: 0, evidence }
    }

    /// A head's row.
    pub fn row(&self, layer: usize, head: usize) -> Option<&Row> {
        self.rows.iter().find(|row| (row.layer, row.head) == (layer, head))
    }

    /// What is known of a head's relations, largest lift first.
    pub fn lifts_of(&self, layer: usize, head: usize) -> Vec<&Lift> {
        let number = self.rows.iter().position(|row| (row.layer, row.head) == (layer, head));
        let mut lifts: Vec<&Lift> = self.lifts.iter().filter(|lift| Some(lift.head) == number).collect();
        lifts.sort_by(|a, b| b.lift.total_cmp(&a.lift));
        lifts
    }
}

/// What is to be known of one sentence.
#[derive(Debug, Clone)]
pub struct Part {
    measures: Vec<Measures>,
    /// Questions and the answers of each head; `None` where the words are not made of whole tokens.
    answers: Option<(Questions, Vec<Vec<bool>>)>,
    edges: evidence::Part,
    tokens: Arc<Tokens>,
    has_words: bool,
}

impl Part {
    /// Looks at all heads of a run on a sentence, whose words are those of a treebank or none. `sentence` numbers it.
    pub fn of(sentence: usize, run: &Run, words: &[Word]) -> Self {
        let heads = (0..run.card.layers).flat_map(|l| (0..run.card.heads).map(move |h| run.head(l, h)));
        Self::of_heads(sentence, &run.tokens, run.card.is_causal(), words, &heads.collect::<Vec<_>>())
    }

    /// The same of weights wherever they come from: for each head row-major `[query, key]`. In a `causal` model tokens see
    /// earlier ones only.
    pub fn of_heads(sentence: usize, tokens: &Tokens, causal: bool, words: &[Word], heads: &[&[f32]]) -> Self {
        let setting = Setting::new(tokens, causal);
        let answers = Questions::of(tokens, words, causal).map(|questions| {
            let answers = heads.iter().map(|weights| questions.answers(weights)).collect();
            (questions, answers)
        });
        Self {
            measures: heads.iter().map(|weights| setting.measure(weights)).collect(),
            answers,
            edges: evidence::Part::of(sentence, &setting, tokens.len(), heads.iter().copied()),
            tokens: Arc::new(tokens.clone()),
            has_words: !words.is_empty(),
        }
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
    unaligned: usize,
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
            unaligned: 0,
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
        match part.answers {
            Some((questions, answers)) => self.answers.add(&questions, &answers),
            None => self.unaligned += usize::from(part.has_words),
        }
        self.evidence.add(sentence, &part.tokens, part.edges);
    }

    /// The table.
    pub fn finish(self) -> Table {
        let units = self.sentences.min(UNITS);
        let rows: Vec<usize> = (0..units).collect();
        let intervals = Draws::new(units).ratios(&rows, self.totals.len(), &self.tops, &self.bottoms);
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
            let mut row = Row { layer, head, measures, intervals: intervals[cells].to_vec(), label: String::new() };
            row.label = match earned[i] {
                Some((relation, direction, _)) => format!("{} {}", self.relations[relation], direction.name()),
                None => row.habit(),
            };
            row
        };
        Table {
            rows: (0..self.shape.0 * self.shape.1).map(row).collect(),
            n: self.sentences,
            is_corpus: true,
            lifts: self.answers.lifts(),
            relations: self.relations,
            aligned: self.answers.sentences(),
            unaligned: self.unaligned,
            evidence: self.evidence,
        }
    }
}
