//! Rows that a person picked out: part of what is chosen, and cheap to copy and compare.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Rows in order, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<usize>", into = "Vec<usize>")]
pub struct Picked(Arc<Vec<usize>>);

impl From<Vec<usize>> for Picked {
    fn from(mut rows: Vec<usize>) -> Self {
        if !rows.is_sorted_by(|a, b| a < b) {
            rows.sort_unstable();
            rows.dedup();
        }
        Self(Arc::new(rows))
    }
}

impl From<Picked> for Vec<usize> {
    fn from(picked: Picked) -> Self {
        picked.0.to_vec()
    }
}

impl From<Arc<Vec<usize>>> for Picked {
    fn from(rows: Arc<Vec<usize>>) -> Self {
        if rows.is_sorted_by(|a, b| a < b) { Self(rows) } else { Self::from(rows.to_vec()) }
    }
}

impl Picked {
    /// The rows.
    pub fn rows(&self) -> &Arc<Vec<usize>> {
        &self.0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a row is among them.
    pub fn has(&self, row: usize) -> bool {
        self.0.binary_search(&row).is_ok()
    }

    /// These and others.
    pub fn and(&self, others: &[usize]) -> Self {
        Self::from(self.0.iter().chain(others).copied().collect::<Vec<usize>>())
    }

    /// Those that a space of so many rows has.
    pub fn below(&self, count: usize) -> Self {
        if self.0.last().is_none_or(|last| *last < count) {
            return self.clone();
        }
        Self(Arc::new(self.0.iter().copied().take_while(|row| *row < count).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_file_are_put_in_order_and_kept_inside() {
        let picked: Picked = serde_json::from_str("[7, 2, 2, 90]").expect("a list");
        assert_eq!(Vec::from(picked.clone()), [2, 7, 90]);
        assert_eq!(serde_json::to_string(&picked).expect("a list"), "[2,7,90]");
        assert_eq!(Vec::from(picked.below(50)), [2, 7]);
        assert_eq!(Vec::from(picked.and(&[3, 7])), [2, 3, 7, 90]);
        assert!(picked.has(7) && !picked.has(3) && Picked::default().is_empty());
    }
}
