//! The parts of a word that fastText knows, each with its share of the word's vector.

use super::near::Answer;
use crate::figure::{mono_width, percent, size};
use crate::gui::words::fill;
use crate::gui::words::space::looks::LOOKS;
use crate::gui::{theme, widgets};
use crate::source::vectors::Shares;
use egui::{Align2, FontId, Rect, Sense, Ui, Vec2};

/// Parts that are drawn; the others are added up.
const MOST: usize = 24;
/// The height of a chip.
const HEIGHT: f32 = 36.0;

/// A part as it is drawn.
struct Chip {
    text: String,
    share: f64,
    is_own: bool,
}

/// The parts with the largest shares, of either sign, the largest first; and how many are left with what they add up to.
fn chips(shares: &Shares) -> (Vec<Chip>, Option<(usize, f64)>) {
    let gram = |(gram, share): &(crate::source::vectors::Gram, f64)| Chip {
        text: String::from_utf8_lossy(&gram.bytes).into_owned(),
        share: *share,
        is_own: false,
    };
    let own = shares.own.map(|share| Chip { text: LOOKS.parts_own.to_owned(), share, is_own: true });
    let mut all: Vec<Chip> = own.into_iter().chain(shares.grams.iter().map(gram)).collect();
    all.sort_by(|a, b| b.share.abs().total_cmp(&a.share.abs()));
    let rest = all.split_off(all.len().min(MOST));
    let sum = rest.iter().map(|chip| chip.share).sum();
    (all, (!rest.is_empty()).then_some((rest.len(), sum)))
}

/// A share with its sign: of parts that pull the other way less than nothing.
fn written(share: f64) -> String {
    let share = if share.abs() < 0.005 { 0.0 } else { share };
    percent(share as f32).replace('-', "\u{2212}")
}

/// Draws the parts of what was asked, if it has some.
pub fn show(ui: &mut Ui, answer: &Answer) {
    let Some(shares) = &answer.shares else { return };
    ui.add_space(4.0);
    widgets::heading(ui, LOOKS.parts).on_hover_text(LOOKS.parts_tip);
    if shares.own.is_none() {
        widgets::muted(ui, LOOKS.parts_made);
    }
    let (chips, rest) = chips(shares);
    let most = chips.first().map_or(1.0, |chip| chip.share.abs()).max(f64::MIN_POSITIVE);
    let palette = theme::palette(ui.ctx());
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::splat(4.0);
        for chip in &chips {
            let share = written(chip.share);
            let width = mono_width(&chip.text, size::BODY).max(mono_width(&share, size::SMALL)) + 12.0;
            let width = width.min(ui.max_rect().width());
            let (rect, response) = ui.allocate_exact_size(Vec2::new(width, HEIGHT), Sense::hover());
            let painter = ui.painter();
            painter.rect_filled(rect, 4.0, theme::colour(palette.raised));
            // Blue against the vector, orange with it would be two colours for one thing: the length says how much.
            let long = (rect.width() - 8.0) * (chip.share.abs() / most) as f32;
            let bar = Rect::from_min_size(rect.left_bottom() + Vec2::new(4.0, -5.0), Vec2::new(long.max(1.0), 3.0));
            let ink = if chip.share < 0.0 { palette.signed(-1.0) } else { palette.accent };
            painter.rect_filled(bar, 1.0, theme::colour(ink));
            let font = if chip.is_own { FontId::proportional(size::BODY) } else { theme::mono() };
            let middle = rect.center_top();
            let text = theme::colour(palette.text);
            painter.text(middle + Vec2::new(0.0, 2.0), Align2::CENTER_TOP, &chip.text, font, text);
            let small = FontId::monospace(size::SMALL);
            let muted = theme::colour(palette.muted);
            painter.text(middle + Vec2::new(0.0, 16.0), Align2::CENTER_TOP, &share, small, muted);
            let spoken = format!("{} {share}", chip.text);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &spoken));
            response.on_hover_text(LOOKS.parts_tip);
        }
    });
    if let Some((count, sum)) = rest {
        widgets::muted(ui, fill(LOOKS.parts_rest, &[&count.to_string(), &written(sum)]));
    }
}
