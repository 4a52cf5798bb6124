#!/usr/bin/env python3
"""Compares the whole analysis with other implementations on one capture, in one run.

usage: python3 benches/compare.py PEERS [--rounds N] [--duration S] [--rate HZ]

PEERS is a directory with gen_capture.py (writes the capture), bench_scipy.py and bench_pqopen.py (print JSON). What they
need is installed into target/peers. Rounds are interleaved; the best of each is compared, because other load only slows.
"""

import argparse
import json
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "peers"


def run(*command: object) -> str:
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--duration", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=50_000.0)
    args = parser.parse_args()
    python = WORK / "venv" / "bin" / "python"
    if not python.exists():
        venv.create(WORK / "venv", with_pip=True)
        run(python, "-m", "pip", "install", "--quiet", "numpy", "scipy", "pqopen-lib")
    capture = WORK / f"capture-{args.rate:.0f}-{args.duration:.0f}.npy"
    run(python, args.peers / "gen_capture.py", "--fs", args.rate, "--dur", args.duration, "--out", capture)
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "kilat-benches"], cwd=ROOT, check=True)
    ours = ROOT / "target" / "release" / "analyze_npy"
    best: dict[str, float] = {}
    for _ in range(args.rounds):
        for kind in ("i16", "f32", "f64"):
            for threads in (1, 2):
                figure = json.loads(run(ours, capture, args.rate, kind, threads, 2))
                # A figure counts only with its answer: mains at 50.02 Hz, a dip on all phases after 20 s, a swell after 40 s.
                assert all(abs(hz - 50.02) < 1e-3 for hz in figure["frequency_hz"]), figure
                expected = ["dip", "swell"][: int(args.duration > 21) + int(args.duration > 41)]
                assert [e["kind"] for e in figure["polyphase_events"]] == expected, figure
                keep(best, f"kilat {kind}, {threads} thread{'s' * (threads > 1)}", figure["msamples_per_s"])
        for kind in ("float32", "float64"):
            script = args.peers / "bench_scipy.py"
            parts = "full_round,full_sync,full_noflicker"
            out = run(
                python, script, "--data", capture, "--fs", args.rate, "--workers", 2, "--runs", 1, "--dtype", kind,
                "--parts", parts,
            )
            for part, figure in json.loads(out)["parts"].items():
                keep(best, f"SciPy by hand {kind}, 2 threads, {part}", figure["msamples_per_s"])
        out = run(
            python, args.peers / "bench_pqopen.py", "--data", capture, "--fs", args.rate, "--runs", 1, "--parts", "full"
        )
        keep(best, "pqopen-lib, 1 s blocks", json.loads(out)["parts"]["full"]["msamples_per_s"])
    unit = max(v for k, v in best.items() if k.startswith("SciPy"))
    sys.stdout.write("| implementation | M samples/s | against the best SciPy |\n|---|---|---|\n")
    for name, value in best.items():
        sys.stdout.write(f"| {name} | {value:.1f} | {value / unit:.2f} |\n")


def keep(best: dict[str, float], name: str, value: float) -> None:
    best[name] = max(value, best.get(name, 0.0))


if __name__ == "__main__":
    main()
