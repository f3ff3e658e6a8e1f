//! What the window says about what the views of heads draw and leave out.

/// The texts of one language. `{}` stands for what is filled in.
#[derive(Debug)]
#[expect(missing_docs, reason = "the English text says what each is")]
pub struct Words {
    pub step_combined: &'static str,
    pub step_overlaid: &'static str,
    pub step_words: &'static str,
    pub rescaled_from: &'static str,
    pub before_rescaling: &'static str,
    pub left_out: &'static str,
    pub before_left_out: &'static str,
    pub copy_whole: &'static str,
    pub largest_under: &'static str,
    pub farthest: &'static str,
    pub zoom_keys: &'static str,
    pub pan_keys: &'static str,
    pub shift_click_name: &'static str,
    pub shift_click: &'static str,
    pub double_click_name: &'static str,
    pub double_click: &'static str,
}

/// English.
pub static VIEWS: Words = Words {
    step_combined: "{} of {} heads",
    step_overlaid: "{} heads, each in its colour",
    step_words: "{} pieces \u{2192} {} words",
    rescaled_from: ", rescaled from {}",
    before_rescaling: "As they are before rows are rescaled.",
    left_out: "left out",
    before_left_out: "before anything is left out: {}",
    copy_whole: "Copy value before anything is left out",
    largest_under: "farthest from zero under the pointer: {}",
    farthest: "Farthest from zero",
    zoom_keys: "Zoom into all heads and out again; so does the wheel.",
    pan_keys: "Move over all heads; so does dragging.",
    shift_click_name: "Shift+click",
    shift_click: "Select a head together with the others.",
    double_click_name: "Double click",
    double_click: "Among all heads: see one head, or the whole model again.",
};
