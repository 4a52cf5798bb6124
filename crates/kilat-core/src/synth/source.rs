//! What drives the network: the mains, or a small generating set.

use std::f64::consts::{SQRT_2, TAU};

use super::rng::Rng;

/// Nominal frequency of every scenario, in hertz.
pub(crate) const NOMINAL_HZ: f64 = 50.0;
/// The slow quantities are renewed this often.
const SLOW_STEP_S: f64 = 1e-3;

/// Sine and cosine of 0°, 120° and 240°.
const LAG: [(f64, f64); 3] = [(0.0, 1.0), (HALF_ROOT_3, -0.5), (-HALF_ROOT_3, -0.5)];
const HALF_ROOT_3: f64 = 0.866_025_403_784_438_6;

/// A harmonic of the EMF, over the fundamental.
#[derive(Debug, Clone)]
struct Harmonic {
    order: usize,
    sin_part: f64,
    cos_part: f64,
}

impl Harmonic {
    /// Of a height between `least` and `most`, at any phase.
    fn draw(order: usize, least: f64, most: f64, rng: &mut Rng) -> Self {
        let height = rng.uniform(least, most);
        let (sin, cos) = libm::sincos(rng.uniform(0.0, TAU));
        Self { order, sin_part: height * cos, cos_part: height * sin }
    }
}

/// What lies behind frequency and height of the EMF.
#[derive(Debug, Clone)]
enum Drive {
    /// A large system: both wander slowly on their own.
    Mains { f_phase: [f64; 3], u_phase: [f64; 3] },
    /// An engine with governor and a generator with voltage regulator, both answering the load.
    Set(Set),
}

/// A generating set in per unit of its rating.
#[derive(Debug, Clone)]
struct Set {
    rated_w: f64,
    frequency_hz: f64,
    fuel: f64,
    governor: f64,
    field: f64,
    regulator: f64,
    power: f64,
    voltage: f64,
    hunting: f64,
}

/// Three EMFs 120° apart behind the feeder.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    nominal_v: f64,
    level: [f64; 3],
    harmonics: Vec<Harmonic>,
    drive: Drive,
    angle: f64,
    frequency_hz: f64,
    height: f64,
    time_s: f64,
    next_slow_s: f64,
    remote: Option<RemoteFault>,
}

/// A fault elsewhere in the supply, as its Thévenin equivalent: what it leaves of each EMF.
#[derive(Debug, Clone)]
pub(crate) struct RemoteFault {
    /// From and to, in seconds since the source was started.
    pub(crate) from_s: f64,
    pub(crate) to_s: f64,
    /// Magnitude and angle of the fundamental of each phase over what it is without the fault.
    pub(crate) left: [(f64, f64); 3],
}

impl Source {
    /// The mains at `level` times the nominal line-neutral voltage, with a background of 5th and 7th harmonic.
    pub(crate) fn mains(nominal_v: f64, level: f64, rng: &mut Rng) -> Self {
        let mut phase = || std::array::from_fn(|_| rng.uniform(0.0, TAU));
        let drive = Drive::Mains { f_phase: phase(), u_phase: phase() };
        let harmonics = vec![Harmonic::draw(5, 0.008, 0.014, rng), Harmonic::draw(7, 0.004, 0.008, rng)];
        Self::new(nominal_v, level, harmonics, drive, rng)
    }

    /// A generating set of this rating, at no load and full voltage.
    pub(crate) fn generating_set(nominal_v: f64, rated_w: f64, rng: &mut Rng) -> Self {
        let set = Set {
            rated_w,
            frequency_hz: NOMINAL_HZ,
            fuel: 0.0,
            governor: 0.0,
            field: 1.0,
            regulator: 0.0,
            power: 0.0,
            voltage: 1.0,
            hunting: rng.uniform(0.0, TAU),
        };
        let harmonics = vec![
            Harmonic::draw(3, 0.025, 0.035, rng),
            Harmonic::draw(5, 0.030, 0.040, rng),
            Harmonic::draw(7, 0.015, 0.025, rng),
            Harmonic::draw(11, 0.008, 0.012, rng),
        ];
        Self::new(nominal_v, 1.0, harmonics, Drive::Set(set), rng)
    }

    fn new(nominal_v: f64, level: f64, harmonics: Vec<Harmonic>, drive: Drive, rng: &mut Rng) -> Self {
        Self {
            nominal_v,
            level: std::array::from_fn(|_| level * rng.uniform(0.996, 1.004)),
            harmonics,
            drive,
            angle: rng.uniform(0.0, TAU),
            frequency_hz: NOMINAL_HZ,
            height: 1.0,
            time_s: 0.0,
            next_slow_s: 0.0,
            remote: None,
        }
    }

    /// The same with a fault elsewhere in the supply.
    pub(crate) fn with_remote_fault(self, fault: RemoteFault) -> Self {
        Self { remote: Some(fault), ..self }
    }

    /// Angle of the EMF of phase A since the start, in radians; it never jumps while the source stays the same.
    pub(crate) fn angle(&self) -> f64 {
        self.angle
    }

    /// Line-neutral voltage it is built for, in volts.
    pub(crate) fn nominal_v(&self) -> f64 {
        self.nominal_v
    }

    /// Advances by `h` seconds under the power drawn and the mean voltage seen.
    pub(crate) fn advance(&mut self, h: f64, power_w: f64, seen_v: f64) {
        self.time_s += h;
        if let Drive::Set(set) = &mut self.drive {
            set.measure(h, power_w, seen_v / self.nominal_v);
        }
        if self.time_s >= self.next_slow_s {
            self.next_slow_s += SLOW_STEP_S;
            self.slow_step();
        }
        self.angle += TAU * self.frequency_hz * h;
    }

    /// The EMFs of the three phases now, in volts.
    pub(crate) fn emf_v(&self) -> [f64; 3] {
        let (s, c) = libm::sincos(self.angle);
        // Sine and cosine of each multiple of the angle by the addition theorem; phases lag by a third of a turn each.
        let (mut sn, mut cn, mut n) = (s, c, 1);
        let fault = self.remote.as_ref().filter(|f| (f.from_s..f.to_s).contains(&self.time_s));
        let left = fault.map_or([(1.0, 0.0); 3], |f| f.left);
        let mut sum = [0, 1, 2].map(|k: usize| {
            let (sin, cos) = libm::sincos(left[k].1);
            let (lag, lead) = (s * LAG[k].1 - c * LAG[k].0, c * LAG[k].1 + s * LAG[k].0);
            left[k].0 * (lag * cos + lead * sin)
        });
        for h in &self.harmonics {
            while n < h.order {
                (sn, cn) = (sn * c + cn * s, cn * c - sn * s);
                n += 1;
            }
            for (k, e) in sum.iter_mut().enumerate() {
                let (ls, lc) = LAG[k * n % 3];
                let (sin, cos) = (sn * lc - cn * ls, cn * lc + sn * ls);
                *e += left[k].0 * (h.sin_part * sin + h.cos_part * cos);
            }
        }
        let peak = SQRT_2 * self.nominal_v * self.height;
        [0, 1, 2].map(|k| peak * self.level[k] * sum[k])
    }

    fn slow_step(&mut self) {
        let t = self.time_s;
        let wave = |phase: &[f64; 3]| -> f64 {
            // Periods without a common multiple: the sum does not repeat within a capture.
            [17.3, 5.9, 1.37].iter().zip(phase).map(|(period, p)| libm::sin(TAU * t / period + p)).sum()
        };
        match &mut self.drive {
            Drive::Mains { f_phase, u_phase } => {
                self.frequency_hz = NOMINAL_HZ + 0.012 * wave(f_phase);
                self.height = 1.0 + 0.0015 * wave(u_phase);
            }
            Drive::Set(set) => {
                set.regulate(SLOW_STEP_S, t);
                self.frequency_hz = set.frequency_hz;
                self.height = set.field;
            }
        }
    }
}

impl Set {
    fn measure(&mut self, h: f64, power_w: f64, seen: f64) {
        self.power += h / 0.01 * (power_w / self.rated_w - self.power);
        self.voltage += h / 0.02 * (seen - self.voltage);
    }

    /// Swing equation, governor (droop and a slow integral) and voltage regulator.
    fn regulate(&mut self, h: f64, t: f64) {
        const INERTIA_S: f64 = 0.5;
        let slip = (NOMINAL_HZ - self.frequency_hz) / NOMINAL_HZ;
        self.governor += h * 5.0 * slip;
        let hunting = 0.02 * libm::sin(TAU * 0.83 * t + self.hunting) + 0.012 * libm::sin(TAU * 2.9 * t);
        let fuel = (12.0 * slip + self.governor).clamp(0.0, 1.1);
        self.fuel += h / 0.2 * (fuel - self.fuel);
        self.frequency_hz += h * NOMINAL_HZ / (2.0 * INERTIA_S) * (self.fuel + hunting - self.power);
        let error = 1.0 - self.voltage;
        self.regulator = (self.regulator + h * 2.5 * error).clamp(-0.3, 0.5);
        let field = 1.0 + 0.8 * error + self.regulator;
        self.field += h / 0.15 * (field.clamp(0.5, 1.5) - self.field);
    }
}
