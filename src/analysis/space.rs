//! What can be asked of a space of vectors: pure functions over [`Rows`](crate::rows::Rows) and
//! [`Words`](crate::source::vectors::Words), nothing of files.

pub mod analogy;
pub mod correlation;
pub mod evaluate;
pub mod formula;
pub mod lexicon;
pub mod neighbours;
pub mod odd;
pub mod plane;
pub mod spelling;
mod vector;
