"""The way from a command to the running daemon: HTTP over its unix socket, through the standard library alone."""

from __future__ import annotations

import http.client
import json
import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from glassd.service.paths import command, socket_to_call, unit

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

CONNECT_LIMIT_S = 3.0
REPLY_LIMIT_BYTES = 64 * 1024 * 1024


class DaemonError(Exception):
    """The daemon is not there or did not do what was asked. The text is one line: what happened and what to do."""

    def __init__(self, message: str, details: list[str] | None = None) -> None:
        super().__init__(message)
        self.details = details or []


class DaemonDownError(DaemonError):
    """No daemon is running there."""


class NotThereError(DaemonError):
    """The daemon has nothing under that name."""


class _UnixConnection(http.client.HTTPConnection):
    """An HTTP connection over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        """Connect, and leave nothing open where that fails."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connect(self.sock)
        except BaseException:  # Ctrl-C too
            self.close()
            raise

    def _connect(self, sock: socket.socket) -> None:
        sock.settimeout(CONNECT_LIMIT_S)
        sock.connect(str(self._path))
        sock.settimeout(None)


def connect(path: Path | None = None) -> http.client.HTTPConnection:
    """Return a connection to the running daemon; raise DaemonError, which says why, if there is none."""
    path = path or socket_to_call()
    connection = _UnixConnection(path)
    try:
        connection.connect()
    except PermissionError as error:
        raise DaemonError(f"{path}: not open to you: join the group glassd, or use sudo") from error
    except (FileNotFoundError, ConnectionRefusedError) as error:
        start = f"`systemctl start {unit()}` or `{command()} run`"
        raise DaemonDownError(f"no glassd is running at {path}: start it with {start}") from error
    except OSError as error:
        raise DaemonError(f"{path}: {error.strerror or error}") from error
    return connection


@contextmanager
def request(method: str, path: str, body: Any = None) -> Iterator[http.client.HTTPResponse]:
    """Yield the daemon's good response to one request; raise DaemonError with the daemon's own words for another."""
    connection = connect()
    try:
        payload = None if body is None else json.dumps(body).encode()
        headers = {} if payload is None else {"Content-Type": "application/json"}
        try:
            connection.request(method, path, payload, headers)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise DaemonError(f"the daemon broke off: {error or type(error).__name__}") from error
        if response.status >= 400:
            raise _refusal(response)
        yield response
    finally:
        connection.close()


def request_json(method: str, path: str, body: Any = None) -> Any:
    """Return the daemon's JSON answer to one request."""
    with request(method, path, body) as response:
        return json.loads(response.read(REPLY_LIMIT_BYTES))


def add_and_run(subparsers: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    """Add a subcommand that talks to the daemon: its DaemonError becomes one line on stderr and exit status 5."""

    def guarded(args: argparse.Namespace) -> int:
        try:
            status: int = run(args)
        except DaemonError as error:
            print(f"glassd {name}: {error}", file=sys.stderr)
            for line in error.details:
                print(line, file=sys.stderr)
            return 5
        return status

    parser: argparse.ArgumentParser = subparsers.add_parser(name, help=text, description=text)
    parser.set_defaults(run=guarded)
    return parser


def _refusal(response: http.client.HTTPResponse) -> DaemonError:
    try:
        error = json.loads(response.read(REPLY_LIMIT_BYTES))["error"]
        kind = NotThereError if response.status == http.client.NOT_FOUND else DaemonError
        return kind(str(error["message"]), [str(line) for line in error.get("details", [])])
    except (ValueError, KeyError, TypeError):
        return DaemonError(f"the daemon answered {response.status} {response.reason}")
