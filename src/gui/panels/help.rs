//! Keys, and how to read the pictures.

use crate::gui::command::{Command, GESTURES};
use crate::gui::words::EN;
use crate::gui::words::views::VIEWS;
use crate::gui::{theme, widgets};
use egui::{Grid, KeyboardShortcut, RichText, ScrollArea, Ui};

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
            let keys = |keys: &[KeyboardShortcut]| {
                let written: Vec<String> = keys.iter().map(|keys| ui.ctx().format_shortcut(keys)).collect();
                written.join(" ")
            };
            let called = |command: &Command| {
                let all: Vec<_> = std::iter::once(command.shortcut()).chain(command.also()).collect();
                (keys(&all), command.tip())
            };
            let (zoom, pan) = GESTURES.split_at(2);
            let gestures = [
                (keys(zoom), VIEWS.zoom_keys),
                (keys(pan), VIEWS.pan_keys),
                (VIEWS.shift_click_name.to_owned(), VIEWS.shift_click),
                (VIEWS.double_click_name.to_owned(), VIEWS.double_click),
            ];
            let rows: Vec<_> = Command::ALL.iter().map(called).chain(gestures).collect();
            for (keys, tip) in rows {
                ui.label(RichText::new(keys).font(theme::mono()));
                ui.label(tip);
                ui.end_row();
            }
        });
    });
}
