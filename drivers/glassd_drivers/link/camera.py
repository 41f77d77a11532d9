"""The device's camera (docs/link.md, section 7): what is asked of it, and the one picture that is on the line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from glassd_drivers.link import messages, pictures
from glassd_drivers.link.events import CameraMode, Event, Failure, PictureCame, PictureFailed
from glassd_drivers.link.messages import End, Failed, Picture
from glassd_drivers.link.packets import CHECK, CHUNK

if TYPE_CHECKING:
    from glassd_drivers.link.clock import Clock
    from glassd_drivers.link.line import Line


_DEVICES_REASONS: Final = {Failure.NO_CAMERA, Failure.NO_MEMORY, Failure.NO_SUCH_SIZE, Failure.CAMERA_FAILED}
_CHUNK_FRAME: Final = 8
"""Bytes on the line that a chunk has besides its data, or a few more."""


class _Request(NamedTuple):
    number: int
    mode: CameraMode
    size: tuple[int, int]
    quality: int
    interval: float


class Requests:
    """Numbers the requests, and knows the latest: it takes the place of those before."""

    def __init__(self) -> None:
        self.latest: _Request | None = None
        self._number = 0

    def ask(self, mode: CameraMode, size: tuple[int, int], quality: int, interval: float) -> int:
        """Have a request, and return its number, 1 to 255."""
        self._number = self._number % 0xFF + 1
        self.latest = _Request(self._number, mode, size, quality, interval)
        return self._number


class CameraEnd:
    """Takes the pictures that were asked for, and refuses all others.

    `events` are for the user, `results` are the messages DONE for the device; both are taken out by the session.
    """

    def __init__(self, limit: int, clock: Clock, line: Line, events: list[Event]) -> None:
        """Take pictures of at most `limit` bytes."""
        self.on_line: pictures.Assembly | None = None
        self.results: list[bytes] = []
        self._limit = limit
        self._clock = clock
        self._line = line
        self._events = events
        self._request: _Request | None = None
        self._satisfied = False

    def request(self, request: _Request, chunk: int) -> bytes:
        """Return the message CAMERA for this request, with chunks of that size."""
        if self._request != request:
            self._request, self._satisfied = request, False
            self.drop()
        return messages.camera(
            request.number, request.mode, request.size, request.quality, chunk=chunk, interval=request.interval
        )

    @property
    def streaming(self) -> bool:
        """Whether a stream was asked for."""
        return self._request is not None and self._request.mode is CameraMode.STREAM

    @property
    def busy(self) -> bool:
        """Whether pictures are to come."""
        return self._request is not None and self._wants(self._request.number)

    def drop(self) -> None:
        """Have the picture on the line dropped, for another one in its place."""
        if self.on_line is not None:
            self._finish(pictures.NOT_WANTED)

    def control(self, says: bytes | bytearray, now: float) -> None:
        """Take a message of the device's."""
        match messages.read_control(says):
            case Picture() as claim:
                self._begin(claim, now)
            case End(picture, check):
                if self.on_line is not None and self.on_line.claim.picture == picture:
                    self.on_line.end(check, now)
                    self._settle(now)
            case Failed(request, reason):
                self._failed(request, reason)
            case None:
                pass  # of a later version

    def _begin(self, claim: Picture, now: float) -> None:
        if self.on_line is not None:
            self._lose(Failure.LOST)
        if not self._wants(claim.request):
            self.results.append(messages.done(claim.picture, pictures.NOT_WANTED))
        elif (result := pictures.refusal(claim, self._limit)) is not None:
            self.results.append(messages.done(claim.picture, result))
            too_large = result == pictures.TOO_LARGE
            self._over(claim.request, Failure.TOO_LARGE if too_large else Failure.NOT_UNDERSTOOD)
        else:
            self.on_line = pictures.Assembly(claim, self._hole_wait(claim), now)

    def _hole_wait(self, claim: Picture) -> float:
        return pictures.HOLE_WAIT_S + self._line.seconds(3 * (claim.chunk + _CHUNK_FRAME))

    def _wants(self, request: int) -> bool:
        wanted = self._request
        return wanted is not None and wanted.number == request and wanted.mode != CameraMode.OFF and not self._satisfied

    def _failed(self, request: int, reason: int) -> None:
        if self.on_line is not None and self.on_line.claim.request == request:
            self.on_line = None
        if self._wants(request):
            self._over(request, Failure(reason) if reason in _DEVICES_REASONS else Failure.OTHER)

    def chunk(self, packet: bytearray, now: float) -> None:
        """Take a packet CHUNK."""
        picture = self.on_line
        if picture is None or picture.claim.picture != packet[0] - CHUNK or len(packet) <= 2 + CHECK:
            return
        index = packet[1]
        del packet[-CHECK:]
        del packet[:2]
        picture.add(index, packet, now)
        if picture.whole:
            self._settle(now)

    def tick(self, now: float) -> None:
        """See to a picture that has holes or has fallen silent."""
        picture = self.on_line
        if picture is None:
            return
        picture.wait = self._hole_wait(picture.claim)
        if picture.silent(now):
            self._finish(pictures.NOT_WANTED)
            self._over(picture.claim.request, Failure.SILENT)
        else:
            picture.tick(now)

    def _settle(self, now: float) -> None:
        """Give the picture on the line to the user, if it is whole."""
        picture = self.on_line
        if picture is None or not picture.whole:
            return
        claim, data = picture.claim, picture.data()
        if data is None:
            self._finish(pictures.WRONG_CHECK)
            self._over(claim.request, Failure.WRONG_CHECK)
            return
        self._finish(pictures.TAKEN_WELL)
        instant = self._clock.instant(claim.time, now)
        self._events.append(PictureCame(claim.request, data, claim.width, claim.height, instant))
        self._satisfied = not self.streaming

    def _finish(self, result: int) -> None:
        """The picture on the line is over, and the device may forget it."""
        assert self.on_line is not None
        self.results.append(messages.done(self.on_line.claim.picture, result))
        self.on_line = None

    def _lose(self, why: Failure) -> None:
        """The device has forgotten the picture on the line."""
        assert self.on_line is not None
        request, self.on_line = self.on_line.claim.request, None
        self._over(request, why)

    def _over(self, request: int, why: Failure) -> None:
        self._events.append(PictureFailed(request, why))
        self._satisfied = not self.streaming
