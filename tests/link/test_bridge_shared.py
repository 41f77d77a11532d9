"""The one bridge behind three drivers: opened once, lost for all at once, back over one new line."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import cv2
import pytest
from bridges import LIMIT_S, emulated, made, on_display, opened, told
from running import photographs

from glassd_drivers.contracts import DeviceState, EdgeKind, PermanentFault, Role, Screen, TransientFault
from glassd_drivers.harness import Holdings
from glassd_drivers.host import Host
from glassd_drivers.supervise import Backoff, DeviceStatus, Supervisor

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

ROLES: tuple[Role, ...] = ("cameras", "buttons", "displays")


async def serve(driver: Any) -> None:
    """Use a driver as the daemon does, until it is lost."""
    if hasattr(driver, "edges"):
        async for _ in driver.edges():
            pass
    await driver.watch()


def test_three_drivers_open_the_line_once_and_use_it_together(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path) as bridge:
            host = Host(time.monotonic)
            camera, buttons, display = drivers = [made(role, "bridge", host, device=bridge.path) for role in ROLES]
            async with AsyncExitStack() as stack:
                await asyncio.gather(*(stack.enter_async_context(opened(each)) for each in drivers))
                taking = asyncio.create_task(camera.take(time.monotonic()))
                await display.show(Screen(lines=("together", "都在")))
                bridge.order("press main")
                edges = buttons.edges()
                assert [(await anext(edges)).kind for _ in range(2)] == [EdgeKind.DOWN, EdgeKind.UP]
                frame = await taking
                assert frame.data.startswith(b"\xff\xd8")
                assert on_display(bridge)["rows"][:2] == ["together", "都在"]
                [counts] = host.counts().values()
                assert counts["received"] > 3
                assert counts["sent"] > 3
                assert counts["received_bad"] == counts["sent_bad"] == counts["sent_again"] == 0
                await camera.close()
                await display.show(Screen(lines=("two left",)))
                await edges.aclose()
            assert host.counts() == {}
            await told(bridge, "over")
            assert len(bridge.all("session")) == 1
            assert len(bridge.all("opened")) == 1

    asyncio.run(main())


LOSSES = {
    "unplugged": ("unplug", "was lost: plug the bridge in again"),
    "reset": ("reset", "the bridge was lost: the device has dropped the session"),
    "died": ("die", "the bridge was lost: nothing was heard for 1 s"),
}


@pytest.mark.parametrize(("order", "words"), LOSSES.values(), ids=LOSSES)
def test_whatever_ends_the_line_is_told_to_all_in_the_same_words(tmp_path: Path, order: str, words: str) -> None:
    async def main() -> None:
        with emulated(tmp_path, "--rates", "none") as bridge:
            host = Host(time.monotonic)
            drivers = [made(role, "bridge", host, device=bridge.path) for role in ROLES]
            async with AsyncExitStack() as stack:
                for each in drivers:
                    await stack.enter_async_context(opened(each))
                serving = [asyncio.create_task(serve(each)) for each in drivers]
                bridge.order(order)
                _, waiting = await asyncio.wait(serving, timeout=LIMIT_S)
                assert not waiting
                faults = {str(task.exception()) for task in serving}
                assert len(faults) == 1
                assert words in faults.pop()
                assert all(isinstance(task.exception(), TransientFault) for task in serving)

    asyncio.run(main())


def test_who_comes_back_first_waits_for_those_who_still_hold_the_lost_line_and_gets_a_new_one(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path, "--rates", "none") as bridge:
            host = Host(time.monotonic)
            slow = made("buttons", "bridge", host, device=bridge.path)
            await slow.open()
            first = made("displays", "bridge", host, device=bridge.path)
            await first.open()
            bridge.order("reset")
            with pytest.raises(TransientFault):
                await first.watch()
            await first.close()
            again = made("displays", "bridge", host, device=bridge.path)
            opening = asyncio.create_task(again.open())
            await asyncio.wait([opening], timeout=0.05)
            assert not opening.done()
            await slow.close()
            await opening
            await again.show(Screen(lines=("new",)))
            await again.close()
            for _ in range(2):
                await told(bridge, "session")

    asyncio.run(main())


class Lives:
    """The three drivers under their supervisors, as the daemon has them."""

    def __init__(self, bridge: Emulator) -> None:
        host = Host(time.monotonic)
        self.states: dict[str, DeviceState] = {}
        self._news = asyncio.Event()
        quick = Backoff(first=0.05, cap=0.2, jitter=0.0)
        self.supervisors: list[Supervisor[Any]] = [
            Supervisor(role, partial(made, role, "bridge", host, device=bridge.path), serve, self._told, backoff=quick)
            for role in ROLES
        ]

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(each.run()) for each in self.supervisors]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    def _told(self, status: DeviceStatus) -> None:
        self.states[status.name] = status.state
        self._news.set()

    async def until_all(self, state: DeviceState) -> None:
        async with asyncio.timeout(LIMIT_S):
            while set(self.states.values()) != {state} or len(self.states) < len(ROLES):
                self._news.clear()
                await self._news.wait()


@pytest.mark.parametrize(("order", "back"), [("unplug", "replug"), ("reset", None)])
def test_a_bridge_that_comes_and_goes_leaves_nothing_behind(tmp_path: Path, order: str, back: str | None) -> None:
    async def main() -> None:
        with emulated(tmp_path) as bridge:
            async with Lives(bridge) as lives:  # libraries keep what they load, and threads that wait
                await lives.until_all(DeviceState.READY)
            await told(bridge, "over")
            before = Holdings()
            async with Lives(bridge) as lives:
                await lives.until_all(DeviceState.READY)
                for _ in range(5):
                    bridge.order(order)
                    await lives.until_all(DeviceState.WAITING)
                    if back is not None:
                        bridge.order(back)
                    await lives.until_all(DeviceState.READY)
            await before.same_again("five losses")

    asyncio.run(main())


def test_a_bridge_that_resets_in_mid_picture_ends_that_picture_and_gives_the_next(tmp_path: Path) -> None:
    small = tmp_path / "small.jpg"
    picture = cv2.imread(str(photographs(tmp_path / "photographs", "rocket.jpg") / "rocket.jpg"))
    assert picture is not None
    cv2.imwrite(str(small), picture[:120, :160])

    async def main() -> None:
        with emulated(tmp_path, "--rates", "none") as bridge:
            async with opened(made("cameras", "bridge", device=bridge.path)) as camera:
                taking = asyncio.create_task(camera.take(time.monotonic()))
                await told(bridge, "picture")
                bridge.order("reset")
                with pytest.raises(TransientFault, match="the device has dropped the session"):
                    await taking
            bridge.order(f"picture {small}")
            async with opened(made("cameras", "bridge", device=bridge.path)) as camera:
                assert (await camera.take(time.monotonic())).data == small.read_bytes()

    asyncio.run(main())


def test_the_line_goes_up_to_the_fastest_rate_and_no_further_than_the_config_says(tmp_path: Path) -> None:
    async def main(**config: Any) -> list[int]:
        with emulated(tmp_path, "--rates", "230400,921600,1500000") as bridge:
            async with opened(made("displays", "bridge", device=bridge.path, **config)) as display:
                if config.get("rate") != 115_200:
                    await told(bridge, "rate")
                await display.show(Screen(lines=("fast",)))
                await display.show(Screen(lines=("still",)))
                return [event["baud"] for event in bridge.all("rate")]

    assert asyncio.run(main())[-1] == 1_500_000
    assert asyncio.run(main(rate=1_000_000))[-1] == 921_600
    assert asyncio.run(main(rate=115_200)) == []


def test_sections_that_name_different_rates_are_told_so_and_the_first_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path) as bridge:
            host = Host(time.monotonic)
            async with opened(made("displays", "bridge", host, device=bridge.path)) as display:
                other = made("buttons", "bridge", host, device=bridge.path, rate=921_600)
                with pytest.raises(PermanentFault, match="`rate` is 921600 here and auto in another section"):
                    async with opened(other):
                        pass
                await display.show(Screen(lines=("goes on",)))
                async with opened(made("buttons", "bridge", host, device=bridge.path)):
                    assert len(bridge.all("session")) == 1

    asyncio.run(main())


def test_a_port_by_two_of_its_names_is_one_bridge(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path) as bridge:
            (tmp_path / "other-name").symlink_to(bridge.path)
            host = Host(time.monotonic)
            async with (
                opened(made("displays", "bridge", host, device=bridge.path)),
                opened(made("buttons", "bridge", host, device=f"{tmp_path}/other-name")),
            ):
                assert len(bridge.all("session")) == 1

    asyncio.run(main())


def test_who_is_there_is_told_once_with_what_it_has(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        with emulated(tmp_path, "--name", "glasses of lab 7", "--firmware", "2.1", "--buttons", "main,back") as bridge:
            async with opened(made("displays", "bridge", device=bridge.path)):
                [line] = [record.getMessage() for record in caplog.records if "lab 7" in record.getMessage()]
        assert line == (
            f"{bridge.path}: glasses of lab 7, firmware 2.1; camera 640x427; buttons main back; display 30x10"
        )

    with caplog.at_level(logging.INFO):
        asyncio.run(main())


def test_the_drivers_of_a_bridge_that_lacks_their_part_say_so(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path, "--display", "none", "--buttons", "none", "--camera", "none") as bridge:
            host = Host(time.monotonic)
            for role, part in zip(ROLES, ("camera", "buttons", "display"), strict=True):
                with pytest.raises(PermanentFault, match=f"this bridge has no {part}: take it out of `{part}"):
                    async with opened(made(role, "bridge", host, device=bridge.path)):
                        pass

    asyncio.run(main())
