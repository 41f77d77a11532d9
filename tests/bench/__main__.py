"""`make bench`: each measurement beside what a user would do instead, in one run; `--check` fails on a broken ratio."""

from __future__ import annotations

import sys

from bench_frames import frame_path
from bench_process import daemon_start, light_commands, press_to_screen


def main() -> int:
    """Print each ratio as it is measured; return 1 with `--check` where one that must hold does not."""
    broken = False
    print("smaller is better; ours : theirs = ours / theirs")
    for measure in (light_commands, daemon_start, frame_path, press_to_screen):
        for ratio in measure():
            print(ratio, flush=True)
            broken |= not ratio.holds
    return int(broken and "--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
