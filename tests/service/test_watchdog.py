"""systemd's watchdog: what has to turn for a ping, and what has not."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import asynccontextmanager, closing
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import stuck_camera
from aiohttp import web

from glassd.devices import Device, Devices
from glassd.service.watchdog import StandstillError, api_answers, keep_telling, patience_s, unstuck
from glassd_drivers.contracts import DriverConfig
from glassd_drivers.host import Host
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from pathlib import Path

    from running import Daemon

    from glassd.service.watchdog import Proof

PATIENCE_S = 10.0


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Receive what systemd is told."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield receiver


def pings(systemd: socket.socket, proofs: Mapping[str, Proof], seconds: float) -> list[float]:
    """Return when systemd is pinged, in seconds from the start, while these parts are asked for so long."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        began, at = loop.time(), []
        loop.add_reader(systemd, lambda: at.append(loop.time() - began) if systemd.recv(100) == b"WATCHDOG=1" else None)
        telling = asyncio.create_task(keep_telling(proofs, PATIENCE_S))
        await passes(seconds)
        loop.remove_reader(systemd)
        telling.cancel()
        await asyncio.wait([telling])
        return at

    return run(main())


def gaps(at: list[float]) -> list[float]:
    return [round(later - earlier, 3) for earlier, later in pairwise(at)]


async def turns() -> None:
    """Prove that all is well."""


async def slow() -> None:
    await passes(3)


async def silent() -> None:
    await asyncio.Event().wait()


def failing_until(seconds: float) -> Proof:
    async def prove() -> None:
        if asyncio.get_running_loop().time() < began + seconds:
            raise StandstillError("ask b1 does not end")

    began = 1000.0  # the virtual clock's own beginning
    return prove


def test_all_parts_turn_three_pings_fit_into_the_patience_and_the_first_comes_at_once(systemd: socket.socket) -> None:
    at = pings(systemd, {"one": turns, "another": turns}, 100)
    assert at[0] == 0
    assert set(gaps(at)) == {round(PATIENCE_S / 3, 3)}
    assert len(at) == 30


def test_a_part_that_is_slow_but_turns_never_tires_the_patience(systemd: socket.socket) -> None:
    at = pings(systemd, {"one": slow, "another": turns}, 100)
    assert max(gaps(at)) < PATIENCE_S * 2 / 3


@pytest.mark.parametrize("part", [silent, failing_until(1000)])
def test_one_part_that_stands_still_ends_the_pings_and_is_named_once(
    part: Proof, systemd: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    assert pings(systemd, {"one": turns, "the scheduler": part}, 100) == []
    (record,) = caplog.records
    assert "the scheduler" in record.getMessage()
    assert "systemd starts glassd anew" in record.getMessage()


def test_a_part_that_turns_again_is_told_of_and_the_pings_go_on(
    systemd: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    at = pings(systemd, {"the scheduler": failing_until(5)}, 100)
    assert 5 <= at[0] < PATIENCE_S
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


def test_a_part_that_can_be_asked_tells_what_of_it_is_stuck() -> None:
    async def main() -> None:
        await unstuck(lambda: "")()
        with pytest.raises(StandstillError, match="ask b1 does not end"):
            await unstuck(lambda: "ask b1 does not end")()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "10000000"}, 10.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(os.getpid())}, 10.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_only_the_process_that_is_watched_pings(
    environment: dict[str, str], expected: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert patience_s() == expected


# -- the proofs themselves ---------------------------------------------------------------------------------------------


@asynccontextmanager
async def api(path: Path, status: int) -> AsyncIterator[None]:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=status, text="x" * 100_000)

    app = web.Application()
    app.add_routes([web.get("/api/status", handler)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(path)).start()
        yield
    finally:
        await runner.cleanup()


def test_the_api_gives_its_proof_by_an_answer(tmp_path: Path) -> None:
    async def main() -> None:
        async with api(tmp_path / "socket", 200):
            await api_answers(tmp_path / "socket")()

    asyncio.run(main())


def test_an_api_that_fails_or_is_not_there_gives_none(tmp_path: Path) -> None:
    async def main() -> None:
        async with api(tmp_path / "socket", 500):
            with pytest.raises(StandstillError, match="500"):
                await api_answers(tmp_path / "socket")()
        with pytest.raises(OSError, match="No such file"):
            await api_answers(tmp_path / "gone")()

    asyncio.run(main())


class _Nobody:
    """A camera that is never there, and does not even fail."""

    def __init__(self, _config: object, _context: object) -> None: ...

    async def open(self) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None: ...


def test_a_device_is_stuck_when_its_supervisor_has_ended_never_when_it_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glassd_drivers.registry.load", lambda *_: _Nobody)

    async def serve(_camera: Any) -> None: ...

    async def main() -> None:
        loop = asyncio.get_running_loop()
        devices = Devices(Host(loop.time), lambda _status: None, lambda _error: None, loop.time)
        devices.add(Device("camera", "cameras", "clip", DriverConfig(), serve))
        devices.start("camera")
        await passes(3600)
        assert devices.stuck() == ""
        (supervisor,) = (task for task in asyncio.all_tasks() if task.get_name() == "camera")
        supervisor.cancel()
        await asyncio.wait([supervisor])
        assert "camera" in devices.stuck()
        await devices.close()

    run(main())


# -- the daemon --------------------------------------------------------------------------------------------------------


def test_a_stuck_thread_and_an_absent_device_leave_the_pings_alone(
    tmp_path: Path, start: Callable[..., Daemon]
) -> None:
    stuck_camera.install(tmp_path)
    config = """
model: {endpoints: [{url: reader}]}
camera: {driver: stuck}
buttons: [{driver: evdev, device: /dev/input/by-id/nobody, map: {KEY_ENTER: main}}]
"""
    daemon = start(config, PYTHONPATH=str(tmp_path), WATCHDOG_USEC="300000")
    daemon.told("STATUS=camera ready, buttons.0 waiting")
    for _ in range(5):
        daemon.told("WATCHDOG=1")
    assert daemon.stop() == 0


def test_systemds_signal_leaves_the_stacks_in_the_log_and_no_values(start: Callable[..., Daemon]) -> None:
    """The unit sets PYTHONFAULTHANDLER, and systemd sends SIGABRT to a daemon that has gone silent."""
    config = "model: {endpoints: [{url: 'http://127.0.0.1:9/v1', vision: m, key: some}]}\n"
    daemon = start(config, GLASSD_KEY_SOME="sk-never-in-a-log", PYTHONFAULTHANDLER="1")
    daemon.stop(signal.SIGABRT)
    log = "\n".join(daemon.log.all)
    assert "Fatal Python error: Aborted" in log
    assert "process.py" in log
    assert "sk-never" not in log
