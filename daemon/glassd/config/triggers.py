"""The section `triggers:` as types: which event, under which condition, starts which ask or command."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from msgspec import Struct
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from glassd.ask import Detail
from glassd.config import fields
from glassd.config.commands import Command
from glassd.config.conditions import FACTS, Condition, Fact, can_hold, condition_of, read_condition
from glassd.config.events import (
    START,
    TIME,
    At,
    AtStart,
    ButtonEvent,
    Event,
    Every,
    Gesture,
    SceneChange,
    event_of,
    read_event,
)
from glassd.config.prompts import checked_prompt
from glassd.config.section import Section, at
from glassd_drivers.units import DURATION_PATTERN, Duration, duration_text, read_duration

__all__ = [
    "FACTS",
    "NO_FRAMES",
    "ONE_FRAME",
    "QUEUE_LIMIT_ASKS",
    "At",
    "AtStart",
    "Busy",
    "ButtonEvent",
    "Condition",
    "Event",
    "Every",
    "Fact",
    "Frames",
    "Gesture",
    "SceneChange",
    "Trigger",
    "read_condition",
    "read_event",
]

ONE_OF_BOTH = "either ask or do, and one of them"
BURST_LIMIT_FRAMES: Final = 8
BURST_LIMIT_S: Final = 10.0
QUEUE_LIMIT_ASKS: Final = 8
"""Asks that may wait in each lane; one more is refused as busy."""
CONDITIONS_LIMIT: Final = 8


class Frames(Struct, frozen=True):
    """`frames: none`, `one`, or `3 over 2s`: how many pictures an ask takes, from its instant on."""

    count: int = 1
    over: float = 0.0
    """Seconds from the first to the last; whole milliseconds."""

    def __str__(self) -> str:
        if self.count > 1:
            return f"{self.count} over {duration_text(self.over)}"
        return "one" if self.count else "none"


ONE_FRAME: Final = Frames()
NO_FRAMES: Final = Frames(count=0)


def read_frames(text: str) -> Frames | None:
    """Return the frames that a text names, None where it is none."""
    words = " ".join(text.split())
    if words in ("none", "one"):
        return ONE_FRAME if words == "one" else NO_FRAMES
    match = re.fullmatch(r"([2-9]) over (.+)", words)
    over = read_duration(match[2]) if match else None
    if match is None or over is None or not (0 < (over := round(over, 3)) <= BURST_LIMIT_S):
        return None
    return Frames(int(match[1]), over) if int(match[1]) <= BURST_LIMIT_FRAMES else None


def frames_of(written: Any) -> Frames:
    """Return the frames that a text names; raise ValueError, which says what is expected there, for any other."""
    if isinstance(written, Frames):
        return written
    if isinstance(written, str) and (found := read_frames(written)) is not None:
        return found
    most = f"{BURST_LIMIT_FRAMES} over {duration_text(BURST_LIMIT_S)}"
    raise ValueError(f"none, one, or a burst such as 3 over 2s, {most} at most")


class Busy(Struct, frozen=True):
    """`busy: replace`, `ignore`, `queue` or `queue 3`: what happens to it while another ask is under way."""

    how: Literal["replace", "ignore", "queue"]
    most: int = QUEUE_LIMIT_ASKS
    """Of `queue`: how many asks of this trigger may wait."""

    def __str__(self) -> str:
        return f"queue {self.most}" if self.how == "queue" and self.most != QUEUE_LIMIT_ASKS else self.how


def read_busy(text: str) -> Busy | None:
    """Return the policy that a text names, None where it is none."""
    match text.split():
        case ["replace" | "ignore" | "queue" as how]:
            return Busy(how)
        case ["queue", most] if re.fullmatch("[1-9]", most) and int(most) <= QUEUE_LIMIT_ASKS:
            return Busy("queue", int(most))
    return None


def busy_of(written: Any) -> Busy:
    """Return the policy that a text names; raise ValueError, which says what is expected there, for any other."""
    if isinstance(written, Busy):
        return written
    if isinstance(written, str) and (found := read_busy(written)) is not None:
        return found
    raise ValueError(f"replace, ignore, queue, or queue with a number up to {QUEUE_LIMIT_ASKS}, such as queue 3")


def _words(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^ *({pattern}) *$", "examples": list(examples)})


_CONDITION = rf"(not +)?({'|'.join(fact.replace(' ', ' +') for fact in FACTS)}|between +{TIME} +and +{TIME})"
_OF_ASKS = ("detail", "frames", "endpoint", "model", "busy", "cut_off", "follow_up", "outbox")


class Trigger(Section):
    """Which event starts which ask or command."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["ask"]}, {"required": ["do"]}]})

    when: Annotated[
        Event,
        PlainValidator(event_of),
        _words(
            rf"{fields.EVENT}|scene +change|every +{DURATION_PATTERN}|at +{TIME}|{START}",
            *("main press", "up double", fields.SCENE_CHANGE, "every 30s", "at 08:00", START),
        ),
    ]
    """A button and a gesture (main press, up double, main long), `scene change`, `every 30s`, `at 08:00`, `start`."""
    ask: Annotated[str, AfterValidator(checked_prompt)] | None = Field(None, min_length=1)
    """The prompt to send with the frame that was in view. `{time}`, `{date}` and `{answer}`, the last answer, stand for
    themselves."""
    do: Command | None = None
    """A command instead of an ask."""
    condition: Annotated[
        list[Annotated[Condition, PlainValidator(condition_of)]],
        BeforeValidator(lambda given: given if isinstance(given, list) else [given]),
        Field(max_length=CONDITIONS_LIMIT),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "pattern": f"^ *{_CONDITION} *$"},
                    {
                        "type": "array",
                        "items": {"type": "string", "pattern": f"^ *{_CONDITION} *$"},
                        "maxItems": CONDITIONS_LIMIT,
                    },
                ],
                "examples": ["cut off", "not answer shown", "between 08:00 and 20:00"],
            }
        ),
    ] = Field([], alias="if")
    """What must hold for it: `cut off`, `not answer shown`, `between 08:00 and 20:00` …; of several, all."""
    cooldown: Annotated[Duration, fields.at_most("24h")] = 0.0
    """How long after it has asked or done something it does not again."""
    detail: Detail = "auto"
    """What the picture is for: the scene, the text in it, or not said."""
    frames: Annotated[
        Frames,
        PlainValidator(frames_of),
        _words(rf"none|one|[2-{BURST_LIMIT_FRAMES}] +over +{DURATION_PATTERN}", "none", "one", "3 over 2s"),
    ] = Field(default_factory=Frames)
    """How many pictures it takes: `none`, `one`, or a burst such as `3 over 2s`, from the press on."""
    endpoint: str | None = None
    """The name of the endpoint that is asked first; the others stay its fall-backs."""
    model: Literal["vision", "text"] | None = None
    """Which of an endpoint's models is asked; by default the one for pictures where it has some."""
    busy: (
        Annotated[
            Busy,
            PlainValidator(busy_of),
            _words(f"replace|ignore|queue( +[1-{QUEUE_LIMIT_ASKS}])?", "replace", "ignore", "queue 3"),
        ]
        | None
    ) = None
    """What happens while another ask is under way: `replace` it, `ignore` this one, or `queue` it, `queue 3` at most.
    By default a press replaces, and all else is ignored."""
    cut_off: Literal["resume", "anew"] = "resume"
    """Of a button: whether it goes on with an answer of its own that broke off and still stands, or asks anew."""
    follow_up: bool = True
    """Of a button: whether it goes on with the conversation, where there is a section `follow_up`."""
    outbox: bool = False
    """Whether it waits in the outbox while there is no network."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Trigger:
        if (self.ask is None) == (self.do is None):
            raise ValueError(ONE_OF_BOTH)
        if self.do is not None and (odd := [name for name in _OF_ASKS if name in self.model_fields_set]):
            raise at(odd[0], "no such key beside do, which asks nothing")
        return self

    @model_validator(mode="after")
    def _says_what_can_be(self) -> Trigger:
        if self.model == "text" and self.frames.count and "frames" in self.model_fields_set:
            raise at("model", f"vision beside frames: {self.frames}, for a text model sees nothing; or frames: none")
        if not isinstance(self.when, ButtonEvent):
            for name, default in (("cut_off", "resume"), ("follow_up", True)):
                if name in self.model_fields_set and getattr(self, name) == default:
                    raise at(name, "no such key here: a button alone goes on with what was said before")
        if not can_hold(self.condition):
            raise at("if", "conditions that can hold at the same time")
        return self

    @property
    def takes(self) -> Frames:
        """The frames that its ask takes: none for a text model."""
        return NO_FRAMES if self.model == "text" else self.frames
