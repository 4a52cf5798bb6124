"""How objects show themselves: one line in a console, a table in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ._kilat import Capture

WIDTH = 100
"""Characters of a line."""
ROWS, COLUMNS = 20, 16
"""What a notebook shows of a table; the rest is counted below it."""


def line(text: str, end: str) -> str:
    """``text`` cut to one line, then ``end``."""
    room = WIDTH - len(end)
    return (text if len(text) <= room else text[: room - 1] + "…") + end


def table(caption: str, columns: Mapping[str, NDArray[Any]]) -> str:
    """An HTML table of the first rows and columns."""
    rows = len(next(iter(columns.values())))
    shown = dict(list(columns.items())[:COLUMNS])
    head = "".join(f"<th>{escape(name)}</th>" for name in shown)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_text(column[i]))}</td>" for column in shown.values()) + "</tr>"
        for i in range(min(rows, ROWS))
    )
    more = []
    if rows > ROWS:
        more.append(f"{rows - ROWS} more rows")
    if len(columns) > COLUMNS:
        more.append(f"{len(columns) - COLUMNS} more columns")
    foot = f"<p>… {' and '.join(more)}</p>" if more else ""
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{foot}"
    )


def capture(cap: Capture) -> str:
    """An HTML table of the channels, and the warnings below it."""
    columns = {
        name: np.array([str(getattr(c, name)) for c in cap.channels], dtype=object)
        for name in ("name", "kind", "phase", "unit", "scale", "offset")
    }
    columns["dtype"] = np.array([str(c.codes.dtype) for c in cap.channels], dtype=object)
    warnings = "".join(f"<li>{escape(w)}</li>" for w in cap.warnings)
    return table(repr(cap), columns) + (f"<ul>{warnings}</ul>" if warnings else "")


def _text(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return str(value)
