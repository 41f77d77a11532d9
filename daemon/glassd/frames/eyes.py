"""The daemon's eyes: when the camera looks, and that the wearer is shown it.

`capture: ring` looks all the time and the displays say so. `capture: after_sign` keeps the camera closed, and for one
picture shows the sign, opens it, and closes it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from glassd.frames.view import View
    from glassd_drivers.contracts import Frame


class RingEyes:
    """Eyes that are open all the time."""

    def __init__(self, view: View) -> None:
        self._view = view

    def pin(self, instant: float) -> None:
        """Hold the frame of an instant."""
        self._view.pin(instant)

    def unpin(self, instant: float) -> None:
        """Let go of it."""
        self._view.unpin(instant)

    async def pick(self, instant: float) -> Frame:
        """Return the frame that was in view; raise AskError if there is none."""
        return await self._view.pick(instant)


class SignedEyes:
    """Eyes that open for one picture, after the sign: `sign` shows it while entered, `camera` opens the camera."""

    def __init__(
        self,
        view: View,
        clock: Callable[[], float],
        sign: Callable[[], AbstractAsyncContextManager[None]],
        camera: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        self._view = view
        self._clock = clock
        self._sign = sign
        self._camera = camera

    def pin(self, instant: float) -> None:
        """Nothing was seen at the instant, so there is nothing to hold."""

    def unpin(self, instant: float) -> None:
        """There is nothing to let go of."""

    async def pick(self, _instant: float) -> Frame:
        """Return the first frame after the sign is shown; raise AskError if there is none."""
        async with self._sign(), self._camera():
            return await self._view.first_after(self._clock())


class NoEyes:
    """No camera is configured: every ask goes without a picture."""

    def pin(self, instant: float) -> None:
        """There is nothing to hold."""

    def unpin(self, instant: float) -> None:
        """There is nothing to let go of."""

    async def pick(self, _instant: float) -> None:
        """Return no frame."""


Eyes = RingEyes | SignedEyes | NoEyes
"""What the runner and the API look through."""
