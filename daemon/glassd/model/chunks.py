"""Chat-completion chunks: an event's payload in, what it says about the answer out, no I/O.

Only the fields that are used are decoded, typed, in one pass. What does not fit the types, and JSON that a strict
decoder refuses (halves of surrogate pairs, bytes that are no UTF-8), goes a second, tolerant way, which keeps every
part that can be made sense of. A whole answer (`chat.completion`) has the same shape with `message` for `delta`.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec


class Words(msgspec.Struct, gc=False):
    """A `delta` or a `message`: the next piece of an answer, or all of it.

    `reasoning_content` is DashScope's, DeepSeek's and vLLM's name, `reasoning` that of Ollama and OpenRouter.
    """

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: Any = None
    function_call: Any = None


class Choice(msgspec.Struct, gc=False):
    """One of `choices`. `index` None is its place among them; Moonshot puts the usage here, OpenRouter an error."""

    index: int | None = None
    delta: Words | None = None
    message: Words | None = None
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None
    error: Any = None


class GroqExtra(msgspec.Struct, gc=False):
    """Groq's own corner of a chunk, where it puts the usage."""

    usage: dict[str, Any] | None = None


class Chunk(msgspec.Struct, gc=False):
    """What one payload says. `error` is whatever the server put there, of any type; falsy is none."""

    choices: list[Choice | None] | None = None
    usage: dict[str, Any] | None = None
    error: Any = None
    x_groq: GroqExtra | None = None


class ServerError(msgspec.Struct, frozen=True):
    """An error in the server's own words, from whichever shape it came in."""

    message: str = ""
    type: str | None = None
    code: str | None = None


class NotAChunkError(ValueError):
    """The payload is no JSON object."""


_decode = msgspec.json.Decoder(Chunk).decode
_PAGE_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)
_MESSAGE_LIMIT_CHARS = 2000
_ERROR_NESTING_LIMIT = 4


def decode(payload: bytes) -> Chunk:
    """Return what a payload says; raise NotAChunkError if it is no JSON object."""
    try:
        chunk = _decode(payload)
    except (ValueError, RecursionError):  # not JSON, not UTF-8, not the types; or nested past all measure
        return _tolerant(payload)
    if not chunk.choices and not chunk.error:
        return _tolerant(payload)  # not of the usual shape: it may be an error that lies flat
    return chunk


def decode_error(payload: bytes) -> ServerError:
    """Return the error that a whole body or event is: JSON, plain text, or a web page, of which its title is taken."""
    try:
        value = _loads(payload)
    except NotAChunkError:
        text = payload.decode("utf-8", "replace").strip()
        title = _PAGE_TITLE.search(text) if text.startswith("<") else None
        value = title[1].strip() if title else text[:_MESSAGE_LIMIT_CHARS]
    return server_error(value) or ServerError()


def answering(chunk: Chunk) -> list[Choice]:
    """Return what the chunk says of choice 0, the only one that is ever the answer."""
    told = [choice for choice in chunk.choices or () if choice is not None]
    return [choice for place, choice in enumerate(told) if (place if choice.index is None else choice.index) == 0]


def server_error(value: Any) -> ServerError | None:
    """Return the error that a JSON value describes, or None if it describes none.

    Known shapes: `{"error": {…}}` (OpenAI, DashScope), `{"error": "Name", "message": …}` (Node.js frameworks),
    `{"object": "error", "message": …}` (vLLM), `{"code": …, "message": …}` (DashScope's own API), `{"detail": …}`
    (FastAPI), a list around any of them (Google), a bare string.
    """
    for _ in range(_ERROR_NESTING_LIMIT):
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, dict) and isinstance(value.get("error"), dict | list) and value["error"]:
            value = value["error"]
    if isinstance(value, str) and value:
        return ServerError(_mended(value))
    if not isinstance(value, dict) or not value:
        return None
    name = _text(value.get("error"))
    kind = _mended(name or _text(value.get("type")) or "") or None
    message = _words(value.get("message")) or _words(value.get("detail")) or _mended(name or "")
    return ServerError(message, kind, _code(value.get("code")))


# -- the tolerant way --------------------------------------------------------------------------------------------------


def _loads(payload: bytes) -> Any:
    try:
        # strict=False: a line break or a tab that stands bare in a string is taken for what it is.
        return json.loads(payload.decode("utf-8-sig", "replace"), strict=False, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise NotAChunkError from error


def _tolerant(payload: bytes) -> Chunk:
    value = _loads(payload)
    if not isinstance(value, dict):
        raise NotAChunkError
    choices = value.get("choices")
    groq = value.get("x_groq")
    return Chunk(
        choices=[_choice(item) for item in choices] if isinstance(choices, list) else [],
        usage=_usage(value.get("usage")),
        error=value.get("error") or (None if choices else _flat_error(value)),
        x_groq=GroqExtra(_usage(groq.get("usage"))) if isinstance(groq, dict) else None,
    )


def _flat_error(value: dict[str, Any]) -> dict[str, Any] | None:
    """Return the error that an object without choices is itself, or None: `code` may also say that all is well."""
    if isinstance(status := value.get("base_resp"), dict):  # MiniMax
        value = {"code": status.get("status_code"), "message": status.get("status_msg")}
    named = {"code", "message"} <= value.keys() and str(value["code"]).casefold() not in _ALL_IS_WELL
    return value if named or value.get("object") == "error" or "detail" in value else None


_ALL_IS_WELL = ("0", "200", "ok", "success")


def _choice(value: Any) -> Choice | None:
    if not isinstance(value, dict):
        return None
    return Choice(
        index=_index(value.get("index")),
        delta=_spoken(value.get("delta")),
        message=_spoken(value.get("message")),
        finish_reason=_mended(_text(value.get("finish_reason")) or ""),
        usage=_usage(value.get("usage")),
        error=value.get("error"),
    )


def _index(value: Any) -> int | None:
    try:
        return int(value)  # also "1" and 1.0
    except (TypeError, ValueError, OverflowError):
        return None


def _spoken(value: Any) -> Words | None:
    if not isinstance(value, dict):
        return None
    content = value.get("content")
    reasoning = _text(value.get("reasoning_content"))
    if isinstance(content, list):  # parts, as in Mistral's answers: text and thinking
        reasoning = (reasoning or "") + _joined(content, "thinking")
        content = _joined(content, "text")
    return Words(
        content=_text(content),
        reasoning_content=reasoning,
        reasoning=_text(value.get("reasoning")),
        refusal=_text(value.get("refusal")),
        tool_calls=value.get("tool_calls"),
        function_call=value.get("function_call"),
    )


def _joined(parts: list[Any], kind: str) -> str:
    """Return the words of all parts of one kind; a part holds a string or, once more, parts of text.

    A part without a type, and one that is a string itself, is text.
    """
    words = []
    for part in parts:
        if isinstance(part, str) and kind == "text":
            words.append(part)
        elif isinstance(part, dict) and part.get("type", "text") == kind:
            held = part.get(kind)
            words.append(_joined(held, "text") if isinstance(held, list) and kind != "text" else _text(held) or "")
    return "".join(words)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _usage(value: Any) -> dict[str, Any] | None:
    """Return a usage object that can be written out again as it came, or None."""
    if not isinstance(value, dict):
        return None
    try:
        mended: dict[str, Any] = json.loads(_mended(json.dumps(value, ensure_ascii=False, allow_nan=False)))
    except (ValueError, RecursionError):
        return None
    return mended


def _code(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return _mended(str(value)) or None


def _words(value: Any) -> str:
    """Return a server's words as text: a list of FastAPI's mistakes as their `msg`s, any other JSON written out."""
    if value is None:
        return ""
    if isinstance(value, list) and value and all(isinstance(item, dict) and "msg" in item for item in value):
        value = "; ".join(f"{_text(item['msg'])}{_place(item.get('loc'))}" for item in value)
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return ""
    return _mended(text[:_MESSAGE_LIMIT_CHARS])


def _place(loc: Any) -> str:
    return f" ({'.'.join(str(part) for part in loc if isinstance(part, str | int))})" if isinstance(loc, list) else ""


def _mended(text: str) -> str:
    """Return the text with orphaned halves of surrogate pairs as U+FFFD, so that it can be written anywhere."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
