"""A request from anybody becomes an ask, or an error that says where it is wrong."""

from __future__ import annotations

import base64
import json
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd.ask import Ask, Link, Origin, Turn
from glassd.gateway import request as gateway_request
from glassd.gateway.errors import GatewayError
from glassd.gateway.request import PARTS_LIMIT, PICTURES_LIMIT, TURNS_LIMIT, Request, read_request
from glassd_drivers.contracts import Frame
from manual import LINK_REQUEST, TEXT_REQUEST

PNG = cv2.imencode(".png", np.full((12, 16, 3), 90, np.uint8))[1].tobytes()
JPEG = cv2.imencode(".jpg", np.full((12, 16, 3), 90, np.uint8))[1].tobytes()
ARRIVAL = 12.5


def read(body: Any) -> Request:
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return read_request(data, "an-id", ARRIVAL)


def data_url(picture: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(picture).decode()}"


def image(url: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def user(*parts: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": list(parts)}


def chat(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": list(messages), **more}


TEXT = {"type": "text", "text": "这是什么"}


def test_the_manuals_text_request() -> None:
    ask = Ask(
        "an-id", "你是谁?", Origin.GATEWAY, ARRIVAL, instructions="You are a helpful assistant.", model="qwen-plus"
    )
    assert read(TEXT_REQUEST.encode()) == Request(ask, stream=False, usage=True)


def test_the_manuals_picture_by_url_stays_a_link() -> None:
    link = Link("https://dashscope.oss-cn-beijing.aliyuncs.com/images/dog_and_girl.jpeg")
    ask = Ask("an-id", "这是什么", Origin.GATEWAY, ARRIVAL, pictures=(link,), model="qwen-vl-plus")
    assert read(LINK_REQUEST.encode()).ask == ask


@pytest.mark.parametrize(("picture", "media_type"), [(PNG, "image/png"), (JPEG, "image/jpeg")])
@pytest.mark.parametrize("said", ["image/png", "image/jpeg", "image/jpg", "IMAGE/PNG"])
def test_a_picture_in_base64_is_what_its_bytes_say(picture: bytes, media_type: str, said: str) -> None:
    (frame,) = read(chat(user(image(data_url(picture, said)), TEXT))).ask.pictures
    assert isinstance(frame, Frame)
    assert (frame.data, frame.media_type, frame.width, frame.height) == (picture, media_type, 16, 12)
    assert (frame.instant, frame.source) == (ARRIVAL, "gateway")


def test_a_conversation_keeps_its_turns() -> None:
    ask = read(
        chat(
            {"role": "system", "content": "短一点"},
            {"role": "developer", "content": [{"type": "text", "text": "中文"}]},
            user(image("https://host/a.jpg"), TEXT),
            {"role": "assistant", "content": "一只狗"},
            {"role": "assistant", "content": None, "tool_calls": []},
            {"role": "user", "content": "什么品种"},
            stream=True,
        )
    ).ask
    assert (ask.instructions, ask.prompt, ask.pictures) == ("短一点\n中文", "什么品种", ())
    earlier = Turn("user", "这是什么", (Link("https://host/a.jpg"),))
    assert ask.turns == (earlier, Turn("assistant", "一只狗"), Turn("assistant", ""))


@pytest.mark.parametrize(
    ("options", "stream", "usage"),
    [
        ({}, False, True),
        ({"stream": True}, True, True),
        ({"stream": None, "stream_options": None, "temperature": 0.1, "seed": 3, "n": 1}, False, True),
        ({"stream": True, "stream_options": {"include_usage": True}}, True, True),
        ({"stream": True, "stream_options": {"include_usage": False}}, True, False),
    ],
)
def test_the_form_of_the_answer(options: dict[str, Any], stream: bool, usage: bool) -> None:
    request = read(chat(user(TEXT), **options))
    assert (request.stream, request.usage) == (stream, usage)


def nested(levels: int) -> dict[str, Any]:
    return {"x": nested(levels - 1)} if levels else {}


OPTIONS: dict[str, Any] = {
    "temperature": 0.2,
    "top_p": 0.8,
    "max_tokens": 50,
    "max_completion_tokens": 60,
    "stop": ["。", "\n"],
    "seed": -7,
    "presence_penalty": 1.5,
    "frequency_penalty": -2,
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
}
OTHERS = {
    "enable_thinking": True,
    "vl_high_resolution_images": True,
    "user": "somebody",
    "logprobs": True,
    "tools": [{"type": "function", "function": {"name": "f"}}],
    "tool_choice": "auto",
    "modalities": ["text"],
    "n": 1,
}


def test_sampling_options_go_on_and_a_vendors_own_fields_do_not() -> None:
    assert read(chat(user(TEXT), **OPTIONS, **OTHERS)).ask.options == OPTIONS
    assert read(chat(user(TEXT), stop="。", response_format={"type": "text"})).ask.options == {
        "stop": "。",
        "response_format": {"type": "text"},
    }


def test_an_option_that_is_null_is_not_there() -> None:
    assert read(chat(user(TEXT), **dict.fromkeys([*OPTIONS, *OTHERS]))).ask.options == {}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("temperature", 2.1, "invalid_value"),
        ("temperature", "warm", "invalid_value"),
        ("top_p", -0.1, "invalid_value"),
        ("max_tokens", 0, "invalid_value"),
        ("max_tokens", 1.5, "invalid_value"),
        ("max_completion_tokens", 10**9, "invalid_value"),
        ("stop", ["x"] * 17, "invalid_value"),
        ("stop", "x" * 300, "invalid_value"),
        ("seed", 2**63, "invalid_value"),
        ("presence_penalty", 3, "invalid_value"),
        ("response_format", {"type": "xml"}, "invalid_value"),
        ("response_format", {"type": "json_schema", "json_schema": {"x": "y" * 70_000}}, "invalid_value"),
        ("response_format", {"type": "json_schema", "json_schema": nested(70)}, "invalid_value"),
        ("n", 0, "unsupported_value"),
        ("n", 2, "unsupported_value"),
        ("tool_choice", "required", "unsupported_value"),
        ("tool_choice", {"type": "function", "function": {"name": "f"}}, "unsupported_value"),
        ("function_call", {"name": "f"}, "unsupported_value"),
        ("modalities", ["text", "audio"], "unsupported_value"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_its_name(field: str, value: Any, code: str) -> None:
    with pytest.raises(GatewayError) as refused:
        read(chat(user(TEXT), **{field: value}))
    assert (refused.value.status, refused.value.code) == (400, code)
    assert (refused.value.param or "").startswith(field)


@pytest.mark.parametrize(
    ("details", "meant"),
    [
        (["high"], "text"),
        (["low", "high"], "text"),
        (["low"], "scene"),
        (["low", "low"], "scene"),
        (["low", None], "auto"),
        (["auto"], "auto"),
        (["original"], "auto"),
        ([None], "auto"),
        ([], "auto"),
    ],
)
def test_a_detail_says_what_the_pictures_are_for(details: list[str | None], meant: str) -> None:
    parts = [
        {"type": "image_url", "image_url": {"url": "https://h/x.jpg", **({"detail": word} if word else {})}}
        for word in details
    ]
    assert read(chat(user(*parts, TEXT))).ask.detail == meant


def test_base64_may_have_line_breaks_and_be_longer_than_a_slice() -> None:
    noise = np.random.default_rng(3).integers(0, 255, (900, 900, 3), np.uint8)
    picture = cv2.imencode(".png", noise)[1].tobytes()
    wrapped = base64.encodebytes(picture).decode().replace("\n", "\r\n")
    for url in (data_url(picture), f"data:image/png;name=a.png;base64,{wrapped}\n"):
        (frame,) = read(chat(user(image(url)))).ask.pictures
        assert isinstance(frame, Frame)
        assert frame.data == picture


def test_padding_in_the_middle_is_no_base64() -> None:
    whole = base64.b64encode(bytes(3 * 2**18)).decode()  # one slice, to the character
    with pytest.raises(GatewayError) as refused:
        read(chat(user(image(f"data:image/png;base64,{whole[:-4]}AA=={whole}"))))
    assert refused.value.code == "invalid_base64"


@pytest.mark.parametrize("mark", ["1,", "[],", '{"type": "text", "text": ""},'])
def test_a_heap_of_small_values_is_refused_before_it_is_decoded(mark: str) -> None:
    with pytest.raises(GatewayError) as refused:
        read(b'{"messages": [' + mark.encode() * 1_000_000)
    assert (refused.value.status, refused.value.code) == (413, "request_too_big")


URL = "messages[0].content[0].image_url.url"
MALFORMED: list[tuple[Any, int, str | None, str | None]] = [
    (b"", 400, "invalid_json", None),
    (b"\xff\xfe{", 400, "invalid_json", None),
    (b'{"model": "m", "messages": [', 400, "invalid_json", None),
    (b'{"model": "\\ud800", "messages": []}', 400, "invalid_json", None),
    (b'{"model": "m", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "invalid_json", None),
    ([], 400, "invalid_value", None),
    ({"messages": [user(TEXT)]}, 400, "invalid_value", None),
    ({"model": "m"}, 400, "invalid_value", None),
    ({"model": "", "messages": [user(TEXT)]}, 400, "invalid_value", "model"),
    ({"model": 7, "messages": [user(TEXT)]}, 400, "invalid_value", "model"),
    (chat(), 400, "invalid_value", "messages"),
    (chat(*[user(TEXT)] * (TURNS_LIMIT + 1)), 400, "invalid_value", "messages"),
    (chat(user(*[TEXT] * (PARTS_LIMIT + 1))), 400, "invalid_value", "messages[0].content"),
    (chat(user(TEXT), stream="yes"), 400, "invalid_value", "stream"),
    (chat({"role": "tool", "content": "x"}), 400, "invalid_value", "messages[0].role"),
    (chat({"role": "user", "content": 5}), 400, "invalid_value", "messages[0].content"),
    (chat(user({"type": "video_url", "video_url": {}})), 400, "invalid_value", "messages[0].content[0].type"),
    (chat(user({"type": "text"})), 400, "invalid_value", "messages[0].content[0]"),
    (chat(user(TEXT), {"role": "assistant", "content": "x"}), 400, None, "messages[1].role"),
    (chat({"role": "system", "content": "x"}), 400, None, "messages[0].role"),
    (chat({"role": "user", "content": "  "}), 400, None, "messages[0].content"),
    (chat({"role": "user", "content": []}), 400, None, "messages[0].content"),
    (chat(user(image("https://h/x"), role="system"), user(TEXT)), 400, None, "messages[0].content[0]"),
    (chat(user(*[image("https://h/x")] * (PICTURES_LIMIT + 1))), 400, None, "messages"),
    (chat(user(image("data:image/png;base64,@@@@"))), 400, "invalid_base64", URL),
    (chat(user(image("data:image/png;base64,图"))), 400, "invalid_base64", URL),
    (chat(user(image("data:image/png;base64,"))), 400, "invalid_image", URL),
    (chat(user(image(data_url(b"no picture at all")))), 400, "invalid_image", URL),
    (chat(user(image(data_url(PNG[:-9])))), 400, "invalid_image", URL),
    (chat(user(image(data_url(JPEG[:-9])))), 400, "invalid_image", URL),
    (chat(user(image(data_url(b"GIF89a", "image/gif")))), 400, "invalid_image_format", URL),
    (chat(user(image(data_url(b"RIFF", "image/webp")))), 400, "invalid_image_format", URL),
    (chat(user(image(data_url(b"BM", "image/bmp")))), 400, "invalid_image_format", URL),
    (chat(user(image(data_url(b"GIF89a")))), 400, "invalid_image", URL),
    (chat(user(image("data:image/png,plain"))), 400, "invalid_image_format", URL),
    (chat(user(image("data:text/html;base64,eA=="))), 400, "invalid_image_format", URL),
    (chat(user(image("file:///etc/passwd"))), 400, "invalid_image_url", URL),
    (chat(user(image("https://"))), 400, "invalid_image_url", URL),
    (chat(user(image("https://[::1/x"))), 400, "invalid_image_url", URL),
    (chat(user(image("https://host/a b"))), 400, "invalid_image_url", URL),
    (chat(user(image("https://host/a\nb"))), 400, "invalid_image_url", URL),
    (chat(user(image("https://host/" + "a" * 5000))), 400, "invalid_image_url", URL),
    (chat(user(image("picture.jpg"))), 400, "invalid_image_url", URL),
]


@pytest.mark.parametrize(("body", "status", "code", "param"), MALFORMED)
def test_what_does_not_fit_is_refused_with_its_place(
    body: Any, status: int, code: str | None, param: str | None
) -> None:
    with pytest.raises(GatewayError) as refused:
        read(body)
    assert (refused.value.status, refused.value.code, refused.value.param) == (status, code, param)
    assert 0 < len(refused.value.message) <= 500


def test_a_picture_past_the_limit_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_request, "PICTURE_LIMIT_BYTES", len(PNG) - 3)
    with pytest.raises(GatewayError) as refused:
        read(chat(user(image(data_url(PNG)))))
    assert (refused.value.status, refused.value.code) == (413, "image_too_large")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ROLES = st.sampled_from(["system", "developer", "user", "assistant", "tool"])
URLS = st.sampled_from([data_url(PNG), data_url(JPEG), data_url(JPEG[:20]), "https://host/x", "data:,", "https://["])
PARTS = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": st.text() | JSON}),
    st.fixed_dictionaries({"type": st.just("image_url"), "image_url": st.fixed_dictionaries({"url": URLS | JSON})}),
    JSON,
)
MESSAGES = st.fixed_dictionaries({"role": ROLES | JSON, "content": st.text() | st.lists(PARTS, max_size=3) | JSON})
CHATS = st.fixed_dictionaries(
    {"model": st.text(max_size=5) | JSON, "messages": st.lists(MESSAGES, max_size=4) | JSON},
    optional={
        "stream": st.booleans() | JSON,
        "stream_options": JSON,
        **{name: st.just(value) | JSON for name, value in (OPTIONS | OTHERS).items()},
    },
)


@given(st.one_of(CHATS.map(json.dumps).map(str.encode), JSON.map(json.dumps).map(str.encode), st.binary(max_size=60)))
def test_any_body_is_an_ask_or_a_declared_error(body: bytes) -> None:
    try:
        request = read(body)
    except GatewayError as error:
        refused = error
    else:
        assert request.ask.model
        assert request.ask.prompt.strip() or request.ask.pictures
        assert len(request.ask.pictures) <= PICTURES_LIMIT
        return
    assert refused.status in {400, 413}
    assert refused.message
