//! A stretch of the text, the cells that are on throughout it and off around it, and where else they are.

use super::read::Read;
use super::{Chosen, Made, strip};
use crate::analysis::recurrent::hypothesis::{Hypothesis, On, Threshold};
use crate::analysis::recurrent::matching::{Effort, Match, Matches, search};
use crate::engine::{Engine, Slot};
use crate::error::Result;
use crate::figure::{short, size};
use crate::gui::action::Actions;
use crate::gui::made;
use crate::gui::state::State;
use crate::gui::theme::{self, CONTROL};
use crate::gui::update::{halt, submit};
use crate::gui::widgets;
use crate::gui::words::recurrent::RECURRENT;
use crate::gui::words::{count, fill};
use crate::trace::{Control, Site};
use egui::{Button, DragValue, RichText, ScrollArea, Ui, Vec2};
use std::sync::Arc;

/// Places that are listed.
const MOST: usize = 50;
/// Tokens of context before and after a place.
const CONTEXT: usize = 12;
/// Cells that are named.
const NAMED: usize = 24;

/// What is asked of what was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    read: u64,
    site: Site,
    range: (usize, usize),
    margins: [usize; 2],
    threshold: Threshold,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    asked: Asked,
    on: Arc<On>,
    /// The cells that are on throughout the stretch and off around it.
    pub cells: Vec<usize>,
    /// How many of them are on at each step.
    pub counts: Vec<u32>,
    /// Where else they are.
    pub matches: Matches,
}

impl Found {
    fn new(read: &Read, asked: Asked, known: Option<Arc<On>>, control: &Control) -> Result<Self> {
        let values = &read.sites.get(&asked.site).ok_or_else(|| crate::Error::input(RECURRENT.no_site))?.values;
        let on = match known {
            Some(on) => on,
            None => Arc::new(On::new(values, &asked.threshold.of(values))?),
        };
        control.check()?;
        let range = asked.range.0..asked.range.1;
        let hypothesis = Hypothesis { range: range.clone(), left: asked.margins[0], right: asked.margins[1] };
        let cells = hypothesis.select(&on)?;
        let matches = search(&on, &hypothesis, &cells, Some(&range), Effort::FAST, MOST, control)?;
        Ok(Self { counts: on.counts(&cells), asked, on, cells, matches })
    }
}

/// Asks for cells where the question is another.
pub fn ask(state: &mut State, engine: &Engine<made::Made>) {
    let (chosen, kept) = (&state.scene.recurrent, &state.recurrent);
    let Some(read) = kept.current().cloned().filter(|_| !kept.is_stale()) else { return };
    let brush = chosen.brush.map(|(from, to)| (from, to.min(read.times()))).filter(|(from, to)| from < to);
    let asked = brush.filter(|_| read.sites.contains_key(&chosen.site())).map(|range| Asked {
        read: read.id,
        site: chosen.site(),
        range,
        margins: chosen.margins,
        threshold: if chosen.absolute { Threshold::Absolute(chosen.least) } else { Threshold::Quantile(chosen.share) },
    });
    if kept.asked_cells == asked {
        return;
    }
    state.recurrent.asked_cells.clone_from(&asked);
    let Some(asked) = asked else {
        halt(state, engine, Slot::Cells);
        state.recurrent.found = None;
        return;
    };
    let same = |found: &&Arc<Found>| {
        (found.asked.read, found.asked.site, found.asked.threshold) == (asked.read, asked.site, asked.threshold)
    };
    let known = state.recurrent.found.as_ref().filter(same).map(|found| found.on.clone());
    submit(state, engine, Slot::Cells, "finding cells", move |control| {
        Ok(made::Made::Recurrent(Made::Found(Arc::new(Found::new(&read, asked, known, control)?))))
    });
}

/// Draws controls, cells and places.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, read: &Read) {
    let chosen = &state.scene.recurrent;
    controls(ui, state, actions);
    let Some((from, to)) = chosen.brush.filter(|(from, _)| *from < read.times()) else {
        widgets::muted(ui, RECURRENT.brush_note);
        return;
    };
    let Some(found) = state.recurrent.found.as_ref().filter(|found| found.asked.read == read.id) else { return };
    let stretch: String = (from..to.min(read.times()).min(from + 60)).map(|step| read.shown(step)).collect();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::splat(4.0);
        let said = fill(RECURRENT.cells_on, &[&count(found.cells.len() as u64), &stretch]);
        ui.label(RichText::new(said).font(theme::mono()));
        for &cell in found.cells.iter().take(NAMED) {
            let is_chosen = chosen.cells.contains(&cell);
            let chip = Button::selectable(is_chosen, cell.to_string()).small().frame_when_inactive(true);
            let chip = widgets::named(ui.add(chip), &fill(RECURRENT.cell, &[&cell.to_string()]));
            if chip.on_hover_text(RECURRENT.cell_chip_tip).clicked() {
                strip::select(actions, state, cell, true);
            }
        }
        if found.cells.len() > NAMED {
            widgets::muted(ui, fill(RECURRENT.and_more, &[&count((found.cells.len() - NAMED) as u64)]));
        }
    });
    if let Some(why) = &found.matches.why {
        widgets::muted(ui, fill(RECURRENT.no_match, &[why]));
        return;
    }
    ScrollArea::vertical().id_salt("matches").auto_shrink(false).show_rows(
        ui,
        20.0,
        found.matches.found.len(),
        |ui, rows| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (place, found) in found.matches.found[rows.clone()].iter().enumerate() {
                row(ui, state, actions, read, rows.start + place, found);
            }
        },
    );
}

/// A place with its context; a click goes there.
fn row(ui: &mut Ui, state: &State, actions: &Actions, read: &Read, place: usize, found: &Match) {
    let (start, end) = (found.range.start, found.range.end);
    let text = |steps: std::ops::Range<usize>| steps.map(|step| read.shown(step)).collect::<String>();
    let before = text(start.saturating_sub(CONTEXT)..start);
    let own = text(start..end.min(start + 40));
    let after = text(end..(end + CONTEXT).min(read.times()));
    let palette = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 20.0), egui::Sense::click());
    let number = fill(
        RECURRENT.match_line,
        &[&found.shared.to_string(), &found.either.to_string(), &short(found.jaccard() as f32)],
    );
    let spoken = fill(RECURRENT.match_name, &[&(place + 1).to_string(), &own]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &spoken));
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    if response.hovered() {
        painter.rect_filled(rect, 2.0, theme::colour(palette.raised));
    }
    let font = egui::FontId::new(size::BODY, egui::FontFamily::Monospace);
    let (ink, muted, accent) = (palette.text, palette.muted, palette.accent);
    let small = egui::FontId::new(size::SMALL, egui::FontFamily::Monospace);
    painter.text(rect.left_center(), egui::Align2::LEFT_CENTER, number, small, theme::colour(muted));
    let middle = rect.left() + 170.0 + crate::figure::mono_width("m", size::BODY) * CONTEXT as f32;
    let at = |x: f32| egui::pos2(x, rect.center().y);
    painter.text(at(middle), egui::Align2::RIGHT_CENTER, before, font.clone(), theme::colour(muted));
    let drawn = painter.text(at(middle), egui::Align2::LEFT_CENTER, own, font.clone(), theme::colour(accent));
    painter.text(at(drawn.right()), egui::Align2::LEFT_CENTER, after, font, theme::colour(ink));
    if response.on_hover_text(RECURRENT.match_tip).clicked() {
        strip::choose(actions, state, |chosen| strip::go_to(chosen, read, start));
    }
}

fn controls(ui: &mut Ui, state: &State, actions: &Actions) {
    let mut next: Chosen = state.scene.recurrent.clone();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.set_min_height(CONTROL);
        widgets::muted(ui, RECURRENT.threshold);
        for (absolute, label) in [(false, RECURRENT.by_share), (true, RECURRENT.by_value)] {
            let button = Button::selectable(next.absolute == absolute, label).frame_when_inactive(true);
            if ui.add(button).on_hover_text(RECURRENT.threshold_tip).clicked() {
                next.absolute = absolute;
            }
        }
        if next.absolute {
            let drag = DragValue::new(&mut next.least).speed(0.005).fixed_decimals(3);
            widgets::named(ui.add(drag), RECURRENT.least).on_hover_text(RECURRENT.least_tip);
        } else {
            let mut percent = next.share * 100.0;
            let drag = DragValue::new(&mut percent).range(0.0..=100.0).speed(0.1).suffix(" %");
            if widgets::named(ui.add(drag), RECURRENT.share).on_hover_text(RECURRENT.share_tip).changed() {
                next.share = percent / 100.0;
            }
        }
        for (i, name) in [RECURRENT.left, RECURRENT.right].into_iter().enumerate() {
            widgets::muted(ui, name);
            let drag = DragValue::new(&mut next.margins[i]).range(0..=100).speed(0.05);
            widgets::named(ui.add(drag), name).on_hover_text(RECURRENT.margins_tip);
        }
        let clear = ui.add_enabled(next.brush.is_some(), Button::new(RECURRENT.clear));
        if clear.on_hover_text(RECURRENT.clear_tip).clicked() {
            next.brush = None;
        }
    });
    strip::choose(actions, state, |chosen| *chosen = next);
}
