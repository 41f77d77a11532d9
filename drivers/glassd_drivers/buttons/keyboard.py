"""Keys of a terminal as buttons: the button of whoever runs glassd in a terminal, and of scripts through a pipe.

A terminal tells of presses, never of releases. So a key plays a whole gesture: down and up after PRESS_S, held for
HOLD_S where the map says `long`, twice where it says `double`. The terminal is put into cbreak mode: keys come one by
one and unseen, while Ctrl-C and the like still reach the process as signals.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import select
import sys
import termios
import tty
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import AfterValidator, Field

from glassd_drivers.buttons.terminal_keys import NAMED_KEYS, KeyParser, is_key
from glassd_drivers.contracts import (
    CONTRACT,
    Context,
    DriverConfig,
    Edge,
    EdgeKind,
    PermanentFault,
    TransientFault,
)
from glassd_drivers.readiness import Readiness
from glassd_drivers.settable import SETTABLE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

PRESS_S = 0.05
"""Seconds from down to up of a press, and from there to the button's next down: longer than a contact's bounce."""
HOLD_S = 1.0
"""Seconds that a `long` is held."""
ESC_WAIT_S = 0.05
"""Seconds after which an ESC is the key itself: the rest of a sequence follows it at once, even over a slow line."""
WAITING_EDGES = 8
"""How many edges of one button may wait for their instant; the presses of a key that repeats are dropped past that."""
READ_BYTES = 1024

_Gesture = Literal["press", "long", "double"]


class KeyAction(NamedTuple):
    """What a key plays on which button."""

    button: str
    gesture: _Gesture


def _key(name: str) -> str:
    if is_key(name):
        return name
    raise ValueError(f"a key: one printable character, or one of {', '.join(sorted(NAMED_KEYS))}")


def _action(text: str) -> str:
    parse_action(text)
    return text


def parse_action(text: str) -> KeyAction:
    """Return what `BUTTON`, `BUTTON long` or `BUTTON double` says; raise ValueError for anything else."""
    match text.split():
        case [button]:
            return KeyAction(button, "press")
        case [button, "long" | "double" as gesture]:
            return KeyAction(button, gesture)
    raise ValueError("a button, alone or with long or double, such as main or main long")


class KeyboardConfig(DriverConfig):
    """Which terminal, and what its keys play."""

    device: Path | None = None
    """The terminal's node, such as /dev/tty; without it, what glassd was started with as its standard input."""
    map: Annotated[
        dict[Annotated[str, AfterValidator(_key)], Annotated[str, AfterValidator(_action), Field(max_length=64)]],
        SETTABLE,
    ] = Field({"enter": "main", "b": "back", "up": "up", "down": "down", "l": "main long"}, min_length=1)
    """Key → button, or `BUTTON long`, or `BUTTON double`."""


class KeyboardButtons:
    """Keys of the terminal; Enter is the main button unless the map says otherwise."""

    contract: ClassVar[int] = CONTRACT
    Config = KeyboardConfig

    def __init__(self, config: KeyboardConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._where = str(config.device or "standard input")
        self._terminal: _Terminal | None = None
        self._readiness: Readiness | None = None

    async def open(self) -> None:
        """Take hold of the terminal and put it into cbreak mode; a pipe or a file is read as it is."""
        self._terminal = _Terminal(self._config.device, self._where)
        self._readiness = Readiness(self._terminal.fd, self._where)

    async def edges(self) -> AsyncGenerator[Edge]:
        """Yield each edge at its instant; once the terminal is gone, LOST for each button held, then TransientFault."""
        if self._terminal is None or self._readiness is None:
            raise TransientFault(f"{self._where}: not open")
        player = KeyPlayer({key: parse_action(text) for key, text in self._config.map.items()})
        keys = KeyParser()
        esc_settles: float | None = None
        while True:
            now = self._context.clock()
            for edge in player.due(now):
                yield edge
            if esc_settles is not None and now >= esc_settles:
                esc_settles = None
                for key in keys.settle():
                    player.press(key, now)
            instants = [instant for instant in (player.next_instant(), esc_settles) if instant is not None]
            data = await self._read(min(instants) - now if instants else None)
            if data is None:
                for edge in player.lose(self._context.clock()):
                    yield edge
                raise TransientFault(f"{self._where} was lost")
            now = self._context.clock()
            for key in keys.feed(data):
                player.press(key, now)
            if data:
                esc_settles = now + ESC_WAIT_S if keys.undecided else None

    async def close(self) -> None:
        """Let go of the terminal, its mode as it was."""
        if self._readiness is not None:
            self._readiness.close()
        if self._terminal is not None:
            self._terminal.close()

    async def _read(self, wait: float | None) -> bytes | None:
        """Return what came within `wait` seconds, perhaps nothing; None means that the terminal is lost."""
        assert self._terminal is not None
        assert self._readiness is not None
        try:
            async with asyncio.timeout(wait):
                if self._terminal.ended:
                    await self._readiness.closed()
                else:
                    await self._readiness.wait()
        except TimeoutError:
            return b""
        return self._terminal.read()


class KeyPlayer:
    """Turns keys into edges with their instants: what a hand on a real button would have made. Does no I/O."""

    def __init__(self, actions: Mapping[str, KeyAction]) -> None:
        self._actions = actions
        self._waiting: dict[str, deque[Edge]] = {action.button: deque() for action in actions.values()}
        self._free = dict.fromkeys(self._waiting, float("-inf"))
        self._down: set[str] = set()

    def press(self, key: str, now: float) -> None:
        """Play what `key` stands for, from now on or from when its button is free."""
        action = self._actions.get(key)
        if action is None:
            return
        presses = 2 if action.gesture == "double" else 1
        if len(self._waiting[action.button]) + 2 * presses > WAITING_EDGES:
            return
        at = max(now, self._free[action.button])
        for _ in range(presses):
            up = at + (HOLD_S if action.gesture == "long" else PRESS_S)
            self._waiting[action.button] += (
                Edge(action.button, EdgeKind.DOWN, at),
                Edge(action.button, EdgeKind.UP, up),
            )
            at = up + PRESS_S
        self._free[action.button] = at

    def due(self, now: float) -> list[Edge]:
        """Return the edges whose instant has come, in order, and forget them."""
        edges: list[Edge] = []
        for waiting in self._waiting.values():
            while waiting and waiting[0].instant <= now:
                edges.append(waiting.popleft())
        edges.sort(key=lambda edge: edge.instant)
        for edge in edges:
            (self._down.add if edge.kind is EdgeKind.DOWN else self._down.discard)(edge.button)
        return edges

    def next_instant(self) -> float | None:
        """Return when the next edge is due."""
        return min((waiting[0].instant for waiting in self._waiting.values() if waiting), default=None)

    def lose(self, now: float) -> list[Edge]:
        """Return a made-up release for each button that is down; nothing is played any more."""
        for waiting in self._waiting.values():
            waiting.clear()
        edges = [Edge(button, EdgeKind.LOST, now) for button in sorted(self._down)]
        self._down.clear()
        return edges


class _Terminal:
    """The open file of the keys, and its terminal mode until `close`.

    The file is shared with whoever started glassd, so it is not made non-blocking: it is read only when it has bytes.
    """

    def __init__(self, device: Path | None, where: str) -> None:
        self.fd = self._open(device, where)
        self.ended = False
        self._mode: list[Any] | None = None
        self._is_terminal = os.isatty(self.fd)
        try:
            if self._is_terminal:
                self._enter_cbreak(where)
        except BaseException:  # whatever it is, nobody else knows of the descriptor
            os.close(self.fd)
            raise

    def close(self) -> None:
        """Restore the mode and close the file; a second time does nothing."""
        atexit.unregister(self._restore)
        self._restore()
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def read(self) -> bytes | None:
        """Return the bytes that are there; None means that the terminal hung up.

        A pipe or a file that has come to its end stays open and silent (`ended`): no more keys, and no fault.
        """
        ready = select.poll()
        ready.register(self.fd, select.POLLIN)
        if not ready.poll(0):
            return b""  # somebody else who reads the same file was quicker
        try:
            data = os.read(self.fd, READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            return None
        self.ended = not data
        return None if self.ended and self._is_terminal else data

    @staticmethod
    def _open(device: Path | None, where: str) -> int:
        try:
            if device is None:
                # Python leaves __stdin__ None where it was started with 0 closed, which may be another file by now.
                return os.dup(-1 if sys.__stdin__ is None else 0)
            return os.open(device, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError as error:
            raise PermanentFault(f"{where}: no permission to read the terminal") from error
        except OSError as error:
            if device is None:
                raise PermanentFault(
                    f"{where} is closed: start glassd in a terminal, or take the keyboard out of buttons:"
                ) from error
            raise TransientFault(f"{where} cannot be opened: {error.strerror}") from error

    def _enter_cbreak(self, where: str) -> None:
        if self._in_background():
            raise TransientFault(f"{where} belongs to another job: bring glassd to the foreground (fg)")
        self._mode = termios.tcgetattr(self.fd)
        atexit.register(self._restore)
        tty.setcbreak(self.fd, termios.TCSANOW)

    def _restore(self) -> None:
        mode, self._mode = self._mode, None
        # In the background the terminal has the mode of the job in front of it, which is not to be disturbed.
        if mode is not None and not self._in_background():
            with contextlib.suppress(termios.error):  # the terminal is gone, and its mode with it
                termios.tcsetattr(self.fd, termios.TCSANOW, mode)

    def _in_background(self) -> bool:
        """Whether another job has the terminal: whoever sets its mode from behind is stopped by SIGTTOU."""
        try:
            return os.tcgetpgrp(self.fd) not in (os.getpgrp(), 0)
        except OSError:  # not the controlling terminal: then nobody is stopped
            return False
