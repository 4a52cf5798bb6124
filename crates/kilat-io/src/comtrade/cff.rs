//! The single-file form: cfg, inf, hdr and dat in one `.cff`, each after a separator line.

use std::ops::Range;

use kilat_core::{Error, Result, Warning};

/// Where the parts of a cff are in its bytes.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Sections {
    pub(super) cfg: Option<Range<usize>>,
    pub(super) inf: Option<Range<usize>>,
    pub(super) hdr: Option<Range<usize>>,
    pub(super) dat: Option<Range<usize>>,
    /// Encoding that the separator of the dat names.
    pub(super) dat_format: Option<String>,
    pub(super) warnings: Vec<Warning>,
}

/// What a separator line such as `--- file type: DAT BINARY: 702 ---` says.
#[derive(Debug, PartialEq)]
struct Separator {
    kind: String,
    format: String,
    /// Bytes of the section: the only safe end of binary data.
    bytes: Option<u64>,
}

/// True when `head` begins with a separator.
pub(super) fn looks_like_cff(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let first = head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).find(|l| !l.is_empty());
    first.is_some_and(|l| separator(l).is_some())
}

/// True for a line that begins a section.
pub(super) fn is_separator(line: &str) -> bool {
    separator(line.as_bytes()).is_some()
}

/// Finds the sections of the file called `part`.
pub(super) fn sections(part: &str, bytes: &[u8]) -> Result<Sections> {
    let mut out = Sections::default();
    let mut open: Option<(String, usize)> = None;
    let mut at = 0;
    while at < bytes.len() {
        let line = bytes[at..].split(|b| *b == b'\n').next().unwrap_or_default();
        let next = (at + line.len() + 1).min(bytes.len());
        let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        if let Some(separator) = separator(line) {
            close(&mut out, open.take(), at);
            at = begin(&mut out, &mut open, &separator, part, next, bytes.len())?;
        } else {
            at = next;
        }
    }
    close(&mut out, open, bytes.len());
    Ok(out)
}

/// Begins a section at `start`; returns where to look for the next separator.
fn begin(
    out: &mut Sections,
    open: &mut Option<(String, usize)>,
    separator: &Separator,
    part: &str,
    start: usize,
    len: usize,
) -> Result<usize> {
    if separator.format.contains("BASE64") {
        return Err(Error::Unsupported {
            part: part.into(),
            what: format!("DAT {} (a draft of the standard)", separator.format),
            hint: "save it as BINARY, BINARY32, FLOAT32 or ASCII".into(),
        });
    }
    let is_dat = separator.kind == "DAT";
    if is_dat && !separator.format.is_empty() {
        out.dat_format.get_or_insert_with(|| separator.format.clone());
    }
    let is_ascii = matches!(separator.format.as_str(), "" | "ASCII");
    let end = match separator.bytes {
        Some(bytes) if is_dat && !is_ascii => {
            let there = (len - start) as u64;
            if bytes > there {
                let message = format!("{bytes} bytes of data announced, {there} there; those are read");
                out.warnings.push(Warning::new(format!("{part}: DAT"), message));
            }
            start + bytes.min(there) as usize
        }
        // Binary data without a count may hold anything that looks like a separator: it runs to the end.
        None if is_dat && !is_ascii => len,
        _ => {
            *open = Some((separator.kind.clone(), start));
            return Ok(start);
        }
    };
    out.dat.get_or_insert(start..end);
    Ok(end)
}

fn close(out: &mut Sections, open: Option<(String, usize)>, end: usize) {
    let Some((kind, start)) = open else { return };
    let slot = match kind.as_str() {
        "CFG" => &mut out.cfg,
        "INF" => &mut out.inf,
        "HDR" => &mut out.hdr,
        _ => &mut out.dat,
    };
    slot.get_or_insert(start..end);
}

/// Reads a separator leniently: two dashes or more, any case, with or without the colons.
fn separator(line: &[u8]) -> Option<Separator> {
    let line = line.trim_ascii();
    if !line.starts_with(b"--") || line.len() > 200 {
        return None;
    }
    let text = str::from_utf8(line).ok()?.trim_matches('-').trim().to_ascii_uppercase();
    let rest = text.strip_prefix("FILE")?.trim_start().strip_prefix("TYPE")?;
    let mut words = rest.split([' ', ':', '\t']).filter(|w| !w.is_empty());
    let kind = words.next().filter(|k| matches!(*k, "CFG" | "INF" | "HDR" | "DAT"))?.to_owned();
    let mut words: Vec<_> = words.collect();
    let bytes = words.last().and_then(|w| w.parse().ok());
    if bytes.is_some() {
        words.pop();
    }
    Some(Separator { kind, format: words.join(" "), bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sep(line: &str) -> Option<(String, String, Option<u64>)> {
        separator(line.as_bytes()).map(|s| (s.kind, s.format, s.bytes))
    }

    #[test]
    fn separators_as_products_write_them() {
        assert_eq!(sep("--- file type: CFG ---\r").unwrap(), ("CFG".into(), String::new(), None));
        assert_eq!(
            sep("--- file type: DAT FLOAT32: 4214 ---").unwrap(),
            ("DAT".into(), "FLOAT32".into(), Some(4214))
        );
        assert_eq!(sep("--- File Type: DAT ascii ---").unwrap(), ("DAT".into(), "ASCII".into(), None));
        assert_eq!(sep("-- file type  HDR ---").unwrap(), ("HDR".into(), String::new(), None));
        assert_eq!(sep("--- file type: DAT BINARY base64 ---").unwrap().1, "BINARY BASE64");
        for not in ["1,2,3", "--- comment ---", "--", "--- file type: EXE ---"] {
            assert_eq!(sep(not), None);
        }
    }

    #[test]
    fn the_byte_count_ends_binary_data_even_when_it_holds_a_separator() {
        let trap = b"--- file type: CFG ---\n";
        let head =
            format!("--- file type: CFG ---\ncfg\n--- file type: DAT BINARY: {} ---\r\n", trap.len() + 2);
        let tail = b"--- file type: HDR ---\nlate";
        let bytes = [head.as_bytes(), b"\n\0", trap, tail].concat();
        let s = sections("x.cff", &bytes).unwrap();
        assert_eq!(&bytes[s.cfg.unwrap()], b"cfg\n");
        assert_eq!(&bytes[s.dat.unwrap()], &bytes[head.len()..head.len() + trap.len() + 2]);
        assert_eq!(&bytes[s.hdr.unwrap()], b"late");
    }

    #[test]
    fn a_count_beyond_the_end_is_a_warning() {
        let s = sections("x.cff", b"--- file type: DAT BINARY: 99 ---\n1234").unwrap();
        assert_eq!(s.dat, Some(34..38));
        assert_eq!(
            s.warnings[0].to_string(),
            "x.cff: DAT: 99 bytes of data announced, 4 there; those are read"
        );
    }

    #[test]
    fn draft_base64_is_unsupported() {
        let e = sections("x.cff", b"--- file type: DAT BINARY base64 ---\n\"AA==\"").unwrap_err();
        assert!(matches!(e, Error::Unsupported { .. }), "{e}");
    }
}
