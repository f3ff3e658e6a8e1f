//! Two spaces of the same words laid onto each other: the rotation that brings the vectors of one nearest to those of the
//! other (Schoenemann 1966), and how much the spaces agree without any (Kornblith et al. 2019).

use super::cures::Cure;
use super::moments;
use super::neighbours::Index;
use super::pca::Pca;
use super::product::times;
use super::trust::Check;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::source::vectors::Words;
use crate::trace::Control;
use faer::Mat;
use rayon::prelude::*;

/// The words that both have, as their numbers in the one and in the other, in the order of the first. Of a word that comes
/// several times the first one counts.
pub fn shared(left: &Words, right: &Words) -> Vec<(usize, usize)> {
    let pair = |i: usize| {
        let word = left.bytes_of(i);
        Some((i, right.find(word)?)).filter(|_| left.find(word) == Some(i))
    };
    (0..left.len()).filter_map(pair).collect()
}

/// What is done about spaces of different width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Widths {
    /// The narrower one gets zeros at its end.
    #[default]
    Pad,
    /// The wider one is reduced to its first principal components.
    Reduce,
}

/// How spaces are laid onto each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct How {
    /// The mean of the shared words is taken off each space first.
    pub centre: bool,
    /// Each vector is scaled to length 1 then.
    pub unit: bool,
    /// What is done about different widths.
    pub widths: Widths,
}

/// One space laid onto another. Rows are those of the shared words.
#[derive(Debug, Clone, PartialEq)]
pub struct Aligned {
    /// The rows of the first space, prepared and turned, `[word, dimension]`.
    pub left: Rows,
    /// Those of the second, prepared, `[word, dimension]`.
    pub right: Rows,
    /// The rotation, row-major `[dimension, dimension]`: a row of the first space times it is one of `left`.
    pub rotation: Vec<f64>,
    /// The sum of the singular values of the products of both. Over the sum of the squared values of the first space it is
    /// the factor that brings the turned rows nearest to the others.
    pub scale: f64,
    /// How far each turned row is from the row of the other space: what has moved. NaN where either is not finite.
    pub residuals: Vec<f32>,
    /// The sum of the squared residuals over that of the squared values of the second space; 0 where they are equal.
    pub error: f64,
    /// What was done about different widths, where they are.
    pub widths: Option<Widths>,
}

impl Aligned {
    /// Turns `left` onto `right`, whose rows are of the same words in the same order. Words with a value that is not
    /// finite in either do not count for the rotation. The rotation itself, a second at a width of 1,000, cannot be stopped.
    pub fn of(left: &Rows, right: &Rows, how: How, control: &Control) -> Result<Self> {
        let sound = both_sound(left, right)?;
        let differ = left.width() != right.width();
        let (left, right) = match (differ, how.widths) {
            (false, _) => (left.clone(), right.clone()),
            (true, Widths::Pad) => {
                let width = left.width().max(right.width());
                (padded(left, width)?, padded(right, width)?)
            }
            (true, Widths::Reduce) => {
                let width = left.width().min(right.width());
                (reduced(left, width, control)?, reduced(right, width, control)?)
            }
        };
        let (left, right) = (prepared(left, how, control)?, prepared(right, how, control)?);
        let width = left.width();
        let found = moments::between((&left, &sound), (&right, &sound), "Comparing spaces", control)?;
        let count = found.rows as f64;
        let products = |i: usize, j: usize| found.products[(i, j)] + count * found.left[i] * found.right[j];
        let products = Mat::from_fn(width, width, products);
        let factors = products.is_all_finite().then(|| products.svd().ok()).flatten();
        let factors = factors.ok_or_else(|| Error::input("the vectors are so large that no rotation can be found"))?;
        let turn = factors.U() * factors.V().transpose();
        let scale = factors.S().column_vector().iter().sum();
        let left = times(&left, &vec![0.0; width], turn.as_ref(), "Turning", control)?;
        let residuals: Vec<f64> = (0..left.len()).into_par_iter().map(|i| apart(left.row(i), right.row(i))).collect();
        let squares =
            |rows: &Rows| -> f64 { sound.iter().flat_map(|&i| rows.row(i)).map(|x| f64::from(*x).powi(2)).sum() };
        let wrong: f64 = sound.iter().map(|&i| residuals[i].powi(2)).sum();
        let whole = squares(&right);
        Ok(Self {
            rotation: turn.row_iter().flat_map(|row| row.iter().copied().collect::<Vec<f64>>()).collect(),
            scale,
            residuals: residuals.into_iter().map(|r| r as f32).collect(),
            error: if whole > 0.0 { wrong / whole } else { 0.0 },
            widths: differ.then_some(how.widths),
            left,
            right,
        })
    }
}

/// Linear centred kernel alignment: 1 where one space is the other turned and scaled, towards 0 where they have nothing in
/// common. Rows are of the same words; widths may differ. `None` where one of them does not vary.
pub fn alignment(left: &Rows, right: &Rows, control: &Control) -> Result<Option<f64>> {
    let sound = both_sound(left, right)?;
    let stage = "Comparing spaces";
    let between = moments::between((left, &sound), (right, &sound), stage, control)?.products.squared_norm_l2();
    let within = |rows: &Rows| moments::of(rows, &sound, stage, control).map(|found| found.products.norm_l2());
    let within = within(left)? * within(right)?;
    Ok((within > 0.0).then(|| between / within))
}

/// How far two spaces have the same neighbours, without any alignment.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlap {
    /// Neighbours of each word: as many as asked for, or all others.
    pub k: usize,
    /// Words that have a place in both.
    pub points: usize,
    /// The words that were asked, by their rows, in order: all that have a place in both, or a sample.
    pub asked: Vec<usize>,
    /// For each of them the share of its neighbours in one space that are its neighbours in the other, 0 to 1.
    pub each: Vec<f32>,
}

impl Overlap {
    /// Compares spaces whose rows are of the same words; `None` where fewer than two have a place in both.
    pub fn of(left: &Rows, right: &Rows, check: Check, control: &Control) -> Result<Option<Self>> {
        same_length(left, right)?;
        let (a, b) = (Index::new(left, check.metric), Index::new(right, check.metric));
        let placed: Vec<usize> = (0..left.len()).filter(|&i| a.is_placed(i) && b.is_placed(i)).collect();
        if placed.len() < 2 || check.k == 0 {
            return Ok(None);
        }
        let (left, right) = (left.picked(&placed), right.picked(&placed));
        let (k, asked) = (check.k.min(placed.len() - 1), check.asked(placed.len()));
        let of = |rows: &Rows| neighbours(&Index::new(rows, check.metric), &asked, k, control);
        let (a, b) = (of(&left)?, of(&right)?);
        let share = |(a, b): (&Vec<u32>, &Vec<u32>)| a.iter().filter(|i| b.contains(i)).count() as f32 / k as f32;
        let each = a.iter().zip(&b).map(share).collect();
        Ok(Some(Self { k, points: placed.len(), each, asked: asked.into_iter().map(|i| placed[i]).collect() }))
    }

    /// The mean share.
    pub fn mean(&self) -> f64 {
        self.each.iter().map(|x| f64::from(*x)).sum::<f64>() / self.each.len() as f64
    }

    /// The share that spaces have in common which have nothing to do with each other.
    pub fn chance(&self) -> f64 {
        self.k as f64 / (self.points - 1) as f64
    }

    /// Whether every word was asked.
    pub fn is_exact(&self) -> bool {
        self.asked.len() == self.points
    }
}

/// The neighbours of the asked rows.
fn neighbours(index: &Index<'_>, asked: &[usize], k: usize, control: &Control) -> Result<Vec<Vec<u32>>> {
    if asked.len() == index.len() {
        let graph = index.graph(k, control)?;
        return Ok(asked.iter().map(|&i| graph.row(i).0.to_vec()).collect());
    }
    let keep = |q: usize, row: usize| asked[q] != row;
    let found = index.nearest_of(&index.rows().picked(asked), k, Some(&keep), control)?;
    Ok(found.into_iter().map(|near| near.into_iter().map(|n| n.row as u32).collect()).collect())
}

fn same_length(left: &Rows, right: &Rows) -> Result<()> {
    if left.len() == right.len() {
        return Ok(());
    }
    Err(Error::input(format!("{} vectors cannot be paired with {}", left.len(), right.len())))
}

/// The words whose rows are finite in both.
fn both_sound(left: &Rows, right: &Rows) -> Result<Vec<usize>> {
    same_length(left, right)?;
    let mut is_sound = vec![false; left.len()];
    for i in moments::sound(left) {
        is_sound[i] = true;
    }
    let sound: Vec<usize> = moments::sound(right).into_iter().filter(|&i| is_sound[i]).collect();
    if sound.is_empty() { Err(Error::input("the two spaces have no word in common")) } else { Ok(sound) }
}

fn padded(rows: &Rows, width: usize) -> Result<Rows> {
    let zeros = vec![0f32; width - rows.width()];
    Rows::new(rows.iter().flat_map(|row| row.iter().chain(&zeros)).copied().collect(), width)
}

fn reduced(rows: &Rows, width: usize, control: &Control) -> Result<Rows> {
    if rows.width() == width {
        return Ok(rows.clone());
    }
    let found = Pca::of(rows, control)?;
    // Around the mean, which is not taken off: whether it is, is another choice.
    let matrix = Mat::from_fn(rows.width(), width, |j, k| found.components.get(k).map_or(0.0, |c| c[j]));
    times(rows, &vec![0.0; rows.width()], matrix.as_ref(), "Reducing", control)
}

fn prepared(rows: Rows, how: How, control: &Control) -> Result<Rows> {
    let rows = if how.centre { Cure::Centre.of(&rows, control)? } else { rows };
    if how.unit { Cure::Unit.of(&rows, control) } else { Ok(rows) }
}

/// The distance of two rows.
fn apart(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::space::cures::rotated;

    fn rows(n: usize, width: usize) -> Rows {
        let values = (0..n * width).map(|i| ((i * i) as f32 * 0.3).sin() + (i % width) as f32 * 0.2).collect();
        Rows::new(values, width).expect("whole rows")
    }

    #[test]
    fn a_turned_space_is_turned_back() {
        let control = Control::default();
        let left = rows(60, 7);
        let right = rotated(&left, 3, &control).expect("a rotation");
        let found = Aligned::of(&left, &right, How::default(), &control).expect("a rotation");
        assert!(found.error < 1e-10 && found.residuals.iter().all(|r| *r < 1e-4) && found.widths.is_none());
        assert!((alignment(&left, &right, &control).expect("not stopped").expect("both vary") - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_space_of_another_width_can_be_padded_or_reduced() {
        let control = Control::default();
        let wide = rows(60, 7);
        // Nothing varies in the last two dimensions of the wide one's own rotation.
        let narrow = Rows::new(wide.iter().flat_map(|row| row[..5].to_vec()).collect(), 5).expect("whole rows");
        let flat = padded(&narrow, 7).expect("whole rows");
        let flat = rotated(&flat, 8, &control).expect("a rotation");
        for widths in [Widths::Pad, Widths::Reduce] {
            let how = How { centre: true, widths, ..How::default() };
            let found = Aligned::of(&flat, &narrow, how, &control).expect("a rotation");
            assert!(found.error < 1e-8, "{widths:?}: {}", found.error);
            assert_eq!(found.widths, Some(widths));
            let back = Aligned::of(&narrow, &flat, how, &control).expect("a rotation");
            assert!(back.error < 1e-8, "{widths:?}: {}", back.error);
        }
    }

    #[test]
    fn words_are_shared_by_what_they_are() {
        let left: Words = ["king", "queen", "aka"].into_iter().collect();
        let right: Words = ["queen", "a", "king"].into_iter().collect();
        assert_eq!(shared(&left, &right), [(0, 2), (1, 0)]);
        let mut again = left.clone();
        again.push(b"king");
        assert_eq!(shared(&again, &right), [(0, 2), (1, 0)], "the first of several");
    }

    #[test]
    fn broken_rows_do_not_count() {
        let control = Control::default();
        let (mut left, right) = (rows(20, 3), rows(20, 3));
        left.values_mut()[4] = f32::NAN;
        let found = Aligned::of(&left, &right, How { unit: true, ..How::default() }, &control).expect("a rotation");
        assert!(found.error < 1e-10 && found.residuals[1].is_nan() && found.residuals[0] < 1e-5);
        assert!(Aligned::of(&left, &rows(21, 3), How::default(), &control).is_err());
        let broken = Rows::new(vec![f32::NAN; 3], 3).expect("one row");
        assert!(Aligned::of(&broken, &broken, How::default(), &control).is_err());
        assert_eq!(
            alignment(&Rows::new(vec![1.0; 60], 3).expect("rows"), &right, &control).expect("not stopped"),
            None
        );
    }
}
