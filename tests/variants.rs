//! Checkpoints that differ from those of `tests/data/models` in one thing: what transformers computes otherwise, or not
//! at all, must not pass for what it was. Reference values are transformers' 5.23 for the same variant.

use lexiscope::engine::device::Choice;
use lexiscope::engine::{Opened, pass};
use lexiscope::error::Error;
use lexiscope::model::Input;
use lexiscope::trace::{At, Control, Edits, Place, Site, Stack, Want};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;

/// A tensor as a file holds it.
struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Stored {
    fn of(shape: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self { dtype: Dtype::F32, shape: shape.to_vec(), bytes }
    }

    fn values(&self) -> Vec<f32> {
        assert_eq!(self.dtype, Dtype::F32);
        self.bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four bytes"))).collect()
    }
}

/// A copy of a fixture that can be changed.
struct Variant {
    folder: TempDir,
    config: Value,
    tensors: BTreeMap<String, Stored>,
}

impl Variant {
    fn of(fixture: &str) -> Self {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models").join(fixture);
        let folder = tempfile::tempdir().expect("a temporary folder");
        for file in std::fs::read_dir(&from).expect(fixture) {
            let file = file.expect("a file");
            std::fs::copy(file.path(), folder.path().join(file.file_name())).expect("copied");
        }
        let text = std::fs::read(from.join("config.json")).expect("config.json");
        let config = serde_json::from_slice(&text).expect("json");
        let weights = std::fs::read(from.join("model.safetensors")).expect("model.safetensors");
        let file = SafeTensors::deserialize(&weights).expect("safetensors");
        let stored = |view: &TensorView<'_>| Stored {
            dtype: view.dtype(),
            shape: view.shape().to_vec(),
            bytes: view.data().to_vec(),
        };
        let tensors = file.iter().map(|(name, view)| (name.to_owned(), stored(&view))).collect();
        Self { folder, config, tensors }
    }

    fn with(mut self, field: &str, value: Value) -> Self {
        self.config[field] = value;
        self
    }

    fn without(mut self, field: &str) -> Self {
        self.config.as_object_mut().expect("an object").remove(field).expect(field);
        self
    }

    fn drop(mut self, tensor: &str) -> Self {
        self.tensors.remove(tensor).expect(tensor);
        self
    }

    fn put(mut self, tensor: &str, stored: Stored) -> Self {
        self.tensors.insert(tensor.to_owned(), stored);
        self
    }

    /// Opens it; the folder may go then, because everything has been read.
    fn open(self) -> Result<Opened, Error> {
        std::fs::write(self.folder.path().join("config.json"), self.config.to_string()).expect("written");
        let views = self
            .tensors
            .iter()
            .map(|(name, t)| (name.as_str(), TensorView::new(t.dtype, t.shape.clone(), &t.bytes).expect(name)));
        let bytes = safetensors::serialize(views, None).expect("serialised");
        std::fs::write(self.folder.path().join("model.safetensors"), bytes).expect("written");
        Opened::open_folder(self.folder.path(), Choice::Cpu, &Control::default())
    }

    /// Opens it and gives the error.
    #[track_caller]
    fn fails(self) -> String {
        self.open().map(drop).expect_err("it must be refused").to_string()
    }
}

/// What a model makes of one text at a place: the first values.
fn values(opened: &Opened, ids: &[u32], at: At) -> Vec<f32> {
    let input = Input {
        ids: vec![ids.to_vec()],
        segments: vec![vec![0; ids.len()]],
        mask: vec![vec![1; ids.len()]],
        resume: None,
    };
    let want = Want::nothing().and(Place::site(at.site));
    let seen = pass(opened, &input, &want, &Edits::none(), &Control::default()).expect("a pass");
    seen.arrays[&at].data().to_vec()
}

fn output(site: Site) -> At {
    At::new(Stack::Output, 0, site)
}

#[track_caller]
fn assert_close(found: &[f32], wanted: &[f32]) {
    let close = |(x, y): (&f32, &f32)| (x - y).abs() <= 1e-5 * y.abs().max(1.0);
    assert!(found.iter().zip(wanted).all(close), "found {:?}, wanted {wanted:?}", &found[..wanted.len()]);
}

/// Why a checkpoint does not predict something.
#[track_caller]
fn why(opened: &Opened, site: Site) -> &str {
    let card = opened.card();
    assert!(!card.outputs.contains(&site), "{site} is predicted");
    card.unavailable.iter().find(|(s, _)| *s == site).map(|(_, why)| why.as_str()).expect("a reason")
}

fn used(opened: &Opened, tensor: &str) -> bool {
    opened.ledger.iter().find(|p| p.name == tensor).expect(tensor).used
}

#[test]
fn an_encoder_that_was_turned_into_a_decoder_is_refused() {
    for fixture in ["bert", "roberta", "xlm-roberta", "electra"] {
        for field in ["is_decoder", "add_cross_attention"] {
            let error = Variant::of(fixture).with(field, json!(true)).fails();
            assert!(error.contains("config.json") && error.contains(&format!("`{field}` = true")), "{error}");
            Variant::of(fixture).with(field, json!(false)).open().expect(fixture);
            Variant::of(fixture).without(field).open().expect(fixture);
        }
    }
}

#[test]
fn quantised_weights_are_refused() {
    for fixture in ["bert", "roberta", "electra", "albert", "distilbert", "gpt2"] {
        let method = json!({"quant_method": "bitsandbytes", "load_in_8bit": true});
        let error = Variant::of(fixture).with("quantization_config", method).fails();
        assert!(error.contains("config.json") && error.contains("`quantization_config`"), "{error}");
        Variant::of(fixture).with("quantization_config", json!(null)).open().expect(fixture);
    }
    let name = "bert.encoder.layer.1.attention.self.query.weight";
    for (dtype, width) in [(Dtype::I8, 1), (Dtype::U8, 1), (Dtype::BOOL, 1), (Dtype::I16, 2), (Dtype::I64, 8)] {
        let stored = Stored { dtype, shape: vec![24, 24], bytes: vec![1; 24 * 24 * width] };
        let error = Variant::of("bert").put(name, stored).fails();
        let named = format!("{dtype:?}");
        assert!(error.contains(name) && error.to_lowercase().contains(&named.to_lowercase()), "{error}");
    }
    // Buffers are whole numbers, and no model reads them.
    let positions = Stored { dtype: Dtype::I64, shape: vec![1, 40], bytes: vec![0; 320] };
    Variant::of("bert").put("bert.embeddings.position_ids", positions).open().expect("a buffer is no weight");
}

#[test]
fn of_two_biases_the_decoder_has_its_own() {
    let cases = [
        ("bert", "cls.predictions", [-1.865_009, -2.994_974, 0.323_675_6, -3.649_4]),
        ("roberta", "lm_head", [-0.318_930_5, -2.191_459, -3.497_832, -4.130_69]),
        ("albert", "predictions", [-0.032_953_62, -1.565_215, -1.959_296, -2.972_354]),
    ];
    for (fixture, head, wanted) in cases {
        let variant = Variant::of(fixture);
        let rows = variant.config["vocab_size"].as_u64().expect("a number") as usize;
        let bias = |factor: f32| Stored::of(&[rows], &(0..rows).map(|i| i as f32 * factor).collect::<Vec<_>>());
        let variant = variant.put(&format!("{head}.bias"), bias(0.5));
        let opened = variant.put(&format!("{head}.decoder.bias"), bias(-1.0)).open().expect(fixture);
        let ids = opened.tokenizer.encode("The old lady.", None, opened.card().tokens).expect("tokens").ids();
        let logits = values(&opened, &ids, output(Site::Logits));
        assert_close(&logits[rows..], &wanted);
        assert!(used(&opened, &format!("{head}.decoder.bias")) && !used(&opened, &format!("{head}.bias")));
    }
}

#[test]
fn a_classifier_is_one_of_what_its_class_says() {
    for (class, site) in
        [("BertForTokenClassification", Site::TokenLabels), ("MyBertForSequenceClassification", Site::Sequence)]
    {
        let variant = Variant::of("bert-tagger").with("architectures", json!([class]));
        let pooler = |part: &str, shape: &[usize]| {
            (format!("bert.pooler.dense.{part}"), Stored::of(shape, &vec![0.1; shape.iter().product()]))
        };
        let [(weight, w), (bias, b)] = [pooler("weight", &[24, 24]), pooler("bias", &[24])];
        let opened = variant.put(&weight, w).put(&bias, b).open().expect(class);
        assert_eq!((opened.card().outputs.as_slice(), opened.card().labels.len()), ([site].as_slice(), 5), "{class}");
    }
    for class in ["BertForNER", "BertForMultipleChoice", "TokenClassificationModel"] {
        let opened = Variant::of("bert-tagger").with("architectures", json!([class])).open().expect(class);
        let said = why(&opened, Site::Sequence);
        let wanted = format!("the class {class} is not known to be a classifier of tokens or of texts");
        assert!(said.contains("`classifier.weight`") && said.contains(&wanted), "{said}");
        assert!(opened.card().outputs.is_empty() && opened.card().labels.is_empty());
    }
    let opened = Variant::of("bert-tagger").without("architectures").open().expect("no class");
    assert!(why(&opened, Site::Sequence).contains("names no class"));
    let opened = Variant::of("roberta-classifier").without("architectures").open().expect("no class");
    assert!(why(&opened, Site::Sequence).contains("`classifier.out_proj.weight`"));
}

#[test]
fn a_decoder_that_is_not_tied_must_be_in_the_file() {
    let cases = [
        ("bert", "cls.predictions.decoder.weight"),
        ("roberta", "lm_head.decoder.weight"),
        ("albert", "predictions.decoder.weight"),
        ("distilbert", "vocab_projector.weight"),
        ("electra-generator", "generator_lm_head.weight"),
        ("gpt2", "lm_head.weight"),
    ];
    for (fixture, decoder) in cases {
        let mut variant = Variant::of(fixture).with("tie_word_embeddings", json!(false));
        variant.tensors.remove(decoder);
        let opened = variant.open().expect(fixture);
        let said = why(&opened, Site::Logits);
        assert!(said.contains(decoder) && said.contains("`tie_word_embeddings` is false"), "{fixture}: {said}");
        let mut variant = Variant::of(fixture).without("tie_word_embeddings");
        variant.tensors.remove(decoder);
        assert!(variant.open().expect(fixture).card().predicts_words(), "{fixture}: tied unless it says no");
    }
}

#[test]
fn a_head_that_is_damaged_leaves_the_rest() {
    let dense = "cls.predictions.transform.dense";
    let opened = Variant::of("bert").drop(&format!("{dense}.bias")).open().expect("the encoder is whole");
    assert_eq!(why(&opened, Site::Logits), format!("the checkpoint has no tensor `{dense}.bias`"));
    assert!(opened.card().outputs.contains(&Site::NextSentence));
    assert!(!used(&opened, &format!("{dense}.weight")), "a head that is not run uses nothing");
    assert!(used(&opened, "bert.embeddings.word_embeddings.weight"));

    let opened = Variant::of("bert").put("cls.seq_relationship.weight", Stored::of(&[3, 24], &[0.0; 72])).open();
    let opened = opened.expect("the encoder is whole");
    let wanted = "tensor `cls.seq_relationship.weight` should be [2, 24] but is [3, 24]";
    assert_eq!(why(&opened, Site::NextSentence), wanted);
    assert!(opened.card().predicts_words());

    let opened = Variant::of("bert-tagger").put("classifier.weight", Stored::of(&[5, 23], &[0.0; 115])).open();
    let opened = opened.expect("the encoder is whole");
    assert!(why(&opened, Site::TokenLabels).contains("[5, 24]"));
    assert!(opened.card().labels.is_empty());

    let error = Variant::of("bert").drop("bert.encoder.layer.1.output.dense.bias").fails();
    assert!(error.contains("bert.encoder.layer.1.output.dense.bias"), "{error}");
}

#[test]
fn a_table_that_is_stored_twice_counts_once() {
    let variant = Variant::of("distilbert");
    let words = &variant.tensors["distilbert.embeddings.word_embeddings.weight"];
    let [mut twice, mut other] = [0, 1].map(|_| Stored::of(&words.shape, &words.values()));
    let once = Variant::of("distilbert").without("tie_word_embeddings");
    let once = once.open().expect("tied").parameters();
    twice.dtype = Dtype::F32;
    let numbers = words.shape.iter().product::<usize>() as u64;
    let opened = variant.put("vocab_projector.weight", twice).open().expect("stored twice");
    assert_eq!(opened.parameters(), once);
    assert!(!used(&opened, "vocab_projector.weight"));
    other.bytes[2] ^= 1;
    let opened = Variant::of("distilbert").put("vocab_projector.weight", other).open().expect("two tables");
    assert_eq!(opened.parameters(), once + numbers);
    // As transformers counts it.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/bert-cased");
    let cased = Opened::open_folder(&path, Choice::Cpu, &Control::default()).expect("bert-cased");
    assert_eq!(cased.parameters(), 16_639);
}

#[test]
fn gpt2_labels_a_text_by_its_last_token_that_is_not_padding() {
    let opened = Variant::of("gpt2-classifier").open().expect("gpt2-classifier");
    let door = [-0.557_117_7, -2.328_66, -1.846_473];
    let cases: [(&[u32], [f32; 3]); 5] = [
        (&[268, 275, 280, 81, 13], door),
        (&[268, 275, 280, 81, 13, 356], door),
        (&[268, 275, 280, 81, 13, 356, 356], door),
        (&[356], [0.813_782_6, -3.246_209, -0.640_187_1]),
        (&[268, 356, 275, 280, 81], [-0.383_369_1, -3.235_333, -1.503_875]),
    ];
    for (ids, wanted) in cases {
        assert_close(&values(&opened, ids, output(Site::Sequence)), &wanted);
    }
    let opened = Variant::of("gpt2-classifier").with("pad_token_id", json!(null)).open().expect("no padding");
    let wanted = [-0.301_335_5, -2.449_863, -1.354_161];
    assert_close(&values(&opened, &[268, 275, 280, 81, 13, 356], output(Site::Sequence)), &wanted);
}

#[test]
fn what_a_configuration_leaves_out_is_what_transformers_has() {
    let hidden = |opened: &Opened| {
        let at = At::new(Stack::Encoder, opened.card().layers - 1, Site::Hidden);
        values(opened, &[2, 5, 6, 3], at)
    };
    // Every default that a fixture's value is equal to.
    for (fixture, fields) in [
        ("bert", &["hidden_act", "type_vocab_size", "layer_norm_eps"][..]),
        ("electra", &["hidden_act", "type_vocab_size", "num_attention_heads", "layer_norm_eps"]),
        ("albert", &["hidden_act", "type_vocab_size", "num_hidden_groups", "inner_group_num", "layer_norm_eps"]),
        ("distilbert", &["activation"]),
    ] {
        let whole = hidden(&Variant::of(fixture).open().expect(fixture));
        for &field in fields {
            let opened = Variant::of(fixture).without(field).open().expect(field);
            assert_eq!(hidden(&opened), whole, "{fixture} without `{field}`");
        }
    }
    let opened = Variant::of("albert").without("hidden_act").open().expect("albert");
    let wanted = [1.616_29, -0.200_493_8, -1.541_68, -0.682_718_9, 0.262_868_8, -0.405_502_3];
    assert_close(&hidden(&opened), &wanted);

    // Other names of the fields, as transformers' `attribute_map` has them.
    let opened = Variant::of("distilbert").without("n_layers").with("num_hidden_layers", json!(2)).open();
    assert_eq!(opened.expect("distilbert").card().layers, 2);
    let error = Variant::of("electra").without("embedding_size").fails();
    assert!(error.contains("128]"), "{error}");
    let opened = Variant::of("bert").with("embedding_size", json!(7)).open().expect("BERT has no such field");
    let wanted = [-1.223_221, -0.393_327, -1.659_353, 1.070_928, -0.168_566_9, -1.022_742];
    assert_close(&hidden(&opened), &wanted);
    for fixture in ["bert", "roberta", "electra", "albert"] {
        let error = Variant::of(fixture).with("type_vocab_size", json!(0)).fails();
        assert!(error.contains("config.json") && error.contains("`type_vocab_size` = 0"), "{error}");
    }
}

#[test]
fn sizes_that_no_model_has_are_refused() {
    let huge = json!(2_000_000_000u64);
    for (fixture, field) in [
        ("bert", "num_hidden_layers"),
        ("roberta", "num_hidden_layers"),
        ("electra", "num_hidden_layers"),
        ("albert", "num_hidden_layers"),
        ("albert", "inner_group_num"),
        ("distilbert", "n_layers"),
        ("gpt2", "n_layer"),
    ] {
        let error = Variant::of(fixture).with(field, huge.clone()).fails();
        let named = error.contains("config.json") && error.contains(&format!("`{field}`"));
        assert!(named && error.contains("65535"), "{fixture}, {field}: {error}");
    }
    let opened = Variant::of("albert").with("num_hidden_layers", json!(65_535)).open().expect("just within reach");
    assert_eq!(opened.card().layers, 65_535);
    for (fixture, fields) in [
        ("bert", &["vocab_size", "hidden_size", "num_attention_heads", "intermediate_size", "type_vocab_size"][..]),
        ("albert", &["embedding_size", "hidden_size", "num_hidden_groups", "intermediate_size"]),
        ("gpt2", &["vocab_size", "n_positions", "n_embd", "n_head", "n_inner"]),
    ] {
        for field in fields {
            for size in [0, u64::MAX, u64::MAX / 2, 1 << 40] {
                drop(Variant::of(fixture).with(field, json!(size)).fails());
            }
        }
    }
}

#[test]
fn what_is_not_a_number_is_not_lost() {
    let name = "distilbert.transformer.layer.0.ffn.lin1.bias";
    let mut values_of_bias = Variant::of("distilbert").tensors[name].values();
    values_of_bias[0] = f32::NAN;
    let variant = Variant::of("distilbert").with("activation", json!("relu"));
    let opened = variant.put(name, Stored::of(&[40], &values_of_bias)).open().expect("distilbert");
    let hidden = values(&opened, &[2, 5, 6, 3], At::new(Stack::Encoder, 1, Site::Hidden));
    assert!(hidden.iter().all(|x| x.is_nan()), "as transformers has it");
}
