"""The outbox's way through the runner: asks that find no network, the look for one, answers that come late."""

from __future__ import annotations

from itertools import pairwise

import pytest
from runner_parts import WORDS, House, Shelf, code, scene

from glassd.answer import Outcome, OutcomeKind, Problem, Timings
from glassd.ask import Ask, Origin
from glassd.config.schema import Config
from glassd.messages.codes import Code
from glassd.scheduler.courier import LEAST_POLL_S, MOST_POLL_S, PUT_LIMIT_S, never_read
from glassd.scheduler.late_answers import QUIET_S
from glassd.spending import Spent
from glassd.waiting import Waiting
from virtual import passes

CONFIG = Config.model_validate(
    {
        "model": {"endpoints": [{"url": "http://model", "vision": "some"}]},
        "triggers": [
            {"when": "main press", "ask": "one", "outbox": True},
            {"when": "up press", "ask": "two", "outbox": True},
            {"when": "plain press", "ask": "three"},
            {"when": "lid press", "do": "toggle pause"},
            {"when": "send press", "do": "send again"},
            {"when": "drop press", "do": "drop queued"},
            {"when": "other press", "do": "new wearer"},
        ],
        "outbox": {"asks": 3},
    }
)
ANSWER = "".join(WORDS)


def shelf(house: House) -> Shelf:
    assert isinstance(house.shelf, Shelf)
    return house.shelf


async def without_network(house: House) -> None:
    """Take the network away, and ask something that may wait for it."""
    house.network = False
    house.press("main")
    await house.after(1)


async def being_taken(house: House) -> None:
    """Have a network again, and a disk that takes its time; return while it is at what waits there."""
    take = shelf(house).take

    async def slow(item: int) -> Ask:
        house.seen.append("taken")
        ask = await take(item)
        await passes(5)
        return ask

    shelf(house).take = slow  # type: ignore[method-assign]  # a slow disk
    house.network = True
    while house.seen[-1] != "taken":
        await house.after(0.5)


async def answered(house: House, asks: int) -> None:
    """Let time pass until so many asks have been answered and shown."""
    for _ in range(200):
        if sum(seen.startswith("late ") for seen in house.seen) >= asks:
            return
        await house.after(1)
    raise AssertionError(f"no {asks} late answers: {house.seen}")


def test_an_ask_without_a_network_waits_and_its_wearer_is_told_once_it_is_on_the_disk() -> None:
    async def body(house: House) -> None:
        await without_network(house)
        assert house.seen == ["looking", "asked", "queued"]
        (kept,) = shelf(house).asks.values()
        assert (kept.prompt, len(kept.pictures)) == ("one", 1)
        assert house.runner.scheduler.queued == 1

    assert [code(record) for record in scene(body, CONFIG).records] == [Code.QUEUED]


def test_where_the_disk_does_not_take_it_the_wearer_is_told_what_there_is_none_of() -> None:
    async def body(house: House) -> None:
        house.network, shelf(house).full = False, True
        house.press("main")
        await house.after(1)
        assert house.seen[-1] == "no_network"

    scene(body, CONFIG)


def test_a_disk_that_says_nothing_is_waited_for_no_longer_than_it_may_take_and_what_comes_of_it_is_dropped() -> None:
    async def body(house: House) -> None:
        house.network = False
        put = shelf(house).put

        async def slow(ask: Ask, utc: float | None) -> int:
            await passes(PUT_LIMIT_S + 1)
            return await put(ask, utc)

        shelf(house).put = slow  # type: ignore[method-assign]  # a disk that takes its time
        house.press("main")
        await house.after(PUT_LIMIT_S + 0.1)
        assert house.seen[-1] == "no_network"
        await house.after(3)
        assert not shelf(house).asks

    scene(body, CONFIG)


def test_an_ask_that_is_cancelled_while_the_disk_takes_it_is_not_sent_later() -> None:
    async def body(house: House) -> None:
        house.network = False
        put = shelf(house).put

        async def slow(ask: Ask, utc: float | None) -> int:
            item = await put(ask, utc)
            await passes(1)
            return item

        shelf(house).put = slow  # type: ignore[method-assign]  # a disk that takes its time
        house.press("main")
        await house.after(0.5)
        house.runner.command("cancel")
        house.network = True
        await house.after(60)
        assert not shelf(house).asks
        assert house.asked_for == []

    assert [code(record) for record in scene(body, CONFIG).records] == [Code.CANCELLED]


def test_a_trigger_without_the_outbox_fails_with_the_networks_two_lines() -> None:
    async def body(house: House) -> None:
        house.network = False
        house.press("plain")
        await house.after(1)
        assert house.seen[-1] == "no_network"
        assert not shelf(house).asks

    scene(body, CONFIG)


def test_what_waits_goes_in_order_once_there_is_a_network_each_once_and_is_shown_when_nothing_else_is_read() -> None:
    async def body(house: House) -> None:
        house.network = False
        for button in ("main", "up", "main"):
            house.press(button)
            await house.after(1)
        house.network = True
        await answered(house, 3)
        await house.after(120)
        assert [ask.prompt for ask in house.asked_for] == ["one", "two", "one"]
        assert all(ask.pictures for ask in house.asked_for)
        assert house.seen[-3:] == [f"late {ANSWER}"] * 3
        assert not shelf(house).asks

    house = scene(body, CONFIG)
    assert [code(record) for record in house.records] == [Code.QUEUED] * 3 + [None] * 3
    assert [record.id for record, _ in house.kept.ended_asks] == [record.id for record in house.records]


def test_a_network_is_looked_for_less_and_less_often_and_only_while_something_waits_for_it() -> None:
    async def body(house: House) -> None:
        await house.after(600)
        assert not house.looks_for_network
        house.network = False
        house.press("plain")
        await house.after(600)
        assert not house.looks_for_network
        house.press("main")
        await house.after(300)
        looks = house.looks_for_network
        gaps = [round(after - before) for before, after in pairwise(looks)]
        assert gaps[:6] == [LEAST_POLL_S * doubled for doubled in (1, 2, 4, 8, 16)] + [MOST_POLL_S]
        assert set(gaps[6:]) == {MOST_POLL_S}
        house.runner.command("drop queued")
        seen = len(looks)
        await house.after(300)
        assert len(looks) <= seen + 1

    scene(body, CONFIG)


def test_a_way_that_opens_and_carries_nothing_is_not_tried_on_and_on() -> None:
    async def body(house: House) -> None:
        await without_network(house)

        async def opens() -> bool:
            house.looks_for_network.append(house.loop.time())
            return True  # and yet no ask gets through

        house.reachable = opens  # type: ignore[method-assign]  # a portal
        await house.after(300)
        assert len(house.looks_for_network) <= 300 / MOST_POLL_S + 6
        assert len(shelf(house).asks) == 1
        assert not shelf(house).sending

    scene(body, CONFIG)


def test_a_press_that_is_answered_sends_what_waits_without_a_look() -> None:
    async def body(house: House) -> None:
        house.network = False
        house.press("main")
        await house.after(60)
        house.network = True
        house.press("plain")
        await house.after(3.5)
        assert [ask.prompt for ask in house.asked_for] == ["three", "one"]

    scene(body, CONFIG)


def test_an_answer_that_came_late_does_not_take_away_one_that_is_read() -> None:
    async def body(house: House) -> None:
        await without_network(house)
        house.network = True
        while not house.asked_for:
            await house.after(0.5)
        house.press("plain")
        await house.after(3.5)
        assert house.seen[-1] == "finished"
        ended = house.loop.time()
        await answered(house, 1)
        assert house.loop.time() - ended >= QUIET_S - 1

    assert scene(body, CONFIG).seen.count(f"late {ANSWER}") == 1


def test_a_press_does_not_break_off_what_the_outbox_sends() -> None:
    async def body(house: House) -> None:
        await without_network(house)
        house.network = True
        while not house.asked_for:
            await house.after(0.5)
        house.press("plain")
        await answered(house, 1)
        assert [ask.prompt for ask in house.asked_for] == ["one", "three"]

    assert [code(record) for record in scene(body, CONFIG).records] == [Code.QUEUED, None, None]


def test_a_pause_while_it_is_sent_leaves_it_as_perhaps_sent_and_it_goes_again_only_on_the_wearers_word() -> None:
    async def body(house: House) -> None:
        await without_network(house)
        house.network = True
        while not house.asked_for:
            await house.after(0.5)
        house.press("lid")
        await house.after(1)
        assert house.open_requests == 0
        house.press("lid")
        await house.after(120)
        assert len(house.asked_for) == 1
        assert house.runner.scheduler.perhaps_sent == 1
        house.press("send")
        await answered(house, 1)
        assert len(house.asked_for) == 2

    house = scene(body, CONFIG)
    assert f"beside {Code.PERHAPS_SENT}" in house.seen


def test_what_was_perhaps_sent_before_a_restart_is_told_and_waits_for_the_wearers_word() -> None:
    async def body(house: House) -> None:
        shelf(house).asks[7] = Ask("press-1", "one", Origin.BUTTON, 3.0)
        house.runner.ready()
        house.runner.restored(Spent(), [Waiting(7, None, 100, perhaps_sent=True)])
        await house.after(120)
        assert house.asked_for == []
        assert house.seen == [f"beside {Code.PERHAPS_SENT}"]
        house.press("send")
        await answered(house, 1)
        assert [ask.prompt for ask in house.asked_for] == ["one"]
        assert not shelf(house).asks

    scene(body, CONFIG)


def test_what_waits_is_forgotten_with_its_wearer_and_an_answer_to_it_is_not_shown() -> None:
    async def body(house: House) -> None:
        house.network = False
        for button in ("main", "up"):
            house.press(button)
            await house.after(1)
        house.network = True
        while not house.asked_for:
            await house.after(0.5)
        house.press("other")
        await house.after(120)
        assert len(house.asked_for) == 1
        assert not shelf(house).asks
        assert not any(seen.startswith("late") for seen in house.seen)

    house = scene(body, CONFIG)
    assert house.kept.wearers == 2


def test_an_answer_that_has_come_late_is_not_shown_to_another_wearer() -> None:
    async def body(house: House) -> None:
        await without_network(house)
        house.network = True
        while house.runner.scheduler.queued:
            house.runner.command("next page")  # the wearer is at something, so that nothing is shown meanwhile
            await house.after(0.5)
        house.press("other")
        await house.after(120)
        assert len(house.asked_for) == 1
        assert not any(seen.startswith("late") for seen in house.seen)

    scene(body, CONFIG)


def test_what_is_dropped_while_it_is_taken_from_the_disk_is_not_put_back() -> None:
    async def body(house: House) -> None:
        await without_network(house)
        await being_taken(house)
        house.press("drop")
        await house.after(60)
        assert shelf(house).put_back == []
        assert house.asked_for == []
        assert not shelf(house).asks

    scene(body, CONFIG)


def test_what_a_pause_finds_being_taken_from_the_disk_waits_on_and_was_not_sent() -> None:
    async def body(house: House) -> None:
        await without_network(house)
        await being_taken(house)
        house.press("lid")
        await house.after(10)
        assert not shelf(house).sending
        assert (house.runner.scheduler.queued, house.runner.scheduler.perhaps_sent) == (1, 0)
        house.press("lid")
        await answered(house, 1)

    house = scene(body, CONFIG)
    assert len(house.asked_for) == 1
    assert [code(record) for record in house.records] == [Code.QUEUED, None]


def test_no_more_wait_than_may() -> None:
    async def body(house: House) -> None:
        house.network = False
        for _ in range(4):
            house.press("main")
            await house.after(1)
        assert len(shelf(house).asks) == 3

    assert [code(record) for record in scene(body, CONFIG).records] == [Code.QUEUED] * 3 + [Code.NO_NETWORK]


def failed(code: Code, *, sent: float | None = None, text: str = "") -> Outcome:
    return Outcome(OutcomeKind.FAILED, text=text, problem=Problem(code, "?"), timings=Timings(sent=sent))


@pytest.mark.parametrize(
    ("outcome", "unread"),
    [
        (failed(Code.NO_NETWORK), True),
        (failed(Code.DNS), True),
        (failed(Code.CONNECT_TIMEOUT), True),
        (failed(Code.CONNECTION_LOST), True),
        (failed(Code.CONNECTION_LOST, sent=0.1), False),  # a model may be at it
        (failed(Code.PORTAL, sent=0.1), True),  # the portal read it, and no model
        (failed(Code.FIRST_TIMEOUT, sent=0.1), False),
        (failed(Code.KEY_WRONG, sent=0.1), False),
        (failed(Code.KEY_MISSING), False),
        (Outcome(OutcomeKind.CUT_OFF, text="A", problem=Problem(Code.CONNECTION_LOST, "?")), False),
        (Outcome(OutcomeKind.FINISHED, text="A"), False),
    ],
)
def test_only_what_no_model_can_have_read_is_sent_another_time(outcome: Outcome, unread: bool) -> None:
    assert never_read(outcome) is unread
