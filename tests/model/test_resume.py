"""A broken answer is resumed: from any cut, more than once, by either way of asking, the wearer gets all of it once."""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from asking import PICTURE, ask, client, gather, model
from msgspec.structs import replace
from replay import Answer, Replay

from glassd.answer import Delta, Outcome, OutcomeKind, Problem, Reasoning, Sent
from glassd.messages.codes import Code
from glassd.model.request import GO_ON
from glassd.model.resume import resumed
from virtual import run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from glassd.answer import AnswerEvent

_PIECES = (
    "图中|是一|只|棕色|的|小狗|,|坐|在|草地|上|。|\n\n|**|Details|**|:| the| dog| looks| at| the| th|eater|; it"
    "| wears| a| col|lar| with| the| number| 20"
    "|20|.|\n|¦ 名称| ¦ 数量| ¦\n|¦ ---| ¦ ---| ¦\n|¦ 气球| ¦ |10| ¦\n|看|看|!🎈"
)
PIECES = tuple(piece.replace("¦", "|") for piece in _PIECES.split("|"))
WHOLE = "".join(PIECES)
LOST = Problem(Code.CONNECTION_LOST, "the server: lost")


def event(text: str) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"


def broken(text: str) -> Answer:
    """Return an answer that is lost after these words."""
    return Answer(event(text) if text else b"", end="cut")


def finished(text: str) -> Answer:
    """Return an answer that ends as it should, three characters an event."""
    pieces = [event(text[at : at + 3]) for at in range(0, len(text), 3)]
    stop = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    return Answer([*pieces, stop])


def exactly(told: str) -> str:
    return WHOLE[len(told) :]


def from_six_events_back(told: str) -> str:
    ends = ["".join(PIECES[:count]) for count in range(len(PIECES))]
    return WHOLE[len(ends[max(0, ends.index(told) - 6)]) :]


def anew(_told: str) -> str:
    return WHOLE


def text_of(told: list[AnswerEvent]) -> str:
    return "".join(event.text for event in told if isinstance(event, Delta))


async def told_in_parts(answers: list[Answer], *, partial: bool) -> tuple[list[Outcome], list[Any]]:
    """Ask, and resume as often as there are further answers; return the outcomes and the requests' messages."""
    outcomes = []
    async with Replay(*answers) as server:
        of = model({"url": server.url, "vision": "v", "partial": partial})
        async with client(of) as opened:
            given = ""
            for _ in answers:
                told = await gather(opened, ask("这是什么", PICTURE, given=given))
                outcome = told[-1]
                assert isinstance(outcome, Outcome)
                assert outcome.text == text_of(told)
                assert outcome.text.startswith(given)
                given = outcome.text
                outcomes.append(outcome)
        return outcomes, [request.json["messages"] for request in server.requests]


@pytest.mark.parametrize("partial", [False, True], ids=["by an instruction", "partial"])
@pytest.mark.parametrize("continues", [exactly, from_six_events_back, anew])
def test_an_answer_cut_at_any_event_and_once_more_later_is_whole_after_two_resumes(
    continues: Callable[[str], str], partial: bool
) -> None:
    async def main() -> None:
        for cut in range(1, len(PIECES) - 1):
            again = cut + (len(PIECES) - cut) // 2
            first, second = "".join(PIECES[:cut]), "".join(PIECES[:again])
            rest = continues(first)
            until = rest[: len(rest) - len(WHOLE) + len(second)]
            answers = [broken(first), broken(until), finished(continues(second))]
            outcomes, _ = await told_in_parts(answers, partial=partial)
            kinds = [outcome.kind for outcome in outcomes]
            assert kinds == [OutcomeKind.CUT_OFF, OutcomeKind.CUT_OFF, OutcomeKind.FINISHED]
            assert outcomes[-1].text == WHOLE, (first, second)

    run(main())


@pytest.mark.parametrize("partial", [False, True])
def test_the_model_is_told_where_to_go_on(partial: bool) -> None:
    answers = [broken("图中是一"), finished("只小狗")]
    _, (first, second) = run(told_in_parts(answers, partial=partial))
    assert second[: len(first)] == first
    given = {"role": "assistant", "content": "图中是一"}
    asked_on = [{**given, "partial": True}] if partial else [given, {"role": "user", "content": GO_ON}]
    assert second[len(first) :] == asked_on


async def _ask(given: str, *events: AnswerEvent) -> list[AnswerEvent]:
    async def source() -> AsyncGenerator[AnswerEvent, None]:
        for event in events:
            yield event

    async with aclosing(resumed(given, source())) as joined:
        return [event async for event in joined]


def outcome(kind: OutcomeKind, problem: Problem | None = None, **more: Any) -> Outcome:
    return Outcome(kind, problem=problem, endpoint="https://host", **more)


def test_what_was_given_is_there_before_anything_is_sent_and_reasoning_passes() -> None:
    end = outcome(OutcomeKind.FINISHED, text="dog barks", finish_reason="stop")
    told = run(_ask("a dog", Sent("e"), Reasoning("hm"), Delta("dog"), Delta(" barks"), end))
    assert told[:4] == [Delta("a dog"), Sent("e"), Reasoning("hm"), Delta(" barks")]
    assert told[4] == outcome(OutcomeKind.FINISHED, text="a dog barks", finish_reason="stop")


def test_a_resume_that_fails_keeps_what_was_given_and_says_why() -> None:
    told = run(_ask("a dog", Sent("e"), outcome(OutcomeKind.FAILED, LOST)))
    assert told == [Delta("a dog"), Sent("e"), outcome(OutcomeKind.CUT_OFF, LOST, text="a dog")]


def test_a_resume_that_is_refused_keeps_what_was_given() -> None:
    refusal = Problem(Code.MODERATED, "the server: refused")
    told = run(_ask("a dog", outcome(OutcomeKind.REFUSED, refusal)))
    assert told == [Delta("a dog"), outcome(OutcomeKind.REFUSED, refusal, text="a dog")]


def test_a_model_that_calls_tools_or_refuses_in_place_of_going_on_keeps_what_was_given() -> None:
    for end in (
        outcome(OutcomeKind.FINISHED, finish_reason="tool_calls"),
        outcome(OutcomeKind.FINISHED, refusal="I can't.", finish_reason="stop"),
    ):
        told = run(_ask("a dog", Sent("e"), Reasoning("hm"), end))
        assert told[-1] == replace(end, text="a dog")
        assert text_of(told) == "a dog"


def test_a_resume_that_comes_whole_is_joined() -> None:
    told = run(_ask("a brown dog", Delta("a brown dog barks"), outcome(OutcomeKind.FINISHED, text="a brown dog barks")))
    assert told[-1] == outcome(OutcomeKind.FINISHED, text="a brown dog barks")


def test_a_resume_that_breaks_off_while_it_repeats_keeps_what_was_given_alone() -> None:
    told = run(_ask("a brown dog", Delta("a bro"), outcome(OutcomeKind.CUT_OFF, LOST, text="a bro")))
    assert told == [Delta("a brown dog"), outcome(OutcomeKind.CUT_OFF, LOST, text="a brown dog")]


def test_whoever_closes_a_resumed_answer_closes_the_request() -> None:
    async def main() -> None:
        closed = []

        async def source() -> AsyncGenerator[AnswerEvent, None]:
            try:
                yield Delta(" barks")
                yield Delta(" loud")
            finally:
                closed.append(True)

        async with aclosing(resumed("a dog", source())) as joined:
            assert await anext(joined) == Delta("a dog")
            assert await anext(joined) == Delta(" barks")
        assert closed == [True]

    run(main())
