"""What the journal keeps of asks, skips, the ledger and the wearer."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import msgspec
import pytest
from keeping import RIGHT, UTC, Kept, all_bytes, an_ask, an_end, config, is_whole, keeping, query, rich_ask

from glassd.answer import Outcome, OutcomeKind
from glassd.journal import FILE
from glassd.journal.queries import Query
from glassd.messages import Code
from glassd.spending import Amounts, Spent
from glassd.wall import Wall
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from pathlib import Path

    from glassd.config.schema import Config

SPENT = Spent(496_000, Amounts(3, 2, 4000, 0.02), 20_666, Amounts(9, 7, 12_000, 0.07))


def test_an_ask_is_kept_before_it_leaves_and_completed_at_its_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path) as kept:
            ask = an_ask()
            kept.journal.begun(ask, UTC)
            await kept.journal.settled()
            assert query(tmp_path, "SELECT id, utc, outcome, prompt FROM asks") == [("press-1", UTC, None, "问题 1")]
            kept.journal.ended(*an_end(ask))
            [row] = await kept.history.asks(Query())
            assert row == {
                "number": 1,
                "id": "press-1",
                "utc": UTC,
                "origin": "button",
                "trigger": "main press",
                "resumes": "",
                "outcome": "finished",
                "code": None,
                "endpoint": "https://a.example/v1",
                "model": "",
                "frame_offset_s": -0.03,
                "times_s": {"frame": 0.04, "sent": 0.3, "first_delta": 1.25, "done": 2.5},
                "tokens_in": 900,
                "tokens_out": 20,
                "money": 0.0023,
                "pictures": 0,
                "prompt": "问题 1",
                "answer": "一只猫。",
            }

    asyncio.run(scenario())


def test_what_comes_before_the_file_is_open_is_kept_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        kept = Kept(tmp_path, config(), RIGHT, lambda _name: "")
        kept.journal.begun(an_ask(), UTC)
        assert not (tmp_path / FILE).exists()
        await kept.journal.open()
        await kept.journal.close()

    asyncio.run(scenario())
    assert query(tmp_path, "SELECT id FROM asks") == [("press-1",)]


def test_an_ask_that_never_began_is_kept_whole(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path) as kept:
            kept.journal.ended(*an_end(an_ask(3), "", Code.TOO_SOON))

    asyncio.run(scenario())
    assert query(tmp_path, "SELECT id, utc, outcome, code FROM asks") == [("press-3", UTC + 3, "failed", "too_soon")]


@pytest.mark.parametrize(
    ("keep", "kept_of_it"),
    [("off", []), ("timings", [("finished", None, None, 900)]), ("text", [("finished", "问题 1", "一只猫。", 900)])],
)
def test_what_is_kept_is_what_the_config_says(keep: str, kept_of_it: list[object], tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, config({"keep": keep})) as kept:
            kept.journal.begun(an_ask(), UTC)
            kept.journal.ended(*an_end(an_ask()))
            kept.journal.skipped("every 5min", "busy", UTC)
            kept.journal.new_wearer()  # makes a file in any case

    asyncio.run(scenario())
    assert query(tmp_path, "SELECT outcome, prompt, answer, tokens_in FROM asks") == kept_of_it
    assert ("问题".encode() in all_bytes(tmp_path)) == (keep == "text")


def test_pictures_are_kept_only_where_the_config_says_so(tmp_path: Path) -> None:
    ask = rich_ask()

    async def scenario(settings: Config) -> None:
        async with keeping(tmp_path, settings) as kept:
            kept.journal.begun(ask, UTC)
            kept.journal.ended(*an_end(ask))

    asyncio.run(scenario(config()))
    assert query(tmp_path, "SELECT * FROM pictures") == []
    asyncio.run(scenario(config({"pictures": "1h"})))
    frames = [picture for picture in ask.pictures if isinstance(picture, Frame)]
    kept = query(tmp_path, "SELECT ask, place, media_type, width, height, data FROM pictures")
    assert kept == [
        (2, place, frame.media_type, frame.width, frame.height, frame.data) for place, frame in enumerate(frames, 1)
    ]


def test_an_ask_that_was_under_way_when_glassd_died_is_interrupted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path) as kept:
            kept.journal.begun(an_ask(1), UTC)
        async with keeping(tmp_path) as kept:
            again = an_ask(1)  # ids begin anew with each daemon
            kept.journal.begun(again, UTC + 60)
            kept.journal.ended(*an_end(again))

    asyncio.run(scenario())
    rows = query(tmp_path, "SELECT number, id, outcome FROM asks ORDER BY number")
    assert rows == [(1, "press-1", "interrupted"), (2, "press-1", "finished")]


def test_skips_are_counted_by_local_day_trigger_and_reason(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, wall=Wall(UTC, 8 * 3600.0, known=True)) as kept:
            late = (UTC // 86400 + 1) * 86400 - 9 * 3600  # 23:00 of that day in China
            for utc, why in [(late, "busy"), (late, "busy"), (late, "budget"), (late + 7200, "busy"), (None, "busy")]:
                kept.journal.skipped("every 5min", why, utc)

    asyncio.run(scenario())
    day = int(UTC // 86400)
    counts = query(tmp_path, "SELECT day, why, count FROM skips ORDER BY day, why")
    assert counts == [(-1, "busy", 1), (day, "budget", 1), (day, "busy", 2), (day + 1, "busy", 1)]


def test_the_ledger_comes_back_at_the_next_start(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path) as kept:
            assert await kept.opened == (Spent(), [])
            kept.journal.spend(Spent())
            kept.journal.spend(SPENT)
        async with keeping(tmp_path) as kept:
            assert await kept.opened == (SPENT, [])

    asyncio.run(scenario())


def test_a_count_from_before_the_ledger_was_read_does_not_take_its_place(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path) as kept:
            await kept.opened
            kept.journal.spend(SPENT)
        kept = Kept(tmp_path, config(), RIGHT, lambda _name: "")
        kept.journal.spend(Spent())
        await kept.journal.open()
        assert await kept.opened == (SPENT, [])
        await kept.journal.close()

    asyncio.run(scenario())
    assert query(tmp_path, "SELECT value FROM state WHERE name = 'spent'") == [(msgspec.json.encode(SPENT).decode(),)]


def test_a_new_wearer_begins_with_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path) as kept:
            kept.journal.ended(*an_end(an_ask(1)))
            kept.journal.new_wearer()
            assert await kept.history.asks(Query()) == []
            kept.journal.ended(*an_end(an_ask(2)))
        async with keeping(tmp_path) as kept:
            history = kept.history
            assert [row["number"] for row in await history.asks(Query())] == [2]
            assert [row["number"] for row in await history.asks(Query(everybody=True))] == [2, 1]
            assert await history.ask("1", everybody=False) is None

    asyncio.run(scenario())


def test_an_ask_from_before_the_clock_was_known_gets_its_time_once_it_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, wall=Wall(0.0, 0.0, known=False)) as kept:
            kept.journal.begun(an_ask(5), None)
            kept.journal.ended(*an_end(an_ask(5)))
            await kept.journal.settled()
            assert query(tmp_path, "SELECT utc FROM asks") == [(None,)]
            kept.wall = Wall(UTC, 0.0, known=True)
            [row] = await kept.history.asks(Query())
            assert row["utc"] == UTC + 5

    asyncio.run(scenario())
    assert query(tmp_path, "SELECT utc FROM asks") == [(UTC + 5,)]


@pytest.mark.parametrize(
    "usage", [None, {}, {"prompt_tokens": "many"}, {"prompt_tokens": -1, "completion_tokens": 2**70}]
)
def test_what_is_no_count_of_tokens_is_none(usage: object, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path) as kept:
            kept.journal.ended(*an_end(an_ask(), usage=usage))

    asyncio.run(scenario())
    assert query(tmp_path, "SELECT tokens_in, tokens_out FROM asks") == [(None, None)]


def test_any_text_of_a_server_can_be_kept(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path) as kept:
            record, ask, _ = an_end(an_ask())
            kept.journal.ended(record, ask, Outcome(OutcomeKind.FINISHED, "half \ud83d and \x00 nothing"))
            [row] = await kept.history.asks(Query())
            assert row["answer"] == "half ? and \ufffd nothing"

    asyncio.run(scenario())
    assert is_whole(tmp_path)
    assert json.loads(query(tmp_path, "SELECT times FROM asks")[0][0])["done"] == 2.5
