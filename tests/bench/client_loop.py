"""The best plain loop: aiohttp's `iter_any`, lines split by hand, each event decoded by msgspec into just its types.

It knows nothing of deadlines, limits, errors, or how an answer ends: no server that breaks a rule is read rightly.
"""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import pybase64
from worker import KEY, MODEL, PROMPT, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Accept": "text/event-stream"}
WORDS = {"type": "text", "text": PROMPT}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,@@"}}


def body_of(*parts: dict[str, Any]) -> bytes:
    """Return a request's body with one turn of these parts, as `json.dumps` has it."""
    return json.dumps({"model": MODEL, "stream": True, "messages": [{"role": "user", "content": parts}]}).encode()


BEFORE, AFTER = body_of(PICTURE, WORDS).split(b"@@")
NO_PICTURE = body_of(WORDS)


def spliced(picture: bytes) -> bytes:
    """Return the body around the base64 of a picture: two copies, no JSON encoder; without one, of words alone."""
    return b"".join((BEFORE, pybase64.b64encode(picture), AFTER)) if picture else NO_PICTURE


class Delta(msgspec.Struct):
    """What is used of a `delta`."""

    content: str | None = None


class Choice(msgspec.Struct):
    """What is used of a choice."""

    delta: Delta


class Chunk(msgspec.Struct):
    """What is used of a chunk."""

    choices: list[Choice]
    id: str = ""


class Loop:
    """Asks one server with one session."""

    def __init__(self, url: str, ca: str) -> None:
        self._url = f"{url}/chat/completions"
        self._tls = ssl.create_default_context(cafile=ca)
        self._decode = msgspec.json.Decoder(Chunk).decode
        self._session: aiohttp.ClientSession | None = None

    async def answer(self, picture: bytes, take: Callable[[str], None]) -> None:
        async for _, text in self._texts(picture):
            take(text)

    async def _texts(self, picture: bytes) -> AsyncIterator[tuple[str, str]]:
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=self._tls, keepalive_timeout=600)
            self._session = aiohttp.ClientSession(connector=connector)
        tail = b""
        async with self._session.post(self._url, data=spliced(picture), headers=HEADERS) as response:
            async for piece in response.content.iter_any():
                lines = (tail + piece if tail else piece).split(b"\n")
                tail = lines.pop()
                for payload in [line[5:] for line in lines if line.startswith(b"data:")]:
                    if payload.strip() != b"[DONE]":
                        chunk = self._decode(payload)
                        yield chunk.id, chunk.choices[0].delta.content or ""


def main(url: str, ca: str) -> None:
    """Be this client."""
    run(Loop(url, ca))
