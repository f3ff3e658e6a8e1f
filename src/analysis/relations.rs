//! Whether a head finds the other end of a dependency relation, and whether that is more than a matter of place.
//!
//! As Clark et al. 2019 (section 4.2) and Voita et al. 2019 (section 5.2) test it: attention between pieces becomes
//! attention between words (columns summed, rows averaged); for a word of a relation, the head's choice is the word that
//! it attends to most, the sink and the word itself left out; the choice is right if it is the other end of the
//! relation. The baseline always chooses the word at one fixed offset, the best for that relation and direction. What is
//! left of a head's accuracy when the baseline is taken off is its lift.
//!
//! A causal model sees earlier words only: it is asked only where the answer lies before the query, and chooses only among
//! words before it. Words that are not made of whole tokens are neither asked about nor chosen.

use super::bootstrap::{Draws, Interval, UNITS, Work};
use crate::error::Result;
use crate::source::corpus::Word;
use crate::text::Tokens;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The lift on held-out sentences that a label asks for.
pub const EARNED: f64 = 0.15;

/// The chance of a wrong label anywhere in the table that is accepted.
pub const SIGNIFICANCE: f64 = 0.05;

/// From which end of a relation the other is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// The tokens of each word; none of a word that has none of its own.
    pieces: Vec<Vec<usize>>,
    pairs: Vec<Pair>,
    /// How many words depend on another.
    pub links: usize,
    /// Of these links, how many have a word that is not made of whole tokens: nothing is asked about them.
    pub lost: usize,
    causal: bool,
}

impl Questions {
    /// The questions of a sentence. A `causal` model is asked only for words before the query.
    pub fn of(tokens: &Tokens, words: &[Word], causal: bool) -> Self {
        let pieces = align(tokens, words);
        let (mut pairs, mut links, mut lost) = (Vec::new(), 0, 0);
        for (dependent, word) in words.iter().enumerate() {
            let Some(head) = word.head else { continue };
            links += 1;
            if pieces[dependent].is_empty() || pieces[head].is_empty() {
                lost += 1;
                continue;
            }
            for (direction, query, gold) in [(0, dependent, head), (1, head, dependent)] {
                if !causal || gold < query {
                    pairs.push(Pair { list: word.relation * 2 + direction, query, gold });
                }
            }
        }
        Self { pieces, pairs, links, lost, causal }
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

    /// The other word that a word attends to most; the earliest of equals. Words without tokens of their own are none.
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
        for word in (0..end).filter(|&w| w != query && !self.pieces[w].is_empty()) {
            let weight = sum(word);
            if best.map_or(weight.is_finite(), |(_, most)| weight > most) {
                best = Some((word, weight));
            }
        }
        best.map(|(word, _)| word)
    }
}

/// The tokens of each word by the bytes that they share. A token that shares bytes of several words, as `don` of `do` and
/// `n't`, leaves them all without tokens: what it attends to is of neither.
fn align(tokens: &Tokens, words: &[Word]) -> Vec<Vec<usize>> {
    let mut pieces = vec![Vec::new(); words.len()];
    let mut straddled = vec![false; words.len()];
    // Tokens come in the order of the text, so a word that ended before one ended before the next.
    let mut first = 0;
    for (i, piece) in tokens.pieces.iter().enumerate().filter(|(_, p)| !p.special && p.end > p.start) {
        while words.get(first).is_some_and(|w| w.span.end <= piece.start) {
            first += 1;
        }
        let shared = words.iter().skip(first).take_while(|w| w.span.start < piece.end).count();
        match shared {
            1 => pieces[first].push(i),
            _ => straddled[first..first + shared].fill(true),
        }
    }
    pieces.iter_mut().zip(straddled).filter(|(_, straddled)| *straddled).for_each(|(pieces, _)| pieces.clear());
    pieces
}

/// All questions about one relation in one direction.
#[derive(Debug, Clone, Default)]
struct List {
    /// The unit of each row: a sentence, or in a long corpus several, all odd or all even.
    units: Vec<usize>,
    /// The row of each unit.
    rows: BTreeMap<usize, usize>,
    /// Right answers, row-major `[row, head]`.
    right: Vec<f32>,
    /// Offsets of the answers with their number, by row.
    offsets: Vec<BTreeMap<isize, u32>>,
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

/// A relation that a head has earned, with what it earned it by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Earned {
    /// An index into the names of relations.
    pub relation: usize,
    /// From which end.
    pub direction: Direction,
    /// The lift on held-out sentences.
    pub lift: f64,
    /// How likely as much would be by chance anywhere among all heads, relations and directions.
    pub chance: f64,
    /// How many pairs of words the held-out sentences have.
    pub n: u32,
}

/// A head against the word at a fixed offset, in one half of the sentences.
struct Against {
    lift: f64,
    chance: f64,
    n: u32,
}

/// Which half of the sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    /// The first, the third and so on: they choose a relation.
    Choosing = 0,
    /// The others: they judge it.
    HeldOut = 1,
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
        let unit = self.sentences % UNITS;
        self.sentences += 1;
        for (i, pair) in questions.pairs.iter().enumerate() {
            let list = &mut self.lists[pair.list];
            let row = *list.rows.entry(unit).or_insert_with(|| {
                list.units.push(unit);
                list.right.resize(list.right.len() + self.heads, 0.0);
                list.offsets.push(BTreeMap::new());
                list.units.len() - 1
            });
            *list.offsets[row].entry(pair.gold as isize - pair.query as isize).or_default() += 1;
            for (head, _) in answers.iter().enumerate().filter(|(_, answers)| answers[i]) {
                list.right[row * self.heads + head] += 1.0;
            }
        }
    }

    /// How many calls of [`Draws::ratios`] the intervals of [`Answers::lifts`] take.
    pub fn calls(&self) -> usize {
        self.lists.iter().filter(|list| !list.units.is_empty()).count()
    }

    /// Every head with every relation in both directions, relations first.
    pub fn lifts(&self, work: &Work<'_>) -> Result<Vec<Lift>> {
        let draws = Draws::new(self.sentences.min(UNITS));
        let mut lifts = Vec::new();
        for (number, list) in self.lists.iter().enumerate() {
            let every = || 0..list.units.len();
            let Some(offset) = list.best_offset(every()) else { continue };
            let asked: u32 = every().map(|row| list.asked(row)).sum();
            let base: u32 = every().map(|row| list.base(row, offset)).sum();
            let baseline = f64::from(base) / f64::from(asked);
            let (mut tops, mut bottoms) = (list.right.clone(), Vec::with_capacity(list.right.len()));
            for (row, right) in tops.chunks_exact_mut(self.heads.max(1)).enumerate() {
                let (base, asked) = (list.base(row, offset) as f32, list.asked(row) as f32);
                for right in right {
                    *right -= base;
                    bottoms.push(asked);
                }
            }
            let intervals = draws.ratios(&list.units, self.heads, &tops, &bottoms, work)?;
            for (head, interval) in intervals.into_iter().enumerate() {
                let right: f64 = every().map(|row| f64::from(list.right[row * self.heads + head])).sum();
                let accuracy = right / f64::from(asked);
                let direction = Direction::ALL[number % 2];
                let (relation, lift) = (number / 2, accuracy - baseline);
                lifts.push(Lift { head, relation, direction, accuracy, offset, baseline, lift, n: asked, interval });
            }
        }
        Ok(lifts)
    }

    /// For each head the relation that it has earned.
    ///
    /// The relation is chosen on odd sentences: of those with a lift of [`EARNED`] the one least likely by chance. It is
    /// earned if on even sentences the lift is as large again, and its chance, times all heads, relations and directions
    /// that were tried, is at most [`SIGNIFICANCE`] (Bonferroni). The chance is that of an exact one-sided sign test
    /// over sentences: those in which the head finds more than the word at the fixed offset does, against those in which
    /// it finds less. Pairs of words would not do as its cases, because those of one sentence are not independent of
    /// each other: an enumeration is one habit seen many times. The offset of the baseline is chosen on the same half as
    /// the relation. Punctuation is no label, as in Clark et al.: a head that looks at every period links nothing.
    pub fn earned(&self) -> Vec<Option<Earned>> {
        let tried = (self.heads * self.calls()) as f64;
        let earned = |head: usize| {
            let lists = self.lists.iter().enumerate().filter(|(number, _)| self.labels[number / 2]);
            let chosen = lists.filter_map(|(number, list)| {
                let offset = list.best_offset(list.half(Half::Choosing))?;
                let found = list.against(Half::Choosing, self.heads, head, offset)?;
                (found.lift >= EARNED).then_some((number, offset, found.chance))
            });
            let (number, offset, _) = chosen.min_by(|a, b| a.2.total_cmp(&b.2))?;
            let Against { lift, chance, n } = self.lists[number].against(Half::HeldOut, self.heads, head, offset)?;
            let chance = (chance * tried).min(1.0);
            let (relation, direction) = (number / 2, Direction::ALL[number % 2]);
            (lift >= EARNED && chance <= SIGNIFICANCE).then_some(Earned { relation, direction, lift, chance, n })
        };
        (0..self.heads).into_par_iter().map(earned).collect()
    }
}

impl List {
    /// The rows of one half of the sentences.
    fn half(&self, half: Half) -> impl Iterator<Item = usize> {
        (0..self.units.len()).filter(move |&row| self.units[row] % 2 == half as usize)
    }

    /// How often a row was asked.
    fn asked(&self, row: usize) -> u32 {
        self.offsets[row].values().sum()
    }

    /// How often the word at `offset` is right in a row.
    fn base(&self, row: usize, offset: isize) -> u32 {
        self.offsets[row].get(&offset).copied().unwrap_or(0)
    }

    /// The offset at which most answers lie in these rows; of equals the nearest, and of these the one before.
    fn best_offset(&self, rows: impl Iterator<Item = usize>) -> Option<isize> {
        let mut asked: BTreeMap<isize, u32> = BTreeMap::new();
        for (offset, n) in rows.flat_map(|row| &self.offsets[row]) {
            *asked.entry(*offset).or_default() += n;
        }
        let key = |offset: isize, asked: u32| (asked, std::cmp::Reverse((offset.unsigned_abs(), offset)));
        asked.into_iter().max_by_key(|&(offset, asked)| key(offset, asked)).map(|(offset, _)| offset)
    }

    /// One of `heads` heads against the word at `offset` in one half; `None` where that half asks nothing.
    fn against(&self, half: Half, heads: usize, head: usize, offset: isize) -> Option<Against> {
        let (mut n, mut more, mut won, mut lost) = (0, 0.0, 0, 0);
        for row in self.half(half) {
            n += self.asked(row);
            let here = f64::from(self.right[row * heads + head]) - f64::from(self.base(row, offset));
            more += here;
            won += u32::from(here > 0.0);
            lost += u32::from(here < 0.0);
        }
        (n > 0).then(|| Against { lift: more / f64::from(n), chance: chance(won, won + lost), n })
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
    use crate::trace::Control;

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
        Word { span, head, ..Word::default() }
    }

    #[test]
    fn tokens_belong_to_the_word_whose_bytes_they_share() {
        let words = [word(0..3, None), word(3..4, None), word(5..8, None)];
        let none = Vec::new();
        let aligned = align(&tokens(&[(0, 0), (0, 2), (2, 3), (3, 4), (5, 8), (0, 0)]), &words);
        assert_eq!(aligned, [vec![1, 2], vec![3], vec![4]]);
        let straddled = align(&tokens(&[(0, 2), (2, 4), (5, 8)]), &words);
        assert_eq!(straddled, [none.clone(), none.clone(), vec![2]], "one straddles two words");
        let short = align(&tokens(&[(0, 3), (3, 4)]), &words);
        assert_eq!(short, [vec![0], vec![1], none.clone()], "the last word has none");
        let shared = [word(0..2, None), word(0..2, None), word(2..3, None)];
        assert_eq!(align(&tokens(&[(0, 2), (2, 3)]), &shared), [none.clone(), none, vec![1]], "two share their bytes");
    }

    #[test]
    fn a_straddled_token_costs_its_own_pairs_only() {
        // "do" and "n't" in the tokens "don" and "t", then two words of their own that depend on each other and on "do".
        let words = [word(0..2, Some(2)), word(2..5, Some(2)), word(5..6, None), word(7..8, Some(2))];
        let questions = Questions::of(&tokens(&[(0, 3), (3, 5), (5, 6), (7, 8)]), &words, false);
        assert_eq!((questions.links, questions.lost, questions.pairs.len()), (3, 2, 2));
        // The last word attends most to the straddled tokens, which are no choice.
        let weights = [0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.5, 0.5, 0.1, 0.1, 0.3, 0.5, 0.4, 0.4, 0.2, 0.0];
        assert_eq!(questions.answers(&weights), [true, true]);
    }

    #[test]
    fn columns_are_summed_and_rows_averaged() {
        // Words: pieces 1 and 2, piece 3, piece 4. Word 0 gives word 1 0.4 and 0.0, word 2 0.1 and 0.2.
        let words = [word(0..3, Some(1)), word(3..4, None), word(5..8, Some(1))];
        let tokens = tokens(&[(0, 0), (0, 2), (2, 3), (3, 4), (5, 8)]);
        let questions = Questions::of(&tokens, &words, false);
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
        let causal = Questions::of(&tokens, &words, true);
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
            let questions = Questions { pieces: Vec::new(), pairs, links: 1, lost: 0, causal: false };
            answers.add(&questions, &[vec![true], vec![gold == 0], vec![i % 2 == 0]]);
        }
        let control = Control::default();
        let lifts = answers.lifts(&Work::new(&control, answers.calls())).expect("nothing stops it");
        assert_eq!(lifts.len(), 3);
        assert_eq!((lifts[0].accuracy, lifts[0].baseline, lifts[0].offset, lifts[0].n), (1.0, 0.5, -1, 80));
        assert_eq!((lifts[1].lift, lifts[1].interval), (0.0, Some(Interval { low: 0.0, high: 0.0 })));
        // 20 of 40 held-out sentences are won and none is lost, among three heads and one list.
        let chance = 3.0 * 0.5f64.powi(20);
        let found = answers.earned();
        assert_eq!(found[1..], [None, None]);
        let earned = found[0].expect("earned");
        assert_eq!((earned.relation, earned.direction, earned.lift, earned.n), (0, Direction::ToHead, 0.5, 40));
        assert!((earned.chance - chance).abs() < 1e-12 * chance.max(1e-6));
    }

    #[test]
    fn a_sentence_counts_once_however_many_pairs_it_has() {
        // Enumerations of ten: the head wins all pairs of two sentences of each half and none elsewhere. As pairs that
        // would be 20 wins and no loss.
        let mut answers = Answers::new(1, &["list".to_owned()]);
        for i in 0..24 {
            let pairs = (0..10).map(|k| Pair { list: 0, query: k, gold: if i < 4 { k + 2 } else { k + 1 } }).collect();
            let questions = Questions { pieces: Vec::new(), pairs, links: 10, lost: 0, causal: false };
            answers.add(&questions, &[vec![true; 10]]);
        }
        let list = &answers.lists[0];
        let found = list.against(Half::HeldOut, 1, 0, 1).expect("asked");
        assert_eq!((found.lift, found.chance, found.n), (2.0 / 12.0, 0.25, 120));
        assert_eq!(answers.earned(), [None]);
    }
}
