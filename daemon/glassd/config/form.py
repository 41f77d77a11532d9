"""What may stand where in the file, and whether the page may change it.

The sections say it themselves, by their types and marks. Of a device's options, none may be changed that its
driver does not mark (`glassd_drivers.settable`).
"""

from __future__ import annotations

import contextlib
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_origin

from msgspec import Struct
from pydantic import BaseModel

from glassd.config.devices import SECTIONS, role_keys
from glassd.config.schema import Config
from glassd.config.section import Fixed, keys_of
from glassd.config.tree import Scalar, child
from glassd_drivers import registry
from glassd_drivers.contracts import DriverConfig
from glassd_drivers.settable import Settable

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from glassd.config.tree import Node

_OF_A_DEVICE = Fixed("device")


class Key(Struct, frozen=True):
    """A key of a section. `section` is the type of the mapping that stands there, or of each that is listed there."""

    fixed: Fixed | None = None
    section: type[BaseModel] | None = None
    listed: bool = False
    device: str = ""
    """The name of the section of devices that it is, if any: whose keys hang on the driver."""

    def keys(self, node: Node | None) -> dict[str, Key]:
        """Return the keys of a mapping that stands here, or in the list here; none where any may."""
        if self.device:
            return _keys_of_device(self.device, node)
        return {} if self.section is None else keys_of_section(self.section)


@cache
def top() -> dict[str, Key]:
    """Return the keys of the whole file."""
    return {
        name: Key(key.fixed, key.section, key.listed, name) if name in SECTIONS else key
        for name, key in keys_of_section(Config).items()
    }


@cache
def keys_of_section(section: type[BaseModel]) -> dict[str, Key]:
    """Return the keys of a section that is no device's."""
    return {
        name: Key(_mark(field), _inner(field.annotation), _is_list(field.annotation))
        for name, field in keys_of(section).items()
    }


def options_of(name: str, node: Node | None) -> type[DriverConfig] | None:
    """Return the type of a device's options, by the driver that it names; None where that is not known."""
    driver = child(node, "driver")
    if isinstance(driver, Scalar) and isinstance(driver.value, str):
        with contextlib.suppress(registry.RegistryError):  # that is told of itself
            options: type[DriverConfig] = registry.load(SECTIONS[name][0], driver.value).Config
            return options
    return None


def _keys_of_device(name: str, node: Node | None) -> dict[str, Key]:
    _, section = SECTIONS[name]
    options = options_of(name, node)
    own = {} if options is None else _keys_of_options(options)
    return {**own, **{key: value for key, value in keys_of_section(section).items() if key in role_keys(section)}}


@cache
def _keys_of_options(options: type[DriverConfig]) -> dict[str, Key]:
    return {
        name: Key(None if any(isinstance(mark, Settable) for mark in field.metadata) else _OF_A_DEVICE)
        for name, field in keys_of(options).items()
    }


def _mark(field: FieldInfo) -> Fixed | None:
    return next((mark for mark in field.metadata if isinstance(mark, Fixed)), None)


def _inner(annotation: Any) -> type[BaseModel] | None:
    """Return the section that a type holds, itself or in a list: the first of several."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return None if issubclass(annotation, DriverConfig) else annotation
    return next((found for part in get_args(annotation) if (found := _inner(part)) is not None), None)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(_is_list(part) for part in get_args(annotation))
