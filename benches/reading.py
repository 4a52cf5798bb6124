#!/usr/bin/env python3
"""Measures what reading and starting take, and prints one table.

usage: python3 benches/reading.py [--rounds N] [--gigabytes N]

HDF5 with gzip and shuffle on two threads against h5py, peak memory of `kilat analyze`, with and without `-o`, and of `kilat watch` on
large files, and the time of `kilat analyze --json` on a record of one second. NumPy and h5py are installed into target/peers, files made there and deleted.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
import zlib
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "peers"
PYTHON = WORK / "reading" / "bin" / "python"
RELEASE = ROOT / "target" / "release"
NAMES = ("Ua", "Ub", "Uc", "Ia", "Ib", "Ic")
RATE_HZ = 50_000
MAINS = ("--nominal-voltage", "230", "--frequency", "50")
WAYS = ("analyze", "analyze -o intervals.parquet", "watch --speed 0 --json")
"""What a large file is given to: all results at the end, tables as they grow, each result as it comes."""
H5PY = """
import h5py, sys, time
began = time.perf_counter()
with h5py.File(sys.argv[1]) as f:
    data = [f[name][:] for name in f]
print(time.perf_counter() - began, sum(int(x.sum()) for x in data))
"""


def seconds() -> "list[np.ndarray]":
    """One second of 16-bit codes of each channel, which repeats: 20 mV and 1 mA, with the noise of a converter."""
    angle = 2 * np.pi * 50 * np.arange(RATE_HZ) / RATE_HZ
    peaks = np.repeat([230 * 2**0.5 / 0.02, 10 * 2**0.5 / 0.001], 3)
    noise = np.random.default_rng(1).normal(0, 2, (6, RATE_HZ))
    return [np.round(p * np.sin(angle - 2 * np.pi * c / 3) + noise[c]).astype("<i2") for c, p in enumerate(peaks)]


def hdf5(path: Path, size: int) -> None:
    """Chunks of a second, compressed once and written over and over."""
    packed = [zlib.compress(x.view(np.uint8).reshape(-1, 2).T.tobytes(), 4) for x in seconds()]
    count = size // sum(map(len, packed))
    with h5py.File(path, "w") as file:
        for c, name in enumerate(NAMES):
            how = {"chunks": (RATE_HZ,), "compression": "gzip", "compression_opts": 4, "shuffle": True}
            data = file.create_dataset(name, (count * RATE_HZ,), "<i2", **how)
            unit, scale = ("V", 0.02) if c < 3 else ("A", 0.001)
            data.attrs.update({"sample_rate": float(RATE_HZ), "unit": unit, "scale": scale})
            for k in range(count):
                data.id.write_direct_chunk((k * RATE_HZ,), packed[c])


def comtrade(path: Path, size: int) -> None:
    """BINARY, with 16 status channels."""
    record = np.dtype([("number", "<u4"), ("stamp", "<u4"), *((n, "<i2") for n in NAMES), ("states", "<u2")])
    rows = np.zeros(RATE_HZ, record)
    for name, codes in zip(NAMES, seconds(), strict=True):
        rows[name] = codes
    count = size // rows.nbytes
    with path.with_suffix(".dat").open("wb") as out:
        for k in range(count):
            rows["number"] = np.arange(RATE_HZ) + k * RATE_HZ + 1
            rows["stamp"] = (np.arange(RATE_HZ) + k * RATE_HZ) * (1_000_000 // RATE_HZ)
            out.write(rows.tobytes())
    lines = ["STATION,DEVICE,1999", "22,6A,16D"]
    for c, name in enumerate(NAMES):
        unit, scale = ("V", 0.02) if c < 3 else ("A", 0.001)
        lines.append(f"{c + 1},{name},{'ABC'[c % 3]},,{unit},{scale},0,0,-32767,32767,1,1,P")
    lines += [f"{k},S{k},,,0" for k in range(1, 17)]
    lines += ["50", "1", f"{RATE_HZ},{count * RATE_HZ}", *["27/05/2024,07:00:00.000000"] * 2, "BINARY", "1"]
    path.write_text("\r\n".join(lines) + "\r\n")


def npy(path: Path, size: int) -> None:
    """`(6, n)` of 32-bit floats."""
    waves = [x.astype("<f4") * (0.02 if c < 3 else 0.001) for c, x in enumerate(seconds())]
    count = size // sum(x.nbytes for x in waves)
    with path.open("wb") as out:
        about = {"descr": "<f4", "fortran_order": False, "shape": (6, count * RATE_HZ)}
        np.lib.format.write_array_header_1_0(out, about)
        for wave in waves:
            for _ in range(count):
                out.write(wave.tobytes())


def against_h5py(folder: Path, rounds: int) -> float:
    """How many times as fast as h5py a file of 100 MB is read: the best round of each."""
    path = folder / "a.h5"
    hdf5(path, 100_000_000)
    ours, theirs = [], []
    for _ in range(rounds):
        found = [
            subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout.split()
            for command in ((RELEASE / "read_file", path, 2), (PYTHON, "-c", H5PY, path))
        ]
        # A figure counts only with its answer.
        assert found[0][1] == found[1][1], found
        ours.append(float(found[0][0]))
        theirs.append(float(found[1][0]))
    path.unlink()
    return min(theirs) / min(ours)


def peak_mib(command: list[str], folder: Path) -> float:
    """Most memory that a command had resident in that folder, mapped parts of files included."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder)
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, command
    return used.ru_maxrss / 1024


def peaks_of(make: Callable[[Path, int], None], path: Path, size: int, *options: str) -> "list[float]":
    """Of each of the ways."""
    make(path, size)
    peaks = [peak_mib([str(RELEASE / "kilat"), *way.split(), str(path), *MAINS, *options], path.parent) for way in WAYS]
    for made in path.parent.iterdir():
        made.unlink()
    return peaks


def start_up_ms(folder: Path, rounds: int) -> float:
    """Least time of `kilat analyze --json` on one second of COMTRADE, from the start of the process to its end."""
    record = folder / "event.cfg"
    comtrade(record, RATE_HZ * 22)
    took_ms = []
    for _ in range(10 * rounds):
        began = time.perf_counter()
        out = subprocess.run([RELEASE / "kilat", "analyze", record, "--json", *MAINS], check=True, capture_output=True)
        took_ms.append((time.perf_counter() - began) * 1e3)
        assert len(json.loads(out.stdout)["files"][0]["intervals"]["start_sample"]) == 4
    return min(took_ms)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gigabytes", type=float, default=4.0, help="size of a large file")
    args = parser.parse_args()
    build = ["cargo", "build", "--release", "--quiet", "-p", "kilat-cli", "-p", "kilat-benches"]
    subprocess.run(build, cwd=ROOT, check=True)
    size = int(args.gigabytes * 1e9)
    with tempfile.TemporaryDirectory(dir=WORK) as name:
        folder = Path(name)
        units = [f"--map={c}={name}:{'V' if c < 3 else 'A'}" for c, name in enumerate(NAMES)]
        described = ("--rate", str(RATE_HZ), "--axis", "columns", *units)
        large = f"{args.gigabytes:g} GB of six channels at {RATE_HZ} Hz, peak MiB: "
        files = {
            "COMTRADE BINARY": (comtrade, folder / "a.cfg", size),
            "HDF5 with gzip": (hdf5, folder / "a.h5", size),
            "NPY": (npy, folder / "a.npy", size, *described),
        }
        rows = {
            "HDF5 with gzip and shuffle, 2 threads: times as fast as h5py": against_h5py(folder, args.rounds),
            "`kilat analyze --json`, a COMTRADE record of 1 s: ms": start_up_ms(folder, args.rounds),
        }
        for name, file in files.items():
            for way, peak in zip(WAYS, peaks_of(*file), strict=True):
                rows[f"{large}`kilat {way}` of {name}"] = peak
    sys.stdout.write("| what | measured |\n|---|---|\n")
    for what, value in rows.items():
        sys.stdout.write(f"| {what} | {value:.3g} |\n")


if __name__ == "__main__":
    if not PYTHON.exists():
        venv.create(PYTHON.parent.parent, with_pip=True)
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "numpy", "h5py"], check=True)
    if Path(sys.prefix) != PYTHON.parent.parent:
        os.execv(PYTHON, [str(PYTHON), __file__, *sys.argv[1:]])
    import h5py
    import numpy as np

    main()
