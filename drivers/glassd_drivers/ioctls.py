"""Numbers of Linux device requests, as asm-generic/ioctl.h builds them, and how to make one.

That numbering is the one of x86, ARM and RISC-V, which is where glassd runs.
"""

from __future__ import annotations

import fcntl

_WRITE, _READ = 1, 2


def read_request(kind: str, number: int, size: int) -> int:
    """Return the number of a request that fills `size` bytes: _IOR(kind, number, size)."""
    return _number(_READ, kind, number, size)


def write_request(kind: str, number: int, size: int) -> int:
    """Return the number of a request that hands over `size` bytes: _IOW(kind, number, size)."""
    return _number(_WRITE, kind, number, size)


def exchange_request(kind: str, number: int, size: int) -> int:
    """Return the number of a request that hands over and fills `size` bytes: _IOWR(kind, number, size)."""
    return _number(_READ | _WRITE, kind, number, size)


def ask(fd: int, request: int, data: bytes) -> bytes:
    """Make a request with `data` as its argument and return what the kernel made of it, as long; raise OSError."""
    argument = bytearray(data)
    exchange(fd, request, argument)
    return bytes(argument)


def exchange(fd: int, request: int, argument: bytearray) -> None:
    """Make a request whose answer the kernel writes over its argument; raise OSError."""
    fcntl.ioctl(fd, request, argument, True)


def set_value(fd: int, request: int, value: int) -> None:
    """Make a request whose argument is the number itself, not a pointer to it; raise OSError."""
    fcntl.ioctl(fd, request, value)


def text(field: bytes) -> str:
    """Return the C string in a field, without what would steer a terminal: a device says of itself what it likes."""
    decoded = field.split(b"\0", 1)[0].decode(errors="replace")
    return "".join(character for character in decoded if character.isprintable()).strip()


def _number(direction: int, kind: str, number: int, size: int) -> int:
    return direction << 30 | size << 16 | ord(kind) << 8 | number
