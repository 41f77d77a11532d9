"""Pages that watch `/api/events` in a process of their own: PORT COUNT STALLED FORM.

COUNT listeners read all that comes, in the form `sse`, `lines` or `socket`; STALLED more read nothing. Prints `ready`
once each has its first event, and at the end of the answer, `ask`, for each listener a line of JSON: how many
characters of text it got, and the seconds from the writing of each event at the model server to its arrival here.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
import time
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STAMP = re.compile(r"(\d{12,})\|")
HEAD = "GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n\r\n"


def main() -> None:
    """Watch one answer."""
    port, count, stalled, form = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    held = [_stalled(port) for _ in range(stalled)]
    for told in asyncio.run(_watch(port, count, form)):
        print(json.dumps(told), flush=True)
    for each in held:
        each.close()


def _stalled(port: int) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024)
    connection.connect(("127.0.0.1", port))
    connection.sendall(HEAD.format(port=port).encode())
    return connection


async def _watch(port: int, count: int, form: str) -> list[dict[str, object]]:
    ready = [asyncio.Event() for _ in range(count)]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session, asyncio.TaskGroup() as group:
        tasks = [group.create_task(_listen(session, port, form, each)) for each in ready]
        for each in ready:
            await each.wait()
        print("ready", flush=True)
    return [task.result() for task in tasks]


async def _listen(session: aiohttp.ClientSession, port: int, form: str, ready: asyncio.Event) -> dict[str, object]:
    characters, delays = 0, []
    url = f"http://127.0.0.1:{port}/api/events"
    async for event in _events(session, url, form):
        ready.set()
        if event["event"] == "delta":
            now = time.monotonic_ns()
            stamps = STAMP.findall(event["text"])
            delays += [(now - int(stamp)) / 1e9 for stamp in stamps]
            characters += len(STAMP.sub("", event["text"]))
        if event["event"] == "ask":
            break
    return {"characters": characters, "delays": delays}


async def _events(session: aiohttp.ClientSession, url: str, form: str) -> AsyncIterator[dict[str, Any]]:
    if form == "socket":
        async with session.ws_connect(url, max_msg_size=0) as far:
            async for message in far:
                yield json.loads(message.data)
        return
    headers = {"Accept": "text/event-stream"} if form == "sse" else {}
    async with session.get(url, headers=headers) as response:
        while line := await response.content.readuntil(b"\n"):
            if line.startswith(b"data: "):
                yield json.loads(line[6:])
            elif line.startswith(b"{"):
                yield json.loads(line)


if __name__ == "__main__":
    main()
