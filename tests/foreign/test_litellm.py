"""The client against BerriAI's LiteLLM proxy: a model that it mocks itself, and aimock behind it for what it relays.

What a proxy does to errors is the point: names, codes and Retry-After do not come through as they were.
"""

from __future__ import annotations

import asyncio
import base64
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from asking import ask, gather, problem_of, sent_to
from servers import (
    JPEG,
    MASTER_KEY,
    PICTURE,
    SENTENCE,
    TEST_S,
    AiMock,
    LiteLlm,
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

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(TEST_S)]

FINISHED, CUT_OFF, REFUSED, FAILED = OutcomeKind


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("foreign")


@pytest.fixture(scope="module")
def upstream_process(folder: Path) -> Iterator[AiMock]:
    with closing(AiMock(folder / "aimock")) as server:
        server.start()  # LiteLLM is told its port
        yield server


@pytest.fixture(scope="module")
def proxy_process(folder: Path, upstream_process: AiMock) -> Iterator[LiteLlm]:
    with closing(LiteLlm(folder / "litellm", upstream_process.url)) as server:
        yield server


@pytest.fixture
def upstream(upstream_process: AiMock) -> AiMock:
    """Return it listening, whatever the test before has done to it, and its journal empty."""
    upstream_process.start()
    upstream_process.bodies()
    return upstream_process


@pytest.fixture
def proxy(proxy_process: LiteLlm, upstream: AiMock) -> LiteLlm:  # noqa: ARG001  what it relays to listens as well
    """Return it listening, whatever the test before has done to it."""
    proxy_process.start()
    return proxy_process


def at(proxy: LiteLlm, name: str, **more: Any) -> dict[str, Any]:
    return {"url": proxy.url, "key": "litellm", "vision": name, **more}


def test_a_picture_is_answered_by_its_mock_in_a_stream(proxy: LiteLlm) -> None:
    async def main() -> None:
        async with client_of(at(proxy, "mock")) as opened:
            told = await gather(opened, ask("看这个", PICTURE))
        assert len(texts(told)) > 1
        end = told[-1]
        assert isinstance(end, Outcome)
        assert (end.kind, end.text, end.finish_reason) == (FINISHED, SENTENCE, "stop")
        assert end.usage is not None
        assert end.usage["total_tokens"] == end.usage["prompt_tokens"] + end.usage["completion_tokens"]

    asyncio.run(main())


def test_a_picture_comes_whole_through_the_proxy_and_the_stream_back(proxy: LiteLlm, upstream: AiMock) -> None:
    async def main() -> None:
        async with client_of(at(proxy, "relay")) as opened:
            told = await gather(opened, ask("看这个", PICTURE))
        assert texts(told) == ["一二", "三四", "五六", "七八", "九十"]

    asyncio.run(main())
    (body,) = upstream.bodies()
    url = body["messages"][0]["content"][0]["image_url"]["url"]
    assert url == "data:image/jpeg;base64," + base64.b64encode(JPEG).decode()


def test_an_answer_without_a_stream(proxy: LiteLlm) -> None:
    end = outcome_of_prompt(at(proxy, "mock", stream=False), "看这个", PICTURE)
    assert (end.kind, end.text) == (FINISHED, SENTENCE)


def test_reasoning_is_told_apart(proxy: LiteLlm) -> None:
    end = outcome_of_prompt(at(proxy, "relay"), "think")
    assert (end.kind, end.text, end.reasoning) == (FINISHED, "四", "二加二")


def test_the_fields_of_the_config_are_passed_on(proxy: LiteLlm, upstream: AiMock) -> None:
    more = {"fields": {"enable_thinking": False}, "picture_fields": {"max_pixels": 1003520}}
    assert outcome_of_prompt(at(proxy, "relay", **more), "看这个", PICTURE).kind is FINISHED
    (body,) = upstream.bodies()
    assert (body["enable_thinking"], body["messages"][0]["content"][0]["max_pixels"]) == (False, 1003520)


def test_a_field_that_it_refuses_is_named(proxy: LiteLlm) -> None:
    end = outcome_of_prompt(at(proxy, "relay", fields={"thinking": {"type": "disabled"}}), "看这个")
    assert (end.kind, problem_of(end).code, problem_of(end).http_status) == (FAILED, Code.REQUEST_INVALID, 400)
    assert "thinking" in problem_of(end).message


# -- their errors

ERRORS = {
    # its own
    ("limited", "看这个"): (FAILED, Code.RATE_LIMITED, 429),
    ("internal", "看这个"): (FAILED, Code.SERVER_ERROR, 500),
    ("context", "看这个"): (FAILED, Code.REQUEST_TOO_BIG, 400),
    ("a model that it does not have", "看这个"): (FAILED, Code.MODEL_UNKNOWN, 400),
    # what it makes of another server's
    ("relay", "limit"): (FAILED, Code.RATE_LIMITED, 429),
    ("relay", "context"): (FAILED, Code.REQUEST_TOO_BIG, 400),
    ("relay", "policy"): (REFUSED, Code.MODERATED, 400),
    ("relay", "inspection"): (REFUSED, Code.MODERATED, 400),
    ("relay", "broken"): (FAILED, Code.SERVER_ERROR, 500),
    ("relay", "busy"): (FAILED, Code.SERVER_BUSY, 503),
    ("relay-wrong-key", "看这个"): (FAILED, Code.KEY_WRONG, 401),
    ("relay-nobody", "看这个"): (FAILED, Code.SERVER_ERROR, 500),
}


@pytest.mark.parametrize(("name", "prompt"), ERRORS)
def test_what_their_error_means(name: str, prompt: str, proxy: LiteLlm) -> None:
    end = outcome_of_prompt(at(proxy, name), prompt)
    assert (end.kind, problem_of(end).code, problem_of(end).http_status) == ERRORS[name, prompt]
    assert outcome_of_prompt(at(proxy, "mock"), prompt).kind is FINISHED


def test_a_wrong_key(proxy: LiteLlm) -> None:
    # Without a database of keys, LiteLLM answers any but its master's with a 400 about that database.
    end = outcome_of_prompt(at(proxy, "mock", key="wrong"), "看这个")
    assert (end.kind, problem_of(end).code, problem_of(end).http_status) == (FAILED, Code.KEY_WRONG, 400)


def test_an_error_that_is_no_json(proxy: LiteLlm) -> None:
    # Without any key, this release fails itself: a 500 of bare words.
    end = outcome_of_prompt(at(proxy, "mock", key=None), "看这个")
    assert (end.kind, problem_of(end).code, problem_of(end).http_status) == (FAILED, Code.SERVER_ERROR, 500)


def test_where_the_proxy_fails_the_next_endpoint_answers(proxy: LiteLlm, upstream: AiMock) -> None:
    behind = {"url": upstream.url, "key": "aimock", "vision": "eyes"}

    async def main() -> None:
        async with client_of(at(proxy, "internal"), behind) as opened:
            told = await gather(opened, ask("看这个", PICTURE))
        assert sent_to(told) == [proxy.url, upstream.url]
        end = told[-1]
        assert isinstance(end, Outcome)
        assert (end.kind, end.text, end.endpoint) == (FINISHED, SENTENCE, upstream.url)

    asyncio.run(main())


# -- their disconnect, their end, their return


def test_an_upstream_that_breaks_off_is_an_error_in_the_middle_and_the_text_is_kept(proxy: LiteLlm) -> None:
    async def main() -> None:
        async with client_of(at(proxy, "relay")) as opened:
            told = await gather(opened, ask("cut", PICTURE))
            end = told[-1]
            assert isinstance(end, Outcome)
            assert (end.kind, problem_of(end).code, problem_of(end).http_status) == (FAILED, Code.SERVER_ERROR, None)
            assert end.text == "".join(texts(told))
            assert end.text.startswith("一二")
            after = await answer(opened, "看这个", PICTURE)
            assert (after.kind, after.text) == (FINISHED, SENTENCE)

    asyncio.run(main())


def test_killed_in_the_middle_gone_and_back_again(proxy: LiteLlm) -> None:
    async def main() -> None:
        async with client_of(at(proxy, "relay")) as opened:
            end = await until_killed(proxy, opened, "slow", PICTURE)
            assert (end.kind, problem_of(end).code) == (CUT_OFF, Code.CONNECTION_LOST)
            gone = await answer(opened, "看这个")
            assert (gone.kind, problem_of(gone).code) == (FAILED, Code.CONNECTION_REFUSED)
            proxy.start()
            back = await answer(opened, "看这个", PICTURE)
            assert (back.kind, back.text) == (FINISHED, SENTENCE)

    asyncio.run(main())


def test_the_command_itself(proxy: LiteLlm, tmp_path: Path) -> None:
    *deltas, last = command(tmp_path, proxy.url, MASTER_KEY)
    assert len(deltas) > 1
    assert (last["outcome"], last["text"], last["error"]) == ("finished", SENTENCE, None)
