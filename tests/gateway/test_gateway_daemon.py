"""The gateway of the whole daemon: an app on the glasses on one side, a model server on the other."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import os
import shlex
import shutil
import socket
import string
import subprocess
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import openai
import pytest
from openai import AsyncOpenAI
from running import LIMIT_S
from upstream import upstream

from manual import LINK_REQUEST, TEXT_REQUEST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from running import Daemon
    from upstream import Upstream

CONFIG = """
language: en
model:
  endpoints: [{{url: "{url}", vision: qwen-vl-plus, text: qwen-plus, key: cloud}}]
  instructions: "Be short."
gateway: {{listen: "{address}", token: glasses, models: {{gpt-4o-mini: qwen-vl-plus}}}}
displays: [{{driver: terminal, plain: always, profile: glass3}}]
triggers:
  - {{when: main press, ask: "Hello?"}}
"""
TOKEN = "made-up-t0ken"
KEY = "made-up-key"
JPEG = cv2.imencode(".jpg", np.full((40, 60, 3), 90, np.uint8))[1].tobytes()
DATA_URL = f"data:image/jpeg;base64,{base64.b64encode(JPEG).decode()}"
LINK = "https://dashscope.oss-cn-beijing.aliyuncs.com/images/dog_and_girl.jpeg"

HOST = "X" * 5
"""What the manual has in the place of a host."""
# The manual's commands, letter for letter.
CURL_TEXT = f"""curl -X POST https://{HOST}/v1/chat/completions \\
-H "Authorization: Bearer $DASHSCOPE_API_KEY" \\
-H "Content-Type: application/json" \\
-d '{TEXT_REQUEST}'"""
CURL_LINK = f"""curl -X POST https://{HOST}/v1/chat/completions \\
-H "Authorization: Bearer $DASHSCOPE_API_KEY" \\
-H 'Content-Type: application/json' \\
-d '{LINK_REQUEST}'"""


class Board:
    """A daemon with a gateway, its model server, and an app's client."""

    def __init__(self, daemon: Daemon, upstream: Upstream, address: str, client: AsyncOpenAI) -> None:
        self.daemon = daemon
        self.upstream = upstream
        self.address = address
        self.client = client

    def ask(self, content: Any, model: str = "qwen-plus", **more: Any) -> asyncio.Task[Any]:
        body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": content}], **more}
        return asyncio.create_task(self.client.chat.completions.create(**body))

    async def api(self, path: str, body: Any = None) -> Any:
        """What the daemon's API gives, as JSON."""
        status, answer = await asyncio.to_thread(self.daemon.get, path, None, body)
        assert status == 200
        return json.loads(answer)

    async def one_waits(self) -> None:
        """Wait until one ask of an app's stands in the line."""
        while (await self.api("/api/status"))["gateway"]["waiting"] != 1:
            """The caller's limit is this one's."""


def on_board(start: Callable[..., Daemon], talk: Callable[[Board], Coroutine[Any, Any, None]]) -> Daemon:
    """Run a test beside a daemon, see that nothing of it was written down, and return the daemon, stopped."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"

    async def run() -> Daemon:
        async with upstream() as found:
            config = CONFIG.format(url=found.url, address=address)
            daemon = await asyncio.to_thread(start, config, GLASSD_KEY_CLOUD=KEY, GLASSD_KEY_GLASSES=TOKEN)
            base = f"http://{address}/v1"
            async with AsyncOpenAI(base_url=base, api_key=TOKEN, max_retries=0, timeout=LIMIT_S) as client:
                await asyncio.wait_for(talk(Board(daemon, found, address, client)), 50)
            assert await asyncio.to_thread(daemon.stop) == 0
            return daemon

    daemon = asyncio.run(run())
    assert not any(word in line for line in daemon.log.all for word in (TOKEN, KEY, "secret"))
    return daemon


async def text_of(stream: AsyncIterator[Any]) -> str:
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])


def test_a_streamed_answer_about_pictures_comes_word_by_word(start: Callable[..., Daemon]) -> None:
    async def talk(board: Board) -> None:
        parts = [
            {"type": "image_url", "image_url": {"url": DATA_URL}},
            {"type": "image_url", "image_url": {"url": LINK}},
            {"type": "text", "text": "a secret question"},
        ]
        asked = board.ask(parts, "gpt-4o-mini", stream=True, temperature=0.5, extra_body={"enable_thinking": True})
        call = await board.upstream.call()
        assert call.headers["authorization"] == f"Bearer {KEY}"
        assert (call.body["model"], call.body["temperature"]) == ("qwen-vl-plus", 0.5)
        assert "enable_thinking" not in call.body
        system, turn = call.body["messages"]
        assert system == {"role": "system", "content": "Be short."}
        assert [part.get("image_url", {}).get("url") for part in turn["content"]] == [DATA_URL, LINK, None]
        await call.begin()
        await call.say("a ")
        stream = await asked
        assert (await anext(stream)).model == "gpt-4o-mini"
        assert (await anext(stream)).choices[0].delta.content == "a "
        for word in ("secret ", "answer"):
            await call.say(word)
            assert (await anext(stream)).choices[0].delta.content == word
        await call.finish()
        *_, last = [chunk async for chunk in stream]
        assert (last.choices, last.usage.total_tokens) == ([], 0)
        status = await board.api("/api/status")
        assert (status["last_ask"]["origin"], status["last_ask"]["outcome"]) == ("gateway", "finished")

    on_board(start, talk)


def test_a_whole_answer_and_the_names_of_the_models(start: Callable[..., Daemon]) -> None:
    async def talk(board: Board) -> None:
        asked = board.ask("a secret question", "glassd")
        call = await board.upstream.call()
        assert call.body["model"] == "qwen-plus"
        await call.answer("an answer")
        assert (await asked).choices[0].message.content == "an answer"
        names = [model.id for model in (await board.client.models.list()).data]
        assert sorted(names) == ["glassd", "gpt-4o-mini", "qwen-plus", "qwen-vl-plus"]

    on_board(start, talk)


@pytest.mark.parametrize(("command", "answer"), [(CURL_TEXT, "我是通义千问"), (CURL_LINK, "一只狗")])
def test_the_manuals_curl_commands(command: str, answer: str, start: Callable[..., Daemon]) -> None:
    async def talk(board: Board) -> None:
        done = asyncio.create_task(asyncio.to_thread(curl, command, board.address))
        call = await board.upstream.call()
        await call.answer(answer)
        body = json.loads(await done)
        assert list(body) == ["choices", "object", "usage", "created", "system_fingerprint", "model", "id"]
        assert body["choices"] == [
            {
                "message": {"role": "assistant", "content": answer},
                "finish_reason": "stop",
                "index": 0,
                "logprobs": None,
            }
        ]
        assert body["model"] == call.body["model"]
        content = call.body["messages"][-1]["content"]
        assert content == json.loads(LINK_REQUEST if command is CURL_LINK else TEXT_REQUEST)["messages"][-1]["content"]

    on_board(start, talk)


def test_while_paused_an_app_is_told_so(start: Callable[..., Daemon]) -> None:
    async def talk(board: Board) -> None:
        under_way = board.ask("one", stream=True)
        call = await board.upstream.call()
        await call.begin()
        await call.say("half")
        stream = await under_way
        await board.api("/api/do", {"command": "pause"})
        await asyncio.wait_for(call.gone.wait(), LIMIT_S)
        with pytest.raises(openai.APIError) as cut:
            await text_of(stream)
        assert cut.value.code == "paused"
        for streamed in (False, True):
            with pytest.raises(openai.InternalServerError) as refused:
                await board.ask("two", stream=streamed)
            assert (refused.value.status_code, refused.value.code) == (503, "paused")
        await board.api("/api/do", {"command": "unpause"})
        again = board.ask("three")
        await (await board.upstream.call()).answer("ok")
        assert (await again).choices[0].message.content == "ok"
        assert board.upstream.calls.empty()

    on_board(start, talk)


def test_the_wearer_goes_first(start: Callable[..., Daemon]) -> None:
    async def talk(board: Board) -> None:
        await board.api("/api/press", {"button": "main"})
        wearers = await board.upstream.call()
        assert wearers.body["messages"][-1]["content"] == "Hello?"
        apps = board.ask("from an app")
        await board.one_waits()
        assert board.upstream.calls.empty()
        await wearers.answer("Hi.")
        call = await board.upstream.call()
        assert call.body["messages"][-1]["content"] == "from an app"
        await call.answer("ok")
        await apps
        await asyncio.to_thread(board.daemon.shown.until, "Hi.")

    daemon = on_board(start, talk)
    assert not any("ok" in line for line in daemon.shown.all)


def test_two_at_once_and_a_third_that_waits(start: Callable[..., Daemon]) -> None:
    async def talk(board: Board) -> None:
        asked = [board.ask(str(number)) for number in range(2)]
        first, second = [await board.upstream.call() for _ in range(2)]
        asked.append(board.ask("third"))
        await board.one_waits()
        assert board.upstream.calls.empty()
        await second.answer("ok")
        third = await board.upstream.call()
        assert third.body["messages"][-1]["content"] == "third"
        for call in (first, third):
            await call.answer("ok")
        assert [(await task).choices[0].message.content for task in asked] == ["ok"] * 3

    on_board(start, talk)


def test_an_app_that_hangs_up_takes_its_request_back(start: Callable[..., Daemon]) -> None:
    async def talk(board: Board) -> None:
        for streamed in (False, True):
            asked = board.ask("one", stream=streamed)
            call = await board.upstream.call()
            asked.cancel()
            await asyncio.wait_for(call.gone.wait(), LIMIT_S)
            with pytest.raises(asyncio.CancelledError):
                await asked

    on_board(start, talk)


def test_an_upstream_that_breaks_before_the_first_word_has_a_status(start: Callable[..., Daemon]) -> None:
    async def talk(board: Board) -> None:
        for streamed in (False, True):
            asked = board.ask("one", stream=streamed)
            call = await board.upstream.call()
            await call.refuse(400, {"message": "no", "code": "data_inspection_failed", "type": "x", "param": None})
            with pytest.raises(openai.BadRequestError) as refused:
                await asked
            assert refused.value.code == "moderated"

    on_board(start, talk)


def test_an_upstream_that_breaks_after_the_first_word_is_no_answer(start: Callable[..., Daemon]) -> None:
    async def talk(board: Board) -> None:
        for streamed in (False, True):
            asked = board.ask("one", stream=streamed)
            call = await board.upstream.call()
            await call.begin()
            await call.say("half")
            if streamed:
                stream = await asked
                assert [(await anext(stream)).choices[0].delta.content for _ in range(2)] == ["", "half"]
            call.hang_up()
            with pytest.raises(openai.APIError) as broken:
                await (text_of(stream) if streamed else asked)
            assert broken.value.code == "connection_lost"

    on_board(start, talk)


def test_a_stop_ends_every_answer_in_an_error(start: Callable[..., Daemon]) -> None:
    async def talk(board: Board) -> None:
        begun = board.ask("one", stream=True)
        call = await board.upstream.call()
        await call.begin()
        await call.say("half")
        stream = await begun
        silent = board.ask("two")
        await board.upstream.call()
        waits = board.ask("three")
        await board.one_waits()
        assert await asyncio.to_thread(board.daemon.stop) == 0
        with pytest.raises(openai.APIError) as cut:
            await text_of(stream)
        assert cut.value.code == "stopping"
        for asked in (silent, waits):
            with pytest.raises(openai.InternalServerError) as refused:
                await asked
            assert (refused.value.status_code, refused.value.code) == (503, "stopping")

    on_board(start, talk)


def test_a_wrong_key_gets_nothing(start: Callable[..., Daemon]) -> None:
    async def talk(board: Board) -> None:
        stranger = board.client.with_options(api_key=f"{TOKEN}x")
        with pytest.raises(openai.AuthenticationError) as refused:
            await stranger.models.list()
        assert refused.value.code == "invalid_api_key"

    on_board(start, talk)


# -- starting ----------------------------------------------------------------------------------------------------------


def refused_start(start: Callable[..., Daemon], gateway: str, **environment: str) -> str:
    text = f"model: {{endpoints: [{{url: 'http://127.0.0.1:9/v1', text: t}}]}}\ngateway: {gateway}\n"
    daemon = start(text, ready=False, **environment)
    assert daemon.wait() == 1
    return daemon.log.all[-1]


def test_an_address_that_is_taken_does_not_keep_the_wearer_waiting(start: Callable[..., Daemon]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        daemon = start(CONFIG.format(url="http://127.0.0.1:9/v1", address=address), GLASSD_KEY_GLASSES=TOKEN)
        daemon.log.until(f"gateway.listen {address}: Address already in use: tried again every 5 s")
        assert f"gateway at {address}: no address yet" in daemon.glassd("status").stdout
        taken.close()
        daemon.log.until(f"the gateway listens at {address}")
        assert f"gateway at {address}: 0 under way, 0 waiting" in daemon.glassd("status").stdout
        assert daemon.stop() == 0


def test_a_token_that_is_nowhere_is_said_in_one_line(start: Callable[..., Daemon]) -> None:
    assert "gateway.token: " in refused_start(start, '{listen: "0.0.0.0:18080", token: nowhere}')


def curl(command: str, address: str) -> str:
    """Run a command of the manual as a shell does, with this board's host and key in the places for them."""
    command = command.replace(f"https://{HOST}", f"http://{address}")
    environment = {**os.environ, "DASHSCOPE_API_KEY": TOKEN, "no_proxy": "*"}
    if shutil.which("curl"):
        quiet = command.replace("curl", "curl --silent --show-error", 1)
        return subprocess.check_output(["sh", "-c", quiet], env=environment, text=True, timeout=LIMIT_S)
    return _without_curl(shlex.split(string.Template(command).substitute(environment)))


def _without_curl(words: list[str]) -> str:
    """Send what curl would, where there is none."""
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    url = next(word for word in words if word.startswith("http://"))
    address, path = url.removeprefix("http://").split("/", 1)
    connection = http.client.HTTPConnection(address, timeout=LIMIT_S)
    body = words[words.index("-d") + 1].replace("\n", "").encode()  # as -d does with line breaks
    connection.request("POST", f"/{path}", body, headers)
    return connection.getresponse().read().decode()
