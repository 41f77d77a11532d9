"""The network between a browser and the board, as something that a test can cut, hang and mend.

It carries bytes between its own port and another one. A browser that is told to be offline keeps the sockets that it
has; here they break as they do in the world.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

CHUNK_BYTES = 65536
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no seconds: a close sends a reset at once (socket(7))."""


class Cable:
    """Carries connections to a port on loopback; `port` is where they are taken."""

    def __init__(self, far_port: int) -> None:
        self._far = ("127.0.0.1", far_port)
        self._whole = threading.Event()
        self._whole.set()
        self._carrying = threading.Event()
        self._carrying.set()
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Break every connection, and each that is tried from now on."""
        self._whole.clear()
        self._carrying.set()
        self._break_all()

    def hang(self) -> None:
        """Carry no byte more; connections stand, and neither end is told."""
        self._carrying.clear()

    def mend(self) -> None:
        """Carry again."""
        self._whole.set()
        self._carrying.set()

    def close(self) -> None:
        """End it, with all that it carries."""
        self.cut()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed: the test is over
            while True:
                near, _ = self._listening.accept()
                self._connect(near)

    def _connect(self, near: socket.socket) -> None:
        try:
            if not self._whole.is_set():
                raise ConnectionError
            far = socket.create_connection(self._far)
        except OSError:
            _reset(near)
            return
        with self._guard:
            self._open |= {near, far}
        for source, sink in ((near, far), (far, near)):
            thread = threading.Thread(target=self._pump, args=(source, sink), daemon=True)
            self._threads.append(thread)
            thread.start()
        if not self._whole.is_set():
            self._break_all()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):  # broken, by either end or by `cut`
            while data := source.recv(CHUNK_BYTES):
                self._carrying.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
            return
        self._break({source, sink})

    def _break_all(self) -> None:
        with self._guard:
            broken = set(self._open)
        self._break(broken)

    def _break(self, broken: set[socket.socket]) -> None:
        with self._guard:
            mine = self._open & broken
            self._open -= mine
        for end in mine:
            _reset(end)


def _reset(end: socket.socket) -> None:
    """Wake whoever waits on a socket, and close it with a reset."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RD)
    end.close()
