"""What a broken way to the server means: an exception of aiohttp, ssl or the sockets in, a Problem out."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError, HttpProcessingError

from glassd.messages.codes import Code
from glassd.model.errors import one_line, problem
from glassd.wall import BUILT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.answer import Problem


def way_problem(
    error: BaseException, *, where: str, now: float, has_route: bool, key: str | None = None, proxy: str | None = None
) -> Problem:
    """Return the Problem that an exception of the transport is.

    `now` is the board's own idea of UTC (seconds since 1970); `has_route` tells whether any network but loopback is
    up, which is what tells a dead network from a name that is not known. `key` is blotted out of the message. `proxy`
    is the host and port of the proxy on the way, if there is one.
    """
    code = _code(error, now, has_route, proxied=proxy is not None)
    return problem(code, f"{where}: {_advice(code, proxy)} ({one_line(_reason(error), key)})")


def timeout_problem(code: Code, *, where: str, seconds: float, proxy: str | None = None) -> Problem:
    """Return the Problem of a deadline that passed; `proxy` is the one that was not even reached, if there is one."""
    if proxy is not None:
        return problem(Code.PROXY, f"{where}: {_advice(Code.PROXY, proxy)} (no connection in time)")
    return problem(code, f"{where}: {_ADVICE[code].format(seconds=seconds)}")


def redirect_problem(url: str, location: str | None, status: int, *, where: str, key: str | None = None) -> Problem:
    """Return the Problem of a redirect: to the same host it is a moved server, to another one a captive portal.

    `key` is blotted out of the message, should the server echo it.
    """
    try:
        target = urlsplit(urljoin(url, location or ""))
    except ValueError:  # brackets that hold no IPv6 address
        location = None
    if not location:
        text = f"{where}: the server redirects, and does not say where to; check the endpoint's `url`"
        return problem(Code.REDIRECTED, text, http_status=status)
    there = one_line(f"{target.scheme}://{target.netloc}{target.path}", key)
    if target.hostname == urlsplit(url).hostname:
        text = f"{where}: the server redirects, which is never followed; set the endpoint's `url` to {there}"
        return problem(Code.REDIRECTED, text, http_status=status)
    return problem(Code.PORTAL, f"{where}: {_ADVICE[Code.PORTAL]} (redirected to {there})", http_status=status)


def portal_problem(where: str) -> Problem:
    """Return the Problem of a web page where an answer should be."""
    return problem(Code.PORTAL, f"{where}: {_ADVICE[Code.PORTAL]} (a web page came instead of an answer)")


def has_route() -> bool:
    """Return whether any network but loopback has a route, by Linux's routing tables; True where they are not there."""
    try:
        v4 = Path("/proc/net/route").read_text(encoding="ascii").splitlines()[1:]
        v6 = Path("/proc/net/ipv6_route").read_text(encoding="ascii").splitlines()
    except OSError:
        return True
    return any(line.split()[0] != "lo" for line in v4 if line) or any(line.split()[-1] != "lo" for line in v6 if line)


# -- which code --------------------------------------------------------------------------------------------------------

_ADVICE = {
    Code.DNS: "the server's name is not known; check the endpoint's `url` and the network's DNS",
    Code.NO_NETWORK: "there is no network; check Wi-Fi or the cable",
    Code.CONNECTION_REFUSED: "nothing listens there; is the server running, is the port right?",
    Code.CONNECTION_LOST: "the connection broke; try again",
    Code.TLS: "the secure connection failed; check `url` and the server's certificate",
    Code.CLOCK_NOT_SET: "the board's clock is not set, so no certificate can be checked; set the time",
    Code.PORTAL: "the network wants a login first; open its page with a browser",
    Code.ADDRESS_WRONG: "this address cannot be called; check the endpoint's `url`",
    Code.GARBAGE: "what listens there does not speak HTTP; check the port",
    Code.CONNECT_TIMEOUT: "no connection in time; is the server up, is the network good?",
    Code.FIRST_TIMEOUT: "nothing of the answer within {seconds:g} s; try again",
    Code.GAP_TIMEOUT: "the answer stalled for {seconds:g} s",
    Code.WHOLE_TIMEOUT: "the answer took longer than {seconds:g} s as a whole",
    Code.PROXY: "the way through the proxy {proxy} failed; check the endpoint's `proxy` and `proxy_login`",
}
_NO_HTTP = (aiohttp.ClientResponseError, ContentEncodingError)  # in the head; in a body that is not coded as it says
_NOT_IN_DATE = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED (OpenSSL's x509_vfy.h)
_NOBODY_LISTENS = {errno.ECONNREFUSED, errno.ENOENT}  # ENOENT: the reader's socket is gone
_NO_NETWORK = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EHOSTDOWN}


def _advice(code: Code, proxy: str | None) -> str:
    return _ADVICE[code].format(proxy=proxy) if code is Code.PROXY else _ADVICE[code]


def _code(error: BaseException, now: float, has_route: bool, *, proxied: bool) -> Code:
    causes = list(_causes(error))
    if proxied and has_route and _is_of_proxy(causes):
        return Code.PROXY
    return _by_kind(causes, now, has_route) or _by_number(causes) or Code.CONNECTION_LOST


def _is_of_proxy(causes: list[BaseException]) -> bool:
    """Return whether the proxy failed, not the server behind it: only its own name is looked up on the board."""
    kinds = (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError, socket.gaierror)
    return any(isinstance(cause, kinds) for cause in causes)


def _by_kind(causes: list[BaseException], now: float, has_route: bool) -> Code | None:
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        dated = any(getattr(cause, "verify_code", None) in _NOT_IN_DATE for cause in causes)
        return Code.CLOCK_NOT_SET if dated and now < BUILT else Code.TLS
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return Code.DNS if has_route else Code.NO_NETWORK
        if isinstance(cause, aiohttp.InvalidURL):
            return Code.ADDRESS_WRONG
        if isinstance(cause, _NO_HTTP) or type(cause) is HttpProcessingError:  # its subclasses: bodies that end early
            return Code.GARBAGE
    return None


def _by_number(causes: list[BaseException]) -> Code | None:
    numbers = {number for cause in causes for number in _errnos(cause)}
    if numbers & _NOBODY_LISTENS:
        return Code.CONNECTION_REFUSED
    if numbers & _NO_NETWORK:
        return Code.NO_NETWORK
    if errno.ETIMEDOUT in numbers and isinstance(causes[0], aiohttp.ClientConnectorError):
        return Code.CONNECT_TIMEOUT
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception and all that it was made from, outermost first."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            inner = [getattr(cause, name, None) for name in ("os_error", "certificate_error")]
            waiting += [*inner, cause.__cause__, cause.__context__]


def _errnos(error: BaseException) -> Iterator[int]:
    if isinstance(error, OSError):
        if error.errno is not None:
            yield error.errno
        for number in re.findall(r"\[Errno (\d+)\]", str(error)):  # asyncio joins the failures of several addresses
            yield int(number)


def _reason(error: BaseException) -> str:
    """Return the innermost words that say more than that something failed, without bytes that they quote.

    aiohttp quotes what its parser stumbled over, which may be an answer.
    """
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"HTTP {error.status} {error.message}"
    for cause in _causes(error):
        for name in ("verify_message", "reason", "strerror"):
            words = getattr(cause, name, None)
            if isinstance(words, str) and words and not isinstance(cause, aiohttp.ClientError):
                return words
    return _QUOTED_BYTES.sub("", str(error)) or type(error).__name__


_QUOTED_BYTES = re.compile(r"""(\\n|\s)*(?<![A-Za-z])b['"].*""", re.DOTALL)
