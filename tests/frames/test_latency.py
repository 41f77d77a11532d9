"""The latency that flashes tell: right within half an interval for any camera, and nothing at all for rubbish."""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glassd.frames.flashes import FLASHES, LONGEST_HOLD_S, SETTLE_S, TAIL_S
from glassd.frames.latency import (
    LATENCY_LIMIT_S,
    LEAST_HOLD_S,
    Flash,
    Latency,
    Level,
    NotMeasuredError,
    Reason,
    estimate,
)

START = 100.0
RANDOM = st.integers(0, 2**32).map(random.Random)


def flashes(rng: random.Random) -> list[Flash]:
    """Return flashes as they are made."""
    at, found = START + SETTLE_S, []
    for number in range(FLASHES):
        found.append(Flash(at, number % 2 == 0))
        at += rng.uniform(LEAST_HOLD_S, LONGEST_HOLD_S)
    return found


@dataclass(frozen=True)
class Camera:
    """A camera that looks at the display, and what else it does to a picture's level.

    `exposure` is a part of the interval; `share` how many levels the display is worth; `follows_s` how slowly the
    exposure follows the light; `noise` and `jitter` (of the stamps) are parts of `share` and of the interval.
    """

    fps: float
    latency: float
    phase: float = 0.5
    exposure: float = 0.5
    room: float = 60.0
    share: float = 80.0
    follows_s: float = math.inf
    noise: float = 0.0
    jitter: float = 0.0

    @property
    def interval(self) -> float:
        return 1 / self.fps

    def stamps(self) -> list[float]:
        last = START + SETTLE_S + FLASHES * LONGEST_HOLD_S + TAIL_S
        return [START + (self.phase + at) * self.interval for at in range(int((last - START) * self.fps))]

    def levels(self, shown: list[Flash], rng: random.Random) -> list[Level]:
        gain, found = 1.0, []
        for stamp in self.stamps():
            begin = stamp - self.latency - self.exposure * self.interval / 2
            end = begin + self.exposure * self.interval
            light = self.room + self.share * (lit(shown, end) - lit(shown, begin)) / (end - begin)
            grey = light * gain + rng.gauss(0, self.noise * self.share)
            wanted = (self.room + self.share / 2) / light
            gain += (1 - math.exp(-self.interval / self.follows_s)) * (wanted - gain)
            jitter = rng.uniform(-self.jitter, self.jitter) * self.interval
            found.append(Level(stamp + jitter, min(255.0, max(0.0, grey))))
        return found

    def measured(self, rng: random.Random) -> Latency:
        shown = flashes(rng)
        levels = self.levels(shown, rng)
        rng.shuffle(levels)
        return estimate(shown, levels)


def lit(shown: list[Flash], until: float) -> float:
    """Return for how many seconds the display was bright until an instant."""
    ends = [*(flash.instant for flash in shown[1:]), math.inf]
    return sum(
        max(0.0, min(end, until) - flash.instant) for flash, end in zip(shown, ends, strict=True) if flash.bright
    )


CAMERAS = st.builds(
    Camera,
    fps=st.floats(10, 120),
    latency=st.floats(0, 0.95 * LATENCY_LIMIT_S),
    phase=st.floats(0, 1),
    exposure=st.floats(0.02, 1),
    room=st.floats(5, 100),
    share=st.floats(4, 100),
    follows_s=st.floats(0.5, 10) | st.just(math.inf),
    noise=st.floats(0, 0.05),
    jitter=st.floats(0, 0.1),
)


CALM = CAMERAS.filter(lambda camera: camera.follows_s >= 2)


@given(camera=CAMERAS, rng=RANDOM)
def test_of_any_camera_nothing_is_told_or_the_latency_within_half_an_interval(
    camera: Camera, rng: random.Random
) -> None:
    with contextlib.suppress(NotMeasuredError):
        found = camera.measured(rng)
        assert abs(found.seconds - camera.latency) <= found.uncertainty


@given(camera=CALM, rng=RANDOM)
def test_the_latency_is_told_where_the_exposure_does_not_follow_each_flash_at_once(
    camera: Camera, rng: random.Random
) -> None:
    found = camera.measured(rng)
    assert abs(found.seconds - camera.latency) <= found.uncertainty
    assert found.uncertainty == pytest.approx(camera.interval / 2, rel=0.1)
    assert found.seen > FLASHES / 2


def test_flashes_at_random_phases_tell_more_than_one_alone() -> None:
    """One flash alone is off by a quarter of the interval, on average."""
    rng = random.Random(5)
    cameras = [Camera(30, rng.uniform(0, 0.3), rng.random(), noise=0.02, jitter=0.03) for _ in range(100)]
    errors = [abs(camera.measured(rng).seconds - camera.latency) / camera.interval for camera in cameras]
    assert mean(errors) < 0.1


@example(camera=Camera(12, 0), latency=2.0263806916549916, rng=random.Random(16))  # six agree on the wrong one
@given(camera=CAMERAS, latency=st.floats(LATENCY_LIMIT_S * 1.3, 5), rng=RANDOM)
def test_a_camera_that_is_too_late_is_not_taken_for_one_that_is_less_late(
    camera: Camera, latency: float, rng: random.Random
) -> None:
    late = Camera(camera.fps, latency, camera.phase, camera.exposure, camera.room, camera.share)
    with pytest.raises(NotMeasuredError):
        late.measured(rng)


# -- rubbish ----------------------------------------------------------------------------------------------------------

Light = Callable[[random.Random, list[float]], list[float]]


def noise(rng: random.Random, stamps: list[float]) -> list[float]:
    size = rng.uniform(0.1, 60)
    return [rng.gauss(120, size) for _ in stamps]


def wild_noise(rng: random.Random, stamps: list[float]) -> list[float]:
    return [120 + 5 * math.tan(math.pi * (rng.random() - 0.5)) for _ in stamps]


def flicker(rng: random.Random, stamps: list[float]) -> list[float]:
    """A lamp at twice the mains, as cameras of any rate see it: a slow wave."""
    size, speed = rng.uniform(1, 120), rng.uniform(0.05, 40)
    return [120 + size * math.sin(speed * stamp) for stamp in stamps]


def drift(rng: random.Random, stamps: list[float]) -> list[float]:
    level, size, found = 120.0, rng.uniform(0.1, 20), []
    for _ in stamps:
        level += rng.gauss(0, size)
        found.append(level)
    return found


def somebody_at_the_switch(rng: random.Random, stamps: list[float]) -> list[float]:
    """A lamp that is switched now and then, about as often as the display."""
    on, often, found = 0, rng.uniform(0.2, 8), []
    for before, stamp in zip(stamps, stamps[1:] + stamps[-1:], strict=True):
        on ^= rng.random() < often * (stamp - before)
        found.append(100.0 + 80 * on)
    return found


LIGHTS = st.sampled_from([noise, wild_noise, flicker, drift, somebody_at_the_switch])


@example(light=flicker, fps=12, rng=random.Random(1139))  # six agree by chance
@example(light=somebody_at_the_switch, fps=12, rng=random.Random(1148))  # all do
@given(light=LIGHTS, fps=st.floats(10, 120), rng=RANDOM)
def test_light_that_is_not_the_displays_tells_nothing(light: Light, fps: float, rng: random.Random) -> None:
    stamps = Camera(fps, 0.0, rng.random()).stamps()
    levels = [Level(stamp, min(255.0, max(0.0, grey))) for stamp, grey in zip(stamps, light(rng, stamps), strict=True)]
    with pytest.raises(NotMeasuredError):
        estimate(flashes(rng), levels)


@given(
    shown=st.lists(st.builds(Flash, st.floats(0, 20), st.booleans()), max_size=9),
    levels=st.lists(st.builds(Level, st.floats(0, 20), st.floats(0, 255)), max_size=60),
)
def test_no_input_is_too_odd(shown: list[Flash], levels: list[Level]) -> None:
    """Frames that are few, out of order or twice there end in a reason."""
    with pytest.raises(NotMeasuredError):
        estimate(shown, levels)


def reason(camera: Camera, change: Callable[[list[Level]], list[Level]] = lambda levels: levels) -> Reason:
    rng = random.Random(3)
    shown = flashes(rng)
    with pytest.raises(NotMeasuredError) as caught:
        estimate(shown, change(camera.levels(shown, rng)))
    return caught.value.reason


def test_each_reason_is_told_from_the_others() -> None:
    good = Camera(30, 0.1)
    middle = START + SETTLE_S + 3
    assert reason(good, lambda levels: levels[: len(levels) // 2]) is Reason.STOPPED
    assert reason(good, lambda levels: [one for one in levels if not middle < one.stamp < middle + 4]) is Reason.STOPPED
    assert reason(good, lambda _: []) is Reason.STOPPED
    assert reason(Camera(5, 0.1)) is Reason.SLOW
    assert reason(Camera(30, 0.1, share=0.5)) is Reason.UNSEEN
    assert reason(Camera(30, 0.1, share=10, noise=0.6)) is Reason.UNCLEAR
