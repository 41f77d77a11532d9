"""Which endpoints can take an ask, and which of them is called next. Pure: no I/O, no clock.

Each endpoint is called once, in the order of the config; then, if requests are left, those again that may do better in
a moment. Three requests at most, and none after the first delta.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from glassd.config.schema import READER_URL
from glassd.messages.codes import Code
from glassd.model.vendors import vendor_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glassd.answer import Problem
    from glassd.ask import Ask
    from glassd.config.schema import Endpoint

MAX_REQUESTS: Final = 3
"""The most requests for one ask: the first and two retries."""
RETRY_PAUSE_S: Final = 0.5
"""Before a server that failed is called again; twice that before the next time."""
RETRY_AFTER_LIMIT_S: Final = 5.0
"""A Retry-After up to this is waited for; a longer one ends the ask, for nobody waits that long for a few words."""

READER_MODEL: Final = "glassd-reader"
READER_CHAT_URL: Final = "http://reader/v1/chat/completions"
"""The reader's server listens on a unix socket; the host is a name only."""


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint as one ask sees it."""

    endpoint: Endpoint
    model: str
    chat_url: str
    vendor: str
    where: str
    """The server in an operator's words: host and port."""

    @property
    def is_reader(self) -> bool:
        """Whether this is the on-board model."""
        return self.endpoint.url == READER_URL


def targets(endpoints: Iterable[Endpoint], ask: Ask) -> list[Target]:
    """Return the endpoints that have a model for the ask's kind, in the config's order."""
    with_pictures = bool(ask.pictures) or any(turn.pictures for turn in ask.turns)
    found = []
    for endpoint in endpoints:
        if endpoint.url == READER_URL:
            found.append(Target(endpoint, READER_MODEL, READER_CHAT_URL, "glassd", "the on-board reader"))
        elif model := endpoint.vision if with_pictures else endpoint.text or endpoint.vision:
            whose = endpoint.vendor or vendor_of(endpoint.url)
            found.append(Target(endpoint, model, chat_url(endpoint.url), whose, urlsplit(endpoint.url).netloc))
    return found


def chat_url(url: str) -> str:
    """Return the full chat/completions URL for a base URL or a full one.

    `https://host`, `https://host/v1`, `https://host/v1/` and `https://host/v1/chat/completions` are all the same.
    """
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if not path.endswith("/chat/completions"):
        path = f"{path or '/v1'}/chat/completions"
    return parts._replace(path=path).geturl()


class Plan:
    """The course of one ask over its targets."""

    def __init__(self, found: list[Target]) -> None:
        self._requests = 0
        self._new = deque(found)
        self._at_once: Target | None = None
        self._later: deque[tuple[Target, float]] = deque()

    def next(self) -> tuple[Target, float] | None:
        """Return the next target and the seconds to wait before it is called; None when it is over."""
        if self._requests == MAX_REQUESTS:
            return None
        self._requests += 1
        if self._at_once is not None:
            target, self._at_once = self._at_once, None
            return target, 0.0
        if self._new:
            return self._next_new(), 0.0
        return self._later.popleft() if self._later else None

    def again(self, target: Target) -> None:
        """Call this one again at once: what failed was not the server (a kept connection that had gone stale)."""
        self._at_once = target

    def not_called(self) -> None:
        """Take note that the last target could not be called at all: it costs none of the requests."""
        self._requests -= 1

    def failed(self, target: Target, problem: Problem) -> None:
        """Take note that a request failed before its first delta."""
        if problem.code in _NOBODY_DOES_BETTER:
            self._new.clear()
            self._later.clear()
        elif problem.code in _SAME_SERVER_MAY:
            usual = RETRY_PAUSE_S * 2 ** (self._requests - 1)
            pause = usual if problem.retry_after_s is None else problem.retry_after_s
            if pause <= RETRY_AFTER_LIMIT_S:
                self._later.append((target, pause))

    def _next_new(self) -> Target:
        """Return the next in the config's order; the reader, the last resort, gets the last request in any case."""
        last = self._requests == MAX_REQUESTS
        target = next((each for each in self._new if each.is_reader and last), self._new[0])
        self._new.remove(target)
        return target


_NOBODY_DOES_BETTER = frozenset({Code.MODERATED, Code.PICTURE_BROKEN, Code.CANCELLED, Code.WHOLE_TIMEOUT})
# No deadline: it has cost the wearer's patience once. No dead network: half a second later it is as dead.
_SAME_SERVER_MAY = frozenset({Code.CONNECTION_LOST, Code.EMPTY, Code.SERVER_ERROR, Code.SERVER_BUSY, Code.RATE_LIMITED})
