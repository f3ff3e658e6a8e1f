//! What is shown of one head's values, and what each step left out. The order of the steps is fixed: meaning, heads
//! combined, special tokens, sentences of a pair, words, threshold.

use super::attention::Edge;
use crate::error::{Error, Result};
use crate::text::Tokens;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

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
    /// They are left out and every row is scaled to the sum that it had. Signed values are never scaled.
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

/// Which values of a row are shown, by their magnitude.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// The fewest whose mass reaches this share of the row's, 0 to 1 (exBERT's design).
    Mass(f32),
    /// All that are at least this large.
    AtLeast(f32),
    /// This many of the largest.
    Top(usize),
}

impl Threshold {
    /// The same with its number inside its range.
    pub fn checked(self) -> Self {
        match self {
            Self::Mass(share) => Self::Mass(if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.7 }),
            Self::AtLeast(least) => Self::AtLeast(if least.is_finite() { least.max(0.0) } else { 0.0 }),
            Self::Top(count) => Self::Top(count.max(1)),
        }
    }
}

impl Default for Threshold {
    fn default() -> Self {
        Self::Mass(0.7)
    }
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
}

/// A head after all steps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shown {
    /// The tokens of both axes: words where pieces were merged.
    pub tokens: Tokens,
    /// The tokens of the text that each of these stands for.
    pub spans: Vec<Range<usize>>,
    /// Values row-major `[query, key]`; 0 where something was left out before the threshold.
    pub weights: Vec<f32>,
    /// The share of the own tokens' mass that special tokens took, 0 to 1, where they are left out.
    pub removed: f32,
    /// The share of what was left that lies between other sentences than those looked at.
    pub outside: f32,
    /// The values that pass the threshold.
    pub edges: Vec<Edge>,
    /// The share of the remaining mass that they carry.
    pub mass: f32,
    /// How many values there were before the threshold, zeros aside.
    pub of: usize,
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

/// Applies a filter to one head's values, row-major `[query, key]`.
pub fn show(tokens: &Tokens, weights: &[f32], filter: &Filter) -> Shown {
    let n = tokens.len();
    if weights.len() != n * n || n == 0 {
        return Shown::default();
    }
    let removed = if filter.special == Special::Show { 0.0 } else { on_special(tokens, weights) };
    let (kept, outside) = keep(tokens, weights, filter);
    let (tokens, spans) = if filter.words {
        (tokens.merged(), tokens.words())
    } else {
        (tokens.clone(), (0..n).map(|i| i..i + 1).collect())
    };
    let n = tokens.len();
    let after: f64 = kept.iter().map(|w| f64::from(size(*w))).sum();
    let rows: Vec<Vec<Edge>> = kept
        .par_chunks_exact(n)
        .with_min_len(32)
        .enumerate()
        .map(|(query, row)| of_row(query, row, filter.threshold))
        .collect();
    let edges = rows.concat();
    let shown: f64 = edges.iter().map(|e| f64::from(e.weight.abs())).sum();
    Shown {
        of: kept.iter().filter(|w| **w != 0.0 && **w != f32::NEG_INFINITY).count(),
        mass: if after > 0.0 { (shown / after).min(1.0) as f32 } else { 0.0 },
        tokens,
        spans,
        weights: kept,
        removed,
        outside,
        edges,
    }
}

/// The values that are left before the threshold, row-major over the tokens or words that are shown: what columns and
/// sums are made of. Empty where the values are not of these tokens.
pub fn kept(tokens: &Tokens, weights: &[f32], filter: &Filter) -> Vec<f32> {
    let n = tokens.len();
    if weights.len() == n * n && n > 0 { keep(tokens, weights, filter).0 } else { Vec::new() }
}

/// [`kept`], and the share of what special tokens left that lies between other sentences than those looked at.
fn keep(tokens: &Tokens, weights: &[f32], filter: &Filter) -> (Vec<f32>, f32) {
    let n = tokens.len();
    let mut kept = weights.to_vec();
    if filter.special != Special::Show {
        let hidden: Vec<bool> = tokens.pieces.iter().map(|p| p.special).collect();
        // A row is scaled to what it was: shares sum to 1 again, sums of heads to their number.
        let scales = filter.special == Special::Renormalise && weights.iter().all(|w| *w >= 0.0 || w.is_nan());
        for (q, row) in kept.chunks_exact_mut(n).enumerate() {
            let before = if scales { mass(row) } else { 0.0 };
            if hidden[q] {
                row.fill(0.0);
                continue;
            }
            for (w, _) in row.iter_mut().zip(&hidden).filter(|(_, hidden)| **hidden) {
                *w = 0.0;
            }
            let after = if scales { mass(row) } else { 0.0 };
            if after > 0.0 {
                for w in row.iter_mut() {
                    *w *= before / after;
                }
            }
        }
    }
    let mut outside = 0.0;
    if filter.pairs != Pairs::All {
        let before = mass(&kept);
        for (q, row) in kept.chunks_exact_mut(n).enumerate() {
            for (k, w) in row.iter_mut().enumerate() {
                if !filter.pairs.has(tokens.pieces[q].text, tokens.pieces[k].text) {
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

/// The share of the mass of a text's own tokens that rests on special tokens, 0 to 1: what hiding them takes away.
pub fn on_special(tokens: &Tokens, weights: &[f32]) -> f32 {
    let n = tokens.len();
    if weights.len() != n * n {
        return 0.0;
    }
    let (mut taken, mut total) = (0.0, 0.0);
    for (q, row) in weights.chunks_exact(n.max(1)).enumerate().filter(|(q, _)| !tokens.pieces[*q].special) {
        debug_assert!(q < n, "a row for each token");
        total += mass(row);
        taken += row.iter().enumerate().filter(|(k, _)| tokens.pieces[*k].special).map(|(_, w)| size(*w)).sum::<f32>();
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

/// The values of a row that pass the threshold, largest first; of equal ones the earlier key.
fn of_row(query: usize, row: &[f32], threshold: Threshold) -> Vec<Edge> {
    // Sizes from zero on are in the order of their bits, and whole numbers sort in a fraction of the time.
    let entry = |(key, w): (usize, &f32)| {
        let size = size(*w);
        (size > 0.0).then(|| u64::from(size.to_bits()) << 32 | u64::from(u32::MAX - key as u32))
    };
    let mut order: Vec<u64> = row.iter().enumerate().filter_map(entry).collect();
    let edge = |entry: u64| {
        let key = (u32::MAX - entry as u32) as usize;
        Edge { query, key, weight: row[key] }
    };
    let size_of = |entry: u64| f32::from_bits((entry >> 32) as u32);
    match threshold {
        Threshold::Top(count) => {
            if count < order.len() {
                order.select_nth_unstable_by(count, |a, b| b.cmp(a));
                order.truncate(count);
            }
            order.sort_unstable_by(|a, b| b.cmp(a));
        }
        Threshold::AtLeast(least) => {
            order.retain(|&entry| size_of(entry) >= least);
            order.sort_unstable_by(|a, b| b.cmp(a));
        }
        Threshold::Mass(share) => {
            order.sort_unstable_by(|a, b| b.cmp(a));
            // In double precision the order of a sum makes no difference to which value crosses the line. Half of
            // a row is half of it also where the row's values were rounded.
            let total: f64 = order.iter().map(|&entry| f64::from(size_of(entry))).sum();
            let line = if share < 1.0 { f64::from(share - f32::EPSILON) * total } else { f64::INFINITY };
            let mut running = 0.0;
            // The one that crosses the line is included.
            let is_before = |&&entry: &&u64| {
                let goes_on = running < line;
                running += f64::from(size_of(entry));
                goes_on
            };
            let count = order.iter().take_while(is_before).count();
            order.truncate(count);
        }
    }
    order.into_iter().map(edge).collect()
}

fn mass(row: &[f32]) -> f32 {
    row.iter().map(|w| size(*w)).sum()
}

/// How much a value weighs: its magnitude; what is no number or cannot be weighs nothing.
fn size(w: f32) -> f32 {
    if w.is_finite() { w.abs() } else { 0.0 }
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
        let shown = show(&tokens, &weights, &Filter { special: Special::Hide, ..PLAIN });
        assert!((shown.removed - 0.4).abs() < 1e-6, "rows 1 and 2 lose 0.6 and 0.2 of 2: {}", shown.removed);
        assert_eq!(shown.weights, [0.0, 0.0, 0.0, 0.0, 0.1, 0.3, 0.0, 0.4, 0.4]);
        assert_eq!((shown.edges.len(), shown.of), (4, 4));
        let all = show(&tokens, &weights, &PLAIN);
        assert_eq!((all.removed, all.weights.as_slice()), (0.0, weights.as_slice()));
        let scaled = show(&tokens, &weights, &Filter { special: Special::Renormalise, ..PLAIN });
        for (got, wanted) in scaled.weights[3..].iter().zip([0.0, 0.25, 0.75, 0.0, 0.5, 0.5]) {
            assert!((got - wanted).abs() < 1e-6, "{:?}", scaled.weights);
        }
        assert_eq!(scaled.removed, shown.removed);
        let signed = [0.0, 0.5, 0.5, 0.6, -0.1, 0.3, 0.2, 0.4, 0.4];
        let shown = show(&tokens, &signed, &Filter { special: Special::Renormalise, ..PLAIN });
        assert_eq!(shown.weights[4..6], [-0.1, 0.3], "signed values are never scaled");
    }

    #[test]
    fn pieces_become_words_columns_summed_and_rows_averaged() {
        let tokens = tokens(&[(Some(0), 0), (Some(1), 0), (Some(1), 0)]);
        let weights = [0.2, 0.3, 0.5, 0.1, 0.8, 0.1, 0.4, 0.2, 0.4];
        let shown = show(&tokens, &weights, &Filter { words: true, ..PLAIN });
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
            let shown = show(&tokens, &weights, &Filter { pairs, ..PLAIN });
            assert_eq!(shown.edges.len(), 1);
            assert_eq!(shown.edges[0].weight, weights[left]);
            assert!((shown.outside - (1.0 - weights[left] / 2.0)).abs() < 1e-6);
        }
    }

    #[test]
    fn thresholds_go_by_magnitude_and_keep_the_edge_that_crosses_the_line() {
        let row = [0.5, -0.3, 0.15, 0.05];
        let kept = |threshold| of_row(0, &row, threshold).len();
        for (share, count) in [(0.0, 0), (0.1, 1), (0.5, 1), (0.51, 2), (0.81, 3), (1.0, 4)] {
            assert_eq!(kept(Threshold::Mass(share)), count, "{share}");
        }
        assert_eq!((kept(Threshold::AtLeast(0.15)), kept(Threshold::AtLeast(0.6))), (3, 0));
        assert_eq!((kept(Threshold::Top(2)), kept(Threshold::Top(9))), (2, 4));
    }

    #[test]
    fn the_mass_threshold_keeps_the_fewest_values_that_reach_it() {
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 24) as f32
        };
        for round in 0..400 {
            let n = 1 + round % 23;
            // Rows with ties, zeros, signs, one heavy value, and what is no number.
            let row: Vec<f32> = (0..n)
                .map(|i| match round % 5 {
                    0 => random(),
                    1 => (random() * 4.0).floor() / 8.0,
                    2 => random().powi(9) - 0.2 * random(),
                    3 => {
                        if i == 0 {
                            0.9
                        } else {
                            0.1 / n as f32
                        }
                    }
                    _ => {
                        if i % 7 == 3 {
                            f32::NEG_INFINITY
                        } else {
                            random() - 0.5
                        }
                    }
                })
                .collect();
            let mut sizes: Vec<f64> = row.iter().filter(|w| w.is_finite()).map(|w| f64::from(w.abs())).collect();
            let total: f64 = sizes.iter().sum();
            sizes.sort_by(|a, b| b.total_cmp(a));
            for share in [0.05, 0.25, 0.5, 0.7, 0.9, 0.999, 1.0] {
                let kept = of_row(0, &row, Threshold::Mass(share));
                let line = f64::from(share) * total;
                let sum: f64 = kept.iter().map(|e| f64::from(e.weight.abs())).sum();
                assert!(sum >= line - 2e-7 * total, "{row:?} {share}: {sum} of {total}");
                // No other choice of one fewer carries more than the largest ones do.
                let fewer: f64 = sizes.iter().take(kept.len().saturating_sub(1)).sum();
                assert!(kept.is_empty() || fewer < line, "{row:?} {share}: {} are too many", kept.len());
                let mut keys: Vec<usize> = kept.iter().map(|e| e.key).collect();
                assert!(kept.iter().all(|e| row[e.key] == e.weight && e.weight != 0.0));
                keys.sort_unstable();
                keys.dedup();
                assert_eq!(keys.len(), kept.len(), "each once");
            }
        }
    }

    #[test]
    fn what_is_left_before_the_threshold_is_what_is_shown() {
        let tokens = tokens(&[(None, 0), (Some(0), 0), (Some(0), 0), (Some(1), 1)]);
        let weights: Vec<f32> = (0..16).map(|i| i as f32 / 16.0).collect();
        for special in Special::ALL.iter().copied() {
            for (pairs, words) in [(Pairs::All, false), (Pairs::AB, false), (Pairs::All, true)] {
                let filter = Filter { special, pairs, words, threshold: Threshold::Top(1) };
                assert_eq!(kept(&tokens, &weights, &filter), show(&tokens, &weights, &filter).weights);
            }
        }
        assert!(kept(&tokens, &weights[1..], &PLAIN).is_empty());
    }

    #[test]
    fn what_cannot_be_is_neither_shown_nor_counted() {
        let tokens = tokens(&[(Some(0), 0), (Some(1), 0)]);
        let shown = show(&tokens, &[2.0, f32::NEG_INFINITY, -1.0, 1.0], &PLAIN);
        assert_eq!((shown.of, shown.edges.len(), shown.mass), (3, 3, 1.0));
        let words = show(&tokens, &[2.0, f32::NEG_INFINITY, -1.0, 1.0], &Filter { words: true, ..PLAIN });
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
