"""A program that reads lines from its standard input and speaks them, and can be stopped in the middle of a word.

It runs in a process group of its own, so that whatever it starts stops with it. What it says of itself goes nowhere: it
could hold the wearer's words.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import signal
import subprocess
from typing import TYPE_CHECKING

from glassd_drivers.contracts import PermanentFault, TransientFault

if TYPE_CHECKING:
    from collections.abc import Sequence

WAITING_LIMIT_BYTES = 256 << 10
"""What waits behind the program's pipe, which holds 64 KiB more: hours of speech. Past it, sentences are left out."""
ENVIRONMENT = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR")
ENVIRONMENT_KINDS = ("XDG_", "PULSE_", "PIPEWIRE_", "ALSA_", "ESPEAK_", "PIPER_", "AUDIO")
"""What the program gets of the environment, by name and by how names begin: keys of models may stand in it, too."""

_log = logging.getLogger(__name__)


class Voice:
    """The program `run` and, where one is named, `into`, which takes the other's output: a player. One thread's own."""

    def __init__(self, run: Sequence[str], into: Sequence[str], name: str) -> None:
        self._run = list(run)
        self._into = list(into)
        self._name = name
        self._programs: list[subprocess.Popen[bytes]] = []
        self._waiting = bytearray()
        self._left_out = 0

    def start(self) -> None:
        """Start it; raise DriverError where it cannot be."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if name in ENVIRONMENT or name.startswith(ENVIRONMENT_KINDS)
        }
        group, source = 0, subprocess.PIPE
        for program in filter(None, (self._run, self._into)):
            is_last = program is self._into or not self._into
            try:
                started = subprocess.Popen(  # noqa: S603  the config's own words, and no shell
                    program,
                    bufsize=0,
                    stdin=source,
                    stdout=subprocess.DEVNULL if is_last else subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    process_group=group,
                    env=environment,
                )
            except OSError as error:
                self.stop()
                raise _cannot_start(program[0], error) from error
            self._programs.append(started)
            if source != subprocess.PIPE:
                os.close(source)
            group = self._programs[0].pid
            if started.stdout is not None:
                source = os.dup(started.stdout.fileno())
                started.stdout.close()
        stdin = self._programs[0].stdin
        assert stdin is not None, "it was asked for"
        os.set_blocking(stdin.fileno(), False)

    def say(self, sentence: str) -> None:
        """Take a sentence in, to be spoken after those before it."""
        line = f"{sentence}\n".encode()
        if len(self._waiting) + len(line) > WAITING_LIMIT_BYTES:
            if not self._left_out:
                _log.warning("%s: %s reads too slowly: sentences are left out", self._name, self._run[0])
            self._left_out += 1
            return
        self._waiting += line

    def feed(self) -> None:
        """Give the program what its pipe has room for; raise TransientFault where it has ended."""
        self._demand_alive()
        stdin = self._programs[0].stdin
        assert stdin is not None, "it was asked for"
        try:
            while self._waiting:
                written = os.write(stdin.fileno(), self._waiting)
                del self._waiting[:written]
        except BlockingIOError:
            pass  # it speaks, and reads again later
        except BrokenPipeError:
            raise TransientFault(f"{self._run[0]} reads no more: it is to read lines until its input ends") from None

    def hush(self) -> None:
        """Stop what is being said and forget what waits, at once; be ready for the next."""
        self.stop()
        self._waiting.clear()
        self._left_out = 0
        self.start()

    def stop(self) -> None:
        """End it, in the middle of a word. Nothing is left of it."""
        programs, self._programs = self._programs, []
        if programs:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(programs[0].pid, signal.SIGKILL)
        for program in programs:
            if program.stdin is not None:
                program.stdin.close()
            program.wait()

    def _demand_alive(self) -> None:
        for program, words in zip(self._programs, (self._run, self._into), strict=False):
            if (status := program.poll()) is not None:
                how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
                raise TransientFault(f"{words[0]} {how}: run {shlex.join(words)} by hand to see why")


def _cannot_start(program: str, error: OSError) -> PermanentFault:
    if isinstance(error, FileNotFoundError):
        return PermanentFault(f"{program} is not installed: install it (apt install {program}), or correct `run`")
    return PermanentFault(f"{program} cannot be started: {error.strerror}; correct `run`")
