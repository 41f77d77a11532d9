"""Journals of real files for tests, and the asks that they keep."""

from __future__ import annotations

import asyncio
import base64
import sqlite3
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any

from glassd.answer import Outcome, OutcomeKind, Problem
from glassd.ask import Ask, Link, Origin, Turn
from glassd.config.schema import Config
from glassd.journal import FILE
from glassd.journal.journal import Journal
from glassd.record import AskRecord
from glassd.spending import Amounts, Spent
from glassd.wall import Wall
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from glassd.journal.history import History
    from glassd.messages import Code
    from glassd.waiting import Waiting

UTC = 1_790_000_000.0
"""2026-09-21 14:13:20 UTC, at the instant 0."""
RIGHT = Wall(UTC, 0.0, known=True)
KEY = base64.b64encode(bytes(range(32))).decode()
LIMIT_S = 20.0
"""Real seconds that a test waits for what must come."""
DAY_S = 86400.0


def config(journal: dict[str, Any] | None = None, **sections: Any) -> Config:
    """Return a config with these sections."""
    model = {"endpoints": [{"url": "reader"}]}
    return Config.model_validate({"model": model, "journal": {"keep": "text", **(journal or {})}, **sections})


class Kept:
    """A journal as the daemon has it, and what it told the daemon."""

    def __init__(self, folder: Path, config: Config, wall: Wall, find_key: Callable[[str], str]) -> None:
        self.wall = wall
        self.now = 0.0
        self.opened: asyncio.Future[tuple[Spent, list[Waiting]]] = asyncio.get_running_loop().create_future()
        self.troubles: list[bool] = []
        self.changed = asyncio.Event()
        self.journal = Journal(
            folder,
            config,
            clock=lambda: self.now,
            wall=lambda: self.wall,
            find_key=find_key,
            on_open=lambda spent, waiting: self.opened.set_result((spent, waiting)),
            on_trouble=self._trouble,
        )

    def _trouble(self, on: bool) -> None:
        self.troubles.append(on)
        self.changed.set()

    @property
    def history(self) -> History:
        assert self.journal.history is not None, "it is open"
        return self.journal.history

    async def trouble(self, *told: bool) -> None:
        """Wait until exactly these changes have been told."""
        async with asyncio.timeout(LIMIT_S):
            while len(self.troubles) < len(told):
                self.changed.clear()
                await self.changed.wait()
        assert self.troubles == list(told)


@asynccontextmanager
async def keeping(
    folder: Path,
    settings: Config | None = None,
    *,
    wall: Wall = RIGHT,
    find_key: Callable[[str], str] = lambda _name: KEY,
) -> AsyncIterator[Kept]:
    """Yield an open journal; close it at the end."""
    kept = Kept(folder, settings or config(), wall, find_key)
    await kept.journal.open()
    try:
        yield kept
    finally:
        await kept.journal.close()


def an_ask(number: int = 1, **fields: Any) -> Ask:
    return Ask(
        **{
            "id": f"press-{number}",
            "prompt": f"问题 {number}",
            "origin": Origin.BUTTON,
            "instant": float(number),
            "trigger": "main press",
            **fields,
        }
    )


def rich_ask() -> Ask:
    """Return an ask in which no field is as it is by default."""
    jpeg = Frame(b"\xff\xd8" + bytes(range(256)) * 8, "image/jpeg", 1280, 720, 4.5, "camera")
    raw = Frame(b"\x80" * 64, "raw/grey", 8, 8, 4.25, "camera")
    earlier = (Turn("user", "前の質問", (jpeg, Link("https://example.org/a.png"))), Turn("assistant", "答え"))
    return Ask(
        id="press-7",
        prompt="这是什么?\n\x00\U0001f576",
        origin=Origin.SCENE,
        instant=5.5,
        pictures=(jpeg, raw, Link("http://example.org/b.jpg")),
        instructions="一两句话",
        turns=earlier,
        detail="text",
        model="qwen-vl-plus",
        options={"temperature": 0.5, "stop": ["。", None], "logit_bias": {"50256": -100}, "n": 2**53},
        given="一只",
        resumes="press-6",
        endpoint="cloud",
        kind="vision",
        trigger="scene change",
    )


def an_end(ask: Ask, text: str = "一只猫。", code: Code | None = None, **fields: Any) -> tuple[AskRecord, Ask, Outcome]:
    """Return what the runner tells of an ask that has ended."""
    kind = OutcomeKind.FINISHED if code is None else OutcomeKind.FAILED
    problem = None if code is None else Problem(code, "what the server said, word for word")
    usage = fields.pop("usage", {"prompt_tokens": 900, "completion_tokens": 20})
    times = {"frame": 0.04, "sent": 0.3, "first_delta": 1.25, "done": 2.5}
    cost = Amounts(1, 1, 920, 0.0023)
    record = AskRecord(ask.id, ask.origin, kind, problem, "https://a.example/v1", -0.03, times, ask.resumes, cost)
    return record, ask, Outcome(kind, text, usage=usage, problem=problem, endpoint="https://a.example/v1")


def query(folder: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return what SQLite itself reads in a journal."""
    with closing(sqlite3.connect(folder / FILE)) as connection:
        return connection.execute(sql, values).fetchall()


def is_whole(folder: Path) -> bool:
    return query(folder, "PRAGMA integrity_check") == [("ok",)]


def all_bytes(folder: Path) -> bytes:
    """Return all that stands in the journal's files."""
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


def change(folder: Path, script: str) -> None:
    """Change a journal as somebody else would, with SQLite."""
    with closing(sqlite3.connect(folder / FILE)) as connection:
        connection.executescript(script)
