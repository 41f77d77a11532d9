"""The gateway over real HTTP: what comes when, what an error looks like, and what ends an answer."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from http_unix import COMPLETIONS, MODELS, Reply, events_of, gateway, post, question
from scripts import FINISHED, Script, Stepwise

from glassd.answer import Delta, Outcome, OutcomeKind, Problem, Reasoning, Sent
from glassd.gateway import server, stream
from glassd.gateway.errors import from_problem
from glassd.gateway.request import Request, read_request
from glassd.messages.codes import Code
from manual import STREAM, STREAM_DELTAS, STREAM_ID
from virtual import run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from contextlib import AbstractAsyncContextManager

    from glassd.answer import AnswerEvent
    from glassd.ask import Ask


def ask_of(events: Sequence[AnswerEvent | Exception], **more: Any) -> Reply:
    async def talk() -> Reply:
        async with gateway(Script(events)) as session:
            return await post(session, question("你是谁?", **more))

    return run(talk())


def test_a_streamed_answer_is_the_manuals() -> None:
    reply = ask_of([Sent("x"), *map(Delta, STREAM_DELTAS), FINISHED], stream=True, model="qwen-plus")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["Server"] == "glassd"
    *chunks, done = events_of(reply.body)
    assert done == b"[DONE]"
    first = json.loads(chunks[0])
    assert first["id"].startswith("chatcmpl-")
    manuals = [line.replace(STREAM_ID, first["id"]).replace("1735113344", str(first["created"])) for line in STREAM]
    assert [chunk.decode() for chunk in chunks] == manuals


def test_a_whole_answer_comes_in_one_object() -> None:
    reply = ask_of([Delta("a"), Reasoning("r"), Outcome(OutcomeKind.FINISHED, text="a", reasoning="r")])
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("application/json")
    body = json.loads(reply.body)
    assert list(body) == ["choices", "object", "usage", "created", "system_fingerprint", "model", "id"]
    assert body["choices"][0]["message"] == {"role": "assistant", "content": "a", "reasoning_content": "r"}
    assert body["choices"][0]["finish_reason"] == "stop"


def test_every_word_arrives_before_the_next_is_said() -> None:
    async def talk() -> None:
        responder = Stepwise()
        responder.permits.release()
        async with gateway(responder) as session, post_streamed(session) as response:
            assert b'"role":"assistant"' in await next_event(response)
            for _ in range(3):
                assert b'"content":"word "' in await next_event(response)
                assert responder.permits.locked()
                responder.permits.release()

    run(talk())


def test_headers_wait_for_the_first_word() -> None:
    async def talk() -> None:
        responder = Stepwise()
        async with gateway(responder) as session:
            request = asyncio.create_task(session.post(COMPLETIONS, json=question("x", stream=True)))
            await responder.started.wait()
            assert not request.done()
            responder.permits.release()
            async with await request as response:
                assert response.status == 200

    run(talk())


@pytest.mark.parametrize("words", [0, 1])
def test_a_client_that_goes_away_cancels_its_answer(words: int) -> None:
    async def talk() -> None:
        responder = Stepwise()
        async with gateway(responder) as session:
            request = asyncio.create_task(post(session, question("x", stream=bool(words))))
            await responder.started.wait()
            for _ in range(words):
                responder.permits.release()
            request.cancel()
            async with asyncio.timeout(5):
                await responder.stopped.wait()

    run(talk())


def test_a_client_that_reads_nothing_is_given_up() -> None:
    class Flood(Stepwise):
        async def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
            self.asks.append(ask)
            try:
                while True:
                    yield Delta("x" * 100_000)
            finally:
                self.stopped.set()

    async def talk() -> None:
        responder = Flood()
        async with gateway(responder) as session, post_streamed(session) as response:
            async with asyncio.timeout(stream.WRITE_LIMIT_S + 5):
                await responder.stopped.wait()
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()

    run(talk())


def test_the_end_of_the_server_ends_its_answers() -> None:
    async def talk() -> None:
        responder = Stepwise()
        async with gateway(responder) as session:
            request = asyncio.create_task(post(session, question("x")))
            await responder.started.wait()
        async with asyncio.timeout(5):
            await responder.stopped.wait()
            with pytest.raises(aiohttp.ClientError):
                await request

    run(talk())


CUT = Outcome(OutcomeKind.CUT_OFF, text="a", problem=Problem(Code.GAP_TIMEOUT, "stalled", retryable=True))
FAILED = Outcome(OutcomeKind.FAILED, problem=Problem(Code.RATE_LIMITED, "slow down", retry_after_s=2.5))
REFUSED = Outcome(OutcomeKind.REFUSED, problem=Problem(Code.MODERATED, "not this"))


@pytest.mark.parametrize(
    "events", [[Delta("a"), CUT], [Reasoning("a"), REFUSED], [Delta("a")], [Delta("a"), OSError()]]
)
def test_an_answer_that_breaks_off_ends_in_an_error(events: list[AnswerEvent | Exception]) -> None:
    reply = ask_of(events, stream=True)
    assert reply.status == 200
    opening, piece, error = events_of(reply.body)
    assert [json.loads(chunk)["choices"][0]["finish_reason"] for chunk in (opening, piece)] == [None, None]
    assert list(json.loads(error)) == ["error"]
    assert json.loads(error)["error"]["message"]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("events", "status", "code", "headers"),
    [
        ([Sent("x"), FAILED], 429, "rate_limited", {"Retry-After": "3"}),
        ([REFUSED], 400, "moderated", {}),
        ([Outcome(OutcomeKind.FAILED, problem=Problem(Code.KEY_WRONG, "no", http_status=401))], 502, "key_wrong", {}),
        ([Outcome(OutcomeKind.FAILED, problem=Problem(Code.FIRST_TIMEOUT, "no"))], 504, "first_timeout", {}),
        ([], 500, "internal", {}),
        ([OSError("a secret")], 500, "internal", {}),
    ],
)
def test_an_answer_that_fails_before_its_first_word_has_an_http_status(
    stream: bool, events: list[AnswerEvent | Exception], status: int, code: str, headers: dict[str, str]
) -> None:
    reply = ask_of(events, stream=stream)
    assert (reply.status, reply.error["code"]) == (status, code)
    assert headers.items() <= reply.headers.items()
    assert b"secret" not in reply.body


def test_an_answer_that_breaks_off_is_no_whole_answer() -> None:
    reply = ask_of([Delta("a"), CUT])
    assert (reply.status, reply.error["code"]) == (504, "gap_timeout")


def test_every_code_has_a_status_that_is_an_error() -> None:
    assert all(from_problem(Problem(code, "x")).status >= 400 for code in Code)


def test_models() -> None:
    async def talk() -> dict[str, Any]:
        async with gateway(Script(models=["a", "b"])) as session, session.get(MODELS) as response:
            return dict(await response.json())

    listed = run(talk())
    assert listed["object"] == "list"
    assert [(card["id"], card["object"]) for card in listed["data"]] == [("a", "model"), ("b", "model")]


def test_what_is_no_request_never_reaches_the_responder() -> None:
    async def talk() -> list[tuple[int, str | None]]:
        responder = Script([FINISHED])
        async with gateway(responder) as session:
            refused = [
                await post(session, question("x", model="gpt-9")),
                await post(session, b"{}", content_type="application/x-www-form-urlencoded"),
                await post(session, b"{}"),
                await post(session, b" " * (server.BODY_LIMIT_BYTES + 1)),
            ]
            for method, url in [("GET", COMPLETIONS), ("GET", "http://gateway/"), ("POST", MODELS)]:
                async with session.request(method, url) as response:
                    refused.append(Reply(response.status, {}, await response.read()))
        assert not responder.asks
        return [(reply.status, reply.error["code"]) for reply in refused]

    assert run(talk()) == [
        (404, "model_not_found"),
        (415, None),
        (400, "invalid_value"),
        (413, "request_too_big"),
        (405, None),
        (404, None),
        (405, None),
    ]


def test_one_request_too_many_is_told_to_come_back() -> None:
    async def talk() -> None:
        responder = Stepwise()
        async with gateway(responder) as session, asyncio.TaskGroup() as tasks:
            held = [
                tasks.create_task(session.post(COMPLETIONS, json=question("x", stream=True)))
                for _ in range(server.ASKS_LIMIT)
            ]
            while len(responder.asks) < server.ASKS_LIMIT:
                await responder.started.wait()
                await session.get(MODELS)
            reply = await post(session, question("one more"))
            assert (reply.status, reply.error["code"], reply.headers["Retry-After"]) == (429, "busy", "1")
            for _ in held:
                responder.permits.release()
            for request in held:
                (await request).close()

    run(talk())


@pytest.mark.parametrize("large", [True, False])
def test_only_a_large_body_is_decoded_beside_the_event_loop(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def read(body: bytes | bytearray, ask_id: str, now: float) -> Request:
        threads.append(threading.current_thread())
        return read_request(body, ask_id, now)

    async def talk() -> None:
        async with gateway(Script([FINISHED])) as session:
            text = "x" * (server.SMALL_BODY_BYTES if large else 9)
            assert (await post(session, question(text))).status == 200

    monkeypatch.setattr(server, "read_request", read)
    asyncio.run(talk())
    assert [thread is threading.main_thread() for thread in threads] == [not large]


def post_streamed(session: aiohttp.ClientSession) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
    return session.post(COMPLETIONS, json=question("x", stream=True))


async def next_event(response: aiohttp.ClientResponse) -> bytes:
    event = await response.content.readline()
    assert await response.content.readline() == b"\n"
    return event
