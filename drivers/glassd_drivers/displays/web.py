"""The display of browser glasses: each screen whole, to the page, which draws it in the profile's look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from glassd_drivers.contracts import DriverConfig, Profile, Screen
from glassd_drivers.displays.profiles import GLASS3
from glassd_drivers.displays.text import printable
from glassd_drivers.web.role import WebRole

if TYPE_CHECKING:
    from glassd_drivers.contracts import Context
    from glassd_drivers.web.device import WebDevice


class WebDisplayConfig(DriverConfig):
    """Nothing: the page comes through the API."""


class WebDisplay(WebRole):
    """Display of browser glasses: the page /glasses."""

    Config: ClassVar[type[DriverConfig]] = WebDisplayConfig
    profile: ClassVar[str] = GLASS3.name

    def __init__(self, config: WebDisplayConfig, context: Context) -> None:  # noqa: ARG002  every driver has one
        super().__init__(context)
        self._profile = GLASS3

    def fit(self, profile: Profile) -> None:
        """Take note of the profile that screens are laid out for."""
        self._profile = profile

    async def take_part(self, device: WebDevice) -> None:
        """Have the page be a display."""
        device.draw_for(self._profile)

    async def show(self, screen: Screen) -> None:
        """Show the whole screen; return when the page has painted it, or a newer one."""
        await self.device.show(replace(screen, lines=tuple(map(printable, screen.lines[: self._profile.rows]))))

    async def close(self) -> None:
        """Leave the page dark."""
        if self._device is not None:
            self._device.draw_for(None)
        await super().close()
