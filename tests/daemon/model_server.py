"""A model server in a process of its own, for tests: it keeps each request byte for byte, and answers on command.

    python model_server.py FOLDER [PORT]

It prints `port N`, then `request N` once a whole request has come (its head is in FOLDER/N.head, its body in
FOLDER/N.body), and `closed N` when its client has gone. On its standard input, `send TEXT` streams bytes as one
chunk (Python escapes), and `end` ends that response. Commands that come before a request wait for it.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Server:
    """All connections; the newest request is the one that commands answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests = 0
        self.writer: asyncio.StreamWriter | None = None
        self.waiting: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                named = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
                length = int(named[b"content-length"])
                body = await reader.readexactly(length)
                self.requests += 1
                number = self.requests
                (self.folder / f"{number}.head").write_bytes(head)
                (self.folder / f"{number}.body").write_bytes(body)
                writer.write(HEAD)
                self.writer = writer
                say(f"request {number}")
                waiting, self.waiting = self.waiting, []
                for line in waiting:
                    self.command(line)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):  # the last, at the end of it all
            say(f"closed {number}")
        finally:
            writer.close()

    def command(self, line: str) -> None:
        word, _, text = line.partition(" ")
        if self.writer is None:
            self.waiting.append(line)
        elif word == "send":
            data = text.encode("latin-1").decode("unicode_escape").encode("latin-1")
            self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        elif word == "end":
            self.writer.write(b"0\r\n\r\n")
            self.writer = None


async def main() -> None:
    server = Server(Path(sys.argv[1]))
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    listening = await asyncio.start_server(server.serve, "0.0.0.0" if port else "127.0.0.1", port)
    say(f"port {listening.sockets[0].getsockname()[1]}")
    commands = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        server.command(line.decode().rstrip("\n"))


asyncio.run(main())
