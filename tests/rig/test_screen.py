"""Answers on the board's own screen: the kernel's framebuffer, from inside the service's sandbox, as QEMU sees it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from glassd_drivers.contracts import Mark, Screen
from glassd_drivers.displays.fonts import load_fonts
from glassd_drivers.displays.framebuffer import COLOURS
from glassd_drivers.displays.painter import Colours, Painter
from glassd_drivers.displays.profiles import GLASS3
from glassd_drivers.displays.sheet import lay_out

if TYPE_CHECKING:
    from rig.board import Board

DROP_INS = "/etc/systemd/system/glassd.service.d"
LIMIT_S = 120.0
PICTURE_LIMIT_S = 60.0
"""Seconds for a picture to be on the screen: the guest's processor is an emulated one."""
ANSWER = "这是一扇绿色的门。\nA green door, half open."


def configure(board: Board, options: str = "rotate: 0") -> None:
    board.write(
        "/etc/glassd/glassd.yaml",
        f"model: {{endpoints: [{{url: {board.model.url}, vision: some-model}}]}}\n"
        f"displays: [{{driver: framebuffer, {options}}}]\nlanguage: en\n",
    )


def serve(board: Board, options: str = "rotate: 0") -> None:
    """Start the service with a framebuffer for its display."""
    configure(board, options)
    board.run(f"install -D -m 644 /usr/share/glassd/drop-ins/framebuffer.conf {DROP_INS}/framebuffer.conf")
    board.run("systemctl daemon-reload && systemctl start glassd", limit_s=LIMIT_S)


def screenshot(board: Board) -> Any:
    """What is on the board's screen: red, green and blue of each pixel."""
    file = board.folder / "screen.png"
    board.machine.qmp.call("screendump", filename=str(file), format="png")
    return np.asarray(Image.open(file).convert("RGB")).astype(int)


def sees(board: Board, expected: Any) -> None:
    """Wait until the board's screen shows a picture; fail with what it shows instead."""
    give_up = time.monotonic() + PICTURE_LIMIT_S
    while (shown := screenshot(board)).shape != expected.shape or np.abs(shown - expected).max() > 1:
        assert time.monotonic() < give_up, f"another picture is on the screen: {board.folder}/screen.png"
        time.sleep(0.2)


def painted(screen: Screen, size: tuple[int, int]) -> Any:
    sheet = lay_out(GLASS3, *size)
    assert sheet is not None
    return Colours(COLOURS["green"], COLOURS["black"]).table[Painter(load_fonts(), sheet).whole(screen)].astype(int)


def size_of(board: Board) -> tuple[int, int]:
    width, height = board.read("/sys/class/graphics/fb0/virtual_size").decode().split(",")
    return int(width), int(height)


def test_an_answer_is_drawn_on_the_framebuffer_and_the_console_keeps_off(board: Board) -> None:
    serve(board)
    board.model.answer_next(ANSWER)
    board.run("glassd ask 'What is this?'")
    answered = Screen(tuple(ANSWER.split("\n")), mark=Mark.DONE)
    sees(board, painted(answered, size_of(board)))
    board.run("echo a line of the console >/dev/tty1")
    board.model.answer_next("No.")
    board.run("glassd ask 'Is it red?'")
    sees(board, painted(Screen(("No.",), mark=Mark.DONE), size_of(board)))
    assert "green" not in board.journal()


def test_a_screen_that_is_mounted_askew_and_the_console_after_the_end(board: Board) -> None:
    serve(board, "rotate: 90")
    board.model.answer_next(ANSWER)
    board.run("glassd ask 'What is this?'")
    width, height = size_of(board)
    upright = painted(Screen(tuple(ANSWER.split("\n")), mark=Mark.DONE), (height, width))
    sees(board, np.rot90(upright, -1))
    board.run("systemctl stop glassd", limit_s=LIMIT_S)
    board.run("printf '\\033[41m\\033[2J' >/dev/tty1")
    sees(board, np.broadcast_to(screenshot(board)[-1, -1], (height, width, 3)))
    assert screenshot(board)[-1, -1].tolist() != [0, 0, 0]


def test_glasses_that_are_unplugged_and_come_back_show_the_current_screen_and_no_console(board: Board) -> None:
    """The driver is taken from its device and given it again, which is what the kernel does for a display over USB."""
    drop_ins, device = "/usr/share/glassd/drop-ins", "0000:00:03.0"
    board.run(
        f"cp {drop_ins}/framebuffer.rules /etc/udev/rules.d/71-glassd-framebuffer.rules && udevadm control --reload"
    )
    serve(board)
    board.model.answer_next(ANSWER)
    board.run("glassd ask 'What is this?'")
    answered = painted(Screen(tuple(ANSWER.split("\n")), mark=Mark.DONE), size_of(board))
    sees(board, answered)
    board.run(f"echo {device} >/sys/bus/pci/drivers/bochs-drm/unbind")
    board.until("glassd status", "/dev/fb0 is not there: plug the glasses in")
    board.run(f"echo {device} >/sys/bus/pci/drivers/bochs-drm/bind")
    sees(board, answered)
    board.run("printf 'a line of the console' >/dev/tty1; sleep 1")
    sees(board, answered)


def test_whoever_may_keeps_the_console_off_and_gives_it_back(board: Board) -> None:
    """As root, without systemd and its drop-in: the console is told to draw nothing, KD_GRAPHICS."""
    script = Path(__file__).parent / "on_board/framebuffer_console.py"
    board.push(script, f"/usr/local/lib/{script.name}")
    told = board.run(f"/usr/lib/glassd/bin/python3 /usr/local/lib/{script.name}", limit_s=LIMIT_S).out
    assert told.split() == ["0", "1", "0"]


def test_without_its_drop_in_the_service_says_what_it_takes(board: Board) -> None:
    configure(board)
    board.run("systemctl start glassd", limit_s=LIMIT_S)
    board.until("glassd status", "drop-in framebuffer.conf")
