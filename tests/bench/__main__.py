"""`make bench`: each measurement beside what a user would do instead, in one run; `--check` fails on a broken ratio."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from bench_board import at_rest_on_the_board
from bench_bridge import bridge_goodput, bridge_latency
from bench_deltas import bytes_of_an_answer, delta_to_channel
from bench_displays import framebuffer
from bench_edge import edge_to_ask
from bench_frames import frame_path
from bench_gateway import gateway
from bench_in_hand import press_to_frame
from bench_in_view import in_view_on_the_board
from bench_journal import journal_of_a_million
from bench_layout import layout_of_a_delta
from bench_link import link_overhead, link_receive
from bench_look import sharpness_of_candidates
from bench_page import key_to_screen
from bench_process import light_commands, press_to_screen
from bench_request import frame_to_body, request_to_server
from bench_rest import at_rest
from bench_scene import scene_change, scene_glance
from bench_scheduler import scheduler_events
from bench_sizing import sizing
from bench_stream import stream_at_a_pace, stream_in_bulk
from bench_watchers import watchers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from measure import Quality, Ratio

LIMIT_S = 900
"""For one measurement; most take up to half a minute, the presses on the virtual board about six."""
MEASURES: dict[str, Callable[[], Iterator[Ratio | Quality]]] = {
    measure.__name__: measure
    for measure in (
        light_commands,
        at_rest,
        frame_path,
        press_to_frame,
        sharpness_of_candidates,
        scene_glance,
        scene_change,
        scheduler_events,
        edge_to_ask,
        journal_of_a_million,
        press_to_screen,
        key_to_screen,
        watchers,
        framebuffer,
        layout_of_a_delta,
        delta_to_channel,
        bytes_of_an_answer,
        sizing,
        frame_to_body,
        request_to_server,
        stream_in_bulk,
        stream_at_a_pace,
        gateway,
        link_receive,
        link_overhead,
        bridge_goodput,
        bridge_latency,
        at_rest_on_the_board,
        in_view_on_the_board,
    )
}


def main() -> int:
    """Print each ratio as it is measured; return 1 with `--check` where one that must hold does not."""
    parser = argparse.ArgumentParser(prog="tests/bench")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a ratio that must hold does not")
    parser.add_argument("measure", nargs="*", help=f"only these, of: {', '.join(MEASURES)}")
    words = parser.parse_args()
    broken = False
    signal.signal(signal.SIGALRM, _give_up)
    print("smaller is better; ours : theirs = ours / theirs")
    for name in words.measure or MEASURES:
        signal.alarm(LIMIT_S)
        for ratio in MEASURES[name]():
            print(ratio, flush=True)
            broken |= not ratio.holds
    return int(broken and words.check)


def _give_up(*_: Any) -> NoReturn:
    raise TimeoutError(f"a measurement has not come to its end within {LIMIT_S} s")


if __name__ == "__main__":
    sys.exit(main())
