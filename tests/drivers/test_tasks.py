"""The tasks of one owner: what of them is told, and that they end with it."""

from __future__ import annotations

import asyncio

import pytest

from glassd_drivers.tasks import Tasks
from virtual import passes, run


def test_the_error_that_ends_a_task_is_told_and_its_end_by_its_owner_is_not() -> None:
    async def main() -> list[Exception]:
        told: list[Exception] = []
        tasks = Tasks("web", told.append)

        async def fails() -> None:
            raise ValueError("a bug")

        tasks.start(fails(), "page")
        tasks.start(passes(60.0), "door")
        await passes(1.0)
        await tasks.close(1.0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return told

    (error,) = run(main())
    assert str(error) == "a bug"


def test_a_task_that_will_not_end_is_waited_for_no_longer_than_was_said() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        tasks = Tasks("web", lambda _error: None)
        let_out = asyncio.Event()

        async def stays() -> None:
            while not let_out.is_set():
                try:
                    await let_out.wait()
                except asyncio.CancelledError:
                    continue

        tasks.start(stays(), "door")
        await passes(1.0)
        closing = loop.time()
        await tasks.close(0.8)
        took = loop.time() - closing
        let_out.set()
        await passes(0.1)
        return took

    assert run(main()) == pytest.approx(0.8)
