//! The wording of findings, in English and in Indonesian.

use serde::{Deserialize, Serialize};

use super::evidence::{Evidence, NeutralEvidence};

/// Language of texts for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Indonesian.
    Id,
}

impl Lang {
    /// `value` with `decimals` decimals, with the decimal sign of the language.
    ///
    /// ```
    /// # use kilat_core::diagnosis::Lang;
    /// assert_eq!(Lang::Id.number(231.25, 1), "231,2");
    /// ```
    pub fn number(self, value: f64, decimals: usize) -> String {
        let text = format!("{value:.decimals$}");
        match self {
            Self::En => text,
            Self::Id => text.replace('.', ","),
        }
    }
}

/// A finding in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Name of the cause.
    pub cause: String,
    /// What speaks for it.
    pub rules_for: Vec<String>,
    /// What speaks against it.
    pub rules_against: Vec<String>,
    /// What measurement would refute it.
    pub refuted_by: String,
    /// What to do.
    pub recommendation: String,
}

pub(super) fn of(evidence: &Evidence, lang: Lang) -> Text {
    match (evidence, lang) {
        (Evidence::LooseNeutral(e), Lang::En) => neutral_en(e),
        (Evidence::LooseNeutral(e), Lang::Id) => neutral_id(e),
    }
}

fn neutral_en(e: &NeutralEvidence) -> Text {
    let n = |v, d| Lang::En.number(v, d);
    let at = e.worst_utc.as_ref().map_or(String::new(), |t| format!(" ({t})"));
    let mut rules_for = vec![
        format!(
            "N1: the line-neutral voltages lie {} % of Udin apart at {} s{at}, the line-line voltages only {} %",
            n(e.line_neutral_spread_pct, 1),
            n(e.worst_s, 2),
            n(e.line_line_spread_pct, 1)
        ),
        format!("N1: zero-sequence unbalance u0 = {} % with u2 = {} %", n(e.u0_pct, 1), n(e.u2_pct, 2)),
        format!(
            "N1: {} rises to {} pu and {} falls to {} pu; they stay apart for {} s in all",
            e.highest_channel,
            n(e.highest_pu, 3),
            e.lowest_channel,
            n(e.lowest_pu, 3),
            n(e.duration_s, 1)
        ),
    ];
    let mut rules_against = Vec::new();
    if e.follows_load() {
        rules_for.push(format!(
            "N1: the distance moves by {} % of Udin while no line-line voltage moves by more than {} %, as load steps on a \
             floating neutral do",
            n(e.spread_change_pct, 1),
            n(e.line_line_change_pct, 1)
        ));
    } else {
        rules_against.push(format!(
            "N2: the distance moves by only {} % of Udin (line-line {} %), so no load step confirms a floating neutral",
            n(e.spread_change_pct, 1),
            n(e.line_line_change_pct, 1)
        ));
    }
    if !e.both_sides() {
        rules_against.push("N1: no phase is above 1.1 pu while another is below 0.9 pu".into());
    }
    if e.sound_neutral_could() {
        rules_against.push(
            "N2: a long, sound neutral under grossly unequal loads can move the voltages this far".into(),
        );
    }
    if e.like_an_earth_fault() {
        rules_against.push("an earth fault on one phase of an unearthed system looks the same".into());
    }
    match e.i0_pct {
        Some(i0) if e.neutral_is_dead() => {
            rules_for.push(format!(
                "N2: the phase currents sum to nearly nothing (i0 = {} %): no return path",
                n(i0, 1)
            ));
        }
        Some(i0) => rules_against.push(format!(
            "N2: the neutral still carries current (i0 = {} %): loose rather than lost",
            n(i0, 1)
        )),
        None => rules_against.push("N2: the neutral current is not measured".into()),
    }
    Text {
        cause: "Loose or lost neutral".into(),
        rules_for,
        rules_against,
        refuted_by: "Line-neutral voltages that stay apart after the load of each phase is switched off in turn, or a \
                     neutral current equal to the sum of the phase currents with less than a few volts between neutral \
                     and protective earth."
            .into(),
        recommendation: "Isolate the installation, check and re-terminate every neutral joint from the service entrance \
                         to the last board, and call the utility for the joints on its side. Check wiring and grounding \
                         before anything is bought: a surge protector or voltage regulator does not fix this. As a \
                         stop-gap fit an over-voltage cut-off relay."
            .into(),
    }
}

fn neutral_id(e: &NeutralEvidence) -> Text {
    let n = |v, d| Lang::Id.number(v, d);
    let at = e.worst_utc.as_ref().map_or(String::new(), |t| format!(" ({t})"));
    let mut rules_for = vec![
        format!(
            "N1: tegangan fasa-netral berselisih {} % dari Udin pada {} s{at}, sedangkan tegangan fasa-fasa hanya {} %",
            n(e.line_neutral_spread_pct, 1),
            n(e.worst_s, 2),
            n(e.line_line_spread_pct, 1)
        ),
        format!(
            "N1: ketidakseimbangan urutan nol u0 = {} % dengan u2 = {} %",
            n(e.u0_pct, 1),
            n(e.u2_pct, 2)
        ),
        format!(
            "N1: {} naik sampai {} pu dan {} turun sampai {} pu; keadaan ini berlangsung {} s seluruhnya",
            e.highest_channel,
            n(e.highest_pu, 3),
            e.lowest_channel,
            n(e.lowest_pu, 3),
            n(e.duration_s, 1)
        ),
    ];
    let mut rules_against = Vec::new();
    if e.follows_load() {
        rules_for.push(format!(
            "N1: selisih itu bergerak {} % dari Udin sementara tegangan fasa-fasa bergerak tidak lebih dari {} %, seperti \
             perubahan beban pada netral yang mengambang",
            n(e.spread_change_pct, 1),
            n(e.line_line_change_pct, 1)
        ));
    } else {
        rules_against.push(format!(
            "N2: selisih itu hanya bergerak {} % dari Udin (fasa-fasa {} %), sehingga tidak ada perubahan beban yang \
             menguatkan dugaan netral mengambang",
            n(e.spread_change_pct, 1),
            n(e.line_line_change_pct, 1)
        ));
    }
    if !e.both_sides() {
        rules_against.push("N1: tidak ada fasa di atas 1,1 pu sementara fasa lain di bawah 0,9 pu".into());
    }
    if e.sound_neutral_could() {
        rules_against.push(
            "N2: netral yang panjang dan baik dengan beban sangat tidak seimbang dapat menggeser tegangan sejauh ini".into(),
        );
    }
    if e.like_an_earth_fault() {
        rules_against.push("gangguan satu fasa ke tanah pada sistem tidak dibumikan tampak sama".into());
    }
    match e.i0_pct {
        Some(i0) if e.neutral_is_dead() => rules_for.push(format!(
            "N2: jumlah arus ketiga fasa hampir nol (i0 = {} %): tidak ada jalur balik",
            n(i0, 1)
        )),
        Some(i0) => rules_against
            .push(format!("N2: netral masih mengalirkan arus (i0 = {} %): longgar, bukan putus", n(i0, 1))),
        None => rules_against.push("N2: arus netral tidak diukur".into()),
    }
    Text {
        cause: "Netral longgar atau putus".into(),
        rules_for,
        rules_against,
        refuted_by: "Tegangan fasa-netral yang tetap berselisih setelah beban tiap fasa dilepas bergantian, atau arus netral \
                     yang sama dengan jumlah arus fasa dengan tegangan netral-pembumian hanya beberapa volt."
            .into(),
        recommendation: "Isolasi instalasi, periksa dan pasang ulang setiap sambungan netral dari sambungan pelayanan sampai \
                         panel terakhir, dan hubungi PLN untuk sambungan di sisinya. Periksa pengawatan dan pembumian \
                         sebelum membeli apa pun: arester surja (SPD) atau stabilizer (AVR) tidak memperbaiki hal ini. \
                         Sebagai penanganan sementara pasang relai pemutus tegangan lebih."
            .into(),
    }
}
