"""The request for an ask: its body in the manual's shape, its headers.

The body is put together from pieces: JSON for the words, and between them the base64 of each picture's own bytes. A
picture is never copied into a JSON encoder, and its bytes are not changed here. What an endpoint's config adds stands
behind what every request has, so a request without it is the manual's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pybase64

from glassd import __version__
from glassd.ask import Link, Turn
from glassd.config.fields import OWN_FIELDS
from glassd.model.pictures import fields_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glassd.ask import Ask, Picture
    from glassd.config.model import Endpoint
    from glassd.model.endpoints import Target

GO_ON: Final = (
    "你的回答到此中断。请从中断处紧接着写下去，不要重复已写的内容，不要开场白，语言不变。\n"
    "Your answer broke off there. Go on from exactly that point: repeat nothing, add no preamble, keep its language."
)
"""Asks a model to go on. In both languages: small models answer in that of the last turn, and this one must not change
it in the middle of an answer."""


def headers(key: str | None, extra: Mapping[str, str] = {}) -> dict[str, str]:
    """Return the headers of a request, those of the endpoint's config with them; no key, no Authorization."""
    lines = {
        **extra,
        "Content-Type": "application/json",
        "Accept": "text/event-stream, application/json",
        "Accept-Encoding": "identity",  # a compressed stream is held back by every box that compresses it
        "User-Agent": f"glassd/{__version__}",
    }
    if key:
        lines["Authorization"] = f"Bearer {key}"
    return lines


def body(ask: Ask, target: Target, *, usage: bool = True) -> list[bytes]:
    """Return the pieces of the body, in order; joined they are one JSON object.

    `usage` asks for a last chunk with the usage; some servers refuse the field (docs/decisions/0010).
    """
    endpoint = target.endpoint
    pieces = [b'{"model":', _json(target.model), b',"messages":[']
    turns = _turns(ask)
    for number, turn in enumerate(turns):
        pieces += [b"," if number else b"", *_message(turn, endpoint)]
    pieces += [*_resumption(ask.given, endpoint), b'],"stream":', _json(endpoint.stream)]
    if endpoint.stream and usage:
        pieces.append(b',"stream_options":{"include_usage":true}')
    wanted = {name: value for name, value in ask.options.items() if name not in OWN_FIELDS}
    if (of_pictures := fields_of(target, ask.detail)) and any(turn.pictures for turn in turns):
        wanted |= of_pictures
    return [*pieces, _members({**wanted, **endpoint.fields}), b"}"]


def _turns(ask: Ask) -> list[Turn]:
    system = [Turn("system", ask.instructions)] if ask.instructions else []
    return [*system, *ask.turns, Turn("user", ask.prompt, ask.pictures)]


def _resumption(given: str, endpoint: Endpoint) -> list[bytes]:
    """Return the turns that make the model go on with what was given."""
    if not given:
        return []
    if endpoint.partial:
        # "partial": true on the last turn (Model Studio's manual, "Partial mode").
        return [b',{"role":"assistant","content":', _json(given), b',"partial":true}']
    return [b",", *_message(Turn("assistant", given), endpoint), b",", *_message(Turn("user", GO_ON), endpoint)]


def _message(turn: Turn, endpoint: Endpoint) -> list[bytes]:
    start = b'{"role":' + _json(turn.role) + b',"content":'
    if not turn.pictures:
        return [start, _json(turn.text), b"}"]
    pieces = [start, b"["]
    end = b"}" + _members(endpoint.picture_fields) + b"},"
    for picture in turn.pictures:
        pieces += [b'{"type":"image_url","image_url":{"url":', *_picture_url(picture), end]
    return [*pieces, b'{"type":"text","text":', _json(turn.text), b"}]}"]


def _picture_url(picture: Picture) -> list[bytes]:
    if isinstance(picture, Link):
        return [_json(picture.url)]
    return [f'"data:{picture.media_type};base64,'.encode(), pybase64.b64encode(picture.data), b'"']


def _members(fields: Mapping[str, Any]) -> bytes:
    """Return the fields as further members of an object that has some already."""
    return b"," + _json(dict(fields))[1:-1] if fields else b""


def _json(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        # A lone surrogate (a byte of the command line that was no UTF-8) becomes "?": no JSON text can hold it.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
