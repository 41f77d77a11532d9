"""The device end's acknowledged messages: taken, sent again, edges, and who goes first (docs/link.md, 4 and 5)."""

from __future__ import annotations

import pytest
import wire
from device_end import DeviceEnd, Screen, Session
from far_host import ALIVE, MS, SESSION, FarHost, Heard, ack, in_session, names, parse
from hypothesis import given
from hypothesis import strategies as st

EDGES = 16
"""GL_EDGES, as the header has it."""


@pytest.fixture
def far() -> FarHost:
    """A host in a session."""
    return in_session()


# --- receiving


def test_a_message_is_taken_if_it_is_the_next_and_acknowledged_either_way(far: FarHost) -> None:
    far.tell("SHOW", sequence=1, page=0, pages=0, mark=1, signs=0)
    assert (far.end.calls(), far.hear()) == ([], [ack(display=0)])
    far.tell("SHOW", sequence=0, page=0, pages=0, mark=2, signs=0)
    assert [each.mark for each in far.calls(Screen)] == [2]  # type: ignore[union-attr]
    assert far.hear() == [ack(display=1)]
    far.tell("SHOW", sequence=0, page=0, pages=0, mark=3, signs=0)
    assert (far.end.calls(), far.hear()) == ([], [ack(display=1)])


def test_one_ack_for_several(far: FarHost) -> None:
    for row in range(5):
        far.tell("LINE", row=row, text="x")
    far.tell("CAMERA", request=1, mode=0, width=0, height=0, quality=0, chunk=64, interval=0)
    assert far.hear() == [ack(display=5, control=1)]
    assert far.hear() == []


def test_sequences_go_on_after_255(far: FarHost) -> None:
    for n in range(600):
        far.tell("SHOW", page=n, pages=600, mark=0, signs=0)
    assert [each.page for each in far.calls(Screen)] == list(range(600))  # type: ignore[union-attr]
    assert far.hear() == [ack(display=600 % 256)]


@pytest.mark.parametrize("said", ["7f", "01", "02", "02010203", "00"])
def test_a_message_that_it_does_not_know_or_that_is_too_short_is_acknowledged_and_nothing_else(said: str) -> None:
    far = in_session()
    far.say("DISPLAY", sequence=0, message=bytes.fromhex(said))
    far.say("CONTROL", sequence=0, message=bytes.fromhex(said))
    assert (far.end.calls(), far.hear()) == ([], [ack(1, 1)])


def test_a_packet_too_short_for_its_type_and_one_of_the_devices_own_are_ignored(far: FarHost) -> None:
    for name, (type_, *_) in wire.PACKETS.items():
        if name not in ("HELLO", "BYE"):
            far.end.receive(wire.stuffed(wire.checked(bytes([type_]), SESSION)), far.now)
    for type_ in (0x0A, 0x0E, 0x10, 0x20, 0x80, 0xFF):
        far.end.receive(wire.stuffed(wire.checked(bytes([type_]) + b"x" * 20, SESSION)), far.now)
    assert (far.end.calls(), far.hear()) == ([], [])


def test_bytes_behind_what_a_type_asks_for_are_ignored(far: FarHost) -> None:
    def longer(name: str, **fields: object) -> bytes:
        return wire.stuffed(wire.checked(wire.decoded(name, SESSION, **fields)[:-4] + b"more", SESSION))

    far.end.receive(longer("PING", number=1), far.now)
    far.end.receive(longer("RATE", rate=115_200), far.now)
    assert names(far.hear()) == ["PONG", "RATED"]


def test_a_packet_larger_than_it_takes_is_bad_and_costs_only_itself(far: FarHost) -> None:
    far.end.receive(wire.stuffed(wire.checked(b"\x7f" + b"x" * (256 - 5), SESSION)), far.now)
    far.say("PING", number=1)
    assert far.hear()[0]["bad"] == 0, "256 bytes are taken"
    far.end.receive(wire.stuffed(wire.checked(b"\x7f" + b"x" * (256 - 4), SESSION)), far.now)
    far.end.receive(b"x" * 100_000 + b"\0", far.now)
    far.say("PING", number=2)
    assert far.hear()[0]["bad"] == 2


# --- sending


def edges(heard: list[Heard]) -> list[int]:
    return [each["number"] for each in heard if each.name == "EDGE"]


def test_edges_go_at_once_in_order_with_their_times(far: FarHost) -> None:
    far.end.edge(0, True, 5)
    far.end.edge(1, False, 0xFFFFFFFF)
    assert far.hear() == [
        Heard("EDGE", {"sequence": 0, "number": 0, "button": 0, "down": 1, "time": 5}),
        Heard("EDGE", {"sequence": 1, "number": 1, "button": 1, "down": 0, "time": 0xFFFFFFFF}),
    ]


def test_what_is_not_acknowledged_goes_again_after_a_wait_that_doubles_up_to_a_second(far: FarHost) -> None:
    """50 ms and the time of three packets of 1,030 bytes at 115,200 baud: 319 ms."""
    far.end.edge(0, True, 0)
    far.hear()
    waits: list[int] = []
    waited = 0
    while len(waits) < 4:
        waited += 1
        if edges(far.passes(1)):
            waits.append(waited)
            waited = 0
    assert 318 <= waits[0] <= 320
    assert 2 * waits[0] - 2 <= waits[1] <= 2 * waits[0] + 1
    assert waits[2:] == [1000, 1000]


def test_all_that_are_out_go_again_in_order(far: FarHost) -> None:
    for n in range(3):
        far.end.edge(n, True, n)
    assert edges(far.hear()) == [0, 1, 2]
    far.say("ACK", buttons=1, display=0, control=0)
    far.end.edge(3, True, 3)
    assert edges(far.hear()) == [3]
    assert edges(far.passes(400)) == [1, 2, 3]


def test_an_ack_that_moves_on_begins_the_wait_anew(far: FarHost) -> None:
    for n in range(2):
        far.end.edge(n, True, n)
    far.hear()
    assert edges(far.passes(900)) == [0, 1]
    far.say("ACK", buttons=1, display=0, control=0)
    assert edges(far.passes(318)) == []
    assert edges(far.passes(3)) == [1]


def test_a_wait_ends_with_the_ack_and_the_next_message_has_its_own(far: FarHost) -> None:
    far.end.edge(0, True, 0)
    far.hear()
    far.passes(200)
    far.say("ACK", buttons=1, display=0, control=0)
    far.end.edge(1, True, 0)
    assert edges(far.hear()) == [1]
    assert edges(far.passes(318)) == []
    assert edges(far.passes(3)) == [1]


@pytest.mark.parametrize("next_", [3, 4, 128, 255])
def test_an_ack_of_what_was_never_sent_is_nothing(far: FarHost, next_: int) -> None:
    far.end.edge(0, True, 0)
    far.end.edge(1, True, 0)
    far.hear()
    far.say("ACK", buttons=next_, display=0, control=next_)
    assert edges(far.passes(400)) == [0, 1]


def test_an_ack_of_an_earlier_round_counts(far: FarHost) -> None:
    for n in range(3):
        far.end.edge(n, True, n)
    far.hear()
    far.now += 400 * MS
    far.end.receive(ALIVE, far.now)
    far.end.poll(far.now)
    far.say("ACK", buttons=3, display=0, control=0)
    assert far.passes(900) == [], "none of them goes once more"


def test_not_acknowledged_for_5_seconds_is_dead_though_packets_come(far: FarHost) -> None:
    far.end.edge(0, True, 0)
    far.hear()
    assert "HERE" not in names(far.passes(4999))
    assert far.calls(Session) == []
    assert names(far.passes(1)) == ["HERE"]
    assert far.calls(Session) == [Session(False)]


def test_edges_outlive_a_session_for_2_seconds_with_their_numbers(far: FarHost) -> None:
    far.now = 10_000 * MS
    far.end.receive(ALIVE, far.now)
    far.end.edge(0, True, far.now - 1500 * MS)
    far.end.edge(0, False, far.now - 900 * MS)
    far.end.edge(1, True, far.now)
    assert edges(far.hear()) == [0, 1, 2]
    far.say("BYE")
    far.passes(1000)
    far.end.edge(1, False, far.now)
    heard = far.greet()
    assert names(heard) == ["WELCOME", "EDGE", "EDGE", "EDGE"]
    assert edges(heard) == [1, 2, 3]
    assert [each["sequence"] for each in heard[1:]] == [0, 1, 2]


@pytest.mark.parametrize(("age", "sent"), [(2_000_000, [0]), (2_000_001, [])])
def test_an_edge_is_kept_to_the_microsecond(far: FarHost, age: int, sent: list[int]) -> None:
    far.say("BYE")
    far.end.edge(0, True, far.now - age)
    assert edges(far.greet()) == sent


def test_edges_that_were_had_do_not_come_back(far: FarHost) -> None:
    far.end.edge(0, True, 0)
    far.hear()
    far.say("ACK", buttons=1, display=0, control=0)
    far.say("BYE")
    assert names(far.greet()) == ["WELCOME"]


def test_an_edge_that_waits_for_a_session_is_forgotten_after_2_seconds_and_never_young_again() -> None:
    far = FarHost()
    far.end.edge(0, True, 0)
    far.passes(2300)
    far.now = (1 << 32) + MS
    far.end.poll(far.now)
    assert names(far.greet()) == ["WELCOME"]


def test_of_a_full_queue_the_newest_edges_are_missing_and_their_numbers_tell(far: FarHost) -> None:
    took = [far.end.edge(0, n % 2 == 0, n) for n in range(EDGES + 3)]
    assert took == [True] * EDGES + [False] * 3
    assert edges(far.hear()) == list(range(EDGES))
    far.say("ACK", buttons=EDGES, display=0, control=0)
    far.end.edge(0, True, 99)
    assert edges(far.hear()) == [EDGES + 3]


def test_edge_numbers_go_on_after_255() -> None:
    far = in_session(DeviceEnd(edge_number=254))
    for n in range(4):
        far.end.edge(0, True, n)
    assert edges(far.hear()) == [254, 255, 0, 1]


def test_no_more_messages_are_out_than_the_host_holds() -> None:
    far = in_session(DeviceEnd(sizes={"GL_EDGES": 64}))
    for n in range(64):
        assert far.end.edge(0, True, n)
    assert edges(far.hear()) == list(range(32))
    far.say("ACK", buttons=10, display=0, control=0)
    assert edges(far.hear()) == list(range(32, 42))


# --- who goes first


def test_the_most_urgent_packet_goes_first_and_chunks_last(far: FarHost) -> None:
    far.ask(mode=1, chunk=64)
    far.end.picture(b"x" * 64 * 3)
    far.end.edge(0, True, 0)
    far.say("ECHO", number=1, data=b"")
    far.say("RATE", rate=1)
    far.say("PING", number=1)
    heard = names(far.hear())
    assert heard == ["PONG", "ACK", "RATED", "ECHOED", "EDGE", "PICTURE", "CHUNK", "CHUNK", "CHUNK", "END"]


def test_an_edge_waits_for_one_packet_only(far: FarHost) -> None:
    far.ask(mode=1, chunk=1024)
    far.end.picture(b"\xff" * 10_000)
    data = far.end.transmit(far.now, room=300)
    assert names(parse(data[: data.rindex(b"\0") + 1])) == ["ACK", "PICTURE"], "a chunk has begun"
    far.end.edge(0, True, 0)
    data += far.end.transmit(far.now, room=10_000)
    assert names(parse(data))[:4] == ["ACK", "PICTURE", "CHUNK", "EDGE"]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_packets_are_the_same_in_whatever_pieces_they_are_asked_for(pieces: list[int]) -> None:
    def everything(pieces: list[int]) -> bytes:
        far = in_session()
        far.ask(mode=1, chunk=300)
        far.end.picture(bytes(range(256)) * 2 + b"\1" * 700 + b"\0" * 5)
        far.end.edge(0, True, 0)
        far.say("ECHO", number=1, data=b"\0" * 119)
        out, at = b"", 0
        while given := far.end.transmit(far.now, room=pieces[at % len(pieces)], piece=7):
            out += given
            at += 1
        return out

    assert everything(pieces) == everything([100_000])


@pytest.mark.parametrize("ends", [b"\xff", b"\0"], ids=["without-a-zero", "a-zero-at-the-end"])
def test_a_packet_of_any_length_is_stuffed_right(ends: bytes) -> None:
    far = in_session()
    for size in range(64, 800):
        far.ask(chunk=size)
        far.end.picture(b"\xff" * (size - 1) + ends)
        chunk = next(each for each in far.hear() if each.name == "CHUNK")
        assert chunk["data"] == b"\xff" * (size - 1) + ends
        far.say("ACK", buttons=0, display=0, control=2 * (size - 63) % 256)
        far.tell("DONE", picture=(size - 64) % 128, result=0)
