//! Drives the program as a person or a script does: arguments in, files, output and exit codes out.

mod written;

use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;
use written::{read_csv, read_json, read_npz, read_safetensors};

const TEXT: &str = "The old lady quickly opened the heavy door.";

/// The bundled model.
fn bundled() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/bert-mini-en")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Runs the program without a display.
fn lexiscope(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lexiscope"));
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(name);
    }
    command.args(args).output().expect("the program starts")
}

/// `attend` with the bundled model.
fn attend(args: &[&str], out: &Path) -> Output {
    let (model, out) = (bundled(), out.to_string_lossy().into_owned());
    let model = model.to_string_lossy().into_owned();
    lexiscope([&["attend", &model], args, &["--out", &out]].concat())
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("messages are UTF-8")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

/// The output of a command that does what it should.
fn done(output: Output) -> Output {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    output
}

/// The message of a command that fails with `code`, leaving one line and no data.
#[track_caller]
fn refused(output: &Output, code: i32) -> String {
    let message = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(output.stdout.is_empty(), "{}", stdout(output));
    if code != 2 {
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    assert!(message.starts_with("error: ") && !message.contains("panicked"), "{message}");
    assert!(!message.contains("internal error"), "{message}");
    message
}

/// What lies in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> =
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn tensors_have_their_names_and_shapes() {
    let folder = folder();
    let out = folder.path().join("x.npz");
    let output = done(attend(&["--text", TEXT], &out));
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{}", stderr(&output));
    let file = read_npz(&out);
    assert_eq!(
        file.tensors.keys().collect::<Vec<_>>(),
        ["attentions", "hidden_states", "logits", "next_sentence_logits"]
    );
    let n = file.tokens.as_array().expect("a list").len();
    assert_eq!(file.shape("attentions"), [4, 8, n, n]);
    assert_eq!(file.shape("hidden_states"), [5, n, 256]);
    assert_eq!(file.shape("logits"), [n, 10_000]);
    assert_eq!(file.shape("next_sentence_logits"), [2]);
    for row in file.values("attentions").chunks(n) {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
    assert_eq!(names(folder.path()), ["x.npz"]);
}

#[test]
fn tokens_stand_where_the_text_has_them() {
    let folder = folder();
    let out = folder.path().join("x.npz");
    done(attend(&["--text", "The door.", "--pair", "She opened it."], &out));
    let tokens = read_npz(&out).tokens;
    let tokens = tokens.as_array().expect("a list");
    let texts = ["The door.", "She opened it."];
    for token in tokens {
        let fields: Vec<&String> = token.as_object().expect("an object").keys().collect();
        assert_eq!(fields, ["piece", "id", "start", "end", "segment", "special"]);
        let number = |name: &str| token[name].as_u64().expect(name) as usize;
        let piece = token["piece"].as_str().expect("a piece");
        let source = &texts[number("segment")][number("start")..number("end")];
        if token["special"] == true {
            assert_eq!((number("start"), number("end")), (0, 0));
        } else {
            assert_eq!(piece.trim_start_matches("##"), source.to_lowercase());
        }
    }
    let segments: Vec<u64> = tokens.iter().map(|t| t["segment"].as_u64().expect("a segment")).collect();
    assert!(segments.is_sorted() && segments.first() == Some(&0) && segments.last() == Some(&1), "{segments:?}");
    assert_eq!(tokens[0]["piece"], "[CLS]");
    assert_eq!(tokens.last().expect("a last")["piece"], "[SEP]");
}

#[test]
fn every_format_holds_the_same_numbers() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let args = ["--text", "Open \"the door\", he said.", "--keep", "query,scores,embeddings"];
    for name in ["x.npz", "x.safetensors", "x.json"] {
        done(attend(&args, &path(name)));
    }
    let npz = read_npz(&path("x.npz"));
    assert_eq!(npz, read_safetensors(&path("x.safetensors")));
    assert_eq!(npz, read_json(&path("x.json")));
    let n = npz.tokens.as_array().expect("a list").len();
    for layer in 0..4 {
        assert_eq!(npz.shape(&format!("encoder.{layer}.query")), [8, n, 32]);
        assert_eq!(npz.shape(&format!("encoder.{layer}.scores")), [8, n, n]);
    }
    assert_eq!(npz.values("embeddings.hidden"), &npz.values("hidden_states")[..n * 256]);

    done(attend(&args[..2], &path("x.csv")));
    let rows = read_csv(&std::fs::read_to_string(path("x.csv")).expect("it is there"));
    assert_eq!(rows[0], ["layer", "head", "query", "key", "query_piece", "key_piece", "value"]);
    assert_eq!(rows.len() - 1, npz.values("attentions").len());
    for (i, (row, value)) in rows[1..].iter().zip(npz.values("attentions")).enumerate() {
        let at = [i / (8 * n * n), i / (n * n) % 8, i / n % n, i % n];
        assert_eq!(row[..4], at.map(|x| x.to_string()));
        let piece = |i: usize| npz.tokens[i]["piece"].as_str().expect("a piece").to_owned();
        assert_eq!(row[4..6], [piece(at[2]), piece(at[3])]);
        assert_eq!(row[6].parse::<f32>().expect("a number").to_bits(), value.to_bits());
    }
    assert!(rows.iter().any(|r| r[4] == "\"") && rows.iter().any(|r| r[5] == ","));
}

#[test]
fn pictures_show_all_heads_or_one() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    done(attend(&["--text", TEXT], &path("all.svg")));
    let all = std::fs::read_to_string(path("all.svg")).expect("it is there");
    assert!(all.starts_with("<svg ") && all.contains("4 layers x 8 heads"), "{}", &all[..300]);
    done(attend(&["--text", TEXT, "--head", "1,5"], &path("one.svg")));
    let one = std::fs::read_to_string(path("one.svg")).expect("it is there");
    assert!(one.contains("L1\u{b7}H5") && one.contains("lady"), "{}", &one[..300]);
    done(attend(&["--text", TEXT], &path("all.PNG")));
    let png = std::fs::read(path("all.PNG")).expect("it is there");
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));

    for (head, code) in [("4,0", 1), ("0,8", 1), ("x", 2)] {
        let message = refused(&attend(&["--text", TEXT, "--head", head], &path("no.png")), code);
        assert!(code == 2 || message.contains("4 layers of 8 heads"), "{message}");
    }
    assert!(!path("no.png").exists());
}

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

#[test]
fn a_file_of_texts_gives_numbered_files() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let texts: Vec<String> = (1..=11).map(|i| format!("He has {i} doors.")).collect();
    std::fs::write(path("texts"), format!("\u{feff}{}\r\n", texts.join("\r\n"))).expect("it is written");
    let file = path("texts").to_string_lossy().into_owned();
    done(attend(&["--file", &file], &path("out.safetensors")));
    let mut expected: Vec<String> = (1..=11).map(|i| format!("out-{i:02}.safetensors")).collect();
    expected.push("texts".to_owned());
    assert_eq!(names(folder.path()), expected);
    done(attend(&["--text", &texts[6]], &path("seven.safetensors")));
    assert_eq!(read_safetensors(&path("out-07.safetensors")), read_safetensors(&path("seven.safetensors")));

    for (content, said) in [("a\n \nb", "line 2 is blank"), ("a\n\nb\n", "line 2 is empty"), ("", "is empty")] {
        std::fs::write(path("texts"), content).expect("it is written");
        let message = refused(&attend(&["--file", &file], &path("no.npz")), 1);
        assert!(message.contains(said), "{message}");
    }
    std::fs::write(path("texts"), b"a\n\xff\n").expect("it is written");
    assert!(refused(&attend(&["--file", &file], &path("no.npz")), 1).contains("UTF-8"));
    std::fs::write(path("texts"), "a long line of words\na").expect("it is written");
    let message = refused(&attend(&["--file", &file, "--mask", "4"], &path("no.npz")), 1);
    assert!(message.contains("line 2"), "{message}");
}

#[test]
fn a_long_text_is_cut_and_says_how_much() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("long"), vec!["door"; 100_000].join(" ")).expect("it is written");
    let output = done(attend(&["--file", &path("long").to_string_lossy()], &path("out.npz")));
    // 100 000 words, and room for 512 - 2 of them.
    assert!(stderr(&output).contains("99490 tokens were dropped"), "{}", stderr(&output));
    assert_eq!(read_npz(&path("out-1.npz")).shape("attentions"), [4, 8, 512, 512]);
}

#[test]
fn masked_tokens_are_given_to_the_model_as_masks() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    done(attend(&["--text", "She opened the door.", "--mask", "4"], &path("by-position.npz")));
    done(attend(&["--text", "She opened the [MASK]."], &path("typed.npz")));
    let (position, typed) = (read_npz(&path("by-position.npz")), read_npz(&path("typed.npz")));
    assert_eq!(position.tokens[4]["piece"], "[MASK]");
    assert_eq!(position.tensors, typed.tensors);
}

#[test]
fn repeating_ends_with_a_line_of_times() {
    let folder = folder();
    let output = done(attend(&["--text", TEXT, "--repeat", "4"], &folder.path().join("x.npz")));
    let said = stderr(&output);
    let last = said.lines().last().expect("a last line");
    let times: Value = serde_json::from_str(last).expect("JSON");
    let (median, min) = (times["median_ms"].as_f64().expect("a time"), times["min_ms"].as_f64().expect("a time"));
    assert!(0.0 < min && min <= median, "{last}");
    assert_eq!(last, format!("{{\"median_ms\": {median:.3}, \"min_ms\": {min:.3}}}"));
}

#[test]
fn the_ledger_adds_up() {
    let card: Value =
        serde_json::from_slice(&done(lexiscope(["model", "bert-mini-en", "--json"])).stdout).expect("JSON");
    let ledger = card["ledger"].as_array().expect("a ledger");
    let sum = |used: bool| -> u64 {
        let entries = ledger.iter().filter(|e| e["used"] == used);
        entries.map(|e| e["count"].as_u64().expect("a count")).sum()
    };
    assert_eq!(card["parameters"], sum(true));
    assert_eq!(card["unused_parameters"], sum(false));
    // The file of this one holds the word table twice, 40 position ids, and a bias of 239 under two names;
    // transformers counts 16,639 parameters.
    let cased = self::card(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/bert-cased"));
    assert_eq!((&cased["parameters"], &cased["unused_parameters"]), (&16_639.into(), &(40 + 239).into()));
    let tied = |e: &&Value| e["tied"] == true;
    assert_eq!(cased["ledger"].as_array().expect("a ledger").iter().filter(tied).count(), 1);
    for entry in ledger {
        let shape = entry["shape"].as_array().expect("a shape");
        assert_eq!(entry["count"], shape.iter().map(|d| d.as_u64().expect("a size")).product::<u64>());
    }
    for (name, value) in [("layers", 4), ("heads", 8), ("dim", 256), ("inner", 1024), ("vocabulary", 10_000)] {
        assert_eq!(card[name], value, "{name}");
    }
    assert_eq!((&card["family"], &card["max_tokens"]), (&Value::from("bert"), &Value::from(512)));
    let files = card["files"].as_array().expect("files");
    for file in files {
        let path = bundled().join(file["name"].as_str().expect("a name"));
        assert_eq!(file["bytes"], path.metadata().expect("it is there").len());
        assert_eq!(file["sha256"].as_str().expect("a sum").len(), 64);
    }
    assert!(
        ["config.json", "model.safetensors", "tokenizer.json"].iter().all(|n| files.iter().any(|f| f["name"] == *n))
    );

    let text = stdout(&done(lexiscope(["model", "bert-mini-en"])));
    assert!(text.contains(&format!("parameters   {}\n", card["parameters"])), "{text}");
    assert!(ledger.iter().all(|e| text.contains(e["name"].as_str().expect("a name"))));
}

#[test]
fn a_card_with_a_text_has_every_site_in_order() {
    let args = ["model", "bert-mini-en", "--text", "She opened the door.", "--pair", "It was heavy."];
    let text = stdout(&done(lexiscope(args)));
    let line = |wanted: &str| {
        let found = text.lines().position(|l| l.trim() == wanted);
        found.unwrap_or_else(|| panic!("no `{wanted}` in {text}"))
    };
    let order = [
        line("embeddings.words [batch 1, token 12, dim 256]"),
        line("encoder.0.query [batch 1, head 8, query 12, width 32]"),
        line("encoder.0.probs [batch 1, head 8, query 12, key 12]"),
        line("encoder.3.hidden [batch 1, token 12, dim 256]"),
        line("output.logits [batch 1, token 12, vocabulary 10000]"),
    ];
    assert!(order.is_sorted(), "{order:?}");
    let card: Value = serde_json::from_slice(&done(lexiscope([&args[..], &["--json"]].concat())).stdout).expect("JSON");
    let probs = card["trace"].as_array().expect("a trace").iter().find(|s| s["site"] == "encoder.0.probs");
    assert_eq!(probs.expect("it is passed")["shape"], serde_json::json!([1, 8, 12, 12]));
}

#[test]
fn blanks_are_filled_with_the_likeliest_first() {
    let text = "The old lady quickly opened the heavy [MASK]. He [MASK] out.";
    let output = done(lexiscope(["fill", "bert-mini-en", "--text", text, "--top", "7", "--json"]));
    let guesses: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(guesses["predicts"], "mask");
    let places = guesses["places"].as_array().expect("places");
    assert_eq!(places.len(), 2);
    for place in places {
        let top = place["top"].as_array().expect("words");
        let probabilities: Vec<f64> = top.iter().map(|w| w["probability"].as_f64().expect("a number")).collect();
        assert_eq!(probabilities.len(), 7);
        assert!(probabilities.is_sorted_by(|a, b| a >= b), "{probabilities:?}");
        assert!(probabilities.iter().sum::<f64>() <= 1.0 && probabilities[6] > 0.0);
    }
    assert!(places[0]["top"].as_array().expect("words").iter().any(|w| w["piece"] == "door"), "{guesses}");

    let table = stdout(&done(lexiscope(["fill", "bert-mini-en", "--text", text])));
    assert_eq!(table.lines().filter(|l| l.contains("probability")).count(), 2, "{table}");
    assert!(table.lines().any(|l| l.split_whitespace().nth(1) == Some("door")), "{table}");

    assert!(refused(&lexiscope(["fill", "bert-mini-en", "--text", TEXT]), 1).contains("[MASK]"));
    refused(&lexiscope(["fill", "bert-mini-en", "--text", "  "]), 1);
}

/// A copy of the bundled model with one file changed.
fn changed(file: &str, change: impl FnOnce(&Path, Vec<u8>)) -> TempDir {
    let folder = folder();
    for name in names(&bundled()) {
        std::fs::copy(bundled().join(&name), folder.path().join(&name)).expect("it is copied");
    }
    let path = folder.path().join(file);
    let content = std::fs::read(&path).expect("it is there");
    change(&path, content);
    folder
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::write(path, content).expect("it is written");
}

/// The header of a safetensors file, and what follows it.
fn parts(bytes: &[u8]) -> (serde_json::Map<String, Value>, &[u8]) {
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    (serde_json::from_slice(&bytes[8..][..length]).expect("JSON"), &bytes[8 + length..])
}

fn joined(header: &serde_json::Map<String, Value>, data: &[u8]) -> Vec<u8> {
    let header = serde_json::to_vec(header).expect("JSON");
    [&(header.len() as u64).to_le_bytes()[..], &header, data].concat()
}

#[test]
fn hostile_model_folders_are_refused_in_one_line() {
    let weights = "model.safetensors";
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 11996244\n";
    let config = |change: fn(&mut Value)| {
        changed("config.json", |path, bytes| {
            let mut config: Value = serde_json::from_slice(&bytes).expect("JSON");
            change(&mut config);
            write(path, config.to_string());
        })
    };
    let cases = [
        (changed(weights, |path, bytes| write(path, &bytes[..bytes.len() / 2])), weights),
        (changed(weights, |path, bytes| write(path, &bytes[..100])), weights),
        (changed(weights, |path, _| write(path, "")), weights),
        (changed(weights, |path, _| write(path, pointer)), "LFS"),
        (changed(weights, |path, _| std::fs::remove_file(path).expect("it is removed")), ""),
        (
            changed(weights, |path, bytes| {
                let mut wrong = bytes;
                wrong[..8].copy_from_slice(&u64::MAX.to_le_bytes());
                write(path, wrong);
            }),
            weights,
        ),
        (
            changed(weights, |path, bytes| {
                let (mut header, data) = parts(&bytes);
                let queries = header.remove("bert.encoder.layer.2.attention.self.query.weight");
                header.insert("spare".into(), queries.expect("a layer's queries"));
                write(path, joined(&header, data));
            }),
            "`bert.encoder.layer.2.attention.self.query.weight` is missing",
        ),
        (config(|c| c["model_type"] = "perceiver".into()), "perceiver"),
        (config(|c| c["hidden_size"] = 512.into()), "[10000, 512]"),
        (config(|c| c["num_attention_heads"] = 7.into()), "config.json"),
        (config(|c| c["num_attention_heads"] = 0.into()), "config.json"),
        (config(|c| c["num_hidden_layers"] = 5.into()), "layer.4."),
        (config(|c| c["num_hidden_layers"] = 1_000_000_000_000_u64.into()), "num_hidden_layers"),
        (config(|c| c["hidden_size"] = "wide".into()), "config.json"),
        (changed("config.json", |path, _| write(path, "{")), "config.json"),
        (changed("config.json", |path, _| write(path, "[]")), "config.json"),
        (changed("config.json", |path, _| std::fs::remove_file(path).expect("it is removed")), "config.json"),
        (changed("tokenizer.json", |path, bytes| write(path, &bytes[..1000])), "tokenizer.json"),
    ];
    for (i, (folder, said)) in cases.iter().enumerate() {
        let message = refused(&lexiscope([OsStr::new("model"), folder.path().as_os_str()]), 1);
        assert!(message.contains(said), "case {i}: {message}");
    }
}

/// What `model --json` says of a folder, or of a file in one.
fn card(path: &Path) -> Value {
    let output = done(lexiscope([OsStr::new("model"), path.as_os_str(), OsStr::new("--json")]));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A copy of the bundled model with another configuration.
fn configured(change: impl FnOnce(&mut Value)) -> TempDir {
    changed("config.json", |path, bytes| {
        let mut config: Value = serde_json::from_slice(&bytes).expect("JSON");
        change(&mut config);
        write(path, config.to_string());
    })
}

fn without(config: &mut Value, fields: &[&str]) {
    let fields_of = config.as_object_mut().expect("an object");
    for field in fields {
        fields_of.remove(*field);
    }
}

#[test]
fn a_family_that_is_not_named_is_inferred_and_said() {
    let cases = [
        (configured(|c| without(c, &["model_type"])), "class BertFor"),
        (configured(|c| without(c, &["model_type", "architectures"])), "tensor bert."),
    ];
    for (folder, said) in &cases {
        let card = card(folder.path());
        let notice = card["notices"][0].as_str().expect("a notice");
        assert!(notice.contains("taken for bert") && notice.contains(said), "{notice}");
        assert_eq!(card["family"], "bert");
    }
    let folder = configured(|c| {
        without(c, &["model_type"]);
        c["architectures"] = serde_json::json!(["BertGenerationEncoder"]);
    });
    let weights = folder.path().join("model.safetensors");
    let bytes = std::fs::read(&weights).expect("it is there");
    let (header, data) = parts(&bytes);
    let renamed = header.into_iter().map(|(name, entry)| (name.replace("bert.", "other."), entry)).collect();
    write(&weights, joined(&renamed, data));
    let message = refused(&lexiscope([OsStr::new("model"), folder.path().as_os_str()]), 1);
    assert!(message.contains("`model_type`") && message.contains("distilbert"), "{message}");
    assert!(!message.contains("Download"), "{message}");
}

#[test]
fn a_file_of_weights_is_opened_itself() {
    let folder = folder();
    for name in names(&bundled()) {
        std::fs::copy(bundled().join(&name), folder.path().join(&name)).expect("it is copied");
    }
    let (main, other) = (folder.path().join("model.safetensors"), folder.path().join("epoch-3.safetensors"));
    std::fs::rename(&main, &other).expect("it is renamed");
    write(&main, "no weights at all");
    let files = card(&other)["files"].to_string();
    assert!(files.contains("epoch-3.safetensors") && !files.contains("model.safetensors"), "{files}");
    assert!(refused(&lexiscope([OsStr::new("model"), main.as_os_str()]), 1).contains("model.safetensors"));
}

#[test]
fn a_budget_is_kept_and_can_be_raised() {
    let folder = folder();
    let out = folder.path().join("x.npz");
    let text = "day ".repeat(200);
    let message = refused(&attend(&["--text", &text, "--budget", "1"], &out), 1);
    assert!(message.contains("the budget is 1 MB") && message.contains("--budget"), "{message}");
    done(attend(&["--text", &text, "--budget", "500"], &out));
    refused(&attend(&["--text", &text, "--budget", "0"], &out), 2);
}

#[test]
fn what_is_not_supported_is_not_to_be_downloaded_again() {
    let folder = configured(|c| c["hidden_act"] = "snake".into());
    let message = refused(&lexiscope([OsStr::new("model"), folder.path().as_os_str()]), 1);
    assert!(message.contains("snake") && !message.contains("again"), "{message}");

    let pickles = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pickles");
    let folder = configured(|_| ());
    let module = folder.path().join("module.bin");
    std::fs::copy(pickles.join("refused_module.bin"), &module).expect("it is copied");
    let message = refused(&lexiscope([OsStr::new("model"), module.as_os_str()]), 1);
    assert!(message.contains("state_dict") && !message.contains("again"), "{message}");
}

#[cfg(target_os = "linux")]
#[test]
fn files_without_an_end_are_not_read() {
    let folder = configured(|_| ());
    let config = folder.path().join("config.json");
    std::fs::remove_file(&config).expect("it is removed");
    assert!(Command::new("mkfifo").arg(&config).status().expect("mkfifo").success());
    assert!(refused(&lexiscope([OsStr::new("model"), folder.path().as_os_str()]), 1).contains("regular"));
    std::fs::remove_file(&config).expect("it is removed");
    std::os::unix::fs::symlink("/dev/zero", &config).expect("a link");
    assert!(refused(&lexiscope([OsStr::new("model"), folder.path().as_os_str()]), 1).contains("regular"));
    let out = folder.path().join("x.npz");
    assert!(refused(&attend(&["--file", "/dev/zero"], &out), 1).contains("regular"));
}

#[test]
fn weights_that_are_not_numbers_are_flagged() {
    let name = "bert.encoder.layer.1.output.dense.bias";
    let folder = changed("model.safetensors", |path, bytes| {
        let (header, data) = parts(&bytes);
        let start = header[name]["data_offsets"][0].as_u64().expect("an offset") as usize;
        let mut data = data.to_vec();
        data[start..start + 2].copy_from_slice(&0x7e00_u16.to_le_bytes());
        write(path, joined(&header, &data));
    });
    let output = done(lexiscope([OsStr::new("model"), folder.path().as_os_str()]));
    assert!(stdout(&output).contains("not finite numbers") && stdout(&output).contains(name));
    let out = folder.path().join("x.json");
    let args = [OsStr::new("attend"), folder.path().as_os_str(), "--text".as_ref(), TEXT.as_ref(), "--out".as_ref()];
    let output = done(lexiscope(args.into_iter().chain([out.as_os_str()])));
    assert!(stderr(&output).contains("values of this run are not finite"), "{}", stderr(&output));
    let read: Value = serde_json::from_slice(&std::fs::read(&out).expect("it is there")).expect("JSON all the same");
    assert!(read["hidden_states"][4][0][0].is_null());
}

/// Header and rows of a table.
fn table(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut rows = read_csv(&std::fs::read_to_string(path).expect("it is there"));
    (rows.remove(0), rows)
}

const HEADS: &str =
    "layer,head,entropy,distance,confidence,self,previous,next,same_token,induction,first,delimiter,sink_share,label";

#[test]
fn heads_are_measured_on_a_text() {
    let folder = folder();
    let out = folder.path().join("h.csv");
    let model = bundled().to_string_lossy().into_owned();
    done(lexiscope(["heads", &model, "--text", TEXT, "--out", &out.to_string_lossy()]));
    let (header, rows) = table(&out);
    assert_eq!(header[..14].join(","), HEADS);
    assert_eq!(rows.len(), 32);
    assert!(header.iter().all(|name| !name.ends_with("_low")), "one text has no intervals");
    // What a reader computes from the weights themselves: all rows are means over 11 queries, 9 of them of the text.
    let npz = folder.path().join("x.npz");
    done(attend(&["--text", TEXT], &npz));
    let written = read_npz(&npz);
    let weights = written.values("attentions");
    for (i, row) in rows.iter().enumerate() {
        let head = &weights[i * 121..][..121];
        let entropy: f64 = head.iter().filter(|w| **w > 0.0).map(|&w| -f64::from(w) * f64::from(w).ln()).sum();
        let sink: f32 = (1..10).map(|q| head[q * 11] + head[q * 11 + 10]).sum();
        for (column, wanted) in [(2, entropy / 11.0), (12, f64::from(sink) / 9.0)] {
            assert!((row[column].parse::<f64>().expect("a number") - wanted).abs() < 1e-6, "{row:?}");
        }
    }
    let column = |name: &str| header.iter().position(|found| found == name).expect("a column");
    let (n, induction) = (column("n"), column("induction_n"));
    assert!(rows.iter().all(|row| row[n] == "9" && row[induction] == "1"), "one word, `the`, comes twice");
}

#[test]
fn heads_are_measured_over_a_treebank() {
    let folder = folder();
    let (out, evidence) = (folder.path().join("h.json"), folder.path().join("e.csv"));
    let model = bundled().to_string_lossy().into_owned();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/treebank.conllu");
    let corpus = corpus.to_string_lossy();
    let (to, edges) = (out.to_string_lossy(), evidence.to_string_lossy());
    let output = done(lexiscope(["heads", &model, "--corpus", &corpus, "--evidence", &edges, "--out", &to]));
    assert!(stderr(&output).contains("left out of the relations"), "{}", stderr(&output));
    assert_eq!(names(folder.path()), ["e.csv", "h.json", "h.relations.csv"]);
    let json: Value = serde_json::from_slice(&std::fs::read(&out).expect("it is there")).expect("JSON");
    assert_eq!(json["rows"].as_array().expect("rows").len(), 32);
    let low = json["rows"][5]["previous_low"].as_f64().expect("an interval");
    assert!(low <= json["rows"][5]["previous"].as_f64().expect("a mean"));
    let (header, rows) = table(&folder.path().join("h.relations.csv"));
    assert_eq!(header.join(","), "layer,head,relation,direction,accuracy,baseline_offset,baseline,lift,n,low,high");
    assert_eq!(rows.len() % 32, 0);
    assert!(rows.iter().any(|row| row[2..4] == ["obj", "head->dependent"]));
    let (header, rows) = table(&evidence);
    let wanted = "layer,head,kind,rank,line,query,key,query_piece,key_piece,offset,weight,text";
    assert_eq!((header.join(",").as_str(), rows.len()), (wanted, 32 * 40));
}

#[test]
fn a_corpus_at_fault_is_named_with_its_line() {
    let folder = folder();
    let path = folder.path().join("c.conllu");
    std::fs::write(&path, "1\tA\t_\n").expect("it is written");
    let (model, corpus) = (bundled().to_string_lossy().into_owned(), path.to_string_lossy().into_owned());
    let out = folder.path().join("h.csv").to_string_lossy().into_owned();
    let message = refused(&lexiscope(["heads", &model, "--corpus", &corpus, "--out", &out]), 1);
    assert!(message.contains("c.conllu: line 1: 3 columns"), "{message}");
    let wrong = folder.path().join("h.npz").to_string_lossy().into_owned();
    let message = refused(&lexiscope(["heads", &model, "--text", TEXT, "--out", &wrong]), 2);
    assert!(message.contains("csv or json"), "{message}");
    refused(&lexiscope(["heads", &model, "--out", &out]), 2);
}
