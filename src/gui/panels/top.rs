//! The top bar and the row under it: which model, which text, what is left out.

use crate::analysis::filter::{Filter, Pairs, Special, Threshold};
use crate::analysis::meaning::Meaning;
use crate::figure::{percent, short};
use crate::gui::action::{Action, Actions};
use crate::gui::command::Command;
use crate::gui::examples::Lesson;
use crate::gui::paint::Canvas;
use crate::gui::scene::Workspace;
use crate::gui::state::State;
use crate::gui::theme::{self, CONTROL};
use crate::gui::words::files::FILES;
use crate::gui::words::{self, EN, fill};
use crate::gui::{views, widgets};
use egui::{Align, Button, Id, Layout, Slider, TextEdit, Ui, Vec2};

/// The sentence field, so that a command can put the cursor into it.
pub fn sentence_id() -> Id {
    Id::unique("sentence")
}

/// The second field.
pub fn second_id() -> Id {
    Id::unique("second sentence")
}

/// Model, workspace, text.
pub fn bar(ui: &mut Ui, state: &State, actions: &Actions) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let chip = match (&state.model, &state.opening) {
            (_, Some(name)) => fill(EN.opening, &[name]),
            (Some(model), None) => {
                let card = model.card();
                fill(EN.model_chip, &[&model.name, &card.layers.to_string(), &card.heads.to_string()])
            }
            (None, None) => match &state.imported {
                Some(imported) => {
                    let card = &imported.run.card;
                    let parts = [imported.name.clone(), card.layers.to_string(), card.heads.to_string()];
                    fill(EN.model_chip, &parts.each_ref().map(String::as_str))
                }
                None => EN.no_model.to_owned(),
            },
        };
        let name = fill(EN.models_name, &[&chip]);
        let button = Button::new(format!("{chip}     ")).min_size(Vec2::new(150.0, CONTROL)).truncate();
        let width = ui.available_width().min(230.0);
        let chip = ui.scope(|ui| {
            ui.set_max_width(width);
            ui.add(button)
        });
        let chip = widgets::named(chip.inner, &name).on_hover_text(Command::Models.tooltip(ui.ctx()));
        arrow_down(ui, chip.rect);
        if chip.clicked() {
            actions.ask(Action::Do(Command::Models));
        }
        workspaces(ui, state, actions);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            widgets::command_as(ui, actions, Command::Help, EN.help);
            let keys = ui.ctx().format_shortcut(&Command::Palette.shortcut());
            widgets::command_as(ui, actions, Command::Palette, &keys);
            if state.scene.pair.is_none() && state.imported.is_none() {
                let add = ui.button(EN.add_second).on_hover_text(Command::SecondSentence.tooltip(ui.ctx()));
                if add.clicked() {
                    actions.ask(Action::Do(Command::SecondSentence));
                }
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| texts(ui, state, actions));
        });
    });
}

/// The words that switch the workspace.
pub fn workspaces(ui: &mut Ui, state: &State, actions: &Actions) {
    ui.spacing_mut().item_spacing.x = 2.0;
    let all = [
        (Workspace::Attention, Command::Attention),
        (Workspace::Recurrent, Command::Recurrent),
        (Workspace::Embeddings, Command::Embeddings),
    ];
    for (workspace, command) in all {
        let button = Button::selectable(state.scene.workspace == workspace, command.label());
        let button = widgets::named(ui.add(button), &fill(EN.workspace, &[command.label()]));
        if button.on_hover_text(command.tooltip(ui.ctx())).clicked() {
            actions.ask(Action::Do(command));
        }
    }
    ui.spacing_mut().item_spacing.x = 8.0;
}

/// Says that a control opens a list.
pub fn arrow_down(ui: &Ui, control: egui::Rect) {
    let tip = control.right_center() + Vec2::new(-13.0, 2.0);
    let corners = vec![tip + Vec2::new(-4.0, -4.0), tip + Vec2::new(4.0, -4.0), tip];
    let ink = theme::colour(theme::palette(ui.ctx()).muted);
    ui.painter().add(egui::Shape::convex_polygon(corners, ink, egui::Stroke::NONE));
}

fn texts(ui: &mut Ui, state: &State, actions: &Actions) {
    let all = ui.available_width();
    let Some(pair) = &state.scene.pair else {
        sentence(ui, state, actions, all);
        return;
    };
    let close = CONTROL;
    let each = (all - close - 2.0 * ui.spacing().item_spacing.x) / 2.0;
    sentence(ui, state, actions, each);
    let free = state.imported.is_none();
    let mut second = pair.clone();
    let other = field(&mut second, EN.second_hint, each).id(second_id());
    let other = widgets::named(ui.add_enabled(free, other), EN.second);
    if other.on_disabled_hover_text(FILES.from_file_note).changed() {
        actions.ask(Action::Pair(Some(second)));
    }
    let remove = ui.add_enabled(free, Button::new("\u{d7}").min_size(Vec2::splat(close)));
    if widgets::named(remove, EN.remove_second).on_hover_text(EN.remove_second).clicked() {
        actions.ask(Action::Pair(None));
    }
}

/// The field of the sentence. It takes a link also where the text belongs to a file of attention.
fn sentence(ui: &mut Ui, state: &State, actions: &Actions, width: f32) {
    let mut text = state.scene.text.clone();
    let field = field(&mut text, EN.sentence_hint, width).id(sentence_id());
    let mut field = widgets::named(ui.add(field), EN.sentence);
    if state.imported.is_some() {
        field = field.on_hover_text(FILES.from_file_note);
    }
    if field.changed() {
        actions.ask(Action::Text(text));
    }
}

fn field<'a>(text: &'a mut String, hint: &'static str, width: f32) -> TextEdit<'a> {
    TextEdit::singleline(text)
        .hint_text(hint)
        .desired_width(width - 10.0)
        .align(egui::Align2::LEFT_CENTER)
        .min_size(Vec2::new(0.0, CONTROL))
}

/// Examples at the left; what is left out, at the right.
pub fn row(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    ui.horizontal_centered(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            more(ui, actions);
            filter(ui, state, actions);
            hide(ui, state, actions, canvas);
            meaning(ui, state, actions);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                for example in &state.examples {
                    let name = match example.lesson {
                        Lesson::PreviousWord => EN.previous_word,
                        Lesson::VerbObject => EN.verb_object,
                        Lesson::FillBlank => EN.fill_blank,
                        Lesson::TwoSentences => EN.two_sentences,
                        Lesson::Chinese => EN.chinese,
                    };
                    let tip = match &example.pair {
                        Some(pair) => format!("{} | {pair}", example.text),
                        None => example.text.clone(),
                    };
                    if ui.button(name).on_hover_text(tip).clicked() {
                        actions.ask(Action::Example(example.clone()));
                    }
                }
            });
        });
    });
}

fn hide(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    let specials = state.specials();
    if specials.is_empty() {
        return;
    }
    // What hiding takes away, whether or not it is on.
    let removed = canvas.on_special(state);
    let filter = state.scene.look.filter;
    let what = match filter.special {
        Special::Show => fill(EN.would_remove, &[&percent(removed)]),
        Special::Hide => fill(EN.removed, &[&percent(removed)]),
        Special::Renormalise => fill(EN.removed_rescaled, &[&percent(removed)]),
    };
    let name = fill(EN.hide, &[&specials]);
    let on = filter.special != Special::Show;
    let button = Button::selectable(on, format!("{name}: {what}"));
    let button = button.min_size(Vec2::new(236.0, CONTROL)).frame_when_inactive(true);
    let tip = format!("{} {}", EN.hide_tip, Command::HideSpecial.tooltip(ui.ctx()));
    if widgets::named(ui.add(button), &name).on_hover_text(tip).clicked() {
        actions.ask(Action::Do(Command::HideSpecial));
    }
}

/// The meaning of all numbers.
fn meaning(ui: &mut Ui, state: &State, actions: &Actions) {
    let now = state.scene.look.meaning;
    let button = Button::new(words::meaning(now)).min_size(Vec2::new(0.0, CONTROL));
    let button = widgets::named(ui.add(button), EN.meaning).on_hover_text(EN.meaning_tip);
    // A gradient needs a target, so the list stays open for it.
    egui::Popup::menu(&button).close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        for &meaning in Meaning::ALL {
            let entry = Button::selectable(meaning == now, words::meaning(meaning));
            if ui.add(entry).on_hover_text(words::meaning_tip(meaning)).clicked() {
                actions.ask(Action::Mean(meaning));
                if meaning != Meaning::Gradient {
                    ui.close();
                }
            }
        }
        if now == Meaning::Gradient {
            ui.separator();
            egui::Frame::new().inner_margin(8.0).show(ui, |ui| {
                ui.set_width(264.0);
                ui.vertical(|ui| super::target::picker(ui, state, actions));
            });
        }
    });
}

/// Everything that is left out before something is drawn; the button says the threshold.
fn filter(ui: &mut Ui, state: &State, actions: &Actions) {
    let now = state.scene.look.filter;
    let label = views::threshold_label(now.threshold);
    let button = ui.add(Button::new(label).min_size(Vec2::new(80.0, CONTROL))).on_hover_text(EN.filter_tip);
    egui::Popup::menu(&button).close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        let mut next = now;
        egui::Frame::new().inner_margin(8.0).show(ui, |ui| {
            ui.set_width(272.0);
            // A menu justifies its lines; these are read.
            ui.vertical(|ui| sections(ui, state, &mut next));
        });
        if next != now {
            actions.ask(Action::Filter(next));
        }
    });
}

fn sections(ui: &mut Ui, state: &State, next: &mut Filter) {
    widgets::heading(ui, EN.threshold);
    threshold(ui, &mut next.threshold, state.weights().map_or(1.0, |w| w.unit()));
    ui.separator();
    widgets::heading(ui, EN.special);
    let choices = [
        (Special::Show, EN.special_show),
        (Special::Hide, EN.special_hide),
        (Special::Renormalise, EN.special_renormalise),
    ];
    widgets::choice(ui, &mut next.special, &choices, EN.special_section_tip);
    if state.scene.pair.is_some() {
        ui.separator();
        widgets::heading(ui, EN.pairs);
        let choices: Vec<_> = Pairs::ALL.iter().map(|&p| (p, views::pairs_label(p))).collect();
        widgets::choice(ui, &mut next.pairs, &choices, EN.pairs_tip);
    }
    ui.separator();
    ui.checkbox(&mut next.words, EN.words).on_hover_text(Command::Words.tooltip(ui.ctx()));
    widgets::muted(ui, EN.words_tip);
}

/// How the threshold is said, and its number; values are up to `unit` large.
fn threshold(ui: &mut Ui, threshold: &mut Threshold, unit: f32) {
    let kind = std::mem::discriminant(threshold);
    ui.horizontal(|ui| {
        let kinds = [
            (Threshold::Mass(0.7), EN.threshold_mass),
            (Threshold::AtLeast(0.1 * unit), EN.threshold_least),
            (Threshold::Top(3), EN.threshold_count),
        ];
        for (start, label) in kinds {
            let chosen = std::mem::discriminant(&start) == kind;
            if ui.add(Button::selectable(chosen, label).frame_when_inactive(true)).clicked() && !chosen {
                *threshold = start;
            }
        }
    });
    let (slider, name, tip) = match threshold {
        Threshold::Mass(share) => {
            let percents = move |set: Option<f64>| {
                if let Some(set) = set {
                    *share = set as f32 / 100.0;
                }
                f64::from(*share) * 100.0
            };
            let slider = Slider::from_get_set(0.0..=100.0, percents).step_by(1.0).suffix(" %");
            (slider, EN.share_of_row, EN.top_tip)
        }
        Threshold::AtLeast(least) => {
            let smallest = f64::from(unit) * 1e-5;
            let slider = Slider::new(least, 0.0..=unit).logarithmic(true).smallest_positive(smallest);
            let slider = slider.custom_formatter(|value, _| short(value as f32));
            (slider.clamping(egui::SliderClamping::Never), EN.threshold_least, EN.least_tip)
        }
        Threshold::Top(count) => (Slider::new(count, 1..=50), EN.threshold_count, EN.count_tip),
    };
    ui.spacing_mut().slider_width = 190.0;
    widgets::slide(ui, slider, name);
    widgets::muted(ui, tip);
}

fn more(ui: &mut Ui, actions: &Actions) {
    let button = ui.button(EN.more).on_hover_text(EN.more_tip);
    egui::Popup::menu(&button).show(|ui| {
        ui.set_min_width(220.0);
        let groups: [&[Command]; 4] = [
            &[Command::Overview, Command::GridOnly, Command::HeadOnly, Command::Tiles],
            &[Command::ShapeTrace, Command::CopyPicture, Command::CopyGrid, Command::CopyValues, Command::Export],
            &[Command::Projector, Command::SwitchTheme, Command::Settings],
            &[Command::Models, Command::OpenFolder],
        ];
        for (i, group) in groups.into_iter().enumerate() {
            if i > 0 {
                ui.separator();
            }
            for &command in group {
                let keys = ui.ctx().format_shortcut(&command.shortcut());
                let item = Button::new(command.label()).shortcut_text(keys).min_size(Vec2::new(220.0, CONTROL));
                if widgets::named(ui.add(item.frame_when_inactive(false)), command.label())
                    .on_hover_text(command.tip())
                    .clicked()
                {
                    actions.ask(Action::Do(command));
                    ui.close();
                }
            }
        }
    });
}
