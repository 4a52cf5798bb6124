//! Handles of live streams. A handle is used by one thread at a time; a second one is told so, and changes nothing.

use std::slice;
use std::sync::{Mutex, TryLockError};

use kilat_core::engine::live::{Block, Output};
use kilat_core::{Live, SamplesRef};

use crate::error::{Failure, guard, kilat_status};
use crate::grows;
use crate::input::{Known, Setup, kilat_block, kilat_config};
use crate::output::{kilat_channel_values, kilat_output};

/// A live stream. Opaque.
#[derive(Debug)]
pub struct kilat_live {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    live: Live,
    /// What `kilat_live_next` gave out last: its pointers lead here.
    output: Option<Output>,
    values: Vec<kilat_channel_values>,
    checkpoint: Vec<u8>,
    finished: bool,
}

/// Does something with the stream behind a handle.
///
/// # Safety
/// `live` is null or a handle that has not been freed.
unsafe fn with(
    live: *const kilat_live,
    work: impl FnOnce(&mut Inner) -> Result<kilat_status, Failure>,
) -> kilat_status {
    guard(|| {
        // SAFETY: the caller's promise.
        let live = unsafe { live.as_ref() }.ok_or_else(|| Failure::null("the handle"))?;
        match live.inner.try_lock() {
            Ok(mut inner) => work(&mut inner),
            Err(TryLockError::WouldBlock) => {
                let message = "another thread is in a call with this handle";
                Err(Failure::new(kilat_status::KILAT_BUSY, message))
            }
            Err(TryLockError::Poisoned(_)) => {
                let message = "an earlier call failed within the library; the handle can only be freed";
                Err(Failure::new(kilat_status::KILAT_PANIC, message))
            }
        }
    })
}

/// Puts a handle where C wants it.
///
/// # Safety
/// `out` is null or points to room for a pointer.
unsafe fn give(
    out: *mut *mut kilat_live,
    make: impl FnOnce() -> Result<Live, Failure>,
) -> Result<kilat_status, Failure> {
    if out.is_null() {
        return Err(Failure::null("out"));
    }
    // SAFETY: not null; the caller promises the rest.
    unsafe { out.write(std::ptr::null_mut()) };
    let inner =
        Inner { live: make()?, output: None, values: Vec::new(), checkpoint: Vec::new(), finished: false };
    let handle = Box::into_raw(Box::new(kilat_live { inner: Mutex::new(inner) }));
    // SAFETY: as before.
    unsafe { out.write(handle) };
    Ok(kilat_status::KILAT_OK)
}

/// Makes a stream. On success *out is a handle to be freed with kilat_live_free, else NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kilat_live_new(
    config: *const kilat_config,
    out: *mut *mut kilat_live,
) -> kilat_status {
    // SAFETY: the promises of the header.
    guard(|| unsafe {
        give(out, || {
            let s = Setup::read(config)?;
            Ok(Live::with_plan(s.plan, s.start, s.options)?)
        })
    })
}

/// Makes a stream that goes on where kilat_live_checkpoint was called, under the same config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kilat_live_restore(
    config: *const kilat_config,
    bytes: *const u8,
    length: usize,
    out: *mut *mut kilat_live,
) -> kilat_status {
    // SAFETY: the promises of the header.
    guard(|| unsafe {
        give(out, || {
            let s = Setup::read(config)?;
            Ok(Live::restore(s.plan, s.options, many(bytes, length, 1)?)?)
        })
    })
}

/// Most bytes that a stream of this config takes, whatever comes: known before it starts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kilat_live_bytes(config: *const kilat_config, bytes: *mut usize) -> kilat_status {
    guard(|| {
        if bytes.is_null() {
            return Err(Failure::null("bytes"));
        }
        // SAFETY: the promises of the header.
        let s = unsafe { Setup::read(config)? };
        // SAFETY: not null; the header asks for room for a size.
        unsafe { bytes.write(Live::bytes(&s.plan, &s.options)) };
        Ok(kilat_status::KILAT_OK)
    })
}

/// `rows` times `columns` values.
///
/// # Safety
/// `at` is null or points to as many values.
unsafe fn many<'a, T>(at: *const T, rows: usize, columns: usize) -> Result<&'a [T], Failure> {
    let n = rows.checked_mul(columns).filter(|n| *n <= isize::MAX as usize / size_of::<T>());
    let n = n.ok_or_else(|| {
        Failure::new(kilat_status::KILAT_LIMIT, format!("{rows} rows are more than memory can hold"))
    })?;
    if n == 0 {
        return Ok(&[]);
    }
    if at.is_null() {
        return Err(Failure::null("the array"));
    }
    if !at.is_aligned() {
        return Err(Failure::new(kilat_status::KILAT_SIZE, "the array is not aligned"));
    }
    // SAFETY: neither null nor unaligned nor too long; the caller promises that the values are there.
    Ok(unsafe { slice::from_raw_parts(at, n) })
}

/// Takes a block of `frames` samples of every channel.
///
/// # Safety
/// Pointers are null or lead to what the header says.
unsafe fn push<T>(
    live: *mut kilat_live,
    samples: *const T,
    frames: usize,
    block: *const kilat_block,
) -> kilat_status
where
    for<'a> SamplesRef<'a>: From<&'a [T]>,
{
    // SAFETY: the caller's promises.
    unsafe {
        with(live, |inner| {
            running(inner)?;
            let known = Known::read(block)?;
            let channels = inner.live.plan().recorded().len();
            let all = SamplesRef::from(many(samples, frames, channels)?);
            let first = known.index.unwrap_or(inner.live.next_index());
            let mut parts = [all; kilat_core::engine::live::MOST_CHANNELS];
            let block = if known.planar {
                for (c, part) in parts.iter_mut().take(channels).enumerate() {
                    *part = all.slice(c * frames..(c + 1) * frames);
                }
                Block::Planar(&parts[..channels])
            } else {
                Block::Interleaved(all)
            };
            inner.live.push(block, first, known.time, known.quality)?;
            Ok(kilat_status::KILAT_OK)
        })
    }
}

fn running(inner: &Inner) -> Result<(), Failure> {
    if inner.finished {
        return Err(Failure::new(kilat_status::KILAT_MISUSE, "the stream is finished"));
    }
    Ok(())
}

/// Takes a block of int16 codes: `frames` of each channel. `block` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kilat_live_push_i16(
    live: *mut kilat_live,
    samples: *const i16,
    frames: usize,
    block: *const kilat_block,
) -> kilat_status {
    // SAFETY: the promises of the header.
    unsafe { push(live, samples, frames, block) }
}

/// Takes a block of int32 codes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kilat_live_push_i32(
    live: *mut kilat_live,
    samples: *const i32,
    frames: usize,
    block: *const kilat_block,
) -> kilat_status {
    // SAFETY: the promises of the header.
    unsafe { push(live, samples, frames, block) }
}

/// Takes a block of floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kilat_live_push_f32(
    live: *mut kilat_live,
    samples: *const f32,
    frames: usize,
    block: *const kilat_block,
) -> kilat_status {
    // SAFETY: the promises of the header.
    unsafe { push(live, samples, frames, block) }
}

/// Takes a block of doubles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kilat_live_push_f64(
    live: *mut kilat_live,
    samples: *const f64,
    frames: usize,
    block: *const kilat_block,
) -> kilat_status {
    // SAFETY: the promises of the header.
    unsafe { push(live, samples, frames, block) }
}

/// Takes the next result: KILAT_OK and *out is filled, or KILAT_EMPTY. out->size must be set to sizeof(kilat_output). Pointers
/// in *out are valid until the next call with this handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kilat_live_next(live: *mut kilat_live, out: *mut kilat_output) -> kilat_status {
    // SAFETY: the promises of the header.
    unsafe {
        with(live, |inner| {
            grows::size(out, "out")?;
            let Inner { live, output, values, .. } = inner;
            if !live.next_into(output) {
                return Ok(kilat_status::KILAT_EMPTY);
            }
            if let Some(output) = output {
                grows::write(out, &kilat_output::new(output, values));
            }
            Ok(kilat_status::KILAT_OK)
        })
    }
}

/// Ends the stream; what is left waits for kilat_live_next. The handle is still to be freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kilat_live_finish(live: *mut kilat_live) -> kilat_status {
    // SAFETY: the promises of the header.
    unsafe {
        with(live, |inner| {
            running(inner)?;
            inner.live.finish();
            inner.finished = true;
            Ok(kilat_status::KILAT_OK)
        })
    }
}

/// The whole state as bytes, valid until the next call with this handle. KILAT_MISUSE while results wait: they would be lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kilat_live_checkpoint(
    live: *mut kilat_live,
    bytes: *mut *const u8,
    length: *mut usize,
) -> kilat_status {
    // SAFETY: the promises of the header.
    unsafe {
        with(live, |inner| {
            if bytes.is_null() || length.is_null() {
                return Err(Failure::null("bytes or length"));
            }
            let misuse = |e: kilat_core::Error| Failure::new(kilat_status::KILAT_MISUSE, e.to_string());
            inner.checkpoint = inner.live.checkpoint().map_err(misuse)?;
            // SAFETY: not null; the header asks for room for a pointer and a size.
            bytes.write(inner.checkpoint.as_ptr());
            length.write(inner.checkpoint.len());
            Ok(kilat_status::KILAT_OK)
        })
    }
}

/// Frees a handle, which no call may use any more; NULL is nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kilat_live_free(live: *mut kilat_live) {
    if !live.is_null() {
        guard(|| {
            // SAFETY: the header asks for a handle that came from this library and has not been freed.
            drop(unsafe { Box::from_raw(live) });
            Ok(kilat_status::KILAT_OK)
        });
    }
}
