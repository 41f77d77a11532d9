"""`glassd demo`: the whole way, press to answer, on stand-ins that are real drivers.

A clip is the camera, the keyboard the button, the terminal the display, and the on-board reader the model. The first
press is made for the newcomer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassd.answer import AskError

if TYPE_CHECKING:
    import argparse

    from glassd.app import App
    from glassd.events import Event, Subscription

CAMERA_LIMIT_S = 10.0
"""How long the first press waits for the camera."""


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    text = "show the whole way in this terminal: press, frame, answer"
    parser = subparsers.add_parser("demo", help=text, description=text)
    parser.add_argument("-c", "--config", type=Path, default=Path("configs/demo.yaml"), metavar="FILE")
    parser.add_argument("--clip", type=Path, metavar="FOLDER", help="play these pictures instead of the demo's own")
    parser.add_argument("--once", action="store_true", help="end after the first answer")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run until Ctrl-C, or until the first answer with `--once`: then 0 means that it was finished."""
    from glassd.config.load import ConfigError, load  # noqa: PLC0415  a light start: see the package

    with tempfile.TemporaryDirectory(prefix="glassd-demo-") as folder:
        # A socket of its own, so that the demo runs beside an installed glassd and without rights on /run.
        os.environ["GLASSD_SOCKET"] = str(Path(folder) / "glassd.sock")
        overrides = [f"camera.path={_pictures(args.clip, Path(folder)).absolute()}", "log.level=warning"]
        try:
            loaded = load(args.config, overrides=overrides)
        except ConfigError as error:
            print(error, file=sys.stderr)
            return 2
        from glassd.service.process import run_daemon  # noqa: PLC0415  aiohttp comes with it

        guide = _Guide(once=args.once)
        status = run_daemon(loaded.config, lambda: load(args.config, overrides=overrides).config, guest=guide)
        return status or int(args.once and not guide.finished)


def _pictures(clip: Path | None, folder: Path) -> Path:
    if clip is not None:
        return clip
    from glassd.demo.pictures import render  # noqa: PLC0415  OpenCV comes with it

    pictures = folder / "pictures"
    pictures.mkdir()
    render(pictures)
    return pictures


class _Guide:
    """Presses the button once for the newcomer, and prints the time line of every ask."""

    def __init__(self, *, once: bool) -> None:
        self.finished = False
        self._once = once

    async def __call__(self, app: App) -> None:
        with app.bus.subscribe() as events:
            await _camera_ready(app, events)
            with contextlib.suppress(AskError):  # the wearer will see it
                await app.snapshot()
            app.press("main", "press")
            async for event in events:
                if event["event"] != "ask":
                    continue
                await app.shown()
                self.finished = event["outcome"] == "finished"
                print(f"\n{_time_line(event)}", flush=True)
                if self._once:
                    return
                print("Enter asks again, l cancels, b clears, Ctrl-C ends.", flush=True)


async def _camera_ready(app: App, events: Subscription) -> None:
    """Wait until the camera is open, bounded: a press without one shows what the wearer would see."""
    ready = any(device["name"] == "camera" and device["state"] == "ready" for device in app.status()["devices"])
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0 if ready else CAMERA_LIMIT_S):
            async for event in events:
                if event["event"] == "device" and (event["name"], event["state"]) == ("camera", "ready"):
                    return


def _time_line(event: Event) -> str:
    """Return the stations of one ask, in ms from the press."""
    times: dict[str, float] = event["times_s"]
    stations = {"frame": "frame", "sent": "request sent", "first_delta": "first word", "done": "done"}
    lines = ["press             0 ms"]
    for key, name in stations.items():
        if key in times:
            lines.append(f"{name:<12} {times[key] * 1000:6.0f} ms")
    if (offset := event["frame_offset_s"]) is not None:
        side = "before" if offset <= 0 else "after"
        lines[1] += f"   (taken {abs(offset) * 1000:.0f} ms {side} the press)"
    return "\n".join(lines)
