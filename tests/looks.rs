//! Clusters, densities and parts of words, held against scikit-learn, `SciPy` and gensim (`data/make_looks.py`).

use lexiscope::analysis::bootstrap::SplitMix;
use lexiscope::analysis::density::Density;
use lexiscope::analysis::space::kmeans::KMeans;
use lexiscope::rows::Rows;
use lexiscope::source::vectors::{Opening, Vectors};
use lexiscope::trace::Control;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn expected() -> Value {
    serde_json::from_str(include_str!("data/looks.json")).expect("valid JSON")
}

/// Numbers from -0.5 to 0.5: the upper 24 bits of each output of the generator.
fn uniform(seed: u64, count: usize) -> Vec<f64> {
    let mut random = SplitMix(seed);
    (0..count).map(|_| (random.bits() >> 40) as f64 / 16_777_216.0 - 0.5).collect()
}

/// The cloud of points that `make_geometry.py` makes.
fn cloud(seed: u64, n: usize, width: usize) -> Rows {
    let u = uniform(seed, n * width);
    let value = |i: usize, j: usize| {
        (1.0 + j as f64 / 16.0) * u[i * width + j] + 0.5 * u[i * width + (j + 1) % width] + j as f64 / 4.0
    };
    let values = (0..n * width).map(|at| value(at / width, at % width) as f32).collect();
    Rows::new(values, width).expect("whole rows")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn unit(rows: &Rows) -> Rows {
    let length = |row: &[f32]| row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let values = rows.iter().flat_map(|row| row.iter().map(move |x| (f64::from(*x) / length(row)) as f32));
    Rows::new(values.collect(), rows.width()).expect("whole rows")
}

#[test]
fn clusters_are_those_of_scikit_learn() {
    let all = &expected()["kmeans"];
    let control = Control::default();
    for (name, rows) in [("plain", cloud(21, 2500, 18)), ("many", cloud(22, 900, 40)), ("unit", cloud(23, 1500, 12))] {
        let wanted = &all[name];
        let k = wanted["k"].as_u64().expect("a number") as usize;
        let is_unit = name == "unit";
        let seen = if is_unit { unit(&rows) } else { rows.clone() };
        let start = Rows::new(seen.values()[..k * seen.width()].to_vec(), seen.width()).expect("the first rows");
        let asked = KMeans { k, unit: is_unit, tolerance: 0.0, most: 1000, ..KMeans::default() };
        let found = asked.of_start(&rows, &start, &control).expect("clusters");
        let inertia = number(&wanted["inertia"]);
        assert!((found.inertia / inertia - 1.0).abs() < 1e-5, "{name}: {} instead of {inertia}", found.inertia);
        let labels = numbers(&wanted["labels"]);
        let other = labels.iter().enumerate().filter(|(i, label)| f64::from(found.of[*i]) != **label).count();
        assert!(other <= 1, "{name}: {other} rows are elsewhere");
        for (x, y) in found.centres.row(0).iter().zip(numbers(&wanted["centre"])) {
            assert!((f64::from(*x) - y).abs() < 1e-3 * y.abs().max(1.0), "{name}: {x} instead of {y}");
        }
        // From its own start it comes near the best of thirty.
        let best = number(&wanted["best"]);
        let own = (0..5).map(|seed| KMeans { seed, ..asked }.of(&rows, &control).expect("clusters").inertia);
        let own = own.fold(f64::INFINITY, f64::min);
        assert!(own < best * 1.02 && own > best * 0.98, "{name}: {own}, and the best is {best}");
    }
}

#[test]
fn densities_are_those_of_scipy() {
    let wanted = &expected()["density"];
    let places: Vec<[f32; 3]> = uniform(11, 4000)
        .chunks_exact(2)
        .enumerate()
        .map(|(i, u)| {
            let middle = if i % 3 == 0 { [0.5, 0.3] } else { [-0.4, -0.2] };
            [(middle[0] + u[0] * 0.6) as f32, (middle[1] + u[1] * 0.4) as f32, 0.0]
        })
        .collect();
    let found = Density::of(&places, 1.0, &Control::default()).expect("not stopped").expect("a density");
    for (x, y) in found.bandwidth.iter().zip(numbers(&wanted["bandwidth"])) {
        assert!((f64::from(*x) / y - 1.0).abs() < 1e-5, "{x} instead of {y}");
    }
    let most = numbers(&wanted["values"]).into_iter().fold(0.0, f64::max);
    let at = wanted["places"].as_array().expect("places");
    for (place, value) in at.iter().zip(numbers(&wanted["values"])) {
        let place = numbers(place);
        let density = f64::from(found.at([place[0] as f32, place[1] as f32]));
        assert!((density - value).abs() < 3e-3 * most, "{place:?}: {density} instead of {value}");
    }
    for (share, level) in wanted["levels"].as_object().expect("levels") {
        let (found, level) = (f64::from(found.level(share.parse().expect("a share"))), number(level));
        assert!((found - level).abs() < 5e-3 * most, "{share}: {found} instead of {level}");
    }
}

fn fasttext() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/vectors/gensim_ft.bin")
}

#[test]
fn parts_of_words_have_the_shares_of_gensims_vectors() {
    let vectors = Vectors::open(&fasttext(), &Opening::default(), &Control::default()).expect("vectors");
    let parts = vectors.subwords.as_ref().expect("it knows parts");
    for wanted in expected()["parts"].as_array().expect("words") {
        let word = wanted["word"].as_str().expect("a word");
        let row = vectors.words.find(word);
        assert_eq!(row.is_some(), !wanted["own"].is_null(), "{word}");
        let shares = parts.shares(word.as_bytes(), row.map(|row| vectors.rows.row(row))).expect("it has parts");
        if let Some(own) = wanted["own"].as_f64() {
            let found = shares.own.expect("it is in the vocabulary");
            assert!((found - own).abs() < 1e-4, "{word}: {found} instead of {own}");
        }
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("letters");
        let mut found: Vec<(String, f64)> =
            shares.grams.iter().map(|(gram, share)| (text(&gram.bytes), *share)).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let grams = wanted["grams"].as_array().expect("n-grams");
        assert_eq!(found.len(), grams.len(), "{word}");
        for ((gram, share), wanted) in found.iter().zip(grams) {
            assert_eq!(gram, wanted[0].as_str().expect("a gram"));
            assert!((share - number(&wanted[1])).abs() < 1e-4, "{word} {gram}: {share} instead of {}", wanted[1]);
        }
        // The command line says the same.
        let output = Command::new(env!("CARGO_BIN_EXE_lexiscope"))
            .args(["vectors", &fasttext().to_string_lossy(), "parts", word, "--json"])
            .output()
            .expect("it runs");
        let said: Value = serde_json::from_slice(&output.stdout).expect("valid JSON");
        assert_eq!(said["known"], row.is_some());
        assert_eq!(said["grams"].as_array().expect("n-grams").len(), grams.len());
        assert_eq!(said["grams"][0]["share"].as_f64(), Some(shares.grams[0].1));
    }
}

#[test]
fn a_file_without_parts_says_so() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/vectors/glove.txt");
    let output = Command::new(env!("CARGO_BIN_EXE_lexiscope"))
        .args(["vectors", &file.to_string_lossy(), "parts", "word"])
        .output()
        .expect("it runs");
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("knows no parts of words"));
}
