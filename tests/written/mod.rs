//! Reads back what the program writes, with readers of its own.

mod csv;

pub use csv::read_csv;

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Tensors by name, and the tokens.
#[derive(Debug, PartialEq)]
pub struct File {
    pub tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    pub tokens: Value,
}

impl File {
    pub fn shape(&self, name: &str) -> &[usize] {
        &self.tensors.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.tensors.keys())).0
    }

    pub fn values(&self, name: &str) -> &[f32] {
        &self.tensors[name].1
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// Reads what `numpy.load` reads, and insists on what it does not: alignment and stored entries.
pub fn read_npz(path: &Path) -> File {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(path).expect("it is there")).expect("it is a zip file");
    let (mut tensors, mut tokens) = (BTreeMap::new(), Value::Null);
    for i in 0..zip.len() {
        let mut entry = zip.by_index(i).expect("an entry");
        assert_eq!(entry.compression(), zip::CompressionMethod::Stored);
        let name = entry.name().expect("a name").strip_suffix(".npy").expect("the name of an array").to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its checksum holds");
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        assert_eq!(start % 64, 0, "{name}");
        let header = std::str::from_utf8(&bytes[10..start]).expect("ASCII");
        assert!(header.contains("'fortran_order': False") && header.ends_with('\n'), "{header}");
        let shape = header.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')')).expect("a shape").0;
        let shape: Vec<usize> =
            shape.split(',').map(str::trim).filter(|n| !n.is_empty()).map(|n| n.parse().expect("a size")).collect();
        let values = &bytes[start..];
        if name == "tokens" {
            assert!(header.contains("'descr': '|u1'"), "{header}");
            assert_eq!(shape, [values.len()]);
            tokens = serde_json::from_slice(values).expect("JSON");
        } else {
            assert!(header.contains("'descr': '<f4'"), "{header}");
            assert_eq!(shape.iter().product::<usize>() * 4, values.len(), "{name}");
            tensors.insert(name, (shape, floats(values)));
        }
    }
    File { tensors, tokens }
}

pub fn read_safetensors(path: &Path) -> File {
    let bytes = std::fs::read(path).expect("it is there");
    let read = safetensors::SafeTensors::deserialize(&bytes).expect("it is a safetensors file");
    let (mut tensors, mut tokens) = (BTreeMap::new(), Value::Null);
    for (name, view) in read.tensors() {
        if name == "tokens" {
            assert_eq!(view.dtype(), safetensors::Dtype::U8);
            tokens = serde_json::from_slice(view.data()).expect("JSON");
        } else {
            assert_eq!(view.dtype(), safetensors::Dtype::F32);
            tensors.insert(name, (view.shape().to_vec(), floats(view.data())));
        }
    }
    File { tensors, tokens }
}

pub fn read_json(path: &Path) -> File {
    let text = std::fs::read_to_string(path).expect("it is there");
    let Value::Object(mut read) = serde_json::from_str(&text).expect("it is JSON") else { panic!("no object") };
    let tokens = read.remove("tokens").expect("tokens");
    let axes = read.remove("axes").expect("axes");
    read.remove("dropped").expect("dropped");
    let tensor = |(name, value): (String, Value)| {
        let (mut shape, mut values) = (Vec::new(), Vec::new());
        let mut inner = &value;
        while let Value::Array(list) = inner {
            shape.push(list.len());
            inner = &list[0];
        }
        flatten(&value, &mut values);
        assert_eq!(axes[&name].as_array().expect("its axes").len(), shape.len(), "{name}");
        (name, (shape, values))
    };
    File { tensors: read.into_iter().map(tensor).collect(), tokens }
}

fn flatten(value: &Value, out: &mut Vec<f32>) {
    match value {
        Value::Array(list) => list.iter().for_each(|v| flatten(v, out)),
        Value::Number(n) => out.push(n.to_string().parse().expect("a number")),
        other => panic!("{other}"),
    }
}
