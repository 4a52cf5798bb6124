//! An allocator that counts, so that tests can say how much memory a reader took.
#![expect(unsafe_code, reason = "an allocator that counts is one by unsafe functions")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Memory that a reader may take whatever the file.
pub(crate) const BASE: usize = 64 << 10;

/// Counts what is allocated, and the most of it at a time, by all threads together.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

impl Counting {
    fn add(bytes: usize) {
        let now = NOW.fetch_add(bytes, Ordering::Relaxed) + bytes;
        PEAK.fetch_max(now, Ordering::Relaxed);
    }
}

// SAFETY: everything is left to the allocator of the system.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::add(layout.size());
        // SAFETY: the caller keeps to the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::add(layout.size());
        // SAFETY: the caller keeps to the contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps to the contract.
        unsafe { System.dealloc(p, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `f` returns, and the memory it took at its height. Only one test may count at a time: that which is [`alone`].
pub(crate) fn counted<T>(f: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let out = f();
    (out, PEAK.load(Ordering::Relaxed).saturating_sub(before))
}

/// Until it is dropped, no other test allocates.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the bodies of the records of a PQDIF unfold to, as far as the records and each body can be followed.
pub(crate) fn unfolded_bytes(packed: &[u8]) -> usize {
    let word = |at: usize| Some(u32::from_le_bytes(*packed.get(at..)?.first_chunk()?) as usize);
    let (mut sum, mut at, mut seen) = (0, 0, Vec::new());
    while let (Some(size), Some(next)) = (word(at + 36), word(at + 40)) {
        let begin = (at + word(at + 32).unwrap_or(0)).min(packed.len());
        let stored = &packed[begin..(begin + size).min(packed.len())];
        let mut body = flate2::bufread::ZlibDecoder::new(stored);
        let _ = std::io::copy(&mut body, &mut std::io::sink());
        sum += body.total_out() as usize;
        seen.push(at);
        if seen.contains(&next) {
            break;
        }
        at = next;
    }
    sum
}
