//! What a person chooses to see: filters, undo and redo, keys.

use crate::hand::{click, first, press_with, state};
use crate::window::{Window, settle};
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use lexiscope::analysis::filter::{Filter, Pairs, Special, Threshold};
use lexiscope::analysis::meaning::Meaning;
use lexiscope::figure::lines::Focus;
use lexiscope::gui::action::Action;

/// A change counts as one once it has rested for a second.
fn later(window: &mut Window) {
    for _ in 0..90 {
        window.step();
    }
    settle(window);
}

/// What the caption under the heading says.
fn caption(window: &Window) -> String {
    let nodes = window.get_all_by_label_contains("of the mass");
    let node = nodes.last().expect("a caption").accesskit_node();
    node.label().or(node.value()).expect("a text")
}

#[test]
fn the_threshold_has_three_kinds_and_the_caption_says_what_is_left() {
    let mut window = first();
    let n = state(&window).run().expect("a run").tokens.len();
    let all = (n - 2) * (n - 2);
    assert!(caption(&window).contains(&format!("of {all} edges")), "{}", caption(&window));
    click(&mut window, "Top 70 %");
    click(&mut window, "Count");
    assert_eq!(state(&window).scene.look.filter.threshold, Threshold::Top(3));
    assert!(caption(&window).contains(&format!("{} of {all} edges", 3 * (n - 2))), "{}", caption(&window));
    click(&mut window, "At least");
    let Threshold::AtLeast(least) = state(&window).scene.look.filter.threshold else { panic!("another kind") };
    let values = state(&window).values();
    let special = |i: usize| state(&window).run().expect("a run").tokens.pieces[i].special;
    let kept = (0..n * n).filter(|i| !special(i / n) && !special(i % n) && values[*i] >= least).count();
    assert!(caption(&window).contains(&format!("{kept} of {all} edges")), "{}", caption(&window));
}

#[test]
fn special_tokens_are_shown_hidden_or_rescaled() {
    let mut window = first();
    let hidden = caption(&window);
    assert!(hidden.contains("special tokens took"), "{hidden}");
    click(&mut window, "Hide [CLS] [SEP]");
    assert!(!caption(&window).contains("special tokens"), "{}", caption(&window));
    click(&mut window, "Top 70 %");
    click(&mut window, "Hide and rescale");
    assert_eq!(state(&window).scene.look.filter.special, Special::Renormalise);
    assert!(caption(&window).contains("rows rescaled"));
    // The share that is said to be gone is the mass of the words' rows on special tokens, whether or not it is shown.
    let run = state(&window).run().expect("a run").clone();
    let (layer, head) = state(&window).scene.head;
    let (n, own) = (run.tokens.len(), |i: &usize| !run.tokens.pieces[*i].special);
    let weights = run.head(layer, head);
    let rows: Vec<usize> = (0..n).filter(own).collect();
    let on_words: f32 = rows.iter().flat_map(|q| rows.iter().map(move |k| weights[q * n + k])).sum();
    let taken = format!("{:.0} %", 100.0 * (1.0 - on_words / rows.len() as f32));
    assert!(hidden.contains(&format!("special tokens took {taken}")), "{hidden} {taken}");
    assert!(caption(&window).contains(&format!("special tokens took {taken}, rows rescaled")), "{}", caption(&window));
}

#[test]
fn words_stand_for_their_pieces() {
    let mut window = first();
    window.state().ask(Action::Text("The uninterpretability of it.".into()));
    settle(&mut window);
    let run = state(&window).run().expect("a run").clone();
    let word = run.tokens.words().into_iter().find(|w| w.len() > 1).expect("a word of several pieces");
    press_with(&mut window, Modifiers::NONE, Key::W);
    assert!(state(&window).scene.look.filter.words);
    let label = format!("Query {} {}", word.start, run.tokens.merged().source(word.start));
    click(&mut window, &label);
    assert_eq!(state(&window).scene.pinned, Some(Focus::Query(word.start)));
    // As many edges as words, and so many pieces of which they are made.
    let words = run.tokens.merged();
    let own = |pieces: &[lexiscope::text::Piece]| pieces.iter().filter(|p| !p.special).count();
    let (pieces, words) = (own(&run.tokens.pieces), own(&words.pieces));
    assert!(caption(&window).contains(&format!("{pieces} pieces \u{2192} {words} words")), "{}", caption(&window));
    assert!(caption(&window).contains(&format!("of {} edges", words * words)), "{}", caption(&window));
}

#[test]
fn a_pair_is_looked_at_from_one_sentence_to_the_other() {
    let mut window = first();
    window.state().ask(Action::Pair(Some("She went out.".into())));
    settle(&mut window);
    click(&mut window, "Top 70 %");
    click(&mut window, "A \u{2192} B");
    assert_eq!(state(&window).scene.look.filter.pairs, Pairs::AB);
    let run = state(&window).run().expect("a run").clone();
    let count = |text: u32| run.tokens.pieces.iter().filter(|p| !p.special && p.text == text).count();
    let said = caption(&window);
    assert!(said.contains("A \u{2192} B only"), "{said}");
    assert!(said.contains(&format!("of {} edges", count(0) * count(1))), "only those from one to the other: {said}");
    let (layer, head) = state(&window).scene.head;
    let (n, weights, pieces) = (run.tokens.len(), run.head(layer, head), &run.tokens.pieces);
    let cells = (0..n * n).filter(|i| !pieces[i / n].special && !pieces[i % n].special);
    let (mut all, mut there) = (0.0, 0.0);
    for i in cells {
        all += weights[i];
        there += if (pieces[i / n].text, pieces[i % n].text) == (0, 1) { weights[i] } else { 0.0 };
    }
    let outside = format!("{:.0} % outside", 100.0 * (1.0 - there / all));
    assert!(said.contains(&outside), "{said}: {outside}");
}

#[test]
fn undo_and_redo_bring_back_text_head_and_filter() {
    let mut window = first();
    let begin = state(&window).scene.clone();
    later(&mut window);
    window.state().ask(Action::Select((3, 2)));
    later(&mut window);
    window.state().ask(Action::Filter(Filter::nothing()));
    later(&mut window);
    window.state().ask(Action::Text("The cat sat.".into()));
    later(&mut window);
    let end = state(&window).scene.clone();
    press_with(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(state(&window).scene.text, begin.text);
    assert_eq!(state(&window).run().expect("a run").ask.text, begin.text, "the model has read it again");
    press_with(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(state(&window).scene.look.filter, begin.look.filter);
    press_with(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(state(&window).scene, begin);
    for _ in 0..2 {
        press_with(&mut window, Modifiers::COMMAND, Key::Y);
    }
    press_with(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(state(&window).scene, end);
}

#[test]
fn what_is_chosen_first_can_be_taken_back() {
    for action in [Action::Mean(Meaning::Scores), Action::Pair(Some("She left.".into()))] {
        let mut window = first();
        let begin = state(&window).scene.clone();
        later(&mut window);
        window.state().ask(action.clone());
        later(&mut window);
        assert_ne!(state(&window).scene, begin, "{action:?}");
        assert_eq!(state(&window).scene.head, begin.head, "{action:?} moves no selection");
        press_with(&mut window, Modifiers::COMMAND, Key::Z);
        assert_eq!(state(&window).scene, begin, "{action:?}");
    }
}

#[test]
fn space_pins_and_a_question_mark_helps() {
    let mut window = first();
    let pinned = state(&window).scene.pinned.expect("a token is pinned");
    press_with(&mut window, Modifiers::NONE, Key::Space);
    assert_eq!(state(&window).scene.pinned, None);
    press_with(&mut window, Modifiers::NONE, Key::Space);
    assert!(matches!(state(&window).scene.pinned, Some(Focus::Query(1))), "the first word, for {pinned:?}");
    press_with(&mut window, Modifiers::NONE, Key::K);
    assert_eq!(state(&window).scene.heads_off.len(), 1);
    press_with(&mut window, Modifiers::SHIFT, Key::Questionmark);
    window.get_by_label("Close");
}
