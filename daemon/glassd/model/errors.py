"""What a server's refusal means: an error in its own words and an HTTP status in, a Problem out.

What may be worth a retry is decided here, once (docs/outcomes.md).
"""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from glassd.answer import Problem
from glassd.messages.codes import Code
from glassd.model.vendors import named_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glassd.model.server_errors import ServerError

MESSAGE_LIMIT_CHARS: Final = 300
"""How much of a server's own words goes into a Problem."""

RETRYABLE: Final = frozenset(
    {
        Code.DNS,
        Code.NO_NETWORK,
        Code.CONNECTION_REFUSED,
        Code.CONNECTION_LOST,
        Code.CONNECT_TIMEOUT,
        Code.FIRST_TIMEOUT,
        Code.GAP_TIMEOUT,
        Code.WHOLE_TIMEOUT,
        Code.RATE_LIMITED,
        Code.SERVER_ERROR,
        Code.SERVER_BUSY,
        Code.GARBAGE,
        Code.EMPTY,
        Code.CUT_OFF,
    }
)
"""What may pass by itself. Never the key, the bill, moderation, or a request that is wrong in itself."""


def problem(
    code: Code,
    message: str,
    *,
    vendor_code: str | None = None,
    http_status: int | None = None,
    retry_after_s: float | None = None,
) -> Problem:
    """Return a Problem whose `retryable` follows from its code."""
    return Problem(code, message, vendor_code, http_status, code in RETRYABLE, retry_after_s)


def server_problem(
    error: ServerError,
    *,
    where: str,
    vendor: str,
    http_status: int | None = None,
    retry_after_s: float | None = None,
    key: str | None = None,
) -> Problem:
    """Return the Problem that a server's error is.

    `where` names the endpoint in the message. `http_status` is None for an error inside a 200; then a number among
    the error's own codes stands in for it. `key` is blotted out of the server's words, should it echo it.
    """
    code = _code(error, http_status or error.status, vendor)
    status = f"HTTP {http_status}" if http_status else "an error within the answer"
    told = [name for name in (error.code, error.type) if name and name not in ("None", error.message)]
    names = one_line(" ".join(dict.fromkeys(told)), key)
    said = ": ".join(part for part in (f"{status} {names}".strip(), one_line(error.message, key)) if part)
    return problem(
        code,
        f"{where}: {_ADVICE[code]} ({said})",
        vendor_code=one_line(error.code, key) if error.code else None,
        http_status=http_status,
        retry_after_s=retry_after_s,
    )


def own_words(trouble: Problem) -> str:
    """Return what a log may hold of a Problem: its message without the server's words, for they may quote the ask."""
    if trouble.code in _OF_THE_WAY and (trouble.http_status is None or trouble.http_status < 400):
        return trouble.message
    status = f"HTTP {trouble.http_status}" if trouble.http_status else ""
    facts = ", ".join(fact for fact in (trouble.code.value, status, trouble.vendor_code) if fact)
    return f"{trouble.message.partition(' (')[0]} ({facts})"  # as `server_problem` writes it


def retry_after(header: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110, 10.2.3); `now` is UTC seconds since 1970."""
    if not header:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", header.strip()):
        return float(header)
    try:
        date = parsedate_to_datetime(header)
        if date.tzinfo is None:  # asctime's form names no zone, and means UTC
            date = date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - now)
    except (ValueError, OverflowError):
        return None


def asked_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that a response asks to wait, in `retry-after-ms` (OpenAI, Azure) or in Retry-After.

    `headers` are looked up in lower case, so they have to be case-insensitive or lower; `now` is as for `retry_after`.
    """
    milliseconds = headers.get("retry-after-ms", "").strip()
    if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", milliseconds):
        return float(milliseconds) / 1000
    return retry_after(headers.get("retry-after"), now)


def one_line(text: str, key: str | None = None) -> str:
    """Return words from outside fit for a log line: printable, on one line, bounded, without the key."""
    if key:
        text = text.replace(key, "***")
    text = _LOOKS_LIKE_A_KEY.sub("***", text)
    text = " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * MESSAGE_LIMIT_CHARS]).split())
    return text if len(text) <= MESSAGE_LIMIT_CHARS else text[: MESSAGE_LIMIT_CHARS - 1] + "…"


_OF_THE_WAY = frozenset({
    Code.DNS, Code.NO_NETWORK, Code.CONNECTION_REFUSED, Code.CONNECTION_LOST, Code.CONNECT_TIMEOUT, Code.FIRST_TIMEOUT,
    Code.TLS, Code.CLOCK_NOT_SET, Code.PORTAL, Code.REDIRECTED, Code.PROXY, Code.KEY_MISSING, Code.NOT_ALLOWED,
})  # fmt: skip
"""Told in words of the board's own alone, below a status of 400."""

# -- which code --------------------------------------------------------------------------------------------------------

_LOOKS_LIKE_A_KEY = re.compile(r"\bsk-[\w*-]{4,}")

_BY_STATUS = {
    400: Code.REQUEST_INVALID,
    401: Code.KEY_WRONG,
    402: Code.QUOTA_SPENT,
    403: Code.KEY_WRONG,
    404: Code.ADDRESS_WRONG,
    405: Code.ADDRESS_WRONG,
    407: Code.PROXY,
    408: Code.SERVER_BUSY,
    413: Code.REQUEST_TOO_BIG,
    429: Code.RATE_LIMITED,
    503: Code.SERVER_BUSY,
    504: Code.SERVER_BUSY,
    511: Code.PORTAL,  # RFC 6585: network authentication required
    529: Code.SERVER_BUSY,  # Anthropic's overload
}

_ADVICE = {
    Code.MODERATED: "the content was refused; asking again does not help",
    Code.QUOTA_SPENT: "the account's money or quota is spent; look at its bill",
    Code.KEY_WRONG: "the key was refused; check the endpoint's `key`",
    Code.RATE_LIMITED: "too many requests; wait a little",
    Code.MODEL_UNKNOWN: "the server does not have this model; check `vision` and `text`",
    Code.REQUEST_TOO_BIG: "the request is too big; send a smaller picture or a shorter prompt",
    Code.SERVER_BUSY: "the server is overloaded; try again",
    Code.SERVER_ERROR: "the server failed; try again",
    Code.REQUEST_INVALID: "the server does not take this request",
    Code.ADDRESS_WRONG: "no chat completions at this address; check the endpoint's `url`",
    Code.PROXY: "a proxy on the way wants a login",
    Code.PORTAL: "the network wants a login first; open its page with a browser",
}


def _code(error: ServerError, status: int | None, vendor: str) -> Code:
    names = [name for name in (error.code, error.type) if name]
    if named := named_code(names, error.message, vendor):
        return named
    if status is None:
        return Code.REQUEST_INVALID if error.type in ("invalid_request_error", "BadRequestError") else Code.SERVER_ERROR
    return _BY_STATUS.get(status, Code.REQUEST_INVALID if status < 500 else Code.SERVER_ERROR)
