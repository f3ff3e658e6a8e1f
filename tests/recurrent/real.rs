//! Models that are not part of the project, where they lie beside it: the figures that `README.md` there gives.

#![expect(clippy::print_stderr, reason = "a skipped test says why")]

use lexiscope::engine::recurrent::{Ask, Opened};
use lexiscope::source::hdf5::Hdf5;
use lexiscope::trace::Control;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of a model, or nothing, which is said.
fn beside(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models").join(name);
    let is_there = path.is_dir();
    if !is_there {
        eprintln!("skipped: {} is not there", path.display());
    }
    is_there.then_some(path)
}

fn open(path: &Path) -> Opened {
    Opened::open(path, &Control::default()).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn bits_per_character_of_the_ml5_models() {
    for (name, wanted) in [("ml5-lstm-shakespeare", 1.905), ("ml5-lstm-bronte", 1.963)] {
        let Some(path) = beside(name) else { continue };
        let text = fs::read_to_string(path.join("training_text.txt")).expect("the text");
        let text: String = text.chars().take(20_000).collect();
        for model in [path.clone(), path.join("derived_torch_lstm.safetensors")] {
            let summary = open(&model).trace(&Ask::new(&text), &Control::default(), &mut |_| Ok(())).expect("it runs");
            let bits = summary.bits_per_token().expect("it predicts");
            assert!((bits - wanted).abs() < 0.01, "{}: {bits} bits, and not {wanted}", model.display());
            assert_eq!((summary.tokens, summary.skipped.count), (20_000, 0), "{name}");
        }
    }
}

#[test]
fn elmo_equals_its_stored_embeddings() {
    let Some(path) = beside("elmo-fixture") else { return };
    let opened = open(&path);
    let sentences = fs::read_to_string(path.join("lm_embeddings_sentences.json")).expect("the sentences");
    let sentences: Vec<Vec<String>> = serde_json::from_str(&sentences).expect("lists of sentences");
    let mut worst = 0f32;
    for (row, sentences) in sentences.iter().enumerate() {
        let stored = path.join(format!("lm_embeddings_{row}.hdf5"));
        let stored = Hdf5::open(&stored, &Control::default()).expect("the embeddings");
        // The state goes on from sentence to sentence.
        let text = sentences.join("\n");
        let ask = Ask { want: "forward.1.state, backward.1.state".parse().expect("places"), ..Ask::new(&text) };
        let mut number = 0;
        let mut sink = |block: lexiscope::engine::recurrent::Block| {
            let name = number.to_string();
            let (wanted, shape) = (stored.read(&name)?, stored.shape(&name).expect("a shape").to_vec());
            let tokens = block.tokens.len() - 2;
            assert_eq!(shape, [2, tokens, 16], "sentence {number}");
            for (stack, wanted) in ["forward", "backward"].into_iter().zip(wanted.chunks_exact(tokens * 16)) {
                let at = format!("{stack}.1.state").parse().expect("a place");
                // Without the marks at both ends.
                let ours = &block.arrays[&at].data()[16..][..tokens * 16];
                for (a, b) in ours.iter().zip(wanted) {
                    worst = worst.max((a - b).abs());
                }
            }
            number += 1;
            Ok(())
        };
        opened.trace(&ask, &Control::default(), &mut sink).expect("it runs");
        assert_eq!(number, sentences.len());
    }
    assert!(worst < 1e-5, "{worst}");
}

#[test]
fn textgenrnn_opens_for_its_states() {
    let Some(path) = beside("keras-textgenrnn") else { return };
    let opened = open(&path);
    let units: Vec<usize> = opened.network.layers.iter().map(|layer| layer.forward.units).collect();
    assert_eq!((units, opened.network.output.is_none()), (vec![128, 128], true));
    assert!(opened.notices.iter().any(|notice| notice.contains("attention")), "{:?}", opened.notices);
    let summary = opened.trace(&Ask::new("A headline"), &Control::default(), &mut |_| Ok(())).expect("it runs");
    assert_eq!((summary.tokens, summary.bits_per_token()), (10, None));
}
