//! Tables as text: fields between tabs, or between commas with quotes around those that need them (RFC 4180).

use super::stored::Disk;
use crate::error::Result;
use crate::trace::Control;
use std::borrow::Cow;

/// What stands between the fields of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// A tab. Quotes are letters like others.
    Tab,
    /// A comma. A field in quotes may hold commas, line feeds and, doubled, quotes.
    Comma,
    /// The last space of a line: between a word and its count, in the vocabularies of word2vec and `GloVe`.
    Space,
}

/// A row of a table.
pub struct Row<'a> {
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// Its fields, of bytes as the file has them.
    pub fields: Vec<Cow<'a, [u8]>>,
}

impl Row<'_> {
    /// A field as text; what is not UTF-8 becomes U+FFFD, and what is not there is empty.
    pub fn text(&self, i: usize) -> Cow<'_, str> {
        self.fields.get(i).map_or(Cow::Borrowed(""), |field| String::from_utf8_lossy(field))
    }
}

/// A file that is a table, whole in memory.
pub struct Table<'a> {
    disk: &'a Disk,
    bytes: Vec<u8>,
    separator: Separator,
}

impl<'a> Table<'a> {
    /// Reads a file of at most `limit` bytes. Its name says what separates its fields: commas in a `.csv`, tabs otherwise.
    pub fn open(disk: &'a Disk, limit: u64) -> Result<Self> {
        if disk.len() > limit {
            return Err(disk.fault(format!("it is longer than the {} MB that are read", limit >> 20)));
        }
        let mut bytes = disk.bytes(0, disk.len())?;
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        let is_csv = disk.path().extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        let separator = match is_csv {
            true => Separator::Comma,
            false if is_counted(&bytes) => Separator::Space,
            false => Separator::Tab,
        };
        Ok(Self { disk, bytes, separator })
    }

    /// What stands between its fields.
    pub fn separator(&self) -> Separator {
        self.separator
    }

    /// How many rows there are. The line feed at the end of the file begins none.
    pub fn count(&self, control: &Control) -> Result<usize> {
        let mut count = 0;
        self.each(control, |_| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    /// Gives each row in turn.
    pub fn each<'b>(&'b self, control: &Control, mut see: impl FnMut(Row<'b>) -> Result<()>) -> Result<()> {
        let mut rest = self.bytes.as_slice();
        let (mut line, mut count) = (1, 0usize);
        while !rest.is_empty() {
            if count.is_multiple_of(4096) {
                control.check()?;
            }
            count += 1;
            let (fields, length, lines) = match self.separator {
                Separator::Tab => plain(rest, |line| line.split(|b| *b == b'\t').map(Cow::Borrowed).collect()),
                Separator::Space => plain(rest, |line| {
                    let at = line.iter().rposition(|b| *b == b' ').unwrap_or(line.len());
                    vec![Cow::Borrowed(&line[..at]), Cow::Borrowed(line.get(at + 1..).unwrap_or_default())]
                }),
                Separator::Comma => match quoted(rest) {
                    Some(found) => found,
                    None => return Err(self.disk.fault(format!("line {line} begins a quoted field that never ends"))),
                },
            };
            see(Row { line, fields })?;
            rest = &rest[length..];
            line += lines;
        }
        Ok(())
    }
}

/// The fields of the first row, the bytes that it takes, and the lines.
type Found<'a> = (Vec<Cow<'a, [u8]>>, usize, usize);

fn plain<'a>(text: &'a [u8], split: impl Fn(&'a [u8]) -> Vec<Cow<'a, [u8]>>) -> Found<'a> {
    let end = text.iter().position(|b| *b == b'\n');
    let line = &text[..end.unwrap_or(text.len())];
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    (split(line), end.map_or(text.len(), |end| end + 1), 1)
}

/// Whether every line is a word, a space and a whole number that is no larger than the one before: a vocabulary as
/// trainers write it. The first line may be `</s> 0`.
fn is_counted(text: &[u8]) -> bool {
    let count = |line: &[u8]| -> Option<u64> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let at = line.iter().rposition(|b| *b == b' ').filter(|at| *at > 0 && !line.contains(&b'\t'))?;
        std::str::from_utf8(&line[at + 1..]).ok()?.parse().ok()
    };
    let mut lines = text.strip_suffix(b"\n").unwrap_or(text).split(|b| *b == b'\n');
    let Some(first) = lines.next().and_then(count) else { return false };
    let mut least = if first == 0 { u64::MAX } else { first };
    lines.all(|line| count(line).is_some_and(|count| std::mem::replace(&mut least, count) >= count))
}

fn quoted(text: &[u8]) -> Option<Found<'_>> {
    let mut fields = Vec::new();
    let (mut at, mut lines) = (0, 1);
    loop {
        if text.get(at) == Some(&b'"') {
            let mut field = Vec::new();
            loop {
                at += 1;
                let end = at + text[at..].iter().position(|b| *b == b'"')?;
                field.extend_from_slice(&text[at..end]);
                at = end + 1;
                if text.get(at) != Some(&b'"') {
                    break;
                }
                field.push(b'"');
            }
            lines += field.split(|b| *b == b'\n').count() - 1;
            // What follows a closing quote up to the next comma belongs to the field.
            let end = at + stop(&text[at..]);
            field.extend_from_slice(text[at..end].strip_suffix(b"\r").unwrap_or(&text[at..end]));
            fields.push(Cow::Owned(field));
            at = end;
        } else {
            let end = at + stop(&text[at..]);
            let field = &text[at..end];
            let is_last = text.get(end) != Some(&b',');
            fields.push(Cow::Borrowed(if is_last { field.strip_suffix(b"\r").unwrap_or(field) } else { field }));
            at = end;
        }
        match text.get(at) {
            Some(b',') => at += 1,
            Some(_) => return Some((fields, at + 1, lines)),
            None => return Some((fields, at, lines)),
        }
    }
}

/// Where the next comma or line feed is.
fn stop(text: &[u8]) -> usize {
    text.iter().position(|b| matches!(b, b',' | b'\n')).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(name: &str, text: &str) -> Result<Vec<(usize, Vec<String>)>> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("it is written");
        let disk = Disk::open(&path).expect("it is there");
        let table = Table::open(&disk, 1000)?;
        let mut rows = Vec::new();
        table.each(&Control::default(), |row| {
            rows.push((row.line, (0..row.fields.len()).map(|i| row.text(i).into_owned()).collect()));
            Ok(())
        })?;
        assert_eq!(table.count(&Control::default()).expect("they were read before"), rows.len());
        Ok(rows)
    }

    #[test]
    fn quotes_hold_fields_together_between_commas() {
        let text = "\u{feff}a,\"b, \"\"c\"\"\",\r\n\"x\ny\",,z\r\n\nlast";
        let wanted = [(1, vec!["a", "b, \"c\"", ""]), (2, vec!["x\ny", "", "z"]), (4, vec![""]), (5, vec!["last"])];
        let found = rows("a.CSV", text).expect("a table");
        assert_eq!(found.len(), wanted.len());
        for (found, (line, fields)) in found.iter().zip(wanted) {
            assert_eq!((found.0, found.1.iter().map(String::as_str).collect::<Vec<_>>()), (line, fields));
        }
        let error = rows("a.csv", "a\n\"b,c\n").expect_err("open quote").to_string();
        assert!(error.contains("line 2"), "{error}");
    }

    #[test]
    fn between_tabs_a_quote_is_a_letter() {
        let found = rows("a.tsv", "\"\tb\n\"c\t\n").expect("a table");
        assert_eq!(found[0].1, ["\"", "b"]);
        assert_eq!(found[1].1, ["\"c", ""]);
        assert!(rows("a.tsv", "").expect("no rows").is_empty());
    }

    #[test]
    fn a_vocabulary_with_counts_has_two_columns() {
        let fields =
            |text: &str| rows("v.txt", text).expect("a table").into_iter().map(|row| row.1).collect::<Vec<_>>();
        assert_eq!(fields("</s> 0\nthe 12\n. . 7\n"), [["</s>", "0"], ["the", "12"], [". .", "7"]]);
        // Numbers that grow count nothing, and a tab separates before a space does.
        for (text, wanted) in [
            ("Chapter 1\nChapter 2\n", vec!["Chapter 1"]),
            ("the 12\nof\n", vec!["the 12"]),
            ("the x\n", vec!["the x"]),
            ("the\t 3\n", vec!["the", " 3"]),
        ] {
            assert_eq!(fields(text)[0], wanted);
        }
    }
}
