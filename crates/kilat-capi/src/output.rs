//! Results as C sees them: one flat struct for every kind; what a kind does not have is NaN, zero or NULL.

use std::ffi::c_char;
use std::mem::offset_of;
use std::ptr::null;

use kilat_core::Event;
use kilat_core::engine::live::{Output, OwnedInterval, Value};
use kilat_core::engine::sink::{NoticeKind, Period, Term};

use crate::grows::Grows;

/// What a result is.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum kilat_kind {
    /// A Urms(1/2) value: channel, u_rms_v.
    KILAT_HALF_CYCLE = 1,
    /// A basic interval of 10/12 cycles: frequency_hz, channels, u2_pct, u0_pct.
    KILAT_INTERVAL = 2,
    /// An aggregate of basic intervals of period_s: the same.
    KILAT_AGGREGATE = 3,
    /// A 10-s frequency: frequency_hz.
    KILAT_FREQUENCY = 4,
    /// The instantaneous flicker sensation: channel, severity.
    KILAT_P_INST = 5,
    /// Pst: channel, severity.
    KILAT_PST = 6,
    /// Plt: channel, severity.
    KILAT_PLT = 7,
    /// A dip that has ended, or with open set goes on: duration_s, residual_v, magnitude_pu, reference_v, polyphase.
    KILAT_DIP = 8,
    /// A swell, likewise.
    KILAT_SWELL = 9,
    /// An interruption, likewise.
    KILAT_INTERRUPTION = 10,
    /// A rapid voltage change: duration_s, delta_steady_v, delta_max_v.
    KILAT_RAPID_CHANGE = 11,
    /// A burst of mains signalling: channel, frequency_hz, residual_v (its largest value), duration_s unknown.
    KILAT_BURST = 12,
    /// A transient: channel, duration_s, peak_v, rise_s, frequency_hz of its ringing or NaN.
    KILAT_TRANSIENT = 13,
    /// Samples around an event: start_sample, waveform, waveform_samples of each channel.
    KILAT_WAVEFORM = 14,
    /// A gap before start_sample: duration_s.
    KILAT_GAP = 15,
    /// A block began with samples that had been taken already: samples of them were left out.
    KILAT_NOTICE_OVERLAP = 16,
    /// A block came after its samples had been given up as a gap.
    KILAT_NOTICE_LATE = 17,
    /// A block came twice.
    KILAT_NOTICE_DUPLICATE = 18,
    /// The clock went forward by seconds; the cut began anew.
    KILAT_NOTICE_CLOCK_STEP = 19,
    /// The clock drifted by seconds; the ticks were moved.
    KILAT_NOTICE_CLOCK_STEERED = 20,
    /// The source's clock is not synchronised any more.
    KILAT_NOTICE_CLOCK_LOST = 21,
    /// The source's clock is synchronised again.
    KILAT_NOTICE_CLOCK_FOUND = 22,
    /// There is no zero crossing left to follow.
    KILAT_NOTICE_SYNC_LOST = 23,
    /// There is one again.
    KILAT_NOTICE_SYNC_FOUND = 24,
    /// A converter is at its limit.
    KILAT_NOTICE_OVERLOAD = 25,
}

/// What an interval has of one channel. Arrays have `orders` entries, from order 0; NaN beyond what the rate supports.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct kilat_channel_values {
    /// sizeof(kilat_channel_values) of the library: the step from one to the next.
    pub size: usize,
    /// True r.m.s., in volts or amperes.
    pub rms: f64,
    /// Active power with the current it is paired with, in watts, or NaN.
    pub p_w: f64,
    /// THD of the subgroups, in %.
    pub thd_subgroup_pct: f64,
    /// THD of the groups, in %.
    pub thd_group_pct: f64,
    /// Harmonic subgroups, r.m.s.; like the other arrays rounded to single precision.
    pub subgroup: *const f64,
    /// Harmonic groups, r.m.s.
    pub group: *const f64,
    /// Interharmonic centred subgroups, r.m.s.
    pub interharmonic_subgroup: *const f64,
    /// Phases of the harmonic components, in radians.
    pub phase_rad: *const f64,
    /// Entries of each array.
    pub orders: usize,
}

// SAFETY: the pointers lead into the output that the same handle owns, behind the same lock.
unsafe impl Send for kilat_channel_values {}

/// A result.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct kilat_output {
    /// sizeof(kilat_output), set by the caller; on return what the library filled.
    pub size: usize,
    /// Its number: results are counted from 0 at the start of the stream, over gaps and checkpoints.
    pub sequence: u64,
    /// The moment it stands for, in nanoseconds since 1970 UTC, or since the first sample when the clock is unknown.
    pub time_ns: i64,
    /// One of kilat_kind.
    pub kind: u32,
    /// Bits: 1 event, 2 missing, 4 clipped, 8 unsynchronised, 16 short, 32 overlap, 64 unsettled, 128 incomplete.
    pub flags: u32,
    /// Index of the channel, or -1.
    pub channel: i32,
    /// An event that goes on, or was cut off by the end or a gap.
    pub open: bool,
    /// An event of the whole system.
    pub polyphase: bool,
    /// First sample position.
    pub start_sample: f64,
    /// Last sample position.
    pub stop_sample: f64,
    /// Samples left out.
    pub samples: u64,
    /// Time from start to stop, in seconds.
    pub duration_s: f64,
    /// Seconds of the clock.
    pub seconds: f64,
    /// Urms(1/2), in volts.
    pub u_rms_v: f64,
    /// Frequency, in hertz.
    pub frequency_hz: f64,
    /// Pst, Plt or Pinst.
    pub severity: f64,
    /// Extreme Urms(1/2) of an event, in volts.
    pub residual_v: f64,
    /// The same over the reference.
    pub magnitude_pu: f64,
    /// The reference, in volts.
    pub reference_v: f64,
    /// Steady change, in volts.
    pub delta_steady_v: f64,
    /// Largest change, in volts.
    pub delta_max_v: f64,
    /// Peak of a transient, in volts.
    pub peak_v: f64,
    /// Its rise time, in seconds.
    pub rise_s: f64,
    /// Negative-sequence unbalance, in %.
    pub u2_pct: f64,
    /// Zero-sequence unbalance, in %.
    pub u0_pct: f64,
    /// Nominal length of an aggregate, in seconds: 3, 600 or 7200.
    pub period_s: u32,
    /// Basic intervals inside.
    pub basics: u32,
    /// IEEE 1159 category of an event, or NULL.
    pub category: *const c_char,
    /// Values of an interval, one per analysed channel, or NULL.
    pub channels: *const kilat_channel_values,
    /// How many.
    pub channel_count: usize,
    /// Volts and amperes of a waveform: all samples of one channel, then those of the next; or NULL.
    pub waveform: *const f32,
    /// Samples of each channel.
    pub waveform_samples: usize,
}

// SAFETY: `repr(C)`, the size first, numbers, booleans and pointers.
unsafe impl Grows for kilat_output {
    const FIRST: usize = offset_of!(Self, waveform_samples) + size_of::<usize>();
}

impl kilat_output {
    /// The result; `values` is the memory that it points to.
    pub(crate) fn new(from: &Output, values: &mut Vec<kilat_channel_values>) -> Self {
        let mut o = Self::empty(from);
        o.set(&from.value, values);
        o
    }

    fn empty(from: &Output) -> Self {
        let none = f64::NAN;
        Self {
            size: size_of::<Self>(),
            sequence: from.sequence,
            time_ns: from.time.as_nanos(),
            kind: kind(&from.value) as u32,
            flags: 0,
            channel: from.value.channel().map_or(-1, |c| c as i32),
            open: false,
            polyphase: false,
            start_sample: none,
            stop_sample: none,
            samples: 0,
            duration_s: none,
            seconds: none,
            u_rms_v: none,
            frequency_hz: none,
            severity: none,
            residual_v: none,
            magnitude_pu: none,
            reference_v: none,
            delta_steady_v: none,
            delta_max_v: none,
            peak_v: none,
            rise_s: none,
            u2_pct: none,
            u0_pct: none,
            period_s: 0,
            basics: 0,
            category: null(),
            channels: null(),
            channel_count: 0,
            waveform: null(),
            waveform_samples: 0,
        }
    }

    fn range(&mut self, start: f64, stop: f64, flags: kilat_core::Flags) {
        (self.start_sample, self.stop_sample, self.flags) = (start, stop, u32::from(flags.bits()));
    }

    fn set(&mut self, value: &Value, values: &mut Vec<kilat_channel_values>) {
        match value {
            Value::HalfCycle(v) => {
                self.range(v.start_sample, v.stop_sample, v.flags);
                self.u_rms_v = v.u_rms_v;
            }
            Value::Interval(i) => self.interval(i, values),
            Value::Frequency(v) => {
                self.range(v.start_sample, v.stop_sample, v.flags);
                self.frequency_hz = v.hz;
            }
            Value::PInst(v) => {
                self.range(v.sample, v.sample, v.flags);
                self.severity = f64::from(v.p_inst);
            }
            Value::Flicker(v) => {
                self.range(v.start_sample, v.stop_sample, v.flags);
                self.severity = v.severity;
            }
            Value::Event(e) | Value::OpenEvent(e) => self.event(e),
            Value::RapidChange(e) => {
                self.range(e.start_sample, e.stop_sample, e.flags);
                (self.duration_s, self.open) = (e.duration_s, e.open);
                (self.delta_steady_v, self.delta_max_v) = (e.delta_steady_v, e.delta_max_v);
            }
            Value::Burst(b) => {
                self.range(b.start_sample, b.stop_sample, b.flags);
                (self.frequency_hz, self.residual_v, self.open) = (b.hz, b.largest_v, b.open);
            }
            Value::Transient(t) => {
                (self.start_sample, self.stop_sample) = (t.start_sample as f64, t.stop_sample as f64);
                (self.duration_s, self.peak_v) = (t.duration_s, t.peak_v);
                (self.rise_s, self.frequency_hz) = (t.rise_s, t.ringing_hz);
            }
            Value::Gap(g) => (self.start_sample, self.duration_s) = (g.sample as f64, g.duration_s),
            Value::Notice(n) => {
                (self.start_sample, self.samples, self.seconds) = (n.sample, n.samples, n.seconds);
            }
            Value::Waveform(w) => {
                let (start, samples) = (w.start_sample as f64, w.samples);
                (self.start_sample, self.stop_sample) = (start, start + samples as f64);
                (self.waveform, self.waveform_samples) = (w.values.as_ptr(), samples);
                self.open = !w.complete;
            }
        }
    }

    fn event(&mut self, e: &Event) {
        self.range(e.start_sample, e.stop_sample, e.flags);
        (self.open, self.polyphase, self.duration_s) = (e.open, e.polyphase, e.duration_s);
        (self.residual_v, self.magnitude_pu, self.reference_v) =
            (e.residual_v, e.magnitude_pu, e.reference_v);
        self.category = category(e.category);
    }

    fn interval(&mut self, i: &OwnedInterval, values: &mut Vec<kilat_channel_values>) {
        self.range(i.start_sample, i.stop_sample, i.flags);
        (self.frequency_hz, self.basics) = (i.frequency_hz, i.basics);
        (self.u2_pct, self.u0_pct) = (i.system.u2_pct, i.system.u0_pct);
        self.period_s = match i.period {
            Period::Basic => 0,
            Period::Cycles150 => 3,
            Period::TenMinutes => 600,
            Period::TwoHours => 7200,
        };
        values.clear();
        values.extend(i.channels.iter().map(|c| kilat_channel_values {
            size: size_of::<kilat_channel_values>(),
            rms: c.rms,
            p_w: c.p_w,
            thd_subgroup_pct: c.spectrum.thd_subgroup_pct,
            thd_group_pct: c.spectrum.thd_group_pct,
            subgroup: c.spectrum.subgroup.as_ptr(),
            group: c.spectrum.group.as_ptr(),
            interharmonic_subgroup: c.spectrum.interharmonic_subgroup.as_ptr(),
            phase_rad: c.spectrum.phase_rad.as_ptr(),
            orders: c.spectrum.subgroup.len(),
        }));
        (self.channels, self.channel_count) = (values.as_ptr(), values.len());
    }
}

/// The same text with a zero at its end.
fn category(text: &str) -> *const c_char {
    let all = [
        c"instantaneous swell",
        c"momentary swell",
        c"temporary swell",
        c"overvoltage",
        c"momentary interruption",
        c"temporary interruption",
        c"sustained interruption",
        c"instantaneous sag",
        c"momentary sag",
        c"temporary sag",
        c"undervoltage",
    ];
    all.iter().find(|c| c.to_bytes() == text.as_bytes()).map_or(null(), |c| c.as_ptr())
}

fn kind(value: &Value) -> kilat_kind {
    use kilat_core::EventKind;
    match value {
        Value::HalfCycle(_) => kilat_kind::KILAT_HALF_CYCLE,
        Value::Interval(i) if i.period == Period::Basic => kilat_kind::KILAT_INTERVAL,
        Value::Interval(_) => kilat_kind::KILAT_AGGREGATE,
        Value::Frequency(_) => kilat_kind::KILAT_FREQUENCY,
        Value::PInst(_) => kilat_kind::KILAT_P_INST,
        Value::Flicker(f) if f.term == Term::Short => kilat_kind::KILAT_PST,
        Value::Flicker(_) => kilat_kind::KILAT_PLT,
        Value::Event(e) | Value::OpenEvent(e) => match e.kind {
            EventKind::Dip => kilat_kind::KILAT_DIP,
            EventKind::Swell => kilat_kind::KILAT_SWELL,
            EventKind::Interruption => kilat_kind::KILAT_INTERRUPTION,
        },
        Value::RapidChange(_) => kilat_kind::KILAT_RAPID_CHANGE,
        Value::Burst(_) => kilat_kind::KILAT_BURST,
        Value::Transient(_) => kilat_kind::KILAT_TRANSIENT,
        Value::Waveform(_) => kilat_kind::KILAT_WAVEFORM,
        Value::Gap(_) => kilat_kind::KILAT_GAP,
        Value::Notice(n) => match n.kind {
            NoticeKind::Overlap => kilat_kind::KILAT_NOTICE_OVERLAP,
            NoticeKind::Late => kilat_kind::KILAT_NOTICE_LATE,
            NoticeKind::Duplicate => kilat_kind::KILAT_NOTICE_DUPLICATE,
            NoticeKind::ClockStep => kilat_kind::KILAT_NOTICE_CLOCK_STEP,
            NoticeKind::ClockSteered => kilat_kind::KILAT_NOTICE_CLOCK_STEERED,
            NoticeKind::ClockLost => kilat_kind::KILAT_NOTICE_CLOCK_LOST,
            NoticeKind::ClockFound => kilat_kind::KILAT_NOTICE_CLOCK_FOUND,
            NoticeKind::SyncLost => kilat_kind::KILAT_NOTICE_SYNC_LOST,
            NoticeKind::SyncFound => kilat_kind::KILAT_NOTICE_SYNC_FOUND,
            NoticeKind::Overload => kilat_kind::KILAT_NOTICE_OVERLOAD,
        },
    }
}
