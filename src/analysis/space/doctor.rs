//! What ails a space of vectors: vectors that all point one way, lengths that say how frequent words are, words that are
//! everybody's neighbour, and rows that are equal, zero or no numbers.

use super::correlation::Correlation;
use super::moments;
use super::neighbours::{Index, Metric};
use super::pca::{Pca, with_log};
use crate::analysis::bootstrap::SplitMix;
use crate::error::Result;
use crate::rows::Rows;
use crate::source::vectors::{Column, ColumnValues};
use crate::trace::Control;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::HashMap;

/// Neighbours whose lists are counted.
pub const OCCURRENCES: usize = 10;
/// Words up to which everybody's neighbours are looked for.
pub const MOST: usize = 20_000;

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// Rows with a value that is not finite, in order. They count for nothing else.
    pub not_finite: Vec<usize>,
    /// Rows of zeros, in order.
    pub zeros: Vec<usize>,
    /// Rows that are equal and not zero, in groups of two and more; rows and groups in order.
    pub equal: Vec<Vec<usize>>,
    /// The mean cosine of all pairs of rows: near 0 where vectors point everywhere, near 1 where they all point one way.
    /// `None` of fewer than two rows with a direction.
    pub cosine: Option<f64>,
    /// The length of each row; NaN where it is not finite.
    pub lengths: Vec<f32>,
    /// How lengths go with the logarithm of the frequency or rank that was given. `None` where one of them does not vary.
    pub frequency: Option<Correlation>,
    /// How many dimensions the variance would fill if it were even: see [`Pca::participation`].
    pub participation: f64,
    /// How neighbours are shared out. `None` of fewer than two rows with a direction.
    pub hubs: Option<Hubs>,
}

impl Findings {
    /// How many pairs of rows [`Findings::cosine`] is the mean of.
    pub fn pairs(&self) -> u64 {
        let bad = self.not_finite.len() + self.zeros.len();
        let n = (self.lengths.len() - bad) as u64;
        n * n.saturating_sub(1) / 2
    }
}

/// How frequent words are: the column of counts with its name, where there is one, else the rank of each row from 1 on.
pub fn frequency(columns: &[Column], count: usize) -> (Option<&str>, Cow<'_, [f64]>) {
    const NAMES: [&str; 5] = ["count", "counts", "frequency", "freq", "occurrences"];
    let found = columns.iter().find_map(|column| match &column.values {
        ColumnValues::Number(values) if NAMES.contains(&column.name.to_lowercase().as_str()) => {
            Some((Some(column.name.as_str()), Cow::Borrowed(values.as_slice())))
        }
        _ => None,
    });
    found.unwrap_or_else(|| (None, (1..=count).map(|rank| rank as f64).collect::<Vec<f64>>().into()))
}

/// Whose neighbour everybody is: how often each word is among the nearest of another. Radovanovic, Nanopoulos and
/// Ivanovic 2010.
#[derive(Debug, Clone, PartialEq)]
pub struct Hubs {
    /// Neighbours of each word, by the cosine: [`OCCURRENCES`], or all others.
    pub k: usize,
    /// The words that were looked at, by their rows, in order.
    pub words: Vec<usize>,
    /// Whether these were drawn from more.
    pub is_sample: bool,
    /// For each of them in how many lists of the others it is: `k` on average.
    pub occurrences: Vec<u32>,
    /// The skewness of these numbers, their third central moment over the third power of the standard deviation: 0 where
    /// neighbours are shared out evenly, above 1 where a few words are in very many lists.
    pub skewness: f64,
}

impl Hubs {
    /// The `count` words in the most lists, with in how many; in order among equals.
    pub fn most(&self, count: usize) -> Vec<(usize, u32)> {
        let mut all: Vec<(usize, u32)> = self.words.iter().copied().zip(self.occurrences.iter().copied()).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        all.truncate(count);
        all
    }

    /// The words in no list: anti-hubs, in order.
    pub fn nobodys(&self) -> Vec<usize> {
        self.words.iter().zip(&self.occurrences).filter(|(_, n)| **n == 0).map(|(word, _)| *word).collect()
    }

    fn of(rows: &Rows, words: &[usize], seed: u64, control: &Control) -> Result<Self> {
        let is_sample = words.len() > MOST;
        let words = if is_sample { sample(words, MOST, seed) } else { words.to_vec() };
        let some = if words.len() == rows.len() { None } else { Some(rows.picked(&words)) };
        let graph = Index::new(some.as_ref().unwrap_or(rows), Metric::Cosine).graph(OCCURRENCES, control)?;
        let mut occurrences = vec![0u32; words.len()];
        graph.places.iter().for_each(|&i| occurrences[i as usize] += 1);
        Ok(Self { k: graph.k, skewness: skewness(&occurrences), words, is_sample, occurrences })
    }
}

/// `count` of these, drawn at random, in order.
fn sample(words: &[usize], count: usize, seed: u64) -> Vec<usize> {
    // Each is taken with the chance that so many of the rest are still needed (Knuth, algorithm S).
    let mut random = SplitMix(seed);
    let (mut needed, mut drawn) = (count.min(words.len()), Vec::with_capacity(count));
    for (i, &word) in words.iter().enumerate() {
        if random.below(words.len() - i) < needed {
            drawn.push(word);
            needed -= 1;
        }
    }
    drawn
}

/// The skewness of counts; 0 where they do not vary.
fn skewness(counts: &[u32]) -> f64 {
    let n = counts.len() as f64;
    let mean = counts.iter().map(|c| f64::from(*c)).sum::<f64>() / n;
    let moment = |power: i32| counts.iter().map(|c| (f64::from(*c) - mean).powi(power)).sum::<f64>() / n;
    let variance = moment(2);
    if variance > 0.0 { moment(3) / variance.powf(1.5) } else { 0.0 }
}

/// Examines a space. `measure` is the frequency of each word, or its rank counted from 1, where it is known; the seed is
/// that of the sample in which hubs are looked for where there are more than [`MOST`] words.
pub fn examine(rows: &Rows, measure: Option<&[f64]>, seed: u64, control: &Control) -> Result<Findings> {
    let sound = moments::sound(rows);
    let mut is_sound = vec![false; rows.len()];
    for &i in &sound {
        is_sound[i] = true;
    }
    let length = |row: &[f32]| row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let exact: Vec<f64> = rows.values().par_chunks(rows.width().max(1)).map(length).collect();
    let lengths: Vec<f32> = exact.iter().zip(&is_sound).map(|(l, s)| if *s { *l as f32 } else { f32::NAN }).collect();
    let (placed, zeros): (Vec<usize>, Vec<usize>) = sound.iter().partition(|&&i| exact[i] > 0.0);
    control.check()?;
    let frequency = measure.and_then(|measure| with_log(&lengths, measure));
    let cosine = mean_cosine(rows, &placed, &exact, control)?;
    control.report("Looking for equal vectors", 0, 0);
    let equal = equal(rows, &placed, control)?;
    let participation = if sound.is_empty() { 0.0 } else { Pca::of(rows, control)?.participation() };
    let hubs = if placed.len() < 2 { None } else { Some(Hubs::of(rows, &placed, seed, control)?) };
    let not_finite = (0..rows.len()).filter(|&i| !is_sound[i]).collect();
    Ok(Findings { not_finite, zeros, equal, cosine, lengths, frequency, participation, hubs })
}

/// The mean cosine of all pairs of rows: of `n` vectors of length 1 the square of their sum is `n` and twice the sum of
/// the cosines of their pairs.
fn mean_cosine(rows: &Rows, placed: &[usize], lengths: &[f64], control: &Control) -> Result<Option<f64>> {
    const PART: usize = 1 << 14;
    if placed.len() < 2 {
        return Ok(None);
    }
    let of_part = |part: &[usize]| {
        control.check()?;
        let mut sum = vec![0f64; rows.width()];
        for &i in part {
            sum.iter_mut().zip(rows.row(i)).for_each(|(sum, x)| *sum += f64::from(*x) / lengths[i]);
        }
        Ok(sum)
    };
    let parts = placed.par_chunks(PART).map(of_part).collect::<Result<Vec<_>>>()?;
    let sum = |j: usize| parts.iter().map(|part| part[j]).sum::<f64>();
    let square: f64 = (0..rows.width()).map(|j| sum(j).powi(2)).sum();
    let n = placed.len() as f64;
    Ok(Some(((square - n) / (n * (n - 1.0))).clamp(-1.0, 1.0)))
}

/// Groups of equal rows.
fn equal(rows: &Rows, placed: &[usize], control: &Control) -> Result<Vec<Vec<usize>>> {
    // FNV-1a over the values; 0 and -0 are equal.
    let hash = |&i: &usize| {
        control.check()?;
        Ok(rows.row(i).iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, x| {
            (hash ^ u64::from((x + 0.0).to_bits())).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    };
    let hashes: Vec<u64> = placed.par_iter().map(hash).collect::<Result<_>>()?;
    let mut first: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (&i, hash) in placed.iter().zip(hashes) {
        // Different rows may have one hash: each group is known by its first row.
        let known = first.entry(hash).or_default();
        if let Some(&group) = known.iter().find(|&&group| rows.row(groups[group][0]) == rows.row(i)) {
            groups[group].push(i);
        } else {
            known.push(groups.len());
            groups.push(vec![i]);
        }
    }
    groups.retain(|group| group.len() > 1);
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_zero_and_equal_rows_are_named() {
        let values =
            [[1.0, 2.0], [0.0, -0.0], [f32::NAN, 1.0], [3.0, 0.0], [1.0, 2.0], [3.0, -0.0], [2.0, 4.0], [1.0, 2.0]];
        let rows = Rows::new(values.concat(), 2).expect("eight rows");
        let found = examine(&rows, Some(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]), 0, &Control::default());
        let found = found.expect("findings");
        assert_eq!((&found.not_finite[..], &found.zeros[..]), (&[2][..], &[1][..]));
        assert_eq!(found.equal, [vec![0, 4, 7], vec![3, 5]]);
        let findings_pairs = found.pairs();
        let hubs = found.hubs.expect("neighbours");
        assert_eq!((hubs.k, &hubs.words[..], hubs.skewness), (5, &[0, 3, 4, 5, 6, 7][..], 0.0));
        assert_eq!(findings_pairs, 15, "of six rows with a direction");
        assert!(found.lengths[2].is_nan() && found.lengths[1] == 0.0 && found.frequency.is_some());
    }

    #[test]
    fn a_column_of_counts_is_found_by_its_name() {
        let column = |name: &str, values| Column { name: name.to_owned(), values };
        let counts = [
            column("count", ColumnValues::Text(vec!["many".to_owned()])),
            column("Frequency", ColumnValues::Number(vec![7.0])),
        ];
        assert_eq!(frequency(&counts, 1), (Some("Frequency"), Cow::Borrowed([7.0].as_slice())));
        assert_eq!(frequency(&counts[..1], 3), (None, Cow::Borrowed([1.0, 2.0, 3.0].as_slice())));
    }

    #[test]
    fn little_is_found_of_little() {
        let control = Control::default();
        let one = examine(&Rows::new(vec![1.0, 2.0], 2).expect("one row"), None, 0, &control).expect("findings");
        assert_eq!((one.cosine, &one.hubs, one.participation), (None, &None, 0.0));
        let none = examine(&Rows::default(), None, 0, &control).expect("findings");
        assert!(none.cosine.is_none() && none.lengths.is_empty());
    }

    #[test]
    fn a_sample_has_every_word_once() {
        let words: Vec<usize> = (100..200).collect();
        let drawn = sample(&words, 30, 5);
        assert!(drawn.len() == 30 && drawn.is_sorted() && drawn.iter().all(|w| words.contains(w)));
        assert_ne!(drawn, sample(&words, 30, 6));
        assert_eq!(sample(&words, 100, 5), words);
    }

    #[test]
    fn counts_of_one_hub_are_skewed() {
        assert_eq!(skewness(&[2, 2, 2]), 0.0);
        // Of 0, 0, 0, 4: mean 1, variance 3, third moment 6.
        assert!((skewness(&[0, 0, 0, 4]) - 6.0 / 3f64.powf(1.5)).abs() < 1e-12);
    }
}
