"""What is said of a bridge, each in one line: who it is, why it is not understood, why nobody answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd_drivers.link.messages import VERSION

if TYPE_CHECKING:
    from glassd_drivers.link.events import Device


def device(device: Device) -> str:
    """Return what a bridge says of itself."""
    parts = [f"{_plain(device.name)}, firmware {_plain(device.firmware) or 'unknown'}"]
    if device.camera is not None:
        sizes = [f"{width}x{height}" for width, height in device.camera.sizes]
        parts.append(f"camera {' '.join(sizes)}".rstrip())
    if device.buttons:
        parts.append(f"buttons {' '.join(map(_plain, device.buttons))}")
    if device.display is not None:
        parts.append(f"display {device.display.columns}x{device.display.rows}")
    return "; ".join(parts)


def incompatible(lowest: int, highest: int) -> str:
    """Return what is to be done about a bridge that speaks other versions of the link."""
    theirs = f"version {lowest}" if lowest == highest else f"the versions {lowest} to {highest}"
    newer = lowest > VERSION
    return (
        f"the bridge speaks {theirs} of the link, this glassd version {VERSION}: "
        f"{'update glassd' if newer else 'update the firmware of the bridge'}"
    )


def no_answer(where: str, good: int, bad: int) -> str:
    """Return why a line gave no greeting, by how many packets on it were good, and how many were none."""
    if good:
        return f"{where}: the bridge is heard and does not hear: look at the wire from the board to the bridge"
    if bad:
        return f"{where}: what comes there is no bridge's talk: is `device` the right port, and the firmware on it?"
    return f"no bridge answers at {where}: is it on, and does its firmware speak the link?"


def _plain(text: str) -> str:
    """Return a device's own words without what would steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in text).strip()
