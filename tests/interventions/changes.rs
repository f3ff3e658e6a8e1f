//! Heads turned off, edges cut, tokens replaced.

use crate::reference::{
    MODELS, REFERENCE, SEEN, TEXT, TOLERANCE, all, asked, close, cuts, data, grid, index, lexiscope, number, refused,
    replaced, rows, run, same, targets,
};
use lexiscope::array::Array;
use lexiscope::engine::device::Choice;
use lexiscope::engine::{Ablation, Ask, Cut, Off, Opened, Run, Target, With};
use lexiscope::trace::{At, Control, Edit, Edits, Site, Stack, Stop, Want};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

#[test]
fn every_checkpoint_has_a_reference() {
    let mut named: Vec<&str> = REFERENCE.iter().map(|case| case["model"].as_str().expect("a name")).collect();
    named.sort_unstable();
    assert_eq!(named, MODELS.keys().collect::<Vec<_>>());
}

#[test]
fn heads_that_are_off_change_targets_as_pytorch_says() {
    for case in &*REFERENCE {
        let name = case["model"].as_str().expect("a name");
        let opened = &MODELS[name];
        for (target, wanted) in targets(case) {
            for with in With::ALL {
                let mut seen = Vec::new();
                let found = |effect| seen.push(effect);
                let made = Ablation::new(opened, &asked(case), target, with, &Control::default(), found);
                let made = made.unwrap_or_else(|e| panic!("{name}: {target}: {e}"));
                close(&format!("{name}: {target} {with}"), &made.effects, &grid(&wanted[with.name()]), TOLERANCE);
                seen.sort_by_key(|e| (e.layer, e.head));
                assert!(seen.iter().copied().eq(made.iter()), "{name}: every head is told of once");
            }
        }
    }
}

#[test]
fn cut_edges_and_replaced_tokens_change_targets_as_pytorch_says() {
    for case in &*REFERENCE {
        let name = case["model"].as_str().expect("a name");
        let opened = &MODELS[name];
        for (target, wanted) in targets(case) {
            let want = target.want(opened.card());
            let with = |ask: Ask| run(opened, &Ask { want: want.clone(), ..ask });
            let before = with(asked(case));
            let typed: Vec<usize> = case["typed"].as_array().expect("ids").iter().map(index).collect();
            assert_eq!(before.typed.iter().map(|&id| id as usize).collect::<Vec<_>>(), typed, "{name}");
            let effect = |after: &Run| target.effect(&before, after).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(effect(&before), 0.0, "{name}: {target}");
            let found: Vec<f64> =
                cuts(case).iter().map(|&cut| effect(&with(Ask { cuts: vec![cut], ..asked(case) }))).collect();
            let cut = wanted["cut"].as_array().expect("effects").iter().map(number).collect::<Vec<_>>();
            close(&format!("{name}: {target} with an edge cut"), &found, &cut, TOLERANCE);
            assert!(cut.iter().any(|effect| effect.abs() > SEEN), "{name}: {target}: no cut does anything: {cut:?}");
            let found = effect(&with(replaced(case)));
            assert!(found.abs() > SEEN, "{name}: {target}: the other token does nothing");
            let what = format!("{name}: {target} with a token replaced");
            close(&what, &[found], &[number(&wanted["replaced"])], TOLERANCE);
        }
    }
}

/// Every kind of change, in one layer.
fn changes(opened: &Opened, layer: usize) -> Vec<Edits> {
    let (card, control) = (opened.card(), Control::default());
    let whole = run(opened, &Ask { want: all(), ..Ask::new(TEXT) });
    let hidden = whole.array(whole.at(layer, Site::Hidden)).expect("it was kept");
    let shifted: Vec<f32> = hidden.data().iter().map(|x| x + 0.5).collect();
    let with = Array::new(&["batch", "token", "dim"], &[1, hidden.shape()[0], hidden.shape()[1]], shifted);
    let patch = Edit::Patch { at: whole.at(layer, Site::Hidden), with: with.expect("its shape") };
    let off = |with| Off { layer, head: card.heads - 1, with }.edit(opened, &control).expect("a head");
    let cut = Cut { layer, head: Some(0), query: 3, key: 1 }.edit(opened).expect("an edge");
    let each = [off(With::Mean), off(With::Zero), cut, patch];
    let both = Edits::none().and(each[0].clone()).and(each[2].clone());
    each.into_iter().map(|edit| Edits::none().and(edit)).chain([both]).collect()
}

#[test]
fn a_pass_that_goes_on_from_the_edited_layer_has_the_bits_of_the_whole_one() {
    for (name, opened) in &*MODELS {
        let before = run(opened, &Ask { want: all(), ..Ask::new(TEXT) });
        // What nobody kept is computed from the text.
        let bare = run(opened, &Ask { want: Want::nothing(), ..Ask::new(TEXT) });
        for layer in 0..opened.card().layers {
            for edits in changes(opened, layer) {
                let whole = run(opened, &Ask { want: all(), edits: edits.clone(), ..Ask::new(TEXT) });
                for base in [&before, &bare] {
                    let again = base.again(opened, &edits, &all(), &Control::default()).expect(name);
                    let differs: Vec<_> = whole.arrays.iter().filter(|(at, a)| !same(a, &again.arrays[*at])).collect();
                    assert!(differs.is_empty(), "{name}: layer {layer}: {:?}", differs[0].0);
                    assert_eq!(again.arrays.len(), whole.arrays.len(), "{name}: layer {layer}");
                    assert_eq!(again.shapes, whole.shapes, "{name}: layer {layer}");
                }
                let changed = whole.arrays.iter().any(|(at, a)| !same(a, &before.arrays[at]));
                assert!(changed, "{name}: layer {layer}: {edits:?} changes nothing");
            }
        }
    }
}

#[test]
fn changes_come_on_top_of_those_that_a_run_has() {
    for (name, opened) in &*MODELS {
        let last = opened.card().layers - 1;
        let first = Off { layer: 0, head: 0, with: With::Mean };
        let ask = Ask { want: all(), off: vec![first], ..Ask::new(TEXT) };
        let second = Off { layer: last, head: 1, with: With::Zero };
        let edit = second.edit(opened, &Control::default()).expect(name);
        let again = run(opened, &ask).again(opened, &Edits::none().and(edit), &all(), &Control::default());
        let whole = run(opened, &Ask { off: vec![first, second], ..ask });
        let again = again.expect(name);
        assert!(whole.arrays.iter().all(|(at, a)| same(a, &again.arrays[at])), "{name}");
    }
}

#[test]
fn a_cut_edge_gets_nothing_and_its_row_still_sums_to_one() {
    for (name, opened) in &*MODELS {
        let plain = run(opened, &Ask { want: all(), ..Ask::new(TEXT) });
        let cut = Cut { layer: 0, head: Some(1), query: 4, key: 2 };
        let after = run(opened, &Ask { want: all(), cuts: vec![cut], ..Ask::new(TEXT) });
        let n = plain.tokens.len();
        for head in 0..opened.card().heads {
            for query in 0..n {
                let row = |run: &Run| run.head(0, head)[query * n..][..n].to_vec();
                let (was, is) = (row(&plain), row(&after));
                if (head, query) != (1, 4) {
                    assert_eq!(was, is, "{name}: head {head}, query {query}");
                    continue;
                }
                assert_eq!(is[2], 0.0, "{name}");
                assert!((is.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{name}");
                // What is left is shared out in proportion.
                let left = 1.0 - f64::from(was[2]);
                let wanted: Vec<f64> =
                    was.iter().enumerate().map(|(k, &p)| if k == 2 { 0.0 } else { p.into() }).collect();
                let wanted: Vec<f64> = wanted.iter().map(|p| p / left).collect();
                close(name, &is.iter().map(|&p| p.into()).collect::<Vec<_>>(), &wanted, 1e-6);
            }
        }
    }
}

#[test]
fn a_row_keeps_its_last_edge() {
    for (name, opened) in &*MODELS {
        let n = run(opened, &Ask::new(TEXT)).tokens.len();
        let keys = if opened.card().is_causal() { 0..1 } else { 0..n };
        let cuts: Vec<Cut> = keys.map(|key| Cut { layer: 1, head: None, query: 0, key }).collect();
        let refused = Run::new(opened, &Ask { cuts: cuts.clone(), ..Ask::new(TEXT) }, &Control::default());
        let error = refused.map(drop).expect_err(name).to_string();
        assert!(error.contains("token 0 would attend to nothing in head 0 of layer 1"), "{name}: {error}");
        run(opened, &Ask { cuts: cuts[1..].to_vec(), ..Ask::new(TEXT) });
    }
}

#[test]
fn a_head_that_is_off_says_the_mean_at_every_token() {
    for (name, opened) in &*MODELS {
        let means = opened.means(&Control::default()).expect(name);
        assert!(Arc::ptr_eq(&means, &opened.means(&Control::default()).expect(name)), "{name}: computed once");
        assert_eq!(means.sentences, 24, "{name}");
        let off = Off { layer: 1, head: 1, with: With::Mean };
        let after = run(opened, &Ask { want: all(), off: vec![off], ..Ask::new(TEXT) });
        let heads = after.array(after.at(1, Site::Heads)).expect("it was kept");
        let mean = means.heads.block(&[1, 1]);
        assert!(heads.block(&[1]).chunks(mean.len()).all(|row| row == mean), "{name}");
        assert_ne!(&heads.block(&[0])[..mean.len()], means.heads.block(&[1, 0]), "{name}: the other heads speak");
    }
}

#[test]
fn changes_are_said_in_words() {
    let ask = Ask {
        masked: vec![3],
        replaced: vec![(2, "door".to_owned())],
        off: vec![Off { layer: 1, head: 5, with: With::Mean }],
        cuts: vec![Cut { layer: 0, head: None, query: 4, key: 1 }],
        ..Ask::new(TEXT)
    };
    let said = ["token 3 masked", "token 2 is door", "L1\u{b7}H5 off (mean)", "L0 cut 4 to 1"];
    assert_eq!(ask.changes(), said);
    assert!(!ask.is_plain() && Ask::new(TEXT).is_plain());
}

#[test]
fn a_token_is_replaced_by_one_of_the_vocabulary() {
    let opened = &MODELS["gpt2"];
    let plain = run(opened, &Ask::new(TEXT));
    let other = plain.tokens.pieces[7].clone();
    let ask = |i: usize, piece: &str| Ask { replaced: vec![(i, piece.to_owned())], ..Ask::new(TEXT) };
    let after = run(opened, &ask(3, &other.piece));
    assert_eq!((after.tokens.pieces[3].id, &after.tokens.pieces[3].piece), (other.id, &other.piece));
    assert_eq!(after.typed, plain.tokens.ids());
    assert_eq!(after.tokens.source(3), "", "nothing that was typed stands there");
    let fails = |ask: Ask| Run::new(opened, &ask, &Control::default()).map(drop).expect_err("refused").to_string();
    assert!(fails(ask(99, &other.piece)).contains("there is no token 99 to replace"));
    let error = fails(ask(3, "keeper climbed"));
    assert!(error.contains("`keeper climbed` is") && error.contains("tokens to this model"), "{error}");
    let error = Run::new(&MODELS["bert"], &ask(3, "\u{3042}"), &Control::default()).map(drop).expect_err("unknown");
    assert_eq!(error.to_string(), "`\u{3042}` is not in the model's vocabulary");
    // A word as a person types it stands where a word stood.
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/bert-mini-en");
    let bundled = Opened::open_folder(&bundled, Choice::Cpu, &Control::default()).expect("the bundled model");
    let after = run(&bundled, &Ask { replaced: vec![(2, "Man".into())], ..Ask::new("The old lady sat.") });
    assert_eq!(after.tokens.pieces[2].piece, "man");
}

#[test]
fn the_site_at_which_a_change_breaks_the_numbers_is_named() {
    for (name, opened) in &*MODELS {
        let at = At::new(opened.card().stack, 1, Site::Heads);
        let edits = Edits::none().and(Edit::ScaleHead { at, head: 0, factor: f32::INFINITY });
        let ask = Ask { edits: edits.clone(), ..Ask::new(TEXT) };
        assert_eq!(run(opened, &ask).broken, Some(at), "{name}");
        assert_eq!(run(opened, &Ask::new(TEXT)).broken, None, "{name}");
        let again = run(opened, &Ask::new(TEXT)).again(opened, &edits, &Want::nothing(), &Control::default());
        assert_eq!(again.expect(name).broken, Some(at), "{name}");
        let refused = Ablation::new(opened, &ask, Target::Pooled, With::Zero, &Control::default(), |_| {});
        let error = refused.map(drop).expect_err(name).to_string();
        assert!(error.contains(&format!("not finite, first at {at}")), "{name}: {error}");
    }
}

/// A copy of a checkpoint in which the word embeddings of these pieces are not numbers.
fn with_holes(name: &str, pieces: &[&str]) -> (tempfile::TempDir, Opened) {
    let (from, to) = (data().join("models").join(name), tempfile::tempdir().expect("a folder"));
    for file in std::fs::read_dir(from).expect("a checkpoint") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), to.path().join(file.file_name())).expect("it is copied");
    }
    let path = to.path().join("model.safetensors");
    let mut bytes = std::fs::read(&path).expect("the weights");
    let start = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("a length")) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..start]).expect("a header");
    let tensors = header.as_object().expect("tensors");
    let (_, words) = tensors.iter().find(|(name, _)| name.ends_with("word_embeddings.weight")).expect("words");
    assert_eq!(words["dtype"], "F32");
    let (begin, width) = (start + index(&words["data_offsets"][0]), 4 * index(&words["shape"][1]));
    let vocabulary = std::fs::read_to_string(to.path().join("vocab.txt")).expect("one piece to a line");
    for piece in pieces {
        let id = vocabulary.lines().position(|line| line == *piece).expect("a piece");
        let row = &mut bytes[begin + id * width..][..width];
        row.chunks_exact_mut(4).for_each(|number| number.copy_from_slice(&f32::NAN.to_le_bytes()));
    }
    std::fs::write(&path, bytes).expect("it is written");
    let opened = Opened::open_folder(to.path(), Choice::Cpu, &Control::default()).expect("it opens all the same");
    (to, opened)
}

#[test]
fn a_token_that_is_no_number_is_blamed_on_the_change_that_puts_it_there() {
    let pieces: Vec<String> =
        run(&MODELS["bert"], &Ask::new(TEXT)).tokens.pieces.into_iter().map(|p| p.piece).collect();
    let (_folder, opened) = with_holes("bert", &["[MASK]", &pieces[5]]);
    let words = At::new(Stack::Embeddings, 0, Site::Words);
    let text = "The keeper.";
    assert!(run(&opened, &Ask::new(text)).attentions().expect("attention").not_finite() == 0);
    let broken = |ask: Ask| run(&opened, &ask).broken;
    assert_eq!(broken(Ask { masked: vec![2], ..Ask::new(text) }), Some(words));
    assert_eq!(broken(Ask { replaced: vec![(2, pieces[5].clone())], ..Ask::new(text) }), Some(words));
    // What a person typed is nobody's change.
    let off = vec![Off { layer: 1, head: 0, with: With::Zero }];
    assert_eq!(broken(Ask { off: off.clone(), ..Ask::new(TEXT) }), None);
    assert_eq!(broken(Ask { off, masked: vec![2], ..Ask::new(text) }), Some(words));
    let refused = |ask: &Ask| {
        let refused = Ablation::new(&opened, ask, Target::Pooled, With::Zero, &Control::default(), |_| {});
        refused.map(drop).expect_err("numbers that are none").to_string()
    };
    assert!(refused(&Ask::new(TEXT)).contains("the model itself"), "{}", refused(&Ask::new(TEXT)));
    let masked = refused(&Ask { masked: vec![2], ..Ask::new(text) });
    assert!(masked.contains("the change makes numbers that are not finite, first at embeddings.words"), "{masked}");
}

#[test]
fn a_head_without_a_mean_is_named() {
    // The bundled sentences have words that this vocabulary does not.
    let (_folder, opened) = with_holes("bert", &["[UNK]"]);
    let ask = |with| Ask { off: vec![Off { layer: 1, head: 2, with }], ..Ask::new("The keeper.") };
    let refused = Run::new(&opened, &ask(With::Mean), &Control::default()).map(drop).expect_err("no mean").to_string();
    assert!(refused.contains("L1\u{b7}H2 has no mean"), "{refused}");
    assert_eq!(run(&opened, &ask(With::Zero)).broken, None);
    // The map goes on, and says where each of them breaks down.
    let mut told = 0;
    let plain = Ask::new("The keeper.");
    let made = Ablation::new(&opened, &plain, Target::Pooled, With::Mean, &Control::default(), |effect| {
        assert!(effect.effect.is_nan());
        told += 1;
    });
    let made = made.expect("a map");
    let card = opened.card();
    assert_eq!((told, made.broken.len()), (card.layers * card.heads, card.layers * card.heads));
    assert!(made.broken.iter().all(|(&(layer, _), &at)| at == made.before.at(layer, Site::Heads)));
}

#[test]
fn what_is_not_finite_is_set_to_zero_too() {
    let opened = &MODELS["bert"];
    let off = Off { layer: 0, head: 1, with: With::Zero };
    let at = At::new(opened.card().stack, 0, Site::Heads);
    // Cuts and heads that are off come before what else is edited, so that the order is that of the edits.
    let trap = Edit::ScaleHead { at, head: 1, factor: f32::INFINITY };
    let zero = off.edit(opened, &Control::default()).expect("a head");
    let run = run(opened, &Ask { want: all(), edits: Edits::none().and(trap).and(zero), ..Ask::new(TEXT) });
    assert_eq!(run.broken, None);
    assert!(run.array(at).expect("kept").block(&[1]).iter().all(|x| *x == 0.0));
}

#[test]
fn what_a_model_does_not_have_is_no_target() {
    let fails = |model: &str, target: &str| {
        let target: Target = target.parse().expect("a target");
        let refused = Ablation::new(&MODELS[model], &Ask::new(TEXT), target, With::Zero, &Control::default(), |_| {});
        refused.map(drop).expect_err(model).to_string()
    };
    assert!(fails("bert-legacy", "logprob:3").contains("predicts no words"));
    assert!(fails("gpt2", "logprob:0").contains("nothing comes before the first token"));
    assert!(fails("gpt2", "logprob:99").contains("there is no token 99"));
    assert!(fails("bert", "class:0").contains("does not classify texts"));
    assert!(fails("bert-tagger", "class:0").contains("does not classify texts"));
    assert!(fails("roberta-classifier", "class:99").contains("there is no class 99"));
    assert!(fails("bert", "hidden:2,0").contains("there is no layer 2"));
    assert!(fails("bert", "hidden:0,99").contains("there is no token 99"));
}

#[test]
fn a_stop_ends_an_ablation_at_the_next_layer() {
    let opened = &MODELS["bert"];
    let stop = Stop::default();
    let (flag, mut told) = (stop.clone(), 0);
    let control = Control::new(stop, |_| {});
    let stopped = Ablation::new(opened, &Ask::new(TEXT), Target::Pooled, With::Zero, &control, |_| {
        told += 1;
        flag.set();
    });
    assert!(stopped.map(drop).expect_err("it was stopped").is_stopped());
    assert_eq!(told, opened.card().heads, "the heads of a layer are computed together");
}

#[test]
fn the_command_line_writes_the_effects_of_all_heads() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = REFERENCE.iter().find(|case| case["model"] == "electra-generator").expect("its reference");
    let masked = case["masked"].to_string();
    for (target, wanted) in targets(case) {
        let target = target.to_string();
        for with in ["mean", "zero"] {
            let wanted = grid(&wanted[with]);
            for name in ["x.csv", "x.json"] {
                let out = folder.path().join(name);
                let path = out.to_string_lossy().into_owned();
                let args = ["--text", TEXT, "--target", &target, "--with", with, "--mask", &masked, "--out", &path];
                let output = lexiscope("ablate", "electra-generator", &args);
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                assert!(output.stdout.is_empty());
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(said.contains(&target) && said.contains(with), "{said}");
                let found: Vec<f64> = if name == "x.csv" {
                    let rows = rows(&out);
                    assert_eq!(rows[0], ["layer", "head", "effect"]);
                    rows[1..].iter().map(|row| row[2].parse().expect("a number")).collect()
                } else {
                    let text = std::fs::read_to_string(&out).expect("the file is written");
                    let read: Value = serde_json::from_str(&text).expect("JSON");
                    assert_eq!(read["about"]["target"], target.as_str());
                    read["rows"].as_array().expect("rows").iter().map(|row| number(&row["effect"])).collect()
                };
                close(&format!("{name}: {target} {with}"), &found, &wanted, TOLERANCE);
            }
        }
    }
}

#[test]
fn the_command_line_says_what_it_cannot_do() {
    let ablate =
        |args: &[&str]| refused(&lexiscope("ablate", "gpt2", &[&["--text", TEXT, "--out", "x.csv"], args].concat()));
    assert!(ablate(&["--target", "logprob:99"]).contains("there is no token 99"));
    assert!(ablate(&["--target", "nothing"]).contains("is no target"));
    assert!(ablate(&["--target", "pooled", "--with", "noise"]).contains("mean or zero"));
    assert!(ablate(&["--target", "pooled", "--off", "9,0"]).contains("there is no head 0 of layer 9"));
    assert!(ablate(&["--target", "pooled", "--cut", "0,0,0,0"]).contains("would attend to nothing"));
    assert!(ablate(&["--target", "pooled", "--cut", "0,0,99,0"]).contains("no edge"));
    assert!(ablate(&["--target", "pooled", "--replace", "2=no such token"]).contains("tokens to this model"));
    assert!(ablate(&["--target", "pooled", "--mask", "2"]).contains("has no mask token"));
    let picture = lexiscope("ablate", "gpt2", &["--text", TEXT, "--target", "pooled", "--out", "x.png"]);
    assert!(refused(&picture).contains("a table is csv, json or npz"));
    let patch = |corrupt: &str| {
        let args = ["--clean", TEXT, "--corrupt", corrupt, "--target", "pooled", "--out", "x.csv"];
        refused(&lexiscope("patch", "gpt2", &args))
    };
    assert!(patch("The keeper.").contains("first differ at token"));
    assert!(patch(TEXT).contains("there is nothing to recover"));
    assert!(!Path::new("x.csv").exists());
}
