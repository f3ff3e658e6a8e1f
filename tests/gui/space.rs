//! The workspace of embeddings, by the names that a screen reader says.

use crate::hand::{ask, click, groups, press, state};
use crate::window::{Window, open, settle};
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use lexiscope::gui::action::Action;
use lexiscope::gui::scene::Workspace;
use lexiscope::gui::settings::{Settings, Theme};
use lexiscope::gui::space;

fn start(folder: &tempfile::TempDir) -> Window {
    let mut window = open([1280.0, 800.0], 1.0, Settings { theme: Theme::Dark, ..Settings::default() });
    let path = groups(folder);
    ask(&mut window, Action::Space(space::Ask::Open(path)));
    ask(&mut window, Action::Workspace(Workspace::Embeddings));
    window
}

fn choose(window: &mut Window, change: impl FnOnce(&mut space::Chosen)) {
    let mut chosen = state(window).scene.space.clone();
    change(&mut chosen);
    ask(window, Action::Space(space::Ask::Choose(Box::new(chosen))));
}

#[test]
fn a_word_finds_its_neighbours_in_three_spaces() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    assert_eq!(state(&window).scene.workspace, Workspace::Embeddings);
    window.get_by_label("Map of words");
    let laid = state(&window).space.laid.clone().expect("a map");
    assert_eq!(laid.places.len(), 60);
    let field = window.get_by_label("Word or formula");
    field.focus();
    window.step();
    window.get_by_label("Word or formula").type_text("red3");
    settle(&mut window);
    // The nearest by angle are of the same colour, and the lists say so.
    let nearest = window.get_all_by_label_contains("red").count();
    assert!(nearest >= 15, "{nearest} of the lists are red");
    for list in ["as stored", "centred", "on this map"] {
        window.get_by_label(list);
    }
}

#[test]
fn a_formula_that_is_wrong_says_where_and_offers_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    choose(&mut window, |chosen| chosen.formula = "red3 - gren4".to_owned());
    let fault = state(&window).space.fault.clone().expect("it is wrong");
    assert_eq!(&"red3 - gren4"[fault.at.clone()], "gren4");
    click(&mut window, "green4");
    assert_eq!(state(&window).scene.space.formula, "red3 - green4");
    assert!(state(&window).space.fault.is_none());
}

#[test]
fn words_are_found_isolated_and_brought_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    window.key_press(Key::Slash);
    window.step();
    window.get_by_label("Find words").type_text("/^blue1/");
    settle(&mut window);
    window.get_by_label("11 found");
    click(&mut window, "Isolate");
    let points = |window: &Window| state(window).space.laid.as_ref().expect("a map").places.len();
    assert_eq!(points(&window), 11);
    click(&mut window, "Bring all back");
    assert_eq!(points(&window), 60);
}

#[test]
fn the_table_lists_words_and_sorts_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    press(&mut window, Key::B);
    window.get_by_label("60 words");
    // The words are listed elsewhere too.
    let row = |window: &Window, word: &str| window.get_by_role_and_label(Role::Row, word).rect().top();
    assert!(row(&window, "red0") < row(&window, "green0"), "in the order of the file");
    click(&mut window, "word");
    assert!(row(&window, "blue0") < row(&window, "blue1"), "in the order of the alphabet");
    window.get_by_role_and_label(Role::Row, "blue1").click();
    settle(&mut window);
    assert_eq!(state(&window).scene.space.formula, "blue1");
}

#[test]
fn a_map_turns_in_three_dimensions_and_zooms_by_the_wheel() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    let flat = state(&window).scene.space.camera;
    choose(&mut window, |chosen| chosen.solid = true);
    let laid = state(&window).space.laid.clone().expect("a map");
    assert_eq!(laid.coordinates.width(), 3);
    let map = window.get_by_label("Map of words").rect();
    window.drag_at(map.center());
    window.step();
    window.hover_at(map.center() + egui::Vec2::new(60.0, 20.0));
    window.step();
    window.drop_at(map.center() + egui::Vec2::new(60.0, 20.0));
    settle(&mut window);
    let turned = state(&window).scene.space.camera;
    window.hover_at(map.center());
    window.step();
    assert_ne!(turned.turn, flat.turn);
    window.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::Vec2::new(0.0, 80.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
    settle(&mut window);
    assert!(state(&window).scene.space.camera.zoom > turned.zoom);
}

#[test]
fn tsne_moves_and_remembers_its_frames() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    choose(&mut window, |chosen| chosen.method = serde_json::from_str("\"tsne\"").expect("a method"));
    let kept = &state(&window).space;
    let laid = kept.laid.clone().expect("a map");
    assert!(kept.live.is_none() && laid.frames.len() > 10, "{} frames", laid.frames.len());
    assert!(kept.trust().expect("it was checked").share_kept() > 0.5);
    assert!(window.query_by_label("Frame").is_some());
}

#[test]
fn what_cannot_be_opened_is_said_and_the_rest_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    let path = folder.path().join("broken.bin");
    std::fs::write(&path, b"4 300\nking ").expect("it is written");
    ask(&mut window, Action::Space(space::Ask::Open(path.to_string_lossy().into_owned())));
    assert!(window.query_by_label_contains("could not be opened").is_some());
    assert_eq!(state(&window).space.space.as_ref().expect("the old ones").name, "groups.txt");
}
