"""Errors are Python's own where Python has one, and say what to do."""

import io
import sys
import threading

import numpy as np
import pytest

import kilat


def test_files_that_cannot_be_opened(tmp_path):
    with pytest.raises(FileNotFoundError) as e:
        kilat.read(tmp_path / "absent.cfg")
    assert e.value.filename == str(tmp_path / "absent.cfg")


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"no such format at all"])
def test_unknown_content(tmp_path, content):
    path = tmp_path / "what.bin"
    path.write_bytes(content)
    for source in (path, str(path), content, bytearray(content), io.BytesIO(content)):
        with pytest.raises(kilat.FormatError) as e:
            kilat.read(source)
        assert isinstance(e.value, ValueError)


def test_sources_that_are_none(tmp_path):
    (tmp_path / "a.csv").write_text("a")
    with pytest.raises(TypeError, match="expected a path, bytes or a binary file object, found int"):
        kilat.read(3)
    with (tmp_path / "a.csv").open() as text, pytest.raises(TypeError, match="binary mode"):
        kilat.read(text)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"axis": 2}, "axis: expected 0 or 1"),
        ({"start": "noon"}, "ISO 8601"),
        ({"map": [{"sauce": "a"}]}, "map: unknown key `sauce`; the keys are source"),
        ({"map": [{"phase": "Q"}]}, "map: phase: expected one of A B C"),
    ],
)
def test_options_of_read(keywords, message):
    with pytest.raises(ValueError, match=message):
        kilat.read(b"x", **keywords)


def test_unknown_settings_list_the_known_ones(cap):
    for attempt in (lambda: cap.analyze(dipp_pct=85), lambda: kilat.Config(dipp_pct=85)):
        with pytest.raises(
            TypeError, match="unknown setting `dipp_pct`; the settings are class, .*, dip_pct, .*, transient_pct"
        ):
            attempt()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"dip_pct": "low"}, TypeError, "dip_pct"),
        ({"dip_pct": None}, TypeError, "dip_pct: invalid type: null"),
        ({"dip_pct": float("nan")}, ValueError, "dip_pct"),
        ({"orders": 51}, ValueError, "orders: 51 is outside 1 to 50"),
        ({"nominal_frequency_hz": 55}, ValueError, "55 is neither 50 nor 60"),
        ({"class_": "Z"}, TypeError, "class: unknown variant `Z`"),
    ],
)
def test_senseless_settings(settings, error, message):
    with pytest.raises(error, match=message):
        kilat.Config(**settings)


def test_config_and_settings_do_not_mix(cap):
    with pytest.raises(TypeError, match="either config= or single settings"):
        cap.analyze(config=kilat.Config(), dip_pct=85)
    with pytest.raises(TypeError):
        cap.analyze(230)
    with pytest.raises(OverflowError):
        cap.analyze(threads=-1)


def test_config_behaves_like_a_record():
    c = kilat.Config(dip_pct=85, class_="S")
    assert dict(c)["dip_pct"] == c.dip_pct == c["dip_pct"] == 85.0 and c.class_ == "S"
    tone = {"hz": 175, "threshold_pct": 2.0}
    assert c.signalling == [] and c.replace(signalling=[tone]).signalling == [{**tone, "record_s": 120.0}]
    assert c.lamp is None and c.replace(lamp="120V").replace(lamp=None) == c
    assert kilat.Config(**dict(c)) == c != kilat.Config()
    assert c.replace(dip_pct=90, class_="A") == kilat.Config()
    assert "dip_pct=85" in repr(c) and "swell" not in repr(c)
    assert {"dip_pct", "replace"} <= set(dir(c))
    with pytest.raises(AttributeError, match="no setting `dipp`"):
        c.dipp  # noqa: B018
    with pytest.raises(KeyError):
        c["dipp"]
    with pytest.raises(AttributeError):
        c.dip_pct = 3


def test_a_capture_that_cannot_be_analysed_says_so():
    with pytest.raises(ValueError):
        kilat.Capture.from_arrays({"x": np.zeros(100)}, sample_rate=10.0).analyze()


def test_the_interpreter_is_free_during_an_analysis(cap):
    """With an endless switch interval, another thread runs only if the call lets go of the interpreter."""

    def runs_during(work):
        go, ran = threading.Event(), []
        thread = threading.Thread(target=lambda: (go.wait(), ran.append(True)))
        thread.start()
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e4)
        try:
            go.set()
            work()
            return bool(ran)
        finally:
            sys.setswitchinterval(interval)
            thread.join()

    assert not runs_during(lambda: sum(range(100_000)))
    assert runs_during(lambda: [cap.analyze(threads=1) for _ in range(3)])
