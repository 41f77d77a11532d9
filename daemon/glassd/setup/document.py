"""The config as setup writes it: each section with a word on what it is for, in the wearer's language."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wcwidth import wcswidth

from glassd.config.fields import READER_URL
from glassd.config.load import ConfigError, load
from glassd.config.merge import quoted_text, yaml_text
from glassd.setup import presses
from glassd.setup.answers import KEEP
from glassd.setup.console import clipped
from glassd.setup.found import buttons_section, camera_section, keys_of
from glassd.setup.languages import texts_in
from glassd.setup.latency import with_latency, with_latency_of
from glassd.setup.yaml_lines import item_lines, mapping_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd.config.schema import Config
    from glassd.setup.answers import Answers, ModelAnswers
    from glassd.setup.found import Found
    from glassd.setup.places import Places
    from glassd.setup.present import Present
    from glassd.setup.texts import FileTexts
    from glassd_drivers.discover import FoundCamera, FoundInput, FoundSerialLine

Row = tuple[str, str]
"""A line, and the comment behind it."""


@dataclass(frozen=True, slots=True)
class Sections:
    """The answers with what `auto` and `standard` stand for. None keeps what is there; `names` are devices' own."""

    model: ModelAnswers | None
    camera: dict[str, Any] | None
    buttons: list[dict[str, Any]] | None
    displays: list[dict[str, Any]] | None
    triggers: list[dict[str, Any]] | None
    names: dict[str, str]


def resolve(answers: Answers, found: Found, present: Present | None) -> Sections:
    """Return what is to be written; to keep what is not there is to take what is found."""
    kept = present.sections if present else {}
    keeps = {
        name for name in ("camera", "buttons", "displays", "triggers") if getattr(answers, name) == KEEP and present
    }
    camera, buttons, displays, triggers = answers.camera, answers.buttons, answers.displays, answers.triggers
    names: dict[str, str] = {}
    if camera in ("auto", KEEP):
        first = found.cameras[0] if found.cameras else None
        names["camera"] = first.name if first else ""
        camera = camera_section(first)
    if buttons in ("auto", KEEP):
        device = found.inputs[0] if found.inputs else None
        names["buttons"] = device.name if device else ""
        buttons = [buttons_section(device, keys_of(device))]
    if isinstance(camera, dict):
        names["camera"] = _name_of((*found.cameras, *found.serial_lines), camera)
    if isinstance(buttons, list) and len(buttons) == 1:
        names["buttons"] = _name_of((*found.inputs, *found.serial_lines), buttons[0])
    if not isinstance(displays, list):
        displays = [{"driver": "terminal"}] if displays == "terminal" else []
    buttons = buttons if isinstance(buttons, list) else []
    if not isinstance(triggers, list):
        given = present.buttons if present and "buttons" in keeps else presses.buttons_of(buttons)
        triggers = presses.standard(given, texts_in(answers.language).file, outbox=answers.outbox is True)
    return Sections(
        None if answers.model.service == KEEP and "model" in kept else answers.model,
        None if "camera" in keeps else camera if isinstance(camera, dict) else {},
        None if "buttons" in keeps else buttons,
        None if "displays" in keeps else displays,
        None if "triggers" in keeps else triggers,
        names,
    )


def compose(answers: Answers, sections: Sections, present: Present | None, places: Places) -> str:
    """Return the text of the config."""
    texts = texts_in(answers.language).file
    kept = present.sections if present else {}
    reload = f"systemctl reload {places.unit.removesuffix('.service')}" if places.unit else f"{places.command} reload"
    language = [(f"language: {answers.language}", texts.language)]
    parts = [
        texts.head.format(command=places.command, path=places.config, reload=reload),
        kept["model"] if sections.model is None else _model(sections.model, texts, places),
        _with_latency(answers, _camera(sections, texts, kept), kept),
        kept.get("buttons", texts.no_buttons) if sections.buttons is None else _buttons(sections, texts),
        kept.get("displays", texts.no_displays) if sections.displays is None else _displays(sections, texts),
        kept.get("triggers", texts.no_triggers) if sections.triggers is None else _triggers(sections, texts),
        "\n".join(_aligned(language)),
        *([f"{texts.outbox}\noutbox: {{}}"] if answers.outbox is True and "outbox" not in kept else []),
        *(present.others(but=() if answers.outbox else ("outbox",)) if present else ()),
    ]
    return "\n\n".join(parts) + "\n"


def mistakes_in(text: str, places: Places) -> list[str]:
    """Return what the loader says of a config, with the conf.d that is there over it, before it is put in place."""
    try:
        loaded(text, places)
    except ConfigError as error:
        return str(error).splitlines()
    return []


def loaded(text: str, places: Places) -> Config:
    """Return the config that a text and the conf.d that is there make; raise ConfigError with every mistake."""
    with tempfile.TemporaryDirectory(prefix="glassd-setup-") as folder:
        file = Path(folder) / places.config.name
        file.write_text(text, encoding="utf-8")
        (Path(folder) / "conf.d").symlink_to(places.config.parent.absolute() / "conf.d")
        try:
            return load(file).config
        except ConfigError as error:
            raise ConfigError(str(error).replace(folder, str(places.config.parent))) from error


def _model(model: ModelAnswers, texts: FileTexts, places: Places) -> str:
    instructions = texts.instructions if model.instructions is None else model.instructions
    rows: list[Row] = [("model:", ""), ("  endpoints:", "")]
    endpoint = model.endpoint
    if endpoint["url"] != READER_URL:
        comments = {
            "url": "",
            "key": texts.key.format(folder=places.credentials),
            "vision": texts.vision if "text" in endpoint else texts.both,
            "text": texts.text,
        }
        lines = [(f"{name}: {yaml_text(value)}", comments[name]) for name, value in endpoint.items()]
        rows += [(f"    {'- ' if at == 0 else '  '}{line}", comment) for at, (line, comment) in enumerate(lines)]
    rows.append((f"    - url: {READER_URL}", texts.reader))
    end = [f"  {texts.instructions_comment}", f"  instructions: {quoted_text(instructions)}"]
    return "\n".join([texts.model, *_aligned(rows), *end])


def _with_latency(answers: Answers, section: str, kept: dict[str, str]) -> str:
    """Return the camera's section with the latency that was answered, or else was there; as it is where it has none."""
    if isinstance(answers.latency, float):
        return with_latency(section, answers.latency) or section
    return with_latency_of(section, kept.get("camera", section))


def _camera(sections: Sections, texts: FileTexts, kept: dict[str, str]) -> str:
    if sections.camera is None:
        return kept.get("camera", texts.no_camera)
    if not sections.camera:
        return texts.no_camera
    head = texts.camera.format(name=_named(sections.names.get("camera", "")))
    return "\n".join([head, "camera:", *mapping_lines(sections.camera, 2)])


def _buttons(sections: Sections, texts: FileTexts) -> str:
    if not sections.buttons:
        return texts.no_buttons
    head = texts.buttons.format(name=_named(sections.names.get("buttons", "")))
    return "\n".join([head, "buttons:", *item_lines(sections.buttons, {"grab": texts.grab})])


def _displays(sections: Sections, texts: FileTexts) -> str:
    if not sections.displays:
        return texts.no_displays
    return "\n".join([texts.displays, "displays:", *item_lines(sections.displays)])


def _triggers(sections: Sections, texts: FileTexts) -> str:
    if not sections.triggers:
        return texts.no_triggers
    return "\n".join([texts.triggers, "triggers:", *item_lines(sections.triggers)])


def _name_of(devices: Sequence[FoundCamera | FoundInput | FoundSerialLine], section: dict[str, Any]) -> str:
    """Return what the device of a section calls itself; empty where it is none of those that were found."""
    return next((device.name for device in devices if str(device.path) == section.get("device")), "")


def _named(name: str) -> str:
    return f": {clipped(name, 60)}" if name else ""


def _aligned(rows: Sequence[Row]) -> list[str]:
    """Return lines whose comments stand one below the other."""
    width = max((_cells(line) for line, comment in rows if comment), default=0)
    return [f"{line}{' ' * (width - _cells(line))}  # {comment}" if comment else line for line, comment in rows]


def _cells(text: str) -> int:
    return max(wcswidth(text), 0)
