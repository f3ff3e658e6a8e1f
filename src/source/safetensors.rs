//! The header of a safetensors file: names, types, shapes and byte ranges, each checked before it is believed.
//!
//! A file is eight bytes of little-endian length, a JSON header of that length, then the numbers. The ranges of all
//! tensors must cover the rest of the file without gap or overlap, as the format asks.

use super::stored::{Disk, Element, Place, count, shown};
use crate::error::Result;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use std::collections::BTreeMap;

/// The longest header that the format allows, in bytes.
const LONGEST: u64 = 100_000_000;

/// The tensors of the file `disk`, by name.
pub fn tensors(disk: &Disk) -> Result<BTreeMap<String, Place>> {
    Ok(read(disk, None)?.0)
}

/// The tensors of the file `disk`, by name, and of the texts that it has about itself the one called `wanted`.
pub fn read(disk: &Disk, wanted: Option<&str>) -> Result<(BTreeMap<String, Place>, Option<String>)> {
    let len = disk.len();
    if len < 8 {
        return Err(disk.fault(format!("a safetensors file begins with 8 bytes of length, and it has {len} bytes")));
    }
    let mut head = [0; 8];
    disk.read(0, &mut head)?;
    let header = u64::from_le_bytes(head);
    if header > len - 8 {
        return Err(disk.fault(format!(
            "its header should end at byte {}, and the file has only {len} bytes",
            u128::from(header) + 8
        )));
    }
    if header > LONGEST {
        return Err(disk.fault(format!("its header of {header} bytes is longer than the {LONGEST} that are allowed")));
    }
    let text = disk.bytes(8, header)?;
    let mut json = serde_json::Deserializer::from_slice(&text);
    let listed = json.deserialize_map(Listing { wanted }).and_then(|listed| json.end().map(|()| listed));
    let (listed, about) = listed.map_err(|e| disk.fault(format!("its header is not a list of tensors: {e}")))?;
    Ok((places(disk, 8 + header, listed)?, about))
}

/// What a header says of one tensor.
#[derive(serde::Deserialize)]
struct Claim {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

/// Reads a header, in which no name may come twice.
struct Listing<'a> {
    /// The text about the file that is of use.
    wanted: Option<&'a str>,
}

impl<'de> Visitor<'de> for Listing<'_> {
    type Value = (BTreeMap<String, Claim>, Option<String>);

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with an entry for each tensor")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut claims, mut about) = (BTreeMap::new(), None);
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                about = map.next_value_seed(About { wanted: self.wanted })?;
                continue;
            }
            let claim = map.next_value::<Claim>();
            let claim = claim.map_err(|e| A::Error::custom(format!("tensor `{}`: {e}", shown(&name))))?;
            if claims.contains_key(&name) {
                return Err(A::Error::custom(format!("tensor `{}` is listed twice", shown(&name))));
            }
            claims.insert(name, claim);
        }
        Ok((claims, about))
    }
}

/// Reads one text out of many, and keeps nothing of the others: a header may be long.
struct About<'a> {
    wanted: Option<&'a str>,
}

impl<'de> DeserializeSeed<'de> for About<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for About<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("`__metadata__` to be an object of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<String>()? {
            if self.wanted == Some(name.as_str()) {
                found = Some(map.next_value::<String>()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Turns claims into places, `base` being the byte at which numbers begin.
fn places(disk: &Disk, base: u64, claims: BTreeMap<String, Claim>) -> Result<BTreeMap<String, Place>> {
    let room = disk.len() - base;
    let mut order: Vec<(&String, (u64, u64))> = claims.iter().map(|(name, c)| (name, c.data_offsets)).collect();
    order.sort_by_key(|&(_, range)| range);
    let mut end = 0;
    for (name, (from, to)) in order {
        let name = shown(name);
        if from > to {
            return Err(
                disk.fault(format!("tensor `{name}` ends at byte {to} of the data, before its begin at {from}"))
            );
        }
        if to > room {
            return Err(disk.fault(format!(
                "tensor `{name}` lies in bytes {from} to {to} of the data, of which the file has only {room}"
            )));
        }
        if from < end {
            return Err(disk.fault(format!("tensor `{name}` begins at byte {from} of the data, inside another one")));
        }
        if from > end {
            return Err(disk.fault(format!("bytes {end} to {from} of the data, before `{name}`, belong to no tensor")));
        }
        end = to;
    }
    if end < room {
        return Err(disk.fault(format!("{} bytes after the last tensor belong to nothing", room - end)));
    }
    claims.into_iter().map(|(name, claim)| place(disk, base, &name, claim).map(|p| (name, p))).collect()
}

fn place(disk: &Disk, base: u64, name: &str, claim: Claim) -> Result<Place> {
    let name = shown(name);
    let Some(element) = element(&claim.dtype) else {
        let dtype = shown(&claim.dtype);
        return Err(disk.fault(format!("tensor `{name}` is stored as {dtype}, which Lexiscope does not read")));
    };
    let (from, to) = claim.data_offsets;
    let wanted = count(&claim.shape).and_then(|n| n.checked_mul(element.size()));
    if wanted != Some(to - from) {
        return Err(disk.fault(format!(
            "tensor `{name}` has {} bytes, which is not what {} {:?} takes",
            to - from,
            claim.dtype,
            claim.shape
        )));
    }
    Ok(Place { element, shape: claim.shape, start: base + from, strides: None })
}

fn element(dtype: &str) -> Option<Element> {
    Some(match dtype {
        "F64" => Element::F64,
        "F32" => Element::F32,
        "F16" => Element::F16,
        "BF16" => Element::BF16,
        "I64" => Element::I64,
        "I32" => Element::I32,
        "I16" => Element::I16,
        "I8" => Element::I8,
        "U64" => Element::U64,
        "U32" => Element::U32,
        "U16" => Element::U16,
        "U8" => Element::U8,
        "BOOL" => Element::Bool,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in a file with this header and `data` bytes after it.
    fn open(header: &str, data: usize) -> Result<BTreeMap<String, Place>, String> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        open_bytes(&bytes)
    }

    fn open_bytes(bytes: &[u8]) -> Result<BTreeMap<String, Place>, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("model.safetensors");
        std::fs::write(&path, bytes).expect("written");
        tensors(&Disk::open(&path).expect("opened")).map_err(|e| e.to_string())
    }

    #[test]
    fn places_are_counted_from_the_end_of_the_header() {
        let header = r#"{"__metadata__":{"format":"pt"},
            "b":{"dtype":"F16","shape":[2,3],"data_offsets":[4,16]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#;
        let found = open(header, 16).expect("a good file");
        let base = 8 + header.len() as u64;
        assert_eq!(found["a"], Place { element: Element::F32, shape: vec![], start: base, strides: None });
        assert_eq!(found["b"], Place { element: Element::F16, shape: vec![2, 3], start: base + 4, strides: None });
    }

    #[test]
    fn one_text_is_read_and_what_is_beside_it_is_passed_over() {
        let header = r#"{"__metadata__":{"format":"pt","deep":[[{"a":1}],null],"tokens":"[\"a\"]"},
            "a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.push(0);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.safetensors");
        std::fs::write(&path, bytes).expect("written");
        let disk = Disk::open(&path).expect("opened");
        let about = |wanted| read(&disk, wanted).expect("a good file").1;
        assert_eq!(about(Some("tokens")).as_deref(), Some("[\"a\"]"));
        assert_eq!((about(Some("other")), about(None)), (None, None));
        assert!(read(&disk, Some("deep")).expect_err("no text").to_string().contains("invalid type"));
    }

    #[test]
    fn every_false_claim_is_named() {
        let a = |shape: &str, from: u64, to: u64| {
            format!(r#""a":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}"#)
        };
        let b = |from: u64, to: u64| format!(r#""b":{{"dtype":"U8","shape":[4],"data_offsets":[{from},{to}]}}"#);
        let one = |entry: &str| format!("{{{entry}}}");
        let huge = "[4294967296,4294967296,0]";
        for (header, data, says) in [
            (one(&a("[2]", 0, 8)), 7, "of which the file has only 7"),
            (one(&a("[3]", 0, 8)), 8, "`a` has 8 bytes"),
            (one(&a(huge, 0, 0)), 0, "`a` has 0 bytes"),
            (one(&a("[-1]", 0, 8)), 8, "`a`: invalid value"),
            (one(&a("[2]", 8, 0)), 8, "`a` ends at byte 0"),
            (one(&a("[2]", 0, 8)), 9, "1 bytes after the last"),
            (one(&format!("{},{}", a("[2]", 0, 8), b(4, 8))), 8, "`b` begins at byte 4"),
            (one(&format!("{},{}", a("[2]", 0, 8), b(9, 13))), 13, "bytes 8 to 9"),
            (one(&format!("{},{}", a("[2]", 0, 8), a("[2]", 0, 8))), 8, "`a` is listed twice"),
            (r#"{"a":{"dtype":"F8_E5M2","shape":[1],"data_offsets":[0,1]}}"#.to_owned(), 1, "stored as F8_E5M2"),
            ("[]".to_owned(), 0, "not a list of tensors"),
            ("{} {}".to_owned(), 0, "not a list of tensors"),
        ] {
            let error = open(&header, data).expect_err(says);
            assert!(error.contains(says), "`{error}` does not say `{says}`");
        }
    }

    #[test]
    fn a_header_beyond_the_end_is_refused_before_it_is_read() {
        let mut bytes = u64::MAX.to_le_bytes().to_vec();
        bytes.extend(b"{}");
        let error = open_bytes(&bytes).expect_err("no such header");
        assert!(error.contains("byte 18446744073709551623") && error.contains("only 10 bytes"), "{error}");
        assert!(open_bytes(b"{}").expect_err("too short").contains("2 bytes"));
    }
}
