"""The network is cut for a while, with presses: what may wait is answered once, in order, when it is back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from namespaces import SERVER, network
from running import Daemon, ModelServer, photographs

from glassd.messages import Code, lines
from glassd.scheduler.courier import MOST_POLL_S

if TYPE_CHECKING:
    from contextlib import ExitStack

    from running import Events

pytestmark = [pytest.mark.netns, pytest.mark.soak, pytest.mark.timeout(240)]

CUT_S = 60.0 if os.environ.get("SOAK") == "full" else 8.0
"""How long the way is cut."""
PORT = 8080
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
PROMPTS = {"main": "First?", "up": "Second?", "down": "Third?"}
CONFIG = """
language: en
model:
  endpoints: [{{url: "http://{server}:{port}/v1", vision: some-model}}]
  deadlines: {{connect: 1s, first: 3s}}
camera: {{driver: clip, path: "{pictures}", fps: 10}}
displays: [{{driver: terminal, plain: always, profile: glass3}}]
outbox: {{key: outbox}}
triggers:
  - {{when: main press, ask: "First?", outbox: true}}
  - {{when: up press, ask: "Second?", outbox: true}}
  - {{when: down press, ask: "Third?", outbox: true}}
  - {{when: plain press, ask: "Now or never?"}}
"""


def status(daemon: Daemon) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(daemon.get("/api/status")[1])
    return found


def answer(model: ModelServer, events: Events) -> str:
    """Answer the next request; return what was asked."""
    _, body = model.request(limit_s=2 * MOST_POLL_S)
    model.say("A rocket.")
    model.finish()
    events.until(event="ask", outcome="finished")
    asked: str = body["messages"][-1]["content"][1]["text"]
    return asked


@pytest.mark.parametrize("at_board", [True, False], ids=["the board has no network", "the way is cut far away"])
def test_what_may_wait_arrives_once_in_order_after_the_cut_and_the_rest_fails_with_its_two_lines(
    at_board: bool, tmp_path: Path, stack: ExitStack
) -> None:
    net = stack.enter_context(network())
    model = stack.enter_context(closing(ModelServer(tmp_path / "model", PORT, within=net.server)))
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    config = tmp_path / "glassd.yaml"
    config.write_text(CONFIG.format(server=SERVER, port=PORT, pictures=pictures), encoding="utf-8")
    daemon = Daemon(tmp_path, config, environment={"GLASSD_KEY_OUTBOX": KEY}, within=net.board)
    stack.callback(daemon.close)
    daemon.told("READY=1")
    daemon.camera_ready()
    with daemon.events() as events:
        daemon.glassd("press", "plain")
        assert answer(model, events) == "Now or never?"
        while not status(daemon)["outbox"]["open"]:
            """The journal is being opened."""

        net.pull(at_board=at_board)
        cut = time.monotonic()
        for button in PROMPTS:
            daemon.glassd("press", button)
            assert events.screen(lines(Code.QUEUED, "en")[0])["lines"][:2] == [*lines(Code.QUEUED, "en")]
            assert events.until(event="ask")["code"] == "queued"
        daemon.glassd("press", "plain")
        failed = events.until(event="ask")
        assert failed["trigger"] == "plain press"
        # Far away, it is the kernel's search for the server's card (ARP, 3 s) that ends within `connect`, or does not.
        assert failed["code"] in ({Code.NO_NETWORK} if at_board else {Code.NO_NETWORK, Code.CONNECT_TIMEOUT})
        why = Code(failed["code"])
        assert [*lines(why, "en")] in [event["lines"][:2] for event in events.all if event["event"] == "screen"]
        time.sleep(max(0.0, cut + CUT_S - time.monotonic()))  # it is the cut's own length, and nothing is waited for
        assert status(daemon)["outbox"]["waiting"] == len(PROMPTS)

        net.plug()
        assert [answer(model, events) for _ in PROMPTS] == [*PROMPTS.values()]
        late = events.screen(lines(Code.ANSWER_CAME, "en")[0], mark="done")
        assert late["lines"][1] == "A rocket."
        assert status(daemon)["outbox"]["waiting"] == 0
    assert daemon.stop() == 0
    assert len(list(model.folder.glob("*.body"))) == 1 + len(PROMPTS), "something was sent twice"


def test_a_connection_that_dies_in_silence_is_not_taken_for_a_slow_model(tmp_path: Path, stack: ExitStack) -> None:
    net = stack.enter_context(network())
    model = stack.enter_context(closing(ModelServer(tmp_path / "model", PORT, within=net.server)))
    command = [*net.board, sys.executable, str(Path(__file__).with_name("asks.py")), f"http://{SERVER}:{PORT}/v1"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "model")}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
    ) as asking:
        assert asking.stdin is not None
        assert asking.stdout is not None
        model.answer_next("A rocket.")
        asking.stdin.write("ask\n")
        assert asking.stdout.readline() == "finished\n"
        net.pull(at_board=False)
        asking.stdin.write("ask\n")
        # The kept one was given up for a new one, which could not be had.
        assert asking.stdout.readline().strip() in (Code.CONNECT_TIMEOUT, Code.NO_NETWORK)
        net.plug()
        asking.stdin.close()
