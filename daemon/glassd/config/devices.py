"""The sections of devices: which driver each names, and that driver's own options beside those of its role."""

from __future__ import annotations

import json
import os
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct
from msgspec.structs import replace
from pydantic import ValidationError

from glassd.config.merge import replace as replace_at
from glassd.config.mistakes import COMMAND_LINE, did_you_mean, nearest, readable
from glassd.config.report import Validated, report
from glassd.config.schema import ButtonDevice, Camera, DisplayDevice
from glassd.config.tree import Entry, Mapping, Node, Path, Scalar, Sequence, child, dotted, plain
from glassd_drivers import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.config.mistakes import Mistakes, Place
    from glassd.config.section import Section
    from glassd_drivers.contracts import DriverConfig, Role

SECTIONS: dict[str, tuple[Role, type[Section]]] = {
    "camera": ("cameras", Camera),
    "buttons": ("buttons", ButtonDevice),
    "displays": ("displays", DisplayDevice),
}
"""Which role and type the devices of a section have."""


class Device(Struct, frozen=True):
    """One device of the file. `driver` is None where it is not known, `options` where they are wrong.

    `config_type` is that of the driver, or of the one that was likely meant, so that its options can be checked.
    """

    role: Role
    section: type[Section]
    path: Path
    place: Place
    node: Mapping
    driver: str | None = None
    config_type: type[DriverConfig] | None = None
    options: DriverConfig | None = None

    @property
    def role_keys(self) -> list[str]:
        """The keys that belong to the role; all others are the driver's."""
        return role_keys(self.section)

    def role_part(self) -> dict[str, Any]:
        """Return the section as JSON without the driver's own options."""
        values = plain(self.node)
        return {**{key: values[key] for key in self.role_keys if key in values}, "options": {}}


def role_keys(section: type[Section]) -> list[str]:
    """Return the keys of a device's section that are not its driver's."""
    return [name for name in section.model_fields if name != "options"]


def find_devices(root: Mapping, mistakes: Mistakes) -> list[Device]:
    """Return the devices of a tree, each with its driver's config type; a name that stands for none is a mistake."""
    found = []
    types: dict[tuple[Role, str], tuple[type[DriverConfig] | None, str]] = {}
    for name, (role, section) in SECTIONS.items():
        if (entry := root.entries.get(name)) is None:
            continue
        for path, place, node in _of_section(name, entry):
            device = Device(role, section, path, place, node)
            driver = child(node, "driver")
            if isinstance(driver, Scalar) and isinstance(driver.value, str):
                key = (role, driver.value)
                if key not in types:
                    types[key] = _config_type(*key)
                config_type, wrong = types[key]
                if wrong:
                    mistakes.add(driver.place, dotted((*path, "driver")), wrong)
                device = replace(device, driver=None if wrong else driver.value, config_type=config_type)
            found.append(device)
    return found


def with_options(device: Device, mistakes: Mistakes) -> Device:
    """Return the device with its options as its driver reads them; what is wrong with them is noted."""
    if device.config_type is None:
        return device
    own = {key: entry for key, entry in device.node.entries.items() if key not in device.role_keys}
    node = Mapping(device.node.place, own, torn=device.node.torn)
    what = Validated(device.config_type, node, device.path, device.place, also=device.role_keys)
    try:
        options = device.config_type.model_validate_json(json.dumps(plain(node)), strict=True)
    except ValidationError as error:
        report(error, what, mistakes)
        return device
    except Exception as error:  # noqa: BLE001  a stranger's validator may raise anything
        text = f"expected options that the driver {device.driver} can check; it failed: {type(error).__name__}"
        mistakes.add(device.place, dotted(device.path), text)
        return device
    return replace(device, options=options)


def resolve_paths(root: Mapping, devices: list[Device]) -> tuple[Mapping, list[Device]]:
    """Make each path of a driver's options absolute, from the folder of the file that it stands in."""
    for device in devices:
        if device.config_type is None:
            continue
        try:
            schema = device.config_type.model_json_schema()
        except Exception:  # noqa: BLE001, S112  a stranger's type may have no JSON Schema: then its paths stay as they are
            continue
        for path, place, node in _relative_paths(device.node, schema, schema.get("$defs", {})):
            there = Scalar(node.place, _absolute(node), _absolute(node), quoted=True)
            root = cast("Mapping", replace_at(root, (*device.path, *path), Entry(place, there)) or root)
    return root, [replace(device, node=cast("Mapping", child(root, *device.path))) for device in devices]


def _of_section(name: str, entry: Entry) -> Iterator[tuple[Path, Place, Mapping]]:
    if name == "camera":
        if isinstance(entry.node, Mapping):
            yield (name,), entry.place, entry.node
    elif isinstance(entry.node, Sequence):
        for index, item in enumerate(entry.node.items):
            if isinstance(item, Mapping):
                yield (name, index), item.place, item


def _config_type(role: Role, name: str) -> tuple[type[DriverConfig] | None, str]:
    """Return the type of a driver's options, and what was expected where this is no name of one that works."""
    try:
        return cast("type[DriverConfig]", registry.load(role, name).Config), ""
    except registry.UnknownName as error:
        hint = did_you_mean(name, error.names, known="there are")
        near = nearest(name, error.names)
        meant = _config_type(role, near)[0] if near is not None else None
        return meant, f"expected a driver that is installed, got {readable(name)}; {hint}"
    except registry.RegistryError as error:
        return None, f"expected a driver that works: {' '.join(str(error).split())}"


def _relative_paths(node: Node, schema: Any, defs: dict[str, Any]) -> Iterator[tuple[Path, Place, Scalar]]:
    """Yield each path, by what the JSON Schema of the options says, that does not begin at the root."""
    schemas = [schema, *schema.get("anyOf", ())] if isinstance(schema, dict) else []
    for named in schemas:
        part = defs.get(named.get("$ref", "").removeprefix("#/$defs/"), named)
        if isinstance(node, Scalar):
            if part.get("format") in ("path", "file-path", "directory-path") and _is_relative(node):
                yield (), node.place, node
        elif isinstance(node, Mapping):
            for key, entry in node.entries.items():
                inner = part.get("properties", {}).get(key, part.get("additionalProperties"))
                for path, place, found in _relative_paths(entry.node, inner, defs):
                    yield (key, *path), entry.place if not path else place, found
        elif isinstance(node, Sequence):
            for index, item in enumerate(node.items):
                for path, place, found in _relative_paths(item, part.get("items"), defs):
                    yield (index, *path), place, found


def _is_relative(node: Scalar) -> bool:
    return isinstance(node.value, str) and node.text != "" and not FilePath(node.text).is_absolute()


def _absolute(node: Scalar) -> str:
    folder = FilePath.cwd() if node.place.file == COMMAND_LINE else FilePath(node.place.file).absolute().parent
    return os.path.normpath(folder / os.path.expanduser(node.text))  # noqa: PTH111  pathlib's raises for an unknown user
