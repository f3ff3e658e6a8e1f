//! What lies over the map: the field that finds words, and the options of map and colours.

use super::laid::Method;
use super::picked::Picked;
use super::{Ask, Chosen, Made, Space};
use crate::engine::{Engine, Slot};
use crate::gui::action::{Action, Actions};
use crate::gui::made;
use crate::gui::state::State;
use crate::gui::theme::CONTROL;
use crate::gui::update::{halt, submit};
use crate::gui::widgets;
use crate::gui::words::space::SPACE;
use crate::gui::words::space::looks::LOOKS;
use crate::gui::words::{count, fill};
use crate::trace::Control;
use egui::{Button, DragValue, Popup, PopupCloseBehavior, Slider, TextEdit, Ui, Vec2};
use regex::bytes::RegexBuilder;
use std::sync::Arc;

/// Words that were found.
#[derive(Debug)]
pub struct Found {
    /// Tells this from every other search.
    pub id: u64,
    /// What was looked for.
    pub text: String,
    /// Their rows, in order.
    pub rows: Arc<Vec<usize>>,
    /// What is wrong with the pattern.
    pub fault: Option<String>,
}

/// Looks for words where something else is looked for.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let asked = (space.id, state.scene.space.find.clone());
    if state.space.asked_find.as_ref() == Some(&asked) {
        return;
    }
    state.space.asked_find = Some(asked.clone());
    let text = asked.1;
    if text.trim().is_empty() {
        halt(state, engine, Slot::Find);
        state.space.found = None;
        return;
    }
    let space = space.clone();
    submit(state, engine, Slot::Find, "finding words", move |control| {
        Ok(made::Made::Space(Made::Found(Arc::new(find(&space, text.trim(), control)?))))
    });
}

/// The words that contain a text, whatever its case, or that a pattern between slashes fits.
fn find(space: &Space, text: &str, control: &Control) -> crate::Result<Found> {
    let pattern = match text.strip_prefix('/') {
        Some(pattern) => pattern.strip_suffix('/').unwrap_or(pattern).to_owned(),
        None => regex::escape(text),
    };
    let made = RegexBuilder::new(&pattern).case_insensitive(true).size_limit(1 << 20).build();
    let words = &space.vectors.words;
    let (rows, fault) = match made {
        Ok(pattern) => {
            let mut rows = Vec::new();
            for i in 0..words.len() {
                if i % 65_536 == 0 {
                    control.check()?;
                }
                if pattern.is_match(words.bytes_of(i)) {
                    rows.push(i);
                }
            }
            (rows, None)
        }
        Err(error) => {
            let line = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
            (Vec::new(), Some(line))
        }
    };
    Ok(Found { id: crate::figure::fresh_key(), text: text.to_owned(), rows: Arc::new(rows), fault })
}

/// Asks for another choice.
fn choose(actions: &Actions, state: &State, change: impl FnOnce(&mut Chosen)) {
    let mut chosen = state.scene.space.clone();
    change(&mut chosen);
    if chosen != state.scene.space {
        actions.ask(Action::Space(Ask::Choose(Box::new(chosen))));
    }
}

/// The field that finds words, with how many there are.
pub fn finder(ui: &mut Ui, state: &State, actions: &Actions) {
    let mut text = state.scene.space.find.clone();
    let wide = ui.ctx().content_rect().width() >= 1000.0;
    let field = TextEdit::singleline(&mut text)
        .id(super::find_id())
        .hint_text(SPACE.find_hint)
        .desired_width(if wide { 190.0 } else { 150.0 })
        .min_size(Vec2::new(0.0, CONTROL));
    let field = widgets::named(ui.add(field), SPACE.find).on_hover_text(SPACE.find_tip);
    if field.changed() {
        choose(actions, state, |chosen| chosen.find = text);
    }
    if field.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter)) {
        actions.ask(Action::Space(Ask::NextFound));
        // The next press goes on to the next word.
        field.request_focus();
    }
}

/// What was found, selected or left out, and what can be done with it.
pub fn picked(ui: &mut Ui, state: &State, actions: &Actions) {
    let kept = &state.space;
    let mut at_hand = None;
    if let Some(found) = &kept.found {
        match &found.fault {
            Some(fault) => drop(widgets::muted(ui, fill(SPACE.no_pattern, &[fault]))),
            None => drop(widgets::muted(ui, fill(SPACE.found, &[&count(found.rows.len() as u64)]))),
        }
        at_hand = Some(&found.rows).filter(|rows| !rows.is_empty());
    }
    if !kept.selection.is_empty() {
        widgets::muted(ui, fill(SPACE.selected, &[&count(kept.selection.len() as u64)]));
        at_hand = at_hand.or(Some(&kept.selection));
    }
    if let Some(rows) = at_hand {
        if ui.button(SPACE.isolate).on_hover_text(SPACE.isolate_tip).clicked() {
            actions.ask(Action::Space(Ask::Only(Some(rows.clone()))));
        }
        if ui.button(LOOKS.hide).on_hover_text(LOOKS.hide_tip).clicked() {
            actions.ask(Action::Space(Ask::Hide(rows.clone())));
        }
    }
    if !kept.selection.is_empty() && ui.button(SPACE.unselect).clicked() {
        actions.ask(Action::Space(Ask::Select(Arc::default())));
    }
    let hidden = &state.scene.space.hidden;
    if !hidden.is_empty() {
        widgets::muted(ui, fill(LOOKS.hidden, &[&count(hidden.len() as u64)]));
        if ui.button(LOOKS.show_all).on_hover_text(LOOKS.show_all_tip).clicked() {
            choose(actions, state, |chosen| chosen.hidden = Picked::default());
        }
    }
    if state.scene.space.only.is_some() && ui.button(SPACE.bring_back).on_hover_text(SPACE.bring_back_tip).clicked() {
        actions.ask(Action::Space(Ask::Only(None)));
    }
}

/// What a method is called.
pub fn method_name(method: Method) -> &'static str {
    match method {
        Method::Pca => SPACE.pca,
        Method::Tsne => SPACE.tsne,
        Method::Umap => SPACE.umap,
    }
}

/// The button of the map with its few options under it.
pub fn method(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    let chosen = &state.scene.space;
    let label = fill(SPACE.method, &[method_name(chosen.method)]);
    let button = ui.add(Button::new(label).min_size(Vec2::new(0.0, CONTROL))).on_hover_text(SPACE.method_tip);
    Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        egui::Frame::new().inner_margin(8.0).show(ui, |ui| {
            ui.set_width(272.0);
            ui.vertical(|ui| options(ui, state, actions, space));
        });
    });
}

fn options(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    let mut next = state.scene.space.clone();
    let methods = [Method::Pca, Method::Tsne, Method::Umap].map(|m| (m, method_name(m)));
    widgets::choice(ui, &mut next.method, &methods, SPACE.method_tip);
    widgets::choice(ui, &mut next.solid, &[(false, SPACE.flat), (true, SPACE.solid)], SPACE.dimensions_tip);
    ui.separator();
    ui.spacing_mut().slider_width = 140.0;
    match next.method {
        Method::Pca => {
            let most = space.vectors.rows.width().max(1);
            ui.horizontal(|ui| {
                widgets::muted(ui, SPACE.components).on_hover_text(SPACE.components_tip);
                for (i, name) in ["x", "y", "z"].into_iter().enumerate().take(if next.solid { 3 } else { 2 }) {
                    let mut number = next.components[i] + 1;
                    let drag = DragValue::new(&mut number).range(1..=most).prefix(format!("{name} "));
                    if widgets::named(ui.add(drag), &format!("{} {name}", SPACE.components)).changed() {
                        next.components[i] = number - 1;
                    }
                }
            });
        }
        Method::Tsne => {
            widgets::muted(ui, SPACE.perplexity).on_hover_text(SPACE.perplexity_tip);
            let slider = Slider::new(&mut next.perplexity, 2.0..=100.0).logarithmic(true).step_by(1.0);
            widgets::slide(ui, slider, SPACE.perplexity).on_hover_text(LOOKS.live_tip);
            widgets::muted(ui, LOOKS.rate).on_hover_text(LOOKS.rate_tip);
            ui.horizontal(|ui| {
                let mut is_automatic = next.rate.is_none();
                ui.checkbox(&mut is_automatic, LOOKS.rate_auto).on_hover_text(LOOKS.rate_tip);
                let usual = (space.vectors.rows.len() as f32 / 12.0).clamp(50.0, 10_000.0).round();
                let mut rate = next.rate.unwrap_or(usual);
                ui.add_enabled_ui(!is_automatic, |ui| {
                    let speed = rate * 0.02;
                    let drag = DragValue::new(&mut rate).range(1.0..=100_000.0).speed(speed);
                    widgets::named(ui.add(drag), LOOKS.rate).on_hover_text(LOOKS.live_tip);
                });
                next.rate = (!is_automatic).then_some(rate);
            });
        }
        Method::Umap => {
            widgets::muted(ui, SPACE.neighbours).on_hover_text(SPACE.neighbours_tip);
            widgets::slide(ui, Slider::new(&mut next.neighbours, 2..=60), SPACE.neighbours);
        }
    }
    if next.method != Method::Pca {
        ui.horizontal(|ui| {
            widgets::muted(ui, SPACE.seed).on_hover_text(SPACE.seed_tip);
            widgets::named(ui.add(DragValue::new(&mut next.seed)), SPACE.seed);
            if ui.button(SPACE.run).on_hover_text(SPACE.run_tip).clicked() {
                actions.ask(Action::Space(Ask::Again));
            }
            if ui.button(LOOKS.seeds).on_hover_text(LOOKS.seeds_tip).clicked() {
                actions.ask(Action::Space(Ask::Seeds(true)));
                ui.close();
            }
        });
    }
    ui.separator();
    let all = space.vectors.rows.len();
    widgets::muted(ui, SPACE.first).on_hover_text(SPACE.first_tip);
    let mut first = if next.first == 0 { all } else { next.first.min(all) };
    let slider = Slider::new(&mut first, 1..=all.max(1)).logarithmic(true);
    if widgets::slide(ui, slider, SPACE.first).changed() {
        next.first = if first == all { 0 } else { first };
    }
    choose(actions, state, |chosen| *chosen = next);
}

/// Holding a moving map, pushing it, and looking back.
pub fn moving(ui: &mut Ui, state: &State, actions: &Actions) {
    if let Some(live) = &state.space.live {
        let paused = live.is_paused();
        if ui.button(if paused { SPACE.go_on } else { SPACE.pause }).clicked() {
            actions.ask(Action::Space(Ask::Pause(!paused)));
        }
        if ui.button(SPACE.perturb).on_hover_text(SPACE.perturb_tip).clicked() {
            actions.ask(Action::Space(Ask::Perturb));
        }
    } else if let Some(laid) = state.space.laid.as_ref().filter(|laid| laid.frames.len() > 1) {
        let last = laid.frames.len();
        let mut frame = state.space.frame.unwrap_or(last);
        ui.spacing_mut().slider_width = 120.0;
        let slider = Slider::new(&mut frame, 0..=last).show_value(false).text(SPACE.frame);
        if widgets::slide(ui, slider, SPACE.frame).on_hover_text(SPACE.frame_tip).changed() {
            actions.ask(Action::Space(Ask::Frame((frame < last).then_some(frame))));
        }
    }
}
