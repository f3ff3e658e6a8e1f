//! t-SNE, one step at a time (van der Maaten and Hinton 2008), with every knob free to turn while it runs.
//!
//! Points attract their neighbours as [`super::affinities`] has it and push everybody else: in the plane by [`Grid`], in
//! space by [`Tree`]. Gradients are those of the Kullback-Leibler divergence without its factor 4, as the rates that people
//! give for t-SNE mostly have it (Linderman and Steinerberger 2019; Belkina and others 2019).

use super::affinities::{affinities, reach, widest};
use super::grid::Grid;
use super::nearest::Nearest;
use super::noise;
use super::sparse::Sparse;
use super::tree::Tree;
use crate::analysis::bootstrap::SplitMix;
use crate::error::{Error, Result};
use crate::trace::Control;
use rayon::prelude::*;
use std::sync::Arc;

/// The standard deviation of the first axis of a start.
const SMALL: f32 = 1e-4;

/// The longest way of a point in one step.
const STRIDE: f32 = 5.0;

/// Gains grow where a point goes on, by this, and shrink where it turns back, to this part; never below the last.
const GAIN: [f32; 3] = [0.2, 0.8, 0.01];

/// Points that are worked on at once.
const BLOCK: usize = 256;

/// Neighbours that are summed at once.
const LANES: usize = 8;

/// The divergence is measured every so many steps.
const BETWEEN: usize = 50;

/// How a map is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// 2 or 3.
    pub dims: usize,
    /// How many neighbours count, softly.
    pub perplexity: f32,
    /// How far a step goes; `None` for [`Tsne::rate`]'s own.
    pub rate: Option<f32>,
    /// How many times stronger attraction is at first.
    pub exaggeration: f32,
    /// For how many steps it is.
    pub early: usize,
    /// Steps in all.
    pub steps: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { dims: 2, perplexity: 30.0, rate: None, exaggeration: 12.0, early: 250, steps: 1000 }
    }
}

impl Options {
    /// How many of the nearest of each point are looked at.
    pub fn reach(&self) -> usize {
        reach(self.perplexity)
    }
}

/// Where points are at first.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// Here, `[point, dims]`, made as small as a start should be.
    Given(Vec<f32>),
    /// Anywhere, by this seed.
    Random(u64),
}

/// A map in the making.
#[derive(Debug)]
pub struct Tsne {
    nearest: Arc<Nearest>,
    affinities: Sparse,
    options: Options,
    body: Body,
    step: usize,
    cost: Option<f64>,
    notices: Vec<String>,
    exaggeration: Option<f32>,
}

/// The points, in the plane or in space.
#[derive(Debug)]
enum Body {
    Flat(Moving<2>, Box<Grid>),
    Deep(Moving<3>, Box<Tree>),
}

impl Tsne {
    /// Puts the points at their start and measures who attracts whom. Distances are Euclidean (for unit rows of cosine
    /// `c`: the root of `2 - 2 c`). A perplexity above a third of the neighbours is lowered, which a notice says.
    pub fn new(nearest: Arc<Nearest>, start: Start, options: Options, control: &Control) -> Result<Self> {
        let points = nearest.len();
        if points == 0 {
            return Err(Error::input("there are no points to lay out"));
        }
        for (name, x) in [("perplexity", options.perplexity), ("exaggeration", options.exaggeration)] {
            if !(x.is_finite() && x > 0.0) {
                return Err(Error::input(format!("{x} is no {name}: it is a number above 0")));
            }
        }
        check_rate(options.rate)?;
        let body = match options.dims {
            2 => Body::Flat(Moving::new(points, start)?, Box::default()),
            3 => Body::Deep(Moving::new(points, start)?, Box::default()),
            other => return Err(Error::input(format!("a map has 2 or 3 dimensions, not {other}"))),
        };
        let perplexity = options.perplexity;
        let mut tsne = Self {
            nearest,
            affinities: Sparse::default(),
            options,
            body,
            step: 0,
            cost: None,
            notices: Vec::new(),
            exaggeration: None,
        };
        tsne.set_perplexity(perplexity, control)?;
        Ok(tsne)
    }

    /// One step of all points. Stopped in its middle, it leaves them where they were.
    pub fn step(&mut self, control: &Control) -> Result<()> {
        control.report("Laying points out", self.step as u64, self.options.steps as u64);
        let exaggeration = self.exaggeration();
        let pace = Pace { momentum: if self.step < self.options.early { 0.5 } else { 0.8 }, rate: self.rate() };
        let weighs = self.step.is_multiple_of(BETWEEN) || self.step + 1 == self.options.steps;
        let affinities = &self.affinities;
        let cost = match &mut self.body {
            Body::Flat(points, grid) => {
                let total = grid.measure(&points.places, control)?;
                points.slopes(affinities, exaggeration, total, |_, p| grid.force(p), control)?;
                let cost = if weighs { Some(points.cost(affinities, total, control)?) } else { None };
                points.advance(pace);
                cost
            }
            Body::Deep(points, tree) => {
                let total = tree.measure(&points.places, control)?;
                points.slopes(affinities, exaggeration, total, |i, _| tree.force(i), control)?;
                let cost = if weighs { Some(points.cost(affinities, total, control)?) } else { None };
                points.advance(pace);
                cost
            }
        };
        self.cost = cost.or(self.cost);
        self.step += 1;
        Ok(())
    }

    /// Where the points are, row-major `[point, dims]`.
    pub fn coordinates(&self) -> &[f32] {
        match &self.body {
            Body::Flat(points, _) => points.places.as_flattened(),
            Body::Deep(points, _) => points.places.as_flattened(),
        }
    }

    /// How many steps were done.
    pub fn iteration(&self) -> usize {
        self.step
    }

    /// Whether all steps of the options are done. More can be.
    pub fn is_done(&self) -> bool {
        self.step >= self.options.steps
    }

    /// The Kullback-Leibler divergence, in nats, as it was before the last step that measured it: every 50th and the last.
    pub fn cost(&self) -> Option<f64> {
        self.cost
    }

    /// The Kullback-Leibler divergence of the places as they are.
    pub fn measure_cost(&mut self, control: &Control) -> Result<f64> {
        match &mut self.body {
            Body::Flat(points, grid) => {
                let total = grid.measure(&points.places, control)?;
                points.cost(&self.affinities, total, control)
            }
            Body::Deep(points, tree) => {
                let total = tree.measure(&points.places, control)?;
                points.cost(&self.affinities, total, control)
            }
        }
    }

    /// The options as they are now.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What was done otherwise than asked, in sentences.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Who attracts whom.
    pub fn affinities(&self) -> &Sparse {
        &self.affinities
    }

    /// How many times stronger attraction is now.
    pub fn exaggeration(&self) -> f32 {
        let of_step = if self.step < self.options.early { self.options.exaggeration } else { 1.0 };
        self.exaggeration.unwrap_or(of_step)
    }

    /// Keeps attraction so many times stronger from now on; `None` goes back to the options' plan.
    pub fn set_exaggeration(&mut self, exaggeration: Option<f32>) -> Result<()> {
        if let Some(x) = exaggeration.filter(|x| !(x.is_finite() && *x > 0.0)) {
            return Err(Error::input(format!("{x} is no exaggeration: it is a number above 0")));
        }
        self.exaggeration = exaggeration;
        Ok(())
    }

    /// How far the next step goes: the rate of the options, or the number of points over the exaggeration (Belkina and
    /// others 2019), and 50 at least.
    pub fn rate(&self) -> f32 {
        let points = self.nearest.len() as f32;
        self.options.rate.unwrap_or((points / self.exaggeration().max(1.0)).max(50.0))
    }

    /// Changes the rate from the next step on.
    pub fn set_rate(&mut self, rate: Option<f32>) -> Result<()> {
        check_rate(rate)?;
        self.options.rate = rate;
        Ok(())
    }

    /// Changes how far the map goes: the steps after which [`Tsne::is_done`].
    pub fn set_steps(&mut self, steps: usize) {
        self.options.steps = steps;
    }

    /// Measures anew who attracts whom, from the same neighbours; points stay where they are.
    pub fn set_perplexity(&mut self, perplexity: f32, control: &Control) -> Result<()> {
        if !(perplexity.is_finite() && perplexity > 0.0) {
            return Err(Error::input(format!("{perplexity} is no perplexity: it is a number above 0")));
        }
        let widest = widest(self.nearest.k());
        let used = perplexity.min(widest);
        self.affinities = affinities(&self.nearest, used, control)?;
        self.options.perplexity = used;
        if used < perplexity {
            let (k, points) = (self.nearest.k(), self.nearest.len());
            let asked = format!("A perplexity of {perplexity} looks at {} neighbours", reach(perplexity));
            self.notices.push(format!("{asked}; {k} are known of each of {points} points, so that it is {used:.1}."));
        }
        Ok(())
    }

    /// Moves every point a little, up to `amount` of the map's radius a direction: a map that comes back to where it
    /// was lies in a valley.
    pub fn perturb(&mut self, seed: u64, amount: f32) {
        match &mut self.body {
            Body::Flat(points, _) => noise::shake(&mut points.places, seed, amount),
            Body::Deep(points, _) => noise::shake(&mut points.places, seed, amount),
        }
    }
}

fn check_rate(rate: Option<f32>) -> Result<()> {
    match rate.filter(|x| !(x.is_finite() && *x > 0.0)) {
        Some(x) => Err(Error::input(format!("{x} is no learning rate: it is a number above 0"))),
        None => Ok(()),
    }
}

/// How a step is made of slopes.
#[derive(Debug, Clone, Copy)]
struct Pace {
    momentum: f32,
    rate: f32,
}

/// Points and what moves them.
#[derive(Debug)]
struct Moving<const D: usize> {
    places: Vec<[f32; D]>,
    moves: Vec<[f32; D]>,
    gains: Vec<[f32; D]>,
    slopes: Vec<[f32; D]>,
}

impl<const D: usize> Moving<D> {
    fn new(points: usize, start: Start) -> Result<Self> {
        let places = match start {
            Start::Random(seed) => {
                let mut random = SplitMix(seed);
                (0..points).map(|_| std::array::from_fn(|_| SMALL * noise::normal(&mut random))).collect()
            }
            Start::Given(values) => small::<D>(&values, points)?,
        };
        let zeros = || vec![[0.0; D]; points];
        Ok(Self { places, moves: zeros(), gains: vec![[1.0; D]; points], slopes: zeros() })
    }

    /// The gradient: attraction less the push, of which `force` says the sum for a point and `total` the divisor.
    fn slopes(
        &mut self,
        affinities: &Sparse,
        exaggeration: f32,
        total: f64,
        force: impl Fn(usize, [f32; D]) -> [f32; D] + Sync,
        control: &Control,
    ) -> Result<()> {
        let share = if total > 0.0 { (1.0 / total) as f32 } else { 0.0 };
        let places = self.places.as_slice();
        self.slopes.par_chunks_mut(BLOCK).enumerate().try_for_each(|(block, slopes)| {
            control.check()?;
            for (at, slope) in slopes.iter_mut().enumerate() {
                let i = block * BLOCK + at;
                let (near, weights) = affinities.row(i);
                let (pull, push) = (pull(places, places[i], near, weights), force(i, places[i]));
                *slope = std::array::from_fn(|d| exaggeration * pull[d] - share * push[d]);
            }
            Ok(())
        })
    }

    /// Goes one step down, and keeps the middle of the map at 0.
    fn advance(&mut self, pace: Pace) {
        let [grow, shrink, least] = GAIN;
        let parts = (self.places.par_chunks_mut(BLOCK), self.moves.par_chunks_mut(BLOCK));
        let others = (self.gains.par_chunks_mut(BLOCK), self.slopes.par_chunks(BLOCK));
        parts.into_par_iter().zip(others.into_par_iter()).for_each(|((places, moves), (gains, slopes))| {
            for (((place, step), gain), slope) in places.iter_mut().zip(moves).zip(gains).zip(slopes) {
                for d in 0..D {
                    let goes_on = (slope[d] > 0.0) != (step[d] > 0.0);
                    gain[d] = if goes_on { gain[d] + grow } else { gain[d] * shrink }.max(least);
                    step[d] = pace.momentum * step[d] - pace.rate * gain[d] * slope[d];
                }
                let length = step.iter().map(|x| x * x).sum::<f32>().sqrt();
                if length > STRIDE {
                    for x in step.iter_mut() {
                        *x *= STRIDE / length;
                    }
                }
                (0..D).for_each(|d| place[d] += step[d]);
            }
        });
        let mut sum = [0f64; D];
        self.places.iter().for_each(|p| (0..D).for_each(|d| sum[d] += f64::from(p[d])));
        let middle = sum.map(|x| (x / self.places.len().max(1) as f64) as f32);
        self.places.par_iter_mut().for_each(|p| (0..D).for_each(|d| p[d] -= middle[d]));
    }

    /// The divergence of the places from the affinities.
    fn cost(&self, affinities: &Sparse, total: f64, control: &Control) -> Result<f64> {
        let places = self.places.as_slice();
        let of_block = |block: &[[f32; D]], first: usize| -> Result<f64> {
            control.check()?;
            let mut sum = 0.0;
            for (at, p) in block.iter().enumerate() {
                let (near, weights) = affinities.row(first + at);
                for (&j, &w) in near.iter().zip(weights) {
                    let q = places[j as usize];
                    let square: f32 = (0..D).map(|d| (p[d] - q[d]).powi(2)).sum();
                    sum += f64::from(w) * f64::from((w * (1.0 + square)).ln());
                }
            }
            Ok(sum)
        };
        let blocks = places.par_chunks(BLOCK).enumerate().map(|(b, block)| of_block(block, b * BLOCK));
        let sum: f64 = blocks.collect::<Result<Vec<_>>>()?.iter().sum();
        let weight: f64 = affinities.values().iter().map(|w| f64::from(*w)).sum();
        Ok(if total > 0.0 { sum + weight * total.ln() } else { 0.0 })
    }
}

/// The attraction of a point by its neighbours.
fn pull<const D: usize>(places: &[[f32; D]], p: [f32; D], near: &[u32], weights: &[f32]) -> [f32; D] {
    let mut sums = [[0f32; LANES]; D];
    let (near, near_rest) = near.as_chunks::<LANES>();
    let (weights, weights_rest) = weights.as_chunks::<LANES>();
    for (near, weights) in near.iter().zip(weights) {
        let (mut way, mut force) = ([[0f32; LANES]; D], [1f32; LANES]);
        for l in 0..LANES {
            let q = places[near[l] as usize];
            (0..D).for_each(|d| way[d][l] = p[d] - q[d]);
        }
        for way in &way {
            (0..LANES).for_each(|l| force[l] += way[l] * way[l]);
        }
        (0..LANES).for_each(|l| force[l] = weights[l] / force[l]);
        for (sum, way) in sums.iter_mut().zip(&way) {
            (0..LANES).for_each(|l| sum[l] += force[l] * way[l]);
        }
    }
    let mut sum = sums.map(|lanes| lanes.iter().sum::<f32>());
    for (&j, &w) in near_rest.iter().zip(weights_rest) {
        let way: [f32; D] = std::array::from_fn(|d| p[d] - places[j as usize][d]);
        let force = w / (1.0 + way.iter().map(|x| x * x).sum::<f32>());
        (0..D).for_each(|d| sum[d] += force * way[d]);
    }
    sum
}

/// A start as small as it should be, its middle at 0.
fn small<const D: usize>(values: &[f32], points: usize) -> Result<Vec<[f32; D]>> {
    if values.len() != points * D || values.iter().any(|x| !x.is_finite()) {
        let found = values.len();
        return Err(Error::input(format!(
            "a start of {found} values is no {D} finite ones for each of {points} points"
        )));
    }
    let (places, _) = values.as_chunks::<D>();
    let mean: [f64; D] =
        std::array::from_fn(|d| places.iter().map(|p| f64::from(p[d])).sum::<f64>() / points.max(1) as f64);
    let variance = |d: usize| places.iter().map(|p| (f64::from(p[d]) - mean[d]).powi(2)).sum::<f64>() / points as f64;
    let widest = (0..D).map(variance).fold(0.0, f64::max).sqrt();
    let scale = if widest > 0.0 { f64::from(SMALL) / widest } else { 0.0 };
    Ok(places.iter().map(|p| std::array::from_fn(|d| ((f64::from(p[d]) - mean[d]) * scale) as f32)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::space::neighbours::{Index, Metric};
    use crate::rows::Rows;
    use serde_json::Value;

    /// The cloud that `tests/data/make_geometry.py` makes.
    fn cloud(seed: u64, n: usize, width: usize) -> Rows {
        let mut random = SplitMix(seed);
        let mut values = Vec::new();
        for _ in 0..n {
            let u: Vec<f64> = (0..width).map(|_| (random.bits() >> 40) as f64 / 16_777_216.0 - 0.5).collect();
            let value = |j: usize| (1.0 + j as f64 / 16.0) * u[j] + 0.5 * u[(j + 1) % width] + j as f64 / 4.0;
            values.extend((0..width).map(|j| value(j) as f32));
        }
        Rows::new(values, width).expect("whole rows")
    }

    /// The cost and the gradient of a map that lies where it is put.
    fn measured<const D: usize>(
        points: &mut Moving<D>,
        affinities: &Sparse,
        total: f64,
        force: impl Fn(usize, [f32; D]) -> [f32; D] + Sync,
    ) -> (f64, Vec<f32>) {
        let control = Control::default();
        points.slopes(affinities, 1.0, total, force, &control).expect("not stopped");
        let cost = points.cost(affinities, total, &control).expect("not stopped");
        (cost, points.slopes.as_flattened().to_vec())
    }

    #[test]
    fn gradients_are_those_of_opentsne() {
        let expected: Value =
            serde_json::from_str(include_str!("../../../tests/data/moving.json")).expect("valid JSON");
        let control = Control::default();
        let graph = Index::new(&cloud(21, 50, 6), Metric::Euclidean).graph(18, &control).expect("neighbours");
        let nearest = Nearest::of(&graph, |distance| distance).expect("distances");
        let affinities = affinities(&nearest, 6.0, &control).expect("not stopped");
        for wanted in expected["tsne"]["maps"].as_array().expect("maps") {
            let dims = wanted["dims"].as_u64().expect("a number") as usize;
            let places: Vec<f32> = cloud(22, 50, dims).values().iter().map(|x| 3.0 * x).collect();
            let (cost, slopes) = if dims == 2 {
                let (mut points, mut grid) = (Moving::<2>::new(50, Start::Random(1)).expect("points"), Grid::default());
                points.places = places.as_chunks().0.to_vec();
                let total = grid.measure(&points.places, &control).expect("not stopped");
                measured(&mut points, &affinities, total, |_, p| grid.force(p))
            } else {
                let (mut points, mut tree) = (Moving::<3>::new(50, Start::Random(1)).expect("points"), Tree::default());
                points.places = places.as_chunks().0.to_vec();
                let total = tree.measure(&points.places, &control).expect("not stopped");
                measured(&mut points, &affinities, total, |i, _| tree.force(i))
            };
            let kl = wanted["kl"].as_f64().expect("a number");
            assert!((cost / kl - 1.0).abs() < 1e-3, "{dims}: {cost} instead of {kl}");
            let rows = wanted["slopes"].as_array().expect("slopes");
            let wanted =
                rows.iter().flat_map(|row| row.as_array().expect("a row")).map(|x| x.as_f64().expect("a number"));
            let (mut wrong, mut size) = (0.0, 0.0);
            for (x, y) in slopes.iter().zip(wanted) {
                wrong += (f64::from(*x) - y).powi(2);
                size += y * y;
            }
            assert!(wrong.sqrt() < 0.01 * size.sqrt(), "{dims}: {wrong} of {size}");
        }
    }
}
