"""Which endpoints can take an ask, and which of them is called next. Pure: no I/O, no clock.

Each endpoint is called once, in the order that it is given; then, if requests are left, those again that may do better
in a moment. Three requests at most, and none after the first delta.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from glassd.config.fields import READER_URL
from glassd.messages.codes import Code
from glassd.model.vendors import vendor_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from glassd.answer import Problem
    from glassd.ask import Ask
    from glassd.config.model import Endpoint

MAX_REQUESTS: Final = 3
"""The most requests for one ask: the first and two retries."""
RETRY_PAUSE_S: Final = 0.5
"""Before a server that failed is called again, at most; twice that before the next time."""
RETRY_AFTER_LIMIT_S: Final = 5.0
"""A Retry-After up to this is waited for, to the letter; after a longer one the server is not asked again for this ask,
for nobody waits that long for a few words."""

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


def jittered(full: float) -> float:
    """Return 50 to 100 % of a pause (seconds), so that boards which one fault set off do not come back together."""
    return full * random.uniform(0.5, 1.0)  # noqa: S311  nothing is kept secret by it


def targets(endpoints: Iterable[Endpoint], ask: Ask) -> list[Target]:
    """Return the endpoints that have a model for the ask's kind, in the config's order.

    Those that name the model which the ask wants come first, with that model where it can take the ask's pictures; the
    others keep theirs, as fall-back. So does the endpoint that the ask names. A name that no endpoint knows changes
    nothing. The reader cannot go on with an answer that another model began. An ask that is for one of them alone has
    that one.
    """
    found = []
    for number, endpoint in enumerate(endpoints):
        if ask.alone not in (None, number):
            continue
        if endpoint.url == READER_URL:
            if not ask.given:
                found.append(Target(endpoint, READER_MODEL, READER_CHAT_URL, "glassd", "the on-board reader"))
        elif model := _model(endpoint, ask):
            whose = endpoint.vendor or vendor_of(endpoint.url)
            found.append(Target(endpoint, model, chat_url(endpoint.url), whose, _server(endpoint.url)))
    return sorted(found, key=lambda target: _distance(target, ask)) if ask.model or ask.endpoint else found


@lru_cache
def chat_url(url: str) -> str:
    """Return the full chat/completions URL for a base URL or a full one.

    `https://host`, `https://host/v1`, `https://host/v1/` and `https://host/v1/chat/completions` are all the same.
    """
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if not path.endswith("/chat/completions"):
        path = f"{path or '/v1'}/chat/completions"
    return parts._replace(path=path).geturl()


@lru_cache
def _server(url: str) -> str:
    return urlsplit(url).netloc


class Plan:
    """The course of one ask over its targets."""

    def __init__(self, found: list[Target], jitter: Callable[[float], float] = jittered) -> None:
        """Begin. `found` are the targets in the order to call them in; `jitter` makes a pause out of a full one."""
        self._jitter = jitter
        self._requests = 0
        self._new = deque(found)
        self._at_once: Target | None = None
        self._later: list[tuple[Target, float]] = []

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
        if not self._later:
            return None
        soonest = min(self._later, key=lambda each: each[1])
        self._later.remove(soonest)
        return soonest

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
            pause = problem.retry_after_s
            if pause is None:
                pause = self._jitter(RETRY_PAUSE_S * 2 ** (self._requests - 1))
            if pause <= RETRY_AFTER_LIMIT_S:
                self._later.append((target, pause))

    def _next_new(self) -> Target:
        """Return the next in the config's order; the reader, the last resort, gets the last request in any case."""
        last = self._requests == MAX_REQUESTS
        target = next((each for each in self._new if each.is_reader and last), self._new[0])
        self._new.remove(target)
        return target


def _model(endpoint: Endpoint, ask: Ask) -> str | None:
    """Return the model of an endpoint for an ask, or None if it has none for its kind.

    An ask for a text model goes without the pictures of earlier turns, so it does not need one that sees.
    """
    earlier = ask.kind != "text" and any(turn.pictures for turn in ask.turns)
    if ask.pictures or earlier or (ask.model and ask.model == endpoint.vision):
        return endpoint.vision
    return endpoint.vision or endpoint.text if ask.kind == "vision" else endpoint.text or endpoint.vision


def _distance(target: Target, ask: Ask) -> tuple[int, bool]:
    """Return how far a target is from the wanted model and endpoint.

    Of the model: it is it, another one of a server that names it, a stranger.
    """
    other = bool(ask.endpoint) and target.endpoint.name != ask.endpoint
    if not ask.model or target.model == ask.model:
        return 0, other
    return (1 if target.endpoint.text == ask.model else 2), other


_NOBODY_DOES_BETTER = frozenset({Code.MODERATED, Code.PICTURE_BROKEN, Code.CANCELLED, Code.WHOLE_TIMEOUT})
# No deadline: it has cost the wearer's patience once. No dead network: half a second later it is as dead.
_SAME_SERVER_MAY = frozenset({Code.CONNECTION_LOST, Code.EMPTY, Code.SERVER_ERROR, Code.SERVER_BUSY, Code.RATE_LIMITED})
