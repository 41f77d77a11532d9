"""The wait for a file descriptor, with real pipes and files."""

from __future__ import annotations

import asyncio
import gc
import os
from typing import TYPE_CHECKING

import pytest

from glassd_drivers.contracts import TransientFault
from glassd_drivers.readiness import Readiness

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_always_ready_leaves_the_event_loop_its_turns(tmp_path: Path) -> None:
    async def main() -> None:
        with (tmp_path / "keys").open("w+b") as file:
            readiness = Readiness(file.fileno(), "keys")
            turns: list[int] = []
            asyncio.get_running_loop().call_soon(turns.append, 1)
            await readiness.wait()
            assert turns

    asyncio.run(main())


def test_closing_between_two_waits_is_nobodys_error() -> None:
    async def main() -> list[object]:
        unheard: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, problem: unheard.append(problem))
        fd = os.open(os.devnull, os.O_RDONLY)
        readiness = Readiness(fd, "keys")
        await readiness.wait()
        readiness.close()
        os.close(fd)
        with pytest.raises(TransientFault, match="keys: closed"):
            await readiness.wait()
        del readiness
        gc.collect()
        return unheard

    assert asyncio.run(main()) == []


def test_a_close_leaves_alone_whoever_gets_the_number_next() -> None:
    async def main() -> None:
        reading, writing = os.pipe()
        other_reading, other_writing = os.pipe()
        loop = asyncio.get_running_loop()
        readiness = Readiness(reading, "keys")
        waiting = asyncio.create_task(readiness.wait())
        begun = asyncio.Event()
        loop.call_soon(begun.set)
        await begun.wait()
        readiness.close()
        os.dup2(other_reading, reading)  # the number is free, and another file gets it
        heard = asyncio.Event()
        loop.add_reader(reading, heard.set)
        with pytest.raises(TransientFault, match="closed"):
            await waiting
        os.write(other_writing, b"x")
        async with asyncio.timeout(10):
            await heard.wait()
        loop.remove_reader(reading)
        for fd in (reading, writing, other_reading, other_writing):
            os.close(fd)

    asyncio.run(main())
