//! How much of a space a map of it keeps: for each point the share of its true neighbours that are its neighbours on the
//! map, and how bad the false and the missing ones are. Venna and Kaski 2001 (trustworthiness and continuity).
//!
//! Of `n` points, `k` neighbours of each are looked at. A neighbour on the map that is none in the space, and is the
//! `r`-th nearest there, counts `r - k`; a true neighbour that is the `r`-th nearest on the map likewise. Sums are divided
//! by the largest that there can be, `k (2n - 3k - 1) / 2` for one point, or `(n - k) (n - k - 1) / 2` if `k` is at
//! least half of `n`.

use super::neighbours::ranks::{Judged, rank};
use super::neighbours::{Graph, Index, Metric};
use super::tree::{Tree, place};
use crate::analysis::bootstrap::SplitMix;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// Neighbours that are looked at where nobody asks for another number.
pub const NEIGHBOURS: usize = 15;
/// Points up to which every one is asked.
pub const EXACT: usize = 20_000;
/// Points that are asked where there are more.
pub const SAMPLE: usize = 2_000;

/// How maps are held against spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// What is near in the space. On the map it is the distance.
    pub metric: Metric,
    /// Neighbours of each point.
    pub k: usize,
    /// Points up to which every one is asked.
    pub exact: usize,
    /// How many are asked where there are more.
    pub sample: usize,
    /// Where the drawing of the sample begins.
    pub seed: u64,
}

impl Default for Check {
    fn default() -> Self {
        Self { metric: Metric::Cosine, k: NEIGHBOURS, exact: EXACT, sample: SAMPLE, seed: 0 }
    }
}

/// What a map keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Trust {
    /// Neighbours of each point: as many as asked for, or all others.
    pub k: usize,
    /// Points that have a place in the space and on the map.
    pub points: usize,
    /// The points that were asked, by their rows, in order: all of them, or a sample.
    pub asked: Vec<usize>,
    /// For each asked point the share of its true neighbours that the map keeps, 0 to 1.
    pub kept: Vec<f32>,
    /// For each asked point how false its neighbours on the map are: 0 if all are true, 1 if they are the furthest of all.
    pub falseness: Vec<f32>,
    /// For each asked point how far its true neighbours are on the map: 0 if they are its neighbours there, 1 if they are
    /// the furthest of all.
    pub missing: Vec<f32>,
}

impl Trust {
    /// The share of true neighbours kept, over the asked points.
    pub fn share_kept(&self) -> f64 {
        mean(&self.kept)
    }

    /// 1 less the mean falseness: Venna and Kaski's trustworthiness.
    pub fn trustworthiness(&self) -> f64 {
        1.0 - mean(&self.falseness)
    }

    /// 1 less the mean of what is missing: their continuity.
    pub fn continuity(&self) -> f64 {
        1.0 - mean(&self.missing)
    }

    /// The share that a map keeps whose points lie at random.
    pub fn random(&self) -> f64 {
        self.k as f64 / (self.points - 1) as f64
    }

    /// Whether every point was asked.
    pub fn is_exact(&self) -> bool {
        self.asked.len() == self.points
    }
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|x| f64::from(*x)).sum::<f64>() / values.len() as f64
}

impl Check {
    /// Holds a map `[row, 2 or 3]` against the space `[row, dimension]` that it is of. A graph of the neighbours of all
    /// rows by the same metric saves the search for them. `None` where fewer than two points have a place in both.
    pub fn of(self, space: &Rows, map: &Rows, graph: Option<&Graph>, control: &Control) -> Result<Option<Trust>> {
        if space.len() != map.len() {
            return Err(Error::input(format!("{} points on the map of {} vectors", map.len(), space.len())));
        }
        let whole = Index::new(space, self.metric);
        let placed: Vec<usize> =
            (0..space.len()).filter(|&i| whole.is_placed(i) && map.row(i).iter().all(|x| x.is_finite())).collect();
        let n = placed.len();
        if n < 2 || self.k == 0 {
            return Ok(None);
        }
        let is_whole = n == space.len();
        let pick = |rows: &'_ Rows| if is_whole { None } else { Some(rows.picked(&placed)) };
        let (some_space, some_map) = (pick(space), pick(map));
        let (space, map) = (some_space.as_ref().unwrap_or(space), some_map.as_ref().unwrap_or(map));
        let index = if is_whole { whole } else { Index::new(space, self.metric) };
        let tree = Tree::of(map)?;
        let k = self.k.min(n - 1);
        let asked = self.asked(n);
        let graph = graph.filter(|graph| is_whole && graph.k >= k && graph.places.len() == n * graph.k);
        let shown: Vec<Vec<u32>> = asked
            .par_iter()
            .map(|&i| {
                control.check()?;
                Ok(tree.nearest_to(i, place(map.row(i)), k).iter().map(|f| f.row as u32).collect())
            })
            .collect::<Result<_>>()?;
        let judged = index.judged(&asked, &shown, k, graph, control)?;
        let half = |a: usize, b: usize| (a * b) as f64 / 2.0;
        let largest = if 2 * k < n { half(k, 2 * n - 3 * k - 1) } else { half(n - k, n - k - 1) };
        let badness = |ranks: &[u32]| -> f32 {
            let sum: usize = ranks.iter().map(|&rank| rank as usize - k).sum();
            if sum == 0 { 0.0 } else { (sum as f64 / largest) as f32 }
        };
        let falseness = judged.iter().map(|judged| badness(&judged.ranks)).collect();
        let points = Points::new(map);
        let done = AtomicU64::new(0);
        let missing = |room: &mut Vec<f32>, ((&i, shown), judged): ((&usize, &Vec<u32>), &Judged)| {
            control.check()?;
            let lost = judged.truth.iter().filter(|row| !shown.contains(row));
            points.nearness(i, room);
            let ranks: Vec<u32> = lost.map(|&row| rank(room, row as usize).max(k as u32 + 1)).collect();
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            control.report("Looking for missing neighbours", done, asked.len() as u64);
            Ok(badness(&ranks))
        };
        let missing = asked.par_iter().zip(&shown).zip(&judged).map_init(Vec::new, missing).collect::<Result<_>>()?;
        let kept = judged.iter().map(|judged| (k - judged.ranks.len()) as f32 / k as f32).collect();
        let asked = asked.into_iter().map(|i| placed[i]).collect();
        Ok(Some(Trust { k, points: n, asked, kept, falseness, missing }))
    }

    /// Which of `n` points are asked.
    pub(super) fn asked(self, n: usize) -> Vec<usize> {
        if n <= self.exact || n <= self.sample {
            return (0..n).collect();
        }
        let mut random = SplitMix(self.seed);
        let mut asked: Vec<usize> = Vec::new();
        while asked.len() < self.sample {
            let missing = self.sample - asked.len();
            asked.extend((0..missing).map(|_| random.below(n)));
            asked.sort_unstable();
            asked.dedup();
        }
        asked
    }
}

/// The places of points, dimension by dimension, so that all distances of one are measured together.
struct Points(Vec<Vec<f32>>);

impl Points {
    fn new(map: &Rows) -> Self {
        Self((0..map.width()).map(|k| map.iter().map(|row| row[k]).collect()).collect())
    }

    /// For each point how near it is to point `i`: the squared distance less than 0; NaN for the point itself.
    fn nearness(&self, i: usize, room: &mut Vec<f32>) {
        room.clear();
        room.resize(self.0.first().map_or(0, Vec::len), 0.0);
        for places in &self.0 {
            let own = places[i];
            room.iter_mut().zip(places).for_each(|(x, place)| *x -= (place - own) * (place - own));
        }
        room[i] = f32::NAN;
    }
}
