"""The body of a chat-completions request, from anybody, as an ask.

What is understood: text as a string or as content parts, pictures as data URLs (JPEG and PNG, in base64) or as links,
the system turn, earlier turns, `stream` and `stream_options`. What else a request may hold (temperature, seed …) is
let pass, and has no effect here. What does not fit is refused with the place where it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec
import pybase64

from glassd.ask import Ask, Link, Origin, Turn, sent_frame
from glassd.gateway.errors import GatewayError
from glassd_drivers.pictures import PictureError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glassd.ask import Picture

TURNS_LIMIT: Final = 64
"""The most turns of one request."""
PARTS_LIMIT: Final = 64
"""The most content parts of one turn."""
PICTURES_LIMIT: Final = 8
"""The most pictures of one request, all turns together."""
PICTURE_LIMIT_BYTES: Final = 16 * 1024 * 1024
"""The largest picture, decoded from its base64."""
LINK_LIMIT_CHARS: Final = 4096
"""The longest URL of a picture."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for: the ask, the model's name, and in which form the answer shall come.

    `usage` says whether a stream ends with a chunk that counts tokens, as the manual's does.
    """

    ask: Ask
    model: str
    stream: bool
    usage: bool


def read_request(body: bytes, ask_id: str, now: float) -> Request:
    """Return what a request's body asks for; raise GatewayError (400, 413) where it is none.

    `now` is CLOCK_MONOTONIC seconds of the arrival: the ask's instant, and that of its pictures.
    """
    try:
        chat = _decode(body)
    except msgspec.ValidationError as error:
        place = str(error).partition(" - at ")[2]
        raise GatewayError(400, str(error), code="invalid_value", param=_param(place)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise GatewayError(400, f"the body is no JSON: {error}", code="invalid_json") from error
    except RecursionError as error:
        raise GatewayError(400, "the body is nested too deep", code="invalid_json") from error
    if sum(_is_picture(part) for message in chat.messages for part in _parts(message)) > PICTURES_LIMIT:
        raise GatewayError(400, f"more than {PICTURES_LIMIT} pictures in one request", param="messages")
    turns = [_turn(message, f"messages[{at}]", now) for at, message in enumerate(chat.messages)]
    return Request(
        ask=_ask(turns, ask_id, now),
        model=chat.model,
        stream=bool(chat.stream),
        usage=chat.stream_options is None or chat.stream_options.include_usage is not False,
    )


# -- the body's types: OpenAI's names, and only what is used -----------------------------------------------------------


class _ImageUrl(msgspec.Struct):
    url: str


class _TextPart(msgspec.Struct, tag_field="type", tag="text"):
    text: str


class _ImagePart(msgspec.Struct, tag_field="type", tag="image_url"):
    image_url: _ImageUrl


_Part = _TextPart | _ImagePart


class _Message(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | Annotated[list[_Part], msgspec.Meta(max_length=PARTS_LIMIT)] | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Chat(msgspec.Struct):
    model: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    messages: Annotated[list[_Message], msgspec.Meta(min_length=1, max_length=TURNS_LIMIT)]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None


_decode = msgspec.json.Decoder(_Chat).decode


# -- from the body's types to ours -------------------------------------------------------------------------------------


def _ask(turns: list[Turn], ask_id: str, now: float) -> Ask:
    """Fold the turns: the system turns at the start are the instructions, the last turn is the question."""
    first = next((at for at, turn in enumerate(turns) if turn.role != "system"), len(turns))
    question = turns[-1]
    if question.role != "user":
        raise GatewayError(400, "the last turn is not the user's", param=f"messages[{len(turns) - 1}].role")
    if not question.text.strip() and not question.pictures:
        raise GatewayError(400, "the last turn asks nothing", param=f"messages[{len(turns) - 1}].content")
    return Ask(
        id=ask_id,
        prompt=question.text,
        origin=Origin.GATEWAY,
        instant=now,
        pictures=question.pictures,
        instructions="\n".join(turn.text for turn in turns[:first]),
        turns=tuple(turns[first:-1]),
    )


def _turn(message: _Message, place: str, now: float) -> Turn:
    role = "system" if message.role == "developer" else message.role
    texts = []
    pictures = []
    for at, part in enumerate(_parts(message)):
        if isinstance(part, _TextPart):
            texts.append(part.text)
        elif role == "user":
            pictures.append(_picture(part.image_url.url, f"{place}.content[{at}].image_url.url", now))
        else:
            raise GatewayError(400, "only the user's turns may hold pictures", param=f"{place}.content[{at}]")
    return Turn(role, "\n".join(texts), tuple(pictures))


def _parts(message: _Message) -> Iterable[_Part]:
    if isinstance(message.content, str):
        return (_TextPart(message.content),)
    return message.content or ()


def _is_picture(part: _Part) -> bool:
    return isinstance(part, _ImagePart)


_DATA_URL = re.compile(r"data:image/(?:jpeg|jpg|png);base64,", re.IGNORECASE)


def _picture(url: str, param: str, now: float) -> Picture:
    if url[:5].lower() != "data:":
        return _link(url, param)
    if not (head := _DATA_URL.match(url)):
        message = "the picture is no JPEG or PNG in base64: data:image/jpeg;base64,… or data:image/png;base64,…"
        raise GatewayError(400, message, code="invalid_image_format", param=param)
    if (len(url) - head.end()) // 4 * 3 > PICTURE_LIMIT_BYTES:
        message = f"a picture has at most {PICTURE_LIMIT_BYTES} bytes"
        raise GatewayError(413, message, code="image_too_large", param=param)
    try:
        data = pybase64.b64decode(url[head.end() :], validate=True)
        return sent_frame(data, now, "gateway")
    except PictureError as error:
        message = f"the picture is not whole: {error}"
        raise GatewayError(400, message, code="invalid_image", param=param) from error
    except ValueError as error:
        raise GatewayError(400, f"broken base64: {error}", code="invalid_base64", param=param) from error


def _link(url: str, param: str) -> Link:
    """Check the form alone: a link is passed on to the model, never fetched here."""
    message = "a picture's URL is a data URL, or a whole http or https URL"
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise GatewayError(400, message, code="invalid_image_url", param=param) from error
    fits = parts.scheme in ("http", "https") and parts.hostname and len(url) <= LINK_LIMIT_CHARS
    if not fits or not url.isprintable() or " " in url:
        raise GatewayError(400, message, code="invalid_image_url", param=param)
    return Link(url)


def _param(place: str) -> str | None:
    """Return msgspec's place, such as `$.messages[0].role` in backquotes, as OpenAI writes it."""
    return place.strip("`").removeprefix("$.") or None
