"""The error table: what vendors and networks say, what it is called here, and whether it may pass."""

from __future__ import annotations

import errno
import json
import socket
import ssl
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given
from hypothesis import strategies as st

from glassd.messages.codes import Code
from glassd.model.chunks import decode
from glassd.model.errors import (
    MESSAGE_LIMIT_CHARS,
    RETRYABLE,
    asked_wait,
    one_line,
    own_words,
    retry_after,
    server_problem,
)
from glassd.model.failures import redirect_problem, way_problem
from glassd.model.server_errors import ServerError, decode_error
from glassd.model.vendors import vendor_of
from glassd.wall import BUILT

NOW = BUILT + 1000.0


def code_of(body: Any, status: int | None = None, vendor: str = "") -> Code:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return server_problem(decode_error(payload), where="there", vendor=vendor, http_status=status).code


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"error": {"code": "data_inspection_failed"}}, 400, Code.MODERATED),
        ({"code": "DataInspectionFailed", "message": "…"}, 400, Code.MODERATED),
        ({"error": {"code": "content_filter", "message": "ResponsibleAI"}}, 400, Code.MODERATED),
        (
            {"error": {"message": "litellm.ContentPolicyViolationError: violates our content policy"}},
            500,
            Code.MODERATED,
        ),
        (
            {"error": {"code": "1301", "message": "系统检测到输入或生成内容可能包含不安全或敏感内容"}},
            400,
            Code.MODERATED,
        ),
        ({"error": {"code": 403, "message": "… and your input was flagged", "metadata": {}}}, 403, Code.MODERATED),
        ({"error": {"code": "OutputImageSensitiveContentDetected", "type": "BadRequest"}}, 400, Code.MODERATED),
        ({"error": {"code": "InputTextRiskDetection", "type": "BadRequest"}}, 400, Code.MODERATED),
        ({"error": {"type": "invalid_request_error", "message": "credit balance is too low"}}, 400, Code.QUOTA_SPENT),
        ({"code": 30001, "message": "Sorry, your account balance is insufficient"}, 403, Code.QUOTA_SPENT),
        (
            [{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}],
            400,
            Code.KEY_WRONG,
        ),
        ({"error_code": 110, "error_msg": "Access token invalid or no longer valid"}, 200, Code.KEY_WRONG),
        ({"error_code": 18, "error_msg": "Open api qps request limit reached"}, 200, Code.RATE_LIMITED),
        ({"error": {"code": "1308", "message": "Usage limit reached for 5 hour."}}, None, Code.RATE_LIMITED),
        ({"error": {"code": "ServerOverloaded", "type": "TooManyRequests"}}, 429, Code.SERVER_BUSY),
        (
            {"error": {"code": 404, "message": "models/x is not found for API version v1", "status": "NOT_FOUND"}},
            404,
            Code.MODEL_UNKNOWN,
        ),
        ({"error": {"type": "resource_not_found_error", "message": "Not found the model x"}}, 404, Code.MODEL_UNKNOWN),
        ({"error": {"code": "Arrearage", "message": "Access denied"}}, 400, Code.QUOTA_SPENT),
        ({"error": {"message": "Insufficient Balance", "type": "unknown_error"}}, 402, Code.QUOTA_SPENT),
        ({"error": {"type": "exceeded_current_quota_error"}}, 429, Code.QUOTA_SPENT),
        ({"error": {"code": "AllocationQuota.FreeTierOnly"}}, 403, Code.QUOTA_SPENT),
        ({"error": {"message": "no"}}, 401, Code.KEY_WRONG),
        ({"error": {"message": "no"}}, 403, Code.KEY_WRONG),
        ({"error": {"code": "model_not_found"}}, 404, Code.MODEL_UNKNOWN),
        ({"error": {"message": 'model "x" not found, try pulling it first'}}, 404, Code.MODEL_UNKNOWN),
        # LiteLLM's proxy, the second where it has no database of keys
        (
            {"error": {"message": "/chat/completions: Invalid model name passed in model=x", "code": "400"}},
            400,
            Code.MODEL_UNKNOWN,
        ),
        (
            {"error": {"message": "No connected db.", "type": "no_db_connection", "code": "400"}},
            400,
            Code.KEY_WRONG,
        ),
        ({"detail": "Not Found"}, 404, Code.ADDRESS_WRONG),
        (b"404 page not found", 404, Code.ADDRESS_WRONG),
        ({"detail": "Method Not Allowed"}, 405, Code.ADDRESS_WRONG),
        (b"", 408, Code.SERVER_BUSY),
        (b"<html><title>413 Request Entity Too Large</title></html>", 413, Code.REQUEST_TOO_BIG),
        ({"error": {"code": "context_length_exceeded"}}, 400, Code.REQUEST_TOO_BIG),
        ({"error": {"type": "invalid_request_error", "message": "bad"}}, 400, Code.REQUEST_INVALID),
        ({"detail": [{"msg": "Field required", "loc": ["body", "messages"]}]}, 422, Code.REQUEST_INVALID),
        ({"error": {"code": "Throttling.RateQuota"}}, 429, Code.RATE_LIMITED),
        ([{"error": {"code": 429, "message": "Resource exhausted"}}], 429, Code.RATE_LIMITED),
        (b"upstream connect error", 503, Code.SERVER_BUSY),
        (b"", 529, Code.SERVER_BUSY),
        (b"\xff\xfe", 500, Code.SERVER_ERROR),
        (b"", 418, Code.REQUEST_INVALID),
        ({"error": {"message": "x", "code": 503}}, None, Code.SERVER_BUSY),
        ({"error": {"message": "x", "type": "server_error"}}, None, Code.SERVER_ERROR),
        ({"error": "overloaded"}, None, Code.SERVER_BUSY),
        ({"error": "Model is overloaded", "error_type": "overloaded"}, None, Code.SERVER_BUSY),  # TGI
        ({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}, None, Code.SERVER_BUSY),  # Anthropic
        ({"error": {"code": 8, "status": "RESOURCE_EXHAUSTED", "message": "x"}}, None, Code.RATE_LIMITED),  # Google
        ({"error": {"message": "x", "status": 429}}, None, Code.RATE_LIMITED),
        ({"statusCode": 401, "message": "x"}, None, Code.KEY_WRONG),
        ({"error_code": 336501, "error_msg": "Rate limit reached"}, None, Code.RATE_LIMITED),  # Baidu
        ({"ResponseMetadata": {"Error": {"Code": "AccountOverdueError", "Message": "x"}}}, 403, Code.QUOTA_SPENT),
        ({"error": {"code": "OutputTextSensitiveContentDetected", "message": "x"}}, 400, Code.MODERATED),  # Ark
        ({"detail": {"error": {"code": "model_not_found"}}}, 404, Code.MODEL_UNKNOWN),
        ({"object": "error", "message": {"detail": [{"msg": "bad"}]}, "code": "1500"}, 422, Code.REQUEST_INVALID),
        ({"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]}, 401, Code.KEY_WRONG),
        ({"fault": {"faultstring": "x", "detail": {"errorcode": "policies.ratelimit"}}}, 429, Code.RATE_LIMITED),
    ],
)
def test_knows_each_vendors_error(body: Any, status: int | None, code: Code) -> None:
    assert code_of(body, status) is code


def test_the_same_words_are_a_rate_limit_at_dashscope_and_a_bill_elsewhere() -> None:
    body = {"error": {"code": "insufficient_quota", "type": "insufficient_quota"}}
    assert code_of(body, 429, vendor_of("https://dashscope.aliyuncs.com/compatible-mode/v1")) is Code.RATE_LIMITED
    assert code_of(body, 429, vendor_of("https://api.openai.com/v1")) is Code.QUOTA_SPENT
    assert vendor_of("https://notaliyuncs.com/v1") == ""


def test_a_number_means_what_it_means_at_its_vendor() -> None:
    def told(payload: dict[str, Any]) -> Code:
        (chunk,) = decode(json.dumps(payload).encode())
        return server_problem(chunk.error, where="there", vendor="").code

    assert told({"base_resp": {"status_code": 1002, "status_msg": "x"}}) is Code.RATE_LIMITED  # MiniMax
    assert told({"base_resp": {"status_code": 1027, "status_msg": "x"}}) is Code.MODERATED
    assert told({"error": {"code": "1002", "message": "x"}}) is Code.KEY_WRONG  # Zhipu
    assert told({"code": 10013, "message": "x"}) is Code.MODERATED  # Spark


def test_the_servers_words_come_from_wherever_they_lie() -> None:
    def words(payload: Any) -> str:
        return decode_error(payload if isinstance(payload, bytes) else json.dumps(payload).encode()).message

    assert words({"fault": {"faultstring": "slow down", "detail": {"errorcode": "x"}}}) == "slow down"
    assert words({"detail": [{"msg": "Field required", "loc": ["body", 1]}]}) == "Field required (body.1)"
    assert words({"errors": [{"code": 1, "message": "no"}]}) == "no"
    assert words({"detail": {"message": "no"}}) == "no"
    assert words([{"error": {"message": "no"}}]) == "no"
    assert words({"odd": 1}) == '{"odd": 1}'
    assert words(b"<html><head><title> 502 Bad Gateway </title>") == "502 Bad Gateway"
    assert words(b"upstream \xff") == "upstream \ufffd"


def test_what_only_a_person_can_mend_is_not_retryable() -> None:
    assert not RETRYABLE & {
        Code.KEY_WRONG, Code.KEY_MISSING, Code.QUOTA_SPENT, Code.MODERATED, Code.REQUEST_INVALID, Code.REQUEST_TOO_BIG,
        Code.MODEL_UNKNOWN, Code.ADDRESS_WRONG, Code.PORTAL, Code.REDIRECTED, Code.TLS, Code.CLOCK_NOT_SET,
    }  # fmt: skip


@given(st.text() | st.recursive(st.none() | st.text(max_size=5), lambda i: st.lists(i) | st.dictionaries(st.text(), i)))
def test_any_body_makes_a_problem_of_one_bounded_line(body: Any) -> None:
    problem = server_problem(decode_error(json.dumps({"error": body}).encode()), where="there", vendor="")
    assert problem.message.isprintable()
    assert len(problem.message) < 3 * MESSAGE_LIMIT_CHARS


@given(st.text(alphabet="abc123-", min_size=8), st.text(max_size=20), st.text(max_size=20))
def test_a_key_in_a_servers_words_is_blotted_out(key: str, before: str, after: str) -> None:
    assert key not in one_line(before + key + after, key)
    assert "sk-abcd1234efgh" not in one_line(f"{before} sk-abcd1234efgh {after}")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2.0), (" 0 ", 0.0), ("1.5", 1.5), ("soon", None), ("-3", None), ("", None), (None, None),
        ("9" * 40, None),
        (format_datetime(datetime.fromtimestamp(NOW + 30, UTC), usegmt=True), 30.0),
        (format_datetime(datetime.fromtimestamp(NOW - 30, UTC), usegmt=True), 0.0),
        (datetime.fromtimestamp(NOW + 30, UTC).strftime("%a %b %d %H:%M:%S %Y"), 30.0),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(
    header: str | None, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")  # the board's own time is nobody's business
    time.tzset()
    try:
        assert retry_after(header, NOW) == seconds
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "250.5", "retry-after": "7"}, 0.2505),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
        ({"retry-after-ms": "-1"}, None),
        ({"retry-after": "7"}, 7.0),
        ({}, None),
    ],
)
def test_the_finer_of_two_headers_says_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers, NOW) == seconds


# -- the way to the server

KEY = ConnectionKey("host", 443, True, True, None, None, None)


def os_error(number: int) -> aiohttp.ClientConnectorError:
    return aiohttp.ClientConnectorError(KEY, OSError(number, "…"))


def certificate_error(verify_code: int) -> aiohttp.ClientConnectorCertificateError:
    inner = ssl.SSLCertVerificationError(1, "certificate verify failed")
    inner.verify_code = verify_code
    inner.verify_message = "certificate has expired"
    return aiohttp.ClientConnectorCertificateError(KEY, inner)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(socket.EAI_NONAME, "…")), Code.DNS),
        (os_error(errno.ECONNREFUSED), Code.CONNECTION_REFUSED),
        (os_error(errno.ENETUNREACH), Code.NO_NETWORK),
        (os_error(errno.EHOSTUNREACH), Code.NO_NETWORK),
        (os_error(errno.ETIMEDOUT), Code.CONNECT_TIMEOUT),
        (
            aiohttp.ClientConnectorError(
                KEY, OSError("Multiple exceptions: [Errno 101] …, [Errno 111] Connect call …")
            ),
            Code.CONNECTION_REFUSED,
        ),
        (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, "wrong version number")), Code.TLS),
        (certificate_error(62), Code.TLS),  # the name does not match
        (certificate_error(10), Code.TLS),
        (aiohttp.ServerDisconnectedError(), Code.CONNECTION_LOST),
        (aiohttp.ClientOSError(errno.ECONNRESET, "…"), Code.CONNECTION_LOST),
        (aiohttp.ClientOSError(errno.ETIMEDOUT, "…"), Code.CONNECTION_LOST),
        (aiohttp.ClientPayloadError("…"), Code.CONNECTION_LOST),
        (aiohttp.InvalidURL("http://["), Code.ADDRESS_WRONG),
    ],
    ids=lambda value: str(value)[:50],
)
def test_knows_each_break_of_the_way(error: Exception, code: Code) -> None:
    problem = way_problem(error, where="host:443", now=NOW, has_route=True)
    assert problem.code is code
    assert problem.message.startswith("host:443: ")
    assert problem.retryable is (code in RETRYABLE)


def test_what_a_parser_stumbled_over_is_not_quoted_for_it_may_be_an_answer_or_the_key() -> None:
    quoted = (
        "Response payload is not completed: <TransferEncodingError: 400, message=\"Invalid chunk:\\n\\n b'words'\">"
    )
    for words in (quoted, "Bad status line:\n\n  b'words'", 'Got more than 8 bytes when reading: b"words"'):
        error = aiohttp.ClientPayloadError(words)
        assert "words" not in way_problem(error, where="h", now=NOW, has_route=True).message
    echo = aiohttp.ClientPayloadError("no good: the-key")
    assert "the-key" not in way_problem(echo, where="h", now=NOW, has_route=True, key="the-key").message
    assert "the-key" not in redirect_problem("http://h/v1", "http://h/the-key", 302, where="h", key="the-key").message


def test_the_log_gets_the_boards_own_words_and_none_of_a_servers() -> None:
    certificate = ssl.SSLCertVerificationError("x")
    certificate.verify_message = "certificate has expired"
    assert "certificate has expired" in own_words(way_problem(certificate, where="h:1", now=NOW, has_route=True))
    assert "http://b/x" in own_words(redirect_problem("http://h/v1", "http://b/x", 302, where="h"))
    for status in (None, 407, 511, 422):
        said = own_words(
            server_problem(ServerError("you asked: words (many)"), where="h", vendor="", http_status=status)
        )
        assert said.startswith("h: ")
        assert "words" not in said


def test_without_any_network_an_unknown_name_is_no_network() -> None:
    error = aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(socket.EAI_AGAIN, "…"))
    assert way_problem(error, where="h", now=NOW, has_route=False).code is Code.NO_NETWORK


@pytest.mark.parametrize("verify_code", [9, 10], ids=["not yet valid", "expired"])
def test_a_certificate_out_of_date_on_a_board_without_the_time_is_the_clocks_fault(verify_code: int) -> None:
    error = certificate_error(verify_code)
    assert way_problem(error, where="h", now=0.0, has_route=True).code is Code.CLOCK_NOT_SET
    assert way_problem(error, where="h", now=NOW, has_route=True).code is Code.TLS


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("https://host/v2/chat/completions?token=1", Code.REDIRECTED),
        ("/v2", Code.REDIRECTED),
        ("http://192.168.1.1/login", Code.PORTAL),
        (None, Code.REDIRECTED),
        ("http://[::1", Code.REDIRECTED),
    ],
)
def test_a_redirect_to_the_same_host_is_a_moved_server_another_one_is_a_portal(
    location: str | None, code: Code
) -> None:
    problem = redirect_problem("http://host/v1/chat/completions", location, 302, where="host")
    assert (problem.code, problem.http_status) == (code, 302)
    assert "token" not in problem.message
