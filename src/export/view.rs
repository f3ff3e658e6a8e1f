//! A view as files: its picture with a caption, and the numbers that are drawn in it.

use super::npz::Npz;
use super::{Format, Table, file, picture};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::figure::{Caption, Figure, Palette};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// What a view shows, exactly as on screen.
#[derive(Debug, Clone, Default)]
pub struct ViewExport {
    /// What is known about it, for the block under the picture and the head of a JSON file.
    pub caption: Caption,
    /// The picture, for svg and png.
    pub figure: Option<Arc<Figure>>,
    /// The numbers, for csv and json, and for npz as a column to an array.
    pub table: Option<Table>,
    /// Tensors for npz beside the table's columns, by name; where there are any, the columns stay away.
    pub arrays: Vec<(String, Array)>,
}

impl ViewExport {
    /// A view with a picture and a table.
    pub fn new(caption: Caption, figure: impl Into<Arc<Figure>>, table: Table) -> Self {
        Self { caption, figure: Some(figure.into()), table: Some(table), arrays: Vec::new() }
    }

    /// With a tensor for npz in place of the table's columns.
    pub fn with(mut self, name: impl Into<String>, array: Array) -> Self {
        self.arrays.push((name.into(), array));
        self
    }

    /// What it can be written as.
    pub fn formats(&self) -> impl Iterator<Item = Format> {
        let has_numbers = self.table.is_some() || !self.arrays.is_empty();
        Format::ALL.into_iter().filter(move |format| match format {
            Format::Svg | Format::Png => self.figure.is_some(),
            Format::Csv | Format::Json => self.table.is_some(),
            Format::Npz => has_numbers,
            Format::Safetensors => false,
        })
    }

    /// The picture with its caption under it.
    pub fn captioned(&self, palette: &Palette) -> Option<Figure> {
        self.figure.as_ref().map(|figure| self.caption.under(figure, palette))
    }

    /// Writes the view in the format that the extension of `path` names; `scale` is the pixels of a PNG per point. The
    /// file is written whole or not at all.
    pub fn write(&self, palette: &Palette, scale: f32, path: &Path) -> Result<()> {
        let format = Format::of(path)?;
        let cannot = || {
            let known: Vec<&str> = self.formats().map(Format::extension).collect();
            let (known, asked) = (known.join(", "), format.extension());
            Error::input(format!("this view is not written as {asked}: choose one of {known}"))
        };
        match format {
            Format::Svg | Format::Png => {
                let figure = self.captioned(palette).ok_or_else(cannot)?;
                let bytes = match format {
                    Format::Svg => picture::svg(&figure)?.into_bytes(),
                    _ => picture::png(&figure, scale)?,
                };
                file::save(path, |out| out.write_all(&bytes))
            }
            Format::Npz if !self.arrays.is_empty() => file::save(path, |out| {
                let mut npz = Npz::new(out);
                for (name, array) in &self.arrays {
                    npz.singles(name, array.shape(), array.data())?;
                }
                npz.bytes("about", &serde_json::to_vec(&self.caption)?)?;
                npz.finish()
            }),
            Format::Csv | Format::Json | Format::Npz => {
                self.table.as_ref().ok_or_else(cannot)?.write(&self.caption, path)
            }
            Format::Safetensors => Err(cannot()),
        }
    }
}

impl Table {
    /// Writes the table as csv, json or npz, by the extension of `path`. A JSON file is `{"about": {...}, "rows": [...]}`
    /// with the caption in `about`; an npz file has it as JSON in the `|u1` array `about`; CSV is the table alone.
    pub fn write(&self, about: &Caption, path: &Path) -> Result<()> {
        self.check()?;
        match Format::of(path)? {
            Format::Csv => file::save(path, |out| self.csv(out)),
            Format::Json => file::save(path, |out| {
                write!(out, "{{\"about\": ")?;
                serde_json::to_writer(&mut *out, about)?;
                write!(out, ",\n\"rows\": ")?;
                self.json(out)?;
                writeln!(out, "}}")
            }),
            Format::Npz => file::save(path, |out| {
                let mut npz = Npz::new(out);
                self.npz(&mut npz)?;
                npz.bytes("about", &serde_json::to_vec(about)?)?;
                npz.finish()
            }),
            other => Err(Error::input(format!("a table is csv, json or npz, not {}", other.extension()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::io::Read as _;

    fn view() -> ViewExport {
        let palette = Palette::of(false);
        let mut figure = Figure::new(100.0, 50.0, palette, "two heads");
        figure.token([10.0, 10.0], "door", 12.0, palette.text, crate::figure::Anchor::Start);
        let table = Table::default().whole("layer", [0usize, 1]).text("label", ["a", "b"]).number("js", [0.5, 0.25]);
        ViewExport::new(Caption::default().and("model", "bert-mini-en"), figure, table)
    }

    fn entries(path: &Path) -> Vec<(String, Vec<u8>)> {
        let mut zip = zip::ZipArchive::new(std::fs::File::open(path).expect("it is there")).expect("a zip file");
        let count = zip.len();
        let entry = |i| {
            let mut entry = zip.by_index(i).expect("an entry");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("it reads");
            (entry.name().expect("a name").into_owned(), bytes)
        };
        (0..count).map(entry).collect()
    }

    #[test]
    fn every_format_says_what_it_is_about() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let palette = Palette::of(false);
        for format in view().formats() {
            view().write(palette, 2.0, &path(&format!("x.{}", format.extension()))).expect("it is written");
        }
        let read = |name: &str| std::fs::read(path(name)).expect("it is there");
        let svg = String::from_utf8(read("x.svg")).expect("text");
        assert!(svg.contains(">door</text>") && svg.contains(">bert-mini-en</text>"), "text stays text: {svg}");
        let png = read("x.png");
        let width = u32::from_be_bytes([png[16], png[17], png[18], png[19]]);
        assert_eq!(width, 720, "the caption widens a narrow picture; two pixels to the point");
        assert_eq!(read("x.csv"), b"layer,label,js\n0,a,0.5\n1,b,0.25\n");
        let json: Value = serde_json::from_slice(&read("x.json")).expect("JSON");
        assert_eq!((&json["about"]["model"], &json["rows"][1]["js"]), (&"bert-mini-en".into(), &0.25.into()));
        let npz = entries(&path("x.npz"));
        let names: Vec<&str> = npz.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["layer.npy", "label.npy", "js.npy", "about.npy"]);
        assert!(npz[1].1.ends_with(b"[\"a\",\"b\"]") && npz[2].1.ends_with(&0.25f64.to_le_bytes()));
    }

    #[test]
    fn tensors_take_the_place_of_columns() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.npz");
        let array = Array::new(&["query", "key"], &[2, 2], vec![0.1, 0.2, 0.3, 0.4]).expect("it fits");
        view().with("weights", array).write(Palette::of(true), 1.0, &path).expect("it is written");
        let names: Vec<String> = entries(&path).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["weights.npy", "about.npy"]);
    }

    #[test]
    fn what_a_view_has_not_is_refused_with_what_it_has() {
        let only = ViewExport { figure: None, ..view() };
        let error = only.write(Palette::of(true), 1.0, Path::new("x.svg")).expect_err("no picture").to_string();
        assert!(error.contains("choose one of npz, json, csv"), "{error}");
    }
}
