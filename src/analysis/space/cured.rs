//! Vectors with their words and columns after cures, one after the other.

use super::cures::Cure;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::source::vectors::{Column, Report, Vectors};
use crate::trace::Control;

/// Bytes that curing takes beyond the rows that are open: each cure makes new rows, and those before it are let go of once
/// it is done.
pub fn needed(rows: &Rows, cures: &[Cure]) -> u64 {
    let (mut count, mut held, mut most) = (rows.len(), 0u64, 0u64);
    for cure in cures {
        if let Cure::First(first) = cure {
            count = count.min(*first);
        }
        let made = (count as u64).saturating_mul(rows.width() as u64).saturating_mul(size_of::<f32>() as u64);
        most = most.max(held.saturating_add(made));
        held = made;
    }
    most
}

/// The vectors after these cures, in this order. Parts of words are left behind: a word outside the vocabulary has no
/// vector there. Where what is open and what is made would take more than `budget` bytes together, nothing is begun.
pub fn cured(vectors: &Vectors, cures: &[Cure], budget: u64, control: &Control) -> Result<Vectors> {
    check(vectors, cures, budget)?;
    let mut rows: Option<Rows> = None;
    for (i, cure) in cures.iter().enumerate() {
        control.check()?;
        control.report("Curing", i as u64, cures.len() as u64);
        rows = Some(cure.of(rows.as_ref().unwrap_or(&vectors.rows), control)?);
    }
    let rows = rows.unwrap_or_else(|| vectors.rows.clone());
    let (words, columns) = if rows.len() == vectors.words.len() {
        (vectors.words.clone(), vectors.columns.clone())
    } else {
        let kept: Vec<usize> = (0..rows.len()).collect();
        let picked = |column: &Column| Column { name: column.name.clone(), values: column.values.picked(&kept) };
        (vectors.words.picked(&kept), vectors.columns.iter().map(picked).collect())
    };
    let mut made = Vectors::made(vectors.report.format, words, rows, columns)?;
    made.path.clone_from(&vectors.path);
    // What was met on reading stays true; zeros are those of now.
    made.report = Report { zeros: made.report.zeros, ..vectors.report.clone() };
    if vectors.subwords.is_some() {
        made.report.notices.push("words outside the vocabulary have no cured vector".to_owned());
    }
    Ok(made)
}

/// An error where curing would take more memory than may be used.
pub fn check(vectors: &Vectors, cures: &[Cure], budget: u64) -> Result<()> {
    let made = needed(&vectors.rows, cures);
    if vectors.bytes().saturating_add(made) <= budget {
        return Ok(());
    }
    let mb = |bytes: u64| bytes.div_ceil(1_000_000);
    Err(Error::input(format!(
        "the vectors take {} MB and curing them {} MB more, and {} MB may be used: keep fewer words first (first:N), or \
         raise the budget",
        mb(vectors.bytes()),
        mb(made),
        budget / 1_000_000
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::vectors::{ColumnValues, Words};

    fn vectors() -> Vectors {
        let words: Words = ["a", "b", "c", "d"].into_iter().collect();
        let rows = Rows::new(vec![1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0], 2).expect("four rows");
        let values = ColumnValues::Number(vec![9.0, 7.0, 5.0, 3.0]);
        Vectors::made("hand", words, rows, vec![Column { name: "count".to_owned(), values }]).expect("vectors")
    }

    #[test]
    fn words_and_columns_go_with_their_rows() {
        let found = cured(&vectors(), &[Cure::First(3), Cure::Centre], u64::MAX, &Control::default()).expect("cured");
        assert_eq!((found.words.len(), found.rows.len(), found.columns[0].values.len()), (3, 3, 3));
        // The means of the first three rows are 4 and 20/3.
        assert_eq!(found.rows.row(0)[0], -3.0);
        assert!((found.rows.row(2)[1] - (13.0 - 20.0 / 3.0)).abs() < 1e-6);
        let kept = cured(&vectors(), &[], u64::MAX, &Control::default()).expect("a copy");
        assert_eq!((&kept.rows, &kept.columns), (&vectors().rows, &vectors().columns));
    }

    #[test]
    fn memory_is_asked_for_before_it_is_taken() {
        let rows = &vectors().rows;
        // Four rows of two numbers are 32 bytes; two cures hold two copies at a time.
        assert_eq!(needed(rows, &[]), 0);
        assert_eq!(needed(rows, &[Cure::Centre]), 32);
        assert_eq!(needed(rows, &[Cure::Centre, Cure::Unit, Cure::Whiten]), 64);
        assert_eq!(needed(rows, &[Cure::First(1), Cure::Unit]), 16);
        let error = cured(&vectors(), &[Cure::Centre], vectors().bytes() + 31, &Control::default());
        assert!(error.expect_err("too much").to_string().contains("first:N"));
        assert!(cured(&vectors(), &[Cure::Centre], vectors().bytes() + 32, &Control::default()).is_ok());
    }
}
