#!/usr/bin/env python3
"""Times `kilat analyze --json` on a record of one second, from the start of the process to its end.

usage: python3 benches/startup.py [--runs N]

The record is the first second of a generated capture, three voltages and three currents at 50 kHz, as COMTRADE.
Prints the least and the median wall time, in milliseconds.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KILAT = ROOT / "target" / "release" / "kilat"


def run(*arguments: object) -> bytes:
    return subprocess.run([KILAT, *map(str, arguments)], check=True, capture_output=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    args = parser.parse_args()
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "kilat-cli"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        whole, second, record = (Path(folder) / name for name in ("whole.csv", "second.csv", "event.cfg"))
        run("convert", "synth:mura-2017", whole)
        with whole.open() as rows, second.open("w") as out:
            out.writelines(itertools.islice(rows, 1 + 50_000))
        run("convert", second, record)
        took_ms = []
        for _ in range(args.runs):
            began = time.perf_counter()
            out = run("analyze", record, "--json", "--nominal-voltage", 220)
            took_ms.append((time.perf_counter() - began) * 1e3)
        # A figure counts only with its answer.
        file = json.loads(out)["files"][0]
        assert len(file["intervals"]["start_sample"]) == 4, file["intervals"]
    sys.stdout.write(f"{min(took_ms):.1f} ms at least, {statistics.median(took_ms):.1f} ms median of {args.runs}\n")


if __name__ == "__main__":
    main()
