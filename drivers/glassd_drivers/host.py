"""What the daemon lends to drivers: `Host.context(...)` is the `Context` that a driver is constructed with.

Shared devices and sockets belong to the host, not to a driver, so a bridge with three roles behind it is opened once
and a page in a browser reaches the daemon's own server, while no driver knows another.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, runtime_checkable

from glassd_drivers.contracts import Channel, Context, DeviceState, PermanentFault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

CHANNELS_LIMIT = 4
"""How many channels may wait for a driver to take them; the server turns away the next one."""

T = TypeVar("T")


@runtime_checkable
class Counting(Protocol):
    """A shared device that counts what passes through it, in this life."""

    def counts(self) -> dict[str, int]:
        """Return the counts by what they are of: `received`, `received_bad`, `sent` and so on."""


class Host:
    """Owner of the shared devices and of the channels on their way to drivers, for one daemon.

    `find_credential` returns what the credential of a name holds, and raises PermanentFault where there is none.
    """

    def __init__(self, clock: Callable[[], float], find_credential: Callable[[str], str] | None = None) -> None:
        self._clock = clock
        self._find_credential = find_credential or _no_credential
        self._lives: dict[str, _Life[Any]] = {}
        self._arrivals: dict[str, _Arrivals] = {}

    def context(self, name: str, report: Callable[[DeviceState, str], None]) -> Context:
        """Return the context of one driver; `report` is told what the driver says of itself while it is open."""
        return _Context(name, self, self._clock, report, self._find_credential)

    def offer(self, name: str, channel: Channel) -> bool:
        """Hand an accepted channel to the driver that takes those for `name`; False if none does, or too many wait."""
        arrivals = self._arrivals.get(name)
        return arrivals is not None and arrivals.put(channel)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return what each shared device that is open counts, by its key."""
        open_ = {key: life.device for key, life in self._lives.items() if life.open}
        return {key: device.counts() for key, device in open_.items() if isinstance(device, Counting)}

    @asynccontextmanager
    async def share(self, key: str, factory: Callable[[], AbstractAsyncContextManager[T]]) -> AsyncIterator[T]:
        """Lend the one device of this key, as `Context.share` says; see there.

        Who is cancelled says nothing of the device: only an Exception retires it. Where opening fails, each of those
        who waited for it tries in turn, and has an error of its own.
        """
        life = await self._join(key, factory)
        try:
            yield life.device
        except Exception:  # whatever the holder met, the next one gets a fresh device
            life.retired = True
            raise
        finally:
            # No await before the count: a second cancellation must not lose it.
            life.holders -= 1
            if life.holders == 0:
                await self._end(key, life)

    @asynccontextmanager
    async def sockets(self, name: str) -> AsyncIterator[AsyncIterator[Channel]]:
        """Take the channels for `name`, as `Context.sockets` says; PermanentFault while another driver takes them.

        Those that wait when it is left are closed; one that was taken is its driver's to close.
        """
        if name in self._arrivals:
            raise PermanentFault(f"the channels for {name!r} are taken by another driver; give each its own name")
        arrivals = self._arrivals[name] = _Arrivals()
        try:
            yield arrivals
        finally:
            del self._arrivals[name]
            for channel in arrivals.left():
                await channel.close()

    async def _join(self, key: str, factory: Callable[[], AbstractAsyncContextManager[T]]) -> _Life[T]:
        while (life := self._lives.get(key)) is not None:
            if life.open and not life.retired:
                life.holders += 1
                return life
            await life.turn.wait()
        life = self._lives[key] = _Life(factory())
        try:
            life.device = await life.manager.__aenter__()
            life.open = True
        finally:
            if not life.open:
                del self._lives[key]
            life.next_turn()
        return life

    async def _end(self, key: str, life: _Life[Any]) -> None:
        life.retired = True  # whoever comes while it closes waits for the next one
        try:
            await life.manager.__aexit__(None, None, None)
        finally:
            del self._lives[key]
            life.next_turn()


def _no_credential(name: str) -> str:
    raise PermanentFault(f"there is no credential {name!r}: none can be looked up here")


class _Life(Generic[T]):
    """One life of a shared device. `turn` is set when those who wait for it should look again."""

    device: T

    def __init__(self, manager: AbstractAsyncContextManager[T]) -> None:
        self.manager = manager
        self.holders = 1
        self.open = False
        self.retired = False
        self.turn = asyncio.Event()

    def next_turn(self) -> None:
        """Wake all who wait now; those who come after wait for the next turn."""
        self.turn.set()
        self.turn = asyncio.Event()


class _Arrivals:
    """The channels on their way to one driver: an async iterator that never ends by itself."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Channel] = asyncio.Queue(CHANNELS_LIMIT)

    def put(self, channel: Channel) -> bool:
        """Queue a channel; False if CHANNELS_LIMIT wait already."""
        if self._queue.full():
            return False
        self._queue.put_nowait(channel)
        return True

    def left(self) -> list[Channel]:
        """Return the channels that nobody took."""
        return [self._queue.get_nowait() for _ in range(self._queue.qsize())]

    def __aiter__(self) -> _Arrivals:
        return self

    async def __anext__(self) -> Channel:
        return await self._queue.get()


class _Context:
    """The part of the host that one driver sees."""

    def __init__(
        self,
        name: str,
        host: Host,
        clock: Callable[[], float],
        report: Callable[[DeviceState, str], None],
        credential: Callable[[str], str],
    ) -> None:
        self.name = name
        self.credential = credential
        self._clock = clock
        self._report = report
        self.share = host.share
        self.sockets = host.sockets

    def clock(self) -> float:
        return self._clock()

    def report(self, state: DeviceState, detail: str = "") -> None:
        self._report(state, detail)
