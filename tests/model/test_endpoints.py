"""Which endpoints can take an ask, with which model, and the course of the requests to them."""

from __future__ import annotations

from typing import Any

import pytest
from asking import PICTURE, ask
from hypothesis import given
from hypothesis import strategies as st

from glassd.ask import Turn
from glassd.config.model import Endpoint
from glassd.messages.codes import Code
from glassd.model.endpoints import (
    MAX_REQUESTS,
    RETRY_AFTER_LIMIT_S,
    RETRY_PAUSE_S,
    Plan,
    Target,
    chat_url,
    jittered,
    targets,
)
from glassd.model.errors import problem

BOTH = Endpoint(url="https://both.example", vision="v", text="t")
VISION = Endpoint(url="https://vision.example", vision="v2")
TEXT = Endpoint(url="https://text.example", text="t2")
READER = Endpoint(url="reader")
ALL = [BOTH, VISION, TEXT, READER]


def full(pause: float) -> float:
    return pause


def models(what: Any, *endpoints: Endpoint) -> list[str]:
    return [target.model for target in targets(endpoints or ALL, what)]


def some(count: int, reader: bool = False) -> list[Target]:
    """Return so many targets of the network, and the reader behind them where it is wanted."""
    network = [Endpoint(url=f"https://{number}.example", vision="v") for number in range(count)]
    return targets([*network, *[READER] * reader], ask())


# -- who can take it --------------------------------------------------------------------------------------------------


def test_an_ask_goes_to_the_model_of_its_kind_at_each_endpoint_that_has_one() -> None:
    assert models(ask()) == ["t", "v2", "t2", "glassd-reader"]
    assert models(ask("?", PICTURE)) == ["v", "v2", "glassd-reader"]
    assert models(ask("and now?", turns=(Turn("user", "?", (PICTURE,)),))) == ["v", "v2", "glassd-reader"]


def test_a_trigger_chooses_the_kind_of_model_and_a_text_model_goes_without_earlier_pictures() -> None:
    assert models(ask(kind="vision")) == ["v", "v2", "t2", "glassd-reader"]
    assert models(ask(kind="text")) == ["t", "v2", "t2", "glassd-reader"]
    earlier = (Turn("user", "?", (PICTURE,)),)
    assert models(ask("and now?", turns=earlier, kind="text")) == ["t", "v2", "t2", "glassd-reader"]
    assert models(ask("and now?", turns=earlier, kind="vision")) == ["v", "v2", "glassd-reader"]


@pytest.mark.parametrize(
    ("named", "order"),
    [("b", ["b", "a", "glassd-reader"]), ("a", ["a", "b", "glassd-reader"]), ("gone", ["a", "b", "glassd-reader"])],
)
def test_the_endpoint_that_is_named_comes_first_and_the_others_are_its_fall_back(named: str, order: list[str]) -> None:
    endpoints = [Endpoint(url="https://host/v1", vision=name, name=name) for name in ("a", "b")]
    assert models(ask("?", PICTURE, endpoint=named), *endpoints, READER) == order


def test_the_reader_can_be_named_too() -> None:
    board = Endpoint(url="reader", name="board")
    assert models(ask("?", PICTURE, endpoint="board"), VISION, board) == ["glassd-reader", "v2"]


def test_the_reader_does_not_go_on_with_what_another_model_began() -> None:
    assert models(ask("?", PICTURE, given="a dog")) == ["v", "v2"]


@pytest.mark.parametrize(
    ("wanted", "pictures", "order"),
    [
        ("t2", 0, ["t2", "t", "v2", "glassd-reader"]),
        ("v2", 0, ["v2", "t", "t2", "glassd-reader"]),
        ("v", 0, ["v", "v2", "t2", "glassd-reader"]),
        ("v2", 1, ["v2", "v", "glassd-reader"]),
        ("glassd-reader", 1, ["glassd-reader", "v", "v2"]),
        ("t2", 1, ["v", "v2", "glassd-reader"]),  # its endpoint has no model for pictures
        ("unknown", 0, ["t", "v2", "t2", "glassd-reader"]),
    ],
)
def test_the_model_that_is_wanted_comes_first_and_the_others_are_its_fall_back(
    wanted: str, pictures: int, order: list[str]
) -> None:
    assert models(ask("?", *[PICTURE] * pictures, model=wanted)) == order


def test_a_text_model_that_is_wanted_for_a_picture_gives_way_to_the_vision_model_beside_it() -> None:
    assert models(ask("?", PICTURE, model="t"), VISION, BOTH) == ["v", "v2"]
    serves_it = Endpoint(url="https://elsewhere.example", vision="t")
    assert models(ask("?", PICTURE, model="t"), VISION, BOTH, serves_it) == ["t", "v", "v2"]


@given(st.lists(st.sampled_from(ALL), max_size=8), st.sampled_from(["", "v", "v2", "t", "t2", "x"]), st.booleans())
def test_a_wanted_model_moves_endpoints_and_drops_none(
    endpoints: list[Endpoint], wanted: str, with_picture: bool
) -> None:
    pictures = [PICTURE] * with_picture
    found = targets(endpoints, ask("?", *pictures, model=wanted))
    urls = [target.endpoint.url for target in found]
    usual = [target.endpoint.url for target in targets(endpoints, ask("?", *pictures))]
    assert sorted(urls) == sorted(usual)
    strangers = [target.endpoint.url for target in found if wanted not in (target.model, target.endpoint.text)]
    assert strangers == [url for url in usual if url in strangers]  # as the config has them


@pytest.mark.parametrize(
    "url", ["https://a.example", "https://a.example/", "https://a.example/v1/", "https://a.example/v1/chat/completions"]
)
def test_a_base_url_and_a_full_one_are_the_same(url: str) -> None:
    assert chat_url(url) == "https://a.example/v1/chat/completions"
    assert chat_url("https://a.example/api/v3?x=1") == "https://a.example/api/v3/chat/completions?x=1"


# -- who is called next -----------------------------------------------------------------------------------------------

BUSY = problem(Code.SERVER_BUSY, "busy")


def course(found: list[Target], *problems: Any, jitter: Any = full) -> list[tuple[int, float]]:
    """Return which target is called after which pause, each failing with the next problem; the last one stays."""
    plan, calls = Plan(found, jitter), []
    while step := plan.next():
        target, pause = step
        calls.append((found.index(target), pause))
        plan.failed(target, problems[min(len(calls), len(problems)) - 1])
    return calls


def test_each_endpoint_is_called_once_and_then_those_that_may_do_better() -> None:
    assert course(some(1), BUSY) == [(0, 0), (0, 0.5), (0, 1.0)]
    assert course(some(2), BUSY) == [(0, 0), (1, 0), (0, 0.5)]
    assert course(some(5), BUSY) == [(0, 0), (1, 0), (2, 0)]
    assert course(some(2), problem(Code.FIRST_TIMEOUT, "slow"), BUSY) == [(0, 0), (1, 0), (1, 1.0)]


def test_the_reader_gets_the_last_request() -> None:
    assert course(some(5, reader=True), BUSY) == [(0, 0), (1, 0), (5, 0)]


def test_nobody_else_is_asked_where_nobody_does_better() -> None:
    assert course(some(3), problem(Code.MODERATED, "no")) == [(0, 0)]
    assert course(some(3), BUSY, problem(Code.WHOLE_TIMEOUT, "late")) == [(0, 0), (1, 0)]


def test_a_servers_own_pause_is_obeyed_to_the_letter() -> None:
    said = problem(Code.RATE_LIMITED, "wait", retry_after_s=RETRY_AFTER_LIMIT_S)
    assert course(some(1), said, jitter=jittered) == [(0, 0), (0, 5.0), (0, 5.0)]


def test_a_server_that_wants_longer_is_not_asked_again_but_the_others_are() -> None:
    said = problem(Code.RATE_LIMITED, "wait", retry_after_s=RETRY_AFTER_LIMIT_S + 1)
    assert course(some(1), said) == [(0, 0)]
    assert course(some(2), said, BUSY) == [(0, 0), (1, 0), (1, 1.0)]
    assert course(some(2), BUSY, said) == [(0, 0), (1, 0), (0, 0.5)]


def test_of_two_servers_the_one_that_may_be_asked_sooner_is() -> None:
    said = problem(Code.RATE_LIMITED, "wait", retry_after_s=4.0)
    assert course(some(2), said, BUSY) == [(0, 0), (1, 0), (1, 1.0)]


def test_a_pause_is_made_of_a_full_one_by_the_jitter() -> None:
    assert course(some(1), BUSY, jitter=lambda pause: pause / 2) == [(0, 0), (0, 0.25), (0, 0.5)]
    pauses = [jittered(RETRY_PAUSE_S) for _ in range(1000)]
    assert min(pauses) >= RETRY_PAUSE_S / 2
    assert max(pauses) <= RETRY_PAUSE_S
    assert len(set(pauses)) > 900


@given(
    st.integers(0, 6),
    st.booleans(),
    st.lists(
        st.builds(
            lambda code, wait: problem(code, "x", retry_after_s=wait),
            st.sampled_from(list(Code)),
            st.none() | st.floats(0, 100),
        ),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.sampled_from(["failed", "again", "not called"]), max_size=12),
)
def test_no_course_has_more_than_three_requests_or_a_pause_past_the_cap(
    count: int, reader: bool, problems: list[Any], turns: list[str]
) -> None:
    found = some(count, reader)
    plan = Plan(found, full)
    calls = passed_over = 0
    while step := plan.next():
        target, pause = step
        assert target in found
        assert 0 <= pause <= RETRY_AFTER_LIMIT_S
        what = turns[calls] if calls < len(turns) else "failed"
        calls += 1
        if what == "again":
            plan.again(target)
        elif what == "not called":
            passed_over += 1
            plan.not_called()
        else:
            plan.failed(target, problems[calls % len(problems)])
    assert calls - passed_over <= MAX_REQUESTS
    assert calls >= min(len(found), 1)
