"""What is remembered of the endpoints: whom the next ask goes around, and for how long."""

from __future__ import annotations

from typing import Any

import pytest
from asking import PICTURE, ask
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from glassd.config.model import Endpoint
from glassd.messages.codes import Code
from glassd.model.endpoints import Target, targets
from glassd.model.errors import problem
from glassd.model.health import REST_LIMIT_S, SAID_LIMIT_S, Health

CLOUD = {"url": "https://cloud.example", "vision": "v", "text": "t"}
BOARD = [CLOUD, {"url": "https://spare.example", "vision": "v"}, {"url": "reader"}]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def full(rest: float) -> float:
    return rest


def found(*endpoints: dict[str, Any], pictures: int = 1) -> list[Target]:
    return targets([Endpoint(**each) for each in endpoints], ask("?", *[PICTURE] * pictures))


def beginning() -> tuple[Clock, Health]:
    clock = Clock()
    return clock, Health(clock, full)


def hosts(health: Health, these: list[Target]) -> list[str]:
    return [target.endpoint.url.removeprefix("https://").removesuffix(".example") for target in health.order(these)]


# -- as a wearer meets it ---------------------------------------------------------------------------------------------


def test_the_second_press_does_not_wait_for_a_dead_cloud_again() -> None:
    _, health = beginning()
    board = found(CLOUD, {"url": "reader"})
    health.failed(board[0], problem(Code.CONNECT_TIMEOUT, "3 s"))
    assert hosts(health, board) == ["reader", "cloud"]


def test_the_cloud_is_asked_again_as_soon_as_a_connection_to_it_stands() -> None:
    _, health = beginning()
    board = found(CLOUD, {"url": "reader"})
    for _ in range(5):
        health.failed(board[0], problem(Code.CONNECT_TIMEOUT, "3 s"))
    health.reachable(board[0])
    assert hosts(health, board) == ["cloud", "reader"]


def test_after_its_rest_it_is_tried_in_its_own_place_and_rests_longer_if_it_fails_again() -> None:
    clock, health = beginning()
    board = found(CLOUD, {"url": "reader"})
    rests = []
    for _ in range(4):
        health.failed(board[0], problem(Code.CONNECT_TIMEOUT, "3 s"))
        rests.append(health.resting(board[0]))
        clock.now += rests[-1] or 0
        assert hosts(health, board) == ["cloud", "reader"]
    assert rests == [30, 60, 60, 60]


def test_a_network_that_says_at_once_that_it_is_not_there_is_tried_by_every_press() -> None:
    _, health = beginning()
    board = found(CLOUD, {"url": "reader"})
    for code in (Code.NO_NETWORK, Code.DNS, Code.CONNECTION_REFUSED, Code.CONNECTION_LOST, Code.PORTAL) * 5:
        health.failed(board[0], problem(code, "at once"))
    assert hosts(health, board) == ["cloud", "reader"]


def test_a_server_that_failed_once_is_not_judged_by_it() -> None:
    clock, health = beginning()
    (cloud,) = found(CLOUD)
    health.failed(cloud, problem(Code.SERVER_ERROR, "500"))
    assert health.resting(cloud) is None
    health.succeeded(cloud)
    health.failed(cloud, problem(Code.FIRST_TIMEOUT, "8 s"))
    assert health.resting(cloud) is None
    rests = []
    for _ in range(6):
        health.failed(cloud, problem(Code.SERVER_BUSY, "503"))
        rests.append(health.resting(cloud))
        clock.now += rests[-1] or 0
    assert rests == [5, 10, 20, 40, 60, 60]


def test_a_word_of_an_answer_forgets_all() -> None:
    clock, health = beginning()
    (cloud,) = found(CLOUD)
    for code in (Code.CONNECT_TIMEOUT, Code.KEY_WRONG, Code.RATE_LIMITED, Code.SERVER_ERROR, Code.SERVER_ERROR):
        health.failed(cloud, problem(code, "x", retry_after_s=50))
        clock.now += 1
    health.succeeded(cloud)
    assert (health.resting(cloud), health.status()) == (None, [])


@pytest.mark.parametrize("code", [Code.KEY_WRONG, Code.QUOTA_SPENT, Code.MODEL_UNKNOWN, Code.ADDRESS_WRONG])
def test_what_somebody_has_to_mend_is_gone_around_for_a_minute_at_once(code: Code) -> None:
    clock, health = beginning()
    (cloud,) = found(CLOUD)
    health.failed(cloud, problem(code, "no"))
    health.reachable(cloud)  # a connection was never what it lacked
    assert health.resting(cloud) == 60
    clock.now += 60
    assert health.resting(cloud) is None


@pytest.mark.parametrize("code", [Code.RATE_LIMITED, Code.SERVER_BUSY, Code.SERVER_ERROR])
@pytest.mark.parametrize(("said", "rest"), [(2.0, 2.0), (90.0, 90.0), (1e9, SAID_LIMIT_S)])
def test_a_server_that_says_when_rests_until_then_however_long_our_own_rests_are(
    code: Code, said: float, rest: float
) -> None:
    clock = Clock()
    health = Health(clock, lambda rest: rest / 2)
    (cloud,) = found(CLOUD)
    health.failed(cloud, problem(code, "later", retry_after_s=said))
    assert health.resting(cloud) == rest
    health.failed(cloud, problem(code, "later", retry_after_s=said))
    assert health.resting(cloud) == rest


@pytest.mark.parametrize(
    "code",
    [
        Code.MODERATED,
        Code.REQUEST_INVALID,
        Code.REQUEST_TOO_BIG,
        Code.PICTURE_BROKEN,
        Code.CANCELLED,
        Code.NOT_ALLOWED,
        Code.KEY_MISSING,
        Code.INTERNAL,
    ],
)
def test_what_is_about_the_ask_or_about_us_never_counts(code: Code) -> None:
    _, health = beginning()
    (cloud,) = found(CLOUD)
    for _ in range(10):
        health.failed(cloud, problem(code, "x", retry_after_s=50))
    assert (health.resting(cloud), health.status()) == (None, [])


def test_asks_that_fail_side_by_side_lengthen_a_rest_once() -> None:
    clock, health = beginning()
    (cloud,) = found(CLOUD)
    for _ in range(4):
        health.failed(cloud, problem(Code.CONNECT_TIMEOUT, "3 s"))
        clock.now += 1
    assert health.resting(cloud) == 29


def test_a_limit_is_one_models_alone_and_a_dead_way_everybodys() -> None:
    _, health = beginning()
    (vision,), (text,) = found(CLOUD), found(CLOUD, pictures=0)
    health.failed(vision, problem(Code.RATE_LIMITED, "x", retry_after_s=20))
    assert (health.resting(vision), health.resting(text)) == (20, None)
    health.failed(vision, problem(Code.CONNECT_TIMEOUT, "3 s"))
    assert (health.resting(vision), health.resting(text)) == (30, 30)


def test_two_accounts_at_one_server_are_two_endpoints() -> None:
    _, health = beginning()
    first, second = found({**CLOUD, "key": "first"}, {**CLOUD, "key": "second"})
    health.failed(first, problem(Code.KEY_WRONG, "401"))
    assert (health.resting(first), health.resting(second)) == (60, None)


def test_the_status_tells_who_rests_and_why() -> None:
    clock, health = beginning()
    (cloud,) = found(CLOUD)
    health.failed(cloud, problem(Code.CONNECT_TIMEOUT, "3 s"))
    health.failed(cloud, problem(Code.SERVER_BUSY, "503"))
    clock.now += 10.01
    assert health.status() == [
        {"endpoint": CLOUD["url"], "model": None, "code": "connect_timeout", "failures": 1, "rests_s": 20.0},
        {"endpoint": CLOUD["url"], "model": "v", "code": "server_busy", "failures": 1, "rests_s": None},
    ]


# -- whatever happens -------------------------------------------------------------------------------------------------

POOL = [*found(*BOARD), *found(CLOUD, pictures=0)]
CODES = st.sampled_from(list(Code))


class AnyCourse(RuleBasedStateMachine):
    """Failures, successes and time, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.health = Health(self.clock, full)

    @rule(whom=st.sampled_from(POOL), code=CODES, said=st.none() | st.integers(0, 10**12))
    def fails(self, whom: Target, code: Code, said: int | None) -> None:
        before = {id(each): self.health.resting(each) for each in POOL}
        self.health.failed(whom, problem(code, "x", retry_after_s=said))
        for each in POOL:
            if each.chat_url != whom.chat_url:
                assert self.health.resting(each) == before[id(each)]

    @rule(whom=st.sampled_from(POOL))
    def answers(self, whom: Target) -> None:
        self.health.succeeded(whom)
        assert self.health.resting(whom) is None

    @rule(whom=st.sampled_from(POOL))
    def is_reached(self, whom: Target) -> None:
        before = self.health.resting(whom)
        self.health.reachable(whom)
        after = self.health.resting(whom)
        assert after is None or (before is not None and after <= before)

    @rule(seconds=st.integers(0, 100))
    def time_passes(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule()
    def all_rests_end(self) -> None:
        self.clock.now += SAID_LIMIT_S
        assert self.health.order(POOL) == POOL

    @invariant()
    def nobody_is_dropped_and_each_group_keeps_the_order_of_the_config(self) -> None:
        awake = [target for target in POOL if self.health.resting(target) is None]
        asleep = [target for target in POOL if self.health.resting(target) is not None]
        assert self.health.order(POOL) == awake + asleep

    @invariant()
    def every_rest_has_an_end(self) -> None:
        for target in POOL:
            rest = self.health.resting(target)
            assert rest is None or 0 < rest <= SAID_LIMIT_S

    @invariant()
    def what_is_remembered_is_bounded(self) -> None:
        assert len(self.health.status()) <= 7  # three servers, and four models at them


TestAnyCourse = AnyCourse.TestCase


@given(st.lists(CODES, max_size=30), st.lists(st.integers(0, 90), min_size=30, max_size=30))
def test_a_rest_of_our_own_is_never_longer_than_a_minute(codes: list[Code], pauses: list[int]) -> None:
    clock, health = beginning()
    (cloud,) = found(CLOUD)
    for code, pause in zip(codes, pauses, strict=False):
        health.failed(cloud, problem(code, "x"))
        assert (health.resting(cloud) or 0) <= REST_LIMIT_S
        clock.now += pause
