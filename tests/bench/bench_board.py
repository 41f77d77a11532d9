"""A camera at rest on the virtual board: what glassd takes for a frame, beside the usual loop on the same driver."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from measure import Ratio

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS), str(TESTS / "daemon"), str(TESTS / "link")]

from rig.board import Board  # noqa: E402 - the path is what pytest sets by itself
from rig.glasses import CONFIG, DEVICES, config, until_device  # noqa: E402
from rig.snapshots import installed  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 3
SETTLE_S = 4.0
"""Until the ring is full."""
REST_S = 6.0
FRAMES = 40
"""How many frames the usual loop is measured over; the emulated processor decodes some ten of them in a second."""
CPU_S = "awk '{print ($14 + $15) / '$(getconf CLK_TCK)'}' /proc/%s/stat"
USUAL_LOOP = f"""
import time, cv2
capture = cv2.VideoCapture("/dev/glassd/camera", cv2.CAP_V4L2)
capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
capture.set(cv2.CAP_PROP_FRAME_WIDTH, 1280)
capture.set(cv2.CAP_PROP_FRAME_HEIGHT, 720)
capture.set(cv2.CAP_PROP_FPS, 30)
for _ in range(10):
    assert capture.read()[0]
before = time.process_time()
for _ in range({FRAMES}):
    there, picture = capture.read()
    assert there and picture.shape == (720, 1280, 3)
print((time.process_time() - before) / {FRAMES})
"""


def at_rest_on_the_board() -> Iterator[Ratio]:
    """CPU for one 720p frame of the kernel's uvcvideo, all threads, in the guest."""
    with Board(installed()) as board:
        board.write(CONFIG, config(board, DEVICES))
        board.write("/run/loop.py", USUAL_LOOP)
        board.camera.plug()
        board.until("test -e /dev/glassd/camera")
        figures = [(_daemon(board), _loop(board)) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(each) * 1000 for each in zip(*figures, strict=True))
    yield Ratio("a 720p frame of uvcvideo at rest, CPU, beside decoding it", ours, theirs, "ms", must=1 / 15)


def _daemon(board: Board) -> float:
    """Return the seconds of CPU that the service takes for each frame that the camera sends."""
    board.run("systemctl start glassd")
    until_device(board, "camera")
    time.sleep(SETTLE_S)
    process = board.shell("systemctl show --property=MainPID --value glassd")
    sent, before = len(board.camera.sent), float(board.shell(CPU_S % process))
    time.sleep(REST_S)
    frames, spent = len(board.camera.sent) - sent, float(board.shell(CPU_S % process)) - before
    board.run("systemctl stop glassd")
    return spent / frames


def _loop(board: Board) -> float:
    return float(board.shell("/usr/lib/glassd/bin/python3 /run/loop.py"))
