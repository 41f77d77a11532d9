"""The test of one endpoint: a small question about a picture that the board makes, and what came of it.

It is an ask as any other: admitted by the scheduler, counted against the budgets, kept in the journal as its `keep`
says, shown to the wearer. But no other endpoint stands in for the one that is meant, and it waits behind a wearer's.
"""

from __future__ import annotations

import struct
import time
import zlib
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, Protocol

from msgspec.structs import asdict

from glassd.answer import Outcome, OutcomeKind
from glassd.api.requests import RequestError
from glassd.ask import sent_frame
from glassd.config.fields import READER_URL
from glassd.config.triggers import NO_FRAMES
from glassd.messages import LANGUAGES, Code, lines
from glassd.question import Question, endpoint_named

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from glassd.answer import AnswerEvent
    from glassd.config.model import Endpoint, Model
    from glassd.config.schema import Config

PROMPT_PICTURE: Final = "This is a test. Name the colours of the picture from left to right, in a few words."
PROMPT_WORDS: Final = "This is a test. Answer with one word."
SHOWN_CHARS: Final = 200
"""How much of the answer is told."""
_COLOURS: Final = (b"\xd0\x20\x20", b"\x20\xb0\x40", b"\x20\x50\xd0")
_SIDE_PX: Final = 96


class House(Protocol):
    """What this needs of the daemon."""

    config: Config

    def ask(self, question: Question) -> AsyncGenerator[AnswerEvent]:
        """Carry out a question."""


async def tested(house: House, wanted: str | int) -> dict[str, Any]:
    """Ask one endpoint, by its name or its number from 1 on; return what came of it, as JSON; raise RequestError.

    `lines` are the wearer's two of its error, in each language; `timings` are seconds since the ask began.
    """
    number, endpoint = _meant(house.config.model, wanted)
    pictures = (sent_frame(test_picture(), time.monotonic(), "test"),) if endpoint.sees else ()
    question = Question(
        PROMPT_PICTURE if pictures else PROMPT_WORDS,
        pictures=pictures,
        frames=NO_FRAMES,
        follow_up=False,
        alone=number,
    )
    outcome = Outcome(OutcomeKind.FAILED)
    async with aclosing(house.ask(question)) as events:
        async for event in events:
            if isinstance(event, Outcome):
                outcome = event
    return _as_json(endpoint, number, outcome)


def test_picture() -> bytes:
    """Return a PNG (ISO/IEC 15948) of three stripes: red, green and blue."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", _SIDE_PX, _SIDE_PX, 8, 2, 0, 0, 0)  # 8 bits of red, green and blue a pixel
    row = b"\x00" + b"".join(colour * (_SIDE_PX // len(_COLOURS)) for colour in _COLOURS)  # behind its filter: none
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(row * _SIDE_PX)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _meant(model: Model, wanted: str | int) -> tuple[int, Endpoint]:
    if isinstance(wanted, int):
        if wanted > len(model.endpoints):
            raise RequestError(f"endpoint: there are {len(model.endpoints)}")
        return wanted - 1, model.endpoints[wanted - 1]
    try:
        endpoint = endpoint_named(wanted, model)
    except ValueError as error:
        raise RequestError(str(error)) from error
    return next(number for number, one in enumerate(model.endpoints) if one is endpoint), endpoint


def _as_json(endpoint: Endpoint, number: int, outcome: Outcome) -> dict[str, Any]:
    problem = outcome.problem
    code = problem.code if problem else Code.MODERATED if outcome.kind is OutcomeKind.REFUSED else None
    retry_after_s = problem.retry_after_s if problem else None
    told = {} if code is None else {name: lines(code, name, retry_after_s=retry_after_s) for name in LANGUAGES}
    return {
        "endpoint": number + 1,
        "name": endpoint.name,
        "url": endpoint.url,
        "model": outcome.model or None,
        "outcome": outcome.kind.value,
        "code": code,
        "message": problem.message if problem else None,
        "lines": told,
        "text": outcome.text[:SHOWN_CHARS],
        "timings": {name: None if s is None else round(s, 4) for name, s in asdict(outcome.timings).items()},
        "on_board": endpoint.url == READER_URL,
    }
