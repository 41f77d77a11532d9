"""A serial line's far end: what comes is recorded with its time, and bytes can be sent."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_S = 20.0
"""Seconds that a wait takes where it is not told otherwise: the guest's processor is an emulated one."""
_READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that came together, and when, in this machine's monotonic seconds."""

    at: float
    data: bytes


class Line:
    """One end of a line; all that comes is kept."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._data = bytearray()
        self._times: list[tuple[int, float]] = []  # how many bytes there were, and since when
        self._ended = False
        self._changed = threading.Condition(threading.RLock())
        self._thread = threading.Thread(target=self._read, name="line", daemon=True)
        self._thread.start()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def received(self) -> bytes:
        """Return all that came until now."""
        with self._changed:
            return bytes(self._data)

    def pieces(self) -> list[Piece]:
        """Return all that came until now, piece by piece."""
        with self._changed:
            starts = [0, *(length for length, _ in self._times)]
            return [
                Piece(at, bytes(self._data[start:end])) for start, (end, at) in zip(starts, self._times, strict=False)
            ]

    def text(self) -> str:
        """Return all that came until now as text."""
        return self.received().decode(errors="replace")

    def wait_for(self, ready: Callable[[], bool], limit_s: float = LIMIT_S) -> bool:
        """Wait until something is so of what came, looked at whenever more has come; return whether it is."""
        with self._changed:
            self._changed.wait_for(lambda: ready() or self._ended, limit_s)
            return ready()

    def until(self, what: bytes | str, limit_s: float = LIMIT_S) -> float:
        """Wait until this has come; return when its last byte did, in monotonic seconds."""
        wanted = what.encode() if isinstance(what, str) else what
        with self._changed:
            self._changed.wait_for(lambda: self._ended or wanted in self._data, limit_s)
            start = self._data.find(wanted)
            if start >= 0:
                return next(at for length, at in self._times if length >= start + len(wanted))
        raise AssertionError(f"{what!r} did not come; there was:\n{self.text()[-2000:]}")

    def close(self) -> None:
        with contextlib.suppress(OSError):  # the other end is gone
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        while True:
            try:
                data = self._socket.recv(_READ_BYTES)
            except OSError:  # reset: QEMU was killed
                data = b""
            with self._changed:
                if data:
                    self._data += data
                    self._times.append((len(self._data), time.monotonic()))
                else:
                    self._ended = True
                self._changed.notify_all()
            if not data:
                return
