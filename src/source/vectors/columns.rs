//! Columns of metadata: from a table with a row to each word, or one that names the words.

use super::super::stored::{Disk, shown};
use super::super::table::{Row, Separator, Table};
use super::{Column, ColumnValues, Words};
use crate::error::{Error, Result};
use crate::trace::Control;
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

/// The longest table that is read.
const LONGEST: u64 = 2 << 30;
/// The most columns of a table.
const MOST: usize = 200;
/// The most kinds of thing that are told apart in a column.
const KINDS: usize = 1000;
/// What the column of words is called.
const NAMES: [&str; 6] = ["word", "token", "label", "name", "text", "title"];

/// The words of a file that has none of its own, and what else is known of them.
#[derive(Default)]
pub struct Labels {
    /// A name to each row; names may repeat.
    pub words: Words,
    /// What else the table has.
    pub columns: Vec<Column>,
}

impl Labels {
    /// How many rows a table has.
    pub fn count(path: &Path, control: &Control) -> Result<u64> {
        let disk = Disk::open(path)?;
        Ok(Table::open(&disk, LONGEST)?.count(control)? as u64)
    }

    /// Reads a table of as many rows as there are vectors, with or without a line of names before them.
    pub fn read(path: &Path, rows: usize, control: &Control) -> Result<Self> {
        let disk = Disk::open(path)?;
        let table = Table::open(&disk, LONGEST)?;
        let count = table.count(control)?;
        let has_names = count == rows + 1;
        if count != rows && !has_names {
            return Err(Error::format(path, format!("it has {count} rows, and there are {rows} vectors")));
        }
        let mut reader = Reader::new(path, &table, has_names);
        let mut words = Words::with_capacity(rows);
        let mut key = None;
        table.each(control, |row| {
            let key = *key.get_or_insert_with(|| if has_names { key_of(&row.fields).unwrap_or(0) } else { 0 });
            if reader.begin(&row)? {
                words.push(row.fields.get(key).map_or(b"".as_slice(), |field| field));
                reader.take(&row);
            }
            Ok(())
        })?;
        let mut columns = reader.columns;
        if let Some(key) = key.filter(|key| *key < columns.len()) {
            columns.remove(key);
        }
        Ok(Self { words, columns: columns.into_iter().map(Texts::column).collect() })
    }
}

/// Reads a table about `words`: its rows are joined by the word that they name, or, where they name none, by their
/// order. A word that it names twice keeps what is said first. Says how many words it knows.
pub fn joined(path: &Path, words: &Words, control: &Control) -> Result<(Vec<Column>, usize)> {
    let disk = Disk::open(path)?;
    let table = Table::open(&disk, LONGEST)?;
    let (mut count, mut known, mut key) = (0, 0, None);
    let mut is_named = false;
    table.each(control, |row| {
        let at = *key.get_or_insert_with(|| key_of(&row.fields).unwrap_or(0));
        let found = row.fields.get(at).is_some_and(|field| words.find(field).is_some());
        // A first row that names no word names columns.
        is_named |= count == 0 && (!found || key_of(&row.fields).is_some());
        known += usize::from(found && !(count == 0 && is_named));
        count += 1;
        Ok(())
    })?;
    let key = key.unwrap_or(0);
    let by_word = known > 0;
    let by_order = [words.len(), words.len() + 1].contains(&count);
    if !by_word && !by_order {
        let what =
            format!("none of its {count} rows names a word, and it has no row to each of the {} words", words.len());
        return Err(Error::format(path, what));
    }
    let has_names = if by_word { is_named } else { count == words.len() + 1 };
    let mut reader = Reader::new(path, &table, has_names);
    // For each word the row that speaks of it.
    let mut of = vec![usize::MAX; words.len()];
    let mut number = 0;
    table.each(control, |row| {
        if reader.begin(&row)? {
            let word = if by_word { row.fields.get(key).and_then(|f| words.find(f)) } else { Some(number) };
            if let Some(of) = word.and_then(|word| of.get_mut(word)).filter(|of| **of == usize::MAX) {
                *of = reader.rows;
                reader.take(&row);
            }
            number += 1;
        }
        Ok(())
    })?;
    let mut columns = reader.columns;
    if by_word && key < columns.len() {
        columns.remove(key);
    }
    let known = of.iter().filter(|of| **of != usize::MAX).count();
    Ok((columns.into_iter().map(|texts| texts.picked(&of).column()).collect(), known))
}

/// The column that is called as words are.
fn key_of(fields: &[Cow<'_, [u8]>]) -> Option<usize> {
    let is_key = |field: &[u8]| NAMES.iter().any(|name| field.eq_ignore_ascii_case(name.as_bytes()));
    fields.iter().position(|field| is_key(field))
}

/// Gathers the columns of a table.
struct Reader<'a> {
    path: &'a Path,
    has_names: bool,
    is_counted: bool,
    started: bool,
    columns: Vec<Texts>,
    rows: usize,
}

impl<'a> Reader<'a> {
    fn new(path: &'a Path, table: &Table<'_>, has_names: bool) -> Self {
        let is_counted = table.separator() == Separator::Space;
        Self { path, has_names, is_counted, started: false, columns: Vec::new(), rows: 0 }
    }

    /// Looks at a row, and says whether it is one of values.
    fn begin(&mut self, row: &Row<'_>) -> Result<bool> {
        let found = row.fields.len();
        if self.started {
            if found > self.columns.len() {
                let what =
                    format!("line {} has {found} fields, and there are {} columns", row.line, self.columns.len());
                return Err(Error::format(self.path, what));
            }
            return Ok(true);
        }
        if found > MOST {
            return Err(Error::format(self.path, format!("it has {found} columns, and at most {MOST} are read")));
        }
        self.started = true;
        let name = |i: usize| match row.text(i).trim() {
            name if self.has_names && !name.is_empty() => shown(name),
            _ if self.is_counted && i == 1 => "count".to_owned(),
            _ => format!("column {}", i + 1),
        };
        self.columns = (0..found).map(|i| Texts { name: name(i), values: Vec::new() }).collect();
        Ok(!self.has_names)
    }

    fn take(&mut self, row: &Row<'_>) {
        self.rows += 1;
        for (i, column) in self.columns.iter_mut().enumerate() {
            column.values.push(row.text(i).into_owned());
        }
    }
}

/// A column before it is known what it holds.
pub struct Texts {
    /// Its name.
    pub name: String,
    /// Its values as they are written.
    pub values: Vec<String>,
}

impl Texts {
    /// Its values at these places; nothing where there is none.
    fn picked(mut self, places: &[usize]) -> Self {
        let values = places.iter().map(|&i| self.values.get_mut(i).map(std::mem::take).unwrap_or_default()).collect();
        Self { name: self.name, values }
    }

    /// Numbers if all that is there are; kinds if there are few of them; text.
    pub fn column(self) -> Column {
        let number = |text: &String| if text.trim().is_empty() { Some(f64::NAN) } else { text.trim().parse().ok() };
        let is_empty = self.values.iter().all(|text| text.trim().is_empty());
        let numbers: Option<Vec<f64>> = if is_empty { None } else { self.values.iter().map(number).collect() };
        let values = match numbers {
            Some(numbers) => ColumnValues::Number(numbers),
            None => ColumnValues::of_texts(self.values),
        };
        Column { name: self.name, values }
    }
}

impl ColumnValues {
    /// Kinds, however many there are.
    pub fn of_kinds<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names = Vec::new();
        let mut known: HashMap<&str, u32> = HashMap::new();
        let kind = |text: &'a str| {
            *known.entry(text).or_insert_with(|| {
                names.push(text.to_owned());
                names.len() as u32 - 1
            })
        };
        let of = texts.into_iter().map(kind).collect();
        Self::Kind { names, of }
    }

    /// Kinds if there are few of them, and text otherwise.
    pub fn of_texts(texts: Vec<String>) -> Self {
        let most = (texts.len() / 2).min(KINDS);
        let mut names = Vec::new();
        let mut known: HashMap<&str, u32> = HashMap::new();
        let mut of = Vec::with_capacity(texts.len());
        for text in &texts {
            let kind = *known.entry(text).or_insert_with(|| {
                names.push(text.clone());
                names.len() as u32 - 1
            });
            if names.len() > most.max(1) {
                return Self::Text(texts);
            }
            of.push(kind);
        }
        Self::Kind { names, of }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Kind { of, .. } => of.len(),
            Self::Text(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A value as text; empty where there is none.
    ///
    /// # Panics
    /// If there is no value with this number, as slices do.
    pub fn text(&self, i: usize) -> Cow<'_, str> {
        match self {
            Self::Number(values) if values[i].is_nan() => "".into(),
            Self::Number(values) => values[i].to_string().into(),
            Self::Kind { names, of } => names[of[i] as usize].as_str().into(),
            Self::Text(values) => values[i].as_str().into(),
        }
    }

    /// The values at these places, in this order.
    ///
    /// # Panics
    /// If there is no value at one of them, as slices do.
    pub fn picked(&self, places: &[usize]) -> Self {
        match self {
            Self::Number(values) => Self::Number(places.iter().map(|&i| values[i]).collect()),
            Self::Kind { names, of } => {
                Self::Kind { names: names.clone(), of: places.iter().map(|&i| of[i]).collect() }
            }
            Self::Text(values) => Self::Text(places.iter().map(|&i| values[i].clone()).collect()),
        }
    }
}
