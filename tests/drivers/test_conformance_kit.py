"""The kit itself: it passes drivers that keep the contract, and finds each broken promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import faulty_drivers
import faulty_heavy
import pytest
from faulty_drivers import PLUGGED, Device

from glassd_drivers import harness, testing
from glassd_drivers.contracts import EdgeKind, Role
from glassd_drivers.testing import Kit, NotConforming, Rig

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class InMemory(Rig):
    async def __aenter__(self) -> Self:
        self.device = PLUGGED["here"] = Device()
        return self

    async def __aexit__(self, *_: object) -> None:
        PLUGGED.clear()

    async def give_frame(self) -> None:
        self.device.said.put_nowait("frame")

    async def press(self) -> None:
        self.device.said.put_nowait(EdgeKind.DOWN)

    async def release(self) -> None:
        self.device.said.put_nowait(EdgeKind.UP)

    async def unplug(self) -> None:
        self.device.said.put_nowait("lost")

    async def shown(self, text: str) -> None:
        while (await self.device.screens.get()).lines != (text,):
            pass


def role_of(driver: type) -> Role:
    if issubclass(driver, faulty_drivers.GoodCamera):
        return "cameras"
    return "buttons" if issubclass(driver, faulty_drivers.GoodButtons) else "displays"


DRIVERS = [
    kind
    for module in (faulty_drivers, faulty_heavy)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, faulty_drivers.Good) and kind is not faulty_drivers.Good
]


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "faulty-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 1.0\n")
    points = "".join(
        f"[glassd.{role_of(each)}]\n{each.__name__} = {each.__module__}:{each.__name__}\n" for each in DRIVERS
    )
    (info / "entry_points.txt").write_text(points + "[glassd.profiles]\nmemory = faulty_drivers:PROFILE\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(testing, "ANSWER_LIMIT_S", 0.2)
    monkeypatch.setattr(harness, "ANSWER_LIMIT_S", 0.2)
    monkeypatch.setattr(harness, "CLOSE_LIMIT_S", 0.2)
    monkeypatch.setattr(harness, "SETTLE_LIMIT_S", 0.1)


def kit_of(driver: type) -> Kit:
    return Kit(role_of(driver), driver.__name__, InMemory, {"port": "nowhere"})


KEEPERS = (
    faulty_drivers.GoodCamera,
    faulty_drivers.RawCamera,
    faulty_drivers.GoodButtons,
    faulty_drivers.GoodDisplay,
)
GOOD = [kit_of(each) for each in KEEPERS]


@pytest.mark.parametrize(
    ("kit", "check"),
    [pytest.param(kit, check, id=f"{kit.name}-{check.__name__}") for kit in GOOD for check in kit.checks()],
)
def test_a_driver_that_keeps_the_contract_passes(kit: Kit, check: Callable[[Kit], None]) -> None:
    check(kit)


BROKEN = [
    (faulty_drivers.Mute, testing.is_found_by_its_name, "no docstring"),
    (faulty_heavy.Heavy, testing.its_config_needs_no_device_library, "numpy"),
    (faulty_drivers.Careless, testing.its_config_refuses_unknown_keys, "does not know"),
    (faulty_drivers.LeavesDescriptor, testing.a_second_life_leaves_nothing_behind, "descriptor .*/dev/null"),
    (faulty_drivers.LeavesThread, testing.a_second_life_leaves_nothing_behind, "thread left"),
    (faulty_drivers.LeavesTask, testing.a_second_life_leaves_nothing_behind, "task left"),
    (faulty_drivers.LeavesHalf, testing.cancelling_open_leaks_nothing, "descriptor .*/dev/null"),
    (faulty_drivers.SwallowsCancel, testing.cancelling_open_leaks_nothing, "swallows"),
    (faulty_drivers.CloseRaises, testing.closes_unopened, "close raises AttributeError"),
    (faulty_drivers.CloseHangs, testing.closes_unopened, "close took over"),
    (faulty_drivers.MissingIsNothing, testing.a_missing_device_is_a_driver_error, "raises nothing"),
    (faulty_drivers.MissingIsOsError, testing.a_missing_device_is_a_driver_error, "FileNotFoundError"),
    (faulty_drivers.MissingIsTwoLines, testing.a_missing_device_is_a_driver_error, "one line"),
    (faulty_drivers.CutOff, testing.frames_are_whole_pictures, "no whole picture"),
    (faulty_drivers.RawCutOff, testing.frames_are_whole_pictures, "16 bytes of raw/yuyv: 4x3 pixels have 24"),
    (faulty_drivers.WrongSize, testing.frames_are_whole_pictures, "states"),
    (faulty_drivers.Frozen, testing.frames_carry_true_instants, "do not rise"),
    (faulty_drivers.Prophet, testing.frames_carry_true_instants, "in the future"),
    (faulty_drivers.Historian, testing.frames_carry_true_instants, "3600 s old: another clock"),
    (faulty_drivers.Nameless, testing.frames_carry_true_instants, "source"),
    (faulty_drivers.EndsQuietly, testing.a_lost_device_is_a_driver_error, "raises nothing"),
    (faulty_drivers.CancelsItsReader, testing.a_lost_device_is_a_driver_error, "CancelledError that nobody asked for"),
    (faulty_drivers.LosesAtOnce, testing.a_lost_device_is_a_driver_error, "told to be lost"),
    (faulty_drivers.OwnClock, testing.edges_come_in_pairs, "another clock"),
    (faulty_drivers.NoUp, testing.edges_come_in_pairs, "up was made, down came"),
    (faulty_drivers.OtherButton, testing.edges_come_in_pairs, "down was released, up came"),
    (faulty_drivers.NoLost, testing.a_held_button_is_lost_with_its_device, "no LOST came"),
    (faulty_drivers.ShowHangs, testing.what_is_shown_arrives, "show took over"),
    (faulty_drivers.ShowsNothing, testing.what_is_shown_arrives, "the text 'hello'"),
    (faulty_drivers.NoProfile, testing.its_profile_is_installed, "nowhere"),
    (faulty_drivers.WatchHangs, testing.a_lost_device_is_a_driver_error, "telling the loss"),
    (faulty_drivers.ShowsIntoTheVoid, testing.showing_on_a_lost_device_is_a_driver_error, "raises nothing"),
]


@pytest.mark.parametrize(
    ("driver", "check", "says"), [pytest.param(*each, id=f"{each[0].__name__}-{each[1].__name__}") for each in BROKEN]
)
def test_a_broken_promise_is_found_and_named(driver: type, check: Callable[[Kit], None], says: str) -> None:
    with pytest.raises(NotConforming, match=says):
        check(kit_of(driver))


def test_every_check_has_a_driver_that_it_finds() -> None:
    every = {check for kit in GOOD for check in kit.checks()}
    assert every == {check for _, check, _ in BROKEN}
