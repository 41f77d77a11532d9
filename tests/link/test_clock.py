"""The device's clock on the board's: with drift, with answers that wait behind chunks, over the wrap of 32 bits."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.link.clock import Clock

LINE_S = 21 * 10 / 921_600
"""What PING and PONG take on the line."""
CHUNK_S = 0.011
"""A chunk of 1 KB on it: an answer may wait that long behind one."""


class FarClock:
    """A device whose clock drifts, and answers; the host's clock is `now`."""

    def __init__(self, drift: float, at_start: int, seed: int = 0) -> None:
        self.drift, self.at_start = drift, at_start
        self.start = self.now = 12_345.678
        self.chance = random.Random(seed)
        self.clock = Clock()
        self.pings = 0

    def device(self, instant: float) -> int:
        return (self.at_start + int((instant - self.start) * (1 + self.drift) * 1e6)) % 2**32

    def ping(self, behind_chunks: float, jitter: float = 0.000_2) -> None:
        received = self.now + LINE_S + self.chance.random() * jitter
        answered = received + self.chance.random() * 0.001
        came = answered + LINE_S + self.chance.random() * (behind_chunks + jitter)
        self.clock.exchange(self.now, self.device(received), self.device(answered), came)

    def run(self, seconds: float, behind_chunks: float) -> None:
        """Ping as the page has it: 8 times quickly, while no camera is on, then every 250 ms."""
        end = self.now + seconds
        while self.now < end:
            self.ping(behind_chunks if self.pings >= 8 else 0.0)
            self.now += 0.02 if self.pings < 8 else 0.25
            self.pings += 1

    def error(self, ago: float = 0.0) -> float:
        instant = self.now - ago
        return abs(self.clock.instant(self.device(instant), self.now) - instant)


@given(
    st.floats(-100e-6, 100e-6),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32),
)
def test_half_a_millisecond_with_drift_and_answers_behind_chunks(drift: float, at_start: int, seed: int) -> None:
    far = FarClock(drift, at_start, seed)
    far.run(5.0, CHUNK_S)
    assert far.error() <= 0.000_5
    assert far.error(ago=2.0) <= 0.000_5


def test_a_resonator_that_is_half_a_percent_off_is_followed() -> None:
    far = FarClock(0.005, 0)
    far.run(5.0, CHUNK_S)
    assert far.error() <= 0.000_5
    far.run(60.0, CHUNK_S)
    assert far.error() <= 0.000_5


def test_it_is_right_within_a_millisecond_from_the_first_answer_on() -> None:
    far = FarClock(100e-6, 77)
    far.ping(0.0)
    assert far.error() <= 0.001


@pytest.mark.parametrize("before", [0, 1, 1_000_000, 3_000_000])
def test_the_wrap_is_no_jump(before: int) -> None:
    far = FarClock(50e-6, 2**32 - before)
    far.run(2.0, 0.0)
    for ago in (0.0, 1.0, 1.9):
        assert far.error(ago) <= 0.000_5


def test_hours_with_many_wraps_are_followed() -> None:
    far = FarClock(-80e-6, 5)
    far.run(1.0, 0.0)
    for _ in range(10):
        far.now += 1000.0  # nobody looked at the clock for so long
        far.pings = 0
        far.run(10.0, CHUNK_S)
        assert far.error() <= 0.000_5


def test_after_a_change_of_rate_the_offset_stays_and_the_ways_are_learnt_anew() -> None:
    far = FarClock(100e-6, 5)
    far.run(5.0, 0.0)
    far.clock.rate_changed()
    assert far.error() <= 0.000_5
    far.ping(0.0)
    assert far.error() <= 0.000_5


@given(st.lists(st.tuples(*[st.integers(0, 2**32 - 1)] * 2, st.floats(0, 5)), max_size=30), st.integers(0, 2**32 - 1))
def test_nonsense_from_the_device_gives_some_instant_near_now(answers: list[tuple[int, int, float]], time: int) -> None:
    clock = Clock()
    now = 1000.0
    for received, answered, took in answers:
        clock.exchange(now, received, answered, now + took)
        now += took + 0.02
    assert abs(clock.instant(time, now) - now) < 2**31 / 1e6 * 1.06
