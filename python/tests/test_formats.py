"""What kilat writes is read by the programs that others use, and what those write is read by kilat."""

import json

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
import scipy.io.wavfile
import soundfile

import kilat


@pytest.fixture
def codes():
    """A capture of 16-bit codes, with a gap in time left out."""
    t = np.arange(12_800) / 6400
    u = np.round(20_000 * np.sin(2 * np.pi * 50 * t)).astype(np.int16)
    i = np.round(5_000 * np.sin(2 * np.pi * 50 * t + 0.3)).astype(np.int16)
    return u, i


@pytest.fixture
def cap(codes, tmp_path):
    path = tmp_path / "in.npz"
    u, i = codes
    np.savez_compressed(
        path,
        Ua=u,
        Ia=i,
        fs=6400.0,
        names=["Ua", "Ia"],
        units=["V", "A"],
        scale=[0.02, 0.001],
        t0="2024-05-27T07:00:00Z",
    )
    return kilat.read(path)


def test_arrays_of_numpy_are_read_with_what_is_beside_them(cap, codes):
    assert [(c.name, c.unit, str(c.kind)) for c in cap.channels] == [("Ua", "V", "voltage"), ("Ia", "A", "current")]
    assert cap.sample_rate == 6400
    assert cap.start == np.datetime64("2024-05-27T07:00:00")
    np.testing.assert_array_equal(cap["Ua"].values, codes[0] * 0.02)


def test_h5py_reads_ours(cap, codes, tmp_path):
    path = tmp_path / "a.h5"
    cap.write(path)
    with h5py.File(path) as f:
        u = f["channels/000000"]
        assert u.attrs["name"].decode() == "Ua"
        assert not any(h5py.check_string_dtype(f.attrs.get_id(n).dtype).length is None for n in ("start", "format"))
        np.testing.assert_array_equal(u[:], codes[0])
        assert (u.attrs["scale"], u.compression, u.shuffle) == (0.02, "gzip", True)
        assert f.attrs["start"].decode() == "2024-05-27T07:00:00Z"
    np.testing.assert_array_equal(kilat.read(path)["Ia"].values, cap["Ia"].values)


def test_large_datasets_of_h5py_are_read_in_parts(tmp_path):
    path = tmp_path / "a.h5"
    values = (np.arange(40_000_000) % 30_011 - 15_000).astype(np.int16)
    with h5py.File(path, "w") as f:
        kwargs = {"chunks": (1 << 18,), "compression": "gzip", "compression_opts": 1, "shuffle": True}
        f.create_dataset("Ua", data=values, fletcher32=True, **kwargs).attrs["sample_rate"] = 250_000.0
    cap = kilat.read(path)
    assert cap.n_samples == len(values)
    np.testing.assert_array_equal(cap["Ua"].values[39_999_000:], values[39_999_000:])


# What it does not understand is what we note beside the sound.
@pytest.mark.filterwarnings("ignore:Chunk .non-data. not understood")
def test_sound_programs_read_ours(cap, codes, tmp_path):
    for name in ("a.wav", "a.flac"):
        path = tmp_path / name
        cap.write(path)
        data, rate = soundfile.read(path, dtype="int16")
        assert rate == 6400
        np.testing.assert_array_equal(data, np.stack(codes, axis=1))
        np.testing.assert_array_equal(kilat.read(path)["Ua"].values, cap["Ua"].values)
    rate, data = scipy.io.wavfile.read(tmp_path / "a.wav")
    np.testing.assert_array_equal(data, np.stack(codes, axis=1))


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("format", ["WAV", "WAVEX", "RF64", "FLAC"])
def test_theirs_are_read_in_every_width(tmp_path, format, subtype):
    if not soundfile.check_format(format, subtype):
        pytest.skip(f"soundfile writes no {format} of {subtype}")
    path = tmp_path / f"a.{'flac' if format == 'FLAC' else 'wav'}"
    wave = np.stack([np.sin(np.arange(5000) / 9), np.cos(np.arange(5000) / 7)], axis=1) * 0.9
    soundfile.write(path, wave, 8000, format=format, subtype=subtype)
    expected, _ = soundfile.read(path, dtype="float64")
    cap = kilat.read(path, map=[{"source": "1", "name": "Ub", "unit": "V", "scale": 400.0}])
    assert cap.sample_rate == 8000
    np.testing.assert_allclose(cap["Ub"].values, expected[:, 1] * 400, rtol=0, atol=1e-9)
    assert cap.warnings == []


def test_pyarrow_reads_ours(cap, codes, tmp_path):
    for name, read in (("a.parquet", pq.read_table), ("a.arrow", pyarrow.feather.read_table)):
        path = tmp_path / name
        cap.write(path)
        table = read(path)
        assert table.schema.field("Ua").metadata[b"unit"] == b"V"
        assert json.loads(table.schema.metadata[b"kilat"])["channels"][0]["name"] == "Ua"
        np.testing.assert_array_equal(table["Ua"].to_numpy(), codes[0])
        np.testing.assert_array_equal(kilat.read(path)["Ia"].values, cap["Ia"].values)


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "lz4", "zstd"])
def test_point_on_wave_of_pyarrow_is_read(codes, tmp_path, compression):
    path = tmp_path / "a.parquet"
    field = pa.field("va", pa.int32(), metadata={"scale": "0.02", "unit": "V"})
    schema = pa.schema([field], metadata={"sample_rate": "32000"})
    pq.write_table(pa.table([codes[0].astype(np.int32)], schema=schema), path, compression=compression)
    cap = kilat.read(path)
    assert (cap.sample_rate, cap.channels[0].unit) == (32000, "V")
    np.testing.assert_array_equal(cap["va"].values, codes[0] * 0.02)


def test_a_codec_that_is_not_read_is_refused_by_its_name(codes, tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"va": codes[0]}), path, compression="brotli")
    with pytest.raises(kilat.UnsupportedError, match="(?i)brotli"):
        kilat.read(path, sample_rate=32000)


def test_results_are_tables_that_others_read(cap, tmp_path):
    r = cap.analyze(nominal_voltage=283, frequency=50)
    r.write(tmp_path / "r.parquet")
    table = pq.read_table(tmp_path / "r.parquet")
    assert table.schema.metadata[b"kilat_results"] == b"1"
    assert str(table.schema.field("start").type) == "timestamp[ns, tz=UTC]"
    np.testing.assert_array_equal(table["Ua rms_v"].to_numpy(), r.intervals.rms[:, 0])
    r.write(tmp_path / "r.h5")
    with h5py.File(tmp_path / "r.h5") as f:
        assert {"intervals", "intervals_10min", "events", "transients"} <= set(f)
        np.testing.assert_array_equal(f["intervals/Ua rms_v"][:], r.intervals.rms[:, 0])
    r.write(tmp_path / "r.arrow", table="half_cycles")
    assert pyarrow.feather.read_table(tmp_path / "r.arrow").num_rows > 100
    with pytest.raises(ValueError, match="table: expected one of intervals"):
        r.write(tmp_path / "r.parquet", table="nothing")


def test_parts_of_a_recording_are_joined(cap, tmp_path):
    for k, (first, last) in enumerate(((0, 4000), (4000, 8000), (9000, 12_800))):
        cap.slice(first / 6400, last / 6400).write(tmp_path / f"{k}.h5")
    joined = kilat.read([tmp_path / "2.h5", tmp_path / "0.h5", tmp_path / "1.h5"])
    assert joined.n_samples == 11_800
    assert "begins 0.15625 s after the end of the file before it: a gap" in joined.warnings[0]
    np.testing.assert_array_equal(joined["Ua"].values[:8000], cap["Ua"].values[:8000])
