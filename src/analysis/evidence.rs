//! What a head does over a corpus, in examples: its strongest edges, and edges drawn at random beside them.
//!
//! An edge is a weight between two different tokens of a text, neither of them part of the sink. The strongest are exact
//! over the whole corpus, by weight as the model computed it. The random ones are drawn for each head from all its edges
//! in the whole corpus, each with a chance proportional to its weight: what is drawn is what the head attends to as a
//! rule, where edges drawn evenly would be those that it does not attend to.
//!
//! An edge of weight `w` gets the number `-ln u / w`, `u` uniform on (0, 1), and the smallest numbers are drawn (Efraimidis
//! and Spirakis 2006): that is drawing one edge after the other without putting any back, and needs no more room than the
//! edges drawn. `u` is made from the edge itself: the same corpus gives the same edges.

use super::bootstrap::SplitMix;
use super::measures::Setting;
use crate::text::Tokens;
use std::sync::Arc;

/// How many edges are kept of each kind.
pub const KEPT: usize = 20;

/// Where the draw begins.
const SEED: u64 = 0x1e81_5c09_e000_0002;

/// An edge in a sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The sentence, counted from 0.
    pub sentence: usize,
    /// Its tokens.
    pub tokens: Arc<Tokens>,
    /// The token that attends.
    pub query: usize,
    /// The token attended to.
    pub key: usize,
    /// The weight.
    pub weight: f32,
}

impl Found {
    /// How far the key is from the query; after it is positive.
    pub fn offset(&self) -> isize {
        self.key as isize - self.query as isize
    }
}

/// The examples of one head.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Examples {
    /// The strongest edges, strongest first.
    pub strongest: Vec<Found>,
    /// Those drawn at random, in the order of the corpus.
    pub random: Vec<Found>,
}

/// An edge with the number by which it is kept: the smallest are.
#[derive(Debug, Clone, PartialEq)]
struct Lot {
    number: f64,
    weight: f32,
    query: usize,
    key: usize,
}

/// What is known of the edges of one head in one sentence.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edges {
    strongest: Vec<Lot>,
    drawn: Vec<Lot>,
}

/// The edges that a sentence has, the same for every head.
#[derive(Debug)]
pub struct Field<'a> {
    setting: &'a Setting,
    sentence: usize,
    n: usize,
    /// How many edges there are.
    pub edges: u64,
    /// How many weights are none: on the sink, from it, and of tokens with themselves.
    pub others: u64,
}

impl<'a> Field<'a> {
    /// The edges of the sentence that `sentence` numbers, of `n` tokens.
    pub fn new(sentence: usize, setting: &'a Setting, n: usize) -> Self {
        let own = (0..n).filter(|&i| !setting.is_sink(i));
        let edges: u64 = own.map(|q| setting.keys(q).filter(|&k| k != q).count() as u64).sum();
        Self { setting, sentence, n, edges, others: (n * n) as u64 - edges }
    }

    /// Looks at a head, counted through all layers: weights row-major `[query, key]`.
    pub fn look(&self, head: usize, weights: &[f32]) -> Edges {
        let seed = SplitMix(SEED ^ ((self.sentence as u64) << 32 | head as u64)).bits();
        let mut edges = Edges::default();
        for query in (0..self.n).filter(|&i| !self.setting.is_sink(i)) {
            let Some(row) = weights.get(query * self.n..(query + 1) * self.n) else { continue };
            for key in self.setting.keys(query).filter(|&k| k != query && row[k].is_finite()) {
                let weight = row[key];
                keep(&mut edges.strongest, Lot { number: -f64::from(weight), weight, query, key });
                // What has no weight is never attended to.
                if weight > 0.0 {
                    let number = -uniform(seed ^ ((query as u64) << 32 | key as u64)).ln() / f64::from(weight);
                    keep(&mut edges.drawn, Lot { number, weight, query, key });
                }
            }
        }
        edges
    }
}

/// A number between 0 and 1, neither of them.
fn uniform(seed: u64) -> f64 {
    ((SplitMix(seed).bits() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

/// Puts a lot where it belongs among the [`KEPT`] smallest; after its equals.
fn keep(kept: &mut Vec<Lot>, lot: Lot) {
    if kept.len() == KEPT && kept.last().is_some_and(|last| lot.number >= last.number) {
        return;
    }
    let place = kept.partition_point(|other| other.number <= lot.number);
    kept.insert(place, lot);
    kept.truncate(KEPT);
}

/// Lots of one kind with the sentences that they are from, smallest number first.
type Lots = Vec<(f64, Found)>;

/// Examples of every head, gathered sentence by sentence.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// By head, the strongest edges and the drawn ones.
    heads: Vec<[Lots; 2]>,
    /// How many edges there are.
    pub edges: u64,
    /// How many weights are none: on the sink, from it, or of a token with itself.
    pub others: u64,
    /// How many sentences.
    pub sentences: usize,
}

impl Evidence {
    /// Nothing seen yet of `heads` heads.
    pub fn new(heads: usize) -> Self {
        Self { heads: vec![<[Lots; 2]>::default(); heads], ..Self::default() }
    }

    /// Takes in a sentence: how many edges and other weights it has, and the edges of each head. Sentences come in order.
    pub fn add(&mut self, sentence: usize, tokens: &Arc<Tokens>, (edges, others): (u64, u64), heads: Vec<Edges>) {
        self.edges += edges;
        self.others += others;
        self.sentences += 1;
        for ([strongest, drawn], new) in self.heads.iter_mut().zip(heads) {
            for (kept, new) in [(strongest, new.strongest), (drawn, new.drawn)] {
                for Lot { number, weight, query, key } in new {
                    if kept.len() == KEPT && kept.last().is_some_and(|(last, _)| number >= *last) {
                        break;
                    }
                    let place = kept.partition_point(|(other, _)| *other <= number);
                    kept.insert(place, (number, Found { sentence, tokens: tokens.clone(), query, key, weight }));
                    kept.truncate(KEPT);
                }
            }
        }
    }

    /// The examples of a head, counted through all layers.
    pub fn of(&self, head: usize) -> Examples {
        let Some(lots) = self.heads.get(head) else { return Examples::default() };
        let [strongest, mut random] = lots.each_ref().map(|l| l.iter().map(|(_, f)| f.clone()).collect::<Vec<_>>());
        random.sort_by_key(|found| (found.sentence, found.query, found.key));
        Examples { strongest, random }
    }
}

/// How often each value occurs, most frequent first; equals in order.
pub fn counted<T: Ord>(values: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_insert(0) += 1);
    let mut counts: Vec<(T, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Piece;

    fn tokens(n: usize) -> Arc<Tokens> {
        let piece = |i: usize| Piece {
            piece: format!("w{i}"),
            id: i as u32,
            start: 0,
            end: 0,
            text: 0,
            segment: 0,
            special: i == 0,
            word: None,
            unknown: false,
        };
        Arc::new(Tokens { texts: vec!["".into()], pieces: (0..n).map(piece).collect(), dropped: 0 })
    }

    fn add(evidence: &mut Evidence, i: usize, tokens: &Arc<Tokens>, setting: &Setting, heads: &[&[f32]]) {
        let field = Field::new(i, setting, tokens.len());
        let heads = heads.iter().enumerate().map(|(head, weights)| field.look(head, weights)).collect();
        evidence.add(i, tokens, (field.edges, field.others), heads);
    }

    /// A corpus of weights, its sentences numbered from `first`, with everything that a head does in it.
    fn gathered(first: usize, sentences: usize, n: usize) -> (Vec<Vec<f32>>, Evidence) {
        let tokens = tokens(n);
        let setting = Setting::new(&tokens, false);
        let mut random = SplitMix(7);
        let mut evidence = Evidence::new(1);
        let mut all = Vec::new();
        for i in first..first + sentences {
            let weights: Vec<f32> = (0..n * n).map(|_| random.below(1000) as f32 / 1000.0).collect();
            add(&mut evidence, i, &tokens, &setting, &[&weights]);
            all.push(weights);
        }
        (all, evidence)
    }

    #[test]
    fn the_strongest_are_those_of_the_whole_corpus() {
        let (all, evidence) = gathered(0, 30, 9);
        let mut every: Vec<(f32, usize, usize, usize)> = Vec::new();
        for (s, weights) in all.iter().enumerate() {
            let pairs = (1..9).flat_map(|q| (1..9).map(move |k| (q, k))).filter(|(q, k)| q != k);
            every.extend(pairs.map(|(q, k)| (weights[q * 9 + k], s, q, k)));
        }
        every.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then((a.2, a.3).cmp(&(b.2, b.3))));
        let examples = evidence.of(0);
        let found: Vec<_> = examples.strongest.iter().map(|f| (f.weight, f.sentence, f.query, f.key)).collect();
        assert_eq!(found, every[..KEPT]);
        assert_eq!((evidence.edges, evidence.others), (30 * 56, 30 * (81 - 56)));
        for found in &examples.random {
            assert_eq!(all[found.sentence][found.query * 9 + found.key], found.weight);
            assert!(found.query > 0 && found.key > 0 && found.query != found.key, "{found:?}");
        }
        assert_eq!(examples.random.len(), KEPT);
    }

    /// How many of the edges drawn from corpora of 400 sentences of two words satisfy `is`.
    fn drawn(corpora: usize, weights: &[f32; 9], is: impl Fn(&Found) -> bool) -> usize {
        let tokens = tokens(3);
        let setting = Setting::new(&tokens, false);
        let count = |corpus: usize| {
            let mut evidence = Evidence::new(1);
            for i in corpus * 400..(corpus + 1) * 400 {
                add(&mut evidence, i, &tokens, &setting, &[weights]);
            }
            evidence.of(0).random.iter().filter(|found| is(found)).count()
        };
        (0..corpora).map(count).sum()
    }

    #[test]
    fn edges_are_drawn_as_often_as_they_are_heavy() {
        // Of two edges one weighs nine times as much: of 1000 draws 900, standard deviation 9.5. The sink weighs nothing.
        let weights = [0.0, 0.0, 0.0, 0.8, 0.0, 0.09, 0.99, 0.01, 0.0];
        let heavy = drawn(50, &weights, |found| found.query == 1);
        assert!((860..940).contains(&heavy), "{heavy}");
        assert_eq!(drawn(50, &weights, |_| true), 1000);
    }

    #[test]
    fn every_sentence_is_as_likely_to_be_drawn() {
        // 500 of 1000 in each half, standard deviation 16.
        let weights = [0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.5, 0.0];
        let first = drawn(50, &weights, |found| found.sentence % 400 < 200);
        assert!((430..570).contains(&first), "{first}");
    }

    #[test]
    fn heads_that_attend_alike_are_drawn_apart() {
        let (tokens, weights) = (tokens(9), [1.0 / 9.0; 81]);
        let setting = Setting::new(&tokens, false);
        let mut evidence = Evidence::new(2);
        (0..30).for_each(|i| add(&mut evidence, i, &tokens, &setting, &[&weights, &weights]));
        assert_ne!(evidence.of(0).random, evidence.of(1).random);
        assert_eq!(evidence.of(0).strongest, evidence.of(1).strongest);
    }

    #[test]
    fn counts_come_with_the_most_frequent_first() {
        assert_eq!(counted([1, -1, 2, -1].into_iter()), [(-1, 2), (1, 1), (2, 1)]);
    }
}
