"""Which frame a press gets on the virtual board, in frames from the one that was in view."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from measure import Ratio

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS), str(TESTS / "daemon")]

from rig.board import Board  # noqa: E402 - the path is what pytest sets by itself
from rig.in_view import measure, numbered, watched  # noqa: E402
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
    errors = measured.errors(lambda press: press.nearest)
    count = len(errors)
    if blurred:
        spoilt = sum(press.around[press.picked].index % 2 for press in measured.presses)
        yield Ratio(f"{name}: blurred pictures of {count}", spoilt, count, "", must=0)
    else:
        yield Ratio(f"{name}: p50 of {count} presses, beside one frame", errors[count // 2], 1, "fr", must=0)
    yield Ratio(f"{name}: p95, beside one frame", errors[int(count * 0.95)], 1, "fr", must=1)
    last = measured.errors(lambda press: press.last)
    yield Ratio(f"{name}: p50 from the last that had begun", last[count // 2], 1, "fr")
    frame_ms = 1000 / int(name.split(maxsplit=1)[0])
    yield Ratio(f"{name}: what the clocks differ by, beside a frame", measured.clock_error_s * 1000, frame_ms, "ms")
