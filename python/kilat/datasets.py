"""Labelled captures, computed from a circuit: as many variants of a case as a study needs, and the truth about each.

>>> import kilat
>>> s = kilat.datasets.generate("kaur-2024", seed=7, noise_db=50)
>>> s.cause, s.labels[0]["what"], s.capture.n_samples
('loose_neutral', 'dip', 140000)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ._kilat import Capture, scenario, scenario_names


@dataclass(frozen=True)
class Scenario:
    """A generated capture and the truth about it."""

    name: str
    capture: Capture
    labels: list[dict[str, Any]]
    """What happens in it, by start: ``what``, ``cause``, ``start_s``, ``stop_s``, …, as measured before noise."""
    cause: str
    """In the words of the diagnosis; ``none`` when there is nothing to report."""
    story: str
    """What was reported, and what the model does."""
    nominal_voltage_v: float
    options: dict[str, Any]
    """Sampling rate, duration, seed and noise: the same ones give the same samples on every machine."""


def names() -> list[str]:
    """Names of the scenarios.

    >>> import kilat
    >>> "healthy" in kilat.datasets.names()
    True
    """
    return scenario_names()


def generate(
    name: str,
    *,
    seed: int | None = None,
    sample_rate: float | None = None,
    duration_s: float | None = None,
    noise_db: float | None = None,
) -> Scenario:
    """A variant of the scenario ``name``; what is not given is as in ``kilat.synth(name)``.

    The seed chooses loads, instants, phases and noise; ``noise_db`` is the signal-to-noise ratio of a sine of nominal
    voltage or current.
    """
    capture, text = scenario(name, seed, sample_rate, duration_s, noise_db)
    truth = json.loads(text)
    return Scenario(
        name=truth["name"],
        capture=capture,
        labels=truth["labels"],
        cause=truth["cause"],
        story=truth["story"],
        nominal_voltage_v=truth["nominal_voltage_v"],
        options=truth["options"],
    )
