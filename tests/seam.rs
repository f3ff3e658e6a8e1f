//! What the seam promises, held against every checkpoint of `tests/data/models`: watching changes nothing, what is kept
//! is what the pass computed with, edits do what they say and nothing else, and a stop ends a pass inside.

use lexiscope::array::Array;
use lexiscope::engine::device::Choice;
use lexiscope::engine::{Ask, Opened, Run, pass};
use lexiscope::error::Error;
use lexiscope::model::Input;
use lexiscope::source::weights::Weights;
use lexiscope::trace::{At, Control, Edit, Edits, Place, Seen, Site, Stack, Stop, Want};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};

const LONG: &str = "The old lady quickly opened the heavy door.";
const SHORT: &str = "The door.";

/// What is computed in another order may differ by this share of the largest value (at least 1).
const ROUNDING: f64 = 1e-5;

/// Every checkpoint by the name of its folder.
static MODELS: LazyLock<BTreeMap<String, Opened>> = LazyLock::new(|| {
    let shelf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models");
    let open = |folder: PathBuf| {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let opened = Opened::open_folder(&folder, Choice::Cpu, &Control::default());
        (name.clone(), opened.unwrap_or_else(|e| panic!("{name}: {e}")))
    };
    let folders = std::fs::read_dir(shelf).expect("tests/data/models");
    folders.map(|f| open(f.expect("a folder").path())).collect()
});

#[test]
fn every_family_is_tested() {
    let tested: Vec<&str> = MODELS.values().map(|m| m.card().family).collect();
    let names = lexiscope::model::FAMILIES.iter().map(|f| f.names);
    for names in names {
        assert!(names.iter().any(|name| tested.contains(name)), "{names:?} has no checkpoint in tests/data/models");
    }
}

fn all() -> Want {
    Want::nothing().and(Place::default())
}

fn only(at: At) -> Want {
    let layer = at.stack.is_layered().then_some(at.layer);
    Want::nothing().and(Place { stack: Some(at.stack), layer, site: Some(at.site) })
}

/// One text alone, and two of which the second is padded.
fn inputs(opened: &Opened) -> [Input; 2] {
    let [long, short] = [LONG, SHORT].map(|t| opened.tokenizer.encode(t, None, opened.card().tokens).expect(t));
    assert!(long.len() > short.len(), "{}: nothing would be padded", opened.name);
    [Input::single(&long), Input::padded(&[long, short], opened.tokenizer.pad_id())]
}

#[track_caller]
fn seen(opened: &Opened, input: &Input, want: &Want, edits: &Edits) -> Seen {
    pass(opened, input, want, edits, &Control::default()).unwrap_or_else(|e| panic!("{}: {e}", opened.name))
}

/// What an edit does to a pass over one text that keeps everything.
fn edited(opened: &Opened, edit: Edit) -> Result<Seen, Error> {
    pass(opened, &inputs(opened)[0], &all(), &Edits::none().and(edit), &Control::default())
}

fn layer(opened: &Opened, layer: usize, site: Site) -> At {
    At::new(opened.card().stack, layer, site)
}

/// The same numbers to the last bit.
fn same(a: &Array, b: &Array) -> bool {
    a.axes() == b.axes()
        && a.shape() == b.shape()
        && a.data().iter().zip(b.data()).all(|(x, y)| x.to_bits() == y.to_bits())
}

#[track_caller]
fn same_arrays(name: &str, found: &Seen, wanted: &Seen) {
    let differs: Vec<String> = wanted
        .arrays
        .iter()
        .filter(|(at, a)| !found.arrays.get(at).is_some_and(|b| same(a, b)))
        .map(|(at, _)| at.to_string())
        .collect();
    assert!(differs.is_empty() && found.arrays.len() == wanted.arrays.len(), "{name}: other numbers at {differs:?}");
}

/// Fails unless `found` is `wanted` within rounding.
#[track_caller]
fn close(what: &str, found: &[f32], wanted: impl IntoIterator<Item = f64>) {
    let wanted: Vec<f64> = wanted.into_iter().collect();
    assert_eq!(found.len(), wanted.len(), "{what}");
    let allowed = ROUNDING * wanted.iter().fold(1f64, |m, w| m.max(w.abs()));
    for (i, (&x, w)) in found.iter().zip(&wanted).enumerate() {
        assert!((f64::from(x) - w).abs() <= allowed, "{what}: value {i} is {x} and should be {w}");
    }
}

fn dot(a: impl Iterator<Item = f32>, b: impl Iterator<Item = f32>) -> f64 {
    a.zip(b).map(|(x, y)| f64::from(x) * f64::from(y)).sum()
}

#[test]
fn what_is_kept_does_not_change_what_is_computed() {
    for (name, opened) in &*MODELS {
        for input in inputs(opened) {
            let everything = seen(opened, &input, &all(), &Edits::none());
            for (&at, whole) in &everything.arrays {
                let alone = seen(opened, &input, &only(at), &Edits::none());
                assert_eq!(alone.arrays.keys().collect::<Vec<_>>(), [&at], "{name}");
                assert!(same(&alone.arrays[&at], whole), "{name}: {at} has other numbers when it alone is kept");
            }
            let nothing = seen(opened, &input, &Want::nothing(), &Edits::none());
            let body = everything.shapes.iter().filter(|(at, _)| at.stack != Stack::Output);
            assert_eq!(nothing.shapes, body.cloned().collect::<Vec<_>>(), "{name}: logits are what nobody asked for");
            assert!(nothing.arrays.is_empty(), "{name}");
        }
    }
}

#[test]
fn attention_is_softmax_of_scaled_products_and_heads_are_its_means_of_values() {
    for (name, opened) in &*MODELS {
        for input in inputs(opened) {
            let seen = seen(opened, &input, &all(), &Edits::none());
            for l in 0..opened.card().layers {
                let at = |site| &seen.arrays[&layer(opened, l, site)];
                for (b, mask) in input.mask.iter().enumerate() {
                    for h in 0..opened.card().heads {
                        let what = format!("{name}: text {b}, layer {l}, head {h}");
                        let of = |site| at(site).block(&[b, h]);
                        let sites = [Site::Query, Site::Key, Site::Value, Site::Scores, Site::Probs, Site::Heads];
                        let parts = sites.into_iter().map(of);
                        let head: [&[f32]; 6] = parts.collect::<Vec<_>>().try_into().expect("six sites");
                        let is_open = |q: usize, k: usize| mask[k] == 1 && (!opened.card().is_causal() || k <= q);
                        check_head(&what, head, mask.len(), is_open);
                    }
                }
            }
        }
    }
}

/// One head `[query, key, value, scores, probs, heads]` of `n` tokens; `is_open` says which key a query may attend to.
fn check_head(
    what: &str,
    [q, k, v, scores, probs, heads]: [&[f32]; 6],
    n: usize,
    is_open: impl Fn(usize, usize) -> bool,
) {
    let width = q.len() / n;
    let row = |t: &[f32], i: usize| t[i * width..][..width].to_vec();
    for i in 0..n {
        let (scores, probs) = (&scores[i * n..][..n], &probs[i * n..][..n]);
        let total: f64 = probs.iter().map(|&p| f64::from(p)).sum();
        assert!((total - 1.0).abs() < 1e-6, "{what}: row {i} sums to {total}");
        let max = scores.iter().copied().fold(f32::MIN, f32::max);
        let exp: Vec<f64> = scores.iter().map(|&s| f64::from(s - max).exp()).collect();
        let sum: f64 = exp.iter().sum();
        close(&format!("{what}: probs of row {i}"), probs, exp.iter().map(|e| e / sum));
        let read = (0..width).map(|w| dot(probs.iter().copied(), (0..n).map(|j| v[j * width + w])));
        close(&format!("{what}: heads of row {i}"), &heads[i * width..][..width], read);
        for j in 0..n {
            if is_open(i, j) {
                let product = dot(row(q, i).into_iter(), row(k, j).into_iter()) / (width as f64).sqrt();
                close(&format!("{what}: score {i}, {j}"), &scores[j..=j], [product]);
            } else {
                assert_eq!(probs[j].to_bits(), 0, "{what}: query {i} must not see key {j}");
                assert!(scores[j] < -1e38, "{what}: the score {i}, {j} is not masked");
            }
        }
    }
}

#[test]
fn attended_is_the_heads_side_by_side_through_the_output_projection() {
    // GPT-2 stores its matrices the other way round.
    let projections = [("bert", "bert.encoder.layer.{}.attention.output.dense"), ("gpt2", "h.{}.attn.c_proj")];
    for (name, pattern) in projections {
        let opened = &MODELS[name];
        let weights = Weights::open(&opened.path, &Control::default()).expect(name);
        let (dim, input) = (opened.card().dim, &inputs(opened)[0]);
        let seen = seen(opened, input, &all(), &Edits::none());
        for l in 0..opened.card().layers {
            let path = pattern.replace("{}", &l.to_string());
            let read = |part: &str| weights.read_any(&format!("{path}.{part}")).expect(&path);
            let (matrix, bias) = (read("weight"), read("bias"));
            let cell = |out: usize, i: usize| matrix[if name == "gpt2" { i * dim + out } else { out * dim + i }];
            let heads = &seen.arrays[&layer(opened, l, Site::Heads)];
            let attended = &seen.arrays[&layer(opened, l, Site::Attended)];
            let width = heads.len_of("width");
            for t in 0..input.shape().1 {
                let joined: Vec<f32> =
                    (0..heads.len_of("head")).flat_map(|h| heads.block(&[0, h, t]).to_vec()).collect();
                assert_eq!(joined.len(), width * heads.len_of("head"));
                let rows = (0..dim).map(|out| (0..dim).map(move |i| cell(out, i)));
                let wanted = rows.zip(&bias).map(|(row, &b)| dot(row, joined.iter().copied()) + f64::from(b));
                close(&format!("{name}: token {t} of layer {l}"), attended.block(&[0, t]), wanted);
            }
        }
    }
}

#[test]
fn the_shape_trace_lists_what_is_kept_in_order_of_execution() {
    for (name, opened) in &*MODELS {
        for input in inputs(opened) {
            let seen = seen(opened, &input, &all(), &Edits::none());
            let shapes: BTreeMap<At, &Vec<usize>> = seen.shapes.iter().map(|(at, shape)| (*at, shape)).collect();
            assert!(shapes.keys().eq(seen.arrays.keys()), "{name}: a site is shown and not kept");
            for (at, array) in &seen.arrays {
                assert_eq!(array.shape(), shapes[at], "{name}: {at}");
                assert_eq!((array.axes(), array.axes().len()), (at.site.axes(), array.shape().len()), "{name}: {at}");
                assert_eq!(array.not_finite(), 0, "{name}: {at}");
            }
            // Heads come one after the other, whatever sites they pass; all else goes down the model.
            let body: Vec<At> = seen.shapes.iter().map(|s| s.0).filter(|at| at.stack != Stack::Output).collect();
            assert!(body.is_sorted_by(|a, b| a < b), "{name}: {body:?}");
            assert_eq!(seen.shapes[body.len() - 1].0, layer(opened, opened.card().layers - 1, Site::Hidden), "{name}");
            let outputs = opened.card().outputs.iter().map(|&site| At::new(Stack::Output, 0, site));
            for at in outputs {
                assert!(seen.arrays.contains_key(&at), "{name}: the card promises {at}");
            }
        }
    }
}

#[test]
fn a_stop_ends_a_pass_inside() {
    for (name, opened) in &*MODELS {
        let (input, layers) = (&inputs(opened)[0], opened.card().layers);
        // An edit that cannot be made would be the error of a pass that came to its place.
        let trap = |at| Edits::none().and(Edit::ScaleHead { at, head: 1000, factor: 1.0 });
        let first = At::new(Stack::Embeddings, 0, Site::Words);
        let sprung = pass(opened, input, &all(), &trap(first), &Control::default()).map(drop).expect_err("a trap");
        assert!(!sprung.is_stopped(), "{name}: {sprung}");
        let control = Control::default();
        control.stop.set();
        let error = pass(opened, input, &all(), &trap(first), &control).map(drop).expect_err("it was stopped before");
        assert!(error.is_stopped(), "{name}: {error}");

        for stopped in 0..layers {
            let (stop, reports) = (Stop::default(), Arc::new(Mutex::new(Vec::new())));
            let (flag, log) = (stop.clone(), reports.clone());
            let control = Control::new(stop, move |progress| {
                log.lock().unwrap().push((progress.done as usize, progress.total as usize));
                if progress.done as usize == stopped {
                    flag.set();
                }
            });
            let next = layer(opened, stopped, if opened.card().is_causal() { Site::Normed } else { Site::Query });
            let error =
                pass(opened, input, &all(), &trap(next), &control).map(drop).expect_err("it was stopped in a layer");
            assert!(error.is_stopped(), "{name}: {next} was reached: {error}");
            let wanted: Vec<_> = (0..=stopped).map(|l| (l, layers)).collect();
            assert_eq!(*reports.lock().unwrap(), wanted, "{name}: the pass went on");
        }
    }
}

#[test]
fn an_edit_that_changes_nothing_leaves_every_bit() {
    for (name, opened) in &*MODELS {
        let whole = seen(opened, &inputs(opened)[0], &all(), &Edits::none());
        for (&at, array) in whole.arrays.iter().filter(|(at, _)| !at.site.is_measured()) {
            let patched = edited(opened, Edit::Patch { at, with: array.clone() });
            same_arrays(&format!("{name}: {at} put back"), &patched.expect(name), &whole);
            if at.site.axes()[1] == "head" {
                let scaled = edited(opened, Edit::ScaleHead { at, head: 0, factor: 1.0 });
                same_arrays(&format!("{name}: {at} times 1"), &scaled.expect(name), &whole);
            }
        }
    }
}

#[test]
fn a_head_that_is_off_is_zero_and_the_rest_hears_of_it() {
    for (name, opened) in &*MODELS {
        let whole = seen(opened, &inputs(opened)[0], &all(), &Edits::none());
        let (at, off) = (layer(opened, 0, Site::Heads), opened.card().heads - 1);
        let cut = edited(opened, Edit::ScaleHead { at, head: off, factor: 0.0 }).expect(name);
        for head in 0..=off {
            let (before, after) = (whole.arrays[&at].block(&[0, head]), cut.arrays[&at].block(&[0, head]));
            assert!(before.iter().all(|x| *x != 0.0), "{name}: head {head} was not idle before");
            let wanted: Vec<f32> = before.iter().map(|x| if head == off { 0.0 } else { *x }).collect();
            assert_eq!(after, wanted, "{name}: head {head}");
        }
        for (place, array) in &whole.arrays {
            let changes = *place >= at;
            assert_eq!(same(array, &cut.arrays[place]), !changes, "{name}: {place} with head {off} of layer 0 off");
        }
    }
}

#[test]
fn an_edit_that_cannot_be_made_is_an_error_that_says_why() {
    for (name, opened) in &*MODELS {
        let fails = |edit: Edit| edited(opened, edit).map(drop).expect_err(name).to_string();
        let (card, stack) = (opened.card(), opened.card().stack);
        let heads = At::new(stack, 1, Site::Heads);
        let error = fails(Edit::ScaleHead { at: heads, head: card.heads, factor: 0.0 });
        assert_eq!(error, format!("{heads} has no head {}", card.heads), "{name}");
        let hidden = At::new(stack, 1, Site::Hidden);
        let error = fails(Edit::ScaleHead { at: hidden, head: 0, factor: 0.0 });
        assert_eq!(error, format!("{hidden} has no head 0"), "{name}");
        let with = Array::new(&["token", "dim"], &[2, 1], vec![0.0; 2]).expect("two values");
        let error = fails(Edit::Patch { at: hidden, with });
        assert!(error.contains(&hidden.to_string()) && error.contains("the patch is [2, 1]"), "{name}: {error}");
    }
}

#[test]
fn an_edit_at_a_place_that_the_model_does_not_have_is_an_error() {
    for (name, opened) in &*MODELS {
        let stack = opened.card().stack;
        let other = if stack == Stack::Encoder { Stack::Decoder } else { Stack::Encoder };
        for at in [At::new(stack, opened.card().layers, Site::Heads), At::new(other, 0, Site::Heads)] {
            let error = edited(opened, Edit::ScaleHead { at, head: 0, factor: 0.0 }).map(drop).expect_err(name);
            assert!(error.to_string().contains(&at.to_string()), "{name}: {error}");
        }
    }
}

#[test]
fn the_memory_of_a_run_is_known_to_the_byte_before_it_starts() {
    for (name, opened) in &*MODELS {
        for want in ["all", "probs,hidden", "embeddings", "output", "scores,inner", ""] {
            let ask = |budget| Ask { want: want.parse().expect(want), budget, ..Ask::new(LONG) };
            let run = |budget| Run::new(opened, &ask(budget), &Control::default());
            let kept = run(u64::MAX).expect(name).bytes();
            assert_eq!(run(kept).unwrap_or_else(|e| panic!("{name}, `{want}`: {e}")).bytes(), kept, "{name}");
            if kept > 0 {
                let error = run(kept - 1).map(drop).expect_err(name);
                let Error::Memory { wanted, budget } = error else { panic!("{name}, `{want}`: {error}") };
                assert_eq!((wanted, budget), (kept, kept - 1), "{name}, `{want}`");
            }
        }
    }
}

#[test]
fn a_run_that_is_a_little_too_large_is_refused_with_two_numbers() {
    let error = Error::Memory { wanted: 2_000_000_001, budget: 2_000_000_000 };
    assert_eq!(error.to_string(), "this run would keep 2001 MB and the budget is 2000 MB");
}

#[test]
fn a_pass_gives_the_same_bits_every_time() {
    for (name, opened) in &*MODELS {
        for input in inputs(opened) {
            let first = seen(opened, &input, &all(), &Edits::none());
            for _ in 0..3 {
                let again = seen(opened, &input, &all(), &Edits::none());
                assert_eq!(again.shapes, first.shapes, "{name}");
                same_arrays(name, &again, &first);
            }
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shelf = Path::new(env!("CARGO_MANIFEST_DIR"));
    let long = format!("{LONG} {LONG} {LONG} {LONG} {LONG} {LONG}");
    for (model, text) in [("models/bert-mini-en", long.as_str()), ("tests/data/models/gpt2", LONG)] {
        let files = ["1", "2", "5"].map(|threads| {
            let out = folder.path().join(format!("{threads}.safetensors"));
            let mut command = Command::new(env!("CARGO_BIN_EXE_lexiscope"));
            command.env("RAYON_NUM_THREADS", threads).arg("attend").arg(shelf.join(model));
            let output =
                command.args(["--keep", "all", "--text", text, "--out"]).arg(&out).output().expect("it starts");
            assert!(output.status.success(), "{model}: {}", String::from_utf8_lossy(&output.stderr));
            std::fs::read(out).expect("the file is written")
        });
        assert!(files[0] == files[1] && files[0] == files[2], "{model}: other numbers with other threads");
    }
}
