"""Shared by all tests: hypothesis profiles. `make test` runs "quick", `make fuzz` runs "fuzz"."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from pathlib import Path

# The machine's speed is not under test, so no deadline for an example.
settings.register_profile("quick", max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", max_examples=20_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

pytest_plugins = ["daemon_fixtures"]

# A job in the background is born deaf to Ctrl-C, and so would be all the programs that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

PROCESSES_A_CORE = 2
"""How many processes run tests on each core: for half of their time tests wait, most of it for daemons they started."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return what `-n auto` stands for, and `-n logical`: one a core, as a browser keeps it busy."""
    cores = len(os.sched_getaffinity(0))
    return PROCESSES_A_CORE * cores if config.option.numprocesses == "auto" else cores


@pytest.fixture(autouse=True)
def _state_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test starts keeps nothing on the machine that it runs on."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
