"""Keys of an input device as buttons: bytes of the kernel's own layout through real pipes."""

from __future__ import annotations

import asyncio
import itertools
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import as_nobody, context
from pydantic import ValidationError

from glassd_drivers import ioctls, testing
from glassd_drivers.buttons import input_device
from glassd_drivers.buttons.evdev import EdgeReader, EvdevButtons, EvdevConfig
from glassd_drivers.buttons.input_events import (
    EV_KEY,
    EV_SYN,
    EVENT,
    MADE_UP,
    PACKET_KEYS,
    SYN_DROPPED,
    SYN_REPORT,
    EventDecoder,
    EventsLost,
    KeyChange,
)
from glassd_drivers.buttons.keycodes import KEY_CODES, KEY_NAMES
from glassd_drivers.contracts import Edge, EdgeKind, PermanentFault, TransientFault
from virtual import START, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENTER, KP_ENTER, BACK, OTHER = (KEY_CODES[name] for name in ("KEY_ENTER", "KEY_KPENTER", "KEY_BACK", "KEY_A"))
BUTTONS = {ENTER: "main", KP_ENTER: "main", BACK: "back"}
EV_MSC = 4


MISSING = {"device": "/dev/input/by-id/nobody", "map": {"KEY_ENTER": "main"}}


class Nothing(testing.Rig):
    def __init__(self) -> None:
        self.config = MISSING


KIT = testing.Kit("buttons", "evdev", Nothing, missing=MISSING)


def event(kind: int, code: int, value: int, instant: float = 0.0) -> bytes:
    return EVENT.pack(int(instant), round(instant % 1 * 1_000_000), kind, code, value)


def key(code: int, value: int, instant: float = 0.0, report: int = 0) -> bytes:
    return (
        event(EV_MSC, 4, code, instant)
        + event(EV_KEY, code, value, instant)
        + event(EV_SYN, SYN_REPORT, report, instant)
    )


def dropped(instant: float) -> bytes:
    return event(EV_SYN, SYN_DROPPED, 0, instant) + event(EV_KEY, ENTER, 1) + event(EV_SYN, SYN_REPORT, 0, instant)


def edges_of(stream: bytes, held: Callable[[], frozenset[int]] = frozenset) -> list[Edge]:
    """What comes of a device that sends `stream` and is then unplugged, the fault of its loss included."""

    async def main() -> list[Edge]:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        loop = asyncio.get_running_loop()
        reader = EdgeReader(reading, BUTTONS, held, loop.time, "buttons")
        os.write(writing, stream)
        os.close(writing)
        edges: list[Edge] = []
        with pytest.raises(TransientFault, match="buttons was lost"):  # noqa: PT012 - the edges before it count
            async for edge in reader.edges():
                edges.append(edge)  # noqa: PERF401 - a comprehension would lose them when the fault comes
        reader.close()
        os.close(reading)
        return edges

    return run(main())


@pytest.mark.parametrize(
    "check",
    [
        testing.is_found_by_its_name,
        testing.its_config_needs_no_device_library,
        testing.closes_unopened,
        testing.a_missing_device_is_a_driver_error,
    ],
    ids=lambda check: check.__name__,
)
def test_conforms_as_far_as_that_goes_without_a_device(check: Callable[[testing.Kit], None]) -> None:
    check(KIT)


def test_an_edge_carries_the_kernels_stamp() -> None:
    assert edges_of(key(ENTER, 1, 12.25) + key(ENTER, 0, 12.5)) == [
        Edge("main", EdgeKind.DOWN, 12.25),
        Edge("main", EdgeKind.UP, 12.5),
    ]


def test_autorepeat_and_other_keys_say_nothing() -> None:
    stream = (
        key(OTHER, 1)
        + key(ENTER, 1, 1.0)
        + key(ENTER, 2, 1.3)
        + key(ENTER, 2, 1.4)
        + key(ENTER, 0, 1.5)
        + key(OTHER, 0)
    )
    assert [edge.kind for edge in edges_of(stream)] == [EdgeKind.DOWN, EdgeKind.UP]


def test_a_button_of_two_keys_is_down_while_either_is() -> None:
    stream = key(ENTER, 1, 1.0) + key(KP_ENTER, 1, 2.0) + key(ENTER, 0, 3.0) + key(KP_ENTER, 0, 4.0)
    assert edges_of(stream) == [Edge("main", EdgeKind.DOWN, 1.0), Edge("main", EdgeKind.UP, 4.0)]


def test_a_key_held_since_before_counts_from_its_next_press() -> None:
    stream = key(ENTER, 0, 1.0) + key(ENTER, 1, 2.0) + key(ENTER, 0, 3.0)
    assert [edge.instant for edge in edges_of(stream)] == [2.0, 3.0]


def test_a_device_lost_with_buttons_held_makes_up_their_release() -> None:
    edges = edges_of(key(ENTER, 1, 1.0) + key(BACK, 1, 2.0))
    assert set(edges[2:]) == {Edge("main", EdgeKind.LOST, START), Edge("back", EdgeKind.LOST, START)}


def test_the_release_that_the_kernel_makes_at_an_unplug_is_none_of_the_wearers() -> None:
    # As Linux 6.1 sent it when a USB keyboard was unplugged with Enter down, 0.12 s before the device was gone.
    stream = key(ENTER, 1, 1.0) + key(ENTER, 2, 1.4, report=MADE_UP) + key(ENTER, 0, 2.0, report=MADE_UP)
    assert edges_of(stream) == [Edge("main", EdgeKind.DOWN, 1.0), Edge("main", EdgeKind.LOST, 2.0)]


def test_a_release_that_the_kernel_dropped_is_made_up() -> None:
    edges = edges_of(
        key(ENTER, 1, 1.0) + key(BACK, 1, 2.0) + dropped(3.0) + key(BACK, 0, 4.0), lambda: frozenset({BACK})
    )
    assert edges[2:] == [Edge("main", EdgeKind.LOST, 3.0), Edge("back", EdgeKind.UP, 4.0)]


def test_a_release_that_asking_has_voided_is_made_up() -> None:
    async def main() -> None:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        reader = EdgeReader(reading, BUTTONS, frozenset, asyncio.get_running_loop().time, "buttons")
        # Read at once with what was dropped; the key is up again by the time that the device is asked.
        os.write(writing, dropped(1.0) + key(ENTER, 1, 2.0))
        edges = reader.edges()
        async with asyncio.timeout(10):
            assert await anext(edges) == Edge("main", EdgeKind.DOWN, 2.0)
            assert await anext(edges) == Edge("main", EdgeKind.LOST, START)
        await edges.aclose()
        reader.close()
        os.close(reading)
        os.close(writing)

    run(main())


def test_a_packet_without_an_end_is_asked_about_once_it_has_one() -> None:
    endless = event(EV_KEY, ENTER, 1) * (PACKET_KEYS + 1)
    decoder = EventDecoder()
    assert list(decoder.feed(endless * 3)) == []
    assert list(decoder.feed(event(EV_SYN, SYN_REPORT, 0, 7.0) + key(BACK, 1, 8.0))) == [
        EventsLost(7.0),
        KeyChange(BACK, down=True, instant=8.0),
    ]


def test_edges_before_a_loss_are_not_lost_with_it() -> None:
    def unplugged() -> frozenset[int]:
        raise OSError(19, "No such device")

    edges = edges_of(key(BACK, 1, 1.0) + key(ENTER, 1, 2.0) + key(BACK, 0, 3.0) + dropped(4.0), unplugged)
    assert edges[2:] == [Edge("back", EdgeKind.UP, 3.0), Edge("main", EdgeKind.LOST, START)]


def test_closing_ends_whoever_reads() -> None:
    async def main() -> None:
        reading, writing = os.pipe()
        reader = EdgeReader(reading, BUTTONS, frozenset, asyncio.get_running_loop().time, "buttons")
        waiting = asyncio.ensure_future(anext(reader.edges()))
        asyncio.get_running_loop().call_soon(reader.close)  # by then it waits
        with pytest.raises(TransientFault, match="closed"):
            await waiting
        os.close(reading)
        os.close(writing)

    run(main())


KEY_EVENTS = st.builds(
    key, st.sampled_from([ENTER, KP_ENTER, BACK, OTHER]), st.integers(0, 2), report=st.sampled_from([0, 0, 0, MADE_UP])
)
EVENTS = st.lists(KEY_EVENTS | st.just(dropped(0.0)), max_size=40).map(b"".join)


@given(EVENTS, st.lists(st.integers(0, 2000), max_size=10))
def test_pieces_decode_as_the_whole(stream: bytes, cuts: list[int]) -> None:
    decoder = EventDecoder()
    bounds = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    pieces: list[KeyChange | EventsLost] = []
    for start, end in itertools.pairwise(bounds):
        pieces += decoder.feed(stream[start:end])
    assert pieces == list(EventDecoder().feed(stream))


@given(EVENTS, st.frozensets(st.sampled_from([ENTER, KP_ENTER, BACK])))
def test_every_down_has_one_end_whatever_comes(stream: bytes, held: frozenset[int]) -> None:
    edges = edges_of(stream, lambda: held)
    for button in BUTTONS.values():
        kinds = [edge.kind for edge in edges if edge.button == button]
        assert set(kinds[::2]) <= {EdgeKind.DOWN}
        assert EdgeKind.DOWN not in kinds[1::2]
        assert len(kinds) % 2 == 0


def test_a_file_that_is_no_input_device_waits_for_a_person() -> None:
    with pytest.raises(PermanentFault, match="/dev/null is no input device; `glassd devices` lists"):
        asyncio.run(life("/dev/null"))


def test_no_permission_names_the_group(tmp_path: Path) -> None:
    device = tmp_path / "event0"
    device.touch(mode=0o000)
    program = (
        "import asyncio, sys\n"
        "from glassd_drivers.buttons.evdev import EvdevButtons, EvdevConfig\n"
        "from glassd_drivers.contracts import PermanentFault\n"
        "from glassd_drivers.host import Host\n"
        "config = EvdevConfig.model_validate({'device': sys.argv[1], 'map': {'KEY_ENTER': 'main'}})\n"
        "driver = EvdevButtons(config, Host(lambda: 0.0).context('buttons', print))\n"
        "# drop rights\n"
        "try: asyncio.run(driver.open())\n"
        "except PermanentFault as error: print(error)\n"
    )
    assert "no permission; the user that runs glassd needs the group `input`" in as_nobody(program, device)


async def life(device: str) -> None:
    driver = EvdevButtons(
        EvdevConfig.model_validate({"device": device, "map": {"KEY_ENTER": "main"}}), context("buttons")
    )
    try:
        await driver.open()
    finally:
        await driver.close()


def test_a_key_that_is_none_names_the_nearest() -> None:
    with pytest.raises(ValidationError, match="'KEY_ENTR' is none, the nearest is KEY_ENTER"):
        EvdevConfig.model_validate({"device": "/dev/null", "map": {"KEY_ENTR": "main"}})


@given(st.text(max_size=20).filter(lambda name: name not in KEY_CODES))
def test_any_other_word_is_no_key(name: str) -> None:
    with pytest.raises(ValidationError, match=r"the nearest is (KEY|BTN)_"):
        EvdevConfig.model_validate({"device": "/dev/null", "map": {name: "main"}})


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("KEY_ESC", 1),
        ("KEY_ENTER", 28),
        ("KEY_SYSRQ", 99),
        ("KEY_UP", 103),
        ("KEY_BACK", 158),
        ("KEY_PLAYPAUSE", 164),
        ("BTN_0", 0x100),
        ("BTN_LEFT", 0x110),
        ("BTN_A", 0x130),
        ("KEY_OK", 0x160),
        ("BTN_DPAD_UP", 0x220),
        ("KEY_SCREENLOCK", 152),
        ("BTN_TRIGGER_HAPPY40", 0x2E7),
    ],
)
def test_keys_have_the_kernels_codes(name: str, code: int) -> None:
    assert KEY_CODES[name] == code
    assert KEY_CODES[KEY_NAMES[code]] == code


def test_what_a_device_calls_itself_steers_no_terminal() -> None:
    assert ioctls.text("Touch\x1b]0;owned\x07 板 ".encode() + b"\xff\0rest") == "Touch]0;owned 板 \ufffd"


def test_requests_have_the_kernels_numbers() -> None:
    numbers = {name: getattr(input_device, name) for name in ("_EVIOCGVERSION", "_EVIOCGRAB", "_EVIOCSCLOCKID")}
    assert numbers == {"_EVIOCGVERSION": 0x80044501, "_EVIOCGRAB": 0x40044590, "_EVIOCSCLOCKID": 0x400445A0}
