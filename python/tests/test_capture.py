"""Captures: what goes in comes out, views are views, slices and selections mean what they say."""

import datetime

import numpy as np
import pytest

import kilat

RAMP = np.arange(100)


def capture(array=None, **kw):
    kw = {"sample_rate": 1000.0, **kw}
    return kilat.Capture.from_arrays({"Ua": RAMP.astype("f8") if array is None else array}, **kw)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i2", "i4"])
def test_codes_keep_their_type(dtype):
    channel = capture(RAMP.astype(dtype), scales={"Ua": 0.5}, offsets={"Ua": -1.0})["Ua"]
    assert channel.codes.dtype == np.dtype(dtype)
    assert channel.values.dtype == np.float64
    np.testing.assert_array_equal(channel.codes, RAMP)
    np.testing.assert_array_equal(channel.values, RAMP * 0.5 - 1.0)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("u1", "i2"), ("i1", "i2"), ("u2", "i4"), ("u4", "f8"), ("i8", "f8"), (">i2", "i2"), (">f4", "f4"), ("f2", "f4")],
)
def test_other_types_go_to_the_smallest_that_holds_them(given, kept):
    codes = capture(RAMP.astype(given))["Ua"].codes
    assert codes.dtype == np.dtype(kept)
    np.testing.assert_array_equal(codes, RAMP)


@pytest.mark.parametrize(
    "array",
    [np.arange(200.0)[::2], np.arange(100.0)[::-1], np.arange(200, dtype="i2").reshape(100, 2)[:, 1], list(range(100))],
    ids=["strided", "reversed", "column", "list"],
)
def test_any_layout_is_read_in_its_own_order(array):
    np.testing.assert_array_equal(capture(array)["Ua"].values, np.asarray(array, dtype=float))


def test_the_caller_may_reuse_the_array():
    array = np.ones(10)
    cap = capture(array)
    array[:] = 7
    np.testing.assert_array_equal(cap["Ua"].values, np.ones(10))


def test_codes_are_one_memory_and_read_only():
    cap = capture(RAMP.astype("i2"))
    a, b = cap["Ua"].codes, cap["Ua"].codes
    part = cap.slice(10, 20)["Ua"].codes
    assert np.shares_memory(a, b)
    assert np.shares_memory(a, part)
    assert part.__array_interface__["data"][0] == a.__array_interface__["data"][0] + 10 * 2
    with pytest.raises(ValueError, match="read-only"):
        a[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        a.flags.writeable = True
    assert not np.shares_memory(a, cap["Ua"].values)


def test_codes_outlive_their_capture():
    cap = capture(np.full(100_000, 7, dtype="i4"))
    codes = cap.slice(5, 99_000)["Ua"].codes
    del cap
    junk = [np.zeros(100_000, dtype="i4") for _ in range(20)]
    assert (codes == 7).all() and len(junk) == 20


def test_nan_is_a_missing_sample():
    array = RAMP.astype("f4")
    array[3] = np.nan
    values = capture(array)["Ua"].values
    assert np.isnan(values[3]) and np.isfinite(np.delete(values, 3)).all()


@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        ({"Ua": [1.0, 2.0], "Ub": [1.0]}, ValueError, "samples of channel `Ub`: expected 2, found 1"),
        ({}, ValueError, "at least one channel"),
        ({"Ua": np.zeros((2, 3))}, ValueError, r"channel `Ua`: expected a one-dimensional array, found shape \[2, 3\]"),
        ({"Ua": 3.0}, ValueError, "one-dimensional"),
        ({"Ua": np.zeros(3, dtype=complex)}, TypeError, "expected real numbers, found complex128"),
        ({"Ua": ["a", "b"]}, TypeError, "expected real numbers"),
        ({"Ua": np.ma.masked_array([1, 2], mask=[0, 1])}, TypeError, "mask"),
        ({1: [1.0]}, TypeError, "int"),
        (None, TypeError, "NoneType"),
    ],
)
def test_arrays_that_are_none_say_why(arrays, error, message):
    with pytest.raises(error, match=message):
        kilat.Capture.from_arrays(arrays, sample_rate=1000.0)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"sample_rate": 0.0}, "sample rate"),
        ({"sample_rate": float("nan")}, "sample rate"),
        ({"start": "yesterday"}, "ISO 8601"),
        ({"units": {"Uz": "V"}}, "units: there is no channel `Uz`"),
        ({"phases": {"Ua": "Q"}}, "phases: `Ua`: phase: expected one of A B C N AB BC CA, found `Q`"),
    ],
)
def test_senseless_keywords_name_themselves(keywords, message):
    with pytest.raises(ValueError, match=message):
        capture(**keywords)


def test_names_tell_kind_unit_and_phase():
    x = [0.0]
    cap = kilat.Capture.from_arrays(
        {"Ua": x, "I_L2": x, "probe": x, "Ix": x},
        sample_rate=1,
        units={"probe": "kV", "Ix": "counts"},
        phases={"probe": "L1-L2"},
    )
    assert [(c.name, c.kind, c.unit, c.phase) for c in cap.channels] == [
        ("Ua", "voltage", "V", "A"),
        ("I_L2", "current", "A", "B"),
        ("probe", "voltage", "kV", "AB"),
        ("Ix", "other", "counts", None),
    ]


def test_a_capture_is_a_mapping_of_names(cap):
    assert len(cap) == 6
    assert list(cap) == cap.names == [c.name for c in cap.channels] == ["Ua", "Ub", "Uc", "Ia", "Ib", "Ic"]
    assert "Ua" in cap and "Uz" not in cap
    assert len(cap["Ua"]) == cap.n_samples == 120_000
    assert (cap.sample_rate, cap.duration_s, cap.format, cap.warnings) == (10_000.0, 12.0, "arrays", [])
    assert cap.segments == [(0, 120_000, 10_000.0, 0.0)]
    assert cap.nominal_frequency is None
    with pytest.raises(KeyError, match="expected one of Ua, Ub"):
        cap["Uz"]


@pytest.mark.parametrize(
    "start",
    [
        "2024-05-27T07:00:00Z",
        "2024-05-27T09:00:00+02:00",
        "2024-05-27 07:00",
        np.datetime64("2024-05-27T07:00:00"),
        datetime.datetime(2024, 5, 27, 7),
        datetime.datetime(2024, 5, 27, 7, tzinfo=datetime.timezone.utc),
    ],
)
def test_a_start_may_come_in_any_dress(start):
    cap = capture(start=start)
    assert cap.start == np.datetime64("2024-05-27T07:00:00", "ns")
    assert cap.time.dtype == "datetime64[ns]"
    np.testing.assert_array_equal(cap.time, cap.start + np.arange(100) * np.timedelta64(1, "ms"))


def test_without_a_start_time_is_in_seconds():
    cap = capture()
    assert cap.start is None
    np.testing.assert_array_equal(cap.time, np.arange(100) / 1000)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (("10ms", "20 ms"), range(10, 20)),
        ((0.01, 0.02), range(10, 20)),
        ((10, 20), range(10, 20)),
        ((np.int64(10), np.float64(0.02)), range(10, 20)),
        (("0.01s", None), range(10, 100)),
        ((None, "0.0005min"), range(30)),
        ((-20, -10), range(80, 90)),
        (("1e-2s", "99h"), range(10, 100)),
        (("2024-05-27T07:00:00.010Z", np.datetime64("2024-05-27T07:00:00.020")), range(10, 20)),
        ((100,), range(0)),
        ((), range(100)),
    ],
)
def test_slices(bounds, expected):
    part = capture(start="2024-05-27T07:00:00Z").slice(*bounds)
    np.testing.assert_array_equal(part["Ua"].values, list(expected))
    if expected:
        assert part.start == np.datetime64("2024-05-27T07:00:00", "ns") + np.timedelta64(expected[0], "ms")


@pytest.mark.parametrize("bounds", [(0.2,), (101,), (-101,), (-0.1,), (20, 10), (0.02, 0.01), (float("nan"),)])
def test_slices_outside_are_refused(bounds):
    with pytest.raises(ValueError, match="outside|sample range"):
        capture().slice(*bounds)


@pytest.mark.parametrize("bound", ["10", "ten", "10 parsecs", object()])
def test_what_is_no_time_is_refused(bound):
    with pytest.raises(ValueError, match="start: expected a duration"):
        capture().slice(bound)


def test_a_moment_needs_a_start():
    with pytest.raises(ValueError, match="start: 2024-05-27T07:00:00Z: the recording states no start"):
        capture().slice("2024-05-27T07:00:00Z")


def test_selections(cap):
    assert cap.select(kind="voltage").names == ["Ua", "Ub", "Uc"]
    assert cap.select(phase="L2").names == ["Ub", "Ib"]
    assert cap.select(kind="current", phase="A").names == ["Ia"]
    assert cap.select(names=["Uc", "Ua"]).names == ["Ua", "Uc"]
    assert cap.select(kind="other").names == []
    with pytest.raises(ValueError, match="expected voltage, current or other"):
        cap.select(kind="volts")
    with pytest.raises(KeyError, match="Uz"):
        cap.select(names=["Uz"])


def test_shows_itself_in_a_line_and_as_a_table(cap):
    for shown in (repr(cap), repr(cap["Ua"])):
        assert "\n" not in shown and len(shown) < 120
    html = cap._repr_html_()
    assert html.count("<tr>") == 1 + 6 and "float64" in html


def test_html_is_escaped():
    html = kilat.Capture.from_arrays({"<b>": [1.0]}, sample_rate=1.0)._repr_html_()
    assert "<b>" not in html and "&lt;b&gt;" in html


def test_derive(cap):
    derived = cap.derive("line_line")
    assert derived.names[-3:] == ["UAB (derived)", "UBC (derived)", "UCA (derived)"]
    np.testing.assert_allclose(derived["UAB (derived)"].values, cap["Ua"].values - cap["Ub"].values)
    assert derived["UBC (derived)"].phase == "BC" and len(cap) == 6
    neutral = cap.derive("neutral_current")["IN (derived)"]
    np.testing.assert_allclose(neutral.values, -sum(cap[i].values for i in ("Ia", "Ib", "Ic")), atol=1e-9)
    residual = cap.derive("residual_voltage")["UN (derived)"].values
    np.testing.assert_allclose(residual, sum(cap[u].values for u in ("Ua", "Ub", "Uc")))
    lines = derived.select(names=["UAB (derived)", "UBC (derived)"])
    third = lines.derive("three_wire")["UCA (derived)"].values
    np.testing.assert_allclose(third, derived["UCA (derived)"].values, atol=1e-9)
    star = lines.derive("line_neutral")["UA (derived)"].values
    np.testing.assert_allclose(star, cap["Ua"].values - residual / 3, atol=1e-9)
    with pytest.raises(ValueError, match="derive: expected three_wire, .* found `delta`"):
        cap.derive("delta")
    with pytest.raises(ValueError, match="the currents IA, IB, IC"):
        cap.select(kind="voltage").derive("neutral_current")
