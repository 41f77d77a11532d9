"""Modules that can wait until the daemon is ready, loaded on a thread so that the event loop goes on meanwhile.

HTTP above all: aiohttp takes as long to load as all else together, and the first who needs it is an ask under way or a
caller whose request has come. Both wait for it no longer than they would have waited for READY. Then what lays text out
and what makes pictures smaller, which no screen and no frame needs before an answer.
"""

from __future__ import annotations

import asyncio
import threading
from importlib import import_module
from typing import Final

LOAD_LIMIT_S: Final = 60.0
"""How long a module may take to load, on the slowest card of a board: after that, something is broken."""


async def loaded(module: str) -> None:
    """Return once the module is loaded, for the import statement that follows; raise what its import raises."""
    if module in _there:
        return
    async with asyncio.timeout(LOAD_LIMIT_S):
        await asyncio.to_thread(_load, module)


_one_at_a_time = threading.Lock()
"""Packages whose modules import each other in a circle, as aiohttp's do, are not made for two threads at once."""

_there: set[str] = set()
"""What has been loaded whole: a module that is being loaded is in sys.modules already."""


def _load(module: str) -> None:
    with _one_at_a_time:
        import_module(module)
    _there.add(module)
