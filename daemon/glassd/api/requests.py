"""What callers of the API send, read with care: it comes from outside."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import msgspec

from glassd.ask import Link, Origin, Picture, sent_frame
from glassd.config.mistakes import readable
from glassd.config.triggers import NO_FRAMES, ONE_FRAME, busy_of, frames_of
from glassd.question import Question

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST_LIMIT_BYTES = 32 * 1024 * 1024
"""The largest request: pictures as base64 with room to spare."""
PICTURES_LIMIT = 8
PROMPT_LIMIT_CHARS = 20_000
URL_LIMIT_CHARS = 8_000
BUTTON_LIMIT_CHARS = 100
COMMAND_LIMIT_CHARS = 100
WORDS_LIMIT_CHARS = 100


_Words = Annotated[str, msgspec.Meta(max_length=WORDS_LIMIT_CHARS)]


class RequestError(ValueError):
    """The request asks for something that cannot be; the text says what, in one line."""


class SentPicture(msgspec.Struct, forbid_unknown_fields=True):
    """One picture: its bytes as base64, or a URL that is passed on to the model and never fetched."""

    data: str | None = None
    url: Annotated[str, msgspec.Meta(max_length=URL_LIMIT_CHARS)] | None = None


class AskRequest(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/ask. What stands beside the prompt and the pictures is as a trigger of the config has it."""

    prompt: Annotated[str, msgspec.Meta(pattern=r"\S", max_length=PROMPT_LIMIT_CHARS)]
    pictures: Annotated[list[SentPicture], msgspec.Meta(max_length=PICTURES_LIMIT)] = []
    detail: Literal["scene", "text", "auto"] = "auto"
    frames: _Words | None = None
    endpoint: _Words | None = None
    model: Literal["vision", "text"] | None = None
    busy: _Words = "queue"
    follow_up: bool = True
    outbox: bool = False
    origin: Literal["api", "cli"] = "api"


class PressRequest(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/press."""

    button: Annotated[str, msgspec.Meta(max_length=BUTTON_LIMIT_CHARS)]
    gesture: Literal["press", "double", "triple", "long"] = "press"


class NothingRequest(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/reload and POST /api/latency: what they do needs no word; an empty body is one as well."""


class DoRequest(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/do."""

    command: Annotated[str, msgspec.Meta(max_length=COMMAND_LIMIT_CHARS)]


_Wanted = TypeVar("_Wanted", bound=msgspec.Struct)
_Value = TypeVar("_Value")


def read_json(body: bytes, kind: type[_Wanted]) -> _Wanted:
    """Return a request's body as what it should be; raise RequestError for anything else."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RequestError(f"the body: {error}") from error


def read_question(sent: AskRequest) -> Question:
    """Return what a request asks; raise RequestError for a picture that is none, or words that are."""
    pictures = read_pictures(sent.pictures)
    frames = NO_FRAMES if pictures or sent.model == "text" else ONE_FRAME
    if sent.frames is not None:
        frames = _read_words("frames", frames_of, sent.frames)
        if frames.count and pictures:
            raise RequestError("frames: none, for the question brings pictures of its own")
    if sent.model == "text" and (pictures or frames.count):
        raise RequestError("model: vision, for a text model sees no pictures")
    return Question(
        prompt=sent.prompt,
        pictures=pictures,
        frames=frames,
        detail=sent.detail,
        endpoint=sent.endpoint or "",
        kind=sent.model,
        busy=_read_words("busy", busy_of, sent.busy),
        follow_up=sent.follow_up,
        outbox=sent.outbox,
        origin=Origin(sent.origin),
    )


def _read_words(name: str, read: Callable[[str], _Value], words: str) -> _Value:
    try:
        return read(words)
    except ValueError as error:
        raise RequestError(f"{name}: expected {error}, got {readable(words)!r}") from error


def read_pictures(sent: list[SentPicture]) -> tuple[Picture, ...]:
    """Return the pictures of a request; raise RequestError for one that is none."""
    return tuple(_read(number, picture) for number, picture in enumerate(sent, 1))


def _read(number: int, sent: SentPicture) -> Picture:
    if (sent.data is None) == (sent.url is None):
        raise RequestError(f"picture {number}: exactly one of data and url")
    if sent.url is not None:
        if not sent.url.startswith(("http://", "https://")):
            raise RequestError(f"picture {number}: an http or https URL")
        return Link(sent.url)
    try:
        data = base64.b64decode(sent.data or "", validate=True)
        return sent_frame(data, time.monotonic(), "api")
    except ValueError as error:  # no base64, or no picture
        raise RequestError(f"picture {number}: {error}") from error
