"""Each known fault, met by the real client over real sockets: how the ask ends, what it costs, what comes after it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from asking import ask, client, gather, model
from fault_server import WORDS, Certificates, FaultServer, Line, Script, refuses, sends, well
from faults import BIG, FAULTS, HEADING, NOWHERE, Fault, Meeting, meet, row

from glassd.answer import Outcome, OutcomeKind
from glassd.messages import LANGUAGES, Code, lines
from glassd.model.endpoints import MAX_REQUESTS
from paths import TREE
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from glassd.model.client import Client

_met: dict[str, Meeting] = {}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certificates]:
    yield Certificates(tmp_path_factory.mktemp("certificates"))
    _met.clear()


@pytest.fixture(params=FAULTS, ids=lambda fault: fault.name)
def fault(request: pytest.FixtureRequest) -> Fault:
    assert isinstance(request.param, Fault)
    return request.param


@pytest.fixture
def met(fault: Fault, certificates: Certificates) -> Meeting:
    """Return what came of the fault: it is met once for all the tests."""
    if fault.name not in _met:
        _met[fault.name] = meet(fault, certificates)
    return _met[fault.name]


def test_it_ends_as_what_it_is(fault: Fault, met: Meeting) -> None:
    problem = met.outcome.problem
    code = problem.code if problem else None
    if fault.code is Code.DNS and code is Code.NO_NETWORK:  # what this machine says of it where it has no network
        code = Code.DNS
    assert (met.outcome.kind, code) == (fault.kind, fault.code), problem
    assert problem is None or problem.retryable == fault.retryable
    assert problem is None or "\n" not in problem.message
    assert met.outcome.text.startswith(fault.text)
    assert bool(met.outcome.text) == (fault.kind in (OutcomeKind.CUT_OFF, OutcomeKind.FINISHED))


def test_the_wearer_gets_two_lines_of_it(met: Meeting) -> None:
    if (problem := met.outcome.problem) is not None:
        for language in LANGUAGES:
            assert all(lines(problem.code, language, retry_after_s=problem.retry_after_s))


def test_it_costs_as_many_requests_and_as_long_as_it_may(fault: Fault, met: Meeting) -> None:
    assert met.requests == fault.requests <= MAX_REQUESTS
    if fault.takes is not None:
        assert met.seconds == pytest.approx(fault.takes, abs=0.01)


def test_a_good_endpoint_behind_it_answers_unless_words_were_shown_or_nobody_does_better(
    fault: Fault, met: Meeting
) -> None:
    assert met.behind.kind is (fault.kind if fault.ends else OutcomeKind.FINISHED)
    assert met.behind.text.startswith(fault.text if fault.ends else WORDS)
    assert met.behind_requests == (not fault.ends)


def test_the_next_ask_is_answered_once_the_fault_is_gone(met: Meeting) -> None:
    assert (met.again.kind, met.again.text) == (OutcomeKind.FINISHED, WORDS), met.again.problem
    assert (met.behind_again.kind, met.behind_again.text) == (OutcomeKind.FINISHED, WORDS), met.behind_again.problem


def test_the_page_of_faults_tells_what_came_of_it(fault: Fault, met: Meeting) -> None:
    page = (TREE / "docs" / "faults.md").read_text(encoding="utf-8").splitlines()
    assert HEADING.splitlines()[0] in page
    if fault.host != NOWHERE:  # what that looks like depends on the machine's own network
        assert row(fault, met) in page


# -- one ask after the other ------------------------------------------------------------------------------------------


@asynccontextmanager
async def two(cloud: FaultServer, **deadlines: float) -> AsyncIterator[tuple[FaultServer, FaultServer, Client]]:
    """Yield a server with a fault, a good one, and a client that has them as its endpoints, in this order."""
    async with cloud, FaultServer() as spare, client(model(cloud.url(), spare.url(), **deadlines)) as opened:
        yield cloud, spare, opened


async def asked(opened: Client) -> tuple[str, float]:
    """Return which endpoint answered one ask, and after how many seconds."""
    outcome = (await gather(opened))[-1]
    assert isinstance(outcome, Outcome)
    assert outcome.kind is OutcomeKind.FINISHED
    assert outcome.timings.done is not None
    return outcome.endpoint, round(outcome.timings.done, 1)


def test_a_dead_cloud_is_waited_for_once_and_asked_again_as_soon_as_it_is_back(certificates: Certificates) -> None:
    dead = FaultServer(sends(then="stall"), at="connection", certificate="none", certificates=certificates)

    async def main() -> None:
        async with dead as cloud, FaultServer() as spare:
            first = {"url": cloud.url(), "vision": "v", "ca": certificates.path}
            async with client(model(first, spare.url())) as opened:
                assert await asked(opened) == (spare.url(), 3.0)
                assert await asked(opened) == (spare.url(), 0.0)
                assert cloud.connections == 1
                opened.warm()  # the cloud is still gone
                await passes(5)
                assert await asked(opened) == (spare.url(), 0.0)
                await cloud.mend()
                opened.warm()
                await passes(1)
                assert await asked(opened) == (cloud.url(), 0.0)

    run(main())


def test_a_dead_cloud_that_nobody_warms_is_tried_again_after_its_rest(certificates: Certificates) -> None:
    dead = FaultServer(sends(then="stall"), at="connection", certificate="none", certificates=certificates)

    async def main() -> None:
        async with dead as cloud, FaultServer() as spare:
            first = {"url": cloud.url(), "vision": "v", "ca": certificates.path}
            async with client(model(first, spare.url())) as opened:
                waits = []
                for _ in range(14):
                    waits.append((await asked(opened))[1])
                    await passes(10)
                assert [10 * turn for turn, wait in enumerate(waits) if wait] == [0, 30, 90]
                await cloud.mend()
                await passes(60)
                assert await asked(opened) == (cloud.url(), 0.0)

    run(main())


@pytest.mark.parametrize(
    ("script", "rest"),
    [(refuses(401), 60), (refuses(404), 60), (refuses(429, Retry_After="90"), 90), (refuses(503, Retry_After="8"), 8)],
    ids=["a wrong key", "no model there", "a limit", "a pause"],
)
def test_asks_go_around_a_server_that_is_known_to_refuse_until_it_may_have_changed(script: Script, rest: float) -> None:
    async def main() -> None:
        async with two(FaultServer(script)) as (cloud, spare, opened):
            for _ in range(3):
                assert await asked(opened) == (spare.url(), 0.0)
            assert cloud.requests == 1
            await cloud.mend()
            await passes(rest - 1)
            assert await asked(opened) == (spare.url(), 0.0)
            await passes(1.1)
            assert await asked(opened) == (cloud.url(), 0.0)

    run(main())


def test_a_server_that_fails_twice_is_gone_around_for_a_few_seconds_and_then_for_longer() -> None:
    async def main() -> None:
        async with two(FaultServer(refuses(500))) as (cloud, spare, opened):
            tried = []
            for _ in range(45):
                before = cloud.requests
                assert await asked(opened) == (spare.url(), 0.0)
                tried.append(cloud.requests > before)
                await passes(1)
            assert [second for second, was in enumerate(tried) if was] == [0, 1, 6, 16, 36]

    run(main())


def test_a_kept_connection_that_died_in_silence_is_given_up_for_a_new_one() -> None:
    turns = iter([well, sends(then="hang"), well])

    async def script(line: Line) -> None:
        turn = next(turns)
        if turn is well:
            await line.body()
        await turn(line)

    async def main() -> None:
        async with two(FaultServer(script, at="head"), first=0.5) as (cloud, spare, opened):
            for _ in range(2):
                outcome = (await gather(opened, ask("?", BIG)))[-1]
                assert isinstance(outcome, Outcome)
                assert (outcome.kind, outcome.endpoint) == (OutcomeKind.FINISHED, cloud.url())
            assert (cloud.requests, cloud.connections, spare.requests) == (3, 2, 0)

    asyncio.run(main())  # it is the kernel that gives it up


def test_content_that_is_refused_is_no_fault_of_the_server() -> None:
    async def main() -> None:
        async with two(FaultServer(refuses(400, "no", "data_inspection_failed"))) as (cloud, spare, opened):
            for _ in range(5):
                await gather(opened)
            assert (cloud.requests, spare.requests) == (5, 0)
            assert opened.health.status() == []

    run(main())
