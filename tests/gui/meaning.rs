//! Axes by meaning and honest analogies, by the names that a screen reader says.

use crate::csv::read_csv;
use crate::hand::{ask, click, state};
use crate::window::{Window, open, settle};
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;
use lexiscope::gui::action::{Action, ExportOf};
use lexiscope::gui::scene::Workspace;
use lexiscope::gui::settings::{Settings, Theme};
use lexiscope::gui::space::{self, axes, side::Tab};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Words whose first number is how female they are, whose second how royal, whose third how old; the rest is noise that
/// does not lie along these.
const NAMED: [(&str, [f32; 3]); 8] = [
    ("man", [-1.0, 0.0, 0.0]),
    ("woman", [1.0, 0.0, 0.0]),
    ("king", [-1.0, 1.0, 0.0]),
    ("queen", [1.0, 1.0, 0.0]),
    ("boy", [-1.0, 0.0, -1.0]),
    ("girl", [1.0, 0.0, -1.0]),
    ("prince", [-1.0, 1.0, -1.0]),
    ("princess", [1.0, 1.0, -1.0]),
];
/// Numbers of a vector: three with a meaning, one that all words share, and noise.
const WIDTH: usize = 12;

fn vectors(folder: &tempfile::TempDir) -> PathBuf {
    let path = folder.path().join("people.txt");
    let mut text = format!("{} {WIDTH}\n", NAMED.len() + 92);
    let mut line = |word: &str, vector: [f32; WIDTH]| {
        let row: Vec<String> = vector.iter().map(|x| format!("{x:.6}")).collect();
        let _ = writeln!(text, "{word} {}", row.join(" "));
    };
    for (word, [x, y, z]) in NAMED {
        let mut vector = [0.0; WIDTH];
        vector[..4].copy_from_slice(&[x, y, z, 2.0]);
        line(word, vector);
    }
    for i in 0..92usize {
        let mut vector = [0.0; WIDTH];
        for (j, x) in vector.iter_mut().enumerate() {
            *x = ((i * 37 + j * 101) as f32 * 0.7).sin() * if j < 4 { 0.3 } else { 1.0 };
        }
        line(&format!("w{i}"), vector);
    }
    std::fs::write(&path, text).expect("it is written");
    path
}

fn start(folder: &tempfile::TempDir, tab: Tab) -> Window {
    let mut window = open([1280.0, 800.0], 1.0, Settings { theme: Theme::Dark, ..Settings::default() });
    let path = vectors(folder).to_string_lossy().into_owned();
    ask(&mut window, Action::Space(space::Ask::Open(path)));
    ask(&mut window, Action::Workspace(Workspace::Embeddings));
    choose(&mut window, |chosen| chosen.tab = tab);
    window
}

fn choose(window: &mut Window, change: impl FnOnce(&mut space::Chosen)) {
    let mut chosen = state(window).scene.space.clone();
    change(&mut chosen);
    ask(window, Action::Space(space::Ask::Choose(Box::new(chosen))));
}

/// Types into a field.
fn write(window: &mut Window, field: &str, text: &str) {
    window.get_by_role_and_label(Role::TextInput, field).focus();
    window.step();
    window.get_by_role_and_label(Role::TextInput, field).type_text(text);
    settle(window);
}

/// Whether something on the screen says this.
fn says(window: &Window, text: &str) -> bool {
    window.query_all_by_label_contains(text).next().is_some()
}

/// The rows of a table under its lines of comment.
fn rows(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    read_csv(&lines.fold(String::new(), |text, line| text + line + "\n"))
}

/// The cosine of a named word with a direction of the three numbers that mean something.
fn cosine(word: &str, direction: [f64; 3]) -> f64 {
    let (_, x) = NAMED.iter().find(|(name, _)| *name == word).expect("a named word");
    let along: f64 = x.iter().zip(direction).map(|(x, d)| f64::from(*x) * d).sum();
    let length = (x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() + 4.0).sqrt();
    along / length / direction.iter().map(|d| d * d).sum::<f64>().sqrt()
}

#[test]
fn an_axis_of_two_sets_orders_words_and_is_held_against_chance() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder, Tab::Axes);
    write(&mut window, "Axis x", "man, boy : woman, girl");
    // The axis is the first number: each word lies by its share of it.
    let queen = format!("{:.3}", cosine("queen", [1.0, 0.0, 0.0]));
    assert_eq!(queen, "0.408");
    for word in ["woman 0.447", "man \u{2212}0.447", "queen 0.408", "girl 0.408"] {
        window.get_by_label(word);
    }
    // By NumPy: the distance of the means of the unit vectors, and the cosines with the axis without each word.
    assert!(says(&window, "The poles are 0.855 apart"), "strength");
    assert!(says(&window, "of 1\u{2009}000 random axes do as well (p = "));
    window.get_by_label("Axes of random words");
    for without in ["man 0.970", "boy 0.973", "woman 0.970", "girl 0.973"] {
        window.get_by_label(without);
    }
    click(&mut window, "queen 0.408");
    assert_eq!(state(&window).scene.space.formula, "queen");
    window.get_by_label("Ruler man, boy : woman, girl: queen lies at 0.408");
}

#[test]
fn a_misspelt_word_is_said_at_its_field_and_mended_by_a_click() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder, Tab::Axes);
    write(&mut window, "Axis x", "man : womann");
    assert!(says(&window, "`womann` is not in the vocabulary; nearest spellings: woman"));
    assert!(window.query_by_label_contains("Ruler").is_none(), "never an axis without a word");
    window.get_by_role_and_label(Role::Button, "woman").click();
    settle(&mut window);
    assert_eq!(state(&window).scene.space.axes.typed, ["man : woman"]);
    window.get_by_label("Ruler man : woman");
    // A word that is not there is left out of a set that has others, and said.
    write(&mut window, "Axis x", ", qeen");
    assert!(says(&window, "`qeen` is not in the vocabulary; nearest spellings: queen; it is left out"), "said");
    window.get_by_label("Ruler man : woman, qeen");
}

#[test]
fn pairs_and_formulas_are_axes_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder, Tab::Axes);
    choose(&mut window, |chosen| chosen.axes.typed = vec!["man : woman, king : queen, boy : girl".to_owned()]);
    // All differences are parallel.
    assert!(says(&window, "100 % of what the pairs differ by lies along it."));
    assert!(says(&window, "0 of 1\u{2009}000 random axes do as well (p = 0.000999)"));
    window.get_by_label("king : queen 1.000");
    choose(&mut window, |chosen| chosen.axes.typed = vec!["woman - man".to_owned()]);
    assert!(says(&window, "A formula has no random axes"));
    window.get_by_label("queen 0.408");
}

#[test]
fn a_chip_fills_a_field_and_the_map_is_laid_out_on_two_axes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder, Tab::Axes);
    assert!(window.query_by_label("good : bad").is_none(), "its words are not in the vocabulary");
    click(&mut window, "man : woman");
    click(&mut window, "Add an axis");
    write(&mut window, "Axis y", "man : king");
    assert_eq!(state(&window).scene.space.axes.typed, ["man : woman", "man : king"]);
    click(&mut window, "Lay out on these axes");
    let laid = state(&window).space.laid.clone().expect("a map");
    assert_eq!(laid.coordinates.width(), 2);
    let king = laid.coordinates.row(2);
    assert!((f64::from(king[0]) - cosine("king", [1.0, 0.0, 0.0])).abs() < 1e-5, "{king:?}");
    // Of a map along axes the figures of trust are those of any map.
    assert!(state(&window).space.trust().is_some());
    let out = folder.path().join("map.csv");
    ask(&mut window, Action::Export(out.clone(), ExportOf::Head));
    let text = std::fs::read_to_string(&out).expect("a file");
    assert!(text.contains("# axis x: man : woman") && text.contains("# axis y: man : king"), "{text}");
    let table = rows(&text);
    assert_eq!(table[0], ["word", "x", "y"]);
    assert_eq!((table[3][0].as_str(), table[3][1].parse::<f32>().expect("a number")), ("king", king[0]));
    // What the command line writes is the same.
    let file = folder.path().join("people.txt");
    let cli = folder.path().join("cli.csv");
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_lexiscope"))
        .args(["project", &file.to_string_lossy(), "--method", "axes"])
        .args(["--axis", "man : woman", "--axis", "man : king", "--out", &cli.to_string_lossy()])
        .output()
        .expect("the program starts");
    assert!(run.status.success());
    assert_eq!(rows(&std::fs::read_to_string(&cli).expect("a file")), table);
    // Three make a solid; a session with axes that are none goes back.
    choose(&mut window, |chosen| chosen.axes.typed.push("man : boy".to_owned()));
    click(&mut window, "Lay out on these axes");
    assert_eq!(state(&window).space.laid.as_ref().expect("a map").coordinates.width(), 3);
}

#[test]
fn the_places_along_axes_are_written_as_a_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder, Tab::Axes);
    choose(&mut window, |chosen| chosen.axes.typed = vec!["man : woman".to_owned(), "man : king".to_owned()]);
    let out = folder.path().join("axes.csv");
    ask(&mut window, Action::Space(space::Ask::Axes(axes::Ask::Save(out.clone()))));
    let text = std::fs::read_to_string(&out).expect("a file");
    let table = rows(&text);
    assert_eq!(table[0], ["word", "rank", "man : woman", "man : king"]);
    let queen: f64 = table[4][2].parse().expect("a number");
    assert!((queen - cosine("queen", [1.0, 0.0, 0.0])).abs() < 1e-5);
    // With how strong they are, where the format has room for it.
    let out = folder.path().join("axes.json");
    ask(&mut window, Action::Space(space::Ask::Axes(axes::Ask::Save(out.clone()))));
    let text = std::fs::read_to_string(&out).expect("a file");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let about = json["about"]["strength of man : woman"].as_str().expect("a line");
    assert!(about.ends_with(" of 1000 random axes)"), "{about}");
    assert_eq!(json["rows"].as_array().map(Vec::len), Some(100));
}

#[test]
fn the_association_test_says_effect_and_chance() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder, Tab::Axes);
    choose(&mut window, |chosen| {
        chosen.axes.part = axes::Part::Weat;
        chosen.axes.sets = ["king, prince", "queen, princess", "man, boy", "woman, girrl"].map(str::to_owned);
    });
    // Two of four targets, as far apart as can be: one of six ways.
    assert!(says(&window, "p = 0.167, of all 6 ways to share the targets out"), "the chance");
    assert!(says(&window, "`girrl` is not in the vocabulary; nearest spellings: girl"));
    click(&mut window, "girl");
    assert_eq!(state(&window).scene.space.axes.sets[3], "woman, girl");
    // By NumPy.
    assert!(says(&window, "Effect size 1.73"), "the effect");
    window.get_by_label("prince 0.323");
    window.get_by_role_and_label(Role::TextInput, "First targets");
}

#[test]
fn what_leaks_back_is_told_before_and_after() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder, Tab::Axes);
    choose(&mut window, |chosen| {
        chosen.axes.typed = vec!["man, boy : woman, girl".to_owned()];
        chosen.axes.part = axes::Part::Reject;
        chosen.axes.count = 4;
    });
    // The four words at either end differ by the axis alone.
    window.get_by_label("before 100 %");
    assert!(says(&window, "By chance both are 50 %."));
    assert!(window.query_all_by_label_contains("after ").count() >= 2);
    choose(&mut window, |chosen| chosen.axes.typed = vec!["man : nobody".to_owned()]);
    assert!(says(&window, "`nobody` is not in the vocabulary"));
}

#[test]
fn an_analogy_is_answered_by_every_method_beside_its_baselines() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder, Tab::Word);
    write(&mut window, "Word or formula", "king - man + woman");
    assert!(says(&window, "man is to king as woman is to what?"));
    for list in ["3CosAdd", "3CosMul", "PairDirection", "near woman", "near king"] {
        assert!(says(&window, list), "{list}");
    }
    assert!(!says(&window, "3CosAvg"), "of one pair it is no other method");
    window.get_by_label("Parallelogram: man, king, woman, queen");
    // By NumPy, of vectors of length 1.
    assert!(says(&window, "man to king: 0.417 \u{b7} woman to queen: 0.417"));
    assert!(says(&window, "angle between the sides: 10.7\u{b0}"));
    assert!(says(&window, "100 % of the spread of the four is in the plane"));
    write(&mut window, "More pairs", "boy : prince");
    assert!(says(&window, "3CosAvg"));
    choose(&mut window, |chosen| chosen.analogy.pairs = "boy : princ".to_owned());
    assert!(says(&window, "`princ` is not in the vocabulary; nearest spellings: prince"));
    // With the inputs let in, the nearest is one of them.
    choose(&mut window, |chosen| {
        chosen.analogy.pairs.clear();
        chosen.inputs = true;
    });
    window.get_by_label("Parallelogram: man, king, woman, queen");
    choose(&mut window, |chosen| chosen.formula = "king".to_owned());
    assert!(!says(&window, "is to what?"));
}

#[test]
fn the_odd_one_out_is_found_among_words_and_in_a_selection() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder, Tab::Word);
    write(&mut window, "Words of which one is odd", "man, boy, king, princess");
    assert!(says(&window, "princess is the odd one"));
    ask(&mut window, Action::Space(space::Ask::Select(std::sync::Arc::new(vec![0, 1, 2]))));
    click(&mut window, "Take the selection");
    assert_eq!(state(&window).scene.space.analogy.odd, "man, woman, king");
    assert!(says(&window, "woman is the odd one"));
    choose(&mut window, |chosen| chosen.analogy.odd = "man, kng".to_owned());
    assert!(says(&window, "takes three known words or more"));
}
