//! Attention that another program computed: `attentions` `[layer, head, query, key]` and `tokens`, in an npz,
//! safetensors or JSON file.
//!
//! * `tokens`: strings, or objects `{piece, id, start, end, segment, special}` as Lexiscope itself writes them. In JSON a
//!   list; in npz an array of `<U` or `|S`, or JSON in `|u1` or in one string; in safetensors JSON in a `U8` tensor or in
//!   the metadata.
//! * in JSON as Lexiscope writes it with `--words`: `words`, a list like `tokens`, which the attention is of then.
//! * optional: `segments` (0 or 1 for each token), `special` (whether the tokenizer added it), `hidden_states`
//!   `[layer + 1, token, dim]`.
//!
//! Rows of attention need not sum to 1; whether they do is counted.

use super::joined::{self, Token};
use super::nested::Nested;
use super::npz::{Kind, Npz};
use super::stored::{Disk, Element, shown};
use super::{find, safetensors};
use crate::error::{Error, Result};
use crate::text::Tokens;
use crate::trace::Control;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

/// The most heads that are read, in all layers together: the largest models there are have fewer.
const MOST_HEADS: usize = 1 << 14;
/// The most bytes of JSON about tokens that are read.
const MOST_TEXT: u64 = 64 << 20;

/// What such a file holds, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Attentions {
    /// The tokens.
    pub tokens: Tokens,
    /// Layers and heads.
    pub layers: usize,
    /// Heads of each layer.
    pub heads: usize,
    /// Weights, row-major `[layer, head, query, key]`.
    pub weights: Vec<f32>,
    /// The width of the hidden states, and their numbers, row-major `[layer + 1, token, dim]`.
    pub hidden: Option<(usize, Vec<f32>)>,
    /// What the person should know.
    pub notes: Vec<String>,
}

/// Whether the path is a file of attention and not one of a model.
pub fn is_one(path: &Path) -> bool {
    let is_weights = || {
        let tensors = Disk::open(path).and_then(|disk| safetensors::tensors(&disk));
        !tensors.is_ok_and(|tensors| tensors.contains_key("attentions"))
    };
    path.is_file() && is_named_so(path) && !(extension(path) == "safetensors" && is_weights())
}

/// Whether a file of attention can be called so, be it there or not.
pub fn is_named_so(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    match extension(path).as_str() {
        "npz" | "safetensors" => true,
        "json" => !find::is_of_model(&name),
        _ => false,
    }
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// Reads a file of attention; at most `budget` bytes of numbers are kept.
pub fn read(path: &Path, budget: u64, control: &Control) -> Result<Attentions> {
    let meta = std::fs::metadata(path).map_err(|e| Error::io(path, e))?;
    if !meta.is_file() {
        return Err(Error::input(format!("{}: it is not a regular file", path.display())));
    }
    let disk = Disk::open(path)?;
    let raw = match extension(path).as_str() {
        "npz" => from_npz(&disk, budget, control)?,
        "safetensors" => from_safetensors(&disk, budget, control)?,
        "json" => from_json(&disk, budget)?,
        _ => {
            let what = "attention is read from .npz, .safetensors and .json files";
            return Err(Error::unsupported(path, what));
        }
    };
    raw.check(path)
}

/// What a file holds, before it is known to go together.
#[derive(Default)]
struct Raw {
    attentions: Option<(Vec<usize>, Vec<f32>)>,
    hidden: Option<(Vec<usize>, Vec<f32>)>,
    tokens: Option<Vec<Token>>,
    /// What tokens were merged into, where attention is of these.
    words: Option<Vec<Token>>,
    /// Whether values were left out when it was written.
    is_filtered: bool,
    segments: Option<Vec<f32>>,
    special: Option<Vec<f32>>,
    /// What else is in the file, for a message.
    others: Vec<String>,
}

impl Raw {
    fn check(self, path: &Path) -> Result<Attentions> {
        let wrong = |what: String| Error::unsupported(path, what);
        let Some((shape, weights)) = self.attentions else {
            let found = if self.others.is_empty() { "nothing".to_owned() } else { self.others.join(", ") };
            return Err(wrong(format!("it has no `attentions` [layer, head, query, key]; it holds {found}")));
        };
        let Some(tokens) = self.tokens else {
            return Err(wrong("it has no `tokens`: add a list with one string for each query and key".to_owned()));
        };
        let mut said = Vec::new();
        // A filter of another meaning left the attention itself whole.
        let others = ["`scores`", "`norms`", "`gradient`", "`rollout`"];
        if self.is_filtered && !self.others.iter().any(|name| others.contains(&name.as_str())) {
            said.push("a filter left values out when it was written; they are 0".to_owned());
        }
        let is_of = |list: &Vec<Token>| shape.last() == Some(&list.len());
        let words = self.words.filter(|words| is_of(words) && !is_of(&tokens));
        // Hidden states are of the tokens, and words have none.
        let hidden = self.hidden.filter(|_| words.is_none());
        let mut tokens = words.unwrap_or(tokens);
        let n = tokens.len();
        let [layers, heads, ..] = square(path, &shape, |_| n)?;
        finite(path, "attentions", &shape, &weights)?;
        let read = hidden;
        let mut hidden = None;
        if let Some((shape, values)) = read {
            let wanted = layers + 1;
            match shape.as_slice() {
                &[l, t, dim] if l == wanted && t == n && dim > 0 => {
                    finite(path, "hidden_states", &shape, &values)?;
                    hidden = Some((dim, values));
                }
                _ => {
                    let what = format!("`hidden_states` has the shape {shape:?}, and should be [{wanted}, {n}, dim]");
                    return Err(wrong(format!("{what}: the embeddings, then the output of each layer")));
                }
            }
        }
        let flags = |name: &str, values: Option<Vec<f32>>| match values {
            Some(values) if values.len() != n => {
                Err(wrong(format!("`{name}` has {} entries, and there are {n} `tokens`", values.len())))
            }
            Some(values) => match values.iter().position(|&x| x != 0.0 && x != 1.0) {
                Some(i) => Err(wrong(format!("`{name}`[{i}] is {}, and should be 0 or 1", values[i]))),
                None => Ok(Some(values.into_iter().map(|x| x == 1.0).collect::<Vec<bool>>())),
            },
            None => Ok(None),
        };
        if let Some(segments) = flags("segments", self.segments)? {
            tokens.iter_mut().zip(segments).for_each(|(token, second)| token.segment = u32::from(second));
        }
        if let Some(special) = flags("special", self.special)? {
            tokens.iter_mut().zip(special).for_each(|(token, special)| token.special = Some(special));
        }
        let (tokens, mut notes) = joined::tokens(&tokens);
        notes.extend(said);
        notes.extend(sums(&weights, n));
        Ok(Attentions { tokens, layers, heads, weights, hidden, notes })
    }
}

/// The four sizes of `attentions`, of as many queries and keys as there are `tokens`: where their number is known, that
/// is told from how many there should be.
fn square(path: &Path, shape: &[usize], tokens: impl Fn(usize) -> usize) -> Result<[usize; 4]> {
    let wrong = |what: String| Error::unsupported(path, format!("`attentions` has the shape {shape:?}{what}"));
    let &[layers, heads, queries, keys] = shape else {
        let hint = match shape {
            [_, 1, _, _, _] => ": take the batch axis away, `attentions[:, 0]`",
            [1, _, _, _, _] => ": take the batch axis away, `attentions[0]`",
            [_, _, _] => ": of one layer, write `attentions[None]`; of one head in each layer, `attentions[:, None]`",
            _ => "",
        };
        return Err(wrong(format!(", and should be [layer, head, query, key]{hint}")));
    };
    let n = tokens(keys);
    if queries != n || keys != n {
        return Err(wrong(format!(", and with {n} `tokens` it should be [{layers}, {heads}, {n}, {n}]")));
    }
    if layers == 0 || heads == 0 || n == 0 {
        return Err(wrong(": there is nothing in it".to_owned()));
    }
    if layers.saturating_mul(heads) > MOST_HEADS {
        return Err(wrong(format!(
            ": it has {layers} layers of {heads} heads, and at most {MOST_HEADS} heads are read"
        )));
    }
    Ok([layers, heads, queries, keys])
}

/// Refuses an array for each token that has another number of entries, before it is read.
fn entries(path: &Path, name: &str, shape: &[usize], n: usize) -> Result<()> {
    match shape {
        [count] if *count == n => Ok(()),
        [count] => Err(Error::unsupported(path, format!("`{name}` has {count} entries, and there are {n} `tokens`"))),
        _ => Err(Error::unsupported(path, format!("`{name}` has the shape {shape:?}, and should be [{n}]"))),
    }
}

/// Refuses what is not a finite number, by its place.
fn finite(path: &Path, name: &str, shape: &[usize], values: &[f32]) -> Result<()> {
    let Some(first) = values.iter().position(|x| !x.is_finite()) else { return Ok(()) };
    let mut at = Vec::new();
    let mut rest = first;
    for &size in shape.iter().rev() {
        at.insert(0, rest % size.max(1));
        rest /= size.max(1);
    }
    let all = values.iter().filter(|x| !x.is_finite()).count();
    let more = if all > 1 { format!(", and {} more are not finite either", all - 1) } else { String::new() };
    Err(Error::unsupported(path, format!("`{name}`{at:?} is not a finite number{more}")))
}

/// What is to be said of rows that are no probabilities.
fn sums(weights: &[f32], n: usize) -> Option<String> {
    // Half precision over a long row is off by about so much.
    const SLACK: f64 = 0.01;
    let rows = weights.chunks_exact(n);
    let all = rows.len();
    let sums = rows.map(|row| row.iter().map(|&x| f64::from(x)).sum::<f64>());
    let (mut off, mut low, mut high) = (0usize, f64::INFINITY, f64::NEG_INFINITY);
    for sum in sums {
        off += usize::from((sum - 1.0).abs() > SLACK);
        (low, high) = (low.min(sum), high.max(sum));
    }
    let negative = weights.iter().filter(|&&x| x < 0.0).count();
    let mut said = Vec::new();
    if off > 0 {
        said.push(format!(
            "{off} of {all} rows do not sum to 1 (from {low:.3} to {high:.3}); they are shown as they are"
        ));
    }
    if negative > 0 {
        said.push(format!("{negative} weights are below 0"));
    }
    (!said.is_empty()).then(|| said.join("; "))
}

fn from_npz(disk: &Disk, budget: u64, control: &Control) -> Result<Raw> {
    let npz = Npz::open(disk)?;
    let shape = |name: &str| -> Result<Option<Vec<usize>>> {
        npz.header(name).transpose().map(|header| header.map(|h| h.shape))
    };
    let shapes = [shape("attentions")?, shape("hidden_states")?];
    afford(shapes.iter().flatten().map(Vec::as_slice), budget)?;
    let words = npz.header("tokens").transpose()?;
    // Only so many tokens are read as there is attention of: words of no bytes would take room without end.
    let listed = words.as_ref().filter(|h| matches!(h.kind, Kind::Unicode(..) | Kind::Bytes(_)) && h.shape.len() == 1);
    let tokens = |keys: usize| listed.map_or(keys, |header| header.shape[0]);
    let n =
        shapes[0].as_deref().map(|shape| square(disk.path(), shape, tokens)).transpose()?.map_or(0, |sizes| sizes[3]);
    let mut tick = progress(control, disk.len());
    let numbers = |name: &str, shape: Option<Vec<usize>>, tick: &mut dyn FnMut(u64) -> Result<()>| {
        shape.map(|shape| npz.numbers(name, tick).map(|values| (shape, values))).transpose()
    };
    let [attentions, hidden] = shapes;
    let small = |name: &str, tick: &mut dyn FnMut(u64) -> Result<()>| -> Result<Option<Vec<f32>>> {
        let Some(header) = npz.header(name).transpose()? else { return Ok(None) };
        entries(disk.path(), name, &header.shape, n)?;
        npz.numbers(name, tick).map(Some)
    };
    let tokens = match words {
        // What is wrong then is that there is no attention.
        _ if n == 0 => None,
        None => None,
        Some(header) => Some(match (&header.kind, header.shape.len()) {
            (Kind::Number(Element::U8 | Element::I8, _), 1) => parse_tokens(disk, &npz.bytes("tokens")?, n)?,
            // One string holds the list as JSON.
            (Kind::Unicode(..) | Kind::Bytes(_), 0) => parse_tokens(disk, npz.texts("tokens")?.concat().as_bytes(), n)?,
            (_, 0 | 1) => npz.texts("tokens")?.into_iter().map(Token::from).collect(),
            _ => {
                let what = format!("`tokens` has the shape {:?}, and should be a list of strings", header.shape);
                return Err(Error::unsupported(disk.path(), what));
            }
        }),
    };
    Ok(Raw {
        attentions: numbers("attentions", attentions, &mut tick)?,
        hidden: numbers("hidden_states", hidden, &mut tick)?,
        tokens,
        words: None,
        is_filtered: false,
        segments: small("segments", &mut tick)?,
        special: small("special", &mut tick)?,
        others: npz.names().take(12).map(|name| format!("`{}`", shown(name))).collect(),
    })
}

fn from_safetensors(disk: &Disk, budget: u64, control: &Control) -> Result<Raw> {
    let (tensors, about) = safetensors::read(disk, Some("tokens"))?;
    let big = ["attentions", "hidden_states"].map(|name| tensors.get(name));
    afford(big.iter().flatten().map(|place| place.shape.as_slice()), budget)?;
    let shape = tensors.get("attentions").map(|place| place.shape.as_slice());
    let n = shape.map(|shape| square(disk.path(), shape, |n| n)).transpose()?.map_or(0, |sizes| sizes[3]);
    for name in ["segments", "special"] {
        tensors.get(name).filter(|_| n > 0).map_or(Ok(()), |place| entries(disk.path(), name, &place.shape, n))?;
    }
    let mut tick = progress(control, disk.len());
    let mut numbers = |name: &str| -> Result<Option<(Vec<usize>, Vec<f32>)>> {
        let Some(place) = tensors.get(name) else { return Ok(None) };
        afford([place.shape.as_slice()], budget)?;
        Ok(Some((place.shape.clone(), place.read(disk, &mut tick)?)))
    };
    let tokens = match (tensors.get("tokens"), about) {
        _ if n == 0 => None,
        (Some(place), _) if place.element == Element::U8 && place.count() <= MOST_TEXT => {
            Some(parse_tokens(disk, &disk.bytes(place.start, place.count())?, n)?)
        }
        (Some(place), _) => {
            let what = format!("`tokens` is {:?} {:?}, and should be JSON in a U8 tensor", place.element, place.shape);
            return Err(Error::unsupported(disk.path(), what));
        }
        (None, Some(text)) => Some(parse_tokens(disk, text.as_bytes(), n)?),
        (None, None) => None,
    };
    Ok(Raw {
        attentions: numbers("attentions")?,
        hidden: numbers("hidden_states")?,
        tokens,
        words: None,
        is_filtered: false,
        segments: numbers("segments")?.map(|(_, values)| values),
        special: numbers("special")?.map(|(_, values)| values),
        others: tensors.keys().take(12).map(|name| format!("`{}`", shown(name))).collect(),
    })
}

fn from_json(disk: &Disk, budget: u64) -> Result<Raw> {
    disk.with(|reader| {
        let mut json = serde_json::Deserializer::from_reader(reader);
        let raw = json.deserialize_map(Fields { most: budget / 4 }).and_then(|raw| json.end().map(|()| raw));
        raw.map_err(|e| match e.classify() {
            serde_json::error::Category::Io => Error::io(disk.path(), e.into()),
            serde_json::error::Category::Data => Error::unsupported(disk.path(), e.to_string()),
            _ => disk.fault(format!("it is not JSON: {e}")),
        })
    })
}

/// Refuses what would take more memory than it may.
fn afford<'a>(shapes: impl IntoIterator<Item = &'a [usize]>, budget: u64) -> Result<()> {
    let size = |shape: &[usize]| shape.iter().fold(4u64, |n, &d| n.saturating_mul(d as u64));
    let wanted = shapes.into_iter().map(size).fold(0, u64::saturating_add);
    if wanted > budget { Err(Error::Memory { wanted, budget }) } else { Ok(()) }
}

/// Reports what was read of a file of `total` bytes.
fn progress(control: &Control, total: u64) -> impl FnMut(u64) -> Result<()> + '_ {
    let mut done = 0;
    move |step| {
        done += step;
        control.report("Reading attention", done.min(total), total);
        control.check()
    }
}

/// A list of `n` tokens in JSON.
fn parse_tokens(disk: &Disk, bytes: &[u8], n: usize) -> Result<Vec<Token>> {
    let wrong =
        |e: serde_json::Error| Error::unsupported(disk.path(), format!("`tokens` is no list of {n} strings: {e}"));
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let tokens = Few::new("tokens", n).deserialize(&mut json).and_then(|tokens| json.end().map(|()| tokens));
    tokens.map_err(wrong)
}

/// A list of not more than so many entries.
struct Few<T> {
    name: &'static str,
    most: usize,
    of: PhantomData<T>,
}

impl<T> Few<T> {
    fn new(name: &'static str, most: usize) -> Self {
        Self { name, most, of: PhantomData }
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Few<T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Few<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` to be a list", self.name)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        use serde::de::Error as _;
        let mut list = Vec::new();
        while let Some(entry) = seq.next_element()? {
            if list.len() == self.most {
                let (name, most) = (self.name, self.most);
                return Err(A::Error::custom(format!(
                    "`{name}` has more than {most} entries, and no attention of so many"
                )));
            }
            list.push(entry);
        }
        Ok(list)
    }
}

/// The fields of a JSON file that are of use, each once.
struct Fields {
    /// The most numbers that each array may have.
    most: u64,
}

impl<'de> Visitor<'de> for Fields {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `attentions` and `tokens`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        use serde::de::Error as _;
        let mut raw = Raw::default();
        let mut left = self.most;
        // Of more tokens no attention would fit.
        let few = usize::try_from(self.most.isqrt()).unwrap_or(usize::MAX);
        while let Some(name) = map.next_key::<String>()? {
            let twice = match name.as_str() {
                "attentions" => raw.attentions.is_some(),
                "hidden_states" => raw.hidden.is_some(),
                "tokens" => raw.tokens.is_some(),
                "words" => raw.words.is_some(),
                "segments" => raw.segments.is_some(),
                "special" => raw.special.is_some(),
                _ => false,
            };
            if twice {
                return Err(A::Error::custom(format!("`{name}` comes twice")));
            }
            match name.as_str() {
                "attentions" | "hidden_states" => {
                    let mut nested = Nested::new(&name, left);
                    map.next_value_seed(&mut nested)?;
                    let (shape, values) = nested.finish();
                    left = left.saturating_sub(values.len() as u64);
                    let target = if name == "attentions" { &mut raw.attentions } else { &mut raw.hidden };
                    *target = Some((shape, values));
                }
                "tokens" => raw.tokens = Some(map.next_value_seed(Few::new("tokens", few))?),
                "words" => raw.words = Some(map.next_value_seed(Few::new("words", few))?),
                "filter" => {
                    map.next_value::<IgnoredAny>()?;
                    raw.is_filtered = true;
                }
                "segments" | "special" => {
                    let list = if name == "segments" { "segments" } else { "special" };
                    let flags = map.next_value_seed(Few::<Flag>::new(list, few))?;
                    let flags = flags.into_iter().map(|flag| match flag {
                        Flag::Is(is) => f32::from(u8::from(is)),
                        Flag::Number(x) => x,
                    });
                    let target = if name == "segments" { &mut raw.segments } else { &mut raw.special };
                    *target = Some(flags.collect());
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    if raw.others.len() < 12 {
                        raw.others.push(format!("`{}`", shown(&name)));
                    }
                }
            }
        }
        Ok(raw)
    }
}

/// A yes or no, written as such or as 0 and 1.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Is(bool),
    Number(f32),
}
