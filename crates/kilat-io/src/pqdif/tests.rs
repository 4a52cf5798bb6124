//! What the files at hand do not exercise, on files made up here: the vectors are stated, and what must come out of them.

use std::io::Write as _;
use std::time::Instant;

use kilat_core::capture::{Digital, Side, Transformer};
use kilat_core::{
    Capture, Channel, Codes, Error, Kind, Phase, Result, SampleRate, Samples, SamplesRef, Segment, TimeBase,
    Timestamp,
};
use proptest::prelude::*;

use super::characteristics::CHARACTERISTICS;
use super::element::{Guid, Physical};
use super::logical::{ChannelDefinition, INCREMENT, SCALED, SeriesDefinition, VALUES};
use super::moment::Moment;
use super::words::{self, MEASURED, PHASES, QUANTITIES, UNITS, VALUE_TYPES};
use super::write::records::{self, Head, shared, values};
use super::write::tree::{Chain, Node};
use super::{observations, read, tags, write, write_observations};
use crate::observation::{Data, Observation, Observations, ObservedChannel, Series, here};
use crate::{ReadOptions, Source};

/// 2024-05-27T07:00:00Z.
const START: Timestamp = Timestamp(1_716_793_200_000_000_000);

type Entries = Vec<(Guid, Node)>;

fn source(bytes: Vec<u8>) -> Source {
    Source::Bytes { name: "x.pqd".into(), bytes }
}

fn capture_of(bytes: Vec<u8>) -> Result<Capture> {
    read(&source(bytes), &ReadOptions::default())
}

/// Value type, unit, storage method.
type SeriesOf<'a> = (&'a str, &'a str, u32);

fn defined(
    name: &str,
    phase: &str,
    quantity: &str,
    measured: &str,
    series: &[SeriesOf<'_>],
) -> ChannelDefinition {
    let series = series.iter().map(|(value_type, unit, method)| SeriesDefinition {
        value_type: words::guid(VALUE_TYPES, value_type).unwrap(),
        units: words::number(UNITS, unit).unwrap(),
        characteristic: words::guid(CHARACTERISTICS, "none").unwrap(),
        method: *method,
        nominal: None,
    });
    ChannelDefinition {
        name: name.into(),
        group: "".into(),
        phase: words::number(PHASES, phase).unwrap(),
        quantity: words::guid(QUANTITIES, quantity).unwrap(),
        measured: words::number(MEASURED, measured),
        series: series.collect(),
    }
}

/// A file of one site and these observations, each of its start and the instances of all channels in order.
fn file(
    definitions: &[ChannelDefinition],
    settings: Option<Entries>,
    all: Vec<(Moment, Vec<Vec<Entries>>)>,
) -> Vec<u8> {
    let mut chain = Chain::default();
    chain.record("x", tags::CONTAINER, records::container("x.pqd", Some(START), &[])).unwrap();
    let site = records::data_source("site", "device", Some(START), &[], definitions);
    chain.record("x", tags::REC_DATA_SOURCE, site).unwrap();
    if let Some(settings) = settings {
        chain.record("x", tags::REC_MONITOR_SETTINGS, settings).unwrap();
    }
    for (start, channels) in all {
        let head = Head { name: "o", start, trigger: None, method: 0, disturbance: None };
        let channels = channels.into_iter().enumerate().map(|(k, s)| (k as u32, Vec::new(), s)).collect();
        chain.record("x", tags::REC_OBSERVATION, records::observation(&head, channels)).unwrap();
    }
    chain.finish()
}

fn start() -> Moment {
    Moment::of(Some(START), 0)
}

fn reals(v: &[f64]) -> Entries {
    values(Node::numbers(v), None, None)
}

fn shorts(v: &[i16]) -> Node {
    Node::codes(&v.to_vec().into())
}

const WAVE: [SeriesOf<'static>; 2] = [("time", "s", INCREMENT), ("val", "V", VALUES | SCALED)];

/// One voltage of five samples at 1 kHz, its series as given.
fn one(series: &[SeriesOf<'_>], settings: Option<Entries>, instances: Vec<Entries>) -> Vec<u8> {
    let definition = defined("Ua", "an", "waveform", "voltage", series);
    file(&[definition], settings, vec![(start(), vec![instances])])
}

fn settings(nominal: Option<f64>, is_used: bool, channel: Entries) -> Entries {
    let mut one = vec![(tags::CHANNEL_DEFN_IDX, Node::integer(0))];
    one.extend(channel);
    let mut out =
        vec![(tags::USE_CALIBRATION, Node::boolean(is_used)), (tags::USE_TRANSDUCER, Node::boolean(is_used))];
    out.extend(nominal.map(|f| (tags::NOMINAL_FREQUENCY, Node::number(f))));
    let list = vec![(tags::ONE_CHANNEL_SETTING, Node::Collection(one))];
    out.push((tags::CHANNEL_SETTINGS_ARRAY, Node::Collection(list)));
    out
}

#[test]
fn ratios_and_calibration_change_values_only_when_the_settings_say_so() {
    let ratio = || {
        vec![
            (tags::XD_SYSTEM_SIDE_RATIO, Node::number(11_000.0)),
            (tags::XD_MONITOR_SIDE_RATIO, Node::number(110.0)),
            (tags::CAL_OFFSET, Node::number(2.0)),
            (tags::CAL_RATIO, Node::number(1.5)),
            (tags::CAL_TIME_SKEW, Node::number(1e-5)),
        ]
    };
    let series =
        || vec![reals(&[1.0, 5.0, 0.001]), values(shorts(&[0, 10, 20, 30, 40]), Some(0.5), Some(4.0))];
    let capture = capture_of(one(&WAVE, Some(settings(None, true, ratio())), series())).unwrap();
    let c = &capture.channels()[0];
    // ((20 · 0.5 + 4) − 2) · 1.5 · 100
    assert_eq!(c.values(2..3).unwrap()[0], 1800.0);
    assert!(matches!(c.samples.load().unwrap().as_ref(), Some(SamplesRef::I16([0, 10, 20, 30, 40]))));
    let transformer = Transformer { primary: 11_000.0, secondary: 110.0, side: Side::Primary };
    assert_eq!((c.transformer, c.skew_s), (Some(transformer), 1e-5));
    assert!(capture.warnings[0].message.contains("(value − 2) · 1.5"), "{}", capture.warnings[0]);

    let capture = capture_of(one(&WAVE, Some(settings(None, false, ratio())), series())).unwrap();
    let c = &capture.channels()[0];
    assert_eq!((c.values(2..3).unwrap()[0], c.skew_s), (14.0, 0.0));
    assert_eq!(c.transformer, Some(Transformer { side: Side::Secondary, ..transformer }));
    assert!(capture.warnings.is_empty());

    // An angle and a share stay as they are.
    let phasor =
        [("time", "s", VALUES), ("val", "V", VALUES), ("phaseangle", "°", VALUES), ("max", "%", VALUES)];
    let definition = defined("Ua", "an", "phasor", "voltage", &phasor);
    let series = vec![reals(&[0.0]), reals(&[2.0]), reals(&[30.0]), reals(&[7.0])];
    let bytes = file(
        &[definition],
        Some(settings(None, true, ratio()[..2].iter().map(again).collect())),
        vec![(start(), vec![series])],
    );
    let found = observations(&source(bytes)).unwrap();
    let c = &found.list[0].channels[0];
    assert_eq!(&*c.quantity, "phasor");
    let of = |value_type: &str| c.series(value_type).unwrap().values();
    assert_eq!((of("val"), of("phaseangle"), of("max")), (vec![200.0], vec![30.0], vec![7.0]));
}

fn again((tag, node): &(Guid, Node)) -> (Guid, Node) {
    let Node::Scalar(p, bytes) = node else { unreachable!("settings are scalars") };
    (*tag, Node::Scalar(*p, bytes.clone()))
}

#[test]
fn times_in_cycles_count_in_the_nominal_frequency() {
    let series = [("time", "cycles", INCREMENT), ("val", "V", VALUES)];
    let instances =
        || vec![values(Node::codes(&vec![1f32, 6.0, 1.0 / 256.0].into()), None, None), reals(&[0.0; 6])];
    let capture =
        capture_of(one(&series, Some(settings(Some(60.0), false, Vec::new())), instances())).unwrap();
    assert_eq!(capture.time().rate().unwrap().hz(), 15_360.0);
    assert_eq!(capture.nominal_frequency_hz, Some(60.0));
    let listed = [("time", "cycles", VALUES), ("val", "V", VALUES)];
    let cycles: Vec<f64> = (0..6).map(|i| f64::from(i) / 128.0 - 0.5).collect();
    let bytes =
        one(&listed, Some(settings(Some(50.0), false, Vec::new())), vec![reals(&cycles), reals(&[0.0; 6])]);
    let capture = capture_of(bytes).unwrap();
    assert_eq!(capture.time().rate().unwrap().hz(), 6400.0);
    assert_eq!(capture.time().start(), Some(Timestamp(START.0 - 10_000_000)));
    // Without a nominal frequency nobody can tell seconds.
    let found = observations(&source(one(&series, None, instances()))).unwrap();
    assert_eq!(&*found.list[0].channels[0].series[0].unit, "cycles");
    assert!(found.warnings[0].message.contains("without a nominal frequency"));
    let message = capture_of(one(&series, None, instances())).unwrap_err().to_string();
    assert!(message.contains("give the sample rate in the options"), "{message}");
    let options = ReadOptions { sample_rate_hz: Some(15_360.0), ..ReadOptions::default() };
    let capture = read(&source(one(&series, None, instances())), &options).unwrap();
    assert_eq!(capture.time().rate().unwrap().hz(), 15_360.0);
}

#[test]
fn times_may_be_moments() {
    let series = [("time", "timestamp", VALUES), ("val", "V", VALUES)];
    // Noisy below a microsecond, and with a gap after the third.
    let at = [0, 250_000, 499_900, 9_000_100, 9_250_000].map(|ns: i64| Timestamp(START.0 + 5_000_000 + ns));
    let bytes =
        one(&series, None, vec![values(Node::moments(&at), None, None), reals(&[1.0, 2.0, 3.0, 4.0, 5.0])]);
    let capture = capture_of(bytes.clone()).unwrap();
    let pieces: Vec<_> = capture.time().segments().iter().map(|s| (s.first, s.len, s.rate.hz())).collect();
    assert_eq!(pieces, [(0, 3, 4000.0), (3, 2, 4000.0)]);
    assert_eq!(capture.time().start(), Some(at[0]));
    let found = observations(&source(bytes)).unwrap();
    assert_eq!(found.list[0].channels[0].series[0].moments(), Some(&at[..]));
}

#[test]
fn a_rule_of_several_rates_is_several_segments() {
    let rule = [3.0, 4.0, 0.001, 2.0, 0.01, 3.0, 0.001];
    let v: Vec<f64> = (0..9).map(f64::from).collect();
    let bytes = one(&WAVE, None, vec![reals(&rule), reals(&v)]);
    let found = observations(&source(bytes.clone())).unwrap();
    let times = found.list[0].channels[0].series[0].values();
    let expected = [0.0, 0.001, 0.002, 0.003, 0.004, 0.014, 0.024, 0.025, 0.026];
    assert!(times.iter().zip(expected).all(|(t, e)| (t - e).abs() < 1e-12), "{times:?}");
    let time = capture_of(bytes).unwrap().time().clone();
    let pieces: Vec<_> = time.segments().iter().map(|s| (s.first, s.len, s.rate.hz(), s.offset_ps)).collect();
    let ms = 1_000_000_000;
    assert_eq!(pieces, [(0, 4, 1000.0, 0), (4, 2, 100.0, 4 * ms), (6, 3, 1000.0, 24 * ms)]);
}

#[test]
fn intervals_of_single_precision_are_the_round_rate_they_stand_for() {
    for hz in [7680.0, 12_800.0, 15_360.0, 30_720.0, 6400.0] {
        let step = f64::from((1.0 / hz) as f32);
        let rule = vec![1f32, 4.0, step as f32];
        let single = values(Node::codes(&rule.into()), None, None);
        // The same step passed on in double precision, as a rule and as a list of times.
        let double = reals(&[1.0, 4.0, step]);
        for time in [single, double] {
            let capture = capture_of(one(&WAVE, None, vec![time, reals(&[0.0; 4])])).unwrap();
            assert_eq!(capture.time().rate().unwrap().hz(), hz);
        }
        let listed: Vec<f64> = (0..4096).map(|i| f64::from(i) * step).collect();
        let series = [("time", "s", VALUES), ("val", "V", VALUES)];
        let capture = capture_of(one(&series, None, vec![reals(&listed), reals(&[0.0; 4096])])).unwrap();
        assert_eq!(capture.time().rate().unwrap().hz(), hz);
        assert!(capture.warnings.is_empty(), "{:?}", capture.warnings);
    }
}

#[test]
fn histograms_and_the_like_are_tables() {
    let histogram = [("binlow", "V", INCREMENT), ("binhigh", "V", VALUES), ("count", "", VALUES)];
    let magdur = [("val", "pu", VALUES), ("duration", "s", VALUES)];
    let complex = [("val", "Ω", VALUES)];
    let definitions = [
        defined("h", "an", "histogram", "voltage", &histogram),
        defined("m", "bn", "magdur", "voltage", &magdur),
        defined("z", "total", "response", "none", &complex),
    ];
    let pairs: Vec<u8> = [1f32, -1.0, 2.0, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let instances = vec![
        vec![
            values(Node::numbers(&[1.0, 3.0, 10.0]), None, Some(200.0)),
            reals(&[210.0, 220.0, 230.0]),
            values(Node::integers(&[4, 5, 4_000_000_000]), None, None),
        ],
        vec![reals(&[0.5, 0.7]), reals(&[0.1, 0.02])],
        vec![values(Node::Vector(Physical::Complex8, pairs), None, None)],
    ];
    let bytes = file(&definitions, None, vec![(start(), instances)]);
    let found = observations(&source(bytes.clone())).unwrap();
    let [h, m, z] = &found.list[0].channels[..] else { panic!("{:?}", found.list) };
    assert_eq!(h.series("binlow").unwrap().values(), [200.0, 210.0, 220.0]);
    assert_eq!(h.series("count").unwrap().values(), [4.0, 5.0, 4e9]);
    assert_eq!((m.rows(), &*m.series("duration").unwrap().unit), (2, "s"));
    assert_eq!(z.series("val_imaginary").unwrap().values(), [-1.0, -2.0]);
    let message = capture_of(bytes).unwrap_err().to_string();
    assert!(
        message.starts_with("x.pqd: a capture of 1 observations without a waveform (o) is not supported"),
        "{message}"
    );
}

#[test]
fn shared_series_are_followed_and_circles_are_left_out() {
    let wave = |n| defined(n, "none", "waveform", "voltage", &WAVE);
    let definitions = [wave("a"), wave("b"), wave("c"), wave("d"), wave("e")];
    let rule = || reals(&[1.0, 3.0, 0.001]);
    let stored = |v: &[i16], scale| values(shorts(v), Some(scale), Some(1.0));
    // b takes everything from a, but has a scale of its own; c and d refer to each other; e to nobody.
    let mut b = shared(0, 1);
    b.push((tags::SERIES_SCALE, Node::number(10.0)));
    let all = vec![
        vec![rule(), stored(&[1, 2, 3], 2.0)],
        vec![shared(0, 0), b],
        vec![shared(3, 0), stored(&[7, 8, 9], 1.0)],
        vec![shared(2, 0), shared(3, 1)],
        vec![shared(1, 0), shared(9, 9)],
    ];
    let bytes = file(&definitions, None, vec![(start(), all)]);
    let found = observations(&source(bytes)).unwrap();
    let c = &found.list[0].channels;
    assert_eq!(c[0].series[1].values(), [3.0, 5.0, 7.0]);
    assert_eq!(c[1].series[1].values(), [11.0, 21.0, 31.0]);
    assert_eq!(c[1].series[0].values(), c[0].series[0].values());
    assert_eq!((c[2].series.len(), c[3].series.len(), c[4].series.len()), (1, 0, 1));
    let said: Vec<String> = found.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(said.iter().filter(|w| w.contains("in a circle")).count(), 3, "{said:#?}");
    assert!(said.iter().any(|w| w.contains("series 9 of channel 9, which is not there")), "{said:#?}");
}

#[test]
fn a_rule_makes_no_more_values_than_there_are() {
    let bytes = one(&WAVE, None, vec![reals(&[1.0, 1e15, 0.001]), reals(&[1.0, 2.0])]);
    let found = observations(&source(bytes.clone())).unwrap();
    assert_eq!(found.list[0].channels[0].series[0].values(), [0.0, 0.001]);
    assert!(found.warnings[0].message.contains("cut to those"), "{:?}", found.warnings);
    assert_eq!(capture_of(bytes).unwrap().len(), 2);
    // And no fewer: the last rate goes on.
    let capture =
        capture_of(one(&WAVE, None, vec![reals(&[1.0, 1.0, 0.001]), reals(&[1.0, 2.0, 3.0])])).unwrap();
    assert_eq!((capture.len(), capture.warnings.len()), (3, 1));
}

#[test]
fn observations_that_overlap_are_chosen_by_number() {
    let later = |ms: i128| Moment::of(Some(START), ms * 1_000_000);
    let wave =
        |v: &[i16]| vec![vec![reals(&[1.0, v.len() as f64, 0.001]), values(shorts(v), Some(2.0), Some(0.0))]];
    let definition = defined("Ua", "an", "waveform", "voltage", &WAVE);
    let all = vec![(later(100), wave(&[5, 6])), (later(0), wave(&[1, 2, 3])), (later(2), wave(&[4]))];
    let bytes = file(&[definition], None, all);
    let capture = capture_of(bytes.clone()).unwrap();
    assert_eq!(capture.channels()[0].values(0..5).unwrap(), [2.0, 4.0, 6.0, 10.0, 12.0]);
    let offsets: Vec<i128> = capture.time().segments().iter().map(|s| s.offset_ps).collect();
    assert_eq!((capture.time().start(), offsets), (Some(START), vec![0, 100_000_000_000]));
    assert!(
        capture.warnings[0].message.starts_with("left out observation 2 `o`, 1 samples"),
        "{:?}",
        capture.warnings
    );
    let options = |n| ReadOptions { observations: vec![n], ..ReadOptions::default() };
    assert_eq!(read(&source(bytes.clone()), &options(2)).unwrap().len(), 1);
    let message = read(&source(bytes), &options(3)).unwrap_err().to_string();
    assert_eq!(message, "x.pqd: option observations: expected a number below 3, found 3");
}

#[test]
fn checksums_of_the_field_are_accepted_and_others_said() {
    let bytes = one(&WAVE, None, vec![reals(&[1.0, 2.0, 0.001]), reals(&[1.0, 2.0])]);
    let record = u32::from_le_bytes(bytes[40..44].try_into().unwrap()) as usize;
    let size = u32::from_le_bytes(bytes[record + 36..record + 40].try_into().unwrap()) as usize;
    let stored = &bytes[record + 64..record + 64 + size];
    let mut crc = flate2::Crc::new();
    crc.update(stored);
    for (sum, warnings) in [(0, 0), (adler2::adler32_slice(stored), 0), (crc.sum(), 0), (1, 1)] {
        let mut changed = bytes.clone();
        changed[record + 44..record + 48].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(capture_of(changed).unwrap().warnings.len(), warnings, "{sum:08x}");
    }
}

#[test]
fn compression_given_up_by_the_standard_is_refused_by_name() {
    for (style, algorithm, name) in
        [(1, 1, "the whole file"), (2, 64, "PKZIP"), (7, 7, "style 7 with algorithm 7")]
    {
        let mut chain = Chain::default();
        let container = vec![
            (tags::COMPRESSION_STYLE_ID, Node::integer(style)),
            (tags::COMPRESSION_ALGORITHM_ID, Node::integer(algorithm)),
        ];
        chain.record("x", tags::CONTAINER, container).unwrap();
        let error = capture_of(chain.finish()).unwrap_err();
        assert!(matches!(&error, Error::Unsupported { .. }) && error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_bomb_is_a_limit_and_a_circle_of_records_ends() {
    let mut chain = Chain::default();
    chain.record("x", tags::CONTAINER, records::container("x", None, &[])).unwrap();
    chain.record("x", tags::REC_DATA_SOURCE, records::data_source("", "", None, &[], &[])).unwrap();
    let mut bytes = chain.finish();
    let at = u32::from_le_bytes(bytes[40..44].try_into().unwrap()) as usize;
    // 200 MiB of zeros in some 200 kB.
    let mut zeros = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..200 {
        zeros.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let body = zeros.finish().unwrap();
    bytes.truncate(at + 64);
    bytes[at + 36..at + 40].copy_from_slice(&(body.len() as u32).to_le_bytes());
    bytes.extend(body);
    assert!(matches!(capture_of(bytes).unwrap_err(), Error::Limit { .. }));

    let mut bytes = one(&WAVE, None, vec![reals(&[1.0, 2.0, 0.001]), reals(&[1.0, 2.0])]);
    let at = u32::from_le_bytes(bytes[40..44].try_into().unwrap()) as usize;
    bytes[at + 40..at + 44].copy_from_slice(&0u32.to_le_bytes());
    assert!(
        capture_of(bytes.clone())
            .unwrap_err()
            .to_string()
            .contains("expected an observation that can be read")
    );
    bytes[at + 40..at + 44].copy_from_slice(&(at as u32).to_le_bytes());
    let found = observations(&source(bytes)).unwrap();
    assert!(found.warnings[0].message.contains("links back"), "{:?}", found.warnings);
}

/// A small file with everything: waves, a trend, a rule, shares, moments.
fn small() -> Vec<u8> {
    let trend = [("time", "timestamp", VALUES), ("avg", "V", VALUES)];
    let definitions = [
        defined("Ua", "an", "waveform", "voltage", &WAVE),
        defined("Ub", "bn", "waveform", "voltage", &WAVE),
        defined("trend", "total", "valuelog", "none", &trend),
    ];
    let instances = || {
        vec![
            vec![reals(&[1.0, 8.0, 0.001]), values(shorts(&[1, 2, 3, 4, 5, 6, 7, 8]), Some(0.5), Some(0.0))],
            vec![shared(0, 0), values(shorts(&[8, 7, 6, 5, 4, 3, 2, 1]), Some(0.5), Some(0.0))],
            vec![values(Node::moments(&[START, START]), None, None), reals(&[1.0, 2.0])],
        ]
    };
    let later = Moment::of(Some(START), 1_000_000_000);
    file(
        &definitions,
        Some(settings(Some(50.0), true, Vec::new())),
        vec![(start(), instances()), (later, instances())],
    )
}

/// The same without compression, where every byte means something.
fn small_raw() -> Vec<u8> {
    let packed = small();
    let mut out = Vec::new();
    let mut at = 0;
    loop {
        let word =
            |from: usize| u32::from_le_bytes(packed[at + from..at + from + 4].try_into().unwrap()) as usize;
        let mut body = packed[at + 64..at + 64 + word(36)].to_vec();
        if at > 0 {
            let mut raw = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(&body[..]), &mut raw).unwrap();
            body = raw;
        } else {
            // The compression style is the fourth entry of the container.
            let style = 4 + 3 * 28 + 20;
            assert_eq!(body[style], 2);
            body[style] = 0;
        }
        let next = out.len() + 64 + body.len();
        let is_last = word(40) == 0;
        out.extend_from_slice(&packed[at..at + 36]);
        out.extend((body.len() as u32).to_le_bytes());
        out.extend((if is_last { 0 } else { next as u32 }).to_le_bytes());
        out.extend([0; 20]);
        out.extend(body);
        if is_last {
            return out;
        }
        at = word(40);
    }
}

/// Reads `bytes` both ways: nothing panics, and it takes less than a second.
fn survives(bytes: Vec<u8>) {
    let began = Instant::now();
    let source = source(bytes);
    if let Ok(found) = observations(&source) {
        for s in found.list.iter().flat_map(|o| &o.channels).flat_map(|c| &c.series) {
            assert_eq!(s.values().len(), s.len());
        }
    }
    if let Ok(capture) = read(&source, &ReadOptions::default()) {
        assert!(capture.channels().iter().all(|c| c.len() as u64 == capture.len()));
    }
    assert!(began.elapsed().as_secs_f64() < 1.0);
}

#[test]
fn every_prefix_and_two_thousand_mutations_are_survived() {
    let raw = small_raw();
    assert_eq!(capture_of(raw.clone()).unwrap().len(), 16);
    for whole in [small(), raw.clone()] {
        for n in 0..whole.len() {
            survives(whole[..n].to_vec());
        }
    }
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |below: usize| {
        // xorshift64*
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below
    };
    for round in 0..2000 {
        let mut bytes = raw.clone();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            match round % 3 {
                0 => bytes[at] = random(256) as u8,
                1 => bytes[at] ^= 1 << random(8),
                // A whole number of another size, where counts and links are.
                _ => {
                    let at = at / 4 * 4;
                    let v =
                        [0u32, 1, 4, 255, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, raw.len() as u32][random(8)];
                    bytes[at..at + 4].copy_from_slice(&v.to_le_bytes());
                }
            }
        }
        survives(bytes);
    }
}

fn round_trip(capture: &Capture) -> (Capture, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.pqd");
    let lost = write(capture, &path).unwrap();
    (read(&Source::File(path), &ReadOptions::default()).unwrap(), lost)
}

/// Everything of a channel that the format holds.
fn facts(c: &Channel) -> impl PartialEq + std::fmt::Debug + use<> {
    let bits: Vec<u64> = match here(&c.samples, &mut Codes::default()) {
        SamplesRef::I16(x) => x.iter().map(|v| *v as u64).collect(),
        SamplesRef::I32(x) => x.iter().map(|v| *v as u64).collect(),
        SamplesRef::F32(x) => x.iter().map(|v| u64::from(v.to_bits())).collect(),
        SamplesRef::F64(x) => x.iter().map(|v| v.to_bits()).collect(),
    };
    let texts = (c.name.clone(), c.unit.clone(), c.phase, c.kind);
    (
        texts,
        c.scale.to_bits(),
        c.offset.to_bits(),
        c.samples.kind(),
        bits,
        c.transformer,
        c.skew_s.to_bits(),
        c.missing_code,
    )
}

fn codes(n: usize) -> impl Strategy<Value = Samples> {
    prop_oneof![
        prop::collection::vec(any::<i16>(), n).prop_map(Samples::from),
        prop::collection::vec(any::<i32>(), n).prop_map(Samples::from),
        prop::collection::vec(any::<f32>(), n).prop_map(Samples::from),
        prop::collection::vec(any::<f64>(), n).prop_map(Samples::from),
    ]
}

fn channel(n: usize) -> impl Strategy<Value = Channel> {
    let phases = [Phase::A, Phase::B, Phase::C, Phase::N, Phase::AB, Phase::BC, Phase::CA];
    let phase = prop::option::of(prop::sample::select(phases.to_vec()));
    let kind = prop::sample::select(vec![Kind::Voltage, Kind::Current, Kind::Other]);
    let unit = prop::sample::select(vec!["V", "A", "", "W", "°C", "%", "Ω"]);
    let scaled = prop_oneof![Just((1.0, 0.0)), (1e-6f64..1e6, -1e3f64..1e3)];
    let transformer = prop::option::of((1f64..1e6, 1f64..1e3));
    let skew = prop_oneof![Just(0.0), -1e-3f64..1e-3];
    ("[ -~é]{0,12}", phase, kind, unit, scaled, codes(n), transformer, skew).prop_map(
        |(name, phase, kind, unit, (scale, offset), samples, transformer, skew_s)| Channel {
            phase,
            kind,
            transformer: transformer.map(|(primary, secondary)| Transformer {
                primary,
                secondary,
                side: Side::Secondary,
            }),
            skew_s,
            ..Channel::new(name, unit, samples).with_scale(scale, offset)
        },
    )
}

/// Segments in order, with gaps of any picosecond between them, at rates that recorders have.
fn time() -> impl Strategy<Value = TimeBase> {
    let rate = (1u64..2_000_000, prop::sample::select(vec![1u64, 1, 3, 7, 1000]));
    let pieces = prop::collection::vec((rate, 1u64..40, 1i128..1_000_000_000_000_000), 1..4);
    let start = prop::option::of(0i64..4_000_000_000_000_000_000);
    (start, pieces).prop_map(|(start, pieces)| {
        let (mut first, mut offset_ps, mut segments) = (0, 0, Vec::new());
        for ((num, den), len, gap_ps) in pieces {
            let rate = SampleRate::from_ratio(num, den).unwrap();
            segments.push(Segment { first, len, rate, offset_ps });
            first += len;
            offset_ps += rate.picoseconds(len) + gap_ps;
        }
        TimeBase::from_segments(start.map(Timestamp), segments).unwrap()
    })
}

fn any_capture() -> impl Strategy<Value = Capture> {
    let notes = prop::sample::subsequence(vec!["title", "comments", "serial number", "time zone"], 0..4);
    time().prop_flat_map(move |time| {
        let n = time.len() as usize;
        let digital = ("[a-z]{1,6}", any::<Option<bool>>(), prop::collection::vec(0i16..2, n))
            .prop_map(|(name, normal, states)| Digital { name, normal, states: states.into() });
        let nominal = prop::option::of(prop::sample::select(vec![50.0, 60.0, 16.7]));
        let site = ("[a-zA-Z ü]{0,9}", "[a-z0-9]{0,9}", prop::option::of(0i64..4_000_000_000_000_000_000));
        let all = (prop::collection::vec(channel(n), 1..4), prop::collection::vec(digital, 0..3));
        (all, nominal, site, notes.clone()).prop_map(
            move |((channels, digital), nominal, (station, device, trigger), notes)| {
                let mut capture = Capture::new(time.clone(), channels).unwrap();
                capture.digital = digital;
                capture.nominal_frequency_hz = nominal;
                (capture.station, capture.device) = (station, device);
                capture.trigger = trigger.map(Timestamp);
                capture.notes = notes.iter().map(|n| ((*n).to_owned(), format!("text of {n}"))).collect();
                capture
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(capture in any_capture()) {
        let (back, lost) = round_trip(&capture);
        prop_assert_eq!(lost, Vec::<String>::new());
        prop_assert!(back.warnings.is_empty(), "{:?}", back.warnings);
        prop_assert_eq!(back.time(), capture.time());
        prop_assert_eq!(back.channels().len(), capture.channels().len());
        for (a, b) in back.channels().iter().zip(capture.channels()) {
            prop_assert_eq!(facts(a), facts(b));
        }
        let digital = |c: &Capture| -> Vec<_> {
            c.digital.iter().map(|d| (d.name.clone(), d.normal, d.values(0..d.states.len()).unwrap())).collect()
        };
        prop_assert_eq!(digital(&back), digital(&capture));
        prop_assert_eq!(back.nominal_frequency_hz, capture.nominal_frequency_hz);
        prop_assert_eq!(back.trigger, capture.trigger);
        prop_assert_eq!(&back.notes, &capture.notes);
        prop_assert_eq!((back.station, back.device), (capture.station, capture.device));
    }
}

#[test]
fn what_the_format_cannot_hold_is_said() {
    let channels = vec![
        Channel {
            missing_code: Some(-1),
            range: Some((-5.0, 5.0)),
            ..Channel::new("Ua", "kV", vec![1i16, -1])
        },
        Channel {
            transformer: Some(Transformer { primary: 10.0, secondary: 1.0, side: Side::Primary }),
            ..Channel::new("x", "furlongs", vec![1.0f32, 2.0])
        },
    ];
    let rate = SampleRate::from_hz(1000.0).unwrap();
    let mut capture = Capture::new(TimeBase::uniform(rate, 2, None), channels).unwrap();
    capture.notes = vec![("hdr".into(), "text".into())];
    let (back, lost) = round_trip(&capture);
    assert_eq!(
        lost,
        [
            "unit `kV` of channel `Ua`: written is V, values converted",
            "code of missing samples of channel `Ua`: its codes are written as floating point, those as NaN",
            "unit `furlongs` of channel `x`: written is none",
            "note `hdr`",
            "range of the converter of channel `Ua`",
            "transformer ratio of channel `x`: its values are primary already",
        ]
    );
    let ua = &back.channels()[0];
    assert_eq!(
        (ua.values(0..1).unwrap()[0], ua.values(1..2).unwrap()[0].is_nan(), ua.unit.as_str()),
        (1000.0, true, "V")
    );
    assert_eq!(back.time().start(), None);
}

fn coded(value_type: &str, unit: &str, characteristic: &str, codes: impl Into<Samples>) -> Series {
    Series::of(
        value_type,
        unit,
        characteristic,
        Data::Codes { codes: codes.into(), scale: 0.5, offset: -1.0 },
    )
}

#[test]
fn observations_are_read_back_as_they_were_written() {
    let time = Series::new("time", "s", "none", vec![0.0, 600.0, 1200.0]);
    let runs = [(2, 0.5), (1, 3.0)];
    let channel = |name: &str, series: Vec<Series>| ObservedChannel {
        name: name.into(),
        group: "trend".into(),
        phase: "an".into(),
        quantity: "valuelog".into(),
        measured: "voltage".into(),
        group_id: Some(5),
        frequency_hz: Some(250.0),
        magnitude: Some(0.5),
        duration_s: Some(0.1),
        series,
    };
    let observation = |name: &str, station: &str| Observation {
        name: name.into(),
        station: station.into(),
        device: "d".into(),
        start: Some(START),
        trigger: Some(Timestamp(START.0 + 1)),
        trigger_method: "periodic".into(),
        disturbance: "shortdur_instant_sag".into(),
        nominal_frequency_hz: Some(50.0),
        channels: vec![
            channel("a", vec![time.clone(), coded("avg", "V", "rms", vec![1.0f32, f32::NAN, 3.0])]),
            channel("b", vec![time.clone(), coded("max", "%", "total_thd", vec![1i16, 2, 3])]),
            channel(
                "c",
                vec![
                    Series::of(
                        "time",
                        "s",
                        "none",
                        Data::Steps { start: 1.0, runs: runs.into(), precision: 0.0 },
                    ),
                    coded("val", "", "flkr_pst", vec![7i32, 8, 9]),
                ],
            ),
            channel(
                "m",
                vec![
                    Series::of_moments("time", vec![START, Timestamp(START.0 + 7)]),
                    Series::new("inst", "Hz", "frequency", vec![50.0, 49.9]),
                ],
            ),
        ],
    };
    let list = vec![observation("one", "s"), observation("two", "s"), observation("three", "t")];
    let written = Observations { list, ..Observations::default() };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.pqd");
    assert_eq!(write_observations(&written, &path).unwrap(), Vec::<String>::new());
    let back = observations(&Source::File(path.clone())).unwrap();
    assert_eq!(back.list, written.list);
    assert!(back.warnings.is_empty(), "{:?}", back.warnings);
    assert_eq!(back.format, "PQDIF 1.5");
    let message = read(&Source::File(path), &ReadOptions::default()).unwrap_err().to_string();
    assert!(
        message.contains("a capture of 3 observations without a waveform (one, two, three)"),
        "{message}"
    );
}
