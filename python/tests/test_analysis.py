"""Every quantity arrives under its own name: a known signal is measured and each column compared to what was put in."""

import numpy as np
import pytest
from conftest import DIP, I_RMS, LAG, RATE, SECONDS, SPIKE_SAMPLE, SPIKE_V, START, U5, U

import kilat

CLASS_A = 1e-3
"""Relative uncertainty of Class A magnitudes, IEC 61000-4-30, 5.2: 0.1 % of Udin."""


def steady(r):
    """Intervals no event touches."""
    return (r.intervals.flags & kilat.Flags.EVENT) == 0


def test_half_cycles(r, cap):
    assert list(r.half_cycles) == ["Ua", "Ub", "Uc"]
    h = r.half_cycles["Ub"]
    assert len(h) == len(h.time) == len(h.u_rms_v) == len(h.flags)
    values = cap["Ub"].values
    # Each value against the plain r.m.s. of the samples in its window; the window ends between samples.
    for row in list(h)[5:200:7]:
        a, b = round(row.start_sample), round(row.stop_sample)
        assert b - a == 200
        assert row.u_rms_v == pytest.approx(np.sqrt(np.mean(values[a:b] ** 2)), rel=CLASS_A)
    assert h.time[0] == np.datetime64(START[:-1], "ns") + np.timedelta64(round(h.start_sample[0] / RATE * 1e9), "ns")


def test_flicker():
    rate, t = 2000.0, np.arange(18 * 2000) / 2000.0
    u = 230 * np.sqrt(2) * np.sin(2 * np.pi * 50 * t) * (1 + 0.00125 * np.sin(2 * np.pi * 8.8 * t))
    cap = kilat.Capture.from_arrays({"Ua": u, "Ia": u}, sample_rate=rate, start=START)
    flicker = cap.analyze(nominal_voltage=230, frequency=50).flicker
    assert list(flicker) == ["Ua"]
    p = flicker["Ua"].p_inst
    # The row of the standard's table that fixes the scale: 0.25 % at 8.8 Hz give 1.
    assert p.p_inst[p.sample > 14 * rate].max() == pytest.approx(1.0, rel=0.01)
    assert p.time[3] == np.datetime64(START[:-1], "ns") + np.timedelta64(round(p.sample[3] / rate * 1e9), "ns")
    assert (p.flags == kilat.Flags.UNSETTLED).all()
    assert len(flicker["Ua"].pst) == len(flicker["Ua"].plt) == 0
    other = cap.analyze(nominal_voltage=230, frequency=50, lamp="120V").flicker["Ua"].p_inst
    assert other.p_inst[p.sample > 14 * rate].max() == pytest.approx((0.250 / 0.321) ** 2, rel=0.01)


def test_intervals(r):
    i = r.intervals
    good = steady(r)
    assert 55 <= len(i) <= 60 and 50 < good.sum() < len(i)
    np.testing.assert_allclose(i.stop_sample - i.start_sample, 2000, atol=0.1)
    np.testing.assert_allclose(i.frequency_hz, 50.0, atol=1e-2)
    expected = [np.hypot(230, U5), 224, 230, I_RMS, I_RMS, I_RMS]
    np.testing.assert_allclose(i.rms[10], expected, rtol=CLASS_A)
    assert i.rms.shape == (len(i), len(r.channels)) and i.axes["channel"] == r.names
    between = abs(U["Ub"][0] * np.exp(1j * np.deg2rad(U["Ub"][1])) - 230 * np.exp(1j * np.deg2rad(U["Uc"][1])))
    assert i.line_line_rms_v[10, 1] == pytest.approx(between, rel=CLASS_A)
    assert (i.cycles == 10).all()
    # IEC 61000-4-30 stamps an interval with its end.
    first = np.datetime64(START[:-1], "ns") + np.timedelta64(round(i.stop_sample[0] / RATE * 1e9), "ns")
    assert i.time.dtype == "datetime64[ns]" and i.time[0] == first


def test_frequency(r):
    assert len(r.frequency) == 1
    assert r.frequency.hz[0] == pytest.approx(50.0, abs=1e-3)
    assert np.datetime64("2024-05-27T07:00:09.9") < r.frequency.time[0] <= np.datetime64("2024-05-27T07:00:10")


def test_harmonics(r):
    h, row = r.harmonics, 10
    assert h.subgroup.shape == (len(r.intervals), 6, 51) == h.group.shape == h.phase_rad.shape
    for name in ("subgroup", "group", "interharmonic_subgroup", "interharmonic_group", "phase_rad"):
        assert h[name].dtype == np.float32, name
    assert h.subgroup[row, 0, 1] == pytest.approx(230, rel=CLASS_A)
    assert h.subgroup[row, 0, 5] == pytest.approx(U5, rel=0.05)
    assert h.group[row, 0, 5] == pytest.approx(U5, rel=0.05)
    assert h.interharmonic_subgroup[row, 0, 5] < 0.05
    assert h.thd_subgroup_pct[row, 0] == pytest.approx(100 * U5 / 230, rel=0.05)
    assert h.thd_group_pct[row, 0] == pytest.approx(100 * U5 / 230, rel=0.05)
    assert h.thd_harmonic_pct[row, 0] == pytest.approx(100 * U5 / 230, rel=0.05)
    assert h.thd_subgroup_pct[row, 2] < 0.1 and h.tihd_subgroup_pct[row, 0] < 0.1 and h.pwhd_group_pct[row, 0] < 0.1
    angle = h.phase_rad[row, 3, 1] - h.phase_rad[row, 0, 1]
    assert np.rad2deg(angle) % 360 == pytest.approx(360 - LAG, abs=0.2)


def test_unbalance(r):
    a = np.exp(2j * np.pi / 3)
    ua, ub, uc = (rms * np.exp(1j * np.deg2rad(degrees)) for rms, degrees in U.values())
    u0, u1, u2 = ua + ub + uc, ua + a * ub + a * a * uc, ua + a * a * ub + a * uc
    assert r.unbalance.u2_pct[10] == pytest.approx(100 * abs(u2 / u1), abs=0.15)
    assert r.unbalance.u0_pct[10] == pytest.approx(100 * abs(u0 / u1), abs=0.15)
    assert r.unbalance.i2_pct[10] == pytest.approx(0, abs=0.15)


def test_power(r):
    p = r.power
    assert p.axes["pair"] == ["Ua·Ia", "Ub·Ib", "Uc·Ic"] and r.power_pairs[0] == ("Ua", "Ia")
    for pair, (rms, _) in enumerate(U.values()):
        assert p.p_w[10, pair] == pytest.approx(rms * I_RMS * np.cos(np.deg2rad(LAG)), rel=2e-3)
        assert p.q1_var[10, pair] == pytest.approx(rms * I_RMS * np.sin(np.deg2rad(LAG)), rel=2e-3)
    assert p.s_va[10, 0] == pytest.approx(np.hypot(230, U5) * I_RMS, rel=2e-3)
    np.testing.assert_allclose(p.pf, p.p_w / p.s_va, rtol=1e-12)


def test_system_power_energy_and_demand(r, cap):
    """Against sums over the samples, and the definitions of IEEE 1459."""
    s, row = r.system_power, 10
    u = np.array([rms * np.exp(1j * np.deg2rad(angle)) for rms, angle in U.values()])
    a = np.exp(2j * np.pi / 3)
    positive = abs(u @ [1, a, a * a]) / 3
    assert len(s) == len(r.intervals)
    assert s.u1_positive_v[row] == pytest.approx(positive, rel=CLASS_A)
    assert s.s1_positive_va[row] == pytest.approx(3 * positive * I_RMS, rel=2e-3)
    assert s.p_w[row] == pytest.approx(r.power.p_w[row].sum(), rel=1e-9)
    np.testing.assert_allclose(s.pf, s.p_w / s.se_va, rtol=1e-12)
    assert r.intervals.neutral_current_a[row] == pytest.approx(0, abs=CLASS_A * I_RMS)
    residual = np.hypot(abs(u.sum()), U5)
    assert r.intervals.residual_voltage_v[row] == pytest.approx(residual, abs=CLASS_A * 230)
    e = r.energy
    assert e.of.tolist() == ["Ua·Ia", "Ub·Ib", "Uc·Ic", "system"]
    first, last = round(r.intervals.start_sample[0]), round(r.intervals.stop_sample[-1])
    joules = sum((cap["U" + x].values * cap["I" + x].values)[first:last].sum() for x in "abc") / RATE
    assert e.import_wh[-1] == pytest.approx(joules / 3600, rel=1e-4) == pytest.approx(e.import_wh[:3].sum(), rel=1e-4)
    assert (e.export_wh == 0).all() and (e.reactive_q1_varh > 0).all()
    assert len(r.demand) == 0, "twelve seconds hold no quarter of an hour"
    d = cap.analyze(nominal_voltage=230, frequency=50, demand_min=0.05).demand
    assert d.complete.tolist() == [False, True, True] and d.start[1] - d.start[0] == np.timedelta64(3, "s")
    assert d.p_w[2] == pytest.approx(s.p_w[row], rel=1e-2)


def quadratic(x):
    return np.sqrt(np.mean(np.square(x), axis=0))


def test_aggregates(r):
    """Fifteen basic intervals each, by the formulas of IEC 61000-4-30, 4.5."""
    a, i = r.aggregate("150cycles"), r.intervals
    assert a is r.aggregate("3s") is r.aggregate("180cycles")
    # No tick falls into these 12 s: the aggregates follow each other from the first basic interval.
    assert len(a) == -(-len(i) // 15) and a.intervals.basics.tolist()[:3] == [15, 15, 15]
    for k in range(3):
        part = slice(15 * k, 15 * k + 15)
        np.testing.assert_allclose(a.intervals.rms[k], quadratic(i.rms[part]), rtol=1e-12)
        # Rounded to single precision once, which half of its epsilon allows for.
        want = quadratic(r.harmonics.subgroup[part].astype(float))
        np.testing.assert_allclose(a.harmonics.subgroup[k], want, rtol=np.finfo(np.float32).eps / 2 + 1e-9)
        np.testing.assert_allclose(a.unbalance.u2_pct[k], quadratic(r.unbalance.u2_pct[part]), rtol=1e-12)
        np.testing.assert_allclose(a.power.p_w[k], r.power.p_w[part].mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(a.system_power.p_w[k], r.system_power.p_w[part].mean(), rtol=1e-12)
        assert a.time[k] == i.time[part][-1] == a.harmonics.time[k]
        assert a.intervals.cycles[k] == 150 and a.intervals.covered_s[k] == pytest.approx(3, abs=1e-3)
        assert a.intervals.flags[k] == np.bitwise_or.reduce(i.flags[part])
    # The dip lies in the second one, and clipping at Udin sees it, not the healthy rest.
    u = np.minimum(i.rms[15:30, 1], 230)
    assert a.deviation.under_pct[1, 1] == pytest.approx(100 * (230 - quadratic(u)) / 230, rel=1e-9)
    assert np.isnan(a.deviation.under_pct[:, 3]).all() and a.deviation.over_pct[0, 1] == pytest.approx(0, abs=1e-9)
    assert r.deviation.over_pct[10, 0] == pytest.approx(100 * (np.hypot(230, U5) / 230 - 1), abs=0.1)
    assert np.isnan(a.harmonics.phase_rad).all()


def test_long_aggregates_are_tagged_with_the_tick(r):
    for period, tick in (("10min", "2024-05-27T07:10"), ("2h", "2024-05-27T08:00")):
        a = r.aggregate(period)
        assert len(a) == 1 and a.time[0] == np.datetime64(tick, "ns")
        assert a.intervals.flags[0] & kilat.Flags.INCOMPLETE
        np.testing.assert_allclose(a.intervals.rms[0], quadratic(r.intervals.rms), rtol=1e-12)
    with pytest.raises(ValueError, match=r"period: expected '150cycles' \(or '3s'\), '10min' or '2h', found '10 min'"):
        r.aggregate("10 min")


def test_rapid_voltage_changes():
    """A step of 4 % that stays, on the second of two phases: steady before, steady after, neither dip nor swell."""
    t = np.arange(int(6 * RATE)) / RATE
    wave = 230 * np.sqrt(2) * np.sin(2 * np.pi * 50 * t)
    step = np.where(t < 3, 1.0, 0.96)
    two = {"Ua": wave, "Ub": -wave * step}
    cap = kilat.Capture.from_arrays(two, sample_rate=RATE, start=START)
    assert len(cap.analyze(nominal_voltage=230, frequency=50).rvc) == 0, "the default threshold is 5 %"
    (change,) = cap.analyze(nominal_voltage=230, frequency=50, rvc_pct=3, rvc_hysteresis_pct=40).rvc
    assert change.channels == ("Ub",) and change.extreme_channel == "Ub" and not change.open
    assert change.delta_steady_pct == pytest.approx(4, abs=0.05)
    assert change.delta_steady_v == pytest.approx(2.3 * change.delta_steady_pct, rel=1e-12)
    assert change.delta_max_pct == pytest.approx(4, abs=0.05)
    assert change.delta_max_v == pytest.approx(2.3 * change.delta_max_pct, rel=1e-12)
    assert change.start_sample == pytest.approx(3 * RATE, abs=0.021 * RATE) and change.duration_s < 0.05
    late = (change.start - np.datetime64(START[:-1], "ns")) / np.timedelta64(1, "s")
    assert late == pytest.approx(change.start_sample / RATE, abs=1e-9)


def test_events(r):
    dips = r.events[r.events.kind == "dip"]
    assert len(dips) == 2 and sorted(dips.polyphase) == [False, True]
    for dip in dips:
        assert dip.channels == ("Ub",) and dip.extreme_channel == "Ub"
        assert dip.residual_v == pytest.approx(112, rel=CLASS_A)
        assert dip.magnitude_pu == pytest.approx(112 / 230, rel=CLASS_A)
        assert dip.depth_pct == pytest.approx(100 * (1 - 112 / 230), rel=CLASS_A)
        # A rectangular dip of n cycles lasts n + 0.5 to n + 1 cycles when seen through one-cycle windows.
        assert 0.2 <= dip.duration_s <= 0.2 + 0.021
        assert dip.start_sample / RATE == pytest.approx(DIP[0], abs=0.021)
        seconds = (dip.start - np.datetime64(START[:-1], "ns")) / np.timedelta64(1, "s")
        assert seconds == pytest.approx(dip.start_sample / RATE, abs=1e-9)
        assert dip.category == "instantaneous sag" and not dip.open


def test_transients(r):
    assert list(r.transients.channel) == ["Uc"]
    (spike,) = r.transients
    assert spike.kind == "impulsive" and spike.polarity == 1
    assert SPIKE_SAMPLE <= spike.peak_sample < SPIKE_SAMPLE + 6
    assert spike.peak_v == pytest.approx(SPIKE_V, rel=0.01)
    assert spike.peak_pu == pytest.approx(SPIKE_V / (230 * np.sqrt(2)), rel=0.01)


def test_what_was_not_measured_is_nan(cap):
    r = cap.select(names=["Ua"]).analyze()
    assert r.wiring == "single" and len(r.channels) == 1
    assert np.isnan(r.unbalance.u2_pct).all() and len(r.unbalance) == len(r.intervals)
    assert r.power.p_w.shape == (len(r.intervals), 0)
    assert len(r.events) == len(r.transients) == len(r.gaps) == 0


def test_without_a_start_times_are_seconds(cap):
    t = np.arange(20_000) / RATE
    bare = kilat.Capture.from_arrays({"Ua": 325 * np.sin(2 * np.pi * 50 * t)}, sample_rate=RATE)
    r = bare.analyze()
    # The clock counts nanoseconds.
    np.testing.assert_allclose(r.intervals.time, r.intervals.stop_sample / RATE, rtol=0, atol=1e-9)
    assert r.half_cycles["Ua"].time.dtype == np.float64


def test_the_number_of_threads_changes_no_bit(cap):
    one, many = (cap.analyze(threads=n) for n in (1, 3))
    np.testing.assert_array_equal(one.harmonics.subgroup, many.harmonics.subgroup)
    np.testing.assert_array_equal(one.half_cycles["Ub"].u_rms_v, many.half_cycles["Ub"].u_rms_v)


def test_settings_reach_the_engine(cap):
    assert len(cap.analyze(dip_pct=40, interruption_pct=5).events) == 0
    config = kilat.Config(nominal_voltage_v=230, nominal_frequency_hz=50, dip_pct=40)
    r = cap.analyze(config=config)
    assert len(r.events) == 0 and r.config == config
    assert cap.analyze(nominal_voltage=200).events.kind.tolist().count("swell") > 0
    assert cap.analyze(orders=10).config.orders == 10


def test_a_repeated_name_stays_two_channels(cap):
    twice = {"Ua": cap["Ua"].values, "UA": cap["Ub"].values}
    r = kilat.Capture.from_arrays(twice, sample_rate=RATE).analyze()
    assert len(set(r.names)) == len(r.half_cycles) == 2


def test_large_arrays_are_lent_not_copied(r):
    # A second façade over the same results sees the same memory.
    again = kilat.Analysis(r._results, r.capture)
    assert np.shares_memory(r.harmonics.subgroup, again.harmonics.subgroup)
    assert not r.intervals.rms.flags.writeable


def test_shows_itself(r):
    assert "\n" not in repr(r) and len(repr(r)) <= 100
    assert "Ub" in r._repr_html_()


def tones(*parts, rate=10_000.0, seconds=3.0):
    """One phase of 230 V at 50 Hz with tones of (volts, hertz, from, to)."""
    t = np.arange(int(rate * seconds)) / rate
    u = 230 * np.sqrt(2) * np.sin(2 * np.pi * 50 * t)
    for volts, hz, start, stop in parts:
        u += volts * np.sqrt(2) * np.sin(2 * np.pi * hz * t) * ((t >= start) & (t < stop))
    return kilat.Capture.from_arrays({"Ua": u, "Ia": u / 23}, sample_rate=rate, start=START)


def test_signalling():
    cap = tones((5.0, 175.0, 1.0, 1.4), (1.0, 600.0, 0.0, 3.0))
    signalling = [{"hz": 175.0, "record_s": 0.7}, {"hz": 600.0}]
    r = cap.analyze(nominal_voltage=230, frequency=50, signalling=signalling)
    s = r.signalling
    assert s.rms_v.shape == (len(r.intervals), 2, 2) and s.axes == {"channel": ["Ua", "Ia"], "hz": [175.0, 600.0]}
    # Before the other tone begins and splashes.
    np.testing.assert_allclose(s.rms_v[:4, 0, 1], 1.0, rtol=0.001)
    assert s.rms_v[:, 0, 0].max() == pytest.approx(5.0, rel=0.01) and np.isnan(s.rms_v[:, 1]).all()
    assert (s.time == r.intervals.time).all()
    frame = s.to_pandas()
    assert len(frame) == s.rms_v.size and frame.groupby(["channel", "hz"])["rms_v"].max()["Ua", 175.0] > 4.9
    ten = r.aggregate("10min").signalling.rms_v[0, 0, 1]
    assert ten == pytest.approx(np.sqrt(np.mean(s.rms_v[:, 0, 1] ** 2)), rel=1e-9)
    (burst,) = r.bursts
    assert (burst.hz, burst.channel, burst.open) == (175.0, "Ua", False)
    assert burst.largest_v == max(burst.values_v) == pytest.approx(5.0, rel=0.01) and len(burst.values_v) == 4
    assert r.bursts.to_arrow()["values_v"].to_pylist() == [list(burst.values_v)]
    none = cap.analyze(nominal_voltage=230, frequency=50)
    assert len(none.bursts) == 0 and none.signalling.rms_v.shape[2] == 0 and len(none.signalling.to_pandas()) == 0


def test_supraharmonics():
    cap = tones((1.0, 2500.0, 0.0, 1.0), (2.0, 14_000.0, 0.0, 1.0), rate=50_000.0, seconds=1.0)
    r = cap.analyze(nominal_voltage=230, frequency=50, supraharmonics=True)
    s = r.supraharmonics
    low, high = s.axes["low_hz"].index(2500.0), s.axes["high_hz"].index(14_000.0)
    assert s.low.shape == (len(r.intervals), 2, 35)
    assert s.high_max.shape == (len(r.intervals), 2, len(s.axes["high_hz"]))
    np.testing.assert_allclose(s.low[:, 0, low], 1.0, rtol=0.005)
    for values in (s.high_min, s.high_mean, s.high_max):
        np.testing.assert_allclose(values[:, 0, high], 2.0, rtol=0.005)
    frame = s.to_pandas()
    assert len(frame) == s.low.size + s.high_mean.size
    of = frame[frame["channel"] == "Ua"].groupby("hz")[["min", "mean", "max"]].mean()
    assert of.loc[2500.0, "mean"] == pytest.approx(1.0, rel=0.005) and np.isnan(of.loc[2500.0, "max"])
    assert of.loc[14_000.0, "max"] == pytest.approx(2.0, rel=0.005)
    assert s.to_polars().height == len(frame) and s.to_xarray()["low"].dims == ("row", "channel", "low_hz")
    assert r.aggregate("10min").supraharmonics.high_mean[0, 0, high] == pytest.approx(2.0, rel=0.005)
    none = cap.analyze(nominal_voltage=230, frequency=50).supraharmonics
    assert len(none) == 0 and len(none.to_pandas()) == 0


def test_class_and_edition(cap):
    def orders(r):
        return int(np.isfinite(r.harmonics.subgroup[0, 0]).sum()) - 1

    settings = {"nominal_voltage": 230, "frequency": 50}
    a, s = cap.analyze(**settings), cap.analyze(**settings, class_="S", event_rms="1")
    assert (orders(a), orders(s)) == (50, 40)
    assert (a.config.class_, a.config.edition, s.config.class_, s.config.event_rms) == ("A", "3", "S", "1")
    # One cycle's value a cycle: the same dip, to within a cycle at either end.
    (dip,) = (e for e in s.events if not e.polyphase)
    assert dip.duration_s == pytest.approx(DIP[1] - DIP[0], abs=0.04)
    fourth = cap.analyze(**settings, edition="4")
    assert np.isnan(fourth.deviation.under_pct).all() and np.isfinite(a.deviation.under_pct[:, :3]).all()
    with pytest.raises(ValueError, match=r"event_rms: Urms\(1\)"):
        cap.analyze(**settings, event_rms="1")
    with pytest.raises(TypeError, match="edition"):
        kilat.Config(edition="2")


def test_corrections_of_a_dict(cap, r):
    # Ia as a reversed clamp of ratio 200 shows it, and two samples late.
    late = np.roll(-cap["Ia"].values / 200, 2)
    wrong = kilat.Capture.from_arrays(
        {"Ua": cap["Ua"].values, "Ia": late}, sample_rate=RATE, start=START, units={"Ua": "V", "Ia": "A"}
    )
    correction = {"ratio": 200, "inverted": True, "delay_s": 2 / RATE}
    config = kilat.Config(nominal_voltage_v=230, nominal_frequency_hz=50, corrections={"Ia": correction})
    assert config.corrections["Ia"]["ratio"] == 200 and config.corrections["Ia"]["gain"] == 1.0
    right = wrong.analyze(config=config)
    np.testing.assert_allclose(right.power.p_w[5:10, 0], r.power.p_w[5, 0], rtol=1e-4)
    np.testing.assert_allclose(right.power.q1_var[5:10, 0], r.power.q1_var[5, 0], rtol=1e-3)
    plain = wrong.analyze(nominal_voltage=230, frequency=50)
    assert plain.power.p_w[5, 0] < 0
    with pytest.raises(ValueError, match=r"corrections\.Ix: no such voltage or current"):
        wrong.analyze(nominal_voltage=230, frequency=50, corrections={"Ix": correction})
    response = [{"hz": 50.0, "gain": 0.5, "phase_deg": 0.0}]
    halved = cap.analyze(nominal_voltage=230, frequency=50, corrections={"Ua": {"response": response}})
    assert halved.intervals.rms[5, 0] == pytest.approx(2 * r.intervals.rms[5, 0], rel=1e-3)


def test_compliance(r):
    c = r.compliance("EN 50160")
    assert c.overall == "not_enough_data" and c.standard.startswith("EN 50160:2010")
    assert len(c) == len(c.order) == 31 and set(c.status) == {"not_enough_data"}
    frequency = c[(c.quantity == "frequency") & (c.share_pct == 100)]
    assert frequency.lower[0] == pytest.approx(47) and frequency.upper[0] == pytest.approx(52)
    assert frequency.have_s[0] == 10 and frequency.needed_s[0] == 7 * 86400
    assert frequency.margin[0] == pytest.approx(2, abs=1e-3) and frequency.worst[0] == pytest.approx(50, abs=1e-3)
    assert frequency.worst_start.dtype == "datetime64[ns]" and not np.isnat(frequency.worst_start[0])
    # No whole 10 min, so no value and no time.
    voltage = c[c.quantity == "voltage"]
    assert np.isnan(voltage.measured).all() and np.isnat(voltage.worst_start).all()
    assert frequency.overall == c.overall and any("signalling" in what for _, what, _ in c.not_judged)
    assert len(c.to_pandas()) == 31
    with pytest.raises(ValueError, match="en50160"):
        r.compliance("EN 50161")


def test_compliance_of_currents_needs_the_site(r):
    assert len(r.compliance("IEEE 519")) == 0
    c = r.compliance("IEEE 519", isc=5000, il=20, pcc_voltage=400)
    assert set(c.quantity) == {"voltage_thd", "voltage_harmonic", "tdd", "current_harmonic"}
    with pytest.raises(ValueError, match="il"):
        r.compliance("IEEE 519", il=-1)


def test_a_voltage_out_of_band_is_a_violation():
    t = np.arange(11 * 60 * 1600) / 1600
    u = (260 * np.sqrt(2) * np.sin(2 * np.pi * 50 * t)).astype("f4")
    a = kilat.Capture.from_arrays({"Ua": u}, sample_rate=1600.0).analyze(nominal_voltage=230, frequency=50)
    c = a.compliance("EN 50160")
    assert c.overall == "violated"
    (worst,) = c[c.status == "violated"]
    assert worst.quantity == "voltage" and worst.channel == "Ua"
    assert worst.margin == pytest.approx(110 - 100 * 260 / 230, abs=1e-3)
    assert worst.worst_start == pytest.approx(0, abs=0.1) and worst.worst_stop == pytest.approx(600, abs=0.3)


def test_curve(r):
    points = r.curve("ITIC")
    assert list(points.kind) == ["dip", "impulsive"] and list(points.channel) == ["Ub", "Uc"]
    # 49 % for more than 20 ms; a peak of 400 to 600 V on 325 V for a moment.
    assert list(points.region) == ["no_damage", "no_interruption"]
    assert points.indicative and points.upper[0] == pytest.approx((1 / 6000, 500))
    assert points.insulation[0] == "" and points.insulation[1] in ("within", "not_measurable")
    assert list(r.curve("semi f47").region)[:1] == ["no_damage"]
    with pytest.raises(ValueError, match="ITIC"):
        r.curve("ITIX")


def test_indices(r):
    i = r.indices()
    assert (i.sarfi[90], i.sarfi[50], i.sarfi[10], i.sarfi[110]) == (1, 1, 0, 0)
    assert i.sarfi_curves["ITIC"] == 1
    dips = i.tables["EN 50160 dips"]
    assert np.sum(dips["counts"]) == 1 and dips["counts"][2][1] == 1  # 40 to 70 %, 200 to 500 ms
    (dip,) = i.dips
    assert dip.energy_s == pytest.approx(0.2 * (1 - (112 / 230) ** 2), rel=0.06)
    assert i.sag_energy_s == dip.energy_s and i.outage_minutes == 0
    assert i.observed_s == pytest.approx(SECONDS)


def test_report_states_what_was_entered(r, tmp_path):
    page = tmp_path / "r.html"
    r.report(page, lang="id", limits=["EN 50160", "SPLN 1"], instrument="Recorder 7", calibrated="2024-01-15")
    text = page.read_text(encoding="utf-8")
    assert "Recorder 7" in text and "2024-01-15" in text and "SPLN 1:1995" in text and "data tidak cukup" in text


def test_only_some_parts(cap):
    whole = cap.analyze(nominal_voltage=230, frequency=50)
    some = cap.analyze(nominal_voltage=230, frequency=50, only=["events"])
    assert np.array_equal(some.intervals.rms, whole.intervals.rms)
    assert some.events.to_pandas().equals(whole.events.to_pandas())
    assert np.isnan(some.harmonics.subgroup).all() and not np.isnan(whole.harmonics.subgroup).all()
    assert any("left out" in str(w) for w in some.warnings)
    with pytest.raises(TypeError, match="only"):
        cap.analyze(nominal_voltage=230, frequency=50, only=["nonsense"])


def test_recurrences():
    def recorded(seed, start):
        cap = kilat.datasets.generate("kaur-2024", seed=seed, duration_s=11.0, noise_db=50).capture
        arrays = {name: cap[name].values for name in cap.names}
        return kilat.Capture.from_arrays(arrays, sample_rate=cap.sample_rate, start=start).analyze(nominal_voltage=220)

    years = [recorded(1, "2022-03-01"), recorded(2, None), recorded(3, "2024-05-27"), recorded(4, "2023-02-11")]
    # A steady capture of the same site has nothing to do with it.
    steady = kilat.datasets.generate("healthy", duration_s=3.0).capture.analyze(nominal_voltage=220)
    again = kilat.recurrences([*years, steady])
    assert len(again) == 4
    assert set(again.kind) == set(again.cause) == {"loose_neutral"}
    assert again.group.tolist() == [0] * 4
    assert again.times.tolist() == [4] * 4
    assert again.start[:3].astype("datetime64[D]").astype(str).tolist() == ["2022-03-01", "2023-02-11", "2024-05-27"]
    assert np.isnat(again.start[3])
    assert again.distance[0] == 0
    assert (again.distance <= 1).all()
    assert again.text[0].startswith("4 times: loose neutral on Ua Ub Uc")
    assert again.text[0].endswith("(no date)")
    assert kilat.recurrences(years[::-1]).start_s.tolist() == again.start_s.tolist()
    assert len(kilat.recurrences([steady])) == 0
    assert len(again.to_pandas()) == 4


def test_parts_follow_one_another():
    rate = 16_000
    t = np.arange(40 * rate) / rate
    wave = np.where((t > 20) & (t < 20.2), 0.3, 1) * 325 * np.sin(2 * np.pi * 50.01 * t)
    cap = kilat.Capture.from_arrays({"Ua": wave}, sample_rate=rate, start="2024-05-27T07:09:50Z")
    how = {"nominal_voltage": 230, "frequency": 50}
    whole = cap.analyze(**how)
    for threads in (1, 2):
        parts = cap.analyze_parts(part_s=10, threads=threads, **how)
        assert iter(parts) is parts
        parts = list(parts)
        assert [len(p.intervals) > 0 for p in parts] == [True] * 4
        for pick in (
            lambda r: r.time,
            lambda r: r.intervals.rms,
            lambda r: r.harmonics.subgroup,
            lambda r: r.aggregate("10min").intervals.rms,
            lambda r: r.half_cycles["Ua"].u_rms_v,
            lambda r: r.half_cycles["Ua"].time,
            lambda r: r.flicker["Ua"].p_inst.p_inst,
            lambda r: r.frequency.hz,
            lambda r: r.events.start,
        ):
            np.testing.assert_array_equal(np.concatenate([pick(p) for p in parts]), pick(whole))
        assert len(whole.events) == 1
        assert all(p.capture is cap and p.channels == whole.channels for p in parts)
        assert np.isfinite(whole.events.point_on_wave_deg).all()
        assert np.isnan(parts[2].events.point_on_wave_deg).all()
    with pytest.raises(TypeError, match="not both"):
        cap.analyze_parts(config=whole.config, nominal_voltage=230)
    assert len(list(cap.analyze_parts(config=whole.config))) == 1
