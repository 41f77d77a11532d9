"""Keys of a terminal as buttons: real pseudo-terminals, and pipes on the virtual clock."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import subprocess
import sys
import termios
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import context
from pydantic import ValidationError
from ttys import Person, standing_in_for

from glassd_drivers import testing
from glassd_drivers.buttons.keyboard import (
    ESC_WAIT_S,
    HOLD_S,
    PRESS_S,
    WAITING_EDGES,
    KeyboardButtons,
    KeyboardConfig,
    KeyPlayer,
    parse_action,
)
from glassd_drivers.buttons.terminal_keys import KeyParser
from glassd_drivers.contracts import Edge, EdgeKind, PermanentFault, TransientFault
from virtual import START, run

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

DOWN, UP, LOST = EdgeKind.DOWN, EdgeKind.UP, EdgeKind.LOST


# -- the conformance kit, at a real terminal --------------------------------------------------------------------------


class Desk(testing.Rig):
    """A person at a terminal, who presses Enter."""

    gesture = "main"

    async def __aenter__(self) -> None:
        self.person = Person()
        self.config = {"device": os.ttyname(self.person.terminal), "map": {"enter": self.gesture}}

    async def __aexit__(self, *_: object) -> None:
        self.person.leave()

    async def press(self) -> None:
        self.person.type("\r")

    async def release(self) -> None:
        """A terminal tells of no releases: the driver makes them."""

    async def unplug(self) -> None:
        self.person.leave()


class DeskOfLongPresses(Desk):
    gesture = "main long"


KIT = testing.Kit("buttons", "keyboard", Desk, missing={"device": "/dev/pts/nobody"}, losable=False)


@pytest.mark.parametrize("check", KIT.checks(), ids=lambda check: check.__name__)
def test_conforms(check: Callable[[testing.Kit], None]) -> None:
    check(KIT)


@pytest.mark.parametrize(
    "check",
    [testing.a_lost_device_is_a_driver_error, testing.a_held_button_is_lost_with_its_device],
    ids=lambda check: check.__name__,
)
def test_conforms_when_the_terminal_hangs_up(check: Callable[[testing.Kit], None]) -> None:
    check(testing.Kit("buttons", "keyboard", DeskOfLongPresses))


# -- a pipe on the virtual clock --------------------------------------------------------------------------------------


class Script:
    """A pipe as the terminal; `edges` are those that came, by the virtual clock."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._reading, self.writing = os.pipe()
        config = KeyboardConfig.model_validate({"device": f"/dev/fd/{self._reading}", **options})
        self._driver = KeyboardButtons(config, context("buttons", asyncio.get_running_loop().time))
        self._edges = self._driver.edges()

    async def __aenter__(self) -> Self:
        await self._driver.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._edges.aclose()
        await self._driver.close()
        os.close(self._reading)
        with contextlib.suppress(OSError):
            os.close(self.writing)

    def send(self, data: bytes) -> None:
        os.write(self.writing, data)

    async def edges(self, count: int) -> list[tuple[str, EdgeKind, float]]:
        return [await self.edge() for _ in range(count)]

    async def edge(self) -> tuple[str, EdgeKind, float]:
        edge = await anext(self._edges)
        assert asyncio.get_running_loop().time() == pytest.approx(edge.instant)
        return edge.button, edge.kind, round(edge.instant - START, 3)

    async def silent_for(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await anext(self._edges)
        except TimeoutError:
            self._edges = self._driver.edges()
            return True
        return False


def script(play: Callable[[Script], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def main() -> None:
        async with Script(options) as pipe:
            await play(pipe)

    run(main())


def test_a_key_is_a_press() -> None:
    async def play(pipe: Script) -> None:
        pipe.send(b"\n")
        assert await pipe.edges(2) == [("main", DOWN, 0.0), ("main", UP, PRESS_S)]

    script(play)


def test_long_is_held_while_other_keys_go_on() -> None:
    async def play(pipe: Script) -> None:
        pipe.send(b"lb")
        assert await pipe.edges(4) == [
            ("main", DOWN, 0.0),
            ("back", DOWN, 0.0),
            ("back", UP, PRESS_S),
            ("main", UP, HOLD_S),
        ]

    script(play)


def test_double_is_two_presses() -> None:
    async def play(pipe: Script) -> None:
        pipe.send(b"d")
        edges = await pipe.edges(4)
        assert [kind for _, kind, _ in edges] == [DOWN, UP, DOWN, UP]
        assert edges[2][2] - edges[1][2] == pytest.approx(PRESS_S)

    script(play, map={"d": "main double"})


def test_an_escape_is_a_key_once_nothing_follows_it() -> None:
    async def play(pipe: Script) -> None:
        pipe.send(b"\x1b[A")
        assert (await pipe.edges(2))[0] == ("up", DOWN, 0.0)
        pipe.send(b"\x1b")
        assert await pipe.edge() == ("back", DOWN, round(PRESS_S + ESC_WAIT_S, 3))

    script(play, map={"esc": "back", "up": "up"})


def test_the_end_of_a_pipe_is_silence() -> None:
    async def play(pipe: Script) -> None:
        pipe.send(b"\n")
        os.close(pipe.writing)
        assert await pipe.edges(2) == [("main", DOWN, 0.0), ("main", UP, PRESS_S)]
        assert await pipe.silent_for(3600.0)

    script(play)


def test_an_empty_file_is_silence() -> None:
    async def main() -> None:
        driver = KeyboardButtons(KeyboardConfig.model_validate({"device": "/dev/null"}), context("buttons"))
        await driver.open()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600.0):
                await anext(driver.edges())
        await driver.close()

    run(main())


def test_a_key_that_repeats_leaves_no_long_tail() -> None:
    async def play(pipe: Script) -> None:
        pipe.send(b"\n" * 500)
        await pipe.edges(WAITING_EDGES)
        assert await pipe.silent_for(60.0)

    script(play)


def test_a_paste_is_a_few_presses_of_each_button() -> None:
    async def play(pipe: Script) -> None:
        pipe.send("是不是\x1b[200~b\r".encode() * 600)  # over 10 KB
        edges = await pipe.edges(2 * WAITING_EDGES)
        assert Counter(button for button, _, _ in edges) == {"main": WAITING_EDGES, "back": WAITING_EDGES}
        assert await pipe.silent_for(3600.0)

    script(play)


def test_two_who_read_the_same_keys_never_wait_for_each_other() -> None:
    async def main() -> None:
        reading, writing = os.pipe()
        drivers = [KeyboardButtons(KeyboardConfig(), context(f"buttons.{number}")) for number in range(2)]
        with standing_in_for(0, reading):
            for driver in drivers:
                await driver.open()
        first = [asyncio.create_task(anext(driver.edges())) for driver in drivers]
        late = threading.Timer(5.0, os.write, (writing, b"\n"))  # what a read that blocks would wait for
        late.start()
        os.write(writing, b"\n")
        done, waiting = await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        assert {task.result().button for task in done} == {"main"}
        assert late.is_alive()
        late.cancel()
        for task in waiting:
            task.cancel()
        await asyncio.wait(first)
        for driver in drivers:
            await driver.close()
        os.close(reading)
        os.close(writing)

    asyncio.run(main())


# -- real terminals ---------------------------------------------------------------------------------------------------


def local_modes(terminal: int) -> int:
    modes = termios.tcgetattr(terminal)[3]
    assert isinstance(modes, int)
    return modes


def test_keys_come_one_by_one_and_unseen_until_closed() -> None:
    async def main() -> None:
        person = Person()
        before = local_modes(person.terminal)
        with standing_in_for(0, person.terminal):
            driver = KeyboardButtons(KeyboardConfig(), context("buttons"))
            await driver.open()
        changed = before ^ local_modes(person.terminal)
        assert changed == termios.ICANON | termios.ECHO
        edges = driver.edges()
        person.type("b")
        async with asyncio.timeout(10):
            assert (await anext(edges)).button == "back"
        await edges.aclose()
        assert person.raw == b""
        await driver.close()
        assert local_modes(person.terminal) == before
        person.leave()

    asyncio.run(main())


CHILD = """
import asyncio, os, sys, time
from glassd_drivers.buttons.keyboard import KeyboardButtons, KeyboardConfig
from glassd_drivers.host import Host
os.dup2(os.open(sys.argv[1], os.O_RDWR), 0)  # a new session's first terminal becomes its controlling one
async def main():
    driver = KeyboardButtons(KeyboardConfig(), Host(time.monotonic).context("buttons", print))
    await driver.open()
    print("open", flush=True)
    async for edge in driver.edges():
        pass
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_ctrl_c_reaches_the_process_which_leaves_the_terminal_as_it_was() -> None:
    hand, terminal = os.openpty()
    before = local_modes(terminal)
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, os.ttyname(terminal)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        os.write(hand, b"\x03")
        assert child.stdout.readline() == "interrupted\n"
        assert child.wait(30) == 0
    assert local_modes(terminal) == before
    os.close(hand)
    os.close(terminal)


JOB = """
import asyncio, os, signal, sys, time
from glassd_drivers.buttons.keyboard import KeyboardButtons, KeyboardConfig
from glassd_drivers.host import Host
os.dup2(os.open(sys.argv[1], os.O_RDWR), 0)  # a new session's first terminal becomes its controlling one
signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # as a shell does
is_open, taken_back = os.pipe(), os.pipe()
async def life():
    driver = KeyboardButtons(KeyboardConfig(), Host(time.monotonic).context("buttons", print))
    await driver.open()
    os.write(is_open[1], b"1")
    os.read(taken_back[0], 1)
    await driver.close()
if not (job := os.fork()):
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    asyncio.run(life())
    os._exit(0)
os.read(is_open[0], 1)
os.tcsetpgrp(0, os.getpgrp())
os.write(taken_back[1], b"1")
_, status = os.waitpid(job, os.WUNTRACED)
if os.WIFSTOPPED(status):
    os.kill(job, signal.SIGKILL)
print("stopped" if os.WIFSTOPPED(status) else "ended")
"""


def test_a_job_in_the_background_ends_and_leaves_the_terminal_to_the_one_in_front() -> None:
    hand, terminal = os.openpty()
    before = local_modes(terminal)
    done = subprocess.run(
        [sys.executable, "-c", JOB, os.ttyname(terminal)],
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == "ended\n"
    assert before ^ local_modes(terminal) == termios.ICANON | termios.ECHO
    os.close(hand)
    os.close(terminal)


def test_a_closed_standard_input_waits_for_a_person() -> None:
    program = (
        "import asyncio\n"
        "from glassd_drivers.buttons.keyboard import KeyboardButtons, KeyboardConfig\n"
        "from glassd_drivers.contracts import PermanentFault\n"
        "from glassd_drivers.host import Host\n"
        "driver = KeyboardButtons(KeyboardConfig(), Host(lambda: 0.0).context('buttons', print))\n"
        "try: asyncio.run(driver.open())\n"
        "except PermanentFault as error: print(error)\n"
    )
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "standard input is closed: start glassd in a terminal" in done.stdout


def test_a_terminal_that_is_not_there_says_so() -> None:
    driver = KeyboardButtons(KeyboardConfig.model_validate({"device": "/dev/pts/nobody"}), context("buttons"))
    with pytest.raises((TransientFault, PermanentFault), match=r"^/dev/pts/nobody cannot be opened"):
        asyncio.run(driver.open())


# -- keys and gestures, without I/O -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"\r\n \t\x7f\x08", ["enter", "enter", "space", "tab", "backspace", "backspace"]),
        (b"\x1b[A\x1b[B\x1b[C\x1b[D", ["up", "down", "right", "left"]),
        (b"\x1bOA\x1bOB", ["up", "down"]),
        (b"\x1b[15~\x1b[1;5Ax", ["x"]),
        (b"\x1b[[A\x1b[[Ex", ["x"]),  # F1 and F5 of the Linux console
        (b"\x1b\x1b[Ax", ["esc", "up", "x"]),
        (b"\x1bq", ["esc", "q"]),
        ("是x".encode(), ["是", "x"]),
        (b"\x01\x04\xff\xc3x", ["x"]),
        (b"\x1b[" + b"1" * 100 + b"x", ["1"] * 69 + ["x"]),
    ],
)
def test_bytes_are_these_keys(data: bytes, keys: list[str]) -> None:
    parser = KeyParser()
    assert list(parser.feed(data)) == keys
    assert not parser.undecided


ACTIONS = {"m": "main", "l": "main long", "d": "main double", "a": "other"}

TYPED = st.lists(
    st.sampled_from([b"\x1b", b"[", b"O", b"A", b"~", b"1;5", b"\n", b"q", "是".encode(), b"\xff"])
    | st.binary(max_size=4),
    max_size=30,
).map(b"".join)


@given(TYPED, st.lists(st.integers(0, 100), max_size=10))
def test_pieces_are_the_same_keys_as_the_whole(typed: bytes, cuts: list[int]) -> None:
    parser, whole = KeyParser(), KeyParser()
    bounds = [0, *sorted(cut for cut in cuts if cut < len(typed)), len(typed)]
    keys = [key for start, end in itertools.pairwise(bounds) for key in parser.feed(typed[start:end])]
    assert keys == list(whole.feed(typed))
    assert list(parser.settle()) == list(whole.settle())


@given(st.lists(st.sampled_from("mld"), max_size=40))
def test_no_more_edges_wait_than_their_limit(keys: list[str]) -> None:
    player = KeyPlayer({key: parse_action(action) for key, action in ACTIONS.items()})
    for key in keys:
        player.press(key, 0.0)
    assert len(player.due(float("inf"))) <= WAITING_EDGES


@given(st.lists(st.tuples(st.sampled_from("mlda"), st.floats(0, 0.5)), max_size=40))
def test_a_button_goes_down_and_up_in_turn_and_never_too_fast_to_be_seen(presses: list[tuple[str, float]]) -> None:
    player = KeyPlayer({key: parse_action(action) for key, action in ACTIONS.items()})
    now = 0.0
    edges: list[Edge] = []
    for key, pause in presses:
        now += pause
        edges += player.due(now)
        player.press(key, now)
    edges += player.due(float("inf"))
    for button in ("main", "other"):
        own = [edge for edge in edges if edge.button == button]
        assert [edge.kind for edge in own] == [DOWN, UP] * (len(own) // 2)
        assert all(after.instant - before.instant > PRESS_S * 0.99 for before, after in itertools.pairwise(own))
    assert player.lose(now) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"map": {"ctrl-x": "main"}}, "a key: one printable character, or one of backspace, down, enter"),
        ({"map": {"x": "main triple"}}, "a button, alone or with long or double"),
        ({"map": {"x": ""}}, "a button, alone or with long or double"),
        ({"map": {}}, "at least 1 item"),
    ],
)
def test_a_map_that_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        KeyboardConfig.model_validate(options)
