//! Two spaces held against each other over the words that both have: one turned onto the other, what has moved, and
//! whether words keep their neighbours.

use super::procrustes::{self, Aligned, Overlap, Widths, alignment};
use super::trust::Check;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::source::vectors::{Column, Vectors, Words};
use crate::trace::Control;

/// How two spaces are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct How {
    /// Whether vectors are turned as they are; else the mean of the shared words is taken off each space and every vector
    /// is scaled to length 1 first.
    pub plain: bool,
    /// How neighbours are looked at.
    pub check: Check,
    /// The most bytes that the copies of the vectors may take.
    pub budget: u64,
}

/// What came of it. Of spaces of different width each is reduced to as many principal components as the narrower one has
/// dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The words that both have: their rows in the first space and in the second.
    pub pairs: Vec<(usize, usize)>,
    /// The second space turned onto the first: [`Aligned::left`] has the rows of the second, [`Aligned::right`] those of
    /// the first.
    pub aligned: Aligned,
    /// How far words have the same neighbours among the shared words; none where fewer than two have a place in both.
    pub overlap: Option<Overlap>,
    /// Linear centred kernel alignment; none where a space does not vary.
    pub kernel: Option<f64>,
}

impl Comparison {
    /// Compares the rows of `pairs`, which may be those of [`procrustes::shared`].
    pub fn of(first: &Rows, second: &Rows, pairs: Vec<(usize, usize)>, how: How, control: &Control) -> Result<Self> {
        if pairs.is_empty() {
            return Err(Error::input("the two spaces have no word in common"));
        }
        let widest = first.width().max(second.width());
        // Both spaces picked, prepared and turned.
        let width = first.width() + second.width() + 4 * widest;
        let wanted = (pairs.len() as u64).saturating_mul(width as u64 * size_of::<f32>() as u64);
        if wanted > how.budget {
            return Err(Error::Memory { wanted, budget: how.budget });
        }
        let (a, b): (Vec<usize>, Vec<usize>) = pairs.iter().copied().unzip();
        let (first, second) = (first.picked(&a), second.picked(&b));
        let align = procrustes::How { centre: !how.plain, unit: !how.plain, widths: Widths::Reduce };
        Ok(Self {
            aligned: Aligned::of(&second, &first, align, control)?,
            overlap: Overlap::of(&first, &second, how.check, control)?,
            kernel: alignment(&first, &second, control)?,
            pairs,
        })
    }

    /// The pairs whose rows lie furthest apart after the turn, furthest first.
    pub fn moved(&self, count: usize) -> Vec<usize> {
        let residuals = &self.aligned.residuals;
        let mut order: Vec<usize> = (0..residuals.len()).filter(|&i| !residuals[i].is_nan()).collect();
        order.sort_by(|&a, &b| residuals[b].total_cmp(&residuals[a]));
        order.truncate(count);
        order
    }

    /// The pairs with the fewest neighbours in common and the share of these, fewest first.
    pub fn parted(&self, count: usize) -> Vec<(usize, f32)> {
        let Some(overlap) = &self.overlap else { return Vec::new() };
        let mut order: Vec<(usize, f32)> = overlap.asked.iter().copied().zip(overlap.each.iter().copied()).collect();
        order.sort_by(|a, b| a.1.total_cmp(&b.1));
        order.truncate(count);
        order
    }

    /// The second space as it was turned: its shared words with what is known of them.
    pub fn turned(&self, second: &Vectors) -> Result<Vectors> {
        let rows: Vec<usize> = self.pairs.iter().map(|pair| pair.1).collect();
        let mut words = Words::with_capacity(rows.len());
        for &row in &rows {
            words.push(second.words.bytes_of(row));
        }
        let pick = |column: &Column| Column { name: column.name.clone(), values: column.values.picked(&rows) };
        let columns = second.columns.iter().map(pick).collect();
        Vectors::made("aligned vectors", words, self.aligned.left.clone(), columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::space::cures::rotated;

    fn rows(n: usize, width: usize) -> Rows {
        let values = (0..n * width).map(|i| ((i * i) as f32 * 0.3).sin()).collect();
        Rows::new(values, width).expect("whole rows")
    }

    const HOW: How = How {
        plain: true,
        check: Check {
            metric: crate::analysis::space::neighbours::Metric::Cosine,
            k: 5,
            exact: 1000,
            sample: 10,
            seed: 0,
        },
        budget: 1_000_000_000,
    };

    fn compare(first: &Rows, second: &Rows, how: How) -> Result<Comparison> {
        let pairs = (0..first.len()).map(|i| (i, i)).collect();
        Comparison::of(first, second, pairs, how, &Control::default())
    }

    #[test]
    fn what_moved_in_a_turned_space_is_found() {
        let first = rows(60, 6);
        let mut second = rotated(&first, 4, &Control::default()).expect("a rotation");
        let other: Vec<f32> = first.row(7).iter().map(|x| -3.0 * x).collect();
        second.values_mut()[7 * 6..8 * 6].copy_from_slice(&other);
        let found = compare(&first, &second, HOW).expect("they can be compared");
        assert_eq!(found.moved(1), [7]);
        let (least, share) = found.parted(1)[0];
        assert!(share < 1.0 && found.overlap.as_ref().expect("neighbours").each[least] <= share, "{least} {share}");
        assert!(found.overlap.expect("neighbours").mean() > 0.8);
    }

    #[test]
    fn too_much_is_refused_with_the_number() {
        let first = rows(60, 6);
        let small = How { budget: 1000, ..HOW };
        // 60 words, each with two vectors of 6 and four copies of as many numbers.
        let wanted = 60 * (6 + 6 + 4 * 6) * 4;
        assert!(matches!(compare(&first, &first, small), Err(Error::Memory { wanted: w, .. }) if w == wanted));
        let none = Comparison::of(&first, &first, Vec::new(), HOW, &Control::default());
        assert!(none.expect_err("nothing shared").to_string().contains("no word in common"));
    }
}
