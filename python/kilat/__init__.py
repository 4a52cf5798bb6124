"""kilat: power-quality analysis of captured waveforms, per IEC 61000-4-30.

>>> import kilat
>>> cap = kilat.read()                        # an example; else a path, bytes or a file object
>>> r = cap.analyze(nominal_voltage=230, frequency=50)
>>> r.half_cycles["Ua"].u_rms_v.round()[:3]   # Urms(1/2), in volts
array([220., 220., 220.])

Times are ``datetime64[ns]`` when the capture has a start, else float seconds from its beginning. Names end in the unit.
"""

from . import datasets
from ._kilat import Capture, Channel, Config, FormatError, Live, Output, UnsupportedError, __version__, read, synth
from .analysis import Analysis, ChannelInfo, Flicker, Indices, recurrences
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
from .observed import Observation, ObservationIndex, Observations, observations
from .table import Flags, Table
from .tables import (
    Demand,
    Deviation,
    Energy,
    Frequency,
    HalfCycles,
    Harmonics,
    Intervals,
    PInst,
    Plt,
    Power,
    Pst,
    Signalling,
    Supraharmonics,
    SystemPower,
    Unbalance,
)

__all__ = [
    "Analysis",
    "Bursts",
    "Capture",
    "Channel",
    "ChannelInfo",
    "Compliance",
    "Config",
    "CurvePoints",
    "Demand",
    "Deviation",
    "Diagnosis",
    "DipSeverities",
    "Energy",
    "Events",
    "Flags",
    "Flicker",
    "FormatError",
    "Frequency",
    "Gaps",
    "HalfCycles",
    "Harmonics",
    "Indices",
    "Intervals",
    "Live",
    "Measurements",
    "Observation",
    "ObservationIndex",
    "Observations",
    "Output",
    "PInst",
    "Plt",
    "Power",
    "Pst",
    "RapidChanges",
    "Recurrences",
    "Signalling",
    "Supraharmonics",
    "SystemPower",
    "Table",
    "Transients",
    "Unbalance",
    "UnsupportedError",
    "__version__",
    "datasets",
    "observations",
    "read",
    "recurrences",
    "synth",
]
