"""The settings over the API of a running daemon: what is typed, checked, applied and taken back."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Daemon, ModelServer

CONFIG = """
language: en
model:
  endpoints:
    - {{url: "{url}", vision: some-model, key: some}}
    - {{url: reader}}
displays: [{{driver: terminal, plain: always, profile: glass3}}]
triggers: [{{when: main press, ask: "What is this?"}}]
follow_up: {{turns: 3}}
"""


@pytest.fixture
def daemon(start: Callable[..., Daemon], model: ModelServer) -> Daemon:
    return start(CONFIG.format(url=model.url), SOME_API_KEY="k")


def settings(daemon: Daemon) -> dict[str, Any]:
    status, body = daemon.get("/api/settings")
    assert status == 200
    told: dict[str, Any] = json.loads(body)
    return told


def posted(daemon: Daemon, where: str, /, **body: Any) -> tuple[int, dict[str, Any]]:
    status, answer = daemon.get(f"/api/settings{where}", body=body)
    return status, json.loads(answer)


def applied(daemon: Daemon, *swaps: tuple[str, str]) -> dict[str, Any]:
    """Apply the settings as they stand with some words swapped for others."""
    told = settings(daemon)
    text = told["text"]
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new)
    status, answer = posted(daemon, "", text=text, version=told["version"])
    assert status == 200, answer
    return answer


def edits(daemon: Daemon) -> Path:
    return daemon.folder / "state" / "settings.yaml"


def test_what_is_typed_is_kept_in_the_state_folder_and_in_force_at_once(daemon: Daemon, model: ModelServer) -> None:
    before = daemon.config.read_bytes()
    answer = applied(daemon, ('ask: "What is this?"', "ask: What colour is it"), ("turns: 3", "turns: 5"))
    assert answer["changed"] == ["triggers", "follow_up"]
    assert daemon.config.read_bytes() == before
    assert stat.S_IMODE(edits(daemon).stat().st_mode) == 0o640
    assert "endpoints" not in edits(daemon).read_text()
    daemon.glassd("press", "main")
    _, body = model.request()
    assert "What colour is it" in json.dumps(body)
    told = settings(daemon)
    assert [change["path"] for change in told["edits"]] == [["triggers"], ["follow_up", "turns"]]
    line = told["text"].splitlines().index("  turns: 5")
    assert told["lines"][line] == {"path": "follow_up.turns", "origin": "page", "read_only": None}


def test_each_line_says_where_it_is_from_and_why_it_is_not_for_the_page(daemon: Daemon) -> None:
    told = settings(daemon)
    lines = dict(zip(told["text"].splitlines(), told["lines"], strict=True))
    assert lines["      key: some"]["read_only"] == "key"
    assert lines["      vision: some-model"] == {
        "path": "model.endpoints.0.vision",
        "origin": f"{daemon.config}:5",
        "read_only": None,
    }
    assert lines["  - driver: terminal"]["read_only"] == "driver"
    assert set(told["reasons"]) >= {line["read_only"] for line in told["lines"] if line["read_only"]}
    assert told["help"]["follow_up.turns"]["text"].startswith("How many earlier questions")
    assert told["help"]["displays.0.plain"] == {
        "text": "`auto` draws a box in a terminal with room for it, and writes plain lines elsewhere.",
        "read_only": None,
    }


def test_a_check_marks_each_mistake_at_its_line_and_changes_nothing(daemon: Daemon) -> None:
    text = settings(daemon)["text"]
    status, found = posted(daemon, "/check", text=text.replace("turns: 3", "turns: many"))
    assert status == 200
    line = text.splitlines().index("  turns: 3") + 1
    [mistake] = found["mistakes"]
    assert (mistake["line"], mistake["column"], mistake["path"]) == (line, 10, "follow_up.turns")
    status, found = posted(daemon, "/check", text=text.replace("turns: 3", "turns: 4"))
    assert (found["mistakes"], found["changes"]) == ([], [{"path": ["follow_up", "turns"], "before": 3, "after": 4}])
    assert settings(daemon)["text"] == text
    assert not edits(daemon).exists()


def test_mistakes_are_not_applied(daemon: Daemon) -> None:
    told = settings(daemon)
    text = told["text"].replace("turns: 3", "turns: many").replace("driver: terminal", "driver: command")
    status, answer = posted(daemon, "", text=text, version=told["version"])
    assert status == 422
    assert any("follow_up.turns" in line for line in answer["error"]["details"])
    assert any("displays.0.driver: expected terminal as it stands" in line for line in answer["error"]["details"])
    assert settings(daemon) == told


def test_two_pages_do_not_overwrite_each_other(daemon: Daemon) -> None:
    old = settings(daemon)
    applied(daemon, ("turns: 3", "turns: 4"))
    status, answer = posted(daemon, "", text=old["text"], version=old["version"])
    assert status == 409
    assert "somebody else" in answer["error"]["message"]
    assert posted(daemon, "/reset", version=old["version"])[0] == 409
    assert "turns: 4" in settings(daemon)["text"]


def test_a_change_of_the_file_below_counts_as_somebody_elses(daemon: Daemon) -> None:
    old = settings(daemon)
    daemon.config.write_text(daemon.config.read_text().replace("turns: 3", "turns: 9"))
    assert posted(daemon, "", text=old["text"], version=old["version"])[0] == 409


def test_one_edit_is_taken_back_or_all(daemon: Daemon) -> None:
    applied(daemon, ("turns: 3", "turns: 4"), ("language: en", "language: zh"))
    told = settings(daemon)
    status, answer = posted(daemon, "/reset", version=told["version"], path=["follow_up", "turns"])
    assert (status, answer["changed"]) == (200, ["follow_up"])
    told = settings(daemon)
    assert [change["path"] for change in told["edits"]] == [["language"]]
    assert posted(daemon, "/reset", version=told["version"], path=["camera"])[0] == 404
    assert posted(daemon, "/reset", version=told["version"])[0] == 200
    assert not edits(daemon).exists()
    assert settings(daemon)["edits"] == []


def test_a_key_that_is_taken_out_is_out_though_the_file_below_has_it(daemon: Daemon) -> None:
    applied(daemon, ("follow_up:\n  turns: 3\n", ""))
    told = settings(daemon)
    assert "follow_up: null" in told["text"]
    assert told["edits"] == [{"path": ["follow_up"], "before": {"turns": 3}, "after": None}]


def test_edits_outlive_a_restart(start: Callable[..., Daemon], model: ModelServer) -> None:
    config = CONFIG.format(url=model.url)
    daemon = start(config, SOME_API_KEY="k")
    applied(daemon, ("turns: 3", "turns: 4"))
    assert daemon.stop() == 0
    again = start(config, SOME_API_KEY="k")
    assert "turns: 4" in settings(again)["text"]


@pytest.mark.parametrize(
    "broken",
    [
        "follow_up: {turns: many}",
        "\tnonsense: [",
        "displays: [{driver: command, run: [/bin/true]}]",
        "api: {listen: '0.0.0.0:1', open: true}",
        "model: {endpoints: [{url: 'https://elsewhere.example/v1', vision: m, key: some}]}",
    ],
)
def test_edits_that_do_not_fit_never_keep_the_daemon_from_starting(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer, broken: str
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state/settings.yaml").write_text(f"{broken}\nlanguage: zh\n")
    daemon = start(CONFIG.format(url=model.url), SOME_API_KEY="k")
    trouble = json.loads(daemon.get("/api/status")[1])["settings"]["trouble"]
    assert trouble.startswith("the changes made on the page are not in force")
    daemon.log.until("the changes made on the page are not in force")
    told = settings(daemon)
    assert told["trouble"] == trouble
    assert "language: en" in told["text"]
    applied(daemon, ("turns: 3", "turns: 4"))
    assert settings(daemon)["trouble"] == ""


def test_a_reload_that_fails_leaves_all_as_it_was(daemon: Daemon) -> None:
    applied(daemon, ("turns: 3", "turns: 4"))
    told, kept = settings(daemon), edits(daemon).read_bytes()
    (daemon.config.parent / "conf.d").mkdir()
    (daemon.config.parent / "conf.d/broken.yaml").write_text("log: {level: info, level: debug}\n")
    text = told["text"].replace("turns: 4", "turns: 5")
    now = settings(daemon)["version"]
    status, answer = posted(daemon, "", text=text, version=now)
    assert status == 422
    assert "log.level" in "".join(answer["error"]["details"])
    assert edits(daemon).read_bytes() == kept
    assert json.loads(daemon.get("/api/status")[1])["settings"]["trouble"] == ""


def test_a_disk_that_takes_nothing_is_told_as_it_is(daemon: Daemon) -> None:
    told = settings(daemon)
    state = daemon.folder / "state"
    state.rename(daemon.folder / "elsewhere")
    state.touch()  # nothing can be written into it, not even by root
    status, answer = posted(daemon, "", text=told["text"].replace("turns: 3", "turns: 4"), version=told["version"])
    assert status == 507
    assert "nothing was changed" in answer["error"]["message"]
    assert settings(daemon) == told


def test_an_endpoint_is_tested_with_a_picture_that_the_board_makes(daemon: Daemon, model: ModelServer) -> None:
    model.answer_next("red, green, blue")
    status, answer = posted(daemon, "/test-endpoint", endpoint=1)
    assert (status, answer["outcome"], answer["text"]) == (200, "finished", "red, green, blue")
    assert answer["timings"]["done"] >= answer["timings"]["first_delta"] > 0
    _, body = model.request()
    assert "data:image/" in json.dumps(body)
    assert json.loads(daemon.get("/api/status")[1])["budgets"]["hour"]["asks"]["spent"] == 1


def test_no_other_endpoint_stands_in_for_the_one_that_is_tested(daemon: Daemon, model: ModelServer) -> None:
    model.close()
    status, answer = posted(daemon, "/test-endpoint", endpoint=1)
    assert (status, answer["outcome"], answer["code"]) == (200, "failed", "connection_refused")
    assert all(len(lines) == 2 for lines in answer["lines"].values())
    status, answer = posted(daemon, "/test-endpoint", endpoint=2)
    assert (answer["outcome"], answer["on_board"]) == ("finished", True)
    assert posted(daemon, "/test-endpoint", endpoint=3)[0] == 400
    assert posted(daemon, "/test-endpoint", endpoint="nobody")[0] == 400


def test_a_check_without_a_name_has_the_edits_and_one_with_a_name_has_not(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    config = tmp_path / "glassd.yaml"
    daemon = start(CONFIG.format(url=model.url), SOME_API_KEY="k", GLASSD_CONFIG=str(config))
    applied(daemon, ("turns: 3", "turns: 4"))
    merged = daemon.glassd("check", "--merged").stdout
    [line] = [line for line in merged.splitlines() if "turns" in line]
    assert line.split() == ["turns:", "4", "#", f"{edits(daemon)}:4"]
    assert "turns: 3" in daemon.glassd("check", "--merged", str(config)).stdout
    edits(daemon).write_text("follow_up: {turns: many}\n")
    broken = daemon.glassd("check", "--merged")
    assert "turns: 3" in broken.stdout
    assert "the changes made on the page are not in force" in broken.stderr
