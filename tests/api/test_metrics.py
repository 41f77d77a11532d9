"""GET /metrics beside what has happened, as Prometheus' own parser reads it; and what is drawn of it in docs."""

from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from running import photographs

from glassd.answer import OutcomeKind, Problem
from glassd.ask import Origin
from glassd.messages.codes import Code
from glassd.metering import BUCKETS_S, ENDPOINTS_LIMIT, OTHERS, Histogram, Meter
from glassd.record import AskRecord
from glassd.spending import Amounts
from paths import TREE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Daemon, ModelServer

PROMPT = "Whose house is this?"
ANSWER = "The house of the postmaster."
CONFIG = """
model:
  endpoints:
    - {{url: "{dead}", vision: dead, text: dead}}
    - {{url: "{url}", name: village, vision: qwen-vl-plus, text: qwen-plus, price: {{input: 1, output: 2}}}}
  deadlines: {{connect: 1s}}
camera: {{driver: clip, path: "{pictures}", fps: 10}}
displays: [{{driver: terminal, profile: glass3}}]
triggers: [{{when: main press, ask: "{prompt}"}}]
budgets: {{day: {{asks: 100}}}}
journal: {{keep: text}}
"""
USAGE = {"choices": [], "usage": {"prompt_tokens": 700, "completion_tokens": 30, "total_tokens": 730}}

Families = dict[str, dict[tuple[tuple[str, str], ...], float]]


def parsed(text: str) -> Families:
    """Return the values of each sample by its labels."""
    found: Families = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def measured(daemon: Daemon) -> tuple[str, Families]:
    status, body = daemon.get("/metrics")
    assert status == 200
    return body.decode(), parsed(body.decode())


def labels(**named: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(named.items()))


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_ask_is_measured_from_its_press_to_its_end_without_a_word_of_it(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    dead = f"http://127.0.0.1:{unused_port()}/s3cret/v1"
    daemon = start(CONFIG.format(url=model.url, dead=dead, pictures=pictures, prompt=PROMPT))
    daemon.camera_ready()
    with daemon.events() as events:
        daemon.glassd("press", "main")
        model.request()
        model.say(ANSWER)
        model.event(USAGE)
        model.finish()
        events.until(event="ask", outcome="finished")
        text, found = measured(daemon)
    for stage in ("gesture", "frame", "body", "connected", "sent", "first_delta", "first_screen", "done"):
        assert found["glassd_ask_stage_seconds_count"][labels(lane="wearer", stage=stage)] == 1, stage
    ended = labels(origin="button", outcome="finished", code="", endpoint="village")
    assert found["glassd_asks_total"] == {ended: 1}
    requests = found["glassd_requests_total"]
    assert requests[labels(endpoint="village")] == 1
    assert requests[labels(endpoint="127.0.0.1")] == 1
    assert found["glassd_retries_total"][labels(endpoint="village")] == 1
    assert found["glassd_request_failures_total"] == {labels(endpoint="127.0.0.1", code="connection_refused"): 1}
    assert found["glassd_tokens_total"][()] == 730
    assert found["glassd_budget_spent"][labels(period="day", what="asks")] == 1
    assert found["glassd_budget_limit"] == {labels(period="day", what="asks"): 100}
    assert found["glassd_device_state"][labels(device="camera", driver="clip", state="ready")] == 1
    assert found["glassd_queue_length"] == {(("queue", queue),): 0 for queue in ("wearer", "gateway", "outbox")}
    assert found["glassd_watchers"] == {labels(stream="events"): 1, labels(stream="live"): 0}
    assert not any(word in text for word in ("house", "postmaster", "s3cret"))


def test_the_reader_gets_the_format_that_it_asks_for(start: Callable[..., Daemon]) -> None:
    daemon = start("model: {endpoints: [{url: reader}]}")
    with daemon.stream("/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        assert response.headers["Cache-Control"] == "no-store"
    body = daemon.get("/metrics", {"Accept": "application/openmetrics-text; version=1.0.0"})[1]
    assert body.endswith(b"# EOF\n")


def test_what_is_drawn_in_the_dashboard_and_said_in_the_guide_is_there(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    daemon = start(CONFIG.format(url=model.url, dead=model.url, pictures=tmp_path, prompt=PROMPT))
    families = {
        re.sub(r"_(total|info)$", "", line.split()[2]) for line in measured(daemon)[0].splitlines() if "# TYPE" in line
    }

    def family(name: str) -> str:
        return re.sub(r"_(total|info|bucket|count|sum)$", "", name)

    dashboard = json.loads((TREE / "docs/grafana/glassd.json").read_text("utf-8"))
    drawn = {
        family(name)
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
        for name in re.findall(r"\b(?:glassd|process)_\w+", target["expr"])
    }
    assert len(drawn) > 10
    assert drawn <= families
    guide = (TREE / "docs/metrics.md").read_text("utf-8")
    told = {family(name) for name in re.findall(r"`((?:glassd|process)_\w+)", guide)}
    assert told >= {name for name in families if name.startswith("glassd_")}
    assert told <= families


def record(url: str = "https://one.example/v1", **more: Any) -> AskRecord:
    facts: dict[str, Any] = {"times": {"gesture": 0.02, "done": 3.0}} | more
    return AskRecord("button-1", Origin.BUTTON, OutcomeKind.FINISHED, None, url, None, **facts)


def test_a_time_is_counted_where_it_belongs() -> None:
    histogram = Histogram()
    for seconds in (0.0, 0.01, 0.0100001, 60.0, 61.0):
        histogram.add(seconds)
    assert histogram.counts == [2, 1, *[0] * (len(BUCKETS_S) - 3), 1, 1]
    assert histogram.sum_s == pytest.approx(121.0200001)


def test_an_ask_that_was_refused_is_counted_and_took_no_time() -> None:
    meter = Meter()
    problem = Problem(Code.BUSY, "busy")
    refused = AskRecord("x", Origin.API, OutcomeKind.FAILED, problem, "", None, {"done": 0.0})
    meter.ended(refused)
    assert meter.asks == {("api", "failed", "busy", ""): 1}
    assert meter.stages == {}


def test_lanes_are_measured_apart_and_what_servers_report_is_summed() -> None:
    meter = Meter()
    meter.ended(record(cost=Amounts(tokens=10, money=0.5)))
    meter.ended(AskRecord("gateway-1", Origin.GATEWAY, OutcomeKind.FINISHED, None, "", None, {"gesture": 0.0}))
    meter.ended(record(cost=Amounts(tokens=5, money=0.25)))
    assert (meter.tokens, meter.money) == (15, 0.75)
    assert {key: sum(each.counts) for key, each in meter.stages.items()} == {
        ("wearer", "gesture"): 2,
        ("wearer", "done"): 2,
        ("gateway", "gesture"): 1,
    }


def test_however_many_endpoints_a_board_has_had_the_labels_are_bounded() -> None:
    meter = Meter()
    for number in range(ENDPOINTS_LIMIT * 3):
        meter.ended(record(f"https://{number}.example/v1"))
        meter.requested(f"https://{number}.example/v1", again=False)
        meter.failed(f"https://{number}.example/v1", Code.DNS)
    for counts in (meter.asks, meter.requests, meter.failures):
        assert len(counts) == ENDPOINTS_LIMIT + 1
    assert meter.requests[OTHERS] == ENDPOINTS_LIMIT * 2


def test_a_device_is_lost_once_for_each_time_that_it_was_ready() -> None:
    meter = Meter()
    meter.device("camera", ready=False, lost=True)  # it was never there
    for _ in range(2):
        meter.device("camera", ready=True, lost=False)
        meter.device("camera", ready=False, lost=True)
        meter.device("camera", ready=False, lost=False)
        meter.device("camera", ready=False, lost=True)
    meter.device("camera", ready=True, lost=False)
    meter.device("camera", ready=False, lost=False)  # closed: somebody wanted that
    assert meter.losses == {"camera": 2}
