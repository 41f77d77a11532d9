"""Which buttons are down, where several keys or lines may be one button: what all drivers of real buttons share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from glassd_drivers.contracts import Edge, EdgeKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

ButtonName = Annotated[str, Field(pattern=r"^\S+$", max_length=32)]
"""A button in the wearer's words, as a config's `map` has it."""


class HeldButtons:
    """The state of a device's buttons. `buttons` maps the code of a key, or of a line, to a button.

    A button is down while any of its codes is. One that was down before its first change counts from its next press
    on, for nobody knows when that one began.
    """

    def __init__(self, buttons: Mapping[int, str]) -> None:
        self._buttons = buttons
        self._held: set[int] = set()

    @property
    def codes(self) -> frozenset[int]:
        """The codes that are down."""
        return frozenset(self._held)

    def change(self, code: int, down: bool, instant: float) -> Iterator[Edge]:
        """Take note of a change, and yield the edge that it makes, if it makes one."""
        if code not in self._buttons or down == (code in self._held):
            return
        was_down = self._is_down(self._buttons[code])
        if down:
            self._held.add(code)
        else:
            self._held.discard(code)
        if was_down != self._is_down(self._buttons[code]):
            yield Edge(self._buttons[code], EdgeKind.DOWN if down else EdgeKind.UP, instant)

    def lose(self, codes: AbstractSet[int], instant: float) -> Iterator[Edge]:
        """Make up the releases of codes that nobody will see go up any more."""
        lost = self._held & codes
        self._held -= lost
        for button in dict.fromkeys(self._buttons[code] for code in lost):
            if not self._is_down(button):
                yield Edge(button, EdgeKind.LOST, instant)

    def _is_down(self, button: str) -> bool:
        return any(self._buttons[code] == button for code in self._held)
