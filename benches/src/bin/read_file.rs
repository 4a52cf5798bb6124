//! Times reading a file until every code is at hand, channels shared by threads as in an analysis; prints the seconds and the
//! sum of all codes.
//!
//! usage: `read_file FILE THREADS`
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use kilat::io::{ReadOptions, read};
use kilat::{Channel, Codes, SamplesRef};

/// Samples of a channel asked for at a time.
const BLOCK: usize = 1 << 18;

/// Sum of the codes of `channels`, floats cut to whole numbers.
fn sum(channels: &[&Channel]) -> kilat::Result<i64> {
    let (mut own, mut sum) = (Codes::default(), 0);
    for channel in channels {
        for first in (0..channel.len()).step_by(BLOCK) {
            sum += match channel.samples.read(first..channel.len().min(first + BLOCK), &mut own)? {
                // So many sum up to less than 2^31, and a sum of 32 bits takes no time beside reading.
                SamplesRef::I16(x) => {
                    let short = |part: &[i16]| part.iter().map(|v| i32::from(*v)).sum::<i32>();
                    x.chunks(1 << 15).map(|part| i64::from(short(part))).sum::<i64>()
                }
                SamplesRef::I32(x) => x.iter().map(|v| i64::from(*v)).sum(),
                SamplesRef::F32(x) => x.iter().map(|v| *v as i64).sum(),
                SamplesRef::F64(x) => x.iter().map(|v| *v as i64).sum(),
            };
        }
    }
    Ok(sum)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, threads] = &args[..] else { return Err("usage: read_file FILE THREADS".into()) };
    let threads: usize = threads.parse()?;
    let start = Instant::now();
    let capture = read(file, &ReadOptions::default())?;
    let total = std::thread::scope(|scope| {
        let one = |t| capture.channels().iter().skip(t).step_by(threads).collect::<Vec<_>>();
        let helpers: Vec<_> = (0..threads).map(|t| scope.spawn(move || sum(&one(t)))).collect();
        helpers.into_iter().map(|h| h.join().expect("a thread")).sum::<kilat::Result<i64>>()
    })?;
    writeln!(std::io::stdout(), "{} {total}", start.elapsed().as_secs_f64())?;
    Ok(())
}
