"""The section `triggers:` as types: which event, under which condition, starts which ask or command.

An event and a condition are a few words in the file; here each is a value of its own, and `str` gives the words back.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from glassd.ask import Detail
from glassd.config import fields
from glassd.config.commands import Command
from glassd.config.mistakes import nearest, readable
from glassd.config.section import Section, at
from glassd_drivers.units import Duration

ONE_OF_BOTH = "either ask or do, and one of them"
START: str = "start"
SHORTEST_INTERVAL_S = 1.0
LONGEST_INTERVAL_S = 7 * 86400.0
BURST_LIMIT_FRAMES = 8
BURST_LIMIT_S = 10.0
QUEUE_LIMIT_ASKS = 8
"""Asks that may wait in each lane; one more is refused as busy."""

Gesture = Literal["press", "double", "triple", "long"]


# -- when --------------------------------------------------------------------------------------------------------------


class ButtonEvent(Section):
    """`when: main press`: a button's name and a gesture."""

    button: str
    gesture: Gesture

    def __str__(self) -> str:
        return f"{self.button} {self.gesture}"


class SceneChange(Section):
    """`when: scene change`: the wearer has come to look at something else."""

    what: Literal["scene change"] = fields.SCENE_CHANGE

    def __str__(self) -> str:
        return self.what


class Every(Section):
    """`when: every 30s`: again and again, the first time one interval after the start."""

    seconds: float
    text: str

    def __str__(self) -> str:
        return f"every {self.text}"


class At(Section):
    """`when: at 08:00`: each day at this time of the board's time zone, once its clock is known to be right."""

    minute: int
    """Minutes since midnight."""

    def __str__(self) -> str:
        return f"at {self.minute // 60:02d}:{self.minute % 60:02d}"


class AtStart(Section):
    """`when: start`: once, as soon as the daemon is ready."""

    what: Literal["start"] = "start"

    def __str__(self) -> str:
        return self.what


Event = ButtonEvent | SceneChange | Every | At | AtStart
_EVENTS = (ButtonEvent, SceneChange, Every, At, AtStart)
_TIME = r"([01][0-9]|2[0-3]):([0-5][0-9])"


def read_event(text: str) -> Event | None:
    """Return the event that a `when:` names, None where it is none; ValueError for one out of its bounds."""
    words = text.split()
    if words == fields.SCENE_CHANGE.split():
        return SceneChange()
    if words == [START]:
        return AtStart()
    if words[:1] == ["every"] and len(words) > 1:
        return _interval("".join(words[1:]))
    if len(words) == 2 and words[0] == "at" and (match := re.fullmatch(_TIME, words[1])):
        return At(minute=int(match[1]) * 60 + int(match[2]))
    if parts := fields.split_event(text):
        return ButtonEvent.model_validate({"button": parts[0], "gesture": parts[1]})
    return None


def _interval(text: str) -> Every | None:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415  only where a config has an interval

    try:
        seconds: float = TypeAdapter(Duration).validate_python(text)
    except ValidationError:
        return None
    if not SHORTEST_INTERVAL_S <= seconds <= LONGEST_INTERVAL_S:
        raise ValueError("an interval from 1s to 7d")
    return Every(seconds=seconds, text=text)


def _event(event: Any) -> Any:
    if isinstance(event, _EVENTS):
        return event
    if isinstance(event, str) and (found := read_event(event)) is not None:
        return found
    near = _nearest_event(event) if isinstance(event, str) else None
    hint = f"; did you mean {near}?" if near else ""
    known = f"such as main press, or {fields.SCENE_CHANGE}, every 30s, at 08:00, start"
    raise ValueError(f"a button and a gesture (press, double, triple, long), {known}{hint}")


def _nearest_event(text: str) -> str | None:
    """Return what was likely meant by words in another order, joined by other signs, or with a slip."""
    if near := nearest(" ".join(re.split(r"[\s_-]+", text.strip())), [fields.SCENE_CHANGE, START]):
        return near
    words = text.split() if len(text.split()) > 1 else re.split(r"[-_+,，]", text)
    gestures = {word: nearest(word, get_args(Gesture)) for word in words[:8]}
    buttons = [word for word, gesture in gestures.items() if gesture is None]
    named = sorted(
        {gesture for gesture in gestures.values() if gesture}, key="press".__eq__
    )  # a "long press" is a long
    return f"{readable(buttons[0])} {named[0]}" if len(buttons) == 1 and named else None


# -- if ----------------------------------------------------------------------------------------------------------------

Fact = Literal["answer shown", "cut off", "over budget", "perhaps sent", "queued", "online", "scene changed"]
FACTS: tuple[Fact, ...] = get_args(Fact)


class Condition(Section):
    """One condition: a fact that holds or, with `not` before it, does not; or a time of the day."""

    fact: Fact | Literal["between"]
    holds: bool = True
    """False where the words begin with `not`."""
    since: int = 0
    until: int = 0
    """Of `between`: minutes since midnight in the board's time zone; `until` before `since` is on the next day."""

    def __str__(self) -> str:
        words = self.fact if self.fact != "between" else f"between {_clock(self.since)} and {_clock(self.until)}"
        return words if self.holds else f"not {words}"


def read_condition(text: str) -> Condition | None:
    """Return the condition that a text of the file names, None where it is none."""
    words = " ".join(text.split())
    holds = not words.startswith("not ")
    words = words.removeprefix("not ")
    for fact in FACTS:
        if words == fact:
            return Condition(fact=fact, holds=holds)
    if match := re.fullmatch(f"between {_TIME} and {_TIME}", words):
        since, until = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
        if since != until:
            return Condition(fact="between", holds=holds, since=since, until=until)
    return None


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _condition(condition: Any) -> Any:
    if isinstance(condition, Condition):
        return condition
    if isinstance(condition, str) and (found := read_condition(condition)) is not None:
        return found
    near = nearest(condition.removeprefix("not "), FACTS) if isinstance(condition, str) else None
    hint = f"; did you mean {near}?" if near else ""
    raise ValueError(
        f"a condition: {', '.join(FACTS)}, or between 08:00 and 20:00, with or without not before it{hint}"
    )


# -- frames, busy ------------------------------------------------------------------------------------------------------


class Frames(Section):
    """`frames: none`, `one`, or `3 over 2s`: how many pictures an ask takes, from its instant on."""

    count: int = 1
    over: float = 0.0
    """Seconds from the first to the last."""
    text: str = "one"

    def __str__(self) -> str:
        return self.text


ONE_FRAME = Frames()
NO_FRAMES = Frames(count=0, text="none")


def read_frames(text: str) -> Frames | None:
    """Return the frames that a text names, None where it is none."""
    words = " ".join(text.split())
    if words == "none":
        return NO_FRAMES
    if words == "one":
        return ONE_FRAME
    if match := re.fullmatch(r"([2-9][0-9]?) over ([0-9]+(?:\.[0-9]+)?)(ms|s)", words):
        count, over = int(match[1]), float(match[2]) * (0.001 if match[3] == "ms" else 1.0)
        if count <= BURST_LIMIT_FRAMES and 0 < over <= BURST_LIMIT_S:
            return Frames(count=count, over=over, text=words)
    return None


def _frames(frames: Any) -> Any:
    if isinstance(frames, Frames):
        return frames
    if isinstance(frames, str) and (found := read_frames(frames)) is not None:
        return found
    raise ValueError(f"none, one, or a burst such as 3 over 2s ({BURST_LIMIT_FRAMES} over 10s at most)")


class Busy(Section):
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
            return Busy(how=how)
        case ["queue", most] if re.fullmatch("[1-9][0-9]?", most) and int(most) <= QUEUE_LIMIT_ASKS:
            return Busy(how="queue", most=int(most))
    return None


def _busy(busy: Any) -> Any:
    if isinstance(busy, Busy):
        return busy
    if isinstance(busy, str) and (found := read_busy(busy)) is not None:
        return found
    raise ValueError(f"replace, ignore, queue, or queue with a number up to {QUEUE_LIMIT_ASKS}, such as queue 3")


# -- the trigger -------------------------------------------------------------------------------------------------------

_OF_ASKS = ("detail", "frames", "endpoint", "model", "busy", "cut_off", "follow_up", "outbox")


class Trigger(Section):
    """Which event starts which ask or command."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["ask"]}, {"required": ["do"]}]})

    when: Annotated[
        Event,
        BeforeValidator(_event),
        WithJsonSchema(
            {
                "type": "string",
                "pattern": rf"^({fields.EVENT}|scene +change|every +\S.*|at +{_TIME}|start)$",
                "examples": ["main press", "up double", fields.SCENE_CHANGE, "every 30s", "at 08:00", "start"],
            }
        ),
    ]
    """A button and a gesture (main press, up double, main long), `scene change`, `every 30s`, `at 08:00`, `start`."""
    ask: str | None = Field(None, min_length=1)
    """The prompt to send with the frame that was in view. `{time}`, `{date}` and `{answer}`, the last answer, stand for
    themselves."""
    do: Command | None = None
    """A command instead of an ask."""
    condition: Annotated[
        list[Annotated[Condition, BeforeValidator(_condition), WithJsonSchema({"type": "string"})]],
        BeforeValidator(lambda given: [given] if isinstance(given, str) else given),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": 8}]}),
    ] = Field([], alias="if", max_length=8)
    """What must hold for it: `cut off`, `not answer shown`, `between 08:00 and 20:00` …; of several, all."""
    cooldown: Duration = 0.0
    """How long after it has asked or done something it does not again."""
    detail: Detail = "auto"
    """What the picture is for: the scene, the text in it, or not said."""
    frames: Annotated[
        Frames, BeforeValidator(_frames), WithJsonSchema({"type": "string", "examples": ["none", "one", "3 over 2s"]})
    ] = ONE_FRAME
    """How many pictures it takes: `none`, `one`, or a burst such as `3 over 2s`, from the press on."""
    endpoint: str | None = None
    """The name of the endpoint that is asked first; the others stay its fall-backs."""
    model: Literal["vision", "text"] | None = None
    """Which of an endpoint's models is asked; by default the one for pictures where it has some."""
    busy: Annotated[Busy, BeforeValidator(_busy), WithJsonSchema({"type": "string"})] | None = None
    """What happens while another ask is under way: `replace` it, `ignore` this one, or `queue` it, `queue 3` at most.
    By default a press replaces, and all else is ignored."""
    cut_off: Literal["resume", "anew"] = "resume"
    """Of a button: whether it goes on with an answer of its own that broke off and still stands, or asks anew."""
    follow_up: bool = True
    """Whether it goes on with the conversation, where there is a section `follow_up`."""
    outbox: bool = False
    """Whether it waits in the outbox while there is no network."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Trigger:
        if (self.ask is None) == (self.do is None):
            raise ValueError(ONE_OF_BOTH)
        if self.do is not None and (odd := [name for name in _OF_ASKS if name in self.model_fields_set]):
            raise at(odd[0], "no such key beside do, which asks nothing")
        if self.model == "text" and self.frames.count and "frames" in self.model_fields_set:
            raise at("model", "vision, for its frames are no matter for a text model (frames: none has it asked)")
        return self

    @property
    def takes(self) -> Frames:
        """The frames that its ask takes: none for a text model."""
        return NO_FRAMES if self.model == "text" else self.frames
