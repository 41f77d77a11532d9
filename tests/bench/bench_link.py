"""The link's receive path: CPU beside raw reads of the same bytes from a pty, and what packets cost on the line."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import tty
from contextlib import contextmanager
from struct import pack
from typing import TYPE_CHECKING, Final
from zlib import crc32

import cv2
from measure import Ratio, by_turns, photograph

from glassd_drivers.link import packets
from glassd_drivers.link.events import CameraMode, PictureCame
from glassd_drivers.link.host import HostEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS = 9
SESSION: Final = 0x5EED_F00D
PICTURES = 16
PICTURE_BYTES = 1_000_000
READ_BYTES: Final = 65_536
WIDTH, HEIGHT = 2048, 1536

_WRITER = """import os, sys
data = memoryview(open(sys.argv[1], "rb").read())
sys.stdin.readline()
while data:
    data = data[os.write(int(sys.argv[2]), data[:65536]):]
sys.stdin.readline()
"""


def link_receive() -> Iterator[Ratio]:
    """CPU a megabyte of pictures in chunks of 4 KB, from a pty: decoded, checked, put together."""
    with tempfile.NamedTemporaryFile() as file:
        stream = _stream(_jpeg(), 4096)
        file.write(stream)
        file.flush()
        megabytes = PICTURES * PICTURE_BYTES / 1e6
        ours, raw = by_turns(
            ROUNDS, lambda: _from_pty(file.name, len(stream), _link), lambda: _from_pty(file.name, len(stream), _raw)
        )
    yield Ratio(
        "link, CPU a MB in 4 KB chunks over a pty, beside raw os.read",
        *(ours * 1000 / megabytes, raw * 1000 / megabytes, "ms"),
        must=3,
        aim=2,
    )


def link_overhead() -> Iterator[Ratio]:
    """Bytes on the line for each byte of a JPEG, in chunks of 1 KB; beside the JPEG alone."""
    data = _jpeg()
    size = sum(len(each) for each in _chunks(data, 1024, 0))
    yield Ratio("link, bytes on the line in 1 KB chunks, beside the JPEG", size, len(data), "B", must=1.02, aim=1.01)


def _jpeg() -> bytes:
    """Return a photograph's JPEG, cut to the size that each picture here has."""
    noisy = cv2.imencode(".jpg", photograph(WIDTH, HEIGHT), [cv2.IMWRITE_JPEG_QUALITY, 97])[1].tobytes()
    return bytes(noisy * (PICTURE_BYTES // len(noisy) + 1))[:PICTURE_BYTES]


def _chunks(data: bytes, size: int, picture: int) -> Iterator[bytes]:
    seed = packets.seed_of(SESSION)
    for place in range(-(-len(data) // size)):
        body = bytes((place & 0xFF,)) + data[place * size : (place + 1) * size]
        yield packets.seal(packets.CHUNK + picture, body, seed)


def _stream(data: bytes, size: int) -> bytes:
    """Return what a device sends in a session that is asked for a stream: pictures, and what acknowledges the host."""
    seed = packets.seed_of(SESSION)
    out = []
    for number in range(PICTURES):
        begin = pack("<BBBIHHHBI", 0x81, number, 1, len(data), size, WIDTH, HEIGHT, 1, 0)
        out.append(packets.seal(packets.CONTROL, bytes((2 * number,)) + begin, seed))
        out += _chunks(data, size, number)
        end = pack("<BBI", 0x82, number, crc32(data))
        out.append(packets.seal(packets.CONTROL, bytes((2 * number + 1,)) + end, seed))
        out.append(packets.seal(packets.ACK, bytes((0, 0, number + 1)), seed))
    return b"".join(out)


def _link(fd: int, total: int) -> None:
    """Read as a transport does: what came, what is to be written, what happened, when it is needed next."""
    end = HostEnd(lambda: SESSION, rate=None)
    now = time.monotonic()
    end.start(now)
    end.camera(CameraMode.STREAM)
    camera = b"\x07\x05" + pack("<BHH", 3, 4096, 0)
    end.receive(packets.seal(packets.WELCOME, pack("<BII", 1, SESSION, 1) + camera), now)
    while end.outgoing(now):
        """The stream is asked for."""
    came = 0
    while total:
        data = os.read(fd, READ_BYTES)
        total -= len(data)
        now = time.monotonic()
        end.receive(data, now)
        while end.outgoing(now):
            """What it says, nobody reads here."""
        came += sum(isinstance(event, PictureCame) for event in end.events())
        end.due()
    if came != PICTURES or end.bad:
        raise ValueError(f"{came} of {PICTURES} pictures came, {end.bad} packets were bad")


def _raw(fd: int, total: int) -> None:
    while total:
        total -= len(os.read(fd, READ_BYTES))


def _from_pty(path: str, total: int, read: Callable[[int, int], None]) -> float:
    """Return the CPU seconds of this process for the reading of a file that another one writes into a pty."""
    with _pty_writer(path) as fd:
        before = time.process_time()
        read(fd, total)
        return time.process_time() - before


@contextmanager
def _pty_writer(path: str) -> Iterator[int]:
    far, near = os.openpty()
    try:
        tty.setraw(near)
        command = [sys.executable, "-S", "-c", _WRITER, path, str(far)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[far]) as writer:
            assert writer.stdin is not None
            writer.stdin.write(b"\n")
            writer.stdin.flush()
            yield near
    finally:
        os.close(far)
        os.close(near)
