//! What a head does over a corpus, in examples: its strongest edges, and edges taken at random beside them.
//!
//! An edge is a weight between two different tokens of a text, neither of them part of the sink. The strongest are exact
//! over the whole corpus, by weight as the model computed it. The random ones are those that start at 20 tokens drawn
//! uniformly from all tokens of the corpus, the same for every head, each with the key that it attends to most.

use super::bootstrap::SplitMix;
use super::measures::Setting;
use crate::text::Tokens;
use std::sync::Arc;

/// How many edges are kept of each kind.
pub const KEPT: usize = 20;

/// Where the draw begins: the same corpus gives the same tokens.
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
    /// Those of random tokens, in the order of the corpus.
    pub random: Vec<Found>,
}

/// What is known of a head's edges in one sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// For each head its strongest edges, strongest first.
    strongest: Vec<Vec<(f32, usize, usize)>>,
    /// Tokens that may be drawn.
    drawn: Vec<Lot>,
    /// Edges between tokens of the text.
    edges: u64,
    /// Weights that are none: on the sink, from it, and of tokens with themselves.
    others: u64,
}

/// A token that may be drawn.
#[derive(Debug, Clone, PartialEq)]
struct Lot {
    /// The smallest are drawn.
    number: u64,
    query: usize,
    /// The key and the weight of each head's edge.
    edges: Vec<Option<(usize, f32)>>,
}

impl Part {
    /// Looks at the heads of a sentence: for each its weights row-major `[query, key]`.
    pub fn of<'a>(sentence: usize, setting: &Setting, n: usize, heads: impl Iterator<Item = &'a [f32]>) -> Self {
        let own: Vec<usize> = (0..n).filter(|&i| !setting.is_sink(i)).collect();
        let keys: Vec<Vec<usize>> = own.iter().map(|&q| setting.keys(q).filter(|&k| k != q).collect()).collect();
        let edges: u64 = keys.iter().map(|keys| keys.len() as u64).sum();
        let lot = |q: usize| SplitMix(SEED ^ ((sentence as u64) << 32 | q as u64)).bits();
        let mut lots: Vec<(u64, usize)> =
            (0..own.len()).filter(|&i| !keys[i].is_empty()).map(|i| (lot(own[i]), i)).collect();
        lots.sort_unstable();
        lots.truncate(KEPT);
        let mut drawn: Vec<Lot> =
            lots.iter().map(|&(lot, i)| Lot { number: lot, query: own[i], edges: Vec::new() }).collect();
        let mut strongest = Vec::new();
        for weights in heads {
            let mut best: Vec<(f32, usize, usize)> = Vec::with_capacity(KEPT + 1);
            for (&q, keys) in own.iter().zip(&keys) {
                let Some(row) = weights.get(q * n..(q + 1) * n) else { continue };
                for &k in keys {
                    let weight = row[k];
                    let is_full = best.len() == KEPT;
                    if !weight.is_finite() || (is_full && weight <= best[KEPT - 1].0) {
                        continue;
                    }
                    let place = best.partition_point(|edge| edge.0 >= weight);
                    best.insert(place, (weight, q, k));
                    best.truncate(KEPT);
                }
            }
            strongest.push(best);
            for (&(_, i), drawn) in lots.iter().zip(&mut drawn) {
                drawn.edges.push(strongest_of(weights.get(own[i] * n..(own[i] + 1) * n), &keys[i]));
            }
        }
        Self { strongest, drawn, edges, others: (n * n) as u64 - edges }
    }
}

/// The key with the largest weight; the earliest of equals.
fn strongest_of(row: Option<&[f32]>, keys: &[usize]) -> Option<(usize, f32)> {
    let row = row?;
    let mut best: Option<(usize, f32)> = None;
    for &k in keys.iter().filter(|&&k| row[k].is_finite()) {
        if best.is_none_or(|(_, most)| row[k] > most) {
            best = Some((k, row[k]));
        }
    }
    best
}

/// Examples of every head, gathered sentence by sentence.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    strongest: Vec<Vec<Found>>,
    drawn: Vec<Drawn>,
    /// How many edges there are.
    pub edges: u64,
    /// How many weights are none: on the sink, from it, or of a token with itself.
    pub others: u64,
    /// How many sentences.
    pub sentences: usize,
}

/// A token that was drawn, and the edge of each head.
#[derive(Debug, Clone)]
struct Drawn {
    lot: u64,
    sentence: usize,
    tokens: Arc<Tokens>,
    query: usize,
    edges: Vec<Option<(usize, f32)>>,
}

impl Evidence {
    /// Nothing seen yet of `heads` heads.
    pub fn new(heads: usize) -> Self {
        Self { strongest: vec![Vec::new(); heads], ..Self::default() }
    }

    /// Takes in a sentence. Sentences come in order.
    pub fn add(&mut self, sentence: usize, tokens: &Arc<Tokens>, part: Part) {
        self.edges += part.edges;
        self.others += part.others;
        self.sentences += 1;
        for (kept, new) in self.strongest.iter_mut().zip(part.strongest) {
            for (weight, query, key) in new {
                if kept.len() == KEPT && kept.last().is_some_and(|last| weight <= last.weight) {
                    break;
                }
                let place = kept.partition_point(|found| found.weight >= weight);
                kept.insert(place, Found { sentence, tokens: tokens.clone(), query, key, weight });
                kept.truncate(KEPT);
            }
        }
        for Lot { number: lot, query, edges } in part.drawn {
            if self.drawn.len() == KEPT && self.drawn.last().is_some_and(|last| lot >= last.lot) {
                break;
            }
            let place = self.drawn.partition_point(|drawn| drawn.lot < lot);
            self.drawn.insert(place, Drawn { lot, sentence, tokens: tokens.clone(), query, edges });
            self.drawn.truncate(KEPT);
        }
    }

    /// The examples of a head, counted through all layers.
    pub fn of(&self, head: usize) -> Examples {
        let found = |drawn: &Drawn| {
            let (key, weight) = drawn.edges.get(head).copied().flatten()?;
            let (sentence, query) = (drawn.sentence, drawn.query);
            Some(Found { sentence, tokens: drawn.tokens.clone(), query, key, weight })
        };
        let mut random: Vec<Found> = self.drawn.iter().filter_map(found).collect();
        random.sort_by_key(|found| (found.sentence, found.query));
        Examples { strongest: self.strongest.get(head).cloned().unwrap_or_default(), random }
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

    /// A corpus of weights, its sentences numbered from `first`, with everything that a head does in it.
    fn gathered(first: usize, sentences: usize, n: usize) -> (Vec<Vec<f32>>, Evidence) {
        let tokens = tokens(n);
        let setting = Setting::new(&tokens, false);
        let mut random = SplitMix(7);
        let mut evidence = Evidence::new(1);
        let mut all = Vec::new();
        for i in first..first + sentences {
            let weights: Vec<f32> = (0..n * n).map(|_| random.below(1000) as f32 / 1000.0).collect();
            evidence.add(i, &tokens, Part::of(i, &setting, n, std::iter::once(weights.as_slice())));
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
            let row = &all[found.sentence][found.query * 9..][..9];
            assert!((1..9).filter(|&k| k != found.query).all(|k| row[k] <= found.weight));
            assert_eq!(row[found.key], found.weight);
        }
        assert_eq!(examples.random.len(), KEPT);
    }

    #[test]
    fn every_token_is_as_likely_to_be_drawn() {
        let mut by_place = [0usize; 9];
        for corpus in 0..7 {
            let (_, evidence) = gathered(corpus * 1000, 100, 9);
            evidence.of(0).random.iter().for_each(|found| by_place[found.query] += 1);
        }
        assert_eq!(by_place[0], 0, "the sink is never drawn");
        // 140 draws over 8 places: 17.5 each, standard deviation 4.
        assert!(by_place[1..].iter().all(|&count| (4..36).contains(&count)), "{by_place:?}");
    }

    #[test]
    fn counts_come_with_the_most_frequent_first() {
        assert_eq!(counted([1, -1, 2, -1].into_iter()), [(-1, 2), (1, 1), (2, 1)]);
    }
}
