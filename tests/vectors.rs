//! Files of vectors: what the tools of every format wrote is read as they read it, and nothing damaged or hostile does
//! harm.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use lexiscope::export::vectors as export;
use lexiscope::source::vectors::{BadRows, ColumnValues, Opening, Vectors, Words};
use lexiscope::trace::{Control, Stop};
use lexiscope::{Error, Result};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/vectors").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(data(name)).expect(name)
}

fn expected() -> Value {
    serde_json::from_slice(&bytes("expected.json")).expect("JSON")
}

fn open_with(path: &Path, opening: &Opening) -> Result<Vectors> {
    Vectors::open(path, opening, &Control::default())
}

fn open(name: &str) -> Vectors {
    open_with(&data(name), &Opening::default()).expect(name)
}

/// Opens a file of these bytes.
fn written(name: &str, bytes: &[u8], opening: &Opening) -> Result<Vectors> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("it is written");
    open_with(&path, opening)
}

#[track_caller]
fn refused(name: &str, bytes: &[u8], why: &str) {
    let error = written(name, bytes, &Opening::default()).expect_err(why).to_string();
    assert!(error.contains(why), "`{error}` does not say `{why}`");
}

fn numbers(value: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(value.clone()).expect("rows of numbers")
}

fn strings(value: &Value) -> Vec<String> {
    serde_json::from_value(value.clone()).expect("strings")
}

#[track_caller]
fn assert_rows(vectors: &Vectors, wanted: &[Vec<f64>], within: f64, what: &str) {
    assert_eq!(vectors.rows.len(), wanted.len(), "{what}");
    for (i, (row, wanted)) in vectors.rows.iter().zip(wanted).enumerate() {
        assert_eq!(row.len(), wanted.len(), "{what}");
        for (x, y) in row.iter().zip(wanted) {
            assert!(
                (f64::from(*x) - y).abs() <= within,
                "{what}: {} is {row:?} and not {wanted:?}",
                vectors.words.get(i)
            );
        }
    }
}

fn words(vectors: &Vectors) -> Vec<String> {
    vectors.words.iter().map(std::borrow::Cow::into_owned).collect()
}

/// A column of numbers.
fn column<'a>(vectors: &'a Vectors, name: &str) -> &'a [f64] {
    let found = vectors.columns.iter().find(|column| column.name == name).map(|column| &column.values);
    let Some(ColumnValues::Number(values)) = found else { panic!("{name} is {found:?}") };
    values
}

#[test]
fn word2vec_and_numpy_and_safetensors_hold_the_same_space() {
    let expected = &expected()["w2v"];
    let (names, rows) = (strings(&expected["words"]), numbers(&expected["vectors"]));
    let labelled = Opening { labels: Some(data("array.labels.txt")), ..Opening::default() };
    let first = Opening { tensor: Some("first".to_owned()), ..labelled.clone() };
    let table = Opening { tensor: Some("table".to_owned()), ..Opening::default() };
    let raw = Opening { tensor: Some("space".to_owned()), ..Opening::default() };
    for (file, opening, format) in [
        ("w2v.txt", &Opening::default(), "word2vec text"),
        ("w2v.bin", &Opening::default(), "word2vec binary"),
        ("newlines.bin", &Opening::default(), "word2vec binary"),
        ("array.npy", &Opening::default(), "NumPy array"),
        ("fortran.npy", &labelled, "NumPy array"),
        ("words.npz", &Opening::default(), "NumPy archive"),
        ("several.safetensors", &first, "safetensors"),
        ("projector", &table, "table of numbers"),
        ("projector/vectors.tsv", &Opening::default(), "table of numbers"),
        ("projector/projector_config.json", &raw, "raw numbers"),
        ("projector/space_tensors.bytes", &Opening::default(), "raw numbers"),
    ] {
        let vectors = open_with(&data(file), opening).expect(file);
        assert_eq!((vectors.report.format, words(&vectors)), (format, names.clone()), "{file}");
        assert_rows(&vectors, &rows, 0.0, file);
        assert_eq!((vectors.report.zeros, vectors.report.duplicates, vectors.report.not_finite), (1, 0, 0), "{file}");
        assert_eq!(vectors.path, data(file));
        for (i, name) in names.iter().enumerate() {
            assert_eq!(vectors.words.find(name), Some(i), "{file}");
        }
    }
}

#[test]
fn what_lies_beside_the_vectors_becomes_columns() {
    let kinds = |vectors: &Vectors, name: &str| {
        let found = vectors.columns.iter().find(|column| column.name == name).expect(name);
        (0..found.values.len()).map(|i| found.values.text(i).into_owned()).collect::<String>()
    };
    let tables = open("projector/vectors.tsv");
    assert_eq!(column(&tables, "count")[..3], [0.0, 3.0, 6.0]);
    assert_eq!(kinds(&tables, "kind"), "abababababab");
    assert_eq!(tables.columns.len(), 2);
    let archive = open("words.npz");
    // More digits than an f32 has.
    assert_eq!(column(&archive, "count")[..2], [9_007_199_254_740_991.0, 9_007_199_254_740_990.0]);
    assert_eq!(kinds(&archive, "kind"), "xyxyxyxyxyxy");
    let halves = open("bytes.npz");
    assert_eq!(halves.words.bytes_of(2), "café".as_bytes());
    assert_eq!(halves.rows.row(1), [0.0, -0.0, 1.0, -2.5, 1.001_358e-5]);
}

#[test]
fn metadata_is_joined_by_word_or_by_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let joined = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("it is written");
        open_with(&data("w2v.bin"), &Opening { metadata: Some(path), ..Opening::default() })
    };
    let by_word = joined("a.csv", "rank,word,said\n7,门,\"a, b\"\n9,the,\n8,the,again\n1,nobody,x\n").expect("a table");
    let rank = column(&by_word, "rank");
    assert_eq!((rank[0], rank[5]), (9.0, 7.0));
    assert!(rank[1].is_nan());
    assert_eq!(by_word.columns[1].values.text(5), "a, b");
    assert!(by_word.report.notices.iter().any(|n| n.contains("2 of 12")), "{:?}", by_word.report.notices);
    let vocabulary = joined("v.txt", "the 900\nof 17\nday 3\n").expect("a vocabulary");
    assert_eq!(column(&vocabulary, "count")[..2], [900.0, 17.0]);
    let lines: String = (0..12).fold(String::new(), |text, i| format!("{text}{}\n", 100 + i));
    let by_row = joined("r.tsv", &lines).expect("a row to each word");
    assert_eq!(column(&by_row, "column 1")[11], 111.0);
    let error = joined("n.tsv", "x\t1\ny\t2\n").expect_err("neither").to_string();
    assert!(error.contains("none of its 2 rows names a word"), "{error}");
}

#[test]
fn glove_words_may_hold_spaces_and_end_in_numbers() {
    let expected = &expected()["glove"];
    let vectors = open("glove.txt");
    assert_eq!(words(&vectors), strings(&expected["words"]));
    assert_rows(&vectors, &numbers(&expected["vectors"]), 0.0, "glove.txt");
    assert_eq!((vectors.report.format, vectors.report.promised), ("GloVe text", None));
}

#[test]
fn fasttext_vectors_are_what_fasttext_computes() {
    let expected = expected();
    let of = &expected["ft"];
    let names: Vec<Vec<u8>> = strings(&of["hex"])
        .iter()
        .map(|hex| (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hex")).collect())
        .collect();
    let end = names.iter().position(|name| name == b"</s>").expect("the end of lines is a word");
    assert!(names.iter().any(|name| std::str::from_utf8(name).is_err()), "one word is Latin-1");
    for (file, key) in [("ft.bin", "vectors"), ("ft11.bin", "older"), ("ft0.bin", "older")] {
        let vectors = open(file);
        assert_eq!(vectors.words.len(), names.len(), "{file}");
        for (i, name) in names.iter().enumerate() {
            assert_eq!((vectors.words.bytes_of(i), vectors.words.find(name)), (name.as_slice(), Some(i)), "{file}");
        }
        assert_rows(&vectors, &numbers(&of[key]), 1e-6, file);
        assert_eq!(column(&vectors, "count"), numbers(&serde_json::json!([of["counts"]]))[0], "{file}");
    }
    assert_ne!(numbers(&of["vectors"])[end], numbers(&of["older"])[end], "versions differ in one word");

    let vectors = open("ft.bin");
    let subwords = vectors.subwords.as_ref().expect("it has n-grams");
    let oov = &expected["ft_oov"];
    for (word, wanted) in strings(&oov["words"]).iter().zip(numbers(&oov["vectors"])) {
        let found = subwords.vector(word.as_bytes()).unwrap_or_else(|| vec![0.0; 4]);
        for (x, y) in found.iter().zip(&wanted) {
            assert!((f64::from(*x) - y).abs() < 1e-6, "{word}: {found:?} and not {wanted:?}");
        }
    }
    for (word, rows) in expected["ft_grams"].as_object().expect("words") {
        // fastText counts n-grams after all words, and the word itself among them.
        let mut wanted: Vec<usize> = serde_json::from_value(rows.clone()).expect("rows");
        wanted.retain(|row| *row >= names.len());
        let found: Vec<usize> = subwords.grams(word.as_bytes()).iter().map(|g| g.bucket + names.len()).collect();
        assert_eq!(found, wanted, "{word}");
    }
    let door = vectors.words.find("door").expect("a word");
    let own = subwords.own(b"door", vectors.rows.row(door));
    let grams = subwords.grams(b"door");
    for (axis, own) in own.iter().enumerate() {
        let sum = own + grams.iter().map(|g| subwords.row(g)[axis]).sum::<f32>();
        assert!((sum / (grams.len() + 1) as f32 - vectors.rows.row(door)[axis]).abs() < 1e-6);
    }
    assert_eq!(vectors.vector_of(b"door").expect("a word").as_ref(), vectors.rows.row(door));
    assert_eq!(vectors.vector_of("двери".as_bytes()).map(|v| v.len()), Some(4));
}

#[test]
fn classifiers_and_the_models_of_gensim_are_read() {
    let expected = expected();
    let class = open("ft_class.bin");
    assert_eq!(words(&class), strings(&expected["ft_class"]["words"]));
    assert_rows(&class, &numbers(&expected["ft_class"]["vectors"]), 1e-6, "ft_class.bin");
    assert!(class.report.notices.iter().any(|n| n.contains("2 labels")), "{:?}", class.report.notices);
    let (mut names, mut rows) = (strings(&expected["gensim_ft"]["words"]), numbers(&expected["gensim_ft"]["vectors"]));
    let model = open("gensim_ft.bin");
    let (last, wanted) = (names.pop().expect("a word"), rows.pop().expect("a row"));
    assert_eq!(words(&model), names);
    assert_rows(&model, &rows, 1e-6, "gensim_ft.bin");
    assert_rows(&open("gensim_ft.vec"), &rows, 1e-7, "gensim_ft.vec");
    let found = model.vector_of(last.as_bytes()).expect("it has n-grams");
    assert!(found.iter().zip(&wanted).all(|(x, y)| (f64::from(*x) - y).abs() < 1e-6), "{last}: {found:?}");
    let error = open_with(&data("ft.ftz"), &Opening::default()).expect_err("quantised");
    assert!(error.to_string().contains("quantised fastText model"), "{error}");
}

#[test]
fn the_real_files_beside_the_project_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/vectors");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let open = |name: &str| open_with(&folder.join(name), &Opening::default()).expect(name);
    let (text, binary) = (open("glove.twitter.25d.subset.txt"), open("glove.twitter.25d.subset.w2v.bin"));
    assert_eq!((text.words.len(), text.rows.width()), (11_925, 25));
    assert!(text.words == binary.words && text.rows == binary.rows, "the two files are one space");
    assert_eq!(open("euclidean_vectors.bin").words.len(), 2747);
    assert_eq!((open("test_glove.txt").words.len(), open("test_glove.txt").rows.width()), (76, 50));
    for (model, vec) in
        [("crime-and-punishment.bin", "crime-and-punishment.vec"), ("lee_fasttext.bin", "lee_fasttext.vec")]
    {
        let (model, vec) = (open(model), open(vec));
        assert!(model.words == vec.words, "{:?}", model.path);
        for (i, (row, wanted)) in model.rows.iter().zip(&vec.rows).enumerate() {
            let worst = row.iter().zip(wanted).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
            assert!(worst <= 5e-5, "{}: {worst}", model.words.get(i));
        }
    }
    // What gensim 4.4.0 says of the same files.
    let new = open("lee_fasttext_new.bin");
    for (word, wanted) in
        [("night", [0.33380, -0.08147, 0.50338, -1.05278]), ("nights1", [-0.03213, -0.18146, 0.43511, -1.01069])]
    {
        let found = new.vector_of(word.as_bytes()).expect(word);
        assert!(found.iter().zip(wanted).all(|(x, y)| (x - y).abs() < 1e-5), "{word}: {found:?}");
    }
    for name in ["non_ascii_fasttext.bin", "toy-model.bin", "toy-model-pretrained.bin"] {
        assert!(!open(name).words.is_empty());
    }
}

#[test]
fn the_input_embedding_of_a_model_has_its_tokens() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/bert-mini-en");
    let vectors = open_with(&folder, &Opening::default()).expect("the bundled model");
    let lines = std::fs::read_to_string(folder.join("vocab.txt")).expect("its vocabulary");
    assert_eq!(words(&vectors), lines.lines().collect::<Vec<_>>());
    assert_eq!((vectors.rows.width(), vectors.report.format), (256, "embedding of a model"));
    let few = open_with(&folder, &Opening { limit: Some(7), ..Opening::default() }).expect("a part of it");
    assert_eq!((few.words.len(), few.rows.row(6)), (7, vectors.rows.row(6)));
    let wrong = Opening { tensor: Some("nothing".to_owned()), ..Opening::default() };
    let error = open_with(&folder, &wrong).expect_err("no such tensor").to_string();
    assert!(error.contains("has no `nothing`") && error.contains("word_embeddings.weight"), "{error}");
}

#[test]
fn the_bundled_vectors_are_opened_by_their_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/words-en");
    let vectors = open_with(&folder, &Opening::default()).expect("the bundled vectors");
    assert_eq!((vectors.words.len(), vectors.rows.width()), (19_645, 100));
    let counts = column(&vectors, "count");
    assert!(counts.is_sorted_by(|x, y| x >= y) && counts[0] == 704_460.0, "the most frequent come first");
    // king - man + woman: what gensim 4.4.0 finds nearest.
    let unit = |i: usize| {
        let row = vectors.rows.row(i);
        let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt();
        row.iter().map(|x| x / norm).collect::<Vec<_>>()
    };
    let [king, man, woman] = ["king", "man", "woman"].map(|word| vectors.words.find(word).expect(word));
    let asked: Vec<f32> = (0..100).map(|i| unit(king)[i] - unit(man)[i] + unit(woman)[i]).collect();
    let norm = asked.iter().map(|x| x * x).sum::<f32>().sqrt();
    let score = |i: usize| unit(i).iter().zip(&asked).map(|(x, y)| x * y).sum::<f32>() / norm;
    let others = (0..vectors.words.len()).filter(|i| ![king, man, woman].contains(i));
    let best = others.max_by(|&i, &j| score(i).total_cmp(&score(j))).expect("a word");
    assert_eq!(vectors.words.get(best), "queen");
    assert!((score(best) - 0.794_951).abs() < 1e-4, "{}", score(best));

    let (code, out, _) = lexiscope(&["vectors", "words-en", "--limit", "2", "info"]);
    assert!(code == 0 && out.contains("first       the and\n"), "{out}");
    let size: u64 = std::fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.and_then(|e| e.metadata()).map_or(0, |about| about.len()))
        .sum();
    assert!(size <= 5_000_000, "{size}");
}

#[test]
fn a_choice_of_tensors_is_offered_by_name() {
    let error = open_with(&data("several.safetensors"), &Opening::default()).expect_err("two matrices").to_string();
    assert!(error.contains("`first` [12, 5], `model.second` [12, 5]") && !error.contains("scale"), "{error}");
    let asked = |name: &str| Opening { tensor: Some(name.to_owned()), ..Opening::default() };
    let second = open_with(&data("several.safetensors"), &asked("model.second")).expect("a matrix");
    assert_eq!(words(&second)[..2], ["0", "1"], "rows without words are called by their numbers");
    let error = open_with(&data("several.safetensors"), &asked("scale")).expect_err("no matrix").to_string();
    assert!(error.contains("`scale` has the shape [5] and is no matrix"), "{error}");
    let error = open_with(&data("projector/projector_config.json"), &Opening::default()).expect_err("two").to_string();
    assert!(error.contains("`space` [12, 5], `table` [12, 5]"), "{error}");
}

#[test]
fn a_header_that_lies_is_found_out() {
    let text = "3 2\na 1 2\nb 3 4\n";
    let fewer = written("x.txt", text.as_bytes(), &Opening::default()).expect("two rows");
    assert_eq!((fewer.words.len(), fewer.report.promised), (2, Some(3)));
    assert!(fewer.report.notices[0].contains("promises 3 vectors, and it has 2"), "{:?}", fewer.report.notices);
    let more = written("x.txt", b"1 2\na 1 2\nb 3 4\n", &Opening::default()).expect("two rows");
    assert!(more.report.notices[0].contains("promises 1 vectors, and it has 2"), "{:?}", more.report.notices);
    refused("x.txt", b"2 3\na 1 2\nb 3 4\n", "promises 3 numbers to a word, and its lines have 2");
    refused("x.txt", b"0 3\n", "promises 0 vectors");
    refused("x.txt", b"2 2\na 1 2\nb 3\n", "line 3 should end with 2 numbers");
    refused("x.txt", b"2 2\na 1 2\nb 3 x\n", "line 3 should end with 2 numbers, and has 0 after `x`");

    let whole = bytes("w2v.bin");
    let lie = |head: &str| [head.as_bytes(), &whole[5..]].concat();
    let row = |word: &str| word.len() + 21;
    let names = strings(&expected()["w2v"]["words"]);
    let more = written("x.bin", &lie("11 5\n"), &Opening::default()).expect("twelve rows");
    assert_eq!((more.words.len(), more.report.promised), (12, Some(11)));
    refused("x.bin", &lie("13 5\n"), "promises 13 vectors, and it ends after 12 at byte 310");
    refused("x.bin", &lie("99999999999 5\n"), "it ends after 12");
    refused("x.bin", &lie("12 99999999999\n"), "promises vectors of 99999999999 numbers");
    refused("x.bin", &lie("12 6\n"), "may lie about the width");
    refused("x.bin", &lie("12 4\n"), "may lie about the width");
    // The middle of the second vector.
    let end = 5 + row(&names[0]) + row(&names[1]);
    let what = format!("word 2 of 12 should end at byte {end}, and the file has only {} bytes", end - 7);
    refused("x.bin", &whole[..end - 7], &what);
    let part = Opening { limit: Some(1), ..Opening::default() };
    assert_eq!(written("x.bin", &whole[..end - 7], &part).expect("the first is whole").words.len(), 1);
}

#[test]
fn rows_that_are_no_numbers_are_skipped_kept_or_refused() {
    let text = b"a 1 2\nb nan 1\na 5 6\nc 0 0\nb 7 8\nd 1e39 0\n";
    let as_is = |bad| Opening { bad, ..Opening::default() };
    let skipped = written("x.txt", text, &as_is(BadRows::Skip)).expect("three rows");
    assert_eq!(words(&skipped), ["a", "c", "b"]);
    assert_eq!(skipped.rows.values(), [1.0, 2.0, 0.0, 0.0, 7.0, 8.0], "the first one that is a vector counts");
    let report = &skipped.report;
    assert_eq!((report.duplicates, report.not_finite, report.zeros), (1, 2, 1));
    let kept = written("x.txt", text, &as_is(BadRows::Keep)).expect("four rows");
    assert_eq!(words(&kept), ["a", "b", "c", "d"]);
    assert_eq!((kept.report.duplicates, kept.report.not_finite), (2, 2));
    let error = written("x.txt", text, &as_is(BadRows::Refuse)).expect_err("a bad row").to_string();
    assert!(error.contains("line 2: `b` has NaN or infinity"), "{error}");
    refused("x.txt", b"a nan 1\nb inf 2\n", "no vector in it but 2 with NaN or infinity");

    // Numbers whose words are elsewhere lose the word with the row.
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("vectors.tsv"), "1\t2\nnan\t1\n3\t4\n").expect("it is written");
    std::fs::write(folder.path().join("metadata.tsv"), "name\tn\nx\t1\ny\t2\nx\t3\n").expect("it is written");
    let vectors = open_with(folder.path(), &Opening::default()).expect("two rows");
    assert_eq!(
        (words(&vectors), vectors.rows.values()),
        (vec!["x".into(), "x".into()], [1.0, 2.0, 3.0, 4.0].as_slice())
    );
    assert_eq!((column(&vectors, "n"), vectors.words.find("x")), ([1.0, 3.0].as_slice(), Some(0)));
    assert!(vectors.report.notices.iter().any(|n| n.contains("1 of 2 rows carry the name")));
}

#[test]
fn what_is_no_file_of_vectors_says_so() {
    refused("x.txt", b"", "it is empty");
    refused("x.bin", b"\x1f\x8b\x08\0", "gunzip");
    refused("x.zip", b"PK\x03\x04", "unpack it first");
    refused("x.txt", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull");
    refused("x.txt", b"Call me Ishmael.\nSome years ago\n", "no file of vectors");
    refused("x.json", b"{\"a\": 1}", "no file of vectors");
    refused("x.bytes", &[0; 12], "--width");
    let error = open_with(&data("nothing.txt"), &Opening::default()).expect_err("no file");
    assert!(matches!(error, Error::Io { .. }));
    let folder = tempfile::tempdir().expect("a folder");
    let error = open_with(folder.path(), &Opening::default()).expect_err("an empty folder").to_string();
    assert!(error.contains("neither a model nor a file of vectors"), "{error}");
}

#[test]
fn one_word_is_a_space_and_bytes_that_are_no_text_survive() {
    for text in [b"a 1 2 3".as_slice(), b"1 3\na 1 2 3\r\n", b"\xef\xbb\xbfa 1 2 3 \n\n", b"a\t1\t2\t3\n"] {
        let vectors = written("x.txt", text, &Opening::default()).expect("one word");
        assert_eq!((words(&vectors), vectors.rows.values()), (vec!["a".into()], [1.0, 2.0, 3.0].as_slice()));
    }
    for text in ["  1   2\n -3  4.5\n", "a  1   2\nb -3  4.5 \n"] {
        let vectors = written("x.txt", text.as_bytes(), &Opening::default()).expect("columns that stand in line");
        assert_eq!((vectors.words.len(), vectors.rows.values()), (2, [1.0, 2.0, -3.0, 4.5].as_slice()), "{text}");
    }
    let text = b"caf\xe9 1 2\ncaf\xe8 3 4\n";
    let vectors = written("x.txt", text, &Opening::default()).expect("two words");
    assert_eq!((vectors.words.len(), vectors.words.find(b"caf\xe8")), (2, Some(1)));
    assert_eq!(vectors.words.bytes_of(0), b"caf\xe9");
    assert_eq!(vectors.words.get(0), "caf\u{fffd}");
}

#[test]
fn memory_is_asked_for_before_it_is_taken() {
    let small = Opening { budget: 500, ..Opening::default() };
    for name in ["w2v.bin", "w2v.txt", "ft.bin", "array.npy", "words.npz", "projector", "glove.txt"] {
        let opening = Opening { tensor: (name == "projector").then(|| "space".to_owned()), ..small.clone() };
        let error = open_with(&data(name), &opening).expect_err(name);
        let Error::TooLarge { wanted, budget, .. } = error else { panic!("{name}: {error}") };
        assert!(wanted > budget && wanted < 20_000, "{name}: {wanted}");
        let few = Opening { limit: Some(2), tensor: opening.tensor.clone(), ..small.clone() };
        match open_with(&data(name), &few) {
            Ok(vectors) => assert_eq!(vectors.words.len(), 2, "{name}"),
            // Its n-grams are needed for every word.
            Err(error) => assert!(name == "ft.bin" && matches!(error, Error::TooLarge { .. }), "{name}: {error}"),
        }
    }
    let error = written("x.bin", b"3000000000 300\na aaaa", &small).expect_err("nothing is there");
    assert!(error.to_string().contains("300 numbers"), "{error}");
}

/// A text of as many words, numbers written in as many ways.
fn large(count: usize) -> String {
    let mut text = String::new();
    for i in 0..count {
        let x = (i as f32 * 0.7).sin();
        let _ = writeln!(text, "w{i}{} {x} {:e} {:.3} -{}", if i % 9 == 0 { " b" } else { "" }, x / 3.0, x, i % 50);
    }
    text
}

#[test]
fn threads_make_no_difference() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large.txt");
    let count = 150_000;
    // More than a block of what is read at a time.
    std::fs::write(&path, large(count)).expect("it is written");
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| open_with(&path, &Opening::default())).expect("a good file")
    };
    let (one, three) = (with(1), with(3));
    assert_eq!(one.words.len(), count);
    assert!(one == three);
    for i in [0, 9, 77_777, count - 1] {
        let x = (i as f32 * 0.7).sin();
        let rounded: f32 = format!("{x:.3}").parse().expect("a number");
        assert_eq!(one.rows.row(i), [x, x / 3.0, rounded, -((i % 50) as f32)]);
        assert_eq!(one.words.get(i), if i % 9 == 0 { format!("w{i} b") } else { format!("w{i}") });
    }
    let mut broken = large(count).into_bytes();
    let last = broken.len() - 3;
    broken[last] = b'x';
    refused("x.txt", &broken, &format!("line {count} should end with 4 numbers"));
}

#[test]
fn reading_stops_when_it_is_asked_to() {
    let stop = Stop::default();
    stop.set();
    let control = Control::new(stop, |_| {});
    for name in ["w2v.txt", "w2v.bin", "ft.bin", "array.npy", "words.npz", "projector/vectors.tsv"] {
        let found = Vectors::open(&data(name), &Opening::default(), &control);
        assert!(matches!(found, Err(Error::Stopped)), "{name}: {found:?}");
    }
}

/// Writes vectors as `name` in `folder`.
fn write(vectors: &Vectors, folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    export::write(vectors, &path, &Control::default()).map(|written| {
        assert_eq!(written.files[0], path);
        path
    })
}

#[test]
fn what_is_written_equals_what_gensim_and_numpy_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let vectors = open("w2v.bin");
    for (name, same) in [("a.txt", "w2v.txt"), ("a.vec", "w2v.txt"), ("a.bin", "w2v.bin"), ("a.npy", "array.npy")] {
        let path = write(&vectors, folder.path(), name).expect(name);
        assert!(std::fs::read(path).expect("it is there") == bytes(same), "{name} is not {same}");
    }
    let labels = std::fs::read(folder.path().join("a_labels.txt")).expect("words beside the array");
    assert_eq!(labels, bytes("array.labels.txt"));
    let table = open("projector/vectors.tsv");
    write(&table, folder.path(), "vectors.tsv").expect("two tables");
    for name in ["vectors.tsv", "metadata.tsv"] {
        let found = std::fs::read(folder.path().join(name)).expect("it is there");
        assert!(found == bytes(&format!("projector/{name}")), "{name}");
    }
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let vectors = open("words.npz");
    for name in ["a.npz", "b.tsv", "c.safetensors", "d.npy", "e.txt", "f.bin"] {
        let path = write(&vectors, folder.path(), name).expect(name);
        let back = open_with(&path, &Opening::default()).expect(name);
        assert!(back.words == vectors.words && back.rows == vectors.rows, "{name}");
        let mut columns: Vec<_> = vectors.columns.iter().map(|c| (c.name.as_str(), &c.values)).collect();
        columns.sort_by_key(|column| column.0);
        columns.truncate(match name {
            "a.npz" | "b.tsv" => 2,
            "c.safetensors" => 1,
            _ => 0,
        });
        let mut found: Vec<_> = back.columns.iter().map(|c| (c.name.as_str(), &c.values)).collect();
        found.sort_by_key(|column| column.0);
        assert_eq!(found, columns, "{name}");
    }
    // Words that no text can spell, and names that come twice.
    let odd = written("x.txt", b"caf\xe9 1 2\na b 3 4\n", &Opening::default()).expect("two words");
    let path = write(&odd, folder.path(), "odd.npz").expect("bytes");
    assert!(open_with(&path, &Opening::default()).expect("bytes").words == odd.words);
    let path = write(&odd, folder.path(), "odd.txt").expect("bytes");
    assert!(open_with(&path, &Opening::default()).expect("bytes").words == odd.words);
    let mut twice = odd.clone();
    twice.words = Words::default();
    twice.words.push(b"x");
    twice.words.push(b"x");
    let path = write(&twice, folder.path(), "twice.tsv").expect("labels may repeat");
    assert_eq!(words(&open_with(&path, &Opening::default()).expect("two rows")), ["x", "x"]);
    for (vectors, name, why) in [
        (&odd, "a.bin", "word 2, \"a b\", has a space"),
        (&odd, "a.safetensors", "word 1, \"caf\u{fffd}\", is not UTF-8"),
        (&twice, "a.txt", "word 2, \"x\", is not the first one of this name"),
        (&odd, "a.csv", "extension chooses the format"),
    ] {
        let error = write(vectors, folder.path(), name).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    }
}

/// Runs the program.
fn lexiscope(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_lexiscope")).args(args).output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("it ends by itself"), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_line_says_what_is_in_a_file_and_converts_it() {
    let file = data("ft.bin").to_string_lossy().into_owned();
    let (code, out, _) = lexiscope(&["vectors", &file, "info", "--json"]);
    let about: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &about["format"]), (0, &"fastText model, version 12".into()));
    assert_eq!(
        (&about["width"], &about["duplicates"], &about["columns"]),
        (&4.into(), &0.into(), &serde_json::json!(["count"]))
    );
    let (code, out, _) = lexiscope(&["vectors", &file, "--limit", "3", "info"]);
    assert!(code == 0 && out.contains("words       3\n"), "{out}");

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.bin").to_string_lossy().into_owned();
    let source = data("w2v.txt").to_string_lossy().into_owned();
    let (code, out, error) = lexiscope(&["vectors", &source, "convert", "--out", &path]);
    assert_eq!((code, out.as_str(), error.as_str()), (0, "", "note: 1 row of zeros only\n"));
    assert_eq!(std::fs::read(&path).expect("it is written"), bytes("w2v.bin"));
    for (args, code, why) in [
        (vec!["vectors", &source, "convert", "--out", "x.csv"], 2, "extension chooses the format"),
        (vec!["vectors", "nothing.bin", "info"], 1, "nothing.bin"),
        (vec!["vectors", &source, "--budget", "1", "--bad", "maybe", "info"], 2, "skip, keep, refuse"),
        (vec!["vectors", &source], 2, "info"),
    ] {
        let (found, out, error) = lexiscope(&args);
        assert!(found == code && out.is_empty() && error.contains(why), "{args:?}: {found} {error}");
    }
}

/// A sequence that is the same every time (Marsaglia's xorshift).
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn no_damage_to_a_file_does_harm() {
    let names = [
        "w2v.txt",
        "w2v.bin",
        "newlines.bin",
        "glove.txt",
        "ft.bin",
        "ft0.bin",
        "ft11.bin",
        "ft_class.bin",
        "ft.ftz",
        "gensim_ft.bin",
        "array.npy",
        "fortran.npy",
        "words.npz",
        "bytes.npz",
        "several.safetensors",
        "projector/vectors.tsv",
        "projector/projector_config.json",
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let opening = Opening { budget: 100_000_000, tensor: None, ..Opening::default() };
    let mut state = 0x9e37_79b9_7f4a_7c15;
    let (mut good, mut bad) = (0, 0);
    for name in names {
        let whole = bytes(name);
        let path = folder.path().join(Path::new(name).file_name().expect("a name"));
        for round in 0..150 {
            let mut bytes = whole.clone();
            let at = random(&mut state) as usize % bytes.len();
            match round % 5 {
                0 => bytes.truncate(at),
                1 => bytes[at] ^= 1 << (random(&mut state) % 8),
                2 => bytes[at] = random(&mut state) as u8,
                3 => {
                    let end = (at + 8).min(bytes.len());
                    bytes[at..end].fill(if random(&mut state).is_multiple_of(2) { 0xff } else { 0x7f });
                }
                _ => {
                    let from = random(&mut state) as usize % bytes.len();
                    let part = bytes[from..(from + 40).min(bytes.len())].to_vec();
                    bytes.splice(at..at, part);
                }
            }
            std::fs::write(&path, &bytes).expect("it is written");
            match open_with(&path, &opening) {
                Ok(vectors) => {
                    good += 1;
                    assert!(!vectors.words.is_empty() && vectors.rows.len() == vectors.words.len(), "{name}");
                    assert!(vectors.columns.iter().all(|c| c.values.len() == vectors.words.len()), "{name}");
                    assert!(vectors.rows.values().iter().all(|x| x.is_finite()), "{name}");
                }
                Err(error) => {
                    bad += 1;
                    let text = error.to_string();
                    assert!(!text.is_empty() && !text.contains('\n'), "{name}: {text}");
                }
            }
        }
        std::fs::remove_file(&path).expect("it was there");
    }
    assert!(good > 200 && bad > 500, "{good} were read and {bad} refused");
}
