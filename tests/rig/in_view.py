"""Which frame a press got, beside the one that was in view: measured without asking glassd.

The truth is not the product's. Which picture went out when is the camera's log, on this machine's clock. When a key
went down is the guest's kernel's stamp, read by a program beside the daemon; that program tells the guest's clock as
well. What was picked is what the model server got.
"""

from __future__ import annotations

import itertools
import socket
import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from glassd_drivers.units import Size
from rig.camera.formats import Encoding
from rig.camera.pictures import drawing, encoded
from rig.glasses import CONFIG, config, picture, until_device

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence

    from rig.board import Board
    from rig.camera import Sent

HOST = "10.0.2.2"
"""This machine, as the guest reaches it."""
PROGRAM = Path(__file__).parent / "on_board" / "key_stamps.py"
CLOCK_ROUNDS = 50
AFTER_S = 0.4
"""How long the camera goes on after a press, so that the frame after it is in its log too."""
ANSWER_LIMIT_S = 30.0
CAMERA = """
    camera:
      driver: uvc
      device: /dev/glassd/camera
      size: 640x480
      fps: {fps}
    buttons:
      - driver: evdev
        device: /dev/glassd/buttons
        map: {{KEY_ENTER: main}}
    triggers:
      - when: main press
        ask: "What is this?"
    language: en
"""

SIZE = Size(640, 480)
PICTURES = 90
"""How many different ones are shown, in turn: none comes twice within the time that matters."""


def numbered(*, every_second_blurred: bool = False) -> list[bytes]:
    """Return pictures that show their numbers; those with odd ones may be as a camera that turns would see them."""
    drawn = (drawing(number, SIZE) for number in range(PICTURES))
    return [
        encoded(cv2.blur(picture, (24, 1)) if every_second_blurred and number % 2 else picture, Encoding.MJPEG)
        for number, picture in enumerate(drawn)
    ]


@dataclass(frozen=True, slots=True)
class Press:
    """One press, in this machine's seconds, with the camera's log around it and the place of the picture in that."""

    instant: float
    around: tuple[Sent, ...]
    picked: int

    def nearest(self) -> int:
        """Return the place of the picture that began nearest to the press."""
        return min(range(len(self.around)), key=lambda place: abs(self.around[place].began - self.instant))

    def last(self) -> int:
        """Return the place of the last picture that had begun when the key went down."""
        return max(place for place, sent in enumerate(self.around) if sent.began <= self.instant)


@dataclass(slots=True)
class Measured:
    """The presses of one run, and what the rig itself jitters: half the way of the best question about the clock."""

    presses: list[Press] = field(default_factory=list)
    clock_error_s: float = 0.0

    def error(self, truth: Callable[[Press], int], part: float) -> int:
        """Return by how many frames such a part of the presses missed the truth at most."""
        errors = sorted(abs(press.picked - truth(press)) for press in self.presses)
        return errors[int((len(errors) - 1) * part)]


class _Guest:
    """The program in the guest, at the end of its line."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line.makefile("r", encoding="ascii")
        self._send = line.sendall
        self._keys: list[float] = []

    def clock(self) -> tuple[float, float]:
        """Return what this machine's clock is ahead of the guest's, and how wrong that may be."""
        best = (0.0, float("inf"))
        for _ in range(CLOCK_ROUNDS):
            before = time.monotonic()
            self._send(b"?")
            there = self._next("clock")
            after = time.monotonic()
            best = min(best, ((before + after) / 2 - there, (after - before) / 2), key=lambda each: each[1])
        return best

    def key(self) -> float:
        """Return when the next key went down, in the guest's seconds."""
        return self._keys.pop(0) if self._keys else self._next("key")

    def _next(self, wanted: str) -> float:
        while True:
            word, _, seconds = self._line.readline().partition(" ")
            if word == wanted:
                return float(seconds)
            assert word == "key", f"the program in the guest ended: {word!r}"
            self._keys.append(float(seconds))


@contextmanager
def watched(board: Board, pictures: Sequence[bytes], fps: int) -> Iterator[_Guest]:
    """A board whose camera shows these pictures, all of them different, at a rate; glassd is ready."""
    board.camera.show(pictures)
    board.camera.fps(fps)
    board.write(CONFIG, config(board, CAMERA.format(fps=fps)))
    board.camera.plug()
    board.buttons.plug()
    board.until("ls /dev/glassd/camera /dev/glassd/buttons")
    board.run("systemctl start glassd")
    until_device(board, "camera", "buttons.0")
    board.push(PROGRAM, "/run/key_stamps.py")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        board.run(f"systemd-run --collect python3 /run/key_stamps.py /dev/glassd/buttons {HOST} {port}")
        line, _ = server.accept()
        with line:
            line.settimeout(ANSWER_LIMIT_S)
            yield _Guest(line)


def measure(board: Board, guest: _Guest, count: int, rng: random.Random, mid_frame: bool = False) -> Measured:
    """Press at random instants, or in the middle between two frames, and see what each press got."""
    measured = Measured()
    for number in itertools.count(1):
        ahead, measured.clock_error_s = guest.clock()
        time.sleep(rng.uniform(0.1, 0.3))
        if mid_frame:
            _await_mid_frame(board)
        board.buttons.press("enter")
        key = guest.key() + ahead
        data = picture(board.model.request()[1])
        board.model.answer_next(f"Number {number}.")
        time.sleep(max(0.0, key + AFTER_S - time.monotonic()))
        around = tuple(sent for sent in board.camera.sent[-200:] if abs(sent.began - key) < 1.0)
        picked = min(
            (place for place, sent in enumerate(around) if sent.data == data),
            key=lambda place: abs(around[place].began - key),
        )
        measured.presses.append(Press(key, around, picked))
        if number == count:
            return measured
        board.until("glassd status --json", '"idle"')
    raise AssertionError("it counts to the end")


def _await_mid_frame(board: Board) -> None:
    began = [sent.began for sent in board.camera.sent[-6:]]
    interval = statistics.median(after - before for before, after in itertools.pairwise(began))
    behind = (time.monotonic() - began[-1]) % interval
    time.sleep((interval / 2 - behind) % interval)
