//! Layers and heads in another order than the model's. Whoever draws them keeps the model's numbers.

use crate::analysis::meaning::Weights;
use crate::analysis::measures::{Measure, Setting};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// What is ordered by a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Along {
    /// The heads of each layer; layers stay.
    #[default]
    Heads,
    /// Layers by the mean of their heads; heads stay.
    Layers,
}

/// An order that somebody chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Sorting {
    /// By what; `None` for the model's own.
    pub by: Option<Measure>,
    /// What is ordered.
    pub along: Along,
}

/// Which layer and head stands at each row and column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Order {
    layers: Vec<usize>,
    heads: Vec<Vec<usize>>,
}

impl Order {
    /// The model's own order.
    pub fn model(layers: usize, heads: usize) -> Self {
        Self { layers: (0..layers).collect(), heads: vec![(0..heads).collect(); layers] }
    }

    /// Orders the heads of a run by a measure of its attention on this text.
    pub fn of(weights: &Weights, sorting: Sorting) -> Self {
        let (layers, heads, run) = (weights.layers(), weights.heads(), &weights.run);
        // A meaning without heads has nothing to order.
        let Some(by) = sorting.by.filter(|_| heads == run.card.heads) else { return Self::model(layers, heads) };
        let setting = Setting::of(run);
        let measure = |i: usize| setting.measure(run.head(i / heads, i % heads)).get(by).map_or(f32::NAN, |x| x as f32);
        let numbers: Vec<f32> = (0..layers * heads).into_par_iter().map(measure).collect();
        Self::by(layers, heads, sorting.along, |layer, head| numbers[layer * heads + head])
    }

    /// Largest first; what has no number comes last. Equals keep the model's order.
    pub fn by(layers: usize, heads: usize, along: Along, measure: impl Fn(usize, usize) -> f32) -> Self {
        let mut order = Self::model(layers, heads);
        match along {
            Along::Heads => {
                for (layer, list) in order.heads.iter_mut().enumerate() {
                    let numbers: Vec<f32> = (0..heads).map(|head| measure(layer, head)).collect();
                    list.sort_by(|&a, &b| falling(numbers[a], numbers[b]));
                }
            }
            Along::Layers => {
                let mean = |layer| {
                    let known = (0..heads).map(|head| measure(layer, head)).filter(|x| x.is_finite());
                    let (sum, count) = known.fold((0.0, 0), |(sum, count), x| (sum + x, count + 1));
                    if count == 0 { f32::NAN } else { sum / count as f32 }
                };
                let means: Vec<f32> = (0..layers).map(mean).collect();
                order.layers.sort_by(|&a, &b| falling(means[a], means[b]));
            }
        }
        order
    }

    /// The layer and head at a row and a column.
    pub fn head(&self, row: usize, column: usize) -> (usize, usize) {
        let layer = self.layers.get(row).copied().unwrap_or(row);
        (layer, self.heads.get(layer).and_then(|list| list.get(column)).copied().unwrap_or(column))
    }

    /// The row and column of a layer and head.
    pub fn place(&self, layer: usize, head: usize) -> (usize, usize) {
        let find = |list: &[usize], wanted: usize| list.iter().position(|&x| x == wanted).unwrap_or(wanted);
        (find(&self.layers, layer), self.heads.get(layer).map_or(head, |list| find(list, head)))
    }

    /// Whether the columns of all rows are the model's heads, so that one row of names serves them all.
    pub fn has_plain_columns(&self) -> bool {
        self.heads.iter().all(|list| list.is_sorted())
    }
}

fn falling(a: f32, b: f32) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (false, false) => b.total_cmp(&a),
        (a, b) => a.cmp(&b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: [[f32; 3]; 2] = [[0.1, 0.9, f32::NAN], [0.7, 0.7, 0.8]];

    #[test]
    fn heads_are_ordered_within_their_layer_and_found_again() {
        let order = Order::by(2, 3, Along::Heads, |l, h| NUMBERS[l][h]);
        let row = |row| [0, 1, 2].map(|column| order.head(row, column));
        assert_eq!(row(0), [(0, 1), (0, 0), (0, 2)]);
        assert_eq!(row(1), [(1, 2), (1, 0), (1, 1)]);
        for (l, h) in (0..2).flat_map(|l| (0..3).map(move |h| (l, h))) {
            let (row, column) = order.place(l, h);
            assert_eq!(order.head(row, column), (l, h));
        }
        assert!(!order.has_plain_columns());
    }

    #[test]
    fn layers_are_ordered_by_their_mean() {
        let order = Order::by(2, 3, Along::Layers, |l, h| NUMBERS[l][h]);
        assert_eq!((order.head(0, 2), order.head(1, 0)), ((1, 2), (0, 0)));
        assert!(order.has_plain_columns());
        assert_eq!(Order::model(2, 3).head(1, 2), (1, 2));
    }
}
