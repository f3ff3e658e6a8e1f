//! A matrix that may be large: rows of one width, owned once and borrowed from there.

use crate::error::{Error, Result};

/// Values `[row, dimension]` in row-major order. Unlike [`crate::array::Array`] it is built in place and never copied to
/// be shared: a million vectors are put behind an `Arc` whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    values: Vec<f32>,
    width: usize,
}

impl Rows {
    /// Rows of `width` values; the number of values must be a multiple of it.
    pub fn new(values: Vec<f32>, width: usize) -> Result<Self> {
        let is_whole = if width == 0 { values.is_empty() } else { values.len().is_multiple_of(width) };
        if !is_whole {
            return Err(Error::input(format!("{} values are no rows of {width}", values.len())));
        }
        Ok(Self { values, width })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many values a row has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All values, row by row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, to be changed in place.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// The row with this number.
    ///
    /// # Panics
    /// If there is no such row, as slices do.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.width..][..self.width]
    }

    /// The rows in order.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.width.max(1))
    }

    /// The rows with these numbers, in this order, copied.
    pub fn picked(&self, places: &[usize]) -> Self {
        Self { values: places.iter().flat_map(|&i| self.row(i)).copied().collect(), width: self.width }
    }

    /// Bytes held by the values.
    pub fn bytes(&self) -> u64 {
        (self.values.len() * size_of::<f32>()) as u64
    }
}

impl<'a> IntoIterator for &'a Rows {
    type Item = &'a [f32];
    type IntoIter = std::slice::ChunksExact<'a, f32>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_addressed_by_their_number() {
        let rows = Rows::new((0..6).map(|x| x as f32).collect(), 2).expect("three rows");
        assert_eq!((rows.len(), rows.width(), rows.bytes()), (3, 2, 24));
        assert_eq!(rows.row(1), [2.0, 3.0]);
        assert_eq!(rows.picked(&[2, 0]).values(), [4.0, 5.0, 0.0, 1.0]);
        assert_eq!(rows.iter().count(), 3);
    }

    #[test]
    fn values_that_fill_no_row_are_refused() {
        assert!(Rows::new(vec![0.0; 3], 2).is_err());
        assert!(Rows::new(vec![0.0; 3], 0).is_err());
        let none = Rows::new(Vec::new(), 0).expect("nothing is nothing");
        assert!(none.is_empty() && none.iter().next().is_none());
    }
}
