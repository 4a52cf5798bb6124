"""Tables of what happened, what it means, and what it is held against."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .table import Facts, Table


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


class Compliance(Facts):
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


class CurvePoints(Facts):
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
