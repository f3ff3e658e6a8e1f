//! What a person chose about spaces.

use super::bookmarks::{self, Bookmark};
use super::camera::Camera;
use super::colours::By;
use super::laid::Method;
use super::looks::Looks;
use super::picked::Picked;
use super::{analogy, axes, context, cured, evaluation, layers, side, twin};
use crate::analysis::space::cures::Cure;
use crate::analysis::space::neighbours::Metric;
use crate::source::vectors::BadRows;
use serde::{Deserialize, Serialize};

/// What a person chose about spaces: undone and kept like everything of the scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// The file or folder; empty for the bundled vectors.
    pub path: String,
    /// The texts and the layer, where the vectors are those of a model in context; then there is no file.
    pub context: Option<context::Context>,
    /// How the space is laid out.
    pub method: Method,
    /// Whether the map has three dimensions.
    pub solid: bool,
    /// The principal components that are drawn, from 0.
    pub components: [usize; 3],
    /// Of t-SNE.
    pub perplexity: f32,
    /// The learning rate of t-SNE; its own where there is none.
    pub rate: Option<f32>,
    /// Of UMAP.
    pub neighbours: usize,
    /// Where what is drawn at random begins.
    pub seed: u64,
    /// Only so many words from the beginning; all where it is 0.
    pub first: usize,
    /// What near means: the name of a metric.
    pub metric: Metric,
    /// Whether answers may be words of the formula.
    pub inputs: bool,
    /// What colours stand for.
    pub by: By,
    /// How points look beside that.
    pub looks: Looks,
    /// The rows that are laid out, where these are not all.
    pub only: Option<Picked>,
    /// Rows that are laid out and not drawn.
    pub hidden: Picked,
    /// What to come back to.
    pub bookmarks: Vec<Bookmark>,
    /// A word or a formula.
    pub formula: String,
    /// The row that was clicked, where it is not the one that the formula names.
    pub row: Option<usize>,
    /// What words are looked for.
    pub find: String,
    /// Where the map is looked at from.
    pub camera: Camera,
    /// Whether the table is open.
    pub table: bool,
    /// What the panel beside the map shows.
    pub tab: side::Tab,
    /// Axes by meaning.
    pub axes: axes::Chosen,
    /// Analogies, and the odd one out.
    pub analogy: analogy::Chosen,
    /// What becomes of rows with NaN or infinity on opening.
    pub bad: BadRows,
    /// What is done to the vectors, one after the other.
    pub cures: Vec<Cure>,
    /// Turns the space at random after that, from this seed.
    pub turn: Option<u64>,
    /// What the space is held against.
    pub test: evaluation::Chosen,
    /// The second space.
    pub twin: twin::Chosen,
    /// The layers of the model.
    pub layers: layers::Chosen,
}

impl Default for Chosen {
    fn default() -> Self {
        Self {
            path: String::new(),
            context: None,
            method: Method::default(),
            solid: false,
            components: [0, 1, 2],
            perplexity: 30.0,
            rate: None,
            neighbours: 15,
            seed: 0,
            first: 0,
            metric: Metric::Cosine,
            inputs: false,
            by: By::default(),
            looks: Looks::default(),
            only: None,
            hidden: Picked::default(),
            bookmarks: Vec::new(),
            formula: String::new(),
            row: None,
            find: String::new(),
            camera: Camera::default(),
            table: false,
            tab: side::Tab::default(),
            axes: axes::Chosen::default(),
            analogy: analogy::Chosen::default(),
            bad: BadRows::default(),
            cures: Vec::new(),
            turn: None,
            test: evaluation::Chosen::default(),
            twin: twin::Chosen::default(),
            layers: layers::Chosen::default(),
        }
    }
}

impl Chosen {
    /// The same with every number inside its range.
    pub fn checked(self) -> Self {
        let perplexity = if self.perplexity.is_finite() { self.perplexity.clamp(2.0, 200.0) } else { 30.0 };
        let neighbours = self.neighbours.clamp(2, 200);
        let components = self.components.map(|c| c.min(9_999));
        let rate = self.rate.filter(|rate| rate.is_finite()).map(|rate| rate.clamp(1.0, 100_000.0));
        let (camera, looks, axes) = (self.camera.checked(), self.looks.checked(), self.axes.checked());
        let layers = self.layers.checked();
        let (bookmarks, only) = (bookmarks::checked(self.bookmarks), self.only.filter(|only| !only.is_empty()));
        // A map along axes needs some.
        let method = if axes.on_map.is_empty() && self.method == Method::Axes { Method::Pca } else { self.method };
        let (cures, test) = (cured::checked(self.cures), self.test.checked());
        Self {
            method,
            components,
            perplexity,
            rate,
            neighbours,
            looks,
            only,
            bookmarks,
            camera,
            axes,
            cures,
            test,
            layers,
            ..self
        }
    }
}
