"""For the tests of the config: files on disk, and what reading them gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.config.load import ConfigError, load

if TYPE_CHECKING:
    from pathlib import Path

    from glassd.config.schema import Config

MODEL = "model: {endpoints: [{url: reader}]}\n"
"""The least that a config needs, in one line."""


def mistakes(folder: Path, text: str | bytes, *, overrides: tuple[str, ...] = ()) -> list[str]:
    """Return the lines that a file gives, without the folder; none for a good one."""
    path = folder / "glassd.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        load(path, overrides=overrides)
    except ConfigError as error:
        return [line.replace(f"{folder}/", "") for line in str(error).splitlines()]
    return []


def places(folder: Path, text: str) -> list[str]:
    """Return line:column: path of each mistake."""
    return [line.split(": ", 2)[0].partition(":")[2] + ": " + line.split(": ", 2)[1] for line in mistakes(folder, text)]


def config(folder: Path, text: str, *, overrides: tuple[str, ...] = ()) -> Config:
    """Return the config that a good file holds."""
    path = folder / "glassd.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, overrides=overrides).config
