"""What presses do: the good default set, and the choice of actions for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from glassd.config.events import At, AtStart, ButtonEvent, Every, SceneChange, clock_text, read_event
from glassd_drivers.units import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from glassd.config.events import Event
    from glassd.setup.texts import FileTexts, Texts

Trigger = dict[str, Any]

QUESTIONS: dict[str, str | None] = {"what": None, "read": "text", "translate": "text", "describe": "scene"}
"""The questions that come with glassd, by the name of their text, each with what its picture is for."""
COMMANDS = ("cancel", "next page", "previous page", "clear", "resume", "toggle pause")
OWN, NOTHING = "own", "nothing"
ACTIONS = (*QUESTIONS, OWN, *COMMANDS, NOTHING)
"""What may be chosen for a press, in the order of the list."""
OF_MAIN = ("press", "double", "long")
"""The gestures of the main button that can be given something to do; of the others it is the press."""
_OTHERS = {"down": "next page", "up": "previous page", "back": "clear"}


def standard(buttons: Sequence[str], texts: FileTexts, *, outbox: bool = False) -> list[Trigger]:
    """Return the good default set for the buttons that there are; where none is `main`, the first one plays it.

    With `outbox` its questions wait for the network.
    """
    if not buttons:
        return []
    main = "main" if "main" in buttons else buttons[0]
    triggers = [
        trigger(f"{main} press", "what", texts),
        trigger(f"{main} double", "read", texts),
        trigger(f"{main} long", "cancel", texts),
        *(
            trigger(f"{button} press", action, texts)
            for button, action in _OTHERS.items()
            if button in buttons and button != main
        ),
    ]
    return [{**one, "outbox": True} if outbox and "ask" in one else one for one in triggers]


def trigger(when: str, action: str, texts: FileTexts) -> Trigger:
    """Return the trigger of an action that is no question of one's own."""
    if action not in QUESTIONS:
        return {"when": when, "do": action}
    detail = QUESTIONS[action]
    return {"when": when, "ask": getattr(texts, action), **({"detail": detail} if detail else {})}


def events(buttons: Sequence[str]) -> list[str]:
    """Return what can be given something to do."""
    main = "main" if "main" in buttons else next(iter(buttons), "")
    return [
        *(f"{main} {gesture}" for gesture in OF_MAIN if main),
        *(f"{button} press" for button in buttons if button != main),
    ]


def buttons_of(devices: Iterable[dict[str, Any]]) -> list[str]:
    """Return the names of the buttons that devices give."""
    names = [str(button).split() for device in devices for button in (device.get("map") or {}).values()]
    return list(dict.fromkeys(name[0] for name in names if name))


def of_buttons(triggers: Iterable[Trigger]) -> set[str]:
    """Return the buttons that triggers wait for."""
    events = (_event(trigger) for trigger in triggers)
    return {event.button for event in events if isinstance(event, ButtonEvent)}


def event_name(trigger: Trigger, texts: Texts) -> str:
    """Return what a trigger waits for, as a person says it, and its condition as the file has it."""
    match _event(trigger):
        case ButtonEvent(button, gesture):
            name = f"{button} {texts.gestures[gesture]}"
        case SceneChange():
            name = texts.scene_change
        case Every(seconds):
            name = texts.every.format(duration_text(seconds))
        case At(minute):
            name = texts.daily.format(clock_text(minute))
        case AtStart():
            name = texts.at_start
        case None:  # of a config with mistakes
            name = str(trigger["when"])
        case _ as unreachable:
            assert_never(unreachable)
    given = trigger.get("if") or []
    conditions = given if isinstance(given, list) else [given]
    return texts.condition.format(name, ", ".join(map(str, conditions))) if conditions else name


def effect(trigger: Trigger | None, texts: Texts) -> str:
    """Return what a trigger does, in a few words."""
    if trigger is None:
        return texts.actions[NOTHING]
    return str(trigger["ask"]) if "ask" in trigger else texts.actions[str(trigger["do"])]


def _event(trigger: Trigger) -> Event | None:
    try:
        return read_event(str(trigger["when"]))
    except ValueError:
        return None
