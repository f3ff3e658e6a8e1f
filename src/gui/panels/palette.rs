//! The command palette: every command by name.

use crate::gui::action::{Action, Actions};
use crate::gui::command::Command;
use crate::gui::widgets;
use crate::gui::words::EN;
use egui::{Button, Id, Key, Modifiers, ScrollArea, TextEdit, Ui, Vec2};
use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;

#[derive(Debug, Clone, Default)]
struct Local {
    typed: String,
    chosen: usize,
}

/// Draws the palette.
pub fn show(ui: &mut Ui, actions: &Actions, is_new: bool) {
    let id = Id::unique("palette");
    let mut local: Local = if is_new { Local::default() } else { ui.data(|d| d.get_temp(id)).unwrap_or_default() };
    widgets::sheet_width(ui, 460.0);
    // The arrows choose a command; the text field must not see them.
    let moved = ui.input_mut(|i| {
        isize::from(i.consume_key(Modifiers::NONE, Key::ArrowDown))
            - isize::from(i.consume_key(Modifiers::NONE, Key::ArrowUp))
    });
    let entered = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Enter));
    let field = TextEdit::singleline(&mut local.typed)
        .hint_text(EN.palette_hint)
        .desired_width(f32::INFINITY)
        .align(egui::Align2::LEFT_CENTER)
        .min_size(Vec2::new(0.0, 28.0));
    let field = widgets::named(ui.add(field), EN.palette);
    field.request_focus();
    if field.changed() {
        local.chosen = 0;
    }
    let found = matches(&local.typed);
    local.chosen = local.chosen.saturating_add_signed(moved).min(found.len().saturating_sub(1));
    if found.is_empty() {
        widgets::muted(ui, EN.palette_none);
    }
    let mut chosen = found.get(local.chosen).copied().filter(|_| entered);
    let height = widgets::list_height(ui, 392.0, 180.0);
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (i, &command) in found.iter().enumerate() {
            let keys = ui.ctx().format_shortcut(&command.shortcut());
            let button = Button::selectable(i == local.chosen, command.label())
                .shortcut_text(keys)
                .min_size(Vec2::new(ui.available_width(), 28.0));
            let row = widgets::named(ui.add(button), command.label()).on_hover_text(command.tip());
            if i == local.chosen && moved != 0 {
                row.scroll_to_me(None);
            }
            if row.clicked() {
                chosen = Some(command);
            }
        }
    });
    ui.data_mut(|d| d.insert_temp(id, local));
    if let Some(command) = chosen {
        actions.ask(Action::Sheet(None));
        actions.ask(Action::Do(command));
    }
}

/// Commands that match what was typed, best first; all of them where nothing was.
fn matches(typed: &str) -> Vec<Command> {
    let matcher = SkimMatcherV2::default();
    let listed = Command::ALL.iter().copied().filter(|c| *c != Command::Palette);
    let mut found: Vec<(i64, Command)> =
        listed.filter_map(|c| Some((matcher.fuzzy_match(c.label(), typed.trim())?, c))).collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, c)| c).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_letters_find_a_command() {
        assert_eq!(matches("heat").first(), Some(&Command::Heatmap));
        assert_eq!(matches("shptr").first(), Some(&Command::ShapeTrace));
        assert_eq!(matches("").len(), Command::ALL.len() - 1);
        assert!(matches("zzzz").is_empty());
    }
}
