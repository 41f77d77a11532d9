"""The emulated bridge for tests: built once for what it is made of, started, ordered about, ended for sure.

with Emulator(tmp_path / "bridge", "--buttons", "main,back") as bridge:
    bridge.until("session")
    bridge.order("press main")
    assert bridge.until("screen")["rows"][0] == "..."
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from paths import TREE
from rig.cache import key

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_S = 20.0
"""Real seconds that a test waits for what must come: generous, for it only matters when it does not come."""
FIRMWARE = TREE / "drivers" / "bridge_firmware"
SANITIZERS = "-O0 -g -fsanitize=address,undefined -fno-sanitize-recover=all"
SEED = 1
"""Of all chance, where a test does not say another."""
_WORD = (1 << 64) - 1


def built(name: str, key_: str, make: Callable[[Path], None]) -> Path:
    """Return the file of that name and key in build/link; where there is none, `make` makes it, whole or not at all."""
    file = TREE / "build" / "link" / f"{name}-{key_}"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            unfinished = Path(folder) / name
            make(unfinished)
            unfinished.rename(file)
    return file


@cache
def program(flags: str = "") -> Path:
    """Return the emulator's program, made with these flags of the compiler besides its own."""
    sources = sorted(path for path in FIRMWARE.glob("**/*") if path.suffix in (".c", ".h"))

    def make(file: Path) -> None:
        settings = (f"EMULATOR={file}", f"EMULATOR_FLAGS={flags}")
        done = subprocess.run(
            ["make", "-s", "bridge-emulator", *settings], cwd=TREE, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    return built("bridge-emulator", key(flags, TREE / "Makefile", *sources), make)


class Refused(Exception):
    """The emulator does not carry out an order."""


class Emulator:
    """A running emulated bridge, on a pty that `path` leads to; elsewhere where `place` says so: tcp, unix, connect.

    With one seed it boots with the same number each time; a host that is to see another bridge needs another seed.
    """

    def __init__(self, path: Path | str, *options: str, place: str = "pty", seed: int = SEED, flags: str = "") -> None:
        words = ["--" + place, str(path), "--seed", str(seed), *options]
        self.events: list[dict[str, Any]] = []
        self._next = 0  # of the events that a test has not waited for
        self._ended = False
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program(flags), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._read_complaints)]
        self._complaints = ""
        for thread in self._threads:
            thread.start()
        try:
            self.started = self.until("started")
        except BaseException:
            self.close()
            raise
        self.path: str = self.started["path"]
        """Where it is: the path, or HOST:PORT."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def order(self, command: str) -> dict[str, Any]:
        """Have a command carried out; return what was told of it. Raises Refused with the reason."""
        assert self.process.stdin is not None
        with self._changed:
            before = len(self.events)
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        told = self._await(lambda event: event["event"] in ("did", "refused") and event["command"] == command, before)
        if told["event"] == "refused":
            raise Refused(told["why"])
        return told

    def stats(self) -> dict[str, Any]:
        """Return what the line has carried until now."""
        with self._changed:
            before = len(self.events)
        self.order("stats")
        return self._await(lambda event: event["event"] == "stats", before)

    def until(self, name: str, **facts: Any) -> dict[str, Any]:
        """Return the next event of this name that has these facts; those before it are passed over for good."""
        found = self._await(
            lambda event: event["event"] == name and facts.items() <= event.items(), self._next, f"{name} {facts or ''}"
        )
        with self._changed:
            self._next = next(place for place, event in enumerate(self.events) if event is found) + 1
        return found

    def all(self, name: str) -> list[dict[str, Any]]:
        """Return all events of this name until now."""
        with self._changed:
            return [event for event in self.events if event["event"] == name]

    def close(self) -> str:
        """End it; return what it wrote to stderr, which is nothing but `help` and the sanitizers' findings."""
        self.process.terminate()
        try:
            self.process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return self._complaints

    def _await(self, matches: Any, start: int, what: str = "the answer to an order") -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            return next((event for event in self.events[start:] if matches(event)), None)

        with self._changed:
            self._changed.wait_for(lambda: self._ended or found() is not None, LIMIT_S)
            event = found()
            last = "\n".join(json.dumps(event, ensure_ascii=False) for event in self.events[-30:])
        assert event is not None, f"{what} never came; there was:\n{last}\n{self._complaints}"
        return event

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event = json.loads(line)
            with self._changed:
                self.events.append(event)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _read_complaints(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._complaints += line


def _mixed(z: int) -> int:
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _WORD
    return z ^ (z >> 31)


def _chance(seed: int, place: int) -> int:
    """Return the number at a place of a seed's sequence (splitmix64), as the emulator's faults.c has it."""
    return _mixed((seed + (place + 1) * 0x9E3779B97F4A7C15) & _WORD)


def made_up(number: int, size: int, seed: int = SEED) -> bytes:
    """Return the bytes of the made-up picture with this number, the first being 0."""
    pictures = _mixed((_chance(seed, 3) + 0x9E3779B97F4A7C15) & _WORD)
    own = _chance(pictures, number)
    return b"".join(_chance(own, word).to_bytes(8, "little") for word in range((size + 7) // 8))[:size]
