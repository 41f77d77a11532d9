"""The request for an ask: its body in the manual's shape, its headers.

The body is put together from pieces: JSON for the words, and between them the base64 of each picture's own bytes. A
picture is never copied into a JSON encoder, and its bytes are never changed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pybase64

from glassd import __version__
from glassd.ask import Link, Turn

if TYPE_CHECKING:
    from glassd.ask import Ask, Picture


def headers(key: str | None) -> dict[str, str]:
    """Return the headers of a request; without a key there is no Authorization."""
    lines = {
        "Content-Type": "application/json",
        "Accept": "text/event-stream, application/json",
        "Accept-Encoding": "identity",  # a compressed stream is held back by every box that compresses it
        "User-Agent": f"glassd/{__version__}",
    }
    if key:
        lines["Authorization"] = f"Bearer {key}"
    return lines


def body(ask: Ask, model: str, *, usage: bool = True) -> list[bytes]:
    """Return the pieces of the body, in order; joined they are one JSON object.

    `usage` asks for a last chunk with the usage; some servers refuse the field (docs/decisions/0010).
    """
    turns = [*ask.turns, Turn("user", ask.prompt, ask.pictures)]
    if ask.instructions:
        turns.insert(0, Turn("system", ask.instructions))
    pieces = [b'{"model":', _json(model), b',"messages":[']
    for number, turn in enumerate(turns):
        pieces += [b"," if number else b"", *_message(turn)]
    options = b',"stream_options":{"include_usage":true}' if usage else b""
    return [*pieces, b'],"stream":true', options, b"}"]


def _message(turn: Turn) -> list[bytes]:
    start = b'{"role":' + _json(turn.role) + b',"content":'
    if not turn.pictures:
        return [start, _json(turn.text), b"}"]
    pieces = [start, b"["]
    for picture in turn.pictures:
        pieces += [b'{"type":"image_url","image_url":{"url":', *_picture_url(picture), b"}},"]
    return [*pieces, _json({"type": "text", "text": turn.text}), b"]}"]


def _picture_url(picture: Picture) -> list[bytes]:
    if isinstance(picture, Link):
        return [_json(picture.url)]
    return [f'"data:{picture.media_type};base64,'.encode(), pybase64.b64encode(picture.data), b'"']


def _json(value: Any) -> bytes:
    # A lone surrogate (a byte of the command line that was no UTF-8) becomes "?": no JSON text can hold it.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
