//! The only tensor that leaves the engine: named axes, a shape and shared numbers.

use crate::error::{Error, Result};
use std::sync::Arc;

/// The names of an array's axes, outermost first, e.g. `["head", "query", "key"]`.
pub type Axes = Vec<&'static str>;

/// An immutable block of `f32` in row-major order with named axes. Clones share the numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    axes: Axes,
    shape: Vec<usize>,
    data: Arc<[f32]>,
}

impl Array {
    /// Builds an array; the product of `shape` must be the number of values.
    pub fn new(axes: &[&'static str], shape: &[usize], data: impl Into<Arc<[f32]>>) -> Result<Self> {
        let data = data.into();
        let wanted = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        if axes.len() != shape.len() || wanted != Some(data.len()) {
            return Err(Error::input(format!("{} values do not fill {axes:?} {shape:?}", data.len())));
        }
        Ok(Self { axes: axes.to_vec(), shape: shape.to_vec(), data })
    }

    /// The names of the axes, outermost first.
    pub fn axes(&self) -> &[&'static str] {
        &self.axes
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All values in row-major order.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The length of the axis called `name`, or 1 where there is none.
    pub fn len_of(&self, name: &str) -> usize {
        self.axes.iter().position(|a| *a == name).map_or(1, |i| self.shape[i])
    }

    /// Bytes held by the values.
    pub fn bytes(&self) -> u64 {
        (self.data.len() * size_of::<f32>()) as u64
    }

    /// The block of values under the leading indices `at`, e.g. `[layer, head]` of
    /// `[layer, head, query, key]` gives one `[query, key]` matrix.
    ///
    /// # Panics
    /// If an index is out of range, as slices do.
    pub fn block(&self, at: &[usize]) -> &[f32] {
        let inner: usize = self.shape[at.len()..].iter().product();
        let mut start = 0;
        for (i, (&index, &len)) in at.iter().zip(&self.shape).enumerate() {
            assert!(index < len, "index {index} on axis {} of length {len}", self.axes[i]);
            start = start * len + index;
        }
        &self.data[start * inner..][..inner]
    }

    /// The same values without the first axis, at `index` of it.
    pub fn select(&self, index: usize) -> Self {
        Self { axes: self.axes[1..].to_vec(), shape: self.shape[1..].to_vec(), data: self.block(&[index]).into() }
    }

    /// The same values without a first axis of length 1 (the batch axis of a single text).
    pub fn squeeze(&self) -> Self {
        if self.shape.first() != Some(&1) {
            return self.clone();
        }
        Self { axes: self.axes[1..].to_vec(), shape: self.shape[1..].to_vec(), data: self.data.clone() }
    }

    /// Joins arrays of one shape along a new first axis.
    pub fn stack(name: &'static str, parts: &[Self]) -> Result<Self> {
        let Some(first) = parts.first() else {
            return Err(Error::input(format!("nothing to stack along {name}")));
        };
        if parts.iter().any(|p| p.shape != first.shape) {
            return Err(Error::input(format!("arrays of different shapes along {name}")));
        }
        let axes: Axes = std::iter::once(name).chain(first.axes.iter().copied()).collect();
        let shape: Vec<usize> = std::iter::once(parts.len()).chain(first.shape.iter().copied()).collect();
        let data: Vec<f32> = parts.iter().flat_map(|p| p.data.iter().copied()).collect();
        Self::new(&axes, &shape, data)
    }

    /// How many values are not finite.
    pub fn not_finite(&self) -> usize {
        self.data.iter().filter(|x| !x.is_finite()).count()
    }
}

/// Axis names with sizes, as the shape trace prints them: `[batch 1, head 12]`.
pub fn describe(axes: &[&str], shape: &[usize]) -> String {
    let parts: Vec<String> = axes.iter().zip(shape).map(|(a, n)| format!("{a} {n}")).collect();
    format!("[{}]", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_addressed_by_its_leading_axes() {
        let a = Array::new(&["layer", "head", "key"], &[2, 3, 2], (0..12).map(|x| x as f32).collect::<Vec<_>>())
            .expect("the shape fits");
        assert_eq!(a.block(&[1, 2]), [10.0, 11.0]);
        assert_eq!(a.select(1).shape(), [3, 2]);
        assert_eq!(a.block(&[]), a.data());
        let again = Array::stack("layer", &[a.select(0), a.select(1)]).expect("equal shapes");
        assert_eq!(again, a);
    }

    #[test]
    fn a_shape_that_does_not_fit_is_refused() {
        assert!(Array::new(&["x"], &[3], vec![0.0; 2]).is_err());
        assert!(Array::new(&["x", "y"], &[usize::MAX, 2], vec![]).is_err());
    }
}
