"""Files into the guest: it fetches them over its network, from a port that is open for one file."""

from __future__ import annotations

import shlex
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from rig.agent import Agent

HOST = "10.0.2.2"
"""How the guest calls this machine's loopback: QEMU's user network makes it so."""
LIMIT_S = 120.0


def push(agent: Agent, here: Path, there: str, mode: int = 0o644) -> None:
    """Copy a file into the guest."""
    with socket.create_server(("127.0.0.1", 0)) as server, here.open("rb") as file:
        server.settimeout(LIMIT_S)

        def serve() -> None:
            line, _ = server.accept()
            with line:
                line.sendfile(file)

        thread = threading.Thread(target=serve, name="push", daemon=True)
        thread.start()
        path = shlex.quote(there)
        port = server.getsockname()[1]
        fetch = f"install -D -m {mode:o} /dev/null {path} && cat </dev/tcp/{HOST}/{port} >{path}"
        done = agent.run("/bin/bash", "-c", fetch, limit_s=LIMIT_S)
        thread.join(LIMIT_S)
    assert done.status == 0, f"{here} did not get to {there} in the guest: {done.err.decode()}"
