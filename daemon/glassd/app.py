"""The wiring: config → drivers → boxes → one task tree. The only module that knows all of them.

buttons ──edges──▶ runner (scheduler) ──ask──▶ client ──events──▶ stage ──screens──▶ displays
apps on the glasses ──▶ gateway ───┘   ▲
camera ──frames──▶ view ◀── eyes ──────┘
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import ExitStack, aclosing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from msgspec.structs import replace

from glassd import __version__
from glassd.answering import Answering
from glassd.ask import Ask, Origin
from glassd.config.mistakes import ConfigError
from glassd.config.schema import ButtonDevice, DisplayDevice
from glassd.config.schema import Camera as CameraSection
from glassd.devices import CAMERA, Device, Devices, credential, sections
from glassd.events import Bus
from glassd.frames.darkroom import Darkroom
from glassd.frames.eyes import Lids, NoEyes, RingEyes, SignedEyes, WakingEyes
from glassd.frames.turning import Pose
from glassd.frames.view import View
from glassd.frames.watch import SceneWatch
from glassd.gateway.apps import Apps
from glassd.late import loaded
from glassd.presenter.stage import Stage
from glassd.scheduler.gestures import PLAYED_STEP_S, played
from glassd.scheduler.machine import Scheduler
from glassd.scheduler.runner import Runner
from glassd.service.notify import notify, reloading
from glassd.service.report import redacted, without_paths
from glassd_drivers import hotplug, registry
from glassd_drivers.contracts import DeviceState, Edge
from glassd_drivers.host import Host

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable
    from contextlib import AbstractAsyncContextManager

    from glassd.answer import AnswerEvent
    from glassd.ask import Detail, Picture
    from glassd.config.commands import Command
    from glassd.config.schema import Config
    from glassd.config.triggers import Gesture
    from glassd.devices import Section
    from glassd.frames.view import Picked
    from glassd.gateway.server import Responder
    from glassd.messages import Language
    from glassd.record import AskRecord
    from glassd_drivers.contracts import Buttons, Channel, Display, Frame, Screen
    from glassd_drivers.supervise import DeviceStatus

log = logging.getLogger(__name__)

LAST_SCREEN_LIMIT_S = 0.3
"""How long a stop waits for the displays to show what they were given last."""


class App:
    """The whole daemon in one object: entered, it runs; left, it has stopped. It is what the API talks to (`House`)."""

    def __init__(self, config: Config, read_config: Callable[[], Config], log_lines: Iterable[str] = ()) -> None:
        """`read_config` reads the config again and raises ConfigError; `log_lines` are the log's newest."""
        self.bus = Bus()
        self.config = config
        self.fatal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Ends with the error that the daemon cannot survive."""
        self._read_config = read_config
        self._log_lines = log_lines
        self._clock = asyncio.get_running_loop().time
        self._started = time.monotonic()
        self._host = Host(self._clock, credential)
        self._devices = Devices(self._host, self._device_changed, self._die, self._clock)
        self._stage = Stage(self._clock, self._screen_changed)
        self._darkroom = Darkroom()
        self._model = Answering(self._darkroom.develop)
        self._lids = Lids(self._keep_looking)
        self.scheduler = Scheduler(config)
        self.runner = Runner(self.scheduler, self._lids, self._model, self._stage, self._ask_ended)
        self._scene = SceneWatch(lambda: self._lids.newest, self._scene_changed)
        self.gateway: Responder | None = None if config.gateway is None else Apps(lambda: self.config, self._submit)
        """Who answers apps on the glasses; None where the config has no gateway."""
        self._gateway_listens = False
        self._reloading: asyncio.Task[list[str]] | None = None
        self._refused = ""  # what is wrong with the newest config, where a reload has left the one before in force
        self._played_until: dict[str, float] = {}
        self._hotplug = ExitStack()

    async def __aenter__(self) -> Self:
        self._opening = asyncio.create_task(self._open_model(), name="open the way to the model")
        for name, section in sections(self.config).items():
            self._add(name, section)
        self._watch_scene()
        self._hotplug.enter_context(hotplug.arrivals(self._devices.look_again))
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._hotplug.close()
        self._scene.keep(watching=False)
        if self._reloading is not None:
            self._reloading.cancel()
            await asyncio.wait([self._reloading])
        await self.runner.close()
        self._lids.eyes.forget()
        self._opening.cancel()
        await asyncio.wait([self._opening])
        await self._stage.shown(LAST_SCREEN_LIMIT_S)
        await self._devices.close()
        await self._model.close()
        self._darkroom.close()

    async def _open_model(self) -> None:
        """Open the way to the model, for which HTTP is loaded first; a press that comes before waits for it."""
        try:
            await self._model.change(self.config)
        except Exception as error:  # whatever it is: without a way to the model there is nothing to go on for
            self._die(error)
            raise
        self._model.warm()

    @property
    def essentials(self) -> dict[str, Callable[[], str]]:
        """The parts that must turn for as long as the daemon runs: each tells what of it is stuck, or an empty text."""
        return {"the scheduler": self.runner.stuck, "the devices": self._devices.stuck}

    def tell_status(self) -> None:
        """Have `systemctl status` show how each device stands, and what a reload refused."""
        devices = ", ".join(f"{device['name']} {device['state']}" for device in self._devices.status())
        notify(f"STATUS={devices or 'ready'}{self._refused}")

    # -- what the API asks for -----------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Return how things stand, as JSON."""
        last = self.runner.records[-1] if self.runner.records else None
        return {
            "version": __version__,
            "uptime_s": round(time.monotonic() - self._started, 3),
            "state": "paused" if self.scheduler.paused else "idle" if self.scheduler.idle else "answering",
            "devices": self._devices.status(),
            "buttons": self.scheduler.buttons,
            "endpoints": [endpoint.url for endpoint in self.config.model.endpoints],
            "health": self._model.health(),
            "gateway": self._gateway_status(),
            "last_ask": None if last is None else last.as_json(),
        }

    def report(self) -> dict[str, Any]:
        """Return what goes into a bug report, as JSON: no keys, frames, prompts or answers."""
        told = {
            "status": self.status(),
            "asks": [record.as_json() for record in self.runner.records],
            "log": list(self._log_lines),
        }
        return {**without_paths(told, self.config), "config": redacted(self.config)}

    async def ask(self, prompt: str, pictures: tuple[Picture, ...], detail: Detail) -> AsyncGenerator[AnswerEvent]:
        """Ask about these pictures, or about a fresh frame where there are none."""
        ask = Ask(self.scheduler.new_id("api"), prompt, Origin.API, self._clock(), pictures, detail=detail)
        async with aclosing(self.runner.submit(ask, look=not pictures)) as events:
            async for event in events:
                yield event

    def do(self, command: Command) -> None:
        """Carry out a command, as a button that is mapped to it would."""
        self.runner.command(command)

    def press(self, button: str, gesture: Gesture) -> None:
        """Play a gesture's edges, after those that are still being played; ValueError for one that starts nothing."""
        there = self.scheduler.buttons
        if gesture not in there.get(button, []):
            starts = ", ".join(f"{name} {gesture}" for name in there for gesture in there[name]) or "none"
            raise ValueError(f"{button} {gesture} starts nothing; these do: {starts}")
        edges = played(gesture, self.config.gestures)
        start = max(self._clock(), self._played_until.get(button, 0.0))
        for after, kind in edges:
            asyncio.get_running_loop().call_at(start + after, self._edge, Edge(button, kind, start + after))
        self._played_until[button] = start + edges[-1][0] + self.config.gestures.debounce + PLAYED_STEP_S

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
            config = await asyncio.to_thread(self._read_config)
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
        log.info("reloaded: %s", ", ".join(changed) or "nothing changed")
        return changed

    async def shown(self) -> None:
        """Wait until the displays show the newest screen, bounded."""
        await self._stage.shown()

    def offer(self, name: str, channel: Channel) -> bool:
        """Hand a channel to the driver that waits for that name; False if none does."""
        return self._host.offer(name, channel)

    def offer_picture(self, channel: Channel) -> bool:
        """Hand a channel with a pushed picture to the camera; False if it takes none now."""
        return self._host.offer(CAMERA, channel)

    def gateway_listens(self, listens: bool) -> None:
        """Take note whether the gateway has its address."""
        self._gateway_listens = listens

    def _submit(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        """Carry out an app's ask."""
        return self.runner.submit(replace(ask, id=self.scheduler.new_id("gateway")), look=False)

    def _gateway_status(self) -> dict[str, Any] | None:
        if (section := self.config.gateway) is None:
            return None
        under_way, waiting = self.scheduler.gateway_asks
        address = {"listen": section.listen, "listening": self._gateway_listens}
        return {**address, "under_way": under_way, "waiting": waiting}

    # -- what the config says -----------------------------------------------------------------------------------------

    async def _apply(self, config: Config) -> list[str]:
        """Take over a config; what has not changed is not touched. Return the names of what has."""
        before = self.config
        # What listens was opened at the start: it stays in force as it is, and so does what goes with it.
        self.config = config.model_copy(update={"api": before.api, "gateway": before.gateway})
        changed = await self._apply_devices(sections(before), sections(config))
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
        if {"model", "triggers"} & set(changed):
            self.scheduler.configure(self.config, self._clock())
        if before.log != config.log:
            logging.getLogger().setLevel(config.log.level.upper())
            changed.append("log")
        if before.api != config.api:
            changed.append("api (takes a restart)")
        if before.gateway != config.gateway:
            changed.append("gateway (takes a restart)")
        self._watch_scene()
        return changed

    async def _apply_devices(self, before: dict[str, Section], after: dict[str, Section]) -> list[str]:
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        for name in changed:
            if name in before:
                await self._remove(name)
        for name in changed:
            if name in after:
                self._add(name, after[name])
        return changed

    def _add(self, name: str, section: Section) -> None:
        match section:
            case CameraSection():
                self._add_camera(section)
            case ButtonDevice():
                self._devices.add(Device(name, "buttons", section.driver, section.options, self._serve_buttons))
                self._devices.start(name)
            case (DisplayDevice(), language):
                self._add_display(name, section[0], language)

    def _add_camera(self, section: CameraSection) -> None:
        self._darkroom.pose(CAMERA, Pose(section.crop, section.rotate, section.mirror))
        view = View(section, self._clock)
        self._devices.add(Device(CAMERA, "cameras", section.driver, section.options, view.serve))

        def opened() -> AbstractAsyncContextManager[None]:
            return self._devices.opened(CAMERA)

        if section.capture == "after_sign":
            self._lids.eyes = SignedEyes(view, self._clock, self._stage.sign, opened)
        elif section.keep_open == "always":
            self._lids.eyes = RingEyes(view)
            self._keep_looking(not self.scheduler.paused)
        else:
            linger = 0.0 if section.keep_open == "never" else section.keep_open
            self._lids.eyes = WakingEyes(view, self._clock, opened, linger)

    def _add_display(self, name: str, section: DisplayDevice, language: Language) -> None:
        driver = registry.load("displays", section.driver)
        profile = registry.profile(section.profile or driver.profile)
        compositor = self._stage.add(name, profile, language)

        def fit(display: Display) -> None:
            display.fit(profile)

        self._devices.add(Device(name, "displays", section.driver, section.options, compositor.serve, fit))
        self._devices.start(name)

    async def _remove(self, name: str) -> None:
        if name == CAMERA:
            self._scene.keep(watching=False)
            self._lids.eyes.forget()
            self._lids.eyes = NoEyes()
        await self._devices.remove(name)
        self._stage.remove(name)

    async def _serve_buttons(self, buttons: Buttons) -> None:
        async for edge in buttons.edges():
            self._edge(edge)

    # -- what happens --------------------------------------------------------------------------------------------------

    def _edge(self, edge: Edge) -> None:
        self.bus.publish({"event": "edge", "button": edge.button, "kind": edge.kind.value})
        self.runner.edge(edge)

    def _scene_changed(self, instant: float) -> None:
        self.bus.publish({"event": "scene"})
        self.runner.scene_changed(instant)

    def _watch_scene(self) -> None:
        self._scene.keep(watching=self.scheduler.watches_scene)

    def _device_changed(self, status: DeviceStatus) -> None:
        event = {"event": "device", "name": status.name, "state": status.state.value, "error": status.error}
        self.bus.publish(event)
        self.tell_status()
        if status.name == CAMERA:
            self._stage.camera(status.state is DeviceState.READY)

    def _keep_looking(self, looking: bool) -> None:
        """Open the camera that looks all the time, or close whichever is open."""
        if not looking:
            self._devices.stop_soon(CAMERA)
        elif isinstance(self._lids.eyes, RingEyes):
            self._devices.start(CAMERA)
        self._watch_scene()

    def _screen_changed(self, display: str, screen: Screen) -> None:
        self.bus.publish({"event": "screen", "display": display, **asdict(screen)})

    def _ask_ended(self, record: AskRecord) -> None:
        self.bus.publish({"event": "ask", **record.as_json()})
        log.log(*record.log_line())

    def _die(self, error: BaseException) -> None:
        if not self.fatal.done():
            self.fatal.set_exception(error)
