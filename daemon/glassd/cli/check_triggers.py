"""What `glassd check` says of triggers and of what they may spend, keep and leave for later: in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.cli.check_buttons import when_known
from glassd.config.events import ButtonEvent
from glassd.config.triggers import QUEUE_LIMIT_ASKS
from glassd_drivers.units import bytes_text, duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.config.policy import Budget
    from glassd.config.schema import Config
    from glassd.config.triggers import Busy, Trigger

_AMOUNTS = {"asks": "asks", "frames": "pictures", "tokens": "tokens"}
_KEPT = {
    "off": "nothing but what has been spent and what waits",
    "timings": "when each ask came, how it ended and what it cost",
    "text": "questions and answers, when each came, how it ended and what it cost",
}


def trigger_lines(config: Config) -> Iterator[str]:
    """Yield one line for what each trigger does, and one below it for each that differs from the usual."""
    for trigger in config.triggers:
        known = when_known(trigger.when, config)
        when = ", ".join([str(trigger.when), *(f"if {condition}" for condition in trigger.condition[:1])])
        when += "".join(f" and {condition}" for condition in trigger.condition[1:])
        yield f"{when}: {_effect(trigger)}{f' ({known})' if known else ''}"
        if manner := "; ".join(_manner(trigger, config)):
            yield f"  {manner}"


def policy_lines(config: Config) -> Iterator[str]:
    """Yield one line each for budgets, follow-ups, the journal and the outbox, where the config has them."""
    spans = ((name, _bounds(getattr(config.budgets, name))) for name in ("hour", "day"))
    if bounds := "; ".join(f"{bound} {'an' if name == 'hour' else 'a'} {name}" for name, bound in spans if bound):
        yield f"budgets: {bounds}"
    if (follow_up := config.follow_up) is not None:
        pictures = f", {follow_up.pictures} of their pictures" if follow_up.pictures else ", none of their pictures"
        clear = ", `clear` too" if follow_up.ends_with_clear else ""
        within = f"a press within {duration_text(follow_up.within)} of an answer takes along"
        end = f"`new conversation` ends it{clear}"
        yield f"follow-up: {within} up to {follow_up.turns} earlier questions{pictures}; {end}"
    journal = config.journal
    bounds = "" if journal.keep == "off" else f", for {duration_text(journal.age)}, {bytes_text(journal.size)} at most"
    pictures = "" if journal.pictures == "never" else f"; pictures for {duration_text(journal.pictures)}"
    yield f"journal: {_KEPT[journal.keep]}{bounds}{pictures}"
    if (outbox := config.outbox) is not None:
        room = f"{outbox.asks} asks, {bytes_text(outbox.size)} and {duration_text(outbox.age)} at most"
        yield f"outbox: {room}, encrypted with the key {outbox.key}"


def _effect(trigger: Trigger) -> str:
    return f"asks {trigger.ask!r}" if trigger.ask is not None else f"does {trigger.do}"


def _manner(trigger: Trigger, config: Config) -> Iterator[str]:
    """Yield what is said of a trigger beside its event and its question."""
    if trigger.ask is not None:
        if trigger.takes.count != 1 and config.camera is not None:
            yield (
                "without a picture"
                if trigger.takes.count == 0
                else f"with {str(trigger.takes).replace(' ', ' pictures ', 1)}"
            )
        if trigger.endpoint is not None:
            yield f"asks {trigger.endpoint} first"
        if trigger.model is not None:
            yield f"of the {trigger.model} model"
        if trigger.busy is not None:
            yield _busy(trigger.busy)
        if trigger.cut_off == "anew":
            yield "never goes on with an answer that broke off"
        if not trigger.follow_up and config.follow_up is not None and isinstance(trigger.when, ButtonEvent):
            yield "a question of its own, not a follow-up"
        if trigger.outbox:
            yield "waits in the outbox while there is no network"
    if trigger.cooldown:
        yield f"not again for {duration_text(trigger.cooldown)}"


def _busy(busy: Busy) -> str:
    if busy.how == "queue":
        most = f", {busy.most} at most" if busy.most != QUEUE_LIMIT_ASKS else ""
        return f"waits while another is under way{most}"
    return "passed over while another is under way" if busy.how == "ignore" else "takes the place of what is under way"


def _bounds(budget: Budget) -> str:
    amounts = [f"{count} {word}" for name, word in _AMOUNTS.items() if (count := getattr(budget, name)) is not None]
    return ", ".join([*amounts, *([] if budget.money is None else [f"money {budget.money:g}"])])
