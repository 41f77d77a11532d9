"""What `glassd check` says of buttons: when each gesture is known, which buttons trigger nothing, what never comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.config.triggers import ButtonEvent
from glassd.scheduler.gestures import CLICKS, decided
from glassd_drivers.contracts import EdgeKind
from glassd_drivers.units import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.config.schema import Config
    from glassd.config.triggers import Event, Gesture


def when_known(event: Event, config: Config) -> str:
    """Return how much later than the finger's own action the mapping lets a gesture be known; empty for at once."""
    if not isinstance(event, ButtonEvent):
        return ""
    mapped = _mapped(event.button, config)
    known = decided(event.gesture, mapped, config.gestures)
    if event.gesture == "long":
        return f"known after {duration_text(known.wait)} of holding"
    if known.by is EdgeKind.DOWN:
        return ""
    if not known.wait:
        return "known at its release: until then it may become a long"
    more = [gesture for gesture, clicks in CLICKS.items() if gesture in mapped and clicks > CLICKS[event.gesture]]
    return f"known {duration_text(known.wait)} after its release: until then it may become a {' or '.join(more)}"


def without_trigger(config: Config) -> list[str]:
    """Return the buttons that trigger nothing, of those that the maps of the devices name.

    They are no mistake: a keyboard has more keys than one asks with. A device without a map may have others.
    """
    maps = [getattr(device.options, "map", None) for device in config.buttons]
    values = [value for one in maps if isinstance(one, dict) for value in one.values() if isinstance(value, str)]
    used = {trigger.when.button for trigger in config.triggers if isinstance(trigger.when, ButtonEvent)}
    named = (value.split()[0] for value in values if value.split())
    return [button for button in dict.fromkeys(named) if button not in used]


def lost_to_repeats(config: Config) -> Iterator[str]:
    """Yield each gesture of several presses on a button whose repeats mean nothing."""
    rules = sorted(config.gestures.echoes, key=lambda rule: rule.within)
    repeats = {rule.seen_as: rule.within for rule in rules if rule.of == rule.seen_as}  # the longest of each button
    for number, trigger in enumerate(config.triggers):
        event = trigger.when
        if isinstance(event, ButtonEvent) and event.button in repeats and CLICKS.get(event.gesture, 1) > 1:
            within = duration_text(repeats[event.button])
            text = f"gestures.echoes passes over each press of {event.button} within {within} of another one"
            yield f"triggers.{number}.when: {event} may never come, for {text}"


def _mapped(button: str, config: Config) -> frozenset[Gesture]:
    events = (trigger.when for trigger in config.triggers)
    return frozenset(event.gesture for event in events if isinstance(event, ButtonEvent) and event.button == button)
