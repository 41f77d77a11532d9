"""The configured drivers, each under its supervisor; started, stopped and replaced by name.

A device's name is its place in the config: `camera`, `buttons.0`, `displays.1`. A section that has not changed keeps
its driver through a reload.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from glassd.config.keys import KeyMissingError, find_key
from glassd.config.schema import ButtonDevice, Camera, DisplayDevice
from glassd.messages import Language
from glassd_drivers import registry
from glassd_drivers.contracts import PermanentFault
from glassd_drivers.supervise import Supervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from glassd.config.schema import Config
    from glassd_drivers.contracts import DriverConfig, Role
    from glassd_drivers.host import Host
    from glassd_drivers.supervise import DeviceStatus

CAMERA = "camera"
"""The camera's name; there is one at most."""
STOP_LIMIT_S = 1.2
"""How long the drivers may take to close when the daemon stops; a stuck one is left to the end of the process."""


class Device(Struct, frozen=True):
    """One section's driver: where it stands in the config, which driver, its options, and who works with it.

    `serve` gets each open driver of its lives; `prepare` each new one before it is opened.
    """

    name: str
    role: Role
    driver: str
    options: DriverConfig
    serve: Callable[[Any], Awaitable[None]]
    prepare: Callable[[Any], None] = lambda _driver: None


class Devices:
    """All devices of the daemon.

    `report` is told each new status; `fatal` the error of a supervisor that died, which none should: it outlives
    every error of its driver.
    """

    def __init__(
        self,
        host: Host,
        report: Callable[[DeviceStatus], None],
        fatal: Callable[[BaseException], None],
        clock: Callable[[], float],
    ) -> None:
        self._host = host
        self._report = report
        self._fatal = fatal
        self._clock = clock
        self._devices: dict[str, Device] = {}
        self._supervisors: dict[str, Supervisor[Any]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ending: dict[str, set[asyncio.Task[None]]] = {}  # told to close, and not closed yet
        self._users: Counter[str] = Counter()

    def add(self, device: Device) -> None:
        """Take a device in, closed: `start` or `opened` opens it."""
        driver = registry.load(device.role, device.driver)

        def make() -> Any:
            made = driver(device.options, self._host.context(device.name, supervisor.note))
            device.prepare(made)
            return made

        supervisor = Supervisor(device.name, make, device.serve, self._report, clock=self._clock)
        self._devices[device.name] = device
        self._supervisors[device.name] = supervisor

    def start(self, name: str) -> None:
        """Open a device and keep it open, once it is closed from before."""
        task = self._tasks[name] = asyncio.create_task(self._run(name, self._supervisors[name]), name=name)
        task.add_done_callback(self._ended)

    def stop_soon(self, name: str) -> None:
        """Have a device closed, without waiting for it."""
        if (task := self._tasks.pop(name, None)) is not None:
            ending = self._ending.setdefault(name, set())
            ending.add(task)
            task.add_done_callback(ending.discard)
            task.cancel()

    async def stop(self, name: str) -> None:
        """Close a device and wait for it, bounded."""
        self.stop_soon(name)
        if ending := self._ending.get(name):
            await asyncio.wait(set(ending), timeout=STOP_LIMIT_S)

    @asynccontextmanager
    async def opened(self, name: str) -> AsyncIterator[None]:
        """Keep a device open for as long as anybody has this entered."""
        self._users[name] += 1
        if self._users[name] == 1:
            self.start(name)
        try:
            yield
        finally:
            self._users[name] -= 1
            if not self._users[name]:
                await self.stop(name)

    async def remove(self, name: str) -> None:
        """Close a device and forget it."""
        del self._devices[name], self._supervisors[name]
        await self.stop(name)

    async def close(self) -> None:
        """Close all devices at once, bounded."""
        for name in list(self._tasks):
            self.stop_soon(name)
        if tasks := [task for ending in self._ending.values() for task in ending]:
            await asyncio.wait(tasks, timeout=STOP_LIMIT_S)

    def look_again(self) -> None:
        """Try at once each device that is waited for: one was plugged in."""
        for supervisor in self._supervisors.values():
            supervisor.retry_now()

    def stuck(self) -> str:
        """Return whose supervisor has ended, empty where none has; what one waits for is no matter here."""
        return ", ".join(f"the supervisor of {name} has ended" for name, task in self._tasks.items() if task.done())

    def status(self) -> list[dict[str, Any]]:
        """Return where each device stands, as JSON."""
        now = self._clock()
        return [
            {
                "name": name,
                "driver": self._devices[name].driver,
                "state": supervisor.status.state.value,
                "for_s": round(now - supervisor.status.since, 3),
                "error": supervisor.status.error,
            }
            for name, supervisor in self._supervisors.items()
        ]

    async def _run(self, name: str, supervisor: Supervisor[Any]) -> None:
        if ending := self._ending.get(name):
            await asyncio.wait(set(ending), timeout=STOP_LIMIT_S)
        await supervisor.run()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fatal(error)


Section = Camera | ButtonDevice | tuple[DisplayDevice, Language]
"""What a device is made from; a display also speaks the wearer's language."""


def sections(config: Config) -> dict[str, Section]:
    """Return what each device of a config is made from, by its name."""
    found: dict[str, Section] = {}
    if config.camera is not None:
        found[CAMERA] = config.camera
    found |= {f"buttons.{i}": section for i, section in enumerate(config.buttons)}
    found |= {f"displays.{i}": (section, config.language) for i, section in enumerate(config.displays)}
    return found


def credential(name: str) -> str:
    """Return what a credential holds, for a driver; raise PermanentFault, which says what to do, if there is none."""
    try:
        return find_key(name)
    except KeyMissingError as error:
        raise PermanentFault(str(error)) from error
