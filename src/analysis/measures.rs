//! What a head does on one text, in numbers.
//!
//! | measure | of a query's row `a` | source |
//! |---|---|---|
//! | entropy | `-sum a ln a`, in nats | Clark et al. 2019, section 3.3; HeadVis |
//! | distance | `sum a abs(query - key)`, in tokens | Vig and Belinkov 2019, section 4.2; HeadVis |
//! | confidence | the largest weight | Voita et al. 2019, section 4 |
//! | first | the weight on the first token of the sequence | Clark et al. 2019, section 3.2 |
//! | delimiter | the weights on separators and on . , ; : ! ? | Clark et al. 2019, section 3.2 |
//! | sink share | the weights on the sink | Xiao et al. 2023 |
//! | self, previous, next | the weight on the token itself, the one before, the one after | HeadVis |
//! | same token | the weights on other tokens with the query's id | Olsson et al. 2022 ("duplicate token") |
//! | induction | the weights on tokens that follow an earlier occurrence of the query's id | Olsson et al. 2022; HeadVis |
//! | punctuation | the weights on . , ; : ! ? | |
//! | evenness | the entropy of the row, of the entropy that equal weights would have | |
//!
//! Each is the mean over rows. Entropy, distance and confidence are of every row as the model computed it. First,
//! delimiter and sink share are of rows as computed too, those of the sink's own tokens left out. All others are of what
//! the sink leaves: its columns are taken out and the rest is divided by its sum, because a sink would drown everything
//! else. Only rows that can show a measure count (the first token has none before it; self, punctuation and evenness
//! need two keys to choose between), and of these only where the sink leaves more than a tenth: a share of next to nothing
//! says nothing.
//!
//! The sink is made of the tokens that the tokenizer put around the text. Where it puts none, as GPT-2's, the first
//! token serves as one.

use crate::engine::Run;
use crate::text::Tokens;
use serde::{Deserialize, Serialize};

/// What is measured of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Measure {
    /// Entropy of a row, in nats.
    Entropy,
    /// Mean distance to the keys, in tokens.
    Distance,
    /// The largest weight.
    Confidence,
    /// Attention to the token itself.
    Itself,
    /// Attention to the token before.
    Previous,
    /// Attention to the token after.
    Next,
    /// Attention to the same token elsewhere.
    SameToken,
    /// Attention to what followed the same token earlier.
    Induction,
    /// Attention to the first token of the sequence.
    First,
    /// Attention to separators and punctuation.
    Delimiter,
    /// Attention to the sink.
    SinkShare,
    /// Attention to punctuation, beside the sink.
    Punctuation,
    /// How even attention is, beside the sink.
    Evenness,
}

impl Measure {
    /// Every measure, in the order of the tables.
    pub const ALL: [Self; 13] = [
        Self::Entropy,
        Self::Distance,
        Self::Confidence,
        Self::Itself,
        Self::Previous,
        Self::Next,
        Self::SameToken,
        Self::Induction,
        Self::First,
        Self::Delimiter,
        Self::SinkShare,
        Self::Punctuation,
        Self::Evenness,
    ];

    /// Whether it is a share, from 0 to 1.
    pub fn is_share(self) -> bool {
        !matches!(self, Self::Entropy | Self::Distance)
    }

    /// The name of its column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Entropy => "entropy",
            Self::Distance => "distance",
            Self::Confidence => "confidence",
            Self::Itself => "self",
            Self::Previous => "previous",
            Self::Next => "next",
            Self::SameToken => "same_token",
            Self::Induction => "induction",
            Self::First => "first",
            Self::Delimiter => "delimiter",
            Self::SinkShare => "sink_share",
            Self::Punctuation => "punctuation",
            Self::Evenness => "evenness",
        }
    }
}

/// The offsets that a head is looked at for beside the neighbours; keys after the query are positive.
pub const OFFSETS: [isize; 8] = [-5, -4, -3, -2, 2, 3, 4, 5];

/// How many numbers there are of a head: [`Measure::ALL`] and then [`OFFSETS`].
pub const COLUMNS: usize = Measure::ALL.len() + OFFSETS.len();

/// Of less than this beside the sink a share says nothing.
const LEAST: f64 = 0.1;

/// The measures of one head on one text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// The means, by column; NaN where no row shows it.
    pub values: [f64; COLUMNS],
    /// Over how many rows each is.
    pub counts: [u32; COLUMNS],
}

impl Measures {
    /// A measure; `None` where no row shows it.
    pub fn get(&self, measure: Measure) -> Option<f64> {
        Some(self.values[measure as usize]).filter(|value| value.is_finite())
    }

    /// Over how many rows it is.
    pub fn count(&self, measure: Measure) -> u32 {
        self.counts[measure as usize]
    }
}

/// What the measures need to know about the tokens, the same for every head.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Whether queries see earlier keys only.
    causal: bool,
    /// Which tokens are the sink.
    sink: Vec<bool>,
    /// Which tokens are separators or punctuation.
    delimiter: Vec<bool>,
    /// Which tokens are punctuation.
    punctuation: Vec<bool>,
    /// For each query, other tokens of the text with its id that it sees.
    same: Vec<Vec<usize>>,
    /// For each query, the tokens that follow an earlier one with its id.
    after: Vec<Vec<usize>>,
}

impl Setting {
    /// What is known of a run's tokens.
    pub fn of(run: &Run) -> Self {
        Self::new(&run.tokens, run.card.is_causal())
    }

    /// What is known of tokens that a `causal` model reads, or another.
    pub fn new(tokens: &Tokens, causal: bool) -> Self {
        let n = tokens.len();
        let sink = sink(tokens);
        let punctuation: Vec<bool> = (0..n).map(|i| !sink[i] && is_mark(&tokens.shown(i))).collect();
        // What the tokenizer puts after a text ends it; what it puts before begins it.
        let first = (0..n).find(|&i| !tokens.pieces[i].special).unwrap_or(n);
        let delimiter = (0..n).map(|i| punctuation[i] || (i > first && tokens.pieces[i].special)).collect();
        let id = |i: usize| tokens.pieces[i].id;
        let alike = |q: usize| (0..n).filter(move |&k| k != q && id(k) == id(q));
        let same = |q: usize| {
            let seen = |&k: &usize| !sink[k] && (!causal || k < q);
            if sink[q] { Vec::new() } else { alike(q).filter(seen).collect() }
        };
        let after = |q: usize| {
            let earlier = alike(q).filter(|&k| k + 1 < q && !sink[k] && !sink[k + 1]);
            if sink[q] { Vec::new() } else { earlier.map(|k| k + 1).collect() }
        };
        let (same, after) = ((0..n).map(same).collect(), (0..n).map(after).collect());
        Self { causal, sink, delimiter, punctuation, same, after }
    }

    /// Whether token `i` is part of the sink.
    pub fn is_sink(&self, i: usize) -> bool {
        self.sink[i]
    }

    /// The keys beside the sink that a query sees.
    pub fn keys(&self, query: usize) -> impl Iterator<Item = usize> + '_ {
        let end = if self.causal { query + 1 } else { self.sink.len() };
        (0..end).filter(|&k| !self.sink[k])
    }

    /// Measures a head: weights row-major `[query, key]`. Rows that hold no numbers are passed over.
    pub fn measure(&self, weights: &[f32]) -> Measures {
        let n = self.sink.len();
        let mut sums = Sums { totals: [0.0; COLUMNS], counts: [0; COLUMNS] };
        for query in 0..n {
            let Some(row) = weights.get(query * n..(query + 1) * n).filter(|r| r.iter().all(|w| w.is_finite())) else {
                continue;
            };
            self.row(query, row, &mut sums);
        }
        let mut values = [f64::NAN; COLUMNS];
        for (value, (total, &count)) in values.iter_mut().zip(sums.totals.iter().zip(&sums.counts)) {
            if count > 0 {
                *value = total / f64::from(count);
            }
        }
        Measures { values, counts: sums.counts }
    }

    /// [`Measure::Previous`], [`Measure::Next`] or [`Measure::SinkShare`] alone, for who wants no more of all heads of a long
    /// text: the mean, and over how many rows.
    pub fn habit(&self, measure: Measure, weights: &[f32]) -> (f64, u32) {
        let n = self.sink.len();
        let (mut total, mut count) = (0.0, 0);
        for (query, row) in weights.chunks_exact(n.max(1)).enumerate().take(n).filter(|(q, _)| !self.sink[*q]) {
            let near = |offset| Some(f64::from(row[self.near(query, offset)?]) / self.left(query, row)?);
            let share = match measure {
                Measure::Previous => near(-1),
                Measure::Next => near(1),
                _ => Some(on(&self.sink, row)),
            };
            if let Some(share) = share.filter(|s| s.is_finite()) {
                total += share;
                count += 1;
            }
        }
        (total / f64::from(count), count)
    }

    /// What the sink leaves of a row, where that is enough to speak of.
    fn left(&self, query: usize, row: &[f32]) -> Option<f64> {
        let left: f64 = self.keys(query).map(|k| f64::from(row[k])).sum();
        Some(left).filter(|left| *left > LEAST)
    }

    /// The token at an offset from the query, unless it is part of the sink.
    fn near(&self, query: usize, offset: isize) -> Option<usize> {
        query.checked_add_signed(offset).filter(|&k| k < self.sink.len() && !self.sink[k])
    }

    fn row(&self, query: usize, row: &[f32], sums: &mut Sums) {
        let n = row.len();
        let at = |k: usize| f64::from(row[k]);
        sums.add(Measure::Entropy, entropy((0..n).map(at)));
        sums.add(Measure::Distance, (0..n).map(|k| at(k) * k.abs_diff(query) as f64).sum());
        sums.add(Measure::Confidence, (0..n).map(at).fold(0.0, f64::max));
        if self.sink[query] {
            return;
        }
        sums.add(Measure::SinkShare, on(&self.sink, row));
        sums.add(Measure::First, at(0));
        sums.add(Measure::Delimiter, on(&self.delimiter, row));

        let Some(left) = self.left(query, row) else { return };
        let share = |k: usize| at(k) / left;
        let seen = self.keys(query).count();
        // Where only one key is left, the share is 1 whatever the head does.
        if seen > 1 {
            sums.add(Measure::Itself, share(query));
            sums.add(Measure::Punctuation, on(&self.punctuation, row) / left);
            sums.add(Measure::Evenness, entropy(self.keys(query).map(share)) / (seen as f64).ln());
        }
        for (measure, offset) in [(Measure::Previous, -1), (Measure::Next, 1)] {
            if let Some(k) = self.near(query, offset) {
                sums.add(measure, share(k));
            }
        }
        for (measure, keys) in [(Measure::SameToken, &self.same[query]), (Measure::Induction, &self.after[query])] {
            if !keys.is_empty() {
                sums.add(measure, keys.iter().map(|&k| share(k)).sum());
            }
        }
        for (i, &offset) in OFFSETS.iter().enumerate() {
            if let Some(k) = self.near(query, offset) {
                sums.add_to(Measure::ALL.len() + i, share(k));
            }
        }
    }
}

/// The sum of the weights on the tokens that are flagged.
fn on(flags: &[bool], row: &[f32]) -> f64 {
    flags.iter().zip(row).filter(|(flag, _)| **flag).map(|(_, w)| f64::from(*w)).sum()
}

/// In nats; no weight, no share in it.
fn entropy(weights: impl Iterator<Item = f64>) -> f64 {
    weights.filter(|w| *w > 0.0).map(|w| -w * w.ln()).sum()
}

/// Sums over rows, by column.
struct Sums {
    totals: [f64; COLUMNS],
    counts: [u32; COLUMNS],
}

impl Sums {
    fn add(&mut self, measure: Measure, value: f64) {
        self.add_to(measure as usize, value);
    }

    fn add_to(&mut self, column: usize, value: f64) {
        self.totals[column] += value;
        self.counts[column] += 1;
    }
}

/// Which tokens soak attention up: those that the tokenizer added, or the first where it adds none.
pub fn sink(tokens: &Tokens) -> Vec<bool> {
    let special: Vec<bool> = tokens.pieces.iter().map(|piece| piece.special).collect();
    if special.contains(&true) { special } else { (0..tokens.len()).map(|i| i == 0).collect() }
}

/// Whether a token is one of . , ; : ! ? or their full-width forms.
fn is_mark(token: &str) -> bool {
    let mut marks = token.trim().chars();
    let is_mark = |c| ".,;:!?\u{3002}\u{ff0c}\u{3001}\u{ff1b}\u{ff1a}\u{ff01}\u{ff1f}".contains(c);
    marks.next().is_some_and(is_mark) && marks.all(is_mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Piece;

    /// Tokens with these ids; 0 is a special token.
    fn tokens(ids: &[u32]) -> Tokens {
        let piece = |(i, &id): (usize, &u32)| Piece {
            piece: if id == 9 { ".".into() } else { format!("w{id}") },
            id,
            start: 0,
            end: 0,
            text: 0,
            segment: 0,
            special: id == 0,
            word: (id != 0).then_some(i as u32),
            unknown: false,
        };
        Tokens { texts: vec!["".into()], pieces: ids.iter().enumerate().map(piece).collect(), dropped: 0 }
    }

    /// A head whose query `q` gives everything to `to(q)`.
    fn pointing(n: usize, to: impl Fn(usize) -> usize) -> Vec<f32> {
        (0..n * n).map(|i| if to(i / n) == i % n { 1.0 } else { 0.0 }).collect()
    }

    #[test]
    fn a_head_that_points_scores_one_where_it_points() {
        let tokens = tokens(&[0, 5, 6, 7, 5, 6, 9, 0]);
        let setting = Setting::new(&tokens, false);
        let previous = setting.measure(&pointing(8, |q| q.saturating_sub(1)));
        assert_eq!(previous.get(Measure::Previous), Some(1.0));
        assert_eq!(previous.count(Measure::Previous), 5, "the first word looks at the sink and is not counted");
        assert_eq!(setting.habit(Measure::Previous, &pointing(8, |q| q.saturating_sub(1))), (1.0, 5));
        assert_eq!(previous.get(Measure::Entropy), Some(0.0));
        assert_eq!(previous.get(Measure::Distance), Some(7.0 / 8.0));
        assert_eq!(previous.get(Measure::SinkShare), Some(1.0 / 6.0));
        // 5 and 6 stand at 1, 2 and again at 4, 5: what followed them are 2 and 3.
        let induction = setting.measure(&pointing(8, |q| if q >= 4 { q - 2 } else { q }));
        assert_eq!((induction.get(Measure::Induction), induction.count(Measure::Induction)), (Some(1.0), 2));
        let same = setting.measure(&pointing(8, |q| if q >= 4 { q - 3 } else { q + 3 }));
        assert_eq!((same.get(Measure::SameToken), same.count(Measure::SameToken)), (Some(1.0), 4));
        let ends = setting.measure(&pointing(8, |q| if q % 2 == 0 { 6 } else { 7 }));
        assert_eq!(ends.get(Measure::Delimiter), Some(1.0), "the period and the separator, not the first special");
        assert_eq!(ends.get(Measure::SinkShare), Some(0.5));
        assert_eq!(ends.get(Measure::Punctuation), Some(1.0), "rows that the sink empties are not counted");
    }

    #[test]
    fn the_first_token_is_the_sink_where_no_token_is_special() {
        let tokens = tokens(&[5, 6, 5, 7]);
        let setting = Setting::new(&tokens, true);
        let first = setting.measure(&pointing(4, |_| 0));
        assert_eq!((first.get(Measure::SinkShare), first.count(Measure::SinkShare)), (Some(1.0), 3));
        assert_eq!(first.get(Measure::Previous), None, "nothing is left to classify");
        assert_eq!(first.get(Measure::First), Some(1.0));
    }

    #[test]
    fn a_row_without_a_choice_says_nothing_of_self() {
        // One word between special tokens; and a second token that sees the first, the sink, and itself.
        let one = Setting::new(&tokens(&[0, 5, 0]), false).measure(&pointing(3, |q| q));
        assert_eq!((one.get(Measure::Itself), one.get(Measure::Punctuation)), (None, None));
        let causal = Setting::new(&tokens(&[5, 6, 7]), true).measure(&pointing(3, |q| if q == 2 { 1 } else { q }));
        assert_eq!((causal.get(Measure::Itself), causal.count(Measure::Itself)), (Some(0.0), 1));
        assert_eq!(causal.count(Measure::Previous), 1);
    }

    #[test]
    fn even_weights_are_even_and_rows_without_numbers_are_passed_over() {
        let setting = Setting::new(&tokens(&[0, 5, 6, 7]), false);
        let mut weights = vec![0.25; 16];
        let even = setting.measure(&weights);
        assert!((even.get(Measure::Evenness).expect("three rows") - 1.0).abs() < 1e-12);
        assert!((even.get(Measure::Entropy).expect("four rows") - 4f64.ln()).abs() < 1e-12);
        weights[4] = f32::NAN;
        assert_eq!(setting.measure(&weights).count(Measure::Entropy), 3);
        assert_eq!(setting.measure(&[]).get(Measure::Entropy), None);
    }

    #[test]
    fn marks_are_marks_only() {
        for (token, wanted) in
            [(".", true), ("...", true), ("\u{3002}", true), ("a.", false), ("", false), ("-", false)]
        {
            assert_eq!(is_mark(token), wanted, "{token}");
        }
    }
}
