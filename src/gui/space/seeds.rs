//! The same words laid out five times, each begun elsewhere: what all maps show is in the words.

use super::camera::{Camera, Place};
use super::cloud::{Cloud, Points};
use super::laid::{Laid, Live, Question};
use super::{Ask, Made, Space};
use crate::analysis::space::agree::{Agreement, agreement, turned};
use crate::analysis::space::trust::Check;
use crate::engine::{Engine, Slot};
use crate::error::Result;
use crate::figure::{percent, size};
use crate::gui::action::{Action, Actions};
use crate::gui::made;
use crate::gui::paint::Canvas;
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::update::{halt, submit};
use crate::gui::widgets;
use crate::gui::words::fill;
use crate::gui::words::space::looks::LOOKS;
use crate::trace::Control;
use eframe::egui_wgpu;
use egui::{Align2, CursorIcon, FontFamily, FontId, Rect, Sense, Stroke, StrokeKind, Ui, Vec2};
use std::sync::{Arc, Mutex, PoisonError};

/// How many maps.
pub const COUNT: usize = 5;
/// Points up to which every one is asked how much a map keeps.
const ASKED: usize = 2_000;

/// One of the maps.
#[derive(Debug, Clone)]
pub struct Small {
    /// The map.
    pub laid: Arc<Laid>,
    /// Its places, turned onto the first map's.
    places: Arc<Vec<Place>>,
    /// The share of true neighbours that it keeps.
    kept: Option<f64>,
}

/// Maps that are made one after the other.
#[derive(Debug, Default)]
pub struct Seeds {
    made: Mutex<Vec<Small>>,
    /// How far they agree, once all are there.
    agreement: Mutex<Option<Agreement>>,
}

/// What drawing keeps of the maps.
pub type Drawn = Vec<((u64, Option<u64>, bool), Points)>;

impl Seeds {
    /// The maps that are there.
    pub fn made(&self) -> Vec<Small> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn agreement(&self) -> Option<Agreement> {
        self.agreement.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes the maps. What the map that is shown knows is taken from it.
    fn fill(
        &self,
        space: &Space,
        question: &Question,
        known: Option<&Arc<Laid>>,
        budget: u64,
        control: &Control,
    ) -> Result<()> {
        let mut before = known.cloned();
        for seed in 0..COUNT as u64 {
            let question = question.with_seed(seed);
            // A map whose pace was changed under way is not the one that the seed makes.
            let same = known.filter(|laid| laid.question == question && laid.is_plain);
            let laid = match same {
                Some(laid) => laid.clone(),
                None => Arc::new(Laid::of(space, question, before.as_deref(), &Live::default(), budget, control)?),
            };
            let check = Check { exact: ASKED, sample: ASKED, ..Check::default() };
            let kept = laid.trust_by(check, space, control)?.map(|trust| trust.share_kept());
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            let places = match made.first() {
                Some(first) if laid.question.dims == 2 => Arc::new(turned(&laid.places, &first.laid.places)),
                _ => laid.places.clone(),
            };
            before = Some(laid.clone());
            made.push(Small { laid, places, kept });
        }
        let made = self.made();
        let maps: Vec<_> = made.iter().map(|small| &small.laid.coordinates).collect();
        let check = Check { exact: ASKED, sample: ASKED, ..Check::default() };
        let found = agreement(&maps, check, control)?;
        *self.agreement.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(())
    }
}

/// Begins, or ends looking.
pub fn apply(state: &mut State, engine: &Engine<made::Made>, open: bool) {
    halt(state, engine, Slot::Seeds);
    state.space.seeds = None;
    let (Some(space), true) = (state.space.space.clone(), open) else { return };
    let question = Question::of(&state.scene.space, &space);
    let seeds = Arc::new(Seeds::default());
    state.space.seeds = Some(seeds.clone());
    let (known, budget) = (state.space.laid.clone(), state.settings.budget());
    submit(state, engine, Slot::Seeds, "laying out five times", move |control| {
        seeds.fill(&space, &question, known.as_ref(), budget, control)?;
        Ok(made::Made::Space(Made::Seeds))
    });
}

/// Takes the map of a seed for the one that is shown.
pub fn take(state: &mut State, seed: u64) {
    let Some(seeds) = state.space.seeds.take() else { return };
    let found = seeds.made().into_iter().find(|small| small.laid.question.seed == seed);
    let Some(small) = found else { return };
    state.scene.space.seed = seed;
    state.scene.space.camera = Camera::default();
    state.space.asked_map = Some(small.laid.question.clone());
    (state.space.frame, state.space.live) = (None, None);
    state.space.laid = Some(small.laid);
}

/// Draws the maps in all the room there is.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas, seeds: &Seeds) {
    let palette = theme::palette(ui.ctx());
    let all = ui.available_rect_before_wrap();
    let rect = Rect::from_min_max(all.min + Vec2::new(8.0, 40.0), all.max - Vec2::splat(8.0));
    let made = seeds.made();
    let columns = if rect.width() >= 480.0 { 3 } else { 2 };
    let rows = (COUNT + 1).div_ceil(columns);
    let size = Vec2::new(rect.width() / columns as f32, rect.height() / rows as f32);
    let cell = |i: usize| {
        let corner = rect.min + Vec2::new((i % columns) as f32 * size.x, (i / columns) as f32 * size.y);
        Rect::from_min_size(corner, size).shrink(4.0)
    };
    let small_font = FontId::new(size::SMALL, FontFamily::Proportional);
    let (text, muted, line) = (theme::colour(palette.text), theme::colour(palette.muted), theme::colour(palette.line));
    for i in 0..COUNT {
        let cell = cell(i);
        let Some(small) = made.get(i) else {
            ui.painter().rect_stroke(cell, 4.0, Stroke::new(1.0, line), StrokeKind::Inside);
            let waits = fill(LOOKS.seeds_start, &[&i.to_string()]);
            ui.painter().text(cell.center(), Align2::CENTER_CENTER, waits, small_font.clone(), muted);
            continue;
        };
        let seed = small.laid.question.seed;
        let response = ui.interact(cell, ui.scope_id().with(("seed", i)), Sense::click());
        let response = response.on_hover_cursor(CursorIcon::PointingHand);
        let name = fill(LOOKS.seeds_start, &[&seed.to_string()]);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        let edge = if response.hovered() { theme::colour(palette.accent) } else { line };
        ui.painter().rect_stroke(cell, 4.0, Stroke::new(1.0, edge), StrokeKind::Inside);
        let kept = small
            .kept
            .map_or_else(|| name.clone(), |kept| fill(LOOKS.seeds_one, &[&seed.to_string(), &percent(kept as f32)]));
        ui.painter().text(cell.left_top() + Vec2::new(8.0, 6.0), Align2::LEFT_TOP, kept, small_font.clone(), text);
        let sight = Camera::default().on(cell.with_min_y(cell.top() + 22.0).shrink(4.0), small.laid.question.dims == 3);
        let points = points(canvas, state, i, small, palette.dark);
        let n = points.len() as f32;
        let cloud = Cloud {
            place: 2 + i as u64,
            version: (points.key, 0),
            points,
            size: sight.rect.size().into(),
            matrix: sight.matrix(),
            scale: (1_000.0 / n.max(1.0)).powf(0.25).clamp(0.3, 0.9),
            opacity: (1_500.0 / n.max(1.0)).powf(0.4).clamp(0.25, 0.9),
            fog: (palette.background, 0.0),
        };
        ui.painter().add(egui_wgpu::Callback::new_paint_callback(sight.rect, cloud));
        // The same words in every map: what is asked, with what is near to it.
        let at = |row: usize| small.laid.point(row).and_then(|point| sight.at(small.places[point]));
        let asked = state.space.answer.as_ref().filter(|answer| answer.fault.is_none());
        if let Some(answer) = asked {
            for near in answer.joined().filter_map(at) {
                ui.painter().circle_filled(near, 2.5, text);
            }
            if let Some(at) = answer.row.and_then(at) {
                ui.painter().circle_stroke(at, 5.0, Stroke::new(1.5, theme::colour(palette.accent)));
            }
        }
        if response.on_hover_text(LOOKS.seeds_tip_one).clicked() {
            actions.ask(Action::Space(Ask::Seed(seed)));
        }
    }
    let said = cell(COUNT).shrink(8.0);
    ui.scope_builder(egui::UiBuilder::new().max_rect(said), |ui| {
        widgets::heading(ui, LOOKS.seeds_title);
        match seeds.agreement() {
            Some(found) => {
                let [shared, chance] = [found.shared, found.chance].map(super::map::percent_fine);
                ui.label(fill(LOOKS.seeds_overlap, &[&shared, &found.k.to_string(), &chance]));
            }
            None if state.latest.contains_key(&Slot::Seeds) => {
                let place = (made.len() + 1).min(COUNT);
                widgets::muted(ui, fill(LOOKS.seeds_working, &[&place.to_string(), &COUNT.to_string()]));
            }
            None => {}
        }
        if ui.button(LOOKS.seeds_close).clicked() {
            actions.ask(Action::Space(Ask::Seeds(false)));
        }
    });
}

/// The points of a small map in the colours of the large one.
fn points(canvas: &mut Canvas, state: &State, i: usize, small: &Small, dark: bool) -> Points {
    let painted = state.space.painted.as_ref().filter(|painted| painted.colours.len() == small.places.len());
    let key = (small.laid.id, painted.map(|painted| painted.points.key), dark);
    let drawn = &mut canvas.space.seeds;
    if let Some((known, points)) = drawn.get(i)
        && *known == key
    {
        return points.clone();
    }
    let accent = crate::figure::Palette::of(dark).accent;
    let points = super::colours::plain(&small.places, |point| painted.map_or(accent, |painted| painted.colours[point]));
    drawn.truncate(i);
    drawn.push((key, points.clone()));
    points
}
