"""The display of a bridge: the rows that have changed, and then all of them shown at once."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from glassd_drivers.contracts import DriverConfig, PermanentFault, Profile, Screen
from glassd_drivers.displays.profiles import GLASS3
from glassd_drivers.displays.text import fitted, printable
from glassd_drivers.link.config import BridgeConfig
from glassd_drivers.link.role import BridgeRole

if TYPE_CHECKING:
    from glassd_drivers.contracts import Context
    from glassd_drivers.link.events import Device


class BridgeDisplay(BridgeRole):
    """Display of a serial bridge."""

    Config: ClassVar[type[DriverConfig]] = BridgeConfig
    profile: ClassVar[str] = GLASS3.name

    def __init__(self, config: BridgeConfig, context: Context) -> None:
        super().__init__(config, context)
        self._profile = GLASS3
        self._columns, self._rows = GLASS3.columns, GLASS3.rows

    def fit(self, profile: Profile) -> None:
        """Take note of the profile that screens are laid out for."""
        self._profile = profile

    def take_note(self, device: Device) -> None:
        """Take note of the display's size; raise PermanentFault where the bridge has none."""
        display, profile = device.display, self._profile
        if display is None:
            raise PermanentFault(f"{self.bridge.where}: this bridge has no display: take it out of `displays:`")
        self._columns, self._rows = display.columns, display.rows
        if profile.columns > display.columns or profile.rows > display.rows:
            wanted, has = f"{profile.columns}x{profile.rows}", f"{display.columns}x{display.rows}"
            words = f"the profile {profile.name} has {wanted}, the bridge's display {has}: what is beyond is cut off"
            self.bridge.tell_once(logging.WARNING, words)

    async def show(self, screen: Screen) -> None:
        """Show the whole screen; return when the bridge shows it."""
        lines = tuple(fitted(printable(line), self._columns) for line in screen.lines[: self._rows])
        await self.bridge.show(replace(screen, lines=lines))
