"""QEMU's guest agent: programs that run in the guest. Protocol: QEMU's "QEMU Guest Agent Protocol Reference"."""

from __future__ import annotations

import base64
import itertools
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

ANSWER_LIMIT_S = 30.0
"""Seconds for the agent's answer: it is a process on an emulated processor that others keep busy."""
HELLO_LIMIT_S = 1.0
"""Seconds after which a hello is said again: one that is said before the agent has opened its port is lost."""
POLL_S = (0.01, 0.25)
"""Seconds between two looks at a program that runs, at first and at most: the agent tells of nothing by itself."""
_MARK = b"\xff"  # begins and ends what is no part of a conversation that somebody left


class AgentError(RuntimeError):
    """The agent refused a command, or says nothing."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How a program ended (minus a signal's number where one ended it), and what it wrote."""

    status: int
    out: bytes
    err: bytes


class Agent:
    """A connection to the guest's agent; one thread at a time."""

    def __init__(self, line: socket.socket) -> None:
        self._socket = line
        self._numbers = itertools.count(1)
        self._input = b""
        self._in_step = True  # whether what comes next answers what is asked next

    def hello(self, limit_s: float) -> None:
        """Wait until the agent answers, and drop whatever it still had to say to somebody before."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            number = next(self._numbers)
            command = {"execute": "guest-sync-delimited", "arguments": {"id": number}}
            self._send(_MARK + json.dumps(command).encode() + b"\n")
            try:
                while self._read(HELLO_LIMIT_S) != {"return": number}:
                    pass
            except TimeoutError:
                continue
            self._in_step = True
            return
        raise AgentError(f"the guest's agent did not answer in {limit_s:g} s")

    def call(self, command: str, **arguments: Any) -> Any:
        """Return what a command returns. An underscore in an argument's name stands for a dash."""
        if not self._in_step:
            self.hello(ANSWER_LIMIT_S)
        self.tell(command, **arguments)
        try:
            message = self._read(ANSWER_LIMIT_S)
        except TimeoutError as error:
            self._in_step = False
            raise AgentError(f"the guest's agent said nothing to {command} in {ANSWER_LIMIT_S:g} s") from error
        if "error" in message:
            raise AgentError(f"the guest's agent refused {command}: {message['error']['desc']}")
        return message["return"]

    def tell(self, command: str, **arguments: Any) -> None:
        """Give a command that is not answered."""
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        self._send(json.dumps({"execute": command, "arguments": named}).encode() + b"\n")

    def run(self, *words: str, data: bytes = b"", limit_s: float) -> Exit:
        """Run a program with these words and this input, and return how it ended and what it wrote."""
        end = time.monotonic() + limit_s
        started = self.call(
            "guest-exec", path=words[0], arg=words[1:], input_data=base64.b64encode(data).decode(), capture_output=True
        )
        for pause in _pauses():
            state = self.call("guest-exec-status", pid=started["pid"])
            if state["exited"]:
                status = state["exitcode"] if "exitcode" in state else -state["signal"]
                return Exit(
                    status, base64.b64decode(state.get("out-data", "")), base64.b64decode(state.get("err-data", ""))
                )
            if time.monotonic() > end:
                break
            time.sleep(pause)
        raise AgentError(f"still running after {limit_s:g} s: {' '.join(words)}")

    def close(self) -> None:
        self._socket.close()

    def _send(self, data: bytes) -> None:
        try:
            self._socket.settimeout(ANSWER_LIMIT_S)
            self._socket.sendall(data)
        except OSError as error:
            raise AgentError(f"QEMU has ended: {error}") from error

    def _read(self, limit_s: float) -> dict[str, Any]:
        """Return the next message; raise TimeoutError where none comes."""
        self._socket.settimeout(limit_s)
        while b"\n" not in self._input:
            received = self._socket.recv(1 << 16)
            if not received:
                raise AgentError("QEMU has ended")
            self._input += received
        line, _, self._input = self._input.partition(b"\n")
        message: dict[str, Any] = json.loads(line.rpartition(_MARK)[2])
        return message


def _pauses() -> Iterator[float]:
    pause, most = POLL_S
    while True:
        yield pause
        pause = min(2 * pause, most)
