"""The processes of a benchmark: the mock model, its clients, the daemon."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import trustme

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

HERE = Path(__file__).parent
READY_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class MockModel:
    """Where the mock model listens: the starts of its URLs, and the PEM file of its certificate authority."""

    plain: str
    tls: str
    ca: str


@contextmanager
def mock_model() -> Iterator[MockModel]:
    """Run the mock model, with a certificate that was made for it."""
    authority = trustme.CA(key_type=trustme.KeyType.RSA)  # the usual one of the services
    with authority.cert_pem.tempfile() as ca, tempfile.NamedTemporaryFile(suffix=".pem") as certificate:
        authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA).private_key_and_cert_chain_pem.write_to_path(
            certificate.name
        )
        with _program("mock_model.py", certificate.name) as process:
            assert process.stdout is not None
            plain, tls = process.stdout.readline().split()
            yield MockModel(f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{tls}", ca)


def stream_url(server: str, count: int, rate: int) -> str:
    """Return the base URL under which the mock model sends this many events, so many a second."""
    return f"{server}/stream/{count}/{rate}/v1"


class Worker:
    """A client in a process of its own: `worker.py` with these words."""

    def __init__(self, client: str, url: str, ca: str, *more: str) -> None:
        self._running = _program("worker.py", client, url, ca, *more)

    def __enter__(self) -> Self:
        self._process = self._running.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, traceback)

    def do(self, work: str, **more: int) -> Any:
        """Return what the client says of this work."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"work": work, **more}), file=self._process.stdin, flush=True)
        if not (line := self._process.stdout.readline()):
            raise ChildProcessError(f"{self._process.args!r} ended at {work}; what it said stands above")
        return json.loads(line)


@contextmanager
def daemon(config: Path, terminal: int | None = None) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Run the daemon with this config; yield its process and the seconds that it took to READY.

    `terminal`: the terminal that it runs in, by its file descriptor. What it has for itself, its socket too unless the
    environment names one, is beside the config.
    """
    ready = config.with_name("ready")
    ready.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(ready))
        notified.settimeout(READY_LIMIT_S)
        before = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "glassd", "run", "-c", str(config)],
            env={
                "GLASSD_SOCKET": str(config.with_name("glassd.sock")),
                **os.environ,
                "NOTIFY_SOCKET": str(ready),
                "STATE_DIRECTORY": str(config.with_name("state")),
            },
            stdin=terminal,
            stdout=subprocess.DEVNULL if terminal is None else terminal,
            stderr=subprocess.DEVNULL,
        )
        try:
            while b"READY=1" not in notified.recv(4096):
                pass
            yield process, time.monotonic() - before
        finally:
            process.terminate()
            process.wait()


@contextmanager
def _program(name: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run one of the programs beside this module, without any proxy that the environment names."""
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    command = [sys.executable, str(HERE / name), *words]
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
