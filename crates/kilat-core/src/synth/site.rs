//! A customer's installation on a low-voltage feeder, and the run that records it.
//!
//! Four conductors: three phases from the source, each through the impedance of transformer and line, and the neutral
//! back to the earthed star point of the transformer. The site earths its neutral through an electrode of its own.
//! Everything else hangs between the phases and the neutral of the site.

use super::faults::Stroke;
use super::labels::FaultTruth;
use super::loads::{Device, Rectifier, Switch};
use super::network::{Branch, BranchId, EARTH, Network};
use super::recorder::{AntiAlias, OVERSAMPLING, Step};
use super::source::Source;

/// Nodes of the phases at the meter.
pub(crate) const PHASES: [usize; 3] = [1, 2, 3];
/// Node of the neutral bar at the meter.
pub(crate) const NEUTRAL: usize = 4;
/// The site has run this long when the recording starts.
pub(crate) const WARM_UP_S: f64 = 0.5;
/// Longest step while a stroke lasts: a third of the time constant of its front.
const SURGE_STEP_S: f64 = 0.125e-6;

/// What the recorder can measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// Phase to neutral bar.
    U(usize),
    /// Phase current into the site.
    I(usize),
    /// Current of the neutral conductor, out of the site.
    In,
    /// Neutral bar to remote earth.
    Un,
}

/// Resistance and inductance per conductor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) phase: (f64, f64),
    pub(crate) neutral: (f64, f64),
    pub(crate) electrode_ohm: f64,
}

pub(crate) struct Site {
    pub(crate) network: Network,
    pub(crate) feeder: [BranchId; 3],
    pub(crate) neutral: BranchId,
    pub(crate) devices: Vec<Box<dyn Device>>,
    pub(crate) strokes: Vec<Stroke>,
    /// What is to be found of a short circuit.
    pub(crate) fault: Option<FaultTruth>,
    sources: Vec<Supply>,
    surge_a: [f64; 4],
    power_w: f64,
    seen_v: f64,
}

struct Supply {
    source: Source,
    from_s: f64,
    phase: (f64, f64),
}

/// Waveforms as the recorder's converter would see them without noise.
pub(crate) struct Recording {
    /// One per quantity asked for.
    pub(crate) clean: Vec<Vec<f64>>,
    /// Angle of the EMF of phase A at every sample, in radians, carried on through a change of source.
    pub(crate) angle: Vec<f64>,
    /// The three voltages at the terminals during each stroke, at the fine step.
    pub(crate) surges: Vec<Vec<[f64; 3]>>,
}

impl Site {
    pub(crate) fn new(source: Source, line: Line) -> Self {
        let mut network = Network::new(4);
        let (r, l) = line.phase;
        let feeder = PHASES.map(|p| network.add(Branch::new(EARTH, p, r, l)));
        let neutral = network.add(Branch::new(NEUTRAL, EARTH, line.neutral.0, line.neutral.1));
        network.add(Branch::new(NEUTRAL, EARTH, line.electrode_ohm, 5e-6));
        for p in PHASES {
            // Interference capacitors of the appliances, and the cables.
            network.add(Branch::new(p, NEUTRAL, 4.0, 0.0).with_capacitor(0.22e-6));
        }
        let sources = vec![Supply { source, from_s: f64::MIN, phase: line.phase }];
        let (devices, strokes) = (Vec::new(), Vec::new());
        Self {
            network,
            feeder,
            neutral,
            devices,
            strokes,
            fault: None,
            sources,
            surge_a: [0.0; 4],
            power_w: 0.0,
            seen_v: 220.0,
        }
    }

    pub(crate) fn add(&mut self, device: impl Device + 'static) {
        self.devices.push(Box::new(device));
    }

    /// A heater or lamp of this resistance that is always on.
    pub(crate) fn resistor(&mut self, phase: usize, ohm: f64) {
        self.network.add(Branch::new(PHASES[phase], NEUTRAL, ohm, 1e-5));
    }

    /// A heater or lamp switched at these times, off at first.
    pub(crate) fn switched(&mut self, phase: usize, ohm: f64, orders: Vec<(f64, bool)>) {
        let branch = self.network.add(Branch::new(PHASES[phase], NEUTRAL, ohm, 1e-5).opened());
        self.add(Switch::new(branch, orders));
    }

    /// Computers and other supplies with rectifiers.
    pub(crate) fn electronics(&mut self, phase: usize, power_w: f64) {
        let device = Rectifier::new(&mut self.network, (PHASES[phase], NEUTRAL), power_w);
        self.add(device);
    }

    /// Hands the site over from its present source to another, with nothing in between from `off_s` to `on_s`.
    pub(crate) fn transfer(&mut self, off_s: f64, on_s: f64, source: Source, phase: (f64, f64)) {
        self.sources.push(Supply { source, from_s: on_s, phase });
        for branch in self.feeder {
            self.add(Switch::new(branch, vec![(off_s, false), (on_s, true)]));
        }
    }

    /// Hands the site back to its first source.
    pub(crate) fn transfer_back(&mut self, off_s: f64, on_s: f64) {
        let first = &self.sources[0];
        let (source, phase) = (first.source.clone(), first.phase);
        self.transfer(off_s, on_s, source, phase);
    }

    /// Runs for `samples` samples and records `quantities`.
    pub(crate) fn run(&mut self, sample_rate_hz: f64, samples: usize, quantities: &[Quantity]) -> Recording {
        let h = 1.0 / (sample_rate_hz * OVERSAMPLING as f64);
        let fine = libm::ceil(h / SURGE_STEP_S) as usize;
        let h_fine = h / fine as f64;
        let (coarse_step, fine_step) = (Step::new(sample_rate_hz, h), Step::new(sample_rate_hz, h_fine));
        let delay = libm::round(AntiAlias::delay_samples() * OVERSAMPLING as f64) as i64;
        let mut filters = vec![AntiAlias::default(); quantities.len()];
        let mut out = Recording {
            clean: vec![Vec::with_capacity(samples); quantities.len()],
            angle: Vec::with_capacity(samples),
            surges: vec![Vec::new(); self.strokes.len()],
        };
        let mut angle = 0.0;
        let every = OVERSAMPLING as i64;
        let first = -libm::round(WARM_UP_S / h) as i64;
        for n in first..=(samples as i64 - 1) * every + delay {
            let t = n as f64 * h;
            let stroke =
                self.strokes.iter().position(|s| t > s.start_s && t - h < s.start_s + Stroke::LENGTH_S);
            let (parts, h_part, step) =
                if stroke.is_some() { (fine, h_fine, &fine_step) } else { (1, h, &coarse_step) };
            let due = n >= delay && (n - delay) % every == 0;
            for part in 1..=parts {
                angle += self.step(t - h + h_part * part as f64, h_part);
                if let Some(s) = stroke {
                    out.surges[s].push([0, 1, 2].map(|k| self.measure(Quantity::U(k))));
                }
                for ((filter, &q), clean) in filters.iter_mut().zip(quantities).zip(&mut out.clean) {
                    let y = filter.feed(self.measure(q), step);
                    if due && part == parts {
                        clean.push(y);
                    }
                }
            }
            if n >= 0 && n % every == 0 && out.angle.len() < samples {
                out.angle.push(angle);
            }
        }
        out
    }

    /// One step that ends at `t`; returns how far the EMF in charge turned.
    fn step(&mut self, t: f64, h: f64) -> f64 {
        let in_charge = self.sources.iter().rposition(|s| s.from_s <= t).unwrap_or(0);
        let mut turned = 0.0;
        for (k, supply) in self.sources.iter_mut().enumerate() {
            // A set that waits for its turn runs unloaded at its rated voltage.
            let (power, seen) =
                if k == in_charge { (self.power_w, self.seen_v) } else { (0.0, supply.source.nominal_v()) };
            let before = supply.source.angle();
            supply.source.advance(h, power, seen);
            if k == in_charge {
                turned = supply.source.angle() - before;
                let emf = supply.source.emf_v();
                for (b, e) in self.feeder.into_iter().zip(emf) {
                    let branch = self.network.branch_mut(b);
                    (branch.emf_v, branch.r_ohm, branch.l_h) = (e, supply.phase.0, supply.phase.1);
                }
                self.power_w =
                    self.feeder.into_iter().zip(emf).map(|(b, e)| e * self.network.current(b)).sum();
            }
        }
        self.surge(t);
        for device in &mut self.devices {
            device.act(t, h, &mut self.network);
        }
        self.network.step(h);
        // Mean of the rectified voltages; 1.1107 is the form factor of a sine.
        self.seen_v = (0..3).map(|k| self.measure(Quantity::U(k)).abs()).sum::<f64>() / 3.0 * 1.1107;
        turned
    }

    fn surge(&mut self, t: f64) {
        let mut wanted = [0.0; 4];
        for s in self.strokes.iter().filter(|s| t > s.start_s && t < s.start_s + 2.0 * Stroke::LENGTH_S) {
            let shape = Stroke::shape(t - s.start_s);
            for (w, crest) in wanted.iter_mut().zip(s.crest_a) {
                *w += crest * shape;
            }
        }
        for (k, (w, old)) in wanted.into_iter().zip(&mut self.surge_a).enumerate() {
            self.network.injected_a[k + 1] += w - *old;
            *old = w;
        }
    }

    fn measure(&self, quantity: Quantity) -> f64 {
        let n = &self.network;
        match quantity {
            Quantity::U(k) => n.voltage(PHASES[k]) - n.voltage(NEUTRAL),
            // The surge comes in along the line, so through the current transformer.
            Quantity::I(k) => n.current(self.feeder[k]) + self.surge_a[k],
            Quantity::In => n.current(self.neutral) - self.surge_a[3],
            Quantity::Un => n.voltage(NEUTRAL),
        }
    }
}
