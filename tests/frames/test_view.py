from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd.answer import AskError
from glassd.config.schema import Camera, FrameChoice
from glassd.frames.ring import Ring
from glassd.frames.view import SIGN_STAYS_S, TAKE_LIMIT_S, View
from glassd.frames.weigh import weigh  # loaded here, for that takes real time, in which the virtual clock runs on
from glassd.messages.codes import Code
from glassd_drivers.contracts import CONTRACT, DriverConfig, Frame, TransientFault
from virtual import START, passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OPTIONS = Camera(driver="clip", options=DriverConfig())


PATTERN = np.random.default_rng(1).integers(0, 255, (12, 16), np.uint8).repeat(8, 0).repeat(8, 1)
SHARP, BLURRED, BLACK = (
    bytes(cv2.imencode(".jpg", picture)[1])
    for picture in (PATTERN, cv2.GaussianBlur(PATTERN, (0, 0), 6), PATTERN // 100)
)


def frame(instant: float, data: bytes = SHARP) -> Frame:
    return Frame(data, "image/jpeg", 128, 96, instant, "camera")


class Streaming:
    """A camera on the virtual clock: a frame each `interval` from `first` on, of these pictures in turn."""

    contract: ClassVar[int] = CONTRACT
    Config: ClassVar[type[DriverConfig]] = DriverConfig
    kind: ClassVar[Literal["stream"]] = "stream"

    def __init__(
        self, interval: float, *pictures: bytes, first: float = 0.0, lost_after: float = 3600.0, late: float = 0.0
    ) -> None:
        self.interval, self.first, self.lost_after, self.late = interval, first, lost_after, late
        self.pictures = itertools.cycle(pictures or (SHARP,))

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def frames(self) -> AsyncIterator[Frame]:
        loop = asyncio.get_running_loop()
        begun, timer = loop.time(), asyncio.Event()
        at = begun + self.first
        while at - begun <= self.lost_after:
            loop.call_at(at, timer.set)
            await timer.wait()
            timer.clear()
            yield frame(loop.time() - self.late, next(self.pictures))
            at += self.interval
        raise TransientFault("unplugged")


class Still(Streaming):
    kind: ClassVar[Any] = "still"
    frames: Any = None

    async def take(self, instant: float) -> Frame:
        return frame(instant + 0.1)

    async def watch(self) -> None:
        await asyncio.get_running_loop().create_future()


@asynccontextmanager
async def looking(camera: Any, for_s: float = 0.0, **options: Any) -> AsyncIterator[View]:
    """A view served by a camera, `for_s` seconds of virtual time ago."""
    loop = asyncio.get_running_loop()
    view = View(OPTIONS.model_copy(update=options), loop.time)
    task = asyncio.create_task(view.serve(camera), name="serve")
    await passes(for_s)
    try:
        yield view
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.parametrize(("after", "picked"), [(1.02, 1.0), (1.06, 1.0), (1.07, 1.1), (1.09, 1.1)])
def test_a_press_takes_the_frame_nearest_to_it_and_waits_where_that_is_the_next_one(
    after: float, picked: float
) -> None:
    """Nearest in the time that counts: a frame after the press is twice as far."""

    async def main() -> None:
        async with looking(Streaming(0.1), for_s=after) as view:
            assert (await view.pick(START + after)).instant == pytest.approx(START + picked)

    run(main())


@pytest.mark.parametrize(("after", "picked"), [(1.01, 0.97), (1.06, 1.07), (1.08, 1.07)])
def test_a_frame_on_its_way_at_the_press_is_waited_for(after: float, picked: float) -> None:
    """It comes 30 ms after its stamp, which is what counts."""

    async def main() -> None:
        async with looking(Streaming(0.1, late=0.03), for_s=after) as view:
            assert (await view.pick(START + after)).instant == pytest.approx(START + picked)

    run(main())


def test_a_frame_that_should_have_come_is_not_waited_for_long() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        camera = Streaming(0.1)
        async with looking(camera, for_s=1.01) as view:
            camera.interval = 60.0
            await passes(0.15)
            assert (await view.pick(START + 1.16)).instant == pytest.approx(START + 1.1)
            assert loop.time() < START + 1.4

    run(main())


def test_the_latency_of_a_camera_is_taken_off() -> None:
    async def main() -> None:
        async with looking(Streaming(0.1), for_s=2.04, latency=0.3) as view:
            assert (await view.pick(START + 0.92)).instant == pytest.approx(START + 0.9)

    run(main())


@pytest.mark.parametrize("spoilt", [BLURRED, BLACK], ids=["blurred", "black"])
@pytest.mark.parametrize("press", [0.74, 0.75, 0.76, 0.81])
def test_a_neighbour_is_picked_where_the_nearest_is_spoilt(spoilt: bytes, press: float) -> None:
    async def main() -> None:
        async with looking(Streaming(0.05, SHARP, spoilt), for_s=1.0) as view:
            assert (await view.pick(START + press)).data is SHARP

    run(main())


class Fed(Streaming):
    """A camera that gives what it is fed."""

    def __init__(self) -> None:
        super().__init__(0.05)
        self.fed: asyncio.Queue[Frame] = asyncio.Queue()

    async def frames(self) -> AsyncIterator[Frame]:
        while True:
            yield await self.fed.get()


def test_where_the_nearest_is_spoilt_the_next_one_is_waited_for_if_it_will_be_nearer_than_a_neighbour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    camera, looks = Fed(), 0

    async def looks_and_then_comes_the_next(*what: Any) -> Any:
        nonlocal looks
        looks += 1
        choice = await weigh(*what)
        if looks == 1:
            asyncio.get_running_loop().call_later(0.03, camera.fed.put_nowait, frame(START + 1.05))
        return choice

    monkeypatch.setattr("glassd.frames.weigh.weigh", looks_and_then_comes_the_next)

    async def main() -> None:
        async with looking(camera, for_s=1.02) as view:
            for at, data in ((0.9, SHARP), (0.95, SHARP), (1.0, BLURRED)):
                camera.fed.put_nowait(frame(START + at, data))
            await passes(0.001)
            assert (await view.pick(START + 1.02)).instant == pytest.approx(START + 1.05)

    run(main())


def test_without_a_window_the_nearest_is_picked_however_it_is() -> None:
    async def main() -> None:
        async with looking(Streaming(0.05, SHARP, BLURRED), for_s=1.0, choice=FrameChoice(window=0.0)) as view:
            assert (await view.pick(START + 0.76)).data is BLURRED

    run(main())


def test_why_a_frame_was_picked_is_told_of_each_candidate() -> None:
    async def main() -> None:
        async with looking(Streaming(0.05, SHARP, BLURRED, b"no picture"), for_s=1.0) as view:
            picked = await view.choose(START + 0.81)
            assert [frame.instant - START for frame in picked.candidates] == pytest.approx([0.75, 0.8, 0.85])
            sharp, blurred, broken = picked.reasons
            assert picked.frame.data is SHARP
            assert sharp.startswith("chosen: 60 ms before, 100% as sharp as the sharpest")
            assert blurred.startswith("10 ms before, ")
            assert broken == "out: neither a JPEG nor a PNG picture"

    run(main())


def test_an_old_frame_is_never_passed_off_as_now() -> None:
    async def main() -> None:
        async with looking(Streaming(100.0), for_s=5.0) as view:
            with pytest.raises(AskError) as caught:
                await view.pick(asyncio.get_running_loop().time())
            assert caught.value.problem.code is Code.NO_PICTURE

    run(main())


def test_a_frame_that_comes_soon_after_the_press_is_waited_for() -> None:
    async def main() -> None:
        async with looking(Streaming(1.0, first=0.4)) as view:
            assert (await view.pick(START)).instant == pytest.approx(START + 0.4)

    run(main())


def test_without_a_camera_the_trouble_is_the_camera() -> None:
    async def main() -> None:
        with pytest.raises(AskError) as caught:
            await View(OPTIONS, asyncio.get_running_loop().time).pick(START)
        assert caught.value.problem.code is Code.NO_CAMERA

    run(main())


def test_frames_of_a_camera_that_was_lost_are_forgotten() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        view = View(OPTIONS, loop.time)
        with pytest.raises(TransientFault):
            await view.serve(Streaming(0.1, lost_after=0.25))
        with pytest.raises(AskError) as caught:
            await view.pick(loop.time() - 0.1)
        assert caught.value.problem.code is Code.NO_CAMERA

    run(main())


def test_a_pinned_frame_outlives_the_ring_until_it_is_let_go() -> None:
    async def main() -> None:
        async with looking(Streaming(0.1), for_s=0.5) as view:
            instant = START + 0.5
            view.pin(instant)
            await passes(10.0)  # the ring holds 3 s
            assert (await view.pick(instant)).instant == pytest.approx(instant, abs=0.11)
            view.unpin(instant)
            with pytest.raises(AskError):
                await view.pick(instant)

    run(main())


def test_a_camera_of_stills_takes_one_for_the_instant() -> None:
    async def main() -> None:
        async with looking(Still(1.0)) as view:
            assert (await view.pick(START + 3)).instant == pytest.approx(START + 3.1)

    run(main())


@pytest.mark.parametrize("trouble", ["stuck", "lost"])
def test_a_camera_of_stills_that_takes_none_is_told_within_its_limit(trouble: str) -> None:
    class Troubled(Still):
        async def take(self, instant: float) -> Frame:
            if trouble == "lost":
                raise TransientFault("unplugged")
            await asyncio.get_running_loop().create_future()
            return frame(instant)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with looking(Troubled(1.0)) as view:
            with pytest.raises(AskError) as caught:
                await view.pick(loop.time())
        assert caught.value.problem.code is Code.NO_PICTURE
        assert loop.time() - START <= TAKE_LIMIT_S + 0.001

    run(main())


def test_a_camera_opened_for_the_ask_gives_its_first_frame_however_late_within_its_limit() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with looking(Streaming(1.0, first=1.9)) as view:
            assert (await view.first_after(START)).frame.instant == pytest.approx(START + 1.9)
        async with looking(Streaming(1.0, first=9.0), late=8.0) as view:
            began = loop.time()
            with pytest.raises(AskError) as caught:
                await view.first_after(began)
            assert caught.value.problem.code is Code.NO_PICTURE
            assert "nothing within 8 s of being opened" in caught.value.problem.message
            assert loop.time() == pytest.approx(began + 8.0)

    run(main())


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 400)), min_size=1))
def test_the_ring_is_in_order_and_within_its_bounds(arrivals: list[tuple[float, int]]) -> None:
    ring = Ring(seconds=3.0, size=1000)
    for instant, size in arrivals:
        ring.add(frame(instant, bytes(size)))
    instants = [held.instant for held in ring]
    assert instants == sorted(instants)
    assert instants[-1] == max(instant for instant, _ in arrivals)
    assert ring.held_bytes == sum(len(held.data) for held in ring)
    assert len(ring) == 1 or (ring.held_bytes <= 1000 and instants[-1] - instants[0] <= 3.0)


def test_who_watches_gets_each_newest_frame_until_the_camera_is_lost() -> None:
    async def main() -> None:
        async with looking(Streaming(interval=0.1, lost_after=1.0), for_s=0.25) as view:
            first = await view.newer(0.0)
            assert first.instant == pytest.approx(START + 0.2)
            assert (await view.newer(first.instant)).instant == pytest.approx(START + 0.3)
            await passes(0.45)
            last = await view.newer(first.instant)
            assert last.instant == pytest.approx(START + 0.7)
            watching = asyncio.create_task(view.newer(START + 1.0))
            with pytest.raises(AskError) as raised:
                await watching
            assert raised.value.problem.code is Code.NO_CAMERA

    run(main())


def test_who_watches_a_camera_that_is_away_is_told_so_at_once() -> None:
    async def main() -> None:
        view = View(OPTIONS, asyncio.get_running_loop().time)
        with pytest.raises(AskError) as raised:
            await view.newer(0.0)
        assert raised.value.problem.code is Code.NO_CAMERA

    run(main())


def test_who_watches_a_camera_of_stills_has_one_taken() -> None:
    async def main() -> None:
        async with looking(Still(interval=0.0), for_s=1.0) as view:
            assert (await view.newer(0.0)).instant == pytest.approx(START + 1.1)

    run(main())


def test_a_still_of_long_before_the_press_is_no_picture_of_now() -> None:
    class Cached(Still):
        async def take(self, instant: float) -> Frame:
            return frame(instant - self.interval)

    async def main() -> None:
        async with looking(Cached(interval=OPTIONS.fresh)) as view:
            assert (await view.pick(START)).instant == START - OPTIONS.fresh
        async with looking(Cached(interval=OPTIONS.fresh + 0.1)) as view:
            with pytest.raises(AskError) as raised:
                await view.pick(START)
            assert raised.value.problem.code is Code.NO_PICTURE

    run(main())


def test_a_camera_of_stills_looks_when_it_is_asked_and_the_sign_of_it_can_be_seen() -> None:
    async def main() -> None:
        told: list[tuple[float, bool]] = []
        loop = asyncio.get_running_loop()
        view = View(OPTIONS, loop.time, lambda on: told.append((loop.time() - START, on)))
        serving = asyncio.create_task(view.serve(cast("Any", Still(1.0))))
        await passes(5.0)
        assert told == [], "it waits to be asked"
        await view.pick(START + 5.0)
        await passes(0.5)
        await view.pick(START + 5.5)
        await passes(3.0)
        assert [(round(at, 3), on) for at, on in told] == [(5.0, True), (5.5, True), (5.5 + SIGN_STAYS_S, False)]
        serving.cancel()
        await asyncio.wait([serving])
        assert told[-1][1] is False

    run(main())
