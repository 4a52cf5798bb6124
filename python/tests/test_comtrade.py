"""COMTRADE as written here, read by an independent package."""

import warnings

import comtrade
import numpy as np
import pytest

import kilat

N = 400
WAVE = 325.0 * np.sin(2 * np.pi * 50.0 * np.arange(N) / 4000.0)
FORMS = [
    ("a.cfg", 1991, "ASCII", "i2"),
    ("a.cfg", 1991, "BINARY", "i2"),
    ("a.cfg", 1999, "ASCII", "i4"),
    ("a.cfg", 1999, "BINARY", "i2"),
    ("a.cfg", 2013, "ASCII", "f8"),
    ("a.cfg", 2013, "BINARY", "i2"),
    ("a.cfg", 2013, "BINARY32", "i4"),
    ("a.cfg", 2013, "FLOAT32", "f4"),
    ("a.cff", 2013, "ASCII", "i2"),
    ("a.cff", 2013, "BINARY", "i2"),
    ("a.cff", 2013, "BINARY32", "i4"),
    ("a.cff", 2013, "FLOAT32", "f4"),
]


def written(path, codes, **options):
    cap = kilat.Capture.from_arrays(
        {"Ua": codes, "Ia": codes[::-1]},
        sample_rate=4000.0,
        units={"Ua": "V", "Ia": "A"},
        scales={"Ua": 0.5, "Ia": 0.001},
        offsets={"Ua": -3.0},
        start="2024-05-27T07:00:00.25Z",
    )
    cap.write(path, **options)
    return cap


def read(path):
    record = comtrade.Comtrade(use_numpy_arrays=True, use_double_precision=True)
    with warnings.catch_warnings():
        # It has its doubts about nanoseconds and a trigger that is not known.
        warnings.simplefilter("ignore")
        record.load(str(path))
    return record


@pytest.mark.parametrize(("name", "revision", "encoding", "dtype"), FORMS)
def test_another_reader_finds_what_was_written(tmp_path, name, revision, encoding, dtype):
    codes = WAVE.astype(dtype)
    if encoding == "BINARY" and revision == 1991:
        # It takes the code -1 of 1991 for a missing sample, which the standard does not know.
        codes[codes == -1] = 0
    cap = written(tmp_path / name, codes, revision=revision, encoding=encoding)
    record = read(tmp_path / name)
    assert (record.rev_year, record.ft) == (str(revision), encoding)
    assert record.analog_channel_ids == ["Ua", "Ia"]
    assert [c.uu for c in record.cfg.analog_channels] == ["V", "A"]
    assert record.cfg.sample_rates == [[4000.0, N]]
    # Years have two digits in 1991, and it takes them for those of the first century.
    year = "0024" if revision == 1991 else "2024"
    assert record.start_timestamp.isoformat() == f"{year}-05-27T07:00:00.250000"
    np.testing.assert_allclose(record.time, np.arange(N) / 4000.0, atol=1e-12)
    for i, channel in enumerate(["Ua", "Ia"]):
        np.testing.assert_allclose(record.analog[i], cap[channel].values, rtol=1e-6, atol=1e-9)


def test_missing_samples_are_missing_there_too(tmp_path):
    codes = WAVE.astype("f4")
    codes[7] = np.nan
    # The empty field of ASCII in 2013 is none that it knows.
    for revision, encoding in [(1999, "ASCII"), (2013, "FLOAT32")]:
        written(tmp_path / "a.cfg", codes, revision=revision, encoding=encoding)
        found = np.asarray(read(tmp_path / "a.cfg").analog[0])
        assert list(np.flatnonzero(~np.isfinite(found) | (np.abs(found) > 1e30))) == [7]


def test_what_is_lost_is_a_warning_and_what_cannot_be_is_an_error(tmp_path):
    with pytest.warns(UserWarning, match="rounded to steps of"):
        written(tmp_path / "a.cfg", WAVE, encoding="BINARY")
    with pytest.raises(ValueError, match="1991, 1999 or 2013, found 2001"):
        written(tmp_path / "a.cfg", WAVE, revision=2001)
    with pytest.raises(ValueError, match="CSV has none to choose"):
        written(tmp_path / "a.csv", WAVE, encoding="ASCII")
