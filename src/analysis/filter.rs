//! What is shown of one head's values, and what each step left out. The order of the steps is fixed: meaning, heads
//! combined, special tokens, sentences of a pair, words, threshold.

mod cut;
mod strongest;
mod threshold;

pub use cut::{Cut, Passed, cut};
pub use strongest::strongest;
pub use threshold::Threshold;

use super::attention::Edge;
use super::meaning::Meaning;
use crate::error::{Error, Result};
use crate::text::Tokens;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;
use threshold::size;

/// How several heads become one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Combine {
    /// The mean of all.
    #[default]
    Mean,
    /// The sum of all.
    Sum,
    /// The value that is farthest from zero.
    Max,
}

/// What becomes of special tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Special {
    /// They are shown like every token.
    Show,
    /// Their rows and columns are left out.
    #[default]
    Hide,
    /// They are left out and every row is scaled to the sum that it had. Meanings with signs are never scaled.
    Renormalise,
}

/// Which sentences of a pair are looked at: from the query's to the key's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pairs {
    /// Everything.
    #[default]
    All,
    /// Inside the first sentence.
    AA,
    /// From the first to the second.
    AB,
    /// From the second to the first.
    BA,
    /// Inside the second sentence.
    BB,
}

macro_rules! named {
    ($kind:ty, $what:literal: $($variant:ident = $name:literal),+) => {
        impl $kind {
            /// Every choice.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name as it is typed and printed.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $kind {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                let found = Self::ALL.iter().copied().find(|c| c.name() == text);
                let known: Vec<_> = Self::ALL.iter().map(|c| c.name()).collect();
                found.ok_or_else(|| Error::input(format!("no {} `{text}` ({})", $what, known.join(", "))))
            }
        }
    };
}

named!(Combine, "way to combine heads": Mean = "mean", Sum = "sum", Max = "max");
named!(Special, "way to treat special tokens": Show = "show", Hide = "hide", Renormalise = "renormalise");
named!(Pairs, "choice of sentences": All = "all", AA = "aa", AB = "ab", BA = "ba", BB = "bb");

impl Pairs {
    /// Whether a weight from a token of text `query` to a token of text `key` (0 or 1) is looked at.
    pub fn has(self, query: u32, key: u32) -> bool {
        match self {
            Self::All => true,
            Self::AA => (query, key) == (0, 0),
            Self::AB => (query, key) == (0, 1),
            Self::BA => (query, key) == (1, 0),
            Self::BB => (query, key) == (1, 1),
        }
    }
}

/// Everything that is left out of one head's values.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Special tokens.
    pub special: Special,
    /// Sentences of a pair.
    pub pairs: Pairs,
    /// Whether pieces are merged into words: columns summed, rows averaged (Clark et al. 2019).
    pub words: bool,
    /// The smallest values.
    pub threshold: Threshold,
}

impl Filter {
    /// Nothing is left out.
    pub fn nothing() -> Self {
        Self { special: Special::Show, pairs: Pairs::All, words: false, threshold: Threshold::Mass(1.0) }
    }

    /// The same with every value passing the threshold.
    pub fn before_threshold(self) -> Self {
        Self { threshold: Threshold::Mass(1.0), ..self }
    }

    /// The sentences that are looked at: a single text has no others.
    pub fn pairs_of(&self, tokens: &Tokens) -> Pairs {
        if tokens.texts.len() < 2 { Pairs::All } else { self.pairs }
    }

    /// Whether rows are scaled once special tokens are left out: sums of values of either sign mean nothing.
    pub fn rescales(&self, meaning: Meaning) -> bool {
        self.special == Special::Renormalise && !meaning.is_signed()
    }

    /// Whether every value of these tokens reaches the threshold as it was.
    pub fn changes_nothing(&self, tokens: &Tokens) -> bool {
        let hides = self.special != Special::Show && tokens.pieces.iter().any(|p| p.special);
        !hides && !self.words && self.pairs_of(tokens) == Pairs::All
    }
}

/// A head after all steps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shown {
    /// The tokens of both axes: words where pieces were merged.
    pub tokens: Tokens,
    /// The tokens of the text that each of these stands for.
    pub spans: Vec<Range<usize>>,
    /// Values row-major `[query, key]`; 0 where something was left out before the threshold.
    pub weights: Arc<Vec<f32>>,
    /// The share of the own tokens' mass that special tokens took, 0 to 1, where they are left out.
    pub removed: f32,
    /// Whether rows were scaled to the sums that they had with special tokens.
    pub rescaled: bool,
    /// The share of what was left that lies between other sentences than those looked at.
    pub outside: f32,
    /// How many values pass the threshold.
    pub count: usize,
    /// The largest size among them.
    pub most: f32,
    /// The share of the remaining mass that they carry.
    pub mass: f32,
    /// How many values there were before the threshold, zeros aside.
    pub of: usize,
    /// What passes of each row: of long texts the values themselves would take longer to list than to look at.
    cuts: Vec<Cut>,
}

impl Shown {
    /// Which of the shown tokens stands for token `i` of the text.
    pub fn place(&self, i: usize) -> Option<usize> {
        self.spans.iter().position(|span| span.contains(&i))
    }

    /// The first token of the text that shown token `i` stands for.
    pub fn token(&self, i: usize) -> usize {
        self.spans[i].start
    }

    /// Whether a value passes the threshold.
    pub fn passes(&self, query: usize, key: usize) -> bool {
        self.cuts[query].has(key, self.weights[query * self.tokens.len() + key])
    }

    fn edge(&self, query: usize, key: usize) -> Option<Edge> {
        let weight = *self.weights.get(query * self.tokens.len() + key)?;
        self.cuts[query].has(key, weight).then_some(Edge { query, key, weight })
    }

    /// The values that pass the threshold, row by row, the largest of a row first; of equal ones the earlier key.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        (0..self.tokens.len()).flat_map(|query| {
            let mut row: Vec<Edge> = self.edges_of(query).collect();
            row.sort_by(|a, b| size(b.weight).total_cmp(&size(a.weight)));
            row
        })
    }

    /// Those of a query, by their key.
    pub fn edges_of(&self, query: usize) -> impl Iterator<Item = Edge> {
        (0..self.tokens.len()).filter_map(move |key| self.edge(query, key))
    }

    /// Those of a key, by their query.
    pub fn edges_to(&self, key: usize) -> impl Iterator<Item = Edge> {
        (0..self.tokens.len()).filter_map(move |query| self.edge(query, key))
    }

    /// The values that pass the threshold, row-major `[query, key]`, and `nothing` everywhere else. What is not a number
    /// passes too: it is never small.
    pub fn passed(&self, nothing: f32) -> Vec<f32> {
        let mut values = self.weights.to_vec();
        let rows = values.par_chunks_exact_mut(self.tokens.len().max(1)).zip(&self.cuts).with_min_len(32);
        rows.for_each(|(row, cut)| {
            for (key, w) in row.iter_mut().enumerate() {
                let stays = cut.has(key, *w) || w.is_nan() || *w == f32::INFINITY;
                *w = if stays { *w } else { nothing };
            }
        });
        values
    }

    /// The same under another threshold.
    pub fn under(mut self, threshold: Threshold) -> Self {
        let of_row = |sizes: &mut Vec<u32>, row: &[f32]| {
            let (cut, passed) = Cut::of(threshold, row, sizes);
            let most = if passed.kept == 0 { 0.0 } else { row.iter().fold(0f32, |most, w| most.max(size(*w))) };
            (cut, passed, most)
        };
        let rows = self.weights.par_chunks_exact(self.tokens.len().max(1)).with_min_len(32);
        let rows: Vec<_> = rows.map_init(Vec::new, of_row).collect();
        let passed = rows.iter().fold(Passed::default(), |all, (_, passed, _)| all.and(*passed));
        (self.mass, self.count, self.of) = (passed.share(), passed.kept as usize, passed.of as usize);
        self.most = rows.iter().fold(0.0, |most, (.., row)| most.max(*row));
        self.cuts = rows.iter().map(|(cut, ..)| *cut).collect();
        self
    }
}

/// Several heads as one; a value that is not a number stays one. All must have one length.
pub fn combine(heads: &[Cow<'_, [f32]>], how: Combine) -> Vec<f32> {
    let Some((first, rest)) = heads.split_first() else { return Vec::new() };
    let mut all = first.to_vec();
    for head in rest {
        for (a, &b) in all.iter_mut().zip(head.iter()) {
            *a = match how {
                Combine::Mean | Combine::Sum => *a + b,
                Combine::Max if a.is_nan() || a.abs() >= b.abs() => *a,
                Combine::Max => b,
            };
        }
    }
    if how == Combine::Mean {
        let count = heads.len() as f32;
        for a in &mut all {
            *a /= count;
        }
    }
    all
}

/// Applies a filter to one head's values under a meaning, row-major `[query, key]`.
pub fn show(tokens: &Tokens, weights: &[f32], meaning: Meaning, filter: &Filter) -> Shown {
    sift(tokens, weights, meaning, filter).under(filter.threshold)
}

/// The same up to the threshold, which nothing passes yet.
pub fn sift(tokens: &Tokens, weights: &[f32], meaning: Meaning, filter: &Filter) -> Shown {
    let n = tokens.len();
    if weights.len() != n * n || n == 0 {
        return Shown::default();
    }
    let removed = if filter.special == Special::Show { 0.0 } else { on_special(tokens, weights) };
    let (kept, outside) = keep(tokens, weights, meaning, filter);
    let (tokens, spans) = if filter.words {
        (tokens.merged(), tokens.words())
    } else {
        (tokens.clone(), (0..n).map(|i| i..i + 1).collect())
    };
    let cuts = vec![Cut::SHUT; tokens.len()];
    let weights = Arc::new(kept);
    Shown {
        tokens,
        spans,
        weights,
        removed,
        rescaled: filter.rescales(meaning),
        outside,
        count: 0,
        most: 0.0,
        mass: 0.0,
        of: 0,
        cuts,
    }
}

/// The values that are left before the threshold, row-major over the tokens or words that are shown: what columns and
/// sums are made of. Empty where the values are not of these tokens.
pub fn kept(tokens: &Tokens, weights: &[f32], meaning: Meaning, filter: &Filter) -> Vec<f32> {
    let n = tokens.len();
    if weights.len() == n * n && n > 0 { keep(tokens, weights, meaning, filter).0 } else { Vec::new() }
}

/// [`kept`], and the share of what special tokens left that lies between other sentences than those looked at.
fn keep(tokens: &Tokens, weights: &[f32], meaning: Meaning, filter: &Filter) -> (Vec<f32>, f32) {
    let n = tokens.len();
    let mut kept = weights.to_vec();
    if filter.special != Special::Show {
        hide(tokens, &mut kept, filter.rescales(meaning));
    }
    let pairs = filter.pairs_of(tokens);
    let mut outside = 0.0;
    if pairs != Pairs::All {
        let before = mass(&kept);
        for (q, row) in kept.chunks_exact_mut(n).enumerate() {
            for (k, w) in row.iter_mut().enumerate() {
                if !pairs.has(tokens.pieces[q].text, tokens.pieces[k].text) {
                    *w = 0.0;
                }
            }
        }
        outside = if before > 0.0 { 1.0 - mass(&kept) / before } else { 0.0 };
    }
    if filter.words {
        kept = merge(&kept, &tokens.words(), n);
    }
    (kept, outside)
}

/// Leaves out the rows and columns of special tokens; where it `scales`, shares sum to 1 again, and sums of heads to
/// their number.
fn hide(tokens: &Tokens, weights: &mut [f32], scales: bool) {
    let hidden: Vec<usize> = (0..tokens.len()).filter(|&i| tokens.pieces[i].special).collect();
    for (q, row) in weights.chunks_exact_mut(tokens.len()).enumerate() {
        if tokens.pieces[q].special {
            row.fill(0.0);
            continue;
        }
        let before = if scales { mass(row) } else { 0.0 };
        for &k in &hidden {
            row[k] = 0.0;
        }
        let after = if scales { mass(row) } else { 0.0 };
        if after > 0.0 {
            for w in row.iter_mut() {
                *w *= before / after;
            }
        }
    }
}

/// The share of the mass of a text's own tokens that rests on special tokens, 0 to 1: what hiding them takes away.
pub fn on_special(tokens: &Tokens, weights: &[f32]) -> f32 {
    let n = tokens.len();
    if weights.len() != n * n {
        return 0.0;
    }
    let special: Vec<usize> = (0..n).filter(|&k| tokens.pieces[k].special).collect();
    let (mut taken, mut total) = (0.0, 0.0);
    for (_, row) in weights.chunks_exact(n.max(1)).enumerate().filter(|(q, _)| !tokens.pieces[*q].special) {
        total += mass(row);
        taken += special.iter().map(|&k| size(row[k])).sum::<f32>();
    }
    if total > 0.0 { taken / total } else { 0.0 }
}

/// Pieces merged into words: columns summed, rows averaged. What cannot be stays minus infinity.
fn merge(weights: &[f32], words: &[Range<usize>], n: usize) -> Vec<f32> {
    let mut merged = Vec::with_capacity(words.len() * words.len());
    for query in words {
        for key in words {
            let rows = query.clone().map(|q| {
                let row = &weights[q * n..][key.clone()];
                let there = || row.iter().filter(|w| **w != f32::NEG_INFINITY);
                (there().count() > 0).then(|| there().sum::<f32>())
            });
            let (sum, count) = rows.flatten().fold((0.0, 0), |(sum, count), row| (sum + row, count + 1));
            // A word of which no piece can look there; otherwise all its pieces count, also those that cannot.
            merged.push(if count == 0 { f32::NEG_INFINITY } else { sum / query.len() as f32 });
        }
    }
    merged
}

fn mass(row: &[f32]) -> f32 {
    row.iter().map(|w| size(*w)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Piece;

    /// Tokens of which some are special; words by number, and the text that each belongs to.
    fn tokens(pieces: &[(Option<u32>, u32)]) -> Tokens {
        let piece = |&(word, text): &(Option<u32>, u32)| Piece {
            piece: "x".into(),
            id: 0,
            start: 0,
            end: 0,
            text,
            segment: 0,
            special: word.is_none(),
            word,
            unknown: false,
        };
        Tokens { texts: vec!["".into(), "".into()], pieces: pieces.iter().map(piece).collect(), dropped: 0 }
    }

    const PLAIN: Filter =
        Filter { special: Special::Show, pairs: Pairs::All, words: false, threshold: Threshold::Mass(1.0) };

    #[test]
    fn hiding_special_tokens_says_how_much_went() {
        let tokens = tokens(&[(None, 0), (Some(0), 0), (Some(1), 0)]);
        let weights = [0.0, 0.5, 0.5, 0.6, 0.1, 0.3, 0.2, 0.4, 0.4];
        let shown = show(&tokens, &weights, Meaning::Raw, &Filter { special: Special::Hide, ..PLAIN });
        assert!((shown.removed - 0.4).abs() < 1e-6, "rows 1 and 2 lose 0.6 and 0.2 of 2: {}", shown.removed);
        assert_eq!(*shown.weights, [0.0, 0.0, 0.0, 0.0, 0.1, 0.3, 0.0, 0.4, 0.4]);
        assert_eq!((shown.count, shown.of), (4, 4));
        let all = show(&tokens, &weights, Meaning::Raw, &PLAIN);
        assert_eq!((all.removed, all.weights.as_slice()), (0.0, weights.as_slice()));
        let scaled = show(&tokens, &weights, Meaning::Raw, &Filter { special: Special::Renormalise, ..PLAIN });
        for (got, wanted) in scaled.weights[3..].iter().zip([0.0, 0.25, 0.75, 0.0, 0.5, 0.5]) {
            assert!((got - wanted).abs() < 1e-6, "{:?}", scaled.weights);
        }
        assert_eq!(scaled.removed, shown.removed);
        assert!(scaled.rescaled && !shown.rescaled);
        // Scores are never scaled, whether or not those of this head happen to be below zero.
        for first in [0.1, -0.1] {
            let scores = [0.0, 0.5, 0.5, 0.6, first, 0.3, 0.2, 0.4, 0.4];
            let filter = Filter { special: Special::Renormalise, ..PLAIN };
            let shown = show(&tokens, &scores, Meaning::Scores, &filter);
            assert_eq!((&shown.weights[4..6], shown.rescaled), (&[first, 0.3][..], false));
        }
    }

    #[test]
    fn pieces_become_words_columns_summed_and_rows_averaged() {
        let tokens = tokens(&[(Some(0), 0), (Some(1), 0), (Some(1), 0)]);
        let weights = [0.2, 0.3, 0.5, 0.1, 0.8, 0.1, 0.4, 0.2, 0.4];
        let shown = show(&tokens, &weights, Meaning::Raw, &Filter { words: true, ..PLAIN });
        for (got, wanted) in shown.weights.iter().zip([0.2, 0.8, 0.25, 0.75]) {
            assert!((got - wanted).abs() < 1e-6, "{:?}", shown.weights);
        }
        assert_eq!((shown.tokens.len(), shown.of), (2, 4));
    }

    #[test]
    fn a_pair_is_looked_at_from_sentence_to_sentence() {
        let tokens = tokens(&[(Some(0), 0), (Some(0), 1)]);
        let weights = [0.25, 0.75, 0.5, 0.5];
        for (pairs, left) in [(Pairs::AA, 0), (Pairs::AB, 1), (Pairs::BA, 2), (Pairs::BB, 3)] {
            let shown = show(&tokens, &weights, Meaning::Raw, &Filter { pairs, ..PLAIN });
            assert_eq!(shown.edges().map(|e| e.weight).collect::<Vec<_>>(), [weights[left]]);
            assert!((shown.outside - (1.0 - weights[left] / 2.0)).abs() < 1e-6);
        }
        // The second sentence is gone, the choice is still there.
        let alone = Tokens { texts: vec!["".into()], ..tokens };
        let shown = show(&alone, &weights, Meaning::Raw, &Filter { pairs: Pairs::BB, ..PLAIN });
        assert_eq!((shown.count, shown.outside), (4, 0.0));
    }

    #[test]
    fn what_is_left_before_the_threshold_is_what_is_shown() {
        let tokens = tokens(&[(None, 0), (Some(0), 0), (Some(0), 0), (Some(1), 1)]);
        let weights: Vec<f32> = (0..16).map(|i| i as f32 / 16.0).collect();
        for special in Special::ALL.iter().copied() {
            for (pairs, words) in [(Pairs::All, false), (Pairs::AB, false), (Pairs::All, true)] {
                let filter = Filter { special, pairs, words, threshold: Threshold::Top(1) };
                assert_eq!(
                    kept(&tokens, &weights, Meaning::Raw, &filter),
                    *show(&tokens, &weights, Meaning::Raw, &filter).weights
                );
            }
        }
        assert!(kept(&tokens, &weights[1..], Meaning::Raw, &PLAIN).is_empty());
    }

    #[test]
    fn what_passes_the_threshold_stands_where_it_stood() {
        let tokens = tokens(&[(Some(0), 0), (Some(1), 0)]);
        let filter = Filter { threshold: Threshold::AtLeast(0.4), ..PLAIN };
        let shown = show(&tokens, &[0.3, 0.7, 0.5, 0.1], Meaning::Raw, &filter);
        assert_eq!(shown.passed(0.0), [0.0, 0.7, 0.5, 0.0]);
        assert!(shown.passed(f32::NAN)[0].is_nan());
        let broken = show(&tokens, &[f32::NAN, 0.7, f32::NEG_INFINITY, 0.1], Meaning::Scores, &filter).passed(0.0);
        assert!(broken[0].is_nan() && broken[1..] == [0.7, 0.0, 0.0]);
    }

    #[test]
    fn what_cannot_be_is_neither_shown_nor_counted() {
        let tokens = tokens(&[(Some(0), 0), (Some(1), 0)]);
        let shown = show(&tokens, &[2.0, f32::NEG_INFINITY, -1.0, 1.0], Meaning::Scores, &PLAIN);
        assert_eq!((shown.of, shown.count, shown.mass), (3, 3, 1.0));
        let words =
            show(&tokens, &[2.0, f32::NEG_INFINITY, -1.0, 1.0], Meaning::Scores, &Filter { words: true, ..PLAIN });
        assert_eq!(words.weights[1], f32::NEG_INFINITY);
    }

    #[test]
    fn heads_are_combined_by_name() {
        let heads = [Cow::Borrowed([0.2, -0.6].as_slice()), Cow::Borrowed(&[0.4, 0.2])];
        for (how, wanted) in [(Combine::Mean, [0.3, -0.2]), (Combine::Sum, [0.6, -0.4]), (Combine::Max, [0.4, -0.6])] {
            for (got, wanted) in combine(&heads, how).iter().zip(wanted) {
                assert!((got - wanted).abs() < 1e-6, "{how}");
            }
        }
    }

    #[test]
    fn choices_print_and_parse_back() {
        assert!(Combine::ALL.iter().all(|c| c.name().parse::<Combine>().is_ok_and(|p| p == *c)));
        assert!(Special::ALL.iter().all(|c| c.name().parse::<Special>().is_ok_and(|p| p == *c)));
        assert!(Pairs::ALL.iter().all(|c| c.name().parse::<Pairs>().is_ok_and(|p| p == *c)));
        assert!("sometimes".parse::<Special>().is_err());
    }
}
