"""`glassd devices`: cameras, serial lines, input devices, GPIO chips and screens, under their names for the config."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from glassd_drivers.cameras.v4l2 import Format
    from glassd_drivers.discover import FoundCamera, FoundFramebuffer, FoundGpioChip, FoundInput, FoundSerialLine

    AnyFound = FoundCamera | FoundSerialLine | FoundInput | FoundGpioChip | FoundFramebuffer

NAMED = 8
"""How many keys or lines of a device are named in the table; `--json` has them all."""


BRIDGE = "where it is a bridge: driver: bridge, for camera, buttons and displays (docs/bridge.md)"
"""What is said of a serial line, for nothing tells what is behind it."""


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "devices",
        help="list the cameras, serial lines, input devices, GPIO chips and screens that are there",
        description=__doc__,
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, with all formats, keys and lines")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what is there, and for what is not, what to plug in. Always 0: to find nothing is an answer."""
    from glassd_drivers import discover  # noqa: PLC0415 - only this subcommand needs it

    found = discover.cameras(), discover.serial_lines(), discover.inputs(), discover.gpio_chips()
    screens = discover.framebuffers()
    print(_json(*found, screens) if args.json else _table(*found, screens))
    return 0


def _table(
    cameras: Sequence[FoundCamera],
    serial_lines: Sequence[FoundSerialLine],
    inputs: Sequence[FoundInput],
    gpio_chips: Sequence[FoundGpioChip],
    framebuffers: Sequence[FoundFramebuffer],
) -> str:
    lines = ["Cameras"]
    for camera in cameras:
        usb = [f"USB {camera.usb}"] if camera.usb else []
        lines += _entry(camera, [*usb, *(_format_line(found) for found in camera.formats)])
    lines += [] if cameras else ["  none: plug in a USB camera (UVC)"]
    lines += ["", "Serial lines"]
    for serial_line in serial_lines:
        lines += _entry(serial_line, [BRIDGE])
    lines += [] if serial_lines else ["  none: plug in a bridge (docs/bridge.md)"]
    lines += ["", "Input devices"]
    for found_input in inputs:
        lines += _entry(found_input, [_key_line(found_input.keys)] if not found_input.problem else [])
    lines += [] if inputs else ["  none: plug in a keyboard or a remote control, or pair one"]
    lines += ["", "GPIO chips"]
    for chip in gpio_chips:
        lines += _entry(chip, [_line_line(chip)])
    lines += [] if gpio_chips else ["  none: a board has them, a PC may not; docs/gpio.md"]
    lines += ["", "Framebuffers"]
    for screen in framebuffers:
        lines += _entry(screen, [f"{screen.width}x{screen.height}"])
    lines += [] if framebuffers else ["  none: plug in glasses that are a monitor (docs/displays.md)"]
    return "\n".join(lines)


def _entry(device: AnyFound, details: list[str]) -> list[str]:
    also = f" ({device.node})" if device.node != device.path else ""
    heads = [f"  {device.path}{also}  {device.name}".rstrip()]
    return heads + [f"      {line}" for line in ([device.problem] if device.problem else details)]


def _format_line(found: Format) -> str:
    sizes = ", ".join(f"{mode.size}@{mode.rates[0]:g}" if mode.rates else str(mode.size) for mode in found.modes)
    return f"{found.fourcc}  {sizes}"


def _key_line(keys: Sequence[str]) -> str:
    return f"{len(keys)} keys: {_some(keys)}" if keys else "no keys"


def _line_line(chip: FoundGpioChip) -> str:
    named = [f"{line.name} ({line.consumer})" if line.consumer else line.name for line in chip.named]
    return f"{chip.lines} lines: {_some(named)}" if named else f"{chip.lines} lines without names"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return " ".join(names[:NAMED]) + more


def _json(
    cameras: Sequence[FoundCamera],
    serial_lines: Sequence[FoundSerialLine],
    inputs: Sequence[FoundInput],
    gpio_chips: Sequence[FoundGpioChip],
    framebuffers: Sequence[FoundFramebuffer],
) -> str:
    return json.dumps(
        {
            "cameras": [
                _facts(camera)
                | {
                    "usb": camera.usb or None,
                    "formats": [
                        {
                            "fourcc": found.fourcc,
                            "sizes": [{"size": str(mode.size), "rates": mode.rates} for mode in found.modes],
                        }
                        for found in camera.formats
                    ],
                }
                for camera in cameras
            ],
            "serial_lines": [_facts(serial_line) for serial_line in serial_lines],
            "inputs": [_facts(found_input) | {"keys": found_input.keys} for found_input in inputs],
            "gpio_chips": [
                _facts(chip)
                | {
                    "lines": chip.lines,
                    "named": [
                        {"line": line.offset, "name": line.name, "used_by": line.consumer or None, "used": line.used}
                        for line in chip.named
                    ],
                }
                for chip in gpio_chips
            ],
            "framebuffers": [
                _facts(screen) | {"size": f"{screen.width}x{screen.height}" if screen.width else None}
                for screen in framebuffers
            ],
        },
        ensure_ascii=False,
        indent=2,
    )


def _facts(device: AnyFound) -> dict[str, object]:
    return {
        "path": str(device.path),
        "node": str(device.node),
        "name": device.name,
        "problem": device.problem or None,
    }
