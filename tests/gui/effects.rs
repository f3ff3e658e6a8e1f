//! Interventions and their effects in the window, found by the names that a screen reader reads out.

use crate::hand::{ask, click, first, press};
use crate::window::{Window, settle};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use lexiscope::analysis::meaning::Meaning;
use lexiscope::engine::{Ablation, Ask, Cut, Run, Target, With};
use lexiscope::figure::lines::Focus;
use lexiscope::gui::Command;
use lexiscope::gui::action::{Action, Sheet};
use lexiscope::gui::changes;
use lexiscope::gui::scene::View;
use lexiscope::trace::Control;
use std::sync::Arc;

#[test]
fn every_change_is_a_chip_that_takes_it_back() {
    let mut window = first();
    ask(&mut window, Action::Select((1, 1)));
    press(&mut window, Key::K);
    let cut = Cut { layer: 1, head: Some(1), query: 5, key: 8 };
    ask(&mut window, Action::Change(changes::Ask::Cut(vec![cut])));
    ask(&mut window, Action::Change(changes::Ask::Replace(3, "man".into())));
    ask(&mut window, Action::Mask(2));
    let run = window.state().state().run().expect("a run").clone();
    assert_eq!(run.tokens.pieces[3].piece, "man");
    assert_eq!(run.head(1, 1)[5 * run.tokens.len() + 8], 0.0);
    assert!(window.state().state().before.as_ref().is_some_and(|b| b.ask.is_plain()), "the run before is kept");
    for chip in ["old masked", "lady \u{2192} man", "L1\u{b7}H1 off (mean)", "L1\u{b7}H1: opened \u{219b} door"] {
        assert!(window.state().state().is_changed());
        click(&mut window, &format!("Take back {chip}"));
    }
    assert!(!window.state().state().is_changed());
    assert!(window.state().state().run().expect("a run").ask.is_plain());
    // What was taken back comes again, and all of it goes at once.
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    settle(&mut window);
    assert!(window.state().state().is_changed());
    click(&mut window, "Clear all");
    assert!(!window.state().state().is_changed());
}

/// What the shown run is held against.
fn unchanged(window: &Window) -> Arc<Run> {
    window.state().state().unchanged().expect("a run without changes").clone()
}

#[test]
fn a_change_is_held_against_its_own_sentence() {
    let mut window = first();
    let text = window.state().state().scene.text.clone();
    ask(&mut window, Action::HeadOff((1, 1)));
    // Undo keeps what stood there for a second.
    (0..8).for_each(|_| window.step());
    ask(&mut window, Action::Text("The young man slept.".to_owned()));
    assert_eq!(unchanged(&window).ask.text, "The young man slept.");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    settle(&mut window);
    assert!(window.state().state().is_changed());
    let (before, run) = (unchanged(&window), window.state().state().run().expect("a run").clone());
    assert_eq!((before.ask.text.as_str(), run.ask.text.as_str()), (text.as_str(), text.as_str()));
    assert!(before.ask.is_plain() && !run.ask.is_plain());
}

#[test]
fn a_session_with_changes_finds_what_was_before_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.lexiscope.json");
    let scene = serde_json::json!({ "text": "The young man slept.", "heads_off": [[0, 1]], "masked": [2] });
    let session = serde_json::json!({ "lexiscope_session": 1, "model": null, "scene": scene });
    std::fs::write(&path, session.to_string()).expect("it is written");
    let mut window = first();
    ask(&mut window, Action::Open(path.to_string_lossy().into_owned()));
    let state = window.state().state();
    assert_eq!(state.run().expect("a run").ask.masked, [2]);
    assert_eq!(unchanged(&window).ask.text, "The young man slept.");
    assert!(unchanged(&window).ask.is_plain());
    window.get_by_label("Take back young masked");
}

#[test]
fn what_cannot_be_run_is_not_claimed() {
    let mut window = first();
    let n = window.state().state().run().expect("a run").tokens.len();
    let row: Vec<Cut> = (0..n).map(|key| Cut { layer: 1, head: None, query: 2, key }).collect();
    ask(&mut window, Action::HeadOff((0, 0)));
    ask(&mut window, Action::Change(changes::Ask::Cut(row)));
    let state = window.state().state();
    let problem = state.problem.as_ref().expect("a row keeps an edge").error.to_string();
    assert!(problem.contains("would attend to nothing"), "{problem}");
    assert_eq!((state.scene.cuts.len(), state.scene.heads_off.as_slice()), (0, [(0, 0)].as_slice()));
    assert!(!state.is_stale(), "what is shown is what stands there");
    ask(&mut window, Action::Dismiss);
    // What is stopped before it came is not there either.
    for action in [Action::HeadOff((2, 2)), Action::Mask(3), Action::Mean(Meaning::Scores)] {
        window.state().ask(action);
        ask(&mut window, Action::Do(Command::Stop));
        let state = window.state().state();
        assert!(!state.is_stale() && state.scene.masked.is_empty());
        assert_eq!((state.scene.look.meaning, state.scene.heads_off.as_slice()), (Meaning::Raw, [(0, 0)].as_slice()));
    }
}

#[test]
fn a_head_is_turned_off_by_its_mean_or_to_zero() {
    let mut window = first();
    ask(&mut window, Action::Select((2, 3)));
    click(&mut window, "Turn this head off");
    let off = |window: &Window| window.state().state().run().expect("a run").ask.off.clone();
    assert_eq!(off(&window)[0].with, With::Mean);
    click(&mut window, "To zero");
    assert_eq!(off(&window)[0].with, With::Zero);
    window.get_by_label("Take back L2\u{b7}H3 off (zero)");
    click(&mut window, "Turn this head on again");
    assert!(off(&window).is_empty());
}

#[test]
fn a_token_is_replaced_by_what_is_typed() {
    let mut window = first();
    ask(&mut window, Action::Sheet(Some(Sheet::Replace(3))));
    window.get_by_label("Replace \u{201c}lady\u{201d} by");
    window.get_by_label("Other token").type_text("Qxzjw");
    settle(&mut window);
    press(&mut window, Key::Enter);
    assert_eq!(window.state().state().sheet, Some(Sheet::Replace(3)), "what is no token replaces none");
    for _ in 0..5 {
        press(&mut window, Key::Backspace);
    }
    window.get_by_label("Other token").type_text("Man");
    settle(&mut window);
    press(&mut window, Key::Enter);
    let state = window.state().state();
    assert_eq!((state.sheet, state.scene.replaced.as_slice()), (None, [(3, "man".to_owned())].as_slice()));
}

#[test]
fn the_map_of_effects_has_the_engine_s_numbers() {
    let mut window = first();
    press(&mut window, Key::Escape);
    press(&mut window, Key::E);
    assert_eq!(window.state().state().scene.look.view, View::Effects);
    click(&mut window, "Pooled");
    click(&mut window, "Compute effects");
    let state = window.state().state();
    let work = state.views.effects.left_out.as_ref().expect("a map");
    assert_eq!((work.done(), work.total()), (32, 32));
    let (model, text) = (state.model.as_ref().expect("a model"), state.scene.text.clone());
    let wanted = Ablation::new(model, &Ask::new(text), Target::Pooled, With::Mean, &Control::default(), |_| {})
        .expect("effects");
    let wanted: Vec<f32> = wanted.effects.iter().map(|&e| e as f32).collect();
    assert_eq!(work.board().heads, wanted);
    window.get_by_label("Effect of each head on the pooled embedding");
    // Another question is asked: what is shown says that it is old.
    click(&mut window, "Turned off: To zero");
    window.get_by_label("Something was changed since: compute again.");
}

#[test]
fn patching_compares_the_sentence_with_a_corrupt_one() {
    let mut window = first();
    ask(&mut window, Action::Pin(Focus::Query(8)));
    ask(&mut window, Action::Show(View::Effects));
    click(&mut window, "Patching");
    window.get_by_label("Corrupt sentence").click();
    settle(&mut window);
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.get_by_label("Corrupt sentence").type_text("The old lady quickly closed the heavy door.");
    settle(&mut window);
    click(&mut window, "Compute effects");
    let state = window.state().state();
    let work = state.views.effects.patched.as_ref().expect("maps");
    assert_eq!((work.done(), work.differs.as_slice()), (work.total(), [5].as_slice()));
    let board = work.board();
    assert!(board.tokens.iter().chain(&board.heads).all(|v| v.is_finite()));
    // All that the corrupt word says goes through its own position before the first layer mixes tokens.
    let n = work.tokens.len();
    let largest = (0..n).max_by(|&a, &b| board.tokens[a].total_cmp(&board.tokens[b])).expect("tokens");
    assert_eq!(largest, 5, "{:?}", &board.tokens[..n]);
}
