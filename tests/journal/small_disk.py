"""A journal on a disk that gets full, or is read-only: run in a mount namespace of its own, on a tmpfs in a folder.

python small_disk.py FOLDER SCENARIO; says what came of it as one line of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from keeping import UTC, Kept, an_ask, an_end, config, is_whole, keeping, query

from glassd.journal import HistoryError, writer
from glassd.journal.queries import Query
from glassd.spending import Amounts, Spent
from glassd.waiting import OutboxError

SPENT = Spent(5, Amounts(1, 1, 900, 0.1), 6, Amounts(7, 7, 9000, 0.7))
SETTINGS = config(outbox={}, budgets={"day": {"asks": 10}})
FILLER = "filler"


def fill(folder: Path) -> None:
    """Leave no byte free."""
    with contextlib.suppress(OSError), (folder / FILLER).open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


async def begin(kept: Kept) -> None:
    await kept.opened
    kept.journal.spend(SPENT)
    for number in range(1, 21):
        kept.journal.begun(an_ask(number), UTC + number)
        kept.journal.ended(*an_end(an_ask(number)))
    await kept.journal.put(an_ask(21), UTC)
    await kept.journal.settled()


async def refused(kept: Kept, number: int) -> str:
    try:
        await kept.journal.put(an_ask(number, prompt="x" * 200_000), UTC)
    except OutboxError as error:
        return str(error)
    return ""


async def full(folder: Path) -> dict[str, Any]:
    async with keeping(folder, SETTINGS) as kept:
        await begin(kept)
        fill(folder)
        said = await refused(kept, 22)
        for number in range(30, 40):
            kept.journal.ended(*an_end(an_ask(number, prompt="y" * 20_000)))
        await kept.trouble(True)
        readable = len(await kept.history.asks(Query(limit=100)))
        try:
            await kept.history.forget("test", everybody=True)
            forgotten = ""
        except HistoryError as error:
            forgotten = str(error)
        (folder / FILLER).unlink()
        await kept.trouble(True, False)
        await kept.journal.settled()
        return {
            "said": said,
            "readable": readable,
            "forgotten": forgotten,
            "whole": is_whole(folder),
            "asks": [row[0] for row in query(folder, "SELECT id FROM asks ORDER BY number")],
            "waiting": query(folder, "SELECT count(*) FROM outbox")[0][0],
        }


async def starts_full(folder: Path) -> dict[str, Any]:
    async with keeping(folder, SETTINGS) as kept:
        await begin(kept)
    fill(folder)
    return await _in_trouble_from_the_start(folder, (folder / FILLER).unlink)


async def read_only(folder: Path) -> dict[str, Any]:
    async with keeping(folder, SETTINGS) as kept:
        await begin(kept)
    remount(folder, "ro")
    return await _in_trouble_from_the_start(folder, lambda: remount(folder, "rw"))


async def _in_trouble_from_the_start(folder: Path, mend: Any) -> dict[str, Any]:
    async with keeping(folder, SETTINGS) as kept:
        spent, waiting = await asyncio.wait_for(asyncio.shield(kept.opened), 20)
        kept.journal.ended(*an_end(an_ask(50)))
        said = await refused(kept, 51)
        await kept.trouble(True)
        readable = len(await kept.history.asks(Query(limit=100)))
        mend()
        await kept.trouble(True, False)
        await kept.journal.settled()
        return {
            "spent": spent == SPENT,
            "waited": len(waiting),
            "said": said,
            "readable": readable,
            "whole": is_whole(folder),
            "asks": [row[0] for row in query(folder, "SELECT id FROM asks ORDER BY number")],
        }


async def never_better(folder: Path) -> dict[str, Any]:
    """A disk on which there has never been room: nothing raises, the stop is in time."""
    fill(folder)
    async with keeping(folder, SETTINGS) as kept:
        spent, waiting = await kept.opened
        for number in range(3000):
            kept.journal.ended(*an_end(an_ask(number)))
        await kept.trouble(True)
        return {"spent": spent == Spent(), "waiting": len(waiting)}


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)


if __name__ == "__main__":
    scenario = {"full": full, "starts_full": starts_full, "read_only": read_only, "never_better": never_better}
    with patch.object(writer, "RETRY_S", 0.05):
        sys.stdout.write(json.dumps(asyncio.run(scenario[sys.argv[2]](Path(sys.argv[1])))))
