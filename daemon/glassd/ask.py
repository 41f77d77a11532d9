"""An ask: one question on its way to a model."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from glassd.limits import LEAST_SIDE_PX
from glassd_drivers.contracts import Frame
from glassd_drivers.pictures import media_type_and_size

if TYPE_CHECKING:
    from collections.abc import Mapping

Detail = Literal["scene", "text", "auto"]


class Origin(StrEnum):
    """What an ask came from."""

    BUTTON = "button"
    SCENE = "scene"
    INTERVAL = "interval"
    TIME = "time"
    START = "start"
    API = "api"
    CLI = "cli"
    GATEWAY = "gateway"


class Link(Struct, frozen=True):
    """A picture that is named by its URL: passed on to the model, never fetched by us."""

    url: str


Picture = Frame | Link


def sent_frame(data: bytes, instant: float, source: str) -> Frame:
    """Return a picture that somebody sent, once it is known to be whole and large enough; raise PictureError.

    What it is, the bytes say themselves, whatever its sender called it.
    """
    facts = media_type_and_size(data, LEAST_SIDE_PX)
    return Frame(data, facts.media_type, facts.width, facts.height, instant, source)


class Turn(Struct, frozen=True):
    """One earlier turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str
    pictures: tuple[Picture, ...] = ()


class Ask(Struct, frozen=True):
    """One question: what is asked, about which pictures, from where, since when.

    `instant` is CLOCK_MONOTONIC seconds of the first down edge, of the frame in which another scene was at rest, or of
    the arrival where there was neither.
    `instructions` become the system turn where they are not empty. `turns` are the earlier turns, oldest first.

    `model` names the one that is wanted, as the config does; empty for whichever the config takes for this kind of ask.
    `options` are the sampling options of the chat-completions format that whoever asks wants beside it (`temperature`,
    `max_tokens` …): they go into the body as they are.

    `given` is what an earlier answer to the same question said before it broke off: the model is to go on from there.
    `resumes` is the id of the ask that gave it.

    `endpoint` is the name of the one that is asked first, `kind` which of its models: by default the one for pictures
    where there are some. `alone` is the place in the config, from 0, of the one endpoint that is to answer, where no
    other may stand in for it. `trigger` is the event that the config names for it, as its words; empty where there is
    none.
    """

    id: str
    prompt: str
    origin: Origin
    instant: float
    pictures: tuple[Picture, ...] = ()
    instructions: str = ""
    turns: tuple[Turn, ...] = ()
    detail: Detail = "auto"
    model: str = ""
    options: Mapping[str, Any] = {}
    given: str = ""
    resumes: str = ""
    endpoint: str = ""
    kind: Literal["vision", "text"] | None = None
    alone: int | None = None
    trigger: str = ""
