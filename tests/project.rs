//! `lexiscope project`: vectors in, a map and what it keeps out. Figures are scikit-learn's (`data/make_geometry.py`).
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

#[path = "written/csv.rs"]
mod csv;

use csv::read_csv;
use lexiscope::analysis::bootstrap::SplitMix;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

fn expected() -> Value {
    serde_json::from_str(include_str!("data/geometry.json")).expect("valid JSON")
}

/// The cloud of points of `make_geometry.py` as a file of words `w0`, `w1`, ...
fn cloud(folder: &TempDir, seed: u64, n: usize, width: usize) -> PathBuf {
    let mut random = SplitMix(seed);
    let mut text = String::new();
    for i in 0..n {
        let u: Vec<f64> = (0..width).map(|_| (random.bits() >> 40) as f64 / 16_777_216.0 - 0.5).collect();
        let value = |j: usize| ((1.0 + j as f64 / 16.0) * u[j] + 0.5 * u[(j + 1) % width] + j as f64 / 4.0) as f32;
        write!(text, "w{i}").expect("memory takes everything");
        (0..width).for_each(|j| write!(text, " {}", value(j)).expect("memory takes everything"));
        text.push('\n');
    }
    file(folder, "cloud.txt", &text)
}

fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("it is written");
    path
}

/// Runs `project` on a file; what it writes is `map.csv` in the folder.
fn project(folder: &TempDir, file: &Path, args: &[&str]) -> Output {
    let out = folder.path().join("map.csv");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lexiscope"));
    command.arg("project").arg(file).args(args).arg("--out").arg(out).output().expect("the program starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("messages are UTF-8")
}

/// The map and what is said of it, of a command that does what it should.
#[track_caller]
fn done(folder: &TempDir, file: &Path, args: &[&str]) -> (Vec<Vec<String>>, Value) {
    let output = project(folder, file, args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
    let about = serde_json::from_str(stderr(&output).lines().last().expect("a line")).expect("the last line is JSON");
    (read_csv(&std::fs::read_to_string(folder.path().join("map.csv")).expect("a map")), about)
}

#[track_caller]
fn refused(folder: &TempDir, file: &Path, args: &[&str], code: i32, says: &str) {
    let output = project(folder, file, args);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(message.contains(says) && !message.contains("panicked"), "{message}");
    assert!(!folder.path().join("map.csv").exists(), "nothing is written");
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn places(map: &[Vec<String>]) -> Vec<Vec<f64>> {
    map[1..].iter().map(|row| row[1..].iter().map(|x| x.parse().expect("a number")).collect()).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

#[track_caller]
fn assert_figure(about: &Value, name: &str, wanted: &Value) {
    let (found, wanted) = (about[name].as_f64().expect(name), wanted.as_f64().expect(name));
    assert!((found - wanted).abs() < 1e-4, "{name}: {found} instead of {wanted}");
}

#[test]
fn principal_components_are_written_with_the_shares_of_the_total() {
    let folder = folder();
    let (map, about) = done(&folder, &cloud(&folder, 1, 200, 6), &["--method", "pca", "--dims", "3"]);
    assert_eq!(map[0], ["word", "x", "y", "z"]);
    assert!(map.len() == 201 && map[1][0] == "w0" && map[200][0] == "w199");
    let wanted = &expected()["pca"]["tall"];
    for (place, wanted) in places(&map).iter().zip(wanted["scores"].as_array().expect("scores")) {
        for (x, y) in place.iter().zip(numbers(wanted)) {
            assert!((x - y).abs() < 1e-5, "{x} instead of {y}");
        }
    }
    let ratios = numbers(&about["explained_variance_ratio"]);
    assert_eq!(ratios.len(), 3);
    assert!(ratios.iter().zip(numbers(&wanted["ratios"])).all(|(x, y)| (x - y).abs() < 1e-6), "{ratios:?}");
    assert_eq!((about["sample"].as_u64(), about["neighbours"].as_u64()), (Some(200), Some(15)));
}

#[test]
fn what_a_map_of_word_vectors_keeps_is_said() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/vectors/glove.twitter.25d.subset.txt");
    if !path.exists() {
        println!("what_a_map_of_word_vectors_keeps_is_said: skipped, {} is absent", path.display());
        return;
    }
    let folder = folder();
    let (map, about) = done(&folder, &path, &["--method", "pca"]);
    assert_eq!((map.len(), about["sample"].as_u64()), (11_926, Some(11_925)));
    let wanted = &expected()["trust"]["glove_pca"];
    assert_figure(&about, "kept_15", &wanted["kept"]);
    assert_figure(&about, "trustworthiness", &wanted["trustworthiness"]);
    assert_figure(&about, "continuity", &wanted["continuity"]);
}

#[test]
fn words_make_axes() {
    let folder = folder();
    let text = "man 1 0 0\nwoman 0 2 0\nking 3 0 1\nqueen 0 1 1\nnobody 0 0 0\n: 1 1 1\n";
    let file = file(&folder, "few.txt", text);
    let axes = ["--method", "axes", "--axis", "man,king,sir : woman, queen", "--axis", "\":\" - man"];
    let output = project(&folder, &file, &axes);
    assert!(stderr(&output).contains("note: `sir` is left out"), "{}", stderr(&output));
    let (map, about) = done(&folder, &file, &axes);
    assert_eq!((map[0].join(","), map[5][1].as_str()), ("word,x,y".to_owned(), ""));
    // By hand: man and king are 1 0 0 and 3 0 1 over the root of 10, woman and queen 0 1 0 and 0 1 1 over that of 2.
    let root = |x: f64| x.sqrt();
    let axis = [
        -(1.0 + 3.0 / root(10.0)) / 2.0,
        f64::midpoint(1.0, 1.0 / root(2.0)),
        (1.0 / root(2.0) - 1.0 / root(10.0)) / 2.0,
    ];
    let length = root(axis.iter().map(|x| x * x).sum());
    let man: f64 = map[1][1].parse().expect("a number");
    assert!((man - axis[0] / length).abs() < 1e-6, "{man}");
    let other = [1.0 / root(3.0) - 1.0, 1.0 / root(3.0), 1.0 / root(3.0)];
    let size = root(other.iter().map(|x| x * x).sum());
    let man: f64 = map[1][2].parse().expect("a number");
    assert!((man - other[0] / size).abs() < 1e-6, "{man}");
    let cosine = numbers(&about["cosine_of_axes"])[0];
    let wanted = axis.iter().zip(other).map(|(x, y)| x * y).sum::<f64>() / length / size;
    assert!((cosine - wanted).abs() < 1e-6, "{cosine}");
    // Five words have a direction: four others are neighbours of each, on any map.
    assert_eq!((about["neighbours"].as_u64(), about["kept_15"].as_f64()), (Some(4), Some(1.0)));
}

#[test]
fn an_axis_without_a_known_word_is_an_error() {
    let folder = folder();
    let file = file(&folder, "few.txt", "man 1 0\nwoman 0 2\nking 3 1\n");
    let axes = |first: &'static str| ["--method", "axes", "--axis", first, "--axis", "man : woman"];
    refused(&folder, &file, &axes("kin : woman"), 1, "nearest spellings: king");
    refused(&folder, &file, &axes("man : man"), 1, "do not differ");
    refused(&folder, &file, &axes("man - wom"), 1, "is not in the vocabulary");
    refused(&folder, &file, &["--method", "axes", "--axis", "man : woman"], 2, "one --axis to each dimension");
    refused(&folder, &file, &["--method", "axes", "--axis", "a", "--axis", "b", "--dims", "3"], 2, "3 of them, not 2");
    refused(&folder, &file, &["--method", "pca", "--axis", "man : woman"], 2, "needs --method axes");
    refused(&folder, &file, &["--method", "pca", "--dims", "4"], 2, "--dims");
}

#[test]
fn a_seed_makes_a_map_once() {
    let folder = folder();
    let file = cloud(&folder, 2, 120, 5);
    let of = |method: &str, seed: &str| done(&folder, &file, &["--method", method, "--seed", seed]);
    assert_eq!(of("random", "7"), of("random", "7"));
    assert_ne!(of("random", "7").0, of("random", "8").0);
    let (map, about) = of("diffusion", "1");
    assert_eq!((map, &about["eigenvalues"]), (of("diffusion", "1").0, &of("diffusion", "1").1["eigenvalues"]));
    let values = numbers(&about["eigenvalues"]);
    assert!(values.len() == 2 && values[0] > values[1] && values[0] < 1.0, "{values:?}");
    assert!(about["trustworthiness"].as_f64().expect("a number") > 0.6, "{about}");
}

#[test]
fn what_cannot_be_laid_out_is_refused_and_little_is_no_trouble() {
    let folder = folder();
    let file = |text: &str| file(&folder, "few.txt", text);
    let large = cloud(&folder, 3, 900, 3);
    let budget = ["--method", "diffusion", "--budget", "3"];
    refused(&folder, &large, &budget, 1, "needs 7 MB and the budget is 3 MB, which is enough for 610 points");
    refused(&folder, &file("a 1\nb 2\nc 3\n"), &["--method", "random"], 1, "width 1");
    refused(&folder, &file("a 1 2\nb 2 1\n"), &["--method", "diffusion"], 1, "2 points");
    refused(&folder, &folder.path().join("none.txt"), &["--method", "pca"], 1, "none.txt");
    let (map, about) = done(&folder, &file("a 1 2 3\n"), &["--method", "pca"]);
    assert_eq!((places(&map), &about["kept_15"]), (vec![vec![0.0, 0.0]], &Value::Null));
    let (map, about) = done(&folder, &file("a 1 2\nb 1 2\nc 1 2\nd 1 2\n"), &["--method", "pca", "--dims", "3"]);
    assert!(places(&map).iter().flatten().all(|x| *x == 0.0), "{map:?}");
    assert_eq!((numbers(&about["explained_variance_ratio"]), about["neighbours"].as_u64()), (vec![0.0; 3], Some(3)));
}

#[test]
fn clusters_are_a_column_and_are_named() {
    let folder = folder();
    let file = cloud(&folder, 21, 300, 18);
    let (map, about) = done(&folder, &file, &["--method", "pca", "--clusters", "6", "--metric", "euclidean"]);
    assert_eq!(map[0], ["word", "x", "y", "cluster"]);
    let clusters = about["clusters"].as_array().expect("clusters");
    assert_eq!(clusters.len(), 6);
    for cluster in clusters {
        let (name, words) = (cluster["cluster"].to_string(), cluster["words"].as_u64().expect("a count"));
        let members: Vec<&String> = map[1..].iter().filter(|row| row[3] == name).map(|row| &row[0]).collect();
        assert_eq!(members.len() as u64, words);
        let typical = cluster["typical"].as_array().expect("words");
        assert_eq!(typical.len() as u64, words.min(5));
        assert!(typical.iter().all(|word| members.iter().any(|member| *member == word.as_str().expect("a word"))));
    }
    assert!(about["inertia"].as_f64().is_some_and(|x| x > 0.0));
}

#[test]
fn the_ends_of_components_are_those_of_the_map() {
    let folder = folder();
    let file = cloud(&folder, 22, 200, 9);
    let (map, about) = done(&folder, &file, &["--method", "pca"]);
    let at = places(&map);
    for k in 0..2 {
        let mut order: Vec<usize> = (0..200).collect();
        order.sort_by(|i, j| at[*i][k].total_cmp(&at[*j][k]));
        let words = |ends: &str| -> Vec<String> {
            let ends = about["ends"][k][ends].as_array().expect("words");
            ends.iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
        };
        let named = |rows: &mut dyn Iterator<Item = &usize>| -> Vec<String> {
            rows.take(10).map(|row| format!("w{row}")).collect()
        };
        assert_eq!(words("low"), named(&mut order.iter()));
        assert_eq!(words("high"), named(&mut order.iter().rev()));
        assert!(about["rank_correlation"][k].as_f64().is_some_and(|x| x.abs() <= 1.0));
    }
}
