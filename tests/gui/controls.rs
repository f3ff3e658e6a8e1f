//! Every control that no other window test touches, found by the name that a screen reader reads out, and what it does.

use crate::hand::{ask, click, first, press, state};
use crate::window::{Window, settle};
use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;
use lexiscope::analysis::filter::{Pairs, Special, Threshold};
use lexiscope::analysis::measures::Measure;
use lexiscope::engine::Cut;
use lexiscope::figure::lines::Focus;
use lexiscope::figure::order::{Along, Sorting};
use lexiscope::gui::action::{Action, Sheet};
use lexiscope::gui::scene::{Arrangement, View};
use lexiscope::gui::settings::Theme;

/// Opens the menu of what is called so.
fn menu(window: &mut Window, label: &str) {
    window.get_by_label(label).click_secondary();
    settle(window);
}

/// Clicks an entry of an open menu; the inspector at the right may have a button that is called the same.
fn entry(window: &mut Window, label: &str) {
    let is_in_menu = |node: &egui_kittest::Node<'_>| node.rect().left() < 1000.0;
    window.get_all_by_label(label).find(is_in_menu).expect("an entry").click();
    settle(window);
}

/// Opens the list of what is left out.
fn left_out(window: &mut Window) {
    window.get_by_label("Top 70 %").click();
    settle(window);
}

fn threshold(window: &Window) -> Threshold {
    window.state().state().scene.look.filter.threshold
}

fn set(window: &mut Window, slider: &str, value: f64) {
    window.get_by_role_and_label(Role::Slider, slider).set_value_accesskit(value);
    settle(window);
}

#[test]
fn arrows_move_the_slider_that_has_the_focus_and_else_go_from_head_to_head() {
    let mut window = first();
    left_out(&mut window);
    let head = state(&window).scene.head;
    for (slider, button, step) in
        [("Share of each row", None, Threshold::Mass(0.71)), ("Count", Some("Count"), Threshold::Top(4))]
    {
        if let Some(button) = button {
            window.get_by_role_and_label(Role::Button, button).click();
            settle(&mut window);
        }
        let before = threshold(&window);
        window.get_by_role_and_label(Role::Slider, slider).focus();
        settle(&mut window);
        press(&mut window, Key::ArrowRight);
        assert_eq!(threshold(&window), step);
        press(&mut window, Key::ArrowLeft);
        let is_back = match (threshold(&window), before) {
            (Threshold::Mass(a), Threshold::Mass(b)) => (a - b).abs() < 1e-6,
            (a, b) => a == b,
        };
        assert!(is_back, "{:?} {before:?}", threshold(&window));
        assert_eq!(state(&window).scene.head, head, "the head stays");
    }
    press(&mut window, Key::Escape);
    press(&mut window, Key::ArrowRight);
    assert_eq!(state(&window).scene.head, (head.0, head.1 + 1));
}

#[test]
fn the_threshold_has_three_ways_and_a_slider_for_each() {
    let mut window = first();
    left_out(&mut window);
    set(&mut window, "Share of each row", 40.0);
    let Threshold::Mass(share) = threshold(&window) else { panic!("a share") };
    assert!((share - 0.4).abs() < 1e-6, "{share}");
    window.get_by_role_and_label(Role::Button, "Count").click();
    settle(&mut window);
    set(&mut window, "Count", 2.0);
    assert_eq!(threshold(&window), Threshold::Top(2));
    // Two of each of the nine words.
    window.get_by_label_contains("18 of 81 edges");
    window.get_by_role_and_label(Role::Button, "At least").click();
    settle(&mut window);
    set(&mut window, "At least", 0.5);
    assert_eq!(threshold(&window), Threshold::AtLeast(0.5));
}

#[test]
fn special_tokens_words_and_sentences_are_chosen_in_the_list() {
    let mut window = first();
    left_out(&mut window);
    click(&mut window, "Hide and rescale");
    assert_eq!(window.state().state().scene.look.filter.special, Special::Renormalise);
    click(&mut window, "Words, not pieces");
    assert!(window.state().state().scene.look.filter.words);
    assert!(window.query_by_label("A \u{2192} B").is_none(), "there is one sentence");
    ask(&mut window, Action::Pair(Some("She smiled.".to_owned())));
    if window.query_by_label("A \u{2192} B").is_none() {
        left_out(&mut window);
    }
    click(&mut window, "A \u{2192} B");
    assert_eq!(window.state().state().scene.look.filter.pairs, Pairs::AB);
    // A single sentence has no such choice: everything is shown again.
    ask(&mut window, Action::Pair(None));
    window.get_by_label_contains("of 81 edges");
}

#[test]
fn the_menu_of_a_token_pins_masks_and_replaces_it() {
    let mut window = first();
    menu(&mut window, "Query 5 opened");
    let label = if window.state().state().scene.pinned == Some(Focus::Query(5)) { "Unpin" } else { "Pin" };
    let before = window.state().state().scene.pinned;
    click(&mut window, label);
    assert_ne!(window.state().state().scene.pinned, before);
    menu(&mut window, "Query 5 opened");
    entry(&mut window, "Mask this word");
    assert_eq!(window.state().state().scene.masked, [5]);
    menu(&mut window, "Query 3 lady");
    click(&mut window, "Replace by\u{2026}");
    assert_eq!(window.state().state().sheet, Some(Sheet::Replace(3)));
}

#[test]
fn the_menu_of_an_edge_cuts_it_here_or_in_the_whole_layer() {
    let mut window = first();
    ask(&mut window, Action::Select((1, 1)));
    ask(&mut window, Action::Filter(lexiscope::analysis::filter::Filter::nothing()));
    if window.state().state().scene.pinned != Some(Focus::Query(5)) {
        click(&mut window, "Query 5 opened");
    }
    menu(&mut window, "Key 8 door");
    click(&mut window, "Cut this edge");
    assert_eq!(window.state().state().scene.cuts, [Cut { layer: 1, head: Some(1), query: 5, key: 8 }]);
    let run = window.state().state().run().expect("a run").clone();
    let n = run.tokens.len();
    assert_eq!(run.head(1, 1)[5 * n + 8], 0.0);
    assert!(run.head(1, 0)[5 * n + 8] > 0.0);
    menu(&mut window, "Key 7 heavy");
    click(&mut window, "Cut it in every head of the layer");
    let run = window.state().state().run().expect("a run").clone();
    assert!((0..8).all(|head| run.head(1, head)[5 * n + 7] == 0.0));
    assert!((0..8).all(|head| run.head(0, head)[5 * n + 7] > 0.0), "only this layer");
}

#[test]
fn the_menu_of_a_head_turns_it_off() {
    let mut window = first();
    menu(&mut window, "Head L2\u{b7}H3");
    entry(&mut window, "Turn this head off");
    assert_eq!(window.state().state().scene.heads_off, [(2, 3)]);
    assert_eq!(window.state().state().run().expect("a run").ask.off.len(), 1);
}

#[test]
fn all_heads_are_ordered_by_a_measure_along_layers_too() {
    let mut window = first();
    ask(&mut window, Action::Arrange(Arrangement::Grid));
    click(&mut window, "Order");
    click(&mut window, "entropy");
    click(&mut window, "Order");
    click(&mut window, "Layers, by their mean");
    let Sorting { by, along } = window.state().state().scene.look.sorting;
    assert_eq!((by.map(Measure::name), along), (Some("entropy"), Along::Layers));
}

#[test]
fn settings_choose_theme_device_and_memory() {
    let mut window = first();
    ask(&mut window, Action::Sheet(Some(Sheet::Settings)));
    click(&mut window, "Light");
    assert_eq!(window.state().state().settings.theme, Theme::Light);
    assert_eq!(window.ctx.theme(), egui::Theme::Light);
    click(&mut window, "cpu");
    assert_eq!(window.state().state().settings.device, lexiscope::engine::device::Choice::Cpu);
    let memory = window.get_by_role_and_label(Role::SpinButton, "Memory for results (MB)");
    memory.set_value_accesskit(500.0);
    settle(&mut window);
    assert_eq!(window.state().state().settings.budget_mb, 500);
}

#[test]
fn a_chosen_path_and_a_button_write_the_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = first();
    ask(&mut window, Action::Show(View::Heatmap));
    ask(&mut window, Action::Sheet(Some(Sheet::Export)));
    let path = folder.path().join("head.svg");
    let field = window.get_by_role_and_label(Role::TextInput, "File");
    field.focus();
    settle(&mut window);
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    window.get_by_role_and_label(Role::TextInput, "File").type_text(&path.to_string_lossy());
    settle(&mut window);
    click(&mut window, "Save");
    let svg = std::fs::read_to_string(&path).expect("it was written");
    assert!(svg.contains("<svg") && svg.contains("opened"), "text stays text");
}
