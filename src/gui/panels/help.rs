//! Keys, and how to read the pictures.

use crate::gui::command::Command;
use crate::gui::words::EN;
use crate::gui::{theme, widgets};
use egui::{Grid, RichText, ScrollArea, Ui};

/// Draws the sheet.
pub fn show(ui: &mut Ui) {
    widgets::sheet_width(ui, 560.0);
    widgets::heading(ui, EN.help_title);
    ui.label(EN.explanation);
    ui.label(RichText::new(EN.caveat).font(theme::heading()));
    ui.label(EN.caveat_text);
    ui.separator();
    let height = widgets::list_height(ui, 460.0, 320.0);
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink(false).show(ui, |ui| {
        Grid::new("keys").num_columns(2).spacing([24.0, 4.0]).show(ui, |ui| {
            for command in Command::ALL {
                ui.label(RichText::new(ui.ctx().format_shortcut(&command.shortcut())).font(theme::mono()));
                ui.label(command.tip());
                ui.end_row();
            }
        });
    });
}
