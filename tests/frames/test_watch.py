from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from clips import clips
from glassd.frames.watch import INTERVAL_S, REST_S, SPOILT_LIMIT_FRAMES, SceneWatch
from glassd_drivers.contracts import Frame
from virtual import START, passes, run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

FPS = 10


class Street:
    """A camera at ten frames a second, and whoever glances at its frames: each glance takes a while."""

    def __init__(self, takes: float = 0.01, changes: frozenset[int] = frozenset()) -> None:
        self.takes = takes
        self.changes = changes
        self.trouble: Exception | None = None
        self.begun: list[float] = []
        self.glances: list[float] = []
        self.at_once = 0
        self.told: list[float] = []
        self.watch = SceneWatch(self.newest, self.told.append, self.begin)

    def newest(self) -> Frame | None:
        now = asyncio.get_running_loop().time()
        return Frame(b"", "image/jpeg", 640, 480, START + int((now - START) * FPS) / FPS, "camera")

    def begin(self) -> Callable[[Frame], Awaitable[bool]]:
        self.begun.append(asyncio.get_running_loop().time())
        return self.see

    async def see(self, frame: Frame) -> bool:
        self.at_once += 1
        assert self.at_once == 1
        self.glances.append(frame.instant)
        try:
            await passes(self.takes)
        finally:
            self.at_once -= 1
        if self.trouble is not None:
            raise self.trouble
        return len(self.glances) in self.changes


def test_the_newest_frame_is_glanced_at_twice_a_second_and_a_change_is_told_with_its_instant() -> None:
    async def main() -> None:
        street = Street(changes=frozenset({4}))
        street.watch.keep(watching=True)
        await passes(10)
        assert len(street.glances) == pytest.approx(10 / INTERVAL_S, abs=1)
        assert street.told == [street.glances[3]]
        street.watch.keep(watching=False)

    run(main())


def test_nothing_is_glanced_at_before_and_after_somebody_wants_to_know() -> None:
    async def main() -> None:
        street = Street()
        street.watch.keep(watching=False)
        await passes(5)
        assert len(street.begun) == 0
        street.watch.keep(watching=True)
        street.watch.keep(watching=True)
        await passes(5)
        before = len(street.glances)
        street.watch.keep(watching=False)
        await passes(5)
        assert len(street.glances) == before
        assert len(street.begun) == 1
        street.watch.keep(watching=True)
        await passes(1)
        assert len(street.begun) == 2  # what was seen in the first watch is forgotten
        street.watch.keep(watching=False)

    run(main())


def test_where_a_glance_takes_long_frames_are_passed_over() -> None:
    async def main() -> None:
        street = Street(takes=3.0)
        street.watch.keep(watching=True)
        await passes(35)
        assert len(street.glances) == 10
        street.watch.keep(watching=False)

    run(main())


def test_a_frame_is_glanced_at_once() -> None:
    async def main() -> None:
        street = Street()
        frame = Frame(b"", "image/jpeg", 640, 480, START, "camera")
        watch = SceneWatch(lambda: frame, street.told.append, street.begin)
        watch.keep(watching=True)
        await passes(10)
        assert street.glances == [START]
        watch.keep(watching=False)

    run(main())


def test_frames_that_cannot_be_looked_at_are_told_once_and_tried_again_later(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        street = Street(changes=frozenset({SPOILT_LIMIT_FRAMES + 2}))
        street.trouble = ValueError("cut off")
        street.watch.keep(watching=True)
        await passes(REST_S)
        assert len(street.glances) == SPOILT_LIMIT_FRAMES
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert "cut off" in caplog.text
        street.trouble = None
        await passes(REST_S)
        assert len(street.told) == 1
        street.watch.keep(watching=False)

    run(main())


def test_a_spoilt_frame_now_and_then_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        street = Street()
        street.watch.keep(watching=True)
        for _ in range(2 * SPOILT_LIMIT_FRAMES):
            street.trouble = ValueError("cut off")
            await passes(INTERVAL_S)
            street.trouble = None
            await passes(INTERVAL_S)
        assert len(street.begun) == 1
        assert not caplog.records
        street.watch.keep(watching=False)

    run(main())


def test_a_bug_in_it_is_logged_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        street = Street()
        street.trouble = ZeroDivisionError()
        street.watch.keep(watching=True)
        await passes(1)
        assert "a bug in glassd" in caplog.text
        street.trouble = None
        await passes(REST_S + 1)
        assert len(street.glances) > 1
        street.watch.keep(watching=False)

    run(main())


def test_the_frames_of_a_pan_are_decoded_and_the_frame_that_is_told_is_one_at_rest() -> None:
    clip = next(clip for clip in clips(2) if clip.name == "pan")
    frames = iter(clip.frames(2, START))

    async def main() -> None:
        told: list[float] = []
        over = asyncio.Event()  # waited for without a timer, for the clock jumps to the next one while a thread works

        def newest() -> Frame | None:
            if (frame := next(frames, None)) is None:
                over.set()
            return frame

        watch = SceneWatch(newest, told.append)
        watch.keep(watching=True)
        await over.wait()
        watch.keep(watching=False)
        (begin, end), (instant,) = clip.changes[0], told
        assert begin < instant - START < end

    run(main())
