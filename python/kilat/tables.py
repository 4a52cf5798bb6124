"""Result tables: NumPy columns that convert to pandas, polars, Arrow and xarray.

A table is a sequence of rows (``len``, iteration, ``events[0].kind``) with one attribute per column (``events.kind``);
``events[events.kind == "dip"]`` is the table of some rows. Columns of moments are ``datetime64[ns]``, or float seconds
from the beginning of a capture without a start.
"""

from __future__ import annotations

import importlib
from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from enum import IntFlag
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from . import html
from ._kilat import arrow_stream

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow
    import xarray


class Flags(IntFlag):
    """What a value has been through: bits of every ``flags`` column.

    >>> import kilat
    >>> intervals = kilat.read().analyze().intervals
    >>> good = intervals.flags == 0
    >>> clipped = (intervals.flags & kilat.Flags.CLIPPED) != 0
    """

    EVENT = 1
    """A dip, swell or interruption on any channel overlaps it."""
    MISSING = 2
    """A sample inside was missing; it was held at the last valid value."""
    CLIPPED = 4
    """The converter was at its limit."""
    UNSYNCHRONISED = 8
    """No zero crossings to follow: the cut was carried on at the last known frequency."""
    SHORT = 16
    """Fewer cycles than 10/12: the record is too short."""
    OVERLAP = 32
    """It overlaps the interval before it, because a new one starts at every 10-min tick."""
    UNSETTLED = 64
    """Flicker less than two minutes after the start, or after a voltage that was all but gone."""
    INCOMPLETE = 128
    """An aggregate of which time is missing: the recording began or ended inside, or has a gap there."""


class Table:
    """Columns of equal length; further axes of a column, such as channel, are in ``axes``."""

    _dims: ClassVar[dict[str, tuple[str, ...]]] = {}
    """Axes after the rows, of the columns that have more than one."""

    def __init__(self, columns: Mapping[str, Any], axes: Mapping[str, Sequence[Any]] | None = None) -> None:
        self._columns = dict(columns)
        self.axes: dict[str, list[Any]] = {name: list(labels) for name, labels in (axes or {}).items()}
        """Labels along the further axes: ``{"channel": ["Ua", …], "order": [0, …]}``."""

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._columns)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_columns"][name]
        except KeyError:
            names = ", ".join(self.__dict__.get("_columns", ()))
            raise AttributeError(f"{type(self).__name__} has no column {name!r}; it has {names}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._columns]

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def __getitem__(self, key: Any) -> Any:
        """A row as a named tuple, a column by name, or the table of the rows a slice, mask or index array names."""
        if isinstance(key, str):
            if key not in self._columns:
                raise KeyError(key)
            return self._columns[key]
        if isinstance(key, (int, np.integer)):
            return self._row(*(column[key] for column in self._columns.values()))
        return type(self)({name: column[key] for name, column in self._columns.items()}, self.axes)

    def __iter__(self) -> Iterator[Any]:
        return map(self.__getitem__, range(len(self)))

    @cached_property
    def _row(self) -> Any:
        return namedtuple(type(self).__name__, self._columns)

    def _flat(self) -> dict[str, NDArray[Any]]:
        """One-dimensional columns: a column with a further axis becomes one per label, such as ``rms_Ua``."""
        flat = {}
        for name, column in self._columns.items():
            if column.ndim == 1:
                flat[name] = column
            else:
                (axis,) = self._dims[name]
                flat.update({f"{name}_{label}": column[:, i] for i, label in enumerate(self.axes[axis])})
        return flat

    def to_pandas(self) -> pandas.DataFrame:
        """A pandas DataFrame."""
        return _need("pandas").DataFrame(self._flat())

    def to_polars(self) -> polars.DataFrame:
        """A polars DataFrame."""
        return _need("polars").DataFrame(self)

    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow Table."""
        return _need("pyarrow").table(self)

    def to_xarray(self) -> xarray.Dataset:
        """An xarray Dataset with the axes as they are: row, then channel, order, …"""
        variables = {name: (("row", *self._dims.get(name, ())), column) for name, column in self._columns.items()}
        return _need("xarray").Dataset(variables, coords=self.axes)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The table as an Arrow C stream; ``requested_schema`` is not followed, as the protocol allows."""
        return arrow_stream(self._flat())

    def __repr__(self) -> str:
        return html.line(f"<kilat.{type(self).__name__}, {len(self)} rows: {', '.join(self._columns)}", ">")

    def _repr_html_(self) -> str:
        return html.table(repr(self), self._flat())


class HalfCycles(Table):
    """Urms(1/2) of one voltage channel: one full cycle, refreshed every half cycle.

    ``time`` is the start of each one-cycle window, as events count it; ``flags`` are bits of ``Flags``.
    """

    time: NDArray[Any]
    u_rms_v: NDArray[np.float64]
    """Urms(1/2), in volts: ``(n,)``."""
    start_sample: NDArray[np.float64]
    stop_sample: NDArray[np.float64]
    flags: NDArray[np.uint16]


class PInst(Table):
    """Instantaneous flicker sensation of one voltage channel, some 200 values a second (IEC 61000-4-15)."""

    time: NDArray[Any]
    p_inst: NDArray[np.float32]
    sample: NDArray[np.float64]
    flags: NDArray[np.uint16]


class Pst(Table):
    """Short-term flicker severity over absolute 10 min; ``time`` is the end."""

    time: NDArray[Any]
    pst: NDArray[np.float64]
    start_sample: NDArray[np.float64]
    stop_sample: NDArray[np.float64]
    flags: NDArray[np.uint16]


class Plt(Table):
    """Long-term flicker severity over 2 h from even hours of UTC; ``time`` is the end."""

    time: NDArray[Any]
    plt: NDArray[np.float64]
    start_sample: NDArray[np.float64]
    stop_sample: NDArray[np.float64]
    flags: NDArray[np.uint16]


class Intervals(Table):
    """Intervals of one length; ``time`` is the end of each, as IEC 61000-4-30, 4.5 tags them.

    That of 10 min and 2 h is the tick, even when the recording ends before.
    """

    _dims = {"rms": ("channel",), "line_line_rms_v": ("pair",)}

    time: NDArray[Any]
    frequency_hz: NDArray[np.float64]
    """Mean frequency over the interval, in hertz."""
    rms: NDArray[np.float64]
    """True r.m.s., in volts or amperes: ``(interval, channel)``."""
    line_line_rms_v: NDArray[np.float64]
    """R.m.s. of ab, bc, ca, in volts: ``(interval, 3)``; no columns without three line-neutral voltages."""
    residual_voltage_v: NDArray[np.float64]
    """R.m.s. of the sum of three line-neutral voltages; NaN without them."""
    neutral_current_a: NDArray[np.float64]
    """R.m.s. of the neutral current: measured, else of the sum of three currents; NaN without either."""
    start_sample: NDArray[np.float64]
    stop_sample: NDArray[np.float64]
    cycles: NDArray[np.uint32]
    """Whole cycles inside."""
    basics: NDArray[np.uint32]
    """Basic 10/12-cycle intervals inside."""
    covered_s: NDArray[np.float64]
    """Time of samples that no interval before holds, in seconds: basic intervals overlap at 10-min ticks."""
    flags: NDArray[np.uint16]


class Frequency(Table):
    """Power frequency over absolute 10-s slots; ``time`` is the end of the whole cycles counted."""

    time: NDArray[Any]
    hz: NDArray[np.float64]
    start_sample: NDArray[np.float64]
    stop_sample: NDArray[np.float64]
    flags: NDArray[np.uint16]


class Harmonics(Table):
    """Harmonics per interval (IEC 61000-4-7), arrays ``(interval, channel, order 0..50)``, r.m.s. in V or A.

    Order 0 is the d.c. part or the subharmonic range; NaN where an order lies beyond what the sampling rate supports.
    As a data frame it has one row per interval, channel and order.
    """

    _ARRAYS = ("subgroup", "group", "interharmonic_subgroup", "interharmonic_group", "phase_rad")
    _DISTORTIONS = ("thd_subgroup_pct", "thd_group_pct", "thd_harmonic_pct", "tihd_subgroup_pct", "pwhd_group_pct")
    _dims = {
        **{name: ("channel", "order") for name in _ARRAYS},
        **{name: ("channel",) for name in _DISTORTIONS},
    }

    time: NDArray[Any]
    subgroup: NDArray[np.float64]
    group: NDArray[np.float64]
    interharmonic_subgroup: NDArray[np.float64]
    """Centred subgroups between order h and h+1."""
    interharmonic_group: NDArray[np.float64]
    phase_rad: NDArray[np.float64]
    """Phase of a cosine at the start of the interval, in radians; NaN in aggregates."""
    thd_subgroup_pct: NDArray[np.float64]
    """In % of the fundamental subgroup: ``(interval, channel)``."""
    thd_group_pct: NDArray[np.float64]
    thd_harmonic_pct: NDArray[np.float64]
    """THD of single harmonic components, in % of the fundamental component."""
    tihd_subgroup_pct: NDArray[np.float64]
    """Total interharmonic distortion of centred subgroups, in % of the fundamental subgroup."""
    pwhd_group_pct: NDArray[np.float64]
    """Partial weighted harmonic distortion of groups 14 to 40, in % of the fundamental group."""

    def _flat(self) -> dict[str, NDArray[Any]]:
        n, channels, orders = shape = self.subgroup.shape
        labels = np.array(self.axes["channel"], dtype=object)
        flat = {
            "time": np.repeat(self.time, channels * orders),
            "channel": np.tile(np.repeat(labels, orders), n),
            "order": np.tile(np.arange(orders), n * channels),
        }
        for name, column in self._columns.items():
            if name != "time":
                whole = column if column.ndim == 3 else np.broadcast_to(column[:, :, None], shape)
                flat[name] = whole.reshape(-1)
        return flat


class Unbalance(Table):
    """Unbalance per interval, in % (IEC 61000-4-30, 5.7); NaN for what was not measured. ``time`` is the end."""

    time: NDArray[Any]
    u2_pct: NDArray[np.float64]
    """Negative-sequence voltage unbalance."""
    u0_pct: NDArray[np.float64]
    """Zero-sequence voltage unbalance."""
    i2_pct: NDArray[np.float64]
    i0_pct: NDArray[np.float64]


class Power(Table):
    """Power per interval and phase (IEEE 1459), arrays ``(interval, pair)``; ``axes["pair"]`` names the pairs."""

    _dims = {
        name: ("pair",)
        for name in (
            "p_w",
            "p1_w",
            "ph_w",
            "q1_var",
            "s_va",
            "s1_va",
            "sn_va",
            "di_var",
            "dv_var",
            "sh_va",
            "dh_var",
            "n_var",
            "q_budeanu_var",
            "q_fryze_var",
            "q_quarter_cycle_var",
            "pf",
            "pf1",
        )
    }

    time: NDArray[Any]
    p_w: NDArray[np.float64]
    """Active power P; positive into the load."""
    p1_w: NDArray[np.float64]
    """Fundamental active power P1."""
    ph_w: NDArray[np.float64]
    """Harmonic active power PH = P − P1; d.c. and interharmonics are part of it."""
    q1_var: NDArray[np.float64]
    """Fundamental reactive power Q1; positive when the current lags."""
    s_va: NDArray[np.float64]
    """Apparent power S = U·I."""
    s1_va: NDArray[np.float64]
    """Fundamental apparent power S1."""
    sn_va: NDArray[np.float64]
    """Non-fundamental apparent power SN."""
    di_var: NDArray[np.float64]
    """Current distortion power DI."""
    dv_var: NDArray[np.float64]
    """Voltage distortion power DV."""
    sh_va: NDArray[np.float64]
    """Harmonic apparent power SH."""
    dh_var: NDArray[np.float64]
    """Harmonic distortion power DH."""
    n_var: NDArray[np.float64]
    """Non-active power N."""
    q_budeanu_var: NDArray[np.float64]
    """Reactive power after Budeanu: Σ UhIh sin θh over the known orders."""
    q_fryze_var: NDArray[np.float64]
    """Reactive power after Fryze: √(S² − P²), never negative. For one phase it is N under its older name."""
    q_quarter_cycle_var: NDArray[np.float64]
    """Reactive power of a meter that delays the voltage by a quarter of a cycle: ⟨u(t − T/4)·i(t)⟩, that is Σ UhIh
    cos(θh − h·π/2) over the known orders and d.c.
    """
    pf: NDArray[np.float64]
    """Power factor P/S; NaN without apparent power."""
    pf1: NDArray[np.float64]
    """Displacement power factor P1/S1; NaN without fundamental apparent power."""


class SystemPower(Table):
    """Power of the three-phase system per interval (IEEE 1459); ``time`` is the end."""

    time: NDArray[Any]
    p_w: NDArray[np.float64]
    """Active power P of all phases; positive into the load."""
    p1_w: NDArray[np.float64]
    """Fundamental active power of all phases."""
    q1_var: NDArray[np.float64]
    """Fundamental reactive power of all phases ΣQ1; positive when the current lags."""
    ve_v: NDArray[np.float64]
    """Effective voltage Ve, in volts, line-neutral."""
    ie_a: NDArray[np.float64]
    """Effective current Ie, in amperes."""
    se_va: NDArray[np.float64]
    """Effective apparent power Se."""
    se1_va: NDArray[np.float64]
    """Fundamental effective apparent power Se1."""
    sen_va: NDArray[np.float64]
    """Non-fundamental effective apparent power SeN."""
    dei_var: NDArray[np.float64]
    """Current distortion power DeI."""
    dev_var: NDArray[np.float64]
    """Voltage distortion power DeV."""
    seh_va: NDArray[np.float64]
    """Harmonic apparent power SeH."""
    deh_var: NDArray[np.float64]
    """Harmonic distortion power DeH."""
    u1_positive_v: NDArray[np.float64]
    """Positive-sequence fundamental voltage U1⁺, in volts, line-neutral."""
    i1_positive_a: NDArray[np.float64]
    """Positive-sequence fundamental current I1⁺, in amperes."""
    p1_positive_w: NDArray[np.float64]
    """Positive-sequence active power P1⁺."""
    q1_positive_var: NDArray[np.float64]
    """Positive-sequence reactive power Q1⁺; positive when the current lags."""
    s1_positive_va: NDArray[np.float64]
    """Positive-sequence apparent power S1⁺."""
    su1_va: NDArray[np.float64]
    """Fundamental unbalance power SU1."""
    s_arithmetic_va: NDArray[np.float64]
    """Sum of the phases' U·I; NaN with three wires. Not an apparent power of IEEE 1459."""
    s_vector_va: NDArray[np.float64]
    """|P + jΣQ1|. Not an apparent power of IEEE 1459."""
    pf: NDArray[np.float64]
    """Power factor P/Se; NaN without apparent power."""
    pf1_positive: NDArray[np.float64]
    """Positive-sequence power factor P1⁺/S1⁺; NaN without it."""


class Deviation(Table):
    """Under- and over-deviation in % of Udin (IEC 61000-4-30, annex D), ``(interval, channel)``; NaN for currents.

    Basic r.m.s. values are clipped at Udin from above and from below, so an aggregate can have both.
    """

    _dims = {"under_pct": ("channel",), "over_pct": ("channel",)}

    time: NDArray[Any]
    under_pct: NDArray[np.float64]
    over_pct: NDArray[np.float64]


class Signalling(Table):
    """Mains signalling per interval (IEC 61000-4-30, 5.10), an array ``(interval, channel, tone)``; NaN for currents.

    ``axes["hz"]`` are the tones of ``config.signalling``; without any there are none. As a data frame it has one row
    per interval, channel and tone.
    """

    _dims = {"rms_v": ("channel", "hz")}

    time: NDArray[Any]
    rms_v: NDArray[np.float64]
    """R.m.s. of each tone, in volts."""

    def _flat(self) -> dict[str, NDArray[Any]]:
        return _long(self.time, self.axes["channel"], self.axes["hz"], {"rms_v": self.rms_v})


class Supraharmonics(Table):
    """Emission above order 50 per interval, r.m.s. in V or A (IEC 61000-4-7, annex B; IEC 61000-4-30 Ed. 3, annex C).

    Empty unless the setting ``supraharmonics`` asks for it and the rate supports it. As a data frame it has one row per
    interval, channel and band or bin: ``hz`` is the centre, ``mean`` the value of a band of 200 Hz, and ``min``,
    ``mean``, ``max`` those of a bin of 2 kHz.
    """

    _dims = {
        "low": ("channel", "low_hz"),
        "high_min": ("channel", "high_hz"),
        "high_mean": ("channel", "high_hz"),
        "high_max": ("channel", "high_hz"),
    }

    time: NDArray[Any]
    low: NDArray[np.float64]
    """Bands of 200 Hz from 2 to 9 kHz: ``(interval, channel, low_hz)``."""
    high_min: NDArray[np.float64]
    """Least of the blocks of 0.5 ms, bins of 2 kHz from 8 kHz on: ``(interval, channel, high_hz)``."""
    high_mean: NDArray[np.float64]
    """Root of the mean square of the blocks."""
    high_max: NDArray[np.float64]
    """Largest of the blocks."""

    def _flat(self) -> dict[str, NDArray[Any]]:
        nothing = np.full_like(self.low, np.nan)
        low = {"min": nothing, "mean": self.low, "max": nothing}
        high = {"min": self.high_min, "mean": self.high_mean, "max": self.high_max}
        parts = [
            _long(self.time, self.axes["channel"], self.axes[hz], columns)
            for hz, columns in (("low_hz", low), ("high_hz", high))
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class Energy(Table):
    """Energy over the recording, in Wh, varh and VAh: a row per pair, then one of all together.

    Each sample counts once. Load convention: quadrant 1 is import with a lagging current, 2 and 3 are export, 4 is
    import with a leading one.
    """

    of: NDArray[Any]
    """The pair, as in ``power.axes``, or ``"system"``."""
    import_wh: NDArray[np.float64]
    export_wh: NDArray[np.float64]
    reactive_q1_varh: NDArray[np.float64]
    reactive_q2_varh: NDArray[np.float64]
    reactive_q3_varh: NDArray[np.float64]
    reactive_q4_varh: NDArray[np.float64]
    apparent_vah: NDArray[np.float64]
    counted_s: NDArray[np.float64]
    """Time counted."""


class Demand(Table):
    """Mean powers of the system, window by window of the clock; time without samples does not count as zero."""

    start: NDArray[Any]
    stop: NDArray[Any]
    p_w: NDArray[np.float64]
    """Mean active power; positive into the load."""
    q1_var: NDArray[np.float64]
    s_va: NDArray[np.float64]
    covered_s: NDArray[np.float64]
    """Time counted inside."""
    complete: NDArray[np.bool_]
    """At least 99.9 % of the window was counted."""


class Events(Table):
    """Dips, swells and interruptions, by start (IEC 61000-4-30, 5.4 and 5.5)."""

    kind: NDArray[Any]
    """``"dip"``, ``"swell"`` or ``"interruption"``."""
    channels: NDArray[Any]
    """Names, a tuple each; more than one for a polyphase event."""
    start: NDArray[Any]
    duration_s: NDArray[np.float64]
    residual_v: NDArray[np.float64]
    """Smallest Urms(1/2) of a dip or interruption, largest of a swell, in volts."""
    magnitude_pu: NDArray[np.float64]
    """The same as a fraction of Udin."""
    depth_pct: NDArray[np.float64]
    """Distance from Udin in %: positive for dips, negative for swells."""
    category: NDArray[Any]
    """IEEE 1159 category."""
    extreme_channel: NDArray[Any]
    polyphase: NDArray[np.bool_]
    """True for the event of the whole system, which contains those of its channels."""
    open: NDArray[np.bool_]
    """True when the record ended, or a gap came, before the event did."""
    start_sample: NDArray[np.float64]
    stop_sample: NDArray[np.float64]
    flags: NDArray[np.uint16]
    dip_class: NDArray[Any]
    """Bollen's class of a dip of three phases by symmetrical components, such as ``"Da"``; None for others."""
    dip_class_six_phase: NDArray[Any]
    """The same by the six-phase method."""
    characteristic_pu: NDArray[np.float64]
    """Characteristic voltage over the voltage before."""
    phase_jump_deg: NDArray[np.float64]
    """Jump of phase: angle of the characteristic voltage, of the one voltage of a single-phase event."""
    point_on_wave_deg: NDArray[np.float64]
    """Where it begins on the deepest channel, from the rising zero crossing, -180 to 180."""
    point_on_wave_stop_deg: NDArray[np.float64]
    """Where it ends; NaN when it ends gradually."""
    stages: NDArray[np.uint32]
    """Stages of different depth; 0 where nothing was looked at."""
    direction: NDArray[Any]
    """``"upstream"``, ``"downstream"`` or ``"unknown"``."""
    direction_margin: NDArray[np.float64]
    """Distance of the votes over the methods that could vote."""
    shape: NDArray[Any]
    """``"rectangular"``, ``"recovering"``, ``"magnetising"`` or ``"other"``."""


class RapidChanges(Table):
    """Rapid voltage changes, by start (IEC 61000-4-30, 5.11): one steady second to the next, without dip or swell."""

    channels: NDArray[Any]
    """Names of the channels that left the threshold, a tuple each."""
    start: NDArray[Any]
    duration_s: NDArray[np.float64]
    delta_steady_v: NDArray[np.float64]
    """Steady-state change ΔUss, in volts; NaN when ``open``."""
    delta_steady_pct: NDArray[np.float64]
    """The same in % of Udin."""
    delta_max_v: NDArray[np.float64]
    """Largest change ΔUmax from the steady mean before, in volts."""
    delta_max_pct: NDArray[np.float64]
    """The same in % of Udin."""
    extreme_channel: NDArray[Any]
    """Channel of ΔUmax."""
    open: NDArray[np.bool_]
    """True when the record ended, or a gap came, before all was steady again."""
    start_sample: NDArray[np.float64]
    stop_sample: NDArray[np.float64]
    flags: NDArray[np.uint16]


class Bursts(Table):
    """Bursts of mains signalling: from the first basic value above the threshold, for the time the settings state."""

    hz: NDArray[np.float64]
    """The tone."""
    channel: NDArray[Any]
    start: NDArray[Any]
    duration_s: NDArray[np.float64]
    largest_v: NDArray[np.float64]
    """Largest basic value, in volts."""
    values_v: NDArray[Any]
    """Basic values recorded, a tuple each."""
    open: NDArray[np.bool_]
    """True when the record ended, or a gap came, before the recording time was over."""
    start_sample: NDArray[np.float64]
    stop_sample: NDArray[np.float64]
    flags: NDArray[np.uint16]


class Transients(Table):
    """Transient over-voltages, by start; one disturbance is one row, whatever channels show it."""

    kind: NDArray[Any]
    """``"impulsive"``, ``"oscillatory"`` or ``"notching"``."""
    channel: NDArray[Any]
    """Where it is largest."""
    start: NDArray[Any]
    duration_s: NDArray[np.float64]
    peak_v: NDArray[np.float64]
    """Largest departure from the neighbouring cycles, with its sign."""
    peak_pu: NDArray[np.float64]
    """The same over the nominal peak voltage."""
    rise_s: NDArray[np.float64]
    ringing_hz: NDArray[np.float64]
    """NaN unless oscillatory."""
    polarity: NDArray[np.int8]
    band: NDArray[Any]
    """IEEE 1159 band of the ringing: ``"low"`` below 5 kHz, ``"medium"`` below 500 kHz, ``"high"``; else None."""
    channels: NDArray[Any]
    """All that show it, a tuple each."""
    decay_s: NDArray[np.float64]
    """Time in which the ringing falls to 1/e."""
    towards_zero: NDArray[np.bool_]
    """The first swing goes towards zero volts."""
    point_on_wave_deg: NDArray[np.float64]
    """Angle of the fundamental at the start, from its rising zero crossing, -180 to 180."""
    volt_seconds: NDArray[np.float64]
    """Area of the departure; of notching that of one notch."""
    energy_v2s: NDArray[np.float64]
    """Integral of its square."""
    per_cycle: NDArray[np.uint8]
    """Notches per cycle; 0 unless notching."""
    clipped: NDArray[np.bool_]
    """The converter was at its limit inside: the true peak is larger."""
    resolvable: NDArray[np.bool_]
    """False: the rate does not resolve it, and peak and front are lower limits."""
    start_sample: NDArray[np.uint64]
    stop_sample: NDArray[np.uint64]
    peak_sample: NDArray[np.uint64]


class Diagnosis(Table):
    """Probable causes, each with its evidence."""

    cause: NDArray[Any]
    confidence: NDArray[np.float64]
    """How far to trust it, 0 to 1."""
    channels: NDArray[Any]
    start: NDArray[Any]
    stop: NDArray[Any]
    direction: NDArray[Any]
    """Side of the meter it comes from: ``"upstream"``, ``"downstream"`` or ``"unknown"``."""
    direction_margin: NDArray[np.float64]
    """Distance of the votes over the methods that could vote, 0 to 1."""
    rules_for: NDArray[Any]
    """What speaks for it."""
    rules_against: NDArray[Any]
    """What speaks against it."""
    refuted_by: NDArray[Any]
    """The measurement that would refute it."""
    recommendation: NDArray[Any]


class Recurrences(Table):
    """Disturbances that happened more than once: a row for each time, the most frequent first, each by its date."""

    group: NDArray[np.uint32]
    """Rows with the same number are alike."""
    times: NDArray[np.uint32]
    """How many rows have it."""
    kind: NDArray[Any]
    """``"dip"``, ``"swell"``, ``"interruption"``, ``"rapid_change"``, ``"impulsive_transient"``,
    ``"oscillatory_transient"``, or a cause that lasts, such as ``"loose_neutral"``.
    """
    start: NDArray[np.datetime64]
    """NaT for a capture without a start; such rows come last."""
    start_s: NDArray[np.float64]
    """The same from the start of the capture."""
    file: NDArray[Any]
    site: NDArray[Any]
    """Station of the capture."""
    channels: NDArray[Any]
    cause: NDArray[Any]
    """The one cause found for this time; None without any, or with several."""
    change_pu: NDArray[np.float64]
    """Largest change of a phase over Udin; of a transient its peak over the nominal one."""
    duration_s: NDArray[np.float64]
    """NaN where it is no feature, or the record ended before."""
    frequency_hz: NDArray[np.float64]
    """Of the ringing, or of the harmonic in resonance."""
    active_step_w: NDArray[np.float64]
    """Active power after less that before; NaN where it is not known."""
    reactive_step_var: NDArray[np.float64]
    distance: NDArray[np.float64]
    """To the first of the group: at most 1."""
    text: NDArray[Any]
    """The group in words, with its dates."""


class Gaps(Table):
    """Stretches of time without samples; ``stop`` and ``sample`` are those of the first sample after the gap."""

    stop: NDArray[Any]
    duration_s: NDArray[np.float64]
    sample: NDArray[np.uint64]


def _long(
    time: NDArray[Any], channels: Sequence[Any], hz: Sequence[Any], columns: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """One row per interval, channel and frequency."""
    n = len(time)
    flat = {
        "time": np.repeat(time, len(channels) * len(hz)),
        "channel": np.tile(np.repeat(np.array(channels, dtype=object), len(hz)), n),
        "hz": np.tile(np.array(hz, dtype=np.float64), n * len(channels)),
    }
    return {**flat, **{name: column.reshape(-1) for name, column in columns.items()}}


def _need(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as e:
        raise ImportError(f"this needs {package}, which kilat does not install by itself: pip install {package}") from e


class _About(Table):
    """A table with facts about all of its rows, which every part of it keeps."""

    def __init__(
        self,
        columns: Mapping[str, Any],
        axes: Mapping[str, Sequence[Any]] | None = None,
        *,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(columns, axes)
        self._about = dict(about or {})

    def __getitem__(self, key: Any) -> Any:
        """As of every table."""
        part = super().__getitem__(key)
        if isinstance(part, _About):
            part._about = self._about
        return part


class Compliance(_About):
    """Verdicts of a standard, a row per limit: on the channel and in the day, week or year that is worst."""

    clause: NDArray[Any]
    quantity: NDArray[Any]
    """``frequency``, ``voltage`` (% of Udin), ``plt``, ``unbalance``, ``voltage_thd``, ``voltage_harmonic``, …"""
    order: NDArray[np.int64]
    """Harmonic order; 0 where the quantity is no single harmonic."""
    unit: NDArray[Any]
    share_pct: NDArray[np.float64]
    """Share of the values that must be within."""
    mean: NDArray[Any]
    """Mean that a value is: ``10 min``."""
    span: NDArray[Any]
    """Time that the share is of: ``week``."""
    lower: NDArray[np.float64]
    """Smallest value allowed; NaN without one."""
    upper: NDArray[np.float64]
    status: NDArray[Any]
    """``compliant``, ``violated`` or ``not_enough_data``."""
    needed_s: NDArray[np.float64]
    """Length of recording that a verdict needs; NaN where there is one."""
    have_s: NDArray[np.float64]
    channel: NDArray[Any]
    """Empty where it concerns the system."""
    measured: NDArray[np.float64]
    """The value that the required share does not exceed."""
    margin: NDArray[np.float64]
    """Distance of ``measured`` from the limit; negative beyond it."""
    values: NDArray[np.int64]
    """Values judged."""
    beyond: NDArray[np.int64]
    """Those of them beyond the limit."""
    excluded: NDArray[np.int64]
    """Values left out because they overlap a dip, swell or interruption."""
    worst: NDArray[np.float64]
    """The worst value judged."""
    worst_start: NDArray[Any]
    worst_stop: NDArray[Any]

    @property
    def standard(self) -> str:
        """Title with the edition and the part that applies."""
        return str(self._about["standard"])

    @property
    def overall(self) -> str:
        """``violated`` when one limit is, ``compliant`` when all are met, else ``not_enough_data``."""
        return str(self._about["overall"])

    @property
    def not_judged(self) -> list[tuple[str, str, str]]:
        """What the standard requires beyond the rows: clause, what, why not."""
        return list(self._about["not_judged"])

    @property
    def notes(self) -> list[str]:
        """How the standard was read where it leaves a choice."""
        return list(self._about["notes"])


class CurvePoints(_About):
    """Events and transients on an immunity curve."""

    kind: NDArray[Any]
    channel: NDArray[Any]
    start: NDArray[Any]
    duration_s: NDArray[np.float64]
    magnitude_pu: NDArray[np.float64]
    """R.m.s. voltage over the reference; of a transient the instantaneous peak over the nominal peak."""
    region: NDArray[Any]
    """``no_interruption``, ``no_damage``, ``prohibited`` or ``unstated``."""
    lower_limit: NDArray[np.bool_]
    """The magnitude is a lower limit: the rate does not resolve the transient, or the converter was at its limit."""
    insulation: NDArray[Any]
    """Of a transient, highest over-voltage category (IEC 60664-1) that its peak exceeds: ``I`` to ``IV``, ``within``
    when none, ``not_measurable`` when the peak is a lower limit. Empty for events.
    """

    @property
    def name(self) -> str:
        """Name of the curve."""
        return str(self._about["name"])

    @property
    def upper(self) -> list[tuple[float, float]]:
        """Vertices of the upper boundary: seconds, % of nominal; straight lines over the logarithm of time."""
        return list(self._about["upper"])

    @property
    def lower(self) -> list[tuple[float, float]]:
        """Vertices of the lower boundary."""
        return list(self._about["lower"])

    @property
    def indicative(self) -> bool:
        """The curve was drawn for another nominal voltage, or read off a drawing."""
        return bool(self._about["indicative"])

    @property
    def note(self) -> str:
        """What the curve is for."""
        return str(self._about["note"])


class DipSeverities(Table):
    """How bad each dip of the supply was."""

    start: NDArray[Any]
    duration_s: NDArray[np.float64]
    magnitude_pu: NDArray[np.float64]
    energy_s: NDArray[np.float64]
    """Sag energy: the integral of 1 - (u/Udin)^2 over the dip, summed over its channels."""
    severity_itic: NDArray[np.float64]
    """Depth over the depth that the ITIC curve bears for so long: 1 on the curve."""
    severity_semi_f47: NDArray[np.float64]
    """The same of SEMI F47; NaN where that curve does not say."""
    score: NDArray[np.float64]
    """Sag score: one less the mean of the lowest voltages of all phases."""
