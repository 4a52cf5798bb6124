"""Plots, drawn with matplotlib (``pip install matplotlib``). Every function takes axes or makes and returns them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ._kilat import Capture
    from .analysis import Analysis

PHASES = {"A": "#0072b2", "B": "#d55e00", "C": "#009e73", "N": "#555555"}
"""Colours of the phases, distinct to the colour-blind; a pair of phases has the colour of its first."""
EVENTS = {"dip": "#e69f00", "swell": "#cc79a7", "interruption": "#b22222"}
BINS = 4000
"""Columns of an envelope: more than the pixels of a screen."""


def capture(cap: Capture, ax: Axes | None = None) -> Axes:
    """Waveforms of one kind of channel, voltages first; long ones as minimum and maximum per column."""
    ax = _axes(ax)
    kinds = [c.kind for c in cap.channels]
    kind = min(kinds, key=("voltage", "current", "other").index, default="voltage")
    time = cap.time
    for channel in cap.select(kind=kind).channels:
        x, y = _envelope(time, channel.values)
        ax.plot(x, y, label=channel.name, color=_colour(channel.phase), linewidth=0.8)
    units = sorted({c.unit for c in cap.channels if c.kind == kind})
    ax.set_ylabel(f"{kind} [{', '.join(units)}]")
    _finish(ax, cap)
    return ax


def analysis(r: Analysis, ax: Axes | None = None) -> Axes:
    """Urms(1/2) of every voltage channel, with the events as bands and the dip and swell thresholds as lines."""
    ax = _axes(ax)
    voltages = [c for c in r.channels if c.kind == "voltage" and len(r.half_cycles[c.name])]
    for channel in voltages:
        table = r.half_cycles[channel.name]
        ax.plot(table.time, table.u_rms_v, label=channel.name, color=_colour(channel.phase), linewidth=1.0)
    for udin in sorted({c.udin_v for c in voltages}):
        for pct in (r.config.dip_pct, r.config.swell_pct):
            ax.axhline(udin * pct / 100, color="grey", linewidth=0.8, linestyle="--")
    labelled = set()
    # The event of a whole system stands for those of its channels, so that no band is drawn twice.
    system = bool(np.any(r.events.polyphase))
    for event in r.events:
        if event.polyphase != system:
            continue
        label = None if event.kind in labelled else event.kind
        labelled.add(event.kind)
        ax.axvspan(event.start, _after(event.start, event.duration_s), color=EVENTS[event.kind], alpha=0.2, label=label)
    ax.set_ylabel("Urms(1/2) [V]")
    _finish(ax, r.capture)
    return ax


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as e:
        raise ImportError(
            "plots need matplotlib, which kilat does not install by itself: pip install matplotlib"
        ) from e
    return pyplot.subplots(figsize=(10, 4), layout="constrained")[1]


def _finish(ax: Axes, cap: Capture) -> None:
    ax.set_xlabel("time" if cap.start is not None else "time [s]")
    ax.grid(alpha=0.3)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="upper right")


def _colour(phase: str | None) -> str | None:
    return PHASES.get(phase[0]) if phase else None


def _after(start: Any, seconds: float) -> Any:
    if isinstance(start, np.datetime64):
        return start + np.timedelta64(round(seconds * 1e9), "ns")
    return start + seconds


def _envelope(x: NDArray[Any], y: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The curve itself when short, else minimum and maximum of every bin; a bin of nothing but NaN stays a hole."""
    if len(y) <= 2 * BINS:
        return x, y
    first = np.linspace(0, len(y), BINS, endpoint=False).astype(int)
    low, high = np.fmin.reduceat(y, first), np.fmax.reduceat(y, first)
    return np.repeat(x[first], 2), np.column_stack([low, high]).reshape(-1)
