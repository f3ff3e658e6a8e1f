//! The word-embedding association test: four sets of words, an effect and its chance.

use super::Made;
use super::draw::{faulty, misspelt};
use crate::analysis::space::axes::{list, rows};
use crate::analysis::space::lexicon::{Lexicon, Missing};
use crate::analysis::space::weat::{Sets, Weat};
use crate::engine::{Engine, Slot};
use crate::error::Result;
use crate::figure::{fit, short, size, weight};
use crate::gui::action::{Action, Actions};
use crate::gui::space::{self, Chosen, Space};
use crate::gui::state::State;
use crate::gui::theme::CONTROL;
use crate::gui::update::submit;
use crate::gui::words::space::axes::AXES;
use crate::gui::words::{count, fill};
use crate::gui::{made, theme, widgets};
use crate::trace::Control;
use egui::{Align2, Button, FontFamily, FontId, Pos2, Rect, RichText, Sense, Stroke, TextEdit, Ui, Vec2};
use std::sync::Arc;

/// Sets that are offered, by name, where the vocabulary has two words of each: tests 1, 6 and 7 of Caliskan et al. 2017.
const EXAMPLES: [(&str, [&str; 4]); 3] = [
    (
        "flowers, insects",
        [
            "aster, clover, hyacinth, marigold, poppy, azalea, crocus, iris, orchid, rose, bluebell, daffodil, lilac, \
             pansy, tulip, buttercup, daisy, lily, peony, violet, carnation, gladiola, magnolia, petunia, zinnia",
            "ant, caterpillar, flea, locust, spider, bedbug, centipede, fly, maggot, tarantula, bee, cockroach, gnat, \
             mosquito, termite, beetle, cricket, hornet, moth, wasp, blackfly, dragonfly, horsefly, roach, weevil",
            "caress, freedom, health, love, peace, cheer, friend, heaven, loyal, pleasure, diamond, gentle, honest, \
             lucky, rainbow, diploma, gift, honor, miracle, sunrise, family, happy, laughter, paradise, vacation",
            "abuse, crash, filth, murder, sickness, accident, death, grief, poison, stink, assault, disaster, hatred, \
             pollute, tragedy, divorce, jail, poverty, ugly, cancer, kill, rotten, vomit, agony, prison",
        ],
    ),
    (
        "career, family",
        [
            "john, paul, mike, kevin, steve, greg, jeff, bill",
            "amy, joan, lisa, sarah, diana, kate, ann, donna",
            "executive, management, professional, corporation, salary, office, business, career",
            "home, parents, children, family, cousins, marriage, wedding, relatives",
        ],
    ),
    (
        "maths, arts",
        [
            "math, algebra, geometry, calculus, equations, computation, numbers, addition",
            "poetry, art, dance, literature, novel, symphony, drama, sculpture",
            "male, man, boy, brother, he, him, his, son",
            "female, woman, girl, sister, she, her, hers, daughter",
        ],
    ),
];

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    space: u64,
    sets: [String; 4],
    seed: u64,
}

/// What the test says.
#[derive(Debug)]
pub struct Answer {
    asked: Asked,
    /// Of each set the rows of its words, the words that cannot be used, and what is wrong with the text.
    read: [(Vec<usize>, Vec<Missing>, Option<String>); 4],
    /// What is found; nothing where a set is empty.
    found: Option<std::result::Result<Weat, String>>,
}

/// Asks for the test where the sets are others.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let chosen = &state.scene.space;
    let asked = Asked { space: space.id, sets: chosen.axes.sets.clone(), seed: chosen.seed };
    if state.space.axes.asked_weat.as_ref() == Some(&asked) {
        return;
    }
    state.space.axes.asked_weat = Some(asked.clone());
    let space = space.clone();
    submit(state, engine, Slot::Weat, "testing associations", move |control| {
        let answer = Answer::of(&space, asked, control)?;
        Ok(made::Made::Space(space::Made::Axes(Made::Weat(Arc::new(answer)))))
    });
}

impl Answer {
    fn of(space: &Space, asked: Asked, control: &Control) -> Result<Self> {
        let vectors = &space.vectors;
        let lexicon = Lexicon { words: &vectors.words, rows: &vectors.rows, make: None, unit: true };
        let read = asked.sets.each_ref().map(|text| match list(text) {
            Ok(words) => {
                let (rows, missing) = rows(&words, &lexicon);
                (rows, missing, None)
            }
            Err(error) => (Vec::new(), Vec::new(), Some(error.to_string())),
        });
        let sets = Sets { x: &read[0].0, y: &read[1].0, a: &read[2].0, b: &read[3].0 };
        let is_whole = read.iter().all(|(rows, ..)| !rows.is_empty());
        let found = if is_whole {
            match Weat::of(&vectors.rows, sets, asked.seed, control) {
                Err(error) if error.is_stopped() => return Err(error),
                found => Some(found.map_err(|error| error.to_string())),
            }
        } else {
            None
        };
        Ok(Self { asked, read, found })
    }
}

/// Draws the fields and what the test says.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, space: &Space, next: &mut Chosen) {
    ui.label(AXES.weat_text);
    let answer = state.space.axes.weat.clone();
    let names = AXES.targets.iter().chain(&AXES.attributes);
    for (i, name) in names.enumerate() {
        widgets::muted(ui, *name);
        let text = &mut next.axes.sets[i];
        let field = TextEdit::singleline(text)
            .hint_text(AXES.set_hint)
            .desired_width(ui.available_width())
            .align(Align2::LEFT_CENTER)
            .min_size(Vec2::new(0.0, CONTROL));
        widgets::named(ui.add(field), name).on_hover_text(AXES.sets_tip);
        if let Some(answer) = answer.as_ref().filter(|answer| answer.asked.sets[i] == *text) {
            let (_, missing, wrong) = &answer.read[i];
            if let Some(wrong) = wrong {
                faulty(ui, wrong);
            }
            unknown(ui, text, missing);
        }
    }
    ui.horizontal_wrapped(|ui| {
        for (name, sets) in EXAMPLES.iter().filter(|(_, sets)| sets.iter().all(|set| known(space, set).len() >= 2)) {
            let label = RichText::new(*name).size(size::SMALL);
            if ui.add(Button::new(label)).on_hover_text(AXES.example_tip).clicked() {
                next.axes.sets = sets.map(|set| known(space, set).join(", "));
            }
        }
    });
    ui.add_space(4.0);
    match answer.as_ref().map(|answer| (answer, &answer.found)) {
        Some((answer, Some(Ok(found)))) => result(ui, actions, space, answer, found),
        Some((_, Some(Err(why)))) => faulty(ui, why),
        Some((answer, None)) if answer.asked.sets.iter().any(|set| !set.trim().is_empty()) => {
            widgets::muted(ui, AXES.too_few);
        }
        _ => {}
    }
}

/// Words that are left out: one is offered other spellings, many are listed.
fn unknown(ui: &mut Ui, text: &mut String, missing: &[Missing]) {
    match missing {
        [] => {}
        [one] => misspelt(ui, text, &[one], true),
        many => {
            let words: Vec<&str> = many.iter().map(|missing| missing.word.as_str()).collect();
            faulty(ui, &fill(AXES.unknown, &[&words.join(", ")]));
        }
    }
}

/// Those of the words of an offered set that the vocabulary has.
fn known<'a>(space: &Space, set: &'a str) -> Vec<&'a str> {
    set.split(", ").filter(|word| space.vectors.words.find(word).is_some()).collect()
}

fn result(ui: &mut Ui, actions: &Actions, space: &Space, answer: &Answer, found: &Weat) {
    widgets::heading(ui, &fill(AXES.effect, &[&short(found.effect as f32)])).on_hover_text(AXES.effect_tip);
    let said = if found.exact { AXES.p_exact } else { AXES.p_drawn };
    let said = fill(said, &[&short(found.p as f32), &count(found.partitions)]);
    ui.label(said).on_hover_text(AXES.p_tip);
    ui.add_space(4.0);
    widgets::muted(ui, AXES.associations).on_hover_text(AXES.associations_tip);
    let most = found.associations.iter().fold(0f64, |most, a| most.max(a.abs())).max(f64::MIN_POSITIVE);
    let (first, second) = found.associations.split_at(answer.read[0].0.len());
    ui.spacing_mut().item_spacing.y = 2.0;
    for (i, associations) in [first, second].into_iter().enumerate() {
        ui.add_space(4.0);
        widgets::muted(ui, AXES.targets[i]);
        let mut rows: Vec<(usize, f64)> = answer.read[i].0.iter().copied().zip(associations.iter().copied()).collect();
        rows.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (row, association) in rows {
            associated(ui, actions, space, row, association, most);
        }
    }
}

/// A target with its association as a bar from the middle. A click asks about it.
fn associated(ui: &mut Ui, actions: &Actions, space: &Space, row: usize, association: f64, most: f64) {
    let palette = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 20.0), Sense::click());
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect, 2.0, theme::colour(palette.raised));
        actions.over_row(row);
    }
    let word = space.vectors.words.get(row);
    let number = weight(association as f32);
    let mono = FontId::new(size::BODY, FontFamily::Monospace);
    let shown = fit(&word, size::BODY, 108.0);
    painter.text(rect.left_center(), Align2::LEFT_CENTER, shown, mono.clone(), theme::colour(palette.text));
    painter.text(rect.right_center(), Align2::RIGHT_CENTER, &number, mono, theme::colour(palette.muted));
    let track = Rect::from_min_max(
        rect.left_top() + Vec2::new(116.0, 5.0),
        rect.right_bottom() - Vec2::new(widgets::NUMBER + 16.0, 5.0),
    );
    let share = (association / most) as f32;
    let end = Pos2::new(track.center().x + track.width() / 2.0 * share, track.top());
    let bar = Rect::from_two_pos(end, track.center_bottom());
    painter.rect_filled(bar, 1.0, theme::colour(palette.signed(share)));
    painter.vline(track.center().x, track.y_range(), Stroke::new(1.0, theme::colour(palette.muted)));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{word} {number}")));
    if response.clicked() {
        actions.ask(Action::Space(space::Ask::Row(row)));
    }
}
