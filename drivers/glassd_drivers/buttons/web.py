"""The buttons of browser glasses: keys and the touch pad, stamped by the page, in the board's time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from pydantic import Field

from glassd_drivers.buttons.held import ButtonName, HeldButtons
from glassd_drivers.contracts import DriverConfig
from glassd_drivers.settable import SETTABLE
from glassd_drivers.web.device import Moved
from glassd_drivers.web.messages import KEY_LIMIT_CHARS
from glassd_drivers.web.role import WebRole

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from glassd_drivers.contracts import Context, Edge
    from glassd_drivers.web.device import AllLost, WebDevice

OLDEST_S: Final = 5.0
"""A press that is older when it comes is not one of now."""
MAP_LIMIT: Final = 64
KEYS: Final = {
    **dict.fromkeys(("touch", "Enter", "Space", "MediaPlayPause", "Camera"), "main"),
    **dict.fromkeys(("Escape", "Backspace", "BrowserBack", "GoBack"), "back"),
    **dict.fromkeys(("ArrowDown", "ArrowRight", "PageDown", "AudioVolumeDown", "swipe_up", "swipe_left"), "down"),
    **dict.fromkeys(("ArrowUp", "ArrowLeft", "PageUp", "AudioVolumeUp", "swipe_down", "swipe_right"), "up"),
}
"""Which key is which button where the config says nothing: those that touch pads and remote controls send."""


class WebButtonsConfig(DriverConfig):
    """Which keys of the browser are buttons."""

    map: Annotated[dict[Annotated[str, Field(min_length=1, max_length=KEY_LIMIT_CHARS)], ButtonName], SETTABLE] = Field(
        KEYS, min_length=1, max_length=MAP_LIMIT
    )
    """Key of the browser → button of yours, such as Enter: main; keys by the name that browsers give them, the space
    bar as Space, and touch, swipe_left, swipe_right, swipe_up, swipe_down for the touch pad."""


class WebButtons(WebRole):
    """Buttons of browser glasses: keys and the touch pad of the page /glasses."""

    Config: ClassVar[type[DriverConfig]] = WebButtonsConfig

    def __init__(self, config: WebButtonsConfig, context: Context) -> None:
        super().__init__(context)
        self._map = config.map
        self._codes = {key: code for code, key in enumerate(config.map)}
        self._held = HeldButtons(dict(enumerate(config.map.values())))
        self._last = -math.inf
        self._number: int | None = None

    async def take_part(self, device: WebDevice) -> None:
        """Have the page say what its keys do."""
        device.listen(self._map)

    async def edges(self) -> AsyncGenerator[Edge]:
        """Yield each edge; once the page is lost, LOST for each button held and then DriverError."""
        while True:
            try:
                moved = await self.device.edges.get()
            except Exception:
                for edge in self._lose():
                    yield edge
                raise
            for edge in self.edges_of(moved):
                yield edge

    def edges_of(self, moved: Moved | AllLost) -> Iterator[Edge]:
        """Yield what something that the page said means."""
        missed = self._number is not None and moved.number != self._number + 1  # a release may be among them
        self._number = moved.number
        if missed or not isinstance(moved, Moved):
            yield from self._lose()
        if not isinstance(moved, Moved):
            return
        now = self._context.clock()
        if moved.down and moved.instant < now - OLDEST_S:
            return
        self._last = min(max(moved.instant, self._last), now)
        yield from self._held.change(self._codes[moved.key], moved.down, self._last)

    def _lose(self) -> Iterator[Edge]:
        yield from self._held.lose(self._held.codes, self._context.clock())

    async def close(self) -> None:
        """Have the page keep its keys to itself."""
        if self._device is not None:
            self._device.listen(None)
        await super().close()
