//! NPY: one NumPy array. `(n,)`, `(n, channels)` or `(channels, n)`, any byte order, C or Fortran order.
//!
//! The format states neither rate, names nor units: the caller does. Layout of the file: `numpy.lib.format`, versions
//! 1.0 (length of the header in two bytes), 2.0 and 3.0 (in four).

use std::path::Path;

use kilat_core::{Capture, Channel, Error, Result, TimeBase, Warning};

use crate::columns::{choose, given_rate, sample_axis};
use crate::elements::Element;
use crate::limit::Limit;
use crate::{ReadOptions, SampleAxis, Source};

const MAGIC: &[u8] = b"\x93NUMPY";

/// 255 for the magic bytes, else 0.
pub(crate) fn score(head: &[u8], _name: &str) -> u8 {
    if head.starts_with(MAGIC) { 255 } else { 0 }
}

/// Reads one array. Needs [`ReadOptions::sample_rate_hz`].
pub(crate) fn read(source: &Source, options: &ReadOptions) -> Result<Capture> {
    let part = source.name();
    let bytes = source.content()?;
    let (header, data) = Header::parse(&bytes, &part)?;
    let rate = given_rate(options, &part, "an array states no sample rate")?;

    // Numbers per sample instant, and whether those of one instant lie side by side.
    let (n, channels, interleaved) = match header.shape[..] {
        [n] => (n, 1, true),
        [rows, columns] => match sample_axis(options, rows, columns, &part)? {
            SampleAxis::Rows => (rows, columns, !header.fortran),
            SampleAxis::Columns => (columns, rows, header.fortran),
        },
        _ => {
            return Err(Error::Unsupported {
                part,
                what: format!("an array of shape {:?}", header.shape),
                hint: "save an array of one or two dimensions".into(),
            });
        }
    };
    Limit::CHANNELS.check(&part, channels as u64)?;
    let size = header.element.size();
    let declared = n.checked_mul(channels).and_then(|c| c.checked_mul(size));
    let mut warnings = Vec::new();
    let whole = match declared {
        Some(declared) if declared == data.len() => n,
        Some(declared) if declared < data.len() => {
            let extra = data.len() - declared;
            warnings.push(Warning::new(&part, format!("{extra} bytes follow the array and were left alone")));
            n
        }
        // Cut off: whole rows can be kept only when each row lies together.
        _ if interleaved && data.len() >= channels * size => {
            let whole = data.len() / (channels * size);
            let message = format!("the header declares {n} samples, {whole} are there; read those");
            warnings.push(Warning::new(&part, message));
            whole
        }
        _ => {
            let at = "array data";
            let expected = format!("{n} x {channels} numbers of {size} bytes");
            return Err(malformed(&part, at, &expected, format!("{} bytes", data.len())));
        }
    };

    let columns: Vec<Channel> = (0..channels)
        .map(|c| {
            let (bytes, first, stride) = if interleaved {
                (&data[..whole * channels * size], c, channels)
            } else {
                (&data[c * n * size..(c + 1) * n * size], 0, 1)
            };
            let samples = header.element.column(bytes, header.big_endian, first, stride).map_err(|i| {
                malformed(&part, format!("sample {i} of channel {c}"), "at most 2^53", "a larger integer")
            })?;
            Ok(Channel::new(c.to_string(), "", samples))
        })
        .collect::<Result<_>>()?;
    let numbers: Vec<usize> = (0..channels).collect();
    let chosen = choose(&columns, &numbers, &options.map, &part)?;
    let mut capture = Capture::new(TimeBase::uniform(rate, whole as u64, options.start), chosen)?;
    capture.format = "NPY".into();
    capture.source = source.full_name();
    capture.warnings = warnings;
    Ok(capture)
}

/// Writes engineering values as `(channels, n)` 64-bit floats in C order.
pub(crate) fn write(capture: &Capture, path: &Path) -> Result<Vec<String>> {
    let (channels, n) = (capture.channels().len(), capture.len() as usize);
    let mut header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({channels}, {n}), }}");
    // The data must begin at a multiple of 64; the header ends in a line feed.
    let pad = 64 - (MAGIC.len() + 4 + header.len() + 1) % 64;
    header.extend(std::iter::repeat_n(' ', pad % 64));
    header.push('\n');
    let mut out = Vec::with_capacity(128 + channels * n * 8);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[1, 0]);
    out.extend_from_slice(&(header.len() as u16).to_le_bytes());
    out.extend_from_slice(header.as_bytes());
    for channel in capture.channels() {
        out.extend(channel.values(0..n)?.into_iter().flat_map(f64::to_le_bytes));
    }
    std::fs::write(path, out).map_err(|e| Error::io(path, e))?;

    let mut lost = vec!["sample rate".to_owned(), "names, phases and units of the channels".to_owned()];
    lost.extend(crate::columns::lost_beside_values(capture));
    Ok(lost)
}

/// What the header of the file says about the array.
struct Header {
    element: Element,
    big_endian: bool,
    fortran: bool,
    shape: Vec<usize>,
}

impl Header {
    /// The header, and the bytes after it.
    fn parse<'a>(bytes: &'a [u8], part: &str) -> Result<(Self, &'a [u8])> {
        let cut = || malformed(part, "header", "a complete NPY header", "the end of the file");
        let rest = bytes
            .strip_prefix(MAGIC)
            .ok_or_else(|| malformed(part, "byte 0", "the NPY magic", "other bytes"))?;
        let (&[major, _minor], rest) = rest.split_first_chunk().ok_or_else(cut)?;
        let (len, rest) = if major == 1 {
            let (len, rest) = rest.split_first_chunk().ok_or_else(cut)?;
            (usize::from(u16::from_le_bytes(*len)), rest)
        } else if major == 2 || major == 3 {
            let (len, rest) = rest.split_first_chunk().ok_or_else(cut)?;
            (u32::from_le_bytes(*len) as usize, rest)
        } else {
            return Err(malformed(part, "byte 6", "format version 1, 2 or 3", major.to_string()));
        };
        let (header, data) = rest.split_at_checked(len).ok_or_else(cut)?;
        let text = String::from_utf8_lossy(header);
        Ok((Self::from_dict(&text, part)?, data))
    }

    /// Reads the Python dictionary of the header.
    fn from_dict(text: &str, part: &str) -> Result<Self> {
        let value = |key: &str| {
            let quoted = [format!("'{key}'"), format!("\"{key}\"")];
            quoted
                .iter()
                .find_map(|q| text.split_once(q.as_str()))
                .and_then(|(_, rest)| rest.trim_start().strip_prefix(':'))
                .map(str::trim_start)
                .ok_or_else(|| malformed(part, "header", &format!("the key '{key}'"), text.trim()))
        };
        let descr = value("descr")?;
        let quote = descr.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let dtype = quote.and_then(|q| descr[1..].split_once(q)).map_or(descr, |(dtype, _)| dtype);
        let unsupported = || Error::Unsupported {
            part: part.into(),
            what: format!("the array type {dtype}"),
            hint: "save integers or floats of at most 8 bytes".into(),
        };
        // An order mark, a class, a size: `<i2`. `|` stands before single bytes, `=` for this machine's order.
        let mut marks = dtype.chars();
        let (order, class) = (marks.next().ok_or_else(unsupported)?, marks.next().ok_or_else(unsupported)?);
        let size = marks.as_str().parse().ok();
        let element = size.and_then(|s| Element::of(class, s)).ok_or_else(unsupported)?;
        let big_endian = match order {
            '<' | '|' => false,
            '>' => true,
            '=' => cfg!(target_endian = "big"),
            _ => return Err(unsupported()),
        };
        let fortran = match value("fortran_order")? {
            v if v.starts_with("True") => true,
            v if v.starts_with("False") => false,
            v => return Err(malformed(part, "header: fortran_order", "True or False", v)),
        };
        let shape = value("shape")?;
        let sides = shape.strip_prefix('(').and_then(|s| s.split_once(')')).map(|(sides, _)| sides);
        let shape = sides
            .and_then(|s| {
                let sides = s.split(',').map(str::trim).filter(|t| !t.is_empty());
                sides.map(|t| t.trim_end_matches('L').parse().ok()).collect::<Option<Vec<usize>>>()
            })
            .ok_or_else(|| malformed(part, "header: shape", "a tuple of counts", shape))?;
        Ok(Self { element, big_endian, fortran, shape })
    }
}

fn malformed(part: &str, at: impl Into<String>, expected: &str, found: impl Into<String>) -> Error {
    let (at, found) = (at.into(), found.into());
    Error::Malformed { format: "NPY", part: part.into(), at, expected: expected.into(), found }
}

#[cfg(test)]
mod tests {
    use kilat_core::SampleRate;
    use proptest::prelude::*;

    use super::*;

    fn npy(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
        let mut out = [MAGIC, &[version, 0]].concat();
        match version {
            1 => out.extend_from_slice(&(header.len() as u16).to_le_bytes()),
            _ => out.extend_from_slice(&(header.len() as u32).to_le_bytes()),
        }
        [&out, header.as_bytes(), data].concat()
    }

    fn read_bytes(bytes: Vec<u8>, options: &ReadOptions) -> Result<Capture> {
        read(&Source::Bytes { name: "a.npy".into(), bytes }, options)
    }

    fn at_1_khz() -> ReadOptions {
        ReadOptions { sample_rate_hz: Some(1000.0), ..ReadOptions::default() }
    }

    fn dict(descr: &str, fortran: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n")
    }

    #[test]
    fn every_order_puts_the_same_value_at_the_same_place() {
        // Sample i of channel c is 10 i + c.
        let (n, channels) = (50i16, 2i16);
        let by_sample: Vec<i16> = (0..n).flat_map(|i| (0..channels).map(move |c| 10 * i + c)).collect();
        let by_channel: Vec<i16> = (0..channels).flat_map(|c| (0..n).map(move |i| 10 * i + c)).collect();
        let cases = [
            ("False", "(50, 2)", &by_sample),
            ("True", "(50, 2)", &by_channel),
            ("False", "(2, 50)", &by_channel),
            ("True", "(2, 50)", &by_sample),
        ];
        for (fortran, shape, codes) in cases {
            for (version, descr) in [(1, "<i2"), (2, ">i2"), (3, "<i2")] {
                let data: Vec<u8> = if descr == ">i2" {
                    codes.iter().flat_map(|v| v.to_be_bytes()).collect()
                } else {
                    codes.iter().flat_map(|v| v.to_le_bytes()).collect()
                };
                let c = read_bytes(npy(version, &dict(descr, fortran, shape), &data), &at_1_khz()).unwrap();
                assert_eq!((c.len(), c.channels().len()), (50, 2));
                assert_eq!(c.channels()[1].values(33..34).unwrap()[0], 331.0, "{fortran} {shape} {descr}");
            }
        }
    }

    #[test]
    fn what_is_not_said_is_asked_for() {
        let message = |shape: &str, options: &ReadOptions| {
            read_bytes(npy(1, &dict("<f8", "False", shape), &[0; 1600]), options).unwrap_err().to_string()
        };
        assert!(message("(200,)", &ReadOptions::default()).starts_with("sample_rate_hz: a.npy: "));
        assert!(message("(20, 10)", &at_1_khz()).starts_with("axis: a.npy: the shape (20, 10)"));
        assert!(message("(2, 10, 10)", &at_1_khz()).contains("[2, 10, 10] is not supported"));
        let rows = ReadOptions { axis: Some(SampleAxis::Rows), ..at_1_khz() };
        assert_eq!(
            read_bytes(npy(1, &dict("<f8", "False", "(20, 10)"), &[0; 1600]), &rows).unwrap().len(),
            20
        );
    }

    #[test]
    fn a_cut_array_keeps_its_whole_rows_when_it_can() {
        let data: Vec<u8> = (0..99i16).flat_map(i16::to_le_bytes).collect();
        let c = read_bytes(npy(1, &dict("<i2", "False", "(100, 2)"), &data), &at_1_khz()).unwrap();
        assert_eq!((c.len(), c.channels()[1].values(48..49).unwrap()[0]), (49, 97.0));
        assert_eq!(c.warnings[0].message, "the header declares 100 samples, 49 are there; read those");
        let cut = read_bytes(npy(1, &dict("<i2", "False", "(2, 100)"), &data), &at_1_khz());
        assert_eq!(
            cut.unwrap_err().to_string(),
            "a.npy: array data: expected 100 x 2 numbers of 2 bytes, found 198 bytes"
        );
    }

    #[test]
    fn bad_headers_are_refused() {
        let ok = dict("<i2", "False", "(2,)");
        for (header, version) in [
            (ok.replace("i2", "c8"), 1),
            (ok.replace("'<i2'", "[('a', '<i2')]"), 1),
            (ok.replace("False", "Maybe"), 1),
            (ok.replace("(2,)", "(-2,)"), 1),
            (ok.replace("(2,)", "(99999999999999999999999,)"), 1),
            (ok.replace("(2,)", "(9223372036854775807, 9223372036854775807)"), 1),
            (ok.replace("shape", "shap"), 1),
            (ok, 4),
        ] {
            assert!(read_bytes(npy(version, &header, &[0; 4]), &at_1_khz()).is_err(), "{header}");
        }
        let whole = npy(1, &dict("<i2", "False", "(2,)"), &[0; 4]);
        for n in 0..whole.len() - 4 {
            assert!(read_bytes(whole[..n].to_vec(), &at_1_khz()).is_err(), "{n}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(values in prop::collection::vec(any::<[f64; 3]>(), 1..80), channels in 1usize..4) {
            let n = values.len();
            let columns = (0..channels).map(|c| Channel::new("u", "V", values.iter().map(|v| v[c]).collect::<Vec<_>>()));
            let rate = SampleRate::from_hz(1000.0).unwrap();
            let capture = Capture::new(TimeBase::uniform(rate, n as u64, None), columns.collect()).unwrap();
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.npy");
            write(&capture, &path).unwrap();
            let options = ReadOptions { axis: Some(SampleAxis::Columns), ..at_1_khz() };
            let back = read(&Source::File(path), &options).unwrap();
            prop_assert_eq!(back.channels().len(), channels);
            for (a, b) in capture.channels().iter().zip(back.channels()) {
                let bits = |c: &Channel| c.values(0..n).unwrap().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                prop_assert_eq!(bits(a), bits(b));
            }
        }
    }
}
