"""Observations: what a power-quality monitor stored besides waveforms, as tables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import html
from ._kilat import read_observations
from .table import Table

if TYPE_CHECKING:
    from ._kilat import ObservationFile, _Readable


class Observation(Table):
    """One observation: a row per channel and value; what a channel does not have is NaN.

    Words are the names that IEEE 1159.3 gives to its identifiers, in lower case and without their prefix: the
    characteristic ``ID_QC_TOTAL_THD`` is ``total_thd``. There is a column for each type of values: ``val``, ``avg``,
    ``min``, ``max``, ``inst``, ``phaseangle``, ``duration``, ``count``, ``binlow``, …
    """

    time: NDArray[Any]
    channel: NDArray[Any]
    phase: NDArray[Any]
    """Conductor in the words of the file: ``an``, ``ab``, ``total``."""
    quantity: NDArray[Any]
    """``waveform``, ``valuelog`` (a trend), ``phasor``, ``histogram``, ``magdur``, …"""
    group_id: NDArray[np.float64]
    """Harmonic order, or other number within a group; NaN when not stated."""
    characteristic: NDArray[Any]
    """The figure the values are: ``rms``, ``total_thd``, ``flkr_pst``, …"""
    unit: NDArray[Any]


class ObservationIndex(Table):
    """What each observation of a file is, a row each."""

    number: NDArray[np.uint64]
    name: NDArray[Any]
    quantities: NDArray[Any]
    """Kinds of data in it, separated by blanks."""
    start: NDArray[np.datetime64]
    trigger: NDArray[np.datetime64]
    disturbance: NDArray[Any]
    """Category of IEEE 1159, such as ``shortdur_instant_sag``; empty when not stated."""
    channels: NDArray[np.uint64]
    """Number of channels."""
    rows: NDArray[np.uint64]
    """Values of the longest channel."""


class Observations:
    """The observations of a file: ``obs[3]`` is the table of one, ``obs.index`` says what each is."""

    def __init__(self, file: ObservationFile) -> None:
        self._file = file

    @property
    def format(self) -> str:
        """Format and revision, such as ``PQDIF 1.5``."""
        return self._file.format

    @property
    def warnings(self) -> list[str]:
        """Damage and doubts found while reading, a line each."""
        return self._file.warnings

    @cached_property
    def index(self) -> ObservationIndex:
        """What each observation is."""
        return ObservationIndex(_columns(self._file.index()))

    def __len__(self) -> int:
        return len(self._file)

    def __getitem__(self, number: int) -> Observation:
        """The table of one observation; a negative number counts from the end."""
        whole = range(len(self))[number]
        return Observation(_columns(self._file.table(whole)))

    def __iter__(self) -> Iterator[Observation]:
        return map(self.__getitem__, range(len(self)))

    def __repr__(self) -> str:
        return f"<kilat.Observations {self.format}: {len(self)}>"

    def _repr_html_(self) -> str:
        return html.table(repr(self), self.index._flat())


def observations(source: str | os.PathLike[str] | bytes | bytearray | _Readable) -> Observations:
    """Reads the observations of a PQDIF file: trends, events, spectra, histograms, and its waveforms too.

    Waveforms are what ``kilat.read`` reads; it takes ``observations=[3]`` to choose among them.

    >>> import kilat
    >>> obs = kilat.observations("monitor.pqd")               # doctest: +SKIP
    >>> obs.index.to_pandas()                                 # doctest: +SKIP
    >>> obs[3][obs[3].channel == "Va"].to_pandas()            # doctest: +SKIP
    """
    return Observations(read_observations(source))


def _columns(columns: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """Lists of words become object columns."""
    return {name: c if isinstance(c, np.ndarray) else np.array(c, dtype=object) for name, c in columns.items()}
