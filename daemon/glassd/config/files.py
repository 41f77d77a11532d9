"""Reads a config's files: regular ones, of bounded size, with one clear line for what stands in the way."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from glassd.config.mistakes import WHOLE_FILE, ConfigError, Mistake, Place

if TYPE_CHECKING:
    from pathlib import Path

MAX_FILE_BYTES = 256 * 1024
"""How many bytes a config file may have."""
MAX_PARTS = 100
"""How many files conf.d may hold."""


def read_file(path: Path) -> bytes:
    """Return the bytes of a file; raise ConfigError with the one line that says why not."""
    try:
        # Without waiting, so that a pipe with nobody at its other end does not hold up a start.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _refused(path, "expected a file, got a folder, a pipe or a device; name the YAML file itself")
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        text = "there is no such file; name the config that is there, or put one of configs/ in this place"
        raise _refused(path, text) from error
    except IsADirectoryError as error:
        raise _refused(path, "expected a file, got a folder; name the YAML file itself") from error
    except OSError as error:
        raise _refused(path, f"it cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise _refused(path, "no file can have this name") from error
    if len(data) > MAX_FILE_BYTES:
        raise _refused(path, f"expected at most {MAX_FILE_BYTES // 1024} KiB, got more: is this a config?")
    return data


def parts_of(path: Path) -> list[Path]:
    """Return the files of the folder conf.d beside a config, in the order of their names; raise ConfigError."""
    folder = path.parent / "conf.d"
    try:
        parts = sorted(
            entry for entry in folder.iterdir() if entry.suffix in (".yaml", ".yml") and entry.name[0] != "."
        )
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _refused(folder, f"it cannot be read: {error.strerror}") from error
    if len(parts) > MAX_PARTS:
        raise _refused(folder, f"expected at most {MAX_PARTS} files, got {len(parts)}")
    return parts


def _refused(path: Path, text: str) -> ConfigError:
    return ConfigError([Mistake(Place(str(path), 0, 0), WHOLE_FILE, text)])
