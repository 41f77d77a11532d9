"""What the answers come to, in a few words for each line of the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glassd.config.fields import READER_URL, host_of
from glassd.setup import presses
from glassd.setup.ask_buttons import short
from glassd.setup.console import clipped
from glassd.setup.found import LATER_BUTTONS, LATER_CAMERA

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glassd.setup.answers import Answers
    from glassd.setup.document import Sections
    from glassd.setup.present import Present
    from glassd.setup.texts import Texts

NAME_CELLS = 24
"""How much of a device's name leaves room for its keys."""
LANGUAGES = {"zh": "中文", "en": "English"}


def summary_of(answers: Answers, sections: Sections, present: Present | None, texts: Texts) -> dict[str, list[str]]:
    """Return each section's lines."""
    kept = summary_of_present(present, texts) if present is not None else {}
    terminal = f" ({answers.terminal})"
    return {
        "language": [LANGUAGES[answers.language]],
        "model": kept["model"] if sections.model is None else [_endpoints([sections.model.endpoint], texts)],
        "camera": kept["camera"] if sections.camera is None else [_camera(sections.camera, sections.names, texts)],
        "buttons": kept["buttons"] if sections.buttons is None else _buttons(sections.buttons, sections.names, texts),
        "displays": kept["displays"] if sections.displays is None else _displays(sections.displays, texts, terminal),
        "triggers": kept["triggers"] if sections.triggers is None else _triggers(sections.triggers, texts),
    }


def summary_of_present(present: Present, texts: Texts) -> dict[str, list[str]]:
    """Return the lines of a config that is there."""
    config = present.config
    camera = {"driver": config.camera.driver, **_plain(config.camera.options)} if config.camera else {}
    buttons = [{"driver": one.driver, **_plain(one.options)} for one in config.buttons]
    displays = [{"driver": one.driver, **_plain(one.options)} for one in config.displays]
    endpoints = [one.model_dump(exclude_none=True) for one in config.model.endpoints]
    return {
        "model": [_endpoints(endpoints, texts)],
        "camera": [_camera(camera, {}, texts)],
        "buttons": _buttons(buttons, {}, texts),
        "displays": _displays(displays, texts, ""),
        "triggers": _triggers(present.triggers, texts),
    }


def _endpoints(endpoints: Iterable[dict[str, Any]], texts: Texts) -> str:
    told = []
    for endpoint in endpoints:
        if endpoint["url"] != READER_URL:
            models = dict.fromkeys(str(endpoint[name]) for name in ("vision", "text") if endpoint.get(name))
            told.append(f"{', '.join(models)} ({host_of(endpoint['url'])})")
    return "; ".join(told) or texts.services["reader"]


def _camera(camera: dict[str, Any], names: dict[str, str], texts: Texts) -> str:
    if not camera:
        return texts.none_camera
    later = texts.camera_later if camera.get("device") == LATER_CAMERA and "camera" in names else ""
    name = names.get("camera") or later or str(camera.get("device") or camera["driver"])
    size = camera.get("size")
    return f"{name}, {'x'.join(map(str, size)) if isinstance(size, tuple) else size}" if size else name


def _buttons(devices: list[dict[str, Any]], names: dict[str, str], texts: Texts) -> list[str]:
    lines = []
    for device in devices:
        later = texts.buttons_later if device.get("device") == LATER_BUTTONS and "buttons" in names else ""
        name = names.get("buttons") or later or str(device.get("device") or device.get("chip") or device["driver"])
        keys = (f"{short(str(key))} = {button}" for key, button in (device.get("map") or {}).items())
        lines.append(f"{clipped(name, NAME_CELLS)}: {', '.join(keys)}")
    return lines or [texts.none_buttons]


def _displays(displays: list[dict[str, Any]], texts: Texts, terminal: str) -> list[str]:
    return [f"{one['driver']}{terminal if one['driver'] == 'terminal' else ''}" for one in displays] or [
        texts.none_display
    ]


def _triggers(triggers: list[dict[str, Any]], texts: Texts) -> list[str]:
    told = [f"{presses.event_name(one, texts)}: {presses.effect(one, texts)}" for one in triggers]
    return told or [texts.actions[presses.NOTHING]]


def _plain(options: Any) -> dict[str, Any]:
    return {name: getattr(options, name) for name in type(options).model_fields}
