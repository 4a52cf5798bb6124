"""Slow, independent programs for the same quantities agree where they overlap.

They live beside the repository, in ``../shared/checks``, and need NumPy and SciPy; without them these tests are
skipped, and say so.
"""

import importlib.util
import pathlib
import runpy

import numpy as np
import pytest

import kilat

NAMES = ("Ua", "Ub", "Uc")


@pytest.fixture(scope="session")
def checks():
    above = pathlib.Path(__file__).resolve().parents
    found = [d / "shared" / "checks" for d in above if (d / "shared" / "checks").is_dir()]
    if not found:
        pytest.skip("no shared/checks beside the repository")
    if importlib.util.find_spec("scipy") is None:
        pytest.skip("SciPy is not installed")
    return lambda name: runpy.run_path(str(found[0] / f"{name}.py"))


def analyze(arrays, rate, **config):
    units = {name: "A" for name in arrays if name.startswith("I")}
    cap = kilat.Capture.from_arrays(arrays, sample_rate=rate, start="2024-05-27T08:00:00Z", units=units)
    return cap.analyze(frequency=50, threads=1, **config)


def test_groups_of_a_noisy_window(checks):
    oracle = checks("check_4_7")
    rate, n = 12_800.0, 2560
    t = np.arange(15 * n) / rate
    rng = np.random.default_rng(3)
    # Every bin of the window is there, up to order 50: the same in each window.
    orders = np.arange(1, 515)
    phases = rng.uniform(0, 2 * np.pi, orders.size)
    x = sum(0.3 * np.cos(2 * np.pi * 5 * k * t + p) for k, p in zip(orders, phases))
    x += 230 * np.sqrt(2) * np.sin(2 * np.pi * 50 * t)
    r = analyze({"Ua": x}, rate, nominal_voltage=230)
    h, row = r.harmonics, 5
    first, last = r.intervals.start_sample[row], r.intervals.stop_sample[row]
    # The oracle needs whole samples; a window that begins a fraction of one later has the same magnitudes.
    assert abs(last - first - n) < 0.5
    bins = oracle["spec"](x[round(first) : round(first) + n])
    for order in range(2, 50):
        for name, table in (
            ("sub", h.subgroup),
            ("group", h.group),
            ("isub", h.interharmonic_subgroup),
            ("ig", h.interharmonic_group),
        ):
            want = oracle[name](bins, order, 10)
            assert table[row, 0, order] == pytest.approx(want, rel=5e-3), (name, order)


def test_power_of_the_worked_examples(checks):
    oracle = checks("check_power")
    rate = oracle["fs"]
    arrays = {"Ua": np.tile(oracle["v"], 6), "Ia": np.tile(oracle["i"], 6)}
    p = analyze(arrays, rate, nominal_voltage=230).power
    # The last assignments of the script are those of the three-phase example: the single phase is computed again.
    v, i, rms = oracle["v"], oracle["i"], oracle["rms"]
    assert p.p_w[2, 0] == pytest.approx((v * i).mean(), rel=1e-5)
    assert p.s_va[2, 0] == pytest.approx(rms(v) * rms(i), rel=1e-5)
    assert p.q1_var[2, 0] == pytest.approx(oracle["Q1"], rel=1e-4)
    assert p.q_budeanu_var[2, 0] == pytest.approx(oracle["QB"], rel=1e-4)
    assert p.sn_va[2, 0] == pytest.approx(oracle["SN"], rel=1e-3)

    arrays = {name: np.tile(x, 6) for name, x in zip(NAMES, oracle["va"])}
    arrays |= {"I" + name[1:]: np.tile(x, 6) for name, x in zip(NAMES, oracle["ia"])}
    s = analyze(arrays, rate, nominal_voltage=230).system_power
    assert s.p_w[2] == pytest.approx(oracle["P"], rel=1e-5)
    assert s.se_va[2] == pytest.approx(oracle["Se"], rel=1e-4)
    assert s.s_arithmetic_va[2] == pytest.approx(oracle["SA"], rel=1e-4)
    assert s.se1_va[2] == pytest.approx(oracle["Se1"], rel=1e-4)
    assert s.sen_va[2] == pytest.approx(oracle["SeN"], rel=1e-3)
    assert s.s1_positive_va[2] == pytest.approx(abs(oracle["S1p"]), rel=1e-4)


def test_sequences_of_random_phasors(checks):
    oracle = checks("check_4_30")
    rng = np.random.default_rng(5)
    rate = 10_000.0
    t = np.arange(6000) / rate
    for _ in range(5):
        u = 230 * rng.uniform(0.8, 1.2, 3) * np.exp(1j * (np.array([0, -2, 2]) * np.pi / 3 + rng.uniform(-0.2, 0.2, 3)))
        arrays = {name: np.real(np.sqrt(2) * p * np.exp(2j * np.pi * 50 * t)) for name, p in zip(NAMES, u)}
        r = analyze(arrays, rate, nominal_voltage=230)
        u0, u1, u2 = (abs(x) for x in oracle["seq"](u))
        assert r.unbalance.u2_pct[0] == pytest.approx(100 * u2 / u1, abs=0.015)
        assert r.unbalance.u0_pct[0] == pytest.approx(100 * u0 / u1, abs=0.015)


def test_urms_half_of_a_dip(checks):
    oracle = checks("check_4_30")
    n = 512
    rate = 50.0 * n
    t = np.arange(60 * n) / rate
    level = np.where((t >= 0.6) & (t < 0.7), 0.4, 1.0)
    u = level * 230 * np.sqrt(2) * np.sin(2 * np.pi * 50 * t)
    h = analyze({"Ua": u}, rate, nominal_voltage=230).half_cycles["Ua"]
    want = oracle["urms_half"](u, n)
    at = np.round(h.start_sample / (n // 2)).astype(int)
    ok = at < want.size
    assert ok.sum() > 100
    assert np.abs(h.u_rms_v[ok] - want[at[ok]]).max() < 0.0002 * 230


def test_rapid_changes(checks):
    oracle = checks("check_4_30")
    rate = 5000.0
    t = np.arange(int(12 * rate)) / rate
    level = np.interp(t, [0, 4.0, 4.04, 4.34, 4.40, 12], [1, 1, 0.93, 0.93, 0.97, 0.97])
    u = level * 230 * np.sqrt(2) * np.sin(2 * np.pi * 50 * t)
    r = analyze({"Ua": u}, rate, nominal_voltage=230, rvc_pct=2.5)
    values = r.half_cycles["Ua"].u_rms_v / 230
    ((start, halves, steady, largest),) = oracle["rvc"](values, 100, 0.025)
    (change,) = r.rvc
    assert change.start_sample == r.half_cycles["Ua"].start_sample[start]
    assert change.duration_s == pytest.approx(halves * 0.01, abs=1e-4)
    assert change.delta_steady_pct == pytest.approx(100 * steady, abs=1e-9)
    assert change.delta_max_pct == pytest.approx(100 * largest, abs=1e-9)


@pytest.mark.parametrize(("lamp", "rows"), [("230V", (230, 50)), ("120V", (120, 50))])
def test_flicker_of_an_irregular_voltage(checks, lamp, rows):
    oracle = checks("flicker_ref")
    rate, seconds = 10_000.0, 40
    t = np.arange(int(seconds * rate)) / rate
    rng = np.random.default_rng(11)
    level = 1 + sum(
        0.002 * np.sin(2 * np.pi * f * t + p) for f, p in zip(rng.uniform(0.7, 30, 6), rng.uniform(0, 6, 6))
    )
    u = np.sqrt(2) * np.sin(2 * np.pi * 50 * t) * level
    want, fs = oracle["pinst"](u, rate, *rows)
    r = analyze({"Ua": 230 * u}, rate, nominal_voltage=230, lamp=lamp)
    p = r.flicker["Ua"].p_inst
    late = p.sample > 20 * rate
    got = p.p_inst[late]
    at = np.round(p.sample[late] / rate * fs).astype(int)
    ok = at < want.size
    # The oracle's filters delay what ours do not: half a percent of the largest value, and the largest itself.
    assert got.max() == pytest.approx(want[int(20 * fs) :].max(), rel=0.01)
    assert np.mean(got[ok]) == pytest.approx(np.mean(want[at[ok]]), rel=0.01)
