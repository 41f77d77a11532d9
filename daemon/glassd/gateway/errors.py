"""What goes wrong at the gateway, as OpenAI's error objects with their HTTP statuses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from glassd.messages.codes import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glassd.answer import Problem

MESSAGE_LIMIT_CHARS: Final = 500
"""The longest message of an error: it may quote what an untrusted request held."""


class GatewayError(Exception):
    """A request that gets no answer, or an answer that broke off: the HTTP status and OpenAI's four facts of it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        if len(message) > MESSAGE_LIMIT_CHARS:
            message = message[: MESSAGE_LIMIT_CHARS - 1] + "…"
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers that go with the status: Retry-After in whole seconds (RFC 9110, 10.2.3)."""
        return {} if self.retry_after_s is None else {"Retry-After": str(math.ceil(self.retry_after_s))}

    def body(self) -> dict[str, Any]:
        """Return the error object: the body of a response with its status, or the data of an event in a stream."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


def from_problem(problem: Problem) -> GatewayError:
    """Return what a client of the gateway is told of an answer that failed.

    The status is the gateway's own: a model server's 401 is about our key, and would mislead a client about its own.
    """
    status = _STATUS.get(problem.code, 502)
    return GatewayError(status, problem.message, code=problem.code, retry_after_s=problem.retry_after_s)


_STATUS: Final[Mapping[Code, int]] = {
    Code.MODERATED: 400,
    Code.REQUEST_INVALID: 400,
    Code.PICTURE_BROKEN: 400,
    Code.MODEL_UNKNOWN: 404,
    Code.REQUEST_TOO_BIG: 413,
    Code.PICTURE_TOO_BIG: 413,
    Code.RATE_LIMITED: 429,
    Code.INTERNAL: 500,
    Code.SERVER_BUSY: 503,
    Code.NO_ENDPOINT: 503,
    Code.CANCELLED: 503,
    Code.STOPPING: 503,
    Code.CONNECT_TIMEOUT: 504,
    Code.FIRST_TIMEOUT: 504,
    Code.GAP_TIMEOUT: 504,
    Code.WHOLE_TIMEOUT: 504,
}
