"""`glassd history` and the API behind it: at the running daemon, and in the file that it left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from keeping import all_bytes, is_whole, query
from running import photographs

from glassd.cli import main
from glassd.journal import FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Daemon, ModelServer

CONFIG = """
language: en
model: {{endpoints: [{{url: "{url}", vision: some-model}}]}}
camera: {{driver: clip, path: "{pictures}", fps: 10}}
journal: {{keep: text, pictures: 1h}}
triggers:
  - {{when: main press, ask: "这是什么?"}}
  - {{when: main double, ask: "What is this?"}}
"""


class Asked:
    """A daemon that has answered."""

    def __init__(self, daemon: Daemon, model: ModelServer) -> None:
        self.daemon = daemon
        self._model = model

    def ask(self, answer: str, gesture: str = "press") -> str:
        """Press, let the model answer, and return the ask's id."""
        with self.daemon.events() as events:
            self._model.answer_next(answer)
            self.daemon.glassd("press", "main", gesture)
            event = events.until(event="ask")
        assert event["outcome"] == "finished", event
        return str(event["id"])

    def history(self, *arguments: str, status: int = 0) -> str:
        return self.daemon.glassd("history", *arguments, status=status).stdout


@pytest.fixture
def asked(tmp_path: Path, start: Callable[..., Daemon], model: ModelServer) -> Asked:
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    daemon = start(CONFIG.format(url=model.url, pictures=pictures))
    daemon.camera_ready()
    return Asked(daemon, model)


def asks(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_an_answer_that_is_kept_can_be_looked_at_as_the_wearer_saw_it(asked: Asked, tmp_path: Path) -> None:
    asked.ask("一支火箭。\n\nA *rocket*.")
    text, kept, typed = tmp_path / "answer.txt", tmp_path / "kept.png", tmp_path / "typed.png"
    text.write_text("一支火箭。\n\nA *rocket*.", "utf-8")
    assert asked.daemon.glassd("preview", "--ask", "1", "-o", str(kept)).stdout.endswith("page 1 of 1\n")
    asked.daemon.glassd("preview", "--text", str(text), "-o", str(typed))
    assert kept.read_bytes() == typed.read_bytes()
    refused = asked.daemon.glassd("preview", "--ask", "3", "-o", str(kept), status=2).stderr
    assert refused == "glassd preview: nothing is kept of an ask 3; `glassd history` lists them\n"


def test_what_was_asked_is_listed_shown_and_found(asked: Asked) -> None:
    first = asked.ask("一支火箭。")
    second = asked.ask("A rocket.", "double")
    newest, oldest = asks(asked.history("--json"))
    assert (newest["id"], newest["prompt"], newest["answer"]) == (second, "What is this?", "A rocket.")
    assert (oldest["id"], oldest["prompt"], oldest["answer"]) == (first, "这是什么?", "一支火箭。")
    assert (oldest["trigger"], oldest["outcome"], oldest["pictures"]) == ("main press", "finished", 1)
    assert {"frame", "sent", "first_delta", "done"} <= set(oldest["times_s"])

    [line] = asked.history("search", "火箭").splitlines()
    assert line.split("  ")[0] == "1"
    assert line.endswith("这是什么? → 一支火箭。")
    assert asks(asked.history("search", "ROCKET", "--json")) == [newest]

    shown = asked.history("show", first)
    assert shown == asked.history("show", "1")
    for word in ("main press", "some-model", "press", "request sent", "first word", "done", "这是什么?", "一支火箭。"):
        assert word in shown
    assert "nothing is kept of an ask 3" in asked.daemon.glassd("history", "show", "3", status=1).stderr


def test_the_picture_that_is_kept_is_the_cameras(asked: Asked, tmp_path: Path) -> None:
    asked.ask("一支火箭。")
    written = asked.history("show", "1", "--pictures", str(tmp_path / "shown")).splitlines()[-1]
    file = tmp_path / "shown/1-1.jpg"
    assert written == f"{file}: image/jpeg, {file.stat().st_size} bytes"
    assert file.read_bytes() == (tmp_path / "pictures/rocket.jpg").read_bytes()


def test_an_export_is_whole_and_leaves_a_line(asked: Asked, tmp_path: Path) -> None:
    long = "火箭" * 1000
    asked.ask(long)
    asked.ask("```\n# no heading\n```", "double")
    first, second = asks(asked.history("export"))
    assert (first["answer"], second["answer"]) == (long, "```\n# no heading\n```")
    page = tmp_path / "history.md"
    assert asked.history("export", "--format", "md", "-o", str(page)) == f"{page}: 2 asks\n"
    text = page.read_text(encoding="utf-8")
    assert "````text\n```\n# no heading\n```\n````" in text, "its words do not leave their fence"
    audit = asked.history("audit").splitlines()
    assert [line.split("  ")[1:] for line in audit] == [["export", "2 asks", "user 0"]] * 2


def test_what_is_deleted_is_in_none_of_the_files_any_more(asked: Asked, tmp_path: Path) -> None:
    asked.ask("一支火箭。")
    asked.ask("A rocket.", "double")
    state = tmp_path / "state"
    picture = (tmp_path / "pictures/rocket.jpg").read_bytes()[2000:3000]
    asked.history()  # so that all is written
    assert "一支火箭。".encode() in all_bytes(state)
    assert picture in all_bytes(state)
    assert asked.history("delete", "1") == "1 ask deleted\n"
    assert "一支火箭。".encode() not in all_bytes(state)
    assert b"A rocket." in all_bytes(state)
    assert asked.history("delete", "1", status=1) == "0 asks deleted\n"
    refused = asked.daemon.glassd("history", "forget", status=2)
    assert "--yes" in refused.stderr, "nobody is there to be asked"
    assert asked.history("forget", "--yes") == "1 ask deleted\n"
    assert b"A rocket." not in all_bytes(state)
    assert picture not in all_bytes(state)
    assert [line.split("  ")[1:3] for line in asked.history("audit").splitlines()] == [
        ["forget", "1 ask"],
        ["delete", "0 asks"],
        ["delete", "1 ask"],
    ]
    assert is_whole(state)


def test_a_new_wearer_sees_nothing_of_the_one_before(asked: Asked) -> None:
    asked.ask("一支火箭。")
    asked.daemon.glassd("do", "new wearer")
    asked.ask("A rocket.", "double")
    [mine] = asks(asked.history("--json"))
    assert mine["answer"] == "A rocket."
    assert len(asks(asked.history("--all", "--json"))) == 2
    assert asked.history("search", "火箭") == ""
    assert "火箭" in asked.history("search", "火箭", "--all")
    asked.daemon.glassd("history", "show", "1", status=1)
    assert "火箭" in asked.history("show", "1", "--all")
    assert asked.history("delete", "1", status=1) == "0 asks deleted\n"
    assert len(asks(asked.history("export"))) == 1
    assert asked.history("forget", "--yes") == "1 ask deleted\n"
    assert asked.history("forget", "--yes", "--all") == "1 ask deleted\n"


def test_where_no_daemon_runs_the_file_that_it_left_is_read(asked: Asked, tmp_path: Path) -> None:
    asked.ask("一支火箭。")
    asked.ask("A rocket.", "double")
    listed, shown, exported = asked.history(), asked.history("show", "1"), asked.history("export")
    assert asked.daemon.stop() == 0
    assert asked.history() == listed
    assert asked.history("show", "1") == shown
    assert asked.history("export") == exported
    assert asked.history("search", "火箭").endswith("一支火箭。\n")
    assert asked.history("show", "1", "--pictures", str(tmp_path / "shown")).splitlines()[-1].endswith("bytes")
    assert asked.history("delete", "1") == "1 ask deleted\n"
    assert "一支火箭。".encode() not in all_bytes(tmp_path / "state")
    assert asked.history("forget", "--yes", "--all") == "1 ask deleted\n"
    assert asked.history("audit").splitlines()[0].endswith("user 0, no daemon running")
    assert is_whole(tmp_path / "state")


def test_where_there_is_neither_daemon_nor_file_it_says_so(asked: Asked, tmp_path: Path) -> None:
    assert asked.daemon.stop() == 0
    (tmp_path / "state" / FILE).unlink(missing_ok=True)
    said = asked.daemon.glassd("history", status=5).stderr
    assert "no glassd is running" in said
    assert "no journal" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("option", [["--limit", "0"], ["--limit", "501"], ["--since", "yesterday"], ["search", " "]])
def test_what_cannot_be_meant_is_refused_before_anything_is_read(option: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["history", *option])
    assert exit_.value.code == 2


# -- the API -----------------------------------------------------------------------------------------------------------


WRONG: list[tuple[str, Any, int]] = [
    ("/api/history?limit=0", None, 400),
    ("/api/history?limit=many", None, 400),
    ("/api/history?nonsense=1", None, 400),
    ("/api/history?text=" + "x" * 1001, None, 400),
    ("/api/history/press-99", None, 404),
    ("/api/history/99999999999999999999999", None, 404),
    ("/api/history/1/pictures/9", None, 404),
    ("/api/history/1/pictures/../../..", None, 404),
    ("/api/history/delete", {"asks": ["1; DROP TABLE asks"]}, 400),
    ("/api/history/delete", {"asks": [1] * 10_001}, 400),
    ("/api/history/delete", {}, 400),
    ("/api/history/export", {"limit": 3}, 400),
    ("/api/history/forget", {"everything": True}, 400),
]


def test_a_wrong_request_is_told_what_is_wrong(asked: Asked, tmp_path: Path) -> None:
    asked.ask("一支火箭。")
    for path, body, status in WRONG:
        got, answer = asked.daemon.get(path, body=body)
        assert got == status, (path, answer)
        assert json.loads(answer)["error"]["message"]
    asked.history()
    assert query(tmp_path / "state", "SELECT count(*) FROM asks") == [(1,)]


def test_the_api_pages_through_what_is_kept(asked: Asked) -> None:
    for number in range(5):
        asked.ask(f"answer {number}")
    status, body = asked.daemon.get("/api/history?limit=2&before=4")
    assert status == 200
    assert [ask["number"] for ask in json.loads(body)["asks"]] == [3, 2]
    status, body = asked.daemon.get("/api/history?since=4000000000")
    assert json.loads(body) == {"asks": []}
    longest = quote("🚀" * 1000)  # twelve bytes each, on the request's line
    assert asked.daemon.get(f"/api/history?text={longest}") == (200, b'{"asks":[]}')
