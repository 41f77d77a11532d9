"""The door of an address: what opens it, for whom, and for how long."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from aiohttp.test_utils import BaseTestServer, TestServer

from glassd.api.attempts import ADDRESS_LIMIT
from glassd.api.door import Door
from glassd.api.server import House, application
from glassd.api.token import Token
from glassd.token_hash import hash_of, read_hash
from glassd.wall import BUILT, Wall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TOKEN = "k7qdm-2x9ab-fj0s5-ty8wn-c3vh6"


class Board:
    """A house with a status, nothing else."""

    def status(self) -> dict[str, Any]:
        return {"state": "idle"}


def right_time() -> Wall:
    return Wall(BUILT + 1e6, 0.0, known=True)


@asynccontextmanager
async def board(folder: Path, token: Token | None) -> AsyncIterator[BaseTestServer]:
    door = Door(token, folder, right_time)
    await door.sessions.load()
    async with TestServer(application(cast("House", Board()), door)) as server:
        yield server
    await door.sessions.close()


@asynccontextmanager
async def browser(server: BaseTestServer) -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address too
    async with aiohttp.ClientSession(server.make_url("/"), cookie_jar=jar) as session:
        yield session


async def status_of(session: aiohttp.ClientSession, path: str = "/api/status", **more: Any) -> int:
    async with session.get(path, **more) as response:
        return response.status


def test_a_session_stands_for_the_token(tmp_path: Path) -> None:
    async def main() -> None:
        async with board(tmp_path, Token(TOKEN)) as server, browser(server) as page:
            assert await status_of(page) == 401
            async with page.get("/api/sessions/current") as response:
                assert (response.status, await response.json()) == (200, {"scope": None, "session": False})
            async with page.post("/api/sessions", json={"token": TOKEN}) as response:
                assert (response.status, await response.json()) == (200, {"scope": "board"})
            assert await status_of(page) == 200
            async with page.get("/api/sessions/current") as response:
                assert await response.json() == {"scope": "board", "session": True}
            async with page.delete("/api/sessions") as response:
                assert response.status == 200
            assert await status_of(page) == 401

    asyncio.run(main())


@pytest.mark.parametrize("token", [TOKEN, "hash"])
def test_the_token_opens_by_itself_or_by_its_hash(tmp_path: Path, token: str) -> None:
    async def main() -> None:
        key = Token(read_hash(hash_of(TOKEN)) if token == "hash" else TOKEN)
        async with board(tmp_path, key) as server, browser(server) as page:
            for given, expected in ((TOKEN, 200), (TOKEN[:-1], 401), (TOKEN, 200), ("", 401), ("\udcff", 401)):
                headers = {"Authorization": f"Bearer {given}"}
                assert await status_of(page, headers=headers) == expected

    asyncio.run(main())


def test_a_page_that_is_a_pair_of_glasses_pairs_once_with_a_code_and_reaches_its_socket_alone(tmp_path: Path) -> None:
    async def main() -> None:
        async with board(tmp_path, Token(TOKEN)) as server, browser(server) as owner, browser(server) as glasses:
            await owner.post("/api/sessions", json={"token": TOKEN})
            async with owner.post("/api/pair", json={}) as response:
                told = await response.json()
            assert told["url"] == f"{str(server.make_url('/')).rstrip('/')}/glasses#code={told['code']}"
            waiting = asyncio.create_task(owner.post("/api/pair/wait", json={"code": told["code"]}))
            typed = told["code"].upper().replace("-", " ")
            async with glasses.post("/api/sessions", json={"code": typed}) as response:
                assert (response.status, await response.json()) == (200, {"scope": "glasses"})
            async with await waiting as response:
                assert await response.json() == {"used": True}
            async with owner.post("/api/sessions", json={"code": told["code"]}) as response:
                assert response.status == 401
            async with glasses.get("/api/sessions/current") as response:
                assert await response.json() == {"scope": "glasses", "session": True}
            assert await status_of(glasses, "/api/sockets/web") == 426  # let in, and told that it is for a WebSocket
            for closed in ("/api/status", "/api/events", "/api/snapshot", "/api/sockets/camera", "/api/nothing"):
                assert await status_of(glasses, closed) == 403
            async with glasses.post("/api/pair", json={}) as response:
                assert response.status == 403

    asyncio.run(main())


def test_an_open_address_has_nothing_to_sign_out_of_and_takes_a_code_all_the_same(tmp_path: Path) -> None:
    async def main() -> None:
        async with board(tmp_path, None) as server, browser(server) as page:
            async with page.get("/api/sessions/current") as response:
                assert await response.json() == {"scope": "board", "session": False}
            async with page.post("/api/pair", json={}) as response:
                code = (await response.json())["code"]
            async with page.post("/api/sessions", json={"code": code}) as response:
                assert await response.json() == {"scope": "glasses"}
            assert await status_of(page) == 200  # who reaches the address may do all there
            async with page.post("/api/sessions", json={"code": code}) as response:
                assert response.status == 401
            for foreign in ({"Origin": "https://attacker.example"}, {"Host": "attacker.example"}):
                assert await status_of(page, headers=foreign) == 403

    asyncio.run(main())


@pytest.mark.parametrize(
    "body",
    [{}, {"token": "x", "code": "y"}, {"token": 3}, {"token": "x" * 5000}, {"code": "x" * 101}, {"key": "x"}, []],
)
def test_what_is_no_log_in_is_refused_and_is_no_guess(tmp_path: Path, body: Any) -> None:
    async def main() -> None:
        async with board(tmp_path, Token(TOKEN)) as server, browser(server) as page:
            for _ in range(2 * ADDRESS_LIMIT):
                async with page.post("/api/sessions", json=body) as response:
                    assert response.status == 400
            async with page.post("/api/sessions", json={"token": TOKEN}) as response:
                assert response.status == 200

    asyncio.run(main())
