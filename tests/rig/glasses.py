"""A pair of glasses on the virtual board: the config that its tests share, and what they ask of the service."""

from __future__ import annotations

import base64
import itertools
import json
import textwrap
from typing import TYPE_CHECKING, Any

from rig.screen import COLUMNS, ROWS

if TYPE_CHECKING:
    from rig.board import Board

CONFIG = "/etc/glassd/glassd.yaml"
DROP_INS = "/etc/systemd/system/glassd.service.d"
KEYBOARD = """
    buttons:
      - driver: evdev
        device: /dev/glassd/buttons
        map: {KEY_ENTER: main}
"""
DEVICES = """
    camera:
      driver: uvc
      device: /dev/glassd/camera
      size: 1280x720
      fps: 30
    displays:
      - driver: terminal
    triggers:
      - when: main press
        ask: "What is this?"
      - when: main long
        do: cancel
    language: en
"""


def config(board: Board, *parts: str) -> str:
    """Return a config whose model is the board's, with these parts after it; without any, a camera and a keyboard."""
    model = f"""
    model:
      endpoints:
        - url: {board.model.url}
          vision: qwen-vl-plus
    """
    return "".join(textwrap.dedent(part) for part in (model, *(parts or (DEVICES, KEYBOARD))))


def give_a_screen(board: Board) -> None:
    """Let the terminal display write to the board's second serial line, whose far end is here."""
    drop_in = board.read("/usr/share/glassd/drop-ins/terminal.conf").decode()
    lines = [line for line in drop_in.splitlines() if "getty" not in line and not line.startswith("TTYPath=")]
    board.write(f"{DROP_INS}/terminal.conf", "\n".join([*lines, f"TTYPath={board.display.tty}"]) + "\n")
    board.run("systemctl daemon-reload")


def set_up(board: Board, *parts: str) -> None:
    """Give the board a screen and a config, plug in what that names, and have the service run."""
    give_a_screen(board)
    board.write(CONFIG, config(board, *parts))
    board.camera.plug()
    board.buttons.plug()
    board.until("ls /dev/glassd/camera /dev/glassd/buttons")
    board.run("systemctl start glassd")
    until_all_is_ready(board)


def until_all_is_ready(board: Board) -> None:
    """Wait until camera and buttons are open, and the screen has the size of one."""
    until_device(board, "camera", "buttons.0")
    board.run(f"stty -F {board.display.tty} rows {ROWS} columns {COLUMNS}")
    board.display.until("┌")


def until_device(board: Board, *names: str, state: str = "ready") -> None:
    """Wait until these of the daemon's devices are all in a state."""
    here = " ".join(f"&& echo \"$status\" | grep '^  {name} .* {state} for'" for name in names)
    board.until(f"status=$(glassd status) {here}")


def status(board: Board) -> dict[str, Any]:
    """Return what the daemon says of itself."""
    told: dict[str, Any] = json.loads(board.shell("glassd status --json"))
    return told


def shown(board: Board, key: str) -> str:
    """Return a property of the service, as systemd has it."""
    return board.shell(f"systemctl show --property={key} --value glassd")


def picture(body: dict[str, Any]) -> bytes:
    """Return the bytes of the one picture in a request."""
    [url] = [part["image_url"]["url"] for part in body["messages"][-1]["content"] if part["type"] == "image_url"]
    head, _, data = url.partition(",")
    assert head == "data:image/jpeg;base64"
    return base64.b64decode(data, validate=True)


def is_answered(board: Board) -> bytes:
    """Answer the ask that has been started, and return its picture; the answer has come to the screen."""
    data = picture(board.model.request()[1])
    text = f"It is mug number {next(_numbers)}."
    board.model.answer_next(text)
    board.display.until(text)
    return data


_numbers = itertools.count(1)
