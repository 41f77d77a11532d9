"""The terminal as a display: a box that is redrawn in place, or plain lines where the output is no terminal.

Drawing is done on the driver's own thread: a terminal that was stopped (Ctrl-S), or a reader of the pipe that does
not read, holds up that thread and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
from typing import Annotated, ClassVar, Literal, Protocol

from glassd_drivers.contracts import (
    CONTRACT,
    Context,
    DriverConfig,
    PermanentFault,
    Screen,
    TransientFault,
)
from glassd_drivers.displays.box import Box, Window, text_rows_that_fit
from glassd_drivers.displays.on_thread import ThreadDisplay
from glassd_drivers.displays.plain_lines import PlainLines
from glassd_drivers.displays.profiles import TERMINAL
from glassd_drivers.settable import SETTABLE

_STDOUT = 1


class TerminalConfig(DriverConfig):
    """How the terminal is written to."""

    color: Annotated[Literal["auto", "never"], SETTABLE] = "auto"
    """`auto` writes mark and signs in green, unless the environment's NO_COLOR says not to."""
    plain: Annotated[Literal["auto", "always", "never"], SETTABLE] = "auto"
    """`auto` draws a box in a terminal with room for it, and writes plain lines elsewhere."""


class TerminalDisplay(ThreadDisplay):
    """The terminal that glassd runs in: a box redrawn in place, or plain lines when piped."""

    contract: ClassVar[int] = CONTRACT
    profile: ClassVar[str] = TERMINAL.name
    Config = TerminalConfig

    def __init__(self, config: TerminalConfig, context: Context) -> None:
        super().__init__(f"{context.name} terminal", TERMINAL)
        self._config = config
        self._where = "standard output"
        self._fd = -1
        self._window: Window | None = None
        self._painter: _Painter = PlainLines()
        self._screen = Screen()

    # On the driver's thread from here on.

    def _open(self) -> None:
        """Take the top rows of the terminal; where the output is none, do nothing yet."""
        try:
            # Python leaves __stdout__ None where it was started with 1 closed, which may be another file by now.
            self._fd = os.dup(-1 if sys.__stdout__ is None else _STDOUT)
        except OSError as error:
            raise PermanentFault(f"{self._where} is closed: take the terminal out of displays:") from error
        if self._is_left():  # a terminal that was hung up, or a pipe that nobody reads, stays so for this process
            raise PermanentFault(f"{self._where} is read by nobody any more: start glassd again")
        if self._config.plain == "never" and self._look_at_window() is None:
            raise PermanentFault(f"{self._where} is no terminal: set plain: auto, or start glassd in a terminal")
        self._fit_window()

    def _show(self, screen: Screen) -> None:
        self._demand_a_reader()
        self._screen = screen
        self._fit_window()
        self._write(self._painter.update(screen))

    def _check(self) -> None:
        """See that somebody reads still, and follow the window's size."""
        self._demand_a_reader()
        if self._window != self._look_at_window():
            self._show(self._screen)

    def _demand_a_reader(self) -> None:
        """Raise TransientFault where nobody reads any more, which a screen that writes nothing would not notice."""
        if self._is_left():
            raise TransientFault(f"{self._where} is read by nobody any more")

    def _is_left(self) -> bool:
        return self._poll(0, 0)  # an error or a hang-up is told without being asked for

    def _release(self) -> None:
        """Give the rows back and leave the cursor under the box."""
        if self._fd < 0:
            return
        with contextlib.suppress(TransientFault):
            self._write(self._painter.end())
        os.close(self._fd)
        self._fd = -1

    def _fit_window(self) -> None:
        """Choose box or lines for the window as it is now, and begin anew where it has changed."""
        window = self._look_at_window()
        if window == self._window:
            return
        self._window = window
        text_rows = None if window is None else text_rows_that_fit(self._profile, window)
        end = self._painter.end()
        if window is None or text_rows is None:
            if not isinstance(self._painter, PlainLines):
                self._painter = PlainLines()
        else:
            color = self._config.color == "auto" and not os.environ.get("NO_COLOR")
            self._painter = Box(self._profile, window, text_rows, color)
        self._write(end + self._painter.begin())

    def _look_at_window(self) -> Window | None:
        """Return the window's size; None where plain lines are to be written, or there is no window."""
        if self._config.plain == "always" or (self._config.plain == "auto" and os.environ.get("TERM") == "dumb"):
            return None
        try:
            columns, rows = os.get_terminal_size(self._fd)
        except OSError:
            return None
        # A serial line has no size of its own: these say it (POSIX, XBD 8.3), as TERM says its kind.
        return Window(columns or _environ("COLUMNS"), rows or _environ("LINES"))

    def _poll(self, events: int, limit_ms: int | None) -> bool:
        poll = select.poll()
        poll.register(self._fd, events)
        return bool(poll.poll(limit_ms))

    def _write(self, text: str) -> None:
        data = text.encode()
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:  # somebody made the shared file non-blocking
                self._poll(select.POLLOUT, None)
            except OSError as error:
                raise TransientFault(f"{self._where} was lost: {error.strerror}") from error


def _environ(name: str) -> int:
    """Return a number from the environment, 0 where there is none."""
    text = os.environ.get(name, "")
    return int(text) if re.fullmatch("[0-9]{1,4}", text) else 0


class _Painter(Protocol):
    """Turns screens into text for one kind of output, and remembers what stands there."""

    def begin(self) -> str:
        """Return what to write before the first screen."""

    def update(self, screen: Screen) -> str:
        """Return what to write for a screen."""

    def end(self) -> str:
        """Return what to write after the last screen."""
