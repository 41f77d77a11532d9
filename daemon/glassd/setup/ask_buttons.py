"""The questions about buttons: the main one is pressed rather than named, the others are guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glassd.setup.found import ROLES, buttons_section, keys_of
from glassd.setup.listen import PRESS_LIMIT_S, wait_for_press

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from glassd.setup.console import Console
    from glassd.setup.found import Found
    from glassd.setup.texts import Texts
    from glassd_drivers.discover import FoundGpioChip, FoundInput

Option = tuple[str, "str | Callable[[bool], dict[str, Any]]"]
"""What stands in the list, and the answer, or what asks for it; told whether nobody has been asked before."""
NAMES_TOLD = 12
"""How many keys or lines are named to somebody who named one that is not there."""


class ButtonsAsker:
    """Asks one person about the devices that were found."""

    def __init__(self, console: Console, texts: Texts, found: Found) -> None:
        self._console = console
        self._texts = texts
        self._found = found

    def options(self) -> list[Option]:
        """Return the ways to buttons that this board has."""
        texts, inputs = self._texts, self._found.inputs
        names = ", ".join(named(one) for one in inputs)
        return [
            (texts.any_input.format(names), self._of_inputs) if inputs else (texts.buttons_later, "auto"),
            *((texts.lines_of.format(named(chip)), self._of_chip(chip)) for chip in self._found.chips),
        ]

    def _of_inputs(self, first_time: bool) -> dict[str, Any]:
        """Ask for the main key; for the others too, where somebody came back to say so."""
        console, texts, inputs = self._console, self._texts, self._found.inputs
        likely = inputs[0]
        main = next(key for key, button in keys_of(likely).items() if button == "main")
        console.say("\n" + texts.press.format(f"{PRESS_LIMIT_S:.0f}", short(main), named(likely)))
        pressed = wait_for_press(inputs, console)
        device, main = pressed or (likely, main)
        console.say((texts.pressed if pressed else texts.not_pressed).format(short(main), named(device)))
        keys = keys_of(device, main)
        return buttons_section(device, keys if first_time else self._name_each(device, keys))

    def _name_each(self, device: FoundInput, keys: dict[str, str]) -> dict[str, str]:
        """Return the map that a person makes of the suggested one, by the names of keys."""
        chosen: dict[str, str] = {}
        for button in ROLES:
            default = next((short(key) for key, own in keys.items() if own == button and key not in chosen), "-")
            while True:
                question = self._texts.key_for.format(button, self._texts.buttons_names[button])
                name = self._console.ask(question, self._texts, default)
                key = full(name, device.keys)
                if name == "-" and button != "main":
                    break
                if key is not None and key not in chosen:
                    chosen[key] = button
                    break
                told = _some([short(key) for key in device.keys])
                self._console.say(self._texts.bad_key.format(name, named(device), told))
        return chosen

    def _of_chip(self, chip: FoundGpioChip) -> Callable[[bool], dict[str, Any]]:
        def ask(_first_time: bool) -> dict[str, Any]:
            lines: dict[str, str] = {}
            for button in ROLES:
                if (line := self._line(chip, button, lines)) is not None:
                    lines[line] = button
            chips = [other.name for other in self._found.chips]
            return {
                "driver": "gpio",
                "chip": chip.name if chip.name and chips.count(chip.name) == 1 else str(chip.path),
                "map": lines,
            }

        return ask

    def _line(self, chip: FoundGpioChip, button: str, taken: dict[str, str]) -> str | None:
        """Return the name or number of a line; None where there is no such button, which the main one must be."""
        texts = self._texts
        free = [line for line in chip.named if not line.used]
        example = next((line.name for line in free), "17")
        main = button == "main"
        question = (
            texts.line.format(example) if main else texts.line_optional.format(button, texts.buttons_names[button])
        )
        while True:
            name = self._console.ask(question, texts)
            if not name and not main:
                return None
            known = next((line for line in chip.named if name in (line.name, str(line.offset))), None)
            is_number = name.isascii() and name.isdigit() and len(name) < 5 and int(name) < chip.lines
            is_free = known is None or not known.used
            if name not in taken and is_free and (known is not None or is_number):
                return name
            self._console.say(texts.bad_line.format(_some([line.name for line in free])))


def named(device: FoundInput | FoundGpioChip) -> str:
    """Return what a device calls itself, else where it is."""
    return device.name or str(device.node)


def short(key: str) -> str:
    """Return a key's name as a person says it: ENTER."""
    return key.removeprefix("KEY_")


def full(name: str, keys: Sequence[str]) -> str | None:
    """Return the Linux name of the key that a person means, of those that a device has."""
    upper = name.upper().replace(" ", "")
    return next((key for key in (upper, f"KEY_{upper}", f"BTN_{upper}") if key in keys), None)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMES_TOLD]) + (" …" if len(names) > NAMES_TOLD else "")
