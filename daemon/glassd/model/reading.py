"""Reading an answer: the bytes of a response body in, answer events out, then how it ended. No I/O, never raises.

What ends an answer, and what its outcome is, stands in `docs/outcomes.md`; `Reading.outcome` is that page as code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

from glassd.answer import Delta, OutcomeKind, Problem, Reasoning
from glassd.messages.codes import Code
from glassd.model.chunks import NotAChunkError, ServerError, answering, decode, decode_error, server_error
from glassd.model.sse import EventDecoder, EventTooLongError

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd.model.chunks import Choice, Words
    from glassd.model.sse import Event

ANSWER_LIMIT_CHARS: Final = 1_000_000
"""The longest answer: text, reasoning and refusal together."""

DONE = b"[DONE]"


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
            try:
                self._read(self._events.feed(piece), deltas)
            except EventTooLongError:
                self._too_long = True
        return deltas

    def end(self) -> list[Delta | Reasoning]:
        """Return what the end of the body completes, however the body ended; a second time, nothing."""
        deltas: list[Delta | Reasoning] = []
        if not self.over:
            self._read(self._events.end(), deltas)
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
        if self._too_long:
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
        if self.skipped or self._events.strange_lines:
            text = f"{self._where}: what came is no chat completion; check the endpoint's `url`"
            return Problem(Code.GARBAGE, text, retryable=True)
        return Problem(Code.EMPTY, f"{self._where}: the answer has nothing in it; try again", retryable=True)

    def _read(self, events: list[Event], deltas: list[Delta | Reasoning]) -> None:
        for event in events:
            if event.name == b"error":
                self._error = decode_error(event.data)
            else:
                self._read_chunk(event.data, deltas)
            if self._done or self._error is not None:
                return
        self._too_long = self._text.chars + self._reasoning.chars + self._refusal.chars > ANSWER_LIMIT_CHARS

    def _read_chunk(self, payload: bytes, deltas: list[Delta | Reasoning]) -> None:
        try:
            chunk = decode(payload)
        except NotAChunkError:
            text = payload.strip()
            if text == DONE:
                self._done = True
            elif text:
                self.skipped += 1
            return
        if chunk.x_groq is not None and chunk.x_groq.usage is not None:
            self.usage = chunk.x_groq.usage
        if chunk.usage is not None:
            self.usage = chunk.usage
        choices = answering(chunk)
        if error := chunk.error or next((choice.error for choice in choices if choice.error), None):
            self._error = server_error({"error": error}) or ServerError()
            return
        for choice in choices:
            self._hear(choice, deltas)

    def _hear(self, choice: Choice, deltas: list[Delta | Reasoning]) -> None:
        if choice.usage is not None:
            self.usage = choice.usage
        if choice.finish_reason and choice.finish_reason != "null":  # DashScope's own way to say none
            self.finish_reason = choice.finish_reason
        words = choice.delta
        if words is None:
            if choice.message is None:
                return
            words = self._rest_of(choice.message)
        if (reasoned := words.reasoning_content or words.reasoning) and (said := self._reasoning.say(reasoned)):
            deltas.append(Reasoning(said))
        if words.content and (said := self._text.say(words.content)):
            deltas.append(Delta(said))
        if words.refusal:
            self._refusal.say(words.refusal)
        if words.tool_calls or words.function_call:
            self._tool_deltas += 1

    def _rest_of(self, message: Words) -> Words:
        """Return what a whole message adds to what was heard in deltas before it: some servers end with one."""
        message.content = _rest(message.content, self.text)
        message.reasoning_content = _rest(message.reasoning_content or message.reasoning, self.reasoning)
        message.reasoning = None
        message.refusal = _rest(message.refusal, self.refusal)
        return message


class _Voice:
    """One strand of the answer (text, reasoning, refusal): joins what was said, and halves of surrogate pairs.

    Servers that cut UTF-16 send the first half of an emoji at the end of one delta and the second at the start of the
    next: the first is held back until the second has come, so that no half is ever passed on.
    """

    def __init__(self) -> None:
        self.pieces = 0
        self._all = StringIO()
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


def _rest(whole: str | None, heard: str) -> str | None:
    if not whole or not heard:
        return whole
    return whole[len(heard) :] if whole.startswith(heard) else None
