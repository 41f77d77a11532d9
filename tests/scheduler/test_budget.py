"""What may be spent an hour and a day, what is warned of and refused, and what each ask counts with."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import Machine, config, only_start, refused, skipped, started, told

from glassd.ask import Ask, Origin
from glassd.config.policy import Budget, Budgets
from glassd.messages.codes import Code
from glassd.scheduler.actions import Pin, Refuse, Skip, Spend, Stop, Unpin
from glassd.scheduler.budget import Ledger
from glassd.spending import Amounts, Spent
from glassd.wall import Wall

HOUR_S, DAY_S = 3600.0, 86400.0
MIDNIGHT_S = 20_000 * DAY_S
MAIN = {"when": "main press", "ask": "What is this?"}


def clock(hour: float, *, known: bool = True, zone: float = 0.0) -> Wall:
    return Wall(MIDNIGHT_S + hour * HOUR_S - zone, zone, known)


def ledger(wall: Wall | None = None, **limits: Any) -> Ledger:
    book = Ledger()
    book.configure(Budgets(**{window: Budget(**most) for window, most in limits.items()}))
    if wall is not None:
        book.clock_is(0.0, wall)
    return book


def asks(book: Ledger) -> tuple[int, int]:
    return book.spent.hour.asks, book.spent.day.asks


# -- the ledger --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "each", "fit"),
    [
        ({"asks": 3}, Amounts(1), 3),
        ({"frames": 7}, Amounts(1, 2), 3),
        ({"tokens": 1000}, Amounts(tokens=250), 4),
        ({"money": 0.3}, Amounts(money=0.1), 3),
    ],
)
@pytest.mark.parametrize("window", ["hour", "day"])
def test_so_many_are_counted_as_fit_and_no_more(window: str, limit: dict[str, Any], each: Amounts, fit: int) -> None:
    book = ledger(None, **{window: limit})
    assert [book.take(str(number), each, 0.0) for number in range(fit + 1)] == [True] * fit + [False]


def test_what_is_under_way_counts_with_its_estimate_until_its_end_says_otherwise() -> None:
    book = ledger(hour={"tokens": 100})
    assert book.take("a", Amounts(1, 1, 60), 0.0)
    assert not book.take("b", Amounts(1, 1, 60), 0.0)
    book.settle("a", Amounts(tokens=40))
    assert book.take("b", Amounts(1, 1, 60), 0.0)
    assert book.spent.hour == Amounts(2, 2, 100)


def test_where_the_server_reports_nothing_the_estimate_stands() -> None:
    book = ledger()
    book.take("a", Amounts(1, 1, 60, 0.5), 0.0)
    book.settle("a", None)
    assert book.spent.day == Amounts(1, 1, 60, 0.5)


def test_what_never_left_the_board_is_given_back() -> None:
    book = ledger()
    book.take("a", Amounts(1, 1, 60), 0.0)
    book.give_back("a")
    book.give_back("a")
    assert book.spent.hour == book.spent.day == Amounts()


def test_an_hour_ends_with_the_boards_own_hour_and_a_day_with_its_day() -> None:
    book = ledger(clock(22.5, zone=1800.0))
    counted = []
    for hours in (0.0, 0.4, 0.6, 1.4, 1.6):
        book.take(str(hours), Amounts(1), hours * HOUR_S)
        counted.append(asks(book))
    assert counted == [(1, 1), (2, 2), (1, 3), (2, 4), (1, 1)]


def test_until_the_clock_is_known_no_day_ends() -> None:
    book = ledger(clock(23, known=False))
    book.take("a", Amounts(1), 0.0)
    book.take("b", Amounts(1), 30 * HOUR_S)
    assert asks(book) == (2, 2)
    book.clock_is(30 * HOUR_S, clock(23))
    assert asks(book) == (2, 2), "once it is, what was counted belongs to the hour and the day that are"
    assert (book.spent.day_number, book.spent.hour_number) == (20_002, 20_002 * 24 + 5)


def test_a_clock_that_goes_back_renews_nothing() -> None:
    book = ledger(clock(12))
    book.take("a", Amounts(1), 0.0)
    book.clock_is(1.0, clock(11))
    book.take("b", Amounts(1), 2.0)
    assert asks(book) == (2, 2)
    book.take("c", Amounts(1), HOUR_S + 2.0)  # 12:00 again
    assert asks(book) == (3, 3)
    book.take("d", Amounts(1), 2 * HOUR_S + 2.0)
    assert asks(book) == (1, 4)


def test_a_window_of_a_clock_that_was_years_ahead_does_not_stand_for_years() -> None:
    book = ledger(clock(12 + 24 * 3000))
    book.take("a", Amounts(1), 0.0)
    book.clock_is(1.0, clock(12))
    assert asks(book) == (1, 1)
    book.take("b", Amounts(1), DAY_S)
    assert asks(book) == (1, 1)


def test_an_end_after_the_hour_does_not_touch_the_next_one() -> None:
    book = ledger(clock(12))
    for key in "ab":
        book.take(key, Amounts(1, 0, 100), 0.0)
    book.take("c", Amounts(1, 0, 100), HOUR_S)
    book.give_back("a")
    book.settle("b", Amounts(tokens=10))
    assert (book.spent.hour, book.spent.day) == (Amounts(1, 0, 100), Amounts(2, 0, 110))


@pytest.mark.parametrize(
    ("kept", "counted"),
    [
        (Spent(20_000 * 24 + 12, Amounts(3), 20_000, Amounts(5)), (4, 6)),
        (Spent(20_000 * 24 + 11, Amounts(3), 20_000, Amounts(5)), (1, 6)),
        (Spent(19_999 * 24, Amounts(3), 19_999, Amounts(5)), (1, 1)),
        (Spent(), (1, 1)),
        (Spent(-1, Amounts(3), -1, Amounts(5)), (4, 6)),
    ],
)
@pytest.mark.parametrize("known_first", [True, False])
def test_what_was_spent_before_a_restart_is_added_where_it_is_of_this_hour_and_day(
    kept: Spent, counted: tuple[int, int], known_first: bool
) -> None:
    book = ledger(clock(12) if known_first else None)
    book.take("a", Amounts(1), 1.0)
    book.restored(kept, 2.0)
    if not known_first:
        before = asks(book)
        book.clock_is(3.0, clock(12))
        if kept.day_number == 19_999:  # it began in a day that was over: nobody could know which of them counts
            assert before == (4, 6)
            assert asks(book) == (0, 0)
            return
        if kept.hour_number == 20_000 * 24 + 11:
            assert asks(book) == (0, 6)
            return
    assert asks(book) == counted


steps = st.lists(
    st.tuples(
        st.sampled_from(["take", "take", "settle", "give back", "wait", "clock"]),
        st.integers(0, 9),
        st.floats(0.0, 2 * HOUR_S),
    ),
    max_size=60,
)


@given(steps)
def test_whatever_happens_what_is_admitted_fits_and_what_is_counted_is_what_was_taken(
    moves: list[tuple[str, int, float]],
) -> None:
    book = ledger(clock(12), hour={"asks": 3, "tokens": 100}, day={"asks": 7})
    now, shift = 0.0, 0.0
    under_way: dict[str, int] = {}
    counted: list[tuple[float, str, int]] = []  # local time, key, tokens

    def naive(seconds: float) -> Amounts:
        # As long as the clock never goes back: all of the window that local time is in.
        window = (clock(12).local(now) + shift) // seconds
        tokens = [amount for at, _, amount in counted if at // seconds == window]
        return Amounts(len(tokens), 0, sum(tokens))

    for number, (move, size, seconds) in enumerate(moves):
        match move:
            case "take":
                key, local = str(number), clock(12).local(now) + shift
                hour, day = naive(HOUR_S), naive(DAY_S)
                fits = hour.asks < 3 and day.asks < 7 and hour.tokens + size * 10 <= 100
                assert book.take(key, Amounts(1, 0, size * 10), now) == fits
                if fits:
                    under_way[key] = size * 10
                    counted.append((local, key, size * 10))
            case "settle" if under_way:
                key = min(under_way)
                under_way.pop(key)
                book.settle(key, Amounts(tokens=size))
                counted = [(at, each, size if each == key else tokens) for at, each, tokens in counted]
            case "give back" if under_way:
                key = max(under_way)
                under_way.pop(key)
                book.give_back(key)
                counted = [each for each in counted if each[1] != key]
            case "wait":
                now += seconds
            case "clock":
                shift += seconds
                wall = clock(12)
                book.clock_is(now, Wall(wall.offset + shift, 0.0, known=True))
    book.clock_is(now, Wall(clock(12).offset + shift, 0.0, known=True))
    assert (book.spent.hour, book.spent.day) == (naive(HOUR_S), naive(DAY_S))


# -- through the scheduler ---------------------------------------------------------------------------------------------


def spender(**limits: Any) -> Machine:
    file = config(
        MAIN,
        {"when": "main long", "do": "ask anyway"},
        {"when": "back press", "do": "clear"},
        {"when": "scene change", "ask": "Where?"},
        budgets=limits,
        gateway={"listen": "127.0.0.1:8734"},
    )
    return Machine(file, estimate=lambda _, pictures: Amounts(1, pictures, 100 * (1 + pictures), 0.01))


def press(machine: Machine, instant: float) -> list[Any]:
    """Press, and end what that asks."""
    actions = machine.press("main", instant)
    for ask in started(actions):
        machine.ended(ask.id, "A door.", now=instant + 0.2)
    return actions


def test_at_the_limit_a_press_is_refused_its_wearer_told_and_its_frame_let_go() -> None:
    machine = spender(hour={"asks": 1})
    press(machine, 1.0)
    pin, unpin, refusal = press(machine, 2.0)
    assert (pin, unpin) == (Pin(2.0), Unpin(2.0))
    assert isinstance(refusal, Refuse)
    assert (refusal.code, refusal.seen) == (Code.BUDGET_SPENT, True)


def test_what_comes_by_itself_skips_and_whoever_else_asks_is_refused() -> None:
    machine = spender(hour={"asks": 1})
    press(machine, 1.0)
    assert machine.scene_changed(2.0) == [Skip("scene change", "budget", 2.0)]
    for origin in (Origin.API, Origin.CLI, Origin.GATEWAY):
        assert refused(machine.asked(Ask("a", "?", origin, 3.0))) == [("a", Code.BUDGET_SPENT)]


def test_each_change_of_what_is_spent_is_told_for_the_journal() -> None:
    machine = spender()
    ask = only_start(machine.press("main", 1.0))
    machine.ended(ask.id, "A door.", cost=Amounts(tokens=77, money=0.5), now=2.0)
    assert [spend.spent.hour for spend in machine.spends] == [Amounts(1, 1, 200, 0.01), Amounts(1, 1, 77, 0.5)]
    assert machine.spends[-1] == Spend(machine.scheduler.spent)


def test_an_ask_that_fails_before_it_leaves_costs_nothing() -> None:
    machine = spender(hour={"asks": 1})
    machine.ended(only_start(machine.press("main", 1.0)).id, code=Code.NO_PICTURE, sent=False, now=2.0)
    assert machine.scheduler.spent.hour == Amounts()
    assert len(started(machine.press("main", 3.0))) == 1


def test_one_that_waited_and_was_never_asked_costs_nothing() -> None:
    machine = spender()
    machine.press("main", 1.0)
    machine.asked(Ask("a", "?", Origin.API, 2.0))
    machine.cancelled("a")
    assert machine.scheduler.spent.hour.asks == 1


def test_at_80_percent_the_wearer_is_warned_once_an_hour_and_limit() -> None:
    machine = spender(hour={"asks": 10, "tokens": 10_000}, day={"asks": 1000})
    machine.scheduler.clock_is(0.0, clock(12))
    warned = [told(press(machine, float(number))) for number in range(1, 11)]
    assert warned == [[]] * 7 + [[Code.BUDGET_LOW]] + [[]] * 2
    assert [told(press(machine, HOUR_S + number)) for number in range(1, 9)] == [[]] * 7 + [[Code.BUDGET_LOW]]


def test_of_a_budget_that_a_reload_has_raised_the_wearer_is_warned_again() -> None:
    machine = Machine(config(MAIN, budgets={"hour": {"asks": 5}}))
    assert [told(press(machine, float(number))) for number in range(1, 6)] == [[]] * 3 + [[Code.BUDGET_LOW], []]
    machine.scheduler.configure(config(MAIN, budgets={"hour": {"asks": 10}}), 10.0)
    assert [told(press(machine, 10.0 + number)) for number in range(1, 4)] == [[], [], [Code.BUDGET_LOW]]


def test_a_warning_from_before_a_restart_is_not_given_again() -> None:
    machine = spender(hour={"asks": 10})
    actions = machine.heard(machine.scheduler.restored(Spent(-1, Amounts(8), -1, Amounts(8)), [], 0.0))
    assert told(actions) == []
    assert told(press(machine, 1.0)) == []


def test_a_long_press_can_ask_anyway_and_that_counts() -> None:
    machine = spender(hour={"asks": 1})
    press_it(machine, 1.0)
    assert refused(press_it(machine, 5.0)) == [("press-2", Code.BUDGET_SPENT)]
    ask = only_start(machine.hold("main", 8.0))
    assert (ask.prompt, ask.instant, ask.trigger) == ("What is this?", 8.0, "main press")
    assert machine.scheduler.spent.hour.asks == 2
    machine.ended(ask.id, now=9.0)
    assert started(machine.hold("main", 12.0)) == [], "once"


def test_what_was_asked_anyway_is_what_repeat_asks_again() -> None:
    machine = Machine(
        config(
            MAIN,
            {"when": "up press", "ask": "Read it."},
            {"when": "more press", "do": "ask anyway"},
            {"when": "again press", "do": "repeat"},
            budgets={"hour": {"asks": 1}},
        )
    )
    machine.ended(only_start(machine.press("main", 1.0)).id, now=2.0)
    machine.press("up", 3.0)
    machine.ended(only_start(machine.press("more", 5.0)).id, now=6.0)
    machine.scheduler.configure(config({"when": "again press", "do": "repeat"}), 7.0)
    assert only_start(machine.press("again", 8.0)).prompt == "Read it."


@pytest.mark.parametrize("ends", ["time", "clear", "an answer", "new wearer", "pause"])
def test_the_offer_to_ask_anyway_ends(ends: Any) -> None:
    machine = spender(hour={"asks": 1})
    press_it(machine, 1.0)
    press_it(machine, 5.0)
    match ends:
        case "clear" | "new wearer":
            machine.commanded(ends, 6.0)
        case "pause":
            machine.commanded("pause", 6.0)
            machine.commanded("unpause", 6.1)
        case "an answer":
            machine.scheduler.configure(config(MAIN, {"when": "main long", "do": "ask anyway"}), 6.0)
            machine.ended(only_start(press_it(machine, 7.0, end=False)).id, "A door.", now=8.0)
    assert started(machine.hold("main", 66.5 if ends == "time" else 20.0)) == []


def press_it(machine: Machine, instant: float, *, end: bool = True) -> list[Any]:
    """Press a button that has a long press too, and end what that asks."""
    actions = machine.press("main", instant)
    for ask in started(actions) if end else []:
        machine.ended(ask.id, "A door.", now=instant + 0.2)
    return actions


def test_a_refusal_that_takes_the_display_takes_the_answer_from_it() -> None:
    machine = Machine(
        config(MAIN, {"when": "up press", "do": "next page", "if": "answer shown"}, budgets={"hour": {"asks": 1}})
    )
    machine.ended(only_start(machine.press("main", 1.0)).id, "A door.", now=2.0)
    machine.press("main", 3.0)
    assert skipped(machine.press("up", 4.0)) == [("up press", "condition")]


def test_earlier_pictures_that_go_along_count_as_frames() -> None:
    from glassd_drivers.contracts import Frame

    machine = Machine(config(MAIN, follow_up={}, budgets={"hour": {"frames": 2}}))
    ask = only_start(machine.press("main", 1.0))
    frame = Frame(b"jpeg", "image/jpeg", 640, 480, 1.0, "camera")
    sent = Ask(ask.id, ask.prompt, ask.origin, ask.instant, pictures=(frame,))
    machine.ended(ask.id, "A door.", ask=sent, now=2.0)
    assert refused(machine.press("main", 3.0)) == [("press-2", Code.BUDGET_SPENT)]


def test_a_replaced_ask_still_counts_with_what_it_cost() -> None:
    machine = spender()
    first = only_start(machine.press("main", 1.0))
    assert Stop(first.id, unseen=True) in machine.press("main", 3.0)
    machine.ended(first.id, "A d", broke=True, code=Code.CANCELLED, cost=Amounts(tokens=5), now=3.1)
    assert machine.scheduler.spent.hour.tokens == 205
