//! Loads and switches of a site. Each acts before every step on what the last step left in the network.

use super::network::{Branch, BranchId, Network};

/// Something in the network that changes with time.
pub(crate) trait Device {
    /// Sets the network up for the step of `h` seconds that ends at `t`.
    fn act(&mut self, t: f64, h: f64, network: &mut Network);
}

/// A switch, fuse or breaker: closes when told, opens at the next current zero after it was told.
pub(crate) struct Switch {
    branch: BranchId,
    /// Times and the state from then on, in order.
    orders: Vec<(f64, bool)>,
    next: usize,
    opening: bool,
    last_a: f64,
}

impl Switch {
    pub(crate) fn new(branch: BranchId, orders: Vec<(f64, bool)>) -> Self {
        Self { branch, orders, next: 0, opening: false, last_a: 0.0 }
    }
}

impl Device for Switch {
    fn act(&mut self, t: f64, _h: f64, network: &mut Network) {
        while let Some(&(when, close)) = self.orders.get(self.next).filter(|o| o.0 <= t) {
            debug_assert!(when <= t);
            self.next += 1;
            self.opening = !close;
            if close {
                network.close(self.branch);
            }
        }
        let i = network.current(self.branch);
        if self.opening && network.is_closed(self.branch) && i * self.last_a <= 0.0 {
            network.open(self.branch);
            self.opening = false;
        }
        self.last_a = i;
    }
}

/// A single-phase induction motor: stator and rotor as R + jX with the rotor resistance over the slip, and the magnetising branch.
pub(crate) struct Motor {
    rotor: BranchId,
    magnetising: [Switch; 2],
    starts: Vec<(f64, f64)>,
    locked_ohm: f64,
    run_up_s: f64,
}

impl Motor {
    /// Slip at rated load.
    const RATED_SLIP: f64 = 0.05;

    /// Draws about `inrush_a` at nominal voltage with its rotor locked; runs from the first to the second time of each start.
    pub(crate) fn new(
        network: &mut Network,
        nodes: (usize, usize),
        nominal_v: f64,
        inrush_a: f64,
        run_up_s: f64,
        starts: Vec<(f64, f64)>,
    ) -> Self {
        let z = nominal_v / inrush_a;
        // Locked power factor 0.6, magnetising current an eighth of the inrush.
        let omega = std::f64::consts::TAU * super::source::NOMINAL_HZ;
        let rotor = network.add(Branch::new(nodes.0, nodes.1, 0.6 * z, 0.8 * z / omega).opened());
        let magnetising = network.add(Branch::new(nodes.0, nodes.1, 0.8 * z, 8.0 * z / omega).opened());
        let orders: Vec<_> = starts.iter().flat_map(|&(on, off)| [(on, true), (off, false)]).collect();
        let magnetising = [rotor, magnetising].map(|b| Switch::new(b, orders.clone()));
        Self { rotor, magnetising, starts, locked_ohm: z, run_up_s }
    }
}

impl Device for Motor {
    fn act(&mut self, t: f64, h: f64, network: &mut Network) {
        if let Some((on, _)) = self.starts.iter().rev().find(|s| s.0 <= t) {
            let x = (t - on - 0.7 * self.run_up_s) / (0.08 * self.run_up_s);
            let slip = Self::RATED_SLIP + (1.0 - Self::RATED_SLIP) / (1.0 + libm::exp(x));
            network.branch_mut(self.rotor).r_ohm = self.locked_ohm * (0.3 + 0.3 / slip);
        }
        for switch in &mut self.magnetising {
            switch.act(t, h, network);
        }
    }
}

/// Power supplies of computers and lamps: a diode bridge into a capacitor that feeds a constant power.
pub(crate) struct Rectifier {
    branch: BranchId,
    power_w: f64,
    farad: f64,
    dc_v: f64,
    sign: f64,
}

impl Rectifier {
    /// Below this the converters stop drawing power.
    const LOCKOUT_V: f64 = 110.0;

    /// Supplies of this power together; the capacitor, inrush resistor and choke grow with it.
    pub(crate) fn new(network: &mut Network, nodes: (usize, usize), power_w: f64) -> Self {
        let branch = network.add(Branch::new(nodes.0, nodes.1, 600.0 / power_w, 0.6 / power_w).opened());
        Self { branch, power_w, farad: 1.3e-6 * power_w, dc_v: 280.0, sign: 1.0 }
    }
}

impl Device for Rectifier {
    fn act(&mut self, _t: f64, h: f64, network: &mut Network) {
        let i = network.current(self.branch);
        let load = if self.dc_v > Self::LOCKOUT_V { self.power_w / self.dc_v } else { 0.0 };
        self.dc_v += h / self.farad * (i * self.sign - load);
        if network.is_closed(self.branch) {
            if i * self.sign < 0.0 {
                network.open(self.branch);
            }
        } else {
            let v = network.across(self.branch);
            if v.abs() > self.dc_v {
                self.sign = v.signum();
                network.close(self.branch);
            }
        }
        network.branch_mut(self.branch).emf_v = -self.sign * self.dc_v;
    }
}

/// An iron core near saturation (old ballasts, a small transformer): current rises with the fifth power of the flux.
pub(crate) struct IronCore {
    nodes: (usize, usize),
    rated_flux_vs: f64,
    rated_a: f64,
    flux_vs: f64,
    injected_a: f64,
}

impl IronCore {
    pub(crate) fn new(nodes: (usize, usize), nominal_v: f64, rated_a: f64) -> Self {
        let omega = std::f64::consts::TAU * super::source::NOMINAL_HZ;
        let rated_flux_vs = std::f64::consts::SQRT_2 * nominal_v / omega;
        Self { nodes, rated_flux_vs, rated_a, flux_vs: 0.0, injected_a: 0.0 }
    }
}

impl Device for IronCore {
    fn act(&mut self, _t: f64, h: f64, network: &mut Network) {
        let (from, to) = self.nodes;
        let v = network.voltage(from) - network.voltage(to);
        // The winding resistance, as a decay of 0.5 s, lets a flux offset die out.
        self.flux_vs += h * (v - self.flux_vs / 0.5);
        let x = self.flux_vs / self.rated_flux_vs;
        let i = self.rated_a * (0.3 * x + 0.7 * x * x * x * x * x);
        network.injected_a[from] -= i - self.injected_a;
        network.injected_a[to] += i - self.injected_a;
        self.injected_a = i;
    }
}

/// A winding on an iron core that saturates: the branch has the inductance of the core below the knee and that of the winding in
/// air beyond it. Switched on, its flux begins at what the last time left.
pub(crate) struct Core {
    branch: BranchId,
    switch: Switch,
    flux_vs: f64,
    knee_vs: f64,
    unsaturated_h: f64,
    saturated_h: f64,
}

impl Core {
    /// A winding between `nodes` for `nominal_v`, switched on at `on_s` with `remanence` of its rated flux; `air_ohm` is its
    /// reactance beyond the knee.
    pub(crate) fn new(
        network: &mut Network,
        nodes: (usize, usize),
        nominal_v: f64,
        air_ohm: f64,
        on_s: f64,
        remanence: f64,
    ) -> Self {
        let omega = std::f64::consts::TAU * super::source::NOMINAL_HZ;
        let rated_vs = std::f64::consts::SQRT_2 * nominal_v / omega;
        let (unsaturated_h, saturated_h) = (1000.0 * air_ohm / omega, air_ohm / omega);
        let branch = network.add(Branch::new(nodes.0, nodes.1, 0.05 * air_ohm, unsaturated_h).opened());
        let switch = Switch::new(branch, vec![(on_s, true)]);
        let (flux_vs, knee_vs) = (remanence * rated_vs, 1.15 * rated_vs);
        Self { branch, switch, flux_vs, knee_vs, unsaturated_h, saturated_h }
    }
}

impl Device for Core {
    fn act(&mut self, t: f64, h: f64, network: &mut Network) {
        self.switch.act(t, h, network);
        if !network.is_closed(self.branch) {
            return;
        }
        let drop = network.current(self.branch) * network.branch_mut(self.branch).r_ohm;
        self.flux_vs += h * (network.across(self.branch) - drop);
        let saturated = self.flux_vs.abs() > self.knee_vs;
        network.branch_mut(self.branch).l_h = if saturated { self.saturated_h } else { self.unsaturated_h };
    }
}

/// A six-pulse converter that feeds a constant direct current: each phase carries it forth and back for a third of a cycle, and
/// while it passes from one phase to the next, through the reactance of both, their voltages meet in a notch.
pub(crate) struct Converter {
    phases: [usize; 3],
    current_a: f64,
    /// Length of a commutation over a cycle.
    overlap: f64,
    /// Delay of the firing over a cycle.
    firing: f64,
    /// Integral of the voltage between the first two phases: its zero crossings are free of notches.
    flux_vs: f64,
    turned_at: f64,
    period_s: f64,
    injected_a: [f64; 3],
}

impl Converter {
    pub(crate) fn new(phases: [usize; 3], current_a: f64, overlap: f64, firing: f64) -> Self {
        let period_s = 1.0 / super::source::NOMINAL_HZ;
        let (flux_vs, turned_at, injected_a) = (0.0, -1.0, [0.0; 3]);
        Self { phases, current_a, overlap, firing, flux_vs, turned_at, period_s, injected_a }
    }

    /// Current of a phase over the direct one, `turn` cycles after its natural commutation.
    fn shape(&self, turn: f64) -> f64 {
        let turn = turn - libm::floor(turn);
        let ramp = |from: f64| ((turn - from) / self.overlap).clamp(0.0, 1.0);
        let third = 1.0 / 3.0;
        (ramp(0.0) - ramp(third)) - (ramp(0.5) - ramp(0.5 + third))
    }
}

impl Device for Converter {
    fn act(&mut self, t: f64, h: f64, network: &mut Network) {
        let v = network.voltage(self.phases[0]) - network.voltage(self.phases[1]);
        let before = self.flux_vs;
        self.flux_vs += h * (v - self.flux_vs / 0.2);
        if before < 0.0 && self.flux_vs >= 0.0 && t - self.turned_at > 0.5 * self.period_s {
            let since = t - self.turned_at;
            if (since / self.period_s - 1.0).abs() < 0.1 {
                self.period_s += 0.2 * (since - self.period_s);
            }
            self.turned_at = t;
        }
        // The flux of ab crosses zero a quarter after ab does, which is a sixth of a cycle before the first phase takes over.
        let turn = (t - self.turned_at) / self.period_s + 0.25 - 1.0 / 6.0 - self.firing;
        for (k, node) in self.phases.into_iter().enumerate() {
            let i = self.current_a * self.shape(turn - k as f64 / 3.0);
            network.injected_a[node] -= i - self.injected_a[k];
            self.injected_a[k] = i;
        }
    }
}
