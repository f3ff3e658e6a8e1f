//! The same tokens in every layer of a model, along the components of all layers together: points move from layer to
//! layer, and a token has a path.

use super::camera::{Place, Sight};
use super::cloud::Points;
use super::colours::Painted;
use super::context;
use super::laid::between;
use super::plot::{self, Plot};
use super::{Space, legend};
use crate::analysis::space::pca::Pca;
use crate::engine::contextual::embed_all;
use crate::engine::{Engine, Opened, Slot};
use crate::error::{Error, Result};
use crate::figure::size;
use crate::gui::action::{Action, Actions};
use crate::gui::made;
use crate::gui::memo::Memo;
use crate::gui::paint::Canvas;
use crate::gui::state::State;
use crate::gui::update::submit;
use crate::gui::words::fill;
use crate::gui::words::space::layers::LAYERS;
use crate::gui::{theme, widgets};
use crate::rows::Rows;
use crate::trace::Control;
use egui::{Align2, Button, Color32, FontFamily, FontId, Pos2, Rect, Shape, Slider, Stroke, Ui, UiBuilder, Vec2};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Points of which each has its path drawn; among more only those that somebody looks at have one.
const FEW: usize = 60;
/// Paths that are drawn among many points.
const PATHS: usize = 24;

/// What a person chose about layers.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// Whether the map is that of all layers.
    pub on: bool,
    /// The layer that is shown: 0 is the embeddings, 1 layer 0, and so on; between two whole numbers points are on their
    /// way. The last one where nothing was chosen.
    pub at: Option<f32>,
}

impl Chosen {
    /// The same with every number inside its range.
    pub fn checked(self) -> Self {
        Self { at: self.at.filter(|at| at.is_finite()).map(|at| at.clamp(0.0, 10_000.0)), ..self }
    }
}

/// Points in every layer.
#[derive(Debug)]
pub struct Paths {
    id: u64,
    key: Key,
    /// The vectors that they are of, layer by layer.
    all: Arc<Rows>,
    /// Where the points are, layer by layer, the embeddings first; all between -1 and 1.
    pub places: Vec<Vec<Place>>,
    /// The same, `[layer and point, component]`, along the first two components of all layers.
    pub coordinates: Rows,
    /// The shares of the variance of all layers along both components.
    ratios: [f64; 2],
}

/// Of which space, and which of its rows; all of them where these are not said.
type Key = (u64, Option<Arc<Vec<usize>>>);

impl Paths {
    /// The paths of the rows of a space. What paths of the same space know is taken from them.
    fn of(
        space: &Space,
        key: Key,
        model: &Opened,
        known: Option<&Self>,
        budget: u64,
        control: &Control,
    ) -> Result<Self> {
        let of = space.of.as_ref();
        let of = of.ok_or_else(|| Error::input("only vectors of a model in context have layers"))?;
        let all = match known.filter(|known| known.key.0 == key.0) {
            Some(known) => known.all.clone(),
            None => Arc::new(embed_all(model, &of.passages, of.context.how(budget), control)?.vectors.rows),
        };
        let count = model.card().layers + 1;
        let rows = all.len() / count;
        let picked = key.1.as_ref().map(|only| {
            let places: Vec<usize> = (0..count).flat_map(|k| only.iter().map(move |row| k * rows + row)).collect();
            all.picked(&places)
        });
        let shown = picked.as_ref().unwrap_or(&all);
        let pca = Pca::of(shown, control)?;
        let coordinates = pca.scores(shown, &[0, 1], control)?;
        let places = between(&coordinates);
        let ratios = pca.ratios();
        let share = |k: usize| ratios.get(k).copied().unwrap_or(0.0);
        let points = places.len() / count;
        Ok(Self {
            id: crate::figure::fresh_key(),
            key,
            places: places.chunks_exact(points.max(1)).map(<[Place]>::to_vec).collect(),
            ratios: [share(0), share(1)],
            coordinates,
            all,
        })
    }

    /// The row of the space that a point stands for.
    pub fn row(&self, point: usize) -> usize {
        self.key.1.as_ref().map_or(point, |only| only[point])
    }

    /// The point of a row.
    pub fn point(&self, row: usize) -> Option<usize> {
        match &self.key.1 {
            None => (row < self.places.first().map_or(0, Vec::len)).then_some(row),
            Some(only) => only.binary_search(&row).ok(),
        }
    }

    /// Where every row is at a layer or between two.
    pub fn at(&self, layer: f32) -> Vec<Place> {
        let last = self.places.len().saturating_sub(1);
        let layer = layer.clamp(0.0, last as f32);
        let (below, share) = (layer.floor() as usize, layer.fract());
        let above = (below + 1).min(last);
        let mix = |(a, b): (&Place, &Place)| std::array::from_fn(|k| a[k] + (b[k] - a[k]) * share);
        self.places[below].iter().zip(&self.places[above]).map(mix).collect()
    }
}

/// What is kept of layers.
#[derive(Debug, Default)]
pub struct Kept {
    /// Points in every layer.
    pub paths: Option<Arc<Paths>>,
    asked: Option<Key>,
}

/// A request about layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ask {
    /// Choose otherwise.
    Choose(Chosen),
    /// Compute them once more.
    Again,
}

/// Does what was asked for.
pub fn apply(state: &mut State, ask: Ask) {
    match ask {
        Ask::Choose(chosen) => state.scene.space.layers = chosen.checked(),
        Ask::Again => state.space.layers.asked = None,
    }
}

/// Computes the layers where the map of them is open and they are not known.
pub fn follow(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let Some(of) = space.of.as_ref().filter(|_| state.scene.space.layers.on) else { return };
    let Some(model) = state.model.clone().filter(|model| model.id == of.model) else { return };
    let rows = space.vectors.rows.len();
    let only = state.scene.space.only.as_ref().map(|only| only.below(rows).rows().clone());
    let key = (space.id, only.filter(|only| !only.is_empty()));
    if state.space.layers.asked.as_ref() == Some(&key) {
        return;
    }
    state.space.layers.asked = Some(key.clone());
    let (space, budget, known) = (space.clone(), state.settings.budget(), state.space.layers.paths.clone());
    submit(state, engine, Slot::Layers, "computing layers", move |control| {
        let paths = Paths::of(&space, key, &model, known.as_deref(), budget, control)?;
        Ok(made::Made::Space(super::Made::Layers(Arc::new(paths))))
    });
}

/// Whether the map of layers takes the place of the map.
pub fn is_shown(state: &State, space: &Space) -> bool {
    state.scene.space.layers.on && space.of.is_some()
}

/// The button that turns the map of layers on and off, where there are layers.
pub fn button(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    if space.of.is_none() {
        return;
    }
    let chosen = state.scene.space.layers;
    let button = Button::selectable(chosen.on, LAYERS.button).frame_when_inactive(true);
    let button = ui.add(button.min_size(Vec2::new(0.0, theme::CONTROL)));
    if button.on_hover_text(LAYERS.button_tip).clicked() {
        choose(actions, Chosen { on: !chosen.on, ..chosen });
    }
}

fn choose(actions: &Actions, chosen: Chosen) {
    actions.ask(Action::Space(super::Ask::Layers(Ask::Choose(chosen))));
}

/// What is shown of layers.
type Shown<'a> = (&'a Arc<Paths>, f32, Option<&'a Arc<Painted>>);

/// The paths that are shown, the layer that they are seen at, and their colours where these are known.
pub fn shown<'a>(state: &'a State, space: &Space) -> Option<Shown<'a>> {
    let kept = &state.space;
    let paths = kept.layers.paths.as_ref().filter(|paths| paths.key.0 == space.id)?;
    let last = paths.places.len().saturating_sub(1) as f32;
    let layer = state.scene.space.layers.at.unwrap_or(last).min(last);
    let laid = kept.laid.as_ref().filter(|laid| laid.question.space == space.id && laid.question.only == paths.key.1);
    let painted = kept.painted.as_ref().filter(|p| laid.is_some_and(|laid| laid.id == p.map()));
    let count = paths.places.first().map_or(0, Vec::len);
    Some((paths, layer, painted.filter(|painted| painted.colours.len() == count)))
}

/// What the map was drawn from: the paths, the layer, the colours, the theme.
pub type Drawn = Memo<(u64, u32, u64, bool), (Vec<Place>, Points)>;

/// The map of layers in all the room there is.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas, space: &Space) {
    let palette = theme::palette(ui.ctx());
    let rect = ui.available_rect_before_wrap();
    let kept = &state.space;
    let Some((paths, layer, painted)) = shown(state, space) else {
        waiting(ui, state, actions, space, rect);
        return;
    };
    let last = paths.places.len().saturating_sub(1);
    let count = paths.places.first().map_or(0, Vec::len);
    let key = (paths.id, layer.to_bits(), painted.map_or(0, |painted| painted.points.key), palette.dark);
    let colour = |i: usize| painted.map_or(palette.accent, |painted| painted.colours[i]);
    let drawn = canvas.layers.get(key, || {
        let places = paths.at(layer);
        let points = plot::points(&places, colour);
        (places, points)
    });
    let answer = kept.answer.as_ref().filter(|answer| answer.fault.is_none());
    let asked = answer.and_then(|answer| answer.row).and_then(|row| paths.point(row));
    let over = kept.over.and_then(|row| paths.point(row));
    let selected: Vec<usize> = kept.selection.iter().take(2000).filter_map(|&row| paths.point(row)).collect();
    let title = title(space, layer);
    let name = |point: usize| name(paths, space, point);
    let map = Plot {
        place: 22,
        label: LAYERS.map,
        title: &title,
        places: &drawn.0,
        points: drawn.1.clone(),
        tree: None,
        name: &name,
        asked,
        // A path says more than who is near at one layer.
        joined: &[],
        over,
        selected: &selected,
    };
    let strong: Vec<usize> = over.into_iter().chain(asked).collect();
    let faint: Vec<usize> =
        if count <= FEW { (0..count).collect() } else { selected.iter().copied().take(PATHS).collect() };
    let done = map.show(ui, rect, state.scene.space.camera, |ui, sight| {
        for point in faint.into_iter().filter(|point| !strong.contains(point)) {
            path(ui, sight, paths, point, theme::colour(colour(point)).gamma_multiply(0.35), false);
        }
        for &point in &strong {
            path(ui, sight, paths, point, theme::colour(palette.accent), true);
        }
    });
    notes(ui, rect, paths);
    if let (Some(painted), Some(laid)) = (painted, &kept.laid) {
        legend::show(ui, rect.shrink(10.0), actions, laid, painted, state.scene.space.by.label());
    }
    scrubber(ui, state, actions, rect, layer, last);
    if let Some(point) = done.over {
        actions.over_row(paths.row(point));
    }
    if let Some(point) = done.clicked {
        actions.ask(Action::Space(super::Ask::Row(paths.row(point))));
    }
    if let Some(point) = done.twice {
        context::attend(state, actions, space, paths.row(point));
    }
    if let Some(points) = done.boxed {
        let rows = points.into_iter().map(|point| paths.row(point)).collect();
        actions.ask(Action::Space(super::Ask::Select(Arc::new(rows))));
    }
    if let Some(camera) = done.camera {
        actions.ask(Action::Space(super::Ask::Look(camera)));
    }
}

/// What is written over the map.
pub fn title(space: &Space, layer: f32) -> String {
    fill(LAYERS.title, &[&space.name, &said(layer)])
}

/// What a point is called: among few, which may all be one word, with the words beside it.
pub fn name(paths: &Paths, space: &Space, point: usize) -> String {
    let row = paths.row(point);
    let is_few = paths.places.first().is_some_and(|places| places.len() <= FEW);
    let of = space.of.as_ref().filter(|_| is_few);
    of.map_or_else(|| space.vectors.words.get(row).into_owned(), |of| of.in_place(space, row))
}

/// How the map came about.
pub fn fit(paths: &Paths) -> String {
    let share = paths.ratios.map(|share| format!("{:.1}", share * 100.0));
    fill(LAYERS.fit, &[&paths.places.len().to_string(), &share[0], &share[1]])
}

/// A layer as the scrubber says it, 0 being the embeddings.
fn said(layer: f32) -> String {
    let name = |number: usize| context::layer_name(number.checked_sub(1));
    let (below, share) = (layer.floor() as usize, layer.fract());
    if share == 0.0 { name(below) } else { format!("{} \u{2192} {}", name(below), name(below + 1)) }
}

/// The path of a point through the layers; a strong one has their numbers.
fn path(ui: &Ui, sight: &Sight, paths: &Paths, point: usize, ink: Color32, strong: bool) {
    let painter = ui.painter().with_clip_rect(sight.rect);
    let corners: Vec<Pos2> = paths
        .places
        .iter()
        .filter_map(|layer| sight.at(*layer.get(point)?))
        .filter(|at| at.x.is_finite() && at.y.is_finite())
        .collect();
    let width = if strong { 2.0 } else { 1.0 };
    painter.add(Shape::line(corners.clone(), Stroke::new(width, ink)));
    if !strong {
        return;
    }
    let small = FontId::new(size::SMALL, FontFamily::Monospace);
    let ground = theme::colour(theme::palette(ui.ctx()).background);
    for (number, at) in corners.iter().enumerate() {
        painter.circle_filled(*at, 2.5, ink);
        // The first corner is that of the embeddings, which have no number.
        let text = number.checked_sub(1).map_or_else(|| "E".to_owned(), |layer| layer.to_string());
        let at = *at + Vec2::new(0.0, -4.0);
        for by in [Vec2::new(-1.0, 0.0), Vec2::new(1.0, 0.0), Vec2::new(0.0, -1.0), Vec2::new(0.0, 1.0)] {
            painter.text(at + by, Align2::CENTER_BOTTOM, &text, small.clone(), ground.gamma_multiply(0.8));
        }
        painter.text(at, Align2::CENTER_BOTTOM, text, small.clone(), ink);
    }
}

/// How the map came about, under its title, and at its foot what can be done.
fn notes(ui: &Ui, rect: Rect, paths: &Paths) {
    let small = FontId::new(size::SMALL, FontFamily::Proportional);
    let muted = theme::colour(theme::palette(ui.ctx()).muted);
    let inside = rect.shrink(10.0);
    let galley = ui.painter().layout(fit(paths), small.clone(), muted, inside.width());
    ui.painter().galley(inside.left_top() + Vec2::new(0.0, 80.0), galley, muted);
    ui.painter().text(inside.right_bottom(), Align2::RIGHT_BOTTOM, LAYERS.drag, small, muted);
}

/// The slider of layers, over the foot of the map.
fn scrubber(ui: &mut Ui, state: &State, actions: &Actions, rect: Rect, layer: f32, last: usize) {
    let width = (rect.width() - 40.0).min(420.0);
    let place =
        Rect::from_center_size(Pos2::new(rect.center().x, rect.bottom() - 64.0), Vec2::new(width, theme::CONTROL));
    ui.scope_builder(UiBuilder::new().max_rect(place).id_salt(LAYERS.scrubber), |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().slider_width = (width - 130.0).max(80.0);
            let mut at = layer;
            let slider = Slider::new(&mut at, 0.0..=last as f32).show_value(false);
            let slider = widgets::slide(ui, slider, LAYERS.scrubber).on_hover_text(LAYERS.scrubber_tip);
            ui.label(said(layer));
            if slider.changed() {
                choose(actions, Chosen { at: Some(at), ..state.scene.space.layers });
            } else if slider.drag_stopped() && at.fract() != 0.0 {
                // Let go of, it rests on a layer.
                choose(actions, Chosen { at: Some(at.round()), ..state.scene.space.layers });
            }
        });
    });
}

fn waiting(ui: &mut Ui, state: &State, actions: &Actions, space: &Space, rect: Rect) {
    let is_open = space.of.as_ref().is_some_and(|of| state.model.as_ref().is_some_and(|model| model.id == of.model));
    ui.scope_builder(UiBuilder::new().max_rect(rect.shrink(40.0)), |ui| {
        ui.centered_and_justified(|ui| {
            if !is_open {
                let name = space.of.as_ref().map_or("", |of| of.name.as_str());
                widgets::muted(ui, fill(LAYERS.other_model, &[name]));
            } else if state.latest.contains_key(&Slot::Layers) {
                widgets::muted(ui, LAYERS.waiting);
            } else {
                ui.vertical_centered(|ui| {
                    ui.add_space(rect.height() * 0.4);
                    if ui.button(LAYERS.again).on_hover_text(LAYERS.again_tip).clicked() {
                        actions.ask(Action::Space(super::Ask::Layers(Ask::Again)));
                    }
                });
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_layers_points_are_on_their_way() {
        let places = vec![vec![[0.0, 0.0, 0.0]], vec![[1.0, 2.0, 0.0]], vec![[3.0, 2.0, 0.0]]];
        let paths = Paths {
            id: 1,
            key: (1, None),
            all: Arc::default(),
            coordinates: Rows::default(),
            places,
            ratios: [0.0; 2],
        };
        for (layer, wanted) in
            [(0.0, [0.0, 0.0]), (0.5, [0.5, 1.0]), (1.25, [1.5, 2.0]), (2.0, [3.0, 2.0]), (9.0, [3.0, 2.0])]
        {
            assert_eq!(paths.at(layer)[0][..2], wanted, "{layer}");
        }
        assert_eq!((said(0.0), said(2.0), said(1.5)), ("embeddings".into(), "L1".into(), "L0 \u{2192} L1".into()));
    }
}
