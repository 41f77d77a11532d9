"""The network is cut for a while, with presses: what may wait is answered once, in order, when it is back."""

from __future__ import annotations

import json
import os
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from namespaces import SERVER, network
from running import Daemon, ModelServer, photographs

from glassd.messages import Code, lines
from glassd.scheduler.courier import MOST_POLL_S

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

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
        why = Code.NO_NETWORK if at_board else Code.CONNECT_TIMEOUT
        assert events.screen(lines(why, "en")[0])["lines"][:2] == [*lines(why, "en")]
        assert events.until(event="ask")["code"] == why
        time.sleep(max(0.0, cut + CUT_S - time.monotonic()))  # it is the cut's own length, and nothing is waited for
        assert status(daemon)["outbox"]["waiting"] == len(PROMPTS)

        net.plug()
        assert [answer(model, events) for _ in PROMPTS] == [*PROMPTS.values()]
        late = events.screen(lines(Code.ANSWER_CAME, "en")[0], mark="done")
        assert late["lines"][1] == "A rocket."
        assert status(daemon)["outbox"]["waiting"] == 0
    assert daemon.stop() == 0
    assert len(list(model.folder.glob("*.body"))) == 1 + len(PROMPTS), "something was sent twice"
