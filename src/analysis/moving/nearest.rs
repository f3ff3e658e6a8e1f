//! The nearest points of each point, with their distances: all that t-SNE and UMAP know of the vectors.

use crate::analysis::space::neighbours::{Graph, Metric};
use crate::error::{Error, Result};
use std::borrow::Cow;

/// The `k` nearest of each point, without itself, nearest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Nearest {
    points: usize,
    k: usize,
    places: Vec<u32>,
    distances: Vec<f32>,
}

impl Nearest {
    /// Places and distances row-major `[point, nearest]`, the same number for each point; none where there is one point
    /// only. Distances are finite and not negative.
    pub fn new(points: usize, places: Vec<u32>, distances: Vec<f32>) -> Result<Self> {
        let k = places.len().checked_div(points).unwrap_or(0);
        if places.len() != k * points || distances.len() != places.len() {
            let what = format!("{} places and {} distances", places.len(), distances.len());
            return Err(Error::input(format!("{what} are no lists of neighbours of {points} points")));
        }
        let bad = |at: usize| places[at] as usize >= points || places[at] as usize == at / k;
        if let Some(at) = (0..places.len()).find(|&at| bad(at)) {
            let what = format!("point {} cannot be a neighbour of point {}", places[at], at / k);
            return Err(Error::input(format!("{what} of {points}")));
        }
        if let Some(at) = distances.iter().position(|d| !(d.is_finite() && *d >= 0.0)) {
            let what = format!("row {} is at a distance of {} from its neighbours", at / k, distances[at]);
            return Err(Error::input(format!("{what}: leave out rows with NaN or infinity")));
        }
        Ok(Self { points, k, places, distances })
    }

    /// What t-SNE takes of a graph of `points` rows: distances, and for cosine `c` those of unit rows, the root of
    /// `2 - 2 c`.
    pub fn for_tsne(graph: Graph, metric: Metric, points: usize) -> Result<Self> {
        Self::of(graph, metric, points, |cosine| (2.0 - 2.0 * cosine).max(0.0).sqrt())
    }

    /// What UMAP takes of a graph of `points` rows: distances, and for cosine `c`, as the reference has it, `1 - c`.
    pub fn for_umap(graph: Graph, metric: Metric, points: usize) -> Result<Self> {
        Self::of(graph, metric, points, |cosine| (1.0 - cosine).max(0.0))
    }

    fn of(graph: Graph, metric: Metric, points: usize, distance: impl Fn(f32) -> f32) -> Result<Self> {
        let distances = match metric {
            Metric::Euclidean => graph.scores,
            Metric::Cosine => graph.scores.into_iter().map(distance).collect(),
            Metric::Dot => {
                let what = "dot products are no distances, which t-SNE and UMAP need: choose cosine or euclidean";
                return Err(Error::input(what));
            }
        };
        Self::new(points, graph.places, distances)
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.points
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.points == 0
    }

    /// How many neighbours are known of each point.
    pub fn k(&self) -> usize {
        self.k
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list_of_neighbours_is_refused() {
        assert_eq!(Nearest::new(1, Vec::new(), Vec::new()).expect("a point alone").k(), 0);
        assert_eq!(Nearest::new(2, vec![1, 0], vec![0.5, 0.5]).expect("a pair").distances(1), [0.5]);
        for (points, places, distances) in [
            (2, vec![1, 1], vec![0.5, 0.5]),
            (2, vec![1, 2], vec![0.5, 0.5]),
            (2, vec![1], vec![0.5]),
            (2, vec![1, 0], vec![0.5]),
            (2, vec![1, 0], vec![0.5, f32::INFINITY]),
            (2, vec![1, 0], vec![-0.5, 0.5]),
            (0, vec![0], vec![0.0]),
        ] {
            assert!(Nearest::new(points, places, distances).is_err());
        }
    }

    #[test]
    fn scores_become_distances() {
        let graph = |scores: &[f32]| Graph { k: 1, places: vec![1, 0], scores: scores.to_vec() };
        let half = Nearest::for_tsne(graph(&[0.5, 1.0]), Metric::Cosine, 2).expect("a pair");
        assert_eq!((half.distances(0), half.distances(1)), (&[1.0][..], &[0.0][..]));
        let half = Nearest::for_umap(graph(&[0.5, 1.5]), Metric::Cosine, 2).expect("a pair");
        assert_eq!((half.distances(0), half.distances(1)), (&[0.5][..], &[0.0][..]));
        let far = Nearest::for_tsne(graph(&[3.0, 3.0]), Metric::Euclidean, 2).expect("a pair");
        assert_eq!(far.distances(0), [3.0]);
        assert!(Nearest::for_umap(graph(&[3.0, 3.0]), Metric::Dot, 2).is_err());
    }
}
