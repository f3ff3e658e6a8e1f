//! The HDF5 reader against files that h5py wrote.

use lexiscope::source::hdf5::Hdf5;
use lexiscope::trace::Control;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recurrent/hdf5")
}

fn open(name: &str) -> Hdf5 {
    Hdf5::open(&folder().join(name), &Control::default()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The matrix that is in the files in many forms, as NumPy wrote it: [37, 11].
fn grid() -> Vec<f32> {
    let bytes = fs::read(folder().join("grid.npy")).expect("the matrix");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[start..].as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

#[test]
fn numbers_of_every_kind_are_read_from_old_and_new_files() {
    let grid = grid();
    for name in ["old.h5", "new.h5"] {
        let file = open(name);
        for form in ["plain", "double", "big"] {
            assert_eq!(file.shape(&format!("a/b/{form}")), Some(&[37, 11][..]), "{name} {form}");
            assert_eq!(file.read(&format!("a/b/{form}")).expect(form), grid, "{name} {form}");
        }
        let half = file.read("a/b/half").expect("half precision");
        assert!(half.iter().zip(&grid).all(|(a, b)| (a - b).abs() <= 1e-3 * b.abs().max(1e-2)), "{name}");
        assert_eq!(file.read("a/b/bytes").expect("bytes")[..3], [0.0, 20.0, 40.0]);
        assert_eq!(file.read("a/b/whole").expect("whole numbers"), [-3.0, 70000.0, 5.0]);
        assert_eq!(file.read("a/b/flags").expect("an enumeration"), [1.0, 0.0]);
        assert_eq!((file.shape("a/b/scalar"), file.read("a/b/scalar").expect("one")), (Some(&[][..]), vec![2.5]));
        assert_eq!(file.shape("a/c/empty"), Some(&[0, 4][..]));
        assert!(file.read("a/c/empty").expect("nothing").is_empty());
        assert!(file.read("a/b/missing").expect_err("no such thing").to_string().contains("a/b/missing"));
    }
}

#[test]
fn texts_and_attributes_are_read() {
    for name in ["old.h5", "new.h5"] {
        let file = open(name);
        assert_eq!(file.texts("a/c/fixed").expect("texts"), ["ab", "cde"]);
        assert_eq!(file.texts("a/c/texts").expect("texts"), ["", "two", "dréi"]);
        let attribute = |what: &str| file.attribute("", what).expect(what);
        assert_eq!(attribute("names").expect("a list"), ["alpha", "be"]);
        assert_eq!(attribute("several").expect("a list"), ["one", "zwei", "trois é"]);
        assert_eq!(attribute("long").expect("a text"), ["x".repeat(300)]);
        assert_eq!((attribute("number"), attribute("none")), (None, None));
        assert!(file.read("a/c/texts").expect_err("no numbers").to_string().contains("holds texts and not numbers"));
    }
}

#[test]
fn chunks_are_put_together_and_their_filters_undone() {
    let (grid, file) = (grid(), open("old.h5"));
    assert_eq!(file.read("a/b/chunks").expect("chunks"), grid);
    assert_eq!(file.read("a/b/packed").expect("gzip, shuffle, checksum"), grid);
    let twice: Vec<f32> = grid.iter().flat_map(|x| [*x, *x]).collect();
    assert_eq!(file.read("a/b/lzf").expect("LZF"), twice);
    let long = file.read("a/b/long").expect("gzip");
    assert_eq!(long.len(), 40_000);
    assert!(long.iter().enumerate().all(|(i, x)| *x == (i % 100) as f32));
    let hole = file.read("a/b/hole").expect("a chunk that was never written is 0");
    assert_eq!(hole, [[0.0; 5], [1.0; 5], [0.0; 5], [0.0; 5]].concat());
    assert_eq!(open("new.h5").read("a/c/single").expect("a single chunk"), grid);
    assert_eq!(file.datasets().filter(|name| name.starts_with("many/")).count(), 30);
    assert_eq!(file.read("many/17").expect("a number"), [17.0]);
}

#[test]
fn what_is_not_read_is_named() {
    let file = open("old.h5");
    let error = file.read("a/b/scaled").expect_err("a filter").to_string();
    assert!(error.contains("filter 6 (scale-offset)") && error.contains("a/b/scaled"), "{error}");
    let error = file.read("a/b/record").expect_err("no numbers").to_string();
    assert!(error.contains("compound records"), "{error}");
    let many = Hdf5::open(&folder().join("many.h5"), &Control::default()).expect_err("nine members");
    assert!(many.to_string().contains("heap of their own"), "{many}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.h5");
    fs::write(&path, b"not one").expect("written");
    assert!(Hdf5::open(&path, &Control::default()).expect_err("no HDF5").to_string().contains("signature"));
    assert!(!Hdf5::is_one(&path) && Hdf5::is_one(&self::folder().join("old.h5")));
}

/// Opens a file and reads all that is in it; errors are fine, panics and endless loops are not.
fn read_all(path: &Path) {
    let Ok(file) = Hdf5::open(path, &Control::default()) else { return };
    for name in file.datasets() {
        if let Ok(values) = file.read(name) {
            let count: usize = file.shape(name).expect("a dataset").iter().product();
            assert_eq!(values.len(), count, "{name}");
        }
        let _ = file.texts(name);
        let _ = file.attribute(name, "names");
    }
}

#[test]
fn a_truncated_file_is_an_error_and_never_a_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.h5");
    for name in ["old.h5", "new.h5"] {
        let whole = fs::read(self::folder().join(name)).expect("the file");
        for end in (0..whole.len()).step_by(whole.len() / 150) {
            fs::write(&path, &whole[..end]).expect("written");
            read_all(&path);
        }
    }
}

#[test]
fn a_damaged_file_is_an_error_and_never_a_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.h5");
    // xorshift64*, so that a failure comes again.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below
    };
    for name in ["old.h5", "new.h5"] {
        let whole = fs::read(self::folder().join(name)).expect("the file");
        for round in 0..400 {
            let mut bytes = whole.clone();
            for _ in 0..=round % 8 {
                // Half of the damage goes to the beginning, where there are headers rather than numbers.
                let place = if random(2) == 0 { random(bytes.len()) } else { random(4096) };
                bytes[place] = match random(3) {
                    0 => 0xff,
                    1 => 0,
                    _ => random(256) as u8,
                };
            }
            fs::write(&path, &bytes).expect("written");
            read_all(&path);
        }
    }
}
