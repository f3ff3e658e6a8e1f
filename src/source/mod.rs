//! What comes from files: model folders, weights, tokenizers, corpora, the hub.

pub mod attentions;
mod conllu;
pub mod corpus;
pub mod find;
pub mod fingerprint;
pub mod hdf5;
pub mod hub;
mod joined;
mod machine;
pub mod manifest;
mod nested;
mod npz;
pub mod passages;
mod pickle;
mod safetensors;
pub mod senses;
mod stored;
pub mod symbols;
mod table;
pub mod tokenizer;
mod torch;
pub mod vectors;
mod vocabulary;
pub mod weights;
