"""The reliable classes under any pattern of loss: each message once, in order, or the line is dead."""

from __future__ import annotations

import itertools
from collections import deque

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from glassd_drivers.link.reliable import DEAD_S, QUEUE_LIMIT, WAIT_MOST_S, Receiver, Room, Sender

PATIENCE = 0.1
MARGIN = 0.02


class Channel(RuleBasedStateMachine):
    """A sender and a receiver on a line that loses, doubles and delays, but keeps the order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.put = 0
        self.delivered: list[int] = []
        self.packets: deque[tuple[int, bytes]] = deque()
        self.acks: deque[int] = deque()
        self.receiver = Receiver()

    @initialize(window=st.integers(1, 32), room=st.integers(256, 1000))
    def begin(self, window: int, room: int) -> None:
        self.window, self.size = window, room
        self.room = Room(room)
        self.sender = Sender(window, PATIENCE, self.room)

    @rule(count=st.integers(1, 40))
    def say(self, count: int) -> None:
        for _ in range(count):
            if not self.sender.full:
                self.sender.put(self.put.to_bytes(4, "little"), 40)
                self.put += 1

    @rule(count=st.integers(1, 40), fates=st.lists(st.sampled_from(["passes", "lost", "doubled"]), min_size=1))
    def send(self, count: int, fates: list[str]) -> None:
        for number in range(count):
            if not self.sender.ready():
                return
            packet = self.sender.take(self.now, MARGIN)
            self.packets.extend([packet] * {"passes": 1, "lost": 0, "doubled": 2}[fates[number % len(fates)]])

    @rule(count=st.integers(1, 60), acked=st.booleans(), fate=st.sampled_from(["passes", "lost", "doubled"]))
    def arrive(self, count: int, acked: bool, fate: str) -> None:
        for _ in range(min(count, len(self.packets))):
            sequence, says = self.packets.popleft()
            if self.receiver.expects(sequence):
                self.delivered.append(int.from_bytes(says, "little"))
                self.receiver.took()
        if acked and fate != "lost":
            self.acks.extend([self.receiver.next] * (2 if fate == "doubled" else 1))

    @rule(count=st.integers(1, 10))
    def acknowledge(self, count: int) -> None:
        for _ in range(min(count, len(self.acks))):
            self.sender.acknowledged(self.acks.popleft(), self.now, MARGIN)

    @rule(seconds=st.sampled_from([0.001, 0.05, PATIENCE + MARGIN, 1.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.sender.tick(self.now)

    @rule(next_=st.integers(0, 255))
    def hear_nonsense(self, next_: int) -> None:
        """An ACK for what was never sent has no effect."""
        out = self.sender._out
        if not 0 < (next_ - self.sender._first) & 0xFF <= out:
            assert self.sender.acknowledged(next_, self.now, MARGIN) == 0
            assert self.sender._out == out

    @precondition(lambda self: not self.sender.dead(self.now))
    @rule()
    def the_line_becomes_good(self) -> None:
        """From any state a line without faults brings all that is left, or it is dead."""
        for _ in range(2000):
            while self.sender.ready():
                self.packets.append(self.sender.take(self.now, MARGIN))
            self.arrive(len(self.packets), True, "passes")
            self.acknowledge(len(self.acks))
            if not self.sender._messages or self.sender.dead(self.now):
                break
            if self.sender.ready():
                continue
            due = self.sender.due()
            assert due <= self.now + WAIT_MOST_S + MARGIN
            self.now = max(self.now, due)
            self.sender.tick(self.now)
        if not self.sender.dead(self.now):
            assert self.delivered == list(range(self.put))
            assert self.room.left == self.size

    @invariant()
    def each_message_once_and_in_order(self) -> None:
        assert self.delivered == list(range(len(self.delivered)))

    @invariant()
    def the_far_end_is_never_overrun(self) -> None:
        if hasattr(self, "sender"):
            assert self.sender._out <= self.window
            assert self.room.left >= 0
            assert len(self.sender._messages) <= QUEUE_LIMIT
            assert len(self.delivered) >= self.put - len(self.sender._messages)


TestChannel = Channel.TestCase


def test_a_line_on_which_nothing_comes_back_is_dead_after_five_seconds_and_not_before() -> None:
    sender = Sender(8, PATIENCE, Room(256))
    sender.put(b"message", 20)
    now = 50.0
    sent = []
    while not sender.dead(now):
        sender.tick(now)
        while sender.ready():
            sender.take(now, 0.0)
            sent.append(now)
        now = sender.due()
    assert now == 50.0 + DEAD_S
    waits = [later - earlier for earlier, later in itertools.pairwise(sent)]
    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0])


def test_once_an_ack_moves_on_the_wait_is_short_again() -> None:
    sender = Sender(8, PATIENCE, Room(256))
    sender.put(b"first", 20)
    sender.put(b"second", 20)
    now = 50.0
    for _ in range(5):
        sender.tick(now)
        while sender.ready():
            sender.take(now, 0.0)
        now = sender.due()
    assert sender.acknowledged(1, now, 0.0) == 1
    assert sender.due() == pytest.approx(now + PATIENCE)


def test_all_that_are_out_are_sent_once_more_in_order_and_new_ones_after_them() -> None:
    sender = Sender(3, PATIENCE, Room(1000))
    for says in b"abcd":
        sender.put(bytes([says]), 20)
    now = 1.0

    def send() -> list[tuple[int, bytes]]:
        sent = []
        while sender.ready():
            sent.append(sender.take(now, 0.0))
        return sent

    assert send() == [(0, b"a"), (1, b"b"), (2, b"c")]
    now += PATIENCE
    sender.tick(now)
    assert send() == [(0, b"a"), (1, b"b"), (2, b"c")]
    assert sender.acknowledged(2, now, 0.0) == 2
    assert send() == [(3, b"d")]


def test_the_room_is_one_for_all_classes() -> None:
    room = Room(256)
    first, second = Sender(32, PATIENCE, room), Sender(32, PATIENCE, room)
    first.put(b"x", 200)
    second.put(b"y", 100)
    first.take(0.0, 0.0)
    assert not second.ready()
    first.acknowledged(1, 0.1, 0.0)
    assert second.ready()


def test_a_message_that_was_never_sent_can_be_replaced_by_a_newer_one_of_its_kind() -> None:
    sender = Sender(1, PATIENCE, Room(256))
    sender.put(b"\1old", 20)
    sender.take(0.0, 0.0)
    assert not sender.replace_unsent(1, b"\1new", 20)
    sender.put(b"\2other", 20)
    sender.put(b"\1newer", 20)
    assert sender.replace_unsent(1, b"\1newest", 20)
    assert sender.unsent == 2
    sender.acknowledged(1, 0.0, 0.0)
    assert sender.take(0.0, 0.0) == (1, b"\2other")
    sender.acknowledged(2, 0.0, 0.0)
    assert sender.take(0.0, 0.0) == (2, b"\1newest")
