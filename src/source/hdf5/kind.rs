//! What the elements of a dataset or an attribute are.

use super::cursor::Cursor;
use crate::error::{Error, Result};
use crate::source::stored::{Disk, Element};

/// How an element is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A number.
    Number(Element),
    /// A text of a fixed number of bytes.
    Text,
    /// The length and the place of a text of any length.
    LongText,
    /// Something that is not read, by its name.
    Other(&'static str),
}

/// The type of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) class: Class,
    /// Bytes of an element.
    pub(super) size: usize,
    /// Whether its bytes come the highest first.
    big: bool,
}

impl Kind {
    pub(super) fn read(cursor: &mut Cursor<'_>, disk: &Disk) -> Result<Self> {
        Self::nested(cursor, disk, 0)
    }

    fn nested(cursor: &mut Cursor<'_>, disk: &Disk, depth: usize) -> Result<Self> {
        let first = cursor.byte()?;
        let bits = cursor.number(3)?;
        let size = cursor.number(4)? as usize;
        if size == 0 || depth > 4 {
            return Err(disk.fault(format!("a type of {size} bytes, {depth} deep, is not possible")));
        }
        let big = bits & 1 == 1;
        let class = match first & 15 {
            0 => {
                let precision = precision(cursor)?;
                let signed = bits & 8 != 0;
                match (size, signed) {
                    _ if precision != (0, size as u64 * 8) => Class::Other("whole numbers of an odd number of bits"),
                    (1, false) => Class::Number(Element::U8),
                    (1, true) => Class::Number(Element::I8),
                    (2, false) => Class::Number(Element::U16),
                    (2, true) => Class::Number(Element::I16),
                    (4, false) => Class::Number(Element::U32),
                    (4, true) => Class::Number(Element::I32),
                    (8, false) => Class::Number(Element::U64),
                    (8, true) => Class::Number(Element::I64),
                    _ => Class::Other("whole numbers of an odd number of bytes"),
                }
            }
            1 => {
                let precision = precision(cursor)?;
                let fields: [u8; 4] = [cursor.byte()?, cursor.byte()?, cursor.byte()?, cursor.byte()?];
                match (size, precision, fields) {
                    _ if bits & 64 != 0 => Class::Other("floats in the byte order of a VAX"),
                    (2, (0, 16), [10, 5, 0, 10]) => Class::Number(Element::F16),
                    (2, (0, 16), [7, 8, 0, 7]) => Class::Number(Element::BF16),
                    (4, (0, 32), [23, 8, 0, 23]) => Class::Number(Element::F32),
                    (8, (0, 64), [52, 11, 0, 52]) => Class::Number(Element::F64),
                    _ => Class::Other("floats of an unusual form"),
                }
            }
            2 => Class::Other("times"),
            3 => Class::Text,
            4 => Class::Other("bit fields"),
            5 => Class::Other("opaque bytes"),
            6 => Class::Other("compound records"),
            7 => Class::Other("references"),
            // An enumeration is stored as the numbers under it.
            8 => {
                let base = Self::nested(cursor, disk, depth + 1)?;
                return if base.size == size { Ok(base) } else { Err(disk.fault("an enumeration has two sizes")) };
            }
            9 if bits & 15 == 1 => Class::LongText,
            9 => Class::Other("sequences of any length"),
            10 => Class::Other("arrays within elements"),
            class => return Err(Error::unsupported(disk.path(), format!("a type of class {class} is not known"))),
        };
        let is_number = matches!(class, Class::Number(_));
        Ok(Self { class, size, big: big && is_number })
    }

    /// What it is, in words.
    pub(super) fn name(&self) -> &'static str {
        match self.class {
            Class::Number(_) => "numbers",
            Class::Text | Class::LongText => "texts",
            Class::Other(name) => name,
        }
    }

    /// Puts the bytes of every element in the order in which the lowest comes first.
    pub(super) fn turn(&self, bytes: &mut [u8]) {
        if self.big {
            bytes.chunks_exact_mut(self.size).for_each(<[u8]>::reverse);
        }
    }
}

/// The lowest bit that counts, and how many do.
fn precision(cursor: &mut Cursor<'_>) -> Result<(u64, u64)> {
    Ok((cursor.number(2)?, cursor.number(2)?))
}
