"""A journal under load, to be killed: says what it is about to do and what has been done, a line each.

python under_load.py FOLDER; for each line on stdin, forks a process that goes on until it is killed, and says its pid.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path
from typing import NoReturn

from keeping import UTC, an_ask, an_end, config, keeping

from glassd.journal.queries import Query
from glassd.spending import Amounts, Spent
from glassd_drivers.contracts import Frame

SETTINGS = config({"size": "1MiB", "pictures": "1h"}, outbox={"asks": 1000, "size": "64MiB"})
PICTURE = Frame(b"\xff\xd8" * 10_000, "image/jpeg", 1280, 720, 0.0, "camera")


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def load(folder: Path, seed: int) -> NoReturn:
    draw = random.Random(seed)
    async with keeping(folder, SETTINGS) as kept:
        waiting = [one.item for one in (await kept.opened)[1]]
        say("begins")
        number = 0
        while True:
            number += 1
            ask = an_ask(number, prompt="问题" * draw.randrange(500), pictures=(PICTURE,))
            kept.journal.begun(ask, UTC + number)
            kept.journal.spend(Spent(1, Amounts(number), 1, Amounts(number)))
            match draw.randrange(8):
                case 0 | 1 | 2:
                    say("puts", ask.id)
                    item = await kept.journal.put(ask, UTC)
                    say("queued", item)
                    waiting.append(item)
                case 3 if waiting:
                    item = draw.choice(waiting)
                    say("takes", item)
                    await kept.journal.take(item)
                    say("sending", item)
                    if draw.random() < 0.3:
                        say("gives back", item)
                        await kept.journal.back(item)
                        say("waits", item)
                case 4 if waiting:
                    item = waiting.pop(draw.randrange(len(waiting)))
                    say("drops", item)
                    await kept.journal.drop((item,))
                    say("dropped", item)
                case 5:
                    kept.journal.new_wearer()
                    await kept.history.asks(Query(text="问题"))
            kept.journal.ended(*an_end(ask))
            kept.journal.skipped("every 5min", "busy", UTC)
            await asyncio.sleep(0)


def main() -> None:
    for seed in sys.stdin:
        if (pid := os.fork()) == 0:
            asyncio.run(load(Path(sys.argv[1]), int(seed)))
        say("pid", pid)
        os.waitpid(pid, 0)
        say("ended", pid)


if __name__ == "__main__":
    main()
