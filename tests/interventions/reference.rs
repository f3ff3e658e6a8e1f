//! The reference of PyTorch, and what every test of interventions does.

use lexiscope::array::Array;
use lexiscope::engine::device::Choice;
use lexiscope::engine::{Ask, Cut, Opened, Run, Target};
use lexiscope::trace::{Control, Place, Want};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

/// What a number of the reference, computed in f64, may differ by.
pub const TOLERANCE: f64 = 1e-5;
/// An effect of which the tolerance is a small part.
pub const SEEN: f64 = 30.0 * TOLERANCE;

pub const TEXT: &str = "The keeper climbed the narrow stairs, singing.";

pub fn data() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
}

/// Every checkpoint by the name of its folder.
pub static MODELS: LazyLock<BTreeMap<String, Opened>> = LazyLock::new(|| {
    let folders = std::fs::read_dir(data().join("models")).expect("tests/data/models");
    let names = folders.map(|f| f.expect("a folder").file_name().to_string_lossy().into_owned());
    names.map(|name| (name.clone(), open(&name))).collect()
});

pub fn open(name: &str) -> Opened {
    let opened = Opened::open_folder(&data().join("models").join(name), Choice::Cpu, &Control::default());
    opened.unwrap_or_else(|e| panic!("{name}: {e}"))
}

pub static REFERENCE: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let text = std::fs::read_to_string(data().join("interventions.json")).expect("tests/data/interventions.json");
    let mut read: Value = serde_json::from_str(&text).expect("JSON");
    let Value::Array(models) = read["models"].take() else { panic!("no models") };
    models
});

pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

pub fn index(value: &Value) -> usize {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no index")) as usize
}

pub fn grid(value: &Value) -> Vec<f64> {
    value.as_array().expect("rows").iter().flat_map(|row| row.as_array().expect("a row").iter().map(number)).collect()
}

#[track_caller]
pub fn close(what: &str, found: &[f64], wanted: &[f64], allowed: f64) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (i, (x, w)) in found.iter().zip(wanted).enumerate() {
        assert!((x - w).abs() <= allowed, "{what}: value {i} is {x} and should be {w}");
    }
}

/// What the reference asks of a model: the text, masked where it says so.
pub fn asked(case: &Value) -> Ask {
    Ask { masked: case["masked"].as_u64().map(|i| i as usize).into_iter().collect(), ..Ask::new(TEXT) }
}

pub fn replaced(case: &Value) -> Ask {
    let piece = case["replaced"][1].as_str().expect("a piece").to_owned();
    Ask { replaced: vec![(index(&case["replaced"][0]), piece)], ..asked(case) }
}

pub fn targets(case: &Value) -> impl Iterator<Item = (Target, &Value)> {
    let targets = case["targets"].as_array().expect("targets");
    targets.iter().map(|t| (t["target"].as_str().expect("a name").parse().expect("a target"), t))
}

pub fn run(opened: &Opened, ask: &Ask) -> Run {
    Run::new(opened, ask, &Control::default()).unwrap_or_else(|e| panic!("{}: {e}", opened.name))
}

pub fn cut(cut: &Value) -> Cut {
    Cut { layer: index(&cut[0]), head: cut[1].as_u64().map(|h| h as usize), query: index(&cut[2]), key: index(&cut[3]) }
}

pub fn cuts(case: &Value) -> Vec<Cut> {
    case["cuts"].as_array().expect("cuts").iter().map(cut).collect()
}

pub fn all() -> Want {
    Want::nothing().and(Place::default())
}

pub fn same(a: &Array, b: &Array) -> bool {
    a.shape() == b.shape() && a.data().iter().zip(b.data()).all(|(x, y)| x.to_bits() == y.to_bits())
}

/// Runs the program on a checkpoint of the tests.
pub fn lexiscope(subcommand: &str, model: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lexiscope"));
    command.arg(subcommand).arg(data().join("models").join(model)).args(args).output().expect("the program starts")
}

#[track_caller]
pub fn refused(output: &Output) -> String {
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.stdout.is_empty() && !output.status.success() && !message.contains("internal error"), "{message}");
    message
}

/// The rows of a file of plain fields, its header first.
pub fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).expect("the file is written");
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}
