"""Reading an answer: the bytes of a response body in, answer events out, then how it ended. No I/O, never raises.

What ends an answer, and what its outcome is, stands in `docs/outcomes.md`; `Reading.outcome` is that page as code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from glassd.answer import Delta, OutcomeKind, Problem, Reasoning
from glassd.messages.codes import Code
from glassd.model.chunks import NotAChunkError, Words, answering, decode, plain_words
from glassd.model.server_errors import decode_error
from glassd.model.sse import EventDecoder, is_done

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd.model.chunks import Chunk
    from glassd.model.server_errors import ServerError
    from glassd.model.sse import Event

ANSWER_LIMIT_CHARS: Final = 1_000_000
"""The longest answer: text, reasoning and refusal together."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an answer ended, and why it is not finished."""

    kind: OutcomeKind
    problem: Problem | None


class Reading:
    """One answer while it is being read."""

    def __init__(self, where: str = "the server") -> None:
        """Make ready. `where` names the server in a Problem's message."""
        self._where = where
        self.finish_reason: str | None = None
        self.usage: dict[str, Any] | None = None
        self.skipped = 0
        """Payloads that were no JSON object."""
        self._events = EventDecoder()
        self._chars = 0  # of text, reasoning and refusal together
        self._in_messages = False  # the server sends a message where others send a delta
        self._text = _Voice()
        self._reasoning = _Voice()
        self._refusal = _Voice()
        self._done = False
        self._error: ServerError | None = None
        self._tool_deltas = 0
        self._too_long = False

    @property
    def text(self) -> str:
        """The deltas joined."""
        return self._text.said

    @property
    def reasoning(self) -> str:
        """The model's reasoning so far."""
        return self._reasoning.said

    @property
    def refusal(self) -> str:
        """The refusal's words so far."""
        return self._refusal.said

    @property
    def progress(self) -> int:
        """The number of deltas of any sort: text, reasoning, refusal, tool calls. Nothing else is progress."""
        return self._text.pieces + self._reasoning.pieces + self._refusal.pieces + self._tool_deltas

    @property
    def complete(self) -> bool:
        """Whether a finish reason or [DONE] has come: the loss of the connection is no loss any more."""
        return self._done or self.finish_reason is not None

    @property
    def over(self) -> bool:
        """Whether nothing that still comes can change the answer."""
        return self._done or self._error is not None or self._too_long

    def feed(self, piece: bytes) -> list[Delta | Reasoning]:
        """Return the deltas that this piece of the body completes."""
        deltas: list[Delta | Reasoning] = []
        if not self.over:
            self._read(self._events.feed(piece), deltas)
        return deltas

    def end(self) -> list[Delta | Reasoning]:
        """Return what the end of the body completes, however the body ended; a second time, nothing."""
        deltas: list[Delta | Reasoning] = []
        if not self.over:
            skipped = self.skipped
            self._read(self._events.end(), deltas)
            self.skipped = (
                skipped  # what only the end completed was cut in two: no sign of a server that speaks otherwise
            )
        if orphan := self._text.close():
            deltas.append(Delta(orphan))
        if orphan := self._reasoning.close():
            deltas.append(Reasoning(orphan))
        self._refusal.close()
        return deltas

    def verdict(self, broken: Problem | None, explain: Callable[[ServerError], Problem]) -> Verdict:
        """Return how the answer ended: the first that matches, in the order of docs/outcomes.md.

        `broken` is what ended the body, if it did not end by itself; `explain` makes a Problem of a server's error.
        """
        if self._error is not None:
            problem = explain(self._error)
            if self.progress:
                problem = replace(problem, retryable=False)  # the wearer has seen words of it: not by itself again
            refused = problem.code is Code.MODERATED
            return Verdict(OutcomeKind.REFUSED if refused else OutcomeKind.FAILED, problem)
        if self._too_long and self.progress:
            text = f"{self._where}: the answer is longer than glassd takes; ask for a shorter one"
            broken = Problem(Code.ANSWER_TOO_LONG, text)
        elif self.complete and self._has_substance():
            return Verdict(OutcomeKind.FINISHED, None)
        if self.progress:
            return Verdict(OutcomeKind.CUT_OFF, broken or self._cut_off())
        return Verdict(OutcomeKind.FAILED, broken or self._nothing())

    def _has_substance(self) -> bool:
        return bool(self._text.pieces or self._refusal.pieces or self._tool_deltas)

    def _cut_off(self) -> Problem:
        text = f"{self._where}: the answer ended without an end; ask again"
        return Problem(Code.CUT_OFF, text, retryable=True)

    def _nothing(self) -> Problem:
        if self.finish_reason == "content_filter":
            text = f"{self._where}: the server's content filter let nothing of the answer through"
            return Problem(Code.MODERATED, text)
        if self.skipped or self._events.strange_lines or self._too_long:
            text = f"{self._where}: what came is no chat completion; check the endpoint's `url`"
            return Problem(Code.GARBAGE, text, retryable=True)
        return Problem(Code.EMPTY, f"{self._where}: the answer has nothing in it; try again", retryable=True)

    def _read(self, events: list[Event], deltas: list[Delta | Reasoning]) -> None:
        for event in events:
            words = None if event.name else plain_words(event.data)
            if words is None:
                self._read_other(event, deltas)
                if self._done or self._error is not None:
                    return
            else:  # what `_hear` would make of it
                if words.reasoning_content:
                    self._reason(words.reasoning_content, deltas)
                if words.content:
                    self._say(words.content, deltas)
            if self._too_long:
                return
        self._too_long = self._events.too_long

    def _read_other(self, event: Event, deltas: list[Delta | Reasoning]) -> None:
        """Read an event that is more than a plain piece of text."""
        try:
            chunks = decode(event.data)
        except NotAChunkError:
            chunks = []
            if is_done(event.data):
                self._done = True
            elif event.data.strip():
                self.skipped += 1
        for chunk in chunks:
            if self._error is None and not self._too_long:
                self._read_chunk(chunk, deltas)
        if event.name.lower() == b"error" and self._error is None:
            self._error = decode_error(event.data)

    def _read_chunk(self, chunk: Chunk, deltas: list[Delta | Reasoning]) -> None:
        """Take what a chunk says; words beside an error are kept."""
        if chunk.x_groq is not None:
            self._take_usage(chunk.x_groq.usage)
        self._take_usage(chunk.usage)
        for choice in answering(chunk):
            self._take_usage(choice.usage)
            if choice.finish_reason and choice.finish_reason != "null":  # DashScope's own way to say none
                self.finish_reason = choice.finish_reason
            if choice.delta is not None:
                self._hear(choice.delta, deltas)
            if choice.message is not None:
                self._in_messages |= not self.progress
                self._hear(self._rest_of(choice.message), deltas)
            if choice.text and choice.delta is None and choice.message is None:
                self._say(choice.text, deltas)
        self._error = chunk.error or None  # an empty one is none

    def _take_usage(self, usage: dict[str, Any] | None) -> None:
        if usage or self.usage is None:  # an empty one takes nothing back
            self.usage = usage

    def _hear(self, words: Words, deltas: list[Delta | Reasoning]) -> None:
        if reasoned := words.reasoning_content or words.reasoning:
            self._reason(reasoned, deltas)
        if words.content:
            self._say(words.content, deltas)
        if words.refusal and self._has_room(words.refusal):
            self._refusal.say(words.refusal)
        if words.tool_calls or words.function_call:
            self._tool_deltas += 1

    def _say(self, text: str, deltas: list[Delta | Reasoning]) -> None:
        if self._has_room(text) and (said := self._text.say(text)):
            deltas.append(Delta(said))

    def _reason(self, text: str, deltas: list[Delta | Reasoning]) -> None:
        if self._has_room(text) and (said := self._reasoning.say(text)):
            deltas.append(Reasoning(said))

    def _has_room(self, text: str) -> bool:
        """Whether the answer stays within its limit with this text; else it ends before it."""
        self._chars += len(text)
        if self._chars > ANSWER_LIMIT_CHARS:
            self._too_long = True
        return not self._too_long

    def _rest_of(self, message: Words) -> Words:
        """Return what a message adds to what was heard before it.

        Some servers end a stream of deltas with the whole answer once more; some send messages for deltas, each with
        its own piece or each with all so far.
        """
        return Words(
            content=self._rest(message.content, self._text),
            reasoning_content=self._rest(message.reasoning_content or message.reasoning, self._reasoning),
            refusal=self._rest(message.refusal, self._refusal),
            tool_calls=message.tool_calls,
            function_call=message.function_call,
        )

    def _rest(self, text: str | None, voice: _Voice) -> str | None:
        if text and len(text) >= voice.chars and text.startswith(voice.said):
            return text[voice.chars :]
        return text if self._in_messages else None


class _Voice:
    """One strand of the answer (text, reasoning, refusal): joins what was said, and halves of surrogate pairs.

    Servers that cut UTF-16 send the first half of an emoji at the end of one delta and the second at the start of the
    next: the first is held back until the second has come, so that no half is ever passed on.
    """

    def __init__(self) -> None:
        self.pieces = 0
        self._all = StringIO()
        self._all.readline()  # makes it hold characters from here on, four bytes each, not every piece as an object
        self._held = ""

    @property
    def said(self) -> str:
        """All that was passed on, joined."""
        return self._all.getvalue()

    @property
    def chars(self) -> int:
        """The length of it."""
        return self._all.tell()

    def say(self, text: str) -> str:
        """Return what can be passed on now; empty where only a half has come."""
        self.pieces += 1
        if self._held or not (text.isprintable() or _HALF(text) is None):  # halves are not printable
            text = self._held + text
            self._held = text[-1] if _HIGH_HALF(text[-1]) else ""
            text = _joined_halves(text.removesuffix(self._held))
        self._all.write(text)
        return text

    def close(self) -> str:
        """Return what was held back and stays an orphan."""
        orphan = "\ufffd" if self._held else ""
        self._held = ""
        self._all.write(orphan)
        return orphan


_HALF = re.compile("[\ud800-\udfff]").search
_HIGH_HALF = re.compile("[\ud800-\udbff]").match


def _joined_halves(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
