//! Divergences between heads and the map of heads against `NumPy` and `SciPy`: `tests/data/make_compare.py` says how the
//! references were made.

use lexiscope::analysis::compare::Comparison;
use lexiscope::analysis::filter::{self, Filter, Special};
use lexiscope::analysis::map::{HeadMap, How};
use lexiscope::analysis::meaning::{Meaning, Weights};
use lexiscope::engine::device::Choice;
use lexiscope::engine::{Ask, Opened, Run, Target};
use lexiscope::trace::{Control, Place, Want};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const TOLERANCE: f64 = 1e-5;

#[derive(Deserialize)]
struct Wanted {
    compare: Vec<Compared>,
    map: Vec<Mapped>,
}

#[derive(Deserialize)]
struct Compared {
    a: String,
    b: String,
    text: String,
    text_b: Option<String>,
    smooth: bool,
    pairs: Vec<(usize, usize)>,
    js: Vec<Vec<f64>>,
    left_out: [f64; 2],
    difference: Vec<Vec<f64>>,
    hidden: Hidden,
}

/// The same without special tokens.
#[derive(Deserialize)]
struct Hidden {
    js: Vec<Vec<f64>>,
    difference: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Mapped {
    model: String,
    text: String,
    smooth: bool,
    hide: bool,
    distances: Vec<Vec<f64>>,
    points: Vec<[f64; 2]>,
    explained: f64,
    stress: f64,
}

fn wanted() -> Wanted {
    let text = std::fs::read_to_string(data("compare.json")).expect("the reference");
    serde_json::from_str(&text).expect("its format")
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn run(model: &str, text: &str) -> Run {
    let control = Control::default();
    let opened = Opened::open_folder(&data("models").join(model), Choice::Cpu, &control).expect(model);
    Run::new(&opened, &Ask::new(text), &control).expect(model)
}

fn raw(run: Run) -> Weights {
    read(run, Meaning::Raw)
}

fn read(run: Run, meaning: Meaning) -> Weights {
    Weights::new(&Arc::new(run), meaning).expect("what it needs is kept")
}

/// What both sides are read for.
fn compared(a: &Weights, b: &Weights, filter: &Filter, smooth: bool) -> lexiscope::Result<Comparison> {
    Comparison::of(a, b, filter, smooth, &Control::default())
}

#[track_caller]
fn close(what: &str, found: f64, wanted: f64) {
    assert!((found - wanted).abs() < TOLERANCE, "{what}: {found} should be {wanted}");
}

#[test]
fn heads_differ_as_scipy_says() {
    for wanted in wanted().compare {
        let Compared { a, b, text, text_b, smooth, .. } = &wanted;
        let what = format!("{a} and {b}");
        let (run_a, run_b) = (raw(run(a, text)), raw(run(b, text_b.as_ref().unwrap_or(text))));
        let found = compared(&run_a, &run_b, &Filter::nothing(), *smooth).expect(&what);
        assert_eq!(found.alignment.pairs, wanted.pairs, "{what}");
        assert_eq!((found.layers, found.heads), (wanted.js.len(), wanted.js[0].len()), "{what}");
        for (layer, heads) in wanted.js.iter().enumerate() {
            for (head, js) in heads.iter().enumerate() {
                close(&format!("{what}, {layer}, {head}"), found.js(layer, head).expect("compared"), *js);
            }
        }
        for (found, wanted) in found.left_out.iter().zip(wanted.left_out) {
            close(&format!("{what}, left out"), *found, wanted);
        }
        let ranked = found.ranked();
        assert_eq!(ranked.len(), found.layers * found.heads);
        assert!(ranked.windows(2).all(|w| w[0].2 >= w[1].2), "{what}");
    }
}

#[test]
fn differences_are_those_of_numpy_where_tokens_have_no_partner_and_where_special_ones_are_hidden() {
    let mut partly = 0;
    for wanted in wanted().compare {
        let Compared { a, b, text, text_b, .. } = &wanted;
        let (run_a, run_b) = (raw(run(a, text)), raw(run(b, text_b.as_ref().unwrap_or(text))));
        let hidden = Filter { special: Special::Hide, ..Filter::nothing() };
        let cases = [
            (Filter::nothing(), None, &wanted.difference),
            (hidden, Some(&wanted.hidden.js), &wanted.hidden.difference),
        ];
        for (filter, js, difference) in cases {
            let what = format!("{a} and {b}, {}", filter.special);
            let found = compared(&run_a, &run_b, &filter, false).expect(&what);
            for (i, js) in js.into_iter().flatten().flatten().enumerate() {
                close(&what, found.js[i].expect("compared"), *js);
            }
            let (layer, head) = (found.layers - 1, found.heads - 1);
            let made = found.difference(&run_a, &run_b, layer, head).expect(&what);
            let difference: Vec<f64> = difference.iter().flatten().copied().collect();
            assert_eq!(made.len(), difference.len(), "{what}");
            made.iter().zip(&difference).for_each(|(found, wanted)| close(&what, f64::from(*found), *wanted));
            assert!(difference.iter().any(|d| d.abs() > 0.01), "{what}: nothing differs");
            assert_eq!(found.tokens(&run_a.run).len().pow(2), made.len());
            partly += usize::from(!found.alignment.is_identity());
        }
    }
    assert!(partly >= 6, "{partly}");
}

#[test]
fn a_masked_token_stands_beside_what_it_was() {
    let control = Control::default();
    let opened = Opened::open_folder(&data("models").join("bert"), Choice::Cpu, &control).expect("bert");
    let plain = Ask::new("The cat slept on the mat.");
    let [before, after] = [plain.clone(), Ask { masked: vec![3], ..plain }]
        .map(|ask| Arc::new(Run::new(&opened, &ask, &control).expect("a run")));
    for words in [false, true] {
        let filter = Filter { words, ..Filter::nothing() };
        let [a, b] = [&before, &after].map(|run| Weights::new(run, Meaning::Raw).expect("attention"));
        let found = compared(&a, &b, &filter, false).expect("compared");
        assert!(found.alignment.is_identity() && found.left_out == [0.0; 2]);
        let difference = found.difference(&a, &b, 0, 1).expect("a difference");
        let [a, b] = [&a, &b].map(|w| filter::kept(&w.run.tokens, &w.head(0, 1), w.meaning, &filter));
        let wanted: Vec<f32> = b.iter().zip(&a).map(|(b, a)| b - a).collect();
        assert_eq!(difference, wanted, "after less before");
        assert!(difference.iter().any(|d| d.abs() > 0.01));
    }
}

#[test]
fn a_run_does_not_differ_from_itself_and_its_difference_is_zero() {
    let run = raw(run("bert", "The cat slept on the mat."));
    let found = compared(&run, &run, &Filter::nothing(), false).expect("compared");
    assert!(found.alignment.is_identity());
    assert!(found.js.iter().all(|js| *js == Some(0.0)));
    assert_eq!(found.left_out, [0.0, 0.0]);
    assert!(found.difference(&run, &run, 1, 2).expect("a difference").iter().all(|d| *d == 0.0));
}

#[test]
fn the_difference_is_b_less_a() {
    let (a, b) = (run("bert", "The cat slept on the mat."), run("bert-sharded", "The cat slept on the mat."));
    let sides = [raw(a.clone()), raw(b.clone())];
    let found = compared(&sides[0], &sides[1], &Filter::nothing(), false).expect("compared");
    assert_eq!((found.shapes, found.layers, found.heads), ([(2, 4), (3, 4)], 2, 4));
    let n = a.tokens.len();
    let difference = found.difference(&sides[0], &sides[1], 1, 3).expect("a difference");
    for (i, d) in difference.iter().enumerate() {
        assert!((d - (b.head(1, 3)[i] - a.head(1, 3)[i])).abs() < 1e-6, "{} {}", i / n, i % n);
    }
    assert!(difference.iter().any(|d| d.abs() > 0.05));
}

/// Half the divergence of each distribution from their middle, summed: Lin's definition, written another way than the
/// program has it.
fn divergence(p: &[f32], q: &[f32]) -> f64 {
    let shares = |row: &[f32]| {
        let total: f64 = row.iter().copied().map(f64::from).sum();
        row.iter().map(|w| f64::from(*w) / total).collect::<Vec<f64>>()
    };
    let (p, q) = (shares(p), shares(q));
    let half = |x: f64, y: f64| if x > 0.0 { x * (2.0 * x / (x + y)).ln() } else { 0.0 };
    p.iter().zip(&q).map(|(p, q)| f64::midpoint(half(*p, *q), half(*q, *p))).sum()
}

#[test]
fn divergences_are_of_the_meaning_where_that_has_shares() {
    let text = "The cat slept on the mat.";
    let keep = |name: &str, meaning: Meaning| {
        let control = Control::default();
        let opened = Opened::open_folder(&data("models").join(name), Choice::Cpu, &control).expect(name);
        let want = meaning.wants().iter().fold(Want::attention(), |want, &site| want.and(Place::site(site)));
        let target = (meaning == Meaning::Gradient).then_some(Target::Pooled);
        read(Run::new(&opened, &Ask { want, target, ..Ask::new(text) }, &control).expect(name), meaning)
    };
    for meaning in Meaning::ALL.iter().copied() {
        let (a, b) = (keep("bert", meaning), keep("bert-sharded", meaning));
        let found = compared(&a, &b, &Filter::nothing(), false).expect("compared");
        assert_eq!(found.of == meaning, !meaning.is_signed(), "{meaning}");
        let (layers, heads) = (a.layers().min(b.layers()), a.heads());
        assert_eq!((found.layers, found.heads, found.js.len()), (layers, heads, layers * heads), "{meaning}");
        let n = a.run.tokens.len();
        for (layer, head) in (0..layers).flat_map(|layer| (0..heads).map(move |head| (layer, head))) {
            // What has signs is no share: then it is the attention that is compared.
            let own = |weights: &Weights| {
                let attention = weights.run.head(layer, head);
                if meaning.is_signed() { attention.to_vec() } else { weights.head(layer, head).into_owned() }
            };
            let (p, q) = (own(&a), own(&b));
            let rows = p.chunks(n).zip(q.chunks(n)).map(|(p, q)| divergence(p, q));
            let wanted = rows.sum::<f64>() / n as f64;
            close(&format!("{meaning} {layer} {head}"), found.js(layer, head).expect("compared"), wanted);
        }
    }
}

#[test]
fn texts_without_a_common_token_are_refused() {
    let (a, b) = (raw(run("gpt2", "cat")), raw(run("gpt2", "Ships were")));
    let error = compared(&a, &b, &Filter::nothing(), false).expect_err("nothing in common").to_string();
    assert!(error.contains("no token in common"), "{error}");
}

#[test]
fn heads_lie_where_numpy_lays_them() {
    for wanted in wanted().map {
        let run = run(&wanted.model, &wanted.text);
        let how = How { smooth: wanted.smooth, hide: wanted.hide };
        let found = HeadMap::of(&run, how, &Control::default()).expect("a map");
        let all = found.len();
        assert_eq!(all, wanted.distances.len());
        for (i, row) in wanted.distances.iter().enumerate() {
            for (j, d) in row.iter().enumerate() {
                close(&format!("{}: {i} to {j}", wanted.model), found.distances[i * all + j], *d);
            }
        }
        for (i, (found, wanted)) in found.points.iter().zip(&wanted.points).enumerate() {
            close(&format!("x of {i}"), found[0], wanted[0]);
            close(&format!("y of {i}"), found[1], wanted[1]);
        }
        close("explained", found.explained, wanted.explained);
        close("stress", found.stress, wanted.stress);

        // The nearest heads, by looking at every one.
        let (layer, head) = (1, 2);
        let near = found.nearest(layer, head, 3);
        let mut by_hand: Vec<(f64, usize)> = wanted.distances[layer * found.heads + head]
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != layer * found.heads + head)
            .map(|(i, d)| (*d, i))
            .collect();
        by_hand.sort_by(|a, b| a.0.total_cmp(&b.0));
        for ((l, h, d), (wanted, i)) in near.iter().zip(&by_hand) {
            assert_eq!(l * found.heads + h, *i);
            close("distance", *d, *wanted);
        }
        assert_eq!(near.len(), 3);
        assert!(found.nearest(9, 0, 3).is_empty());
    }
}

/// Runs the program without a display; what it wrote as rows of a table, and what it said.
fn table(args: &[&str]) -> (Vec<Vec<String>>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("x.csv");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lexiscope"));
    command.args(args).arg("--out").arg(&out).env_remove("DISPLAY");
    let output = command.output().expect("the program starts");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success() && output.stdout.is_empty(), "{said}");
    let text = std::fs::read_to_string(&out).expect("it is written");
    (text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect(), said)
}

fn model(name: &str) -> String {
    data("models").join(name).to_string_lossy().into_owned()
}

#[test]
fn the_command_line_compares() {
    for wanted in wanted().compare {
        let (a, b) = (model(&wanted.a), model(&wanted.b));
        let mut args = vec!["compare", &a, &b, "--text", &wanted.text];
        if let Some(text) = &wanted.text_b {
            args.extend(["--text-b", text]);
        }
        if wanted.smooth {
            args.push("--smooth");
        }
        let (rows, said) = table(&args);
        assert_eq!(rows[0], ["layer", "head", "js"]);
        let found: Vec<f64> = rows[1..].iter().map(|r| r[2].parse().expect("a number")).collect();
        let flat: Vec<f64> = wanted.js.iter().flatten().copied().collect();
        assert_eq!(found.len(), flat.len());
        for (i, (found, wanted)) in found.iter().zip(&flat).enumerate() {
            close(&format!("row {i}"), *found, *wanted);
        }
        let heads = wanted.js[0].len();
        let places =
            rows[1..].iter().enumerate().all(|(i, r)| r[..2] == [(i / heads).to_string(), (i % heads).to_string()]);
        assert!(places, "the order of the model");
        assert_eq!(said.contains("are aligned"), wanted.left_out[0] > 1e-6, "{said}");
    }
    let (rows, said) = table(&["compare", &model("bert"), &model("bert-sharded"), "--text", "The cat slept."]);
    assert_eq!(rows.len(), 1 + 2 * 4);
    assert!(said.contains("A has 2 layers of 4 heads, B 3 of 4"), "{said}");
}

#[test]
fn the_command_line_writes_where_a_head_differs() {
    for wanted in wanted().compare.iter().filter(|wanted| wanted.left_out[0] < 1e-6 || !wanted.smooth) {
        let (layer, head) = (wanted.js.len() - 1, wanted.js[0].len() - 1);
        let (a, b, place) = (model(&wanted.a), model(&wanted.b), format!("{layer},{head}"));
        let mut args = vec!["compare", &a, &b, "--text", &wanted.text, "--head", &place];
        if let Some(text) = &wanted.text_b {
            args.extend(["--text-b", text]);
        }
        let n = wanted.difference.len();
        // All of them, and the largest of each row by magnitude.
        for (top, more) in [(n, &[][..]), (2, &["--top", "2"])] {
            let (rows, said) = table(&[&args, more].concat());
            assert_eq!(rows[0], ["query", "key", "query_piece", "key_piece", "difference"]);
            assert_eq!(said.contains(&format!("{} of", rows.len() - 1)), !more.is_empty(), "{said}");
            let mut found = vec![vec![0.0; n]; n];
            for row in &rows[1..] {
                let at = |i: usize| row[i].parse::<usize>().expect("a place");
                // A piece may be a comma: the number stands last.
                found[at(0)][at(1)] = row.last().expect("a field").parse().expect("a number");
            }
            for (found, wanted) in found.iter().zip(&wanted.difference) {
                let mut sizes: Vec<f64> = wanted.iter().map(|d| d.abs()).collect();
                sizes.sort_by(|a, b| b.total_cmp(a));
                let least = sizes[top.min(n) - 1];
                for (found, wanted) in found.iter().zip(wanted) {
                    // Where two are equal to the tolerance, either may be there.
                    let is_there: f64 = if *found == 0.0 { 0.0 } else { *wanted };
                    close("a difference", *found, is_there);
                    assert!(*found != 0.0 || wanted.abs() <= least + TOLERANCE, "{wanted} is missing");
                    assert!(*found == 0.0 || wanted.abs() >= least - TOLERANCE, "{wanted} is too small");
                }
            }
        }
        // Without special tokens, the share of magnitude that passes.
        let (rows, _) = table(&[&args[..], &["--special", "hide"]].concat());
        let all: f64 = wanted.hidden.difference.iter().flatten().map(|d| d.abs()).sum();
        let found = |rows: &[Vec<String>]| -> f64 {
            rows[1..].iter().map(|row| row.last().expect("a field").parse::<f64>().expect("a number").abs()).sum()
        };
        assert!((found(&rows) - all).abs() < 1e-4, "{} of {all}", found(&rows));
        let (rows, _) = table(&[&args[..], &["--special", "hide", "--mass", "0.5"]].concat());
        assert!(found(&rows) >= 0.5 * all - 1e-4 && found(&rows) < all, "{} of {all}", found(&rows));
    }
}

#[test]
fn the_command_line_refuses_what_has_no_divergence() {
    let folder = tempfile::tempdir().expect("a folder");
    let says = |args: &[&str], out: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lexiscope"));
        let bert = model("bert");
        command.args(["compare", &bert, &bert, "--text", "The cat slept.", "--text-b", "The dog slept."]);
        command.args(args).arg("--out").arg(folder.path().join(out)).env_remove("DISPLAY");
        let output = command.output().expect("the program starts");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    for (args, out, what) in [
        (&["--meaning", "scores"][..], "x.csv", "a divergence is between shares"),
        (&["--meaning", "gradient", "--target", "pooled"], "x.csv", "a divergence is between shares"),
        (&["--top", "2"], "x.csv", "among the differences of a head"),
        (&[], "x.svg", "a picture shows the differences of a head"),
        (&["--head", "0,1", "--smooth"], "x.csv", "cannot be used with"),
        (&["--head", "0,1", "--meaning", "rollout"], "x.csv", "rollout has no heads"),
        (&["--target", "pooled"], "x.csv", "--target goes with"),
    ] {
        let (code, said) = says(args, out);
        assert!(code == Some(2) && said.contains(what), "{args:?}: {code:?} {said}");
    }
    let (code, said) = says(&["--head", "9,0"], "x.csv");
    assert!(code == Some(1) && said.contains("both sides have 2 layers of 4 heads"), "{said}");
    // Under any meaning a difference has signs, and is drawn with them.
    for meaning in [&["--meaning", "scores"][..], &["--meaning", "gradient", "--target", "pooled"]] {
        let (code, said) = says(&[meaning, &["--head", "1,2", "--mass", "0.7"]].concat(), "x.svg");
        assert_eq!(code, Some(0), "{said}");
        let svg = std::fs::read_to_string(folder.path().join("x.svg")).expect("a picture");
        assert!(svg.contains("B \u{2212} A of") && svg.contains(">threshold</text>"), "the caption says it");
    }
    let (rows, said) =
        table(&["compare", &model("bert"), &model("bert-sharded"), "--text", "The cat.", "--meaning", "rollout"]);
    assert!(rows.len() == 1 + 2 && rows[1..].iter().all(|row| row[1].is_empty()), "{rows:?} {said}");
}

#[test]
fn the_command_line_maps() {
    let wanted = wanted().map;
    maps(&wanted[0], &[]);
    let said = maps(&wanted[2], &["--special", "hide"]);
    assert!(said.contains("special tokens left out"), "{said}");
}

/// Runs `map` and compares what it writes; what it says.
fn maps(wanted: &Mapped, args: &[&str]) -> String {
    let (rows, said) = table(&[&["map", &model(&wanted.model), "--text", &wanted.text], args].concat());
    assert_eq!(rows[0], ["layer", "head", "x", "y", "nearest_layer", "nearest_head", "distance"]);
    assert_eq!(rows.len(), 1 + wanted.points.len());
    let number = |field: &str| field.parse::<f64>().expect("a number");
    for (i, (row, point)) in rows[1..].iter().zip(&wanted.points).enumerate() {
        close(&format!("x of {i}"), number(&row[2]), point[0]);
        close(&format!("y of {i}"), number(&row[3]), point[1]);
        let others = wanted.distances[i].iter().enumerate().filter(|(j, _)| *j != i);
        let (nearest, distance) = others.min_by(|a, b| a.1.total_cmp(b.1)).expect("another head");
        assert_eq!(number(&row[4]) * 4.0 + number(&row[5]), nearest as f64);
        close("distance", number(&row[6]), *distance);
    }
    assert!(said.contains("% of the squared distances"), "{said}");
    said
}
