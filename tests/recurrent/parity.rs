//! Recurrent models of every kind and file format against what their own frameworks, or the definitions, make of them:
//! `tests/data/make_recurrent.py` says how the references were made.

use lexiscope::array::Array;
use lexiscope::engine::recurrent::{Ask, Opened, Task, Traced};
use lexiscope::trace::{At, Control, Edit, Edits, Site, Stack, Want};
use safetensors::SafeTensors;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// One test per folder.
macro_rules! parity {
    ($($test:ident: $folder:literal;)+) => {
        const COMPARED: &[&str] = &[$($folder),+];
        $(
            #[test]
            fn $test() {
                compare($folder);
            }
        )+
    };
}

parity! {
    cudnn_gru: "cudnn-gru";
    cudnn_lstm: "cudnn-lstm";
    keras_gru_that_resets_after: "keras-gru-after";
    keras_gru_that_resets_before: "keras-gru-before";
    keras_lstm: "keras-lstm";
    keras_lstm_in_both_directions: "keras-lstm-both";
    keras_lstm_with_hard_gates: "keras-lstm-hard";
    keras_rnn_with_relu: "keras-rnn";
    tensorflow_gru_by_description: "tf1-gru";
    tensorflow_lstm_from_a_manifest: "tf1-lstm";
    tensorflow_lstm_that_is_projected_and_clipped: "tf1-lstm-clipped";
    tensorflow_rnn: "tf1-rnn";
    pytorch_gru_in_the_old_format: "torch-gru";
    pytorch_gru_in_both_directions: "torch-gru-both";
    pytorch_lstm_of_two_layers: "torch-lstm";
    pytorch_lstm_that_tags_in_both_directions: "torch-lstm-both";
    pytorch_lstm_in_both_directions_projected: "torch-lstm-both-projected";
    pytorch_lstm_that_reads_ones: "torch-lstm-one-hot";
    pytorch_lstm_that_is_projected: "torch-lstm-projected";
    pytorch_rnn_with_relu: "torch-rnn-relu";
    pytorch_rnn_with_tanh: "torch-rnn-tanh";
    torch_gru_by_description: "torch7-gru";
    torch_lstm_by_description: "torch7-lstm";
}

#[test]
fn every_folder_is_compared() {
    let entries = fs::read_dir(data()).expect("the reference data");
    let mut found: Vec<String> =
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    found.retain(|name| name != "hdf5");
    found.sort();
    let mut compared = COMPARED.to_vec();
    compared.sort_unstable();
    assert_eq!(found, compared);
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recurrent")
}

fn open(folder: &str) -> Opened {
    Opened::open(&data().join(folder), &Control::default()).unwrap_or_else(|e| panic!("{folder}: {e}"))
}

fn text(folder: &str) -> String {
    fs::read_to_string(data().join(folder).join("text.txt")).expect("the text")
}

fn everything() -> Want {
    "all".parse().expect("every place")
}

fn run(opened: &Opened, text: &str, edits: Edits) -> Traced {
    let ask = Ask { want: everything(), edits, ..Ask::new(text) };
    opened.run(&ask, &Control::default()).expect("it runs")
}

/// The reference of a folder, by name.
fn expected(folder: &str) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let bytes = fs::read(data().join(folder).join("expected.tensors")).expect("the reference");
    let file = SafeTensors::deserialize(&bytes).expect("safetensors");
    let floats = |data: &[u8]| data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    file.iter().map(|(name, view)| (name.to_owned(), (view.shape().to_vec(), floats(view.data())))).collect()
}

fn compare(folder: &str) {
    let opened = open(folder);
    let traced = run(&opened, &text(folder), Edits::none());
    assert_eq!(traced.tokens.len(), 200);
    let mut reference = expected(folder);
    let steps: Vec<usize> = reference.remove("steps").expect("steps").1.iter().map(|s| *s as usize).collect();
    for (name, (shape, wanted)) in &reference {
        let array = array(&traced, name);
        assert_eq!(array.shape(), [200, shape[1]], "{folder} {name}");
        for (row, step) in wanted.chunks_exact(shape[1]).zip(&steps) {
            for (unit, (ours, theirs)) in array.block(&[*step]).iter().zip(row).enumerate() {
                let worst = 1e-5 * theirs.abs().max(1.0);
                let at = format!("{folder} {name} step {step} unit {unit}");
                assert!((ours - theirs).abs() <= worst, "{at}: {ours} and {theirs}");
            }
        }
    }
    // Whatever the network says that it goes through is kept, in the shape that it says, and nothing else.
    let kept: BTreeMap<At, Vec<usize>> = traced.arrays.iter().map(|(at, a)| (*at, a.shape().to_vec())).collect();
    assert_eq!(kept, opened.sites(200).into_iter().collect(), "{folder}");
    assert!(folder == "torch7-gru" || reference.len() == kept.len(), "{folder}: the reference has every site");
}

fn array<'a>(traced: &'a Traced, name: &str) -> &'a Array {
    let at: At = if name == "logits" { "output.logits" } else { name }.parse().expect(name);
    traced.arrays.get(&at).unwrap_or_else(|| panic!("{name} was not kept"))
}

#[test]
fn keeping_nothing_changes_nothing() {
    for folder in ["torch-lstm", "torch-gru-both", "torch-rnn-tanh", "keras-gru-before"] {
        let opened = open(folder);
        let text = text(folder);
        let all = run(&opened, &text, Edits::none());
        let ask = Ask { want: "output.logits".parse().expect("a place"), ..Ask::new(&text) };
        let some = opened.run(&ask, &Control::default()).expect("it runs");
        assert_eq!(some.arrays.len(), 1);
        assert_eq!(array(&some, "logits"), array(&all, "logits"), "{folder}");
    }
}

#[test]
fn a_long_text_is_the_same_in_blocks() {
    let opened = open("torch-lstm");
    let text = text("torch-lstm").repeat(15);
    let mut steps = 0;
    let mut bits = Vec::new();
    let ask = Ask { want: "forward.1.state".parse().expect("a place"), ..Ask::new(&text) };
    let summary = opened
        .trace(&ask, &Control::default(), &mut |block| {
            assert_eq!(block.from, steps);
            steps += block.tokens.len();
            bits.extend(block.bits);
            Ok(())
        })
        .expect("it runs");
    assert_eq!((steps, summary.tokens, summary.predicted), (3000, 3000, 2999));
    assert!(bits[0].is_nan() && bits[1..].iter().all(|b| b.is_finite()));
    // The surprise is that of the logits, computed here once more.
    let all = opened.run(&Ask { want: "output.logits".parse().expect("a place"), ..ask }, &Control::default());
    let all = all.expect("it runs");
    let logits = array(&all, "logits");
    for t in [1, 1023, 1024, 1025, 2999] {
        let row: Vec<f64> = logits.block(&[t - 1]).iter().map(|x| f64::from(*x)).collect();
        let sum: f64 = row.iter().map(|x| x.exp()).sum();
        let wanted = -(row[all.tokens.pieces[t].id as usize].exp() / sum).log2();
        assert!((f64::from(bits[t]) - wanted).abs() < 1e-5, "step {t}: {} {wanted}", bits[t]);
    }
    let mean = bits[1..].iter().map(|b| f64::from(*b)).sum::<f64>() / 2999.0;
    assert!((summary.bits_per_token().expect("it predicts") - mean).abs() < 1e-9);
    assert!((summary.perplexity().expect("it predicts") - mean.exp2()).abs() < 1e-9);
}

fn force(at: &str, value: f32) -> Edit {
    Edit::SetUnits { at: at.parse().expect(at), unit: None, steps: None, value }
}

#[test]
fn a_gru_with_its_gates_forced_is_something_simpler() {
    for folder in ["torch-gru", "keras-gru-before"] {
        let opened = open(folder);
        let text = text(folder);
        let cell = &opened.network.layers[0].forward;
        let (n, width) = (cell.units, 3 * cell.units);
        let words = run(&opened, &text, Edits::none());
        let words = array(&words, "embeddings.words").clone();
        // Reset 1, update 0: a plain recurrent layer, computed here from the candidate's weights.
        let forced = Edits::none().and(force("forward.0.gate.reset", 1.0)).and(force("forward.0.gate.update", 0.0));
        let simple = run(&opened, &text, forced);
        let mut h = vec![0f64; n];
        for step in 0..200 {
            let mut next = vec![0f64; n];
            for (j, next) in next.iter_mut().enumerate() {
                let column = 2 * n + j;
                let inner = cell.reset_bias.get(j).copied().unwrap_or(0.0);
                let mut sum = f64::from(cell.bias[column]) + f64::from(inner);
                for (i, x) in words.block(&[step]).iter().enumerate() {
                    sum += f64::from(*x) * f64::from(cell.input[i * width + column]);
                }
                for (i, h) in h.iter().enumerate() {
                    sum += h * f64::from(cell.recurrent[i * width + column]);
                }
                *next = sum.tanh();
            }
            h = next;
            for (ours, theirs) in array(&simple, "forward.0.state").block(&[step]).iter().zip(&h) {
                assert!((f64::from(*ours) - theirs).abs() < 1e-4, "{folder} step {step}: {ours} {theirs}");
            }
        }
        // Update 1 copies the state, which is 0.
        let copied = run(&opened, &text, Edits::none().and(force("forward.0.gate.update", 1.0)));
        assert!(array(&copied, "forward.0.state").data().iter().all(|x| *x == 0.0));
        // Reset 0, update 0: a layer without memory: equal characters give equal states.
        let forced = Edits::none().and(force("forward.0.gate.reset", 0.0)).and(force("forward.0.gate.update", 0.0));
        let memoryless = run(&opened, &text, forced);
        let mut seen: BTreeMap<u32, Vec<f32>> = BTreeMap::new();
        for (step, piece) in memoryless.tokens.pieces.iter().enumerate() {
            let state = array(&memoryless, "forward.0.state").block(&[step]).to_vec();
            assert_eq!(seen.entry(piece.id).or_insert_with(|| state.clone()), &state, "{folder} step {step}");
        }
    }
}

#[test]
fn an_edit_changes_what_comes_after_it_and_nothing_before() {
    let opened = open("torch-lstm-both");
    let text = text("torch-lstm-both");
    let plain = run(&opened, &text, Edits::none());
    let at: At = "backward.0.cell".parse().expect("a place");
    let edit = Edit::SetUnits { at, unit: Some(2), steps: Some((100, 110)), value: 3.0 };
    let changed = run(&opened, &text, Edits::none().and(edit));
    let cell = |traced: &Traced, step: usize| array(traced, "backward.0.cell").block(&[step]).to_vec();
    for step in 100..110 {
        assert_eq!(cell(&changed, step)[2], 3.0);
    }
    // That direction reads from the end: later steps come first.
    assert_eq!(cell(&changed, 110), cell(&plain, 110));
    assert_ne!(cell(&changed, 99), cell(&plain, 99));
    assert_eq!(array(&changed, "forward.0.state"), array(&plain, "forward.0.state"));
    // A patch with what was there anyway changes nothing.
    let state: At = "forward.1.state".parse().expect("a place");
    let with = Array::stack("batch", std::slice::from_ref(array(&plain, "forward.1.state"))).expect("one");
    let patched = run(&opened, &text, Edits::none().and(Edit::Patch { at: state, with }));
    assert_eq!(array(&patched, "logits"), array(&plain, "logits"));
}

#[test]
fn edits_that_fit_nowhere_are_refused() {
    let opened = open("torch-lstm");
    let refused = |edit: Edit| {
        let ask = Ask { edits: Edits::none().and(edit), ..Ask::new("rest") };
        opened.run(&ask, &Control::default()).expect_err("it fits nowhere").to_string()
    };
    assert!(refused(force("forward.7.cell", 0.0)).contains("no forward.7.cell to edit"));
    assert!(refused(force("forward.0.gate.reset", 0.0)).contains("no forward.0.gate.reset"));
    let at: At = "forward.0.cell".parse().expect("a place");
    assert!(refused(Edit::SetUnits { at, unit: Some(6), steps: None, value: 0.0 }).contains("no unit 6: it has 6"));
    assert!(refused(Edit::ScaleHead { at, head: 0, factor: 0.0 }).contains("no heads"));
    let with = Array::new(&["batch", "time", "unit"], &[1, 2, 6], vec![0.0; 12]).expect("it fits");
    assert!(refused(Edit::Patch { at, with }).contains("at time step 2"));
}

#[test]
fn a_stop_ends_the_pass_and_a_budget_is_kept() {
    let opened = open("torch-lstm-both");
    let text = text("torch-lstm-both");
    let control = Control::default();
    control.stop.set();
    assert!(matches!(opened.run(&Ask::new(&text), &control), Err(lexiscope::Error::Stopped)));
    let ask = Ask { want: everything(), budget: 1000, ..Ask::new(&text) };
    assert!(matches!(opened.run(&ask, &Control::default()), Err(lexiscope::Error::Memory { .. })));
}

#[test]
fn what_cannot_be_read_is_said() {
    let opened = open("torch-lstm");
    let run = |text: &str| opened.run(&Ask::new(text), &Control::default());
    assert!(run("").expect_err("nothing").to_string().contains("empty"));
    let error = run("QQ7").expect_err("nothing that is known").to_string();
    assert!(error.contains("\"Q\" 2 times"), "{error}");
    let traced = run("tQe\rst").expect("some of it is known");
    assert_eq!((traced.tokens.len(), traced.summary.skipped.count), (4, 2));
    assert_eq!((traced.tokens.pieces[1].start, traced.tokens.pieces[1].end), (2, 3));
}

#[test]
fn models_say_what_they_are() {
    let lstm = open("torch-lstm");
    assert_eq!((lstm.task, lstm.describe().as_str()), (Task::Language, "LSTM, 2 layers of 6 units, language model"));
    let both = open("torch-lstm-both");
    assert_eq!((both.task, both.labels.len()), (Task::Tagger, 3));
    let projected = open("torch-lstm-projected");
    assert!(projected.describe().contains("7 units projected to 3"), "{}", projected.describe());
    let sites = lstm.network.sites();
    assert!(sites.contains(&(At::new(Stack::Forward, 1, Site::GateForget), 6)));
    assert_eq!(open("tf1-lstm").files[0].file_name().expect("a name"), "manifest.json");
}
