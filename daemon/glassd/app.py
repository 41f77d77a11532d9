"""The wiring: config → drivers → boxes → one task tree. The only module that knows all of them.

buttons ──edges──▶ runner (scheduler) ──ask──▶ client ──events──▶ stage ──screens──▶ displays
apps on the glasses ──▶ gateway ───┘   ▲
camera ──frames──▶ view ◀── eyes ──────┘
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Self

from msgspec.structs import replace

from glassd import __version__
from glassd.accounts import accounts, gateway
from glassd.answering import Answering
from glassd.ask import Ask
from glassd.config.keys import find_key
from glassd.config.mistakes import ConfigError
from glassd.devices import CAMERA
from glassd.events import Bus
from glassd.gateway.apps import Apps
from glassd.journal.journal import Journal
from glassd.late import loaded
from glassd.metering import Meter
from glassd.outfit import Outfit
from glassd.playing import Player
from glassd.scheduler.boxes import Boxes
from glassd.scheduler.machine import Scheduler
from glassd.scheduler.runner import Runner
from glassd.service.notify import notify, reloading
from glassd.service.paths import state_folder
from glassd.service.pause import PauseFile
from glassd.service.report import redacted, without_paths
from glassd.service.wall import WallClock
from glassd.telling import Telling, beginning, displays

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from glassd.answer import AnswerEvent
    from glassd.config.commands import Command
    from glassd.config.schema import Config
    from glassd.config.settings import Settings
    from glassd.config.triggers import Gesture
    from glassd.events import Facts
    from glassd.frames.view import Picked
    from glassd.gateway.server import Responder
    from glassd.journal.history import History
    from glassd.question import Question
    from glassd.spending import Spent
    from glassd.waiting import Waiting
    from glassd.wall import Wall
    from glassd_drivers.contracts import Channel, Edge, Frame, Screen
    from glassd_drivers.supervise import DeviceStatus

log = logging.getLogger(__name__)

KEEPING_LIMIT_S = 0.3
"""How long a stop waits for what is still being opened since the start."""
LAST_SCREEN_LIMIT_S = 0.3
"""How long a stop waits for the displays to show what they were given last."""
_POLICIES = ("budgets", "follow_up", "journal", "outbox")
"""The sections that say what may be spent, what goes on and what is kept."""


class App:
    """The whole daemon in one object: entered, it runs; left, it has stopped. It is what the API talks to (`House`)."""

    def __init__(self, config: Config, settings: Settings, log_lines: Iterable[str] = ()) -> None:
        """`settings` are the files that the config is read from again; `log_lines` are the log's newest."""
        self.bus = Bus()
        self.meter = Meter()
        """What is counted since the start."""
        self._telling = Telling(self.bus, self.meter)
        self.config = config
        self.page_url: str | None = None
        """Where the pages are, once the address is listened at."""
        self.fatal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Ends with the error that the daemon cannot survive."""
        self.settings = settings
        self._log_lines = log_lines
        self._clock = asyncio.get_running_loop().time
        self._started = time.monotonic()
        self._wall = WallClock(self._clock)
        self._outfit = Outfit(self, self._clock)
        self._stage, self._lids, self._darkroom = self._outfit.stage, self._outfit.lids, self._outfit.darkroom
        self._model = Answering(self._darkroom.develop, self.meter)
        self._trouble = False  # of the journal
        self._journal = Journal(
            state_folder(),
            config,
            clock=self._clock,
            wall=self._wall.read,
            find_key=find_key,
            on_open=self._restored,
            on_trouble=self._journal_troubled,
        )
        self._pause_file = PauseFile(state_folder())
        self._keeping: asyncio.Task[None] | None = None
        self.scheduler = Scheduler(config, paused=self._pause_file.is_there(), estimate=self._model.likely_cost)
        boxes = Boxes(
            self._lids, self._model, self._stage, self._journal, self._journal, self._wall.read, self._model.cost
        )
        self.runner = Runner(
            self.scheduler,
            boxes,
            self._telling.ended,
            on_pause=self._pause_file.keep,
            on_asked=self._telling.asked,
            on_event=self._telling.came,
        )
        self.gateway: Responder | None = None if config.gateway is None else Apps(lambda: self.config, self._submit)
        """Who answers apps on the glasses; None where the config has no gateway."""
        self._gateway_listens = False
        self._reloading: asyncio.Task[list[str]] | None = None
        self._refused = ""  # what is wrong with the newest config, where a reload has left the one before in force
        self._player = Player(self.edge, self._clock)

    async def __aenter__(self) -> Self:
        self._opening = asyncio.create_task(self._open_model(), name="open the way to the model")
        self._outfit.open(self.config)
        return self

    def ready(self) -> None:
        """Take note that the daemon is ready: what could wait for that begins."""
        self._keeping = asyncio.create_task(self._journal.open(), name="open the journal")
        self.runner.ready()

    async def __aexit__(self, *_exc: object) -> None:
        self._outfit.close_eyes()
        if self._reloading is not None:
            self._reloading.cancel()
            await asyncio.wait([self._reloading])
        await self.runner.close()
        self._lids.eyes.forget()
        begun = [self._opening] if self._keeping is None else [self._opening, self._keeping]
        self._opening.cancel()
        await asyncio.wait(begun, timeout=KEEPING_LIMIT_S)
        await self._stage.shown(LAST_SCREEN_LIMIT_S)
        await asyncio.gather(self._outfit.devices.close(), self._journal.close(), self._pause_file.close())
        await self._model.close()
        self._darkroom.close()

    async def _open_model(self) -> None:
        """Open the way to the model, for which HTTP is loaded first; a press that comes before waits for it."""
        try:
            await self._model.change(self.config)
        except Exception as error:  # whatever it is: without a way to the model there is nothing to go on for
            self.die(error)
            raise
        self._model.warm()

    @property
    def essentials(self) -> dict[str, Callable[[], str]]:
        """The parts that must turn for as long as the daemon runs: each tells what of it is stuck, or an empty text."""
        return {"the scheduler": self.runner.stuck, "the devices": self._outfit.devices.stuck}

    def tell_status(self) -> None:
        """Have `systemctl status` show how each device stands, and what a reload refused."""
        devices = ", ".join(f"{device['name']} {device['state']}" for device in self._outfit.devices.status())
        notify(f"STATUS={devices or 'ready'}{self._refused}")

    # -- what the API asks for -----------------------------------------------------------------------------------------

    async def history(self) -> History:
        """Return what is kept of asks, once the journal is open."""
        return await self._journal.when_readable()

    def wall(self) -> Wall:
        """Return what is known of the date now."""
        return self._wall.read()

    def status(self) -> dict[str, Any]:
        """Return how things stand, as JSON."""
        last = self.runner.records[-1] if self.runner.records else None
        return {
            "version": __version__,
            "uptime_s": round(time.monotonic() - self._started, 3),
            "state": "paused" if self.scheduler.paused else "idle" if self.scheduler.idle else "answering",
            "devices": self._outfit.devices.status(),
            "displays": displays(self._stage.profiles),
            "buttons": self.scheduler.buttons,
            "endpoints": [endpoint.url for endpoint in self.config.model.endpoints],
            "health": self._model.health(),
            "gateway": gateway(self.config, self.scheduler, listens=self._gateway_listens),
            "settings": {"trouble": self.settings.trouble},
            "last_ask": None if last is None else last.as_json(),
            **accounts(self.config, self.runner, takes_asks=self._journal.takes_asks, trouble=self._trouble),
        }

    def beginning(self) -> list[Facts]:
        """Return what whoever begins to listen has missed: the status, each display's screen, the asks under way."""
        return beginning(self.status(), self._stage.screens, self.runner.so_far)

    def report(self) -> dict[str, Any]:
        """Return what goes into a bug report, as JSON: no keys, frames, prompts or answers."""
        told = {
            "status": self.status(),
            "asks": [record.as_json() for record in self.runner.records],
            "log": list(self._log_lines),
        }
        return {**without_paths(told, self.config), "config": redacted(self.config)}

    async def ask(self, question: Question) -> AsyncGenerator[AnswerEvent]:
        """Ask about the question's own pictures, or about those that it wants taken."""
        q = question
        ask = Ask(
            self.scheduler.new_id(q.origin.value),
            q.prompt,
            q.origin,
            self._clock(),
            q.pictures,
            detail=q.detail,
            endpoint=q.endpoint,
            kind=q.kind,
            alone=q.alone,
        )
        submitted = self.runner.submit(ask, q.frames, busy=q.busy, follow_up=q.follow_up, outbox=q.outbox)
        async with aclosing(submitted) as events:
            async for event in events:
                yield event

    def do(self, command: Command) -> None:
        """Carry out a command, as a button that is mapped to it would."""
        self.runner.command(command)

    def press(self, button: str, gesture: Gesture) -> None:
        """Play a gesture's edges, after those that are still being played; ValueError for one that starts nothing."""
        self._player.press(button, gesture, self.scheduler.buttons, self.config.gestures)

    async def snapshot(self) -> Frame | None:
        """Return the frame in view now, None without a camera; raise AskError where it gives none, as while paused."""
        frame = await self._lids.pick(self._clock())
        return None if frame is None else await self._darkroom.show(frame)

    async def window(self) -> Picked | None:
        """Return what a press would weigh now, each frame as `snapshot` shows it; as `snapshot` where there is none."""
        if (picked := await self._lids.choose(self._clock())) is None:
            return None
        return replace(picked, candidates=tuple([await self._darkroom.show(frame) for frame in picked.candidates]))

    async def newer(self, instant: float) -> Frame | None:
        """Return the newest frame once it is newer than an instant; as `snapshot` where there is none to be had."""
        frame = await self._lids.newer(instant)
        return None if frame is None else await self._darkroom.show(frame)

    async def latency(self) -> dict[str, Any]:
        """Measure `camera.latency`: flash the first display before the camera; as JSON; AskError without frames."""
        await loaded("glassd.frames.flashes")
        from glassd.frames.flashes import measured  # noqa: PLC0415  for setup alone

        async with self._stage.flashing() as flash:
            with self._lids.kept_open():
                return await measured(flash, self._lids.newer)

    async def reload(self) -> list[str]:
        """Read the config again and apply what changed, between asks; raise ConfigError, with all left in force.

        Whoever stops waiting for it, as one that hangs up, does not stop it: half applied, it would answer nobody.
        """
        while self._reloading is not None and not self._reloading.done():
            await asyncio.wait([self._reloading])
        task = self._reloading = asyncio.create_task(self._reload(), name="reload")
        await asyncio.wait([task])
        return task.result()

    async def _reload(self) -> list[str]:
        reloading()
        try:
            config = (await asyncio.to_thread(self.settings.load)).config
            async with self.runner.between_asks():
                changed = await self._apply(config)
        except ConfigError as error:
            first, *others = str(error).splitlines()
            more = f" (and {len(others)} more)" if others else ""
            self._refused = f"; the config has mistakes, the old one stays in force: {first}{more}"
            log.error("reload: the config has mistakes; the old one stays in force")  # noqa: TRY400  who asked is told
            raise
        else:
            self._refused = ""
        finally:
            notify("READY=1")
            self.tell_status()
        if self.settings.trouble:
            log.warning("reload: %s", self.settings.trouble)
        log.info("reloaded: %s", ", ".join(changed) or "nothing changed")
        return changed

    async def shown(self) -> None:
        """Wait until the displays show the newest screen, bounded."""
        await self._stage.shown()

    def links(self) -> dict[str, dict[str, int]]:
        """Return what each shared device counts of its packets, by its key."""
        return self._outfit.host.counts()

    def offer(self, name: str, channel: Channel) -> bool:
        """Hand a channel to the driver that waits for that name; False if none does."""
        return self._outfit.host.offer(name, channel)

    def offer_picture(self, channel: Channel) -> bool:
        """Hand a channel with a pushed picture to the camera; False if it takes none now."""
        return self._outfit.host.offer(CAMERA, channel)

    def gateway_listens(self, listens: bool) -> None:
        """Take note whether the gateway has its address."""
        self._gateway_listens = listens

    def _submit(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        """Carry out an app's ask."""
        return self.runner.submit(replace(ask, id=self.scheduler.new_id("gateway")))

    # -- what the config says -----------------------------------------------------------------------------------------

    async def _apply(self, config: Config) -> list[str]:
        """Take over a config; what has not changed is not touched. Return the names of what has."""
        before = self.config
        # What listens was opened at the start: it stays in force as it is, and so does what goes with it.
        self.config = config.model_copy(update={"api": before.api, "gateway": before.gateway})
        changed = await self._outfit.change(before, config)
        if before.model != config.model:
            changed.append("model")
        if before.allow_hosts != config.allow_hosts:
            changed.append("allow_hosts")
        if {"model", "allow_hosts"} & set(changed):
            await self._model.change(config)
            if not self.scheduler.paused:
                self._model.warm()
        if (before.triggers, before.gestures) != (config.triggers, config.gestures):
            changed.append("triggers")
        changed += [name for name in _POLICIES if getattr(before, name) != getattr(config, name)]
        if {"model", "triggers", *_POLICIES} & set(changed):
            self.runner.configure(self.config)
            await self._journal.configure(self.config)
        if before.log != config.log:
            logging.getLogger().setLevel(config.log.level.upper())
            changed.append("log")
        if before.api != config.api:
            changed.append("api (takes a restart)")
        if before.gateway != config.gateway:
            changed.append("gateway (takes a restart)")
        self._outfit.watch_scene()
        return changed

    # -- what happens --------------------------------------------------------------------------------------------------

    def edge(self, edge: Edge) -> None:
        """Take an edge of any button."""
        self._telling.edge(edge)
        self.runner.edge(edge)

    def scene_changed(self, instant: float) -> None:
        """Take a change of the scene."""
        self._telling.scene()
        self.runner.scene_changed(instant)

    def device_changed(self, status: DeviceStatus) -> None:
        """Take note of how a device stands."""
        self._telling.device(status)
        self.tell_status()

    def screen_changed(self, display: str, screen: Screen) -> None:
        """Take note of what a display is given to show."""
        self._telling.screen(display, screen)

    def screens_faded(self) -> None:
        """Have cleared what has stood on the displays long enough."""
        self.runner.faded()

    @property
    def paused(self) -> bool:
        """Nothing may be looked at."""
        return self.scheduler.paused

    @property
    def watches_scene(self) -> bool:
        """Whether changes of the scene are to be told."""
        return self.scheduler.watches_scene

    def _restored(self, spent: Spent, waiting: list[Waiting]) -> None:
        self.runner.restored(spent, waiting)

    def _journal_troubled(self, trouble: bool) -> None:
        self._trouble = trouble
        self._stage.warning(on=trouble)

    def die(self, error: BaseException) -> None:
        """End: there is nothing to go on for."""
        if not self.fatal.done():
            self.fatal.set_exception(error)
