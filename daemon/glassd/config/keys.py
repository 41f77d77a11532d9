"""Keys by the name of their credential: from systemd, the environment, or a file that nobody else can read.

A key never stands in the config, and never in an error, a log or a representation.
"""

from __future__ import annotations

import base64
import os
import re
import stat
from typing import TYPE_CHECKING

from glassd.config.mistakes import ConfigError, readable
from glassd.service.paths import credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_KEY_CHARS = 4096
"""How many characters a key may have."""
OUTBOX_KEY_BYTES = 32
"""What the outbox is encrypted with, drawn at random by `glassd setup`; the credential holds it as base64."""
SYSTEM_FOLDER = "/etc/glassd/keys"
OWN_FOLDER = "~/.config/glassd/keys"
_STAND_IN = "key"  # what glassd.service has systemd put in the place of a folder of keys that is not there


class KeyMissingError(ConfigError):
    """There is no usable key under this name; the text names the ways to give it."""


class KeyUnsafeError(KeyMissingError):
    """There is one, in a file that others can read or exchange; the text says what to do."""


class KeyUnusableError(KeyMissingError):
    """There is one, that cannot be a key: empty, too long, or with characters that no header may hold."""


def find_key(name: str, environ: Mapping[str, str] | None = None) -> str:
    """Return the key of a credential; raise KeyMissingError.

    Looked for, in this order: systemd's credentials (`NAME`, `key_NAME`, `key.NAME` in `$CREDENTIALS_DIRECTORY`;
    systemd.exec(5) loads the files of a folder given as `LoadCredential=key:FOLDER` as `key_FILE`), the variables
    `GLASSD_KEY_NAME` and `NAME_API_KEY`, the files `~/.config/glassd/keys/NAME` and `/etc/glassd/keys/NAME`;
    last, for root beside the service, the folder that the service's credentials are loaded from.
    """
    environ = os.environ if environ is None else environ
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", name):
        raise KeyMissingError("a credential's name has letters, digits, and _ . - alone")
    if folder := environ.get("CREDENTIALS_DIRECTORY"):
        for credential in (name, f"key_{name}", f"key.{name}"):
            if credential == _STAND_IN:
                continue
            # systemd guards this folder itself, in ways that the plain permission bits do not show.
            if (data := _read(folder, credential, guarded=True)) is not None:
                return usable_key(data, f"the systemd credential {credential}")
    for variable in _variables(name):
        if value := environ.get(variable):
            return usable_key(value.encode(errors="surrogateescape"), f"the environment's {variable}")
    for folder in (_own_folder(environ), SYSTEM_FOLDER, str(credentials())):
        if (data := _read(folder, name, guarded=False)) is not None:
            return usable_key(data, f"{folder}/{name}")
    raise KeyMissingError(
        f"there is no key named {name}: put it into {credentials()}/{name} and restart the service; for a glassd of "
        f"your own, into the environment as {_variables(name)[0]} or into {OWN_FOLDER}/{name} with mode 600"
    )


def usable_key(data: bytes, where: str) -> str:
    """Return the key that some bytes are, without the line break that editors put at the end; raise KeyUnusableError.

    `where` says in the error what they are, which are never repeated.
    """
    data = data.removesuffix(b"\n").removesuffix(b"\r")
    if not data:
        raise KeyUnusableError(f"{readable(where)} is empty; write the key into it")
    if len(data) > MAX_KEY_CHARS:
        raise KeyUnusableError(f"{readable(where)} is longer than {MAX_KEY_CHARS} characters, which no key is")
    if not all(0x21 <= byte <= 0x7E for byte in data):
        raise KeyUnusableError(f"{readable(where)} holds a space, a line break or another character that no key has")
    return data.decode("ascii")


def new_outbox_key() -> str:
    """Return a key for the outbox that nobody has, or had."""
    import secrets  # noqa: PLC0415  for setup alone

    return base64.b64encode(secrets.token_bytes(OUTBOX_KEY_BYTES)).decode("ascii")


def is_outbox_key(key: str) -> bool:
    """Tell whether a key is one for the outbox."""
    try:
        return len(base64.b64decode(key, validate=True)) == OUTBOX_KEY_BYTES
    except ValueError:
        return False


def _variables(name: str) -> tuple[str, str]:
    upper = re.sub(r"[^A-Z0-9]", "_", name.upper())
    return f"GLASSD_KEY_{upper}", f"{upper}_API_KEY"


def _own_folder(environ: Mapping[str, str]) -> str:
    home = environ.get("HOME")
    return f"{home}/{OWN_FOLDER[2:]}" if home else os.path.expanduser(OWN_FOLDER)  # noqa: PTH111  text, for the errors


def _read(folder: str, name: str, *, guarded: bool) -> bytes | None:
    """Return the bytes of a key's file, None where there is none; raise KeyUnsafeError."""
    where = f"{folder}/{name}"
    descriptors: list[int] = []
    try:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
        descriptors.append(os.open(folder, flags | os.O_DIRECTORY))
        try:
            descriptors.append(os.open(name, flags, dir_fd=descriptors[0]))
        except FileNotFoundError:
            return None
        _refuse_others(descriptors, where, guarded=guarded)
        return os.read(descriptors[1], MAX_KEY_CHARS + 3)
    except FileNotFoundError:
        return None
    except OSError as error:
        if guarded:
            return None
        reason = "a symbolic link" if os.path.islink(where) or os.path.islink(folder) else error.strerror  # noqa: PTH114
        if isinstance(error, PermissionError) and len(descriptors) == 0:
            return None  # a folder of somebody else's keys
        raise KeyUnsafeError(f"{where}: {reason}; make it a plain file of your own with mode 600") from error
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _refuse_others(descriptors: list[int], where: str, *, guarded: bool) -> None:
    folder, file = (os.fstat(descriptor) for descriptor in descriptors)
    if not stat.S_ISREG(file.st_mode):
        raise KeyUnsafeError(f"{where}: no plain file; make it one, with mode 600")
    if guarded:
        return
    owners = (0, os.geteuid())
    if file.st_uid not in owners or folder.st_uid not in owners:
        raise KeyUnsafeError(f"{where}: it or its folder belongs to somebody else; chown it to the user of glassd")
    if file.st_mode & 0o077:
        raise KeyUnsafeError(f"{where}: others can read it; chmod 600 {where}")
    if folder.st_mode & 0o022:
        raise KeyUnsafeError(f"{where}: others can exchange it; chmod 700 {os.path.dirname(where)}")  # noqa: PTH120
