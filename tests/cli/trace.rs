//! What `trace` writes, and what `train` makes.

use crate::program::{done, folder, lexiscope, names, refused, stderr};
use crate::written::{read_csv, read_npz};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn model(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recurrent").join(name);
    path.to_string_lossy().into_owned()
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn text() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recurrent/torch-lstm/text.txt")
}

/// The last line on standard error.
fn said(output: &std::process::Output) -> Value {
    let text = stderr(output);
    serde_json::from_str(text.lines().last().expect("a line")).expect("JSON")
}

#[test]
fn every_format_holds_the_same_numbers() {
    let folder = folder();
    let (npz, csv) = (folder.path().join("x.npz"), folder.path().join("x.csv"));
    for out in [&npz, &csv] {
        let output = done(lexiscope([
            "trace",
            &model("torch-lstm"),
            "--file",
            &shown(&text()),
            "--keep",
            "forward.0.cell,gates",
            "--out",
            &shown(out),
        ]));
        let said = said(&output);
        assert_eq!(said["tokens"], 200);
        let bits = said["bits_per_token"].as_f64().expect("a number");
        assert!((bits.exp2() - said["perplexity"].as_f64().expect("a number")).abs() < 1e-9);
    }
    let file = read_npz(&npz);
    let gates = ["gate.forget", "gate.input", "gate.output"];
    let mut wanted: Vec<String> =
        (0..2).flat_map(|layer| gates.map(|gate| format!("forward.{layer}.{gate}"))).collect();
    wanted.extend(["forward.0.cell".to_owned(), "logits".to_owned()]);
    wanted.sort();
    assert_eq!(file.tensors.keys().cloned().collect::<Vec<_>>(), wanted);
    assert_eq!((file.shape("forward.0.cell"), file.shape("logits")), (&[200, 6][..], &[200, 12][..]));
    let tokens = file.tokens.as_array().expect("a list");
    assert_eq!(tokens.len(), 200);
    let read = std::fs::read_to_string(text()).expect("the text");
    for token in tokens {
        let number = |name: &str| token[name].as_u64().expect(name) as usize;
        assert_eq!(&read[number("start")..number("end")], token["piece"].as_str().expect("a piece"));
    }
    let table = read_csv(&std::fs::read_to_string(&csv).expect("written"));
    let column = table[0].iter().position(|name| name == "forward.0.cell.3").expect("a column");
    assert_eq!(table.len(), 201);
    for (row, cell) in table[1..].iter().zip(file.values("forward.0.cell").chunks_exact(6)) {
        assert_eq!(row[column].parse::<f32>().expect("a number"), cell[3]);
    }
    assert_eq!(names(folder.path()), ["x.csv", "x.npz"]);
}

#[test]
fn a_picture_shows_one_site() {
    let folder = folder();
    let out = folder.path().join("x.svg");
    let args = |keep: &str| {
        let (model, out) = (model("torch-gru-both"), shown(&out));
        lexiscope(["trace", &model, "--text", "these are notes", "--keep", keep, "--out", &out])
    };
    done(args("backward.1.state"));
    let picture = std::fs::read_to_string(&out).expect("written");
    assert!(picture.starts_with("<svg") && picture.contains("backward.1.state"));
    let message = refused(&args("state"), 1);
    assert!(message.contains("one site") && message.contains("forward.0.state"), "{message}");
    let message = refused(&args("forward.9.state"), 1);
    assert!(message.contains("no such site"), "{message}");
}

#[test]
fn a_gate_is_forced_and_what_is_unknown_is_said() {
    let folder = folder();
    let out = folder.path().join("x.npz");
    let output = done(lexiscope([
        "trace",
        &model("torch-gru"),
        "--text",
        "rest QQ",
        "--set",
        "forward.0.gate.update=1",
        "--out",
        &shown(&out),
    ]));
    assert!(stderr(&output).contains("2 that are not in the vocabulary were passed over"), "{}", stderr(&output));
    assert!(read_npz(&out).values("forward.0.state").iter().all(|x| *x == 0.0));
    let message = refused(&lexiscope(["trace", &model("torch-gru"), "--text", ""]), 1);
    assert!(message.contains("empty"), "{message}");
    let message = refused(&lexiscope(["trace", &model("hdf5"), "--text", "a"]), 1);
    assert!(message.contains("several files of weights"), "{message}");
    let attention = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/bert/model.safetensors");
    let message = refused(&lexiscope(["trace", &shown(&attention), "--text", "a"]), 1);
    assert!(message.contains("weight_ih_l0") && message.contains("found:"), "{message}");
}

#[test]
fn a_model_is_trained_stopped_and_continued() {
    let folder = folder();
    let corpus = folder.path().join("corpus.txt");
    std::fs::write(&corpus, "the quick brown fox jumps over the lazy dog.\n".repeat(30)).expect("written");
    let out = folder.path().join("model");
    let args = ["train", "gru", "--corpus", &shown(&corpus), "--out", &shown(&out)];
    let small = ["--units", "16", "--layers", "1", "--batch", "4", "--steps", "10", "--epochs", "12", "--rate", "0.01"];
    let output = done(lexiscope([&args[..], &small].concat()));
    let lines: Vec<Value> = stderr(&output).lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let first = lines.iter().find(|line| line["step"] == 1).expect("the first step");
    let last = lines.iter().rfind(|line| !line["held_out_perplexity"].is_null()).expect("a held out text");
    let (first, last) = (&first["perplexity"], &last["held_out_perplexity"]);
    assert!(last.as_f64().expect("a number") < 0.5 * first.as_f64().expect("a number"), "{first} {last}");
    assert_eq!(names(&out), ["checkpoint.safetensors", "lexiscope.json", "model.safetensors"]);
    let message = refused(&lexiscope([&args[..], &small].concat()), 1);
    assert!(message.contains("--resume"), "{message}");
    done(lexiscope([&args[..], &["--resume"]].concat()));
    let traced = done(lexiscope(["trace", &shown(&out), "--text", "the quick brown fox jumps over the lazy dog.\n"]));
    assert!(said(&traced)["perplexity"].as_f64().expect("a number") < 14.0);
}
