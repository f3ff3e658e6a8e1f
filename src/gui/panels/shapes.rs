//! The shape trace: every site with its axes and sizes, and the tensor of the one that was clicked.

use crate::array::{Array, describe};
use crate::figure::size;
use crate::gui::action::{Action, Actions};
use crate::gui::state::{Look, State};
use crate::gui::words::{EN, fill, number};
use crate::gui::{theme, widgets};
use crate::trace::Site;
use egui::{Button, ColorImage, DragValue, Id, RichText, ScrollArea, Sense, TextureOptions, Ui, Vec2};
use egui_plot::{Bar, BarChart, Plot};

/// Draws the sheet.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions) {
    ui.set_width(900.0);
    ui.set_height(520.0);
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
            Some(look) => tensor(right, look),
            None => drop(widgets::muted(right, EN.tensor_pick)),
        }
    });
}

/// What is looked at inside a tensor.
#[derive(Debug, Clone, Default, PartialEq)]
struct Local {
    at: String,
    leading: Vec<usize>,
}

fn tensor(ui: &mut Ui, look: &Look) {
    let array = &look.array;
    ui.label(RichText::new(look.at.to_string()).font(theme::mono()));
    widgets::muted(ui, describe(array.axes(), array.shape()));
    let id = Id::unique("tensor");
    let mut local: Local = ui.data(|d| d.get_temp(id)).unwrap_or_default();
    let leading = array.shape().len().saturating_sub(2);
    if local.at != look.at.to_string() || local.leading.len() != leading {
        local = Local { at: look.at.to_string(), leading: vec![0; leading] };
    }
    if leading > 0 {
        ui.horizontal(|ui| {
            widgets::muted(ui, EN.slice);
            for (axis, index) in local.leading.iter_mut().enumerate() {
                let last = array.shape()[axis].saturating_sub(1);
                *index = (*index).min(last);
                let drag = DragValue::new(index).range(0..=last).prefix(format!("{} ", array.axes()[axis]));
                widgets::named(ui.add(drag), array.axes()[axis]);
            }
        });
    }
    let values = array.block(&local.leading);
    let numbers = Numbers::of(values);
    let said = fill(
        EN.statistics,
        &[&number(numbers.min), &number(numbers.max), &number(numbers.mean), &number(numbers.deviation)],
    );
    ui.label(RichText::new(said).font(theme::mono()));
    if numbers.not_finite > 0 {
        let ink = theme::colour(theme::palette(ui.ctx()).error);
        ui.label(RichText::new(fill(EN.not_finite, &[&numbers.not_finite.to_string()])).color(ink));
    }
    image(ui, look, array, values, &local.leading, numbers.min.abs().max(numbers.max.abs()));
    histogram(ui, values, &numbers);
    ui.data_mut(|d| d.insert_temp(id, local));
}

/// A picture that is kept, with what it was made of: site, slice, theme, fingerprint of the values.
type Kept = (String, Vec<usize>, bool, u64, egui::TextureHandle);

/// Rows by columns, blue for negative and orange for positive, symmetric about zero.
fn image(ui: &mut Ui, look: &Look, array: &Array, values: &[f32], leading: &[usize], largest: f32) {
    let shape = &array.shape()[leading.len()..];
    let (rows, columns) = match shape {
        [r, c] => (*r, *c),
        [c] => (1, *c),
        _ => return,
    };
    if rows == 0 || columns == 0 {
        return;
    }
    let width = ui.available_width();
    let height = (width * rows as f32 / columns as f32).clamp(24.0, 220.0);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, height), Sense::hover());
    let id = Id::unique("tensor picture");
    let dark = ui.visuals().dark_mode;
    let kept: Option<Kept> = ui.data(|d| d.get_temp(id));
    let print = values.iter().fold(0u64, |h, v| h.rotate_left(5) ^ u64::from(v.to_bits()));
    let name = look.at.to_string();
    let texture = match kept {
        Some((n, l, d, p, texture)) if n == name && l == leading && d == dark && p == print => texture,
        _ => {
            let palette = theme::palette(ui.ctx());
            let rgb: Vec<u8> = values
                .iter()
                .flat_map(|&v| {
                    let c = match look.at.site {
                        Site::Probs => palette.attention(v),
                        _ if largest > 0.0 => palette.signed(v / largest),
                        _ => palette.background,
                    };
                    [c.0, c.1, c.2]
                })
                .collect();
            let image = ColorImage::from_rgb([columns, rows], &rgb);
            let texture = ui.ctx().load_texture("tensor", image, TextureOptions::NEAREST);
            ui.data_mut(|d| d.insert_temp::<Kept>(id, (name.clone(), leading.to_vec(), dark, print, texture.clone())));
            texture
        }
    };
    let uv = egui::Rect::from_min_max(egui::Pos2::ZERO, egui::pos2(1.0, 1.0));
    ui.painter().image(texture.id(), rect, uv, egui::Color32::WHITE);
    let hovered = response.hover_pos().map(|p| (p - rect.min) / rect.size());
    if let Some(at) = hovered {
        let r = ((at.y * rows as f32) as usize).min(rows - 1);
        let c = ((at.x * columns as f32) as usize).min(columns - 1);
        response.on_hover_text_at_pointer(format!("[{r}, {c}]  {}", number(values[r * columns + c])));
    }
}

fn histogram(ui: &mut Ui, values: &[f32], numbers: &Numbers) {
    let bins = 40;
    let span = f64::from(numbers.max - numbers.min);
    if !span.is_finite() || span <= 0.0 {
        return;
    }
    let step = span / f64::from(bins);
    let mut counts = vec![0u32; bins as usize];
    for v in values.iter().filter(|v| v.is_finite()) {
        let bin = (f64::from(v - numbers.min) / step) as usize;
        counts[bin.min(bins as usize - 1)] += 1;
    }
    let ink = theme::colour(theme::palette(ui.ctx()).accent);
    let bars = counts.iter().enumerate().map(|(i, &count)| {
        Bar::new(f64::from(numbers.min) + (i as f64 + 0.5) * step, f64::from(count)).width(step).fill(ink)
    });
    let chart = BarChart::new(EN.values, bars.collect()).color(ink);
    Plot::new("histogram")
        .height(ui.available_height().clamp(80.0, 160.0))
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .show_grid(false)
        .show(ui, |plot| plot.bar_chart(chart));
}

/// Summary of values; what is not finite is counted and left out.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Numbers {
    min: f32,
    max: f32,
    mean: f32,
    deviation: f32,
    not_finite: usize,
}

impl Numbers {
    fn of(values: &[f32]) -> Self {
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let count = finite().count();
        if count == 0 {
            return Self { not_finite: values.len(), ..Self::default() };
        }
        let mean = finite().map(f64::from).sum::<f64>() / count as f64;
        let variance = finite().map(|v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count as f64;
        Self {
            min: finite().fold(f32::INFINITY, f32::min),
            max: finite().fold(f32::NEG_INFINITY, f32::max),
            mean: mean as f32,
            deviation: variance.sqrt() as f32,
            not_finite: values.len() - count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_leaves_out_what_is_no_number() {
        let n = Numbers::of(&[1.0, 3.0, f32::NAN, f32::INFINITY]);
        assert_eq!(n, Numbers { min: 1.0, max: 3.0, mean: 2.0, deviation: 1.0, not_finite: 2 });
        assert_eq!(Numbers::of(&[f32::NAN]).not_finite, 1);
    }
}
