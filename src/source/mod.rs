//! What comes from files: model folders, weights, tokenizers, the hub.

pub mod find;
pub mod fingerprint;
pub mod hub;
mod machine;
mod pickle;
mod safetensors;
mod stored;
pub mod tokenizer;
mod torch;
mod vocabulary;
pub mod weights;
