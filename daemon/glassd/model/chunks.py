"""Chat-completion chunks: an event's payload in, what it says about the answer out, no I/O.

Three ways, each for what the one before refuses, and each agreeing with the next:

1. `plain_words`: the usual chunk, a piece of text or of reasoning and nothing else, which the types alone tell;
2. typed: only the fields that are used are decoded, in one pass;
3. tolerant: JSON that is odd or of odd types; every part that can be made sense of is kept.

A whole answer (`chat.completion`) has the same shape with `message` for `delta`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from glassd.model.lenient_json import NotJsonError, mended, mended_object, text_of, values
from glassd.model.server_errors import error_within, flat_error, minimax_error


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
    """One of `choices`. `index` None is its place among them; Moonshot puts the usage here, OpenRouter an error.

    `text` is that of the older completions, which some servers stream here too.
    """

    index: int | None = None
    delta: Words | None = None
    message: Words | None = None
    text: str | None = None
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None
    error: Any = None


class GroqExtra(msgspec.Struct, gc=False):
    """Groq's own corner of a chunk, where it puts the usage, and why a stream ended early."""

    usage: dict[str, Any] | None = None
    error: Any = None


class Chunk(msgspec.Struct, gc=False):
    """What one payload says. `error` is a ServerError, the payload's own or that of its choice 0, or None."""

    choices: list[Choice | None] | None = None
    usage: dict[str, Any] | None = None
    error: Any = None
    x_groq: GroqExtra | None = None
    base_resp: Any = None


class NotAChunkError(ValueError):
    """The payload is no JSON object, nor several."""


def decode(payload: bytes) -> list[Chunk]:
    """Return what a payload says, nearly always one chunk; raise NotAChunkError if it is no JSON object."""
    try:
        chunk = _decode(payload)
    except (ValueError, RecursionError):  # not JSON, not UTF-8, not the types; or nested past all measure
        return _tolerant(payload)
    return [chunk] if _is_of_the_usual_shape(chunk) else _tolerant(payload)


def plain_words(payload: bytes) -> PlainWords | None:
    """Return what a chunk says of choice 0 where it says nothing else; None for any other payload, `decode` that."""
    try:
        return _decode_plain(payload).choices[0].delta
    except (ValueError, RecursionError):
        return None


def answering(chunk: Chunk) -> list[Choice]:
    """Return what the chunk says of choice 0, the only one that is ever the answer."""
    told = [choice for choice in chunk.choices or () if choice is not None]
    return [choice for place, choice in enumerate(told) if (place if choice.index is None else choice.index) == 0]


# -- the plain way: types that allow nothing but words -----------------------------------------------------------------

_Nothing = Literal[""] | None


class PlainWords(msgspec.Struct, gc=False):
    """A delta of text or of reasoning alone."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: _Nothing = None
    refusal: _Nothing = None
    tool_calls: None = None
    function_call: None = None


class _PlainChoice(msgspec.Struct, gc=False):
    delta: PlainWords
    index: Literal[0] | None = None
    message: None = None
    finish_reason: Literal["", "null"] | None = None
    usage: None = None
    error: None = None


class _PlainChunk(msgspec.Struct, gc=False):
    choices: Annotated[list[_PlainChoice], msgspec.Meta(min_length=1, max_length=1)]
    usage: None = None
    error: None = None
    x_groq: None = None
    base_resp: None = None


_decode_plain = msgspec.json.Decoder(_PlainChunk).decode

# -- the typed way -----------------------------------------------------------------------------------------------------

_decode = msgspec.json.Decoder(Chunk).decode


def _is_of_the_usual_shape(chunk: Chunk) -> bool:
    """Whether there is an answer in it and no error."""
    if not chunk.choices or chunk.error or chunk.base_resp or (chunk.x_groq is not None and chunk.x_groq.error):
        return False
    return not [choice for choice in chunk.choices if choice is not None and choice.error]


# -- the tolerant way --------------------------------------------------------------------------------------------------

_CONTENT_NESTING_LIMIT = 8


def _tolerant(payload: bytes) -> list[Chunk]:
    try:
        found = values(payload)
    except NotJsonError as error:
        raise NotAChunkError from error
    objects = [item for value in found for item in (value if isinstance(value, list) else [value])]
    chunks = [_chunk(item) for item in objects if isinstance(item, dict)]
    if not chunks:
        raise NotAChunkError
    return chunks


def _chunk(value: dict[str, Any]) -> Chunk:
    choices = value.get("choices")
    groq = value.get("x_groq")
    groq = groq if isinstance(groq, dict) else {}
    error = error_within(value) or error_within({"error": groq.get("error")}) or minimax_error(value.get("base_resp"))
    chunk = Chunk(
        choices=[_choice(item) for item in choices] if isinstance(choices, list) else [],
        usage=mended_object(value.get("usage")),
        error=error,
        x_groq=GroqExtra(mended_object(groq.get("usage"))),
    )
    if chunk.error is None:
        chunk.error = next((choice.error for choice in answering(chunk) if choice.error), None)
    if chunk.error is None and not choices:
        chunk.error = flat_error(value)
    return chunk


def _choice(value: Any) -> Choice | None:
    if not isinstance(value, dict):
        return None
    return Choice(
        index=_index(value.get("index")),
        delta=_spoken(value.get("delta")),
        message=_spoken(value.get("message")),
        text=text_of(value.get("text")),
        finish_reason=mended(text_of(value.get("finish_reason")) or ""),
        usage=mended_object(value.get("usage")),
        error=error_within({"error": value.get("error")}),
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
    reasoning = text_of(value.get("reasoning_content"))
    if isinstance(content, list | dict):  # parts, as in Mistral's answers: text and thinking
        reasoning = (reasoning or "") + _joined(content, "thinking")
        content = _joined(content, "text")
    return Words(
        content=text_of(content),
        reasoning_content=reasoning,
        reasoning=text_of(value.get("reasoning")),
        refusal=text_of(value.get("refusal")),
        tool_calls=value.get("tool_calls"),
        function_call=value.get("function_call"),
    )


def _joined(part: Any, kind: str, depth: int = 0) -> str:
    """Return the words of one kind, `text` or `thinking`, in a part: a string, an object, or a list of parts.

    A part without a type, and one that is a string itself, is text; within a part of thinking, it is thinking.
    """
    if depth > _CONTENT_NESTING_LIMIT:
        return ""
    if isinstance(part, str):
        return part if kind == "text" else ""
    if isinstance(part, list):
        return "".join(_joined(item, kind, depth + 1) for item in part)
    if isinstance(part, dict) and part.get("type", "text") in (
        kind,
        f"output_{kind}",
    ):  # output_text: OpenAI's newer API
        return _joined(part.get(kind), "text", depth + 1)
    return ""
