"""The reader behind real HTTP on its unix socket: asked as any model is, it answers what is true."""

from __future__ import annotations

import asyncio
import base64
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import numpy as np
from drawn import HOLLOW, View, jpeg, png, seen

from glassd.demo.symbols import qr_code
from glassd.reader.server import serve
from virtual import run

if TYPE_CHECKING:
    import pytest

URL = "http://reader/v1/chat/completions"
QR = jpeg(seen(qr_code("扫我 https://glassd.example/42", 10), View(size_px=400, tilt=0.15)))


async def ask(path: str, content: Any, *, stream: bool = True) -> tuple[int, bytes]:
    request = {"model": "glassd-reader", "stream": stream, "messages": [{"role": "user", "content": content}]}
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session,
        session.post(URL, json=request) as response,
    ):
        return response.status, await response.read()


def asked(content: Any, *, stream: bool = True) -> tuple[int, bytes]:
    async def talk() -> tuple[int, bytes]:
        async with serve() as path:
            return await ask(path, content, stream=stream)

    return asyncio.run(talk())


def about(text: str, *pictures: bytes | str) -> list[dict[str, Any]]:
    urls = [
        picture if isinstance(picture, str) else f"data:image/png;base64,{base64.b64encode(picture).decode()}"
        for picture in pictures
    ]
    return [*({"type": "image_url", "image_url": {"url": url}} for url in urls), {"type": "text", "text": text}]


def test_an_answer_about_a_qr_code_grows_word_by_word_in_the_manuals_shapes() -> None:
    status, body = asked(about("这是什么", QR))
    assert status == 200
    *events, end, done, rest = body.decode().split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    names = ["id", "choices", "created", "model", "object", "service_tier", "system_fingerprint", "usage"]
    deltas = ["content", "function_call", "refusal", "role", "tool_calls"]
    assert all(list(chunk) == names for chunk in chunks)
    assert all(list(chunk["choices"][0]["delta"]) == deltas for chunk in chunks)
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    pieces = [chunk["choices"][0]["delta"]["content"] for chunk in chunks]
    text = "".join(pieces)
    assert "二维码：“扫我 https://glassd.example/42”。" in text
    assert len(pieces) > 20
    assert max(map(len, pieces)) <= 13
    last = json.loads(end.removeprefix("data: "))
    assert last["choices"] == []
    assert list(last["usage"].items())[:3] == [
        ("completion_tokens", len(text)),
        ("prompt_tokens", len("这是什么")),
        ("total_tokens", len(text) + len("这是什么")),
    ]


def test_a_whole_answer() -> None:
    status, body = asked(about("what is it?", QR), stream=False)
    answer = json.loads(body)
    assert (status, answer["model"], answer["choices"][0]["finish_reason"]) == (200, "glassd-reader", "stop")
    assert "QR code “扫我 https://glassd.example/42”." in answer["choices"][0]["message"]["content"]


def test_an_ask_without_a_picture() -> None:
    async def talk() -> tuple[int, bytes]:
        async with serve() as path:
            return await ask(path, "你是谁?", stream=False)

    status, body = run(talk())
    assert status == 200
    assert "识读器" in json.loads(body)["choices"][0]["message"]["content"]


def test_a_picture_by_url_is_not_fetched() -> None:
    async def talk() -> tuple[bytes, int]:
        visits = 0

        async def visited(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal visits
            visits += 1
            writer.close()

        async with await asyncio.start_server(visited, "127.0.0.1") as web, serve() as path:
            port = web.sockets[0].getsockname()[1]
            _, body = await ask(path, about("这是什么", f"http://127.0.0.1:{port}/a.jpg"), stream=False)
        return body, visits

    body, visits = run(talk())
    assert "只有网址，我不会去取" in json.loads(body)["choices"][0]["message"]["content"]
    assert visits == 0


def test_a_follow_up_is_about_the_picture_before_it() -> None:
    async def talk() -> dict[str, Any]:
        messages = [
            {"role": "user", "content": about("这是什么", QR)},
            {"role": "assistant", "content": "不知道"},
            {"role": "user", "content": "再看看"},
        ]
        async with (
            serve() as path,
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session,
            session.post(URL, json={"model": "glassd-reader", "messages": messages}) as response,
        ):
            return dict(await response.json())

    assert "glassd.example/42" in asyncio.run(talk())["choices"][0]["message"]["content"]


def test_a_picture_that_cannot_be_looked_at_fails_before_the_first_word() -> None:
    status, body = asked(about("看", HOLLOW))
    assert (status, json.loads(body)["error"]["code"]) == (400, "picture_broken")
    status, body = asked(about("看", png(np.zeros((5100, 5000), np.uint8))))
    assert (status, json.loads(body)["error"]["code"]) == (413, "picture_too_big")


def test_the_socket_has_no_name_that_a_stranger_could_open_or_a_killed_process_leave_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / ("a long name" * 10)  # no socket's path could be as long
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def check(path: Path) -> None:
        assert path.is_socket()
        assert not list(temporary.iterdir())

    async def talk() -> Path:
        async with serve() as path:
            check(Path(path))
        return Path(path)

    assert not run(talk()).exists()


def test_stopping_in_the_middle_of_an_answer_leaves_nothing_behind() -> None:
    async def talk() -> set[asyncio.Task[Any]]:
        async with serve() as path, aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session:
            request = {"model": "glassd-reader", "stream": True, "messages": [{"role": "user", "content": "x"}]}
            response = await session.post(URL, json=request)
            await response.content.readline()
            response.close()
        return asyncio.all_tasks()

    assert len(run(talk())) == 1
