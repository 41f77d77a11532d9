"""What comes back for an ask: progress, deltas of text and of reasoning, then exactly one outcome.

The events that come for every few characters are msgspec's structs: a tenth of a dataclass's cost, and the same to use.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from glassd.messages.codes import Code


class OutcomeKind(StrEnum):
    """How an answer ended; the first that matches, in the order of `docs/outcomes.md`."""

    FINISHED = "finished"
    CUT_OFF = "cut_off"
    REFUSED = "refused"
    FAILED = "failed"


class Problem(Struct, frozen=True):
    """Why an answer is not finished.

    `code` is ours and stable, `vendor_code` the server's own word; `http_status` is None for an error inside a 200;
    `message` is one line for the operator: what happened, where, what to do.
    """

    code: Code
    message: str
    vendor_code: str | None = None
    http_status: int | None = None
    retryable: bool = False
    retry_after_s: float | None = None


class AskError(Exception):
    """An ask cannot be carried out; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Timings(Struct, frozen=True):
    """Seconds from the start of the ask to each station; None where it was not reached.

    `body`: the request is built, its pictures sized and encoded.
    """

    body: float | None = None
    connected: float | None = None
    sent: float | None = None
    first_delta: float | None = None
    done: float | None = None


class Sent(msgspec.Struct, frozen=True, gc=False):
    """The whole request has left; the model is at work."""

    endpoint: str


class Delta(msgspec.Struct, frozen=True, gc=False):
    """The next piece of the answer's text."""

    text: str


class Reasoning(msgspec.Struct, frozen=True, gc=False):
    """The next piece of the model's reasoning: it keeps the answer alive and is never shown as the answer."""

    text: str


class Outcome(Struct, frozen=True):
    """How it ended. `text` is the deltas joined; `problem` is None only for a finished answer.

    `endpoint` is the configured URL that gave the answer, or the last one tried, `model` the one that was asked there;
    `usage` is the server's object as it came.
    """

    kind: OutcomeKind
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None
    problem: Problem | None = None
    endpoint: str = ""
    timings: Timings = Timings()
    model: str = ""


AnswerEvent = Sent | Delta | Reasoning | Outcome
