//! Matrices out of files of arrays: `.npy`, `.npz`, safetensors.

use super::super::npz::{self, Kind, Npz};
use super::super::safetensors;
use super::super::stored::{Disk, Place, shown};
use super::builder::{check_budget, needed};
use super::columns::Labels;
use super::numbers::Numbers;
use super::{Column, ColumnValues, Opening, Vectors, Words};
use crate::error::{Error, Result};
use crate::trace::Control;
use std::path::Path;

/// What vectors are called where a file has other matrices as well.
const NAMES: [&str; 6] = ["vectors", "embeddings", "embedding", "embedding.weight", "weight", "W"];
/// What their words are called.
const WORDS: [&str; 5] = ["words", "labels", "tokens", "vocab", "index_to_key"];
/// Arrays that a message lists.
const LISTED: usize = 12;

/// An array of which there is a choice.
pub struct Offer {
    /// Its name.
    pub name: String,
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// Whether it holds numbers with a fraction.
    pub is_float: bool,
}

impl Offer {
    /// Rows and width, axes of length 1 before them left out.
    fn matrix(&self) -> Option<(usize, usize)> {
        let extra = self.shape.len().checked_sub(2)?;
        let is_flat = self.shape[..extra].iter().all(|n| *n == 1);
        (is_flat && !self.shape.contains(&0)).then(|| (self.shape[extra], self.shape[extra + 1]))
    }
}

/// The matrix that is asked for by name; the only one; the one called as vectors are. Its place among the offers, its
/// rows and its width.
pub fn choose(path: &Path, offers: &[Offer], asked: Option<&str>, names: &[&str]) -> Result<(usize, usize, usize)> {
    let matrices: Vec<_> = offers.iter().enumerate().filter_map(|(i, o)| o.matrix().map(|m| (i, m.0, m.1))).collect();
    let list = |all: &mut dyn Iterator<Item = usize>| {
        let mut names: Vec<String> =
            all.map(|i| format!("`{}` {:?}", shown(&offers[i].name), offers[i].shape)).collect();
        let more = names.len().saturating_sub(LISTED);
        names.truncate(LISTED);
        if more > 0 {
            names.push(format!("and {more} more"));
        }
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    };
    let listed = || list(&mut matrices.iter().map(|m| m.0));
    if let Some(name) = asked {
        let found = offers.iter().position(|offer| offer.name == name);
        let matrix = found.and_then(|at| matrices.iter().find(|m| m.0 == at).copied());
        return matrix.ok_or_else(|| {
            let what = match found {
                Some(at) => format!("`{}` has the shape {:?} and is no matrix", shown(name), offers[at].shape),
                None => format!("it has no `{}`", shown(name)),
            };
            Error::input(format!("{}: {what}; its matrices are: {}", path.display(), listed()))
        });
    }
    let floats: Vec<_> = matrices.iter().filter(|m| offers[m.0].is_float).copied().collect();
    match floats.as_slice() {
        [one] => Ok(*one),
        [] => {
            let what = format!("it has no matrix of floats; it holds {}", list(&mut (0..offers.len())));
            Err(Error::unsupported(path, what))
        }
        _ => {
            let named = |name: &&str| {
                let mut found = floats.iter().filter(|m| is_called(&offers[m.0].name, name));
                found.next().filter(|_| found.next().is_none()).copied()
            };
            names.iter().find_map(named).ok_or_else(|| {
                let what = "it has several matrices, and one has to be named (--tensor)";
                Error::input(format!("{}: {what}: {}", path.display(), listed()))
            })
        }
    }
}

/// Whether a tensor has this name, whatever module it is in.
fn is_called(tensor: &str, name: &str) -> bool {
    tensor.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Reads a `.npy`.
pub fn npy(disk: &Disk, opening: &Opening, control: &Control) -> Result<Vectors> {
    let (header, start) = npz::alone(disk)?;
    let Kind::Number(element, big) = header.kind else {
        let what = match header.kind {
            Kind::Object => {
                "it holds pickled Python objects, which Lexiscope never executes; save them as numbers: \
                 `np.save(file, np.asarray(x, dtype=np.float32))`"
            }
            _ => "it holds no numbers",
        };
        return Err(Error::unsupported(disk.path(), what));
    };
    if big && element.size() > 1 {
        let what = "its numbers have their most significant byte first; save them as `x.astype('<f4')`";
        return Err(Error::unsupported(disk.path(), what));
    }
    let offer = Offer { name: "the array".to_owned(), shape: header.shape, is_float: true };
    let Some((rows, width)) = offer.matrix() else {
        let what = format!("its array has the shape {:?}, and vectors are a matrix [word, dimension]", offer.shape);
        return Err(Error::unsupported(disk.path(), what));
    };
    let wanted = opening.limit.map_or(rows, |limit| limit.min(rows));
    let strides = header.fortran.then(|| vec![1, rows]);
    let place = Place { element, shape: vec![wanted, width], start, strides };
    // What lies column by column is read before it is turned.
    let twice = if header.fortran { place.bytes() } else { 0 };
    check_budget(disk.path(), needed(wanted as u64, width).saturating_add(twice), opening)?;
    let values = read(disk, &place, control)?;
    Numbers::new("NumPy array", values, width, rows).named(disk.path(), opening, control)
}

/// Reads the matrix of a `.npz`, and its words where it has an array of as many strings.
pub fn npz(disk: &Disk, opening: &Opening, control: &Control) -> Result<Vectors> {
    let archive = Npz::open(disk)?;
    let mut offers = Vec::new();
    let mut strings = Vec::new();
    for name in archive.names() {
        let Some(header) = archive.header(name) else { continue };
        let header = header?;
        match header.kind {
            Kind::Number(element, _) => {
                offers.push(Offer { name: name.to_owned(), shape: header.shape, is_float: element.is_float() });
            }
            Kind::Unicode(..) | Kind::Bytes(_) => strings.push((name.to_owned(), header.shape)),
            _ => {}
        }
    }
    let (at, rows, width) = choose(disk.path(), &offers, opening.tensor.as_deref(), &NAMES)?;
    let wanted = opening.limit.map_or(rows, |limit| limit.min(rows));
    check_budget(disk.path(), needed(wanted as u64, width), opening)?;
    let (mut done, total) = (0, wanted as u64 * width as u64 * 4);
    let most = wanted as u64 * width as u64;
    let mut values = archive.first_numbers(&offers[at].name, most, &mut |step| {
        done += step;
        control.check()?;
        control.report("Reading vectors", done, total);
        Ok(())
    })?;
    values.truncate(wanted * width);

    let of_rows: Vec<&String> = strings.iter().filter(|(_, shape)| *shape == [rows]).map(|(name, _)| name).collect();
    let named = WORDS.iter().find_map(|name| of_rows.iter().find(|found| found.as_str() == *name).copied());
    let key = named.or_else(|| of_rows.first().copied().filter(|_| of_rows.len() == 1));
    let mut numbers = Numbers::new("NumPy archive", values, width, rows);
    if let Some(key) = key {
        let mut words = Words::with_capacity(wanted);
        archive.each_word(key, wanted, |word| words.push(word))?;
        let mut columns = Vec::new();
        for name in of_rows.iter().filter(|name| **name != key) {
            let mut texts = Vec::with_capacity(wanted);
            archive.each_word(name, wanted, |text| texts.push(String::from_utf8_lossy(text).into_owned()))?;
            columns.push(Column { name: (*name).clone(), values: ColumnValues::of_texts(texts) });
        }
        for offer in offers.iter().filter(|offer| offer.shape == [rows]) {
            let values = ColumnValues::Number(archive.doubles(&offer.name, wanted as u64)?);
            columns.push(Column { name: offer.name.clone(), values });
        }
        numbers.labels = Some(Labels { words, columns });
    }
    numbers.named(disk.path(), opening, control)
}

/// Reads the matrix of a safetensors file, and its words where its header has a list of as many.
pub fn of_safetensors(disk: &Disk, opening: &Opening, control: &Control) -> Result<Vectors> {
    let (places, words) = safetensors::read(disk, Some(WORDS[0]))?;
    let offers: Vec<Offer> = places
        .iter()
        .map(|(name, place)| Offer {
            name: name.clone(),
            shape: place.shape.clone(),
            is_float: place.element.is_float(),
        })
        .collect();
    let (at, rows, width) = choose(disk.path(), &offers, opening.tensor.as_deref(), &NAMES)?;
    let wanted = opening.limit.map_or(rows, |limit| limit.min(rows));
    check_budget(disk.path(), needed(wanted as u64, width), opening)?;
    let place = Place { shape: vec![wanted, width], ..places[&offers[at].name].clone() };
    let values = read(disk, &place, control)?;
    let mut numbers = Numbers::new("safetensors", values, width, rows);
    if let Some(words) = words {
        let words: Vec<String> = serde_json::from_str(&words)
            .map_err(|e| disk.fault(format!("`words` in its header is no JSON list of strings: {e}")))?;
        if words.len() != rows {
            return Err(disk.fault(format!("`words` in its header has {} entries for {rows} rows", words.len())));
        }
        let mut labels = Labels::default();
        words.iter().take(wanted).for_each(|word| labels.words.push(word.as_bytes()));
        for (name, place) in places.iter().filter(|(_, place)| place.shape == [rows]) {
            let place = Place { shape: vec![wanted], ..place.clone() };
            let values = place.doubles(disk)?;
            labels.columns.push(Column { name: name.clone(), values: ColumnValues::Number(values) });
        }
        numbers.labels = Some(labels);
    }
    numbers.named(disk.path(), opening, control)
}

/// Reads numbers, saying how far it is.
pub fn read(disk: &Disk, place: &Place, control: &Control) -> Result<Vec<f32>> {
    let (mut done, total) = (0, place.bytes());
    place.read(disk, &mut |step| {
        done += step;
        control.check()?;
        control.report("Reading vectors", done, total);
        Ok(())
    })
}
