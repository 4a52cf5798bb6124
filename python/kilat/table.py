"""What all tables have in common: NumPy columns that convert to pandas, polars, Arrow and xarray.

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


class Facts(Table):
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
        if isinstance(part, Facts):
            part._about = self._about
        return part


def _need(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as e:
        raise ImportError(f"this needs {package}, which kilat does not install by itself: pip install {package}") from e
