//! Activations of one text patched into the run of another.

use crate::reference::{
    MODELS, REFERENCE, TEXT, TOLERANCE, all, asked, close, cut, grid, index, lexiscope, number, replaced, rows, run,
    same, targets,
};
use lexiscope::array::Array;
use lexiscope::engine::{Ablation, Ask, Off, Patching, Target, With};
use lexiscope::trace::{At, Control, Edit, Edits, Site};
use serde_json::Value;

/// How many targets differ enough between two texts to be patched, without and with other changes.
const PATCHED: [usize; 2] = [53, 38];

/// A recovery is a share of the gap: its error is that of the effect, over the gap.
#[track_caller]
fn recovered(what: &str, made: &Patching, wanted: &Value) {
    close(&format!("{what}: gap"), &[made.gap], &[number(&wanted["gap"])], TOLERANCE);
    for (part, found) in [("tokens", &made.tokens), ("heads", &made.heads)] {
        let wanted = grid(&wanted[part]);
        let largest = wanted.iter().fold(1f64, |m, w| m.max(w.abs()));
        let allowed = TOLERANCE * largest / made.gap.abs().min(1.0);
        assert!(allowed < 1e-3, "{what}: {allowed} would let anything pass");
        close(&format!("{what}: {part}"), found, &wanted, allowed);
    }
}

#[test]
fn patches_recover_targets_as_pytorch_says() {
    let mut compared = 0;
    for case in &*REFERENCE {
        let name = case["model"].as_str().expect("a name");
        for (target, wanted) in targets(case) {
            let wanted = &wanted["patch"];
            if wanted.is_null() {
                continue;
            }
            let mut told = 0;
            let [clean, corrupt] = [asked(case), replaced(case)];
            let made = Patching::new(&MODELS[name], [&clean, &corrupt], target, &Control::default(), |_, _| told += 1);
            let made = made.unwrap_or_else(|e| panic!("{name}: {target}: {e}"));
            assert_eq!(told, made.tokens.len() + made.heads.len(), "{name}");
            recovered(&format!("{name}: {target}"), &made, wanted);
            compared += 1;
        }
    }
    assert_eq!(compared, PATCHED[0]);
}

#[test]
fn effects_and_patches_come_on_top_of_other_changes_as_pytorch_says() {
    let mut compared = 0;
    for case in &*REFERENCE {
        let (name, stacked) = (case["model"].as_str().expect("a name"), &case["on_top"]);
        let opened = &MODELS[name];
        let off = Off { layer: index(&stacked["off"][0]), head: index(&stacked["off"][1]), with: With::Zero };
        let on_top = |ask: Ask| Ask { off: vec![off], cuts: vec![cut(&stacked["cut"])], ..ask };
        let [clean, corrupt] = [on_top(asked(case)), on_top(replaced(case))];
        for (target, wanted) in targets(stacked) {
            let what = format!("{name}: {target} on top of other changes");
            let made = Ablation::new(opened, &corrupt, target, With::Mean, &Control::default(), |_| {});
            let made = made.unwrap_or_else(|e| panic!("{what}: {e}"));
            close(&what, &made.effects, &grid(&wanted["mean"]), TOLERANCE);
            if wanted["patch"].is_null() {
                continue;
            }
            let made = Patching::new(opened, [&clean, &corrupt], target, &Control::default(), |_, _| {});
            recovered(&what, &made.unwrap_or_else(|e| panic!("{what}: {e}")), &wanted["patch"]);
            compared += 1;
        }
    }
    assert_eq!(compared, PATCHED[1]);
}

#[test]
fn only_texts_that_differ_and_stand_side_by_side_are_patched() {
    let opened = &MODELS["bert"];
    let fails = |corrupt: Ask| {
        let asks = [&Ask::new(TEXT), &corrupt];
        let refused = Patching::new(opened, asks, Target::Pooled, &Control::default(), |_, _| {});
        refused.map(drop).expect_err("refused").to_string()
    };
    assert!(fails(Ask::new(TEXT)).contains("there is nothing to recover"));
    // What the model cannot read is a part of the text all the same.
    let long = |text: &str| Ask::new(text.repeat(60));
    let refused = Patching::new(
        opened,
        [&long("The keeper climbed. "), &long("The keeper sang and climbed. ")],
        Target::Pooled,
        &Control::default(),
        |_, _| {},
    );
    let error = refused.map(drop).expect_err("one is longer").to_string();
    assert!(error.contains("needs them side by side"), "{error}");
    let error = fails(Ask::new("The keeper."));
    assert!(error.contains("11 tokens") && error.contains("first differ at token"), "{error}");
}

#[test]
fn the_first_layer_s_whole_output_brings_everything_back() {
    for (name, opened) in &*MODELS {
        let plain = run(opened, &Ask { want: all(), ..Ask::new(TEXT) });
        let piece = plain.tokens.pieces[5].piece.clone();
        let corrupt = run(opened, &Ask { want: all(), replaced: vec![(2, piece)], ..Ask::new(TEXT) });
        let at = plain.at(0, Site::Hidden);
        let with = Array::stack("batch", &[plain.array(at).expect("kept").clone()]).expect("one array");
        let edits = Edits::none().and(Edit::Patch { at, with });
        let patched = corrupt.again(opened, &edits, &all(), &Control::default()).expect(name);
        let above = |at: &At| at.stack == opened.card().stack && at.layer > 0;
        assert!(plain.arrays.iter().filter(|(at, _)| above(at)).all(|(at, a)| same(a, &patched.arrays[at])), "{name}");
    }
}

#[test]
fn the_command_line_writes_what_patches_recover() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("x.csv");
    let path = out.to_string_lossy().into_owned();
    let other = "The keeper climbed the narrow stairs, climbed.";
    let args = ["--clean", TEXT, "--corrupt", other, "--target", "hidden:1,3", "--out", &path];
    let output = lexiscope("patch", "bert-cased", &args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = rows(&out);
    assert_eq!(rows[0], ["kind", "layer", "index", "clean_piece", "corrupt_piece", "recovery"]);
    let opened = &MODELS["bert-cased"];
    let n = run(opened, &Ask::new(TEXT)).tokens.len();
    let (layers, heads) = (opened.card().layers, opened.card().heads);
    assert_eq!(rows.len(), 1 + layers * (n + heads));
    // Where the target itself is patched it is as it was, and no other token of that layer has a part in it.
    for row in rows[1..].iter().filter(|row| row[0] == "token" && row[1] == "1") {
        // A comma is a token too.
        let recovery: f64 = row.last().expect("fields").parse().expect("a number");
        let wanted = if row[2] == "3" { 1.0 } else { 0.0 };
        assert!((recovery - wanted).abs() < TOLERANCE, "{row:?}");
    }
}
