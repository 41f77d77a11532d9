"""Where the daemon's files are: the socket, the config."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

SOCKET_NAME = "glassd.sock"
SYSTEM_SOCKET = Path("/run/glassd") / SOCKET_NAME
SYSTEM_CONFIG = Path("/etc/glassd/glassd.yaml")


def socket_to_serve() -> Path:
    """Return where a daemon started now puts its socket.

    `$GLASSD_SOCKET`, else systemd's `$RUNTIME_DIRECTORY`, else /run/glassd for root and the user's own run-time
    folder for anybody else.
    """
    if explicit := os.environ.get("GLASSD_SOCKET"):
        return Path(explicit)
    if runtime := os.environ.get("RUNTIME_DIRECTORY"):
        return Path(runtime.partition(":")[0]) / SOCKET_NAME
    return SYSTEM_SOCKET if os.geteuid() == 0 else _users_socket()


def socket_to_call() -> Path:
    """Return where a client finds the daemon: `$GLASSD_SOCKET`, else the user's own daemon, else the system's."""
    if explicit := os.environ.get("GLASSD_SOCKET"):
        return Path(explicit)
    own = _users_socket()
    return own if os.geteuid() != 0 and own.exists() else SYSTEM_SOCKET


def default_config() -> Path:
    """Return the config used where none is named: `$GLASSD_CONFIG`, else the system's."""
    return Path(os.environ.get("GLASSD_CONFIG") or SYSTEM_CONFIG)


def _users_socket() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(runtime) / "glassd" if runtime else Path(tempfile.gettempdir()) / f"glassd-{os.geteuid()}"
    return folder / SOCKET_NAME
