"""Every way we know in which a model server, or the way to it, can fail: what it does, and how an ask of it must end.

`python tests/tools/fault_table.py` meets each of them with the real client and prints what came of it as a table.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from asking import ask, client, gather, model
from fault_server import (
    ANSWER,
    HOST,
    LAST_CHUNK,
    STREAM,
    WORDS,
    At,
    Certificate,
    Certificates,
    FaultServer,
    Script,
    answers,
    chunk,
    delta,
    drips,
    floods,
    reads_some_and,
    refuses,
    sends,
    well,
)

from glassd.answer import Outcome, OutcomeKind
from glassd.messages import LANGUAGES, lines
from glassd.messages.codes import Code
from glassd_drivers.contracts import Frame
from virtual import run

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_800_000_000.0
"""UTC seconds since 1970 at the start of each meeting, where the board's clock is set."""
NOWHERE = "no-such-host.invalid"
BIG = Frame(b"\xff\xd8" + bytes(8 * 1024 * 1024) + b"\xff\xd9", "image/jpeg", 640, 480, 0.0, "camera")
"""More than two sockets' buffers hold, so that its upload has a middle."""


@dataclass(frozen=True)
class Fault:
    """One fault, and what is right to make of it.

    `code` is None where the answer is whole all the same. `requests` are those that reach a server which is the only
    endpoint; with a good one behind it, the answer comes from there unless `ends` says that the ask is over.
    """

    name: str
    script: Script
    code: Code | None
    requests: int = 1
    retryable: bool = False
    kind: OutcomeKind = OutcomeKind.FAILED
    ends: bool = False
    text: str = ""
    takes: float | None = None
    """Seconds until the outcome of the only endpoint, where it is the fault that decides them."""
    at: At = "request"
    listens: bool = True
    certificate: Certificate | None = None
    host: str = HOST
    proxy: bool = False
    """Whether it is the proxy on the way that has the fault."""
    clock_set: bool = True
    big: bool = False
    vendor: str = ""
    real_time: bool = False
    """For what never pauses, or takes a thread: there is no idle moment in which a virtual clock could move."""
    deadlines: dict[str, float] = field(default_factory=dict)


def the_way() -> list[Fault]:
    """Return the faults of the way to the server."""
    none, plain = sends(), b"HTTP/1.1 400 Bad Request\r\n\r\n"
    return [
        Fault("connection refused", none, Code.CONNECTION_REFUSED, 0, True, listens=False),
        Fault("name unknown", none, Code.DNS, 0, True, host=NOWHERE, real_time=True),
        Fault(
            "TCP stands, TLS never does",
            sends(then="stall"),
            Code.CONNECT_TIMEOUT,
            0,
            True,
            certificate="none",
            at="connection",
        ),
        Fault("TLS: the port speaks none", sends(plain), Code.TLS, 0, certificate="none", at="connection"),
        Fault("TLS: wrong name", well, Code.TLS, 0, certificate="wrong name"),
        Fault("TLS: unknown authority", well, Code.TLS, 0, certificate="stranger"),
        Fault("TLS: expired certificate", well, Code.TLS, 0, certificate="expired"),
        Fault("TLS: the board's clock not set", well, Code.CLOCK_NOT_SET, 0, certificate="expired", clock_set=False),
        Fault("proxy refused", none, Code.PROXY, 0, proxy=True, listens=False),
        Fault("proxy wants a login (407)", refuses(407), Code.PROXY, 1, proxy=True),
        Fault("portal: 302 to another host", answers(302, Location="http://login.hotel.example/"), Code.PORTAL),
        Fault("portal: 200 with a web page", answers(200, b"<html>Welcome</html>", "text/html"), Code.PORTAL),
        Fault("portal: 511", answers(511, b"<html>Log in</html>", "text/html"), Code.PORTAL),
        Fault("redirect to the same host", answers(308, Location="/v2/chat/completions"), Code.REDIRECTED),
    ]


def what_it_says() -> list[Fault]:
    """Return the faults that a server tells in words."""
    date = formatdate(NOW + 2, usegmt=True)
    moderated = "litellm.APIError: DashscopeException - Input data may contain inappropriate content."
    page = b"<html><h1>502 Bad Gateway</h1></html>"
    limited, busy, broken = Code.RATE_LIMITED, Code.SERVER_BUSY, Code.SERVER_ERROR
    return [
        Fault("401", refuses(401), Code.KEY_WRONG),
        Fault("402", refuses(402), Code.QUOTA_SPENT),
        Fault("403", refuses(403), Code.KEY_WRONG),
        Fault("404", refuses(404), Code.ADDRESS_WRONG),
        Fault("404: model", refuses(404, "The model `x` does not exist", "model_not_found"), Code.MODEL_UNKNOWN),
        Fault("413", refuses(413), Code.REQUEST_TOO_BIG),
        Fault("413 before the upload's end", reads_some_and(refuses(413)), Code.REQUEST_TOO_BIG, at="head", big=True),
        Fault("422", refuses(422), Code.REQUEST_INVALID),
        Fault("429", refuses(429), limited, 3, True, takes=1.5),
        Fault("429, Retry-After: 2", refuses(429, Retry_After="2"), limited, 3, True, takes=4.0),
        Fault("429, Retry-After: a date", refuses(429, Retry_After=date), limited, 3, True, takes=2.0),
        Fault("429, retry-after-ms: 1500", refuses(429, retry_after_ms="1500"), limited, 3, True, takes=3.0),
        Fault("429, Retry-After: 60", refuses(429, Retry_After="60"), limited, 1, True, takes=0.0),
        Fault("429: the bill", refuses(429, "quota", "insufficient_quota"), Code.QUOTA_SPENT),
        Fault(
            "429: DashScope's insufficient_quota",
            refuses(429, "quota", "insufficient_quota"),
            limited,
            3,
            True,
            vendor="dashscope",
        ),
        Fault("500", refuses(500), broken, 3, True),
        Fault(
            "500: moderation behind LiteLLM",
            refuses(500, moderated, "500"),
            Code.MODERATED,
            kind=OutcomeKind.REFUSED,
            ends=True,
        ),
        Fault("502 with a web page", answers(502, page, "text/html"), broken, 3, True),
        Fault("503", refuses(503), busy, 3, True),
        Fault("529", refuses(529), busy, 3, True),
        Fault("500 whose body has no end", floods(_head(500), chunk(b"x" * 65536)), broken, 3, True, real_time=True),
        Fault(
            "an error object in a 200",
            sends(STREAM, chunk(b'data: {"error":{"message":"x","code":"500"}}\n\n'), LAST_CHUNK),
            broken,
            3,
            True,
        ),
    ]


def stalls_and_breaks() -> list[Fault]:
    """Return the faults of the connection while the answer is waited for."""
    first, lost = Code.FIRST_TIMEOUT, Code.CONNECTION_LOST
    begun: dict[str, Any] = {"kind": OutcomeKind.CUT_OFF, "ends": True, "text": WORDS}
    quick: dict[str, Any] = {"deadlines": {"first": 0.3}, "real_time": True}
    words = chunk(delta(WORDS))
    cut = reads_some_and(sends(then="reset"))
    return [
        Fault("stall before the head", sends(then="stall"), first, 1, True, takes=8.0),
        Fault("stall after the head", sends(STREAM, then="stall"), first, 1, True, takes=8.0),
        Fault("stall after the first delta", sends(STREAM, words, then="stall"), Code.GAP_TIMEOUT, 1, True, **begun),
        Fault("a byte a second, the head", drips(b"", STREAM), first, 1, True, takes=8.0),
        Fault("a byte a second, the answer", drips(STREAM, chunk(ANSWER)), first, 1, True, takes=8.0),
        Fault(
            "a byte a second after the first delta",
            drips(STREAM + words, words * 2),
            Code.GAP_TIMEOUT,
            1,
            True,
            takes=5.0,
            **begun,
        ),
        Fault("stall in the upload", sends(then="hang"), lost, 3, True, at="head", big=True, **quick),
        Fault("reset in the upload", cut, lost, 3, True, at="head", big=True),
        Fault("reset before the head", sends(then="reset"), lost, 3, True),
        Fault("closed before the head", sends(then="close"), lost, 3, True),
        Fault("reset after the head", sends(STREAM, then="reset"), lost, 3, True),
        Fault("closed after the head", sends(STREAM, then="close"), lost, 3, True),
        Fault("reset after the first delta", sends(STREAM, words, then="reset"), lost, 1, True, **begun),
        Fault("closed after the first delta", sends(STREAM, words, then="close"), lost, 1, True, **begun),
    ]


def odd_bytes() -> list[Fault]:
    """Return the faults of what a server sends in place of an answer."""
    begun: dict[str, Any] = {"kind": OutcomeKind.CUT_OFF, "ends": True}
    quick: dict[str, Any] = {"deadlines": {"first": 0.3}, "real_time": True}
    sse = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    words, long = delta(WORDS), b": comment\n\n" * 1000
    gzipped = sse + b"Content-Encoding: gzip\r\n"
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(100)) + packer.flush()
    garbage, too_long = Code.GARBAGE, Code.ANSWER_TOO_LONG
    return [
        Fault("no HTTP", sends(b"SSH-2.0-OpenSSH_9.6\r\n", then="stall"), garbage, 0, True, at="connection"),
        Fault("200 with other text", answers(200, b"hello", "text/plain"), garbage, 1, True),
        Fault("chunks that are none", sends(STREAM, b"zz\r\n", then="close"), garbage, 1, True),
        Fault("empty 200", answers(200), Code.EMPTY, 3, True),
        Fault("[DONE] alone", sends(STREAM, chunk(b"data: [DONE]\n\n"), LAST_CHUNK), Code.EMPTY, 3, True),
        Fault("endless comments", floods(STREAM, chunk(long)), Code.FIRST_TIMEOUT, 1, True, **quick),
        Fault(
            "an endless line", floods(STREAM + chunk(b"data: "), chunk(b"x" * 65536)), garbage, 1, True, real_time=True
        ),
        Fault("endless deltas", floods(STREAM, chunk(delta("猫" * 1000))), too_long, real_time=True, **begun),
        Fault("an endless header line", floods(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536), garbage, 1, True, **quick),
        Fault("endless header lines", floods(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 1000), garbage, 1, True, **quick),
        Fault(
            "endless 1xx", floods(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 100), Code.FIRST_TIMEOUT, 1, True, **quick
        ),
        Fault(
            "Content-Length too large, nothing said",
            sends(sse + b"Content-Length: 9999\r\n\r\n: hi\n\n", then="close"),
            Code.CONNECTION_LOST,
            3,
            True,
        ),
        Fault(
            "Content-Length too large, cut after words",
            sends(sse + b"Content-Length: 9999\r\n\r\n" + words, then="close"),
            Code.CONNECTION_LOST,
            1,
            True,
            text=WORDS,
            **begun,
        ),
        Fault(
            "Content-Length too small",
            sends(sse + b"Content-Length: %d\r\n\r\n" % len(words) + ANSWER, then="close"),
            Code.CUT_OFF,
            1,
            True,
            text=WORDS,
            **begun,
        ),
        Fault(
            "gzip, though none was asked for",
            sends(gzipped + b"Content-Length: %d\r\n\r\n" % len(gzip.compress(ANSWER)), gzip.compress(ANSWER)),
            None,
            kind=OutcomeKind.FINISHED,
            text=WORDS,
            ends=True,
        ),
        Fault("gzip of 100 MB", sends(gzipped + b"Connection: close\r\n\r\n", bomb, then="close"), garbage, 1, True),
        Fault("gzip that is none", sends(gzipped + b"Content-Length: 20\r\n\r\n", b"x" * 20), garbage, 1, True),
    ]


def _head(status: int) -> bytes:
    return b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n" % status


FAULTS = [*the_way(), *what_it_says(), *stalls_and_breaks(), *odd_bytes()]


# -- meeting one ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Meeting:
    """What came of one fault."""

    outcome: Outcome
    requests: int
    """How many reached the server with the fault."""
    seconds: float
    again: Outcome
    """The outcome of the next ask through the same client, once the fault is gone."""
    behind: Outcome
    """The outcome of an ask with a good endpoint behind the one with the fault."""
    behind_requests: int
    """How many reached that good one."""
    behind_again: Outcome


def meet(fault: Fault, certificates: Certificates) -> Meeting:
    """Ask a server with the fault, alone and with a good one behind it; each once more when the fault is gone."""
    going: Callable[[Any], _Asked] = asyncio.run if fault.real_time else run
    alone = going(_asked(fault, certificates, spare=False))
    both = going(_asked(fault, certificates, spare=True))
    return Meeting(
        alone.outcome, alone.requests, alone.seconds, alone.again, both.outcome, both.spare_requests, both.again
    )


@dataclass(frozen=True)
class _Asked:
    outcome: Outcome
    requests: int
    spare_requests: int
    seconds: float
    again: Outcome


async def _asked(fault: Fault, certificates: Certificates, *, spare: bool) -> _Asked:
    what = ask("这是什么", *[BIG] * fault.big)
    loop = asyncio.get_running_loop()
    start = loop.time()
    server = FaultServer(
        fault.script,
        at=fault.at,
        listens=fault.listens,
        certificate=fault.certificate,
        certificates=certificates,
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(server)
        good = await stack.enter_async_context(FaultServer())
        endpoint: dict[str, Any] = {"url": server.url(fault.host), "vision": "v", "vendor": fault.vendor or None}
        if fault.certificate is not None:
            endpoint["ca"] = certificates.path
        if fault.proxy:
            endpoint |= {"url": f"http://{NOWHERE}/v1", "proxy": f"http://{HOST}:{server.port}"}
        endpoints: list[dict[str, Any] | str] = [endpoint, *[good.url()] * spare]
        opened = await stack.enter_async_context(
            client(
                model(*endpoints, **fault.deadlines),
                wall_clock=lambda: NOW + loop.time() - start if fault.clock_set else 0.0,
                jitter=lambda pause: 0.0 if fault.real_time else pause,
            )
        )
        outcome = (await gather(opened, what))[-1]
        seconds, requests, spare_requests = loop.time() - start, server.requests, good.requests
        await server.mend()
        with ExitStack() as names:
            names.enter_context(patch.object(socket, "getaddrinfo", _knows_all_names))
            again = (await gather(opened, what))[-1]
        assert isinstance(outcome, Outcome)
        assert isinstance(again, Outcome)
        return _Asked(outcome, requests, spare_requests, seconds, again)


def _knows_all_names(_host: str, port: int, *_: object, **__: object) -> list[Any]:
    return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (HOST, port))]


# -- the table --------------------------------------------------------------------------------------------------------

HEADING = """\
| fault | outcome | code | 中文 | English | requests | next endpoint | next ask |
| --- | --- | --- | --- | --- | --- | --- | --- |"""


def row(fault: Fault, met: Meeting) -> str:
    """Return one line of the table."""
    outcome, problem = met.outcome, met.outcome.problem
    told = [
        "<br>".join(lines(problem.code, language, retry_after_s=problem.retry_after_s)) if problem else outcome.text
        for language in LANGUAGES
    ]
    cells = [
        fault.name,
        outcome.kind.replace("_", " "),
        f"`{problem.code}`" if problem else "–",
        *told,
        str(met.requests),
        "answers" if met.behind_requests else "not asked",
        "answered" if met.again.kind is OutcomeKind.FINISHED else met.again.kind,
    ]
    return f"| {' | '.join(cells)} |"
