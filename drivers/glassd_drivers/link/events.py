"""What the host end tells of the line: the events, and the facts of the device behind it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag


class CameraMode(IntEnum):
    """What a camera is asked to do (docs/link.md, section 4)."""

    OFF = 0
    STILL = 1
    STREAM = 2


class CameraFeatures(IntFlag):
    """What a camera can do (docs/link.md, section 2)."""

    STILLS = 1
    STREAM = 2


class Failure(IntEnum):
    """Why a picture that was asked for does not come: 1 to 255 as the device says, beyond that as the host saw it."""

    NO_CAMERA = 1
    NO_MEMORY = 2
    NO_SUCH_SIZE = 3
    CAMERA_FAILED = 4
    OTHER = 255
    TOO_LARGE = 256
    NOT_UNDERSTOOD = 257
    SILENT = 258
    WRONG_CHECK = 259
    LOST = 260


@dataclass(frozen=True, slots=True)
class DisplayFacts:
    """A device's display: half-width cells, rows, seconds between two screens at least, and whether rows can grow.

    `grows`: the device takes TAIL, GROW and EMPTY, beside LINE and SHOW.
    """

    columns: int
    rows: int
    interval: float
    grows: bool = False


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """A device's camera: what it can do, its largest chunk in bytes, seconds from a request to the exposure, sizes."""

    features: CameraFeatures
    chunk: int
    delay: float
    sizes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """What a device says of itself in its greeting. `boot` is another number after each of its starts.

    `rates` are those besides 115,200 baud; `largest` packet, `room` and `window` are what it can hold.
    """

    version: int
    boot: int
    name: str = "bridge"
    firmware: str = ""
    largest: int = 128
    room: int = 256
    window: int = 1
    display: DisplayFacts | None = None
    camera: CameraFacts | None = None
    buttons: tuple[str, ...] = ()
    rates: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EdgesHad:
    """The last edge that came: of which boot, its number, and the device's clock. Outlives a session and a HostEnd."""

    boot: int
    number: int
    time: int


@dataclass(frozen=True, slots=True)
class Greeted:
    """The session has begun."""

    device: Device


@dataclass(frozen=True, slots=True)
class EdgeSeen:
    """A button went down or up at `instant` (CLOCK_MONOTONIC seconds); `missed` edges before it never came."""

    button: int
    down: bool
    instant: float
    number: int
    missed: int = 0


@dataclass(frozen=True, slots=True)
class PictureCame:
    """A JPEG, whole and checked; `instant` is the middle of its exposure, CLOCK_MONOTONIC seconds."""

    request: int
    data: bytes
    width: int
    height: int
    instant: float


@dataclass(frozen=True, slots=True)
class PictureFailed:
    """A picture of this request does not come. A stream goes on if the camera can; a still is over."""

    request: int
    reason: Failure


@dataclass(frozen=True, slots=True)
class Shown:
    """The device shows this screen; those with lower numbers were shown or replaced."""

    number: int


@dataclass(frozen=True, slots=True)
class ChangeRate:
    """Set the line to this rate now: what was handed out before is on the line already, nothing follows for 10 ms."""

    rate: int


@dataclass(frozen=True, slots=True)
class RateFailed:
    """The line did not work at this rate: leave it out of the next life's. Dead follows."""

    rate: int


@dataclass(frozen=True, slots=True)
class Dead:
    """The session is over, and this end with it; `reason` is half a sentence. Go back to the base rate, begin anew."""

    reason: str


@dataclass(frozen=True, slots=True)
class Incompatible:
    """The device speaks none of our versions, but `lowest` to `highest`. This end is over; a person must act."""

    lowest: int
    highest: int


Event = Greeted | EdgeSeen | PictureCame | PictureFailed | Shown | ChangeRate | RateFailed | Dead | Incompatible
