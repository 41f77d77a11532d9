"""The main job on a board: it boots, a button is pressed, the frame in view is asked about, the answer is shown."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rig.glasses import CONFIG, DEVICES, config, give_a_screen, picture, set_up, shown, until_all_is_ready

if TYPE_CHECKING:
    from rig.board import Board

IN_VIEW_S = 2.0
"""How far from a press its picture may have gone out: the press takes a part of it to come into an emulated machine."""

GPIO = """
    buttons:
      - driver: gpio
        chip: {chip}
        active: high
        pull: none
        map: {{SHUTTER: main}}
"""


def answered_piece_by_piece(board: Board, pressed: float) -> None:
    """See the ask of a press sent with a frame of that moment, and its answer shown while it grows, in order."""
    headers, body = board.model.request()
    assert headers[""] == "POST /v1/chat/completions HTTP/1.1"
    assert body["stream"] is True
    data = picture(body)
    shown_then = [sent for sent in board.camera.sent if abs(sent.ended - pressed) < IN_VIEW_S]
    assert data in [sent.data for sent in shown_then], "no picture that the camera showed at the press, byte for byte"
    told = ""
    for piece in ("It is a red ", "mug on a table ", "by the window."):
        told += piece
        board.model.say(piece)
        board.display.until(told.rstrip())
    board.model.finish()
    board.until("glassd status", "last ask: finished")
    assert any(told in line for line in board.display.screen())


def test_from_boot_to_ready_and_from_a_key_to_the_answer(board: Board) -> None:
    give_a_screen(board)
    board.write(CONFIG, config(board))
    board.camera.plug()
    board.buttons.plug()
    board.run("systemctl enable glassd")
    board.reboot()
    board.until("systemctl is-active glassd", "active", limit_s=120)
    assert "glassd.service.process: ready" in board.journal()
    until_all_is_ready(board)
    pressed = time.monotonic()
    board.buttons.press("enter")
    answered_piece_by_piece(board, pressed)
    assert shown(board, "NRestarts") == "0"


def test_from_a_gpio_button_to_the_answer(board: Board) -> None:
    board.gpio.plug()
    set_up(board, DEVICES, GPIO.format(chip=board.gpio.chip))
    pressed = time.monotonic()
    board.gpio.press("SHUTTER")
    answered_piece_by_piece(board, pressed)


def test_answers_are_not_in_the_journal(board: Board) -> None:
    set_up(board)
    board.buttons.press("enter")
    answered_piece_by_piece(board, time.monotonic())
    journal = board.shell("journalctl --no-pager --output=cat")
    assert "red mug" not in journal
    assert "What is this?" not in journal
