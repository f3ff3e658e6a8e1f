//! UMAP, one epoch at a time (`McInnes`, Healy and Melville 2018): points that belong together are drawn together as often
//! as they belong, and each time pushed away from a few others drawn at random.
//!
//! The reference moves two points at a time, in the order of the edges, so that threads would race. Here every point
//! moves by its own edges and sees the others where they were when its block began: the picture depends on the seed and
//! on nothing else.

use super::curve::Curve;
use super::fuzzy::memberships;
use super::nearest::Nearest;
use super::noise;
use super::power::power;
use super::sparse::Sparse;
use super::spectral;
use crate::analysis::bootstrap::SplitMix;
use crate::error::{Error, Result};
use crate::trace::Control;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Epochs of a map of at most [`FEW`] points, and of a larger one.
const EPOCHS: [usize; 2] = [500, 200];

/// See [`EPOCHS`].
const FEW: usize = 10_000;

/// The width of the map at first.
const WIDTH: f32 = 10.0;

/// The longest move a direction, before the rate.
const CLIP: f32 = 4.0;

/// What keeps the push of a point very near finite.
const SOFT: f32 = 1e-3;

/// Blocks of points that move one after the other in an epoch.
const BLOCKS: usize = 8;

/// Points of a block that are worked on at once.
const TASK: usize = 128;

/// The cross entropy is measured every so many epochs.
const BETWEEN: usize = 50;

/// Others that it is estimated from, of each point.
const SAMPLES: usize = 16;

/// Others that push at once.
const LANES: usize = 8;

/// How a map is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// 2 or 3.
    pub dims: usize,
    /// How many neighbours a point has, itself among them.
    pub neighbours: usize,
    /// How close points may come.
    pub least: f32,
    /// How wide the map is: distances on it are in these units.
    pub spread: f32,
    /// Epochs in all; `None` for 500 up to 10,000 points and 200 beyond.
    pub epochs: Option<usize>,
    /// How far a point goes in the first epoch; it goes less and less.
    pub rate: f32,
    /// Points pushed away for one drawn near.
    pub negatives: usize,
    /// How strongly they are pushed.
    pub repulsion: f32,
    /// Where random numbers begin.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dims: 2,
            neighbours: 15,
            least: 0.1,
            spread: 1.0,
            epochs: None,
            rate: 1.0,
            negatives: 5,
            repulsion: 1.0,
            seed: 0,
        }
    }
}

/// Where points are at first. All starts are made equally wide.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// By the slowest waves over the graph.
    Spectral,
    /// Here, `[point, dims]`.
    Given(Vec<f32>),
    /// Anywhere, by the seed.
    Random,
}

/// A map in the making.
#[derive(Debug)]
pub struct Umap {
    nearest: Arc<Nearest>,
    options: Options,
    curve: Curve,
    edges: Edges,
    body: Body,
    epoch: usize,
    /// The block that moves next.
    block: usize,
    cost: Option<f64>,
    notices: Vec<String>,
}

/// Who is drawn to whom, and how often.
#[derive(Debug, Default)]
struct Edges {
    graph: Sparse,
    /// How much of an epoch passes between two draws of an edge, the strongest being drawn in each: shares of `2^32`.
    shares: Vec<u32>,
}

#[derive(Debug)]
enum Body {
    Flat(Moving<2>),
    Deep(Moving<3>),
}

impl Umap {
    /// Measures who belongs together and puts the points at their start. Distances are those of the metric that was
    /// chosen (for cosine `c`, as the reference has it: `1 - c`).
    pub fn new(nearest: Arc<Nearest>, start: Start, options: Options, control: &Control) -> Result<Self> {
        let points = nearest.len();
        if points == 0 {
            return Err(Error::input("there are no points to lay out"));
        }
        if options.neighbours < 2 {
            return Err(Error::input("UMAP needs 2 neighbours at least: a point and another"));
        }
        if !(options.repulsion.is_finite() && options.repulsion >= 0.0) {
            return Err(Error::input(format!("{} is no repulsion: it is a number from 0 on", options.repulsion)));
        }
        check_rate(options.rate)?;
        let body = match options.dims {
            2 => Body::Flat(Moving::default()),
            3 => Body::Deep(Moving::default()),
            other => return Err(Error::input(format!("a map has 2 or 3 dimensions, not {other}"))),
        };
        let curve = Curve::fit(options.least, options.spread)?;
        let neighbours = options.neighbours;
        let mut umap = Self {
            nearest,
            options,
            curve,
            edges: Edges::default(),
            body,
            epoch: 0,
            block: 0,
            cost: None,
            notices: Vec::new(),
        };
        umap.set_neighbours(neighbours, control)?;
        let (graph, seed, notices) = (&umap.edges.graph, umap.options.seed, &mut umap.notices);
        match &mut umap.body {
            Body::Flat(moving) => moving.places = begin(start, graph, seed, notices, control)?,
            Body::Deep(moving) => moving.places = begin(start, graph, seed, notices, control)?,
        }
        Ok(umap)
    }

    /// One epoch. Stopped in its middle, it goes on from there when it is called again.
    pub fn step(&mut self, control: &Control) -> Result<()> {
        let epochs = self.epochs();
        control.report("Laying points out", self.epoch as u64, epochs as u64);
        if self.block == 0 && (self.epoch.is_multiple_of(BETWEEN) || self.epoch + 1 == epochs) {
            self.cost = Some(self.measure_cost(control)?);
        }
        let (points, edges) = (self.nearest.len(), &self.edges);
        let left = 1.0 - self.epoch as f32 / epochs as f32;
        let epoch = Epoch {
            number: self.epoch as u32,
            seed: self.options.seed,
            // Past the end points still settle.
            rate: self.options.rate * left.max(1.0 / epochs as f32),
            curve: self.curve,
            negatives: self.options.negatives,
            repulsion: self.options.repulsion,
        };
        while self.block < BLOCKS {
            let block = points * self.block / BLOCKS..points * (self.block + 1) / BLOCKS;
            match &mut self.body {
                Body::Flat(moving) => moving.advance(block, edges, &epoch, control)?,
                Body::Deep(moving) => moving.advance(block, edges, &epoch, control)?,
            }
            self.block += 1;
        }
        (self.block, self.epoch) = (0, self.epoch + 1);
        Ok(())
    }

    /// Where the points are, row-major `[point, dims]`.
    pub fn coordinates(&self) -> &[f32] {
        match &self.body {
            Body::Flat(moving) => moving.places.as_flattened(),
            Body::Deep(moving) => moving.places.as_flattened(),
        }
    }

    /// How many epochs were done.
    pub fn iteration(&self) -> usize {
        self.epoch
    }

    /// Epochs in all.
    pub fn epochs(&self) -> usize {
        let usual = EPOCHS[usize::from(self.nearest.len() > FEW)];
        self.options.epochs.unwrap_or(usual).max(1)
    }

    /// Whether all epochs are done. More can be.
    pub fn is_done(&self) -> bool {
        self.epoch >= self.epochs()
    }

    /// The cross entropy as it was before the last epoch that measured it: every 50th and the last.
    pub fn cost(&self) -> Option<f64> {
        self.cost
    }

    /// The cross entropy, in nats, between how points belong together and how they do on the map. Of pairs that do not
    /// belong together it is estimated from a few for each point.
    pub fn measure_cost(&self, control: &Control) -> Result<f64> {
        match &self.body {
            Body::Flat(moving) => moving.cost(&self.edges.graph, self.curve, control),
            Body::Deep(moving) => moving.cost(&self.edges.graph, self.curve, control),
        }
    }

    /// The options as they are now.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The curve that the least distance and the spread give.
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// What was done otherwise than asked, in sentences.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Measures anew who belongs together, from the same lists; points stay where they are.
    pub fn set_neighbours(&mut self, neighbours: usize, control: &Control) -> Result<()> {
        if neighbours < 2 {
            return Err(Error::input("UMAP needs 2 neighbours at least: a point and another"));
        }
        let used = neighbours.min(self.nearest.k() + 1);
        self.edges = Edges::new(&memberships(&self.nearest, used, control)?, self.epochs());
        self.options.neighbours = used;
        if used < neighbours {
            let points = self.nearest.len();
            self.notices.push(format!("{neighbours} neighbours were asked for; {used} are known, of {points} points."));
        }
        Ok(())
    }

    /// Changes how close points may come and how wide the map is, from the next epoch on.
    pub fn set_curve(&mut self, least: f32, spread: f32) -> Result<()> {
        self.curve = Curve::fit(least, spread)?;
        (self.options.least, self.options.spread) = (least, spread);
        Ok(())
    }

    /// Changes how far points go, from the next epoch on.
    pub fn set_rate(&mut self, rate: f32) -> Result<()> {
        check_rate(rate)?;
        self.options.rate = rate;
        Ok(())
    }

    /// Changes how strongly others are pushed away and how many of them, from the next epoch on.
    pub fn set_repulsion(&mut self, repulsion: f32, negatives: usize) -> Result<()> {
        if !(repulsion.is_finite() && repulsion >= 0.0) {
            return Err(Error::input(format!("{repulsion} is no repulsion: it is a number from 0 on")));
        }
        (self.options.repulsion, self.options.negatives) = (repulsion, negatives);
        Ok(())
    }

    /// Changes how many epochs there are: with more of them points go further again.
    pub fn set_epochs(&mut self, epochs: usize) {
        self.options.epochs = Some(epochs);
    }

    /// Moves every point a little, up to `amount` of the map's radius a direction.
    pub fn perturb(&mut self, seed: u64, amount: f32) {
        match &mut self.body {
            Body::Flat(moving) => noise::shake(&mut moving.places, seed, amount),
            Body::Deep(moving) => noise::shake(&mut moving.places, seed, amount),
        }
    }
}

fn check_rate(rate: f32) -> Result<()> {
    if rate.is_finite() && rate > 0.0 {
        return Ok(());
    }
    Err(Error::input(format!("{rate} is no learning rate: it is a number above 0")))
}

impl Edges {
    /// Edges that would be drawn less than once are left out.
    fn new(memberships: &Sparse, epochs: usize) -> Self {
        let most = memberships.values().iter().copied().fold(0.0, f32::max);
        let graph = memberships.without_below(most / epochs as f32);
        let share = |w: &f32| (f64::from(*w) / f64::from(most) * (1u64 << 32) as f64) as u32;
        let shares = graph.values().iter().map(share).collect();
        Self { graph, shares }
    }

    /// Who is drawn to point `i`, and how often.
    fn row(&self, i: usize) -> (&[u32], &[u32]) {
        (self.graph.row(i).0, &self.shares[self.graph.cells(i)])
    }
}

/// The start: as wide in all directions, with a little noise, so that no two points lie together.
fn begin<const D: usize>(
    start: Start,
    graph: &Sparse,
    seed: u64,
    notices: &mut Vec<String>,
    control: &Control,
) -> Result<Vec<[f32; D]>> {
    let points = graph.len();
    let mut random = SplitMix(seed);
    let mut places: Vec<[f32; D]> = match start {
        Start::Random => (0..points).map(|_| std::array::from_fn(|_| noise::even(&mut random))).collect(),
        Start::Given(values) if values.len() == points * D && values.iter().all(|x| x.is_finite()) => {
            values.as_chunks::<D>().0.to_vec()
        }
        Start::Given(values) => {
            let found = values.len();
            let what = format!("a start of {found} values is no {D} finite ones for each of {points} points");
            return Err(Error::input(what));
        }
        Start::Spectral => {
            let start = spectral::start::<D>(graph, seed, control)?;
            if start.parts > 1 {
                let parts = start.parts;
                notices.push(format!(
                    "The neighbours fall into {parts} parts that nothing joins: how far apart these lie means nothing."
                ));
            }
            if start.random > 0 {
                notices.push(format!("The waves of {} points were not found: they begin at random.", start.random));
            }
            start.places
        }
    };
    let most = places.as_flattened().iter().fold(0f32, |most, x| most.max(x.abs()));
    let scale = if most > 0.0 { WIDTH / most } else { 0.0 };
    places.as_flattened_mut().iter_mut().for_each(|x| *x = *x * scale + 1e-4 * noise::normal(&mut random));
    for d in 0..D {
        let ends = |(low, high): (f32, f32), p: &[f32; D]| (low.min(p[d]), high.max(p[d]));
        let (low, high) = places.iter().fold((f32::INFINITY, f32::NEG_INFINITY), ends);
        let scale = if high > low { WIDTH / (high - low) } else { 0.0 };
        for p in &mut places {
            p[d] = (p[d] - f32::midpoint(low, high)) * scale;
        }
    }
    Ok(places)
}

/// What an epoch is like for every point.
#[derive(Debug, Clone, Copy)]
struct Epoch {
    number: u32,
    seed: u64,
    rate: f32,
    curve: Curve,
    negatives: usize,
    repulsion: f32,
}

/// Points, and where those of the block go.
#[derive(Debug, Default)]
struct Moving<const D: usize> {
    places: Vec<[f32; D]>,
    moved: Vec<[f32; D]>,
}

impl<const D: usize> Moving<D> {
    /// Moves the points of a block.
    fn advance(&mut self, block: Range<usize>, edges: &Edges, epoch: &Epoch, control: &Control) -> Result<()> {
        self.moved.resize(block.len(), [0.0; D]);
        let (places, first) = (self.places.as_slice(), block.start);
        self.moved.par_chunks_mut(TASK).enumerate().try_for_each(|(task, moved)| -> Result<()> {
            control.check()?;
            for (at, moved) in moved.iter_mut().enumerate() {
                *moved = epoch.moved(places, edges, first + task * TASK + at);
            }
            Ok(())
        })?;
        self.places[block].copy_from_slice(&self.moved);
        Ok(())
    }

    fn cost(&self, graph: &Sparse, curve: Curve, control: &Control) -> Result<f64> {
        let places = self.places.as_slice();
        let near = |square: f32| 1.0 / (1.0 + curve.a * power(square, curve.b));
        let entropy = |w: f32, v: f32| if w > 0.0 { w * (w / v.max(1e-7)).ln() } else { 0.0 };
        let of_point = |i: usize| -> Result<f64> {
            control.check()?;
            let p = places[i];
            let (others, weights) = graph.row(i);
            let together = others.iter().zip(weights).map(|(&j, &w)| {
                let v = near(square(p, places[j as usize]));
                f64::from(entropy(w, v) + entropy(1.0 - w, 1.0 - v))
            });
            let mut random = SplitMix(i as u64);
            let apart = |_| f64::from(entropy(1.0, 1.0 - near(square(p, places[random.below(places.len())]))));
            let rest = places.len().saturating_sub(1 + others.len()) as f64 / SAMPLES as f64;
            // Every pair is met from both its points.
            Ok(0.5 * (together.sum::<f64>() + rest * (0..SAMPLES).map(apart).sum::<f64>()))
        };
        let all = (0..places.len()).into_par_iter().with_min_len(TASK).map(of_point).collect::<Result<Vec<_>>>()?;
        Ok(all.iter().sum())
    }
}

impl Epoch {
    /// Where a point goes in this epoch.
    fn moved<const D: usize>(&self, places: &[[f32; D]], edges: &Edges, i: usize) -> [f32; D] {
        let Curve { a, b } = self.curve;
        let (near, shares) = edges.row(i);
        let mut p = places[i];
        let mut random = SplitMix(self.seed ^ (u64::from(self.number) << 32 | i as u64));
        let mut owed = 0;
        for (&j, &share) in near.iter().zip(shares) {
            // An edge is drawn when its shares fill another epoch.
            if (self.number + 2).wrapping_mul(share) >= share {
                continue;
            }
            let q = places[j as usize];
            // The pair is met from both its points, and moves both each time.
            let mut way: [f32; D] = std::array::from_fn(|d| p[d] - q[d]);
            for _ in 0..2 {
                let square: f32 = way.iter().map(|x| x * x).sum();
                if square > 0.0 {
                    let power = power(square, b);
                    let slope = -2.0 * a * b * power / (square * (1.0 + a * power));
                    for d in 0..D {
                        let step = self.rate * (slope * way[d]).clamp(-CLIP, CLIP);
                        p[d] += step;
                        way[d] += 2.0 * step;
                    }
                }
            }
            owed += self.negatives;
            while owed >= LANES {
                owed -= LANES;
                self.push(&mut p, places, &mut random, LANES);
            }
        }
        self.push(&mut p, places, &mut random, owed);
        p
    }

    /// Pushes a point away from a few others, all seen from where it is now.
    fn push<const D: usize>(&self, p: &mut [f32; D], places: &[[f32; D]], random: &mut SplitMix, count: usize) {
        let Curve { a, b } = self.curve;
        let (mut way, mut square) = ([[0f32; LANES]; D], [0f32; LANES]);
        (0..count).for_each(|l| {
            let q = places[random.below(places.len())];
            (0..D).for_each(|d| way[d][l] = p[d] - q[d]);
        });
        for way in &way {
            (0..LANES).for_each(|l| square[l] += way[l] * way[l]);
        }
        let mut push = [0f32; LANES];
        for l in 0..LANES {
            // Of points that lie together none pushes the other: their way is 0.
            push[l] = 2.0 * self.repulsion * b / ((SOFT + square[l]) * (1.0 + a * power(square[l], b)));
        }
        for d in 0..D {
            let mut sum = 0.0;
            (0..LANES).for_each(|l| sum += (push[l] * way[d][l]).clamp(-CLIP, CLIP));
            p[d] += self.rate * sum;
        }
    }
}

/// The squared distance.
fn square<const D: usize>(p: [f32; D], q: [f32; D]) -> f32 {
    (0..D).map(|d| (p[d] - q[d]) * (p[d] - q[d])).sum()
}
