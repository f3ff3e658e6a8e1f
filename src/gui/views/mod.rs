//! What the centre can show: a file for each view, a tab for each file.

pub mod camera;
pub mod compare;
pub mod effects;
pub mod evidence;
mod heading;
pub mod heads;
pub mod heatmap;
pub mod lines;
pub mod map;
pub mod model;
pub mod neuron;
pub mod predict;
mod rows;
mod token;

use super::action::{Action, Actions};
use super::command::Command;
use super::paint::Canvas;
use super::scene::View;
use super::state::State;
use super::theme;
use super::widgets;
use super::words::changes::CHANGES;
use super::words::compare::COMPARE;
use super::words::heads::HEADS;
use super::words::predict::PREDICT;
use super::words::views::VIEWS;
use super::words::{EN, count, fill};
use crate::analysis::filter::{Pairs, Shown, Special, Threshold};
use crate::figure::{percent, short};
use crate::text::Tokens;
use egui::{Button, RichText, Ui};

/// What views keep from one frame to the next, beside what is on the screen.
#[derive(Debug, Default)]
pub struct Views {
    /// The neuron view.
    pub neuron: neuron::Kept,
    /// Maps of what heads, layers and tokens do.
    pub effects: effects::Effects,
    /// Tables of heads and their evidence.
    pub heads: heads::work::Heads,
    /// Predictions.
    pub predict: predict::Kept,
    /// The comparison.
    pub compare: compare::Kept,
    /// The map of heads.
    pub map: map::Kept,
}

impl View {
    /// The command that shows it.
    pub fn command(self) -> Command {
        match self {
            Self::Lines => Command::Lines,
            Self::Heatmap => Command::Heatmap,
            Self::Neuron => Command::Neuron,
            Self::Effects => Command::Effects,
            Self::Heads => Command::Heads,
            Self::Evidence => Command::Evidence,
            Self::Predict => Command::Predict,
            Self::Compare => Command::Compare,
            Self::Map => Command::Map,
        }
    }

    /// What its tab says.
    pub fn label(self) -> &'static str {
        match self {
            Self::Lines => EN.lines,
            Self::Heatmap => EN.heatmap,
            Self::Neuron => EN.neuron,
            Self::Effects => CHANGES.effects,
            Self::Heads => HEADS.heads,
            Self::Evidence => HEADS.evidence,
            Self::Predict => PREDICT.predict,
            Self::Compare => COMPARE.compare,
            Self::Map => COMPARE.map,
        }
    }

    /// Whether it draws one head, or several as one, so that heading and caption are about it.
    pub fn is_of_head(self) -> bool {
        matches!(self, Self::Lines | Self::Heatmap)
    }
}

/// Draws a view in the room that is left.
pub fn show(ui: &mut Ui, view: View, state: &State, actions: &Actions, canvas: &mut Canvas) {
    match view {
        View::Lines => lines::show(ui, state, actions, canvas),
        View::Heatmap => heatmap::show(ui, state, actions, canvas),
        View::Neuron => neuron::show(ui, state, actions, canvas),
        View::Effects => effects::show(ui, state, actions, canvas),
        View::Heads => heads::show(ui, state, actions, canvas),
        View::Evidence => evidence::show(ui, state, actions),
        View::Predict => predict::show(ui, state, actions, canvas),
        View::Compare => compare::show(ui, state, actions, canvas),
        View::Map => map::show(ui, state, actions, canvas),
    }
}

/// The row of tabs.
pub fn tabs(ui: &mut Ui, state: &State, actions: &Actions) {
    // A narrow centre has two rows of them.
    ui.horizontal_wrapped(|ui| {
        ui.set_min_height(28.0);
        ui.spacing_mut().item_spacing = egui::Vec2::splat(2.0);
        for &view in View::ALL {
            let button = Button::selectable(state.scene.look.view == view, view.label());
            if ui.add(button).on_hover_text(view.command().tooltip(ui.ctx())).clicked() {
                actions.ask(Action::Show(view));
            }
        }
    });
}

/// What the picture shows, in words and numbers, and what was left out on the way, step by step.
pub fn caption(ui: &mut Ui, state: &State, canvas: &mut Canvas, has_lines: bool) {
    let (Some(run), Some(shown)) = (state.run(), canvas.shown(state)) else { return };
    if let Some(whole) = canvas.whole(state) {
        heading::show(ui, state, &whole, &shown);
    }
    let drawn = canvas.strands(state).filter(|_| has_lines).and_then(|s| s.counts());
    let (mass, kept, of) = drawn.unwrap_or((shown.mass, shown.count, shown.of));
    let what = left_out(state, &shown, mass, kept, of);
    widgets::muted(ui, if has_lines { cut(what, kept) } else { what });
    if run.tokens.dropped > 0 {
        let limit = run.card.tokens.to_string();
        let ink = theme::colour(theme::palette(ui.ctx()).error);
        ui.label(RichText::new(fill(EN.truncated, &[&count(run.tokens.dropped as u64), &limit])).color(ink));
    }
}

/// `Attention · special tokens took 42 % · Top 70 %: 71 % of the mass, 214 of 4 096 edges`: every step and what it took;
/// `kept` of `of` weights with this share of the mass pass the threshold.
pub fn left_out(state: &State, shown: &Shown, mass: f32, kept: usize, of: usize) -> String {
    format!("{} \u{b7} {}", state.meaning_label(), steps(state, shown, mass, kept, of).join(" \u{b7} "))
}

/// What is shown, and of more lines than are drawn, how many are.
pub fn cut(what: String, kept: usize) -> String {
    let most = crate::figure::lines::MOST;
    if kept > most { fill(EN.strongest_drawn, &[&what, &count(most as u64)]) } else { what }
}

/// Every step after the meaning, and what it took.
pub fn steps(state: &State, shown: &Shown, mass: f32, kept: usize, of: usize) -> Vec<String> {
    let look = &state.scene.look;
    let mut parts = Vec::new();
    let heads = state.shown_heads().len();
    if heads > 1 {
        let overlaid = state.is_overlaid() && look.view != View::Heatmap;
        parts.push(if overlaid {
            fill(VIEWS.step_overlaid, &[&heads.to_string()])
        } else {
            fill(VIEWS.step_combined, &[state.combine_label(state.combine()), &heads.to_string()])
        });
    }
    if look.filter.special != Special::Show && shown.removed > 0.0 {
        let template = if shown.rescaled { EN.step_rescaled } else { EN.step_special };
        parts.push(fill(template, &[&percent(shown.removed)]));
    }
    let pairs = look.filter.pairs_of(&shown.tokens);
    if pairs != Pairs::All {
        parts.push(fill(EN.step_pairs, &[pairs_label(pairs), &percent(shown.outside)]));
    }
    if let Some(run) = state.run().filter(|_| look.filter.words) {
        let own = |tokens: &Tokens| tokens.pieces.iter().filter(|p| !p.special).count().to_string();
        parts.push(fill(VIEWS.step_words, &[&own(&run.tokens), &own(&shown.tokens)]));
    }
    let (kept, of) = (count(kept as u64), count(of as u64));
    let edges = fill(EN.step_edges, &[&percent(mass), &kept, &of]);
    parts.push(format!("{}: {edges}", threshold_label(look.filter.threshold)));
    parts
}

/// The threshold that was chosen.
pub fn threshold_label(threshold: Threshold) -> String {
    match threshold {
        Threshold::Mass(share) => fill(EN.top, &[&percent(share)]),
        Threshold::AtLeast(least) => fill(EN.threshold_least_short, &[&short(least)]),
        Threshold::Top(count) => fill(EN.threshold_top, &[&count.to_string()]),
    }
}

/// `A → B`, as the choice of sentences is written.
pub fn pairs_label(pairs: Pairs) -> &'static str {
    match pairs {
        Pairs::All => EN.pairs_all,
        Pairs::AA => "A \u{2192} A",
        Pairs::AB => "A \u{2192} B",
        Pairs::BA => "B \u{2192} A",
        Pairs::BB => "B \u{2192} B",
    }
}
