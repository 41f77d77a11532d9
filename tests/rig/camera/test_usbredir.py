"""The redirection protocol's codec: its layouts, any packet there and back, any cut of the stream, any garbage."""

from __future__ import annotations

import contextlib
import itertools
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.camera import packets
from rig.camera.packets import Capability, Hello, Packet, TransferType
from rig.camera.usbredir import BODY_LIMIT, Connection, Message, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Sequence

ALL = Capability(0xFF)
NONE = Capability(0)

bytes_ = st.integers(0, 0xFF)
words = st.integers(0, 0xFFFF)
contents = st.binary(max_size=600)
capabilities = st.integers(0, 0xFF).map(Capability)
endpoint_addresses = st.integers(0, 15) | st.integers(0x80, 0x8F)
endpoint_types = st.sampled_from([kind for kind in TransferType if kind is not TransferType.INVALID])

any_packet: st.SearchStrategy[Packet] = st.one_of(
    st.builds(packets.DeviceConnect, bytes_, bytes_, bytes_, bytes_, words, words, words),
    st.builds(packets.Reset),
    st.lists(st.builds(packets.Interface, bytes_, bytes_, bytes_, bytes_), max_size=32).map(
        lambda rows: packets.InterfaceInfo(tuple(rows))
    ),
    st.lists(
        st.builds(packets.Endpoint, endpoint_addresses, endpoint_types, bytes_, bytes_, words),
        max_size=32,
        unique_by=lambda endpoint: endpoint.address,
    ).map(lambda rows: packets.EpInfo(tuple(sorted(rows)))),
    st.builds(packets.SetConfiguration, bytes_),
    st.builds(packets.GetConfiguration),
    st.builds(packets.ConfigurationStatus, bytes_, bytes_),
    st.builds(packets.SetAltSetting, bytes_, bytes_),
    st.builds(packets.GetAltSetting, bytes_),
    st.builds(packets.AltSettingStatus, bytes_, bytes_, bytes_),
    st.builds(packets.CancelDataPacket),
    st.builds(packets.ControlPacket, bytes_, bytes_, bytes_, bytes_, words, words, words, contents),
    st.builds(packets.BulkPacket, bytes_, bytes_, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), contents),
    st.builds(packets.OtherPacket, st.sampled_from([12, 13, 22, 23, 102, 103, 104, 4_000_000]), contents),
)


def pair(ours: Capability, theirs: Capability) -> tuple[Connection, Connection]:
    """Return both ends of a connection that have heard each other's hello."""
    a, b = Connection(ours), Connection(theirs)
    hello_a, hello_b = a.encode(Message(0, Hello("a", ours))), b.encode(Message(0, Hello("b", theirs)))
    assert list(b.decode(hello_a)) == [Message(0, Hello("a", ours))]
    assert list(a.decode(hello_b)) == [Message(0, Hello("b", theirs))]
    return a, b


@given(st.lists(any_packet, max_size=5), st.integers(0, 2**64 - 1), st.lists(st.integers(0, 3000)))
def test_packets_come_out_as_they_went_in_however_the_stream_is_cut(
    sent: list[Packet], message_id: int, cuts: Sequence[int]
) -> None:
    a, b = pair(ALL, ALL)
    stream = b"".join(a.encode(Message(message_id, packet)) for packet in sent)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(edges)]
    came = [message for piece in pieces for message in b.decode(piece)]
    assert came == [Message(message_id, packet) for packet in sent]


@given(st.lists(any_packet, max_size=3), st.integers(0, 2**32 - 1), capabilities, capabilities)
def test_both_ends_agree_on_every_form_whatever_each_of_them_can_do(
    sent: list[Packet], message_id: int, ours: Capability, theirs: Capability
) -> None:
    a, b = pair(ours, theirs)
    came = [message for packet in sent for message in b.decode(a.encode(Message(message_id, packet)))]
    # What the common form has no field for is lost; said once more, nothing more is.
    again = [message for packet in came for message in a.decode(b.encode(packet))]
    assert [message.id for message in came] == [message_id] * len(sent)
    assert [message.packet.type for message in came] == [packet.type for packet in sent]
    assert again == came


def test_ids_are_wide_once_both_sides_have_said_that_they_can() -> None:
    a, _ = pair(ALL, ALL)
    assert a.encode(Message(2**40, packets.Reset())) == struct.pack("<IIQ", 3, 0, 2**40)
    a, _ = pair(ALL, ALL & ~Capability.IDS_64BITS)
    assert a.encode(Message(7, packets.Reset())) == struct.pack("<III", 3, 0, 7)


def test_hello_is_a_text_of_64_bytes_and_one_word_under_narrow_ids() -> None:
    said = Connection(ALL).encode(Message(0, Hello("camera", Capability.IDS_64BITS | Capability.FILTER)))
    assert said == struct.pack("<III64sI", 0, 68, 0, b"camera", 1 << 5 | 1 << 2)


def test_a_hello_without_capabilities_has_none() -> None:
    connection = Connection(ALL)
    old = struct.pack("<III64s", 0, 64, 0, b"usbredir 0.3")
    assert list(connection.decode(old)) == [Message(0, Hello("usbredir 0.3", NONE))]
    assert connection.common == NONE


def test_capabilities_of_the_future_are_passed_over() -> None:
    connection = Connection(ALL)
    new = struct.pack("<III64s2I", 0, 72, 0, b"", 0xFFFF_FFFF, 0xFFFF_FFFF)
    (message,) = connection.decode(new)
    assert message.packet == Hello("", ALL)


@pytest.mark.parametrize(
    ("packet", "with_all", "with_none"),
    [
        (packets.DeviceConnect(2, 0xEF, 2, 1, 0x1D6B, 0x0102, 0x0100), 10, 8),
        (packets.InterfaceInfo((packets.Interface(0, 14, 1, 0),)), 4 + 4 * 32, 4 + 4 * 32),
        (packets.EpInfo(()), 3 * 32 + 2 * 32 + 4 * 32, 3 * 32),
        (packets.ControlPacket(0x80, 6, 0x80, 0, 0x100, 0, 18, b"12"), 10 + 2, 10 + 2),
        (packets.BulkPacket(0x81, 0, 16384, 0, b"123"), 10 + 3, 8 + 3),
    ],
)
def test_each_structure_is_as_long_as_the_protocol_says(packet: Packet, with_all: int, with_none: int) -> None:
    assert (len(packet.body(ALL)), len(packet.body(NONE))) == (with_all, with_none)


def test_an_endpoint_stands_at_its_number_and_those_in_after_those_out() -> None:
    body = packets.EpInfo((packets.Endpoint(0x81, TransferType.BULK, 0, 1, 512),)).body(ALL)
    assert body[:32] == b"\xff" * 17 + b"\x02" + b"\xff" * 14  # type
    assert body[64:96] == bytes(17) + b"\x01" + bytes(14)  # interface
    assert struct.unpack_from("<32H", body, 96)[17] == 512  # max_packet_size


def test_a_long_bulk_transfer_has_its_length_in_two_halves() -> None:
    body = packets.BulkPacket(0x81, 0, 0x0002_0003, 9).body(ALL)
    assert body == struct.pack("<BBHIH", 0x81, 0, 3, 9, 2)


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (struct.pack("<III", 0, BODY_LIMIT + 1, 0), "more than"),
        (struct.pack("<III", 3, 0, 0), "before hello"),
        (
            struct.pack("<III64sI", 0, 68, 0, b"", 0) + struct.pack("<IIIB", 6, 1, 0, 1) * 2 + b"\x06" + bytes(11),
            "SET_",
        ),
        (struct.pack("<III64sI", 0, 68, 0, b"", 0) + struct.pack("<IIII128x", 4, 132, 0, 33), "33 interfaces"),
    ],
)
def test_what_the_protocol_does_not_allow_is_refused_with_its_reason(stream: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        list(Connection(ALL).decode(stream))


@given(st.lists(st.binary(max_size=200)))
def test_any_bytes_are_packets_or_refused(pieces: list[bytes]) -> None:
    connection = Connection(ALL)
    list(connection.decode(Connection(ALL).encode(Message(0, Hello("", ALL)))))
    with contextlib.suppress(ProtocolError):
        for piece in pieces:
            assert all(message.packet.body(connection.common) is not None for message in connection.decode(piece))
