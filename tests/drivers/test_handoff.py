"""From one task to another: newest wins, nothing waits without a bound, and the end comes last."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.handoff import Handoff
from virtual import run


@given(st.lists(st.integers(), max_size=20), st.integers(1, 5))
def test_who_is_late_gets_the_newest_in_their_order_and_then_hears_of_the_end(items: list[int], depth: int) -> None:
    async def main() -> list[int]:
        way: Handoff[int] = Handoff(depth)
        for item in items:
            way.put(item)
        way.end(ConnectionError("gone"))
        way.end(ValueError("a later end"))
        got = [await way.get() for _ in items[-depth:]]
        for _ in range(2):
            with pytest.raises(ConnectionError):
                await way.get()
        return got

    assert run(main()) == items[-depth:]


def test_who_waits_is_woken_by_an_item_and_by_the_end() -> None:
    async def main() -> None:
        way: Handoff[str] = Handoff()
        asyncio.get_running_loop().call_later(1, way.put, "item")
        assert await way.get() == "item"
        asyncio.get_running_loop().call_later(1, way.end, ConnectionError("gone"))
        with pytest.raises(ConnectionError):
            await way.get()

    run(main())
