//! Every checkpoint of `tests/data/models`, and a real one where it is at hand, against what Hugging Face transformers
//! makes of it: tokens, attentions, hidden states and logits. `tests/data/make_models.py` says how the references were
//! made and what they hold.

use lexiscope::array::Array;
use lexiscope::engine::device::{Choice, describe};
use lexiscope::engine::{Ask, Opened, Run, pass};
use lexiscope::model::Input;
use lexiscope::text::Tokens;
use lexiscope::trace::{At, Control, Edits, Place, Seen, Site, Stack, Want};
use safetensors::SafeTensors;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

/// The largest difference that is rounding, as a share of the largest value (at least 1) of a tensor. Graphics cards
/// add in another order.
fn tolerance() -> f32 {
    if device() == Choice::Cpu { 1e-5 } else { 1e-3 }
}

/// The device that `LEXISCOPE_DEVICE` names (`benches/gpu.sh`), by default the processor.
fn device() -> Choice {
    std::env::var("LEXISCOPE_DEVICE").map_or(Choice::Cpu, |name| name.parse().expect("LEXISCOPE_DEVICE names a device"))
}

/// One test per folder.
macro_rules! parity {
    ($($test:ident: $folder:literal;)+) => {
        const COMPARED: &[&str] = &[$($folder),+];
        $(
            #[test]
            fn $test() {
                let path = models().join($folder);
                let reference = Reference::read(&path.join("expected"));
                reference.compare(&path);
            }
        )+
    };
}

parity! {
    albert: "albert";
    albert_with_two_groups_of_two_blocks: "albert-groups";
    bert: "bert";
    bert_cased_from_a_zip_of_pytorch: "bert-cased";
    bert_from_the_old_pytorch_format: "bert-legacy";
    bert_in_shards_of_bf16: "bert-sharded";
    bert_that_labels_tokens: "bert-tagger";
    distilbert: "distilbert";
    electra_discriminator: "electra";
    electra_generator: "electra-generator";
    gpt2: "gpt2";
    gpt2_that_labels_texts: "gpt2-classifier";
    gpt2_in_f16_with_prefixed_names: "gpt2-prefix";
    roberta: "roberta";
    roberta_that_labels_texts: "roberta-classifier";
    xlm_roberta: "xlm-roberta";
}

#[test]
fn every_reference_is_compared() {
    let folders = fs::read_dir(models()).expect("tests/data/models");
    let mut found: Vec<String> =
        folders.map(|f| f.expect("a folder").file_name().to_string_lossy().into_owned()).collect();
    found.sort();
    assert_eq!(found, COMPARED);
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn minilm() {
    let root = root();
    let path = root.join("../shared/models/minilm-l6");
    if !path.is_dir() {
        eprintln!("skipped: {} is absent; it holds all-MiniLM-L6-v2, which is not part of the project", path.display());
        return;
    }
    Reference::read(&root.join("tests/data/minilm-l6")).compare(&path);
}

fn models() -> PathBuf {
    root().join("tests/data/models")
}

/// The project's folder; cargo's variable leads where the test was built on another machine.
fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

/// `expected.json`.
#[derive(Deserialize)]
struct Expected {
    limit: usize,
    pad: u32,
    cases: Vec<Case>,
    #[serde(default)]
    batches: Vec<Batch>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    texts: Vec<String>,
    ids: Vec<u32>,
    spans: Vec<[usize; 2]>,
    segments: Vec<u32>,
    special: Vec<bool>,
    truncated: usize,
}

#[derive(Deserialize)]
struct Batch {
    name: String,
    texts: Vec<String>,
    ids: Vec<Vec<u32>>,
    mask: Vec<Vec<u32>>,
    segments: Vec<Vec<u32>>,
}

/// A tensor, of the reference or of ours.
struct Numbers {
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl Numbers {
    fn of(array: &Array) -> Self {
        Self { shape: array.shape().to_vec(), data: array.data().to_vec() }
    }

    /// Arrays `[batch, ..]` of one shape, one per layer, as `[batch, layer, ..]`.
    fn by_text(layers: &[&Array]) -> Self {
        let (batch, rest) = layers[0].shape().split_first().expect("a batch axis");
        let data = (0..*batch).flat_map(|b| layers.iter().flat_map(move |l| l.block(&[b]).iter().copied()));
        Self { shape: [&[*batch, layers.len()], rest].concat(), data: data.collect() }
    }
}

struct Reference {
    expected: Expected,
    tensors: BTreeMap<String, Numbers>,
}

impl Reference {
    /// `<stem>.json` and `<stem>.safetensors`.
    fn read(stem: &Path) -> Self {
        let open = |extension: &str| {
            let path = stem.with_extension(extension);
            fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        };
        let expected = serde_json::from_slice(&open("json")).expect("expected.json");
        let file = open("safetensors");
        let tensors = SafeTensors::deserialize(&file).expect("expected.safetensors");
        let number = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().expect("four bytes"));
        let read = |(name, view): (String, safetensors::tensor::TensorView<'_>)| {
            assert_eq!(view.dtype(), safetensors::Dtype::F32, "{name}");
            (name, Numbers { shape: view.shape().to_vec(), data: view.data().chunks_exact(4).map(number).collect() })
        };
        Self { expected, tensors: tensors.tensors().into_iter().map(read).collect() }
    }

    /// The tensors of one case or batch by the rest of their names.
    fn of(&self, name: &str) -> impl Iterator<Item = (&str, &Numbers)> {
        let part = move |(key, numbers)| {
            let key: &String = key;
            Some((key.strip_prefix(name)?.strip_prefix('.')?, numbers))
        };
        self.tensors.iter().filter_map(part)
    }

    /// Compares the model at `path` in everything that the reference holds, and fails with all that differs.
    fn compare(&self, path: &Path) {
        let mut report =
            Report { model: path.file_name().expect("a name").to_string_lossy().into(), lines: Vec::new() };
        let opened = Opened::open_folder(path, device(), &Control::default());
        let opened = opened.unwrap_or_else(|e| panic!("{}: {e}", report.model));
        // A device that is missing must not be compared as another.
        report.same("device", "name", &describe(&opened.device).to_lowercase(), &device().to_string());
        if opened.device.is_cuda() {
            report.same("device", "TF32", &candle_core::cuda::gemm_reduced_precision_f32(), &false);
        }
        let card = opened.card();
        report.same("card", "limit", &card.tokens, &self.expected.limit);
        if !self.expected.batches.is_empty() {
            let mut heads: Vec<&str> = card.outputs.iter().map(|site| site.name()).collect();
            heads.sort_unstable();
            // GPT-2's decoder is its word table: it predicts words even where transformers' class has no head for them.
            heads
                .retain(|head| !(card.is_causal() && *head == "logits" && !self.tensors.contains_key("single.logits")));
            let known = |name: &str| Site::ALL.iter().any(|site| site.name() == name);
            let wanted: Vec<&str> = self.of("single").map(|(name, _)| name).filter(|name| known(name)).collect();
            report.same("card", "outputs", &heads, &wanted);
        }
        let want = card.outputs.iter().fold(Want::attention(), |want, &site| want.and(Place::site(site)));
        for case in &self.expected.cases {
            self.compare_case(case, &opened, &want, &mut report);
        }
        for batch in &self.expected.batches {
            self.compare_batch(batch, &opened, &want, &mut report);
        }
        report.finish();
    }

    fn compare_case(&self, case: &Case, opened: &Opened, want: &Want, report: &mut Report) {
        let Case { name, texts, .. } = case;
        let pair = texts.get(1);
        match opened.tokenizer.encode(&texts[0], pair.map(String::as_str), opened.card().tokens) {
            Ok(tokens) if report.tokens(case, &tokens) => {}
            Ok(_) => return report.fail(name, "numbers", "not compared, because the tokens differ"),
            Err(e) => return report.fail(name, "tokens", &e),
        }
        let ask = Ask { pair: pair.cloned(), want: want.clone(), ..Ask::new(&texts[0]) };
        let run = match Run::new(opened, &ask, &Control::default()) {
            Ok(run) => run,
            Err(e) => return report.fail(name, "run", &e),
        };
        report.same(name, "ids of the run", &run.tokens.ids(), &case.ids);
        let last = run.card.layers - 1;
        for (tensor, wanted) in self.of(name) {
            let found = match tensor {
                "attentions" => run.attentions(),
                "hidden_states" => run.hidden_states(),
                "attentions_last" => run.array(run.at(last, Site::Probs)).cloned(),
                "hidden_last" => run.array(run.at(last, Site::Hidden)).cloned(),
                head => run.array(output(head)).cloned(),
            };
            match found {
                Ok(found) => report.close(name, tensor, &Numbers::of(&found), wanted, |_| true),
                Err(e) => report.fail(name, tensor, &e),
            }
        }
    }

    fn compare_batch(&self, batch: &Batch, opened: &Opened, want: &Want, report: &mut Report) {
        let Batch { name, texts, mask, .. } = batch;
        let card = opened.card();
        let tokens: Result<Vec<Tokens>, _> =
            texts.iter().map(|t| opened.tokenizer.encode(t, None, card.tokens)).collect();
        let tokens = match tokens {
            Ok(tokens) => tokens,
            Err(e) => return report.fail(name, "tokens", &e),
        };
        // GPT-2 has no padding token, so that any will do: padding is compared only where there is one.
        let pad = if card.is_causal() { self.expected.pad } else { opened.tokenizer.pad_id() };
        let input = Input::padded(&tokens, pad);
        let same = [
            report.same(name, "ids", &input.ids, &batch.ids),
            report.same(name, "mask", &input.mask, mask),
            report.same(name, "segments", &input.segments, &batch.segments),
        ];
        if same.contains(&false) {
            return report.fail(name, "numbers", "not compared, because the tokens differ");
        }
        let seen = match pass(opened, &input, want, &Edits::none(), &Control::default()) {
            Ok(seen) => seen,
            Err(e) => return report.fail(name, "pass", &e),
        };
        let layers = |site: Site| (0..card.layers).map(move |l| At::new(card.stack, l, site));
        let embeddings = std::iter::once(At::new(Stack::Embeddings, 0, Site::Hidden));
        for (tensor, wanted) in self.of(name) {
            // `row`: the axis of tokens, whose rows of padding mean nothing.
            let (found, row) = match tensor {
                "attentions" => (stacked(&seen, layers(Site::Probs)), Some(3)),
                "hidden_states" => (stacked(&seen, embeddings.clone().chain(layers(Site::Hidden))), Some(2)),
                head => {
                    let at = output(head);
                    let row = at.site.axes().iter().position(|axis| *axis == "token");
                    (seen.arrays.get(&at).map(Numbers::of), row)
                }
            };
            let is_token = |index: &[usize]| row.is_none_or(|row| mask[index[0]][index[row]] == 1);
            match found {
                Some(found) => report.close(name, tensor, &found, wanted, is_token),
                None => report.fail(name, tensor, "was not kept"),
            }
        }
    }
}

/// The logits that the reference calls `name`.
fn output(name: &str) -> At {
    let site = Site::ALL.iter().find(|site| site.name() == name);
    At::new(Stack::Output, 0, *site.unwrap_or_else(|| panic!("no site is called `{name}`")))
}

fn stacked(seen: &Seen, places: impl Iterator<Item = At>) -> Option<Numbers> {
    let arrays = places.map(|at| seen.arrays.get(&at)).collect::<Option<Vec<_>>>()?;
    Some(Numbers::by_text(&arrays))
}

/// What differs, line by line.
struct Report {
    model: String,
    lines: Vec<String>,
}

impl Report {
    fn fail(&mut self, case: &str, what: &str, why: impl std::fmt::Display) {
        self.lines.push(format!("{}, {case}, {what}: {why}", self.model));
    }

    /// Whether both are the same.
    fn same<T: PartialEq + Debug + ?Sized>(&mut self, case: &str, what: &str, found: &T, wanted: &T) -> bool {
        if found != wanted {
            self.fail(case, what, format!("\n   found  {found:?}\n   wanted {wanted:?}"));
        }
        found == wanted
    }

    /// Whether a text was split as the reference has it.
    fn tokens(&mut self, case: &Case, tokens: &Tokens) -> bool {
        let name = &case.name;
        let pieces = || tokens.pieces.iter();
        let same = [
            self.same(name, "ids", &tokens.ids(), &case.ids),
            self.same(name, "spans", &pieces().map(|p| [p.start, p.end]).collect(), &case.spans),
            self.same(name, "segments", &tokens.segments(), &case.segments),
            self.same(name, "special", &pieces().map(|p| p.special).collect(), &case.special),
            self.same(name, "truncated", &tokens.dropped, &case.truncated),
        ];
        // A wrong span is no reason not to compare the numbers: the model does not see it.
        same[0] && same[2]
    }

    /// Compares the values at the indices that `counts` lets through.
    fn close(
        &mut self,
        case: &str,
        tensor: &str,
        found: &Numbers,
        wanted: &Numbers,
        counts: impl Fn(&[usize]) -> bool,
    ) {
        if !self.same(case, &format!("shape of {tensor}"), &found.shape, &wanted.shape) {
            return;
        }
        let pairs =
            || found.data.iter().zip(&wanted.data).enumerate().map(|(i, (x, y))| (index(i, &wanted.shape), x, y));
        let counted = || pairs().filter(|(at, ..)| counts(at));
        let largest = counted().fold(1f32, |largest, (_, _, y)| largest.max(y.abs()));
        // What is not a number differs most.
        let size = |x: &f32, y: &f32| if (x - y).is_nan() { f32::INFINITY } else { (x - y).abs() };
        let worst = counted().max_by(|(_, x, y), (_, v, w)| size(x, y).total_cmp(&size(v, w)));
        let Some((at, x, y)) = worst else {
            return self.fail(case, tensor, "there is nothing to compare");
        };
        let allowed = tolerance() * largest;
        if size(x, y) > allowed {
            let off = counted().filter(|(_, x, y)| size(x, y) > allowed).count();
            let of = counted().count();
            self.fail(
                case,
                tensor,
                format!("differs most at {at:?}: {x} should be {y} within {allowed:.1e} ({off} of {of} values differ)"),
            );
        }
    }

    fn finish(self) {
        assert!(self.lines.is_empty(), "{} differences\n{}", self.lines.len(), self.lines.join("\n"));
    }
}

/// The place of value `i` in a row-major array.
fn index(mut i: usize, shape: &[usize]) -> Vec<usize> {
    let mut at: Vec<usize> = shape
        .iter()
        .rev()
        .map(|n| {
            let here = i % n;
            i /= n;
            here
        })
        .collect();
    at.reverse();
    at
}
