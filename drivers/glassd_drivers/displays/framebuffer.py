"""Glasses that are a monitor, and small panels: answers drawn on a framebuffer of the kernel's.

Drawing and writing are done on the driver's own thread, the libraries for it loaded there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BeforeValidator, WithJsonSchema

from glassd_drivers.contracts import CONTRACT, Area, Context, DriverConfig, PermanentFault, Screen
from glassd_drivers.displays.fb_console import Console
from glassd_drivers.displays.on_thread import ThreadDisplay
from glassd_drivers.displays.profiles import GLASS3
from glassd_drivers.displays.sheet import lay_out
from glassd_drivers.settable import SETTABLE

if TYPE_CHECKING:
    from glassd_drivers.displays.fb_node import FramebufferNode
    from glassd_drivers.displays.painter import Painter


COLOURS = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "green": (0, 255, 0),
    "red": (255, 0, 0),
    "yellow": (255, 255, 0),
    "amber": (255, 176, 0),
    "cyan": (0, 255, 255),
    "blue": (0, 0, 255),
}
_HEX = r"#[0-9a-fA-F]{6}"
_AREA = r"([0-9]{1,5})x([0-9]{1,5})\+([0-9]{1,5})\+([0-9]{1,5})"


def _colour(value: object) -> object:
    if isinstance(value, str):
        if value in COLOURS:
            return COLOURS[value]
        if re.fullmatch(_HEX, value):
            return tuple(bytes.fromhex(value[1:]))
    raise ValueError(f'a colour: {", ".join(COLOURS)}, or "#RRGGBB" in quotes')


def _area(value: object) -> object:
    if isinstance(value, str) and (match := re.fullmatch(_AREA, value.strip())):
        width, height, left, top = map(int, match.groups())
        return Area(left, top, width, height)
    raise ValueError("an area, WIDTHxHEIGHT+LEFT+TOP, such as 480x480+0+80")


Colour = Annotated[
    tuple[int, int, int],
    BeforeValidator(_colour),
    WithJsonSchema({"type": "string", "pattern": f"^({'|'.join(COLOURS)}|{_HEX})$", "examples": ["green", "#00ff00"]}),
]
"""Red, green and blue, from 0 to 255."""
AreaText = Annotated[
    Area,
    BeforeValidator(_area),
    WithJsonSchema({"type": "string", "pattern": f"^{_AREA}$", "examples": ["480x480+0+80"]}),
]


class FramebufferConfig(DriverConfig):
    """Which framebuffer, and how it is drawn on."""

    device: Path = Path("/dev/fb0")
    """The framebuffer's node."""
    rotate: Annotated[Literal[0, 90, 180, 270], SETTABLE] = 0
    """How far the picture is turned clockwise, in degrees."""
    area: Annotated[AreaText | None, SETTABLE] = None
    """The part of the turned picture that is used, WIDTHxHEIGHT+LEFT+TOP; the profile's safe area where absent."""
    color: Annotated[Colour, SETTABLE] = COLOURS["green"]
    """Of the text; a name, or "#RRGGBB" in quotes."""
    background: Annotated[Colour, SETTABLE] = COLOURS["black"]
    """Behind the text; black is what glasses let the world through."""
    font: Path | tuple[Path, ...] = ()
    """A font file, or several, the first choice first; FILE#N is a collection's face N. The installed ones follow."""

    @property
    def fonts(self) -> tuple[Path, ...]:
        """The font files that were chosen."""
        return (self.font,) if isinstance(self.font, Path) else self.font


class FramebufferDisplay(ThreadDisplay):
    """A framebuffer such as /dev/fb0: glasses that are a monitor over USB-C, small panels."""

    contract: ClassVar[int] = CONTRACT
    profile: ClassVar[str] = GLASS3.name
    Config = FramebufferConfig

    def __init__(self, config: FramebufferConfig, context: Context) -> None:
        super().__init__(f"{context.name} framebuffer", GLASS3)
        self._config = config
        self._console = Console()
        self._node: FramebufferNode | None = None
        self._painter: Painter | None = None

    # On the driver's thread from here on.

    def _open(self) -> None:
        """Take hold of the framebuffer and make it dark."""
        from glassd_drivers.displays.fb_node import FramebufferNode  # noqa: PLC0415  numpy and Pillow load late
        from glassd_drivers.displays.fonts import load_fonts  # noqa: PLC0415  likewise
        from glassd_drivers.displays.painter import Colours, Painter  # noqa: PLC0415  likewise

        config = self._config
        fonts = load_fonts(config.fonts)
        self._node = node = FramebufferNode(config.device, config.rotate // 90)
        node.open(Colours(config.color, config.background))
        width, height = node.size
        sheet = lay_out(self._profile, width, height, config.area)
        if sheet is None:
            profile = self._profile
            raise PermanentFault(
                f"{config.device} is {width}x{height}, where {profile.columns} columns and {profile.rows} rows do not "
                f"fit into its area: choose another `profile`, or correct `area`"
            )
        self._painter = Painter(fonts, sheet)
        self._console.hold(node.fd, config.device)

    def _show(self, screen: Screen) -> None:
        """Draw and write the lines that have changed."""
        node, painter = self._node, self._painter
        assert node is not None, "it is open"
        assert painter is not None, "it is open"
        node.check()  # what is written to a device that is gone is not missed by anybody
        for strip in painter.update(screen):
            node.put(strip)

    def _check(self) -> None:
        """See that it is there, and of the same size."""
        assert self._node is not None, "it is open"
        self._node.check()

    def _release(self) -> None:
        """Leave the framebuffer dark."""
        if self._node is not None:
            self._node.close()
        self._console.release()
