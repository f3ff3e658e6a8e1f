//! Attention from files, sessions, links and exports in the window, driven as a person does.

use crate::hand::{ask, first, open_path, state};
use crate::window::{Window, settle};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use lexiscope::analysis::filter::{Combine, Special, Threshold};
use lexiscope::analysis::meaning::Meaning;
use lexiscope::figure::lines::Focus;
use lexiscope::gui::App;
use lexiscope::gui::action::{Action, ExportOf, Sheet};
use lexiscope::gui::scene::View;
use lexiscope::gui::settings::Settings;
use lexiscope::gui::state::State;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/imported").join(name)
}

#[test]
fn attention_from_a_file_is_shown_and_cannot_be_changed() {
    let mut window = first();
    open_path(&mut window, &data("plain.npz"));
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
    open_path(&mut window, &data("wrong_batch.npz"));
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
    open_path(&mut window, &path);
    window.state_mut().watch(&path);
    ask(&mut window, Action::Pin(Focus::Query(1)));
    let weight = |s: &State| s.run().map(|run| run.head(0, 0)[0]);
    std::fs::write(&path, text(0.5)).expect("written");
    wait(&mut window, "drawn again", |s| weight(s) == Some(0.5));
    assert_eq!(state(&window).scene.pinned, Some(Focus::Query(1)), "the pin stays");
    std::fs::write(&path, "{\"tokens\": [\"a\"").expect("written");
    wait(&mut window, "drawn again", |s| {
        s.notice.as_ref().is_some_and(|n| n.contains("the picture is the one before"))
    });
    assert_eq!(weight(state(&window)), Some(0.5));
    std::fs::write(&path, text(0.25)).expect("written");
    wait(&mut window, "drawn again", |s| weight(s) == Some(0.25));
    std::fs::remove_file(&path).expect("removed");
    wait(&mut window, "that it is gone is said", |s| s.notice.as_ref().is_some_and(|n| n.contains("gone")));
    assert_eq!(weight(state(&window)), Some(0.25));
}

#[test]
fn a_file_that_is_not_there_yet_is_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("later.json");
    let builder = Harness::builder().with_size([1280.0, 800.0]).allow_missing_glyphs();
    let awaited = path.clone();
    let mut window: Window = builder.build_eframe(|context| {
        let mut app = App::start(context, Settings::default(), std::slice::from_ref(&awaited)).expect("it starts");
        app.watch(&awaited);
        app
    });
    settle(&mut window);
    let waits = |window: &Window| {
        assert!(state(window).problem.is_none(), "{}", problem(window));
        window.get_all_by_label("Waiting for later.json").count()
    };
    assert_eq!(waits(&window), 2, "all heads and the head");
    // Half of it is nothing to be shown; why is said, and the wait goes on.
    std::fs::write(&path, "{\"tokens\": [\"a\"").expect("written");
    wait(&mut window, "what is wrong is said", |s| s.notice.as_ref().is_some_and(|n| n.contains("not JSON")));
    assert!(state(&window).problem.is_none() && state(&window).run().is_none());
    let whole = "{\"tokens\": [\"a\", \"b\"], \"attentions\": [[[[0.25, 0.75], [0.5, 0.5]]]]}";
    std::fs::write(&path, whole).expect("written");
    wait(&mut window, "it is drawn", |s| s.run().is_some_and(|run| run.head(0, 0)[0] == 0.25));
    settle(&mut window);
    assert!(window.query_by_label_contains("Waiting for").is_none());
    assert_eq!(state(&window).scene.text, "a b");
}

#[test]
fn a_followed_file_of_a_session_is_followed_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, session) = (folder.path().join("run.json"), folder.path().join("x.lexiscope.json"));
    let write = |w: f32| {
        let (a, b) = (w, 1.0 - w);
        let text = format!("{{\"tokens\": [\"a\", \"b\"], \"attentions\": [[[[{a}, {b}], [{b}, {a}]]]]}}");
        std::fs::write(&path, text).expect("written");
    };
    write(0.75);
    let mut window = first();
    open_path(&mut window, &path);
    window.state_mut().watch(&path);
    ask(&mut window, Action::Pin(Focus::Key(1)));
    ask(&mut window, Action::SaveSession(session.clone()));
    drop(window);
    // What was written while nobody looked is shown, and what is written from now on.
    write(0.5);
    let mut window = first();
    open_path(&mut window, &session);
    wait(&mut window, "it is open", |s| s.run().is_some_and(|run| run.head(0, 0)[0] == 0.5));
    settle(&mut window);
    assert_eq!(state(&window).scene.pinned, Some(Focus::Key(1)));
    let said = problem(&window);
    assert!(said.contains("fingerprint") || said.contains("other"), "the file is another than it was: {said}");
    window.get_by_label_contains("Following");
    write(0.25);
    wait(&mut window, "drawn again", |s| s.run().is_some_and(|run| run.head(0, 0)[0] == 0.25));
    assert_eq!(state(&window).scene.pinned, Some(Focus::Key(1)), "the pin stays");
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
    // What single views were set to belongs to it.
    ask(&mut window, Action::Show(View::Heads));
    window.get_by_label("Find heads").focus();
    window.step();
    window.get_by_label("Find heads").type_text("L2");
    settle(&mut window);
    assert_eq!(state(&window).scene.details.heads.find, "L2");
    ask(&mut window, Action::Show(View::Heatmap));
    let saved = state(&window).scene.clone();
    ask(&mut window, Action::SaveSession(path.clone()));
    assert!(path.is_file(), "{:?}", state(&window).problem);
    assert!(std::fs::metadata(&path).expect("it is there").len() < 10_000, "one small file");

    let mut other = first();
    open_path(&mut other, &path);
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
    open_path(&mut other, &path);
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
    let has = |text: &str| std::fs::read_to_string(&kept).is_ok_and(|kept| kept.contains(text));
    wait(&mut window, "it is kept after a second", |_| has("A new sentence."));
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

/// Draws frames until this is so.
fn wait(window: &mut Window, what: &str, done: impl Fn(&State) -> bool) {
    let start = Instant::now();
    while !done(state(window)) {
        window.step();
        assert!(start.elapsed() < Duration::from_secs(30), "{what}: {:?}", state(window).notice);
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A window that keeps its session in a folder, and the session that is kept there.
fn kept(folder: &Path) -> (Window, PathBuf) {
    let mut window = first();
    window.state_mut().keep_in(folder, false);
    settle(&mut window);
    (window, folder.join("last.lexiscope.json"))
}

/// A window that goes on with the session that was kept in a folder.
fn next(folder: &Path) -> Window {
    let mut window = first();
    window.state_mut().keep_in(folder, true);
    settle(&mut window);
    window
}

/// Changes a session file.
fn edit(path: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let text = std::fs::read_to_string(path).expect("it is there");
    let mut value = serde_json::from_str(&text).expect("JSON");
    change(&mut value);
    std::fs::write(path, value.to_string()).expect("written");
}

fn problem(window: &Window) -> String {
    state(window).problem.as_ref().map(|p| p.error.to_string()).unwrap_or_default()
}

#[test]
fn a_last_session_without_its_model_goes_on_and_is_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut window, path) = kept(folder.path());
    ask(&mut window, Action::Text("The heavy door was opened.".to_owned()));
    ask(&mut window, Action::Mask(3));
    ask(&mut window, Action::Notes("mine".to_owned()));
    wait(&mut window, "kept", |_| std::fs::read_to_string(&path).is_ok_and(|text| text.contains("mine")));
    drop(window);
    let broken = folder.path().join("broken");
    std::fs::create_dir(&broken).expect("made");
    std::fs::write(broken.join("config.json"), "{").expect("written");
    for (head, place) in [(6, folder.path().join("unplugged")), (7, broken)] {
        let place = place.to_string_lossy().into_owned();
        edit(&path, |session| {
            session["model"]["open"] = place.clone().into();
            session["model"]["name"] = "gone".into();
        });
        let before = std::fs::read(&path).expect("it is there");
        let mut window = next(folder.path());
        let scene = &state(&window).scene;
        assert_eq!((scene.text.as_str(), scene.notes.as_str()), ("The heavy door was opened.", "mine"));
        assert_eq!(state(&window).run().expect("a run").ask.masked, [3]);
        assert!(problem(&window).contains(&place), "{}", problem(&window));
        let start = Instant::now();
        wait(&mut window, "nothing", |_| start.elapsed() > Duration::from_secs(3));
        assert_eq!(std::fs::read(&path).expect("it is there"), before, "nobody changed anything");
        ask(&mut window, Action::Select((0, head)));
        wait(&mut window, "kept", |_| std::fs::read(&path).is_ok_and(|now| now != before));
        let text = std::fs::read_to_string(&path).expect("it is there");
        assert!(text.contains("mine") && text.contains("heavy"), "{text}");
    }
}

#[test]
fn whatever_is_chosen_first_is_kept_also_while_nobody_rests() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut window, path) = kept(folder.path());
    let has = |text: &str| std::fs::read_to_string(&path).is_ok_and(|kept| kept.contains(text));
    ask(&mut window, Action::Show(View::Heatmap));
    wait(&mut window, "a view is kept", |_| has("Heatmap"));
    let start = Instant::now();
    let mut typed = 0;
    while start.elapsed() < Duration::from_secs(4) {
        typed += 1;
        window.state_mut().ask(Action::Notes(format!("note {typed}")));
        window.step();
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(has("note"), "somebody who types for four seconds loses them all");
}

#[test]
fn a_session_that_cannot_be_kept_is_said_and_tried_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let blocked = folder.path().join("settings");
    std::fs::write(&blocked, "no folder").expect("written");
    let (mut window, path) = kept(&blocked);
    ask(&mut window, Action::Select((0, 7)));
    wait(&mut window, "it is said", |s| s.problem.as_ref().is_some_and(|p| p.title.contains("could not be kept")));
    std::fs::remove_file(&blocked).expect("removed");
    wait(&mut window, "it is tried again", |s| path.is_file() && s.problem.is_none());
}

#[test]
fn a_last_session_that_is_not_understood_is_copied_before_it_is_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut window, path) = kept(folder.path());
    ask(&mut window, Action::Select((0, 7)));
    wait(&mut window, "kept", |_| path.is_file());
    drop(window);
    edit(&path, |session| session["lexiscope_session"] = 9.into());
    let copy = folder.path().join("last-unread.lexiscope.json");
    for newer in [true, false] {
        if !newer {
            std::fs::write(&path, "{ damaged").expect("written");
        }
        let before = std::fs::read(&path).expect("it is there");
        let window = next(folder.path());
        assert_eq!(std::fs::read(&copy).expect("a copy"), before);
        let said = state(&window).notice.clone().unwrap_or_default();
        assert!(said.contains("last-unread.lexiscope.json"), "{said}");
    }
}

#[test]
fn nothing_of_a_session_is_lost_unsaid() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.lexiscope.json");
    let mut window = first();
    ask(&mut window, Action::SaveSession(path.clone()));
    let saved = std::fs::read_to_string(&path).expect("it is there");
    let mut lost = |name: &str, value: serde_json::Value, says: &[&str]| {
        std::fs::write(&path, &saved).expect("written");
        edit(&path, |session| *session["scene"].pointer_mut(name).expect("a part") = value);
        open_path(&mut window, &path);
        for part in says {
            assert!(problem(&window).contains(part), "{name}: `{}` does not say {part}", problem(&window));
        }
        assert!(state(&window).run().is_some_and(|run| state(&window).is_about(run)), "{name}");
    };
    let cut =
        |layer: usize, head: Option<usize>| serde_json::json!({"layer": layer, "head": head, "query": 1, "key": 2});
    lost("/cuts", serde_json::json!([cut(9, None), cut(1, Some(40))]), &["L9 1\u{2192}2", "L1\u{b7}H40 1\u{2192}2"]);
    lost("/target", "hidden:9,1".into(), &["layer 9"]);
    lost("/look/filter/threshold", serde_json::json!({"mass": 7.0}), &["threshold"]);
    lost("/notes", "n".repeat(100_000).into(), &["notes"]);
    lost("/text", "door ".repeat(50_000).into(), &["text"]);
    assert!(state(&window).scene.text.len() < 100_000);
}

#[test]
fn a_session_finds_its_model_in_another_place_and_says_what_differs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.lexiscope.json");
    let mut window = first();
    ask(&mut window, Action::Mask(2));
    ask(&mut window, Action::SaveSession(path.clone()));
    edit(&path, |session| session["model"]["open"] = "/nowhere/bert-mini-en".into());
    open_path(&mut window, &data("plain.npz"));
    open_path(&mut window, &path);
    assert_eq!(state(&window).sheet, None, "the bundled model is the same");
    assert!(state(&window).problem.is_none(), "{}", problem(&window));
    assert_eq!(state(&window).run().expect("a run").ask.masked, [2]);
    assert!(state(&window).notice.as_ref().is_some_and(|n| n.contains("/nowhere/bert-mini-en")));

    let print = state(&window).model.as_ref().expect("a model").short_fingerprint().to_owned();
    edit(&path, |session| {
        session["model"]["name"] = "other".into();
        session["model"]["open"] = "bert-mini-en".into();
        session["model"]["fingerprint"] = "0".repeat(64).into();
    });
    open_path(&mut window, &path);
    let said = problem(&window);
    assert!(said.contains("other") && said.contains("00000000") && said.contains(&print), "{said}");
}

#[test]
fn a_session_on_a_file_of_attention_says_what_needs_a_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.lexiscope.json");
    let mut window = first();
    open_path(&mut window, &data("plain.npz"));
    ask(&mut window, Action::SaveSession(path.clone()));
    edit(&path, |session| {
        session["scene"]["look"]["meaning"] = "norm".into();
        session["scene"]["masked"] = serde_json::json!([1]);
    });
    let mut window = first();
    open_path(&mut window, &path);
    assert_eq!((state(&window).meaning(), state(&window).is_changed()), (Meaning::Raw, false));
    assert!(state(&window).run().is_some_and(|run| state(&window).is_about(run)), "{}", problem(&window));
    let said = problem(&window);
    assert!(said.contains("attention and its rollout") && said.contains("nothing can be masked"), "{said}");
}

#[test]
fn every_notice_of_a_file_is_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.json");
    let text = r#"{"tokens": ["[CLS]", "a"], "attentions": [[[[0.5, 0.1], [0.2, 0.2]]]]}"#;
    std::fs::write(&path, text).expect("written");
    let mut window = first();
    open_path(&mut window, &path);
    let subject = state(&window).subject().expect("a file");
    assert!(subject.notices().len() > 1, "{:?}", subject.notices());
    let shown = state(&window).notice.clone().unwrap_or_default();
    assert!(subject.notices().iter().all(|notice| shown.contains(notice)), "{shown}");
}

#[test]
fn a_model_that_cannot_be_opened_does_not_lose_what_waits_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.lexiscope.json");
    let broken = folder.path().join("broken");
    std::fs::create_dir(&broken).expect("made");
    std::fs::write(broken.join("config.json"), "{").expect("written");
    let mut window = first();
    ask(&mut window, Action::Text("The door is open.".to_owned()));
    ask(&mut window, Action::SaveSession(path.clone()));
    ask(&mut window, Action::Text("Another.".to_owned()));
    edit(&path, |session| {
        session["model"]["name"] = "broken".into();
        session["model"]["open"] = broken.to_string_lossy().into_owned().into();
    });
    open_path(&mut window, &path);
    assert!(problem(&window).contains("config.json"), "{}", problem(&window));
    assert_eq!((state(&window).sheet, state(&window).scene.text.as_str()), (Some(Sheet::Missing), "Another."));
    window.get_by_label("Same sentence on bert-mini-en").click();
    settle(&mut window);
    assert_eq!((state(&window).sheet, state(&window).scene.text.as_str()), (None, "The door is open."));
    assert!(state(&window).waiting.is_none() && state(&window).missing.is_none());
}

#[test]
fn a_link_is_taken_where_a_file_is_open_and_opens_no_path() {
    let mut window = first();
    open_path(&mut window, &data("plain.npz"));
    ask(&mut window, Action::Text("typed".to_owned()));
    assert_eq!(state(&window).scene.text, "heavy \u{95e8}", "the text belongs to the file");
    let field = window.get_by_label("Sentence");
    assert!(!field.accesskit_node().is_disabled());
    field.focus();
    window.step();
    let link = |model: &str, share: &str| {
        format!("https://huggingface.co/exbert/?model={model}&sentence=The%20girl.&layer=1&heads=..2&threshold={share}")
    };
    window.get_by_label("Sentence").type_text(&link("bert-mini-en", "0.02"));
    settle(&mut window);
    let scene = &state(&window).scene;
    assert_eq!((scene.text.as_str(), scene.head), ("The girl.", (1, 2)));
    assert_eq!(scene.look.filter.threshold, Threshold::Mass(0.02), "as small as it was said");
    assert!(state(&window).model.is_some() && state(&window).problem.is_none(), "{}", problem(&window));

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/bert");
    ask(&mut window, Action::Text(link(&path.to_string_lossy(), "0")));
    assert!(problem(&window).contains("neither"), "{}", problem(&window));
    assert_eq!(state(&window).model.as_ref().expect("a model").name, "bert-mini-en");
    assert_eq!(state(&window).scene.look.filter.threshold, Threshold::Mass(0.0));
    window.get_by_label_contains("0 of ");
}

#[test]
fn no_damaged_session_does_harm_and_nothing_of_it_is_lost_unsaid() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.lexiscope.json");
    let mut window = first();
    ask(&mut window, Action::Select((2, 5)));
    ask(&mut window, Action::Mask(3));
    ask(&mut window, Action::HeadOff((1, 2)));
    ask(&mut window, Action::Pin(Focus::Query(4)));
    ask(&mut window, Action::SaveSession(path.clone()));
    let good = std::fs::read(&path).expect("it is there");
    let mut random = 3u64;
    let mut draw = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((random >> 33) as usize) % below
    };
    let digits: Vec<usize> = (0..good.len()).filter(|&at| good[at].is_ascii_digit()).collect();
    for _ in 0..150 {
        let mut bytes = good.clone();
        // Numbers lead further in than letters, which are rarely understood.
        for _ in 0..=draw(2) {
            let at = digits[draw(digits.len())];
            bytes[at] = b'0' + draw(10) as u8;
        }
        if draw(3) == 0 {
            let at = draw(bytes.len());
            bytes[at] = b' ' + draw(95) as u8;
        }
        std::fs::write(&path, &bytes).expect("written");
        ask(&mut window, Action::Sheet(None));
        ask(&mut window, Action::Dismiss);
        open_path(&mut window, &path);
        let (state, said) = (state(&window), problem(&window));
        let text = String::from_utf8_lossy(&bytes);
        let Some(run) = state.run() else {
            // Without its scene, a session has no text that could be run.
            assert!(said.contains("scene"), "{said}\n{text}");
            continue;
        };
        assert!(state.is_about(run) && run.ask.masked == state.scene.masked, "{said}\n{text}");
        if !said.is_empty() || state.sheet.is_some() {
            continue;
        }
        let value: serde_json::Value = serde_json::from_slice(&bytes).expect("what is no JSON is said");
        let shown = serde_json::to_value(&state.scene).expect("a scene");
        for part in ["head", "others", "masked", "heads_off", "pinned"] {
            assert_eq!(value["scene"][part], shown[part], "{part} is another, and nothing is said of it\n{text}");
        }
    }
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
    window.get_by_label("Close").click();
    settle(&mut window);
    assert!(state(&window).notice.as_ref().is_some_and(|n| n.contains("asks again")));
    ask(&mut window, Action::Sheet(Some(Sheet::Session)));
    window.get_by_label("Choose a model\u{2026}").click();
    settle(&mut window);
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
