"""What only prints, checks or talks to the socket starts light."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("aiohttp", "cv2", "numpy", "serial", "asyncio")
SCRIPT = """
import sys
from glassd.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("loaded:", *sorted({heavy} & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["check", "configs/demo.yaml"], {"asyncio"}),
        (["check", "configs/uvc-dashscope.yaml"], {"asyncio"}),
        (["schema"], {"asyncio"}),
        (["drivers"], {"asyncio"}),
        (["status"], set()),
        (["press", "main"], set()),
        (["do", "pause"], set()),
        (["do", "paus"], set()),
        (["reload"], set()),
        (["snap", "-o", "x"], set()),
        (["watch"], set()),
        (["ask", "?"], set()),
    ],
)
def test_a_light_command_loads_nothing_heavy(
    arguments: list[str], allowed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSD_SOCKET", "/nowhere/glassd.sock")
    script = SCRIPT.format(heavy=set(HEAVY))
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    loaded = done.stderr.splitlines()[-1].removeprefix("loaded:").split()
    assert set(loaded) <= allowed, done.stderr
