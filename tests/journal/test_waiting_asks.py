"""Asks that wait on disk for a network: whole, sealed, bounded, and none twice by itself."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeping import KEY, UTC, all_bytes, an_ask, change, config, keeping, query, rich_ask

from glassd.ask import Ask, Link, Origin, Turn
from glassd.config.keys import KeyMissingError
from glassd.journal.packing import UnreadableError, pack, unpack
from glassd.waiting import OutboxError, OutboxLostError, Waiting
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from pathlib import Path

WITH_OUTBOX = {"outbox": {"asks": 3, "size": "64KiB"}}
OTHER_KEY = base64.b64encode(bytes(32)).decode()


def outbox_config(**fields: Any) -> Any:
    return config(outbox={"asks": 3, "size": "64KiB", **fields})


def test_an_ask_comes_back_whole(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, outbox_config()) as kept:
            assert kept.journal.takes_asks
            item = await kept.journal.put(rich_ask(), UTC)
        async with keeping(tmp_path, outbox_config()) as kept:
            _, waiting = await kept.opened
            [(size,)] = query(tmp_path, "SELECT length(sealed) FROM outbox")
            assert waiting == [Waiting(item, UTC, size)]
            assert await kept.journal.take(item) == rich_ask()

    asyncio.run(scenario())


frames = st.builds(
    Frame,
    st.binary(max_size=300),
    st.sampled_from(["image/jpeg", "image/png", "raw/nv12"]),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.floats(allow_nan=False),
    st.text(),
)
pictures = st.lists(frames | st.builds(Link, st.text()), max_size=3).map(tuple)
turns = st.lists(st.builds(Turn, st.sampled_from(["system", "user", "assistant"]), st.text(), pictures), max_size=3)
json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def made(**fields: Any) -> Ask:
    return Ask(**fields)  # hypothesis would evaluate its annotations, which are for mypy alone


@given(
    st.builds(
        made,
        id=st.text(),
        prompt=st.text(),
        origin=st.sampled_from(Origin),
        instant=st.floats(allow_nan=False),
        pictures=pictures,
        instructions=st.text(),
        turns=turns.map(tuple),
        detail=st.sampled_from(["scene", "text", "auto"]),
        model=st.text(),
        options=st.dictionaries(st.text(), json, max_size=3),
        given=st.text(),
        resumes=st.text(),
        endpoint=st.text(),
        kind=st.sampled_from(["vision", "text", None]),
        trigger=st.text(),
    )
)
def test_any_ask_is_packed_and_unpacked_whole(ask: Ask) -> None:
    assert unpack(pack(ask)) == ask


@given(st.binary(max_size=200))
def test_any_other_bytes_are_no_ask(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        unpack(data)


def test_what_waits_cannot_be_read_in_the_files(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, outbox_config()) as kept:
            await kept.journal.put(rich_ask(), UTC)
            files = all_bytes(tmp_path)
            for said in ("一两句话", "前の質問", "qwen-vl-plus", "example.org"):
                assert said.encode() not in files
            assert bytes(range(256)) not in files

    asyncio.run(scenario())


def test_what_was_being_sent_when_glassd_died_was_perhaps_sent(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, outbox_config()) as kept:
            items = [await kept.journal.put(an_ask(number), UTC + number) for number in (1, 2, 3)]
            await kept.journal.take(items[0])
            await kept.journal.take(items[1])
            await kept.journal.back(items[1])
        async with keeping(tmp_path, outbox_config()) as kept:
            _, waiting = await kept.opened
            assert [(one.item, one.perhaps_sent) for one in waiting] == [
                (items[0], True),
                (items[1], False),
                (items[2], False),
            ]
            await kept.journal.drop(tuple(items[:2]))
        async with keeping(tmp_path, outbox_config()) as kept:
            assert [one.item for one in (await kept.opened)[1]] == items[2:]

    asyncio.run(scenario())


def test_a_number_is_never_given_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, outbox_config()) as kept:
            first = await kept.journal.put(an_ask(1), UTC)
            await kept.journal.drop((first,))
            assert await kept.journal.put(an_ask(2), UTC) != first
            with pytest.raises(OutboxLostError):
                await kept.journal.take(first)

    asyncio.run(scenario())


def test_the_outbox_is_bounded_in_number_and_in_bytes(tmp_path: Path) -> None:
    large = Frame(bytes(40_000), "image/jpeg", 1000, 1000, 0.0, "camera")

    async def scenario() -> None:
        async with keeping(tmp_path, outbox_config()) as kept:
            await kept.journal.put(an_ask(1, pictures=(large,)), UTC)
            with pytest.raises(OutboxError, match=r"outbox\.size"):
                await kept.journal.put(an_ask(2, pictures=(large,)), UTC)
            await kept.journal.put(an_ask(2), UTC)
            await kept.journal.put(an_ask(3), UTC)
            with pytest.raises(OutboxError, match=r"outbox\.asks"):
                await kept.journal.put(an_ask(4), UTC)
            assert kept.troubles == [], "the disk is well"
        assert query(tmp_path, "SELECT count(*) FROM outbox") == [(3,)]

    asyncio.run(scenario())


def test_what_another_key_sealed_is_dropped_when_it_is_wanted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, outbox_config()) as kept:
            item = await kept.journal.put(an_ask(), UTC)
        async with keeping(tmp_path, outbox_config(), find_key=lambda _name: OTHER_KEY) as kept:
            with pytest.raises(OutboxLostError, match="another key"):
                await kept.journal.take(item)
            assert query(tmp_path, "SELECT count(*) FROM outbox") == [(0,)]

    asyncio.run(scenario())


@pytest.mark.parametrize("damage", ["substr(sealed, 1, length(sealed) - 1)", "x'00'", "zeroblob(500)"])
def test_a_damaged_one_is_dropped(damage: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, outbox_config()) as kept:
            item = await kept.journal.put(an_ask(), UTC)
            change(tmp_path, f"UPDATE outbox SET sealed = CAST({damage} AS BLOB)")
            with pytest.raises(OutboxLostError):
                await kept.journal.take(item)

    asyncio.run(scenario())


def no_key(name: str) -> str:
    raise KeyMissingError(f"there is no key named {name}")


@pytest.mark.parametrize("find_key", [no_key, lambda _name: "not base64!", lambda _name: KEY[:-8]])
def test_without_a_usable_key_there_is_no_outbox(
    find_key: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, outbox_config(), find_key=find_key) as kept:
            assert not kept.journal.takes_asks
            with pytest.raises(OutboxError):
                await kept.journal.put(an_ask(), UTC)

    asyncio.run(scenario())
    (record,) = caplog.records
    assert "the outbox is off" in record.getMessage()
    assert KEY[:8] not in record.getMessage()


def test_without_a_section_there_is_no_outbox(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, config()) as kept:
            assert not kept.journal.takes_asks
            with pytest.raises(OutboxError, match="section"):
                await kept.journal.put(an_ask(), UTC)

    asyncio.run(scenario())


def test_a_reload_turns_the_outbox_on_and_off(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, config()) as kept:
            await kept.opened
            await kept.journal.configure(outbox_config())
            await kept.journal.put(an_ask(), UTC)
            await kept.journal.configure(config())
            assert not kept.journal.takes_asks

    asyncio.run(scenario())


def test_whoever_stops_waiting_has_not_queued_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, outbox_config()) as kept:
            await kept.journal.drop((await kept.journal.put(an_ask(), UTC),))
            putting = asyncio.create_task(kept.journal.put(rich_ask(), UTC))
            await asyncio.sleep(0)  # it is under way, or has been done by now
            putting.cancel()
            await asyncio.wait([putting])
        if putting.cancelled():
            assert query(tmp_path, "SELECT count(*) FROM outbox") == [(0,)]

    asyncio.run(scenario())


def test_before_the_file_is_open_there_is_no_outbox(tmp_path: Path) -> None:
    async def scenario() -> None:
        from keeping import RIGHT, Kept

        kept = Kept(tmp_path, outbox_config(), RIGHT, lambda _name: KEY)
        assert not kept.journal.takes_asks
        with pytest.raises(OutboxError):
            await kept.journal.put(an_ask(), UTC)
        await kept.journal.close()

    asyncio.run(scenario())
