"""What happens in the daemon, counted, and as events for whoever listens (docs/api.md): cheap while nobody does."""

from __future__ import annotations

import logging
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from glassd.answer import Delta
from glassd_drivers.contracts import DeviceState, Mark, Profile, Screen

if TYPE_CHECKING:
    from glassd.answer import AnswerEvent
    from glassd.ask import Ask
    from glassd.events import Bus, Facts
    from glassd.metering import Meter
    from glassd.record import AskRecord
    from glassd_drivers.contracts import Edge
    from glassd_drivers.supervise import DeviceStatus

_log = logging.getLogger(__name__)

PROMPT_LIMIT_CHARS: Final = 1000
"""How much of a prompt an event has; the history has all of it, where words are kept."""
TEXT_LIMIT_CHARS: Final = 4000
"""How much text of an answer waits to be told at once."""


class Telling:
    """Puts the events together and hands them to a bus; a meter counts."""

    def __init__(self, bus: Bus, meter: Meter) -> None:
        self._bus = bus
        self._meter = meter

    def edge(self, edge: Edge) -> None:
        """A button went down or up."""
        self._bus.publish({"event": "edge", "button": edge.button, "kind": edge.kind.value})

    def scene(self) -> None:
        """The scene has changed."""
        self._bus.publish({"event": "scene"})

    def device(self, status: DeviceStatus) -> None:
        """A device stands otherwise than before."""
        told = {"event": "device", "name": status.name, "state": status.state.value, "error": status.error}
        self._bus.publish(told)
        state = status.state
        lost = state in (DeviceState.WAITING, DeviceState.FAILED)
        self._meter.device(status.name, ready=state is DeviceState.READY, lost=lost)

    def screen(self, display: str, screen: Screen) -> None:
        """A display is given another screen to show; of a growing answer's the newest is enough."""
        if not self._bus.listened:
            return
        if screen.mark is Mark.WRITING and not screen.must_show:
            self._bus.publish_soon(f"screen {display}", _screen(display, screen))
        else:
            self._bus.publish(_screen(display, screen))

    def asked(self, ask: Ask) -> None:
        """An ask begins."""
        self._bus.publish(_asked(ask))

    def came(self, ask_id: str, event: AnswerEvent) -> None:
        """Something came back for an ask: of it, text is told."""
        if self._bus.listened and isinstance(event, Delta):
            self._bus.publish_soon(f"delta {ask_id}", _delta(ask_id, event.text), self._joined)

    def ended(self, record: AskRecord) -> None:
        """An ask has ended; its line in the log says how."""
        self._bus.publish({"event": "ask", **record.as_json()})
        self._meter.ended(record)
        _log.log(*record.log_line())

    def _joined(self, before: Facts, after: Facts) -> Facts:
        if len(before["text"]) + len(after["text"]) > TEXT_LIMIT_CHARS:
            self._bus.hurry()
            return after
        return {**after, "text": before["text"] + after["text"]}


def beginning(status: Facts, screens: dict[str, Screen], under_way: list[tuple[Ask, str]]) -> list[Facts]:
    """Return as events how things stand: whoever begins to listen, or listens again, needs nothing else."""
    told = [{"event": "status", **status}, *(_screen(display, screen) for display, screen in screens.items())]
    for ask, text in under_way:
        told += [_asked(ask), _delta(ask.id, text)] if text else [_asked(ask)]
    return told


def displays(profiles: dict[str, Profile]) -> list[Facts]:
    """Return the displays for the status, with all that drawing their screens takes."""
    return [
        {"name": name, "profile": {fact: getattr(profile, fact) for fact in _PROFILE}}
        for name, profile in profiles.items()
    ]


def _screen(display: str, screen: Screen) -> Facts:
    return {"event": "screen", "display": display} | {name: getattr(screen, name) for name in _SCREEN}


def _asked(ask: Ask) -> Facts:
    return {
        "event": "asked",
        "ask": ask.id,
        "origin": ask.origin.value,
        "trigger": ask.trigger or None,
        "prompt": ask.prompt[:PROMPT_LIMIT_CHARS],
    }


def _delta(ask_id: str, text: str) -> Facts:
    return {"event": "delta", "ask": ask_id, "text": text}


_SCREEN = [field.name for field in fields(Screen)]
_PROFILE = [
    field.name for field in fields(Profile) if field.name != "characters"
]  # what is missing is replaced by then
