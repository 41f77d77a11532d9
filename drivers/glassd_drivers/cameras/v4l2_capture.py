"""Frames out of a Video4Linux node: the format is agreed upon, buffers are shared with the kernel, and taken in turn.

    given = negotiate(fd, facts, wanted=("MJPG", "YUYV"), size=Size(1280, 720), fps=30)
    capture = Capture(fd)
    capture.start()
    while (taken := capture.take()) is not None: ...     # whenever the descriptor is readable; never waits
    capture.stop()

Every function takes an open file descriptor in non-blocking mode and raises OSError. All of them but `take` may
block for seconds on a device that does not answer.
Source: linux/videodev2.h and the kernel's V4L2 documentation, "Streaming I/O (Memory Mapping)".
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import struct
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from glassd_drivers import ioctls
from glassd_drivers.cameras import v4l2
from glassd_drivers.units import Size

if TYPE_CHECKING:
    from collections.abc import Sequence

BUFFERS = 4
"""How many frames the kernel may have ready before it drops some: at 30 a second they bridge 130 ms of a busy board."""

_PIX_FORMAT = struct.Struct("=12I")  # width, height, pixel format, field, bytes per line, size of an image, colours …
_UNION_AT = struct.calcsize("@I0l")  # in struct v4l2_format, one of whose kinds holds pointers
_FORMAT_SIZE = _UNION_AT + 200
_STREAM_PARAMETERS = struct.Struct("=I4I184x")  # type; capability, mode, time per frame as a fraction; up to 204 bytes
_REQUEST_BUFFERS = struct.Struct("=5I")  # count, type, memory, capabilities, flags and reserved[3]
_BUFFER = struct.Struct("@5I2l2I8B2IL3I0l")
"""index, type, bytes used, flags, field; timestamp; timecode; sequence, memory; offset; length, reserved2, request."""
_OFFSET, _LENGTH = 19, 20
_USED = struct.Struct("@8x2I4x2l")
"""Of a taken buffer: bytes used, flags, seconds and microseconds."""

_S_FMT = ioctls.exchange_request("V", 5, _FORMAT_SIZE)
_REQBUFS = ioctls.exchange_request("V", 8, _REQUEST_BUFFERS.size)
_QUERYBUF = ioctls.exchange_request("V", 9, _BUFFER.size)
_QBUF = ioctls.exchange_request("V", 15, _BUFFER.size)
_DQBUF = ioctls.exchange_request("V", 17, _BUFFER.size)
_STREAMON = ioctls.write_request("V", 18, 4)
_STREAMOFF = ioctls.write_request("V", 19, 4)
_S_PARM = ioctls.exchange_request("V", 22, _STREAM_PARAMETERS.size)

_VIDEO_CAPTURE = 1  # enum v4l2_buf_type
_MEMORY_MMAP = 1
_FIELD_ANY = 0
_FLAG_ERROR = 0x0040
_TIMESTAMP_MASK = 0xE000
_TIMESTAMP_MONOTONIC = 0x2000


class NoFormat(OSError):
    """The node offers none of the formats that were wanted; `offered` are those that it does."""

    def __init__(self, offered: tuple[str, ...]) -> None:
        super().__init__(errno.EINVAL, f"offers only {', '.join(offered) or 'nothing'}")
        self.offered = offered


class Given(Struct, frozen=True):
    """What a camera was brought to: a format by its four characters, a size, and the bytes from one row to the next.

    `bytes_per_line` means something for raw formats alone.
    """

    fourcc: str
    size: Size
    bytes_per_line: int


class Taken(NamedTuple):
    """The bytes of one frame, and the kernel's stamp: CLOCK_MONOTONIC seconds, None where it uses another clock."""

    data: bytes
    stamp: float | None


def negotiate(fd: int, facts: v4l2.NodeFacts, wanted: Sequence[str], size: Size, fps: int) -> Given:
    """Set the first format of `wanted` that the node offers, and the nearest size and rate that it has with that.

    Raises NoFormat where it offers none of them.
    """
    offered = tuple(offer.fourcc for offer in v4l2.formats(fd, facts))
    fourcc = next((name for name in wanted if name in offered), None)
    if fourcc is None:
        raise NoFormat(offered)
    pixel_format = int.from_bytes(fourcc.encode(), "little")
    question = struct.pack("=I", _VIDEO_CAPTURE).ljust(_UNION_AT, b"\0")
    question += _PIX_FORMAT.pack(*size, pixel_format, _FIELD_ANY, *[0] * 8)
    answer = ioctls.ask(fd, _S_FMT, question.ljust(_FORMAT_SIZE, b"\0"))
    width, height, pixel_format, _, bytes_per_line, *_ = _PIX_FORMAT.unpack_from(answer, _UNION_AT)
    with contextlib.suppress(OSError):  # a camera that has but one rate
        ioctls.ask(fd, _S_PARM, _STREAM_PARAMETERS.pack(_VIDEO_CAPTURE, 0, 0, 1, fps))
    return Given(pixel_format.to_bytes(4, "little").decode(errors="replace"), Size(width, height), bytes_per_line)


class Capture:
    """The stream of a node whose format has been agreed upon. The descriptor stays the caller's to close."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._maps: list[mmap.mmap] = []
        self._buffer = bytearray(_BUFFER.size)

    def start(self) -> None:
        """Share buffers with the kernel and have it fill them."""
        request = _REQUEST_BUFFERS.pack(BUFFERS, _VIDEO_CAPTURE, _MEMORY_MMAP, 0, 0)
        count, *_ = _REQUEST_BUFFERS.unpack(ioctls.ask(self._fd, _REQBUFS, request))
        for index in range(count):
            buffer = ioctls.ask(self._fd, _QUERYBUF, _empty_buffer(index))
            fields = _BUFFER.unpack(buffer)
            self._maps.append(mmap.mmap(self._fd, fields[_LENGTH], prot=mmap.PROT_READ, offset=fields[_OFFSET]))
            ioctls.ask(self._fd, _QBUF, buffer)
        ioctls.ask(self._fd, _STREAMON, struct.pack("=i", _VIDEO_CAPTURE))
        self._buffer[:] = _empty_buffer(0)

    def take(self) -> Taken | None:
        """Return the oldest frame that the kernel has ready, b"" for a damaged one, None where none is ready."""
        try:
            ioctls.exchange(self._fd, _DQBUF, self._buffer)
        except BlockingIOError:
            return None
        used, flags, seconds, microseconds = _USED.unpack_from(self._buffer)
        data = b"" if flags & _FLAG_ERROR else self._maps[self._buffer[0]][:used]
        ioctls.exchange(self._fd, _QBUF, self._buffer)
        monotonic = flags & _TIMESTAMP_MASK == _TIMESTAMP_MONOTONIC
        return Taken(data, seconds + microseconds / 1e6 if monotonic else None)

    def stop(self) -> None:
        """End the stream and give the buffers back; whatever state it is in."""
        with contextlib.suppress(OSError):  # a device that is gone has nothing left to stop
            ioctls.ask(self._fd, _STREAMOFF, struct.pack("=i", _VIDEO_CAPTURE))
        for shared in self._maps:
            shared.close()
        self._maps.clear()


def _empty_buffer(index: int) -> bytes:
    return _BUFFER.pack(index, _VIDEO_CAPTURE, *[0] * 16, _MEMORY_MMAP, *[0] * 4)
