"""What an ask will cost is never too little; what it did cost is what its server says."""

from __future__ import annotations

from typing import Any

import pytest
from asking import PICTURE, ask
from hypothesis import given
from hypothesis import strategies as st

from glassd.answer import Outcome, OutcomeKind
from glassd.ask import Turn
from glassd.config.model import Endpoint, Model
from glassd.config.policy import Price
from glassd.config.schema import Camera, Config
from glassd.limits import tokens_of
from glassd.model.estimate import ANSWER_TOKENS, CHARS_A_TOKEN, TURN_TOKENS, Estimate, cost_of
from glassd.spending import Amounts
from glassd_drivers.cameras.uvc import UvcConfig
from glassd_drivers.units import Size

URL = "https://host/v1"
PRICE = Price(input=2.0, output=10.0)


def config(*endpoints: dict[str, Any], instructions: str = "") -> Config:
    each = [Endpoint(**{"url": URL, "vision": "v", **endpoint}) for endpoint in endpoints]
    return Config(model=Model(endpoints=each, instructions=instructions))


def estimated(*endpoints: dict[str, Any], frames: int = 0, instructions: str = "", **asked: Any) -> Amounts:
    return Estimate(config(*endpoints, instructions=instructions))(ask(asked.pop("prompt", "?"), **asked), frames)


def test_an_ask_counts_once_with_all_its_pictures() -> None:
    amounts = estimated({}, frames=3)
    assert (amounts.asks, amounts.frames) == (1, 3)


def test_words_are_counted_by_the_stated_rule() -> None:
    base = estimated({}, prompt="a").tokens
    assert base == 1 + TURN_TOKENS + ANSWER_TOKENS
    assert estimated({}, prompt="a" * 30).tokens - base == 30 // CHARS_A_TOKEN - 1
    assert estimated({}, prompt="这是什么").tokens - base == 3
    assert estimated({}, prompt="a", instructions="你好").tokens - base == 2 + TURN_TOKENS
    turns = (Turn("user", "那是"), Turn("assistant", "一只狗"))
    assert estimated({}, prompt="a", turns=turns).tokens - base == 5 + 2 * TURN_TOKENS
    assert estimated({}, prompt="a", given="一只").tokens - base == 2 + TURN_TOKENS


@pytest.mark.parametrize(("detail", "tokens"), [("scene", 512), ("auto", 1280), ("text", 2560)])
def test_a_picture_costs_what_its_detail_lets_it_at_most(detail: str, tokens: int) -> None:
    without = estimated({}, detail=detail).tokens
    assert estimated({}, frames=1, detail=detail).tokens - without == tokens
    assert estimated({}, frames=3, detail=detail).tokens - without == 3 * tokens
    assert estimated({"image_tokens": 100}, frames=1).tokens - without == 100


def test_a_picture_costs_no_more_than_the_camera_has_pixels_for_but_a_callers_own_may_be_any() -> None:
    camera = Camera(driver="uvc", options=UvcConfig(size=Size(640, 480)))
    of = config({}).model_copy(update={"camera": camera})
    without = Estimate(of)(ask("?", detail="text"), 0).tokens
    assert Estimate(of)(ask("?", detail="text"), 2).tokens - without == 2 * tokens_of(640, 480, 28)
    assert Estimate(of)(ask("?", PICTURE, detail="text"), 1).tokens - without == 2560


def test_an_answer_is_as_long_as_the_body_of_the_request_lets_it_be() -> None:
    base = estimated({}).tokens - ANSWER_TOKENS
    assert estimated({"fields": {"max_tokens": 50}}).tokens - base == 50
    assert estimated({}, options={"max_completion_tokens": 4000}).tokens - base == 4000
    assert estimated({"fields": {"max_tokens": 50}}, options={"max_tokens": 4000}).tokens - base == 50
    assert estimated({"fields": {"max_tokens": "many"}}).tokens - base == ANSWER_TOKENS


def test_money_is_the_price_of_the_endpoint_that_would_be_asked_first() -> None:
    dear, cheap = {"name": "dear", "price": PRICE}, {"name": "cheap", "price": Price(input=0, output=0)}
    tokens = estimated(dear).tokens
    assert estimated(dear).money == pytest.approx(((tokens - ANSWER_TOKENS) * 2 + ANSWER_TOKENS * 10) / 1e6)
    assert estimated(cheap, dear).money == 0
    assert estimated(cheap, dear, endpoint="dear").money > 0
    assert estimated({}).money == 0, "free where no price is said"


def test_the_kind_of_model_decides_whose_price_it_is() -> None:
    words = {"url": "https://words/v1", "vision": None, "text": "t", "price": PRICE}
    assert estimated(words, {}).money > 0
    assert estimated(words, {}, frames=1).money == 0, "the first cannot see"


def test_on_the_board_an_ask_costs_nothing_but_counts() -> None:
    assert Estimate(Config(model=Model(endpoints=[Endpoint(url="reader")])))(ask("?", PICTURE), 1) == Amounts(1, 1)


# -- what it did cost -------------------------------------------------------------------------------------------------


def cost(usage: Any, *endpoints: dict[str, Any], url: str = URL, model: str = "v") -> Amounts | None:
    return cost_of(config(*endpoints), Outcome(OutcomeKind.FINISHED, usage=usage, endpoint=url, model=model))


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050},
        {"input_tokens": 1000, "output_tokens": 50},
        {"prompt_tokens": 1000, "completion_tokens": 50, "prompt_tokens_details": {"image_tokens": 900}},
    ],
)
def test_tokens_are_read_in_every_vendors_spelling(usage: dict[str, Any]) -> None:
    found = cost(usage, {"price": PRICE})
    assert found is not None
    assert (found.asks, found.frames, found.tokens) == (0, 0, 1050)
    assert found.money == pytest.approx(0.0025)


@pytest.mark.parametrize(
    "usage",
    [None, {}, {"total_tokens": 7}, {"prompt_tokens": "many"}, {"prompt_tokens": -1}, {"prompt_tokens": True}],
)
def test_what_reports_no_tokens_leaves_the_estimate_standing(usage: Any) -> None:
    assert cost(usage, {"price": PRICE}) is None


def test_of_two_models_behind_one_url_the_one_that_answered_has_its_price() -> None:
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 0}
    dear = {"vision": "dear", "price": Price(input=7, output=0)}
    for model, money in (("v", 2.0), ("dear", 7.0), ("renamed", 2.0)):
        found = cost(usage, {"price": PRICE}, dear, model=model)
        assert found is not None
        assert found.money == pytest.approx(money)


def test_an_endpoint_that_a_reload_took_away_has_tokens_and_no_price() -> None:
    assert cost({"prompt_tokens": 9}, {"price": PRICE}, url="https://gone/v1") == Amounts(tokens=9)


def test_the_readers_count_of_characters_is_no_cost() -> None:
    assert cost({"prompt_tokens": 9, "completion_tokens": 9}, {}, url="reader") == Amounts()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=4))
def test_whatever_a_server_calls_its_tokens_costs_are_never_negative_nor_beyond_belief(value: Any) -> None:
    found = cost({"prompt_tokens": value, "completion_tokens": value}, {"price": PRICE})
    assert found is None or 0 <= found.tokens <= 2 * 10**9
