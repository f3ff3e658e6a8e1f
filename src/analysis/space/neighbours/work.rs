//! How many queries are shared out among threads, and how far they are.

use crate::trace::Control;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// Queries in a block, at most.
const BLOCK: usize = 256;

/// Queries, cut so that every thread has some.
pub(super) struct Blocks {
    pub(super) size: usize,
    queries: usize,
}

impl Blocks {
    pub(super) fn new(queries: usize) -> Self {
        let size = queries.div_ceil(4 * rayon::current_num_threads()).next_multiple_of(32).clamp(32, BLOCK);
        Self { size, queries }
    }

    pub(super) fn count(&self) -> usize {
        self.queries.div_ceil(self.size)
    }

    pub(super) fn get(&self, i: usize) -> Range<usize> {
        i * self.size..((i + 1) * self.size).min(self.queries)
    }
}

/// How many blocks are done, said as it grows.
pub(super) struct Done<'a> {
    blocks: AtomicU64,
    total: u64,
    control: &'a Control,
}

impl<'a> Done<'a> {
    pub(super) fn new(total: usize, control: &'a Control) -> Self {
        Self { blocks: AtomicU64::new(0), total: total as u64, control }
    }

    pub(super) fn one(&self) {
        let done = self.blocks.fetch_add(1, Ordering::Relaxed) + 1;
        self.control.report("looking for neighbours", done, self.total);
    }
}
