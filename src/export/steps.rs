//! Values over time as files, written while they are computed: a text of any length takes no more memory than a stretch
//! of it.
//!
//! * npz: every array under its name, `[time, unit]`, and `tokens`, the list of tokens as JSON in a `u8` tensor;
//! * csv: a row to each time step: `step,token,start,end`, `bits` where there are any, and a column to each unit, called
//!   `forward.0.cell.17`.

use super::file::Part;
use super::npz::{Npz, write_singles};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::text::Piece;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A stretch of time: names and arrays `[time, unit]`, or `[label]` where one is of the whole text.
pub struct Stretch<'a> {
    /// The first step.
    pub from: usize,
    /// The tokens.
    pub tokens: &'a [Piece],
    /// How surprising each token was; empty where nobody predicts.
    pub bits: &'a [f32],
    /// The arrays.
    pub arrays: &'a [(String, Array)],
}

/// A file under way. Nothing is left where it is not finished.
pub enum Writer {
    /// Tensors.
    Npz(Tensors),
    /// A table.
    Csv(Table),
}

impl Writer {
    /// A file whose extension, npz or csv, chooses its format.
    pub fn create(path: &Path) -> Result<Self> {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        match extension.as_str() {
            "npz" => Ok(Self::Npz(Tensors { path: path.to_path_buf(), parts: Vec::new(), tokens: None })),
            "csv" => Table::create(path).map(Self::Csv).map_err(|e| Error::io(path, e)),
            other => Err(Error::input(format!("values over time are written as npz or csv, not as `.{other}`"))),
        }
    }

    /// Adds a stretch to what is there.
    pub fn add(&mut self, stretch: &Stretch<'_>) -> Result<()> {
        match self {
            Self::Npz(tensors) => tensors.add(stretch).map_err(|e| Error::io(&tensors.path, e)),
            Self::Csv(table) => table.add(stretch).map_err(|e| Error::io(&table.path, e)),
        }
    }

    /// Puts the file in its place.
    pub fn finish(self) -> Result<()> {
        match self {
            Self::Npz(tensors) => {
                let path = tensors.path.clone();
                tensors.finish().map_err(|e| Error::io(&path, e))
            }
            Self::Csv(table) => {
                let path = table.path.clone();
                table.finish().map_err(|e| Error::io(&path, e))
            }
        }
    }
}

/// Bytes that wait beside the file until all of them are known: an npz file says first how long an array is.
struct Waiting {
    part: Part,
    out: BufWriter<File>,
    bytes: usize,
}

impl Waiting {
    fn create(path: &Path) -> io::Result<Self> {
        let (part, file) = Part::create(path)?;
        Ok(Self { part, out: BufWriter::with_capacity(1 << 18, file), bytes: 0 })
    }

    fn reader(self) -> io::Result<(Part, BufReader<File>)> {
        let mut file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        Ok((self.part, BufReader::with_capacity(1 << 20, file)))
    }
}

/// An npz file under way.
pub struct Tensors {
    path: PathBuf,
    /// Names, shapes and values.
    parts: Vec<(String, Vec<usize>, Waiting)>,
    tokens: Option<Waiting>,
}

impl Tensors {
    fn add(&mut self, stretch: &Stretch<'_>) -> io::Result<()> {
        for (name, array) in stretch.arrays {
            let found = self.parts.iter().position(|(known, ..)| known == name);
            let i = if let Some(i) = found {
                i
            } else {
                let mut shape = array.shape().to_vec();
                shape[0] = 0;
                self.parts.push((name.clone(), shape, Waiting::create(&self.path)?));
                self.parts.len() - 1
            };
            let (_, shape, waiting) = &mut self.parts[i];
            shape[0] += array.shape()[0];
            write_singles(&mut waiting.out, array.data())?;
        }
        let is_first = self.tokens.is_none();
        let tokens = match &mut self.tokens {
            Some(tokens) => tokens,
            None => self.tokens.insert(Waiting::create(&self.path)?),
        };
        for (i, token) in stretch.tokens.iter().enumerate() {
            let mut text = serde_json::to_vec(token)?;
            text.insert(0, if is_first && i == 0 { b'[' } else { b',' });
            tokens.bytes += text.len();
            tokens.out.write_all(&text)?;
        }
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        let (part, file) = Part::create(&self.path)?;
        let mut out = BufWriter::with_capacity(1 << 20, file);
        let mut npz = Npz::new(&mut out);
        for (name, shape, waiting) in self.parts {
            let (_part, mut from) = waiting.reader()?;
            npz.singles_from(&name, &shape, &mut from)?;
        }
        if let Some(mut tokens) = self.tokens {
            tokens.out.write_all(b"]")?;
            let bytes = tokens.bytes + 1;
            let (_part, mut from) = tokens.reader()?;
            npz.bytes_from("tokens", bytes, &mut from)?;
        }
        npz.finish()?;
        out.flush()?;
        drop(out);
        part.keep(&self.path)
    }
}

/// A table under way.
pub struct Table {
    path: PathBuf,
    part: Part,
    out: BufWriter<File>,
    has_head: bool,
}

impl Table {
    fn create(path: &Path) -> io::Result<Self> {
        let (part, file) = Part::create(path)?;
        Ok(Self { path: path.to_path_buf(), part, out: BufWriter::with_capacity(1 << 20, file), has_head: false })
    }

    fn add(&mut self, stretch: &Stretch<'_>) -> io::Result<()> {
        let times = stretch.tokens.len();
        // What is of the whole text has no step to stand beside.
        let over_time = || stretch.arrays.iter().filter(|(_, array)| array.axes().first() == Some(&"time"));
        let out = &mut self.out;
        if !std::mem::replace(&mut self.has_head, true) {
            write!(out, "step,token,start,end")?;
            if !stretch.bits.is_empty() {
                write!(out, ",bits")?;
            }
            for (name, array) in over_time() {
                for unit in 0..array.shape()[1] {
                    write!(out, ",{name}.{unit}")?;
                }
            }
            writeln!(out)?;
        }
        let number =
            |out: &mut BufWriter<File>, x: f32| if x.is_finite() { write!(out, ",{x}") } else { write!(out, ",") };
        for (i, token) in stretch.tokens.iter().enumerate().take(times) {
            let piece = token.piece.replace('"', "\"\"");
            write!(out, "{},\"{piece}\",{},{}", stretch.from + i, token.start, token.end)?;
            if let Some(bits) = stretch.bits.get(i) {
                number(out, *bits)?;
            }
            for (_, array) in over_time() {
                array.block(&[i]).iter().try_for_each(|x| number(out, *x))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        drop(self.out);
        self.part.keep(&self.path)
    }
}
