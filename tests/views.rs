//! Every view with nothing, something and as much as a model reads in it, in English and Chinese, dark and light.
//!
//! `LEXISCOPE_PICTURES=folder cargo test --test views` writes what is drawn to that folder, to be looked at.
#![cfg(feature = "gui")]

mod window;

use egui_kittest::kittest::{NodeT, Queryable};
use lexiscope::figure::lines::Focus;
use lexiscope::gui::action::Action;
use lexiscope::gui::scene::{Arrangement, View};
use lexiscope::gui::settings::{Settings, Theme};
use std::path::Path;
use window::{Window, open, settle};

const LENGTHS: [usize; 3] = [12, 128, 512];

fn ask(window: &mut Window, action: Action) {
    window.state().ask(action);
    settle(window);
}

/// A text of about so many tokens of the bundled model.
fn text(language: &str, tokens: usize) -> String {
    let sentences = match language {
        "en" => ["The old lady quickly opened the heavy door.", "She was tired, and he had come to see her."],
        _ => ["老太太打开了门。", "天在下雨。"],
    };
    let mut text = String::new();
    for sentence in sentences.iter().cycle() {
        let room = tokens - 2 - count(&text);
        match language {
            "en" if count(sentence) <= room => text = format!("{text} {sentence}"),
            "zh" if count(sentence) <= room => text += sentence,
            _ => break,
        }
    }
    text.trim().to_owned()
}

/// Words and marks; in Chinese, characters.
fn count(text: &str) -> usize {
    let marks = text.chars().filter(|c| ".,，。".contains(*c)).count();
    if text.is_ascii() { text.split_whitespace().count() + marks } else { text.chars().count() }
}

/// Draws what is there, and writes it where somebody wants to look at it.
fn draw(window: &mut Window, name: &str) {
    let problem = window.state().state().problem.as_ref().map(|p| format!("{}: {}", p.title, p.error));
    assert_eq!(problem, None, "{name}");
    if let Some(folder) = std::env::var_os("LEXISCOPE_PICTURES") {
        window.remove_cursor();
        settle(window);
        let image = window.render().expect("the window can be drawn");
        image.save(Path::new(&folder).join(format!("{name}.png"))).expect("the picture can be written");
    }
}

/// Shows a view and computes what it waits for.
fn show(window: &mut Window, view: View) {
    ask(window, Action::Show(view));
    if view == View::Compare
        && window.query_by_label("Sentence B").is_some_and(|b| b.value().is_none_or(|v| v.is_empty()))
    {
        window.get_by_label("Sentence B").focus();
        settle(window);
        window.get_by_label("Sentence B").type_text("The young man closed the heavy window.");
        settle(window);
    }
    let tokens = window.state().state().run().map_or(0, |run| run.tokens.len());
    let start = match view {
        // Every head alone on a long text takes longer than a look at it is worth.
        View::Effects if tokens <= 128 => "Compute effects",
        View::Compare => "Compare now",
        _ => return,
    };
    if window.query_by_label(start).is_some_and(|button| !button.accesskit_node().is_disabled()) {
        window.get_by_label(start).click();
        settle(window);
    }
}

fn every_view(theme: Theme, language: &str) {
    let mut window = open([1280.0, 800.0], 1.0, Settings { theme, ..Settings::default() });
    for tokens in LENGTHS {
        ask(&mut window, Action::Text(text(language, tokens)));
        let read = window.state().state().run().expect("a run").tokens.len();
        assert!(read.abs_diff(tokens) * 3 <= tokens, "{read} tokens in place of {tokens}");
        ask(&mut window, Action::Pin(Focus::Query(3)));
        let name = |what: &str| format!("{what}-{language}-{tokens}-{theme:?}").to_lowercase();
        for view in View::ALL {
            show(&mut window, *view);
            draw(&mut window, &name(&format!("{view:?}")));
        }
        ask(&mut window, Action::Arrange(Arrangement::Grid));
        draw(&mut window, &name("all-heads"));
        ask(&mut window, Action::Arrange(Arrangement::Overview));
    }
    ask(&mut window, Action::Text(String::new()));
    for view in View::ALL {
        show(&mut window, *view);
        draw(&mut window, &format!("{view:?}-empty-{theme:?}").to_lowercase());
    }
}

#[test]
fn every_view_draws_english_in_the_dark() {
    every_view(Theme::Dark, "en");
}

#[test]
fn every_view_draws_english_in_the_light() {
    every_view(Theme::Light, "en");
}

#[test]
fn every_view_draws_chinese_in_the_dark() {
    every_view(Theme::Dark, "zh");
}

#[test]
fn every_view_draws_chinese_in_the_light() {
    every_view(Theme::Light, "zh");
}
