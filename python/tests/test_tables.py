"""Tables leave for pandas, polars, Arrow and xarray with every value, and for nobody when nobody is there."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xarray as xr

MEASURED = ["intervals", "unbalance", "power", "harmonics", "system_power", "deviation"]
QUANTITIES = [*MEASURED, "frequency", "energy", "demand", "events", "rvc", "transients", "gaps", "diagnosis"]
TABLES = [*QUANTITIES, *(f"3s {name}" for name in MEASURED), "half_cycles", "p_inst", "pst", "plt"]


@pytest.fixture(params=TABLES)
def table(request, r):
    if request.param in QUANTITIES:
        return getattr(r, request.param)
    if request.param.startswith("3s "):
        return getattr(r.aggregate("3s"), request.param.removeprefix("3s "))
    return r.half_cycles["Ua"] if request.param == "half_cycles" else getattr(r.flicker["Ua"], request.param)


def as_lists(columns):
    return {name: [list(v) if isinstance(v, tuple) else v for v in column] for name, column in columns.items()}


def plain(value):
    """As in our own column: what is missing is None, which pandas may write as NaN."""
    if isinstance(value, str) or value is None:
        return value
    return None if isinstance(value, float) and np.isnan(value) else list(value)


def test_all_frames_hold_the_same(table):
    columns = as_lists({name: column.tolist() for name, column in table._flat().items()})
    frames = {
        "arrow": table.to_arrow(),
        "polars": table.to_polars(),
        "pandas": table.to_pandas(),
    }
    assert isinstance(frames["arrow"], pa.Table)
    assert isinstance(frames["polars"], pl.DataFrame)
    assert isinstance(frames["pandas"], pd.DataFrame)
    for kind, frame in frames.items():
        assert len(frame) == len(next(iter(columns.values()))), kind
        names = frame.column_names if kind == "arrow" else list(frame.columns)
        assert names == list(columns), kind
    for name, column in table._flat().items():
        for kind, frame in frames.items():
            got = frame[name].to_numpy() if kind != "arrow" else frame[name].to_numpy(zero_copy_only=False)
            if column.dtype == object:
                assert [plain(v) for v in got] == columns[name], (kind, name)
            else:
                np.testing.assert_array_equal(got, column, err_msg=f"{kind} {name}")


def test_types_of_arrow_columns(r):
    types = {f.name: f.type for f in r.events.to_arrow().schema}
    assert types["kind"] == pa.string()
    assert types["channels"] == pa.list_(pa.string())
    assert types["start"] == pa.timestamp("ns")
    assert types["polyphase"] == pa.bool_()
    assert types["flags"] == pa.uint16()
    assert r.intervals.to_arrow().schema.field("rms_Ua").type == pa.float64()


def test_the_arrow_stream_is_taken_by_name_and_once(r):
    capsule = r.events.__arrow_c_stream__()
    assert '"arrow_array_stream"' in repr(capsule)
    del capsule  # nobody took it: it must free itself
    assert pd.DataFrame.from_arrow(r.events).shape == r.events.to_pandas().shape


def test_harmonics_as_a_frame_have_a_row_per_order(r):
    frame = r.harmonics.to_polars()
    row = frame.filter((pl.col("channel") == "Ub") & (pl.col("order") == 3)).row(7, named=True)
    assert row["subgroup"] == r.harmonics.subgroup[7, 1, 3]
    assert row["thd_group_pct"] == r.harmonics.thd_group_pct[7, 1]
    assert frame.height == r.harmonics.subgroup.size


def test_xarray_keeps_the_axes(r):
    data = r.harmonics.to_xarray()
    assert isinstance(data, xr.Dataset)
    np.testing.assert_array_equal(data.subgroup.sel(channel="Ua", order=5), r.harmonics.subgroup[:, 0, 5])
    assert r.intervals.to_xarray().rms.dims == ("row", "channel")
    assert r.events.to_xarray().sizes == {"row": len(r.events)}


def test_rows_columns_and_parts(r):
    events = r.events
    assert events[0].kind == events.kind[0] == events["kind"][0]
    assert events[-1] == list(events)[-1]
    assert len(events[:1]) == 1 and type(events[:1]) is type(events)
    assert len(events[events.residual_v < 0]) == 0
    assert r.intervals[2:4].rms.shape == (2, 6)
    assert r.intervals[0].rms.shape == (6,)
    with pytest.raises(AttributeError, match="Events has no column 'depth'; it has kind, channels"):
        events.depth  # noqa: B018
    with pytest.raises(KeyError):
        events["depth"]
    with pytest.raises(IndexError):
        events[len(events)]
    assert set(events.columns) <= set(dir(events))


def test_documented_columns_are_the_columns(table):
    documented = set(type(table).__annotations__) - {"_dims"}
    assert documented == set(table.columns)


def test_shows_itself(table):
    assert "\n" not in repr(table) and len(repr(table)) <= 100
    html = table._repr_html_()
    assert html.count("<tr>") <= 21
    assert ("more rows" in html) == (len(next(iter(table._flat().values()))) > 20)


@pytest.mark.parametrize("package", ["pandas", "polars", "pyarrow", "xarray"])
def test_a_missing_package_is_named(r, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f"pip install {package}"):
        getattr(r.events, f"to_{package.replace('pyarrow', 'arrow')}")()
