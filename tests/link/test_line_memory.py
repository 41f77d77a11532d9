"""What is remembered of a line beyond one life of its bridge."""

from __future__ import annotations

from glassd_drivers.link.memory import (
    MEMORIES_LIMIT,
    RATE_REST_LIMIT_S,
    RATE_REST_S,
    TOLD_LIMIT,
    Memory,
    Rates,
    memory_of,
)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_rate_that_failed_rests_each_time_twice_as_long_up_to_an_hour() -> None:
    clock, memory = Clock(), Memory()
    rests = []
    for _ in range(9):
        Rates(12_000_000, memory, clock).fail(921_600)
        began = clock.now
        life = Rates(12_000_000, memory, clock)  # another life of the same line
        assert 460_800 in life
        while 921_600 not in life:
            clock.now += 1.0
        rests.append(clock.now - began)
    assert rests == [min(RATE_REST_S * 2**time, RATE_REST_LIMIT_S) for time in range(9)]


def test_no_rate_is_above_the_limit() -> None:
    rates = Rates(1_000_000, Memory(), Clock())
    assert 1_000_000 in rates
    assert 1_000_001 not in rates


def test_a_line_is_remembered_by_its_name_and_those_not_asked_for_longest_are_forgotten() -> None:
    first = memory_of("line 0")
    for number in range(1, MEMORIES_LIMIT):
        memory_of(f"line {number}")
    assert memory_of("line 0") is first
    memory_of("one more")
    assert memory_of("line 0") is first
    for number in range(MEMORIES_LIMIT):
        memory_of(f"others {number}")
    assert memory_of("line 0") is not first


def test_what_was_said_is_not_said_again_and_not_all_of_it_is_kept() -> None:
    memory = Memory()
    assert [memory.is_new("words"), memory.is_new("words"), memory.is_new("others")] == [True, False, True]
    for number in range(10 * TOLD_LIMIT):
        assert memory.is_new(f"size {number}")
        assert len(memory.told) <= TOLD_LIMIT
