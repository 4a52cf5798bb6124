//! Lists whose memory serves again: a segment begins anew in the memory of the one before, and a stream has its room before
//! it runs.

use std::collections::VecDeque;

/// A list that is emptied, not replaced.
pub trait Reuse<T>: Sized + Extend<T> {
    /// Nothing, in the same memory.
    #[must_use]
    fn emptied(self) -> Self;

    /// These items, in the same memory.
    #[must_use]
    fn refilled(self, items: impl IntoIterator<Item = T>) -> Self {
        let mut list = self.emptied();
        list.extend(items);
        list
    }

    /// Makes room for `n` items in all.
    fn make_room(&mut self, n: usize);
}

impl<T> Reuse<T> for Vec<T> {
    fn emptied(mut self) -> Self {
        self.clear();
        self
    }

    fn make_room(&mut self, n: usize) {
        self.reserve_exact(n.saturating_sub(self.len()));
    }
}

impl<T> Reuse<T> for VecDeque<T> {
    fn emptied(mut self) -> Self {
        self.clear();
        self
    }

    fn make_room(&mut self, n: usize) {
        self.reserve_exact(n.saturating_sub(self.len()));
    }
}
