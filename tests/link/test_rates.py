"""The line's rate: tried before it is used, left when it is bad; and how long a chunk should be."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.link.messages import Pong
from glassd_drivers.link.packets import ECHO, RATE
from glassd_drivers.link.quality import Quality, chunk_for
from glassd_drivers.link.rates import ECHOES, ECHOES_OUT, HIGHER_AGAIN_S, SETTLE_S, Outcome, Rates

BASE = 115_200
FAST = 921_600


def asked(rates: Rates, now: float) -> list[int]:
    """Return the rates that RATE asks for now."""
    sent = []
    while rates.ready(now):
        type_, body = rates.packet(now)
        assert type_ == RATE
        sent.append(int.from_bytes(body, "little"))
    return sent


def trial(rates: Rates, now: float, lost: set[int]) -> tuple[Outcome | None, float]:
    """Send back all echoes but those that are lost; return what came of it, and when."""
    outcome = None
    sent: list[int] = []
    while outcome is None:
        outcome = rates.tick(now)
        back = []
        while outcome is None and rates.ready(now):
            type_, body = rates.packet(now)
            assert (type_, len(body)) == (ECHO, 100)
            if body[0] not in lost:
                back.append(body)
            sent.append(body[0])
            assert len(back) <= ECHOES_OUT
        for body in back:
            outcome = outcome or rates.echoed(body)
        if outcome is None and not rates.ready(now):
            now = max(now, rates.due(now))
    assert len(sent) <= ECHOES
    return outcome, now


def changed(rates: Rates, now: float) -> float:
    """Have the device change; return when the trial begins."""
    assert asked(rates, now) == [rates.wanted]
    assert rates.rated(rates.wanted, now) is Outcome.CHANGE
    assert rates.changing
    assert not rates.ready(now)
    assert rates.due(now) == pytest.approx(now + SETTLE_S)
    return now + SETTLE_S


def test_the_highest_rate_is_tried_and_used() -> None:
    rates = Rates(BASE, [FAST, 3_000_000])
    rates.highest(0.0)
    now = changed(rates, 0.0)
    outcome, now = trial(rates, now, set())
    assert outcome is Outcome.WORKS
    assert (rates.rate, rates.changing) == (3_000_000, False)
    assert now < 0.1
    assert rates.due(now) == math.inf


def test_a_rate_at_which_some_echoes_are_lost_is_used_and_one_at_which_more_are_lost_is_not() -> None:
    for lost, expected in ((4, Outcome.WORKS), (5, Outcome.FAILED)):  # of 16
        rates = Rates(BASE, [FAST])
        rates.highest(0.0)
        outcome, now = trial(rates, changed(rates, 0.0), set(range(0, 2 * lost, 2)))
        assert outcome is expected
        assert now <= SETTLE_S + 0.5


def test_a_rate_at_which_nothing_comes_back_has_failed_within_half_a_second() -> None:
    rates = Rates(BASE, [FAST])
    rates.highest(0.0)
    outcome, now = trial(rates, changed(rates, 0.0), set(range(ECHOES)))
    assert outcome is Outcome.FAILED
    assert now <= SETTLE_S + 0.5


def test_a_rate_request_that_was_lost_is_sent_once_more() -> None:
    rates = Rates(BASE, [FAST])
    rates.highest(0.0)
    assert asked(rates, 0.0) == [FAST]
    assert rates.due(0.0) == 0.2
    assert asked(rates, 0.2) == [FAST]
    assert rates.due(0.2) == 0.5
    assert asked(rates, 0.4) == []
    assert rates.tick(0.49) is None
    assert rates.tick(0.5) is Outcome.FAILED


def test_a_device_that_does_not_have_the_rate_is_not_asked_for_it_again() -> None:
    rates = Rates(BASE, [FAST])
    rates.highest(0.0)
    asked(rates, 0.0)
    assert rates.rated(BASE, 0.01) is Outcome.REFUSED
    assert not rates.changing
    rates.highest(0.02)
    assert not rates.changing


def test_a_rated_that_nobody_asked_for_changes_nothing() -> None:
    rates = Rates(BASE, [FAST])
    assert rates.rated(FAST, 0.0) is None
    assert rates.echoed(b"\0") is None
    assert rates.rate == BASE


def test_a_rate_that_is_left_is_tried_again_after_a_minute_then_after_two() -> None:
    rates = Rates(FAST, [BASE, 3_000_000])
    now = 0.0
    for wait in (HIGHER_AGAIN_S, 2 * HIGHER_AGAIN_S):
        assert rates.leave(now)
        assert rates.wanted == BASE
        outcome, now = trial(rates, changed(rates, now), set())
        assert (outcome, rates.rate) == (Outcome.WORKS, BASE)
        assert rates.due(now) == pytest.approx(now + wait, abs=1.0)
        now = rates.due(now)
        rates.tick(now)
        assert rates.wanted == FAST
        outcome, now = trial(rates, changed(rates, now), set())
    assert rates.rate == FAST


def test_below_the_lowest_rate_there_is_none() -> None:
    assert not Rates(BASE, [FAST]).leave(0.0)


# -- quality -----------------------------------------------------------------------------------------------------------


class Counted:
    """A line on which so much came, told to Quality with each PONG."""

    def __init__(self, rate: int | None = FAST, limit: int = 4096) -> None:
        self.quality = Quality(rate, limit)
        self.now = 0.0
        self.good = self.bad = self.size = self.theirs = self.overrun = 0

    def pong(self, good: int, bad: int, size: int, *, sent: int = 0, theirs: int = 0, overrun: int = 0) -> None:
        self.good += good
        self.bad += bad
        self.size += size
        for _ in range(sent):
            self.quality.sent()
        self.theirs = (self.theirs + theirs) & 0xFFFF
        self.overrun += overrun
        self.quality.pong(Pong(0, 0, 0, self.theirs, self.overrun), self.good, self.bad, self.size, self.now)
        self.now += 0.25


def test_a_line_is_too_bad_when_a_third_of_its_small_packets_is_bad_for_two_seconds() -> None:
    line = Counted()
    for _ in range(8):
        line.pong(20, 10, 6000)
        assert not line.quality.too_bad()
    line.pong(20, 10, 6000)
    assert line.quality.too_bad()
    for _ in range(9):
        line.pong(20, 5, 6000)
    assert not line.quality.too_bad()


def test_large_chunks_that_are_bad_are_made_smaller_before_the_rate_is_left() -> None:
    line = Counted(3_000_000)
    assert line.quality.chunk() == 2048
    for _ in range(12):
        line.pong(6, 14, 40_000)
        assert not line.quality.too_bad()
        line.quality.chunk()
    assert line.quality.chunk() == 256


def test_what_the_device_has_for_bad_counts_as_well() -> None:
    line = Counted()
    line.theirs = 0xFFFF
    line.pong(20, 0, 6000)
    for _ in range(8):
        line.pong(20, 0, 6000, sent=10, theirs=4)
    assert line.quality.too_bad()
    quiet = Counted()
    for _ in range(9):
        quiet.pong(20, 0, 6000, sent=10, theirs=2, overrun=0)
    assert not quiet.quality.too_bad()


def test_a_line_without_errors_keeps_its_chunks_and_a_few_errors_are_an_accident() -> None:
    line = Counted()
    for number in range(100):
        line.pong(20, number % 50 == 1, 20_000)
        assert line.quality.chunk() == 1024


def test_a_line_that_is_good_again_gets_its_chunks_back() -> None:
    line = Counted()
    for _ in range(10):
        line.pong(20, 10, 20_000)
        line.quality.chunk()
    assert line.quality.chunk() == 256
    sizes = set()
    for _ in range(80):
        line.pong(60, 0, 20_000)
        sizes.add(line.quality.chunk())
    assert sizes == {256, 512, 1024}
    assert line.quality.chunk() == 1024


def test_a_quiet_line_says_nothing_of_errors() -> None:
    line = Counted()
    for _ in range(20):
        line.pong(1, 0, 21)
        assert line.quality.chunk() == 1024
        assert not line.quality.too_bad()


@pytest.mark.parametrize(
    ("rate", "size"), [(None, 4096), (BASE, 512), (460_800, 512), (FAST, 1024), (3_000_000, 2048), (12_000_000, 4096)]
)
def test_a_chunk_takes_about_twelve_milliseconds_at_most_and_is_none_too_small(rate: int | None, size: int) -> None:
    assert chunk_for(rate) == size
    if rate and rate > BASE:
        assert size * 10 / rate < 0.012


@given(st.floats(1e-7, 1e-3), st.integers(0, 2**32))
def test_a_chunk_costs_little_more_than_it_must_at_any_rate_of_errors(errors: float, seed: int) -> None:
    """`errors` is how likely a byte is wrong."""
    chance = random.Random(seed)
    line = Counted(3_000_000)

    def cost(size: int) -> float:
        return (size + 12) / size / (1 - errors) ** (size + 12)

    for _ in range(100):
        size = line.quality.chunk()
        packets = 75_000 // (size + 12)
        bad = sum(chance.random() > (1 - errors) ** (size + 12) for _ in range(packets))
        line.pong(packets - bad, bad, 75_000)
    best = min(cost(size) for size in (256, 512, 1024, 2048))
    assert cost(line.quality.chunk()) <= 1.12 * best
