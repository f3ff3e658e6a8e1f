//! How many queries are shared out among threads, and how far they are.

use crate::trace::Control;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// Queries in a block, at most: every row that is looked at is laid out once for all of them.
const BLOCK: usize = 512;

/// Queries, cut into blocks.
pub(super) struct Blocks {
    pub(super) size: usize,
    queries: usize,
}

impl Blocks {
    /// Blocks of which every thread has some.
    pub(super) fn shared(queries: usize) -> Self {
        Self::of(queries, 4 * rayon::current_num_threads())
    }

    /// Blocks as large as they may be, for threads that share the rows.
    pub(super) fn large(queries: usize) -> Self {
        Self::of(queries, 1)
    }

    fn of(queries: usize, fewest: usize) -> Self {
        let count = queries.div_ceil(BLOCK).max(fewest);
        Self { size: queries.div_ceil(count).next_multiple_of(32), queries }
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
        self.control.report("Looking for neighbours", done, self.total);
    }
}
