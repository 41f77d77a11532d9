from __future__ import annotations

import json
from typing import Any

from glassd.answer import Delta, Reasoning
from glassd.ask import Ask, Origin
from glassd.events import BACKLOG_LIMIT_BYTES, BACKLOG_LIMIT_EVENTS, PACE_S, Bus, Subscription
from glassd.metering import Meter
from glassd.telling import PROMPT_LIMIT_CHARS, TEXT_LIMIT_CHARS, Telling, beginning
from glassd_drivers.contracts import Mark, Screen
from virtual import passes, run


async def facts(subscription: Subscription) -> list[dict[str, Any]]:
    """Return what has been told by now, and by the end of a pace."""
    await passes(PACE_S * 1.5)
    subscription.end()
    return [event.facts for event in await subscription.batch()]


def growing(*lines: str) -> Screen:
    return Screen(lines, mark=Mark.WRITING)


def test_a_listener_gets_what_happens_from_now_on_in_order() -> None:
    async def main() -> None:
        bus = Bus()
        bus.publish({"event": "before"})
        with bus.subscribe() as subscription:
            bus.publish({"event": "a"})
            bus.publish({"event": "b"})
            events = aiter(subscription)
            assert [await anext(events), await anext(events)] == [{"event": "a"}, {"event": "b"}]

    run(main())


def test_a_listener_that_sleeps_loses_the_oldest_and_is_told_how_many() -> None:
    async def main() -> None:
        bus = Bus()
        with bus.subscribe() as subscription:
            for number in range(BACKLOG_LIMIT_EVENTS + 3):
                bus.publish({"event": "n", "number": number})
            events = aiter(subscription)
            assert await anext(events) == {"event": "dropped", "count": 3}
            assert await anext(events) == {"event": "n", "number": 3}

    run(main())


def test_what_is_kept_for_a_listener_that_sleeps_is_bounded_in_bytes() -> None:
    async def main() -> list[dict[str, Any]]:
        bus = Bus()
        with bus.subscribe() as subscription:
            for number in range(20):
                bus.publish({"event": "n", "number": number, "text": "x" * (BACKLOG_LIMIT_BYTES // 10)})
            return await facts(subscription)

    dropped, *kept = run(main())
    assert dropped == {"event": "dropped", "count": 11}
    assert [event["number"] for event in kept] == [*range(11, 20)]


def test_an_event_is_encoded_once_for_all_who_listen_in_a_form() -> None:
    async def main() -> None:
        bus = Bus()
        with bus.subscribe() as one, bus.subscribe() as other:
            bus.publish({"event": "edge", "button": "主"})
            [mine], [theirs] = await one.batch(), await other.batch()
        assert mine.line is theirs.line
        assert mine.message is theirs.message
        assert mine.line == '{"event":"edge","button":"主"}\n'.encode()
        assert mine.message == 'event: edge\ndata: {"event":"edge","button":"主"}\n\n'.encode()

    run(main())


def test_an_answer_that_grows_is_told_at_once_then_at_a_pace_with_nothing_of_its_text_lost() -> None:
    async def main() -> list[dict[str, Any]]:
        bus = Bus()
        telling = Telling(bus, Meter())
        with bus.subscribe() as subscription:
            for number in range(40):
                telling.came("api-1", Delta(f"{number} "))
                telling.came("api-1", Reasoning("never told"))
                telling.screen("displays.0", growing(f"up to {number}"))
                await passes(PACE_S / 8)
            return await facts(subscription)

    told = run(main())
    deltas = [event for event in told if event["event"] == "delta"]
    screens = [event for event in told if event["event"] == "screen"]
    assert deltas[0] == {"event": "delta", "ask": "api-1", "text": "0 "}
    assert "".join(event["text"] for event in deltas) == "".join(f"{number} " for number in range(40))
    assert screens[-1]["lines"] == ("up to 39",)
    assert len(deltas) <= 7
    assert len(screens) <= 7


def test_what_is_no_part_of_growing_is_never_passed_over_and_comes_after_what_was_before_it() -> None:
    async def main() -> list[dict[str, Any]]:
        bus = Bus()
        telling = Telling(bus, Meter())
        with bus.subscribe() as subscription:
            telling.screen("displays.0", Screen(mark=Mark.LOOKING))
            telling.screen("displays.0", Screen(mark=Mark.SENDING))
            telling.screen("displays.0", growing("a"))
            telling.screen("displays.0", growing("a door"))
            telling.screen("displays.0", Screen(("a door.",), mark=Mark.DONE, must_show=True))
            telling.scene()
            return await facts(subscription)

    assert [event.get("lines", event["event"]) for event in run(main())] == [
        (),
        (),
        ("a",),
        ("a door",),
        ("a door.",),
        "scene",
    ]


def test_a_flood_of_text_is_told_in_events_of_a_bounded_size() -> None:
    async def main() -> list[dict[str, Any]]:
        bus = Bus()
        telling = Telling(bus, Meter())
        with bus.subscribe() as subscription:
            for _ in range(20):
                telling.came("api-1", Delta("字" * 1000))
            return await facts(subscription)

    told = run(main())
    assert sum(len(event["text"]) for event in told) == 20_000
    assert max(len(event["text"]) for event in told) == TEXT_LIMIT_CHARS


def test_who_begins_to_listen_is_told_how_things_stand_and_what_has_come_of_an_answer_so_far() -> None:
    ask = Ask("button-1", "?" * 5000, Origin.BUTTON, 0.0, trigger="main press")
    told = beginning({"state": "answering"}, {"displays.0": growing("a door")}, [(ask, "a door")])
    assert [event["event"] for event in told] == ["status", "screen", "asked", "delta"]
    asked = {"event": "asked", "ask": "button-1", "origin": "button", "trigger": "main press"}
    assert told[2] == {**asked, "prompt": "?" * PROMPT_LIMIT_CHARS}
    assert told[3] == {"event": "delta", "ask": "button-1", "text": "a door"}


def test_a_growing_answer_costs_nothing_while_nobody_listens() -> None:
    class Once(Bus):
        def publish_soon(self, *_: Any) -> None:
            raise AssertionError("something was put together for nobody")

    async def main() -> None:
        telling = Telling(Once(), Meter())
        telling.came("api-1", Delta("a"))
        telling.screen("displays.0", growing("a"))

    run(main())


def test_an_event_in_json_has_no_line_end_whatever_it_holds() -> None:
    async def main() -> bytes:
        bus = Bus()
        with bus.subscribe() as subscription:
            bus.publish({"event": "delta", "text": "a\nb\r\u2028\u0085"})
            [event] = await subscription.batch()
            return event.message

    *data, end = run(main()).split(b"\n\n")
    assert end == b""
    assert [line.partition(b": ")[0] for line in data[0].split(b"\n")] == [b"event", b"data"]
    assert json.loads(data[0].partition(b"data: ")[2])["text"] == "a\nb\r\u2028\u0085"
