//! What ails a space of vectors, what helps, and how well it agrees with people: by the names that a screen reader says.

use crate::csv::read_csv;
use crate::hand::{ask, click, state};
use crate::window::{Window, open, settle};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use lexiscope::analysis::space::cures::Cure;
use lexiscope::gui::action::{Action, ExportOf, Sheet};
use lexiscope::gui::scene::Workspace;
use lexiscope::gui::settings::{Settings, Theme};
use lexiscope::gui::space::side::Tab;
use lexiscope::gui::space::{self, What};
use lexiscope::source::vectors::{BadRows, Opening, Vectors};
use lexiscope::trace::Control;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Forty words that all point much the same way, two of them equal, one of zeros, one no number.
fn vectors(folder: &Path) -> PathBuf {
    let path = folder.join("ill.txt");
    let mut text = String::from("44 6\n");
    for i in 0..40 {
        let wave = |k: usize| ((i * 7 + k * 13) as f32 * 0.61).sin();
        let row: Vec<String> = (0..6).map(|k| format!("{:.5}", wave(k) + if k == 0 { 4.0 } else { 0.0 })).collect();
        let _ = writeln!(text, "word{i} {}", row.join(" "));
    }
    text.push_str("twin1 1 2 3 4 5 6\ntwin2 1 2 3 4 5 6\nnull 0 0 0 0 0 0\nbroken 1 nan 0 0 0 0\n");
    std::fs::write(&path, text).expect("it is written");
    path
}

fn start(path: &Path) -> Window {
    let mut window = open([1280.0, 800.0], 1.0, Settings { theme: Theme::Dark, ..Settings::default() });
    ask(&mut window, Action::Space(space::Ask::Open(path.to_string_lossy().into_owned())));
    ask(&mut window, Action::Workspace(Workspace::Embeddings));
    window
}

/// Presses what is called so, also where it has to be scrolled to.
fn reach(window: &mut Window, label: &str) {
    window.get_by_label(label).click_accesskit();
    settle(window);
}

fn choose(window: &mut Window, change: impl FnOnce(&mut space::Chosen)) {
    let mut chosen = state(window).scene.space.clone();
    change(&mut chosen);
    ask(window, Action::Space(space::Ask::Choose(Box::new(chosen))));
}

/// A file of pairs: the alike ones have a higher number, but for one.
fn pairs(folder: &Path) -> PathBuf {
    let path = folder.join("people.tsv");
    let text = "# people\nword0\tword1\t3\nword2\tword3\t1\nword4\tword5\t6\nword6\tword7\t2\nword8\tword9\t9\n\
                word10\tunheard\t5\nword11\tword12\t4\n";
    std::fs::write(&path, text).expect("it is written");
    path
}

/// What the program prints.
fn said(args: &[&str]) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_lexiscope")).args(args).output().expect("the program starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn the_doctor_says_what_the_command_line_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = vectors(folder.path());
    let mut window = start(&path);
    click(&mut window, "Doctor");
    assert_eq!(state(&window).scene.space.tab, Tab::Doctor);
    let report = state(&window).space.doctor.now.clone().expect("findings");
    let file = path.to_string_lossy().into_owned();
    let about = said(&["vectors", &file, "info", "--json"]);
    let cosine = report.findings.cosine.expect("pairs");
    assert!((about["cosine"].as_f64().expect("a number") - cosine).abs() < 1e-12 && cosine > 0.5, "{cosine}");
    window.get_by_label(&format!("One direction {cosine:.3}"));
    // Two equal rows, one of zeros, one that was left out on opening.
    for label in ["Equal vectors 2", "twin1 = twin2 2", "Zero vectors 1", "NaN or infinity 1", "Length against rank"] {
        window.get_by_label(label);
    }
    assert_eq!(about["equal"], serde_json::json!([["twin1", "twin2"]]));
    let hub = about["hubs"][0]["word"].as_str().expect("a word").to_owned();
    reach(&mut window, &format!("{hub} {}", about["hubs"][0]["lists"]));
    assert_eq!(state(&window).scene.space.formula, hub);
    reach(&mut window, "twin1 = twin2 2");
    assert_eq!(state(&window).space.selection.as_slice(), [40, 41]);
    let (text, json) = (said(&["vectors", &file, "info", "--quick", "--json"]), &about);
    assert!(text["cosine"].is_null() && json["pairs"] == 42 * 41 / 2);
}

#[test]
fn a_cure_is_one_click_and_one_more_takes_it_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&vectors(folder.path()));
    click(&mut window, "Doctor");
    let cosine = |window: &Window| state(window).space.doctor.now.as_ref().expect("findings").findings.cosine;
    let before = cosine(&window).expect("pairs");
    let opened = state(&window).space.space.clone().expect("vectors");
    click(&mut window, "Centre");
    let after = cosine(&window).expect("pairs");
    assert!(after.abs() < 0.1 && before > 0.5, "{before} {after}");
    // Both numbers stand beside each other.
    window.get_by_label_contains(&format!("One direction {before:.3} \u{2192}"));
    click(&mut window, "Without the top");
    assert_eq!(state(&window).scene.space.cures, [Cure::Centre, Cure::WithoutTop(1)]);
    let shown = state(&window).space.space.clone().expect("cured vectors");
    let (wanted, control) = (opened.vectors.rows.clone(), Control::default());
    let wanted =
        Cure::WithoutTop(1).of(&Cure::Centre.of(&wanted, &control).expect("a cure"), &control).expect("a cure");
    assert_eq!(shown.vectors.rows.values(), wanted.values());
    click(&mut window, "Undo: centred");
    assert_eq!(state(&window).scene.space.cures, [Cure::WithoutTop(1)]);
    click(&mut window, "Undo: without the top 1");
    assert!(window.query_by_label_contains("Undo: ").is_none());
    // What was opened was never copied.
    assert!(std::sync::Arc::ptr_eq(&opened, state(&window).space.space.as_ref().expect("vectors")));
    assert_eq!(cosine(&window), Some(before));
}

#[test]
fn fewer_words_lose_what_was_selected_of_the_others_and_undo_brings_them_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&vectors(folder.path()));
    choose(&mut window, |chosen| (chosen.formula, chosen.table, chosen.find) = ("twin1".into(), true, "word".into()));
    ask(&mut window, Action::Space(space::Ask::Select(std::sync::Arc::new(vec![3, 40]))));
    // Undo remembers what rests for a second.
    (0..8).for_each(|_| window.step());
    choose(&mut window, |chosen| chosen.cures = vec![Cure::First(10)]);
    let count = |window: &Window| state(window).space.space.as_ref().expect("vectors").vectors.words.len();
    assert_eq!(count(&window), 10);
    assert_eq!(state(&window).space.selection.as_slice(), [3]);
    assert!(state(&window).space.fault.is_some(), "twin1 is not among the first ten");
    window.get_by_label("1 words");
    ask(&mut window, Action::Space(space::Ask::Select(std::sync::Arc::default())));
    window.get_by_label("10 words");
    (0..8).for_each(|_| window.step());
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    settle(&mut window);
    assert_eq!((count(&window), state(&window).scene.space.cures.len()), (43, 0));
}

#[test]
fn a_rotation_keeps_neighbours_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&vectors(folder.path()));
    click(&mut window, "Doctor");
    click(&mut window, "Rotate at random");
    let turned = state(&window).space.cured.turned.expect("it was held against the space before");
    assert!(turned.same > 0.999 && turned.change > 0.1, "{turned:?}");
    window.get_by_label_contains("of the 15 nearest words are the same");
    window.get_by_label("Undo: rotated (seed 1)");
    click(&mut window, "Centre");
    assert_eq!(state(&window).scene.space.steps(), [Cure::Centre, Cure::Rotate(1)]);
    click(&mut window, "Rotate at random");
    assert_eq!(state(&window).scene.space.steps(), [Cure::Centre]);
}

#[test]
fn a_cure_that_would_not_fit_is_refused_and_not_chosen() {
    let folder = tempfile::tempdir().expect("a folder");
    // 100 MB may be used at least: the vectors take 60 MB, so a copy does not fit.
    let path = folder.path().join("large.npy");
    let (rows, width) = (50_000, 300);
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
    bytes.extend(format!("{header:<117}\n").into_bytes());
    bytes.resize(bytes.len() + rows * width * 4, 0x3f);
    std::fs::write(&path, bytes).expect("it is written");
    let mut window = open([1280.0, 800.0], 1.0, Settings::default());
    // A map of the first ones is enough.
    choose(&mut window, |chosen| chosen.first = 100);
    ask(&mut window, Action::Space(space::Ask::Open(path.to_string_lossy().into_owned())));
    ask(&mut window, Action::Workspace(Workspace::Embeddings));
    assert_eq!(state(&window).space.space.as_ref().expect("vectors").vectors.rows.len(), rows);
    ask(&mut window, Action::Budget(100));
    choose(&mut window, |chosen| chosen.cures = vec![Cure::Unit]);
    assert!(window.query_by_label_contains("The vectors could not be cured").is_some());
    assert!(state(&window).scene.space.cures.is_empty());
    choose(&mut window, |chosen| chosen.cures = vec![Cure::First(1000), Cure::Unit]);
    assert_eq!(state(&window).space.space.as_ref().expect("vectors").vectors.rows.len(), 1000);
}

#[test]
fn pairs_are_scored_as_on_the_command_line_before_and_after_a_cure() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, people) = (vectors(folder.path()), pairs(folder.path()));
    let mut window = start(&path);
    click(&mut window, "Evaluation");
    window.get_by_label("Open a set\u{2026}");
    ask(&mut window, Action::Space(space::Ask::Test(space::evaluation::Ask::Read(people.clone()))));
    let (file, set) = (path.to_string_lossy().into_owned(), people.to_string_lossy().into_owned());
    let opened = said(&["vectors", &file, "eval", &set, "--json"]);
    let cured = said(&["vectors", &file, "--cure", "centre", "--cure", "top:1", "eval", &set, "--json"]);
    let number = |about: &serde_json::Value, name: &str| about[0][name].as_f64().expect("a number");
    let shown = |x: f64| format!("{x:.3}").replace('-', "\u{2212}");
    window.get_by_label(&format!("Spearman {}", shown(number(&opened, "spearman"))));
    window.get_by_label(&format!("Pearson {}", shown(number(&opened, "pearson"))));
    window.get_by_label("Unknown 14.3 %");
    window.get_by_label("Pairs 6 of 7");
    assert_eq!(window.get_all_by_label("People against cosine").count(), 2, "a heading and a picture");
    choose(&mut window, |chosen| chosen.cures = vec![Cure::Centre, Cure::WithoutTop(1)]);
    for name in ["spearman", "pearson"] {
        let (before, after) = (number(&opened, name), number(&cured, name));
        let title = if name == "spearman" { "Spearman" } else { "Pearson" };
        window.get_by_label(&format!("{title} {} {}", shown(before), shown(after)));
    }
    assert!((number(&opened, "pearson") - number(&cured, "pearson")).abs() > 0.001);
    // The farthest from the line is listed first; a click finds its words on the map.
    let outcome = state(&window).space.test.outcome.clone().expect("a score");
    assert!(!outcome.outliers.is_empty());
    let far = window.get_all_by_label_contains(" \u{b7} word").next().expect("a pair");
    far.click_accesskit();
    settle(&mut window);
    assert_eq!(state(&window).space.selection.len(), 2);
}

#[test]
fn questions_are_scored_by_section_and_method() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = vectors(folder.path());
    let questions = folder.path().join("questions.txt");
    let mut text = String::new();
    for (section, step) in [("near", 1), ("far", 5)] {
        let _ = writeln!(text, ": {section}");
        for i in 0..12 {
            let _ = writeln!(text, "word{i} word{} word{} word{}", i + step, i + 20, i + 20 + step);
        }
    }
    text.push_str(": unheard\nword1 word2 word3 nobody\n");
    std::fs::write(&questions, text).expect("it is written");
    let mut window = start(&path);
    ask(&mut window, Action::Space(space::Ask::Test(space::evaluation::Ask::Read(questions.clone()))));
    let (file, set) = (path.to_string_lossy().into_owned(), questions.to_string_lossy().into_owned());
    for (method, label) in [("3cosadd", "3CosAdd"), ("3cosmul", "3CosMul")] {
        click(&mut window, label);
        let wanted = said(&["vectors", &file, "eval", &set, "--method", method, "--json"]);
        for line in &wanted.as_array().expect("lines")[..2] {
            let (name, correct, total) = (line["section"].as_str().expect("a name"), &line["correct"], &line["total"]);
            let share = correct.as_f64().expect("a number") / total.as_f64().expect("a number") * 100.0;
            window.get_by_label(&format!("{name} {correct} of {total} {share:.1} %"));
        }
    }
    window.get_by_label("1 questions have an unknown word.");
    choose(&mut window, |chosen| chosen.test.known = 10);
    let wanted = said(&["vectors", &file, "eval", &set, "--method", "3cosmul", "--restrict", "10", "--json"]);
    assert_eq!(wanted[3]["total"], 0);
    window.get_by_label("all sections 0 of 0 \u{2013}");
}

#[test]
fn what_is_no_set_is_said_in_the_panel_and_a_dropped_one_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = vectors(folder.path());
    let mut window = start(&path);
    let broken = folder.path().join("none.tsv");
    std::fs::write(&broken, "nothing here\n").expect("it is written");
    ask(&mut window, Action::Space(space::Ask::Test(space::evaluation::Ask::Read(broken))));
    window.get_by_label_contains("no line has two words and a number");
    window.get_by_label("Evaluate");
    // Dropping opens by path: pairs go to the panel, vectors still open.
    let people = pairs(folder.path());
    ask(&mut window, Action::Open(people.to_string_lossy().into_owned()));
    assert_eq!(state(&window).scene.space.test.path, people.to_string_lossy());
    window.get_by_label("Pairs 6 of 7");
    let other = folder.path().join("other.txt");
    std::fs::write(&other, "2 2\na 1 2\nb 2 1\n").expect("it is written");
    ask(&mut window, Action::Open(other.to_string_lossy().into_owned()));
    assert_eq!(state(&window).space.space.as_ref().expect("vectors").name, "other.txt");
}

#[test]
fn what_is_shown_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = vectors(folder.path());
    let mut window = start(&path);
    choose(&mut window, |chosen| {
        (chosen.cures, chosen.formula) = (vec![Cure::Centre, Cure::Unit], "word3".to_owned());
    });
    ask(&mut window, Action::Sheet(Some(Sheet::Export)));
    click(&mut window, "Vectors");
    assert!(window.query_by_label_contains("cures included").is_some());
    let shown = state(&window).space.space.clone().expect("vectors");
    for name in ["x.txt", "x.bin", "x.npz", "x.tsv"] {
        let out = folder.path().join(name);
        ask(&mut window, Action::Export(out.clone(), ExportOf::Space(What::Vectors)));
        let read = Vectors::open(&out, &Opening::default(), &Control::default()).expect(name);
        assert_eq!((&read.rows, read.words.len()), (&shown.vectors.rows, 43), "{name}");
        // The command line writes the same bytes.
        let (file, other) = (path.to_string_lossy().into_owned(), folder.path().join(format!("cli-{name}")));
        let output = Command::new(env!("CARGO_BIN_EXE_lexiscope"))
            .args(["vectors", &file, "convert", "--cure", "centre", "--cure", "unit", "--out"])
            .arg(&other)
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(std::fs::read(&other).expect("written"), std::fs::read(&out).expect("written"), "{name}");
    }
    let out = folder.path().join("near.csv");
    ask(&mut window, Action::Export(out.clone(), ExportOf::Space(What::Near)));
    let near = read_csv(&std::fs::read_to_string(&out).expect("it is written"));
    assert_eq!(near[0], ["list", "place", "word", "rank", "score"]);
    let answer =
        said(&["vectors", &path.to_string_lossy(), "--cure", "centre", "--cure", "unit", "near", "word3", "--json"]);
    assert_eq!(near[1][2], answer[0]["word"].as_str().expect("a word"));
    let out = folder.path().join("selection.csv");
    ask(&mut window, Action::Export(out.clone(), ExportOf::Space(What::Selection)));
    assert!(window.query_by_label_contains("No word is selected").is_some());
    ask(&mut window, Action::Space(space::Ask::Select(std::sync::Arc::new(vec![2, 5]))));
    ask(&mut window, Action::Export(out.clone(), ExportOf::Space(What::Selection)));
    let rows = read_csv(&std::fs::read_to_string(&out).expect("it is written"));
    assert_eq!((rows[0].len(), rows[1][0].as_str(), rows[2][1].as_str()), (5, "word2", "6"));
}

#[test]
fn rows_that_are_no_numbers_are_left_out_kept_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = vectors(folder.path());
    let mut window = start(&path);
    let count = |window: &Window| state(window).space.space.as_ref().expect("vectors").vectors.words.len();
    assert_eq!(count(&window), 43);
    click(&mut window, "Doctor");
    click(&mut window, "Centre");
    reach(&mut window, "keep");
    assert_eq!((count(&window), state(&window).scene.space.cures.len()), (44, 1), "it is read again, and cured again");
    window.get_by_label("broken");
    reach(&mut window, "refuse the file");
    assert!(window.query_by_label_contains("could not be opened").is_some());
    assert_eq!((count(&window), state(&window).scene.space.bad), (44, BadRows::Keep));
}

#[test]
fn the_path_goes_back_to_what_is_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = vectors(folder.path());
    let mut window = start(&path);
    let broken = folder.path().join("broken.bin");
    std::fs::write(&broken, b"4 300\nking ").expect("it is written");
    ask(&mut window, Action::Space(space::Ask::Open(broken.to_string_lossy().into_owned())));
    assert!(window.query_by_label_contains("could not be opened").is_some());
    assert_eq!(state(&window).scene.space.path, path.to_string_lossy());
    assert_eq!(state(&window).space.space.as_ref().expect("the old ones").name, "ill.txt");
}

/// Draws what is there, and writes it where somebody wants to look at it.
fn draw(window: &mut Window, name: &str) {
    assert_eq!(state(window).problem.as_ref().map(|p| p.error.to_string()), None, "{name}");
    if let Some(folder) = std::env::var_os("LEXISCOPE_PICTURES") {
        window.remove_cursor();
        settle(window);
        let image = window.render().expect("the window can be drawn");
        image.save(Path::new(&folder).join(format!("{name}.png"))).expect("the picture can be written");
    }
}

/// `LEXISCOPE_PICTURES=folder cargo test --test gui health` writes what is drawn to that folder, to be looked at.
#[test]
fn the_panels_are_drawn_small_and_large_in_both_themes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (people, questions) = (pairs(folder.path()), folder.path().join("questions.txt"));
    std::fs::write(
        &questions,
        ": family\nboy girl brother sister\nman woman king queen\n: plural\nman men woman women\n",
    )
    .expect("it is written");
    for (theme, size) in
        [(Theme::Dark, [1280.0, 800.0]), (Theme::Light, [1280.0, 800.0]), (Theme::Dark, [800.0, 520.0])]
    {
        let mut window = open(size, 1.0, Settings { theme, ..Settings::default() });
        ask(&mut window, Action::Workspace(Workspace::Embeddings));
        let name = |what: &str| format!("{what}-{theme:?}-{}", size[0]).to_lowercase();
        choose(&mut window, |chosen| chosen.tab = Tab::Doctor);
        draw(&mut window, &name("doctor"));
        choose(&mut window, |chosen| {
            (chosen.cures, chosen.turn) = (vec![Cure::Centre, Cure::WithoutTop(2), Cure::First(5000)], Some(7));
        });
        draw(&mut window, &name("cured"));
        choose(&mut window, |chosen| chosen.tab = Tab::Test);
        draw(&mut window, &name("evaluation-empty"));
        let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/vectors");
        let of =
            |own: &Path, name: &str| Some(shared.join(name)).filter(|path| path.is_file()).unwrap_or(own.to_owned());
        let sets = [of(&questions, "questions-words.txt")];
        for set in sets.into_iter().chain(Some(of(&people, "wordsim353.tsv")).filter(|path| path != &people)) {
            ask(&mut window, Action::Space(space::Ask::Test(space::evaluation::Ask::Read(set.clone()))));
            let stem = set.file_stem().expect("a name").to_string_lossy().into_owned();
            draw(&mut window, &name(&format!("{stem}-cured")));
            choose(&mut window, |chosen| (chosen.cures, chosen.turn) = (vec![], None));
            draw(&mut window, &name(&stem));
            choose(&mut window, |chosen| chosen.cures = vec![Cure::Centre]);
        }
        ask(&mut window, Action::Sheet(Some(Sheet::Export)));
        draw(&mut window, &name("export"));
    }
}
