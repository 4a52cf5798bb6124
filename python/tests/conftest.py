"""A three-phase recording whose every quantity is known in advance."""

import matplotlib
import numpy as np
import pytest

import kilat

matplotlib.use("Agg")

RATE = 10_000.0
START = "2024-05-27T07:00:00Z"
SECONDS = 12

# R.m.s. and angle of the fundamentals; a 5th harmonic on Ua; currents lag their voltages by 30 degrees.
U = {"Ua": (230.0, 0.0), "Ub": (224.0, -120.0), "Uc": (230.0, 120.0)}
U5 = 9.2
I_RMS, LAG = 10.0, 30.0

DIP = (4.0, 4.2)
"""Ub falls to half from the first second to the second."""
SPIKE_SAMPLE = 81_275
"""Uc jumps by SPIKE_V for six samples from here."""
SPIKE_V = 250.0


def arrays():
    t = np.arange(int(SECONDS * RATE)) / RATE

    def wave(rms, degrees, order=1):
        return rms * np.sqrt(2) * np.cos(2 * np.pi * 50 * order * t + np.deg2rad(degrees))

    out = {name: wave(*phasor) for name, phasor in U.items()}
    out["Ua"] += wave(U5, 0.0, 5)
    out["Ub"] *= np.where((t >= DIP[0]) & (t < DIP[1]), 0.5, 1.0)
    out["Uc"][SPIKE_SAMPLE : SPIKE_SAMPLE + 6] += SPIKE_V
    for name, (_, degrees) in U.items():
        out["I" + name[1]] = wave(I_RMS, degrees - LAG)
    return out


@pytest.fixture(scope="session")
def cap():
    return kilat.Capture.from_arrays(arrays(), sample_rate=RATE, start=START)


@pytest.fixture(scope="session")
def r(cap):
    return cap.analyze(nominal_voltage=230, frequency=50)
