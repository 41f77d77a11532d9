"""An answer's events as the bytes that a client of the chat-completions format reads.

The shapes are those of the model manual that comes with the glasses, key by key and null by null, for the apps on
them were written against it: one chunk with the role, one for each delta, one with the finish reason, one with the
usage and no choices, then `[DONE]`. An answer that broke off ends with an error object, without a finish reason and
without `[DONE]`, so that nobody takes it for a whole one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from glassd.answer import Reasoning

if TYPE_CHECKING:
    from glassd.answer import Delta, Outcome
    from glassd.gateway.errors import GatewayError

DONE: Final = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer on its way to a client. `created` is UTC seconds; `model` is the name that the client asked for."""

    id: str
    created: int
    model: str

    def opening(self) -> bytes:
        """Return the chunk that a stream begins with: the role, and no text yet."""
        return self._chunk(_delta(content="", role="assistant"))

    def piece(self, event: Delta | Reasoning) -> bytes:
        """Return the chunk of a delta; reasoning goes into `reasoning_content`, as DashScope and others have it."""
        if isinstance(event, Reasoning):
            return self._chunk({**_delta(content=None), "reasoning_content": event.text})
        return self._chunk(_delta(content=event.text))

    def sign_of_life(self) -> bytes:
        """Return a chunk that says nothing, for a client that would else hear nothing for long.

        It is a chunk as the first and the last ones are, and no comment: apps that read lines by hand know chunks.
        """
        return self._chunk(_delta(content=""))

    def ending(self, outcome: Outcome, *, usage: bool) -> bytes:
        """Return what a finished answer's stream ends with; `usage` says whether the tokens are told."""
        parts = [self._chunk(_delta(content=""), finish_reason=_finish_reason(outcome)), DONE]
        if outcome.refusal:
            parts.insert(0, self._chunk({**_delta(content=None), "refusal": outcome.refusal}))
        if usage:
            parts.insert(-1, self._event(self._body([], _streamed_usage(_counted(outcome)))))
        return b"".join(parts)

    def breaking_off(self, error: GatewayError) -> bytes:
        """Return what the stream of an answer that broke off ends with."""
        return self._event(error.body())

    def whole(self, outcome: Outcome) -> bytes:
        """Return a finished answer in one piece, for a request without `stream`."""
        message: dict[str, Any] = {"role": "assistant", "content": outcome.text}
        if outcome.reasoning:
            message["reasoning_content"] = outcome.reasoning
        if outcome.refusal:
            message["refusal"] = outcome.refusal
        choice = {"message": message, "finish_reason": _finish_reason(outcome), "index": 0, "logprobs": None}
        return msgspec.json.encode(
            {
                "choices": [choice],
                "object": "chat.completion",
                "usage": _counted(outcome),
                "created": self.created,
                "system_fingerprint": None,
                "model": self.model,
                "id": self.id,
            }
        )

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"delta": delta, "finish_reason": finish_reason, "index": 0, "logprobs": None}
        return self._event(self._body([choice], None))

    def _body(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "id": self.id,
            "choices": choices,
            "created": self.created,
            "model": self.model,
            "object": "chat.completion.chunk",
            "service_tier": None,
            "system_fingerprint": None,
            "usage": usage,
        }

    @staticmethod
    def _event(body: dict[str, Any]) -> bytes:
        return b"data: " + msgspec.json.encode(body) + b"\n\n"


def _delta(content: str | None, role: str | None = None) -> dict[str, Any]:
    return {"content": content, "function_call": None, "refusal": None, "role": role, "tool_calls": None}


def _finish_reason(outcome: Outcome) -> str:
    return outcome.finish_reason or "stop"


def _counted(outcome: Outcome) -> dict[str, Any]:
    """Return the server's usage object; zeros where it counted nothing, for apps read these three unasked."""
    usage = outcome.usage or {}
    zeros = {key: 0 for key in ("prompt_tokens", "completion_tokens", "total_tokens") if usage.get(key) is None}
    return {**usage, **zeros}


def _streamed_usage(usage: dict[str, Any]) -> dict[str, Any]:
    """Put a usage object into the order of the manual's stream, which is not that of its whole answer."""
    details = usage.get("prompt_tokens_details")
    ordered = {
        "completion_tokens": usage.get("completion_tokens"),
        "prompt_tokens": usage.get("prompt_tokens"),
        "total_tokens": usage.get("total_tokens"),
        "completion_tokens_details": usage.get("completion_tokens_details"),
        "prompt_tokens_details": {
            "audio_tokens": None,
            "cached_tokens": 0,
            **(details if isinstance(details, dict) else {}),  # it is what the model's server says it is
        },
    }
    return ordered | {key: value for key, value in usage.items() if key not in ordered}
