"""The gateway as the openai SDK sees it: its answers as objects, its errors as exceptions."""

from __future__ import annotations

import asyncio
import base64
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import openai
import pytest
from openai import AsyncOpenAI
from scripts import FINISHED, THE_MANUALS, Script, Stepwise

from glassd.answer import Delta, Outcome, OutcomeKind, Problem, Reasoning
from glassd.ask import Link
from glassd.gateway.listener import listening
from glassd.messages.codes import Code
from glassd_drivers.contracts import Frame
from manual import STREAM_DELTAS, STREAM_USAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from glassd.answer import AnswerEvent
    from glassd.gateway.server import Responder

TOKEN = "t0k-en"
JPEG = cv2.imencode(".jpg", np.full((40, 60, 3), 90, np.uint8))[1].tobytes()
TEXT: dict[str, Any] = {"type": "text", "text": "这是什么"}


@asynccontextmanager
async def sdk(responder: Responder, key: str = TOKEN) -> AsyncIterator[AsyncOpenAI]:
    async with listening(responder, "127.0.0.1:0", TOKEN) as port:
        address = f"http://127.0.0.1:{port}/v1"
        async with AsyncOpenAI(base_url=address, api_key=key, max_retries=0, timeout=20) as client:
            yield client


def asked(content: Any) -> dict[str, Any]:
    return {"model": "qwen-plus", "messages": [{"role": "user", "content": content}]}


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, "detail": "high"}}


def test_a_streamed_answer_with_pictures() -> None:
    async def talk() -> None:
        responder = Script([Reasoning("hm"), *THE_MANUALS])
        link = "https://host.invalid/路径/a%20b.jpg?x=%E4%BD%A0&y"
        data_url = f"data:image/jpeg;base64,{base64.b64encode(JPEG).decode()}"
        async with sdk(responder) as client:
            stream = await client.chat.completions.create(
                **asked([image(data_url), image(link), TEXT]), stream=True, temperature=0.5
            )
            chunks = [chunk async for chunk in stream]
        deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
        assert "".join(delta.content or "" for delta in deltas) == "".join(STREAM_DELTAS)
        assert [getattr(delta, "reasoning_content", None) for delta in deltas][:3] == [None, "hm", None]
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert chunks[-1].usage is not None
        assert chunks[-1].usage.total_tokens == STREAM_USAGE["total_tokens"]
        (ask,) = responder.asks
        frame, passed_on = ask.pictures
        assert isinstance(frame, Frame)
        assert (frame.data, passed_on, ask.prompt) == (JPEG, Link(link), "这是什么")
        assert (ask.model, ask.options) == ("qwen-plus", {"temperature": 0.5})

    asyncio.run(talk())


def test_a_whole_answer_and_the_models() -> None:
    async def talk() -> None:
        async with sdk(Script(THE_MANUALS)) as client:
            completion = await client.chat.completions.create(**asked("你是谁?"))
            models = await client.models.list()
        assert completion.choices[0].message.content == FINISHED.text
        assert completion.choices[0].finish_reason == "stop"
        assert completion.usage is not None
        assert completion.usage.total_tokens == STREAM_USAGE["total_tokens"]
        assert [model.id for model in models.data] == ["any", "qwen-plus"]

    asyncio.run(talk())


def problem(code: Code, **more: Any) -> Outcome:
    return Outcome(OutcomeKind.FAILED, problem=Problem(code, "why", **more))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("outcome", "expected", "code"),
    [
        (problem(Code.PAUSED), openai.InternalServerError, "paused"),
        (problem(Code.BUSY), openai.RateLimitError, "busy"),
        (problem(Code.RATE_LIMITED, retry_after_s=2.0), openai.RateLimitError, "rate_limited"),
        (problem(Code.MODERATED), openai.BadRequestError, "moderated"),
        (problem(Code.NOT_ALLOWED), openai.PermissionDeniedError, "not_allowed"),
        (problem(Code.KEY_WRONG), openai.InternalServerError, "key_wrong"),
    ],
)
def test_a_failure_is_the_exception_of_its_status(
    stream: bool, outcome: Outcome, expected: type[openai.APIStatusError], code: str
) -> None:
    async def talk() -> None:
        async with sdk(Script([outcome])) as client:
            with pytest.raises(expected) as failed:
                await client.chat.completions.create(**asked("x"), stream=stream)
        assert failed.value.code == code

    asyncio.run(talk())


def test_a_wrong_token_is_an_authentication_error() -> None:
    async def talk() -> None:
        async with sdk(Script(THE_MANUALS), key="sk-something-else") as client:
            for call in (client.models.list(), client.chat.completions.create(**asked("x"))):
                with pytest.raises(openai.AuthenticationError) as failed:
                    await call
                assert failed.value.code == "invalid_api_key"
                assert "something-else" not in str(failed.value)

    asyncio.run(talk())


def test_a_model_that_nobody_knows_is_not_found() -> None:
    async def talk() -> None:
        async with sdk(Script(THE_MANUALS)) as client:
            with pytest.raises(openai.NotFoundError, match="there is: any, qwen-plus"):
                await client.chat.completions.create(**{**asked("x"), "model": "gpt-9"})

    asyncio.run(talk())


@pytest.mark.parametrize("kind", [OutcomeKind.CUT_OFF, OutcomeKind.REFUSED])
def test_an_answer_that_breaks_off_raises_after_what_came(kind: OutcomeKind) -> None:
    async def talk() -> None:
        cut = Outcome(kind, text="一半", problem=Problem(Code.GAP_TIMEOUT, "the model stalled"))
        events: list[AnswerEvent] = [Delta("一"), Delta("半"), cut]
        async with sdk(Script(events)) as client:
            stream = await client.chat.completions.create(**asked("x"), stream=True)
            choices = [(await anext(stream)).choices[0] for _ in range(3)]
            with pytest.raises(openai.APIError, match="the model stalled"):
                await anext(stream)
        assert [choice.delta.content for choice in choices] == ["", "一", "半"]
        assert [choice.finish_reason for choice in choices] == [None, None, None]

    asyncio.run(talk())


def retries(outcome: Outcome) -> int:
    """How often the SDK asks again by itself where it may once."""

    async def talk() -> int:
        responder = Script([outcome])
        async with sdk(responder) as client:
            with pytest.raises(openai.APIStatusError):
                await client.with_options(max_retries=1).chat.completions.create(**asked("x"))
        return len(responder.asks) - 1

    return asyncio.run(talk())


def test_the_sdk_does_not_knock_again_where_that_is_of_no_use() -> None:
    assert retries(problem(Code.PAUSED)) == 0
    assert retries(problem(Code.BUSY, retry_after_s=0.0)) == 1


def test_leaving_a_stream_ends_its_answer() -> None:
    async def talk() -> None:
        responder = Stepwise()
        responder.permits.release()
        async with sdk(responder) as client:
            stream = await client.chat.completions.create(**asked("x"), stream=True)
            await anext(stream)
            await stream.close()
            async with asyncio.timeout(5):
                await responder.stopped.wait()

    asyncio.run(talk())
