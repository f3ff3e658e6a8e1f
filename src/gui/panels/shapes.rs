//! The shape trace: every site with its axes and sizes, and the tensor of the one that was clicked.

use crate::array::describe;
use crate::engine::Slot;
use crate::figure::size;
use crate::gui::action::{Action, Actions};
use crate::gui::paint::Canvas;
use crate::gui::slice::{BINS, Slice};
use crate::gui::state::{Look, State};
use crate::gui::words::{EN, fill, number};
use crate::gui::{theme, widgets};
use egui::{Button, DragValue, RichText, ScrollArea, Sense, Ui, Vec2};
use egui_plot::{Bar, BarChart, Plot};

/// Draws the sheet.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    widgets::sheet_width(ui, 900.0);
    ui.set_height(widgets::list_height(ui, 520.0, 120.0));
    widgets::heading(ui, EN.shapes);
    widgets::muted(ui, EN.shapes_note);
    let Some(run) = state.run() else {
        widgets::muted(ui, EN.empty_title);
        return;
    };
    ui.columns(2, |columns| {
        let [left, right] = columns else { return };
        let row = theme::CONTROL;
        // The list counts its rows with this spacing.
        left.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().id_salt("sites").auto_shrink(false).show_rows(
            left,
            row,
            run.shapes.len(),
            |ui, rows| {
                for (at, shape) in &run.shapes[rows] {
                    let text = format!("{at} {}", describe(at.site.axes(), shape));
                    let label = RichText::new(&text).font(egui::FontId::new(size::SMALL, egui::FontFamily::Monospace));
                    let on = state.looking == Some(*at);
                    let button =
                        Button::selectable(on, label).min_size(Vec2::new(ui.available_width(), row)).truncate();
                    if widgets::named(ui.add(button), &text).clicked() {
                        actions.ask(Action::Look(*at));
                    }
                }
            },
        );
        match &state.look {
            Some(look) => tensor(right, look, state.latest.contains_key(&Slot::Look), actions, canvas),
            None => drop(widgets::muted(right, EN.tensor_pick)),
        }
    });
}

fn tensor(ui: &mut Ui, look: &Look, busy: bool, actions: &Actions, canvas: &mut Canvas) {
    let (array, slice) = (&look.array, &look.slice);
    ui.label(RichText::new(look.at.to_string()).font(theme::mono()));
    widgets::muted(ui, describe(array.axes(), array.shape()));
    ui.horizontal(|ui| {
        if !slice.leading.is_empty() {
            widgets::muted(ui, EN.slice);
        }
        let mut leading = slice.leading.clone();
        for (axis, index) in leading.iter_mut().enumerate() {
            let last = array.shape()[axis].saturating_sub(1);
            let drag = DragValue::new(index).range(0..=last).prefix(format!("{} ", array.axes()[axis]));
            widgets::named(ui.add(drag), array.axes()[axis]);
        }
        let old_theme = slice.dark != ui.visuals().dark_mode && !busy;
        if leading != slice.leading || old_theme {
            actions.ask(Action::Slice(leading));
        }
        if ui.button(EN.copy_slice).clicked() {
            actions.ask(Action::Copy(table(look)));
        }
    });
    let numbers = [slice.min, slice.max, slice.mean, slice.deviation].map(number);
    let said = fill(EN.statistics, &numbers.each_ref().map(String::as_str));
    ui.label(RichText::new(said).font(theme::mono()));
    if slice.not_finite > 0 {
        let ink = theme::colour(theme::palette(ui.ctx()).error);
        ui.label(RichText::new(fill(EN.not_finite, &[&slice.not_finite.to_string()])).color(ink));
    }
    picture(ui, look, canvas);
    histogram(ui, slice);
}

/// The slice as tab-separated text, in full precision.
fn table(look: &Look) -> String {
    let columns = look.slice.shape[1].max(1);
    let rows = look.array.block(&look.slice.leading).chunks(columns);
    let line = |row: &[f32]| row.iter().map(f32::to_string).collect::<Vec<_>>().join("\t");
    rows.map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn picture(ui: &mut Ui, look: &Look, canvas: &mut Canvas) {
    let slice = &look.slice;
    let [rows, columns] = slice.shape;
    if rows == 0 || columns == 0 {
        return;
    }
    let width = ui.available_width();
    let height = (width * rows as f32 / columns as f32).clamp(24.0, 220.0);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, height), Sense::hover());
    canvas.image(ui.painter(), &slice.pixels, rect);
    if slice.pooled != [1, 1] {
        let [r, c] = slice.pooled.map(|n| n.to_string());
        widgets::muted(ui, fill(EN.pooled, &[&r, &c]));
    }
    if let Some(at) = response.hover_pos().map(|p| (p - rect.min) / rect.size()) {
        let r = ((at.y * rows as f32) as usize).min(rows - 1);
        let c = ((at.x * columns as f32) as usize).min(columns - 1);
        let value = look.array.block(&slice.leading)[r * columns + c];
        response.on_hover_text_at_pointer(format!("[{r}, {c}]  {}", number(value)));
    }
}

fn histogram(ui: &mut Ui, slice: &Slice) {
    let step = (f64::from(slice.max) - f64::from(slice.min)) / BINS as f64;
    if step <= 0.0 || ui.available_height() < 60.0 {
        return;
    }
    let ink = theme::colour(theme::palette(ui.ctx()).accent);
    let bars = slice.counts.iter().enumerate().map(|(i, &count)| {
        Bar::new(f64::from(slice.min) + (i as f64 + 0.5) * step, f64::from(count)).width(step).fill(ink)
    });
    let chart = BarChart::new(EN.values, bars.collect()).color(ink);
    Plot::new("histogram")
        .height(ui.available_height().clamp(60.0, 160.0))
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .show_grid(false)
        .show(ui, |plot| plot.bar_chart(chart));
}
