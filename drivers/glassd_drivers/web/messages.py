"""What a page and the board say to each other (docs/web.md): bytes in, values out, and back. No I/O.

Nothing that a page says is believed: sizes and depth are bounded before anything is made of it, and what is no message
of this version raises Unreadable, whose text is for the page's person.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glassd_drivers.contracts import Profile, Screen

VERSION: Final = 1
TEXT_LIMIT_CHARS: Final = 4096
"""The longest text message."""
HEAD_LIMIT_BYTES: Final = 200
"""The longest line before a picture."""
PICTURE_LIMIT_BYTES: Final = 8 << 20
"""The largest picture: one of 12 megapixels has some 5 MB."""
KEY_LIMIT_CHARS: Final = 32
WORDS_LIMIT_CHARS: Final = 200
_LATEST_MS: Final = 1e12
"""No page is open for 30 years."""
_NUMBER_LIMIT: Final = (1 << 53) - 1
"""The largest whole number that a page can count to."""

Milliseconds = Annotated[float, Meta(ge=0, le=_LATEST_MS)]
"""Of the page's clock, that of performance.now()."""
Number = Annotated[int, Meta(ge=0, le=_NUMBER_LIMIT)]
Words = Annotated[str, Meta(max_length=WORDS_LIMIT_CHARS)]
"""For a log or a person; `plain` makes them safe for both."""
Pixels = Annotated[float, Meta(ge=0, le=100_000)]
"""CSS pixels, which may be fractions."""

CameraState = Literal["granted", "prompt", "denied", "none", "insecure", "busy", "hidden", "failed"]
"""What a page says of its browser's camera; docs/web.md has the meanings."""


class Unreadable(ValueError):
    """No message of this version of the protocol; the text is one line that says why."""


# -- what a page says --------------------------------------------------------------------------------------------------


class Box(Struct, frozen=True):
    """The size of the page."""

    width: Pixels
    height: Pixels


class Camera(Struct, frozen=True):
    """How the browser's camera stands."""

    state: CameraState
    detail: Words = ""


class CameraSaid(Camera, frozen=True, tag="camera"):
    """How it stands now."""


class Hello(Struct, frozen=True, tag="hello"):
    """The greeting, which comes first."""

    version: Number
    screen: Box
    language: Annotated[str, Meta(max_length=KEY_LIMIT_CHARS)] = ""
    camera: Camera = Camera("prompt")


class Pong(Struct, frozen=True, tag="pong"):
    """The answer to the ping of that number."""

    id: Number
    at: Milliseconds


class EdgeSaid(Struct, frozen=True, tag="edge"):
    """A key or the touch pad went down or up."""

    button: Annotated[str, Meta(min_length=1, max_length=KEY_LIMIT_CHARS)]
    down: bool
    at: Milliseconds


class LostSaid(Struct, frozen=True, tag="lost"):
    """The releases of what is held will not be seen."""


class ShownSaid(Struct, frozen=True, tag="shown"):
    """The screen of that number has been painted."""

    id: Number


class FailedSaid(Struct, frozen=True, tag="failed"):
    """The still of that number does not come."""

    take: Number
    reason: Words = ""


class _Head(Struct, frozen=True):
    at: Milliseconds
    take: Number | None = None


class Picture(Struct, frozen=True):
    """A picture of the stream, or the still of that number; `data` is what the page says is a JPEG."""

    at: float
    take: int | None
    data: bytes


Said = Hello | Pong | EdgeSaid | LostSaid | CameraSaid | ShownSaid | FailedSaid
_SAID: Final = msgspec.json.Decoder(Said)
_HEAD: Final = msgspec.json.Decoder(_Head)


def read_hello(message: bytes | str) -> Hello:
    """Return the greeting that a page's first message is; raise Unreadable."""
    said = read(message)
    if not isinstance(said, Hello):
        raise Unreadable("the first message is to be hello")
    if said.version != VERSION:
        raise Unreadable(f"the page speaks version {said.version}, this board {VERSION}: reload the page")
    return said


def read(message: bytes | str) -> Said | Picture:
    """Return what a message says; raise Unreadable."""
    if isinstance(message, str):
        if len(message) > TEXT_LIMIT_CHARS:
            raise Unreadable(f"a text message of {len(message)} characters, where {TEXT_LIMIT_CHARS} are the most")
        said: Said = _decoded(_SAID, message)
        return said
    end = message.find(b"\n", 0, HEAD_LIMIT_BYTES + 1)
    if end < 0:
        raise Unreadable(f"a picture without its line of JSON, {HEAD_LIMIT_BYTES} bytes at most, and a newline")
    if len(message) - end - 1 > PICTURE_LIMIT_BYTES:
        raise Unreadable(f"a picture of over {PICTURE_LIMIT_BYTES >> 20} MiB: send smaller ones")
    head = _decoded(_HEAD, message[:end])
    return Picture(head.at, head.take, message[end + 1 :])


def _decoded(decoder: Any, text: str | bytes) -> Any:
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:  # what is not UTF-8, what is too deep
        raise Unreadable(f"not understood: {plain(str(error))}") from error


def plain(words: str) -> str:
    """Return a page's words, cut short, without what would steer a terminal or break a line."""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in words[:WORDS_LIMIT_CHARS])).strip()


# -- what the board says -----------------------------------------------------------------------------------------------


class CameraWish(Struct, frozen=True):
    """What is asked of the page's camera: pixels, pictures a second, quality 1 to 100."""

    mode: Literal["stream", "still"]
    width: int
    height: int
    fps: int
    quality: int
    facing: Literal["environment", "user"]


def welcome(
    camera: CameraWish | None, profile: Profile | None, buttons: Mapping[str, str] | None, *, looks: bool
) -> str:
    """Return what the page is to be; None for a role that it does not have. `looks`: the camera is to be open."""
    told = {
        "camera": None if camera is None else {**msgspec.to_builtins(camera), "on": looks},
        "display": None if profile is None else {"profile": _profile(profile)},
        "buttons": None if buttons is None else {"map": dict(buttons)},
    }
    return _text("welcome", version=VERSION, **told)


def _profile(profile: Profile) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(profile)
    del facts["characters"]  # what the font lacks is replaced before it comes here
    return facts


def ping(number: int) -> str:
    """Return the question for the page's clock."""
    return _text("ping", id=number)


def screen(number: int, shown: Screen) -> str:
    """Return a screen, whole."""
    return _text("screen", id=number, **msgspec.to_builtins(shown))


def take(number: int) -> str:
    """Return the wish for a still."""
    return _text("take", id=number)


def replaced() -> str:
    """Return that another page is the glasses now."""
    return _text("replaced")


def refused(reason: str) -> str:
    """Return why the page is not let in, or no longer."""
    return _text("refused", reason=reason)


def _text(kind: str, **facts: Any) -> str:
    return msgspec.json.encode({"type": kind, **facts}).decode()
