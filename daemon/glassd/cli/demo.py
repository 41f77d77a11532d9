"""`glassd demo`: the whole way, press to answer, on stand-ins that are real drivers.

A clip is the camera, the keyboard the button, the terminal the display, and the on-board reader the model. The first
press is made for the newcomer.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse


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
    from glassd.config.mistakes import ConfigError  # noqa: PLC0415  a light start: see the package
    from glassd.config.settings import EDITS_NAME, Settings  # noqa: PLC0415  likewise

    with tempfile.TemporaryDirectory(prefix="glassd-demo-") as folder:
        # A socket and a state of its own, so that the demo runs beside an installed glassd, without rights, and traces.
        os.environ["GLASSD_SOCKET"] = str(Path(folder) / "glassd.sock")
        os.environ["STATE_DIRECTORY"] = str(Path(folder) / "state")
        overrides = [f"camera.path={_pictures(args.clip, Path(folder)).absolute()}", "log.level=warning"]
        settings = Settings(args.config, overrides, Path(folder) / "state" / EDITS_NAME)
        try:
            loaded = settings.load()
        except ConfigError as error:
            print(error, file=sys.stderr)
            return 2
        from glassd.demo.guide import Guide  # noqa: PLC0415  asyncio comes with it
        from glassd.service.process import run_daemon  # noqa: PLC0415  aiohttp comes with it

        guide = Guide(once=args.once)
        status = run_daemon(loaded.config, settings, guest=guide)
        return status or int(args.once and not guide.finished)


def _pictures(clip: Path | None, folder: Path) -> Path:
    if clip is not None:
        return clip
    from glassd.demo.pictures import render  # noqa: PLC0415  OpenCV comes with it

    pictures = folder / "pictures"
    pictures.mkdir()
    render(pictures)
    return pictures
