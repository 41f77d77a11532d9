"""A question that comes over the API: an ask as its caller wants it, before the scheduler has seen it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from glassd.ask import Detail, Origin, Picture
from glassd.config.triggers import ONE_FRAME, Busy, Frames


class Question(Struct, frozen=True):
    """What is asked, and what a trigger of the config would say beside it: each as `Trigger` has it.

    `pictures` are the caller's own; with them `frames` is none. `origin` is the API or the command line. `kind` is the
    trigger's `model`.
    """

    prompt: str
    pictures: tuple[Picture, ...] = ()
    frames: Frames = ONE_FRAME
    detail: Detail = "auto"
    endpoint: str = ""
    kind: Literal["vision", "text"] | None = None
    busy: Busy = Busy(how="queue")
    follow_up: bool = True
    outbox: bool = False
    origin: Origin = Origin.API
