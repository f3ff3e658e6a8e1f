//! What can be asked of a space of vectors: pure functions over [`Rows`](crate::rows::Rows) and
//! [`Words`](crate::source::vectors::Words), nothing of files.

pub mod neighbours;
mod vector;
