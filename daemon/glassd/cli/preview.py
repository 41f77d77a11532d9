"""`glassd preview`: a picture of what the wearer would see of a text, or saw of an ask, drawn as on a framebuffer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from glassd.answer import Outcome
    from glassd.messages import Language
    from glassd_drivers.contracts import Profile, Screen

TEXT_LIMIT_BYTES = 4_000_000
"""What is read of a text; no answer is longer."""
SIDE_LIMIT = 8192
"""Pixels: a profile for what is spoken has no picture."""


class _CannotPreviewError(Exception):
    """What is asked for cannot be drawn; the text is one line: what is wrong and what to do."""


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    what = "draw a picture of what the wearer would see of a text, or saw of an ask"
    parser = subparsers.add_parser("preview", help=what, description=what)
    parser.add_argument("--profile", metavar="NAME", default="glass3", help="for which display (default: glass3)")
    of = parser.add_mutually_exclusive_group(required=True)
    of.add_argument("--text", metavar="FILE", help="the text of an answer; - is the standard input")
    of.add_argument("--ask", metavar="ASK", help="an ask of the history, by its number or its id")
    parser.add_argument("--all", action="store_true", help="with --ask: earlier wearers' too")
    parser.add_argument("--language", choices=("zh", "en"), default="zh", help="of errors and notes (default: zh)")
    parser.add_argument("--page", metavar="N", type=int, help="which page of it (default: the last)")
    parser.add_argument(
        "--font", metavar="FILE", type=Path, action="append", default=[], help="a font, before the installed ones"
    )
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="the PNG to write")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the picture and print what it is."""
    from glassd.cli.daemon_socket import DaemonError  # noqa: PLC0415  a light start: see the package
    from glassd_drivers import registry  # noqa: PLC0415  likewise
    from glassd_drivers.contracts import DriverError  # noqa: PLC0415  likewise

    try:
        profile = registry.profile(args.profile)
        outcome = _finished(_read(args.text)) if args.ask is None else _kept(args.ask, everybody=args.all)
        screen = _page(profile, args.language, outcome, args.page)
        size = _draw(profile, screen, args.font, args.output)
    except (DriverError, _CannotPreviewError) as error:
        print(f"glassd preview: {error}", file=sys.stderr)
        return 2
    except DaemonError as error:
        print(f"glassd preview: {error}", file=sys.stderr)
        return 5
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


def _finished(text: str) -> Outcome:
    from glassd.answer import Outcome, OutcomeKind  # noqa: PLC0415  likewise

    return Outcome(OutcomeKind.FINISHED, text=text, finish_reason="stop")


def _kept(name: str, *, everybody: bool) -> Outcome:
    """Return how an ask of the history ended, as far as that is kept."""
    from glassd.answer import Outcome, OutcomeKind, Problem  # noqa: PLC0415  likewise
    from glassd.cli.history_source import source  # noqa: PLC0415  likewise
    from glassd.journal import HistoryError  # noqa: PLC0415  likewise
    from glassd.messages import Code  # noqa: PLC0415  likewise

    try:
        ask = source().ask(name, everybody=everybody)
    except HistoryError as error:
        raise _CannotPreviewError(str(error)) from error
    if ask is None:
        raise _CannotPreviewError(f"nothing is kept of an ask {name}; `glassd history` lists them")
    if ask["outcome"] not in [*OutcomeKind]:
        raise _CannotPreviewError(f"the ask {name} has not ended, or glassd was ended within it")
    kind = OutcomeKind(ask["outcome"])
    if not ask["answer"] and kind in (OutcomeKind.FINISHED, OutcomeKind.CUT_OFF):
        raise _CannotPreviewError(f"the answer to the ask {name} is not kept: `journal: {{keep: text}}` keeps answers")
    problem = Problem(Code(ask["code"]), "as it is kept") if ask["code"] in [*Code] else None
    return Outcome(kind, text=ask["answer"] or "", problem=problem)


def _page(profile: Profile, language: Language, outcome: Outcome, page: int | None) -> Screen:
    """Return a page of an answer with this end."""
    from glassd.answer import Delta  # noqa: PLC0415  likewise
    from glassd.presenter.presenter import Presenter  # noqa: PLC0415  likewise

    presenter = Presenter(profile, language)
    presenter.asked()
    presenter.event(Delta(outcome.text))
    screen = presenter.event(outcome)
    if page is not None:
        if not 1 <= page <= screen.pages:
            raise _CannotPreviewError(f"there is no page {page}: the text makes {screen.pages} on {profile.name}")
        while screen.page > page:
            screen = presenter.previous_page()
        while screen.page < page:
            screen = presenter.next_page()
    return screen


def _draw(profile: Profile, screen: Screen, fonts: list[Path], output: Path) -> tuple[int, int]:
    from PIL import Image  # noqa: PLC0415  likewise

    from glassd_drivers.displays.fonts import load_fonts  # noqa: PLC0415  likewise
    from glassd_drivers.displays.framebuffer import COLOURS  # noqa: PLC0415  likewise
    from glassd_drivers.displays.painter import Colours, Painter  # noqa: PLC0415  likewise
    from glassd_drivers.displays.sheet import lay_out, picture_size  # noqa: PLC0415  likewise

    size = picture_size(profile)
    sheet = lay_out(profile, *size) if max(size) <= SIDE_LIMIT else None
    if sheet is None:
        raise _CannotPreviewError(f"the profile {profile.name} has no picture: name another with --profile")
    ink = Painter(load_fonts(fonts), sheet).whole(screen)
    picture = Image.fromarray(ink).convert("P")
    picture.putpalette(Colours(COLOURS["green"], COLOURS["black"]).table.tobytes())
    picture.save(output, "PNG", optimize=True)
    return picture.size
