"""Files into the guest and out of it, over its network: a port of this machine is open for one file."""

from __future__ import annotations

import contextlib
import shlex
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rig.agent import Agent, Exit

HOST = "10.0.2.2"
"""How the guest calls this machine's loopback: QEMU's user network makes it so."""
LIMIT_S = 120.0
"""Seconds for one file; ten megabytes take one."""
_READ_BYTES = 1 << 16


def push(agent: Agent, here: Path, there: str, mode: int = 0o644) -> None:
    """Copy a file into the guest, with the folders above it; whoever reads it there has it whole, or the one before."""
    path = shlex.quote(there)
    with here.open("rb") as file:
        command = f"install -D -m {mode:o} /dev/null {path}.part && cat <$PORT >{path}.part && mv {path}.part {path}"
        done = _exchange(agent, command, lambda line: line.sendfile(file))
    assert done.status == 0, f"{here} did not get to {there} in the guest: {done.err.decode()}"


def pull(agent: Agent, there: str) -> bytes:
    """Return the bytes of a file in the guest."""
    content = bytearray()

    def take(line: socket.socket) -> None:
        while data := line.recv(_READ_BYTES):
            content.extend(data)

    done = _exchange(agent, f"cat {shlex.quote(there)} >$PORT", take)
    assert done.status == 0, f"{there} could not be read in the guest: {done.err.decode()}"
    return bytes(content)


def _exchange(agent: Agent, command: str, serve: Callable[[socket.socket], object]) -> Exit:
    """Run a command of bash in the guest; what it calls $PORT leads to `serve`, which is done when this returns."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT_S)

        def accept() -> None:
            with contextlib.suppress(OSError):  # the command failed, as its status says
                line, _ = server.accept()
                with line:
                    line.settimeout(LIMIT_S)
                    serve(line)

        thread = threading.Thread(target=accept, name="transfer", daemon=True)
        thread.start()
        port = f"PORT=/dev/tcp/{HOST}/{server.getsockname()[1]}"
        done = agent.run("/bin/bash", "-c", f"{port}; {command}", limit_s=LIMIT_S)
        if done.status:
            server.shutdown(socket.SHUT_RDWR)  # nobody may ever come
        thread.join(LIMIT_S)
    return done
