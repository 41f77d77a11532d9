"""schemathesis over the whole API of a running daemon, as its OpenAPI document describes it."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from running import photographs

if TYPE_CHECKING:
    from collections.abc import Callable

    from running import Daemon

HERE = Path(__file__).parent
SCHEMATHESIS = HERE.parents[1] / "build" / "openapi" / "bin" / "schemathesis"
TOKEN = "t0ken-for-tests"
LIMIT_S = 240
CONFIG = """
model: {{endpoints: [{{url: reader}}]}}
camera: {{driver: clip, path: "{pictures}", fps: 10}}
triggers: [{{when: main press, ask: "?"}}]
journal: {{keep: text}}
api: {{listen: "127.0.0.1:{port}", token: page}}
"""

pytestmark = [pytest.mark.openapi, pytest.mark.timeout(LIMIT_S + 30)]


def test_every_answer_of_the_whole_api_is_as_its_document_says(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    daemon = start(CONFIG.format(pictures=pictures, port=port), GLASSD_KEY_PAGE=TOKEN)
    daemon.camera_ready()
    words = ["--config-file", str(HERE / "schemathesis.toml"), "run", f"http://127.0.0.1:{port}/api/openapi.json"]
    words += ["--header", f"Authorization: Bearer {TOKEN}", "--generation-deterministic", "--no-color"]
    words += ["--max-examples", os.environ.get("OPENAPI_EXAMPLES", "5"), "--request-timeout", "30"]
    done = subprocess.run(
        [SCHEMATHESIS, *words],
        env=os.environ
        | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert daemon.stop() == 0
    assert not any("Traceback" in line or TOKEN in line for line in daemon.log.all)
