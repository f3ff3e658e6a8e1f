//! Tensors in a safetensors file, written whole or not at all.

use crate::error::{Error, Result};
use serde_json::{Map, Value, json};
use std::io::{BufWriter, Write};
use std::path::Path;

/// What a tensor holds.
pub(super) enum Held<'a> {
    Singles(&'a [f32]),
    Bytes(&'a [u8]),
}

/// Writes tensors, each with its shape, to `path`.
pub(super) fn save(path: &Path, tensors: &[(String, Vec<usize>, Held<'_>)]) -> Result<()> {
    let mut header = Map::new();
    let mut end = 0;
    for (name, shape, held) in tensors {
        let (dtype, bytes) = match held {
            Held::Singles(values) => ("F32", values.len() * 4),
            Held::Bytes(bytes) => ("U8", bytes.len()),
        };
        header.insert(name.clone(), json!({"dtype": dtype, "shape": shape, "data_offsets": [end, end + bytes]}));
        end += bytes;
    }
    let mut header = Value::Object(header).to_string();
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    write(path, |out| {
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(header.as_bytes())?;
        for (.., held) in tensors {
            match held {
                Held::Singles(values) => values.iter().try_for_each(|x| out.write_all(&x.to_le_bytes()))?,
                Held::Bytes(bytes) => out.write_all(bytes)?,
            }
        }
        Ok(())
    })
}

/// Writes a file by way of one beside it, so that a program that is killed leaves what was there before.
pub(super) fn write(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    let part = path.with_extension("part");
    let written = || {
        let file = std::fs::File::create(&part)?;
        let mut out = BufWriter::with_capacity(1 << 20, file);
        write(&mut out)?;
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(&part, path)
    };
    written().map_err(|e| Error::io(path, e))
}
