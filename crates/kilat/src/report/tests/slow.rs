//! A capture of a lost neutral, and its analysis by the slowest and plainest means: sums over whole 20-ms cycles.

use std::f64::consts::TAU;

use kilat_core::capture::guess_kind;
use kilat_core::engine::analysis::{
    ChannelInfo, Frequency, HalfCycles, Harmonics, Intervals, Power, Unbalance,
};
use kilat_core::pq::transients::Peaks;
use kilat_core::{
    Analysis, Capture, Channel, Config, Event, EventKind, Flags, Kind, SampleRate, TimeBase, Timestamp,
    Transient, TransientKind, Wiring,
};
use ndarray::{Array2, Array3};

const RATE: f64 = 6400.0;
const CYCLE: usize = 128;
const SECONDS: f64 = 12.0;

/// Sound for 4 s, then without neutral for 5 s under two loads, then sound with a dip of Ua at 10 s; a spike at 2 s.
pub fn capture() -> Capture {
    let n = (RATE * SECONDS) as usize;
    let shift = |t: f64| match t {
        t if (4.0..6.5).contains(&t) => 70.0,
        t if (6.5..9.0).contains(&t) => 120.0,
        _ => 0.0,
    };
    let voltage = |p: usize| {
        let v = (0..n).map(|i| {
            let t = i as f64 / RATE;
            let a = TAU * (50.0 * t - p as f64 / 3.0);
            let dip = if p == 0 && (10.0..10.2).contains(&t) { 0.55 } else { 1.0 };
            let spike = if p == 0 && i == 12_830 { 280.0 } else { 0.0 };
            let floating = shift(t) * (TAU * 50.0 * t).sin();
            2f64.sqrt()
                * (230.0 * dip * (a.sin() + 0.03 * (5.0 * a).sin() + 0.02 * (3.0 * a).sin()) + floating)
                + spike
        });
        v.collect::<Vec<f64>>()
    };
    let current = |p: usize| {
        let i = (0..n).map(|i| {
            let a = TAU * (50.0 * i as f64 / RATE - p as f64 / 3.0) - 0.4;
            (8.0 + 4.0 * p as f64) * 2f64.sqrt() * (a.sin() + 0.2 * (3.0 * a).sin() + 0.1 * (5.0 * a).sin())
        });
        i.collect::<Vec<f64>>()
    };
    let mut channels: Vec<Channel> =
        (0..3).map(|p| Channel::new(["Ua", "Ub", "Uc"][p], "V", voltage(p))).collect();
    channels.extend((0..3).map(|p| Channel::new(["Ia", "Ib", "Ic"][p], "A", current(p))));
    let start = Timestamp(1_716_793_200_000_000_000);
    let time = TimeBase::uniform(SampleRate::from_hz(RATE).unwrap(), n as u64, Some(start));
    let mut capture = Capture::new(time, channels).unwrap();
    capture.station = "Kantor Disdukcapil".into();
    capture.device = "recorder 7".into();
    capture.source = "feeder7.cfg".into();
    capture
}

/// The analysis of [`capture`], or of one like it.
#[expect(clippy::too_many_lines, reason = "one plain table after the other")]
pub fn analysis(capture: &Capture) -> Analysis {
    let x: Vec<Vec<f64>> = capture.channels().iter().map(|c| c.values(0..c.len()).unwrap()).collect();
    let rms = |x: &[f64]| (x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64).sqrt();
    let len = capture.len() as usize;
    let ten = 10 * CYCLE;
    let rows = len / ten;
    let all = x.len();
    let span = |k: usize| k * ten..(k + 1) * ten;
    let circle: Vec<(f64, f64)> = (0..CYCLE).map(|i| (TAU * i as f64 / CYCLE as f64).sin_cos()).collect();
    let tone = |c: usize, k: usize, h: usize| {
        let (mut re, mut im) = (0.0, 0.0);
        for i in span(k) {
            let (s, co) = circle[h * i % CYCLE];
            re += x[c][i] * co;
            im += x[c][i] * s;
        }
        (re * 2f64.sqrt() / ten as f64, im * 2f64.sqrt() / ten as f64)
    };
    let mut subgroup = Array3::from_elem((rows, all, 51), f32::NAN);
    for ((k, c, h), v) in subgroup.indexed_iter_mut().filter(|((.., h), _)| *h <= 40) {
        let (re, im) = tone(c, k, h);
        *v = re.hypot(im) as f32;
    }
    let thd = Array2::from_shape_fn((rows, all), |(k, c)| {
        let rest = (2..=40).map(|h| f64::from(subgroup[[k, c, h]]).powi(2)).sum::<f64>().sqrt();
        rest / f64::from(subgroup[[k, c, 1]]) * 100.0
    });
    let sequence = |first: usize, k: usize, turn: f64| {
        let sum = (0..3).fold((0.0, 0.0), |(re, im), p| {
            let ((a, b), (s, c)) = (tone(first + p, k, 1), (turn * p as f64 * TAU / 3.0).sin_cos());
            (re + a * c - b * s, im + a * s + b * c)
        });
        sum.0.hypot(sum.1)
    };
    let ratio = |first: usize, turn: f64| {
        (0..rows)
            .map(|k| {
                let positive = sequence(first, k, -1.0).max(sequence(first, k, 1.0));
                sequence(first, k, turn).min(if turn == 0.0 { f64::MAX } else { sequence(first, k, -turn) })
                    / positive
                    * 100.0
            })
            .collect::<Vec<f64>>()
    };
    let half_cycles: Vec<HalfCycles> = (0..all)
        .map(|c| {
            if c >= 3 {
                return HalfCycles::default();
            }
            let starts: Vec<usize> = (0..=len - CYCLE).step_by(CYCLE / 2).collect();
            HalfCycles {
                start_sample: starts.iter().map(|&s| s as f64).collect(),
                stop_sample: starts.iter().map(|&s| (s + CYCLE) as f64).collect(),
                u_rms_v: starts.iter().map(|&s| rms(&x[c][s..s + CYCLE])).collect(),
                flags: vec![Flags::default(); starts.len()],
            }
        })
        .collect();
    let starts: Vec<f64> = (0..rows).map(|k| (k * ten) as f64).collect();
    let stops: Vec<f64> = starts.iter().map(|s| s + ten as f64).collect();
    let disturbed = |k: usize| (20..45).contains(&k) || k == 50;
    Analysis {
        config: Config::class_a(230.0, 50.0),
        wiring: Wiring::Wye,
        channels: capture
            .channels()
            .iter()
            .enumerate()
            .map(|(index, c)| ChannelInfo {
                name: c.name.clone(),
                index,
                phase: c.phase,
                kind: guess_kind(&c.name, &c.unit),
                udin_v: if c.kind == Kind::Voltage { 230.0 } else { 0.0 },
            })
            .collect(),
        power_pairs: vec![(0, 3), (1, 4), (2, 5)],
        events: events(&half_cycles),
        half_cycles,
        intervals: Intervals {
            cycles: vec![10; rows],
            frequency_hz: vec![50.0; rows],
            flags: (0..rows).map(|k| if disturbed(k) { Flags::EVENT } else { Flags::default() }).collect(),
            rms: Array2::from_shape_fn((rows, all), |(k, c)| rms(&x[c][span(k)])),
            line_line_rms_v: Array2::from_shape_fn((rows, 3), |(k, p)| {
                rms(&span(k).map(|i| x[p][i] - x[(p + 1) % 3][i]).collect::<Vec<f64>>())
            }),
            start_sample: starts,
            stop_sample: stops,
            ..Intervals::default()
        },
        harmonics: Harmonics { subgroup, thd_subgroup_pct: thd, ..Harmonics::default() },
        unbalance: Unbalance {
            u2_pct: ratio(0, 1.0),
            u0_pct: ratio(0, 0.0),
            i2_pct: ratio(3, 1.0),
            i0_pct: ratio(3, 0.0),
        },
        power: Power {
            p_w: Array2::from_shape_fn((rows, 3), |(k, p)| {
                span(k).map(|i| x[p][i] * x[p + 3][i]).sum::<f64>() / ten as f64
            }),
            q1_var: Array2::from_elem((rows, 3), 700.0),
            s_va: Array2::from_shape_fn((rows, 3), |(k, p)| rms(&x[p][span(k)]) * rms(&x[p + 3][span(k)])),
            pf: Array2::from_elem((rows, 3), 0.9),
            ..Power::default()
        },
        frequency: Frequency {
            start_sample: vec![0.0],
            stop_sample: vec![64_000.0],
            hz: vec![50.0],
            flags: vec![Flags::EVENT],
        },
        transients: vec![Transient {
            kind: TransientKind::Impulsive,
            channel: 0,
            peaks: Peaks::one(0, 280.0 / (230.0 * 2f64.sqrt())),
            start_sample: 12_830,
            stop_sample: 12_831,
            duration_s: 1.0 / RATE,
            peak_v: 280.0,
            peak_pu: 280.0 / (230.0 * 2f64.sqrt()),
            peak_sample: 12_830,
            rise_s: 1.0 / RATE,
            ringing_hz: f64::NAN,
            decay_s: f64::NAN,
            polarity: 1,
            towards_zero: false,
            point_on_wave_deg: 90.0,
            volt_seconds: 0.0,
            energy_v2s: 0.0,
            per_cycle: 0,
            clipped: false,
            resolvable: false,
        }],
        time: capture.time().clone(),
        ..Analysis::default()
    }
}

/// Runs of Urms(1/2) outside 90 % … 110 % of 230 V, on each channel, without hysteresis.
fn events(half_cycles: &[HalfCycles]) -> Vec<Event> {
    let mut out = Vec::new();
    for (c, h) in half_cycles.iter().enumerate() {
        for (kind, sign) in [(EventKind::Dip, -1.0), (EventKind::Swell, 1.0)] {
            let outside: Vec<bool> = h.u_rms_v.iter().map(|u| sign * (u / 230.0 - 1.0) > 0.1).collect();
            let mut k = 0;
            while k < outside.len() {
                let run = outside[k..].iter().take_while(|o| **o).count();
                if run > 0 {
                    let values = &h.u_rms_v[k..k + run];
                    let far =
                        values.iter().fold(230.0, |m: f64, u| if sign > 0.0 { m.max(*u) } else { m.min(*u) });
                    let stop = h.start_sample[(k + run).min(h.start_sample.len() - 1)];
                    out.push(Event {
                        kind,
                        channels: std::iter::once(c).collect(),
                        polyphase: false,
                        start_sample: h.start_sample[k],
                        stop_sample: stop,
                        duration_s: (stop - h.start_sample[k]) / RATE,
                        residual_v: far,
                        magnitude_pu: far / 230.0,
                        depth_pct: (230.0 - far) / 2.3,
                        reference_v: 230.0,
                        extreme_channel: c,
                        category: if sign > 0.0 { "temporary swell" } else { "instantaneous sag" },
                        flags: Flags::default(),
                        open: false,
                    });
                }
                k += run.max(1);
            }
        }
    }
    out.sort_by(|a, b| a.start_sample.total_cmp(&b.start_sample));
    out
}
