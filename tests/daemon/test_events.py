from __future__ import annotations

from glassd.events import BACKLOG_LIMIT_EVENTS, Bus
from virtual import run


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
