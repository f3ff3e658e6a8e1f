//! Files of weights: what good ones hold, and that no damaged or hostile one does harm.

use lexiscope::source::weights::Weights;
use lexiscope::trace::{Control, Stop};
use lexiscope::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Every good file, and the part of `expected.json` that says what it holds.
const GOOD: [(&str, &str); 14] = [
    ("f32.safetensors", "f32"),
    ("f16.safetensors", "f16"),
    ("bf16.safetensors", "bf16"),
    ("integers.safetensors", "integers"),
    ("zip_f32.bin", "f32"),
    ("zip_f16.bin", "f16"),
    ("zip_bf16.bin", "bf16"),
    ("zip_protocol4.bin", "f32"),
    ("zip_nested.bin", "f32"),
    ("zip_integers.bin", "integers"),
    ("zip_module_state.bin", "module_state"),
    ("legacy_f32.bin", "f32"),
    ("legacy_nested.bin", "f32"),
    ("legacy_integers.bin", "integers"),
];

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pickles").join(name)
}

fn open(path: &Path) -> Result<Weights> {
    Weights::open(path, &Control::default())
}

fn expected() -> serde_json::Value {
    let text = std::fs::read_to_string(data("expected.json")).expect("expected.json");
    serde_json::from_str(&text).expect("JSON")
}

/// Asserts that a checkpoint holds these tensors and no others.
fn assert_holds(weights: &Weights, wanted: &serde_json::Value, file: &str) {
    let wanted = wanted.as_object().expect("tensors by name");
    for (name, tensor) in wanted {
        let shape: Vec<usize> = serde_json::from_value(tensor["shape"].clone()).expect("a shape");
        let values: Vec<f32> = serde_json::from_value(tensor["values"].clone()).expect("numbers");
        assert_eq!(weights.shape(name), Some(shape.as_slice()), "{file}: {name}");
        assert_eq!(weights.read_any(name).expect(name), values, "{file}: {name}");
    }
    let mut names: Vec<&str> = wanted.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(weights.entries().map(|(name, _)| name).collect::<Vec<_>>(), names, "{file}");
    assert!(weights.unused().is_empty() && weights.not_finite().is_empty(), "{file}");
}

/// A folder with these files in it.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    folder
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(data(name)).expect(name)
}

/// A safetensors file of bytes, `[1]` each.
fn shard(tensors: &[(&str, u8)]) -> Vec<u8> {
    let entries: Vec<String> = tensors
        .iter()
        .enumerate()
        .map(|(i, (name, _))| format!(r#""{name}":{{"dtype":"U8","shape":[1],"data_offsets":[{i},{}]}}"#, i + 1))
        .collect();
    let header = format!("{{{}}}", entries.join(","));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.extend(tensors.iter().map(|t| t.1));
    bytes
}

#[test]
fn every_format_holds_what_pytorch_put_into_it() {
    let expected = expected();
    for (file, part) in GOOD.into_iter().chain([("legacy_python2.bin", "python2")]) {
        let weights = open(&data(file)).unwrap_or_else(|e| panic!("{e}"));
        assert_holds(&weights, &expected[part], file);
        assert_eq!(weights.files(), [data(file)]);
    }
}

#[test]
fn the_bundled_model_is_read_whole() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/bert-mini-en");
    let weights = open(&path).expect("the bundled model");
    assert_eq!(weights.path(), path);
    let names: Vec<String> = weights.entries().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(weights.unused(), names);
    for name in &names {
        let values = weights.read_any(name).expect(name);
        assert_eq!(values.len(), weights.shape(name).expect(name).iter().product::<usize>());
    }
    assert!(weights.unused().is_empty() && weights.not_finite().is_empty());
}

#[test]
fn the_best_file_of_a_folder_is_taken_and_an_empty_folder_says_what_was_looked_for() {
    let both = folder(&[("model.safetensors", &shard(&[("a", 7)])), ("pytorch_model.bin", b"junk")]);
    assert_eq!(open(both.path()).expect("safetensors come first").read_any("a").expect("a"), [7.0]);
    let pickle = folder(&[("pytorch_model.bin", &bytes("zip_f32.bin"))]);
    assert_holds(&open(pickle.path()).expect("a pickle"), &expected()["f32"], "pytorch_model.bin");

    let other = folder(&[("tf_model.h5", b"")]);
    let error = open(other.path()).expect_err("no weights").to_string();
    for part in [&*other.path().to_string_lossy(), "model.safetensors.index.json", "pytorch_model.bin", "tf_model.h5"] {
        assert!(error.contains(part), "`{error}` does not say `{part}`");
    }
    assert!(matches!(open(&other.path().join("nowhere")), Err(Error::Io { .. })));
}

#[test]
fn shards_are_one_checkpoint() {
    let index = br#"{"metadata":{"total_size":3},"weight_map":{"a":"one.safetensors","c":"two.safetensors"}}"#;
    let one = shard(&[("a", 1), ("b", 2)]);
    let two = shard(&[("a", 9), ("c", 3)]);
    let files =
        [("model.safetensors.index.json", index.as_slice()), ("one.safetensors", &one), ("two.safetensors", &two)];
    let good = folder(&files);
    let weights = open(good.path()).expect("two shards");
    let read = |name| weights.read_any(name).expect(name);
    assert_eq!([read("a"), read("b"), read("c")], [[1.0], [2.0], [3.0]], "the index says which `a` is meant");
    assert_eq!(weights.files().len(), 2);

    let error = open(folder(&files[..2]).path()).expect_err("a shard is missing").to_string();
    assert!(error.contains("two.safetensors is missing"), "{error}");
    let swapped = [files[0], ("one.safetensors", &two), ("two.safetensors", &one)];
    let error = open(folder(&swapped).path()).expect_err("a tensor is missing").to_string();
    assert!(error.contains("`c` should be in two.safetensors"), "{error}");
    let twice = [files[0], ("one.safetensors", &one), ("two.safetensors", &shard(&[("b", 9), ("c", 3)]))];
    let error = open(folder(&twice).path()).expect_err("a tensor comes twice").to_string();
    assert!(error.contains("`b` is also in one.safetensors"), "{error}");
    for name in ["../one.safetensors", "/one.safetensors", "x/one", "x\\\\one", "C:one", "..", ".", "", "one/"] {
        let index = format!(r#"{{"weight_map":{{"a":"{name}"}}}}"#);
        let bad = folder(&[("model.safetensors.index.json", index.as_bytes()), files[1]]);
        let error = open(bad.path()).expect_err(name).to_string();
        assert!(error.contains("is not the name of a file in the same folder"), "{error}");
    }
    for index in ["{}", r#"{"weight_map":{}}"#, r#"{"weight_map":{"a":1}}"#, "", "[", "null"] {
        let bad = folder(&[("model.safetensors.index.json", index.as_bytes())]);
        assert!(matches!(open(bad.path()), Err(Error::Format { .. })), "{index}");
    }

    let index = br#"{"weight_map":{"old":"pytorch_model-00001-of-00001.bin"}}"#;
    let old = bytes("legacy_python2.bin");
    let pickles = [("pytorch_model.bin.index.json", index.as_slice()), ("pytorch_model-00001-of-00001.bin", &old)];
    assert_holds(&open(folder(&pickles).path()).expect("a pickle"), &expected()["python2"], "shards");
}

#[test]
fn names_of_old_checkpoints_are_found_under_the_new_ones() {
    let weights = open(&data("zip_f32.bin")).expect("a good file");
    assert!(weights.contains("norm.weight") && !weights.contains("weight") && !weights.contains("norm.gamma.weight"));
    assert_eq!(weights.shape("norm.bias"), Some([2].as_slice()));
    assert_eq!(weights.read("norm.weight", &[2]).expect("gamma"), [1.0, 2.0]);
    assert_eq!(weights.read("norm.bias", &[2]).expect("beta"), [-1.0, -2.0]);
    assert!(weights.unused().iter().all(|name| !name.starts_with("norm")));
}

#[test]
fn what_a_model_lacks_or_has_in_another_shape_is_named() {
    let weights = open(&data("zip_f32.bin")).expect("a good file");
    let error = weights.read("whole", &[6, 4]).expect_err("another shape");
    assert!(matches!(error, Error::Shape { tensor, found, .. } if tensor == "whole" && found == [4, 6]));
    let error = weights.read("missing.weight", &[1]).expect_err("not there");
    assert!(matches!(error, Error::MissingTensor { tensor, .. } if tensor == "missing.weight"));
    assert_eq!(weights.unused().len(), weights.entries().count());
}

#[test]
fn numbers_that_are_none_are_told() {
    let mut bytes = bytes("f32.safetensors");
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let folder = folder(&[("model.safetensors", &bytes)]);
    let weights = open(folder.path()).expect("its header is good");
    assert!(weights.not_finite().is_empty(), "nothing has been read");
    let names: Vec<String> = weights.unused();
    for name in &names {
        weights.read_any(name).expect(name);
    }
    assert_eq!(weights.not_finite().len(), 1);
}

#[test]
fn what_would_run_code_is_refused_and_not_run() {
    for (file, says) in [
        ("refused_module.bin", "would run `torch.nn.modules.linear.Linear`"),
        ("refused_evil.bin", "would run `posix.system`"),
        ("refused_evil_zip.bin", "would run `posix.system`"),
        ("refused_evil_legacy.bin", "would run `posix.system`"),
        ("refused_big_endian.bin", "`big`-endian"),
    ] {
        let error = open(&data(file)).expect_err(file);
        assert!(matches!(error, Error::Format { .. }) && error.to_string().contains(says), "{error}");
    }
    assert!(!Path::new("lexiscope_was_here").exists());
}

#[test]
fn a_git_lfs_pointer_says_what_to_do() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    for name in ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"] {
        let error = open(folder(&[(name, pointer)]).path()).expect_err(name).to_string();
        assert!(error.contains("git lfs pull"), "{error}");
    }
}

#[test]
fn reading_reports_bytes_and_stops_when_asked() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let stop = Stop::default();
    let hear = Arc::clone(&told);
    let control = Control::new(stop.clone(), move |p| hear.lock().unwrap().push((p.done, p.total)));
    let weights = Weights::open(&data("f32.safetensors"), &control).expect("a good file");
    let total = weights.entries().map(|(_, e)| e.shape.iter().product::<usize>() as u64 * 4).sum();
    for name in weights.unused() {
        weights.read_any(&name).expect("read");
    }
    let told = told.lock().unwrap();
    assert_eq!((told.first(), told.last()), (Some(&(0, total)), Some(&(total, total))));
    stop.set();
    assert!(weights.read_any("whole").expect_err("stopped").is_stopped());
    assert!(Weights::open(&data("f32.safetensors"), &control).expect_err("stopped").is_stopped());
}

/// Puts a new file in the place of an old one. Some systems wait for the disk when a file is cut to nothing and
/// written again, which takes longer than everything else here.
fn rewrite(path: &Path, bytes: &[u8]) {
    if path.exists() {
        std::fs::remove_file(path).expect("removed");
    }
    std::fs::write(path, bytes).expect("written");
}

/// A small generator of numbers that are the same on every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    /// Damages a file: mostly one byte that stays one byte, which gets past the outer checks of length; now and then
    /// up to four cuts and insertions as well.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let kinds = if self.roll(3) == 0 { 7 } else { 3 };
        for _ in 0..=self.roll(if kinds == 3 { 2 } else { 4 }) {
            if bytes.is_empty() {
                return;
            }
            let at = self.roll(bytes.len());
            match self.roll(kinds) {
                0 => bytes[at] ^= 1 << self.roll(8),
                1 => bytes[at] = [0, 0xff, 0x7f, 0x80, b'.', b'9'][self.roll(6)],
                2 => bytes[at] = bytes[self.roll(bytes.len())],
                3 => bytes.truncate(at),
                4 => bytes.insert(at, self.roll(256) as u8),
                5 => {
                    let run = at..(at + self.roll(12)).min(bytes.len());
                    bytes[run].fill(if self.roll(2) == 0 { 0xff } else { 0 });
                }
                _ => {
                    let from = self.roll(bytes.len());
                    let copy = bytes[from..(from + self.roll(40)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
        }
    }
}

/// The most address space that this process has taken, in bytes, where the system says.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmPeak:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kb| kb * 1024)
}

#[test]
fn a_damaged_file_is_read_or_refused_and_takes_no_memory() {
    const ROUNDS: usize = 1_000;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut dice = Dice(7);
    let before = peak();
    let (mut read, mut refused) = (0, 0);
    let refused_files = ["refused_module.bin", "refused_evil_zip.bin", "refused_evil_legacy.bin"];
    let files = GOOD.iter().map(|f| f.0).chain(["legacy_python2.bin"]).chain(refused_files);
    for file in files {
        let good = bytes(file);
        let path = folder.path().join(file);
        for _ in 0..ROUNDS {
            let mut bad = good.clone();
            dice.damage(&mut bad);
            rewrite(&path, &bad);
            let weights = match open(&path) {
                Ok(weights) => weights,
                Err(Error::Format { .. }) => {
                    refused += 1;
                    continue;
                }
                Err(other) => panic!("{file}: {other}"),
            };
            for name in weights.unused() {
                let values = weights.read_any(&name).expect("what was checked can be read");
                assert!(values.len() <= bad.len(), "{file}: {} numbers of {} bytes", values.len(), bad.len());
            }
            read += 1;
        }
    }
    assert!(read > 2_000 && refused > 8_000, "{read} read, {refused} refused");
    if let (Some(before), Some(after)) = (before, peak()) {
        // Other tests run beside this one; what is looked for is memory by the gigabyte.
        assert!(after - before < 1 << 30, "{} MB were taken", (after - before) >> 20);
    }
    assert!(!Path::new("lexiscope_was_here").exists());
}

#[test]
fn every_shorter_file_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in ["f32.safetensors", "zip_f32.bin", "legacy_f32.bin", "legacy_python2.bin"] {
        let good = bytes(file);
        let path = folder.path().join(file);
        for len in 0..good.len() {
            rewrite(&path, &good[..len]);
            assert!(matches!(open(&path), Err(Error::Format { .. })), "{file} of {len} bytes");
        }
    }
}
