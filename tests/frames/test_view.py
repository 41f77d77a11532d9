from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd.answer import AskError
from glassd.config.schema import Camera
from glassd.frames.ring import Ring
from glassd.frames.view import TAKE_LIMIT_S, View
from glassd.messages.codes import Code
from glassd_drivers.contracts import CONTRACT, DriverConfig, Frame, TransientFault
from virtual import START, passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OPTIONS = Camera(driver="clip", options=DriverConfig())


def frame(instant: float, size: int = 10) -> Frame:
    return Frame(b"x" * size, "image/jpeg", 640, 480, instant, "camera")


class Streaming:
    """A camera on the virtual clock: a frame each `interval` from `first` on."""

    contract: ClassVar[int] = CONTRACT
    Config: ClassVar[type[DriverConfig]] = DriverConfig
    kind: ClassVar[Literal["stream"]] = "stream"

    def __init__(self, interval: float, first: float = 0.0, lost_after: float = 3600.0) -> None:
        self.interval, self.first, self.lost_after = interval, first, lost_after

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
            yield frame(loop.time())
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
async def looking(camera: Any, for_s: float = 0.0) -> AsyncIterator[View]:
    """A view served by a camera, `for_s` seconds of virtual time ago."""
    loop = asyncio.get_running_loop()
    view = View(OPTIONS, loop.time)
    task = asyncio.create_task(view.serve(camera), name="serve")
    await passes(for_s)
    try:
        yield view
    finally:
        task.cancel()
        await asyncio.wait([task])


def test_a_press_takes_the_frame_nearest_to_it() -> None:
    async def main() -> None:
        async with looking(Streaming(0.1), for_s=2.04) as view:
            assert (await view.pick(START + 1.02)).instant == pytest.approx(START + 1.0)
            assert (await view.pick(START + 1.07)).instant == pytest.approx(START + 1.1)

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
        async with looking(Streaming(1.0, first=9.0)) as view:
            assert (await view.first_after(START)).instant == pytest.approx(START + 9.0)
        async with looking(Streaming(1.0, first=30.0)) as view:
            with pytest.raises(AskError):
                await view.first_after(asyncio.get_running_loop().time())

    run(main())


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 400)), min_size=1))
def test_the_ring_is_in_order_and_within_its_bounds(arrivals: list[tuple[float, int]]) -> None:
    ring = Ring(seconds=3.0, size=1000)
    for instant, size in arrivals:
        ring.add(frame(instant, size))
    instants = [held.instant for held in ring]
    assert instants == sorted(instants)
    assert instants[-1] == max(instant for instant, _ in arrivals)
    assert ring.held_bytes == sum(len(held.data) for held in ring)
    assert len(ring) == 1 or (ring.held_bytes <= 1000 and instants[-1] - instants[0] <= 3.0)
