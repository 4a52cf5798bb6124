//! A circuit of a few nodes, solved step by step.
//!
//! A branch is R, L, C and an EMF in series:
//! `v_from − v_to + emf = R·i + L·di/dt + q/C`, with the current `i` flowing from `from` to `to`. One time step turns it
//! into a conductance beside a current source (companion model); Kirchhoff's current law at every node then gives a
//! small symmetric system of equations for the node voltages.
//!
//! The integration weighs the new end of a step by [`THETA`] and the old end by the rest. One half would be the
//! trapezoidal rule, which rings for ever when a switch chops an inductive current; a little more damps that ringing by a third
//! per step and shifts a 50 Hz phase by less than a millionth of a cycle at the steps used here.

/// Node of the earth, whose voltage is zero.
pub(crate) const EARTH: usize = 0;
const THETA: f64 = 0.6;
const MAX_NODES: usize = 7;
/// Insulation: keeps a node defined when every branch at it is open.
const LEAK_S: f64 = 1e-9;

/// Handle of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BranchId(usize);

/// R, L, C and EMF in series between two nodes.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Above zero.
    pub(crate) r_ohm: f64,
    pub(crate) l_h: f64,
    /// 1/C; zero without a capacitor.
    pub(crate) elastance: f64,
    /// Drives current from `from` to `to` when positive.
    pub(crate) emf_v: f64,
    closed: bool,
    current_a: f64,
    v_l: f64,
    v_c: f64,
    conductance: f64,
    history_v: f64,
}

impl Branch {
    /// A closed branch of resistance and inductance.
    pub(crate) fn new(from: usize, to: usize, r_ohm: f64, l_h: f64) -> Self {
        Self {
            from,
            to,
            r_ohm,
            l_h,
            elastance: 0.0,
            emf_v: 0.0,
            closed: true,
            current_a: 0.0,
            v_l: 0.0,
            v_c: 0.0,
            conductance: 0.0,
            history_v: 0.0,
        }
    }

    /// The same with a capacitor in series.
    pub(crate) fn with_capacitor(self, farad: f64) -> Self {
        Self { elastance: 1.0 / farad, ..self }
    }

    /// The same, open at first.
    pub(crate) fn opened(self) -> Self {
        Self { closed: false, ..self }
    }

    fn prepare(&mut self, h: f64) {
        let l = self.l_h / (THETA * h);
        let s = self.elastance * h;
        self.conductance = 1.0 / (self.r_ohm + l + s * THETA);
        self.history_v =
            self.v_c + (s * (1.0 - THETA) - l) * self.current_a - (1.0 - THETA) / THETA * self.v_l;
    }

    fn finish(&mut self, v: f64, h: f64) {
        let before = self.current_a;
        self.current_a = self.conductance * (v + self.emf_v - self.history_v);
        self.v_l = self.l_h / (THETA * h) * (self.current_a - before) - (1.0 - THETA) / THETA * self.v_l;
        self.v_c += self.elastance * h * (THETA * self.current_a + (1.0 - THETA) * before);
    }
}

/// Nodes 1 to `nodes` and the earth, with the branches between them.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    nodes: usize,
    branches: Vec<Branch>,
    voltage: [f64; MAX_NODES + 1],
    /// Current injected into each node from the earth during the next step, in amperes.
    pub(crate) injected_a: [f64; MAX_NODES + 1],
}

impl Network {
    pub(crate) fn new(nodes: usize) -> Self {
        assert!(nodes <= MAX_NODES, "at most {MAX_NODES} nodes");
        Self { nodes, branches: Vec::new(), voltage: [0.0; MAX_NODES + 1], injected_a: [0.0; MAX_NODES + 1] }
    }

    pub(crate) fn add(&mut self, branch: Branch) -> BranchId {
        self.branches.push(branch);
        BranchId(self.branches.len() - 1)
    }

    /// One more node, not yet connected.
    pub(crate) fn add_node(&mut self) -> usize {
        assert!(self.nodes < MAX_NODES, "at most {MAX_NODES} nodes");
        self.nodes += 1;
        self.nodes
    }

    /// Voltage of a node to earth.
    pub(crate) fn voltage(&self, node: usize) -> f64 {
        self.voltage[node]
    }

    /// Voltage across the ends of a branch.
    pub(crate) fn across(&self, id: BranchId) -> f64 {
        let b = &self.branches[id.0];
        self.voltage[b.from] - self.voltage[b.to]
    }

    pub(crate) fn current(&self, id: BranchId) -> f64 {
        self.branches[id.0].current_a
    }

    pub(crate) fn is_closed(&self, id: BranchId) -> bool {
        self.branches[id.0].closed
    }

    pub(crate) fn branch_mut(&mut self, id: BranchId) -> &mut Branch {
        &mut self.branches[id.0]
    }

    pub(crate) fn close(&mut self, id: BranchId) {
        self.branches[id.0].closed = true;
    }

    /// Opens a branch; whatever current it still carried is chopped, its capacitor keeps its charge.
    pub(crate) fn open(&mut self, id: BranchId) {
        let b = &mut self.branches[id.0];
        (b.closed, b.current_a, b.v_l) = (false, 0.0, 0.0);
    }

    /// Advances by `h` seconds.
    pub(crate) fn step(&mut self, h: f64) {
        let n = self.nodes;
        let mut g = [[0.0; MAX_NODES + 1]; MAX_NODES + 1];
        let mut rhs = self.injected_a;
        for (k, row) in g.iter_mut().enumerate() {
            row[k] = LEAK_S;
        }
        for b in self.branches.iter_mut().filter(|b| b.closed) {
            b.prepare(h);
            let source = b.conductance * (b.emf_v - b.history_v);
            g[b.from][b.from] += b.conductance;
            g[b.to][b.to] += b.conductance;
            g[b.from][b.to] -= b.conductance;
            g[b.to][b.from] -= b.conductance;
            rhs[b.from] -= source;
            rhs[b.to] += source;
        }
        solve(&mut g, &mut rhs, n);
        rhs[EARTH] = 0.0;
        self.voltage = rhs;
        for b in self.branches.iter_mut().filter(|b| b.closed) {
            b.finish(self.voltage[b.from] - self.voltage[b.to], h);
        }
    }
}

/// Solves rows and columns 1 to `n` by elimination; the matrix is symmetric and diagonally dominant, so no pivoting is needed.
fn solve(g: &mut [[f64; MAX_NODES + 1]; MAX_NODES + 1], x: &mut [f64; MAX_NODES + 1], n: usize) {
    for k in 1..=n {
        let pivot_row = g[k];
        for i in k + 1..=n {
            let f = g[i][k] / pivot_row[k];
            if f != 0.0 {
                for (a, p) in g[i][k..=n].iter_mut().zip(&pivot_row[k..=n]) {
                    *a -= f * p;
                }
                x[i] -= f * x[k];
            }
        }
    }
    for k in (1..=n).rev() {
        let known: f64 = (k + 1..=n).map(|i| g[k][i] * x[i]).sum();
        x[k] = (x[k] - known) / g[k][k];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::rng::Rng;

    /// Kirchhoff's laws, written down again without the companion model, on random networks.
    #[test]
    fn kirchhoff_holds_on_random_networks() {
        let h = 1e-5;
        for seed in 0..20 {
            let mut rng = Rng::new(seed, 0);
            let nodes = 2 + seed as usize % 5;
            let mut net = Network::new(nodes);
            let mut ids = Vec::new();
            for k in 0..3 * nodes {
                let (from, to) = (k % (nodes + 1), (k * k + 1 + k) % (nodes + 1));
                let mut b = Branch::new(from, to, rng.uniform(0.1, 30.0), rng.uniform(0.0, 1e-3));
                if k % 3 == 0 {
                    b = b.with_capacitor(rng.uniform(1e-7, 1e-5));
                }
                ids.push(net.add(b));
            }
            let mut charge = vec![0.0; ids.len()];
            for _ in 0..200 {
                let before = net.clone();
                for &id in &ids {
                    net.branch_mut(id).emf_v = rng.uniform(-300.0, 300.0);
                }
                net.injected_a = std::array::from_fn(|_| rng.uniform(-5.0, 5.0));
                net.step(h);
                for node in 1..=nodes {
                    let out: f64 = net.branches.iter().filter(|b| b.from == node).map(|b| b.current_a).sum();
                    let into: f64 = net.branches.iter().filter(|b| b.to == node).map(|b| b.current_a).sum();
                    let leak = LEAK_S * net.voltage(node);
                    assert!((into + net.injected_a[node] - out - leak).abs() < 1e-8, "KCL at {node}");
                }
                for (k, &id) in ids.iter().enumerate() {
                    // L·Δi is the time integral of what the other elements leave over, weighted as the rule says.
                    let (old, new) = (&before.branches[id.0], &net.branches[id.0]);
                    let left = |n: &Network, b: &Branch, q: f64| {
                        n.across(id) + b.emf_v - b.r_ohm * b.current_a - b.elastance * q
                    };
                    let old_left = left(&before, old, charge[k]);
                    charge[k] += h * (THETA * new.current_a + (1.0 - THETA) * old.current_a);
                    let new_left = left(&net, new, charge[k]);
                    let flux = new.l_h * (new.current_a - old.current_a);
                    let integral = h * (THETA * new_left + (1.0 - THETA) * old_left);
                    assert!(
                        (flux - integral).abs() < 1e-9 * (1.0 + flux.abs()),
                        "KVL of branch {k}: {flux} {integral}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_rl_circuit_rises_as_the_formula_says() {
        let (r, l, e, h) = (2.0, 4e-3, 100.0, 1e-6);
        let mut net = Network::new(1);
        let source = net.add(Branch::new(EARTH, 1, r, l));
        net.add(Branch::new(1, EARTH, 3.0, 0.0));
        net.branch_mut(source).emf_v = e;
        for k in 1..=2000 {
            net.step(h);
            let t = f64::from(k) * h;
            let exact = e / 5.0 * (1.0 - libm::exp(-5.0 * t / l));
            assert!((net.current(source) - exact).abs() < 0.02, "{t}: {} {exact}", net.current(source));
        }
    }

    #[test]
    fn a_lost_neutral_moves_the_star_point_to_millmans() {
        // Three EMFs as if frozen at one instant, unequal resistors, no neutral.
        let (e, r) = ([300.0, -100.0, -200.0], [10.0, 40.0, 25.0]);
        let mut net = Network::new(4);
        for k in 0..3 {
            let line = net.add(Branch::new(EARTH, k + 1, 1e-6, 0.0));
            net.branch_mut(line).emf_v = e[k];
            net.add(Branch::new(k + 1, 4, r[k], 0.0));
        }
        net.step(1e-5);
        let millman = (e[0] / r[0] + e[1] / r[1] + e[2] / r[2]) / (1.0 / r[0] + 1.0 / r[1] + 1.0 / r[2]);
        assert!((net.voltage(4) - millman).abs() < 1e-3);
    }
}
