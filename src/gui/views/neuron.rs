//! How one weight comes about: query and key of the selected head, number by number.
//!
//! The run on the screen keeps neither queries nor keys. A job of the engine fetches those of the layer that is looked at;
//! the last few layers stay.

use crate::analysis::neuron::{Neuron, WANTS};
use crate::array::Array;
use crate::engine::{Engine, Run, Slot};
use crate::export::{Table, ViewExport};
use crate::figure::lines::Focus;
use crate::figure::neuron::{Layout, Products, figure, number};
use crate::figure::{Figure, Palette, head_name, weight};
use crate::gui::action::{Action, Actions, Head};
use crate::gui::export::Recipe;
use crate::gui::made;
use crate::gui::memo::Memo;
use crate::gui::paint::{self, Canvas};
use crate::gui::state::State;
use crate::gui::words::files::FILES;
use crate::gui::words::{EN, fill};
use crate::gui::{caption, theme, update, widgets};
use crate::trace::{Place, Want};
use egui::{ComboBox, RichText, ScrollArea, Sense, Ui, Vec2};
use std::collections::VecDeque;
use std::sync::Arc;

/// Layers that are kept: more than a person goes back and forth between.
const KEPT: usize = 4;

/// A request of this view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Fetch a layer.
    Layer(usize),
    /// Look at this key of this query, or let go of it.
    Key(usize, usize),
}

/// Queries and keys of a layer, for the run with this [`Run::id`].
#[derive(Debug, Clone)]
pub struct Made {
    of: u64,
    layer: usize,
    run: Arc<Run>,
}

/// What the view keeps.
#[derive(Debug, Default)]
pub struct Kept {
    layers: VecDeque<Made>,
    /// The run and the layer that were asked for last.
    asked: Option<(u64, usize)>,
}

impl Kept {
    fn find(&self, of: u64, layer: usize) -> Option<&Arc<Run>> {
        self.layers.iter().find(|made| (made.of, made.layer) == (of, layer)).map(|made| &made.run)
    }
}

/// What was drawn: run, head, query and key, theme, width.
type Key = (u64, Head, usize, Option<usize>, bool, u32);

/// What the view drew last.
#[derive(Debug, Default)]
pub struct Drawn {
    picture: Memo<Key, Option<(Neuron, Figure, Layout)>>,
    /// By run, head, query and theme.
    products: Memo<(u64, Head, usize, bool), Products>,
}

/// Does what the view asks for.
pub fn apply(state: &mut State, engine: &Engine<made::Made>, asked: Ask) {
    match asked {
        Ask::Key(query, key) => {
            let chosen = Some((query, key));
            let now = &mut state.scene.details.neuron;
            *now = if *now == chosen { None } else { chosen };
        }
        Ask::Layer(layer) => {
            let (Some(model), Some(run)) = (state.model.clone(), state.run().cloned()) else { return };
            if model.id != run.model {
                return;
            }
            state.views.neuron.asked = Some((run.id, layer));
            let place = |site| Place { stack: Some(run.card.stack), layer: Some(layer as u16), site: Some(site) };
            let want = WANTS.into_iter().map(place).fold(Want::nothing(), Want::and);
            let ask = crate::engine::Ask { want, target: None, ..run.ask.clone() };
            let of = run.id;
            update::submit(state, engine, Slot::Neuron, "reading queries and keys", move |control| {
                let run = Arc::new(Run::new(&model, &ask, control)?);
                Ok(made::Made::Neuron(Made { of, layer, run }))
            });
        }
    }
}

/// Takes in a layer.
pub fn arrive(state: &mut State, made: Made) {
    let kept = &mut state.views.neuron;
    kept.asked.take_if(|asked| *asked == (made.of, made.layer));
    kept.layers.push_front(made);
    kept.layers.truncate(KEPT);
}

/// Draws the view.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    let Some(run) = state.run() else { return };
    let wanted = state.shown_head();
    let kept = &state.views.neuron;
    // Until the layer under the pointer is there, the selected one stays.
    let there = [wanted, state.scene.head].into_iter().find_map(|head| Some((head, kept.find(run.id, head.0)?)));
    let Some((head, found)) = there else {
        waiting(ui, state, run, wanted, actions);
        return;
    };
    if head != wanted {
        fetch(state, run, wanted, actions);
    }
    if state.is_stale() || head != wanted {
        ui.multiply_opacity(0.6);
    }
    let (query, key) = selection(state, found, head);
    let palette = theme::palette(ui.ctx());
    let width = ui.available_width() - 16.0;
    let Drawn { picture, products } = &mut canvas.neuron;
    let drawn = picture.get((found.id, head, query, key, palette.dark, width.to_bits()), || {
        let neuron = Neuron::of(found, head, query, key).ok()?;
        let products = products.get((found.id, head, query, palette.dark), || Products::new(&neuron, palette));
        let layout = Layout::new(&neuron, width);
        let figure = figure(&neuron, &products, palette, &layout);
        Some((neuron, figure, layout))
    });
    let Some((neuron, figure, layout)) = drawn.as_ref() else { return };
    choices(ui, neuron, actions);
    ScrollArea::both().id_salt("neuron").auto_shrink(false).show(ui, |ui| {
        let (rect, _) = ui.allocate_exact_size(Vec2::new(figure.width, figure.height), Sense::hover());
        let painter = ui.painter_at(ui.clip_rect());
        paint::figure(&painter, canvas, figure, rect.min);
        strips(ui, neuron, layout, rect.min);
        rows(ui, neuron, layout, rect.min, actions);
    });
}

/// The query and the key that the selection means, and the strongest where it leaves one open.
fn selection(state: &State, found: &Run, (layer, head): Head) -> (usize, Option<usize>) {
    let n = found.tokens.len();
    let probs = found.head(layer, head);
    let focused = || [state.preview, state.scene.pinned].into_iter().flatten().filter(|f| f.token() < n);
    let query = focused().find_map(|f| if let Focus::Query(q) = f { Some(q) } else { None });
    let key = focused().find_map(|f| if let Focus::Key(k) = f { Some(k) } else { None });
    let seen_most_by = |k: usize| (0..n).max_by(|&a, &b| probs[a * n + k].total_cmp(&probs[b * n + k]));
    let pinned_key = state.scene.pinned.and_then(|f| if let Focus::Key(k) = f { Some(k) } else { None });
    // What is pinned decides, so that pointing at another key does not change the query.
    let by_key = pinned_key.or(key).filter(|k| *k < n && probs.len() == n * n).and_then(seen_most_by);
    let first = || found.tokens.pieces.iter().position(|p| !p.special).unwrap_or_default();
    let query = query.or(by_key).unwrap_or_else(first);
    let chosen = state.scene.details.neuron.filter(|&(q, k)| q == query && k < n).map(|(_, k)| k);
    let hovered = state.preview.and_then(|f| if let Focus::Key(k) = f { Some(k) } else { None }).filter(|k| *k < n);
    (query, hovered.or(chosen).or(key))
}

/// The selected weight with every key of its row, for a file or the clipboard; `None` before its layer is there.
pub fn export(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let (run, head) = (state.run()?, state.shown_head());
    let found = state.views.neuron.find(run.id, head.0)?;
    let (query, key) = selection(state, found, head);
    let neuron = Neuron::of(found, head, query, key).ok()?;
    let caption = caption::of_run(state)
        .and(FILES.caption_head, head_name(head.0, head.1))
        .and(FILES.caption_query, caption::typed(&neuron.tokens, neuron.query))
        .and(FILES.caption_key, caption::typed(&neuron.tokens, neuron.key));
    Some(Box::new(move || {
        let figure = figure(&neuron, &Products::new(&neuron, palette), palette, &Layout::new(&neuron, 760.0));
        let steps = || neuron.steps.iter();
        let table = Table::default()
            .whole("key", 0..neuron.tokens.len())
            .text("key_piece", neuron.tokens.pieces.iter().map(|p| p.piece.as_str()))
            .number("dot", steps().map(|s| s.dot))
            .single("score", steps().map(|s| s.score.unwrap_or(f32::NAN)))
            .number("exp", steps().map(|s| s.exp))
            .single("probability", steps().map(|s| s.probability));
        let (width, keys) = (neuron.width(), neuron.keys.clone());
        Ok(ViewExport::new(caption, figure, table)
            .with("q", Array::new(&["dimension"], &[width], neuron.q.clone())?)
            .with("k", Array::new(&["key", "dimension"], &[keys.len() / width.max(1), width], keys)?)
            .of(neuron.tokens.clone()))
    }))
}

/// Asks for the layer of a head, unless it was asked for before: whether it was.
fn fetch(state: &State, run: &Run, (layer, _): Head, actions: &Actions) -> bool {
    let asked = state.views.neuron.asked == Some((run.id, layer));
    if !asked && state.model.as_ref().is_some_and(|model| model.id == run.model) {
        actions.ask(Action::Neuron(Ask::Layer(layer)));
    }
    asked
}

/// What is there before the layer is.
fn waiting(ui: &mut Ui, state: &State, run: &Run, head: Head, actions: &Actions) {
    let layer = head.0;
    if state.model.as_ref().is_none_or(|model| model.id != run.model) {
        widgets::muted(ui, EN.neuron_no_model);
        return;
    }
    let asked = fetch(state, run, head, actions);
    if !asked || state.latest.contains_key(&Slot::Neuron) {
        widgets::muted(ui, fill(EN.neuron_wait, &[&layer.to_string()]));
    } else if ui.button(EN.neuron_again).on_hover_text(EN.neuron_again_tip).clicked() {
        // It failed or was stopped; what went wrong stands above.
        actions.ask(Action::Neuron(Ask::Layer(layer)));
    }
}

/// Which weight it is, and lists of both tokens.
fn choices(ui: &mut Ui, neuron: &Neuron, actions: &Actions) {
    let name = |i: usize| neuron.tokens.shown(i);
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        widgets::heading(ui, &format!("{}:", head_name(neuron.layer, neuron.head)));
        let list = |ui: &mut Ui, label: &str, tip: &str, now: usize, ask: &dyn Fn(usize) -> Action| {
            let text = RichText::new(name(now)).font(theme::mono());
            let combo = ComboBox::from_id_salt(label).selected_text(text).width(96.0).show_ui(ui, |ui| {
                for i in 0..neuron.tokens.len() {
                    let text = RichText::new(format!("{i} {}", name(i))).font(theme::mono());
                    if ui.selectable_label(i == now, text).clicked() && i != now {
                        actions.ask(ask(i));
                    }
                }
            });
            widgets::named(combo.response, label).on_hover_text(tip);
        };
        list(ui, EN.neuron_query, EN.neuron_query_tip, neuron.query, &|i| Action::Pin(Focus::Query(i)));
        ui.label(EN.looks_at);
        list(ui, EN.neuron_key_list, EN.neuron_key_tip, neuron.key, &|i| Action::Neuron(Ask::Key(neuron.query, i)));
        let probability = neuron.steps[neuron.key].probability;
        ui.label(RichText::new(weight(probability)).font(theme::mono()).strong());
    });
}

/// Numbers of the dimension under the pointer, in the three strips.
fn strips(ui: &Ui, neuron: &Neuron, layout: &Layout, origin: egui::Pos2) {
    for i in 0..3 {
        let area = layout.strip(i);
        let place = paint::rect(area, origin);
        let response = ui.interact(place, ui.scope_id().with(("strip", i)), Sense::hover());
        let Some(d) = response.hover_pos().and_then(|p| layout.dimension(area, p.x - origin.x)) else { continue };
        let (q, k) = (neuron.q[d], neuron.k(neuron.key)[d]);
        response.on_hover_ui_at_pointer(|ui| {
            ui.label(fill(EN.neuron_dimension, &[&d.to_string()]));
            for (letter, value) in [("q", q), ("k", k), ("q\u{d7}k", q * k)] {
                ui.label(RichText::new(format!("{letter:<4}{:>9}", number(value.into()))).font(theme::mono()));
            }
        });
    }
}

/// The keys: pointing previews, a click chooses.
fn rows(ui: &Ui, neuron: &Neuron, layout: &Layout, origin: egui::Pos2, actions: &Actions) {
    for (key, step) in neuron.steps.iter().enumerate() {
        let place = paint::rect(layout.row(key), origin);
        if !ui.clip_rect().intersects(place) {
            continue;
        }
        let response = ui.interact(place, ui.scope_id().with(("key", key)), Sense::click());
        let score = step.score.map_or_else(|| EN.neuron_masked.to_owned(), |s| number(s.into()));
        let numbers = [number(step.dot), score, weight(step.probability)];
        let [dot, score, probability] = &numbers;
        let name = fill(EN.neuron_key, &[&key.to_string(), &neuron.tokens.pieces[key].piece, dot, score, probability]);
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, key == neuron.key, &name));
        if response.hovered() {
            actions.over_token(Focus::Key(key));
        }
        if response.clicked() {
            actions.ask(Action::Neuron(Ask::Key(neuron.query, key)));
        }
        let at = response.hover_pos().map(|p| p - origin);
        if let Some((_, d)) = at.and_then(|p| layout.product_at(p.x, p.y)) {
            let product = number((neuron.q[d] * neuron.k(key)[d]).into());
            let text = format!("{}: q\u{d7}k {product}", fill(EN.neuron_dimension, &[&d.to_string()]));
            response.on_hover_text_at_pointer(RichText::new(text).font(theme::mono()));
        }
    }
}
