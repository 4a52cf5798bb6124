//! Text of unknown encoding: cfg, hdr and inf files say nothing about theirs, and each may have its own.

use encoding_rs::{Encoding, GBK, IBM866, UTF_8, WINDOWS_1251, WINDOWS_1252};

/// Decodes `bytes`. A byte that does not decode becomes U+FFFD: a damaged name never costs the samples.
///
/// A byte order mark decides, then valid UTF-8; else the share of typical bytes does (see [`guess`]).
pub(crate) fn decode(bytes: &[u8]) -> String {
    let encoding = match Encoding::for_bom(bytes) {
        Some((by_mark, _)) => by_mark,
        None if is_nearly_utf8(bytes) => UTF_8,
        None => guess(bytes),
    };
    encoding.decode(bytes).0.into_owned()
}

/// True for UTF-8 in which at most one multi-byte character in six is broken, as when a device cuts names at a byte count.
fn is_nearly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut broken) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    broken == 0 || broken * 5 <= good
}

/// The most likely of the encodings met in recordings, from the bytes above 0x7F:
///
/// * Western (Windows-1252, a superset of ISO-8859-1): words are mostly ASCII letters with some such bytes between, or
///   most such bytes stand alone beside an ASCII letter (`°C`, `µA`);
/// * Windows-1251: 9 in 10 are Cyrillic letters there (0xC0 up), and capitals do not follow small letters;
/// * IBM 866: 9 in 10 are Cyrillic letters there (0x80–0xAF, 0xE0–0xF1);
/// * GBK: what is left, when it decodes with few errors.
fn guess(bytes: &[u8]) -> &'static Encoding {
    let is_high = |b: u8| b >= 0x80;
    let (mut ascii_letters, mut high) = (0, 0);
    for word in bytes.split(|b| b.is_ascii() && !b.is_ascii_alphabetic()) {
        let h = word.iter().filter(|b| is_high(**b)).count();
        if h > 0 {
            high += h;
            ascii_letters += word.len() - h;
        }
    }
    let (mut runs, mut beside_ascii, mut end) = (0, 0, 0);
    for run in bytes.chunk_by(|a, b| is_high(*a) == is_high(*b)) {
        let start = end;
        end += run.len();
        if is_high(run[0]) {
            let is_letter =
                |at: Option<usize>| at.and_then(|i| bytes.get(i)).is_some_and(u8::is_ascii_alphabetic);
            runs += 1;
            beside_ascii +=
                usize::from(run.len() == 1 && (is_letter(start.checked_sub(1)) || is_letter(Some(end))));
        }
    }
    let count = |f: fn(u8) -> bool| bytes.iter().filter(|b| f(**b)).count();
    let most = |n: usize| n * 10 >= high * 9;
    let in_1251 = count(|b| b >= 0xC0);
    let in_866 = count(|b| matches!(b, 0x80..=0xAF | 0xE0..=0xF1));
    let is_small = |b: u8| b >= 0xE0;
    let small_then_capital =
        bytes.windows(2).filter(|w| is_small(w[0]) && (0xC0..0xE0).contains(&w[1])).count();
    if ascii_letters > high || beside_ascii * 2 > runs {
        WINDOWS_1252
    } else if most(in_1251) && in_1251 >= in_866 && small_then_capital * 10 <= high {
        WINDOWS_1251
    } else if most(in_866) {
        IBM866
    } else {
        let (text, _, _) = GBK.decode(bytes);
        let errors = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
        if errors * 20 <= high { GBK } else { WINDOWS_1252 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: &str, encoding: &'static Encoding) {
        let (bytes, _, lossy) = encoding.encode(text);
        assert!(!lossy, "{text}");
        assert_eq!(decode(&bytes), text, "{}", encoding.name());
    }

    #[test]
    fn every_encoding_met_in_recordings_is_recognised() {
        for text in ["Релематика,Типовой проект", "СИРИУС-2-Л,17110318", "Ia,Iв,Не подкл."]
        {
            round_trip(text, WINDOWS_1251);
            round_trip(text, IBM866);
            round_trip(text, UTF_8);
        }
        for text in ["220kV母线_Ua,电压3 Ub", "南瑞继保,换流器保护单元", "东北侧换流变"]
        {
            round_trip(text, GBK);
            round_trip(text, UTF_8);
        }
        for text in ["Estação de Medição,Oscilógrafo", "Umspannwerk Köln Süd", "50 °C"] {
            round_trip(text, WINDOWS_1252);
            round_trip(text, UTF_8);
        }
    }

    #[test]
    fn a_mark_is_dropped_and_a_cut_character_is_one_replacement() {
        assert_eq!(decode("\u{feff}A,B".as_bytes()), "A,B");
        let cut = [&"Подстанция".as_bytes()[..19], b",1999"].concat();
        assert_eq!(decode(&cut), "Подстанци\u{fffd},1999");
        assert_eq!(decode(b""), "");
    }
}
