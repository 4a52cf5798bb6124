"""Tables of what is measured all the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .table import Table


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
    These arrays are in single precision, 24 bits: sum over many in double, ``np.mean(h.subgroup, dtype=float)``.
    As a data frame it has one row per interval, channel and order.
    """

    _ARRAYS = ("subgroup", "group", "interharmonic_subgroup", "interharmonic_group", "phase_rad")
    _DISTORTIONS = ("thd_subgroup_pct", "thd_group_pct", "thd_harmonic_pct", "tihd_subgroup_pct", "pwhd_group_pct")
    _dims = {
        **{name: ("channel", "order") for name in _ARRAYS},
        **{name: ("channel",) for name in _DISTORTIONS},
    }

    time: NDArray[Any]
    subgroup: NDArray[np.float32]
    group: NDArray[np.float32]
    interharmonic_subgroup: NDArray[np.float32]
    """Centred subgroups between order h and h+1."""
    interharmonic_group: NDArray[np.float32]
    phase_rad: NDArray[np.float32]
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
