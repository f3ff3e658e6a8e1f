//! What heads do over a corpus, against `tests/data/make_heads.py`: measures, intervals, relations and labels of
//! constructed attention over hand-made treebanks, and heads that one condition alone keeps from a label. And the reader of treebanks over files that are not quite sound.

use lexiscope::analysis::evidence::KEPT;
use lexiscope::analysis::heads::{Part, Table, Tally};
use lexiscope::analysis::measures::{Measure, OFFSETS, Setting};
use lexiscope::engine::device::Choice;
use lexiscope::engine::{Ask, BUDGET, Opened, Run, corpus};
use lexiscope::source::corpus::Corpus;
use lexiscope::source::find;
use lexiscope::text::{Piece, Tokens};
use lexiscope::trace::{Control, Stop};
use safetensors::SafeTensors;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The largest difference that is rounding.
const ROUNDING: f64 = 1e-5;

#[derive(Deserialize)]
struct Reference {
    columns: Vec<String>,
    encoder: Expected,
    decoder: Expected,
    gates: Expected,
}

/// Piece, id, first byte, last byte, special.
type Token = (String, u32, usize, usize, bool);

/// One corpus: what the model reads, and what is to be found.
#[derive(Deserialize)]
struct Expected {
    /// The sentences of the treebank that it is made of.
    order: Vec<usize>,
    /// The tokens of each sentence of the treebank: piece, id, first byte, last byte, special.
    tokens: Vec<Vec<Token>>,
    heads: Vec<Head>,
    lifts: Vec<Tested>,
    aligned: usize,
    links: usize,
    lost: usize,
    /// The heads on the first sentence alone.
    first: Vec<OnText>,
}

#[derive(Deserialize)]
struct Head {
    values: Vec<Option<f64>>,
    counts: Vec<u32>,
    low: Vec<Option<f64>>,
    high: Vec<Option<f64>>,
    label: String,
    earned: Option<EarnedBy>,
}

#[derive(Deserialize)]
struct EarnedBy {
    lift: f64,
    p: f64,
    n: u32,
}

#[derive(Deserialize)]
struct OnText {
    values: Vec<Option<f64>>,
    counts: Vec<u32>,
    label: String,
}

#[derive(Deserialize)]
struct Tested {
    head: usize,
    relation: String,
    direction: String,
    accuracy: f64,
    baseline_offset: isize,
    baseline: f64,
    lift: f64,
    n: u32,
    interval: Option<(f64, f64)>,
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn treebank() -> Corpus {
    read("treebank.conllu")
}

fn read(name: &str) -> Corpus {
    Corpus::open(&data(name), usize::MAX, &Control::default()).expect("a treebank")
}

impl Expected {
    fn tokens(&self, treebank: &Corpus, sentence: usize) -> Tokens {
        let piece = |(piece, id, start, end, special): &Token| Piece {
            piece: piece.clone(),
            id: *id,
            start: *start,
            end: *end,
            text: 0,
            segment: 0,
            special: *special,
            word: (!special).then_some(0),
            unknown: false,
        };
        let pieces = self.tokens[sentence].iter().map(piece).collect();
        Tokens { texts: vec![treebank.sentences[sentence].text.as_str().into()], pieces, dropped: 0 }
    }

    /// What is found in the bytes of the corpus over a treebank, and on its first sentence alone.
    fn found(&self, bytes: &[u8], causal: bool, treebank: &Corpus) -> (Table, Table) {
        let (control, per_layer) = (Control::default(), self.heads.len() / 2);
        let mut tally = Tally::new(2, per_layer, &treebank.relations);
        let (mut rest, mut first) = (bytes, None);
        for (i, &sentence) in self.order.iter().enumerate() {
            let tokens = self.tokens(treebank, sentence);
            let n = tokens.len();
            let (here, after) = rest.split_at(self.heads.len() * n * n);
            rest = after;
            let share = |row: &[u8]| -> Vec<f32> {
                let sum: u32 = row.iter().map(|&b| u32::from(b)).sum();
                row.iter().map(|&b| f32::from(b) / sum as f32).collect()
            };
            let weights: Vec<f32> = here.chunks_exact(n).flat_map(share).collect();
            let heads: Vec<&[f32]> = weights.chunks_exact(n * n).collect();
            let words = &treebank.sentences[sentence].words;
            let part = Part::of_heads(i, &tokens, causal, words, &heads, &control).expect("nothing stops it");
            first.get_or_insert_with(|| Table::of_part(part.clone(), per_layer));
            tally.add(i, part);
        }
        assert!(rest.is_empty(), "the corpus and its attention are of one length");
        (tally.finish(&control).expect("nothing stops it"), first.expect("a sentence"))
    }
}

#[track_caller]
fn close(what: &str, found: Option<f64>, wanted: Option<f64>) {
    match (found.filter(|x| x.is_finite()), wanted) {
        (Some(found), Some(wanted)) => {
            assert!((found - wanted).abs() <= ROUNDING, "{what}: {found} and should be {wanted}");
        }
        (found, wanted) => assert_eq!(found, wanted, "{what}"),
    }
}

#[test]
fn everything_is_as_numpy_and_scipy_have_it() {
    let text = std::fs::read_to_string(data("heads.json")).expect("heads.json");
    let reference: Reference = serde_json::from_str(&text).expect("what make_heads.py writes");
    let names = Measure::ALL.iter().map(|m| m.name().to_owned()).chain(OFFSETS.iter().map(isize::to_string));
    assert_eq!(reference.columns, names.collect::<Vec<_>>());
    let bytes = std::fs::read(data("heads.safetensors")).expect("heads.safetensors");
    let tensors = SafeTensors::deserialize(&bytes).expect("what make_heads.py writes");
    for (name, expected, causal, bank) in [
        ("encoder", &reference.encoder, false, "treebank.conllu"),
        ("decoder", &reference.decoder, true, "treebank.conllu"),
        ("gates", &reference.gates, false, "gates.conllu"),
    ] {
        let (table, first) = expected.found(tensors.tensor(name).expect(name).data(), causal, &read(bank));
        assert_eq!((table.n, table.aligned), (expected.order.len(), expected.aligned));
        assert_eq!((table.links, table.lost), (expected.links, expected.lost));
        for (i, (row, wanted)) in table.rows.iter().zip(&expected.heads).enumerate() {
            assert_eq!(row.label, wanted.label, "{name} head {i}");
            assert_eq!(row.earned.is_some(), wanted.earned.is_some(), "{name} head {i}");
            if let (Some(found), Some(wanted)) = (row.earned, &wanted.earned) {
                assert_eq!(found.n, wanted.n, "{name} head {i}");
                close("held-out lift", Some(found.lift), Some(wanted.lift));
                // Chances are compared by their digits.
                close("chance", Some(found.chance / wanted.p), Some(1.0));
            }
            assert_eq!(row.measures.counts.to_vec(), wanted.counts, "{name} head {i}");
            for (c, column) in reference.columns.iter().enumerate() {
                let what = format!("{name} head {i} {column}");
                close(&what, Some(row.measures.values[c]), wanted.values[c]);
                close(&what, row.intervals[c].map(|i| i.low), wanted.low[c]);
                close(&what, row.intervals[c].map(|i| i.high), wanted.high[c]);
            }
        }
        for (i, (row, wanted)) in first.rows.iter().zip(&expected.first).enumerate() {
            assert_eq!(
                (row.label.as_str(), row.intervals.len()),
                (wanted.label.as_str(), 0),
                "{name} head {i} on a text"
            );
            assert_eq!(row.measures.counts.to_vec(), wanted.counts, "{name} head {i} on a text");
            for (c, column) in reference.columns.iter().enumerate() {
                close(&format!("{name} head {i} {column} on a text"), Some(row.measures.values[c]), wanted.values[c]);
            }
        }
        let key = |head: usize, relation: &str, direction: &str| (head, relation.to_owned(), direction.to_owned());
        let lifts: BTreeMap<_, _> = table
            .lifts
            .iter()
            .map(|lift| (key(lift.head, &table.relations[lift.relation], lift.direction.name()), lift))
            .collect();
        assert_eq!(lifts.len(), expected.lifts.len());
        for wanted in &expected.lifts {
            let found = lifts[&key(wanted.head, &wanted.relation, &wanted.direction)];
            let what = format!("{name} head {} {} {}", wanted.head, wanted.relation, wanted.direction);
            assert_eq!((found.offset, found.n), (wanted.baseline_offset, wanted.n), "{what}");
            for (found, wanted) in
                [(found.accuracy, wanted.accuracy), (found.baseline, wanted.baseline), (found.lift, wanted.lift)]
            {
                close(&what, Some(found), Some(wanted));
            }
            close(&what, found.interval.map(|i| i.low), wanted.interval.map(|i| i.0));
            close(&what, found.interval.map(|i| i.high), wanted.interval.map(|i| i.1));
        }
    }
}

fn bundled() -> Opened {
    Opened::open(find::DEFAULT, Choice::Cpu, &Control::default()).expect("the bundled model")
}

/// The table of a corpus, as the window and the command line make it.
fn table(opened: &Opened, corpus: &Corpus, control: &Control) -> lexiscope::Result<(Table, corpus::Tour)> {
    let card = opened.card();
    let mut tally = Tally::new(card.layers, card.heads, &corpus.relations);
    let texts: Vec<&str> = corpus.sentences.iter().map(|s| s.text.as_str()).collect();
    let quiet = control.quiet();
    let part = |i: usize, run: &Run| Part::of(i, run, &corpus.sentences[i].words, &quiet);
    let tour = corpus::each(opened, &texts, BUDGET, control, part, |i, part| tally.add(i, part))?;
    Ok((tally.finish(control)?, tour))
}

#[test]
fn a_corpus_gives_what_its_sentences_give_one_by_one() {
    let (opened, mut corpus) = (bundled(), treebank());
    // More sentences than are on their way at a time.
    let six = corpus.sentences.clone();
    (0..6).for_each(|_| corpus.sentences.extend(six.clone()));
    let (table, tour) = table(&opened, &corpus, &Control::default()).expect("a table");
    assert_eq!((tour.read, tour.skipped, tour.shortened, table.n), (42, 0, 0, 42));
    let runs: Vec<Run> =
        six.iter().map(|s| Run::new(&opened, &Ask::new(s.text.clone()), &Control::default()).expect("a run")).collect();
    for row in &table.rows {
        for measure in Measure::ALL {
            let alone: Vec<f64> = runs
                .iter()
                .filter_map(|run| Setting::of(run).measure(run.head(row.layer, row.head)).get(measure))
                .collect();
            let mean = alone.iter().sum::<f64>() / alone.len() as f64;
            close(measure.name(), row.measures.get(measure), Some(mean).filter(|_| !alone.is_empty()));
        }
        let examples = table.evidence.of(row.layer * opened.card().heads + row.head);
        assert_eq!((examples.strongest.len(), examples.random.len()), (KEPT, KEPT));
        for found in examples.strongest.iter().chain(&examples.random) {
            let run = &runs[found.sentence % 6];
            assert_eq!(run.tokens.pieces, found.tokens.pieces);
            assert_eq!(run.head(row.layer, row.head)[found.query * run.tokens.len() + found.key], found.weight);
        }
    }
}

#[test]
fn a_corpus_can_be_stopped() {
    let (opened, mut corpus) = (bundled(), treebank());
    let six = corpus.sentences.clone();
    (0..20).for_each(|_| corpus.sentences.extend(six.clone()));
    let stop = Stop::default();
    let setter = stop.clone();
    let control = Control::new(stop, move |progress| {
        assert_eq!(progress.total, 126);
        if progress.done > 0 {
            setter.set();
        }
    });
    assert!(table(&opened, &corpus, &control).expect_err("it was stopped").is_stopped());
}

#[test]
fn a_table_says_how_far_it_is_and_ends_when_it_is_told_to() {
    let opened = bundled();
    let heads = (opened.card().layers * opened.card().heads) as u64;
    let run = Run::new(&opened, &Ask::new("The old lady opened the door."), &Control::default()).expect("a run");
    let (most, seen) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let watch = (most.clone(), seen.clone());
    let control = Control::new(Stop::default(), move |progress| {
        assert_eq!((progress.stage.as_str(), progress.total), ("Measuring heads", heads));
        watch.0.fetch_max(progress.done, Ordering::Relaxed);
        watch.1.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(Table::of_run(&run, &control).expect("a table").rows.len() as u64, heads);
    assert_eq!((most.load(Ordering::Relaxed), seen.load(Ordering::Relaxed)), (heads, heads));
    control.stop.set();
    assert!(Table::of_run(&run, &control).expect_err("it was stopped").is_stopped());
}

#[test]
fn the_reader_of_treebanks_survives_any_file() {
    let sound = std::fs::read(data("treebank.conllu")).expect("the treebank");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.conllu");
    let mut random = lexiscope::analysis::bootstrap::SplitMix(1);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..1500 {
        let mut bytes = sound.clone();
        for _ in 0..=random.below(2) {
            let at = random.below(bytes.len());
            let to = (at + random.below(8)).min(bytes.len());
            let pieces: [&[u8]; 8] = [b"", b"\t", b"\n", b"-", b"99999999999999999999", b"\xff", b"1-3", b" "];
            bytes.splice(at..to, pieces[random.below(pieces.len())].iter().copied());
        }
        std::fs::write(&path, &bytes).expect("it is written");
        match Corpus::open(&path, usize::MAX, &Control::default()) {
            Ok(corpus) => {
                read += 1;
                for sentence in &corpus.sentences {
                    for word in &sentence.words {
                        assert!(sentence.text.get(word.span.clone()).is_some_and(|form| !form.is_empty()));
                        assert!(word.head.is_none_or(|head| head < sentence.words.len()));
                        assert!(word.head.is_none() || word.relation < corpus.relations.len());
                    }
                }
            }
            Err(error) => {
                refused += 1;
                let error = error.to_string();
                assert!(
                    error.contains("t.conllu: ") && (error.contains("line ") || error.contains("byte ")),
                    "{error}"
                );
            }
        }
    }
    assert!(read > 100 && refused > 100, "{read} read and {refused} refused");
}
