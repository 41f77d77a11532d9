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
BUSY_RETRY_S: Final = 1.0
"""When a client may come back that came while all was taken."""


class GatewayError(Exception):
    """A request that gets no answer, or an answer that broke off: the HTTP status and OpenAI's four facts of it.

    `final` says that asking again is of no use now, which the openai SDKs would otherwise do with every 5xx.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
        final: bool = False,
    ) -> None:
        if len(message) > MESSAGE_LIMIT_CHARS:
            message = message[: MESSAGE_LIMIT_CHARS - 1] + "…"
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.retry_after_s = retry_after_s
        self.final = final

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers that go with the status: Retry-After is in whole seconds (RFC 9110, 10.2.3)."""
        headers = {}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"  # RFC 9110, 11.6.1: a 401 says how to do it right
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(math.ceil(self.retry_after_s))
        if self.final:
            headers["x-should-retry"] = "false"  # OpenAI's own header: its SDKs obey it
        return headers

    def body(self) -> dict[str, Any]:
        """Return the error object: the body of a response with its status, or the data of an event in a stream."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


def busy(message: str) -> GatewayError:
    """Return what a client is told that came while all was taken: come back soon."""
    return GatewayError(429, message, code=Code.BUSY, retry_after_s=BUSY_RETRY_S)


def from_problem(problem: Problem) -> GatewayError:
    """Return what a client of the gateway is told of an answer that failed.

    The status is the gateway's own: a model server's 401 is about our key, and would mislead a client about its own.
    The endpoints have been tried in turn by now, more than once where that helps, so a client is asked not to multiply
    that: it may come back where it is told when.
    """
    status = _STATUS.get(problem.code, 502)
    retry_after_s = problem.retry_after_s
    if retry_after_s is None and problem.code in (Code.BUSY, Code.SERVER_BUSY):
        retry_after_s = BUSY_RETRY_S
    final = retry_after_s is None
    return GatewayError(status, problem.message, code=problem.code, retry_after_s=retry_after_s, final=final)


_STATUS: Final[Mapping[Code, int]] = {
    Code.MODERATED: 400,
    Code.REQUEST_INVALID: 400,
    Code.PICTURE_BROKEN: 400,
    Code.PICTURE_SHAPE: 400,
    Code.NOT_ALLOWED: 403,
    Code.MODEL_UNKNOWN: 404,
    Code.REQUEST_TOO_BIG: 413,
    Code.PICTURE_TOO_BIG: 413,
    Code.BUSY: 429,
    Code.RATE_LIMITED: 429,
    Code.INTERNAL: 500,
    Code.PAUSED: 503,
    Code.SERVER_BUSY: 503,
    Code.NO_ENDPOINT: 503,
    Code.CANCELLED: 503,
    Code.STOPPING: 503,
    Code.CONNECT_TIMEOUT: 504,
    Code.FIRST_TIMEOUT: 504,
    Code.GAP_TIMEOUT: 504,
    Code.WHOLE_TIMEOUT: 504,
}
