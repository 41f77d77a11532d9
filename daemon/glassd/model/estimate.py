"""What an ask will cost, before it leaves, and what it did cost, as its server reports it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from glassd.ask import Link
from glassd.config.fields import READER_URL
from glassd.limits import tokens_of
from glassd.model.endpoints import targets
from glassd.model.pictures import limits_of
from glassd.spending import Amounts
from glassd_drivers.units import Size

if TYPE_CHECKING:
    from glassd.answer import Outcome
    from glassd.ask import Ask
    from glassd.config.model import Endpoint
    from glassd.config.schema import Config
    from glassd.model.endpoints import Target

CHARS_A_TOKEN: Final = 3
"""ASCII characters that one token stands for, of which English has about four. Any other character is a token of its
own, though a token of Qwen's stands for one and a half of Chinese: an estimate may be too high, not too low."""
TURN_TOKENS: Final = 8
"""What a turn costs beside its words: its role, its beginning and its end."""
ANSWER_TOKENS: Final = 300
"""An answer that nothing bounds: a display of a few lines is asked for a sentence or two."""

_TOKENS_LIMIT: Final = 10**9
"""The most tokens that a server is believed: past it a number is a fault."""
_IN: Final = ("prompt_tokens", "input_tokens")
_OUT: Final = ("completion_tokens", "output_tokens")
_MOST_OUT: Final = ("max_tokens", "max_completion_tokens")


class Estimate:
    """Says of an ask what it will cost at most likely, at the endpoint that would be asked first."""

    def __init__(self, config: Config) -> None:
        """`config` is the one in force."""
        self._endpoints = config.model.endpoints
        self._instructions = config.model.instructions
        size = getattr(config.camera.options, "size", None) if config.camera is not None else None
        self._camera_size = size if isinstance(size, Size) else None

    def __call__(self, ask: Ask, frames: int) -> Amounts:
        """Return the amounts of an ask with so many pictures in all, earlier turns' included.

        Words by `CHARS_A_TOKEN`, each picture as large as `detail` and the camera let it be, the answer as long as
        `max_tokens` lets it be or `ANSWER_TOKENS`. On the board, by the reader, an ask costs no tokens.
        """
        like = replace(ask, pictures=(Link(""),) if frames else (), turns=[replace(t, pictures=()) for t in ask.turns])
        target = next(iter(targets(self._endpoints, like)), None)
        if target is None or target.is_reader:
            return Amounts(asks=1, frames=frames)
        asked = _words(ask, ask.instructions or self._instructions) + frames * self._picture(target, ask)
        answered = _answer(target.endpoint, ask)
        return Amounts(1, frames, asked + answered, _money(target.endpoint, asked, answered))

    def _picture(self, target: Target, ask: Ask) -> int:
        limits = limits_of(target.endpoint, target.model, target.vendor, ask.detail)
        if self._camera_size is None or ask.pictures:  # whose size nobody knows, or has looked at
            return limits.tokens
        return min(limits.tokens, tokens_of(*self._camera_size, limits.patch))


def cost_of(config: Config, outcome: Outcome) -> Amounts | None:
    """Return the tokens and the money of an answer as its server reports them; None where it does not.

    `asks` and `frames` are 0: those are counted where they leave. The on-board reader costs nothing.
    """
    if outcome.endpoint == READER_URL:
        return Amounts()
    asked, answered = _reported(outcome.usage, _IN), _reported(outcome.usage, _OUT)
    if asked is None and answered is None:
        return None
    endpoint = _endpoint_of(config, outcome)
    money = 0.0 if endpoint is None else _money(endpoint, asked or 0, answered or 0)
    return Amounts(tokens=(asked or 0) + (answered or 0), money=money)


def _words(ask: Ask, instructions: str) -> int:
    texts = [instructions, *(turn.text for turn in ask.turns), ask.prompt, ask.given]
    return sum(_tokens(text) + TURN_TOKENS for text in texts if text)


def _tokens(text: str) -> int:
    plain = len(text.encode("ascii", "ignore"))
    return len(text) - plain + math.ceil(plain / CHARS_A_TOKEN)


def _answer(endpoint: Endpoint, ask: Ask) -> int:
    options = {**ask.options, **endpoint.fields}  # as in the body of the request
    said = [options[name] for name in _MOST_OUT if _is_count(options.get(name))]
    return min(said, default=ANSWER_TOKENS)


def _money(endpoint: Endpoint, asked: int, answered: int) -> float:
    price = endpoint.price
    return 0.0 if price is None else (asked * price.input + answered * price.output) / 1e6


def _reported(usage: dict[str, Any] | None, names: tuple[str, ...]) -> int | None:
    return next((usage[name] for name in names if _is_count(usage.get(name))), None) if usage else None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _TOKENS_LIMIT


def _endpoint_of(config: Config, outcome: Outcome) -> Endpoint | None:
    """Return the endpoint that answered: that with its URL, and of several that with its model too."""
    same = [endpoint for endpoint in config.model.endpoints if endpoint.url == outcome.endpoint]
    exact = (each for each in same if outcome.model in (each.vision, each.text))
    return next(exact, same[0] if same else None)
