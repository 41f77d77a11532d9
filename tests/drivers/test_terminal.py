"""The terminal as a display: what a person sees at a real pseudo-terminal, and what goes into a pipe."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import subprocess
import sys
import termios
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pyte
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lives import context
from ttys import Person, standing_in_for

from glassd_drivers import testing
from glassd_drivers.contracts import Mark, PermanentFault, Profile, Screen, Sign, TransientFault
from glassd_drivers.displays.box import Box, Window
from glassd_drivers.displays.plain_lines import PlainLines
from glassd_drivers.displays.profiles import GLASS3, TERMINAL
from glassd_drivers.displays.terminal import TerminalConfig, TerminalDisplay
from glassd_drivers.displays.text import printable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ANSWER = ("这是一个路牌，上面写着：", "Hello, 世界", "QR: https://example.org/")


@asynccontextmanager
async def display(fd: int, profile: Profile = GLASS3, **options: Any) -> AsyncIterator[TerminalDisplay]:
    """The display, opened where `fd` stands in for the standard output."""
    driver = TerminalDisplay(TerminalConfig.model_validate(options), context("displays.0"))
    driver.fit(profile)
    with standing_in_for(1, fd):
        await driver.open()
    try:
        yield driver
    finally:
        await driver.close()


# -- the conformance kit, at a real terminal and at a pipe ------------------------------------------------------------


class Window80x24(testing.Rig):
    """A person who looks at a window; the process's standard output leads there."""

    async def __aenter__(self) -> None:
        self.config = {}
        self.person = Person()
        self._lent = standing_in_for(1, self.person.terminal)
        self._lent.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self._lent.__exit__(None, None, None)
        self.person.leave()

    async def shown(self, text: str) -> None:
        await self.person.sees_text(text)

    async def unplug(self) -> None:
        self.person.leave()


class Pipe(testing.Rig):
    """Another program that reads the process's standard output."""

    async def __aenter__(self) -> None:
        self.config = {}
        self.reading, writing = os.pipe()
        self._lent = standing_in_for(1, writing)
        self._lent.__enter__()
        os.close(writing)

    async def __aexit__(self, *_: object) -> None:
        self._lent.__exit__(None, None, None)
        if self.reading >= 0:
            os.close(self.reading)

    async def shown(self, text: str) -> None:
        """Lines that may still change wait for what comes after them: nothing to see yet."""

    async def unplug(self) -> None:
        os.close(self.reading)
        self.reading = -1


KIT = testing.Kit("displays", "terminal", Window80x24)


@pytest.mark.parametrize("check", KIT.checks(), ids=lambda check: check.__name__)
def test_conforms_at_a_window(check: Callable[[testing.Kit], None]) -> None:
    check(KIT)


@pytest.mark.parametrize(
    "check",
    [
        testing.a_second_life_leaves_nothing_behind,
        testing.cancelling_open_leaks_nothing,
        testing.a_lost_device_is_a_driver_error,
    ],
    ids=lambda check: check.__name__,
)
def test_conforms_at_a_pipe(check: Callable[[testing.Kit], None]) -> None:
    check(testing.Kit("displays", "terminal", Pipe))


# -- what a person sees -----------------------------------------------------------------------------------------------


def test_the_screen_stands_in_a_box_at_the_top() -> None:
    async def main() -> None:
        person = Person()
        async with display(person.terminal) as driver:
            await driver.show(Screen(ANSWER, page=1, pages=2, mark=Mark.WRITING, camera=True))
            await person.sees_text("└")
            assert person.rows()[0] == "┌ writing ── camera on ─── 1/2 ┐"
            # The emulator gives a wide character two places, of which the second is empty.
            assert [row.rstrip("│ ").removeprefix("│") for row in person.rows()[1:4]] == list(ANSWER)
            assert person.rows()[11] == "└" + "─" * 30 + "┘"
            assert [person.screen.buffer[row][31].data for row in range(1, 11)] == ["│"] * 10
        person.leave()

    asyncio.run(main())


def test_the_box_has_the_signs_that_there_is_room_for() -> None:
    async def main() -> None:
        person = Person()
        async with display(person.terminal) as driver:
            for camera in (False, True):
                signs = (Sign.NO_NETWORK, Sign.QUEUED, Sign.CLOCK_NOT_SET)
                await driver.show(Screen(ANSWER, mark=Mark.ERROR, camera=camera, signs=signs))
            await person.sees_text("camera")
            assert person.rows()[0] == "┌ error ── camera on ── queued ┐"
        person.leave()

    asyncio.run(main())


def test_the_log_scrolls_beneath_and_leaves_the_box_alone() -> None:
    async def main() -> None:
        person = Person()
        async with display(person.terminal) as driver:
            await driver.show(Screen(ANSWER))
            for number in range(40):
                os.write(person.terminal, f"log line {number}\n".encode())
                await driver.show(Screen((*ANSWER, f"after line {number}")))
            await person.sees_text("after line 39")
            await person.sees_text("log line 39")
            rows = person.rows()
            assert rows[4].startswith("│after line 39")
            assert [row for row in rows if "log line" in row] == [f"log line {number}" for number in range(29, 40)]
            assert all("log line" in row for row in rows[12:23])
        person.leave()

    asyncio.run(main())


def test_what_stood_in_the_window_is_kept_in_its_history() -> None:
    async def main() -> None:
        person = Person()
        os.write(person.terminal, b"$ glassd run\n")
        async with display(person.terminal) as driver:
            await driver.show(Screen(ANSWER))
            await person.sees_text("└")
        assert not any("$ glassd run" in row for row in person.rows())
        history = ["".join(row[column].data for column in range(20)).rstrip() for row in person.screen.history.top]
        assert "$ glassd run" in history
        person.leave()

    asyncio.run(main())


def test_closing_gives_the_rows_back_and_leaves_the_cursor_under_the_box() -> None:
    async def main() -> None:
        person = Person()
        async with display(person.terminal) as driver:
            await driver.show(Screen(ANSWER))
        os.write(person.terminal, b"the end")
        await person.sees_text("the end")
        assert person.screen.margins is None
        assert person.rows().index("the end") == GLASS3.rows + 2
        person.leave()

    asyncio.run(main())


def test_a_line_that_has_no_size_of_its_own_is_told_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")

    async def main() -> None:
        person = Person()
        fcntl.ioctl(person.terminal, termios.TIOCSWINSZ, bytes(8))
        async with display(person.terminal) as driver:
            await driver.show(Screen(("in a box",), mark=Mark.DONE))
            await person.sees(lambda: person.rows()[0].startswith("┌"))
        person.leave()

    asyncio.run(main())


def test_the_box_follows_the_window() -> None:
    async def main() -> None:
        person = Person()
        async with display(person.terminal) as driver:
            await driver.show(Screen(tuple(f"row {number}" for number in range(8)), mark=Mark.DONE))
            await person.sees_text("row 7")
            watching = asyncio.create_task(driver.watch())
            person.resize(100, 12)
            await person.sees(lambda: person.rows()[8].startswith("└"))
            assert [row.strip("│ ") for row in person.rows()[1:8]] == [f"row {number}" for number in range(1, 8)]
            person.resize(20, 24)  # too narrow for any box
            await driver.show(Screen(("a plain line",), must_show=True))
            await person.sees(lambda: "a plain line" in person.rows())
            assert person.screen.margins is None
            person.resize(80, 24)
            await person.sees(lambda: person.rows()[11].startswith("└"))
            watching.cancel()
        person.leave()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("no_color", "options", "colour"),
    [("", {}, "green"), ("1", {}, "default"), ("", {"color": "never"}, "default")],
)
def test_the_mark_is_green_unless_no_colour_is_wanted_and_text_is_as_all_text(
    monkeypatch: pytest.MonkeyPatch, no_color: str, options: dict[str, Any], colour: str
) -> None:
    async def main() -> None:
        person = Person()
        async with display(person.terminal, **options) as driver:
            await driver.show(Screen(("hello",), mark=Mark.DONE))
            await person.sees_text("hello")
            assert {person.screen.buffer[0][column].fg for column in range(1, 7)} == {colour}
            assert {person.screen.buffer[1][column].fg for column in range(1, 6)} == {"default"}
        person.leave()

    monkeypatch.setenv("NO_COLOR", no_color)
    asyncio.run(main())


def test_a_window_of_one_cell_gets_no_box_until_it_grows_again() -> None:
    async def main() -> None:
        person = Person()
        async with display(person.terminal) as driver:
            await driver.show(Screen(("hello",), must_show=True))
            for _ in range(2):
                person.resize(1, 1)
                await driver.show(Screen(("hello",), must_show=True))
                person.resize(80, 24)
                await driver.show(Screen(("hello",), must_show=True))
                await person.sees(lambda: person.rows()[1].startswith("│hello") and person.rows()[11].startswith("└"))
        await person.sees(lambda: person.screen.margins is None)
        person.leave()

    asyncio.run(main())


def test_two_displays_of_one_terminal_show_the_same_box() -> None:
    async def main() -> None:
        person = Person()
        async with display(person.terminal) as one, display(person.terminal) as other:
            for text in ("first", "second"):
                for driver in (one, other):
                    await driver.show(Screen((text,), must_show=True))
                await person.sees_text(text)
            assert sum("second" in row for row in person.rows()) == 1
        await person.sees(lambda: person.screen.margins is None)
        person.leave()

    asyncio.run(main())


def test_a_stopped_terminal_holds_up_nobody() -> None:
    async def main() -> None:
        person = Person()
        driver = TerminalDisplay(TerminalConfig(), context("displays.0"))
        with standing_in_for(1, person.terminal):
            await driver.open()
        await driver.show(Screen(("before",)))
        termios.tcflow(person.terminal, termios.TCOOFF)
        stuck = asyncio.create_task(driver.show(Screen(("while it is stopped",))))
        done, _ = await asyncio.wait({stuck}, timeout=0.1)  # the loop goes on
        assert not done
        async with asyncio.timeout(1.0):  # what a driver's close may take
            await driver.close()
        termios.tcflow(person.terminal, termios.TCOON)
        await person.sees(lambda: person.screen.margins is None)  # the late thread has put the terminal right
        stuck.cancel()
        person.leave()

    asyncio.run(main())


# -- what goes into a pipe --------------------------------------------------------------------------------------------

GROWING = "这是一个路牌，上面写着早晨好，欢迎来到这座城市。The sign is clean and well lit, and nobody stands before it."


def growing_screens() -> list[Screen]:
    """An answer that grows by a few characters a screen, broken every 12 characters."""
    marks = [Screen(mark=Mark.LOOKING), Screen(mark=Mark.THINKING)]
    cut = [GROWING[:end] for end in range(3, len(GROWING), 5)]
    partial = [Screen(tuple(text[at : at + 20] for at in range(0, len(text), 20)), mark=Mark.WRITING) for text in cut]
    lines = tuple(GROWING[at : at + 20] for at in range(0, len(GROWING), 20))
    return [*marks, *partial, Screen(lines, mark=Mark.DONE, must_show=True)]


def test_a_pipe_gets_each_line_once_and_in_order() -> None:
    lines = PlainLines()
    parts = [lines.update(screen) for screen in growing_screens()]
    written = [GROWING[at : at + 20] for at in range(0, len(GROWING), 20)]
    assert "".join(parts).splitlines() == ["[looking]", "[thinking]", "[writing]", *written, "[done]"]
    early = "".join(parts[:-1])
    assert written[0] in early
    assert written[-1] not in early


def test_the_same_answer_again_is_written_again() -> None:
    lines = PlainLines()
    screens = [*growing_screens(), Screen(must_show=True)]
    first = "".join(lines.update(screen) for screen in screens)
    assert "".join(lines.update(screen) for screen in screens) == first


def test_an_error_is_lines_after_its_mark() -> None:
    lines = PlainLines()
    text = lines.update(Screen(("没有网络", "请检查 Wi-Fi"), mark=Mark.ERROR, must_show=True))
    assert text == "[error]\n没有网络\n请检查 Wi-Fi\n"


def test_signs_are_a_line_whenever_they_change() -> None:
    lines = PlainLines()
    screens = [
        Screen(signs=signs) for signs in ((), (Sign.NO_NETWORK, Sign.QUEUED), (Sign.NO_NETWORK, Sign.QUEUED), ())
    ]
    assert "".join(lines.update(screen) for screen in screens) == "[signs: no network, queued]\n[signs: none]\n"


def test_an_open_end_is_measured_in_graphemes() -> None:
    lines = PlainLines()
    # Sixteen graphemes or fewer after a break may still move it, of however many code points they are.
    assert lines.update(Screen(("may still grow", THUMB * 15), mark=Mark.WRITING)) == "[writing]\n"
    assert lines.update(Screen(("may still grow", THUMB * 17), mark=Mark.WRITING)) == "may still grow\n"


def test_turning_a_page_keeps_the_end_of_the_one_before() -> None:
    lines = PlainLines()
    text = lines.update(Screen(("one", "two"), mark=Mark.WRITING))
    text += lines.update(Screen(("three",), page=2, pages=2, mark=Mark.WRITING))
    text += lines.update(Screen(("three",), page=2, pages=2, mark=Mark.DONE, must_show=True))
    assert text.splitlines() == ["[writing]", "one", "two", "[page 2 of 2]", "three", "[done]"]


SCREENS = st.builds(
    Screen,
    st.lists(st.text(st.characters(), max_size=40), max_size=4).map(tuple),
    st.integers(1, 3),
    st.just(3),
    st.sampled_from(Mark),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(SCREENS, max_size=8))
def test_nothing_in_a_line_steers_a_terminal(screens: list[Screen]) -> None:
    plain = PlainLines()
    for screen in screens:
        for line in plain.update(screen).split("\n"):
            assert printable(line) == line
            line.encode()


@example([Screen(("\U0001d17b",), 1, 3, Mark.IDLE, camera=False, must_show=False)], 1)
@given(st.lists(SCREENS, max_size=8), st.integers(1, 6))
def test_a_box_never_leaves_its_place(screens: list[Screen], text_rows: int) -> None:
    person = pyte.Screen(40, 12)
    stream = pyte.Stream(person)
    profile = Profile("small", columns=10, rows=6, interval=0.0)
    box = Box(profile, Window(40, 12), text_rows, color=True)
    stream.feed(box.begin())
    for screen in screens:
        stream.feed(box.update(screen))
        assert (person.cursor.x, person.cursor.y) == (0, text_rows + 2)
        # Cell by cell: a cell with a combining character holds two.
        assert not "".join(person.buffer[y][x].data for y in range(12) for x in range(12, 40)).strip()
        assert not "".join(person.display[text_rows + 2 :]).strip()


THUMB = "\U0001f44d\U0001f3fd"
"""A thumb with the colour of a skin: one grapheme of two cells; a terminal that does not join them needs four."""


@pytest.mark.parametrize("columns", [12, 40])
def test_a_terminal_that_counts_widths_otherwise_keeps_the_boxs_edge(columns: int) -> None:
    person = pyte.Screen(columns, 12)
    stream = pyte.Stream(person)
    box = Box(Profile("small", columns=10, rows=4, interval=0.0), Window(columns, 12), 4, color=True)
    stream.feed(box.begin() + box.update(Screen((THUMB * 5, "", THUMB * 5, "four"))))
    assert [person.buffer[row][11].data for row in range(1, 5)] == ["│"] * 4
    assert [person.display[row] for row in (2, 4)] == [f"│{text:10}│".ljust(columns) for text in ("", "four")]
    assert not any(person.buffer[row][column].data.strip() for row in range(12) for column in range(12, columns))
    stream.feed("x" * (columns + 1))  # the log wraps as before
    assert person.cursor.x == 1


@pytest.mark.parametrize("columns", [1, 2, 5, 8])
def test_the_top_of_a_narrow_box_is_as_wide_as_the_box(columns: int) -> None:
    box = Box(Profile("narrow", columns=columns, rows=1, interval=0.0), Window(80, 24), 1, color=False)
    drawn = box.update(Screen(page=10, pages=12, mark=Mark.WRITING, camera=True))
    (top,) = re.findall("┌.*?┐", drawn)
    assert len(top) == columns + 2


def test_only_what_differs_is_written_again() -> None:
    box = Box(TERMINAL, Window(80, 24), TERMINAL.rows, color=False)
    box.update(Screen(("one", "门 two"), mark=Mark.WRITING))
    again = box.update(Screen(("one", "门 two more"), mark=Mark.WRITING))
    assert again == "\x1b7\x1b[3;8H\x1b[m more\x1b8"  # DECSC, CUP, SGR, the text, DECRC
    assert box.update(Screen(("one", "门 two more"), mark=Mark.WRITING)) == ""


LINES = st.lists(st.text(alphabet="ab 门。é\u0301👍\u200d🏽", max_size=6), max_size=4).map(tuple)


@given(st.lists(LINES, min_size=1, max_size=8), st.booleans())
def test_whatever_was_there_before_the_box_shows_the_newest_screen(texts: list[tuple[str, ...]], color: bool) -> None:
    boxes = []
    for shown in (texts, texts[-1:]):
        person = pyte.Screen(24, 12)
        stream = pyte.Stream(person)
        box = Box(Profile("small", columns=20, rows=4, interval=0.0), Window(24, 12), 4, color=color)
        stream.feed(box.begin())
        for lines in shown:
            stream.feed("\x1b[1;31m" + box.update(Screen(lines)) + "a log in red\r\n\x1b[m")
        cells = [person.buffer[row][column] for row in range(6) for column in range(22)]
        boxes.append([(cell.data, cell.data.strip() and cell.fg, cell.bold) for cell in cells])
    assert boxes[0] == boxes[1]


def test_a_pipe_that_nobody_reads_is_a_lost_display() -> None:
    async def main() -> None:
        reading, writing = os.pipe()
        async with display(writing) as driver:
            os.close(writing)
            os.close(reading)
            with pytest.raises(TransientFault, match="standard output is read by nobody any more"):
                await driver.show(Screen(("hello",), must_show=True))
            with pytest.raises(TransientFault, match="standard output is read by nobody any more"):
                await driver.watch()

    asyncio.run(main())


def test_what_nobody_reads_is_not_opened_again_and_again() -> None:
    """Standard output stays what it was for the life of the process: only a person can mend that."""

    async def main() -> None:
        reading, writing = os.pipe()
        os.close(reading)
        with pytest.raises(PermanentFault, match="start glassd again"):
            async with display(writing):
                pass
        os.close(writing)

    asyncio.run(main())


def test_a_pipe_that_somebody_made_non_blocking_is_waited_for() -> None:
    async def main() -> None:
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        long = "x" * 100_000  # more than the pipe takes at once
        async with display(writing) as driver:
            showing = asyncio.create_task(driver.show(Screen((long,), must_show=True)))
            read = 0
            while read < len(long) + 1:
                read += len(await asyncio.to_thread(os.read, reading, 65536))
            await showing
        os.close(reading)
        os.close(writing)

    asyncio.run(main())


def test_a_box_asked_for_without_a_terminal_waits_for_a_person() -> None:
    async def main() -> None:
        reading, writing = os.pipe()
        with pytest.raises(PermanentFault, match="standard output is no terminal: set plain: auto"):
            async with display(writing, plain="never"):
                pass
        os.close(reading)
        os.close(writing)

    asyncio.run(main())


def test_a_closed_standard_output_waits_for_a_person() -> None:
    program = (
        "import asyncio, sys\n"
        "from glassd_drivers.contracts import PermanentFault\n"
        "from glassd_drivers.displays.terminal import TerminalConfig, TerminalDisplay\n"
        "from glassd_drivers.host import Host\n"
        "driver = TerminalDisplay(TerminalConfig(), Host(lambda: 0.0).context('displays.0', print))\n"
        "try: asyncio.run(driver.open())\n"
        "except PermanentFault as error: print(error, file=sys.stderr)\n"
    )
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-c", program],
        stderr=subprocess.PIPE,
        text=True,
        timeout=30,
        check=True,
    )
    assert "standard output is closed: take the terminal out of displays:" in done.stderr
