"""Answer events as JSON lines, as `glassd ask --json` prints and the API sends them (docs/outcomes.md)."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict

from glassd.answer import AnswerEvent, Delta, Outcome, OutcomeKind, Problem, Reasoning, Sent, Timings
from glassd.messages.codes import Code


def event_line(event: AnswerEvent) -> dict[str, Any] | None:
    """Return the JSON object for an event; None for Sent, which is for the display alone."""
    if isinstance(event, Delta):
        return {"event": "delta", "text": event.text}
    if isinstance(event, Reasoning):
        return {"event": "reasoning", "text": event.text}
    if isinstance(event, Sent):
        return None
    return {
        "event": "outcome",
        "outcome": event.kind.value,
        "text": event.text,
        "reasoning": event.reasoning,
        "refusal": event.refusal,
        "finish_reason": event.finish_reason,
        "usage": event.usage,
        "error": None if event.problem is None else _error(event.problem),
        "endpoint": event.endpoint,
        "model": event.model,
        "timings": {name: None if s is None else round(s, 4) for name, s in asdict(event.timings).items()},
    }


def event_from_line(line: dict[str, Any]) -> Delta | Reasoning | Outcome:
    """Return the event that a JSON object stands for; raise ValueError for anything else."""
    try:
        if line["event"] == "delta":
            return Delta(line["text"])
        if line["event"] == "reasoning":
            return Reasoning(line["text"])
        if line["event"] == "outcome":
            return _outcome(line)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a line of an answer: {error!r}") from error
    raise ValueError(f"not a line of an answer: event {line['event']!r}")


def _error(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code.value,
        "vendor_code": problem.vendor_code,
        "message": problem.message,
        "http_status": problem.http_status,
        "retryable": problem.retryable,
        "retry_after_s": problem.retry_after_s,
    }


def _outcome(line: dict[str, Any]) -> Outcome:
    error = line["error"]
    return Outcome(
        kind=OutcomeKind(line["outcome"]),
        text=line["text"],
        reasoning=line["reasoning"],
        refusal=line["refusal"],
        finish_reason=line["finish_reason"],
        usage=line["usage"],
        problem=None if error is None else Problem(**{**error, "code": Code(error["code"])}),
        endpoint=line["endpoint"],
        model=line["model"],
        timings=Timings(**line["timings"]),
    )
