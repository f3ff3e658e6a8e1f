//! Token lines.

use super::token;
use crate::analysis::filter::{Combine, Shown};
use crate::engine::Run;
use crate::figure::lines::{Columns, Focus, Layout, Side, Way};
use crate::figure::short;
use crate::gui::action::{Action, Actions, Head};
use crate::gui::command::Command;
use crate::gui::paint::{self, Canvas};
use crate::gui::picture::Strands;
use crate::gui::state::State;
use crate::gui::words::{EN, fill};
use crate::gui::{theme, widgets};
use egui::{Button, RichText, ScrollArea, Sense, Ui, Vec2};

/// What the view asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ask {
    /// Lay tokens out like this.
    Way(Way),
    /// Show several heads as one, or each in its colour.
    Combine(Option<Combine>),
    /// Show a head together with the others, or no longer.
    Toggle(Head),
    /// Show this head alone; where it is alone already, all of its layer.
    Solo(Head),
}

/// Does what the view asked for.
pub fn apply(state: &mut State, ask: Ask) {
    match ask {
        Ask::Way(way) => state.scene.look.way = way,
        Ask::Combine(how) => state.scene.look.combine = how,
        Ask::Toggle(head) => {
            let scene = &mut state.scene;
            if scene.head != head && !scene.others.contains(&head) {
                scene.others.push(head);
            } else if scene.head != head {
                scene.others.retain(|h| *h != head);
            } else if !scene.others.is_empty() {
                // The last head that is shown stays.
                scene.head = scene.others.remove(0);
            }
        }
        Ask::Solo(head) => {
            let alone = state.heads() == [head];
            let count = state.weights().map_or(1, |w| w.heads());
            state.scene.head = head;
            state.scene.others.clear();
            if alone {
                state.scene.others.extend((0..count).map(|h| (head.0, h)).filter(|h| *h != head));
            }
        }
    }
    (state.preview_head, state.untouched) = (None, false);
}

/// A click on a head: with Shift or Ctrl it joins the others or leaves them, else it is shown alone.
pub fn clicked(ui: &Ui, head: Head) -> Ask {
    let modifiers = ui.input(|i| i.modifiers);
    if modifiers.shift || modifiers.command { Ask::Toggle(head) } else { Ask::Solo(head) }
}

/// Draws the view.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    controls(ui, state, actions);
    let height = (ui.available_height() - 12.0).max(200.0);
    ScrollArea::both().id_salt("lines").auto_shrink(false).show(ui, |ui| {
        if state.is_stale() {
            ui.multiply_opacity(0.6);
        }
        let palette = theme::palette(ui.ctx());
        let room = [ui.available_width() - 8.0, height];
        let (Some(run), Some(shown)) = (state.run(), canvas.shown(state)) else { return };
        let (Some(drawn), Some(strands)) = (canvas.lines(state, palette, room), canvas.strands(state)) else { return };
        let (figure, layout) = &*drawn;
        let (rect, _) = ui.allocate_exact_size(Vec2::new(figure.width, figure.height), Sense::hover());
        let painter = ui.painter_at(ui.clip_rect());
        paint::figure(&painter, canvas, figure, rect.min);
        if let Some(numbers) = canvas.columns(state) {
            columns(ui, state, actions, &shown, &numbers, layout, rect);
        }
        for i in 0..shown.tokens.len() {
            let token = shown.token(i);
            for (focus, template) in [(Focus::Query(i), EN.query_name), (Focus::Key(i), EN.key_name)] {
                let area = paint::rect(layout.area(focus), rect.min);
                if !ui.clip_rect().intersects(area) {
                    continue;
                }
                let (place, focus) = (focus, focus.at(token));
                let response = ui.interact(area, ui.scope_id().with(("token", focus)), Sense::click());
                let name = fill(template, &[&token.to_string(), &shown.tokens.pieces[i].piece]);
                let pinned = state.pinned_in(&shown) == Some(place);
                response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, pinned, &name));
                if pinned {
                    let ink = egui::Stroke::new(1.0, theme::colour(palette.accent));
                    painter.rect_stroke(area, 2.0, ink, egui::StrokeKind::Inside);
                }
                let over_button = token::mask_button(ui, state, actions, focus, area, layout.is_down());
                if response.hovered() || over_button {
                    actions.over_token(focus);
                }
                if response.clicked() {
                    actions.ask(Action::Pin(focus));
                }
                response.context_menu(|ui| {
                    if let Some(edge) = edge_between(state.pinned_in(&shown), place) {
                        token::edge_menu(ui, state, &shown, edge, actions);
                    }
                    token::menu(ui, state, token, focus, actions);
                });
                response.on_hover_ui(|ui| tip(ui, state, run, &strands, place, token, state.pinned_in(&shown)));
            }
        }
    });
}

/// The edge between the pinned token and another on the other side.
fn edge_between(pinned: Option<Focus>, other: Focus) -> Option<(usize, usize)> {
    match (pinned?, other) {
        (Focus::Query(q), Focus::Key(k)) | (Focus::Key(k), Focus::Query(q)) => Some((q, k)),
        _ => None,
    }
}

/// What is known of a token; with a pinned one on the other side, the weights between the two.
fn tip(ui: &mut Ui, state: &State, run: &Run, strands: &Strands, place: Focus, token: usize, pinned: Option<Focus>) {
    if let Some((q, k)) = edge_between(pinned, place) {
        for (heads, weight) in strands.between(q, k) {
            let name = heads.first().filter(|_| heads.len() == 1).map_or_else(String::new, |h| state.name(*h));
            ui.label(RichText::new(format!("{name} {}", short(weight)).trim()).font(theme::mono()).strong());
        }
    }
    ui.label(token::tip(run, token));
}

/// The slim row over the lines.
fn controls(ui: &mut Ui, state: &State, actions: &Actions) {
    let look = &state.scene.look;
    ui.horizontal(|ui| {
        ui.set_min_height(theme::CONTROL);
        let heads = state.heads().len();
        if heads > 1 {
            let mut how = look.combine;
            let choices = [
                (None, EN.in_colours),
                (Some(Combine::Mean), state.combine_label(Combine::Mean)),
                (Some(Combine::Sum), state.combine_label(Combine::Sum)),
                (Some(Combine::Max), state.combine_label(Combine::Max)),
            ];
            widgets::choice(ui, &mut how, &choices, EN.combine_tip);
            if how != look.combine {
                actions.ask(Action::Lines(Ask::Combine(how)));
            }
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let label = widgets::quiet(ui, fill(EN.tokens_run, &[way(look.way)]));
            let button = Button::new(label).frame_when_inactive(false);
            let tip = Command::Direction.tooltip(ui.ctx());
            let button = widgets::named(ui.add(button), Command::Direction.label()).on_hover_text(tip);
            egui::Popup::menu(&button).show(|ui| {
                for choice in Way::ALL {
                    if ui.add(Button::selectable(choice == look.way, way(choice))).clicked() {
                        actions.ask(Action::Lines(Ask::Way(choice)));
                        ui.close();
                    }
                }
            });
        });
    });
}

fn way(way: Way) -> &'static str {
    match way {
        Way::Automatic => EN.way_automatic,
        Way::Vertical => EN.way_vertical,
        Way::Horizontal => EN.way_horizontal,
    }
}

/// What the columns do: hovering one previews its head, a click shows it alone or together with the others.
fn columns(
    ui: &mut Ui,
    state: &State,
    actions: &Actions,
    shown: &Shown,
    numbers: &Columns,
    layout: &Layout,
    rect: egui::Rect,
) {
    let palette = theme::palette(ui.ctx());
    let layer = state.scene.head.0;
    for side in Side::BOTH {
        let (template, what) = match side {
            Side::Outgoing => (EN.outgoing_name, EN.outgoing_mean),
            Side::Incoming => (EN.incoming_name, EN.incoming_mean),
        };
        let turned = match (side, state.focus()) {
            (Side::Outgoing, Some(Focus::Key(_))) | (Side::Incoming, Some(Focus::Query(_))) => true,
            (_, _) => false,
        };
        for (place, &head) in layout.columns.iter().enumerate() {
            let area = paint::rect(layout.column(side, place), rect.min);
            if !ui.clip_rect().intersects(area) {
                continue;
            }
            let name = state.name((layer, head));
            let response = ui.interact(area, ui.scope_id().with(("column", side, head)), Sense::click());
            let selected = state.heads().contains(&(layer, head));
            let label = fill(template, &[&name]);
            response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, &label));
            if response.clicked() {
                actions.ask(Action::Lines(clicked(ui, (layer, head))));
            }
            if !response.hovered() && !response.has_focus() {
                continue;
            }
            let ink = egui::Stroke::new(1.0, theme::colour(palette.muted));
            ui.painter().rect_stroke(area.expand(1.0), 1.0, ink, egui::StrokeKind::Outside);
            if !response.hovered() {
                continue;
            }
            actions.over_head((layer, head));
            let at = response.hover_pos().and_then(|p| layout.column_at(p.x - rect.min.x, p.y - rect.min.y));
            let Some((_, _, token)) = at else { continue };
            let value = short(numbers.value(side, head, token));
            let full = short(numbers.top(side));
            let token = shown.tokens.shown(token);
            let what = if turned { EN.with_focus } else { what };
            response.on_hover_ui_at_pointer(|ui| {
                ui.label(RichText::new(format!("{name} {token} {value}")).font(theme::mono()).strong());
                ui.label(fill(what, &[&full]));
            });
        }
    }
}
