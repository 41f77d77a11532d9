"""Where the commands write to: a full disk, a closed output, a terminal that has no Chinese."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Daemon

CONFIG = """
model: {endpoints: [{url: reader}], instructions: "用一句话回答。"}
triggers: [{when: main press, ask: "这是什么?"}]
"""


def shell(redirection: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of glassd as a shell does, with a redirection; its output is buffered as a user's is."""
    command = shlex.join([sys.executable, "-m", "glassd", *arguments])
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        ["/bin/sh", "-c", f"{command} {redirection}"],
        capture_output=True,
        env=inherited | environment,
        check=False,
        text=True,
        encoding="ascii",
        errors="surrogateescape",
        timeout=60,
    )


@pytest.mark.parametrize("arguments", [["schema"], ["check", "{config}"], ["ask", "--direct", "-c", "{config}", "?"]])
def test_a_full_disk_is_told_in_one_line(arguments: list[str], tmp_path: Path) -> None:
    config = tmp_path / "glassd.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    done = shell("> /dev/full", *(argument.format(config=config) for argument in arguments))
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if not line.startswith("warning:")]
    assert told == [f"glassd {arguments[0]}: cannot write the output: No space left on device"]


@pytest.mark.parametrize("arguments", [["ask", "?"], ["snap"]])
def test_a_closed_output_is_told_in_one_line(arguments: list[str]) -> None:
    done = shell(">&-", *arguments)
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1
    assert "standard output is closed" in done.stderr


def test_an_output_without_chinese_gets_escapes(tmp_path: Path) -> None:
    config = tmp_path / "glassd.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    merged = shell("", "check", "--merged", str(config), **plain)
    assert (merged.returncode, merged.stdout.isascii()) == (0, True)
    assert json.loads(shell("", "schema", **plain).stdout)["type"] == "object"


def test_a_socket_path_that_is_too_long_is_told(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    daemon = start(CONFIG, ready=False, GLASSD_SOCKET=str(tmp_path / ("long" * 30) / "glassd.sock"))
    assert daemon.wait() == 1
    daemon.log.until("AF_UNIX path too long")
