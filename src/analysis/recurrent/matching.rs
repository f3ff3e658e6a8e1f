//! Where else the cells of a hypothesis are on together (LSTMVis: Strobelt et al. 2018).

use super::hypothesis::{Hypothesis, On, cells, common};
use crate::error::Result;
use crate::trace::Control;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::ops::Range;

/// How much is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Steps from the beginning of the corpus on.
    pub steps: usize,
    /// Candidates that are ranked.
    pub candidates: usize,
}

impl Effort {
    /// The first 500,000 steps, and 1,000 candidates.
    pub const FAST: Self = Self { steps: 500_000, candidates: 1000 };
    /// Everything, and 10,000 candidates.
    pub const PRECISE: Self = Self { steps: usize::MAX, candidates: 10_000 };
}

/// The shortest run that is a candidate.
const SHORTEST: usize = 2;

/// A place that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its steps.
    pub range: Range<usize>,
    /// All cells that are on throughout, and off around it as the hypothesis asks.
    pub cells: Vec<usize>,
    /// How many of the hypothesis's cells are among them.
    pub shared: usize,
    /// How many cells are among either.
    pub either: usize,
}

impl Match {
    /// The share of the shared ones among either: 1 where both have the same cells.
    pub fn jaccard(&self) -> f64 {
        if self.either == 0 { 0.0 } else { self.shared as f64 / self.either as f64 }
    }
}

/// What was found, the best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matches {
    /// The places.
    pub found: Vec<Match>,
    /// Why there is none.
    pub why: Option<String>,
}

/// Ranks places of a corpus for `cells` of a hypothesis: by the largest intersection with its cells, then by the smallest
/// union, then by length, then by place. Candidates are runs of at least two steps in which all of the cells are on, then
/// all but one, and so on, until there are enough. `own` is left out: it is where the hypothesis comes from, where that is
/// the same text. Gives the `most` best.
pub fn search(
    on: &On,
    hypothesis: &Hypothesis,
    selected: &[usize],
    own: Option<&Range<usize>>,
    effort: Effort,
    most: usize,
    control: &Control,
) -> Result<Matches> {
    let nothing = |why: &str| Matches { found: Vec::new(), why: Some(why.to_owned()) };
    let times = on.times().min(effort.steps);
    let mask = on.mask(selected);
    let wanted = mask.iter().map(|word| word.count_ones()).sum::<u32>();
    if wanted == 0 {
        return Ok(nothing(
            "no cell is on throughout the stretch and off around it: lower the threshold or ask for less",
        ));
    }
    let counts: Vec<u32> = (0..times).into_par_iter().map(|step| common(on.row(step), &mask)).collect();
    let highest = counts.iter().copied().max().unwrap_or(0);
    if highest == 0 {
        return Ok(nothing("none of the cells reaches its threshold anywhere in the corpus"));
    }
    let mut seen = BTreeSet::new();
    let mut candidates: Vec<Range<usize>> = Vec::new();
    for least in (1..=highest).rev() {
        control.check()?;
        for run in runs(&counts, least) {
            let is_own = own.is_some_and(|own| own.start < run.end && run.start < own.end);
            if !is_own && seen.insert((run.start, run.end)) {
                candidates.push(run);
            }
            if candidates.len() >= effort.candidates {
                break;
            }
        }
        if candidates.len() >= effort.candidates {
            break;
        }
    }
    if candidates.is_empty() {
        return Ok(nothing("the cells are nowhere else on for two steps in a row"));
    }
    control.check()?;
    let of = |range: &Range<usize>| {
        let found = on.through(range.clone(), &hypothesis.around(range, on.times()));
        let shared = common(&found, &mask) as usize;
        let either: usize = found.iter().zip(&mask).map(|(a, b)| (a | b).count_ones() as usize).sum();
        (range.clone(), found, shared, either)
    };
    let mut ranked: Vec<_> = candidates.par_iter().map(of).filter(|(_, _, shared, _)| *shared > 0).collect();
    if ranked.is_empty() {
        return Ok(nothing(
            "where the cells are on they are on around it too: ask for fewer steps in which they are off",
        ));
    }
    ranked.sort_by_key(|(range, _, shared, either)| {
        (std::cmp::Reverse(*shared), *either, std::cmp::Reverse(range.len()), range.start)
    });
    ranked.truncate(most);
    let found =
        ranked.into_iter().map(|(range, bits, shared, either)| Match { range, cells: cells(&bits), shared, either });
    Ok(Matches { found: found.collect(), why: None })
}

/// The longest runs of at least two steps in which the count is at least this, in order.
fn runs(counts: &[u32], least: u32) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + counts[at..].iter().position(|count| *count >= least)?;
            let length = counts[start..].iter().position(|count| *count < least).unwrap_or(counts.len() - start);
            at = start + length;
            if length >= SHORTEST {
                return Some(start..at);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::hypothesis::Threshold;
    use super::*;
    use crate::analysis::bootstrap::SplitMix;
    use crate::array::Array;

    /// The same question answered as plainly as can be.
    fn plainly(on: &On, hypothesis: &Hypothesis, selected: &[usize], most: usize) -> Vec<Match> {
        let times = on.times();
        let count = |t: usize| selected.iter().filter(|c| on.is_on(t, **c)).count();
        let mut ranges = Vec::new();
        for least in 1..=selected.len() {
            for start in 0..times {
                for end in start + 2..=times {
                    let inside = (start..end).all(|t| count(t) >= least);
                    let longest = (start == 0 || count(start - 1) < least) && (end == times || count(end) < least);
                    if inside && longest && !ranges.contains(&(start..end)) {
                        ranges.push(start..end);
                    }
                }
            }
        }
        let mut found = Vec::new();
        for range in ranges {
            let left = range.start.saturating_sub(hypothesis.left)..range.start;
            let right = range.end..(range.end + hypothesis.right).min(times);
            let holds = |c: usize| {
                range.clone().all(|t| on.is_on(t, c)) && left.clone().chain(right.clone()).all(|t| !on.is_on(t, c))
            };
            let cells: Vec<usize> = (0..on.units()).filter(|c| holds(*c)).collect();
            let shared = cells.iter().filter(|c| selected.contains(c)).count();
            let either = cells.len() + selected.len() - shared;
            if shared > 0 {
                found.push(Match { range, cells, shared, either });
            }
        }
        let key = |m: &Match| (usize::MAX - m.shared, m.either, usize::MAX - m.range.len(), m.range.start);
        found.sort_by_key(key);
        found.truncate(most);
        found
    }

    #[test]
    fn the_ranking_is_that_of_a_plain_search() {
        let mut random = SplitMix(5);
        let mut point = || (random.bits() >> 11) as f32 / (1u64 << 53) as f32;
        let (times, units) = (60, 70);
        for round in 0..12 {
            // Values that stay for a while, so that there are runs.
            let mut row = vec![0f32; units];
            let mut values = Vec::new();
            for _ in 0..times {
                for x in &mut row {
                    if point() < 0.3 {
                        *x = point();
                    }
                }
                values.extend_from_slice(&row);
            }
            let values = Array::new(&["time", "unit"], &[times, units], values).expect("it fits");
            let on = On::new(&values, &Threshold::Absolute(0.6).of(&values)).expect("it fits");
            let hypothesis = Hypothesis { range: 20..22, left: round % 3, right: (round / 3) % 3 };
            let selected = hypothesis.select(&on).expect("in the text");
            let found = search(&on, &hypothesis, &selected, None, Effort::PRECISE, 50, &Control::default());
            let found = found.expect("nothing stops it");
            assert_eq!(found.found, plainly(&on, &hypothesis, &selected, 50), "round {round}");
            assert_eq!(found.found.is_empty(), found.why.is_some());
            if let Some(best) = found.found.first() {
                assert!(best.jaccard() > 0.0 && best.jaccard() <= 1.0);
            }
        }
    }

    #[test]
    fn an_empty_result_says_why() {
        let values = Array::new(&["time", "unit"], &[6, 2], [[1.0, 0.0]; 6].concat()).expect("it fits");
        let on = On::new(&values, &[0.5, 0.5]).expect("it fits");
        let hypothesis = Hypothesis { range: 2..4, left: 0, right: 0 };
        let why = |selected: &[usize], own: Option<&Range<usize>>| {
            let found = search(&on, &hypothesis, selected, own, Effort::FAST, 50, &Control::default());
            found.expect("nothing stops it").why.expect("there is nothing")
        };
        assert!(why(&[], None).contains("no cell"));
        assert!(why(&[1], None).contains("reaches its threshold"));
        assert!(why(&[0], Some(&(2..4))).contains("nowhere else"));
    }
}
