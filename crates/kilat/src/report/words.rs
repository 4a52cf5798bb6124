//! Every fixed text of the report, in each language.

use kilat_core::diagnosis::recurrence::Disturbance;
use kilat_core::diagnosis::{Cause, Lang};
use kilat_core::limits::curves::Region;
use kilat_core::{EventKind, TransientKind, Wiring};
use serde::Serialize;

macro_rules! words {
    ($($name:ident: $en:literal, $id:literal;)*) => {
        /// Fixed texts, one field each, so that no language can miss one.
        #[derive(Debug, Clone, Copy, Serialize)]
        pub(super) struct Words {
            $(pub $name: &'static str,)*
        }
        const EN: Words = Words { $($name: $en,)* };
        const ID: Words = Words { $($name: $id,)* };
    };
}

words! {
    code: "en", "id";
    report: "Power-quality report", "Laporan kualitas daya";
    station: "Station", "Gardu / lokasi";
    device: "Recorder", "Alat perekam";
    file: "File", "Berkas";
    format: "Format", "Format";
    fingerprint: "SHA-256 of the file", "SHA-256 berkas";
    start: "Start (UTC)", "Mulai (UTC)";
    unknown: "not stated", "tidak dinyatakan";
    duration: "Duration", "Durasi";
    rate: "Sampling", "Pencuplikan";
    samples: "samples per channel", "cuplikan per kanal";
    several_rates: "several rates", "beberapa laju";
    wiring: "Wiring", "Pengawatan";
    channels: "Channels", "Kanal";
    udin: "Declared voltage Udin", "Tegangan deklarasi Udin";
    nominal_frequency: "Nominal frequency", "Frekuensi nominal";
    thresholds: "Thresholds (% of Udin)", "Ambang (% dari Udin)";
    dip: "dip", "kedip";
    swell: "swell", "lonjakan";
    interruption: "interruption", "interupsi";
    hysteresis: "hysteresis", "histeresis";
    class: "Measurement class", "Kelas pengukuran";
    software: "Software", "Perangkat lunak";
    assumed: "assumed", "diasumsikan";
    summary: "Summary", "Ringkasan";
    dips: "dips", "kedip tegangan";
    swells: "swells", "lonjakan tegangan";
    interruptions: "interruptions", "interupsi";
    transients: "transients", "transien";
    findings: "Probable cause", "Penyebab yang mungkin";
    confidence: "confidence", "tingkat keyakinan";
    evidence_for: "Speaks for it", "Yang mendukung";
    evidence_against: "Speaks against it", "Yang melemahkan";
    refuted_by: "What would refute it", "Yang akan menggugurkannya";
    recommendation: "What to do", "Tindakan yang disarankan";
    from_to: "Evidence from", "Bukti dari";
    no_finding: "No rule of the diagnosis applies to this recording. The cause of what is listed below is unknown.",
        "Tidak ada aturan diagnosis yang berlaku pada rekaman ini. Penyebab kejadian di bawah ini tidak diketahui.";
    not_sought: "No cause was sought: parts of the measurement were left out, as asked for.",
        "Penyebab tidak dicari: sebagian pengukuran tidak dilakukan, sesuai permintaan.";
    events: "Dips, swells and interruptions", "Kedip, lonjakan, dan interupsi tegangan";
    no_events: "None: every Urms(1/2) stays within the thresholds.", "Tidak ada: semua Urms(1/2) berada di dalam ambang.";
    kind: "Kind", "Jenis";
    phases: "Channels", "Kanal";
    start_utc: "Start (UTC)", "Mulai (UTC)";
    start_s: "Start (s)", "Mulai (s)";
    duration_s: "Duration (s)", "Durasi (s)";
    extreme_v: "Residual / extreme (V)", "Sisa / ekstrem (V)";
    extreme_pu: "pu", "pu";
    depth: "Depth (%)", "Kedalaman (%)";
    category: "IEEE 1159", "IEEE 1159";
    region: "ITIC region", "Daerah ITIC";
    remarks: "Remarks", "Catatan";
    system: "system", "sistem";
    open: "not over at the end of the record", "belum selesai di akhir rekaman";
    depth_note: "Depth is the distance from Udin, positive below it, negative above it. A system event contains those of its channels.",
        "Kedalaman adalah selisih dari Udin, positif di bawahnya, negatif di atasnya. Kejadian sistem mencakup kejadian kanal-kanalnya.";
    peak_v: "Departure (V)", "Simpangan (V)";
    peak_pu: "Departure (pu of √2·Udin)", "Simpangan (pu dari √2·Udin)";
    instant_pu: "Instantaneous peak (pu)", "Puncak sesaat (pu)";
    rise: "Rise (µs)", "Waktu naik (µs)";
    ringing: "Ringing (Hz)", "Osilasi (Hz)";
    transient_length: "Duration (ms)", "Durasi (ms)";
    unresolved: "faster than the sampling resolves: peak and front are lower limits",
        "lebih cepat dari laju pencuplikan: puncak dan muka gelombang adalah batas bawah";
    lower_limit: "lower limit", "batas bawah";
    lower_limit_note: "Lower limit: the transient is faster than the sampling resolves, so its true peak is larger and its front shorter than shown.",
        "Batas bawah: transien lebih cepat dari laju pencuplikan, sehingga puncak sebenarnya lebih besar dan muka gelombangnya lebih singkat.";
    clipped: "converter at its limit: the true peak is larger", "pengubah jenuh: puncak sebenarnya lebih besar";
    rapid_changes: "rapid voltage changes", "perubahan tegangan cepat";
    rapid: "Rapid voltage changes", "Perubahan tegangan cepat";
    steady_change: "ΔUss (V)", "ΔUss (V)";
    steady_change_pct: "ΔUss (% of Udin)", "ΔUss (% dari Udin)";
    largest_change: "ΔUmax (V)", "ΔUmax (V)";
    largest_change_pct: "ΔUmax (% of Udin)", "ΔUmax (% dari Udin)";
    rapid_note: "From one steady second to the next without a dip or swell (IEC 61000-4-30, 5.11). Duration 0 is a single step.",
        "Dari satu detik yang mantap ke yang berikutnya tanpa kedip atau lonjakan (IEC 61000-4-30, 5.11). Durasi 0 adalah satu langkah tunggal.";
    itic: "Events on the ITIC curve", "Kejadian pada kurva ITIC";
    itic_note: "ITIC (CBEMA) curve: single-phase 120 V, 60 Hz information-technology equipment.",
        "Kurva ITIC (CBEMA): peralatan teknologi informasi satu fasa 120 V, 60 Hz.";
    indicative: "At this nominal voltage it is indicative only.", "Pada tegangan nominal ini kurva hanya bersifat indikatif.";
    itic_peak: "Transients are placed by their instantaneous peak, hollow where the sampling gives a lower limit only.",
        "Transien ditempatkan menurut puncak sesaatnya; lingkaran kosong bila pencuplikan hanya memberi batas bawah.";
    prohibited: "prohibited: damage possible", "terlarang: kerusakan mungkin terjadi";
    no_damage: "no damage, may stop working", "tanpa kerusakan, dapat berhenti bekerja";
    no_interruption: "works on", "tetap bekerja";
    unstated: "not stated by the curve", "tidak dinyatakan oleh kurva";
    prohibited_short: "prohibited", "terlarang";
    no_damage_short: "no damage", "tanpa kerusakan";
    no_interruption_short: "no interruption", "tanpa gangguan";
    unstated_short: "not stated", "tidak dinyatakan";
    waveforms: "Waveforms", "Bentuk gelombang";
    voltages: "Voltages", "Tegangan";
    currents: "Currents", "Arus";
    shown_part: "The event is longer than this view, which ends", "Kejadian lebih panjang daripada gambar ini, yang berakhir";
    shown_after: "after its start.", "setelah awalnya.";
    whole: "The whole recording", "Seluruh rekaman";
    urms_half: "Urms(1/2)", "Urms(1/2)";
    line_neutral: "Line-neutral voltages, r.m.s.", "Tegangan fasa-netral, r.m.s.";
    line_line: "Line-line voltages, r.m.s.", "Tegangan fasa-fasa, r.m.s.";
    side_by_side: "Both drawings have the same scale. A loose or lost neutral moves the left one apart and leaves the right one still.",
        "Kedua gambar memakai skala yang sama. Netral yang longgar atau putus membuat gambar kiri terpisah sedangkan gambar kanan tetap.";
    irms: "Currents, r.m.s.", "Arus, r.m.s.";
    ten_minutes: "Voltages over 10 min, r.m.s.", "Tegangan selama 10 menit, r.m.s.";
    flicker: "Flicker", "Flicker (kedipan cahaya)";
    pst_values: "Values of Pst", "Jumlah nilai Pst";
    pst_flagged: "of them flagged", "di antaranya bertanda";
    pst_median: "Median Pst", "Median Pst";
    pst_largest: "Largest Pst", "Pst terbesar";
    plt_largest: "Largest Plt", "Plt terbesar";
    flicker_note: "Pst over 10 min and Plt over 2 h of the clock (IEC 61000-4-15), flagged values included.",
        "Pst per 10 menit dan Plt per 2 jam menurut jam (IEC 61000-4-15), termasuk nilai bertanda.";
    quantities: "Measured quantities", "Besaran terukur";
    channel: "Channel", "Kanal";
    lowest_half: "Lowest Urms(1/2) (V)", "Urms(1/2) terendah (V)";
    highest_half: "Highest Urms(1/2) (V)", "Urms(1/2) tertinggi (V)";
    median_rms: "Median r.m.s.", "Median r.m.s.";
    fundamental: "Median fundamental", "Median fundamental";
    thd: "Median THD, subgroups (%)", "Median THD, subgrup (%)";
    thd_max: "Largest THD (%)", "THD terbesar (%)";
    thd_note: "THD from harmonic subgroups, in % of the fundamental subgroup (IEC 61000-4-7).",
        "THD dari subgrup harmonisa, dalam % subgrup fundamental (IEC 61000-4-7).";
    frequency: "Frequency", "Frekuensi";
    frequency_basic: "basic intervals", "interval dasar";
    frequency_ten: "10-s values", "nilai 10 detik";
    unbalance: "Unbalance", "Ketidakseimbangan";
    quantity: "Quantity", "Besaran";
    median: "Median", "Median";
    smallest: "Smallest", "Terkecil";
    largest: "Largest", "Terbesar";
    u2: "Voltage, negative sequence u2 (%)", "Tegangan, urutan negatif u2 (%)";
    u0: "Voltage, zero sequence u0 (%)", "Tegangan, urutan nol u0 (%)";
    i2: "Current, negative sequence (%)", "Arus, urutan negatif (%)";
    i0: "Current, zero sequence (%)", "Arus, urutan nol (%)";
    power: "Power (medians)", "Daya (median)";
    pair: "Phase", "Fasa";
    active: "P (W)", "P (W)";
    reactive: "Q1 (var)", "Q1 (var)";
    apparent: "S (VA)", "S (VA)";
    power_factor: "PF", "Faktor daya";
    energy: "Energy over the recording", "Energi selama rekaman";
    energy_of: "Of", "Milik";
    energy_all: "All together", "Seluruhnya";
    energy_import: "Import (Wh)", "Impor (Wh)";
    energy_export: "Export (Wh)", "Ekspor (Wh)";
    energy_reactive: "Reactive, quadrants I / II / III / IV (varh)", "Reaktif, kuadran I / II / III / IV (varh)";
    energy_apparent: "Apparent (VAh)", "Semu (VAh)";
    energy_counted: "Time counted", "Waktu terhitung";
    energy_note: "Every sample of a basic interval counts once. Import flows into the load; quadrant I is import with a lagging current, II and III are export, IV is import with a leading current.",
        "Setiap cuplikan dalam interval dasar dihitung sekali. Impor mengalir ke beban; kuadran I adalah impor dengan arus tertinggal, II dan III adalah ekspor, IV adalah impor dengan arus mendahului.";
    harmonics: "Harmonics", "Harmonisa";
    harmonic_v: "Voltage harmonics", "Harmonisa tegangan";
    harmonic_i: "Current harmonics", "Harmonisa arus";
    order: "Harmonic order", "Orde harmonisa";
    percent_fundamental: "Subgroup (% of fundamental)", "Subgrup (% fundamental)";
    spectrum_usable: "Median of the basic intervals without any flag", "Median interval dasar tanpa tanda apa pun";
    spectrum_all: "Median of all basic intervals, because every one is flagged", "Median seluruh interval dasar, karena semuanya bertanda";
    intervals: "intervals", "interval";
    time_s: "Time from the start (s)", "Waktu dari awal (s)";
    time_min: "Time from the start (min)", "Waktu dari awal (menit)";
    time_h: "Time from the start (h)", "Waktu dari awal (jam)";
    time_event: "Time from the start of the event (ms)", "Waktu dari awal kejadian (ms)";
    duration_axis: "Duration", "Durasi";
    percent_nominal: "Voltage (% of Udin)", "Tegangan (% dari Udin)";
    voltage_v: "Voltage (V)", "Tegangan (V)";
    current_a: "Current (A)", "Arus (A)";
    voltage_pct: "Voltage (% of nominal)", "Tegangan (% nominal)";
    frequency_hz: "Frequency (Hz)", "Frekuensi (Hz)";
    record: "Quality of the recording", "Mutu rekaman";
    gaps: "Gaps", "Celah rekaman";
    no_gaps: "No gap in the recording.", "Tidak ada celah dalam rekaman.";
    gap_at: "Before sample", "Sebelum cuplikan";
    gap_length: "Length (s)", "Panjang (s)";
    warnings: "Assumptions, warnings, and what the recording could not support",
        "Asumsi, peringatan, dan hal yang tidak didukung rekaman";
    warnings_language: "", "Teks berikut berasal dari perangkat lunak dan berbahasa Inggris.";
    place: "Place", "Tempat";
    message: "Message", "Pesan";
    no_warnings: "None.", "Tidak ada.";
    flagged: "Flagged basic intervals", "Interval dasar bertanda";
    left_out: "left out here; the tables of the analysis hold all of them", "tidak ditampilkan di sini; tabel analisis memuat semuanya";
    not_drawn: "Channels not drawn", "Kanal yang tidak digambar";
    footer: "Quantities are computed per IEC 61000-4-30; this software is not a certified instrument.",
        "Besaran dihitung menurut IEC 61000-4-30; perangkat lunak ini bukan instrumen bersertifikat.";
    footer_flags: "Values that overlap an event are kept and flagged; the medians of the harmonics leave them out.",
        "Nilai yang beririsan dengan kejadian tetap disimpan dan ditandai; median harmonisa tidak memakainya.";
    compliance: "Compliance", "Kesesuaian dengan standar";
    compliance_note: "A share of a week is only known after a week. Before, a verdict is given only where it is certain whatever the rest holds; of the single harmonics only those violated are shown, or else the one nearest to its limit. The margin is the distance of the measured statistic from the limit, negative beyond it.",
        "Bagian dari seminggu baru diketahui setelah seminggu. Sebelum itu putusan hanya diberikan bila sudah pasti apa pun sisanya; dari harmonisa tunggal hanya yang melanggar yang ditampilkan, atau yang terdekat dengan batasnya. Margin adalah jarak statistik terukur dari batas, negatif bila melampauinya.";
    compliance_language: "", "Alasan dan catatan berikut berasal dari perangkat lunak dan berbahasa Inggris.";
    clause: "Clause", "Pasal";
    values_within: "Values within", "Nilai yang harus terpenuhi";
    limit: "Limit", "Batas";
    measured: "Measured", "Terukur";
    margin: "Margin", "Margin";
    worst_value: "Worst value", "Nilai terburuk";
    verdict: "Verdict", "Putusan";
    compliant: "compliant", "sesuai";
    violated: "violated", "dilanggar";
    not_enough_data: "not enough data", "data tidak cukup";
    days: "d", "hari";
    not_judged: "Not judged", "Tidak dinilai";
    orders_no_worse: "more orders no worse", "orde lain tidak lebih buruk";
    limit_voltage: "Voltage (% of Udin)", "Tegangan (% dari Udin)";
    limit_unbalance: "Unbalance u2", "Ketidakseimbangan u2";
    limit_thd: "Voltage THD to order", "THD tegangan hingga orde";
    limit_harmonic_v: "Voltage harmonic", "Harmonisa tegangan orde";
    limit_harmonic_i: "Current harmonic, % of IL,", "Harmonisa arus, % dari IL, orde";
    limit_tdd: "Current TDD (% of IL)", "TDD arus (% dari IL)";
    histogram: "Share of time at each voltage, against the band allowed", "Bagian waktu pada tiap tegangan, terhadap pita yang diizinkan";
    histogram_ten_minutes: "Of whole 10-min values, in steps of 1 % of Udin; the band allowed is green.",
        "Dari nilai 10 menit yang utuh, dalam langkah 1 % dari Udin; pita yang diizinkan berwarna hijau.";
    histogram_basic: "Of 10/12-cycle values, because the recording holds too few whole 10 min, in steps of 1 % of Udin; the band allowed is green.",
        "Dari nilai 10/12 siklus, karena rekaman memuat terlalu sedikit nilai 10 menit yang utuh, dalam langkah 1 % dari Udin; pita yang diizinkan berwarna hijau.";
    share_of_time: "Share of time (%)", "Bagian waktu (%)";
    outages: "Time without supply", "Waktu tanpa pasokan";
    outages_note: "Interruptions of all phases, apart from the statistics of the voltage.",
        "Interupsi seluruh fasa, terpisah dari statistik tegangan.";
    outages_short: "Interruptions up to 3 min", "Interupsi hingga 3 menit";
    outages_long: "Longer interruptions", "Interupsi yang lebih lama";
    outage_minutes: "Minutes without supply", "Menit tanpa pasokan";
    observed: "Time observed", "Waktu pengamatan";
    indices: "Indices of dips and swells", "Indeks kedip dan lonjakan";
    indices_note: "Counts in the time observed; events that begin within a minute count once.",
        "Jumlah selama waktu pengamatan; kejadian yang mulai dalam satu menit dihitung satu kali.";
    index: "Index", "Indeks";
    value: "Value", "Nilai";
    sag_energy: "Sag energy, sum", "Energi kedip, jumlah";
    sag_score: "Sag score, sum", "Skor kedip, jumlah";
    around: "Before, during and after", "Sebelum, selama, dan sesudah";
    around_note: "Frequency and THD of the nearest 10/12-cycle intervals without an event; during: the largest inside.",
        "Frekuensi dan THD dari interval 10/12 siklus terdekat tanpa kejadian; selama: yang terbesar di dalamnya.";
    start_end: "Start – end (s)", "Mulai – akhir (s)";
    uncertainty: "Each", "Masing-masing";
    frequency_around: "f before / after (Hz)", "f sebelum / sesudah (Hz)";
    thd_around: "THD before / during / after (%)", "THD sebelum / selama / sesudah (%)";
    evidence: "Instrument and measuring chain", "Instrumen dan rantai pengukuran";
    not_entered: "not stated", "tidak dinyatakan";
    instrument: "Instrument (entered)", "Instrumen (diisi pengguna)";
    instrument_class: "Its class (entered)", "Kelasnya (diisi pengguna)";
    calibrated: "Calibrated (entered)", "Kalibrasi (diisi pengguna)";
    time_source: "Time source and its quality", "Sumber waktu dan mutunya";
    bandwidth: "Bandwidth", "Lebar pita";
    half_the_rate: "half the sampling rate", "setengah laju pencuplikan";
    orders_to: "harmonics to order", "harmonisa hingga orde";
    fronts_from: "fronts from", "muka gelombang mulai";
    range: "Range of the converter", "Rentang pengubah";
    clipping: "Clipped", "Jenuh";
    phase_map: "Channels and conductors", "Kanal dan penghantar";
    settings_hash: "SHA-256 of the settings", "SHA-256 pengaturan";
    wiring_single: "single phase", "satu fasa";
    wiring_split: "split phase", "fasa terbagi";
    wiring_wye: "three phases and neutral (wye)", "tiga fasa dan netral (bintang)";
    wiring_delta: "three phases (delta)", "tiga fasa (delta)";
    impulsive: "impulsive", "impulsif";
    oscillatory: "oscillatory", "osilatoris";
    notching: "notching", "takik";
    recurrences: "What came again", "Yang terjadi berulang";
    times: "Times", "Kali";
    change: "Change", "Perubahan";
    load_step: "Load step", "Langkah beban";
    moments: "When", "Kapan";
    and_more: "and {} more", "dan {} lagi";
    rapid_change: "rapid voltage change", "perubahan tegangan cepat";
    impulsive_transient: "impulsive transient", "transien impulsif";
    oscillatory_transient: "oscillatory transient", "transien osilatoris";
    recurrences_note: "Disturbances alike in kind, phases, change, duration, ringing and load step; figures are those of the first. What comes within a second counts once.",
        "Gangguan yang serupa jenis, fasa, perubahan, durasi, osilasi, dan langkah bebannya; angka adalah milik yang pertama. Yang terjadi dalam satu detik dihitung sekali.";
}

impl Words {
    /// The texts in `lang`.
    pub fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::En => &EN,
            Lang::Id => &ID,
        }
    }

    pub fn event(&self, kind: EventKind) -> &'static str {
        match kind {
            EventKind::Dip => self.dip,
            EventKind::Swell => self.swell,
            EventKind::Interruption => self.interruption,
        }
    }

    pub fn transient(&self, kind: TransientKind) -> &'static str {
        match kind {
            TransientKind::Impulsive => self.impulsive,
            TransientKind::Oscillatory => self.oscillatory,
            TransientKind::Notching => self.notching,
        }
    }

    /// What came again; causes that last have their own names.
    pub fn disturbance(&self, kind: Disturbance, lang: Lang) -> &'static str {
        match kind {
            Disturbance::Dip => self.dip,
            Disturbance::Swell => self.swell,
            Disturbance::Interruption => self.interruption,
            Disturbance::RapidChange => self.rapid_change,
            Disturbance::ImpulsiveTransient => self.impulsive_transient,
            Disturbance::OscillatoryTransient => self.oscillatory_transient,
            Disturbance::ImpulsiveSurge => Cause::ImpulsiveSurge.name(lang),
            Disturbance::LooseNeutral => Cause::LooseNeutral.name(lang),
            Disturbance::Arcing => Cause::Arcing.name(lang),
            Disturbance::Generator => Cause::Generator.name(lang),
            Disturbance::Overload => Cause::Overload.name(lang),
            Disturbance::Resonance => Cause::Resonance.name(lang),
            Disturbance::Notching => Cause::Notching.name(lang),
        }
    }

    pub fn region_of(&self, region: Region) -> &'static str {
        match region {
            Region::Prohibited => self.prohibited,
            Region::NoDamage => self.no_damage,
            Region::NoInterruption => self.no_interruption,
            Region::Unstated => self.unstated,
        }
    }

    /// Region for a table, where the explanation would not fit.
    pub fn region_short(&self, region: Region) -> &'static str {
        match region {
            Region::Prohibited => self.prohibited_short,
            Region::NoDamage => self.no_damage_short,
            Region::NoInterruption => self.no_interruption_short,
            Region::Unstated => self.unstated_short,
        }
    }

    pub fn wiring_of(&self, wiring: Wiring) -> &'static str {
        match wiring {
            Wiring::Single => self.wiring_single,
            Wiring::Split => self.wiring_split,
            Wiring::Wye => self.wiring_wye,
            Wiring::Delta => self.wiring_delta,
        }
    }
}
