"""The body of a chat-completions request, from anybody, as an ask.

What is understood: text as a string or as content parts, pictures as data URLs (JPEG and PNG, in base64) or as links,
the system turn, earlier turns, `stream` and `stream_options`, and the sampling options that every server knows, which
are passed on. A vendor's own fields (`enable_thinking`, `vl_high_resolution_images` …) are let pass without effect: the
endpoint that gets the ask may be another vendor's, and the config says which of them go where. A request for what an
answer from here never has (tools that must be called, several choices, sound) is refused, and so is what does not fit,
with the place where it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
import pybase64
from msgspec.structs import replace

from glassd.ask import Ask, Link, Origin, Turn, sent_frame
from glassd.gateway.errors import GatewayError
from glassd.messages.codes import Code
from glassd_drivers.pictures import PictureError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from glassd.ask import Detail, Picture

TURNS_LIMIT: Final = 64
"""The most turns of one request."""
VALUES_LIMIT: Final = 100_000
"""The most commas and brackets of a request of more than 1 MiB: a picture has none, and a heap of small values would
take the decoder, which lets nothing else run meanwhile, a sixth of a second."""
PARTS_LIMIT: Final = 64
"""The most content parts of one turn."""
PICTURES_LIMIT: Final = 8
"""The most pictures of one request, all turns together."""
PICTURE_LIMIT_BYTES: Final = 16 * 1024 * 1024
"""The largest picture, decoded from its base64."""
LINK_LIMIT_CHARS: Final = 4096
"""The longest URL of a picture."""
STOPS_LIMIT: Final = 16
"""The most sequences that end an answer; OpenAI takes 4, DashScope 16."""
STOP_LIMIT_CHARS: Final = 256
FORMAT_LIMIT_BYTES: Final = 64 * 1024
"""The largest `response_format`: it may hold a JSON Schema."""
FORMAT_DEPTH_LIMIT: Final = 64
TOKENS_LIMIT: Final = 10_000_000
"""Above any model's window: past it a number is a slip."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for: the ask, and in which form the answer shall come.

    `usage` says whether a stream ends with a chunk that counts tokens, as the manual's does.
    """

    ask: Ask
    stream: bool
    usage: bool


def read_request(body: bytes | bytearray, ask_id: str, now: float) -> Request:
    """Return what a request's body asks for; raise GatewayError (400, 413) where it is none.

    `now` is CLOCK_MONOTONIC seconds of the arrival: the ask's instant, and that of its pictures.
    """
    _refuse_a_heap_of_values(body)
    try:
        chat = _decode(body)
        options = _options(chat)
    except msgspec.ValidationError as error:
        place = str(error).partition(" - at ")[2]
        raise GatewayError(400, str(error), code="invalid_value", param=_param(place)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise GatewayError(400, f"the body is no JSON: {error}", code="invalid_json") from error
    except RecursionError as error:
        raise GatewayError(400, "the body is nested too deep", code="invalid_json") from error
    if sum(_is_picture(part) for message in chat.messages for part in _parts(message)) > PICTURES_LIMIT:
        raise GatewayError(400, f"more than {PICTURES_LIMIT} pictures in one request", param="messages")
    _refuse_what_no_answer_has(chat)
    turns = [_turn(message, f"messages[{at}]", now) for at, message in enumerate(chat.messages)]
    return Request(
        ask=replace(_ask(turns, ask_id, now, chat.model, options), detail=_detail(chat)),
        stream=bool(chat.stream),
        usage=chat.stream_options is None or chat.stream_options.include_usage is not False,
    )


# -- the body's types: OpenAI's names, and only what is used -----------------------------------------------------------


class _ImageUrl(msgspec.Struct):
    url: str
    detail: str | None = None


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


class _Format(msgspec.Struct, omit_defaults=True):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None


_Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]
_Tokens = Annotated[int, msgspec.Meta(ge=1, le=TOKENS_LIMIT)]
_Stop = Annotated[str, msgspec.Meta(max_length=STOP_LIMIT_CHARS)]


class _Options(msgspec.Struct):
    """What goes on to the model as it is, where a client gives it."""

    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    max_tokens: _Tokens | None = None
    max_completion_tokens: _Tokens | None = None
    stop: _Stop | Annotated[list[_Stop], msgspec.Meta(max_length=STOPS_LIMIT)] | None = None
    seed: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    presence_penalty: _Penalty | None = None
    frequency_penalty: _Penalty | None = None
    response_format: _Format | None = None


class _Chat(_Options, kw_only=True):
    model: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    messages: Annotated[list[_Message], msgspec.Meta(min_length=1, max_length=TURNS_LIMIT)]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: int | None = None
    tool_choice: Any = None
    function_call: Any = None
    modalities: list[str] | None = None


_decode = msgspec.json.Decoder(_Chat).decode
_SLICE: Final = 1024 * 1024  # bytes or characters, a multiple of 4: between two the event loop may go on


# -- from the body's types to ours -------------------------------------------------------------------------------------


def _refuse_a_heap_of_values(body: bytes | bytearray) -> None:
    if len(body) <= _SLICE:
        return
    values = 0
    for at in range(0, len(body), _SLICE):
        values += sum(body.count(mark, at, at + _SLICE) for mark in (b",", b"{", b"["))
        if values > VALUES_LIMIT:
            raise GatewayError(413, "too many values in one request", code=Code.REQUEST_TOO_BIG)


def _refuse_what_no_answer_has(chat: _Chat) -> None:
    """Refuse what a client could not do without; tools that the model may use or leave are left."""
    if chat.n not in (None, 1):
        raise GatewayError(400, "an answer has one choice: n is 1", code="unsupported_value", param="n")
    for name in ("tool_choice", "function_call"):
        if getattr(chat, name) not in (None, "auto", "none"):
            message = "no tool is ever called here: leave the choice to auto or none"
            raise GatewayError(400, message, code="unsupported_value", param=name)
    if set(chat.modalities or ()) - {"text"}:
        raise GatewayError(400, "an answer is text alone", code="unsupported_value", param="modalities")


def _options(chat: _Chat) -> dict[str, Any]:
    """Return the options that were given, as they go into the body of the model's request."""
    given = {name: getattr(chat, name) for name in _Options.__struct_fields__}
    options: dict[str, Any] = msgspec.to_builtins({name: value for name, value in given.items() if value is not None})
    form = options.get("response_format")
    if _is_deeper(form, FORMAT_DEPTH_LIMIT) or len(msgspec.json.encode(form)) > FORMAT_LIMIT_BYTES:
        message = f"it has at most {FORMAT_LIMIT_BYTES} bytes, {FORMAT_DEPTH_LIMIT} levels deep"
        raise GatewayError(400, message, code="invalid_value", param="response_format")
    return options


def _is_deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(levels == 0 or _is_deeper(item, levels - 1) for item in inner)


def _ask(turns: list[Turn], ask_id: str, now: float, model: str, options: Mapping[str, Any]) -> Ask:
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
        model=model,
        options=options,
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


def _detail(chat: _Chat) -> Detail:
    """Return what the pictures are for, by OpenAI's word: `high` for one of them is text, `low` for all is a scene."""
    parts = (part for message in chat.messages for part in _parts(message))
    wanted = {part.image_url.detail for part in parts if isinstance(part, _ImagePart)}
    return "text" if "high" in wanted else "scene" if wanted == {"low"} else "auto"


def _parts(message: _Message) -> Iterable[_Part]:
    if isinstance(message.content, str):
        return (_TextPart(message.content),)
    return message.content or ()


def _is_picture(part: _Part) -> bool:
    return isinstance(part, _ImagePart)


_DATA_URL = re.compile(r"data:image/(?:jpeg|jpg|png)(?:;[a-z]+=[^;,]{0,128}){0,4};base64,", re.IGNORECASE)  # RFC 2397


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
        return sent_frame(_from_base64(url, head.end()), now, "gateway")
    except PictureError as error:
        message = f"the picture is not whole: {error}"
        raise GatewayError(400, message, code="invalid_image", param=param) from error
    except ValueError as error:
        raise GatewayError(400, f"broken base64: {error}", code="invalid_base64", param=param) from error


def _from_base64(url: str, start: int) -> bytes:
    """Decode what follows the head of a data URL; raise ValueError where it is no base64 (RFC 4648, section 4).

    Line breaks are let pass: Android's encoder makes them unless it is told not to.
    """
    if "\n" in url or "\r" in url:
        url, start = url[start:].replace("\n", "").replace("\r", ""), 0
    ends = range(start, len(url), _SLICE)
    parts = [pybase64.b64decode(url[at : at + _SLICE], validate=True) for at in ends]
    if any(len(part) * 4 != _SLICE * 3 for part in parts[:-1]):
        raise ValueError("padding before the end")
    return b"".join(parts)


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
