"""QEMU's monitor: commands with their answers, and events. Protocol: QEMU's "QMP" specification."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

ANSWER_LIMIT_S = 30.0
"""Seconds for QEMU's answer to a command: it answers at once unless the machine is overloaded."""
EVENTS_LIMIT = 1000
"""How many events are kept for those who ask for them later."""


class QmpError(RuntimeError):
    """QEMU refused a command, or has ended."""


class Qmp:
    """A connection to QEMU's monitor; its methods may be called on any thread."""

    def __init__(self, line: socket.socket) -> None:
        line.settimeout(ANSWER_LIMIT_S)
        self._socket = line
        self._reader = line.makefile("rb")
        self._lock = threading.Lock()
        self._events: list[dict[str, Any]] = []

    def begin(self) -> None:
        """Wait until QEMU takes commands."""
        with self._lock:
            self._read()  # its greeting
        self.call("qmp_capabilities")

    def call(self, command: str, **arguments: Any) -> Any:
        """Return what a command returns. An underscore in an argument's name stands for a dash."""
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        with self._lock:
            self._socket.settimeout(ANSWER_LIMIT_S)
            try:
                self._socket.sendall(json.dumps({"execute": command, "arguments": named}).encode() + b"\n")
            except ConnectionError as error:
                raise QmpError("QEMU has ended") from error
            while True:
                message = self._read()
                if "return" in message:
                    return message["return"]
                if "error" in message:
                    raise QmpError(f"QEMU refused {command} {named}: {message['error']['desc']}")
                self._keep(message)

    def event(self, name: str, limit_s: float = ANSWER_LIMIT_S, **facts: Any) -> dict[str, Any]:
        """Return the data of the oldest event of that name, with these facts, that nobody has asked for yet."""
        with self._lock:
            self._socket.settimeout(limit_s)
            while True:
                for event in self._events:
                    data: dict[str, Any] = event.get("data", {})
                    if event["event"] == name and all(data.get(key) == value for key, value in facts.items()):
                        self._events.remove(event)
                        return data
                self._keep(self._read())

    def forget_events(self) -> None:
        """Forget the events that came until now, so that `event` returns one that comes after this."""
        self.call("query-status")
        with self._lock:
            self._events.clear()

    def close(self) -> None:
        self._reader.close()
        self._socket.close()

    def _keep(self, event: dict[str, Any]) -> None:
        self._events.append(event)
        del self._events[:-EVENTS_LIMIT]

    def _read(self) -> dict[str, Any]:
        try:
            line = self._reader.readline()
        except TimeoutError as error:
            raise QmpError("QEMU's monitor said nothing in time") from error
        except ConnectionError:
            line = b""
        if not line:
            raise QmpError("QEMU has ended")
        message: dict[str, Any] = json.loads(line)
        return message
