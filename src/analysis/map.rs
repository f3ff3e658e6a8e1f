//! A map of the heads of a model: heads that attend alike lie close to each other.
//!
//! The distance between two heads is the square root of the Jensen-Shannon divergence between their attention rows,
//! averaged over the queries of one text before the root is taken. It is a metric (Endres and Schindelin 2003) that
//! lengths in a space of points can have exactly (Fuglede and Topsoe 2004); classical multidimensional scaling
//! (Torgerson 1952) turns that space so that its first two axes show as much of it as two can.
//!
//! Special tokens soak up so much of the attention of most heads that the map is largely one of how much. Without them
//! (rows and columns of the sink left out, rows scaled to sum to 1 again) it is one of what heads do with the rest.

use super::divergence::Rows;
use super::eigen;
use super::measures::sink;
use crate::engine::Run;
use crate::error::{Error, Result};
use crate::trace::Control;
use rayon::prelude::*;
use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

/// The heads of a run, their distances, and where they lie in two dimensions. Heads are in the order of the model:
/// number `layer * heads + head`.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadMap {
    /// Layers.
    pub layers: usize,
    /// Heads per layer.
    pub heads: usize,
    /// Distances row-major `[head of the model, head of the model]`: 0 to the root of ln 2, 0.833.
    pub distances: Vec<f64>,
    /// Where each head lies, in the units of the distances.
    pub points: Vec<[f64; 2]>,
    /// The share of the sum of squared distances that the two axes show, 0 to 1.
    pub explained: f64,
    /// What is wrong with the distances between the points: Kruskal's stress-1, 0 where they are exact.
    pub stress: f64,
    /// Whose attention was compared how.
    pub how: How,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct How {
    /// Rows are smoothed: see [`Rows::smoothed`].
    pub smooth: bool,
    /// The sink is left out.
    pub hide: bool,
}

impl HeadMap {
    /// Measures and lays out all heads of a run.
    pub fn of(run: &Run, how: How, control: &Control) -> Result<Self> {
        let (layers, heads, n) = (run.card.layers, run.card.heads, run.tokens.len());
        let sink = sink(&run.tokens);
        let own: Vec<usize> = (0..n).filter(|&i| !(how.hide && sink[i])).collect();
        if own.is_empty() {
            return Err(Error::input("there are no tokens beside the special ones"));
        }
        let rows = |i: usize| {
            let weights = run.head(i / heads, i % heads);
            if weights.len() != n * n {
                return Err(Error::input(format!("the attention of layer {} was not kept", i / heads)));
            }
            let weights = if own.len() == n {
                Cow::Borrowed(weights)
            } else {
                own.iter().flat_map(|q| own.iter().map(move |k| weights[q * n + k])).collect()
            };
            let rows = Rows::new(weights, own.len())?;
            Ok(if how.smooth { rows.smoothed() } else { rows })
        };
        let rows = (0..layers * heads).map(rows).collect::<Result<Vec<_>>>()?;
        let distances = distances(&rows, control)?;
        let (points, explained) = scale(&distances, rows.len(), control)?;
        let stress = stress(&distances, &points);
        Ok(Self { layers, heads, distances, points, explained, stress, how })
    }

    /// How many heads there are.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The layer and head of number `i`.
    pub fn place(&self, i: usize) -> (usize, usize) {
        (i / self.heads.max(1), i % self.heads.max(1))
    }

    /// The `count` heads that attend most like head `head` of layer `layer`, nearest first, with their distances; in
    /// the order of the model among equals.
    pub fn nearest(&self, layer: usize, head: usize, count: usize) -> Vec<(usize, usize, f64)> {
        let (all, from) = (self.len(), layer * self.heads + head);
        if from >= all {
            return Vec::new();
        }
        let mut others: Vec<usize> = (0..all).filter(|&i| i != from).collect();
        let distance = |i: usize| self.distances[from * all + i];
        others.sort_by(|&i, &j| distance(i).total_cmp(&distance(j)).then(i.cmp(&j)));
        others.truncate(count);
        others.into_iter().map(|i| (self.place(i).0, self.place(i).1, distance(i))).collect()
    }
}

/// The distances between all patterns, row-major: the root of the mean divergence over rows.
fn distances(rows: &[Rows<'_>], control: &Control) -> Result<Vec<f64>> {
    let n = rows.len();
    let done = AtomicU64::new(0);
    let of_one = |i: usize| -> Result<Vec<f64>> {
        control.check()?;
        let found = (0..i).map(|j| rows[i].divergence(&rows[j]).map(f64::sqrt));
        let found = found.collect::<Option<Vec<_>>>();
        let before = done.fetch_add(i as u64, Ordering::Relaxed);
        control.report("Comparing heads", before + i as u64, (n * n.saturating_sub(1) / 2) as u64);
        found.ok_or_else(|| Error::input("a head has no attention at all, so that it lies nowhere"))
    };
    let below: Vec<Vec<f64>> = (0..n).into_par_iter().map(of_one).collect::<Result<_>>()?;
    let mut all = vec![0.0; n * n];
    for (i, row) in below.iter().enumerate() {
        for (j, &d) in row.iter().enumerate() {
            (all[i * n + j], all[j * n + i]) = (d, d);
        }
    }
    Ok(all)
}

/// Classical scaling of `n x n` distances to two dimensions: the leading eigenvectors of `B = -1/2 J D^2 J`, times the
/// roots of their values. Also the share of B's trace that these values are.
fn scale(distances: &[f64], n: usize, control: &Control) -> Result<(Vec<[f64; 2]>, f64)> {
    if n == 0 {
        return Ok((Vec::new(), 0.0));
    }
    let squares: Vec<f64> = distances.iter().map(|d| d * d).collect();
    let means: Vec<f64> = squares.chunks_exact(n).map(|row| row.iter().sum::<f64>() / n as f64).collect();
    let mean = means.iter().sum::<f64>() / n as f64;
    let centred = |i: usize| -0.5 * (squares[i] - means[i / n] - means[i % n] + mean);
    let b: Vec<f64> = (0..n * n).map(centred).collect();
    let trace: f64 = (0..n).map(|i| b[i * n + i]).sum();
    control.report("Laying heads out", 0, 0);
    let pairs = eigen::symmetric(b, n, control)?;
    let axis = |k: usize, i: usize| pairs.get(k).map_or(0.0, |p| p.value.max(0.0).sqrt() * p.vector[i]);
    let shown: f64 = pairs.iter().take(2).map(|p| p.value.max(0.0)).sum();
    let explained = if trace > 0.0 { (shown / trace).min(1.0) } else { 1.0 };
    Ok(((0..n).map(|i| [axis(0, i), axis(1, i)]).collect(), explained))
}

/// Kruskal 1964: the root of the sum of squared errors over the sum of squared distances.
fn stress(distances: &[f64], points: &[[f64; 2]]) -> f64 {
    let (mut wrong, mut total) = (0.0, 0.0);
    for (i, p) in points.iter().enumerate() {
        for (j, q) in points[..i].iter().enumerate() {
            let d = distances[i * points.len() + j];
            wrong += (d - (p[0] - q[0]).hypot(p[1] - q[1])).powi(2);
            total += d * d;
        }
    }
    if total > 0.0 { (wrong / total).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_a_plane_are_found_again() {
        let given = [[0.0, 0.0], [3.0, 0.0], [3.0, 4.0], [-1.0, 2.0]];
        let between = |p: [f64; 2], q: [f64; 2]| (p[0] - q[0]).hypot(p[1] - q[1]);
        let distances: Vec<f64> = given.iter().flat_map(|p| given.iter().map(|q| between(*p, *q))).collect();
        let (points, explained) = scale(&distances, 4, &Control::default()).expect("not stopped");
        for (i, p) in points.iter().enumerate() {
            for (j, q) in points.iter().enumerate() {
                assert!((between(*p, *q) - distances[i * 4 + j]).abs() < 1e-12);
            }
        }
        assert!((explained - 1.0).abs() < 1e-12 && stress(&distances, &points) < 1e-12);
    }

    #[test]
    fn corners_of_a_simplex_do_not_fit_into_a_plane() {
        // Four points, all 1 apart: three equal axes, of which two are shown.
        let distances: Vec<f64> = (0..16).map(|i| f64::from(u8::from(i / 4 != i % 4))).collect();
        let (points, explained) = scale(&distances, 4, &Control::default()).expect("not stopped");
        assert!((explained - 2.0 / 3.0).abs() < 1e-12);
        assert!(stress(&distances, &points) > 0.1);
        assert_eq!(scale(&[0.0; 4], 2, &Control::default()).expect("not stopped").1, 1.0);
    }
}
