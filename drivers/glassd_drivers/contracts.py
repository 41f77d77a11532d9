"""What a driver promises and what it is given: the one page that an author of a driver reads.

A driver is a class that plays one role (camera, buttons or display), named by an entry point in the group of its
role, constructed as `Driver(config, context)`, then opened, used and closed once. A new life is a new object:
the supervisor makes it. A driver turns device bytes into frames and edges, and screens into bytes; it never decides.

The module of a driver imports its device library late (inside `open`), so that its config type can be read
without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

CONTRACT = 1
"""The version of this page. A driver that states another one is refused by name, before it is constructed."""

T = TypeVar("T")


# -- errors -----------------------------------------------------------------------------------------------------------


class DriverError(Exception):
    """Root of all that a driver may raise.

    The text is one line: the device (its path or address), what happened, what to do. The supervisor says whose it is.
    """


class TransientFault(DriverError):
    """May pass by itself: unplugged, busy, silent. The supervisor tries again soon, with a growing delay."""


class PermanentFault(DriverError):
    """Waits for a person: no permission, not such a device, an unsupported format. Tried again rarely."""


# -- what passes through -----------------------------------------------------------------------------------------------

MediaType = Literal["image/jpeg", "image/png"]
RawType = Literal["raw/yuyv", "raw/uyvy", "raw/nv12", "raw/grey"]
"""Pixels that are not encoded, 8 bits a sample, rows tightly packed from the top: YUYV and UYVY (4:2:2, width even),
NV12 (4:2:0, a plane of Y, then one of UV pairs, both sides even), luminance alone. They are V4L2's formats of these
names; colours are BT.601 in the narrow range."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One still as the camera made it: an encoded one or, of a camera that does not encode, a raw one.

    A raw frame is encoded only when it is picked, by whoever sends it out.

    `instant` is CLOCK_MONOTONIC seconds of the exposure as well as the source knows it (the kernel's stamp, the
    link's mapped one, else the arrival); `width` and `height` are pixels; `source` is the name of the camera.
    """

    data: bytes
    media_type: MediaType | RawType
    width: int
    height: int
    instant: float
    source: str


class EdgeKind(StrEnum):
    """What a button did."""

    DOWN = "down"
    UP = "up"
    LOST = "lost"  # a release made up because the device went away while held: it ends the gesture, which means nothing


@dataclass(frozen=True, slots=True)
class Edge:
    """A button going down or up at an instant (CLOCK_MONOTONIC seconds)."""

    button: str
    kind: EdgeKind
    instant: float


class Mark(StrEnum):
    """The one status mark beside the text."""

    IDLE = "idle"
    LOOKING = "looking"
    SENDING = "sending"
    THINKING = "thinking"
    WRITING = "writing"
    DONE = "done"
    CUT_OFF = "cut_off"
    ERROR = "error"


class Sign(StrEnum):
    """What stands beside the mark for as long as it is so; their order is that in which they are shown."""

    PAUSED = "paused"  # nothing is looked at, and nothing leaves
    NO_CAMERA = "no_camera"  # there is to be one, and it cannot be opened
    NO_NETWORK = "no_network"  # something waits for the way to the model, which is not open
    QUEUED = "queued"  # questions wait on the board until they can be sent
    BUDGET_LOW = "budget_low"  # little is left of an hour's or a day's budget
    CLOCK_NOT_SET = "clock_not_set"  # something waits for the date, which is not known


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of pixels, from the upper left corner."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Screen:
    """What the wearer sees now: a value, whole, never an edit of the one before.

    `lines` are at most the profile's rows, each at most its columns wide, free of control characters. `camera` says
    that frames are being taken, `warning` that something of glassd's own does not work (its disk is full, say) while
    answers still come; `signs` are what else is so for a while, each at most once, in the order of `Sign`. A display
    leaves out what it has no place for, the camera's sign last of all. A screen with `must_show` (a final one, an
    error, a clear) is never skipped for a newer one.
    """

    lines: tuple[str, ...] = ()
    page: int = 1
    pages: int = 1
    mark: Mark = Mark.IDLE
    camera: bool = False
    must_show: bool = False
    warning: bool = False
    signs: tuple[Sign, ...] = ()


Characters = str | tuple[tuple[int, int], ...]
"""Those of a character set, by the name of its codec (`gb2312`), or of ranges of code points, both ends included."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The facts of one display. `columns` counts half-width cells, `interval` seconds between two screens at least.

    Only text after a screen without any comes sooner than that.

    A display of pixels has more: its `width` and `height`, 0 where there are none or they are not known; the `safe`
    area that text is to stay in, the whole of it where None; the size of its own `font` in pixels to the em, 0 where it
    has none or it is not known.
    """

    name: str
    columns: int
    rows: int
    interval: float
    width: int = 0
    height: int = 0
    safe: Area | None = None
    font: int = 0
    characters: Characters | None = None
    """What its font has, where that is not nearly all; what it lacks is replaced before it comes to the driver."""
    order: Literal["logical", "visual"] = "logical"
    """Visual for a display that draws from left to right whatever comes: right-to-left text is turned around for it."""


class DeviceState(StrEnum):
    """Where a supervised driver stands."""

    CLOSED = "closed"
    OPENING = "opening"
    READY = "ready"
    WAITING = "waiting"  # lost or not there: tried again by itself
    FAILED = "failed"  # waits for a person: tried again rarely


# -- what a driver is given --------------------------------------------------------------------------------------------


class Channel(Protocol):
    """A duplex channel that the daemon's server accepted on a driver's behalf: whole messages, in order."""

    async def receive(self) -> bytes | str:
        """Return the next message; raise TransientFault once the far end is gone."""

    async def send(self, message: bytes | str) -> None:
        """Send one message; raise TransientFault once the far end is gone."""

    async def close(self) -> None:
        """Tell the far end that this is over. Never raises."""


class Context(Protocol):
    """What the daemon lends to one driver."""

    name: str
    """The driver's name in the config's words, for logs and as a frame's source: `camera`, `displays.0` …"""

    def clock(self) -> float:
        """Return CLOCK_MONOTONIC seconds; in tests, the virtual clock's."""

    def report(self, state: DeviceState, detail: str = "") -> None:
        """Tell a change that only the driver can see while it is open, such as a camera that has frozen."""

    def share(self, key: str, factory: Callable[[], AbstractAsyncContextManager[T]]) -> AbstractAsyncContextManager[T]:
        """Lend one counted device to all drivers that name the same key.

        The first to enter opens it through `factory`, the last to leave closes it. A holder that leaves with an
        exception retires the device (a cancellation does not): whoever comes after gets a new one, once the other
        holders have left.
        """

    def credential(self, name: str) -> str:
        """Return what the credential of that name holds, such as a camera's user:password; PermanentFault if nothing.

        A config names credentials and never holds them; neither does an error, a log or a representation. May read a
        file: call it on the driver's thread.
        """

    def sockets(self, name: str) -> AbstractAsyncContextManager[AsyncIterator[Channel]]:
        """Yield the duplex channels that arrive at the daemon's own server for `name`, as long as this is entered."""


class DriverConfig(BaseModel):
    """Base of a driver's own config type: frozen, unknown keys refused. Fields carry their units as in `units`.

    The docstring under a field is its description, for editors and for `glassd setup`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


# -- the three roles ---------------------------------------------------------------------------------------------------


class Driver(Protocol):
    """What all three roles have in common.

    The first line of the class's docstring is what `glassd drivers` prints. `Config` is the type of its section.
    """

    contract: ClassVar[int]
    Config: ClassVar[type[DriverConfig]]

    async def open(self) -> None:
        """Take hold of the device; raise DriverError if that fails. Cancelling leaves nothing open."""

    async def close(self) -> None:
        """Let go of the device within a second, whatever state it is in, even half opened. Never raises."""


@runtime_checkable
class StreamCamera(Driver, Protocol):
    """A camera that streams."""

    kind: ClassVar[Literal["stream"]]

    def frames(self) -> AsyncIterator[Frame]:
        """Yield each frame as it comes; raise DriverError when the device is lost. Never ends by itself."""


@runtime_checkable
class StillCamera(Driver, Protocol):
    """A camera that takes a still for an instant."""

    kind: ClassVar[Literal["still"]]

    async def take(self, instant: float) -> Frame:
        """Return the picture nearest to `instant` that the device can still give; raise DriverError if none."""

    async def watch(self) -> None:
        """Wait until the device is lost, then raise DriverError."""


Camera = StreamCamera | StillCamera


class Buttons(Driver, Protocol):
    """A device with buttons."""

    def edges(self) -> AsyncIterator[Edge]:
        """Yield each edge as it comes; raise DriverError when the device is lost, after LOST for each button held."""


class Display(Driver, Protocol):
    """A device that shows screens."""

    profile: ClassVar[str]
    """Name of the profile used where the config names none."""

    def fit(self, profile: Profile) -> None:
        """Take note of the profile that screens are laid out for; called once, before `open`."""

    async def show(self, screen: Screen) -> None:
        """Show the whole screen; return when the device has taken it; raise DriverError when it is lost."""

    async def watch(self) -> None:
        """Wait until the device is lost, then raise DriverError."""


Role = Literal["cameras", "buttons", "displays"]
ROLES: tuple[Role, ...] = ("cameras", "buttons", "displays")
AnyDriver = Any
"""A driver class as an entry point gives it, before the registry has looked at it."""
