"""What a model takes of a picture: by its family, its vendor, the endpoint's config, and what the picture is for.

`detail: scene` is a smaller picture, which is sent faster; `text` is all that the endpoint takes, for small print;
`auto` is the endpoint's `image_tokens`, by default what its model looks at unless it is told otherwise. It does not
guess.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from msgspec.structs import replace

from glassd.answer import AskError
from glassd.ask import Origin
from glassd.limits import RATIO_LIMIT, Limits, tokens_of
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from glassd.ask import Ask, Detail, Picture, Turn
    from glassd.config.model import Endpoint
    from glassd.model.endpoints import Target

SCENE_TOKENS: Final = 512
"""The most that a picture costs with `detail: scene`: about 960x544 at 32 px a patch."""
TEXT_TOKENS: Final = 2560
"""The most with `detail: text` where nothing is known of the server: what a context of 4096 tokens has room for."""
HIGH_RESOLUTION_TOKENS: Final = 16_384
"""The same where DashScope is asked for `vl_high_resolution_images` (Model Studio's manual, "Visual understanding")."""
SIZE_LIMIT_BYTES: Final = 4_000_000
"""Of all pictures of a request together. Bailian takes 10 MB of base64 a picture, but refuses bodies of over 6 MB for
some models, and base64 makes four bytes of three."""
QUALITIES: Final[dict[Detail, int]] = {"scene": 75, "auto": 85, "text": 90}
"""The JPEG quality of a picture that must be encoded."""
HIGH_RESOLUTION: Final = "vl_high_resolution_images"
_MAX_PIXELS: Final = "max_pixels"


class Family(NamedTuple):
    """Models that see alike: a patch's side in pixels, and the tokens of a picture at most unless told otherwise."""

    patch: int
    tokens: int
    is_qwen: bool = True


UNKNOWN: Final = Family(28, 1280, is_qwen=False)
_FAMILIES: Final = (
    (re.compile(r"qwen3vl"), Family(32, 2560)),
    (re.compile(r"qwenvl(plus|max)"), Family(32, 1280)),
    (re.compile(r"qwen(2|25)?vl|qvq"), Family(28, 1280)),
)


@lru_cache
def family_of(model: str) -> Family:
    """Return the family by a model's name, however its server spells it: qwen2.5vl:3b, Qwen/Qwen2.5-VL-7B-Instruct."""
    bare = re.sub(r"[^a-z0-9]", "", model.casefold())
    return next((family for name, family in _FAMILIES if name.search(bare)), UNKNOWN)


def limits_of(endpoint: Endpoint, model: str, vendor: str, detail: Detail, pictures: int = 1) -> Limits:
    """Return the limits for each of the `pictures` of a request to an endpoint's model."""
    own = endpoint.image_limits
    most = most_tokens(endpoint, model, vendor)
    usual = _told_tokens(endpoint, model) or family_of(model).tokens
    budget = min(most, endpoint.image_tokens or usual)
    return Limits(
        patch=_patch(endpoint, model),
        tokens={"scene": min(SCENE_TOKENS, budget), "auto": budget, "text": most}[detail],
        pixels=own.pixels,
        side=own.side,
        size=(own.size or SIZE_LIMIT_BYTES) // max(1, pictures),
        ratio=own.ratio or RATIO_LIMIT,
        quality=QUALITIES[detail],
    )


def most_tokens(endpoint: Endpoint, model: str, vendor: str) -> int:
    """Return the most tokens that an endpoint's model gives a picture.

    What the config has the server told is what it does; else the config's own word counts, then what is known of the
    vendor. Of a server that nobody knows a budget in the config is believed.
    """
    own = endpoint.image_limits.tokens
    if (told := _told_tokens(endpoint, model)) is not None:
        return min(told, own or told)
    if own is not None:
        return own
    if vendor == "dashscope" and family_of(model).is_qwen:
        return HIGH_RESOLUTION_TOKENS
    return max(family_of(model).tokens, TEXT_TOKENS, endpoint.image_tokens or 0)


def fields_of(target: Target, detail: Detail) -> dict[str, Any]:
    """Return the fields of the body that make a server look at as much of a picture as it is sent.

    Without them DashScope makes a larger picture smaller again.
    """
    if target.vendor != "dashscope":
        return {}
    endpoint, family = target.endpoint, family_of(target.model)
    if not family.is_qwen or _told_tokens(endpoint, target.model) is not None:
        return {}
    wanted = limits_of(endpoint, target.model, target.vendor, detail).tokens
    return {HIGH_RESOLUTION: True} if wanted > family.tokens else {}


def _patch(endpoint: Endpoint, model: str) -> int:
    return endpoint.image_limits.patch or family_of(model).patch


def _told_tokens(endpoint: Endpoint, model: str) -> int | None:
    """Return how many tokens the endpoint's own fields tell the server to give a picture; None where they do not."""
    if endpoint.fields.get(HIGH_RESOLUTION) is True:
        return HIGH_RESOLUTION_TOKENS
    pixels = endpoint.picture_fields.get(_MAX_PIXELS)
    if isinstance(pixels, int) and pixels > 1:
        return max(1, pixels // _patch(endpoint, model) ** 2)
    return family_of(model).tokens if HIGH_RESOLUTION in endpoint.fields else None


# -- the pictures of one ask -------------------------------------------------------------------------------------------


class Develop(Protocol):
    """Whoever makes of a frame the picture that is sent."""

    async def __call__(self, frame: Frame, limits: Limits | None) -> Frame:
        """Return the picture within the limits, None for full size; raise AskError where there is none."""


class Fitting:
    """Makes an ask's pictures fit one endpoint after the other. What two of them want alike is done once."""

    def __init__(self, ask: Ask, develop: Develop) -> None:
        self._ask = ask
        self._develop = develop
        self._done: dict[tuple[int, Limits | None], Frame] = {}

    async def for_target(self, target: Target) -> Ask:
        """Return the ask as it goes to a target; raise AskError where one of its pictures cannot go there.

        A picture of an earlier turn is a help, not the question: it goes as it went before, newest first, where all
        together stay within the most tokens and bytes that the endpoint takes, and else its turn goes without. What an
        app sends is all its question.
        """
        ask = self._ask
        if ask.origin is Origin.GATEWAY:
            limits = _limits(target, ask, len(_frames(ask.pictures)) + sum(len(_frames(t.pictures)) for t in ask.turns))
            turns = [replace(turn, pictures=await self._fitted(turn.pictures, limits)) for turn in ask.turns]
            return replace(ask, pictures=await self._fitted(ask.pictures, limits), turns=tuple(turns))
        pictures = await self._fitted(ask.pictures, _limits(target, ask, len(_frames(ask.pictures))))
        if not any(turn.pictures for turn in ask.turns):
            return replace(ask, pictures=pictures) if pictures else ask
        room = _Room(target) if ask.kind != "text" else None
        if room is not None:
            room.take(pictures)
        turns = [await self._earlier(turn, target, room) for turn in reversed(ask.turns)]
        return replace(ask, pictures=pictures, turns=tuple(reversed(turns)))

    async def _earlier(self, turn: Turn, target: Target, room: _Room | None) -> Turn:
        """Return an earlier turn with its pictures, or without them where they do not fit beside what goes already."""
        if not turn.pictures:
            return turn
        try:
            pictures = await self._fitted(turn.pictures, _limits(target, self._ask, len(_frames(turn.pictures))))
        except AskError:
            pictures = ()
        if room is None or not room.take(pictures):
            pictures = ()
        return replace(turn, pictures=pictures)

    async def _fitted(self, pictures: tuple[Picture, ...], limits: Limits | None) -> tuple[Picture, ...]:
        return tuple([await self._one(each, limits) if isinstance(each, Frame) else each for each in pictures])

    async def _one(self, frame: Frame, limits: Limits | None) -> Frame:
        key = (id(frame), limits)
        if key not in self._done:
            self._done[key] = await self._develop(frame, limits)
        return self._done[key]


class _Room:
    """What one request to a target may still hold of pictures. The reader takes what it gets."""

    def __init__(self, target: Target) -> None:
        self._unbounded = target.is_reader
        self._tokens = most_tokens(target.endpoint, target.model, target.vendor)
        self._bytes = target.endpoint.image_limits.size or SIZE_LIMIT_BYTES
        self._patch = _patch(target.endpoint, target.model)

    def take(self, pictures: tuple[Picture, ...]) -> bool:
        """Give room to pictures, all or none; return whether there was enough. A link's size is not known: it has."""
        frames = _frames(pictures)
        tokens = sum(tokens_of(frame.width, frame.height, self._patch) for frame in frames)
        size = sum(len(frame.data) for frame in frames)
        if not self._unbounded and (tokens > self._tokens or size > self._bytes):
            return False
        self._tokens -= tokens
        self._bytes -= size
        return True


def _limits(target: Target, ask: Ask, frames: int) -> Limits | None:
    """Return what each of so many pictures must keep to; None where the whole is looked at, by the reader."""
    if target.is_reader:
        return None
    return limits_of(target.endpoint, target.model, target.vendor, ask.detail, frames)


def _frames(pictures: tuple[Picture, ...]) -> list[Frame]:
    return [picture for picture in pictures if isinstance(picture, Frame)]
