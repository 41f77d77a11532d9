"""Names are looked up on threads that never hold up a stop."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from glassd.model.resolve import LOOKUPS_LIMIT, DaemonThreadResolver

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def dead_dns(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A resolver that blocks, as the system's does where the network's DNS does not answer."""
    answers = threading.Event()

    def getaddrinfo(*_: Any, **__: Any) -> Any:
        answers.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", getaddrinfo)
        yield answers
        answers.set()
        for thread in threading.enumerate():
            if thread.name.startswith("look-up of"):
                thread.join()


def test_finds_the_addresses_of_a_host() -> None:
    found = asyncio.run(DaemonThreadResolver().resolve("localhost", 80, socket.AF_INET))
    assert {(result["host"], result["port"]) for result in found} == {("127.0.0.1", 80)}


@pytest.mark.parametrize("name", ["no-such-host.invalid", "a" * 80 + ".invalid"])
def test_a_name_that_is_not_known_is_an_error(name: str) -> None:
    with pytest.raises(socket.gaierror):
        asyncio.run(DaemonThreadResolver().resolve(name))


def test_a_look_up_that_is_stuck_holds_up_neither_a_deadline_nor_the_end_of_the_loop(dead_dns: threading.Event) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await DaemonThreadResolver().resolve("host")

    asyncio.run(main())
    assert not dead_dns.is_set()
    assert [thread for thread in threading.enumerate() if thread.name == "look-up of host"]


def test_stuck_look_ups_are_bounded_and_count_until_they_end(dead_dns: threading.Event) -> None:
    async def main() -> None:
        resolver = DaemonThreadResolver()
        waiting = [asyncio.ensure_future(resolver.resolve(f"host{number}")) for number in range(LOOKUPS_LIMIT)]
        await asyncio.sleep(0)
        with pytest.raises(socket.gaierror, match="stuck"):
            await resolver.resolve("one more")
        dead_dns.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [socket.gaierror] * LOOKUPS_LIMIT
        with pytest.raises(socket.gaierror, match="Temporary"):
            await resolver.resolve("one more")

    asyncio.run(main())
