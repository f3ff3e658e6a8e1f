//! The pictures that the window shows, as figures: drawn, copied and exported alike.

use super::action::ExportOf;
use super::scene::View;
use super::state::State;
use crate::analysis::filter::{Shown, show};
use crate::figure::lines::Focus;
use crate::figure::{Figure, Palette, heatmap, lines};
use std::fmt::Write as _;

/// The width of exported lines.
const LINES: f32 = 640.0;

/// The token lines of what is shown.
pub fn lines(
    shown: &Shown,
    focus: Option<Focus>,
    title: &str,
    palette: &Palette,
    width: f32,
) -> (Figure, lines::Layout) {
    let layout = lines::Layout::new(&shown.tokens, width);
    (lines::figure(&shown.tokens, &shown.edges, focus, palette, &layout, title), layout)
}

/// The matrix of what is shown.
pub fn matrix(shown: &Shown, title: &str, palette: &Palette, [width, height]: [f32; 2]) -> (Figure, heatmap::Layout) {
    let layout = heatmap::Layout::new(&shown.tokens, width, height);
    let matrix = heatmap::Matrix { tokens: &shown.tokens, weights: &shown.weights, title };
    (heatmap::figure(&matrix, palette, &layout), layout)
}

/// The picture of the selected heads as a figure of its own.
pub fn of_head(state: &State, palette: &Palette) -> Option<Figure> {
    let run = state.run()?;
    if state.scene.look.view == View::Neuron {
        return super::views::neuron::picture(state, palette);
    }
    let shown = show(&run.tokens, &state.values(), &state.scene.look.filter);
    let title = state.title();
    Some(match state.scene.look.view {
        View::Lines => lines(&shown, state.pinned_in(&shown), &title, palette, LINES).0,
        View::Effects => super::views::effects::picture(state, palette)?,
        View::Heatmap | View::Neuron => matrix(&shown, &title, palette, [900.0, 1000.0]).0,
    })
}

/// The values of the selected heads as tab-separated text, in full precision.
pub fn table(state: &State) -> Option<String> {
    let run = state.run()?;
    let n = run.tokens.len();
    let mut out = String::new();
    for key in 0..n {
        out.push('\t');
        out.push_str(&run.tokens.pieces[key].piece);
    }
    for (query, row) in state.values().chunks_exact(n).enumerate() {
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
    let (layer, head) = state.scene.head;
    match of {
        ExportOf::Head => format!("{model}-L{layer}-H{head}.svg"),
        ExportOf::Grid => format!("{model}-heads.svg"),
        ExportOf::Numbers => format!("{model}.npz"),
    }
}
