//! The workspace of recurrent models, by the names that a screen reader says.

use crate::csv;
use crate::hand::{ask, click, fixture, has_graphics, open_path, press, press_with, state};
use crate::window::{Window, open, settle};
use egui::{Key, Modifiers, Vec2};
use egui_kittest::kittest::Queryable;
use lexiscope::analysis::recurrent::hypothesis::{Hypothesis, On, Threshold};
use lexiscope::engine::recurrent::{Ask as Question, Opened};
use lexiscope::gui::action::{Action, ExportOf};
use lexiscope::gui::recurrent::{self, Lower};
use lexiscope::gui::scene::Workspace;
use lexiscope::gui::settings::{Settings, Theme};
use lexiscope::trace::{At, Control, Site, Stack, Want};

/// A model of `tests/data/recurrent` over its text, as it is after somebody dropped its folder.
fn start(name: &str) -> Window {
    let mut window = open([1280.0, 800.0], 1.0, Settings { theme: Theme::Dark, ..Settings::default() });
    let folder = fixture("recurrent").join(name);
    open_path(&mut window, &folder);
    let text = std::fs::read_to_string(folder.join("text.txt")).expect("a text");
    choose(&mut window, |chosen| chosen.text = text);
    window
}

fn choose(window: &mut Window, change: impl FnOnce(&mut recurrent::Chosen)) {
    let mut chosen = state(window).scene.recurrent.clone();
    change(&mut chosen);
    ask(window, Action::Recurrent(recurrent::Ask::Choose(Box::new(chosen))));
}

fn chosen(window: &Window) -> recurrent::Chosen {
    state(window).scene.recurrent.clone()
}

/// What the engine says of the same text, without the window.
fn traced(name: &str) -> lexiscope::engine::recurrent::Traced {
    let folder = fixture("recurrent").join(name);
    let opened = Opened::open(&folder, &Control::default()).expect("it opens");
    let text = std::fs::read_to_string(folder.join("text.txt")).expect("a text");
    let want: Want = "all".parse().expect("places");
    opened.run(&Question { want, ..Question::new(&text) }, &Control::default()).expect("it runs")
}

#[test]
fn a_dropped_model_is_traced_over_the_text_that_is_typed() {
    let mut window = start("torch-lstm");
    assert_eq!(state(&window).scene.workspace, Workspace::Recurrent);
    window.get_by_label("Trace of cells");
    let traced = traced("torch-lstm");
    let read = state(&window).recurrent.current().expect("it was read").clone();
    assert_eq!(read.times(), traced.tokens.pieces.len());
    for site in [Site::State, Site::Cell, Site::GateForget, Site::PreOutput] {
        let wanted = &traced.arrays[&At::new(Stack::Forward, 0, site)];
        assert_eq!(read.sites[&site].values.data(), wanted.data(), "{site}");
    }
    // Another layer, and what somebody types, are read at once.
    click(&mut window, "Layer 1");
    let wanted = &traced.arrays[&At::new(Stack::Forward, 1, Site::State)];
    let read = state(&window).recurrent.current().expect("it was read").clone();
    assert_eq!(read.sites[&Site::State].values.data(), wanted.data());
    press_with(&mut window, Modifiers::COMMAND, Key::L);
    window.get_by_label("Text").type_text("tea");
    settle(&mut window);
    assert!(chosen(&window).text.contains("tea"));
    assert_eq!(state(&window).recurrent.current().expect("it was read").times(), read.times() + 3);
    press(&mut window, Key::Escape);
    press(&mut window, Key::F2);
    assert_eq!(state(&window).scene.workspace, Workspace::Attention);
    press(&mut window, Key::F4);
    window.get_by_label("Trace of cells");
}

#[test]
fn a_click_selects_a_cell_that_colours_the_text_and_becomes_a_line() {
    let mut window = start("torch-lstm");
    window.get_by_label("Click a cell above to colour the text by it.");
    let trace = window.get_by_label("Trace of cells").rect();
    let units = state(&window).recurrent.current().expect("it was read").sites[&Site::State].units();
    let high = trace.height() / units as f32;
    let at = trace.left_top() + Vec2::new(25.0, 2.5 * high);
    window.hover_at(at);
    window.step();
    window.drag_at(at);
    window.drop_at(at);
    settle(&mut window);
    assert_eq!(chosen(&window).cells, [2]);
    window.get_by_label("Coloured by cell 2 of state.");
    click(&mut window, "Lines");
    assert!(chosen(&window).lines);
    press(&mut window, Key::Escape);
    assert!(chosen(&window).cells.is_empty());
}

#[test]
fn a_brush_finds_cells_and_where_else_they_are() {
    let mut window = start("torch-lstm");
    choose(&mut window, |chosen| (chosen.share, chosen.margins) = (0.2, [0, 0]));
    let strip = window.get_by_label("Symbols of the text").rect();
    let at = |step: f32| strip.left_center() + Vec2::new((step + 0.5) * 10.0, 0.0);
    window.hover_at(at(4.0));
    window.step();
    window.drag_at(at(4.0));
    window.step();
    window.hover_at(at(6.0));
    window.step();
    window.drop_at(at(6.0));
    settle(&mut window);
    let (now, found) = (chosen(&window), state(&window).recurrent.found.clone().expect("an answer"));
    assert_eq!((now.brush, now.lower), (Some((4, 7)), Lower::Hypothesis));
    let values = &traced("torch-lstm").arrays[&At::new(Stack::Forward, 0, Site::State)];
    let on = On::new(values, &Threshold::Quantile(0.2).of(values)).expect("it fits");
    let wanted = Hypothesis { range: 4..7, left: 0, right: 0 }.select(&on).expect("in the text");
    assert!(!wanted.is_empty(), "the fixture shows something");
    assert_eq!(found.cells, wanted);
    for cell in &wanted {
        window.get_by_label(&format!("Cell {cell}"));
    }
    // The best place is one click away.
    let best = found.matches.found.first().expect("it is somewhere else").range.start;
    let row = window.get_all_by_label_contains("Match 1:").next().expect("a row").rect().center();
    window.hover_at(row);
    window.step();
    window.drag_at(row);
    window.drop_at(row);
    settle(&mut window);
    assert_eq!(chosen(&window).step, Some(best));
    // A threshold that nothing reaches says so.
    choose(&mut window, |chosen| (chosen.absolute, chosen.least) = (true, 5.0));
    window.get_by_label_contains("No other place: no cell is on");
    click(&mut window, "Clear");
    assert!(state(&window).recurrent.found.is_none());
}

#[test]
fn a_forced_gate_changes_the_outputs_and_is_taken_back() {
    let mut window = start("torch-lstm");
    click(&mut window, "Gates");
    click(&mut window, "Force input gate to 0");
    let read = state(&window).recurrent.current().expect("it was read").clone();
    // What never comes in is never there.
    assert!(read.sites[&Site::Cell].values.data().iter().all(|x| *x == 0.0));
    let change = read.change.expect("it is compared");
    assert!(change.outputs > 0.0 && change.largest >= change.outputs);
    window.get_by_label_contains("outputs differ by");
    press_with(&mut window, Modifiers::COMMAND, Key::Z);
    assert!(chosen(&window).forced.is_empty());
    assert!(state(&window).recurrent.current().expect("it was read").change.is_none());
    click(&mut window, "Force forget gate to 1");
    click(&mut window, "Take back forward.0.gate.forget = 1");
    assert!(chosen(&window).forced.is_empty());
}

#[test]
fn a_gru_that_keeps_nothing_and_resets_nothing_is_a_plain_layer() {
    let mut window = start("torch-gru");
    click(&mut window, "Gates");
    click(&mut window, "Force reset gate to 1");
    click(&mut window, "Force update gate to 0");
    let read = state(&window).recurrent.current().expect("it was read").clone();
    assert_eq!(read.sites[&Site::State].values.data(), read.sites[&Site::Candidate].values.data());
    click(&mut window, "Force update gate to 1");
    let read = state(&window).recurrent.current().expect("it was read").clone();
    assert!(read.sites[&Site::State].values.data().iter().all(|x| *x == 0.0), "a copy of the empty state");
}

#[test]
fn the_model_goes_on_with_the_text_as_its_seed_says() {
    let mut window = start("tf1-lstm");
    choose(&mut window, |chosen| (chosen.sampling.temperature, chosen.count) = (0.0, 12));
    click(&mut window, "Generate");
    let kept = &state(&window).recurrent;
    let read = kept.current().expect("it was read");
    let said = kept.sampled.clone().expect("a text");
    assert_eq!(said.said.len(), 12);
    let best = read.next(read.times() - 1)[0];
    assert_eq!(said.said[0].id, best.id);
    assert!((said.said[0].probability - best.probability).abs() < 1e-6);
    choose(&mut window, |chosen| (chosen.sampling.temperature, chosen.sampling.seed) = (1.0, 5));
    let draw = |window: &mut Window| {
        click(window, "Generate");
        state(window).recurrent.sampled.clone().expect("a text").said.clone()
    };
    assert_eq!(draw(&mut window), draw(&mut window));
}

#[test]
fn what_is_seen_is_written_with_its_numbers() {
    let mut window = start("torch-lstm");
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["trace.svg", "trace.csv", "trace.npz"] {
        let path = folder.path().join(name);
        ask(&mut window, Action::Export(path.clone(), ExportOf::Head));
        assert!(state(&window).problem.is_none(), "{name}: {:?}", state(&window).problem);
        assert!(path.is_file(), "{name}");
    }
    let text = std::fs::read_to_string(folder.path().join("trace.csv")).expect("a table");
    let table: String = text.split_inclusive('\n').filter(|line| !line.starts_with("# ")).collect();
    let rows = csv::read_csv(&table);
    let values = &traced("torch-lstm").arrays[&At::new(Stack::Forward, 0, Site::State)];
    let column = |name: &str| rows[0].iter().position(|c| c == name).expect("a column");
    let (step, cell, value) = (column("step"), column("cell"), column("value"));
    assert!(rows.len() > 100);
    for row in &rows[1..] {
        let at: [usize; 2] = [step, cell].map(|c| row[c].parse().expect("a number"));
        let found: f32 = row[value].parse().expect("a number");
        assert_eq!(found.to_bits(), values.block(&[at[0]])[at[1]].to_bits());
    }
}

#[test]
fn a_long_text_of_a_file_is_seen_whole_and_scrolled() {
    let mut window = start("torch-lstm");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.txt");
    let text = std::fs::read_to_string(fixture("recurrent").join("torch-lstm/text.txt")).expect("a text");
    std::fs::write(&path, text.repeat(500)).expect("it is written");
    open_path(&mut window, &path);
    let read = state(&window).recurrent.current().expect("it was read").clone();
    assert_eq!(read.times(), 100_000);
    click(&mut window, "Fit");
    window.get_by_label_contains("of 100\u{2009}000");
    let start = std::time::Instant::now();
    for step in 0..20 {
        let window_of = recurrent::Window { from: 3000.0 * step as f32, wide: 0.5 };
        ask(&mut window, Action::Recurrent(recurrent::Ask::Look(window_of)));
    }
    assert!(start.elapsed().as_secs() < 60, "scrolling does not read the text again");
    assert_eq!(state(&window).recurrent.current().expect("it").id, read.id);
    click(&mut window, "Close the file");
    assert_eq!(state(&window).recurrent.current().expect("it was read").times(), 200);
}

/// `LEXISCOPE_PICTURES=folder` writes what is drawn to that folder, to be looked at.
#[test]
fn every_part_is_drawn_in_small_and_large_windows() {
    if !has_graphics() {
        return;
    }
    let folder = fixture("recurrent").join("torch-lstm");
    let text = std::fs::read_to_string(folder.join("text.txt")).expect("a text");
    let real = std::env::var_os("LEXISCOPE_RECURRENT").map(std::path::PathBuf::from);
    for (theme, size) in [(Theme::Dark, [1280.0, 800.0]), (Theme::Light, [800.0, 520.0])] {
        let mut window = open(size, 1.0, Settings { theme, ..Settings::default() });
        open_path(&mut window, real.as_ref().unwrap_or(&folder));
        choose(&mut window, |chosen| {
            if real.is_none() {
                chosen.text.clone_from(&text);
            }
            (chosen.cells, chosen.step, chosen.brush, chosen.share) = (vec![1, 3], Some(12), Some((4, 7)), 0.5);
        });
        for (lower, lines) in [(Lower::Text, false), (Lower::Gates, true), (Lower::Hypothesis, false)] {
            choose(&mut window, |chosen| (chosen.lower, chosen.lines, chosen.next) = (lower, lines, size[0] > 900.0));
            assert!(state(&window).problem.is_none());
            let image = window.render().expect("the window can be drawn");
            if let Some(to) = std::env::var_os("LEXISCOPE_PICTURES") {
                let name = format!("recurrent-{lower:?}-{theme:?}.png").to_lowercase();
                image.save(std::path::Path::new(&to).join(name)).expect("the picture can be written");
            }
        }
    }
}

#[test]
fn without_a_model_it_says_what_can_be_opened() {
    let mut window = open([800.0, 520.0], 1.0, Settings { theme: Theme::Light, ..Settings::default() });
    press(&mut window, Key::F4);
    if state(&window).recurrent.model.is_none() {
        window.get_by_label("No recurrent model is open");
        window.get_by_label("Open weights\u{2026}");
    }
    // A folder of something else says why, and what was open stays.
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("manifest.json"), "[1, 2").expect("it is written");
    open_path(&mut window, folder.path());
    let problem = state(&window).problem.as_ref().expect("it is no model");
    assert_eq!(problem.title, "The recurrent model could not be opened.");
    assert_eq!(state(&window).recurrent.opening, None);
}
