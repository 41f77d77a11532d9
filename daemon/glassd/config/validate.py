"""A tree of values to a `Config`: each section by the schema's type, each device by its driver's too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from glassd.config.cross import check_across, check_model
from glassd.config.devices import Device, find_devices, resolve_paths, with_options
from glassd.config.model import Model
from glassd.config.report import Validated, note_empty, report
from glassd.config.schema import Config
from glassd.config.tree import Mapping, plain

if TYPE_CHECKING:
    from glassd.config.mistakes import Mistakes

SECTIONS_WITH_DEFAULTS = ("camera", "buttons", "displays", "triggers", "gestures", "budgets", "journal", "api", "log")
"""A section whose lines are all comments counts as one that is not there."""


def validate(root: Mapping, mistakes: Mistakes) -> tuple[Config | None, Mapping]:
    """Return the config that a tree holds, None where something in it is wrong; and the tree with paths made whole."""
    root, devices = resolve_paths(root, find_devices(root, mistakes))
    devices = [with_options(device, mistakes) for device in devices]
    config = None
    try:
        config = Config.model_validate_json(json.dumps(_document(root, devices)), strict=True)
    except ValidationError as error:
        report(error, Validated(Config, root, (), root.place), mistakes)
    check_across(root, devices, mistakes)
    note_empty(root, SECTIONS_WITH_DEFAULTS, mistakes)
    return _with_options(config, devices) if config else None, root


def validate_model(root: Mapping, mistakes: Mistakes) -> Model | None:
    """Return the `model:` section alone, None where something in it is wrong."""
    entry = root.entries.get("model")
    if entry is None or not isinstance(entry.node, Mapping):
        try:
            Config.model_validate_json(json.dumps({"model": plain(entry.node)} if entry else {}), strict=True)
        except ValidationError as error:
            report(error, Validated(Config, root, (), root.place), mistakes)
        return None
    model = None
    try:
        model = Model.model_validate_json(json.dumps(plain(entry.node)), strict=True)
    except ValidationError as error:
        report(error, Validated(Model, entry.node, ("model",), entry.place), mistakes)
    check_model(root, mistakes)
    note_empty(Mapping(root.place, {"model": entry}), (), mistakes)
    return model


def _document(root: Mapping, devices: list[Device]) -> Any:
    """Return the tree as JSON, with the role's part of each device alone."""
    document = plain(root)
    for device in devices:
        holder = document
        *way, last = device.path
        for key in way:
            holder = holder[key]
        holder[last] = device.role_part()
    return document


def _with_options(config: Config, devices: list[Device]) -> Config | None:
    """Put each driver's own options into their place."""
    if any(device.options is None for device in devices):
        return None
    update: dict[str, Any] = {}
    for section in ("buttons", "displays"):
        own = [device for device in devices if device.role == section]
        pairs = zip(getattr(config, section), own, strict=True)
        update[section] = [item.model_copy(update={"options": device.options}) for item, device in pairs]
    for device in devices:
        if device.role == "cameras" and config.camera is not None:
            update["camera"] = config.camera.model_copy(update={"options": device.options})
    return config.model_copy(update=update)
