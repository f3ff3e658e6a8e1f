//! Maps that move while they are made: t-SNE and UMAP, one step at a time, from the exact nearest neighbours.
//!
//! Both are objects that a window can animate: [`tsne::Tsne`] and [`umap::Umap`] have `step`, `coordinates` (`[point,
//! dims]`), `iteration`, `is_done` and `cost`, and what may change while they run. The same seed gives the same picture on
//! any number of threads. [`frames::Frames`] keeps what they looked like, and [`onto::onto`] lays one map onto another.

mod affinities;
pub mod curve;
pub mod frames;
pub mod fuzzy;
mod grid;
mod lanczos;
pub mod nearest;
mod noise;
pub mod onto;
mod power;
pub mod sparse;
mod spectral;
mod tree;
pub mod tsne;
pub mod umap;
