"""What is remembered of an ask once it has ended, for status, events and log: never its words or pictures."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from glassd.messages import Code, lines

if TYPE_CHECKING:
    from glassd.answer import OutcomeKind, Problem
    from glassd.ask import Origin
    from glassd.spending import Amounts


class AskRecord(Struct, frozen=True):
    """One ask, from its start to its end.

    `problem.message` can hold words of the server, which may quote the ask: it is for nobody but who asked.
    `times` are seconds from its instant (the press) to each station that it reached: gesture, frame, body, connected,
    sent, first_delta, first_screen, done; `frame_offset` is how far the (first) picked frame's instant is from the
    press, negative for before. `resumes` is the id of the ask whose answer broke off and was gone on with here, or
    empty. `cost` is what it cost as the server reported it, with the money by the endpoint's price; None where that is
    not known. `trigger` is the event that the config names for it, empty where there is none.
    """

    id: str
    origin: Origin
    outcome: OutcomeKind
    problem: Problem | None
    endpoint: str
    frame_offset: float | None
    times: dict[str, float]
    resumes: str = ""
    cost: Amounts | None = None
    trigger: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it for the API: nothing that anybody said, but its code."""
        return {
            "id": self.id,
            "origin": self.origin.value,
            "outcome": self.outcome.value,
            "code": self.problem.code.value if self.problem else None,
            "endpoint": self.endpoint,
            "frame_offset_s": self.frame_offset,
            "times_s": self.times,
            "resumes": self.resumes or None,
            "trigger": self.trigger or None,
        }

    def log_line(self) -> tuple[int, str]:
        """Return how serious its end is to the operator, and one line: what happened, where, what to do."""
        problem = self.problem
        if problem is None or problem.code in _WANTED:
            return logging.INFO, f"ask {self.id}: {problem.code if problem else self.outcome}"
        facts = [f"HTTP {problem.http_status}" if problem.http_status else "", problem.vendor_code or "", self.endpoint]
        what, remedy = lines(problem.code, "en", retry_after_s=problem.retry_after_s)
        said = ", ".join(fact for fact in (problem.code.value, *facts) if fact)
        said = "".join(char for char in said if char.isprintable())  # the server chose its own code
        return logging.WARNING, f"ask {self.id}: {self.outcome}: {what}; {remedy} ({said})"


_WANTED = (Code.CANCELLED, Code.PAUSED, Code.STOPPING)
"""Ends that somebody wanted: they are no trouble."""
