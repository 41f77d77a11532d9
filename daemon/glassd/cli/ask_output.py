"""How `glassd ask` prints an answer while it comes, and how it is interrupted."""

from __future__ import annotations

import signal
import sys
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING

from glassd.answer import Delta, Outcome, OutcomeKind, Problem, Reasoning, Sent, Timings
from glassd.cli.terminal import STRIPPED, json_line
from glassd.model.wire import event_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from glassd.answer import AnswerEvent

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """SIGINT or SIGTERM came. Like KeyboardInterrupt no Exception, so that nothing on the way takes it for an error."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = signal.Signals(number)


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into Interrupted within the block."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for each in SIGNALS:  # once is enough: the outcome is still to be printed
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    before = {number: signal.signal(number, interrupt) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Output(ABC):
    """Prints events as they come and keeps what is needed to end an ask that was broken off on our side."""

    def __init__(self) -> None:
        self.outcome: OutcomeKind | None = None
        """How the ask ended; None while it goes on."""
        self._started = time.monotonic()
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._endpoint = ""
        self._passed: dict[str, float] = {}

    def tell(self, event: AnswerEvent) -> None:
        """Print one event; the outcome is the last, and comes once."""
        if isinstance(event, Sent):
            self._endpoint = event.endpoint
            self._pass("sent")
        elif isinstance(event, Outcome):
            self.outcome = event.kind
        else:
            self._pass("first_delta")
            (self._text if isinstance(event, Delta) else self._reasoning).append(event.text)
        self.write(event)

    def fail(self, problem: Problem) -> None:
        """End the ask with a problem on our side, unless it has ended."""
        if self.outcome is not None:
            return
        self._pass("done")
        began = self._text or self._reasoning
        self.tell(
            Outcome(
                OutcomeKind.CUT_OFF if began else OutcomeKind.FAILED,
                text="".join(self._text),
                reasoning="".join(self._reasoning),
                problem=problem,
                endpoint=self._endpoint,
                timings=Timings(**self._passed),
            )
        )

    @abstractmethod
    def write(self, event: AnswerEvent) -> None:
        """Print one event."""

    def _pass(self, station: str) -> None:
        self._passed.setdefault(station, time.monotonic() - self._started)


class JsonOutput(Output):
    """One JSON object a line, each flushed; what a terminal could take for a command is escaped."""

    def write(self, event: AnswerEvent) -> None:
        """Print one event."""
        if (line := event_line(event)) is not None:
            sys.stdout.buffer.write(json_line(line).encode("utf-8", "replace") + b"\n")
            sys.stdout.buffer.flush()


class TextOutput(Output):
    """The text alone on stdout, as it comes; how it ended on stderr, unless it simply finished."""

    def write(self, event: AnswerEvent) -> None:
        """Print one event."""
        if isinstance(event, Delta):
            self._print(event.text)
        elif isinstance(event, Outcome):
            self._print(event.refusal)
            if event.text or event.refusal:
                self._print("\n")
            self._tell_end(event)
        elif isinstance(event, Reasoning | Sent):
            pass  # progress for a display; a shell wants the answer

    @staticmethod
    def _print(text: str) -> None:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.buffer.write(text.translate(STRIPPED).encode(encoding, "replace"))
        sys.stdout.buffer.flush()

    @staticmethod
    def _tell_end(outcome: Outcome) -> None:
        if outcome.problem is not None:
            print(f"glassd ask: {outcome.problem.code}: {outcome.problem.message}", file=sys.stderr)
        elif outcome.finish_reason == "content_filter":
            print("glassd ask: the server's content filter stopped the answer here", file=sys.stderr)
        elif outcome.finish_reason == "length":
            print("glassd ask: the answer reached its longest length and stops here", file=sys.stderr)
