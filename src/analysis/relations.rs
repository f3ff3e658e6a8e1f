//! Whether a head finds the other end of a dependency relation, and whether that is more than a matter of place.
//!
//! As Clark et al. 2019 (section 4.2) and Voita et al. 2019 (section 5.2) test it: attention between pieces becomes
//! attention between words (columns summed, rows averaged); for a word of a relation, the head's choice is the word that
//! it attends to most, the sink and the word itself left out; the choice is right if it is the other end of the
//! relation. The baseline always chooses the word at one fixed offset, the best for that relation and direction. What is
//! left of a head's accuracy when the baseline is taken off is its lift.

use super::bootstrap::{Draws, Interval, UNITS};
use crate::source::corpus::Word;
use crate::text::Tokens;
use std::collections::BTreeMap;

/// The lift on held-out sentences that a label asks for.
pub const EARNED: f64 = 0.15;

/// The chance of a wrong label anywhere in the table that is accepted.
pub const SIGNIFICANCE: f64 = 0.05;

/// From which end of a relation the other is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The dependent attends to the word it depends on.
    ToHead,
    /// The word that is depended on attends to its dependent.
    ToDependent,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ToHead, Self::ToDependent];

    /// As tables write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ToHead => "dependent->head",
            Self::ToDependent => "head->dependent",
        }
    }
}

/// One question to every head: does word `query` attend to word `gold`?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pair {
    /// Relation and direction as one number.
    list: usize,
    query: usize,
    gold: usize,
}

/// The questions that a sentence asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Questions {
    pieces: Vec<Vec<usize>>,
    pairs: Vec<Pair>,
    causal: bool,
}

impl Questions {
    /// The questions of a sentence; `None` where its words are not made of whole tokens. A `causal` model is asked only
    /// for words before the query.
    pub fn of(tokens: &Tokens, words: &[Word], causal: bool) -> Option<Self> {
        let pieces = align(tokens, words)?;
        let mut pairs = Vec::new();
        for (dependent, word) in words.iter().enumerate() {
            let Some(head) = word.head else { continue };
            for (direction, query, gold) in [(0, dependent, head), (1, head, dependent)] {
                if !causal || gold < query {
                    pairs.push(Pair { list: word.relation * 2 + direction, query, gold });
                }
            }
        }
        Some(Self { pieces, pairs, causal })
    }

    /// Which questions a head answers rightly: weights row-major `[query, key]` over the tokens.
    pub fn answers(&self, weights: &[f32]) -> Vec<bool> {
        let mut chosen = vec![None; self.pieces.len()];
        let mut asked = vec![false; self.pieces.len()];
        self.pairs.iter().for_each(|pair| asked[pair.query] = true);
        for query in (0..chosen.len()).filter(|&q| asked[q]) {
            chosen[query] = self.choice(query, weights);
        }
        self.pairs.iter().map(|pair| chosen[pair.query] == Some(pair.gold)).collect()
    }

    /// The other word that a word attends to most; the earliest of equals.
    fn choice(&self, query: usize, weights: &[f32]) -> Option<usize> {
        let n = weights.len().isqrt();
        let rows = &self.pieces[query];
        let sum = |word: usize| -> f64 {
            let columns = &self.pieces[word];
            let row = |q: usize| columns.iter().map(|&k| f64::from(weights[q * n + k])).sum::<f64>();
            rows.iter().map(|&q| row(q)).sum::<f64>() / rows.len() as f64
        };
        let end = if self.causal { query } else { self.pieces.len() };
        let mut best: Option<(usize, f64)> = None;
        for word in (0..end).filter(|&w| w != query) {
            let weight = sum(word);
            if best.map_or(weight.is_finite(), |(_, most)| weight > most) {
                best = Some((word, weight));
            }
        }
        best.map(|(word, _)| word)
    }
}

/// The tokens of each word by the bytes that they share; `None` where a token belongs to two words or a word has none.
fn align(tokens: &Tokens, words: &[Word]) -> Option<Vec<Vec<usize>>> {
    let mut pieces = vec![Vec::new(); words.len()];
    // Tokens come in the order of the text, so a word that ended before one ended before the next.
    let mut first = 0;
    for (i, piece) in tokens.pieces.iter().enumerate().filter(|(_, p)| !p.special && p.end > p.start) {
        while words.get(first).is_some_and(|w| w.span.end <= piece.start) {
            first += 1;
        }
        let mut shared = words.iter().enumerate().skip(first).take_while(|(_, w)| w.span.start < piece.end);
        let Some((word, _)) = shared.next() else { continue };
        if shared.next().is_some() {
            return None;
        }
        pieces[word].push(i);
    }
    (!words.is_empty() && pieces.iter().all(|p| !p.is_empty())).then_some(pieces)
}

/// How often a question was asked and rightly answered where its answer lay at one offset.
#[derive(Debug, Clone, Default)]
struct AtOffset {
    asked: u32,
    right: Vec<u32>,
}

/// All questions about one relation in one direction.
#[derive(Debug, Clone, Default)]
struct List {
    /// The unit of each row.
    units: Vec<usize>,
    /// The row of each unit.
    rows: BTreeMap<usize, usize>,
    /// Right answers, row-major `[row, head]`.
    right: Vec<f32>,
    /// Offsets of the answers with their number, by row.
    offsets: Vec<BTreeMap<isize, u32>>,
    /// By offset of the answer, for odd sentences and for even ones.
    halves: [BTreeMap<isize, AtOffset>; 2],
}

/// How well a head finds the other end of one relation.
#[derive(Debug, Clone, PartialEq)]
pub struct Lift {
    /// The head, counted through all layers.
    pub head: usize,
    /// An index into the names of relations.
    pub relation: usize,
    /// From which end.
    pub direction: Direction,
    /// The share of right choices, 0 to 1.
    pub accuracy: f64,
    /// The offset, in words, that is right most often.
    pub offset: isize,
    /// How often that is.
    pub baseline: f64,
    /// Accuracy less baseline.
    pub lift: f64,
    /// How many pairs of words there are.
    pub n: u32,
    /// Where the lift lies.
    pub interval: Option<Interval>,
}

/// Answers of all heads over a corpus.
#[derive(Debug, Clone)]
pub struct Answers {
    heads: usize,
    sentences: usize,
    lists: Vec<List>,
    /// Whether a relation can be a label.
    labels: Vec<bool>,
}

impl Answers {
    /// Nothing asked yet of `heads` heads about these relations.
    pub fn new(heads: usize, relations: &[String]) -> Self {
        // A head that looks at every period finds the one that depends on a root as well, and links nothing.
        let labels = relations.iter().map(|name| name.split(':').next() != Some("punct")).collect();
        Self { heads, sentences: 0, lists: vec![List::default(); relations.len() * 2], labels }
    }

    /// How many sentences have been asked about.
    pub fn sentences(&self) -> usize {
        self.sentences
    }

    /// Takes in the answers that each head gave to the questions of the next sentence.
    pub fn add(&mut self, questions: &Questions, answers: &[Vec<bool>]) {
        let (unit, half) = (self.sentences % UNITS, self.sentences % 2);
        self.sentences += 1;
        for (i, pair) in questions.pairs.iter().enumerate() {
            let list = &mut self.lists[pair.list];
            let row = *list.rows.entry(unit).or_insert_with(|| {
                list.units.push(unit);
                list.right.resize(list.right.len() + self.heads, 0.0);
                list.offsets.push(BTreeMap::new());
                list.units.len() - 1
            });
            let offset = pair.gold as isize - pair.query as isize;
            *list.offsets[row].entry(offset).or_default() += 1;
            let at = list.halves[half].entry(offset).or_default();
            at.asked += 1;
            at.right.resize(self.heads, 0);
            for (head, _) in answers.iter().enumerate().filter(|(_, answers)| answers[i]) {
                list.right[row * self.heads + head] += 1.0;
                at.right[head] += 1;
            }
        }
    }

    /// Every head with every relation in both directions, relations first.
    pub fn lifts(&self) -> Vec<Lift> {
        let draws = Draws::new(self.sentences.min(UNITS));
        let mut lifts = Vec::new();
        for (number, list) in self.lists.iter().enumerate() {
            let Some(offset) = list.best_offset(&[0, 1]) else { continue };
            let asked: u32 = list.halves.iter().flat_map(|half| half.values()).map(|at| at.asked).sum();
            let base: u32 = list.halves.iter().filter_map(|half| half.get(&offset)).map(|at| at.asked).sum();
            let baseline = f64::from(base) / f64::from(asked);
            let (mut tops, mut bottoms) = (list.right.clone(), Vec::with_capacity(list.right.len()));
            for (row, offsets) in tops.chunks_exact_mut(self.heads.max(1)).zip(&list.offsets) {
                let base = offsets.get(&offset).copied().unwrap_or(0) as f32;
                for right in row.iter_mut() {
                    *right -= base;
                }
                bottoms.extend(row.iter().map(|_| offsets.values().sum::<u32>() as f32));
            }
            let intervals = draws.ratios(&list.units, self.heads, &tops, &bottoms);
            for (head, interval) in intervals.into_iter().enumerate() {
                let right: u32 = (0..2).map(|half| list.right(half, head)).sum();
                let accuracy = f64::from(right) / f64::from(asked);
                let direction = Direction::ALL[number % 2];
                let (relation, lift) = (number / 2, accuracy - baseline);
                lifts.push(Lift { head, relation, direction, accuracy, offset, baseline, lift, n: asked, interval });
            }
        }
        lifts
    }

    /// For each head the relation that it has earned, with its lift on held-out sentences.
    ///
    /// The relation is chosen on odd sentences: of those with a lift of [`EARNED`] the one least likely by chance. It is
    /// earned if on even sentences the lift is as large again, and its one-sided exact `McNemar` test against the
    /// baseline, times all heads, relations and directions that were tried, is at most [`SIGNIFICANCE`] (Bonferroni). The
    /// offset of the baseline is chosen on the same half as the relation. Punctuation is no label, as in Clark et al.: a
    /// head that looks at every period links nothing.
    pub fn earned(&self) -> Vec<Option<(usize, Direction, f64)>> {
        let tried = self.heads * self.lists.iter().filter(|list| !list.units.is_empty()).count();
        let earned = |head: usize| {
            let lists = self.lists.iter().enumerate().filter(|(number, _)| self.labels[number / 2]);
            let chosen = lists.filter_map(|(number, list)| {
                let offset = list.best_offset(&[0])?;
                let (lift, chance) = list.against(0, head, offset)?;
                (lift >= EARNED).then_some((number, offset, chance))
            });
            let (number, offset, _) = chosen.min_by(|a, b| a.2.total_cmp(&b.2))?;
            let (lift, chance) = self.lists[number].against(1, head, offset)?;
            let is_earned = lift >= EARNED && chance * tried as f64 <= SIGNIFICANCE;
            is_earned.then(|| (number / 2, Direction::ALL[number % 2], lift))
        };
        (0..self.heads).map(earned).collect()
    }
}

impl List {
    /// The offset at which most answers lie in these halves; of equals the nearest, and of these the one before.
    fn best_offset(&self, halves: &[usize]) -> Option<isize> {
        let mut asked: BTreeMap<isize, u32> = BTreeMap::new();
        for (offset, at) in halves.iter().flat_map(|&half| &self.halves[half]) {
            *asked.entry(*offset).or_default() += at.asked;
        }
        let key = |offset: isize, asked: u32| (asked, std::cmp::Reverse((offset.unsigned_abs(), offset)));
        asked.into_iter().max_by_key(|&(offset, asked)| key(offset, asked)).map(|(offset, _)| offset)
    }

    fn right(&self, half: usize, head: usize) -> u32 {
        self.halves[half].values().map(|at| at.right[head]).sum()
    }

    /// Lift over the word at `offset` in one half, and how likely as much or more would be by chance.
    fn against(&self, half: usize, head: usize, offset: isize) -> Option<(f64, f64)> {
        let asked: u32 = self.halves[half].values().map(|at| at.asked).sum();
        let right = self.right(half, head);
        let (base, both) = self.halves[half].get(&offset).map_or((0, 0), |at| (at.asked, at.right[head]));
        // Pairs that only one of the two gets right.
        let (won, lost) = (right - both, base - both);
        let lift = (f64::from(right) - f64::from(base)) / f64::from(asked);
        (asked > 0).then(|| (lift, chance(won, won + lost)))
    }
}

/// How likely `of` throws of a coin show heads `won` times or more.
fn chance(won: u32, of: u32) -> f64 {
    if won <= of / 2 {
        // The terms begin too small to be counted: their complement does not.
        return if won == 0 { 1.0 } else { 1.0 - chance(of - won + 1, of) };
    }
    let ln_choose: f64 = (0..won).map(|i| (f64::from(of - i) / f64::from(won - i)).ln()).sum();
    let mut term = (ln_choose - f64::from(of) * 2f64.ln()).exp();
    let mut total = 0.0;
    for k in won..=of {
        total += term;
        term *= f64::from(of - k) / f64::from(k + 1);
    }
    total.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Piece;

    fn tokens(spans: &[(usize, usize)]) -> Tokens {
        let piece = |&(start, end): &(usize, usize)| Piece {
            piece: "x".into(),
            id: 1,
            start,
            end,
            text: 0,
            segment: 0,
            special: end == 0,
            word: None,
            unknown: false,
        };
        Tokens { texts: vec!["abcdefgh".into()], pieces: spans.iter().map(piece).collect(), dropped: 0 }
    }

    fn word(span: std::ops::Range<usize>, head: Option<usize>) -> Word {
        Word { span, head, relation: 0 }
    }

    #[test]
    fn tokens_belong_to_the_word_whose_bytes_they_share() {
        let words = [word(0..3, None), word(3..4, None), word(5..8, None)];
        let aligned = align(&tokens(&[(0, 0), (0, 2), (2, 3), (3, 4), (5, 8), (0, 0)]), &words);
        assert_eq!(aligned, Some(vec![vec![1, 2], vec![3], vec![4]]));
        assert_eq!(align(&tokens(&[(0, 2), (2, 4), (5, 8)]), &words), None, "one straddles two words");
        assert_eq!(align(&tokens(&[(0, 3), (3, 4)]), &words), None, "the last word has none");
        let shared = [word(0..2, None), word(0..2, None)];
        assert_eq!(align(&tokens(&[(0, 2)]), &shared), None, "two words that share their bytes");
    }

    #[test]
    fn columns_are_summed_and_rows_averaged() {
        // Words: pieces 1 and 2, piece 3, piece 4. Word 0 gives word 1 0.4 and 0.0, word 2 0.1 and 0.2.
        let words = [word(0..3, Some(1)), word(3..4, None), word(5..8, Some(1))];
        let tokens = tokens(&[(0, 0), (0, 2), (2, 3), (3, 4), (5, 8)]);
        let questions = Questions::of(&tokens, &words, false).expect("aligned");
        let rows: [[f32; 5]; 5] = [
            [1.0, 0.0, 0.0, 0.0, 0.0],
            [0.1, 0.4, 0.0, 0.4, 0.1],
            [0.3, 0.5, 0.0, 0.0, 0.2],
            // To word 0 0.2 + 0.25, more than the 0.4 of word 2.
            [0.0, 0.2, 0.25, 0.15, 0.4],
            [0.9, 0.03, 0.03, 0.02, 0.02],
        ];
        // Pairs: 0 to 1, 1 to 0, 2 to 1, 1 to 2.
        assert_eq!(questions.answers(rows.as_flattened()), [true, true, false, false]);
        let causal = Questions::of(&tokens, &words, true).expect("aligned");
        assert_eq!(causal.answers(rows.as_flattened()), [true, false], "1 to 0 and 2 to 1; 2 would rather have 0");
    }

    #[test]
    fn a_coin_is_fair() {
        assert!((chance(8, 10) - 56.0 / 1024.0).abs() < 1e-12);
        assert!((chance(0, 5) - 1.0).abs() < 1e-12 && (chance(0, 0) - 1.0).abs() < 1e-12);
        assert!((chance(1000, 1000).ln() + 1000.0 * 2f64.ln()).abs() < 1e-6);
        assert!((chance(5000, 10_000) - 0.503_989).abs() < 1e-5);
        assert!((chance(10, 10_000) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_head_earns_a_relation_by_sentences_that_did_not_choose_it() {
        // Answers lie one word before and two words after by turns; head 0 always knows, head 1 always looks back, and
        // head 2 knows in odd sentences only.
        let mut answers = Answers::new(3, &["obj".to_owned()]);
        for i in 0..80 {
            let gold = if i / 2 % 2 == 0 { 0 } else { 3 };
            let pairs = vec![Pair { list: 0, query: 1, gold }];
            let questions = Questions { pieces: Vec::new(), pairs, causal: false };
            answers.add(&questions, &[vec![true], vec![gold == 0], vec![i % 2 == 0]]);
        }
        let lifts = answers.lifts();
        assert_eq!(lifts.len(), 3);
        assert_eq!((lifts[0].accuracy, lifts[0].baseline, lifts[0].offset, lifts[0].n), (1.0, 0.5, -1, 80));
        assert_eq!((lifts[1].lift, lifts[1].interval), (0.0, Some(Interval { low: 0.0, high: 0.0 })));
        assert_eq!(answers.earned(), [Some((0, Direction::ToHead, 0.5)), None, None]);
    }
}
