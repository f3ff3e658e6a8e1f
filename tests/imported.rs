//! Attention that another program computed: what good files give, what wrong ones are told, and that no damaged one
//! does harm.

mod written;

use lexiscope::engine::{FAMILY, Imported, Subject};
use lexiscope::trace::{Control, Site};
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use written::{File, read_csv, read_json, read_npz, read_safetensors};

const BUDGET: u64 = 1_000_000;
const TOKENS: [&str; 4] = ["[CLS]", "heavy", "\u{95e8}", "[SEP]"];

/// Every good file, and how far its numbers may be from the formula.
const GOOD: [(&str, f32); 8] = [
    ("plain.npz", 1e-7),
    ("compressed.npz", 1e-7),
    ("big_endian.npz", 1e-7),
    ("columns_first.npz", 1e-7),
    ("half.npz", 3e-4),
    ("metadata.safetensors", 1e-7),
    ("objects.safetensors", 1e-7),
    ("plain.json", 1e-7),
];

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/imported").join(name)
}

fn open(path: &Path) -> lexiscope::Result<Imported> {
    Imported::open(path, BUDGET, &Control::default())
}

/// The weight that `tests/data/make_imported.py` gives.
fn weight(layer: usize, head: usize, query: usize, key: usize) -> f32 {
    let raw = |key: usize| 1.0 + ((7 * layer + 5 * head + 3 * query + 2 * key) % 11) as f64;
    (raw(key) / (0..4).map(raw).sum::<f64>()) as f32
}

#[test]
fn every_kind_of_file_gives_the_same_attention() {
    for (name, slack) in GOOD {
        let imported = open(&data(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let run = &imported.run;
        assert_eq!((run.card.family, run.card.layers, run.card.heads), (FAMILY, 2, 2), "{name}");
        for layer in 0..2 {
            for head in 0..2 {
                for (i, &w) in run.head(layer, head).iter().enumerate() {
                    let wanted = weight(layer, head, i / 4, i % 4);
                    assert!((w - wanted).abs() <= slack, "{name} [{layer}, {head}, {i}]: {w} is not {wanted}");
                }
                assert_eq!(run.head(layer, head).len(), 16, "{name}");
            }
        }
        let pieces: Vec<&str> = run.tokens.pieces.iter().map(|p| p.piece.as_str()).collect();
        assert_eq!(pieces, TOKENS, "{name}");
        let special: Vec<bool> = run.tokens.pieces.iter().map(|p| p.special).collect();
        assert_eq!(special, [true, false, false, true], "{name}");
        assert_eq!((run.tokens.source(1), run.tokens.source(2)), ("heavy", "\u{95e8}"), "{name}");
        let pair = name == "objects.safetensors";
        let texts: Vec<&str> = run.tokens.texts.iter().map(|t| &**t).collect();
        assert_eq!(texts, if pair { vec!["heavy", "\u{95e8}"] } else { vec!["heavy \u{95e8}"] }, "{name}");
        let hidden = run.hidden_states().ok();
        assert_eq!(hidden.is_some(), name == "plain.npz", "{name}");
        if let Some(hidden) = hidden {
            assert_eq!((hidden.shape(), hidden.data()[35]), (&[3, 4, 3][..], 35.0 / 8.0));
        }
    }
}

#[test]
fn what_is_wrong_is_named_with_what_is_wanted() {
    for (name, says) in [
        (
            "wrong_pickled.npz",
            "`tokens` holds pickled Python objects, which Lexiscope never executes; save them as strings",
        ),
        (
            "wrong_batch.npz",
            "`attentions` has the shape [2, 1, 2, 4, 4], and should be [layer, head, query, key]: take the batch axis away, `attentions[:, 0]`",
        ),
        ("wrong_head.npz", "`attentions` has the shape [4, 4], and should be [layer, head, query, key]"),
        ("wrong_tokens.npz", "`attentions` has the shape [2, 2, 4, 4], and with 3 `tokens` it should be [2, 2, 3, 3]"),
        ("wrong_keys.npz", "`attentions` has the shape [2, 2, 4, 3], and with 4 `tokens` it should be [2, 2, 4, 4]"),
        ("wrong_name.npz", "it has no `attentions` [layer, head, query, key]; it holds `attention`, `tokens`"),
        ("wrong_nan.npz", "`attentions`[1, 0, 2, 3] is not a finite number"),
        ("wrong_hidden.npz", "`hidden_states` has the shape [2, 4, 3], and should be [3, 4, dim]"),
        ("wrong_segments.npz", "`segments` has 3 entries, and there are 4 `tokens`"),
    ] {
        let error = open(&data(name)).expect_err(name);
        assert!(error.to_string().contains(says), "{name}: `{error}` does not say `{says}`");
    }
    let error = Imported::open(&data("plain.npz"), 100, &Control::default()).expect_err("no room");
    assert!(matches!(error, lexiscope::Error::Memory { wanted: 400, budget: 100 }), "{error}");
    let folder = tempfile::tempdir().expect("a folder");
    for (text, says) in [
        ("{\"tokens\": [\"a\"]}", "it has no `attentions`"),
        ("{\"attentions\": [[[[1]]]]}", "it has no `tokens`"),
        ("{\"attentions\": [[[[1]]]], \"tokens\": [1]}", "each token should be a string, or an object with `piece`"),
        ("{\"attentions\": [[[[null]]]], \"tokens\": [\"a\"]}", "`attentions`[0, 0, 0, 0] is not a finite number"),
        ("{\"attentions\": [[[[1], []]]], \"tokens\": [\"a\"]}", "`attentions`[0, 0, 1] has 0 entries"),
        ("{\"attentions\": [], \"attentions\": []}", "`attentions` comes twice"),
        (
            "{\"attentions\": [[[[1]]]], \"tokens\": [\"a\"], \"special\": [2]}",
            "`special`[0] is 2, and should be 0 or 1",
        ),
        ("{\"attentions\": [", "it is not JSON"),
        ("[]", "an object with `attentions` and `tokens`"),
    ] {
        let path = folder.path().join("x.json");
        std::fs::write(&path, text).expect("written");
        let error = open(&path).expect_err(text).to_string();
        assert!(error.contains(says), "`{error}` does not say `{says}`");
    }
}

#[test]
fn rows_that_do_not_sum_to_1_are_told() {
    let notes = open(&data("sums.npz")).expect("it opens").notices.join("; ");
    assert!(notes.contains("16 of 16 rows do not sum to 1 (from 2.000 to 2.000)"), "{notes}");
    let notes = open(&data("plain.json")).expect("it opens").notices;
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn what_needs_the_model_is_refused() {
    let subject = Subject::Imported(open(&data("plain.npz")).expect("it opens").into());
    let ask = |site: Option<Site>, masked: Vec<usize>| {
        let plain = lexiscope::engine::Ask::new("");
        let want = site.map_or(plain.want.clone(), |site| plain.want.clone().and(lexiscope::trace::Place::site(site)));
        subject.run(&lexiscope::engine::Ask { want, masked, ..plain }, &Control::default())
    };
    assert!(ask(None, vec![]).is_ok());
    for refused in [ask(Some(Site::Scores), vec![]), ask(None, vec![1])] {
        assert!(refused.expect_err("no model").to_string().contains("comes without its model"));
    }
}

/// Numbers that look random and are the same each time.
fn draw(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    ((*state >> 33) as usize) % below.max(1)
}

#[test]
fn no_damaged_file_does_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = 7;
    let mut refused = 0;
    for (name, _) in GOOD {
        let good = std::fs::read(data(name)).expect("it is there");
        let path = folder.path().join(name);
        for _ in 0..400 {
            let mut bytes = good.clone();
            match draw(&mut random, 4) {
                0 => bytes.truncate(draw(&mut random, good.len())),
                1 => {
                    let at = draw(&mut random, good.len());
                    bytes.splice(at..at, [b'9'; 3]);
                }
                2 => {
                    let (at, to) = (draw(&mut random, good.len()), draw(&mut random, good.len()));
                    bytes.drain(at.min(to)..at.max(to));
                }
                _ => {
                    for _ in 0..=draw(&mut random, 4) {
                        let at = draw(&mut random, good.len());
                        bytes[at] = draw(&mut random, 256) as u8;
                    }
                }
            }
            std::fs::write(&path, &bytes).expect("written");
            // Whatever opens is whole; nothing panics, and nothing is allocated that the budget does not allow.
            match open(&path) {
                Ok(imported) => {
                    let n = imported.run.tokens.len();
                    assert_eq!(imported.run.head(0, 0).len(), n * n);
                    assert!(imported.run.bytes() <= BUDGET);
                }
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().contains("panicked"), "{error}");
                }
            }
        }
    }
    assert!(refused > 1000, "most damage is noticed: {refused}");
}

/// An array as `NumPy` writes it.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn write_npz(path: &Path, arrays: &[(&str, Vec<u8>)]) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).expect("a file"));
    for (name, bytes) in arrays {
        zip.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).expect("an entry");
        zip.write_all(bytes).expect("written");
    }
    zip.finish().expect("an archive");
}

#[test]
#[cfg(target_os = "linux")]
fn words_that_cost_nothing_in_the_file_cost_no_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.npz");
    for (descr, count, data) in [("<U0", 67_108_864, Vec::new()), ("|S1", 67_108_000, vec![0; 67_108_000])] {
        let tokens = npy(descr, &format!("({count},)"), &data);
        write_npz(&path, &[("attentions", npy("<f4", "(1, 1, 1, 1)", &1f32.to_le_bytes())), ("tokens", tokens)]);
        // Each would take 6 GB: here is less for everything.
        let limited = "ulimit -v 2000000 && exec \"$0\" model \"$1\"";
        let mut command = Command::new("sh");
        let output =
            command.args(["-c", limited, env!("CARGO_BIN_EXE_lexiscope")]).arg(&path).output().expect("a shell");
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains(&format!("with {count} `tokens`")), "{}", stderr(&output));
    }
}

#[test]
fn more_heads_and_tokens_than_there_can_be_are_refused_by_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.npz");
    let many = npy("<f4", "(65535, 1, 1, 1)", &1f32.to_le_bytes().repeat(65535));
    write_npz(&path, &[("attentions", many), ("tokens", npy("<U1", "(1,)", b"a\0\0\0"))]);
    let error = open(&path).expect_err("too many").to_string();
    assert!(error.contains("65535 layers of 1 heads, and at most 16384 heads are read"), "{error}");
    let json = folder.path().join("x.json");
    std::fs::write(&json, format!("{{\"tokens\": [{}\"a\"]}}", "\"a\",".repeat(10))).expect("written");
    let error = Imported::open(&json, 400, &Control::default()).expect_err("too many").to_string();
    assert!(error.contains("`tokens` has more than 10 entries"), "{error}");
    let text = npy("|u1", "(17,)", br#"["a","b","c","d"]"#);
    write_npz(&path, &[("attentions", npy("<f4", "(1, 1, 1, 1)", &1f32.to_le_bytes())), ("tokens", text)]);
    let error = open(&path).expect_err("too many").to_string();
    assert!(error.contains("no list of 1 strings") && error.contains("more than 1 entries"), "{error}");
}

fn lexiscope(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lexiscope"));
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(name);
    }
    command.args(args).output().expect("the program starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_attend_writes_attend_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/bert-mini-en");
    let pair = ["--text", "The lady opened it.", "--pair", "Unbelievable!"];
    let attend = |model: &Path, args: &[&str], out: &Path| {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        let output =
            lexiscope([&["attend".as_ref(), model.as_ref()], &args[..], &["--out".as_ref(), out.as_ref()]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    };
    let plain = |file: File| {
        let keep = ["attentions", "hidden_states"];
        let tensors = file.tensors.into_iter().filter(|(name, _)| keep.contains(&name.as_str())).collect();
        File { tensors, tokens: file.tokens }
    };
    attend(&model, &pair, &path("a.npz"));
    let first = plain(read_npz(&path("a.npz")));
    let n = first.tokens.as_array().expect("a list").len();
    assert_eq!((first.shape("attentions"), first.values("hidden_states").len()), (&[4, 8, n, n][..], 5 * n * 256));
    attend(&path("a.npz"), &[], &path("b.json"));
    assert_eq!(read_json(&path("b.json")), first);
    attend(&path("b.json"), &[], &path("c.safetensors"));
    assert_eq!(read_safetensors(&path("c.safetensors")), first);
    attend(&path("c.safetensors"), &[], &path("d.npz"));
    assert_eq!(read_npz(&path("d.npz")), first);
    attend(&path("d.npz"), &["--head", "1,5"], &path("e.svg"));
    let svg = std::fs::read_to_string(path("e.svg")).expect("a picture");
    assert!(svg.contains(">lady</text>") && svg.contains("L1\u{b7}H5"), "the head is drawn");
    attend(&model, &pair, &path("f.csv"));
    attend(&path("d.npz"), &[], &path("g.csv"));
    let csv = |name: &str| std::fs::read_to_string(path(name)).expect("a table");
    assert_eq!(csv("f.csv"), csv("g.csv"));
}

#[test]
fn words_that_attend_writes_are_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/bert-mini-en");
    let text = ["--text", "The unhappy lighthouse keepers reopened it."];
    let attend = |from: &Path, args: &[&str], out: &str| {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        let output = lexiscope(
            [&["attend".as_ref(), from.as_ref()], &args[..], &["--out".as_ref(), path(out).as_ref()]].concat(),
        );
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stderr(&output)
    };
    attend(&model, &[&text[..], &["--words"]].concat(), "words.json");
    attend(&model, &[&text[..], &["--words"]].concat(), "model.csv");
    let said = attend(&path("words.json"), &[], "file.csv");
    assert!(said.contains("a filter left values out"), "{said}");
    let rows = |name: &str| {
        let mut rows = read_csv(&std::fs::read_to_string(path(name)).expect("a table")).split_off(1);
        rows.retain(|row| row[6].parse::<f32>().expect("a number") != 0.0);
        rows.sort();
        rows
    };
    let (wanted, found) = (rows("model.csv"), rows("file.csv"));
    assert!(wanted.iter().any(|row| row[4] == "lighthouse") && wanted.len() > 4 * 8 * 50, "{}", wanted.len());
    assert_eq!(found, wanted, "words and their weights");
    // What is filtered beside the attention leaves that as it was, of the pieces.
    attend(&model, &[&text[..], &["--words", "--meaning", "norm"]].concat(), "norms.json");
    let said = attend(&path("norms.json"), &[], "pieces.csv");
    assert!(!said.contains("filter"), "{said}");
    attend(&model, &text, "plain.csv");
    assert_eq!(rows("pieces.csv"), rows("plain.csv"));
}

#[test]
fn a_file_of_attention_goes_where_a_model_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("x.csv");
    let file = data("plain.json");
    let output = lexiscope(["attend".as_ref(), file.as_os_str(), "--out".as_ref(), out.as_ref()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let rows = read_csv(&std::fs::read_to_string(&out).expect("a table"));
    assert_eq!(rows.len(), 1 + 2 * 2 * 4 * 4);
    for row in &rows[1..] {
        let at: Vec<usize> = row[..4].iter().map(|n| n.parse().expect("a position")).collect();
        let value: f32 = row[6].parse().expect("a number");
        assert!((value - weight(at[0], at[1], at[2], at[3])).abs() < 1e-7, "{row:?}");
        assert_eq!(row[4], TOKENS[at[2]]);
    }
    let refused = |args: &[&str], code: i32, says: &str| {
        let output = lexiscope(args);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {message}");
        assert!(message.contains(says), "{args:?}: `{message}` does not say `{says}`");
    };
    let (file, out) = (file.to_string_lossy(), out.to_string_lossy());
    let heads = lexiscope(["heads", &file, "--out", &out]);
    assert_eq!(heads.status.code(), Some(0), "{}", stderr(&heads));
    let rows = read_csv(&std::fs::read_to_string(&*out).expect("a table"));
    assert_eq!((rows.len(), rows[0][2].as_str()), (5, "entropy"));
    for row in &rows[1..] {
        let at: Vec<usize> = row[..2].iter().map(|n| n.parse().expect("a number")).collect();
        let entropy =
            |q: usize| (0..4).map(|k| f64::from(weight(at[0], at[1], q, k))).map(|w| -w * w.ln()).sum::<f64>();
        let wanted = (0..4).map(entropy).sum::<f64>() / 4.0;
        let found: f64 = row[2].parse().expect("a number");
        assert!((found - wanted).abs() < 1e-5, "entropy of {at:?}: {found}, not {wanted}");
    }
    refused(&["heads", &file, "--text", "a", "--out", &out], 2, "need a model");
    refused(&["fill", &file, "--text", "a"], 1, "holds attention and no model");
    refused(&["model", &file, "--text", "a"], 2, "--text needs a model");
    refused(&["map", &file, "--text", "a", "--out", &out], 2, "--text needs a model");
    refused(&["compare", &file, &file, "--text", "a", "--out", &out], 2, "--text needs a model");
    refused(&["compare", &file, &file, "--text-b", "a", "--out", &out], 2, "--text-b needs a model");
    refused(&["compare", "bert-mini-en", &file, "--text", "a", "--text-b", "b", "--out", &out], 2, "--text-b needs");
    refused(&["heads", &file, "--evidence", &out, "--out", &out], 2, "--evidence needs a file of its own");
    refused(&["fill", &file, "--text", "a"], 1, "use model, attend, heads, compare, map or view");
    refused(&["view", &file.replace("plain.json", "not_there.txt"), "--watch"], 1, "follows a file of attention");
    // A file that is to be followed need not be there: what is missing here is a display alone.
    refused(&["view", &file.replace("plain.json", "not_there.safetensors"), "--watch"], 3, "");
    let card = lexiscope(["model", &file, "--json"]);
    assert_eq!(card.status.code(), Some(0), "{}", stderr(&card));
    let card: serde_json::Value = serde_json::from_slice(&card.stdout).expect("JSON");
    assert_eq!(
        (card["layers"].as_u64(), card["heads"].as_u64(), card["causal"].as_bool()),
        (Some(2), Some(2), Some(false))
    );
    let pieces = card["tokens"].as_array().expect("a list").iter().map(|t| t["piece"].as_str().expect("a piece"));
    assert_eq!(pieces.collect::<Vec<_>>(), TOKENS);
    assert_eq!(card["fingerprint"].as_str().map(str::len), Some(64));
    refused(&["attend", &file, "--text", "a", "--out", &out], 2, "need a model");
    refused(&["attend", "bert-mini-en", "--out", &out], 2, "give --text or --file");
    refused(&["attend", &file, "--keep", "query", "--out", "x.npz"], 1, "comes without its model");
    refused(&["attend", &file, "--head", "2,0", "--out", "x.svg"], 1, "there is no head L2");
    let pickled = data("wrong_pickled.npz");
    refused(&["attend", &pickled.to_string_lossy(), "--out", &out], 1, "np.array(tokens, dtype=str)");
}
