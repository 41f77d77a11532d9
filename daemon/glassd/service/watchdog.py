"""systemd's watchdog (sd_watchdog_enabled(3)): it hears from the daemon for as long as each essential part turns.

A ping that only says that the process is there is worth little. So each is sent by the event loop, and only after
every essential part has given a proof: it has done something small in the way in which it does everything. A part that
gives none within its time, or an event loop that stands still, means no ping; after WatchdogSec= systemd ends the
process, whose stacks go to the journal, and starts it anew. No proof waits for a device, a network or a driver's
thread: what is absent or stuck there is reported, and is no reason to start again.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Final, NoReturn

from glassd.service.notify import notify

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    Proof = Callable[[], Awaitable[None]]
    """Returns where its part turns, raises where it does not; it may also hang, which tells as much."""

log = logging.getLogger(__name__)

PINGS: Final = 3
"""How many pings fit into the time after which systemd gives up: one may be late, or one proof slow."""
PIECE_BYTES: Final = 64 * 1024


class StandstillError(Exception):
    """An essential part stands still. The text says what it does not do."""


def patience_s() -> float | None:
    """Return after how many seconds without a ping systemd gives this process up; None where it does not watch it."""
    microseconds, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    if pid and pid != str(os.getpid()):
        return None  # another process of the service is meant
    return int(microseconds) / 1e6


async def keep_telling(proofs: Mapping[str, Proof], patience_s: float) -> NoReturn:
    """Ping systemd for as long as every part gives its proof; `proofs` have the parts' names."""
    period_s = patience_s / PINGS
    troubled = ""
    while True:
        trouble = await _trouble(proofs, period_s)
        if not trouble:
            notify("WATCHDOG=1")
        if trouble and not troubled:
            log.error("watchdog: %s; if this lasts for %g s, systemd starts glassd anew", trouble, patience_s)
        elif troubled and not trouble:
            log.info("watchdog: all parts turn again")
        troubled = trouble
        await asyncio.sleep(period_s)


async def _trouble(proofs: Mapping[str, Proof], limit_s: float) -> str:
    """Return which part stands still, empty where all turn."""
    part = ""
    try:
        async with asyncio.timeout(limit_s):
            for part, prove in proofs.items():  # noqa: B007  a time-out names it
                await prove()
    except TimeoutError:
        return f"{part} gave no sign of life in {limit_s:g} s"
    except Exception as error:  # noqa: BLE001  whatever it is, this part does not do what it is there for
        return f"{part} stands still ({error or type(error).__name__})"
    return ""


def unstuck(stuck: Callable[[], str]) -> Proof:
    """Return the proof of a part that can be asked what of it is stuck, and answers at once."""

    async def prove() -> None:
        if said := stuck():
            raise StandstillError(said)

    return prove


def api_answers(socket: Path) -> Proof:
    """Return the proof of the API: it answers, as any of its callers would see it."""

    async def prove() -> None:
        reader, writer = await asyncio.open_unix_connection(socket)
        try:
            writer.write(b"GET /api/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            if b" 200 " not in (line := await reader.readline()):
                raise StandstillError(f"it answered {line[:40]!r}")
            while await reader.read(PIECE_BYTES):  # to its end, so that the server has no error to tell of
                pass
        finally:
            writer.close()

    return prove
