//! Meanings and the neuron view in the window, driven by what its controls are called.

use crate::hand::{ask, first, press};
use crate::window::{Window, settle};
use egui::Key;
use egui_kittest::kittest::Queryable;
use lexiscope::analysis::meaning::Meaning;
use lexiscope::analysis::neuron::WANTS;
use lexiscope::engine::{Run, Target};
use lexiscope::figure::lines::Focus;
use lexiscope::figure::neuron::number;
use lexiscope::figure::weight;
use lexiscope::gui::action::Action;
use lexiscope::gui::scene::View;
use lexiscope::trace::{Control, Place, Site, Want};

fn choose(window: &mut Window, meaning: &str) {
    window.get_by_label("Meaning").click();
    settle(window);
    window.get_by_label(meaning).click();
    settle(window);
    press(window, Key::Escape);
}

#[test]
fn every_meaning_is_a_click_away_and_says_what_it_is() {
    let mut window = first();
    for (label, meaning) in [
        ("Scores before softmax", Meaning::Scores),
        ("Norm-weighted", Meaning::Norm),
        ("Gradient \u{d7} attention", Meaning::Gradient),
        ("Rollout", Meaning::Rollout),
    ] {
        choose(&mut window, label);
        let state = window.state().state();
        let weights = state.weights().expect("a run");
        assert_eq!((weights.meaning, state.scene.look.meaning), (meaning, meaning));
        assert_eq!(weights.run.ask.target.is_some(), meaning == Meaning::Gradient);
        assert!(state.meaning_label().starts_with(label), "{}", state.meaning_label());
        assert!(state.problem.is_none());
        window.get_by_label_contains(&format!("{} \u{b7} ", state.meaning_label()));
        for view in [View::Heatmap, View::Lines] {
            ask(&mut window, Action::Show(view));
        }
    }
    choose(&mut window, "Attention");
    assert_eq!(window.state().state().meaning(), Meaning::Raw);
}

#[test]
fn a_gradient_is_of_what_is_pinned_until_something_is_chosen() {
    let mut window = first();
    ask(&mut window, Action::Pin(Focus::Query(3)));
    choose(&mut window, "Gradient \u{d7} attention");
    let of = |window: &Window| window.state().state().run().expect("a run").ask.target;
    assert_eq!(of(&window), Some(Target::LogProb(3)));
    ask(&mut window, Action::Pin(Focus::Query(5)));
    assert_eq!(of(&window), Some(Target::LogProb(5)), "it follows the pin");
    ask(&mut window, Action::Mask(2));
    assert_eq!(of(&window), Some(Target::LogProb(2)), "a masked word comes first");
    window.get_by_label("Meaning").click();
    settle(&mut window);
    window.get_by_label("Mean embedding").click();
    settle(&mut window);
    assert_eq!(of(&window), Some(Target::Pooled));
    window.get_by_label("Hidden state").click();
    settle(&mut window);
    assert!(matches!(of(&window), Some(Target::Hidden(3, _))), "{:?}", of(&window));
    window.get_by_label_contains("What suits").click();
    settle(&mut window);
    assert_eq!(of(&window), Some(Target::LogProb(2)));
    // Another text has other tokens.
    ask(&mut window, Action::Target(Some(Target::LogProb(8))));
    ask(&mut window, Action::Text("The door.".to_owned()));
    assert_eq!(window.state().state().scene.target, None);
    assert!(window.state().state().problem.is_none());
}

#[test]
fn the_neuron_view_has_the_numbers_of_the_run() {
    let mut window = first();
    // Pinning what is pinned would release it.
    press(&mut window, Key::Escape);
    ask(&mut window, Action::Pin(Focus::Query(5)));
    press(&mut window, Key::N);
    assert_eq!(window.state().state().scene.look.view, View::Neuron);
    let (head, query) = (window.state().state().scene.head, 5);
    let shown = window.state().state().run().expect("a run").clone();
    let model = window.state().state().model.clone().expect("a model");
    let want = WANTS.into_iter().map(Place::site).fold(Want::nothing(), Want::and);
    let ask_all = lexiscope::engine::Ask { want, ..shown.ask.clone() };
    let run = Run::new(&model, &ask_all, &Control::default()).expect("a run");
    for key in 0..run.tokens.len() {
        let q = run.array(run.at(head.0, Site::Query)).expect("kept").block(&[head.1, query]).to_vec();
        let k = run.array(run.at(head.0, Site::Key)).expect("kept").block(&[head.1, key]).to_vec();
        let dot: f64 = q.iter().zip(&k).map(|(q, k)| f64::from(*q) * f64::from(*k)).sum();
        let score = dot / 32f64.sqrt();
        let shown = shown.head(head.0, head.1)[query * run.tokens.len() + key];
        let piece = &run.tokens.pieces[key].piece;
        let [dot, score, shown] = [number(dot), number(score), weight(shown)];
        let name = format!("Key {key} {piece}: dot product {dot}, score {score}, probability {shown}");
        window.get_by_label(&name);
    }
    window.get_by_label_contains("Key 2 ").click();
    settle(&mut window);
    window.get_by_label("Key token");
    window.get_by_label("Query token");
    // Another layer is fetched when it is selected.
    press(&mut window, Key::ArrowDown);
    window.get_by_label_contains("Key 2 ");
    assert!(window.state().state().problem.is_none());
}

#[test]
fn the_neuron_view_is_written_like_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("neuron.svg");
    let mut window = first();
    ask(&mut window, Action::Pin(Focus::Query(5)));
    press(&mut window, Key::N);
    ask(&mut window, Action::Export(path.clone(), lexiscope::gui::action::ExportOf::Head));
    let svg = std::fs::read_to_string(path).expect("it is written");
    assert!(svg.contains("probability") && svg.contains("sum of q\u{d7}k"), "the picture of the view");
}
