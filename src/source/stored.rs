//! Numbers in a file: the types they are stored as, the place where they lie, and how they become `f32`.

use crate::error::{Error, Result};
use candle_core::DType;
use half::{bf16, f16};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Bytes read at a time; a multiple of every element's size.
const CHUNK: u64 = 1 << 20;

/// The type of a stored number, always little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// 64-bit float.
    F64,
    /// 32-bit float.
    F32,
    /// IEEE half precision.
    F16,
    /// The upper half of a 32-bit float.
    BF16,
    /// Signed, 64 bits.
    I64,
    /// Signed, 32 bits.
    I32,
    /// Signed, 16 bits.
    I16,
    /// Signed, 8 bits.
    I8,
    /// Unsigned, 64 bits.
    U64,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 8 bits.
    U8,
    /// One byte, 0 or not.
    Bool,
}

impl Element {
    /// Bytes per number.
    pub fn size(self) -> u64 {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// Whether its numbers have a fraction, as weights do. Whole numbers are counts, masks or quantised weights.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F64 | Self::F32 | Self::F16 | Self::BF16)
    }

    /// The same type in candle; where candle has none, the nearest that holds more.
    pub fn dtype(self) -> DType {
        match self {
            Self::F64 => DType::F64,
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
            Self::BF16 => DType::BF16,
            Self::I64 | Self::U64 => DType::I64,
            Self::I32 | Self::U16 => DType::I32,
            Self::I16 | Self::I8 => DType::I16,
            Self::U32 => DType::U32,
            Self::U8 | Self::Bool => DType::U8,
        }
    }

    /// The numbers in `bytes`, a whole number of them, with all the digits that they have.
    pub(super) fn doubles(self, bytes: &[u8]) -> Vec<f64> {
        let mut out = Vec::new();
        match self {
            Self::F64 => each(bytes, &mut out, f64::from_le_bytes),
            Self::I64 => each(bytes, &mut out, |b| i64::from_le_bytes(b) as f64),
            Self::U64 => each(bytes, &mut out, |b| u64::from_le_bytes(b) as f64),
            Self::I32 => each(bytes, &mut out, |b| i32::from_le_bytes(b).into()),
            Self::U32 => each(bytes, &mut out, |b| u32::from_le_bytes(b).into()),
            // An f32 holds all the others.
            _ => {
                let mut singles = Vec::new();
                self.widen(bytes, &mut singles);
                out.extend(singles.into_iter().map(f64::from));
            }
        }
        out
    }

    /// Appends the numbers in `bytes`, a whole number of them, to `out`.
    pub(super) fn widen(self, bytes: &[u8], out: &mut Vec<f32>) {
        match self {
            Self::F64 => each(bytes, out, |b| f64::from_le_bytes(b) as f32),
            Self::F32 => each(bytes, out, f32::from_le_bytes),
            Self::F16 => each(bytes, out, |b| f16::from_le_bytes(b).to_f32()),
            Self::BF16 => each(bytes, out, |b| bf16::from_le_bytes(b).to_f32()),
            Self::I64 => each(bytes, out, |b| i64::from_le_bytes(b) as f32),
            Self::I32 => each(bytes, out, |b| i32::from_le_bytes(b) as f32),
            Self::I16 => each(bytes, out, |b| i16::from_le_bytes(b) as f32),
            Self::I8 => each(bytes, out, |[b]| b as i8 as f32),
            Self::U64 => each(bytes, out, |b| u64::from_le_bytes(b) as f32),
            Self::U32 => each(bytes, out, |b| u32::from_le_bytes(b) as f32),
            Self::U16 => each(bytes, out, |b| u16::from_le_bytes(b) as f32),
            Self::U8 => each(bytes, out, |[b]| b as f32),
            Self::Bool => each(bytes, out, |[b]| if b == 0 { 0.0 } else { 1.0 }),
        }
    }
}

fn each<const N: usize, T>(bytes: &[u8], out: &mut Vec<T>, number: impl Fn([u8; N]) -> T) {
    out.extend(bytes.as_chunks::<N>().0.iter().map(|b| number(*b)));
}

/// How many numbers a shape holds; `None` if they cannot be counted.
pub fn count(shape: &[usize]) -> Option<u64> {
    shape.iter().try_fold(1u64, |n, &d| n.checked_mul(d as u64))
}

/// Where the numbers of one tensor lie in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// How each number is stored.
    pub element: Element,
    /// The tensor's shape.
    pub shape: Vec<usize>,
    /// The byte of the file at which the first number begins.
    pub start: u64,
    /// For each axis the step in numbers, or nothing if the tensor is row-major without gaps.
    pub strides: Option<Vec<usize>>,
}

impl Place {
    /// How many numbers the tensor has.
    pub fn count(&self) -> u64 {
        count(&self.shape).unwrap_or(u64::MAX)
    }

    /// How many stored numbers lie between the first and the last that the tensor uses, both included;
    /// `None` if they cannot be counted.
    pub fn span(&self) -> Option<u64> {
        let Some(strides) = &self.strides else { return count(&self.shape) };
        if self.shape.contains(&0) {
            return Some(0);
        }
        let mut steps = self.shape.iter().zip(strides);
        steps.try_fold(1u64, |n, (&d, &s)| n.checked_add((d as u64 - 1).checked_mul(s as u64)?))
    }

    /// How many bytes of the file are read for the tensor.
    pub fn bytes(&self) -> u64 {
        self.span().unwrap_or(u64::MAX).saturating_mul(self.element.size())
    }

    /// Reads the tensor, row-major. `tick` is told the bytes of each step and may end the work.
    pub fn read(&self, disk: &Disk, tick: &mut dyn FnMut(u64) -> Result<()>) -> Result<Vec<f32>> {
        let span = self.span().unwrap_or(u64::MAX);
        let flat = self.flat(span, disk, tick)?;
        let Some(strides) = &self.strides else { return Ok(flat) };
        let total = self.count();
        let mut out = reserved(total, disk)?;
        let mut index = vec![0; self.shape.len()];
        let mut at = 0;
        for _ in 0..total {
            out.push(flat[at]);
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                at += strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                at -= strides[axis] * self.shape[axis];
                index[axis] = 0;
            }
        }
        Ok(out)
    }

    /// The numbers of a tensor that is row-major, with all the digits that they have.
    pub fn doubles(&self, disk: &Disk) -> Result<Vec<f64>> {
        Ok(self.element.doubles(&disk.bytes(self.start, self.bytes())?))
    }

    /// The next `span` stored numbers.
    fn flat(&self, span: u64, disk: &Disk, tick: &mut dyn FnMut(u64) -> Result<()>) -> Result<Vec<f32>> {
        let total = span.saturating_mul(self.element.size());
        disk.room(self.start, total)?;
        let mut out = reserved(span, disk)?;
        let mut buffer = vec![0; total.min(CHUNK) as usize];
        let mut done = 0;
        while done < total {
            let step = (total - done).min(CHUNK);
            let piece = &mut buffer[..step as usize];
            disk.read(self.start + done, piece)?;
            self.element.widen(piece, &mut out);
            done += step;
            tick(step)?;
        }
        Ok(out)
    }
}

/// An empty vector with room for `total` numbers.
fn reserved(total: u64, disk: &Disk) -> Result<Vec<f32>> {
    let mut out = Vec::new();
    match usize::try_from(total).ok().and_then(|n| out.try_reserve_exact(n).ok()) {
        Some(()) => Ok(out),
        None => Err(disk.fault(format!("there is not enough memory for a tensor of {total} numbers"))),
    }
}

/// An open file that is read piece by piece, never beyond its end.
#[derive(Debug)]
pub struct Disk {
    path: PathBuf,
    len: u64,
    file: Mutex<File>,
}

impl Disk {
    /// Opens a file for reading.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        let len = file.metadata().map_err(|e| Error::io(path, e))?.len();
        Ok(Self { path: path.to_path_buf(), len, file: Mutex::new(file) })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// An error about this file.
    pub fn fault(&self, what: impl Into<String>) -> Error {
        Error::format(&self.path, what)
    }

    /// An error unless the `wanted` bytes from `at` on are in the file.
    pub fn room(&self, at: u64, wanted: u64) -> Result<()> {
        if at.checked_add(wanted).is_some_and(|end| end <= self.len) {
            return Ok(());
        }
        let len = self.len;
        Err(self.fault(format!("{wanted} bytes are expected at byte {at}, and the file has only {len} bytes")))
    }

    /// Fills `into` with the bytes from `at` on.
    pub fn read(&self, at: u64, into: &mut [u8]) -> Result<()> {
        self.room(at, into.len() as u64)?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(into)).map_err(|e| Error::io(&self.path, e))
    }

    /// The `len` bytes from `at` on.
    pub fn bytes(&self, at: u64, len: u64) -> Result<Vec<u8>> {
        self.room(at, len)?;
        let mut bytes = vec![0; len as usize];
        self.read(at, &mut bytes)?;
        Ok(bytes)
    }

    /// Lends the file, with a buffer, to a reader of its own.
    pub fn with<T>(&self, reader: impl FnOnce(BufReader<&File>) -> T) -> T {
        reader(BufReader::new(&*self.file.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// A name from a file as an error message may show it: short, and without control characters.
pub fn shown(name: &str) -> String {
    const MOST: usize = 120;
    let mut text: String = name.chars().take(MOST).flat_map(char::escape_debug).collect();
    if name.chars().nth(MOST).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(element: Element, bytes: &[u8]) -> Vec<f32> {
        let mut out = Vec::new();
        element.widen(bytes, &mut out);
        out
    }

    #[test]
    fn every_type_becomes_the_number_that_was_stored() {
        assert_eq!(read(Element::F64, &(-1.5f64).to_le_bytes()), [-1.5]);
        assert_eq!(read(Element::F32, &0.1f32.to_le_bytes()), [0.1]);
        assert_eq!(read(Element::F16, &[0x00, 0x3c, 0x00, 0xc0]), [1.0, -2.0]);
        assert_eq!(read(Element::BF16, &[0x80, 0x3f, 0x00, 0xc0]), [1.0, -2.0]);
        assert_eq!(read(Element::I64, &(-9i64).to_le_bytes()), [-9.0]);
        assert_eq!(read(Element::I32, &(-8i32).to_le_bytes()), [-8.0]);
        assert_eq!(read(Element::I16, &(-7i16).to_le_bytes()), [-7.0]);
        assert_eq!(read(Element::I8, &[0xff, 0x80]), [-1.0, -128.0]);
        assert_eq!(read(Element::U64, &9u64.to_le_bytes()), [9.0]);
        assert_eq!(read(Element::U32, &u32::MAX.to_le_bytes()), [u32::MAX as f32]);
        assert_eq!(read(Element::U16, &[0xff, 0xff]), [65535.0]);
        assert_eq!(read(Element::U8, &[0, 255]), [0.0, 255.0]);
        assert_eq!(read(Element::Bool, &[0, 1, 7]), [0.0, 1.0, 1.0]);
        assert_eq!(Element::I64.doubles(&16_777_217i64.to_le_bytes()), [16_777_217.0]);
        assert_eq!(Element::U32.doubles(&u32::MAX.to_le_bytes()), [4_294_967_295.0]);
        assert_eq!(Element::F16.doubles(&[0x00, 0x3c, 0x00, 0xc0]), [1.0, -2.0]);
    }

    #[test]
    fn steps_are_followed_and_the_end_of_the_file_is_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("numbers");
        std::fs::write(&path, [0u8, 1, 2, 3, 4, 5]).expect("written");
        let disk = Disk::open(&path).expect("opened");
        let mut told = 0;
        let mut tick = |n| {
            told += n;
            Ok(())
        };
        let mut place = Place { element: Element::U8, shape: vec![3, 2], start: 0, strides: Some(vec![1, 3]) };
        assert_eq!(place.read(&disk, &mut tick).expect("in the file"), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        place.start = 1;
        assert!(place.read(&disk, &mut tick).is_err(), "one byte beyond the end");
        place.shape = vec![2, 0, 9];
        place.strides = Some(vec![1, 1, 1]);
        assert!(place.read(&disk, &mut tick).expect("nothing to read").is_empty());
        place = Place { element: Element::U8, shape: vec![], start: 5, strides: None };
        assert_eq!(place.read(&disk, &mut tick).expect("one number"), [5.0]);
        assert_eq!(told, 7);
    }

    #[test]
    fn a_long_or_hostile_name_is_shown_short_and_harmless() {
        assert_eq!(shown("a\u{1b}[2J\n"), "a\\u{1b}[2J\\n");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), 121);
    }
}
