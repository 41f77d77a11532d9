"""What the board has on its outside, as the config has it: camera and eyes, buttons, displays.

A section that has not changed keeps its device through a reload. What comes of it (edges, changes of the scene, states,
screens) is told to whoever made this.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from glassd.config.schema import ButtonDevice, DisplayDevice
from glassd.config.schema import Camera as CameraSection
from glassd.devices import CAMERA, Device, Devices, credential, sections
from glassd.frames.darkroom import Darkroom
from glassd.frames.eyes import Lids, NoEyes, RingEyes, SignedEyes, WakingEyes
from glassd.frames.turning import Pose
from glassd.frames.view import View
from glassd.frames.watch import SceneWatch
from glassd.presenter.stage import Stage
from glassd_drivers import hotplug, registry
from glassd_drivers.contracts import DeviceState
from glassd_drivers.host import Host

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from typing import Protocol

    from glassd.config.schema import Config
    from glassd.devices import Section
    from glassd.messages import Language
    from glassd_drivers.contracts import Buttons, Display, Edge, Screen
    from glassd_drivers.supervise import DeviceStatus

    class Told(Protocol):
        """Who is told of what happens outside."""

        def edge(self, edge: Edge) -> None:
            """A button went down or up."""

        def scene_changed(self, instant: float) -> None:
            """The scene has changed, at rest by this instant."""

        def device_changed(self, status: DeviceStatus) -> None:
            """A device stands otherwise than before."""

        def screen_changed(self, display: str, screen: Screen) -> None:
            """A display is given another screen."""

        def screens_faded(self) -> None:
            """What stands on the displays has stood there long enough."""

        def die(self, error: BaseException) -> None:
            """There is nothing to go on for."""

        @property
        def paused(self) -> bool:
            """Nothing may be looked at."""

        @property
        def watches_scene(self) -> bool:
            """Whether changes of the scene are to be told."""


class Outfit:
    """The devices of one daemon. Nothing is open before `open`."""

    def __init__(self, told: Told, clock: Callable[[], float]) -> None:
        self.host = Host(clock, credential)
        self.devices = Devices(self.host, self._device_changed, told.die, clock)
        self.stage = Stage(clock, told.screen_changed, told.screens_faded)
        self.darkroom = Darkroom()
        self.lids = Lids(self._keep_looking)
        self._told = told
        self._streams = False
        self._clock = clock
        self._scene = SceneWatch(lambda: self.lids.newest, told.scene_changed)
        self._hotplug = ExitStack()

    def open(self, config: Config) -> None:
        """Take in what the config has, and open it; under a pause the camera stays closed, and the displays say so."""
        if self._told.paused:
            self.lids.shut()
            self.stage.pause(on=True)
        for name, section in sections(config).items():
            self._add(name, section)
        self.stage.read_at(config.reading)
        self.watch_scene()
        self._hotplug.enter_context(hotplug.arrivals(self.devices.look_again))

    async def change(self, before: Config, after: Config) -> list[str]:
        """Take over another config's devices and reading; return the names of what has changed."""
        old, new = sections(before), sections(after)
        changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        for name in changed:
            if name in old:
                await self._remove(name)
        for name in changed:
            if name in new:
                self._add(name, new[name])
        if before.reading != after.reading:
            changed.append("reading")
            self.stage.read_at(after.reading)
        return changed

    def watch_scene(self) -> None:
        """Look for changes of the scene, where somebody waits for them, or no longer."""
        self._scene.keep(watching=self._told.watches_scene)

    def close_eyes(self) -> None:
        """Look for nothing any more."""
        self._hotplug.close()
        self.stage.read_at(None)
        self._scene.keep(watching=False)

    # -- each kind -----------------------------------------------------------------------------------------------------

    def _add(self, name: str, section: Section) -> None:
        match section:
            case CameraSection():
                self._add_camera(section)
            case ButtonDevice():
                self.devices.add(Device(name, "buttons", section.driver, section.options, self._serve_buttons))
                self.devices.start(name)
            case (DisplayDevice(), language):
                self._add_display(name, section[0], language)

    def _add_camera(self, section: CameraSection) -> None:
        self.darkroom.pose(CAMERA, Pose(section.crop, section.rotate, section.mirror))
        view = View(section, self._clock, self.stage.camera)
        self._streams = registry.load("cameras", section.driver).kind == "stream"
        self.devices.add(Device(CAMERA, "cameras", section.driver, section.options, view.serve))

        def opened() -> AbstractAsyncContextManager[None]:
            return self.devices.opened(CAMERA)

        if section.capture == "after_sign":
            self.lids.eyes = SignedEyes(view, self._clock, self.stage.sign, opened)
        elif section.keep_open == "always":
            self.lids.eyes = RingEyes(view)
            self._keep_looking(not self._told.paused)
        else:
            linger = 0.0 if section.keep_open == "never" else section.keep_open
            self.lids.eyes = WakingEyes(view, self._clock, opened, linger)

    def _add_display(self, name: str, section: DisplayDevice, language: Language) -> None:
        driver = registry.load("displays", section.driver)
        profile = registry.profile(section.profile or driver.profile)
        compositor = self.stage.add(name, profile, language)

        def fit(display: Display) -> None:
            display.fit(profile)

        self.devices.add(Device(name, "displays", section.driver, section.options, compositor.serve, fit))
        self.devices.start(name)

    async def _remove(self, name: str) -> None:
        if name == CAMERA:
            self._scene.keep(watching=False)
            self.lids.eyes.forget()
            self.lids.eyes = NoEyes()
            self.stage.camera(False)
            self.stage.no_camera(False)
        await self.devices.remove(name)
        self.stage.remove(name)

    async def _serve_buttons(self, buttons: Buttons) -> None:
        async for edge in buttons.edges():
            self._told.edge(edge)

    def _device_changed(self, status: DeviceStatus) -> None:
        self._told.device_changed(status)
        if status.name == CAMERA:
            if self._streams:  # one of stills shows the sign when it takes one: its view says so
                self.stage.camera(status.state is DeviceState.READY)
            self.stage.no_camera(status.state in (DeviceState.WAITING, DeviceState.FAILED))

    def _keep_looking(self, looking: bool) -> None:
        """Open the camera that looks all the time, or close whichever is open."""
        if not looking:
            self.devices.stop_soon(CAMERA)
        elif isinstance(self.lids.eyes, RingEyes):
            self.devices.start(CAMERA)
        self.watch_scene()
