//! The table of heads and its evidence, as a person uses them.
#![cfg(feature = "gui")]

mod window;

use egui::Key;
use egui_kittest::kittest::{NodeT, Queryable};
use lexiscope::analysis::heads::Table;
use lexiscope::gui::action::Action;
use lexiscope::gui::scene::View;
use lexiscope::gui::settings::{Settings, Theme};
use std::path::Path;
use window::{Window, open, settle};

fn click(window: &mut Window, label: &str) {
    window.get_by_label(label).click();
    settle(window);
}

fn show(window: &mut Window, view: View) {
    window.state().ask(Action::Show(view));
    settle(window);
}

fn first() -> Window {
    open([1280.0, 800.0], 1.0, Settings::default())
}

/// A window with the heads of the hand-made treebank.
fn measured(settings: Settings, size: [f32; 2]) -> Window {
    let mut window = open(size, 1.0, settings);
    show(&mut window, View::Heads);
    click(&mut window, "Corpus");
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/treebank.conllu");
    window.get_by_label("Corpus file").focus();
    settle(&mut window);
    window.get_by_label("Corpus file").type_text(&corpus.to_string_lossy());
    settle(&mut window);
    click(&mut window, "Measure");
    window
}

#[test]
fn a_text_has_a_row_for_each_head_that_sorts_filters_and_selects() {
    let mut window = first();
    window.key_press(Key::I);
    settle(&mut window);
    window.get_by_label("9 words of this text; no interval on a single text");
    window.get_by_label("Row L0\u{b7}H0");
    // What the largest is, is known from the run itself.
    let table = Table::of_run(window.state().state().run().expect("a run"));
    let previous = |i: usize| table.rows[i].measures.get(lexiscope::analysis::measures::Measure::Previous);
    let best = (0..32).max_by(|&a, &b| previous(a).partial_cmp(&previous(b)).expect("numbers")).expect("heads");
    click(&mut window, "Sort by previous");
    let name = format!("Row L{}\u{b7}H{}", table.rows[best].layer, table.rows[best].head);
    let top = window.get_by_label(&name).rect().top();
    let other = format!("Row L{}\u{b7}H{}", table.rows[(best + 1) % 32].layer, table.rows[(best + 1) % 32].head);
    assert!(window.query_by_label(&other).is_none_or(|row| row.rect().top() > top), "the largest come first");
    click(&mut window, &name);
    assert_eq!(window.state().state().scene.head, (table.rows[best].layer, table.rows[best].head));
}

#[test]
fn a_head_is_found_as_papers_write_it() {
    let mut window = first();
    window.key_press(Key::Slash);
    settle(&mut window);
    window.get_by_label("Find heads").type_text("3-1");
    settle(&mut window);
    window.get_by_label("Read as in papers, counted from 1: L2\u{b7}H0");
    window.get_by_label("Row L2\u{b7}H0");
    assert!(window.query_by_label("Row L0\u{b7}H0").is_none());
    window.key_press(Key::Enter);
    settle(&mut window);
    assert_eq!(window.state().state().scene.head, (2, 0));
    window.get_by_label("L2\u{b7}H0 \u{b7} papers: 3-1");
}

#[test]
fn a_corpus_gives_relations_and_evidence_that_opens() {
    let mut window = measured(Settings::default(), [1280.0, 800.0]);
    assert!(window.state().state().problem.is_none());
    let (layer, head) = window.state().state().scene.head;
    window.get_by_label(&format!("Relations of L{layer}\u{b7}H{head}"));
    show(&mut window, View::Evidence);
    window.get_by_label("Strongest");
    window.get_by_label("Random");
    let edge = window
        .get_all_by_role(egui::accesskit::Role::Button)
        .find_map(|node| node.accesskit_node().label().filter(|label| label.starts_with("Strongest: ")));
    let edge = edge.expect("an edge");
    let query = edge.trim_start_matches("Strongest: ").split(" to ").next().expect("a word").to_owned();
    click(&mut window, &edge);
    let state = window.state().state();
    let run = state.run().expect("a run");
    assert_eq!(state.scene.look.view, View::Lines);
    assert_ne!(state.scene.text, lexiscope::gui::FIRST);
    assert_eq!((run.ask.text.as_str(), state.scene.head), (state.scene.text.as_str(), (layer, head)));
    let pinned = state.scene.pinned.expect("the query is pinned").token();
    assert_eq!(run.tokens.shown(pinned), query);
}

#[test]
fn a_corpus_that_is_none_says_why() {
    let mut window = first();
    show(&mut window, View::Heads);
    click(&mut window, "Corpus");
    window.get_by_label("No corpus has been read yet.");
    window.get_by_label("Corpus file").focus();
    settle(&mut window);
    window.get_by_label("Corpus file").type_text("/no/such/file.txt");
    settle(&mut window);
    click(&mut window, "Measure");
    let problem = window.state().state().problem.as_ref().expect("a problem");
    assert!(problem.error.to_string().contains("/no/such/file.txt"), "{}", problem.error);
}

#[test]
fn both_views_draw_at_every_size_in_both_themes() {
    for theme in [Theme::Dark, Theme::Light] {
        for size in [[800.0, 520.0], [1920.0, 1080.0]] {
            let mut window = measured(Settings { theme, ..Settings::default() }, size);
            show(&mut window, View::Evidence);
            click(&mut window, "From");
            for text in ["Word ".repeat(600), String::new(), "\u{5317}\u{4eac}".to_owned()] {
                window.state().ask(Action::Text(text));
                settle(&mut window);
                show(&mut window, View::Heads);
                show(&mut window, View::Evidence);
            }
        }
    }
}
