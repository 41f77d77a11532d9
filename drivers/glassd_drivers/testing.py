"""The conformance kit: what every driver promises, as checks that run against yours with its device at hand.

Fill in a `Kit`, play the far end of the device in a `Rig`, and let pytest (or anything else) call the checks:

    KIT = Kit(role="buttons", name="mine", rig=MyRig, missing={"device": "/dev/nowhere"})

    @pytest.mark.parametrize("check", KIT.checks(), ids=lambda check: check.__name__)
    def test_conforms(check):
        check(KIT)

Each check is one function, its name is the behaviour, and it raises NotConforming with one clear line. They run on
the real clock, in an event loop of their own.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glassd_drivers import registry
from glassd_drivers.contracts import CONTRACT, DriverError, EdgeKind, Screen
from glassd_drivers.harness import (
    ANSWER_LIMIT_S,
    CALM_S,
    NAME,
    OLDEST_S,
    Holdings,
    NotConforming,
    Rig,
    close,
    make,
    must_raise,
    opened,
    reading,
    require,
    run,
    some_frames,
    until_lost,
    use,
    within,
)
from glassd_drivers.pictures import PictureError, check_raw, is_raw, media_type_and_size
from glassd_drivers.supervise import OPEN_LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd_drivers.contracts import Edge, Role

__all__ = ["Kit", "NotConforming", "Rig"]

HEAVY_MODULES = ("PIL", "aiohttp", "cv2", "numpy", "serial")
"""What importing a driver's module must not import: its config is read by commands that start light."""
CANCEL_AFTER_S = (*(0.0,) * 10, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""When an open is cancelled, in turn: after n turns of the event loop, then after so many seconds."""


@dataclass(frozen=True, slots=True)
class Kit:
    """One driver under test. `missing` is a config of a device that is not there, None where that cannot be.

    `losable` is false for a driver whose device cannot go away, such as a recording held in memory.
    """

    role: Role
    name: str
    rig: Callable[[], Rig]
    missing: dict[str, Any] | None = None
    losable: bool = True

    def checks(self) -> list[Callable[[Kit], None]]:
        """Return the checks that this driver must pass."""
        chosen = [*_EVERY_ROLE, *_OF_ROLE[self.role]]
        if self.missing is not None:
            chosen.append(a_missing_device_is_a_driver_error)
        if self.losable:
            chosen += [a_lost_device_is_a_driver_error, *_ON_LOSS[self.role]]
        return chosen


# -- every role ------------------------------------------------------------------------------------------------------


def is_found_by_its_name(kit: Kit) -> None:
    """The registry loads it by name, and it states our contract."""
    driver = registry.load(kit.role, kit.name)
    require(driver.contract == CONTRACT, f"states contract {driver.contract}, this glassd has {CONTRACT}")
    require(bool((driver.__doc__ or "").strip()), "its class has no docstring, which is what `glassd drivers` prints")


def its_config_needs_no_device_library(kit: Kit) -> None:
    """In a fresh process, loading it and reading its config's schema imports none of HEAVY_MODULES."""
    script = (
        "import json, sys; from glassd_drivers import registry;"
        f"registry.load({kit.role!r}, {kit.name!r}).Config.model_json_schema();"
        f"print(json.dumps([name for name in {HEAVY_MODULES!r} if name in sys.modules]))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    require(done.returncode == 0, f"loading it in a fresh process failed: {done.stderr.strip()[-500:]}")
    heavy = json.loads(done.stdout)
    require(not heavy, f"importing its module imports {', '.join(heavy)}; import them inside open")


def its_config_refuses_unknown_keys(kit: Kit) -> None:
    """A key that it does not know is a mistake, not a silence."""

    async def check(rig: Rig) -> None:
        config = registry.load(kit.role, kit.name).Config
        config.model_validate(rig.config)
        try:
            config.model_validate({**rig.config, "no_such_key": 1})
        except ValueError:
            return
        raise NotConforming("its Config takes a key that it does not know; derive it from DriverConfig")

    run(kit, check)


def a_second_life_leaves_nothing_behind(kit: Kit) -> None:
    """Open, use, close by new objects: no file descriptor, thread or task is left."""

    async def check(rig: Rig) -> None:
        for life in range(3):  # the first is not counted: libraries keep what they load
            before = Holdings()
            async with opened(kit, rig) as driver:
                await use(kit, rig, driver)
            if life:
                await before.same_again(f"life {life + 1}")

    run(kit, check)


def cancelling_open_leaks_nothing(kit: Kit) -> None:
    """Cancelled at any instant, an open raises CancelledError, and after close nothing is left."""

    async def check(rig: Rig) -> None:
        async with opened(kit, rig):
            pass  # libraries keep what they load
        for turns, seconds in enumerate(CANCEL_AFTER_S):
            before = Holdings()
            driver = make(kit, rig.config)
            opening = asyncio.create_task(driver.open(), name="open under test")
            for _ in range(turns):
                await asyncio.sleep(0)
            if seconds:
                await asyncio.wait({opening}, timeout=seconds)
            cancelled = opening.cancel()
            await asyncio.wait({opening}, timeout=ANSWER_LIMIT_S)
            require(opening.done(), "open does not end when it is cancelled")
            require(opening.cancelled() or not cancelled, "open swallows its cancellation")
            await close(driver)
            await before.same_again(f"an open cancelled after {turns} turns of the event loop and {seconds} s")
            if not cancelled:
                return

    run(kit, check)


def closes_unopened(kit: Kit) -> None:
    """A driver that was never opened closes, at once and without an error."""

    async def check(rig: Rig) -> None:
        await close(make(kit, rig.config))

    run(kit, check)


def a_missing_device_is_a_driver_error(kit: Kit) -> None:
    """Opening a device that is not there raises a DriverError of one line, and close works after it."""

    async def check(_: Rig) -> None:
        before = Holdings()
        driver = make(kit, kit.missing or {})
        try:
            await must_raise(driver.open(), "the opening of a device that is not there", OPEN_LIMIT_S)
        finally:
            await close(driver)
        await before.same_again("opening a missing device")

    run(kit, check)


def a_lost_device_is_a_driver_error(kit: Kit) -> None:
    """A device that goes away ends what reads it with a DriverError of one line, and close works after it."""

    async def check(rig: Rig) -> None:
        async with opened(kit, rig) as driver:
            reader = asyncio.create_task(until_lost(kit, driver), name="reader under test")
            try:
                await asyncio.wait({reader}, timeout=CALM_S)
                require(not reader.done(), "a device that is there is told to be lost")
                await rig.unplug()
                await reader
            finally:
                reader.cancel()
                await asyncio.wait({reader})

    run(kit, check)


# -- cameras ---------------------------------------------------------------------------------------------------------


def frames_are_whole_pictures(kit: Kit) -> None:
    """Each frame is a whole JPEG or PNG of the media type and size that it states, or raw with just its bytes."""
    for frame, _ in some_frames(kit):
        try:
            if is_raw(frame.media_type):
                check_raw(len(frame.data), frame.media_type, frame.width, frame.height)
                continue
            facts = media_type_and_size(frame.data)
        except PictureError as error:
            raise NotConforming(f"a frame is no whole picture: {error}") from None
        stated = (frame.media_type, frame.width, frame.height)
        require(tuple(facts) == stated, f"a frame states {stated} and is {tuple(facts)}")


def frames_carry_true_instants(kit: Kit) -> None:
    """Instants rise, are of this clock and never in the future; the source is the name that the context gives."""
    last = 0.0
    for frame, arrived in some_frames(kit):
        require(frame.instant > last, f"instants do not rise: {frame.instant} after {last}")
        require(frame.instant <= arrived, f"a frame is {frame.instant - arrived:.3f} s in the future")
        require(arrived - frame.instant < OLDEST_S, f"a frame is {arrived - frame.instant:.0f} s old: another clock?")
        require(frame.source == NAME, f"a frame's source is {frame.source!r}, not the context's name {NAME!r}")
        last = frame.instant


# -- buttons ---------------------------------------------------------------------------------------------------------


def edges_come_in_pairs(kit: Kit) -> None:
    """A press is one DOWN, a release one UP of the same button, at instants that rise and are not in the future."""

    async def check(rig: Rig) -> None:
        async with opened(kit, rig) as driver, reading(driver.edges()) as edges:
            last = time.monotonic() - OLDEST_S
            held = ""
            for act, kind in ((rig.press, EdgeKind.DOWN), (rig.release, EdgeKind.UP)) * 2:
                await act()
                edge: Edge = await within(ANSWER_LIMIT_S, f"an edge {kind}", anext(edges))
                require(edge.kind is kind, f"{kind} was made, {edge.kind} came")
                require(edge.button == held or kind is EdgeKind.DOWN, f"{held} was released, {edge.button} came")
                held = edge.button
                require(
                    last <= edge.instant, f"an edge's instant falls back by {last - edge.instant:.3f} s: another clock?"
                )
                require(edge.instant <= time.monotonic(), "an edge's instant is in the future")
                last = edge.instant

    run(kit, check)


def a_held_button_is_lost_with_its_device(kit: Kit) -> None:
    """A device that goes away with a button held yields LOST for it, then raises DriverError."""

    async def check(rig: Rig) -> None:
        async with opened(kit, rig) as driver, reading(driver.edges()) as edges:
            await rig.press()
            down: Edge = await within(ANSWER_LIMIT_S, "the edge of a press", anext(edges))
            await rig.unplug()
            try:
                lost: Edge = await within(ANSWER_LIMIT_S, "the loss of a held button", anext(edges))
            except DriverError:
                raise NotConforming("the device was lost with a button held, and no LOST came for it") from None
            require(lost.kind is EdgeKind.LOST, f"LOST was due, {lost.kind} came")
            require(lost.button == down.button, f"{down.button} was held, {lost.button} was lost")
            await must_raise(anext(edges))

    run(kit, check)


# -- displays --------------------------------------------------------------------------------------------------------


def what_is_shown_arrives(kit: Kit) -> None:
    """`show` returns, and the device then shows the screen's text; a second screen replaces it."""

    async def check(rig: Rig) -> None:
        async with opened(kit, rig) as driver:
            for text in ("hello", "你好"):
                await within(ANSWER_LIMIT_S, "show", driver.show(Screen(lines=(text,))))
                await within(ANSWER_LIMIT_S, f"the text {text!r} on the device", rig.shown(text))

    run(kit, check)


def its_profile_is_installed(kit: Kit) -> None:
    """The profile that it names by default can be loaded."""
    try:
        registry.profile(registry.load(kit.role, kit.name).profile)
    except registry.RegistryError as error:
        raise NotConforming(str(error)) from error


def showing_on_a_lost_device_is_a_driver_error(kit: Kit) -> None:
    """Once the device is lost, `show` raises DriverError."""

    async def check(rig: Rig) -> None:
        async with opened(kit, rig) as driver:
            await rig.unplug()
            await until_lost(kit, driver)
            await must_raise(driver.show(Screen(lines=("late",))))

    run(kit, check)


# -- the checks of each role -----------------------------------------------------------------------------------------

_EVERY_ROLE: list[Callable[[Kit], None]] = [
    is_found_by_its_name,
    its_config_needs_no_device_library,
    its_config_refuses_unknown_keys,
    a_second_life_leaves_nothing_behind,
    cancelling_open_leaks_nothing,
    closes_unopened,
]
_OF_ROLE: dict[Role, list[Callable[[Kit], None]]] = {
    "cameras": [frames_are_whole_pictures, frames_carry_true_instants],
    "buttons": [edges_come_in_pairs],
    "displays": [what_is_shown_arrives, its_profile_is_installed],
}
_ON_LOSS: dict[Role, list[Callable[[Kit], None]]] = {
    "cameras": [],
    "buttons": [a_held_button_is_lost_with_its_device],
    "displays": [showing_on_a_lost_device_is_a_driver_error],
}
