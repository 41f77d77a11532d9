"""`glassd setup` on a board: asked at a terminal, with answers for an instance, and undone where somebody leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rig.board import Board

KEY = "sk-4f1c0ffee1234567"
FILES = "ls -lR /etc/glassd /etc/credstore /etc/systemd/system; systemctl is-enabled glassd"
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
        ("What shows the answers?", ""),
        ("Number [", "3\n"),
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
