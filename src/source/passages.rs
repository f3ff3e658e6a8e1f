//! Texts that a model reads one after the other, and what is known of each: lines, sentences of a treebank, a column of
//! a table, a field of JSON lines.

use super::corpus::{Corpus, Sentence};
use super::stored::{Disk, shown};
use super::table::Table;
use super::vectors::{Column, Texts};
use crate::error::{Error, Result};
use crate::trace::Control;
use std::path::{Path, PathBuf};

/// The longest file that is read.
const LONGEST: u64 = 256 << 20;
/// What the column of texts is called where nobody names it.
const NAMES: [&str; 6] = ["text", "sentence", "content", "title", "abstract", "body"];

/// Texts with a value of each column to each of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Passages {
    /// The texts; with words and relations where they come from a treebank.
    pub corpus: Corpus,
    /// What else the file says of each text.
    pub columns: Vec<Column>,
}

impl Passages {
    /// One text that was typed.
    pub fn typed(text: &str) -> Self {
        let sentences = vec![Sentence { text: text.to_owned(), words: Vec::new(), line: 1 }];
        Self { corpus: Corpus { path: PathBuf::new(), sentences, relations: Vec::new() }, columns: Vec::new() }
    }

    /// Reads at most `most` texts: of a `.txt` a text to each line, of a `.conllu` the sentences of the treebank, of a
    /// `.csv` or `.tsv` those in the column called `column`, of a `.jsonl` those in that field. Texts that are blank are
    /// left out.
    pub fn open(path: &Path, column: Option<&str>, most: usize, control: &Control) -> Result<Self> {
        let about = std::fs::metadata(path).map_err(|e| Error::io(path, e))?;
        if !about.is_file() {
            return Err(Error::input(format!("{}: it is not a regular file", path.display())));
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let read = match extension.as_str() {
            "csv" | "tsv" => of_table(path, column, most, control)?,
            "jsonl" | "ndjson" => of_json(path, column, most, control)?,
            "txt" | "conllu" if column.is_some() => {
                return Err(Error::input(format!("{}: it has no columns to choose from", path.display())));
            }
            "txt" | "conllu" => Self { corpus: Corpus::open(path, most, control)?, columns: Vec::new() },
            _ => {
                let what = "texts are a .txt with one to each line, a .conllu, a .csv or .tsv, or a .jsonl";
                return Err(Error::input(format!("{}: {what}", path.display())));
            }
        };
        if read.corpus.sentences.is_empty() {
            return Err(Error::input(format!("{}: there is no text in it", path.display())));
        }
        Ok(read)
    }
}

/// Texts under way, with the columns beside them.
struct Gathered<'a> {
    path: &'a Path,
    sentences: Vec<Sentence>,
    columns: Vec<Texts>,
}

impl Gathered<'_> {
    fn finish(mut self) -> Passages {
        // Of the last texts a column may say nothing.
        for column in &mut self.columns {
            column.values.resize(self.sentences.len(), String::new());
        }
        let columns = self.columns.into_iter().map(Texts::column).collect();
        let corpus = Corpus { path: self.path.to_path_buf(), sentences: self.sentences, relations: Vec::new() };
        Passages { corpus, columns }
    }
}

/// The column that is asked for, the only one, or the one that is called as texts are.
fn choose(path: &Path, names: &[String], asked: Option<&str>) -> Result<usize> {
    let by_name = |wanted: &str| names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
    let found = match asked {
        Some(name) => names.iter().position(|n| n == name).or_else(|| by_name(name)),
        None if names.len() == 1 => Some(0),
        None => NAMES.iter().find_map(|name| by_name(name)),
    };
    found.ok_or_else(|| {
        let known: Vec<String> = names.iter().map(|name| format!("`{}`", shown(name))).collect();
        let what = match asked {
            Some(name) => format!("it has no column `{}`", shown(name)),
            None => "which column holds the texts has to be said (--column)".to_owned(),
        };
        Error::input(format!("{}: {what}; its columns are {}", path.display(), known.join(", ")))
    })
}

fn of_table(path: &Path, asked: Option<&str>, most: usize, control: &Control) -> Result<Passages> {
    let disk = Disk::open(path)?;
    let table = Table::open(&disk, LONGEST)?;
    let mut gathered = Gathered { path, sentences: Vec::new(), columns: Vec::new() };
    let (mut key, mut names) = (0, Vec::new());
    table.each(control, |row| {
        if names.is_empty() {
            names = (0..row.fields.len()).map(|i| row.text(i).trim().to_owned()).collect();
            key = choose(path, &names, asked)?;
            gathered.columns = names.iter().map(|name| Texts { name: name.clone(), values: Vec::new() }).collect();
            return Ok(());
        }
        if row.fields.len() > names.len() {
            let (found, known, line) = (row.fields.len(), names.len(), row.line);
            return Err(Error::format(path, format!("line {line} has {found} fields, and there are {known} columns")));
        }
        let text = row.text(key);
        if !text.trim().is_empty() && gathered.sentences.len() < most {
            gathered.sentences.push(Sentence { text: text.trim().to_owned(), words: Vec::new(), line: row.line });
            gathered.columns.iter_mut().enumerate().for_each(|(i, c)| c.values.push(row.text(i).into_owned()));
        }
        Ok(())
    })?;
    if !gathered.columns.is_empty() {
        gathered.columns.remove(key);
    }
    Ok(gathered.finish())
}

fn of_json(path: &Path, asked: Option<&str>, most: usize, control: &Control) -> Result<Passages> {
    let text = super::find::read_text(path, LONGEST)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut gathered = Gathered { path, sentences: Vec::new(), columns: Vec::new() };
    let mut key = None;
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if gathered.sentences.len() == most {
            break;
        }
        control.check()?;
        let wrong = |what: String| Error::format(path, format!("line {} {what}", number + 1));
        let value: serde_json::Value = serde_json::from_str(line).map_err(|e| wrong(format!("is no JSON: {e}")))?;
        let fields = match value {
            serde_json::Value::String(text) if asked.is_none() => {
                add(&mut gathered, &text, number + 1);
                continue;
            }
            serde_json::Value::Object(fields) => fields,
            _ => return Err(wrong("should be an object, or a string".to_owned())),
        };
        if key.is_none() {
            let texts = fields.iter().filter(|(_, value)| value.is_string());
            let names: Vec<String> = texts.map(|(name, _)| name.clone()).collect();
            key = Some(names[choose(path, &names, asked)?].clone());
        }
        let key = key.as_deref().unwrap_or_default();
        let Some(text) = fields.get(key).and_then(serde_json::Value::as_str) else {
            return Err(wrong(format!("has no text in `{}`", shown(key))));
        };
        if !add(&mut gathered, text, number + 1) {
            continue;
        }
        let count = gathered.sentences.len();
        for (name, value) in fields.iter().filter(|(name, _)| *name != key) {
            let value = match value {
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Number(number) => number.to_string(),
                serde_json::Value::Bool(is) => is.to_string(),
                // Lists and objects are no value of a column.
                _ => continue,
            };
            let known = gathered.columns.iter().position(|column| column.name == *name);
            let at = known.unwrap_or_else(|| {
                gathered.columns.push(Texts { name: name.clone(), values: Vec::new() });
                gathered.columns.len() - 1
            });
            // Nothing was said of texts before.
            gathered.columns[at].values.resize(count - 1, String::new());
            gathered.columns[at].values.push(value);
        }
    }
    Ok(gathered.finish())
}

/// Adds a text that is not blank, and says whether it is.
fn add(gathered: &mut Gathered<'_>, text: &str, line: usize) -> bool {
    let text = text.trim();
    if !text.is_empty() {
        gathered.sentences.push(Sentence { text: text.to_owned(), words: Vec::new(), line });
    }
    !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::vectors::ColumnValues;

    fn open(name: &str, text: &str, column: Option<&str>) -> Result<Passages> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("it is written");
        Passages::open(&path, column, 3, &Control::default())
    }

    fn texts(passages: &Passages) -> Vec<(&str, usize)> {
        passages.corpus.sentences.iter().map(|s| (s.text.as_str(), s.line)).collect()
    }

    #[test]
    fn a_column_of_a_table_is_read_with_the_others_beside_it() {
        let csv = "id,text,kind\n1,\"One, two.\nThree.\",a\n2, ,b\n3,Four.,a\n4,Five.,b\n5,Six.,a\n";
        let passages = open("a.csv", csv, None).expect("a table");
        assert_eq!(texts(&passages), [("One, two.\nThree.", 2), ("Four.", 5), ("Five.", 6)]);
        assert_eq!(passages.columns[0].values, ColumnValues::Number(vec![1.0, 3.0, 4.0]));
        assert_eq!(passages.columns[1].values.text(2), "b");
        let other = open("a.tsv", "a\tb\nx\ty\n", Some("B")).expect("a table");
        assert_eq!((texts(&other), other.columns[0].name.as_str()), (vec![("y", 2)], "a"));
        for (name, column, why) in [
            ("a.csv", Some("z"), "no column `z`; its columns are `a`, `b`"),
            ("a.csv", None, "has to be said (--column)"),
        ] {
            let error = open(name, "a,b\nx,y\n", column).expect_err(why).to_string();
            assert!(error.contains(why), "{error}");
        }
        assert!(open("a.csv", "text\n\n", None).expect_err("no text").to_string().contains("no text in it"));
    }

    #[test]
    fn a_field_of_json_lines_is_read_with_the_others_beside_it() {
        let lines = "{\"text\":\"One.\",\"n\":1}\n\n{\"text\":\" \",\"n\":9}\n{\"kind\":\"b\",\"text\":\"Two.\",\"x\":[1]}\n\"Three.\"\n";
        let passages = open("a.jsonl", lines, None).expect("JSON lines");
        assert_eq!(texts(&passages), [("One.", 1), ("Two.", 4), ("Three.", 5)]);
        let names: Vec<&str> = passages.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["n", "kind"]);
        assert!(passages.columns.iter().all(|c| c.values.len() == 3), "{:?}", passages.columns);
        assert_eq!(passages.columns[1].values.text(1), "b");
        for (line, why) in
            [("{\"text\":1}", "has to be said"), ("[1]", "line 1 should be an object"), ("{", "line 1 is no JSON")]
        {
            let error = open("a.jsonl", line, None).expect_err(why).to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn other_files_are_corpora_or_refused() {
        assert_eq!(texts(&open("a.txt", "One.\n\nTwo.\n", None).expect("lines")), [("One.", 1), ("Two.", 3)]);
        assert!(open("a.txt", "One.\n", Some("text")).is_err());
        assert!(open("a.pdf", "One.\n", None).expect_err("no text").to_string().contains(".jsonl"));
        assert_eq!(Passages::typed("One.").corpus.sentences.len(), 1);
    }
}
