//! What a run is asked to keep.

use super::at::{At, Place, Site};
use crate::error::{Error, Result};
use std::str::FromStr;

/// The places whose tensors a run keeps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Want(Vec<Place>);

impl Want {
    /// Keeps nothing.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Attention probabilities and hidden states of every layer: what attention views show.
    pub fn attention() -> Self {
        Self(vec![Place::site(Site::Probs), Place::site(Site::Hidden)])
    }

    /// These places as well.
    pub fn and(mut self, place: Place) -> Self {
        if !self.0.contains(&place) {
            self.0.push(place);
        }
        self
    }

    /// Whether everything that `other` wants is wanted here.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|place| self.0.contains(place))
    }

    /// Everything that either wants: one forward pass serves all open views.
    pub fn union(self, other: &Self) -> Self {
        other.0.iter().fold(self, |want, &place| want.and(place))
    }

    /// Whether the tensor at `at` is to be kept.
    pub fn has(&self, at: At) -> bool {
        self.0.iter().any(|p| p.matches(at))
    }

    /// Bytes that a run would keep, given its shape trace: `(place, shape)` of every site it passes.
    pub fn bytes(&self, sites: impl IntoIterator<Item = (At, Vec<usize>)>) -> u64 {
        let size = |shape: Vec<usize>| shape.iter().fold(4u64, |n, &d| n.saturating_mul(d as u64));
        sites.into_iter().filter(|(at, _)| self.has(*at)).map(|(_, shape)| size(shape)).fold(0, u64::saturating_add)
    }
}

impl FromStr for Want {
    type Err = Error;

    /// A comma-separated list of places.
    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split(',').map(str::trim).filter(|p| !p.is_empty());
        Ok(Self(parts.map(str::parse).collect::<Result<_>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Stack;

    #[test]
    fn a_union_serves_both() {
        let want = Want::attention().union(&"encoder.1.query, probs".parse().expect("places"));
        assert!(want.has(At::new(Stack::Encoder, 5, Site::Probs)));
        assert!(want.has(At::new(Stack::Encoder, 1, Site::Query)));
        assert!(!want.has(At::new(Stack::Encoder, 2, Site::Query)));
        let sites = [
            (At::new(Stack::Encoder, 1, Site::Query), vec![1, 2, 3, 4]),
            (At::new(Stack::Encoder, 2, Site::Query), vec![1, 2, 3, 4]),
        ];
        assert_eq!(want.bytes(sites), 96);
        let huge = (At::new(Stack::Encoder, 1, Site::Probs), vec![usize::MAX]);
        assert_eq!(want.bytes([huge.clone(), huge]), u64::MAX);
    }
}
