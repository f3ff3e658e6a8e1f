//! What comes from files: model folders, weights, tokenizers, the hub.

pub mod find;
pub mod hub;
pub mod tokenizer;
mod vocabulary;
pub mod weights;
