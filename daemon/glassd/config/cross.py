"""What no section can know alone: names that another one must give, and things that only one may have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from glassd.config.cross_policy import check_policy
from glassd.config.cross_triggers import check_triggers
from glassd.config.fields import READER_URL, host_allowed, host_of, same_address, sends_key_in_clear
from glassd.config.mistakes import did_you_mean, readable
from glassd.config.model import NEEDS_HTTPS, Deadlines
from glassd.config.schema import ANY_MODEL, GestureTimes
from glassd.config.tree import Lost, Mapping, Node, Path, Scalar, Sequence, child, dotted, items_of
from glassd_drivers import registry

if TYPE_CHECKING:
    from glassd.config.devices import Device
    from glassd.config.mistakes import Mistakes
    from glassd.config.section import Section


def check_across(root: Mapping, devices: list[Device], mistakes: Mistakes) -> None:
    """Note every mistake between sections."""
    check_model(root, mistakes)
    for longer in ("double", "long"):
        _check_waits(root, ("gestures",), GestureTimes, ("debounce", longer), mistakes)
    _check_devices(devices, mistakes)
    _check_profiles(devices, mistakes)
    check_triggers(root, devices, mistakes)
    check_policy(root, mistakes)
    _check_gateway(root, mistakes)


def check_model(root: Mapping, mistakes: Mistakes) -> None:
    """Note what is wrong with a model section that is good in itself.

    That is each key that would go over plain http, each host that nothing may be sent to, each name that two endpoints
    have, and each deadline that the whole one would always forestall.
    """
    named: dict[str, Scalar] = {}
    for path, node in items_of(root, "model", "endpoints"):
        own = child(node, "name")
        if isinstance(own, Scalar) and isinstance(own.value, str):
            first = named.setdefault(own.text, own)
            if first is not own:
                text = f"expected a name of its own, the endpoint in line {first.place.line} has this one"
                mistakes.add(own.place, dotted((*path, "name")), text)
        url, key = child(node, "url"), child(node, "key")
        if isinstance(url, Scalar) and isinstance(key, Scalar) and key.value and sends_key_in_clear(url.text):
            mistakes.add(url.place, dotted((*path, "url")), f"expected {NEEDS_HTTPS}")
    _check_hosts(root, mistakes)
    for name in ("connect", "first", "gap"):
        _check_waits(root, ("model", "deadlines"), Deadlines, (name, "whole"), mistakes)


def _check_hosts(root: Mapping, mistakes: Mistakes) -> None:
    """Note each endpoint and each proxy whose host `allow_hosts` does not name, one on loopback too.

    A list that cannot be read allows nothing, but where it is reported itself no more is said.
    """
    allowed = child(root, "allow_hosts")
    if allowed is None or isinstance(allowed, Lost) or (isinstance(allowed, Scalar) and allowed.value is None):
        return
    if mistakes.has("allow_hosts") or mistakes.has_within("allow_hosts"):
        return
    items = allowed.items if isinstance(allowed, Sequence) else ()
    patterns = [item.text for item in items if isinstance(item, Scalar)]
    names = ", ".join(map(readable, patterns)) or "none"
    for path, node in items_of(root, "model", "endpoints"):
        for key in ("url", "proxy"):
            url = child(node, key)
            if not isinstance(url, Scalar) or url.text == READER_URL or not (host := host_of(url.text)):
                continue
            if not host_allowed(host, patterns):
                # No address is a slip of another.
                near = did_you_mean(host, patterns, known="it names") if host[-1:].isalpha() else f"it names: {names}"
                text = (
                    f"expected a host that allow_hosts names (line {allowed.place.line}), got {readable(host)}; {near}"
                )
                mistakes.add(url.place, dotted((*path, key)), text)


def _check_gateway(root: Mapping, mistakes: Mistakes) -> None:
    """Note what the gateway must not share with the API, and each alias of a model that no endpoint has."""
    for key, shared in (("token", "a credential"), ("listen", "an address")):
        own, of_api = child(root, "gateway", key), child(root, "api", key)
        if not isinstance(own, Scalar) or not isinstance(of_api, Scalar) or not own.value or not of_api.value:
            continue
        if own.text == of_api.text or (key == "listen" and _in_the_way(own.text, of_api.text)):
            text = f"expected {shared} of its own, api.{key} in line {of_api.place.line} has this one"
            mistakes.add(own.place, dotted(("gateway", key)), text)
    names = _model_names(root)
    aliases = child(root, "gateway", "models")
    if names is None or not isinstance(aliases, Mapping):
        return
    for alias, entry in aliases.entries.items():
        meant = entry.node
        if isinstance(meant, Scalar) and isinstance(meant.value, str) and meant.text not in names:
            near = did_you_mean(meant.text, names, known="there are")
            text = f"expected a model that an endpoint has, got {readable(meant.text)}; {near}"
            mistakes.add(meant.place, dotted(("gateway", "models", alias)), text)


def _model_names(root: Mapping) -> list[str] | None:
    """Return the names of the endpoints' models, and the one for whichever the config takes; None where unknown."""
    found = []
    for _, node in items_of(root, "model", "endpoints"):
        if not isinstance(node, Mapping) or node.torn:
            return None
        names = [child(node, key) for key in ("vision", "text")]
        if any(isinstance(name, Lost) for name in names):
            return None
        found += [name.text for name in names if isinstance(name, Scalar) and isinstance(name.value, str)]
    return [*found, ANY_MODEL]


def _in_the_way(one: str, other: str) -> bool:
    try:
        return same_address(one, other)
    except ValueError:
        return False  # no address: that is told of itself


def _check_waits(root: Mapping, path: Path, section: type[Section], names: tuple[str, str], mistakes: Mistakes) -> None:
    """Note a wait that is written in the file and longer than another one that it must fit into."""
    shorter, longer = (child(root, *path, name) for name in names)
    wait, limit = (_seconds(section, name, node) for name, node in zip(names, (shorter, longer), strict=True))
    if isinstance(shorter, Scalar) and wait is not None and limit is not None and wait > limit:
        text = f"expected at most {names[1]}, which is {limit:g}s, got {readable(shorter.text)}"
        mistakes.add(shorter.place, dotted((*path, names[0])), text)


def _seconds(section: type[Section], name: str, node: Node | None) -> float | None:
    """Return a wait as its section reads it, or its default; None where it is wrong."""
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return float(section.model_fields[name].default)
    if not isinstance(node, Scalar):
        return None
    try:
        return float(getattr(section.model_validate_json(json.dumps({name: node.value})), name))
    except ValidationError:
        return None


def _check_devices(devices: list[Device], mistakes: Mistakes) -> None:
    """Note each device that another one of its role has already."""
    taken: dict[tuple[str, str, object], Device] = {}
    for device in devices:
        if device.options is None or device.driver is None:
            continue
        fields = type(device.options).model_fields
        which = device.options.device if "device" in fields else device.options.model_dump_json()  # type: ignore[attr-defined]  # looked up above
        first = taken.setdefault((device.role, device.driver, str(which)), device)
        if first is not device:
            at = child(device.node, "device") or child(device.node, "driver")
            place, name = (
                (at.place, "device" if child(device.node, "device") else "driver") if at else (device.place, "")
            )
            text = f"expected a device of its own, this one is that of {dotted(first.path)} in line {first.place.line}"
            mistakes.add(place, dotted((*device.path, name)), text)


def _check_profiles(devices: list[Device], mistakes: Mistakes) -> None:
    for device in devices:
        profile = child(device.node, "profile") if device.role == "displays" else None
        if isinstance(profile, Scalar) and isinstance(profile.value, str):
            names = registry.profile_names()
            if profile.text not in names:
                near = did_you_mean(profile.text, names, known="there are")
                text = f"expected a profile that is installed, got {readable(profile.text)}; {near}"
                mistakes.add(profile.place, dotted((*device.path, "profile")), text)
