//! Structs that begin with their size: what that means when program and library are of different versions, for all of them.

use std::mem::MaybeUninit;

use crate::error::{Failure, kilat_status};

/// No struct ever is this large: what states such a size has not been filled in.
const MOST: usize = 4096;

/// A struct of C that begins with its size, and to which later versions add fields at its end.
///
/// # Safety
/// It is `repr(C)`, its first field is a `usize`, and zeros are a value of every other field. Zero is also what a field must mean
/// that a program does not know, and no field may lie in what was padding at the end.
pub(crate) unsafe trait Grows: Copy {
    /// Where the last field of version 0.1 ends: the least that a program may state.
    const FIRST: usize;
}

/// The size that the struct at `at` states.
///
/// # Safety
/// `at` is null, or points to memory of as many bytes as its first field says.
pub(crate) unsafe fn size<T: Grows>(at: *const T, what: &str) -> Result<usize, Failure> {
    if at.is_null() {
        return Err(Failure::null(what));
    }
    if !at.is_aligned() {
        return Err(Failure::new(kilat_status::KILAT_SIZE, format!("{what} is not aligned")));
    }
    // SAFETY: `at` is neither null nor unaligned, and the caller promises that the size is there.
    let size = unsafe { at.cast::<usize>().read() };
    if !(T::FIRST..=MOST).contains(&size) {
        let message = format!("{what}: its size is {size}, not {}", size_of::<T>());
        return Err(Failure::new(kilat_status::KILAT_SIZE, message));
    }
    Ok(size)
}

/// Reads a struct. What an older program does not have is zero; what a newer one has beyond must be.
///
/// # Safety
/// As of [`size`].
pub(crate) unsafe fn read<T: Grows>(at: *const T, what: &str) -> Result<T, Failure> {
    // SAFETY: the caller's promise.
    let size = unsafe { size(at, what)? };
    let (known, bytes) = (size.min(size_of::<T>()), at.cast::<u8>());
    // SAFETY: below the size, which the caller promises to be there; newer programs have whole fields beyond, set to something.
    if (known..size).any(|k| unsafe { bytes.add(k).read() } != 0) {
        let message =
            format!("{what}: of its {size} bytes this library knows {known}, and those beyond are not zero");
        return Err(Failure::new(kilat_status::KILAT_UNSUPPORTED, message));
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: `known` bytes are there on either side; zeros are a value of the fields that are not copied.
    unsafe {
        value.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(bytes, known);
        Ok(value.assume_init())
    }
}

/// Writes as much of `value` as there is room for, and that size.
///
/// # Safety
/// `at` has a [`size`].
pub(crate) unsafe fn write<T: Grows>(at: *mut T, value: &T) {
    // SAFETY: the caller has asked for the size, and as many bytes are there.
    unsafe {
        let known = at.cast::<usize>().read().min(size_of::<T>());
        at.cast::<u8>().copy_from_nonoverlapping(std::ptr::from_ref(value).cast(), known);
        at.cast::<usize>().write(known);
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    /// A struct as of version 0.1, and what has become of it.
    #[repr(C)]
    #[derive(Debug, Clone, Copy, PartialEq)]
    struct Old {
        size: usize,
        volts: f64,
    }

    #[repr(C)]
    #[derive(Debug, Clone, Copy, PartialEq)]
    struct New {
        size: usize,
        volts: f64,
        amperes: f64,
        known: bool,
    }

    // SAFETY: `repr(C)`, the size first, no field without a zero.
    unsafe impl Grows for Old {
        const FIRST: usize = offset_of!(Self, volts) + size_of::<f64>();
    }

    // SAFETY: the same.
    unsafe impl Grows for New {
        const FIRST: usize = Old::FIRST;
    }

    fn status<T: Grows>(at: *const T) -> kilat_status {
        // SAFETY: the tests below have as many bytes as they say, or a size that is refused before.
        unsafe { read(at, "it") }.err().unwrap().status
    }

    #[test]
    fn an_older_program_leaves_out_what_it_does_not_know() {
        let old = Old { size: size_of::<Old>(), volts: 2.0 };
        // SAFETY: as many bytes as it says.
        let new = unsafe { read((&raw const old).cast::<New>(), "it") }.ok().unwrap();
        assert_eq!(new, New { size: size_of::<Old>(), volts: 2.0, amperes: 0.0, known: false });
    }

    #[test]
    fn a_newer_program_may_not_ask_for_what_is_not_known() {
        // Without the padding at the end, which Rust does not set to zero.
        let size = offset_of!(New, known) + 1;
        let mut new = New { size, volts: 2.0, amperes: 0.0, known: false };
        // SAFETY: no more bytes than there are.
        let old = unsafe { read((&raw const new).cast::<Old>(), "it") }.ok().unwrap();
        assert_eq!(old, Old { size, volts: 2.0 });
        new.known = true;
        assert_eq!(status((&raw const new).cast::<Old>()), kilat_status::KILAT_UNSUPPORTED);
    }

    #[test]
    fn sizes_that_no_version_has_are_refused() {
        let mut old = Old { size: 0, volts: 0.0 };
        for size in [0, Old::FIRST - 1, MOST + 1, usize::MAX] {
            old.size = size;
            assert_eq!(status(&raw const old), kilat_status::KILAT_SIZE, "{size}");
        }
        assert_eq!(status(std::ptr::null::<Old>()), kilat_status::KILAT_NULL);
        assert_eq!(status((&raw const old).wrapping_byte_add(1)), kilat_status::KILAT_SIZE);
    }

    #[test]
    fn nothing_is_written_beyond_the_room_there_is() {
        let full = New { size: size_of::<New>(), volts: 1.0, amperes: 2.0, known: true };
        let mut room = New { size: size_of::<Old>(), volts: 0.0, amperes: 7.0, known: false };
        // SAFETY: both are whole.
        unsafe { write(&raw mut room, &full) };
        assert_eq!(room, New { size: size_of::<Old>(), volts: 1.0, amperes: 7.0, known: false });
        let less = Old { size: size_of::<Old>(), volts: 3.0 };
        room.size = size_of::<New>();
        // SAFETY: as before.
        unsafe { write((&raw mut room).cast::<Old>(), &less) };
        assert_eq!(room, New { size: size_of::<Old>(), volts: 3.0, amperes: 7.0, known: false });
    }
}
