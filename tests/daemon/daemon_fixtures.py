"""Fixtures: processes that end with their test."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest
from running import Daemon, ModelServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def model(tmp_path: Path, stack: ExitStack) -> ModelServer:
    return stack.enter_context(closing(ModelServer(tmp_path / "model")))


@pytest.fixture
def start(tmp_path: Path, stack: ExitStack) -> Callable[..., Daemon]:
    """Start a daemon on the text of a config, and wait until it is ready."""

    def start(text: str, *arguments: str, ready: bool = True, **environment: str) -> Daemon:
        config = tmp_path / "glassd.yaml"
        config.write_text(text, encoding="utf-8")
        daemon = Daemon(tmp_path, config, list(arguments), environment)
        stack.callback(daemon.close)
        if ready:
            daemon.told("READY=1")
        return daemon

    return start
