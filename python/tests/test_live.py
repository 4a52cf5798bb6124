"""A live stream gives what an analysis gives, value for value; it says what is odd; it survives a restart."""

import threading

import numpy as np
import pytest
from conftest import DIP, RATE, SPIKE_SAMPLE, START, arrays

import kilat

X = np.stack(list(arrays().values()))
NAMES = list(arrays())
SETTINGS = {"nominal_voltage": 230, "frequency": 50}


def live(**more):
    return kilat.Live(sample_rate=RATE, channels=NAMES, **{**SETTINGS, "start": START, **more})


def run(stream, x=X, block=1234, axis=None):
    found = []
    for at in range(0, x.shape[1], block):
        part = x[:, at : at + block]
        found += stream.push(part if axis is None else part.T, axis=axis)
    return found + stream.finish()


def of(found, kind, channel=None):
    return [o for o in found if o.kind == kind and channel in (None, o.channel)]


@pytest.fixture(scope="module")
def found():
    return run(live(p_inst=True))


@pytest.fixture(scope="module")
def analysis():
    return kilat.Capture.from_arrays(arrays(), sample_rate=RATE, start=START).analyze(**SETTINGS)


def column(outputs, name):
    return np.array([getattr(o, name) for o in outputs])


def test_live_is_the_analysis_to_the_last_bit(found, analysis):
    for name in ("Ua", "Ub", "Uc"):
        got, want = of(found, "half_cycle", name), analysis.half_cycles[name]
        for field in ("time", "start_sample", "stop_sample", "u_rms_v", "flags"):
            assert np.array_equal(column(got, field), getattr(want, field)), (name, field)
        assert np.array_equal(column(of(found, "p_inst", name), "p_inst"), analysis.flicker[name].p_inst.p_inst)
    got = of(found, "interval")
    for field in ("time", "frequency_hz", "rms", "flags", "start_sample", "stop_sample", "cycles"):
        assert np.array_equal(column(got, field), getattr(analysis.intervals, field)), field
    for field in ("subgroup", "group", "interharmonic_subgroup", "phase_rad", "thd_subgroup_pct", "thd_group_pct"):
        assert np.array_equal(column(got, field), getattr(analysis.harmonics, field), equal_nan=True), field
    assert np.array_equal(column(got, "u2_pct"), analysis.unbalance.u2_pct)
    for k, pair in enumerate(got[0].power):
        assert np.array_equal([o.power[pair]["p_w"] for o in got], analysis.power.p_w[:, k])
    assert np.array_equal(column(of(found, "frequency"), "hz"), analysis.frequency.hz)
    three = [o for o in of(found, "aggregate") if o.period == "150cycles"]
    assert np.array_equal(column(three, "rms"), analysis.aggregate("150cycles").intervals.rms)
    events = sorted(of(found, "event"), key=lambda o: (o.start_sample, len(o.channels)))
    for field in ("duration_s", "residual_v", "depth_pct", "start_sample", "category", "channels"):
        assert [getattr(o, field) for o in events] == list(analysis.events[field]), field
    assert [o.event_kind for o in events] == list(analysis.events["kind"])
    assert column(of(found, "transient"), "peak_v").tolist() == analysis.transients["peak_v"].tolist()
    assert [o.sequence for o in found] == list(range(len(found)))


@pytest.mark.parametrize("block", [1, 77, 5000, 120_000])
def test_blocks_and_layouts_change_nothing(found, block):
    x, want = X, found
    if block == 1:
        x = X[:, :15_000]
        want = run(live(p_inst=True), x)
    for axis in (None, 0, 1):
        if axis == 1:
            got = []
            stream = live(p_inst=True)
            for at in range(0, x.shape[1], block):
                got += stream.push(np.asfortranarray(x[:, at : at + block]), axis=1)
            got += stream.finish()
        else:
            got = run(live(p_inst=True), x, block, axis)
        assert [repr(o) for o in got] == [repr(o) for o in want]


@pytest.mark.parametrize("dtype", ["i2", "i4", "f4", "f8"])
def test_types_of_samples(dtype):
    codes = np.round(X[:1, :20_000] * 50).astype(dtype)
    stream = kilat.Live(sample_rate=RATE, channels=["Ua"], scales={"Ua": 0.02}, **SETTINGS)
    intervals = of(run(stream, codes), "interval")
    assert len(intervals) == 9
    assert np.allclose(column(intervals, "rms"), np.hypot(230, 9.2), rtol=1e-4)
    assert isinstance(intervals[0].time, float)


def test_events_open_before_they_end():
    stream, seen = live(), []
    for at in range(0, X.shape[1], 100):
        seen += [(at + 100, o) for o in stream.push(X[:, at : at + 100])]
    opened = next((at, o) for at, o in seen if o.kind == "open_event")
    ended = next((at, o) for at, o in seen if o.kind == "event")
    assert opened[1].open and not ended[1].open and opened[1].start_sample == ended[1].start_sample
    assert opened[0] < DIP[0] * RATE + 5 * RATE / 50
    assert ended[0] < DIP[1] * RATE + 5 * RATE / 50


def test_oddities_are_outputs():
    stream = live()
    found = stream.push(X[:, :10_000], first_index=0)
    found += stream.push(X[:, 9_000:12_000], first_index=9_000)
    found += stream.push(X[:, 15_000:20_000], first_index=15_000, overload=True)
    found += stream.push(X[:, 12_000:13_000], first_index=12_000)
    found += stream.push(X[:, 20_000:25_000], first_index=20_000, time="2024-05-27T07:00:07Z")
    odd = {o.kind: o for o in found if o.kind not in ("half_cycle", "interval", "aggregate", "frequency")}
    assert set(odd) == {"overlap", "gap", "overload", "late", "clock_step"}
    assert (odd["gap"].sample, odd["gap"].duration_s) == (15_000, 0.3)
    assert odd["gap"].time == np.datetime64("2024-05-27T07:00:01.5")
    assert (odd["overlap"].samples, odd["late"].samples) == (1000, 1000)
    assert odd["clock_step"].seconds == 5.0
    assert all(o.flags & kilat.Flags.CLIPPED for o in of(found, "half_cycle") if o.start_sample > 15_000 > 20_000)


def test_waveforms_are_the_samples_around_events():
    found = run(live(waveforms=(0.1, 0.3)))
    for w in of(found, "waveform"):
        first = w.start_sample
        assert w.values.shape == (6, 4000) and w.complete
        assert np.array_equal(w.values, X[:, first : first + 4000].astype("f4"))
    triggers = column(of(found, "waveform"), "trigger_sample")
    assert len(triggers) == 2 and abs(triggers[0] - DIP[0] * RATE) < 400 and abs(triggers[1] - SPIKE_SAMPLE) < 6


def test_a_restored_stream_goes_on_as_if_nothing_had_happened():
    want, stream, got = run(live(waveforms=(0.1, 0.3)), block=500), live(waveforms=(0.1, 0.3)), []
    for at in range(0, X.shape[1], 500):
        got += stream.push(X[:, at : at + 500])
        if at % 7_500 == 0 or at == 41_000:
            stream = kilat.Live.restore(stream.checkpoint())
    got += stream.finish()
    assert len(got) == len(want)
    for a, b in zip(got, want):
        assert (a.kind, a.sequence, a.time) == (b.kind, b.sequence, b.time)
        for (name, x), (_, y) in zip(a.items(), b.items()):
            assert np.array_equal(x, y, equal_nan=True) if isinstance(x, np.ndarray) else repr(x) == repr(y), name


def test_damaged_checkpoints_are_errors():
    stream = live()
    stream.push(X[:, :5000])
    good = stream.checkpoint()
    for bad in (b"", b"nonsense", good[:-1], good[:100], good[:-5000], b"kilatPyL" + b"\xff" * 64):
        with pytest.raises(kilat.FormatError, match="checkpoint"):
            kilat.Live.restore(bad)
    for at in range(8, len(good), len(good) // 50):
        with pytest.raises(ValueError):
            kilat.Live.restore(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])


@pytest.mark.parametrize(
    ("block", "more", "message"),
    [
        (np.zeros((3, 10)), {}, "expected 6 channels, found 3"),
        (np.zeros((10, 6)), {}, "axis=0 is for blocks"),
        (np.zeros((2, 6, 10)), {}, "two dimensions"),
        (np.zeros((6, 10)), {"axis": 2}, "axis: expected 0 or 1"),
        (np.zeros((6, 10), dtype=complex), {}, "real numbers"),
    ],
)
def test_blocks_of_the_wrong_shape(block, more, message):
    with pytest.raises((ValueError, TypeError), match=message):
        live().push(block, **more)


def test_setups_that_make_no_sense():
    with pytest.raises(TypeError, match="cannot guess"):
        kilat.Live(sample_rate=RATE, channels=["Ua"])
    with pytest.raises(ValueError, match="neither a voltage nor a current"):
        kilat.Live(sample_rate=RATE, channels=["speed"], **SETTINGS)
    with pytest.raises(ValueError, match="no channel `Ub`"):
        kilat.Live(sample_rate=RATE, channels=["Ua"], scales={"Ub": 2.0}, **SETTINGS)
    with pytest.raises(AttributeError, match="has no `nonsense`; it has start_sample"):
        _ = run(live(), X[:, :5000])[0].nonsense
    stream = live()
    stream.finish()
    with pytest.raises(ValueError, match="finished"):
        stream.push(X[:, :10])


def test_many_threads_may_push_into_streams_of_their_own():
    results = [None] * 4

    def work(k):
        results[k] = [repr(o) for o in run(live(), X[:, :20_000])]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results[0] and all(r == results[0] for r in results)
