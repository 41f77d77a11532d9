"""Push buttons on GPIO lines: bytes of the kernel's own layout through real pipes; tests/rig/test_gpio.py has chips."""

from __future__ import annotations

import asyncio
import os
import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import as_nobody, context
from pydantic import ValidationError

from glassd_drivers import ioctls, testing
from glassd_drivers.buttons import gpio_chip, gpio_lines
from glassd_drivers.buttons.gpio import EdgeReader, GpioButtons, GpioConfig
from glassd_drivers.buttons.gpio_chip import ChipFacts, LineFacts
from glassd_drivers.buttons.gpio_events import FALLING_EDGE, RISING_EDGE, line_changes
from glassd_drivers.contracts import Edge, EdgeKind, PermanentFault, TransientFault
from virtual import START, passes, run

if TYPE_CHECKING:
    from collections.abc import Callable

SHUTTER, ALSO_SHUTTER, BACK, OTHER = 4, 5, 17, 30
BUTTONS = {SHUTTER: "main", ALSO_SHUTTER: "main", BACK: "back"}
MISSING = {"chip": "/dev/gpiochip99", "map": {"4": "main"}}
CHIP = ChipFacts("gpiochip0", "board", 8)


class Nothing(testing.Rig):
    def __init__(self) -> None:
        self.config = MISSING


KIT = testing.Kit("buttons", "gpio", Nothing, missing=MISSING)


STORM = 256
"""How many events make a whole buffer of the kernel's: after it some may be missing."""


def stream(*changes: tuple[int, int, float]) -> bytes:
    """The bytes of (offset, level, instant) in turn."""
    return b"".join(event(*change) for change in changes)


def event(offset: int, level: int, instant: float, kind: int = 0, number: int = 1) -> bytes:
    kind = kind or (RISING_EDGE if level else FALLING_EDGE)
    return struct.pack("=QIIII24x", round(instant * 1_000_000_000), kind, offset, number, number)


def storm(events: int = STORM) -> bytes:
    """So many edges of a line that is no button."""
    return stream(*((OTHER, number % 2, 5.0) for number in range(events)))


def edges_of(*pieces: bytes, active: Callable[[], frozenset[int]] = frozenset) -> list[Edge]:
    """What comes of lines that give `pieces`, each read by itself, and then go away, the fault of that included."""

    async def main() -> list[Edge]:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        reader = EdgeReader(reading, BUTTONS, active, asyncio.get_running_loop().time, "board")
        edges: list[Edge] = []

        async def read() -> None:
            async for edge in reader.edges():
                edges.append(edge)  # noqa: PERF401 - a comprehension would lose them when the fault comes

        reads = asyncio.create_task(read(), name="reads")
        for piece in pieces:
            os.write(writing, piece)
            await passes(0.001)
        os.close(writing)
        with pytest.raises(TransientFault, match="board was lost"):
            await reads
        reader.close()
        os.close(reading)
        return edges

    return run(main())


@pytest.mark.parametrize(
    "check",
    [
        testing.is_found_by_its_name,
        testing.its_config_needs_no_device_library,
        testing.its_config_refuses_unknown_keys,
        testing.closes_unopened,
        testing.a_missing_device_is_a_driver_error,
    ],
    ids=lambda check: check.__name__,
)
def test_conforms_as_far_as_that_goes_without_a_chip(check: Callable[[testing.Kit], None]) -> None:
    check(KIT)


# -- edges -----------------------------------------------------------------------------------------------------------


def test_an_edge_carries_the_kernels_stamp() -> None:
    assert edges_of(stream((SHUTTER, 1, 12.25), (SHUTTER, 0, 12.5))) == [
        Edge("main", EdgeKind.DOWN, 12.25),
        Edge("main", EdgeKind.UP, 12.5),
    ]


def test_a_bounce_that_the_kernel_reads_as_the_same_level_says_nothing() -> None:
    edges = edges_of(stream((SHUTTER, 1, 1.0), (SHUTTER, 1, 1.001), (SHUTTER, 0, 2.0), (SHUTTER, 0, 2.001)))
    assert [edge.instant for edge in edges] == [1.0, 2.0]


def test_lines_that_are_no_buttons_and_events_that_are_no_edges_say_nothing() -> None:
    assert edges_of(stream((OTHER, 1, 1.0)) + event(SHUTTER, 1, 1.0, kind=3)) == []


def test_a_button_of_two_lines_is_down_while_either_is() -> None:
    edges = edges_of(stream((SHUTTER, 1, 1.0), (ALSO_SHUTTER, 1, 2.0), (SHUTTER, 0, 3.0), (ALSO_SHUTTER, 0, 4.0)))
    assert edges == [Edge("main", EdgeKind.DOWN, 1.0), Edge("main", EdgeKind.UP, 4.0)]


def test_a_button_held_at_open_counts_from_its_next_press() -> None:
    edges = edges_of(stream((SHUTTER, 0, 1.0), (SHUTTER, 1, 2.0), (SHUTTER, 0, 3.0)))
    assert [edge.instant for edge in edges] == [2.0, 3.0]


# -- what is lost ----------------------------------------------------------------------------------------------------


def test_a_chip_lost_with_buttons_held_makes_up_their_release() -> None:
    edges = edges_of(stream((SHUTTER, 1, 1.0), (BACK, 1, 2.0)))
    assert {(edge.button, edge.kind) for edge in edges[2:]} == {("main", EdgeKind.LOST), ("back", EdgeKind.LOST)}


def test_a_chip_that_goes_without_a_word_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As before Linux 6.6: nobody who waits is woken, but a read would fail."""

    async def main() -> None:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        reader = EdgeReader(reading, BUTTONS, frozenset, asyncio.get_running_loop().time, "board")
        os.write(writing, stream((SHUTTER, 1, 1.0)))
        edges = reader.edges()
        assert (await anext(edges)).kind is EdgeKind.DOWN
        lost = asyncio.ensure_future(anext(edges))
        await passes(4.5)
        assert not lost.done()  # it looked, and the chip was there

        def read(_fd: int, _size: int) -> bytes:
            raise OSError(19, "No such device")

        monkeypatch.setattr(os, "read", read)
        assert await lost == Edge("main", EdgeKind.LOST, START + 5.0)
        with pytest.raises(TransientFault, match="board was lost"):
            await anext(edges)
        monkeypatch.undo()
        os.close(reading)
        os.close(writing)

    run(main())


def test_a_release_that_the_kernel_dropped_is_made_up() -> None:
    edges = edges_of(
        stream((SHUTTER, 1, 1.0), (BACK, 1, 2.0)),
        storm(),
        stream((BACK, 0, 10.0)),
        active=lambda: frozenset({BACK}),
    )
    assert [(edge.button, edge.kind) for edge in edges[2:]] == [("main", EdgeKind.LOST), ("back", EdgeKind.UP)]


def test_what_waits_behind_a_whole_buffer_is_read_before_the_chip_is_asked() -> None:
    edges = edges_of(stream((SHUTTER, 1, 1.0)), storm() + stream((SHUTTER, 0, 6.0)))
    assert edges[1:] == [Edge("main", EdgeKind.UP, 6.0)]


def test_a_line_that_is_down_after_an_overrun_counts_from_its_next_press() -> None:
    edges = edges_of(storm(), stream((BACK, 1, 9.0), (BACK, 0, 9.1)), active=lambda: frozenset({SHUTTER}))
    assert {edge.button for edge in edges} == {"back"}


def test_numbers_that_jump_with_a_bouncing_contact_are_no_overrun() -> None:
    def must_not_ask() -> frozenset[int]:
        raise AssertionError

    bouncing = event(SHUTTER, 1, 1.0, number=7) + event(BACK, 1, 1.0, number=3) + storm(STORM - 3)
    edges = edges_of(bouncing, event(SHUTTER, 0, 2.0, number=12), active=must_not_ask)
    assert [edge.kind for edge in edges] == ["down", "down", "up", "lost"]


def test_edges_before_a_loss_are_not_lost_with_it() -> None:
    def gone() -> frozenset[int]:
        raise OSError(19, "No such device")

    edges = edges_of(stream((BACK, 1, 1.0), (SHUTTER, 1, 2.0)), storm() + stream((BACK, 0, 3.0)), active=gone)
    assert [(edge.button, edge.kind) for edge in edges[2:]] == [("back", EdgeKind.UP), ("main", EdgeKind.LOST)]


def test_closing_ends_whoever_reads() -> None:
    async def main() -> None:
        reading, writing = os.pipe()
        reader = EdgeReader(reading, BUTTONS, frozenset, asyncio.get_running_loop().time, "board")
        waiting = asyncio.ensure_future(anext(reader.edges()))
        asyncio.get_running_loop().call_soon(reader.close)  # by then it waits
        with pytest.raises(TransientFault, match="closed"):
            await waiting
        os.close(reading)
        os.close(writing)

    run(main())


# -- whatever comes --------------------------------------------------------------------------------------------------

LINES = st.sampled_from([SHUTTER, ALSO_SHUTTER, BACK, OTHER])
EVENTS = st.lists(st.builds(event, LINES, st.integers(0, 1), st.floats(0, 1e6), st.integers(0, 3)), max_size=40)
READS = st.lists(EVENTS.map(b"".join) | st.just(storm()), max_size=4)


@given(EVENTS)
def test_events_decode_one_by_one_as_together(events: list[bytes]) -> None:
    assert [change for one in events for change in line_changes(one)] == list(line_changes(b"".join(events)))


@given(st.binary(max_size=500))
def test_any_bytes_decode(data: bytes) -> None:
    assert len(list(line_changes(data))) <= len(data) // 48


@given(READS, st.frozensets(st.sampled_from([SHUTTER, ALSO_SHUTTER, BACK])))
def test_every_down_has_one_end_whatever_comes(reads: list[bytes], active: frozenset[int]) -> None:
    edges = edges_of(*reads, active=lambda: active)
    for button in BUTTONS.values():
        kinds = [edge.kind for edge in edges if edge.button == button]
        assert set(kinds[::2]) <= {EdgeKind.DOWN}
        assert EdgeKind.DOWN not in kinds[1::2]
        assert len(kinds) % 2 == 0


# -- which chip, which lines -----------------------------------------------------------------------------------------


def test_a_file_that_is_no_chip_waits_for_a_person() -> None:
    with pytest.raises(PermanentFault, match="/dev/null is no GPIO chip; `glassd devices` lists"):
        asyncio.run(life("/dev/null"))


def test_no_permission_names_the_group() -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from glassd_drivers.buttons.gpio_lines import open_chip\n"
        "from glassd_drivers.contracts import PermanentFault\n"
        "# drop rights\n"
        "for chip in (sys.argv[1] + '/gpiochip0', 'board'):\n"
        "    try: open_chip(chip, Path(sys.argv[1]))\n"
        "    except PermanentFault as error: print(error)\n"
    )
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        (Path(folder) / "gpiochip0").touch(mode=0o000)
        Path(folder).chmod(0o755)
        assert as_nobody(program, folder).splitlines() == [
            f"{folder}/gpiochip0: no permission; the user that runs glassd needs the group `gpio`",
            "GPIO chip board: no permission; the user that runs glassd needs the group `gpio`",
        ]


async def life(chip: str) -> None:
    driver = GpioButtons(GpioConfig.model_validate({"chip": chip, "map": {"4": "main"}}), context("buttons"))
    try:
        await driver.open()
    finally:
        await driver.close()


@pytest.fixture
def chips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder laid out as /dev is, with chips that answer: no kernel here has any, and its errors are about them."""
    answers = {
        0: ChipFacts("gpiochip0", "pinctrl-rp1", 54),
        3: ChipFacts("gpiochip3", "expander", 16),
        10: ChipFacts("gpiochip10", "expander", 16),
    }
    for number in answers:
        (tmp_path / f"gpiochip{number}").touch()
    (tmp_path / "gpiochip4").symlink_to("gpiochip0")  # as Raspberry Pi OS keeps the old number

    def chip_facts(fd: int) -> ChipFacts:
        return answers[int(Path(f"/proc/self/fd/{fd}").readlink().name.removeprefix("gpiochip"))]

    monkeypatch.setattr(gpio_chip, "chip_facts", chip_facts)
    return tmp_path


@pytest.mark.parametrize("chip", ["pinctrl-rp1", "gpiochip0", "{dev}/gpiochip0", "{dev}/gpiochip4"])
def test_a_chip_is_found_by_its_label_its_name_and_its_node(chips: Path, chip: str) -> None:
    fd, facts = gpio_lines.open_chip(chip.format(dev=chips), chips)
    os.close(fd)
    assert facts.label == "pinctrl-rp1"


def test_a_chip_that_is_missing_names_those_that_are_there(chips: Path) -> None:
    there = r"there are gpiochip0 \[pinctrl-rp1\], gpiochip3 \[expander\], gpiochip10 \[expander\]$"
    with pytest.raises(TransientFault, match=f"no GPIO chip is called pinctrl-rp2; {there}"):
        gpio_lines.open_chip("pinctrl-rp2", chips)
    with pytest.raises(TransientFault, match=f"gpiochip7 is not there; {there}"):
        gpio_lines.open_chip(f"{chips}/gpiochip7", chips)


def test_where_no_chip_is_there_it_says_what_brings_one(tmp_path: Path) -> None:
    with pytest.raises(TransientFault, match="there is none: plug it in, or load its driver or overlay"):
        gpio_lines.open_chip("pinctrl-rp1", tmp_path)


def test_of_two_chips_with_one_label_it_asks_for_the_node(chips: Path) -> None:
    with pytest.raises(PermanentFault, match=r"2 GPIO chips are called expander: name one, .*chip3, .*chip10$"):
        gpio_lines.open_chip("expander", chips)


NAMES = ["SHUTTER", "BACK", "", "NC", "NC", "", "LED", ""]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines of `CHIP`, as it would tell them."""
    used = {6: "led0"}

    def line_facts(_fd: int, offset: int) -> LineFacts:
        return LineFacts(offset, NAMES[offset], offset in used, used.get(offset, ""))

    monkeypatch.setattr(gpio_chip, "line_facts", line_facts)
    monkeypatch.setattr(gpio_chip, "chip_facts", lambda _fd: CHIP)


@pytest.mark.usefixtures("lines")
def test_lines_go_by_number_and_by_name() -> None:
    assert gpio_lines.lines_of(0, CHIP, {"SHUTTER": "main", "7": "up", "BACK": "main"}) == {
        0: "main",
        7: "up",
        1: "main",
    }


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (["8"], r"gpiochip0 \[board\] has no line 8: its 8 lines are 0 to 7"),
        (["SHUTER"], "has no line SHUTER; the nearest are SHUTTER"),
        (["NC"], "has 2 lines called NC: give the number, 3, 4"),
        (["0", "SHUTTER"], "0 and SHUTTER are the same line; name it once"),
    ],
)
def test_a_line_that_cannot_be_meant_says_what_could(wanted: list[str], says: str) -> None:
    with pytest.raises(PermanentFault, match=says):
        gpio_lines.lines_of(0, CHIP, dict.fromkeys(wanted, "main"))


@pytest.mark.parametrize(
    ("code", "pull", "kind", "says"),
    [
        (16, "up", TransientFault, r"line 6 \(LED\) is in use by led0; end that program, or use `evdev`"),
        (6, "up", PermanentFault, r"cannot tell edges of lines 0 \(SHUTTER\), 6 \(LED\); use gpio-keys-polled"),
        (524, "up", PermanentFault, "refuses pull: up for lines .*; wire a resistor, and say pull: as_is"),
        (22, "as_is", TransientFault, "refuses lines .*: Invalid argument"),
    ],
)
@pytest.mark.usefixtures("lines")
def test_lines_that_cannot_be_had_say_why(code: int, pull: str, kind: type[Exception], says: str) -> None:
    fault = gpio_lines.request_fault(0, CHIP, (0, 6), pull, OSError(code, os.strerror(code)))
    assert isinstance(fault, kind)
    with pytest.raises(kind, match=says):
        raise fault


def test_an_old_kernel_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def line_facts(_fd: int, _offset: int) -> LineFacts:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(gpio_chip, "line_facts", line_facts)
    with pytest.raises(PermanentFault, match=r"lacks version 2 of the GPIO interface; take Linux 5\.10 or newer"):
        gpio_lines.lines_of(0, CHIP, {"1": "main"})


# -- the config and the kernel's layout --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{"map": {}}, {"map": {"4": "two words"}}, {"active": "lo"}, {"pull": "weak"}, {"debounce": 5}, {"debounce": "2s"}],
)
def test_what_makes_no_sense_is_a_mistake(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GpioConfig.model_validate({**MISSING, **change})


def test_requests_have_the_kernels_numbers() -> None:
    names = ("_GET_CHIPINFO", "_GET_LINEINFO", "_GET_LINE", "_GET_VALUES")
    numbers = {name: f"{getattr(gpio_chip, name):#x}" for name in names}
    assert numbers == {
        "_GET_CHIPINFO": "0x8044b401",
        "_GET_LINEINFO": "0xc100b405",
        "_GET_LINE": "0xc250b407",
        "_GET_VALUES": "0xc010b40e",
    }


@pytest.mark.parametrize("debounce_s", [0.005, 0.0])
def test_a_request_has_the_kernels_layout(debounce_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    lines_fd, other = os.pipe()

    def ask(_fd: int, _request: int, data: bytes) -> bytes:
        asked.append(data)
        return data[:-4] + struct.pack("=i", lines_fd)

    monkeypatch.setattr(ioctls, "ask", ask)
    flags = gpio_chip.ACTIVE_LOW | gpio_chip.PULL_UP
    assert gpio_chip.request_lines(9, (4, 17), flags, debounce_s, "glassd buttons.0") == lines_fd
    assert not os.get_blocking(lines_fd)
    os.close(lines_fd)
    os.close(other)
    wanted = bytearray(592)
    struct.pack_into("=2I", wanted, 0, 4, 17)
    wanted[256 : 256 + 16] = b"glassd buttons.0"
    struct.pack_into("=Q", wanted, 288, 0x136)  # active low, input, both edges, pull-up
    struct.pack_into("=II", wanted, 560, 2, gpio_chip.BUFFER_EVENTS)
    if debounce_s:  # an attribute; where there is none, Linux 6.1 wants its place empty
        struct.pack_into("=I", wanted, 296, 1)
        struct.pack_into("=IIIIQ", wanted, 320, 3, 0, 5000, 0, 0b11)
    assert asked == [bytes(wanted)]
