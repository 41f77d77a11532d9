"""The openai SDK, as its own page shows it, warm or with the connection that it has dropped after 5 s of silence."""

from __future__ import annotations

import base64
import ssl
from typing import TYPE_CHECKING

import openai
from worker import KEY, MODEL, PROMPT, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai.types.chat import ChatCompletionContentPartParam


class Sdk:
    """Asks one server with one AsyncOpenAI and the SDK's own httpx client."""

    def __init__(self, url: str, ca: str, idle: str) -> None:
        usual = openai.DEFAULT_CONNECTION_LIMITS
        limits = type(usual)(
            max_connections=usual.max_connections,
            max_keepalive_connections=usual.max_keepalive_connections,
            # With 0 each connection is as stale by the next request as with the SDK's 5 s after 5 s.
            keepalive_expiry=0.0 if idle == "expired" else usual.keepalive_expiry,
        )
        http = openai.DefaultAsyncHttpxClient(verify=ssl.create_default_context(cafile=ca), limits=limits)
        self._client = openai.AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0, http_client=http)

    async def answer(self, picture: bytes, take: Callable[[str], None]) -> None:
        content: list[ChatCompletionContentPartParam] = [{"type": "text", "text": PROMPT}]
        if picture:
            data_url = "data:image/jpeg;base64," + base64.b64encode(picture).decode()
            content.insert(0, {"type": "image_url", "image_url": {"url": data_url}})
        chunks = await self._client.chat.completions.create(
            model=MODEL, stream=True, messages=[{"role": "user", "content": content}]
        )
        async for chunk in chunks:
            take(chunk.choices[0].delta.content or "")


def main(url: str, ca: str, idle: str = "warm") -> None:
    """Be this client."""
    run(Sdk(url, ca, idle))
