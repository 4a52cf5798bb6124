"""What happened at a site: a line per recording with its risk, compliance and cause, and a report of the worst.

    python examples/site_survey.py [FILE ...]

Without files it surveys generated captures of four cases.
"""

import sys

import kilat

CASES = ["healthy", "kaur-2024", "serang-2018", "generator"]

captures = [kilat.read(name) for name in sys.argv[1:]] or [kilat.synth(name) for name in CASES]
worst, worst_count = None, -1
for capture in captures:
    r = capture.analyze(nominal_voltage=220, frequency=50)
    points = r.curve("ITIC")
    outside = points[(points.region == "prohibited") | (points.region == "no_damage")]
    indices = r.indices()
    print(
        f"{capture.source or capture.format}: {len(r.events)} events, {len(outside)} outside ITIC,",
        f"SARFI-90 {indices.sarfi[90]}, {indices.outage_minutes:.2f} min without supply,",
        f"EN 50160 {r.compliance('EN 50160').overall}, causes {', '.join(r.diagnosis.cause) or 'none'}",
    )
    if len(outside) > worst_count:
        worst, worst_count = r, len(outside)

worst.report("survey.html", title="The worst recording", limits=["EN 50160", "SPLN 1"])
