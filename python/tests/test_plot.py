"""Plots draw what there is, on the axes they are given."""

import sys

import numpy as np
import pytest
from matplotlib import pyplot

import kilat
from kilat.plot import BINS, _envelope


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def test_a_capture(cap, tmp_path):
    ax = cap.plot()
    assert [line.get_label() for line in ax.lines] == ["Ua", "Ub", "Uc"]
    assert "V" in ax.get_ylabel()
    ax.figure.savefig(tmp_path / "capture.png")
    assert (tmp_path / "capture.png").read_bytes()[:4] == b"\x89PNG"
    assert cap.select(kind="current").plot().get_ylabel() == "current [A]"


def test_an_analysis(r, tmp_path):
    ax = r.plot()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["Ua", "Ub", "Uc", "dip"]
    # One band: the event of the system stands for that of its channel.
    assert len(ax.patches) == np.count_nonzero(r.events.polyphase) == 1
    ax.figure.savefig(tmp_path / "analysis.png")
    assert (tmp_path / "analysis.png").read_bytes()[:4] == b"\x89PNG"


def test_given_axes_are_used_and_returned(cap, r):
    _, (upper, lower) = pyplot.subplots(2)
    assert cap.slice("0s", "0.1s").plot(ax=upper) is upper
    assert r.plot(lower) is lower
    assert len(pyplot.get_fignums()) == 1


def test_an_envelope_keeps_every_extreme(cap):
    y = cap["Uc"].values
    x, drawn = _envelope(cap.time, y)
    assert len(drawn) == len(x) == 2 * BINS < len(y)
    assert (drawn.min(), drawn.max()) == (y.min(), y.max())
    width = len(y) // BINS
    for k, (low, high) in enumerate(drawn.reshape(-1, 2)):
        part = y[k * width : (k + 1) * width]
        assert (low, high) == (part.min(), part.max()) and x[2 * k] == cap.time[k * width]


def test_holes_stay_holes():
    y = np.ones(100_000)
    y[40_000:60_000] = np.nan
    _, drawn = _envelope(np.arange(100_000), y)
    assert np.isnan(drawn).mean() == pytest.approx(0.2, abs=0.001)
    kilat.Capture.from_arrays({"Ua": y}, sample_rate=1e3).plot()


def test_without_matplotlib(cap, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        cap.plot()
