//! Attention from files, sessions, links and exports in the window, driven as a person does.
#![cfg(feature = "gui")]

use egui_kittest::kittest::Queryable;
use lexiscope::analysis::filter::{Combine, Special, Threshold};
use lexiscope::analysis::meaning::Meaning;
use lexiscope::figure::lines::Focus;
use lexiscope::gui::action::{Action, ExportOf, Sheet};
use lexiscope::gui::scene::View;
use lexiscope::gui::settings::Settings;
use lexiscope::gui::state::State;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use window::{Window, settle};

mod window;

fn first() -> Window {
    window::open([1280.0, 800.0], 1.0, Settings::default())
}

fn ask(window: &mut Window, action: Action) {
    window.state_mut().ask(action);
    settle(window);
}

fn state(window: &Window) -> &State {
    window.state().state()
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/imported").join(name)
}

fn open(window: &mut Window, path: &Path) {
    ask(window, Action::Open(path.to_string_lossy().into_owned()));
}

#[test]
fn attention_from_a_file_is_shown_and_cannot_be_changed() {
    let mut window = first();
    open(&mut window, &data("plain.npz"));
    assert!(state(&window).model.is_none() && state(&window).problem.is_none());
    let run = state(&window).run().expect("a run").clone();
    assert_eq!((run.card.layers, run.card.heads, run.tokens.len()), (2, 2, 4));
    assert_eq!(state(&window).scene.text, "heavy \u{95e8}");
    window.get_by_label_contains("plain.npz");
    for refused in [Action::Mask(1), Action::HeadOff((0, 0)), Action::Mean(Meaning::Scores)] {
        ask(&mut window, refused);
        assert!(state(&window).notice.as_ref().is_some_and(|n| n.contains("without its model")));
    }
    assert!(!state(&window).is_changed() && state(&window).meaning() == Meaning::Raw);
    ask(&mut window, Action::Mean(Meaning::Rollout));
    assert_eq!(state(&window).meaning(), Meaning::Rollout);
    for &view in View::ALL {
        ask(&mut window, Action::Show(view));
    }
    // Back to a model, its sentence is there again.
    ask(&mut window, Action::Open("bert-mini-en".to_owned()));
    assert!(state(&window).model.is_some() && state(&window).imported.is_none());
    assert_eq!(state(&window).scene.text, lexiscope::gui::FIRST);
    open(&mut window, &data("wrong_batch.npz"));
    let problem = state(&window).problem.as_ref().expect("a problem").error.to_string();
    assert!(problem.contains("attentions[:, 0]"), "{problem}");
}

#[test]
fn a_followed_file_is_drawn_again_when_it_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.json");
    let text = |w: f32| {
        let (a, b) = (w, 1.0 - w);
        format!("{{\"tokens\": [\"a\", \"b\"], \"attentions\": [[[[{a}, {b}], [{b}, {a}]]]]}}")
    };
    std::fs::write(&path, text(0.75)).expect("written");
    let mut window = first();
    open(&mut window, &path);
    window.state_mut().watch(&path);
    ask(&mut window, Action::Pin(Focus::Query(1)));
    let wait = |window: &mut Window, done: &dyn Fn(&State) -> bool| {
        let start = Instant::now();
        while !done(state(window)) {
            window.step();
            assert!(start.elapsed() < Duration::from_secs(30), "{:?}", state(window).notice);
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let weight = |s: &State| s.run().map(|run| run.head(0, 0)[0]);
    std::fs::write(&path, text(0.5)).expect("written");
    wait(&mut window, &|s| weight(s) == Some(0.5));
    assert_eq!(state(&window).scene.pinned, Some(Focus::Query(1)), "the pin stays");
    std::fs::write(&path, "{\"tokens\": [\"a\"").expect("written");
    wait(&mut window, &|s| s.notice.as_ref().is_some_and(|n| n.contains("the picture is the one before")));
    assert_eq!(weight(state(&window)), Some(0.5));
    std::fs::write(&path, text(0.25)).expect("written");
    wait(&mut window, &|s| weight(s) == Some(0.25));
}

#[test]
fn a_session_brings_everything_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.lexiscope.json");
    let mut window = first();
    ask(&mut window, Action::Text("The heavy door was opened by the old lady.".to_owned()));
    ask(&mut window, Action::Select((2, 5)));
    ask(&mut window, Action::Mask(3));
    ask(&mut window, Action::Pin(Focus::Query(4)));
    ask(&mut window, Action::Show(View::Heatmap));
    ask(&mut window, Action::Notes("links a verb to its object".to_owned()));
    let saved = state(&window).scene.clone();
    ask(&mut window, Action::SaveSession(path.clone()));
    assert!(path.is_file(), "{:?}", state(&window).problem);
    assert!(std::fs::metadata(&path).expect("it is there").len() < 10_000, "one small file");

    let mut other = first();
    open(&mut other, &path);
    assert!(state(&other).problem.is_none(), "{:?}", state(&other).problem);
    assert_eq!(state(&other).scene, saved);
    assert_eq!(state(&other).run().expect("a run").ask.masked, [3]);

    // Another checkpoint under the same name, a head that it does not have, a newer version.
    let text = std::fs::read_to_string(&path).expect("it reads");
    let print = state(&other).model.as_ref().expect("a model").fingerprint.clone();
    let text = text.replace(&print, &"0".repeat(64)).replace("\"lexiscope_session\": 1", "\"lexiscope_session\": 7");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    value["scene"]["head"] = serde_json::json!([9, 1]);
    value["scene"]["future"] = 1.into();
    std::fs::write(&path, value.to_string()).expect("written");
    open(&mut other, &path);
    let said = state(&other).problem.as_ref().expect("it is said").error.to_string();
    for part in ["version 7", "future", "fingerprint", "L9\u{b7}H1"] {
        assert!(said.contains(part), "`{said}` does not say {part}");
    }
    assert_eq!((state(&other).scene.head, state(&other).scene.pinned), ((0, 0), saved.pinned));
}

#[test]
fn the_last_session_is_kept_and_restored() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("last.lexiscope.json");
    let mut window = first();
    window.state_mut().keep_in(folder.path(), false);
    settle(&mut window);
    assert!(!kept.exists(), "nothing was chosen yet");
    ask(&mut window, Action::Select((1, 3)));
    ask(&mut window, Action::Text("A new sentence.".to_owned()));
    let start = Instant::now();
    let has = |text: &str| std::fs::read_to_string(&kept).is_ok_and(|kept| kept.contains(text));
    while !has("A new sentence.") {
        window.step();
        assert!(start.elapsed() < Duration::from_secs(20), "it is kept after a second");
        std::thread::sleep(Duration::from_millis(20));
    }
    let before = state(&window).scene.clone();
    drop(window);

    let mut next = first();
    next.state_mut().keep_in(folder.path(), true);
    settle(&mut next);
    assert_eq!(state(&next).scene, before);
    std::fs::write(&kept, "{ damaged").expect("written");
    let mut next = first();
    next.state_mut().keep_in(folder.path(), true);
    settle(&mut next);
    assert_eq!(state(&next).scene.text, lexiscope::gui::FIRST);
    assert!(state(&next).notice.as_ref().is_some_and(|n| n.contains("damaged")));
}

#[test]
fn a_link_of_exbert_restores_its_state() {
    let link = |model: &str, layer: usize, heads: &str| {
        format!(
            "https://huggingface.co/exbert/?model={model}&modelKind=bidirectional&sentence=The%20girl%20ran%20home.\
             &layer={layer}&heads=..{heads}&threshold=0.36&tokenInd=2&tokenSide=right&maskInds=..3&hideClsSep=false"
        )
    };
    let mut window = first();
    ask(&mut window, Action::Text(link("bert-mini-en", 1, "2,5")));
    let scene = &state(&window).scene;
    assert_eq!(
        (scene.text.as_str(), scene.head, scene.others.as_slice()),
        ("The girl ran home.", (1, 2), &[(1, 5)][..])
    );
    assert_eq!((scene.pinned, scene.masked.as_slice()), (Some(Focus::Key(2)), &[3][..]));
    assert_eq!((scene.look.filter.threshold, scene.look.filter.special), (Threshold::Mass(0.36), Special::Show));
    assert_eq!(scene.look.combine, Some(Combine::Sum));
    assert_eq!(state(&window).run().expect("a run").ask.masked, [3]);

    let before = state(&window).scene.clone();
    ask(&mut window, Action::Text(link("bert-large-uncased", 23, "0,15")));
    assert_eq!(state(&window).sheet, Some(Sheet::Missing));
    assert_eq!(state(&window).scene, before, "nothing is changed until a person chooses");
    window.get_by_label("Open folder\u{2026}");
    window.get_by_label("Download 1.34 GB");
    window.get_by_label("Same sentence on bert-mini-en").click();
    settle(&mut window);
    assert_eq!((state(&window).sheet, state(&window).scene.head), (None, (0, 0)));
    let said = state(&window).problem.as_ref().expect("it is said").error.to_string();
    assert!(said.contains("L23\u{b7}H0") && said.contains("L23\u{b7}H15"), "{said}");
}

#[test]
fn every_view_is_exported_with_a_caption() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = first();
    for view in [View::Lines, View::Heatmap] {
        ask(&mut window, Action::Show(view));
        for ending in ["svg", "png", "csv", "json", "npz"] {
            let path = folder.path().join(format!("{view:?}.{ending}"));
            ask(&mut window, Action::Export(path.clone(), ExportOf::Head));
            assert!(path.is_file(), "{view:?} {ending}: {:?}", state(&window).problem);
        }
        let svg = std::fs::read_to_string(folder.path().join(format!("{view:?}.svg"))).expect("a picture");
        let model = state(&window).model.clone().expect("a model");
        for text in ["bert-mini-en", model.short_fingerprint(), lexiscope::gui::FIRST, "Attention", "edges"] {
            assert!(svg.contains(text), "{view:?}: the caption has no {text}");
        }
    }
    let csv = std::fs::read_to_string(folder.path().join("Heatmap.csv")).expect("a table");
    let n = state(&window).run().expect("a run").tokens.len();
    let header = csv.lines().find(|line| !line.starts_with('#'));
    assert_eq!(header, Some("query,key,query_piece,key_piece,value,row_sum,column_sum"));
    assert!(csv.lines().count() > n);
    ask(&mut window, Action::Sheet(Some(Sheet::Export)));
    window.get_by_label("png").click();
    settle(&mut window);
    assert!(window.query_all_by_label("Pixels per point").count() > 0);
}
