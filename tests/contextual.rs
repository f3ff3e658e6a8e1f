//! Contextual vectors: the rows are what the model computes, and the columns say what of.

use lexiscope::engine::contextual::{Embedded, How, Pool, embed, embed_all};
use lexiscope::engine::device::Choice;
use lexiscope::engine::{Ask, Opened, Run};
use lexiscope::source::passages::Passages;
use lexiscope::source::vectors::{ColumnValues, Opening, Vectors};
use lexiscope::trace::Control;
use lexiscope::{Error, Result};
use safetensors::SafeTensors;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn model(name: &str) -> Opened {
    Opened::open_folder(&root().join(name), Choice::Cpu, &Control::default()).expect(name)
}

const ALL: How = How { layer: None, pool: Pool::None, hide: false, budget: 1_000_000_000, room: 1_000_000_000 };

fn of(opened: &Opened, passages: &Passages, how: How) -> Result<Embedded> {
    embed(opened, passages, how, &Control::default())
}

fn texts(vectors: &Vectors, column: &str) -> Vec<String> {
    let found = vectors.columns.iter().find(|c| c.name == column).unwrap_or_else(|| panic!("a column {column}"));
    (0..found.values.len()).map(|i| found.values.text(i).into_owned()).collect()
}

fn assert_close(found: &[f32], wanted: &[f32], within: f32, what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let worst = found.iter().zip(wanted).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
    assert!(worst <= within, "{what}: {worst}");
}

#[test]
fn every_layer_is_what_transformers_computes() {
    for name in ["bert", "gpt2", "albert", "distilbert"] {
        let folder = root().join("tests/data/models").join(name);
        let opened = model(&format!("tests/data/models/{name}"));
        let expected: Value =
            serde_json::from_slice(&std::fs::read(folder.join("expected.json")).expect("JSON")).expect("JSON");
        let bytes = std::fs::read(folder.join("expected.safetensors")).expect("tensors");
        let tensors = SafeTensors::deserialize(&bytes).expect("tensors");
        let case = &expected["cases"][0];
        let (case_name, text) = (case["name"].as_str().expect("a name"), case["texts"][0].as_str().expect("a text"));
        let layers = opened.card().layers;
        let tensor = tensors.tensor(&format!("{case_name}.hidden_states")).expect("hidden states");
        let all: Vec<f32> = tensor.data().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        for number in 0..=layers {
            let block = all.len() / (layers + 1);
            let wanted = &all[number * block..][..block];
            let how = How { layer: number.checked_sub(1), ..ALL };
            let found = of(&opened, &Passages::typed(text), how).expect(name).vectors;
            let dim = opened.card().dim;
            assert_close(found.rows.values(), wanted, 2e-5, &format!("{name} {number}"));
            let count = wanted.len() / dim;
            let positions: Vec<String> = (0..count).map(|i| i.to_string()).collect();
            assert_eq!((texts(&found, "position"), found.words.len()), (positions, count));

            let mean = of(&opened, &Passages::typed(text), How { pool: Pool::Mean, ..how }).expect(name).vectors;
            let sum = |axis: usize| wanted.iter().skip(axis).step_by(dim).sum::<f32>() / count as f32;
            let means: Vec<f32> = (0..dim).map(sum).collect();
            assert_close(mean.rows.values(), &means, 2e-5, name);
            assert_eq!(mean.words.get(0), text);
            let first = of(&opened, &Passages::typed(text), How { pool: Pool::Cls, ..how });
            match first {
                Ok(first) => assert_close(first.vectors.rows.values(), &wanted[..dim], 2e-5, name),
                Err(error) => assert!(name == "gpt2" && error.to_string().contains("take the mean"), "{error}"),
            }
        }
        let beyond = of(&opened, &Passages::typed(text), How { layer: Some(layers), ..ALL });
        assert!(beyond.expect_err("no such layer").to_string().contains("counted from 0"));
    }
}

#[test]
fn tokens_of_a_treebank_have_the_tags_of_their_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.conllu");
    let line = |id: usize, form: &str, lemma: &str, upos: &str, head: usize, relation: &str, misc: &str| {
        format!("{id}\t{form}\t{lemma}\t{upos}\t_\t_\t{head}\t{relation}\t_\t{misc}\n")
    };
    let text = [
        line(1, "The", "the", "DET", 2, "det", "_"),
        line(2, "unhappiest", "unhappy", "ADJ", 3, "nsubj", "_"),
        line(3, "sang", "sing", "VERB", 0, "root", "SpaceAfter=No"),
        line(4, ".", ".", "PUNCT", 3, "punct", "_"),
        "\n".to_owned(),
        line(1, "Doors", "door", "NOUN", 2, "nsubj", "_"),
        line(2, "opened", "open", "VERB", 0, "root", "_"),
    ];
    std::fs::write(&path, text.concat()).expect("it is written");
    let passages = Passages::open(&path, None, usize::MAX, &Control::default()).expect("a treebank");
    let opened = model("models/bert-mini-en");
    let found = of(&opened, &passages, How { layer: Some(1), hide: true, ..ALL }).expect("two sentences");
    assert_eq!((found.tour.read, found.tour.skipped), (2, 0));
    let vectors = found.vectors;
    let names: Vec<String> = vectors.words.iter().map(std::borrow::Cow::into_owned).collect();
    let upos = texts(&vectors, "upos");
    // The long word is several tokens, each with the word's tag.
    let pieces = upos.iter().filter(|tag| *tag == "ADJ").count();
    assert!(pieces > 1, "{names:?}");
    let mut short = upos.clone();
    short.dedup();
    assert_eq!(short, ["DET", "ADJ", "VERB", "PUNCT", "NOUN", "VERB"], "{names:?}");
    let mut relations = texts(&vectors, "relation");
    relations.dedup();
    assert_eq!(relations, ["det", "nsubj", "root", "punct", "nsubj", "root"]);
    assert_eq!(texts(&vectors, "lemma").last().map(String::as_str), Some("open"));
    let sentences = texts(&vectors, "sentence");
    assert_eq!((sentences[0].as_str(), sentences[sentences.len() - 1].as_str()), ("0", "1"));
    // Special tokens count, though they are not shown.
    assert_eq!(texts(&vectors, "position")[0], "1");

    // The rows are those of a run of the sentence alone.
    let run = Run::new(&opened, &Ask::new("Doors opened"), &Control::default()).expect("a run");
    let hidden = run.hidden_states().expect("kept");
    let first = sentences.iter().position(|s| s == "1").expect("the second sentence");
    assert_eq!(vectors.rows.row(first), hidden.block(&[2, 1]));

    let small = How { room: 1000, ..ALL };
    assert!(matches!(of(&opened, &passages, small), Err(Error::TooLarge { wanted, .. }) if wanted > 1000));
}

#[test]
fn all_layers_are_those_one_by_one() {
    let opened = model("models/bert-mini-en");
    let passages = Passages::typed("The old lady opened the door.");
    let how = How { hide: true, ..ALL };
    let all = embed_all(&opened, &passages, how, &Control::default()).expect("all layers");
    let layers = opened.card().layers;
    let count = all.vectors.rows.len() / (layers + 1);
    assert_eq!((all.spans.len(), &all.spans[0], &all.spans[count]), (all.vectors.rows.len(), &(0..3), &(0..3)));
    let numbers = texts(&all.vectors, "layer");
    for number in 0..=layers {
        let one = of(&opened, &passages, How { layer: number.checked_sub(1), ..how }).expect("a layer").vectors;
        let rows = number * count..(number + 1) * count;
        let width = one.rows.width();
        assert_eq!(one.rows.values(), &all.vectors.rows.values()[rows.start * width..rows.end * width]);
        let wanted = vec![(number as f64 - 1.0).to_string(); count];
        assert_eq!(numbers[rows.clone()], wanted);
        assert_eq!(texts(&one, "position"), texts(&all.vectors, "position")[rows]);
    }
    let small = How { room: 1000, ..how };
    let error = embed_all(&opened, &passages, small, &Control::default());
    assert!(matches!(error, Err(Error::Memory { wanted, .. }) if wanted > 1000));
}

#[test]
fn a_sense_is_said_of_its_word_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("senses.tsv");
    let table = "word\tsense\ttext\nbank\triver\tWe sat on the Bank.\nbank\tmoney\tThe bank lent us banknotes.\n";
    std::fs::write(&path, table).expect("it is written");
    let passages = Passages::open(&path, None, usize::MAX, &Control::default()).expect("a table");
    let opened = model("models/bert-mini-en");
    let vectors = of(&opened, &passages, How { layer: Some(0), ..ALL }).expect("two sentences").vectors;
    let senses = texts(&vectors, "sense");
    let said: Vec<(String, String)> = (0..senses.len())
        .map(|i| (vectors.words.get(i).into_owned(), senses[i].clone()))
        .filter(|s| !s.1.is_empty())
        .collect();
    let of_bank = |sense: &str| ("bank".to_owned(), sense.to_owned());
    assert_eq!(said, [of_bank("river"), of_bank("money")]);
    // Of a text as a whole the sense is said.
    let pooled = of(&opened, &passages, How { pool: Pool::Mean, ..ALL }).expect("two sentences").vectors;
    assert_eq!(texts(&pooled, "sense"), ["river", "money"]);
}

#[test]
fn the_command_line_writes_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("x.npz").to_string_lossy().into_owned();
    let table = folder.path().join("t.csv").to_string_lossy().into_owned();
    std::fs::write(&table, "id,text,kind\n7,The old lady.,a\n8,The old door.,b\n").expect("it is written");
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_lexiscope")).args(args).output().expect("the program starts");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let open = |path: &str| Vectors::open(Path::new(path), &Opening::default(), &Control::default()).expect("vectors");
    let (code, said) = run(&["embed", "bert-mini-en", "--file", &table, "--layer", "last", "--out", &out]);
    assert!(code == Some(0) && said.contains("layer 3 of bert-mini-en (`hidden_states[4]`"), "{said}");
    let tokens = open(&out);
    assert_eq!((tokens.rows.width(), tokens.words.len()), (256, 12));
    assert_eq!(texts(&tokens, "kind").concat(), "aaaaaabbbbbb");
    let names: Vec<String> = tokens.words.iter().map(std::borrow::Cow::into_owned).collect();
    assert_eq!(names[..6], ["[CLS]", "the", "old", "lady", ".", "[SEP]"]);
    assert_eq!(tokens.words.find("old"), Some(2), "the first of several");
    // The same word differs by what stands around it.
    assert_ne!(tokens.rows.row(2), tokens.rows.row(8));

    let pooled = folder.path().join("p.tsv").to_string_lossy().into_owned();
    let args = ["embed", "bert-mini-en", "--file", &table, "--layer", "0", "--pool", "mean", "--special", "hide"];
    let (code, said) = run(&[&args[..], &["--out", &pooled]].concat());
    assert_eq!(code, Some(0), "{said}");
    let means = open(&pooled);
    assert_eq!(means.words.iter().collect::<Vec<_>>(), ["The old lady.", "The old door."]);
    assert_eq!(
        means.columns.iter().find(|c| c.name == "id").map(|c| &c.values),
        Some(&ColumnValues::Number(vec![7.0, 8.0]))
    );
    let layers = folder.path().join("l.npz").to_string_lossy().into_owned();
    let (code, said) = run(&["embed", "bert-mini-en", "--text", "The old lady.", "--layer", "all", "--out", &layers]);
    assert!(code == Some(0) && said.contains("every layer of bert-mini-en"), "{said}");
    let all = open(&layers);
    assert_eq!((all.words.len(), texts(&all, "layer").last().map(String::as_str)), (5 * 6, Some("3")));
    let last = of(&model("models/bert-mini-en"), &Passages::typed("The old lady."), How { layer: Some(3), ..ALL });
    assert_eq!(all.rows.values()[4 * 6 * 256..], *last.expect("a layer").vectors.rows.values());
    for (args, code, why) in [
        (vec!["embed", "bert-mini-en", "--text", "a", "--layer", "4", "--out", &out], 1, "there is no layer 4"),
        (vec!["embed", "bert-mini-en", "--text", "a", "--layer", "x", "--out", &out], 2, "embeddings, last, or all"),
        (vec!["embed", "bert-mini-en", "--layer", "1", "--out", &out], 2, "--text"),
        (vec!["embed", "bert-mini-en", "--text", " ", "--layer", "1", "--out", &out], 1, "--text is blank"),
        (
            vec!["embed", "bert-mini-en", "--text", "the the", "--layer", "1", "--out", "x.bin"],
            1,
            "not the first one of",
        ),
    ] {
        let (found, said) = run(&args);
        assert!(found == Some(code) && said.contains(why), "{args:?}: {found:?} {said}");
    }
}
