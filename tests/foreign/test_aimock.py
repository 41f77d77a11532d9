"""The client against CopilotKit's aimock, a mock model server from npm: Node.js's HTTP, its own streams and faults."""

from __future__ import annotations

import asyncio
import base64
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from asking import ask, gather, problem_of, sent_to
from servers import (
    JPEG,
    KEY,
    PICTURE,
    SENTENCE,
    AiMock,
    answer,
    client_of,
    command,
    outcome_of_prompt,
    texts,
    until_killed,
)

from glassd.answer import Outcome, OutcomeKind
from glassd.messages.codes import Code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.foreign

FINISHED, CUT_OFF, REFUSED, FAILED = OutcomeKind


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AiMock]:
    with closing(AiMock(tmp_path_factory.mktemp("foreign") / "aimock")) as server:
        yield server


@pytest.fixture
def server(process: AiMock) -> AiMock:
    """Return it listening, whatever the test before has done to it, and its journal empty."""
    process.start()
    process.bodies()
    return process


def at(server: AiMock, **more: Any) -> dict[str, Any]:
    return {"url": server.url, "key": "aimock", "vision": "eyes", **more}


def test_a_picture_arrives_whole_and_the_answer_streams(server: AiMock) -> None:
    async def main() -> None:
        async with client_of(at(server)) as opened:
            told = await gather(opened, ask("看这个", PICTURE))
        assert texts(told) == ["一二", "三四", "五六", "七八", "九十"]
        end = told[-1]
        assert isinstance(end, Outcome)
        assert (end.kind, end.text, end.finish_reason) == (FINISHED, SENTENCE, "stop")
        assert end.usage is not None
        assert end.usage["total_tokens"] == end.usage["prompt_tokens"] + end.usage["completion_tokens"]

    asyncio.run(main())
    (body,) = server.bodies()
    picture, words = body["messages"][0]["content"]
    assert picture["image_url"]["url"] == "data:image/jpeg;base64," + base64.b64encode(JPEG).decode()
    assert (body["model"], words["text"]) == ("eyes", "看这个")


def test_an_answer_without_a_stream(server: AiMock) -> None:
    end = outcome_of_prompt(at(server, stream=False), "看这个", PICTURE)
    assert (end.kind, end.text) == (FINISHED, SENTENCE)
    assert [body["stream"] for body in server.bodies()] == [False]


def test_reasoning_is_told_apart(server: AiMock) -> None:
    end = outcome_of_prompt(at(server), "think")
    assert (end.kind, end.text, end.reasoning) == (FINISHED, "四", "二加二")


@pytest.mark.parametrize(("prompt", "reason"), [("filter", "content_filter"), ("length", "length")])
def test_other_finish_reasons_are_kept(prompt: str, reason: str, server: AiMock) -> None:
    end = outcome_of_prompt(at(server), prompt)
    assert (end.kind, end.text, end.finish_reason) == (FINISHED, "一二", reason)


def test_several_asks_at_once_over_one_client(server: AiMock) -> None:
    async def main() -> list[Outcome]:
        async with client_of(at(server)) as opened:
            return await asyncio.gather(*(answer(opened, "看这个", PICTURE) for _ in range(4)))

    assert [(end.kind, end.text) for end in asyncio.run(main())] == [(FINISHED, SENTENCE)] * 4


def test_the_fields_of_the_config_arrive_and_no_others(server: AiMock) -> None:
    more = {"fields": {"enable_thinking": False}, "picture_fields": {"max_pixels": 1003520}}
    assert outcome_of_prompt(at(server), "看这个", PICTURE).kind is FINISHED
    assert outcome_of_prompt(at(server, **more), "看这个", PICTURE).kind is FINISHED
    plain, fuller = server.bodies()
    assert fuller["messages"][0]["content"][0].pop("max_pixels") == 1003520
    assert fuller.pop("enable_thinking") is False
    assert fuller == plain


# -- their errors

ERRORS = {
    "limit": (FAILED, Code.RATE_LIMITED, 429, 1),  # once: its Retry-After of 9 s is more than anybody waits
    "quota": (FAILED, Code.QUOTA_SPENT, 429, 1),
    "context": (FAILED, Code.REQUEST_TOO_BIG, 400, 1),
    "policy": (REFUSED, Code.MODERATED, 400, 1),
    "inspection": (REFUSED, Code.MODERATED, 400, 1),
    "broken": (FAILED, Code.SERVER_ERROR, 500, 3),
    "busy": (FAILED, Code.SERVER_BUSY, 503, 3),
    "an ask that no fixture knows": (FAILED, Code.ADDRESS_WRONG, 404, 1),
}


@pytest.mark.parametrize("prompt", ERRORS)
def test_what_their_error_means(prompt: str, server: AiMock) -> None:
    kind, code, status, requests = ERRORS[prompt]
    end = outcome_of_prompt(at(server), prompt)
    assert (end.kind, problem_of(end).code, problem_of(end).http_status) == (kind, code, status)
    assert problem_of(end).retry_after_s == {"limit": 9, "quota": 1}.get(prompt)
    assert len(server.bodies()) == requests
    assert outcome_of_prompt(at(server), "看这个").kind is FINISHED


@pytest.mark.parametrize("key", [{"key": None}, {"key": "wrong"}], ids=["none", "wrong"])
def test_a_key_that_is_refused(key: dict[str, str | None], server: AiMock) -> None:
    end = outcome_of_prompt(at(server, **key), "看这个")
    assert (end.kind, problem_of(end).code, problem_of(end).http_status) == (FAILED, Code.KEY_WRONG, 401)
    assert "of-the-tests" not in problem_of(end).message


def test_a_hiccup_is_asked_away(server: AiMock) -> None:
    end = outcome_of_prompt(at(server), "hiccup")
    assert (end.kind, end.text) == (FINISHED, SENTENCE)
    assert len(server.bodies()) == 2


@pytest.mark.parametrize("fault", ["drop", "malformed", "ratelimit", "disconnect"])
def test_the_next_endpoint_answers_where_theirs_breaks_before_a_word(fault: str, server: AiMock) -> None:
    breaking = at(server, headers={f"X-AIMock-Chaos-{fault}": "1"})

    async def main() -> None:
        sound = at(server) | {"url": server.url + "/chat/completions"}
        async with client_of(breaking, sound) as opened:
            told = await gather(opened, ask("看这个", PICTURE))
        assert sent_to(told) == [breaking["url"], sound["url"]]
        end = told[-1]
        assert isinstance(end, Outcome)
        assert (end.kind, end.text, end.endpoint) == (FINISHED, SENTENCE, sound["url"])

    asyncio.run(main())


# -- their disconnect, their end, their return


def test_a_disconnect_in_the_middle_keeps_the_text(server: AiMock) -> None:
    async def main() -> None:
        async with client_of(at(server)) as opened:
            told = await gather(opened, ask("cut", PICTURE))
            end = told[-1]
            assert isinstance(end, Outcome)
            assert (end.kind, problem_of(end).code) == (CUT_OFF, Code.CONNECTION_LOST)
            assert end.text == "".join(texts(told))
            assert "一二" in end.text
            assert SENTENCE.startswith(end.text)
            assert (await answer(opened, "看这个")).text == SENTENCE

    asyncio.run(main())
    assert len(server.bodies()) == 2


@pytest.mark.parametrize("name", ["goes on", "repeats"])
def test_an_answer_that_broke_off_is_resumed(name: str, server: AiMock) -> None:
    async def main() -> None:
        async with client_of(at(server, vision=name)) as opened:
            told = await gather(opened, ask("cut", PICTURE, given=SENTENCE[:6]))
        end = told[-1]
        assert isinstance(end, Outcome)
        assert (end.kind, end.text, "".join(texts(told))) == (FINISHED, SENTENCE, SENTENCE)

    asyncio.run(main())
    (body,) = server.bodies()
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]


def test_killed_in_the_middle_gone_and_back_again(server: AiMock) -> None:
    async def main() -> None:
        async with client_of(at(server)) as opened:
            end = await until_killed(server, opened, "slow", PICTURE)
            assert (end.kind, problem_of(end).code) == (CUT_OFF, Code.CONNECTION_LOST)
            gone = await answer(opened, "看这个")
            assert (gone.kind, problem_of(gone).code) == (FAILED, Code.CONNECTION_REFUSED)
            server.start()
            back = await answer(opened, "看这个", PICTURE)
            assert (back.kind, back.text) == (FINISHED, SENTENCE)

    asyncio.run(main())


def test_a_restart_between_two_asks_is_not_noticed(server: AiMock) -> None:
    async def main() -> None:
        async with client_of(at(server)) as opened:
            for _ in range(3):
                end = await answer(opened, "看这个", PICTURE)
                assert (end.kind, end.text) == (FINISHED, SENTENCE)
                server.kill()  # while the loop stands still: the client learns of it when it asks again
                server.start()

    asyncio.run(main())


def test_the_command_itself(server: AiMock, tmp_path: Path) -> None:
    *deltas, last = command(tmp_path, server.url, KEY)
    assert len(deltas) > 1
    assert (last["outcome"], last["text"], last["error"]) == ("finished", SENTENCE, None)
