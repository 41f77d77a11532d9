from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from glassd.frames.eyes import NoEyes, SignedEyes
from glassd_drivers.contracts import Frame
from virtual import START, run

if TYPE_CHECKING:
    from collections.abc import Iterator

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
                self._on.__exit__(None, None, None)

        return Switch

    async def first_after(self, _instant: float) -> Frame:
        self.seen.append("frame")
        return FRAME


def test_the_sign_is_on_before_the_camera_opens_and_until_it_is_closed() -> None:
    room = Room()
    view: Any = room
    eyes = SignedEyes(view, lambda: START, room.switch("sign"), room.switch("camera"))
    assert run(eyes.pick(START)) is FRAME
    assert room.seen == ["sign on", "camera on", "frame", "camera off", "sign off"]


def test_without_a_camera_an_ask_goes_without_a_picture() -> None:
    run(NoEyes().pick(START))
