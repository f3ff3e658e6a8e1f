//! Checkpoints that differ from those of `tests/data/models` in one thing: what transformers computes otherwise, or not
//! at all, must not pass for what it was. Reference values are transformers' 5.23 for the same variant.

use lexiscope::engine::device::Choice;
use lexiscope::engine::{Ask, Opened, Run};
use lexiscope::error::Error;
use lexiscope::trace::{At, Control, Place, Site, Stack, Want};
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
        let view = |t: &Stored| TensorView::new(t.dtype, t.shape.clone(), &t.bytes).map(|v| v.data().len());
        for (name, tensor) in &self.tensors {
            view(tensor).expect(name);
        }
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
