"""The settings over the API: the config with what lies over it as one text, edited and applied.

GET  /api/settings                what is in force as YAML, line by line where it is from, what each key means
POST /api/settings/check          {"text"}: its mistakes, or what would change
POST /api/settings                {"text", "version"}: keep the edits and reload, or leave all as it is
POST /api/settings/reset          {"version", "path"?}: take back one edit, or all
POST /api/settings/test-endpoint  {"endpoint"}: ask one endpoint about a test picture

What the page may not change is a property of the config's types (glassd.config.fixed), not of these routes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import msgspec
from aiohttp import web

from glassd.api.endpoint_trial import tested
from glassd.api.guard import error_response
from glassd.api.history import who
from glassd.api.requests import RequestError, read_json
from glassd.config import editor
from glassd.config.files import MAX_FILE_BYTES
from glassd.config.mistakes import ConfigError
from glassd.config.settings import EditError
from glassd.config.tree import dotted

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from glassd.answer import AnswerEvent
    from glassd.config.edits import Change
    from glassd.config.mistakes import Mistake
    from glassd.config.schema import Config
    from glassd.config.settings import Settings
    from glassd.question import Question

VERSION_LIMIT_CHARS = 64
PATH_LIMIT_KEYS = 32
"""How deep an edit may stand: a config is no deeper."""
KEY_LIMIT_CHARS = 256
SAVE_FAILED = 507
"""HTTP's Insufficient Storage (RFC 4918, section 11.5): the disk is full or read-only."""

log = logging.getLogger(__name__)

Text = Annotated[str, msgspec.Meta(max_length=MAX_FILE_BYTES)]
Version = Annotated[str, msgspec.Meta(max_length=VERSION_LIMIT_CHARS)]
KeyName = Annotated[str, msgspec.Meta(max_length=KEY_LIMIT_CHARS)]


class SettingsText(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/settings/check."""

    text: Text


class SettingsEdit(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/settings. `version` is that of the text that was edited."""

    text: Text
    version: Version


class SettingsReset(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/settings/reset. `path` is that of an edit; all of them without."""

    version: Version
    path: Annotated[list[KeyName], msgspec.Meta(max_length=PATH_LIMIT_KEYS)] = []


class EndpointTest(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/settings/test-endpoint: an endpoint's name, or its number in the config from 1 on."""

    endpoint: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | Annotated[int, msgspec.Meta(ge=1, le=1000)]


class House(Protocol):
    """What this needs of the daemon."""

    config: Config
    """The one in force."""
    settings: Settings
    """The files that it is from."""

    async def reload(self) -> list[str]:
        """Read the config again; return what changed; raise ConfigError with the mistakes."""

    def ask(self, question: Question) -> AsyncGenerator[AnswerEvent]:
        """Carry out a question."""


class ConflictError(Exception):
    """Somebody else has changed the files since the text was read."""


class SettingsRoutes:
    """One handler a route."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._one_at_a_time = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """Return them for the application."""
        return [
            web.get("/api/settings", self._guarded(self.now)),
            web.post("/api/settings", self._guarded(self.apply)),
            web.post("/api/settings/check", self._guarded(self.check)),
            web.post("/api/settings/reset", self._guarded(self.reset)),
            web.post("/api/settings/test-endpoint", self._guarded(self.test_endpoint)),
        ]

    async def now(self, _request: web.Request) -> web.Response:
        """Return the settings as they stand."""
        async with self._one_at_a_time:
            return _json(await asyncio.to_thread(editor.now, self._house.settings))

    async def check(self, request: web.Request) -> web.Response:
        """Return what a text would do."""
        wanted = read_json(await request.read(), SettingsText)
        async with self._one_at_a_time:
            found = await asyncio.to_thread(editor.check, self._house.settings, wanted.text)
        return _json(
            {
                "mistakes": [_mistake(mistake) for mistake in found.mistakes],
                "changes": found.changes,
                "warnings": found.warnings,
                "edits": found.edits,
            }
        )

    async def apply(self, request: web.Request) -> web.Response:
        """Put a text in force."""
        wanted = read_json(await request.read(), SettingsEdit)
        async with self._one_at_a_time:
            await self._must_be(wanted.version)
            found = await asyncio.to_thread(editor.check, self._house.settings, wanted.text)
            if found.mistakes:
                raise ConfigError(found.mistakes)
            changed = await self._put(found.edits)
            log.info("settings: changed by %s: %s", who(request), _paths(found.changes))
            return _json({"changed": changed, "version": await self._version()})

    async def reset(self, request: web.Request) -> web.Response:
        """Take back an edit, or all of them."""
        wanted = read_json(await request.read(), SettingsReset)
        async with self._one_at_a_time:
            await self._must_be(wanted.version)
            try:
                left = await asyncio.to_thread(editor.without_edit, self._house.settings, tuple(wanted.path))
            except KeyError:
                return error_response(404, f"{dotted(tuple(wanted.path))}: nothing on the page has changed it")
            changed = await self._put(left)
            log.info("settings: taken back by %s: %s", who(request), dotted(tuple(wanted.path)))
            return _json({"changed": changed, "version": await self._version()})

    async def test_endpoint(self, request: web.Request) -> web.Response:
        """Ask one endpoint a small question."""
        wanted = read_json(await request.read(), EndpointTest)
        return _json(await tested(self._house, wanted.endpoint))

    async def _put(self, edits: str) -> list[str]:
        """Write the file of edits and have it read; where that fails, all is as it was before."""
        settings = self._house.settings
        before = await asyncio.to_thread(settings.bytes_of_edits)
        await asyncio.to_thread(settings.write, edits.encode())
        try:
            return await self._reload()
        except BaseException:  # a caller that hangs up too: what was not taken over does not stay
            await asyncio.to_thread(settings.write, before)
            with contextlib.suppress(ConfigError):
                await self._house.reload()
            raise

    async def _reload(self) -> list[str]:
        """Have the files read; raise ConfigError, too, where they are in force without the edits."""
        changed = await self._house.reload()
        if self._house.settings.trouble:
            raise ConfigError(self._house.settings.trouble)
        return changed

    async def _must_be(self, version: str) -> None:
        if await self._version() != version:
            raise ConflictError

    async def _version(self) -> str:
        return await asyncio.to_thread(editor.version, self._house.settings)

    def _guarded(
        self, handler: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            try:
                return await handler(request)
            except RequestError as error:
                return error_response(400, str(error))
            except ConflictError:
                text = "the settings have been changed by somebody else since: read them again, then make your changes"
                return error_response(409, text)
            except ConfigError as error:
                text = "the config has mistakes; the old one stays in force"
                return error_response(422, text, str(error).splitlines())
            except EditError as error:
                return error_response(SAVE_FAILED, str(error))

        return handle


def _mistake(mistake: Mistake) -> dict[str, Any]:
    place = mistake.place
    return {"line": place.line, "column": place.column, "path": mistake.path, "text": mistake.text}


def _paths(changes: list[Change]) -> str:
    """Return the keys that were changed, never their values: prompts are among them."""
    return ", ".join(dotted(change.path) for change in changes) or "nothing"


def _json(value: Any) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", headers=headers)
