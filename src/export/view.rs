//! A view as files: its picture with a caption, and the numbers that are drawn in it.

use super::npz::Npz;
use super::tensors::write_nested;
use super::{Format, Table, file, picture};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::figure::{Caption, Figure, Palette};
use crate::text::Tokens;
use serde_json::{Value, json};
use std::io::{self, Seek, Write};
use std::path::Path;
use std::sync::Arc;

/// What a view shows, exactly as on screen.
#[derive(Debug, Clone)]
pub struct ViewExport {
    /// What is known about it: under a picture, in `about` of npz and JSON, in lines of comment above CSV.
    pub caption: Caption,
    /// The picture.
    pub figure: Arc<Figure>,
    /// The numbers that it is drawn from, one row to a thing that is seen; none of a picture that is nothing else.
    pub table: Option<Table>,
    /// Whether the rows are what filters left: then an npz file, which no filter may thin out, has none of them.
    pub is_filtered: bool,
    /// Tensors for npz and JSON beside the rows, by name.
    pub arrays: Vec<(String, Array)>,
    /// The tokens of the tensors' axes.
    pub tokens: Option<Tokens>,
}

impl ViewExport {
    /// What a view with a table can be written as, the usual one first.
    pub const FORMATS: [Format; 5] = [Format::Svg, Format::Png, Format::Csv, Format::Json, Format::Npz];

    /// A picture alone.
    pub fn picture(caption: Caption, figure: impl Into<Arc<Figure>>) -> Self {
        Self { caption, figure: figure.into(), table: None, is_filtered: false, arrays: Vec::new(), tokens: None }
    }

    /// A view with a picture and a table.
    pub fn new(caption: Caption, figure: impl Into<Arc<Figure>>, table: Table) -> Self {
        Self { table: Some(table), ..Self::picture(caption, figure) }
    }

    /// With a tensor for npz and JSON.
    pub fn with(mut self, name: impl Into<String>, array: Array) -> Self {
        self.arrays.push((name.into(), array));
        self
    }

    /// With the tokens of the tensors' axes.
    pub fn of(self, tokens: Tokens) -> Self {
        Self { tokens: Some(tokens), ..self }
    }

    /// Says that filters chose the rows, and that the tensors are from before them.
    pub fn filtered(self) -> Self {
        Self { is_filtered: true, ..self }
    }

    /// The picture with its caption under it.
    pub fn captioned(&self, palette: &Palette) -> Figure {
        self.caption.under(&self.figure, palette)
    }

    /// Writes the view in the format that the extension of `path` names; `scale` is the pixels of a PNG per point. The
    /// file is written whole or not at all.
    pub fn write(&self, palette: &Palette, scale: f32, path: &Path) -> Result<()> {
        let format = Format::of(path)?;
        match (format, &self.table) {
            (Format::Svg, _) => {
                let text = picture::svg(&self.captioned(palette))?;
                file::save(path, |out| out.write_all(text.as_bytes()))
            }
            (Format::Png, _) => {
                let bytes = picture::png(&self.captioned(palette), scale)?;
                file::save(path, |out| out.write_all(&bytes))
            }
            (Format::Safetensors, _) | (_, None) => {
                let formats = if self.table.is_some() { &Self::FORMATS[..] } else { &Self::FORMATS[..2] };
                let known = formats.iter().map(|f| f.extension()).collect::<Vec<_>>().join(", ");
                let asked = format.extension();
                Err(Error::input(format!("this view is not written as {asked}: choose one of {known}")))
            }
            (_, Some(table)) => {
                table.check()?;
                match format {
                    Format::Csv => file::save(path, |out| table.commented(&self.caption, out)),
                    Format::Json => file::save(path, |out| self.json(table, out)),
                    _ => file::save(path, |out| self.npz(table, out)),
                }
            }
        }
    }

    /// The caption of files that hold the tensors.
    fn about(&self) -> Caption {
        let caption = self.caption.clone();
        if self.is_filtered { caption.and("arrays", "every value of the heads, no filter applied") } else { caption }
    }

    /// `{"about": {...}, "rows": [...]}`, and where there are tensors `tokens`, `axes` and each of them as nested lists.
    fn json(&self, table: &Table, out: &mut impl Write) -> io::Result<()> {
        write!(out, "{{\"about\": {},\n\"rows\": ", serde_json::to_string(&self.about())?)?;
        table.json(out)?;
        if let Some(tokens) = &self.tokens {
            write!(out, ",\n\"tokens\": {}", serde_json::to_string(&tokens.pieces)?)?;
        }
        if !self.arrays.is_empty() {
            let axes = self.arrays.iter().map(|(name, array)| (name.clone(), json!(array.axes())));
            write!(out, ",\n\"axes\": {}", Value::Object(axes.collect()))?;
        }
        for (name, array) in &self.arrays {
            write!(out, ",\n{}: ", json!(name))?;
            write_nested(out, array.shape(), array.data())?;
        }
        writeln!(out, "}}")
    }

    /// The columns as arrays, the tensors, and `tokens` and `about` as JSON in `|u1`.
    fn npz(&self, table: &Table, out: &mut (impl Write + Seek)) -> io::Result<()> {
        let mut npz = Npz::new(out);
        if !self.is_filtered {
            table.npz(&mut npz)?;
        }
        for (name, array) in &self.arrays {
            npz.singles(name, array.shape(), array.data())?;
        }
        if let Some(tokens) = &self.tokens {
            npz.bytes("tokens", &serde_json::to_vec(&tokens.pieces)?)?;
        }
        npz.bytes("about", &serde_json::to_vec(&self.about())?)?;
        npz.finish()
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
        for format in ViewExport::FORMATS {
            view().write(palette, 2.0, &path(&format!("x.{}", format.extension()))).expect("it is written");
        }
        let read = |name: &str| std::fs::read(path(name)).expect("it is there");
        let svg = String::from_utf8(read("x.svg")).expect("text");
        assert!(svg.contains(">door</text>") && svg.contains(">bert-mini-en</text>"), "text stays text: {svg}");
        let png = read("x.png");
        let width = u32::from_be_bytes([png[16], png[17], png[18], png[19]]);
        assert_eq!(width, 720, "the caption widens a narrow picture; two pixels to the point");
        assert_eq!(read("x.csv"), b"# model: bert-mini-en\nlayer,label,js\n0,a,0.5\n1,b,0.25\n");
        let json: Value = serde_json::from_slice(&read("x.json")).expect("JSON");
        assert_eq!((&json["about"]["model"], &json["rows"][1]["js"]), (&"bert-mini-en".into(), &0.25.into()));
        let npz = entries(&path("x.npz"));
        let names: Vec<&str> = npz.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["layer.npy", "label.npy", "js.npy", "about.npy"]);
        assert!(npz[1].1.ends_with(b"[\"a\",\"b\"]") && npz[2].1.ends_with(&0.25f64.to_le_bytes()));
    }

    #[test]
    fn tensors_stand_beside_the_rows_and_alone_where_filters_chose_those() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let array = Array::new(&["query", "key"], &[2, 2], vec![0.1, 0.2, 0.3, 0.4]).expect("it fits");
        let tokens = Tokens { texts: Vec::new(), pieces: Vec::new(), dropped: 0 };
        let whole = view().with("weights", array).of(tokens);
        let names = |view: &ViewExport| -> Vec<String> {
            view.write(Palette::of(true), 1.0, &path("x.npz")).expect("it is written");
            entries(&path("x.npz")).into_iter().map(|(name, _)| name).collect()
        };
        let rest = ["weights.npy", "tokens.npy", "about.npy"];
        assert_eq!(names(&whole), ["layer.npy", "label.npy", "js.npy", rest[0], rest[1], rest[2]]);
        let filtered = whole.filtered();
        assert_eq!(names(&filtered), rest);
        filtered.write(Palette::of(true), 1.0, &path("x.json")).expect("it is written");
        let json: Value = serde_json::from_slice(&std::fs::read(path("x.json")).expect("it is there")).expect("JSON");
        assert_eq!((&json["weights"][1][0], &json["axes"]["weights"][0]), (&0.3.into(), &"query".into()));
        assert_eq!(json["rows"].as_array().map(Vec::len), Some(2));
        assert!(json["about"]["arrays"].as_str().is_some_and(|text| text.contains("no filter")));
    }

    #[test]
    fn what_a_view_has_not_is_refused_with_what_it_has() {
        let refused = |view: &ViewExport, name: &str| {
            view.write(Palette::of(true), 1.0, Path::new(name)).expect_err(name).to_string()
        };
        let error = refused(&view(), "x.safetensors");
        assert!(error.ends_with("choose one of svg, png, csv, json, npz"), "{error}");
        let error = refused(&ViewExport { table: None, ..view() }, "x.csv");
        assert!(error.ends_with("choose one of svg, png"), "{error}");
    }
}
