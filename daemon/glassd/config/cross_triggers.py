"""What a trigger needs of the other sections: its button, its camera, its endpoint; and of the triggers before it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from glassd.config.conditions import read_condition
from glassd.config.events import ButtonEvent, SceneChange, read_event
from glassd.config.fields import READER_URL
from glassd.config.mistakes import did_you_mean, readable
from glassd.config.section import keys_of
from glassd.config.tree import Lost, Mapping, Scalar, Sequence, child, dotted, items_of
from glassd.config.triggers import CONDITIONS_LIMIT, ONE_OF_BOTH, Trigger, read_frames

if TYPE_CHECKING:
    from glassd.config.conditions import Condition
    from glassd.config.devices import Device
    from glassd.config.events import Event
    from glassd.config.mistakes import Mistakes
    from glassd.config.tree import Node, Path


def check_triggers(root: Mapping, devices: list[Device], mistakes: Mistakes) -> None:
    """Note each trigger whose button, camera, endpoint or section is not there, and each that can never be reached."""
    buttons = produced_buttons(root, devices, mistakes)
    taken: dict[Event, _Taken] = {}
    for path, node in items_of(root, "triggers"):
        ask, do, when = child(node, "ask"), child(node, "do"), child(node, "when")
        if ask is not None and do is not None and not isinstance(ask, Lost) and not isinstance(do, Lost):
            mistakes.add(node.place, dotted(path), f"expected {ONE_OF_BOTH}")
        _check_conditions(root, path, node, mistakes)
        _check_endpoint(root, path, node, mistakes)
        _check_outbox(root, path, node, mistakes)
        event = _event(when)
        if event is None or not isinstance(when, Scalar):
            continue
        here = dotted((*path, "when"))
        if isinstance(event, SceneChange) and (blind := _never_looks(root)):
            mistakes.add(when.place, here, f"expected a camera that looks all the time, {blind}")
        elif isinstance(event, ButtonEvent) and buttons is not None and event.button not in buttons:
            near = did_you_mean(event.button, buttons, known="there are")
            mistakes.add(when.place, here, f"expected a button that a map: gives, got {readable(event.button)}; {near}")
        conditions = _conditions(node)
        if conditions is not None and (why := taken.setdefault(event, _Taken()).add(conditions, path, when)):
            mistakes.add(when.place, here, f"expected a trigger that can be reached, {why}")


class _Taken:
    """The triggers of one event, as they come in the file."""

    def __init__(self) -> None:
        self._first: dict[frozenset[Condition], tuple[Path, Scalar]] = {}

    def add(self, conditions: frozenset[Condition], path: Path, when: Scalar) -> str:
        """Take a trigger; return why it can never be reached, empty where it can.

        One that comes earlier, and asks for nothing that this one does not ask for as well, is always taken first.
        """
        for size in range(len(conditions) + 1):
            for part in itertools.combinations(conditions, size):
                if (first := self._first.get(frozenset(part))) is not None:
                    other, place = first[0], first[1].place
                    same = size == len(conditions)
                    mend = "an if: there leaves some to this one" if same else "put this one before it"
                    return f"{dotted(other)} in line {place.line} always comes first; {mend}"
        self._first[conditions] = path, when
        return ""


def _event(when: Node | None) -> Event | None:
    try:
        return read_event(when.text) if isinstance(when, Scalar) else None
    except ValueError:
        return None  # out of its bounds: that is told of itself


def _condition(node: Node) -> Condition | None:
    try:
        return read_condition(node.text) if isinstance(node, Scalar) else None
    except ValueError:
        return None  # likewise


def _written_conditions(node: Node) -> list[tuple[Path, Node]]:
    """Return what stands under `if:`, item by item, each with the rest of its path."""
    given = child(node, "if")
    if isinstance(given, Sequence):
        return [(("if", index), item) for index, item in enumerate(given.items)]
    return [] if given is None or (isinstance(given, Scalar) and given.value is None) else [(("if",), given)]


def _conditions(node: Node) -> frozenset[Condition] | None:
    """Return the conditions of a trigger; None where one cannot be read, or where a slip in a key may have been one."""
    if not isinstance(node, Mapping) or node.torn or not set(node.entries) <= set(keys_of(Trigger)):
        return None
    found: set[Condition] = set()
    for _, item in _written_conditions(node):
        condition = _condition(item)
        if condition is None:
            return None
        found.add(condition)
    return frozenset(found) if len(found) <= CONDITIONS_LIMIT else None


def _check_conditions(root: Mapping, path: Path, node: Node, mistakes: Mistakes) -> None:
    """Note each condition about something that the config does not have: it would always, or never, hold."""
    for rest, item in _written_conditions(node):
        condition = _condition(item)
        if condition is None:
            continue
        here = dotted((*path, *rest))
        if condition.fact == "scene changed" and (blind := _never_looks(root)):
            mistakes.add(item.place, here, f"expected a camera that looks all the time, {blind}")
        elif condition.fact == "over budget" and not _has_budget(root):
            mistakes.add(item.place, here, "expected a section budgets: with a bound in it, there is none to be over")
        elif condition.fact in ("perhaps sent", "queued") and not _has_section(root, "outbox"):
            mistakes.add(item.place, here, "expected a section outbox:, there is none for anything to wait in")


def _check_endpoint(root: Mapping, path: Path, node: Node, mistakes: Mistakes) -> None:
    """Note an endpoint that no name stands for, and one that has no model for the pictures of the trigger."""
    wanted = child(node, "endpoint")
    if not isinstance(wanted, Scalar) or not isinstance(wanted.value, str):
        return
    endpoints = [each for _, each in items_of(root, "model", "endpoints")]
    named = [(name, each) for each in endpoints if isinstance(name := child(each, "name"), Scalar)]
    here = dotted((*path, "endpoint"))
    meant = next((each for name, each in named if name.text == wanted.text), None)
    if meant is not None:
        if _takes_pictures(root, node) and _is_blind(meant):
            text = "expected an endpoint with a vision model, for the picture; this one has a text model alone"
            mistakes.add(wanted.place, here, text)
    elif endpoints and all(isinstance(each, Mapping) and not each.torn for each in endpoints):
        near = did_you_mean(wanted.text, [name.text for name, _ in named], known="named are")
        text = f"expected the name: of an endpoint, got {readable(wanted.text)}; {near}"
        mistakes.add(wanted.place, here, text)


def _takes_pictures(root: Mapping, node: Node) -> bool:
    frames, model = child(node, "frames"), child(node, "model")
    given = read_frames(frames.text) if isinstance(frames, Scalar) else None
    is_text = isinstance(model, Scalar) and model.text == "text"
    return _has_section(root, "camera") and not is_text and (given is None or given.count > 0)


def _is_blind(endpoint: Node) -> bool:
    url, vision = child(endpoint, "url"), child(endpoint, "vision")
    return vision is None and isinstance(url, Scalar) and url.text != READER_URL


def _check_outbox(root: Mapping, path: Path, node: Node, mistakes: Mistakes) -> None:
    waits = child(node, "outbox")
    if isinstance(waits, Scalar) and waits.value is True and not _has_section(root, "outbox"):
        text = "expected a section outbox: in which its asks may wait, there is none"
        mistakes.add(waits.place, dotted((*path, "outbox")), text)


def _has_section(root: Mapping, name: str) -> bool:
    node = child(root, name)
    return node is not None and not (isinstance(node, Scalar) and node.value is None)


def _has_budget(root: Mapping) -> bool:
    """Tell whether anything is bounded, or may be meant to be: what is wrong there is told there."""
    budgets = child(root, "budgets")
    spans = [child(budgets, span) for span in ("hour", "day")]
    if isinstance(budgets, Lost) or any(isinstance(span, Lost) for span in spans):
        return True
    return any(isinstance(span, Mapping) and span.entries for span in spans)


def _never_looks(root: Mapping) -> str:
    """Return why no camera looks all the time, as a scene change needs it; empty where one does."""
    camera = child(root, "camera")
    if camera is None or (isinstance(camera, Scalar) and camera.value is None):
        return "there is no camera: section"
    for key, all_the_time in (("capture", "ring"), ("keep_open", "always")):
        given = child(camera, key)
        if isinstance(given, Scalar) and isinstance(given.value, str) and given.text != all_the_time:
            return f"camera.{key} in line {given.place.line} is {readable(given.text)}, not {all_the_time}"
    return ""


def produced_buttons(root: Mapping, devices: list[Device], mistakes: Mistakes) -> list[str] | None:
    """Return the names of all buttons that the devices give; None where that cannot be known."""
    section = root.entries.get("buttons")
    count = len(section.node.items) if section and isinstance(section.node, Sequence) else 0
    found: list[str] = []
    own = [device for device in devices if device.role == "buttons"]
    if not own or len(own) != count:
        return None
    for device in own:
        names = _buttons_of(device, mistakes)
        if names is None:
            return None
        found.extend(names)
    return list(dict.fromkeys(found))


def _buttons_of(device: Device, mistakes: Mistakes) -> list[str] | None:
    """Return the values of a device's map, or of the one that its driver takes where it has none.

    Those of a map with mistakes may stand the wrong way round, so its keys count too.
    """
    field = device.config_type.model_fields.get("map") if device.config_type else None
    if field is None:
        return None
    given = child(device.node, "map")
    if isinstance(given, Mapping):
        if given.torn:
            return None
        values = [entry.node for entry in given.entries.values()]
        texts = [value.text for value in values if isinstance(value, Scalar)]
        if len(texts) != len(values):
            return None
        if mistakes.has_within(dotted((*device.path, "map"))):
            texts += given.entries
    elif given is None and isinstance(default := field.get_default(call_default_factory=True), dict):
        texts = [str(button) for button in default.values()]
    else:
        return None
    return [text.split()[0] for text in texts if text.split()]
