//! The files that a tokenizer is stored in, brought to one form: that of `tokenizer.json`.
//!
//! Formats: <https://huggingface.co/docs/tokenizers>; `vocab.txt` is one WordPiece per line, its row the id;
//! `vocab.json` and `merges.txt` are byte-level BPE (Sennrich et al. 2016, Radford et al. 2019).

use crate::error::{Error, Result};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// What the files of a folder say about its tokenizer.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The tokenizer in the form of `tokenizer.json`, without truncation and padding.
    pub json: Value,
    /// The files that it was read from.
    pub files: Vec<PathBuf>,
    config: Value,
    map: Value,
    added: Map<String, Value>,
}

impl Vocabulary {
    /// Reads `tokenizer.json`, else `vocab.txt`, else `vocab.json` with `merges.txt`.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut files = Vec::new();
        let mut object = |name: &str| -> Result<Value> {
            let path = folder.join(name);
            if !path.is_file() {
                return Ok(Value::Null);
            }
            let value = read_json(&path)?;
            files.push(path);
            Ok(value)
        };
        let config = object("tokenizer_config.json")?;
        let map = object("special_tokens_map.json")?;
        let added = match object("added_tokens.json")? {
            Value::Object(added) => added,
            _ => Map::new(),
        };
        let mut json = object("tokenizer.json")?;
        if config["tokenizer_class"] == "BertJapaneseTokenizer" {
            let why = "it names BertJapaneseTokenizer, which splits words with MeCab: Lexiscope cannot read it exactly";
            return Err(Error::format(folder.join("tokenizer_config.json"), why));
        }

        let (words, pieces, merges) = (folder.join("vocab.txt"), folder.join("vocab.json"), folder.join("merges.txt"));
        if json.is_object() {
            honour(&mut json, &config);
        } else if words.is_file() {
            json = word_piece(&words, &config)?;
            files.push(words);
        } else if pieces.is_file() && merges.is_file() {
            json = byte_level(&pieces, &merges, &config)?;
            files.extend([pieces, merges]);
        } else {
            return Err(Error::format(folder, missing(folder)));
        }
        // How long a text may be is the model's affair, and padding that of a batch.
        json["truncation"] = Value::Null;
        json["padding"] = Value::Null;
        Ok(Self { json, files, config, map, added })
    }

    /// The special token of a role such as `mask_token`, as the files name it.
    pub fn special(&self, role: &str) -> Option<&str> {
        [&self.config[role], &self.map[role]].into_iter().find_map(content)
    }

    /// Whether a special token takes the white space before it; `None` where the files do not say.
    pub fn takes_space_before(&self, role: &str) -> Option<bool> {
        [&self.config[role], &self.map[role]].into_iter().find_map(|v| v["lstrip"].as_bool())
    }

    /// Tokens added after training, in order of their ids: `(id, token, special)`.
    pub fn added(&self) -> Vec<(u32, String, bool)> {
        let mut found: Vec<(u32, String, bool)> = Vec::new();
        for (token, id) in &self.added {
            found.extend(id.as_u64().and_then(|id| u32::try_from(id).ok()).map(|id| (id, token.clone(), false)));
        }
        for (id, token) in self.config["added_tokens_decoder"].as_object().into_iter().flatten() {
            if let (Ok(id), Some(text)) = (id.parse(), content(token)) {
                found.retain(|(known, ..)| *known != id);
                found.push((id, text.to_owned(), token["special"] == true));
            }
        }
        found.sort_unstable();
        found
    }
}

/// A token stands in these files as a string or as an object with `content`.
fn content(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value["content"].as_str())
}

/// `tokenizer_config.json` has the last word on case, accents and Chinese characters.
fn honour(json: &mut Value, config: &Value) {
    let normalizer = &mut json["normalizer"];
    if normalizer["type"] != "BertNormalizer" {
        return;
    }
    let keys = [
        ("do_lower_case", "lowercase"),
        ("tokenize_chinese_chars", "handle_chinese_chars"),
        ("strip_accents", "strip_accents"),
    ];
    for (theirs, ours) in keys {
        if config[theirs].is_boolean() {
            normalizer[ours] = config[theirs].clone();
        }
    }
}

fn word_piece(path: &Path, config: &Value) -> Result<Value> {
    let text = read_text(path)?;
    // A line is a piece, spaces and all; only the end of the line is not.
    let mut lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    if lines.last() == Some(&"") {
        lines.pop();
    }
    let vocab: Map<String, Value> =
        lines.iter().enumerate().map(|(id, piece)| ((*piece).to_owned(), id.into())).collect();
    if vocab.is_empty() {
        return Err(Error::format(path, "the vocabulary is empty"));
    }
    let lower = config["do_lower_case"].as_bool().unwrap_or(true);
    Ok(json!({
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": true,
            "handle_chinese_chars": config["tokenize_chinese_chars"].as_bool().unwrap_or(true),
            "strip_accents": config["strip_accents"].as_bool(),
            "lowercase": lower,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {
            "type": "WordPiece",
            "unk_token": content(&config["unk_token"]).unwrap_or("[UNK]"),
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocab,
        },
    }))
}

fn byte_level(pieces: &Path, merges: &Path, config: &Value) -> Result<Value> {
    let vocab = read_json(pieces)?;
    if !vocab.is_object() {
        return Err(Error::format(pieces, "it should be an object of pieces and their ids"));
    }
    let text = read_text(merges)?;
    let mut pairs = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() || (number == 0 && line.starts_with("#version")) {
            continue;
        }
        match line.split_once(' ') {
            Some((a, b)) if !a.is_empty() && !b.is_empty() && !b.contains(' ') => pairs.push(json!([a, b])),
            _ => return Err(Error::format(merges, format!("line {}: a merge is two pieces", number + 1))),
        }
    }
    let unknown = content(&config["unk_token"]).filter(|unknown| vocab.get(*unknown).is_some());
    let level = json!({
        "type": "ByteLevel",
        "add_prefix_space": config["add_prefix_space"].as_bool().unwrap_or(false),
        "trim_offsets": false,
        "use_regex": true,
    });
    Ok(json!({
        "pre_tokenizer": level.clone(),
        "decoder": level,
        "model": {
            "type": "BPE",
            "dropout": null,
            "unk_token": unknown,
            "continuing_subword_prefix": null,
            "end_of_word_suffix": null,
            "fuse_unk": false,
            "byte_fallback": false,
            "vocab": vocab,
            "merges": pairs,
        },
    }))
}

fn missing(folder: &Path) -> String {
    let sentence_piece = ["spiece.model", "sentencepiece.bpe.model", "tokenizer.model"];
    match sentence_piece.iter().find(|name| folder.join(name).is_file()) {
        Some(name) => format!(
            "its tokenizer is only there as {name}: make a tokenizer.json of it with transformers' \
             AutoTokenizer.from_pretrained(folder).save_pretrained(folder)"
        ),
        None => "there is no tokenizer: neither tokenizer.json nor vocab.txt nor vocab.json with merges.txt".to_owned(),
    }
}

fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        Error::format(path, format!("byte {at} is not UTF-8"))
    })
}

fn read_json(path: &Path) -> Result<Value> {
    serde_json::from_str(&read_text(path)?).map_err(|e| Error::format(path, e.to_string()))
}
