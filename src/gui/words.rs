//! Everything the window says, in one table: a second language is a second table.

use crate::analysis::filter::Combine;
use crate::analysis::meaning::Meaning;

/// The texts of one language. `{}` stands for what is filled in.
#[derive(Debug)]
#[expect(missing_docs, reason = "the English text says what each is")]
pub struct Words {
    pub models: &'static str,
    pub models_name: &'static str,
    pub model_chip: &'static str,
    pub no_model: &'static str,
    pub sentence: &'static str,
    pub sentence_hint: &'static str,
    pub second: &'static str,
    pub second_hint: &'static str,
    pub add_second: &'static str,
    pub remove_second: &'static str,
    pub previous_word: &'static str,
    pub verb_object: &'static str,
    pub fill_blank: &'static str,
    pub two_sentences: &'static str,
    pub chinese: &'static str,
    pub hide: &'static str,
    pub removed: &'static str,
    pub removed_rescaled: &'static str,
    pub would_remove: &'static str,
    pub top: &'static str,
    pub top_tip: &'static str,
    pub threshold: &'static str,
    pub threshold_mass: &'static str,
    pub threshold_least: &'static str,
    pub threshold_count: &'static str,
    pub threshold_least_short: &'static str,
    pub threshold_top: &'static str,
    pub least_tip: &'static str,
    pub count_tip: &'static str,
    pub special: &'static str,
    pub special_show: &'static str,
    pub special_hide: &'static str,
    pub special_renormalise: &'static str,
    pub special_section_tip: &'static str,
    pub words: &'static str,
    pub words_tip: &'static str,
    pub pairs: &'static str,
    pub pairs_all: &'static str,
    pub pairs_tip: &'static str,
    pub filter_tip: &'static str,
    pub hide_tip: &'static str,
    pub more: &'static str,
    pub heads_click_one: &'static str,
    pub stretch: &'static str,
    pub worth_seeing: &'static str,
    pub habit_previous: &'static str,
    pub habit_next: &'static str,
    pub habit_special: &'static str,
    pub habit_score: &'static str,
    pub habit_score_words: &'static str,
    pub lines: &'static str,
    pub heatmap: &'static str,
    pub looks_at: &'static str,
    pub is_seen_by: &'static str,
    pub nothing_shown: &'static str,
    pub of_heads: &'static str,
    pub combine_mean: &'static str,
    pub combine_sum: &'static str,
    pub combine_max: &'static str,
    pub meaning: &'static str,
    pub meaning_tip: &'static str,
    pub meaning_raw: &'static str,
    pub meaning_scores: &'static str,
    pub meaning_norm: &'static str,
    pub meaning_gradient: &'static str,
    pub meaning_rollout: &'static str,
    pub step_special: &'static str,
    pub step_rescaled: &'static str,
    pub step_pairs: &'static str,
    pub step_words: &'static str,
    pub step_edges: &'static str,
    pub strongest_drawn: &'static str,
    pub truncated: &'static str,
    pub inspector: &'static str,
    pub what_is_this: &'static str,
    pub explanation: &'static str,
    pub explanation_matrix: &'static str,
    pub caveat: &'static str,
    pub caveat_text: &'static str,
    pub row_of: &'static str,
    pub column_of: &'static str,
    pub no_row: &'static str,
    pub mask: &'static str,
    pub show: &'static str,
    pub mask_word: &'static str,
    pub unmask_word: &'static str,
    pub mask_tip: &'static str,
    pub no_mask: &'static str,
    pub head_off: &'static str,
    pub head_on: &'static str,
    pub head_off_tip: &'static str,
    pub replace_word: &'static str,
    pub restore_word: &'static str,
    pub replace_title: &'static str,
    pub replace_field: &'static str,
    pub replace_hint: &'static str,
    pub replace_note: &'static str,
    pub replace_found: &'static str,
    pub replace: &'static str,
    pub cut_edge: &'static str,
    pub cut_edge_layer: &'static str,
    pub chip_masked: &'static str,
    pub chip_replaced: &'static str,
    pub chip_off: &'static str,
    pub chip_cut: &'static str,
    pub with_mean: &'static str,
    pub with_zero: &'static str,
    pub take_back: &'static str,
    pub take_back_tip: &'static str,
    pub clear_all: &'static str,
    pub clear_all_tip: &'static str,
    pub broken_at: &'static str,
    pub head_off_with: &'static str,
    pub off_with_tip: &'static str,
    pub off_mean: &'static str,
    pub off_zero: &'static str,
    pub before_after: &'static str,
    pub before: &'static str,
    pub after: &'static str,
    pub predicted: &'static str,
    pub predicted_next: &'static str,
    pub next_before_after: &'static str,
    pub no_predictions: &'static str,
    pub export: &'static str,
    pub export_title: &'static str,
    pub export_picture: &'static str,
    pub export_grid: &'static str,
    pub export_numbers: &'static str,
    pub export_path: &'static str,
    pub export_hint: &'static str,
    pub save: &'static str,
    pub choose: &'static str,
    pub saved: &'static str,
    pub copied: &'static str,
    pub bundled: &'static str,
    pub recent: &'static str,
    pub open: &'static str,
    pub open_folder: &'static str,
    pub path: &'static str,
    pub path_hint: &'static str,
    pub drop_hint: &'static str,
    pub drop_here: &'static str,
    pub opening: &'static str,
    pub reading: &'static str,
    pub empty_title: &'static str,
    pub empty_text: &'static str,
    pub failed_model: &'static str,
    pub failed_run: &'static str,
    pub failed_save: &'static str,
    pub failed_look: &'static str,
    pub failed_view: &'static str,
    pub dismiss: &'static str,
    pub projector_way_back: &'static str,
    pub head_is_off: &'static str,
    pub most_on: &'static str,
    pub itself: &'static str,
    pub pin_for_prediction: &'static str,
    pub of_word: &'static str,
    pub not_in_this_build: &'static str,
    pub stop: &'static str,
    pub stopped: &'static str,
    pub tokens: &'static str,
    pub last_pass: &'static str,
    pub kept: &'static str,
    pub from_zero: &'static str,
    pub palette: &'static str,
    pub palette_hint: &'static str,
    pub palette_none: &'static str,
    pub help: &'static str,
    pub help_title: &'static str,
    pub settings: &'static str,
    pub theme: &'static str,
    pub dark: &'static str,
    pub light: &'static str,
    pub system: &'static str,
    pub device: &'static str,
    pub device_note: &'static str,
    pub budget: &'static str,
    pub shapes: &'static str,
    pub shapes_note: &'static str,
    pub tensor_pick: &'static str,
    pub statistics: &'static str,
    pub not_finite: &'static str,
    pub values: &'static str,
    pub slice: &'static str,
    pub grid_tile: &'static str,
    pub close: &'static str,
    pub pin: &'static str,
    pub unpin: &'static str,
    pub share_of_row: &'static str,
    pub more_tip: &'static str,
    pub copy_value: &'static str,
    pub copy_slice: &'static str,
    pub pooled: &'static str,
    pub token_tip: &'static str,
    pub special_tip: &'static str,
    pub cell_tip: &'static str,
    pub grid_name: &'static str,
    pub query_name: &'static str,
    pub key_name: &'static str,
}

/// English.
pub static EN: Words = Words {
    models: "Models",
    models_name: "Model {}",
    model_chip: "{} \u{b7} {} \u{d7} {}",
    no_model: "No model",
    sentence: "Sentence",
    sentence_hint: "Type a sentence",
    second: "Second sentence",
    second_hint: "Type a second sentence",
    add_second: "+ second sentence",
    remove_second: "Remove second sentence",
    previous_word: "Previous word",
    verb_object: "Verb \u{2192} object",
    fill_blank: "Fill the blank",
    two_sentences: "Two sentences",
    chinese: "\u{4e2d}\u{6587}",
    hide: "Hide {}",
    removed: "removed {}",
    removed_rescaled: "removed {}, rescaled",
    would_remove: "would remove {}",
    top: "Top {}",
    threshold: "Threshold",
    threshold_mass: "Share",
    threshold_least: "At least",
    threshold_count: "Count",
    threshold_least_short: "\u{2265} {}",
    threshold_top: "{} a row",
    least_tip: "Values that are at least this large, whatever their sign, are drawn as lines.",
    count_tip: "Of each row, this many of the largest values are drawn as lines.",
    special: "Special tokens",
    special_show: "Show",
    special_hide: "Hide",
    special_renormalise: "Hide and rescale",
    special_section_tip: "Rescaled, each row has the sum again that it had with them.",
    words: "Words, not pieces",
    words_tip: "Pieces of a word become one: columns are summed, rows averaged.",
    pairs: "Sentences",
    pairs_all: "All",
    pairs_tip: "From which sentence to which; A is the first.",
    filter_tip: "What is left out before something is drawn.",
    top_tip: "Of each row, the largest weights that together carry this share are drawn as lines.",
    hide_tip: "Leave out the tokens that the tokenizer added. The number is the share of this head's attention on them.",
    more: "More",
    heads_click_one: "{} heads. Click one.",
    stretch: "Stretch each head",
    worth_seeing: "Heads worth seeing",
    habit_previous: "Looks at the token before.",
    habit_next: "Looks at the token after.",
    habit_special: "Rests mostly on {}.",
    habit_score: "{} of its attention, over {} tokens",
    habit_score_words: "{} of its attention to words, over {} tokens",
    lines: "Lines",
    heatmap: "Heatmap",
    looks_at: "looks at",
    is_seen_by: "is seen most by",
    nothing_shown: "nothing left to show",
    of_heads: "{} of {} heads",
    combine_mean: "Mean",
    combine_sum: "Sum",
    combine_max: "Maximum",
    meaning: "Meaning",
    meaning_tip: "What the numbers and colours stand for, in every view.",
    meaning_raw: "Attention",
    meaning_scores: "Scores before softmax",
    meaning_norm: "Norm-weighted",
    meaning_gradient: "Gradient \u{d7} attention",
    meaning_rollout: "Rollout",
    step_special: "special tokens took {}",
    step_rescaled: "special tokens took {}, rows rescaled",
    step_pairs: "{} only, {} outside",
    step_words: "words",
    step_edges: "{} of the mass, {} of {} edges",
    strongest_drawn: "{}; the {} strongest are drawn",
    truncated: "{} tokens did not fit: this model reads at most {}.",
    inspector: "Inspector",
    what_is_this: "What is this?",
    explanation: "Each line goes from a token that reads to a token it reads from. The stronger the line, the larger its \
                  share of that token's attention. All shares of one token add up to 1.",
    explanation_matrix: "Each row is a token that reads, each column a token it reads from. The brighter a cell, the \
                         larger its share of that row. The shares of one row add up to 1.",
    caveat: "Attention is not explanation",
    caveat_text: "A head's weights say where information is taken from, not what is done with it, and other heads may do \
                  the same work. Turn the head off and see whether the prediction changes. (Jain and Wallace 2019; \
                  Wiegreffe and Pinter 2019)",
    row_of: "What \u{201c}{}\u{201d} looks at",
    column_of: "What looks at \u{201c}{}\u{201d}",
    no_row: "Click a token to pin its row.",
    mask: "mask",
    show: "show",
    mask_word: "Mask this word",
    unmask_word: "Show this word again",
    mask_tip: "Replace the token by the mask token and read the model's guess.",
    no_mask: "This model has no mask token.",
    head_off: "Turn this head off",
    head_on: "Turn this head on again",
    head_off_tip: "Run again without what this head says about this text.",
    replace_word: "Replace by\u{2026}",
    restore_word: "Put back what was typed",
    replace_title: "Replace \u{201c}{}\u{201d} by",
    replace_field: "Other token",
    replace_hint: "A word or a piece of the vocabulary",
    replace_note: "One token takes the place of one.",
    replace_found: "{} \u{b7} id {}",
    replace: "Replace",
    cut_edge: "Cut this edge",
    cut_edge_layer: "Cut it in every head of the layer",
    chip_masked: "{} masked",
    chip_replaced: "{} \u{2192} {}",
    chip_off: "{} off ({})",
    chip_cut: "{}: {} \u{219b} {}",
    with_mean: "mean",
    with_zero: "zero",
    take_back: "Take back {}",
    take_back_tip: "Take this change back.",
    clear_all: "Clear all",
    clear_all_tip: "Take every change back.",
    broken_at: "The change makes numbers that are not finite, first at {}.",
    head_off_with: "Turn this head off ({})",
    off_with_tip: "What a head that is off puts out: its mean over bundled sentences, or nothing.",
    off_mean: "To its mean",
    off_zero: "To zero",
    before_after: "Prediction at \u{201c}{}\u{201d}",
    before: "before",
    after: "after",
    predicted: "Predicted at \u{201c}{}\u{201d}",
    predicted_next: "Next token after \u{201c}{}\u{201d}",
    next_before_after: "Next token after \u{201c}{}\u{201d}",
    no_predictions: "This checkpoint does not predict words.",
    export: "Export\u{2026}",
    export_title: "Export",
    export_picture: "This picture",
    export_grid: "All heads",
    export_numbers: "Numbers",
    export_path: "File",
    export_hint: "The ending chooses the format: svg, png; npz, safetensors, json, csv",
    save: "Save",
    choose: "Choose\u{2026}",
    saved: "Saved {}",
    copied: "Copied",
    bundled: "On this machine",
    recent: "Recent",
    open: "Open",
    open_folder: "Open folder\u{2026}",
    path: "Model path or hub id",
    path_hint: "Folder, or a hub id such as bert-base-uncased",
    drop_hint: "Or drop a model folder anywhere on the window.",
    drop_here: "Drop to open",
    opening: "Opening {}",
    reading: "Reading the sentence",
    empty_title: "Nothing to read yet",
    empty_text: "Type a sentence at the top, or click an example.",
    failed_model: "{} could not be opened",
    failed_run: "The sentence could not be read",
    failed_save: "The file could not be saved",
    failed_look: "The tensor could not be read",
    failed_view: "This view could not be computed",
    dismiss: "Dismiss",
    projector_way_back: "F5 or Esc leaves projector mode",
    head_is_off: "{} (off)",
    most_on: " \u{b7} most on {}, {}",
    itself: "itself",
    pin_for_prediction: "Pin a token to compare its prediction before and after.",
    of_word: "{}: {}",
    not_in_this_build: "This build does not have it: cargo build --release --features {}.",
    stop: "Stop",
    stopped: "Stopped.",
    tokens: "{} tokens",
    last_pass: "last pass {}",
    kept: "{} kept",
    from_zero: "layers and heads count from 0",
    palette: "Command palette",
    palette_hint: "Type a command",
    palette_none: "No such command.",
    help: "?",
    help_title: "Keyboard and help",
    settings: "Settings",
    theme: "Theme",
    dark: "Dark",
    light: "Light",
    system: "As the system",
    device: "Device",
    device_note: "Takes effect when the next model is opened.",
    budget: "Memory for results (MB)",
    shapes: "Shape trace",
    shapes_note: "Every site in order of execution. Click one to see its tensor.",
    tensor_pick: "Click a site at the left.",
    statistics: "min {}  max {}  mean {}  deviation {}",
    not_finite: "{} values are not finite numbers",
    values: "Values",
    slice: "Slice",
    grid_tile: "All heads",
    close: "Close",
    pin: "Pin",
    unpin: "Unpin",
    share_of_row: "Share of each row",
    more_tip: "Layouts, shapes, copies and settings.",
    copy_value: "Copy value",
    copy_slice: "Copy this slice",
    pooled: "the largest of each {} x {} values",
    token_tip: "{} \u{b7} id {} \u{b7} bytes {}\u{2013}{}",
    special_tip: "{} \u{b7} id {} \u{b7} added by the tokenizer",
    cell_tip: "{} \u{2192} {}",
    grid_name: "Head {}",
    query_name: "Query {} {}",
    key_name: "Key {} {}",
};

/// `template` with each `{}` replaced, in order.
pub fn fill(template: &str, parts: &[&str]) -> String {
    let mut out = String::with_capacity(template.len() + 16);
    let mut parts = parts.iter();
    for (i, text) in template.split("{}").enumerate() {
        if i > 0 {
            out.push_str(parts.next().copied().unwrap_or_default());
        }
        out.push_str(text);
    }
    out
}

/// What a meaning is called.
pub fn meaning(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Raw => EN.meaning_raw,
        Meaning::Scores => EN.meaning_scores,
        Meaning::Norm => EN.meaning_norm,
        Meaning::Gradient => EN.meaning_gradient,
        Meaning::Rollout => EN.meaning_rollout,
    }
}

/// What a way to combine heads is called.
pub fn combine(how: Combine) -> &'static str {
    match how {
        Combine::Mean => EN.combine_mean,
        Combine::Sum => EN.combine_sum,
        Combine::Max => EN.combine_max,
    }
}

/// A count with thin spaces in thousands.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(c);
    }
    out
}

/// A time as people read it.
pub fn millis(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 1000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1000.0)
    }
}

/// Bytes as people read them.
pub fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{} kB", n / 1_000),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.2} GB", n as f64 / 1e9),
    }
}

/// A number with three significant digits and a real minus.
pub fn number(x: f32) -> String {
    if !x.is_finite() {
        return x.to_string();
    }
    let text = if x == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e5).contains(&x.abs()) {
        format!("{x:.2e}")
    } else {
        let before = x.abs().log10().floor() as i32;
        format!("{x:.*}", (2 - before).max(0) as usize)
    };
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(1_234_567), "1\u{2009}234\u{2009}567");
        assert_eq!(count(42), "42");
        assert_eq!(number(0.123_456), "0.123");
        assert_eq!(number(-12.345), "\u{2212}12.3");
        assert_eq!(number(1234.5), "1234");
        assert_eq!(number(1e-9), "1.00e\u{2212}9");
        assert_eq!(millis(20.6), "21 ms");
        assert_eq!(fill("{} of {}", &["1", "2"]), "1 of 2");
    }
}
