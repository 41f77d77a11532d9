"""A question over the API takes what a trigger of the config takes, and is told in one line what it cannot have."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from glassd.api.requests import AskRequest, RequestError, read_json, read_question
from glassd.ask import Link, Origin
from glassd.config.schema import Config
from glassd.config.triggers import NO_FRAMES, ONE_FRAME, Busy, Frames
from glassd.question import check_question

if TYPE_CHECKING:
    from glassd.question import Question

PICTURE = {"data": base64.b64encode(cv2.imencode(".png", np.zeros((20, 20, 3), np.uint8))[1].tobytes()).decode()}
LINK = {"url": "https://host/a.jpg"}


def read(**sent: Any) -> Question:
    return read_question(read_json(json.dumps({"prompt": "?", **sent}).encode(), AskRequest))


def test_a_prompt_alone_is_asked_with_a_fresh_frame_in_its_turn() -> None:
    question = read()
    assert (question.frames, question.busy, question.kind) == (ONE_FRAME, Busy("queue"), None)
    assert (question.endpoint, question.follow_up, question.outbox) == ("", True, False)
    assert question.origin is Origin.API


def test_it_takes_what_a_trigger_takes() -> None:
    question = read(
        frames="3 over 500ms",
        endpoint="local",
        model="vision",
        detail="text",
        busy="queue 2",
        follow_up=False,
        outbox=True,
        origin="cli",
    )
    assert (question.frames, question.busy) == (Frames(3, 0.5), Busy("queue", 2))
    assert (question.endpoint, question.kind, question.detail) == ("local", "vision", "text")
    assert (question.follow_up, question.outbox, question.origin) == (False, True, Origin.CLI)


def test_no_fresh_frame_goes_beside_the_callers_own_pictures_nor_to_a_text_model() -> None:
    assert read(pictures=[PICTURE]).frames == NO_FRAMES
    assert read(pictures=[LINK], frames="none").pictures == (Link(LINK["url"]),)
    assert read(model="text").frames == NO_FRAMES


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (
            {"frames": "many"},
            "frames: expected none, one, or a burst such as 3 over 2s, 8 over 10s at most, got 'many'",
        ),
        ({"frames": "one", "pictures": [LINK]}, "frames: none, for the question brings pictures of its own"),
        ({"model": "text", "pictures": [LINK]}, "model: vision, for a text model sees no pictures"),
        ({"model": "text", "frames": "2 over 1s"}, "model: vision, for a text model sees no pictures"),
        (
            {"busy": "wait"},
            "busy: expected replace, ignore, queue, or queue with a number up to 8, such as queue 3, got 'wait'",
        ),
    ],
)
def test_what_cannot_be_is_told(sent: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError) as refused:
        read(**sent)
    assert str(refused.value) == told


CONFIG: dict[str, Any] = {
    "model": {
        "endpoints": [
            {"url": "https://a.example/v1", "vision": "v", "name": "eyes"},
            {"url": "https://b.example/v1", "text": "t", "name": "words"},
            {"url": "reader", "name": "board"},
        ]
    }
}
TEXT_ALONE = "endpoint: words has a text model alone, which sees no pictures"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"endpoint": "eyes", "pictures": [LINK]}, None),
        ({"endpoint": "board", "pictures": [LINK]}, None),
        ({"endpoint": "words"}, None),  # there is no camera, so no picture goes with it
        ({"endpoint": "words", "pictures": [LINK]}, TEXT_ALONE),
        ({"endpoint": "eye"}, "endpoint: expected the name of an endpoint, got 'eye'; did you mean eyes?"),
        ({"endpoint": "x"}, "endpoint: expected the name of an endpoint, got 'x'; named are: eyes, words, board"),
        ({"outbox": True}, "outbox: the config has no section outbox: in which it could wait"),
    ],
)
def test_what_the_config_does_not_have_is_told(sent: dict[str, Any], told: str | None) -> None:
    assert refusal(sent, CONFIG) == told


def test_a_fresh_frame_is_a_picture_where_there_is_a_camera() -> None:
    camera = {"camera": {"driver": "clip", "options": {}}}
    assert refusal({"endpoint": "words"}, CONFIG | camera) == TEXT_ALONE
    assert refusal({"endpoint": "words", "frames": "none"}, CONFIG | camera) is None
    assert refusal({"outbox": True}, CONFIG | {"outbox": {}}) is None


def refusal(sent: dict[str, Any], config: dict[str, Any]) -> str | None:
    try:
        check_question(read(**sent), Config.model_validate(config))
    except ValueError as error:
        return str(error)
    return None
