"""The examples run as written, and generated captures are what their labels say."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import kilat

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_example(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(path)])
    runpy.run_path(str(path), run_name="__main__")
    printed = capsys.readouterr().out.splitlines()
    if path.stem == "site_survey":
        assert len(printed) == 4 and "loose_neutral" in printed[1] and ": 0 events" in printed[0]
        assert "<svg" in (tmp_path / "survey.html").read_text(encoding="utf-8")


def test_a_dataset_is_what_its_labels_say():
    s = kilat.datasets.generate("kaur-2024", seed=3, sample_rate=6400)
    again = kilat.datasets.generate("kaur-2024", seed=3, sample_rate=6400)
    other = kilat.datasets.generate("kaur-2024", seed=4, sample_rate=6400)
    name = s.capture.names[0]
    assert s.options["seed"] == 3 and s.capture.sample_rate == 6400
    assert np.array_equal(s.capture[name].codes, again.capture[name].codes)
    assert not np.array_equal(s.capture[name].codes, other.capture[name].codes)
    r = s.capture.analyze(nominal_voltage=s.nominal_voltage_v, frequency=50)
    assert s.cause in r.diagnosis.cause
    highest = max(label["residual_pu"] for label in s.labels if label["what"] == "swell")
    found = r.events[r.events.kind == "swell"]
    assert found.magnitude_pu.max() == pytest.approx(highest, rel=0.02)


def test_every_scenario_is_there():
    assert set(kilat.datasets.names()) >= {"healthy", "kaur-2024", "serang-2018", "generator"}
    with pytest.raises(ValueError, match="atlantis"):
        kilat.datasets.generate("atlantis")
