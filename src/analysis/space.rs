//! What can be asked of a space of vectors, and how much of it a map keeps: pure functions over
//! [`Rows`](crate::rows::Rows) and [`Words`](crate::source::vectors::Words), nothing of files but the sets that a space is held
//! against.

pub mod agree;
pub mod analogy;
pub mod axes;
pub mod comparison;
pub mod correlation;
pub mod cured;
pub mod cures;
pub mod diffusion;
pub mod doctor;
pub mod evaluate;
pub mod formula;
pub mod kmeans;
pub mod lexicon;
pub mod moments;
pub mod neighbours;
pub mod odd;
pub mod pca;
pub mod plane;
pub mod procrustes;
mod product;
pub mod random;
pub mod reject;
mod spectrum;
pub mod spelling;
pub mod tree;
pub mod trust;
pub mod turned;
mod vector;
pub mod weat;
