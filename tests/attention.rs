//! The meanings of attention, held against what PyTorch and transformers make of them
//! (`tests/data/make_attention.py`), and the gradient against itself: watching it changes nothing.

use lexiscope::analysis::meaning::{Meaning, Weights};
use lexiscope::engine::device::Choice;
use lexiscope::engine::{Ask, Opened, Run};
use lexiscope::error::Error;
use lexiscope::trace::{At, Control, Edit, Edits, Place, Site, Stop, Want};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Allowed error as a share of the largest value of the reference, at least of 1.
const ALLOWED: f32 = 1e-5;

#[derive(Deserialize)]
struct Case {
    name: String,
    model: String,
    texts: Vec<String>,
    masked: Vec<usize>,
    targets: Vec<String>,
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(data("attention.json")).expect("the cases");
    serde_json::from_str(&text).expect("a list of cases")
}

fn open(name: &str) -> Opened {
    Opened::open_folder(&data("models").join(name), Choice::Cpu, &Control::default()).expect(name)
}

fn run(opened: &Opened, case: &Case, meaning: Meaning, target: Option<&str>) -> Arc<Run> {
    let sites = meaning.wants().iter().map(|&site| Place::site(site));
    let ask = Ask {
        pair: case.texts.get(1).cloned(),
        masked: case.masked.clone(),
        want: sites.fold(Want::nothing(), Want::and),
        target: target.map(|t| t.parse().expect("a target")),
        ..Ask::new(&case.texts[0])
    };
    Arc::new(Run::new(opened, &ask, &Control::default()).unwrap_or_else(|e| panic!("{}: {e}", case.name)))
}

#[track_caller]
fn close(what: &str, found: &[f32], wanted: &[f32]) -> f32 {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let largest = wanted.iter().filter(|w| w.is_finite()).fold(1f32, |m, w| m.max(w.abs()));
    let mut worst = 0f32;
    for (i, (f, w)) in found.iter().zip(wanted).enumerate() {
        if w.is_infinite() {
            assert_eq!(f, w, "{what}: value {i}");
            continue;
        }
        worst = worst.max((f - w).abs() / largest);
        assert!((f - w).abs() <= ALLOWED * largest, "{what}: value {i} is {f} and should be {w}");
    }
    worst
}

/// Compares one meaning of every case; `targets` says which runs a case needs.
fn compare(meaning: Meaning, tensor: &str) {
    let bytes = std::fs::read(data("attention.safetensors")).expect("the reference");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let (mut compared, mut worst) = (0, 0f32);
    for case in cases() {
        let opened = open(&case.model);
        let targets: Vec<Option<&str>> = if meaning == Meaning::Gradient {
            case.targets.iter().map(|t| Some(t.as_str())).collect()
        } else {
            vec![None]
        };
        for target in targets {
            let name = format!("{}/{tensor}{}", case.name, target.map(|t| format!("/{t}")).unwrap_or_default());
            let view = file.tensor(&name).expect(&name);
            let wanted: Vec<f32> =
                view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            let run = run(&opened, &case, meaning, target);
            let weights = Weights::new(&run, meaning).expect(&name);
            let array = weights.array().expect(&name);
            assert_eq!(array.shape(), view.shape(), "{name}");
            if meaning == Meaning::Gradient {
                // The reference is the derivative itself; the meaning is its product with the attention.
                let derivative: Vec<f32> = (0..run.card.layers)
                    .flat_map(|l| run.array(run.at(l, Site::Gradient)).expect(&name).data().to_vec())
                    .collect();
                worst = worst.max(close(&name, &derivative, &wanted));
                let attentions = run.attentions().expect(&name);
                let product: Vec<f32> = attentions.data().iter().zip(&wanted).map(|(p, g)| p * g).collect();
                close(&name, array.data(), &product);
                assert!(wanted.iter().any(|g| *g < -0.01) && wanted.iter().any(|g| *g > 0.01), "{name}: both signs");
            } else {
                worst = worst.max(close(&name, array.data(), &wanted));
            }
            let largest = wanted.iter().filter(|w| w.is_finite()).fold(0f32, |m, w| m.max(w.abs()));
            let unit = if meaning.is_share() { 1.0 } else { largest };
            if meaning != Meaning::Gradient {
                assert!((weights.unit() - unit).abs() <= ALLOWED * unit.max(1.0), "{name}: {}", weights.unit());
            }
            compared += 1;
        }
    }
    assert!(compared >= 14, "{compared} arrays compared, the worst with an error of {worst:e}");
}

#[test]
fn scores_are_those_before_the_softmax() {
    compare(Meaning::Scores, "scores");
}

#[test]
fn norm_weighted_attention_is_that_of_kobayashi() {
    compare(Meaning::Norm, "norms");
}

#[test]
fn rollout_is_that_of_abnar_and_zuidema() {
    compare(Meaning::Rollout, "rollout");
}

#[test]
fn gradients_are_those_of_autograd() {
    compare(Meaning::Gradient, "gradient");
}

#[test]
fn a_gradient_changes_no_bit_of_the_pass() {
    for case in cases() {
        let opened = open(&case.model);
        let ask = |target: Option<&str>| Ask {
            pair: case.texts.get(1).cloned(),
            masked: case.masked.clone(),
            want: Want::nothing().and(Place::default()),
            target: target.map(|t| t.parse().expect("a target")),
            ..Ask::new(&case.texts[0])
        };
        let plain = Run::new(&opened, &ask(None), &Control::default()).expect(&case.name);
        for target in &case.targets {
            let with = Run::new(&opened, &ask(Some(target)), &Control::default()).expect(&case.name);
            for (at, array) in &plain.arrays {
                let bits = |a: &lexiscope::array::Array| a.data().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&with.arrays[at]), bits(array), "{}, {target}: {at}", case.name);
            }
            let more: Vec<At> = with.arrays.keys().filter(|at| !plain.arrays.contains_key(at)).copied().collect();
            let wanted: Vec<At> = (0..opened.card().layers).map(|l| with.at(l, Site::Gradient)).collect();
            assert_eq!(more, wanted, "{}, {target}", case.name);
            assert_eq!(with.shapes[plain.shapes.len()..].iter().map(|s| s.0).collect::<Vec<_>>(), wanted);
        }
    }
}

#[test]
fn the_memory_of_a_gradient_is_known_before() {
    let opened = open("bert");
    let ask = |budget| Ask {
        want: "gradient".parse().expect("a site"),
        target: Some("pooled".parse().expect("a target")),
        budget,
        ..Ask::new("The door.")
    };
    let kept = Run::new(&opened, &ask(u64::MAX), &Control::default()).expect("a run").bytes();
    assert!(kept > 0);
    let error = Run::new(&opened, &ask(kept - 1), &Control::default()).map(drop).expect_err("too large");
    assert!(matches!(error, Error::Memory { wanted, .. } if wanted == kept), "{error}");
}

#[test]
fn a_stop_ends_a_gradient_on_its_way_back() {
    let opened = open("albert-groups");
    let (stop, reports) = (Stop::default(), Arc::new(Mutex::new(Vec::new())));
    let (flag, log) = (stop.clone(), reports.clone());
    let control = Control::new(stop, move |progress| {
        if progress.stage == "Gradient" {
            log.lock().expect("no panic").push(progress.done);
            if progress.done == 2 {
                flag.set();
            }
        }
    });
    let ask = Ask {
        want: "gradient".parse().expect("a site"),
        target: Some("pooled".parse().expect("a target")),
        ..Ask::new("The door.")
    };
    let error = Run::new(&opened, &ask, &control).map(drop).expect_err("it was stopped");
    assert!(error.is_stopped(), "{error}");
    assert_eq!(*reports.lock().expect("no panic"), [1, 2], "the way back went on");
}

#[test]
fn a_target_that_is_not_there_is_refused_with_what_there_is() {
    let opened = open("roberta-classifier");
    let fails = |target: &str| {
        let ask = Ask {
            want: "gradient".parse().expect("a site"),
            target: Some(target.parse().expect("a target")),
            ..Ask::new("The door.")
        };
        Run::new(&opened, &ask, &Control::default()).map(drop).expect_err(target).to_string()
    };
    for (target, says) in [
        ("class:3", "the model has 3"),
        ("logprob:1", "predicts no words"),
        ("hidden:2,0", "the model has 2"),
        ("hidden:0,99", "no token 99"),
    ] {
        let error = fails(target);
        assert!(error.contains(says) && error.contains(target), "{target}: {error}");
    }
    let run = Arc::new(Run::new(&opened, &Ask::new("The door."), &Control::default()).expect("a run"));
    let error = Weights::new(&run, Meaning::Gradient).map(drop).expect_err("no target").to_string();
    assert!(error.contains("needs a target"), "{error}");
    let error = Weights::new(&run, Meaning::Norm).map(drop).expect_err("not kept").to_string();
    assert!(error.contains("value_norm was not kept"), "{error}");
}

#[test]
fn what_is_only_measured_cannot_be_edited() {
    let opened = open("bert");
    let at = At::new(opened.card().stack, 0, Site::ValueNorm);
    let edits = Edits::none().and(Edit::ScaleHead { at, head: 0, factor: 0.0 });
    let error = Run::new(&opened, &Ask { edits, ..Ask::new("The door.") }, &Control::default()).map(drop);
    let error = error.expect_err("nothing would change").to_string();
    assert!(error.contains("only measured"), "{error}");
}
