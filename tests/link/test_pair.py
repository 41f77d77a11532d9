"""Both ends, in two languages, on one line with faults: nothing wrong, lost or doubled, and the line's rate well used.

Time is the line's own, so what is said of milliseconds here is said of the protocol and not of this machine.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from device_end import Facts
from device_end import Screen as OnDevice
from hypothesis import given, settings
from hypothesis import strategies as st
from pair import BASE, JPEG, STEP_S, Pair, bit_errors, lost_and_doubled

from glassd_drivers.contracts import Mark, Screen
from glassd_drivers.link.events import (
    CameraMode,
    ChangeRate,
    Dead,
    EdgeSeen,
    Failure,
    Greeted,
    Incompatible,
    PictureCame,
    PictureFailed,
    RateFailed,
    Shown,
)

if TYPE_CHECKING:
    from glassd_drivers.link.events import Event

FAST = 921_600
FEWER = settings(max_examples=settings().max_examples // 4)
"""An example here is a second or two of a line's life."""
SMALL = Facts(rates=(), room=256, window=1, chunk_max=64)
"""A device with the least memory that docs/link.md allows."""


def about(instant: float, within: float) -> Any:
    return pytest.approx(instant, abs=within)


def settled(pair: Pair) -> Pair:
    """Greet, and go up to the rate that the line then has."""
    pair.until(Greeted)
    pair.run(0.5)
    return pair


def screens(pair: Pair) -> list[OnDevice]:
    return [call for call in pair.calls if isinstance(call, OnDevice)]


def of(events: list[Event], kind: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize("facts", [Facts(), SMALL], ids=["large", "small"])
@pytest.mark.parametrize("rate", [BASE, None])
def test_a_session_as_it_should_be(facts: Facts, rate: int | None) -> None:
    pair = settled(Pair(facts, rate=rate))
    assert pair.host_rate == (max(facts.rates, default=BASE) if rate else BASE)
    number = pair.host.show(Screen(("Look:", "这是一只猫"), page=1, pages=2, mark=Mark.WRITING, camera=True))
    assert pair.until(Shown) == Shown(number)
    shown = screens(pair)[-1]
    assert (shown.rows[:3], shown.page, shown.pages) == (("Look:", "这是一只猫", ""), 1, 2)
    assert (shown.mark, shown.looking) == (4, True)
    pressed = pair.press(1)
    edge = pair.until(EdgeSeen)
    assert edge == EdgeSeen(1, True, about(pressed, 0.001), 0)
    pair.device.answer(JPEG)
    request = pair.host.camera(CameraMode.STILL, 800, 600)
    came = pair.until(PictureCame)
    assert isinstance(came, PictureCame)
    assert (came.request, came.data) == (request, JPEG)
    pair.host.bye(pair.now)
    pair.run(0.05)
    assert not pair.device.in_session
    assert pair.host.bad == 0


@FEWER
@given(
    st.integers(0, 2**32),
    st.sampled_from([0.0, 1e-6, 1e-5, 1e-4, 1e-3]),
    st.sampled_from([0.0, 0.001, 0.01]),
    st.sampled_from([(), (FAST,), (FAST, 3_000_000)]),
    st.sampled_from([Facts(), SMALL]),
)
def test_whatever_the_line_does_nothing_is_wrong_lost_doubled_or_out_of_order(
    seed: int, bits: float, bursts: float, rates: tuple[int, ...], facts: Facts
) -> None:
    chance = random.Random(seed)
    pair = Pair(facts, rates=rates)
    if bits:
        pair.to_host, pair.to_device = bit_errors(chance, bits), bit_errors(chance, bits)
    noise = pair.to_host
    spoil = lost_and_doubled(chance, bursts)
    pair.to_host = lambda data: spoil(noise(data))
    picture = JPEG[: chance.choice((1, 1000, 5000))]
    pair.device.answer(picture)
    pressed = 0
    texts = {""}
    for turn in range(40):
        pair.run(0.05)
        if pair.over:
            pair.begin(pair.host.had)
        if turn % 3 == 0:
            pressed += pair.device.edge(0, bool(pressed % 2 == 0), pair.microseconds() & 0xFFFF_FFFF)
        if turn % 4 == 0:
            texts.add(f"screen {turn}")
            pair.host.show(Screen((f"screen {turn}",)))
        if turn % 7 == 0:
            pair.host.camera(chance.choice((CameraMode.STILL, CameraMode.STREAM)))
    numbers = [event.number for event in pair.events if isinstance(event, EdgeSeen)]
    missed = sum(event.missed for event in pair.events if isinstance(event, EdgeSeen))
    assert numbers == sorted(set(numbers))
    assert len(numbers) + missed <= pressed
    if not of(pair.events, Dead):
        assert not missed
    for event in pair.events:
        if isinstance(event, PictureCame):
            assert event.data == picture
    assert {call.rows[0] for call in screens(pair)} <= texts
    assert pair.device.faults == 0


@FEWER
@given(st.integers(0, 2**32), st.sampled_from([1e-5, 1e-4, 3e-4]))
def test_once_the_line_is_good_again_all_that_was_said_is_there(seed: int, bits: float) -> None:
    chance = random.Random(seed)
    pair = settled(Pair(rates=()))
    pair.to_host, pair.to_device = bit_errors(chance, bits), bit_errors(chance, bits)
    for turn in range(10):
        pair.press(0, turn % 2 == 0)
        number = pair.host.show(Screen((f"screen {turn}",)))
        pair.run(0.05)
    pair.to_host = pair.to_device = bytes
    pair.run(2.5)
    if not of(pair.events, Dead):
        assert [event.number for event in pair.events if isinstance(event, EdgeSeen)] == list(range(10))
        assert of(pair.events, Shown)[-1] == Shown(number)
        assert screens(pair)[-1].rows[0] == "screen 9"


# -- how well the line is used -----------------------------------------------------------------------------------------


def goodput(pair: Pair, seconds: float) -> float:
    """Return the share of the line's bytes that were bytes of pictures, which come one after the other."""
    pair.device.answer(JPEG * 5)
    pair.host.camera(CameraMode.STREAM)
    pair.run(3.0)
    # From one picture's end to another's.
    pair.until(PictureCame)
    began = pair.now
    pictures = 0
    while pair.now < began + seconds:
        pair.until(PictureCame)
        pictures += 1
    return pictures * len(JPEG * 5) / (pair.now - began) / (pair.host_rate / 10)


@pytest.mark.parametrize("rate", [FAST, 3_000_000])
def test_a_stream_has_98_percent_of_a_good_line_and_nine_tenths_of_that_on_a_bad_one(rate: int) -> None:
    clean = goodput(settled(Pair(rates=(rate,))), 5.0)
    assert clean >= 0.98
    pair = settled(Pair(rates=(rate,)))
    chance = random.Random(5)
    pair.to_host, pair.to_device = bit_errors(chance, 1e-5), bit_errors(chance, 1e-5)
    assert goodput(pair, 5.0) >= 0.9 * clean
    assert not of(pair.events, PictureFailed)


def test_a_press_and_a_screen_wait_for_no_more_than_a_chunk() -> None:
    pair = settled(Pair(rates=(FAST,)))
    pair.device.answer(JPEG * 5)
    pair.host.camera(CameraMode.STREAM)
    pair.run(1.0)
    chunk = 1034 * 10 / FAST
    for turn in range(60):
        pressed = pair.press(0, turn % 2 == 0)
        seen = pair.until(EdgeSeen)
        assert pair.now - pressed <= chunk + 0.005
        assert isinstance(seen, EdgeSeen)
        assert seen.instant == pytest.approx(pressed, abs=0.001)
        pair.run(0.003 * (turn % 5))
        asked = pair.now
        pair.host.show(Screen((f"row {turn}", "and another row with more text"), camera=turn % 2 == 0))
        pair.until(Shown)
        assert pair.now - asked <= 0.030
        pair.run(0.0007 * turn)


def test_the_devices_clock_is_known_to_half_a_millisecond_while_a_stream_runs() -> None:
    for drift in (100e-6, -100e-6):
        pair = settled(Pair(rates=(FAST,), drift=drift))
        pair.device.answer(JPEG)
        pair.host.camera(CameraMode.STREAM)
        pair.run(5.0)
        for turn in range(20):
            pressed = pair.press(0, turn % 2 == 0)
            seen = pair.until(EdgeSeen)
            assert isinstance(seen, EdgeSeen)
            assert abs(seen.instant - pressed) <= 0.000_5
            pair.run(0.1)


# -- what happens to lines ---------------------------------------------------------------------------------------------


def test_a_device_that_resets_in_mid_picture_is_seen_at_once_and_the_next_life_is_whole() -> None:
    pair = settled(Pair(rates=()))
    pair.device.answer(JPEG)
    pair.host.camera(CameraMode.STREAM)
    pair.press()
    pair.run(0.4)
    assert of(pair.events, EdgeSeen)
    pair.reset_device()
    assert pair.until(Dead, 0.3) == Dead("the device has dropped the session")
    pair.begin(pair.host.had)
    greeted = pair.until(Greeted, 0.5)
    assert isinstance(greeted, Greeted)
    assert greeted.device.boot == 8
    pair.host.show(Screen(("again",)))
    pair.until(Shown)
    assert screens(pair)[-1].rows[0] == "again"
    pair.press()
    assert pair.until(EdgeSeen) == EdgeSeen(0, True, about(pair.now, 0.03), 0)


def test_a_device_that_resets_at_a_high_rate_is_seen_within_half_a_second_and_the_rate_is_kept() -> None:
    pair = settled(Pair(rates=(FAST,)))
    pair.device.answer(JPEG)
    pair.host.camera(CameraMode.STREAM)
    pair.run(0.3)
    pair.reset_device()
    assert pair.until(Dead, 0.55) == Dead("the device talks at another rate, or the line is noise")
    assert not of(pair.events, RateFailed)
    pair.begin()
    assert settled(pair).host_rate == FAST


def test_a_device_that_is_held_up_in_mid_packet_is_not_dead() -> None:
    pair = settled(Pair(rates=(FAST,)))
    pair.device.answer(JPEG)
    pair.host.camera(CameraMode.STREAM)
    pair.run(0.3)
    held = bytearray()

    def hold(data: bytes) -> bytes:
        held.extend(data)
        return b""

    pair.to_host = hold
    pair.run(0.6)
    waited, pair.to_host = bytes(held), bytes
    for at in range(0, len(waited), 500):
        pair.host.receive(waited[at : at + 500], pair.now)
        pair.run(0.005)
    assert not of(pair.events, Dead)


def test_a_line_that_was_cut_comes_back_with_the_edges_of_the_meantime_and_none_of_before() -> None:
    pair = settled(Pair(rates=(FAST,)))
    pair.press(0, True)
    pair.until(EdgeSeen)
    pair.run(0.1)
    whole = pair.to_host
    pair.to_host = pair.to_device = lambda _: b""
    pressed = pair.press(0, False)
    assert pair.until(Dead, 1.1) == Dead("nothing was heard for 1 s")
    pair.to_host = pair.to_device = whole
    pair.begin(pair.host.had)
    assert pair.until(EdgeSeen, 1.5) == EdgeSeen(0, False, about(pressed, 0.001), 1)


def test_a_rate_that_the_line_does_not_carry_is_left_out_of_the_next_life() -> None:
    pair = Pair(rates=(FAST, 3_000_000))
    pair.to_host = lambda data: data if pair.host_rate <= FAST else bytes(0x5A ^ each for each in data)
    assert pair.until(RateFailed, 2.0) == RateFailed(3_000_000)
    assert of(pair.events, Dead)
    pair._rates = (FAST,)
    pair.run(0.4)  # the device gives it up as well
    pair.begin()
    assert settled(pair).host_rate == FAST
    assert len(of(pair.events, RateFailed)) == 1


def test_a_line_that_falls_to_pieces_at_a_rate_leaves_that_rate_out() -> None:
    pair = settled(Pair(rates=(FAST,)))
    pair.device.answer(JPEG)
    pair.host.camera(CameraMode.STREAM)
    pair.run(0.2)
    pair.to_host = bit_errors(random.Random(1), 0.05)
    assert pair.until(RateFailed, 1.5) == RateFailed(FAST)
    assert pair.over


def test_a_line_that_becomes_bad_is_left_for_a_lower_rate_and_tried_again_after_a_minute() -> None:
    pair = settled(Pair(rates=(FAST,)))
    chance = random.Random(3)
    noise = bit_errors(chance, 4e-4)
    pair.to_host = lambda data: noise(data) if pair.host_rate == FAST else data
    pair.device.answer(JPEG)
    pair.host.camera(CameraMode.STREAM)
    assert pair.until(ChangeRate, 6.0) == ChangeRate(BASE)
    pair.host.camera(CameraMode.OFF)
    pair.to_host = bytes
    assert pair.until(ChangeRate, 70.0) == ChangeRate(FAST)
    pair.run(1.0)
    assert not of(pair.events, Dead)


def test_a_device_from_the_future_is_told() -> None:
    pair = Pair(Facts(lowest=2, highest=3))
    assert pair.until(Incompatible) == Incompatible(2, 3)


def test_a_picture_over_the_limit_is_refused_and_the_next_one_comes() -> None:
    pair = settled(Pair(picture_limit=10_000))
    pair.device.answer(JPEG)
    request = pair.host.camera(CameraMode.STILL)
    assert pair.until(PictureFailed) == PictureFailed(request, Failure.TOO_LARGE)
    pair.device.answer(JPEG[:10_000])
    pair.host.camera(CameraMode.STILL)
    assert isinstance(pair.until(PictureCame), PictureCame)


def test_the_end_is_idle_between_what_is_due() -> None:
    pair = settled(Pair())
    steps = 0
    before = pair.now
    while pair.now < before + 5.0:
        steps += pair.host.due() <= pair.now + STEP_S
        pair.step()
    assert steps <= 5.0 / 0.25 + 2
