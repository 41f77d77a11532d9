"""The live picture: the newest frames as they come, as MJPEG (multipart/x-mixed-replace), for whoever aims the camera.

Nobody who watches holds anything up or gets old pictures: a frame is taken when the one before it has left, and of what
is left little waits in the kernel.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import web

from glassd.answer import AskError
from glassd.api.guard import error_response
from glassd.api.slow import keep_little_unsent, written_soon
from glassd.messages.codes import Code

if TYPE_CHECKING:
    from glassd_drivers.contracts import Frame

VIEWERS_LIMIT: Final = 4
"""How many may watch at a time."""
DEFAULT_FPS: Final = 5.0
"""Pictures a second where none are asked for."""
FASTEST_FPS: Final = 30.0
"""The most that may be asked for."""
SLOWEST_FPS: Final = 0.1
FIRST_FRAME_LIMIT_S: Final = 5.0
"""How long the first frame may take to come."""
UNSENT_LIMIT_BYTES: Final = 128 * 1024
"""How much may wait in the kernel to be sent to one viewer."""
BOUNDARY: Final = "glassd-frame"


class Source(Protocol):
    """Where the frames come from."""

    async def newer(self, instant: float) -> Frame | None:
        """Return the newest frame, encoded, once it is newer than an instant; None without a camera; raise AskError."""


def no_camera() -> web.Response:
    """Return the refusal of whoever wants a picture where no camera is configured."""
    return error_response(503, "no camera is configured", code=Code.NO_CAMERA)


class Live:
    """Everybody who watches now."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._viewers: set[asyncio.Task[None]] = set()

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self._viewers)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Answer with frames until the camera is away, or the viewer."""
        if (fps := _fps(request.query.get("fps", ""))) is None:
            return error_response(400, f"fps: a number from {SLOWEST_FPS:g} to {FASTEST_FPS:g}")
        if len(self._viewers) >= VIEWERS_LIMIT:
            return error_response(503, f"{VIEWERS_LIMIT} watch already, as many as may", code=Code.BUSY)
        assert request.task is not None, "a handler runs in one"
        self._viewers.add(request.task)
        try:
            return await self._show(request, 1 / fps)
        finally:
            self._viewers.discard(request.task)

    async def close(self, _app: web.Application) -> None:
        """End every view: the daemon stops, and nobody who watches may hold it."""
        for viewer in self._viewers:
            viewer.cancel()

    async def _show(self, request: web.Request, period: float) -> web.StreamResponse:
        try:
            async with asyncio.timeout(FIRST_FRAME_LIMIT_S):
                frame = await self._source.newer(-math.inf)
        except TimeoutError:
            return error_response(503, f"no frame came within {FIRST_FRAME_LIMIT_S:g} s", code=Code.NO_PICTURE)
        except AskError as error:
            return error_response(503, str(error), code=error.problem.code)
        if frame is None:
            return no_camera()
        response = web.StreamResponse(
            headers={"Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}", "Cache-Control": "no-store"}
        )
        keep_little_unsent(request, UNSENT_LIMIT_BYTES)
        # ConnectionError: the viewer has gone; AskError: the camera has, or is paused
        with contextlib.suppress(ConnectionError, AskError):
            await response.prepare(request)
            await response.write(f"--{BOUNDARY}\r\n".encode())
            await self._send_all(request, response, frame, period)
        return response

    async def _send_all(
        self, request: web.Request, response: web.StreamResponse, frame: Frame | None, period: float
    ) -> None:
        clock = asyncio.get_running_loop().time
        while frame is not None:
            due = clock() + period
            head = f"Content-Type: {frame.media_type}\r\nContent-Length: {len(frame.data)}\r\n\r\n"
            # With the next delimiter: viewers show a picture once they know that it has ended.
            part = b"%b%b\r\n--%b\r\n" % (head.encode(), frame.data, BOUNDARY.encode())
            async with written_soon(request):
                await response.write(part)
            await asyncio.sleep(due - clock())
            frame = await self._source.newer(frame.instant)


def _fps(text: str) -> float | None:
    try:
        fps = float(text) if text else DEFAULT_FPS
    except ValueError:
        return None
    return fps if SLOWEST_FPS <= fps <= FASTEST_FPS else None
