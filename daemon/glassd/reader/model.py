"""The on-board model: it looks at the pictures of an ask with OpenCV, and says what it found.

It answers behind the same server side as any model, piece by piece, so that what a wearer sees on it is what a real
model will look like.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final

from glassd.answer import Delta, Outcome, OutcomeKind, Problem
from glassd.ask import Link
from glassd.reader import speak
from glassd.reader.look import UnreadablePictureError, look
from glassd_drivers.threads import DeviceThread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from glassd.answer import AnswerEvent
    from glassd.ask import Ask, Picture

MODEL: Final = "glassd-reader"
"""The name that a request asks for."""
PACE_S: Final = 0.03
"""Between two deltas: about as fast as a good hosted model writes, slow enough to be seen growing."""


class Reader:
    """The responder of the on-board model. Pictures are looked at one at a time, on a thread of its own."""

    def __init__(self) -> None:
        self._thread = DeviceThread("reader")

    def models(self) -> list[str]:
        """Return the one name."""
        return [MODEL]

    async def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        """Yield the answer in pieces of a word or a few characters, PACE_S apart, then its outcome.

        A picture that is broken or too large fails the ask before the first delta.
        """
        try:
            text = await self._say(ask)
        except UnreadablePictureError as error:
            yield Outcome(OutcomeKind.FAILED, problem=Problem(error.code, str(error)))
            return
        for piece in _PIECE.findall(text):
            yield Delta(piece)
            await asyncio.sleep(PACE_S)
        yield Outcome(OutcomeKind.FINISHED, text=text, finish_reason="stop", usage=_usage(ask, text))

    async def close(self) -> None:
        """Let go of the thread, within a second; a look that is under way is left to end by itself."""
        await self._thread.close()

    async def _say(self, ask: Ask) -> str:
        prompt = ask.prompt or ask.instructions
        pictures = _pictures(ask)
        if not pictures:
            return speak.about_itself(prompt)
        found = [
            None if isinstance(picture, Link) else await self._thread.call(look, picture.data) for picture in pictures
        ]
        return speak.about_pictures(prompt, found)


_PIECE = re.compile(r"[!-~]{1,12}\s?|[^!-~]{1,2}", re.DOTALL)  # a word, or part of a long one; else two characters


def _pictures(ask: Ask) -> tuple[Picture, ...]:
    """Return the pictures that the question is about: its own, else those of the latest turn that has some."""
    return ask.pictures or next((turn.pictures for turn in reversed(ask.turns) if turn.pictures), ())


def _usage(ask: Ask, text: str) -> dict[str, object]:
    """Count characters: the reader has no tokens, and pictures cost it none."""
    return {
        "prompt_tokens": len(ask.prompt),
        "completion_tokens": len(text),
        "total_tokens": len(ask.prompt) + len(text),
        "prompt_tokens_details": {"cached_tokens": 0},
    }
