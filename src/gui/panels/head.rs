//! One head: heading, token lines, heatmap.

use crate::analysis::attention::{Edge, strongest};
use crate::engine::Run;
use crate::figure::lines::Focus;
use crate::figure::{head_name, percent, size, weight};
use crate::gui::action::{Action, Actions, Sheet};
use crate::gui::command::Command;
use crate::gui::paint::{self, Canvas, Face};
use crate::gui::settings::View;
use crate::gui::state::State;
use crate::gui::words::{EN, count, fill};
use crate::gui::{theme, widgets};
use egui::{Button, RichText, ScrollArea, Sense, Ui, Vec2};

/// A centre at least this wide shows lines and heatmap side by side.
const BOTH: f32 = 800.0;
/// The width of the button that masks a token.
const MASK: f32 = 52.0;

/// Heading and pictures of the shown head.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    if state.run().is_none() {
        empty(ui, state);
        return;
    }
    let both = ui.available_width() >= BOTH;
    caption(ui, state, actions, canvas, !both);
    if both {
        ui.columns(2, |columns| {
            lines(&mut columns[0], state, actions, canvas);
            heatmap(&mut columns[1], state, actions, canvas);
        });
    } else if state.settings.view == View::Lines {
        lines(ui, state, actions, canvas);
    } else {
        heatmap(ui, state, actions, canvas);
    }
}

/// What the picture shows, in words and numbers; with `choice`, the switch between lines and heatmap.
pub fn caption(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas, choice: bool) {
    let (Some(run), Some(shown)) = (state.run(), canvas.shown(state)) else { return };
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if choice {
                let views = [(View::Heatmap, EN.heatmap, Command::Heatmap), (View::Lines, EN.lines, Command::Lines)];
                for (view, label, command) in views {
                    let button = Button::selectable(state.settings.view == view, label).frame_when_inactive(true);
                    if ui.add(button).on_hover_text(command.tooltip(ui.ctx())).clicked() {
                        actions.ask(Action::Show(view));
                    }
                }
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| heading(ui, state, run));
        });
    });
    let kept = shown.edges.len();
    let template = if state.settings.hide_special { EN.shown_of_left } else { EN.shown_of };
    let what = fill(template, &[&percent(shown.mass), &count(kept as u64), &count(shown.of as u64)]);
    let most = crate::figure::lines::MOST;
    let cut = kept > most && (!choice || state.settings.view == View::Lines);
    let what = if cut { fill(EN.strongest_drawn, &[&what, &count(most as u64)]) } else { what };
    widgets::muted(ui, what);
    if run.tokens.dropped > 0 {
        let limit = run.card.tokens.to_string();
        let ink = theme::colour(theme::palette(ui.ctx()).error);
        ui.label(RichText::new(fill(EN.truncated, &[&count(run.tokens.dropped as u64), &limit])).color(ink));
    }
}

/// `L2·H5: opened looks at door, 0.86`, of what the pointer or the pin is on, else of the strongest weight.
fn heading(ui: &mut Ui, state: &State, run: &Run) {
    let palette = theme::palette(ui.ctx());
    let (layer, head) = state.shown_head();
    let weights = run.head(layer, head);
    let n = run.tokens.len();
    let (edge, verb) = match state.focus() {
        Some(Focus::Query(q)) => (strongest(&run.tokens, weights, q), EN.looks_at),
        Some(Focus::Key(k)) => (most_seen_by(run, weights, k), EN.is_seen_by),
        None => {
            let rows = (0..n).filter(|&q| !run.tokens.pieces[q].special);
            let edges = rows.filter_map(|q| strongest(&run.tokens, weights, q));
            (edges.max_by(|a, b| a.weight.total_cmp(&b.weight)), EN.looks_at)
        }
    };
    let (text, accent) = (theme::colour(palette.text), theme::colour(palette.accent));
    let muted = theme::colour(palette.muted);
    let name = head_name(layer, head);
    let name = if state.is_off((layer, head)) { fill(EN.head_is_off, &[&name]) } else { name };
    let name = format!("{name}: ");
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 28.0), Sense::hover());
    let painter = ui.painter_at(rect);
    let spoken = if let Some(edge) = edge {
        let (from, to) = (run.tokens.shown(edge.query), run.tokens.shown(edge.key));
        let (first, second) = if verb == EN.looks_at { (from, to) } else { (to, from) };
        let middle = format!(" {verb} ");
        let decimals = |w: f32| if w < 0.1 { weight(w) } else { format!("{w:.2}") };
        let number = format!(", {}", decimals(edge.weight));
        // The sentence is about another token; where the query rests more on itself or on a special one, it says so.
        let row = weights.get(edge.query * n..(edge.query + 1) * n).unwrap_or_default();
        let largest = (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
        let rest = match largest.filter(|&k| verb == EN.looks_at && row[k] > edge.weight) {
            Some(k) if k == edge.query => fill(EN.most_on, &[EN.itself, &decimals(row[k])]),
            Some(k) => fill(EN.most_on, &[&run.tokens.shown(k), &decimals(row[k])]),
            None => String::new(),
        };
        let parts = [
            (name.as_str(), Face::Bold, text),
            (first.as_str(), Face::Mono, accent),
            (middle.as_str(), Face::Bold, text),
            (second.as_str(), Face::Mono, accent),
            (number.as_str(), Face::Bold, text),
        ];
        let end = paint::phrase(&painter, rect.left_center(), &parts, size::HEADING);
        let after = rect.left_center() + Vec2::new(end, 1.0);
        paint::phrase(&painter, after, &[(rest.as_str(), Face::Plain, muted)], size::BODY);
        format!("{name}{first}{middle}{second}{number}{rest}")
    } else {
        paint::phrase(&painter, rect.left_center(), &[(name.as_str(), Face::Bold, text)], size::HEADING);
        format!("{name}{}", EN.nothing_shown)
    };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &spoken));
}

/// The query that looks at `key` most, special tokens and the key itself aside.
fn most_seen_by(run: &Run, weights: &[f32], key: usize) -> Option<Edge> {
    let n = run.tokens.len();
    let queries = (0..n).filter(|&q| q != key && !run.tokens.pieces[q].special);
    let edges = queries.filter_map(|query| Some(Edge { query, key, weight: *weights.get(query * n + key)? }));
    edges.max_by(|a, b| a.weight.total_cmp(&b.weight))
}

/// Token lines.
pub fn lines(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    ScrollArea::vertical().id_salt("lines").auto_shrink(false).show(ui, |ui| {
        if state.is_stale() {
            ui.multiply_opacity(0.6);
        }
        let palette = theme::palette(ui.ctx());
        let width = ui.available_width() - 8.0;
        let (Some(run), Some(drawn)) = (state.run(), canvas.lines(state, palette, width)) else { return };
        let (figure, layout) = &*drawn;
        let (rect, _) = ui.allocate_exact_size(Vec2::new(figure.width, figure.height), Sense::hover());
        let painter = ui.painter_at(ui.clip_rect());
        paint::figure(&painter, canvas, figure, rect.min);
        for i in 0..run.tokens.len() {
            for (focus, template) in [(Focus::Query(i), EN.query_name), (Focus::Key(i), EN.key_name)] {
                let area = paint::rect(layout.area(focus), rect.min);
                if !ui.clip_rect().intersects(area) {
                    continue;
                }
                let response = ui.interact(area, ui.scope_id().with(("token", focus)), Sense::click());
                let name = fill(template, &[&i.to_string(), &run.tokens.pieces[i].piece]);
                let pinned = state.pinned == Some(focus);
                response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, pinned, &name));
                if pinned {
                    let ink = egui::Stroke::new(1.0, theme::colour(palette.accent));
                    painter.rect_stroke(area, 2.0, ink, egui::StrokeKind::Inside);
                }
                let over_button = mask_button(ui, state, actions, focus, i, area);
                if response.hovered() || over_button {
                    actions.over_token(focus);
                }
                if response.clicked() {
                    actions.ask(Action::Pin(focus));
                }
                response.context_menu(|ui| token_menu(ui, state, i, focus, actions));
                response.on_hover_text(token_tip(run, i));
            }
        }
    });
}

/// A button beside the query under the pointer that masks it; whether the pointer is on the button.
fn mask_button(ui: &mut Ui, state: &State, actions: &Actions, focus: Focus, i: usize, label: egui::Rect) -> bool {
    let place = label.with_min_x(label.left() - MASK).with_max_x(label.left() - 4.0);
    let around = place.union(label);
    if matches!(focus, Focus::Key(_)) || !state.can_mask(i) || !ui.rect_contains_pointer(around) {
        return false;
    }
    let (text, tip) = if state.masked.contains(&i) { (EN.show, EN.unmask_word) } else { (EN.mask, EN.mask_word) };
    let font = egui::FontId::new(size::SMALL, egui::FontFamily::Proportional);
    let button =
        ui.put(place, Button::new(RichText::new(text).font(font)).wrap_mode(egui::TextWrapMode::Extend).small());
    if widgets::named(button, tip).on_hover_text(Command::Mask.tooltip(ui.ctx())).clicked() {
        actions.ask(Action::Mask(i));
    }
    ui.rect_contains_pointer(place)
}

/// The matrix.
pub fn heatmap(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    ScrollArea::both().id_salt("heatmap").auto_shrink(false).show(ui, |ui| {
        if state.is_stale() {
            ui.multiply_opacity(0.6);
        }
        let palette = theme::palette(ui.ctx());
        let room = [ui.available_width() - 8.0, (ui.clip_rect().height() - 16.0).max(200.0)];
        let (Some(run), Some(drawn)) = (state.run(), canvas.matrix(state, palette, room)) else { return };
        let (figure, layout) = &*drawn;
        let (rect, response) = ui.allocate_exact_size(Vec2::new(figure.width, figure.height), Sense::click());
        let painter = ui.painter_at(ui.clip_rect());
        paint::figure(&painter, canvas, figure, rect.min);
        let name = format!("{} {}", EN.heatmap, head_name(state.shown_head().0, state.shown_head().1));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        let ring = egui::Stroke::new(1.0, theme::colour(palette.accent));
        if let Some(Focus::Query(q)) = state.pinned {
            let row = paint::rect(layout.cell(q, 0), rect.min).with_max_x(rect.min.x + layout.plot.x + layout.plot.w);
            painter.rect_stroke(row, 0.0, ring, egui::StrokeKind::Outside);
        }
        let cell = response.hover_pos().and_then(|p| layout.at(p.x - rect.min.x, p.y - rect.min.y));
        if let Some((q, k)) = cell {
            let area = paint::rect(layout.cell(q, k), rect.min);
            painter.rect_stroke(area, 0.0, egui::Stroke::new(2.0, ring.color), egui::StrokeKind::Outside);
            actions.over_token(Focus::Query(q));
            if response.clicked() {
                actions.ask(Action::Pin(Focus::Query(q)));
            }
            let (layer, head) = state.shown_head();
            let n = run.tokens.len();
            // The model's own weight, also where special tokens are hidden.
            let value = run.head(layer, head).get(q * n + k).copied().unwrap_or(f32::NAN);
            let names = fill(EN.cell_tip, &[&run.tokens.shown(q), &run.tokens.shown(k)]);
            let id = ui.scope_id().with("cell");
            // The menu is about the cell that was right-clicked, wherever the pointer goes then.
            if response.secondary_clicked() {
                ui.data_mut(|d| d.insert_temp(id, (q, value)));
            }
            response.clone().on_hover_ui_at_pointer(|ui| {
                ui.label(RichText::new(names).font(theme::mono()));
                ui.label(RichText::new(weight(value)).font(theme::mono()).strong());
            });
        }
        let clicked: Option<(usize, f32)> = ui.data(|d| d.get_temp(ui.scope_id().with("cell")));
        if let Some((q, value)) = clicked {
            response.context_menu(|ui| {
                widgets::menu(ui, actions, [(EN.copy_value, Action::Copy(value.to_string()))]);
                token_menu(ui, state, q, Focus::Query(q), actions);
            });
        }
    });
}

fn token_menu(ui: &mut Ui, state: &State, i: usize, focus: Focus, actions: &Actions) {
    let pin = if state.pinned == Some(focus) { EN.unpin } else { EN.pin };
    let mask = if state.masked.contains(&i) { EN.unmask_word } else { EN.mask_word };
    let mask = state.can_mask(i).then_some((mask, Action::Mask(i)));
    let rest = [
        (Command::CopyPicture.label(), Action::Do(Command::CopyPicture)),
        (Command::CopyValues.label(), Action::Do(Command::CopyValues)),
        (EN.export, Action::Sheet(Some(Sheet::Export))),
    ];
    widgets::menu(ui, actions, std::iter::once((pin, Action::Pin(focus))).chain(mask).chain(rest));
}

fn token_tip(run: &Run, i: usize) -> String {
    let p = &run.tokens.pieces[i];
    let id = p.id.to_string();
    if p.special {
        return fill(EN.special_tip, &[&p.piece, &id]);
    }
    fill(EN.token_tip, &[&p.piece, &id, &p.start.to_string(), &p.end.to_string()])
}

/// What went wrong, why, and what to do.
pub fn problem(ui: &mut Ui, state: &State, actions: &Actions) {
    let Some(problem) = &state.problem else { return };
    let palette = theme::palette(ui.ctx());
    let frame = egui::Frame::new()
        .fill(theme::colour(palette.raised))
        .stroke(egui::Stroke::new(1.0, theme::colour(palette.error)))
        .corner_radius(4.0)
        .inner_margin(theme::PADDING);
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.label(RichText::new(&problem.title).font(theme::heading()).color(theme::colour(palette.error)));
        ui.label(problem.error.to_string());
        if let Some(remedy) = problem.error.remedy() {
            widgets::muted(ui, remedy);
        }
        ui.horizontal(|ui| {
            widgets::command(ui, actions, problem.next);
            if ui.button(EN.dismiss).clicked() {
                actions.ask(Action::Dismiss);
            }
        });
    });
    ui.add_space(8.0);
}

/// The centre before there is anything to show.
pub fn empty(ui: &mut Ui, state: &State) {
    ui.add_space(ui.available_height() * 0.3);
    ui.vertical_centered(|ui| {
        let (title, text) = match (&state.opening, &state.model, state.running) {
            (Some(name), ..) => {
                (fill(EN.opening, &[name]), state.progress.as_ref().map_or("", |(_, p)| p.stage.as_str()))
            }
            (None, Some(_), true) => (EN.reading.to_owned(), ""),
            (None, None, _) => (EN.no_model.to_owned(), EN.drop_hint),
            _ => (EN.empty_title.to_owned(), EN.empty_text),
        };
        ui.label(RichText::new(title).font(theme::title()));
        widgets::muted(ui, text);
        if let (Some(_), Some((_, progress))) = (&state.opening, &state.progress) {
            ui.add_space(8.0);
            ui.add(egui::ProgressBar::new(progress.share()).desired_width(280.0).desired_height(8.0));
        }
    });
}
