"""An ask as bytes and back: whole, with pictures, earlier turns and options, in a form that later versions read too.

MessagePack, by the names of the fields: one that a later version adds has its default in what an earlier one wrote, and
one that it has no more is passed over. What comes in is what went out, for its seal is checked before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import asdict

from glassd.ask import Ask, Link, Origin, Turn
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from glassd.ask import Picture


class UnreadableError(ValueError):
    """These bytes are no ask that this version knows."""


def pack(ask: Ask) -> bytes:
    """Return an ask as bytes."""
    turns = [{**asdict(turn), "pictures": _packed(turn.pictures)} for turn in ask.turns]
    return msgspec.msgpack.encode({**asdict(ask), "pictures": _packed(ask.pictures), "turns": turns})


def unpack(data: bytes) -> Ask:
    """Return the ask that some bytes are; raise UnreadableError."""
    try:
        values = msgspec.msgpack.decode(data)
        values["origin"] = Origin(values["origin"])
        values["pictures"] = _unpacked(values["pictures"])
        values["turns"] = tuple(
            Turn(turn["role"], turn["text"], _unpacked(turn["pictures"])) for turn in values["turns"]
        )
        return Ask(**{name: value for name, value in values.items() if name in Ask.__struct_fields__})
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableError(f"no ask that this glassd can read: {type(error).__name__}") from error


def _packed(pictures: tuple[Picture, ...]) -> list[Any]:
    """Return each picture under the name of what it is: msgspec writes both kinds as maps."""
    return [{"link": picture.url} if isinstance(picture, Link) else {"frame": picture} for picture in pictures]


def _unpacked(pictures: list[Any]) -> tuple[Picture, ...]:
    return tuple(Link(one["link"]) if "link" in one else Frame(**one["frame"]) for one in pictures)
