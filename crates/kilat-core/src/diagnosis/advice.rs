//! What each cause is called, what would refute it, and what to do, in English and in Indonesian.

use super::{Cause, Lang};

/// Words about a cause.
pub(super) struct Advice {
    pub(super) name: &'static str,
    pub(super) refuted_by: &'static str,
    pub(super) recommendation: &'static str,
}

pub(super) fn of(cause: Cause, lang: Lang) -> Advice {
    let [name, refuted_by, recommendation] = match lang {
        Lang::En => english(cause),
        Lang::Id => indonesian(cause),
    };
    Advice { name, refuted_by, recommendation }
}

fn english(cause: Cause) -> [&'static str; 3] {
    match cause {
        Cause::LooseNeutral => [
            "Loose or lost neutral",
            "Line-neutral voltages that stay apart after the load of each phase is switched off in turn, or a neutral current \
             equal to the sum of the phase currents with less than a few volts between neutral and protective earth.",
            "Isolate the installation, check and re-terminate every neutral joint from the service entrance to the last board, \
             and call the utility for the joints on its side. Check wiring and grounding before anything is bought: a surge \
             protector or voltage regulator does not fix this. As a stop-gap fit an over-voltage cut-off relay.",
        ],
        Cause::Arcing => [
            "Arcing in a connection or cable",
            "The same content on all phases, or content that stays when the loads of this phase are switched off one by one; a \
             thermal image without a hot joint.",
            "Fire risk: isolate and inspect this circuit now, its terminals, plugs and cables, before it is loaded again.",
        ],
        Cause::ImpulsiveSurge => [
            "Impulsive surge (lightning-compatible)",
            "A load step, a switching operation or a blown fuse at this moment; no thunderstorm within tens of kilometres at that \
             date and time; the same impulse again at the same point of a working day.",
            "Check wiring and grounding first. Then a Type 1 surge protector at the origin when an overhead line feeds the site \
             (Iimp at least 12.5 kA 10/350 per pole), Type 2 behind it, Type 3 at loads more than 10 to 30 m away, with short \
             leads and Up below the over-voltage category of the load. If data ports died: protectors on the data lines and \
             common bonding too.",
        ],
        Cause::Generator => [
            "Supply by a generating set",
            "A steady frequency of the mains at the same moment at another site of the same network; nobody started a set.",
            "Repair or adjust governor and voltage regulator; use a UPS with a wide input window for the servers. A larger set \
             alone does not help.",
        ],
        Cause::Overload => [
            "Overloaded or weak feeder",
            "The voltage as low with the site's own load switched off.",
            "Check wiring and joints for resistance first; then reduce or distribute the load, ask the utility for a stronger \
             service line. For steady deviations of 10 to 15 % a voltage regulator, for the servers an on-line UPS.",
        ],
        Cause::Resonance => [
            "Resonance with a capacitor bank",
            "The same harmonic with all capacitors switched off.",
            "Switch the capacitor bank off or detune it with reactors before capacitors or fuses fail.",
        ],
        Cause::Fault => [
            "Short circuit cleared by protection",
            "No operation of any fuse or breaker at that moment on the side named here.",
            "Upstream: ask the utility for its fault record of this moment; an on-line UPS carries the servers through. Downstream: \
             find what tripped, and do not switch it on again before it is inspected.",
        ],
        Cause::TransformerEnergising => [
            "Transformer being energised",
            "No transformer or large iron-cored load switched on at that moment.",
            "Energise at the crest of the voltage or through a soft starter, or feed sensitive loads from a UPS.",
        ],
        Cause::CapacitorSwitching => [
            "Capacitor bank being switched",
            "No bank of the site or of the utility switched at that moment.",
            "Synchronised or pre-insertion switching of the bank; a line reactor in front of drives that trip.",
        ],
        Cause::MotorStart => [
            "Motor start",
            "No motor, pump or compressor started at that moment; a start now that does not lower the voltage.",
            "A soft starter or drive for the motor, or a circuit of its own; check wiring and joints for resistance first.",
        ],
        Cause::Notching => [
            "Notching by a converter",
            "The notches stay when the converter is switched off.",
            "A line reactor or an isolating transformer in front of the converter; keep sensitive loads on another circuit.",
        ],
        Cause::Unknown => [
            "Unknown",
            "Nothing to refute: no cause is claimed.",
            "Check wiring and grounding, then the voltage at the point of use, then the sources. Record on: currents, all \
             phases and a faster rate tell more. Answer the questions about storm, neighbours and damage.",
        ],
    }
}

fn indonesian(cause: Cause) -> [&'static str; 3] {
    match cause {
        Cause::LooseNeutral => [
            "Netral longgar atau putus",
            "Tegangan fasa-netral yang tetap berselisih setelah beban tiap fasa dilepas bergantian, atau arus netral yang sama \
             dengan jumlah arus fasa dengan tegangan netral-pembumian hanya beberapa volt.",
            "Isolasi instalasi, periksa dan pasang ulang setiap sambungan netral dari sambungan pelayanan sampai panel terakhir, \
             dan hubungi PLN untuk sambungan di sisinya. Periksa pengawatan dan pembumian sebelum membeli apa pun: arester \
             surja (SPD) atau stabilizer (AVR) tidak memperbaiki hal ini. Sebagai penanganan sementara pasang relai pemutus \
             tegangan lebih.",
        ],
        Cause::Arcing => [
            "Busur api pada sambungan atau kabel",
            "Komponen yang sama pada semua fasa, atau komponen yang tetap ada ketika beban fasa ini dilepas satu per satu; citra \
             termal tanpa sambungan panas.",
            "Bahaya kebakaran: isolasi dan periksa rangkaian ini sekarang, terminal, steker dan kabelnya, sebelum dibebani lagi.",
        ],
        Cause::ImpulsiveSurge => [
            "Surja impulsif (sesuai dengan petir)",
            "Perubahan beban, operasi pensaklaran atau sekering putus pada saat itu; tidak ada badai petir dalam puluhan kilometer \
             pada tanggal dan jam itu; impuls yang sama pada jam kerja yang sama.",
            "Periksa pengawatan dan pembumian dahulu. Kemudian SPD Tipe 1 di titik asal bila dipasok saluran udara (Iimp minimal \
             12,5 kA 10/350 per kutub), Tipe 2 di belakangnya, Tipe 3 pada beban yang jauhnya lebih dari 10 sampai 30 m, dengan \
             kawat pendek dan Up di bawah kategori tegangan lebih beban. Bila port data rusak: juga SPD jalur data dan \
             pengikatan bersama.",
        ],
        Cause::Generator => [
            "Pasokan dari genset",
            "Frekuensi jaringan yang stabil pada saat yang sama di lokasi lain dalam jaringan itu; tidak ada genset yang dijalankan.",
            "Perbaiki atau setel governor dan AVR; pakai UPS dengan jendela masukan lebar untuk server. Genset yang lebih besar \
             saja tidak menolong.",
        ],
        Cause::Overload => [
            "Penyulang berbeban lebih atau lemah",
            "Tegangan yang sama rendahnya dengan beban sendiri dilepas.",
            "Periksa dahulu tahanan pengawatan dan sambungan; lalu kurangi atau ratakan beban, minta sambungan pelayanan yang lebih \
             kuat kepada PLN. Untuk simpangan tetap 10 sampai 15 % pakai stabilizer (AVR), untuk server UPS on-line.",
        ],
        Cause::Resonance => [
            "Resonansi dengan bank kapasitor",
            "Harmonik yang sama dengan semua kapasitor dilepas.",
            "Lepaskan bank kapasitor atau beri reaktor detuning sebelum kapasitor atau sekering rusak.",
        ],
        Cause::Fault => [
            "Hubung singkat yang diputus proteksi",
            "Tidak ada sekering atau pemutus yang bekerja saat itu di sisi yang disebut di sini.",
            "Hulu: minta catatan gangguan PLN pada saat itu; UPS on-line menjaga server tetap bekerja. Hilir: cari apa yang trip, \
             dan jangan dinyalakan lagi sebelum diperiksa.",
        ],
        Cause::TransformerEnergising => [
            "Pemberian tegangan pada transformator",
            "Tidak ada transformator atau beban berinti besi yang dinyalakan saat itu.",
            "Nyalakan pada puncak tegangan atau melalui soft starter, atau pasok beban peka dari UPS.",
        ],
        Cause::CapacitorSwitching => [
            "Pensaklaran bank kapasitor",
            "Tidak ada bank kapasitor milik sendiri atau PLN yang disakelar saat itu.",
            "Pensaklaran sinkron atau dengan tahanan awal; reaktor saluran di depan drive yang trip.",
        ],
        Cause::MotorStart => [
            "Pengasutan motor",
            "Tidak ada motor, pompa atau kompresor yang diasut saat itu; pengasutan ulang yang tidak menurunkan tegangan.",
            "Soft starter atau drive untuk motor itu, atau rangkaian tersendiri; periksa dahulu tahanan pengawatan dan sambungan.",
        ],
        Cause::Notching => [
            "Takik tegangan oleh konverter",
            "Takik tetap ada ketika konverter dimatikan.",
            "Reaktor saluran atau transformator isolasi di depan konverter; beban peka pada rangkaian lain.",
        ],
        Cause::Unknown => [
            "Tidak diketahui",
            "Tidak ada yang perlu disanggah: tidak ada penyebab yang dinyatakan.",
            "Periksa pengawatan dan pembumian, lalu tegangan di titik pemakaian, lalu sumbernya. Teruskan perekaman: arus, semua \
             fasa dan laju cuplik lebih tinggi memberi tahu lebih banyak. Jawab pertanyaan tentang badai, tetangga dan kerusakan.",
        ],
    }
}
