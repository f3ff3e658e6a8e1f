//! The nearest points of each point, with their distances: all that t-SNE and UMAP know of the vectors.

use crate::analysis::space::neighbours::Graph;
use crate::error::{Error, Result};
use std::borrow::Cow;

/// The `k` nearest of each point, without itself, nearest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Nearest {
    k: usize,
    places: Vec<u32>,
    distances: Vec<f32>,
}

impl Nearest {
    /// Places and distances row-major `[point, nearest]`, `k` per point. Distances are finite and not negative. A point
    /// alone has none: that is `k` 0 with no places, of which [`Nearest::alone`] is the one to make.
    pub fn new(k: usize, places: Vec<u32>, distances: Vec<f32>) -> Result<Self> {
        if k == 0 || !places.len().is_multiple_of(k) || places.len() != distances.len() {
            let (p, d) = (places.len(), distances.len());
            return Err(Error::input(format!("{p} places and {d} distances are no lists of {k} neighbours")));
        }
        let points = places.len() / k;
        if let Some(i) = (0..places.len()).find(|&i| places[i] as usize >= points || places[i] as usize == i / k) {
            let place = places[i];
            return Err(Error::input(format!("point {place} cannot be a neighbour of {} of {points}", i / k)));
        }
        if let Some(i) = distances.iter().position(|d| !(d.is_finite() && *d >= 0.0)) {
            return Err(Error::input(format!("the distance {} of a neighbour of point {}", distances[i], i / k)));
        }
        Ok(Self { k, places, distances })
    }

    /// The neighbours of a graph, whose scores become distances.
    pub fn of(graph: &Graph, distance: impl Fn(f32) -> f32) -> Result<Self> {
        if graph.k == 0 {
            return Ok(Self::alone());
        }
        Self::new(graph.k, graph.places.clone(), graph.scores.iter().map(|&score| distance(score)).collect())
    }

    /// A point that has no neighbour, because it is the only one.
    pub fn alone() -> Self {
        Self::default()
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.places.len().checked_div(self.k).unwrap_or(1)
    }

    /// Never: there is a point at least, unless there are none in its lists.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many neighbours are known of each point.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The places of the nearest of point `i`.
    pub fn places(&self, i: usize) -> &[u32] {
        &self.places[i * self.k..][..self.k]
    }

    /// The distances to the nearest of point `i`.
    pub fn distances(&self, i: usize) -> &[f32] {
        &self.distances[i * self.k..][..self.k]
    }

    /// The places of the `count` nearest of all points, row-major `[point, nearest]`.
    pub(super) fn first(&self, count: usize) -> Cow<'_, [u32]> {
        if count == self.k {
            return Cow::Borrowed(&self.places);
        }
        self.places.chunks_exact(self.k.max(1)).flat_map(|row| &row[..count]).copied().collect()
    }
}
