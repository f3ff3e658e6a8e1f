//! fastText's models (`.bin`): versions 12 and 11, and the older ones that have no version. Read are the dictionary and
//! the input matrix: a row for each word, then one for each bucket of n-grams. A word's vector is the mean of its row and
//! those of its n-grams, as `print-word-vectors` gives it (`FastText::getWordVector`).

use super::super::stored::{Disk, Element, Place};
use super::builder::{Builder, check_budget, needed, show};
use super::stream::Stream;
use super::subwords::Subwords;
use super::{Column, ColumnValues, Opening, Vectors};
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use rayon::prelude::*;
use std::ops::RangeInclusive;

/// How a file with a version begins.
const MAGIC: i32 = 793_712_314;
/// The newest version.
const NEWEST: i32 = 12;
/// Models that sort texts into classes.
const SUPERVISED: i32 = 3;
/// What the settings of a file without version can be: dim, ws, epoch, minCount, neg, wordNgrams, loss, model, bucket,
/// minn, maxn, lrUpdateRate.
const SETTINGS: [RangeInclusive<i32>; 12] = [
    1..=100_000,
    0..=100_000,
    0..=10_000_000,
    0..=i32::MAX,
    0..=100_000,
    0..=100,
    1..=4,
    1..=3,
    0..=i32::MAX,
    0..=1000,
    0..=1000,
    0..=i32::MAX,
];
/// Words whose vectors are made at a time.
const BLOCK: usize = 4096;
/// The longest word.
const LONGEST: usize = 1 << 16;

/// The settings of training that matter here.
struct Args {
    dim: usize,
    model: i32,
    bucket: usize,
    lengths: (usize, usize),
}

/// The words of a file, in its order.
struct Dictionary {
    words: Vec<Box<[u8]>>,
    counts: Vec<f64>,
    labels: usize,
    /// N-grams that pruning left; negative where nothing was pruned.
    pruned: i64,
}

/// Whether these are the first bytes of a fastText model.
pub fn is_one(head: &[u8]) -> bool {
    let number = |i: usize| Some(i32::from_le_bytes(*head.get(i * 4..)?.first_chunk()?));
    if number(0) == Some(MAGIC) {
        return true;
    }
    // Without a version, the settings are all there is to go by: text has no numbers as small as these.
    let is_set = SETTINGS.iter().enumerate().all(|(i, setting)| number(i).is_some_and(|n| setting.contains(&n)));
    let sizes = (number(14), number(15), number(16));
    // size = words + labels.
    is_set
        && matches!(sizes, (Some(all), Some(words), Some(labels)) if words > 0 && labels >= 0
        && words.checked_add(labels) == Some(all))
}

/// Reads a model.
pub fn read(disk: &Disk, opening: &Opening, control: &Control) -> Result<Vectors> {
    let mut stream = Stream::new(disk, 0);
    // What has no version is older than all that have one.
    let mut version = 0;
    if i32::from_le_bytes(stream.take("the first number")?) == MAGIC {
        version = i32::from_le_bytes(stream.take("the version")?);
        if !(11..=NEWEST).contains(&version) {
            let what = format!("it is version {version} of fastText's files, and those to {NEWEST} are read");
            return Err(Error::unsupported(disk.path(), what));
        }
    } else {
        stream = Stream::new(disk, 0);
    }
    let args = args(disk, &mut stream, version)?;
    let dictionary = dictionary(disk, &mut stream, version, control)?;
    if version > 0 {
        let [quantised] = stream.take("the mark of quantised models")?;
        if quantised != 0 {
            let what = "it is a quantised fastText model (.ftz), which keeps no whole vectors: open the .bin that it was \
                        made from";
            return Err(Error::unsupported(disk.path(), what));
        }
    }
    if dictionary.pruned >= 0 {
        let what =
            "its n-grams are pruned, as those of quantised fastText models are: open the .bin that it was made from";
        return Err(Error::unsupported(disk.path(), what));
    }
    let count = dictionary.words.len();
    let start = matrix(disk, &mut stream, &args, count)?;
    let row = args.dim as u64 * 4;
    let wanted = opening.limit.map_or(count, |limit| limit.min(count));
    let total = needed(wanted as u64, args.dim).saturating_add(args.bucket as u64 * row);
    check_budget(disk.path(), total, opening)?;

    let buckets = (args.bucket > 0).then(|| -> Result<_> {
        let shape = vec![args.bucket, args.dim];
        let place = Place { element: Element::F32, shape, start: start + count as u64 * row, strides: None };
        let mut done = 0;
        let values = place.read(disk, &mut |step| {
            done += step;
            control.check()?;
            control.report("Reading n-grams", done, args.bucket as u64 * row);
            Ok(())
        })?;
        let buckets = Rows::new(values, args.dim)?;
        Ok(Subwords::new(args.lengths, buckets, version < NEWEST))
    });
    let subwords = buckets.transpose()?;

    let name = match (version, args.model) {
        (12, SUPERVISED) => "fastText classifier, version 12",
        (11, SUPERVISED) => "fastText classifier, version 11",
        (_, SUPERVISED) => "fastText classifier without version",
        (12, _) => "fastText model, version 12",
        (11, _) => "fastText model, version 11",
        _ => "fastText model without version",
    };
    let mut builder = Builder::new(disk.path(), name, wanted as u64, args.dim, opening)?;
    let mut counts = Vec::with_capacity(wanted);
    for first in (0..count).step_by(BLOCK) {
        if builder.is_full() {
            break;
        }
        control.check()?;
        control.report("Reading words", first as u64, count as u64);
        let words = &dictionary.words[first..count.min(first + BLOCK)];
        let place = Place {
            element: Element::F32,
            shape: vec![words.len(), args.dim],
            start: start + first as u64 * row,
            strides: None,
        };
        let mut values = place.read(disk, &mut |_| Ok(()))?;
        if let Some(subwords) = &subwords {
            let rows = values.par_chunks_exact_mut(args.dim).zip(words);
            rows.for_each(|(row, word)| subwords.complete(word, row));
        }
        for (i, (word, row)) in words.iter().zip(values.chunks_exact(args.dim)).enumerate() {
            if builder.is_full() {
                break;
            }
            if builder.push(word, row, || format!("word {} of {count}", first + i + 1))? {
                counts.push(dictionary.counts[first + i]);
            }
        }
    }
    if dictionary.labels > 0 {
        builder.note(format!("{} labels of the classifier are no words and are left out", dictionary.labels));
    }
    let columns = vec![Column { name: "count".to_owned(), values: ColumnValues::Number(counts) }];
    let mut vectors = builder.finish(Some(count as u64), columns)?;
    vectors.subwords = subwords;
    Ok(vectors)
}

fn args(disk: &Disk, stream: &mut Stream<'_>, version: i32) -> Result<Args> {
    let mut settings = [0; 12];
    for setting in &mut settings {
        *setting = i32::from_le_bytes(stream.take("a setting of training")?);
    }
    // How much is sampled.
    stream.take::<8>("a setting of training")?;
    let [dim, _, _, _, _, _, _, model, bucket, minn, maxn, _] = settings;
    let (Ok(dim @ 1..), Ok(bucket), Ok(minn), Ok(maxn)) =
        (usize::try_from(dim), usize::try_from(bucket), usize::try_from(minn), usize::try_from(maxn))
    else {
        let what = format!("its settings cannot be: {dim} dimensions, {bucket} buckets, n-grams of {minn} to {maxn}");
        return Err(disk.fault(what));
    };
    // Classifiers of version 11 had no n-grams of characters whatever they say (`Args::load` of fastText).
    let maxn = if version == 11 && model == SUPERVISED { 0 } else { maxn };
    // Without n-grams of characters, buckets are of no use here: those of words are rows after the words too.
    let bucket = if maxn > 0 { bucket } else { 0 };
    Ok(Args { dim, model, bucket, lengths: (minn, maxn) })
}

fn dictionary(disk: &Disk, stream: &mut Stream<'_>, version: i32, control: &Control) -> Result<Dictionary> {
    let mut number = || Ok::<_, Error>(i32::from_le_bytes(stream.take("a size of the dictionary")?));
    let (size, words, labels) = (number()?, number()?, number()?);
    stream.take::<8>("the number of tokens")?;
    let pruned = if version > 0 { i64::from_le_bytes(stream.take("the number of pruned n-grams")?) } else { -1 };
    let sizes = (usize::try_from(size), usize::try_from(words), usize::try_from(labels));
    let (Ok(size), Ok(words), Ok(labels)) = sizes else {
        return Err(disk.fault(format!("its dictionary claims {size} entries, {words} words and {labels} labels")));
    };
    // An entry has a letter or none, a zero, a count and a kind.
    let room = (disk.len() - stream.place()) / 10;
    if size as u64 > room || words.checked_add(labels) != Some(size) {
        let what = format!(
            "its dictionary claims {size} entries, {words} words and {labels} labels, and the file has {} bytes",
            disk.len()
        );
        return Err(disk.fault(what));
    }
    let mut found = Dictionary { words: Vec::with_capacity(words), counts: Vec::with_capacity(words), labels, pruned };
    for i in 0..size {
        if i.is_multiple_of(BLOCK) {
            control.check()?;
        }
        let at = stream.place();
        stream.fill(LONGEST)?;
        let held = &stream.held()[..stream.held().len().min(LONGEST)];
        let Some(length) = held.iter().position(|b| *b == 0) else {
            let what =
                format!("entry {} of its dictionary, at byte {at}, does not end within {} bytes", i + 1, held.len());
            return Err(disk.fault(what));
        };
        let word: Box<[u8]> = held[..length].into();
        stream.skip(length + 1);
        let count = i64::from_le_bytes(stream.take("the count of a word")?);
        match stream.take("the kind of a word")? {
            [0] if found.words.len() < words => {
                found.words.push(word);
                found.counts.push(count as f64);
            }
            // Labels come after all words, so the numbers of words are those of their rows.
            [1] if found.words.len() == words => {}
            [kind] => {
                let what = format!(
                    "entry {} of its dictionary, `{}` at byte {at}, is of kind {kind}, which does not go with {words} \
                     words and {labels} labels",
                    i + 1,
                    show(&word)
                );
                return Err(disk.fault(what));
            }
        }
    }
    Ok(found)
}

/// Where the input matrix begins; its rows are those of all words, then those of the buckets.
fn matrix(disk: &Disk, stream: &mut Stream<'_>, args: &Args, words: usize) -> Result<u64> {
    let rows = i64::from_le_bytes(stream.take("the height of the input matrix")?);
    let width = i64::from_le_bytes(stream.take("the width of the input matrix")?);
    let start = stream.place();
    let least = words as u64 + args.bucket as u64;
    if width != args.dim as i64 || u64::try_from(rows).is_ok_and(|rows| rows < least) || rows < 0 {
        let what = format!(
            "its input matrix is {rows} x {width}, and {words} words and {} buckets of {} numbers need more",
            args.bucket, args.dim
        );
        return Err(disk.fault(what));
    }
    let bytes = (rows as u64).checked_mul(args.dim as u64).and_then(|n| n.checked_mul(4));
    match bytes.and_then(|bytes| bytes.checked_add(start)) {
        Some(end) if end <= disk.len() => Ok(start),
        _ => {
            let (end, len) = (start as u128 + rows as u128 * args.dim as u128 * 4, disk.len());
            Err(disk.fault(format!("its input matrix should end at byte {end}, and the file has only {len} bytes")))
        }
    }
}
