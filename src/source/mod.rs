//! What comes from files: model folders, weights, tokenizers, the hub.
