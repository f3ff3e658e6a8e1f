//! Neighbours, formulas, analogies and evaluations against gensim, NumPy and scikit-learn: `tests/data/make_space.py`.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use lexiscope::analysis::space::analogy::{self, Analogy, Method};
use lexiscope::analysis::space::evaluate::{How, Pairs, Questions, SectionScore};
use lexiscope::analysis::space::formula::Formula;
use lexiscope::analysis::space::lexicon::Lexicon;
use lexiscope::analysis::space::neighbours::{Index, Metric, Near};
use lexiscope::analysis::space::odd::Odd;
use lexiscope::analysis::space::plane::Plane;
use lexiscope::rows::Rows;
use lexiscope::source::vectors::{Opening, Subwords, Vectors, Words};
use lexiscope::trace::Control;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A space with what was computed of it elsewhere.
struct Space {
    words: Words,
    rows: Rows,
    subwords: Option<Subwords>,
    wanted: Value,
}

impl Space {
    fn small() -> Self {
        let wanted = json("space.json");
        let words = texts(&wanted["words"]).into_iter().collect();
        let width = wanted["width"].as_u64().expect("a width") as usize;
        let rows = numbers(&wanted["rows"]).into_iter().map(|x| x as f32).collect();
        Self { words, rows: Rows::new(rows, width).expect("whole rows"), subwords: None, wanted }
    }

    fn lexicon(&self, unit: bool) -> Lexicon<'_> {
        Lexicon { words: &self.words, rows: &self.rows, make: None, unit }
    }

    /// The same with vectors for words that are not there, where the file has parts of words.
    fn with_lexicon<T>(&self, unit: bool, f: impl FnOnce(&Lexicon<'_>) -> T) -> T {
        let make = |word: &str| self.subwords.as_ref()?.vector(word.as_bytes());
        f(&Lexicon { make: Some(&make), ..self.lexicon(unit) })
    }

    fn row(&self, word: &str) -> usize {
        self.words.find(word).unwrap_or_else(|| panic!("{word} is a word"))
    }

    /// What a formula is near to, its words left out.
    fn near(&self, formula: &str, k: usize) -> Vec<Near> {
        let formula = Formula::parse(formula).expect("a formula");
        let value = self.with_lexicon(true, |lexicon| formula.value(lexicon)).expect("known words");
        let index = Index::new(&self.rows, Metric::Cosine);
        let keep = |row: usize| !value.inputs.contains(&row) && !self.is_end(row);
        index.nearest(&value.vector, k, Some(&keep), &Control::default()).expect("neighbours")
    }

    /// Whether a row is the end of lines in a file with n-grams: fastText adds none to it, gensim does.
    fn is_end(&self, row: usize) -> bool {
        self.subwords.is_some() && self.words.get(row) == "</s>"
    }

    /// Compares a list with one of `[word, score]`. Equal scores may stand in any order there.
    fn assert_list(&self, found: &[Near], wanted: &Value, tolerance: f64, what: &str) {
        let wanted: Vec<(&str, f64)> = list(wanted).iter().map(|pair| (text(&pair[0]), number(&pair[1]))).collect();
        // That of a list of large numbers is of the number.
        let near = |a: f64, b: f64| (a - b).abs() <= tolerance * b.abs().max(1.0);
        let shown = || found.iter().map(|n| (self.words.get(n.row), n.score)).collect::<Vec<_>>();
        assert_eq!(found.len(), wanted.len(), "{what}: {:?}", shown());
        for (i, (found, (word, score))) in found.iter().zip(&wanted).enumerate() {
            assert!(near(f64::from(found.score), *score), "{what}: {:?} {wanted:?}", shown());
            let is_tied = |j: usize| wanted.get(j).is_none_or(|w| near(w.1, *score));
            if !(i > 0 && is_tied(i - 1) || is_tied(i + 1)) {
                assert_eq!(self.words.get(found.row), *word, "{what}: {:?} {wanted:?}", shown());
            }
        }
    }
}

fn json(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    serde_json::from_slice(&std::fs::read(path).expect("a file of expected values")).expect("JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn texts(value: &Value) -> Vec<&str> {
    list(value).iter().map(text).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(number).collect()
}

#[test]
fn neighbours_by_every_metric_are_those_of_the_definition() {
    let space = Space::small();
    for case in list(&space.wanted["near"]) {
        let (metric, word) = (text(&case[0]), text(&case[1]));
        let index = Index::new(&space.rows, metric.parse().expect("a metric"));
        let row = space.row(word);
        let keep = |other: usize| other != row;
        let found = index.nearest(space.rows.row(row), 9, Some(&keep), &Control::default()).expect("neighbours");
        space.assert_list(&found, &case[2], 1e-6, &format!("{metric} {word}"));
    }
}

#[test]
fn a_mean_of_words_is_near_what_gensim_says() {
    let space = Space::small();
    for case in list(&space.wanted["most_similar"]) {
        let found = space.near(&format!("avg({})", texts(&case[0]).join(", ")), 9);
        space.assert_list(&found, &case[1], 1e-6, &case[0].to_string());
    }
}

#[test]
fn formulas_come_to_what_numpy_says() {
    let space = Space::small();
    for case in list(&space.wanted["formulas"]) {
        let formula = Formula::parse(text(&case[0])).expect("a formula");
        let found = formula.value(&space.lexicon(true)).expect("known words").vector;
        let wanted = numbers(&case[1]);
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((f64::from(*found) - wanted).abs() < 1e-6, "{}: {found} {wanted}", case[0]);
        }
    }
    for case in list(&space.wanted["formula_neighbours"]) {
        space.assert_list(&space.near(text(&case[0]), 9), &case[1], 1e-6, text(&case[0]));
    }
}

#[test]
fn analogies_are_answered_by_every_method() {
    let space = Space::small();
    let control = Control::default();
    let index = Index::new(&space.rows, Metric::Cosine);
    for case in list(&space.wanted["analogies"]) {
        let words = texts(&case["words"]);
        let more: Vec<[&str; 2]> = list(&case["more"]).iter().map(|p| [text(&p[0]), text(&p[1])]).collect();
        let find = |more: &[[&str; 2]]| {
            Analogy::find(words[0], words[1], words[2], more, &space.lexicon(false)).expect("known words")
        };
        for &method in Method::ALL {
            let analogy = find(if method == Method::CosAvg { &more } else { &[] });
            let found = analogy.answers(method, &index, 6, false, &control).expect("answers");
            space.assert_list(&found, &case[method.name()], 2e-6, &format!("{method} {words:?}"));
        }
        let found = find(&[]).answers(Method::CosAdd, &index, 6, true, &control).expect("answers");
        space.assert_list(&found, &case["with inputs"], 1e-6, &format!("with inputs {words:?}"));
    }
    assert!(Analogy::find("king", "kin", "man", &[], &space.lexicon(true)).is_err_and(|m| m.near == ["king", "King"]));
    let same = Analogy::find("man", "twin", "king", &[], &space.lexicon(true)).expect("known words");
    assert!(same.answers(Method::PairDirection, &index, 3, false, &control).is_err());
}

#[test]
fn a_product_takes_any_number_of_words() {
    let space = Space::small();
    let index = Index::new(&space.rows, Metric::Cosine);
    let vectors = |words: &[&str]| words.iter().map(|w| space.rows.row(space.row(w)).to_vec()).collect::<Vec<_>>();
    let found = analogy::multiplied(&index, &vectors(&["king"]), &[], 4, None, &Control::default()).expect("answers");
    // Of one word the order is that of cosines, and (1 + 1) / 2 / (1 + 0.000001) is the word itself.
    let near = index.nearest(space.rows.row(space.row("king")), 4, None, &Control::default()).expect("neighbours");
    assert_eq!(found.iter().map(|n| n.row).collect::<Vec<_>>(), near.iter().map(|n| n.row).collect::<Vec<_>>());
    assert!((found[0].score - 0.999_999).abs() < 1e-7);
}

#[test]
fn the_parallelogram_lies_in_the_plane_of_its_words() {
    let space = Space::small();
    for case in list(&space.wanted["planes"]) {
        let entry = |word: &str| space.lexicon(true).find(word).expect("a word").vector;
        let four: Vec<Vec<f32>> =
            texts(&case[0]).iter().map(|word| entry(word).into_iter().map(|x| x as f32).collect()).collect();
        let plane = Plane::of([&four[0], &four[1], &four[2], &four[3]], &Control::default()).expect("not stopped");
        let p = plane.points;
        let distances = (0..5).flat_map(|i| (0..i).map(move |j| (p[i][0] - p[j][0]).hypot(p[i][1] - p[j][1])));
        let found = distances.chain(plane.off).chain([plane.shown]);
        let wanted = [&case[1]["distances"], &case[1]["off"]].into_iter().flat_map(numbers);
        for (found, wanted) in found.zip(wanted.chain([number(&case[1]["shown"])])) {
            assert!((found - wanted).abs() < 1e-6, "{}: {found} {wanted}", case[0]);
        }
    }
}

#[test]
fn the_odd_one_out_is_gensims() {
    let space = Space::small();
    for case in list(&space.wanted["odd"]) {
        let words = texts(&case[0]);
        let found = Odd::of(&words, &space.lexicon(false)).expect("known words").ranked;
        for ((place, score), wanted) in found.iter().zip(list(&case[1])) {
            assert_eq!(words[*place], text(&wanted[0]), "{words:?}");
            assert!((f64::from(*score) - number(&wanted[1])).abs() < 1e-6, "{words:?}: {score} {wanted}");
        }
        assert_eq!(words[found.last().expect("words").0], text(&case[2]));
    }
    let odd = |words: &[&str]| Odd::of(words, &space.lexicon(false));
    let found = odd(&["king", "zero", "man", "nobody", "uncle"]).expect("three known words");
    assert_eq!(found.missing.iter().map(|m| m.word.as_str()).collect::<Vec<_>>(), ["zero", "nobody"]);
    assert_eq!(found.ranked.len(), 3);
    let few = odd(&["king", "man", "zero"]).expect_err("two have a direction").to_string();
    assert!(few.ends_with("`zero` has a vector of zeros, which has no direction"), "{few}");
}

fn assert_sections(scores: &[SectionScore], wanted: &Value, what: &str) {
    let sum = SectionScore::sum(scores);
    let all: Vec<_> = scores.iter().chain([&sum]).collect();
    assert_eq!(all.len(), list(wanted).len(), "{what}");
    for (found, wanted) in all.into_iter().zip(list(wanted)) {
        let counts = [found.correct, found.total].map(|n| n as f64);
        assert_eq!(
            (found.section.as_str(), counts),
            (text(&wanted[0]), [number(&wanted[1]), number(&wanted[2])]),
            "{what}"
        );
        if !found.answers.is_empty() {
            assert_eq!(found.answers.iter().filter(|answer| answer.is_correct).count(), found.correct);
        }
    }
}

fn assert_pairs(text: &str, words: &Words, rows: &Rows, how: How, wanted: &Value, what: &str) {
    let score = Pairs::parse(what, text).expect("pairs").score(words, rows, how).expect("known pairs");
    for (name, found) in [("pearson", score.pearson), ("spearman", score.spearman), ("oov", score.oov)] {
        let wanted = number(&wanted[name]);
        // gensim's cosines are in single precision.
        assert!((found - wanted).abs() < 1e-6 * wanted.abs().max(1.0), "{what} {name}: {found} {wanted}");
    }
}

#[test]
fn evaluations_are_gensims() {
    let space = Space::small();
    let index = Index::new(&space.rows, Metric::Cosine);
    let default = How::default();
    let questions = Questions::parse("questions", text(&space.wanted["questions"])).expect("questions");
    for (name, how) in [
        ("", default),
        ("exact case", How { fold: false, ..default }),
        ("unknown is wrong", How { unknown_is_wrong: true, ..default }),
        ("first 32", How { limit: 32, ..default }),
    ] {
        let wanted = &space.wanted["scores"][name];
        assert_pairs(text(&space.wanted["pairs"]), &space.words, &space.rows, how, &wanted[0], name);
        let scores =
            questions.score(&space.words, &index, Method::CosAdd, how, &Control::default()).expect("not stopped");
        assert_sections(&scores, &wanted[1], name);
    }
    let scores =
        questions.score(&space.words, &index, Method::CosMul, default, &Control::default()).expect("not stopped");
    assert_sections(&scores, &space.wanted["cosmul"], "3cosmul");
    assert!(questions.score(&space.words, &index, Method::NearC, default, &Control::default()).is_err());
}

/// The folder of public files, where it is there.
fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/vectors");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}

fn open(path: &Path) -> Space {
    let vectors = Vectors::open(path, &Opening::default(), &Control::default()).unwrap_or_else(|e| panic!("{e}"));
    let Vectors { words, rows, subwords, .. } = vectors;
    Space { words, rows, subwords, wanted: Value::Null }
}

fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

#[test]
fn public_files_give_what_gensim_gives() {
    let Some(folder) = shared() else { return };
    let wanted = json("space_files.json");
    let wanted = wanted["of"].as_object().expect("files");
    let control = Control::default();
    // Every file of vectors is there.
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let name = entry.expect("a file").file_name().into_string().expect("UTF-8");
        assert!(wanted.contains_key(&name), "nobody asked gensim about {name}");
    }
    for (name, wanted) in wanted.iter().filter(|(_, wanted)| wanted.get("near").is_some()) {
        let space = open(&folder.join(name));
        for case in list(&wanted["near"]) {
            let found = space.near(&quoted(text(&case[0])), 10);
            space.assert_list(&found, &case[1], 1e-5, &format!("{name} {}", case[0]));
        }
        let words = texts(&wanted["formula"][0]);
        let [b, a, c] = [0, 1, 2].map(|i| quoted(words[i]));
        let found = space.near(&format!("{b} - {a} + {c}"), 10);
        space.assert_list(&found, &wanted["formula"][1], 1e-5, &format!("{name} {words:?}"));
        let index = Index::new(&space.rows, Metric::Cosine);
        space.with_lexicon(true, |lexicon| {
            let analogy = Analogy::find(words[1], words[0], words[2], &[], lexicon).expect("known words");
            let mut found = analogy.answers(Method::CosMul, &index, 11, false, &control).expect("answers");
            found.retain(|near| !space.is_end(near.row));
            found.truncate(10);
            space.assert_list(&found, &wanted["cosmul"], 1e-5, &format!("{name} 3cosmul {words:?}"));
            let words = texts(&wanted["odd"][0]);
            let found = Odd::of(&words, lexicon).expect("known words").ranked;
            assert_eq!(words[found.last().expect("words").0], text(&wanted["odd"][1]), "{name}");
        });
    }
}

#[test]
fn public_evaluations_give_what_gensim_gives() {
    let Some(folder) = shared() else { return };
    let wanted = &json("space_files.json")["of"];
    let space = open(&folder.join("glove.twitter.25d.subset.txt"));
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a text");
    for name in ["wordsim353.tsv", "simlex999.txt"] {
        assert_pairs(&read(name), &space.words, &space.rows, How::default(), &wanted[name], name);
    }
    let questions = Questions::parse("questions", &read("questions-words.txt")).expect("questions");
    let index = Index::new(&space.rows, Metric::Cosine);
    for (method, name) in [(Method::CosAdd, "questions-words.txt"), (Method::CosMul, "questions-words.txt 3cosmul")] {
        let scores =
            questions.score(&space.words, &index, method, How::default(), &Control::default()).expect("not stopped");
        assert_sections(&scores, &wanted[name], name);
    }
}

/// The program over the small space: what it says, or what it complains of.
fn said(args: &[&str]) -> Result<String, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let space = Space::small();
    let mut file = format!("{} {}\n", space.rows.len(), space.rows.width());
    for (word, row) in space.words.iter().zip(&space.rows) {
        let numbers: Vec<String> = row.iter().map(f32::to_string).collect();
        writeln!(file, "{word} {}", numbers.join(" ")).expect("text");
    }
    let vectors = folder.path().join("small.vec");
    std::fs::write(&vectors, file).expect("it is written");
    for (name, key) in [("people.tsv", "pairs"), ("questions.txt", "questions")] {
        std::fs::write(folder.path().join(name), text(&space.wanted[key])).expect("it is written");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_lexiscope"));
    command.current_dir(folder.path()).args(["vectors", "small.vec"]).args(args);
    let output = command.output().expect("the program starts");
    let read = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    if output.status.success() { Ok(read(&output.stdout)) } else { Err(read(&output.stderr)) }
}

fn said_json(args: &[&str]) -> Value {
    serde_json::from_str(&said(args).unwrap_or_else(|e| panic!("{args:?}: {e}"))).expect("JSON")
}

/// Compares a printed list `[{word, score}]` with one of `[word, score]`.
fn assert_printed(found: &Value, wanted: &Value) {
    assert_eq!(list(found).len(), list(wanted).len(), "{found}");
    for (found, wanted) in list(found).iter().zip(list(wanted)) {
        assert!((number(&found["score"]) - number(&wanted[1])).abs() < 1e-5, "{found} {wanted}");
        assert_eq!(text(&found["word"]), text(&wanted[0]));
    }
}

#[test]
fn near_and_expr_print_flat_lists() {
    let wanted = Space::small().wanted;
    for case in list(&wanted["most_similar"]) {
        assert_printed(&said_json(&[&["near"], &texts(&case[0])[..], &["-n", "9", "--json"]].concat()), &case[1]);
    }
    let euclidean = list(&wanted["near"]).iter().find(|case| case[0] == "euclidean" && case[1] == "new york");
    assert_printed(
        &said_json(&["near", "new york", "--metric", "euclidean", "-n", "9", "--json"]),
        &euclidean.expect("a case")[2],
    );
    for case in list(&wanted["formula_neighbours"]) {
        assert_printed(&said_json(&["expr", text(&case[0]), "-n", "9", "--json"]), &case[1]);
    }
    let analogy = &wanted["analogies"][0];
    let formula = "maness - man + king";
    let mul = said_json(&["expr", formula, "--method", "3cosmul", "-n", "6", "--json"]);
    assert_printed(&mul, &analogy["3cosmul"]);
    assert_printed(&said_json(&["expr", formula, "--inputs", "-n", "6", "--json"]), &analogy["with inputs"]);
    let lines = said(&["near", "king", "-n", "2"]).expect("two words");
    let [first, _] = lines.lines().collect::<Vec<_>>()[..] else { panic!("two lines: {lines}") };
    let (word, score) = first.split_once('\t').expect("a tab");
    assert_eq!((word, score.parse::<f32>().is_ok()), ("King", true));
    assert!(said(&["expr", "-king + man"]).is_ok() && said(&["near", "--", "well-known"]).is_ok());
}

#[test]
fn an_analogy_is_answered_beside_its_baselines() {
    for case in list(&Space::small().wanted["analogies"]) {
        let words = texts(&case["words"]);
        let found = said_json(&[&["analogy"], &words[..], &["-n", "6", "--json"]].concat());
        let methods: Vec<&str> = list(&found).iter().map(|one| text(&one["method"])).collect();
        assert_eq!(methods, ["3cosadd", "3cosmul", "pairdirection", "near-c", "near-b"]);
        for one in list(&found) {
            assert_printed(&one["answers"], &case[text(&one["method"])]);
        }
        let pairs = list(&case["more"]).iter().flat_map(|pair| ["--pair", text(&pair[0]), text(&pair[1])]);
        let args = [&["analogy"], &words[..], &["-n", "6", "--json", "--method", "3cosavg"]].concat();
        let found = said_json(&args.into_iter().chain(pairs).collect::<Vec<_>>());
        assert_eq!(list(&found).len(), 1);
        assert_printed(&found[0]["answers"], &case["3cosavg"]);
        let inputs = said_json(&[&["analogy"], &words[..], &["-n", "6", "--json", "--inputs"]].concat());
        assert_printed(&inputs[0]["answers"], &case["with inputs"]);
    }
    let lines = said(&["analogy", "man", "maness", "king", "-n", "2", "--method", "near-b", "--method", "3cosmul"]);
    let lines = lines.expect("four answers");
    let methods: Vec<&str> = lines.lines().map(|line| line.split('\t').next().expect("a method")).collect();
    assert_eq!(methods, ["near-b", "near-b", "3cosmul", "3cosmul"]);
    // Two words with one vector have no direction: one method has no answer, and the others have.
    let twins = said_json(&["analogy", "man", "twin", "king", "--json"]);
    assert!(list(&twins).iter().all(|one| one["method"] != "pairdirection") && list(&twins).len() == 4);
    let why = |args: &[&str]| said(args).expect_err("it fails");
    assert!(why(&["analogy", "man", "twin", "king", "--method", "pairdirection"]).contains("no direction"));
    assert!(why(&["analogy", "man", "kin", "king"]).contains("nearest spellings: king"));
    assert!(why(&["analogy", "man", "king", "zero"]).contains("vector of zeros"));
    assert!(
        why(&["analogy", "man", "king"]).contains("required") || why(&["analogy", "man", "king"]).contains("values")
    );
    assert!(why(&["analogy", "man", "king", "boy", "--method", "4cosadd"]).contains("3cosadd"));
}

#[test]
fn what_cannot_be_asked_is_explained() {
    let why = |args: &[&str]| said(args).expect_err("it fails");
    assert!(why(&["near", "kingg"]).contains("`kingg` is not in the vocabulary; nearest spellings: king, "));
    assert!(why(&["near", "zero"]).contains("has a vector of zeros, which has no direction"));
    assert!(said(&["near", "zero", "--metric", "euclidean"]).is_ok());
    assert!(why(&["near", "king", "--metric", "manhattan"]).contains("cosine, euclidean, dot"));
    assert!(why(&["expr", "king - "]).contains("expected a word"));
    assert!(why(&["expr", "king - kingg"]).contains("`kingg` (character 8) is not in the vocabulary"));
    assert!(why(&["expr", "king - king"]).contains("no direction"));
    assert!(why(&["expr", "2 king", "--method", "3cosmul"]).contains("without weights"));
    assert!(why(&["expr", "king", "--method", "3cosmul", "--metric", "dot"]).contains("no other metric"));
    assert!(why(&["odd", "king", "man"]).contains("three known words"));
    assert!(why(&["eval", "small.vec"]).contains("none of its"), "{}", why(&["eval", "small.vec"]));
    assert!(why(&["eval", "nowhere.txt"]).contains("nowhere.txt"));
}

#[test]
fn odd_prints_the_word_and_eval_the_figures() {
    let wanted = Space::small().wanted;
    for case in list(&wanted["odd"]) {
        let words = [&["odd", "nobody"], &texts(&case[0])[..]].concat();
        assert_eq!(said(&words).expect("a word").trim_end(), text(&case[2]));
        let found = said_json(&[&words[..], &["--json"]].concat());
        assert_eq!(found["odd"], case[2]);
        assert_printed(&found["words"], &case[1]);
    }
    let found = said_json(&["eval", "people.tsv", "questions.txt", "--json"]);
    let (pairs, sections) = (&wanted["scores"][""][0], &wanted["scores"][""][1]);
    assert_eq!(text(&found[0]["name"]), "people");
    for name in ["pearson", "spearman", "oov"] {
        assert!((number(&found[0][name]) - number(&pairs[name])).abs() < 1e-6, "{name}");
    }
    let counted: Vec<Value> = list(&found)[1..]
        .iter()
        .map(|s| Value::from(vec![s["section"].clone(), s["correct"].clone(), s["total"].clone()]))
        .collect();
    assert_eq!(&Value::from(counted), sections);
    let text = said(&["eval", "people.tsv", "questions.txt", "--method", "3cosmul"]).expect("figures");
    assert!(text.lines().last().is_some_and(|line| line.contains("109 of 184")), "{text}");
}

#[test]
fn cures_on_the_command_line_help_as_much_as_numpy_says() {
    let Some(folder) = shared() else { return };
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let (file, pairs) = (path("glove.twitter.25d.subset.w2v.bin"), path("wordsim353.tsv"));
    // Spearman's correlation after NumPy has cured the vectors: as they are, centred, all but the top 2 and 3.
    let spearman = |cures: &[&str]| {
        let cures = cures.iter().flat_map(|cure| ["--cure", cure]);
        let args = ["vectors", &file, "eval", &pairs, "--json"].into_iter().chain(cures);
        let output = Command::new(env!("CARGO_BIN_EXE_lexiscope")).args(args).output().expect("the program starts");
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        number(&found[0]["spearman"])
    };
    for (cures, wanted) in [
        (&[][..], 0.427),
        (&["centre"], 0.457),
        (&["top:2"], 0.527),
        (&["top:3"], 0.500),
        (&["centre", "rotate:5", "top:2"], 0.527),
    ] {
        let found = spearman(cures);
        assert!((found - wanted).abs() < 6e-4, "{cures:?}: {found}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_lexiscope"))
        .args(["vectors", &file, "info", "--cure", "heal"])
        .output()
        .expect("the program starts");
    assert!(output.status.code() == Some(2) && String::from_utf8_lossy(&output.stderr).contains("no cure `heal`"));
}
