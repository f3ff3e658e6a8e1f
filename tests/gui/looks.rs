//! How a map looks, where it is looked at and what it leaves out, by the names that a screen reader says.

use crate::hand::{ask, click, fixture, groups, press, press_with, state};
use crate::window::{Window, open, settle};
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use lexiscope::gui::action::Action;
use lexiscope::gui::scene::Workspace;
use lexiscope::gui::settings::{Settings, Theme};
use lexiscope::gui::space::{Ask, Chosen};
use std::path::Path;

fn start(path: String) -> Window {
    let mut window = open([1280.0, 800.0], 1.0, Settings { theme: Theme::Dark, ..Settings::default() });
    ask(&mut window, Action::Space(Ask::Open(path)));
    ask(&mut window, Action::Workspace(Workspace::Embeddings));
    window
}

fn choose(window: &mut Window, change: impl FnOnce(&mut Chosen)) {
    let mut chosen = state(window).scene.space.clone();
    change(&mut chosen);
    ask(window, Action::Space(Ask::Choose(Box::new(chosen))));
}

/// A choice as a session writes it.
fn named<T: serde::de::DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&format!("\"{name}\"")).expect("a choice")
}

#[test]
fn clusters_are_named_and_selected_by_the_legend() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(groups(&folder));
    click(&mut window, "Colour: none");
    click(&mut window, "cluster");
    press(&mut window, Key::Escape);
    choose(&mut window, |chosen| chosen.looks.clusters = 3);
    for colour in ["red", "green", "blue"] {
        // Each is named by three of its words.
        let named = window.get_all_by_label_contains(colour).filter(|node| {
            let label = node.accesskit_node().label().unwrap_or_default();
            label.split(", ").count() == 3 && label.split(", ").all(|word| word.starts_with(colour))
        });
        assert_eq!(named.count(), 1, "{colour}");
    }
    let blue = window.get_all_by_label_contains("blue");
    let blue = blue.into_iter().find(|n| n.accesskit_node().label().is_some_and(|l| l.contains(", "))).expect("a name");
    blue.click();
    settle(&mut window);
    assert_eq!(state(&window).space.selection.len(), 20);
    window.get_by_label("20 selected");
}

#[test]
fn the_ends_of_components_are_listed_and_clicked() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(groups(&folder));
    assert_eq!(window.get_all_by_label("low end").count(), 2);
    assert_eq!(window.get_all_by_label_contains("with log rank").count(), 2);
    let ends = state(&window).space.laid.clone().expect("a map").ends.clone();
    let words = &state(&window).space.space.as_ref().expect("vectors").vectors.words;
    let first = words.get(ends[0].high[0]).into_owned();
    window.get_all_by_label(first.as_str()).next().expect("it is listed").click();
    settle(&mut window);
    assert_eq!(state(&window).scene.space.formula, first);
}

#[test]
fn enter_flies_to_the_words_that_were_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(groups(&folder));
    let whole = state(&window).scene.space.camera;
    press(&mut window, Key::Slash);
    window.get_by_label("Find words").type_text("blue1");
    settle(&mut window);
    press(&mut window, Key::Enter);
    settle(&mut window);
    let chosen = &state(&window).scene.space;
    assert_eq!(chosen.formula, "blue1");
    let laid = state(&window).space.laid.clone().expect("a map");
    assert!(chosen.camera.zoom > whole.zoom);
    assert_eq!(chosen.camera.middle, laid.places[5], "blue1 is in the middle");
    press(&mut window, Key::Enter);
    assert_eq!(state(&window).scene.space.formula, "blue10", "and then the next");
}

#[test]
fn words_are_hidden_while_the_map_stays_and_undo_brings_them_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(groups(&folder));
    let map = state(&window).space.laid.clone().expect("a map").id;
    press(&mut window, Key::Slash);
    window.get_by_label("Find words").type_text("/^green/");
    settle(&mut window);
    click(&mut window, "Hide");
    window.get_by_label("20 hidden");
    assert_eq!(state(&window).scene.space.hidden.len(), 20);
    assert_eq!(state(&window).space.laid.as_ref().expect("a map").id, map);
    // A hidden word is not under the pointer, and a box does not hold it.
    press(&mut window, Key::Escape);
    choose(&mut window, |chosen| chosen.camera.zoom = 0.5);
    let rect = window.get_by_label("Map of words").rect();
    ask(&mut window, Action::Space(Ask::Select(std::sync::Arc::default())));
    box_over(&mut window, rect);
    assert_eq!(state(&window).space.selection.len(), 40);
    click(&mut window, "Show hidden");
    assert!(state(&window).scene.space.hidden.is_empty());
}

/// Draws a box over all of the map with the pointer.
fn box_over(window: &mut Window, rect: egui::Rect) {
    let whole = egui::Rect::from_min_max(rect.min + egui::Vec2::new(2.0, 90.0), rect.max - egui::Vec2::splat(2.0));
    let button = |pos: egui::Pos2, pressed: bool| {
        let (button, modifiers) = (egui::PointerButton::Primary, Modifiers::SHIFT);
        egui::Event::PointerButton { pos, button, pressed, modifiers }
    };
    window.event(egui::Event::ModifiersChanged(Modifiers::SHIFT));
    window.hover_at(whole.min);
    window.step();
    window.event(button(whole.min, true));
    window.step();
    for part in [0.3, 0.7, 1.0] {
        window.hover_at(whole.lerp_inside(egui::Vec2::splat(part)));
        window.step();
    }
    window.event(button(whole.max, false));
    window.step();
    window.event(egui::Event::ModifiersChanged(Modifiers::NONE));
    settle(window);
}

#[test]
fn a_bookmark_brings_word_selection_and_view_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(groups(&folder));
    ask(&mut window, Action::Space(Ask::Fly(7)));
    ask(&mut window, Action::Space(Ask::Select(std::sync::Arc::new(vec![1, 4, 9]))));
    let then = state(&window).scene.space.clone();
    click(&mut window, "Bookmarks");
    click(&mut window, "Add");
    press(&mut window, Key::Escape);
    assert_eq!(state(&window).scene.space.bookmarks[0].name, then.formula);
    ask(&mut window, Action::Space(Ask::Fly(0)));
    ask(&mut window, Action::Space(Ask::Select(std::sync::Arc::default())));
    click(&mut window, "Bookmarks");
    let name = then.formula.clone();
    let entry =
        window.get_all_by_label(name.as_str()).find(|n| n.accesskit_node().role() == egui::accesskit::Role::Button);
    entry.expect("it is in the list").click();
    settle(&mut window);
    let now = &state(&window).scene.space;
    assert_eq!((&now.formula, now.camera), (&then.formula, then.camera));
    assert_eq!(*state(&window).space.selection, [1, 4, 9]);
    press_with(&mut window, Modifiers::NONE, Key::Escape);
    click(&mut window, "Bookmarks");
    click(&mut window, &format!("Remove {name}"));
    assert!(state(&window).scene.space.bookmarks.is_empty());
}

#[test]
fn words_that_are_not_there_are_made_of_their_parts_and_placed() {
    let mut window = start(fixture("vectors/gensim_ft.bin").to_string_lossy().into_owned());
    let space = state(&window).space.space.clone().expect("vectors");
    let words = (0..space.vectors.words.len()).map(|i| space.vectors.words.get(i).into_owned());
    let known = words.max_by_key(String::len).expect("a word");
    choose(&mut window, |chosen| chosen.formula.clone_from(&known));
    window.get_by_label("Parts of the word");
    assert_eq!(window.get_all_by_label_contains("the word itself").count(), 1);
    assert!(window.query_by_label_contains("hollow point").is_none(), "it has a point of its own");
    choose(&mut window, |chosen| chosen.formula = format!("{known}s"));
    window.get_by_label_contains("made of its parts");
    window.get_by_label("The hollow point is where this map puts the vector.");
    // Another map has no place for it, and says that it guesses.
    choose(&mut window, |chosen| chosen.method = named("umap"));
    window.get_by_label_contains("is a guess");
}

#[test]
fn sizes_labels_and_contours_are_chosen_under_the_colours() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(groups(&folder));
    click(&mut window, "Colour: none");
    click(&mut window, "Density contours");
    let lengths = window.get_all_by_label("length").last().expect("the size");
    lengths.click();
    settle(&mut window);
    press(&mut window, Key::Escape);
    let looks = &state(&window).scene.space.looks;
    assert!(looks.contours && looks.size == named("length"), "{looks:?}");
    let problem = state(&window).problem.as_ref().map(|p| p.title.clone());
    assert_eq!(problem, None);
    let svg = folder.path().join("map.svg");
    ask(&mut window, Action::Export(svg.clone(), lexiscope::gui::action::ExportOf::Head));
    let written = std::fs::read_to_string(&svg).expect("the picture");
    assert!(written.matches("<line").count() > 40 || written.matches("<path").count() > 40, "it has its contours");
}

#[test]
fn perplexity_and_rate_act_while_tsne_moves() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(groups(&folder));
    let mut chosen = state(&window).scene.space.clone();
    chosen.method = named("tsne");
    window.state().ask(Action::Space(Ask::Choose(Box::new(chosen))));
    for _ in 0..2000 {
        window.step();
        if state(&window).space.live.as_ref().is_some_and(|live| live.newest().is_some()) {
            break;
        }
    }
    window.state().ask(Action::Space(Ask::Pause(true)));
    window.step();
    assert!(state(&window).space.live.as_ref().is_some_and(|live| live.is_paused()), "it was held in time");
    let mut chosen = state(&window).scene.space.clone();
    (chosen.perplexity, chosen.rate) = (7.0, Some(80.0));
    window.state().ask(Action::Space(Ask::Choose(Box::new(chosen))));
    window.step();
    window.state().ask(Action::Space(Ask::Pause(false)));
    settle(&mut window);
    let laid = state(&window).space.laid.clone().expect("a map");
    let said = laid.notices.join("; ");
    assert!(said.contains("perplexity 7 from step") && said.contains("learning rate 80 from step"), "{said}");
    assert!(state(&window).space.live.is_none());
}

#[test]
fn five_seeds_are_shown_and_one_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(groups(&folder));
    choose(&mut window, |chosen| chosen.method = named("tsne"));
    click(&mut window, "Map: t-SNE");
    click(&mut window, "Five seeds");
    window.get_by_label("Same words, five seeds");
    window.get_by_label_contains("share");
    for seed in 0..5 {
        window.get_by_label(&format!("seed {seed}"));
    }
    click(&mut window, "seed 3");
    let laid = state(&window).space.laid.clone().expect("a map");
    assert_eq!((state(&window).scene.space.seed, laid.question.seed), (3, 3));
    assert!(window.query_by_label("Same words, five seeds").is_none());
    settle(&mut window);
    assert_eq!(state(&window).space.laid.as_ref().expect("a map").id, laid.id, "it is not made anew");
}

/// Draws what is there, and writes it where somebody wants to look at it.
fn draw(window: &mut Window, name: &str) {
    let problem = state(window).problem.as_ref().map(|p| format!("{}: {}", p.title, p.error));
    assert_eq!(problem, None, "{name}");
    if let Some(folder) = std::env::var_os("LEXISCOPE_PICTURES") {
        settle(window);
        let image = window.render().expect("the window can be drawn");
        image.save(Path::new(&folder).join(format!("{name}.png"))).expect("the picture can be written");
    }
}

#[test]
fn every_look_of_the_bundled_words_draws() {
    for (size, theme) in [([1280.0, 800.0], Theme::Dark), ([800.0, 520.0], Theme::Light)] {
        let mut window = open(size, 1.0, Settings { theme, ..Settings::default() });
        ask(&mut window, Action::Workspace(Workspace::Embeddings));
        let name = |what: &str| format!("looks-{what}-{}-{theme:?}", size[0]).to_lowercase();
        window.remove_cursor();
        draw(&mut window, &name("empty"));
        choose(&mut window, |chosen| chosen.by = named("cluster"));
        draw(&mut window, &name("clusters"));
        choose(&mut window, |chosen| {
            chosen.looks.contours = true;
            chosen.looks.size = named("rank");
            chosen.by = named("length");
            chosen.formula = "king - man + woman".to_owned();
        });
        draw(&mut window, &name("contours"));
        ask(&mut window, Action::Space(Ask::Fly(900)));
        choose(&mut window, |chosen| chosen.by = named("cluster"));
        draw(&mut window, &name("flown"));
        click(&mut window, "Colour: cluster");
        draw(&mut window, &name("popover"));
        press(&mut window, Key::Escape);
        click(&mut window, "Bookmarks");
        click(&mut window, "Add");
        draw(&mut window, &name("bookmarks"));
        press(&mut window, Key::Escape);
        press(&mut window, Key::Slash);
        window.get_by_label("Find words").type_text("house");
        settle(&mut window);
        window.remove_cursor();
        draw(&mut window, &name("found"));
        let path = fixture("vectors/gensim_ft.bin").to_string_lossy().into_owned();
        ask(&mut window, Action::Space(Ask::Open(path)));
        choose(&mut window, |chosen| {
            (chosen.formula, chosen.by, chosen.find) = ("unheard".to_owned(), named("nothing"), String::new());
        });
        draw(&mut window, &name("parts"));
        let folder = tempfile::tempdir().expect("a folder");
        ask(&mut window, Action::Space(Ask::Open(groups(&folder))));
        choose(&mut window, |chosen| (chosen.method, chosen.formula) = (named("tsne"), "red3".to_owned()));
        ask(&mut window, Action::Space(Ask::Seeds(true)));
        draw(&mut window, &name("seeds"));
    }
}
