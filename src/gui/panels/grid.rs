//! All layers by heads, and the heads worth seeing.

use crate::analysis::attention::{Habit, Score};
use crate::figure::pyramid::Pool;
use crate::figure::{head_name, percent};
use crate::gui::action::{Action, Actions, Head, Sheet};
use crate::gui::command::Command;
use crate::gui::paint::{self, Canvas};
use crate::gui::state::{GridLook, State, Study};
use crate::gui::words::{EN, fill};
use crate::gui::{panels, theme, views, widgets};
use egui::{ScrollArea, Sense, Stroke, StrokeKind, Ui, Vec2};

/// The panel at the left, or the whole window.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    let Some(study) = &state.study else {
        waiting(ui, state);
        return;
    };
    title(ui, state, study, actions, false);
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        if state.is_stale() {
            ui.multiply_opacity(0.6);
        }
        thumbnails(ui, state, study, actions, canvas);
        if !study.worth.is_empty() {
            worth_seeing(ui, state, study, actions, false);
        }
    });
}

/// The grid with the window for itself: it zooms. The room that its picture has.
pub fn alone(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) -> Option<[f32; 2]> {
    let Some(study) = &state.study else {
        waiting(ui, state);
        return None;
    };
    title(ui, state, study, actions, true);
    views::model::show(ui, state, actions, canvas)
}

/// How many heads there are, and how they are drawn.
fn title(ui: &mut Ui, state: &State, study: &Study, actions: &Actions, alone: bool) {
    let heads = study.weights.layers() * study.weights.heads();
    let text = if study.weights.meaning.has_heads() { EN.heads_click_one } else { EN.layers_click_one };
    widgets::title_row(ui, &fill(text, &[&heads.to_string()]), |ui| {
        let button = egui::Button::selectable(state.scene.look.stretch, EN.stretch).frame_when_inactive(true);
        if ui.add(button).on_hover_text(Command::Stretch.tooltip(ui.ctx())).clicked() {
            actions.ask(Action::Do(Command::Stretch));
        }
        if alone {
            for (pool, label) in [(Pool::Mean, EN.pool_mean), (Pool::Max, EN.pool_max)] {
                let button = egui::Button::selectable(state.scene.look.pool == pool, label).frame_when_inactive(true);
                if ui.add(button).on_hover_text(Command::Pool.tooltip(ui.ctx())).clicked() {
                    actions.ask(Action::Model(views::model::Ask::Pool(pool)));
                }
            }
            views::model::sorting(ui, state, actions);
        }
    });
}

/// Heads that do something simple: one under the other, or at most three side by side.
pub fn worth_seeing(ui: &mut Ui, state: &State, study: &Study, actions: &Actions, side_by_side: bool) {
    ui.add_space(8.0);
    widgets::heading(ui, EN.worth_seeing);
    if side_by_side {
        ui.columns(3, |columns| {
            for (ui, score) in columns.iter_mut().zip(&study.worth) {
                worth(ui, state, *score, actions);
            }
        });
        return;
    }
    for score in &study.worth {
        worth(ui, state, *score, actions);
    }
}

/// How the grid is to be drawn in the space that it has.
pub fn wanted(ui: &Ui, state: &State) -> GridLook {
    // The scroll bar's room is kept free, so that a long grid does not move when it appears.
    let width = (ui.available_width() - 12.0).max(80.0).round();
    GridLook {
        width,
        height: None,
        dark: ui.visuals().dark_mode,
        scale: ui.pixels_per_point(),
        stretch: state.scene.look.stretch,
        pool: state.scene.look.pool,
        sorting: state.scene.look.sorting,
        filter: state.scene.look.filter,
    }
}

fn thumbnails(ui: &mut Ui, state: &State, study: &Study, actions: &Actions, canvas: &mut Canvas) {
    let palette = theme::palette(ui.ctx());
    let [width, height] = study.layout.size();
    let (rect, _) = ui.allocate_exact_size(Vec2::new(width.max(ui.available_width()), height), Sense::hover());
    let painter = ui.painter_at(rect.expand(2.0).intersect(ui.clip_rect()));
    paint::figure(&painter, canvas, &study.grid, rect.min);
    for row in 0..study.layout.layers {
        for column in 0..study.layout.heads {
            let (layer, head) = study.order.head(row, column);
            let area = paint::rect(study.layout.area(row, column), rect.min);
            if !ui.clip_rect().intersects(area) {
                continue;
            }
            let (layer, head) = state.stands_for((layer, head));
            let name = state.name((layer, head));
            // The gaps belong to their neighbours, so that a preview does not flicker on the way.
            let response = ui.interact(area.expand(2.0), ui.scope_id().with(("head", layer, head)), Sense::click());
            let selected = state.heads().contains(&(layer, head));
            let label = fill(EN.grid_name, &[&name]);
            response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, &label));
            if response.hovered() {
                actions.over_head((layer, head));
            }
            if response.clicked() {
                let modifiers = ui.input(|i| i.modifiers);
                actions.ask(if modifiers.shift || modifiers.command {
                    Action::Lines(views::lines::Ask::Toggle((layer, head)))
                } else {
                    Action::Select((layer, head))
                });
            }
            if selected || response.hovered() || response.has_focus() {
                let ink = theme::colour(if selected { palette.accent } else { palette.muted });
                painter.rect_stroke(area.expand(2.0), 2.0, Stroke::new(2.0, ink), StrokeKind::Inside);
            }
            if study.weights.meaning.has_heads() && state.is_off((layer, head)) {
                let ink = Stroke::new(1.5, theme::colour(palette.error));
                painter.line_segment([area.left_bottom(), area.right_top()], ink);
            }
            response.context_menu(|ui| head_menu(ui, state, (layer, head), actions));
            response.on_hover_text_at_pointer(name);
        }
    }
}

/// The entries of the menu of a head.
pub fn head_menu(ui: &mut Ui, state: &State, head: Head, actions: &Actions) {
    let off = if state.is_off(head) { EN.head_on } else { EN.head_off };
    let items = [
        (off, Action::HeadOff(head)),
        (Command::CopyGrid.label(), Action::Do(Command::CopyGrid)),
        (EN.export, Action::Sheet(Some(Sheet::Export))),
    ];
    widgets::menu(ui, actions, items);
}

fn worth(ui: &mut Ui, state: &State, score: Score, actions: &Actions) {
    let palette = theme::palette(ui.ctx());
    let name = head_name(score.layer, score.head);
    let sentence = match score.habit {
        Habit::Previous => EN.habit_previous.to_owned(),
        Habit::Next => EN.habit_next.to_owned(),
        Habit::Special => fill(EN.habit_special, &[&state.specials()]),
    };
    let of = if score.habit == Habit::Special { EN.habit_score } else { EN.habit_score_words };
    let numbers = fill(of, &[&percent(score.score), &score.n.to_string()]);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 40.0), Sense::click());
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 4.0, theme::colour(palette.raised));
    }
    let (text, muted) = (theme::colour(palette.text), theme::colour(palette.muted));
    let left = rect.left() + 8.0;
    let parts = [(name.as_str(), paint::Face::Mono, theme::colour(palette.accent)), ("  ", paint::Face::Plain, text)];
    let y = rect.top() + 12.0;
    let x = paint::phrase(painter, egui::pos2(left, y), &parts, crate::figure::size::BODY);
    paint::phrase(painter, egui::pos2(left + x, y), &[(&sentence, paint::Face::Plain, text)], 13.0);
    paint::phrase(painter, egui::pos2(left + x, y + 17.0), &[(&numbers, paint::Face::Plain, muted)], 12.0);
    let spoken = format!("{name}: {sentence} {numbers}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &spoken));
    if response.clicked() {
        actions.ask(Action::Select((score.layer, score.head)));
    }
}

/// The grid before there is anything to show.
fn waiting(ui: &mut Ui, state: &State) {
    let text = match (&state.opening, &state.model, state.running) {
        _ if let Some((path, _)) = state.awaited() => panels::head::awaited(path),
        (Some(name), ..) => fill(EN.opening, &[name]),
        (None, Some(_), true) => EN.reading.to_owned(),
        (None, None, _) => EN.no_model.to_owned(),
        _ => EN.empty_title.to_owned(),
    };
    widgets::muted(ui, text);
}
