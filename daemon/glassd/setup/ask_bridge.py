"""The questions about a serial bridge. Whose buttons are wanted is greeted, so that nobody has to know their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glassd.setup.found import ROLES, bridge_map, bridge_section
from glassd_drivers.contracts import DriverError

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd.setup.console import Console
    from glassd.setup.found import Found
    from glassd.setup.texts import Texts
    from glassd_drivers.discover import FoundSerialLine

Option = tuple[str, Any]
"""What stands in the list, and the answer, or what asks for it; told whether nobody has been asked before."""


class BridgeAsker:
    """Asks one person about the serial lines that were found."""

    def __init__(self, console: Console, texts: Texts, found: Found) -> None:
        self._console = console
        self._texts = texts
        self._lines = found.serial_lines

    def options(self) -> list[Option]:
        """Return the ways to a camera or a display behind a bridge."""
        return [(self._label(line), bridge_section(line)) for line in self._lines]

    def button_options(self) -> list[Option]:
        """Return the ways to buttons behind a bridge."""
        return [(self._label(line), self._ask(line)) for line in self._lines]

    def _label(self, line: FoundSerialLine) -> str:
        return self._texts.bridge.format(line.name or line.node)

    def _ask(self, line: FoundSerialLine) -> Callable[[bool], dict[str, Any]]:
        def ask(_first_time: bool) -> dict[str, Any]:
            return {**bridge_section(line), "map": bridge_map(self._names(line))}

        return ask

    def _names(self, line: FoundSerialLine) -> tuple[str, ...]:
        """Return the names of the bridge's buttons: its own, or where it does not answer those that glassd knows."""
        from glassd_drivers.link.greet import greet  # noqa: PLC0415  a light start

        self._console.say(self._texts.greeting)
        try:
            device = greet(str(line.path))
        except DriverError as problem:
            self._console.say(self._texts.no_bridge.format(problem, ", ".join(ROLES)))
            return tuple(ROLES)
        self._console.say(self._texts.bridge_has.format(device.name, ", ".join(device.buttons) or "-"))
        return device.buttons or tuple(ROLES)
