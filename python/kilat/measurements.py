"""What is measured on intervals of one length: the basic 10/12 cycles, or an aggregate of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import html
from .tables import Deviation, Harmonics, Intervals, Power, Signalling, Supraharmonics, SystemPower, Unbalance

if TYPE_CHECKING:
    from ._kilat import Results


class Measurements:
    """Tables with a row per interval; the basic ones and the aggregates of IEC 61000-4-30, 4.5 have the same.

    >>> import kilat
    >>> r = kilat.read().analyze(nominal_voltage=230, frequency=50)
    >>> three_seconds = r.aggregate("150cycles")
    >>> three_seconds.intervals.cycles[0], three_seconds.intervals.basics[0]
    (np.uint32(150), np.uint32(15))
    """

    def __init__(self, results: Results, names: list[str], period: str) -> None:
        self._results = results
        self._names = names
        self.period = period
        """``"basic"``, ``"150cycles"`` (180 at 60 Hz), ``"10min"`` or ``"2h"``."""

    @property
    def time(self) -> NDArray[Any]:
        """The moment each interval ends, its time tag (IEC 61000-4-30, 4.5); that of 10 min and 2 h is the tick."""
        return self.intervals.time

    @cached_property
    def intervals(self) -> Intervals:
        """The intervals: frequency, r.m.s., flags."""
        columns = self._results.intervals(self.period)
        pairs = ("ab", "bc", "ca")[: columns["line_line_rms_v"].shape[1]]
        return Intervals(_fit(columns), {"channel": self._names, "pair": pairs})

    @cached_property
    def harmonics(self) -> Harmonics:
        """Harmonics; those of aggregates have no phases."""
        columns = self._results.harmonics(self.period)
        return Harmonics(columns, {"channel": self._names, "order": range(columns["subgroup"].shape[2])})

    @cached_property
    def unbalance(self) -> Unbalance:
        """Unbalance of voltages and currents."""
        return Unbalance(_fit(self._results.unbalance(self.period)))

    @property
    def power_pairs(self) -> list[tuple[str, str]]:
        """Voltage and current channel of each pair, in the order of the pair axis of ``power``."""
        return [(self._names[u], self._names[i]) for u, i in self._results.power_pairs]

    @cached_property
    def power(self) -> Power:
        """Power per pair of voltage and current."""
        return Power(self._results.power(self.period), {"pair": [f"{u}·{i}" for u, i in self.power_pairs]})

    @cached_property
    def system_power(self) -> SystemPower:
        """Power of the three-phase system; no rows without three voltages and three currents."""
        return SystemPower(self._results.system_power(self.period))

    @cached_property
    def deviation(self) -> Deviation:
        """Under- and over-deviation of each voltage."""
        return Deviation(self._results.deviation(self.period), {"channel": self._names})

    @cached_property
    def signalling(self) -> Signalling:
        """Mains signalling: r.m.s. of every tone of ``config.signalling`` on each voltage.

        >>> import kilat
        >>> r = kilat.read().analyze(nominal_voltage=230, signalling=[{"hz": 175.0}])
        >>> r.signalling.rms_v.shape == (len(r.intervals), len(r.channels), 1)
        True
        """
        tones = [tone["hz"] for tone in self._results.config.signalling]
        return Signalling(self._results.signalling(self.period), {"channel": self._names, "hz": tones})

    @cached_property
    def supraharmonics(self) -> Supraharmonics:
        """Emission above order 50; no rows unless the setting ``supraharmonics`` asks for it and the rate allows it."""
        columns, centres = self._results.supraharmonics(self.period)
        return Supraharmonics(columns, {"channel": self._names, **{name: hz.tolist() for name, hz in centres.items()}})

    def __len__(self) -> int:
        return len(self.intervals)

    def __repr__(self) -> str:
        return html.line(f"<kilat.Measurements, {len(self)} intervals ({self.period})", ">")


def _fit(columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """A quantity that was not measured as a column of NaN, so that all columns have one length."""
    rows = len(columns["time"])
    return {
        name: column if len(column) == rows else np.full((rows, *column.shape[1:]), np.nan)
        for name, column in columns.items()
    }
