//! One cell over the text: every symbol in the colour of its value, and under each what may follow it.

use super::read::Read;
use super::{heat, strip};
use crate::figure::{Colour, Palette, mono_width, size};
use crate::gui::action::Actions;
use crate::gui::paint::Canvas;
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::widgets;
use crate::gui::words::fill;
use crate::gui::words::recurrent::RECURRENT;
use egui::{Align2, FontFamily, FontId, Pos2, Rect, ScrollArea, Sense, Ui, Vec2};

/// The height of a line, and of what is written under its symbols.
const LINE: f32 = 20.0;
const NEXT: f32 = 14.0;

/// Draws the text.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas, read: &Read) {
    let chosen = &state.scene.recurrent;
    let can_tell = state.recurrent.model.as_ref().is_some_and(|model| model.predicts());
    ui.horizontal(|ui| {
        match chosen.cell() {
            Some(cell) => drop(widgets::muted(ui, fill(RECURRENT.coloured_by, &[&cell.to_string(), &chosen.what]))),
            None => drop(widgets::muted(ui, RECURRENT.select_cell)),
        }
        if can_tell {
            let mut next = chosen.next;
            if ui.checkbox(&mut next, RECURRENT.show_next).on_hover_text(RECURRENT.show_next_tip).changed() {
                strip::choose(actions, state, |chosen| chosen.next = next);
            }
        }
    });
    let with_next = chosen.next && can_tell;
    let width = (ui.available_width() - 16.0).max(80.0);
    let starts = canvas.recurrent.rows.get((read.id, width.to_bits()), || rows(read, width));
    let high = if with_next { LINE + super::read::TOP as f32 * NEXT + 4.0 } else { LINE };
    let palette = theme::palette(ui.ctx());
    let paint = Paint { state, actions, read, palette, high, with_next };
    ScrollArea::vertical().id_salt("text").auto_shrink(false).show_rows(ui, high, starts.len(), |ui, seen| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for row in seen {
            let end = starts.get(row + 1).copied().unwrap_or(read.times());
            paint.row(ui, starts[row]..end, width);
        }
    });
}

/// The room of a symbol.
fn wide(symbol: &str) -> f32 {
    mono_width(symbol, size::BODY).max(9.0)
}

/// Where lines begin: after a line break, and where there is no more room.
fn rows(read: &Read, width: f32) -> Vec<usize> {
    let (mut starts, mut x, mut broken) = (vec![0], 0.0, false);
    for (step, piece) in read.tokens.pieces.iter().enumerate() {
        let own = wide(super::read::shown(&piece.piece));
        if step > 0 && (broken || x + own > width) {
            starts.push(step);
            x = 0.0;
        }
        x += own;
        broken = piece.piece == "\n";
    }
    starts
}

struct Paint<'a> {
    state: &'a State,
    actions: &'a Actions,
    read: &'a Read,
    palette: &'static Palette,
    high: f32,
    with_next: bool,
}

impl Paint<'_> {
    fn row(&self, ui: &mut Ui, steps: std::ops::Range<usize>, width: f32) {
        let (rect, response) = ui.allocate_exact_size(Vec2::new(width, self.high), Sense::click());
        let chosen = &self.state.scene.recurrent;
        let site = chosen.site();
        let shown = chosen.cell().zip(self.read.sites.get(&site)).filter(|(cell, levels)| *cell < levels.units());
        let shades = shown.map(|(_, levels)| heat::shades(site, levels, self.palette));
        let font = FontId::new(size::BODY, FontFamily::Monospace);
        let mut x = rect.left();
        let mut under = None;
        let pointer = response.hover_pos();
        for step in steps.clone() {
            let symbol = self.read.shown(step);
            let own = wide(symbol);
            let place = Rect::from_min_size(Pos2::new(x, rect.top()), Vec2::new(own, LINE - 1.0));
            let value = shown.and_then(|(cell, levels)| levels.value(step, cell));
            let ground = match (value, &shades) {
                (Some(value), Some(shades)) if value.is_finite() => shades.colour(value),
                (Some(_), _) => self.palette.error,
                _ => self.palette.background,
            };
            ui.painter().rect_filled(place, 0.0, theme::colour(ground));
            let ink = theme::colour(self.palette.ink_on(ground));
            ui.painter().text(place.center(), Align2::CENTER_CENTER, symbol, font.clone(), ink);
            if chosen.step == Some(step) {
                let line = egui::Stroke::new(1.0, theme::colour(self.palette.accent));
                ui.painter().rect_stroke(place, 0.0, line, egui::StrokeKind::Inside);
            }
            if self.with_next {
                self.next(ui, step, place);
            }
            if pointer.is_some_and(|at| at.x >= x && at.x < x + own) {
                under = Some(step);
            }
            x += own;
        }
        let line: String = steps.map(|step| self.read.shown(step)).collect();
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &line));
        if let Some(step) = under {
            if response.clicked() {
                strip::choose(self.actions, self.state, |chosen| strip::go_to(chosen, self.read, step));
            }
            response.on_hover_text_at_pointer(strip::about(self.state, self.read, step));
        }
    }

    /// What may follow a symbol, the likeliest first: the likelier, the redder.
    fn next(&self, ui: &Ui, step: usize, place: Rect) {
        let symbols = self.state.recurrent.model.as_ref().and_then(|model| model.opened.symbols.as_ref());
        let Some(symbols) = symbols else { return };
        let font = FontId::new(size::SMALL, FontFamily::Monospace);
        for (rank, candidate) in self.read.next(step).iter().enumerate() {
            let share = candidate.probability as f32;
            let ground: Colour = self.palette.background.mix(self.palette.error, share);
            let at = place.left_bottom() + Vec2::new(0.0, 1.0 + rank as f32 * NEXT);
            let area = Rect::from_min_size(at, Vec2::new(place.width(), NEXT));
            ui.painter().rect_filled(area, 0.0, theme::colour(ground));
            let ink = theme::colour(self.palette.ink_on(ground));
            let symbol = crate::figure::fit(super::read::shown(symbols.item(candidate.id)), size::SMALL, place.width());
            ui.painter().text(area.center(), Align2::CENTER_CENTER, symbol, font.clone(), ink);
        }
    }
}
