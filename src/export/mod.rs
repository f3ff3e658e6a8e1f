//! Results as files. The extension of a file's name chooses its format.

pub mod compare;
mod file;
pub mod heads;
mod npz;
pub mod picture;
mod reading;
pub mod steps;
pub mod table;
pub mod tensors;
pub mod vectors;
mod view;

pub use reading::{Passed, Reading};
pub use table::Table;
pub use view::ViewExport;

use crate::analysis::meaning::Weights;
use crate::engine::Run;
use crate::error::{Error, Result};
use crate::figure::{Caption, Figure, Palette};
use crate::trace::Want;
use std::path::Path;
use std::sync::Arc;

/// What a run can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Tensors for `NumPy`.
    Npz,
    /// Tensors for everything that reads safetensors.
    Safetensors,
    /// Tensors as nested lists.
    Json,
    /// Attention as a table, one weight per row.
    Csv,
    /// A vector picture.
    Svg,
    /// A picture of pixels.
    Png,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [Self::Npz, Self::Safetensors, Self::Json, Self::Csv, Self::Svg, Self::Png];

    /// The extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Npz => "npz",
            Self::Safetensors => "safetensors",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }

    /// The format that the name of a file asks for.
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let found = Self::ALL.into_iter().find(|f| extension.eq_ignore_ascii_case(f.extension()));
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::extension).join(", ");
            let found = if extension.is_empty() { "no extension".to_owned() } else { format!("`.{extension}`") };
            Error::input(format!("the file's extension chooses the format, and {found} is none of: {known}"))
        })
    }

    /// Whether it is a picture.
    pub fn is_picture(self) -> bool {
        matches!(self, Self::Svg | Self::Png)
    }

    /// Whether it holds whole tensors, and so the sites that somebody asked to keep.
    pub fn holds_tensors(self) -> bool {
        matches!(self, Self::Npz | Self::Safetensors | Self::Json)
    }
}

/// What of a run goes into a file.
#[derive(Debug, Clone)]
pub struct Choice<'a> {
    /// Kept sites that are written under their own names beside attention and hidden states.
    pub keep: &'a Want,
    /// The layer and head that a picture shows; the grid of all heads where there is none.
    pub head: Option<(usize, usize)>,
    /// What the numbers stand for and which of them are shown.
    pub reading: Reading,
    /// The colours of a picture.
    pub palette: &'a Palette,
    /// What is written under a picture.
    pub caption: Caption,
    /// Whether files of numbers say it too.
    pub about: bool,
}

/// Writes a run to `path` in the format that its extension names. The file is written whole or not at all. Filters go
/// into pictures, CSV and JSON: files of tensors for programs always hold everything. Says how much passed,
/// where there is a filter and the format is CSV.
pub fn write(run: &Arc<Run>, choice: &Choice<'_>, path: &Path) -> Result<Passed> {
    let format = Format::of(path)?;
    let reading = &choice.reading;
    let weights = Arc::new(Weights::new(run, reading.meaning)?);
    let about = choice.about.then_some(&choice.caption);
    let tensors =
        || -> Result<_> { Ok(tensors::Tensors::of(run, choice.keep)?.with_about(about.cloned().unwrap_or_default())) };
    let filter = reading.filter.as_ref();
    let mut passed = Passed::default();
    match format {
        Format::Npz | Format::Safetensors if filter.is_some() => {
            let what =
                format!("a filter would leave holes in {}: it goes into csv, json, svg and png", format.extension());
            return Err(Error::input(what));
        }
        Format::Npz => {
            let tensors = tensors()?.with_meaning(&weights)?;
            file::save(path, |out| tensors.npz(out))?;
        }
        Format::Safetensors => {
            let tensors = tensors()?.with_meaning(&weights)?;
            file::save(path, |out| tensors.safetensors(out))?;
        }
        Format::Json => {
            let tensors = match filter {
                Some(filter) => tensors()?.with_filter(&weights, reading, filter)?,
                None => tensors()?.with_meaning(&weights)?,
            };
            file::save(path, |out| tensors.json(out))?;
        }
        Format::Csv => file::save(path, |out| table::attention(&weights, filter, about, &mut passed, out))?,
        Format::Svg | Format::Png => {
            let figure = picture::of_run(&weights, choice.head, reading, choice.palette);
            write_figure(&choice.caption.under(&figure, choice.palette), path)?;
        }
    }
    Ok(passed)
}

/// Writes a text to `path`, whole or not at all.
pub fn write_text(text: &str, path: &Path) -> Result<()> {
    file::save(path, |out| std::io::Write::write_all(out, text.as_bytes()))
}

/// Writes a picture to `path`, as SVG or PNG by its extension. The file is written whole or not at all.
pub fn write_figure(figure: &Figure, path: &Path) -> Result<()> {
    let bytes = match Format::of(path)? {
        Format::Svg => picture::svg(figure)?.into_bytes(),
        Format::Png => picture::png(figure, picture::SCALE)?,
        other => return Err(Error::input(format!("a picture is svg or png, not {}", other.extension()))),
    };
    file::save(path, |out| std::io::Write::write_all(out, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_chooses_the_format() {
        for format in Format::ALL {
            for name in [format.extension().to_owned(), format.extension().to_uppercase()] {
                assert_eq!(Format::of(Path::new(&format!("a.b/out.{name}"))).expect("a known one"), format);
            }
        }
        for wrong in ["out", "out.", "npz", ".npz", "out.npy"] {
            let error = Format::of(Path::new(wrong)).expect_err(wrong).to_string();
            assert!(error.contains("npz, safetensors, json, csv, svg, png"), "{error}");
        }
    }
}
