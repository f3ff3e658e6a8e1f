//! What `attend` writes.

use crate::program::{TEXT, attend, done, folder, names, refused, stderr};
use crate::written::{read_csv, read_json, read_npz, read_safetensors};
use serde_json::Value;

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
fn a_budget_is_kept_and_can_be_raised() {
    let folder = folder();
    let out = folder.path().join("x.npz");
    let text = "day ".repeat(200);
    let message = refused(&attend(&["--text", &text, "--budget", "1"], &out), 1);
    assert!(message.contains("the budget is 1 MB") && message.contains("--budget"), "{message}");
    done(attend(&["--text", &text, "--budget", "500"], &out));
    refused(&attend(&["--text", &text, "--budget", "0"], &out), 2);
}
