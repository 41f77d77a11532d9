"""The host end of one line's life: bytes and time in, bytes and events out. Nothing here does I/O or has a clock.

A transport drives it: `start` once the line is open, `receive` with what came, `tick` when `due` says so; after each of
these and after each wish (`show`, `camera`) it writes what `outgoing` gives until that is empty, and reads `events`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from glassd_drivers.link.events import CameraMode, EdgesHad, Event

BASE_RATE: Final = 115_200
"""Baud that every line begins with."""
PICTURE_LIMIT: Final = 8 * 1024 * 1024
"""Bytes of the largest picture that is taken, where no other limit is given."""


class LinkScreen(Protocol):
    """What `show` reads of a screen: `contracts.Screen` has it."""

    @property
    def lines(self) -> Sequence[str]: ...
    @property
    def page(self) -> int: ...
    @property
    def pages(self) -> int: ...
    @property
    def mark(self) -> str: ...
    @property
    def camera(self) -> bool: ...


class HostEnd:
    """One life of the line, from `start` to Dead or Incompatible; whatever comes from the far end, nothing is raised.

    All times are CLOCK_MONOTONIC seconds, handed in. What it holds is bounded, whatever the far end sends.
    """

    def __init__(
        self,
        sessions: Callable[[], int],
        rates: Sequence[int] = (),
        *,
        rate: int | None = BASE_RATE,
        picture_limit: int = PICTURE_LIMIT,
        had: EdgesHad | None = None,
    ) -> None:
        """Be the end of a line that has just been opened.

        `sessions` makes up session numbers, u32 and not 0. `rate` is the baud that the line has now, None for one
        that has none (TCP, a pipe); `rates` are those that it may go up to. A picture over `picture_limit` bytes is
        refused. `had` is what the life before this left in its `had`.
        """
        self.had = had

    def start(self, now: float) -> None:
        """Greet: the line is open."""

    def receive(self, data: bytes, now: float) -> None:
        """Take what came on the line, however it is split."""

    def tick(self, now: float) -> None:
        """Do what is due."""

    def due(self) -> float:
        """Return when `tick`, and `outgoing` after it, are needed next; infinity for never."""

    def outgoing(self, now: float) -> bytes:
        """Return the next packet for the line, made at this moment; b"" if there is none before `due`.

        On a line with a rate, it is given out a few milliseconds ahead at most of what the line can carry.
        """

    def events(self) -> list[Event]:
        """Return what has happened since the last call."""

    def show(self, screen: LinkScreen) -> int:
        """Have a screen shown, and return its number. One that is not yet on its way is replaced by a newer one."""

    def camera(self, mode: CameraMode, width: int = 0, height: int = 0, quality: int = 0, interval: float = 0.0) -> int:
        """Ask the camera for a still or a stream or to stop; return the request's number.

        Width and height are pixels, quality is 1 to 100, 0 for the device's choice; `interval` is seconds from one
        picture of a stream to the next at least. It takes the place of the request before.
        """

    def bye(self, now: float) -> None:
        """End the session: what is left in `outgoing` tells the device. Dead follows at once."""
