from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pytest

from glassd.answer import AskError
from glassd.config.schema import Camera, FrameChoice
from glassd.frames.eyes import Lids, NoEyes, RingEyes, SignedEyes, WakingEyes
from glassd.frames.view import Picked, View
from glassd.messages.codes import Code
from glassd_drivers.contracts import CONTRACT, DriverConfig, Frame
from virtual import START, passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

FRAME = Frame(b"x", "image/jpeg", 640, 480, START, "camera")


class Room:
    """A sign and a camera that write down when they go on and off."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @contextmanager
    def on(self, name: str) -> Iterator[None]:
        self.seen.append(f"{name} on")
        try:
            yield
        finally:
            self.seen.append(f"{name} off")

    def switch(self, name: str) -> Any:
        room = self

        class Switch:
            async def __aenter__(self) -> None:
                self._on = room.on(name)
                self._on.__enter__()

            async def __aexit__(self, *exc: object) -> None:
                await passes(0.1)
                self._on.__exit__(None, None, None)

        return Switch

    async def first_after(self, _instant: float) -> Picked:
        await passes(1)
        self.seen.append("frame")
        return Picked((FRAME,), 0, ("chosen: the only one",))

    def forget(self) -> None:
        self.seen.append("forgotten")


def test_the_sign_is_on_before_the_camera_opens_and_until_it_is_closed() -> None:
    room = Room()
    view: Any = room
    eyes = SignedEyes(view, lambda: START, room.switch("sign"), room.switch("camera"))
    assert run(eyes.choose(START)).frame is FRAME
    assert room.seen == ["sign on", "camera on", "frame", "camera off", "sign off"]


class Opened:
    """A view with a camera while that is opened: its first frame comes a second later, then ten a second."""

    def __init__(self, **options: Any) -> None:
        loop = asyncio.get_running_loop()
        section = Camera(driver="clip", options=DriverConfig(), choice=FrameChoice(window=0.0))
        self.view = View(section.model_copy(update=options), loop.time)
        self.opened: list[tuple[float, float]] = []

    @asynccontextmanager
    async def camera(self) -> AsyncIterator[None]:
        began = asyncio.get_running_loop().time()
        serving = asyncio.create_task(self.view.serve(Slow()))
        try:
            yield
        finally:
            serving.cancel()
            await asyncio.wait([serving])
            await passes(0.3)  # what closing takes
            self.opened.append((began - START, asyncio.get_running_loop().time() - 0.3 - START))

    def eyes(self, linger: float) -> WakingEyes:
        return WakingEyes(self.view, asyncio.get_running_loop().time, self.camera, linger)


def test_a_press_opens_the_eyes_and_gets_the_first_frame_then_they_linger() -> None:
    async def main() -> None:
        there = Opened()
        eyes = there.eyes(5.0)
        eyes.pin(START)
        await passes(0.3)
        assert (await eyes.choose(START)).frame.instant == pytest.approx(START + 1.0)
        eyes.unpin(START)
        await passes(2.0)
        assert (await eyes.choose(START + 3)).frame.instant == pytest.approx(
            START + 3.0
        )  # open since then: the press' own
        await passes(20)
        assert there.opened == [pytest.approx((0.0, 8.0), abs=0.2)]

    run(main())


def test_eyes_that_never_stay_open_close_after_the_picture_or_once_the_press_asked_nothing() -> None:
    async def main() -> None:
        there = Opened()
        eyes = there.eyes(0.0)
        await eyes.choose(START)
        await passes(4)
        eyes.pin(START + 5)
        await passes(10)
        assert there.opened == [pytest.approx((0.0, 1.0), abs=0.2), pytest.approx((5.0, 7.0), abs=0.2)]

    run(main())


def test_whoever_watches_opens_the_eyes_and_keeps_them_open() -> None:
    async def main() -> None:
        there = Opened()
        eyes = there.eyes(5.0)
        seen = [(await eyes.newer(0.0)).instant]
        for _ in range(3):
            await passes(4.0)
            seen.append((await eyes.newer(seen[-1])).instant)
        assert [round(later - earlier) for earlier, later in itertools.pairwise(seen)] == [4, 4, 4]
        await passes(20)
        assert there.opened == [pytest.approx((0.0, 18.0), abs=0.3)]

    run(main())


def test_eyes_that_never_stay_open_are_kept_open_for_a_while_on_demand() -> None:
    async def main() -> None:
        there = Opened()
        lids = Lids(lambda _looking: None)
        lids.eyes = there.eyes(0.0)
        with lids.kept_open():
            seen = await lids.newer(0.0)
            for _ in range(3):
                assert seen is not None
                await passes(4.0)
                seen = await lids.newer(seen.instant)
        await passes(20)
        assert there.opened == [pytest.approx((0.0, 13.0), abs=0.3)]
        lids.shut()
        with pytest.raises(AskError, match="Paused"), lids.kept_open():
            pass
        assert len(there.opened) == 1

    run(main())


def test_eyes_that_never_stay_open_do_from_one_picture_of_a_burst_to_the_next() -> None:
    async def main() -> None:
        there = Opened()
        eyes = there.eyes(0.0)
        async with eyes.several():
            await eyes.choose(START)
            await passes(2.0)
            assert (await eyes.choose(START + 3)).frame.instant == pytest.approx(START + 3.0)
            await passes(2.0)
            await eyes.choose(START + 5)
        await passes(5)
        assert there.opened == [pytest.approx((0.0, 5.0), abs=0.2)]

    run(main())


def test_the_sign_stays_on_and_the_camera_open_from_one_picture_of_a_burst_to_the_next() -> None:
    room = Room()
    view: Any = room
    eyes = SignedEyes(view, lambda: START, room.switch("sign"), room.switch("camera"))

    async def main() -> None:
        async with eyes.several():
            room.seen.append("several")
            await eyes.choose(START)
            await eyes.choose(START)

    run(main())
    assert room.seen[:3] == ["sign on", "camera on", "several"]
    assert room.seen[-2:] == ["camera off", "sign off"]
    assert room.seen.count("frame") == 2


def test_shut_lids_refuse_a_burst() -> None:
    async def main() -> None:
        lids = Lids(lambda _: None)
        lids.shut()
        with pytest.raises(AskError) as refused:
            async with lids.several():
                pass
        assert refused.value.problem.code is Code.PAUSED

    run(main())


def test_a_press_while_the_eyes_close_opens_them_again() -> None:
    async def main() -> None:
        there = Opened()
        eyes = there.eyes(0.0)
        await eyes.choose(START)
        await passes(0.1)
        assert (await eyes.choose(START + 1.1)).frame.instant > START + 2.0

    run(main())


def test_eyes_that_are_too_late_are_told() -> None:
    async def main() -> None:
        there = Opened(late=0.8)
        with pytest.raises(AskError) as caught:
            await there.eyes(0.0).choose(START)
        assert caught.value.problem.code is Code.NO_PICTURE

    run(main())


def test_eyes_that_must_forget_close() -> None:
    async def main() -> None:
        there = Opened()
        eyes = there.eyes(60.0)
        await eyes.choose(START)
        eyes.forget()
        await passes(1)
        assert there.opened == [pytest.approx((0.0, 1.0), abs=0.2)]

    run(main())


def test_without_a_camera_an_ask_goes_without_a_picture() -> None:
    run(NoEyes().choose(START))


class OneFrame:
    """A camera that gives one frame and then none."""

    contract: ClassVar[int] = CONTRACT
    Config: ClassVar[type[DriverConfig]] = DriverConfig
    kind: ClassVar[Literal["stream"]] = "stream"

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def frames(self) -> AsyncIterator[Frame]:
        yield FRAME
        await asyncio.get_running_loop().create_future()


class Slow(OneFrame):
    """A camera whose first frame takes a second, and which then gives ten a second."""

    async def frames(self) -> AsyncIterator[Frame]:
        wait = 1.0
        while True:
            await passes(wait)
            yield replace(FRAME, instant=asyncio.get_running_loop().time())
            wait = 0.1


def test_shut_lids_let_nothing_be_seen_or_held_and_what_was_is_forgotten() -> None:
    async def main() -> None:
        looking: list[bool] = []
        lids = Lids(looking.append)
        view = View(Camera(driver="clip", options=DriverConfig()), asyncio.get_running_loop().time)
        lids.eyes = RingEyes(view)
        serving = asyncio.create_task(view.serve(OneFrame()))
        assert await lids.pick(START) is FRAME
        lids.pin(START)
        lids.shut()
        with pytest.raises(AskError) as refused:
            await lids.pick(START)
        assert refused.value.problem.code is Code.PAUSED
        lids.open()
        with pytest.raises(AskError) as refused:
            await lids.pick(START)
        assert refused.value.problem.code is Code.NO_PICTURE
        assert looking == [False, True]
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    run(main())


def test_shut_lids_end_a_view_and_refuse_the_next_one() -> None:
    async def main() -> None:
        lids = Lids(lambda _: None)
        view = View(Camera(driver="clip", options=DriverConfig()), asyncio.get_running_loop().time)
        lids.eyes = RingEyes(view)
        serving = asyncio.create_task(view.serve(OneFrame()))
        assert await lids.pick(START) is await lids.newer(0.0) is FRAME
        watching = asyncio.create_task(lids.newer(FRAME.instant))
        await passes(60)
        assert not watching.done()
        lids.shut()
        for refused in (watching, lids.newer(0.0)):
            with pytest.raises(AskError) as raised:
                await refused
            assert raised.value.problem.code is Code.PAUSED
        serving.cancel()
        await asyncio.wait([serving])

    run(main())


def test_nobody_watches_through_a_camera_that_opens_after_its_sign() -> None:
    room = Room()
    view: Any = room
    eyes = SignedEyes(view, lambda: START, room.switch("sign"), room.switch("camera"))
    with pytest.raises(AskError) as refused:
        run(eyes.newer(0.0))
    assert refused.value.problem.code is Code.NO_PICTURE
    assert room.seen == []


def test_shutting_the_lids_breaks_off_a_look_and_closes_its_camera() -> None:
    async def main() -> None:
        room = Room()
        view: Any = room
        lids = Lids(lambda _: None)
        lids.eyes = SignedEyes(view, lambda: START, room.switch("sign"), room.switch("camera"))
        look = asyncio.create_task(lids.pick(START))
        await passes(0.5)
        lids.shut()
        await passes(0.01)
        lids.open()
        lids.shut()  # while the camera is still closing from the first time
        with pytest.raises(AskError) as refused:
            await look
        assert refused.value.problem.code is Code.PAUSED
        assert room.seen[-2:] == ["camera off", "sign off"]
        assert "frame" not in room.seen

    run(main())


def test_who_is_cancelled_while_looking_is_cancelled_even_as_the_lids_shut() -> None:
    async def main() -> None:
        room = Room()
        view: Any = room
        lids = Lids(lambda _: None)
        lids.eyes = SignedEyes(view, lambda: START, room.switch("sign"), room.switch("camera"))
        look = asyncio.create_task(lids.pick(START))
        await passes(0.5)
        look.cancel()
        lids.shut()
        with pytest.raises(asyncio.CancelledError):
            await look

    run(main())
