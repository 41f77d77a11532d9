"""SIGKILL at random instants under load: the file stays whole, what was acknowledged is there, nothing goes twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from keeping import is_whole, keeping, query
from running import Lines
from under_load import SETTINGS

from paths import TREE

KILLS = 1000 if os.environ.get("SOAK") == "full" else 50
LONGEST_S = 0.12
"""How long a process goes on at most before it is killed: tens of transactions, and some are killed while they open."""


class Told:
    """What the outbox must hold, as far as a process could say before it was killed."""

    def __init__(self) -> None:
        self.there: dict[int, str] = {}
        self.perhaps: dict[int, str] = {}  # what it was about to do with it when it died

    def read(self, line: str) -> None:
        *words, last = line.split()
        item = int(last) if last.isdecimal() else 0
        match words:
            case ["queued"]:
                self.there[item] = "queued"
            case ["takes"] | ["gives", "back"] | ["drops"]:
                self.perhaps = {item: words[0]}
            case ["sending"]:
                self.there[item] = "sending"
                self.perhaps = {}
            case ["waits"]:
                self.there[item] = "queued"
                self.perhaps = {}
            case ["dropped"]:
                del self.there[item]
                self.perhaps = {}

    def check(self, found: dict[int, str]) -> None:
        """Compare with what is there; an operation that had begun was either done, or not."""
        for item, state in self.there.items():
            allowed = {state}
            match self.perhaps.get(item):
                case "takes":
                    allowed.add("sending")
                case "gives":
                    allowed.add("queued")
                case "drops":
                    allowed.add("gone")
            assert found.get(item, "gone") in allowed, f"item {item} was {allowed}, and is {found.get(item)}"
        new = set(found) - set(self.there)
        assert len(new) <= 1, "at most the one that was being put may be there without a word of it"
        assert all(found[item] == "queued" for item in new)
        self.there, self.perhaps = dict(found), {}


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_whatever_is_killed_in_the_middle_of_it_is_whole(tmp_path: Path) -> None:
    draw = random.Random(7)
    path = os.pathsep.join(str(TREE / part) for part in ("tests", "tests/journal", "daemon", "drivers"))
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("under_load.py")), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    told, acknowledged = Told(), 0
    with closing(process.stdout), process.stdin:
        lines = Lines(process.stdout)
        for seed in range(KILLS):
            seen = len(lines.all)
            process.stdin.write(f"{seed}\n")
            process.stdin.flush()
            pid = int(lines.until("pid").split()[1])
            time.sleep(draw.uniform(0, LONGEST_S))  # the instant is what is tried out
            os.kill(pid, signal.SIGKILL)
            lines.until(f"ended {pid}")
            for line in lines.all[seen:]:
                told.read(line)
                acknowledged += line.startswith("queued")
            asyncio.run(check(tmp_path, told))
        process.stdin.close()
        process.wait(20)
    assert acknowledged > KILLS, "it was under load"


async def check(folder: Path, told: Told) -> None:
    async with keeping(folder, SETTINGS) as kept:
        _, waiting = await kept.opened
        told.check({one.item: "sending" if one.perhaps_sent else "queued" for one in waiting})
        if waiting:
            assert (await kept.journal.take(waiting[0].item)).prompt is not None, "it opens, whole"
            await kept.journal.back(waiting[0].item)
            told.there[waiting[0].item] = "queued"
        if len(waiting) > 100:
            await kept.journal.drop([one.item for one in waiting[50:]])
            for one in waiting[50:]:
                del told.there[one.item]
    assert is_whole(folder)
    if query(folder, "PRAGMA user_version") != [(0,)]:  # it was not killed before it had made a table
        assert query(folder, "SELECT count(*) FROM asks WHERE outcome IS NULL") == [(0,)]
