"""What is remembered of the endpoints from one ask to the next: which of them rest, and until when. Pure: no I/O.

A wearer whose cloud is down waits for it once. From then on it rests: asks go around it, to the next endpoint or to the
reader, and it keeps its place at the end, as the last hope. A rest ends by itself, and then the next ask tries the
endpoint in its own place again: one more failure and it rests for twice as long, one word of an answer and all is
forgotten. A rest that was about the way there ends sooner, as soon as a connection stands: so whoever warms up
connections tries the endpoints that rest as well. Where all of them rest, none does.

Only what the next ask would suffer from as well counts: a deadline that passed, a server that failed or set a time, a
key, a bill or a model that nobody has mended yet. A network that says at once that it is not there costs a
wearer nothing, and is tried by each ask, so that the first one after its return already gets its answer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from glassd.messages.codes import Code
from glassd.model.endpoints import jittered

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd.answer import Problem
    from glassd.model.endpoints import Target

REST_LIMIT_S: Final = 60.0
"""The longest rest of our own making."""
SAID_LIMIT_S: Final = 3600.0
"""The longest rest on a server's word (Retry-After): no header banishes an endpoint for days."""


class Health:
    """Which endpoints are worth asking first. It outlives the asks; it holds one record a server and model at most."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, jitter: Callable[[float], float] = jittered
    ) -> None:
        """Make ready, everything healthy. `clock` is monotonic seconds; `jitter` makes a rest out of a full one."""
        self._clock = clock
        self._jitter = jitter
        self._records: dict[_Key, _Record] = {}

    def order(self, found: list[Target]) -> list[Target]:
        """Return the same targets, those that rest behind those that do not; each group in the order it came in."""
        return sorted(found, key=lambda target: self.resting(target) is not None) if self._records else found

    def resting(self, target: Target) -> float | None:
        """Return for how many seconds it still rests; None where it does not."""
        now = self._clock()
        until = max((record.until for key in _keys(target) if (record := self._records.get(key))), default=now)
        return until - now if until > now else None

    def failed(self, target: Target, problem: Problem) -> None:
        """Take note that a request got no first delta, and why. What is about the ask itself never counts."""
        policy = _POLICIES.get(problem.code)
        if policy is None:
            return
        now = self._clock()
        record = self._records.setdefault(_key(target, problem.code), _Record(target.endpoint.url))
        record.code = problem.code
        record.failures += 1
        if problem.retry_after_s is not None:
            record.until = max(record.until, now + min(problem.retry_after_s, SAID_LIMIT_S))
        if record.failures >= policy.failures:
            if record.until <= now or not record.rest_s:  # asks that fail side by side do not double it
                record.rest_s = min(max(policy.rest_s, 2 * record.rest_s), REST_LIMIT_S)
            if problem.retry_after_s is None:
                record.until = max(record.until, now + self._jitter(record.rest_s))

    def succeeded(self, target: Target) -> None:
        """Take note that its first delta came: all that was held against it is forgotten."""
        for key in _keys(target):
            self._records.pop(key, None)

    def reachable(self, target: Target) -> None:
        """Take note that a new connection to it stands: a rest that was about the way is over."""
        server = _keys(target)[0]
        if (record := self._records.get(server)) and record.code in _THE_WAY:
            del self._records[server]

    def status(self) -> list[dict[str, Any]]:
        """Return what is held against whom, for an operator.

        Each is `endpoint` (its URL), `model` (None where it is about the whole server), `code` of the last failure,
        `failures` in a row, and `rests_s`, the seconds that are left of its rest, or None.
        """
        now = self._clock()
        return [
            {
                "endpoint": record.endpoint,
                "model": key[-1],
                "code": record.code,
                "failures": record.failures,
                "rests_s": round(record.until - now, 1) if record.until > now else None,
            }
            for key, record in self._records.items()
        ]


# -- what counts, and how much -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Policy:
    """How many failures in a row open a rest, and how long the first one is; each that follows is twice as long."""

    failures: int
    rest_s: float


_POLICIES: Final = {
    # What cost a wearer seconds is not tried again by the next press. A connection is seen to stand by warming it up
    # long before the rest is over; a model that thinks for too long may do so once.
    Code.CONNECT_TIMEOUT: _Policy(1, 30.0),
    Code.FIRST_TIMEOUT: _Policy(2, 30.0),
    Code.WHOLE_TIMEOUT: _Policy(2, 30.0),
    # It failed at once, so it cost nothing but a request: soon worth another.
    Code.SERVER_ERROR: _Policy(2, 5.0),
    Code.SERVER_BUSY: _Policy(2, 5.0),
    Code.RATE_LIMITED: _Policy(2, 5.0),
    # Nothing changes until somebody mends it.
    Code.KEY_WRONG: _Policy(1, REST_LIMIT_S),
    Code.QUOTA_SPENT: _Policy(1, REST_LIMIT_S),
    Code.MODEL_UNKNOWN: _Policy(1, REST_LIMIT_S),
    Code.ADDRESS_WRONG: _Policy(1, REST_LIMIT_S),
    Code.REDIRECTED: _Policy(1, REST_LIMIT_S),
}
_THE_WAY: Final = frozenset({Code.CONNECT_TIMEOUT})
_WHOLE_SERVER: Final = _THE_WAY | {Code.KEY_WRONG, Code.ADDRESS_WRONG, Code.REDIRECTED}
"""What holds for all models of a server; all else (a limit, a bill, a fault) may be one model's alone."""


@dataclass(slots=True)
class _Record:
    """What is held against one server, or one model of it."""

    endpoint: str
    code: Code = Code.INTERNAL
    failures: int = 0
    until: float = float("-inf")
    rest_s: float = 0.0
    """The last full rest: the next is twice as long."""


_Key = tuple[str, str | None, str | None, str | None]
"""A server (its URL, and the key and the proxy that it is called with: two accounts are two servers), and a model."""


def _keys(target: Target) -> tuple[_Key, _Key]:
    endpoint = target.endpoint
    server = (target.chat_url, endpoint.key, endpoint.proxy)
    return (*server, None), (*server, target.model)


def _key(target: Target, code: Code) -> _Key:
    server, model = _keys(target)
    return server if code in _WHOLE_SERVER else model
