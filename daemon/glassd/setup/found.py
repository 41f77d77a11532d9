"""What is on this board: cameras, buttons, serial lines, terminals, and drivers that others have installed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glassd_drivers import discover, registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from glassd_drivers.discover import FoundCamera, FoundFramebuffer, FoundGpioChip, FoundInput, FoundSerialLine
    from glassd_drivers.registry import Description

OUR_PACKAGE = "glassd "
"""How the packages of our own drivers begin, in a Description."""
SIZE, FPS = (1280, 720), 15
"""What is asked of a camera that has it: enough for small print, and soon sent."""
LARGEST = (1920, 1080)
LATER_CAMERA, LATER_BUTTONS = "/dev/glassd/camera", "/dev/glassd/buttons"
"""The names that the udev rules give to the first of each, whenever it comes."""

ROLES = {
    "main": (
        *("KEY_ENTER", "KEY_OK", "KEY_SELECT", "KEY_KPENTER", "KEY_PLAYPAUSE", "KEY_CAMERA", "KEY_PROG1", "BTN_0"),
        *("BTN_SOUTH", "BTN_TRIGGER", "KEY_SPACE", "KEY_VOLUMEUP", "BTN_LEFT"),
    ),
    "down": ("KEY_DOWN", "KEY_PAGEDOWN", "KEY_NEXTSONG", "KEY_VOLUMEDOWN", "BTN_1", "BTN_DPAD_DOWN"),
    "up": ("KEY_UP", "KEY_PAGEUP", "KEY_PREVIOUSSONG", "KEY_VOLUMEUP", "BTN_DPAD_UP"),
    "back": ("KEY_BACK", "KEY_ESC", "KEY_EXIT", "BTN_EAST"),
}
"""The buttons that glassd's good defaults know, and the keys that are likely meant for each, the likeliest first."""
_OF_THE_BOARD = {"KEY_POWER", "KEY_POWER2", "KEY_SLEEP", "KEY_SUSPEND", "KEY_WAKEUP"}
"""Keys that end a board's day: nobody's button."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is there. `drivers` are those of third parties, by section of the config; `problems` one line each."""

    cameras: tuple[FoundCamera, ...] = ()
    inputs: tuple[FoundInput, ...] = ()
    chips: tuple[FoundGpioChip, ...] = ()
    serial_lines: tuple[FoundSerialLine, ...] = ()
    has_screen: bool = False
    framebuffers: tuple[FoundFramebuffer, ...] = ()
    drivers: tuple[Description, ...] = ()
    problems: tuple[str, ...] = ()

    def drivers_of(self, role: str) -> list[Description]:
        """Return the drivers of third parties that play a role."""
        return [driver for driver in self.drivers if driver.role == role]


def look(dev: Path) -> Found:
    """Return what is there; nothing is started, grabbed or set."""
    cameras, inputs, chips = discover.cameras(dev), discover.inputs(dev), discover.gpio_chips(dev)
    troubled: list[FoundCamera | FoundInput | FoundGpioChip] = [*cameras, *inputs, *chips]
    return Found(
        cameras=tuple(camera for camera in cameras if not camera.problem),
        inputs=tuple(sorted(filter(_has_buttons, inputs), key=_unlikeliness)),
        chips=tuple(chip for chip in chips if chip.named),
        serial_lines=tuple(filter(_is_plugged_in, discover.serial_lines(dev))),
        has_screen=(dev / "tty1").exists(),
        framebuffers=tuple(screen for screen in discover.framebuffers(dev) if not screen.problem),
        drivers=tuple(
            driver for driver in registry.describe() if not driver.error and not driver.package.startswith(OUR_PACKAGE)
        ),
        problems=tuple(f"{found.node}: {found.problem}" for found in troubled if found.problem),
    )


def camera_section(camera: FoundCamera | None) -> dict[str, Any]:
    """Return the config's section for a camera, or for whichever is plugged in first."""
    if camera is None:
        return {"driver": "uvc", "device": LATER_CAMERA, "size": "{}x{}".format(*SIZE), "fps": FPS}
    size, fps = _size_and_rate(camera)
    return {"driver": "uvc", "device": str(camera.path), "size": size, "fps": fps}


def keys_of(device: FoundInput | None, main: str | None = None) -> dict[str, str]:
    """Return key → button, the likeliest for the keys that a device has; `main` is a key that was chosen already."""
    keys = device.keys if device is not None else [keys[0] for keys in ROLES.values()]
    found: dict[str, str] = {main: "main"} if main else {}
    for button, likely in ROLES.items():
        key = next((key for key in likely if key in keys and key not in found), None)
        if key is not None and button not in found.values():
            found[key] = button
    if "main" not in found.values():
        first = next((key for key in keys if key not in found), keys[0])
        found = {first: "main", **{key: button for key, button in found.items() if key != first}}
    return found


def buttons_section(device: FoundInput | None, keys: dict[str, str]) -> dict[str, Any]:
    """Return the config's section for an input device, or for whichever is plugged in first."""
    section: dict[str, Any] = {"driver": "evdev", "device": str(device.path) if device else LATER_BUTTONS, "map": keys}
    if device is not None and "KEY_A" not in device.keys:
        # A remote control is for glassd alone; a keyboard may be how somebody works at this board.
        section["grab"] = True
    return section


def framebuffer_section(screen: FoundFramebuffer) -> dict[str, Any]:
    """Return the config's section for a screen that is drawn on."""
    return {"driver": "framebuffer", "device": str(screen.path)}


def bridge_section(line: FoundSerialLine) -> dict[str, Any]:
    """Return what all sections of a bridge have."""
    return {"driver": "bridge", "device": str(line.path)}


def bridge_map(names: Sequence[str]) -> dict[str, str]:
    """Return button of a bridge → button, by its own name; where none is called main, the first is."""
    words = {name: "_".join(name.split()) for name in names if name.strip()}
    if "main" not in words.values():
        words |= dict.fromkeys(list(words)[:1], "main")
    return words


def _has_buttons(device: FoundInput) -> bool:
    return not device.problem and bool(set(device.keys) - _OF_THE_BOARD)


def _is_plugged_in(line: FoundSerialLine) -> bool:
    """Tell whether a serial line came by USB, as a bridge does: a board has others of its own."""
    return line.node.name.startswith(("ttyUSB", "ttyACM"))


def _unlikeliness(device: FoundInput) -> int:
    """Return how late in the list of main keys the first one stands that a device has."""
    likely = ROLES["main"]
    return next((at for at, key in enumerate(likely) if key in device.keys), len(likely))


def _size_and_rate(camera: FoundCamera) -> tuple[str, int]:
    """Return the size and rate to ask for: of MJPEG, where a camera has it, for that is handed on as it comes."""
    formats: Sequence[Any] = sorted(camera.formats, key=lambda found: found.fourcc != "MJPG")
    modes = formats[0].modes if formats else ()
    if not modes:
        return "{}x{}".format(*SIZE), FPS
    fitting = [mode for mode in modes if mode.size.width <= LARGEST[0] and mode.size.height <= LARGEST[1]]
    mode = next((mode for mode in modes if mode.size == SIZE), (fitting or modes)[0])
    return str(mode.size), max(1, min(FPS, int(max(mode.rates, default=FPS))))
