"""What apps on the glasses get when they call the board in place of the cloud: the config's models, under its names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from glassd.ask import Origin
from glassd.config.schema import ANY_MODEL

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from glassd.answer import AnswerEvent
    from glassd.ask import Ask
    from glassd.config.schema import Config


class Apps:
    """The responder behind the daemon's gateway. `config` gives the one in force, `submit` carries an ask out."""

    def __init__(self, config: Callable[[], Config], submit: Callable[[Ask], AsyncGenerator[AnswerEvent]]) -> None:
        self._config = config
        self._submit = submit

    def models(self) -> list[str]:
        """Return the names that an app may ask for: the board's own choice, the endpoints' models, and the aliases."""
        endpoints = self._config().model.endpoints
        named = [name for endpoint in endpoints for name in (endpoint.vision, endpoint.text) if name]
        return list(dict.fromkeys([ANY_MODEL, *named, *self._aliases]))

    def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        """Yield the answer's events as they come, the Outcome last. Closing it ends its work."""
        model = self._aliases.get(ask.model, ask.model)
        return self._submit(replace(ask, origin=Origin.GATEWAY, model="" if model == ANY_MODEL else model))

    @property
    def _aliases(self) -> Mapping[str, str]:
        section = self._config().gateway
        return {} if section is None else section.models
