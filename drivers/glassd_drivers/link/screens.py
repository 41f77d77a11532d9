"""Screens on their way to a device's display (docs/link.md, section 6): the newest wins, only what differs travels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from glassd_drivers.link import messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd_drivers.link.events import DisplayFacts

MARKS: Final = {
    name: number
    for number, name in enumerate(("idle", "looking", "sending", "thinking", "writing", "done", "cut_off", "error"))
}
CAMERA_LOOKS: Final = 1
"""The sign that the camera looks."""
WARNING: Final = 2
"""The sign that something of the host's own does not work."""
SIGNS: Final = {
    name: 4 << number
    for number, name in enumerate(("paused", "no_camera", "no_network", "queued", "budget_low", "clock_not_set"))
}
"""The other signs; a device passes over what it has no place for."""


class LinkScreen(Protocol):
    """What is read of a screen: `contracts.Screen` has it."""

    @property
    def lines(self) -> Sequence[str]:
        """The rows, from the top."""

    @property
    def page(self) -> int:
        """The page, from 1."""

    @property
    def pages(self) -> int:
        """How many there are."""

    @property
    def mark(self) -> str:
        """The status mark's name."""

    @property
    def camera(self) -> bool:
        """Whether frames are being taken."""

    @property
    def warning(self) -> bool:
        """Whether something of the host's own does not work."""

    @property
    def signs(self) -> Sequence[str]:
        """What else is so for a while, by name."""


class Screens:
    """The screen that is wanted, the one on its way, and the rows that the device has."""

    def __init__(self) -> None:
        self._wanted: LinkScreen | None = None
        self._number = 0
        self._on_its_way = 0
        self._left = 0
        """Messages of the one on its way that are not acknowledged."""
        self._rows: list[bytes] = []
        """As the device has them; a row that is not here is empty."""
        self._shown_as = b""
        """The last SHOW."""

    def show(self, screen: LinkScreen) -> int:
        """Want this screen in place of the one that waits; return its number."""
        self._wanted = screen
        self._number += 1
        return self._number

    @property
    def waits(self) -> bool:
        """Whether a screen can be taken to the device: it has shown the one before."""
        return self._wanted is not None and not self._left

    def messages(self, facts: DisplayFacts, limit: int) -> list[bytes]:
        """Return what brings the waiting screen to the device, in messages of at most `limit` bytes."""
        screen, self._wanted = self._wanted, None
        assert screen is not None
        rows = [messages.row_text(line, limit) for line in screen.lines[: facts.rows]]
        rows += [b""] * (facts.rows - len(rows))
        was, self._rows = self._rows or [b""] * facts.rows, rows
        signs = CAMERA_LOOKS * screen.camera | WARNING * screen.warning
        signs |= sum(SIGNS.get(sign, 0) for sign in set(screen.signs))
        show = messages.show(screen.page, screen.pages, MARKS.get(screen.mark, 0), signs)
        says = _grown(was, rows) if facts.grows else _lines(was, rows)
        if facts.grows and show == self._shown_as and says and (last := messages.grow(says[-1], limit)):
            says[-1] = last
        else:
            says.append(show)
        self._shown_as = show
        self._on_its_way, self._left = self._number, len(says)
        return says

    def acknowledged(self, count: int) -> int | None:
        """So many messages were taken: return the number of the screen that is shown by that, if one is."""
        if not count:
            return None
        self._left -= count
        return None if self._left else self._on_its_way


def _lines(was: Sequence[bytes], rows: Sequence[bytes]) -> list[bytes]:
    """Return what makes rows into others at any device: each that differs, whole."""
    return [messages.line(row, now) for row, (before, now) in enumerate(zip(was, rows, strict=True)) if before != now]


def _grown(was: Sequence[bytes], rows: Sequence[bytes]) -> list[bytes]:
    """Return it for a device whose rows can grow: of each only what is new."""
    filled = max((row + 1 for row, text in enumerate(rows) if text), default=0)
    emptied = sum(map(bool, was[filled:])) >= _WORTH_EMPTY
    before = [*was[:filled], *rows[filled:]] if emptied else was
    tails = [
        messages.tail(row, old, new) for row, (old, new) in enumerate(zip(before, rows, strict=True)) if old != new
    ]
    return [messages.empty(filled), *tails] if emptied else tails


_WORTH_EMPTY: Final = 2
"""Rows with text that one EMPTY stands for, at least: a LINE empties one."""
