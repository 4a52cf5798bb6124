use std::f64::consts::SQRT_2;

use super::*;
use crate::config::Lamp;

const RATE_HZ: f64 = 10_000.0;

fn plan() -> FlickerPlan {
    FlickerPlan::new(RATE_HZ, 50.0, Lamp::V230).unwrap()
}

/// Feeds `wave` (in parts of Udin, of seconds) in blocks of `block` samples.
fn meter(seconds: f64, block: usize, wave: impl Fn(f64) -> f64) -> Vec<PInst> {
    let plan = plan();
    let mut meter = FlickerMeter::new(&plan, 3, 1.0);
    let mut stream = History::starting_at(3);
    let mut all = Vec::new();
    while (stream.end() as f64) < seconds * RATE_HZ {
        let at = stream.end();
        for (i, x) in stream.grow(block).iter_mut().enumerate() {
            *x = wave((at + i as u64) as f64 / RATE_HZ) as f32;
        }
        meter.take(&plan, Level::chosen(), &stream);
        run(&plan, Level::chosen(), std::iter::once(&mut meter));
        stream.discard_before(stream.end());
        let end = seconds * RATE_HZ - plan.lag() as f64;
        all.extend(meter.due.drain(..).filter(|p| p.at as f64 <= end));
    }
    all
}

fn mains(f_hz: f64, t: f64) -> f64 {
    SQRT_2 * (2.0 * PI * f_hz * t + 0.7).sin()
}

#[test]
fn blocks_do_not_matter() {
    let wave = |t: f64| mains(50.02, t) * (1.0 + 0.01 * (55.0 * t).sin());
    let want = meter(2.0, 1000, wave);
    for block in [1, 7, 4999, 20_000] {
        assert_eq!(meter(2.0, block, wave), want, "blocks of {block}");
    }
    let steps = want.windows(2).all(|w| w[1].at - w[0].at == plan().step());
    assert!(steps && want[0].at.is_multiple_of(plan().step()) && want[0].at <= plan().step());
    // What is due at some position is known `lag` samples later.
    assert!(want.last().unwrap().at + plan().lag() + plan().step() > 20_000);
}

/// Seven meters, of which one is behind the others and goes by itself, and one loses its voltage, so that its slow mean waits.
#[test]
fn side_by_side_each_has_the_bits_of_itself_alone_on_every_level() {
    let plan = plan();
    let wave = |k: usize, i: u64| {
        let t = i as f64 / RATE_HZ;
        let size = if k == 2 && (0.9..1.4).contains(&t) { 0.01 } else { 1.0 - 0.02 * k as f64 };
        (size * mains(50.0 + 0.1 * k as f64, t) * (1.0 + 0.01 * (55.0 * t).sin())) as f32
    };
    let run_all = |level: Level, together: bool| -> Vec<Vec<(u64, u32, bool)>> {
        let mut meters: Vec<_> = (0..7).map(|_| FlickerMeter::new(&plan, 3, 1.0)).collect();
        let mut streams: Vec<_> = (0..7).map(|_| History::starting_at(3)).collect();
        for block in 0..25 {
            for (k, (meter, stream)) in meters.iter_mut().zip(&mut streams).enumerate() {
                let (from, n) = (stream.end(), if k == 5 && block == 0 { 400 } else { 800 });
                for (i, x) in (from..).zip(stream.grow(n)) {
                    *x = wave(k, i);
                }
                meter.take(&plan, level, stream);
            }
            if together {
                run(&plan, level, meters.iter_mut());
            } else {
                for meter in &mut meters {
                    run(&plan, level, std::iter::once(meter));
                }
            }
        }
        let bits = |p: PInst| (p.at, p.value.to_bits(), p.settled);
        meters.iter_mut().map(|m| m.due.drain(..).map(bits).collect()).collect()
    };
    let alone = run_all(Level::all()[0], false);
    assert!(
        alone.iter().all(|p| p.len() > 350)
            && alone.iter().enumerate().all(|(k, p)| k == 0 || *p != alone[0])
    );
    for level in Level::all() {
        assert!(run_all(level, true) == alone, "{}", level.name());
    }
}

#[test]
fn steady_mains_give_no_flicker_from_the_first_value_on() {
    for f in [42.5, 49.3, 50.0, 57.5] {
        let values = meter(10.0, 4096, |t| 0.93 * mains(f, t));
        let (most, last) = (values.iter().map(|p| p.value).fold(0.0, f32::max), values.last().unwrap().value);
        // What the low-pass leaves of the ripple at twice the frequency is all there is.
        assert!(most <= 1.02 * last + 1e-5 && last < 3e-3, "{f} Hz: up to {most}, then {last}");
    }
}

#[test]
fn values_settle_after_two_minutes_and_after_an_interruption() {
    let wave = |t: f64| if (200.0..200.5).contains(&t) { 0.0 } else { mains(50.0, t) };
    let values = meter(330.0, 65_536, wave);
    let settled = |t: f64| values.iter().find(|p| p.at as f64 >= t * RATE_HZ).unwrap().settled;
    assert!(!settled(119.9) && settled(120.1) && settled(199.9) && !settled(201.0));
    assert!(!settled(320.3) && settled(320.7));
    // The slow mean waited, so that the voltage that returns is compared to itself.
    assert!(values.last().unwrap().value < 1e-3);
}

#[test]
fn a_voltage_that_comes_late_is_measured_when_it_has_come() {
    let wave =
        |t: f64| if t < 5.0 { 0.0 } else { mains(50.0, t) * (1.0 + 0.00125 * (2.0 * PI * 8.8 * t).sin()) };
    let values = meter(40.0, 65_536, wave);
    let most = values.iter().filter(|p| p.at > 350_000).map(|p| p.value).fold(0.0, f32::max);
    assert!((most - 1.0).abs() < 0.01, "{most}");
}

#[test]
fn damage_is_survived() {
    let wave = |t: f64| match t {
        3.0..3.001 => 3e38,
        3.001..3.002 => -f64::from(f32::MAX),
        3.002..3.003 => f64::INFINITY,
        _ => mains(50.0, t),
    };
    assert!(meter(10.0, 4096, wave).iter().all(|p| p.value.is_finite() && p.value >= 0.0));
    let plan = plan();
    for per_unit in [f64::INFINITY, 1e-300] {
        let mut meter = FlickerMeter::new(&plan, 0, per_unit);
        let mut stream = History::starting_at(0);
        stream.grow(20_000)[5000..].fill(1.0);
        meter.take(&plan, Level::chosen(), &stream);
        run(&plan, Level::chosen(), std::iter::once(&mut meter));
        assert!(meter.due.iter().all(|p| p.value.is_finite()), "{per_unit}");
    }
}
