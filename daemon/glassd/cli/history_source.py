"""Where `glassd history` reads: at the running daemon or, where there is none, in its file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlencode

from glassd.cli.daemon_socket import (
    REPLY_LIMIT_BYTES,
    DaemonDownError,
    DaemonError,
    NotThereError,
    connect,
    request,
    request_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

LINE_LIMIT_BYTES = 16 * 1024 * 1024
"""How long one line of an export may be: a question and an answer."""


class Source(Protocol):
    """The history. `wanted`: limit, since, failed, text, all, as the API takes them."""

    def asks(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        """Return asks, newest first."""

    def ask(self, name: str, *, everybody: bool) -> dict[str, Any] | None:
        """Return one ask by its number or its id; None where there is none."""

    def pictures(self, ask: dict[str, Any], *, everybody: bool) -> Iterator[tuple[str, bytes]]:
        """Yield the pictures that are kept of an ask, each with its media type."""

    def export(self, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield asks whole, oldest first, once it is noted that they are exported."""

    def delete(self, numbers: Sequence[int], *, everybody: bool) -> int:
        """Delete asks; return how many there were."""

    def forget(self, *, everybody: bool) -> int:
        """Delete all asks; return how many there were."""

    def skips(self, *, everybody: bool) -> list[dict[str, Any]]:
        """Return how often triggers asked nothing, and why."""

    def audit(self) -> list[dict[str, Any]]:
        """Return what was exported and deleted."""


def source() -> Source:
    """Return the running daemon's history, else that of the file that it left; raise DaemonError, HistoryError."""
    from glassd.service.paths import state_to_read  # noqa: PLC0415  a light start

    try:
        connect().close()
    except DaemonDownError as error:
        from glassd.cli.history_disk import OnDisk  # noqa: PLC0415  SQLite comes with it
        from glassd.journal import FILE  # noqa: PLC0415  likewise

        path = state_to_read() / FILE
        if not _is_there(path):
            raise DaemonError(f"{error}; and it has left no journal at {path}") from error
        return OnDisk(path)
    return ThroughDaemon()


class ThroughDaemon:
    """The running daemon's, over its API."""

    def asks(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        """Return asks, newest first."""
        found: list[dict[str, Any]] = request_json("GET", f"/api/history?{_query(wanted)}")["asks"]
        return found

    def ask(self, name: str, *, everybody: bool) -> dict[str, Any] | None:
        """Return one ask by its number or its id; None where there is none."""
        try:
            found: dict[str, Any] = request_json(
                "GET", f"/api/history/{quote(name, safe='')}?{_query({'all': everybody})}"
            )
        except NotThereError:
            return None
        return found

    def pictures(self, ask: dict[str, Any], *, everybody: bool) -> Iterator[tuple[str, bytes]]:
        """Yield the pictures that are kept of an ask, each with its media type."""
        for place in range(1, ask["pictures"] + 1):
            path = f"/api/history/{ask['number']}/pictures/{place}?{_query({'all': everybody})}"
            with request("GET", path) as response:
                yield response.headers.get_content_type(), response.read(REPLY_LIMIT_BYTES)

    def export(self, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield asks whole, oldest first, once it is noted that they are exported."""
        with request("POST", "/api/history/export", wanted) as response:
            while line := response.readline(LINE_LIMIT_BYTES):
                yield json.loads(line)

    def delete(self, numbers: Sequence[int], *, everybody: bool) -> int:
        """Delete asks; return how many there were."""
        return int(request_json("POST", "/api/history/delete", {"asks": numbers, "all": everybody})["deleted"])

    def forget(self, *, everybody: bool) -> int:
        """Delete all asks; return how many there were."""
        return int(request_json("POST", "/api/history/forget", {"all": everybody})["deleted"])

    def skips(self, *, everybody: bool) -> list[dict[str, Any]]:
        """Return how often triggers asked nothing, and why."""
        found: list[dict[str, Any]] = request_json("GET", f"/api/history/skips?{_query({'all': everybody})}")["skips"]
        return found

    def audit(self) -> list[dict[str, Any]]:
        """Return what was exported and deleted."""
        found: list[dict[str, Any]] = request_json("GET", "/api/history/audit")["audit"]
        return found


def _query(wanted: dict[str, Any]) -> str:
    """Return what stands behind the `?`; what is not set is left out."""
    told = {name: str(value).lower() if isinstance(value, bool) else value for name, value in wanted.items()}
    return urlencode({name: value for name, value in told.items() if value not in (None, "", "false")})


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # opening it tells what stands in the way
