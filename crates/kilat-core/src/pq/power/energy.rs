//! Energy: registers that only ever grow, one set per phase and one for the system.
//!
//! What goes in are disjoint stretches of time, each with its own signed powers; the sign decides the register, never a sum of
//! magnitudes. Load convention: QI is import with a lagging current, QII export with Q1 > 0, QIII export with Q1 < 0, QIV
//! import with a leading current.

use serde::{Deserialize, Serialize};

const SECONDS_PER_HOUR: f64 = 3600.0;

/// What one stretch of time contributes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// Its duration, in seconds.
    pub duration_s: f64,
    /// Active energy ∫u·i dt, in joules; positive into the load.
    pub active_j: f64,
    /// Fundamental reactive power Q1 during it, in vars.
    pub q1_var: f64,
    /// Apparent power during it, in volt-amperes.
    pub s_va: f64,
}

/// Energy registers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Energy {
    /// Active energy into the load, in watt-hours.
    pub import_wh: f64,
    /// Active energy out of the load, in watt-hours.
    pub export_wh: f64,
    /// Reactive energy of quadrants I to IV, in var-hours; magnitudes.
    pub reactive_varh: [f64; 4],
    /// Apparent energy, in volt-ampere-hours.
    pub apparent_vah: f64,
    /// Time counted, in seconds.
    pub counted_s: f64,
}

impl Energy {
    /// Counts one stretch; no other stretch may share a moment with it.
    ///
    /// ```
    /// # use kilat_core::pq::power::energy::{Energy, Stretch};
    /// let mut e = Energy::default();
    /// e.add(Stretch { duration_s: 3600.0, active_j: 7.2e6, q1_var: -500.0, s_va: 2100.0 });
    /// assert_eq!((e.import_wh, e.reactive_varh), (2000.0, [0.0, 0.0, 0.0, 500.0]));
    /// ```
    pub fn add(&mut self, s: Stretch) {
        let hours = s.duration_s / SECONDS_PER_HOUR;
        let imports = s.active_j >= 0.0;
        let active = if imports { &mut self.import_wh } else { &mut self.export_wh };
        *active += s.active_j.abs() / SECONDS_PER_HOUR;
        let quadrant = match (imports, s.q1_var >= 0.0) {
            (true, true) => 0,
            (false, true) => 1,
            (false, false) => 2,
            (true, false) => 3,
        };
        self.reactive_varh[quadrant] += s.q1_var.abs() * hours;
        self.apparent_vah += s.s_va * hours;
        self.counted_s += s.duration_s;
    }

    /// Import less export, in watt-hours.
    pub fn net_wh(&self) -> f64 {
        self.import_wh - self.export_wh
    }

    /// Reactive energy of quadrants I and II less that of III and IV, in var-hours.
    pub fn net_varh(&self) -> f64 {
        let [q1, q2, q3, q4] = self.reactive_varh;
        q1 + q2 - q3 - q4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Stretch = Stretch { duration_s: 3600.0, active_j: 3.6e6, q1_var: 300.0, s_va: 1044.0 };

    #[test]
    fn each_sign_has_its_quadrant() {
        for (p, q, quadrant) in [(1.0, 1.0, 0), (-1.0, 1.0, 1), (-1.0, -1.0, 2), (1.0, -1.0, 3)] {
            let mut e = Energy::default();
            e.add(Stretch { active_j: p * HOUR.active_j, q1_var: q * HOUR.q1_var, ..HOUR });
            let mut want = [0.0; 4];
            want[quadrant] = 300.0;
            assert_eq!(e.reactive_varh, want);
            assert_eq!((e.import_wh, e.export_wh), if p > 0.0 { (1000.0, 0.0) } else { (0.0, 1000.0) });
            assert_eq!((e.net_wh(), e.net_varh()), (p * 1000.0, q * 300.0));
            assert_eq!((e.apparent_vah, e.counted_s), (1044.0, 3600.0));
        }
    }

    #[test]
    fn an_hour_in_and_an_hour_out_are_both_remembered() {
        let mut e = Energy::default();
        e.add(HOUR);
        e.add(Stretch { active_j: -HOUR.active_j, ..HOUR });
        assert_eq!((e.import_wh, e.export_wh, e.net_wh(), e.counted_s), (1000.0, 1000.0, 0.0, 7200.0));
        assert_eq!(e.reactive_varh, [300.0, 300.0, 0.0, 0.0]);
    }
}
