"""Screens as JSON lines, for other programs to show, and as the recording that a test or a bug report takes.

    {"at":12.031,"lines":["A green","door."],"page":1,"pages":1,"mark":"done","camera":false,"warning":false,…}

One object a line, the newest last; `at` is CLOCK_MONOTONIC seconds. A file grows to its limit, then becomes FILE.1 in
place of an older one, and a new one begins.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import sys
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec
from pydantic import Field

from glassd_drivers.contracts import CONTRACT, Context, DriverConfig, PermanentFault, Screen, TransientFault
from glassd_drivers.displays.on_thread import ThreadDisplay
from glassd_drivers.displays.profiles import PLAIN
from glassd_drivers.displays.text import printable
from glassd_drivers.settable import SETTABLE
from glassd_drivers.units import ByteCount

WRITE_LIMIT_S = 5.0
"""How long a reader that stands still is waited for; past that the screens are offered anew."""
LINE_LIMIT_BYTES = 4 << 20
"""Of one screen as JSON; a whole page of the largest profile has less."""

_STDOUT = 1


class JsonConfig(DriverConfig):
    """Where the lines go."""

    path: Path | None = None
    """A file, which is made and appended to, or a fifo that is there; the standard output where absent."""
    limit: Annotated[Annotated[ByteCount, Field(ge=64 << 10, le=1 << 30)], SETTABLE] = 16 << 20
    """How large a file grows before it becomes FILE.1 and a new one begins."""


class JsonDisplay(ThreadDisplay):
    """Screens as JSON lines, to standard output, a file or a fifo: for other programs, and to record."""

    contract: ClassVar[int] = CONTRACT
    profile: ClassVar[str] = PLAIN.name
    Config = JsonConfig

    def __init__(self, config: JsonConfig, context: Context) -> None:
        super().__init__(f"{context.name} json", PLAIN)
        self._path = config.path
        self._limit = config.limit
        self._clock = context.clock
        self._where = "standard output" if config.path is None else str(config.path)
        self._fd = -1
        self._is_file = False

    # On the driver's thread from here on.

    def _open(self) -> None:
        """Open the file; wait for nobody who reads."""
        try:
            if self._path is None:
                self._fd = os.dup(-1 if sys.__stdout__ is None else _STDOUT)
            else:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
                self._fd = os.open(self._path, flags, 0o600)
        except OSError as error:
            raise self._cannot_open(error) from error
        self._is_file = self._path is not None and stat.S_ISREG(os.fstat(self._fd).st_mode)
        self._demand_a_reader()

    def _cannot_open(self, error: OSError) -> TransientFault | PermanentFault:
        if error.errno == errno.ENXIO:  # fifo(7)
            return TransientFault(f"{self._where} is read by nobody: start the program that reads it")
        return PermanentFault(f"{self._where} cannot be opened: {error.strerror}; correct `path`")

    def _show(self, screen: Screen) -> None:
        self._write(_line(screen, self._clock()))

    def _check(self) -> None:
        self._demand_a_reader()

    def _demand_a_reader(self) -> None:
        poll = select.poll()
        poll.register(self._fd, 0)
        if poll.poll(0):  # an error or a hang-up is told without being asked for
            raise TransientFault(f"{self._where} is read by nobody any more")

    def _write(self, data: bytes) -> None:
        if self._is_file:
            self._turn_over(len(data))
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                poll = select.poll()
                poll.register(self._fd, select.POLLOUT)
                if not poll.poll(WRITE_LIMIT_S * 1000):
                    raise TransientFault(f"{self._where}: nothing was read for {WRITE_LIMIT_S:g} s") from None
            except OSError as error:
                raise TransientFault(f"{self._where} was lost: {error.strerror}") from error

    def _turn_over(self, more: int) -> None:
        """Begin a new file where this one would grow past its limit."""
        assert self._path is not None, "a file has a path"
        if os.fstat(self._fd).st_size + more <= self._limit:
            return
        try:
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        except OSError as error:
            raise TransientFault(f"{self._where} is full and cannot be put aside: {error.strerror}") from error
        os.close(self._fd)
        self._fd = -1
        self._open()

    def _release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _line(screen: Screen, at: float) -> bytes:
    values = {
        "at": round(at, 6),
        "lines": [printable(line) for line in screen.lines],
        "page": screen.page,
        "pages": screen.pages,
        "mark": screen.mark.value,
        "camera": screen.camera,
        "warning": screen.warning,
        "signs": [sign.value for sign in screen.signs],
        "must_show": screen.must_show,
    }
    return msgspec.json.encode(values)[:LINE_LIMIT_BYTES] + b"\n"
