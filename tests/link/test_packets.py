"""Packets on the line: stuffed as the paper has it, found again whatever the line does, never wrong, always bounded."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
import wire
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.link.cobs import decode, encode, encoded_limit
from glassd_drivers.link.packets import HOST_LARGEST, Framer, seal, sealed_limit, seed_of

if TYPE_CHECKING:
    from collections.abc import Iterable

SESSION = 0xC0FFEE01
HELD_LIMIT = encoded_limit(HOST_LARGEST)

# Bytes as packets have them: many zeros, runs without one that are about as long as a block.
DATA = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([b"\0", b"\1", b"\xff", b"\x11" * 253, b"\x22" * 254, b"\x33" * 255]), max_size=6).map(
        b"".join
    ),
)
BODY = DATA.filter(lambda data: len(data) <= HOST_LARGEST - 5)


def framer() -> Framer:
    taken = Framer()
    taken.seed = seed_of(SESSION)
    return taken


def pieces(stream: bytes, cuts: Iterable[int]) -> list[bytes]:
    at = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[begin:end] for begin, end in itertools.pairwise(at)]


def found(taken: Framer, stream: bytes, cuts: Iterable[int] = ()) -> list[bytes]:
    """Return type and body of what is found in a stream that comes in pieces."""
    packets = []
    for piece in pieces(stream, cuts):
        packets += [bytes(packet[:-4]) for packet in taken.feed(piece)]
        assert taken.held <= HELD_LIMIT
    return packets


# The first ones are those of Cheshire and Baker, 1999, figures 2 and 3; the others are about full blocks.
@pytest.mark.parametrize(
    ("plain", "stuffed"),
    [
        ("00", "01 01"),
        ("00 00", "01 01 01"),
        ("45 00 00 2c 4c 79 00 00 40 06 4f 37", "02 45 01 04 2c 4c 79 01 05 40 06 4f 37"),
        ("11 22 00 33", "03 11 22 02 33"),
        ("11 00 00 00", "02 11 01 01 01"),
        ("11" * 253, "fe" + "11" * 253),
        ("11" * 254, "ff" + "11" * 254),
        ("11" * 255, "ff" + "11" * 254 + "02 11"),
        ("11" * 254 + "00", "ff" + "11" * 254 + "01 01"),
        ("00" + "11" * 254, "01 ff" + "11" * 254),
        ("11" * 253 + "00 22", "fe" + "11" * 253 + "02 22"),
        ("11" * 508, "ff" + "11" * 254 + "ff" + "11" * 254),
    ],
)
def test_stuffing_is_that_of_the_paper(plain: str, stuffed: str) -> None:
    assert encode(bytes.fromhex(plain)) == bytes.fromhex(stuffed)
    packet = bytearray.fromhex(stuffed)
    assert decode(packet)
    assert packet == bytes.fromhex(plain)


@given(DATA)
def test_what_is_stuffed_has_no_zero_and_comes_back(data: bytes) -> None:
    stuffed = encode(data)
    assert b"\0" not in stuffed
    assert len(stuffed) <= encoded_limit(len(data))
    assert stuffed + b"\0" == wire.stuffed(data)
    packet = bytearray(stuffed)
    assert decode(packet)
    assert packet == data


@given(st.binary(max_size=600).map(lambda data: data.replace(b"\0", b"")))
def test_what_no_encoder_makes_is_refused_and_all_else_is_what_the_paper_says(stuffed: bytes) -> None:
    packet = bytearray(stuffed)
    at = 0
    while at < len(stuffed):
        at += stuffed[at]
    assert decode(packet) == (at == len(stuffed))
    if at == len(stuffed):
        assert packet == wire.unstuffed(stuffed)


@given(st.lists(st.tuples(st.integers(0, 255), BODY), max_size=8), st.lists(st.integers(0), max_size=12))
def test_packets_are_found_however_the_stream_is_split(packets: list[tuple[int, bytes]], cuts: list[int]) -> None:
    stream = b""
    for type_, body in packets:
        packet = seal(type_, body, seed_of(0 if type_ <= 3 else SESSION))
        assert len(packet) <= sealed_limit(len(body))
        stream += packet
    taken = framer()
    assert found(taken, stream, cuts) == [bytes([type_]) + body for type_, body in packets]
    assert (taken.good, taken.bad) == (len(packets), 0)


@given(
    st.lists(st.tuples(BODY, st.binary(max_size=300)), min_size=1, max_size=8),
    st.lists(st.integers(0), max_size=12),
)
def test_noise_between_packets_costs_no_packet(packets: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    stream = b"".join(noise + b"\0" + seal(0x20, body, seed_of(SESSION)) for body, noise in packets)
    taken = framer()
    assert found(taken, stream, cuts) == [b"\x20" + body for body, _ in packets]


@given(
    st.lists(BODY, min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0), st.integers(0, 7)), max_size=6),
    st.lists(st.tuples(st.integers(0), st.integers(1, 30), st.sampled_from(["lost", "doubled"])), max_size=3),
    st.lists(st.integers(0), max_size=6),
)
def test_whatever_the_line_does_only_packets_that_were_sent_come_out(
    bodies: list[bytes], flips: list[tuple[int, int]], faults: list[tuple[int, int, str]], cuts: list[int]
) -> None:
    stream = bytearray(b"".join(seal(0x22, body, seed_of(SESSION)) for body in bodies))
    for place, bit in flips:
        stream[place % len(stream)] ^= 1 << bit
    for place, size, fault in faults:
        at = place % (len(stream) or 1)
        stream[at : at + size] = b"" if fault == "lost" else stream[at : at + size] * 2
    sent = [b"\x22" + body for body in bodies]
    came = found(framer(), bytes(stream), cuts)
    assert set(came) <= set(sent)
    if not any(fault == "doubled" for _, _, fault in faults):
        left = iter(sent)
        assert all(packet in left for packet in came)


def test_what_never_ends_is_not_kept_and_the_next_packet_is_found() -> None:
    taken = framer()
    for _ in range(200):
        assert taken.feed(b"\x55" * 65_536) == []
        assert taken.held <= HELD_LIMIT
    assert found(taken, b"\0" + seal(0x22, b"here", seed_of(SESSION))) == [b"\x22here"]
    assert taken.bad == 1


@given(st.binary(min_size=1, max_size=100))
def test_a_packet_of_an_earlier_session_is_as_one_that_never_came(body: bytes) -> None:
    taken = framer()
    assert found(taken, seal(0x22, body, seed_of(SESSION - 1))) == []
    assert taken.bad == 1
