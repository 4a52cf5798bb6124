"""PQDIF files as a reader finds them that knows nothing of kilat: struct, zlib and the text of IEEE 1159.3."""

import struct
import uuid
import zlib
from datetime import datetime, timedelta

import numpy as np
import pytest

import kilat

SIGNATURE = "4a111440-e49f-11cf-9900-505144494600"
TAGS = {
    "89738606-f1c3-11cf-9d89-0080c72e70a3": "container",
    "89738619-f1c3-11cf-9d89-0080c72e70a3": "source",
    "b48d858c-f5f5-11cf-9d89-0080c72e70a3": "settings",
    "8973861a-f1c3-11cf-9d89-0080c72e70a3": "observation",
    "8973861b-f1c3-11cf-9d89-0080c72e70a3": "style",
    "8973861c-f1c3-11cf-9d89-0080c72e70a3": "algorithm",
    "b48d8587-f5f5-11cf-9d89-0080c72e70a3": "name",
    "b48d858d-f5f5-11cf-9d89-0080c72e70a3": "channels",
    "b48d858e-f5f5-11cf-9d89-0080c72e70a3": "channel",
    "b48d8590-f5f5-11cf-9d89-0080c72e70a3": "channel name",
    "b48d8591-f5f5-11cf-9d89-0080c72e70a3": "phase",
    "c690e872-f755-11cf-9d89-0080c72e70a3": "measured",
    "b48d8598-f5f5-11cf-9d89-0080c72e70a3": "series",
    "b48d859a-f5f5-11cf-9d89-0080c72e70a3": "one series",
    "b48d859c-f5f5-11cf-9d89-0080c72e70a3": "value type",
    "b48d859b-f5f5-11cf-9d89-0080c72e70a3": "units",
    "b48d85a1-f5f5-11cf-9d89-0080c72e70a3": "method",
    "0fa118c3-cb4a-11d2-b30b-fe25cb9a1760": "frequency",
    "b48d858f-f5f5-11cf-9d89-0080c72e70a3": "definition",
    "3d786f8a-f76e-11cf-9d89-0080c72e70a3": "observation name",
    "3d786f8c-f76e-11cf-9d89-0080c72e70a3": "start",
    "3d786f91-f76e-11cf-9d89-0080c72e70a3": "instances",
    "3d786f92-f76e-11cf-9d89-0080c72e70a3": "instance",
    "3d786f93-f76e-11cf-9d89-0080c72e70a3": "series instances",
    "3d786f94-f76e-11cf-9d89-0080c72e70a3": "series instance",
    "3d786f96-f76e-11cf-9d89-0080c72e70a3": "scale",
    "3d786f97-f76e-11cf-9d89-0080c72e70a3": "offset",
    "3d786f99-f76e-11cf-9d89-0080c72e70a3": "values",
    "8973861f-f1c3-11cf-9d89-0080c72e70a3": "shared channel",
    "89738620-f1c3-11cf-9d89-0080c72e70a3": "shared series",
}
TIME = "c690e862-f755-11cf-9d89-0080c72e70a3"
TYPES = {
    3: "<i4",
    10: "S1",
    20: "i1",
    21: "<i2",
    22: "<i4",
    30: "u1",
    32: "<u4",
    40: "<f4",
    41: "<f8",
    50: "V12",
    60: "V16",
}


def guid(b):
    return str(uuid.UUID(bytes_le=bytes(b)))


def collection(body, at):
    """The elements of a collection, as (tag, value) pairs; values are lists, scalars or arrays."""
    out = []
    (count,) = struct.unpack_from("<i", body, at)
    for k in range(count):
        entry = at + 4 + 28 * k
        tag = guid(body[entry : entry + 16])
        element, physical, embedded = body[entry + 16 : entry + 19]
        (link,) = struct.unpack_from("<I", body, entry + 20)
        where = entry + 20 if embedded else link
        assert where % 4 == 0
        if element == 1:
            value = collection(body, link)
        elif element == 2:
            value = np.frombuffer(body, TYPES[physical], 1, where)[0]
        else:
            (n,) = struct.unpack_from("<i", body, link)
            value = np.frombuffer(body, TYPES[physical], n, link + 4)
        out.append((TAGS.get(tag, tag), value))
    return out


def text(v):
    assert v[-1] == b""
    return v[:-1].tobytes().decode()


def moment(v):
    day, seconds = struct.unpack("<Id", v.tobytes())
    return datetime(1899, 12, 30) + timedelta(days=day, seconds=seconds)


def records(data):
    """Every record: its kind and its elements. Checksums and sizes must be those of the standard."""
    at, out = 0, []
    while True:
        signature, kind, header, size, following, checksum = struct.unpack_from("<16s16siiiI", data, at)
        assert guid(signature) == SIGNATURE
        assert header == 64
        stored = data[at + 64 : at + 64 + size]
        assert checksum == zlib.adler32(stored)
        out.append((TAGS[guid(kind)], collection(zlib.decompress(stored) if at else stored, 0)))
        if not following:
            assert at + 64 + size == len(data)
            return out
        at = following


def all_of(elements, tag):
    return [dict(v) if isinstance(v, list) else v for t, v in elements if t == tag]


class Independent:
    """A file, read by the text of the standard."""

    def __init__(self, data):
        self.records = records(data)
        container = dict(self.records[0][1])
        assert self.records[0][0] == "container"
        assert (container["style"], container["algorithm"]) == (2, 1)
        source = dict(self.records[1][1])
        self.name = text(source["name"])
        self.definitions = all_of(source["channels"], "channel")
        self.frequency = dict(self.records[2][1]).get("frequency")

    def observations(self):
        for kind, elements in self.records[3:]:
            assert kind == "observation"
            o = dict(elements)
            instances = all_of(o["instances"], "instance")
            series = [all_of(i["series instances"], "series instance") for i in instances]
            channels = {}
            for i, own in zip(instances, series):
                definition = self.definitions[i["definition"]]
                defined = all_of(definition["series"], "one series")
                assert len(defined) == len(own)
                values = []
                for d, s in zip(defined, own):
                    if "values" not in s:
                        s = series[s["shared channel"]][s["shared series"]]
                    v = s["values"].astype(float)
                    if d["method"] & 4:
                        v = s.get("offset", 0.0) + np.arange(v[1]) * v[2]
                    elif d["method"] & 2:
                        v = v * s["scale"] + s["offset"]
                    values.append((guid(d["value type"].tobytes()), d["units"], v))
                channels[text(definition["channel name"])] = values
            yield text(o["observation name"]), moment(o["start"]), channels


def test_a_capture_is_what_an_independent_reader_finds(tmp_path):
    n = 4000
    t = np.arange(n) / 12_800
    codes = np.round(20_000 * np.sin(2 * np.pi * 50 * t)).astype(np.int16)
    single = (10 * np.cos(2 * np.pi * 50 * t)).astype(np.float32)
    cap = kilat.Capture.from_arrays(
        {"Ua": codes, "Ia": single, "Ib": single.astype(float)},
        sample_rate=12_800,
        start="2024-05-27T07:00:00.123456Z",
        scales={"Ua": 0.0162},
        offsets={"Ua": -0.5},
        nominal_frequency=50,
    )
    path = tmp_path / "a.pqd"
    cap.write(path)
    found = Independent(path.read_bytes())
    assert found.frequency == 50
    ((_, start, channels),) = found.observations()
    assert start == datetime(2024, 5, 27, 7, 0, 0, 123456)
    assert list(channels) == ["Ua", "Ia", "Ib"]
    for name, unit in (("Ua", 6), ("Ia", 7), ("Ib", 7)):
        (kind, seconds, times), (_, units, values) = channels[name]
        assert (kind, seconds, units) == (TIME, 2, unit)
        np.testing.assert_allclose(times, t, rtol=1e-14)
        np.testing.assert_array_equal(values, cap[name].values)
    back = kilat.read(path)
    assert (back.sample_rate, back.start, back.warnings) == (12_800, cap.start, [])
    for name in cap:
        np.testing.assert_array_equal(back[name].codes, cap[name].codes)


@pytest.fixture
def wave(tmp_path):
    """A file of one observation, a waveform of 1000 samples."""
    path = tmp_path / "wave.pqd"
    arrays = {"Ua": np.arange(1000.0), "Ib": np.arange(1000, dtype=np.int16)}
    kilat.Capture.from_arrays(arrays, sample_rate=10_000, start="2024-05-27T07:00:00Z").write(path)
    return path


def test_observations_are_tables(wave):
    obs = kilat.observations(wave)
    assert len(obs) == len(list(obs)) == 1
    assert obs.index.quantities[0] == "waveform"
    assert obs.index.to_pandas().rows[0] == 1000
    cap = kilat.read(wave, observations=[0])
    o = obs[-1]
    rows = o[o.channel == "Ua"]
    np.testing.assert_array_equal(rows.val, cap["Ua"].values)
    np.testing.assert_array_equal(rows.time, cap.time)
    assert set(rows.unit) == {"V"}
    assert o.to_polars().height == o.to_arrow().num_rows == len(o)
    assert "Observations PQDIF 1.5: 1" in repr(obs)
    assert "waveform" in obs._repr_html_()


def test_errors_of_observations(wave, tmp_path):
    with pytest.raises(ValueError, match="option observations: expected a number below 1, found 4"):
        kilat.read(wave, observations=[4])
    with pytest.raises(IndexError):
        kilat.observations(wave)[1]
    table = tmp_path / "a.csv"
    table.write_text("t,u\n0,1\n1,2\n")
    with pytest.raises(kilat.UnsupportedError, match="only PQDIF holds them"):
        kilat.observations(table)
