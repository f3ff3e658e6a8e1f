//! Maps that move while they are made: t-SNE and UMAP, one step at a time.

mod affinities;
pub mod curve;
pub mod fuzzy;
mod grid;
mod lanczos;
pub mod layout;
pub mod nearest;
mod noise;
mod power;
pub mod sparse;
mod spectral;
mod tree;
pub mod tsne;
pub mod umap;
