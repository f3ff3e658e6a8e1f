//! Checkpoints as PyTorch's `torch.save` writes them: a pickle that says what tensors there are, and the numbers
//! beside it.
//!
//! Since version 1.6 both are in a zip archive; before that a file was five pickles in a row with the numbers after
//! them. Neither is executed: see [`super::pickle`].

use super::pickle::{Global, Heap, Id, Value};
use super::stored::{Disk, Element, Place, count, shown};
use crate::error::Result;
use crate::trace::Control;
use std::collections::BTreeMap;
use zip::{CompressionMethod, ZipArchive};

/// The longest pickle, in bytes, that can be a list of tensors; the numbers are not in it.
const LONGEST: u64 = 16_000_000;

/// The most axes that a tensor may have.
const MOST_AXES: usize = 16;

/// How a zip archive begins.
const ZIP: &[u8] = b"PK\x03\x04";

/// The first value of the older format, 0x1950a86a20f9469cfc6c, from its lowest byte.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// The keys under which training scripts put a model's tensors.
const NESTS: [&str; 3] = ["state_dict", "model_state_dict", "model"];

/// The tensors of the file `disk`, by name.
pub fn tensors(disk: &Disk, control: &Control) -> Result<BTreeMap<String, Place>> {
    if disk.bytes(0, disk.len().min(ZIP.len() as u64))? == ZIP { zipped(disk) } else { legacy(disk, control) }
}

/// The numbers of one storage.
#[derive(Debug, Clone, Copy)]
struct Storage {
    /// The byte at which they begin.
    start: u64,
    /// How many bytes there are.
    len: u64,
}

/// A tensor as the pickle describes it, in a storage that is still to be found.
struct Claim<'a> {
    key: &'a str,
    element: Element,
    /// Numbers in the storage.
    held: u64,
    /// The first number of the tensor in the storage, and how many numbers of the storage it may not go beyond.
    first: u64,
    end: u64,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

/// Reads the zip format.
fn zipped(disk: &Disk) -> Result<BTreeMap<String, Place>> {
    let records = records(disk)?;
    let suffix = "/data.pkl";
    let Some(root) = records.keys().find_map(|name| name.strip_suffix(suffix).filter(|root| !root.contains('/')))
    else {
        return Err(disk.fault("it is a zip archive, but not one of weights: it has no `data.pkl`"));
    };
    let record = |name: &str| records.get(&format!("{root}/{name}"));
    if let Some(order) = record("byteorder") {
        let order = disk.bytes(order.start, order.len.min(16))?;
        if order.trim_ascii() != b"little" {
            let order = shown(&String::from_utf8_lossy(&order));
            return Err(disk.fault(format!("its numbers are in `{order}`-endian byte order, which is not read")));
        }
    }
    let Some(&Storage { start, len }) = record("data.pkl") else { return Err(disk.fault("it has no `data.pkl`")) };
    if len > LONGEST {
        return Err(disk.fault(format!("its pickle of {len} bytes is no list of tensors")));
    }
    let pickle = disk.bytes(start, len)?;
    let heap = Heap::read(&pickle).map_err(|what| disk.fault(what))?;
    let find = |claim: &Claim| record(&format!("data/{}", claim.key)).copied();
    claims(disk, &heap)?.into_iter().map(|(name, claim)| place(disk, name, claim, &find)).collect()
}

/// Where the records of a zip archive lie in the file.
fn records(disk: &Disk) -> Result<BTreeMap<String, Storage>> {
    let damaged = |e: zip::result::ZipError| disk.fault(format!("its zip archive is damaged or incomplete: {e}"));
    let found = disk.with(|reader| {
        let mut archive = ZipArchive::new(reader)?;
        let mut found = Vec::new();
        for index in 0..archive.len() {
            let record = archive.by_index_raw(index)?;
            let plain = record.compression() == CompressionMethod::Stored && !record.encrypted();
            let storage = Storage { start: record.data_start().unwrap_or(u64::MAX), len: record.size() };
            found.push((record.name()?.into_owned(), plain, storage));
        }
        Ok((found, archive.has_duplicate_names()))
    });
    let (found, twice) = found.map_err(damaged)?;
    if twice {
        return Err(disk.fault("its zip archive is damaged: a name comes twice"));
    }
    let mut records = BTreeMap::new();
    for (name, plain, storage) in found {
        let shown = shown(&name);
        if !plain {
            return Err(
                disk.fault(format!("`{shown}` in it is compressed or encrypted, which `torch.save` never does"))
            );
        }
        if storage.start.checked_add(storage.len).is_none_or(|end| end > disk.len()) {
            return Err(disk.fault(format!("`{shown}` in it goes beyond the end of the file: it is incomplete")));
        }
        records.insert(name, storage);
    }
    Ok(records)
}

/// Reads the format before version 1.6: magic number, version, facts about the machine, the tensors, the keys of the
/// storages, and then each storage as the number of its numbers and the numbers themselves.
fn legacy(disk: &Disk, control: &Control) -> Result<BTreeMap<String, Place>> {
    let head = disk.bytes(0, disk.len().min(LONGEST))?;
    let mut at = 0;
    let mut next = || {
        let heap = Heap::read(&head[at..]).map_err(|what| disk.fault(what))?;
        at += heap.len;
        Ok::<_, crate::Error>(heap)
    };
    if !head.starts_with(&[0x80]) {
        return Err(disk.fault("it is neither safetensors nor what `torch.save` writes"));
    }
    let magic = next()?;
    if magic.get(magic.root) != &Value::Long(&MAGIC) {
        return Err(disk.fault("it is a pickle, but not one of weights"));
    }
    let version = next()?;
    if version.count(version.root) != Some(1001) {
        return Err(disk.fault("it is of a version of PyTorch's older format that is not known"));
    }
    let machine = next()?;
    let little = machine.pairs(machine.root).into_iter().flatten().find(|p| machine.text(p.0) == Some("little_endian"));
    if little.is_some_and(|p| machine.get(p.1) != &Value::Bool(true)) {
        return Err(disk.fault("its numbers are in big-endian byte order, which is not read"));
    }
    let heap = next()?;
    let claims = claims(disk, &heap)?;
    let keys = next()?;
    let Some(listed) = keys.members(keys.root) else { return Err(disk.fault("it does not list its storages")) };

    let sizes: BTreeMap<&str, u64> = claims.iter().map(|(_, claim)| (claim.key, claim.element.size())).collect();
    let mut storages = BTreeMap::new();
    let mut start = at as u64;
    for &key in listed {
        control.check()?;
        let known = keys.text(key).and_then(|key| sizes.get_key_value(key));
        let Some((&key, &size)) = known else {
            return Err(disk.fault("it has a storage that no tensor uses, so that its size cannot be known"));
        };
        let mut numbers = [0; 8];
        disk.read(start, &mut numbers)?;
        start += 8;
        let storage = Storage { start, len: u64::from_le_bytes(numbers).saturating_mul(size) };
        disk.room(storage.start, storage.len)?;
        start += storage.len;
        if storages.insert(key, storage).is_some() {
            return Err(disk.fault(format!("its storage `{}` comes twice", shown(key))));
        }
    }
    let find = |claim: &Claim| storages.get(claim.key).copied();
    claims.into_iter().map(|(name, claim)| place(disk, name, claim, &find)).collect()
}

/// The tensors that a pickle describes, by name, in its order.
fn claims<'a>(disk: &Disk, heap: &Heap<'a>) -> Result<Vec<(&'a str, Claim<'a>)>> {
    let Some(mut pairs) = heap.pairs(heap.root) else {
        return Err(disk.fault("it holds something other than a dictionary of tensors"));
    };
    let is_tensor = |id: Id| matches!(heap.get(id), Value::Call(..));
    if !pairs.iter().any(|p| is_tensor(p.1)) {
        let nest = |name: &&str| pairs.iter().find(|p| heap.text(p.0) == Some(name)).and_then(|p| heap.pairs(p.1));
        pairs = NESTS.iter().find_map(nest).unwrap_or_default();
    }
    let mut found = Vec::new();
    for &(key, value) in pairs.iter().filter(|p| is_tensor(p.1)) {
        let Some(name) = heap.text(key) else { return Err(disk.fault("a tensor's name is not a string")) };
        let claim = claim(heap, value);
        let what = || disk.fault(format!("tensor `{}` is described in a way that is not known", shown(name)));
        found.push((name, claim.ok_or_else(what)?));
    }
    if found.is_empty() {
        return Err(disk.fault("there are no tensors in it"));
    }
    Ok(found)
}

/// Understands a call that rebuilds a tensor: `(storage, offset, size, stride, …)`, perhaps within a parameter.
fn claim<'a>(heap: &Heap<'a>, mut id: Id) -> Option<Claim<'a>> {
    if let &Value::Call(Global::Parameter, arguments) = heap.get(id) {
        id = *heap.members(arguments)?.first()?;
    }
    let &Value::Call(Global::Tensor, arguments) = heap.get(id) else { return None };
    let &[storage, offset, size, stride, ..] = heap.members(arguments)? else { return None };
    let axes = |id: Id| -> Option<Vec<usize>> {
        let members = heap.members(id).filter(|members| members.len() <= MOST_AXES)?;
        members.iter().map(|&id| usize::try_from(heap.count(id)?).ok()).collect()
    };
    let (shape, strides) = (axes(size)?, axes(stride)?);
    let &Value::Persistent(storage) = heap.get(storage) else { return None };
    let &[tag, kind, key, _place, held, ref rest @ ..] = heap.members(storage)? else { return None };
    let &Value::Global(Global::Storage(element)) = heap.get(kind) else { return None };
    let held = heap.count(held)?;
    // The older format may name a window of a storage: its key, where it begins and how long it is.
    let (from, end) = match rest.first().map(|&view| heap.get(view)) {
        None | Some(Value::Nothing) => (0, held),
        Some(Value::Tuple(view)) => {
            let &[_key, from, len] = view.as_slice() else { return None };
            (heap.count(from)?, heap.count(from)?.checked_add(heap.count(len)?)?)
        }
        Some(_) => return None,
    };
    let first = from.checked_add(heap.count(offset)?)?;
    let known = heap.text(tag) == Some("storage") && shape.len() == strides.len();
    known.then_some(Claim { key: heap.text(key)?, element, held, first, end, shape, strides })
}

/// Turns a claim into a place, once everything that it says is found to be in the file.
fn place(disk: &Disk, name: &str, claim: Claim, find: &dyn Fn(&Claim) -> Option<Storage>) -> Result<(String, Place)> {
    let fault = |what: String| disk.fault(format!("tensor `{}` {what}", shown(name)));
    let key = shown(claim.key);
    let Some(storage) = find(&claim) else { return Err(fault(format!("is in storage `{key}`, which is not there"))) };
    let size = claim.element.size();
    if claim.end > claim.held || claim.held > storage.len / size {
        let held = claim.held.max(claim.end);
        return Err(fault(format!("is in storage `{key}` of {held} numbers, which has {} bytes only", storage.len)));
    }
    let Some(numbers) = count(&claim.shape) else { return Err(fault(format!("cannot be {:?}", claim.shape))) };
    let mut place = Place { element: claim.element, shape: claim.shape, start: storage.start, strides: None };
    if numbers == 0 {
        return Ok((name.to_owned(), place));
    }
    if !is_dense(&place.shape, &claim.strides) {
        place.strides = Some(claim.strides);
    }
    let last = place.span().and_then(|span| span.checked_add(claim.first));
    if last.is_none_or(|last| last > claim.end) {
        return Err(fault(format!("of shape {:?} goes beyond its storage `{key}`", place.shape)));
    }
    // Numbers may be repeated by a step of 0, but a small file shall not fill the memory.
    if numbers > disk.len() {
        return Err(fault(format!("of shape {:?} has more numbers than the file has bytes", place.shape)));
    }
    place.start += claim.first * size;
    Ok((name.to_owned(), place))
}

/// Whether steps are those of a row-major tensor without gaps.
fn is_dense(shape: &[usize], strides: &[usize]) -> bool {
    let mut wanted = 1;
    shape.iter().zip(strides).rev().all(|(&len, &stride)| {
        let fits = len == 1 || stride == wanted;
        wanted *= len;
        fits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> Vec<u8> {
        [&[b'U', text.len() as u8], text.as_bytes()].concat()
    }

    fn int(n: i64) -> Vec<u8> {
        [&[0x8a, 8], n.to_le_bytes().as_slice()].concat()
    }

    fn tuple(members: &[Vec<u8>]) -> Vec<u8> {
        [b"(", members.concat().as_slice(), b"t"].concat()
    }

    fn ints(members: &[i64]) -> Vec<u8> {
        tuple(&members.iter().map(|&n| int(n)).collect::<Vec<_>>())
    }

    /// A file of the older format with one tensor `x` of bytes, in a storage of the bytes 0 to 9.
    fn file(little: bool, held: i64, view: &[u8], offset: i64, size: &[i64], stride: &[i64]) -> Vec<u8> {
        let kind = b"ctorch\nByteStorage\n".to_vec();
        let storage = tuple(&[string("storage"), kind, string("7"), string("cpu"), int(held), view.to_vec()]);
        let arguments = tuple(&[[storage.as_slice(), b"Q"].concat(), int(offset), ints(size), ints(stride)]);
        let order = if little { 0x88 } else { 0x89 };
        [
            b"\x80\x02\x8a\x0a",
            MAGIC.as_slice(),
            b".\x80\x02M\xe9\x03.\x80\x02}",
            &string("little_endian"),
            &[order],
            b"s.\x80\x02}",
            &string("x"),
            b"ctorch._utils\n_rebuild_tensor\n",
            &arguments,
            b"Rs.\x80\x02]",
            &string("7"),
            b"a.",
            &10u64.to_le_bytes(),
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        ]
        .concat()
    }

    fn read(bytes: &[u8]) -> Result<Vec<f32>, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("pytorch_model.bin");
        std::fs::write(&path, bytes).expect("written");
        let disk = Disk::open(&path).expect("opened");
        let found = tensors(&disk, &Control::default()).map_err(|e| e.to_string())?;
        found["x"].read(&disk, &mut |_| Ok(())).map_err(|e| e.to_string())
    }

    #[test]
    fn offsets_steps_and_windows_are_followed() {
        let none = b"N".as_slice();
        assert_eq!(read(&file(true, 10, none, 2, &[2, 3], &[3, 1])), Ok(vec![2.0, 3.0, 4.0, 5.0, 6.0, 7.0]));
        assert_eq!(read(&file(true, 10, none, 0, &[3, 2], &[1, 5])), Ok(vec![0.0, 5.0, 1.0, 6.0, 2.0, 7.0]));
        assert_eq!(read(&file(true, 10, none, 9, &[], &[])), Ok(vec![9.0]));
        assert_eq!(read(&file(true, 10, none, 4, &[1, 2], &[99, 0])), Ok(vec![4.0, 4.0]));
        assert_eq!(read(&file(true, 10, none, 99, &[0], &[1])), Ok(vec![]));
        let window = tuple(&[string("8"), int(4), int(3)]);
        assert_eq!(read(&file(true, 10, &window, 1, &[2], &[1])), Ok(vec![5.0, 6.0]));
        assert!(read(&file(true, 10, &window, 1, &[3], &[1])).is_err(), "beyond the window, within the storage");
    }

    #[test]
    fn what_a_tensor_claims_is_checked_before_memory_is_taken() {
        let none = b"N".as_slice();
        let far = 1 << 40;
        for (bytes, says) in [
            (file(true, 10, none, 0, &[11], &[1]), "goes beyond its storage"),
            (file(true, 10, none, 5, &[6], &[1]), "goes beyond its storage"),
            (file(true, 10, none, 0, &[2, 2], &[9, 1]), "goes beyond its storage"),
            (file(true, 10, none, 0, &[far, far], &[0, 0]), "cannot be"),
            (file(true, 10, none, 0, &[far], &[0]), "more numbers than the file has bytes"),
            (file(true, 10, none, i64::MAX, &[2], &[i64::MAX]), "goes beyond its storage"),
            (file(true, 11, none, 0, &[1], &[1]), "storage `7` of 11 numbers"),
            (file(true, i64::MAX, none, 0, &[far], &[1]), "storage `7`"),
            (file(true, 10, none, -1, &[1], &[1]), "not known"),
            (file(true, 10, none, 0, &[-1], &[1]), "not known"),
            (file(true, 10, none, 0, &[1], &[]), "not known"),
            (file(true, 10, none, 0, &[1; 17], &[1; 17]), "not known"),
            (file(true, 10, b"K\x01", 0, &[1], &[1]), "not known"),
            (file(true, 10, &tuple(&[string("8"), int(4), int(7)]), 0, &[1], &[1]), "of 11 numbers"),
            (file(false, 10, none, 0, &[1], &[1]), "big-endian"),
            (b"\x80\x02K\x01.".to_vec(), "not one of weights"),
            (b"hello".to_vec(), "neither safetensors"),
            (Vec::new(), "neither safetensors"),
            (b"PK\x03\x04".to_vec(), "zip archive is damaged"),
        ] {
            let error = read(&bytes).expect_err(says);
            assert!(error.contains(says), "`{error}` does not say `{says}`");
        }
    }

    #[test]
    fn a_compressed_archive_and_one_of_something_else_are_refused() {
        // An archive with the one record `r/data.pkl`, empty, that claims to be compressed by method 8.
        let name = b"r/data.pkl";
        let body =
            |method: u16| [0, method, 0, 0x21, 0, 0, 0, 0, 0, 0, name.len() as u16, 0].map(u16::to_le_bytes).concat();
        let archive = |method, name: &[u8]| {
            let local = [b"PK\x03\x04\x14\0".as_slice(), &body(method), name].concat();
            let central = [b"PK\x01\x02\x14\0\x14\0".as_slice(), &body(method), &[0; 14], name].concat();
            let sizes = [(central.len() as u32).to_le_bytes(), (local.len() as u32).to_le_bytes()].concat();
            [local, central, b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec(), sizes, vec![0, 0]].concat()
        };
        for (method, name, says) in [
            (8, name, "compressed or encrypted"),
            (0, b"r/other.pk", "no `data.pkl`"),
            (0, name, "it ends in the middle"),
        ] {
            let error = read(&archive(method, name)).expect_err(says);
            assert!(error.contains(says), "`{error}` does not say `{says}`");
        }
    }
}
