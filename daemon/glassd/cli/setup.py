"""`glassd setup`: finds what is there, asks the rest, writes config and key, starts the service, tries it out."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from types import FrameType

    from glassd.messages import Language
    from glassd.setup.answers import Answers
    from glassd.setup.changes import Changes
    from glassd.setup.found import Found
    from glassd.setup.places import Places
    from glassd.setup.present import Present
    from glassd.setup.texts import Texts

EXIT_FAILED, EXIT_ANSWERS, EXIT_LEFT = 1, 2, 130


class AnswersError(Exception):
    """The answers do not fit this board. The text is one line for each mistake."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    answers: Path | None = None
    key_from_stdin: bool = False
    save_answers: Path | None = None
    start: bool = True


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    text = "set up this board: its devices, the model, the key, the service"
    parser = subparsers.add_parser("setup", help=text, description=text)
    parser.add_argument("--answers", type=Path, metavar="FILE", help="take the answers from a file and ask nothing")
    parser.add_argument("--key-stdin", action="store_true", help="with --answers: read the key from standard input")
    parser.add_argument("--save-answers", type=Path, metavar="FILE", help="write the answers for the next board")
    parser.add_argument("--no-start", action="store_true", help="write the files and start nothing")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Set this board up: 0 where all went well, 1 where it did not, 2 for answers with mistakes, 130 after Ctrl-C."""
    if os.geteuid() != 0:
        print(
            "glassd setup: it writes to /etc and starts the service: run it as root, sudo glassd setup", file=sys.stderr
        )
        return EXIT_FAILED
    from glassd.setup import found, places  # noqa: PLC0415  a light start: see the package

    options = Options(args.answers, args.key_stdin, args.save_answers, start=not args.no_start)
    where = places.of_this_board()
    return set_up(options, where, found.look(where.dev))


def set_up(options: Options, places: Places, found: Found) -> int:
    """Do it, for these places and devices; return the exit status."""
    if options.answers is None and not (sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty()):
        print("glassd setup: there is no terminal to ask in: name the answers with --answers FILE", file=sys.stderr)
        return EXIT_FAILED
    if options.key_from_stdin and options.answers is None:
        print("glassd setup: --key-stdin is for --answers: without it, the key is asked for", file=sys.stderr)
        return EXIT_ANSWERS
    from glassd.config.mistakes import ConfigError  # noqa: PLC0415  a light start: see the package

    setup = _Setup(options, places, found)
    try:
        with _hang_up_as_ctrl_c():
            return setup.run()
    except (ConfigError, AnswersError) as error:
        print(error, file=sys.stderr)
        return EXIT_ANSWERS
    except (KeyboardInterrupt, EOFError):
        setup.say_undone()
        return EXIT_LEFT
    except OSError as error:
        print(f"glassd setup: {error}: nothing was changed", file=sys.stderr)
        return EXIT_FAILED


class _Setup:
    """One run."""

    def __init__(self, options: Options, places: Places, found: Found) -> None:
        from glassd.setup.console import Console  # noqa: PLC0415  a light start
        from glassd.setup.languages import texts_in  # noqa: PLC0415  likewise

        self._options = options
        self._places = places
        self._found = found
        self._console = Console()
        self._language: Language = "en"
        self._texts: Texts = texts_in("en")
        self._question = self._texts.file.what

    def say_undone(self) -> None:
        """Tell whoever left that nothing is changed."""
        self._console.say(f"\n{self._texts.undone}")

    def run(self) -> int:
        from glassd.setup import document  # noqa: PLC0415  a light start
        from glassd.setup.answers import KEEP  # noqa: PLC0415  likewise
        from glassd.setup.changes import Changes  # noqa: PLC0415  likewise
        from glassd.setup.languages import spoken, texts_in  # noqa: PLC0415  likewise
        from glassd.setup.latency import duration  # noqa: PLC0415  likewise

        present = self._present()
        if self._options.answers is not None:
            answers, key = self._from_file(self._options.answers)
            if answers.model.service == KEEP and present is None:
                what = "model.service: expected a config on the board to keep it of, there is none that works"
                raise AnswersError(f"{self._options.answers}: {what}")
        else:
            answers, key = self._from_person(present)
        self._language = spoken(answers.language, _terminal_kind())
        self._texts = texts_in(self._language)
        self._question = texts_in(answers.language).file.what
        sections = document.resolve(answers, self._found, present)
        text = document.compose(answers, sections, present, self._places)
        config = document.loaded(text, self._places)
        if isinstance(answers.latency, float) and f"latency: {duration(answers.latency)}" not in text:
            what = "latency: expected a camera: with its options below it, or in { } on one line, to write it into"
            raise AnswersError(f"{self._options.answers}: {what}")
        if not self._may_replace(answers, text):
            self._console.say(self._texts.not_replaced)
            return EXIT_FAILED
        with Changes() as changes:
            outbox_key = config.outbox.key if config.outbox is not None else None
            return self._carry_out(changes, answers, sections, text, key=key, outbox_key=outbox_key)

    # -- the answers ----------------------------------------------------------------------------------------------

    def _present(self) -> Present | None:
        """Return the config that is there; one with mistakes is told of, and counts as none."""
        from glassd.setup.present import ConfigError, read_present  # noqa: PLC0415  a light start

        try:
            return read_present(self._places.config)
        except ConfigError as error:
            self._console.say(self._texts.kept_file_broken.format(path=self._places.config))
            self._console.say(str(error))
            return None

    def _from_person(self, present: Present | None) -> tuple[Answers, str | None]:
        from glassd.setup.questions import Conversation  # noqa: PLC0415  a light start

        conversation = Conversation(
            self._console,
            self._found,
            present,
            self._places,
            language=_likely_language(present),
            terminal=_terminal_kind(),
        )
        return conversation.hold(), conversation.key

    def _from_file(self, file: Path) -> tuple[Answers, str | None]:
        """Return the answers of a file, and the key where one is given; raise ConfigError or AnswersError."""
        from glassd.config.keys import MAX_KEY_CHARS, KeyUnusableError, usable_key  # noqa: PLC0415  a light start
        from glassd.setup.answers import read_answers  # noqa: PLC0415  likewise

        answers = read_answers(file)
        name, key_file = answers.model.key_name, answers.model.key_file
        if self._options.key_from_stdin:
            if not name or key_file is not None:
                what = "key_file: as well as --key-stdin" if name else "no key: NAME for the one from --key-stdin"
                raise AnswersError(f"{file}: model: expected one way for the key, got {what}")
            where, data = "standard input", sys.stdin.buffer.read(MAX_KEY_CHARS + 3)
        elif key_file is not None:
            try:
                with Path(key_file).open("rb") as opened:
                    where, data = key_file, opened.read(MAX_KEY_CHARS + 3)
            except OSError as error:
                raise AnswersError(f"{file}: model.key_file: {key_file}: {error.strerror}") from error
        else:
            if name and not (self._places.credentials / name).exists():
                way = "give it with key_file: PATH, or with --key-stdin"
                raise AnswersError(f"{file}: model.key: there is no key named {name} on this board yet: {way}")
            return answers, None
        try:
            return answers, usable_key(data, where)
        except KeyUnusableError as error:
            raise AnswersError(f"{file}: model.key: {error}") from error

    def _may_replace(self, answers: Answers, text: str) -> bool:
        """Tell whether the config may be put in place: one that says something else needs somebody's word."""
        config = self._places.config
        if not config.exists() or config.read_bytes() == text.encode() or answers.replace:
            return True
        if self._options.answers is not None:
            way = "replace: true writes over it, and keeps the old one beside it"
            raise AnswersError(f"{self._options.answers}: replace: {config} is there and says something else; {way}")
        self._console.say(self._texts.is_there.format(config))
        return self._console.ask(self._texts.replace, self._texts).lower() in ("y", "yes", "是")

    # -- what is done ---------------------------------------------------------------------------------------------

    def _carry_out(
        self, changes: Changes, answers: Answers, sections: Any, text: str, *, key: str | None, outbox_key: str | None
    ) -> int:
        from glassd.setup.unit import Unit, UnitError  # noqa: PLC0415  a light start

        texts, places, console = self._texts, self._places, self._console
        unit = Unit(places.unit) if places.unit else None
        if unit is not None:
            unit.remember(changes)
        self._write(changes, text, answers.model.key_name, key)
        if outbox_key is not None:
            self._make_outbox_key(changes, outbox_key)
        takes_terminal = self._terminal(changes, unit, answers, sections)
        self._drop_ins(changes, unit, sections)
        if self._options.save_answers is not None:
            from glassd.setup.record import recorded  # noqa: PLC0415  a light start

            changes.write(self._options.save_answers.absolute(), recorded(answers).encode(), 0o644)
            console.say(texts.recorded.format(self._options.save_answers))
        if unit is None or not (answers.start and self._options.start) or self._sits_at(takes_terminal):
            if unit is None:
                console.say(texts.no_systemd)
            console.say(texts.next_start.format(places.unit or places.terminal.parent.name.removesuffix(".service.d")))
            console.say(texts.next_test.format(places.command, self._question))
            return 0
        console.say(texts.starting.format(places.unit))
        try:
            unit.start_with_board()
        except UnitError as error:
            console.say(texts.not_started.format(places.unit))
            for line in str(error).splitlines():
                console.say(f"  {line}")
            console.say(texts.its_log.format(places.unit))
            return EXIT_FAILED
        console.say(texts.started.format(places.unit))
        return self._try_out(changes, answers)

    def _write(self, changes: Changes, text: str, name: str, key: str | None) -> None:
        """Put the config and the key in place, each as a whole."""
        from glassd.setup.changes import beside  # noqa: PLC0415  a light start

        texts, config, credentials = self._texts, self._places.config, self._places.credentials
        # The unit loads all that is in this folder, so it is there even with nothing in it.
        changes.folder(credentials.parent, 0o700)
        changes.folder(credentials, 0o700)
        if key is not None:
            changes.write(credentials / name, key.encode() + b"\n", 0o600)
            self._console.say(texts.stored_key.format(credentials / name))
        before = config.read_bytes() if config.exists() else None
        if before == text.encode():
            self._console.say(texts.unchanged.format(config))
            return
        if before is not None:
            old = beside(config)
            changes.write(old, before, config.stat().st_mode & 0o777)
            self._console.say(texts.old_kept.format(old))
        changes.write(config, text.encode(), 0o644)
        self._console.say(texts.wrote.format(config))

    def _make_outbox_key(self, changes: Changes, name: str) -> None:
        """See that the outbox has its key: one that is there stays, or what waits could not be read any more."""
        from glassd.config.keys import is_outbox_key, new_outbox_key  # noqa: PLC0415  a light start

        path = self._places.credentials / name
        if not path.exists():
            changes.write(path, new_outbox_key().encode() + b"\n", 0o600)
            self._console.say(self._texts.made_outbox_key.format(path))
        elif not is_outbox_key(path.read_text(encoding="latin-1").rstrip("\r\n")):
            self._console.say(self._texts.odd_outbox_key.format(path))

    def _terminal(self, changes: Changes, unit: Any, answers: Answers, sections: Any) -> str:
        """Give the service the terminal of its display, or take it away; return which it has, if it was answered."""
        from glassd.setup.unit import terminal_drop_in  # noqa: PLC0415  a light start

        drop_in, example = self._places.terminal, self._places.terminal_example
        if sections.displays is None:  # kept, and so is what belongs to it
            return ""
        wanted = any(display.get("driver") == "terminal" for display in sections.displays)
        if not (wanted and example.exists()) and not drop_in.exists():
            return ""
        if unit is not None:
            changes.to_undo(unit.reload_units)
        if wanted:
            changes.write(
                drop_in, terminal_drop_in(example.read_text(), answers.terminal, self._places).encode(), 0o644
            )
            self._console.say(self._texts.wrote_terminal.format(answers.terminal, drop_in))
        else:
            changes.remove(drop_in)
            self._console.say(self._texts.removed_terminal.format(drop_in))
        if unit is not None:
            unit.reload_units()
        return answers.terminal if wanted else ""

    def _drop_ins(self, changes: Changes, unit: Any, sections: Any) -> None:
        """Let the service at what its displays need beside a terminal, and no longer at what they need no more."""
        examples, folder = self._places.terminal_example.parent, self._places.terminal.parent
        for driver, name in {"framebuffer": "framebuffer.conf", "command": "sound.conf"}.items():
            example, drop_in = examples / name, folder / name
            if sections.displays is None or not example.exists():
                continue
            wanted = any(display.get("driver") == driver for display in sections.displays)
            ours = drop_in.exists() and drop_in.read_bytes() == example.read_bytes()
            if wanted == drop_in.exists() or (not wanted and not ours):  # as it is to be, or somebody's own
                continue
            if unit is not None:
                changes.to_undo(unit.reload_units)
            if wanted:
                changes.write(drop_in, example.read_bytes(), 0o644)
                self._console.say(self._texts.wrote_drop_in.format(drop_in))
            else:
                changes.remove(drop_in)
                self._console.say(self._texts.removed_drop_in.format(drop_in))
            if unit is not None:
                unit.reload_units()

    def _sits_at(self, terminal: str) -> bool:
        """Tell whether starting the service would end the login of whoever runs this."""
        if not terminal or not sys.stdin or not sys.stdin.isatty() or self._console.name != terminal:
            return False
        self._console.say(self._texts.own_terminal.format(terminal))
        return True

    def _try_out(self, changes: Changes, answers: Answers) -> int:
        from glassd.cli.setup_latency import LatencyStep  # noqa: PLC0415  a light start
        from glassd.cli.setup_trial import Trial  # noqa: PLC0415  a light start
        from glassd.config.load import load  # noqa: PLC0415  likewise

        config = load(self._places.config).config
        trial = Trial(config, self._console, self._texts, self._language)
        is_good = answers.test and trial.run(self._question)
        latency = LatencyStep(config, self._console, self._texts, self._places)
        if answers.latency == "measure":
            latency.take(changes)
        elif self._options.answers is None and trial.saw:
            latency.offer(changes)
        if not answers.test:
            return 0
        if is_good:
            self._console.say(self._texts.done)
            return 0
        self._console.say(self._texts.mend.format(self._places.command, self._question))
        return EXIT_FAILED


def _likely_language(present: Present | None) -> str:
    """Return the language to begin with: that of the config, else that of the terminal, else the config's default."""
    if present is not None:
        return present.config.language
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if spoken.startswith("en") else "zh"


def _terminal_kind() -> str:
    return os.environ.get("TERM", "")


@contextmanager
def _hang_up_as_ctrl_c() -> Iterator[None]:
    """Have a lost connection, or a polite kill, end this as Ctrl-C does: all is undone."""

    def leave(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
