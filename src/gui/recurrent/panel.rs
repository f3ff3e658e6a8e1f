//! How the workspace shares the window.

use super::axis::Axis;
use super::{Lower, bar, gates, hypothesis, inspector, strip, text, trace};
use crate::engine::Slot;
use crate::gui::action::{Action, Actions};
use crate::gui::command::Command;
use crate::gui::paint::Canvas;
use crate::gui::panels;
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::widgets;
use crate::gui::words::fill;
use crate::gui::words::recurrent::RECURRENT;
use egui::{CentralPanel, Id, Margin, Panel, Pos2, Rect, RichText, Ui, Vec2};

/// Room at the right of the pictures.
const RIGHT: f32 = 12.0;

/// The field of the text.
pub fn text_id() -> Id {
    Id::unique("recurrent text")
}

/// Draws the workspace.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    let palette = theme::palette(ui.ctx());
    let (panel, back) = (theme::colour(palette.panel), theme::colour(palette.background));
    let frame = |fill, margin: Margin| egui::Frame::new().fill(fill).inner_margin(margin);
    let slim = Margin::symmetric(theme::PADDING, 0);
    Panel::top("bar").exact_size(40.0).resizable(false).frame(frame(panel, slim)).show(ui, |ui| {
        bar::show(ui, state, actions);
    });
    let padded = Margin::same(theme::PADDING);
    let kept = &state.recurrent;
    let Some(model) = kept.model.clone() else {
        status(ui, state, actions, frame(panel, slim));
        CentralPanel::default().frame(frame(back, padded)).show(ui, |ui| empty(ui, state, actions));
        return;
    };
    let read = kept.current().cloned();
    let width = ui.available_width();
    let side = if state.projector || width < 760.0 { 0.0 } else { (width * 0.28).clamp(220.0, 300.0) };
    let left = ui.max_rect().left() + trace::LEFT;
    let room = (width - side - trace::LEFT - RIGHT).max(60.0);
    let axis =
        read.as_ref().map(|read| Axis::new(state.scene.recurrent.window, left, room, read.times(), read.usual()));
    Panel::top("row").exact_size(32.0).resizable(false).frame(frame(panel, slim)).show(ui, |ui| {
        bar::row(ui, state, actions, &model, read.as_deref().zip(axis.as_ref()));
    });
    status(ui, state, actions, frame(panel, slim));
    if side > 0.0 {
        Panel::right("side").exact_size(side).resizable(false).frame(frame(panel, padded)).show(ui, |ui| {
            inspector::show(ui, state, actions, read.as_deref());
        });
    }
    let (Some(read), Some(axis)) = (read, axis) else {
        CentralPanel::default().frame(frame(back, padded)).show(ui, |ui| {
            panels::head::problem(ui, state, actions);
            let is_reading = state.latest.contains_key(&Slot::Reading);
            let said = if is_reading { RECURRENT.reading } else { RECURRENT.no_text };
            ui.centered_and_justified(|ui| widgets::muted(ui, said));
        });
        return;
    };
    let height = (ui.available_height() * 0.38).clamp(176.0, 420.0);
    let below = Margin { left: theme::PADDING, right: 0, top: 8, bottom: 4 };
    Panel::bottom("lower").exact_size(height).resizable(false).frame(frame(back, below)).show(ui, |ui| {
        let mut lower = state.scene.recurrent.lower;
        let tabs = [
            (Lower::Text, RECURRENT.tab_text),
            (Lower::Gates, RECURRENT.tab_gates),
            (Lower::Hypothesis, RECURRENT.tab_hypothesis),
        ];
        widgets::choice(ui, &mut lower, &tabs, RECURRENT.tab_tip);
        if lower != state.scene.recurrent.lower {
            strip::choose(actions, state, |chosen| chosen.lower = lower);
        }
        match lower {
            Lower::Text => text::show(ui, state, actions, canvas, &read),
            Lower::Gates => gates::show(ui, state, actions, canvas, &read, &axis),
            Lower::Hypothesis => hypothesis::show(ui, state, actions, &read),
        }
    });
    CentralPanel::default().frame(frame(back, Margin::ZERO)).show(ui, |ui| {
        if state.problem.is_some() {
            egui::Frame::new().inner_margin(padded).show(ui, |ui| panels::head::problem(ui, state, actions));
        }
        if state.recurrent.is_stale() {
            // The old picture stays until the new one is there.
            ui.multiply_opacity(0.6);
        }
        pictures(ui, state, actions, canvas, &read, &axis);
    });
}

fn status(ui: &mut Ui, state: &State, actions: &Actions, frame: egui::Frame) {
    Panel::bottom("status").exact_size(24.0).resizable(false).frame(frame).show(ui, |ui| {
        panels::status::show(ui, state, actions);
    });
}

/// Trace, symbols, curve and bar, one under the other.
fn pictures(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas, read: &super::read::Read, axis: &Axis) {
    let all = ui.available_rect_before_wrap();
    let curve = if read.bits.is_some() { strip::CURVE + 4.0 } else { 0.0 };
    let below = strip::SYMBOLS + curve + strip::BAR + 8.0;
    let across =
        |top: f32, height: f32| Rect::from_min_size(Pos2::new(axis.left, top), Vec2::new(axis.width, height.max(1.0)));
    let high = (all.height() - 8.0 - below).max(24.0);
    let mut top = all.top() + 8.0;
    trace::show(ui, state, actions, canvas, read, axis, across(top, high));
    top += high + 2.0;
    strip::symbols(ui, state, actions, canvas, read, axis, across(top, strip::SYMBOLS));
    top += strip::SYMBOLS + 4.0;
    if read.bits.is_some() {
        strip::curve(ui, state, actions, read, axis, across(top, strip::CURVE));
        top += strip::CURVE + 2.0;
    }
    strip::overview(ui, actions, axis, across(top, strip::BAR));
}

/// Before a model is open: what can be opened.
fn empty(ui: &mut Ui, state: &State, actions: &Actions) {
    panels::head::problem(ui, state, actions);
    ui.add_space(ui.available_height() * 0.25);
    ui.vertical_centered(|ui| {
        if let Some(name) = &state.recurrent.opening {
            ui.label(RichText::new(fill(RECURRENT.opening, &[name])).font(theme::title()));
            return;
        }
        ui.label(RichText::new(RECURRENT.empty_title).font(theme::title()));
        ui.scope(|ui| {
            ui.set_max_width(560.0);
            widgets::muted(ui, RECURRENT.empty_text);
        });
        ui.add_space(8.0);
        for (label, command) in
            [(RECURRENT.open_folder, Command::OpenFolder), (RECURRENT.open_file, Command::OpenRecurrent)]
        {
            if ui.button(label).on_hover_text(command.tooltip(ui.ctx())).clicked() {
                actions.ask(Action::Do(command));
            }
        }
    });
}
