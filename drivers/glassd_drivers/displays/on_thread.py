"""A display that is served on a thread of its own: the calls of the contract, each carried there.

The device's calls may block; what is read off this class says what it does on its thread, and no more.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from glassd_drivers.threads import DeviceThread

if TYPE_CHECKING:
    from typing import NoReturn

    from glassd_drivers.contracts import Profile, Screen


class ThreadDisplay(ABC):
    """Base of displays whose device blocks. Whoever derives from it has `_open`, `_show`, `_check` and `_release`."""

    check_s: ClassVar[float] = 0.5
    """Seconds between two looks at the device."""

    def __init__(self, name: str, profile: Profile) -> None:
        """`name` is for the thread's name and for errors, `profile` what screens are laid out for unless told."""
        self._thread = DeviceThread(name)
        self._profile = profile

    def fit(self, profile: Profile) -> None:
        """Take note of the profile that screens are laid out for."""
        self._profile = profile

    async def open(self) -> None:
        """Take hold of the device."""
        await self._thread.call(self._open)

    async def show(self, screen: Screen) -> None:
        """Show the whole screen; return when the device has taken it."""
        await self._thread.call(self._show, screen)

    async def watch(self) -> NoReturn:
        """Wait until the device is lost."""
        while True:
            await asyncio.sleep(self.check_s)
            await self._thread.call(self._check)

    async def close(self) -> None:
        """Let go of the device, whatever it is stuck in."""
        await self._thread.close(self._release)

    # On the thread.

    @abstractmethod
    def _open(self) -> None:
        """Take hold of the device; raise DriverError."""

    @abstractmethod
    def _show(self, screen: Screen) -> None:
        """Hand the device a screen; raise DriverError."""

    @abstractmethod
    def _check(self) -> None:
        """Look after the device between two screens; raise DriverError where it is lost."""

    @abstractmethod
    def _release(self) -> None:
        """Let go of what `_open` has taken hold of, however far it came."""
