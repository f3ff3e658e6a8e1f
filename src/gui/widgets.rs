//! Small pieces that several panels use.

use super::action::{Action, Actions};
use super::command::Command;
use super::theme::{self, CONTROL};
use crate::figure::{Colour, size};
use egui::{Align2, Button, Context, FontId, Id, Rect, Response, RichText, Sense, Slider, Ui, Vec2};

/// Gives a control the name that screen readers and tests know it by.
pub fn named(response: Response, name: &str) -> Response {
    response.ctx.accesskit_node_builder(response.id, |node| node.set_label(name));
    response
}

/// Where the slider that last had the focus is remembered.
fn slider_id() -> Id {
    Id::unique("slider")
}

/// A slider under its name; arrows move it while it has the focus.
pub fn slide(ui: &mut Ui, slider: Slider<'_>, name: &str) -> Response {
    let response = named(ui.add(slider), name);
    if response.has_focus() {
        ui.data_mut(|d| d.insert_temp(slider_id(), response.id));
    }
    response
}

/// Whether a slider has the focus.
pub fn is_slider_focused(ctx: &Context) -> bool {
    let slider: Option<Id> = ctx.data(|d| d.get_temp(slider_id()));
    slider.is_some() && ctx.memory(egui::Memory::focused) == slider
}

/// A button for a command.
pub fn command(ui: &mut Ui, actions: &Actions, command: Command) -> Response {
    command_as(ui, actions, command, command.label())
}

/// A button for a command under another label.
pub fn command_as(ui: &mut Ui, actions: &Actions, command: Command, label: &str) -> Response {
    let button = ui.add(Button::new(label).min_size(Vec2::new(CONTROL, CONTROL)));
    let button = named(button, command.label()).on_hover_text(command.tooltip(ui.ctx()));
    if button.clicked() {
        actions.ask(Action::Do(command));
    }
    button
}

/// A button as wide as its panel.
pub fn wide(ui: &mut Ui, enabled: bool, label: &str) -> Response {
    let size = Vec2::new(ui.available_width(), CONTROL);
    let button = Button::new(label).min_size(size);
    ui.vertical_centered_justified(|ui| ui.add_enabled(enabled, button)).inner
}

/// The entries of a menu; a click asks for their action and closes it.
pub fn menu(ui: &mut Ui, actions: &Actions, items: impl IntoIterator<Item = (&'static str, Action)>) {
    for (label, action) in items {
        if ui.button(label).clicked() {
            actions.ask(action);
            ui.close();
        }
    }
}

/// The width that a sheet may take: what it wants, or what the window has.
pub fn sheet_width(ui: &mut Ui, wanted: f32) {
    ui.set_width(wanted.min(ui.ctx().content_rect().width() - 72.0));
}

/// The height that a list in a sheet may take, with `other` points for the rest of the sheet.
pub fn list_height(ui: &Ui, wanted: f32, other: f32) -> f32 {
    wanted.min(ui.ctx().content_rect().height() - other).max(80.0)
}

/// Buttons of which one is chosen, in a row.
pub fn choice<T: PartialEq + Copy>(ui: &mut Ui, value: &mut T, choices: &[(T, &str)], tip: &str) {
    ui.horizontal_wrapped(|ui| {
        for &(choice, label) in choices {
            let button = Button::selectable(*value == choice, label).frame_when_inactive(true);
            if ui.add(button).on_hover_text(tip).clicked() {
                *value = choice;
            }
        }
    });
}

/// The label of a control of second rank.
pub fn quiet(ui: &Ui, text: impl Into<String>) -> RichText {
    RichText::new(text).color(theme::colour(theme::palette(ui.ctx()).muted))
}

/// Text of second rank.
pub fn muted(ui: &mut Ui, text: impl Into<String>) -> Response {
    let ink = theme::colour(theme::palette(ui.ctx()).muted);
    ui.label(RichText::new(text).color(ink))
}

/// A heading of a panel.
pub fn heading(ui: &mut Ui, text: &str) -> Response {
    ui.label(RichText::new(text).font(theme::heading()))
}

/// The first line of a panel, as high in all of them, with `right` at its right end.
pub fn title_row(ui: &mut Ui, text: &str, right: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        heading(ui, text);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), right);
    });
}

/// A labelled bar with its number: `share` from 0 to 1 of the full width.
pub fn bar(ui: &mut Ui, label: &str, share: f32, number: &str, strong: bool) -> Response {
    let colour = theme::palette(ui.ctx()).accent;
    bar_in(ui, label, share, number, strong, colour, NUMBER)
}

/// The room that a number beside a bar has.
pub const NUMBER: f32 = 44.0;

/// [`bar`] in a colour, with this much room for its number.
pub fn bar_in(
    ui: &mut Ui,
    label: &str,
    share: f32,
    number: &str,
    strong: bool,
    colour: Colour,
    number_width: f32,
) -> Response {
    let palette = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 20.0), Sense::hover());
    let label_width = 88.0;
    let track = Rect::from_min_max(
        rect.left_top() + Vec2::new(label_width + 8.0, 5.0),
        rect.right_bottom() - Vec2::new(number_width + 8.0, 5.0),
    );
    let painter = ui.painter();
    let font = FontId::new(size::BODY, egui::FontFamily::Monospace);
    let ink = theme::colour(if strong { palette.text } else { palette.muted });
    let text = crate::figure::fit(label, size::BODY, label_width);
    painter.text(rect.left_center(), Align2::LEFT_CENTER, text, font.clone(), ink);
    painter.rect_filled(track, 2.0, theme::colour(palette.raised));
    let filled = Rect::from_min_size(track.min, Vec2::new(track.width() * share.clamp(0.0, 1.0), track.height()));
    painter.rect_filled(filled, 2.0, theme::colour(colour));
    painter.text(rect.right_center(), Align2::RIGHT_CENTER, number, font, ink);
    let spoken = format!("{label} {number}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &spoken));
    response
}

/// A word over a bar, for narrow columns.
pub fn short_bar(ui: &mut Ui, label: &str, share: f32, number: &str) {
    let palette = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 22.0), Sense::hover());
    let painter = ui.painter();
    let font = FontId::new(size::SMALL, egui::FontFamily::Monospace);
    let (text, muted) = (theme::colour(palette.text), theme::colour(palette.muted));
    let label_text = crate::figure::fit(label, size::SMALL, rect.width() - 40.0);
    painter.text(rect.left_top(), Align2::LEFT_TOP, label_text, font.clone(), text);
    painter.text(rect.right_top(), Align2::RIGHT_TOP, number, font, muted);
    let track = Rect::from_min_max(rect.left_bottom() - Vec2::new(0.0, 4.0), rect.right_bottom());
    painter.rect_filled(track, 2.0, theme::colour(palette.raised));
    let filled = Rect::from_min_size(track.min, Vec2::new(track.width() * share.clamp(0.0, 1.0), track.height()));
    painter.rect_filled(filled, 2.0, theme::colour(palette.accent));
    let spoken = format!("{label} {number}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &spoken));
}
