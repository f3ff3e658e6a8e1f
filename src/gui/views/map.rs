//! All heads by their likeness: a map, and the heads most like the selected one.

use super::rows;
use crate::analysis::map::{HeadMap, How};
use crate::array::Array;
use crate::engine::{Engine, Slot};
use crate::export::{Table, ViewExport};
use crate::figure::map::{Layout, figure};
use crate::figure::{Figure, Palette, head_name, percent, short, weight};
use crate::gui::action::{Action, Actions, Head};
use crate::gui::caption;
use crate::gui::export::Recipe;
use crate::gui::made;
use crate::gui::memo::Memo;
use crate::gui::paint::{self, Canvas};
use crate::gui::state::State;
use crate::gui::words::compare::COMPARE;
use crate::gui::words::files::FILES;
use crate::gui::words::fill;
use crate::gui::{theme, update, widgets};
use egui::{RichText, ScrollArea, Sense, Ui, Vec2};
use std::sync::Arc;

/// Heads that are named as most like the selected one.
const NEAR: usize = 8;

/// A request of this view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Measure and lay out the heads of the shown run.
    Measure,
    /// Leave special tokens out, or compare them too.
    Hide(bool),
}

/// The heads of the run with this [`crate::engine::Run::id`].
#[derive(Debug, Clone)]
pub struct Made {
    run: u64,
    map: Arc<HeadMap>,
}

impl Made {
    /// What this is a map of.
    fn of(&self) -> (u64, bool) {
        (self.run, self.map.how.hide)
    }
}

/// What the view keeps.
#[derive(Debug, Default)]
pub struct Kept {
    made: Option<Made>,
    /// Whether special tokens are left out.
    hide: bool,
    /// The run that was asked for last, and whether without special tokens.
    asked: Option<(u64, bool)>,
}

/// What is drawn: run and whether without special tokens, selected head, theme, room.
type Key = ((u64, bool), Head, bool, [u32; 2]);
/// See [`Canvas::map`].
pub type Drawn = Memo<Key, (Figure, Layout)>;

/// Does what the view asks for.
pub fn apply(state: &mut State, engine: &Engine<made::Made>, asked: Ask) {
    match asked {
        Ask::Measure => {
            let Some(run) = state.run().cloned() else { return };
            let how = How { hide: state.views.map.hide, ..How::default() };
            state.views.map.asked = Some((run.id, how.hide));
            update::submit(state, engine, Slot::Map, "comparing heads", move |control| {
                let map = Arc::new(HeadMap::of(&run, how, control)?);
                Ok(made::Made::Map(Made { run: run.id, map }))
            });
        }
        Ask::Hide(hide) => state.views.map.hide = hide,
    }
}

/// Takes in a map.
pub fn arrive(state: &mut State, made: Made) {
    state.views.map.made = Some(made);
}

/// Draws the view.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    let Some(run) = state.run() else { return };
    let kept = &state.views.map;
    let wanted = (run.id, kept.hide);
    if kept.asked != Some(wanted) && !state.is_stale() {
        actions.ask(Action::Map(Ask::Measure));
    }
    widgets::heading(ui, &fill(COMPARE.map_title, &[&head_name(state.scene.head.0, state.scene.head.1)]));
    let mut hide = kept.hide;
    if ui.checkbox(&mut hide, COMPARE.hide).on_hover_text(COMPARE.hide_tip).changed() {
        actions.ask(Action::Map(Ask::Hide(hide)));
    }
    let Some(made) = &kept.made else {
        waiting(ui, state, actions);
        return;
    };
    let is_old = made.of() != wanted;
    if is_old && !state.latest.contains_key(&Slot::Map) && kept.asked == Some(wanted) {
        waiting(ui, state, actions);
    }
    if is_old || state.is_stale() {
        ui.multiply_opacity(0.6);
    }
    let map = &made.map;
    widgets::muted(ui, note(map));
    let (layer, head) = state.scene.head;
    let near = map.nearest(layer, head, NEAR);
    ScrollArea::vertical().id_salt("map").auto_shrink(false).show(ui, |ui| {
        let palette = theme::palette(ui.ctx());
        let width = ui.available_width() - 8.0;
        let list = if near.is_empty() { 0.0 } else { 28.0 + 24.0 * near.len() as f32 };
        // The list stays in sight below the map.
        let room = [width, (ui.clip_rect().height() - list - 16.0).clamp(260.0, width.max(260.0))];
        let key = (made.of(), (layer, head), palette.dark, room.map(f32::to_bits));
        let drawn = canvas.map.get(key, || draw(map, (layer, head), palette, room));
        let (figure, layout) = &*drawn;
        let (rect, response) = ui.allocate_exact_size(Vec2::new(figure.width, figure.height), Sense::click());
        paint::figure(&ui.painter_at(ui.clip_rect()), canvas, figure, rect.min);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, COMPARE.map));
        let over = response.hover_pos().and_then(|p| layout.at(p.x - rect.min.x, p.y - rect.min.y));
        if let Some(i) = over {
            let (l, h) = map.place(i);
            let from = layer * map.heads + head;
            let distance = map.distances.get(from * map.len() + i).copied().unwrap_or(f64::NAN);
            response.clone().on_hover_ui_at_pointer(|ui| {
                ui.label(RichText::new(head_name(l, h)).font(theme::mono()).strong());
                ui.label(fill(COMPARE.distance_to, &[&head_name(layer, head), &weight(distance as f32)]));
            });
            if response.clicked() {
                actions.ask(Action::Select((l, h)));
            }
        }
        if near.is_empty() {
            return;
        }
        ui.add_space(4.0);
        widgets::muted(ui, fill(COMPARE.near, &[&head_name(layer, head)]));
        let most = near.iter().fold(0.0, |most: f64, n| most.max(n.2)).max(f64::MIN_POSITIVE);
        ui.spacing_mut().item_spacing.y = 2.0;
        for &(l, h, distance) in &near {
            let name = head_name(l, h);
            let number = weight(distance as f32);
            let spoken = fill(COMPARE.near_row, &[&name, &number]);
            let row = rows::row(ui, &name, (distance / most) as f32, &number, false, &spoken);
            if row.on_hover_text(COMPARE.near_tip).clicked() {
                actions.ask(Action::Select((l, h)));
            }
        }
    });
}

fn waiting(ui: &mut Ui, state: &State, actions: &Actions) {
    if state.views.map.asked.is_none() || state.latest.contains_key(&Slot::Map) || state.is_stale() {
        widgets::muted(ui, COMPARE.map_wait);
    } else if ui.button(COMPARE.map_again).on_hover_text(COMPARE.map_again_tip).clicked() {
        // It failed or was stopped; what went wrong stands above.
        actions.ask(Action::Map(Ask::Measure));
    }
}

/// What the map shows, and of what.
fn note(map: &HeadMap) -> String {
    let shown = fill(COMPARE.map_note, &[&percent(map.explained as f32), &short(map.stress as f32)]);
    if map.how.hide { format!("{shown}; {}", COMPARE.hidden) } else { shown }
}

fn draw(map: &HeadMap, head: Head, palette: &Palette, room: [f32; 2]) -> (Figure, Layout) {
    let layout = Layout::new(map, room);
    let near = map.nearest(head.0, head.1, NEAR);
    (figure(map, head, &near, COMPARE.map_key, palette, &layout), layout)
}

/// The map with its numbers, for a file or the clipboard.
pub fn export(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let (run, head) = (state.run()?, state.scene.head);
    let map = state.views.map.made.as_ref().filter(|made| made.of() == (run.id, state.views.map.hide))?.map.clone();
    let name = head_name(head.0, head.1);
    let caption = caption::of_attention(state);
    let caption = caption.and(FILES.caption_head, name.as_str()).and(COMPARE.map_caption, note(&map));
    Some(Box::new(move || {
        let near = map.nearest(head.0, head.1, NEAR);
        let drawn = draw(&map, head, palette, [720.0, 640.0]).0;
        let below = fill(COMPARE.near, &[&name]);
        let list = (below, rows::figure(&near, |(layer, head)| head_name(layer, head), weight, palette));
        let parts = if near.is_empty() { vec![(String::new(), drawn)] } else { vec![(String::new(), drawn), list] };
        let figure = Figure::stacked(COMPARE.map, parts, palette);
        let places = || (0..map.len()).map(|i| map.place(i));
        let table = Table::default()
            .whole("layer", places().map(|p| p.0))
            .whole("head", places().map(|p| p.1))
            .number("x", map.points.iter().map(|p| p[0]))
            .number("y", map.points.iter().map(|p| p[1]));
        let distances: Vec<f32> = map.distances.iter().map(|d| *d as f32).collect();
        let distances = Array::new(&["from", "to"], &[map.len(), map.len()], distances)?;
        Ok(ViewExport::new(caption, figure, table).with("distances", distances))
    }))
}
