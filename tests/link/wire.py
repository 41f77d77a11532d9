"""The packets of docs/link.md written down once more, as plainly as the page has them: for both ends, byte by byte.

It shares no code with the product, so that the vectors and the tests' far ends are a second reading of that page.
"""

from __future__ import annotations

import binascii
import struct
from typing import Any, Final

# name: type, struct format and names of what is fixed, name of the rest
PACKETS: Final[dict[str, tuple[int, str, tuple[str, ...], str | None]]] = {
    "HERE": (0x01, "<BBI", ("lowest", "highest", "boot"), None),
    "HELLO": (0x02, "<BBIH", ("lowest", "highest", "session", "largest"), None),
    "WELCOME": (0x03, "<BII", ("version", "session", "boot"), "fields"),
    "BYE": (0x08, "<", (), None),
    "PING": (0x09, "<B12x", ("number",), None),
    "PONG": (0x0A, "<BIIHH", ("number", "received", "sent", "bad", "overrun"), None),
    "ACK": (0x0B, "<BBB", ("buttons", "display", "control"), None),
    "TAKEN": (0x0C, "<BHH", ("picture", "next", "limit"), "missing"),
    "RATE": (0x0D, "<I", ("rate",), None),
    "RATED": (0x0E, "<I", ("rate",), None),
    "ECHO": (0x0F, "<B", ("number",), "data"),
    "ECHOED": (0x10, "<B", ("number",), "data"),
    "BUTTONS": (0x20, "<B", ("sequence",), "message"),
    "DISPLAY": (0x21, "<B", ("sequence",), "message"),
    "CONTROL": (0x22, "<B", ("sequence",), "message"),
    "CHUNK": (0x80, "<B", ("index",), "data"),  # the type has the picture's number added
}
MESSAGES: Final[dict[str, tuple[int, str, tuple[str, ...], str | None]]] = {
    "EDGE": (0x01, "<BBBI", ("number", "button", "down", "time"), None),
    "LINE": (0x01, "<B", ("row",), "text"),
    "SHOW": (0x02, "<HHBB", ("page", "pages", "mark", "signs"), None),
    "TAIL": (0x03, "<BB", ("row", "kept"), "text"),
    "GROW": (0x04, "<BB", ("row", "kept"), "text"),
    "EMPTY": (0x05, "<B", ("row",), None),
    "CAMERA": (
        0x01,
        "<BBHHBHH",
        ("request", "mode", "width", "height", "quality", "chunk", "interval"),
        None,
    ),
    "DONE": (0x02, "<BB", ("picture", "result"), None),
    "PICTURE": (
        0x81,
        "<BBIHHHBI",
        ("picture", "request", "size", "chunk", "width", "height", "format", "time"),
        None,
    ),
    "END": (0x82, "<BI", ("picture", "check"), None),
    "FAILED": (0x83, "<BB", ("request", "reason"), None),
}
WELCOME_FIELDS: Final = {
    "name": (0x01, "text"),
    "firmware": (0x02, "text"),
    "largest": (0x03, "<H"),
    "room": (0x04, "<H"),
    "window": (0x05, "<B"),
    "display": (0x06, "<BBHB"),
    "display of old": (0x06, "<BBH"),
    "camera": (0x07, "<BHH"),
    "sizes": (0x08, "<HH"),
    "button": (0x09, "text"),
    "rates": (0x0A, "<I"),
}


def message(name: str, **fields: Any) -> bytes:
    """Return a message's kind and what it says."""
    kind, layout, names, rest = MESSAGES[name]
    said = bytes([kind]) + struct.pack(layout, *(fields[each] for each in names))
    return said + fields[rest].encode() if rest else said


def welcome_fields(fields: list[list[Any]]) -> bytes:
    """Return WELCOME's fields, given as name and value; numbers for an unknown tag come with their bytes as hex."""
    out = b""
    for name, *values in fields:
        if isinstance(name, int):
            tag, value = name, bytes.fromhex(values[0])
        else:
            tag, layout = WELCOME_FIELDS[name]
            if layout == "text":
                value = values[0].encode()
            elif name in ("sizes", "rates"):
                value = b"".join(struct.pack(layout, *(each if name == "sizes" else [each])) for each in values)
            else:
                value = struct.pack(layout, *values)
        out += bytes([tag, len(value)]) + value
    return out


def body(name: str, **fields: Any) -> bytes:
    """Return a packet's body."""
    _, layout, names, rest = PACKETS[name]
    fixed = struct.pack(layout, *(fields[each] for each in names))
    if rest is None:
        return fixed
    value = fields[rest]
    if rest == "missing":
        value = struct.pack(f"<{len(value)}H", *value)
    elif rest == "fields":
        value = welcome_fields(value) if isinstance(value, list) else value
    return bytes(fixed + value)


def decoded(name: str, key: int, **fields: Any) -> bytes:
    """Return a packet with its type and its check."""
    type_ = PACKETS[name][0] + (fields["picture"] if name == "CHUNK" else 0)
    return checked(bytes([type_]) + body(name, **fields), key)


def checked(plain: bytes, key: int) -> bytes:
    """Return type and body with the check behind them."""
    return plain + struct.pack("<I", binascii.crc32(struct.pack("<I", key) + plain))


def stuffed(data: bytes) -> bytes:
    """Return the COBS encoding with the 00 behind it, as the paper has it: one block after the other."""
    out = bytearray()
    rest = data + b"\0"
    while rest:
        block = rest[:254].split(b"\0")[0]
        if len(block) == 254:
            out += b"\xff" + block
            rest = rest[254:]
            if rest == b"\0":  # the zero that was added is not sent
                break
        else:
            out += bytes([len(block) + 1]) + block
            rest = rest[len(block) + 1 :]
    return bytes(out) + b"\0"


def packet(name: str, key: int = 0, **fields: Any) -> bytes:
    """Return a packet as it is on the line."""
    return stuffed(decoded(name, key, **fields))


def unstuffed(encoded: bytes) -> bytes:
    """Return what a right encoding without its 00 says."""
    out = bytearray()
    at = 0
    while at < len(encoded):
        code = encoded[at]
        out += encoded[at + 1 : at + code]
        at += code
        if code < 0xFF and at < len(encoded):
            out.append(0)
    return bytes(out)


def read(encoded: bytes, key: int) -> tuple[str, dict[str, Any]]:
    """Return name and fields of a packet from the line without its 00; those of the greeting have no key."""
    plain = unstuffed(encoded)
    type_ = plain[0]
    assert checked(plain[:-4], key if type_ > 3 else 0) == plain, f"a wrong check: {plain.hex()}"
    name = "CHUNK" if type_ >= 0x80 else next(each for each in PACKETS if PACKETS[each][0] == type_)
    _, layout, names, rest = PACKETS[name]
    size = struct.calcsize(layout)
    fields = dict(zip(names, struct.unpack_from(layout, plain, 1), strict=True))
    if name == "CHUNK":
        fields["picture"] = type_ - 0x80
    if rest == "missing":
        tail = plain[1 + size : -4]
        fields[rest] = list(struct.unpack(f"<{len(tail) // 2}H", tail))
    elif rest:
        fields[rest] = plain[1 + size : -4]
    return name, fields


def read_message(said: bytes, names: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """Return name and fields of a message that is one of these."""
    name = next(each for each in names if MESSAGES[each][0] == said[0])
    _, layout, fixed, rest = MESSAGES[name]
    fields = dict(zip(fixed, struct.unpack_from(layout, said, 1), strict=True))
    if rest:
        fields[rest] = said[1 + struct.calcsize(layout) :].decode()
    return name, fields
