"""`glassd setup` on a board: asked at a terminal, with answers for an instance, and undone where somebody leaves."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from glassd.config.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.board import Board

KEY = "sk-4f1c0ffee1234567"
FILES = "ls -lR /etc/glassd /etc/credstore /etc/systemd/system; systemctl is-enabled glassd"
LATE_S, FPS = 0.3, 15
POLL_S = 0.005
SCRIPT = Path(__file__).parent / "on_board/at_a_terminal.py"


def sit_down(board: Board, *answers: tuple[str, str]) -> None:
    """Begin `glassd setup` at a terminal where these answers are typed."""
    board.push(SCRIPT, "/run/setup/at_a_terminal.py")
    board.write("/run/setup/answers", json.dumps(answers))
    board.run("rm -f /run/setup/status /run/setup/seen; systemctl reset-failed setup || true")
    files = "/run/setup/answers /run/setup/seen /run/setup/status"
    board.run(f"systemd-run --collect --unit=setup python3 /run/setup/at_a_terminal.py {files} glassd setup")


def seen(board: Board, text: str) -> None:
    board.until("cat /run/setup/seen", text, limit_s=120)


def end(board: Board) -> tuple[int, str]:
    """Wait for its end, and return its exit status and what stood on the terminal."""
    status = board.until("cat /run/setup/status", limit_s=120).out
    return int(status), board.read("/run/setup/seen").decode().replace("\r\n", "\n")


def plug_in(board: Board) -> None:
    board.camera.plug()
    board.buttons.plug()
    board.until("ls /dev/glassd/camera /dev/glassd/buttons")


@pytest.mark.timeout(600)
def test_a_person_presses_the_main_button_and_what_they_leave_is_undone(board: Board) -> None:
    plug_in(board)
    before = board.shell(FILES)
    asked = (
        ("Number [", "2\n"),
        ("Number [1]: ", "3\n"),
        ("Address [", f"{board.model.url}\n"),
        ("Model for pictures [", "qwen-vl\n"),
        ("glasses or a panel on /dev/fb0, drawn (bochs-drmdrmfb, 1280x800)", ""),
        ("Number [", "4\n"),
        ("changes a line: ", "\n"),
    )
    sit_down(board, *asked)
    seen(board, "(Enter here takes")
    board.buttons.press("space")
    seen(board, "Test picture: ")
    board.model.request()  # which is never answered: Ctrl-C comes first
    board.run("pkill -INT -f 'bin/glassd setup$'")
    status, said = end(board)
    assert status == 130
    assert "SPACE of QEMU" in said
    assert "Test picture: 1280x720 JPEG" in said
    assert said.endswith("All is as it was before.\n")
    assert board.shell(FILES) == before
    assert board.shell("systemctl is-active glassd || true") == "inactive"

    sit_down(board, *asked)
    seen(board, "(Enter here takes")
    board.buttons.press("enter")
    seen(board, "Test picture: ")
    board.model.request()
    board.model.answer_next("A grey wall.")
    status, said = end(board)
    assert (status, said.splitlines()[-1]) == (0, "All is well."), said
    assert "A grey wall." in said
    assert board.shell("systemctl is-active glassd") == "active"


@pytest.mark.timeout(600)
def test_an_instance_has_its_own_files_key_and_screen(board: Board) -> None:
    plug_in(board)
    board.write(
        "/run/answers.yaml",
        "language: en\n"
        "model: {service: server, url: https://models.example.com/v1, vision: any, key: lab}\n"
        f"displays: terminal\nterminal: {board.display.tty}\ntest: false\n",
    )
    board.write("/run/key", KEY, 0o600)
    done = board.run("glassd -i left setup --answers /run/answers.yaml --key-stdin < /run/key", limit_s=120)
    assert KEY not in done.out + done.err
    assert (
        board.shell("stat -c '%U %a' /etc/credstore/glassd-left /etc/credstore/glassd-left/lab") == "root 700\nroot 600"
    )
    assert board.shell("systemctl is-active glassd@left; systemctl is-enabled glassd@left") == "active\nenabled"
    assert "glassd -i left setup" in board.read("/etc/glassd/left/glassd.yaml").decode()
    assert board.run("glassd check /etc/glassd/left/glassd.yaml").out.endswith("no mistakes\n")
    board.run("glassd -i left ask 'What is this?'")  # the server is nowhere, so the reader answers
    board.display.until("On-board reader")
    assert "no key named" not in board.journal("glassd@left")
    assert KEY not in board.shell("journalctl -o cat; cat /etc/glassd/left/*")


@contextmanager
def facing(board: Board, late_s: float) -> Iterator[None]:
    """Let the camera show what the display shows, so late: dark or bright all over."""
    dark, bright = (bytes(cv2.imencode(".jpg", np.full((720, 1280), level, np.uint8))[1]) for level in (40, 200))
    board.camera.show([dark])
    is_over = threading.Event()

    def follow() -> None:
        was_bright = False
        while not is_over.wait(POLL_S):
            # A cell is three bytes; the last row that was written decides.
            is_bright = "█" in board.display.text()[-100:]
            if is_bright != was_bright:
                seen = time.monotonic()
                was_bright = is_bright
                is_over.wait(late_s - (time.monotonic() - seen))
                board.camera.show([bright if is_bright else dark])

    thread = threading.Thread(target=follow, name="what the camera sees")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@pytest.mark.timeout(600)
def test_it_measures_how_late_the_camera_is_by_flashing_the_display_before_it(board: Board, tmp_path: Path) -> None:
    """How late is known here, but for what the serial line takes: a frame covers that."""
    plug_in(board)
    board.write(
        "/run/answers.yaml",
        f"language: en\nmodel: {{service: server, url: '{board.model.url}', vision: qwen-vl}}\n"
        f"displays: terminal\nterminal: {board.display.tty}\nlatency: measure\ntest: false\n",
    )
    with facing(board, LATE_S):
        said = board.run("glassd setup --answers /run/answers.yaml", limit_s=120).out
    assert "Pictures are stamped " in said, said
    written = tmp_path / "glassd.yaml"
    written.write_bytes(board.read("/etc/glassd/glassd.yaml"))
    camera = load(written).config.camera
    assert camera is not None
    assert abs(camera.latency - LATE_S) <= 1 / FPS
    assert "reloaded: camera" in board.journal()
