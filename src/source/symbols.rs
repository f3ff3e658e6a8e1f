//! The vocabulary of a recurrent model: characters or words, each with its number. Text is read as it is, byte for byte:
//! nothing is folded, trimmed or normalised.

use super::find::read_text;
use super::stored::shown;
use crate::error::{Error, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::Path;

/// The longest file of a vocabulary, in bytes, and the largest number of a symbol.
const LONGEST: u64 = 64 << 20;
const MOST: u64 = 16 << 20;

/// What the objects in which vocabularies are nested are called.
const NESTS: [&str; 8] =
    ["itos", "stoi", "idx_to_token", "token_to_idx", "idx2char", "char2idx", "vocabulary", "vocab"];

/// What one symbol stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A character of the text.
    Character,
    /// What stands between white space; the end of a line is `<eos>` where the vocabulary has that.
    Word,
}

/// Symbols by number.
#[derive(Debug, Clone, PartialEq)]
pub struct Symbols {
    items: Vec<String>,
    places: HashMap<String, u32>,
    unit: Unit,
    /// What stands for words that are not in the vocabulary.
    unknown: Option<u32>,
}

/// A symbol in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol {
    /// Its number.
    pub id: u32,
    /// Its first byte in the text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

/// What of a text was passed over, because the vocabulary does not have it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Skipped {
    /// How often anything was.
    pub count: usize,
    /// What it was, with how often each.
    pub which: BTreeMap<String, usize>,
}

/// How many different things that were passed over are told apart.
const TOLD: usize = 1000;

impl Skipped {
    fn add(&mut self, what: &str) {
        self.count += 1;
        if let Some(known) = self.which.get_mut(what) {
            *known += 1;
        } else if self.which.len() < TOLD {
            self.which.insert(what.to_owned(), 1);
        }
    }

    /// In words: how much, and the most frequent ones.
    pub fn describe(&self) -> Option<String> {
        let mut most: Vec<_> = self.which.iter().collect();
        most.sort_by_key(|(what, count)| (std::cmp::Reverse(**count), *what));
        let named: Vec<String> = most.iter().take(5).map(|(what, n)| format!("{what:?} {n} times")).collect();
        let more = if most.len() > 5 { ", and others" } else { "" };
        let count = self.count;
        (count > 0)
            .then(|| format!("{count} that are not in the vocabulary were passed over: {}{more}", named.join(", ")))
    }
}

impl Symbols {
    /// Symbols with the numbers from 0 on. An empty one has a number that no text gets.
    pub fn new(items: Vec<String>, unit: Option<Unit>) -> Result<Self> {
        let mut places = HashMap::with_capacity(items.len());
        for (id, item) in items.iter().enumerate().filter(|(_, item)| !item.is_empty()) {
            if places.insert(item.clone(), id as u32).is_some() {
                return Err(Error::input(format!("`{}` is in the vocabulary twice", shown(item))));
            }
        }
        if places.is_empty() {
            return Err(Error::input("the vocabulary is empty"));
        }
        let is_special = |item: &str| item.len() > 2 && item.starts_with(['<', '[']) && item.ends_with(['>', ']']);
        let is_one = |item: &String| item.chars().count() <= 1 || is_special(item);
        let guess = || if items.iter().all(is_one) { Unit::Character } else { Unit::Word };
        let unknown = ["<unk>", "<UNK>", "[UNK]", "UNK"].iter().find_map(|name| places.get(*name).copied());
        Ok(Self { unit: unit.unwrap_or_else(guess), items, places, unknown })
    }

    /// The characters of a text, in order.
    pub fn characters(text: &str) -> Result<Self> {
        Self::new(text.chars().map(String::from).collect(), Some(Unit::Character))
    }

    /// Every character that a text has, in the order of their code points.
    pub fn of_text(text: &str) -> Result<Self> {
        let found: std::collections::BTreeSet<char> = text.chars().collect();
        Self::new(found.into_iter().map(String::from).collect(), Some(Unit::Character))
    }

    /// Reads a vocabulary: of JSON a list of symbols, or an object of symbols with their numbers or of numbers with
    /// their symbols, alone or as `stoi`, `itos` and the like; of text a symbol to each line, with its number after a
    /// space where every line has one.
    pub fn read(path: &Path, unit: Option<Unit>) -> Result<Self> {
        let text = read_text(path, LONGEST)?;
        let items = if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
            let value: Value = serde_json::from_str(&text).map_err(|e| Error::format(path, e.to_string()))?;
            of_json(&value).ok_or_else(|| {
                Error::format(path, "it is neither a list of symbols nor an object of symbols and numbers")
            })?
        } else {
            of_lines(&text)
        };
        Self::new(items, unit).map_err(|e| Error::format(path, e.to_string()))
    }

    /// Symbols, those without a name included.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The symbol with a number; empty where it has no name.
    pub fn item(&self, id: u32) -> &str {
        self.items.get(id as usize).map_or("", String::as_str)
    }

    /// The number of a symbol.
    pub fn id(&self, item: &str) -> Option<u32> {
        self.places.get(item).copied()
    }

    /// What one of them stands for.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// Whether numbers from 0 to the one before `rows` have a symbol each.
    pub fn fits(&self, rows: usize) -> bool {
        self.len() <= rows
    }

    /// The symbols of a text from byte `from` on, at most `most` of them, and the byte after the last that was read.
    pub fn split(&self, text: &str, from: usize, most: usize, skipped: &mut Skipped) -> (Vec<Symbol>, usize) {
        let mut found = Vec::new();
        let mut at = from;
        while found.len() < most && at < text.len() {
            let Some(rest) = text.get(at..) else { break };
            let (item, space) = match self.unit {
                Unit::Character => (&rest[..rest.chars().next().map_or(1, char::len_utf8)], 0),
                Unit::Word => word(rest),
            };
            let start = at + space;
            at = start + item.len();
            let is_line = self.unit == Unit::Word && item == "\n";
            let id = if is_line { self.id("<eos>") } else { self.id(item).or(self.unknown_word()) };
            match id {
                Some(id) => found.push(Symbol { id, start, end: at }),
                None if is_line || item.is_empty() => {}
                None => skipped.add(item),
            }
        }
        (found, at)
    }

    fn unknown_word(&self) -> Option<u32> {
        self.unknown.filter(|_| self.unit == Unit::Word)
    }
}

/// The next word, or end of a line, and how many bytes of space are before it.
fn word(text: &str) -> (&str, usize) {
    let begin = text.find(|c: char| c == '\n' || !c.is_whitespace()).unwrap_or(text.len());
    let rest = &text[begin..];
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    (&rest[..if rest.starts_with('\n') { 1 } else { end }], begin)
}

fn of_json(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        Value::Object(map) => {
            let numbered: Option<Vec<(u64, String)>> = map
                .iter()
                .map(|(key, value)| match value {
                    Value::Number(number) => Some((number.as_u64()?, key.clone())),
                    Value::String(item) => Some((key.parse().ok()?, item.clone())),
                    _ => None,
                })
                .collect();
            if let Some(numbered) = numbered.filter(|n| !n.is_empty()) {
                return by_number(numbered);
            }
            NESTS.iter().find_map(|name| map.get(*name).and_then(of_json))
        }
        _ => None,
    }
}

/// Each at its number; numbers that nothing has stay empty.
fn by_number(numbered: Vec<(u64, String)>) -> Option<Vec<String>> {
    let most = numbered.iter().map(|(number, _)| *number).max().filter(|most| *most < MOST)?;
    let mut items = vec![String::new(); most as usize + 1];
    for (number, item) in numbered {
        let place = &mut items[number as usize];
        if !place.is_empty() {
            return None;
        }
        *place = item;
    }
    Some(items)
}

fn of_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    if lines.last() == Some(&"") {
        lines.pop();
    }
    let numbered = lines.iter().map(|line| {
        let (item, number) = line.rsplit_once(' ')?;
        // The space itself is written as one before its number.
        Some((number.parse().ok()?, if item.is_empty() { " ".to_owned() } else { item.to_owned() }))
    });
    let numbered: Option<Vec<(u64, String)>> = numbered.collect();
    let dense = |n: &Vec<(u64, String)>| n.iter().all(|(number, _)| *number <= lines.len() as u64);
    let found = numbered.filter(|n| !n.is_empty()).filter(dense).and_then(by_number);
    found.unwrap_or_else(|| lines.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<Symbols> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        Symbols::read(&path, None)
    }

    #[test]
    fn every_way_to_write_a_vocabulary_is_read() {
        for (name, text) in [
            ("v.json", r#"["a", " ", "b"]"#),
            ("v.json", r#"{"a": 0, "b": 2, " ": 1}"#),
            ("v.json", r#"{"2": "b", "0": "a", "1": " "}"#),
            ("v.json", r#"{"x": 1.5, "itos": ["a", " ", "b"]}"#),
            ("v.txt", "a\n \nb\n"),
            ("v.txt", "a 0\n  1\nb 2\n"),
        ] {
            let symbols = read(name, text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((symbols.item(0), symbols.item(1), symbols.item(2)), ("a", " ", "b"), "{text}");
            assert_eq!((symbols.unit(), symbols.len()), (Unit::Character, 3), "{text}");
        }
        for (name, text) in
            [("v.json", "3"), ("v.json", r#"["a", "a"]"#), ("v.json", r#"{"a": 99999999999}"#), ("v.txt", "")]
        {
            assert!(read(name, text).is_err(), "{text}");
        }
    }

    #[test]
    fn text_is_read_byte_for_byte_and_what_is_unknown_is_counted() {
        let symbols = Symbols::characters("ab\r\né").expect("five characters");
        let mut skipped = Skipped::default();
        let (found, end) = symbols.split("aé\r\nxbx", 0, 100, &mut skipped);
        let spans: Vec<(u32, usize, usize)> = found.iter().map(|s| (s.id, s.start, s.end)).collect();
        assert_eq!(spans, [(0, 0, 1), (4, 1, 3), (2, 3, 4), (3, 4, 5), (1, 6, 7)]);
        assert_eq!((end, skipped.count), (8, 2));
        assert!(skipped.describe().expect("two were").contains("\"x\" 2 times"));
        let (first, at) = symbols.split("aé\r\nxbx", 0, 2, &mut skipped);
        let (second, _) = symbols.split("aé\r\nxbx", at, 100, &mut skipped);
        assert_eq!([first, second].concat(), found);
    }

    #[test]
    fn words_stand_between_spaces_and_lines_may_end_in_a_symbol() {
        let items = ["the", "door", "<unk>", "<eos>"].map(str::to_owned).to_vec();
        let symbols = Symbols::new(items, None).expect("four");
        assert_eq!(symbols.unit(), Unit::Word);
        let mut skipped = Skipped::default();
        let (found, _) = symbols.split(" the  red\ndoor \n", 0, 100, &mut skipped);
        assert_eq!(found.iter().map(|s| s.id).collect::<Vec<_>>(), [0, 2, 3, 1, 3]);
        assert_eq!((found[1].start, found[1].end), (6, 9));
        assert_eq!(skipped.count, 0);
    }
}
