"""The result of an analysis."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from . import _kilat, html
from .found import (
    Bursts,
    Compliance,
    CurvePoints,
    Diagnosis,
    DipSeverities,
    Events,
    Gaps,
    RapidChanges,
    Recurrences,
    Transients,
)
from .measurements import Measurements
from .tables import Demand, Energy, Frequency, HalfCycles, PInst, Plt, Pst

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ._kilat import Capture, Config, Results


@dataclass(frozen=True)
class ChannelInfo:
    """One analysed channel."""

    name: str
    """As in the capture; a name that occurs twice is followed by the position in the capture: ``Ua [3]``."""
    index: int
    """Position in ``Capture.channels``."""
    phase: str | None
    kind: str
    udin_v: float
    """Declared voltage of this channel; 0 for currents."""


@dataclass(frozen=True)
class Flicker:
    """Flicker of one voltage channel (IEC 61000-4-15)."""

    p_inst: PInst
    pst: Pst
    """Empty when the recording holds no whole 10 min between ticks."""
    plt: Plt
    """Empty when it holds no twelve of them from an even hour on."""


@dataclass(frozen=True)
class Indices:
    """Indices of the dips, swells and interruptions of a recording, at one site."""

    observed_s: float
    """Length of the recording without its gaps: counts are counts in this time."""
    sarfi: dict[float, int]
    """SARFI-X by level in %: events within a minute count once."""
    sarfi_curves: dict[str, int]
    """Such events outside ITIC and SEMI F47."""
    tables: dict[str, dict[str, Any]]
    """Dip and swell tables of EN 50160, dip table of UNIPEDE: ``rows``, ``columns`` (ms), ``counts``, ``outside``."""
    dips: DipSeverities
    """Each dip of the supply."""
    sag_energy_s: float
    """Voltage-sag energy index: the sum of all sag energies."""
    sag_score: float
    """Sum of the sag scores of the largest dip of every 15 min."""
    short_interruptions: int
    """Up to 3 min, of all phases."""
    long_interruptions: int
    outage_minutes: float


class Analysis(Measurements):
    """What ``Capture.analyze`` found, as tables; each table converts to pandas, polars, Arrow or xarray.

    Its own ``intervals``, ``harmonics``, ``unbalance``, ``power``, ``system_power``, ``deviation``, ``signalling`` and
    ``supraharmonics`` are those of the basic 10/12-cycle intervals; ``aggregate("10min")`` has the same of longer ones.

    >>> import kilat
    >>> r = kilat.read().analyze(nominal_voltage=230, frequency=50)
    >>> r.intervals.rms.shape == (len(r.intervals), len(r.channels))
    True
    >>> r.harmonics.subgroup.shape[2]          # orders 0 to 50
    51
    """

    def __init__(self, results: Results, capture: Capture) -> None:
        channels = [ChannelInfo(*c) for c in results.channels]
        count = Counter(c.name for c in channels)
        self.channels = [replace(c, name=f"{c.name} [{c.index}]") if count[c.name] > 1 else c for c in channels]
        """Analysed channels, in the order of every channel axis."""
        super().__init__(results, [c.name for c in self.channels], "basic")
        self._aggregates: dict[str, Measurements] = {}
        self.capture = capture
        """What was analysed."""

    @property
    def config(self) -> Config:
        """Settings used."""
        return self._results.config

    @property
    def wiring(self) -> str:
        """``"single"``, ``"split"``, ``"wye"`` or ``"delta"``."""
        return self._results.wiring

    @property
    def warnings(self) -> list[str]:
        """What the capture could not support, and what was assumed, a line each."""
        return self._results.warnings

    @property
    def names(self) -> list[str]:
        """Names of the analysed channels."""
        return self._names

    @cached_property
    def half_cycles(self) -> dict[str, HalfCycles]:
        """Urms(1/2) of each voltage channel, by name."""
        return {
            c.name: HalfCycles(self._results.half_cycles(i)) for i, c in enumerate(self.channels) if c.kind == "voltage"
        }

    @cached_property
    def flicker(self) -> dict[str, Flicker]:
        """Pinst, Pst and Plt of each voltage channel, by name."""
        tables = {c.name: self._results.flicker(i) for i, c in enumerate(self.channels) if c.kind == "voltage"}
        return {name: Flicker(PInst(p_inst), Pst(pst), Plt(plt)) for name, (p_inst, pst, plt) in tables.items()}

    def aggregate(self, period: Literal["150cycles", "180cycles", "3s", "10min", "2h"]) -> Measurements:
        """Aggregates of the basic intervals (IEC 61000-4-30, 4.5): 150/180 cycles (about 3 s), 10 min or 2 h.

        R.m.s. values, distortion and unbalance are roots of mean squares, powers are means. What the recording holds
        only a part of is there, and flagged ``Flags.INCOMPLETE``.

        >>> import kilat
        >>> kilat.read().analyze(nominal_voltage=230, frequency=50).aggregate("10min").intervals.rms.shape
        (1, 8)
        """
        name = self._results.period(period)
        if name not in self._aggregates:
            self._aggregates[name] = Measurements(self._results, self.names, name)
        return self._aggregates[name]

    @cached_property
    def frequency(self) -> Frequency:
        """10-s values of the power frequency."""
        return Frequency(self._results.frequency)

    @cached_property
    def energy(self) -> Energy:
        """Energy over the whole recording: a row per pair, then one of all together; no rows without a current.

        >>> import kilat
        >>> kilat.read().analyze().energy.of.tolist()[-1:]
        ['system']
        """
        columns = self._results.energy
        names = [f"{u}·{i}" for u, i in self.power_pairs] + ["system"]
        return Energy({"of": _objects(names[len(names) - len(columns["counted_s"]) :]), **columns})

    @cached_property
    def demand(self) -> Demand:
        """Mean power of the system over windows of ``config.demand_min`` minutes of the clock."""
        return Demand(self._results.demand)

    @cached_property
    def events(self) -> Events:
        """Dips, swells and interruptions."""
        columns = self._results.events
        columns["kind"] = _objects(columns["kind"])
        columns["channels"] = _objects([tuple(self.names[i] for i in c) for c in columns["channels"]])
        columns["category"] = _objects(columns["category"])
        for name in ("dip_class", "dip_class_six_phase", "direction", "shape"):
            columns[name] = _objects(columns[name])
        columns["extreme_channel"] = _objects([self.names[i] for i in columns["extreme_channel"]])
        return Events(columns)

    @cached_property
    def rvc(self) -> RapidChanges:
        """Rapid voltage changes of the system, neither dip nor swell."""
        columns = self._results.rvc
        columns["channels"] = _objects([tuple(self.names[i] for i in c) for c in columns["channels"]])
        columns["extreme_channel"] = _objects([self.names[i] for i in columns["extreme_channel"]])
        return RapidChanges(columns)

    @cached_property
    def bursts(self) -> Bursts:
        """Bursts of mains signalling; none without tones in ``config.signalling``."""
        columns = self._results.bursts
        columns["channel"] = _objects([self.names[i] for i in columns["channel"]])
        columns["values_v"] = _objects([tuple(v) for v in columns["values_v"]])
        return Bursts(columns)

    @cached_property
    def transients(self) -> Transients:
        """Transient over-voltages."""
        columns = self._results.transients
        columns["kind"] = _objects(columns["kind"])
        columns["channel"] = _objects([self.names[i] for i in columns["channel"]])
        columns["channels"] = _objects([tuple(self.names[i] for i in c) for c in columns["channels"]])
        columns["band"] = _objects(columns["band"])
        return Transients(columns)

    @cached_property
    def gaps(self) -> Gaps:
        """Gaps in the recording."""
        return Gaps(self._results.gaps)

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """Probable causes, each with what speaks for and against it; empty when no rule applies.

        >>> import kilat
        >>> kilat.synth("kaur-2024").analyze(nominal_voltage=220).diagnosis["cause"].tolist()
        ['loose_neutral']
        """
        return self.diagnose()

    def diagnose(
        self,
        *,
        storm: bool | None = None,
        neighbours: bool | None = None,
        damage: Literal["none", "data_ports", "power_supplies", "many_loads", "heat", "one_terminal"] | None = None,
    ) -> Diagnosis:
        """The same with what only people know: was there a thunderstorm then, did neighbours on the same transformer
        see it too, what was damaged.

        >>> import kilat
        >>> r = kilat.synth("mura-2017").analyze(nominal_voltage=220)
        >>> r.diagnose(storm=True)["cause"].tolist()
        ['impulsive_surge']
        """
        columns = self._results.diagnosis(storm, neighbours, damage)
        columns["channels"] = _objects([tuple(self.names[i] for i in c) for c in columns["channels"]])
        for name in ("cause", "direction", "rules_for", "rules_against", "refuted_by", "recommendation"):
            columns[name] = _objects([tuple(v) if isinstance(v, list) else v for v in columns[name]])
        return Diagnosis(columns)

    def compliance(
        self,
        standard: str,
        *,
        isc: float | None = None,
        il: float | None = None,
        pcc_voltage: float | None = None,
    ) -> Compliance:
        """Holds the recording against ``"EN 50160"``, ``"IEEE 519"``, ``"IEC 61000-2-4 class 2"`` or ``"SPLN 1"``.

        Also ``EN 50160 MV``, ``island`` and ``MV island``, ``IEEE 519-2014``, classes 1 and 3. IEEE 519 needs the
        nominal line-line voltage at the point of common coupling and, for currents, its short-circuit current and the
        demand current IL. A share of a week is only known after a week: before, a verdict is given only where it is
        certain whatever follows.

        >>> import kilat
        >>> c = kilat.read().analyze(nominal_voltage=220, frequency=50).compliance("EN 50160")
        >>> c.overall
        'not_enough_data'
        >>> c[c.quantity == "voltage"].needed_s / 86400
        array([7., 7.])
        """
        about, columns = self._results.compliance(standard, isc, il, pcc_voltage)
        for name in ("clause", "quantity", "unit", "mean", "span", "status"):
            columns[name] = _objects(columns[name])
        columns["channel"] = _objects(["" if i is None else self.names[i] for i in columns["channel"]])
        return Compliance(columns, about=about)

    def curve(self, name: str) -> CurvePoints:
        """Every event and transient on an immunity curve: ``"ITIC"``, ``"SEMI F47"``, ``"IEC 61000-4-11 class 3"``, …

        >>> import kilat
        >>> points = kilat.synth("kaur-2024").analyze(nominal_voltage=220).curve("ITIC")
        >>> points.region[points.kind == "swell"].tolist()[:1]
        ['prohibited']
        >>> points.indicative                      # the curve is for 120 V
        True
        """
        about, columns = self._results.curve(name)
        columns["channel"] = _objects([self.names[i] for i in columns["channel"]])
        for column in ("kind", "region", "insulation"):
            columns[column] = _objects(columns[column])
        return CurvePoints(columns, about=about)

    def indices(self) -> Indices:
        """Indices of the dips, swells and interruptions: SARFI, dip tables, sag energy and score, outages.

        >>> import kilat
        >>> i = kilat.synth("serang-2018").analyze(nominal_voltage=230).indices()
        >>> i.sarfi[90] >= i.sarfi[50]
        True
        """
        about, columns = self._results.indices
        return Indices(dips=DipSeverities(columns), **about)

    def report(
        self,
        path: str | os.PathLike[str],
        *,
        lang: Literal["en", "id"] = "en",
        title: str | None = None,
        limits: Sequence[str] = ("EN 50160",),
        isc: float | None = None,
        il: float | None = None,
        pcc_voltage: float | None = None,
        instrument: str | None = None,
        instrument_class: str | None = None,
        calibrated: str | None = None,
        time_source: str | None = None,
    ) -> None:
        """Writes the analysis to ``path`` as one HTML page that stands alone, in English or Indonesian.

        ``limits`` are standards as ``compliance`` takes them; the last four texts are printed as entered.
        """
        entered = [instrument, instrument_class, calibrated, time_source]
        self._results.report(path, lang, title, list(limits), [isc, il, pcc_voltage], entered)

    def write(self, path: str | os.PathLike[str], *, table: str = "intervals") -> None:
        """Writes results to ``path``: ``.parquet``, ``.arrow`` or ``.csv`` with one ``table``, ``.h5`` with all.

        Tables are ``intervals``, ``intervals_150cycles``, ``intervals_10min``, ``intervals_2h``, ``half_cycles``,
        ``frequency``, ``flicker``, ``events``, ``rvc`` and ``transients``; ``docs/formats.md`` describes their columns.
        """
        self._results.write(path, table)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draws Urms(1/2) of every voltage channel with the events; returns the axes, ``ax`` or new ones."""
        from . import plot

        return plot.analysis(self, ax)

    def __repr__(self) -> str:
        found = f"{len(self.intervals)} intervals, {len(self.events)} events, {len(self.transients)} transients"
        return html.line(f"<kilat.Analysis of {len(self.channels)} channels ({self.wiring}): {found}", ">")

    def _repr_html_(self) -> str:
        columns = {f.name: _objects([str(getattr(c, f.name)) for c in self.channels]) for f in fields(ChannelInfo)}
        tables = [t for t in (self.events, self.transients) if len(t)]
        return html.table(repr(self), columns) + "".join(t._repr_html_() for t in tables)


def recurrences(analyses: Iterable[Analysis]) -> Recurrences:
    """What happened more than once in the captures analysed, or in one of them: a row for each time.

    Disturbances are alike when they are of the same site, kind and phases, and each feature that both have differs by
    no more than between two of one cause (docs/diagnosis.md). The groups do not depend on the order of ``analyses``.

    >>> import kilat
    >>> cap = kilat.synth("kaur-2024")
    >>> arrays = {name: cap[name].values for name in cap.names}
    >>> def of(start):
    ...     again = kilat.Capture.from_arrays(arrays, sample_rate=cap.sample_rate, start=start)
    ...     return again.analyze(nominal_voltage=220)
    >>> found = kilat.recurrences([of("2022-03-01"), of("2024-05-27")])
    >>> found.kind.tolist(), found.start.astype("datetime64[Y]").astype(str).tolist()
    (['loose_neutral', 'loose_neutral'], ['2022', '2024'])
    """
    columns = _kilat.recurrences([a._results for a in analyses])
    for name in ("kind", "file", "site", "cause", "text"):
        columns[name] = _objects(columns[name])
    columns["channels"] = _objects([tuple(c) for c in columns["channels"]])
    return Recurrences(columns)


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    """An array of texts or tuples, whatever their lengths."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
