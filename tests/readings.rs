//! What `attend` writes under each meaning and filter, recomputed here from what it writes without them.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use written::{read_csv, read_json, read_npz, read_safetensors};

mod written;

const MODEL: &str = "models/bert-mini-en";
const CAUSAL: &str = "tests/data/models/gpt2";
const TEXT: &str = "The unhappy lighthouse keepers reopened it.";

fn attend(model: &str, args: &[&str], out: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lexiscope"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["attend", model]);
    command.args(["--text", TEXT]).args(args).arg("--out").arg(out).output().expect("it starts")
}

#[track_caller]
fn done(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

fn folder() -> (tempfile::TempDir, impl Fn(&str) -> PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().to_path_buf();
    (folder, move |name: &str| root.join(name))
}

/// `(layer, head, query)` to `(key, value)` in the order of the file.
type Rows = BTreeMap<(String, String, usize), Vec<(usize, f32)>>;

fn rows(path: &Path) -> Rows {
    let table = read_csv(&std::fs::read_to_string(path).expect("it is there"));
    assert_eq!(table[0].join(","), "layer,head,query,key,query_piece,key_piece,value");
    let mut rows = Rows::new();
    for line in &table[1..] {
        let number = |i: usize| line[i].parse::<usize>().expect("a position");
        let row = rows.entry((line[0].clone(), line[1].clone(), number(2))).or_default();
        row.push((number(3), line[6].parse().expect("a value")));
    }
    rows
}

#[test]
fn every_meaning_has_one_set_of_numbers_in_every_format() {
    let (_folder, path) = folder();
    let target = ["--target", "hidden:1,3"];
    for (model, name, array) in [
        (MODEL, "scores", "scores"),
        (MODEL, "norm", "norms"),
        (MODEL, "gradient", "gradient"),
        (MODEL, "rollout", "rollout"),
        (CAUSAL, "scores", "scores"),
        (CAUSAL, "gradient", "gradient"),
    ] {
        let mut args = vec!["--meaning", name];
        if name == "gradient" {
            args.extend(target);
        }
        for extension in ["npz", "safetensors", "json", "csv", "svg"] {
            done(&attend(model, &args, &path(&format!("x.{extension}"))));
        }
        let npz = read_npz(&path("x.npz"));
        let wanted = if name == "rollout" { 3 } else { 4 };
        assert_eq!(npz.shape(array).len(), wanted, "{name}");
        assert_eq!(npz.shape(array).last(), npz.shape("attentions").last(), "{name}");
        assert_eq!(read_safetensors(&path("x.safetensors")).tensors, npz.tensors, "{name}");
        let csv: Vec<f32> = rows(&path("x.csv")).into_values().flatten().map(|(_, value)| value).collect();
        let values = npz.values(array);
        assert_eq!(csv.len(), values.len(), "{name}");
        assert!(csv.iter().zip(values).all(|(a, b)| a.to_bits() == b.to_bits()), "{name}: csv and npz differ");
        let json: Value = serde_json::from_slice(&std::fs::read(path("x.json")).expect("it is there")).expect("JSON");
        assert!(json["meaning"].as_str().is_some_and(|m| !m.is_empty()), "{name}: {}", json["meaning"]);
        let masked = values.iter().filter(|v| **v == f32::NEG_INFINITY).count();
        let n = *npz.shape(array).last().expect("an axis");
        let heads: usize = npz.shape(array)[..wanted - 2].iter().product();
        let later = if model == CAUSAL && name == "scores" { heads * n * (n - 1) / 2 } else { 0 };
        assert_eq!(masked, later, "{name}: later keys, and only they, have no score");
        if later == 0 {
            let flat = json[array].to_string().matches(',').count() + 1;
            assert_eq!(flat, values.len(), "{name}: as many numbers in JSON");
        } else {
            assert_eq!(json[array].to_string().matches("null").count(), later, "{name}");
        }
    }
}

/// The fewest of a row's largest values that carry `share` of its mass.
fn nucleus(row: &[(usize, f32)], share: f32) -> Vec<(usize, f32)> {
    let mut order = row.to_vec();
    order.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let total: f64 = row.iter().map(|r| f64::from(r.1.abs())).sum();
    let mut sum = 0.0;
    order.retain(|r| {
        let goes_on = sum < f64::from(share) * total;
        sum += f64::from(r.1.abs());
        goes_on
    });
    order
}

#[test]
fn thresholds_leave_rows_out_of_csv() {
    let (_folder, path) = folder();
    let plain = path("plain.csv");
    for meaning in [vec![], vec!["--meaning", "gradient", "--target", "pooled"]] {
        done(&attend(MODEL, &meaning, &plain));
        let all = rows(&plain);
        let filtered = |args: &[&str]| {
            let out = path("some.csv");
            let said = done(&attend(MODEL, &[&meaning[..], args].concat(), &out));
            assert!(said.contains(" values, "), "what was left out is said: {said}");
            rows(&out)
        };
        let some = filtered(&["--mass", "0.7"]);
        for (place, row) in &all {
            assert_eq!(some.get(place).cloned().unwrap_or_default(), nucleus(row, 0.7), "{place:?}");
        }
        let some = filtered(&["--top", "2"]);
        for (place, row) in &all {
            let mut order = row.clone();
            order.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
            assert_eq!(some[place], order[..2], "{place:?}");
        }
        let some: usize = filtered(&["--min", "0.01"]).values().map(Vec::len).sum();
        let wanted = all.values().flatten().filter(|(_, value)| value.abs() >= 0.01).count();
        assert!(some == wanted && wanted > 0, "{some} {wanted}");
    }
}

#[test]
fn special_tokens_are_left_out_and_rows_scaled() {
    let (_folder, path) = folder();
    done(&attend(MODEL, &[], &path("all.csv")));
    done(&attend(MODEL, &["--special", "hide"], &path("hide.csv")));
    done(&attend(MODEL, &["--special", "renormalise"], &path("scaled.csv")));
    let (all, hide, scaled) = (rows(&path("all.csv")), rows(&path("hide.csv")), rows(&path("scaled.csv")));
    let last = all.values().next().expect("a row").len() - 1;
    let own = |i: usize| i != 0 && i != last;
    for (place, row) in &all {
        if !own(place.2) {
            assert!(!hide.contains_key(place) && !scaled.contains_key(place), "{place:?}");
            continue;
        }
        let left: BTreeMap<usize, f32> = row.iter().copied().filter(|(k, v)| own(*k) && *v > 0.0).collect();
        assert_eq!(hide[place].iter().copied().collect::<BTreeMap<_, _>>(), left, "{place:?}");
        let sum: f32 = left.values().sum();
        for (key, value) in &scaled[place] {
            assert!((value - left[key] / sum).abs() < 1e-5, "{place:?}");
        }
    }
}

#[test]
fn words_are_columns_summed_and_rows_averaged() {
    let (_folder, path) = folder();
    done(&attend(MODEL, &[], &path("all.json")));
    done(&attend(MODEL, &["--words"], &path("words.json")));
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(path(name)).expect("it is there")).expect("JSON")
    };
    let (all, words) = (read_json(&path("all.json")), read("words.json"));
    // What a word is: pieces whose bytes follow each other without a gap.
    let tokens = all.tokens.as_array().expect("tokens");
    let mut spans: Vec<Vec<usize>> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        match spans.last_mut() {
            Some(word) if token["piece"].as_str().expect("a piece").starts_with("##") => word.push(i),
            _ => spans.push(vec![i]),
        }
    }
    assert!(spans.len() < tokens.len(), "a word of several pieces");
    assert_eq!(words["words"].as_array().expect("words").len(), spans.len());
    assert_eq!(words["axes"]["attentions"].to_string(), r#"["layer","head","query_word","key_word"]"#);
    assert_eq!(words["filter"]["words"], true);
    let n = tokens.len();
    for (layer, heads) in words["attentions"].as_array().expect("layers").iter().enumerate() {
        for (head, matrix) in heads.as_array().expect("heads").iter().enumerate() {
            let whole = &all.values("attentions")[(layer * all.shape("attentions")[1] + head) * n * n..][..n * n];
            for (q, query) in spans.iter().enumerate() {
                for (k, key) in spans.iter().enumerate() {
                    let sum: f32 = query.iter().flat_map(|&q| key.iter().map(move |&k| whole[q * n + k])).sum();
                    let found = matrix[q][k].as_f64().expect("a number") as f32;
                    assert!((found - sum / query.len() as f32).abs() < 1e-6, "{layer} {head} {q} {k}");
                }
            }
        }
    }
}

#[test]
fn json_says_what_was_left_out_and_scores_leave_holes() {
    let (_folder, path) = folder();
    let out = path("x.json");
    done(&attend(MODEL, &["--meaning", "scores", "--top", "3", "--special", "hide"], &out));
    let json: Value = serde_json::from_slice(&std::fs::read(&out).expect("it is there")).expect("JSON");
    let filter = &json["filter"];
    assert_eq!((&filter["of"], &filter["special"]), (&"scores".into(), &"hide".into()), "{filter}");
    assert_eq!(filter["threshold"]["top"], 3, "{filter}");
    let shown = filter["shown"].as_u64().expect("a count") as usize;
    let values: usize = json["scores"].to_string().split(',').filter(|part| !part.contains("null")).count();
    assert_eq!(values, shown, "a hole is null, for 0 is a score");
    assert!(!json["attentions"].to_string().contains("null"), "the attention itself is whole");
}

#[test]
fn filters_go_into_the_picture_of_all_heads() {
    let (_folder, path) = folder();
    let pixels = |name: &str| {
        let svg = std::fs::read_to_string(path(name)).expect("a picture");
        let start = svg.find("data:image/png;base64,").expect("an image");
        let end = svg[start..].find('"').expect("its end");
        (svg[start..start + end].to_owned(), svg)
    };
    done(&attend(MODEL, &[], &path("whole.svg")));
    let (whole, svg) = pixels("whole.svg");
    assert!(!svg.contains("special tokens") && !svg.contains("top "), "nothing is left out, and nothing is said");
    let mut seen = vec![whole];
    for (args, says) in [
        (&["--special", "hide"][..], "no special tokens"),
        (&["--special", "hide", "--mass", "0.5"], "no special tokens, top 50 %"),
        (&["--words"], "words"),
        (&["--top", "2"], "2 of a row"),
        (&["--min", "0.3", "--meaning", "norm"], "at least 0.3"),
    ] {
        done(&attend(MODEL, args, &path("part.svg")));
        let (part, svg) = pixels("part.svg");
        assert!(svg.contains(&format!(">{says}</text>")) && !seen.contains(&part), "{args:?}");
        seen.push(part);
    }
    // With so high a threshold nothing is left, and all heads look alike.
    done(&attend(MODEL, &["--min", "2"], &path("none.svg")));
    assert!(!seen.contains(&pixels("none.svg").0));
}

#[test]
fn what_contradicts_itself_is_refused() {
    let (_folder, path) = folder();
    for (args, name, code, says) in [
        (&["--mass", "0.7"][..], "x.npz", 2, ".npz, which always holds every value"),
        (&["--words"], "x.safetensors", 2, "always holds every value"),
        (&["--meaning", "gradient"], "x.npz", 2, "--target logprob:TOKEN"),
        (&["--target", "pooled"], "x.npz", 2, "--meaning gradient"),
        (&["--keep", "gradient"], "x.npz", 2, "--target"),
        (&["--combine", "mean", "--head", "0,0"], "x.png", 2, "more than once"),
        (&["--meaning", "rollout", "--head", "0,0"], "x.png", 2, "no heads"),
        (&["--mass", "0.7", "--top", "2"], "x.csv", 2, "cannot be used with"),
        (&["--mass", "70"], "x.csv", 2, "at most 1"),
        (&["--meaning", "flow"], "x.csv", 2, "raw, scores, norm, gradient, rollout"),
        (&["--meaning", "gradient", "--target", "class:0"], "x.npz", 1, "does not classify"),
        (&["--meaning", "gradient", "--target", "logprob:99"], "x.npz", 1, "no token 99"),
        (&["--head", "0,0", "--head", "9,0"], "x.png", 1, "no head L9"),
    ] {
        let output = attend(MODEL, args, &path(name));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(says), "{args:?}: {said}");
        assert!(!path(name).exists(), "{args:?}");
    }
}
