"""The daemon as a process: its log, its signals, its sockets, what systemd is told, and that a stop takes under 2 s."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import shutil
import signal
import socket
import stat
import threading
import time
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from glassd.app import App
from glassd.config.keys import KeyMissingError, find_key
from glassd.config.mistakes import ConfigError
from glassd.late import loaded
from glassd.service import watchdog
from glassd.service.log import log_to_stderr
from glassd.service.notify import notify
from glassd.service.paths import socket_to_serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from pathlib import Path

    from glassd.config.schema import Config
    from glassd.config.settings import Settings
    from glassd.service.report import LogMemory

log = logging.getLogger(__name__)

STOP_LIMIT_S = 1.7
"""A stop that takes longer, because a device or a library is stuck, is made by leaving the process at once."""
LAST_WORD_LIMIT_S = 0.1
"""How long the log may take for the line that says so: it can be what is stuck."""
SOCKET_MODE = 0o660
SOCKET_GROUP = "glassd"
_FIRST = asyncio.FIRST_COMPLETED


class StartError(Exception):
    """The daemon cannot start; the text says why and what to do, in one line."""


def run_daemon(
    config: Config,
    settings: Settings,
    *,
    guest: Callable[[App], Coroutine[Any, Any, None]] | None = None,
) -> int:
    """Run until SIGTERM or SIGINT, and return the exit status: 0, or 1 where it could not start or had to give up.

    `settings` are the files that the config is from: SIGHUP reads them again.
    `guest` is a coroutine that is run beside the daemon once it is ready; its end stops the daemon.
    """
    memory = log_to_stderr(config.log.level)
    try:
        asyncio.run(_main(config, settings, memory, guest))
    except StartError as error:
        log.error("%s", error)  # noqa: TRY400  the operator's one line; the cause is no bug of ours
        return 1
    except Exception:  # whatever it is, the process ends with it: the log gets it, systemd the status
        log.exception("the daemon had to give up")
        return 1
    return 0


async def _main(
    config: Config,
    settings: Settings,
    memory: LogMemory,
    guest: Callable[[App], Coroutine[Any, Any, None]] | None,
) -> None:
    stop = asyncio.Event()
    last_resort = _LastResort()
    signals = _Signals(asyncio.get_running_loop())
    for number in (signal.SIGTERM, signal.SIGINT):
        signals.on(number, stop.set, at_once=lambda: last_resort.begin(status=0))
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(_bound(path := socket_to_serve()))
        app = await stack.enter_async_context(App(config, settings, memory.lines))
        api = await stack.enter_async_context(_api(app, config, listener))
        await stack.enter_async_context(_gateway(app, config))
        reloads = _Reloads(app)
        signals.on(signal.SIGHUP, reloads.begin)
        notify("READY=1")
        app.ready()
        app.tell_status()
        log.info("ready")
        waits: list[asyncio.Future[Any]] = [asyncio.create_task(stop.wait(), name="stop"), app.fatal, api.task]
        if (patience_s := watchdog.patience_s()) is not None:
            proofs = {part: watchdog.unstuck(stuck) for part, stuck in app.essentials.items()}
            telling = watchdog.keep_telling({**proofs, "the API": partial(api.answers, path)}, patience_s)
            waits.append(asyncio.create_task(telling, name="watchdog"))
        if guest is not None:
            waits.append(asyncio.create_task(guest(app), name="guest"))
        await asyncio.wait(waits, return_when=_FIRST)
        notify("STOPPING=1", "STATUS=stopping")
        last_resort.begin(status=int(app.fatal.done()))
        await app.runner.close()  # so that whoever asked hears of the end before the API closes
        for waited in waits:
            waited.cancel()
        for result in await asyncio.gather(*waits, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
    log.info("stopped")


def _nothing() -> None:
    """Do nothing."""


class _Signals:
    """Carries signals to the event loop by a thread of their own, which hears them whatever the main one is stuck in.

    Python's handlers run on the main thread between two steps of its own; a system call that began just after the
    signal came holds them off for ever. The file that wakes a program up is written in the signal's very moment.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: dict[int, tuple[Callable[[], object], Callable[[], object]]] = {}
        self._come, write = os.pipe()
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        threading.Thread(target=self._hear, name="signals", daemon=True).start()

    def on(self, number: int, call: Callable[[], object], at_once: Callable[[], object] = _nothing) -> None:
        """Have a signal call `call` on the event loop, and `at_once` on the thread before it."""
        self._calls[number] = (call, at_once)
        signal.signal(number, lambda *_: None)  # it must have one, for the file to be written

    def _hear(self) -> None:
        while True:
            for number in os.read(self._come, 64):
                call, at_once = self._calls.get(number, (_nothing, _nothing))
                at_once()
                with contextlib.suppress(RuntimeError):  # the loop is closed: the stop has come to its end
                    self._loop.call_soon_threadsafe(call)


class _LastResort:
    """Ends the process where a stop does not come to its end, whatever is stuck: a thread, the event loop, the log."""

    def __init__(self) -> None:
        self._begun: SimpleQueue[int] = SimpleQueue()
        threading.Thread(target=self._wait, name="last resort", daemon=True).start()

    def begin(self, status: int) -> None:
        """Take note that a stop has begun, and with which exit status; the first counts."""
        self._begun.put(status)

    def _wait(self) -> None:
        status = self._begun.get()
        time.sleep(STOP_LIMIT_S)
        text = "something is stuck; leaving without waiting for it"
        told = threading.Thread(target=log.warning, args=(text,), name="last word", daemon=True)
        told.start()
        told.join(LAST_WORD_LIMIT_S)
        os._exit(status)


class _Reloads:
    """Reloads on SIGHUP, one at a time."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._reload(), name="reload")

    async def _reload(self) -> None:
        try:
            await self._app.reload()
        except ConfigError as error:
            log.error("%s", error)  # noqa: TRY400  its mistakes are the whole story; a caller of the API is told them


@asynccontextmanager
async def _api(app: App, config: Config, listener: socket.socket) -> AsyncIterator[_Api]:
    """Serve the API while this is entered: at once at an address, on the unix socket as soon as HTTP is loaded."""
    api = _Api(app, config, listener)
    try:
        if config.api.listen is not None:
            await asyncio.wait([api.task, served := asyncio.create_task(api.serves.wait())], return_when=_FIRST)
            served.cancel()
        yield api
    finally:
        api.task.cancel()
        await asyncio.wait([api.task])


class _Api:
    """The API as a task, which ends only by an error; callers that come before it serves wait in the socket."""

    def __init__(self, app: App, config: Config, listener: socket.socket) -> None:
        self.serves = asyncio.Event()
        self._place = (app, listener, config.api, _token("api", config.api.token))
        self.task = asyncio.create_task(self._serve(), name="API")

    async def answers(self, path: Path) -> None:
        """Return where the API answers, or is still being loaded: the watchdog's proof."""
        if self.serves.is_set():
            await watchdog.api_answers(path)()

    async def _serve(self) -> None:
        await loaded("glassd.api.listener")
        from glassd.api.listener import serving  # noqa: PLC0415  aiohttp comes with it

        async with serving(*self._place):
            self.serves.set()
            # All that a daemon needs is loaded, and stays: the collector begins, and does not look through that.
            gc.freeze()
            gc.enable()
            await asyncio.Event().wait()


@asynccontextmanager
async def _gateway(app: App, config: Config) -> AsyncIterator[None]:
    """Serve the apps on the glasses where the config has a section `gateway`."""
    section = config.gateway
    async with AsyncExitStack() as stack:
        if section is not None and app.gateway is not None:
            token = _token("gateway", section.token)
            await loaded("glassd.gateway.listener")
            from glassd.gateway.listener import (  # noqa: PLC0415  aiohttp comes with it
                UnguardedError,
                listening_when_possible,
            )

            try:
                listening = listening_when_possible(app.gateway, section.listen, token, app.gateway_listens)
                await stack.enter_async_context(listening)
            except UnguardedError as error:
                raise StartError(f"gateway.listen: {error}: name it under gateway.token") from error
        yield


def _token(section: str, name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return find_key(name)
    except KeyMissingError as error:
        raise StartError(f"{section}.token: {error}") from error


@contextmanager
def _bound(path: Path) -> Iterator[socket.socket]:
    """Yield the listening unix socket, and take it away at the end.

    So a second daemon ends before it touches a device; who calls early waits until there is somebody to answer.
    """
    listener = _bind(path)
    try:
        yield listener
    finally:
        path.unlink(missing_ok=True)
        listener.close()


def _bind(path: Path) -> socket.socket:
    """Return the listening unix socket, open to its group alone; a dead daemon's leftover gives way, a live one not."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _make_folder(path.parent)
        _clear(path)
        before = os.umask(0o777 & ~SOCKET_MODE)
        try:
            listener.bind(str(path))
            listener.listen()
        finally:
            os.umask(before)
    except OSError as error:
        listener.close()
        raise StartError(
            f"cannot listen at {path}: {error.strerror or error}; name another place in GLASSD_SOCKET"
        ) from error
    with contextlib.suppress(LookupError, PermissionError):
        shutil.chown(path, group=SOCKET_GROUP)
    return listener


def _make_folder(folder: Path) -> None:
    """See to the socket's folder; one that somebody else owns could be swapped under us."""
    folder.mkdir(mode=0o755 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid not in (0, os.geteuid()):
        raise StartError(f"{folder} belongs to somebody else: name another place in GLASSD_SOCKET")


def _clear(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise StartError(f"{path} is no socket: it is left alone; name another place in GLASSD_SOCKET")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise StartError(f"another glassd is running at {path}: stop it, or name another place in GLASSD_SOCKET")
