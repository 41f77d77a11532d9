"""The request is the manual's, and a picture's bytes arrive as they were."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from asking import PICTURE, ask
from hypothesis import given
from hypothesis import strategies as st

import manual
from glassd.ask import Ask, Link, Turn
from glassd.config.model import Endpoint
from glassd.model.endpoints import Target, chat_url
from glassd.model.request import GO_ON, body, headers
from glassd_drivers.contracts import Frame

STREAMED = {"stream": True, "stream_options": {"include_usage": True}}


def target(model: str = "m", **endpoint: Any) -> Target:
    of = Endpoint(url="https://host/v1", vision="v", **endpoint)
    return Target(of, model, chat_url(of.url), "vendor", "host")


def sent(what: Ask, to: Target | str = "m", **more: Any) -> dict[str, Any]:
    to = target(to) if isinstance(to, str) else to
    decoded: dict[str, Any] = json.loads(b"".join(body(what, to, **more)))
    return decoded


def test_a_text_ask_is_the_manuals() -> None:
    what = ask("你是谁?", instructions="You are a helpful assistant.")
    assert sent(what, "qwen-plus") == json.loads(manual.TEXT_REQUEST) | STREAMED


def test_an_ask_with_a_picture_by_url_is_the_manuals() -> None:
    link = Link("https://dashscope.oss-cn-beijing.aliyuncs.com/images/dog_and_girl.jpeg")
    assert sent(ask("这是什么", link), "qwen-vl-plus") == json.loads(manual.LINK_REQUEST) | STREAMED


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png"])
def test_an_ask_with_a_picture_of_ours_is_the_manuals_with_its_base64(media_type: Any) -> None:
    frame = Frame(bytes(range(256)) * 5, media_type, 10, 10, 0.0, "camera")
    message = sent(ask("这是什么", frame), "m")["messages"][0]
    url = message["content"][0]["image_url"]["url"]
    assert url == f"data:{media_type};base64,{base64.b64encode(frame.data).decode()}"
    assert message["content"][1:] == [{"type": "text", "text": "这是什么"}]


def test_a_picture_is_encoded_once_and_never_copied_into_the_rest() -> None:
    pieces = body(ask("?", PICTURE, PICTURE), target())
    encoded = base64.b64encode(PICTURE.data)
    assert pieces.count(encoded) == 2
    assert max(len(piece) for piece in pieces if piece != encoded) < 100


def test_earlier_turns_stand_between_the_instructions_and_the_prompt() -> None:
    turns = (Turn("user", "what?", (PICTURE,)), Turn("assistant", "a dog"))
    messages = sent(ask("what colour?", instructions="short", turns=turns), "m")["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[1]["content"][0]["type"] == "image_url"
    assert [message["content"] for message in messages[2:]] == ["a dog", "what colour?"]


@given(st.text(), st.text(min_size=1), st.text(), st.binary(max_size=50))
def test_any_words_and_any_bytes_make_one_json_object(prompt: str, model: str, instructions: str, data: bytes) -> None:
    frame = Frame(data, "image/jpeg", 1, 1, 0.0, "camera")
    told = sent(ask(prompt, frame, instructions=instructions), model)
    assert told["model"] == model
    content = told["messages"][-1]["content"]
    assert content[1]["text"] == prompt
    assert base64.b64decode(content[0]["image_url"]["url"].partition(",")[2]) == data


def test_a_byte_of_the_command_line_that_is_no_text_does_not_break_the_request() -> None:
    assert sent(ask("caf\udce9"), "m")["messages"][0]["content"] == "caf?"


def test_usage_can_be_left_out() -> None:
    assert sent(ask("?"), "m", usage=False).keys() == {"model", "messages", "stream"}


def test_without_anything_of_the_endpoints_own_the_request_is_what_it_always_was() -> None:
    raw = b"".join(body(ask("你好", PICTURE, instructions="短", turns=(Turn("assistant", "a"),)), target("qwen")))
    url = b"data:image/jpeg;base64," + base64.b64encode(PICTURE.data)
    assert raw == (
        '{"model":"qwen","messages":[{"role":"system","content":"短"},{"role":"assistant","content":"a"},'
        '{"role":"user","content":[{"type":"image_url","image_url":{"url":"'.encode()
        + url
        + '"}},{"type":"text","text":"你好"}]}],"stream":true,"stream_options":{"include_usage":true}}'.encode()
    )


def test_the_endpoints_fields_stand_in_the_body_and_in_each_picture() -> None:
    own = target(fields={"enable_thinking": False, "a": {"b": [1, "短"]}}, picture_fields={"max_pixels": 1003520})
    link = Link("https://host/a.jpg")
    told = sent(ask("?", PICTURE, link, turns=(Turn("user", "what?", (link,)),)), own)
    assert {key: told[key] for key in ("enable_thinking", "a")} == {"enable_thinking": False, "a": {"b": [1, "短"]}}
    pictures = [part for message in told["messages"] for part in message["content"] if part["type"] == "image_url"]
    assert [part["max_pixels"] for part in pictures] == [1003520] * 3
    assert [part.keys() for part in pictures] == [{"type", "image_url", "max_pixels"}] * 3
    assert told["messages"][-1]["content"][-1] == {"type": "text", "text": "?"}


def test_sampling_options_go_along_give_way_to_the_configs_and_never_replace_what_is_ours() -> None:
    options = {"temperature": 0.1, "max_tokens": 5, "model": "other", "messages": [], "stream": False}
    told = sent(ask("?", options={**options, "stream_options": None}), target(fields={"max_tokens": 100}))
    assert told == sent(ask("?")) | {"temperature": 0.1, "max_tokens": 100}


def test_no_name_stands_twice_in_a_body() -> None:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    what = ask("?", PICTURE, options={"top_p": 1, "stream": True, "seed": 2})
    raw = b"".join(body(what, target(fields={"seed": 3}, picture_fields={"a": 1})))
    assert json.loads(raw, object_pairs_hook=once)["seed"] == 3


def test_a_server_that_gives_answers_whole_is_asked_for_no_stream() -> None:
    told = sent(ask("?"), target(stream=False))
    assert told["stream"] is False
    assert "stream_options" not in told


def test_a_resumed_ask_is_the_same_up_to_the_turn_with_what_was_given() -> None:
    first = sent(ask("what?", PICTURE, instructions="short"))["messages"]
    told = sent(ask("what?", PICTURE, instructions="short", given="a dog ", resumes="0"))["messages"]
    assert told == [*first, {"role": "assistant", "content": "a dog "}, {"role": "user", "content": GO_ON}]
    partial = sent(ask("what?", PICTURE, instructions="short", given="a dog "), target(partial=True))["messages"]
    assert partial == [*first, {"role": "assistant", "content": "a dog ", "partial": True}]


def test_the_endpoints_headers_are_sent_and_never_replace_ours() -> None:
    assert headers("k", {"X-Site": "a"}) == headers("k") | {"X-Site": "a"}
    assert headers("k", {"Accept-Encoding": "gzip"})["Accept-Encoding"] == "identity"


def test_no_header_holds_back_a_stream_and_none_claims_a_key_that_is_not_there() -> None:
    assert headers(None)["Accept-Encoding"] == "identity"
    assert "Authorization" not in headers(None)
    assert headers("k")["Authorization"] == "Bearer k"


@pytest.mark.parametrize(
    ("url", "full"),
    [
        ("https://host", "https://host/v1/chat/completions"),
        ("https://host/", "https://host/v1/chat/completions"),
        ("https://host/v1", "https://host/v1/chat/completions"),
        ("https://host/v1/", "https://host/v1/chat/completions"),
        ("https://host/v1/chat/completions", "https://host/v1/chat/completions"),
        ("https://host/v1/chat/completions/", "https://host/v1/chat/completions"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1/chat/completions"),
        ("https://host/compatible-mode/v1", "https://host/compatible-mode/v1/chat/completions"),
        ("https://host/api/paas/v4", "https://host/api/paas/v4/chat/completions"),
    ],
)
def test_a_base_url_and_a_full_one_both_work(url: str, full: str) -> None:
    assert chat_url(url) == full
