//! The pictures that the window shows, as figures: drawn, copied and exported alike.

use super::action::ExportOf;
use super::settings::View;
use super::state::State;
use crate::analysis::attention::{Shown, show};
use crate::engine::Run;
use crate::figure::lines::Focus;
use crate::figure::{Figure, Palette, head_name, heatmap, lines};
use std::fmt::Write as _;

/// The width of exported lines.
const LINES: f32 = 640.0;

/// The token lines of a head.
pub fn lines(
    run: &Run,
    shown: &Shown,
    focus: Option<Focus>,
    (layer, head): (usize, usize),
    palette: &Palette,
    width: f32,
) -> (Figure, lines::Layout) {
    let layout = lines::Layout::new(&run.tokens, width);
    let title = head_name(layer, head);
    (lines::figure(&run.tokens, &shown.edges, focus, palette, &layout, &title), layout)
}

/// The matrix of a head.
pub fn matrix(
    run: &Run,
    shown: &Shown,
    hide_special: bool,
    (layer, head): (usize, usize),
    palette: &Palette,
    [width, height]: [f32; 2],
) -> (Figure, heatmap::Layout) {
    let layout = heatmap::Layout::new(&run.tokens, width, height);
    let title = head_name(layer, head);
    // Runs are numbered from 1 and models have fewer than 2^10 layers and heads: the key is unique.
    let key = run.id << 24 | (layer as u64) << 13 | (head as u64) << 2 | u64::from(hide_special);
    let matrix = heatmap::Matrix { tokens: &run.tokens, weights: &shown.weights, key, title: &title };
    (heatmap::figure(&matrix, palette, &layout), layout)
}

/// The picture of the selected head as a figure of its own.
pub fn of_head(state: &State, palette: &Palette) -> Option<Figure> {
    let run = state.run()?;
    let head = state.head;
    let shown = show(&run.tokens, run.head(head.0, head.1), state.filter());
    Some(match state.settings.view {
        View::Lines => lines(run, &shown, state.pinned, head, palette, LINES).0,
        View::Heatmap => matrix(run, &shown, state.settings.hide_special, head, palette, [900.0, 1000.0]).0,
    })
}

/// The weights of the selected head as tab-separated text, in full precision.
pub fn table(state: &State) -> Option<String> {
    let run = state.run()?;
    let (layer, head) = state.head;
    let n = run.tokens.len();
    let mut out = String::new();
    for key in 0..n {
        out.push('\t');
        out.push_str(&run.tokens.pieces[key].piece);
    }
    for (query, row) in run.head(layer, head).chunks_exact(n).enumerate() {
        out.push('\n');
        out.push_str(&run.tokens.pieces[query].piece);
        for weight in row {
            let _ = write!(out, "\t{weight}");
        }
    }
    out.push('\n');
    Some(out)
}

/// What an exported file is called unless the person says otherwise.
pub fn file_name(state: &State, of: ExportOf) -> String {
    let model = state.model.as_ref().map_or("lexiscope", |m| m.name.as_str());
    let model: String = model.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let (layer, head) = state.head;
    match of {
        ExportOf::Head => format!("{model}-L{layer}-H{head}.svg"),
        ExportOf::Grid => format!("{model}-heads.svg"),
        ExportOf::Numbers => format!("{model}.npz"),
    }
}
