"""Two network namespaces with a cable between them that can be pulled: the board's, and the model server's.

They are made with unshare, in a user namespace of their own, so that it takes no root where the kernel lets users have
some. A socket with a name in the file system is reached from everywhere.
"""

from __future__ import annotations

import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

BOARD, SERVER = "10.77.0.1", "10.77.0.2"
_HOLD = ["sh", "-c", "echo here; exec sleep infinity"]


class Network:
    """The two namespaces; `board` and `server` are the commands that run a program in each."""

    def __init__(self, board_pid: int, server_pid: int) -> None:
        self.board = _enter(board_pid)
        self.server = _enter(server_pid)
        _run(*self.board, "ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", str(server_pid))
        for within, address in ((self.board, BOARD), (self.server, SERVER)):
            _run(*within, "ip", "link", "set", "lo", "up")
            _run(*within, "ip", "address", "add", f"{address}/24", "dev", "wire")
            _run(*within, "ip", "link", "set", "wire", "up")

    def pull(self, *, at_board: bool) -> None:
        """Cut the way: at the board, which then knows of no network; or far from it, where nothing tells it."""
        _run(*(self.board if at_board else self.server), "ip", "link", "set", "wire", "down")

    def plug(self) -> None:
        """Have the way whole again."""
        for within in (self.board, self.server):
            _run(*within, "ip", "link", "set", "wire", "up")


@contextmanager
def network() -> Iterator[Network]:
    """Lend the two namespaces; they end with the processes that hold them."""
    with ExitStack() as stack:
        board = stack.enter_context(_held("unshare", "--user", "--map-root-user", "--net"))
        server = stack.enter_context(_held(*_enter(board.pid), "unshare", "--net"))
        yield Network(board.pid, server.pid)


def _enter(pid: int) -> list[str]:
    return ["nsenter", "--target", str(pid), "--user", "--net", "--preserve-credentials"]


@contextmanager
def _held(*command: str) -> Iterator[subprocess.Popen[Any]]:
    """Run what keeps a namespace there, which is once it has said so."""
    with subprocess.Popen([*command, *_HOLD], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "here\n", f"{' '.join(command)} made no namespace"
            yield process
        finally:
            process.kill()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
