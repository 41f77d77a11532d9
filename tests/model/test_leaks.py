"""Nothing of an ask stays, however it ended: seen in a fresh process, where nothing else lives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SLACK_BYTES = 100_000
"""What caches and the interpreter itself may take; one picture that stayed is 15 times as much."""


def test_hundreds_of_asks_over_a_broken_network_leave_no_file_no_task_and_no_memory() -> None:
    script = Path(__file__).parent / "leaking.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=True)
    grown = json.loads(done.stdout)
    assert grown["unraised"] == []
    assert len(set(grown["files"])) == 1
    assert set(grown["tasks"]) == {1}
    assert grown["bytes"][-1] - grown["bytes"][0] < SLACK_BYTES
    assert [line for line in done.stderr.splitlines() if line.startswith(("Task ", "Unclosed", "Exception"))] == []
