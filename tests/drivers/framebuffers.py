"""A framebuffer without a screen: a file for its pixels, and answers to the requests that the kernel answers."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np

from glassd_drivers import ioctls
from glassd_drivers.displays import fb_node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Fields = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]
"""Offset and length in bits of red, green, blue and alpha."""

XRGB: Fields = ((16, 8), (8, 8), (0, 8), (24, 0))
FORMATS: dict[str, tuple[int, Fields]] = {
    "rgb565": (16, ((11, 5), (5, 6), (0, 5), (0, 0))),
    "bgr565": (16, ((0, 5), (5, 6), (11, 5), (0, 0))),
    "argb1555": (16, ((10, 5), (5, 5), (0, 5), (15, 1))),
    "rgb888": (24, ((16, 8), (8, 8), (0, 8), (0, 0))),
    "bgr888": (24, ((0, 8), (8, 8), (16, 8), (0, 0))),
    "xrgb8888": (32, XRGB),
    "bgra8888": (32, ((8, 8), (16, 8), (24, 8), (0, 8))),
    "rgb101010": (32, ((20, 10), (10, 10), (0, 10), (30, 2))),
}
UNTOUCHED = 0xA5
"""What every byte of the memory is before anybody draws."""


@dataclass
class Panel:
    """What it says of itself, and its memory. `across` and `down` are where in the memory the view begins."""

    path: Path
    width: int = 480
    height: int = 640
    bits: int = 32
    fields: Fields = XRGB
    padding: int = 64
    across: int = 0
    down: int = 0
    visual: int = fb_node.TRUE_COLOUR

    def __post_init__(self) -> None:
        self.path.write_bytes(bytes([UNTOUCHED]) * self.memory)

    @property
    def line_length(self) -> int:
        return (self.across + self.width) * self.bits // 8 + self.padding

    @property
    def memory(self) -> int:
        return (self.down + self.height + 1) * self.line_length

    def answer(self, request: int) -> bytes:
        if request == fb_node.GET_VARIABLE:
            colours = [value for offset, length in self.fields for value in (offset, length, 0)]
            words = [self.width, self.height, self.width, self.height, self.across, self.down, self.bits, 0, *colours]
            return fb_node.VARIABLE.pack(*words, *[0] * (40 - len(words)))
        if request == fb_node.GET_FIXED:
            kind = fb_node.PACKED_PIXELS
            return fb_node.FIXED.pack(
                b"panel", 0, self.memory, kind, 0, self.visual, 0, 0, 0, self.line_length, 0, 0, 0, 0, 0, 0
            )
        raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")

    def colours(self) -> Any:
        """Red, green and blue of each pixel in view, from 0 to 255."""
        size = self.bits // 8
        rows = np.frombuffer(self.path.read_bytes(), np.uint8).reshape(-1, self.line_length)
        view = rows[self.down : self.down + self.height, self.across * size : (self.across + self.width) * size]
        pixels = view.reshape(self.height, self.width, size).astype(np.uint64)
        words = sum(pixels[:, :, at] << np.uint64(8 * at) for at in range(size))
        shares = [
            ((words >> np.uint64(at)) & np.uint64((1 << bits) - 1)) / ((1 << bits) - 1) for at, bits in self.fields[:3]
        ]
        return np.dstack(shares) * 255

    def outside(self) -> bytes:
        """The bytes of the memory that are not in view."""
        size = self.bits // 8
        rows = np.frombuffer(self.path.read_bytes(), np.uint8).reshape(-1, self.line_length).copy()
        beyond = np.ones(rows.shape, bool)
        beyond[self.down : self.down + self.height, self.across * size : (self.across + self.width) * size] = False
        return bytes(rows[beyond])


@contextmanager
def plugged_in(panel: Panel) -> Iterator[None]:
    """Have the requests to the file of a panel answered as a framebuffer's driver answers them; all others go on."""
    ask, set_value = ioctls.ask, ioctls.set_value

    def is_panel(fd: int) -> bool:
        there, here = os.fstat(fd), panel.path.stat() if panel.path.exists() else None
        return here is not None and (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def answers(fd: int, request: int, data: bytes) -> bytes:
        return panel.answer(request) if is_panel(fd) else ask(fd, request, data)

    def takes(fd: int, request: int, value: int) -> None:
        if not is_panel(fd):
            set_value(fd, request, value)

    with mock.patch.object(ioctls, "ask", answers), mock.patch.object(ioctls, "set_value", takes):
        yield
