//! The files that a tokenizer is stored in, brought to one form: that of `tokenizer.json`.
//!
//! Formats: <https://huggingface.co/docs/tokenizers>; `vocab.txt` is one WordPiece per line, its row the id;
//! `vocab.json` and `merges.txt` are byte-level BPE (Sennrich et al. 2016, Radford et al. 2019).

use super::find::read_text;
use crate::error::{Error, Result};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use tokenizers::tokenizer::AddedToken;

/// The longest tokenizer file that is read.
const LIMIT: u64 = 256 << 20;

/// Classes of transformers whose `vocab.txt` is plain WordPiece, or whose `vocab.json` and `merges.txt` are plain
/// byte-level BPE.
const PLAIN: [&str; 10] = [
    "BertTokenizer",
    "DistilBertTokenizer",
    "ElectraTokenizer",
    "MobileBertTokenizer",
    "RobertaTokenizer",
    "LongformerTokenizer",
    "BartTokenizer",
    "GPT2Tokenizer",
    "PreTrainedTokenizer",
    "TokenizersBackend",
];

/// Whose special tokens a tokenizer has where its files name none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// BERT's: `[CLS]`, `[SEP]` and so on.
    Bert,
    /// RoBERTa's: `<s>`, `</s>` and so on.
    Roberta,
    /// GPT-2's: one that ends a text.
    Gpt2,
}

/// What the files of a folder say about its tokenizer.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The tokenizer in the form of `tokenizer.json`, without added tokens, truncation and padding.
    pub json: Value,
    /// The files that it was read from.
    pub files: Vec<PathBuf>,
    /// Whose special tokens it has.
    pub kind: Kind,
    /// Whether it was read from `tokenizer.json`, which says what stands around a text.
    pub is_whole: bool,
    class: String,
    listed: Vec<Value>,
    config: Value,
    map: Value,
    added: Map<String, Value>,
}

impl Vocabulary {
    /// Reads `tokenizer.json`, else `vocab.txt`, else `vocab.json` with `merges.txt`. `family` and `class` are
    /// `model_type` and `tokenizer_class` of the model's configuration.
    pub fn read(folder: &Path, family: &str, class: Option<&str>) -> Result<Self> {
        let mut files = Vec::new();
        let mut object = |name: &str| -> Result<Value> {
            let path = folder.join(name);
            if !path.exists() {
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
        // The fast and the slow class of a tokenizer read the same files.
        let class = config["tokenizer_class"].as_str().or(class).unwrap_or_default();
        let class = class.strip_suffix("Fast").unwrap_or(class).to_owned();
        refuse_japanese(folder, &config, &class)?;

        let (words, pieces, merges) = (folder.join("vocab.txt"), folder.join("vocab.json"), folder.join("merges.txt"));
        let is_whole = json.is_object();
        if is_whole {
            honour(&mut json, &config);
        } else if words.exists() {
            refuse_class(folder, &class)?;
            json = word_piece(&words, &config)?;
            files.push(words);
        } else if pieces.exists() && merges.exists() {
            refuse_class(folder, &class)?;
            json = byte_level(&pieces, &merges, &config)?;
            files.extend([pieces, merges]);
        } else {
            return Err(Error::unsupported(folder, missing(folder)));
        }
        // How long a text may be is the model's affair, and padding that of a batch.
        json["truncation"] = Value::Null;
        json["padding"] = Value::Null;
        let listed = match json["added_tokens"].take() {
            Value::Array(listed) => listed,
            _ => Vec::new(),
        };
        json["added_tokens"] = json!([]);
        let kind = match class.as_str() {
            _ if json["model"]["type"] == "WordPiece" => Kind::Bert,
            "GPT2Tokenizer" => Kind::Gpt2,
            "RobertaTokenizer" => Kind::Roberta,
            _ if family == "gpt2" => Kind::Gpt2,
            _ => Kind::Roberta,
        };
        Ok(Self { json, files, kind, is_whole, class, listed, config, map, added })
    }

    /// The special token of a role such as `mask_token`, as the files name it.
    pub fn special(&self, role: &str) -> Option<&str> {
        self.named(role).and_then(content)
    }

    /// The special token of a role with its flags, as the files name it.
    pub fn special_token(&self, role: &str) -> Option<AddedToken> {
        self.named(role).and_then(|value| token(value, true))
    }

    /// A switch of `tokenizer_config.json`.
    pub fn is_set(&self, switch: &str) -> bool {
        self.config[switch] == true
    }

    /// Whether the model is told which text a token belongs to, if it can be.
    pub fn gives_types(&self) -> bool {
        match self.config["model_input_names"].as_array() {
            Some(names) => names.iter().any(|name| name == "token_type_ids"),
            None => !matches!(
                self.class.as_str(),
                "DistilBertTokenizer" | "RobertaTokenizer" | "GPT2Tokenizer" | "XLMRobertaTokenizer"
            ),
        }
    }

    /// Tokens that are found in a text before anything else, in order, with the id that they should have where the
    /// files give one.
    pub fn added(&self) -> Vec<(Option<u32>, AddedToken)> {
        let mut found: Vec<(Option<u32>, AddedToken)> =
            self.listed.iter().filter_map(|value| Some((None, token(value, false)?))).collect();
        let mut more: Vec<(u32, AddedToken)> = Vec::new();
        let id = |id: u64| u32::try_from(id).ok();
        if let Some(decoder) = self.config["added_tokens_decoder"].as_object() {
            more.extend(decoder.iter().filter_map(|(id, value)| Some((id.parse().ok()?, token(value, false)?))));
        } else {
            let is_special = |name: &str| {
                self.more().iter().any(|t| t.content == name)
                    || ROLES.iter().any(|role| self.special(role) == Some(name))
            };
            let known = |(name, at): (&String, &Value)| {
                Some((at.as_u64().and_then(id)?, AddedToken::from(name.as_str(), is_special(name))))
            };
            more.extend(self.added.iter().filter_map(known));
            more.retain(|(_, token)| found.iter().all(|(_, listed)| listed.content != token.content));
        }
        more.sort_by_key(|(id, _)| *id);
        for (id, token) in more {
            match found.iter_mut().find(|(_, listed)| listed.content == token.content) {
                Some(listed) => listed.1 = token,
                None => found.push((Some(id), token)),
            }
        }
        found
    }

    /// Special tokens without a role.
    pub fn more(&self) -> Vec<AddedToken> {
        let lists = ["extra_special_tokens", "additional_special_tokens"];
        let lists = self.sources().into_iter().flat_map(|source| lists.map(|name| &source[name]));
        let mut found: Vec<AddedToken> = Vec::new();
        for list in lists {
            let tokens = match list {
                Value::Array(list) => list.iter().collect(),
                Value::Object(by_name) => by_name.values().collect(),
                _ => Vec::new(),
            };
            for token in tokens.into_iter().filter_map(|value| token(value, true)) {
                if found.iter().all(|t| t.content != token.content) {
                    found.push(token);
                }
            }
        }
        found
    }

    fn named(&self, role: &str) -> Option<&Value> {
        self.sources().into_iter().map(|source| &source[role]).find(|value| content(value).is_some())
    }

    /// The files that name special tokens, the one that counts first. `special_tokens_map.json` is the older, and
    /// has the last word unless the newer lists all tokens itself.
    fn sources(&self) -> Vec<&Value> {
        match self.config["added_tokens_decoder"] {
            Value::Object(_) => vec![&self.config],
            _ => vec![&self.map, &self.config],
        }
    }
}

/// What special tokens are there for, in the order in which transformers adds them.
pub(super) const ROLES: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// A token with its flags; one that is written as plain text is `special` or not as its place says.
fn token(value: &Value, special: bool) -> Option<AddedToken> {
    let text = content(value)?;
    let flag = |name: &str| value[name].as_bool();
    let special = special || flag("special").unwrap_or(false);
    let token = AddedToken::from(text, special)
        .single_word(flag("single_word").unwrap_or(false))
        .lstrip(flag("lstrip").unwrap_or(false))
        .rstrip(flag("rstrip").unwrap_or(false));
    Some(match flag("normalized") {
        Some(normalized) => token.normalized(normalized),
        None => token,
    })
}

/// Japanese BERT finds words with a dictionary before WordPiece sees them.
fn refuse_japanese(folder: &Path, config: &Value, class: &str) -> Result<()> {
    let splitter = config["word_tokenizer_type"].as_str().filter(|kind| *kind != "basic");
    let what = match splitter {
        _ if class == "BertJapaneseTokenizer" => class,
        Some(splitter) => splitter,
        None => return Ok(()),
    };
    let why =
        format!("its tokenizer splits words with a Japanese dictionary ({what}): Lexiscope cannot do that exactly");
    Err(Error::unsupported(folder, why))
}

/// The same files mean other things to other classes.
fn refuse_class(folder: &Path, class: &str) -> Result<()> {
    if class.is_empty() || PLAIN.contains(&class) {
        return Ok(());
    }
    let why = format!(
        "its tokenizer is a {class}, which is read from a tokenizer.json only: make one with transformers' \
         AutoTokenizer.from_pretrained(folder).save_pretrained(folder)"
    );
    Err(Error::unsupported(folder, why))
}

/// A token stands in these files as a string or as an object with `content`.
fn content(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value["content"].as_str())
}

/// `tokenizer_config.json` has the last word on case, accents, Chinese characters and the space before a text.
fn honour(json: &mut Value, config: &Value) {
    if config["add_prefix_space"].is_boolean() {
        let splitter = &mut json["pre_tokenizer"];
        let steps = if splitter["type"] == "Sequence" {
            splitter["pretokenizers"].as_array_mut().map(Vec::as_mut_slice).unwrap_or_default()
        } else {
            std::slice::from_mut(splitter)
        };
        for step in steps.iter_mut().filter(|step| step["type"] == "ByteLevel") {
            step["add_prefix_space"] = config["add_prefix_space"].clone();
        }
    }
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
    let text = read_text(path, LIMIT)?;
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
    let text = read_text(merges, LIMIT)?;
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

fn read_json(path: &Path) -> Result<Value> {
    serde_json::from_str(&read_text(path, LIMIT)?).map_err(|e| Error::format(path, e.to_string()))
}
