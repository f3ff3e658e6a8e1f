//! A map by either method, made of vectors and their neighbours: what the window and the command line share.

use super::nearest::Nearest;
use super::tsne::{self, Tsne};
use super::umap::{self, Umap};
use crate::analysis::space::neighbours::{Graph, Metric};
use crate::analysis::space::pca::Pca;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use std::sync::Arc;

/// A map in the making.
#[derive(Debug)]
pub enum Layout {
    /// By t-SNE.
    Tsne(Tsne),
    /// By UMAP.
    Umap(Umap),
}

/// Where t-SNE begins: with seed 0 at the principal components of the rows, otherwise anywhere.
pub fn start(rows: &Rows, pca: &Pca, dims: usize, seed: u64, control: &Control) -> Result<tsne::Start> {
    if seed != 0 {
        return Ok(tsne::Start::Random(seed));
    }
    let chosen: Vec<usize> = (0..dims).collect();
    let places = pca.scores(rows, &chosen, control)?;
    Ok(tsne::Start::Given(places.values().iter().map(|x| if x.is_finite() { *x } else { 0.0 }).collect()))
}

impl Layout {
    /// t-SNE of the nearest by this metric, without those that have no distance. By cosine vectors are as far apart as they
    /// are when each is scaled to length 1.
    pub fn tsne(
        graph: &Graph,
        metric: Metric,
        start: tsne::Start,
        options: tsne::Options,
        control: &Control,
    ) -> Result<Self> {
        let nearest = match metric {
            Metric::Cosine => Nearest::of(graph, |cosine| (2.0 - 2.0 * cosine).max(0.0).sqrt())?,
            Metric::Euclidean => Nearest::of(graph, |distance| distance)?,
            Metric::Dot => return Err(no_distance()),
        };
        Ok(Self::Tsne(Tsne::new(Arc::new(nearest), start, options, control)?))
    }

    /// UMAP of the nearest by this metric. By cosine `c` vectors are `1 - c` apart, as the reference has it.
    pub fn umap(
        graph: &Graph,
        metric: Metric,
        start: umap::Start,
        options: umap::Options,
        control: &Control,
    ) -> Result<Self> {
        let nearest = match metric {
            Metric::Cosine => Nearest::of(graph, |cosine| (1.0 - cosine).max(0.0))?,
            Metric::Euclidean => Nearest::of(graph, |distance| distance)?,
            Metric::Dot => return Err(no_distance()),
        };
        Ok(Self::Umap(Umap::new(Arc::new(nearest), start, options, control)?))
    }

    /// One step of all points.
    pub fn step(&mut self, control: &Control) -> Result<()> {
        match self {
            Self::Tsne(map) => map.step(control),
            Self::Umap(map) => map.step(control),
        }
    }

    /// All steps that are left.
    pub fn finish(&mut self, control: &Control) -> Result<()> {
        while !self.is_done() {
            self.step(control)?;
        }
        Ok(())
    }

    /// Whether all steps are done.
    pub fn is_done(&self) -> bool {
        match self {
            Self::Tsne(map) => map.is_done(),
            Self::Umap(map) => map.is_done(),
        }
    }

    /// Where the points are, row-major `[point, dims]`.
    pub fn coordinates(&self) -> &[f32] {
        match self {
            Self::Tsne(map) => map.coordinates(),
            Self::Umap(map) => map.coordinates(),
        }
    }

    /// How many steps were done.
    pub fn iteration(&self) -> usize {
        match self {
            Self::Tsne(map) => map.iteration(),
            Self::Umap(map) => map.iteration(),
        }
    }

    /// What was done otherwise than asked, in sentences.
    pub fn notices(&self) -> &[String] {
        match self {
            Self::Tsne(map) => map.notices(),
            Self::Umap(map) => map.notices(),
        }
    }

    /// Moves every point a little, up to `amount` of the map's radius a direction.
    pub fn perturb(&mut self, seed: u64, amount: f32) {
        match self {
            Self::Tsne(map) => map.perturb(seed, amount),
            Self::Umap(map) => map.perturb(seed, amount),
        }
    }
}

fn no_distance() -> Error {
    Error::input("a dot product is no distance, which a map of neighbours needs: ask for cosine or euclidean")
}
