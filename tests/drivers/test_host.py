from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.contracts import DeviceState, PermanentFault, TransientFault
from glassd_drivers.host import CHANNELS_LIMIT, Host
from virtual import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from glassd_drivers.contracts import Channel, Context


class Devices:
    """Counts the lives of one shared device; what its opening and closing wait for is up to the test."""

    def __init__(self) -> None:
        self.made = 0
        self.alive = 0
        self.may_open = asyncio.Event()
        self.may_open.set()
        self.may_close = asyncio.Event()
        self.may_close.set()
        self.faults: list[Exception] = []

    @asynccontextmanager
    async def device(self) -> AsyncIterator[int]:
        self.made += 1
        number = self.made
        await self.may_open.wait()
        if self.faults:
            raise self.faults.pop()
        assert self.alive == 0, "two devices are open at once"
        self.alive += 1
        try:
            yield number
        finally:
            await self.may_close.wait()
            self.alive -= 1


def context(host: Host, name: str = "camera") -> Context:
    return host.context(name, lambda _state, _detail: None)


def new_host() -> Host:
    return Host(asyncio.get_running_loop().time)


async def settled() -> None:
    """Let all that can run now run: a timer comes only when nothing else is left."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(0.001, over.set)
    await over.wait()


class Holder:
    """One driver's hold of the shared device, in a task of its own as drivers have it."""

    def __init__(self, host: Host, devices: Devices) -> None:
        self.got: int | None = None
        self.ending: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._hold(host, devices))

    async def _hold(self, host: Host, devices: Devices) -> None:
        async with context(host).share("line", devices.device) as number:
            self.got = number
            await self.ending

    async def leave(self, error: Exception | None = None) -> None:
        if error is None:
            self.ending.set_result(None)
        else:
            self.ending.set_exception(error)
        await asyncio.gather(self.task, return_exceptions=True)


def test_drivers_of_one_key_share_one_device_until_the_last_leaves() -> None:
    async def main() -> None:
        host, devices = new_host(), Devices()
        async with AsyncExitStack() as first:
            one = await first.enter_async_context(context(host).share("line", devices.device))
            async with context(host, "displays.0").share("line", devices.device) as two:
                assert one == two == 1
            async with context(host).share("other line", Devices().device):
                assert devices.made == 1
            assert devices.alive == 1
        assert devices.alive == 0
        async with context(host).share("line", devices.device) as three:
            assert three == 2

    run(main())


def test_those_who_come_while_it_opens_wait_for_the_same_device() -> None:
    async def main() -> None:
        host, devices = new_host(), Devices()
        devices.may_open.clear()
        holders = [Holder(host, devices) for _ in range(3)]
        await settled()
        devices.may_open.set()
        await settled()
        assert [holder.got for holder in holders] == [1, 1, 1]
        for holder in holders:
            assert devices.alive == 1
            await holder.leave()
        assert (devices.made, devices.alive) == (1, 0)

    run(main())


def test_where_opening_fails_each_tries_in_turn_and_has_its_own_error() -> None:
    async def main() -> None:
        host, devices = new_host(), Devices()
        devices.faults = [TransientFault("second"), TransientFault("first")]
        holders = [Holder(host, devices) for _ in range(3)]
        await settled()
        assert [str(holder.task.exception()) for holder in holders[:2]] == ["first", "second"]
        assert holders[2].got == 3
        await holders[2].leave()
        assert devices.alive == 0

    run(main())


def test_where_the_opener_is_cancelled_the_next_one_opens() -> None:
    async def main() -> None:
        host, devices = new_host(), Devices()
        devices.may_open.clear()
        first, second = Holder(host, devices), Holder(host, devices)
        await settled()
        first.task.cancel()
        devices.may_open.set()
        await settled()
        assert second.got == 2
        await second.leave()
        assert devices.alive == 0

    run(main())


def test_a_holder_that_fails_retires_the_device_once_the_others_have_left() -> None:
    async def main() -> None:
        host, devices = new_host(), Devices()
        failing, staying = Holder(host, devices), Holder(host, devices)
        await settled()
        await failing.leave(TransientFault("unplugged"))
        newcomer = Holder(host, devices)
        await settled()
        assert (staying.got, newcomer.got, devices.alive) == (1, None, 1)
        await staying.leave()
        await settled()
        assert (newcomer.got, devices.alive) == (2, 1)
        await newcomer.leave()

    run(main())


def test_a_cancelled_holder_says_nothing_of_the_device() -> None:
    async def main() -> None:
        host, devices = new_host(), Devices()
        cancelled, staying = Holder(host, devices), Holder(host, devices)
        await settled()
        cancelled.task.cancel()
        await settled()
        newcomer = Holder(host, devices)
        await settled()
        assert newcomer.got == staying.got == 1
        await staying.leave()
        await newcomer.leave()
        assert devices.alive == 0

    run(main())


def test_who_comes_while_it_closes_gets_a_new_one_after() -> None:
    async def main() -> None:
        host, devices = new_host(), Devices()
        last = Holder(host, devices)
        await settled()
        devices.may_close.clear()
        last.ending.set_result(None)
        await settled()
        newcomer = Holder(host, devices)
        await settled()
        assert (newcomer.got, devices.made) == (None, 1)
        devices.may_close.set()
        await settled()
        assert newcomer.got == 2
        await newcomer.leave()

    run(main())


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["join", "leave", "fail", "cancel", "close", "open"])), max_size=40
    )
)
def test_never_two_devices_at_once_and_none_in_the_end(steps: list[tuple[int, str]]) -> None:
    async def main() -> None:
        host, devices = new_host(), Devices()
        holders: dict[int, Holder] = {}
        tasks = []
        for number, step in steps:
            if step == "join" and number not in holders:
                holders[number] = Holder(host, devices)
                tasks.append(holders[number].task)
            elif step in ("open", "close"):
                gate = devices.may_open if step == "open" else devices.may_close
                gate.clear() if gate.is_set() else gate.set()
            elif number in holders:
                holder = holders.pop(number)
                if step == "leave":
                    holder.ending.set_result(None)
                elif step == "fail":
                    holder.ending.set_exception(TransientFault("unplugged"))
                else:
                    holder.task.cancel()
            await settled()
        devices.may_open.set()
        devices.may_close.set()
        for holder in holders.values():
            holder.task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(end is None or isinstance(end, (TransientFault, asyncio.CancelledError)) for end in ends), ends
        assert devices.alive == 0
        async with asyncio.timeout(1), context(host).share("line", devices.device):
            assert devices.alive == 1

    run(main())


class Wire:
    """A channel of the daemon's server."""

    def __init__(self) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True

    async def receive(self) -> bytes | str:
        return "hello"

    async def send(self, message: bytes | str) -> None:
        raise NotImplementedError


def test_channels_reach_the_driver_that_takes_them_in_order() -> None:
    async def main() -> None:
        host = new_host()
        wires: list[Channel] = [Wire() for _ in range(3)]
        assert not host.offer("page", wires[0])
        async with context(host).sockets("page") as channels:
            assert not host.offer("other page", wires[0])
            assert all(host.offer("page", wire) for wire in wires)
            assert [await anext(channels) for _ in wires] == wires
            waiting = asyncio.ensure_future(anext(channels))
            await settled()
            assert host.offer("page", wires[0])
            assert await waiting is wires[0]
        assert not host.offer("page", wires[0])

    run(main())


def test_channels_that_nobody_takes_are_bounded() -> None:
    async def main() -> None:
        host = new_host()
        async with context(host).sockets("page"):
            assert [host.offer("page", Wire()) for _ in range(CHANNELS_LIMIT + 1)] == [True] * CHANNELS_LIMIT + [False]

    run(main())


def test_channels_that_wait_when_the_driver_goes_are_closed() -> None:
    async def main() -> None:
        host = new_host()
        taken, waiting = Wire(), Wire()
        async with context(host).sockets("page") as channels:
            assert host.offer("page", taken)
            assert await anext(channels) is taken
            assert host.offer("page", waiting)
        assert (taken.closed, waiting.closed) == (False, True)

    run(main())


def test_one_name_of_channels_has_one_taker_at_a_time() -> None:
    async def main() -> None:
        host = new_host()
        async with context(host).sockets("page"):
            with pytest.raises(PermanentFault, match="'page'"):
                await context(host, "displays.0").sockets("page").__aenter__()
            assert host.offer("page", Wire())
        async with context(host, "displays.0").sockets("page"):
            assert host.offer("page", Wire())

    run(main())


def test_a_context_lends_its_name_the_clock_and_the_report() -> None:
    async def main() -> None:
        told: list[tuple[DeviceState, str]] = []
        lent = new_host().context("camera", lambda state, detail: told.append((state, detail)))
        lent.report(DeviceState.WAITING, "frozen")
        assert (lent.name, told) == ("camera", [(DeviceState.WAITING, "frozen")])
        before = lent.clock()
        await settled()
        assert lent.clock() > before

    run(main())


def test_a_credential_is_what_the_daemon_finds_under_its_name_and_a_fault_where_it_finds_none() -> None:
    def find(name: str) -> str:
        if name != "phone":
            raise PermanentFault(f"no key named {name}")
        return "user:word"

    async def main() -> None:
        lent = context(Host(asyncio.get_running_loop().time, find))
        assert lent.credential("phone") == "user:word"
        with pytest.raises(PermanentFault, match="no key named camera"):
            lent.credential("camera")
        with pytest.raises(PermanentFault, match="none can be looked up here"):
            context(new_host()).credential("phone")

    run(main())
