"""What a trigger waits for: the words of `when:` as values, and `str` of a value gives its words back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from msgspec import Struct

from glassd.config.fields import SCENE_CHANGE, split_event
from glassd.config.mistakes import nearest, readable
from glassd_drivers.units import duration_text, read_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

START: Final = "start"
SHORTEST_INTERVAL_S: Final = 1.0
LONGEST_INTERVAL_S: Final = 7 * 86400.0
TIME: Final = r"([01][0-9]|2[0-3]):([0-5][0-9])"
"""A time of the day, as a regular expression with the hour and the minute as its groups."""

Gesture = Literal["press", "double", "triple", "long"]


class ButtonEvent(Struct, frozen=True):
    """`when: main press`: a button's name and a gesture."""

    button: str
    gesture: Gesture

    def __str__(self) -> str:
        return f"{self.button} {self.gesture}"


class SceneChange(Struct, frozen=True):
    """`when: scene change`: the wearer has come to look at something else."""

    def __str__(self) -> str:
        return SCENE_CHANGE


class Every(Struct, frozen=True):
    """`when: every 30s`: again and again, the first time one interval after the start."""

    seconds: float
    """Whole milliseconds."""

    def __str__(self) -> str:
        return f"every {duration_text(self.seconds)}"


class At(Struct, frozen=True):
    """`when: at 08:00`: each day at this time of the board's time zone, once its clock is known to be right."""

    minute: int
    """Minutes since midnight."""

    def __str__(self) -> str:
        return f"at {clock_text(self.minute)}"


class AtStart(Struct, frozen=True):
    """`when: start`: once, as soon as the daemon is ready."""

    def __str__(self) -> str:
        return START


Event = ButtonEvent | SceneChange | Every | At | AtStart


def read_event(text: str) -> Event | None:
    """Return the event that a `when:` names, None where it is none; ValueError for one out of its bounds."""
    words = text.split()
    if words == SCENE_CHANGE.split():
        return SceneChange()
    if words == [START]:
        return AtStart()
    if words[:1] == ["every"] and (seconds := read_duration("".join(words[1:]))) is not None:
        if not SHORTEST_INTERVAL_S <= seconds <= LONGEST_INTERVAL_S:
            raise ValueError(
                f"an interval from {duration_text(SHORTEST_INTERVAL_S)} to {duration_text(LONGEST_INTERVAL_S)}"
            )
        return Every(round(seconds, 3))
    if len(words) == 2 and words[0] == "at" and (minute := read_clock(words[1])) is not None:
        return At(minute)
    if parts := split_event(text):
        button, gesture = parts
        return ButtonEvent(button, _GESTURES[gesture])
    return None


def event_of(written: Any) -> Event:
    """Return the event that a `when:` names; raise ValueError, which says what is expected there, for any other."""
    if isinstance(written, Event):
        return written
    if isinstance(written, str) and (found := read_event(written)) is not None:
        return found
    near = _nearest_event(written) if isinstance(written, str) else None
    hint = f"; did you mean {near}?" if near else ""
    known = f"such as main press, or {SCENE_CHANGE}, every 30s, at 08:00, {START}"
    raise ValueError(f"a button and a gesture ({', '.join(_GESTURES)}), {known}{hint}")


def read_clock(text: str) -> int | None:
    """Return the minutes since midnight of a time such as 08:00, None where it is none."""
    match = re.fullmatch(TIME, text)
    return int(match[1]) * 60 + int(match[2]) if match else None


def clock_text(minute: int) -> str:
    """Return a time of the day, in minutes since midnight, as a file holds it."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def whole_clock(hour: str, minute: str) -> str | None:
    """Return a time that was written in short, such as 8:00, in full; None for one that no day has."""
    text = f"{int(hour):02d}:{minute}"
    return text if read_clock(text) is not None else None


_GESTURES: Mapping[str, Gesture] = {gesture: gesture for gesture in get_args(Gesture)}
_UNITS: Mapping[str, str] = {"s": "s", "m": "min", "h": "h", "d": "d", "小": "h", "分": "min", "秒": "s", "天": "d"}
"""By its first letter, the unit that a word for one means."""


def _nearest_event(text: str) -> str | None:
    """Return what was likely meant by words in another order, joined by other signs, or with a slip."""
    if match := re.search(r"(?<![0-9])([0-9]{1,2})[:：.]([0-9]{2})(?![0-9])", text):
        clock = whole_clock(match[1], match[2])
        return f"at {clock}" if clock else None
    words = " ".join(re.split(r"[\s_-]+", text.strip()))
    if (match := re.fullmatch(r"([^\W0-9]*) ?([0-9]{1,6}(?:\.[0-9]{1,3})?) ?([^\W0-9]*)", words)) and (
        not match[1] or match[1].startswith("每") or nearest(match[1], ("every", "each"))
    ):
        unit = "ms" if match[3] == "ms" else _UNITS.get((match[3] or "s")[0].lower())
        return f"every {match[2]}{unit}" if unit else None
    if near := nearest(words, [SCENE_CHANGE, START, f"at {START}", f"on {START}"]):
        return near if near == SCENE_CHANGE else START
    parts = text.split() if len(text.split()) > 1 else re.split(r"[-_+,，]", text)
    gestures = {word: nearest(word, _GESTURES) for word in parts[:8]}
    buttons = [word for word, gesture in gestures.items() if gesture is None]
    named = sorted(
        {gesture for gesture in gestures.values() if gesture}, key="press".__eq__
    )  # a "long press" is a long
    return f"{readable(buttons[0])} {named[0]}" if len(buttons) == 1 and named else None
