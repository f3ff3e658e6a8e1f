//! How a file of vectors is opened: what is chosen before the first byte is read.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Memory that is taken for vectors where nobody says otherwise and the machine does not tell what it has, in bytes.
const BUDGET: u64 = 8_000_000_000;

/// What becomes of a row with NaN or infinity. They are counted in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BadRows {
    /// It is left out.
    #[default]
    Skip,
    /// It stays as it is.
    Keep,
    /// The file is refused.
    Refuse,
}

impl std::str::FromStr for BadRows {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "skip" => Ok(Self::Skip),
            "keep" => Ok(Self::Keep),
            "refuse" => Ok(Self::Refuse),
            _ => Err("it is one of: skip, keep, refuse".to_owned()),
        }
    }
}

impl std::fmt::Display for BadRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Skip => "skip",
            Self::Keep => "keep",
            Self::Refuse => "refuse",
        })
    }
}

/// What is chosen before a file of vectors is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The most bytes that the vectors, and what is held beside them, may take.
    pub budget: u64,
    /// Only so many rows are read, from the beginning.
    pub limit: Option<usize>,
    /// What becomes of rows with NaN or infinity.
    pub bad: BadRows,
    /// Which tensor or array holds the vectors, where a file has several.
    pub tensor: Option<String>,
    /// How many numbers a row has, where a file does not say it (`.bytes`).
    pub width: Option<usize>,
    /// A file with a word to each row, for files of numbers that have none.
    pub labels: Option<PathBuf>,
    /// A table of what else is known of each word.
    pub metadata: Option<PathBuf>,
}

impl Default for Opening {
    /// Everything is read, rows with NaN or infinity are left out, and nine tenths of the free memory may be used.
    fn default() -> Self {
        let budget = free_memory().map_or(BUDGET, |free| free / 10 * 9);
        Self { budget, limit: None, bad: BadRows::default(), tensor: None, width: None, labels: None, metadata: None }
    }
}

/// Bytes of memory that programs can still have, where the system tells.
pub fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}
