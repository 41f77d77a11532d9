"""`glassd ask`: a question from the shell, to the running daemon or, with `--direct`, straight to the model.

Whatever happens, an ask ends with exactly one outcome: as the last JSON line, or on stderr and in the exit status.
Only a mistake in the config comes before any ask, and has none.
"""

from __future__ import annotations

import argparse
import base64
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassd.answer import AskError, OutcomeKind, Problem
from glassd.cli.ask_output import Interrupted, JsonOutput, TextOutput, interruptible
from glassd.messages.codes import Code
from glassd.service.paths import default_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.answer import AnswerEvent
    from glassd.ask import Picture
    from glassd.cli.ask_output import Output
    from glassd.config.model import Model

EXIT = {OutcomeKind.FINISHED: 0, OutcomeKind.CUT_OFF: 3, OutcomeKind.REFUSED: 4, OutcomeKind.FAILED: 5}
EXIT_CONFIG = EXIT_USAGE = 2

_OF_DAEMON = ("frames", "busy", "alone", "outbox")
ERROR_LIMIT_BYTES = 64 * 1024
PICTURE_LIMIT_BYTES = 16 * 1024 * 1024


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    text = "ask a question, about what the camera sees or about given pictures"
    parser = subparsers.add_parser("ask", help=text, description=text)
    parser.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="the config for --direct (default: /etc/glassd/glassd.yaml)"
    )
    parser.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="FILE|URL",
        help="a picture instead of a fresh one from the camera; a URL is passed on to the model, never fetched",
    )
    parser.add_argument(
        "--detail",
        choices=("scene", "text", "auto"),
        default="auto",
        help="what the picture is for: scene sends a smaller one, text all that the model takes (default: auto)",
    )
    parser.add_argument("--frames", metavar="FRAMES", help="none, one, or a burst: '3 over 2s' (default: one)")
    parser.add_argument("--endpoint", metavar="NAME", help="the endpoint to ask first; the others stay its fall-backs")
    parser.add_argument("--model", choices=("vision", "text"), help="which of its models (default: by the pictures)")
    parser.add_argument(
        "--busy", metavar="BUSY", help="while another ask is under way: queue, 'queue 3', replace, ignore"
    )
    parser.add_argument("--alone", action="store_true", help="go on with no conversation")
    parser.add_argument("--outbox", action="store_true", help="wait in the outbox while there is no network")
    parser.add_argument(
        "--direct", action="store_true", help="call the model from this process: needs no daemon, takes no picture"
    )
    parser.add_argument("--json", action="store_true", help="print JSON lines, the outcome last (docs/outcomes.md)")
    parser.add_argument("prompt", metavar="PROMPT", type=_prompt)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask, print what comes, return the outcome's exit status."""
    if sys.stdout is None:  # as `>&-` leaves it
        print("glassd ask: standard output is closed: the answer has nowhere to go", file=sys.stderr)
        return EXIT[OutcomeKind.FAILED]
    if args.direct and (odd := [f"--{name}" for name in _OF_DAEMON if getattr(args, name)]):
        print(f"glassd ask: {odd[0]} is the daemon's business; ask without --direct", file=sys.stderr)
        return EXIT_USAGE
    output: Output = JsonOutput() if args.json else TextOutput()
    with interruptible():
        try:
            if args.direct:
                if (model := _model(args)) is None:
                    return EXIT_CONFIG
                _ask_model(model, args, output)
            else:
                _ask_daemon(args, output)
        except AskError as error:
            output.fail(error.problem)
        except Interrupted as interruption:
            if output.outcome is None:
                output.fail(Problem(Code.CANCELLED, f"the ask was stopped by {interruption.signal.name}"))
                return 128 + interruption.signal
    assert output.outcome is not None
    return EXIT[output.outcome]


def _prompt(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty prompt")
    return text


# -- pictures ---------------------------------------------------------------------------------------------------------


def _pictures(arguments: list[str]) -> tuple[Picture, ...]:
    return tuple(_picture(argument) for argument in arguments)


def _picture(argument: str) -> Picture:
    """Return the picture that an argument names; raise AskError if it is none, before anything is sent."""
    from glassd.ask import Link, sent_frame  # noqa: PLC0415  a light start
    from glassd_drivers.pictures import PictureError  # noqa: PLC0415  likewise

    if argument.startswith(("http://", "https://")):
        return Link(argument)
    try:
        with Path(argument).open("rb") as file:
            data = file.read(PICTURE_LIMIT_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = getattr(error, "strerror", None) or str(error)
        raise AskError(Problem(Code.PICTURE_BROKEN, f"{argument!r}: {reason}; name a JPEG or PNG file")) from error
    if len(data) > PICTURE_LIMIT_BYTES:
        text = f"{argument!r}: larger than {PICTURE_LIMIT_BYTES // 2**20} MiB; make it smaller"
        raise AskError(Problem(Code.PICTURE_TOO_BIG, text))
    try:
        return sent_frame(data, time.monotonic(), "cli")
    except PictureError as error:
        raise AskError(Problem(Code.PICTURE_BROKEN, f"{argument!r}: {error}; name another picture")) from error


# -- straight to the model --------------------------------------------------------------------------------------------


def _model(args: argparse.Namespace) -> Model | None:
    """Return the models of the config; None, with what is wrong on stderr, where they or the endpoint have mistakes."""
    from glassd.config.load import ConfigError, load_model_only  # noqa: PLC0415  a light start
    from glassd.question import endpoint_named  # noqa: PLC0415  likewise

    try:
        model = load_model_only(args.config or default_config())
        if args.endpoint is not None:
            endpoint_named(args.endpoint, model)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return None
    except ValueError as error:
        print(f"glassd ask: {error}", file=sys.stderr)
        return None
    return model


def _ask_model(model: Model, args: argparse.Namespace, output: Output) -> None:
    from glassd.ask import Ask, Origin  # noqa: PLC0415  a light start
    from glassd.cli.ask_direct import answer  # noqa: PLC0415  aiohttp comes with it

    pictures = _pictures(args.image)
    ask = Ask(
        "cli",
        args.prompt,
        Origin.CLI,
        time.monotonic(),
        pictures,
        model.instructions,
        detail=args.detail,
        endpoint=args.endpoint or "",
        kind=args.model,
    )
    answer(model, ask, output)


# -- through the daemon -----------------------------------------------------------------------------------------------


def _ask_daemon(args: argparse.Namespace, output: Output) -> None:
    pictures = [_sendable(picture) for picture in _pictures(args.image)]
    question = {"prompt": args.prompt, "pictures": pictures, "detail": args.detail, "origin": "cli"}
    question |= {name: said for name in ("frames", "endpoint", "model", "busy") if (said := getattr(args, name))}
    question |= {"follow_up": False} if args.alone else {}
    question |= {"outbox": True} if args.outbox else {}
    for event in daemon_events(question):
        output.tell(event)
    if output.outcome is None:
        raise AskError(Problem(Code.CONNECTION_LOST, "the daemon broke off; see its log", retryable=True))


def daemon_events(question: dict[str, Any]) -> Iterator[AnswerEvent]:
    """Yield what the daemon relays; raise AskError where it is not there, or does not take the question."""
    import http.client  # noqa: PLC0415  a light start
    import json  # noqa: PLC0415  likewise

    from glassd.cli.daemon_socket import DaemonError, connect  # noqa: PLC0415  likewise
    from glassd.model.wire import event_from_line  # noqa: PLC0415  likewise

    try:
        connection = connect()
    except DaemonError as error:
        raise AskError(Problem(Code.DAEMON_DOWN, str(error))) from error
    with closing(connection):
        try:
            connection.request("POST", "/api/ask", json.dumps(question), {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise AskError(refusal(response.status, response.read(ERROR_LIMIT_BYTES)))
            for line in response:
                yield event_from_line(json.loads(line))
        except (OSError, http.client.HTTPException, ValueError) as error:
            text = f"the daemon broke off: {error or type(error).__name__}; see its log"
            raise AskError(Problem(Code.CONNECTION_LOST, text, retryable=True)) from error


def _sendable(picture: Picture) -> dict[str, str]:
    from glassd.ask import Link  # noqa: PLC0415  a light start

    if isinstance(picture, Link):
        return {"url": picture.url}
    return {"data": base64.b64encode(picture.data).decode()}


def refusal(status: int, body: bytes) -> Problem:
    """Return what the daemon says in an answer that is no answer."""
    import json  # noqa: PLC0415  a light start

    try:
        error = json.loads(body)["error"]
        return Problem(Code(error["code"]), str(error["message"]), http_status=status)
    except (ValueError, KeyError, TypeError):
        return Problem(Code.REQUEST_INVALID, f"the daemon answered HTTP {status}", http_status=status)
