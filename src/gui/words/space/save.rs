//! What the window says about files that are written of a space.

/// The texts of one language. `{}` stands for what is filled in.
#[derive(Debug)]
#[expect(missing_docs, reason = "the English text says what each is")]
pub struct Words {
    pub map: &'static str,
    pub vectors: &'static str,
    pub near: &'static str,
    pub selection: &'static str,
    pub vectors_note: &'static str,
    pub near_note: &'static str,
    pub selection_note: &'static str,
    pub no_space: &'static str,
    pub no_answer: &'static str,
    pub no_selection: &'static str,
}

/// English.
pub static SAVE: Words = Words {
    map: "Map",
    vectors: "Vectors",
    near: "Neighbours",
    selection: "Selection",
    vectors_note: "The vectors as they are shown, cures included: txt or vec and bin are word2vec\u{2019}s, tsv the Embedding Projector\u{2019}s.",
    near_note: "The lists of the nearest words, with their scores.",
    selection_note: "The selected words, else those that were found: rank, length, place on the map, columns.",
    no_space: "No vectors are open: open a file of vectors first.",
    no_answer: "Nothing was asked yet: write a word or a formula first.",
    no_selection: "No word is selected: draw a box with Shift on the map, or find words.",
};
