//! `NumPy`'s npz files: a zip archive of `.npy` arrays. Pickled objects, which loading would execute, are refused.
//!
//! Nothing is believed before it is checked: the size of an array is compared with the bytes that are there, and with
//! what may be kept, before memory is set aside for it.

use super::stored::{Disk, Element, count, shown};
use crate::error::{Error, Result};
use std::fs::File;
use std::io::{BufReader, Read};
use zip::ZipArchive;
use zip::result::ZipError;

/// The longest header of an array that is read, in bytes.
const LONGEST: u64 = 1 << 20;
/// Deflate never makes a block so many times smaller than it was.
const RATIO: u64 = 1040;
/// The most bytes that an array of words may take.
const MOST_TEXT: u64 = 64 << 20;
/// Bytes read at a time; a multiple of every element's size.
const CHUNK: u64 = 1 << 20;

/// What an array holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Numbers, with their most significant byte first or not.
    Number(Element, bool),
    /// Words of so many characters of 4 bytes each, with their most significant byte first or not.
    Unicode(u64, bool),
    /// Words of so many bytes.
    Bytes(u64),
    /// Pickled Python objects.
    Object,
    /// Anything else, as its header has it.
    Other(String),
}

/// The header of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// What it holds.
    pub kind: Kind,
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// Whether the first axis runs fastest.
    pub fortran: bool,
}

/// An open npz file.
pub struct Npz<'a> {
    disk: &'a Disk,
    /// Names of the arrays, without `.npy`, by their places in the archive.
    names: Vec<Option<String>>,
}

impl<'a> Npz<'a> {
    /// Reads the list of arrays.
    pub fn open(disk: &'a Disk) -> Result<Self> {
        let names = disk.with(|reader| {
            let archive = ZipArchive::new(reader)?;
            if archive.has_duplicate_names() {
                return Err(ZipError::InvalidArchive("a name comes twice".into()));
            }
            let name =
                |i| Ok(archive.name_for_index(i).transpose()?.and_then(|n| Some(n.strip_suffix(".npy")?.to_owned())));
            (0..archive.len()).map(name).collect()
        });
        Ok(Self { disk, names: names.map_err(|e| damaged(disk, &e))? })
    }

    /// The names of the arrays.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().flatten().map(String::as_str)
    }

    /// The header of an array, if there is one of that name.
    pub fn header(&self, name: &str) -> Option<Result<Header>> {
        let index = self.index(name)?;
        Some(self.lend(index, |entry, _| begin(self.disk, name, entry).map(|(header, _)| header)))
    }

    /// The numbers of an array, row-major. `tick` is told the bytes of each step and may end the work.
    pub fn numbers(&self, name: &str, tick: &mut dyn FnMut(u64) -> Result<()>) -> Result<Vec<f32>> {
        self.first_numbers(name, u64::MAX, tick)
    }

    /// The same of the first `most` numbers; of an array of which the first axis runs fastest, all.
    pub fn first_numbers(&self, name: &str, most: u64, tick: &mut dyn FnMut(u64) -> Result<()>) -> Result<Vec<f32>> {
        self.with(name, |entry, header, room| {
            let Kind::Number(element, big) = header.kind else { return Err(self.refuse(name, &header, "numbers")) };
            let total = count(&header.shape).and_then(|n| n.checked_mul(element.size()));
            let all = self.fits(name, &header, total, room)?;
            let total = if header.fortran { all } else { all.min(most.saturating_mul(element.size())) };
            let mut out = Vec::new();
            let numbers = usize::try_from(total / element.size()).ok();
            if numbers.and_then(|n| out.try_reserve_exact(n).ok()).is_none() {
                return Err(self.disk.fault(format!("there is not enough memory for `{name}` of {total} bytes")));
            }
            let mut buffer = vec![0; total.min(CHUNK) as usize];
            let mut done = 0;
            while done < total {
                let step = (total - done).min(CHUNK);
                let piece = &mut buffer[..step as usize];
                entry.read_exact(piece).map_err(|e| broken(self.disk, name, &e))?;
                if big {
                    piece.chunks_exact_mut(element.size() as usize).for_each(<[u8]>::reverse);
                }
                element.widen(piece, &mut out);
                done += step;
                tick(step)?;
            }
            if total == all {
                self.end(name, entry)?;
            }
            Ok(if header.fortran { row_major(&out, &header.shape) } else { out })
        })
    }

    /// The first `most` numbers of an array with one axis, with all the digits that they have.
    pub fn doubles(&self, name: &str, most: u64) -> Result<Vec<f64>> {
        self.with(name, |entry, header, room| {
            let Kind::Number(element, big) = header.kind else { return Err(self.refuse(name, &header, "numbers")) };
            let total = count(&header.shape).and_then(|n| n.checked_mul(element.size()));
            let total = self.fits(name, &header, total, room)?.min(most.saturating_mul(element.size()));
            let mut bytes = vec![0; total as usize];
            entry.read_exact(&mut bytes).map_err(|e| broken(self.disk, name, &e))?;
            if big {
                bytes.chunks_exact_mut(element.size() as usize).for_each(<[u8]>::reverse);
            }
            Ok(element.doubles(&bytes))
        })
    }

    /// The words of an array.
    pub fn texts(&self, name: &str) -> Result<Vec<String>> {
        self.with(name, |entry, header, room| {
            let (size, big) = match header.kind {
                Kind::Unicode(size, big) => (size.checked_mul(4), big),
                Kind::Bytes(size) => (Some(size), false),
                _ => return Err(self.refuse(name, &header, "strings")),
            };
            let words = count(&header.shape);
            let total = words.zip(size).and_then(|(n, size)| n.checked_mul(size));
            let total = self.fits(name, &header, total, room)?;
            // Words of no bytes take no room in the file: their number is believed only so far.
            let words = words.filter(|&n| n <= MOST_TEXT && total <= MOST_TEXT);
            let Some(words) = words else {
                return Err(self
                    .disk
                    .fault(format!("`{name}` holds more text than the {} MB that are read", MOST_TEXT >> 20)));
            };
            let mut bytes = vec![0; total as usize];
            entry.read_exact(&mut bytes).map_err(|e| broken(self.disk, name, &e))?;
            self.end(name, entry)?;
            let size = size.unwrap_or(0) as usize;
            (0..words as usize)
                .map(|i| {
                    let word = &bytes[i * size..][..size];
                    let text = if matches!(header.kind, Kind::Bytes(_)) { utf8(word) } else { utf32(word, big) };
                    text.ok_or_else(|| self.disk.fault(format!("`{name}`[{i}] is no text: its bytes are not Unicode")))
                })
                .collect()
        })
    }

    /// Gives the first `most` words of an array one after the other, as bytes; those that `NumPy` has as characters in
    /// UTF-8.
    pub fn each_word(&self, name: &str, most: usize, mut see: impl FnMut(&[u8])) -> Result<()> {
        self.with(name, |entry, header, room| {
            let (size, big) = match header.kind {
                Kind::Unicode(size, big) => (size.checked_mul(4), Some(big)),
                Kind::Bytes(size) => (Some(size), None),
                _ => return Err(self.refuse(name, &header, "strings")),
            };
            let words = count(&header.shape);
            let total = words.zip(size).and_then(|(n, size)| n.checked_mul(size));
            self.fits(name, &header, total, room)?;
            let size = size.filter(|size| *size <= MOST_TEXT);
            let Some(size) = size else {
                return Err(self.disk.fault(format!("the words of `{name}` are longer than any that are read")));
            };
            let mut word = vec![0; size as usize];
            for i in 0..words.unwrap_or(0).min(most as u64) {
                entry.read_exact(&mut word).map_err(|e| broken(self.disk, name, &e))?;
                match big {
                    None => see(&word[..filled(&word)]),
                    Some(big) => {
                        let text = utf32(&word, big).ok_or_else(|| {
                            self.disk.fault(format!("`{name}`[{i}] is no text: its bytes are not Unicode"))
                        })?;
                        see(text.as_bytes());
                    }
                }
            }
            Ok(())
        })
    }

    /// The bytes of an array of `|u1`.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        self.with(name, |entry, header, room| {
            let Kind::Number(Element::U8 | Element::I8, _) = header.kind else {
                return Err(self.refuse(name, &header, "bytes"));
            };
            let total = self.fits(name, &header, count(&header.shape), room)?;
            if total > MOST_TEXT {
                return Err(self
                    .disk
                    .fault(format!("`{name}` is longer than the {} MB that are read", MOST_TEXT >> 20)));
            }
            let mut bytes = vec![0; total as usize];
            entry.read_exact(&mut bytes).map_err(|e| broken(self.disk, name, &e))?;
            self.end(name, entry)?;
            Ok(bytes)
        })
    }

    /// What to do where an array is of another kind than it should be.
    fn refuse(&self, name: &str, header: &Header, wanted: &str) -> Error {
        let found = match &header.kind {
            Kind::Object => {
                let remedy = match wanted {
                    "strings" => format!("save them as strings: `{name}=np.array({name}, dtype=str)`"),
                    _ => format!("save it as numbers: `{name}=np.asarray({name}, dtype=np.float32)`"),
                };
                let what = format!("`{name}` holds pickled Python objects, which Lexiscope never executes; {remedy}");
                return Error::unsupported(self.disk.path(), what);
            }
            Kind::Number(..) => "numbers".to_owned(),
            Kind::Unicode(..) | Kind::Bytes(_) => "strings".to_owned(),
            Kind::Other(found) => format!("`{}`", shown(found)),
        };
        Error::unsupported(self.disk.path(), format!("`{name}` should hold {wanted}, and holds {found}"))
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n.as_deref() == Some(name))
    }

    /// Reads an array: `work` gets the entry after its header, and how many bytes the entry can have in all.
    fn with<T>(&self, name: &str, work: impl FnOnce(&mut dyn Read, Header, (u64, u64)) -> Result<T>) -> Result<T> {
        let Some(index) = self.index(name) else {
            return Err(self.disk.fault(format!("it has no array `{name}`")));
        };
        self.lend(index, |entry, sizes| {
            let (header, begun) = begin(self.disk, name, entry)?;
            work(entry, header, (sizes.0.saturating_sub(begun), sizes.1))
        })
    }

    /// Lends an entry, with the bytes that it claims to have and the most that it can have.
    fn lend<T>(&self, index: usize, work: impl FnOnce(&mut dyn Read, (u64, u64)) -> Result<T>) -> Result<T> {
        self.disk.with(|reader: BufReader<&File>| {
            let mut archive = ZipArchive::new(reader).map_err(|e| damaged(self.disk, &e))?;
            let mut entry = archive.by_index(index).map_err(|e| damaged(self.disk, &e))?;
            let packed = entry.compressed_size().min(self.disk.len());
            let sizes = (entry.size(), packed.saturating_mul(RATIO).saturating_add(RATIO));
            work(&mut entry, sizes)
        })
    }

    /// Checks what a header claims: `total` bytes of numbers, where the entry claims `room.0` and can have `room.1`.
    fn fits(&self, name: &str, header: &Header, total: Option<u64>, room: (u64, u64)) -> Result<u64> {
        match total {
            Some(total) if total == room.0 && total <= room.1 => Ok(total),
            _ => {
                let (shape, has) = (&header.shape, room.0.min(room.1));
                Err(self
                    .disk
                    .fault(format!("`{name}` should be {shape:?}, which is not what its {has} bytes can hold")))
            }
        }
    }

    /// Reads the end of an entry, where its checksum is compared.
    fn end(&self, name: &str, entry: &mut dyn Read) -> Result<()> {
        match entry.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.disk.fault(format!("`{name}` goes on after its last number"))),
            Err(e) => Err(broken(self.disk, name, &e)),
        }
    }
}

/// The header of a file that is one array, and where its numbers begin.
pub fn alone(disk: &Disk) -> Result<(Header, u64)> {
    let head = disk.bytes(0, disk.len().min(LONGEST))?;
    begin(disk, "array", &mut head.as_slice())
}

/// Reads the header of an array; and how many bytes it takes.
fn begin(disk: &Disk, name: &str, entry: &mut dyn Read) -> Result<(Header, u64)> {
    let broken = |e: &std::io::Error| broken(disk, name, e);
    let mut magic = [0; 8];
    entry.read_exact(&mut magic).map_err(|e| broken(&e))?;
    let (start, long) = match magic {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, _] => (10, false),
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, _] => (12, true),
        _ => return Err(disk.fault(format!("`{name}.npy` in it is no array of NumPy's"))),
    };
    let mut length = [0; 4];
    entry.read_exact(&mut length[..if long { 4 } else { 2 }]).map_err(|e| broken(&e))?;
    let length = u64::from(u32::from_le_bytes(length));
    if length > LONGEST {
        return Err(disk.fault(format!("the header of `{name}` has {length} bytes: that is no header")));
    }
    let mut text = vec![0; length as usize];
    entry.read_exact(&mut text).map_err(|e| broken(&e))?;
    let text = String::from_utf8_lossy(&text);
    let header = parse(&text)
        .ok_or_else(|| disk.fault(format!("the header of `{name}` is not understood: {}", shown(text.trim()))))?;
    Ok((header, start + length))
}

fn broken(disk: &Disk, name: &str, error: &std::io::Error) -> Error {
    disk.fault(format!("`{name}` in it is damaged or incomplete: {error}"))
}

fn damaged(disk: &Disk, error: &ZipError) -> Error {
    disk.fault(format!("its zip archive is damaged or incomplete: {error}"))
}

/// Reads a header: a Python dictionary of three entries.
fn parse(text: &str) -> Option<Header> {
    let after = |name: &str| {
        let at = text.find(&format!("'{name}':"))?;
        Some(text[at + name.len() + 3..].trim_start())
    };
    let descr = after("descr")?;
    let kind = match descr.chars().next()? {
        quote @ ('\'' | '"') => kind(descr[1..].split(quote).next()?),
        _ => Kind::Other("a record".to_owned()),
    };
    let order = after("fortran_order")?;
    let fortran = order.starts_with("True");
    if !fortran && !order.starts_with("False") {
        return None;
    }
    let inside = after("shape")?.strip_prefix('(')?.split(')').next()?;
    let mut sizes = inside.split(',').map(str::trim).collect::<Vec<_>>();
    if sizes.last() == Some(&"") {
        sizes.pop();
    }
    let shape = sizes.into_iter().map(|n| n.parse().ok()).collect::<Option<Vec<usize>>>()?;
    (shape.len() <= 32).then_some(Header { kind, shape, fortran })
}

/// What `<f4` and its like stand for.
fn kind(descr: &str) -> Kind {
    let other = || Kind::Other(descr.to_owned());
    let (order, rest) = match descr.chars().next() {
        Some(c @ ('<' | '>' | '|' | '=')) => (c, &descr[1..]),
        _ => ('=', descr),
    };
    let big = order == '>';
    let Some(letter) = rest.chars().next().filter(char::is_ascii) else { return other() };
    let size: Option<u64> = if rest.len() == 1 { Some(1) } else { rest[1..].parse().ok() };
    let Some(size) = size else { return if letter == 'O' { Kind::Object } else { other() } };
    let element = match (letter, size) {
        ('f', 8) => Element::F64,
        ('f', 4) => Element::F32,
        ('f', 2) => Element::F16,
        ('i', 8) => Element::I64,
        ('i', 4) => Element::I32,
        ('i', 2) => Element::I16,
        ('i', 1) => Element::I8,
        ('u', 8) => Element::U64,
        ('u', 4) => Element::U32,
        ('u', 2) => Element::U16,
        ('u', 1) => Element::U8,
        ('b', 1) => Element::Bool,
        ('U', size) => return Kind::Unicode(size, big),
        ('S' | 'a', size) => return Kind::Bytes(size),
        ('O', _) => return Kind::Object,
        _ => return other(),
    };
    Kind::Number(element, big)
}

/// Numbers of which the first axis runs fastest, as numbers of which the last does.
fn row_major(values: &[f32], shape: &[usize]) -> Vec<f32> {
    let mut steps = Vec::with_capacity(shape.len());
    let mut step = 1;
    for &size in shape {
        steps.push(step);
        step *= size;
    }
    let mut out = Vec::with_capacity(values.len());
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    for _ in 0..values.len() {
        out.push(values[at]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += steps[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= steps[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    out
}

/// A word of bytes, filled up with zeros.
fn utf8(word: &[u8]) -> Option<String> {
    Some(std::str::from_utf8(&word[..filled(word)]).ok()?.to_owned())
}

/// How many bytes of a word are not what fills it up.
fn filled(word: &[u8]) -> usize {
    word.iter().rposition(|&b| b != 0).map_or(0, |at| at + 1)
}

/// A word of characters of 4 bytes, filled up with zeros.
fn utf32(word: &[u8], big: bool) -> Option<String> {
    let number = |b: &[u8; 4]| if big { u32::from_be_bytes(*b) } else { u32::from_le_bytes(*b) };
    let text: Option<String> = word.as_chunks::<4>().0.iter().map(|b| char::from_u32(number(b))).collect();
    text.map(|text| text.trim_end_matches('\0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_numpy_writes_them() {
        let read = |text: &str| parse(text).expect(text);
        let plain = read("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }          \n");
        assert_eq!(
            (plain.kind, plain.shape.as_slice(), plain.fortran),
            (Kind::Number(Element::F32, false), &[2, 3][..], false)
        );
        let one = read("{'descr': '>i8', 'fortran_order': True, 'shape': (7,), }");
        assert_eq!((one.kind, one.shape.as_slice(), one.fortran), (Kind::Number(Element::I64, true), &[7][..], true));
        assert_eq!(read("{'descr': '<U12', 'fortran_order': False, 'shape': (), }").kind, Kind::Unicode(12, false));
        assert_eq!(read("{'descr': '|S5', 'fortran_order': False, 'shape': (1,), }").kind, Kind::Bytes(5));
        assert_eq!(read("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }").kind, Kind::Object);
        let record = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }";
        assert!(matches!(read(record).kind, Kind::Other(_)));
        for wrong in ["", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(parse("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }"), None);
    }

    #[test]
    fn columns_are_turned_into_rows() {
        // np.arange(6).reshape(2, 3).ravel(order="F")
        assert_eq!(row_major(&[0.0, 3.0, 1.0, 4.0, 2.0, 5.0], &[2, 3]), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn words_lose_what_fills_them_up() {
        assert_eq!(utf8(b"door\0\0").as_deref(), Some("door"));
        assert_eq!(utf8(b"\xff\0"), None);
        assert_eq!(utf32(&[0xe8, 0x95, 0, 0, 0, 0, 0, 0], false).as_deref(), Some("\u{95e8}"));
        assert_eq!(utf32(&[0, 0, 0x95, 0xe8], true).as_deref(), Some("\u{95e8}"));
        assert_eq!(utf32(&[0, 0xd8, 0, 0], false), None, "half of a pair is no character");
    }
}
