//! The state of a stream as bytes: a header, then everything that is remembered, then a digest of both.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `kilatLIV` |
//! | 2 | version of the layout, little-endian |
//! | 32 | SHA-256 of the plan and the options: rate, channels, settings, version of the library |
//! | … | state, in postcard |
//! | 32 | SHA-256 of all before |
//!
//! The digest finds every damage. It is no signature: bytes that somebody made on purpose, digest and all, are as dangerous
//! as that somebody's program.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::engine::live::Options;
use crate::engine::plan::Plan;
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"kilatLIV";
/// To be raised whenever the state changes its layout, or its numbers: an aggregate is of parts of one kind.
const VERSION: u16 = 8;
const DIGEST: usize = 32;
const HEADER: usize = MAGIC.len() + 2 + DIGEST;

/// The bytes of `state`.
pub(super) fn write(plan: &Plan, options: &Options, state: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = Vec::from(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(fingerprint(plan, options));
    let mut bytes = postcard::to_extend(state, bytes)
        .map_err(|e| malformed("state", "values that postcard can write", e.to_string()))?;
    let digest = Sha256::digest(&bytes);
    bytes.extend(digest);
    Ok(bytes)
}

/// The state in `bytes`, if they were written under the same plan and options.
pub(super) fn read<T: DeserializeOwned>(plan: &Plan, options: &Options, bytes: &[u8]) -> Result<T> {
    let Some((all, digest)) = bytes.split_last_chunk::<DIGEST>().filter(|(all, _)| all.len() >= HEADER)
    else {
        return Err(malformed(
            "size",
            &format!("at least {} bytes", HEADER + DIGEST),
            bytes.len().to_string(),
        ));
    };
    let (magic, rest) = all.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(malformed("first bytes", "`kilatLIV`", format!("{magic:02x?}")));
    }
    let (version, rest) = rest.split_at(2);
    let version = u16::from_le_bytes([version[0], version[1]]);
    if version != VERSION {
        return Err(malformed("version", &VERSION.to_string(), version.to_string()));
    }
    if Sha256::digest(all)[..] != digest[..] {
        return Err(malformed("digest", "that of the bytes before", "another: they are damaged".into()));
    }
    let (written, state) = rest.split_at(DIGEST);
    if written != fingerprint(plan, options) {
        let what = "plan of a checkpoint (rate, channels, settings, options and version of the library)";
        return Err(Error::mismatch(what, "that of this stream", "another"));
    }
    match postcard::take_from_bytes(state) {
        Ok((state, [])) => Ok(state),
        Ok((_, rest)) => Err(malformed("end", "nothing after the state", format!("{} bytes", rest.len()))),
        Err(e) => Err(malformed("state", "the values of a stream", e.to_string())),
    }
}

/// What a plan and options come down to. `Debug` of a float is the shortest text that reads back as the same float.
fn fingerprint(plan: &Plan, options: &Options) -> [u8; DIGEST] {
    let recorded: Vec<_> = plan
        .channels
        .iter()
        .map(|c| (&c.info, c.scale, c.shift, c.missing_code, c.range, &c.parts, c.pair, &c.corrector))
        .collect();
    let all = (env!("CARGO_PKG_VERSION"), &plan.config, plan.rate, recorded, plan.wiring, options);
    Sha256::digest(format!("{all:?}")).into()
}

pub(super) fn malformed(at: &str, expected: &str, found: String) -> Error {
    Error::Malformed {
        format: "kilat checkpoint",
        part: "checkpoint".into(),
        at: at.into(),
        expected: expected.into(),
        found,
    }
}
