"""The emulator's line and faults by themselves, as a library: what they promise is arithmetic and needs no clock."""

from __future__ import annotations

import ctypes
import subprocess
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from emulator import FIRMWARE, built

from rig.cache import key

if TYPE_CHECKING:
    from pathlib import Path

PARTS = ("clock", "faults", "line")
LINE_HOLDS = 4096


class Chance(ctypes.Structure):
    _fields_: ClassVar = [("state", ctypes.c_uint64)]


class Rarity(ctypes.Structure):
    _fields_: ClassVar = [("probability", ctypes.c_double), ("until_next", ctypes.c_uint64)]


class Faults(ctypes.Structure):
    _fields_: ClassVar = [
        ("chance", Chance),
        ("bent", Rarity),
        ("lost", Rarity),
        ("twice", Rarity),
        ("burst", ctypes.c_uint32),
        ("hurt", ctypes.c_uint64),
    ]


class Line(ctypes.Structure):
    _fields_: ClassVar = [
        ("bytes", ctypes.c_uint8 * LINE_HOLDS),
        ("first", ctypes.c_size_t),
        ("held", ctypes.c_size_t),
        ("rate", ctypes.c_uint32),
        ("origin", ctypes.c_int64),
        ("out", ctypes.c_uint64),
        ("stalled", ctypes.c_int64),
        ("carried", ctypes.c_uint64),
    ]


@cache
def library() -> ctypes.CDLL:
    """Return the parts, compiled."""
    folder = FIRMWARE / "emulator"
    sources = [folder / f"{part}.c" for part in PARTS]
    headers = [folder / f"{part}.h" for part in PARTS]
    words = ["cc", "-std=c99", "-D_XOPEN_SOURCE=700", "-O1", "-g", "-fPIC", "-shared"]

    def make(file: Path) -> None:
        subprocess.run([*words, "-o", file, *sources, "-lm"], check=True)

    loaded = ctypes.CDLL(str(built("emulator-parts", key(*words, *sources, *headers), make)))
    loaded.faults_apply.restype = ctypes.c_size_t
    loaded.faults_apply.argtypes = [
        ctypes.POINTER(Faults),
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_bool,
        ctypes.c_double,
        ctypes.c_char_p,
    ]
    loaded.faults_begin.argtypes = [ctypes.POINTER(Faults), ctypes.c_uint64]
    for name in ("bend", "lose", "double"):
        getattr(loaded, f"faults_{name}").argtypes = [ctypes.POINTER(Faults), ctypes.c_double]
    loaded.line_out_at.restype = ctypes.c_int64
    loaded.line_out_at.argtypes = [ctypes.POINTER(Line), ctypes.c_size_t]
    loaded.line_out_by.restype = ctypes.c_size_t
    loaded.line_out_by.argtypes = [ctypes.POINTER(Line), ctypes.c_int64]
    loaded.line_put.argtypes = [ctypes.POINTER(Line), ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int64]
    loaded.line_take.argtypes = [ctypes.POINTER(Line), ctypes.c_char_p, ctypes.c_size_t]
    loaded.line_set_rate.argtypes = [ctypes.POINTER(Line), ctypes.c_uint32, ctypes.c_int64]
    loaded.line_stall.argtypes = [ctypes.POINTER(Line), ctypes.c_int64, ctypes.c_int64]
    loaded.line_to_zero.restype = ctypes.c_size_t
    loaded.line_to_zero.argtypes = [ctypes.POINTER(Line), ctypes.c_size_t]
    return loaded


class VirtualLine:
    """One direction of a line, at a time that the test says."""

    def __init__(self, rate: int) -> None:
        self._line = Line()
        self._library = library()
        self._library.line_set_rate(self._line, rate, 0)

    @property
    def held(self) -> int:
        return int(self._line.held)

    def put(self, data: bytes, now: int) -> None:
        self._library.line_put(self._line, data, len(data), now)

    def take(self, now: int) -> bytes:
        """Return all bytes that are out by now."""
        n = self._library.line_out_by(self._line, now)
        into = ctypes.create_string_buffer(n or 1)
        self._library.line_take(self._line, into, n)
        return into.raw[:n]

    def out_at(self, n: int) -> int:
        return int(self._library.line_out_at(self._line, n))

    def to_zero(self, most: int) -> int:
        return int(self._library.line_to_zero(self._line, most))

    def stall(self, now: int, duration: int) -> None:
        self._library.line_stall(self._line, now, duration)


class SeededFaults:
    """What one direction does to bytes."""

    def __init__(self, seed: int, bend: float = 0.0, lose: float = 0.0, double: float = 0.0, burst: int = 0) -> None:
        self._faults = Faults()
        self._library = library()
        self._library.faults_begin(self._faults, seed)
        self._library.faults_bend(self._faults, bend)
        self._library.faults_lose(self._faults, lose)
        self._library.faults_double(self._faults, double)
        self._faults.burst = burst

    @property
    def hurt(self) -> int:
        return int(self._faults.hurt)

    def apply(self, data: bytes, *, nonsense: bool = False, kept: float = 1.0) -> bytes:
        into = ctypes.create_string_buffer(2 * len(data) or 1)
        n = self._library.faults_apply(self._faults, data, len(data), nonsense, kept, into)
        return into.raw[:n]
