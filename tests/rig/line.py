"""A serial line's far end: what comes is recorded with its time, and bytes can be sent."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass

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
        self._pieces: list[Piece] = []
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="line", daemon=True)
        self._thread.start()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def received(self) -> bytes:
        """Return all that came until now."""
        return b"".join(piece.data for piece in self.pieces())

    def pieces(self) -> list[Piece]:
        """Return all that came until now, piece by piece."""
        with self._changed:
            return list(self._pieces)

    def text(self) -> str:
        """Return all that came until now as text."""
        return self.received().decode(errors="replace")

    def until(self, what: bytes | str, limit_s: float = LIMIT_S) -> float:
        """Wait until this has come; return when its last byte did, in monotonic seconds."""
        wanted = what.encode() if isinstance(what, str) else what
        with self._changed:
            came = self._changed.wait_for(lambda: self._ended or self._when(wanted) is not None, limit_s)
            when = self._when(wanted)
        assert came and when is not None, f"{what!r} did not come; there was:\n{self.text()[-2000:]}"
        return when

    def close(self) -> None:
        with contextlib.suppress(OSError):  # the other end is gone
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _when(self, wanted: bytes) -> float | None:
        whole = b""
        for piece in self._pieces:
            whole += piece.data
            if wanted in whole:
                return piece.at
        return None

    def _read(self) -> None:
        while True:
            try:
                data = self._socket.recv(_READ_BYTES)
            except OSError:  # reset: QEMU was killed
                data = b""
            with self._changed:
                if data:
                    self._pieces.append(Piece(time.monotonic(), data))
                else:
                    self._ended = True
                self._changed.notify_all()
            if not data:
                return
