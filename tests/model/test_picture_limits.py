"""What a model takes of a picture, and that it is sent just that."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from asking import ask, client, gather, model, outcome_of, problem_of, sent_to
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from replay import Answer, Replay
from streams import STREAMS

from glassd.answer import AskError, Outcome, OutcomeKind, Problem
from glassd.ask import Link, Origin, Turn
from glassd.config.model import Endpoint, ImageLimits
from glassd.limits import Limits
from glassd.messages.codes import Code
from glassd.model.endpoints import targets
from glassd.model.pictures import Fitting, family_of, limits_of, most_tokens
from glassd.model.request import body
from glassd_drivers.contracts import Frame
from virtual import passes, run

if TYPE_CHECKING:
    from glassd.ask import Ask, Detail, Picture
    from glassd.model.pictures import Develop

GOOD = Answer(STREAMS["manual_streamed"].body)
DASHSCOPE = "https://dashscope.aliyuncs.com/compatible-mode/v1"
FRAME = Frame(b"as the camera made it", "image/jpeg", 1280, 720, 0.0, "camera")
DETAILS: tuple[Detail, ...] = ("scene", "auto", "text")


def tokens(name: str, vendor: str = "", **more: Any) -> list[int]:
    """Return the budgets for a scene, for auto and for text."""
    endpoint = Endpoint(url="https://host/v1", vision=name, **more)
    return [limits_of(endpoint, name, vendor, detail).tokens for detail in DETAILS]


@pytest.mark.parametrize(
    ("name", "patch", "usual"),
    [
        ("qwen-vl-plus", 32, 1280),
        ("qwen-vl-max-latest", 32, 1280),
        ("qwen3-vl-plus", 32, 2560),
        ("Qwen/Qwen3-VL-8B-Instruct", 32, 2560),
        ("qwen3-vl:8b", 32, 2560),
        ("qwen2.5-vl-3b", 28, 1280),
        ("Qwen/Qwen2.5-VL-7B-Instruct-AWQ", 28, 1280),
        ("qwen2.5vl:3b", 28, 1280),
        ("qwen-vl-ocr", 28, 1280),
        ("qvq-max", 28, 1280),
        ("gpt-4o-mini", 28, 1280),
        ("", 28, 1280),
    ],
)
def test_the_family_is_known_by_the_models_name_however_it_is_spelt(name: str, patch: int, usual: int) -> None:
    assert family_of(name)[:2] == (patch, usual)


@pytest.mark.parametrize(
    ("budgets", "wanted"),
    [
        (tokens("qwen-vl-plus", "dashscope"), [512, 1280, 16_384]),
        (tokens("qwen3-vl-plus", "dashscope"), [512, 2560, 16_384]),
        (tokens("qwen3-vl-plus", "dashscope", image_tokens=4000), [512, 4000, 16_384]),
        (tokens("qwen3-vl-plus", "dashscope", image_tokens=300), [300, 300, 16_384]),
        (tokens("qwen-vl-plus", "dashscope", image_tokens=20_000), [512, 16_384, 16_384]),
        (tokens("qwen-vl-plus", "dashscope", fields={"vl_high_resolution_images": False}), [512, 1280, 1280]),
        (tokens("qwen-vl-plus", "dashscope", fields={"vl_high_resolution_images": True}), [512, 16_384, 16_384]),
        (tokens("qwen-vl-plus", "dashscope", picture_fields={"max_pixels": 655_360}), [512, 640, 640]),
        (tokens("qwen-vl-plus", "dashscope", image_limits=ImageLimits(tokens=2000)), [512, 1280, 2000]),
        (tokens("qwen2.5-vl-3b"), [512, 1280, 2560]),
        (tokens("qwen3-vl:8b"), [512, 2560, 2560]),
        (tokens("gpt-4o"), [512, 1280, 2560]),
        (tokens("gpt-4o", image_tokens=6000), [512, 6000, 6000]),
        (tokens("gpt-4o", image_limits=ImageLimits(tokens=800)), [512, 800, 800]),
    ],
)
def test_a_scene_costs_less_auto_the_budget_and_text_all_that_the_endpoint_takes(
    budgets: list[int], wanted: list[int]
) -> None:
    assert budgets == wanted


def test_the_caps_are_the_vendors_unless_the_config_has_others() -> None:
    plain = Endpoint(url="https://host/v1", vision="v")
    assert limits_of(plain, "v", "", "auto") == Limits(28, 1280, size=4_000_000, ratio=200.0, quality=85)
    own = ImageLimits.model_validate({"patch": 14, "pixels": 10**6, "side": 800, "size": "90KB", "ratio": 4.0})
    capped = limits_of(plain.model_copy(update={"image_limits": own}), "v", "", "auto", pictures=3)
    assert capped == Limits(14, 1280, pixels=10**6, side=800, size=30_000, ratio=4.0, quality=85)


@given(
    st.sampled_from(["qwen-vl-plus", "qwen3-vl", "other"]),
    st.sampled_from(["dashscope", ""]),
    st.none() | st.integers(16, 65_536),
    st.none() | st.integers(16, 65_536),
    st.sampled_from([{}, {"vl_high_resolution_images": True}, {"vl_high_resolution_images": False}]),
)
def test_a_scene_never_costs_more_than_auto_nor_auto_more_than_text(
    name: str, vendor: str, budget: int | None, most: int | None, fields: dict[str, Any]
) -> None:
    more: dict[str, Any] = {"image_tokens": budget, "image_limits": ImageLimits(tokens=most), "fields": fields}
    scene, auto, text = tokens(name, vendor, **more)
    assert 0 < scene <= auto <= text == most_tokens(Endpoint(url="https://host/v1", vision=name, **more), name, vendor)


# -- what the server is told -------------------------------------------------------------------------------------------


def told(detail: Detail, url: str = DASHSCOPE, vision: str = "qwen-vl-plus", **more: Any) -> dict[str, Any]:
    what = ask("?", FRAME, detail=detail)
    decoded: dict[str, Any] = json.loads(
        b"".join(body(what, targets([Endpoint(url=url, vision=vision, **more)], what)[0]))
    )
    return decoded


def test_dashscope_is_told_to_look_at_all_of_a_larger_picture_and_nobody_else_is() -> None:
    assert told("text")["vl_high_resolution_images"] is True
    assert told("auto", image_tokens=4000)["vl_high_resolution_images"] is True
    assert "vl_high_resolution_images" not in told("auto") | told("scene")
    assert "vl_high_resolution_images" not in told("text", "https://host/v1") | told("text", vision="other-model")
    assert told("text", fields={"vl_high_resolution_images": False})["vl_high_resolution_images"] is False
    assert "vl_high_resolution_images" not in told("text", picture_fields={"max_pixels": 10**6})


def test_an_ask_without_a_picture_is_told_nothing_of_pictures() -> None:
    what = ask("?", detail="text")
    target = targets([Endpoint(url=DASHSCOPE, vision="qwen-vl-plus")], what)[0]
    assert "vl_high_resolution_images" not in json.loads(b"".join(body(what, target)))


# -- the pictures of one ask -------------------------------------------------------------------------------------------


class Developer:
    """Develops by writing the limits down; what the darkroom does is tests/frames' affair."""

    def __init__(self, refuses: int | None = None, takes_s: float = 0.0) -> None:
        self.limits: list[Limits | None] = []
        self._refuses = refuses
        self._takes_s = takes_s

    async def __call__(self, frame: Frame, limits: Limits | None) -> Frame:
        await passes(self._takes_s)
        self.limits.append(limits)
        if limits is not None and limits.tokens == self._refuses:
            raise AskError(Problem(Code.PICTURE_SHAPE, "too narrow"))
        return Frame(repr(limits).encode(), "image/jpeg", 1, 1, frame.instant, frame.source)


def picture_of(request: Any) -> bytes:
    url = json.loads(request.body)["messages"][-1]["content"][0]["image_url"]["url"]
    return base64.b64decode(url.partition("base64,")[2])


def test_each_endpoint_gets_the_picture_that_its_own_limits_make() -> None:
    async def main() -> None:
        develop = Developer()
        busy = Answer(b"{}", status=400, content_type="application/json")
        async with Replay(busy) as first, Replay(busy) as second, Replay(GOOD) as third:
            endpoints: list[dict[str, Any] | str] = [
                {"url": first.url, "vision": "a"},
                {"url": second.url, "vision": "b"},
                {"url": third.url, "vision": "c", "image_tokens": 100},
            ]
            async with client(model(*endpoints), develop=develop) as opened:
                await gather(opened, ask("?", FRAME))
            wanted = [Limits(28, 1280, size=4_000_000), Limits(28, 100, size=4_000_000)]
            assert develop.limits == wanted, "what two of them want alike is done once"
            sent = [picture_of(server.requests[0]) for server in (first, second, third)]
            assert sent == [repr(limits).encode() for limits in (wanted[0], wanted[0], wanted[1])]

    run(main())


def test_an_apps_pictures_are_all_developed_whichever_turn_they_are_of_and_links_stay_links() -> None:
    async def main() -> None:
        develop = Developer()
        link = Link("https://host/a.jpg")
        turns = (Turn("user", "what?", (link, FRAME)),)
        async with Replay(GOOD) as server, client(model(server.url), develop=develop) as opened:
            asked = ask("?", FRAME, link, turns=turns, detail="scene")
            await gather(opened, replace(asked, origin=Origin.GATEWAY))
            content = [message["content"] for message in json.loads(server.requests[0].body)["messages"]]
        urls = [part["image_url"]["url"] for parts in content for part in parts if part["type"] == "image_url"]
        assert [url.startswith("data:") for url in urls] == [False, True, True, False]
        assert urls[0] == urls[3] == link.url
        (limits,) = develop.limits
        assert limits == Limits(32, 512, size=2_000_000, quality=75), "two pictures share the bytes of a request"

    run(main())


# -- pictures of earlier turns ----------------------------------------------------------------------------------------


def picture(name: str, tokens: int = 1000, size: int = 1000) -> Frame:
    """Return a picture that costs so many tokens at 28 px a patch, and so many bytes."""
    return Frame(name.encode().ljust(size, b"."), "image/jpeg", 28 * (tokens - 2), 28, 0.0, "camera")


async def as_it_is(frame: Frame, limits: Limits | None) -> Frame:  # noqa: ARG001  a Develop
    return frame


def going(of: Ask, develop: Develop = as_it_is, **endpoint: Any) -> list[str]:
    """Return the names of the pictures that go to an endpoint, in the order of the turns, the question's own last."""

    async def main() -> Ask:
        (target,) = targets([Endpoint(url="https://host/v1", vision="anything", text="t", **endpoint)], of)
        return await Fitting(of, develop).for_target(target)

    sent = asyncio.run(main())
    assert [turn.text for turn in sent.turns] == [turn.text for turn in of.turns], "the words always go"
    pictures = [*(picture for turn in sent.turns for picture in turn.pictures), *sent.pictures]
    return [each.url if isinstance(each, Link) else each.data.decode().strip(".") for each in pictures]


def follow_up(*earlier: Picture, own: tuple[Picture, ...] = (), **more: Any) -> Ask:
    turns = [turn for each in earlier for turn in (Turn("user", "what?", (each,)), Turn("assistant", "a thing"))]
    return ask("and now?", *own, turns=tuple(turns), **more)


def test_earlier_pictures_go_along_as_long_as_all_stay_within_the_tokens_of_the_endpoint_newest_first() -> None:
    first, second, third = picture("first"), picture("second"), picture("third")
    assert going(follow_up(first, second, own=(third,))) == ["second", "third"], "2560 tokens is the most here"
    assert going(follow_up(first, second, own=(third,)), image_limits=ImageLimits(tokens=3000)) == [
        *("first", "second", "third")
    ]
    assert going(follow_up(first, second, own=(third,)), image_limits=ImageLimits(tokens=1999)) == ["third"]
    assert going(follow_up(first, second)) == ["first", "second"]


def test_one_that_is_too_large_leaves_its_room_to_the_one_before_it() -> None:
    assert going(follow_up(picture("small", 500), picture("large", 2000), own=(picture("own"),))) == ["small", "own"]


def test_earlier_pictures_stay_within_the_bytes_of_a_request() -> None:
    first, second, own = (picture(name, 100, 2_000) for name in ("first", "second", "own"))
    asked = follow_up(first, second, own=(own,))
    assert going(asked, image_limits=ImageLimits.model_construct(size=5_999)) == ["second", "own"]
    assert going(asked, image_limits=ImageLimits.model_construct(size=6_000)) == ["first", "second", "own"]


def test_the_questions_own_picture_has_all_the_bytes_whatever_came_before() -> None:
    develop = Developer()
    going(follow_up(FRAME, own=(picture("own"),)), develop)
    assert {limits.size for limits in develop.limits if limits} == {4_000_000}


def test_an_earlier_picture_that_the_endpoint_cannot_take_is_left_out_and_the_ask_goes() -> None:
    async def refusing(frame: Frame, limits: Limits | None) -> Frame:  # noqa: ARG001  a Develop
        if frame.data.startswith(b"narrow"):
            raise AskError(Problem(Code.PICTURE_SHAPE, "too narrow"))
        return frame

    assert going(follow_up(picture("narrow"), own=(picture("own"),)), refusing) == ["own"]


def test_a_text_model_gets_no_earlier_picture_and_the_reader_gets_all() -> None:
    many = [picture(str(number), 5000) for number in range(3)]
    assert going(follow_up(*many, kind="text")) == []

    async def main() -> Ask:
        (reader,) = targets([Endpoint(url="reader")], follow_up(*many))
        return await Fitting(follow_up(*many), as_it_is).for_target(reader)

    assert [turn.pictures for turn in asyncio.run(main()).turns if turn.role == "user"] == [(each,) for each in many]


def test_the_reader_gets_the_whole_picture() -> None:
    async def main() -> None:
        develop = Developer()
        what = ask("?", FRAME)
        fitting = Fitting(what, develop)
        (reader,) = targets([Endpoint(url="reader")], what)
        sent = await fitting.for_target(reader)
        assert develop.limits == [None]
        assert sent.pictures != what.pictures

    run(main())


def test_a_picture_that_one_endpoint_cannot_take_goes_to_the_next() -> None:
    async def main() -> None:
        async with Replay(GOOD) as server:
            endpoints: list[dict[str, Any] | str] = [
                {"url": "http://127.0.0.1:1", "vision": "a", "image_tokens": 50},
                {"url": server.url, "vision": "b"},
            ]
            async with client(model(*endpoints), develop=Developer(refuses=50)) as opened:
                events = await gather(opened, ask("?", FRAME))
            assert sent_to(events) == [server.url]
            assert isinstance(events[-1], Outcome)
            assert events[-1].kind is OutcomeKind.FINISHED

    run(main())


def test_a_picture_that_nobody_can_take_ends_the_ask_with_its_reason_and_nothing_is_sent() -> None:
    async def main() -> None:
        async with Replay(GOOD) as server:
            outcome = await outcome_of(model(server.url), ask("?", FRAME), develop=Developer(refuses=1280))
            assert problem_of(outcome).code is Code.PICTURE_SHAPE
            assert server.requests == []

    run(main())


def test_the_time_that_a_picture_takes_is_part_of_the_whole() -> None:
    async def main() -> None:
        async with Replay(GOOD) as server:
            slow = Developer(takes_s=99.0)
            of = model(server.url, server.url, whole=10.0)
            start = asyncio.get_running_loop().time()
            outcome = await outcome_of(of, ask("?", FRAME), develop=slow)
            assert asyncio.get_running_loop().time() - start == pytest.approx(10.0)
            assert problem_of(outcome).code is Code.WHOLE_TIMEOUT
            assert server.requests == []

    run(main())
