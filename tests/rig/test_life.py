"""The service's life under systemd: killed, reloaded, given a config with mistakes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rig.glasses import CONFIG, config, is_answered, picture, set_up, shown, until_all_is_ready, until_device

if TYPE_CHECKING:
    from rig.board import Board

MISTAKE = "triggerz: []\n"


def test_a_kill_in_the_middle_of_an_answer_is_survived(board: Board) -> None:
    set_up(board)
    board.buttons.press("enter")
    picture(board.model.request()[1])
    board.model.say("It is a red ")
    board.display.until("It is a red")
    board.run(f"kill -9 {shown(board, 'MainPID')}")
    board.until("systemctl show --property=NRestarts --value glassd", "1")
    board.until("systemctl is-active glassd", "active", limit_s=60)
    until_all_is_ready(board)
    board.buttons.press("enter")
    is_answered(board)


def test_a_good_config_is_taken_over_by_a_reload(board: Board) -> None:
    set_up(board)
    process = shown(board, "MainPID")
    board.write(CONFIG, config(board).replace("What is this?", "What colour is this?"))
    board.run("systemctl reload glassd")
    board.buttons.press("enter")
    body = board.model.request()[1]
    assert "What colour is this?" in json.dumps(body["messages"][-1])
    assert shown(board, "MainPID") == process


def test_a_reload_with_mistakes_fails_says_them_and_changes_nothing(board: Board) -> None:
    set_up(board)
    process = shown(board, "MainPID")
    board.write(CONFIG, config(board) + MISTAKE)
    place = f"{CONFIG}:{len(config(board).splitlines()) + 1}:1"
    board.run("systemctl reload glassd", status=1)
    assert place in board.journal()
    assert "triggerz" in board.run("systemctl status glassd").out
    assert (shown(board, "MainPID"), shown(board, "ActiveState")) == (process, "active")
    board.buttons.press("enter")
    is_answered(board)


def test_a_config_with_mistakes_ends_the_start_and_is_not_tried_again(board: Board) -> None:
    board.write(CONFIG, config(board) + MISTAKE)
    board.run("systemctl start glassd", status=1)
    facts = board.shell("systemctl show --property=ActiveState,NRestarts,ExecMainStatus glassd")
    assert sorted(facts.splitlines()) == ["ActiveState=failed", "ExecMainStatus=2", "NRestarts=0"]
    assert "triggerz" in board.journal()
    board.write(CONFIG, config(board))
    board.run("systemctl start glassd")


def test_without_a_config_the_service_stays_down_and_says_what_to_do(board: Board) -> None:
    board.run("systemctl start glassd")
    assert shown(board, "ActiveState") == "inactive"
    assert "run glassd setup" in board.run("systemctl status glassd", status=3).out
    assert board.shell("systemctl is-system-running") == "running"


def test_a_missing_camera_is_no_reason_not_to_be_ready(board: Board) -> None:
    board.write(CONFIG, config(board))
    board.run("systemctl start glassd")
    assert shown(board, "ActiveState") == "active"
    until_device(board, "camera", state="waiting")
