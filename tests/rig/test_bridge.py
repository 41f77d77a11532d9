"""The bridge on a board: camera, buttons and display over one USB serial line, pulled out and put in again."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from glassd_drivers.units import Size
from rig.camera import drawn
from rig.camera.formats import Encoding
from rig.glasses import CONFIG, config, picture, until_device

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

    from rig.board import Board

GLASSES = """
    camera:
      driver: bridge
    buttons:
      - driver: bridge
    displays:
      - driver: bridge
    triggers:
      - when: main press
        ask: "What is this?"
    language: en
"""
DEVICES = ("camera", "buttons.0", "displays.0")
SIZE = Size(320, 240)
_numbers = itertools.count(1)


def has_shown(bridge: Emulator, text: str) -> None:
    """Wait until the bridge's display shows a text, over as many rows as it takes."""
    while text not in " ".join(" ".join(bridge.until("screen")["rows"]).split()):
        pass


def is_answered(board: Board, bridge: Emulator, photos: Path) -> None:
    """Press; see the picture that the bridge took at the model, and the answer grow on the bridge's display."""
    bridge.order("press main")
    body = board.model.request()[1]
    taken = bridge.until("picture")
    assert picture(body) == (photos / taken["file"]).read_bytes()
    told = f"It is mug number {next(_numbers)}"
    board.model.say(told)
    has_shown(bridge, told)
    board.model.say(" on the table.")
    board.model.finish()
    has_shown(bridge, f"{told} on the table.")
    board.until("glassd status", "last ask: finished")


def test_from_a_press_to_the_answer_and_again_after_the_plug_was_pulled(board: Board, tmp_path: Path) -> None:
    for number, data in enumerate(drawn(Encoding.MJPEG, SIZE)):
        (tmp_path / f"{number}.jpg").write_bytes(data)
    bridge = board.bridge.emulate("--pictures", str(tmp_path), "--rate", "921600")
    board.write(CONFIG, config(board, GLASSES))
    board.bridge.plug()
    board.until("test -e /dev/glassd/bridge")
    board.run("systemctl start glassd")
    until_device(board, *DEVICES)
    is_answered(board, bridge, tmp_path)
    bridge.order("unplug")
    board.until("! test -e /dev/glassd/bridge")
    bridge.order("replug")
    bridge.until("session")
    has_shown(bridge, "on the table.")
    until_device(board, *DEVICES)
    is_answered(board, bridge, tmp_path)
    assert board.journal().count("bridge-emulator") == 0
