//! What the selected head does over a corpus, in sentences: its strongest edges beside those of random words.

use super::heads::export::Saved;
use super::heads::work::Ask;
use crate::analysis::evidence::{Examples, Found, counted};
use crate::figure::colour::CATEGORIES;
use crate::figure::table::{Cell, Column};
use crate::figure::{Figure, Palette, head_name, mono_width, size, table, weight};
use crate::gui::action::{Action, Actions};
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::widgets;
use crate::gui::words::heads::HEADS;
use crate::gui::words::{count, fill};
use egui::text::{LayoutJob, TextFormat};
use egui::{FontFamily, FontId, Id, ScrollArea, Sense, Stroke, Ui, Vec2};
use serde::{Deserialize, Serialize};

/// What edges are gathered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
    let (heads, chosen) = (&state.views.heads, &state.scene.details.heads);
    let Some(table) = heads.table(chosen.source, run) else {
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
            let button = egui::Button::selectable(chosen.group == group, label).frame_when_inactive(true);
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
                    for (group, number) in groups(list, chosen.group) {
                        ui.add_space(4.0);
                        ui.strong(fill(HEADS.group_count, &[&group, &number.to_string()]));
                        let mine = list.iter().enumerate().filter(|(_, found)| name(found, chosen.group) == group);
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
    for part in around(found) {
        let Some(i) = part else {
            let space = if job.is_empty() { "" } else { " " };
            let format = TextFormat::simple(font.clone(), theme::colour(palette.muted));
            job.append(&format!("{space}\u{2026}"), 0.0, format);
            continue;
        };
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

/// The tokens around an edge, and nothing in the place of those that are left out.
fn around(found: &Found) -> Vec<Option<usize>> {
    let near = |i: usize| i.abs_diff(found.query) <= AROUND || i.abs_diff(found.key) <= AROUND;
    let own = (0..found.tokens.len()).filter(|&i| !found.tokens.pieces[i].special);
    let mut parts: Vec<Option<usize>> = own.map(|i| near(i).then_some(i)).collect();
    parts.dedup_by(|a, b| a.is_none() && b.is_none());
    parts
}

/// The same words as plain text.
fn plain(found: &Found) -> String {
    let mut text = String::new();
    for part in around(found) {
        let joined = text.is_empty() || part.is_some_and(|i| found.tokens.continues(i));
        text.push_str(if joined { "" } else { " " });
        text.push_str(&part.map_or_else(|| "\u{2026}".to_owned(), |i| found.tokens.shown(i)));
    }
    text
}

/// Both lists, one under the other, gathered as they are on the screen.
pub fn picture(examples: &Examples, group: Group, palette: &Palette) -> Figure {
    let side = |(title, list): (&str, &[Found])| {
        let longest = list.iter().map(|found| mono_width(&plain(found), size::SMALL)).fold(200.0, f32::max);
        let columns = [
            Column::numbers(HEADS.column_weight, 64.0),
            Column::numbers(HEADS.column_offset, 64.0),
            Column::words(HEADS.column_from, 112.0),
            Column::words(HEADS.column_to, 112.0),
            Column::words(HEADS.column_sentence, longest + 8.0),
        ];
        let gathered = groups(list, group).into_iter();
        let edges = gathered.flat_map(|(of, _)| list.iter().filter(move |found| name(found, group) == of));
        let cells = edges.flat_map(|found| {
            [
                Cell::plain(weight(found.weight)),
                Cell::plain(name(found, Group::Offset)),
                Cell::plain(found.tokens.shown(found.query)),
                Cell::plain(found.tokens.shown(found.key)),
                Cell::plain(plain(found)),
            ]
        });
        (title.to_owned(), table::figure(title, &columns, &cells.collect::<Vec<_>>(), palette))
    };
    let sides = [(HEADS.strongest, examples.strongest.as_slice()), (HEADS.random, examples.random.as_slice())];
    Figure::stacked(HEADS.evidence, sides.map(side).into(), palette)
}
