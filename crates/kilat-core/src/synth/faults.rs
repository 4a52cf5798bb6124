//! What goes wrong: a loose terminal, an arc in series, a lightning stroke.

use super::loads::Device;
use super::network::{Branch, BranchId, Network};
use super::rng::Rng;

/// Voltage of a short arc between metal contacts, in volts.
const CONTACT_ARC_V: f64 = 22.0;

/// A loose terminal: parts and closes at given times. Parting under current it draws an arc that dies at the current
/// zero; while open it strikes again when the voltage across is above what the young gap withstands.
pub(crate) struct LooseTerminal {
    branch: BranchId,
    /// Times and whether the metal touches from then on, in order.
    orders: Vec<(f64, bool)>,
    next: usize,
    touching: bool,
    parted_s: f64,
    last_a: f64,
    resistance_ohm: f64,
    rng: Rng,
}

impl LooseTerminal {
    pub(crate) fn new(branch: BranchId, resistance_ohm: f64, orders: Vec<(f64, bool)>, rng: Rng) -> Self {
        Self { branch, orders, next: 0, touching: true, parted_s: 0.0, last_a: 0.0, resistance_ohm, rng }
    }
}

impl Device for LooseTerminal {
    fn act(&mut self, t: f64, h: f64, network: &mut Network) {
        while let Some(&(when, touch)) = self.orders.get(self.next).filter(|o| o.0 <= t) {
            self.next += 1;
            if self.touching && !touch {
                self.parted_s = when;
            }
            self.touching = touch;
            // A terminal that has burnt never closes as well as before.
            let worn = self.rng.uniform(1.0, 4.0);
            network.branch_mut(self.branch).r_ohm = self.resistance_ohm * worn;
        }
        let i = network.current(self.branch);
        if self.touching {
            network.close(self.branch);
            network.branch_mut(self.branch).emf_v = 0.0;
        } else if network.is_closed(self.branch) {
            if i * self.last_a <= 0.0 {
                network.open(self.branch);
            }
            let noise = 1.0 + 0.1 * self.rng.normal();
            network.branch_mut(self.branch).emf_v = -CONTACT_ARC_V * noise * i.signum();
        } else {
            // The gap withstands more the longer it has been open: a few half cycles of strikes, then none.
            let withstands = 60.0 + 9000.0 * (t - self.parted_s);
            let v = network.across(self.branch);
            if v.abs() > withstands && self.rng.uniform(0.0, 1.0) < h / 1e-3 {
                network.branch_mut(self.branch).emf_v = -CONTACT_ARC_V * v.signum();
                network.close(self.branch);
            }
        }
        self.last_a = i;
    }
}

/// An arc in series with a load, worse from second to second.
///
/// After each current zero the gap stays dark until the voltage across it strikes it again; the wiring behind it is then
/// charged by a spike of current. While burning, the arc voltage flickers: broadband noise.
pub(crate) struct SeriesArc {
    branch: BranchId,
    start_s: f64,
    /// Time from the first strike to the worst state.
    growth_s: f64,
    /// When the fuse of the load opens.
    fused_s: f64,
    last_a: f64,
    strikes_at_v: f64,
    flicker: f64,
    rng: Rng,
}

impl SeriesArc {
    pub(crate) fn new(branch: BranchId, start_s: f64, growth_s: f64, fused_s: f64, rng: Rng) -> Self {
        Self { branch, start_s, growth_s, fused_s, last_a: 0.0, strikes_at_v: 0.0, flicker: 0.0, rng }
    }
}

impl Device for SeriesArc {
    fn act(&mut self, t: f64, h: f64, network: &mut Network) {
        if t < self.start_s {
            return;
        }
        let age = ((t - self.start_s) / self.growth_s).min(1.0);
        let i = network.current(self.branch);
        if network.is_closed(self.branch) {
            // The noise of the arc has a correlation time of 0.1 ms.
            let keep = libm::exp(-h / 1e-4);
            self.flicker = keep * self.flicker + libm::sqrt(1.0 - keep * keep) * self.rng.normal();
            let arc_v = (8.0 + 22.0 * age) * (1.0 + 0.35 * self.flicker);
            let burning = if self.strikes_at_v > 0.0 { -arc_v.max(0.0) * i.signum() } else { 0.0 };
            network.branch_mut(self.branch).emf_v = burning;
            if i * self.last_a < 0.0 {
                // Not every half cycle arcs: some contacts find metal. They become fewer.
                if t >= self.fused_s || self.rng.uniform(0.0, 1.0) < 0.15 + 0.85 * age {
                    self.strikes_at_v = (25.0 + 160.0 * age) * self.rng.uniform(0.5, 1.3);
                    network.open(self.branch);
                } else {
                    self.strikes_at_v = 0.0;
                }
            }
        } else if t < self.fused_s && network.across(self.branch).abs() > self.strikes_at_v {
            network.close(self.branch);
            network.branch_mut(self.branch).emf_v = 0.0;
        }
        self.last_a = i;
    }
}

/// An arc across an insulation that has failed: once struck it burns at nearly constant voltage.
pub(crate) struct ArcFault {
    branch: BranchId,
    voltage_v: f64,
}

impl ArcFault {
    /// The branch is opened and closed by a switch; this only keeps the arc voltage against the current.
    pub(crate) fn new(branch: BranchId, voltage_v: f64) -> Self {
        Self { branch, voltage_v }
    }
}

impl Device for ArcFault {
    fn act(&mut self, _t: f64, _h: f64, network: &mut Network) {
        // Below an ampere the arc is taken as resistive, which keeps the sign from chattering.
        let i = network.current(self.branch).clamp(-1.0, 1.0);
        network.branch_mut(self.branch).emf_v = -self.voltage_v * i;
    }
}

/// A lightning stroke: a 1.2/50 µs impulse of current into each conductor, with the share of each.
#[derive(Debug, Clone)]
pub(crate) struct Stroke {
    pub(crate) start_s: f64,
    /// Crest into phases A, B, C and the neutral, in amperes.
    pub(crate) crest_a: [f64; 4],
}

impl Stroke {
    /// After this long nothing is left: exp(−600/68) is below 0.02 %.
    pub(crate) const LENGTH_S: f64 = 600e-6;

    /// Height of the unit impulse `t` seconds after its start.
    pub(crate) fn shape(t: f64) -> f64 {
        if t <= 0.0 {
            return 0.0;
        }
        1.037 * (1.0 - libm::exp(-t / 0.407e-6)) * libm::exp(-t / 68.22e-6)
    }
}

/// Adds the branch of a fault between two nodes, open until a switch closes it.
pub(crate) fn fault(network: &mut Network, from: usize, to: usize, r_ohm: f64) -> BranchId {
    network.add(Branch::new(from, to, r_ohm, 5e-6).opened())
}
