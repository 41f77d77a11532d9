"""What a client of the gateway is told of an answer that failed."""

from __future__ import annotations

import pytest

from glassd.answer import Problem
from glassd.gateway.errors import from_problem
from glassd.messages.codes import Code


@pytest.mark.parametrize("code", [Code.GAP_TIMEOUT, Code.SERVER_ERROR, Code.CUT_OFF, Code.KEY_WRONG, Code.PAUSED])
def test_an_sdk_is_told_not_to_multiply_the_requests_that_the_board_made(code: Code) -> None:
    assert from_problem(Problem(code, "?", retryable=True)).headers["x-should-retry"] == "false"


@pytest.mark.parametrize("problem", [Problem(Code.BUSY, "?"), Problem(Code.RATE_LIMITED, "?", retry_after_s=1.2)])
def test_who_is_told_when_to_come_back_may(problem: Problem) -> None:
    headers = from_problem(problem).headers
    assert "x-should-retry" not in headers
    assert int(headers["Retry-After"]) >= 1
