"""Which frame a press gets on the virtual board, in frames from the one that was in view."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from measure import Ratio

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS), str(TESTS / "daemon"), str(TESTS / "link")]

from rig.board import Board  # noqa: E402 - the path is what pytest sets by itself
from rig.in_view import Press, measure, numbered, watched  # noqa: E402
from rig.snapshots import installed  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.in_view import Measured


def in_view_on_the_board() -> Iterator[Ratio]:
    """200 presses at random instants at 30 fps, 50 in mid-frame at 5 fps, 50 with every second frame blurred."""
    for fps, count, blurred in ((30, 200, False), (5, 50, False), (30, 50, True)):
        with Board(installed()) as board, watched(board, numbered(every_second_blurred=blurred), fps) as guest:
            measured = measure(board, guest, count, random.Random(fps), mid_frame=fps == 5)
        yield from _rows(f"{fps} fps{', every second blurred' * blurred}", measured, blurred)


def _rows(name: str, measured: Measured, blurred: bool) -> Iterator[Ratio]:
    count = len(measured.presses)
    if blurred:
        spoilt = sum(press.around[press.picked].index % 2 for press in measured.presses)
        yield Ratio(f"{name}: blurred pictures of {count}", spoilt, count, "", must=0)
    for truth, what in ((Press.last, "the last that had begun"), (Press.nearest, "the nearest")):
        # A press in mid-frame has no nearest one, and beside a blurred frame there is no right one but its neighbours.
        exact = not blurred and (truth is Press.last or not name.startswith("5 "))
        p50, p95 = (measured.error(truth, part) for part in (0.5, 0.95))
        yield Ratio(f"{name}: frames from {what}, p50 of {count}", p50, 1, "fr", must=0 if exact else None)
        yield Ratio(f"{name}: frames from {what}, p95 of {count}", p95, 1, "fr", must=1)
    frame_ms = 1000 / int(name.split(maxsplit=1)[0])
    yield Ratio(f"{name}: what the clocks differ by, beside a frame", measured.clock_error_s * 1000, frame_ms, "ms")
