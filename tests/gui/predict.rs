//! Predictions, comparisons and the map of heads, as a person uses them.

use crate::hand::{ask, click, first, fixture, open_path, pieces, press, run};
use crate::window::{Window, open, settle};
use egui::{Key, Vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use lexiscope::analysis::compare::Comparison;
use lexiscope::analysis::filter::{Filter, Threshold};
use lexiscope::analysis::map::{HeadMap, How};
use lexiscope::analysis::meaning::{Meaning, Weights};
use lexiscope::analysis::predictions::top;
use lexiscope::engine::{Ask, Cut, Off, Run, With};
use lexiscope::figure::lines::Focus;
use lexiscope::figure::{head_name, percent, probability, short, weight};
use lexiscope::gui::action::Action;
use lexiscope::gui::changes;
use lexiscope::gui::scene::View;
use lexiscope::gui::settings::{Settings, Theme};
use lexiscope::trace::{Control, Site};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

fn filter(window: &Window) -> Filter {
    window.state().state().scene.look.filter
}

fn is_ready(window: &Window) {
    let problem = window.state().state().problem.as_ref().map(|p| p.error.to_string());
    assert_eq!(problem, None);
}

#[test]
fn predictions_are_read_out_of_tokens_layers_and_heads() {
    let mut window = first();
    press(&mut window, Key::R);
    window.get_by_label("Words in the place of each token");
    assert!(window.get_by_label("Generate").accesskit_node().is_disabled(), "BERT does not go on with a text");

    // The pinned token's words are bars too, as many as are asked for.
    let bars = |window: &Window, k: usize| {
        let state = window.state().state();
        let (run, pinned) = (state.run().expect("a run"), state.scene.pinned.expect("a pin").token());
        let model = state.model.as_ref().expect("a model");
        for word in top(run.logits(Site::Logits).expect("logits").block(&[pinned]), k) {
            let text = model.tokenizer.token(word.id).expect("a word");
            window.get_by_label(&format!("{text} {}", probability(word.probability)));
        }
    };
    bars(&window, 5);
    window.get_by_role_and_label(egui::accesskit::Role::SpinButton, "Words of each token").click();
    settle(&mut window);
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    window.event(egui::Event::Text("8".to_owned()));
    press(&mut window, Key::Enter);
    bars(&window, 8);

    click(&mut window, "Layers");
    window.get_by_label("What each layer would predict");
    // The last layer at the pinned token is what the model predicts there.
    let state = window.state().state();
    let (run, pinned) = (state.run().expect("a run").clone(), state.scene.pinned.expect("a pin").token());
    let best = top(run.logits(Site::Logits).expect("logits").block(&[pinned]), 1)[0];
    let word = state.model.as_ref().expect("a model").tokenizer.token(best.id).expect("a word");
    window.get_by_label(&format!("L{} \u{b7} {}", run.card.layers - 1, run.tokens.shown(pinned)));
    window.get_by_label(&format!("{word} {}", probability(best.probability)));

    click(&mut window, "This head");
    let (layer, head) = window.state().state().scene.head;
    window.get_by_label(&format!("Words that {} speaks for", head_name(layer, head)));
    press(&mut window, Key::ArrowRight);
    let (layer, head) = window.state().state().scene.head;
    window.get_by_label(&format!("Words that {} speaks for", head_name(layer, head)));

    click(&mut window, "All heads");
    window.get_by_label(&format!("Words that heads speak for at \u{201c}{}\u{201d}", run.tokens.shown(pinned)));
    let table = window.get_by_label("All heads").rect();
    assert!(table.height() > 0.0);
    is_ready(&window);
}

#[test]
fn a_causal_model_goes_on_and_steps_pin_rows() {
    let mut window = first();
    let gpt2 = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/gpt2");
    ask(&mut window, Action::Open(gpt2.to_string_lossy().into_owned()));
    ask(&mut window, Action::Text("The old keeper".to_owned()));
    press(&mut window, Key::R);
    click(&mut window, "Generate");
    for control in ["Temperature", "Top-k", "Top-p", "Seed", "New tokens"] {
        window.get_by_role_and_label(egui::accesskit::Role::SpinButton, control);
    }
    let prompt = pieces(&window).len();
    click(&mut window, "Generate text");
    is_ready(&window);
    window.get_by_label("1 of 20");
    window.get_by_label("20 tokens were added.");
    click(&mut window, "Show its attention");
    is_ready(&window);
    let state = window.state().state();
    assert!(state.scene.text.starts_with("The old keeper"));
    assert_eq!(state.run().expect("a run").tokens.len(), prompt + 20, "the tokens as they were generated");
    assert_eq!(state.scene.pinned, Some(Focus::Query(prompt - 1)), "the row that predicted the first of them");
    window.get_by_label("All views show this text; a step pins the row that predicted its token.");
    window.get_by_label("Step");
    click(&mut window, "Step on");
    window.get_by_label("2 of 20");
    assert_eq!(window.state().state().scene.pinned, Some(Focus::Query(prompt)));
}

#[test]
fn changes_to_generated_tokens_are_there_when_a_session_is_opened_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let session = folder.path().join("x.lexiscope.json");
    let mut window = first();
    open_path(&mut window, &fixture("models/gpt2-prefix"));
    // The model said a word letter by letter, of which the tokenizer makes fewer tokens.
    let (given, said) = ("The old keeper", " climbed the stairs");
    let rows = std::fs::read_to_string(fixture("models/gpt2-prefix/tokenizer.json")).expect("a tokenizer");
    let rows: Value = serde_json::from_str(&rows).expect("JSON");
    let row = |c: char| rows["model"]["vocab"][c.to_string().replace(' ', "\u{120}")].as_u64().expect("a letter");
    let ids: Vec<u64> = said.chars().map(row).collect();
    ask(&mut window, Action::Text(format!("{given}{said}")));
    let typed = run(&window).tokens.len();
    ask(&mut window, Action::SaveSession(session.clone()));
    let mut saved: Value =
        serde_json::from_str(&std::fs::read_to_string(&session).expect("it is there")).expect("JSON");
    saved["scene"]["continued"] = json!({ "from": given.len(), "ids": ids });
    std::fs::write(&session, saved.to_string()).expect("written");
    open_path(&mut window, &session);
    is_ready(&window);
    let last = run(&window).tokens.len() - 1;
    assert!(typed < last, "{typed} tokens of the tokenizer, {} of the model", last + 1);
    let cut = Cut { layer: 0, head: Some(1), query: last, key: 1 };
    ask(&mut window, Action::Change(changes::Ask::Cut(vec![cut])));
    ask(&mut window, Action::Pin(Focus::Query(last)));
    is_ready(&window);
    let scene = window.state().state().scene.clone();
    assert_eq!(scene.cuts, [cut]);
    ask(&mut window, Action::SaveSession(session.clone()));
    drop(window);
    let mut window = first();
    open_path(&mut window, &session);
    is_ready(&window);
    assert_eq!(window.state().state().scene, scene);
    assert_eq!(run(&window).ask.cuts, [cut]);
}

#[test]
fn generated_tokens_stay_what_they_were_whatever_is_changed() {
    let mut window = first();
    let gpt2 = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/gpt2-prefix");
    ask(&mut window, Action::Open(gpt2.to_string_lossy().into_owned()));
    ask(&mut window, Action::Text("The old keeper".to_owned()));
    press(&mut window, Key::R);
    click(&mut window, "Generate");
    click(&mut window, "Generate text");
    // What is changed after the text was made is no part of it.
    ask(&mut window, Action::HeadOff((0, 1)));
    click(&mut window, "Show its attention");
    is_ready(&window);
    let state = window.state().state();
    assert!(!state.is_changed() && !state.is_stale());
    let shown = state.run().expect("a run").clone();
    assert!(shown.ask.is_plain());
    let typed = state.model.as_ref().expect("a model").tokenizer.encode(&state.scene.text, None, 64).expect("tokens");
    assert_ne!(typed.ids(), shown.tokens.ids(), "the tokenizer makes others of this text");
    ask(&mut window, Action::HeadOff((0, 1)));
    let run = window.state().state().run().expect("a run");
    assert_eq!((run.ask.off.len(), run.tokens.ids()), (1, shown.tokens.ids()));
    click(&mut window, "Layers");
    ask(&mut window, Action::Text("The old keeper".to_owned()));
    let state = window.state().state();
    assert_eq!((state.scene.continued.as_ref(), state.is_stale()), (None, false));
    // With two sentences there is nothing to go on with.
    ask(&mut window, Action::Pair(Some("It was late.".to_owned())));
    click(&mut window, "Generate");
    assert!(window.get_by_label("Generate text").accesskit_node().is_disabled());
}

fn compared(a: Arc<Run>, b: Arc<Run>, filter: &Filter) -> Comparison {
    let [a, b] = [a, b].map(|run| Weights::new(&run, Meaning::Raw).expect("attention"));
    Comparison::of(&a, &b, filter, false, &Control::default()).expect("a comparison")
}

#[test]
fn another_sentence_is_compared() {
    let mut window = first();
    press(&mut window, Key::C);
    let a = window.state().state().run().expect("a run").clone();
    assert!(window.get_by_label("Compare now").accesskit_node().is_disabled(), "there is no sentence yet");
    window.get_by_label("Sentence B").focus();
    settle(&mut window);
    window.get_by_label("Sentence B").type_text("The young man closed the heavy window.");
    settle(&mut window);
    click(&mut window, "Compare now");
    is_ready(&window);
    let model = window.state().state().model.clone().expect("a model");
    let asked = Ask::new("The young man closed the heavy window.");
    let b = Arc::new(Run::new(&model, &asked, &Control::default()).expect("a run"));
    let found = compared(a.clone(), b.clone(), &filter(&window));
    let (layer, head, js) = found.ranked()[0];
    let row = format!("Head {} differs by {}", head_name(layer, head), lexiscope::gui::words::number(js as f32));
    click(&mut window, &row);
    assert_eq!(window.state().state().scene.head, (layer, head));
    window.get_by_label("Difference of attention");
    // The threshold keeps the largest differences of each row, whichever sign they have.
    let [a, b] = [a, b].map(|run| Weights::new(&run, Meaning::Raw).expect("attention"));
    let difference = found.difference(&a, &b, layer, head).expect("a matrix");
    let of = difference.iter().filter(|d| **d != 0.0).count();
    let all: f32 = difference.iter().map(|d| d.abs()).sum();
    for (count, n) in [(2, found.alignment.pairs.len()), (99, found.alignment.pairs.len())] {
        let fewer = Filter { threshold: Threshold::Top(count), ..filter(&window) };
        ask(&mut window, Action::Filter(fewer));
        is_ready(&window);
        let largest = |row: &[f32]| {
            let mut sizes: Vec<f32> = row.iter().map(|d| d.abs()).filter(|d| *d > 0.0).collect();
            sizes.sort_by(|a, b| b.total_cmp(a));
            sizes.truncate(count);
            (sizes.len(), sizes.iter().sum::<f32>())
        };
        let kept = difference.chunks(n).map(largest).fold((0, 0.0), |(n, mass), row| (n + row.0, mass + row.1));
        let said = format!("{count} a row: {} of all differences, {} of {of} cells", percent(kept.1 / all), kept.0);
        window.get_by_label(&said);
    }
}

#[test]
fn another_model_and_what_was_before_are_compared() {
    let mut window = first();
    press(&mut window, Key::C);
    click(&mut window, "Another model");
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/bert");
    window.get_by_label("Model B").focus();
    settle(&mut window);
    window.get_by_label("Model B").type_text(&other.to_string_lossy());
    settle(&mut window);
    click(&mut window, "Compare now");
    is_ready(&window);
    let note = window
        .get_all_by_role(egui::accesskit::Role::Label)
        .find_map(|node| node.accesskit_node().value().filter(|text| text.contains("are in both")));
    assert!(note.expect("the sizes differ").contains("the first 2 layers and 4 heads"));

    // What is turned off in the first layer changes what all others see.
    ask(&mut window, Action::HeadOff((0, 3)));
    click(&mut window, "Before the change");
    is_ready(&window);
    let changed = |window: &Window, masked: Vec<usize>| {
        let state = window.state().state();
        let (model, plain) = (state.model.clone().expect("a model"), Ask::new(state.scene.text.clone()));
        let off = vec![Off { layer: 0, head: 3, with: With::Mean }];
        let asks = [plain.clone(), Ask { off, masked, ..plain }];
        let [before, after] = asks.map(|ask| Run::new(&model, &ask, &Control::default()).expect("a run"));
        compared(before.into(), after.into(), &filter(window)).ranked()[0]
    };
    let row = |(layer, head, js): (usize, usize, f64)| {
        format!("Head {} differs by {}", head_name(layer, head), lexiscope::gui::words::number(js as f32))
    };
    let most = changed(&window, Vec::new());
    assert!(most.0 > 0 && most.2 > 1e-4, "{most:?}");
    click(&mut window, &row(most));
    window.get_by_label(&format!(
        "{}: after less before, divergence {}",
        head_name(most.0, most.1),
        short(most.2 as f32)
    ));
    window.get_by_label("Difference of attention");
    // Another change is compared at once, and so is what is left out.
    ask(&mut window, Action::Mask(3));
    let masked = changed(&window, vec![3]);
    window.get_by_label(&row(masked));
    assert_ne!(row(masked), row(most));
    ask(&mut window, Action::Filter(Filter::nothing()));
    window.get_by_label(&row(changed(&window, vec![3])));
    ask(&mut window, Action::Mean(Meaning::Scores));
    is_ready(&window);
    window.get_by_label_contains("After \u{2212} before of Score");
    window.get_by_label(&row(changed(&window, vec![3])));
}

#[test]
fn heads_alike_are_found_on_the_map() {
    let mut window = first();
    press(&mut window, Key::A);
    is_ready(&window);
    let run = window.state().state().run().expect("a run").clone();
    let map = HeadMap::of(&run, How::default(), &Control::default()).expect("a map");
    let (layer, head) = window.state().state().scene.head;
    window.get_by_label(&format!("Heads like {}", head_name(layer, head)));
    let (l, h, distance) = map.nearest(layer, head, 1)[0];
    click(&mut window, &format!("Head {}, distance {}", head_name(l, h), weight(distance as f32)));
    assert_eq!(window.state().state().scene.head, (l, h));
    window.get_by_label(&format!("Heads like {}", head_name(l, h)));
    // Without special tokens other heads are near.
    click(&mut window, "Without special tokens");
    is_ready(&window);
    let map = HeadMap::of(&run, How { hide: true, ..How::default() }, &Control::default()).expect("a map");
    let (near, head, distance) = map.nearest(l, h, 1)[0];
    window.get_by_label(&format!("Head {}, distance {}", head_name(near, head), weight(distance as f32)));
    window.get_by_label_contains("special tokens left out");
}

/// What the window must say of the labels of the classifier: the logits of transformers, and what these make of them.
#[track_caller]
fn said(window: &Window, probability_of: impl Fn(&[f32], usize) -> Option<f64>) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/roberta-classifier/expected.safetensors");
    let file = std::fs::read(file).expect("the reference");
    let tensors = safetensors::SafeTensors::deserialize(&file).expect("its format");
    let bytes = tensors.tensor("single.sequence_logits").expect("logits").data().to_vec();
    let logits: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    for (i, label) in ["negative", "neutral", "positive"].iter().enumerate() {
        let logit = lexiscope::gui::words::number(logits[i]);
        let text = match probability_of(&logits, i) {
            Some(share) => format!("{label} {}, logit {logit}", probability(share)),
            None => format!("{label} logit {logit}"),
        };
        window.get_by_label(&text);
    }
}

#[test]
fn a_model_without_words_says_so() {
    let mut window = first();
    let tagger = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/bert-tagger");
    ask(&mut window, Action::Open(tagger.to_string_lossy().into_owned()));
    ask(&mut window, Action::Show(View::Predict));
    window.get_by_label("Labels of each token");
    assert!(window.get_by_label("Layers").accesskit_node().is_disabled());
    // The text that transformers read.
    ask(&mut window, Action::Text("The keeper climbed the narrow stairs, singing.".to_owned()));
    let classifier = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/roberta-classifier");
    ask(&mut window, Action::Open(classifier.to_string_lossy().into_owned()));
    window.get_by_label("The whole text");
    said(&window, |logits, i| {
        Some(f64::from(logits[i]).exp() / logits.iter().map(|x| f64::from(*x).exp()).sum::<f64>())
    });
    // What the configuration says the logits are decides whether there are probabilities, and of what.
    let folder = tempfile::tempdir().expect("a folder");
    for (problem, is_logistic) in [("multi_label_classification", true), ("regression", false)] {
        let copy = folder.path().join(problem);
        std::fs::create_dir(&copy).expect("a folder");
        for file in std::fs::read_dir(&classifier).expect("the classifier") {
            let file = file.expect("a file");
            std::fs::copy(file.path(), copy.join(file.file_name())).expect("it is copied");
        }
        let config = std::fs::read_to_string(copy.join("config.json")).expect("it is there");
        let mut config: Value = serde_json::from_str(&config).expect("JSON");
        config["problem_type"] = problem.into();
        std::fs::write(copy.join("config.json"), config.to_string()).expect("it is written");
        ask(&mut window, Action::Open(copy.to_string_lossy().into_owned()));
        said(&window, |logits, i| is_logistic.then(|| 1.0 / (1.0 + (-f64::from(logits[i])).exp())));
    }
    let replaced = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/electra");
    ask(&mut window, Action::Open(replaced.to_string_lossy().into_owned()));
    window.get_by_label("Whether each token was replaced");
    is_ready(&window);
}

#[test]
fn the_views_draw_at_every_size_in_both_themes_and_export() {
    let folder = tempfile::tempdir().expect("a folder");
    for theme in [Theme::Dark, Theme::Light] {
        let mut window = open([1280.0, 800.0], 1.0, Settings { theme, ..Settings::default() });
        ask(&mut window, Action::Text("老太太很快打开了沉重的门。 The old lady.".to_owned()));
        for view in [View::Predict, View::Compare, View::Map] {
            ask(&mut window, Action::Show(view));
            for size in [[800.0, 520.0], [1280.0, 800.0], [1920.0, 1080.0]] {
                window.set_size(Vec2::from(size));
                settle(&mut window);
            }
            is_ready(&window);
            if view == View::Compare {
                continue;
            }
            for extension in ["svg", "csv", "json"] {
                let path = folder.path().join(format!("{view:?}.{extension}"));
                ask(&mut window, Action::Export(path.clone(), lexiscope::gui::action::ExportOf::Head));
                is_ready(&window);
                let written = std::fs::read_to_string(&path).expect("it is written");
                assert!(written.len() > 200, "{}", path.display());
                std::fs::remove_file(&path).expect("it was there");
            }
        }
    }
}
