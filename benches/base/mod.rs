//! A checkpoint of BERT-base's shape with made-up weights, and sentences of a known number of tokens.
//! `transformers_peer.py` reads the same checkpoint.

use safetensors::tensor::{Dtype, View, serialize_to_file};
use serde_json::json;
use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

const LAYERS: usize = 12;
const DIM: usize = 768;
const INNER: usize = 3072;
const VOCABULARY: usize = 30_522;
const POSITIONS: usize = 512;

/// The checkpoint's folder, `lexiscope-bert-base-mlm` in the folder for temporary files. The first call makes it; it is
/// 440 MB.
pub fn checkpoint() -> PathBuf {
    let folder = std::env::temp_dir().join("lexiscope-bert-base-mlm");
    let config = folder.join("config.json");
    // The configuration is written last: where it is, everything else is.
    if !config.exists() {
        fs::create_dir_all(&folder).expect("a folder for the checkpoint");
        let tensors =
            tensors().into_iter().enumerate().map(|(i, (name, shape))| (name, Made { shape, seed: i as u32 }));
        serialize_to_file(tensors, None, &folder.join("model.safetensors")).expect("room for the weights");
        write(&folder.join("vocab.txt"), &vocabulary());
        write(&config, &format!("{:#}\n", configuration()));
    }
    folder
}

/// A text of `tokens` tokens with [CLS] and [SEP]: every word is one.
pub fn text(tokens: usize) -> String {
    let words: Vec<String> = (0..tokens - 2).map(|i| format!("w{}", 1000 + i * 37 % 29_000)).collect();
    words.join(" ")
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}

fn configuration() -> serde_json::Value {
    json!({
        "architectures": ["BertForMaskedLM"],
        "attention_probs_dropout_prob": 0.0,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.0,
        "hidden_size": DIM,
        "intermediate_size": INNER,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": POSITIONS,
        "model_type": "bert",
        "num_attention_heads": 12,
        "num_hidden_layers": LAYERS,
        "pad_token_id": 0,
        "type_vocab_size": 2,
        "vocab_size": VOCABULARY,
    })
}

/// Special tokens where BERT has them, and else a word with the number of its row.
fn vocabulary() -> String {
    let word = |row: usize| match row {
        0 => "[PAD]\n".to_owned(),
        100 => "[UNK]\n".to_owned(),
        101 => "[CLS]\n".to_owned(),
        102 => "[SEP]\n".to_owned(),
        103 => "[MASK]\n".to_owned(),
        _ => format!("w{row}\n"),
    };
    (0..VOCABULARY).map(word).collect()
}

fn tensors() -> Vec<(String, Vec<usize>)> {
    let table = |name: &str, rows: usize| (format!("bert.embeddings.{name}_embeddings.weight"), vec![rows, DIM]);
    let mut all = vec![table("word", VOCABULARY), table("position", POSITIONS), table("token_type", 2)];
    let norm = |at: String| [(format!("{at}.weight"), vec![DIM]), (format!("{at}.bias"), vec![DIM])];
    all.extend(norm("bert.embeddings.LayerNorm".to_owned()));
    for layer in 0..LAYERS {
        let linear = |name: &str, inputs: usize, outputs: usize| {
            let at = format!("bert.encoder.layer.{layer}.{name}");
            [(format!("{at}.weight"), vec![outputs, inputs]), (format!("{at}.bias"), vec![outputs])]
        };
        for name in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"] {
            all.extend(linear(name, DIM, DIM));
        }
        all.extend(linear("intermediate.dense", DIM, INNER));
        all.extend(linear("output.dense", INNER, DIM));
        for name in ["attention.output", "output"] {
            all.extend(norm(format!("bert.encoder.layer.{layer}.{name}.LayerNorm")));
        }
    }
    // The decoder is the table of words.
    let head = "cls.predictions.transform";
    all.extend([(format!("{head}.dense.weight"), vec![DIM, DIM]), (format!("{head}.dense.bias"), vec![DIM])]);
    all.extend(norm(format!("{head}.LayerNorm")));
    all.push(("cls.predictions.bias".to_owned(), vec![VOCABULARY]));
    all
}

/// A tensor of numbers that look random, of BERT's initial size: made when it is written.
struct Made {
    shape: Vec<usize>,
    seed: u32,
}

impl View for Made {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut state = self.seed.wrapping_mul(0x9e37_79b9) | 1;
        let mut next = || {
            // xorshift32
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state as f32 / u32::MAX as f32 - 0.5) * 0.07
        };
        let count: usize = self.shape.iter().product();
        (0..count).flat_map(|_| next().to_le_bytes()).collect()
    }

    fn data_len(&self) -> usize {
        4 * self.shape.iter().product::<usize>()
    }
}
