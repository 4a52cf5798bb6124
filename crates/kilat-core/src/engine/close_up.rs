//! A closer look, after the tables: the samples around dips and transients, read again, give what their tables do not hold.
//!
//! Offline only: a stream is gone by then. The work is bounded: a phasor takes at most `POINTS` samples, a dip some sixty
//! phasors, and beyond `MOST` dips or transients the rest is left out, which a warning says.

use std::f64::consts::TAU;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use realfft::num_complex::Complex64;

use crate::capture::{Capture, Codes, Kind, SamplesRef};
use crate::config::Wiring;
use crate::engine::analysis::Analysis;
use crate::engine::crew::Crew;
use crate::engine::plan::Plan;
use crate::error::{Result, Warning};
use crate::pq::dips::{
    DipForm, Direction, Pair, Shape, Stage, by_sequences, by_six_phases, direction, onset, sequences,
};
use crate::pq::events::{Event, EventKind};
use crate::pq::transients::{Transient, TransientForm, TransientKind};

/// Most dips, and most transients, looked at.
const MOST: usize = 300;
/// Most samples of a cycle that a phasor is taken from.
const POINTS: f64 = 96.0;
/// Phasors between those around the start and those around the end of a long dip.
const BETWEEN: usize = 16;
/// Cycles around either edge with a phasor every quarter.
const DENSE_CYCLES: f64 = 4.0;
/// Part of the depth that is an abrupt edge when it comes within a cycle and a half.
const ABRUPT: f64 = 0.5;
/// 2nd harmonic of the current, over the change of its fundamental, from which iron saturates.
pub const SATURATED: f64 = 0.15;
/// Two levels of one stage differ by less, over the reference.
const SAME_LEVEL: f64 = 0.03;

/// Fundamental phasors of one cycle: voltages and currents of the phases, and the 2nd harmonic of the currents.
#[derive(Debug, Clone, Copy)]
struct State {
    /// Where its cycle ends.
    stop: f64,
    u: [Complex64; 3],
    i: [Complex64; 3],
    second: [f64; 3],
}

/// Reads channels in volts and amperes, a stretch at a time.
struct Reader<'a> {
    capture: &'a Capture,
    plan: &'a Plan,
    own: Codes,
    held: Vec<(usize, Vec<f64>)>,
}

impl<'a> Reader<'a> {
    fn new(capture: &'a Capture, plan: &'a Plan) -> Self {
        let held = vec![(0, Vec::new()); plan.channels.len()];
        Self { capture, plan, own: Codes::default(), held }
    }

    /// Samples `range` of a channel; what reaches beyond the recording is cut off.
    fn read(&mut self, channel: usize, range: Range<usize>) -> Result<&[f64]> {
        let range = range.start.min(self.capture.len() as usize)..range.end.min(self.capture.len() as usize);
        let (first, held) = &self.held[channel];
        if range.start < *first || range.end > first + held.len() {
            // What is wanted next lies mostly after it.
            let ahead = range.start..(range.end + 4 * range.len()).min(self.capture.len() as usize);
            let parts = self.plan.channels[channel].parts.clone();
            // In the memory of what was held: large pieces are dear to come by.
            let mut sum = std::mem::take(&mut self.held[channel].1);
            sum.clear();
            sum.resize(ahead.len(), 0.0);
            if parts.is_empty() {
                let scale = self.plan.channels[channel].scale;
                self.add(channel, ahead.clone(), scale, &mut sum)?;
            }
            for (part, weight) in parts {
                self.add(part, ahead.clone(), weight, &mut sum)?;
            }
            self.held[channel] = (ahead.start, sum);
        }
        let (first, held) = &self.held[channel];
        Ok(&held[range.start - first..range.end - first])
    }

    fn add(&mut self, channel: usize, range: Range<usize>, weight: f64, sum: &mut [f64]) -> Result<()> {
        let plan = &self.plan.channels[channel];
        let samples = &self.capture.channels()[plan.info.index].samples;
        let mut last = 0.0;
        let mut put = |y: &mut f64, code: f64| {
            // A missing sample is held, as the engine does.
            last = if code.is_finite() { code } else { last };
            *y += weight * (last + plan.shift);
        };
        match samples.read(range, &mut self.own)? {
            SamplesRef::I16(x) => sum.iter_mut().zip(x).for_each(|(y, c)| put(y, f64::from(*c))),
            SamplesRef::I32(x) => sum.iter_mut().zip(x).for_each(|(y, c)| put(y, f64::from(*c))),
            SamplesRef::F32(x) => sum.iter_mut().zip(x).for_each(|(y, c)| put(y, f64::from(*c))),
            SamplesRef::F64(x) => sum.iter_mut().zip(x).for_each(|(y, c)| put(y, *c)),
        }
        Ok(())
    }
}

/// The phases that are looked at together, and the period that held before.
struct Scope {
    voltages: Vec<usize>,
    currents: Vec<usize>,
    period: f64,
    /// First sample and one past the last of the segment.
    segment: (f64, f64),
}

impl Scope {
    fn of(plan: &Plan, analysis: &Analysis, channels: &[usize], polyphase: bool, start: f64) -> Option<Self> {
        let voltages = if polyphase { plan.system.clone() } else { channels[..1].to_vec() };
        let pair = |u: &usize| plan.pairs.iter().find(|p| p.0 == *u).map(|p| p.1);
        let currents = match plan.wiring {
            Wiring::Delta if polyphase && plan.system_currents.len() == 3 => plan.system_currents.clone(),
            _ => voltages.iter().filter_map(pair).collect(),
        };
        let currents = if currents.len() == voltages.len() { currents } else { Vec::new() };
        let halves = &analysis.half_cycles[channels[0]];
        let at = halves.stop_sample.partition_point(|s| *s <= start);
        let mean =
            |from: usize| (halves.stop_sample[at - 1] - halves.stop_sample[from]) / (at - 1 - from) as f64;
        // Ten cycles before tell the frequency; fewer do at the start of a recording.
        let nominal = 2.0 * plan.half_period();
        let period = if at >= 4 { 2.0 * mean(at.saturating_sub(21)) } else { nominal };
        let period = if (period / nominal - 1.0).abs() < 0.2 { period } else { nominal };
        let segments = analysis.time.segments();
        let segment = segments.iter().rfind(|s| s.first as f64 <= start + period)?;
        let segment = (segment.first as f64, (segment.first + segment.len) as f64);
        Some(Self { voltages, currents, period, segment })
    }

    /// One cycle that ends at `stop`; `None` when it reaches beyond the segment.
    fn state(&self, reader: &mut Reader<'_>, stop: f64) -> Result<Option<State>> {
        let first = (stop - self.period).ceil();
        if first < self.segment.0 || stop + 1.0 >= self.segment.1 {
            return Ok(None);
        }
        let mut state = State { stop, u: [Complex64::ZERO; 3], i: [Complex64::ZERO; 3], second: [0.0; 3] };
        for (k, c) in self.voltages.iter().enumerate().take(3) {
            state.u[k] = self.phasor(reader, *c, first, 1)?;
        }
        for (k, c) in self.currents.iter().enumerate().take(3) {
            state.i[k] = self.phasor(reader, *c, first, 1)?;
            state.second[k] = self.phasor(reader, *c, first, 2)?.norm();
        }
        if reader.plan.wiring == Wiring::Delta && self.voltages.len() == 3 {
            // Line-line voltages turn into line-neutral ones without zero sequence.
            let [ab, bc, ca] = state.u;
            state.u = [(ab - ca) / 3.0, (bc - ab) / 3.0, (ca - bc) / 3.0];
        }
        Ok(Some(state))
    }

    /// R.m.s. phasor of a harmonic over one cycle from sample `first` on. It turns with the frequency from sample zero, so that a
    /// steady wave keeps its angle.
    fn phasor(&self, reader: &mut Reader<'_>, channel: usize, first: f64, order: u8) -> Result<Complex64> {
        let stride = (self.period / POINTS).floor().max(1.0);
        let points = self.period / stride;
        let (whole, stride) = (points.floor() as usize, stride as usize);
        let from = first as usize;
        let x = reader.read(channel, from..from + whole * stride + 1)?;
        let per_sample = -TAU * f64::from(order) / self.period;
        let turn = Complex64::from_polar(1.0, per_sample * stride as f64);
        let (mut at, mut sum) = (Complex64::ONE, Complex64::ZERO);
        for v in x.iter().step_by(stride).take(whole) {
            sum += v * at;
            at *= turn;
        }
        // The part of a step that the cycle goes on.
        let rest = points - whole as f64;
        sum += at * x.get(whole * stride).map_or(0.0, |v| rest * v);
        Ok(sum * Complex64::from_polar(2f64.sqrt() / points, (per_sample * first) % TAU))
    }

    /// Positive sequence of a system, or the phase `k` of fewer.
    fn pair(&self, s: &State, k: usize) -> Pair {
        match self.voltages.len() {
            3 => Pair { u: sequences(s.u)[1], i: sequences(s.i)[1] },
            _ => Pair { u: s.u[k], i: s.i[k] },
        }
    }
}

/// How many dips and transients a recording has so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Met {
    dips: usize,
    transients: usize,
}

impl Met {
    /// Says which were not looked at, if any.
    pub fn left_out(self) -> impl Iterator<Item = Warning> {
        let kinds = [(self.dips, "dips and interruptions"), (self.transients, "transients")];
        kinds.into_iter().filter(|(n, _)| *n > MOST).map(|(n, what)| {
            let message = format!("{n} {what}: class, direction and surroundings of the first {MOST} only");
            Warning::new("diagnosis", message)
        })
    }
}

/// Describes the dips, interruptions and transients of `analysis`, which came from `capture` by `plan` after those `met` before.
pub fn look_closer(
    capture: &Capture,
    plan: &Plan,
    crew: &Crew,
    analysis: &mut Analysis,
    met: &mut Met,
) -> Result<()> {
    let is_dip = |e: &Event| e.kind != EventKind::Swell;
    let dips: Vec<usize> = (0..analysis.events.len()).filter(|k| is_dip(&analysis.events[*k])).collect();
    let readers: Vec<_> = (0..crew.threads()).map(|_| Mutex::new(Reader::new(capture, plan))).collect();
    // Nobody else has the reader of a thread; what it holds is true after a panic too.
    let reader = |thread: usize| readers[thread].lock().unwrap_or_else(PoisonError::into_inner);
    let seen = &*analysis;
    let left = |met: usize| MOST.saturating_sub(met);
    let mut dip_forms: Vec<_> = dips.iter().take(left(met.dips)).map(|_| Ok(None)).collect();
    crew.share(dips.iter().zip(&mut dip_forms), |thread, (k, form)| {
        *form = dip(&mut reader(thread), seen, *k);
    });
    let transients = seen.transients.iter().take(left(met.transients));
    let mut transient_forms: Vec<_> = transients.map(|_| Ok(None)).collect();
    crew.share(seen.transients.iter().zip(&mut transient_forms).enumerate(), |thread, (k, (t, form))| {
        *form = transient(&mut reader(thread), seen, t, k);
    });
    analysis.dip_forms = dip_forms.into_iter().filter_map(Result::transpose).collect::<Result<_>>()?;
    analysis.transient_forms =
        transient_forms.into_iter().filter_map(Result::transpose).collect::<Result<_>>()?;
    (met.dips, met.transients) = (met.dips + dips.len(), met.transients + analysis.transients.len());
    Ok(())
}

/// Cycle of `x` one sample, read between samples.
fn between(x: &[f64], position: f64) -> f64 {
    let k = position.floor().max(0.0) as usize;
    let (a, b) = (x.get(k), x.get(k + 1));
    let t = position - k as f64;
    a.zip(b).map_or(0.0, |(a, b)| a + t * (b - a))
}

fn dip(reader: &mut Reader<'_>, analysis: &Analysis, index: usize) -> Result<Option<DipForm>> {
    let e = &analysis.events[index];
    let plan = reader.plan;
    let polyphase = e.polyphase && plan.system.len() == 3;
    let deepest = [e.extreme_channel];
    let Some(scope) = Scope::of(plan, analysis, &deepest, polyphase, e.start_sample) else { return Ok(None) };
    let t = scope.period;
    let Some(before) = scope.state(reader, e.start_sample - t / 2.0)? else { return Ok(None) };
    let lead = scope.voltages.iter().position(|c| *c == e.extreme_channel).unwrap_or(0);
    let begins = edge(reader, &scope, e.extreme_channel, e.start_sample, false)?;
    let t0 = begins.unwrap_or(e.start_sample + t / 2.0);
    // A record that ends inside has no end to look at.
    let ends = if e.open { None } else { edge(reader, &scope, e.extreme_channel, e.stop_sample, true)? };
    let t1 = ends.unwrap_or(e.stop_sample);
    let after = if e.open { None } else { scope.state(reader, e.stop_sample + 1.5 * t)? };

    let states = states(reader, &scope, t0, t1, e.stop_sample)?;
    let inside: Vec<State> =
        states.iter().copied().filter(|s| s.stop - t >= t0 - 1.0 && s.stop <= t1 + 1.0).collect();
    let phases = scope.voltages.len().min(3);
    let reference = e.reference_v;
    let low =
        |s: &State| (0..phases).map(|k| s.u[k].norm() / before.u[k].norm()).fold(f64::INFINITY, f64::min);
    // Poles open one after the other, each at the zero of its current: the last cycle is not what the dip was.
    let settled = inside.iter().filter(|s| s.stop <= t1 - t);
    let lowest = |a: &&State, b: &&State| low(a).total_cmp(&low(b));
    let bottom = settled.min_by(lowest).or_else(|| inside.iter().min_by(lowest)).copied();

    let mut form = DipForm {
        event: index,
        class: None,
        class_six_phase: None,
        characteristic_pu: f64::NAN,
        factor_pu: f64::NAN,
        phase_jump_deg: f64::NAN,
        start_deg: begins.map_or(f64::NAN, |p| angle_at(before.u[lead], p, t)),
        stop_deg: f64::NAN,
        stages: Vec::new(),
        direction: Direction::default(),
        shape: Shape::Other,
        abrupt_start: f64::NAN,
        abrupt_end: f64::NAN,
        unbalance: f64::NAN,
        current_ratio: f64::NAN,
        current_after_ratio: f64::NAN,
        second_harmonic_ratio: f64::NAN,
        voltage_after_ratio: after.map_or(f64::NAN, |s| s.u[lead].norm() / before.u[lead].norm()),
        depth_pu: 1.0 - e.magnitude_pu,
    };
    let Some(bottom) = bottom else { return Ok(Some(form)) };
    if phases == 3 {
        classify(&mut form, &before, &bottom);
    } else {
        form.phase_jump_deg = (bottom.u[lead] / before.u[lead]).arg().to_degrees();
    }
    let level = |s: &State| s.u[lead].norm() / reference;
    let depth = level(&before) - inside.iter().map(level).fold(f64::INFINITY, f64::min);
    form.depth_pu = depth;
    edges(&mut form, &states, level, (level(&before), depth), (t0, t));
    if !scope.currents.is_empty() {
        currents(&mut form, &scope, (&before, after.as_ref()), &inside, (lead, t0));
        form.second_harmonic_ratio = second_harmonic(&states, &before, scope.currents.len(), (t0, t));
    }
    form.shape = match (form.abrupt_start > ABRUPT, form.abrupt_end > ABRUPT) {
        _ if e.open => Shape::Other,
        (true, false) if form.second_harmonic_ratio > SATURATED && form.current_ratio > 1.5 => {
            Shape::Magnetising
        }
        (true, false) => Shape::Recovering,
        (true, true) => Shape::Rectangular,
        _ => Shape::Other,
    };
    if form.shape == Shape::Rectangular {
        form.stages = stages(&inside, |s| low(s), t);
        form.stop_deg = ends.and_then(|p| after.map(|s| angle_at(s.u[lead], p, t))).unwrap_or(f64::NAN);
    }
    if form.stages.is_empty() {
        form.stages.push(Stage { start_sample: t0, stop_sample: t1, residual_pu: low(&bottom) });
    }
    Ok(Some(form))
}

/// Angle of a phasor's sine at sample `position`, in degrees, −180 to 180.
fn angle_at(u: Complex64, position: f64, period: f64) -> f64 {
    // A phasor is that of a cosine; a sine lags it by a quarter.
    let degrees = u.arg().to_degrees() + 360.0 * (position / period).fract() + 90.0;
    (degrees + 180.0).rem_euclid(360.0) - 180.0
}

/// Sample at which the wave of `channel` leaves what it was two cycles before `near`, or, `backwards`, joins what it is two
/// cycles after.
fn edge(
    reader: &mut Reader<'_>,
    scope: &Scope,
    channel: usize,
    near: f64,
    backwards: bool,
) -> Result<Option<f64>> {
    let t = scope.period;
    let (from, to) = (near - 0.75 * t, near + 1.25 * t);
    let (low, high) = if backwards { (from - t, to + 2.0 * t) } else { (from - 2.0 * t, to) };
    if low < scope.segment.0 || high + 2.0 >= scope.segment.1 {
        return Ok(None);
    }
    let first = low.floor() as usize;
    let x = reader.read(channel, first..high.ceil() as usize + 2)?;
    let at = |p: f64| between(x, p - first as f64);
    if backwards {
        // The mirror image: from two cycles after back to within the dip.
        let start = (near + 0.75 * t).floor();
        let d: Vec<f64> =
            (0..(2.0 * t) as usize).map(|k| at(start - k as f64) - at(start - k as f64 + 2.0 * t)).collect();
        return Ok(onset(&d, t).filter(|k| *k > 0).map(|k| start - k as f64));
    }
    let start = from.ceil();
    let d: Vec<f64> =
        (0..(2.0 * t) as usize).map(|k| at(start + k as f64) - at(start + k as f64 - 2.0 * t)).collect();
    Ok(onset(&d, t).filter(|k| *k > 0).map(|k| start + k as f64))
}

/// One-cycle states: every quarter around both edges, and some between.
fn states(reader: &mut Reader<'_>, scope: &Scope, t0: f64, t1: f64, stop: f64) -> Result<Vec<State>> {
    let t = scope.period;
    let quarters =
        |from: f64, to: f64| (0..).map(move |k| from + f64::from(k) * t / 4.0).take_while(move |p| *p <= to);
    let last = stop + 3.0 * t;
    let head = (t0 + t + DENSE_CYCLES * t).min(last);
    let tail = (t1 - DENSE_CYCLES * t).max(head);
    let mut all: Vec<f64> = quarters(t0 + t, head).collect();
    if tail - head > t / 4.0 {
        let step = ((tail - head) / BETWEEN as f64).max(t / 4.0);
        all.extend((1..BETWEEN).map(|k| head + k as f64 * step).take_while(|p| *p < tail));
    }
    // The last cycle wholly inside ends where the dip does.
    all.extend(quarters(tail, last).filter(|p| *p > head));
    all.push(t1);
    all.sort_by(f64::total_cmp);
    let states: Result<Vec<_>> = all.into_iter().map(|p| scope.state(reader, p)).collect();
    Ok(states?.into_iter().flatten().collect())
}

/// Classes, characteristic voltage and jump of phase at the bottom.
fn classify(form: &mut DipForm, before: &State, bottom: &State) {
    let [_, positive, _] = sequences(before.u);
    if positive.norm() <= 0.0 {
        return;
    }
    // Each phase over its own voltage before, put where a balanced system has it: unbalance from before is no part of the dip.
    let place = |k: usize| Complex64::from_polar(1.0, [0.0, -1.0, 1.0][k] * TAU / 3.0);
    let v = [0, 1, 2].map(|k| {
        let own = before.u[k];
        if own.norm() > 0.5 * positive.norm() { bottom.u[k] / own * place(k) } else { bottom.u[k] / positive }
    });
    let (s, six) = (by_sequences(v), by_six_phases(v));
    let [zero, _, negative] = sequences(v);
    form.class = Some(s.class);
    form.class_six_phase = Some(six.class);
    form.characteristic_pu = s.characteristic.norm();
    form.factor_pu = s.factor.norm();
    form.phase_jump_deg = s.characteristic.arg().to_degrees();
    form.unbalance = negative.norm().max(zero.norm());
}

/// How much of the depth comes within a cycle and a half of the start, and the most that goes within as long.
fn edges(
    form: &mut DipForm,
    states: &[State],
    level: impl Fn(&State) -> f64,
    (before, depth): (f64, f64),
    (start, period): (f64, f64),
) {
    let Some(first) = states.iter().find(|s| s.stop >= start + 1.5 * period) else { return };
    form.abrupt_start = (before - level(first)) / depth;
    let rise = |(k, a): (usize, &State)| {
        let within = states[k..].iter().take_while(|b| b.stop - a.stop <= 1.51 * period);
        within.last().map_or(0.0, |b| level(b) - level(a))
    };
    form.abrupt_end = states.iter().enumerate().map(rise).fold(0.0, f64::max) / depth;
}

/// Direction, and what the currents do.
fn currents(
    form: &mut DipForm,
    scope: &Scope,
    (before, after): (&State, Option<&State>),
    inside: &[State],
    (lead, t0): (usize, f64),
) {
    let t = scope.period;
    let whole: Vec<Pair> = (1..=3)
        .filter_map(|n| {
            let at = t0 + f64::from(n) * t;
            inside.iter().find(|s| (s.stop - at).abs() < t / 8.0).map(|s| scope.pair(s, lead))
        })
        .collect();
    form.direction = direction(scope.pair(before, lead), &whole);
    let phases = scope.currents.len();
    let size = |s: &State| (0..phases).map(|k| s.i[k].norm()).fold(0.0, f64::max);
    let was = size(before).max(1e-9);
    form.current_ratio = inside.iter().map(size).fold(0.0, f64::max) / was;
    form.current_after_ratio = after.map_or(f64::NAN, |s| size(s) / was);
}

/// 2nd harmonic of the current, over the change of its fundamental, of the phase that has most of it: the middle one of the cycles
/// from the second to the sixth. Over the first cycle any offset that dies out has one; that of a motor is gone then, that of iron is
/// not.
fn second_harmonic(states: &[State], before: &State, phases: usize, (t0, t): (f64, f64)) -> f64 {
    let was = (0..phases).map(|k| before.i[k].norm()).fold(1e-9, f64::max);
    let early = || states.iter().filter(|s| (t0 + 2.0 * t..=t0 + 6.0 * t).contains(&s.stop));
    let of_phase = |k: usize| {
        let changes = early().map(|s| (s.second[k] - before.second[k], (s.i[k] - before.i[k]).norm()));
        let mut ratios: Vec<f64> =
            changes.map(|(two, one)| if one > 0.5 * was { two / one } else { 0.0 }).collect();
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN)
    };
    (0..phases).map(of_phase).fold(f64::NAN, f64::max)
}

/// Stretches of one level.
fn stages(inside: &[State], low: impl Fn(&State) -> f64, period: f64) -> Vec<Stage> {
    let mut groups: Vec<(f64, f64, f64, usize)> = Vec::new();
    for s in inside {
        let v = low(s);
        match groups.last_mut() {
            Some((_, stop, mean, n)) if (v - *mean).abs() < SAME_LEVEL => {
                (*stop, *n) = (s.stop, *n + 1);
                *mean += (v - *mean) / *n as f64;
            }
            _ => groups.push((s.stop - period, s.stop, v, 1)),
        }
    }
    let long = |g: &&(f64, f64, f64, usize)| g.3 >= 3 && g.1 - g.0 >= 1.5 * period;
    let mut stages: Vec<Stage> = Vec::new();
    for &(start_sample, stop_sample, residual_pu, _) in groups.iter().filter(long) {
        match stages.last_mut() {
            Some(s) if (s.residual_pu - residual_pu).abs() < SAME_LEVEL => s.stop_sample = stop_sample,
            _ => stages.push(Stage { start_sample, stop_sample, residual_pu }),
        }
    }
    stages
}

fn transient(
    reader: &mut Reader<'_>,
    analysis: &Analysis,
    t: &Transient,
    index: usize,
) -> Result<Option<TransientForm>> {
    let plan = reader.plan;
    if t.kind == TransientKind::Notching || plan.channels[t.channel].info.kind != Kind::Voltage {
        return Ok(None);
    }
    let polyphase = plan.system.len() == 3 && plan.system.contains(&t.channel);
    let start = t.start_sample as f64;
    let Some(scope) = Scope::of(plan, analysis, &[t.channel], polyphase, start) else { return Ok(None) };
    let period = scope.period;
    let before = scope.state(reader, start - 0.05 * period)?;
    // Two cycles later the ringing is over.
    let after = scope.state(reader, t.stop_sample as f64 + 3.0 * period)?;
    let (Some(before), Some(after)) = (before, after) else { return Ok(None) };
    let lead = scope.voltages.iter().position(|c| *c == t.channel).unwrap_or(0);
    let phases = scope.voltages.len().min(3);
    let reference = |k: usize| plan.channels[scope.voltages[k]].info.udin_v;
    let (a, b) = (scope.pair(&before, lead), scope.pair(&after, lead));
    let n = phases as f64;
    let power = |p: Pair| n * p.u * p.i.conj();
    let step = |k: usize| (after.u[k].norm() - before.u[k].norm()) / reference(k);
    let largest = (0..phases).map(step).max_by(|x, y| x.abs().total_cmp(&y.abs())).unwrap_or(f64::NAN);
    let with_currents = !scope.currents.is_empty();
    let only = |v: f64| if with_currents { v } else { f64::NAN };
    Ok(Some(TransientForm {
        transient: index,
        voltage_step_pct: largest * 100.0,
        positive_step_pct: (b.u.norm() - a.u.norm()) / reference(lead) * 100.0,
        reactive_step_var: only((power(b) - power(a)).im),
        active_step_w: only((power(b) - power(a)).re),
        apparent_before_va: only(power(a).norm()),
    }))
}
