//! Rows of numbers whose words are elsewhere: in another file beside them, in one that is named, or nowhere.

use super::builder::State;
use super::columns::Labels;
use super::{BadRows, Opening, Report, Vectors, Words};
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use std::path::{Path, PathBuf};

/// Files beside numbers that have their words, `*` standing for the name of the numbers without extension.
const BESIDE: [&str; 14] = [
    "*.labels.txt",
    "*.labels.tsv",
    "*_labels.tsv",
    "*_labels.txt",
    "*.metadata.tsv",
    "*_metadata.tsv",
    "*.vocab.txt",
    "*.words.txt",
    "metadata.tsv",
    "metadata.csv",
    "labels.tsv",
    "labels.txt",
    "vocab.txt",
    "words.txt",
];
/// Ends of names that say no more than that these are numbers.
const ENDS: [&str; 4] = ["tensors", "vectors", "embeddings", "tensor"];

/// Rows of numbers.
pub struct Numbers {
    /// Row by row.
    pub values: Vec<f32>,
    /// How many numbers a row has.
    pub width: usize,
    /// Rows in the file, of which the first ones are here.
    pub total: usize,
    /// The words of all rows, where the file itself says where they are.
    pub labels: Option<Labels>,
    /// What was met so far.
    pub report: Report,
}

impl Numbers {
    /// Numbers as a file has them.
    pub fn new(format: &'static str, values: Vec<f32>, width: usize, total: usize) -> Self {
        let report = Report { format, promised: Some(total as u64), ..Report::default() };
        Self { values, width, total, labels: None, report }
    }

    /// Gives the rows their words: those of a file that the person names, of the file itself, of one that lies beside
    /// it; and numbers where there are none.
    pub fn named(mut self, path: &Path, opening: &Opening, control: &Control) -> Result<Vectors> {
        let count = self.values.len().checked_div(self.width).unwrap_or(0);
        let labels = match (&opening.labels, self.labels.take()) {
            (Some(labels), _) => Some(Labels::read(labels, self.total, control)?),
            (None, Some(labels)) => Some(labels),
            (None, None) => beside(path, self.total, &mut self.report, control)?,
        };
        let labels = labels.unwrap_or_else(|| {
            self.report.notices.push("there are no words to these rows: they are called by their numbers".to_owned());
            Labels { words: (0..count).map(|i| i.to_string()).collect(), columns: Vec::new() }
        });
        let kept = self.sound_rows(path, count, &labels.words, opening)?;
        let Self { values, width, mut report, .. } = self;
        let is_whole = kept.len() == labels.words.len();
        let words = if is_whole { labels.words } else { labels.words.picked(&kept) };
        let mut columns = labels.columns;
        if !is_whole {
            for column in &mut columns {
                column.values = column.values.picked(&kept);
            }
        }
        let names = repeated(&words);
        if names > 0 {
            let what = "carry the name of a row before them: searching finds the first";
            report.notices.push(format!("{names} of {} rows {what}", words.len()));
        }
        let rows = Rows::new(values, width)?;
        Vectors { path: path.to_owned(), words, rows, columns, subwords: None, report }.checked(opening.bad)
    }

    /// Counts the rows that are not finite and takes them out where that is asked for; which rows are left.
    fn sound_rows(&mut self, path: &Path, count: usize, words: &Words, opening: &Opening) -> Result<Vec<usize>> {
        let width = self.width;
        let mut kept = Vec::with_capacity(count);
        for i in 0..count {
            let state = State::of(&self.values[i * width..][..width]);
            let is_bad = state == State::NotFinite;
            if is_bad && opening.bad == BadRows::Refuse {
                return Err(Error::format(path, format!("row {i}: `{}` has NaN or infinity", words.get(i))));
            }
            self.report.count(state);
            if is_bad && opening.bad == BadRows::Skip {
                continue;
            }
            if kept.len() < i {
                self.values.copy_within(i * width..(i + 1) * width, kept.len() * width);
            }
            kept.push(i);
        }
        self.values.truncate(kept.len() * width);
        Ok(kept)
    }
}

/// How many words are there a second time.
fn repeated(words: &Words) -> usize {
    (0..words.len()).filter(|&i| words.find(words.bytes_of(i)) != Some(i)).count()
}

/// The words in a file that lies beside the numbers.
fn beside(path: &Path, total: usize, report: &mut Report, control: &Control) -> Result<Option<Labels>> {
    for file in candidates(path) {
        match Labels::read(&file, total, control) {
            Ok(labels) => return Ok(Some(labels)),
            Err(Error::Stopped) => return Err(Error::Stopped),
            Err(error) => report.notices.push(format!("not taken for the words of these rows: {error}")),
        }
    }
    Ok(None)
}

fn candidates(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut stems = vec![stem.clone()];
    let short = ENDS.iter().find_map(|end| stem.strip_suffix(end)).map(|stem| stem.trim_end_matches(['_', '.', '-']));
    stems.extend(short.filter(|stem| !stem.is_empty()).map(str::to_owned));
    let names = BESIDE.iter().flat_map(|name| {
        let stems = if name.contains('*') { stems.as_slice() } else { &stems[..1] };
        stems.iter().map(|stem| name.replace('*', stem))
    });
    names.map(|name| folder.join(name)).filter(|file| file.is_file() && file != path).collect()
}
