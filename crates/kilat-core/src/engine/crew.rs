//! The threads that share the work of one analysis: the caller's own, and those of a pool that ends with it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder, Yield};

use crate::error::{Error, Result};

/// The caller's thread and its helpers.
#[derive(Debug, Default)]
pub struct Crew {
    helpers: Option<ThreadPool>,
}

impl Crew {
    /// The caller and as many helpers as make `threads`; 0 means as many as the machine has.
    pub fn new(threads: usize) -> Result<Self> {
        let threads = if threads == 0 { rayon::current_num_threads() } else { threads };
        if threads == 1 {
            return Ok(Self::default());
        }
        let pool = ThreadPoolBuilder::new().num_threads(threads - 1).build();
        Ok(Self { helpers: Some(pool.map_err(|e| Error::config("threads", e.to_string()))?) })
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        1 + self.helpers.as_ref().map_or(0, ThreadPool::current_num_threads)
    }

    /// Does `work` on the caller's thread and lets no helper sleep meanwhile: to wake one takes longer than its share of a tile.
    pub fn awake<R>(&self, work: impl FnOnce() -> R) -> R {
        let Some(pool) = &self.helpers else { return work() };
        let done = AtomicBool::new(false);
        pool.in_place_scope(|scope| {
            scope.spawn_broadcast(|_, _| {
                while !done.load(Ordering::Relaxed) {
                    if rayon::yield_now() != Some(Yield::Executed) {
                        std::thread::yield_now();
                    }
                }
            });
            let _at_the_end = OnDrop(|| done.store(true, Ordering::Relaxed));
            work()
        })
    }

    /// Does `work` for each of `items`, which is told the number of the thread, from 0. They are begun in order.
    pub fn share<T: Send>(&self, items: impl Iterator<Item = T> + Send, work: impl Fn(usize, T) + Sync) {
        self.share_rows(|| (), [items].into_iter(), work);
    }

    /// The same with rows of items: each thread begins with one of its own, so that it meets what it has in its cache, and then takes what
    /// is left of the others. The caller does something else `first`.
    pub fn share_rows<T: Send>(
        &self,
        first: impl FnOnce(),
        rows: impl Iterator<Item = impl Iterator<Item = T> + Send>,
        work: impl Fn(usize, T) + Sync,
    ) {
        let Some(pool) = &self.helpers else {
            first();
            return rows.flatten().for_each(|item| work(0, item));
        };
        let rows: Vec<_> = rows.map(Mutex::new).collect();
        let take = |thread| {
            for k in 0..rows.len() {
                while let Some(item) = next(&rows[(thread + k) % rows.len()]) {
                    work(thread, item);
                }
            }
        };
        let busy = AtomicUsize::new(pool.current_num_threads());
        pool.in_place_scope(|scope| {
            for _ in 0..pool.current_num_threads() {
                scope.spawn(|_| {
                    let _at_the_end = OnDrop(|| {
                        busy.fetch_sub(1, Ordering::Release);
                    });
                    take(1 + rayon::current_thread_index().unwrap_or_default());
                });
            }
            first();
            take(0);
            // Nor does the caller go to sleep.
            while busy.load(Ordering::Acquire) > 0 {
                std::thread::yield_now();
            }
        });
    }
}

/// The next of a row. A poisoned lock means a panic elsewhere, which the scope passes on.
fn next<I: Iterator>(row: &Mutex<I>) -> Option<I::Item> {
    row.lock().unwrap_or_else(PoisonError::into_inner).next()
}

/// Does something at the end of a block, however that is left: who waits for it must not wait for ever.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn every_item_is_done_once_whatever_the_number_of_threads() {
        for threads in [1, 2, 5] {
            let crew = Crew::new(threads).unwrap();
            assert_eq!(crew.threads(), threads);
            let mut done = [0; 100];
            crew.awake(|| {
                crew.share(done.iter_mut().enumerate(), |thread, (k, done)| {
                    assert!(thread < threads);
                    *done += k;
                });
            });
            let (mut rows, mut before) = ([[0; 10]; 3], 0);
            crew.share_rows(|| before += 1, rows.iter_mut().map(|r| r.iter_mut()), |_, done| *done += 1);
            assert_eq!((before, rows), (1, [[1; 10]; 3]));
            assert!(done.iter().enumerate().all(|(k, done)| *done == k));
        }
    }

    #[test]
    fn a_panic_in_one_item_reaches_the_caller() {
        let crew = Crew::new(3).unwrap();
        let work = || crew.awake(|| crew.share(0..10, |_, k| assert!(k != 7, "seven")));
        assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
    }
}
