"""What presses do: the good default set, and the choice of actions for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glassd.config.fields import SCENE_CHANGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from glassd.config.schema import Config
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


def standard(buttons: Sequence[str], texts: FileTexts) -> list[Trigger]:
    """Return the good default set for the buttons that there are; where none is `main`, the first one plays it."""
    if not buttons:
        return []
    main = "main" if "main" in buttons else buttons[0]
    return [
        trigger(f"{main} press", "what", texts),
        trigger(f"{main} double", "read", texts),
        trigger(f"{main} long", "cancel", texts),
        *(
            trigger(f"{button} press", action, texts)
            for button, action in _OTHERS.items()
            if button in buttons and button != main
        ),
    ]


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


def of_config(config: Config) -> list[Trigger]:
    """Return the triggers of a config as it is written."""
    return [
        {
            "when": str(one.when),
            **({"do": one.do} if one.ask is None else {"ask": one.ask}),
            **({} if one.detail == "auto" else {"detail": one.detail}),
        }
        for one in config.triggers
    ]


def event_name(event: str, texts: Texts) -> str:
    """Return a button and a gesture as a person says them."""
    if event == SCENE_CHANGE:
        return texts.scene_change
    button, gesture = event.split()
    return f"{button} {texts.gestures[gesture]}"


def effect(trigger: Trigger | None, texts: Texts) -> str:
    """Return what a trigger does, in a few words."""
    if trigger is None:
        return texts.actions[NOTHING]
    return str(trigger["ask"]) if "ask" in trigger else texts.actions[str(trigger["do"])]
