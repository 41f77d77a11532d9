"""The gateway's application on a unix socket, and what a client sees of it."""

from __future__ import annotations

import io
import json
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
from aiohttp import web

from glassd.gateway.server import application, runner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from glassd.gateway.server import Responder

COMPLETIONS = "http://gateway/v1/chat/completions"
MODELS = "http://gateway/v1/models"


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        document = json.loads(self.body)
        assert list(document) == ["error"]
        error: dict[str, Any] = document["error"]
        assert list(error) == ["message", "type", "param", "code"]
        return error


@asynccontextmanager
async def client_of(path: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session:
        yield session


@asynccontextmanager
async def gateway(responder: Responder) -> AsyncIterator[aiohttp.ClientSession]:
    server = runner(application(responder))
    with TemporaryDirectory() as folder:
        await server.setup()
        await web.UnixSite(server, str(Path(folder) / "socket")).start()
        try:
            async with client_of(str(Path(folder) / "socket")) as session:
                yield session
        finally:
            await server.cleanup()


async def post(session: aiohttp.ClientSession, body: Any, content_type: str = "application/json") -> Reply:
    data = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
    async with session.post(COMPLETIONS, data=data, headers={"Content-Type": content_type}) as response:
        return Reply(response.status, dict(response.headers), await response.read())


def events_of(body: bytes) -> list[bytes]:
    """The data of a stream's events; every event is one data line."""
    assert body.endswith(b"\n\n")
    events = body.removesuffix(b"\n\n").split(b"\n\n")
    assert all(event.startswith(b"data: ") and b"\n" not in event for event in events)
    return [event.removeprefix(b"data: ") for event in events]


def question(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "any", "messages": [{"role": "user", "content": text}], **more}
