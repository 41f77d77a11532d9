"""The device end under loss: each edge and screen arrives once, in order, or the line is dead (docs/link.md, 4)."""

from __future__ import annotations

import random

import wire
from device_end import Screen
from far_host import ALIVE, MS, SESSION, in_session, parse
from hypothesis import example, given
from hypothesis import strategies as st

SEEDS = st.integers(0, 1 << 32)
RATES = st.floats(0, 0.7)
"""Which part of the packets is lost."""
LIMIT_MS = 60_000


@given(SEEDS, RATES, RATES, st.lists(st.integers(0, 400), min_size=1, max_size=30))
@example(199, 0.625, 0.5, [0] * 19)  # acknowledgements that are lost: the device keeps what the host has
def test_edges_arrive_once_in_order_or_the_line_is_dead(seed: int, out: float, back: float, pauses: list[int]) -> None:
    far = in_session()
    chance = random.Random(seed)
    due = [sum(pauses[: n + 1]) for n in range(len(pauses))]
    pressed = told = 0  # what the device has been told of is what it no longer keeps
    had: list[int] = []
    while far.end.in_session and len(had) < len(due) and far.now < LIMIT_MS * MS:
        far.now += 20 * MS
        while pressed < len(due) and due[pressed] * MS <= far.now and pressed - told < 16:
            assert far.end.edge(0, True, pressed)
            pressed += 1
        for packet in parse(far.end.turn(ALIVE, far.now)):
            if packet.name == "EDGE" and chance.random() >= out:
                if packet["sequence"] == len(had) % 256:
                    had.append(packet["time"])
                if chance.random() >= back:
                    told = len(had)
                    far.say("ACK", buttons=told % 256, display=0, control=0)
    assert had == list(range(len(had)))
    assert len(had) == len(due) or not far.end.in_session


@given(SEEDS, RATES, RATES, st.integers(1, 300))
def test_screens_are_shown_once_however_often_they_come(seed: int, out: float, back: float, count: int) -> None:
    far = in_session()
    chance = random.Random(seed)
    had = 0
    while had < count:  # a host that sends all that is out again and again
        for n in range(had, min(count, had + 32)):
            if chance.random() >= out:
                said = wire.message("SHOW", page=n, pages=count, mark=0, signs=0)
                far.end.receive(wire.packet("DISPLAY", SESSION, sequence=n % 256, message=said), far.now)
        for packet in far.hear():
            if packet.name == "ACK" and chance.random() >= back:
                had += (packet["display"] - had) % 256
    assert [each.page for each in far.calls(Screen) if isinstance(each, Screen)] == list(range(count))
