"""A streamed response in time: what a client hears while there is nothing to say."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from http_unix import COMPLETIONS, events_of, gateway, post, question
from scripts import FINISHED, Script

from glassd.answer import Delta, Outcome, OutcomeKind, Problem
from glassd.gateway.stream import SIGN_EVERY_S
from glassd.messages.codes import Code
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from glassd.answer import AnswerEvent
    from glassd.ask import Ask

FAILED = Outcome(OutcomeKind.FAILED, problem=Problem(Code.FIRST_TIMEOUT, "nothing came"))


class Slow(Script):
    """A responder that waits before each event."""

    def __init__(self, wait_s: float, *events: AnswerEvent) -> None:
        super().__init__(events)
        self._wait_s = wait_s

    async def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        async for event in super().answer(ask):
            await passes(self._wait_s)
            yield event


def chunks(responder: Script) -> list[Any]:
    """The events of a streamed answer, read as JSON but for the last where that is `[DONE]`."""

    async def talk() -> bytes:
        async with gateway(responder) as session:
            reply = await post(session, question("x", stream=True))
            assert reply.status == 200
            return reply.body

    return [event if event == b"[DONE]" else json.loads(event) for event in events_of(run(talk()))]


def contents(events: list[Any]) -> list[str]:
    return [event["choices"][0]["delta"]["content"] for event in events if event != b"[DONE]" and event.get("choices")]


def test_nothing_is_added_to_an_answer_that_keeps_coming() -> None:
    assert contents(chunks(Slow(SIGN_EVERY_S - 0.1, Delta("a"), Delta("b"), FINISHED))) == ["", "a", "b", ""]


def test_silence_is_broken_by_chunks_that_say_nothing() -> None:
    events = chunks(Slow(SIGN_EVERY_S * 3.5, Delta("a"), FINISHED))
    opening, *_ = events
    assert contents(events) == ["", "", "", "a", "", "", "", ""]
    assert opening["choices"][0]["delta"]["role"] == "assistant"
    assert sum(event["choices"][0]["delta"]["role"] is not None for event in events[:-2]) == 1
    assert events[-1] == b"[DONE]"


def test_a_client_that_waits_hears_that_it_is_not_forgotten() -> None:
    async def talk() -> float:
        async with gateway(Slow(1000, FINISHED)) as session:
            start = asyncio.get_running_loop().time()
            async with session.post(COMPLETIONS, json=question("x", stream=True)) as response:
                assert b'"role":"assistant"' in await response.content.readline()
                return asyncio.get_running_loop().time() - start

    assert run(talk()) == pytest.approx(SIGN_EVERY_S, abs=0.1)


def test_a_failure_after_the_first_sign_is_told_in_the_stream() -> None:
    _, error = chunks(Slow(SIGN_EVERY_S * 1.5, FAILED))
    assert error["error"]["code"] == "first_timeout"


@pytest.mark.parametrize("stream", [True, False])
def test_a_failure_in_time_has_its_status(stream: bool) -> None:
    async def talk() -> int:
        wait_s = SIGN_EVERY_S - 0.1 if stream else SIGN_EVERY_S * 5
        async with gateway(Slow(wait_s, FAILED)) as session:
            return (await post(session, question("x", stream=stream))).status

    assert run(talk()) == 504


def test_a_client_that_leaves_during_silence_ends_its_answer() -> None:
    class Watched(Slow):
        ended = asyncio.Event()

        async def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
            try:
                async for event in super().answer(ask):
                    yield event
            finally:
                self.ended.set()

    async def talk() -> None:
        responder = Watched(1000, FINISHED)
        async with gateway(responder) as session:
            async with session.post(COMPLETIONS, json=question("x", stream=True)) as response:
                await response.content.readline()
                response.close()
            async with asyncio.timeout(1):
                await responder.ended.wait()
            with pytest.raises(aiohttp.ClientConnectionError):
                await response.read()

    run(talk())
