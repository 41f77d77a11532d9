"""The API's address: what becomes of connections whose clients take nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any, cast

from glassd.api import listener
from glassd.config.schema import Api
from glassd.wall import Wall

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LARGEST = b"GET /static/css/site.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
"""For the largest file that a stranger may have: some 9 KB."""


class Board:
    """A house that knows the date."""

    page_url: str | None = None

    def wall(self) -> Wall:
        return Wall(0.0, 0.0, known=True)


async def answers(port: int) -> bool:
    """Tell whether the address has room for one more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.closing(writer), contextlib.suppress(ConnectionError):
        writer.write(LARGEST)
        return b" 200 " in await reader.readline()
    return False


def test_a_stranger_who_takes_nothing_of_what_it_is_sent_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(listener, "UNREAD_LIMIT_S", 0.1)
    monkeypatch.setattr(listener, "CONNECTIONS_LIMIT", 1)
    section = Api.model_validate({"listen": "127.0.0.1:0", "token": "page"})
    house = Board()

    async def talk() -> None:
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as own, socket.socket() as silent:
            own.bind(str(tmp_path / "glassd.sock"))
            own.listen()
            async with listener.serving(cast("Any", house), own, section, "k7qdm-2x9ab-fj0s5-ty8wn-c3vh6"):
                assert house.page_url is not None
                port = int(house.page_url.rpartition(":")[2])
                silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                silent.connect(("127.0.0.1", port))
                silent.sendall(LARGEST * 1500)  # pipelined: more comes back than any buffer holds
                while not await answers(port):
                    """The only place is still taken. Real time passes: the kernel counts it."""

    asyncio.run(asyncio.wait_for(talk(), 20))
