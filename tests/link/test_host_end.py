"""The life of the host end: greeting, alive and dead, what is sent first, and how much of it (docs/link.md)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import wire
from far_device import BOOT, EVERYTHING, SESSION, START, FarEnd
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.contracts import Screen
from glassd_drivers.link.events import (
    CameraMode,
    Dead,
    Greeted,
    Incompatible,
)
from glassd_drivers.link.line import LEAD_S, LOOSE_BYTES

# -- the greeting -----------------------------------------------------------------------------------------------------


def test_it_greets_at_once_and_every_200_ms_until_it_is_answered() -> None:
    far = FarEnd()
    hello = ("HELLO", {"lowest": 1, "highest": 1, "session": SESSION, "largest": 4102})
    assert far.heard() == [hello]
    assert far.host.due() == pytest.approx(START + 0.2)
    assert far.heard() == []
    far.now = far.host.due()
    far.host.tick(far.now)
    assert far.heard() == [hello]
    far.welcome()
    far.now += 0.2
    assert "HELLO" not in [name for name, _ in far.heard()]


def test_what_the_device_says_of_itself_is_told() -> None:
    far = FarEnd()
    far.welcome([*EVERYTHING, ["firmware", "2.1\x1b[2J"], ["rates", 921_600], [0xEE, "0011"], ["name", "again"]])
    [greeted] = far.host.events()
    assert isinstance(greeted, Greeted)
    device = greeted.device
    assert (device.name, device.firmware, device.boot) == ("glasses", "2.1[2J", BOOT)
    assert (device.room, device.window, device.largest) == (1024, 8, 256)
    assert device.display is not None
    assert (device.display.columns, device.display.rows, device.display.interval) == (20, 4, 0.05)
    assert device.camera is not None
    assert (device.camera.chunk, device.camera.delay, device.camera.sizes) == (4096, 0.08, ((1600, 1200),))
    assert (device.buttons, device.rates) == (("main", "back"), (921_600,))


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [[0x04, "01"], [0x05, ""], [0x03, "ff"], [0x06, "0102"], [0x07, "0102"], [0x0A, "0102"]],  # all too short
        [["room", 3], ["window", 0], ["largest", 5], ["display", 0, 9, 0, 1], [0x01, "fffe"], [0x01, "41"]],
    ],
)
def test_a_device_that_says_nothing_or_nonsense_of_itself_has_the_least(fields: list[list[Any]]) -> None:
    far = FarEnd()
    far.welcome(fields)
    [greeted] = far.host.events()
    assert isinstance(greeted, Greeted)
    device = greeted.device
    assert (device.name, device.room, device.window, device.largest) == ("bridge", 256, 1, 128)
    assert (device.display, device.camera, device.buttons, device.rates) == (None, None, (), ())


def test_a_field_that_runs_beyond_the_end_and_those_after_it_are_not_there() -> None:
    far = FarEnd()
    far.says("WELCOME", version=1, session=SESSION, boot=1, fields=b"\x05\x01\x09" + b"\x04\xff\x00")
    [greeted] = far.host.events()
    assert isinstance(greeted, Greeted)
    assert (greeted.device.window, greeted.device.room) == (9, 256)


@pytest.mark.parametrize("changes", [{"session": SESSION + 1}, {"version": 2}, {"version": 0}])
def test_a_welcome_that_answers_another_hello_begins_nothing(changes: dict[str, Any]) -> None:
    far = FarEnd()
    far.welcome(**changes)
    assert far.host.events() == []


def test_a_device_that_speaks_only_other_versions_ends_it() -> None:
    far = FarEnd()
    for lowest, highest in ((1, 4), (9, 4)):  # it speaks ours, it speaks none
        far.says("HERE", lowest=lowest, highest=highest, boot=1)
    assert far.host.events() == []
    far.says("HERE", lowest=2, highest=4, boot=1)
    assert far.host.events() == [Incompatible(2, 4)]
    assert far.heard() == []
    assert far.host.due() == float("inf")


# -- alive and dead ---------------------------------------------------------------------------------------------------


def test_it_pings_eight_times_quickly_and_then_every_250_ms() -> None:
    far = FarEnd()
    far.heard()
    far.welcome()
    at: list[float] = []
    while len(at) < 12:
        far.host.tick(far.now)
        at += [far.now for name, _ in far.heard() if name == "PING"]
        clock = far.microseconds()
        far.says("PONG", number=len(at) - 1, received=clock, sent=clock, bad=0, overrun=0)
        far.now = far.host.due()
    waits = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert waits == pytest.approx([0.02] * 7 + [0.25] * 4)


def test_a_device_that_is_not_heard_for_a_second_is_dead() -> None:
    far = FarEnd().begun()
    assert far.passes(0.99, alive=False) == []
    assert far.passes(0.02, alive=False) == [Dead("nothing was heard for 1 s")]
    assert far.heard() == []
    assert far.host.due() == float("inf")


def test_a_device_that_answers_but_never_acknowledges_is_dead_after_five_seconds() -> None:
    far = FarEnd().begun()
    far.host.show(Screen(("text",)))
    assert far.passes(4.99) == []
    assert far.passes(0.1) == [Dead("what was sent is not acknowledged")]


def test_a_device_that_starts_anew_in_a_session_ends_it() -> None:
    far = FarEnd().begun()
    far.says("HERE", lowest=1, highest=1, boot=BOOT + 1)
    assert far.host.events() == [Dead("the device has dropped the session")]


def test_bye_is_said_twice_and_nothing_after_it() -> None:
    far = FarEnd().begun()
    far.host.show(Screen(("text",)))
    far.host.bye(far.now)
    assert far.host.events() == [Dead("this end has ended the session")]
    assert far.heard() == [("BYE", {}), ("BYE", {})]
    assert far.host.due() == float("inf")
    far.tells("BUTTONS", "EDGE", number=0, button=0, down=1, time=0)
    assert far.host.events() == []


# -- urgency, room, pace ----------------------------------------------------------------------------------------------


def test_the_order_of_urgency() -> None:
    far = FarEnd()
    far.heard()
    far.welcome()
    far.host.show(Screen(("text",)))
    far.host.camera(CameraMode.STREAM)
    far.tells("BUTTONS", "EDGE", number=0, button=0, down=1, time=0)
    assert [name for name, _ in far.heard()] == ["ACK", "PING", "DISPLAY", "DISPLAY", "CONTROL"]


@given(st.integers(256, 700), st.integers(1, 32), st.lists(st.text("字a\0", max_size=80), max_size=8))
def test_the_room_and_the_window_of_the_device_are_kept(room: int, window: int, lines: list[str]) -> None:
    far = FarEnd()
    far.heard()
    far.welcome([["room", room], ["window", window], ["display", 40, 8, 0, 1], ["camera", 3, 64, 0], ["largest", 4000]])
    far.host.camera(CameraMode.STREAM)
    far.host.show(Screen(tuple(lines)))
    out = 0
    count = {"DISPLAY": 0, "CONTROL": 0}
    while data := far.host.outgoing(far.now):
        name, _ = wire.read(data.strip(b"\0"), SESSION)
        if name in count:
            count[name] += 1
            out += len(data.lstrip(b"\0"))
    assert out <= room
    assert max(count.values()) <= window
    assert sum(count.values())


def test_what_is_not_acknowledged_never_comes_faster_than_a_slow_device_reads() -> None:
    far = FarEnd(rate=3_000_000).begun()
    far.host.camera(CameraMode.STREAM)
    far.passes(0.1)
    far.says("ACK", buttons=0, display=0, control=1)
    far.tells("CONTROL", "PICTURE", picture=0, request=1, size=640_000, chunk=64, width=1, height=1, format=1, time=0)
    given_out: list[tuple[float, int]] = []
    for place in range(0, 4000, 2):  # every other chunk is lost
        far.says("CHUNK", picture=0, index=place & 0xFF, data=bytes(64))
        far.now += 0.000_2
        far.host.tick(far.now)
        while data := far.host.outgoing(far.now):
            given_out.append((far.now, len(data)))
    for at, _ in given_out:
        assert sum(size for later, size in given_out if at <= later < at + 0.01) <= 2 * LOOSE_BYTES


def test_on_a_line_with_a_rate_little_is_given_out_ahead() -> None:
    far = FarEnd(rate=115_200).begun()
    far.host.show(Screen(("x" * 19, "y" * 19, "z" * 19)))
    far.passes(0.9)
    carried, began = 0.0, far.now
    while carried < 80:
        data = far.host.outgoing(far.now)
        carried += len(data)
        assert began + carried * 10 / 115_200 <= far.now + LEAD_S + 40 * 10 / 115_200
        if not data:
            assert far.host.due() > far.now
            far.now = far.host.due()
            far.host.tick(far.now)
