"""The device end of the link (drivers/bridge_firmware) in this process: bytes and virtual time in, bytes and calls out.

`DeviceEnd` is the C core with a port (device_end.c) that writes down what the core calls. Times are whole microseconds;
they wrap by themselves. Undefined behaviour in the core ends the process with SIGILL; nothing is ever slept.

    end = DeviceEnd()
    end.receive(wire.packet("HELLO", lowest=1, highest=1, session=7, largest=4102), now=0)
    end.transmit(now=0)      # HERE was due at its start; then WELCOME
    end.calls()              # [Session(begun=True)]
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import struct
import subprocess
import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from paths import TREE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIRMWARE: Final = TREE / "drivers" / "bridge_firmware"
CORE: Final = (FIRMWARE / "glassd_link.c", FIRMWARE / "glassd_link.h")
FLAGS: Final = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
"""What the core must compile with, anywhere."""

ALL: Final = 1 << 20
"""Bytes: more room than anything that is asked for at once in a test."""
NEVER: Final = 0xFFFFFFFF

OFF, STILL, STREAM = 0, 1, 2


@dataclass(frozen=True)
class Facts:
    """What the device says of itself: struct gl_device."""

    name: str | None = "bridge under test"
    firmware: str | None = "1.0"
    columns: int = 30
    rows: int = 10
    screen_ms: int = 50
    features: int = STILL | STREAM
    exposure_ms: int = 80
    sizes: Sequence[tuple[int, int]] = ((1600, 1200), (800, 600))
    buttons: Sequence[str] = ("main", "back")
    rates: Sequence[int] = (921_600, 3_000_000)
    chunk_max: int = 0
    room: int = 0
    window: int = 0
    lowest: int = 0
    highest: int = 0


@dataclass(frozen=True)
class Session:
    begun: bool


@dataclass(frozen=True)
class Rate:
    baud: int


@dataclass(frozen=True)
class Camera:
    request: int
    mode: int
    width: int
    height: int
    quality: int
    interval: int


@dataclass(frozen=True)
class Capture(Camera):
    """A picture is asked for now: `picture()` or `failed()` answers."""


@dataclass(frozen=True)
class Released:
    frame: int


@dataclass(frozen=True)
class Screen:
    rows: tuple[str, ...]
    page: int = 0
    pages: int = 0
    mark: int = 0
    looking: bool = False
    warning: bool = False
    changed: int = field(default=0, compare=False)


Call: TypeAlias = Session | Rate | Camera | Capture | Released | Screen


class _Size(ctypes.Structure):
    _fields_ = (("width", ctypes.c_uint16), ("height", ctypes.c_uint16))


class _Device(ctypes.Structure):
    """`struct gl_device`; device_end.c tells its size, for a check."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("firmware", ctypes.c_char_p),
        ("columns", ctypes.c_uint8),
        ("rows", ctypes.c_uint8),
        ("screen_ms", ctypes.c_uint16),
        ("features", ctypes.c_uint8),
        ("exposure_ms", ctypes.c_uint16),
        ("sizes", ctypes.POINTER(_Size)),
        ("size_count", ctypes.c_uint8),
        ("buttons", ctypes.POINTER(ctypes.c_char_p)),
        ("button_count", ctypes.c_uint8),
        ("rates", ctypes.POINTER(ctypes.c_uint32)),
        ("rate_count", ctypes.c_uint8),
        ("chunk_max", ctypes.c_uint16),
        ("room", ctypes.c_uint16),
        ("window", ctypes.c_uint8),
        ("lowest", ctypes.c_uint8),
        ("highest", ctypes.c_uint8),
    )


def _device(facts: Facts) -> _Device:
    def encoded(text: str | None) -> bytes | None:
        return None if text is None else text.encode()

    return _Device(
        name=encoded(facts.name),
        firmware=encoded(facts.firmware),
        columns=facts.columns,
        rows=facts.rows,
        screen_ms=facts.screen_ms,
        features=facts.features,
        exposure_ms=facts.exposure_ms,
        sizes=(_Size * len(facts.sizes))(*(_Size(*each) for each in facts.sizes)),
        size_count=len(facts.sizes),
        buttons=(ctypes.c_char_p * len(facts.buttons))(*(each.encode() for each in facts.buttons)),
        button_count=len(facts.buttons),
        rates=(ctypes.c_uint32 * len(facts.rates))(*facts.rates),
        rate_count=len(facts.rates),
        chunk_max=facts.chunk_max,
        room=facts.room,
        window=facts.window,
        lowest=facts.lowest,
        highest=facts.highest,
    )


def defines(sizes: Mapping[str, int]) -> list[str]:
    """Return the compiler's options for other sizes than the header's, `{"GL_ROOM": 4096}` for instance."""
    return [f"-D{name}={value}" for name, value in sorted(sizes.items())]


@functools.cache
def _library(sizes: tuple[tuple[str, int], ...]) -> ctypes.CDLL:
    """Return the core and its port, compiled once for these sources and sizes into build/link."""
    source = TREE / "tests" / "link" / "device_end.c"
    command = [
        *("gcc", *FLAGS, "-O2", "-fPIC", "-shared", f"-I{FIRMWARE}", *defines(dict(sizes))),
        *("-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"),
        *(str(source), str(CORE[0])),
    ]
    read = b"".join(each.read_bytes() for each in (source, *CORE))
    made = TREE / "build" / "link" / f"{hashlib.sha256(repr(command).encode() + read).hexdigest()[:16]}.so"
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=made.parent) as folder:
            subprocess.run([*command, "-o", f"{folder}/made.so"], check=True, timeout=60)
            Path(folder, "made.so").replace(made)
    library = ctypes.CDLL(str(made))
    _declare(library)
    if library.end_device_size() != ctypes.sizeof(_Device):
        raise AssertionError("struct gl_device has changed: change _Device with it")
    return library


def _declare(library: ctypes.CDLL) -> None:
    end, size, u8, u16, u32 = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32
    data = ctypes.c_char_p
    signatures: dict[str, tuple[object, list[object]]] = {
        "end_new": (end, [ctypes.POINTER(_Device), u32, u32, u8]),
        "end_free": (None, [end]),
        "end_receive": (None, [end, data, size, u32]),
        "end_poll": (None, [end, u32]),
        "end_transmit": (size, [end, data, size, size, u32]),
        "end_turn": (size, [end, data, size, data, size, u32]),
        "end_sent": (None, [end, u32]),
        "end_overrun": (None, [end, u16]),
        "end_edge": (ctypes.c_bool, [end, u8, ctypes.c_bool, u32]),
        "end_shown": (None, [end]),
        "end_picture": (u32, [end, data, u32, u16, u16, u32, u32]),
        "end_failed": (None, [end, u8]),
        "end_in_session": (ctypes.c_bool, [end]),
        "end_due": (u32, [end, u32]),
        "end_shows_later": (None, [end, ctypes.c_bool]),
        "end_faults": (u32, [end]),
        "end_frames": (u32, [end]),
        "end_lose": (None, [end]),
        "end_answer": (None, [end, data, u32]),
        "end_calls": (ctypes.c_void_p, [end, ctypes.POINTER(size)]),
        "end_device_size": (size, []),
        "end_link_size": (size, []),
    }
    for name, (gives, takes) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = gives, takes


class DeviceEnd:
    """One device from its start on. `now` and all times are microseconds of its clock; any whole number will do."""

    def __init__(
        self,
        facts: Facts = Facts(),
        *,
        boot: int = 1,
        now: int = 0,
        edge_number: int = 0,
        sizes: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Start. `sizes`: macros of the header that are to have other values; `edge_number`: the first edge's."""
        self.facts = facts
        self._c = _library(tuple(sorted(sizes.items())))
        self._device = _device(facts)
        self._end = self._c.end_new(ctypes.byref(self._device), boot, now, edge_number)
        self._out = ctypes.create_string_buffer(ALL)
        self._answer = b""
        weakref.finalize(self, self._c.end_free, self._end)

    def receive(self, data: bytes, now: int) -> None:
        """Take bytes from the line, the last of them at `now`."""
        self._c.end_receive(self._end, data, len(data), now)

    def poll(self, now: int) -> None:
        """Let it do what is due."""
        self._c.end_poll(self._end, now)

    def transmit(self, now: int, room: int = ALL, piece: int = ALL) -> bytes:
        """Return what goes on the line next, as far as there is room, asked for in pieces of `piece` bytes."""
        n = self._c.end_transmit(self._end, self._out, room, piece, now)
        return ctypes.string_at(self._out, n)

    def turn(self, data: bytes, now: int, room: int = ALL) -> bytes:
        """Receive, poll and transmit in one call."""
        n = self._c.end_turn(self._end, data, len(data), self._out, room, now)
        return ctypes.string_at(self._out, n)

    def sent(self, now: int) -> None:
        """Tell it that all it gave is on the line."""
        self._c.end_sent(self._end, now)

    def overrun(self, count: int) -> None:
        """Tell it that the port lost so many received bytes."""
        self._c.end_overrun(self._end, count)

    def edge(self, button: int, down: bool, time: int) -> bool:
        """Press or release a button; False if the queue was full."""
        return bool(self._c.end_edge(self._end, button, down, time))

    def shows_later(self, later: bool = True) -> None:
        """Have a display that takes its time: `shown()` ends each screen."""
        self._c.end_shows_later(self._end, later)

    def shown(self) -> None:
        """Tell it that the screen is shown."""
        self._c.end_shown(self._end)

    def picture(self, data: bytes, width: int = 0, height: int = 0, time: int = 0, fails_at: int = NEVER) -> int:
        """Answer a Capture; return the number that Released will have. Reading fails from `fails_at` on."""
        return int(self._c.end_picture(self._end, data, len(data), width, height, time, fails_at))

    def lose(self) -> None:
        """Have all further reading of the pictures that it holds fail."""
        self._c.end_lose(self._end)

    def answer(self, data: bytes) -> None:
        """Answer each Capture with this picture from now on, at once, with the time of the poll; b"" for none."""
        self._answer = data
        self._c.end_answer(self._end, data or None, len(data))

    def failed(self, reason: int) -> None:
        """Answer a Capture: there is none."""
        self._c.end_failed(self._end, reason)

    @property
    def in_session(self) -> bool:
        """Whether a host is there."""
        return bool(self._c.end_in_session(self._end))

    @property
    def faults(self) -> int:
        """How often the core did what it must not: read beyond a picture, release one twice."""
        return int(self._c.end_faults(self._end))

    def due(self, now: int) -> int:
        """Return in how many microseconds poll() is needed."""
        return int(self._c.end_due(self._end, now))

    @property
    def link_size(self) -> int:
        """Bytes of struct gl_link here."""
        return int(self._c.end_link_size())

    def calls(self) -> list[Call]:
        """Return what the core called since the last time, in order."""
        n = ctypes.c_size_t()
        at = self._c.end_calls(self._end, ctypes.byref(n))
        said = ctypes.string_at(at, n.value) if n.value else b""
        calls = []
        while said:
            kind, length = struct.unpack_from("<BI", said)
            calls.append(_read_call(kind, said[5 : 5 + length]))
            said = said[5 + length :]
        return calls


def _read_call(kind: int, said: bytes) -> Call:
    match kind:
        case 0:
            return Session(bool(said[0]))
        case 1:
            return Rate(*struct.unpack("<I", said))
        case 2:
            return Camera(*struct.unpack("<BBHHBH", said))
        case 3:
            return Capture(*struct.unpack("<BBHHBH", said))
        case 4:
            return Released(*struct.unpack("<I", said))
        case _:
            changed, page, pages, mark, signs = struct.unpack_from("<IHHBB", said)
            rows = tuple(row.decode() for row in said[10:].split(b"\0")[:-1])
            return Screen(rows, page, pages, mark, bool(signs & 1), bool(signs & 2), changed)
