"""The journal: how long a large one takes to open and to list, beside a small one."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from measure import Ratio, by_turns

from glassd.config.schema import Config
from glassd.journal import FILE
from glassd.journal.journal import Journal
from glassd.journal.layout import open_file
from glassd.journal.queries import Query
from glassd.wall import Wall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MANY = 1_000_000
FEW = 1000
ROUNDS = 15
OPEN_GOAL_MS = 200.0
LIST_GOAL_MS = 100.0
CONFIG = Config.model_validate(
    {"model": {"endpoints": [{"url": "reader"}]}, "journal": {"keep": "text", "size": "64GiB"}}
)


def journal_of_a_million() -> Iterator[Ratio]:
    """Wall time, file in memory: to open it and read the ledger; to list the newest 20, and those that failed."""
    with tempfile.TemporaryDirectory() as folder:
        many, few = Path(folder, "many"), Path(folder, "few")
        _fill(many, MANY)
        _fill(few, FEW)
        for name, goal, measure in (
            ("to open", OPEN_GOAL_MS, _opened),
            ("to list 20 of", LIST_GOAL_MS, _listed(Query())),
            ("to list 20 that failed of", LIST_GOAL_MS, _listed(Query(failed=True))),
        ):
            with_many, with_few = by_turns(ROUNDS, lambda do=measure: do(many), lambda do=measure: do(few))  # type: ignore[misc]  # a lambda's default has no type
            yield Ratio(f"journal: {name} a million asks beside 1,000", with_many, with_few, "ms", must=3.0, goal=goal)


def _fill(folder: Path, count: int) -> None:
    """Keep so many asks of two wearers, one in fifty failed, as SQLite can fastest."""
    with closing(open_file(folder / FILE)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        connection.execute(
            """
            WITH RECURSIVE asks_to_be (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM asks_to_be WHERE n < ?)
            INSERT INTO asks (id, wearer, utc, instant, origin, trigger, resumes, outcome, endpoint, times, tokens_in,
                tokens_out, prompt, answer)
            SELECT 'press-' || n, n % 2 + 1, 1790000000 + n, n, 'button', 'main press', '',
                CASE n % 50 WHEN 0 THEN 'failed' ELSE 'finished' END, 'https://a.example/v1',
                '{"frame":0.04,"sent":0.31,"first_delta":1.2,"done":2.6}', 900, 20, '这是什么?', '一只猫,坐在窗台上。'
            FROM asks_to_be
            """,
            (count,),
        )
        connection.execute("COMMIT")


def _journal(folder: Path) -> Journal:
    return Journal(
        folder,
        CONFIG,
        clock=time.monotonic,
        wall=Wall,
        find_key=str,
        on_open=lambda _spent, _waiting: None,
        on_trouble=lambda _on: None,
    )


def _opened(folder: Path) -> float:
    """Return the milliseconds that it takes to open a journal; it is closed outside of them."""

    async def run() -> float:
        journal = _journal(folder)
        before = time.perf_counter()
        await journal.open()
        took = time.perf_counter() - before
        await journal.close()
        return took * 1000

    return asyncio.run(run())


def _listed(query: Query) -> Callable[[Path], float]:
    async def run(folder: Path) -> float:
        journal = _journal(folder)
        await journal.open()
        assert journal.history is not None, "it is open"
        before = time.perf_counter()
        asks = await journal.history.asks(query)
        took = time.perf_counter() - before
        await journal.close()
        assert len(asks) == query.limit, "there are more of them than one list holds"
        return took * 1000

    def listed(folder: Path) -> float:
        return asyncio.run(run(folder))

    return listed
