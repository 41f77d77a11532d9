"""schemathesis over the whole API of a running daemon, as its OpenAPI document describes it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections import defaultdict
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
journal: {{keep: text, pictures: 1d}}
api: {{listen: "127.0.0.1:{port}", token: page}}
"""

WORDS = [
    *("--config-file", str(HERE / "schemathesis.toml"), "run", "--header", f"Authorization: Bearer {TOKEN}"),
    *("--generation-deterministic", "--no-color", "--request-timeout", "30"),
    *("--max-examples", os.environ.get("OPENAPI_EXAMPLES", "5")),
]

pytestmark = [pytest.mark.openapi, pytest.mark.timeout(LIMIT_S + 30)]


ANSWERED_OTHERWISE = {
    "GET /api/sockets/{name}": 426,  # it is no WebSocket
    "POST /api/pictures": 503,  # the camera is none that pictures are pushed to: test_pushed_pictures.py has one
}
NOT_CALLED = {"GET /api/events", "GET /api/live", "GET /api/openapi.json"}
"""Streams without an end, which test_event_streams.py and test_live.py read; and what schemathesis has read itself."""


def test_every_answer_of_the_whole_api_is_as_its_document_says(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    daemon = start(CONFIG.format(pictures=pictures, port=port), GLASSD_KEY_PAGE=TOKEN)
    daemon.camera_ready()
    daemon.glassd("ask", "What is this?")
    answers = tmp_path / "answers"
    done = subprocess.run(
        [SCHEMATHESIS, *WORDS, f"http://127.0.0.1:{port}/api/openapi.json"],
        env=os.environ
        | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)}
        | {"OPENAPI_TOKEN": TOKEN, "OPENAPI_ANSWERS": str(answers)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answered: defaultdict[str, set[int]] = defaultdict(set)
    for line in answers.read_text("utf-8").splitlines():
        label, _, status = line.rpartition(" ")
        answered[label].add(int(status))
    document = json.loads(daemon.get("/api/openapi.json")[1])
    labels = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item} - NOT_CALLED
    never = {label for label in labels if ANSWERED_OTHERWISE.get(label, 200) not in answered[label]}
    assert not never, f"never came to their answer: { ({label: answered[label] for label in never}) }"
    assert daemon.stop() == 0
    assert not any("Traceback" in line or TOKEN in line for line in daemon.log.all)
