from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from glassd.scheduler.timers import STALE_LIMIT, Timers

moves = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.none() | st.sampled_from([1.0, 2.0, 2.0, 3.0, 5.0])) | st.floats(0.0, 6.0),
    max_size=60,
)


@given(moves)
def test_whatever_is_set_and_taken_the_earliest_is_due_first(steps: list[tuple[str, float | None] | float]) -> None:
    timers: Timers[str] = Timers()
    known: dict[str, float] = {}
    for step in steps:
        if isinstance(step, float):
            taken = timers.take(step)
            first = min(known.values(), default=None)
            assert (taken is not None) == (first is not None and first <= step)
            if taken is not None:
                assert known.pop(taken) == first
        else:
            name, at = step
            timers.set(name, at)
            known.pop(name, None)
            if at is not None:
                known[name] = at
        assert timers.due == min(known.values(), default=None)


def test_of_one_instant_who_was_set_first_is_first() -> None:
    timers: Timers[str] = Timers()
    for name in "cab":
        timers.set(name, 1.0)
    assert [timers.take(1.0) for _ in range(4)] == ["c", "a", "b", None]


def test_what_is_set_again_and_again_does_not_pile_up() -> None:
    timers: Timers[str] = Timers()
    timers.set("b", 1e9)
    for number in range(10_000):
        timers.set("a", 1e6 - number)
        assert len(timers._heap) <= 2 * 2 + STALE_LIMIT + 1
    assert timers.due == 1e6 - 9_999
