"""Measure what each detail makes of cameras' pictures, and write it down.

`python tests/tools/picture_table.py` prints the table; with `docs/pictures.md` behind it, it renews the one there.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "bench")]

COLUMNS = ("camera", "detail", "sent", "tokens", "KB", "at 1 Mbit/s", "at 5 Mbit/s")
MODEL = "qwen-vl-plus"
BASE64 = 4 / 3


def table() -> list[str]:
    """Return the table's lines."""
    from bench_sizing import SIZES
    from views import camera_jpegs

    from glassd.config.model import Endpoint
    from glassd.frames.darkroom import Darkroom
    from glassd.limits import tokens_of
    from glassd.model.pictures import limits_of
    from glassd_drivers.contracts import Frame

    endpoint = Endpoint(url="https://server/v1", vision=MODEL)
    lines = [f"| {' | '.join(COLUMNS)} |", f"| {' | '.join('---' for _ in COLUMNS)} |"]
    for name, size in SIZES.items():
        views = camera_jpegs(size)
        for detail in ("scene", "auto", "text"):
            limits = limits_of(endpoint, MODEL, "dashscope", detail)
            sent = []
            for view in views:
                darkroom = Darkroom()
                frame = Frame(view, "image/jpeg", *size, 0.0, "camera")
                sent.append(asyncio.run(darkroom.develop(frame, limits)))
                darkroom.close()
            print_size = f"{sent[0].width}x{sent[0].height}"
            told = f"{print_size}, as it is" if all(one.data in views for one in sent) else print_size
            mean = statistics.mean(len(one.data) for one in sent)
            seconds = [mean * BASE64 * 8 / rate for rate in (1e6, 5e6)]
            tokens = tokens_of(sent[0].width, sent[0].height, limits.patch)
            times = " | ".join(f"{second:.2g} s" for second in seconds)
            lines.append(f"| {name} | {detail} | {told} | {tokens} | {mean / 1000:.0f} | {times} |")
    return lines


def main() -> None:
    """Print the table, or put it in its place on a page."""
    if len(sys.argv) < 2:
        print("\n".join(table()))
        return
    page = Path(sys.argv[1])
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition("| camera | detail |")
    after = rest.partition("\n\n")[2]
    page.write_text(before + "\n".join(table()) + "\n\n" + after, encoding="utf-8")


if __name__ == "__main__":
    main()
