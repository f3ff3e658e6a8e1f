//! What the window says about tokens on their way through the layers of a model.

/// The texts of one language. `{}` stands for what is filled in.
#[derive(Debug)]
#[expect(missing_docs, reason = "the English text says what each is")]
pub struct Words {
    pub button: &'static str,
    pub button_tip: &'static str,
    pub scrubber: &'static str,
    pub scrubber_tip: &'static str,
    pub map: &'static str,
    pub title: &'static str,
    pub fit: &'static str,
    pub drag: &'static str,
    pub waiting: &'static str,
    pub again: &'static str,
    pub again_tip: &'static str,
    pub failed: &'static str,
    pub other_model: &'static str,
}

/// English.
pub static LAYERS: Words = Words {
    button: "Layers",
    button_tip: "The same tokens in every layer of the model: drag from layer to layer, and see the path of the asked one.",
    scrubber: "Layer",
    scrubber_tip: "Drag from the embeddings to the last layer; between two layers points are on their way.",
    map: "Map of layers",
    title: "{}: {}",
    fit: "One PCA, fit on all {} layers together: PC1 {} %, PC2 {} % of their variance",
    drag: "Drag moves, wheel zooms; click a token for its path, each corner a layer",
    waiting: "Computing every layer\u{2026}",
    again: "Compute layers",
    again_tip: "It was stopped or failed: try once more.",
    failed: "The layers could not be computed",
    other_model: "The layers are those of {}, which is not the model that is open.",
};
