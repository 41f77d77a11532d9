"""`glassd devices`: the cameras, serial lines and input devices that are there, under the names for the config."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from glassd_drivers.cameras.v4l2 import Format
    from glassd_drivers.discover import FoundCamera, FoundInput, FoundSerialLine

KEYS_NAMED = 8
"""How many keys of a device are named in the table; `--json` has them all."""


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "devices", help="list the cameras, serial lines and input devices that are there", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, with all formats and keys")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what is there, and for what is not, what to plug in. Always 0: to find nothing is an answer."""
    from glassd_drivers import discover  # noqa: PLC0415 - only this subcommand needs it

    cameras, serial_lines, inputs = discover.cameras(), discover.serial_lines(), discover.inputs()
    print(_json(cameras, serial_lines, inputs) if args.json else _table(cameras, serial_lines, inputs))
    return 0


def _table(
    cameras: Sequence[FoundCamera], serial_lines: Sequence[FoundSerialLine], inputs: Sequence[FoundInput]
) -> str:
    lines = ["Cameras"]
    for camera in cameras:
        lines += _entry(camera, [_format_line(found) for found in camera.formats])
    lines += [] if cameras else ["  none: plug in a USB camera (UVC)"]
    lines += ["", "Serial lines"]
    for serial_line in serial_lines:
        lines += _entry(serial_line, [])
    lines += [] if serial_lines else ["  none: plug in the bridge"]
    lines += ["", "Input devices"]
    for found_input in inputs:
        lines += _entry(found_input, [_key_line(found_input.keys)] if not found_input.problem else [])
    lines += [] if inputs else ["  none: plug in a keyboard or a remote control, or pair one"]
    return "\n".join(lines)


def _entry(device: FoundCamera | FoundSerialLine | FoundInput, details: list[str]) -> list[str]:
    also = f" ({device.node})" if device.node != device.path else ""
    heads = [f"  {device.path}{also}  {device.name}".rstrip()]
    return heads + [f"      {line}" for line in ([device.problem] if device.problem else details)]


def _format_line(found: Format) -> str:
    sizes = ", ".join(f"{mode.size}@{mode.rates[0]:g}" if mode.rates else str(mode.size) for mode in found.modes)
    return f"{found.fourcc}  {sizes}"


def _key_line(keys: Sequence[str]) -> str:
    if not keys:
        return "no keys"
    more = f" and {len(keys) - KEYS_NAMED} more" if len(keys) > KEYS_NAMED else ""
    return f"{len(keys)} keys: {' '.join(keys[:KEYS_NAMED])}{more}"


def _json(cameras: Sequence[FoundCamera], serial_lines: Sequence[FoundSerialLine], inputs: Sequence[FoundInput]) -> str:
    return json.dumps(
        {
            "cameras": [
                _facts(camera)
                | {
                    "formats": [
                        {
                            "fourcc": found.fourcc,
                            "sizes": [{"size": str(mode.size), "rates": mode.rates} for mode in found.modes],
                        }
                        for found in camera.formats
                    ]
                }
                for camera in cameras
            ],
            "serial_lines": [_facts(serial_line) for serial_line in serial_lines],
            "inputs": [_facts(found_input) | {"keys": found_input.keys} for found_input in inputs],
        },
        ensure_ascii=False,
        indent=2,
    )


def _facts(device: FoundCamera | FoundSerialLine | FoundInput) -> dict[str, object]:
    return {
        "path": str(device.path),
        "node": str(device.node),
        "name": device.name,
        "problem": device.problem or None,
    }
