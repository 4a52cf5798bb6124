//! Words for the values that IEEE 1159.3 enumerates: its own names in lower case, without their prefix; of units the symbol.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::element::Guid;

/// What observations repeat, each in memory once: names, words, the rule by which times are counted.
#[derive(Default)]
pub(super) struct Repeated {
    texts: HashSet<Arc<str>>,
    runs: Arc<[(u64, f64)]>,
}

impl Repeated {
    /// The text as all share it.
    pub(super) fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&new));
        new
    }

    /// The runs of a rule, as the rule before has them if it is the same.
    pub(super) fn runs(&mut self, runs: &[(u64, f64)]) -> Arc<[(u64, f64)]> {
        if *self.runs != *runs {
            self.runs = runs.into();
        }
        Arc::clone(&self.runs)
    }

    /// The [`word`] of a GUID.
    pub(super) fn word(&mut self, table: Table<u128>, guid: Guid) -> Arc<str> {
        self.shared(&word(table, guid))
    }

    /// The word of a number: [`numbered`].
    pub(super) fn numbered(&mut self, table: Table<u32>, number: u32) -> Arc<str> {
        self.shared(&numbered(table, number))
    }
}

/// Values with their words.
pub(super) type Table<T> = &'static [(T, &'static str)];

/// The word of a GUID; one that the standard does not know stands for itself.
pub(super) fn word(table: Table<u128>, guid: Guid) -> Cow<'static, str> {
    let known = table.iter().find(|(g, _)| *g == guid.0);
    known.map_or_else(|| guid.to_string().into(), |(_, word)| (*word).into())
}

/// The GUID of a word, or of a GUID written as itself.
pub(super) fn guid(table: Table<u128>, word: &str) -> Option<Guid> {
    table.iter().find(|(_, w)| *w == word).map(|(g, _)| Guid(*g)).or_else(|| Guid::parse(word))
}

/// The word of a number; one that the standard does not know stands for itself.
pub(super) fn numbered(table: Table<u32>, number: u32) -> Cow<'static, str> {
    let known = table.iter().find(|(n, _)| *n == number);
    known.map_or_else(|| number.to_string().into(), |(_, word)| (*word).into())
}

/// The number of a word, or of a number written as itself.
pub(super) fn number(table: Table<u32>, word: &str) -> Option<u32> {
    table.iter().find(|(_, w)| *w == word).map(|(n, _)| *n).or_else(|| word.parse().ok())
}

/// What kind of data a channel holds.
pub(super) const QUANTITIES: Table<u128> = &[
    (0x67f6af80_f753_11cf_9d89_0080c72e70a3, "waveform"),
    (0x67f6af82_f753_11cf_9d89_0080c72e70a3, "valuelog"),
    (0x67f6af81_f753_11cf_9d89_0080c72e70a3, "phasor"),
    (0x67f6af85_f753_11cf_9d89_0080c72e70a3, "response"),
    (0x67f6af83_f753_11cf_9d89_0080c72e70a3, "flash"),
    (0x67f6af87_f753_11cf_9d89_0080c72e70a3, "histogram"),
    (0x67f6af88_f753_11cf_9d89_0080c72e70a3, "histogram3d"),
    (0x67f6af89_f753_11cf_9d89_0080c72e70a3, "cpf"),
    (0x67f6af8a_f753_11cf_9d89_0080c72e70a3, "xy"),
    (0x67f6af8b_f753_11cf_9d89_0080c72e70a3, "magdur"),
    (0x67f6af8c_f753_11cf_9d89_0080c72e70a3, "xyz"),
    (0x67f6af8d_f753_11cf_9d89_0080c72e70a3, "magdurtime"),
    (0x67f6af8e_f753_11cf_9d89_0080c72e70a3, "magdurcount"),
];

/// What a series of a channel is.
pub(super) const VALUE_TYPES: Table<u128> = &[
    (0x67f6af97_f753_11cf_9d89_0080c72e70a3, "val"),
    (0xc690e862_f755_11cf_9d89_0080c72e70a3, "time"),
    (0x67f6af98_f753_11cf_9d89_0080c72e70a3, "min"),
    (0x67f6af99_f753_11cf_9d89_0080c72e70a3, "max"),
    (0x67f6af9a_f753_11cf_9d89_0080c72e70a3, "avg"),
    (0x67f6af9b_f753_11cf_9d89_0080c72e70a3, "inst"),
    (0x3d786f9d_f76e_11cf_9d89_0080c72e70a3, "phaseangle"),
    (0xdc762340_3c56_11d2_ae44_0060083a2628, "phaseangle_min"),
    (0xdc762341_3c56_11d2_ae44_0060083a2628, "phaseangle_max"),
    (0xdc762342_3c56_11d2_ae44_0060083a2628, "phaseangle_avg"),
    (0xc7825ce0_8ace_11d3_b92f_0050da2b1f4d, "area"),
    (0xc690e864_f755_11cf_9d89_0080c72e70a3, "latitude"),
    (0xc690e863_f755_11cf_9d89_0080c72e70a3, "duration"),
    (0xc690e865_f755_11cf_9d89_0080c72e70a3, "longitude"),
    (0xc690e866_f755_11cf_9d89_0080c72e70a3, "polarity"),
    (0xc690e867_f755_11cf_9d89_0080c72e70a3, "ellipse"),
    (0xc690e869_f755_11cf_9d89_0080c72e70a3, "binid"),
    (0xc690e86a_f755_11cf_9d89_0080c72e70a3, "binhigh"),
    (0xc690e86b_f755_11cf_9d89_0080c72e70a3, "binlow"),
    (0xc690e86c_f755_11cf_9d89_0080c72e70a3, "xbinhigh"),
    (0xc690e86d_f755_11cf_9d89_0080c72e70a3, "xbinlow"),
    (0xc690e86e_f755_11cf_9d89_0080c72e70a3, "ybinhigh"),
    (0xc690e86f_f755_11cf_9d89_0080c72e70a3, "ybinlow"),
    (0xc690e870_f755_11cf_9d89_0080c72e70a3, "count"),
    (0x5369c260_c347_11d2_923f_00104b2b84b1, "transition"),
    (0x6763cc71_17d6_11d4_9f1c_002078e0b723, "prob"),
    (0x72e82a40_336c_11d5_a4b3_444553540000, "interval"),
    (0xb82b5c82_55c7_11d5_a4b3_444553540000, "status"),
    (0x67f6af9c_f753_11cf_9d89_0080c72e70a3, "p1"),
    (0x67f6af9d_f753_11cf_9d89_0080c72e70a3, "p5"),
    (0x67f6af9e_f753_11cf_9d89_0080c72e70a3, "p10"),
    (0x67f6af9f_f753_11cf_9d89_0080c72e70a3, "p90"),
    (0xc690e860_f755_11cf_9d89_0080c72e70a3, "p95"),
    (0xc690e861_f755_11cf_9d89_0080c72e70a3, "p99"),
    (0xc690e868_f755_11cf_9d89_0080c72e70a3, "frequency"),
];

/// Units.
pub(super) const UNITS: Table<u32> = &[
    (0, ""),
    (2, "s"),
    (1, "timestamp"),
    (3, "cycles"),
    (6, "V"),
    (7, "A"),
    (8, "VA"),
    (9, "W"),
    (10, "var"),
    (11, "Ω"),
    (12, "S"),
    (13, "V/A"),
    (14, "J"),
    (15, "Hz"),
    (16, "°C"),
    (17, "°"),
    (18, "dB"),
    (19, "%"),
    (20, "pu"),
    (21, "samples"),
    (22, "varh"),
    (23, "Wh"),
    (24, "VAh"),
    (25, "m/s"),
    (26, "mph"),
    (27, "bar"),
    (28, "Pa"),
    (29, "N"),
    (30, "N·m"),
    (31, "rpm"),
    (32, "rad/s"),
    (33, "m"),
    (34, "Wb·turns"),
    (35, "T"),
    (36, "Wb"),
    (37, "V/V"),
    (38, "A/A"),
    (39, "A/V"),
];

/// Conductors.
pub(super) const PHASES: Table<u32> = &[
    (0, "none"),
    (1, "an"),
    (2, "bn"),
    (3, "cn"),
    (4, "ng"),
    (5, "ab"),
    (6, "bc"),
    (7, "ca"),
    (8, "res"),
    (9, "net"),
    (13, "total"),
    (14, "ln_ave"),
    (15, "ll_ave"),
    (16, "worst"),
    (17, "plus"),
    (18, "minus"),
    (19, "general_1"),
    (20, "general_2"),
    (21, "general_3"),
    (22, "general_4"),
    (23, "general_5"),
    (24, "general_6"),
    (25, "general_7"),
    (26, "general_8"),
    (27, "general_9"),
    (28, "general_10"),
    (29, "general_11"),
    (30, "general_12"),
    (31, "general_13"),
    (32, "general_14"),
    (33, "general_15"),
    (34, "general_16"),
];

/// What is measured.
pub(super) const MEASURED: Table<u32> = &[
    (0, "none"),
    (1, "voltage"),
    (2, "current"),
    (3, "power"),
    (4, "energy"),
    (5, "temperature"),
    (6, "pressure"),
    (7, "charge"),
    (8, "efield"),
    (9, "mfield"),
    (10, "velocity"),
    (11, "bearing"),
    (12, "force"),
    (13, "torque"),
    (14, "position"),
    (15, "fluxlinkage"),
    (16, "fluxdensity"),
    (17, "status"),
];

/// What made an observation begin.
pub(super) const TRIGGERS: Table<u32> =
    &[(0, "none"), (1, "channel"), (2, "periodic"), (3, "external"), (4, "periodic_stats")];

/// Categories of disturbances.
pub(super) const DISTURBANCES: Table<u128> = &[
    (0x67f6af8f_f753_11cf_9d89_0080c72e70a3, "none"),
    (0x67f6af90_f753_11cf_9d89_0080c72e70a3, "transient"),
    (0xdd56ef60_7edd_11d2_b30a_00609789d193, "transient_impulsive"),
    (0xdd56ef61_7edd_11d2_b30a_00609789d193, "transient_impulsive_nano"),
    (0xdd56ef63_7edd_11d2_b30a_00609789d193, "transient_impulsive_micro"),
    (0xdd56ef64_7edd_11d2_b30a_00609789d193, "transient_impulsive_milli"),
    (0xdd56ef65_7edd_11d2_b30a_00609789d193, "transient_oscillatory"),
    (0xdd56ef66_7edd_11d2_b30a_00609789d193, "transient_oscillatory_lowfreq"),
    (0xdd56ef67_7edd_11d2_b30a_00609789d193, "transient_oscillatory_medfreq"),
    (0xdd56ef68_7edd_11d2_b30a_00609789d193, "transient_oscillatory_highfreq"),
    (0x67f6af91_f753_11cf_9d89_0080c72e70a3, "shortdur"),
    (0xdd56ef69_7edd_11d2_b30a_00609789d193, "shortdur_instant"),
    (0xdd56ef6a_7edd_11d2_b30a_00609789d193, "shortdur_instant_sag"),
    (0xdd56ef6b_7edd_11d2_b30a_00609789d193, "shortdur_instant_swell"),
    (0xdd56ef6c_7edd_11d2_b30a_00609789d193, "shortdur_moment"),
    (0xdd56ef6d_7edd_11d2_b30a_00609789d193, "shortdur_moment_interrupt"),
    (0xdd56ef6e_7edd_11d2_b30a_00609789d193, "shortdur_moment_sag"),
    (0xdd56ef6f_7edd_11d2_b30a_00609789d193, "shortdur_moment_swell"),
    (0xdd56ef70_7edd_11d2_b30a_00609789d193, "shortdur_temp"),
    (0xdd56ef71_7edd_11d2_b30a_00609789d193, "shortdur_temp_interrupt"),
    (0xdd56ef72_7edd_11d2_b30a_00609789d193, "shortdur_temp_sag"),
    (0xdd56ef73_7edd_11d2_b30a_00609789d193, "shortdur_temp_swell"),
    (0x67f6af92_f753_11cf_9d89_0080c72e70a3, "longdur"),
    (0xdd56ef74_7edd_11d2_b30a_00609789d193, "longdur_interrupt"),
    (0xdd56ef75_7edd_11d2_b30a_00609789d193, "longdur_sag"),
    (0xdd56ef76_7edd_11d2_b30a_00609789d193, "longdur_swell"),
    (0xdd56ef77_7edd_11d2_b30a_00609789d193, "imbalance"),
    (0xdd56ef7e_7edd_11d2_b30a_00609789d193, "powerfreqvariation"),
    (0x67f6af93_f753_11cf_9d89_0080c72e70a3, "voltagefluctuation"),
    (0x67f6af94_f753_11cf_9d89_0080c72e70a3, "wavedistort"),
    (0xdd56ef78_7edd_11d2_b30a_00609789d193, "wavedistort_dcoffset"),
    (0xdd56ef79_7edd_11d2_b30a_00609789d193, "wavedistort_harmonic"),
    (0xdd56ef7a_7edd_11d2_b30a_00609789d193, "wavedistort_interharmonic"),
    (0x67f6af95_f753_11cf_9d89_0080c72e70a3, "wavedistort_notching"),
    (0x67f6af96_f753_11cf_9d89_0080c72e70a3, "wavedistort_noise"),
];
