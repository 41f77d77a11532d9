"""What an endpoint adds to its requests, the way to it, the hosts that are allowed, and the gateway's section."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from yaml_files import MODEL, config, mistakes

from glassd.config.fields import FIELD_LIMIT_CHARS, host_allowed
from glassd.config.load import ConfigError, load, load_model_only
from glassd.config.model import Endpoint

if TYPE_CHECKING:
    from pathlib import Path

ENDPOINT = "model:\n  endpoints:\n    - url: https://api.example.com/v1\n      text: m\n"
"""Four lines; what is added stands in the fifth, below `text`."""


def told(folder: Path, line: str) -> list[str]:
    """Return what is said of a line of an endpoint, without the file's name."""
    return [mistake.removeprefix("glassd.yaml:") for mistake in mistakes(folder, f"{ENDPOINT}      {line}\n")]


def test_fields_pass_as_they_are_written(tmp_path: Path) -> None:
    line = "fields: {enable_thinking: false, extra: {a: [1, 2.5, null, x]}, stop: no}\n"
    more = "      picture_fields: {max_pixels: 1003520}\n      headers: {X-Site: lab 7}\n"
    endpoint = config(tmp_path, f"{ENDPOINT}      {line}{more}").model.endpoints[0]
    assert endpoint.fields == {"enable_thinking": False, "extra": {"a": [1, 2.5, None, "x"]}, "stop": "no"}
    assert endpoint.picture_fields == {"max_pixels": 1003520}
    assert endpoint.headers == {"X-Site": "lab 7"}


def test_a_field_may_have_the_name_of_a_key_of_the_config(tmp_path: Path) -> None:
    block = "      fields:\n        text: x\n        proxy: y\n        language: zh\n      stream: false\n"
    endpoint = config(tmp_path, f"{ENDPOINT}{block}").model.endpoints[0]
    assert endpoint.fields == {"text": "x", "proxy": "y", "language": "zh"}
    assert not endpoint.stream


@pytest.mark.parametrize(
    ("line", "says"),
    [
        *[
            (
                f"fields: {{{name}: 1}}",
                f"5:16: model.endpoints.0.fields.{name}: expected a field of the vendor, not one",
            )
            for name in ("model", "messages", "stream", "stream_options")
        ],
        *[
            (
                f"picture_fields: {{{name}: 1}}",
                f"5:24: model.endpoints.0.picture_fields.{name}: expected a field of the",
            )
            for name in ("type", "image_url", "text")
        ],
        ("fields: {a: .nan}", "5:19: model.endpoints.0.fields.a: expected a number that is finite, got .nan"),
        ("fields: {a: [[[[[[[[[1]]]]]]]]]}", "5:19: model.endpoints.0.fields.a: expected a value of at most 4096 char"),
        ("fields: [a]", "5:15: model.endpoints.0.fields: expected lines of key: value, got a list"),
        ("headers: {X-Site: 7}", "5:25: model.endpoints.0.headers.X-Site: expected text, got the number 7"),
        (
            "headers: {X Site: a}",
            "5:17: model.endpoints.0.headers.X Site: expected the name of an HTTP header: letters",
        ),
        (
            "headers: {X-Site: é}",
            "5:25: model.endpoints.0.headers.X-Site: expected 1 to 1024 characters of plain ASCII",
        ),
        ("headers: {X-Api-Key: a}", "5:17: model.endpoints.0.headers.X-Api-Key: expected a header that holds no key"),
        (
            "proxy: https://p:1",
            "5:14: model.endpoints.0.proxy: expected http, a host and a port, such as http://10.0.0",
        ),
        ("proxy: http://p", "5:14: model.endpoints.0.proxy: expected http, a host and a port, such as http://10.0.0.1"),
        ("proxy: http://p:1/x", "5:14: model.endpoints.0.proxy: expected http, a host and a port, such as http://10.0"),
        (
            "proxy_login: p",
            "5:20: model.endpoints.0.proxy_login: expected the proxy that it is for beside it (proxy: ht",
        ),
        (
            "ca: certs/ca.pem",
            "5:11: model.endpoints.0.ca: expected an absolute path, such as /etc/glassd/ca.pem, got te",
        ),
        ("fields: {user: sk-a}", "5:22: model.endpoints.0.fields.user: expected a value that is no key (a key goes by"),
        ("fields: {a: [{b: Bearer x}]}", "5:19: model.endpoints.0.fields.a: expected a value that is no key (a key"),
        ("stream: no", "5:15: model.endpoints.0.stream: expected true or false, got text 'no'"),
    ],
)
def test_a_wrong_key_of_an_endpoint_is_told_at_its_place(tmp_path: Path, line: str, says: str) -> None:
    (only,) = told(tmp_path, line)
    assert only.startswith(says)
    assert "a space belongs" not in only


def test_a_login_written_where_its_name_belongs_is_not_repeated(tmp_path: Path) -> None:
    assert not [said for said in told(tmp_path, "proxy_login: wearer:hunter2") if "hunter2" in said]


def test_a_url_with_a_query_is_refused_for_it(tmp_path: Path) -> None:
    (only,) = mistakes(tmp_path, ENDPOINT.replace("/v1", "/v1?api-version=1"))
    assert "expected a URL without a ? or a # and what follows it" in only


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "host", "Content-Type", "Content-Length", "Accept", "Accept-Encoding", "User-Agent"),
        *("Connection", "Transfer-Encoding", "Cookie", "Proxy-Authorization", "TE", "Upgrade", "Expect"),
    ],
)
def test_a_header_that_is_not_the_configs_to_set_is_refused(tmp_path: Path, name: str) -> None:
    (only,) = told(tmp_path, f"headers: {{{name}: x}}")
    assert only.startswith(f"5:17: model.endpoints.0.headers.{name}: expected a header that HTTP or glassd itself does")


@pytest.mark.parametrize(
    "line",
    [
        "headers: {X-Site: sk-abcdef0123456789}",
        "headers: {X-Site: Bearer abcdef0123456789}",
        "proxy: http://user:abcdef0123456789@p:1",
        "proxy_login: sk-abcdef0123456789",
    ],
)
def test_what_may_be_a_key_is_refused_and_never_repeated(tmp_path: Path, line: str) -> None:
    said = told(tmp_path, line)
    assert said
    assert "abcdef" not in "".join(said)


@pytest.mark.parametrize("line", ["extra_body: {a: 1}", "enable_thinking: false", "max_pixels: 1003520"])
def test_a_field_of_the_request_in_the_wrong_place_is_told_the_right_one(tmp_path: Path, line: str) -> None:
    (only,) = told(tmp_path, line)
    assert only.endswith("what the request or its pictures have to say belongs into fields: or picture_fields:")


@pytest.mark.parametrize("value", ["no", "off", "None", "'false'", "Yes"])
def test_a_field_that_is_text_where_no_text_was_meant_is_warned_of(tmp_path: Path, value: str) -> None:
    path = tmp_path / "glassd.yaml"
    path.write_text(f"{ENDPOINT}      fields: {{enable_thinking: {value}, stop: x, n: True, m: null}}\n")
    (only,) = (text for text in load(path).warnings if "fields" in text or "enable" in text)
    text = value.strip("'")
    assert only.startswith(f"model.endpoints.0: enable_thinking: {text} is sent as text; what is no text")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://api.example.com/v1", "api.example.com"),
        ("api.example.com:443", "api.example.com"),
        (".example.com", "*.example.com"),
        ("127.0.0.1:11434", "127.0.0.1"),
        ("192.168.1.5/24", "192.168.1.0/24"),
    ],
)
def test_more_than_a_host_in_allow_hosts_is_told_the_host(tmp_path: Path, written: str, meant: str) -> None:
    (only,) = mistakes(tmp_path, f"{ENDPOINT}allow_hosts: ['{written}']\n")
    assert only.startswith("glassd.yaml:5:15: allow_hosts.0: expected a host alone")
    assert only.endswith(f"; did you mean {meant}?")


def test_a_login_in_allow_hosts_is_not_repeated(tmp_path: Path) -> None:
    (only,) = mistakes(tmp_path, f"{ENDPOINT}allow_hosts: ['https://wearer:hunter2@host']\n")
    assert "hunter2" not in only


def test_allow_hosts_of_nothing_is_told_alone(tmp_path: Path) -> None:
    (only,) = mistakes(tmp_path, f"{ENDPOINT}allow_hosts:\n")
    assert only.startswith("glassd.yaml:5:1: allow_hosts: expected a value after the colon")


@pytest.mark.parametrize("port", ["8734", "':8734'", "'8734'"])
def test_a_port_alone_is_no_address_and_told_one(tmp_path: Path, port: str) -> None:
    (only,) = mistakes(tmp_path, f"{ENDPOINT}gateway: {{listen: {port}}}\n")
    assert only.startswith("glassd.yaml:5:19: gateway.listen: expected an address and a port, such as 127.0.0.1:8734")


def test_an_address_of_a_name_may_stand_between_braces(tmp_path: Path) -> None:
    gateway = config(tmp_path, f"{ENDPOINT}gateway: {{listen: localhost:8734, at_once: 1}}\n").gateway
    assert gateway is not None
    assert gateway.listen == "localhost:8734"


def test_a_field_is_of_bounded_size() -> None:
    Endpoint(url="https://host", text="m", fields={"a": "x" * (FIELD_LIMIT_CHARS - 2)})
    for value in ("x" * FIELD_LIMIT_CHARS, float("inf"), float("nan"), {1: object()}):
        with pytest.raises(ValidationError):
            Endpoint(url="https://host", text="m", fields={"a": value})


@pytest.mark.parametrize("line", ["stream: false", "partial: true", "fields: {a: 1}", "headers: {X-A: b}", "ca: /x"])
def test_the_reader_takes_no_key_of_the_network(tmp_path: Path, line: str) -> None:
    (only,) = mistakes(tmp_path, f"model:\n  endpoints:\n    - url: reader\n      {line}\n")
    assert f"model.endpoints.0.{line.partition(':')[0]}: expected no such key beside url: reader" in only


# -- allow_hosts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "patterns", "allowed"),
    [
        ("api.example.com", ["api.example.com"], True),
        ("API.Example.com.", ["api.example.COM"], True),
        ("api.example.com", ["*.example.com"], True),
        ("a.b.example.com", ["*.example.com"], True),
        ("example.com", ["*.example.com"], False),
        ("badexample.com", ["*.example.com"], False),
        ("example.com.evil.org", ["example.com", "*.example.com"], False),
        ("bücher.example", ["xn--bcher-kva.example"], True),
        ("192.168.1.9", ["192.168.1.0/24"], True),
        ("192.168.2.9", ["192.168.1.0/24"], False),
        ("::1", ["[::1]"], True),
        ("::ffff:10.0.0.1", ["10.0.0.1"], True),
        ("fe80::1", ["fe80::/10"], True),
        ("localhost", ["127.0.0.0/8"], False),
        ("127.1", ["127.0.0.0/8", "127.0.0.1"], False),
        ("anything", [], False),
    ],
)
def test_a_host_is_allowed_by_name_or_by_address(host: str, patterns: list[str], allowed: bool) -> None:
    assert host_allowed(host, patterns) is allowed


@given(st.text(), st.lists(st.text(), max_size=5))
def test_any_text_is_a_host_that_is_allowed_or_not(host: str, patterns: list[str]) -> None:
    assert host_allowed(host, patterns) in (True, False)
    assert not host_allowed(host, [])


@pytest.mark.parametrize(
    "pattern",
    ["https://a.example", "a.example:443", "a b", "*", "*.", "a.*.example", "192.168.1.7/24", "1.2.3", "-a.b", "a/b"],
)
def test_what_is_no_host_is_refused(tmp_path: Path, pattern: str) -> None:
    (only,) = mistakes(tmp_path, f'{MODEL}allow_hosts: ["{pattern}"]\n')
    assert only.startswith("glassd.yaml:2:15: allow_hosts.0: expected a host alone, such as api.example.com, *.exam")


TWO = """\
allow_hosts: [api.example.com, 10.0.0.0/8]
model:
  endpoints:
    - {url: "https://api.example.com/v1", text: m, proxy: "http://10.1.2.3:3128"}
    - {url: "https://api.exmple.com/v1", text: m, proxy: "http://11.1.2.3:3128"}
    - {url: "http://127.0.0.1:8080/v1", text: m}
    - {url: reader}
"""


def test_every_host_must_be_allowed_one_on_the_board_too(tmp_path: Path) -> None:
    names = "it names: api.example.com, 10.0.0.0/8"
    said = [
        ("5:13", "1.url", "api.exmple.com; did you mean api.example.com?"),
        ("5:58", "1.proxy", f"11.1.2.3; {names}"),
        ("6:13", "2.url", f"127.0.0.1; {names}"),
    ]
    assert mistakes(tmp_path, TWO) == [
        f"glassd.yaml:{place}: model.endpoints.{key}: expected a host that allow_hosts names (line 1), got {end}"
        for place, key, end in said
    ]


def test_without_the_list_every_endpoint_may_be_asked_and_with_an_empty_one_the_reader_alone(tmp_path: Path) -> None:
    assert mistakes(tmp_path, TWO.replace("[api.example.com, 10.0.0.0/8]", "null")) == []
    assert mistakes(tmp_path, f"{MODEL}allow_hosts: []\n") == []
    (only,) = mistakes(tmp_path, f"{ENDPOINT}allow_hosts: []\n")
    assert only.startswith("glassd.yaml:3:12: model.endpoints.0.url: expected a host that allow_hosts names (line 5)")


@pytest.mark.parametrize("given", ["[other.example]", "api.example.com", "[]", "{a: b}"])
def test_an_ask_past_the_daemon_goes_only_where_it_may_and_a_list_that_is_none_allows_nothing(
    tmp_path: Path, given: str
) -> None:
    path = tmp_path / "glassd.yaml"
    path.write_text(f"{ENDPOINT}allow_hosts: {given}\n")
    with pytest.raises(ConfigError, match=r"model\.endpoints\.0\.url: expected a host that allow_hosts names"):
        load_model_only(path)
    path.write_text(f"{ENDPOINT}allow_hosts: ['*.example.com']\n")
    assert load_model_only(path).endpoints[0].text == "m"


# -- gateway -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("gateway: {listen: '0.0.0.0:8734'}", "5:19: gateway.listen: expected a token beside it (token: NAME)"),
        ("gateway: {token: t}", "5:1: gateway.listen: expected this key, which has no default; it is missing"),
        ("gateway: {listen: '127.0.0.1:1', at_once: 0}", "5:43: gateway.at_once: expected a value of at least 1"),
        (
            "gateway: {listen: '127.0.0.1:1', models: {gpt: qwen-vl-plsu}}",
            "5:48: gateway.models.gpt: expected a model that an endpoint has, got qwen-vl-plsu; did you mean qwen-vl-",
        ),
        (
            "api: {listen: '127.0.0.1:1', token: t}\ngateway: {listen: '127.0.0.1:2', token: t}",
            "6:41: gateway.token: expected a credential of its own, api.token in line 5 has this one",
        ),
        (
            "api: {listen: '127.0.0.1:1', token: t}\ngateway: {listen: '127.0.0.1:1', token: u}",
            "6:19: gateway.listen: expected an address of its own, api.listen in line 5 has this one",
        ),
        (
            "api: {listen: '0.0.0.0:1', token: t}\ngateway: {listen: '127.0.0.1:1', token: u}",
            "6:19: gateway.listen: expected an address of its own, api.listen in line 5 has this one",
        ),
    ],
)
def test_a_wrong_gateway_is_told_at_its_place(tmp_path: Path, section: str, says: str) -> None:
    endpoint = ENDPOINT.replace("text: m", "vision: qwen-vl-plus")
    (only,) = mistakes(tmp_path, f"{endpoint}{section}\n")
    assert only.startswith(f"glassd.yaml:{says}")


def test_a_good_gateway(tmp_path: Path) -> None:
    section = (
        "gateway: {listen: '127.0.0.1:2', models: {gpt-4o: m, other: glassd}}\napi: {listen: '127.0.0.1:3', token: t}\n"
    )
    gateway = config(tmp_path, ENDPOINT + section).gateway
    assert gateway is not None
    assert gateway.models == {"gpt-4o": "m", "other": "glassd"}
    assert gateway.at_once == 2
    assert gateway.token is None
