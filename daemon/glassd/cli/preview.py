"""`glassd preview`: a picture of what the wearer would see of a text, drawn as the framebuffer's display draws it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from glassd_drivers.contracts import Profile, Screen

TEXT_LIMIT_BYTES = 4_000_000
"""What is read of a text; no answer is longer."""
SIDE_LIMIT = 8192
"""Pixels: a profile for what is spoken has no picture."""


class _CannotPreviewError(Exception):
    """What is asked for cannot be drawn; the text is one line: what is wrong and what to do."""


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    what = "draw a picture of what the wearer would see of a text"
    parser = subparsers.add_parser("preview", help=what, description=what)
    parser.add_argument("--profile", metavar="NAME", default="glass3", help="for which display (default: glass3)")
    parser.add_argument("--text", metavar="FILE", required=True, help="the text of an answer; - is the standard input")
    parser.add_argument("--page", metavar="N", type=int, help="which page of it (default: the last)")
    parser.add_argument(
        "--font", metavar="FILE", type=Path, action="append", default=[], help="a font, before the installed ones"
    )
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="the PNG to write")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the picture and print what it is."""
    from glassd_drivers import registry  # noqa: PLC0415  a light start: see the package
    from glassd_drivers.contracts import DriverError  # noqa: PLC0415

    try:
        profile = registry.profile(args.profile)
        screen = _page(profile, _read(args.text), args.page)
        size = _draw(profile, screen, args.font, args.output)
    except (DriverError, _CannotPreviewError) as error:
        print(f"glassd preview: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"glassd preview: {error.filename}: {error.strerror}", file=sys.stderr)
        return 5
    print(f"{args.output}: {size[0]}x{size[1]}, page {screen.page} of {screen.pages}")
    return 0


def _read(name: str) -> str:
    if name == "-":
        data = sys.stdin.buffer.read(TEXT_LIMIT_BYTES)
    else:
        with Path(name).open("rb") as file:
            data = file.read(TEXT_LIMIT_BYTES)
    return data.decode(errors="replace")


def _page(profile: Profile, text: str, page: int | None) -> Screen:
    """Return a page of a finished answer with this text."""
    from glassd.answer import Delta, Outcome, OutcomeKind  # noqa: PLC0415
    from glassd.presenter.presenter import Presenter  # noqa: PLC0415

    presenter = Presenter(profile, "zh")
    presenter.asked()
    presenter.event(Delta(text))
    screen = presenter.event(Outcome(OutcomeKind.FINISHED, text=text, finish_reason="stop"))
    if page is not None:
        if not 1 <= page <= screen.pages:
            raise _CannotPreviewError(f"there is no page {page}: the text makes {screen.pages} on {profile.name}")
        while screen.page > page:
            screen = presenter.previous_page()
        while screen.page < page:
            screen = presenter.next_page()
    return screen


def _draw(profile: Profile, screen: Screen, fonts: list[Path], output: Path) -> tuple[int, int]:
    from PIL import Image  # noqa: PLC0415

    from glassd_drivers.displays.fonts import load_fonts  # noqa: PLC0415
    from glassd_drivers.displays.framebuffer import COLOURS  # noqa: PLC0415
    from glassd_drivers.displays.painter import Colours, Painter  # noqa: PLC0415
    from glassd_drivers.displays.sheet import lay_out, picture_size  # noqa: PLC0415

    size = picture_size(profile)
    sheet = lay_out(profile, *size) if max(size) <= SIDE_LIMIT else None
    if sheet is None:
        raise _CannotPreviewError(f"the profile {profile.name} has no picture: name another with --profile")
    ink = Painter(load_fonts(fonts), sheet).whole(screen)
    picture = Image.fromarray(ink).convert("P")
    picture.putpalette(Colours(COLOURS["green"], COLOURS["black"]).table.tobytes())
    picture.save(output, "PNG", optimize=True)
    return picture.size
