"""A question that comes over the API: an ask as its caller wants it, before the scheduler has seen it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from glassd.ask import Detail, Origin, Picture
from glassd.config.mistakes import did_you_mean, readable
from glassd.config.triggers import ONE_FRAME, Busy, Frames

if TYPE_CHECKING:
    from glassd.config.model import Endpoint, Model
    from glassd.config.schema import Config


class Question(Struct, frozen=True):
    """What is asked, and what a trigger of the config would say beside it: each as `Trigger` has it.

    `pictures` are the caller's own; with them `frames` is none. `origin` is the API or the command line. `kind` is the
    trigger's `model`, `alone` as `Ask` has it.
    """

    prompt: str
    pictures: tuple[Picture, ...] = ()
    frames: Frames = ONE_FRAME
    detail: Detail = "auto"
    endpoint: str = ""
    kind: Literal["vision", "text"] | None = None
    alone: int | None = None
    busy: Busy = Busy(how="queue")
    follow_up: bool = True
    outbox: bool = False
    origin: Origin = Origin.API


def check_question(question: Question, config: Config) -> None:
    """Raise ValueError, in one line, for a question that wants what the config in force does not have."""
    if question.outbox and config.outbox is None:
        raise ValueError("outbox: the config has no section outbox: in which it could wait")
    if question.endpoint:
        endpoint = endpoint_named(question.endpoint, config.model)
        looks = question.frames.count > 0 and config.camera is not None
        if not endpoint.sees and (question.pictures or looks):
            raise ValueError(f"endpoint: {endpoint.name} has a text model alone, which sees no pictures")


def endpoint_named(name: str, model: Model) -> Endpoint:
    """Return the endpoint of a name; raise ValueError, which names the nearest one, where there is none."""
    named = {endpoint.name: endpoint for endpoint in model.endpoints if endpoint.name is not None}
    if (endpoint := named.get(name)) is None:
        near = did_you_mean(name, named, known="named are")
        raise ValueError(f"endpoint: expected the name of an endpoint, got {readable(name)!r}; {near}")
    return endpoint
