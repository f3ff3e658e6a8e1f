//! Tokenizer files that say special things, against what transformers makes of them; `tests/data/make_tokenizers.py`
//! says how the references were made.

use lexiscope::source::find::read_text;
use lexiscope::source::tokenizer::Tokenizer;
use lexiscope::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

#[derive(Deserialize)]
struct Case {
    name: String,
    family: String,
    class: Option<String>,
    copied: Vec<PathBuf>,
    files: BTreeMap<String, String>,
    read: Vec<Read>,
}

#[derive(Deserialize)]
struct Read {
    text: Vec<String>,
    ids: Vec<u32>,
    types: Vec<u32>,
    texts: Vec<Option<u32>>,
    sources: Vec<String>,
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        fs::write(folder.path().join(name), content).expect("it can be written");
    }
    folder
}

/// The error of BERT's tokenizer in a folder of these files.
fn refused(files: &[(&str, &str)], class: Option<&str>) -> Error {
    let folder = folder(files);
    Tokenizer::open(folder.path(), "bert", class).expect_err("it is refused")
}

const WORDS: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n";

#[test]
fn tokens_equal_those_of_transformers() {
    let cases = fs::read_to_string(data().join("tokenizers.json")).expect("tests/data/tokenizers.json");
    let cases: Vec<Case> = serde_json::from_str(&cases).expect("it is a list of cases");
    for case in cases {
        let name = &case.name;
        let files: Vec<(&str, &str)> = case.files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let folder = folder(&files);
        for file in &case.copied {
            let to = folder.path().join(file.file_name().expect("a name"));
            fs::copy(data().join("models").join(file), to).expect("it can be copied");
        }
        let tokenizer = Tokenizer::open(folder.path(), &case.family, case.class.as_deref());
        let tokenizer = tokenizer.unwrap_or_else(|e| panic!("{name}: {e}"));
        for read in case.read {
            let pair = read.text.get(1).map(String::as_str);
            let tokens = tokenizer.encode(&read.text[0], pair, 512).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(tokens.ids(), read.ids, "{name}: {:?}", read.text);
            if matches!(case.family.as_str(), "bert" | "electra" | "albert") {
                assert_eq!(tokens.segments(), read.types, "{name}: {:?}", read.text);
            }
            for (i, piece) in tokens.pieces.iter().enumerate() {
                assert_eq!(piece.special, read.texts[i].is_none(), "{name}: {:?}, token {i}", read.text);
                assert_eq!(piece.text, read.texts[i].unwrap_or(piece.text), "{name}: {:?}, token {i}", read.text);
                // Where the tokenizer puts a space before the text, transformers gives that token nothing.
                if piece.piece != "\u{120}" {
                    assert_eq!(tokens.source(i), read.sources[i], "{name}: {:?}, token {i}", read.text);
                }
            }
        }
    }
}

#[test]
fn a_token_with_another_id_than_the_model_knows_is_not_added() -> Result<()> {
    let added =
        r#"{"added_tokens_decoder": {"3": {"content": "a"}, "7": {"content": "gap"}, "6": {"content": "new"}}}"#;
    let folder = folder(&[("vocab.txt", WORDS), ("tokenizer_config.json", added)]);
    let tokenizer = Tokenizer::open(folder.path(), "bert", None)?;
    assert_eq!(tokenizer.encode("a new", None, 9)?.ids(), [2, 5, 6, 3]);
    assert_eq!(tokenizer.encode("a gap", None, 9)?.ids(), [2, 5, 7, 3], "6 came before it");
    let added = r#"{"added_tokens_decoder": {"8": {"content": "gap"}}}"#;
    fs::write(folder.path().join("tokenizer_config.json"), added).expect("it can be written");
    let tokenizer = Tokenizer::open(folder.path(), "bert", None)?;
    assert_eq!(tokenizer.encode("a gap", None, 9)?.ids(), [2, 5, 1, 3]);
    Ok(())
}

#[test]
fn tokenizers_that_these_files_do_not_hold_are_refused_by_name() {
    for (config, class) in [
        ("{}", Some("BertJapaneseTokenizer")),
        (r#"{"tokenizer_class": "BertJapaneseTokenizer"}"#, None),
        (r#"{"word_tokenizer_type": "mecab"}"#, None),
    ] {
        let error = refused(&[("vocab.txt", WORDS), ("tokenizer_config.json", config)], class);
        assert!(matches!(error, Error::Unsupported { .. }) && error.to_string().contains("Japanese"), "{error}");
        assert_eq!(error.remedy(), None);
    }
    let error = refused(&[("vocab.txt", WORDS)], Some("RoFormerTokenizerFast"));
    assert!(error.to_string().contains("RoFormerTokenizer"), "{error}");
    let error = refused(&[("spiece.model", "")], Some("AlbertTokenizer"));
    assert!(error.to_string().contains("spiece.model"), "{error}");
}

#[test]
fn pointers_of_git_lfs_are_recognised() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    for name in ["tokenizer.json", "vocab.txt", "tokenizer_config.json"] {
        let error = refused(&[(name, pointer)], None);
        assert!(error.to_string().contains("git lfs pull") && error.to_string().contains(name), "{error}");
    }
}

#[test]
fn only_regular_files_of_a_bounded_size_are_read() {
    let folder = folder(&[("long.txt", "four")]);
    let file = folder.path().join("long.txt");
    assert_eq!(read_text(&file, 4).expect("it is short enough"), "four");
    assert!(read_text(&file, 3).expect_err("it is too long").to_string().contains("longer"));
    assert!(read_text(folder.path(), 9).expect_err("a folder").to_string().contains("regular"));
    #[cfg(target_os = "linux")]
    {
        assert!(read_text(Path::new("/dev/zero"), 9).expect_err("it has no end").to_string().contains("regular"));
        let pipe = folder.path().join("tokenizer.json");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
        assert!(made.success());
        let error = Tokenizer::open(folder.path(), "bert", None).expect_err("nobody writes to it");
        assert!(error.to_string().contains("regular"), "{error}");
    }
}
