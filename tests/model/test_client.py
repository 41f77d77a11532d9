"""The client against real sockets: deadlines on the virtual clock, fail-over, retries, early ends, kept connections."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from asking import PICTURE, ask, client, gather, model, outcome_of, problem_of, sent_to
from replay import Answer, End, Piece, Replay
from streams import STREAMS, Stream

from glassd.answer import Delta, Outcome, OutcomeKind, Reasoning, Sent
from glassd.config.keys import KeyMissingError
from glassd.messages.codes import Code
from glassd.model.endpoints import MAX_REQUESTS
from glassd.model.wire import event_line
from virtual import run

if TYPE_CHECKING:
    from pathlib import Path

MANUAL = STREAMS["manual_streamed"]
GOOD = Answer(MANUAL.body)
BUSY = Answer(b'{"error":{"message":"busy"}}', status=503, content_type="application/json")


def delta(text: str, field: str = "content") -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": {field: text}}]}).encode() + b"\n\n"


def answer_to(stream: Stream) -> Answer:
    """Return the answer that a recorded one was, as the server sends it."""
    headers = {"Retry-After": stream.head["retry_after"]} if "retry_after" in stream.head else {}
    end: End = "cut" if stream.head.get("lost") else "clean"
    kind = stream.head.get("content_type", "text/event-stream")
    return Answer(stream.body, stream.status, kind, headers, end)


@pytest.mark.parametrize("stream", STREAMS.values(), ids=lambda stream: stream.name)
def test_tells_of_each_recorded_answer_what_is_right(stream: Stream) -> None:
    retried = stream.head.get("error", {}).get("code") in ("empty", "server_error", "server_busy", "rate_limited")

    async def told() -> Outcome:
        async with Replay(answer_to(stream)) as server:
            endpoint = {"url": server.url, "vision": "v", "vendor": stream.head.get("vendor")}
            outcome = await outcome_of(model(endpoint))
            assert len(server.requests) == (MAX_REQUESTS if retried and not outcome.text else 1)
            return outcome

    line = event_line(run(told()))
    assert line is not None
    assert {key: line[key] for key in stream.expected()} == stream.expected()
    error = stream.head.get("error")
    assert (line["error"] is None) == (stream.head["outcome"] == "finished")
    if error is not None:
        status = stream.status if stream.status != 200 else None
        wanted = {"vendor_code": None, "retry_after_s": None, "http_status": status, **error}
        assert {key: line["error"][key] for key in wanted} == wanted
        assert "\n" not in line["error"]["message"]


def test_the_answer_comes_piece_by_piece_and_every_station_has_its_time() -> None:
    async def main() -> None:
        body: list[Piece] = [
            1.0,
            delta("想", "reasoning"),
            0.5,
            delta("答"),
            0.5,
            delta("案"),
            b"data: [DONE]\n\n",
        ]
        async with Replay(Answer(body)) as server, client(model(server.url)) as opened:
            told, times = [], []
            async with aclosing(opened.ask(ask())) as events:
                async for event in events:
                    told.append(event)
                    times.append(asyncio.get_running_loop().time() - 1000)
        outcome = told[-1]
        assert isinstance(outcome, Outcome)
        assert told[:-1] == [Sent(server.url), Reasoning("想"), Delta("答"), Delta("案")]
        assert times == pytest.approx([0, 1.0, 1.5, 2.0, 2.0])
        stations = outcome.timings
        assert [stations.connected, stations.sent, stations.first_delta, stations.done] == pytest.approx([0, 0, 1, 2])

    run(main())


# -- deadlines --------------------------------------------------------------------------------------------------------

COMMENT = b": keep-alive\n\n"
EMPTY_DELTA = delta("")


@pytest.mark.parametrize(
    ("body", "code", "kind", "after"),
    [
        ([20.0], Code.FIRST_TIMEOUT, OutcomeKind.FAILED, 8),
        ([*[COMMENT, 1.0] * 20], Code.FIRST_TIMEOUT, OutcomeKind.FAILED, 8),
        ([*[EMPTY_DELTA, 1.0] * 20], Code.FIRST_TIMEOUT, OutcomeKind.FAILED, 8),
        ([7.0, delta("a"), 20.0], Code.GAP_TIMEOUT, OutcomeKind.CUT_OFF, 12),
        ([delta("a"), *[COMMENT, 1.0] * 20], Code.GAP_TIMEOUT, OutcomeKind.CUT_OFF, 5),
        ([*[delta("a", "reasoning"), 4.0] * 20], Code.WHOLE_TIMEOUT, OutcomeKind.CUT_OFF, 60),
        ([*[delta("a"), 4.0] * 20], Code.WHOLE_TIMEOUT, OutcomeKind.CUT_OFF, 60),
    ],
)
def test_each_wait_has_its_deadline_and_only_deltas_lengthen_it(
    body: list[Piece], code: Code, kind: OutcomeKind, after: float
) -> None:
    async def main() -> Outcome:
        async with Replay(Answer(body, end="stall")) as server:
            outcome = await outcome_of(model(server.url))
            assert len(server.requests) == 1
            return outcome

    outcome = run(main())
    assert (problem_of(outcome).code, outcome.kind) == (code, kind)
    assert outcome.timings.done == pytest.approx(after, abs=0.01)


def test_a_connection_that_never_stands_has_a_deadline() -> None:
    async def main() -> Outcome:
        async with Replay(GOOD) as server:  # it waits for HTTP: TCP stands, TLS never does
            return await outcome_of(model(f"https://127.0.0.1:{server.port}/v1"))

    outcome = run(main())
    assert problem_of(outcome).code is Code.CONNECT_TIMEOUT
    assert outcome.timings.done == pytest.approx(3)


def test_a_slow_consumer_trips_no_deadline_and_loses_nothing() -> None:
    async def main() -> None:
        body: list[Piece] = [delta("a"), 1.0, delta("b"), 1.0, delta("c")]
        async with Replay(Answer(body, end="reset")) as server, client(model(server.url)) as opened:
            told = []
            async with aclosing(opened.ask(ask())) as events:
                async for event in events:
                    told.append(event)
                    done = asyncio.get_running_loop().create_future()
                    asyncio.get_running_loop().call_later(30, done.set_result, None)
                    await done
        outcome = told[-1]
        assert isinstance(outcome, Outcome)
        assert (outcome.text, problem_of(outcome).code) == ("abc", Code.CONNECTION_LOST)

    run(main())


@pytest.mark.parametrize("end", [b"data: [DONE]\n\n", b'data: {"choices":[{"finish_reason":"stop"}]}\n\n'])
def test_a_server_that_never_ends_its_body_does_not_hold_up_the_outcome(end: bytes) -> None:
    async def main() -> None:
        async with Replay(Answer([delta("a"), end], end="stall")) as server:
            outcome = await outcome_of(model(server.url))
            assert outcome.kind is OutcomeKind.FINISHED
            assert asyncio.get_running_loop().time() - 1000 < 1.5
            await asyncio.wait_for(server.left.wait(), 1)

    run(main())


def test_comments_after_the_finish_reason_do_not_hold_up_the_outcome() -> None:
    async def main() -> None:
        finish = b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n'
        comments: list[Piece] = [0.5, COMMENT]
        body = [finish, *comments * 50]
        async with Replay(Answer(body)) as server:
            outcome = await outcome_of(model(server.url))
        assert outcome.kind is OutcomeKind.FINISHED
        assert outcome.timings.done == pytest.approx(1.0, abs=0.01)

    run(main())


def test_an_error_whose_body_never_comes_is_known_by_its_status() -> None:
    async def main() -> None:
        async with Replay(Answer(b"", 401, end="stall")) as server:
            outcome = await outcome_of(model(server.url))
        assert (problem_of(outcome).code, problem_of(outcome).http_status) == (Code.KEY_WRONG, 401)
        assert outcome.timings.done == pytest.approx(1.0, abs=0.01)

    run(main())


def test_a_status_that_came_is_not_forgotten_where_a_deadline_passes_before_its_body() -> None:
    async def main() -> None:
        async with Replay(Answer([], 401, end="stall")) as server:
            outcome = await outcome_of(model(server.url, first=0.5))
        assert (problem_of(outcome).code, problem_of(outcome).http_status) == (Code.KEY_WRONG, 401)

    run(main())


# -- the way from one endpoint to the next ----------------------------------------------------------------------------


def test_the_next_endpoint_answers_where_the_first_one_fails() -> None:
    async def main() -> None:
        async with Replay(BUSY) as first, Replay(GOOD) as second, client(model(first.url, second.url)) as opened:
            told = await gather(opened)
        outcome = told[-1]
        assert isinstance(outcome, Outcome)
        assert (outcome.kind, outcome.endpoint) == (OutcomeKind.FINISHED, second.url)
        assert sent_to(told) == [first.url, second.url]

    run(main())


@pytest.mark.parametrize(
    ("answer", "requests"),
    [
        (STREAMS["error_first_event_dashscope"], 2),  # another server may take this picture
        (STREAMS["http401_dashscope_badkey"], 2),
        (STREAMS["error_midstream_dashscope"], 1),  # words were shown, and it is moderation
        (STREAMS["http200_empty"], 2),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_no_other_server_does_better_is_not_asked_of_another(answer: Stream, requests: int) -> None:
    async def main() -> None:
        async with Replay(answer_to(answer)) as first, Replay(GOOD) as second:
            await outcome_of(model(first.url, second.url))
            assert len(first.requests) + len(second.requests) == requests

    run(main())


def test_moderation_before_any_word_is_refused_and_asked_nowhere_else() -> None:
    refusal = Answer(b'{"error":{"code":"data_inspection_failed","message":"no"}}', 400, "application/json")

    async def main() -> None:
        async with Replay(refusal) as first, Replay(GOOD) as second:
            outcome = await outcome_of(model(first.url, second.url))
            assert (outcome.kind, problem_of(outcome).http_status) == (OutcomeKind.REFUSED, 400)
            assert second.requests == []

    run(main())


def test_no_request_is_made_after_the_first_delta() -> None:
    async def main() -> None:
        async with Replay(Answer(delta("部分"), end="cut")) as first, Replay(GOOD) as second:
            outcome = await outcome_of(model(first.url, second.url))
            assert (outcome.kind, outcome.text, outcome.endpoint) == (OutcomeKind.CUT_OFF, "部分", first.url)
            assert (len(first.requests), len(second.requests)) == (1, 0)

    run(main())


def test_a_server_that_stumbles_is_called_again_after_a_pause_at_most_three_times() -> None:
    async def main() -> None:
        async with Replay(BUSY, BUSY, GOOD) as server:
            outcome = await outcome_of(model(server.url))
            assert outcome.kind is OutcomeKind.FINISHED
            assert outcome.timings.done == pytest.approx(0.5 + 1.0, abs=0.01)
        async with Replay(BUSY) as server:
            outcome = await outcome_of(model(server.url, server.url))
            assert (outcome.kind, len(server.requests)) == (OutcomeKind.FAILED, MAX_REQUESTS)

    run(main())


def test_an_endpoint_that_others_stand_in_for_is_told_once_in_the_log_and_again_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="glassd.model.client")
    wrong = Answer(b'{"error": {"message": "you asked: secret words"}}', 422, "application/json")

    async def main() -> list[str]:
        async with Replay(wrong, wrong, GOOD) as first, Replay(GOOD) as second:
            async with client(model(first.url, second.url)) as opened:
                for _ in range(3):
                    assert isinstance((await gather(opened))[-1], Outcome)
            where = f"127.0.0.1:{first.port}"
            return [record.getMessage().replace(where, "first") for record in caplog.records]

    says = "first: the server does not take this request (request_invalid, HTTP 422)"
    assert run(main()) == [says, "first: answers again"]


@pytest.mark.parametrize(("retry_after", "requests", "done"), [("2", 3, 4.0), ("60", 1, 0.0)])
def test_retry_after_is_obeyed_or_the_ask_ends(retry_after: str, requests: int, done: float) -> None:
    limited = Answer(b"{}", 429, "application/json", {"Retry-After": retry_after})

    async def main() -> None:
        async with Replay(limited) as server:
            outcome = await outcome_of(model(server.url))
            assert len(server.requests) == requests
            assert problem_of(outcome).retry_after_s == float(retry_after)
            assert outcome.timings.done == pytest.approx(done, abs=0.01)

    run(main())


def test_retries_stay_within_the_whole_deadline() -> None:
    async def main() -> None:
        async with Replay(BUSY) as server:
            outcome = await outcome_of(model(server.url, whole=0.4))
            assert len(server.requests) == 1
            assert problem_of(outcome).code is Code.SERVER_BUSY

    run(main())


def test_a_text_ask_goes_to_the_text_model_or_else_to_the_vision_model() -> None:
    async def models(what: bool, *endpoints: dict[str, str]) -> list[str]:
        async with Replay(GOOD) as server:
            await outcome_of(model(*({"url": server.url, **each} for each in endpoints)), ask("?", *[PICTURE] * what))
            return [request.json["model"] for request in server.requests]

    async def main() -> None:
        both, vision, text = {"vision": "v", "text": "t"}, {"vision": "v"}, {"text": "t"}
        assert await models(True, both) == ["v"]
        assert await models(False, both) == ["t"]
        assert await models(False, vision) == ["v"]
        assert await models(True, text, vision) == ["v"]
        assert await models(True, text) == []

    run(main())


def test_an_ask_that_no_endpoint_can_take_says_so() -> None:
    outcome = run(outcome_of(model({"url": "http://127.0.0.1:1/v1", "text": "t"}), ask("?", PICTURE)))
    assert (outcome.kind, problem_of(outcome).code) == (OutcomeKind.FAILED, Code.NO_ENDPOINT)


def test_the_reader_is_called_over_its_socket_even_behind_more_servers_than_may_be_called(tmp_path: Path) -> None:
    path = str(tmp_path / "reader")

    async def main() -> None:
        async with Replay(BUSY) as busy, Replay(GOOD, path=path) as reader:
            many = [f"http://127.0.0.1:{busy.port}/{number}" for number in range(5)]
            outcome = await outcome_of(model(*many, "reader"), ask("?", PICTURE), reader_socket=path)
            assert (outcome.kind, outcome.endpoint) == (OutcomeKind.FINISHED, "reader")
            assert len(busy.requests) + len(reader.requests) == MAX_REQUESTS
            assert reader.requests[0].path == "/v1/chat/completions"
            assert reader.requests[0].json["model"] == "glassd-reader"

    run(main())


def test_a_server_that_refuses_stream_options_is_asked_without_them_and_remembered() -> None:
    refusal = Answer(
        b'{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options",'
        b'"include_usage"],"msg":"Extra inputs are not permitted","input":true}]},"type":"invalid_request_error"}',
        422,
        "application/json",
    )

    async def main() -> None:
        async with Replay(refusal, GOOD) as server, client(model(server.url)) as opened:
            for _ in range(2):
                outcome = (await gather(opened))[-1]
                assert isinstance(outcome, Outcome)
                assert outcome.kind is OutcomeKind.FINISHED
            assert ["stream_options" in request.json for request in server.requests] == [True, False, False]

    run(main())


# -- keys -------------------------------------------------------------------------------------------------------------


def test_the_key_is_sent_and_a_server_that_echoes_it_does_not_make_us_tell_it() -> None:
    key = "secret-of-the-wearer"
    echo = Answer(
        f'{{"error":{{"message":"bad key {key}","code":"invalid_api_key"}}}}'.encode(), 401, "application/json"
    )

    async def main() -> None:
        async with Replay(echo) as server:
            endpoint = {"url": server.url, "vision": "v", "key": "cloud"}
            outcome = await outcome_of(model(endpoint), find_key={"cloud": key}.__getitem__)
            assert server.requests[0].headers["authorization"] == f"Bearer {key}"
            assert problem_of(outcome).code is Code.KEY_WRONG
            assert key not in problem_of(outcome).message

    run(main())


def test_an_endpoint_whose_key_is_missing_is_passed_over() -> None:
    def find_key(name: str) -> str:
        raise KeyMissingError(f"no credential {name}")

    async def main() -> None:
        async with Replay(GOOD) as server:
            keyed = {"url": server.url, "vision": "v", "key": "cloud"}
            outcome = await outcome_of(model(keyed), find_key=find_key)
            assert (problem_of(outcome).code, server.requests) == (Code.KEY_MISSING, [])
            outcome = await outcome_of(model(keyed, server.url), find_key=find_key)
            assert outcome.kind is OutcomeKind.FINISHED

    run(main())


def test_endpoints_without_their_key_cost_none_of_the_requests() -> None:
    def find_key(name: str) -> str:
        raise KeyMissingError(f"no credential {name}")

    async def main() -> None:
        async with Replay(BUSY) as busy, Replay(GOOD) as good:
            keyed = [{"url": f"{good.url}/{number}", "vision": "v", "key": "cloud"} for number in range(4)]
            outcome = await outcome_of(model(*keyed, busy.url, good.url), find_key=find_key)
            assert (outcome.kind, outcome.endpoint) == (OutcomeKind.FINISHED, good.url)

    run(main())


# -- connections ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [0.0, 0.1], ids=["at once", "a little later"])
def test_asks_in_turn_share_one_connection_for_each_body_is_read_to_its_end(last: float) -> None:
    async def main() -> None:
        async with Replay(Answer([MANUAL.body, last])) as server, client(model(server.url)) as opened:
            for _ in range(3):
                await gather(opened)
            assert (len(server.requests), server.connections) == (3, 1)

    run(main())


def test_a_kept_connection_that_went_stale_costs_the_wearer_nothing() -> None:
    async def main() -> None:
        async with Replay(GOOD) as server, Replay(GOOD) as other, client(model(server.url, other.url)) as opened:
            await gather(opened)
            # The server dies on the next request over the kept connection, as if it had closed it just then.
            server.answers = [Answer(b"", end="reset"), GOOD]
            outcome = (await gather(opened))[-1]
            assert isinstance(outcome, Outcome)
            assert (outcome.kind, outcome.endpoint) == (OutcomeKind.FINISHED, server.url)
            assert outcome.timings.done == pytest.approx(0, abs=0.01)

    run(main())


@pytest.mark.parametrize("body", [[60.0], [delta("a"), 60.0]], ids=["before the first delta", "after it"])
def test_stopping_early_closes_the_request_at_once(body: list[Piece]) -> None:
    async def main() -> None:
        async with Replay(Answer(body, end="stall")) as server, client(model(server.url)) as opened:
            async with aclosing(opened.ask(ask())) as events:
                async for event in events:
                    if isinstance(event, Delta if len(body) > 1 else Sent):
                        break
            await asyncio.wait_for(server.left.wait(), 1)
            assert asyncio.get_running_loop().time() == 1000
            assert len(server.requests) == 1

    run(main())


def test_cancelling_closes_the_request_and_leaves_no_task() -> None:
    async def main() -> None:
        async with Replay(Answer([60.0], end="stall")) as server, client(model(server.url)) as opened:
            before = asyncio.all_tasks()
            asking = asyncio.create_task(gather(opened), name="an ask")
            await server.asked.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await asyncio.wait_for(server.left.wait(), 1)
            left = {task.get_name() for task in asyncio.all_tasks() - before}
            assert not {name for name in left if name.startswith("request to")}

    run(main())


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        (b"Content-Length: %d\r\n\r\n%s%s" % (len(delta("a")), delta("a"), delta("b")), "a"),
        (b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\nzz\r\n" % (len(delta("a")), delta("a")), "a"),
    ],
    ids=["a Content-Length that is too small", "a chunk that is none"],
)
def test_a_body_against_the_rules_takes_neither_its_head_nor_the_words_before_with_it(rest: bytes, text: str) -> None:
    async def main() -> Outcome:
        async with Replay(Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + rest)) as server:
            return await outcome_of(model(server.url))

    outcome = run(main())
    assert (outcome.kind, outcome.text) == (OutcomeKind.CUT_OFF, text)


# -- strangers --------------------------------------------------------------------------------------------------------


def redirect(to: str) -> Answer:
    return Answer(b"", 302, "text/html", {"Location": to})


@pytest.mark.parametrize(
    ("answer", "code", "status"),
    [
        (redirect("http://login.hotel.example/?from=1"), Code.PORTAL, 302),
        (redirect("/elsewhere"), Code.REDIRECTED, 302),
        (Answer(b"<html><title>Welcome</title>", content_type="text/html; charset=utf-8"), Code.PORTAL, None),
        (Answer(b"<html><title>Welcome</title>", content_type="text/plain"), Code.GARBAGE, None),
        (Answer(b"hello", content_type="text/plain"), Code.GARBAGE, None),
        (Answer(b"", 204), Code.EMPTY, None),
        (Answer(b"", 511), Code.PORTAL, 511),
        (Answer(b"", 407), Code.PROXY, 407),
        (Answer(raw=b"SSH-2.0-OpenSSH_9.6\r\n"), Code.GARBAGE, None),
        (Answer(raw=b""), Code.CONNECTION_LOST, None),
        (Answer(b"x" * 10_000_000, 500, "text/plain"), Code.SERVER_ERROR, 500),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_stranger_is_told_from_a_broken_server(answer: Answer, code: Code, status: int | None) -> None:
    async def main() -> Outcome:
        async with Replay(answer) as server:
            return await outcome_of(model(server.url))

    problem = problem_of(run(main()))
    assert (problem.code, problem.http_status) == (code, status)
    assert len(problem.message) < 600


def test_a_dead_port_a_false_name_and_a_server_without_tls_are_told_apart() -> None:
    async def main() -> None:
        async with Replay(Answer(raw=b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
            port = server.port
            assert problem_of(await outcome_of(model(f"https://127.0.0.1:{port}"))).code is Code.TLS
        assert problem_of(await outcome_of(model(f"http://127.0.0.1:{port}"))).code is Code.CONNECTION_REFUSED
        nowhere = problem_of(await outcome_of(model("http://no-such-host.invalid/v1")))
        assert nowhere.code in (Code.DNS, Code.NO_NETWORK)  # which one depends on whether this machine has a network
        assert "no-such-host.invalid" in nowhere.message

    asyncio.run(main())  # names are looked up on a thread
