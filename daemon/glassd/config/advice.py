"""What is no mistake of a config, but is likely not what was meant."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from glassd.config.events import ButtonEvent, Every
from glassd.config.fields import READER_URL, host_of, is_loopback
from glassd.config.mistakes import readable
from glassd_drivers.units import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.config.model import Endpoint
    from glassd.config.policy import Budget
    from glassd.config.schema import Config
    from glassd.config.triggers import Trigger

UNBOUNDED_ASKS: Final = 1000
"""Asks a day of an interval past which somebody should have said what they may cost."""
_DAY_S: Final = 86400.0
_LOOKS_LIKE_NO_TEXT: Final = frozenset({"true", "false", "yes", "no", "on", "off", "none"})
_NEEDS: Final = {"send again": "outbox", "drop queued": "outbox", "new conversation": "follow_up"}


def advice(config: Config) -> Iterator[str]:
    """Yield each, as the path of a key and a sentence."""
    yield from _devices(config)
    yield from _fields(config)
    yield from _sections(config)
    yield from _intervals(config)
    yield from _prices(config)
    yield from _address(config)


def _devices(config: Config) -> Iterator[str]:
    if any(trigger.ask and trigger.takes.count for trigger in config.triggers) and config.camera is None:
        yield "there is no camera: section, so every ask goes without a picture"
    if any(isinstance(trigger.when, ButtonEvent) for trigger in config.triggers) and not config.buttons:
        yield "there is no buttons: section, so triggers start by `glassd press` alone"


def _fields(config: Config) -> Iterator[str]:
    for number, endpoint in enumerate(config.model.endpoints):
        for name, value in {**endpoint.fields, **endpoint.picture_fields}.items():
            if isinstance(value, str) and value.casefold() in _LOOKS_LIKE_NO_TEXT:
                text = f"{readable(value)} is sent as text; what is no text is written true, false or null, unquoted"
                yield f"model.endpoints.{number}: {readable(name)}: {text}"


def _sections(config: Config) -> Iterator[str]:
    """Yield each section that nothing uses, and each command that finds no section."""
    triggers = config.triggers
    if config.outbox is not None and not any(trigger.outbox for trigger in triggers):
        yield "outbox: no trigger has outbox: true, so only questions over the API that say so can wait there"
    goes_on = (trigger for trigger in triggers if trigger.ask and isinstance(trigger.when, ButtonEvent))
    if config.follow_up is not None and triggers and not any(trigger.follow_up for trigger in goes_on):
        yield "follow_up: no button goes on with a conversation, only questions over the API can"
    for number, trigger in enumerate(triggers):
        needed = _NEEDS.get(trigger.do or "")
        if needed is not None and getattr(config, needed) is None:
            yield f"triggers.{number}.do: {trigger.do} does nothing without a section {needed}:"
        if trigger.do == "ask anyway" and not _bounded(config):
            yield f"triggers.{number}.do: {trigger.do} does nothing without a bound under budgets:"


def _intervals(config: Config) -> Iterator[str]:
    """Yield each interval that its cool-down or a budget slows down, and each that nothing bounds."""
    for number, trigger in enumerate(config.triggers):
        event = trigger.when
        if not isinstance(event, Every):
            continue
        where = f"triggers.{number}"
        if trigger.cooldown > event.seconds:
            every = duration_text(event.seconds)
            yield f"{where}.cooldown: {duration_text(trigger.cooldown)} is longer than the interval, {every}"
        if trigger.ask is None:
            continue
        asks = int(_DAY_S / max(event.seconds, trigger.cooldown))
        if not trigger.condition:  # else nobody knows how often it holds
            yield from itertools.islice(_past_budgets(config, f"{where}.when: {event}", asks, trigger), 1)
        if asks > UNBOUNDED_ASKS and not _bounded(config) and any(map(_may_cost, config.model.endpoints)):
            yield f"{where}.when: {event} may ask {asks} times a day, and no budget bounds it (docs/triggers.md)"


def _past_budgets(config: Config, who: str, a_day: int, trigger: Trigger) -> Iterator[str]:
    """Yield each budget of asks or pictures that an interval alone would use up."""
    pictures = trigger.takes.count if config.camera is not None else 0
    for span, said, asks in (("hour", "an hour", a_day // 24), ("day", "a day", a_day)):
        budget: Budget = getattr(config.budgets, span)
        for name, most, count in (("asks", budget.asks, asks), ("frames", budget.frames, asks * pictures)):
            if most is not None and count > most:
                what = "asks" if name == "asks" else "pictures"
                yield f"{who} would send {count} {what} {said}, and budgets.{span}.{name} lets {most} go"


def _prices(config: Config) -> Iterator[str]:
    """Yield each endpoint without a price where money is bounded."""
    if config.budgets.hour.money is None and config.budgets.day.money is None:
        return
    for number, endpoint in enumerate(config.model.endpoints):
        if endpoint.price is None and _may_cost(endpoint):
            yield f"model.endpoints.{number}: it has no price:, so it counts as free in budgets of money"


def _address(config: Config) -> Iterator[str]:
    """Yield what an address without TLS means, and TLS without an address."""
    api = config.api
    if api.listen is None:
        if api.tls is not None or api.hosts:
            yield "api: there is no listen: beside it, so the unix socket alone is served"
    elif api.tls is None and not is_loopback(api.listen.rpartition(":")[0]):
        yield (
            f"api.listen: {api.listen} is plain http: whoever listens in on the network reads the token and sees the "
            "pictures, and browsers give such a page no camera; `tls: own` makes it https"
        )


def _bounded(config: Config) -> bool:
    return any(budget.model_fields_set for budget in (config.budgets.hour, config.budgets.day))


def _may_cost(endpoint: Endpoint) -> bool:
    """Tell whether somebody else may want money for it: it is not on the board."""
    return endpoint.url != READER_URL and not is_loopback(host_of(endpoint.url))
