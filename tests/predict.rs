//! What models predict from the inside, and how they go on with a text, against transformers and PyTorch:
//! `tests/data/make_lens.py` says how the references were made.

use lexiscope::analysis::predictions::top;
use lexiscope::engine::device::Choice;
use lexiscope::engine::generate::{End, Generated, Step, generate};
use lexiscope::engine::sampler::Sampling;
use lexiscope::engine::{Ask, Off, Opened, Run, With, lens};
use lexiscope::trace::{Control, Place, Site, Stop, Want};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SINGLE: &str = "The keeper climbed the narrow stairs, singing.";
const TOLERANCE: f64 = 1e-5;

/// `(id, logit, probability)`, likeliest first.
type Ranked = Vec<(u32, f64, f64)>;

#[derive(Deserialize)]
struct Lens {
    layers: Vec<Vec<Ranked>>,
    heads: Vec<Vec<Vec<Ranked>>>,
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let text = std::fs::read_to_string(data(name)).expect("a reference");
    serde_json::from_str(&text).expect("its format")
}

fn open(name: &str) -> Opened {
    Opened::open_folder(&data("models").join(name), Choice::Cpu, &Control::default()).expect(name)
}

#[track_caller]
fn close(what: &str, logits: &[f32], wanted: &Ranked) {
    let largest = logits.iter().fold(1f64, |m, x| m.max(f64::from(x.abs())));
    let found = top(logits, wanted.len());
    assert!(!wanted.is_empty(), "{what}");
    for (found, &(id, logit, probability)) in found.iter().zip(wanted) {
        assert_eq!(found.id, id, "{what}");
        let off = (f64::from(logits[id as usize]) - logit).abs();
        assert!(off <= TOLERANCE * largest, "{what}, {id}: the logit is off by {off}");
        let off = (found.probability - probability).abs();
        assert!(off <= TOLERANCE, "{what}, {id}: the probability is off by {off}");
    }
}

#[test]
fn layers_and_heads_are_read_out_as_transformers_would() {
    let references: BTreeMap<String, Lens> = read("lens.json");
    for (name, wanted) in &references {
        let opened = open(name);
        let control = Control::default();
        let want = lens::want_layers().union(&lens::want_heads()).and(Place::site(Site::Logits));
        let run = Run::new(&opened, &Ask { want, ..Ask::new(SINGLE) }, &control).expect(name);
        let layers = lens::layers(&opened, &run, &control, <[f32]>::to_vec).expect(name);
        assert_eq!(layers.len(), wanted.layers.len(), "{name}");
        for (i, (found, wanted)) in layers.iter().zip(&wanted.layers).enumerate() {
            assert_eq!(found.len(), wanted.len(), "{name}");
            for (token, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                close(&format!("{name}, state {i}, token {token}"), found, wanted);
            }
        }
        // The last layer is the model's own prediction.
        let own = run.logits(Site::Logits).expect("logits");
        for (token, row) in layers.last().expect("a layer").iter().enumerate() {
            assert!(row.iter().zip(own.block(&[token])).all(|(a, b)| (a - b).abs() < 1e-5), "{name}, token {token}");
        }

        let tokens = [0, 5, run.tokens.len() - 1];
        for (layer, of_layer) in wanted.heads.iter().enumerate() {
            for (head, of_head) in of_layer.iter().enumerate() {
                let found = lens::head(&opened, &run, (layer, head), &control, <[f32]>::to_vec).expect(name);
                for (&token, wanted) in tokens.iter().zip(of_head) {
                    close(&format!("{name}, head {head} of layer {layer}, token {token}"), &found[token], wanted);
                }
            }
        }
        let at_five = lens::heads(&opened, &run, 5, &control, <[f32]>::to_vec).expect(name);
        for (layer, of_layer) in wanted.heads.iter().enumerate() {
            for (head, of_head) in of_layer.iter().enumerate() {
                close(&format!("{name}, token 5, head {head} of layer {layer}"), &at_five[layer][head], &of_head[1]);
            }
        }
    }
    assert!(references.len() >= 10, "every family");
}

#[test]
fn the_heads_and_the_bias_are_what_attention_adds() {
    // The parts of a layer's output projection sum to the whole of it.
    for name in ["albert-groups", "bert", "distilbert", "electra-generator", "gpt2", "gpt2-prefix", "roberta"] {
        let opened = open(name);
        let control = Control::default();
        let want = [Site::Heads, Site::Attended].iter().fold(Want::nothing(), |w, &s| w.and(Place::site(s)));
        let run = Run::new(&opened, &Ask { want, ..Ask::new(SINGLE) }, &control).expect(name);
        for layer in 0..run.card.layers {
            let attended = run.array(run.at(layer, Site::Attended)).expect("kept");
            let parts: Vec<Vec<f32>> = (0..run.card.heads)
                .map(|head| lens::addition(&opened, &run, (layer, head)).expect(name).data().to_vec())
                .collect();
            let dim = run.card.dim;
            let rest = |token: usize, i: usize| -> f64 {
                let parts: f64 = parts.iter().map(|p| f64::from(p[token * dim + i])).sum();
                f64::from(attended.block(&[token])[i]) - parts
            };
            // What is left is the bias: the same at every token.
            for token in 1..run.tokens.len() {
                for i in 0..dim {
                    let off = (rest(token, i) - rest(0, i)).abs();
                    assert!(off < TOLERANCE, "{name}, layer {layer}, token {token}: {off}");
                }
            }
        }
    }
}

#[derive(Deserialize)]
struct Continued {
    greedy: BTreeMap<String, Greedy>,
    sampled: Vec<Sampled>,
    filters: Vec<Filtered>,
}

#[derive(Deserialize)]
struct Greedy {
    text: String,
    prompt: Vec<u32>,
    count: usize,
    ids: Vec<u32>,
    probabilities: Vec<f64>,
}

#[derive(Deserialize)]
struct Sampled {
    model: String,
    text: String,
    count: usize,
    temperature: f64,
    top_k: usize,
    top_p: f64,
    seed: u64,
    ids: Vec<u32>,
}

#[derive(Deserialize)]
struct Filtered {
    logits: Vec<f32>,
    temperature: f64,
    top_k: usize,
    top_p: f64,
    kept: Vec<(u32, f64)>,
}

fn go_on(opened: &Opened, text: &str, count: usize, sampling: &Sampling) -> Generated {
    generate(opened, &Ask::new(text), count, 3, sampling, &Control::default(), |_| {}).expect("a text")
}

#[test]
fn greedy_generation_is_that_of_transformers() {
    let wanted: Continued = read("generate.json");
    for (name, wanted) in &wanted.greedy {
        let opened = open(name);
        let made = go_on(&opened, &wanted.text, wanted.count, &Sampling { temperature: 0.0, ..Sampling::default() });
        let ids: Vec<u32> = made.steps.iter().map(|s| s.id).collect();
        assert_eq!(ids, wanted.ids, "{name}");
        assert_eq!(made.tokens.ids(), [&wanted.prompt[..], &ids].concat(), "{name}");
        for (step, wanted) in made.steps.iter().zip(&wanted.probabilities) {
            assert!((step.probability - wanted).abs() < TOLERANCE, "{name}: {} {wanted}", step.probability);
            assert_eq!((step.drawn, step.top[0].id, step.top.len()), (1.0, step.id, 3));
        }
        assert_eq!(made.end, End::Asked);
    }
}

#[test]
fn draws_are_those_of_the_warpers_and_the_generator() {
    let wanted: Continued = read("generate.json");
    for wanted in &wanted.sampled {
        let &Sampled { temperature, top_k, top_p, seed, .. } = wanted;
        let made =
            go_on(&open(&wanted.model), &wanted.text, wanted.count, &Sampling { temperature, top_k, top_p, seed });
        assert_eq!(made.steps.iter().map(|s| s.id).collect::<Vec<_>>(), wanted.ids, "{}", wanted.text);
    }
}

#[test]
fn temperature_and_filters_are_those_of_transformers() {
    let wanted: Continued = read("generate.json");
    for (i, wanted) in wanted.filters.iter().enumerate() {
        let &Filtered { temperature, top_k, top_p, .. } = wanted;
        let kept = Sampling { temperature, top_k, top_p, seed: 0 }.keep(&wanted.logits);
        let ids = |kept: &[(u32, f64)]| kept.iter().map(|k| k.0).collect::<Vec<_>>();
        let kept: Vec<(u32, f64)> = kept.iter().map(|c| (c.id, c.probability)).collect();
        assert_eq!(ids(&kept), ids(&wanted.kept), "case {i}");
        for ((id, found), (_, wanted)) in kept.iter().zip(&wanted.kept) {
            assert!((found - wanted).abs() < TOLERANCE, "case {i}, {id}: {found} {wanted}");
        }
    }
}

#[test]
fn attention_of_the_whole_text_is_that_of_each_step() {
    let opened = open("gpt2");
    let made = go_on(&opened, "The keeper", 6, &Sampling { seed: 4, ..Sampling::default() });
    let whole = made.run(&opened, Want::attention(), &Control::default()).expect("a run");
    assert_eq!(whole.tokens, made.tokens);
    let n = whole.tokens.len();
    for steps in 0..=made.steps.len() {
        // The prefix, as it stood at that step.
        let prefix = go_on(&opened, "The keeper", steps, &Sampling { seed: 4, ..Sampling::default() });
        let prefix = prefix.run(&opened, Want::attention(), &Control::default()).expect("a run");
        let m = prefix.tokens.len();
        assert_eq!(prefix.tokens.ids(), whole.tokens.ids()[..m]);
        for (layer, head) in (0..whole.card.layers).flat_map(|l| (0..whole.card.heads).map(move |h| (l, h))) {
            let (long, short) = (whole.head(layer, head), prefix.head(layer, head));
            for q in 0..m {
                let rows = long[q * n..][..m].iter().zip(&short[q * m..][..m]);
                assert!(rows.into_iter().all(|(a, b)| (a - b).abs() < 1e-5), "layer {layer}, head {head}, row {q}");
            }
        }
    }
}

#[test]
fn generated_tokens_know_their_place_in_the_text() {
    for (name, seed) in (0..6).flat_map(|seed| [("gpt2", seed), ("gpt2-prefix", seed)]) {
        let opened = open(name);
        let sampling = Sampling { temperature: 1.5, seed, ..Sampling::default() };
        let made = go_on(&opened, "  The old keeper", 24, &sampling);
        assert!(made.text().starts_with("  The old keeper"));
        assert_eq!(&*made.tokens.texts[0], made.text());
        let mut last = 0;
        for piece in made.tokens.pieces.iter().filter(|p| !p.special) {
            let spelt = made.text().get(piece.start..piece.end);
            assert!(spelt.is_some(), "{name} {seed}: whole characters, {piece:?}");
            assert!(piece.start >= last || piece.end >= last, "{name} {seed}: in order, {piece:?}");
            last = piece.start;
        }
        // Everything that was generated belongs to some token.
        let end = made.tokens.pieces.iter().map(|p| p.end).max().expect("tokens");
        assert_eq!(end, made.text().len(), "{name} {seed}");
        let words = made.tokens.words();
        assert_eq!(words.iter().map(std::ops::Range::len).sum::<usize>(), made.tokens.len());
    }
}

#[test]
fn generated_tokens_are_read_again_as_they_came() {
    let opened = open("gpt2-prefix");
    let made = go_on(&opened, "The old keeper", 40, &Sampling::default());
    let ids = made.tokens.ids();
    let control = Control::default();
    let typed = Run::new(&opened, &Ask::new(made.text()), &control).expect("a run");
    assert_ne!(typed.tokens.ids(), ids, "the tokenizer makes others of this text");
    // Whatever is changed about the text, it is these tokens that are changed.
    let other = made.tokens.pieces[1].piece.clone();
    let place = made.prompt + 3;
    let changed = Ask {
        off: vec![Off { layer: 0, head: 1, with: With::Zero }],
        replaced: vec![(place, other)],
        ..made.ask.clone()
    };
    let run = Run::new(&opened, &changed, &control).expect("a run");
    assert_eq!(run.typed, ids);
    let places: Vec<usize> = (0..ids.len()).filter(|&i| run.tokens.ids()[i] != ids[i]).collect();
    assert_eq!(places, [place]);
    // And the model goes on with them.
    let further = generate(&opened, &made.ask, 4, 3, &Sampling::default(), &control, |_| {}).expect("a text");
    assert_eq!((further.prompt, &further.tokens.ids()[..ids.len()]), (ids.len(), &ids[..]));
    assert_eq!(further.run(&opened, Want::attention(), &control).expect("a run").tokens, further.tokens);
    // Another model's rows spell another text, if they spell any: its own tokenizer reads it.
    for name in ["gpt2", "bert"] {
        let opened = open(name);
        let plain = Run::new(&opened, &Ask::new(made.text()), &control).expect("a run");
        let run = Run::new(&opened, &made.ask, &control).expect("a run");
        assert_eq!(run.tokens, plain.tokens, "{name}");
    }
}

#[test]
fn a_stop_leaves_what_was_generated() {
    let opened = open("gpt2");
    let sampling = Sampling { seed: 4, ..Sampling::default() };
    let whole = go_on(&opened, "The keeper", 6, &sampling);
    let stop = Stop::default();
    let (flag, mut told) = (stop.clone(), Vec::new());
    let found = |step: &Step| {
        told.push(step.id);
        if told.len() == 3 {
            flag.set();
        }
    };
    let made = generate(&opened, &Ask::new("The keeper"), 6, 3, &sampling, &Control::new(stop, |_| {}), found);
    let made = made.expect("a part of the text");
    assert_eq!((made.end, &made.steps[..]), (End::Stopped, &whole.steps[..3]));
    assert_eq!(told, made.steps.iter().map(|step| step.id).collect::<Vec<_>>());
    assert!(whole.text().starts_with(made.text()));
    let stop = Stop::default();
    stop.set();
    let none = generate(&opened, &Ask::new("The keeper"), 6, 3, &sampling, &Control::new(stop, |_| {}), |_| {});
    assert!(none.expect_err("there is nothing yet").is_stopped());
}

#[test]
fn a_model_goes_on_with_one_text() {
    let ask = Ask { pair: Some("It was late.".to_owned()), ..Ask::new("The keeper") };
    let refused = generate(&open("gpt2"), &ask, 3, 3, &Sampling::default(), &Control::default(), |_| {});
    assert!(refused.expect_err("two texts").to_string().contains("second sentence"));
}

#[test]
fn generation_ends_where_the_model_does() {
    let opened = open("gpt2");
    let made = go_on(&opened, "The keeper", 500, &Sampling { temperature: 0.0, ..Sampling::default() });
    assert!(made.end == End::Limit || made.end == End::Text);
    assert!(made.tokens.len() <= opened.card().tokens);
    if made.end == End::Limit {
        assert_eq!(made.tokens.len(), opened.card().tokens);
    }
    let refused = |name: &str, text: &str, sampling: &Sampling| {
        generate(&open(name), &Ask::new(text), 3, 3, sampling, &Control::default(), |_| {})
            .expect_err("refused")
            .to_string()
    };
    let plain = Sampling::default();
    assert!(refused("bert", "The keeper", &plain).contains("causal"));
    assert!(refused("gpt2-classifier", "The keeper", &plain).contains("predicts no words"));
    assert!(refused("gpt2", &"The keeper ".repeat(60), &plain).contains("longer"));
    assert!(refused("gpt2", "The", &Sampling { top_p: 0.0, ..plain }).contains("top-p"));
}

/// Runs the program without a display.
fn lexiscope(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lexiscope")).args(args).env_remove("DISPLAY").output().expect("the program starts")
}

fn model(name: &str) -> String {
    data("models").join(name).to_string_lossy().into_owned()
}

#[test]
fn the_command_line_goes_on_with_a_text() {
    let wanted: Continued = read("generate.json");
    let wanted = &wanted.greedy["gpt2"];
    let count = wanted.count.to_string();
    let gpt2 = model("gpt2");
    let args = ["generate", &gpt2, "--text", &wanted.text, "--tokens", &count, "--temperature", "0"];
    let plain = lexiscope(&args);
    assert!(plain.status.success() && plain.stderr.is_empty(), "{}", String::from_utf8_lossy(&plain.stderr));
    let text = String::from_utf8(plain.stdout).expect("UTF-8");
    assert!(text.starts_with(&wanted.text) && text.ends_with('\n'), "{text:?}");

    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("a.csv");
    let json = lexiscope(&[&args[..], &["--json", "--top", "2", "--out", &out.to_string_lossy()]].concat());
    let json: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(format!("{}\n", json["text"].as_str().expect("a text")), text);
    assert_eq!((json["ended"].as_str(), json["seed"].as_u64()), (Some("asked"), Some(0)));
    let steps = json["steps"].as_array().expect("steps");
    let ids: Vec<u64> = steps.iter().map(|s| s["id"].as_u64().expect("an id")).collect();
    assert_eq!(ids, wanted.ids.iter().map(|&id| u64::from(id)).collect::<Vec<_>>());
    assert_eq!(steps[0]["token"], wanted.prompt.len());
    assert!(steps.iter().all(|s| s["top"].as_array().expect("words").len() == 2));
    let rows = std::fs::read_to_string(&out).expect("the attention").lines().count();
    let n = wanted.prompt.len() + wanted.count;
    assert_eq!(rows, 1 + 2 * 4 * n * n);

    // It goes on without heads that are off.
    let off = [(0, 1), (1, 0), (1, 2)].map(|(layer, head)| Off { layer, head, with: With::Zero });
    let asked = Ask { off: off.to_vec(), ..Ask::new(&*wanted.text) };
    let greedy = Sampling { temperature: 0.0, ..Sampling::default() };
    let changed = generate(&open("gpt2"), &asked, wanted.count, 1, &greedy, &Control::default(), |_| {});
    let heads = ["--off", "0,1", "--off", "1,0", "--off", "1,2", "--with", "zero"];
    let printed = String::from_utf8(lexiscope(&[&args[..], &heads].concat()).stdout).expect("UTF-8");
    assert_eq!(printed, format!("{}\n", changed.expect("a text").text()));
    assert_ne!(printed, text);

    for wrong in [["--temperature", "-1"], ["--top-p", "1.5"], ["--top-p", "0"]] {
        let output = lexiscope(&[&args[..5], &wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
    let bert = lexiscope(&["generate", &model("bert"), "--text", "The"]);
    assert_eq!(bert.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&bert.stderr).contains("causal"));
}

#[test]
fn the_command_line_reads_layers_and_heads_out() {
    let references: BTreeMap<String, Lens> = read("lens.json");
    let wanted = &references["bert"];
    let folder = tempfile::tempdir().expect("a folder");
    let table = |more: &[&str]| -> Vec<Value> {
        let out = folder.path().join("x.json");
        let args = ["lens", &model("bert"), "--text", SINGLE, "--top", "3", "--out", &out.to_string_lossy()];
        let output = lexiscope(&[&args[..], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty());
        let mut file: Value = serde_json::from_slice(&std::fs::read(&out).expect("it is written")).expect("JSON");
        assert_eq!(file["about"]["text"], SINGLE);
        serde_json::from_value(file["rows"].take()).expect("rows")
    };
    let columns = |row: &Value| row.as_object().expect("a row").keys().cloned().collect::<Vec<_>>().join(", ");
    let rows = table(&[]);
    assert_eq!(columns(&rows[0]), "layer, token, piece, rank, id, word, probability");
    let mut left = rows.iter();
    for (state, tokens) in wanted.layers.iter().enumerate() {
        for (token, ranked) in tokens.iter().enumerate() {
            for (rank, &(id, _, probability)) in ranked.iter().take(3).enumerate() {
                let row = left.next().expect("a row");
                let found = ["layer", "token", "rank", "id"].map(|name| row[name].as_i64().expect(name));
                assert_eq!(found, [state as i64 - 1, token as i64, rank as i64 + 1, i64::from(id)]);
                assert!((row["probability"].as_f64().expect("a number") - probability).abs() < TOLERANCE, "{row:?}");
            }
        }
    }
    assert!(left.next().is_none());

    let rows = table(&["--heads-at", "5"]);
    assert_eq!(columns(&rows[0]), "layer, head, token, piece, rank, id, word, probability");
    assert_eq!(rows.len(), 2 * 4 * 3);
    let row = rows.iter().find(|r| r["layer"] == 1 && r["head"] == 2 && r["rank"] == 1).expect("a row");
    assert_eq!((row["token"].as_u64(), row["id"].as_u64()), (Some(5), Some(wanted.heads[1][2][1][0].0.into())));
    assert_eq!(table(&["--head", "1,2"]).len(), wanted.layers[0].len() * 3);

    // What is changed about the pass changes what is read out.
    let off = Ask { off: vec![Off { layer: 0, head: 1, with: With::Zero }], masked: vec![3], ..Ask::new(SINGLE) };
    let opened = open("bert");
    let run = Run::new(&opened, &Ask { want: lens::want_layers(), ..off }, &Control::default()).expect("a run");
    let layers = lens::layers(&opened, &run, &Control::default(), |logits| top(logits, 3)).expect("words");
    let wanted: Vec<u64> = layers.iter().flatten().flatten().map(|word| word.id.into()).collect();
    let found = table(&["--off", "0,1", "--with", "zero", "--mask", "3"]);
    assert_eq!(found.iter().map(|row| row["id"].as_u64().expect("an id")).collect::<Vec<_>>(), wanted);
    assert_ne!(table(&["--mask", "3"]), found);

    let out = folder.path().join("y.csv").to_string_lossy().into_owned();
    let refused = lexiscope(&["lens", &model("electra"), "--text", "a", "--out", &out]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("predicts no words"));
    assert!(!Path::new(&out).exists());
    let outside = lexiscope(&["lens", &model("bert"), "--text", "a", "--head", "7,0", "--out", &out]);
    assert!(outside.status.code() == Some(1) && String::from_utf8_lossy(&outside.stderr).contains("no head"));
    assert_eq!(lexiscope(&["lens", &model("bert"), "--text", "a", "--out", "y.svg"]).status.code(), Some(2));
}
