//! What `model` and `fill` say of folders, good and hostile ones.

use crate::program::{TEXT, attend, bundled, done, folder, lexiscope, names, refused, stderr, stdout};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

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
