"""Where one daemon's files are: its socket, config, keys and state; and the unit that it is.

A board with one pair of glasses has one daemon, and no name for it. One with several has a daemon each, an instance:
`$GLASSD_INSTANCE` names it, in its unit and after `glassd -i NAME`, and whatever it has of its own bears the name.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

SOCKET_NAME = "glassd.sock"

_INSTANCE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_FOLDERS_OF_ETC_GLASSD = ("keys",)  # that an instance's folder would stand beside


def choose_instance(name: str) -> None:
    """Be about this instance from now on, whatever the environment says; ValueError where it cannot be one's name."""
    _checked(name)
    os.environ["GLASSD_INSTANCE"] = name
    for other in ("GLASSD_SOCKET", "GLASSD_CONFIG"):
        os.environ.pop(other, None)


def instance() -> str:
    """Return the name of the instance, empty where the board's one daemon is meant; ValueError for one that is none."""
    name = os.environ.get("GLASSD_INSTANCE", "")
    return _checked(name) if name else ""


def unit() -> str:
    """Return the name of the systemd unit, as `systemctl` takes it."""
    return f"glassd@{name}" if (name := instance()) else "glassd"


def command() -> str:
    """Return how a person calls glassd for this instance."""
    return f"glassd -i {name}" if (name := instance()) else "glassd"


def socket_to_serve() -> Path:
    """Return where a daemon started now puts its socket.

    `$GLASSD_SOCKET`, else systemd's `$RUNTIME_DIRECTORY`, else /run/glassd for root and the user's own run-time
    folder for anybody else.
    """
    if explicit := os.environ.get("GLASSD_SOCKET"):
        return Path(explicit)
    if runtime := os.environ.get("RUNTIME_DIRECTORY"):
        return Path(runtime.partition(":")[0]) / SOCKET_NAME
    return _systems_socket() if os.geteuid() == 0 else _users_socket()


def socket_to_call() -> Path:
    """Return where a client finds the daemon: `$GLASSD_SOCKET`, else the user's own daemon, else the system's."""
    if explicit := os.environ.get("GLASSD_SOCKET"):
        return Path(explicit)
    own = _users_socket()
    return own if os.geteuid() != 0 and own.exists() else _systems_socket()


def default_config() -> Path:
    """Return the config used where none is named: `$GLASSD_CONFIG`, else the system's."""
    return Path(os.environ.get("GLASSD_CONFIG") or Path("/etc/glassd", instance(), "glassd.yaml"))


def credentials() -> Path:
    """Return the folder of keys that the unit hands to the daemon as its credentials (LoadCredential=)."""
    return Path("/etc/credstore", _folder())


def state_folder() -> Path:
    """Return where a daemon started now keeps what outlives it.

    systemd's `$STATE_DIRECTORY`, else /var/lib/glassd for root and the user's own state folder for anybody else.
    """
    if state := os.environ.get("STATE_DIRECTORY"):
        return Path(state.partition(":")[0])
    return _systems_state() if os.geteuid() == 0 else _users_state()


def state_to_read() -> Path:
    """Return where a command finds what a daemon keeps: the user's own daemon, else the system's."""
    if "STATE_DIRECTORY" in os.environ or _users_state().exists():
        return state_folder()
    return _systems_state()


def _checked(name: str) -> str:
    if not _INSTANCE_NAME.fullmatch(name):
        raise ValueError(f"{name!r} names no instance: it has small letters, digits and - alone, 32 at most")
    if name in _FOLDERS_OF_ETC_GLASSD:
        raise ValueError(f"{name!r} names no instance: /etc/glassd/{name} has its own use; take another name")
    return name


def _folder() -> str:
    return f"glassd-{name}" if (name := instance()) else "glassd"


def _systems_socket() -> Path:
    return Path("/run", _folder(), SOCKET_NAME)


def _systems_state() -> Path:
    return Path("/var/lib", _folder())


def _users_state() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser(), _folder())


def _users_socket() -> Path:
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime, _folder(), SOCKET_NAME)
    user = f"glassd-{os.geteuid()}"
    return Path(tempfile.gettempdir(), f"{user}-{name}" if (name := instance()) else user, SOCKET_NAME)
