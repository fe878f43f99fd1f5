"""The wire: what is packed comes back; anything else is a WireError, before a byte is allocated."""

from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from labbench.worker.inside import wire

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


def receiver(data):
    """A `receive` over bytes; beyond their end there is only the other end's death."""
    stream = io.BytesIO(data)

    def receive(size):
        assert size <= wire.HEADER_LIMIT
        piece = stream.read(size)
        if len(piece) < size:
            raise EOFError
        return piece

    return receive, stream


def frame(header):
    encoded = json.dumps(header).encode()
    return struct.pack("<I", len(encoded)) + encoded


dtypes = st.builds(
    lambda name, order: np.dtype(name).newbyteorder(order), st.sampled_from(sorted(wire.DTYPES)), st.sampled_from("<>")
)
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4))


@given(header=st.dictionaries(st.text(max_size=8).filter(lambda k: k != "arrays"), JSON, max_size=4),
       sent=st.lists(arrays, max_size=3))  # fmt: skip
def test_round_trip(header, sent):
    receive, stream = receiver(b"".join(bytes(b) for b in wire.pack(header, sent)))
    got = wire.read_header(receive)
    assert {k: v for k, v in got.items() if k != "arrays"} == header
    for array, (dtype, shape) in zip(sent, wire.announced(got), strict=True):
        assert (dtype, shape) == (array.dtype.name, array.shape)
        back = np.empty(shape, np.dtype(dtype).newbyteorder("<"))
        stream.readinto(wire.byte_view(back))
        assert back.tobytes() == array.astype(array.dtype.newbyteorder("<")).tobytes()
    assert stream.read() == b""


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24.0).reshape(4, 6)[::2, ::-3],
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(5, dtype=">i4"),
        np.float64(3.5) * np.ones(()),
        np.broadcast_to(np.float32(2), (3, 4)),
        np.ones((3, 0, 2)),
    ],
    ids=["strides", "fortran", "big-endian", "scalar", "broadcast", "empty"],
)
def test_any_layout_is_sent_c_ordered_and_little_endian(array):
    header, *bodies = wire.pack({}, [array])
    assert json.loads(bytes(header)[4:])["arrays"] == [[array.dtype.name, list(array.shape)]]
    assert b"".join(bytes(b) for b in bodies) == np.array(array, dtype=array.dtype.newbyteorder("<")).tobytes("C")


@given(st.binary(max_size=300))
@example(struct.pack("<I", 1 << 31))
@example(struct.pack("<I", 5) + b"\xff\xfe\x00\x00\x00")
@example(frame([]))
@example(frame("text"))
def test_read_header_of_any_bytes(data):
    receive, _ = receiver(data)
    try:
        header = wire.read_header(receive)
    except (wire.WireError, EOFError):
        return
    assert isinstance(header, dict)


@pytest.mark.parametrize(
    "body",
    [b"[" * 500_000, b'{"a":' * 100_000, b"1" * 500_000, b'{"a":' + b"9" * 5000 + b"}", b"{" * 7, b"", b"nul",
     b'{"a":\xff}'],
    ids=["deep list", "deep object", "huge number", "long integer", "cut", "empty", "word", "no UTF-8"],
)  # fmt: skip
def test_header_that_is_no_json(body):
    receive, _ = receiver(struct.pack("<I", len(body)) + body)
    with pytest.raises(wire.WireError):
        wire.read_header(receive)


def test_length_beyond_the_limit_is_refused_before_it_is_read():
    receive, stream = receiver(struct.pack("<I", wire.HEADER_LIMIT + 1) + bytes(64))
    with pytest.raises(wire.WireError):
        wire.read_header(receive)
    assert stream.tell() == 4


def test_a_header_too_long_is_not_sent():
    with pytest.raises(wire.WireError):
        wire.pack({"a": "x" * wire.HEADER_LIMIT})


SIDES = st.integers(-1, 5) | st.sampled_from([1 << 39, 1 << 40, (1 << 40) + 1, 1 << 63, 10**400])


NAMES = st.sampled_from([*sorted(wire.DTYPES), "object", "complex128", "U4", ">f8"])


@given(st.lists(st.tuples(NAMES, st.lists(SIDES, max_size=9)).map(list)) | JSON)
@example([["float32", [0, 1 << 39, 1 << 39]]])
@example([["bool", [True]]])
@example([["float32", [2.0]]])
@example([["float32", "44"]])
@example([["float32", [2], 3]])
def test_announcement_is_one_that_numpy_can_hold_or_refused(listed):
    try:
        announced = wire.announced({"arrays": listed})
    except wire.WireError:
        return
    for dtype, shape in announced:
        assert dtype in wire.DTYPES
        assert all(type(n) is int for n in shape)
        assert np.broadcast_to(np.zeros((), dtype), shape).shape == shape


@pytest.mark.parametrize(
    "listed",
    [3, {"float32": []}, ["float32"], [["object", [1]]], [["float32", [-1]]], [["float32", [True]]],
     [["float32", [1] * 9]], [["float32", [1 << 41]]], [["float32", [1 << 20, 1 << 21]]], [["<f4", [1]]],
     [[["a"], [1]]]],
)  # fmt: skip
def test_bad_announcements(listed):
    with pytest.raises(wire.WireError):
        wire.announced({"arrays": listed})


def test_no_announcement_is_no_array():
    assert wire.announced({}) == []
