"""The buttons of a bridge: debounced and stamped by it, in the board's time by the link's mapping of its clock."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from pydantic import Field

from glassd_drivers.buttons.held import ButtonName, HeldButtons
from glassd_drivers.contracts import PermanentFault
from glassd_drivers.link.config import BridgeConfig
from glassd_drivers.link.role import BridgeRole
from glassd_drivers.settable import SETTABLE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from glassd_drivers.contracts import Context, DriverConfig, Edge
    from glassd_drivers.link.events import Device, EdgeSeen

OLDEST_S: Final = 2.0
"""How old an edge may be that happened while nobody was there to hear of it."""
MAP_LIMIT: Final = 32
"""How many buttons a bridge has at most (docs/link.md)."""


class BridgeButtonsConfig(BridgeConfig):
    """Which bridge, and which of its buttons is which of yours."""

    map: Annotated[dict[Annotated[str, Field(min_length=1, max_length=32)], ButtonName] | None, SETTABLE] = Field(
        None, min_length=1, max_length=MAP_LIMIT
    )
    """Button of the bridge → button of yours, such as shutter: main; without, all of them by their own names."""


class BridgeButtons(BridgeRole):
    """Buttons of a serial bridge."""

    Config: ClassVar[type[DriverConfig]] = BridgeButtonsConfig

    def __init__(self, config: BridgeButtonsConfig, context: Context) -> None:
        super().__init__(config, context)
        self._map = config.map
        self._held = HeldButtons({})
        self._last = -math.inf

    def take_note(self, device: Device) -> None:
        """Match the map with the buttons of the bridge; raise PermanentFault where it names others."""
        where, names = self.bridge.where, device.buttons
        if not names:
            raise PermanentFault(f"{where}: this bridge has no buttons: take it out of `buttons:`")
        if unknown := [name for name in self._map or () if name not in names]:
            raise PermanentFault(
                f"{where}: `map` has {', '.join(unknown)}, and the bridge has {', '.join(names)}: correct it"
            )
        self.call_them(names)

    def call_them(self, names: Sequence[str]) -> None:
        """Take note of the bridge's names, in their order: the map has yours for them, or else they are yours too."""
        yours = self._map or {name: "_".join(name.split()) for name in names if name.strip()}
        self._held = HeldButtons({number: yours[name] for number, name in enumerate(names) if name in yours})

    async def edges(self) -> AsyncGenerator[Edge]:
        """Yield each edge; once the bridge is lost, LOST for each button held and then DriverError."""
        opened = self._context.clock()
        while True:
            try:
                seen = await self.bridge.edges.get()
            except Exception:
                for edge in self._held.lose(self._held.codes, self._now()):
                    yield edge
                raise
            if seen.instant >= opened - OLDEST_S:
                for edge in self.edges_of(seen):
                    yield edge

    def edges_of(self, seen: EdgeSeen) -> Iterator[Edge]:
        """Yield what an edge of the bridge's means."""
        if seen.missed:  # a release may be among them, and no other will come
            yield from self._held.lose(self._held.codes, self._now())
        self._last = min(max(seen.instant, self._last), self._now())
        yield from self._held.change(seen.button, seen.down, self._last)

    def _now(self) -> float:
        return self._context.clock()
