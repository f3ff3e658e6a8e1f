//! Vectors as files that other tools read: word2vec text and binary, NumPy, the Embedding Projector's pair of tables,
//! safetensors.

use super::file::save;
use super::npz::{self, Npz};
use crate::error::{Error, Result};
use crate::source::vectors::{Column, ColumnValues, Vectors, Words};
use crate::trace::Control;
use rayon::prelude::*;
use serde_json::json;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Rows that are written between two looks at the stop flag.
const BLOCK: usize = 4096;
/// Rows that one thread turns into text at a time.
const PIECE: usize = 256;

/// What vectors can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorFormat {
    /// word2vec's text, as gensim writes it.
    Text,
    /// word2vec's binary file, as gensim writes it.
    Binary,
    /// `NumPy`'s array, and the words in a file beside it.
    Npy,
    /// An archive of `NumPy`'s arrays: `vectors`, `words`, and an array to each column.
    Npz,
    /// Two tables for the Embedding Projector: vectors and metadata.
    Tsv,
    /// Tensors: `vectors`, one to each column of numbers; the words as JSON in the header.
    Safetensors,
}

impl VectorFormat {
    /// The format that the name of a file asks for.
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        Ok(match extension.as_str() {
            "txt" | "vec" => Self::Text,
            "bin" => Self::Binary,
            "npy" => Self::Npy,
            "npz" => Self::Npz,
            "tsv" => Self::Tsv,
            "safetensors" => Self::Safetensors,
            _ => {
                let known = "txt or vec (word2vec text), bin (word2vec binary), npy, npz, tsv (Projector), safetensors";
                return Err(Error::input(format!("the file's extension chooses the format of vectors: {known}")));
            }
        })
    }

    /// Whether readers of this format keep only the first of several rows with one name.
    fn needs_distinct_words(self) -> bool {
        matches!(self, Self::Text | Self::Binary)
    }
}

/// Writes vectors to `path` in the format that its extension names; where their words need a file of their own, it lies
/// beside. Says which files there are now, and what of the vectors is not in them.
pub fn write(vectors: &Vectors, path: &Path, control: &Control) -> Result<Written> {
    let format = VectorFormat::of(path)?;
    let mut written = Written { files: vec![path.to_path_buf()], notices: Vec::new() };
    check(&vectors.words, format, path)?;
    let columns = &vectors.columns;
    match format {
        VectorFormat::Text => text(vectors, path, control)?,
        VectorFormat::Binary => binary(vectors, path, control)?,
        VectorFormat::Npy => {
            let shape = [vectors.rows.len(), vectors.rows.width()];
            saved(path, control, |out| {
                out.write_all(&npz::header("<f4", &shape))?;
                blocks(vectors, control, |block| npz::write_singles(out, block))
            })?;
            written.files.push(beside(path, "labels.txt"));
            saved(&written.files[1], control, |out| lines(&vectors.words, &[], out))?;
        }
        VectorFormat::Npz => archive(vectors, path, control)?,
        VectorFormat::Tsv => {
            table(vectors, path, control)?;
            written.files.push(beside(path, "metadata.tsv"));
            saved(&written.files[1], control, |out| lines(&vectors.words, columns, out))?;
        }
        VectorFormat::Safetensors => tensors(vectors, path, control)?,
    }
    let lost = |column: &&Column| match format {
        VectorFormat::Text | VectorFormat::Binary | VectorFormat::Npy => true,
        VectorFormat::Npz | VectorFormat::Tsv => false,
        VectorFormat::Safetensors => !matches!(column.values, ColumnValues::Number(_)),
    };
    let lost: Vec<&str> = columns.iter().filter(lost).map(|column| column.name.as_str()).collect();
    if !lost.is_empty() {
        written.notices.push(format!("not in the file: {}; npz and tsv have every column", lost.join(", ")));
    }
    Ok(written)
}

/// What became of vectors that were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The files, that of the vectors first.
    pub files: Vec<PathBuf>,
    /// What the person should know.
    pub notices: Vec<String>,
}

/// The name of the file that belongs to `path`: `a.tsv` has `a_metadata.tsv`, `vectors.tsv` has `metadata.tsv`.
fn beside(path: &Path, kind: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_plain = matches!(stem.as_ref(), "vectors" | "tensors");
    path.with_file_name(if is_plain { kind.to_owned() } else { format!("{stem}_{kind}") })
}

/// Refuses words that the format cannot hold.
fn check(words: &Words, format: VectorFormat, path: &Path) -> Result<()> {
    let breaks: &[u8] = match format {
        VectorFormat::Text | VectorFormat::Npy => b"\n\r",
        // A space ends the word.
        VectorFormat::Binary => b"\n ",
        VectorFormat::Tsv => b"\n\r\t",
        VectorFormat::Npz | VectorFormat::Safetensors => b"",
    };
    for i in 0..words.len() {
        let word = words.bytes_of(i);
        let wrong = if word.iter().any(|b| breaks.contains(b)) {
            "has a space, tab or line break in it"
        } else if format.needs_distinct_words() && word.is_empty() {
            "has no letters"
        } else if format.needs_distinct_words() && words.find(word) != Some(i) {
            "is not the first one of this name"
        } else if format == VectorFormat::Safetensors && std::str::from_utf8(word).is_err() {
            "is not UTF-8"
        } else {
            continue;
        };
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let what = format!("word {}, {:?}, {wrong}, which .{extension} cannot hold: write .npz", i + 1, words.get(i));
        return Err(Error::input(what));
    }
    Ok(())
}

/// Writes a file; a stop on the way is told as one.
fn saved(
    path: &Path,
    control: &Control,
    write: impl FnOnce(&mut io::BufWriter<std::fs::File>) -> io::Result<()>,
) -> Result<()> {
    save(path, write).or_else(|error| control.check().and(Err(error)))
}

/// Gives the numbers of some rows at a time. A stop ends the writing like a failure would.
fn blocks(vectors: &Vectors, control: &Control, mut write: impl FnMut(&[f32]) -> io::Result<()>) -> io::Result<()> {
    let (width, all) = (vectors.rows.width(), vectors.rows.len() as u64);
    for (i, block) in vectors.rows.values().chunks(BLOCK * width).enumerate() {
        watched(control, (i * BLOCK) as u64, all)?;
        write(block)?;
    }
    Ok(())
}

fn watched(control: &Control, done: u64, all: u64) -> io::Result<()> {
    control.report("Writing vectors", done, all);
    control.check().map_err(|_| io::ErrorKind::Interrupted.into())
}

/// Lines of text to each row, made on all threads.
fn rows_as_text(
    vectors: &Vectors,
    control: &Control,
    out: &mut impl Write,
    line: impl Fn(usize, &[f32], &mut Vec<u8>) + Sync,
) -> io::Result<()> {
    let count = vectors.rows.len();
    for first in (0..count).step_by(BLOCK) {
        watched(control, first as u64, count as u64)?;
        let starts: Vec<usize> = (first..count.min(first + BLOCK)).step_by(PIECE).collect();
        let pieces = starts.into_par_iter().map(|start| {
            let mut text = Vec::new();
            (start..count.min(start + PIECE).min(first + BLOCK)).for_each(|i| line(i, vectors.rows.row(i), &mut text));
            text
        });
        for piece in pieces.collect::<Vec<_>>() {
            out.write_all(&piece)?;
        }
    }
    Ok(())
}

fn text(vectors: &Vectors, path: &Path, control: &Control) -> Result<()> {
    saved(path, control, |out| {
        writeln!(out, "{} {}", vectors.rows.len(), vectors.rows.width())?;
        rows_as_text(vectors, control, out, |i, row, text| {
            text.extend_from_slice(vectors.words.bytes_of(i));
            for x in row {
                text.push(b' ');
                number(*x, text);
            }
            text.push(b'\n');
        })
    })
}

fn binary(vectors: &Vectors, path: &Path, control: &Control) -> Result<()> {
    let count = vectors.rows.len();
    saved(path, control, |out| {
        writeln!(out, "{count} {}", vectors.rows.width())?;
        for (i, row) in vectors.rows.iter().enumerate() {
            if i.is_multiple_of(BLOCK) {
                watched(control, i as u64, count as u64)?;
            }
            out.write_all(vectors.words.bytes_of(i))?;
            out.write_all(b" ")?;
            npz::write_singles(out, row)?;
        }
        Ok(())
    })
}

fn table(vectors: &Vectors, path: &Path, control: &Control) -> Result<()> {
    saved(path, control, |out| {
        rows_as_text(vectors, control, out, |_, row, text| {
            for (i, x) in row.iter().enumerate() {
                if i > 0 {
                    text.push(b'\t');
                }
                number(*x, text);
            }
            text.push(b'\n');
        })
    })
}

/// A word to a line; with columns, a line of names first, as the Projector asks for.
fn lines(words: &Words, columns: &[Column], out: &mut impl Write) -> io::Result<()> {
    // What would end a field early.
    let field = |text: &str| text.replace(['\t', '\n', '\r'], " ");
    if !columns.is_empty() {
        out.write_all(b"word")?;
        columns.iter().try_for_each(|column| write!(out, "\t{}", field(&column.name)))?;
        out.write_all(b"\n")?;
    }
    for i in 0..words.len() {
        out.write_all(words.bytes_of(i))?;
        columns.iter().try_for_each(|column| write!(out, "\t{}", field(&column.values.text(i))))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn archive(vectors: &Vectors, path: &Path, control: &Control) -> Result<()> {
    let count = vectors.rows.len();
    saved(path, control, |out| {
        let mut file = Npz::new(out);
        let shape = [count, vectors.rows.width()];
        file.singles_by("vectors", &shape, |out| blocks(vectors, control, |block| npz::write_singles(out, block)))?;
        file.words("words", count, |i| vectors.words.bytes_of(i).into())?;
        for (name, column) in names(&vectors.columns).iter().zip(&vectors.columns) {
            match &column.values {
                ColumnValues::Number(values) => match wholes(values) {
                    Some(values) => file.wholes(name, &values)?,
                    None => file.doubles(name, values)?,
                },
                values => file.words(name, count, |i| values.text(i).into_owned().into_bytes().into())?,
            }
        }
        file.finish()
    })
}

/// Names of arrays for columns: none twice, none that is taken, none that a zip archive takes for a folder.
fn names(columns: &[Column]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for column in columns {
        let mut name = column.name.replace(['/', '\\', ':', '\0'], "_");
        while name.is_empty() || ["vectors", "words"].contains(&name.as_str()) || names.contains(&name) {
            name.push('_');
        }
        names.push(name);
    }
    names
}

/// The numbers as whole ones, if they all are.
fn wholes(values: &[f64]) -> Option<Vec<i64>> {
    let whole = |x: &f64| (x.fract() == 0.0 && x.abs() <= 2f64.powi(53)).then_some(*x as i64);
    values.iter().map(whole).collect()
}

fn tensors(vectors: &Vectors, path: &Path, control: &Control) -> Result<()> {
    let (count, width) = (vectors.rows.len(), vectors.rows.width());
    let words: Vec<_> = vectors.words.iter().collect();
    let words = serde_json::to_string(&words).map_err(|e| Error::io(path, e.into()))?;
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".to_owned(), json!({ "words": words }));
    let numbers = names(&vectors.columns).into_iter().zip(&vectors.columns);
    let numbers: Vec<(String, &Vec<f64>)> = numbers
        .filter_map(|(name, column)| match &column.values {
            ColumnValues::Number(values) => Some((name, values)),
            _ => None,
        })
        .collect();
    // What has the widest numbers comes first, so that all are aligned.
    let mut end = 0;
    for (name, values) in &numbers {
        let from = end;
        end += values.len() * 8;
        let claim = json!({ "dtype": "F64", "shape": [values.len()], "data_offsets": [from, end] });
        header.insert(name.clone(), claim);
    }
    let offsets = [end, end + count * width * 4];
    let claim = json!({ "dtype": "F32", "shape": [count, width], "data_offsets": offsets });
    header.insert("vectors".to_owned(), claim);
    let mut header = serde_json::Value::from(header).to_string();
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
    saved(path, control, |out| {
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(header.as_bytes())?;
        numbers.iter().try_for_each(|(_, values)| npz::write_doubles(out, values))?;
        blocks(vectors, control, |block| npz::write_singles(out, block))
    })
}

/// A number as `NumPy` prints it: as few digits as tell it from every other `f32`, at least one after the point, an
/// exponent of two digits or more below 1e-4 and from 1e16 on.
fn number(x: f32, out: &mut Vec<u8>) {
    if !x.is_finite() {
        let text = if x.is_nan() {
            "nan"
        } else if x > 0.0 {
            "inf"
        } else {
            "-inf"
        };
        return out.extend_from_slice(text.as_bytes());
    }
    // Compared as an f64, in which 1e-4 is larger than the nearest f32.
    let small = f64::from(x.abs());
    if small == 0.0 || (1e-4..1e16).contains(&small) {
        let from = out.len();
        // Writing to memory does not fail.
        let _ = write!(out, "{x}");
        if !out[from..].contains(&b'.') {
            out.extend_from_slice(b".0");
        }
        return;
    }
    let text = format!("{x:e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    let _ = write!(out, "{digits}e{sign}{power:0>2}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_numpy_prints_them() {
        // str(np.float32(x)) of NumPy 1.26.4.
        for (x, wanted) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (-1e-4, "-1e-04"),
            (0.000_100_01, "0.00010001"),
            (9.999e-5, "9.999e-05"),
            (1.5e-45, "1e-45"),
            (123_456_789.0, "123456790.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (-3.402_823_5e38, "-3.4028235e+38"),
            (16_777_216.0, "16777216.0"),
            (f32::NAN, "nan"),
            (f32::NEG_INFINITY, "-inf"),
        ] {
            let mut text = Vec::new();
            number(x, &mut text);
            assert_eq!(String::from_utf8_lossy(&text), wanted);
        }
    }

    #[test]
    fn names_of_columns_do_not_clash() {
        let column = |name: &str| Column { name: name.to_owned(), values: ColumnValues::Number(Vec::new()) };
        assert_eq!(names(&["words", "a/b", "a_b", ""].map(column)), ["words_", "a_b", "a_b_", "_"]);
    }
}
