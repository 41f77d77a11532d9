"""What a picture was held up by, told by stamps of a clock that is not ours."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.cameras.sender_clock import LATE_LIMIT_S, WINDOW_S, SenderClock

EPOCH = 1_795_811_852.85
FRAME_S = 0.1


def test_pictures_that_a_stall_held_up_are_dated_back_to_when_they_were_sent() -> None:
    clock = SenderClock()
    for number in range(10):
        assert clock.late(EPOCH + number * FRAME_S, 100.0 + number * FRAME_S) == pytest.approx(0.0)
    # The network stalls for 0.8 s, and then all that was sent meanwhile comes at once.
    lates = [clock.late(EPOCH + number * FRAME_S, 101.8) for number in range(10, 18)]
    assert lates == pytest.approx([0.8 - step * FRAME_S for step in range(8)])


@given(
    st.lists(st.floats(0.001, 0.5), min_size=1, max_size=60),
    st.lists(st.floats(0.0, 2.0), min_size=60, max_size=60),
    st.floats(-1e9, 1e9),
    st.floats(0.0, 5.0),
)
def test_a_picture_is_never_dated_before_it_was_sent_nor_after_it_came(
    gaps: list[float], jitters: list[float], epoch: float, way: float
) -> None:
    clock = SenderClock()
    sent = arrival = 1000.0
    for gap, jitter in zip(gaps, jitters, strict=False):
        sent += gap
        arrival = max(arrival, sent + way + jitter)  # a stream keeps its order
        late = clock.late(sent + epoch, arrival)
        assert 0.0 <= late <= arrival - sent + 1e-6


@given(st.floats(-1e6, 1e6).filter(lambda step: abs(step) > 2 * LATE_LIMIT_S))
def test_a_clock_that_is_set_tells_nothing_false_from_then_on(step: float) -> None:
    clock = SenderClock()
    for number in range(5):
        clock.late(EPOCH + number * FRAME_S, 100.0 + number * FRAME_S)
    assert clock.late(EPOCH + 0.5 + step, 100.5) == 0.0
    assert clock.late(EPOCH + 0.6 + step, 100.7) == pytest.approx(0.1, abs=1e-5)


def test_a_clock_that_is_set_back_a_little_is_seen_by_its_going_back() -> None:
    clock = SenderClock()
    for number in range(5):
        clock.late(EPOCH + number * FRAME_S, 100.0 + number * FRAME_S)
    assert clock.late(EPOCH + 0.4 - 0.7, 100.5) == 0.0


def test_a_way_that_has_become_longer_is_the_way_after_two_windows() -> None:
    clock = SenderClock()
    clock.late(EPOCH, 100.0)
    steps = [step * FRAME_S for step in range(1, math.ceil(2 * WINDOW_S / FRAME_S) + 3)]
    lates = [clock.late(EPOCH + step, 100.3 + step) for step in steps]
    assert lates[0] == pytest.approx(0.3)
    assert lates[-1] == pytest.approx(0.0)


@pytest.mark.parametrize("stamp", [math.nan, math.inf, -math.inf])
def test_a_stamp_that_is_no_time_tells_nothing(stamp: float) -> None:
    clock = SenderClock()
    assert clock.late(stamp, 100.0) == 0.0
    assert clock.late(EPOCH, 100.0) == 0.0
    assert clock.late(EPOCH + 1, 101.25) == pytest.approx(0.25)
