//! Wrong use and wrong input, told in one line.

use crate::program::{TEXT, attend, bundled, done, folder, lexiscope, names, refused, stdout};

#[test]
fn wrong_use_is_told_before_a_model_is_opened() {
    let folder = folder();
    let out = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let message = refused(&lexiscope(["attend", "no such model", "--text", "a", "--out", &out("x.xyz")]), 2);
    assert!(message.contains(".xyz") && message.contains("npz, safetensors, json, csv, svg, png"), "{message}");
    let (npz, csv, png) = (out("x.npz"), out("x.csv"), out("x.png"));
    let wrong: [&[&str]; 12] = [
        &["attend", "m", "--text", "a"],
        &["attend", "m", "--out", &npz],
        &["attend", "m", "--text", "a", "--file", "b", "--out", &npz],
        &["attend", "m", "--text", "a", "--out", &npz, "--unknown"],
        &["attend", "m", "--text", "a", "--out", &npz, "--keep", "porbs"],
        &["attend", "m", "--text", "a", "--out", &npz, "--device", "toaster"],
        &["attend", "m", "--text", "a", "--out", &npz, "--repeat", "0"],
        &["attend", "m", "--text", "a", "--out", &npz, "--head", "0,0"],
        &["attend", "m", "--text", "a", "--out", &csv, "--keep", "query"],
        &["attend", "m", "--text", "a", "--out", &png, "--keep", "query"],
        &["fill", "m", "--text", "a", "--top", "0"],
        &["--unknown"],
    ];
    for args in wrong {
        refused(&lexiscope(args), 2);
    }
    assert!(names(folder.path()).is_empty());
    let help = done(lexiscope(["--help"]));
    assert!(["model", "attend", "fill"].iter().all(|name| stdout(&help).contains(name)));
    done(lexiscope(["attend", "--help"]));
    assert_eq!(stdout(&done(lexiscope(["--version"]))).trim(), concat!("lexiscope ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_misspelt_subcommand_is_not_a_path() {
    let message = refused(&lexiscope(["atend", "bert-mini-en", "extra"]), 2);
    assert!(message.contains("no subcommand and no path `atend`"), "{message}");
}

#[test]
fn input_at_fault_is_named_in_one_line() {
    let folder = folder();
    let out = folder.path().join("x.npz");
    let refuse = |args: &[&str]| refused(&attend(args, &out), 1);
    assert!(refuse(&["--text", ""]).contains("--text is empty"));
    assert!(refuse(&["--text", " \t\n\u{3000}"]).contains("--text is blank"));
    assert!(refuse(&["--text", TEXT, "--pair", ""]).contains("--pair is empty"));
    assert!(refuse(&["--text", TEXT, "--mask", "99"]).contains("99"));
    assert!(refuse(&["--text", TEXT, "--keep", "encoder.9.query"]).contains("encoder.9.query"));
    assert!(refuse(&["--file", "no such file"]).contains("no such file"));
    let missing = lexiscope(["attend", "no/such/model/here", "--text", TEXT, "--out", &out.to_string_lossy()]);
    assert!(refused(&missing, 1).contains("no/such/model/here"));
    assert!(names(folder.path()).is_empty());

    for out in ["missing/x.npz", "file/x.npz"] {
        std::fs::write(folder.path().join("file"), "").expect("it is written");
        refused(&attend(&["--text", TEXT], &folder.path().join(out)), 1);
    }
    std::fs::create_dir(folder.path().join("x.csv")).expect("a folder in the way");
    refused(&attend(&["--text", TEXT], &folder.path().join("x.csv")), 1);
    assert_eq!(names(folder.path()), ["file", "x.csv"]);
}

#[test]
fn without_a_display_the_window_says_so() {
    let message = refused(&lexiscope(["no/such/path"; 0]), 3);
    assert!(message.contains("lexiscope attend"), "{message}");
    refused(&lexiscope([bundled()]), 3);
}
