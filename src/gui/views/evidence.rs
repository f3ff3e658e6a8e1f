//! What the selected head does over a corpus, in sentences: its strongest edges beside those of random words.

use super::heads::work::{Ask, Saved};
use crate::analysis::evidence::{Found, counted};
use crate::figure::colour::CATEGORIES;
use crate::figure::{head_name, size, weight};
use crate::gui::action::{Action, Actions};
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::widgets;
use crate::gui::words::heads::HEADS;
use crate::gui::words::{count, fill};
use egui::text::{LayoutJob, TextFormat};
use egui::{FontFamily, FontId, Id, ScrollArea, Sense, Stroke, Ui, Vec2};

/// What edges are gathered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Group {
    /// How far the key is from the query.
    #[default]
    Offset,
    /// The word that attends.
    Query,
    /// The word attended to.
    Key,
}

/// Words that are shown before and after an edge.
const AROUND: usize = 5;

/// Draws the view.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions) {
    let Some(run) = state.run() else { return };
    let heads = &state.views.heads;
    let Some(table) = heads.table(run) else {
        super::heads::missing(ui, state, run, actions);
        return;
    };
    let (layer, head) = state.shown_head();
    let Some(number) = table.rows.iter().position(|row| (row.layer, row.head) == (layer, head)) else { return };
    let examples = table.evidence.of(number);
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        widgets::heading(ui, &fill(HEADS.evidence_of, &[&head_name(layer, head)]));
        let label = &table.rows[number].label;
        if !label.is_empty() {
            widgets::muted(ui, label.replace("->", "\u{2192}")).on_hover_text(HEADS.tip_label);
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button(HEADS.save).on_hover_text(HEADS.save_tip).clicked() {
                actions.ask(Action::Heads(Ask::Save(Saved::Evidence)));
            }
        });
    });
    ui.horizontal(|ui| {
        widgets::muted(ui, HEADS.group);
        let choices = [(Group::Offset, HEADS.by_offset), (Group::Query, HEADS.by_query), (Group::Key, HEADS.by_key)];
        for (group, label) in choices {
            let button = egui::Button::selectable(heads.group == group, label).frame_when_inactive(true);
            if ui.add(button).on_hover_text(HEADS.group_tip).clicked() {
                actions.ask(Action::Heads(Ask::Group(group)));
            }
        }
    });
    match heads.measured.as_ref().filter(|_| table.is_corpus) {
        None => widgets::muted(ui, HEADS.evidence_text),
        Some(measured) => {
            let name = super::heads::work::file_name(&measured.corpus.path);
            let (sentences, others) = (count(table.evidence.sentences as u64), count(table.evidence.others));
            widgets::muted(ui, fill(HEADS.evidence_corpus, &[&sentences, &name, &others]))
        }
    };
    let line = |found: &Found| {
        let sentence = heads.measured.as_ref().filter(|_| table.is_corpus);
        sentence.and_then(|m| m.corpus.sentences.get(found.sentence)).map_or(1, |s| s.line)
    };
    let edges = count(table.evidence.edges);
    let sides = [
        (HEADS.strongest, fill(HEADS.strongest_note, &[&edges]), &examples.strongest),
        (HEADS.random, HEADS.random_note.to_owned(), &examples.random),
    ];
    ui.columns(2, |columns| {
        for (ui, (title, note, list)) in columns.iter_mut().zip(sides) {
            let side = |ui: &mut Ui| {
                widgets::heading(ui, title);
                widgets::muted(ui, note);
                ScrollArea::vertical().id_salt(title).auto_shrink(false).show(ui, |ui| {
                    for (group, number) in groups(list, heads.group) {
                        ui.add_space(4.0);
                        ui.strong(fill(HEADS.group_count, &[&group, &number.to_string()]));
                        let mine = list.iter().enumerate().filter(|(_, found)| name(found, heads.group) == group);
                        for (i, found) in mine {
                            edge(ui, title, i, found, (layer, head), line(found), actions);
                        }
                    }
                });
            };
            // Columns would justify the lines of a text.
            ui.with_layout(egui::Layout::top_down(egui::Align::Min), side);
        }
    });
}

fn groups(list: &[Found], by: Group) -> Vec<(String, usize)> {
    counted(list.iter().map(|found| name(found, by)))
}

/// What an edge is gathered under.
fn name(found: &Found, by: Group) -> String {
    match by {
        Group::Offset => format!("{:+}", found.offset()).replace('-', "\u{2212}"),
        Group::Query => found.tokens.shown(found.query).to_lowercase(),
        Group::Key => found.tokens.shown(found.key).to_lowercase(),
    }
}

/// One edge in its sentence; a click opens it.
fn edge(ui: &mut Ui, side: &str, i: usize, found: &Found, head: (usize, usize), line: usize, actions: &Actions) {
    let palette = theme::palette(ui.ctx());
    let width = ui.available_width();
    let job = sentence(ui, found, width - 56.0);
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    let (rect, _) = ui.allocate_exact_size(Vec2::new(width, galley.size().y + 6.0), Sense::hover());
    let response = ui.interact(rect, Id::unique(("edge", side, i)), Sense::click());
    let shown = |token: usize| found.tokens.shown(token);
    let spoken = fill(HEADS.edge_name, &[side, &shown(found.query), &shown(found.key), &weight(found.weight)]);
    crate::gui::table::call(&response, &spoken);
    let painter = ui.painter_at(rect);
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 4.0, theme::colour(palette.raised));
    }
    let font = FontId::new(size::SMALL, FontFamily::Monospace);
    let at = rect.left_top() + Vec2::new(4.0, 3.0);
    painter.text(at, egui::Align2::LEFT_TOP, weight(found.weight), font, theme::colour(palette.muted));
    painter.galley(at + Vec2::new(48.0, 0.0), galley, theme::colour(palette.muted));
    if response.clicked() {
        let text = found.tokens.texts.first().map_or_else(String::new, ToString::to_string);
        actions.ask(Action::Heads(Ask::Open(text, head, found.query)));
    }
    response.on_hover_text(fill(HEADS.edge_tip, &[&line.to_string()]));
}

/// The words around an edge, the query and the key in colour.
fn sentence(ui: &Ui, found: &Found, width: f32) -> LayoutJob {
    let palette = theme::palette(ui.ctx());
    let tokens = &found.tokens;
    let mut job = LayoutJob::default();
    job.wrap.max_width = width.max(60.0);
    job.wrap.max_rows = 3;
    let font = FontId::new(size::SMALL, FontFamily::Monospace);
    let near = |i: usize| i.abs_diff(found.query) <= AROUND || i.abs_diff(found.key) <= AROUND;
    let mut skipped = false;
    for i in (0..tokens.len()).filter(|&i| !tokens.pieces[i].special) {
        if !near(i) {
            if !skipped {
                let space = if job.is_empty() { "" } else { " " };
                let format = TextFormat::simple(font.clone(), theme::colour(palette.muted));
                job.append(&format!("{space}\u{2026}"), 0.0, format);
            }
            skipped = true;
            continue;
        }
        skipped = false;
        let ink = if i == found.query {
            palette.accent
        } else if i == found.key {
            // The lighter orange is too pale on white.
            if palette.dark { CATEGORIES[0] } else { CATEGORIES[5] }
        } else {
            palette.muted
        };
        let mut format = TextFormat::simple(font.clone(), theme::colour(ink));
        if i == found.key || i == found.query {
            format.underline = Stroke::new(1.0, theme::colour(ink));
        }
        if !job.is_empty() && !tokens.continues(i) {
            job.append(" ", 0.0, TextFormat::simple(font.clone(), theme::colour(palette.muted)));
        }
        job.append(&tokens.shown(i), 0.0, format);
    }
    job
}
