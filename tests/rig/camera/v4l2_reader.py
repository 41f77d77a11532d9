"""Reads a camera through Video4Linux and tells of each picture: a program for the guest, the standard library alone.

    v4l2_reader.py DEVICE FOURCC WIDTH HEIGHT COUNT

For each picture there is a line of JSON: its number as the driver counts, the kernel's stamp and the instant of reading
(both CLOCK_MONOTONIC), its length, the SHA-256 of its bytes, and whether the driver calls it broken. It ends when COUNT
have come, or with the error that ended the stream on standard error.
"""

import fcntl
import hashlib
import json
import mmap
import os
import select
import struct
import sys
import time
from typing import Any

BUFFERS = 8
CAPTURE, MAPPED = 1, 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_MEMORY_MMAP
BROKEN = 0x40  # V4L2_BUF_FLAG_ERROR

# linux/videodev2.h, for 64 bit.
FORMAT = struct.Struct("=I4x2I4s188x")  # type; width, height, pixelformat
REQUEST = struct.Struct("=3I8x")  # count, type, memory
BUFFER = struct.Struct("=4I8x2q16x2I2Q8x")  # index, type, bytesused, flags; stamp; sequence, memory; offset; length


def request(direction: int, number: int, size: int) -> int:
    return direction << 30 | size << 16 | ord("V") << 8 | number


S_FMT = request(3, 5, FORMAT.size)
REQBUFS = request(3, 8, REQUEST.size)
QUERYBUF = request(3, 9, BUFFER.size)
QBUF = request(3, 15, BUFFER.size)
DQBUF = request(3, 17, BUFFER.size)
STREAMON = request(1, 18, 4)


def ask(fd: int, number: int, layout: struct.Struct, *values: int | bytes) -> tuple[Any, ...]:
    """Make a request and return what the driver made of its argument."""
    argument = bytearray(layout.pack(*values))
    fcntl.ioctl(fd, number, argument)
    return layout.unpack(argument)


def buffer(fd: int, number: int, index: int = 0) -> tuple[Any, ...]:
    return ask(fd, number, BUFFER, index, CAPTURE, 0, 0, 0, 0, 0, MAPPED, 0, 0)


def main(device: str, fourcc: str, width: int, height: int, count: int) -> None:
    fd = os.open(device, os.O_RDWR)
    got = ask(fd, S_FMT, FORMAT, CAPTURE, width, height, fourcc.encode())
    assert got[1:] == (width, height, fourcc.encode()), f"the driver gives {got[1:]}"
    (buffers, *_) = ask(fd, REQBUFS, REQUEST, BUFFERS, CAPTURE, MAPPED)
    maps = []
    for index in range(buffers):
        *_, offset, length = buffer(fd, QUERYBUF, index)
        maps.append(mmap.mmap(fd, length & 0xFFFF_FFFF, offset=offset))
        buffer(fd, QBUF, index)
    fcntl.ioctl(fd, STREAMON, struct.pack("=i", CAPTURE))
    for _ in range(count):
        select.select([fd], [], [])
        index, _, used, flags, seconds, microseconds, sequence, *_ = buffer(fd, DQBUF)
        read = time.monotonic()
        told = {
            "sequence": sequence,
            "stamp": seconds + microseconds / 1e6,
            "read": read,
            "bytes": used,
            "sha256": hashlib.sha256(maps[index][:used]).hexdigest(),
            "broken": bool(flags & BROKEN),
        }
        buffer(fd, QBUF, index)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]))
