"""What waits on disk for the network: which asks may, when they go, and what becomes of each."""

from __future__ import annotations

from typing import Any

import pytest
from machines import Machine, config, only_start, refused, sent, started, told

from glassd.answer import OutcomeKind
from glassd.ask import Ask, Origin
from glassd.config.triggers import ONE_FRAME
from glassd.messages.codes import Code
from glassd.scheduler.actions import Drop, End, Send, Stop, Tell
from glassd.scheduler.outbox import NETWORK_CODES
from glassd.spending import Amounts, Spent
from glassd.waiting import Waiting
from glassd.wall import Wall

MAIN = {"when": "main press", "ask": "What is this?", "outbox": True}
UP = {"when": "up press", "ask": "Read it."}
NOW_S = 20_000 * 86400.0


def board(*triggers: dict[str, Any], **outbox: Any) -> Machine:
    file = config(MAIN, UP, *triggers, outbox=outbox, gateway={"listen": "127.0.0.1:8734"})
    return Machine(file, estimate=lambda _, pictures: Amounts(1, pictures, 100))


def queue(machine: Machine, item: int, instant: float, size: int = 1000) -> list[Any]:
    """Press without a network, and have the ask put on disk."""
    ask = only_start(machine.press("main", instant))
    assert machine.scheduler.may_queue(ask.id, Code.NO_NETWORK, size, instant + 1)
    return machine.ended(ask.id, code=Code.NO_NETWORK, sent=False, queued=item, now=instant + 2)


def network(machine: Machine, up: bool, now: float) -> list[Any]:
    return machine.heard(machine.scheduler.network_is(up, now))


def wants_network(machine: Machine) -> bool:
    return machine.scheduler.wants_network


def sent_as(actions: list[Any]) -> str:
    (send,) = [action for action in actions if isinstance(action, Send)]
    return send.ask_id


# -- which may wait ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", Code)
def test_only_what_failed_for_the_network_may_wait(code: Code) -> None:
    machine = board()
    ask = only_start(machine.press("main", 1.0))
    assert machine.scheduler.may_queue(ask.id, code, 1000, 2.0) is (code in NETWORK_CODES)


def test_only_where_the_trigger_and_the_config_allow_it() -> None:
    machine = board()
    ask = only_start(machine.press("up", 1.0))
    assert not machine.scheduler.may_queue(ask.id, Code.DNS, 1000, 2.0)
    machine = Machine(config(MAIN))
    ask = only_start(machine.press("main", 1.0))
    assert not machine.scheduler.may_queue(ask.id, Code.DNS, 1000, 2.0)
    assert not machine.scheduler.may_queue("nobody", Code.DNS, 1000, 2.0)


def test_what_somebody_asks_may_wait_where_they_say_so() -> None:
    machine = board()
    machine.scheduler.asked(Ask("a", "?", Origin.CLI, 1.0), ONE_FRAME, outbox=True)
    assert machine.scheduler.may_queue("a", Code.DNS, 1000, 2.0)


@pytest.mark.parametrize(("limits", "sizes", "fit"), [({"asks": 2}, [100] * 3, 2), ({"size": "70KB"}, [30_000] * 3, 2)])
def test_it_is_bounded_in_number_and_bytes(limits: dict[str, Any], sizes: list[int], fit: int) -> None:
    machine = board(**limits)
    for item, size in enumerate(sizes[:fit], 1):
        queue(machine, item, 10.0 * item, size)
    ask = only_start(machine.press("main", 100.0))
    assert not machine.scheduler.may_queue(ask.id, Code.DNS, sizes[-1], 101.0)
    assert machine.scheduler.queued == fit


def test_what_the_wearer_does_not_want_any_more_is_not_kept() -> None:
    machine = board()
    ask = only_start(machine.press("main", 1.0))
    assert machine.scheduler.may_queue(ask.id, Code.DNS, 1000, 2.0)
    machine.commanded("cancel", 2.1)  # while it is being written
    assert not machine.scheduler.may_queue(ask.id, Code.DNS, 1000, 2.1)
    assert machine.ended(ask.id, code=Code.DNS, sent=False, queued=1, now=2.2) == [Drop((1,))]


def test_what_a_press_replaced_while_it_was_being_written_is_kept() -> None:
    machine = board()
    ask = only_start(machine.press("main", 1.0))
    machine.scheduler.may_queue(ask.id, Code.DNS, 1000, 2.0)
    machine.press("up", 2.1)
    machine.ended(ask.id, code=Code.DNS, sent=False, queued=1, now=2.2)
    assert machine.scheduler.queued == 1


# -- when they go ------------------------------------------------------------------------------------------------------


def test_what_waits_goes_once_the_network_is_back_one_after_the_other_in_their_order() -> None:
    machine = board()
    for number, item in enumerate((4, 9, 2), 1):
        assert sent(queue(machine, item, 10.0 * number)) == []
    assert wants_network(machine)
    order: list[int] = []
    actions = network(machine, True, 100.0)
    assert not wants_network(machine)
    while items := sent(actions):
        order += items
        assert machine.scheduler.queued == 3 - len(order) + 1
        actions = machine.ended(sent_as(actions), "A door.", now=101.0)
    assert order == [4, 9, 2]
    assert machine.scheduler.queued == 0


def test_it_waits_until_the_wearers_own_ask_is_answered_and_a_press_does_not_break_it_off() -> None:
    machine = board()
    queue(machine, 1, 10.0)
    own = only_start(machine.press("up", 20.0))
    assert sent(network(machine, True, 21.0)) == []
    actions = machine.ended(own.id, "A door.", now=22.0)
    assert sent(actions) == [1]
    assert [type(action) for action in machine.press("up", 23.0)] == [
        type(action) for action in board().press("up", 1.0)
    ]


def test_without_a_network_again_it_waits_on_and_is_not_tried_at_once() -> None:
    machine = board()
    queue(machine, 1, 10.0)
    ask_id = sent_as(network(machine, True, 20.0))
    assert sent(machine.ended(ask_id, code=Code.DNS, sent=False, queued=1, now=21.0)) == []
    assert wants_network(machine)
    assert sent(network(machine, True, 30.0)) == [1]


def test_whatever_kept_it_here_it_is_not_tried_in_a_ring() -> None:
    machine = board()
    queue(machine, 1, 10.0)
    ask_id = sent_as(network(machine, True, 20.0))
    assert sent(machine.ended(ask_id, code=Code.INTERNAL, sent=False, queued=1, now=21.0)) == []
    assert wants_network(machine)


def test_an_ask_that_left_says_that_the_network_is_there() -> None:
    machine = board()
    queue(machine, 1, 10.0)
    actions = machine.ended(only_start(machine.press("up", 20.0)).id, "A door.", now=21.0)
    assert sent(actions) == [1]


def test_a_pause_breaks_it_off_and_while_it_lasts_nothing_goes() -> None:
    machine = board()
    queue(machine, 1, 10.0)
    ask_id = sent_as(network(machine, True, 20.0))
    assert Stop(ask_id, Code.PAUSED, unseen=True) in machine.commanded("pause", 21.0)
    assert sent(machine.ended(ask_id, code=Code.PAUSED, sent=False, queued=1, now=21.1)) == []
    assert not wants_network(machine)
    assert sent(network(machine, True, 22.0)) == []
    assert sent(machine.commanded("unpause", 23.0)) == [1]


def test_while_paused_no_network_is_looked_for() -> None:
    machine = board()
    queue(machine, 1, 10.0)
    wanted = [wants_network(machine)]
    for command in ("pause", "unpause"):
        machine.commanded(command, 20.0)
        wanted.append(wants_network(machine))
    assert wanted == [True, False, True]


# -- perhaps sent ------------------------------------------------------------------------------------------------------


def test_what_was_perhaps_sent_is_told_and_goes_again_only_on_the_wearers_word() -> None:
    machine = board({"when": "more press", "do": "send again", "if": "perhaps sent"})
    waiting = [Waiting(1, None, 100, perhaps_sent=True), Waiting(2, None, 100)]
    actions = machine.heard(machine.scheduler.restored(Spent(), waiting, 1.0))
    assert told(actions) == [Code.PERHAPS_SENT]
    assert sent(actions) == [2]
    assert machine.scheduler.perhaps_sent == 1
    assert sent(machine.ended(sent_as(actions), "A door.", now=2.0)) == []
    assert sent(machine.press("more", 3.0)) == [1]


def test_one_that_was_broken_off_after_it_had_left_is_perhaps_sent() -> None:
    machine = board()
    queue(machine, 1, 10.0)
    ask_id = sent_as(network(machine, True, 20.0))
    assert machine.ended(ask_id, code=Code.STOPPING, sent=True, queued=1, now=21.0) == [Tell(Code.PERHAPS_SENT)]
    assert (machine.scheduler.queued, machine.scheduler.perhaps_sent) == (1, 1)


# -- age and dropping --------------------------------------------------------------------------------------------------


def test_what_has_waited_too_long_is_dropped() -> None:
    machine = board(age="1h")
    queue(machine, 1, 100.0)
    assert machine.until(102.0 + 3599.9) == []
    assert machine.until(102.0 + 3600.0) == [Drop((1,))]
    assert machine.scheduler.queued == 0
    assert machine.scheduler.spent == Spent()


def test_what_has_a_date_is_not_dropped_before_the_date_is_known() -> None:
    machine = board(age="1h")
    machine.scheduler.network_is(False, 1.0)
    machine.scheduler.restored(Spent(), [Waiting(1, NOW_S - 7200, 100), Waiting(2, NOW_S - 60, 100)], 1.0)
    machine.scheduler.clock_is(1.0, Wall(NOW_S + 1e6))
    assert machine.until(1e6) == []
    assert machine.heard(machine.scheduler.clock_is(10.0, Wall(NOW_S, 0.0, known=True))) == [Drop((1,))]
    assert machine.scheduler.due == 3600.0 - 60.0


def test_what_is_under_way_is_not_dropped_for_its_age() -> None:
    machine = board(age="1h")
    queue(machine, 1, 100.0)
    ask_id = sent_as(network(machine, True, 3700.0))
    assert machine.until(4000.0) == []
    machine.ended(ask_id, code=Code.DNS, sent=False, queued=1, now=4000.0)
    assert machine.until(4001.0) == [Drop((1,))]


def test_the_wearer_can_drop_all_and_what_is_under_way_is_broken_off() -> None:
    machine = board()
    for item in (1, 2):
        queue(machine, item, 10.0 * item)
    ask_id = sent_as(network(machine, True, 40.0))
    assert machine.commanded("drop queued", 41.0) == [Stop(ask_id, unseen=True), Drop((1, 2))]
    assert machine.ended(ask_id, code=Code.CANCELLED, sent=False, queued=1, now=41.1) == [Drop((1,))]
    assert machine.scheduler.spent == Spent()


# -- budgets, and what it says -----------------------------------------------------------------------------------------


def test_it_counts_from_its_own_admission_and_needs_no_second_one() -> None:
    file = config(MAIN, outbox={}, budgets={"hour": {"asks": 1}})
    machine = Machine(file)
    queue(machine, 1, 10.0)
    assert machine.scheduler.spent.hour.asks == 1
    assert refused(machine.press("main", 15.0)) == [("press-2", Code.BUDGET_SPENT)]
    ask_id = sent_as(network(machine, True, 20.0))
    machine.ended(ask_id, "A door.", cost=Amounts(tokens=7), now=21.0)
    assert (machine.scheduler.spent.hour.asks, machine.scheduler.spent.hour.tokens) == (1, 7)


def test_what_could_not_be_sent_and_is_dropped_costs_nothing() -> None:
    machine = board()
    queue(machine, 1, 10.0)
    ask_id = sent_as(network(machine, True, 20.0))
    machine.ended(ask_id, code=Code.DNS, sent=False, queued=1, now=21.0)
    assert machine.scheduler.spent.hour.asks == 1
    machine.commanded("drop queued", 22.0)
    assert machine.scheduler.spent == Spent()


def test_its_answer_stands_once_it_is_shown() -> None:
    machine = board({"when": "more press", "ask": "In English: {answer}"})
    queue(machine, 1, 10.0)
    ask_id = sent_as(network(machine, True, 20.0))
    kept = Ask(ask_id, "What is this?", Origin.BUTTON, 21.0, trigger="main press")
    end = End(kept, OutcomeKind.CUT_OFF, Code.GAP_TIMEOUT, "A gre")
    machine.heard(machine.scheduler.ended(ask_id, end, 22.0))
    more = only_start(machine.press("more", 23.0))
    assert more.prompt == "In English: "
    machine.ended(more.id, now=24.0)
    machine.scheduler.shown(end, 35.0)
    (ask,) = started(machine.press("main", 36.0))
    assert (ask.resumes, ask.given) == (ask_id, "A gre")


@pytest.mark.parametrize("condition", ["queued", "not online"])
def test_a_condition_can_ask_for_it(condition: str) -> None:
    machine = board({"when": "more press", "do": "drop queued", "if": condition})
    assert Drop((1,)) not in machine.press("more", 5.0)
    queue(machine, 1, 10.0)
    assert Drop((1,)) in machine.press("more", 15.0)


def test_a_trigger_that_waits_for_the_network_has_it_looked_for() -> None:
    machine = Machine(config(UP | {"if": "online"}))
    assert not wants_network(machine)
    machine.ended(only_start(machine.press("up", 1.0)).id, code=Code.NO_NETWORK, sent=False, now=2.0)
    assert wants_network(machine)
    assert started(machine.press("up", 3.0)) == []
    network(machine, True, 4.0)
    assert len(started(machine.press("up", 5.0))) == 1
