//! `NumPy`'s npz: a zip file of stored `.npy` files, as `numpy.savez` writes it.

use std::borrow::Cow;
use std::io::{self, Read, Seek, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The most bytes that words of characters may take, four to a character.
const MOST_TEXT: u64 = 256 << 20;
/// The most bytes that words of bytes may take.
const MOST_BYTES: u64 = 4 << 30;

/// A file under way.
pub struct Npz<W: Write + Seek>(ZipWriter<W>);

impl<W: Write + Seek> Npz<W> {
    /// An empty file.
    pub fn new(out: W) -> Self {
        Self(ZipWriter::new(out))
    }

    /// An array of `<f4`, row-major.
    pub fn singles(&mut self, name: &str, shape: &[usize], values: &[f32]) -> io::Result<()> {
        self.start(name, "<f4", shape, values.len() as u64 * 4)?;
        write_singles(&mut self.0, values)
    }

    /// An array of `<f4`, row-major, whose values `write` writes with [`write_singles`].
    pub fn singles_by(
        &mut self,
        name: &str,
        shape: &[usize],
        write: impl FnOnce(&mut ZipWriter<W>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.start(name, "<f4", shape, shape.iter().map(|n| *n as u64).product::<u64>() * 4)?;
        write(&mut self.0)
    }

    /// An array of `<f8` with one axis.
    pub fn doubles(&mut self, name: &str, values: &[f64]) -> io::Result<()> {
        self.start(name, "<f8", &[values.len()], values.len() as u64 * 8)?;
        write_doubles(&mut self.0, values)
    }

    /// An array of words: of characters, or of bytes where a word is not UTF-8 or where characters of 4 bytes would make
    /// the file too large.
    pub fn words<'a>(&mut self, name: &str, count: usize, word: impl Fn(usize) -> Cow<'a, [u8]>) -> io::Result<()> {
        let (mut bytes, mut chars, mut is_text) = (1, 1, true);
        for i in 0..count {
            let word = word(i);
            bytes = bytes.max(word.len());
            match std::str::from_utf8(&word) {
                Ok(text) => chars = chars.max(text.chars().count()),
                Err(_) => is_text = false,
            }
        }
        let padded = |size: usize| count as u64 * size as u64;
        if is_text && padded(chars * 4) <= MOST_TEXT {
            self.start(name, &format!("<U{chars}"), &[count], padded(chars * 4))?;
            for i in 0..count {
                let word = word(i);
                let text = String::from_utf8_lossy(&word);
                let codes = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(chars);
                let line: Vec<u8> = codes.flat_map(u32::to_le_bytes).collect();
                self.0.write_all(&line)?;
            }
            return Ok(());
        }
        if padded(bytes) > MOST_BYTES {
            let what = format!("`{name}` has a word of {bytes} bytes, and NumPy sets aside as many for all {count}");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
        }
        self.start(name, &format!("|S{bytes}"), &[count], padded(bytes))?;
        for i in 0..count {
            let mut word = word(i).into_owned();
            word.resize(bytes, 0);
            self.0.write_all(&word)?;
        }
        Ok(())
    }

    /// An array of `<i8` with one axis.
    pub fn wholes(&mut self, name: &str, values: &[i64]) -> io::Result<()> {
        self.start(name, "<i8", &[values.len()], values.len() as u64 * 8)?;
        write_blocks(&mut self.0, values, i64::to_le_bytes)
    }

    /// An array of `|u1` with one axis: how JSON is kept in an npz file.
    pub fn bytes(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.start(name, "|u1", &[bytes.len()], bytes.len() as u64)?;
        self.0.write_all(bytes)
    }

    /// An array of `|u1` with one axis of `length` bytes, which are copied.
    pub fn bytes_from(&mut self, name: &str, length: usize, from: &mut impl Read) -> io::Result<()> {
        self.start(name, "|u1", &[length], length as u64)?;
        copy(from, &mut self.0, length as u64)
    }

    /// An array of `<f4`, row-major, whose bytes are copied.
    pub fn singles_from(&mut self, name: &str, shape: &[usize], from: &mut impl Read) -> io::Result<()> {
        let bytes = shape.iter().map(|n| *n as u64).product::<u64>() * 4;
        self.start(name, "<f4", shape, bytes)?;
        copy(from, &mut self.0, bytes)
    }

    /// Ends the file.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()?;
        Ok(())
    }

    fn start(&mut self, name: &str, kind: &str, shape: &[usize], bytes: u64) -> io::Result<()> {
        // The header and the zip's own records stay far below what is set aside for them here.
        let large = bytes > u64::from(u32::MAX) - (1 << 20);
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        self.0.start_file(format!("{name}.npy"), options.large_file(large))?;
        self.0.write_all(&header(kind, shape))
    }
}

/// Copies as many bytes as were announced.
fn copy(from: &mut impl Read, to: &mut impl Write, bytes: u64) -> io::Result<()> {
    let copied = io::copy(&mut from.take(bytes), to)?;
    if copied == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// The head of a version 1 `.npy` file, padded so that the values start at a multiple of 64 bytes. As in `NumPy`'s, the
/// first axis has room to grow to 21 digits.
pub(super) fn header(kind: &str, shape: &[usize]) -> Vec<u8> {
    let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    // A tuple of one is written with a comma.
    let comma = if sizes.len() == 1 { "," } else { "" };
    let shape = format!("({}{comma})", sizes.join(", "));
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    let before = 10; // magic, version and length
    let first = sizes.first().map_or(21, String::len);
    text.extend(std::iter::repeat_n(' ', 21usize.saturating_sub(first)));
    let padded = (before + text.len() + 1).next_multiple_of(64) - before;
    text.extend(std::iter::repeat_n(' ', padded - text.len() - 1));
    text.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((text.len() as u16).to_le_bytes());
    header.extend(text.as_bytes());
    header
}

/// Values as little-endian bytes, a block at a time.
pub(super) fn write_singles(out: &mut impl Write, values: &[f32]) -> io::Result<()> {
    write_blocks(out, values, f32::to_le_bytes)
}

/// Values as little-endian bytes, a block at a time.
pub(super) fn write_doubles(out: &mut impl Write, values: &[f64]) -> io::Result<()> {
    write_blocks(out, values, f64::to_le_bytes)
}

fn write_blocks<T: Copy, const N: usize>(
    out: &mut impl Write,
    values: &[T],
    bytes_of: impl Fn(T) -> [u8; N],
) -> io::Result<()> {
    let mut bytes = Vec::new();
    for block in values.chunks(1 << 16) {
        bytes.clear();
        bytes.extend(block.iter().flat_map(|&x| bytes_of(x)));
        out.write_all(&bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_an_npy_file_are_aligned() {
        for shape in [vec![], vec![7], vec![12, 12, 512, 512], vec![123_456_789; 9]] {
            let header = header("<f4", &shape);
            assert_eq!(header.len() % 64, 0);
            assert_eq!(usize::from(u16::from_le_bytes([header[8], header[9]])), header.len() - 10);
            assert_eq!(header.last(), Some(&b'\n'));
        }
        assert!(String::from_utf8_lossy(&header("|u1", &[7])).contains("'shape': (7,), }"));
    }
}
