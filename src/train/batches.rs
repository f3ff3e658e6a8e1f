//! A corpus in batches of stretches, each with what follows one step later.

use super::plan::Order;
use crate::engine::sampler::Random;
use crate::error::{Error, Result};

/// Symbols and what follows each of them, `[time, sequence]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// What is read.
    pub read: Vec<u32>,
    /// What comes next.
    pub next: Vec<u32>,
    /// Whether it begins with an empty state.
    pub fresh: bool,
}

/// The batches of one epoch.
#[derive(Debug, Clone)]
pub struct Batches<'a> {
    ids: &'a [u32],
    batch: usize,
    steps: usize,
    order: Order,
    /// Where the stretches of the first batch begin, or those of all batches in a random order.
    starts: Vec<usize>,
    count: usize,
}

impl<'a> Batches<'a> {
    /// The batches of an epoch, counted from 0: `batch` stretches of `steps` symbols. What is left over at the end is not
    /// read, and where reading begins is drawn anew for each epoch.
    pub fn new(ids: &'a [u32], batch: usize, steps: usize, order: Order, seed: u64, epoch: usize) -> Result<Self> {
        let least = batch * steps + 1;
        if ids.len() < least {
            let found = ids.len();
            let what = format!("the corpus has {found} symbols, and one batch of {batch} times {steps} takes {least}");
            return Err(Error::input(what));
        }
        let mut random = Random::new(seed ^ (epoch as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut below = |end: usize| (random.point() * end as f64) as usize;
        let offset = below((ids.len() - least).min(steps - 1) + 1);
        let room = ids.len() - offset - 1;
        let (starts, count) = match order {
            Order::Sequential => {
                let length = room / batch;
                ((0..batch).map(|s| offset + s * length).collect(), length / steps)
            }
            Order::Random => {
                let mut starts: Vec<usize> = (0..room / steps).map(|i| offset + i * steps).collect();
                for i in (1..starts.len()).rev() {
                    starts.swap(i, below(i + 1));
                }
                let count = starts.len() / batch;
                (starts, count)
            }
        };
        Ok(Self { ids, batch, steps, order, starts, count })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The batch with this number.
    pub fn get(&self, number: usize) -> Batch {
        let start = |s: usize| match self.order {
            Order::Sequential => self.starts[s] + number * self.steps,
            Order::Random => self.starts[number * self.batch + s],
        };
        let starts: Vec<usize> = (0..self.batch).map(start).collect();
        let at =
            |shift: usize| (0..self.steps).flat_map(|t| starts.iter().map(move |s| self.ids[s + t + shift])).collect();
        Batch { read: at(0), next: at(1), fresh: self.order == Order::Random || number == 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_follow_each_other_or_are_shuffled_and_none_comes_twice() {
        let ids: Vec<u32> = (0..107).collect();
        for order in [Order::Sequential, Order::Random] {
            let mut offsets = Vec::new();
            for epoch in 0..6 {
                let batches = Batches::new(&ids, 4, 5, order, 3, epoch).expect("it fits");
                assert!(batches.len() >= 4 && !batches.is_empty());
                let mut seen = Vec::new();
                for number in 0..batches.len() {
                    let batch = batches.get(number);
                    assert_eq!(batch.read.len(), 20);
                    assert!(batch.read.iter().zip(&batch.next).all(|(a, b)| a + 1 == *b));
                    assert_eq!(batch.fresh, order == Order::Random || number == 0);
                    for s in 0..4 {
                        let column: Vec<u32> = batch.read.chunks_exact(4).map(|row| row[s]).collect();
                        assert!(column.windows(2).all(|w| w[0] + 1 == w[1]), "a sequence goes on in time");
                        if order == Order::Sequential && number > 0 {
                            assert_eq!(batches.get(number - 1).next[16 + s], column[0], "and from batch to batch");
                        }
                    }
                    seen.extend(batch.read);
                }
                offsets.push(*seen.iter().min().expect("some"));
                let count = seen.len();
                seen.sort_unstable();
                seen.dedup();
                assert_eq!(seen.len(), count, "none twice");
            }
            offsets.dedup();
            assert!(offsets.len() > 1, "epochs begin at different places: {offsets:?}");
        }
        assert!(Batches::new(&ids, 4, 27, Order::Random, 1, 0).expect_err("too short").to_string().contains("109"));
    }
}
