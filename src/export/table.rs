//! Numbers as a table: named columns of one length, for spreadsheets and data frames.

use super::reading::{self, Passed};
use crate::analysis::filter::{Filter, show};
use crate::analysis::meaning::Weights;
use crate::error::{Error, Result};
use crate::figure::Caption;
use crate::text::{Piece, Tokens};
use serde_json::json;
use std::borrow::Cow;
use std::io::{self, Seek, Write};

/// What a column holds, one value to a row. Numbers that are not finite are empty fields in CSV and `null` in JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Counts, layers, heads, positions.
    Whole(Vec<i64>),
    /// Weights and other single-precision numbers, written so that they read back as the same `f32`.
    Single(Vec<f32>),
    /// Double-precision numbers, written so that they read back as the same `f64`.
    Number(Vec<f64>),
    /// Words.
    Text(Vec<String>),
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Whole(v) => v.len(),
            Self::Single(v) => v.len(),
            Self::Number(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }

    /// Those at these places, in this order.
    fn picked(&self, places: &[usize]) -> Self {
        fn of<T: Clone>(values: &[T], places: &[usize]) -> Vec<T> {
            places.iter().filter_map(|&i| values.get(i).cloned()).collect()
        }
        match self {
            Self::Whole(v) => Self::Whole(of(v, places)),
            Self::Single(v) => Self::Single(of(v, places)),
            Self::Number(v) => Self::Number(of(v, places)),
            Self::Text(v) => Self::Text(of(v, places)),
        }
    }
}

/// Named columns of one length, in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table(Vec<(String, Values)>);

impl Table {
    /// This column as well: counts, layers, heads, positions.
    pub fn whole<N: TryInto<i64>>(self, name: impl Into<String>, values: impl IntoIterator<Item = N>) -> Self {
        let whole = |n: N| n.try_into().unwrap_or(i64::MAX);
        self.and(name, Values::Whole(values.into_iter().map(whole).collect()))
    }

    /// This column as well: weights.
    pub fn single(self, name: impl Into<String>, values: impl IntoIterator<Item = f32>) -> Self {
        self.and(name, Values::Single(values.into_iter().collect()))
    }

    /// This column as well: double-precision numbers.
    pub fn number(self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        self.and(name, Values::Number(values.into_iter().collect()))
    }

    /// This column as well: words.
    pub fn text<S: Into<String>>(self, name: impl Into<String>, values: impl IntoIterator<Item = S>) -> Self {
        self.and(name, Values::Text(values.into_iter().map(Into::into).collect()))
    }

    /// This column as well.
    pub fn and(mut self, name: impl Into<String>, values: Values) -> Self {
        self.0.push((name.into(), values));
        self
    }

    /// The rows with these numbers, in this order.
    pub fn picked(self, rows: &[usize]) -> Self {
        Self(self.0.into_iter().map(|(name, values)| (name, values.picked(rows))).collect())
    }

    /// A matrix `[query, key]` over tokens: `query, key, query_piece, key_piece, value`, row by row.
    pub fn matrix(tokens: &Tokens, values: &[f32]) -> Self {
        let n = tokens.len();
        let piece = |i: usize| tokens.pieces[i].piece.as_str();
        let cells = || (0..values.len().min(n * n)).map(move |i| (i / n, i % n));
        Self::default()
            .whole("query", cells().map(|c| c.0))
            .whole("key", cells().map(|c| c.1))
            .text("query_piece", cells().map(|c| piece(c.0)))
            .text("key_piece", cells().map(|c| piece(c.1)))
            .single("value", values.iter().copied())
    }

    /// The columns with their names.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &Values)> {
        self.0.iter().map(|(name, values)| (name.as_str(), values))
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.0.first().map_or(0, |(_, values)| values.len())
    }

    /// Refuses columns of different lengths: a row would have no meaning.
    pub fn check(&self) -> Result<()> {
        match self.columns().find(|(_, values)| values.len() != self.rows()) {
            Some((name, values)) => {
                Err(Error::input(format!("column `{name}` has {} rows, the first has {}", values.len(), self.rows())))
            }
            None => Ok(()),
        }
    }

    /// CSV as RFC 4180 has it, lines ending in a newline.
    pub fn csv(&self, out: &mut impl Write) -> io::Result<()> {
        self.separated(out, ",", quoted)
    }

    /// CSV under lines of comment, `# key: value`. Readers that are told so leave them out; a field with a `#` stands in
    /// quotes, so that it begins no comment.
    pub fn commented(&self, about: &Caption, out: &mut impl Write) -> io::Result<()> {
        comments(about, out)?;
        self.separated(out, ",", guarded)
    }

    fn separated(&self, out: &mut impl Write, between: &str, quoted: impl Fn(&str) -> Cow<'_, str>) -> io::Result<()> {
        let names: Vec<Cow<'_, str>> = self.columns().map(|(name, _)| quoted(name)).collect();
        writeln!(out, "{}", names.join(between))?;
        for row in 0..self.rows() {
            for (i, (_, values)) in self.columns().enumerate() {
                if i > 0 {
                    write!(out, "{between}")?;
                }
                match values {
                    Values::Whole(v) => write!(out, "{}", v[row])?,
                    Values::Single(v) if v[row].is_finite() => write!(out, "{:?}", v[row])?,
                    Values::Number(v) if v[row].is_finite() => write!(out, "{:?}", v[row])?,
                    Values::Single(_) | Values::Number(_) => {}
                    Values::Text(v) => write!(out, "{}", quoted(&v[row]))?,
                }
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// The rows as lines of fields with tabs between them, under their names: what spreadsheets paste.
    pub fn tsv(&self) -> String {
        let mut bytes = Vec::new();
        let columns = self.columns().map(|(name, values)| match values {
            Values::Text(v) => (flat(name), Values::Text(v.iter().map(|t| flat(t)).collect())),
            other => (flat(name), other.clone()),
        });
        // Memory takes everything.
        let _ = Self(columns.collect()).separated(&mut bytes, "\t", |text| Cow::Borrowed(text));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The rows as a JSON list of objects, one to a line.
    pub fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let names: Vec<String> = self.columns().map(|(name, _)| json!(name).to_string()).collect();
        write!(out, "[")?;
        for row in 0..self.rows() {
            write!(out, "{}\n{{", if row > 0 { "," } else { "" })?;
            for (i, ((_, values), name)) in self.columns().zip(&names).enumerate() {
                write!(out, "{}{name}: ", if i > 0 { ", " } else { "" })?;
                match values {
                    Values::Whole(v) => write!(out, "{}", v[row])?,
                    Values::Single(v) if v[row].is_finite() => write!(out, "{:?}", v[row])?,
                    Values::Number(v) if v[row].is_finite() => write!(out, "{:?}", v[row])?,
                    Values::Single(_) | Values::Number(_) => write!(out, "null")?,
                    Values::Text(v) => write!(out, "{}", json!(v[row]))?,
                }
            }
            write!(out, "}}")?;
        }
        write!(out, "\n]")
    }

    /// The columns as arrays of an npz file: `<i8`, `<f4`, `<f8`, and words as a JSON list in `|u1`.
    pub(super) fn npz<W: Write + Seek>(&self, npz: &mut super::npz::Npz<W>) -> io::Result<()> {
        self.columns().try_for_each(|(name, values)| match values {
            Values::Whole(v) => npz.wholes(name, v),
            Values::Single(v) => npz.singles(name, &[v.len()], v),
            Values::Number(v) => npz.doubles(name, v),
            Values::Text(v) => npz.bytes(name, &serde_json::to_vec(v)?),
        })
    }
}

/// A matrix `[query, key]` over tokens as fields with tabs between them, the keys on top and the queries at the left. What
/// is no finite number is an empty field.
pub fn matrix_tsv(tokens: &Tokens, values: &[f32]) -> String {
    let name = |piece: &Piece| flat(&piece.piece);
    let number = |x: &f32| if x.is_finite() { format!("{x:?}") } else { String::new() };
    let line = |name: String, fields: Vec<String>| format!("{name}\t{}\n", fields.join("\t"));
    let mut out = line(String::new(), tokens.pieces.iter().map(name).collect());
    for (piece, row) in tokens.pieces.iter().zip(values.chunks_exact(tokens.len().max(1))) {
        out += &line(name(piece), row.iter().map(number).collect());
    }
    out
}

/// A text in one field of one line.
fn flat(text: &str) -> String {
    text.replace(['\t', '\n', '\r'], " ")
}

/// What a table is about, as lines of comment.
fn comments(about: &Caption, out: &mut impl Write) -> io::Result<()> {
    about.lines().try_for_each(|(label, text)| writeln!(out, "# {label}: {}", flat(text)))
}

/// Writes CSV with the columns `layer,head,query,key,query_piece,key_piece,value`: every weight of every head, in
/// that order; filtered, those that pass, the largest of a row first. Layers, heads and token positions (of words, where
/// pieces are merged) count from 0; `head` is empty where a meaning has no heads; pieces are as the vocabulary writes
/// them, quoted as RFC 4180 says; the value is the shortest decimal that reads back as the same `f32`. What it is
/// `about` stands above in lines of comment, see [`Table::commented`].
pub fn attention(
    weights: &Weights,
    filter: Option<&Filter>,
    about: Option<&Caption>,
    passed: &mut Passed,
    out: &mut impl Write,
) -> io::Result<()> {
    about.map_or(Ok(()), |about| comments(about, out))?;
    writeln!(out, "layer,head,query,key,query_piece,key_piece,value")?;
    let field = |piece: &str| if about.is_some() { guarded(piece) } else { quoted(piece) }.into_owned();
    let pieces = |tokens: &Tokens| -> Vec<String> { tokens.pieces.iter().map(|p| field(&p.piece)).collect() };
    let whole = pieces(&weights.run.tokens);
    let n = whole.len();
    for (layer, head) in reading::heads(weights) {
        let values = weights.head(layer, head);
        let name = if weights.meaning.has_heads() { head.to_string() } else { String::new() };
        let mut line = |pieces: &[String], query: usize, key: usize, value: f32| {
            let (q, k) = (&pieces[query], &pieces[key]);
            writeln!(out, "{layer},{name},{query},{key},{q},{k},{value:?}")
        };
        let Some(filter) = filter else {
            values.iter().enumerate().try_for_each(|(i, &value)| line(&whole, i / n, i % n, value))?;
            continue;
        };
        let shown = show(&weights.run.tokens, &values, weights.meaning, filter);
        passed.add(&shown);
        let merged = pieces(&shown.tokens);
        shown.edges().try_for_each(|e| line(&merged, e.query, e.key, e.weight))?;
    }
    Ok(())
}

/// A field as RFC 4180 writes it: in quotes where it holds a comma, a quote or a line break.
fn quoted(field: &str) -> Cow<'_, str> {
    if field.contains([',', '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", field.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(field)
    }
}

/// The same, and in quotes also where it holds what begins a comment.
fn guarded(field: &str) -> Cow<'_, str> {
    match quoted(field) {
        Cow::Borrowed(plain) if plain.contains('#') => Cow::Owned(format!("\"{plain}\"")),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        for (plain, written) in [("door", "door"), (",", "\",\""), ("\"", "\"\"\"\""), ("a\nb", "\"a\nb\""), ("", "")] {
            assert_eq!(quoted(plain), written);
        }
    }

    fn example() -> Table {
        Table::default()
            .whole("layer", [0usize, 11])
            .single("weight", [0.1, f32::NAN])
            .number("lift, held out", [1e-300, -0.25])
            .text("label", ["a \"b\"", "\u{95e8}"])
    }

    #[test]
    fn a_table_is_written_in_full_precision() {
        let mut csv = Vec::new();
        example().csv(&mut csv).expect("memory takes everything");
        let csv = String::from_utf8(csv).expect("UTF-8");
        assert_eq!(csv, "layer,weight,\"lift, held out\",label\n0,0.1,1e-300,\"a \"\"b\"\"\"\n11,,-0.25,\u{95e8}\n");
        let mut json = Vec::new();
        example().json(&mut json).expect("memory takes everything");
        let rows: Vec<Value> = serde_json::from_slice(&json).expect("JSON");
        assert_eq!((rows.len(), &rows[0]["label"], &rows[1]["weight"]), (2, &json!("a \"b\""), &Value::Null));
        assert_eq!(rows[0]["weight"].to_string().parse(), Ok(0.1f32));
        assert_eq!(rows[1]["layer"], 11);
    }

    #[test]
    fn what_is_a_comment_and_what_is_not_can_be_told() {
        let about = Caption::default().and("model", "m").and("text", "a\nb # c");
        let table = Table::default().text("piece", ["##ing", "#\"", "door"]).single("value", [1.0, 2.0, f32::NAN]);
        let mut csv = Vec::new();
        table.commented(&about, &mut csv).expect("memory takes everything");
        let csv = String::from_utf8(csv).expect("UTF-8");
        assert_eq!(csv, "# model: m\n# text: a b # c\npiece,value\n\"##ing\",1.0\n\"#\"\"\",2.0\ndoor,\n");
    }

    #[test]
    fn rows_are_picked_in_the_order_that_is_asked_for() {
        let picked = example().picked(&[1, 0, 1]);
        assert_eq!(picked.columns().next(), Some(("layer", &Values::Whole(vec![11, 0, 11]))));
        assert_eq!((picked.rows(), example().picked(&[]).rows()), (3, 0));
        assert!(picked.check().is_ok());
    }

    #[test]
    fn a_matrix_keeps_its_fields_and_lines_whatever_the_pieces_are() {
        let piece = |text: &str| Piece {
            piece: text.to_owned(),
            id: 0,
            start: 0,
            end: 0,
            text: 0,
            segment: 0,
            special: false,
            word: None,
            unknown: false,
        };
        let pieces = ["a\tb", "\n"].map(piece).to_vec();
        let tokens = Tokens { texts: Vec::new(), pieces, dropped: 0 };
        let text = matrix_tsv(&tokens, &[0.1, f32::NEG_INFINITY, f32::NAN, 1.0]);
        assert_eq!(text, "\ta b\t \na b\t0.1\t\n \t\t1.0\n");
    }

    #[test]
    fn columns_of_different_lengths_are_refused() {
        assert!(example().check().is_ok() && Table::default().check().is_ok());
        let error = example().whole("n", [1usize]).check().expect_err("one row is missing").to_string();
        assert_eq!(error, "column `n` has 1 rows, the first has 2");
    }
}
