"""`glassd ask` as a process: its lines, its outcome, its exit status, whatever happens to it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from replay import Answer, Piece, Replay
from streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LIMIT_S = 20.0
"""How long a process may take to end: far more than it needs, and less than the test's own limit."""


@dataclass(frozen=True)
class Ended:
    """What a process left behind."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def outcome(self) -> dict[str, Any]:
        """Return the last line, and make sure that it is the only outcome."""
        *before, last = self.lines
        assert [line["event"] for line in before].count("outcome") == 0
        assert last["event"] == "outcome"
        assert last["text"] == "".join(line["text"] for line in before if line["event"] == "delta")
        return last


@asynccontextmanager
async def glassd(*arguments: str | Path, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "glassd", *map(str, arguments)]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=os.environ | environment
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def end(process: asyncio.subprocess.Process, already: bytes = b"") -> Ended:
    stdout, stderr = await asyncio.wait_for(process.communicate(), LIMIT_S)
    assert process.returncode is not None
    return Ended(process.returncode, already + stdout, stderr.decode())


async def glassd_ends(*arguments: str | Path, **environment: str) -> Ended:
    async with glassd(*arguments, **environment) as process:
        return await end(process)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "glassd.yaml"


def point(config: Path, url: str) -> Path:
    """Write a config that holds no more than `model:`."""
    config.write_text(f"model:\n  endpoints:\n    - url: {url}\n      vision: qwen-vl-plus\n      text: qwen-plus\n")
    return config


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.jpg"
    path.write_bytes(cv2.imencode(".jpg", np.full((48, 64, 3), 127, np.uint8))[1].tobytes())
    return path


@pytest.mark.parametrize("name", ["manual_streamed", "manual_as_printed", "manual_not_streamed"])
def test_gives_the_manuals_text_finish_reason_and_usage(name: str, config: Path) -> None:
    stream = STREAMS[name]

    async def main() -> None:
        answer = Answer(stream.body, content_type=stream.head.get("content_type", "text/event-stream"))
        async with Replay(answer) as server:
            ended = await glassd_ends("ask", "-c", point(config, server.url), "--direct", "--json", "你是谁?")
        assert (ended.status, ended.stderr) == (0, "")
        assert {key: ended.outcome[key] for key in stream.expected()} == stream.expected()
        assert (ended.outcome["error"], ended.outcome["endpoint"]) == (None, server.url)
        timings = ended.outcome["timings"]
        assert 0 <= timings["connected"] <= timings["sent"] <= timings["first_delta"] <= timings["done"]
        request = server.requests[0]
        assert request.path == "/v1/chat/completions"
        assert "authorization" not in request.headers
        assert request.json["model"] == "qwen-plus"
        assert request.json["messages"] == [{"role": "user", "content": "你是谁?"}]

    asyncio.run(main())


def test_sends_pictures_byte_for_byte_and_urls_as_they_are(config: Path, picture: Path) -> None:
    url = "https://dashscope.oss-cn-beijing.aliyuncs.com/images/dog_and_girl.jpeg"

    data = base64.b64encode(picture.read_bytes()).decode()

    async def main() -> None:
        async with Replay(Answer(STREAMS["manual_streamed"].body)) as server:
            point(config, f"{server.url}/chat/completions")
            ended = await glassd_ends(
                "ask", "-c", config, "--direct", "--json", "--image", picture, "--image", url, "这是什么"
            )
        assert ended.status == 0
        request = server.requests[0].json
        assert request["model"] == "qwen-vl-plus"
        first, second, text = request["messages"][0]["content"]
        assert first["image_url"]["url"] == f"data:image/jpeg;base64,{data}"
        assert second == {"type": "image_url", "image_url": {"url": url}}
        assert text == {"type": "text", "text": "这是什么"}

    asyncio.run(main())


def delta(text: str) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": {"content": text}}]}).encode() + b"\n\n"


@pytest.mark.parametrize("json_lines", [True, False])
def test_each_delta_is_out_before_the_next_one_comes(json_lines: bool, config: Path) -> None:
    async def main() -> None:
        seen = [asyncio.Event(), asyncio.Event()]
        body: list[Piece] = [delta("一\n"), seen[0], delta("二\n"), seen[1], b"data: [DONE]\n\n"]
        async with Replay(Answer(body)) as server:
            mode = ["--json"] if json_lines else []
            async with glassd("ask", "-c", point(config, server.url), "--direct", *mode, "?") as process:
                assert process.stdout is not None
                for word, event in zip("一二", seen, strict=True):
                    line = await asyncio.wait_for(process.stdout.readline(), LIMIT_S)
                    assert word in line.decode()
                    event.set()
                assert (await end(process)).status == 0

    asyncio.run(main())


BROKEN = {
    "empty.jpg": b"",
    "text.jpg": b"not a picture at all",
    "cut.jpg": cv2.imencode(".jpg", np.zeros((480, 640, 3), np.uint8))[1].tobytes()[:700],
    "small.png": cv2.imencode(".png", np.zeros((1, 1, 3), np.uint8))[1].tobytes(),
    "ten.png": cv2.imencode(".png", np.zeros((10, 100, 3), np.uint8))[1].tobytes(),
    "missing.jpg": None,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_picture_is_told_before_anything_is_sent(name: str, tmp_path: Path, config: Path) -> None:
    data = BROKEN[name]
    if data is not None:
        (tmp_path / name).write_bytes(data)

    async def main() -> None:
        async with Replay(Answer(b"")) as server:
            point(config, server.url)
            ended = await glassd_ends("ask", "-c", config, "--direct", "--json", "--image", tmp_path / name, "?")
        assert (ended.status, server.connections) == (5, 0)
        assert (ended.outcome["outcome"], ended.outcome["error"]["code"]) == ("failed", "picture_broken")
        assert name in ended.outcome["error"]["message"]

    asyncio.run(main())


def test_a_mistake_in_the_config_is_told_on_stderr_and_has_no_outcome(config: Path) -> None:
    config.write_text("model:\n  endpoint: x\n")
    ended = asyncio.run(glassd_ends("ask", "-c", config, "--direct", "--json", "?"))
    assert (ended.status, ended.stdout) == (2, b"")
    assert ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("name", "status"),
    [("cut_mid_event", 3), ("error_midstream_dashscope", 4), ("http401_dashscope_badkey", 5), ("openai_basic", 0)],
)
def test_the_exit_status_is_the_outcomes(name: str, status: int, config: Path) -> None:
    stream = STREAMS[name]

    async def main() -> None:
        answer = Answer(stream.body, stream.status, end="cut" if stream.head.get("lost") else "clean")
        async with Replay(answer) as server:
            ended = await glassd_ends("ask", "-c", point(config, server.url), "--direct", "?")
        assert ended.status == status
        assert ended.stdout.decode().strip() == stream.head.get("text", "").strip()
        assert len(ended.stderr.splitlines()) == (status != 0)

    asyncio.run(main())


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_closes_the_request_and_still_there_is_one_outcome(number: int, status: int, config: Path) -> None:
    async def main() -> None:
        async with Replay(Answer([delta("半")], end="stall")) as server:
            async with glassd("ask", "-c", point(config, server.url), "--direct", "--json", "?") as process:
                assert process.stdout is not None
                first = await asyncio.wait_for(process.stdout.readline(), LIMIT_S)
                process.send_signal(number)
                ended = await end(process, first)
            await asyncio.wait_for(server.left.wait(), LIMIT_S)
        assert ended.status == status
        outcome = ended.outcome
        assert (outcome["outcome"], outcome["text"], outcome["error"]["code"]) == ("cut_off", "半", "cancelled")
        assert outcome["endpoint"] == server.url
        assert ended.stderr == ""

    asyncio.run(main())


def test_an_endpoint_that_is_not_there_is_one_clear_line(config: Path) -> None:
    ended = asyncio.run(glassd_ends("ask", "-c", point(config, "http://127.0.0.1:9/v1"), "--direct", "?"))
    assert (ended.status, ended.stdout) == (5, b"")
    assert ended.stderr.startswith("glassd ask: connection_refused: 127.0.0.1:9: ")
    assert ended.stderr.count("\n") == 1


def test_what_a_terminal_would_obey_never_reaches_it(config: Path) -> None:
    evil = "a\x1b[2Jb\x9b31mc\x07d\n"

    async def main() -> None:
        async with Replay(Answer(delta(evil) + b"data: [DONE]\n\n")) as server:
            point(config, server.url)
            plain = await glassd_ends("ask", "-c", config, "--direct", "?")
            lines = await glassd_ends("ask", "-c", config, "--direct", "--json", "?")
        assert plain.stdout.decode() == "a[2Jb31mcd\n\n"
        assert not {code for code in lines.stdout.decode() if ord(code) in range(0x7F, 0xA0)} | {"\x1b"} & set(
            lines.stdout.decode()
        )
        assert lines.outcome["text"] == evil

    asyncio.run(main())


def test_no_character_of_an_answer_breaks_a_json_line_in_two(config: Path) -> None:
    text = "a\u2028b\u2029c\x85d\x1ee\u000bf"

    async def main() -> None:
        async with Replay(Answer(delta(text) + b"data: [DONE]\n\n")) as server:
            point(config, server.url)
            ended = await glassd_ends("ask", "-c", config, "--direct", "--json", "?")
        assert [json.loads(line)["text"] for line in ended.stdout.decode().splitlines()] == [text, text]

    asyncio.run(main())


def test_a_reader_that_leaves_ends_the_ask_quietly(config: Path) -> None:
    async def main() -> None:
        left = asyncio.Event()
        async with Replay(Answer([delta("a"), left, *[delta("b" * 1000)] * 200], end="stall")) as server:
            async with glassd("ask", "-c", point(config, server.url), "--direct", "--json", "?") as process:
                assert process.stdout is not None
                await asyncio.wait_for(process.stdout.readline(), LIMIT_S)
                transport = process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]  # no public way to close it
                transport.close()
                left.set()
                assert await asyncio.wait_for(process.wait(), LIMIT_S) == 1
                assert process.stderr is not None
                assert await process.stderr.read() == b""
            await asyncio.wait_for(server.left.wait(), LIMIT_S)

    asyncio.run(main())


# -- through the daemon

LINES = (
    b'{"event":"delta","text":"\xe4\xb8\x80"}\n'
    b'{"event":"outcome","outcome":"finished","text":"\xe4\xb8\x80","reasoning":"","refusal":"","finish_reason":"stop",'
    b'"usage":null,"error":null,"endpoint":"reader","model":"glassd-reader",'
    b'"timings":{"body":0.1,"connected":0.1,"sent":0.1,"first_delta":0.2,"done":0.3}}\n'
)


def test_without_direct_the_daemon_is_asked_and_its_lines_are_relayed(tmp_path: Path, picture: Path) -> None:
    path = str(tmp_path / "s")
    data = base64.b64encode(picture.read_bytes()).decode()

    async def main() -> None:
        async with Replay(Answer(LINES, content_type="application/x-ndjson"), path=path) as daemon:
            ended = await glassd_ends(
                "ask", "--json", "--image", picture, "--image", "http://x/y.png", "?", GLASSD_SOCKET=path
            )
            plain = await glassd_ends("ask", "--detail", "text", "?", GLASSD_SOCKET=path)
        assert (ended.status, [json.loads(line) for line in LINES.splitlines()]) == (0, ended.lines)
        assert (plain.status, plain.stdout.decode()) == (0, "一\n")
        assert daemon.requests[0].path == "/api/ask"
        pictures = [{"data": data}, {"url": "http://x/y.png"}]
        assert daemon.requests[0].json == {"prompt": "?", "pictures": pictures, "detail": "auto", "origin": "cli"}
        assert daemon.requests[1].json == {"prompt": "?", "pictures": [], "detail": "text", "origin": "cli"}

    asyncio.run(main())


def test_the_daemon_is_told_all_that_a_trigger_can_say(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    said = [
        "--frames",
        "3 over 2s",
        "--endpoint",
        "local",
        "--model",
        "vision",
        "--busy",
        "queue 2",
        "--alone",
        "--outbox",
    ]

    async def main() -> None:
        async with Replay(Answer(LINES, content_type="application/x-ndjson"), path=path) as daemon:
            await glassd_ends("ask", *said, "?", GLASSD_SOCKET=path)
        told: dict[str, Any] = {"frames": "3 over 2s", "endpoint": "local", "model": "vision", "busy": "queue 2"}
        told |= {"follow_up": False, "outbox": True}
        sent = daemon.requests[0].json
        assert {name: sent[name] for name in told} == told

    asyncio.run(main())


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (["--frames", "none"], "--frames is the daemon's business; ask without --direct"),
        (["--busy", "queue"], "--busy is the daemon's business; ask without --direct"),
        (["--alone"], "--alone is the daemon's business; ask without --direct"),
        (["--outbox"], "--outbox is the daemon's business; ask without --direct"),
        (["--endpoint", "locla"], "endpoint: expected the name of an endpoint, got 'locla'; did you mean local?"),
    ],
)
def test_what_an_ask_without_the_daemon_cannot_take_is_told_and_nothing_is_asked(
    option: list[str], told: str, tmp_path: Path
) -> None:
    config = tmp_path / "glassd.yaml"
    config.write_text("model: {endpoints: [{name: local, url: 'http://127.0.0.1:1/v1', text: t}]}\n")

    async def main() -> None:
        ended = await glassd_ends("ask", "-c", config, "--direct", "--json", *option, "?")
        assert (ended.status, ended.stdout, ended.stderr) == (2, b"", f"glassd ask: {told}\n")

    asyncio.run(main())


def test_an_ask_without_the_daemon_takes_the_endpoint_and_the_kind_of_model(tmp_path: Path) -> None:
    config = tmp_path / "glassd.yaml"

    async def main() -> None:
        good = Answer(STREAMS["manual_streamed"].body)
        async with Replay(good) as other, Replay(good) as server:
            first = f"{{name: first, url: '{other.url}', text: t}}"
            second = f"{{name: second, url: '{server.url}', vision: v, text: t}}"
            config.write_text(f"model: {{endpoints: [{first}, {second}]}}\n")
            ended = await glassd_ends(
                "ask", "-c", config, "--direct", "--json", "--endpoint", "second", "--model", "vision", "?"
            )
        assert (ended.outcome["endpoint"], ended.outcome["model"]) == (server.url, "v")
        assert other.requests == []

    asyncio.run(main())


@pytest.mark.parametrize(
    ("answer", "code", "kind", "status"),
    [
        (None, "daemon_down", "failed", 5),
        (Answer(b'{"error":{"message":"picture 1: no"}}', 400, "application/json"), "request_invalid", "failed", 5),
        (Answer(LINES[:33], end="cut"), "connection_lost", "cut_off", 3),
        (Answer(b"", end="reset"), "connection_lost", "failed", 5),
    ],
    ids=["not running", "refuses", "dies", "dies at once"],
)
def test_a_daemon_that_is_not_there_or_dies_is_an_outcome_too(
    answer: Answer | None, code: str, kind: str, status: int, tmp_path: Path
) -> None:
    path = str(tmp_path / "s")

    async def main() -> None:
        if answer is None:
            ended = await glassd_ends("ask", "--json", "?", GLASSD_SOCKET=path)
        else:
            async with Replay(answer, path=path):
                ended = await glassd_ends("ask", "--json", "?", GLASSD_SOCKET=path)
        assert (ended.status, ended.outcome["outcome"], ended.outcome["error"]["code"]) == (status, kind, code)
        assert ended.stderr == ""

    asyncio.run(main())
