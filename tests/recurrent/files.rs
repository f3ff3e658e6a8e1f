//! What is opened of a folder, and what is said where that is not possible.

use lexiscope::engine::recurrent::{Opened, Task, is_one};
use lexiscope::trace::Control;
use safetensors::tensor::{Dtype, TensorView};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recurrent").join(name)
}

/// A copy of a folder of reference data.
fn copy(name: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(data(name)).expect("the data") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, folder.path().join(path.file_name().expect("a name"))).expect("copied");
    }
    folder
}

fn open(path: &Path) -> lexiscope::Result<Opened> {
    Opened::open(path, &Control::default())
}

fn refused(path: &Path) -> String {
    open(path).expect_err("it cannot be read").to_string()
}

/// Writes tensors, each filled with one number.
fn write(path: &Path, tensors: &[(&str, &[usize], f32)]) {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(_, shape, x)| x.to_le_bytes().repeat(shape.iter().product())).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).expect("a tensor"))
    });
    let file = safetensors::serialize(views, None).expect("written");
    fs::write(path, file).expect("written");
}

/// An LSTM of 2 units over 3 symbols.
const LSTM: [(&str, &[usize], f32); 6] = [
    ("a.weight_ih_l0", &[8, 3], 0.1),
    ("a.weight_hh_l0", &[8, 2], 0.2),
    ("a.bias_ih_l0", &[8], 0.0),
    ("a.bias_hh_l0", &[8], 0.0),
    ("out.weight", &[3, 2], 1.0),
    ("out.bias", &[3], 0.0),
];

#[test]
fn a_description_wins_over_a_manifest_and_that_over_a_state_dict() {
    let folder = copy("tf1-lstm");
    assert!(is_one(folder.path()));
    let manifest = open(folder.path()).expect("a manifest beside a state dict");
    assert_eq!(manifest.files[0].file_name().expect("a name"), "manifest.json");
    let named = folder.path().join("named.safetensors");
    write(&named, &LSTM);
    let text = r#"{"weights": "named.safetensors", "vocabulary": ["x", "y", "z"]}"#;
    fs::write(folder.path().join("lexiscope.json"), text).expect("written");
    let described = open(folder.path()).expect("what is described");
    assert_eq!((described.network.layers[0].forward.units, described.task), (2, Task::Language));
    assert_eq!(described.symbols.expect("a vocabulary").item(1), "y");
    // A file that is named itself is what is read.
    let chosen = open(&folder.path().join("manifest.json")).expect("the manifest");
    assert_eq!(chosen.network.layers.len(), 2);
}

#[test]
fn wrong_names_are_answered_with_the_closest_and_with_what_there_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.safetensors");
    write(&path, &[("rnn.weights_ih_l0", &[8, 3], 0.1), ("other", &[2], 0.0)]);
    let error = refused(&path);
    assert!(error.contains("closest name is `weights_ih_l0`") && error.contains("other [2]"), "{error}");
    let twice: Vec<_> = LSTM.iter().copied().chain([("b.weight_ih_l0", &[8usize, 3][..], 0.1)]).collect();
    write(&path, &twice);
    let error = refused(&path);
    assert!(error.contains("several recurrent networks, under `a.`, `b.`") && error.contains("prefix"), "{error}");
    let said = |text: &str| fs::write(folder.path().join("lexiscope.json"), text).expect("written");
    said(r#"{"prefix": "a."}"#);
    assert!(open(&path).is_ok());
    said(r#"{"prefix": "c."}"#);
    assert!(refused(&path).contains("no `c.weight_ih_l0` (recurrent layers are under: a., b."), "{}", refused(&path));
    said(r#"{"prefix": "a.", "output": {"weight": "out.weigth"}}"#);
    assert!(refused(&path).contains("closest is `out.weight`"), "{}", refused(&path));
    said(r#"{"cells": "lstm"}"#);
    assert!(refused(&path).contains("unknown field `cells`"), "{}", refused(&path));
    said(r#"{"prefix": "a.", "cell": "gru"}"#);
    assert!(refused(&path).contains("8 columns are not 3 gates"), "{}", refused(&path));
}

#[test]
fn shapes_and_numbers_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.safetensors");
    let with = |name: &str, shape: &'static [usize], x: f32| {
        let tensors: Vec<_> = LSTM.iter().map(|t| if t.0 == name { (t.0, shape, x) } else { *t }).collect();
        write(&path, &tensors);
        refused(folder.path())
    };
    let error = with("a.weight_hh_l0", &[8, 2], f32::NAN);
    assert!(error.contains("`a.weight_hh_l0`") && error.contains("not finite"), "{error}");
    let error = with("a.weight_hh_l0", &[8, 3], 0.0);
    assert!(error.contains("[8, 3]") && error.contains("gates"), "{error}");
    let error = with("a.bias_hh_l0", &[7], 0.0);
    assert!(error.contains("a bias has 7 numbers"), "{error}");
    write(&path, &LSTM);
    fs::write(folder.path().join("vocab.json"), r#"["a", "b", "c", "d"]"#).expect("written");
    let error = refused(folder.path());
    assert!(error.contains("4 symbols, and the model reads 3"), "{error}");
    fs::remove_file(folder.path().join("vocab.json")).expect("removed");
    let opened = open(folder.path()).expect("without a vocabulary");
    assert!(opened.notices.iter().any(|notice| notice.contains("no vocabulary")), "{:?}", opened.notices);
    let ask = lexiscope::engine::recurrent::Ask::new("abc");
    assert!(opened.run(&ask, &Control::default()).expect_err("no vocabulary").to_string().contains("vocab.json"));
}

#[test]
fn damaged_files_are_errors() {
    for (name, file) in [("torch-lstm", "model.safetensors"), ("torch-gru", "model.pt"), ("keras-lstm", "model.h5")] {
        let folder = copy(name);
        let path = folder.path().join(file);
        let whole = fs::read(&path).expect("the file");
        for end in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..end]).expect("written");
            let _ = open(folder.path());
        }
        fs::write(&path, &whole[..whole.len() / 2]).expect("written");
        let error = refused(folder.path());
        assert!(error.contains(file), "{error}");
    }
    let folder = copy("tf1-lstm");
    fs::write(folder.path().join("embedding"), [0; 12]).expect("written");
    assert!(refused(folder.path()).contains("12 bytes"), "{}", refused(folder.path()));
    let empty = tempfile::tempdir().expect("a folder");
    assert!(!is_one(empty.path()) && refused(empty.path()).contains("no weights of a recurrent model"));
}
