"""A page's clock on the board's: with drift and slow ways, after it stood still, and with nonsense in its answers."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.web.clock import PageClock


class FarPage:
    """A page whose clock drifts, stands still at times, and shows steps of `coarse` milliseconds."""

    def __init__(self, drift: float = 0.0, coarse: float = 0.1, seed: int = 0) -> None:
        self.now = 5_000.0
        self.clock = PageClock()
        self._drift, self._coarse = drift, coarse
        self._stood_still = 0.0
        self._chance = random.Random(seed)

    def at(self, instant: float) -> float:
        """Return performance.now() at an instant of the board, as long as it has not stood still since."""
        ms = (instant - 4_000.0 - self._stood_still) * (1 + self._drift) * 1000
        return ms // self._coarse * self._coarse

    def ping(self, there_s: float = 0.002, back_s: float = 0.002) -> bool:
        sent, read = self.now, self.now + there_s
        self.now = read + back_s
        return self.clock.exchange(sent, self.at(read), self.now)

    def run(self, seconds: float, slow_s: float = 0.0) -> None:
        """Ping as the board does: 8 times 50 ms apart, then once a second; a way takes up to `slow_s` longer."""
        end, pings = self.now + seconds, 0
        while self.now < end:
            self.ping(0.002 + self._chance.random() * slow_s, 0.002 + self._chance.random() * slow_s)
            pings += 1
            self.now += 0.05 if pings < 8 else 1.0

    def sleep(self, seconds: float) -> None:
        """Let the device sleep: the board's clock goes on."""
        self.now += seconds
        self._stood_still += seconds

    def error_ms(self, ago: float = 0.0) -> float:
        instant = self.now - ago
        return abs(self.clock.instant(self.at(instant), self.now) - instant) * 1000


@given(st.floats(-100e-6, 100e-6), st.integers(0, 2**32))
def test_two_milliseconds_over_a_network_that_is_up_to_a_fifth_of_a_second_slow(drift: float, seed: int) -> None:
    page = FarPage(drift, seed=seed)
    page.ping()
    page.run(20.0, slow_s=0.2)
    page.ping()
    assert page.error_ms() <= 2.0
    assert page.error_ms(ago=1.0) <= 2.0


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_an_instant_is_never_off_by_more_than_half_of_the_way_of_the_only_exchange(there: float, back: float) -> None:
    page = FarPage(coarse=0.001)
    page.ping(there, back)
    assert page.error_ms() <= (there + back) / 2 * 1000 + 0.01


@pytest.mark.parametrize("slept", [0.5, 3.0, 3600.0])
def test_a_clock_that_stood_still_is_learnt_anew_with_the_first_exchange_after_it(slept: float) -> None:
    page = FarPage(50e-6)
    page.run(10.0)
    page.sleep(slept)
    assert page.ping()
    assert page.error_ms() <= 1.0
    page.run(10.0)
    assert page.error_ms() <= 1.0


@pytest.mark.parametrize("drift", [-100e-6, 100e-6])
@pytest.mark.parametrize("coarse", [0.005, 1.0, 16.7])
def test_slow_ways_now_there_now_back_and_drift_and_a_coarse_clock_are_no_step(drift: float, coarse: float) -> None:
    page = FarPage(drift, coarse)
    page.run(5.0)
    for _ in range(60):
        page.now += 1.0
        assert not page.ping(0.3, 0.002)
        assert page.error_ms() <= 160 + coarse
        assert not page.ping(0.002, 0.9)
        assert page.error_ms() <= 160 + coarse


def test_nothing_is_in_the_future() -> None:
    page = FarPage()
    page.run(2.0)
    assert page.clock.instant(page.at(page.now + 5.0), page.now) == page.now
    assert PageClock().instant(1e12, 50.0) == 50.0


@given(
    st.lists(st.tuples(st.floats(0, 1e12), st.floats(0, 10)), max_size=40),
    st.floats(0, 1e12),
)
def test_nonsense_gives_some_instant_that_is_not_in_the_future(answers: list[tuple[float, float]], at: float) -> None:
    clock = PageClock()
    now = 1000.0
    for told, took in answers:
        clock.exchange(now, told, now + took)
        now += took + 0.05
        assert clock.instant(at, now) <= now
