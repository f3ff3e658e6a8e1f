//! Words, selections and views to come back to.

use super::camera::Camera;
use super::laid::Method;
use super::picked::Picked;
use super::{Ask, Chosen, flight};
use crate::figure::{fit, size};
use crate::gui::action::{Action, Actions};
use crate::gui::state::State;
use crate::gui::theme::CONTROL;
use crate::gui::widgets;
use crate::gui::words::space::looks::LOOKS;
use crate::gui::words::{count, fill};
use egui::{Button, Id, Key, Popup, PopupCloseBehavior, ScrollArea, TextEdit, Ui, Vec2};
use serde::{Deserialize, Serialize};

/// How many there may be.
const MOST: usize = 200;
/// The most characters of a name or a formula.
const LONGEST: usize = 4096;

/// What is kept of a moment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Bookmark {
    /// What it is called.
    pub name: String,
    /// The word or formula that was asked.
    pub formula: String,
    /// The row that was asked, where it is not the one that the formula names.
    pub row: Option<usize>,
    /// The rows that were selected.
    pub selection: Picked,
    /// How the space was laid out.
    pub method: Method,
    /// Whether in three dimensions.
    pub solid: bool,
    /// The principal components that were drawn.
    pub components: [usize; 3],
    /// Where the map was looked at from.
    pub camera: Camera,
}

/// The same with every number and text inside its range.
pub fn checked(mut bookmarks: Vec<Bookmark>) -> Vec<Bookmark> {
    bookmarks.truncate(MOST);
    for bookmark in &mut bookmarks {
        for text in [&mut bookmark.name, &mut bookmark.formula] {
            if let Some((end, _)) = text.char_indices().nth(LONGEST) {
                text.truncate(end);
            }
        }
        bookmark.components = bookmark.components.map(|c| c.min(9_999));
        bookmark.camera = bookmark.camera.checked();
    }
    bookmarks
}

/// Keeps this moment under a name.
pub fn add(state: &mut State, name: String) {
    let chosen = &state.scene.space;
    let bookmark = Bookmark {
        name,
        formula: chosen.formula.clone(),
        row: chosen.row,
        selection: Picked::from(state.space.selection.clone()),
        method: chosen.method,
        solid: chosen.solid,
        components: chosen.components,
        camera: chosen.camera,
    };
    state.scene.space.bookmarks.push(bookmark);
    state.scene.space.bookmarks = checked(std::mem::take(&mut state.scene.space.bookmarks));
}

/// Brings a moment back. The camera flies where the map is the same one.
pub fn go(state: &mut State, place: usize) {
    let Some(bookmark) = state.scene.space.bookmarks.get(place).cloned() else { return };
    let chosen = &mut state.scene.space;
    let is_there = (chosen.method, chosen.solid) == (bookmark.method, bookmark.solid)
        && (chosen.method != Method::Pca || chosen.components == bookmark.components);
    chosen.formula = bookmark.formula;
    chosen.row = bookmark.row;
    (chosen.method, chosen.solid) = (bookmark.method, bookmark.solid);
    chosen.components = bookmark.components;
    let rows = state.space.space.as_ref().map_or(0, |space| space.vectors.rows.len());
    state.space.selection = bookmark.selection.below(rows).rows().clone();
    if is_there {
        flight::start(state, bookmark.camera);
    } else {
        state.space.flight = None;
        state.scene.space.camera = bookmark.camera;
    }
}

/// The name that this moment is offered.
fn offered(state: &State) -> String {
    let (chosen, selected) = (&state.scene.space, state.space.selection.len());
    match (chosen.formula.trim(), selected) {
        ("", 0) => fill(LOOKS.bookmark_view, &[&(chosen.bookmarks.len() + 1).to_string()]),
        ("", n) => fill(LOOKS.bookmark_selection, &[&count(n as u64)]),
        (formula, _) => formula.to_owned(),
    }
}

/// The button of the bookmarks, with their list under it.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions) {
    let button = Button::new(LOOKS.bookmarks).min_size(Vec2::new(0.0, CONTROL));
    let button = ui.add(button).on_hover_text(LOOKS.bookmarks_tip);
    Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        egui::Frame::new().inner_margin(8.0).show(ui, |ui| {
            ui.set_width(272.0);
            ui.vertical(|ui| list(ui, state, actions));
        });
    });
}

fn list(ui: &mut Ui, state: &State, actions: &Actions) {
    let id = Id::unique("bookmark name");
    let typed = ui.data(|d| d.get_temp::<String>(id)).unwrap_or_default();
    let mut name = typed.clone();
    let offered = offered(state);
    ui.horizontal(|ui| {
        let field = TextEdit::singleline(&mut name)
            .id(id.with("field"))
            .hint_text(offered.as_str())
            .char_limit(200)
            .desired_width(ui.available_width() - 64.0)
            .min_size(Vec2::new(0.0, CONTROL));
        let field = widgets::named(ui.add(field), LOOKS.bookmark_name);
        let entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        let add = Button::new(LOOKS.bookmark_add).min_size(Vec2::new(48.0, CONTROL));
        if ui.add(add).on_hover_text(LOOKS.bookmark_add_tip).clicked() || entered {
            let chosen = if name.trim().is_empty() { offered.clone() } else { name.trim().to_owned() };
            actions.ask(Action::Space(Ask::Bookmark(chosen)));
            name.clear();
        }
    });
    if name != typed {
        ui.data_mut(|d| d.insert_temp(id, name));
    }
    let bookmarks = &state.scene.space.bookmarks;
    if bookmarks.is_empty() {
        widgets::muted(ui, LOOKS.bookmark_none);
        return;
    }
    let height = widgets::list_height(ui, 320.0, 220.0);
    ScrollArea::vertical().max_height(height).show(ui, |ui| {
        for (i, bookmark) in bookmarks.iter().enumerate() {
            ui.horizontal(|ui| {
                let label = fit(&bookmark.name, size::BODY, 200.0);
                let go = Button::new(label).min_size(Vec2::new(ui.available_width() - 36.0, CONTROL)).truncate();
                if widgets::named(ui.add(go), &bookmark.name).on_hover_text(LOOKS.bookmark_go).clicked() {
                    actions.ask(Action::Space(Ask::GoTo(i)));
                    ui.close();
                }
                let remove = ui.add(Button::new("\u{d7}").min_size(Vec2::splat(CONTROL)));
                let name = fill(LOOKS.bookmark_remove, &[&bookmark.name]);
                if widgets::named(remove, &name).on_hover_text(&name).clicked() {
                    let mut chosen: Chosen = state.scene.space.clone();
                    chosen.bookmarks.remove(i);
                    actions.ask(Action::Space(Ask::Choose(Box::new(chosen))));
                }
            });
        }
    });
}
