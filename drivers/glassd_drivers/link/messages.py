"""What packets and messages say (docs/link.md, sections 1, 2 and 4): built for the device, read from it.

A reader returns None for a body that is shorter than its type asks: such a packet is ignored. Bytes behind what a type
asks for are ignored too, so that later versions may add to it.
"""

from __future__ import annotations

import re
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from glassd_drivers.link.events import CameraFacts, CameraFeatures, Device, DisplayFacts
from glassd_drivers.link.packets import ANY_LARGEST, HOST_LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VERSION: Final = 1
"""The one version that this end speaks."""
ROOM_LEAST: Final = 256
WINDOW_MOST: Final = 32
CHUNK_LEAST: Final = 64
CHUNK_MOST: Final = 4096
MISSING_MOST: Final = 32
"""Chunks that one TAKEN asks for again."""
PICTURES: Final = 128
"""Numbers that a picture may have, from 0."""
JPEG: Final = 1
_BUTTONS_MOST: Final = 32
_GROWS: Final = 1
"""Bit of a display's features."""
_NAME_BYTES: Final = 64
_SHORT_NAME_BYTES: Final = 32

Bytes = bytes | bytearray


class Here(NamedTuple):
    """The device has no session."""

    lowest: int
    highest: int
    boot: int


class Pong(NamedTuple):
    """The answer to a PING; times are microseconds of the device's clock; bad and overrun count since its start."""

    number: int
    received: int
    sent: int
    bad: int
    overrun: int


class Ack(NamedTuple):
    """The next sequence number that the device expects of each class."""

    buttons: int
    display: int
    control: int


class Edge(NamedTuple):
    """A button's edge, by the device's clock."""

    number: int
    button: int
    down: int
    time: int


class Picture(NamedTuple):
    """A picture that begins; `time` is the device's clock in the middle of the exposure."""

    picture: int
    request: int
    size: int
    chunk: int
    width: int
    height: int
    format: int
    time: int


class End(NamedTuple):
    """All chunks of a picture were sent once; its CRC-32."""

    picture: int
    check: int


class Failed(NamedTuple):
    """No picture for this request."""

    request: int
    reason: int


# -- read -------------------------------------------------------------------------------------------------------------

_HERE: Final = Struct("<BBI")
_WELCOME: Final = Struct("<BII")
_PONG: Final = Struct("<BIIHH")
_ACK: Final = Struct("<BBB")
_RATED: Final = Struct("<I")
_EDGE: Final = Struct("<BBBI")
_PICTURE: Final = Struct("<BBIHHHBI")
_END: Final = Struct("<BI")
_FAILED: Final = Struct("<BB")


def read_here(body: Bytes) -> Here | None:
    """Read HERE."""
    return Here(*_HERE.unpack_from(body)) if len(body) >= _HERE.size else None


def read_pong(body: Bytes) -> Pong | None:
    """Read PONG."""
    return Pong(*_PONG.unpack_from(body)) if len(body) >= _PONG.size else None


def read_ack(body: Bytes) -> Ack | None:
    """Read ACK."""
    return Ack(*_ACK.unpack_from(body)) if len(body) >= _ACK.size else None


def read_rated(body: Bytes) -> int | None:
    """Read RATED: the rate in baud."""
    return int(_RATED.unpack_from(body)[0]) if len(body) >= _RATED.size else None


def read_edge(message: Bytes) -> Edge | None:
    """Read a message of the class BUTTONS."""
    return Edge(*_EDGE.unpack_from(message, 1)) if _is(0x01, message, _EDGE) else None


def read_control(message: Bytes) -> Picture | End | Failed | None:
    """Read a message of the class CONTROL that a device sends."""
    if _is(0x81, message, _PICTURE):
        return Picture(*_PICTURE.unpack_from(message, 1))
    if _is(0x82, message, _END):
        return End(*_END.unpack_from(message, 1))
    if _is(0x83, message, _FAILED):
        return Failed(*_FAILED.unpack_from(message, 1))
    return None


def _is(kind: int, message: Bytes, says: Struct) -> bool:
    return len(message) > says.size and message[0] == kind


def read_welcome(body: Bytes, session: int) -> Device | None:
    """Read WELCOME to this session; None as well for another session's, and for a version that was not offered."""
    if len(body) < _WELCOME.size:
        return None
    version, of, boot = _WELCOME.unpack_from(body)
    if of != session or version != VERSION:
        return None
    first: dict[int, bytes] = {}
    buttons: list[str] = []
    for tag, value in _fields(body[_WELCOME.size :]):
        if tag == 0x09 and len(buttons) < _BUTTONS_MOST:
            buttons.append(_text(value, _SHORT_NAME_BYTES))
        first.setdefault(tag, value)
    return Device(
        version=version,
        boot=boot,
        name=_text(first.get(0x01, b""), _NAME_BYTES) or "bridge",
        firmware=_text(first.get(0x02, b""), _SHORT_NAME_BYTES),
        largest=min(HOST_LARGEST, _at_least(ANY_LARGEST, _numbers("<H", first.get(0x03)))),
        room=_at_least(ROOM_LEAST, _numbers("<H", first.get(0x04))),
        window=min(WINDOW_MOST, _at_least(1, _numbers("<B", first.get(0x05)))),
        display=_display(first.get(0x06)),
        camera=_camera(first.get(0x07), first.get(0x08, b"")),
        buttons=tuple(buttons),
        rates=tuple(_each("<I", first.get(0x0A, b""))),
    )


def _fields(rest: Bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and value of each field that is whole."""
    at = 0
    while at + 2 <= len(rest) and at + 2 + rest[at + 1] <= len(rest):
        size = rest[at + 1]
        yield rest[at], bytes(rest[at + 2 : at + 2 + size])
        at += 2 + size


def _numbers(layout: str, value: bytes | None) -> tuple[int, ...]:
    """Return the numbers of a field; none if it is not there, or too short, which is the same."""
    says = Struct(layout)
    return says.unpack_from(value) if value is not None and len(value) >= says.size else ()


def _each(layout: str, value: bytes) -> list[int]:
    """Return the first number of each whole item of a list."""
    says = Struct(layout)
    return [int(item[0]) for item in says.iter_unpack(value[: len(value) // says.size * says.size])]


def _at_least(least: int, numbers: tuple[int, ...]) -> int:
    return max(least, *numbers) if numbers else least


def _text(value: bytes, limit: int) -> str:
    """Return a name that may be shown and logged: what is no text or cannot be printed is left out."""
    return "".join(each for each in value[:limit].decode("utf-8", "ignore") if each.isprintable()).strip()


def _display(value: bytes | None) -> DisplayFacts | None:
    facts = _numbers("<BBH", value)
    if not facts or 0 in facts[:2]:
        return None
    columns, rows, milliseconds = facts
    features = _numbers("<4xB", value)  # which older firmware does not tell
    return DisplayFacts(columns, rows, milliseconds / 1000, grows=bool(sum(features) & _GROWS))


def _camera(value: bytes | None, sizes: bytes) -> CameraFacts | None:
    facts = _numbers("<BHH", value)
    if not facts:
        return None
    features, chunk, milliseconds = facts
    widths, heights = _each("<H2x", sizes), _each("<2xH", sizes)
    return CameraFacts(
        CameraFeatures(features & (CameraFeatures.STILLS | CameraFeatures.STREAM)),
        min(CHUNK_MOST, max(CHUNK_LEAST, chunk)),
        milliseconds / 1000,
        tuple(zip(widths, heights, strict=True)),
    )


# -- built: bodies of packets, and messages ---------------------------------------------------------------------------

_HELLO: Final = Struct("<BBIH")
_PING: Final = Struct("<B12x")
_RATE: Final = Struct("<I")
_TAKEN: Final = Struct("<BHH")
_SHOW: Final = Struct("<BHHBB")
_CAMERA: Final = Struct("<BBBHHBHH")
_DONE: Final = Struct("<BBB")
_CONTROLS: Final = re.compile("[\0-\x1f\x7f-\x9f]")
_LINE: Final = 0x01
_TAIL: Final = 0x03
_GROW: Final = 0x04
_KEPT_MOST: Final = 0xFF
_LINE_HEAD: Final = 2
"""Bytes of a LINE before its text."""


def hello(session: int) -> bytes:
    """Return HELLO's body."""
    return _HELLO.pack(VERSION, VERSION, session, HOST_LARGEST)


def ping(number: int) -> bytes:
    """Return PING's body."""
    return _PING.pack(number)


def ack(buttons: int, control: int) -> bytes:
    """Return ACK's body: what the host expects next of the classes that it receives."""
    return _ACK.pack(buttons, 0, control)


def rate(baud: int) -> bytes:
    """Return RATE's body."""
    return _RATE.pack(baud)


def taken(picture: int, next_: int, limit: int, missing: Sequence[int]) -> bytes:
    """Return TAKEN's body, with at most 32 of the missing."""
    asked = missing[:MISSING_MOST]
    return _TAKEN.pack(picture, next_, limit) + b"".join(place.to_bytes(2, "little") for place in asked)


def row_text(text: str, limit: int) -> bytes:
    """Return a row as a device gets it; cut so that a LINE of it has at most `limit` bytes."""
    said = _CONTROLS.sub(" ", text).encode("utf-8", "replace")
    return said if len(said) <= limit - _LINE_HEAD else _whole_characters(said[: limit - _LINE_HEAD])


def line(row: int, text: bytes) -> bytes:
    """Return the message LINE."""
    return bytes((_LINE, row)) + text


def tail(row: int, was: bytes, now: bytes) -> bytes:
    """Return what makes a row into another: TAIL; LINE where nothing is saved by it."""
    most = min(len(was), len(now), _KEPT_MOST)
    same = next((at for at in range(most) if was[at] != now[at]), most)
    kept = len(_whole_characters(now[:same]))
    return bytes((_TAIL, row, kept)) + now[kept:] if kept > 1 else line(row, now)


def grow(message: bytes, limit: int) -> bytes | None:
    """Return GROW in place of a LINE or TAIL; None for another message, or beyond `limit` bytes."""
    if message[0] == _LINE and len(message) < limit:
        return bytes((_GROW, message[1], 0)) + message[2:]
    return bytes((_GROW,)) + message[1:] if message[0] == _TAIL else None


def empty(row: int) -> bytes:
    """Return the message EMPTY: of the rows from this one on."""
    return bytes((0x05, row))


def show(page: int, pages: int, mark: int, signs: int) -> bytes:
    """Return the message SHOW."""
    return _SHOW.pack(0x02, min(page, 0xFFFF), min(pages, 0xFFFF), mark, signs)


def camera(request: int, mode: int, size: tuple[int, int], quality: int, *, chunk: int, interval: float) -> bytes:
    """Return the message CAMERA; `interval` is in seconds."""
    return _CAMERA.pack(0x01, request, mode, *size, quality, chunk, min(round(interval * 1000), 0xFFFF))


def done(picture: int, result: int) -> bytes:
    """Return the message DONE."""
    return _DONE.pack(0x02, picture, result)


def _whole_characters(said: bytes) -> bytes:
    """Return UTF-8 that was cut anywhere without the character that was cut."""
    return said.decode("utf-8", "ignore").encode()
