//! Vectors under way: rows come one after the other, and each is kept or not.

use super::numbers::Numbers;
use super::{BadRows, Column, Opening, Report, Vectors, Words};
use crate::error::{Error, Result};
use crate::rows::Rows;
use std::path::Path;

/// Bytes that a word takes beside its vector, about: its letters, where they end, its places in the index.
const WORD: u64 = 30;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Numbers.
    Sound,
    /// Zeros only.
    Zero,
    /// It has NaN or infinity.
    NotFinite,
}

impl State {
    /// What this row is.
    pub fn of(row: &[f32]) -> Self {
        // The largest magnitude by its bits: whole numbers are compared many at a time.
        match row.iter().fold(0, |most, x| u32::max(most, x.to_bits() & 0x7fff_ffff)) {
            0 => Self::Zero,
            bits if bits >= 0x7f80_0000 => Self::NotFinite,
            _ => Self::Sound,
        }
    }
}

/// Rows that have come so far.
pub struct Builder<'a> {
    path: &'a Path,
    opening: &'a Opening,
    /// Their words; none where words are elsewhere.
    words: Option<Words>,
    values: Vec<f32>,
    width: usize,
    count: usize,
    report: Report,
}

impl<'a> Builder<'a> {
    /// Nothing yet, with room for `rows` of `width` numbers if they fit in the budget.
    pub fn new(path: &'a Path, format: &'static str, rows: u64, width: usize, opening: &'a Opening) -> Result<Self> {
        let rows = opening.limit.map_or(rows, |limit| rows.min(limit as u64));
        check_budget(path, needed(rows, width), opening)?;
        let mut values = Vec::new();
        let wanted = usize::try_from(rows).ok().and_then(|rows| rows.checked_mul(width));
        if wanted.and_then(|n| values.try_reserve_exact(n).ok()).is_none() {
            return Err(Error::TooLarge { path: path.to_owned(), wanted: needed(rows, width), budget: opening.budget });
        }
        let report = Report { format, ..Report::default() };
        let words = Some(Words::with_capacity(rows as usize));
        Ok(Self { path, opening, words, values, width, count: 0, report })
    }

    /// The same for rows whose words are elsewhere: all are kept.
    pub fn without_words(mut self) -> Self {
        self.words = None;
        self
    }

    /// Whether all rows that were asked for are there.
    pub fn is_full(&self) -> bool {
        self.opening.limit.is_some_and(|limit| self.count >= limit)
    }

    /// Takes a row, and says whether it was kept. `place` says where it is in the file, should that have to be told.
    pub fn push(&mut self, word: &[u8], row: &[f32], place: impl Fn() -> String) -> Result<bool> {
        debug_assert_eq!(row.len(), self.width);
        if let Some(words) = &mut self.words {
            let state = State::of(row);
            let is_bad = state == State::NotFinite;
            if is_bad && self.opening.bad == BadRows::Refuse {
                let what = format!("{}: `{}` has NaN or infinity", place(), show(word));
                return Err(Error::format(self.path, what));
            }
            let is_kept = !is_bad || self.opening.bad == BadRows::Keep;
            if is_kept && !words.add(word) {
                self.report.duplicates += 1;
                return Ok(false);
            }
            self.report.count(state);
            if !is_kept {
                return Ok(false);
            }
        }
        self.count += 1;
        if self.values.capacity() - self.values.len() < self.width {
            self.grow()?;
        }
        self.values.extend_from_slice(row);
        Ok(true)
    }

    /// Room for more rows than were foreseen, an eighth at a time.
    fn grow(&mut self) -> Result<()> {
        let rows = self.count as u64;
        let more = (rows / 8).max(16);
        check_budget(self.path, needed(rows + more, self.width), self.opening)?;
        let wanted = (more as usize).saturating_mul(self.width);
        self.values.try_reserve_exact(wanted).map_err(|_| Error::TooLarge {
            path: self.path.to_owned(),
            wanted: needed(rows + more, self.width),
            budget: self.opening.budget,
        })
    }

    /// Something that the person should know.
    pub fn note(&mut self, notice: String) {
        self.report.notices.push(notice);
    }

    /// The vectors, if there is one. `promised` is the number of rows of which the file spoke.
    pub fn finish(mut self, promised: Option<u64>, columns: Vec<Column>) -> Result<Vectors> {
        self.report.promised = promised;
        self.values.shrink_to_fit();
        let mut words = self.words.unwrap_or_default();
        words.shrink();
        let rows = Rows::new(self.values, self.width)?;
        let path = self.path.to_owned();
        Vectors { path, words, rows, columns, subwords: None, report: self.report }.checked(self.opening.bad)
    }

    /// Rows whose words are elsewhere.
    pub fn into_numbers(mut self, promised: Option<u64>) -> Numbers {
        self.values.shrink_to_fit();
        self.report.promised = promised;
        Numbers { values: self.values, width: self.width, total: self.count, labels: None, report: self.report }
    }
}

impl Report {
    pub(super) fn count(&mut self, state: State) {
        match state {
            State::Sound => {}
            State::Zero => self.zeros += 1,
            State::NotFinite => self.not_finite += 1,
        }
    }
}

impl Vectors {
    /// Refuses a file without vectors, and puts what was counted into words.
    pub(super) fn checked(mut self, bad: BadRows) -> Result<Self> {
        let report = &mut self.report;
        if self.words.is_empty() {
            let why = match report.not_finite {
                0 => "there is no vector in it".to_owned(),
                n => format!("there is no vector in it but {n} with NaN or infinity"),
            };
            return Err(Error::format(&self.path, why));
        }
        let rows = |n: usize| if n == 1 { "1 row".to_owned() } else { format!("{n} rows") };
        if report.duplicates > 0 {
            let what = "left out: their words were there before, and the first one counts";
            report.notices.push(format!("{} {what}", rows(report.duplicates)));
        }
        if report.not_finite > 0 {
            let what = if bad == BadRows::Keep { "kept" } else { "left out" };
            report.notices.push(format!("{} with NaN or infinity {what}", rows(report.not_finite)));
        }
        if report.zeros > 0 {
            report.notices.push(format!("{} of zeros only", rows(report.zeros)));
        }
        Ok(self)
    }
}

/// Bytes that so many rows and their words take.
pub fn needed(rows: u64, width: usize) -> u64 {
    rows.saturating_mul((width as u64).saturating_mul(4).saturating_add(WORD))
}

/// Refuses what takes more memory than may be used.
pub fn check_budget(path: &Path, wanted: u64, opening: &Opening) -> Result<()> {
    let budget = opening.budget;
    if wanted > budget {
        return Err(Error::TooLarge { path: path.to_owned(), wanted, budget });
    }
    Ok(())
}

/// A word as a message may show it.
pub fn show(word: &[u8]) -> String {
    super::super::stored::shown(&String::from_utf8_lossy(word))
}
